//! Owns the tests of a call without a desk, and of a call that survives a kill.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::kiosk::{Home, eventually};

/// The room reports 5 s after the press, by its own clock, that no desk can be reached. The test allows for a
/// difference between the clocks.
const SAID_NOT_BEFORE: Duration = Duration::from_millis(4_900);
/// After this time the screen no longer waits for the disk.
const SHOWN_AFTER: Duration = Duration::from_millis(300);

#[test]
fn a_call_is_placed_at_once_and_can_be_cleared() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    let pressed = Instant::now();
    kiosk.tell("call_pressed");
    // The 300 ms are tested on the room itself, with a clock that no busy machine can delay. Here the call must be
    // shown before anything else is reported.
    let placed = kiosk.wait("a call", |line| line["call"] != "idle");
    assert_eq!((&placed["call"], &placed["practice"]), (&json!("placed"), &json!(false)));
    assert_eq!(placed["line_down_told"], false);

    // Nobody receives the call. After 5 s, and not before, the room reports this in a new snapshot.
    let told = kiosk.wait("the words that the line is down", |line| line["line_down_told"] == true);
    let after = kiosk.last_at.duration_since(pressed);
    assert_eq!((&told["call"], &told["line"]), (&json!("placed"), &json!("down")));
    assert!(after >= SAID_NOT_BEFORE, "{after:?}");

    kiosk.refused(r#"{"event":"staff_reset"}"#, "a call is open");
    kiosk.tell("call_here");
    kiosk.wait("somebody here", |line| line["call"] == "here");
    kiosk.tell("call_cleared");
    kiosk.wait("no call", |line| line["call"] == "idle");
}

#[test]
fn a_practice_call_is_marked_and_gives_way_to_a_real_one() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.send(&json!({"event": "call_pressed", "practice": true}));
    kiosk.wait("a practice call", |line| line["call"] == "placed" && line["practice"] == true);
    kiosk.tell("call_pressed");
    kiosk.wait("a call", |line| line["call"] == "placed" && line["practice"] == false);
}

#[test]
fn a_shown_call_survives_a_kill_and_a_cleared_one_does_not_come_back() {
    let home = Home::new();
    for _ in 0..5 {
        let mut kiosk = home.start(1);
        assert_eq!(kiosk.first()["call"], "idle");
        let pressed = Instant::now();
        kiosk.tell("call_pressed");
        kiosk.wait("a call", |line| line["call"] == "placed");
        if kiosk.last_at.duration_since(pressed) >= SHOWN_AFTER {
            eventually("the call in the journal", || home.journal().contains("call_pressed"));
        }
        kiosk.kill_9();

        let mut kiosk = home.start(1);
        kiosk.first();
        kiosk.reach("the call again", |line| line["call"] == "placed");
        kiosk.tell("call_here");
        kiosk.wait("somebody here", |line| line["call"] == "here");
        kiosk.tell("call_cleared");
        kiosk.wait("no call", |line| line["call"] == "idle");
        // The screen may show the call as cleared before the disk has recorded it, since one call too many costs
        // little.
        let cleared = || home.journal().trim_end().ends_with(r#"{"event":"call_cleared"}"#);
        eventually("call_cleared in the journal", cleared);
        kiosk.kill_9();
    }
    assert_eq!(home.start(1).first()["call"], "idle");
}
