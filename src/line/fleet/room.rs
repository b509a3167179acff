//! Owns what a desk knows of one room: which run of its program speaks, how it stood last, its call, and what this desk
//! stands for toward it. Does not own what is sent.

use std::collections::VecDeque;

use ulid::Ulid;

use super::super::SILENT_AFTER_MS;
use super::super::message::{CallState, FromRoom, Head, NamedOrder, RoomId, RoomState};
use super::super::sequence::{Sequence, Word};
use super::{RoomNow, RoomTrouble, STALE_AFTER_MS};

/// After a room's will, so long until all that was on its way has come, in milliseconds.
const SETTLES_AFTER_MS: u64 = 4_000;
/// A run that has said nothing for so long, without a will of it, no longer speaks: it beats more often.
const SPEAKS_WITHIN_MS: u64 = 2_500;
/// An earlier run is believed again once the later one has been silent for so long, and no sooner after that one took its
/// place: what was on its way from it until then counts no more.
const PASSED_AFTER_MS: u64 = 5_000;
/// So many runs of a room's program are told apart.
const BOOTS_MAX: usize = 8;
/// So many calls that a room no longer knows of are kept for a person to look at.
const LEFT_MAX: usize = 4;

/// What a room's patient shared, as far as this desk and its pages hold it.
#[derive(Debug, Default)]
pub(super) enum Shared {
    /// Nothing was ever shared.
    #[default]
    Never,
    /// It is here, or one of the pages may still show it.
    Held,
    /// Nothing of it is left since that word of this run; from when on the room hears so.
    Cleared { word: u64, at_ms: u64 },
}

/// What a word of a room came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Took {
    /// There is something to draw anew.
    Anew,
    /// There is not.
    Nothing,
    /// It was not the room's own, and is passed over.
    Leap,
}

#[derive(Debug, Default)]
// Each is a plain fact of its own, true or not at the same time as any other.
#[allow(clippy::struct_excessive_bools)]
pub(super) struct Room {
    pub(super) boot: Option<Ulid>,
    /// The words of each run, the one that spoke last at the end.
    pub(super) runs: VecDeque<(Ulid, Sequence)>,
    /// Runs that others have followed, and until when their late words do not count.
    pub(super) retired: VecDeque<(Ulid, u64)>,
    pub(super) link: u32,
    pub(super) heard_at_ms: u64,
    pub(super) cut: bool,
    pub(super) told_lost: bool,
    /// Whether the last that it said could not be read.
    pub(super) is_not_understood: bool,
    pub(super) state: Option<Box<RoomState>>,
    pub(super) state_at_ms: u64,
    /// The open call; it outlives a state that says nothing of it.
    pub(super) call: Option<(CallState, u64)>,
    pub(super) left: VecDeque<Ulid>,
    pub(super) received: Option<Ulid>,
    /// Whether the room is to hear, once, that nobody here has its call any more.
    pub(super) withdrawn: bool,
    pub(super) orders: VecDeque<(NamedOrder, u64)>,
    /// What the patient shared, as far as this desk and its pages hold it.
    pub(super) shared: Shared,
    /// When this desk's stance is due; none while it has nothing to say.
    pub(super) stance_at_ms: Option<u64>,
}

impl Room {
    /// Takes in what the room said.
    pub(super) fn take(&mut self, now_ms: u64, said: FromRoom) -> Took {
        let took = self.takes(now_ms, said);
        let is_understood_again = took != Took::Leap && std::mem::take(&mut self.is_not_understood);
        if is_understood_again { Took::Anew } else { took }
    }

    fn takes(&mut self, now_ms: u64, said: FromRoom) -> Took {
        let word = match &said {
            // A will may arrive after its room has connected anew: it belongs to the connection before.
            FromRoom::Will(head) if self.boot == Some(head.boot) && head.link >= self.link => {
                let is_new = !std::mem::replace(&mut self.cut, true);
                return if is_new { Took::Anew } else { Took::Nothing };
            }
            FromRoom::Will(_) => return Took::Nothing,
            FromRoom::Birth(head) => self.follow(now_ms, head),
            FromRoom::State(state) => self.follow(now_ms, &state.head),
        };
        match (word, said) {
            (Word::News, FromRoom::State(state)) => self.take_state(now_ms, state),
            (Word::News, _) => Took::Anew,
            (Word::Old, _) => Took::Nothing,
            (Word::Leaps, _) => Took::Leap,
        }
    }

    fn take_state(&mut self, now_ms: u64, state: Box<RoomState>) -> Took {
        self.take_call(now_ms, &state);
        let same = self.state.as_ref().is_some_and(|before| says_the_same(before, &state));
        self.state = Some(state);
        self.state_at_ms = now_ms;
        if self.shares() {
            self.shared = Shared::Held;
        }
        if same { Took::Nothing } else { Took::Anew }
    }

    /// Follows the words of each run: only the newest word of the run that counts is news.
    fn follow(&mut self, now_ms: u64, head: &Head) -> Word {
        self.retired.retain(|(_, until_ms)| now_ms < *until_ms);
        if self.boot != Some(head.boot) && !self.gives_way(now_ms, head.boot) {
            return Word::Old;
        }
        let known = self.runs.iter().position(|(boot, _)| *boot == head.boot).and_then(|place| self.runs.remove(place));
        let (words, word) = match known {
            Some((_, mut words)) => {
                let word = words.take(now_ms, head.seq);
                (words, word)
            }
            None => (Sequence::from(now_ms, head.seq), Word::News),
        };
        keep(&mut self.runs, (head.boot, words), BOOTS_MAX);
        if word != Word::News {
            return word;
        }
        if self.boot != Some(head.boot) {
            if let Some(before) = self.boot.replace(head.boot) {
                keep(&mut self.retired, (before, now_ms + PASSED_AFTER_MS), BOOTS_MAX);
            }
            if matches!(self.shared, Shared::Cleared { .. }) {
                self.shared = Shared::Never;
            }
        }
        self.link = head.link;
        self.heard_at_ms = now_ms;
        self.cut = false;
        word
    }

    /// Whether the run that is believed gives way to this one. One that still speaks does to none: a name that lies in the
    /// far future, or a second room of the same id, must not push it out.
    fn gives_way(&self, now_ms: u64, to: Ulid) -> bool {
        // What is still on its way from a run that another has followed counts no more. Only for a while: if it lives
        // after all, it must be heard.
        if self.retired.iter().any(|(boot, _)| *boot == to) {
            return false;
        }
        // A later run has a later name, unless the room's disk was lost or exchanged: then the run before has to fall
        // silent for longer.
        let is_later = self.boot.is_none_or(|boot| to > boot);
        let silent_for_ms = match (self.cut, is_later) {
            (true, true) => 0,
            (true, false) => SETTLES_AFTER_MS,
            (false, true) => SPEAKS_WITHIN_MS,
            (false, false) => PASSED_AFTER_MS,
        };
        self.boot.is_none() || now_ms >= self.heard_at_ms + silent_for_ms
    }

    /// The newest word counts: a call is open if it says so, and over if it says that by name.
    fn take_call(&mut self, now_ms: u64, state: &RoomState) {
        let open = state.call.clone().filter(|call| !state.ended.contains(&call.id));
        let is_open = |id: Ulid| open.as_ref().is_some_and(|call| call.id == id);
        self.left.retain(|left| !state.ended.contains(left) && !is_open(*left));
        if let Some((before, _)) = self.call.take().filter(|(before, _)| !is_open(before.id)) {
            if self.received.take().is_some() {
                self.stance_at_ms = Some(now_ms);
            }
            if !state.ended.contains(&before.id) {
                keep(&mut self.left, before.id, LEFT_MAX);
            }
        }
        self.call = open.map(|call| (call, now_ms));
    }

    /// Whether what the patient shared is part of what the room said last.
    pub(super) fn shares(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.view.read.shared.is_some())
    }

    /// Whether the room does not say any more what may still be held here.
    pub(super) fn has_to_clear(&self) -> bool {
        matches!(self.shared, Shared::Held) && !self.shares()
    }

    /// What the patient shared does not outlive the moment from which the room is not heard. False if there was nothing.
    pub(super) fn forget_shared(&mut self) -> bool {
        self.state.as_mut().is_some_and(|state| state.view.read.shared.take().is_some())
    }

    /// An order that the room has answered.
    pub(super) fn take_answer(&mut self) -> Option<(Ulid, Option<String>)> {
        let answers = &self.state.as_ref()?.answers;
        let answer_to = |order: &Ulid| answers.iter().find(|answer| answer.order == *order);
        let place = self.orders.iter().position(|(order, _)| answer_to(&order.id).is_some())?;
        let (order, _) = self.orders.remove(place)?;
        let answers = &self.state.as_ref()?.answers;
        let answer = answers.iter().find(|answer| answer.order == order.id)?;
        Some((order.id, answer.refused.clone().map(String::from)))
    }

    pub(super) fn is_lost(&self, now_ms: u64) -> bool {
        self.cut || now_ms >= self.heard_at_ms + SILENT_AFTER_MS
    }

    pub(super) fn now<'a>(&'a self, id: &'a RoomId, now_ms: u64) -> RoomNow<'a> {
        let mut troubles = if self.is_lost(now_ms) { vec![RoomTrouble::Lost] } else { self.stale() };
        if self.is_not_understood {
            troubles.push(RoomTrouble::NotUnderstood);
        }
        let call = self.call.as_ref().map(|(call, since_ms)| {
            let more_ms = now_ms.saturating_sub(*since_ms);
            CallState {
                placed_ago_ms: call.placed_ago_ms.saturating_add(more_ms),
                phase_ago_ms: call.phase_ago_ms.saturating_add(more_ms),
                ..call.clone()
            }
        });
        RoomNow {
            id,
            name: self.state.as_ref().map_or(id.as_str(), |state| &*state.name),
            troubles,
            call,
            left: self.left.iter().copied().collect(),
            view: self.state.as_ref().map(|state| &state.view.read),
            view_age_ms: now_ms.saturating_sub(self.state_at_ms),
        }
    }

    fn stale(&self) -> Vec<RoomTrouble> {
        let Some(state) = &self.state else { return Vec::new() };
        let old = |age_ms: Option<u64>| age_ms.is_some_and(|age_ms| age_ms >= STALE_AFTER_MS);
        [
            (RoomTrouble::StandsStill, old(state.vitals.loop_age_ms)),
            (RoomTrouble::NotDrawing, old(state.vitals.frame_age_ms)),
            (RoomTrouble::SoundDead, old(state.vitals.audio_age_ms)),
            (RoomTrouble::ViewUnreadable, !state.view.is_whole),
        ]
        .into_iter()
        .filter_map(|(trouble, is_so)| is_so.then_some(trouble))
        .collect()
    }
}

/// Whether two states draw the same: a heartbeat is no change.
fn says_the_same(before: &RoomState, after: &RoomState) -> bool {
    let ages = |state: &RoomState| {
        let vitals = state.vitals;
        [vitals.loop_age_ms, vitals.frame_age_ms, vitals.audio_age_ms]
            .map(|age_ms| age_ms.is_some_and(|age_ms| age_ms >= STALE_AFTER_MS))
    };
    let call =
        |state: &RoomState| state.call.clone().map(|call| CallState { placed_ago_ms: 0, phase_ago_ms: 0, ..call });
    before.head.boot == after.head.boot
        && before.name == after.name
        && before.view == after.view
        && call(before) == call(after)
        && ages(before) == ages(after)
}

/// Keeps the newest.
fn keep<T>(things: &mut VecDeque<T>, thing: T, max: usize) {
    if things.len() >= max {
        things.pop_front();
    }
    things.push_back(thing);
}
