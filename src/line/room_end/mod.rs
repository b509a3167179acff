//! Owns the room's end of the exchange with desks over a broker: what it publishes and when, which desks are present,
//! and the resulting events for the room. It sends the whole state at least every two seconds, without waiting for the
//! previous acknowledgement, so that a call reaches a desk as soon as a connection exists. Does not own sockets,
//! threads or clocks.

mod exchange;
mod records;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ulid::Ulid;

use super::log_throttle::LogThrottle;
use super::message::{
    CallState, DeskBeat, DeskState, FromRoom, MessageError, MessageHead, OrderAnswer, RoomId, RoomState, VERSION,
    WirePhase, all_desks_filter, is_desk_beat_topic, parse, serialise,
};
use super::numbering::Numbering;
use super::sequence::{Freshness, SequenceTracker};
use super::view::{ParsedRoomView, Sentence};
use super::{BEAT_INTERVAL_MS, Publication, SILENT_AFTER_MS, push_bounded};
use crate::room::Event;
use crate::room::call::{CallId, DeskId};
pub use exchange::{RoomInput, RoomReport, SharedWordsChange};
use records::{DeskRecord, PlacedCall};

/// Minimum time between two states, in milliseconds, so that a patient's typing does not flood the broker. An urgent
/// state, for example after a change to the call, is sent without this delay.
const UPDATE_INTERVAL_MS: u64 = 200;
/// Maximum number of desks that are tracked.
const DESKS_MAX: usize = 64;
/// Number of order ids that are remembered, because no order may be executed twice.
const ORDERS_MAX: usize = 64;
/// Maximum number of answers in a state. Several are needed, because several desks may be waiting for an answer.
const ANSWERS_MAX: usize = 16;
/// Maximum number of cleared calls in a state. Several are needed, because a desk may have missed earlier states.
const CLEARED_CALLS_MAX: usize = 16;
/// Number of waiting inputs at which messages from desks begin to be ignored, until the room has caught up. A single
/// message can take the number above this limit. Nothing is lost, because each desk keeps sending its whole state.
const INPUTS_MAX: usize = 64;
/// Maximum number of unacknowledged messages. More would be useless, because the newest state supersedes all others.
const IN_FLIGHT_MAX: usize = 8;

/// The room's end of the exchange with desks over a broker. It performs no I/O.
#[derive(Debug)]
pub struct RoomEnd {
    room: RoomId,
    run_id: Ulid,
    numbering: Numbering,
    due: Due,
    sent_at_ms: u64,
    placed_call: Option<PlacedCall>,
    cleared_calls: VecDeque<Ulid>,
    desks: BTreeMap<u64, DeskRecord>,
    orders: VecDeque<Ulid>,
    answers: VecDeque<OrderAnswer>,
    /// The receipt of each unacknowledged message, and the call in the message, if there is one.
    in_flight: VecDeque<(u64, Option<Ulid>)>,
    inputs: VecDeque<RoomInput>,
    shared_words: SharedWordsRecord,
    /// When a message from another program with this room's id was last received, in milliseconds; `None` if none was
    /// received in the last [`SILENT_AFTER_MS`].
    duplicate_heard_at_ms: Option<u64>,
    logs: RoomEndLogs,
}

/// The messages that have to be sent.
#[derive(Debug, Default)]
struct Due {
    has_birth: bool,
    /// A state has to be sent at once.
    has_urgent_state: bool,
    /// A state has to be sent [`UPDATE_INTERVAL_MS`] after the previous state.
    has_state: bool,
}

/// The desks that may hold the patient's shared text.
#[derive(Debug, Default)]
struct SharedWordsRecord {
    /// Whether the newest state contained the text.
    is_sent: bool,
    /// The `seq` of the first state that no longer contained the text; `None` if the newest state contains it, or if it
    /// was never sent.
    unsent_since: Option<u64>,
    /// The desks that were sent the text, have not confirmed that they no longer hold it, and are not lost.
    holders: BTreeSet<u64>,
    changes: VecDeque<SharedWordsChange>,
}

impl SharedWordsRecord {
    fn sent_to(&mut self, desk: u64) {
        if self.holders.insert(desk) {
            self.changes.push_back(SharedWordsChange::SentTo(DeskId(desk)));
        }
    }

    fn forgotten_by(&mut self, desk: u64) {
        if self.holders.remove(&desk) {
            self.changes.push_back(SharedWordsChange::ForgottenBy(DeskId(desk)));
        }
    }

    fn lost(&mut self, desk: u64) {
        if self.holders.remove(&desk) {
            self.changes.push_back(SharedWordsChange::Lost(DeskId(desk)));
        }
    }

    fn all_lost(&mut self) {
        let holders = std::mem::take(&mut self.holders);
        self.changes.extend(holders.into_iter().map(|desk| SharedWordsChange::Lost(DeskId(desk))));
    }
}

/// Rate limits for the log, one for each kind of line.
#[derive(Debug, Default)]
struct RoomEndLogs {
    unreadable: LogThrottle,
    too_many_desks: LogThrottle,
    implausible: LogThrottle,
    ignored: LogThrottle,
    too_long: LogThrottle,
}

impl RoomEnd {
    /// Creates the room's end for a program that has just started. `cleared` lists the calls that were cleared most
    /// recently, as read from the journal, oldest first.
    #[must_use]
    pub fn new(room: RoomId, run_id: Ulid, cleared: impl IntoIterator<Item = CallId>) -> Self {
        let mut cleared_calls = VecDeque::new();
        for call in cleared {
            push_bounded(&mut cleared_calls, Ulid(call.0), CLEARED_CALLS_MAX);
        }
        Self {
            room,
            run_id,
            numbering: Numbering::default(),
            due: Due::default(),
            sent_at_ms: 0,
            placed_call: None,
            cleared_calls,
            desks: BTreeMap::new(),
            orders: VecDeque::new(),
            answers: VecDeque::new(),
            in_flight: VecDeque::new(),
            inputs: VecDeque::new(),
            shared_words: SharedWordsRecord::default(),
            duplicate_heard_at_ms: None,
            logs: RoomEndLogs::default(),
        }
    }

    /// Returns the topics to subscribe to. The room's own topic is among them, because any message from another program
    /// on that topic reveals a room with the same id.
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        vec![self.room.desk_topic(), all_desks_filter(), self.room.state_topic()]
    }

    /// Returns whether another room uses this room's id. Desks cannot tell two such rooms apart.
    #[must_use]
    pub fn has_duplicate_id(&self) -> bool {
        self.duplicate_heard_at_ms.is_some()
    }

    /// Returns whether any desk has reported within the last [`SILENT_AFTER_MS`] that it does not show this room.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.desks.values().any(|desk| desk.hides_until_ms > 0)
    }

    /// Begins a connection attempt. Returns the will, which the broker publishes when the connection is lost.
    pub fn connecting(&mut self) -> Option<Publication> {
        self.numbering.connecting();
        let payload = serialise(&FromRoom::Will(self.head()))?;
        Some(Publication { topic: self.room.state_topic(), payload, retain: true, receipt: 0 })
    }

    /// Records that the broker has accepted the connection. A birth and a state are sent next.
    pub fn connected(&mut self) {
        self.numbering.connected();
        self.due.has_birth = true;
        self.due.has_urgent_state = true;
        self.in_flight.clear();
    }

    /// Records that the connection is lost.
    pub fn disconnected(&mut self) {
        self.numbering.disconnected();
        self.in_flight.clear();
        self.shared_words.all_lost();
    }

    /// Returns the next change to the set of desks that may hold the patient's shared text.
    pub fn poll_shared_words_change(&mut self) -> Option<SharedWordsChange> {
        self.shared_words.changes.pop_front()
    }

    /// Records that a call was placed or rings again. The call is sent at once, even before [`RoomReport::call`]
    /// contains it.
    pub fn call_placed(&mut self, now_ms: u64, id: CallId, is_practice: bool, presses: u32) {
        let id = Ulid(id.0);
        let at_ms = self.placed_call.filter(|placed| placed.id == id).map_or(now_ms, |placed| placed.at_ms);
        self.placed_call = Some(PlacedCall { id, is_practice, presses, at_ms });
        self.due.has_urgent_state = true;
    }

    /// Records that a call was cleared. Every desk learns of it through the next states.
    pub fn call_cleared(&mut self, id: CallId) {
        let id = Ulid(id.0);
        if self.placed_call.is_some_and(|placed| placed.id == id) {
            self.placed_call = None;
        }
        if !self.cleared_calls.contains(&id) {
            push_bounded(&mut self.cleared_calls, id, CLEARED_CALLS_MAX);
        }
        self.due.has_urgent_state = true;
    }

    /// Records that the room has changed. `is_urgent` says whether the room's call has changed.
    pub fn room_changed(&mut self, is_urgent: bool) {
        self.due.has_state = true;
        self.due.has_urgent_state |= is_urgent;
    }

    /// Records the room's answer to an order. `refused` is the reason for a refusal.
    pub fn order_answered(&mut self, order: Ulid, refused: Option<String>) {
        let answer = OrderAnswer { order, refused: refused.map(Sentence::from) };
        push_bounded(&mut self.answers, answer, ANSWERS_MAX);
        self.due.has_urgent_state = true;
    }

    /// Records that the broker acknowledged a message. `has_subscribers` says whether any client subscribes to the
    /// message's topic.
    pub fn on_acknowledged(&mut self, receipt: u64, has_subscribers: bool) {
        let Some(index) = self.in_flight.iter().position(|(known, _)| *known == receipt) else { return };
        if let Some((_, Some(call))) = self.in_flight.remove(index)
            && has_subscribers
            && self.inputs.len() < INPUTS_MAX
            && self.placed_call.is_none_or(|placed| placed.id == call)
            && !self.cleared_calls.contains(&call)
        {
            self.push_input(Event::CallSent { id: CallId(call.0) }, None);
        }
    }

    /// Handles a received message. A message that cannot be parsed is ignored.
    pub fn on_message(&mut self, now_ms: u64, topic: &str, payload: &[u8]) {
        let result = if topic == self.room.state_topic() {
            parse::<FromRoom>(payload, |message| message.head().v).map(|message| self.on_own_topic(now_ms, &message))
        } else if self.inputs.len() >= INPUTS_MAX {
            if let Some(times) = self.logs.ignored.count(now_ms) {
                tracing::warn!(times, "desks send more than the room can handle, and are ignored for a moment");
            }
            Ok(())
        } else if is_desk_beat_topic(topic) {
            parse::<DeskBeat>(payload, |beat| beat.v).map(|beat| self.on_beat(now_ms, &beat))
        } else if topic == self.room.desk_topic() {
            parse::<DeskState>(payload, |state| state.v).map(|state| self.on_desk_state(now_ms, state))
        } else {
            Err(MessageError::Misplaced)
        };
        if let Err(error) = result
            && let Some(times) = self.logs.unreadable.count(now_ms)
        {
            tracing::warn!(times, %error, "ignored messages on the broker");
        }
    }

    /// Handles a message on this room's own topic, on which other programs with the same id also publish. The broker
    /// does not return the messages of the current connection (`nolocal`), but it may deliver the will of an earlier
    /// connection.
    fn on_own_topic(&mut self, now_ms: u64, message: &FromRoom) {
        let head = message.head();
        let is_this_run = head.run_id == self.run_id;
        let seq = self.numbering.seq();
        match message {
            FromRoom::State(_) if !is_this_run || head.seq > seq => self.duplicate_heard_at_ms = Some(now_ms),
            FromRoom::Birth(_) if is_this_run && head.seq > seq => self.duplicate_heard_at_ms = Some(now_ms),
            // The will claims that this room is gone. A new state corrects that sooner than the next heartbeat.
            FromRoom::Will(_) if is_this_run && head.connection >= self.numbering.connection() => {
                self.due.has_state |= self.numbering.is_connected();
            }
            FromRoom::State(_) | FromRoom::Birth(_) | FromRoom::Will(_) => {}
        }
    }

    fn on_beat(&mut self, now_ms: u64, beat: &DeskBeat) {
        if !beat.is_gone {
            let is_hiding = self.desks.get(&beat.desk).is_some_and(|desk| desk.hides_until_ms > 0);
            self.see_desk(now_ms, beat.desk, beat.connection, beat.seq, beat.can_receive && !is_hiding);
            return;
        }
        // A will of an earlier connection may arrive after the desk has connected again. It says nothing about the new
        // connection.
        let Some(desk) = self.desks.get_mut(&beat.desk).filter(|desk| desk.connection <= beat.connection) else {
            return;
        };
        desk.hides_until_ms = 0;
        if std::mem::take(&mut desk.can_receive) {
            self.push_input(Event::DeskDisconnected { desk: DeskId(beat.desk) }, None);
        }
        self.shared_words.lost(beat.desk);
    }

    fn on_desk_state(&mut self, now_ms: u64, state: DeskState) {
        self.see_desk(now_ms, state.desk, state.connection, state.seq, state.can_receive && state.is_shown);
        let Some(desk) = self.desks.get_mut(&state.desk) else { return };
        let freshness = match &mut desk.states {
            Some(states) => states.handle_input(now_ms, state.seq),
            none => {
                *none = Some(SequenceTracker::new(now_ms, state.seq));
                Freshness::Newest
            }
        };
        if freshness != Freshness::Newest {
            return;
        }
        desk.hides_until_ms = if state.is_shown { 0 } else { now_ms + SILENT_AFTER_MS };
        let can_receive = desk.can_receive;
        if !state.is_shown {
            // A desk that does not show this room ignores the room's messages, so it holds no shared text.
            self.shared_words.forgotten_by(state.desk);
        }
        if let (Some(cleared_at), Some(since)) = (state.shared_cleared_at, self.shared_words.unsent_since)
            // A number that this room has not sent yet must be forged.
            && (since..=self.numbering.seq()).contains(&cleared_at)
        {
            self.shared_words.forgotten_by(state.desk);
        }
        if let Some(call) = state.received_call.filter(|call| can_receive && !self.cleared_calls.contains(call)) {
            self.push_input(Event::CallReceived { id: CallId(call.0), desk: DeskId(state.desk) }, None);
        }
        for request in state.orders.into_iter().take(ORDERS_MAX) {
            if self.orders.contains(&request.id) {
                continue;
            }
            push_bounded(&mut self.orders, request.id, ORDERS_MAX);
            match request.order.event() {
                Ok(event) => self.push_input(event, Some(request.id)),
                Err(why) => self.order_answered(request.id, Some(why.to_owned())),
            }
        }
    }

    /// Records that a desk is alive. A stale or implausible message does not count.
    fn see_desk(&mut self, now_ms: u64, desk: u64, connection: u32, seq: u64, can_receive: bool) {
        let is_new = !self.desks.contains_key(&desk);
        if is_new && !self.make_space_for_desk() {
            if let Some(times) = self.logs.too_many_desks.count(now_ms) {
                tracing::warn!(times, "there are more desks on the broker than a room can serve; close some");
            }
            return;
        }
        let new = DeskRecord {
            connection,
            messages: SequenceTracker::new(now_ms, seq),
            states: None,
            can_receive: false,
            heard_at_ms: now_ms,
            hides_until_ms: 0,
        };
        let record = self.desks.entry(desk).or_insert(new);
        let freshness = if is_new { Freshness::Newest } else { record.messages.handle_input(now_ms, seq) };
        if freshness == Freshness::Implausible
            && let Some(times) = self.logs.implausible.count(now_ms)
        {
            tracing::warn!(times, "ignored messages that cannot be the desk's own");
        }
        if freshness != Freshness::Newest {
            return;
        }
        let could_receive = std::mem::replace(&mut record.can_receive, can_receive);
        (record.connection, record.heard_at_ms) = (connection.max(record.connection), now_ms);
        let is_hiding = record.hides_until_ms > 0;
        // A new desk receives the state at once.
        self.due.has_urgent_state |= is_new;
        if self.shared_words.is_sent && !is_hiding {
            self.shared_words.sent_to(desk);
        }
        match (could_receive, can_receive) {
            (false, true) => self.push_input(Event::DeskConnected { desk: DeskId(desk) }, None),
            (true, false) => self.push_input(Event::DeskDisconnected { desk: DeskId(desk) }, None),
            _ => {}
        }
    }

    /// Makes space for another desk. If the maximum is reached, looks at the desks that cannot receive calls and
    /// removes the one that has been silent longest. Returns whether there is space.
    fn make_space_for_desk(&mut self) -> bool {
        if self.desks.len() < DESKS_MAX {
            return true;
        }
        let silent = self.desks.iter().filter(|(_, desk)| !desk.can_receive).min_by_key(|(_, desk)| desk.heard_at_ms);
        let silent = silent.map(|(id, _)| *id);
        silent.is_some_and(|id| self.desks.remove(&id).is_some())
    }

    /// Handles everything that has become due by `now_ms`, such as desks that have fallen silent.
    pub fn handle_timeout(&mut self, now_ms: u64) {
        self.duplicate_heard_at_ms = self.duplicate_heard_at_ms.filter(|at_ms| now_ms < at_ms + SILENT_AFTER_MS);
        let mut gone = Vec::new();
        for (id, desk) in &mut self.desks {
            if now_ms >= desk.hides_until_ms {
                desk.hides_until_ms = 0;
            }
            if desk.can_receive && now_ms >= desk.heard_at_ms + SILENT_AFTER_MS {
                desk.can_receive = false;
                gone.push(*id);
            }
        }
        for desk in gone {
            self.push_input(Event::DeskDisconnected { desk: DeskId(desk) }, None);
        }
        let is_silent =
            |desk: &u64| self.desks.get(desk).is_none_or(|desk| now_ms >= desk.heard_at_ms + SILENT_AFTER_MS);
        let silent: Vec<u64> = self.shared_words.holders.iter().copied().filter(is_silent).collect();
        for desk in silent {
            self.shared_words.lost(desk);
        }
    }

    /// Returns the next event for the room.
    pub fn poll_input(&mut self) -> Option<RoomInput> {
        self.inputs.pop_front()
    }

    /// Returns the next message to publish. Runs `report` only if the message is a state.
    pub fn poll_transmit(&mut self, now_ms: u64, report: impl FnOnce() -> RoomReport) -> Option<Publication> {
        if !self.can_send() || now_ms < self.due_at_ms() {
            return None;
        }
        self.numbering.next_seq();
        let head = self.head();
        if std::mem::take(&mut self.due.has_birth) {
            return self.publish(&FromRoom::Birth(head), true, None);
        }
        (self.due.has_urgent_state, self.due.has_state, self.sent_at_ms) = (false, false, now_ms);
        let report = report();
        self.note_shared_words(report.view.shared.is_some());
        let call = self.call(now_ms, report.call);
        let call_id = call.as_ref().map(|call| call.id);
        let mut state = RoomState {
            head,
            name: report.name.into(),
            vitals: report.vitals,
            call,
            ended: self.cleared_calls.iter().copied().collect(),
            answers: self.answers.iter().cloned().collect(),
            view: report.view.into(),
        };
        let message = FromRoom::State(Box::new(state.clone()));
        self.publish(&message, false, call_id).or_else(|| {
            // The call must be sent even if the rest of the state is too long.
            if let Some(times) = self.logs.too_long.count(now_ms) {
                tracing::error!(times, "the room's state is too long for the broker; the desk gets its call only");
            }
            state.view = ParsedRoomView::default();
            self.publish(&FromRoom::State(Box::new(state)), false, call_id)
        })
    }

    /// Returns when [`RoomEnd::handle_timeout`] or [`RoomEnd::poll_transmit`] has to run next, unless another method is
    /// called first.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        let silent = self.desks.values().filter(|desk| desk.can_receive).map(|desk| desk.heard_at_ms + SILENT_AFTER_MS);
        let due = self.can_send().then(|| self.due_at_ms());
        let duplicate = self.duplicate_heard_at_ms.map(|at_ms| at_ms + SILENT_AFTER_MS);
        let holders = self.shared_words.holders.iter().filter_map(|desk| self.desks.get(desk));
        let holders = holders.map(|desk| desk.heard_at_ms + SILENT_AFTER_MS);
        let hiding = self.desks.values().map(|desk| desk.hides_until_ms).filter(|until_ms| *until_ms > 0);
        silent.chain(due).chain(hiding).chain(duplicate).chain(holders).min()
    }

    fn can_send(&self) -> bool {
        self.numbering.is_connected() && self.in_flight.len() < IN_FLIGHT_MAX
    }

    fn due_at_ms(&self) -> u64 {
        match (self.due.has_birth || self.due.has_urgent_state, self.due.has_state) {
            (true, _) => 0,
            (false, true) => self.sent_at_ms + UPDATE_INTERVAL_MS,
            (false, false) => self.sent_at_ms + BEAT_INTERVAL_MS,
        }
    }

    /// Records whether the state that is being sent contains text that the patient shared.
    fn note_shared_words(&mut self, is_sent: bool) {
        if is_sent {
            let shown_at = self.desks.iter().filter(|(_, desk)| desk.hides_until_ms == 0);
            for (desk, _) in shown_at {
                self.shared_words.sent_to(*desk);
            }
            self.shared_words.unsent_since = None;
        } else if self.shared_words.is_sent {
            self.shared_words.unsent_since = Some(self.numbering.seq());
        }
        self.shared_words.is_sent = is_sent;
    }

    /// Returns the call to send. The call that was placed last is sent even if `shown`, the call in the room's report,
    /// is still `None` or a different call. A cleared call is never sent, even if an outdated report still contains it.
    fn call(&self, now_ms: u64, shown: Option<CallState>) -> Option<CallState> {
        let shown = shown.filter(|call| !self.cleared_calls.contains(&call.id));
        let Some(placed) = self.placed_call else { return shown };
        if let Some(mut call) = shown.filter(|call| call.id == placed.id) {
            call.presses = call.presses.max(placed.presses);
            return Some(call);
        }
        let age_ms = now_ms.saturating_sub(placed.at_ms);
        Some(CallState {
            id: placed.id,
            practice: placed.is_practice,
            phase: WirePhase::Placed,
            placed_ago_ms: age_ms,
            phase_ago_ms: age_ms,
            name: None,
            reason: None,
            presses: placed.presses,
            line_down_told: false,
            risen: false,
            escalated: false,
            journaled: false,
        })
    }

    fn publish(&mut self, message: &FromRoom, retain: bool, call: Option<Ulid>) -> Option<Publication> {
        let payload = serialise(message)?;
        let receipt = self.numbering.seq();
        self.in_flight.push_back((receipt, call));
        Some(Publication { topic: self.room.state_topic(), payload, retain, receipt })
    }

    fn head(&self) -> MessageHead {
        MessageHead {
            v: VERSION,
            room: self.room.clone(),
            run_id: self.run_id,
            connection: self.numbering.connection(),
            seq: self.numbering.seq(),
        }
    }

    fn push_input(&mut self, event: Event, order: Option<Ulid>) {
        self.inputs.push_back(RoomInput { event, order });
    }
}

#[cfg(test)]
mod tests;
