//! Owns the tests of what survives when the program is killed during a visit: the session continues from the same
//! minute, and the note comes back if its key still exists.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;

use crate::kiosk::{Home, Kiosk, eventually, has_trouble};

const SPEED: u32 = 60;

/// Changes the volume so that the room writes a snapshot. Returns the snapshot's session clock, in milliseconds.
fn session_ms(kiosk: &mut Kiosk, db: f64) -> u64 {
    kiosk.send(&json!({"event": "volume", "db": db}));
    kiosk.wait("the time", |line| line["volume_db"] == db)["session_ms"].as_u64().unwrap()
}

#[test]
fn a_killed_session_comes_back_at_the_minute_it_was_in() {
    let home = Home::new();
    let mut kiosk = home.start(SPEED);
    kiosk.first();
    let began = Instant::now();
    kiosk.send(&json!({"event": "session_begins", "infusion_minutes": 20}));
    kiosk.wait("onset", |line| line["part"] == "onset");
    kiosk.send(&json!({"event": "place", "name": "forest"}));
    eventually("four minutes", || began.elapsed().as_millis() * u128::from(SPEED) > 4 * 60_000);
    let before_ms = session_ms(&mut kiosk, -35.0);
    // The room shows a new volume before it is on disk, so the test has to wait.
    eventually("the volume in the journal", || home.journal().contains("-35"));
    kiosk.kill_9();
    let ran_ms = u64::try_from(began.elapsed().as_millis()).unwrap() * u64::from(SPEED);

    let mut kiosk = home.start(SPEED);
    let first = kiosk.first();
    assert_eq!((&first["stage"], &first["part"]), (&json!("session"), &json!("onset")));
    assert_eq!((&first["place"], &first["volume_db"]), (&json!("forest"), &json!(-35.0)));
    let back_ms = first["session_ms"].as_u64().unwrap();
    assert!(back_ms + 60_000 >= before_ms, "{back_ms} ms is more than a minute before {before_ms} ms");
    // The first line is written right after the journal has been read, so the new process has added hardly any time to
    // the session clock.
    assert!(back_ms <= ran_ms + 60_000, "{back_ms} ms is ahead of the {ran_ms} ms there were");
    let later_ms = session_ms(&mut kiosk, -36.0);
    assert!(later_ms >= back_ms, "{later_ms} before {back_ms}");
    kiosk.wait("peak", |line| line["part"] == "peak");
}

#[test]
fn a_killed_pause_comes_back_where_it_was() {
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

/// Starts a room and a visit, writes a page, and waits until the page is sealed.
fn sealed_page(home: &Home) -> Kiosk {
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
    kiosk.send(&json!({"event": "note_typed", "text": "a heron stood in the shallows"}));
    kiosk.wait("a page", |line| line["note_pages"] == 1);
    eventually("sealed notes", || home.is_sealed());
    kiosk
}

#[test]
fn a_sealed_note_survives_a_kill() {
    let home = Home::new();
    let mut kiosk = sealed_page(&home);
    let before = home.mark();
    kiosk.send(&json!({"event": "note_typed", "text": " and a second one came"}));
    eventually("newer sealed notes", || home.mark() != before);
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
    assert!(!home.sealed().exists(), "a note that nobody can open is removed");
    // The visit continues, and what the patient writes from now on is sealed again.
    kiosk.send(&json!({"event": "note_typed", "text": "again"}));
    kiosk.wait("a page", |line| line["note_pages"] == 1);
    eventually("sealed notes", || home.is_sealed());
}

/// The newest file of the sealed notes, which contains the page that was written last.
fn newest_piece(home: &Home) -> PathBuf {
    let files = fs::read_dir(home.sealed()).unwrap().map(|entry| entry.unwrap().path());
    let number = |path: &PathBuf| path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
    files.max_by_key(number).unwrap()
}

#[test]
fn an_older_page_put_back_is_refused() {
    let home = Home::new();
    let mut kiosk = sealed_page(&home);
    let (older, before) = (fs::read(newest_piece(&home)).unwrap(), home.mark());
    kiosk.send(&json!({"event": "note_typed", "text": " and left"}));
    eventually("newer sealed notes", || home.mark() != before);
    kiosk.kill_9();
    fs::write(newest_piece(&home), older).unwrap();
    let mut kiosk = home.start(1);
    kiosk.first();
    let damaged = kiosk.wait("the damage told", |line| has_trouble(line, "notes-damaged"));
    assert_eq!(damaged["note_pages"], 0);
}

#[test]
fn a_truncated_page_is_reported_and_the_others_come_back() {
    let home = Home::new();
    home.configure("[notes]\npage_chars_max = 100\n");
    let mut kiosk = sealed_page(&home);
    let before = home.mark();
    // This text does not fit on the rest of the first page, so a second page begins.
    kiosk.send(&json!({"event": "note_typed", "text": "heron ".repeat(16)}));
    kiosk.wait("a second page", |line| line["note_pages"] == 2);
    eventually("newer sealed notes", || home.mark() != before);
    kiosk.kill_9();
    let piece = newest_piece(&home);
    let bytes = fs::read(&piece).unwrap();
    fs::write(&piece, &bytes[..bytes.len() / 2]).unwrap();
    let mut kiosk = home.start(1);
    kiosk.first();
    let damaged = kiosk
        .reach("the damage told, and the rest", |line| has_trouble(line, "notes-damaged") && line["note_pages"] == 1);
    assert!(!has_trouble(&damaged, "notes-lost"), "{damaged}");
    kiosk.tell("staff_reset");
    let ready = kiosk.wait("ready", |line| line["stage"] == "ready");
    assert!(!has_trouble(&ready, "notes-damaged"), "{ready}");
}
