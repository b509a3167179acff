//! Owns the checks that the tables in `docs/call.md` match what the room does, and that the desk quotes to clinicians
//! exactly what the patient reads.

use std::fmt::Write;
use std::fs;

use stillroom::room::call::{CallId, CallPhase, DeskId};
use stillroom::room::{Effect, Event, Room, RoomTime, Rules};
use stillroom::vocabulary::signal::Signal;
use stillroom::words::Locales;

use super::{repository, text};

/// Every state of a call, in the order in which a call goes through them.
const STATES: [&str; 6] = ["no call", "placed", "sent", "received", "on the way", "here"];
const CALL: CallId = CallId(1);
const DESK: DeskId = DeskId(1);

fn room_in(state: usize) -> Room {
    let mut room = Room::new(Rules::default());
    let way = [
        vec![Event::CallPressed { id: CALL, practice: false }, Event::CallJournaled { id: CALL, ok: true }],
        vec![Event::CallSent { id: CALL }],
        vec![Event::CallReceived { id: CALL, desk: DESK }],
        vec![Event::CallComing { id: CALL, name: "Maria".into() }],
        vec![Event::CallHere { id: None }],
    ];
    room.handle_input(RoomTime(0), Event::DeskConnected { desk: DESK }).unwrap();
    for event in way.into_iter().take(state).flatten() {
        room.handle_input(RoomTime(0), event).unwrap();
    }
    while room.poll_effect().is_some() {}
    room
}

fn state_of(room: &Room, now: RoomTime) -> &'static str {
    match room.snapshot(now).call.map(|call| call.phase) {
        None if room.open_call().is_some() => "placed",
        None => STATES[0],
        Some(CallPhase::Placed) => STATES[1],
        Some(CallPhase::Sent) => STATES[2],
        Some(CallPhase::Received) => STATES[3],
        Some(CallPhase::OnTheWay) => STATES[4],
        Some(CallPhase::Here) => STATES[5],
    }
}

/// Takes the room's pending effects, and returns the words that `docs/call.md` uses for them.
fn done(room: &mut Room) -> Vec<String> {
    let mut words = Vec::new();
    while let Some(effect) = room.poll_effect() {
        let word = match effect {
            Effect::SendCall { presses: 1, .. } => "goes out".to_owned(),
            Effect::SendCall { .. } => "goes out again".to_owned(),
            Effect::EndCall { .. } => "ends".to_owned(),
            Effect::Escalate { step, .. } => format!("step {} of the list", step + 1),
            Effect::Signal(Signal::CallPlaced) => "two rising notes".to_owned(),
            Effect::Signal(Signal::DeskHasIt) => "the tone for *the desk has it*".to_owned(),
            Effect::Signal(Signal::SomeoneComing) => "the tone for *someone is coming*".to_owned(),
            Effect::Signal(Signal::NoDesk | Signal::PracticeNoDesk) => {
                "the patient reads that the desk cannot be reached, the corridor chime".to_owned()
            }
            other => panic!("{other:?} is no effect of a call"),
        };
        words.push(word);
    }
    words
}

fn moves() -> String {
    let happens: [(&str, Event); 9] = [
        ("a press", Event::CallPressed { id: CallId(2), practice: false }),
        ("a transport accepts it", Event::CallSent { id: CALL }),
        ("a desk draws it", Event::CallReceived { id: CALL, desk: DESK }),
        ("*I'm coming*", Event::CallComing { id: CALL, name: "Maria".into() }),
        ("*I'm coming*, someone else", Event::CallComing { id: CALL, name: "Jon".into() }),
        ("*Here*", Event::CallHere { id: None }),
        ("*Clear*", Event::CallCleared),
        ("the last desk is lost", Event::DeskDisconnected { desk: DESK }),
        ("the program restarts", Event::Restarted),
    ];
    let mut table = format!("| | {} |\n|---|{}\n", STATES.join(" | "), "---|".repeat(STATES.len()));
    for (what, event) in happens {
        let mut row = format!("| {what} |");
        for (state, name) in STATES.into_iter().enumerate() {
            let mut room = room_in(state);
            let taken = room.handle_input(RoomTime(1), event.clone());
            let after = state_of(&room, RoomTime(1));
            let mut words = done(&mut room);
            if after != name {
                words.insert(0, format!("**{after}**"));
            }
            let cell = if taken.is_err() { "refused".to_owned() } else { words.join(", ") };
            write!(row, " {} |", if cell.is_empty() { "–" } else { &cell }).unwrap();
        }
        table.push_str(&row);
        table.push('\n');
    }
    table
}

fn timers() -> String {
    let mut table = "| state | after | then |\n|---|---|---|\n".to_owned();
    for (state, name) in STATES.into_iter().enumerate().skip(1) {
        let mut room = room_in(state);
        let mut now = RoomTime(0);
        // Goes from timer to timer for five minutes, or until the call changes its state. The timers of the new state
        // have their own rows.
        while let Some(next) = room.poll_timeout(now).filter(|next| next.0 > now.0 && next.0 <= 300_000) {
            let before = room.snapshot(now).call.unwrap();
            room.handle_timeout(next);
            now = next;
            let after = room.snapshot(now).call.unwrap();
            let mut words = done(&mut room);
            if after.phase != before.phase {
                words.insert(0, format!("**{}**", state_of(&room, now)));
            }
            if after.tone_raised && !before.tone_raised {
                words.push("the desk's tone rises".to_owned());
            }
            writeln!(table, "| {name} | {} s | {} |", now.0 as f64 / 1_000.0, words.join(", ")).unwrap();
            if after.phase != before.phase {
                break;
            }
        }
    }
    table
}

#[test]
fn the_tables_of_the_call_are_what_the_room_does() {
    let path = repository().join("docs/call.md");
    let page = fs::read_to_string(&path).unwrap();
    let mut written = page.clone();
    for (name, table) in [("moves", moves()), ("timers", timers())] {
        let (from, to) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let (start, end) = (written.find(&from).unwrap() + from.len(), written.find(&to).unwrap());
        written.replace_range(start..end, &table);
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &written).unwrap();
    }
    assert!(page == written, "docs/call.md is not what the room does; UPDATE_DOCS=1 rewrites it");
}

#[test]
fn the_desk_quotes_exactly_what_the_patient_reads() {
    let desk = text("src/desk/page/words.js");
    for language in Locales::shipped().languages() {
        let locale = language.name();
        let (open, close) = match locale {
            "es-US" => ("«", "»"),
            "fr-FR" => ("«\u{a0}", "\u{a0}»"),
            _ => ("“", "”"),
        };
        let words = text(&format!("locales/{locale}/patient.ftl"));
        for key in ["call-placed", "call-received", "call-on-the-way", "call-on-the-way-named"] {
            let word = words.lines().find_map(|line| line.strip_prefix(&format!("{key} = "))).unwrap();
            let quoted = format!("{open}{}{close}", word.replace("{ $name }", "{name}"));
            assert!(desk.contains(&quoted), "the desk's {locale} does not quote {quoted}");
        }
    }
}
