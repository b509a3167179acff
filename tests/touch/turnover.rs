//! Tests the turnover: touch is locked while the surface is being cleaned, and the remaining steps lead to a ready
//! room.

use std::time::Duration;

use iced::{Point, Rectangle, Size};
use stillroom::room::Stage;
use stillroom::room::call::DeskId;
use stillroom::room::snapshot::{Receipt, WipeCheck};
use stillroom::room::{Event, Trouble};
use stillroom::vocabulary::language::Language;
use stillroom::words::Locales;

use crate::called;
use crate::tablet::{DIAGONAL_INCHES, SIZE, Tablet, mm};

const DESK: DeskId = DeskId(1);

pub fn receipt(desk_forgot: bool) -> Receipt {
    let checks = [
        ("no-visit-key", true),
        ("no-sealed-notes", true),
        ("all-looked-through", true),
        ("only-expected-files", true),
        ("journal-compacted", true),
        ("fresh-process", true),
        ("desk-forgot", desk_forgot),
        ("nothing-under-way", true),
        ("receipt-kept", true),
    ];
    Receipt {
        number: 41,
        at: "2026-03-04T05:06:07+01:00".to_owned(),
        room: "Room 4".to_owned(),
        checks: checks.into_iter().map(|(name, ok)| WipeCheck { name: name.to_owned(), ok }).collect(),
        chain: "8f3a".repeat(16),
    }
}

fn in_turnover() -> Tablet {
    let mut tablet = Tablet::new();
    reset(&mut tablet);
    tablet
}

fn reset(tablet: &mut Tablet) {
    tablet.send(Event::StaffReset);
    tablet.send(Event::WipeVerified(receipt(true)));
    tablet.until("the wipe is verified", |snapshot| snapshot.receipt.is_some());
}

/// A short time from one frame to the next.
const SOON: Duration = Duration::from_millis(50);
/// Time in which staff can skip the cleaning before touch is locked, 8 s, with a little to spare.
const WARNED: Duration = Duration::from_millis(8_100);
/// Time for which touch is locked, 60 s, with a little to spare.
const LOCKED: Duration = Duration::from_millis(60_100);

/// Lets the time pass in which staff can skip the cleaning. Touch is locked afterwards.
pub fn lock(tablet: &mut Tablet) {
    tablet.after(SOON);
    tablet.after(WARNED);
}

/// Waits for the practice call that the room places on its own, and reports it as received by the desk.
fn desk_shows_call(tablet: &mut Tablet) {
    let call = tablet.until("a practice call", |snapshot| snapshot.call.as_ref().is_some_and(|call| call.practice));
    let id = call.call.unwrap().id;
    tablet.send(Event::CallSent { id });
    tablet.send(Event::CallReceived { id, desk: DESK });
}

/// Runs the steps of the turnover that follow the wipe and need no staff. A desk shows the practice call. Returns how
/// long the steps take.
pub fn run_by_itself(tablet: &mut Tablet) -> Duration {
    tablet.try_send(Event::DeskConnected { desk: DESK });
    tablet.after(SOON);
    tablet.after(Duration::from_secs(5));
    desk_shows_call(tablet);
    tablet.after(WARNED);
    tablet.after(LOCKED);
    WARNED + LOCKED
}

/// Goes through a turnover, and calls `see` with the name of each of its screens.
pub fn walk(size: Size, inches: f32, language: Language, see: &mut dyn FnMut(&mut Tablet, &str)) {
    let tablet = &mut Tablet::of_clinic(size, inches, language);
    tablet.send(Event::StaffReset);
    see(tablet, "wiping");
    tablet.send(Event::WipeVerified(receipt(true)));
    tablet.after(SOON);
    see(tablet, "warned");
    lock(tablet);
    see(tablet, "locked");
    tablet.after(LOCKED);
    see(tablet, "results-no-desk");
    tablet.send(Event::DeskConnected { desk: DESK });
    tablet.after(SOON);
    desk_shows_call(tablet);
    see(tablet, "results-call");
    tablet.after(Duration::from_millis(3_100));
    tablet.until("the practice call ends", |snapshot| snapshot.call.is_none());
    see(tablet, "results");
    tablet.tap(1, tablet.at("turnover-checks").center());
    see(tablet, "checks");
    tablet.tap(1, tablet.at("turnover-back").center());
    tablet.tap(1, tablet.at("speaker-unheard").center());
    see(tablet, "no-tone");
    tablet.tap(1, tablet.at("speaker").center());
    tablet.send(Event::TroubleChanged { trouble: Trouble::OutputNotCalibrated, on: true });
    see(tablet, "no-tone-again");
    tablet.send(Event::TroubleChanged { trouble: Trouble::OutputNotCalibrated, on: false });
    tablet.tap(1, tablet.at("speaker-heard").center());
    tablet.until("the room is ready", |snapshot| snapshot.stage == Stage::Ready);
    see(tablet, "ready-again");
    reset(tablet);
    tablet.after(SOON);
    tablet.tap(1, tablet.at("skip-cleaning").center());
    see(tablet, "results-not-cleaned");
    tablet.tap(1, tablet.at("speaker-unheard").center());
    tablet.tap(1, tablet.at("turnover-ready").center());
    see(tablet, "ready-anyway");
    tablet.send(Event::StaffReset);
    tablet.send(Event::WipeFailed(receipt(false)));
    tablet.until("the block", |snapshot| snapshot.stage == Stage::Blocked);
    see(tablet, "blocked");
}

#[test]
fn no_line_of_the_turnover_is_cut_in_any_language() {
    for size in [SIZE, Size::new(800.0, 1280.0)] {
        for language in Locales::shipped().languages() {
            walk(size, DIAGONAL_INCHES, language, &mut |tablet, screen| {
                assert_eq!(tablet.cut_lines(), Vec::<String>::new(), "{screen} in {language}");
                let glass = Rectangle::with_size(size);
                assert!(tablet.lines().iter().all(|(_, at)| at.is_within(&glass)), "{screen} in {language}");
            });
        }
    }
}

#[test]
fn while_the_surface_is_cleaned_only_the_call_reacts_and_it_ends_by_itself() {
    let mut tablet = in_turnover();
    lock(&mut tablet);
    let controls: Vec<String> = tablet.controls().into_iter().map(|(id, _)| id).collect();
    assert_eq!(controls, ["call"], "a cloth finds nothing else");
    // A cloth wipes diagonally across the screen without touching the call button.
    for step in 0..60 {
        tablet.tap(1, Point::new(mm(5.0 + 3.0 * step as f32), mm(40.0 + 1.5 * step as f32)));
    }
    let after = tablet.snapshot();
    assert_eq!((after.stage, after.surface_cleaned, called(&after)), (Stage::Turnover, false, false));
    tablet.after(Duration::from_secs(59));
    assert!(!tablet.shows("speaker-heard"));
    tablet.tap(2, tablet.at("call").center());
    tablet.until("the call is placed", called);
    tablet.send(Event::CallCleared);
    tablet.after(LOCKED);
    assert!(tablet.shows("speaker-heard") && tablet.snapshot().surface_cleaned);
}

#[test]
fn the_room_tests_itself_and_asks_only_what_a_person_must_hear() {
    let mut tablet = in_turnover();
    run_by_itself(&mut tablet);
    let tested = tablet.until("the practice call ends", |snapshot| snapshot.call.is_none());
    assert!(tested.call_tested && tested.surface_cleaned && !tested.speaker_tested, "nobody can hear for staff");
    assert!(tablet.says("Did you hear the tone?"));
    for id in ["surface", "call-test"] {
        assert!(!tablet.shows(id), "{id} is done");
    }
    tablet.tap(1, tablet.at("speaker").center());
    assert!(!tablet.snapshot().speaker_tested, "a tone proves nothing by itself");
    tablet.tap(1, tablet.at("speaker-heard").center());
    tablet.until("the room is ready", |snapshot| snapshot.stage == Stage::Ready);
}

#[test]
fn a_real_call_takes_the_place_of_the_test_and_is_never_ended_with_it() {
    let mut tablet = in_turnover();
    tablet.send(Event::DeskConnected { desk: DESK });
    tablet.after(SOON);
    tablet.after(SOON);
    desk_shows_call(&mut tablet);
    tablet.tap(2, tablet.at("call").center());
    tablet.until("a real call", |snapshot| snapshot.call.as_ref().is_some_and(|call| !call.practice));
    std::thread::sleep(Duration::from_millis(3_200));
    tablet.settle();
    assert!(tablet.snapshot().call.is_some_and(|call| !call.practice));
}

#[test]
fn without_a_desk_the_results_say_what_to_do_and_the_test_follows_as_soon_as_one_listens() {
    let mut tablet = in_turnover();
    lock(&mut tablet);
    tablet.after(LOCKED);
    assert!(tablet.says("Open the desk page"), "{:?}", tablet.lines());
    assert!(tablet.says("Yes, I heard it") && !tablet.says("the room is ready"));
    tablet.tap(1, tablet.at("speaker-heard").center());
    let heard = tablet.until("the tone was heard", |snapshot| snapshot.speaker_tested);
    assert_eq!(heard.stage, Stage::Turnover);
    tablet.send(Event::DeskConnected { desk: DESK });
    tablet.after(SOON);
    desk_shows_call(&mut tablet);
    tablet.tap(1, tablet.at("turnover-ready").center());
    tablet.until("the room is ready", |snapshot| snapshot.stage == Stage::Ready);
    assert!(tablet.says("Nothing from an earlier visit is here"));
}

#[test]
fn ready_asks_about_missing_steps_and_can_be_confirmed() {
    let mut tablet = in_turnover();
    tablet.after(SOON);
    tablet.tap(1, tablet.at("skip-cleaning").center());
    assert!(!tablet.shows("turnover-ready"), "first comes the question whether the tone was heard");
    tablet.tap(1, tablet.at("speaker-unheard").center());
    tablet.tap(1, tablet.at("turnover-ready").center());
    assert_eq!(tablet.snapshot().stage, Stage::Turnover);
    for open in ["The screen was not cleaned", "Nobody heard the tone", "No desk received the test call"] {
        assert!(tablet.says(open), "{open}");
    }
    tablet.tap(1, tablet.at("turnover-back").center());
    tablet.tap(1, tablet.at("surface").center());
    assert!(!tablet.shows("surface"), "touch is locked after all");
    tablet.after(LOCKED);
    tablet.tap(1, tablet.at("speaker-unheard").center());
    tablet.tap(1, tablet.at("turnover-ready").center());
    tablet.tap(1, tablet.at("turnover-ready-anyway").center());
    tablet.until("the room is ready", |snapshot| snapshot.stage == Stage::Ready);
    // The next staff member is told that the room may be silent.
    tablet.open_staff();
    tablet.tap(1, tablet.at("staff-warnings").center());
    assert!(tablet.says("nobody heard the test tone"), "{:?}", tablet.lines());
}

#[test]
fn who_hears_no_tone_is_told_where_it_plays_and_can_play_it_again() {
    let mut tablet = in_turnover();
    run_by_itself(&mut tablet);
    tablet.until("the practice call ends", |snapshot| snapshot.call.is_none());
    tablet.tap(1, tablet.at("speaker-unheard").center());
    assert_eq!(tablet.snapshot().stage, Stage::Turnover);
    assert!(tablet.says("The sound goes to the tablet’s own output"), "{:?}", tablet.lines());
    tablet.send(Event::TroubleChanged { trouble: Trouble::SoundLost, on: true });
    assert!(tablet.says("No sound device"), "the cause that the room knows: {:?}", tablet.lines());
    tablet.send(Event::TroubleChanged { trouble: Trouble::SoundLost, on: false });
    tablet.tap(1, tablet.at("speaker").center());
    assert!(tablet.shows("speaker") && tablet.shows("turnover-ready"), "the page stays until it is answered");
    assert!(!tablet.snapshot().speaker_tested, "a tone proves nothing by itself");
    tablet.tap(1, tablet.at("speaker-heard").center());
    let ready = tablet.until("the room is ready", |snapshot| snapshot.stage == Stage::Ready);
    assert!(ready.speaker_tested);
}

#[test]
fn the_proof_of_the_wipe_is_one_sentence_and_the_checks_are_one_touch_away() {
    let mut tablet = in_turnover();
    run_by_itself(&mut tablet);
    assert!(tablet.says("Nothing of the last patient is left here.") && tablet.says("05:06"), "{:?}", tablet.lines());
    let checks = |tablet: &Tablet| tablet.lines().iter().filter(|(line, _)| line.starts_with('✓')).count();
    assert_eq!(checks(&tablet), 0);
    tablet.tap(1, tablet.at("turnover-checks").center());
    assert_eq!(checks(&tablet), receipt(true).checks.len());
    assert!(tablet.says("Receipt 41") && tablet.says("8f3a"), "{:?}", tablet.lines());
    tablet.tap(1, tablet.at("turnover-back").center());
    assert_eq!(checks(&tablet), 0);
}

#[test]
fn an_unverified_wipe_says_why_and_offers_only_another_one() {
    let mut tablet = Tablet::new();
    tablet.send(Event::StaffReset);
    tablet.send(Event::WipeFailed(receipt(false)));
    let blocked = tablet.until("the block", |snapshot| snapshot.stage == Stage::Blocked);
    assert!(blocked.troubles.contains(&Trouble::WipeUnverified));
    let lines: Vec<String> = tablet.lines().into_iter().map(|(line, _)| line).collect();
    assert!(lines.iter().any(|line| line.starts_with('✗') && line.contains("desk")), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with(['✗', '✓'])).count(), receipt(false).checks.len());
    let glass = Rectangle::with_size(tablet.size());
    for (line, at) in tablet.lines() {
        assert!(at.is_within(&glass), "{line:?} stands at {at:?}");
    }
    assert!(tablet.shows("blocked-again") && !tablet.shows("turnover-ready"));
    tablet.tap(1, tablet.at("blocked-again").center());
    assert_eq!(tablet.snapshot().stage, Stage::Blocked, "it is held, not tapped");
}
