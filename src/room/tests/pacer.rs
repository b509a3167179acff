//! Owns the tests of the breath and of the pacer. The breath must be continuous, and exact even after a day. The pacer
//! must be on when the part, the patient or the anchor asks for it.

use super::breath::{Breath, BreathPhase};
use super::*;

const DAY: Duration = Duration::from_hours(24);
const STEP: Duration = Duration::from_millis(5);

fn level_at(pattern: BreathPattern, at: Duration) -> f64 {
    pattern.at(at).level
}

fn breath_now(harness: &Harness) -> Option<Breath> {
    harness.snapshot().breath.map(|breath| breath.at(harness.now))
}

fn is_pacing(harness: &Harness) -> bool {
    harness.snapshot().breath.is_some()
}

fn switched(on: bool) -> Event {
    Event::Breath { on }
}

#[test]
fn level_and_slope_are_continuous_in_every_pattern() {
    for pattern in BreathPattern::ALL {
        // The steepest slope and curvature are those of a cosine over the shortest phase, which is 3 s. These limits
        // are slightly above them.
        let (slope_max, curvature_max) = (0.53, 0.55);
        let (mut level, mut slope) = (level_at(pattern, Duration::ZERO), 0.0);
        assert!(level.abs() < 1e-9);
        for step in 1..=(3 * pattern.cycle().as_millis() / STEP.as_millis()) as u32 {
            let next = level_at(pattern, STEP * step);
            let next_slope = (next - level) / STEP.as_secs_f64();
            assert!((0.0..=1.0).contains(&next));
            assert!(next_slope.abs() <= slope_max, "{} moves by {next_slope} a second", pattern.name());
            let curvature = (next_slope - slope) / STEP.as_secs_f64();
            assert!(curvature.abs() <= curvature_max, "{} bends by {curvature} at {:?}", pattern.name(), STEP * step);
            (level, slope) = (next, next_slope);
        }
    }
}

#[test]
fn every_phase_lasts_as_long_as_the_patterns_name_says() {
    for (pattern, phases_ms) in [
        (BreathPattern::FourSix, [4_000, 0, 6_000, 0]),
        (BreathPattern::ThreeSeven, [3_000, 0, 7_000, 0]),
        (BreathPattern::FiveFive, [5_000, 0, 5_000, 0]),
        (BreathPattern::Box4, [4_000, 4_000, 4_000, 4_000]),
    ] {
        let mut counted_ms = [0, 0, 0, 0];
        for ms in 0..time::millis(pattern.cycle()) {
            match pattern.at(Duration::from_millis(ms)).phase {
                BreathPhase::Inhale => counted_ms[0] += 1,
                BreathPhase::HoldFull => counted_ms[1] += 1,
                BreathPhase::Exhale => counted_ms[2] += 1,
                BreathPhase::HoldEmpty => counted_ms[3] += 1,
            }
        }
        assert_eq!(counted_ms, phases_ms, "{}", pattern.name());
    }
}

#[test]
fn the_breath_does_not_drift_within_a_day() {
    for pattern in BreathPattern::ALL {
        assert_eq!(DAY.as_millis() % pattern.cycle().as_millis(), 0);
        for ms in (0..time::millis(pattern.cycle())).step_by(13) {
            let since = Duration::from_millis(ms);
            let drift = (level_at(pattern, since) - level_at(pattern, DAY + since)).abs();
            assert!(drift < 1e-6, "{} drifts by {drift}", pattern.name());
        }
    }
}

#[test]
fn every_pattern_is_found_by_its_name() {
    for pattern in BreathPattern::ALL {
        assert_eq!(BreathPattern::from_name(pattern.name()), Some(pattern));
    }
    assert_eq!(BreathPattern::from_name("6-4"), None);
}

#[test]
fn a_new_pattern_begins_at_the_end_of_the_running_breath() {
    let mut harness = Harness::in_stage(Stage::Arrive);
    harness.ok(1_000, switched(true));
    harness.ok(13_000, Event::BreathPatternChosen(BreathPattern::ThreeSeven));
    assert_eq!(harness.room.poll_timeout(harness.now), Some(RoomTime(21_000)));
    assert_eq!(harness.snapshot().breath.map(|breath| breath.pattern), Some(BreathPattern::FourSix));
    // The last of several choices wins, and the time of the change stays the same.
    harness.ok(14_000, Event::BreathPatternChosen(BreathPattern::FiveFive));
    assert_eq!(harness.room.poll_timeout(harness.now), Some(RoomTime(21_000)));
    harness.run_to(21_000);
    let breath = harness.snapshot().breath.expect("the pacer is on");
    assert_eq!((breath.pattern, breath.started, breath.next), (BreathPattern::FiveFive, RoomTime(21_000), None));
    assert_eq!(harness.room.poll_timeout(harness.now), None);
}

#[test]
fn a_change_of_pattern_is_as_smooth_as_the_breath_itself() {
    for from in BreathPattern::ALL {
        for to in BreathPattern::ALL {
            for asked_ms in (0..time::millis(from.cycle())).step_by(997) {
                let mut harness = Harness::in_stage(Stage::Arrive);
                harness.ok(0, Event::BreathPatternChosen(from));
                harness.ok(0, switched(true));
                harness.ok(asked_ms, Event::BreathPatternChosen(to));
                let early = harness.snapshot().breath.expect("the pacer is on");
                let mut level = early.at(harness.now).level;
                for at_ms in (asked_ms..asked_ms + 40_000).step_by(50) {
                    harness.run_to(at_ms);
                    let now = breath_now(&harness).expect("the pacer is on");
                    assert!((now.level - level).abs() < 0.03, "{} to {} at {at_ms}", from.name(), to.name());
                    // A screen that still has the older snapshot shows the same breath.
                    assert_eq!(early.at(harness.now), now);
                    level = now.level;
                }
                assert_eq!(harness.snapshot().breath.map(|breath| breath.pattern), Some(to));
            }
        }
    }
}

#[test]
fn by_default_the_pacer_is_off_from_onset_to_return() {
    let mut harness = Harness::new();
    harness.ok(0, settling());
    assert!(is_pacing(&harness), "settle");
    harness.ok(MINUTE, Event::InfusionStarts);
    assert!(!is_pacing(&harness), "onset");
    harness.run_to(20 * MINUTE);
    assert!(!is_pacing(&harness), "peak");
    harness.run_to(47 * MINUTE);
    assert!(is_pacing(&harness), "landing");
}

#[test]
fn the_patients_choice_outlasts_the_part() {
    let mut harness = Harness::new();
    harness.ok(0, session(None));
    harness.ok(20 * MINUTE, switched(true));
    harness.run_to(40 * MINUTE);
    assert!(is_pacing(&harness));
    harness.ok(40 * MINUTE, switched(false));
    harness.run_to(50 * MINUTE);
    assert!(!is_pacing(&harness), "even though the part asks for it");
}

#[test]
fn the_anchor_holds_the_breath_and_then_restores_what_was_before() {
    let mut harness = Harness::new();
    harness.ok(0, session(None));
    harness.ok(20 * MINUTE, Event::Anchor { on: true });
    assert!(is_pacing(&harness) && harness.snapshot().anchor);
    harness.run_to(36 * MINUTE);
    assert!(is_pacing(&harness), "across the boundary of a part");
    harness.ok(37 * MINUTE, Event::Anchor { on: false });
    assert!(!is_pacing(&harness), "as the part asks");
    harness.ok(46 * MINUTE, switched(false));
    harness.ok(47 * MINUTE, Event::Anchor { on: true });
    assert!(is_pacing(&harness));
    harness.ok(48 * MINUTE, Event::Anchor { on: false });
    assert!(!is_pacing(&harness), "as the patient chose");
}

#[test]
fn calm_brings_the_anchor_and_undoing_it_restores_what_the_patient_had() {
    for anchored in [false, true] {
        let mut harness = Harness::new();
        harness.ok(0, session(None));
        harness.ok(20 * MINUTE, Event::Anchor { on: anchored });
        harness.ok(21 * MINUTE, Event::Calm { on: true });
        assert!(harness.snapshot().calm && harness.snapshot().anchor && is_pacing(&harness));
        harness.ok(22 * MINUTE, Event::Calm { on: true });
        harness.ok(23 * MINUTE, Event::Calm { on: false });
        assert!(!harness.snapshot().calm);
        assert_eq!((harness.snapshot().anchor, is_pacing(&harness)), (anchored, anchored));
    }
}

#[test]
fn a_patient_can_leave_the_anchor_of_a_calmed_room() {
    let mut harness = Harness::new();
    harness.ok(0, session(None));
    harness.ok(20 * MINUTE, Event::Calm { on: true });
    harness.ok(21 * MINUTE, Event::Anchor { on: false });
    assert!(harness.snapshot().calm && !harness.snapshot().anchor);
    harness.ok(22 * MINUTE, Event::Calm { on: false });
    assert!(!harness.snapshot().anchor && !is_pacing(&harness));
}

#[test]
fn releasing_the_anchor_outside_a_session_stops_the_pacer() {
    for stage in [Stage::Arrive, Stage::After, Stage::Farewell] {
        let mut harness = Harness::in_stage(stage);
        harness.ok(0, Event::Anchor { on: true });
        assert!(is_pacing(&harness));
        harness.ok(1_000, Event::Anchor { on: false });
        assert!(!is_pacing(&harness), "in {}", stage.name());
    }
}

#[test]
fn no_breath_is_held_during_the_infusion_whenever_it_was_chosen() {
    for chosen_before in [true, false] {
        let mut harness = Harness::in_stage(Stage::Arrive);
        if chosen_before {
            harness.ok(0, Event::BreathPatternChosen(BreathPattern::Box4));
            harness.ok(0, switched(true));
        }
        harness.ok(MINUTE, session(None));
        if !chosen_before {
            let _ = harness.input(2 * MINUTE, Event::BreathPatternChosen(BreathPattern::Box4));
        }
        harness.ok(3 * MINUTE, switched(true));
        for minute in 4..35 {
            harness.run_to(minute * MINUTE);
            let pattern = harness.snapshot().breath.map(|breath| breath.pattern);
            assert_ne!(pattern, Some(BreathPattern::Box4), "chosen before: {chosen_before}, minute {minute}");
        }
    }
}
