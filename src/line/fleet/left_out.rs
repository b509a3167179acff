//! Owns the rooms that a desk does not show because it already shows its maximum: the desk lists them, and tells each that it
//! is not shown. Does not own the maximum.

use std::collections::BTreeMap;

use super::super::SILENT_AFTER_MS;
use super::super::message::RoomId;

/// Maximum number of rooms remembered. Further ones are told nothing, so for them this desk does not exist.
const LEFT_OUT_MAX: usize = 1_024;

/// The rooms that are left out.
#[derive(Debug, Default)]
pub(super) struct LeftOutRooms(BTreeMap<RoomId, LeftOutRoom>);

#[derive(Debug)]
struct LeftOutRoom {
    heard_at_ms: u64,
    /// Whether it has published since it was last told that it is not shown.
    is_untold: bool,
}

impl LeftOutRooms {
    /// Such a room has published a message, or the broker its will. Returns whether the list has changed.
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

    /// Removes those that have fallen silent. Returns whether there were any.
    pub(super) fn handle_timeout(&mut self, now_ms: u64) -> bool {
        let before = self.0.len();
        self.0.retain(|_, room| now_ms < room.heard_at_ms + SILENT_AFTER_MS);
        before != self.0.len()
    }

    /// The next room to tell that it is not shown: once for each of its messages, so once per heartbeat.
    pub(super) fn poll_untold(&mut self) -> Option<RoomId> {
        let (id, room) = self.0.iter_mut().find(|(_, room)| room.is_untold)?;
        room.is_untold = false;
        Some(id.clone())
    }

    /// When there is something to do; telling needs a connection.
    pub(super) fn poll_timeout(&self, is_connected: bool) -> Option<u64> {
        let due = |room: &LeftOutRoom| {
            if is_connected && room.is_untold { 0 } else { room.heard_at_ms + SILENT_AFTER_MS }
        };
        self.0.values().map(due).min()
    }

    /// All of them, by id.
    pub(super) fn ids(&self) -> impl ExactSizeIterator<Item = &RoomId> {
        self.0.keys()
    }
}
