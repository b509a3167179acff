//! Owns which rooms speak for which a desk has no place: they are named at the desk, and each hears that nobody sees it.
//! Does not own how many places there are.

use std::collections::BTreeMap;

use super::super::SILENT_AFTER_MS;
use super::super::message::RoomId;

/// So many are known by name. More than this hear nothing, and wait for a desk that never answers.
const KNOWN_MAX: usize = 1_024;

/// The rooms that are left out.
#[derive(Debug, Default)]
pub(super) struct LeftOut(BTreeMap<RoomId, Heard>);

#[derive(Debug)]
struct Heard {
    at_ms: u64,
    /// Whether it has spoken since it was told last.
    is_untold: bool,
}

impl LeftOut {
    /// Such a room has spoken; or its will has, since it is gone. True if others are left out than before.
    pub(super) fn heard(&mut self, now_ms: u64, room: RoomId, is_gone: bool) -> bool {
        if is_gone {
            return self.0.remove(&room).is_some();
        }
        if self.0.len() >= KNOWN_MAX && !self.0.contains_key(&room) {
            return false;
        }
        let name = room.as_str().to_owned();
        let is_new = self.0.insert(room, Heard { at_ms: now_ms, is_untold: true }).is_none();
        if is_new {
            tracing::warn!(room = name, "more rooms speak on the broker than a desk can show; this one is not shown");
        }
        is_new
    }

    /// Forgets those that have fallen silent. True if there were any.
    pub(super) fn pass(&mut self, now_ms: u64) -> bool {
        let before = self.0.len();
        self.0.retain(|_, heard| now_ms < heard.at_ms + SILENT_AFTER_MS);
        before != self.0.len()
    }

    /// The next that is to hear that it is not shown: once for each of its own words, so as often as it beats.
    pub(super) fn next_to_tell(&mut self) -> Option<RoomId> {
        let (room, heard) = self.0.iter_mut().find(|(_, heard)| heard.is_untold)?;
        heard.is_untold = false;
        Some(room.clone())
    }

    /// When there is something to do; to be told only where the broker hears this desk.
    pub(super) fn deadline_ms(&self, is_linked: bool) -> Option<u64> {
        let due = |heard: &Heard| if is_linked && heard.is_untold { 0 } else { heard.at_ms + SILENT_AFTER_MS };
        self.0.values().map(due).min()
    }

    /// All of them, by their ids.
    pub(super) fn rooms(&self) -> impl ExactSizeIterator<Item = &RoomId> {
        self.0.keys()
    }
}
