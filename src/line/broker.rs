//! Owns the address of a broker and the credentials for it. Does not own connections.

use std::path::PathBuf;

pub use crate::config::BrokerUrl;

/// A broker and how to sign in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its address.
    pub url: BrokerUrl,
    /// The user name, if it requires one.
    pub username: Option<String>,
    /// The file whose first line is the password. It is read for every connection.
    pub password_file: Option<PathBuf>,
    /// The certificate authority to trust, in PEM; `None` for the system's.
    pub ca_file: Option<PathBuf>,
    /// The beginning of the client id. The rest is random: a broker lets any client with the same id take the session over,
    /// so nobody may guess it.
    pub client_prefix: String,
}
