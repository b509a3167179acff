//! Owns the tests of what comes after a visit: a room that is left, which never resets itself, and the turnover list.

use super::*;
use crate::vocabulary::signal::Signal;

const HALF_AN_HOUR_MS: u64 = 30 * 60_000;

fn is_told(play: &Play) -> bool {
    play.snapshot().troubles.contains(&Trouble::RoomLeft)
}

#[test]
fn a_room_that_is_left_tells_the_desk_after_half_an_hour_and_does_nothing_else() {
    for stage in [Stage::After, Stage::Farewell] {
        let mut play = Play::in_stage(stage);
        play.run_to(HALF_AN_HOUR_MS - 1);
        assert!(!is_told(&play), "{}", stage.name());
        assert_eq!(play.room.poll_timeout(play.now), Some(RoomTime(HALF_AN_HOUR_MS)));
        play.run_to(HALF_AN_HOUR_MS);
        assert!(is_told(&play), "{}", stage.name());
        play.run_to(48 * HALF_AN_HOUR_MS);
        assert_eq!((play.snapshot().stage, play.effects()), (stage, vec![]), "a room never resets itself");
        play.ok(48 * HALF_AN_HOUR_MS, Event::StaffReset);
        assert!(!is_told(&play));
    }
}

#[test]
fn whoever_still_writes_has_not_been_left() {
    let mut play = Play::in_stage(Stage::After);
    play.ok(HALF_AN_HOUR_MS - 1, typed("words"));
    play.run_to(2 * HALF_AN_HOUR_MS - 2);
    assert!(!is_told(&play));
    play.run_to(2 * HALF_AN_HOUR_MS);
    assert!(is_told(&play));
    play.ok(3 * HALF_AN_HOUR_MS, typed("words"));
    assert!(!is_told(&play), "the person was there all along");
    play.ok(3 * HALF_AN_HOUR_MS + 1, Event::Farewell);
    play.run_to(4 * HALF_AN_HOUR_MS);
    assert!(!is_told(&play));
    // What only the room itself says is no sign of anybody.
    play.ok(4 * HALF_AN_HOUR_MS, Event::DeskSeen { desk: DESK });
    play.run_to(4 * HALF_AN_HOUR_MS + 1);
    assert!(is_told(&play));
}

#[test]
fn before_after_and_between_people_nobody_is_missed() {
    for stage in [Stage::Ready, Stage::Arrive, Stage::Session, Stage::Turnover, Stage::Blocked] {
        let mut play = Play::in_stage(stage);
        play.run_to(10 * HALF_AN_HOUR_MS);
        assert!(!is_told(&play), "{}", stage.name());
    }
}

#[test]
fn each_step_of_the_turnover_is_kept_until_the_next_reset() {
    let mut play = Play::in_stage(Stage::Turnover);
    play.ok(0, Event::WipeVerified(receipt(true)));
    let steps = |play: &Play| {
        let snapshot = play.snapshot();
        (snapshot.surface_cleaned, snapshot.speaker_tested, snapshot.call_tested)
    };
    play.ok(0, Event::SpeakerTested);
    assert_eq!(play.effects(), [Effect::Signal(Signal::TestTone)]);
    assert_eq!(steps(&play), (false, false, false), "a tone that was played is not yet one that was heard");
    play.ok(0, Event::SpeakerHeard);
    play.ok(0, Event::SurfaceCleaned);
    play.ok(0, Event::DeskSeen { desk: DESK });
    play.ok(0, practice());
    play.ok(0, sent());
    assert_eq!(steps(&play), (true, true, false), "no news is not good news");
    play.ok(0, received(DESK));
    assert_eq!(steps(&play), (true, true, true));
    play.ok(0, Event::TurnoverDone);
    assert_eq!((steps(&play), play.snapshot().call), ((true, true, true), None));
    play.ok(0, Event::StaffReset);
    assert_eq!(steps(&play), (false, false, false));
}
