//! Owns the list of recent calls on a page: when the call button was pressed and how soon somebody answered. The list
//! is kept in memory only, and contains nothing about the patient. Does not own the call itself, which the room keeps.

use std::collections::VecDeque;

use chrono::{Local, SecondsFormat, TimeDelta};
use serde::Serialize;
use ulid::Ulid;

use crate::line::message::{CallState, WirePhase};

/// Maximum number of calls in the list.
const CALLS_MAX: usize = 5;

/// A call, with the times at which it reached its phases. All times except `at` are milliseconds of the same monotonic
/// clock.
#[derive(Clone, Debug)]
struct RecentCall {
    id: Ulid,
    is_practice: bool,
    /// Wall-clock time of the press, in RFC 3339 format.
    at: String,
    placed_at_ms: u64,
    received_at_ms: Option<u64>,
    coming_at_ms: Option<u64>,
    here_at_ms: Option<u64>,
    cleared_at_ms: Option<u64>,
    /// Name of the person who is coming or has come.
    name: Option<String>,
}

/// A recent call in the form that a page receives. All times except `at` are milliseconds since the press.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in crate::desk) struct RecentCallView<'a> {
    id: Ulid,
    practice: bool,
    at: &'a str,
    name: Option<&'a str>,
    received_ms: Option<u64>,
    coming_ms: Option<u64>,
    here_ms: Option<u64>,
    cleared_ms: Option<u64>,
}

impl RecentCall {
    fn view(&self) -> RecentCallView<'_> {
        let since_press_ms = |at_ms: Option<u64>| at_ms.map(|at_ms| at_ms.saturating_sub(self.placed_at_ms));
        RecentCallView {
            id: self.id,
            practice: self.is_practice,
            at: &self.at,
            name: self.name.as_deref(),
            received_ms: since_press_ms(self.received_at_ms),
            coming_ms: since_press_ms(self.coming_at_ms),
            here_ms: since_press_ms(self.here_at_ms),
            cleared_ms: since_press_ms(self.cleared_at_ms),
        }
    }
}

/// The recent calls of one room, newest first.
#[derive(Clone, Debug, Default)]
pub(in crate::desk) struct RecentCalls {
    calls: VecDeque<RecentCall>,
}

impl RecentCalls {
    /// Returns the calls in the form that a page receives.
    pub(in crate::desk) fn views(&self) -> Vec<RecentCallView<'_>> {
        self.calls.iter().map(RecentCall::view).collect()
    }

    /// Updates the list with the open call. `now_ms` is the current time of a monotonic clock, the same clock in every
    /// update. `wall_clock` turns the age of a new call, in milliseconds, into the wall-clock time of its press.
    pub(in crate::desk) fn update(
        &mut self,
        open: Option<&CallState>,
        now_ms: u64,
        wall_clock: impl FnOnce(u64) -> String,
    ) {
        for recent in &mut self.calls {
            if recent.cleared_at_ms.is_none() && open.is_none_or(|call| call.id != recent.id) {
                recent.cleared_at_ms = Some(now_ms);
            }
        }
        let Some(call) = open else { return };
        if self.calls.front().is_none_or(|recent| recent.id != call.id) {
            self.calls.truncate(CALLS_MAX - 1);
            self.calls.push_front(RecentCall {
                id: call.id,
                is_practice: call.practice,
                at: wall_clock(call.placed_ago_ms),
                placed_at_ms: now_ms.saturating_sub(call.placed_ago_ms),
                received_at_ms: None,
                coming_at_ms: None,
                here_at_ms: None,
                cleared_at_ms: None,
                name: None,
            });
        }
        let Some(recent) = self.calls.front_mut() else { return };
        let since_ms = now_ms.saturating_sub(call.phase_ago_ms);
        let reached = |phase: WirePhase| (call.phase == phase).then_some(since_ms);
        recent.received_at_ms = recent.received_at_ms.or_else(|| reached(WirePhase::Received));
        recent.coming_at_ms = recent.coming_at_ms.or_else(|| reached(WirePhase::OnTheWay));
        // A person who is coming has seen the call at a desk, even if both steps happened between two updates.
        recent.received_at_ms = recent.received_at_ms.or(recent.coming_at_ms);
        recent.here_at_ms = recent.here_at_ms.or_else(|| reached(WirePhase::Here));
        if call.name.is_some() {
            recent.name = call.name.as_deref().map(str::to_owned);
        }
    }
}

/// Returns the wall-clock time `ago_ms` milliseconds ago, in RFC 3339 format.
pub(in crate::desk) fn wall_clock(ago_ms: u64) -> String {
    let ago = TimeDelta::milliseconds(i64::try_from(ago_ms).unwrap_or(0));
    let now = Local::now();
    now.checked_sub_signed(ago).unwrap_or(now).to_rfc3339_opts(SecondsFormat::Secs, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::call::{CallId, DeskId};
    use crate::room::{Event, Room, RoomTime, Rules};

    fn follow(log: &mut RecentCalls, room: &Room, now: u64) {
        let call = room.snapshot(RoomTime(now)).call.map(|call| CallState::of(&call, RoomTime(now)));
        log.update(call.as_ref(), now, |age_ms| format!("{age_ms} ms ago"));
    }

    #[test]
    fn the_last_five_calls_are_listed_with_their_times() {
        let mut room = Room::new(Rules::default());
        let mut log = RecentCalls::default();
        let (id, desk) = (CallId(7), DeskId(1));
        room.handle_input(RoomTime(0), Event::DeskConnected { desk }).unwrap();
        room.handle_input(RoomTime(1_000), Event::CallPressed { id, practice: false }).unwrap();
        room.handle_input(RoomTime(1_010), Event::CallJournaled { id, ok: true }).unwrap();
        follow(&mut log, &room, 1_010);
        room.handle_input(RoomTime(1_400), Event::CallReceived { id, desk }).unwrap();
        follow(&mut log, &room, 1_400);
        room.handle_input(RoomTime(9_000), Event::CallComing { id, name: "Maria".into() }).unwrap();
        follow(&mut log, &room, 9_000);
        room.handle_input(RoomTime(31_000), Event::CallHere { id: None }).unwrap();
        follow(&mut log, &room, 31_000);
        room.handle_input(RoomTime(61_000), Event::CallCleared).unwrap();
        follow(&mut log, &room, 61_000);
        let expected = RecentCallView {
            id: Ulid(7),
            practice: false,
            at: "10 ms ago",
            name: Some("Maria"),
            received_ms: Some(400),
            coming_ms: Some(8_000),
            here_ms: Some(30_000),
            cleared_ms: Some(60_000),
        };
        assert_eq!(log.views(), [expected]);
        for more in 0..9_u64 {
            let now = 70_000 + more * 1_000;
            let id = CallId(100 + u128::from(more));
            room.handle_input(RoomTime(now), Event::CallPressed { id, practice: true }).unwrap();
            room.handle_timeout(RoomTime(now + 400));
            follow(&mut log, &room, now + 400);
            room.handle_input(RoomTime(now + 500), Event::CallCleared).unwrap();
            follow(&mut log, &room, now + 500);
        }
        assert_eq!(log.calls.iter().map(|call| call.id.0).collect::<Vec<_>>(), [108, 107, 106, 105, 104]);
    }
}
