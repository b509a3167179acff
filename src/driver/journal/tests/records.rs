//! Owns the tests of how records are encoded and decoded.

use super::*;
use crate::room::Trouble;
use crate::room::breath::BreathPattern;
use crate::room::call::DeskId;
use crate::room::drawing::Drawing;
use crate::room::snapshot::WipeCheck;
use crate::room::take_home::{TakeHomeError, TakeHomeMethod};
use crate::vocabulary::language::Language;
use crate::vocabulary::patient::{CallReason, Hand, TypeSize};
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;

const CANARY: &str = "k4n4ry";

fn receipt() -> Receipt {
    Receipt {
        number: 41,
        at: "2026-03-04T05:06:07Z".to_owned(),
        room: "Room \"2\"".to_owned(),
        checks: vec![
            WipeCheck { name: "no-visit-key".to_owned(), ok: true },
            WipeCheck { name: "x".to_owned(), ok: false },
        ],
        chain: "ab".repeat(32),
    }
}

/// Returns at least one event of every kind. A new kind of event breaks the build at the match in [`kind`], as a
/// reminder to add an event of that kind here.
pub(super) fn every_event() -> Vec<Event> {
    let text = || PatientText::new(CANARY);
    let id = CallId(u128::MAX);
    let mut events = vec![
        Event::VisitBegins,
        Event::ProfileChosen { name: "gentle-tide".to_owned() },
        Event::SessionBegins { profile: Some("a b\n\"c".to_owned()), infusion_minutes: Some(40), settle: true },
        Event::SessionBegins { profile: None, infusion_minutes: None, settle: false },
        Event::InfusionStarts,
        Event::Pause,
        Event::Resume,
        Event::Extend { minutes: u32::MAX },
        Event::End { landing_minutes: None },
        Event::End { landing_minutes: Some(0) },
        Event::AfterBegins,
        Event::Farewell,
        Event::CallPressed { id: CallId(0), practice: true },
        Event::CallPressed { id, practice: false },
        Event::CallJournaled { id, ok: true },
        Event::CallSent { id },
        Event::CallReceived { id, desk: DeskId(u64::MAX) },
        Event::CallComing { id, name: "Åsa 🌊".to_owned() },
        Event::CallHere { id: None },
        Event::CallHere { id: Some(id) },
        Event::CallCleared,
        Event::PracticeEnds,
        Event::StaffTouched,
        Event::DeskConnected { desk: DeskId(1) },
        Event::DeskDisconnected { desk: DeskId(1) },
        Event::NoteTyped { text: text() },
        Event::NoteWritten { page: 0, text: text() },
        Event::NoteDrawn { page: 0, drawing: Drawing::default() },
        Event::TakeHomeMethodsRequested,
        Event::TakeHomeMethodsFound { paper: true, sealed: false },
        Event::TakeHomeChosen { method: TakeHomeMethod::Sealed },
        Event::TakeHomeFinished {
            method: TakeHomeMethod::Paper,
            version: 3,
            outcome: Err(TakeHomeError::PrinterStopped),
        },
        Event::IntentionWritten { question: 0, text: text() },
        Event::IntentionDrawn { question: 0, drawing: Drawing::default() },
        Event::ForClinicianWritten { text: text() },
        Event::ForClinicianShared { on: true },
        Event::NotesSealed { version: 1, ok: true },
        Event::NotesRestored(Box::default()),
        Event::NotesLost,
        Event::NotesDamaged,
        Event::Volume { db: -30.1 },
        Event::Volume { db: f32::MIN_POSITIVE },
        Event::Breath { on: true },
        Event::Dark { on: false },
        Event::DarkTouched,
        Event::Anchor { on: true },
        Event::Calm { on: true },
        Event::CallReasonChosen(CallReason::Pain),
        Event::Silence { on: true },
        Event::SkipPiece,
        Event::Brightness { trim: -0.3 },
        Event::Intensity { nudge: 0.4 },
        Event::TalkNow { on: true },
        Event::OutputAccepted,
        Event::StaffReset,
        Event::WipeVerified(receipt()),
        Event::WipeFailed(receipt()),
        Event::TurnoverDone,
        Event::TestToneRequested,
        Event::SurfaceCleaned,
        Event::TestToneHeard,
        Event::TroubleChanged { trouble: Trouble::SoundLost, on: true },
        Event::TimeMarked,
        Event::Restarted,
    ];
    events.extend(Place::ALL.iter().map(|place| Event::PlaceChosen(*place)));
    events.extend(SoundChoice::ALL.iter().map(|choice| Event::SoundChosen(*choice)));
    events.extend(
        ["en-US", "es-US", "haw-US", "es-419"].map(|tag| Event::LanguageChosen(Language::from_name(tag).unwrap())),
    );
    events.extend(BreathPattern::ALL.iter().map(|pattern| Event::BreathPatternChosen(*pattern)));
    events.extend(Hand::ALL.iter().map(|hand| Event::HandChosen(*hand)));
    events.extend(TypeSize::ALL.iter().map(|size| Event::TypeSizeChosen(*size)));
    let kinds: std::collections::BTreeSet<usize> = events.iter().map(kind).collect();
    assert_eq!(kinds.len(), KINDS, "an event is missing from this list");
    events
}

const KINDS: usize = 65;

fn kind(event: &Event) -> usize {
    match event {
        Event::VisitBegins => 0,
        Event::LanguageChosen(_) => 1,
        Event::ProfileChosen { .. } => 2,
        Event::SessionBegins { .. } => 3,
        Event::InfusionStarts => 4,
        Event::Pause => 5,
        Event::Resume => 6,
        Event::Extend { .. } => 7,
        Event::End { .. } => 8,
        Event::AfterBegins => 9,
        Event::Farewell => 10,
        Event::CallPressed { .. } => 11,
        Event::CallJournaled { .. } => 12,
        Event::CallSent { .. } => 13,
        Event::CallReceived { .. } => 14,
        Event::CallComing { .. } => 15,
        Event::CallHere { .. } => 16,
        Event::CallCleared => 17,
        Event::StaffTouched => 18,
        Event::DeskConnected { .. } => 19,
        Event::DeskDisconnected { .. } => 20,
        Event::NoteTyped { .. } => 21,
        Event::NoteWritten { .. } => 22,
        Event::IntentionWritten { .. } => 23,
        Event::ForClinicianWritten { .. } => 24,
        Event::ForClinicianShared { .. } => 25,
        Event::NotesSealed { .. } => 26,
        Event::NotesRestored(_) => 27,
        Event::NotesLost => 28,
        Event::Volume { .. } => 29,
        Event::PlaceChosen(_) => 30,
        Event::Breath { .. } => 31,
        Event::BreathPatternChosen(_) => 32,
        Event::Dark { .. } => 33,
        Event::DarkTouched => 34,
        Event::Anchor { .. } => 35,
        Event::Silence { .. } => 36,
        Event::SkipPiece => 37,
        Event::Brightness { .. } => 38,
        Event::TalkNow { .. } => 39,
        Event::StaffReset => 40,
        Event::WipeVerified(_) => 41,
        Event::WipeFailed(_) => 42,
        Event::TurnoverDone => 43,
        Event::TestToneRequested => 44,
        Event::TroubleChanged { .. } => 45,
        Event::TimeMarked => 46,
        Event::Restarted => 47,
        Event::SoundChosen(_) => 49,
        Event::OutputAccepted => 50,
        Event::Intensity { .. } => 48,
        Event::NoteDrawn { .. } => 51,
        Event::IntentionDrawn { .. } => 63,
        Event::TakeHomeMethodsRequested => 52,
        Event::TakeHomeMethodsFound { .. } => 53,
        Event::TakeHomeChosen { .. } => 54,
        Event::TakeHomeFinished { .. } => 55,
        Event::NotesDamaged => 56,
        Event::SurfaceCleaned => 57,
        Event::TestToneHeard => 58,
        Event::Calm { .. } => 59,
        Event::CallReasonChosen(_) => 60,
        Event::HandChosen(_) => 61,
        Event::TypeSizeChosen(_) => 62,
        Event::PracticeEnds => 64,
    }
}

#[test]
fn every_journaled_event_comes_back_unchanged_and_no_other_is_encoded() {
    for event in every_event() {
        match record::encode(&event) {
            Some(json) => {
                assert!(event.is_journaled() && !json.contains('\n') && !json.contains(CANARY), "{json}");
                assert_eq!(record::decode(&json), Some(event), "{json}");
            }
            None => assert!(!event.is_journaled(), "{event:?}"),
        }
    }
    assert_eq!(record::encode(&Event::Volume { db: f32::NAN }), None);
}

#[test]
fn calls_are_named_by_ulids() {
    let json = record::encode(&Event::CallSent { id: CallId(0x0190_0000_0000_0000_0000_0000_0000_0001) }).unwrap();
    assert_eq!(json, r#"{"event":"call_sent","id":"01J00000000000000000000001"}"#);
}

#[test]
fn an_unknown_record_is_refused_and_unknown_keys_are_ignored() {
    for json in [
        r#"{"event":"note_typed","text":"k4n4ry"}"#,
        r#"{"event":"something_of_tomorrow"}"#,
        r#"{"event":"volume","db":1e300}"#,
        r#"{"event":"volume"}"#,
        r#"{"event":"place","name":"moon"}"#,
        r#"{"event":"profile","name":""}"#,
        r#"{"event":"call_sent","id":"7"}"#,
        r#"{"event":"extend","minutes":-1}"#,
        "[]",
        "",
    ] {
        assert_eq!(record::decode(json), None, "{json}");
    }
    let begins = Event::SessionBegins { profile: None, infusion_minutes: None, settle: false };
    assert_eq!(record::decode(r#"{"event":"session_begins","of_tomorrow":[1]}"#), Some(begins));
    assert_eq!(record::decode(r#"{"of_tomorrow":1,"on":true,"event":"dark"}"#), Some(Event::Dark { on: true }));
}
