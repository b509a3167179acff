//! Owns what the room's end remembers: a call that is out, a desk, the newest of many things. Does not own what follows from it.

use std::collections::VecDeque;

use ulid::Ulid;

use crate::line::sequence::Sequence;

#[derive(Clone, Copy, Debug)]
pub(super) struct Offered {
    pub(super) id: Ulid,
    pub(super) practice: bool,
    pub(super) presses: u32,
    pub(super) at_ms: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Desk {
    pub(super) link: u32,
    /// All that it says, on whichever topic.
    pub(super) words: Sequence,
    /// What it says to this room; it may be overtaken by a beat, and counts all the same.
    pub(super) stances: Option<Sequence>,
    pub(super) receives: bool,
    pub(super) heard_at_ms: u64,
    /// Until when it counts as one that has no place for this room; 0 if it does not.
    pub(super) hides_until_ms: u64,
}

/// Keeps the newest.
pub(super) fn keep<T>(things: &mut VecDeque<T>, thing: T, max: usize) {
    if things.len() >= max {
        things.pop_front();
    }
    things.push_back(thing);
}
