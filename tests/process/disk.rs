//! Owns the tests of a full or missing disk. Calls still work, staff see the trouble, and the room never claims a wipe
//! that it could not verify.

use std::fs;

use crate::kiosk::{Home, has_trouble, program};

/// Maximum size of each file, in blocks of 512 bytes. The limit stands in for a full disk; setting it does not require
/// root.
const BLOCKS: u32 = 4;

#[test]
fn a_full_disk_is_reported_and_stops_neither_a_call_nor_a_reset() {
    let home = Home::new();
    let script = format!("#!/bin/sh\ntrap '' XFSZ\nulimit -f {BLOCKS}\nexec '{}' \"$@\"\n", program().display());
    let wrapper = home.folder().join("on-a-small-disk");
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut kiosk = home.start_with(&wrapper, &["--config", home.config().to_str().unwrap()]);
    kiosk.first();
    kiosk.tell("visit_begins");
    for _ in 0..100 {
        kiosk.tell("skip");
    }
    kiosk.wait("the trouble", |line| has_trouble(line, "journal-failing"));
    kiosk.tell("call_pressed");
    let placed = kiosk.wait("a call, on no disk", |line| line["call"] == "placed");
    // The call is shown although its record cannot be written, and before the room reports that no desk is connected.
    assert!(has_trouble(&placed, "journal-failing") && placed["line_down_told"] == false, "{placed}");
    assert!(!home.journal().contains("call_pressed"), "{}", home.journal());
    kiosk.tell("call_here");
    kiosk.tell("call_cleared");
    kiosk.wait("no call", |line| line["call"] == "idle");
    kiosk.tell("staff_reset");
    let ready = kiosk.wait("ready", |line| line["stage"] == "ready");
    assert_eq!(ready["receipt"]["verified"], true, "{ready}");
    assert!(!home.journal().contains("visit_begins"), "{}", home.journal());
}

#[test]
fn a_reset_without_a_disk_does_not_claim_a_wipe() {
    let mut home = Home::new();
    fs::write(home.folder().join("file"), "").unwrap();
    home.state = home.folder().join("file/state");
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
    kiosk.tell("staff_reset");
    let outcome = kiosk.wait("the outcome", |line| ["ready", "blocked"].contains(&line["stage"].as_str().unwrap()));
    assert_eq!(outcome["stage"], "blocked", "no receipt could be stored, yet the room is ready: {outcome}");
    assert!(has_trouble(&outcome, "wipe-unverified"), "{outcome}");
}
