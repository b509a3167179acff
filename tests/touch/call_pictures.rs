//! Screenshots of the call in each state on every kind of screen, for people to look at:
//! `STILLROOM_PICTURES=folder cargo test --release --test touch call_pictures -- --ignored`. The test also checks that
//! each screen shows the words for the state of the call, and those for no other state.

use std::time::Duration;

use iced::Size;
use stillroom::room::call::{CallId, DeskId};
use stillroom::room::timeline::Part;
use stillroom::vocabulary::language::Language;

use stillroom::room::{Event, Snapshot};

use crate::pictures::save_screenshot;
use crate::tablet::{ENGLISH, Tablet, spanish};
use crate::turnover::receipt;

const CALL: CallId = CallId(7);
const DESK: DeskId = DeskId(1);

#[derive(Clone, Copy, Debug)]
enum Background {
    Session,
    Dark,
    Writing,
    Pin,
    Surface,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallState {
    Idle,
    Placed,
    Received,
    OnTheWay,
    Here,
    LineDown,
}

fn open(on: Background, size: Size, language: Language) -> Tablet {
    let mut tablet = Tablet::of_size(size, true);
    tablet.send(Event::VisitBegins);
    tablet.send(Event::LanguageChosen(language));
    match on {
        Background::Session | Background::Dark => {
            tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
            tablet.until("the session runs", |snapshot| snapshot.part() == Some(Part::Onset));
        }
        Background::Writing => {
            crate::drawing::in_after(&mut tablet);
            tablet.tap(1, tablet.at("write").center());
        }
        Background::Pin => {
            let corner = tablet.at("staff-corner").center();
            tablet.press(1, corner);
            tablet.after(Duration::from_millis(1_600));
            tablet.lift(1, corner);
        }
        Background::Surface => {
            tablet.send(Event::StaffReset);
            tablet.send(Event::WipeVerified(receipt(true)));
            tablet.until("the wipe is verified", |snapshot| snapshot.receipt.is_some());
            crate::turnover::lock(&mut tablet);
        }
    }
    if matches!(on, Background::Dark) {
        tablet.send(Event::Dark { on: true });
        tablet.send(Event::DarkTouched);
    }
    tablet
}

fn bring_call_to(tablet: &mut Tablet, state: CallState) {
    if state == CallState::Idle {
        return;
    }
    if state != CallState::LineDown {
        tablet.send(Event::DeskConnected { desk: DESK });
    }
    tablet.send(Event::CallPressed { id: CALL, practice: false });
    tablet.send(Event::CallJournaled { id: CALL, ok: true });
    match state {
        CallState::Idle | CallState::Placed => {}
        CallState::LineDown => {
            let told = |snapshot: &Snapshot| snapshot.call.as_ref().is_some_and(|c| c.no_desk_told);
            tablet.until_within("the line is down", Duration::from_secs(8), told);
        }
        CallState::Received | CallState::OnTheWay | CallState::Here => {
            tablet.send(Event::CallSent { id: CALL });
            tablet.send(Event::CallReceived { id: CALL, desk: DESK });
        }
    }
    if matches!(state, CallState::OnTheWay | CallState::Here) {
        tablet.send(Event::CallComing { id: CALL, name: "Ana Ruiz".to_owned() });
    }
    if state == CallState::Here {
        tablet.send(Event::CallHere { id: Some(CALL) });
    }
}

/// The words that the patient reads in this state and in no other.
fn words(state: CallState, language: Language) -> &'static str {
    match (state, language.name()) {
        (CallState::Idle, _) => "",
        (CallState::Placed, "en-US") => "Calling.",
        (CallState::Placed, "es-US") => "Llamando.",
        (CallState::Received, "en-US") => "Your call is at the staff desk.",
        (CallState::Received, "es-US") => "Su llamada llegó a la estación del personal.",
        (CallState::OnTheWay, "en-US") => "Ana Ruiz is coming to you.",
        (CallState::OnTheWay, "es-US") => "Ana Ruiz viene a verle.",
        (CallState::Here, "en-US") => "Ana Ruiz is here.",
        (CallState::Here, "es-US") => "Ana Ruiz ya está aquí.",
        (CallState::LineDown, "en-US") => "I can’t reach the staff desk. Press the wall button or call out.",
        (CallState::LineDown, "es-US") => {
            "No logro avisar al personal. Oprima el botón de la pared o llame en voz alta."
        }
        (_, other) => panic!("nobody has told what is said in {other}"),
    }
}

const STATES: [CallState; 6] = [
    CallState::Idle,
    CallState::Placed,
    CallState::Received,
    CallState::OnTheWay,
    CallState::Here,
    CallState::LineDown,
];

#[test]
#[ignore = "takes minutes, since the line counts as down only after five seconds"]
fn soak_pictures_of_the_call_in_each_state_on_every_kind_of_screen() {
    for (size, language) in [(Size::new(1280.0, 800.0), ENGLISH), (Size::new(1920.0, 1200.0), spanish())] {
        for on in [Background::Session, Background::Dark, Background::Writing, Background::Pin, Background::Surface] {
            for state in STATES {
                // A reset returns the room to its default language, which is English here.
                let language = if matches!(on, Background::Surface) { ENGLISH } else { language };
                let mut tablet = open(on, size, language);
                bring_call_to(&mut tablet, state);
                let lines: Vec<String> =
                    tablet.lines().into_iter().map(|(line, _)| line.replace(['\u{2068}', '\u{2069}'], "")).collect();
                for other in STATES.into_iter().filter(|other| *other != CallState::Idle) {
                    let said = lines.iter().any(|line| line == words(other, language));
                    assert_eq!(said, other == state, "{on:?} in {state:?}, {language:?}: {other:?} among {lines:?}");
                }
                save_screenshot(&mut tablet, &format!("call-{on:?}-{state:?}").to_lowercase());
            }
        }
    }
}
