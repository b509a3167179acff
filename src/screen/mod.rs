//! The screens, one file each; also the PIN pad, the staff sheet, and the editors that several screens share. Each file
//! has a struct, messages in the past tense, an `update` and a `view`; Farewell, which has no controls, has only a
//! `view`. The `update` of a screen returns an [`Action`] for the app. Screens read the room's snapshot and ask for
//! events to be sent to the room; they never act through a port (ARCHITECTURE.md) themselves.

pub mod after;
pub mod arrive;
pub mod draw;
pub mod farewell;
pub mod first_run;
pub mod note;
pub mod pin;
pub mod ready;
pub mod session;
pub mod staff;
pub mod take_home;
pub mod turnover;
pub mod write;

use iced::Element;

use crate::room::{Event, Snapshot, Stage};
use crate::widget::ViewContext;
use after::AfterScreen;
use arrive::ArriveScreen;
use first_run::{FirstRunScreen, SetupChoices};
use ready::ReadyScreen;
use session::SessionScreen;
use turnover::TurnoverScreen;

/// What the `update` of a screen asks the app to do.
///
/// It has no `Debug`, since [`Action::SaveSetup`] carries a PIN.
pub enum Action {
    /// Do nothing.
    None,
    /// Send the room an event.
    Send(Event),
    /// Focus the text editor with this id.
    Focus(&'static str),
    /// Place a practice call.
    PracticeCall,
    /// Play a test tone of the first-run setup.
    Play(TestTone),
    /// Rescale the whole interface to a screen with this diagonal, in inches.
    Rescale(f32),
    /// Save what staff entered in the first-run setup.
    SaveSetup(SetupChoices),
    /// Close the staff sheet.
    CloseSheet,
    /// Close the window, which ends the program.
    Exit,
    /// Several actions, in order.
    Batch(Vec<Self>),
}

impl Action {
    /// Returns the action that sends the room several events, in order.
    #[must_use]
    pub fn send_all(events: impl IntoIterator<Item = Event>) -> Self {
        Self::Batch(events.into_iter().map(Self::Send).collect())
    }
}

/// A tone that staff listen to in the first-run setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestTone {
    /// A tone at the cap that is being set, so that staff hear the loudest level.
    Cap,
    /// The calibration tone, during which staff read a sound meter at the pillow.
    Meter,
}

/// The screen of the current stage, or of the first-run setup.
pub enum Screen {
    /// The screen of the first-run setup.
    FirstRun(Box<FirstRunScreen>),
    /// The screen of [`Stage::Ready`].
    Ready(ReadyScreen),
    /// The screen of [`Stage::Arrive`].
    Arrive(Box<ArriveScreen>),
    /// The screen of [`Stage::Session`].
    Session(SessionScreen),
    /// The screen of [`Stage::After`].
    After(Box<AfterScreen>),
    /// The screen of [`Stage::Farewell`].
    Farewell,
    /// The screen of [`Stage::Turnover`] and [`Stage::Blocked`].
    Turnover(TurnoverScreen),
}

/// A message of one of the screens. Farewell has no controls, so it sends none.
#[derive(Clone, Debug)]
pub enum ScreenMessage {
    /// A message of the screen of the first-run setup.
    FirstRun(first_run::Message),
    /// A message of the screen of [`Stage::Ready`].
    Ready(ready::Message),
    /// A message of the screen of [`Stage::Arrive`].
    Arrive(arrive::Message),
    /// A message of the screen of [`Stage::Session`].
    Session(session::Message),
    /// A message of the screen of [`Stage::After`].
    After(after::Message),
    /// A message of the screen of [`Stage::Turnover`] and [`Stage::Blocked`].
    Turnover(turnover::Message),
}

impl Screen {
    /// Returns the screen of a stage, as it is when the stage begins.
    #[must_use]
    pub fn of(stage: Stage) -> Self {
        match stage {
            Stage::Ready => Self::Ready(ReadyScreen),
            Stage::Arrive => Self::Arrive(Box::default()),
            Stage::Session => Self::Session(SessionScreen::default()),
            Stage::After => Self::After(Box::default()),
            Stage::Farewell => Self::Farewell,
            Stage::Turnover | Stage::Blocked => Self::Turnover(TurnoverScreen::default()),
        }
    }

    /// Handles a message. A message of a screen that has been replaced in the meantime does nothing.
    pub fn update(&mut self, message: ScreenMessage, ctx: &ViewContext) -> Action {
        use ScreenMessage::{After, Arrive, FirstRun, Ready, Session, Turnover};
        let snapshot = &ctx.snapshot;
        match (message, self) {
            (FirstRun(message), Self::FirstRun(first_run)) => first_run.update(message, ctx.window),
            (Ready(message), Self::Ready(ready)) => ready.update(&message),
            (Arrive(message), Self::Arrive(arrive)) => arrive.update(message, snapshot),
            (Session(message), Self::Session(session)) => session.update(&message, snapshot),
            (After(message), Self::After(after)) => after.update(message, snapshot),
            (Turnover(message), Self::Turnover(turnover)) => turnover.update(&message, snapshot),
            (FirstRun(_) | Ready(_) | Arrive(_) | Session(_) | After(_) | Turnover(_), _) => Action::None,
        }
    }

    /// Whether a notice may cover the top of the screen. It may not in the session, whose screen shows a notice among
    /// its own words, nor on a page to write or draw on, which has controls at the top.
    #[must_use]
    pub fn has_room_for_notice(&self) -> bool {
        match self {
            Self::Session(_) => false,
            Self::Arrive(arrive) => !arrive.is_answering(),
            Self::After(after) => !after.has_open_note(),
            Self::FirstRun(_) | Self::Ready(_) | Self::Farewell | Self::Turnover(_) => true,
        }
    }

    /// What the screen shows.
    #[must_use]
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, ScreenMessage> {
        match self {
            Self::FirstRun(first_run) => first_run.view(ctx).map(ScreenMessage::FirstRun),
            Self::Ready(ready) => ready.view(ctx).map(ScreenMessage::Ready),
            Self::Arrive(arrive) => arrive.view(ctx).map(ScreenMessage::Arrive),
            Self::Session(session) => session.view(ctx).map(ScreenMessage::Session),
            Self::After(after) => after.view(ctx).map(ScreenMessage::After),
            Self::Farewell => farewell::view(ctx),
            Self::Turnover(turnover) => turnover.view(ctx).map(ScreenMessage::Turnover),
        }
    }

    /// Identifies the page that is shown. The words of a page that replaces another one emerge gradually.
    #[must_use]
    pub fn page_id(&self, snapshot: &Snapshot) -> (&'static str, usize) {
        let page = match self {
            Self::FirstRun(first_run) => first_run.page_id(),
            Self::Arrive(arrive) => arrive.page_id(),
            Self::Session(_) => usize::from(session::shows_anchor(snapshot)),
            Self::After(after) => after.page_id(),
            Self::Turnover(turnover) => turnover.page_id(),
            Self::Ready(_) | Self::Farewell => 0,
        };
        (self.name(), page)
    }

    /// The name of the screen in a trace of the controls.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::FirstRun(_) => "first-run",
            Self::Ready(_) => "ready",
            Self::Arrive(_) => "arrive",
            Self::Session(_) => "session",
            Self::After(_) => "after",
            Self::Farewell => "farewell",
            Self::Turnover(_) => "turnover",
        }
    }
}
