//! Owns the desk's end of the exchange with rooms over a broker: all known rooms, each room's call and troubles, and
//! this desk's state toward each room. Does not own pages, sockets, threads or clocks.
//!
//! The desk keeps a call until its room lists it as cleared. If a room restarts and no longer has the call, the call
//! does not count as over, and staff must go to the room and look.

mod left_out;
mod remote_room;

use std::collections::{BTreeMap, VecDeque};

use ulid::Ulid;

use super::endpoint::Endpoint;
use super::log_throttle::LogThrottle;
use super::message::{
    CallState, DeskBeat, DeskState, FromRoom, MessageError, OrderRequest, RoomId, VERSION, all_rooms_filter,
    desk_beat_topic, parse, serialise,
};
use super::numbering::Numbering;
use super::order::DeskOrder;
use super::view::RoomView;
use super::{BEAT_INTERVAL_MS, Publication, SILENT_AFTER_MS};
pub use crate::config::ROOMS_MAX;
use left_out::LeftOutRooms;
use remote_room::{MessageEffect, RemoteRoom, SharedWordsState};

/// If a room's event loop, screen or sound has given no sign of life for this time, in milliseconds, the desk reports a
/// fault. Even with the interval and the delay of heartbeats, the report appears within ten seconds.
pub const STALE_AFTER_MS: u64 = 7_000;
/// Time limit for a room's answer to an order, in milliseconds.
pub const ORDER_TIMEOUT_MS: u64 = 8_000;
/// Maximum number of unanswered orders for each room.
const ORDERS_MAX: usize = 16;

/// A fault in a room, or in its connection, as seen by the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoomTrouble {
    /// No message has arrived for [`SILENT_AFTER_MS`], or the broker has published the room's will.
    Lost,
    /// The event loop has not answered for [`STALE_AFTER_MS`].
    Stuck,
    /// The window has drawn no frame for [`STALE_AFTER_MS`]. While a desk is connected, a window draws frames even if
    /// nothing in it moves.
    NotDrawing,
    /// The audio device has not requested a buffer for [`STALE_AFTER_MS`].
    SoundDead,
    /// At least one field of the view cannot be parsed, or the stage is missing.
    ViewUnreadable,
    /// The newest message cannot be parsed, usually because its version differs.
    NotUnderstood,
}

impl RoomTrouble {
    /// Returns the keyword that desk pages receive.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "room-lost",
            Self::Stuck => "room-stands-still",
            Self::NotDrawing => "screen-not-drawing",
            Self::SoundDead => "sound-dead",
            Self::ViewUnreadable => "view-unreadable",
            Self::NotUnderstood => "room-not-understood",
        }
    }
}

/// An event that the desk's end reports to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FleetEvent {
    /// Pages have to show the room's new state.
    RoomChanged(RoomId),
    /// The list of rooms that are not shown has changed.
    LeftOutChanged,
    /// An order was answered or has timed out.
    OrderAnswered {
        /// The id from [`OrderRequest::id`].
        order: Ulid,
        /// `Ok` if the room accepted the order.
        result: Result<(), OrderError>,
    },
}

/// The reason why the desk reports an order as failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderError {
    /// The room refused the order, for this reason in plain words.
    Refused(String),
    /// The room did not answer within [`ORDER_TIMEOUT_MS`]. It may have executed the order all the same.
    Unanswered,
}

/// A room as a desk page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomStatus<'a> {
    /// The id that is part of the room's topics.
    pub id: &'a RoomId,
    /// The room's name, or its id until it has sent a name.
    pub name: &'a str,
    /// The current faults. For a lost room, these are only [`RoomTrouble::Lost`] and, where it applies,
    /// [`RoomTrouble::NotUnderstood`].
    pub troubles: Vec<RoomTrouble>,
    /// The open call, with its ages at the time of the query.
    pub call: Option<CallState>,
    /// Calls that nobody cleared but that the room's program no longer has. Staff have to go to the room and look.
    pub left: Vec<Ulid>,
    /// Everything else that the page shows, as the room last sent it; `None` if the room has sent no state. Shared text
    /// is removed once the connection to the room is lost.
    pub view: Option<&'a RoomView>,
    /// Time since the view arrived, in milliseconds.
    pub view_age_ms: u64,
}

/// The desk's end of the exchange with rooms over a broker. It performs no I/O.
#[derive(Debug)]
pub struct Fleet {
    desk: u64,
    numbering: Numbering,
    can_receive: bool,
    beat_at_ms: Option<u64>,
    last_turn_ms: u64,
    rooms: BTreeMap<RoomId, RemoteRoom>,
    left_out: LeftOutRooms,
    events: VecDeque<FleetEvent>,
    logs: FleetLogs,
}

/// Rate limits for the log, one for each kind of line.
#[derive(Debug, Default)]
struct FleetLogs {
    unreadable: LogThrottle,
    too_many_rooms: LogThrottle,
    implausible: LogThrottle,
    rejected: LogThrottle,
    too_long: LogThrottle,
}

impl Fleet {
    /// Creates the state of a desk that has just started. `desk` identifies this run. A room in `expected` that sends
    /// no message counts as lost after [`SILENT_AFTER_MS`], like a room that falls silent.
    #[must_use]
    pub fn new(now_ms: u64, desk: u64, expected: impl IntoIterator<Item = RoomId>) -> Self {
        let rooms = expected.into_iter().take(ROOMS_MAX).map(|room| (room, RemoteRoom::new(now_ms)));
        Self {
            desk,
            numbering: Numbering::default(),
            can_receive: false,
            beat_at_ms: None,
            last_turn_ms: now_ms,
            rooms: rooms.collect(),
            left_out: LeftOutRooms::default(),
            events: VecDeque::new(),
            logs: FleetLogs::default(),
        }
    }

    /// Returns whether this desk is connected to the broker.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.numbering.is_connected()
    }

    /// Returns the time, in milliseconds of the client's clock, at which [`Endpoint::handle_timeout`] last ran. If that
    /// was long ago, the client's thread hangs, and no room is up to date.
    #[must_use]
    pub fn last_turn_ms(&self) -> u64 {
        self.last_turn_ms
    }

    /// Records that the pages no longer show the text that a room's patient had shared. If the patient has indeed
    /// stopped sharing it, the room is notified.
    pub fn shared_words_cleared(&mut self, now_ms: u64, room: &RoomId) {
        let Some(room) = self.rooms.get_mut(room).filter(|room| room.has_shared_words_to_clear()) else { return };
        let Some(state) = &room.state else { return };
        room.shared_words = SharedWordsState::Cleared { seq: state.head.seq, at_ms: now_ms };
        room.send_at_ms = Some(now_ms);
    }

    /// Returns whether this desk or a page may still hold text that a room's patient no longer shares.
    #[must_use]
    pub fn has_shared_words_to_clear(&self, room: &RoomId) -> bool {
        self.rooms.get(room).is_some_and(RemoteRoom::has_shared_words_to_clear)
    }

    /// Sets whether any page is visible and has its sound unlocked. Without such a page, no call counts as received at
    /// this desk.
    pub fn set_can_receive(&mut self, now_ms: u64, can_receive: bool) {
        if self.can_receive == can_receive {
            return;
        }
        self.can_receive = can_receive;
        self.beat_at_ms = Some(now_ms);
        for room in self.rooms.values_mut() {
            if !can_receive && room.received_call.take().is_some() {
                room.send_at_ms = Some(now_ms);
            }
        }
    }

    /// Records that a page that can receive calls shows `call`.
    ///
    /// # Errors
    /// The reason in plain words, if the call is not open, or no page can receive calls.
    pub fn call_received(&mut self, now_ms: u64, room: &RoomId, call: Ulid) -> Result<(), &'static str> {
        if !self.can_receive {
            return Err("no page here is visible with its sound on");
        }
        let room = self.rooms.get_mut(room).ok_or("there is no such room")?;
        if room.call.as_ref().is_none_or(|(open, _)| open.id != call) {
            return Err("no such call is open");
        }
        if room.received_call != Some(call) {
            room.received_call = Some(call);
            room.send_at_ms = Some(now_ms);
        }
        Ok(())
    }

    /// Records that the only page that showed `call` is gone, although other pages are open. The room regards the call
    /// as not received until another page shows it.
    pub fn call_withdrawn(&mut self, now_ms: u64, room: &RoomId, call: Ulid) {
        if let Some(room) = self.rooms.get_mut(room).filter(|room| room.received_call == Some(call)) {
            room.received_call = None;
            room.is_call_withdrawn = true;
            room.send_at_ms = Some(now_ms);
        }
    }

    /// Sends an order to a room. The result is reported as [`FleetEvent::OrderAnswered`].
    ///
    /// # Errors
    /// The reason in plain words, if the order cannot be sent.
    pub fn send_order(&mut self, now_ms: u64, room: &RoomId, id: Ulid, order: DeskOrder) -> Result<(), &'static str> {
        order.event()?;
        let room = self.rooms.get_mut(room).ok_or("there is no such room")?;
        if room.orders.len() >= ORDERS_MAX {
            return Err("the room has not answered earlier requests yet");
        }
        room.orders.push_back((OrderRequest { id, order }, now_ms));
        room.send_at_ms = Some(now_ms);
        Ok(())
    }

    /// Removes a call from [`RoomStatus::left`], because somebody has been to the room and looked.
    pub fn call_looked_after(&mut self, room: &RoomId, call: Ulid) {
        if let Some(remote) = self.rooms.get_mut(room)
            && let Some(index) = remote.left_calls.iter().position(|left| *left == call)
        {
            remote.left_calls.remove(index);
            self.events.push_back(FleetEvent::RoomChanged(room.clone()));
        }
    }

    /// Returns the ids of the rooms that publish but are not shown, in ascending order.
    #[must_use]
    pub fn left_out(&self) -> impl ExactSizeIterator<Item = &RoomId> {
        self.left_out.ids()
    }

    /// Returns every room that is shown, in order of id.
    pub fn rooms(&self, now_ms: u64) -> impl Iterator<Item = RoomStatus<'_>> {
        self.rooms.iter().map(move |(id, room)| room.status(id, now_ms))
    }

    /// Returns the room with this id; `None` if this desk does not show it.
    #[must_use]
    pub fn room(&self, now_ms: u64, id: &RoomId) -> Option<RoomStatus<'_>> {
        self.rooms.get_key_value(id).map(|(id, room)| room.status(id, now_ms))
    }

    /// Handles a room's message that cannot be parsed. Even a room that was unknown until now is then shown, provided
    /// that this desk has space for it, because staff must learn of the problem.
    fn on_unreadable_room(&mut self, now_ms: u64, id: RoomId) {
        if !self.rooms.contains_key(&id) && self.rooms.len() >= ROOMS_MAX {
            return;
        }
        let room = self.rooms.entry(id.clone()).or_insert_with(|| RemoteRoom::new(now_ms));
        if !std::mem::replace(&mut room.is_unreadable, true) {
            self.events.push_back(FleetEvent::RoomChanged(id));
        }
    }

    fn beat(&self) -> DeskBeat {
        DeskBeat {
            v: VERSION,
            desk: self.desk,
            connection: self.numbering.connection(),
            seq: self.numbering.seq(),
            can_receive: self.can_receive,
            is_gone: false,
        }
    }

    /// Returns the state toward a room about which this desk has nothing to report.
    fn empty_state(&self) -> DeskState {
        DeskState {
            v: VERSION,
            desk: self.desk,
            connection: self.numbering.connection(),
            seq: self.numbering.seq(),
            can_receive: false,
            received_call: None,
            orders: Vec::new(),
            shared_cleared_at: None,
            is_shown: true,
        }
    }

    /// Returns the message that notifies the next left-out room that it is not shown.
    fn transmit_to_left_out(&mut self) -> Option<Publication> {
        let room = self.left_out.poll_untold()?;
        let receipt = self.numbering.next_seq();
        let payload = serialise(&DeskState { is_shown: false, ..self.empty_state() })?;
        Some(Publication { topic: room.desk_topic(), payload, retain: false, receipt })
    }

    fn all_changed(&mut self) {
        self.events.extend(self.rooms.keys().cloned().map(FleetEvent::RoomChanged));
    }
}

impl Endpoint for Fleet {
    type Event = FleetEvent;

    fn topics(&self) -> Vec<String> {
        vec![all_rooms_filter()]
    }

    fn connecting(&mut self) -> Option<Publication> {
        self.numbering.connecting();
        let will = DeskBeat { is_gone: true, can_receive: false, ..self.beat() };
        let payload = serialise(&will)?;
        Some(Publication { topic: desk_beat_topic(self.desk), payload, retain: false, receipt: 0 })
    }

    /// Schedules a heartbeat, and the state toward each room for which this desk has received a call or has an
    /// unanswered order.
    fn connected(&mut self, now_ms: u64) {
        self.numbering.connected();
        self.beat_at_ms = Some(now_ms);
        for room in self.rooms.values_mut().filter(|room| room.received_call.is_some() || !room.orders.is_empty()) {
            room.send_at_ms = Some(now_ms);
        }
        self.all_changed();
    }

    fn disconnected(&mut self) {
        self.numbering.disconnected();
        for room in self.rooms.values_mut() {
            room.forget_shared_words();
        }
        self.all_changed();
    }

    /// Handles a room's message. If it cannot be parsed, the room is shown as not understood, unless the message is
    /// retained. A retained message may be of any age, so it proves at most that the room exists.
    fn on_message(&mut self, now_ms: u64, topic: &str, payload: &[u8], is_retained: bool) {
        let message = RoomId::from_state_topic(topic).ok_or(MessageError::Misplaced).and_then(|id| {
            let message = parse::<FromRoom>(payload, |message| message.head().v)?;
            if message.head().room == id { Ok((id, message)) } else { Err(MessageError::Misplaced) }
        });
        let (id, message) = match message {
            Ok(message) => message,
            Err(error) => {
                if let Some(times) = self.logs.unreadable.count(now_ms) {
                    tracing::warn!(times, %error, "ignored messages on the broker");
                }
                // A retained message may have been stored by a version that is no longer in use.
                if let Some(id) = RoomId::from_state_topic(topic).filter(|_| !is_retained) {
                    self.on_unreadable_room(now_ms, id);
                }
                return;
            }
        };
        let is_new = !self.rooms.contains_key(&id);
        if is_new && self.rooms.len() >= ROOMS_MAX {
            if let Some(times) = self.logs.too_many_rooms.count(now_ms) {
                tracing::warn!(times, room = id.as_str(), "there are more rooms on the broker than a desk can show");
            }
            if !is_retained && self.left_out.on_message(now_ms, id, matches!(message, FromRoom::Will(_))) {
                self.events.push_back(FleetEvent::LeftOutChanged);
            }
            return;
        }
        let room = self.rooms.entry(id.clone()).or_insert_with(|| RemoteRoom::new(now_ms));
        let effect = if is_retained { MessageEffect::Unchanged } else { room.on_message(now_ms, message) };
        if effect == MessageEffect::Implausible
            && let Some(times) = self.logs.implausible.count(now_ms)
        {
            tracing::warn!(times, room = id.as_str(), "ignored messages that cannot be the room's own");
        }
        if is_new || effect == MessageEffect::Changed {
            self.events.push_back(FleetEvent::RoomChanged(id));
        }
    }

    fn on_acknowledged(&mut self, _receipt: u64, _has_subscribers: bool) {}

    /// Keeps the connection, because a desk that may not publish to one room may still publish to the others.
    fn on_rejected(&mut self, now_ms: u64, _receipt: u64, topic: &str) -> bool {
        if let Some(times) = self.logs.rejected.count(now_ms) {
            tracing::error!(times, topic, "the broker does not let this desk publish to a room; see its access list");
        }
        false
    }

    /// Handles everything that has become due by `now_ms`, such as rooms that have fallen silent and orders that have
    /// timed out.
    fn handle_timeout(&mut self, now_ms: u64) {
        self.last_turn_ms = now_ms;
        if self.left_out.handle_timeout(now_ms) {
            self.events.push_back(FleetEvent::LeftOutChanged);
        }
        for (id, room) in &mut self.rooms {
            let is_lost = room.is_lost(now_ms);
            if is_lost != room.was_reported_lost {
                room.was_reported_lost = is_lost;
                if is_lost {
                    room.forget_shared_words();
                }
                self.events.push_back(FleetEvent::RoomChanged(id.clone()));
            }
            while room.orders.front().is_some_and(|(_, sent_at_ms)| now_ms >= sent_at_ms + ORDER_TIMEOUT_MS) {
                if let Some((request, _)) = room.orders.pop_front() {
                    let result = Err(OrderError::Unanswered);
                    self.events.push_back(FleetEvent::OrderAnswered { order: request.id, result });
                }
            }
        }
    }

    fn poll_transmit(&mut self, now_ms: u64) -> Option<Publication> {
        if !self.numbering.is_connected() {
            return None;
        }
        if self.beat_at_ms.is_some_and(|due_ms| now_ms >= due_ms) {
            self.beat_at_ms = Some(now_ms + BEAT_INTERVAL_MS);
            let receipt = self.numbering.next_seq();
            let payload = serialise(&self.beat())?;
            return Some(Publication { topic: desk_beat_topic(self.desk), payload, retain: false, receipt });
        }
        let empty = self.empty_state();
        let due = self.rooms.iter_mut().find(|(_, room)| room.send_at_ms.is_some_and(|due_ms| now_ms >= due_ms));
        let Some((id, room)) = due else { return self.transmit_to_left_out() };
        let seq = self.numbering.next_seq();
        let is_withdrawn = std::mem::take(&mut room.is_call_withdrawn);
        if is_withdrawn {
            // This state says that the desk cannot receive calls, so the room regards the call as not received. The
            // heartbeat that follows at once says that the desk can receive calls again.
            self.beat_at_ms = Some(now_ms);
        }
        let state = DeskState {
            seq,
            can_receive: self.can_receive && !is_withdrawn,
            received_call: room.received_call,
            orders: room.orders.iter().map(|(request, _)| request.clone()).collect(),
            shared_cleared_at: room.shared_words.cleared_at(),
            ..empty
        };
        // A message can be lost, so the state is sent again every `BEAT_INTERVAL_MS` while a page shows the room's
        // call, while an order awaits its answer, and for some time after the shared text was dropped.
        let has_more =
            room.received_call.is_some() || !room.orders.is_empty() || room.shared_words.is_being_reported(now_ms);
        room.send_at_ms = has_more.then_some(now_ms + BEAT_INTERVAL_MS);
        let Some(payload) = serialise(&state) else {
            // The orders time out and are then reported as unanswered.
            if let Some(times) = self.logs.too_long.count(now_ms) {
                tracing::error!(times, "this desk's orders to a room are too long for the broker");
            }
            return None;
        };
        Some(Publication { topic: id.desk_topic(), payload, retain: false, receipt: seq })
    }

    fn poll_event(&mut self) -> Option<FleetEvent> {
        let Self { rooms, events, .. } = self;
        for (id, room) in rooms {
            while let Some((order, refused)) = room.take_answer() {
                let result = refused.map_or(Ok(()), |why| Err(OrderError::Refused(why)));
                events.push_back(FleetEvent::OrderAnswered { order, result });
                events.push_back(FleetEvent::RoomChanged(id.clone()));
            }
        }
        events.pop_front()
    }

    fn poll_timeout(&self) -> Option<u64> {
        let is_connected = self.numbering.is_connected();
        let rooms = self.rooms.values().flat_map(|room| {
            let silent = (!room.was_reported_lost).then_some(room.heard_at_ms + SILENT_AFTER_MS);
            let unanswered = room.orders.front().map(|(_, sent_at_ms)| sent_at_ms + ORDER_TIMEOUT_MS);
            let send = room.send_at_ms.filter(|_| is_connected);
            [silent, unanswered, send].into_iter().flatten()
        });
        rooms.chain(self.left_out.poll_timeout(is_connected)).chain(self.beat_at_ms.filter(|_| is_connected)).min()
    }
}
