use super::*;
use crate::room::breath::BreathPattern;
use crate::room::call::DeskId;
use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH, Stroke, StrokePoint, Tint};
use crate::room::notes::{Notes, PatientText};
use crate::room::snapshot::{Receipt, WipeCheck};
use crate::room::take_home::{TakeHomeError, TakeHomeMethod};
use crate::room::{Room, RoomTime, Rules, Trouble};
use crate::vocabulary::language::Language;
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;
use serde_json::{Value, json};
use std::sync::Arc;

const CANARY: &str = "k4n4ry";

fn language(tag: &str) -> Language {
    Language::from_name(tag).unwrap()
}

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

/// At least one of every kind. The match below makes a new kind fail to build until it is here.
fn every_event() -> Vec<Event> {
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
        Event::ForClinicianWritten { text: text() },
        Event::ForClinicianShared { on: true },
        Event::NotesSealed { version: 1, ok: true },
        Event::NotesRestored(Notes::default()),
        Event::NotesLost,
        Event::NotesDamaged,
        Event::Volume { db: -30.1 },
        Event::Volume { db: f32::MIN_POSITIVE },
        Event::Breath { on: true },
        Event::Dark { on: false },
        Event::DarkTouched,
        Event::Anchor { on: true },
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
    events.extend(["en-US", "es-US", "haw-US", "es-419"].map(|tag| Event::LanguageChosen(language(tag))));
    events.extend(BreathPattern::ALL.iter().map(|pattern| Event::BreathPatternChosen(*pattern)));
    let kinds: std::collections::BTreeSet<usize> = events.iter().map(kind).collect();
    assert_eq!(kinds.len(), KINDS, "an event is missing from this list");
    events
}

const KINDS: usize = 59;

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
        Event::TakeHomeMethodsRequested => 52,
        Event::TakeHomeMethodsFound { .. } => 53,
        Event::TakeHomeChosen { .. } => 54,
        Event::TakeHomeFinished { .. } => 55,
        Event::NotesDamaged => 56,
        Event::SurfaceCleaned => 57,
        Event::TestToneHeard => 58,
    }
}

fn parse(line: &str) -> Result<Event, WireError> {
    parse_headless(line, || CallId(7))
}

fn drawn() -> Event {
    let at = |x, y| StrokePoint { x, y, width: 60 };
    let stroke = Stroke::new(Tint::default(), vec![at(0, 0), at(PAGE_WIDTH, PAGE_HEIGHT)]).unwrap();
    Event::NoteDrawn { page: 1, drawing: Drawing::new(vec![Arc::new(stroke)]) }
}

#[test]
fn every_event_of_the_journal_comes_back_as_it_was_and_no_other_goes_in() {
    for event in every_event() {
        match to_journal(&event) {
            Ok(json) => {
                assert!(event.is_journaled() && !json.contains('\n') && !json.contains(CANARY), "{json}");
                assert_eq!(from_journal(&json), Ok(event), "{json}");
            }
            Err(problem) => assert!(!event.is_journaled() && problem == WireError::NotForJournal, "{event:?}"),
        }
    }
    assert_eq!(to_journal(&Event::Volume { db: f32::NAN }), Err(WireError::NotForJournal));
}

#[test]
fn calls_are_named_by_ulids() {
    let json = to_journal(&Event::CallSent { id: CallId(0x0190_0000_0000_0000_0000_0000_0000_0001) }).unwrap();
    assert_eq!(json, r#"{"event":"call_sent","id":"01J00000000000000000000001"}"#);
}

#[test]
fn the_headless_face_takes_every_line_of_the_contract() {
    let text = || PatientText::new("a wave");
    let table = [
        (r#"{"event":"visit_begins"}"#, Event::VisitBegins),
        (
            r#"{"event":"session_begins","profile":"gentle-tide","infusion_minutes":40}"#,
            Event::SessionBegins { profile: Some("gentle-tide".into()), infusion_minutes: Some(40), settle: false },
        ),
        (
            r#"{"event":"session_begins","profile":"x","infusion_minutes":40,"settle":true}"#,
            Event::SessionBegins { profile: Some("x".into()), infusion_minutes: Some(40), settle: true },
        ),
        (
            r#"{"event":"session_begins"}"#,
            Event::SessionBegins { profile: None, infusion_minutes: None, settle: false },
        ),
        (r#"{"event":"infusion_starts"}"#, Event::InfusionStarts),
        (r#"{"event":"pause"}"#, Event::Pause),
        (r#"{"event":"resume"}"#, Event::Resume),
        (r#"{"event":"extend","minutes":5}"#, Event::Extend { minutes: 5 }),
        (r#"{"event":"end"}"#, Event::End { landing_minutes: None }),
        (r#"{"event":"end","landing_minutes":0}"#, Event::End { landing_minutes: Some(0) }),
        (r#"{"event":"after_begins"}"#, Event::AfterBegins),
        (r#"{"event":"farewell"}"#, Event::Farewell),
        (r#"{"event":"call_pressed"}"#, Event::CallPressed { id: CallId(7), practice: false }),
        (r#"{"event":"call_pressed","practice":false}"#, Event::CallPressed { id: CallId(7), practice: false }),
        (r#"{"event":"call_pressed","practice":true}"#, Event::CallPressed { id: CallId(7), practice: true }),
        (r#"{"event":"call_here"}"#, Event::CallHere { id: None }),
        (r#"{"event":"call_cleared"}"#, Event::CallCleared),
        (r#"{"event":"note_typed","text":"a wave"}"#, Event::NoteTyped { text: text() }),
        (r#"{"event":"note_drawn","page":2,"strokes":[[[0,0],[12000,6250]]]}"#, drawn()),
        (r#"{"event":"volume","db":-30}"#, Event::Volume { db: -30.0 }),
        (r#"{"event":"place","name":"quiet-room"}"#, Event::PlaceChosen(Place::QuietRoom)),
        (r#"{"event":"breath","on":true}"#, Event::Breath { on: true }),
        (r#"{"event":"dark","on":true}"#, Event::Dark { on: true }),
        (r#"{"event":"staff_reset"}"#, Event::StaffReset),
        (r#"{"event":"language","name":"es-US"}"#, Event::LanguageChosen(language("es-US"))),
        (r#"{"event":"profile","name":"long-120"}"#, Event::ProfileChosen { name: "long-120".into() }),
        (r#"{"event":"silence","on":false}"#, Event::Silence { on: false }),
        (r#"{"event":"skip"}"#, Event::SkipPiece),
        (r#"{"event":"anchor","on":true}"#, Event::Anchor { on: true }),
        (r#"{"event":"breath_pattern","name":"4-4-4-4"}"#, Event::BreathPatternChosen(BreathPattern::Box4)),
        (
            r#"{"event":"intention","question":3,"text":"a wave"}"#,
            Event::IntentionWritten { question: 2, text: text() },
        ),
        (r#"{"event":"for_clinician","text":"a wave"}"#, Event::ForClinicianWritten { text: text() }),
        (r#"{"event":"share","on":true}"#, Event::ForClinicianShared { on: true }),
        (r#"{"event":"talk_now","on":true}"#, Event::TalkNow { on: true }),
        (r#"{"event":"turnover_done"}"#, Event::TurnoverDone),
        (r#"{"event":"staff_touched"}"#, Event::StaffTouched),
    ];
    for (line, event) in table {
        assert_eq!(parse(line), Ok(event), "{line}");
    }
}

#[test]
fn the_headless_face_takes_nothing_that_only_the_room_can_say() {
    let internal = [
        "call_sent",
        "call_received",
        "call_coming",
        "call_journaled",
        "desk_seen",
        "desk_gone",
        "notes_sealed",
        "notes_restored",
        "notes_lost",
        "note_written",
        "wipe_verified",
        "wipe_failed",
        "trouble",
        "time_marked",
        "resumed",
        "brightness",
        "intensity",
        "dark_touched",
        "speaker_tested",
        "surface_cleaned",
        "speaker_heard",
        "notes_damaged",
    ];
    for name in internal {
        assert_eq!(parse(&json!({ "event": name }).to_string()), Err(WireError::UnknownEvent), "{name}");
    }
    let id = "01J00000000000000000000001";
    for name in ["call_pressed", "call_here"] {
        let line = json!({ "event": name, "id": id, "practice": false }).to_string();
        assert!(matches!(parse(&line), Err(WireError::UnknownKey { .. })), "{name}");
    }
    for event in every_event().iter().filter(|event| matches!(event, Event::WipeVerified(_) | Event::Restarted)) {
        assert_eq!(parse(&to_journal(event).unwrap()), Err(WireError::UnknownEvent));
    }
}

#[test]
fn wrong_lines_are_named_by_key_only() {
    let table = [
        ("", "the line is not one JSON object"),
        ("[]", "the line is not one JSON object"),
        (r#"{"event":"pause"} x"#, "the line is not one JSON object"),
        ("{}", "`event` is missing; it must be the event's name"),
        (r#"{"event":7}"#, "`event` must be the event's name"),
        (r#"{"event":"extend"}"#, "`minutes` is missing; it must be a whole number of minutes"),
        (r#"{"event":"extend","minutes":-1}"#, "`minutes` must be a whole number of minutes"),
        (r#"{"event":"extend","minutes":1.5}"#, "`minutes` must be a whole number of minutes"),
        (r#"{"event":"extend","minutes":4294967296}"#, "`minutes` must be a whole number of minutes"),
        (r#"{"event":"volume","db":1e300}"#, "`db` must be a number of dB below full scale, such as -30"),
        (r#"{"event":"profile","name":""}"#, "`name` must be a name of 1 to 120 characters"),
        (r#"{"event":"intention","question":0,"text":""}"#, "`question` must be 1, 2 or 3"),
        (r#"{"event":"intention","question":4,"text":""}"#, "`question` must be 1, 2 or 3"),
        (r#"{"event":"language","name":"Spanish"}"#, "`name` must be a language tag such as en-US"),
        (r#"{"event":"dark","on":"yes"}"#, "`on` must be true or false"),
        (r#"{"event":"extend","minutes":1,"now":1}"#, "there is a key that this event does not know; it knows minutes"),
        (r#"{"event":"pause","x":1}"#, "there is a key that this event does not know; it knows none but `event`"),
    ];
    for (line, told) in table {
        assert_eq!(parse(line).unwrap_err().to_string(), told, "{line}");
    }
    assert_eq!(parse(&" ".repeat(LINE_BYTES_MAX + 1)), Err(WireError::TooLong));
}

/// Puts the canary in every place of every line: as the event, as each key, as each value, torn and doubled.
#[test]
fn no_error_ever_quotes_the_line() {
    let good = [
        json!({"event":"note_typed","text":"t"}),
        json!({"event":"note_drawn","page":1,"strokes":[[[1,2],[3,4]]]}),
        json!({"event":"intention","question":1,"text":"t"}),
        json!({"event":"session_begins","profile":"p","infusion_minutes":40,"settle":true}),
        json!({"event":"place","name":"beach"}),
        json!({"event":"volume","db":-30}),
        json!({"event":"call_pressed","practice":true}),
        json!({"event":"extend","minutes":5}),
    ];
    let strange = [json!(CANARY), json!([CANARY]), json!({ CANARY: CANARY }), json!(CANARY.repeat(50)), json!(null)];
    let mut errors = 0;
    let mut look = |line: &str| {
        if let Err(problem) = parse(line) {
            errors += 1;
            assert!(!format!("{problem} {problem:?}").contains(CANARY), "{problem}");
        }
    };
    for line in &good {
        let map = line.as_object().unwrap();
        for key in map.keys() {
            for value in &strange {
                let mut changed = map.clone();
                changed.insert(key.clone(), value.clone());
                look(&Value::Object(changed.clone()).to_string());
                changed.insert(CANARY.to_owned(), value.clone());
                changed.remove(key);
                look(&Value::Object(changed).to_string());
            }
        }
        let text = line.to_string();
        for at in 0..=text.len() {
            look(&format!("{}{CANARY}{}", &text[..at], &text[at..]));
            look(&format!("{}{CANARY}", &text[..at]));
        }
    }
    assert!(errors > 500, "{errors}");
}

#[test]
fn the_line_of_a_ready_room_is_as_the_contract_says() {
    let room = Room::new(Rules::default());
    let line = snapshot_line(&room.snapshot(RoomTime(0)), RoomTime(0));
    let expected = concat!(
        r#"{"stage":"ready","part":null,"call":"idle","practice":false,"line_down_told":false,"profile":"silence","#,
        r#""place":"beach","session_ms":0,"infusion_ms":2400000,"paused":false,"landed":false,"volume_db":-30.0,"breath":false,"#,
        r#""dark":false,"desk_connected":false,"line":"down","note_pages":0,"ways":["phone"],"taking":{},"#,
        r#""trouble":[],"receipt":null}"#,
    );
    assert_eq!(line, expected);
}

#[test]
fn the_line_follows_the_session_and_holds_no_word_of_the_patient() {
    let mut room = Room::new(Rules::default());
    let start = RoomTime(1_000);
    let mut happen = |at: RoomTime, event: Event| room.handle_input(at, event).unwrap();
    happen(start, Event::VisitBegins);
    happen(start, Event::NoteTyped { text: PatientText::new(CANARY) });
    happen(start, Event::IntentionWritten { question: 0, text: PatientText::new(CANARY) });
    happen(start, Event::ForClinicianWritten { text: PatientText::new(CANARY) });
    happen(start, Event::ForClinicianShared { on: true });
    happen(start, Event::Volume { db: -30.1 });
    happen(start, Event::TroubleChanged { trouble: Trouble::SoundLost, on: true });
    happen(start, Event::SessionBegins { profile: None, infusion_minutes: None, settle: true });
    let read = |room: &Room, at: u64, then: u64| -> Value {
        let line = snapshot_line(&room.snapshot(RoomTime(at)), RoomTime(then));
        assert!(!line.contains(CANARY) && !line.contains('\n'), "{line}");
        serde_json::from_str(&line).unwrap()
    };
    let settled = read(&room, 2_000, 2_000);
    assert_eq!((&settled["part"], &settled["session_ms"]), (&json!("settle"), &json!(0)));
    assert_eq!((&settled["note_pages"], &settled["trouble"]), (&json!(1), &json!(["sound-lost"])));
    assert_eq!(settled["volume_db"], json!(-30.1));
    room.handle_input(RoomTime(2_000), Event::InfusionStarts).unwrap();
    room.handle_input(RoomTime(2_000), Event::DeskConnected { desk: DeskId(1) }).unwrap();
    room.handle_input(RoomTime(2_000), Event::CallPressed { id: CallId(1), practice: true }).unwrap();
    room.handle_input(RoomTime(2_000), Event::CallJournaled { id: CallId(1), ok: true }).unwrap();
    room.handle_input(RoomTime(2_000), Event::CallReceived { id: CallId(1), desk: DeskId(1) }).unwrap();
    let running = read(&room, 2_000, 2_000 + 12 * 60_000);
    assert_eq!((&running["part"], &running["session_ms"]), (&json!("peak"), &json!(720_000)));
    assert_eq!((&running["call"], &running["practice"]), (&json!("received"), &json!(true)));
    assert_eq!((&running["line"], &running["desk_connected"]), (&json!("up"), &json!(true)));
    let landed = read(&room, 2_000, 2_000 + 60 * 60_000);
    assert_eq!((&landed["landed"], &landed["part"]), (&json!(true), &json!("landing")));
}

#[test]
fn the_line_tells_the_receipt() {
    let mut room = Room::new(Rules::default());
    room.handle_input(RoomTime(0), Event::StaffReset).unwrap();
    room.handle_input(RoomTime(0), Event::WipeFailed(receipt())).unwrap();
    let line: Value = serde_json::from_str(&snapshot_line(&room.snapshot(RoomTime(0)), RoomTime(0))).unwrap();
    assert_eq!(line["stage"], "blocked");
    let expected = json!({
        "number": 41,
        "at": "2026-03-04T05:06:07Z",
        "verified": false,
        "checks": [{ "name": "no-visit-key", "ok": true }, { "name": "x", "ok": false }],
        "chain": "ab".repeat(32),
    });
    assert_eq!(line["receipt"], expected);
}
