//! Turnover: touch is locked while the surface is cleaned, and the steps up to *ready*.

use std::time::Duration;

use iced::{Point, Rectangle};
use stillroom::room::Stage;
use stillroom::room::snapshot::{Receipt, WipeCheck};
use stillroom::room::{Event, Trouble};

use crate::called;
use crate::tablet::{Tablet, mm};

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
    tablet.send(Event::StaffReset);
    tablet.send(Event::WipeVerified(receipt(true)));
    tablet.until("the wipe is verified", |snapshot| snapshot.receipt.is_some());
    tablet
}

#[test]
fn while_the_surface_is_cleaned_only_the_call_reacts_and_it_ends_by_itself() {
    let mut tablet = in_turnover();
    let surface = tablet.at("surface").center();
    tablet.tap(1, surface);
    let controls: Vec<String> = tablet.controls().into_iter().map(|(id, _)| id).collect();
    assert_eq!(controls, ["call"], "a cloth finds nothing else");
    // A cloth all over the screen, except on the call.
    for step in 0..60 {
        tablet.tap(1, Point::new(mm(5.0 + 3.0 * step as f32), mm(40.0 + 1.5 * step as f32)));
    }
    let after = tablet.snapshot();
    assert_eq!((after.stage, after.surface_cleaned, called(&after)), (Stage::Turnover, false, false));
    tablet.after(Duration::from_secs(59));
    assert!(!tablet.shows("surface"));
    tablet.tap(2, tablet.at("call").center());
    tablet.until("the call is placed", called);
    tablet.send(Event::CallCleared);
    tablet.after(Duration::from_secs(61));
    assert!(tablet.shows("surface") && tablet.snapshot().surface_cleaned);
}

#[test]
fn a_test_tone_counts_once_staff_have_heard_it() {
    let mut tablet = in_turnover();
    tablet.tap(1, tablet.at("speaker").center());
    assert!(!tablet.snapshot().speaker_tested);
    tablet.tap(1, tablet.at("speaker-heard").center());
    tablet.until("the tone was heard", |snapshot| snapshot.speaker_tested);
    assert!(!tablet.shows("speaker-heard"));
}

#[test]
fn ready_asks_about_missing_steps_and_can_be_confirmed() {
    let mut tablet = in_turnover();
    tablet.tap(1, tablet.at("turnover-ready").center());
    assert_eq!(tablet.snapshot().stage, Stage::Turnover);
    tablet.tap(1, tablet.at("turnover-back").center());
    assert!(tablet.shows("surface"));
    tablet.tap(1, tablet.at("turnover-ready").center());
    tablet.tap(1, tablet.at("turnover-ready-anyway").center());
    tablet.until("the room is ready", |snapshot| snapshot.stage == Stage::Ready);
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
