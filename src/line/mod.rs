//! Owns the call transports other than the built-in desk: a broker (MQTT 5), the escalation list (HTTPS), and the relay
//! contact of the clinic's own nurse call. Each has its own threads, so that a failing transport does not delay the
//! others. The broker transport includes both of its ends: a room's end, and the end of a desk that serves several
//! rooms. The module also owns the data that every desk's pages exchange with a room, with or without a broker
//! ([`order`], [`view`], [`message::CallState`]). Does not own the rules for calls, which belong to the room, or the
//! desk's pages.

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

/// Interval between two heartbeats of a room or a desk, in milliseconds.
pub const BEAT_INTERVAL_MS: u64 = 2_000;
/// Time without a message after which a room or desk counts as lost, in milliseconds. It equals five heartbeat
/// intervals.
pub const SILENT_AFTER_MS: u64 = 10_000;

/// A message for the broker to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The MQTT topic to publish on.
    pub topic: String,
    /// The content, at most [`message::MESSAGE_BYTES_MAX`] bytes.
    pub payload: Vec<u8>,
    /// Whether the broker stores the message for clients that subscribe later.
    pub retain: bool,
    /// Identifies the message when the broker acknowledges it ([`endpoint::Endpoint::on_acknowledged`]).
    pub receipt: u64,
}

/// Appends `element` to `list`. If the list already has `max` elements, the oldest is dropped first.
fn push_bounded<T>(list: &mut VecDeque<T>, element: T, max: usize) {
    if list.len() >= max {
        list.pop_front();
    }
    list.push_back(element);
}
