//! Tests that a patient can type an answer to the questions on arrival, and that text fits the screen in every
//! language.

use iced::{Point, Rectangle, Size};
use stillroom::room::{Event, Snapshot};

use crate::languages::locales_with_pseudo;
use crate::sizes::{BACKGROUNDS, LAYOUTS};
use crate::tablet::{Tablet, mm};

fn on_the_first_question() -> Tablet {
    let mut tablet = Tablet::new();
    tablet.send(Event::VisitBegins);
    tablet.tap(1, tablet.at("language-en-US").center());
    while !tablet.shows("question-1") {
        tablet.tap(1, tablet.at("next").center());
    }
    assert!(!tablet.shows("key-q"), "the questions come first");
    tablet.tap(1, tablet.at("question-1").center());
    tablet
}

fn written(snapshot: &Snapshot) -> &str {
    snapshot.notes.intentions[0].text.reveal()
}

fn type_keys(tablet: &mut Tablet, letters: &str) {
    for letter in letters.chars() {
        let id = if letter == ' ' { "key-space".to_owned() } else { format!("key-{letter}") };
        let at = tablet.at(&id).center();
        tablet.tap(1, at);
    }
}

#[test]
fn typing_starts_with_a_capital_and_can_be_undone() {
    let mut tablet = on_the_first_question();
    type_keys(&mut tablet, "to rest. then");
    assert_eq!(written(&tablet.snapshot()), "To rest. Then");
    tablet.tap(1, tablet.at("key-delete").center());
    assert_eq!(written(&tablet.snapshot()), "To rest. The");
    tablet.tap(1, tablet.at("key-undo").center());
    assert_eq!(written(&tablet.snapshot()), "To rest. Then");
}

#[test]
fn two_thumbs_that_overlap_lose_no_letter() {
    let mut tablet = on_the_first_question();
    let (s, e, a) = (tablet.at("key-s").center(), tablet.at("key-e").center(), tablet.at("key-a").center());
    tablet.press(1, s);
    tablet.press(2, e);
    tablet.lift(1, s);
    tablet.press(1, a);
    tablet.lift(2, e);
    tablet.lift(1, a);
    assert_eq!(written(&tablet.snapshot()).to_lowercase(), "sea");
}

#[test]
fn a_touch_moves_the_cursor_of_a_question() {
    let mut tablet = on_the_first_question();
    type_keys(&mut tablet, "sea");
    // The page is between the top of the screen and the keys. This point is left of the first letter.
    let keys = tablet.at("key-q");
    let page_left = Point::new(mm(8.2), keys.y - mm(30.0));
    tablet.tap(1, page_left);
    type_keys(&mut tablet, "a");
    assert_eq!(written(&tablet.snapshot()).to_lowercase(), "asea");
}

#[test]
fn a_palm_beside_the_keys_does_not_stop_typing() {
    let mut tablet = on_the_first_question();
    let page = Point::new(mm(120.0), tablet.at("key-q").y - mm(10.0));
    tablet.press(7, page);
    type_keys(&mut tablet, "calm");
    assert_eq!(written(&tablet.snapshot()).to_lowercase(), "calm");
}

#[test]
fn no_text_leaves_the_screen_in_any_language_and_size_of_words() {
    let locales = locales_with_pseudo();
    for language in locales.languages() {
        for size in [Size::new(1280.0, 800.0), Size::new(1920.0, 1200.0)] {
            // Both windows have the same size in millimetres, so the mirrored layout with larger words is tested in the
            // first only.
            let count = if size.width < 1500.0 { LAYOUTS.len() } else { 1 };
            for (hand, type_size) in LAYOUTS.into_iter().take(count) {
                let mut tablet = Tablet::with_locales(size, &locales);
                tablet.send(Event::VisitBegins);
                let id = format!("language-{}", language.name());
                tablet.tap(1, tablet.at(&id).center());
                tablet.send(Event::HandChosen(hand));
                tablet.send(Event::TypeSizeChosen(type_size));
                no_text_leaves_a_visit(&mut tablet, size);
            }
        }
    }
}

fn no_text_leaves_a_visit(tablet: &mut Tablet, size: Size) {
    loop {
        assert_text_fits(tablet, size);
        if !tablet.shows("next") {
            break;
        }
        tablet.tap(1, tablet.at("next").center());
    }
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    assert_text_fits(tablet, size);
    for id in ["sound", "places"] {
        tablet.tap(1, tablet.at(id).center());
        assert_text_fits(tablet, size);
        tablet.tap(1, tablet.at("close").center());
    }
    tablet.send(Event::Anchor { on: true });
    assert_text_fits(tablet, size);
    tablet.send(Event::Anchor { on: false });
    tablet.send(Event::AfterBegins);
    assert_text_fits(tablet, size);
    crate::take_home::every_state(tablet, &mut |tablet, _| assert_text_fits(tablet, size));
    tablet.send(Event::Farewell);
    assert_text_fits(tablet, size);
}

/// Asserts that no line of text is cut off, reaches beyond the screen or crosses the border of a control.
pub fn assert_text_fits(tablet: &Tablet, size: Size) {
    let language = tablet.snapshot().language;
    let glass = Rectangle::with_size(size);
    let mut controls = tablet.controls();
    controls.retain(|(id, _)| !BACKGROUNDS.contains(&id.as_str()));
    assert_eq!(tablet.cut_lines(), [""; 0], "{language:?} at {size:?}: cut off");
    for (line, at) in tablet.lines() {
        assert!(at.is_within(&glass), "{language:?} at {size:?}: {line:?} stands at {at:?}");
        for (id, control) in &controls {
            let is_apart = control.intersection(&at).is_none_or(|shared| shared.width < 1.0 || shared.height < 1.0);
            let is_inside = at.is_within(&control.expand(1.0));
            assert!(
                is_apart || is_inside,
                "{language:?} at {size:?}: {line:?} at {at:?} runs across {id}: {control:?}"
            );
        }
    }
}
