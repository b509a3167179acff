//! Owns why a broker is not reached, and how a connection came to its end by that.

use std::path::PathBuf;

use rumqttc::{ConnectionError, DisconnectReasonCode, PubAckReason, StateError};

use crate::line::fight::Loss;
use crate::line::tls::TlsError;

/// Why a broker is not reached.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The password's file cannot be read.
    #[error("{path}: {source}; password_file must be readable by the program", path = path.display())]
    PasswordFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The broker does not answer, or does not want us.
    #[error("{0}")]
    Connection(Box<ConnectionError>),
    /// It does not let us listen.
    #[error("the broker does not let this user listen on stillroom/#; see its access list")]
    NotAllowedToListen,
    /// It takes nothing that we say.
    #[error("the broker takes nothing from this user on {topic} ({reason:?}); see its access list")]
    NotAllowedToSpeak {
        /// Where it was to be said.
        topic: String,
        /// What the broker says.
        reason: PubAckReason,
    },
    /// The broker gave our place to another.
    #[error("another client took this one's place at the broker; see that no two have the same user")]
    Taken,
    /// It acknowledges nothing.
    #[error("the broker acknowledges nothing")]
    Silent,
    /// No name for the connection can be made.
    #[error("the system gives no random numbers: {0}")]
    NoChance(getrandom::Error),
    /// The client ended.
    #[error("the connection ended")]
    Ended,
    /// The line's own thread failed.
    #[error("the program itself failed at it; its log says more")]
    Fault,
}

impl From<ConnectionError> for LinkError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::MqttState(StateError::ServerDisconnect {
                reason_code: DisconnectReasonCode::SessionTakenOver,
                ..
            }) => Self::Taken,
            error => Self::Connection(Box::new(error)),
        }
    }
}

impl LinkError {
    /// How a connection came to its end by this.
    pub(super) fn loss(&self) -> Loss {
        match self {
            Self::Taken => Loss::Taken,
            Self::Connection(_) => Loss::Closed,
            _ => Loss::GivenUp,
        }
    }
}
