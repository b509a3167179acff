//! Tests the first run: its numbered steps, and the step that measures the screen by the outline of a bank card.

use std::time::Duration;

use iced::Size;

use crate::pictures::save_screenshot;
use crate::tablet::{SIZE, Tablet};

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
        });
    }
}
