//! Owns the single truths of a call that need no table: wrong names, what is never claimed, every screen and stage.

use super::*;
use crate::vocabulary::signal::Signal;

/// A call that a desk has, pressed at time zero.
fn received_call() -> Play {
    let mut play = Play::new();
    play.ok(0, Event::DeskSeen { desk: DESK });
    play.ok(0, press());
    play.ok(20, journaled());
    play.ok(50, sent());
    play.ok(200, received(DESK));
    play.effects();
    play
}

#[test]
fn a_call_can_be_placed_and_cleared_in_every_stage() {
    for stage in Stage::ALL {
        let mut play = Play::in_stage(*stage);
        play.ok(0, press());
        assert!(
            play.effects().contains(&Effect::SendCall { id: CALL, practice: false, presses: 1 }),
            "in {}",
            stage.name()
        );
        play.run_to(300);
        assert!(play.snapshot().call.is_some(), "in {}", stage.name());
        play.ok(400, Event::CallCleared);
        assert_eq!(play.snapshot().call, None);
        assert_eq!(play.snapshot().stage, *stage);
    }
}

#[test]
fn calling_is_shown_once_journaled_or_after_300_ms() {
    let mut play = Play::new();
    play.ok(1_000, press());
    assert_eq!(play.room.open_call(), Some(CALL));
    assert_eq!(play.snapshot().call, None);
    assert_eq!(play.room.poll_timeout(play.now), Some(RoomTime(1_300)));
    play.run_to(1_299);
    assert_eq!(play.snapshot().call, None);
    play.run_to(1_300);
    assert!(play.snapshot().call.is_some_and(|call| !call.journaled));

    let mut play = Play::new();
    play.ok(1_000, press());
    play.ok(1_012, journaled());
    assert!(play.snapshot().call.is_some_and(|call| call.journaled));
}

/// A call is on disk before it is on screen, however quick the lines are; only the 300 ms overrule it.
#[test]
fn a_quick_line_does_not_show_a_call_before_the_journal_has_it() {
    let mut play = Play::new();
    play.ok(0, Event::DeskSeen { desk: DESK });
    play.ok(0, press());
    play.ok(2, sent());
    assert_eq!(play.snapshot().call, None, "sent, not journaled");
    play.ok(100, received(DESK));
    assert_eq!(play.snapshot().call, None, "received, not journaled");
    play.ok(120, journaled());
    assert_eq!(play.snapshot().call.map(|call| call.phase), Some(CallPhase::Received));
}

#[test]
fn another_calls_name_is_refused() {
    let mut play = received_call();
    for event in [
        Event::CallJournaled { id: OTHER_CALL, ok: true },
        Event::CallSent { id: OTHER_CALL },
        Event::CallReceived { id: OTHER_CALL, desk: DESK },
        Event::CallComing { id: OTHER_CALL, name: "Ana".to_owned() },
        Event::CallHere { id: Some(OTHER_CALL) },
    ] {
        assert_eq!(play.refused(1_000, event), Refusal::NoSuchCall);
    }
}

#[test]
fn a_desk_that_is_not_known_cannot_receive() {
    let mut play = received_call();
    play.refused(1_000, received(OTHER_DESK));
    play.ok(1_000, Event::DeskGone { desk: DESK });
    play.refused(1_000, received(DESK));
    assert_eq!(play.call().phase, CallPhase::Sent);
}

#[test]
fn without_a_call_there_is_nothing_to_say_about_one() {
    let mut play = Play::new();
    play.ok(0, Event::DeskSeen { desk: DESK });
    for event in
        [journaled(), sent(), received(DESK), coming("Ana"), here(), Event::CallHere { id: None }, Event::CallCleared]
    {
        assert_eq!(play.refused(0, event), Refusal::NoSuchCall);
    }
}

#[test]
fn someone_here_needs_no_name_of_the_call() {
    let mut play = received_call();
    play.ok(1_000, Event::CallHere { id: None });
    assert_eq!(play.call().phase, CallPhase::Here);
}

#[test]
fn whoever_comes_has_a_name_that_the_patient_can_read() {
    let mut play = received_call();
    for wrong in ["", " \u{a0} ", "\u{200b}\u{2060}", "A\u{7}na", "Ana \u{202e}aiR", &"x".repeat(61)] {
        assert!(matches!(play.refused(1_000, coming(wrong)), Refusal::Name(_)), "{wrong:?}");
        assert_eq!((play.call().phase, &play.call().name), (CallPhase::Received, &None), "{wrong:?}");
    }
    play.ok(1_000, coming("  Ana  "));
    assert_eq!(play.call().name.as_deref(), Some("Ana"));
}

/// Lines may deliver twice; the patient is not told twice.
#[test]
fn the_same_person_coming_twice_sounds_once() {
    let mut play = received_call();
    play.ok(1_000, coming("Ana"));
    assert_eq!(play.effects(), vec![Effect::Signal(Signal::SomeoneComing)]);
    play.ok(1_050, coming("Ana"));
    assert_eq!(play.effects(), vec![]);
    assert_eq!(play.call().phase_since, RoomTime(1_000));
}

#[test]
fn nobody_is_named_once_nobody_is_coming() {
    let mut play = received_call();
    play.ok(1_000, coming("Ana"));
    play.ok(2_000, Event::DeskGone { desk: DESK });
    play.run_to(121_000);
    assert_eq!(play.call().phase, CallPhase::Sent);
    assert_eq!(play.call().name, None);
}

/// *Sent* means that a transport took it; a restart is no transport.
#[test]
fn a_restart_does_not_claim_that_the_call_was_sent() {
    let mut play = Play::new();
    play.ok(0, press());
    play.ok(100, Event::Resumed);
    assert_eq!(play.call().phase, CallPhase::Placed);
    play.run_to(5_100);
    assert!(play.call().line_down_told);
}

/// It came out of the journal, so it is in the journal.
#[test]
fn a_call_that_came_back_is_known_to_be_on_disk() {
    let mut play = Play::new();
    play.ok(0, press());
    play.ok(100, Event::Resumed);
    assert!(play.call().journaled && play.call().shown);
}

#[test]
fn a_cleared_call_stays_cleared() {
    let mut play = received_call();
    play.ok(1_000, Event::CallCleared);
    play.effects();
    for event in [sent(), received(DESK), coming("Ana"), here(), Event::CallCleared] {
        play.refused(2_000, event);
    }
    play.ok(3_000, Event::Resumed);
    play.run_to(60 * MINUTE);
    assert_eq!(play.effects(), vec![]);
    assert_eq!(play.room.poll_timeout(play.now), None);
}

#[test]
fn practice_ends_with_what_comes_next() {
    for (stage, next) in [
        (Stage::Arrive, session(None)),
        (Stage::Ready, session(None)),
        (Stage::After, Event::StaffReset),
        (Stage::Turnover, Event::TurnoverDone),
    ] {
        let mut play = Play::in_stage(stage);
        if stage == Stage::Turnover {
            play.ok(0, Event::WipeVerified(receipt(true)));
        }
        play.ok(0, practice());
        play.effects();
        play.ok(1_000, next.clone());
        assert_eq!(play.room.open_call(), None, "{next:?}");
        assert!(play.effects().contains(&Effect::EndCall { id: CALL }), "{next:?}");
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
        let mut play = Play::in_stage(stage);
        play.ok(0, press());
        play.ok(1_000, next.clone());
        assert_eq!(play.room.open_call(), Some(CALL), "{next:?}");
    }
}

#[test]
fn too_many_desks_are_refused_and_the_known_ones_stay() {
    let mut play = Play::new();
    for desk in 0..DESKS_MAX as u64 {
        play.ok(0, Event::DeskSeen { desk: DeskId(desk) });
    }
    assert_eq!(play.refused(0, Event::DeskSeen { desk: DeskId(999) }), Refusal::TooManyDesks);
    play.ok(0, Event::DeskSeen { desk: DeskId(3) });
    assert_eq!(play.snapshot().desks, DESKS_MAX);
}

/// A desk that shows the call has it, whichever number in the row it is.
#[test]
fn the_last_of_many_desks_still_has_the_call() {
    let mut play = Play::new();
    for desk in 0..DESKS_MAX as u64 {
        play.ok(0, Event::DeskSeen { desk: DeskId(desk) });
    }
    play.ok(0, press());
    for desk in 0..DESKS_MAX as u64 {
        play.ok(100, received(DeskId(desk)));
    }
    for desk in 0..DESKS_MAX as u64 - 1 {
        play.ok(200, Event::DeskGone { desk: DeskId(desk) });
    }
    assert_eq!(play.call().phase, CallPhase::Received);
    play.ok(200, Event::DeskGone { desk: DeskId(DESKS_MAX as u64 - 1) });
    assert_eq!(play.call().phase, CallPhase::Sent);
}
