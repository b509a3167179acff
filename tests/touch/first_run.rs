//! Tests the first run: its numbered steps, and the step that measures the screen by the outline of a bank card and
//! refuses a screen that is too small.

use std::time::Duration;

use iced::Size;
use stillroom::screen::first_run::least_drawn_inches;
use stillroom::theme::Scale;
use stillroom::words::Locales;

use crate::languages::locales_with_pseudo;
use crate::pictures::save_screenshot;
use crate::sizes::Checker;
use crate::tablet::{ENGLISH, SIZE, Tablet};
use crate::words::assert_text_fits;

/// Goes through all steps of the first run, and calls `see` with the name of each while it is on the screen.
pub fn walk(tablet: &mut Tablet, mut see: impl FnMut(&mut Tablet, &str)) {
    for step in ["safety", "name"] {
        see(tablet, step);
        tablet.tap(1, tablet.at("next").center());
    }
    see(tablet, "pin");
    for _ in 0..2 {
        for key in ["pin-3", "pin-1", "pin-4", "pin-1", "pin-enter"] {
            tablet.tap(1, tablet.at(key).center());
        }
    }
    see(tablet, "screen");
    tablet.tap(1, tablet.at("next").center());
    see(tablet, "meter");
    tablet.tap(1, tablet.at("reading-more").center());
    see(tablet, "meter-read");
    tablet.tap(1, tablet.at("next").center());
    see(tablet, "cap");
}

#[test]
fn each_step_says_which_it_is_and_where_to_go_on() {
    let mut tablet = Tablet::of_size(SIZE, false);
    let mut seen = Vec::new();
    walk(&mut tablet, |tablet, step| {
        let number = (1..=6).find(|number| tablet.says(&format!("Step {number} of 6")));
        seen.push((step.to_owned(), number));
        assert_eq!(tablet.shows("back"), step != "safety", "{step}");
    });
    let numbers: Vec<Option<i32>> = seen.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 5, 6].map(Some), "{seen:?}");
    assert!(tablet.shows("finish"));
}

#[test]
fn the_outline_grows_with_plus_and_no_control_moves_under_the_finger() {
    let mut tablet = Tablet::of_size(SIZE, false);
    let inches = |tablet: &Tablet, words: &str| tablet.says(&format!("{words} inches"));
    walk(&mut tablet, |tablet, step| {
        if step != "screen" {
            return;
        }
        assert!(inches(tablet, "10.1"));
        let before = tablet.at("card-larger");
        tablet.tap(1, before.center());
        assert!(inches(tablet, "10"), "a larger outline means a smaller screen: {:?}", tablet.lines());
        assert_eq!(tablet.at("card-larger"), before);
        for _ in 0..10 {
            tablet.tap(1, tablet.at("card-much-smaller").center());
        }
        assert!(inches(tablet, "20"), "{:?}", tablet.lines());
        assert_eq!(tablet.at("card-larger"), before);
        for _ in 0..10 {
            tablet.tap(1, tablet.at("card-much-larger").center());
        }
        assert!(inches(tablet, "10"));
        tablet.tap(1, tablet.at("card-smaller").center());
        assert!(inches(tablet, "10.1"));
    });
}

/// Displays on which the first run is tested: size in pixels, and the diagonal in the configuration, in inches.
const DISPLAYS: [(f32, f32, f32); 4] =
    [(1280.0, 800.0, 8.0), (800.0, 1280.0, 8.0), (1920.0, 1080.0, 10.1), (1080.0, 1920.0, 15.6)];

/// Asserts that the first run refuses the screen because its diagonal is less than `least` inches.
fn assert_refused(tablet: &Tablet, least: &str) {
    assert!(tablet.says(&format!("at least {least} inches are needed")), "{:?}", tablet.lines());
    assert!(!tablet.shows("next"));
}

#[test]
fn a_screen_that_is_too_small_is_refused_until_the_size_is_corrected() {
    for (size, least) in [(SIZE, "8"), (Size::new(800.0, 1280.0), "8"), (Size::new(1920.0, 1080.0), "8.6")] {
        let mut tablet = Tablet::of_size(size, false);
        walk(&mut tablet, |tablet, step| {
            if step != "screen" {
                return;
            }
            let sizes = ["card-much-smaller", "card-smaller", "card-larger", "card-much-larger", "back", "call"];
            let before = sizes.map(|id| tablet.at(id));
            let next = tablet.at("next");
            while tablet.shows("next") {
                tablet.tap(1, tablet.at("card-much-larger").center());
            }
            assert_refused(tablet, least);
            assert_eq!(sizes.map(|id| tablet.at(id)), before, "no control moves under the finger");
            tablet.tap(1, next.center());
            assert_refused(tablet, least);
            tablet.tap(1, tablet.at("card-smaller").center());
            assert!(tablet.says(&format!("{least} inches, corner")), "{:?}", tablet.lines());
            assert_eq!(tablet.at("next"), next);
        });
        assert!(tablet.shows("finish"), "a screen that is just large enough is accepted");
    }
}

#[test]
fn a_size_in_the_configuration_that_is_too_small_is_refused_as_well() {
    let mut tablet = Tablet::first_run_on(SIZE, 5.0, &Locales::shipped(), ENGLISH);
    let mut steps = 0;
    walk(&mut tablet, |tablet, step| {
        steps += 1;
        if step == "screen" {
            assert_refused(tablet, "8");
            tablet.tap(1, tablet.at("card-smaller").center());
        }
    });
    assert_eq!(steps, 7);
}

#[test]
fn the_outline_is_as_large_as_a_card_down_to_the_smallest_screen() {
    for (size, least) in [(SIZE, 8.0), (Size::new(800.0, 1280.0), 8.0), (Size::new(1920.0, 1200.0), 8.0)] {
        let mut tablet = Tablet::of_size(size, false);
        walk(&mut tablet, |tablet, step| {
            if step != "screen" {
                return;
            }
            let middle = |tablet: &Tablet| {
                let lines = tablet.lines();
                lines.iter().find(|(line, _)| line.contains("bank card fits")).map(|(_, at)| at.center()).unwrap()
            };
            let before = middle(tablet);
            for _ in 0..21 {
                tablet.tap(1, tablet.at("card-larger").center());
            }
            assert!(tablet.says("8 inches, corner"), "{:?}", tablet.lines());
            // The words are in the middle of the outline, whose upper left corner stays where it is.
            let grown = middle(tablet) - before;
            let by = |mm: f32| (Scale::new(least, size).mm(mm) - Scale::new(10.1, size).mm(mm)) / 2.0;
            assert!((grown.x - by(85.6)).abs() < 1.5 && (grown.y - by(53.98)).abs() < 1.5, "{size:?}: {grown:?}");
        });
    }
}

#[test]
fn every_step_fits_on_every_display_in_every_language() {
    let locales = locales_with_pseudo();
    for (width, height, inches) in DISPLAYS {
        let size = Size::new(width, height);
        let mut checker = Checker::for_display(size, inches.max(least_drawn_inches(size)));
        let scale = Scale::new(inches, size);
        for language in locales.languages() {
            let mut tablet = Tablet::first_run_on(size, inches, &locales, language);
            walk(&mut tablet, |tablet, step| {
                let mut check = |tablet: &Tablet| {
                    checker.check(tablet, &format!("{step}, {language}, {inches} inches, {size:?}"));
                    // The layout may be scaled down on a small screen, but controls for staff are not.
                    for (id, at) in tablet.controls() {
                        let is_key = id.starts_with("key-") || ["call", "back", "next", "staff-corner"].contains(&&*id);
                        let height_mm = at.height / scale.mm(1.0);
                        assert!(is_key || height_mm >= 13.85, "{step}: {id} is {height_mm} mm high on {inches} inches");
                    }
                    assert_text_fits(tablet, size);
                };
                check(tablet);
                if step == "screen" {
                    while tablet.shows("next") {
                        tablet.tap(1, tablet.at("card-much-larger").center());
                    }
                    check(tablet);
                    tablet.tap(1, tablet.at("card-smaller").center());
                    check(tablet);
                }
            });
        }
    }
}

#[test]
#[ignore = "for people to look at"]
fn soak_pictures_of_the_first_run() {
    for size in [SIZE, Size::new(1920.0, 1200.0), Size::new(800.0, 1280.0)] {
        let mut tablet = Tablet::of_size(size, false);
        let mut number = 0;
        walk(&mut tablet, |tablet, step| {
            std::thread::sleep(Duration::from_millis(50));
            number += 1;
            save_screenshot(tablet, &format!("first-run-{number}-{step}"));
            if step == "screen" {
                for _ in 0..3 {
                    tablet.tap(1, tablet.at("card-much-larger").center());
                }
                save_screenshot(tablet, "first-run-4-too-small");
                tablet.tap(1, tablet.at("card-smaller").center());
                save_screenshot(tablet, "first-run-4-smallest");
            }
        });
    }
}
