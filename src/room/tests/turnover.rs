//! Owns the tests of the unattended room, which never resets itself, and of the turnover checklist.

use super::*;
use crate::vocabulary::signal::Signal;

const HALF_AN_HOUR_MS: u64 = 30 * 60_000;

fn is_reported(harness: &Harness) -> bool {
    harness.snapshot().troubles.contains(&Trouble::RoomLeft)
}

#[test]
fn an_unattended_room_is_reported_after_half_an_hour_and_does_nothing_else() {
    for stage in [Stage::After, Stage::Farewell] {
        let mut harness = Harness::in_stage(stage);
        harness.run_to(HALF_AN_HOUR_MS - 1);
        assert!(!is_reported(&harness), "{}", stage.name());
        assert_eq!(harness.room.poll_timeout(harness.now), Some(RoomTime(HALF_AN_HOUR_MS)));
        harness.run_to(HALF_AN_HOUR_MS);
        assert!(is_reported(&harness), "{}", stage.name());
        harness.run_to(48 * HALF_AN_HOUR_MS);
        assert_eq!((harness.snapshot().stage, harness.effects()), (stage, vec![]), "a room never resets itself");
        harness.ok(48 * HALF_AN_HOUR_MS, Event::StaffReset);
        assert!(!is_reported(&harness));
    }
}

#[test]
fn a_patient_who_is_still_writing_is_not_missed() {
    let mut harness = Harness::in_stage(Stage::After);
    harness.ok(HALF_AN_HOUR_MS - 1, typed("words"));
    harness.run_to(2 * HALF_AN_HOUR_MS - 2);
    assert!(!is_reported(&harness));
    harness.run_to(2 * HALF_AN_HOUR_MS);
    assert!(is_reported(&harness));
    harness.ok(3 * HALF_AN_HOUR_MS, typed("words"));
    assert!(!is_reported(&harness), "the patient was there all along");
    harness.ok(3 * HALF_AN_HOUR_MS + 1, Event::Farewell);
    harness.run_to(4 * HALF_AN_HOUR_MS);
    assert!(!is_reported(&harness));
    // Events that are not caused by the patient do not count as activity.
    harness.ok(4 * HALF_AN_HOUR_MS, Event::DeskConnected { desk: DESK });
    harness.run_to(4 * HALF_AN_HOUR_MS + 1);
    assert!(is_reported(&harness));
}

#[test]
fn only_after_a_session_can_a_room_be_unattended() {
    for stage in [Stage::Ready, Stage::Arrive, Stage::Session, Stage::Turnover, Stage::Blocked] {
        let mut harness = Harness::in_stage(stage);
        harness.run_to(10 * HALF_AN_HOUR_MS);
        assert!(!is_reported(&harness), "{}", stage.name());
    }
}

#[test]
fn finished_turnover_steps_last_until_the_next_reset() {
    let mut harness = Harness::in_stage(Stage::Turnover);
    harness.ok(0, Event::WipeVerified(receipt(true)));
    let steps = |harness: &Harness| {
        let snapshot = harness.snapshot();
        (snapshot.surface_cleaned, snapshot.speaker_tested, snapshot.call_tested)
    };
    harness.ok(0, Event::TestToneRequested);
    assert_eq!(harness.effects(), [Effect::Signal(Signal::TestTone)]);
    assert_eq!(steps(&harness), (false, false, false), "playing a tone does not prove that it was heard");
    harness.ok(0, Event::TestToneHeard);
    harness.ok(0, Event::SurfaceCleaned);
    harness.ok(0, Event::DeskConnected { desk: DESK });
    harness.ok(0, practice());
    harness.ok(0, sent());
    assert_eq!(steps(&harness), (true, true, false), "sending does not prove that a desk received it");
    harness.ok(0, received(DESK));
    assert_eq!(steps(&harness), (true, true, true));
    harness.ok(3_000, Event::PracticeEnds);
    assert_eq!((harness.snapshot().call, harness.room.poll_timeout(harness.now)), (None, None));
    harness.ok(3_000, Event::TurnoverDone);
    assert_eq!((steps(&harness), harness.snapshot().call), ((true, true, true), None));
    harness.ok(3_000, Event::StaffReset);
    assert_eq!(steps(&harness), (false, false, false));
}
