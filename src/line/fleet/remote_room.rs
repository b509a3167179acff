//! Owns a desk's record of one room: the runs of its program, its newest state, its call, and this desk's state toward
//! it. Does not own the times at which this desk sends.

use std::collections::VecDeque;

use ulid::Ulid;

use super::super::message::{CallState, FromRoom, MessageHead, OrderRequest, RoomId, RoomState, VitalAges};
use super::super::sequence::{Freshness, SequenceTracker};
use super::super::{SILENT_AFTER_MS, push_bounded};
use super::{RoomStatus, RoomTrouble, STALE_AFTER_MS};

/// Silence, in milliseconds, after which a run whose will was published may be replaced by a run with a lower id. Until
/// then, the run's last messages may still arrive.
const SETTLE_MS: u64 = 4_000;
/// Silence, in milliseconds, after which a run whose will was not published may be replaced by a run with a greater id.
/// It is longer than the heartbeat interval.
const RUN_ENDED_AFTER_MS: u64 = 2_500;
/// Time after which a replaced run may become current again, in milliseconds. Until then, its messages are ignored as
/// late. It is also the silence after which a current run whose will was not published may be replaced by a run with a
/// lower id.
const RUN_RETIRED_MS: u64 = 5_000;
/// Maximum number of runs of a room's program that are remembered.
const RUNS_MAX: usize = 8;
/// Maximum number of calls in [`RemoteRoom::left_calls`].
const LEFT_CALLS_MAX: usize = 4;

/// Whether this desk or its pages hold text that a room's patient shared.
#[derive(Debug, Default)]
pub(super) enum SharedWordsState {
    /// There is nothing to report: the patient has shared nothing, or everything was dropped before the room's program
    /// restarted.
    #[default]
    Never,
    /// This desk holds the text, or a page may still show it.
    Held,
    /// Everything was dropped at `at_ms`, when the room's newest state had the number `seq`.
    Cleared { seq: u64, at_ms: u64 },
}

impl SharedWordsState {
    pub(super) const fn cleared_at(&self) -> Option<u64> {
        if let Self::Cleared { seq, .. } = self { Some(*seq) } else { None }
    }

    /// Returns whether this desk is still reporting to the room that everything was dropped. It repeats this report for
    /// [`SILENT_AFTER_MS`].
    pub(super) const fn is_being_reported(&self, now_ms: u64) -> bool {
        matches!(self, Self::Cleared { at_ms, .. } if now_ms < *at_ms + SILENT_AFTER_MS)
    }
}

/// The effect of a room's message on the room's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageEffect {
    /// A page has to show the room's new state.
    Changed,
    /// A page would show the same as before.
    Unchanged,
    /// The message was ignored, because it cannot have come from the room.
    Implausible,
}

/// A desk's record of one room.
// The booleans are independent facts, not the states of one state machine.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Default)]
pub(super) struct RemoteRoom {
    run_id: Option<Ulid>,
    /// The sequence numbers of the last [`RUNS_MAX`] runs. The run with the newest message is last.
    runs: VecDeque<(Ulid, SequenceTracker)>,
    /// Replaced runs, and the times until which their messages are ignored as late.
    retired_runs: VecDeque<(Ulid, u64)>,
    connection: u32,
    pub(super) heard_at_ms: u64,
    /// Whether the broker has published the room's will since the room's last message.
    is_cut_off: bool,
    pub(super) was_reported_lost: bool,
    /// Whether the newest message could not be parsed.
    pub(super) is_unreadable: bool,
    pub(super) state: Option<Box<RoomState>>,
    state_at_ms: u64,
    /// The open call, and the time at which its ages were current.
    pub(super) call: Option<(CallState, u64)>,
    /// Calls that the room's program no longer has, although nobody cleared them.
    pub(super) left_calls: VecDeque<Ulid>,
    /// The call that a page of this desk shows.
    pub(super) received_call: Option<Ulid>,
    /// Whether this desk still has to notify the room that no page of this desk shows its call any longer.
    pub(super) is_call_withdrawn: bool,
    /// The unanswered orders and the times at which they were sent, oldest first.
    pub(super) orders: VecDeque<(OrderRequest, u64)>,
    pub(super) shared_words: SharedWordsState,
    /// When this desk's state toward the room has to be sent; `None` while there is nothing to report.
    pub(super) send_at_ms: Option<u64>,
}

impl RemoteRoom {
    /// Creates the record of a room from which no message has arrived.
    pub(super) fn new(now_ms: u64) -> Self {
        Self { heard_at_ms: now_ms, ..Self::default() }
    }

    /// Handles a message from the room, or its will from the broker.
    pub(super) fn on_message(&mut self, now_ms: u64, message: FromRoom) -> MessageEffect {
        let effect = self.handle_message(now_ms, message);
        let is_readable_again = effect != MessageEffect::Implausible && std::mem::take(&mut self.is_unreadable);
        if is_readable_again { MessageEffect::Changed } else { effect }
    }

    fn handle_message(&mut self, now_ms: u64, message: FromRoom) -> MessageEffect {
        let freshness = match &message {
            // A will from an earlier connection may arrive after the room has connected again. It says nothing about
            // the new connection.
            FromRoom::Will(head) if self.run_id == Some(head.run_id) && head.connection >= self.connection => {
                let is_new = !std::mem::replace(&mut self.is_cut_off, true);
                return if is_new { MessageEffect::Changed } else { MessageEffect::Unchanged };
            }
            FromRoom::Will(_) => return MessageEffect::Unchanged,
            FromRoom::Birth(head) => self.check_head(now_ms, head),
            FromRoom::State(state) => self.check_head(now_ms, &state.head),
        };
        match (freshness, message) {
            (Freshness::Newest, FromRoom::State(state)) => self.on_state(now_ms, state),
            (Freshness::Newest, _) => MessageEffect::Changed,
            (Freshness::Stale, _) => MessageEffect::Unchanged,
            (Freshness::Implausible, _) => MessageEffect::Implausible,
        }
    }

    fn on_state(&mut self, now_ms: u64, state: Box<RoomState>) -> MessageEffect {
        self.update_call(now_ms, &state);
        let is_same = self.state.as_ref().is_some_and(|before| draws_the_same(before, &state));
        self.state = Some(state);
        self.state_at_ms = now_ms;
        if self.has_shared_words() {
            self.shared_words = SharedWordsState::Held;
        }
        if is_same { MessageEffect::Unchanged } else { MessageEffect::Changed }
    }

    /// Checks a message's run and number. Only the newest message of the current run is [`Freshness::Newest`].
    fn check_head(&mut self, now_ms: u64, head: &MessageHead) -> Freshness {
        self.retired_runs.retain(|(_, until_ms)| now_ms < *until_ms);
        if self.run_id != Some(head.run_id) && !self.may_replace_run(now_ms, head.run_id) {
            return Freshness::Stale;
        }
        let index = self.runs.iter().position(|(run, _)| *run == head.run_id);
        let (tracker, freshness) = match index.and_then(|index| self.runs.remove(index)) {
            Some((_, mut tracker)) => {
                let freshness = tracker.handle_input(now_ms, head.seq);
                (tracker, freshness)
            }
            None => (SequenceTracker::new(now_ms, head.seq), Freshness::Newest),
        };
        push_bounded(&mut self.runs, (head.run_id, tracker), RUNS_MAX);
        if freshness != Freshness::Newest {
            return freshness;
        }
        if self.run_id != Some(head.run_id) {
            if let Some(before) = self.run_id.replace(head.run_id) {
                push_bounded(&mut self.retired_runs, (before, now_ms + RUN_RETIRED_MS), RUNS_MAX);
            }
            // The recorded `seq` refers to the states of the replaced run, so it means nothing to the new run.
            if matches!(self.shared_words, SharedWordsState::Cleared { .. }) {
                self.shared_words = SharedWordsState::Never;
            }
        }
        self.connection = head.connection;
        self.heard_at_ms = now_ms;
        self.is_cut_off = false;
        freshness
    }

    /// Returns whether `new` may replace the current run. A run that still sends messages is never replaced, neither by
    /// a run with an id far in the future nor by a second room with the same id.
    fn may_replace_run(&self, now_ms: u64, new: Ulid) -> bool {
        // Messages from a replaced run are ignored for `RUN_RETIRED_MS` only. A run that still sends after that time is
        // alive, so its messages must count.
        if self.retired_runs.iter().any(|(run, _)| *run == new) {
            return false;
        }
        let Some(current) = self.run_id else { return true };
        // A later run has a greater id, unless the room's disk was lost or replaced. In that case the current run must
        // have been silent for longer.
        let silence_ms = match (self.is_cut_off, new > current) {
            (true, true) => 0,
            (true, false) => SETTLE_MS,
            (false, true) => RUN_ENDED_AFTER_MS,
            (false, false) => RUN_RETIRED_MS,
        };
        now_ms >= self.heard_at_ms + silence_ms
    }

    /// Updates the calls from the newest state. A call is open if the state contains it and does not list it as
    /// cleared; it is over if the state lists it as cleared.
    fn update_call(&mut self, now_ms: u64, state: &RoomState) {
        let open = state.call.clone().filter(|call| !state.ended.contains(&call.id));
        let is_open = |id: Ulid| open.as_ref().is_some_and(|call| call.id == id);
        self.left_calls.retain(|left| !state.ended.contains(left) && !is_open(*left));
        if let Some((before, _)) = self.call.take().filter(|(before, _)| !is_open(before.id)) {
            if self.received_call.take().is_some() {
                self.send_at_ms = Some(now_ms);
            }
            if !state.ended.contains(&before.id) {
                push_bounded(&mut self.left_calls, before.id, LEFT_CALLS_MAX);
            }
        }
        self.call = open.map(|call| (call, now_ms));
    }

    fn has_shared_words(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.view.view.shared.is_some())
    }

    /// Returns whether this desk may still hold text that the patient no longer shares.
    pub(super) fn has_shared_words_to_clear(&self) -> bool {
        matches!(self.shared_words, SharedWordsState::Held) && !self.has_shared_words()
    }

    /// Drops the text that the patient shared, because the connection to the room is lost.
    pub(super) fn forget_shared_words(&mut self) {
        if let Some(state) = &mut self.state {
            state.view.view.shared = None;
        }
    }

    /// Removes an order that the room has answered. Returns its id, and the reason if the room refused it.
    pub(super) fn take_answer(&mut self) -> Option<(Ulid, Option<String>)> {
        let answers = &self.state.as_ref()?.answers;
        let answer_to = |id: Ulid| answers.iter().find(|answer| answer.order == id);
        let (index, answer) = self
            .orders
            .iter()
            .enumerate()
            .find_map(|(index, (request, _))| answer_to(request.id).map(|answer| (index, answer)))?;
        let result = (answer.order, answer.refused.clone().map(String::from));
        self.orders.remove(index);
        Some(result)
    }

    pub(super) fn is_lost(&self, now_ms: u64) -> bool {
        self.is_cut_off || now_ms >= self.heard_at_ms + SILENT_AFTER_MS
    }

    pub(super) fn status<'a>(&'a self, id: &'a RoomId, now_ms: u64) -> RoomStatus<'a> {
        let mut troubles = if self.is_lost(now_ms) { vec![RoomTrouble::Lost] } else { self.stale() };
        if self.is_unreadable {
            troubles.push(RoomTrouble::NotUnderstood);
        }
        let call = self.call.as_ref().map(|(call, since_ms)| {
            let elapsed_ms = now_ms.saturating_sub(*since_ms);
            CallState {
                placed_ago_ms: call.placed_ago_ms.saturating_add(elapsed_ms),
                phase_ago_ms: call.phase_ago_ms.saturating_add(elapsed_ms),
                ..call.clone()
            }
        });
        RoomStatus {
            id,
            name: self.state.as_ref().map_or(id.as_str(), |state| &*state.name),
            troubles,
            call,
            left: self.left_calls.iter().copied().collect(),
            view: self.state.as_ref().map(|state| &state.view.view),
            view_age_ms: now_ms.saturating_sub(self.state_at_ms),
        }
    }

    fn stale(&self) -> Vec<RoomTrouble> {
        let Some(state) = &self.state else { return Vec::new() };
        let VitalAges { loop_age_ms, frame_age_ms, audio_age_ms } = state.vitals;
        [
            (RoomTrouble::Stuck, is_stale(loop_age_ms)),
            (RoomTrouble::NotDrawing, is_stale(frame_age_ms)),
            (RoomTrouble::SoundDead, is_stale(audio_age_ms)),
            (RoomTrouble::ViewUnreadable, !state.view.is_complete),
        ]
        .into_iter()
        .filter_map(|(trouble, is_so)| is_so.then_some(trouble))
        .collect()
    }
}

fn is_stale(age_ms: Option<u64>) -> bool {
    age_ms.is_some_and(|age_ms| age_ms >= STALE_AFTER_MS)
}

/// Returns whether a page would show both states alike, in which case the newer one is a mere heartbeat.
fn draws_the_same(before: &RoomState, after: &RoomState) -> bool {
    let stale = |state: &RoomState| {
        let VitalAges { loop_age_ms, frame_age_ms, audio_age_ms } = state.vitals;
        [loop_age_ms, frame_age_ms, audio_age_ms].map(is_stale)
    };
    let call =
        |state: &RoomState| state.call.clone().map(|call| CallState { placed_ago_ms: 0, phase_ago_ms: 0, ..call });
    before.head.run_id == after.head.run_id
        && before.name == after.name
        && before.view == after.view
        && call(before) == call(after)
        && stale(before) == stale(after)
}
