//! Owns what the desk remembers of the last calls: when each was pressed and how soon it was answered. Kept in memory
//! only, and without anything of the patient. Does not own the call itself: the room does.

use std::collections::VecDeque;

use chrono::{Local, SecondsFormat, TimeDelta};
use ulid::Ulid;

use crate::line::message::{CallState, Phase};

/// So many calls are remembered.
const CALLS_REMEMBERED: usize = 5;

/// A call as it went, newest first at the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PastCall {
    /// Which call.
    pub id: Ulid,
    /// Whether it was a rehearsal.
    pub practice: bool,
    /// Wall-clock time of the press, RFC 3339.
    pub at: String,
    placed_at_ms: u64,
    received_at_ms: Option<u64>,
    coming_at_ms: Option<u64>,
    here_at_ms: Option<u64>,
    cleared_at_ms: Option<u64>,
    /// Who came.
    pub name: Option<String>,
}

impl PastCall {
    /// From the press until a desk screen had it, in milliseconds.
    pub(super) fn received_ms(&self) -> Option<u64> {
        self.after_press_ms(self.received_at_ms)
    }

    /// From the press until a person said that they come, in milliseconds.
    pub(super) fn coming_ms(&self) -> Option<u64> {
        self.after_press_ms(self.coming_at_ms)
    }

    /// From the press until someone was there, in milliseconds.
    pub(super) fn here_ms(&self) -> Option<u64> {
        self.after_press_ms(self.here_at_ms)
    }

    /// From the press until it was cleared in the room, in milliseconds.
    pub(super) fn cleared_ms(&self) -> Option<u64> {
        self.after_press_ms(self.cleared_at_ms)
    }

    fn after_press_ms(&self, at_ms: Option<u64>) -> Option<u64> {
        at_ms.map(|at_ms| at_ms.saturating_sub(self.placed_at_ms))
    }
}

/// The last calls.
#[derive(Clone, Debug, Default)]
pub(super) struct CallLog {
    calls: VecDeque<PastCall>,
}

impl CallLog {
    /// The last calls, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &PastCall> {
        self.calls.iter()
    }

    /// Takes in the open call, if there is one, as it stands at `now_ms` of any clock that only goes forward.
    /// `wall_clock` is asked only when a call is new; it gets the call's age in milliseconds.
    pub(super) fn follow(&mut self, open: Option<&CallState>, now_ms: u64, wall_clock: impl FnOnce(u64) -> String) {
        for past in &mut self.calls {
            if past.cleared_at_ms.is_none() && open.is_none_or(|call| call.id != past.id) {
                past.cleared_at_ms = Some(now_ms);
            }
        }
        let Some(call) = open else { return };
        if self.calls.front().is_none_or(|past| past.id != call.id) {
            self.calls.truncate(CALLS_REMEMBERED - 1);
            self.calls.push_front(PastCall {
                id: call.id,
                practice: call.practice,
                at: wall_clock(call.placed_ago_ms),
                placed_at_ms: now_ms.saturating_sub(call.placed_ago_ms),
                received_at_ms: None,
                coming_at_ms: None,
                here_at_ms: None,
                cleared_at_ms: None,
                name: None,
            });
        }
        let Some(past) = self.calls.front_mut() else { return };
        let since_ms = now_ms.saturating_sub(call.phase_ago_ms);
        let reached = |phase: Phase| (call.phase == phase).then_some(since_ms);
        past.received_at_ms = past.received_at_ms.or_else(|| reached(Phase::Received));
        past.coming_at_ms = past.coming_at_ms.or_else(|| reached(Phase::OnTheWay));
        // Who comes has seen it on a desk: an answer may be so quick that both are told in one word.
        past.received_at_ms = past.received_at_ms.or(past.coming_at_ms);
        past.here_at_ms = past.here_at_ms.or_else(|| reached(Phase::Here));
        if call.name.is_some() {
            past.name = call.name.as_deref().map(str::to_owned);
        }
    }
}

/// The wall clock so many milliseconds ago.
pub(super) fn wall_clock(ago_ms: u64) -> String {
    let ago = TimeDelta::milliseconds(i64::try_from(ago_ms).unwrap_or(0));
    let now = Local::now();
    now.checked_sub_signed(ago).unwrap_or(now).to_rfc3339_opts(SecondsFormat::Secs, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::call::{CallId, DeskId};
    use crate::room::{Event, Room, RoomTime, Rules};

    fn follow(log: &mut CallLog, room: &Room, now: u64) {
        let call = room.snapshot(RoomTime(now)).call.map(|call| CallState::of(&call, RoomTime(now)));
        log.follow(call.as_ref(), now, |age_ms| format!("{age_ms} ms ago"));
    }

    #[test]
    fn a_call_is_remembered_with_its_times_and_only_the_last_five() {
        let mut room = Room::new(Rules::default());
        let mut log = CallLog::default();
        let (id, desk) = (CallId(7), DeskId(1));
        room.handle(RoomTime(0), Event::DeskSeen { desk }).unwrap();
        room.handle(RoomTime(1_000), Event::CallPressed { id, practice: false }).unwrap();
        room.handle(RoomTime(1_010), Event::CallJournaled { id, ok: true }).unwrap();
        follow(&mut log, &room, 1_010);
        room.handle(RoomTime(1_400), Event::CallReceived { id, desk }).unwrap();
        follow(&mut log, &room, 1_400);
        room.handle(RoomTime(9_000), Event::CallComing { id, name: "Maria".into() }).unwrap();
        follow(&mut log, &room, 9_000);
        room.handle(RoomTime(31_000), Event::CallHere { id: None }).unwrap();
        follow(&mut log, &room, 31_000);
        room.handle(RoomTime(61_000), Event::CallCleared).unwrap();
        follow(&mut log, &room, 61_000);
        let past = log.newest_first().next().unwrap();
        assert_eq!(past.at, "10 ms ago");
        assert_eq!(
            (past.received_ms(), past.coming_ms(), past.here_ms(), past.cleared_ms()),
            (Some(400), Some(8_000), Some(30_000), Some(60_000))
        );
        assert_eq!(past.name.as_deref(), Some("Maria"));
        for more in 0..9_u64 {
            let now = 70_000 + more * 1_000;
            let id = CallId(100 + u128::from(more));
            room.handle(RoomTime(now), Event::CallPressed { id, practice: true }).unwrap();
            room.advance(RoomTime(now + 400));
            follow(&mut log, &room, now + 400);
            room.handle(RoomTime(now + 500), Event::CallCleared).unwrap();
            follow(&mut log, &room, now + 500);
        }
        assert_eq!(log.newest_first().map(|past| past.id.0).collect::<Vec<_>>(), [108, 107, 106, 105, 104]);
    }
}
