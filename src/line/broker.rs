//! Owns how a broker is named and how it knows us. Does not own connections.

use std::fmt;
use std::path::PathBuf;

/// Where the broker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerUrl {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether over TLS.
    pub tls: bool,
}

impl BrokerUrl {
    /// Reads `mqtt://host`, `mqtts://host` (over TLS), each with `:port` if it is not 1883 or 8883.
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

    /// Whether what is said there stays between the two ends: over TLS, or on this machine.
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

/// A broker, and how it knows us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Where it is.
    pub url: BrokerUrl,
    /// The user's name, if it asks for one.
    pub username: Option<String>,
    /// The file whose first line is the password. It is read at every connection.
    pub password_file: Option<PathBuf>,
    /// The authority to trust, in PEM; the system's own without it.
    pub ca_file: Option<PathBuf>,
    /// By which name the broker knows this connection; no two may have the same.
    pub client_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_named_by_an_address() {
        let url = |host: &str, port, tls| Some(BrokerUrl { host: host.into(), port, tls });
        assert_eq!(BrokerUrl::parse("mqtt://broker.clinic.lan"), url("broker.clinic.lan", 1883, false));
        assert_eq!(BrokerUrl::parse("mqtts://10.0.0.4"), url("10.0.0.4", 8883, true));
        assert_eq!(BrokerUrl::parse("mqtts://[fd00::4]:1234/"), url("fd00::4", 1234, true));
        for wrong in ["broker", "mqtt://", "mqtt://a:0", "mqtt://a:x", "http://a", "mqtt://a b", "mqtt://u:p@a", ""] {
            assert_eq!(BrokerUrl::parse(wrong), None, "{wrong}");
        }
        assert!(BrokerUrl::parse("mqtt://127.0.0.1").unwrap().is_private());
        assert!(!BrokerUrl::parse("mqtt://10.0.0.4").unwrap().is_private());
        assert_eq!(BrokerUrl::parse("mqtts://a").unwrap().to_string(), "mqtts://a:8883");
    }
}
