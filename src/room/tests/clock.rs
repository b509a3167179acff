//! Owns the session clock under the arc: where the parts fall in real time, and what pause, extend and end do to it.

use super::*;

const PARTS_IN_ORDER: [Part; 4] = [Part::Onset, Part::Peak, Part::Return, Part::Landing];

/// A session that began at `from_ms` with this speed.
fn begun(infusion_minutes: u32, speed: u32, from_ms: u64) -> Play {
    let mut play = Play::with(Rules { speed, ..rules() });
    play.ok(from_ms, session(Some(infusion_minutes)));
    play
}

/// Every waking on the way to the landing: real time since the beginning, and the part from then on.
fn wakings(play: &mut Play, from_ms: u64) -> Vec<(u64, Part)> {
    let mut seen = Vec::new();
    while let Some(due) = play.room.poll_timeout(play.now) {
        play.run_to(due.0);
        seen.push((due.0 - from_ms, play.part()));
        assert!(seen.len() < 100, "it never lands: {seen:?}");
    }
    seen
}

#[test]
fn the_room_wakes_at_each_border_of_the_contract_and_nowhere_else() {
    for (infusion, [peak, back, landing, end]) in
        [(40, [12, 35, 45, 55]), (60, [15, 55, 65, 75]), (120, [15, 115, 125, 135])]
    {
        let mut play = begun(infusion, 1, 777);
        assert_eq!(play.part(), Part::Onset);
        assert_eq!(
            wakings(&mut play, 777),
            vec![
                (peak * MINUTE, Part::Peak),
                (back * MINUTE, Part::Return),
                (landing * MINUTE, Part::Landing),
                (end * MINUTE, Part::Landing)
            ]
        );
        assert!(play.snapshot().session.is_some_and(|session| session.landed && !session.running));
    }
}

#[test]
fn each_part_begins_on_its_very_millisecond() {
    let mut play = begun(40, 1, 0);
    for (minute, before, after) in
        [(12, Part::Onset, Part::Peak), (35, Part::Peak, Part::Return), (45, Part::Return, Part::Landing)]
    {
        play.run_to(minute * MINUTE - 1);
        assert_eq!(play.part(), before);
        play.run_to(minute * MINUTE);
        assert_eq!(play.part(), after);
    }
    play.run_to(55 * MINUTE - 1);
    assert!(play.snapshot().session.is_some_and(|session| !session.landed));
    play.run_to(55 * MINUTE);
    assert!(play.snapshot().session.is_some_and(|session| session.landed));
}

#[test]
fn at_speed_60_a_minute_passes_in_a_second() {
    let mut play = begun(40, 60, 500);
    assert_eq!(
        wakings(&mut play, 500),
        vec![
            (12 * SECOND, Part::Peak),
            (35 * SECOND, Part::Return),
            (45 * SECOND, Part::Landing),
            (55 * SECOND, Part::Landing)
        ]
    );
}

#[test]
fn an_odd_speed_never_wakes_early_nor_twice() {
    for speed in [7, 11, 59, 601] {
        let mut play = begun(40, speed, 3);
        play.ok(10, Event::Pause);
        play.ok(20, Event::Resume);
        assert_eq!(wakings(&mut play, 3).len(), 4, "at speed {speed}");
        assert_eq!(play.clock_ms(), 55 * MINUTE);
    }
}

#[test]
fn speed_leaves_the_calls_timers_alone() {
    let mut play = begun(40, 60, 0);
    play.ok(1_000, press());
    play.run_to(5_999);
    assert!(!play.call().line_down_told);
    play.run_to(6_000);
    assert!(play.call().line_down_told);
}

#[test]
fn settle_waits_for_the_pump() {
    let mut play = Play::new();
    play.ok(0, settling());
    play.run_to(60 * MINUTE);
    assert_eq!(play.part(), Part::Settle);
    assert_eq!(play.snapshot().session.and_then(|session| session.clock_at_snapshot_ms), None);
    play.refused(60 * MINUTE, Event::Pause);
    play.refused(60 * MINUTE, Event::Resume);
    play.ok(60 * MINUTE, Event::InfusionStarts);
    assert_eq!((play.part(), play.clock_ms()), (Part::Onset, 0));
    play.refused(60 * MINUTE, Event::InfusionStarts);
}

#[test]
fn pause_holds_the_clock_and_resume_goes_on_from_there() {
    let mut play = begun(40, 1, 0);
    play.ok(10 * MINUTE, Event::Pause);
    assert_eq!(play.room.poll_timeout(play.now), None);
    play.refused(11 * MINUTE, Event::Pause);
    play.run_to(100 * MINUTE);
    assert_eq!((play.clock_ms(), play.part()), (10 * MINUTE, Part::Onset));
    play.ok(100 * MINUTE, Event::Resume);
    play.refused(100 * MINUTE, Event::Resume);
    assert_eq!(play.room.poll_timeout(play.now), Some(RoomTime(102 * MINUTE)));
    play.run_to(102 * MINUTE);
    assert_eq!((play.clock_ms(), play.part()), (12 * MINUTE, Part::Peak));
}

#[test]
fn a_session_that_has_landed_has_nothing_to_pause() {
    let mut play = begun(40, 1, 0);
    play.refused(56 * MINUTE, Event::Pause);
}

#[test]
fn extending_moves_only_what_is_still_ahead() {
    // 30 minutes more, asked for in each part of a 40 minute infusion: where peak, return, landing and end fall then.
    for (at_minute, borders) in
        [(5, [15, 65, 75, 85]), (20, [12, 65, 75, 85]), (40, [12, 35, 75, 85]), (50, [12, 35, 45, 85])]
    {
        let mut play = begun(40, 1, 0);
        play.run_to(at_minute * MINUTE);
        let part = play.part();
        play.ok(at_minute * MINUTE, Event::Extend { minutes: 30 });
        assert_eq!((play.clock_ms(), play.part()), (at_minute * MINUTE, part));
        let arc = play.snapshot().session.expect("a session").arc;
        assert_eq!(
            [arc.peak_from_ms, arc.return_from_ms, arc.landing_from_ms, arc.end_ms],
            borders.map(|m| m * MINUTE)
        );
        assert_eq!((arc.infusion_ms, play.snapshot().infusion_minutes), (70 * MINUTE, 70));
        let expected: Vec<u64> = borders.iter().map(|m| m * MINUTE).filter(|m| *m > at_minute * MINUTE).collect();
        assert_eq!(wakings(&mut play, 0).into_iter().map(|(at, _)| at).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn extending_while_settling_or_paused_keeps_the_clock_where_it_is() {
    let mut play = Play::new();
    play.ok(0, settling());
    play.ok(MINUTE, Event::Extend { minutes: 20 });
    play.ok(2 * MINUTE, Event::InfusionStarts);
    assert_eq!(play.snapshot().session.map(|session| session.arc), Some(arc::Arc::new(60)));

    play.ok(12 * MINUTE, Event::Pause);
    play.ok(30 * MINUTE, Event::Extend { minutes: 20 });
    assert_eq!(play.clock_ms(), 10 * MINUTE);
    assert_eq!(play.room.poll_timeout(play.now), None);
}

#[test]
fn extending_after_the_landing_goes_on_without_a_leap() {
    let mut play = begun(40, 1, 0);
    play.run_to(200 * MINUTE);
    assert_eq!(play.clock_ms(), 55 * MINUTE);
    play.ok(200 * MINUTE, Event::Extend { minutes: 10 });
    assert_eq!((play.clock_ms(), play.part()), (55 * MINUTE, Part::Landing));
    assert!(play.snapshot().session.is_some_and(|session| session.running && !session.landed));
    assert_eq!(wakings(&mut play, 200 * MINUTE), vec![(10 * MINUTE, Part::Landing)]);
}

#[test]
fn an_extension_keeps_within_its_limits() {
    let mut play = begun(40, 1, 0);
    for minutes in [0, EXTEND_MINUTES_MAX + 1] {
        assert!(matches!(play.refused(0, Event::Extend { minutes }), Refusal::OutOfRange { .. }));
    }
    play.ok(0, Event::Extend { minutes: EXTEND_MINUTES_MAX });
    play.ok(0, Event::Extend { minutes: 80 });
    assert!(matches!(play.refused(0, Event::Extend { minutes: 1 }), Refusal::OutOfRange { .. }));
}

#[test]
fn ending_lands_in_five_minutes_from_every_part() {
    for at_minute in [5, 20, 40, 46] {
        let mut play = begun(40, 1, 0);
        play.ok(at_minute * MINUTE, Event::End { landing_minutes: None });
        assert_eq!(play.clock_ms(), at_minute * MINUTE);
        play.run_to((at_minute + 1) * MINUTE);
        assert_eq!(play.part(), Part::Landing);
        play.run_to((at_minute + 5) * MINUTE - 1);
        assert!(play.snapshot().session.is_some_and(|session| !session.landed), "at {at_minute}");
        play.run_to((at_minute + 5) * MINUTE);
        assert!(play.snapshot().session.is_some_and(|session| session.landed), "at {at_minute}");
    }
}

#[test]
fn ending_late_never_lands_later_than_planned() {
    let mut play = begun(40, 1, 0);
    play.ok(53 * MINUTE, Event::End { landing_minutes: Some(20) });
    assert_eq!(wakings(&mut play, 0), vec![(55 * MINUTE, Part::Landing)]);
    play.ok(80 * MINUTE, Event::End { landing_minutes: None });
    assert_eq!(play.clock_ms(), 55 * MINUTE);
}

#[test]
fn the_clinician_chooses_how_long_the_landing_takes() {
    for minutes in [0, 1, 20] {
        let mut play = begun(60, 1, 0);
        play.ok(20 * MINUTE, Event::End { landing_minutes: Some(minutes) });
        play.run_to((20 + u64::from(minutes)) * MINUTE);
        assert!(play.snapshot().session.is_some_and(|session| session.landed));
    }
    let mut play = begun(60, 1, 0);
    assert!(matches!(play.refused(0, Event::End { landing_minutes: Some(21) }), Refusal::OutOfRange { .. }));
}

#[test]
fn ending_lets_a_paused_or_waiting_clock_go_on() {
    let mut play = begun(40, 1, 0);
    play.ok(20 * MINUTE, Event::Pause);
    play.ok(30 * MINUTE, Event::End { landing_minutes: None });
    assert_eq!(play.clock_ms(), 20 * MINUTE);
    play.run_to(35 * MINUTE);
    assert!(play.snapshot().session.is_some_and(|session| session.landed && !session.paused));

    let mut play = Play::new();
    play.ok(0, settling());
    play.ok(30 * MINUTE, Event::End { landing_minutes: None });
    play.run_to(35 * MINUTE);
    assert!(play.snapshot().session.is_some_and(|session| session.landed));
}

/// Light and sound follow these values: an early end bends them, it never makes them jump.
#[test]
fn ending_never_makes_light_or_sound_jump() {
    let values = [0.9, 0.6, 0.2, 0.5, 0.8];
    for second in 0..55 * 60 {
        let clock_ms = second * SECOND;
        let planned = arc::Arc::new(40);
        let mut ended = planned;
        ended.end_now(clock_ms, 5);
        let step = ended.follow(&values, Some(clock_ms)) - planned.follow(&values, Some(clock_ms));
        assert!(step.abs() < 0.01, "a jump of {step} when ended at {second} s");
        let mut before = ended.follow(&values, Some(clock_ms));
        for later in 1..=6 * 60 {
            let now = ended.follow(&values, Some(clock_ms + later * SECOND));
            assert!((now - before).abs() < 0.025, "a jump of {} {later} s after the end at {second} s", now - before);
            before = now;
        }
    }
}

#[test]
fn extending_never_makes_light_or_sound_jump() {
    let values = [0.9, 0.6, 0.2, 0.5, 0.8];
    for second in 0..55 * 60 {
        let planned = arc::Arc::new(40);
        let mut longer = planned;
        longer.extend(second * SECOND, 5);
        let step = longer.follow(&values, Some(second * SECOND)) - planned.follow(&values, Some(second * SECOND));
        assert!(step.abs() < 0.01, "a jump of {step} when extended at {second} s");
    }
}

#[test]
fn faces_run_the_same_clock_between_two_snapshots() {
    let mut play = begun(40, 60, 0);
    let early = play.snapshot().session.expect("a session");
    for second in 1..120 {
        play.run_to(second * SECOND);
        assert_eq!(early.clock_ms(play.now), Some(play.clock_ms()));
    }
}

#[test]
fn parts_come_in_order_at_every_length() {
    for infusion in INFUSION_MINUTES_MIN..=INFUSION_MINUTES_MAX {
        let mut play = begun(infusion, 1, 0);
        let mut parts = vec![play.part()];
        parts.extend(wakings(&mut play, 0).into_iter().map(|(_, part)| part));
        parts.dedup();
        assert_eq!(parts, PARTS_IN_ORDER, "at {infusion} minutes");
    }
    for infusion_minutes in [0, INFUSION_MINUTES_MIN - 1, INFUSION_MINUTES_MAX + 1] {
        assert!(matches!(Play::new().refused(0, session(Some(infusion_minutes))), Refusal::OutOfRange { .. }));
    }
}
