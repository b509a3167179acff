//! Owns the room's end of a broker's line, as a pure machine: what it says and when, which desks it hears, and the
//! events that makes. It is the outbox: the whole state goes out again every two seconds, whatever a broker
//! acknowledged, so that a call reaches a desk as soon as there is a way. Does not own sockets, threads or a clock.

mod known;
mod words;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ulid::Ulid;

use super::message::{
    CallState, DeskBeat, DeskStance, FromRoom, Head, NotUnderstood, OrderAnswer, Phase, RoomId, RoomState, VERSION,
    all_desks, is_desk_beat, read, write,
};
use super::rarely::Rarely;
use super::sequence::{Sequence, Word};
use super::view::{SaidView, Words};
use super::{BEAT_EVERY_MS, Publication, SILENT_AFTER_MS};
use crate::room::Event;
use crate::room::call::{CallId, DeskId};
use known::{Desk, Offered, keep};
pub use words::{Keeping, Tell, Told};

/// What is not urgent is said so long after the last word at the soonest: typing must not flood the broker.
const UNHURRIED_AFTER_MS: u64 = 200;
/// More desks than this are passed over.
const DESKS_MAX: usize = 64;
/// So many orders are remembered, so that none is taken twice.
const ORDERS_MAX: usize = 64;
/// So many answers are said again and again, so that every desk hears its own.
const ANSWERS_MAX: usize = 16;
/// So many ended calls are named, so that every desk hears that they were cleared.
const ENDED_MAX: usize = 16;
/// So much may wait to be told to the room. Beyond it no desk is heard: it says all that it stands for again.
const TELLS_MAX: usize = 64;
/// So many words may wait for the broker's acknowledgement; the newest state makes the others needless.
const IN_FLIGHT_MAX: usize = 8;

/// The room's end.
// Each is a plain fact of its own, true or not at the same time as any other.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug)]
pub struct RoomEnd {
    room: RoomId,
    boot: Ulid,
    link: u32,
    linked: bool,
    seq: u64,
    birth_due: bool,
    urgent: bool,
    changed: bool,
    said_at_ms: u64,
    offered: Option<Offered>,
    ended: VecDeque<Ulid>,
    desks: BTreeMap<u64, Desk>,
    orders: VecDeque<Ulid>,
    answers: VecDeque<OrderAnswer>,
    in_flight: VecDeque<(u64, Option<Ulid>)>,
    tells: VecDeque<Tell>,
    /// Whether what the patient shared is part of what was said last; and the word since which it is not.
    shares: bool,
    unshared_since: Option<u64>,
    /// Desks that have not said yet that nothing of it is left there.
    keepers: BTreeSet<u64>,
    keepings: VecDeque<Keeping>,
    namesake_heard_at_ms: Option<u64>,
    unreadable: Rarely,
    too_many: Rarely,
    leaps: Rarely,
    unheard: Rarely,
    too_long: Rarely,
}

impl RoomEnd {
    /// The end of a room whose program has just come up. `boot` names this run; `ended` are the calls that were cleared
    /// last, as far as the journal knows.
    #[must_use]
    pub fn new(room: RoomId, boot: Ulid, ended: impl IntoIterator<Item = CallId>) -> Self {
        let mut end = Self {
            room,
            boot,
            link: 0,
            linked: false,
            seq: 0,
            birth_due: false,
            urgent: false,
            changed: false,
            said_at_ms: 0,
            offered: None,
            ended: VecDeque::new(),
            desks: BTreeMap::new(),
            orders: VecDeque::new(),
            answers: VecDeque::new(),
            in_flight: VecDeque::new(),
            tells: VecDeque::new(),
            shares: false,
            unshared_since: None,
            keepers: BTreeSet::new(),
            keepings: VecDeque::new(),
            namesake_heard_at_ms: None,
            unreadable: Rarely::default(),
            too_many: Rarely::default(),
            leaps: Rarely::default(),
            unheard: Rarely::default(),
            too_long: Rarely::default(),
        };
        for call in ended {
            keep(&mut end.ended, Ulid(call.0), ENDED_MAX);
        }
        end
    }

    /// What this end listens to: its desks, and whether another room goes by its name.
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        vec![self.room.desk_topic(), all_desks(), self.room.state_topic()]
    }

    /// Whether another room goes by this room's name, so that a desk takes the two for one.
    #[must_use]
    pub fn has_namesake(&self) -> bool {
        self.namesake_heard_at_ms.is_some()
    }

    /// Whether a desk has said that it has no place for this room.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.desks.values().any(|desk| desk.hides_until_ms > 0)
    }

    /// A connection is about to be tried: the will that belongs to it.
    pub fn connecting(&mut self) -> Option<Publication> {
        self.link = self.link.saturating_add(1);
        let payload = write(&FromRoom::Will(self.head()))?;
        Some(Publication { topic: self.room.state_topic(), payload, retain: true, receipt: 0 })
    }

    /// The broker hears this room.
    pub fn linked(&mut self) {
        self.linked = true;
        self.birth_due = true;
        self.urgent = true;
        self.in_flight.clear();
    }

    /// The broker is gone.
    pub fn unlinked(&mut self) {
        self.linked = false;
        self.in_flight.clear();
        let lost = std::mem::take(&mut self.keepers);
        self.keepings.extend(lost.into_iter().map(|desk| Keeping::Lost(DeskId(desk))));
    }

    /// What became of what the patient shared, next.
    pub fn poll_keeping(&mut self) -> Option<Keeping> {
        self.keepings.pop_front()
    }

    /// A call goes out, or rings anew: at once, before the room shows it.
    pub fn offer(&mut self, now_ms: u64, id: CallId, practice: bool, presses: u32) {
        let id = Ulid(id.0);
        let at_ms = self.offered.filter(|offered| offered.id == id).map_or(now_ms, |offered| offered.at_ms);
        self.offered = Some(Offered { id, practice, presses, at_ms });
        self.urgent = true;
    }

    /// A call was cleared.
    pub fn end(&mut self, id: CallId) {
        let id = Ulid(id.0);
        if self.offered.is_some_and(|offered| offered.id == id) {
            self.offered = None;
        }
        if !self.ended.contains(&id) {
            keep(&mut self.ended, id, ENDED_MAX);
        }
        self.urgent = true;
    }

    /// Something of the room changed; `urgent` where a call did.
    pub fn changed(&mut self, urgent: bool) {
        self.changed = true;
        self.urgent |= urgent;
    }

    /// What the room made of an order.
    pub fn answered(&mut self, order: Ulid, refused: Option<String>) {
        keep(&mut self.answers, OrderAnswer { order, refused: refused.map(Words::from) }, ANSWERS_MAX);
        self.urgent = true;
    }

    /// The broker acknowledged a publication. `heard` says whether anybody listens there.
    pub fn acknowledged(&mut self, receipt: u64, heard: bool) {
        let Some(place) = self.in_flight.iter().position(|(known, _)| *known == receipt) else { return };
        if let Some((_, Some(call))) = self.in_flight.remove(place)
            && heard
            && self.tells.len() < TELLS_MAX
            && self.offered.is_none_or(|offered| offered.id == call)
            && !self.ended.contains(&call)
        {
            self.tell(Event::CallSent { id: CallId(call.0) }, None);
        }
    }

    /// A message came. One that cannot be read is passed over.
    pub fn heard(&mut self, now_ms: u64, topic: &str, payload: &[u8]) {
        let heard = if topic == self.room.state_topic() {
            read::<FromRoom>(payload, |said| said.head().v).map(|said| self.heard_own_name(now_ms, &said))
        } else if self.tells.len() >= TELLS_MAX {
            if let Some(times) = self.unheard.happened(now_ms) {
                tracing::warn!(times, "desks say more than the room can take in, and are not heard for a moment");
            }
            Ok(())
        } else if is_desk_beat(topic) {
            read::<DeskBeat>(payload, |beat| beat.v).map(|beat| self.heard_beat(now_ms, &beat))
        } else if topic == self.room.desk_topic() {
            read::<DeskStance>(payload, |stance| stance.v).map(|stance| self.heard_stance(now_ms, stance))
        } else {
            Err(NotUnderstood::Unknown)
        };
        if let Err(error) = heard
            && let Some(times) = self.unreadable.happened(now_ms)
        {
            tracing::warn!(times, %error, "something was said on the broker that this room does not understand");
        }
    }

    /// Somebody spoke in this room's name. Its own words do not come back to it, but for the will of a connection before.
    fn heard_own_name(&mut self, now_ms: u64, said: &FromRoom) {
        let head = said.head();
        let is_this_run = head.boot == self.boot;
        match said {
            FromRoom::State(_) if !is_this_run || head.seq > self.seq => self.namesake_heard_at_ms = Some(now_ms),
            FromRoom::Birth(_) if is_this_run && head.seq > self.seq => self.namesake_heard_at_ms = Some(now_ms),
            // It is not gone, and the desks are to hear so before the next beat.
            FromRoom::Will(_) if is_this_run && head.link >= self.link => self.changed |= self.linked,
            _ => {}
        }
    }

    fn heard_beat(&mut self, now_ms: u64, beat: &DeskBeat) {
        if !beat.gone {
            let hides = self.desks.get(&beat.desk).is_some_and(|desk| desk.hides_until_ms > 0);
            self.see(now_ms, beat.desk, beat.link, beat.seq, beat.receives && !hides);
            return;
        }
        // A will may arrive after its desk has connected anew: it belongs to the connection before.
        let Some(desk) = self.desks.get_mut(&beat.desk).filter(|desk| desk.link <= beat.link) else { return };
        desk.hides_until_ms = 0;
        if std::mem::take(&mut desk.receives) {
            self.tell(Event::DeskGone { desk: DeskId(beat.desk) }, None);
        }
        self.is_gone(beat.desk);
    }

    fn heard_stance(&mut self, now_ms: u64, stance: DeskStance) {
        self.see(now_ms, stance.desk, stance.link, stance.seq, stance.receives && stance.shows);
        let Some(desk) = self.desks.get_mut(&stance.desk) else { return };
        let word = match &mut desk.stances {
            Some(stances) => stances.take(now_ms, stance.seq),
            none => {
                *none = Some(Sequence::from(now_ms, stance.seq));
                Word::News
            }
        };
        if word != Word::News {
            return;
        }
        desk.hides_until_ms = if stance.shows { 0 } else { now_ms + SILENT_AFTER_MS };
        if !stance.shows && self.keepers.remove(&stance.desk) {
            // It passes over all that this room says, so nothing of it was ever there.
            self.keepings.push_back(Keeping::ForgottenBy(DeskId(stance.desk)));
        }
        let receives = desk.receives;
        if let (Some(cleared), Some(since)) = (stance.cleared, self.unshared_since)
            // It speaks of a word that was said, or it is not the desk's own.
            && (since..=self.seq).contains(&cleared)
            && self.keepers.remove(&stance.desk)
        {
            self.keepings.push_back(Keeping::ForgottenBy(DeskId(stance.desk)));
        }
        if let Some(call) = stance.received.filter(|call| receives && !self.ended.contains(call)) {
            self.tell(Event::CallReceived { id: CallId(call.0), desk: DeskId(stance.desk) }, None);
        }
        for named in stance.orders.into_iter().take(ORDERS_MAX) {
            if self.orders.contains(&named.id) {
                continue;
            }
            keep(&mut self.orders, named.id, ORDERS_MAX);
            match named.order.event() {
                Ok(event) => self.tell(event, Some(named.id)),
                Err(why) => self.answered(named.id, Some(why.to_owned())),
            }
        }
    }

    /// Takes in that a desk lives. A word that came before, or twice, or leaps, proves nothing.
    fn see(&mut self, now_ms: u64, desk: u64, link: u32, seq: u64, receives: bool) {
        let is_new = !self.desks.contains_key(&desk);
        if is_new && !self.makes_place() {
            if let Some(times) = self.too_many.happened(now_ms) {
                tracing::warn!(times, "more desks speak on the broker than a room can hear; close some");
            }
            return;
        }
        let words = Sequence::from(now_ms, seq);
        let fresh = Desk { link, words, stances: None, receives: false, heard_at_ms: now_ms, hides_until_ms: 0 };
        let known = self.desks.entry(desk).or_insert(fresh);
        let word = if is_new { Word::News } else { known.words.take(now_ms, seq) };
        if word == Word::Leaps
            && let Some(times) = self.leaps.happened(now_ms)
        {
            tracing::warn!(times, "a word that is not the desk's own was passed over");
        }
        if word != Word::News {
            return;
        }
        let before = std::mem::replace(&mut known.receives, receives);
        (known.link, known.heard_at_ms) = (link.max(known.link), now_ms);
        let hides = known.hides_until_ms > 0;
        // Whoever joins is told at once how the room stands.
        self.urgent |= is_new;
        if self.shares && !hides {
            self.keeps(desk);
        }
        match (before, receives) {
            (false, true) => self.tell(Event::DeskSeen { desk: DeskId(desk) }, None),
            (true, false) => self.tell(Event::DeskGone { desk: DeskId(desk) }, None),
            _ => {}
        }
    }

    /// Forgets the desk that has been silent longest, if there are too many. A desk that receives is never forgotten.
    fn makes_place(&mut self) -> bool {
        if self.desks.len() < DESKS_MAX {
            return true;
        }
        let silent = self.desks.iter().filter(|(_, desk)| !desk.receives).min_by_key(|(_, desk)| desk.heard_at_ms);
        let silent = silent.map(|(name, _)| *name);
        silent.is_some_and(|name| self.desks.remove(&name).is_some())
    }

    /// Carries out what time alone brings: desks that have fallen silent.
    pub fn pass(&mut self, now_ms: u64) {
        self.namesake_heard_at_ms = self.namesake_heard_at_ms.filter(|heard| now_ms < heard + SILENT_AFTER_MS);
        let mut gone = Vec::new();
        for (name, desk) in &mut self.desks {
            if now_ms >= desk.hides_until_ms {
                desk.hides_until_ms = 0;
            }
            if desk.receives && now_ms >= desk.heard_at_ms + SILENT_AFTER_MS {
                desk.receives = false;
                gone.push(*name);
            }
        }
        for desk in gone {
            self.tell(Event::DeskGone { desk: DeskId(desk) }, None);
        }
        let silent = |desk: &u64| self.desks.get(desk).is_none_or(|desk| now_ms >= desk.heard_at_ms + SILENT_AFTER_MS);
        let silent: Vec<u64> = self.keepers.iter().copied().filter(silent).collect();
        for desk in silent {
            self.is_gone(desk);
        }
    }

    /// What the room is to be told next.
    pub fn poll_tell(&mut self) -> Option<Tell> {
        self.tells.pop_front()
    }

    /// What is to be published next. `told` is asked only if something is.
    pub fn poll_publication(&mut self, now_ms: u64, told: impl FnOnce() -> Told) -> Option<Publication> {
        if !self.linked || now_ms < self.due_at_ms() || self.in_flight.len() >= IN_FLIGHT_MAX {
            return None;
        }
        self.seq += 1;
        let head = self.head();
        if self.birth_due {
            self.birth_due = false;
            return self.publication(&FromRoom::Birth(head), true, None);
        }
        (self.urgent, self.changed, self.said_at_ms) = (false, false, now_ms);
        let told = told();
        let shares = told.view.shared.is_some();
        if shares {
            let known = self.desks.iter().filter(|(_, desk)| desk.hides_until_ms == 0);
            let known: Vec<u64> = known.map(|(name, _)| *name).collect();
            for desk in known {
                self.keeps(desk);
            }
            self.unshared_since = None;
        } else if self.shares {
            self.unshared_since = Some(self.seq);
        }
        self.shares = shares;
        let call = self.call(now_ms, told.call);
        let named = call.as_ref().map(|call| call.id);
        let mut state = RoomState {
            head,
            name: told.name.into(),
            vitals: told.vitals,
            call,
            ended: self.ended.iter().copied().collect(),
            answers: self.answers.iter().cloned().collect(),
            view: told.view.into(),
        };
        let said = FromRoom::State(Box::new(state.clone()));
        self.publication(&said, false, named).or_else(|| {
            // Whatever makes it too long, the call goes out.
            if let Some(times) = self.too_long.happened(now_ms) {
                tracing::error!(
                    times,
                    "how the room stands is too long for the broker; the desk hears of its call only"
                );
            }
            state.view = SaidView::default();
            self.publication(&FromRoom::State(Box::new(state)), false, named)
        })
    }

    /// When [`RoomEnd::pass`] or [`RoomEnd::poll_publication`] has something to do, if nothing happens before.
    #[must_use]
    pub fn deadline_ms(&self) -> u64 {
        let silent = self.desks.values().filter(|desk| desk.receives).map(|desk| desk.heard_at_ms + SILENT_AFTER_MS);
        let due = (self.linked && self.in_flight.len() < IN_FLIGHT_MAX).then(|| self.due_at_ms());
        let namesake = self.namesake_heard_at_ms.map(|heard| heard + SILENT_AFTER_MS);
        let keepers = self.keepers.iter().filter_map(|desk| self.desks.get(desk));
        let keepers = keepers.map(|desk| desk.heard_at_ms + SILENT_AFTER_MS);
        let hides = self.desks.values().map(|desk| desk.hides_until_ms).filter(|until| *until > 0);
        silent.chain(due).chain(hides).chain(namesake).chain(keepers).min().unwrap_or(u64::MAX)
    }

    fn due_at_ms(&self) -> u64 {
        match (self.birth_due || self.urgent, self.changed) {
            (true, _) => 0,
            (false, true) => self.said_at_ms + UNHURRIED_AFTER_MS,
            (false, false) => self.said_at_ms + BEAT_EVERY_MS,
        }
    }

    /// The call as it goes out: the one that was offered last, even if the room does not show it yet; never one that
    /// has ended, even if the room's picture is older than its end.
    fn call(&self, now_ms: u64, shown: Option<CallState>) -> Option<CallState> {
        let shown = shown.filter(|call| !self.ended.contains(&call.id));
        let Some(offered) = self.offered else { return shown };
        if let Some(mut call) = shown.filter(|call| call.id == offered.id) {
            call.presses = call.presses.max(offered.presses);
            return Some(call);
        }
        let age_ms = now_ms.saturating_sub(offered.at_ms);
        Some(CallState {
            id: offered.id,
            practice: offered.practice,
            phase: Phase::Placed,
            placed_ago_ms: age_ms,
            phase_ago_ms: age_ms,
            name: None,
            presses: offered.presses,
            line_down_told: false,
            risen: false,
            escalated: false,
            journaled: false,
        })
    }

    fn publication(&mut self, said: &FromRoom, retain: bool, call: Option<Ulid>) -> Option<Publication> {
        let payload = write(said)?;
        self.in_flight.push_back((self.seq, call));
        Some(Publication { topic: self.room.state_topic(), payload, retain, receipt: self.seq })
    }

    fn head(&self) -> Head {
        Head { v: VERSION, room: self.room.clone(), boot: self.boot, link: self.link, seq: self.seq }
    }

    fn keeps(&mut self, desk: u64) {
        if self.keepers.insert(desk) {
            self.keepings.push_back(Keeping::SentTo(DeskId(desk)));
        }
    }

    fn is_gone(&mut self, desk: u64) {
        if self.keepers.remove(&desk) {
            self.keepings.push_back(Keeping::Lost(DeskId(desk)));
        }
    }

    fn tell(&mut self, event: Event, order: Option<Ulid>) {
        self.tells.push_back(Tell { event, order });
    }
}

#[cfg(test)]
mod tests;
