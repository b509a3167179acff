//! Owns the tests of a call when no desk is connected, and of a call that is open when the program is killed.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::kiosk::{Home, eventually};

/// Shortest time after which the room may report that no desk can be reached. By the room's clock this takes 5 s; the
/// test measures by its own clock and allows 0.1 s for the difference.
const SAID_NOT_BEFORE: Duration = Duration::from_millis(4_900);
/// Maximum time for which the room waits for the disk before it shows a call.
const SHOWN_AFTER: Duration = Duration::from_millis(300);

#[test]
fn a_call_is_placed_at_once_and_can_be_cleared() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    let pressed = Instant::now();
    kiosk.tell("call_pressed");
    // The room's own tests check [`SHOWN_AFTER`] with a simulated clock, because timing is unreliable on a busy
    // machine. Here, the first snapshot with a call must show it as placed, and must not yet say that no desk is
    // reachable.
    let placed = kiosk.wait("a call", |line| line["call"] != "idle");
    assert_eq!((&placed["call"], &placed["practice"]), (&json!("placed"), &json!(false)));
    assert_eq!(placed["line_down_told"], false);

    // No desk receives the call. The room reports this in a new snapshot after 5 s and not before.
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
        // If the disk is slow, the room may show a call as cleared before the record of the clearing is on disk. A kill
        // would then bring the call back, which is harmless.
        let cleared = || home.journal().trim_end().ends_with(r#"{"event":"call_cleared"}"#);
        eventually("call_cleared in the journal", cleared);
        kiosk.kill_9();
    }
    assert_eq!(home.start(1).first()["call"], "idle");
}
