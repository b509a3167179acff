//! Owns the transports by which rooms and desks communicate through a broker. Does not own the messages
//! ([`super::room_end`], [`super::fleet`]) or the connection ([`super::client`]).

use ulid::Ulid;

use super::Publication;
use super::broker::Broker;
use super::client::{BrokerClient, ClientEvent};
use super::endpoint::Endpoint;
use super::fleet::Fleet;
use super::message::RoomId;
use super::room_end::{RoomEnd, RoomInput, RoomReport, SharedWordsChange};
use crate::room::call::CallId;

/// A function that returns a report on the room's current state. It runs on the client's thread, and must neither block
/// nor use the transport.
pub type ReportSource = Box<dyn FnMut() -> RoomReport + Send>;

/// An event that a room's transport reports.
#[derive(Debug)]
pub enum RoomTransportEvent {
    /// An event for the room. Confirm it with [`RoomTransport::input_handled`]. If an order caused it, also send the
    /// room's answer with [`RoomTransport::order_answered`].
    Input(RoomInput),
    /// Whether another room uses this room's id.
    DuplicateId(bool),
    /// Whether at least one desk does not show this room.
    Hidden(bool),
    /// A change to the set of desks that may hold the patient's shared text.
    SharedWords(SharedWordsChange),
}

/// Maximum number of reported inputs that the room has not yet confirmed. Further inputs wait in [`RoomEnd`], which
/// ignores messages from desks when too many are waiting.
const UNHANDLED_INPUTS_MAX: usize = 64;

/// A desk's transport. Its methods never wait for the broker.
pub type DeskTransport = BrokerClient<Fleet>;

/// A room's transport. Its methods never wait for the broker.
pub struct RoomTransport(BrokerClient<RoomEndpoint>);

/// A room's end together with the source of its reports.
struct RoomEndpoint {
    end: RoomEnd,
    report: ReportSource,
    is_private: bool,
    was_duplicate_id: bool,
    was_hidden: bool,
    unhandled_inputs: usize,
}

impl RoomTransport {
    /// Opens the transport. `run_id` must sort after the id of every earlier run of the program. `cleared` lists the
    /// calls that were cleared most recently, as read from the journal, oldest first.
    ///
    /// # Errors
    /// The operating system's error if it cannot start the thread.
    pub fn open(
        room: RoomId,
        broker: Broker,
        run_id: Ulid,
        cleared: impl IntoIterator<Item = CallId>,
        report: ReportSource,
        on_event: impl FnMut(ClientEvent<RoomTransportEvent>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let endpoint = RoomEndpoint {
            end: RoomEnd::new(room, run_id, cleared),
            report,
            is_private: broker.access.url.is_private(),
            was_duplicate_id: false,
            was_hidden: false,
            unhandled_inputs: 0,
        };
        BrokerClient::open(endpoint, broker, on_event).map(Self)
    }

    /// Sends a call that was placed or rings again. It is sent at once, even if the room's reports do not contain it
    /// yet.
    pub fn call_placed(&self, id: CallId, is_practice: bool, presses: u32) {
        self.0.with(|endpoint, now_ms| endpoint.end.call_placed(now_ms, id, is_practice, presses));
    }

    /// Reports to every desk that a call was cleared.
    pub fn call_cleared(&self, id: CallId) {
        self.0.with(|endpoint, _| endpoint.end.call_cleared(id));
    }

    /// Sends the room's new state. `is_urgent` says whether the room's call has changed.
    pub fn room_changed(&self, is_urgent: bool) {
        self.0.with(|endpoint, _| endpoint.end.room_changed(is_urgent));
    }

    /// Confirms that the room has handled one [`RoomTransportEvent::Input`]. While `UNHANDLED_INPUTS_MAX` inputs are
    /// unconfirmed, no further inputs are reported.
    pub fn input_handled(&self) {
        self.0.with(|endpoint, _| endpoint.unhandled_inputs = endpoint.unhandled_inputs.saturating_sub(1));
    }

    /// Sends the room's answer to an order. `refused` is the reason for a refusal.
    pub fn order_answered(&self, order: Ulid, refused: Option<String>) {
        self.0.with(|endpoint, _| endpoint.end.order_answered(order, refused));
    }
}

impl Endpoint for RoomEndpoint {
    type Event = RoomTransportEvent;

    fn topics(&self) -> Vec<String> {
        self.end.topics()
    }

    fn connecting(&mut self) -> Option<Publication> {
        self.end.connecting()
    }

    fn connected(&mut self, _now_ms: u64) {
        self.end.connected();
    }

    fn disconnected(&mut self) {
        self.end.disconnected();
    }

    fn on_message(&mut self, now_ms: u64, topic: &str, payload: &[u8], is_retained: bool) {
        if !is_retained {
            self.end.on_message(now_ms, topic, payload);
        }
    }

    fn on_acknowledged(&mut self, receipt: u64, has_subscribers: bool) {
        self.end.on_acknowledged(receipt, has_subscribers);
    }

    /// Asks for the connection to be closed, because it is of no use to a room that may not publish its state.
    fn on_rejected(&mut self, _now_ms: u64, receipt: u64, _topic: &str) -> bool {
        self.end.on_acknowledged(receipt, false);
        true
    }

    fn handle_timeout(&mut self, now_ms: u64) {
        self.end.handle_timeout(now_ms);
    }

    fn poll_transmit(&mut self, now_ms: u64) -> Option<Publication> {
        let Self { end, report, is_private, .. } = self;
        end.poll_transmit(now_ms, || {
            let mut report = report();
            // Shared text is meant for the desk alone, so it is never sent over a connection that others could read.
            report.view.shared = report.view.shared.filter(|_| *is_private);
            report
        })
    }

    fn poll_event(&mut self) -> Option<RoomTransportEvent> {
        let is_duplicate_id = self.end.has_duplicate_id();
        if is_duplicate_id != self.was_duplicate_id {
            self.was_duplicate_id = is_duplicate_id;
            return Some(RoomTransportEvent::DuplicateId(is_duplicate_id));
        }
        let is_hidden = self.end.is_hidden();
        if is_hidden != self.was_hidden {
            self.was_hidden = is_hidden;
            return Some(RoomTransportEvent::Hidden(is_hidden));
        }
        if let Some(change) = self.end.poll_shared_words_change() {
            return Some(RoomTransportEvent::SharedWords(change));
        }
        if self.unhandled_inputs >= UNHANDLED_INPUTS_MAX {
            return None;
        }
        let input = self.end.poll_input()?;
        self.unhandled_inputs += 1;
        Some(RoomTransportEvent::Input(input))
    }

    fn poll_timeout(&self) -> Option<u64> {
        self.end.poll_timeout()
    }
}
