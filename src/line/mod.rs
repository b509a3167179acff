//! Owns the transports for calls besides the built-in desk: a broker (MQTT 5), the escalation list (HTTPS), and the contact
//! of the clinic's own nurse call. Each runs on its own threads, so that one that is down delays no other. Does not own the
//! call, whose rules are the room's, nor any page.

pub mod broker;
pub mod client;
pub mod contact;
pub mod endpoint;
pub mod fleet;
mod log_throttle;
pub mod message;
pub mod mqtt;
mod numbering;
pub mod order;
mod quick_ack;
pub mod room_end;
mod sequence;
mod takeover;
pub mod tls;
pub mod view;
pub mod webhook;

use std::collections::VecDeque;

/// Heartbeat interval of rooms and desks, in milliseconds.
pub const BEAT_INTERVAL_MS: u64 = 2_000;
/// Time after which a silent peer counts as lost, in milliseconds: five heartbeats.
pub const SILENT_AFTER_MS: u64 = 10_000;

/// A message on its way to a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The topic.
    pub topic: String,
    /// The message.
    pub payload: Vec<u8>,
    /// Whether the broker retains it for later subscribers.
    pub retain: bool,
    /// Identifies its acknowledgement.
    pub receipt: u64,
}

/// Appends to a list of at most `max` elements, dropping the oldest.
fn push_bounded<T>(list: &mut VecDeque<T>, element: T, max: usize) {
    if list.len() >= max {
        list.pop_front();
    }
    list.push_back(element);
}
