//! Owns the messages to a page of several rooms, as JSON. They contain only those parts of a room's state that could be
//! parsed. Does not own the times at which messages are sent.

use serde::Serialize;
use ulid::Ulid;

use super::state::MultiRoomDesk;
use crate::desk::page::place_pictures::PictureAddresses;
use crate::desk::page::recent_calls::{RecentCallView, RecentCalls};
use crate::line::fleet::{Fleet, RoomStatus, RoomTrouble};
use crate::line::message::{CallState, RoomId};
use crate::line::view::{RoomView, Sentence};
use crate::room::call::DeskId;
use crate::vocabulary::place::Place;

/// Maximum number of left-out rooms that a message names.
const NAMED_MAX: usize = 12;

/// The first message of a stream, with everything that does not change while the page is open.
#[derive(Debug, Serialize)]
pub(super) struct MultiRoomHello<'a> {
    desk: String,
    version: &'static str,
    several: bool,
    name: &'a str,
    locale: &'a str,
    clinicians: &'a [String],
    places: Vec<&'static str>,
    pictures: PictureAddresses,
    signed_in: bool,
    previews: bool,
}

impl<'a> MultiRoomHello<'a> {
    pub(super) fn new(desk: &'a MultiRoomDesk, page: DeskId) -> Self {
        let hub = &desk.hub;
        Self {
            desk: page.0.to_string(),
            version: env!("CARGO_PKG_VERSION"),
            several: true,
            name: &desk.name,
            locale: &hub.options.locale,
            clinicians: &hub.options.clinicians,
            places: Place::ALL.iter().map(|place| place.name()).collect(),
            pictures: hub.pictures.addresses(),
            signed_in: hub.guard.needs_sign_in(),
            previews: false,
        }
    }
}

/// The state of the connection to the broker.
#[derive(Debug, Serialize)]
pub(super) struct LineMessage {
    /// Whether this desk is connected to the broker.
    pub(super) linked: bool,
    /// Whether this desk has been connected since it started.
    pub(super) was_linked: bool,
    /// Why this desk is not connected, in the words of the library or the operating system; `None` while it is
    /// connected.
    pub(super) why: Option<Sentence>,
    /// Whether another client keeps taking over this desk's session at the broker.
    pub(super) fought_over: bool,
    /// The broker's address.
    pub(super) broker: String,
    /// The number of rooms that are shown.
    pub(super) rooms: usize,
    /// The rooms beyond the maximum, which are not shown.
    pub(super) left_out: LeftOutMessage,
}

/// Rooms on the broker that are not shown.
#[derive(Debug, Serialize)]
pub(super) struct LeftOutMessage {
    count: usize,
    /// The ids of the first [`NAMED_MAX`] of these rooms.
    rooms: Vec<RoomId>,
}

impl LeftOutMessage {
    pub(super) fn of(fleet: &Fleet) -> Self {
        Self { count: fleet.left_out().len(), rooms: fleet.left_out().take(NAMED_MAX).cloned().collect() }
    }
}

/// The state of one room. All ages are current when the message is created, except those in `view`, which were current
/// `view_age_ms` earlier.
#[derive(Debug, Serialize)]
pub(super) struct RoomMessage<'a> {
    id: &'a str,
    name: &'a str,
    lost: bool,
    troubles: Vec<&'static str>,
    call: Option<CallState>,
    left: Vec<Ulid>,
    view: Option<&'a RoomView>,
    view_age_ms: u64,
    recent: Vec<RecentCallView<'a>>,
}

impl<'a> RoomMessage<'a> {
    pub(super) fn new(room: RoomStatus<'a>, recent_calls: &'a RecentCalls) -> Self {
        Self {
            id: room.id.as_str(),
            name: room.name,
            lost: room.troubles.contains(&RoomTrouble::Lost),
            troubles: room.troubles.iter().map(|trouble| trouble.name()).collect(),
            call: room.call,
            left: room.left,
            view: room.view,
            view_age_ms: room.view_age_ms,
            recent: recent_calls.views(),
        }
    }
}
