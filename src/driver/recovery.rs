//! Owns how a room comes up from its past: the journal taken again, record by record. A record that the room's own rules
//! stumble over is left out, and an open call is kept whatever is left out. Does not own how the journal is read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ulid::Ulid;

use super::journal::{JournalHealth, KeptCall};
use crate::room::call::CallId;
use crate::room::{Event, Refusal, Room, RoomTime, Rules, Trouble};

/// More records than this are not left out one by one: then the story begins anew, with the open call alone.
const LEFT_OUT_MAX: usize = 16;

/// What a room comes up from.
#[derive(Debug, Default)]
pub struct Past {
    /// The journal's records, in order.
    pub records: Vec<(RoomTime, Event)>,
    /// What was found when it was opened.
    pub health: JournalHealth,
    /// Whether the process before this one began a wipe, whatever the journal says.
    pub wipe_was_begun: bool,
}

/// A room that has come up.
pub(super) struct Recovered {
    pub room: Room,
    /// The room's time at its last record.
    pub last: RoomTime,
    /// Whether there was a past at all.
    pub resumes: bool,
    /// What the past itself has to tell.
    pub found: Vec<Event>,
    /// A call that was placed since one may be lost.
    pub unsure_call: Option<CallId>,
}

pub(super) fn recover(rules: &Rules, past: Past) -> Recovered {
    recover_with(rules, past, Room::handle_input)
}

/// `take` is how the room takes a record: a test may stumble in its place.
fn recover_with(
    rules: &Rules,
    past: Past,
    take: impl Fn(&mut Room, RoomTime, Event) -> Result<(), Refusal>,
) -> Recovered {
    let Past { records, health, wipe_was_begun } = past;
    let resumes = !records.is_empty() || wipe_was_begun || matches!(health.kept_call, KeptCall::Whole(Some(_)));
    let (mut room, last, mut left_out) = replay(rules, &records, &take);
    if wipe_was_begun && !room.snapshot(last).wiping {
        // The journal could not be told. Nothing it says about the visit counts any more.
        room = Room::new(rules.clone());
        if room.handle_input(last, Event::StaffReset).is_err() {
            tracing::error!("a fresh room refused to be wiped");
        }
    }
    left_out += health.set_aside;
    let mut found = Vec::new();
    let mut trouble = |trouble| found.push(Event::TroubleChanged { trouble, on: true });
    if left_out > 0 {
        tracing::error!(left_out, "records that ended the room's loop were set aside; the room comes up without them");
        trouble(Trouble::RecordSetAside);
    }
    if health.is_damaged {
        trouble(Trouble::JournalDamaged);
    }
    let open = room.snapshot(last);
    let is_over = |id: CallId| open.ended_calls.contains(&id);
    let mut unsure_call = None;
    match (room.real_call(), health.kept_call) {
        (open, KeptCall::Whole(Some(id))) if open != Some(id) && !is_over(id) => {
            tracing::warn!(call = ?id, "the journal no longer tells of a call that is open; it is kept");
            // What ended the one that the journal tells of was lost.
            found.extend(open.map(|_| Event::CallCleared));
            found.push(Event::CallPressed { id, practice: false });
        }
        (None, _) if health.call_may_be_lost() => {
            tracing::error!("a call may have been lost with a part of the journal; the room calls by itself");
            let id = CallId(Ulid::new().0);
            unsure_call = Some(id);
            found.push(Event::TroubleChanged { trouble: Trouble::CallMayBeLost, on: true });
            found.push(Event::CallPressed { id, practice: false });
        }
        _ => {}
    }
    while room.poll_effect().is_some() {}
    Recovered { room, last, resumes, found, unsure_call }
}

/// The room after these records, its time at the last of them, and how many were left out.
fn replay(
    rules: &Rules,
    records: &[(RoomTime, Event)],
    take: &impl Fn(&mut Room, RoomTime, Event) -> Result<(), Refusal>,
) -> (Room, RoomTime, usize) {
    let mut left_out = Vec::new();
    while left_out.len() <= LEFT_OUT_MAX {
        let mut room = Room::new(rules.clone());
        let mut last = RoomTime::default();
        let stumbled = records.iter().enumerate().filter(|(index, _)| !left_out.contains(index)).find(|(_, record)| {
            let (time, event) = (*record).clone();
            last = last.max(time);
            catch_unwind(AssertUnwindSafe(|| take_again(&mut room, last, event, take))).is_err()
        });
        match stumbled {
            None => return (room, last, left_out.len()),
            Some((index, _)) => left_out.push(index),
        }
    }
    let last = records.iter().map(|(time, _)| *time).max().unwrap_or_default();
    (Room::new(rules.clone()), last, records.len())
}

fn take_again(
    room: &mut Room,
    now: RoomTime,
    event: Event,
    take: &impl Fn(&mut Room, RoomTime, Event) -> Result<(), Refusal>,
) {
    pass_deadlines(room, now);
    // No desk is known yet, so none has the call: it goes out again.
    let is_expected = matches!(event, Event::CallReceived { .. });
    // A record the rules no longer take, since the clinic's files changed, must not stop the room.
    if take(room, now, event).is_err() && !is_expected {
        tracing::warn!("a journal record no longer fits this room's files and was passed over");
    }
}

/// Timers between two records run out when they did, not when the next record came.
fn pass_deadlines(room: &mut Room, until: RoomTime) {
    let mut now = RoomTime::default();
    while let Some(deadline) = room.poll_timeout(now).filter(|deadline| *deadline > now && *deadline < until) {
        now = deadline;
        room.handle_timeout(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::language::Language;
    use crate::vocabulary::place::Place;

    const CALL: CallId = CallId(7);

    fn press() -> Event {
        Event::CallPressed { id: CALL, practice: false }
    }

    fn stumbles_over(bad: Event) -> impl Fn(&mut Room, RoomTime, Event) -> Result<(), Refusal> {
        move |room, now, event| {
            assert_ne!(event, bad, "a record that this room stumbles over");
            room.handle_input(now, event)
        }
    }

    fn past(events: &[Event], kept_call: KeptCall) -> Past {
        let records = events.iter().enumerate().map(|(at, event)| (RoomTime(at as u64 * 1_000), event.clone()));
        let health = JournalHealth { kept_call, ..JournalHealth::default() };
        Past { records: records.collect(), health, wipe_was_begun: false }
    }

    #[test]
    fn a_record_that_the_rules_stumble_over_is_left_out_and_told() {
        let events = [Event::VisitBegins, Event::Dark { on: true }, press()];
        let past = past(&events, KeptCall::Whole(Some(CALL)));
        let recovered = recover_with(&Rules::default(), past, stumbles_over(Event::Dark { on: true }));
        let snapshot = recovered.room.snapshot(recovered.last);
        assert!(!snapshot.dark && snapshot.is_in_visit());
        assert_eq!(recovered.room.open_call(), Some(CALL));
        assert_eq!(recovered.found, [Event::TroubleChanged { trouble: Trouble::RecordSetAside, on: true }]);
    }

    #[test]
    fn a_language_that_is_no_longer_there_leaves_the_default_and_all_else_as_it_was() {
        let gone = Language::from_name("fr-FR").unwrap();
        let events = [Event::VisitBegins, Event::LanguageChosen(gone), Event::PlaceChosen(Place::Forest), press()];
        let recovered = recover(&Rules::default(), past(&events, KeptCall::Whole(Some(CALL))));
        let snapshot = recovered.room.snapshot(recovered.last);
        assert_eq!((snapshot.language, snapshot.place), (Language::FALLBACK, Place::Forest));
        assert_eq!((recovered.room.open_call(), recovered.found), (Some(CALL), Vec::new()));
    }

    #[test]
    fn an_open_call_is_kept_whatever_is_left_out() {
        let visit = [Event::VisitBegins, press()];
        let recovered =
            recover_with(&Rules::default(), past(&visit, KeptCall::Whole(Some(CALL))), stumbles_over(press()));
        assert!(recovered.room.snapshot(recovered.last).is_in_visit());
        assert!(recovered.found.contains(&press()), "{:?}", recovered.found);
        let many: Vec<Event> = (0..40).map(|_| Event::VisitBegins).chain([press()]).collect();
        let recovered = recover_with(
            &Rules::default(),
            past(&many, KeptCall::Whole(Some(CALL))),
            stumbles_over(Event::VisitBegins),
        );
        assert!(recovered.found.contains(&press()), "{:?}", recovered.found);
    }

    #[test]
    fn a_call_that_is_over_does_not_come_back_by_its_second_copy() {
        // Killed between the journal and the copy.
        let events = [press(), Event::CallHere { id: None }, Event::CallCleared];
        let recovered = recover(&Rules::default(), past(&events, KeptCall::Whole(Some(CALL))));
        assert_eq!((recovered.room.open_call(), recovered.found), (None, Vec::new()));
    }

    #[test]
    fn where_a_call_may_be_lost_the_room_calls_by_itself() {
        let damaged = |kept_call| {
            let mut past = past(&[Event::VisitBegins], kept_call);
            past.health.is_damaged = true;
            recover(&Rules::default(), past)
        };
        let damage = Event::TroubleChanged { trouble: Trouble::JournalDamaged, on: true };
        let sure = damaged(KeptCall::Whole(None));
        assert_eq!((sure.found, sure.unsure_call), (vec![damage.clone()], None));
        for kept in [KeptCall::Absent, KeptCall::Damaged] {
            let unsure = damaged(kept);
            let id = unsure.unsure_call.unwrap();
            let lost = Event::TroubleChanged { trouble: Trouble::CallMayBeLost, on: true };
            assert_eq!(unsure.found, [damage.clone(), lost, Event::CallPressed { id, practice: false }]);
        }
        // The journal is whole, so it is believed.
        assert_eq!(recover(&Rules::default(), past(&[], KeptCall::Damaged)).found, []);
    }
}
