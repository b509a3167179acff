//! Owns what the room's end of a line is told by its room, and what it tells it. Does not own when.

use ulid::Ulid;

use crate::line::message::{CallState, Vitals};
use crate::line::view::RoomView;
use crate::room::Event;
use crate::room::call::DeskId;

/// How the room stands at this moment, ages and all.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What the room is called at the desk.
    pub name: String,
    /// The open call as it is shown.
    pub call: Option<CallState>,
    /// How lively the room is.
    pub vitals: Vitals,
    /// The room as the desk's page draws it.
    pub view: RoomView,
}

/// What the room is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Tell {
    /// What happened.
    pub event: Event,
    /// The order that it came from; the room's answer goes back with [`super::RoomEnd::answered`].
    pub order: Option<Ulid>,
}

/// What the room learns of a desk that may hold what the patient shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// It is on its way there.
    SentTo(DeskId),
    /// Nothing of it is left there.
    ForgottenBy(DeskId),
    /// Nobody hears that desk any more; it drops what it holds by itself once it does not hear the room.
    Lost(DeskId),
}
