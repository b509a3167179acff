//! Owns the settings with which a client signs in to a broker. Does not own connections.

use crate::vocabulary::access::BrokerAccess;

/// The settings with which one client connects to a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// The broker's address and credentials. The password file is read again for each connection.
    pub access: BrokerAccess,
    /// The first part of the MQTT client id. The rest of the id is random, because a client that knew the whole id
    /// could take over the session.
    pub client_prefix: String,
}
