//! The staff panel and the PIN pad: any number of profiles can be chosen from, and troubles are shown.

use std::time::Duration;

use iced::{Rectangle, Size};
use stillroom::room::{Event, Snapshot, Trouble};
use stillroom::secret::Verification;

use crate::pictures::save_screenshot;
use crate::tablet::{SIZE, Tablet};
use crate::turnover::receipt;

/// Turns pages until a profile is shown. Returns the number of turns, and fails after all pages.
fn turn_to(tablet: &mut Tablet, profile: &str, pages: usize) -> usize {
    (0..pages)
        .find(|_| {
            let is_there = tablet.shows(profile);
            if !is_there {
                tablet.tap(1, tablet.at("profiles-after").center());
            }
            is_there
        })
        .unwrap_or_else(|| panic!("{profile} is on none of {pages} pages: {:?}", tablet.controls()))
}

#[test]
fn profiles_on_later_pages_can_be_chosen() {
    let mut tablet = Tablet::with_profiles(SIZE, true, Some(12));
    tablet.open_staff();
    for (number, turns) in [(6, 1), (12, 1), (1, 1), (5, 1)] {
        let name = format!("profile-{number}");
        let control = format!("profile-{name}");
        assert_eq!(turn_to(&mut tablet, &control, 3), turns, "{name}");
        tablet.tap(1, tablet.at(&control).center());
        tablet.until("the profile is chosen", |snapshot| snapshot.profile == name);
        assert!(tablet.shows(&control), "{name} is still shown");
    }
    tablet.tap(1, tablet.at("profiles-before").center());
    assert!(tablet.shows("profile-profile-1"));
    tablet.tap(1, tablet.at("profiles-before").center());
    assert!(tablet.shows("profile-profile-12"), "the pages wrap around");
}

#[test]
fn the_panel_opens_on_the_page_of_the_chosen_profile() {
    let mut tablet = Tablet::with_profiles(SIZE, true, Some(9));
    tablet.send(Event::ProfileChosen { name: "profile-9".to_owned() });
    tablet.open_staff();
    assert!(tablet.shows("profile-profile-9") && !tablet.shows("profile-profile-8"));
    tablet.tap(1, tablet.at("profiles-after").center());
    assert!(tablet.shows("profile-profile-1"));
}

#[test]
fn every_profile_can_be_chosen_however_many_there_are() {
    for count in [1, 4, 5, 6, 8, 9, 64] {
        let mut tablet = Tablet::with_profiles(SIZE, true, Some(count));
        tablet.open_staff();
        for number in 1..=count {
            let control = format!("profile-profile-{number}");
            turn_to(&mut tablet, &control, count.div_ceil(4));
            tablet.tap(1, tablet.at(&control).center());
            tablet.until("it is chosen", |snapshot| snapshot.profile == format!("profile-{number}"));
        }
    }
}

#[test]
fn an_unreadable_pin_opens_nothing_and_the_pad_says_what_to_do() {
    let mut tablet = Tablet::new();
    let is_lost = |snapshot: &Snapshot| snapshot.troubles.contains(&Trouble::StaffPinLost);
    tablet.try_pin(Err("staff-pin: damaged".to_owned()));
    tablet.until("staff are told", is_lost);
    assert!(tablet.shows("pin-1") && !tablet.shows("staff-reset"), "the pad stays");
    let lines = tablet.lines();
    assert!(lines.iter().any(|(line, _)| line.contains("PIN is damaged")), "{lines:?}");
    tablet.try_pin(Ok(Verification::Wrong { retry_after: Duration::ZERO }));
    tablet.until("it can be read again", |snapshot| !is_lost(snapshot));
    assert!(!tablet.shows("staff-reset"));
    tablet.try_pin(Ok(Verification::Correct));
    assert!(tablet.shows("staff-reset"));
}

#[test]
fn troubles_that_do_not_fit_are_counted() {
    let mut tablet = Tablet::new();
    for trouble in &Trouble::ALL[..7] {
        tablet.send(Event::TroubleChanged { trouble: *trouble, on: true });
    }
    // On Ready the first line says that no desk listens; three troubles follow it.
    let lines = tablet.lines();
    assert!(lines.iter().any(|(line, _)| line.contains("4 more")), "{lines:?}");
    let glass = Rectangle::with_size(tablet.size());
    assert!(lines.iter().all(|(_, at)| at.is_within(&glass)), "{lines:?}");
    tablet.open_staff();
    let lines = tablet.lines();
    assert!(lines.iter().any(|(line, _)| line.contains("5 more")), "{lines:?}");
}

#[test]
#[ignore = "for people to look at"]
fn soak_pictures_of_what_staff_read() {
    for size in [SIZE, Size::new(1920.0, 1200.0)] {
        let mut tablet = Tablet::with_profiles(size, true, Some(12));
        tablet.try_pin(Err("staff-pin: damaged".to_owned()));
        save_screenshot(&mut tablet, "pin-lost");
        tablet.try_pin(Ok(Verification::Correct));
        save_screenshot(&mut tablet, "staff-profiles");
        let mut tablet = Tablet::of_size(size, true);
        for trouble in [Trouble::CallMayBeLost, Trouble::JournalDamaged, Trouble::LineFoughtOver, Trouble::SetupLost] {
            tablet.send(Event::TroubleChanged { trouble, on: true });
        }
        save_screenshot(&mut tablet, "ready-troubles");
        tablet.open_staff();
        save_screenshot(&mut tablet, "staff-troubles");
        let mut tablet = Tablet::of_size(size, true);
        tablet.send(Event::StaffReset);
        tablet.send(Event::WipeFailed(receipt(false)));
        save_screenshot(&mut tablet, "blocked");
    }
}
