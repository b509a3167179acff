//! Tests the staff sheet and the PIN pad: the most frequent tasks take few touches, every profile can be chosen, the
//! patient's choices are kept, and troubles are shown to staff only.

use std::time::Duration;

use iced::{Rectangle, Size};
use stillroom::app::WorkError;
use stillroom::room::call::{CallId, DeskId};
use stillroom::room::{Event, Snapshot, Stage, Trouble};
use stillroom::secret::Verification;
use stillroom::vocabulary::language::Language;
use stillroom::vocabulary::place::Place;
use stillroom::words::Locales;

use crate::in_session;
use crate::pictures::save_screenshot;
use crate::tablet::{DIAGONAL_INCHES, SIZE, Tablet};
use crate::turnover::receipt;

const DESK: DeskId = DeskId(1);

/// Opens the sheet, and then each page that a control in `ids` opens. Calls `see` for the sheet and for each page, with
/// a name that begins with `stage`.
fn pages(tablet: &mut Tablet, see: &mut dyn FnMut(&mut Tablet, &str), stage: &str, ids: &[&str]) {
    tablet.open_staff();
    see(tablet, stage);
    for id in ids {
        tablet.tap(1, tablet.at(id).center());
        see(tablet, &format!("{stage}-{id}"));
        tablet.tap(1, tablet.at("staff-back").center());
    }
    tablet.tap(1, tablet.at("staff-close").center());
}

/// Opens the sheet in each stage of a visit, and calls `see` with a name for each of its pages.
pub fn walk(size: Size, inches: f32, language: Language, see: &mut dyn FnMut(&mut Tablet, &str)) {
    let tablet = &mut Tablet::of_clinic(size, inches, language);
    pages(tablet, see, "ready-no-desk", &["staff-more", "staff-warnings", "begin-session"]);
    tablet.send(Event::DeskConnected { desk: DESK });
    pages(tablet, see, "ready", &[]);
    tablet.send(Event::VisitBegins);
    tablet.send(Event::PlaceChosen(Place::NightSky));
    pages(tablet, see, "arrive", &["staff-more"]);
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: true });
    pages(tablet, see, "settle", &["staff-more", "staff-places"]);
    tablet.send(Event::InfusionStarts);
    for trouble in [Trouble::CallMayBeLost, Trouble::JournalDamaged, Trouble::OutputNotCalibrated] {
        tablet.send(Event::TroubleChanged { trouble, on: true });
    }
    tablet.send(Event::Calm { on: true });
    pages(tablet, see, "session", &["staff-more", "staff-warnings"]);
    tablet.send(Event::Pause);
    pages(tablet, see, "paused", &[]);
    tablet.send(Event::Resume);
    tablet.open_staff();
    tablet.tap(1, tablet.at("staff-more").center());
    tablet.tap(1, tablet.at("end").center());
    see(tablet, "end");
    tablet.tap(1, tablet.at("cancel").center());
    tablet.tap(1, tablet.at("talk-now").center());
    see(tablet, "talk");
    tablet.send(Event::CallPressed { id: CallId(1), practice: false });
    tablet.until("the call is placed", |snapshot| snapshot.call.is_some());
    see(tablet, "session-call");
    tablet.send(Event::CallCleared);
    tablet.tap(1, tablet.at("staff-close").center());
    tablet.try_pin(Ok(Verification::Wrong { retry_after: Duration::from_secs(30) }));
    see(tablet, "pin-session");
    tablet.tap(1, tablet.at("pin-close").center());
    tablet.send(Event::AfterBegins);
    pages(tablet, see, "after", &["staff-more"]);
    tablet.try_pin(Err(WorkError::Failed("staff-pin: damaged".to_owned())));
    see(tablet, "pin-damaged");
    tablet.tap(1, tablet.at("pin-close").center());
    tablet.try_pin(Err(WorkError::NotRun));
    see(tablet, "pin-unchecked");
    tablet.tap(1, tablet.at("pin-close").center());
    tablet.send(Event::Farewell);
    pages(tablet, see, "farewell", &[]);
}

#[test]
fn no_line_of_the_sheet_is_cut_in_any_language() {
    for size in [SIZE, Size::new(800.0, 1280.0)] {
        for language in Locales::shipped().languages() {
            walk(size, DIAGONAL_INCHES, language, &mut |tablet, screen| {
                assert_eq!(tablet.cut_lines(), Vec::<String>::new(), "{screen} in {language}");
            });
        }
    }
}

/// Staff who use the tablet, and the number of touches that they needed.
struct Counted<'a> {
    tablet: &'a mut Tablet,
    touches: usize,
}

impl Counted<'_> {
    fn tap(&mut self, id: &str) {
        self.touches += 1;
        self.tablet.tap(1, self.tablet.at(id).center());
    }

    fn hold(&mut self, id: &str) {
        self.touches += 1;
        self.tablet.hold(1, id);
    }

    /// Opens the sheet by holding the corner and typing a PIN of four digits. Returns the number of touches needed.
    fn open(&mut self) -> usize {
        let before = self.touches;
        self.hold("staff-corner");
        for key in ["pin-2", "pin-7", "pin-1", "pin-8", "pin-enter"] {
            self.tap(key);
        }
        self.tablet.answer_pin(Ok(Verification::Correct));
        self.touches - before
    }
}

/// The touches to begin a session and to calm the room are counted from the open sheet. Those to reset the room are
/// counted from the closed sheet, so they include the PIN.
#[test]
fn what_staff_do_most_often_takes_few_touches() {
    let mut tablet = Tablet::new();
    tablet.send(Event::DeskConnected { desk: DESK });
    tablet.send(Event::VisitBegins);
    let mut hands = Counted { tablet: &mut tablet, touches: 0 };
    let way_in = hands.open();
    hands.tap("profile-forest-morning");
    hands.tap("begin-60");
    let session = hands.tablet.until("the session runs", |snapshot| snapshot.stage == Stage::Session);
    assert_eq!((session.profile.as_str(), session.infusion_minutes), ("forest-morning", 60));
    let begin = hands.touches - way_in;

    hands.touches = 0;
    let way_in = hands.open();
    hands.tap("calm-now");
    hands.tablet.until("the room is calm", |snapshot| snapshot.calm);
    let calm = hands.touches - way_in;

    hands.tap("staff-close");
    hands.tablet.send(Event::AfterBegins);
    hands.tablet.send(Event::Farewell);
    hands.touches = 0;
    hands.open();
    hands.hold("staff-reset");
    hands.tablet.send(Event::WipeVerified(receipt(true)));
    let waited = crate::turnover::run_by_itself(hands.tablet);
    hands.tap("speaker-heard");
    let ready = hands.tablet.until("the room is ready", |snapshot| snapshot.stage == Stage::Ready);
    assert!(ready.speaker_tested && ready.call_tested && ready.surface_cleaned);
    let reset = hands.touches;
    println!("begin with another profile and length {begin}, calm {calm}, reset and ready {reset} in {waited:?}");
    assert_eq!((begin, calm, reset), (2, 1, 8));
    assert!(waited <= Duration::from_secs(75), "{waited:?}");
}

#[test]
fn a_paused_session_says_so_and_is_resumed_with_one_touch() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    tablet.open_staff();
    assert!(!tablet.says("Paused") && tablet.says("0 of 40 min infusion, 55 in all"), "{:?}", tablet.lines());
    tablet.tap(1, tablet.at("pause").center());
    assert!(tablet.says("Paused") && !tablet.shows("pause"), "{:?}", tablet.lines());
    tablet.tap(1, tablet.at("resume").center());
    assert!(!tablet.says("Paused") && !tablet.shows("resume"));
}

#[test]
fn the_corner_says_what_it_is_for_while_the_room_is_empty_and_in_the_farewell() {
    let mut tablet = Tablet::new();
    let door = "Staff: hold here";
    assert!(tablet.says(door));
    tablet.send(Event::VisitBegins);
    assert!(!tablet.says(door), "a patient reads this screen");
    in_session(&mut tablet);
    assert!(!tablet.says(door));
    tablet.send(Event::AfterBegins);
    assert!(!tablet.says(door));
    tablet.send(Event::Farewell);
    assert!(tablet.says(door));
}

#[test]
fn the_sheet_covers_little_more_than_a_third_of_a_landscape_screen() {
    for (size, inches, most) in [(SIZE, 10.1, 0.37), (Size::new(1920.0, 1080.0), 15.6, 0.34)] {
        let mut tablet = Tablet::with_display(size, inches, &Locales::shipped());
        in_session(&mut tablet);
        tablet.open_staff();
        let beside = tablet.at("staff-outside").width / size.width;
        assert!(1.0 - beside <= most, "{inches} inches: {beside} of the place is seen");
    }
}

/// Turns the pages of profiles until `profile` is shown. Returns the number of turns. Panics if it is on none of the
/// first `pages` pages.
fn turn_to(tablet: &mut Tablet, profile: &str, pages: usize) -> usize {
    (0..pages)
        .find(|_| {
            let is_there = tablet.shows(profile);
            if !is_there {
                tablet.tap(1, tablet.at("profiles-more").center());
            }
            is_there
        })
        .unwrap_or_else(|| panic!("{profile} is on none of {pages} pages: {:?}", tablet.controls()))
}

#[test]
fn the_shipped_profiles_stand_on_one_page() {
    let mut tablet = Tablet::new();
    tablet.open_staff();
    assert_eq!(tablet.controls().iter().filter(|(id, _)| id.starts_with("profile-")).count(), 6);
    assert!(!tablet.shows("profiles-more"));
}

#[test]
fn the_sheet_opens_on_the_page_of_the_chosen_profile_and_pages_wrap_around() {
    let mut tablet = Tablet::with_profiles(SIZE, true, Some(9));
    tablet.send(Event::ProfileChosen { name: "profile-9".to_owned() });
    tablet.open_staff();
    assert!(tablet.shows("profile-profile-9") && !tablet.shows("profile-profile-1"));
    tablet.tap(1, tablet.at("profiles-more").center());
    assert!(tablet.shows("profile-profile-1"));
}

#[test]
fn every_profile_can_be_chosen_however_many_there_are() {
    for size in [SIZE, Size::new(800.0, 1280.0)] {
        for count in [1, 4, 5, 6, 7, 12, 64] {
            let mut tablet = Tablet::with_profiles(size, true, Some(count));
            tablet.open_staff();
            for number in 1..=count {
                let control = format!("profile-profile-{number}");
                turn_to(&mut tablet, &control, count.div_ceil(5) + 1);
                tablet.tap(1, tablet.at(&control).center());
                tablet.until("it is chosen", |snapshot| snapshot.profile == format!("profile-{number}"));
                assert!(tablet.shows(&control), "it is still shown");
            }
        }
    }
}

#[test]
fn what_was_chosen_on_arrival_is_kept_and_staff_can_exchange_it_and_take_that_back() {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.send(Event::PlaceChosen(Place::MountainLake));
    tablet.send(Event::Volume { db: -40.0 });
    tablet.open_staff();
    tablet.tap(1, tablet.at("profile-forest-morning").center());
    let kept = tablet.until("another profile", |snapshot| snapshot.profile == "forest-morning");
    assert_eq!((kept.place, kept.volume_db.round() as i32), (Place::MountainLake, -40));
    assert!(tablet.says("Mountain lake"));
    // A second touch on the chosen profile must not discard what the patient chose on arrival.
    tablet.tap(1, tablet.at("profile-forest-morning").center());
    assert_eq!(tablet.snapshot().place, Place::MountainLake);
    tablet.tap(1, tablet.at("keep-choice").center());
    let changed = tablet.until("the profile's place", |snapshot| snapshot.place == Place::Forest);
    assert_eq!(changed.volume_db.round() as i32, -30);
    tablet.tap(1, tablet.at("keep-choice").center());
    let back = tablet.until("the patient's place", |snapshot| snapshot.place == Place::MountainLake);
    assert_eq!(back.volume_db.round() as i32, -40);
}

#[test]
fn comfort_is_changed_from_the_sheet_while_the_place_and_the_call_stay() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    let call = tablet.at("call");
    tablet.open_staff();
    assert_eq!(tablet.at("call"), call);
    let before = tablet.snapshot();
    for id in ["volume-less", "light-less", "staff-silence", "calm-now", "talk-now"] {
        tablet.tap(1, tablet.at(id).center());
    }
    let after = tablet.snapshot();
    assert!(after.volume_db < before.volume_db && after.brightness_trim < before.brightness_trim);
    assert!(after.silence && after.calm && after.talk_now);
    assert!(tablet.says("Your clinician is speaking"), "the patient reads why");
    tablet.tap(1, tablet.at("calm-now").center());
    assert!(!tablet.snapshot().calm, "it can be undone");
    tablet.tap(1, tablet.at("staff-places").center());
    tablet.tap(1, tablet.at("staff-place-forest").center());
    assert_eq!(tablet.snapshot().place, Place::Forest);
    // A touch beside the sheet closes it, and the music comes back.
    tablet.tap(1, tablet.at("staff-outside").center());
    assert!(!tablet.shows("staff-close") && !tablet.snapshot().talk_now);
    assert!(!tablet.says("The music rests"));
}

#[test]
fn the_pad_and_the_sheet_close_by_themselves_after_a_minute_without_a_touch() {
    let mut tablet = Tablet::new();
    in_session(&mut tablet);
    tablet.hold(1, "staff-corner");
    tablet.after(Duration::from_secs(58));
    assert!(tablet.shows("pin-1"));
    tablet.after(Duration::from_secs(61));
    assert!(!tablet.shows("pin-1") && tablet.shows("staff-corner"));
    tablet.open_staff();
    tablet.after(Duration::from_secs(58));
    assert!(tablet.shows("staff-close"));
    tablet.after(Duration::from_secs(61));
    assert!(!tablet.shows("staff-close"));
    // While staff are talking to the patient, they do not touch the sheet, so it stays open for ten minutes.
    tablet.open_staff();
    tablet.tap(1, tablet.at("talk-now").center());
    tablet.after(Duration::from_secs(61));
    assert!(tablet.shows("staff-close") && tablet.snapshot().talk_now);
    tablet.after(Duration::from_secs(601));
    assert!(!tablet.shows("staff-close") && !tablet.snapshot().talk_now);
}

#[test]
fn a_session_without_a_desk_is_asked_about_and_keeps_its_length() {
    let mut tablet = Tablet::new();
    tablet.open_staff();
    tablet.tap(1, tablet.at("begin-120").center());
    assert_eq!(tablet.snapshot().stage, Stage::Ready);
    tablet.tap(1, tablet.at("begin-anyway").center());
    let begun = tablet.until("the session runs", |snapshot| snapshot.stage == Stage::Session);
    assert_eq!(begun.infusion_minutes, 120);
}

#[test]
fn an_unreadable_pin_opens_nothing_and_the_pad_says_what_to_do() {
    let mut tablet = Tablet::new();
    let is_lost = |snapshot: &Snapshot| snapshot.troubles.contains(&Trouble::StaffPinLost);
    tablet.try_pin(Err(WorkError::Failed("staff-pin: damaged".to_owned())));
    tablet.until("staff are told", is_lost);
    assert!(tablet.shows("pin-1") && !tablet.shows("staff-more"), "the pad stays");
    assert!(tablet.says("PIN is damaged"), "{:?}", tablet.lines());
    tablet.try_pin(Ok(Verification::Wrong { retry_after: Duration::ZERO }));
    tablet.until("it can be read again", |snapshot| !is_lost(snapshot));
    assert!(!tablet.shows("staff-more"));
    tablet.try_pin(Ok(Verification::Correct));
    assert!(tablet.shows("staff-more"));
}

#[test]
fn a_pin_that_was_not_checked_is_no_damage_and_can_be_tried_again() {
    let mut tablet = Tablet::new();
    let is_lost = |snapshot: &Snapshot| snapshot.troubles.contains(&Trouble::StaffPinLost);
    tablet.try_pin(Err(WorkError::NotRun));
    assert!(!is_lost(&tablet.snapshot()) && tablet.shows("pin-1"));
    assert!(tablet.says("Try again"), "{:?}", tablet.lines());
    // Nor does it end a trouble that a check has found.
    tablet.answer_pin(Err(WorkError::Failed("staff-pin: damaged".to_owned())));
    tablet.until("staff are told", is_lost);
    tablet.answer_pin(Err(WorkError::NotRun));
    assert!(is_lost(&tablet.snapshot()));
    tablet.answer_pin(Ok(Verification::Correct));
    assert!(tablet.shows("staff-more"));
}

#[test]
fn an_empty_room_says_only_that_no_desk_listens_and_the_sheet_says_everything() {
    let mut tablet = Tablet::new();
    for trouble in Trouble::ALL {
        tablet.send(Event::TroubleChanged { trouble: *trouble, on: true });
    }
    let lines: Vec<String> = tablet.lines().into_iter().map(|(line, _)| line).collect();
    let patient = lines.iter().filter(|line| line.chars().any(char::is_alphabetic) && line.is_ascii());
    let no_desk = "No desk is listening. Open the desk page and unlock its sound.";
    let shown = ["Room 4", "When you are ready, touch to begin.", "Staff: hold here", no_desk, "Call"];
    assert_eq!(patient.collect::<Vec<_>>(), shown, "{lines:?}");
    tablet.open_staff();
    assert!(tablet.says(&format!("{} warnings", tablet.snapshot().troubles.len() + 1)), "{:?}", tablet.lines());
    tablet.tap(1, tablet.at("staff-warnings").center());
    assert!(tablet.says("No desk is listening") && tablet.says("more, which the desk shows"), "{:?}", tablet.lines());
    let glass = Rectangle::with_size(tablet.size());
    assert!(tablet.lines().iter().all(|(_, at)| at.is_within(&glass)), "{:?}", tablet.lines());
}

#[test]
#[ignore = "for people to look at"]
fn soak_pictures_of_the_staff_sheet() {
    let language = std::env::var("STILLROOM_PICTURES_LANGUAGE").unwrap_or_else(|_| "en-US".to_owned());
    let language = Language::from_name(&language).unwrap();
    let portrait = Size::new(800.0, 1280.0);
    let usual = [(SIZE, DIAGONAL_INCHES), (Size::new(1920.0, 1200.0), DIAGONAL_INCHES), (portrait, DIAGONAL_INCHES)];
    for (size, inches) in usual.into_iter().chain([(SIZE, 8.0), (portrait, 8.0)]) {
        let mut number = 0;
        let mut see = |tablet: &mut Tablet, screen: &str| {
            for _ in 0..14 {
                tablet.draw_frame();
                std::thread::sleep(Duration::from_millis(40));
            }
            number += 1;
            save_screenshot(tablet, &format!("staff-{number:02}-{screen}-{inches}"));
        };
        walk(size, inches, language, &mut see);
        crate::turnover::walk(size, inches, language, &mut see);
        if inches < DIAGONAL_INCHES {
            continue;
        }
        let mut tablet = Tablet::of_size(size, true);
        tablet.send(Event::TroubleChanged { trouble: Trouble::SetupLost, on: true });
        let corner = tablet.at("staff-corner").center();
        tablet.press(1, corner);
        std::thread::sleep(Duration::from_millis(300));
        see(&mut tablet, "corner-held");
        tablet.lift(1, corner);
        let mut tablet = Tablet::with_profiles(size, true, Some(12));
        tablet.open_staff();
        see(&mut tablet, "twelve-profiles");
    }
}
