//! Owns what the room's end of a line and its room tell each other. Does not own when.

use ulid::Ulid;

use crate::line::message::{CallState, VitalAges};
use crate::line::view::RoomView;
use crate::room::Event;
use crate::room::call::DeskId;

/// The room at this moment, as the line reports it to desks.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomReport {
    /// The room's name at the desk.
    pub name: String,
    /// The open call as the room shows it.
    pub call: Option<CallState>,
    /// The room's signs of life.
    pub vitals: VitalAges,
    /// The room as a page draws it.
    pub view: RoomView,
}

/// An event for the room.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomInput {
    /// The event.
    pub event: Event,
    /// The order it came from. Its answer goes back by [`super::RoomEnd::order_answered`].
    pub order: Option<Ulid>,
}

/// A change of which desks may hold what the patient shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedWordsChange {
    /// It is being sent to this desk.
    SentTo(DeskId),
    /// This desk no longer holds it.
    ForgottenBy(DeskId),
    /// This desk was cut off. It clears itself once it no longer hears the room.
    Lost(DeskId),
}
