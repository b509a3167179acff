//! Owns the options for an MQTT connection: client id, will, TLS and credentials. Does not own the decision of when to
//! connect.

use std::path::PathBuf;

use rumqttc::{LastWill, MqttOptions, NetworkOptions, QoS, Transport};

use super::{BrokerError, CONNECT_TIMEOUT, KEEP_ALIVE_S};
use crate::line::Publication;
use crate::line::broker::Broker;
use crate::line::message::MESSAGE_BYTES_MAX;
use crate::line::quick_ack::QuickAckStream;
use crate::line::tls;

/// Maximum length of a password file, in bytes.
const PASSWORD_BYTES_MAX: u64 = 1_024;

/// Returns the options for the next connection. Reuses `client_id` if there is one, and otherwise sets it to a new
/// random id.
pub(super) fn options(
    broker: &Broker,
    client_id: &mut Option<String>,
    will: Option<Publication>,
) -> Result<MqttOptions, BrokerError> {
    let client_id = match client_id {
        Some(client_id) => client_id,
        none => none.insert(random_client_id(&broker.client_prefix)?),
    };
    let mut options = MqttOptions::new(client_id.clone(), (broker.access.url.host.clone(), broker.access.url.port));
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(CONNECT_TIMEOUT.as_secs().max(1));
    options.set_network_options(network).set_socket_connector(QuickAckStream::connect);
    options.set_keep_alive(KEEP_ALIVE_S).set_clean_start(true).set_connect_timeout(CONNECT_TIMEOUT);
    options.set_max_packet_size(u32::try_from(MESSAGE_BYTES_MAX + 1_024).ok());
    if broker.access.url.tls {
        let config = tls::client_config(broker.access.ca_file.as_deref())?;
        options.set_transport(Transport::tls_with_config(rumqttc::TlsConfiguration::Rustls(config)));
    }
    if let Some(username) = &broker.access.username {
        match &broker.access.password_file {
            Some(path) => options.set_credentials(username.clone(), password(path)?),
            None => options.set_username(username.clone()),
        };
    }
    if let Some(will) = will {
        options.set_last_will(LastWill::new(will.topic, will.payload, QoS::AtLeastOnce, will.retain, None));
    }
    Ok(options)
}

/// Returns a client id that nobody can guess. Another client that knew the id could take over the session.
fn random_client_id(prefix: &str) -> Result<String, BrokerError> {
    getrandom::u64().map(|random| format!("{prefix}-{random:016x}")).map_err(BrokerError::Randomness)
}

fn password(path: &PathBuf) -> Result<String, BrokerError> {
    use std::io::Read;
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(PASSWORD_BYTES_MAX + 1).read_to_string(&mut text));
    let read = read.and_then(|bytes| match bytes as u64 {
        0..=PASSWORD_BYTES_MAX => Ok(()),
        _ => Err(std::io::Error::other(format!("longer than {PASSWORD_BYTES_MAX} bytes"))),
    });
    read.map_err(|source| BrokerError::PasswordFile { path: path.clone(), source })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_that_is_too_long_is_rejected_and_not_truncated() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let most = usize::try_from(PASSWORD_BYTES_MAX).unwrap();
        std::fs::write(&file, "p".repeat(most)).unwrap();
        assert_eq!(password(&file).unwrap().len(), most);
        std::fs::write(&file, "p".repeat(most + 1)).unwrap();
        assert!(password(&file).unwrap_err().to_string().contains("longer than"));
    }
}
