//! Tests what a patient can do on a page besides typing and drawing: answer a question, share words with the clinician,
//! choose words for feelings, change the brush, clear the page, and take a photo of a drawing.

use std::time::Duration;

use iced::{Point, Rectangle};
use stillroom::room::drawing::{Drawing, PAGE_WIDTH};
use stillroom::room::notes::{NotePage, PatientText};
use stillroom::room::{Event, Stage};

use crate::drawing::{draw, in_after};
use crate::tablet::Tablet;

fn press(tablet: &mut Tablet, id: &str) {
    tablet.tap(1, tablet.at(id).center());
}

fn line(tablet: &mut Tablet, height: f32) {
    let page: Rectangle = tablet.at("sketch");
    let path: Vec<Point> = (0..20)
        .map(|step| Point::new(page.x + page.width * (0.2 + 0.03 * step as f32), page.y + page.height * height))
        .collect();
    draw(tablet, 1, &path);
}

fn on_the_questions() -> Tablet {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    press(&mut tablet, "language-en-US");
    while !tablet.shows("question-1") {
        press(&mut tablet, "next");
    }
    tablet
}

fn on_page(kind: &str) -> Tablet {
    let mut tablet = Tablet::new();
    in_after(&mut tablet);
    press(&mut tablet, kind);
    tablet
}

fn page_text(tablet: &Tablet) -> String {
    tablet.snapshot().notes.pages[0].words().map(PatientText::reveal).unwrap_or_default().to_owned()
}

fn page_drawing(tablet: &Tablet) -> Drawing {
    tablet.snapshot().notes.pages[0].drawing().cloned().unwrap_or_default()
}

#[test]
fn a_question_is_answered_by_writing_drawing_both_or_not_at_all() {
    let mut tablet = on_the_questions();
    press(&mut tablet, "question-1");
    press(&mut tablet, "key-h");
    press(&mut tablet, "key-i");
    press(&mut tablet, "draw");
    line(&mut tablet, 0.4);
    press(&mut tablet, "close");
    let notes = tablet.snapshot().notes;
    assert_eq!((notes.intentions[0].text.reveal(), notes.intentions[0].drawing.strokes().len()), ("Hi", 1));
    // When the answer is opened again, its text and its drawing are as they were left.
    press(&mut tablet, "question-1");
    press(&mut tablet, "key-.");
    press(&mut tablet, "draw");
    line(&mut tablet, 0.6);
    press(&mut tablet, "write");
    press(&mut tablet, "close");
    let notes = tablet.snapshot().notes;
    assert_eq!((notes.intentions[0].text.reveal(), notes.intentions[0].drawing.strokes().len()), ("Hi.", 2));
    // An answer that has only a drawing opens with the drawing on the screen.
    press(&mut tablet, "question-3");
    press(&mut tablet, "draw");
    line(&mut tablet, 0.5);
    press(&mut tablet, "close");
    press(&mut tablet, "question-3");
    assert!(tablet.shows("sketch"));
    press(&mut tablet, "close");
    let notes = tablet.snapshot().notes;
    assert!(notes.intentions[1].is_blank());
    assert_eq!(notes.intentions[2].drawing.strokes().len(), 1);
    press(&mut tablet, "next");
    assert!(tablet.shows("place-beach"));
}

#[test]
fn only_what_is_written_for_the_clinician_can_be_shared() {
    let mut tablet = on_the_questions();
    press(&mut tablet, "question-2");
    press(&mut tablet, "key-h");
    assert!(!tablet.shows("share"));
    press(&mut tablet, "close");
    press(&mut tablet, "question-clinician");
    assert!(!tablet.shows("draw"), "the clinician reads words");
    assert!(!tablet.shows("share"), "nothing is written yet");
    press(&mut tablet, "key-m");
    assert!(!tablet.snapshot().notes.shared, "nothing is shared without a touch");
    press(&mut tablet, "share");
    assert!(tablet.snapshot().notes.shared);
    press(&mut tablet, "share");
    assert!(!tablet.snapshot().notes.shared);
}

#[test]
fn a_drawn_answer_is_shown_again_in_after_and_dies_at_the_reset() {
    let mut tablet = on_the_questions();
    press(&mut tablet, "question-1");
    press(&mut tablet, "draw");
    line(&mut tablet, 0.4);
    in_after(&mut tablet);
    press(&mut tablet, "write");
    assert!(tablet.shows("before"));
    tablet.send(Event::StaffReset);
    tablet.until("the reset", |snapshot| snapshot.stage != Stage::After);
    assert!(tablet.snapshot().notes.is_blank());
}

#[test]
fn a_touched_feeling_is_added_to_the_page_and_another_touch_takes_it_out() {
    let mut tablet = on_page("write");
    press(&mut tablet, "feelings");
    assert!(!tablet.shows("key-q"));
    press(&mut tablet, "feeling-1");
    press(&mut tablet, "feeling-4");
    assert_eq!(page_text(&tablet), "Calm, heavy");
    press(&mut tablet, "feeling-1");
    assert_eq!(page_text(&tablet), "Heavy");
    press(&mut tablet, "write");
    press(&mut tablet, "key-.");
    assert_eq!(page_text(&tablet), "Heavy.");
    press(&mut tablet, "key-undo");
    press(&mut tablet, "key-undo");
    assert_eq!(page_text(&tablet), "Calm, heavy");
}

#[test]
fn the_broad_brush_draws_wider_and_keeps_the_colour() {
    let mut tablet = on_page("draw");
    press(&mut tablet, "tint-rose");
    line(&mut tablet, 0.3);
    press(&mut tablet, "brush-broad");
    line(&mut tablet, 0.6);
    let drawing = page_drawing(&tablet);
    let widest = |stroke: usize| drawing.strokes()[stroke].points().iter().map(|point| point.width).max().unwrap();
    assert!(f32::from(widest(1)) > 2.0 * f32::from(widest(0)), "{} and {}", widest(0), widest(1));
    assert!(f32::from(widest(1)) < 0.1 * f32::from(PAGE_WIDTH));
    assert!(drawing.strokes().iter().all(|stroke| stroke.tint().name() == "rose"));
}

#[test]
fn a_cleared_page_comes_back_with_undo() {
    let mut tablet = on_the_questions();
    press(&mut tablet, "question-1");
    press(&mut tablet, "draw");
    let answer = |tablet: &Tablet| tablet.snapshot().notes.intentions[0].drawing.clone();
    assert!(!tablet.shows("draw-clear") && !tablet.shows("draw-undo"), "nothing to clear yet");
    line(&mut tablet, 0.3);
    line(&mut tablet, 0.6);
    let before = answer(&tablet);
    press(&mut tablet, "draw-clear");
    assert!(answer(&tablet).is_blank() && !tablet.shows("draw-clear"));
    press(&mut tablet, "draw-undo");
    assert_eq!(answer(&tablet), before);
}

#[test]
fn a_new_page_takes_the_place_of_clearing_a_drawing_until_the_note_is_full() {
    let mut tablet = on_page("draw");
    let pages_max = tablet.snapshot().note_limits.pages_max;
    assert!(pages_max > 1);
    for page in 1..=pages_max {
        assert!(!tablet.shows("page-new") && !tablet.shows("draw-clear"), "page {page} is blank");
        line(&mut tablet, 0.3);
        assert_eq!((tablet.shows("page-new"), tablet.shows("draw-clear")), (page < pages_max, page == pages_max));
        if page < pages_max {
            press(&mut tablet, "page-new");
        }
    }
    press(&mut tablet, "page-back");
    assert!(tablet.shows("page-next") && !tablet.shows("draw-clear"));
}

#[test]
fn where_nothing_is_written_yet_taking_home_leads_to_a_page() {
    for (kind, page) in [("write", "key-q"), ("draw", "sketch")] {
        let mut tablet = on_page("take");
        press(&mut tablet, kind);
        assert!(tablet.shows(page));
    }
}

#[test]
fn a_drawing_fills_the_bright_screen_for_a_photo_and_dims_by_itself() {
    let mut tablet = on_page("draw");
    line(&mut tablet, 0.5);
    press(&mut tablet, "close");
    press(&mut tablet, "take");
    let brightness = |tablet: &mut Tablet| {
        let pixels = tablet.screenshot();
        let sum: u64 =
            pixels.chunks_exact(4).map(|pixel| u64::from(pixel[0]) + u64::from(pixel[1]) + u64::from(pixel[2])).sum();
        sum / (pixels.len() as u64 / 4 * 3)
    };
    assert!(brightness(&mut tablet) < 70);
    press(&mut tablet, "take-photo");
    assert!(brightness(&mut tablet) > 180 && tablet.shows("call"));
    tablet.after(Duration::from_secs(58));
    assert!(tablet.shows("photo-done"));
    tablet.after(Duration::from_secs(61));
    assert!(!tablet.shows("photo-done") && tablet.shows("take-photo"));
    press(&mut tablet, "take-photo");
    press(&mut tablet, "photo-done");
    assert!(brightness(&mut tablet) < 70);
}

#[test]
fn drawings_of_the_note_and_of_the_questions_follow_one_another_for_the_camera() {
    let mut tablet = on_the_questions();
    press(&mut tablet, "question-1");
    press(&mut tablet, "draw");
    line(&mut tablet, 0.4);
    in_after(&mut tablet);
    press(&mut tablet, "draw");
    line(&mut tablet, 0.8);
    press(&mut tablet, "close");
    press(&mut tablet, "take");
    press(&mut tablet, "take-photo");
    let first = tablet.screenshot();
    press(&mut tablet, "photo-next");
    assert_ne!(first, tablet.screenshot());
    press(&mut tablet, "photo-next");
    assert_eq!(first, tablet.screenshot());
    assert_eq!(tablet.snapshot().notes.pages.iter().filter_map(NotePage::drawing).count(), 1);
}
