//! A call where no desk is, and through a kill.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::kiosk::{Home, eventually};

/// That the line is down is said 5 s after the press, as the room counts them.
const SAID_NOT_BEFORE: Duration = Duration::from_millis(4_900);
/// A disk that has not answered by then no longer holds up what the patient sees.
const SHOWN_AFTER: Duration = Duration::from_millis(300);

#[test]
fn a_call_is_placed_at_once_and_goes_its_way_to_cleared() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    let pressed = Instant::now();
    kiosk.tell("call_pressed");
    // That it is shown within 300 ms is tried on the room itself, by a clock that no busy machine can delay; here it is
    // shown before anything else is said of it.
    let placed = kiosk.wait("a call", |line| line["call"] != "idle");
    assert_eq!((&placed["call"], &placed["practice"]), (&json!("placed"), &json!(false)));
    assert_eq!(placed["line_down_told"], false);

    // Nobody hears it: after 5 s, and not before, the room says so, which is a change and so a line.
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
fn a_call_that_was_shown_outlives_a_kill_and_a_cleared_one_does_not_come_back() {
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
        // That it is cleared may reach the disk after the screen: a call too many costs little.
        let cleared = || home.journal().trim_end().ends_with(r#"{"event":"call_cleared"}"#);
        eventually("call_cleared in the journal", cleared);
        kiosk.kill_9();
    }
    assert_eq!(home.start(1).first()["call"], "idle");
}
