//! Owns the recovery of a room from its journal, which is replayed record by record. A record that makes the room's
//! rules panic is skipped. An open call whose copy is intact is always kept. Does not own the journal
//! ([`super::journal`]).

use std::panic::{AssertUnwindSafe, catch_unwind};

use ulid::Ulid;

use super::journal::{JournalHealth, OpenCallCopy};
use crate::room::call::CallId;
use crate::room::{Event, Refusal, Room, RoomTime, Rules, Trouble};

/// Maximum number of records skipped one by one. Beyond this, the room recovers without any record, and only an open
/// call whose copy is intact is kept.
const SKIPPED_RECORDS_MAX: usize = 16;

/// The data from which a room recovers.
#[derive(Debug, Default)]
pub struct RecoveryInput {
    /// The journal's records, in order.
    pub records: Vec<(RoomTime, Event)>,
    /// The state in which the journal was found.
    pub health: JournalHealth,
    /// Whether the previous process began a wipe, even if the journal does not record it.
    pub wipe_was_begun: bool,
}

/// A recovered room, and what its driver must know about the recovery.
pub(super) struct RecoveredRoom {
    pub room: Room,
    /// The room's time at the last record.
    pub last: RoomTime,
    /// Whether there was anything to recover, in which case the room resumes instead of starting afresh.
    pub resumes: bool,
    /// Events that the recovery detected and the room must still handle.
    pub detected: Vec<Event>,
    /// The call that the room places by itself because an earlier call may have been lost; `detected` contains its
    /// [`Event::CallPressed`].
    pub precautionary_call: Option<CallId>,
}

pub(super) fn recover(rules: &Rules, past: RecoveryInput) -> RecoveredRoom {
    recover_with(rules, past, Room::handle_input)
}

/// Recovers a room. `apply` applies one record to the room; tests pass a function that panics.
fn recover_with(
    rules: &Rules,
    past: RecoveryInput,
    apply: impl Fn(&mut Room, RoomTime, Event) -> Result<(), Refusal>,
) -> RecoveredRoom {
    let RecoveryInput { records, health, wipe_was_begun } = past;
    let resumes =
        !records.is_empty() || wipe_was_begun || matches!(health.open_call_copy, OpenCallCopy::Intact(Some(_)));
    let (mut room, last, mut skipped) = replay(rules, &records, &apply);
    if wipe_was_begun && !room.snapshot(last).wiping {
        // The journal does not record the wipe, so whatever it says about the visit is ignored.
        room = Room::new(rules.clone());
        if room.handle_input(last, Event::StaffReset).is_err() {
            tracing::error!("a fresh room refused to be wiped");
        }
    }
    skipped += health.set_aside_records;
    let may_lack_records = skipped > 0 || health.is_damaged;
    let mut detected = Vec::new();
    let mut trouble = |trouble| detected.push(Event::TroubleChanged { trouble, on: true });
    if skipped > 0 {
        tracing::error!(skipped, "records that ended the room's loop were set aside; the room recovers without them");
        trouble(Trouble::RecordSetAside);
    }
    if health.is_damaged {
        trouble(Trouble::JournalDamaged);
    }
    let open = room.snapshot(last);
    let is_over = |id: CallId| open.ended_calls.contains(&id);
    let mut precautionary_call = None;
    match (room.real_call(), health.open_call_copy) {
        (open, OpenCallCopy::Intact(Some(id))) if open != Some(id) && !is_over(id) => {
            tracing::warn!(call = ?id, "the journal no longer holds a call that is open; it is kept");
            // If the journal has a different call open, the record that ended that call was lost.
            detected.extend(open.map(|_| Event::CallCleared));
            detected.push(Event::CallPressed { id, practice: false });
        }
        (None, OpenCallCopy::Absent | OpenCallCopy::Damaged) if may_lack_records => {
            tracing::error!("a call may have been lost with a part of the journal; the room places one on its own");
            let id = CallId(Ulid::new().0);
            precautionary_call = Some(id);
            detected.push(Event::TroubleChanged { trouble: Trouble::CallMayBeLost, on: true });
            detected.push(Event::CallPressed { id, practice: false });
        }
        _ => {}
    }
    while room.poll_effect().is_some() {}
    RecoveredRoom { room, last, resumes, detected, precautionary_call }
}

/// Returns the room after these records, the time of the last record, and the number of records that were skipped
/// because the room's rules panicked. If there are more than [`SKIPPED_RECORDS_MAX`] of these, all records are skipped.
fn replay(
    rules: &Rules,
    records: &[(RoomTime, Event)],
    apply: &impl Fn(&mut Room, RoomTime, Event) -> Result<(), Refusal>,
) -> (Room, RoomTime, usize) {
    let mut skipped = Vec::new();
    while skipped.len() <= SKIPPED_RECORDS_MAX {
        let mut room = Room::new(rules.clone());
        let mut last = RoomTime::default();
        let panicked = records.iter().enumerate().filter(|(index, _)| !skipped.contains(index)).find(|(_, record)| {
            let (time, event) = (*record).clone();
            last = last.max(time);
            catch_unwind(AssertUnwindSafe(|| replay_record(&mut room, last, event, apply))).is_err()
        });
        match panicked {
            None => return (room, last, skipped.len()),
            Some((index, _)) => skipped.push(index),
        }
    }
    let last = records.iter().map(|(time, _)| *time).max().unwrap_or_default();
    (Room::new(rules.clone()), last, records.len())
}

fn replay_record(
    room: &mut Room,
    now: RoomTime,
    event: Event,
    apply: &impl Fn(&mut Room, RoomTime, Event) -> Result<(), Refusal>,
) {
    run_timers_until(room, now);
    // A room without a connected desk refuses this record. That does no harm, because the call is sent to the desks
    // again.
    let is_expected = matches!(event, Event::CallReceived { .. });
    // The clinic may have changed its files since the record was written, so a record that the rules refuse now is
    // skipped with a warning.
    if apply(room, now, event).is_err() && !is_expected {
        tracing::warn!("a journal record no longer fits this room's files and was skipped");
    }
}

/// Runs each timer that expires before `until`, at the time at which it expires.
fn run_timers_until(room: &mut Room, until: RoomTime) {
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

    fn panics_at(bad: Event) -> impl Fn(&mut Room, RoomTime, Event) -> Result<(), Refusal> {
        move |room, now, event| {
            assert_ne!(event, bad, "a record at which this room panics");
            room.handle_input(now, event)
        }
    }

    fn past(events: &[Event], open_call_copy: OpenCallCopy) -> RecoveryInput {
        let records = events.iter().enumerate().map(|(at, event)| (RoomTime(at as u64 * 1_000), event.clone()));
        let health = JournalHealth { open_call_copy, ..JournalHealth::default() };
        RecoveryInput { records: records.collect(), health, wipe_was_begun: false }
    }

    #[test]
    fn a_record_at_which_the_rules_panic_is_skipped_and_reported() {
        let events = [Event::VisitBegins, Event::Dark { on: true }, press()];
        let past = past(&events, OpenCallCopy::Intact(Some(CALL)));
        let recovered = recover_with(&Rules::default(), past, panics_at(Event::Dark { on: true }));
        let snapshot = recovered.room.snapshot(recovered.last);
        assert!(!snapshot.dark && snapshot.is_in_visit());
        assert_eq!(recovered.room.open_call(), Some(CALL));
        assert_eq!(recovered.detected, [Event::TroubleChanged { trouble: Trouble::RecordSetAside, on: true }]);
    }

    #[test]
    fn a_language_that_no_longer_exists_leaves_the_default_and_changes_nothing_else() {
        let gone = Language::from_name("fr-FR").unwrap();
        let events = [Event::VisitBegins, Event::LanguageChosen(gone), Event::PlaceChosen(Place::Forest), press()];
        let recovered = recover(&Rules::default(), past(&events, OpenCallCopy::Intact(Some(CALL))));
        let snapshot = recovered.room.snapshot(recovered.last);
        assert_eq!((snapshot.language, snapshot.place), (Language::FALLBACK, Place::Forest));
        assert_eq!((recovered.room.open_call(), recovered.detected), (Some(CALL), Vec::new()));
    }

    #[test]
    fn an_open_call_is_kept_whatever_is_skipped() {
        let visit = [Event::VisitBegins, press()];
        let recovered =
            recover_with(&Rules::default(), past(&visit, OpenCallCopy::Intact(Some(CALL))), panics_at(press()));
        assert!(recovered.room.snapshot(recovered.last).is_in_visit());
        assert!(recovered.detected.contains(&press()), "{:?}", recovered.detected);
        let many: Vec<Event> = (0..40).map(|_| Event::VisitBegins).chain([press()]).collect();
        let recovered = recover_with(
            &Rules::default(),
            past(&many, OpenCallCopy::Intact(Some(CALL))),
            panics_at(Event::VisitBegins),
        );
        assert!(recovered.detected.contains(&press()), "{:?}", recovered.detected);
    }

    #[test]
    fn a_call_that_is_over_does_not_come_back_from_its_copy() {
        // The program was killed after it had written the journal and before it updated the copy.
        let events = [press(), Event::CallHere { id: None }, Event::CallCleared];
        let recovered = recover(&Rules::default(), past(&events, OpenCallCopy::Intact(Some(CALL))));
        assert_eq!((recovered.room.open_call(), recovered.detected), (None, Vec::new()));
    }

    #[test]
    fn the_room_places_a_call_on_its_own_where_one_may_be_lost() {
        let damaged = |open_call_copy| {
            let mut past = past(&[Event::VisitBegins], open_call_copy);
            past.health.is_damaged = true;
            recover(&Rules::default(), past)
        };
        let damage = Event::TroubleChanged { trouble: Trouble::JournalDamaged, on: true };
        let sure = damaged(OpenCallCopy::Intact(None));
        assert_eq!((sure.detected, sure.precautionary_call), (vec![damage.clone()], None));
        for kept in [OpenCallCopy::Absent, OpenCallCopy::Damaged] {
            let unsure = damaged(kept);
            let id = unsure.precautionary_call.unwrap();
            let lost = Event::TroubleChanged { trouble: Trouble::CallMayBeLost, on: true };
            assert_eq!(unsure.detected, [damage.clone(), lost, Event::CallPressed { id, practice: false }]);
        }
        // If only the copy is damaged, the intact journal shows that no call is open.
        assert_eq!(recover(&Rules::default(), past(&[], OpenCallCopy::Damaged)).detected, []);
    }

    #[test]
    fn a_press_that_is_skipped_or_set_aside_counts_as_a_call_that_may_be_lost() {
        let places_one = |recovered: &RecoveredRoom| {
            let id = recovered.precautionary_call?;
            Some(recovered.detected.contains(&Event::CallPressed { id, practice: false }))
        };
        let visit = [Event::VisitBegins, press()];
        let many: Vec<Event> = (0..40).map(|_| Event::VisitBegins).chain([press()]).collect();
        for (kept, expected) in [
            (OpenCallCopy::Absent, Some(true)),
            (OpenCallCopy::Damaged, Some(true)),
            (OpenCallCopy::Intact(None), None),
        ] {
            let skipped = recover_with(&Rules::default(), past(&visit, kept), panics_at(press()));
            assert_eq!(places_one(&skipped), expected, "{kept:?}: the press is skipped");
            let all_skipped = recover_with(&Rules::default(), past(&many, kept), panics_at(Event::VisitBegins));
            assert_eq!(places_one(&all_skipped), expected, "{kept:?}: every record is skipped");
            let mut set_aside = past(&[Event::VisitBegins], kept);
            set_aside.health.set_aside_records = 1;
            let set_aside = recover(&Rules::default(), set_aside);
            assert_eq!(places_one(&set_aside), expected, "{kept:?}: the press was set aside");
            // An open call rings anyway, so no second call is needed.
            let open = recover_with(&Rules::default(), past(&visit, kept), panics_at(Event::VisitBegins));
            let rings_alone = open.precautionary_call.is_none() && open.room.real_call() == Some(CALL);
            assert!(rings_alone, "{kept:?}: another record is skipped");
        }
    }
}
