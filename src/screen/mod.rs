//! The screens, one file each: a struct, its messages in the past tense, an `update` that returns an [`Action`] for the
//! app, and a `view`. Screens read the room's snapshot and ask for events to be sent to the room; they never use a port
//! (ARCHITECTURE.md) directly.

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

use crate::room::Event;
use first_run::SetupChoices;

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
    /// Play a tone of the first run.
    Play(TestTone),
    /// Rescale the whole interface to a screen with this diagonal, in inches.
    Rescale(f32),
    /// Save what staff entered in the first run.
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

/// A tone that staff listen to in the first run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestTone {
    /// A tone at the cap that is being set, so that staff hear the loudest level.
    Cap,
    /// The calibration tone, during which staff read a sound meter at the pillow.
    Meter,
}
