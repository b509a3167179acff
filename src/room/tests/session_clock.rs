//! Owns the tests of the session clock: when the parts begin in real time, and what pausing, extending and ending
//! change.

use super::*;

const PARTS_IN_ORDER: [Part; 4] = [Part::Onset, Part::Peak, Part::Return, Part::Landing];

/// A room whose session began at `from_ms`.
fn started(infusion_minutes: u32, speed: u32, from_ms: u64) -> Harness {
    let mut harness = Harness::with(Rules { speed, ..rules() });
    harness.ok(from_ms, session(Some(infusion_minutes)));
    harness
}

/// Handles every timeout until the session has landed. For each timeout, returns the real time since `from_ms` and the
/// part after it.
fn timeouts(harness: &mut Harness, from_ms: u64) -> Vec<(u64, Part)> {
    let mut seen = Vec::new();
    while let Some(due) = harness.room.poll_timeout(harness.now) {
        harness.run_to(due.0);
        seen.push((due.0 - from_ms, harness.part()));
        assert!(seen.len() < 100, "the session never lands: {seen:?}");
    }
    seen
}

#[test]
fn timeouts_are_at_the_boundaries_of_the_contract_and_nowhere_else() {
    for (infusion, [peak, back, landing, end]) in
        [(40, [12, 35, 45, 55]), (60, [15, 55, 65, 75]), (120, [15, 115, 125, 135])]
    {
        let mut harness = started(infusion, 1, 777);
        assert_eq!(harness.part(), Part::Onset);
        assert_eq!(
            timeouts(&mut harness, 777),
            vec![
                (peak * MINUTE, Part::Peak),
                (back * MINUTE, Part::Return),
                (landing * MINUTE, Part::Landing),
                (end * MINUTE, Part::Landing)
            ]
        );
        assert!(harness.snapshot().session.is_some_and(|session| session.landed && !session.running));
    }
}

#[test]
fn each_part_begins_at_its_exact_millisecond() {
    let mut harness = started(40, 1, 0);
    for (minute, before, after) in
        [(12, Part::Onset, Part::Peak), (35, Part::Peak, Part::Return), (45, Part::Return, Part::Landing)]
    {
        harness.run_to(minute * MINUTE - 1);
        assert_eq!(harness.part(), before);
        harness.run_to(minute * MINUTE);
        assert_eq!(harness.part(), after);
    }
    harness.run_to(55 * MINUTE - 1);
    assert!(harness.snapshot().session.is_some_and(|session| !session.landed));
    harness.run_to(55 * MINUTE);
    assert!(harness.snapshot().session.is_some_and(|session| session.landed));
}

#[test]
fn at_speed_60_a_minute_passes_in_a_second() {
    let mut harness = started(40, 60, 500);
    assert_eq!(
        timeouts(&mut harness, 500),
        vec![
            (12 * SECOND, Part::Peak),
            (35 * SECOND, Part::Return),
            (45 * SECOND, Part::Landing),
            (55 * SECOND, Part::Landing)
        ]
    );
}

#[test]
fn odd_speeds_cause_no_early_and_no_repeated_timeout() {
    for speed in [7, 11, 59, 601] {
        let mut harness = started(40, speed, 3);
        harness.ok(10, Event::Pause);
        harness.ok(20, Event::Resume);
        assert_eq!(timeouts(&mut harness, 3).len(), 4, "at speed {speed}");
        assert_eq!(harness.clock_ms(), 55 * MINUTE);
    }
}

#[test]
fn speed_does_not_affect_the_timers_of_a_call() {
    let mut harness = started(40, 60, 0);
    harness.ok(1_000, press());
    harness.run_to(5_999);
    assert!(!harness.call().no_desk_told);
    harness.run_to(6_000);
    assert!(harness.call().no_desk_told);
}

#[test]
fn settle_lasts_until_the_pump_starts() {
    let mut harness = Harness::new();
    harness.ok(0, settling());
    harness.run_to(60 * MINUTE);
    assert_eq!(harness.part(), Part::Settle);
    assert_eq!(harness.snapshot().session.and_then(|session| session.clock_at_snapshot_ms), None);
    harness.refused(60 * MINUTE, Event::Pause);
    harness.refused(60 * MINUTE, Event::Resume);
    harness.ok(60 * MINUTE, Event::InfusionStarts);
    assert_eq!((harness.part(), harness.clock_ms()), (Part::Onset, 0));
    harness.refused(60 * MINUTE, Event::InfusionStarts);
}

#[test]
fn pause_stops_the_clock_and_resume_continues_from_there() {
    let mut harness = started(40, 1, 0);
    harness.ok(10 * MINUTE, Event::Pause);
    assert_eq!(harness.room.poll_timeout(harness.now), None);
    harness.refused(11 * MINUTE, Event::Pause);
    harness.run_to(100 * MINUTE);
    assert_eq!((harness.clock_ms(), harness.part()), (10 * MINUTE, Part::Onset));
    harness.ok(100 * MINUTE, Event::Resume);
    harness.refused(100 * MINUTE, Event::Resume);
    assert_eq!(harness.room.poll_timeout(harness.now), Some(RoomTime(102 * MINUTE)));
    harness.run_to(102 * MINUTE);
    assert_eq!((harness.clock_ms(), harness.part()), (12 * MINUTE, Part::Peak));
}

#[test]
fn a_session_that_has_landed_cannot_be_paused() {
    let mut harness = started(40, 1, 0);
    harness.refused(56 * MINUTE, Event::Pause);
}

#[test]
fn extending_moves_only_what_is_still_ahead() {
    // In each case, an infusion of 40 minutes is extended by 30 minutes in a different part. The boundaries are the
    // minutes at which peak, return and landing then begin and the session ends.
    for (at_minute, boundaries) in
        [(5, [15, 65, 75, 85]), (20, [12, 65, 75, 85]), (40, [12, 35, 75, 85]), (50, [12, 35, 45, 85])]
    {
        let mut harness = started(40, 1, 0);
        harness.run_to(at_minute * MINUTE);
        let part = harness.part();
        harness.ok(at_minute * MINUTE, Event::Extend { minutes: 30 });
        assert_eq!((harness.clock_ms(), harness.part()), (at_minute * MINUTE, part));
        let timeline = harness.snapshot().session.expect("a session is in progress").timeline;
        assert_eq!(
            [timeline.peak_from_ms, timeline.return_from_ms, timeline.landing_from_ms, timeline.end_ms],
            boundaries.map(|m| m * MINUTE)
        );
        assert_eq!((timeline.infusion_ms, harness.snapshot().infusion_minutes), (70 * MINUTE, 70));
        let expected: Vec<u64> = boundaries.iter().map(|m| m * MINUTE).filter(|m| *m > at_minute * MINUTE).collect();
        assert_eq!(timeouts(&mut harness, 0).into_iter().map(|(at, _)| at).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn extending_while_settling_or_paused_keeps_the_clock_where_it_is() {
    let mut harness = Harness::new();
    harness.ok(0, settling());
    harness.ok(MINUTE, Event::Extend { minutes: 20 });
    harness.ok(2 * MINUTE, Event::InfusionStarts);
    assert_eq!(harness.snapshot().session.map(|session| session.timeline), Some(SessionTimeline::new(60)));

    harness.ok(12 * MINUTE, Event::Pause);
    harness.ok(30 * MINUTE, Event::Extend { minutes: 20 });
    assert_eq!(harness.clock_ms(), 10 * MINUTE);
    assert_eq!(harness.room.poll_timeout(harness.now), None);
}

#[test]
fn extending_after_the_landing_continues_without_a_jump() {
    let mut harness = started(40, 1, 0);
    harness.run_to(200 * MINUTE);
    assert_eq!(harness.clock_ms(), 55 * MINUTE);
    harness.ok(200 * MINUTE, Event::Extend { minutes: 10 });
    assert_eq!((harness.clock_ms(), harness.part()), (55 * MINUTE, Part::Landing));
    assert!(harness.snapshot().session.is_some_and(|session| session.running && !session.landed));
    assert_eq!(timeouts(&mut harness, 200 * MINUTE), vec![(10 * MINUTE, Part::Landing)]);
}

#[test]
fn extensions_are_limited() {
    let mut harness = started(40, 1, 0);
    for minutes in [0, EXTEND_MINUTES_MAX + 1] {
        assert!(matches!(harness.refused(0, Event::Extend { minutes }), Refusal::OutOfRange { .. }));
    }
    harness.ok(0, Event::Extend { minutes: EXTEND_MINUTES_MAX });
    harness.ok(0, Event::Extend { minutes: 80 });
    assert!(matches!(harness.refused(0, Event::Extend { minutes: 1 }), Refusal::OutOfRange { .. }));
}

#[test]
fn end_now_lands_within_five_minutes_from_every_part() {
    for at_minute in [5, 20, 40, 46] {
        let mut harness = started(40, 1, 0);
        harness.ok(at_minute * MINUTE, Event::End { landing_minutes: None });
        assert_eq!(harness.clock_ms(), at_minute * MINUTE);
        harness.run_to((at_minute + 1) * MINUTE);
        assert_eq!(harness.part(), Part::Landing);
        harness.run_to((at_minute + 5) * MINUTE - 1);
        assert!(harness.snapshot().session.is_some_and(|session| !session.landed), "at {at_minute}");
        harness.run_to((at_minute + 5) * MINUTE);
        assert!(harness.snapshot().session.is_some_and(|session| session.landed), "at {at_minute}");
    }
}

#[test]
fn a_late_end_now_never_lands_later_than_planned() {
    let mut harness = started(40, 1, 0);
    harness.ok(53 * MINUTE, Event::End { landing_minutes: Some(20) });
    assert_eq!(timeouts(&mut harness, 0), vec![(55 * MINUTE, Part::Landing)]);
    harness.ok(80 * MINUTE, Event::End { landing_minutes: None });
    assert_eq!(harness.clock_ms(), 55 * MINUTE);
}

#[test]
fn the_clinician_chooses_how_long_the_landing_takes() {
    for minutes in [0, 1, 20] {
        let mut harness = started(60, 1, 0);
        harness.ok(20 * MINUTE, Event::End { landing_minutes: Some(minutes) });
        harness.run_to((20 + u64::from(minutes)) * MINUTE);
        assert!(harness.snapshot().session.is_some_and(|session| session.landed));
    }
    let mut harness = started(60, 1, 0);
    assert!(matches!(harness.refused(0, Event::End { landing_minutes: Some(21) }), Refusal::OutOfRange { .. }));
}

#[test]
fn end_now_starts_a_paused_or_waiting_clock() {
    let mut harness = started(40, 1, 0);
    harness.ok(20 * MINUTE, Event::Pause);
    harness.ok(30 * MINUTE, Event::End { landing_minutes: None });
    assert_eq!(harness.clock_ms(), 20 * MINUTE);
    harness.run_to(35 * MINUTE);
    assert!(harness.snapshot().session.is_some_and(|session| session.landed && !session.paused));

    let mut harness = Harness::new();
    harness.ok(0, settling());
    harness.ok(30 * MINUTE, Event::End { landing_minutes: None });
    harness.run_to(35 * MINUTE);
    assert!(harness.snapshot().session.is_some_and(|session| session.landed));
}

#[test]
fn end_now_never_makes_light_or_sound_jump() {
    let keyframes = [0.9, 0.6, 0.2, 0.5, 0.8];
    for second in 0..55 * 60 {
        let clock_ms = second * SECOND;
        let planned = SessionTimeline::new(40);
        let mut ended = planned;
        ended.end_now(clock_ms, 5);
        let step = ended.interpolate(&keyframes, Some(clock_ms)) - planned.interpolate(&keyframes, Some(clock_ms));
        assert!(step.abs() < 0.01, "a jump of {step} when ended at {second} s");
        let mut before = ended.interpolate(&keyframes, Some(clock_ms));
        for later in 1..=6 * 60 {
            let now = ended.interpolate(&keyframes, Some(clock_ms + later * SECOND));
            assert!((now - before).abs() < 0.025, "a jump of {} {later} s after the end at {second} s", now - before);
            before = now;
        }
    }
}

#[test]
fn extending_never_makes_light_or_sound_jump() {
    let keyframes = [0.9, 0.6, 0.2, 0.5, 0.8];
    for second in 0..55 * 60 {
        let planned = SessionTimeline::new(40);
        let mut longer = planned;
        longer.extend(second * SECOND, 5);
        let step = longer.interpolate(&keyframes, Some(second * SECOND))
            - planned.interpolate(&keyframes, Some(second * SECOND));
        assert!(step.abs() < 0.01, "a jump of {step} when extended at {second} s");
    }
}

#[test]
fn the_clock_of_an_older_snapshot_stays_correct() {
    let mut harness = started(40, 60, 0);
    let early = harness.snapshot().session.expect("a session is in progress");
    for second in 1..120 {
        harness.run_to(second * SECOND);
        assert_eq!(early.clock_ms(harness.now), Some(harness.clock_ms()));
    }
}

#[test]
fn parts_come_in_order_at_every_length() {
    for infusion in INFUSION_MINUTES_MIN..=INFUSION_MINUTES_MAX {
        let mut harness = started(infusion, 1, 0);
        let mut parts = vec![harness.part()];
        parts.extend(timeouts(&mut harness, 0).into_iter().map(|(_, part)| part));
        parts.dedup();
        assert_eq!(parts, PARTS_IN_ORDER, "at {infusion} minutes");
    }
    for infusion_minutes in [0, INFUSION_MINUTES_MIN - 1, INFUSION_MINUTES_MAX + 1] {
        assert!(matches!(Harness::new().refused(0, session(Some(infusion_minutes))), Refusal::OutOfRange { .. }));
    }
}
