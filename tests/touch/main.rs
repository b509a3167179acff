//! Tests the whole window on a running room, with the touch events that iced would deliver for each finger. The tests
//! in this file are about fingers on controls, the call, and *Dark*, the black screen.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

mod call_pictures;
mod comfort;
mod drawing;
mod first_run;
mod hands;
mod languages;
mod legible;
mod pages;
mod pictures;
#[path = "../common/pseudo.rs"]
mod pseudo;
mod sizes;
mod small_displays;
mod specks;
mod staff;
mod still;
mod tablet;
mod take_home;
mod turnover;
mod typing;
mod visit_pictures;
mod words;

use std::time::Duration;

use iced::{Point, Vector};
use stillroom::room::Stage;
use stillroom::room::call::CallPhase;
use stillroom::room::{Event, Snapshot};
use tablet::{Tablet, mm};

/// Time after which a new contact on the black screen counts as another hand. It is a little more than 300 ms, within
/// which contacts count as the same hand.
const HAND_LANDED: Duration = Duration::from_millis(320);

fn in_session(tablet: &mut Tablet) {
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.until("the session runs", |snapshot| snapshot.stage == Stage::Session);
}

fn called(snapshot: &Snapshot) -> bool {
    snapshot.call.is_some()
}

#[test]
fn a_palm_that_rests_anywhere_else_never_blocks_the_call() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    let place = tablet.at("place").center();
    tablet.press(1, Point::new(place.x - mm(60.0), mm(30.0)));
    tablet.press(2, Point::new(place.x + mm(40.0), mm(34.0)));
    let call = tablet.at("call").center();
    tablet.press(3, call);
    tablet.until("the call is placed", called);
}

#[test]
fn the_call_fires_when_the_finger_lands_and_not_when_it_lifts() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    let call = tablet.at("call").center();
    tablet.press(1, call);
    let placed = tablet.until("the call is placed", called);
    tablet.lift(1, call);
    tablet.settle();
    assert_eq!(tablet.snapshot().call.map(|call| call.presses), placed.call.map(|call| call.presses));
}

#[test]
fn every_corner_of_the_band_calls() {
    for (x, y) in [(0.01, 0.02), (0.99, 0.02), (0.01, 0.98), (0.99, 0.98)] {
        let mut tablet = Tablet::new();
        in_session(&mut tablet);
        let band = tablet.at("call");
        tablet.press(1, Point::new(band.x + band.width * x, band.y + band.height * y));
        tablet.until("the call is placed", called);
    }
}

#[test]
fn two_fingers_in_one_batch_both_count() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    let (anchor, call) = (tablet.at("anchor").center(), tablet.at("call").center());
    tablet.batch(&[Tablet::down(1, anchor), Tablet::down(2, call), Tablet::up(1, anchor)]);
    tablet.until("the call is placed", called);
    assert!(tablet.snapshot().anchor, "the first finger asked for the anchor");
}

#[test]
fn a_parked_mouse_pointer_swallows_no_touch() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    let places = tablet.at("places").center();
    tablet.park_pointer(places);
    let sound = tablet.at("sound").center();
    tablet.tap(1, sound);
    assert!(tablet.shows("softer"));
}

#[test]
fn a_finger_counts_if_it_drifts_by_less_than_the_slop() {
    for (drift_mm, counts) in [(0.0, true), (9.0, true), (14.5, true), (16.0, false), (40.0, false)] {
        let mut tablet = Tablet::new();
        in_session(&mut tablet);
        let sound = tablet.at("sound").center();
        tablet.press(1, sound);
        let there = Point::new(sound.x, sound.y - mm(drift_mm));
        tablet.drag(1, there);
        tablet.lift(1, there);
        assert_eq!(tablet.shows("softer"), counts, "after {drift_mm} mm");
    }
}

#[test]
fn a_finger_that_came_down_on_one_screen_does_nothing_on_the_next() {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.until("someone arrives", |snapshot| snapshot.stage == Stage::Arrive);
    tablet.tap(9, tablet.at("language-en-US").center());
    let back = tablet.at("back").center();
    tablet.press(1, back);
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    let before = tablet.until("the session runs", |snapshot| snapshot.stage == Stage::Session);
    tablet.lift(1, back);
    tablet.settle();
    assert_eq!(tablet.snapshot().stage, before.stage);
    assert!(tablet.shows("anchor") && !tablet.shows("softer"));
}

#[test]
fn in_the_dark_one_touch_wakes_and_only_a_second_one_calls() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    tablet.send(Event::Dark { on: true });
    tablet.until("it is dark", |snapshot| snapshot.dark);
    let middle = Point::new(mm(108.0), mm(80.0));
    tablet.press(1, middle);
    tablet.until("the panel shows", |snapshot| snapshot.dark_panel_until.is_some());
    tablet.lift(1, middle);
    tablet.settle();
    assert!(!called(&tablet.snapshot()), "a palm lying there is one touch, not two");
    let panel = tablet.at("call");
    assert!(panel.width * panel.height >= 0.6 * mm(217.5) * mm(136.0), "the panel covers most of the screen");
    std::thread::sleep(HAND_LANDED);
    tablet.press(2, middle);
    tablet.until("the call is placed", called);
}

#[test]
fn the_dark_can_be_left_although_the_call_lies_above() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    tablet.send(Event::Dark { on: true });
    tablet.until("it is dark", |snapshot| snapshot.dark);
    tablet.send(Event::DarkTouched);
    tablet.until("the panel shows", |snapshot| snapshot.dark_panel_until.is_some());
    std::thread::sleep(HAND_LANDED);
    tablet.tap(1, tablet.at("dark-leave").center());
    let left = tablet.until("the dark is left", |snapshot| !snapshot.dark);
    assert!(!called(&left));
}

#[test]
fn a_palm_in_the_dark_never_calls() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    tablet.send(Event::Dark { on: true });
    tablet.until("it is dark", |snapshot| snapshot.dark);
    let middle = Point::new(mm(108.0), mm(80.0));
    tablet.press(1, middle);
    tablet.until("the panel shows", |snapshot| snapshot.dark_panel_until.is_some());
    for step in 1..40_i16 {
        tablet.drag(1, Point::new(middle.x + mm(f32::from(step % 7)), middle.y));
    }
    tablet.settle();
    assert!(!called(&tablet.snapshot()));
}

#[test]
fn a_whole_hand_that_lands_in_the_dark_is_one_touch_and_another_finger_calls() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    tablet.send(Event::Dark { on: true });
    tablet.until("it is dark", |snapshot| snapshot.dark);
    let middle = Point::new(mm(108.0), mm(80.0));
    for finger in 1..=4_u8 {
        tablet.press(u64::from(finger), Point::new(middle.x + mm(14.0 * f32::from(finger)), middle.y));
    }
    tablet.settle();
    assert!(!tablet.try_send(Event::CallHere { id: None }), "there is a call");
    std::thread::sleep(HAND_LANDED);
    tablet.press(5, middle);
    tablet.until("the call is placed", called);
}

#[test]
fn a_palm_that_keeps_landing_beside_the_panel_does_not_hold_up_a_call() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    tablet.send(Event::Dark { on: true });
    tablet.until("it is dark", |snapshot| snapshot.dark);
    tablet.send(Event::DarkTouched);
    let shown = tablet.until("the panel shows", |snapshot| snapshot.dark_panel_until.is_some());
    std::thread::sleep(HAND_LANDED);
    let panel = tablet.at("call");
    let beside = Point::new(panel.center().x, panel.y / 2.0);
    tablet.tap(1, beside);
    tablet.until("the panel stays longer", |snapshot| snapshot.dark_panel_until > shown.dark_panel_until);
    tablet.press(2, panel.center());
    tablet.until("the call is placed", called);
}

#[test]
fn here_and_clear_take_a_slide_that_no_resting_hand_makes() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    tablet.press(1, tablet.at("call").center());
    tablet.until("the call is placed", called);
    let here = tablet.at("staff-here");
    let call = tablet.at("call");
    assert!(call.y - (here.y + here.height) >= mm(25.0), "well away from the band");
    // None of these counts as a slide from left to right: a tap, a hold, a slide that leaves the control, and a slide
    // that starts too far right.
    let (left, right) = (here.center() - Vector::new(mm(20.0), 0.0), here.center() + Vector::new(mm(14.0), 0.0));
    tablet.tap(2, here.center());
    tablet.press(3, left);
    tablet.after(Duration::from_mins(1));
    tablet.lift(3, left);
    tablet.press(3, left);
    tablet.drag(3, right + Vector::new(mm(60.0), 0.0));
    tablet.lift(3, right + Vector::new(mm(60.0), 0.0));
    tablet.press(3, right);
    tablet.drag(3, right + Vector::new(mm(15.0), 0.0));
    tablet.lift(3, right + Vector::new(mm(15.0), 0.0));
    tablet.settle();
    assert_ne!(tablet.snapshot().call.unwrap().phase, CallPhase::Here);
    tablet.press(3, left);
    tablet.drag(3, right);
    tablet.settle();
    assert_ne!(tablet.snapshot().call.unwrap().phase, CallPhase::Here, "only where it lifts");
    tablet.lift(3, right);
    tablet.until("someone is here", |s| s.call.as_ref().is_some_and(|call| call.phase == CallPhase::Here));
    tablet.press(4, left);
    tablet.drag(4, right);
    tablet.lift(4, right);
    tablet.until("the call is cleared", |snapshot| snapshot.call.is_none());
}

#[test]
fn the_corner_takes_a_hold_and_the_call_stays_above_the_pin_pad() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    let (corner, before) = (tablet.at("staff-corner").center(), tablet.at("call"));
    tablet.tap(1, corner);
    assert!(!tablet.shows("pin-1"), "a tap on the corner opens nothing");
    tablet.press(1, corner);
    tablet.after(Duration::from_millis(1_600));
    tablet.lift(1, corner);
    assert!(tablet.shows("pin-1"));
    let call = tablet.at("call");
    assert_eq!(call, before, "the call stays where it is");
    tablet.press(2, call.center());
    tablet.until("the call is placed", called);
    let call = tablet.at("call");
    for (id, control) in tablet.controls().into_iter().filter(|(id, _)| id.starts_with("pin-")) {
        assert!(control.intersection(&call).is_none(), "{id} cannot be reached while a call is open");
    }
}

#[test]
fn a_call_key_calls_and_any_other_key_changes_nothing() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    tablet.key("F12");
    let placed = tablet.until("the call is placed", called);
    tablet.key("F3");
    tablet.settle();
    assert_eq!(tablet.snapshot().call.unwrap().presses, placed.call.unwrap().presses);
}
