//! Owns the state of the desk of several rooms: its end of the broker connection, records such as recent calls and
//! unanswered orders, and version numbers that show which parts have changed since a page was last updated. Does not
//! own the routes, or the messages to a page.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use ulid::Ulid;

use super::{MultiRoomError, MultiRoomOptions};
use crate::desk::SharedWords;
use crate::desk::guard::Guard;
use crate::desk::page::open_pages::{OpenPages, PageChange};
use crate::desk::page::recent_calls::{RecentCalls, wall_clock};
use crate::desk::page::server::PageHub;
use crate::line::client::ClientEvent;
use crate::line::fleet::{Fleet, FleetEvent, OrderError};
use crate::line::message::RoomId;
use crate::line::mqtt::DeskTransport;
use crate::line::order::DeskOrder;
use crate::room::call::DeskId;

/// Interval at which the desk checks whether a page that was cut off may still show what a patient shared.
const SHARED_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long the loop of the broker connection's thread may go without running before the thread counts as hung, in
/// milliseconds. The loop normally runs at least every ten seconds.
const LINE_HANGS_AFTER_MS: u64 = 15_000;

/// Receives the events of the broker connection.
pub(super) type LineEvents = mpsc::UnboundedReceiver<ClientEvent<FleetEvent>>;

/// A running desk of several rooms.
pub(super) struct MultiRoomDesk {
    pub(super) hub: PageHub,
    pub(super) name: String,
    pub(super) broker: String,
    pub(super) line: DeskTransport,
    pub(super) versions: watch::Sender<Versions>,
    records: Mutex<RoomRecords>,
}

/// Version numbers, which grow with each change. A stream compares them with the versions that it has sent, and sends
/// what its page lacks.
#[derive(Clone, Default)]
pub(super) struct Versions {
    newest: u64,
    /// Version of the state of the broker connection.
    pub(super) line: u64,
    /// Version of each room's state.
    pub(super) rooms: BTreeMap<RoomId, u64>,
}

impl Versions {
    fn line_changed(&mut self) {
        self.newest += 1;
        self.line = self.newest;
    }

    fn room_changed(&mut self, room: RoomId) {
        self.newest += 1;
        self.rooms.insert(room, self.newest);
    }
}

/// What the desk records in addition to its [`Fleet`].
#[derive(Default)]
struct RoomRecords {
    recent_calls: BTreeMap<RoomId, RecentCalls>,
    /// The pages that still show, or may show, what a room's patient shared.
    shared: BTreeMap<RoomId, SharedWords>,
    /// For each page, the calls that it has reported as shown, keyed by room.
    received: BTreeMap<DeskId, BTreeMap<RoomId, Ulid>>,
    /// Orders that wait for their room's answer.
    unanswered: BTreeMap<Ulid, oneshot::Sender<Result<(), OrderError>>>,
    line: LineHistory,
}

/// What the broker connection has reported about itself.
#[derive(Clone, Default)]
pub(super) struct LineHistory {
    /// Why the broker cannot be reached; `None` while it can be reached, or before the first attempt.
    pub(super) why_down: Option<String>,
    pub(super) was_connected: bool,
    pub(super) is_contested: bool,
}

impl MultiRoomDesk {
    /// Opens the broker connection. [`Self::follow_line`] handles its events.
    pub(super) fn open(options: MultiRoomOptions, guard: Arc<Guard>) -> Result<(Self, LineEvents), MultiRoomError> {
        let MultiRoomOptions { page, name, broker, rooms } = options;
        let desk = getrandom::u64().map_err(|error| MultiRoomError::Randomness(error.to_string()))?;
        // The channel is unbounded, because no event may be lost. The connection's own limits bound the number of
        // events.
        let (sender, events) = mpsc::unbounded_channel();
        let mut versions = Versions::default();
        versions.line_changed();
        for room in &rooms {
            versions.room_changed(room.clone());
        }
        let broker_url = broker.access.url.to_string();
        let line = DeskTransport::open(Fleet::new(0, desk, rooms), broker, move |event| {
            // Sending fails only while the desk is closing, when the receiver is already gone.
            let _ = sender.send(event);
        });
        let desk = Self {
            hub: PageHub::new(page, guard),
            name,
            broker: broker_url,
            line: line.map_err(MultiRoomError::Line)?,
            versions: watch::Sender::new(versions),
            records: Mutex::default(),
        };
        Ok((desk, events))
    }

    /// Passes on the events of the broker connection. Ends when the connection ends.
    pub(super) async fn follow_line(&self, mut events: LineEvents) {
        let mut shared_check = tokio::time::interval(SHARED_CHECK_INTERVAL);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.on_line_event(event),
                    None => return,
                },
                _ = shared_check.tick() => {
                    let rooms: Vec<RoomId> = self.records().shared.keys().cloned().collect();
                    for room in &rooms {
                        self.report_if_cleared(room);
                    }
                }
            }
        }
    }

    fn on_line_event(&self, event: ClientEvent<FleetEvent>) {
        match event {
            ClientEvent::Up => {
                let mut records = self.records();
                (records.line.why_down, records.line.was_connected) = (None, true);
                drop(records);
                self.versions.send_modify(Versions::line_changed);
            }
            ClientEvent::Down(why) => {
                self.records().line.why_down = Some(why);
                self.versions.send_modify(Versions::line_changed);
            }
            ClientEvent::Contested(is_contested) => {
                self.records().line.is_contested = is_contested;
                self.versions.send_modify(Versions::line_changed);
            }
            ClientEvent::Endpoint(FleetEvent::RoomChanged(room)) => {
                let call = self.line.with(|fleet, now_ms| Some((fleet.room(now_ms, &room)?.call, now_ms)));
                if let Some((call, now_ms)) = call {
                    let mut records = self.records();
                    records.recent_calls.entry(room.clone()).or_default().update(call.as_ref(), now_ms, wall_clock);
                }
                self.versions.send_modify(|versions| versions.room_changed(room.clone()));
                self.report_if_cleared(&room);
            }
            ClientEvent::Endpoint(FleetEvent::LeftOutChanged) => self.versions.send_modify(Versions::line_changed),
            ClientEvent::Endpoint(FleetEvent::OrderAnswered { order, result }) => {
                if let Some(waiting) = self.records().unanswered.remove(&order) {
                    // The browser may have abandoned its request, in which case the receiver is gone.
                    let _ = waiting.send(result);
                }
            }
        }
    }

    /// Returns whether the desk shows this room. A request may name any id, and nothing is stored for one that is not
    /// shown.
    pub(super) fn knows(&self, room: &RoomId) -> bool {
        self.line.with(|fleet, now_ms| fleet.room(now_ms, room).is_some())
    }

    /// Returns the pages that still show, or may show, what this room's patient shared.
    pub(super) fn shared_of(&self, room: &RoomId) -> SharedWords {
        self.records().shared.entry(room.clone()).or_default().clone()
    }

    /// If the patient no longer shares the text and no page shows it any longer, reports that to the room.
    pub(super) fn report_if_cleared(&self, room: &RoomId) {
        if self.line.with(|fleet, _| fleet.has_shared_words_to_clear(room))
            && self.shared_of(room).wait_forgotten(Duration::ZERO)
        {
            self.line.with(|fleet, now_ms| fleet.shared_words_cleared(now_ms, room));
        }
    }

    pub(super) fn recent_calls_of(&self, room: &RoomId) -> RecentCalls {
        self.records().recent_calls.get(room).cloned().unwrap_or_default()
    }

    pub(super) fn line_history(&self) -> LineHistory {
        self.records().line.clone()
    }

    /// Returns whether the loop of the broker connection's thread is running. While it hangs, nothing that a page shows
    /// is current.
    pub(super) fn line_turns(&self) -> bool {
        self.line.with(|fleet, now_ms| now_ms < fleet.last_turn_ms() + LINE_HANGS_AFTER_MS)
    }

    /// Handles a change in whether a page can receive calls.
    pub(super) fn on_page_change(&self, pages: &OpenPages, change: PageChange) {
        let can_receive = pages.any_can_receive();
        // The calls that no page shows any longer.
        let mut withdrawn = Vec::new();
        if let PageChange::Unable(page) = change {
            let mut records = self.records();
            let received = records.received.remove(&page).unwrap_or_default();
            let is_received =
                |room: &RoomId, call: &Ulid| records.received.values().any(|received| received.get(room) == Some(call));
            withdrawn.extend(received.into_iter().filter(|(room, call)| !is_received(room, call)));
        }
        self.line.with(|fleet, now_ms| {
            fleet.set_can_receive(now_ms, can_receive);
            for (room, call) in &withdrawn {
                fleet.call_withdrawn(now_ms, room, *call);
            }
        });
    }

    /// Records that `page`, which can receive calls, shows `call`.
    pub(super) fn call_received(&self, page: DeskId, room: &RoomId, call: Ulid) -> Result<(), &'static str> {
        self.line.with(|fleet, now_ms| fleet.call_received(now_ms, room, call))?;
        self.records().received.entry(page).or_default().insert(room.clone(), call);
        Ok(())
    }

    /// Sends a room an order, and waits for the room's answer. The [`Fleet`] reports an order as unanswered once its
    /// time limit has passed.
    pub(super) async fn order(&self, room: &RoomId, order: DeskOrder) -> Result<(), OrderError> {
        let (sender, answer) = oneshot::channel();
        let id = Ulid::new();
        self.records().unanswered.insert(id, sender);
        if let Err(why) = self.line.with(|fleet, now_ms| fleet.send_order(now_ms, room, id, order)) {
            self.records().unanswered.remove(&id);
            return Err(OrderError::Refused(why.to_owned()));
        }
        answer.await.unwrap_or(Err(OrderError::Unanswered))
    }

    /// Handles the end of a page's stream. The page may still show what patients shared.
    pub(super) fn on_page_lost(&self, page: DeskId, now: Instant) {
        self.records().shared.values().for_each(|shared| shared.lost(page, now));
    }

    fn records(&self) -> MutexGuard<'_, RoomRecords> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
