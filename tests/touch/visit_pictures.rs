//! Screenshots of a whole visit, in landscape and portrait, for people to look at:
//! `STILLROOM_PICTURES=folder cargo test --release --test touch visit_pictures -- --ignored`.
//!
//! `STILLROOM_PICTURES_LANGUAGE` is the tag of the language; the default is `en-US`. If `STILLROOM_PICTURES_LEFT` is
//! set, the left hand is free. If `STILLROOM_PICTURES_LARGER` is set, words are larger.

use std::time::Duration;

use iced::Size;
use stillroom::room::call::{CallId, DeskId};
use stillroom::room::{Event, Stage};
use stillroom::vocabulary::language::Language;
use stillroom::vocabulary::patient::{Hand, TypeSize};
use stillroom::vocabulary::place::Place;

use crate::languages::locales_with_pseudo;
use crate::pictures::save_screenshot;
use crate::tablet::Tablet;

/// Takes a screenshot after 1.8 s, by which time everything has been decoded and every fade has ended.
fn settled(tablet: &mut Tablet, name: &str) {
    for _ in 0..45 {
        tablet.draw_frame();
        std::thread::sleep(Duration::from_millis(40));
    }
    save_screenshot(tablet, name);
}

#[test]
#[ignore = "two minutes of pictures for people to look at: make soak"]
fn soak_pictures_of_a_visit() {
    let language = std::env::var("STILLROOM_PICTURES_LANGUAGE").unwrap_or_else(|_| "en-US".to_owned());
    let language = Language::from_name(&language).unwrap();
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let hand = if is_set("STILLROOM_PICTURES_LEFT") { Hand::Left } else { Hand::Right };
    let type_size = if is_set("STILLROOM_PICTURES_LARGER") { TypeSize::Larger } else { TypeSize::Normal };
    for size in [Size::new(1280.0, 800.0), Size::new(800.0, 1280.0)] {
        let mut tablet = Tablet::with_locales(size, &locales_with_pseudo());
        settled(&mut tablet, "00-ready");
        tablet.send(Event::VisitBegins);
        settled(&mut tablet, "01-language");
        tablet.tap(1, tablet.at(&format!("language-{language}")).center());
        tablet.send(Event::HandChosen(hand));
        tablet.send(Event::TypeSizeChosen(type_size));
        let mut step = 2;
        while tablet.shows("next") {
            settled(&mut tablet, &format!("{step:02}-arrive"));
            tablet.tap(1, tablet.at("next").center());
            step += 1;
        }
        settled(&mut tablet, &format!("{step:02}-arrive"));
        tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
        tablet.until("the session runs", |snapshot| snapshot.stage == Stage::Session);
        settled(&mut tablet, "30-session");
        for id in ["places", "sound"] {
            tablet.tap(1, tablet.at(id).center());
            settled(&mut tablet, &format!("31-session-{id}"));
            tablet.tap(1, tablet.at("close").center());
        }
        tablet.send(Event::Breath { on: true });
        settled(&mut tablet, "32-breathe");
        tablet.send(Event::Breath { on: false });
        tablet.send(Event::Silence { on: true });
        settled(&mut tablet, "33-silence");
        tablet.send(Event::Silence { on: false });
        tablet.send(Event::Anchor { on: true });
        settled(&mut tablet, "34-anchor");
        tablet.send(Event::Anchor { on: false });
        let (id, desk) = (CallId(1), DeskId(1));
        tablet.send(Event::DeskConnected { desk });
        tablet.send(Event::CallPressed { id, practice: false });
        tablet.send(Event::CallJournaled { id, ok: true });
        tablet.until("a call", |snapshot| snapshot.call.is_some());
        settled(&mut tablet, "40-calling");
        tablet.send(Event::CallSent { id });
        tablet.send(Event::CallReceived { id, desk });
        settled(&mut tablet, "41-received");
        tablet.tap(1, tablet.at("reason-temperature").center());
        settled(&mut tablet, "41-reason");
        tablet.send(Event::CallComing { id, name: "Maria".to_owned() });
        settled(&mut tablet, "42-coming");
        tablet.send(Event::CallHere { id: Some(id) });
        settled(&mut tablet, "43-here");
        tablet.send(Event::CallCleared);
        settled(&mut tablet, "44-cleared");
        std::thread::sleep(Duration::from_secs(8));
        tablet.after(Duration::ZERO);
        settled(&mut tablet, "45-resting");
        tablet.send(Event::TalkNow { on: true });
        settled(&mut tablet, "46-talk");
        tablet.send(Event::TalkNow { on: false });
        for place in [Place::Forest, Place::QuietRoom, Place::NightSky, Place::DriftingColour] {
            tablet.send(Event::PlaceChosen(place));
            settled(&mut tablet, &format!("50-{}", place.name()));
        }
        tablet.send(Event::AfterBegins);
        settled(&mut tablet, "60-after");
        for id in ["cards", "write", "draw", "take"] {
            tablet.tap(1, tablet.at(id).center());
            settled(&mut tablet, &format!("61-{id}"));
            tablet.tap(1, tablet.at("close").center());
        }
        tablet.send(Event::Farewell);
        settled(&mut tablet, "70-farewell");
    }
}
