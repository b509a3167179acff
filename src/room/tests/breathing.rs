//! Owns the tests of the breath: smooth for eye and ear, exact for a day, and on when part, wish or anchor say so.

use super::breath::{Breath, Phase};
use super::*;

const DAY: Duration = Duration::from_hours(24);
const STEP: Duration = Duration::from_millis(5);

fn level_at(pattern: Pattern, at: Duration) -> f64 {
    pattern.at(at).level
}

fn pacer(play: &Play) -> Option<Breath> {
    play.snapshot().breath.map(|breath| breath.at(play.now))
}

fn breathing(play: &Play) -> bool {
    play.snapshot().breath.is_some()
}

fn wish(on: bool) -> Event {
    Event::BreathWished { on }
}

#[test]
fn level_and_speed_never_jump_in_any_pattern() {
    for pattern in Pattern::ALL {
        // A cosine over the shortest quarter of 3 s: the steepest slope and curve it can have.
        let (slope_max, curve_max) = (0.53, 0.55);
        let (mut level, mut slope) = (level_at(pattern, Duration::ZERO), 0.0);
        assert!(level.abs() < 1e-9);
        for step in 1..=(3 * pattern.cycle().as_millis() / STEP.as_millis()) as u32 {
            let next = level_at(pattern, STEP * step);
            let next_slope = (next - level) / STEP.as_secs_f64();
            assert!((0.0..=1.0).contains(&next));
            assert!(next_slope.abs() <= slope_max, "{} moves by {next_slope} a second", pattern.name());
            let curve = (next_slope - slope) / STEP.as_secs_f64();
            assert!(curve.abs() <= curve_max, "{} bends by {curve} at {:?}", pattern.name(), STEP * step);
            (level, slope) = (next, next_slope);
        }
    }
}

#[test]
fn every_quarter_lasts_as_long_as_its_name_says() {
    for (pattern, quarters) in [
        (Pattern::FourSix, [4_000, 0, 6_000, 0]),
        (Pattern::ThreeSeven, [3_000, 0, 7_000, 0]),
        (Pattern::FiveFive, [5_000, 0, 5_000, 0]),
        (Pattern::Box4, [4_000, 4_000, 4_000, 4_000]),
    ] {
        let mut counted = [0, 0, 0, 0];
        for ms in 0..time::millis(pattern.cycle()) {
            match pattern.at(Duration::from_millis(ms)).phase {
                Phase::In => counted[0] += 1,
                Phase::Full => counted[1] += 1,
                Phase::Out => counted[2] += 1,
                Phase::Empty => counted[3] += 1,
            }
        }
        assert_eq!(counted, quarters, "{}", pattern.name());
    }
}

#[test]
fn a_day_later_the_breath_has_not_drifted() {
    for pattern in Pattern::ALL {
        assert_eq!(DAY.as_millis() % pattern.cycle().as_millis(), 0);
        for ms in (0..time::millis(pattern.cycle())).step_by(13) {
            let since = Duration::from_millis(ms);
            let drift = (level_at(pattern, since) - level_at(pattern, DAY + since)).abs();
            assert!(drift < 1e-6, "{} drifts by {drift}", pattern.name());
        }
    }
}

#[test]
fn names_lead_back_to_their_pattern() {
    for pattern in Pattern::ALL {
        assert_eq!(Pattern::from_name(pattern.name()), Some(pattern));
    }
    assert_eq!(Pattern::from_name("6-4"), None);
}

#[test]
fn another_pattern_waits_for_the_end_of_the_breath() {
    let mut play = Play::in_stage(Stage::Arrive);
    play.ok(1_000, wish(true));
    play.ok(13_000, Event::BreathPattern(Pattern::ThreeSeven));
    assert_eq!(play.room.poll_timeout(play.now), Some(RoomTime(21_000)));
    assert_eq!(play.snapshot().breath.map(|breath| breath.pattern), Some(Pattern::FourSix));
    // Asked for again before the change: the last wish holds, at the same moment.
    play.ok(14_000, Event::BreathPattern(Pattern::FiveFive));
    assert_eq!(play.room.poll_timeout(play.now), Some(RoomTime(21_000)));
    play.run_to(21_000);
    let breath = play.snapshot().breath.expect("the pacer is on");
    assert_eq!((breath.pattern, breath.started, breath.next), (Pattern::FiveFive, RoomTime(21_000), None));
    assert_eq!(play.room.poll_timeout(play.now), None);
}

#[test]
fn a_change_of_pattern_is_as_smooth_as_the_breath_itself() {
    for from in Pattern::ALL {
        for to in Pattern::ALL {
            for asked_ms in (0..time::millis(from.cycle())).step_by(997) {
                let mut play = Play::in_stage(Stage::Arrive);
                play.ok(0, Event::BreathPattern(from));
                play.ok(0, wish(true));
                play.ok(asked_ms, Event::BreathPattern(to));
                let early = play.snapshot().breath.expect("the pacer is on");
                let mut level = early.at(play.now).level;
                for at_ms in (asked_ms..asked_ms + 40_000).step_by(50) {
                    play.run_to(at_ms);
                    let now = pacer(&play).expect("the pacer is on");
                    assert!((now.level - level).abs() < 0.03, "{} to {} at {at_ms}", from.name(), to.name());
                    // Who holds the older snapshot sees the same breath without being told of the change.
                    assert_eq!(early.at(play.now), now);
                    level = now.level;
                }
                assert_eq!(play.snapshot().breath.map(|breath| breath.pattern), Some(to));
            }
        }
    }
}

#[test]
fn the_pacer_is_off_at_peak_unless_wished_for() {
    let mut play = Play::new();
    play.ok(0, settling());
    assert!(breathing(&play), "settle");
    play.ok(MINUTE, Event::InfusionStarts);
    assert!(!breathing(&play), "onset");
    play.run_to(20 * MINUTE);
    assert!(!breathing(&play), "peak");
    play.run_to(47 * MINUTE);
    assert!(breathing(&play), "landing");
}

#[test]
fn a_wish_outlasts_the_part() {
    let mut play = Play::new();
    play.ok(0, session(None));
    play.ok(20 * MINUTE, wish(true));
    play.run_to(40 * MINUTE);
    assert!(breathing(&play));
    play.ok(40 * MINUTE, wish(false));
    play.run_to(50 * MINUTE);
    assert!(!breathing(&play), "even where the part would ask for it");
}

#[test]
fn the_anchor_holds_the_breath_and_gives_back_what_was() {
    let mut play = Play::new();
    play.ok(0, session(None));
    play.ok(20 * MINUTE, Event::Anchor { on: true });
    assert!(breathing(&play) && play.snapshot().anchor);
    play.run_to(36 * MINUTE);
    assert!(breathing(&play), "over the border of a part");
    play.ok(37 * MINUTE, Event::Anchor { on: false });
    assert!(!breathing(&play), "as the part asks");
    play.ok(46 * MINUTE, wish(false));
    play.ok(47 * MINUTE, Event::Anchor { on: true });
    assert!(breathing(&play));
    play.ok(48 * MINUTE, Event::Anchor { on: false });
    assert!(!breathing(&play), "as was wished");
}

#[test]
fn the_anchor_lets_go_where_no_session_runs() {
    for stage in [Stage::Arrive, Stage::After, Stage::Farewell] {
        let mut play = Play::in_stage(stage);
        play.ok(0, Event::Anchor { on: true });
        assert!(breathing(&play));
        play.ok(1_000, Event::Anchor { on: false });
        assert!(!breathing(&play), "in {}", stage.name());
    }
}

/// Holds are off in the infusion, whether chosen before it or in it.
#[test]
fn no_breath_is_held_during_the_infusion() {
    for chosen_before in [true, false] {
        let mut play = Play::in_stage(Stage::Arrive);
        if chosen_before {
            play.ok(0, Event::BreathPattern(Pattern::Box4));
            play.ok(0, wish(true));
        }
        play.ok(MINUTE, session(None));
        if !chosen_before {
            let _ = play.at(2 * MINUTE, Event::BreathPattern(Pattern::Box4));
        }
        play.ok(3 * MINUTE, wish(true));
        for minute in 4..35 {
            play.run_to(minute * MINUTE);
            let pattern = play.snapshot().breath.map(|breath| breath.pattern);
            assert_ne!(pattern, Some(Pattern::Box4), "chosen before: {chosen_before}, minute {minute}");
        }
    }
}
