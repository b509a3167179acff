//! Tests what patients tell the room about themselves: which hand is free, how large words should be, and why they
//! call. Also tests the length of the arrival, controls that rest, words that the room shows only for a moment, and
//! what may cover the light of a place.

use std::time::Duration;

use iced::{Rectangle, Size};
use stillroom::room::call::{CallId, CallPhase, DeskId};
use stillroom::room::{Event, Stage};
use stillroom::vocabulary::patient::{CallReason, Hand, TypeSize};
use stillroom::vocabulary::place::Place;
use stillroom::words::Locales;

use crate::languages::locales_with_pseudo;
use crate::sizes::{Checker, LAYOUTS};
use crate::tablet::{SIZE, Tablet};
use crate::words::assert_text_fits;

const DESK: DeskId = DeskId(1);
const PORTRAIT: Size = Size::new(800.0, 1280.0);

fn in_session(tablet: &mut Tablet) {
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.until("the session runs", |snapshot| snapshot.stage == Stage::Session);
}

fn call(tablet: &mut Tablet, id: CallId) {
    tablet.send(Event::DeskConnected { desk: DESK });
    tablet.send(Event::CallPressed { id, practice: false });
    tablet.send(Event::CallJournaled { id, ok: true });
    tablet.until("the call is placed", |snapshot| snapshot.call.is_some());
}

fn reasons(tablet: &Tablet) -> Vec<String> {
    let controls = tablet.controls().into_iter().map(|(id, _)| id);
    controls.filter(|id| id.starts_with("reason-")).collect()
}

fn says(tablet: &Tablet, words: &str) -> bool {
    tablet.lines().iter().any(|(line, _)| line == words)
}

#[test]
fn a_reason_can_be_touched_once_the_desk_has_the_call_and_changes_nothing_about_it() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    let id = CallId(3);
    call(&mut tablet, id);
    assert_eq!(reasons(&tablet), [""; 0], "nobody has the call yet");
    tablet.send(Event::CallSent { id });
    assert_eq!(reasons(&tablet), [""; 0]);
    tablet.send(Event::CallReceived { id, desk: DESK });
    assert_eq!(reasons(&tablet).len(), CallReason::ALL.len());
    let before = tablet.snapshot().call.unwrap();
    for reason in [CallReason::Sick, CallReason::Temperature] {
        tablet.tap(1, tablet.at(&format!("reason-{}", reason.name())).center());
        let after = tablet.snapshot().call.unwrap();
        assert_eq!(after.reason, Some(reason), "a later touch changes it");
        assert_eq!((after.phase, after.presses, after.phase_since), (before.phase, before.presses, before.phase_since));
    }
    tablet.send(Event::CallComing { id, name: "Ana".to_owned() });
    assert_eq!(reasons(&tablet).len(), CallReason::ALL.len());
    tablet.send(Event::CallHere { id: Some(id) });
    assert_eq!(reasons(&tablet), [""; 0], "there is somebody to talk to");
    assert!(tablet.lines().iter().any(|(line, _)| line.contains("Ana") && line.ends_with("is here.")));
}

#[test]
fn reasons_never_cover_the_call_or_the_slide_of_staff() {
    let locales = locales_with_pseudo();
    for size in [SIZE, Size::new(1920.0, 1200.0), PORTRAIT] {
        for language in locales.languages() {
            for (hand, type_size) in LAYOUTS {
                let mut tablet = Tablet::with_locales(size, &locales);
                tablet.send(Event::VisitBegins);
                tablet.send(Event::LanguageChosen(language));
                tablet.send(Event::HandChosen(hand));
                tablet.send(Event::TypeSizeChosen(type_size));
                in_session(&mut tablet);
                call(&mut tablet, CallId(3));
                tablet.send(Event::CallReceived { id: CallId(3), desk: DESK });
                // The checker fails on controls that overlap, are too small or are too close to each other.
                Checker::new(size).check(&tablet, &format!("reasons in {language:?} at {size:?}, {hand}, {type_size}"));
                assert!(tablet.shows("staff-here") && !reasons(&tablet).is_empty());
                assert_text_fits(&tablet, size);
                tablet.send(Event::CallComing { id: CallId(3), name: "Maximiliana Hernández".to_owned() });
                assert_text_fits(&tablet, size);
                tablet.send(Event::CallHere { id: Some(CallId(3)) });
                assert_text_fits(&tablet, size);
            }
        }
    }
}

#[test]
fn a_practice_call_asks_for_no_reason() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    let id = CallId(4);
    tablet.send(Event::DeskConnected { desk: DESK });
    tablet.send(Event::CallPressed { id, practice: true });
    tablet.send(Event::CallJournaled { id, ok: true });
    tablet.send(Event::CallReceived { id, desk: DESK });
    assert_eq!(tablet.snapshot().call.map(|call| call.phase), Some(CallPhase::Received));
    assert_eq!(reasons(&tablet), [""; 0]);
}

#[test]
fn screens_are_mirrored_for_a_free_left_hand() {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.tap(1, tablet.at("language-en-US").center());
    tablet.tap(1, tablet.at("next").center());
    let middle = SIZE.width / 2.0;
    let is_left = |tablet: &Tablet, id: &str| tablet.at(id).center_x() < middle;
    assert!(!is_left(&tablet, "call") && !is_left(&tablet, "next") && is_left(&tablet, "staff-corner"));
    tablet.tap(1, tablet.at("hand-left").center());
    assert_eq!(tablet.snapshot().hand, Hand::Left);
    assert!(is_left(&tablet, "call") && is_left(&tablet, "next") && !is_left(&tablet, "staff-corner"));
    assert!(is_left(&tablet, "hand-left"), "a hand stays at its own side");
    in_session(&mut tablet);
    assert!(tablet.at("anchor").x < tablet.at("dark").x, "the outer one is for the nearer hand");
    tablet.press(1, tablet.at("call").center());
    tablet.until("the call is placed", |snapshot| snapshot.call.is_some());
    assert!(!is_left(&tablet, "staff-here"), "away from the patient's hand");
    tablet.send(Event::CallCleared);
    tablet.open_staff();
    assert!(!is_left(&tablet, "call"), "staff find the call in one place");
}

#[test]
fn larger_words_are_a_quarter_larger_and_those_of_staff_stay_as_they_are() {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.tap(1, tablet.at("language-en-US").center());
    tablet.tap(1, tablet.at("next").center());
    let height = |tablet: &Tablet, words: &str| {
        let lines = tablet.lines();
        lines.iter().find(|(line, _)| line == words).unwrap_or_else(|| panic!("{words:?} among {lines:?}")).1.height
    };
    let title = height(&tablet, "Make it comfortable");
    tablet.tap(1, tablet.at("type-larger").center());
    assert_eq!(tablet.snapshot().type_size, TypeSize::Larger);
    assert!((height(&tablet, "Make it comfortable") / title - 1.25).abs() < 0.02);
    tablet.open_staff();
    // The call beside the sheet is left out, because its words are for the patient and do change size.
    let of_staff = |tablet: &Tablet| {
        let call = tablet.at("call");
        tablet.lines().into_iter().filter(|(_, at)| !at.is_within(&call)).collect::<Vec<_>>()
    };
    let larger = of_staff(&tablet);
    tablet.send(Event::TypeSizeChosen(TypeSize::Normal));
    assert!(larger.len() > 3, "{larger:?}");
    assert_eq!(larger, of_staff(&tablet));
}

#[test]
fn all_of_arrive_can_be_skipped_with_two_touches() {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.tap(1, tablet.at("language-en-US").center());
    tablet.tap(1, tablet.at("skip-all").center());
    assert!(says(&tablet, "Everything is ready") && !tablet.shows("next"));
}

#[test]
fn all_of_arrive_is_at_most_ten_screens() {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.tap(1, tablet.at("language-en-US").center());
    let mut screens = 2;
    while tablet.shows("next") {
        tablet.tap(1, tablet.at("next").center());
        screens += 1;
    }
    assert!(says(&tablet, "Everything is ready"));
    assert_eq!(screens, 10);
}

#[test]
fn the_dark_can_be_practised_after_the_call_without_leaving_its_screen() {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.tap(1, tablet.at("language-en-US").center());
    while !says(&tablet, "Try the call") {
        tablet.tap(1, tablet.at("next").center());
    }
    assert!(!tablet.shows("try-dark"), "one idea at a time");
    tablet.press(1, tablet.at("call").center());
    tablet.until("the practice call", |snapshot| snapshot.call.as_ref().is_some_and(|call| call.practice));
    tablet.tap(2, tablet.at("try-dark").center());
    let dark = tablet.until("it is dark, without a call", |snapshot| snapshot.dark && snapshot.call.is_none());
    assert_eq!(dark.stage, Stage::Arrive);
    tablet.send(Event::Dark { on: false });
    assert!(tablet.shows("try-dark") && tablet.shows("next"));
}

fn rest(tablet: &mut Tablet) {
    std::thread::sleep(Duration::from_millis(8_100));
    tablet.after(Duration::ZERO);
}

#[test]
fn a_touch_that_wakes_resting_controls_presses_none_of_them() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    let places = tablet.at("places").center();
    rest(&mut tablet);
    assert!(!tablet.shows("places") && tablet.shows("call"), "at rest");
    tablet.tap(1, places);
    assert!(!tablet.shows("place-beach"), "it only wakes");
    assert!(tablet.shows("places"));
    tablet.tap(1, places);
    assert!(tablet.shows("place-beach"));
}

#[test]
fn too_much_keeps_its_words_and_works_at_the_first_touch() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    rest(&mut tablet);
    assert!(!tablet.shows("places") && says(&tablet, "Too much"));
    tablet.tap(1, tablet.at("anchor").center());
    assert!(tablet.snapshot().anchor);
}

#[test]
fn a_chosen_place_is_seen_without_the_sheet_over_it() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    tablet.tap(1, tablet.at("places").center());
    tablet.tap(1, tablet.at("place-forest").center());
    assert_eq!(tablet.snapshot().place.name(), "forest");
    assert!(!tablet.shows("place-forest") && tablet.shows("places"));
}

#[test]
fn a_kind_word_follows_a_real_call_and_the_patient_reads_when_staff_speak() {
    let (kind, speak) = ("We’re glad you called.", "Your clinician is speaking to you.");
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    call(&mut tablet, CallId(5));
    assert!(!says(&tablet, kind));
    tablet.send(Event::CallHere { id: None });
    tablet.send(Event::CallCleared);
    assert!(says(&tablet, kind));
    tablet.send(Event::TalkNow { on: true });
    assert!(says(&tablet, speak) && !says(&tablet, kind));
    tablet.send(Event::AfterBegins);
    assert!(says(&tablet, speak), "on every screen");
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.send(Event::CallPressed { id: CallId(6), practice: true });
    tablet.until("the practice call", |snapshot| snapshot.call.is_some());
    tablet.send(Event::CallCleared);
    assert!(!says(&tablet, kind), "nobody was called");
}

#[test]
fn the_ring_of_the_breath_stands_beside_the_light_of_every_place() {
    for size in [SIZE, PORTRAIT] {
        for place in Place::ALL.iter().copied().filter(|place| place.focal_box(1.0).is_some()) {
            let mut tablet = Tablet::of_size(size, true);
            in_session(&mut tablet);
            if !tablet.try_send(Event::PlaceChosen(place)) {
                continue;
            }
            tablet.send(Event::Breath { on: true });
            let light = place.focal_box(size.width / size.height).unwrap();
            let lines = tablet.lines();
            let (_, word) = lines.iter().find(|(line, _)| line == "Breathe in").unwrap();
            let is_beside = if size == PORTRAIT {
                word.x + word.width <= light.left * size.width
            } else {
                word.x >= light.right * size.width
            };
            assert!(is_beside, "{place} at {size:?}: {word:?}");
        }
    }
}

#[test]
fn no_control_of_the_session_covers_the_light_of_a_place() {
    for (inches, size) in [
        (8.0, SIZE),
        (10.1, SIZE),
        (15.6, Size::new(1920.0, 1080.0)),
        (8.0, PORTRAIT),
        (10.1, PORTRAIT),
        (15.6, Size::new(1080.0, 1920.0)),
    ] {
        for place in Place::ALL.iter().copied() {
            let mut tablet = Tablet::with_display(size, inches, &Locales::shipped());
            in_session(&mut tablet);
            let Some(light) = place.focal_box(size.width / size.height) else { continue };
            if !tablet.try_send(Event::PlaceChosen(place)) {
                continue;
            }
            for breathes in [false, true] {
                tablet.send(Event::Breath { on: breathes });
                let light = Rectangle {
                    x: light.left * size.width,
                    y: light.top * size.height,
                    width: (light.right - light.left) * size.width,
                    height: (light.bottom - light.top) * size.height,
                };
                // On the smallest display, the call button reaches into the light of the place, because its height is
                // fixed.
                let may_cover = |id: &str| id == "place" || id == "call" && inches < 10.0;
                for (id, at) in tablet.controls().into_iter().filter(|(id, _)| !may_cover(id)) {
                    assert!(at.intersection(&light).is_none(), "{id} covers {place} on {inches} inches: {at:?}");
                }
            }
        }
    }
}

#[test]
fn portrait_screens_survive_larger_words_and_a_left_hand() {
    let locales = locales_with_pseudo();
    for language in locales.languages() {
        for (hand, type_size) in LAYOUTS {
            let mut tablet = Tablet::with_locales(PORTRAIT, &locales);
            let mut checker = Checker::new(PORTRAIT);
            let mut check = |tablet: &Tablet, screen: &str| {
                checker.check(tablet, &format!("{screen} in {language:?}, {hand}, {type_size}"));
                assert_text_fits(tablet, PORTRAIT);
            };
            tablet.send(Event::VisitBegins);
            tablet.tap(1, tablet.at(&format!("language-{language}")).center());
            tablet.send(Event::HandChosen(hand));
            tablet.send(Event::TypeSizeChosen(type_size));
            while tablet.shows("next") {
                if !tablet.shows("key-space") {
                    check(&tablet, "arrive");
                }
                tablet.tap(1, tablet.at("next").center());
            }
            check(&tablet, "waiting");
            in_session(&mut tablet);
            check(&tablet, "session");
            for id in ["places", "sound"] {
                tablet.tap(1, tablet.at(id).center());
                check(&tablet, id);
                tablet.tap(1, tablet.at("close").center());
            }
            tablet.send(Event::Anchor { on: true });
            check(&tablet, "anchor");
        }
    }
}
