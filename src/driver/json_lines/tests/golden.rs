//! Owns the golden files of the JSON lines of headless mode. They show how each incoming line is parsed, and every
//! value of the outgoing line. `UPDATE_EXPECT=1` rewrites them. Use it only after adding an event or a key, because
//! other programs rely on the existing ones.

use std::fmt::Write as _;

use expect_test::expect_file;

use super::*;
use crate::driver::journal::encode;
use crate::room::call::CallPhase;
use crate::room::take_home::TakeHomeStatus;
use crate::room::timeline::MINUTE_MS;
use crate::room::{Snapshot, Stage};
use crate::vocabulary::patient::CallReason;

/// Returns one valid line for each event, with all its keys.
fn good_lines() -> Vec<Value> {
    vec![
        json!({"event": "visit_begins"}),
        json!({"event": "language", "name": "es-US"}),
        json!({"event": "hand", "name": "left"}),
        json!({"event": "type_size", "name": "larger"}),
        json!({"event": "profile", "name": "gentle-tide"}),
        json!({"event": "session_begins", "profile": "gentle-tide", "infusion_minutes": 60, "settle": true}),
        json!({"event": "infusion_starts"}),
        json!({"event": "pause"}),
        json!({"event": "resume"}),
        json!({"event": "extend", "minutes": 5}),
        json!({"event": "end", "landing_minutes": 0}),
        json!({"event": "after_begins"}),
        json!({"event": "farewell"}),
        json!({"event": "staff_reset"}),
        json!({"event": "turnover_done"}),
        json!({"event": "call_pressed", "practice": true}),
        json!({"event": "call_here"}),
        json!({"event": "call_cleared"}),
        json!({"event": "call_reason", "name": "sick"}),
        json!({"event": "staff_touched"}),
        json!({"event": "note_typed", "text": "a wave"}),
        json!({"event": "note_drawn", "page": 2, "strokes": [[[0, 0], [12000, 6250]], [[1, 2]]]}),
        json!({"event": "intention", "question": 3, "text": "a wave"}),
        json!({"event": "intention_drawn", "question": 3, "strokes": [[[0, 0], [12000, 6250]], [[1, 2]]]}),
        json!({"event": "for_clinician", "text": "a wave"}),
        json!({"event": "share", "on": true}),
        json!({"event": "take_home_ways"}),
        json!({"event": "take_home", "way": "paper"}),
        json!({"event": "volume", "db": -30.1}),
        json!({"event": "sound", "name": "sea"}),
        json!({"event": "silence", "on": true}),
        json!({"event": "skip"}),
        json!({"event": "place", "name": "quiet-room"}),
        json!({"event": "breath", "on": true}),
        json!({"event": "breath_pattern", "name": "4-6"}),
        json!({"event": "dark", "on": true}),
        json!({"event": "anchor", "on": true}),
        json!({"event": "calm", "on": true}),
        json!({"event": "talk_now", "on": true}),
    ]
}

/// Returns values that some keys accept and most keys reject.
fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(40.0),
        json!(4_294_967_296_u64),
        json!(1e300),
        json!(CANARY),
        json!(""),
        json!("x".repeat(120)),
        json!("é".repeat(121)),
        json!([]),
        json!([CANARY, 1]),
        json!([[[0, 0]], [[12001, 0]]]),
        json!([[[0, 0, 0]]]),
        json!([[[1]]]),
        json!({ CANARY: CANARY }),
    ]
}

/// Unusual lines: some are not a JSON object, some name no event that headless mode accepts, and some are valid but
/// oddly written.
const STRANGE_LINES: [&str; 16] = [
    "",
    " ",
    "[]",
    "null",
    "7",
    "\"pause\"",
    "{\"event\":\"pause\"",
    "{\"event\":\"pause\"} x",
    "{}",
    "{\"event\":\"pause\",\"event\":\"resume\"}",
    "{\"event\":\"Pause\"}",
    "{\"event\":\"note_written\",\"page\":1,\"text\":\"k4n4ry\"}",
    "{\"event\":\"brightness\",\"trim\":0.1}",
    "{\"event\":\"call_sent\",\"id\":\"01J00000000000000000000001\"}",
    "{\"name\":\"beach\",\"event\":\"place\"}",
    " { \"event\" : \"place\" , \"name\" : \"night\\u002dsky\" } ",
];

fn lines_in() -> Vec<String> {
    let mut lines: Vec<String> = STRANGE_LINES.iter().map(|line| (*line).to_owned()).collect();
    for good in good_lines() {
        let keys = good.as_object().unwrap();
        lines.push(good.to_string());
        let mut changed = keys.clone();
        changed.insert("canary".to_owned(), json!(CANARY));
        lines.push(Value::Object(changed).to_string());
        for key in keys.keys() {
            let mut changed = keys.clone();
            changed.remove(key);
            lines.push(Value::Object(changed.clone()).to_string());
            for value in odd_values() {
                changed.insert(key.clone(), value);
                lines.push(Value::Object(changed.clone()).to_string());
            }
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

fn strokes_of(drawing: &Drawing) -> String {
    let stroke = |stroke: &Arc<Stroke>| {
        let points = stroke.points().iter().map(|point| format!("{},{},{}", point.x, point.y, point.width));
        points.collect::<Vec<_>>().join(" ")
    };
    drawing.strokes().iter().map(stroke).collect::<Vec<_>>().join(" | ")
}

/// Parses a line and returns the journal's record of the event, a description if the journal keeps none, or the error.
fn outcome_of(line: &str) -> String {
    let event = match parse(line) {
        Ok(event) => event,
        Err(problem) => return format!("error: {problem}"),
    };
    match (encode(&event), event) {
        (Some(json), _) => json,
        (None, Event::CallReasonChosen(reason)) => format!("called for {reason}"),
        (None, Event::StaffTouched) => "staff touched".to_owned(),
        (None, Event::NoteTyped { text }) => format!("typed {:?}", text.reveal()),
        (None, Event::NoteDrawn { page, drawing }) => format!("page {page} drawn: {}", strokes_of(&drawing)),
        (None, Event::IntentionDrawn { question, drawing }) => {
            format!("intention {question} drawn: {}", strokes_of(&drawing))
        }
        (None, Event::IntentionWritten { question, text }) => format!("intention {question} {:?}", text.reveal()),
        (None, Event::ForClinicianWritten { text }) => format!("for the clinician {:?}", text.reveal()),
        (None, Event::ForClinicianShared { on }) => format!("shared {on}"),
        (None, Event::TakeHomeMethodsRequested) => "looks for ways home".to_owned(),
        (None, Event::TakeHomeChosen { method: way }) => format!("takes it home by {way}"),
        (None, Event::TalkNow { on }) => format!("talk now {on}"),
        (None, other) => panic!("not an event of the headless mode: {other:?}"),
    }
}

#[test]
fn every_line_in_is_parsed_as_the_golden_file_says() {
    let mut told = String::new();
    for line in lines_in() {
        writeln!(told, "> {line}\n< {}", outcome_of(&line)).unwrap();
    }
    expect_file!["lines-in.txt"].assert_eq(&told);
}

/// Returns snapshots that together show every value of the outgoing line.
fn shapes() -> Vec<(RoomTime, Snapshot)> {
    let start = RoomTime(1_000);
    let happen = |room: &mut Room, event: Event| room.handle_input(start, event).unwrap();
    let ready = Room::new(Rules::default());
    let mut shapes = vec![(start, ready.snapshot(start))];
    let mut visit = Room::new(Rules::default());
    happen(&mut visit, Event::VisitBegins);
    let arrive = visit.snapshot(start);
    for stage in Stage::ALL {
        shapes.push((start, Snapshot { stage: *stage, ..arrive.clone() }));
    }
    for place in Place::ALL {
        shapes.push((start, Snapshot { place: *place, ..arrive.clone() }));
    }
    for volume_db in [-30.0, -30.1, -0.04, 0.0, -59.96, -33.333] {
        shapes.push((start, Snapshot { volume_db, ..arrive.clone() }));
    }
    for trouble in Trouble::ALL {
        shapes.push((start, Snapshot { troubles: vec![*trouble], ..arrive.clone() }));
    }
    shapes.push((start, Snapshot { troubles: Trouble::ALL.to_vec(), dark: true, desks: 2, ..arrive.clone() }));
    shapes.push((start, Snapshot { profile: "a \"b\" \\ é\n🌊".to_owned(), infusion_minutes: 0, ..arrive.clone() }));
    let mut going = vec![TakeHomeStatus::InProgress, TakeHomeStatus::Done { code: Some(CANARY.to_owned()) }];
    going.extend(TakeHomeError::ALL.iter().map(|fault| TakeHomeStatus::Failed(*fault)));
    for going in going {
        let mut shape = arrive.clone();
        shape.take_home.paper = true;
        shape.take_home.sealed = true;
        shape.take_home.statuses =
            [TakeHomeMethod::Sealed, TakeHomeMethod::Phone].map(|way| (way, going.clone())).into();
        shapes.push((start, shape));
    }
    shapes.push((start, Snapshot { receipt: Some(receipt()), ..arrive.clone() }));
    let mut verified = receipt();
    verified.checks.truncate(1);
    shapes.push((start, Snapshot { receipt: Some(verified), ..arrive }));
    happen(&mut visit, Event::NoteTyped { text: PatientText::new(CANARY) });
    happen(&mut visit, Event::Breath { on: true });
    happen(&mut visit, Event::CallPressed { id: CallId(1), practice: true });
    happen(&mut visit, Event::CallJournaled { id: CallId(1), ok: true });
    shapes.push((start, visit.snapshot(start)));
    happen(&mut visit, Event::SessionBegins { profile: None, infusion_minutes: Some(60), settle: true });
    shapes.push((start, visit.snapshot(start)));
    happen(&mut visit, Event::CallPressed { id: CallId(2), practice: false });
    happen(&mut visit, Event::CallJournaled { id: CallId(2), ok: true });
    let called = visit.snapshot(start);
    for phase in [CallPhase::Placed, CallPhase::Sent, CallPhase::Received, CallPhase::OnTheWay, CallPhase::Here] {
        let mut shape = called.clone();
        let call = shape.call.as_mut().unwrap();
        (call.phase, call.no_desk_told) = (phase, phase == CallPhase::Sent);
        shapes.push((start, shape));
    }
    for reason in CallReason::ALL {
        let mut shape = called.clone();
        let call = shape.call.as_mut().unwrap();
        (call.phase, call.reason) = (CallPhase::Received, Some(*reason));
        shapes.push((start, shape));
    }
    shapes.push((start, Snapshot { calm: true, ..called }));
    happen(&mut visit, Event::InfusionStarts);
    let running = visit.snapshot(start);
    for minute in [0, 1, 14, 15, 54, 55, 65, 74, 75, 200] {
        shapes.push((RoomTime(start.0 + minute * MINUTE_MS + 1), running.clone()));
    }
    happen(&mut visit, Event::Pause);
    shapes.push((RoomTime(start.0 + MINUTE_MS), visit.snapshot(start)));
    shapes
}

#[test]
fn every_shape_of_the_line_out_is_as_the_golden_file_says() {
    let mut told = String::new();
    for (now, snapshot) in shapes() {
        let line = snapshot_line(&snapshot, now);
        assert!(!line.contains(CANARY), "{line}");
        writeln!(told, "{line}").unwrap();
    }
    expect_file!["lines-out.jsonl"].assert_eq(&told);
}
