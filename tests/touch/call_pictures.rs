//! Pictures of the call in each of its states, on every kind of screen, for whoever wants to look at them:
//! `STILLROOM_PICTURES=folder cargo test --release --test touch call_pictures -- --ignored`. In any case every state
//! says what it should and nothing else.

use std::time::Duration;

use iced::Size;
use stillroom::room::arc::Part;
use stillroom::room::call::{CallId, DeskId};
use stillroom::vocabulary::language::Language;

use stillroom::room::{Event, Snapshot};

use crate::pictures::keep;
use crate::tablet::{ENGLISH, Tablet, spanish};
use crate::turnover::receipt;

const CALL: CallId = CallId(7);
const DESK: DeskId = DeskId(1);

#[derive(Clone, Copy, Debug)]
enum On {
    Session,
    Dark,
    Writing,
    Pin,
    Surface,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Placed,
    Received,
    OnTheWay,
    Here,
    LineDown,
}

fn open(on: On, size: Size, language: Language) -> Tablet {
    let mut tablet = Tablet::of_size(size, true);
    tablet.tell(Event::VisitBegins);
    tablet.tell(Event::LanguageChosen(language));
    match on {
        On::Session | On::Dark => {
            tablet.tell(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
            tablet.until("the session runs", |snapshot| snapshot.part() == Some(Part::Onset));
        }
        On::Writing => {
            crate::drawing::in_after(&mut tablet);
            tablet.tap(1, tablet.at("write").center());
        }
        On::Pin => {
            let corner = tablet.at("staff-corner").center();
            tablet.press(1, corner);
            tablet.after(Duration::from_millis(1_600));
            tablet.lift(1, corner);
        }
        On::Surface => {
            tablet.tell(Event::StaffReset);
            tablet.tell(Event::WipeVerified(receipt(true)));
            tablet.until("the wipe is verified", |snapshot| snapshot.receipt.is_some());
            tablet.tap(1, tablet.at("surface").center());
        }
    }
    if matches!(on, On::Dark) {
        tablet.tell(Event::Dark { on: true });
        tablet.tell(Event::DarkTouched);
    }
    tablet
}

fn bring(tablet: &mut Tablet, state: State) {
    if state == State::Idle {
        return;
    }
    if state != State::LineDown {
        tablet.tell(Event::DeskSeen { desk: DESK });
    }
    tablet.tell(Event::CallPressed { id: CALL, practice: false });
    tablet.tell(Event::CallJournaled { id: CALL, ok: true });
    match state {
        State::Idle | State::Placed => {}
        State::LineDown => {
            let told = |snapshot: &Snapshot| snapshot.call.as_ref().is_some_and(|c| c.line_down_told);
            tablet.until_within("the line is down", Duration::from_secs(8), told);
        }
        State::Received | State::OnTheWay | State::Here => {
            tablet.tell(Event::CallSent { id: CALL });
            tablet.tell(Event::CallReceived { id: CALL, desk: DESK });
        }
    }
    if matches!(state, State::OnTheWay | State::Here) {
        tablet.tell(Event::CallComing { id: CALL, name: "Ana Ruiz".to_owned() });
    }
    if state == State::Here {
        tablet.tell(Event::CallHere { id: Some(CALL) });
    }
}

/// What the patient reads in each state, and what nothing else may say.
fn words(state: State, language: Language) -> &'static str {
    match (state, language.name()) {
        (State::Idle, _) => "",
        (State::Placed, "en-US") => "Calling.",
        (State::Placed, "es-US") => "Llamando.",
        (State::Received, "en-US") => "The desk has your call.",
        (State::Received, "es-US") => "Ya recibieron su llamada.",
        (State::OnTheWay, "en-US") => "Someone is coming to you: Ana Ruiz.",
        (State::OnTheWay, "es-US") => "Alguien viene a verle: Ana Ruiz.",
        (State::Here, "en-US") => "Someone is with you.",
        (State::Here, "es-US") => "Alguien está con usted.",
        (State::LineDown, "en-US") => "I can’t reach the desk. Press the wall button or call out.",
        (State::LineDown, "es-US") => "No logro avisar al personal. Oprima el botón de la pared o llame en voz alta.",
        (_, other) => panic!("nobody has told what is said in {other}"),
    }
}

const STATES: [State; 6] = [State::Idle, State::Placed, State::Received, State::OnTheWay, State::Here, State::LineDown];

#[test]
#[ignore = "for people to look at, and some minutes long: the line is down after five seconds"]
fn soak_pictures_of_the_call_in_each_state_on_every_kind_of_screen() {
    for (size, language) in [(Size::new(1280.0, 800.0), ENGLISH), (Size::new(1920.0, 1200.0), spanish())] {
        for on in [On::Session, On::Dark, On::Writing, On::Pin, On::Surface] {
            for state in STATES {
                // What comes after a reset is for nobody yet, and speaks as it always begins.
                let language = if matches!(on, On::Surface) { ENGLISH } else { language };
                let mut tablet = open(on, size, language);
                bring(&mut tablet, state);
                let lines: Vec<String> =
                    tablet.lines().into_iter().map(|(line, _)| line.replace(['\u{2068}', '\u{2069}'], "")).collect();
                for other in STATES.into_iter().filter(|other| *other != State::Idle) {
                    let said = lines.iter().any(|line| line == words(other, language));
                    assert_eq!(said, other == state, "{on:?} in {state:?}, {language:?}: {other:?} among {lines:?}");
                }
                keep(&mut tablet, &format!("call-{on:?}-{state:?}").to_lowercase());
            }
        }
    }
}
