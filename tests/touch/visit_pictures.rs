//! Screenshots of a whole visit, landscape and upright, for people to look at: `STILLROOM_PICTURES=folder cargo test
//! --release --test touch visit_pictures -- --ignored`. `STILLROOM_PICTURES_LANGUAGE` chooses the language.

use std::time::Duration;

use iced::Size;
use stillroom::room::call::{CallId, DeskId};
use stillroom::room::{Event, Stage};
use stillroom::vocabulary::language::Language;
use stillroom::vocabulary::place::Place;

use crate::languages::locales_with_pseudo;
use crate::pictures::save_screenshot;
use crate::tablet::Tablet;

/// A screenshot after everything that fades or is decoded has come.
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
    for size in [Size::new(1280.0, 800.0), Size::new(800.0, 1280.0)] {
        let mut tablet = Tablet::with_locales(size, &locales_with_pseudo());
        settled(&mut tablet, "00-ready");
        tablet.send(Event::VisitBegins);
        settled(&mut tablet, "01-language");
        tablet.tap(1, tablet.at(&format!("language-{language}")).center());
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
        tablet.tap(1, tablet.at("breathe").center());
        settled(&mut tablet, "32-breathe");
        tablet.tap(1, tablet.at("breathe").center());
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
        tablet.send(Event::CallComing { id, name: "Maria".to_owned() });
        settled(&mut tablet, "42-coming");
        tablet.send(Event::CallHere { id: Some(id) });
        settled(&mut tablet, "43-here");
        tablet.send(Event::CallCleared);
        settled(&mut tablet, "44-cleared");
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
