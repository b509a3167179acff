//! Owns the tests of the stages: every event in every stage, the reset, the turnover, and what the next patient finds.

use std::fmt::Write as _;

use expect_test::expect;

use super::drawing::Drawing;
use super::take_home::TakeHomeMethod;
use super::*;
use crate::vocabulary::patient::{CallReason, Hand, TypeSize};
use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::{Bed, SoundChoice};

/// One event of each variant, valid wherever the stage permits it.
fn one_of_each() -> Vec<(&'static str, Event)> {
    let text = || PatientText::new("words");
    vec![
        ("visit_begins", Event::VisitBegins),
        ("language", Event::LanguageChosen(spanish())),
        ("hand", Event::HandChosen(Hand::Left)),
        ("type_size", Event::TypeSizeChosen(TypeSize::Larger)),
        ("profile", Event::ProfileChosen { name: "long".to_owned() }),
        ("session_begins", session(None)),
        ("infusion_starts", Event::InfusionStarts),
        ("pause", Event::Pause),
        ("resume", Event::Resume),
        ("extend", Event::Extend { minutes: 5 }),
        ("end", Event::End { landing_minutes: None }),
        ("after_begins", Event::AfterBegins),
        ("farewell", Event::Farewell),
        ("call_pressed", press()),
        ("call_journaled", journaled()),
        ("call_sent", sent()),
        ("call_received", received(DESK)),
        ("call_coming", coming("Ana")),
        ("call_here", here()),
        ("call_cleared", Event::CallCleared),
        ("practice_ends", Event::PracticeEnds),
        ("call_reason", Event::CallReasonChosen(CallReason::Sick)),
        ("staff_touched", Event::StaffTouched),
        ("desk_seen", Event::DeskConnected { desk: DESK }),
        ("desk_gone", Event::DeskDisconnected { desk: DESK }),
        ("note_typed", typed("words")),
        ("note_written", Event::NoteWritten { page: 0, text: text() }),
        ("note_drawn", Event::NoteDrawn { page: 0, drawing: Drawing::default() }),
        ("intention", Event::IntentionWritten { question: 0, text: text() }),
        ("intention_drawn", Event::IntentionDrawn { question: 0, drawing: Drawing::default() }),
        ("for_clinician", Event::ForClinicianWritten { text: text() }),
        ("shared", Event::ForClinicianShared { on: true }),
        ("notes_sealed", Event::NotesSealed { version: 1, ok: true }),
        ("notes_restored", Event::NotesRestored(Box::default())),
        ("notes_lost", Event::NotesLost),
        ("notes_damaged", Event::NotesDamaged),
        ("take_looked", Event::TakeHomeMethodsRequested),
        ("take_offered", Event::TakeHomeMethodsFound { paper: true, sealed: true }),
        ("take_chosen", Event::TakeHomeChosen { method: TakeHomeMethod::Paper }),
        ("take_went", Event::TakeHomeFinished { method: TakeHomeMethod::Paper, version: 1, outcome: Ok(None) }),
        ("volume", Event::Volume { db: -20.0 }),
        ("place", Event::PlaceChosen(Place::Forest)),
        ("sound", Event::SoundChosen(SoundChoice::Silence)),
        ("breath", Event::Breath { on: true }),
        ("breath_pattern", Event::BreathPatternChosen(BreathPattern::FiveFive)),
        ("dark", Event::Dark { on: true }),
        ("dark_touched", Event::DarkTouched),
        ("anchor", Event::Anchor { on: true }),
        ("calm", Event::Calm { on: true }),
        ("silence", Event::Silence { on: true }),
        ("skip_piece", Event::SkipPiece),
        ("brightness", Event::Brightness { trim: 0.2 }),
        ("intensity", Event::Intensity { nudge: 0.2 }),
        ("talk_now", Event::TalkNow { on: true }),
        ("staff_reset", Event::StaffReset),
        ("wipe_verified", Event::WipeVerified(receipt(true))),
        ("wipe_failed", Event::WipeFailed(receipt(false))),
        ("turnover_done", Event::TurnoverDone),
        ("speaker_tested", Event::TestToneRequested),
        ("speaker_heard", Event::TestToneHeard),
        ("output_accepted", Event::OutputAccepted),
        ("surface_cleaned", Event::SurfaceCleaned),
        ("trouble", Event::TroubleChanged { trouble: Trouble::SoundLost, on: true }),
        ("time_marked", Event::TimeMarked),
        ("resumed", Event::Restarted),
    ]
}

/// A room in `stage`, with everything else that `event` needs.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other events need nothing but the stage")]
fn prepared(stage: Stage, event: &Event) -> Harness {
    let mut harness = Harness::in_stage(stage);
    match event {
        Event::InfusionStarts if stage == Stage::Session => {
            harness = Harness::new();
            harness.ok(0, settling());
        }
        Event::Resume if stage == Stage::Session => harness.ok(0, Event::Pause),
        Event::TurnoverDone if stage == Stage::Turnover => harness.ok(0, Event::WipeVerified(receipt(true))),
        Event::TakeHomeChosen { .. } => {
            harness.ok(0, Event::TakeHomeMethodsFound { paper: true, sealed: false });
            // Typing is refused in stages without a visit. These stages also refuse to take a note home, so the outcome
            // of typing does not matter there.
            let _ = harness.input(0, typed("words"));
        }
        Event::CallJournaled { .. }
        | Event::CallSent { .. }
        | Event::CallReceived { .. }
        | Event::CallComing { .. }
        | Event::CallHere { .. }
        | Event::CallCleared => {
            harness.ok(0, Event::DeskConnected { desk: DESK });
            harness.ok(0, press());
        }
        Event::CallReasonChosen(_) => {
            harness.ok(0, Event::DeskConnected { desk: DESK });
            harness.ok(0, press());
            harness.ok(0, received(DESK));
        }
        _ => {}
    }
    harness
}

#[test]
fn every_event_in_every_stage() {
    let mut table = format!("{:<16}", "");
    for stage in Stage::ALL {
        write!(table, "{:<11}", stage.name()).expect("writing to a string cannot fail");
    }
    table = table.trim_end().to_owned();
    for (name, event) in one_of_each() {
        let mut line = format!("\n{name:<16}");
        for stage in Stage::ALL {
            let mut harness = prepared(*stage, &event);
            let cell = match harness.input(1_000, event.clone()) {
                Err(_) => "-",
                Ok(()) if harness.room.stage == *stage => "taken",
                Ok(()) => harness.room.stage.name(),
            };
            write!(line, "{cell:<11}").expect("writing to a string cannot fail");
        }
        table.push_str(line.trim_end());
    }
    expect![[r"
                        ready      arrive     session    after      farewell   turnover   blocked
        visit_begins    arrive     -          -          -          -          -          -
        language        taken      taken      taken      taken      taken      -          -
        hand            -          taken      taken      taken      taken      -          -
        type_size       -          taken      taken      taken      taken      -          -
        profile         taken      taken      -          -          -          -          -
        session_begins  session    session    -          -          -          -          -
        infusion_starts -          -          taken      -          -          -          -
        pause           -          -          taken      -          -          -          -
        resume          -          -          taken      -          -          -          -
        extend          -          -          taken      -          -          -          -
        end             -          -          taken      -          -          -          -
        after_begins    -          -          after      -          -          -          -
        farewell        -          -          farewell   farewell   -          -          -
        call_pressed    taken      taken      taken      taken      taken      taken      taken
        call_journaled  taken      taken      taken      taken      taken      taken      taken
        call_sent       taken      taken      taken      taken      taken      taken      taken
        call_received   taken      taken      taken      taken      taken      taken      taken
        call_coming     taken      taken      taken      taken      taken      taken      taken
        call_here       taken      taken      taken      taken      taken      taken      taken
        call_cleared    taken      taken      taken      taken      taken      taken      taken
        practice_ends   taken      taken      taken      taken      taken      taken      taken
        call_reason     taken      taken      taken      taken      taken      taken      taken
        staff_touched   taken      taken      taken      taken      taken      taken      taken
        desk_seen       taken      taken      taken      taken      taken      taken      taken
        desk_gone       taken      taken      taken      taken      taken      taken      taken
        note_typed      -          taken      taken      taken      taken      -          -
        note_written    -          taken      taken      taken      taken      -          -
        note_drawn      -          taken      taken      taken      taken      -          -
        intention       -          taken      taken      taken      taken      -          -
        intention_drawn -          taken      taken      taken      taken      -          -
        for_clinician   -          taken      taken      taken      taken      -          -
        shared          -          taken      taken      taken      taken      -          -
        notes_sealed    taken      taken      taken      taken      taken      taken      taken
        notes_restored  -          taken      taken      taken      taken      -          -
        notes_lost      -          taken      taken      taken      taken      -          -
        notes_damaged   -          taken      taken      taken      taken      -          -
        take_looked     -          taken      taken      taken      taken      -          -
        take_offered    taken      taken      taken      taken      taken      taken      taken
        take_chosen     -          -          -          taken      taken      -          -
        take_went       taken      taken      taken      taken      taken      taken      taken
        volume          -          taken      taken      taken      taken      -          -
        place           -          taken      taken      taken      taken      -          -
        sound           -          taken      taken      taken      taken      -          -
        breath          -          taken      taken      taken      taken      -          -
        breath_pattern  -          taken      taken      taken      taken      -          -
        dark            -          taken      taken      taken      taken      -          -
        dark_touched    -          taken      taken      taken      taken      -          -
        anchor          -          taken      taken      taken      taken      -          -
        calm            -          taken      taken      taken      taken      -          -
        silence         -          taken      taken      taken      taken      -          -
        skip_piece      -          taken      taken      taken      taken      -          -
        brightness      -          taken      taken      taken      taken      -          -
        intensity       -          taken      taken      taken      taken      -          -
        talk_now        taken      taken      taken      taken      taken      taken      taken
        staff_reset     turnover   turnover   turnover   turnover   turnover   taken      turnover
        wipe_verified   -          -          -          -          -          taken      -
        wipe_failed     -          -          -          -          -          blocked    taken
        turnover_done   -          -          -          -          -          ready      -
        speaker_tested  taken      -          -          -          -          taken      -
        speaker_heard   taken      -          -          -          -          taken      -
        output_accepted taken      taken      taken      taken      taken      taken      taken
        surface_cleaned taken      -          -          -          -          taken      -
        trouble         taken      taken      taken      taken      taken      taken      taken
        time_marked     taken      taken      taken      taken      taken      taken      taken
        resumed         taken      taken      taken      taken      taken      taken      taken"]]
    .assert_eq(&table);
}

#[test]
fn a_refused_event_changes_nothing_in_any_stage() {
    for stage in Stage::ALL {
        for (_, event) in one_of_each() {
            let mut harness = prepared(*stage, &event);
            if harness.input(1_000, event.clone()).is_err() {
                prepared(*stage, &event).refused(1_000, event);
            }
        }
    }
}

#[test]
fn a_reset_waits_for_an_open_call_and_for_nothing_else() {
    for stage in Stage::ALL {
        let mut harness = Harness::in_stage(*stage);
        harness.ok(0, press());
        assert_eq!(harness.refused(1_000, Event::StaffReset), Refusal::CallOpen, "in {}", stage.name());
        harness.ok(2_000, here());
        assert_eq!(harness.refused(2_000, Event::StaffReset), Refusal::CallOpen, "in {}", stage.name());
        harness.ok(3_000, Event::CallCleared);
        harness.effects();
        harness.ok(4_000, Event::StaffReset);
        assert_eq!(harness.effects(), [Effect::Wipe], "in {}", stage.name());
        let snapshot = harness.snapshot();
        assert_eq!((snapshot.stage, snapshot.wiping, snapshot.receipt), (Stage::Turnover, true, None));
    }
}

#[test]
fn the_room_is_ready_only_after_a_verified_wipe() {
    let mut harness = Harness::in_stage(Stage::Turnover);
    assert_eq!(harness.refused(0, Event::TurnoverDone), Refusal::NotVerified);
    harness.ok(0, Event::Restarted);
    assert_eq!(harness.effects(), [Effect::VerifyWipe]);
    assert_eq!(harness.refused(0, Event::TurnoverDone), Refusal::NotVerified);
    harness.ok(0, Event::WipeVerified(receipt(true)));
    assert!(!harness.snapshot().wiping);
    harness.ok(0, Event::TurnoverDone);
    assert_eq!(harness.snapshot().stage, Stage::Ready);
    assert_eq!(harness.snapshot().receipt, Some(receipt(true)), "the desk shows the proof of the last wipe");
    harness.ok(0, Event::VisitBegins);
    assert_eq!(harness.snapshot().receipt, None);
    assert_eq!(harness.effects(), [Effect::OpenVault]);
}

#[test]
fn a_blocked_room_admits_no_patient_and_says_why() {
    let mut harness = Harness::in_stage(Stage::Blocked);
    for event in [Event::VisitBegins, session(None), settling(), Event::TurnoverDone] {
        harness.refused(0, event);
    }
    assert_eq!(harness.snapshot().troubles, [Trouble::WipeUnverified]);
    assert_eq!(harness.snapshot().receipt, Some(receipt(false)));
    harness.ok(0, Event::StaffReset);
    assert_eq!(harness.snapshot().stage, Stage::Turnover);
    harness.refused(0, Event::TurnoverDone);
    harness.ok(0, Event::WipeVerified(receipt(true)));
    assert_eq!(harness.snapshot().troubles, []);
    harness.ok(0, Event::TurnoverDone);
    assert_eq!(harness.snapshot().stage, Stage::Ready);
}

#[test]
fn a_receipt_without_checks_or_with_a_failed_one_verifies_nothing() {
    let empty = Receipt { checks: vec![], ..receipt(true) };
    for unverified in [receipt(false), empty] {
        let mut harness = Harness::in_stage(Stage::Blocked);
        harness.ok(0, Event::StaffReset);
        if harness.input(0, Event::WipeVerified(unverified)).is_ok() {
            assert_eq!(harness.snapshot().stage, Stage::Blocked);
            assert_eq!(harness.snapshot().troubles, [Trouble::WipeUnverified]);
        }
        harness.refused(0, Event::TurnoverDone);
    }
}

/// Only a new wipe can unblock a room.
#[test]
fn a_stray_receipt_does_not_unblock_a_room() {
    let mut harness = Harness::in_stage(Stage::Blocked);
    let _ = harness.input(0, Event::WipeVerified(receipt(true)));
    assert_eq!(harness.snapshot().stage, Stage::Blocked);
}

#[test]
fn a_restart_continues_what_was_begun() {
    for (stage, expected) in [
        (Stage::Ready, vec![]),
        (Stage::Arrive, vec![Effect::ReopenVault]),
        (Stage::Session, vec![Effect::ReopenVault]),
        (Stage::After, vec![Effect::ReopenVault]),
        (Stage::Farewell, vec![Effect::ReopenVault]),
        (Stage::Turnover, vec![Effect::VerifyWipe]),
        (Stage::Blocked, vec![]),
    ] {
        let mut harness = Harness::in_stage(stage);
        harness.ok(0, Event::Restarted);
        assert_eq!(harness.effects(), expected, "in {}", stage.name());
        assert_eq!(harness.snapshot().stage, stage);
    }
}

#[test]
fn the_next_patient_finds_a_fresh_room() {
    let events: Vec<Event> = vec![
        Event::ProfileChosen { name: "night".to_owned() },
        Event::VisitBegins,
        Event::LanguageChosen(spanish()),
        Event::HandChosen(Hand::Left),
        Event::TypeSizeChosen(TypeSize::Larger),
        Event::IntentionWritten { question: 0, text: PatientText::new("words") },
        super::writing::intention_drawn(1, &[3]),
        Event::Volume { db: -55.0 },
        Event::PlaceChosen(Place::NightSky),
        Event::BreathPatternChosen(BreathPattern::Box4),
        Event::Breath { on: true },
        Event::Dark { on: true },
        Event::DarkTouched,
        Event::SessionBegins { profile: Some("long".to_owned()), infusion_minutes: Some(90), settle: false },
        Event::Extend { minutes: 7 },
        Event::Volume { db: -10.0 },
        Event::Anchor { on: true },
        Event::Calm { on: true },
        Event::SoundChosen(SoundChoice::Bed(Bed::Rain)),
        Event::Silence { on: true },
        Event::SkipPiece,
        Event::Brightness { trim: -0.4 },
        Event::Intensity { nudge: -0.4 },
        Event::Dark { on: true },
        Event::DarkTouched,
        Event::TalkNow { on: true },
        press(),
        Event::CallCleared,
        typed("words"),
        Event::ForClinicianWritten { text: PatientText::new("words") },
        Event::ForClinicianShared { on: true },
        Event::NotesSealed { version: 1, ok: false },
        Event::NotesLost,
    ];
    // After a reset, the room is the same, no matter how many of these events came before.
    for length in 0..=events.len() {
        let mut harness = Harness::new();
        for (index, event) in events[..length].iter().enumerate() {
            harness.ok(index as u64 * SECOND, event.clone());
        }
        if harness.room.open_call().is_some() {
            harness.ok(harness.now.0, Event::CallCleared);
        }
        let now_ms = harness.now.0;
        for event in [Event::StaffReset, Event::Restarted, Event::WipeVerified(receipt(true)), Event::TurnoverDone] {
            harness.ok(now_ms, event);
        }
        let found = Snapshot { receipt: None, visit_began_at: RoomTime::default(), ..harness.snapshot() };
        assert_eq!(found, Room::new(rules()).snapshot(harness.now), "after {length} events");
        assert_eq!(harness.room.poll_timeout(harness.now), None, "after {length} events");
    }
}

#[test]
fn a_session_uses_the_profile_and_length_it_is_given() {
    let mut harness = Harness::in_stage(Stage::Arrive);
    assert_eq!(harness.refused(0, Event::ProfileChosen { name: "no-such".to_owned() }), Refusal::UnknownProfile);
    let unknown = Event::SessionBegins { profile: Some("no-such".to_owned()), infusion_minutes: None, settle: false };
    assert_eq!(harness.refused(0, unknown), Refusal::UnknownProfile);
    let too_long =
        Event::SessionBegins { profile: Some("long".to_owned()), infusion_minutes: Some(241), settle: false };
    assert!(matches!(harness.refused(0, too_long), Refusal::OutOfRange { .. }));
    harness.ok(0, Event::SessionBegins { profile: Some("long".to_owned()), infusion_minutes: None, settle: false });
    let snapshot = harness.snapshot();
    assert_eq!((snapshot.profile.as_str(), snapshot.infusion_minutes, snapshot.place), ("long", 120, Place::Forest));
}

#[test]
fn choices_on_arrival_survive_the_start_of_a_session_with_the_same_profile() {
    let mut harness = Harness::in_stage(Stage::Arrive);
    harness.ok(0, Event::Volume { db: -44.0 });
    harness.ok(0, Event::PlaceChosen(Place::NightSky));
    harness.ok(0, Event::SessionBegins { profile: Some("quiet".to_owned()), infusion_minutes: None, settle: false });
    assert!((harness.snapshot().volume_db + 44.0).abs() < 1e-6);
    assert_eq!(harness.snapshot().place, Place::NightSky);
}

#[test]
fn another_profile_keeps_what_was_chosen_on_arrival_and_the_same_one_again_takes_its_own() {
    let mut harness = Harness::in_stage(Stage::Arrive);
    harness.ok(0, Event::Volume { db: -58.0 });
    harness.ok(0, Event::PlaceChosen(Place::NightSky));
    let state = |harness: &Harness| {
        let snapshot = harness.snapshot();
        (snapshot.infusion_minutes, snapshot.place, snapshot.place_on_arrival, snapshot.volume_db.round() as i32)
    };
    assert_eq!(state(&harness), (40, Place::NightSky, Some(Place::NightSky), -58));
    let choose = |harness: &mut Harness, name: &str| harness.ok(0, Event::ProfileChosen { name: name.to_owned() });
    choose(&mut harness, "long");
    assert_eq!(state(&harness), (120, Place::NightSky, Some(Place::NightSky), -40), "within the profile's limits");
    choose(&mut harness, "quiet");
    assert_eq!(state(&harness), (40, Place::NightSky, Some(Place::NightSky), -58), "what was chosen is not worn down");
    choose(&mut harness, "long");
    choose(&mut harness, "long");
    assert_eq!(state(&harness), (120, Place::Forest, None, -20));
    choose(&mut harness, "quiet");
    assert_eq!(state(&harness), (40, Place::Beach, None, -30), "a choice that was dropped does not come back");
}

#[test]
fn a_place_chosen_on_arrival_is_seen_even_with_a_dark_profile() {
    for (chosen, dark) in [(None, true), (Some(Place::Forest), false), (Some(Place::Dark), true)] {
        let mut harness = Harness::in_stage(Stage::Arrive);
        if let Some(place) = chosen {
            harness.ok(0, Event::PlaceChosen(place));
        }
        let profile = Some("night".to_owned());
        harness.ok(0, Event::SessionBegins { profile, infusion_minutes: None, settle: false });
        assert_eq!(harness.snapshot().dark, dark, "{chosen:?}");
    }
}

#[test]
fn darkness_chosen_on_arrival_applies_to_the_session() {
    let mut harness = Harness::in_stage(Stage::Arrive);
    harness.ok(0, Event::PlaceChosen(Place::Dark));
    harness.ok(0, session(None));
    assert!(harness.snapshot().dark);
}

#[test]
fn the_dark_panel_lasts_twenty_seconds_but_no_longer_than_the_dark() {
    let mut harness = Harness::in_stage(Stage::Session);
    harness.ok(0, Event::DarkTouched);
    assert_eq!(harness.snapshot().dark_panel_until, None, "it is not dark");
    harness.ok(0, Event::Dark { on: true });
    harness.ok(1_000, Event::DarkTouched);
    assert_eq!(harness.effects(), [Effect::Signal(Signal::DarkPanel)]);
    assert_eq!(harness.snapshot().dark_panel_until, Some(RoomTime(21_000)));
    harness.run_to(20_999);
    assert!(harness.snapshot().dark_panel_until.is_some());
    harness.run_to(21_000);
    assert_eq!(harness.snapshot().dark_panel_until, None);
    for lighting_event in [Event::Dark { on: false }, Event::PlaceChosen(Place::Beach), Event::AfterBegins] {
        let mut harness = Harness::in_stage(Stage::Session);
        harness.ok(0, Event::Dark { on: true });
        harness.ok(0, Event::DarkTouched);
        harness.ok(1_000, lighting_event.clone());
        let snapshot = harness.snapshot();
        assert_eq!((snapshot.dark, snapshot.dark_panel_until), (false, None), "{lighting_event:?}");
    }
}

#[test]
fn volume_and_brightness_are_clamped() {
    let mut harness = Harness::in_stage(Stage::Arrive);
    for (asked, given) in [(-20.0, -20.0), (0.0, -12.0), (-90.0, -60.0)] {
        harness.ok(0, Event::Volume { db: asked });
        assert!((harness.snapshot().volume_db - given).abs() < 1e-6, "{asked}");
    }
    harness.ok(0, Event::ProfileChosen { name: "long".to_owned() });
    harness.ok(0, Event::Volume { db: 0.0 });
    assert!((harness.snapshot().volume_db + 12.0).abs() < 1e-6, "the room's cap applies where a profile allows more");
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        harness.refused(0, Event::Volume { db: wrong });
        harness.refused(0, Event::Brightness { trim: wrong });
    }
    harness.ok(0, Event::Brightness { trim: -3.0 });
    assert!((harness.snapshot().brightness_trim + 0.5).abs() < 1e-6);
}

#[test]
fn a_room_without_profiles_still_works() {
    let mut harness = Harness::with(Rules { profiles: vec![], ..Rules::default() });
    harness.ok(0, session(None));
    harness.ok(0, Event::Volume { db: -20.0 });
    assert_eq!(harness.snapshot().profile, "silence");
}

#[test]
fn stages_places_troubles_and_parts_are_found_by_their_names() {
    assert!(Stage::ALL.iter().all(|stage| Stage::from_name(stage.name()) == Some(*stage)));
    assert!(Place::ALL.iter().all(|place| Place::from_name(place.name()) == Some(*place)));
    assert!(Trouble::ALL.iter().all(|trouble| Trouble::from_name(trouble.name()) == Some(*trouble)));
    assert!(Part::ALL.iter().all(|part| Part::from_name(part.name()) == Some(*part)));
}

#[test]
fn an_unknown_language_is_refused_and_the_chosen_one_stays() {
    let mut harness = Harness::in_stage(Stage::Arrive);
    harness.ok(1, Event::LanguageChosen(spanish()));
    let refusal = harness.input(2, Event::LanguageChosen(unknown_language())).expect_err("the room does not offer it");
    assert_eq!(refusal, Refusal::UnknownLanguage { known: vec![Language::FALLBACK, spanish()] });
    assert_eq!(refusal.to_string(), "no such language here; it must be one of en-US, es-US");
    assert_eq!(harness.snapshot().language, spanish());
}
