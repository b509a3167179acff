//! Owns what a page of several rooms is told, as JSON. Of what a room says of itself only that goes through which could
//! be read. Does not own when it is told.

use serde::Serialize;
use ulid::Ulid;

use super::super::calls::CallLog;
use super::super::view::{PastCallView, past_call_view};
use super::RoomsOptions;
use crate::line::fleet::{Fleet, RoomNow, RoomTrouble};
use crate::line::message::{CallState, RoomId};
use crate::line::view::{RoomView, Words};
use crate::room::Place;

/// So many rooms without a place are named.
const NAMED_MAX: usize = 12;

/// The first message on a stream: what does not change while the page is open.
#[derive(Debug, Serialize)]
pub(super) struct Hello<'a> {
    desk: String,
    version: &'static str,
    several: bool,
    name: &'a str,
    locale: &'a str,
    clinicians: &'a [String],
    places: Vec<&'static str>,
    signed_in: bool,
    previews: bool,
}

impl<'a> Hello<'a> {
    pub(super) fn new(options: &'a RoomsOptions, desk: u64, signed_in: bool) -> Self {
        Self {
            desk: desk.to_string(),
            version: env!("CARGO_PKG_VERSION"),
            several: true,
            name: &options.name,
            locale: &options.locale,
            clinicians: &options.clinicians,
            places: Place::ALL.iter().map(|place| place.name()).collect(),
            signed_in,
            previews: false,
        }
    }
}

/// How the line to the broker stands.
#[derive(Debug, Serialize)]
pub(super) struct LineMessage {
    /// Whether the broker hears this desk.
    pub linked: bool,
    /// Whether it ever did since this desk came up.
    pub was_linked: bool,
    /// Why it does not, in the words of whoever said so; none while it does.
    pub why: Option<Words>,
    /// Whether somebody else takes this desk's place at the broker again and again.
    pub fought_over: bool,
    /// The broker's address.
    pub broker: String,
    /// So many rooms are known.
    pub rooms: usize,
    /// Those that speak beside them, for which there is no place.
    pub left_out: LeftOut,
}

/// Rooms for which there is no place.
#[derive(Debug, Serialize)]
pub(super) struct LeftOut {
    count: usize,
    /// The first of them.
    rooms: Vec<RoomId>,
}

impl LeftOut {
    pub(super) fn of(fleet: &Fleet) -> Self {
        Self { count: fleet.left_out().len(), rooms: fleet.left_out().take(NAMED_MAX).cloned().collect() }
    }
}

/// One room. Its ages are those of the moment of writing, but for those in `view`, which are older by `view_age_ms`.
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
    recent: Vec<PastCallView<'a>>,
}

impl<'a> RoomMessage<'a> {
    pub(super) fn new(room: RoomNow<'a>, log: &'a CallLog) -> Self {
        Self {
            id: room.id.as_str(),
            name: room.name,
            lost: room.troubles.contains(&RoomTrouble::Lost),
            troubles: room.troubles.iter().map(|trouble| trouble.name()).collect(),
            call: room.call,
            left: room.left,
            view: room.view,
            view_age_ms: room.view_age_ms,
            recent: log.newest_first().map(past_call_view).collect(),
        }
    }
}
