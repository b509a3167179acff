//! Owns the data that the room and its end of the broker connection exchange. Does not own the times at which they
//! exchange it.

use ulid::Ulid;

use crate::line::message::{CallState, VitalAges};
use crate::line::view::RoomView;
use crate::room::Event;
use crate::room::call::DeskId;

/// A report on the room's current state, from which [`super::RoomEnd`] makes the state that desks receive.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomReport {
    /// The name that a desk shows for the room.
    pub name: String,
    /// The open call, as the room shows it to the patient.
    pub call: Option<CallState>,
    /// How long ago the room's event loop, window and sound last gave a sign of life.
    pub vitals: VitalAges,
    /// Everything else that a desk page shows.
    pub view: RoomView,
}

/// An event that the room has to handle.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomInput {
    /// The event, which follows from a desk's message or silence, or from an acknowledgement by the broker.
    pub event: Event,
    /// The id of the order that caused the event; `None` if no order did. The room answers the order with
    /// [`super::RoomEnd::order_answered`].
    pub order: Option<Ulid>,
}

/// A change to the set of desks that may hold the patient's shared text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedWordsChange {
    /// The text is being sent to this desk.
    SentTo(DeskId),
    /// This desk no longer holds the text.
    ForgottenBy(DeskId),
    /// The connection to this desk is lost. The desk deletes the text by itself when it notices the loss.
    Lost(DeskId),
}
