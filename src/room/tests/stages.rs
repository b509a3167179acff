//! Owns the way of a visit: every event in every stage, the reset, the turnover, and what a new person finds.

use std::fmt::Write as _;

use expect_test::expect;

use super::drawing::Drawing;
use super::take_home::Way;
use super::*;
use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::Bed;

/// One of every event, each as it would be taken if the stage allows it.
fn one_of_each() -> Vec<(&'static str, Event)> {
    let text = || PatientText::new("words");
    vec![
        ("visit_begins", Event::VisitBegins),
        ("language", Event::LanguageChosen(spanish())),
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
        ("staff_touched", Event::StaffTouched),
        ("desk_seen", Event::DeskSeen { desk: DESK }),
        ("desk_gone", Event::DeskGone { desk: DESK }),
        ("note_typed", typed("words")),
        ("note_written", Event::NoteWritten { page: 0, text: text() }),
        ("note_drawn", Event::NoteDrawn { page: 0, drawing: Drawing::default() }),
        ("intention", Event::IntentionWritten { question: 0, text: text() }),
        ("for_clinician", Event::ForClinicianWritten { text: text() }),
        ("shared", Event::ForClinicianShared { on: true }),
        ("notes_sealed", Event::NotesSealed { version: 1, ok: true }),
        ("notes_restored", Event::NotesRestored(Notes::default())),
        ("notes_lost", Event::NotesLost),
        ("notes_damaged", Event::NotesDamaged),
        ("take_looked", Event::TakeHomeLooked),
        ("take_offered", Event::TakeHomeOffered { paper: true, sealed: true }),
        ("take_chosen", Event::TakeHomeChosen { way: Way::Paper }),
        ("take_went", Event::TakeHomeWent { way: Way::Paper, version: 1, outcome: Ok(None) }),
        ("volume", Event::Volume { db: -20.0 }),
        ("place", Event::PlaceChosen(Place::Forest)),
        ("breath", Event::BreathWished { on: true }),
        ("breath_pattern", Event::BreathPattern(Pattern::FiveFive)),
        ("dark", Event::Dark { on: true }),
        ("dark_touched", Event::DarkTouched),
        ("anchor", Event::Anchor { on: true }),
        ("silence", Event::Silence { on: true }),
        ("skip_piece", Event::SkipPiece),
        ("brightness", Event::Brightness { trim: 0.2 }),
        ("intensity", Event::Intensity { nudge: 0.2 }),
        ("talk_now", Event::TalkNow { on: true }),
        ("staff_reset", Event::StaffReset),
        ("wipe_verified", Event::WipeVerified(receipt(true))),
        ("wipe_failed", Event::WipeFailed(receipt(false))),
        ("turnover_done", Event::TurnoverDone),
        ("speaker_tested", Event::SpeakerTested),
        ("speaker_heard", Event::SpeakerHeard),
        ("surface_cleaned", Event::SurfaceCleaned),
        ("trouble", Event::TroubleChanged { trouble: Trouble::SoundLost, on: true }),
        ("time_marked", Event::TimeMarked),
        ("resumed", Event::Resumed),
    ]
}

/// The room in that stage, with all that this event needs besides the stage.
fn prepared(stage: Stage, event: &Event) -> Play {
    let mut play = Play::in_stage(stage);
    match event {
        Event::InfusionStarts if stage == Stage::Session => {
            play = Play::new();
            play.ok(0, settling());
        }
        Event::Resume if stage == Stage::Session => play.ok(0, Event::Pause),
        Event::TurnoverDone if stage == Stage::Turnover => play.ok(0, Event::WipeVerified(receipt(true))),
        Event::TakeHomeChosen { .. } => {
            play.ok(0, Event::TakeHomeOffered { paper: true, sealed: false });
            // Where nothing can be written, nothing can be taken either.
            let _ = play.at(0, typed("words"));
        }
        Event::CallJournaled { .. }
        | Event::CallSent { .. }
        | Event::CallReceived { .. }
        | Event::CallComing { .. }
        | Event::CallHere { .. }
        | Event::CallCleared => {
            play.ok(0, Event::DeskSeen { desk: DESK });
            play.ok(0, press());
        }
        _ => {}
    }
    play
}

#[test]
fn every_event_in_every_stage() {
    let mut table = format!("{:<16}", "");
    for stage in Stage::ALL {
        write!(table, "{:<11}", stage.name()).expect("a string takes it");
    }
    table = table.trim_end().to_owned();
    for (name, event) in one_of_each() {
        let mut line = format!("\n{name:<16}");
        for stage in Stage::ALL {
            let mut play = prepared(*stage, &event);
            let cell = match play.at(1_000, event.clone()) {
                Err(_) => "-",
                Ok(()) if play.room.stage == *stage => "taken",
                Ok(()) => play.room.stage.name(),
            };
            write!(line, "{cell:<11}").expect("a string takes it");
        }
        table.push_str(line.trim_end());
    }
    expect![[r"
                        ready      arrive     session    after      farewell   turnover   blocked
        visit_begins    arrive     -          -          -          -          -          -
        language        taken      taken      taken      taken      taken      -          -
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
        staff_touched   taken      taken      taken      taken      taken      taken      taken
        desk_seen       taken      taken      taken      taken      taken      taken      taken
        desk_gone       taken      taken      taken      taken      taken      taken      taken
        note_typed      -          taken      taken      taken      taken      -          -
        note_written    -          taken      taken      taken      taken      -          -
        note_drawn      -          taken      taken      taken      taken      -          -
        intention       -          taken      taken      taken      taken      -          -
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
        breath          -          taken      taken      taken      taken      -          -
        breath_pattern  -          taken      taken      taken      taken      -          -
        dark            -          taken      taken      taken      taken      -          -
        dark_touched    -          taken      taken      taken      taken      -          -
        anchor          -          taken      taken      taken      taken      -          -
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
        surface_cleaned taken      -          -          -          -          taken      -
        trouble         taken      taken      taken      taken      taken      taken      taken
        time_marked     taken      taken      taken      taken      taken      taken      taken
        resumed         taken      taken      taken      taken      taken      taken      taken"]]
    .assert_eq(&table);
}

#[test]
fn what_is_refused_changes_nothing_in_any_stage() {
    for stage in Stage::ALL {
        for (_, event) in one_of_each() {
            let mut play = prepared(*stage, &event);
            if play.at(1_000, event.clone()).is_err() {
                prepared(*stage, &event).refused(1_000, event);
            }
        }
    }
}

#[test]
fn a_reset_waits_for_an_open_call_and_for_nothing_else() {
    for stage in Stage::ALL {
        let mut play = Play::in_stage(*stage);
        play.ok(0, press());
        assert_eq!(play.refused(1_000, Event::StaffReset), Refusal::CallOpen, "in {}", stage.name());
        play.ok(2_000, here());
        assert_eq!(play.refused(2_000, Event::StaffReset), Refusal::CallOpen, "in {}", stage.name());
        play.ok(3_000, Event::CallCleared);
        play.effects();
        play.ok(4_000, Event::StaffReset);
        assert_eq!(play.effects(), [Effect::Wipe], "in {}", stage.name());
        let snapshot = play.snapshot();
        assert_eq!((snapshot.stage, snapshot.wiping, snapshot.receipt), (Stage::Turnover, true, None));
    }
}

#[test]
fn the_room_is_ready_only_after_a_verified_wipe() {
    let mut play = Play::in_stage(Stage::Turnover);
    assert_eq!(play.refused(0, Event::TurnoverDone), Refusal::NotVerified);
    play.ok(0, Event::Resumed);
    assert_eq!(play.effects(), [Effect::VerifyWipe]);
    assert_eq!(play.refused(0, Event::TurnoverDone), Refusal::NotVerified);
    play.ok(0, Event::WipeVerified(receipt(true)));
    assert!(!play.snapshot().wiping);
    play.ok(0, Event::TurnoverDone);
    assert_eq!(play.snapshot().stage, Stage::Ready);
    assert_eq!(play.snapshot().receipt, Some(receipt(true)), "the desk shows the proof of the last wipe");
    play.ok(0, Event::VisitBegins);
    assert_eq!(play.snapshot().receipt, None);
    assert_eq!(play.effects(), [Effect::OpenVault]);
}

#[test]
fn a_room_that_cannot_be_verified_takes_no_next_person_and_says_why() {
    let mut play = Play::in_stage(Stage::Blocked);
    for event in [Event::VisitBegins, session(None), settling(), Event::TurnoverDone] {
        play.refused(0, event);
    }
    assert_eq!(play.snapshot().troubles, [Trouble::WipeUnverified]);
    assert_eq!(play.snapshot().receipt, Some(receipt(false)));
    play.ok(0, Event::StaffReset);
    assert_eq!(play.snapshot().stage, Stage::Turnover);
    play.refused(0, Event::TurnoverDone);
    play.ok(0, Event::WipeVerified(receipt(true)));
    assert_eq!(play.snapshot().troubles, []);
    play.ok(0, Event::TurnoverDone);
    assert_eq!(play.snapshot().stage, Stage::Ready);
}

/// A receipt with a failed check is not a verified wipe, whoever calls it one.
#[test]
fn a_receipt_that_does_not_hold_verifies_nothing() {
    let empty = Receipt { checks: vec![], ..receipt(true) };
    for not_whole in [receipt(false), empty] {
        let mut play = Play::in_stage(Stage::Blocked);
        play.ok(0, Event::StaffReset);
        if play.at(0, Event::WipeVerified(not_whole)).is_ok() {
            assert_eq!(play.snapshot().stage, Stage::Blocked);
            assert_eq!(play.snapshot().troubles, [Trouble::WipeUnverified]);
        }
        play.refused(0, Event::TurnoverDone);
    }
}

/// Only a wipe that was begun again can free a blocked room.
#[test]
fn a_stray_answer_does_not_free_a_blocked_room() {
    let mut play = Play::in_stage(Stage::Blocked);
    let _ = play.at(0, Event::WipeVerified(receipt(true)));
    assert_eq!(play.snapshot().stage, Stage::Blocked);
}

#[test]
fn after_a_stop_the_room_goes_on_with_what_was_begun() {
    for (stage, expected) in [
        (Stage::Ready, vec![]),
        (Stage::Arrive, vec![Effect::ReopenVault]),
        (Stage::Session, vec![Effect::ReopenVault]),
        (Stage::After, vec![Effect::ReopenVault]),
        (Stage::Farewell, vec![Effect::ReopenVault]),
        (Stage::Turnover, vec![Effect::VerifyWipe]),
        (Stage::Blocked, vec![]),
    ] {
        let mut play = Play::in_stage(stage);
        play.ok(0, Event::Resumed);
        assert_eq!(play.effects(), expected, "in {}", stage.name());
        assert_eq!(play.snapshot().stage, stage);
    }
}

#[test]
fn a_new_person_finds_a_fresh_room() {
    let used: Vec<Event> = vec![
        Event::ProfileChosen { name: "night".to_owned() },
        Event::VisitBegins,
        Event::LanguageChosen(spanish()),
        Event::IntentionWritten { question: 0, text: PatientText::new("words") },
        Event::Volume { db: -55.0 },
        Event::PlaceChosen(Place::NightSky),
        Event::BreathPattern(Pattern::Box4),
        Event::BreathWished { on: true },
        Event::Dark { on: true },
        Event::DarkTouched,
        Event::SessionBegins { profile: Some("long".to_owned()), infusion_minutes: Some(90), settle: false },
        Event::Extend { minutes: 7 },
        Event::Volume { db: -10.0 },
        Event::Anchor { on: true },
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
    // However far the person came, the next one finds the same.
    for length in 0..=used.len() {
        let mut play = Play::new();
        for (index, event) in used[..length].iter().enumerate() {
            play.ok(index as u64 * SECOND, event.clone());
        }
        if play.room.open_call().is_some() {
            play.ok(play.now.0, Event::CallCleared);
        }
        let now_ms = play.now.0;
        for event in [Event::StaffReset, Event::Resumed, Event::WipeVerified(receipt(true)), Event::TurnoverDone] {
            play.ok(now_ms, event);
        }
        let found = Snapshot { receipt: None, visit: RoomTime::default(), ..play.snapshot() };
        assert_eq!(found, Room::new(rules()).snapshot(play.now), "after {length} events");
        assert_eq!(play.room.poll_timeout(play.now), None, "after {length} events");
    }
}

#[test]
fn a_session_takes_the_profile_and_length_it_is_given() {
    let mut play = Play::in_stage(Stage::Arrive);
    assert_eq!(play.refused(0, Event::ProfileChosen { name: "no-such".to_owned() }), Refusal::UnknownProfile);
    let unknown = Event::SessionBegins { profile: Some("no-such".to_owned()), infusion_minutes: None, settle: false };
    assert_eq!(play.refused(0, unknown), Refusal::UnknownProfile);
    let too_long =
        Event::SessionBegins { profile: Some("long".to_owned()), infusion_minutes: Some(241), settle: false };
    assert!(matches!(play.refused(0, too_long), Refusal::OutOfRange { .. }));
    play.ok(0, Event::SessionBegins { profile: Some("long".to_owned()), infusion_minutes: None, settle: false });
    let snapshot = play.snapshot();
    assert_eq!((snapshot.profile.as_str(), snapshot.infusion_minutes, snapshot.place), ("long", 120, Place::Forest));
}

#[test]
fn what_the_patient_chose_on_arrival_holds_when_the_session_begins_with_the_same_profile() {
    let mut play = Play::in_stage(Stage::Arrive);
    play.ok(0, Event::Volume { db: -44.0 });
    play.ok(0, Event::PlaceChosen(Place::NightSky));
    play.ok(0, Event::SessionBegins { profile: Some("quiet".to_owned()), infusion_minutes: None, settle: false });
    assert!((play.snapshot().volume_db + 44.0).abs() < 1e-6);
    assert_eq!(play.snapshot().place, Place::NightSky);
}

/// Darkness is a choice equal to any place, on arrival too.
#[test]
fn darkness_chosen_on_arrival_is_there_in_the_session() {
    let mut play = Play::in_stage(Stage::Arrive);
    play.ok(0, Event::PlaceChosen(Place::Dark));
    play.ok(0, session(None));
    assert!(play.snapshot().dark);
}

#[test]
fn the_panel_of_the_dark_lasts_twenty_seconds_and_no_longer_than_the_dark() {
    let mut play = Play::in_stage(Stage::Session);
    play.ok(0, Event::DarkTouched);
    assert_eq!(play.snapshot().dark_panel_until, None, "it is not dark");
    play.ok(0, Event::Dark { on: true });
    play.ok(1_000, Event::DarkTouched);
    assert_eq!(play.effects(), [Effect::Signal(Signal::DarkPanel)]);
    assert_eq!(play.snapshot().dark_panel_until, Some(RoomTime(21_000)));
    play.run_to(20_999);
    assert!(play.snapshot().dark_panel_until.is_some());
    play.run_to(21_000);
    assert_eq!(play.snapshot().dark_panel_until, None);
    for lights_up in [Event::Dark { on: false }, Event::PlaceChosen(Place::Beach), Event::AfterBegins] {
        let mut play = Play::in_stage(Stage::Session);
        play.ok(0, Event::Dark { on: true });
        play.ok(0, Event::DarkTouched);
        play.ok(1_000, lights_up.clone());
        let snapshot = play.snapshot();
        assert_eq!((snapshot.dark, snapshot.dark_panel_until), (false, None), "{lights_up:?}");
    }
}

#[test]
fn volume_and_brightness_keep_within_their_limits() {
    let mut play = Play::in_stage(Stage::Arrive);
    for (asked, given) in [(-20.0, -20.0), (0.0, -12.0), (-90.0, -60.0)] {
        play.ok(0, Event::Volume { db: asked });
        assert!((play.snapshot().volume_db - given).abs() < 1e-6, "{asked}");
    }
    play.ok(0, Event::ProfileChosen { name: "long".to_owned() });
    play.ok(0, Event::Volume { db: 0.0 });
    assert!((play.snapshot().volume_db + 12.0).abs() < 1e-6, "the room's cap binds where a profile allows more");
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        play.refused(0, Event::Volume { db: wrong });
        play.refused(0, Event::Brightness { trim: wrong });
    }
    play.ok(0, Event::Brightness { trim: -3.0 });
    assert!((play.snapshot().brightness_trim + 0.5).abs() < 1e-6);
}

#[test]
fn a_room_without_profiles_still_stands() {
    let mut play = Play::with(Rules { profiles: vec![], ..Rules::default() });
    play.ok(0, session(None));
    play.ok(0, Event::Volume { db: -20.0 });
    assert_eq!(play.snapshot().profile, "silence");
}

#[test]
fn names_of_stages_places_and_troubles_lead_back() {
    assert!(Stage::ALL.iter().all(|stage| Stage::from_name(stage.name()) == Some(*stage)));
    assert!(Place::ALL.iter().all(|place| Place::from_name(place.name()) == Some(*place)));
    assert!(Trouble::ALL.iter().all(|trouble| Trouble::from_name(trouble.name()) == Some(*trouble)));
    assert!(Part::ALL.iter().all(|part| Part::from_name(part.name()) == Some(*part)));
}

#[test]
fn a_language_that_is_not_there_is_refused_and_the_chosen_one_stays() {
    let mut play = Play::in_stage(Stage::Arrive);
    play.ok(1, Event::LanguageChosen(spanish()));
    let refusal = play.at(2, Event::LanguageChosen(unknown_language())).expect_err("nobody speaks it here");
    assert_eq!(refusal, Refusal::UnknownLanguage { known: vec![Language::FALLBACK, spanish()] });
    assert_eq!(refusal.to_string(), "no such language here; it must be one of en-US, es-US");
    assert_eq!(play.snapshot().language, spanish());
}
