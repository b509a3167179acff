//! Owns the reasons why a desk cannot open, has stopped serving or cannot sign anybody in, in words for the clinic's
//! staff.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The reason why a desk cannot open, has stopped serving or cannot sign anybody in.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The desk has no password, and without one it may listen only on a loopback address.
    #[error(
        "the desk is to listen on {listen}, beyond this tablet, but no desk password is set; run `stillroom desk \
         set-password`, or set listen = \"127.0.0.1:{port}\" under [desk] in kiosk.toml", port = listen.port()
    )]
    NoPassword {
        /// The address on which the desk was to listen.
        listen: SocketAddr,
    },
    /// A password was set, but its file cannot be read.
    #[error("the desk's stored password cannot be read; run `stillroom desk set-password` to set a new one")]
    PasswordUnreadable,
    /// Another program uses the port.
    #[error(
        "the desk cannot listen on {listen}: another program already does; stop it, or set another port with listen \
         = \"{next}\" under [desk] in kiosk.toml",
        next = SocketAddr::new(listen.ip(), listen.port().wrapping_add(1).max(1024))
    )]
    PortInUse {
        /// The address on which the desk was to listen.
        listen: SocketAddr,
    },
    /// The address cannot be bound.
    #[error(
        "the desk cannot listen on {listen}: {source}; set listen under [desk] in kiosk.toml to an address of this tablet"
    )]
    Listen {
        /// The address on which the desk was to listen.
        listen: SocketAddr,
        /// The operating system's error.
        source: io::Error,
    },
    /// A file of the desk cannot be read or written.
    #[error("{path}: {source}; the desk needs this file in the state directory, readable and writable by the program", path = path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// A certificate cannot be issued or used.
    #[error("{what}: {why}; see tls, tls_cert and tls_key under [desk] in kiosk.toml")]
    Certificate {
        /// The path of the certificate or the key.
        what: String,
        /// What is wrong with the certificate or the key.
        why: String,
    },
    /// The operating system supplies no random numbers.
    #[error("the system provides no random numbers, without which nobody can sign in safely: {0}")]
    Randomness(String),
    /// The server failed while it was running.
    #[error("the desk stopped serving: {0}; it opens again when the program is restarted")]
    Served(io::Error),
}
