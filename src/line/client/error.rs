//! Owns the reasons why a broker cannot be used, and the cause of disconnection that each implies.

use std::path::PathBuf;

use rumqttc::{ConnectionError, DisconnectReasonCode, PubAckReason, StateError};

use crate::line::takeover::DisconnectCause;
use crate::line::tls::TlsError;

/// The reason why a connection to the broker failed or ended.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The password file cannot be read, or is too long.
    #[error("{path}: {source}; password_file must be readable by the program", path = path.display())]
    PasswordFile {
        /// The configured `password_file`.
        path: PathBuf,
        /// The error from reading the file. If the file is too long, the error says so.
        source: std::io::Error,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The connection could not be established, or was lost.
    #[error("{0}")]
    Connection(Box<ConnectionError>),
    /// The broker rejected the subscriptions.
    #[error("the broker does not let this user subscribe below stillroom/; see its access list")]
    SubscriptionRejected,
    /// The broker rejected a message, and the connection is useless without it.
    #[error("the broker does not let this user publish on {topic} ({reason:?}); see its access list")]
    PublicationRejected {
        /// The topic on which this client may not publish.
        topic: String,
        /// The broker's reason code.
        reason: PubAckReason,
    },
    /// Another client took over this client's session.
    #[error("another client took over this one's session at the broker; make sure that no two have the same user")]
    TakenOver,
    /// The broker did not acknowledge a message within the time limit.
    #[error("the broker acknowledges nothing")]
    AcknowledgeTimeout,
    /// The operating system provided no random number for the client id.
    #[error("the system provides no random numbers: {0}")]
    Randomness(getrandom::Error),
    /// The MQTT library's event loop ended without a reason.
    #[error("the connection ended")]
    Ended,
    /// The client panicked and has restarted.
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
    /// Returns the cause of disconnection that this error implies.
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
