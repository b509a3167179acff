//! Owns the lines by which a call leaves the room beside the desk that is built in: a broker (MQTT 5), the escalation
//! list (HTTPS), and the clinic's own nurse call (a contact or a command). Each goes by threads of its own, so that one
//! that is down slows no other. Does not own the call, whose rules are the room's, nor any page.

pub mod broker;
pub mod contact;
mod fight;
pub mod fleet;
pub mod link;
pub mod message;
pub mod mqtt;
pub mod order;
mod prompt;
mod rarely;
pub mod room_end;
mod sequence;
pub mod tls;
pub mod view;
pub mod webhook;

/// A room and a desk say that they are there so often, in milliseconds.
pub const BEAT_EVERY_MS: u64 = 2_000;
/// Whoever has been silent for so long is lost, in milliseconds.
pub const SILENT_AFTER_MS: u64 = 10_000;

/// A message on its way to a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Where it is said.
    pub topic: String,
    /// What is said.
    pub payload: Vec<u8>,
    /// Whether the broker keeps it for those who join later.
    pub retain: bool,
    /// By which its acknowledgement is known.
    pub receipt: u64,
}
