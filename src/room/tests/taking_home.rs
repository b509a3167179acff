//! Owns the tests of taking a note home: which method can be chosen when, the possible outcomes, and the reset that
//! erases them.

use super::take_home::{TakeHomeError, TakeHomeMethod, TakeHomeStatus};
use super::*;

fn found(paper: bool, sealed: bool) -> Event {
    Event::TakeHomeMethodsFound { paper, sealed }
}

fn chosen(method: TakeHomeMethod) -> Event {
    Event::TakeHomeChosen { method }
}

/// Returns a room in After with a written note and every method available.
fn written() -> Harness {
    let mut harness = Harness::in_stage(Stage::After);
    harness.ok(0, typed("words"));
    harness.ok(0, found(true, true));
    harness.effects();
    harness
}

#[test]
fn requested_methods_are_looked_up_and_shown() {
    let mut harness = Harness::in_stage(Stage::After);
    harness.effects();
    harness.ok(0, Event::TakeHomeMethodsRequested);
    assert_eq!(harness.effects(), [Effect::FindTakeHomeMethods]);
    let methods = |harness: &Harness| harness.snapshot().take_home.methods().collect::<Vec<_>>();
    assert_eq!(methods(&harness), [TakeHomeMethod::Phone]);
    harness.ok(0, found(true, true));
    assert_eq!(methods(&harness), TakeHomeMethod::ALL);
    harness.ok(0, found(false, true));
    assert_eq!(methods(&harness), [TakeHomeMethod::Phone, TakeHomeMethod::Sealed]);
}

#[test]
fn a_note_is_delivered_once_and_its_arrival_is_shown() {
    for method in [TakeHomeMethod::Paper, TakeHomeMethod::Sealed] {
        let mut harness = written();
        harness.ok(0, chosen(method));
        let effects = harness.effects();
        let [Effect::TakeHome { method: chosen_method, notes, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!((*chosen_method, notes.version), (method, harness.snapshot().notes.version));
        assert_eq!(harness.snapshot().take_home.status(method), Some(&TakeHomeStatus::InProgress));
        harness.refused(0, chosen(TakeHomeMethod::Paper));
        harness.refused(0, chosen(TakeHomeMethod::Sealed));
        let code = Some("AB12-CD34".to_owned());
        harness.ok(0, Event::TakeHomeFinished { method, version: notes.version, outcome: Ok(code.clone()) });
        assert_eq!(harness.snapshot().take_home.status(method), Some(&TakeHomeStatus::Done { code }));
        assert_eq!(harness.snapshot().take_home.taken, Some(notes.version));
    }
}

#[test]
fn a_failed_delivery_can_be_retried() {
    let mut harness = written();
    harness.ok(0, chosen(TakeHomeMethod::Paper));
    harness.ok(
        0,
        Event::TakeHomeFinished {
            method: TakeHomeMethod::Paper,
            version: 1,
            outcome: Err(TakeHomeError::PrinterStopped),
        },
    );
    assert_eq!(
        harness.snapshot().take_home.status(TakeHomeMethod::Paper),
        Some(&TakeHomeStatus::Failed(TakeHomeError::PrinterStopped))
    );
    assert_eq!(harness.snapshot().take_home.taken, None);
    harness.ok(0, chosen(TakeHomeMethod::Paper));
    assert_eq!(harness.snapshot().take_home.status(TakeHomeMethod::Paper), Some(&TakeHomeStatus::InProgress));
}

#[test]
fn the_phone_is_always_available_and_needs_no_effect() {
    let mut harness = Harness::in_stage(Stage::After);
    harness.ok(0, typed("words"));
    harness.effects();
    harness.ok(0, chosen(TakeHomeMethod::Phone));
    assert!(!harness.effects().iter().any(|effect| matches!(effect, Effect::TakeHome { .. })));
    assert_eq!(harness.snapshot().take_home.taken, Some(harness.snapshot().notes.version));
}

#[test]
fn a_note_with_drawings_is_not_taken_home_by_phone_since_codes_hold_text_only() {
    let mut harness = written();
    harness.ok(0, super::writing::drawn(1, &[3, 5]));
    harness.ok(0, chosen(TakeHomeMethod::Phone));
    assert!(!harness.snapshot().is_note_taken_home());
    harness.ok(0, chosen(TakeHomeMethod::Paper));
    let version = harness.snapshot().notes.version;
    harness.ok(0, Event::TakeHomeFinished { method: TakeHomeMethod::Paper, version, outcome: Ok(None) });
    assert!(harness.snapshot().is_note_taken_home());
}

#[test]
fn blank_notes_and_unavailable_methods_are_refused() {
    let mut harness = Harness::in_stage(Stage::After);
    harness.ok(0, found(true, true));
    harness.refused(0, chosen(TakeHomeMethod::Paper));
    harness.ok(0, typed("words"));
    harness.ok(0, found(false, false));
    harness.refused(0, chosen(TakeHomeMethod::Paper));
    harness.refused(0, chosen(TakeHomeMethod::Sealed));
}

#[test]
fn a_reset_forgets_deliveries_and_a_late_outcome_changes_nothing() {
    let mut harness = written();
    harness.ok(0, chosen(TakeHomeMethod::Paper));
    harness.ok(0, Event::StaffReset);
    harness.ok(0, Event::TakeHomeFinished { method: TakeHomeMethod::Paper, version: 1, outcome: Ok(None) });
    let take_home = harness.snapshot().take_home;
    assert!(take_home.statuses.is_empty() && take_home.taken.is_none());
}
