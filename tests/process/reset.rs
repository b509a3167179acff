//! Owns the tests of the reset. They check what is gone afterwards and what the receipt proves, including when the
//! program is killed during the reset.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::kiosk::{Home, Kiosk, eventually, has_trouble, program};
use crate::memory::Pieces;

/// Number of kills in each test that kills the program at random moments.
const KILLS: usize = 10;

fn arrive_and_write(home: &Home, kiosk: &mut Kiosk, words: &str) {
    kiosk.tell("visit_begins");
    kiosk.reach("arrive", |line| line["stage"] == "arrive");
    kiosk.send(&json!({"event": "note_typed", "text": words}));
    kiosk.wait("a page", |line| line["note_pages"] == 1);
    eventually("sealed notes", || home.is_sealed());
}

fn check<'a>(receipt: &'a Value, name: &str) -> &'a Value {
    let checks = receipt["checks"].as_array().unwrap();
    &checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name} in {receipt}"))["ok"]
}

fn threads(pid: u32) -> BTreeSet<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let ids = tasks.map(|task| task.unwrap().file_name().to_str().unwrap().parse().unwrap());
    ids.filter(|id| *id != pid).collect()
}

#[test]
fn a_reset_replaces_the_process_and_loses_no_line() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    arrive_and_write(&home, &mut kiosk, "an otter");
    let before = threads(kiosk.pid());
    // All lines are written at once, and the last one is incomplete. The reset starts a new process, which must handle
    // everything after the first line.
    kiosk.write("{\"event\":\"staff_reset\"}\nsomething else\n{\"event\":\"turnover\"}\n{\"event\":\"pause\"}\n{\"event\":\"call_");
    for words in ["not one JSON object", "not one that can be sent here", "not while the room is in"] {
        let error = kiosk.error();
        assert!(error.contains(words), "{error}");
    }
    kiosk.reach("ready again", |line| line["stage"] == "ready" && line["receipt"]["verified"] == true);
    let receipt = kiosk.last()["receipt"].clone();
    assert_eq!(receipt["number"], 1);
    for name in [
        "no-visit-key",
        "no-sealed-notes",
        "all-looked-through",
        "only-expected-files",
        "journal-compacted",
        "fresh-process",
    ] {
        assert_eq!(check(&receipt, name), true, "{receipt}");
    }
    let after = threads(kiosk.pid());
    assert!(!after.is_empty() && before.is_disjoint(&after), "the same process: {before:?} {after:?}");
    kiosk.write("pressed\"}\n");
    kiosk.wait("the call of the line in two halves", |line| line["call"] == "placed");
    assert!(!home.sealed().exists() && !home.runtime.join("visit.key").exists());
    let journal = home.journal();
    assert!(!journal.contains("visit_begins"), "{journal}");
}

#[test]
fn no_piece_of_the_note_is_left_anywhere() {
    let mut chance = Chance::new();
    let words = chance.letters(48);
    let pieces = Pieces::of(&words);
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    arrive_and_write(&home, &mut kiosk, &words);
    // The words are typed one letter at a time, as people type.
    for letter in words.chars() {
        kiosk.send(&json!({"event": "note_typed", "text": letter.to_string()}));
    }
    kiosk.send(&json!({"event": "for_clinician", "text": words}));
    kiosk.send(&json!({"event": "intention", "question": 1, "text": words}));
    kiosk.send(&json!({"event": "volume", "db": -40}));
    kiosk.wait("all of it taken", |line| line["volume_db"] == -40.0);
    let may_read = match pieces.count_in_process(kiosk.pid()) {
        Ok(found) => {
            assert!(found > 0, "the search misses what is there");
            true
        }
        Err(error) => {
            println!("left out, the process's memory: this user may not read it ({error})");
            false
        }
    };
    kiosk.tell("staff_reset");
    kiosk.wait("ready again", |line| line["stage"] == "ready" && line["receipt"]["verified"] == true);
    if may_read {
        assert_eq!(pieces.count_in_process(kiosk.pid()).unwrap(), 0, "in the process's memory");
    }
    for file in home.files() {
        assert_eq!(pieces.count_in(&fs::read(&file).unwrap()), 0, "in {}", file.display());
    }
    assert_eq!(pieces.count_in(&kiosk.said()), 0, "on standard output");
    assert_eq!(pieces.count_in(kiosk.complaints().as_bytes()), 0, "on standard error");
}

#[test]
fn receipts_count_up_and_form_a_chain() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    let mut chains = BTreeSet::new();
    for number in 1..=3 {
        kiosk.tell("staff_reset");
        kiosk.wait("turnover", |line| line["stage"] == "turnover");
        let ready = kiosk.wait("ready again", |line| line["stage"] == "ready");
        assert_eq!((&ready["receipt"]["number"], &ready["receipt"]["verified"]), (&json!(number), &json!(true)));
        assert!(chains.insert(ready["receipt"]["chain"].as_str().unwrap().to_owned()));
    }
    kiosk.tell("visit_begins");
    let next = kiosk.wait("the next visit", |line| line["stage"] == "arrive");
    assert_eq!(next["receipt"], json!(null));
}

#[test]
fn staff_can_read_the_receipts_and_a_missing_one_shows() {
    let home = Home::new();
    assert!(String::from_utf8(home.run(&["receipts"], "").stdout).unwrap().contains("No receipt yet"));
    let mut kiosk = home.start(1);
    kiosk.first();
    for _ in 0..3 {
        kiosk.tell("staff_reset");
        kiosk.wait("turnover", |line| line["stage"] == "turnover");
        kiosk.wait("ready again", |line| line["stage"] == "ready");
    }
    let answer = home.run(&["receipts"], "");
    let text = String::from_utf8(answer.stdout).unwrap();
    assert!(answer.status.success() && text.lines().count() == 4 && text.contains("3 receipts"), "{text}");
    eventually("ready in the journal", || home.journal().contains("turnover_done"));
    kiosk.kill_9();

    let file = home.state.join("receipts.jsonl");
    let whole = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    // In the first round, a receipt in the middle is missing. In the second, the newest is missing, which the remaining
    // receipts do not reveal.
    for (left, words) in
        [([lines[0], lines[2]].concat(), "does not follow"), ([lines[0], lines[1]].concat(), "Missing at the end")]
    {
        fs::write(&file, left).unwrap();
        let answer = home.run(&["receipts"], "");
        let text = String::from_utf8(answer.stdout).unwrap();
        assert!(answer.status.code() == Some(1) && text.contains(words), "{text}");
        let first = home.start(1).first();
        assert!(has_trouble(&first, "receipts-broken"), "{first}");
    }
    fs::write(&file, whole).unwrap();
    assert!(!has_trouble(&home.start(1).first(), "receipts-broken"));
}

#[test]
fn an_unexpected_file_blocks_the_room_until_it_is_gone() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    fs::write(home.state.join("copy-of-notes"), "x").unwrap();
    kiosk.tell("staff_reset");
    let blocked = kiosk.wait("the block", |line| line["stage"] == "blocked");
    assert!(has_trouble(&blocked, "wipe-unverified"), "{blocked}");
    assert_eq!(check(&blocked["receipt"], "only-expected-files"), false);
    kiosk.refused(r#"{"event":"visit_begins"}"#, "not while the room is in blocked");
    kiosk.refused(r#"{"event":"turnover_done"}"#, "not while the room is in blocked");
    // The room remains blocked after a restart, and a call still works.
    kiosk.tell("call_pressed");
    kiosk.wait("a call", |line| line["call"] == "placed");
    kiosk.kill_9();
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.reach("the block and the call", |line| line["stage"] == "blocked" && line["call"] == "placed");
    kiosk.tell("call_cleared");
    kiosk.wait("no call", |line| line["call"] == "idle");
    fs::remove_file(home.state.join("copy-of-notes")).unwrap();
    kiosk.tell("staff_reset");
    let ready = kiosk.wait("ready at last", |line| line["stage"] == "ready");
    assert_eq!(ready["receipt"]["verified"], true);
    assert!(!has_trouble(&ready, "wipe-unverified"), "{ready}");
}

#[test]
fn a_program_replaced_while_it_runs_can_still_restart_itself() {
    let home = Home::new();
    let own = home.folder().join("stillroom");
    if fs::hard_link(program(), &own).is_err() {
        fs::copy(program(), &own).unwrap();
    }
    let config = home.config();
    let mut kiosk = home.start_with(&own, &["--config", config.to_str().unwrap()]);
    kiosk.first();
    arrive_and_write(&home, &mut kiosk, "a plover");
    // The program's file is removed while the program runs, as in an upgrade before the new file is in place.
    fs::remove_file(&own).unwrap();
    kiosk.tell("staff_reset");
    kiosk.wait("turnover", |line| line["stage"] == "turnover");
    let after = kiosk.wait("the outcome", |line| line["receipt"].is_object());
    assert_eq!(after["receipt"]["verified"], true, "{after}\n{}", kiosk.complaints());
}

#[test]
fn a_kill_at_any_moment_of_a_reset_leaves_it_undone_or_complete() {
    kills_in_a_reset(&mut Chance::new());
}

#[test]
fn a_kill_at_any_moment_of_another_reset_leaves_it_undone_or_complete() {
    let mut chance = Chance::new();
    chance.number();
    kills_in_a_reset(&mut chance);
}

fn kills_in_a_reset(chance: &mut Chance) {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    arrive_and_write(&home, &mut kiosk, "a curlew");
    let told = Instant::now();
    kiosk.tell("staff_reset");
    let mut number = kiosk.wait("ready", |line| line["stage"] == "ready")["receipt"]["number"].as_u64().unwrap();
    let whole = told.elapsed() + Duration::from_millis(5);
    let (mut undone, mut finished) = (0, 0);
    for _ in 0..KILLS {
        arrive_and_write(&home, &mut kiosk, "a curlew");
        // The random moment of the kill is chosen so that most kills come early, when the reset may not be on disk yet.
        let moment = {
            let latest = chance.moment(whole);
            chance.moment(latest)
        };
        kiosk.tell("staff_reset");
        std::thread::sleep(moment);
        kiosk.kill_9();
        let was_whole = home.is_sealed() && home.runtime.join("visit.key").exists();

        kiosk = home.start(1);
        let first = kiosk.first();
        if first["stage"] == "arrive" {
            assert!(was_whole, "killed after {moment:?}: a visit without its note");
            let back = kiosk.reach("the note, whole", |line| line["note_pages"] == 1);
            assert!(!has_trouble(&back, "notes-lost"), "killed after {moment:?}: {back}");
            kiosk.tell("staff_reset");
            undone += 1;
        } else {
            assert!(first["stage"] == "turnover" || first["stage"] == "ready", "killed after {moment:?}: {first}");
            assert_eq!(first["note_pages"], 0);
            finished += 1;
        }
        let ready = kiosk.reach("ready", |line| line["stage"] == "ready");
        assert_eq!(ready["receipt"]["verified"], true, "killed after {moment:?}: {ready}");
        let next = ready["receipt"]["number"].as_u64().unwrap();
        assert!(next > number, "killed after {moment:?}: receipt {next} after {number}");
        number = next;
        assert!(!home.sealed().exists() && !home.runtime.join("visit.key").exists(), "killed after {moment:?}");
        assert!(!home.journal().contains("visit_begins"), "killed after {moment:?}: {}", home.journal());
    }
    println!("{KILLS} kills within {whole:?}: {undone} resets undone, {finished} finished by the next start");
}
