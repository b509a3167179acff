//! Owns the tests that compare the course of a call with a table. Each line of a table has the time, the event, the
//! state of the call afterwards, and the effects.

use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::*;

/// Runs a script of events and records one line for each event. Timeouts between two events have lines of their own.
#[derive(Default)]
pub(super) struct Table {
    text: String,
}

impl Table {
    pub(super) fn record(script: Vec<(u64, Event)>, until_ms: u64) -> String {
        let mut harness = Harness::new();
        let mut table = Self::default();
        for (at_ms, event) in script {
            table.run_to(&mut harness, at_ms);
            let text = event_text(&event);
            let text = match harness.input(at_ms, event) {
                Ok(()) => text,
                Err(_) => format!("{text} refused"),
            };
            table.push_line(&mut harness, &text);
        }
        table.run_to(&mut harness, until_ms);
        table.text
    }

    fn run_to(&mut self, harness: &mut Harness, at_ms: u64) {
        while let Some(due) = harness.room.poll_timeout(harness.now).filter(|due| due.0 <= at_ms) {
            harness.run_to(due.0);
            self.push_line(harness, "·");
        }
        harness.run_to(at_ms);
    }

    fn push_line(&mut self, harness: &mut Harness, event: &str) {
        let effects: Vec<String> = harness.effects().iter().map(effect_text).collect();
        let state = call_text(&harness.room);
        let at = format!("{:07.3}", harness.now.0 as f64 / 1000.0);
        let line = format!("{at}  {event:<18} {state:<24} {}", effects.join(", "));
        writeln!(self.text, "{}", line.trim_end()).expect("writing to a string cannot fail");
    }
}

fn call_text(room: &Room) -> String {
    let Some(call) = &room.call else { return "idle".to_owned() };
    let mut words = vec![
        match call.phase {
            CallPhase::Placed => "placed",
            CallPhase::Sent => "sent",
            CallPhase::Received => "received",
            CallPhase::OnTheWay => "on the way",
            CallPhase::Here => "here",
        }
        .to_owned(),
    ];
    words.extend(call.responder.as_ref().map(|name| format!("({name})")));
    words.extend(call.practice.then(|| "practice".to_owned()));
    words.extend((!call.shown).then(|| "unseen".to_owned()));
    words.extend(call.no_desk_told.then(|| "no-desk".to_owned()));
    words.extend(call.tone_raised.then(|| "risen".to_owned()));
    words.join(" ")
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others are printed as they are")]
fn event_text(event: &Event) -> String {
    match event {
        Event::CallPressed { practice: false, .. } => "press".to_owned(),
        Event::CallPressed { practice: true, .. } => "practice press".to_owned(),
        Event::CallJournaled { ok, .. } => format!("journaled {ok}"),
        Event::CallSent { .. } => "sent".to_owned(),
        Event::CallReceived { desk, .. } => format!("received by {}", desk.0),
        Event::CallComing { name, .. } => format!("{name} is coming"),
        Event::CallHere { .. } => "here".to_owned(),
        Event::CallCleared => "cleared".to_owned(),
        Event::StaffTouched => "staff touch".to_owned(),
        Event::DeskConnected { desk } => format!("desk {} seen", desk.0),
        Event::DeskDisconnected { desk } => format!("desk {} gone", desk.0),
        Event::Restarted => "resumed".to_owned(),
        other => format!("{other:?}"),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others are printed as they are")]
fn effect_text(effect: &Effect) -> String {
    match effect {
        Effect::SendCall { practice: false, presses, .. } => format!("send {presses}"),
        Effect::SendCall { practice: true, presses, .. } => format!("send {presses} as practice"),
        Effect::EndCall { .. } => "end".to_owned(),
        Effect::Escalate { round: 0, step, .. } => format!("escalate {}", step + 1),
        Effect::Escalate { round, step, .. } => format!("escalate {} of round {round}", step + 1),
        Effect::Signal(signal) => format!("{signal:?}"),
        other => format!("{other:?}"),
    }
}

#[track_caller]
pub(super) fn check(script: Vec<(u64, Event)>, until_ms: u64, expected: &Expect) {
    expected.assert_eq(&Table::record(script, until_ms));
}

pub(super) fn desk_seen() -> (u64, Event) {
    (0, Event::DeskConnected { desk: DESK })
}

/// A script in which a desk receives a call after 200 ms, followed by `more`.
pub(super) fn received_then(more: Vec<(u64, Event)>) -> Vec<(u64, Event)> {
    let mut script = vec![desk_seen(), (0, press()), (20, journaled()), (50, sent()), (200, received(DESK))];
    script.extend(more);
    script
}

#[test]
fn a_call_that_nobody_receives_is_reported_after_five_seconds() {
    check(
        vec![(0, press())],
        20 * SECOND,
        &expect![[r"
        000.000  press              placed unseen            send 1, CallPlaced
        000.300  ·                  placed
        005.000  ·                  placed no-desk           NoDesk, send 1
    "]],
    );
}

#[test]
fn a_call_sent_but_not_received_is_reported_five_seconds_after_the_press() {
    check(
        vec![(1_000, press()), (1_020, journaled()), (4_000, sent())],
        20 * SECOND,
        &expect![[r"
        001.000  press              placed unseen            send 1, CallPlaced
        001.020  journaled true     placed
        004.000  sent               sent
        006.000  ·                  sent no-desk             NoDesk, send 1
    "]],
    );
}

#[test]
fn a_failed_journal_write_delays_nothing() {
    check(
        vec![(0, press()), (40, Event::CallJournaled { id: CALL, ok: false }), (50, sent())],
        SECOND,
        &expect![[r"
            000.000  press              placed unseen            send 1, CallPlaced
            000.040  journaled false    placed
            000.050  sent               sent
        "]],
    );
}

#[test]
fn the_tone_of_an_unanswered_call_rises_and_it_escalates_once() {
    check(
        received_then(vec![]),
        30 * MINUTE,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  press              placed unseen            send 1, CallPlaced
            000.020  journaled true     placed
            000.050  sent               sent
            000.200  received by 1      received                 DeskHasIt
            030.200  ·                  received risen
            060.000  ·                  received risen           escalate 1
        "]],
    );
}

#[test]
fn a_call_that_no_desk_receives_goes_through_the_whole_escalation_list() {
    let rules = Rules { escalation: [60, 120, 300].map(Duration::from_secs).to_vec(), ..rules() };
    let mut harness = Harness::with(rules);
    harness.input(0, press()).unwrap();
    let mut steps = Vec::new();
    while let Some(due) = harness.room.poll_timeout(harness.now) {
        harness.run_to(due.0);
        let steps_now = harness.effects().into_iter().filter(|effect| matches!(effect, Effect::Escalate { .. }));
        steps.extend(steps_now.map(|effect| (due.0 / SECOND, effect_text(&effect))));
    }
    assert_eq!(steps, [(60, 1), (120, 2), (300, 3)].map(|(at, step)| (at, format!("escalate {step}"))));
}

#[test]
fn a_restart_repeats_escalation_steps_and_each_new_alarm_has_its_own_round() {
    let rules = Rules { escalation: [60, 90].map(Duration::from_secs).to_vec(), ..rules() };
    let mut harness = Harness::with(rules);
    let escalations_until = |harness: &mut Harness, to_ms: u64| {
        harness.run_to(to_ms);
        let steps = harness.effects().into_iter().filter(|effect| matches!(effect, Effect::Escalate { .. }));
        steps.map(|effect| effect_text(&effect)).collect::<Vec<_>>()
    };
    harness.input(0, press()).unwrap();
    assert_eq!(escalations_until(&mut harness, 70_000), ["escalate 1"]);
    harness.input(75_000, Event::Restarted).unwrap();
    assert_eq!(
        escalations_until(&mut harness, 80_000),
        ["escalate 1"],
        "the program may have been killed while sending it"
    );
    assert_eq!(escalations_until(&mut harness, 100_000), ["escalate 2"]);
    harness.input(110_000, coming("Ana")).unwrap();
    harness.input(115_000, Event::Restarted).unwrap();
    assert_eq!(escalations_until(&mut harness, 289_000), Vec::<String>::new(), "someone is on the way");
    assert_eq!(escalations_until(&mut harness, 300_000), ["escalate 1 of round 1"]);
    harness.input(305_000, Event::Restarted).unwrap();
    assert_eq!(escalations_until(&mut harness, 310_000), ["escalate 1 of round 1"]);
}

#[test]
fn a_call_that_goes_well() {
    check(
        received_then(vec![
            (9_000, coming("Ana")),
            (60_000, here()),
            (90_000, Event::CallCleared),
            (91_000, sent()),
            (91_000, received(DESK)),
            (91_000, coming("Ana")),
            (91_000, here()),
            (91_000, Event::CallCleared),
        ]),
        30 * MINUTE,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  press              placed unseen            send 1, CallPlaced
            000.020  journaled true     placed
            000.050  sent               sent
            000.200  received by 1      received                 DeskHasIt
            009.000  Ana is coming      on the way (Ana)         SomeoneComing
            060.000  here               here (Ana)
            090.000  cleared            idle                     end
            091.000  sent refused       idle
            091.000  received by 1 refused idle
            091.000  Ana is coming refused idle
            091.000  here refused       idle
            091.000  cleared refused    idle
        "]],
    );
}

#[test]
fn a_call_rings_again_if_nobody_came() {
    check(
        received_then(vec![(1_000, coming("Ana")), (150_000, coming("Ben"))]),
        30 * MINUTE,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  press              placed unseen            send 1, CallPlaced
            000.020  journaled true     placed
            000.050  sent               sent
            000.200  received by 1      received                 DeskHasIt
            001.000  Ana is coming      on the way (Ana)         SomeoneComing
            121.000  ·                  on the way (Ana) risen   send 2
            150.000  Ben is coming      on the way (Ben)         SomeoneComing
            270.000  ·                  on the way (Ben) risen   send 3
            330.000  ·                  on the way (Ben) risen   escalate 1 of round 2
        "]],
    );
}

#[test]
fn presence_lapses_three_minutes_after_the_last_touch() {
    check(
        received_then(vec![(1_000, here()), (100_000, Event::StaffTouched), (300_000, Event::StaffTouched)]),
        30 * MINUTE,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  press              placed unseen            send 1, CallPlaced
            000.020  journaled true     placed
            000.050  sent               sent
            000.200  received by 1      received                 DeskHasIt
            001.000  here               here
            100.000  staff touch        here
            280.000  ·                  received risen           send 2
            300.000  staff touch        received risen
            340.000  ·                  received risen           escalate 1 of round 1
        "]],
    );
}

#[test]
fn coming_after_here_changes_nothing() {
    check(
        vec![(0, press()), (20, journaled()), (1_000, here()), (2_000, coming("Ana")), (3_000, Event::CallCleared)],
        MINUTE,
        &expect![[r"
            000.000  press              placed unseen            send 1, CallPlaced
            000.020  journaled true     placed
            001.000  here               here
            002.000  Ana is coming      here
            003.000  cleared            idle                     end
        "]],
    );
}

#[test]
fn more_presses_are_one_call_and_ring_again() {
    check(
        received_then(vec![
            (5_000, Event::CallPressed { id: OTHER_CALL, practice: false }),
            (6_000, Event::CallPressed { id: OTHER_CALL, practice: true }),
            (7_000, coming("Ana")),
            (8_000, press()),
            (9_000, here()),
            (10_000, press()),
            (11_000, Event::CallCleared),
        ]),
        MINUTE,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  press              placed unseen            send 1, CallPlaced
            000.020  journaled true     placed
            000.050  sent               sent
            000.200  received by 1      received                 DeskHasIt
            005.000  press              received                 send 2, CallPlaced
            006.000  practice press     received                 send 3, CallPlaced
            007.000  Ana is coming      on the way (Ana)         SomeoneComing
            008.000  press              on the way (Ana)         send 4, CallPlaced
            009.000  here               here (Ana)
            010.000  press              here (Ana)               send 5, CallPlaced
            011.000  cleared            idle                     end
        "]],
    );
}

#[test]
fn repeated_events_count_once() {
    check(
        vec![
            desk_seen(),
            (0, press()),
            (20, journaled()),
            (21, journaled()),
            (50, sent()),
            (60, sent()),
            (200, received(DESK)),
            (400, received(DESK)),
            (500, sent()),
            (20_000, received(DESK)),
        ],
        31 * SECOND,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  press              placed unseen            send 1, CallPlaced
            000.020  journaled true     placed
            000.021  journaled true     placed
            000.050  sent               sent
            000.060  sent               sent
            000.200  received by 1      received                 DeskHasIt
            000.400  received by 1      received
            000.500  sent               received
            020.000  received by 1      received
            030.200  ·                  received risen
        "]],
    );
}

#[test]
fn losing_the_only_desk_with_the_call_falls_back_to_sent() {
    check(
        received_then(vec![
            (40_000, Event::DeskDisconnected { desk: DESK }),
            (50_000, Event::DeskConnected { desk: OTHER_DESK }),
            (50_100, received(OTHER_DESK)),
        ]),
        2 * MINUTE,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  press              placed unseen            send 1, CallPlaced
            000.020  journaled true     placed
            000.050  sent               sent
            000.200  received by 1      received                 DeskHasIt
            030.200  ·                  received risen
            040.000  desk 1 gone        sent
            045.000  ·                  sent no-desk             NoDesk, send 1
            050.000  desk 2 seen        sent no-desk
            050.100  received by 2      received                 DeskHasIt
            060.000  ·                  received                 escalate 1
            080.100  ·                  received risen
        "]],
    );
}

#[test]
fn a_second_desk_keeps_the_call_received() {
    check(
        vec![
            desk_seen(),
            (0, Event::DeskConnected { desk: OTHER_DESK }),
            (0, press()),
            (20, journaled()),
            (50, sent()),
            (200, received(DESK)),
            (900, received(OTHER_DESK)),
            (2_000, Event::DeskDisconnected { desk: DESK }),
            (3_000, Event::DeskDisconnected { desk: OTHER_DESK }),
        ],
        9 * SECOND,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  desk 2 seen        idle
            000.000  press              placed unseen            send 1, CallPlaced
            000.020  journaled true     placed
            000.050  sent               sent
            000.200  received by 1      received                 DeskHasIt
            000.900  received by 2      received
            002.000  desk 1 gone        received
            003.000  desk 2 gone        sent
            008.000  ·                  sent no-desk             NoDesk, send 1
        "]],
    );
}

#[test]
fn losing_a_desk_without_the_call_changes_nothing() {
    check(
        vec![
            desk_seen(),
            (0, Event::DeskConnected { desk: OTHER_DESK }),
            (0, press()),
            (20, journaled()),
            (200, received(DESK)),
            (2_000, Event::DeskDisconnected { desk: OTHER_DESK }),
        ],
        9 * SECOND,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  desk 2 seen        idle
            000.000  press              placed unseen            send 1, CallPlaced
            000.020  journaled true     placed
            000.200  received by 1      received                 DeskHasIt
            002.000  desk 2 gone        received
        "]],
    );
}
