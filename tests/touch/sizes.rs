//! Tests that every control is large enough, far enough from its neighbours, and within the screen, at each window
//! size.

use std::panic::AssertUnwindSafe;

use iced::{Rectangle, Size};
use stillroom::room::Event;
use stillroom::room::call::CallId;
use stillroom::room::notes::PatientText;
use stillroom::theme::Scale;
use stillroom::vocabulary::language::Language;
use stillroom::vocabulary::patient::{Hand, TypeSize};
use stillroom::words::Locales;

use crate::languages::locales_with_pseudo;
use crate::small_displays::displays;
use crate::tablet::{DIAGONAL_INCHES, Tablet};

/// Millimetres by which a length may be less than its minimum because of rounding to whole pixels.
const SLACK_MM: f32 = 0.15;
/// The layouts in which every screen is tested: as designed, and mirrored with larger words.
pub const LAYOUTS: [(Hand, TypeSize); 2] = [(Hand::Right, TypeSize::Normal), (Hand::Left, TypeSize::Larger)];
/// Ids of touch areas that lie under other controls on purpose, and are therefore not checked.
pub const BACKGROUNDS: [&str; 5] = ["ready", "place", "dark-anywhere", "staff-corner", "staff-outside"];

pub struct Checker {
    scale: Scale,
    size: Size,
    screens: usize,
}

impl Checker {
    pub fn new(size: Size) -> Self {
        Self::for_display(size, 10.1)
    }

    pub fn for_display(size: Size, diagonal_inches: f32) -> Self {
        Self { scale: Scale::new(diagonal_inches, size), size, screens: 0 }
    }

    pub fn check(&mut self, tablet: &Tablet, screen: &str) {
        let controls: Vec<_> =
            tablet.controls().into_iter().filter(|(id, _)| !BACKGROUNDS.contains(&id.as_str())).collect();
        assert!(controls.iter().any(|(id, _)| id == "call"), "{screen}: the call is missing");
        for (id, at) in &controls {
            let (wide, tall) = least_mm(id);
            let (width, height) = (at.width / self.scale.mm(1.0), at.height / self.scale.mm(1.0));
            assert!(width + SLACK_MM >= wide && height + SLACK_MM >= tall, "{screen}: {id} is {width} x {height} mm");
            let screen_bounds = Rectangle::with_size(self.size);
            assert!(at.is_within(&screen_bounds.expand(0.01)), "{screen}: {id} leaves the glass: {at:?}");
        }
        for (index, (id, at)) in controls.iter().enumerate() {
            for (other, there) in &controls[index + 1..] {
                // On a small landscape display, the slide of an open call is above the head of the staff sheet.
                let is_small = self.size.height.min(self.size.width) < self.scale.mm(120.0);
                if is_small && [id.as_str(), other.as_str()] == ["staff-warnings", "staff-here"] {
                    continue;
                }
                let gap_mm = gap(at, there) / self.scale.mm(1.0);
                let least = if id.starts_with("key-") && other.starts_with("key-") { 2.0 } else { 2.9 };
                assert!(gap_mm + SLACK_MM >= least, "{screen}: {id} and {other} are {gap_mm} mm apart");
            }
        }
        self.screens += 1;
    }
}

fn least_mm(id: &str) -> (f32, f32) {
    match id {
        "call" => (30.0, 30.0),
        key if key.starts_with("key-") => (16.0, 13.0),
        staff if STAFF.iter().any(|name| staff.starts_with(name)) => (14.0, 14.0),
        _ => (20.0, 20.0),
    }
}

/// Prefixes of the ids of controls that only staff touch. They may be smaller than a patient's, because staff have
/// steady hands and clear sight.
const STAFF: [&str; 32] = [
    "staff-",
    "pin-",
    "profile",
    "begin-",
    "settle",
    "keep-choice",
    "calm-now",
    "talk-now",
    "volume-",
    "light-",
    "pause",
    "resume",
    "infusion-starts",
    "extend",
    "end",
    "to-after",
    "to-farewell",
    "accept-output",
    "cancel",
    "surface",
    "call-test",
    "speaker",
    "skip-cleaning",
    "turnover-",
    "blocked-",
    "card-much-",
    "card-larger",
    "card-smaller",
    "reading-",
    "cap-",
    "no-meter",
    "finish",
];

fn gap(a: &Rectangle, b: &Rectangle) -> f32 {
    let across = (b.x - (a.x + a.width)).max(a.x - (b.x + b.width));
    let down = (b.y - (a.y + a.height)).max(a.y - (b.y + b.height));
    across.max(down)
}

#[test]
fn every_control_can_be_hit_at_both_sizes() {
    for size in [Size::new(1280.0, 800.0), Size::new(1920.0, 1200.0), Size::new(800.0, 1280.0)] {
        let mut checker = Checker::new(size);
        first_run(&mut checker, size);
        staff_sheet(&mut checker, size);
        // The patient's screens are tested in portrait in `small_displays.rs` and `comfort.rs`.
        if size.height > size.width {
            continue;
        }
        let locales = locales_with_pseudo();
        for language in locales.languages() {
            for (hand, type_size) in LAYOUTS {
                visit(&mut checker, Tablet::with_locales(size, &locales), language, hand, type_size);
            }
        }
        assert!(checker.screens >= 75, "only {} screens were seen", checker.screens);
    }
}

fn first_run(checker: &mut Checker, size: Size) {
    let mut tablet = Tablet::of_size(size, false);
    crate::first_run::walk(&mut tablet, |tablet, step| checker.check(tablet, step));
}

fn visit(checker: &mut Checker, mut tablet: Tablet, language: Language, hand: Hand, type_size: TypeSize) {
    checker.check(&tablet, "ready");
    tablet.send(Event::VisitBegins);
    checker.check(&tablet, "language");
    tablet.tap(1, tablet.at(&format!("language-{language}")).center());
    tablet.send(Event::HandChosen(hand));
    tablet.send(Event::TypeSizeChosen(type_size));
    while tablet.shows("next") {
        checker.check(&tablet, "arrive");
        tablet.tap(1, tablet.at("next").center());
    }
    checker.check(&tablet, "waiting");
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: true });
    checker.check(&tablet, "session");
    tablet.tap(1, tablet.at("sound").center());
    checker.check(&tablet, "sound");
    tablet.tap(1, tablet.at("close").center());
    tablet.tap(1, tablet.at("places").center());
    checker.check(&tablet, "places");
    tablet.tap(1, tablet.at("close").center());
    tablet.send(Event::CallPressed { id: CallId(1), practice: false });
    tablet.until("the call is placed", |snapshot| snapshot.call.is_some());
    checker.check(&tablet, "calling");
    tablet.send(Event::CallCleared);
    tablet.send(Event::Anchor { on: true });
    checker.check(&tablet, "anchor");
    tablet.send(Event::Anchor { on: false });
    tablet.send(Event::Dark { on: true });
    tablet.send(Event::DarkTouched);
    checker.check(&tablet, "dark panel");
    tablet.send(Event::IntentionWritten { question: 0, text: PatientText::new("to sleep") });
    tablet.send(Event::NoteWritten { page: 0, text: PatientText::new("a horse") });
    tablet.send(Event::AfterBegins);
    checker.check(&tablet, "after");
    for id in ["cards", "write", "draw", "take"] {
        tablet.tap(1, tablet.at(id).center());
        checker.check(&tablet, id);
        // On a small display, the page and the keys are two screens.
        if tablet.shows("page-show") {
            tablet.tap(1, tablet.at("page-show").center());
            checker.check(&tablet, &format!("page of {id}"));
        }
        tablet.tap(1, tablet.at("close").center());
    }
    tablet.send(Event::CallPressed { id: CallId(2), practice: false });
    tablet.until("the call is placed", |snapshot| snapshot.call.is_some());
    checker.check(&tablet, "calling from after");
    tablet.send(Event::CallCleared);
    tablet.send(Event::Farewell);
    checker.check(&tablet, "farewell");
}

fn staff_sheet(checker: &mut Checker, size: Size) {
    for count in [1, 5, 7, 64] {
        let mut tablet = Tablet::with_profiles(size, true, Some(count));
        tablet.open_staff();
        checker.check(&tablet, &format!("staff with {count} profiles"));
    }
    for language in Locales::shipped().languages() {
        staff_screens(checker, size, DIAGONAL_INCHES, language);
    }
}

fn staff_screens(checker: &mut Checker, size: Size, inches: f32, language: Language) {
    let mut see = |tablet: &mut Tablet, screen: &str| {
        checker.check(tablet, &format!("{screen}, {language}, {inches} inches, {size:?}"));
    };
    crate::staff::walk(size, inches, language, &mut see);
    crate::turnover::walk(size, inches, language, &mut see);
}

#[test]
fn every_control_can_be_hit_on_every_display_in_every_language_for_both_hands_and_sizes_of_type() {
    let locales = locales_with_pseudo();
    let mut failed = Vec::new();
    // A control that is too small does not keep the other combinations from being tested.
    let mut attempt = |combination: String, check: &dyn Fn()| {
        if std::panic::catch_unwind(AssertUnwindSafe(check)).is_err() {
            failed.push(combination);
        }
    };
    for (size, inches) in displays() {
        for language in locales.languages() {
            for hand in [Hand::Right, Hand::Left] {
                // A small display does not offer larger words.
                for type_size in TypeSize::ALL.iter().copied().take(if inches < 10.0 { 1 } else { 2 }) {
                    attempt(format!("{inches} inches, {size:?}, {language}, {hand}, {type_size}"), &|| {
                        let tablet = Tablet::with_display(size, inches, &locales);
                        visit(&mut Checker::for_display(size, inches), tablet, language, hand, type_size);
                    });
                }
            }
        }
        for language in Locales::shipped().languages() {
            attempt(format!("{inches} inches, {size:?}, {language}, staff"), &|| {
                staff_screens(&mut Checker::for_display(size, inches), size, inches, language);
            });
        }
    }
    assert!(failed.is_empty(), "{} combinations: {failed:#?}", failed.len());
}
