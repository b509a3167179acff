//! The screens, one file each: a struct, its messages in the past tense, an `update` that returns an [`Action`] for the
//! app, and a `view`. They read the room's snapshot and send it events; they never reach a port.

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
    /// Nothing.
    None,
    /// Send the room an event.
    Send(Event),
    /// Focus the text editor with this id.
    Focus(&'static str),
    /// Place a practice call.
    PracticeCall,
    /// Play a test tone.
    Play(TestTone),
    /// Draw at the scale of a screen with this diagonal, in inches.
    Rescale(f32),
    /// Save what the first run decided.
    SaveSetup(SetupChoices),
    /// Close the staff sheet.
    CloseSheet,
    /// Close the window, which ends the program.
    Exit,
    /// Several actions, in order.
    Batch(Vec<Self>),
}

impl Action {
    /// Sends the room several events, in order.
    #[must_use]
    pub fn send_all(events: impl IntoIterator<Item = Event>) -> Self {
        Self::Batch(events.into_iter().map(Self::Send).collect())
    }
}

/// A tone of the first run, heard while the level is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestTone {
    /// A tone at the cap.
    Cap,
    /// The calibration tone, during which staff read a sound meter.
    Meter,
}
