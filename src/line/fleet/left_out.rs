//! Owns the list of rooms that a desk does not show because it already shows its maximum. The desk lists them for staff
//! and notifies each of them. Does not own the maximum number of rooms.

use std::collections::BTreeMap;

use super::super::SILENT_AFTER_MS;
use super::super::message::RoomId;

/// Maximum number of rooms on the list. Further rooms get no message from this desk, not even one saying that they are
/// not shown.
const LEFT_OUT_MAX: usize = 1_024;

/// The rooms that the desk does not show, by id.
#[derive(Debug, Default)]
pub(super) struct LeftOutRooms(BTreeMap<RoomId, LeftOutRoom>);

#[derive(Debug)]
struct LeftOutRoom {
    heard_at_ms: u64,
    /// Whether the room has published since this desk last notified it that it is not shown.
    is_untold: bool,
}

impl LeftOutRooms {
    /// Handles a message from a room that is not shown, or its will from the broker. Returns whether the list has
    /// changed.
    pub(super) fn on_message(&mut self, now_ms: u64, room: RoomId, is_will: bool) -> bool {
        if is_will {
            return self.0.remove(&room).is_some();
        }
        if self.0.len() >= LEFT_OUT_MAX && !self.0.contains_key(&room) {
            return false;
        }
        let id = room.as_str().to_owned();
        let is_new = self.0.insert(room, LeftOutRoom { heard_at_ms: now_ms, is_untold: true }).is_none();
        if is_new {
            tracing::warn!(room = id, "there are more rooms on the broker than a desk can show; this one is not shown");
        }
        is_new
    }

    /// Removes the rooms that have fallen silent. Returns whether there were any.
    pub(super) fn handle_timeout(&mut self, now_ms: u64) -> bool {
        let before = self.0.len();
        self.0.retain(|_, room| now_ms < room.heard_at_ms + SILENT_AFTER_MS);
        before != self.0.len()
    }

    /// Returns the next room that has to be notified that it is not shown. A room is notified once for each of its
    /// messages, so about once per heartbeat.
    pub(super) fn poll_untold(&mut self) -> Option<RoomId> {
        let (id, room) = self.0.iter_mut().find(|(_, room)| room.is_untold)?;
        room.is_untold = false;
        Some(id.clone())
    }

    /// Returns when a room has to be notified or removed from the list; `None` if the list is empty. Without a
    /// connection, no room is notified.
    pub(super) fn poll_timeout(&self, is_connected: bool) -> Option<u64> {
        let due = |room: &LeftOutRoom| {
            if is_connected && room.is_untold { 0 } else { room.heard_at_ms + SILENT_AFTER_MS }
        };
        self.0.values().map(due).min()
    }

    /// Returns the ids of all rooms on the list, in order.
    pub(super) fn ids(&self) -> impl ExactSizeIterator<Item = &RoomId> {
        self.0.keys()
    }
}
