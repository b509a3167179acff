//! What outlives a kill in a visit: the minute of the session, and the note for as long as its key does.

use std::fs;
use std::time::Instant;

use serde_json::json;

use crate::kiosk::{Home, Kiosk, eventually, has_trouble};

const SPEED: u32 = 60;

/// A change of no consequence, to hear from the room what time it is.
fn session_ms(kiosk: &mut Kiosk, db: f64) -> u64 {
    kiosk.send(&json!({"event": "volume", "db": db}));
    kiosk.wait("the time", |line| line["volume_db"] == db)["session_ms"].as_u64().unwrap()
}

#[test]
fn a_killed_session_comes_back_in_the_minute_it_was_in() {
    let home = Home::new();
    let mut kiosk = home.start(SPEED);
    kiosk.first();
    let began = Instant::now();
    kiosk.send(&json!({"event": "session_begins", "infusion_minutes": 20}));
    kiosk.wait("onset", |line| line["part"] == "onset");
    kiosk.send(&json!({"event": "place", "name": "forest"}));
    eventually("four minutes", || began.elapsed().as_millis() * u128::from(SPEED) > 4 * 60_000);
    let before_ms = session_ms(&mut kiosk, -35.0);
    // What is no call may reach the disk after the screen.
    eventually("the volume in the journal", || home.journal().contains("-35"));
    kiosk.kill_9();
    let ran_ms = u64::try_from(began.elapsed().as_millis()).unwrap() * u64::from(SPEED);

    let mut kiosk = home.start(SPEED);
    let first = kiosk.first();
    assert_eq!((&first["stage"], &first["part"]), (&json!("session"), &json!("onset")));
    assert_eq!((&first["place"], &first["volume_db"]), (&json!("forest"), &json!(-35.0)));
    let back_ms = first["session_ms"].as_u64().unwrap();
    assert!(back_ms + 60_000 >= before_ms, "{back_ms} ms lies more than a minute behind {before_ms} ms");
    // The first line is made at once after the journal is read, so the new process has hardly lived.
    assert!(back_ms <= ran_ms + 60_000, "{back_ms} ms is ahead of the {ran_ms} ms there were");
    let later_ms = session_ms(&mut kiosk, -36.0);
    assert!(later_ms >= back_ms, "{later_ms} before {back_ms}");
    kiosk.wait("peak", |line| line["part"] == "peak");
}

#[test]
fn a_killed_pause_comes_back_where_it_stood() {
    let home = Home::new();
    let mut kiosk = home.start(SPEED);
    kiosk.first();
    kiosk.send(&json!({"event": "session_begins", "infusion_minutes": 20}));
    kiosk.wait("onset", |line| line["part"] == "onset");
    kiosk.tell("pause");
    let paused_ms = kiosk.wait("a pause", |line| line["paused"] == true)["session_ms"].clone();
    eventually("the pause in the journal", || home.journal().contains(r#"{"event":"pause"}"#));
    kiosk.kill_9();
    let first = home.start(SPEED).first();
    assert_eq!((&first["paused"], &first["session_ms"]), (&json!(true), &paused_ms));
}

/// A visit with a page that has been sealed.
fn sealed_page(home: &Home) -> Kiosk {
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
    kiosk.send(&json!({"event": "note_typed", "text": "a heron stood in the shallows"}));
    kiosk.wait("a page", |line| line["note_pages"] == 1);
    eventually("sealed notes", || home.sealed().exists());
    kiosk
}

#[test]
fn a_sealed_note_outlives_a_kill() {
    let home = Home::new();
    let mut kiosk = sealed_page(&home);
    let before = fs::read(home.sealed()).unwrap();
    kiosk.send(&json!({"event": "note_typed", "text": " and a second one came"}));
    eventually("newer sealed notes", || fs::read(home.sealed()).unwrap() != before);
    kiosk.kill_9();

    let mut kiosk = home.start(1);
    assert_eq!(kiosk.first()["stage"], "arrive");
    let back = kiosk.reach("the page again", |line| line["note_pages"] == 1);
    assert!(!has_trouble(&back, "notes-lost") && !has_trouble(&back, "notes-not-sealed"), "{back}");
    for file in home.files() {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(5).any(|piece| piece == b"heron"), "{}", file.display());
    }
}

#[test]
fn a_note_without_its_key_is_gone_and_staff_are_told() {
    let home = Home::new();
    sealed_page(&home).kill_9();
    for file in ["visit.key", "visit.mark"] {
        fs::remove_file(home.runtime.join(file)).unwrap();
    }
    let mut kiosk = home.start(1);
    assert_eq!(kiosk.first()["stage"], "arrive");
    let lost = kiosk.wait("the loss told", |line| has_trouble(line, "notes-lost"));
    assert_eq!(lost["note_pages"], 0);
    assert!(!home.sealed().exists(), "what nobody can open is removed");
    // The visit goes on, and what is written from here is kept.
    kiosk.send(&json!({"event": "note_typed", "text": "again"}));
    kiosk.wait("a page", |line| line["note_pages"] == 1);
    eventually("sealed notes", || home.sealed().exists());
}

#[test]
fn an_older_seal_put_back_is_refused() {
    let home = Home::new();
    let mut kiosk = sealed_page(&home);
    let older = fs::read(home.sealed()).unwrap();
    kiosk.send(&json!({"event": "note_typed", "text": " and left"}));
    eventually("newer sealed notes", || fs::read(home.sealed()).unwrap() != older);
    // The mark follows the notes; without this the older set would rightly be taken for the last one.
    kiosk.send(&json!({"event": "note_typed", "text": " and came back"}));
    let newer = fs::read(home.sealed()).unwrap();
    eventually("still newer sealed notes", || fs::read(home.sealed()).unwrap() != newer);
    kiosk.kill_9();
    fs::write(home.sealed(), older).unwrap();
    let mut kiosk = home.start(1);
    kiosk.first();
    let lost = kiosk.wait("the loss told", |line| has_trouble(line, "notes-lost"));
    assert_eq!(lost["note_pages"], 0);
}
