//! Owns what the room's end remembers about a call that it sends and about each desk. Does not own what follows from it.

use ulid::Ulid;

use crate::line::sequence::SequenceTracker;

/// A call that is sent before the room's own report has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlacedCall {
    pub(super) id: Ulid,
    pub(super) is_practice: bool,
    pub(super) presses: u32,
    pub(super) at_ms: u64,
}

/// A desk.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeskRecord {
    pub(super) connection: u32,
    /// The sequence numbers of all its messages.
    pub(super) messages: SequenceTracker,
    /// The sequence numbers of its states toward this room. Separate, since a heartbeat on another topic may overtake a
    /// state, which still counts.
    pub(super) states: Option<SequenceTracker>,
    pub(super) can_receive: bool,
    pub(super) heard_at_ms: u64,
    /// The time until which it counts as not showing this room, in milliseconds; 0 if it shows it.
    pub(super) hides_until_ms: u64,
}
