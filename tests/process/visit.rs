//! Owns the tests of a visit from beginning to end, and of events that the room refuses.

use serde_json::json;

use crate::kiosk::{Home, eventually, has_trouble};

#[test]
fn a_visit_passes_every_stage_and_the_room_is_ready_again() {
    let home = Home::new();
    let mut kiosk = home.start(60);
    let first = kiosk.first();
    assert_eq!((&first["stage"], &first["part"], &first["call"]), (&json!("ready"), &json!(null), &json!("idle")));
    assert_eq!((&first["session_ms"], &first["receipt"], &first["line"]), (&json!(0), &json!(null), &json!("down")));

    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
    kiosk.send(&json!({"event": "session_begins", "profile": "quiet-room", "infusion_minutes": 20, "settle": true}));
    let settling = kiosk.wait("settle", |line| line["part"] == "settle");
    assert_eq!((&settling["stage"], &settling["profile"]), (&json!("session"), &json!("quiet-room")));
    assert_eq!((&settling["session_ms"], &settling["infusion_ms"]), (&json!(0), &json!(20 * 60_000)));
    kiosk.refused(r#"{"event":"pause"}"#, "running");

    kiosk.tell("infusion_starts");
    kiosk.wait("onset", |line| line["part"] == "onset");
    kiosk.tell("pause");
    let paused = kiosk.wait("a pause", |line| line["paused"] == true);
    kiosk.refused(r#"{"event":"pause"}"#, "running");
    kiosk.send(&json!({"event": "extend", "minutes": 5}));
    let longer = kiosk.wait("a longer infusion", |line| line["infusion_ms"] == 25 * 60_000);
    assert_eq!(longer["session_ms"], paused["session_ms"], "the clock is stopped");
    kiosk.tell("resume");
    let resumed = kiosk.wait("running", |line| line["paused"] == false);
    assert_eq!(resumed["session_ms"], paused["session_ms"], "it continues from where it stopped");

    kiosk.send(&json!({"event": "place", "name": "night-sky"}));
    kiosk.wait("the stars", |line| line["place"] == "night-sky");
    kiosk.send(&json!({"event": "volume", "db": -33.5}));
    kiosk.wait("a softer volume", |line| line["volume_db"] == -33.5);
    kiosk.send(&json!({"event": "volume", "db": 0}));
    let loudest = kiosk.wait("a volume", |line| line["volume_db"] != -33.5);
    assert!(loudest["volume_db"].as_f64().unwrap() <= -12.0, "the cap applies: {loudest}");
    kiosk.send(&json!({"event": "breath", "on": true}));
    kiosk.reach("the breath", |line| line["breath"] == true);
    kiosk.send(&json!({"event": "dark", "on": true}));
    kiosk.wait("the dark", |line| line["dark"] == true);
    kiosk.send(&json!({"event": "dark", "on": false}));
    kiosk.wait("the light", |line| line["dark"] == false);
    kiosk.send(&json!({"event": "note_typed", "text": "the sea was warm"}));
    kiosk.wait("a page", |line| line["note_pages"] == 1);

    kiosk.send(&json!({"event": "end", "landing_minutes": 2}));
    kiosk.wait("landing", |line| line["part"] == "landing");
    kiosk.reach("landed", |line| line["landed"] == true);
    kiosk.tell("after_begins");
    let after = kiosk.wait("after", |line| line["stage"] == "after");
    assert_eq!((&after["part"], &after["note_pages"]), (&json!(null), &json!(1)));
    kiosk.tell("farewell");
    kiosk.wait("farewell", |line| line["stage"] == "farewell");
    kiosk.tell("staff_reset");
    let turnover = kiosk.wait("turnover", |line| line["stage"] == "turnover");
    assert_eq!((&turnover["note_pages"], &turnover["receipt"]), (&json!(0), &json!(null)));
    let ready = kiosk.wait("ready again", |line| line["stage"] == "ready");
    assert_eq!((&ready["receipt"]["number"], &ready["receipt"]["verified"]), (&json!(1), &json!(true)));
    assert_eq!(ready["profile"], "gentle-tide", "the next patient finds the room as it was");
}

#[test]
fn the_parts_come_in_order_at_their_documented_minutes() {
    let home = Home::new();
    let mut kiosk = home.start(1200);
    kiosk.first();
    kiosk.send(&json!({"event": "session_begins", "profile": "gentle-tide", "infusion_minutes": 40}));
    let mut before = json!(null);
    for (part, minute) in [("onset", 0), ("peak", 12), ("return", 35), ("landing", 45)] {
        let line = kiosk.wait(part, |line| line["part"] != before);
        assert_eq!(line["part"], part);
        before = line["part"].clone();
        let at_ms = line["session_ms"].as_u64().unwrap();
        // On a busy machine, a part may be reported late, but never early. A real second is 20 minutes in this test, so
        // up to 9 minutes late is accepted.
        assert!((minute * 60_000..(minute + 9) * 60_000).contains(&at_ms), "{part} at {at_ms} ms");
    }
    let landed = kiosk.wait("landed", |line| line["landed"] == true);
    assert_eq!((&landed["session_ms"], &landed["part"]), (&json!(55 * 60_000), &json!("landing")));
}

#[test]
fn a_refused_line_is_not_quoted_and_changes_nothing() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.tell("visit_begins");
    kiosk.reach("arrive and no sound", |line| line["stage"] == "arrive" && has_trouble(line, "sound-lost"));
    let long = format!(r#"{{"event":"note_typed","text":"{}"}}"#, "kittiwake ".repeat(30_000));
    for (line, words) in [
        ("kittiwake", "not one JSON object"),
        (r#"["kittiwake"]"#, "not one JSON object"),
        (r#"{"event":"kittiwake"}"#, "not one that can be sent here"),
        (r#"{"words":"kittiwake"}"#, "`event` is missing"),
        (r#"{"event":7}"#, "`event` must be"),
        (r#"{"event":"volume","db":"kittiwake"}"#, "`db` must be"),
        (r#"{"event":"place","name":"kittiwake"}"#, "beach"),
        (r#"{"event":"pause","kittiwake":1}"#, "a key that this event does not know"),
        (r#"{"event":"session_begins","profile":"kittiwake"}"#, "no profile of that name"),
        (r#"{"event":"session_begins","infusion_minutes":19}"#, "from 20 to"),
        (r#"{"event":"session_begins","infusion_minutes":20.5}"#, "a whole number"),
        (r#"{"event":"visit_begins"}"#, "not while the room is in arrive"),
        (r#"{"event":"extend","minutes":5}"#, "not while the room is in arrive"),
        (r#"{"event":"call_here"}"#, "no such call"),
        (r#"{"event":"call_cleared"}"#, "no such call"),
        (r#"{"event":"turnover_done"}"#, "not while the room is in arrive"),
        (r#"{"event":"wipe_verified","kittiwake":1}"#, "not one that can be sent here"),
        (r#"{"event":"note_typed","text":["kittiwake"]}"#, "`text` must be"),
        (&long, "longer than an event can be"),
    ] {
        kiosk.refused(line, words);
    }
    kiosk.write("\n   \n");
    kiosk.tell("farewell");
    assert!(kiosk.error().contains("session, after"));
    let said = String::from_utf8(kiosk.said()).unwrap();
    assert!(!said.contains("kittiwake") && !kiosk.complaints().contains("kittiwake"), "{said}");
}

#[test]
fn end_of_input_leaves_the_room_running_and_a_signal_stops_it_cleanly() {
    let home = Home::new();
    let mut kiosk = home.start(3600);
    kiosk.first();
    kiosk.send(&json!({"event": "session_begins", "infusion_minutes": 20}));
    // The last line of the input may end without a line break.
    kiosk.write(r#"{"event":"volume","db":-41}"#);
    kiosk.end_input();
    kiosk.wait("what was last said", |line| line["volume_db"] == -41.0);
    kiosk.wait("the end of the arc, with nobody there", |line| line["landed"] == true);
    assert_eq!(kiosk.terminate().code(), Some(0));
}

#[test]
fn a_reader_that_stops_reading_does_not_stop_the_room() {
    let home = Home::new();
    let mut kiosk = home.start_unread();
    kiosk.tell("visit_begins");
    // The room answers with far more output than a pipe can hold.
    for step in 0..1_000 {
        kiosk.send(&json!({"event": "volume", "db": -40 - step % 2}));
    }
    kiosk.tell("call_pressed");
    eventually("the call in the journal", || home.journal().contains("call_pressed"));
}
