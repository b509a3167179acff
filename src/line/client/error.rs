//! Owns why a broker is not reached, and what that says about the end of a connection.

use std::path::PathBuf;

use rumqttc::{ConnectionError, DisconnectReasonCode, PubAckReason, StateError};

use crate::line::takeover::DisconnectCause;
use crate::line::tls::TlsError;

/// Why a broker is not reached.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The password's file cannot be read.
    #[error("{path}: {source}; password_file must be readable by the program", path = path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The connection failed, or the broker refused it.
    #[error("{0}")]
    Connection(Box<ConnectionError>),
    /// The broker rejected the subscriptions.
    #[error("the broker does not let this user subscribe below stillroom/; see its access list")]
    SubscriptionRejected,
    /// The broker rejects what this end publishes.
    #[error("the broker does not let this user publish on {topic} ({reason:?}); see its access list")]
    PublicationRejected {
        /// The topic.
        topic: String,
        /// The broker's reason.
        reason: PubAckReason,
    },
    /// Another client took the session over.
    #[error("another client took over this one's session at the broker; make sure that no two have the same user")]
    TakenOver,
    /// The broker acknowledges nothing.
    #[error("the broker acknowledges nothing")]
    AcknowledgeTimeout,
    /// A client id needs random numbers.
    #[error("the system gives no random numbers: {0}")]
    Randomness(getrandom::Error),
    /// The MQTT library's event loop ended.
    #[error("the connection ended")]
    Ended,
    /// The client's own thread panicked.
    #[error("the program itself failed; its log says more")]
    Panicked,
}

impl From<ConnectionError> for BrokerError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only one error of the client has a meaning of its own")]
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::MqttState(StateError::ServerDisconnect {
                reason_code: DisconnectReasonCode::SessionTakenOver,
                ..
            }) => Self::TakenOver,
            error => Self::Connection(Box::new(error)),
        }
    }
}

impl BrokerError {
    /// Why a connection ended with this error.
    pub(super) fn disconnect_cause(&self) -> DisconnectCause {
        match self {
            Self::TakenOver => DisconnectCause::TakenOver,
            Self::Connection(_) => DisconnectCause::ClosedByBroker,
            Self::PasswordFile { .. }
            | Self::Tls(_)
            | Self::SubscriptionRejected
            | Self::PublicationRejected { .. }
            | Self::AcknowledgeTimeout
            | Self::Randomness(_)
            | Self::Ended
            | Self::Panicked => DisconnectCause::GivenUp,
        }
    }
}
