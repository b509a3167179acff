//! Owns the tests of call rules that need no table, such as those about wrong ids, about what the room must never
//! claim, and about the call in every stage.

use super::*;
use crate::vocabulary::patient::CallReason;
use crate::vocabulary::signal::Signal;

/// A room in which a call was placed at time zero and then received by a desk.
fn received_call() -> Harness {
    let mut harness = Harness::new();
    harness.ok(0, Event::DeskConnected { desk: DESK });
    harness.ok(0, press());
    harness.ok(20, journaled());
    harness.ok(50, sent());
    harness.ok(200, received(DESK));
    harness.effects();
    harness
}

#[test]
fn a_call_can_be_placed_and_cleared_in_every_stage() {
    for stage in Stage::ALL {
        let mut harness = Harness::in_stage(*stage);
        harness.ok(0, press());
        assert!(
            harness.effects().contains(&Effect::SendCall { id: CALL, practice: false, presses: 1 }),
            "in {}",
            stage.name()
        );
        harness.run_to(300);
        assert!(harness.snapshot().call.is_some(), "in {}", stage.name());
        harness.ok(400, Event::CallCleared);
        assert_eq!(harness.snapshot().call, None);
        assert_eq!(harness.snapshot().stage, *stage);
    }
}

#[test]
fn calling_is_shown_once_journaled_or_after_300_ms() {
    let mut harness = Harness::new();
    harness.ok(1_000, press());
    assert_eq!(harness.room.open_call(), Some(CALL));
    assert_eq!(harness.snapshot().call, None);
    assert_eq!(harness.room.poll_timeout(harness.now), Some(RoomTime(1_300)));
    harness.run_to(1_299);
    assert_eq!(harness.snapshot().call, None);
    harness.run_to(1_300);
    assert!(harness.snapshot().call.is_some_and(|call| !call.journaled));

    let mut harness = Harness::new();
    harness.ok(1_000, press());
    harness.ok(1_012, journaled());
    assert!(harness.snapshot().call.is_some_and(|call| call.journaled));
}

/// However fast the transports are, the screen does not show a call until the journal has answered or `SHOWN_AFTER` has
/// passed.
#[test]
fn a_fast_line_does_not_show_a_call_before_it_is_journaled() {
    let mut harness = Harness::new();
    harness.ok(0, Event::DeskConnected { desk: DESK });
    harness.ok(0, press());
    harness.ok(2, sent());
    assert_eq!(harness.snapshot().call, None, "sent, not journaled");
    harness.ok(100, received(DESK));
    assert_eq!(harness.snapshot().call, None, "received, not journaled");
    harness.ok(120, journaled());
    assert_eq!(harness.snapshot().call.map(|call| call.phase), Some(CallPhase::Received));
}

#[test]
fn the_id_of_another_call_is_refused() {
    let mut harness = received_call();
    for event in [
        Event::CallJournaled { id: OTHER_CALL, ok: true },
        Event::CallSent { id: OTHER_CALL },
        Event::CallReceived { id: OTHER_CALL, desk: DESK },
        Event::CallComing { id: OTHER_CALL, name: "Ana".to_owned() },
        Event::CallHere { id: Some(OTHER_CALL) },
    ] {
        assert_eq!(harness.refused(1_000, event), Refusal::NoSuchCall);
    }
}

#[test]
fn a_desk_that_is_not_connected_cannot_receive_a_call() {
    let mut harness = received_call();
    harness.refused(1_000, received(OTHER_DESK));
    harness.ok(1_000, Event::DeskDisconnected { desk: DESK });
    harness.refused(1_000, received(DESK));
    assert_eq!(harness.call().phase, CallPhase::Sent);
}

#[test]
fn events_about_a_call_are_refused_when_none_is_open() {
    let mut harness = Harness::new();
    harness.ok(0, Event::DeskConnected { desk: DESK });
    for event in
        [journaled(), sent(), received(DESK), coming("Ana"), here(), Event::CallHere { id: None }, Event::CallCleared]
    {
        assert_eq!(harness.refused(0, event), Refusal::NoSuchCall);
    }
}

#[test]
fn here_needs_no_call_id() {
    let mut harness = received_call();
    harness.ok(1_000, Event::CallHere { id: None });
    assert_eq!(harness.call().phase, CallPhase::Here);
}

#[test]
fn the_responders_name_must_be_readable_for_the_patient() {
    let mut harness = received_call();
    for wrong in ["\u{200b}\u{2060}", "A\u{7}na", "Ana \u{202e}aiR", &"x".repeat(61)] {
        assert!(matches!(harness.refused(1_000, coming(wrong)), Refusal::Name(_)), "{wrong:?}");
        assert_eq!((harness.call().phase, &harness.call().responder), (CallPhase::Received, &None), "{wrong:?}");
    }
    harness.ok(1_000, coming("  Ana  "));
    assert_eq!(harness.call().responder.as_deref(), Some("Ana"));
}

#[test]
fn the_person_who_comes_need_not_give_a_name() {
    for blank in ["", " \u{a0} "] {
        let mut harness = received_call();
        harness.ok(1_000, coming(blank));
        assert_eq!((harness.call().phase, &harness.call().responder), (CallPhase::OnTheWay, &None), "{blank:?}");
        assert_eq!(harness.effects(), vec![Effect::Signal(Signal::SomeoneComing)]);
        harness.ok(1_050, coming(blank));
        assert_eq!(harness.effects(), vec![], "a repeat");
    }
}

/// A transport may deliver *I'm coming* twice, but the patient hears the sound for it only once.
#[test]
fn the_same_person_coming_twice_sounds_once() {
    let mut harness = received_call();
    harness.ok(1_000, coming("Ana"));
    assert_eq!(harness.effects(), vec![Effect::Signal(Signal::SomeoneComing)]);
    harness.ok(1_050, coming("Ana"));
    assert_eq!(harness.effects(), vec![]);
    assert_eq!(harness.call().phase_since, RoomTime(1_000));
}

#[test]
fn no_name_is_shown_once_nobody_is_coming() {
    let mut harness = received_call();
    harness.ok(1_000, coming("Ana"));
    harness.ok(2_000, Event::DeskDisconnected { desk: DESK });
    harness.run_to(121_000);
    assert_eq!(harness.call().phase, CallPhase::Sent);
    assert_eq!(harness.call().responder, None);
}

/// *Sent* means that a transport accepted the call. A restart does not prove that.
#[test]
fn a_restart_does_not_claim_that_the_call_was_sent() {
    let mut harness = Harness::new();
    harness.ok(0, press());
    harness.ok(100, Event::Restarted);
    assert_eq!(harness.call().phase, CallPhase::Placed);
    harness.run_to(5_100);
    assert!(harness.call().no_desk_told);
}

#[test]
fn a_call_replayed_from_the_journal_counts_as_journaled() {
    let mut harness = Harness::new();
    harness.ok(0, press());
    harness.ok(100, Event::Restarted);
    assert!(harness.call().journaled && harness.call().shown);
}

#[test]
fn a_cleared_call_stays_cleared() {
    let mut harness = received_call();
    harness.ok(1_000, Event::CallCleared);
    harness.effects();
    for event in [sent(), received(DESK), coming("Ana"), here(), Event::CallCleared] {
        harness.refused(2_000, event);
    }
    harness.ok(3_000, Event::Restarted);
    harness.run_to(60 * MINUTE);
    assert_eq!(harness.effects(), vec![]);
    assert_eq!(harness.room.poll_timeout(harness.now), None);
}

#[test]
fn a_practice_call_ends_with_what_comes_next() {
    for (stage, next) in [
        (Stage::Arrive, session(None)),
        (Stage::Ready, session(None)),
        (Stage::After, Event::StaffReset),
        (Stage::Turnover, Event::TurnoverDone),
    ] {
        let mut harness = Harness::in_stage(stage);
        if stage == Stage::Turnover {
            harness.ok(0, Event::WipeVerified(receipt(true)));
        }
        harness.ok(0, practice());
        harness.effects();
        harness.ok(1_000, next.clone());
        assert_eq!(harness.room.open_call(), None, "{next:?}");
        assert!(harness.effects().contains(&Effect::EndCall { id: CALL }), "{next:?}");
    }
}

#[test]
fn a_real_call_does_not_end_with_what_comes_next() {
    for (stage, next) in [
        (Stage::Ready, Event::VisitBegins),
        (Stage::Arrive, session(None)),
        (Stage::Session, Event::AfterBegins),
        (Stage::After, Event::Farewell),
    ] {
        let mut harness = Harness::in_stage(stage);
        harness.ok(0, press());
        harness.ok(1_000, next.clone());
        assert_eq!(harness.room.open_call(), Some(CALL), "{next:?}");
    }
}

#[test]
fn a_desk_beyond_the_maximum_is_refused_and_the_others_stay() {
    let mut harness = Harness::new();
    for desk in 0..DESKS_MAX as u64 {
        harness.ok(0, Event::DeskConnected { desk: DeskId(desk) });
    }
    assert_eq!(harness.refused(0, Event::DeskConnected { desk: DeskId(999) }), Refusal::TooManyDesks);
    harness.ok(0, Event::DeskConnected { desk: DeskId(3) });
    assert_eq!(harness.snapshot().desks, DESKS_MAX);
}

#[test]
fn the_last_of_the_maximum_number_of_desks_keeps_the_call() {
    let mut harness = Harness::new();
    for desk in 0..DESKS_MAX as u64 {
        harness.ok(0, Event::DeskConnected { desk: DeskId(desk) });
    }
    harness.ok(0, press());
    for desk in 0..DESKS_MAX as u64 {
        harness.ok(100, received(DeskId(desk)));
    }
    for desk in 0..DESKS_MAX as u64 - 1 {
        harness.ok(200, Event::DeskDisconnected { desk: DeskId(desk) });
    }
    assert_eq!(harness.call().phase, CallPhase::Received);
    harness.ok(200, Event::DeskDisconnected { desk: DeskId(DESKS_MAX as u64 - 1) });
    assert_eq!(harness.call().phase, CallPhase::Sent);
}

/// Until a desk has received the call, a reason is refused: nobody would see it, and it must not hide the call's state.
#[test]
fn a_reason_is_taken_once_a_desk_has_the_call_and_changes_nothing_but_itself() {
    let mut harness = Harness::new();
    let reason = Event::CallReasonChosen;
    assert_eq!(harness.input(0, reason(CallReason::Sick)), Err(Refusal::NoSuchCall));
    harness.ok(0, Event::DeskConnected { desk: DESK });
    harness.ok(0, press());
    harness.ok(20, journaled());
    assert_eq!(harness.input(30, reason(CallReason::Sick)), Err(Refusal::CallNotReceived));
    harness.ok(50, sent());
    assert_eq!(harness.input(60, reason(CallReason::Sick)), Err(Refusal::CallNotReceived));
    harness.ok(200, received(DESK));
    harness.effects();
    for (at_ms, chosen) in [(300, CallReason::Sick), (400, CallReason::Bathroom)] {
        let mut expected = harness.snapshot().call.unwrap();
        expected.reason = Some(chosen);
        let due = harness.room.poll_timeout(harness.now);
        harness.ok(at_ms, reason(chosen));
        assert_eq!(harness.snapshot().call, Some(expected));
        assert_eq!(harness.room.poll_timeout(harness.now), due);
        assert_eq!(harness.effects(), []);
    }
    harness.ok(1_000, coming("Ana"));
    harness.ok(2_000, reason(CallReason::Company));
    harness.ok(3_000, Event::CallCleared);
    harness.ok(4_000, press());
    harness.ok(4_020, journaled());
    assert_eq!(harness.snapshot().call.unwrap().reason, None, "a reason belongs to one call");
}

#[test]
fn the_end_of_a_practice_call_never_ends_a_real_one() {
    let mut harness = received_call();
    let before = harness.snapshot().call;
    harness.ok(1_000, Event::PracticeEnds);
    assert_eq!((harness.snapshot().call, harness.effects()), (before, Vec::new()));
}
