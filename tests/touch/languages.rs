//! Tests languages that a clinic adds: any number of languages, up to the maximum, fits on the screen where the patient
//! chooses one, and each language has its own keyboard.

use iced::Size;
use stillroom::room::notes::{NotePage, PatientText};
use stillroom::room::{Event, Snapshot};
use stillroom::vocabulary::language::Language;
use stillroom::words::{LANGUAGES_MAX, Locales};

use crate::drawing::in_after;
use crate::pictures::save_screenshot;
use crate::pseudo;
use crate::sizes::Checker;
use crate::tablet::{SIZE, Tablet};
use crate::words::assert_text_fits;

/// The shipped languages, and the pseudo-language as `qps-XA`.
pub fn locales_with_pseudo() -> Locales {
    locales_with(1)
}

/// Maximum number of languages that a clinic can add to the shipped ones.
fn more_at_most() -> usize {
    LANGUAGES_MAX - Locales::shipped().languages().len()
}

/// The shipped languages, and the pseudo-language `more` times (up to six), each time with a different tag.
fn locales_with(more: usize) -> Locales {
    let folder = tempfile::tempdir().unwrap();
    for region in ["XA", "XB", "XC", "XD", "XE", "XF"].into_iter().take(more) {
        pseudo::write(folder.path(), &format!("qps-{region}"));
    }
    let (locales, findings) = Locales::with_folder(folder.path());
    assert_eq!(findings, []);
    locales
}

#[test]
fn every_number_of_languages_up_to_the_most_can_be_chosen_from() {
    for more in 0..=more_at_most() {
        let locales = locales_with(more);
        for size in [SIZE, Size::new(1920.0, 1200.0)] {
            let mut tablet = Tablet::with_locales(size, &locales);
            tablet.send(Event::VisitBegins);
            Checker::new(size).check(&tablet, &format!("{} languages", locales.languages().len()));
            let sizes =
                locales.languages().into_iter().map(|language| tablet.at(&format!("language-{language}")).size());
            let sizes: Vec<Size> = sizes.collect();
            let differs =
                |other: &Size| (other.width - sizes[0].width).abs() + (other.height - sizes[0].height).abs() > 0.5;
            assert!(!sizes.iter().any(differs), "of equal worth, and not of equal size: {sizes:?}");
            assert_text_fits(&tablet, size);
            let last = *locales.languages().last().unwrap();
            tablet.tap(1, tablet.at(&format!("language-{last}")).center());
            assert_eq!(tablet.snapshot().language, last);
        }
    }
}

fn page(snapshot: &Snapshot) -> String {
    let words = snapshot.notes.pages.first().and_then(NotePage::words).map(PatientText::reveal);
    words.unwrap_or_default().to_owned()
}

#[test]
fn a_language_writes_with_a_keyboard_of_its_own() {
    let mut tablet = Tablet::with_locales(SIZE, &locales_with_pseudo());
    tablet.send(Event::VisitBegins);
    tablet.send(Event::LanguageChosen(Language::from_name("qps-XA").unwrap()));
    in_after(&mut tablet);
    tablet.tap(1, tablet.at("write").center());
    for key in ["accent", "w", "accent", "e", "accent", "l", "p"] {
        tablet.tap(1, tablet.at(&format!("key-{key}")).center());
    }
    assert_eq!(page(&tablet.snapshot()), "Ŵéļp");
}

#[test]
#[ignore = "for people to look at"]
fn soak_pictures_of_a_visit_in_the_pseudo_language() {
    let mut tablet = Tablet::with_locales(SIZE, &locales_with(more_at_most()));
    tablet.send(Event::VisitBegins);
    save_screenshot(&mut tablet, "pseudo-languages");
    let mut tablet = Tablet::with_locales(SIZE, &locales_with_pseudo());
    tablet.send(Event::VisitBegins);
    save_screenshot(&mut tablet, "pseudo-language");
    tablet.tap(1, tablet.at("language-qps-XA").center());
    let mut step = 0;
    loop {
        save_screenshot(&mut tablet, &format!("pseudo-arrive-{step:02}"));
        if !tablet.shows("next") {
            break;
        }
        tablet.tap(1, tablet.at("next").center());
        step += 1;
    }
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: true });
    save_screenshot(&mut tablet, "pseudo-session");
    for id in ["sound", "places"] {
        tablet.tap(1, tablet.at(id).center());
        save_screenshot(&mut tablet, &format!("pseudo-session-{id}"));
        tablet.tap(1, tablet.at("close").center());
    }
    tablet.send(Event::Anchor { on: true });
    save_screenshot(&mut tablet, "pseudo-session-anchor");
    tablet.send(Event::Anchor { on: false });
    tablet.send(Event::AfterBegins);
    save_screenshot(&mut tablet, "pseudo-after");
    for id in ["write", "draw"] {
        tablet.tap(1, tablet.at(id).center());
        save_screenshot(&mut tablet, &format!("pseudo-after-{id}"));
        tablet.tap(1, tablet.at("close").center());
    }
    crate::take_home::every_state(&mut tablet, &mut |tablet, state| {
        save_screenshot(tablet, &format!("pseudo-take-{state}"));
    });
    tablet.send(Event::Farewell);
    save_screenshot(&mut tablet, "pseudo-farewell");
}
