//! Owns the values that say how to reach a broker and where a TLS certificate comes from. Does not own the settings
//! files that they are read from, or the connections.

use std::fmt;
use std::path::PathBuf;

/// How to connect to a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerAccess {
    /// The broker's address.
    pub url: BrokerUrl,
    /// The user name; `None` if the broker does not ask for one.
    pub username: Option<String>,
    /// The file whose first line is the password; `None` if the broker does not ask for one.
    pub password_file: Option<PathBuf>,
    /// A PEM file with the certificate authorities to trust; `None` trusts those of the system.
    pub ca_file: Option<PathBuf>,
}

/// A broker's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerUrl {
    /// Host name or IP address. An IPv6 address is stored without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether to connect over TLS.
    pub tls: bool,
}

impl BrokerUrl {
    /// Parses `mqtt://host` or `mqtts://host` (TLS). The port defaults to 1883, or to 8883 with TLS. Returns `None` for
    /// anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (tls, rest) = match text.strip_prefix("mqtts://") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("mqtt://")?),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(host, rest)| (host, rest.strip_prefix(':')))?,
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port > 0)?,
            None => 1883 + if tls { 7_000 } else { 0 },
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        let is_host = !host.is_empty() && host.len() <= 253 && host.chars().all(plain);
        is_host.then(|| Self { host: host.to_owned(), port, tls })
    }

    /// Whether nobody else can read what is sent to the broker, because the connection uses TLS or stays on this
    /// machine.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.tls || matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1")
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", if self.tls { "mqtts" } else { "mqtt" }, self.host, self.port)
    }
}

/// Where the TLS certificate of a desk comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CertificateSource {
    /// A certificate issued by the program's own certificate authority, stored and renewed in the state directory.
    #[default]
    Auto,
    /// The clinic's own files, in PEM.
    Files {
        /// The certificate and its chain.
        cert: PathBuf,
        /// The private key of the certificate.
        key: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_address_is_parsed() {
        let url = |host: &str, port, tls| Some(BrokerUrl { host: host.into(), port, tls });
        assert_eq!(BrokerUrl::parse("mqtt://broker.clinic.lan"), url("broker.clinic.lan", 1883, false));
        assert_eq!(BrokerUrl::parse("mqtts://10.0.0.4"), url("10.0.0.4", 8883, true));
        assert_eq!(BrokerUrl::parse("mqtts://[fd00::4]:1234/"), url("fd00::4", 1234, true));
        for wrong in ["broker", "mqtt://", "mqtt://a:0", "mqtt://a:x", "http://a", "mqtt://a b", "mqtt://u:p@a", ""] {
            assert_eq!(BrokerUrl::parse(wrong), None, "{wrong}");
        }
        assert!(BrokerUrl::parse("mqtt://127.0.0.1").is_some_and(|url| url.is_private()));
        assert!(BrokerUrl::parse("mqtt://10.0.0.4").is_some_and(|url| !url.is_private()));
        assert_eq!(BrokerUrl::parse("mqtts://a").unwrap().to_string(), "mqtts://a:8883");
    }
}
