mod golden;

use super::*;
use crate::room::breath::BreathPattern;
use crate::room::call::DeskId;
use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH, Stroke, StrokePoint, Tint};
use crate::room::notes::PatientText;
use crate::room::snapshot::{Receipt, WipeCheck};
use crate::room::take_home::{TakeHomeError, TakeHomeMethod};
use crate::room::{Room, RoomTime, Rules, Trouble};
use crate::vocabulary::language::Language;
use crate::vocabulary::patient::{CallReason, Hand, TypeSize};
use crate::vocabulary::place::Place;
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

fn parse(line: &str) -> Result<Event, JsonLineError> {
    parse_headless(line, || CallId(7)).map(|command| match command {
        HeadlessCommand::Tell(event) => event,
        HeadlessCommand::FailLoop => panic!("the line asks for a failure"),
    })
}

fn drawn() -> Event {
    Event::NoteDrawn { page: 1, drawing: drawing() }
}

fn drawing() -> Drawing {
    let at = |x, y| StrokePoint { x, y, width: 60 };
    let stroke = Stroke::new(Tint::default(), vec![at(0, 0), at(PAGE_WIDTH, PAGE_HEIGHT)]).unwrap();
    Drawing::new(vec![Arc::new(stroke)])
}

#[test]
fn every_line_of_the_contract_is_accepted() {
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
        (r#"{"event":"call_reason","name":"company"}"#, Event::CallReasonChosen(CallReason::Company)),
        (r#"{"event":"hand","name":"left"}"#, Event::HandChosen(Hand::Left)),
        (r#"{"event":"type_size","name":"larger"}"#, Event::TypeSizeChosen(TypeSize::Larger)),
        (r#"{"event":"calm","on":true}"#, Event::Calm { on: true }),
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
        (
            r#"{"event":"intention_drawn","question":3,"strokes":[[[0,0],[12000,6250]]]}"#,
            Event::IntentionDrawn { question: 2, drawing: drawing() },
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
fn no_event_that_only_the_room_can_cause_is_accepted() {
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
        assert_eq!(parse(&json!({ "event": name }).to_string()), Err(JsonLineError::UnknownEvent), "{name}");
    }
    let id = "01J00000000000000000000001";
    for name in ["call_pressed", "call_here"] {
        let line = json!({ "event": name, "id": id, "practice": false }).to_string();
        assert!(matches!(parse(&line), Err(JsonLineError::UnknownKey { .. })), "{name}");
    }
    for json in [r#"{"event":"resumed"}"#, r#"{"event":"wipe_verified","receipt":{"number":1}}"#] {
        assert_eq!(parse(json), Err(JsonLineError::UnknownEvent));
    }
}

#[test]
fn errors_name_the_key_and_what_it_may_hold() {
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
        (r#"{"event":"intention_drawn","question":4,"strokes":[]}"#, "`question` must be 1, 2 or 3"),
        (r#"{"event":"language","name":"Spanish"}"#, "`name` must be a language tag such as en-US"),
        (r#"{"event":"dark","on":"yes"}"#, "`on` must be true or false"),
        (r#"{"event":"extend","minutes":1,"now":1}"#, "there is a key that this event does not know; it knows minutes"),
        (r#"{"event":"pause","x":1}"#, "there is a key that this event does not know; it knows none but `event`"),
    ];
    for (line, told) in table {
        assert_eq!(parse(line).unwrap_err().to_string(), told, "{line}");
    }
    assert_eq!(parse(&" ".repeat(LINE_BYTES_MAX + 1)), Err(JsonLineError::TooLong));
}

/// Puts the marker text [`CANARY`] in every position of every line: as a key, as a value, and in the middle of the
/// text. No error may contain it.
#[test]
fn no_error_ever_quotes_the_line() {
    let valid = [
        json!({"event":"note_typed","text":"t"}),
        json!({"event":"note_drawn","page":1,"strokes":[[[1,2],[3,4]]]}),
        json!({"event":"intention","question":1,"text":"t"}),
        json!({"event":"intention_drawn","question":1,"strokes":[[[1,2],[3,4]]]}),
        json!({"event":"session_begins","profile":"p","infusion_minutes":40,"settle":true}),
        json!({"event":"place","name":"beach"}),
        json!({"event":"volume","db":-30}),
        json!({"event":"call_pressed","practice":true}),
        json!({"event":"extend","minutes":5}),
    ];
    let odd = [json!(CANARY), json!([CANARY]), json!({ CANARY: CANARY }), json!(CANARY.repeat(50)), json!(null)];
    let mut errors = 0;
    let mut check = |line: &str| {
        if let Err(problem) = parse(line) {
            errors += 1;
            assert!(!format!("{problem} {problem:?}").contains(CANARY), "{problem}");
        }
    };
    for line in &valid {
        let map = line.as_object().unwrap();
        for key in map.keys() {
            for value in &odd {
                let mut changed = map.clone();
                changed.insert(key.clone(), value.clone());
                check(&Value::Object(changed.clone()).to_string());
                changed.insert(CANARY.to_owned(), value.clone());
                changed.remove(key);
                check(&Value::Object(changed).to_string());
            }
        }
        let text = line.to_string();
        for at in 0..=text.len() {
            check(&format!("{}{CANARY}{}", &text[..at], &text[at..]));
            check(&format!("{}{CANARY}", &text[..at]));
        }
    }
    assert!(errors > 500, "{errors}");
}

#[test]
fn the_line_of_a_ready_room_matches_the_contract() {
    let room = Room::new(Rules::default());
    let line = snapshot_line(&room.snapshot(RoomTime(0)), RoomTime(0));
    let expected = concat!(
        r#"{"stage":"ready","part":null,"call":"idle","call_reason":null,"practice":false,"line_down_told":false,"#,
        r#""profile":"silence","place":"beach","session_ms":0,"infusion_ms":2400000,"paused":false,"landed":false,"volume_db":-30.0,"breath":false,"#,
        r#""dark":false,"calm":false,"desk_connected":false,"line":"down","note_pages":0,"ways":["phone"],"taking":{},"#,
        r#""trouble":[],"receipt":null}"#,
    );
    assert_eq!(line, expected);
}

#[test]
fn the_line_follows_the_session_and_holds_nothing_the_patient_wrote() {
    let mut room = Room::new(Rules::default());
    let start = RoomTime(1_000);
    let mut happen = |at: RoomTime, event: Event| room.handle_input(at, event).unwrap();
    happen(start, Event::VisitBegins);
    happen(start, Event::NoteTyped { text: PatientText::new(CANARY) });
    happen(start, Event::IntentionWritten { question: 0, text: PatientText::new(CANARY) });
    happen(start, Event::IntentionDrawn { question: 1, drawing: drawing() });
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
fn the_line_shows_the_receipt() {
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
