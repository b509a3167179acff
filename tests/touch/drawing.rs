//! Tests drawing by touch: each finger draws separately, a palm leaves no blot, and a note can have pages of text and
//! pages of drawings.

use iced::{Point, Rectangle};
use stillroom::room::Event;
use stillroom::room::Stage;
use stillroom::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH};
use stillroom::room::notes::{NotePage, PatientText};

use crate::tablet::{Tablet, mm};

pub fn in_after(tablet: &mut Tablet) {
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.send(Event::AfterBegins);
    tablet.until("it is after", |snapshot| snapshot.stage == Stage::After);
}

fn drawing_page() -> (Tablet, Rectangle) {
    let mut tablet = Tablet::new();
    in_after(&mut tablet);
    tablet.tap(1, tablet.at("draw").center());
    let page = tablet.at("sketch");
    (tablet, page)
}

fn on(page: Rectangle, x: f32, y: f32) -> Point {
    Point::new(page.x + page.width * x, page.y + page.height * y)
}

/// Draws with one finger along a path, one point per frame.
pub fn draw(tablet: &mut Tablet, finger: u64, path: &[Point]) {
    tablet.press(finger, path[0]);
    for at in &path[1..] {
        tablet.drag(finger, *at);
    }
    tablet.lift(finger, path[path.len() - 1]);
}

fn drawing_on(tablet: &Tablet, page: usize) -> Drawing {
    tablet.snapshot().notes.pages.get(page).and_then(NotePage::drawing).cloned().unwrap_or_default()
}

#[test]
fn a_stroke_goes_from_where_the_finger_landed_to_where_it_lifted() {
    let (mut tablet, page) = drawing_page();
    assert!((page.width / page.height - f32::from(PAGE_WIDTH) / f32::from(PAGE_HEIGHT)).abs() < 0.01);
    let path: Vec<Point> = (0..=20).map(|step| on(page, 0.25 + step as f32 * 0.025, 0.5)).collect();
    draw(&mut tablet, 1, &path);
    let drawing = drawing_on(&tablet, 0);
    assert_eq!(drawing.strokes().len(), 1);
    let points = drawing.strokes()[0].points();
    let near = |at: u16, part: f32, whole: u16| (f32::from(at) / f32::from(whole) - part).abs() < 0.01;
    assert!(near(points[0].x, 0.25, PAGE_WIDTH) && near(points[0].y, 0.5, PAGE_HEIGHT));
    assert!(near(points[points.len() - 1].x, 0.75, PAGE_WIDTH));
}

#[test]
fn two_fingers_draw_at_once_and_a_palm_beside_them_leaves_no_blot() {
    let (mut tablet, page) = drawing_page();
    let palm = on(page, 0.8, 0.9);
    tablet.press(9, palm);
    tablet.press(1, on(page, 0.1, 0.2));
    tablet.press(2, on(page, 0.1, 0.6));
    for step in 1..20 {
        let x = 0.1 + step as f32 * 0.02;
        tablet.batch(&[Tablet::moved(1, on(page, x, 0.2)), Tablet::moved(2, on(page, x, 0.6))]);
        tablet.drag(9, Point::new(palm.x + mm(0.3), palm.y));
    }
    tablet.lift(1, on(page, 0.5, 0.2));
    tablet.lift(2, on(page, 0.5, 0.6));
    // A tap would leave a dot, so the palm stays down for longer than a tap.
    std::thread::sleep(std::time::Duration::from_millis(360));
    tablet.lift(9, palm);
    assert_eq!(drawing_on(&tablet, 0).strokes().len(), 2);
}

#[test]
fn undo_removes_the_last_stroke_and_strokes_have_the_chosen_colour() {
    let (mut tablet, page) = drawing_page();
    tablet.tap(1, tablet.at("tint-sea").center());
    for row in 0..3_u16 {
        let y = 0.2 + f32::from(row) * 0.2;
        let path: Vec<Point> = (0..8).map(|step| on(page, 0.2 + step as f32 * 0.05, y)).collect();
        draw(&mut tablet, 1, &path);
    }
    assert!(drawing_on(&tablet, 0).strokes().iter().all(|stroke| stroke.tint().name() == "sea"));
    tablet.tap(1, tablet.at("draw-undo").center());
    tablet.tap(1, tablet.at("draw-undo").center());
    assert_eq!(drawing_on(&tablet, 0).strokes().len(), 1);
}

#[test]
fn a_note_can_mix_pages_of_text_and_drawings() {
    let (mut tablet, page) = drawing_page();
    draw(&mut tablet, 1, &[on(page, 0.2, 0.2), on(page, 0.3, 0.3), on(page, 0.4, 0.3)]);
    tablet.tap(1, tablet.at("write").center());
    for key in ["key-h", "key-i"] {
        tablet.tap(1, tablet.at(key).center());
    }
    tablet.tap(1, tablet.at("draw").center());
    let page = tablet.at("sketch");
    draw(&mut tablet, 1, &[on(page, 0.5, 0.2), on(page, 0.6, 0.3), on(page, 0.7, 0.3)]);
    let notes = tablet.snapshot().notes;
    assert_eq!(notes.pages.len(), 3);
    assert_eq!(notes.pages[1].words().map(PatientText::reveal), Some("Hi"));
    assert!(notes.pages[0].drawing().is_some() && notes.pages[2].drawing().is_some());
    // Turning back through the pages shows each as it was left.
    tablet.tap(1, tablet.at("page-back").center());
    assert!(tablet.shows("key-h"));
    tablet.tap(1, tablet.at("page-back").center());
    assert!(tablet.shows("sketch"));
    assert_eq!(tablet.snapshot().notes.pages, notes.pages);
}

#[test]
fn a_finger_that_draws_never_blocks_the_call() {
    let (mut tablet, page) = drawing_page();
    tablet.press(1, on(page, 0.2, 0.2));
    tablet.drag(1, on(page, 0.4, 0.4));
    tablet.press(2, tablet.at("call").center());
    tablet.until("the call is placed", |snapshot| snapshot.call.is_some());
}

#[test]
fn a_long_stroke_is_sent_before_it_is_finished() {
    let (mut tablet, page) = drawing_page();
    tablet.press(1, on(page, 0.1, 0.5));
    tablet.drag(1, on(page, 0.2, 0.5));
    std::thread::sleep(std::time::Duration::from_millis(1_020));
    tablet.drag(1, on(page, 0.4, 0.5));
    assert_eq!(drawing_on(&tablet, 0).strokes().len(), 1, "killing the program now would lose at most a second");
    tablet.lift(1, on(page, 0.4, 0.5));
    assert_eq!(drawing_on(&tablet, 0).strokes().len(), 1);
}

#[test]
fn what_was_written_before_is_a_tab_of_a_page_of_text() {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.send(Event::IntentionWritten { question: 1, text: PatientText::new("to sleep again") });
    in_after(&mut tablet);
    tablet.tap(1, tablet.at("write").center());
    tablet.tap(1, tablet.at("before").center());
    assert!(tablet.lines().iter().any(|(line, _)| line == "to sleep again"));
    assert!(tablet.shows("write"), "a tab, and no other screen");
    tablet.tap(1, tablet.at("write").center());
    assert!(!tablet.lines().iter().any(|(line, _)| line == "to sleep again"));
}
