//! Owns the tests of faults in the program itself and in the readers of its output. No fault may cost a call, and the
//! program must always report its own faults.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::desk_page::Page;
use crate::kiosk::{Home, Kiosk, eventually, has_trouble, program};

/// Settings for an escalation step that is due immediately. Nothing listens at its URL, so the program logs a failure.
const ESCALATES_SOON: &str = "[[escalation]]\nafter_s = 0\nurl = \"http://127.0.0.1:9/\"\nsecret_file = \"secret\"\n";

fn with_escalation() -> Home {
    let home = Home::new();
    fs::write(home.folder().join("secret"), "0123456789abcdef0123456789abcdef\n").unwrap();
    home.configure(ESCALATES_SOON);
    home
}

/// Starts a room that writes its standard error to `errors`.
fn start_with_errors_on(home: &Home, errors: impl Into<Stdio>) -> Kiosk {
    let config = home.config();
    let mut command = home.command(&program(), &["run", "--headless", "--config", config.to_str().unwrap()]);
    command.stderr(errors);
    Kiosk::spawn_with_errors_elsewhere(command)
}

fn pipe() -> (std::io::PipeReader, OwnedFd) {
    let (reader, writer) = std::io::pipe().unwrap();
    let writer = writer.as_fd().try_clone_to_owned().unwrap();
    (reader, writer)
}

fn passes_a_call(kiosk: &mut Kiosk) {
    kiosk.tell("call_pressed");
    kiosk.wait("a call", |line| line["call"] == "placed");
    // By the time the room reports that the line is down, the escalation step and its failure have been logged.
    kiosk.reach("the words that the line is down", |line| line["line_down_told"] == true);
    kiosk.tell("call_here");
    kiosk.wait("somebody here", |line| line["call"] == "here");
    kiosk.tell("call_cleared");
    kiosk.wait("no call", |line| line["call"] == "idle");
}

#[test]
fn a_reader_of_the_log_that_goes_away_costs_no_call() {
    let home = with_escalation();
    let (reader, writer) = pipe();
    let mut kiosk = start_with_errors_on(&home, writer);
    kiosk.first();
    drop(reader);
    passes_a_call(&mut kiosk);
}

#[test]
fn a_room_comes_up_where_nobody_reads_the_log_from_the_start() {
    let home = with_escalation();
    let (reader, writer) = pipe();
    drop(reader);
    let mut kiosk = start_with_errors_on(&home, writer);
    kiosk.first();
    passes_a_call(&mut kiosk);
}

#[test]
fn a_reader_of_the_log_that_hangs_costs_no_call() {
    let mut home = with_escalation();
    home.log = "trace";
    // The reading end of the pipe stays open but is never read, so a log at this level soon fills the pipe.
    let (_reader, writer) = pipe();
    let mut kiosk = start_with_errors_on(&home, writer);
    kiosk.first();
    for step in 0..500 {
        kiosk.send(&json!({"event": "call_pressed", "practice": step == 0}));
    }
    kiosk.reach("a call", |line| line["call"] == "placed" && line["practice"] == false);
    kiosk.tell("call_here");
    kiosk.wait("somebody here", |line| line["call"] == "here");
    kiosk.tell("call_cleared");
    kiosk.wait("no call", |line| line["call"] == "idle");
}

#[test]
fn a_loop_that_fails_ends_the_program_and_the_call_comes_back() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    let mut page = Page::open(&home);
    page.name();
    kiosk.tell("visit_begins");
    kiosk.tell("call_pressed");
    kiosk.reach("a call", |line| line["call"] == "placed");
    kiosk.tell("loop_fails");
    let said = kiosk.error();
    page.hear("event: gone");
    assert!(said.contains("the room's loop has ended"), "{said}");
    let since = Instant::now();
    assert_eq!(kiosk.ended().code(), Some(1));
    // The program exits at most 0.9 s after the fault, even if something hangs. The limit is longer because other tests
    // may keep the machine busy.
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    let log = kiosk.complaints();
    assert!(log.contains("the room's loop has ended") && log.contains("the loop was told to fail"), "{log}");
    drop(kiosk);
    let mut kiosk = home.start(1);
    let first = kiosk.first();
    assert_eq!((&first["stage"], &first["call"]), (&json!("arrive"), &json!("placed")), "{first}");
}

#[test]
fn a_press_after_the_fault_is_refused_truthfully() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.write("{\"event\":\"loop_fails\"}\n{\"event\":\"call_pressed\"}\n");
    let said: Vec<String> = kiosk.rest().iter().map(ToString::to_string).collect();
    assert!(!said.concat().contains("placed"), "Calling is shown although the loop has ended: {said:?}");
    assert!(said.concat().contains("the room has stopped"), "{said:?}");
    assert_eq!(kiosk.ended().code(), Some(1));
}

#[test]
fn a_record_that_stops_the_loop_three_times_is_skipped_and_reported_and_the_call_stays() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.tell("visit_begins");
    kiosk.tell("call_pressed");
    kiosk.wait("a call", |line| line["call"] == "placed");
    kiosk.send(&json!({"event": "dark", "on": true}));
    kiosk.wait("the dark", |line| line["dark"] == true);
    for times in 1..=3 {
        kiosk.tell("loop_fails");
        assert_eq!(kiosk.ended().code(), Some(1));
        drop(kiosk);
        kiosk = home.start(1);
        let first = kiosk.first();
        assert_eq!((&first["call"], &first["stage"]), (&json!("placed"), &json!("arrive")), "{first}");
        assert_eq!(first["dark"] == true, times < 3, "after {times}: {first}");
        assert_eq!(has_trouble(&first, "record-set-aside"), times == 3, "after {times}: {first}");
    }
    kiosk.tell("call_here");
    kiosk.tell("call_cleared");
    kiosk.wait("no call", |line| line["call"] == "idle");
    kiosk.tell("staff_reset");
    let ready = kiosk.wait("ready", |line| line["stage"] == "ready");
    assert!(ready["receipt"]["verified"] == true && !has_trouble(&ready, "record-set-aside"), "{ready}");
}

#[test]
fn a_call_queued_after_three_thousand_lines_is_on_disk_before_a_kill() {
    let home = Home::new();
    for round in 0..6 {
        let mut kiosk = home.start(1);
        kiosk.first();
        if round == 0 {
            kiosk.tell("visit_begins");
        }
        let flood: String = (0..3_000).map(|_| "{\"event\":\"skip\"}\n").collect();
        kiosk.write(&flood);
        kiosk.tell("call_pressed");
        kiosk.wait("a call", |line| line["call"] == "placed");
        // The journal writes the record of a call before all other waiting records, so the call is soon on disk.
        eventually("the call in the journal", || home.journal().contains("call_pressed"));
        kiosk.kill_9();
        let mut kiosk = home.start(1);
        let first = kiosk.first();
        assert_eq!(first["call"], "placed", "round {round}: {first}");
        kiosk.tell("call_here");
        kiosk.tell("call_cleared");
        kiosk.wait("no call", |line| line["call"] == "idle");
        kiosk.kill_9();
    }
}

#[test]
fn a_call_that_was_shown_as_cleared_never_comes_back_after_a_kill() {
    let home = Home::new();
    for round in 0..40 {
        let mut kiosk = home.start(1);
        let first = kiosk.first();
        assert_eq!(first["call"], "idle", "round {round}: {first}");
        kiosk.tell("call_pressed");
        kiosk.tell("call_here");
        kiosk.wait("somebody here", |line| line["call"] == "here");
        kiosk.tell("call_cleared");
        kiosk.wait("no call", |line| line["call"] == "idle");
        kiosk.kill_9();
    }
}

#[test]
fn a_damaged_journal_is_reported_and_where_a_call_may_be_lost_the_room_calls() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
    kiosk.terminate();
    drop(kiosk);
    let flip = |name: &str| {
        let path = home.state.join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[3] ^= 1;
        fs::write(&path, bytes).unwrap();
    };
    flip("journal");
    let mut kiosk = home.start(1);
    let first = kiosk.first();
    assert!(has_trouble(&first, "journal-damaged") && !has_trouble(&first, "call-may-be-lost"), "{first}");
    assert_eq!(first["call"], "idle", "nobody called: {first}");
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
    kiosk.terminate();
    drop(kiosk);

    flip("journal");
    flip("open-call");
    let mut kiosk = home.start(1);
    let first = kiosk.first();
    assert!(has_trouble(&first, "journal-damaged") && has_trouble(&first, "call-may-be-lost"), "{first}");
    kiosk.reach("the room's own call", |line| line["call"] == "placed");
    kiosk.tell("call_here");
    kiosk.tell("call_cleared");
    let looked = kiosk.wait("somebody looked", |line| line["call"] == "idle" && !has_trouble(line, "call-may-be-lost"));
    assert!(has_trouble(&looked, "journal-damaged"), "{looked}");
    kiosk.tell("staff_reset");
    let ready = kiosk.wait("ready", |line| line["stage"] == "ready");
    assert!(ready["receipt"]["verified"] == true && !has_trouble(&ready, "journal-damaged"), "{ready}");
}
