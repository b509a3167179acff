//! Owns the tests of a room's transports: the broker between rooms and desks, the escalation list, and the contact.
//! Most of them use a real mosquitto broker, and some freeze it, kill it, or restart it without its state.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // a panic fails the test
#![expect(clippy::wildcard_enum_match_arm, reason = "a test picks out the events and effects that it observes")]

mod broker;
#[path = "../desk/browser.rs"]
#[allow(dead_code)] // these tests use only part of it
mod browser;
#[path = "../process/chance.rs"]
#[allow(dead_code)] // these tests use only part of it
mod chance;
mod desks;
mod ends;
mod escalation;
#[path = "../process/flood.rs"]
#[allow(dead_code)] // these tests use only part of it
mod flood;
mod hidden;
#[path = "../process/kiosk.rs"]
#[allow(dead_code)] // these tests use only part of it
mod kiosk;
mod link;
mod program;
mod simulation;
mod stranger;
mod strangers;

use std::time::{Duration, Instant};

use broker::Mosquitto;
use ends::{TestDesk, TestRoom, wait_until};
use stillroom::line::fleet::OrderError;
use stillroom::line::message::{VitalAges, WirePhase};
use stillroom::line::order::DeskOrder;
use stillroom::room::Event;
use stillroom::room::call::CallPhase;

const SOON: Duration = Duration::from_secs(3);
/// Time limit for a room to report the loss of its desk, and for a desk to report the loss of a room.
const SUPERVISED_WITHIN: Duration = Duration::from_secs(10);

fn joined(at: &Mosquitto) -> (TestRoom, TestDesk) {
    let (room, desk) = (TestRoom::open(ends::broker(at, "room")), TestDesk::open(ends::broker(at, "desk")));
    wait_until(SOON, "the room hears its desk", || room.desks() == 1);
    (room, desk)
}

/// Waits until the room has handled everything that the desk has sent so far. Sends one more order for this, and waits
/// for the answer to it.
fn wait_until_all_is_heard(desk: &TestDesk) {
    let fence = desk.order(DeskOrder::Pause);
    wait_until(SOON, "the room's answer", || desk.answer(fence).is_some());
}

#[test]
fn a_call_passes_every_phase_and_each_phase_is_true() {
    let at = Mosquitto::open();
    let (room, desk) = joined(&at);
    let call = room.press();
    wait_until(SOON, "the desk shows the call", || desk.shown() == [call]);
    wait_until(SOON, "the room knows it", || room.phase() == Some(CallPhase::Received));
    let coming = desk.order(DeskOrder::Coming { call, name: "Maria".into() });
    wait_until(SOON, "someone is coming", || room.phase() == Some(CallPhase::OnTheWay));
    wait_until(SOON, "the order is answered", || desk.answer(coming) == Some(Ok(())));
    wait_until(SOON, "the desk shows it", || desk.open_call() == Some((call, WirePhase::OnTheWay)));
    let wrong = desk.order(DeskOrder::Pause);
    wait_until(SOON, "what cannot be is refused", || matches!(desk.answer(wrong), Some(Err(OrderError::Refused(_)))));
    room.tell(Event::CallHere { id: None });
    room.tell(Event::CallCleared);
    wait_until(SOON, "the desk clears it", || desk.open_call().is_none());
    assert_eq!(desk.shown(), [call]);
    assert_eq!(desk.view().unwrap().shared, Some("a white horse".into()), "on one machine it is private");
}

#[test]
fn a_call_pressed_while_the_broker_is_down_arrives_once_it_is_back() {
    let mut at = Mosquitto::open();
    let (room, desk) = joined(&at);
    at.kill();
    wait_until(SOON, "the room knows that the line is down", || !room.is_up());
    let call = room.press();
    wait_until(Duration::from_secs(8), "it says that no desk is reached", || room.says_line_down());
    assert_eq!(desk.shown(), []);
    at.start_again();
    let back = wait_until(SOON, "the desk shows the call", || desk.shown() == [call]);
    println!("broker killed and back without its state: shown after {} ms", back.as_millis());
    wait_until(SOON, "the room knows it", || room.phase() == Some(CallPhase::Received));
    assert_eq!(desk.shown(), [call]);
}

#[test]
fn a_frozen_broker_is_given_up_and_found_again() {
    let at = Mosquitto::open();
    let (room, desk) = joined(&at);
    at.freeze();
    let call = room.press();
    wait_until(Duration::from_secs(6), "the room gives the broker up", || !room.is_up());
    wait_until(Duration::from_secs(6), "the room says so", || room.says_line_down());
    assert_eq!(desk.shown(), []);
    at.thaw();
    let back = wait_until(SOON, "the desk shows the call", || desk.shown() == [call]);
    println!("broker frozen and thawed: shown after {} ms", back.as_millis());
    wait_until(SOON, "the room knows it", || room.phase() == Some(CallPhase::Received));
    // Messages on one topic stay in order, so the next call arrives after everything that the broker still held.
    room.tell(Event::CallHere { id: None });
    room.tell(Event::CallCleared);
    wait_until(SOON, "the desk clears it", || desk.open_call().is_none());
    let next = room.press();
    wait_until(SOON, "the desk shows the next", || desk.shown().contains(&next));
    assert_eq!(desk.shown(), [call, next], "what the broker still held does not show it twice");
}

#[test]
fn a_killed_room_is_lost_at_the_desk_and_its_call_stays() {
    let at = Mosquitto::open();
    let (room, desk) = joined(&at);
    let call = room.press();
    wait_until(SOON, "the desk shows the call", || desk.shown() == [call]);
    drop(room);
    let lost = wait_until(SUPERVISED_WITHIN, "the desk loses the room", || desk.troubles() == ["room-lost"]);
    println!("room killed: lost at the desk after {} ms, by its will", lost.as_millis());
    assert_eq!(desk.open_call().map(|(open, _)| open), Some(call));
    let _again = TestRoom::open(ends::broker(&at, "room"));
    wait_until(SOON, "the room is there again", || desk.troubles().is_empty());
    // The new room has no journal that contains the call, so the desk must keep the call until a person has looked.
    let left = || desk.line.with(|fleet, now_ms| fleet.room(now_ms, &ends::room_id()).unwrap().left);
    wait_until(SOON, "the call is left for a person to look at", || desk.open_call().is_none() && left() == [call]);
}

#[test]
fn a_killed_desk_gives_its_call_back_and_another_takes_it() {
    let at = Mosquitto::open();
    let (room, desk) = joined(&at);
    let call = room.press();
    wait_until(SOON, "the room knows it", || room.phase() == Some(CallPhase::Received));
    drop(desk);
    let gone = wait_until(SUPERVISED_WITHIN, "nobody has it", || room.phase() == Some(CallPhase::Sent));
    println!("desk killed: the room knows after {} ms, by its will", gone.as_millis());
    let late = TestDesk::open(ends::broker(&at, "desk-2"));
    wait_until(SOON, "a desk that joins late shows it", || late.shown() == [call]);
    wait_until(SOON, "the room knows it", || room.phase() == Some(CallPhase::Received));
}

#[test]
fn a_desk_without_a_page_that_can_receive_does_not_count() {
    let at = Mosquitto::open();
    let (room, desk) = joined(&at);
    desk.line.with(|fleet, now_ms| fleet.set_can_receive(now_ms, false));
    wait_until(SOON, "the room has no desk", || room.desks() == 0);
    let call = room.press();
    wait_until(SOON, "the broker took it", || room.phase() == Some(CallPhase::Sent));
    wait_until(SOON, "the desk shows the call", || desk.shown() == [call]);
    wait_until_all_is_heard(&desk);
    assert_eq!(room.phase(), Some(CallPhase::Sent));
    desk.line.with(|fleet, now_ms| fleet.set_can_receive(now_ms, true));
    desk.line.with(|fleet, now_ms| fleet.call_received(now_ms, &ends::room_id(), call)).unwrap();
    wait_until(SOON, "the room knows it", || room.phase() == Some(CallPhase::Received));
}

#[test]
fn two_desks_show_a_call_once_each_and_it_stays_while_one_has_it() {
    let at = Mosquitto::open();
    let (room, desk) = joined(&at);
    let other = TestDesk::open(ends::broker(&at, "desk-2"));
    wait_until(SOON, "the room hears both", || room.desks() == 2);
    let call = room.press();
    wait_until(SOON, "both show the call", || desk.shown() == [call] && other.shown() == [call]);
    // Both desks must have confirmed the call before one of them disappears.
    wait_until_all_is_heard(&desk);
    wait_until_all_is_heard(&other);
    drop(desk);
    wait_until(SUPERVISED_WITHIN, "one is gone", || room.desks() == 1);
    assert_eq!(room.phase(), Some(CallPhase::Received));
}

#[test]
fn a_screen_that_does_not_draw_and_a_dead_sound_are_reported() {
    let at = Mosquitto::open();
    let (room, desk) = joined(&at);
    room.set_vitals(VitalAges { loop_age_ms: Some(0), frame_age_ms: Some(20), audio_age_ms: Some(7_500) });
    wait_until(SOON, "dead sound", || desk.troubles() == ["sound-dead"]);
    room.set_vitals(VitalAges { loop_age_ms: Some(0), frame_age_ms: Some(7_500), audio_age_ms: Some(80) });
    wait_until(SOON, "a screen that does not draw", || desk.troubles() == ["screen-not-drawing"]);
}

#[test]
fn two_rooms_with_one_id_are_reported() {
    let at = Mosquitto::open();
    let (room, _desk) = joined(&at);
    let other = TestRoom::open(ends::broker(&at, "room-again"));
    wait_until(Duration::from_secs(6), "each knows of the other", || {
        room.has_duplicate_id() && other.has_duplicate_id()
    });
}

#[test]
fn tls_with_the_clinics_own_authority_and_credentials() {
    let at = Mosquitto::with_tls("room", "a password with spaces");
    let (room, desk) = joined(&at);
    let call = room.press();
    wait_until(SOON, "the desk shows the call", || desk.shown() == [call]);
    let mut stranger = ends::broker(&at, "stranger");
    std::fs::write(at.file("wrong"), "wrong\n").unwrap();
    stranger.access.password_file = Some(at.file("wrong"));
    let refused = TestRoom::open(stranger.clone());
    wait_until(SOON, "a wrong password is refused", || !refused.downs().is_empty());
    assert!(refused.downs()[0].contains("NotAuthorized"), "{:?}", refused.downs());
    stranger.access.ca_file = None;
    let wary = TestRoom::open(stranger);
    wait_until(SOON, "an authority that nobody named is not trusted", || !wary.downs().is_empty());
    assert!(wary.downs()[0].to_lowercase().contains("tls"), "{:?}", wary.downs());
    assert!(!refused.is_up() && !wary.is_up() && desk.is_up());
}

#[test]
fn the_recommended_access_list_allows_each_client_its_own_topics_only() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/desk.md")).unwrap();
    let block = |after: &str| page.split(after).nth(1).unwrap().split("```").nth(1).unwrap().to_owned();
    // With this setting, the broker takes a client's user name as its client id, whatever client id the client sends.
    let own = "use_username_as_clientid true\n";
    assert!(block("conf.d/stillroom.conf`").contains(own), "the page must contain it");
    let at = Mosquitto::with_access(own, &block("`access`"), &["room-2", "room-1", "desk"]);
    let named = |user: &str, client: &str| ends::broker_as(&at, user, client);
    let (room, desk) = (TestRoom::open(named("room-2", "room")), TestDesk::open(named("desk", "desk")));
    wait_until(SOON, "the room hears its desk", || room.desks() == 1);
    let call = room.press();
    wait_until(SOON, "the desk shows the call", || desk.shown() == [call]);
    wait_until(SOON, "the room knows it", || room.phase() == Some(CallPhase::Received));
    let coming = desk.order(DeskOrder::Coming { call, name: "Maria".into() });
    wait_until(SOON, "the order is answered", || desk.answer(coming) == Some(Ok(())));
    let twice = TestRoom::open(ends::broker(&at, "nobody"));
    wait_until(SOON, "nobody without a name comes in", || !twice.downs().is_empty());
    // A client that is signed in as the user `room-1` claims to be `room-2`. It can neither receive what the desk sends
    // to `room-2` nor publish in the name of `room-2`.
    let thief = TestRoom::open(named("room-1", "thief"));
    thief.press();
    wait_until(SOON, "the thief is turned away", || !thief.downs().is_empty());
    wait_until_all_is_heard(&desk);
    assert_eq!((desk.shown(), thief.phase() == Some(CallPhase::Received)), (vec![call], false));
    assert!(!room.has_duplicate_id());
    // Nor can a client of the user `room-1` take over the session of `room-2` by sending the client id `room-2`.
    let taking = stranger::Thief::of(&at, "room-2", Some("room-1"));
    wait_until(SOON, "the thief's", || taking.signed_in() > 0);
    assert!(room.is_up() && room.downs().is_empty(), "{:?}", room.downs());
}

#[test]
#[ignore = "takes the rights of root, for a network of its own; make soak"]
fn soak_a_pulled_cable_is_noticed_and_the_call_arrives_once_it_is_back() {
    let at = Mosquitto::behind_a_cable();
    let (room, desk) = joined(&at);
    at.cable().cut();
    let call = room.press();
    let noticed = wait_until(SUPERVISED_WITHIN, "the room gives the broker up", || !room.is_up());
    wait_until(Duration::from_secs(6), "the room says so", || room.says_line_down());
    wait_until(SUPERVISED_WITHIN, "the desk loses the broker", || !desk.is_up());
    assert_eq!(desk.shown(), []);
    at.cable().mend();
    let back = wait_until(SOON, "the desk shows the call", || desk.shown() == [call]);
    println!("cable pulled: noticed after {} ms; back: shown after {} ms", noticed.as_millis(), back.as_millis());
    wait_until(SOON, "the room knows it", || room.phase() == Some(CallPhase::Received));
}

#[test]
#[ignore = "a minute of brokers that come and go; make soak"]
fn soak_an_unreliable_broker_loses_no_call_and_shows_none_twice() {
    let mut at = Mosquitto::open();
    let (room, desk) = joined(&at);
    let mut pressed = Vec::new();
    let mut slowest = Duration::ZERO;
    for round in 0..12_u64 {
        let frozen = round % 2 == 1;
        if frozen {
            at.freeze();
        } else {
            at.kill();
        }
        std::thread::sleep(Duration::from_millis(300 + 617 * (round % 7)));
        let call = room.press();
        pressed.push(call);
        std::thread::sleep(Duration::from_millis(211 * (round % 5)));
        let back = Instant::now();
        if frozen {
            at.thaw();
        } else {
            at.start_again();
        }
        wait_until(SOON, "the desk shows the call", || desk.shown() == pressed);
        slowest = slowest.max(back.elapsed());
        wait_until(SOON, "the room knows it", || room.phase() == Some(CallPhase::Received));
        room.tell(Event::CallHere { id: None });
        room.tell(Event::CallCleared);
        wait_until(SOON, "the desk clears it", || desk.open_call().is_none());
    }
    println!("12 outages: 0 lost, 0 shown twice, slowest recovery {} ms", slowest.as_millis());
    assert_eq!(desk.shown(), pressed);
}
