//! Owns how a broker is named and how it knows us. Does not own connections.

use std::path::PathBuf;

pub use crate::config::BrokerUrl;

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
    /// What the name begins with by which the broker knows this connection. The rest is left to chance: a broker gives
    /// the place of a client to whoever comes with its name, so that nobody may guess it.
    pub client_prefix: String,
}
