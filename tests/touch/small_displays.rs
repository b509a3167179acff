//! Tests the screens on which a patient writes, draws and takes the note home, on displays from 8 to 15.6 inches,
//! landscape and portrait, in each shipped language and the pseudo-language: each control is large enough and within
//! the screen, and no text is cut off.

use std::time::Duration;

use iced::{Point, Size};
use stillroom::room::Event;
use stillroom::room::notes::PatientText;
use stillroom::vocabulary::language::Language;
use stillroom::words::Locales;

use crate::languages::locales_with_pseudo;
use crate::pictures::save_screenshot;
use crate::sizes::Checker;
use crate::tablet::Tablet;
use crate::words::assert_text_fits;

/// The displays to test: width and height in pixels when mounted in landscape, and the diagonal in inches.
const DISPLAYS: [(f32, f32, f32); 4] =
    [(1280.0, 800.0, 8.0), (1280.0, 800.0, 10.1), (1920.0, 1200.0, 10.1), (1920.0, 1080.0, 15.6)];

/// Each display, mounted landscape and portrait, with its diagonal in inches.
pub fn displays() -> impl Iterator<Item = (Size, f32)> {
    DISPLAYS
        .into_iter()
        .flat_map(|(long, short, inches)| [(Size::new(long, short), inches), (Size::new(short, long), inches)])
}

fn press(tablet: &mut Tablet, id: &str) {
    tablet.tap(1, tablet.at(id).center());
}

fn draw(tablet: &mut Tablet) {
    let page = tablet.at("sketch");
    let path: Vec<Point> = (0..40)
        .map(|step| {
            let part = step as f32 / 39.0;
            let turn = (part * 9.0).sin() * 0.25;
            Point::new(page.x + page.width * (0.1 + 0.8 * part), page.y + page.height * (0.5 + turn))
        })
        .collect();
    crate::drawing::draw(tablet, 1, &path);
}

/// Goes through every screen on which a patient writes, draws or takes the note home. On each, calls `visit` with the
/// screen's name.
fn every_screen(tablet: &mut Tablet, language: Language, visit: &mut dyn FnMut(&mut Tablet, &str)) {
    tablet.send(Event::VisitBegins);
    press(tablet, &format!("language-{language}"));
    while !tablet.shows("question-1") {
        press(tablet, "next");
    }
    visit(tablet, "questions");
    press(tablet, "question-1");
    visit(tablet, "question-write");
    press(tablet, "draw");
    visit(tablet, "question-draw");
    draw(tablet);
    visit(tablet, "question-drawing");
    press(tablet, "close");
    press(tablet, "question-clinician");
    visit(tablet, "clinician-write");
    tablet.send(Event::ForClinicianWritten { text: PatientText::new("the mask frightens me") });
    visit(tablet, "clinician-written");
    press(tablet, "share");
    visit(tablet, "clinician-shared");
    press(tablet, "close");
    visit(tablet, "questions-answered");
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.send(Event::AfterBegins);
    press(tablet, "write");
    visit(tablet, "note-write");
    if tablet.shows("page-show") {
        press(tablet, "page-show");
        visit(tablet, "note-page");
    }
    press(tablet, "feelings");
    press(tablet, "feeling-1");
    press(tablet, "feeling-8");
    visit(tablet, "note-feelings");
    if tablet.shows("page-show") {
        press(tablet, "page-show");
    }
    press(tablet, "page-new");
    if tablet.shows("page-show") {
        press(tablet, "page-show");
    }
    press(tablet, "draw");
    press(tablet, "tint-sea");
    press(tablet, "brush-broad");
    draw(tablet);
    visit(tablet, "note-draw");
    press(tablet, "page-back");
    if tablet.shows("page-show") {
        press(tablet, "page-show");
    }
    press(tablet, "before");
    visit(tablet, "note-before");
    press(tablet, "close");
    press(tablet, "take");
    visit(tablet, "take-two");
    tablet.send(Event::TakeHomeMethodsFound { paper: true, sealed: true });
    visit(tablet, "take-four");
    press(tablet, "take-photo");
    visit(tablet, "photo");
}

#[test]
fn every_page_fits_on_every_display_in_every_language() {
    let locales = locales_with_pseudo();
    for (size, inches) in displays() {
        let mut checker = Checker::for_display(size, inches);
        for language in locales.languages() {
            let mut tablet = Tablet::with_display(size, inches, &locales);
            every_screen(&mut tablet, language, &mut |tablet, screen| {
                let screen = format!("{screen}, {language}, {inches} inches, {size:?}");
                checker.check(tablet, &screen);
                // What was written before the session is in a list that scrolls, so text may reach beyond the screen.
                if !screen.starts_with("note-before") {
                    assert_text_fits(tablet, size);
                }
            });
        }
    }
}

#[test]
#[ignore = "pictures for people to look at"]
fn soak_pictures_of_every_page_on_every_display() {
    let language = std::env::var("STILLROOM_PICTURES_LANGUAGE").unwrap_or_else(|_| "en-US".to_owned());
    let language = Language::from_name(&language).unwrap();
    for (size, inches) in displays() {
        let mut tablet = Tablet::with_display(size, inches, &Locales::shipped());
        every_screen(&mut tablet, language, &mut |tablet, screen| {
            // Half a second of frames is enough for the place to be decoded and to fade in.
            for _ in 0..12 {
                tablet.draw_frame();
                std::thread::sleep(Duration::from_millis(40));
            }
            save_screenshot(tablet, &format!("{screen}-{inches}"));
        });
    }
}
