//! Owns what a client needs to know to sign in at a broker. Does not own connections.

use crate::vocabulary::access::BrokerAccess;

/// A broker and the name under which to sign in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// How to connect to it. The password file is read for every connection.
    pub access: BrokerAccess,
    /// The beginning of the client id. The rest is random: a broker lets any client with the same id take the session over,
    /// so nobody may guess it.
    pub client_prefix: String,
}
