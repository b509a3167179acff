//! Owns the records that the room's end keeps about each desk and about a new call. Does not own the conclusions drawn
//! from them.

use ulid::Ulid;

use crate::line::sequence::SequenceTracker;

/// A call that is sent even before [`super::RoomReport::call`] contains it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlacedCall {
    pub(super) id: Ulid,
    pub(super) is_practice: bool,
    pub(super) presses: u32,
    pub(super) at_ms: u64,
}

/// A desk from which the room has received a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeskRecord {
    pub(super) connection: u32,
    /// The sequence numbers of all messages from the desk.
    pub(super) messages: SequenceTracker,
    /// The sequence numbers of the desk's states toward this room; `None` before the first state. They are tracked
    /// separately, because a state still counts after a heartbeat on another topic has overtaken it.
    pub(super) states: Option<SequenceTracker>,
    pub(super) can_receive: bool,
    pub(super) heard_at_ms: u64,
    /// Time until which the desk counts as not showing this room, in milliseconds; 0 if the desk shows the room.
    pub(super) hides_until_ms: u64,
}
