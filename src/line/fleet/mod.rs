//! Owns the desk's end of a broker's line, as a pure machine: every room it hears, the call of each, what is wrong with
//! a room, and what this desk stands for toward each. Does not own pages, sockets, threads or a clock.
//!
//! A call stays on the desk until its room says by name that it was cleared. A room that comes back and no longer knows
//! of it does not end it: then a person has to go and look.

mod left_out;
mod room;

use std::collections::{BTreeMap, VecDeque};

use ulid::Ulid;

use super::message::{
    CallState, DeskBeat, DeskStance, FromRoom, NamedOrder, NotUnderstood, RoomId, VERSION, all_states, desk_beat_topic,
    read, write,
};
use super::order::Order;
use super::rarely::Rarely;
use super::view::RoomView;
use super::{BEAT_EVERY_MS, Publication, SILENT_AFTER_MS};
use left_out::LeftOut;
use room::{Room, Shared, Took};

/// A screen or a sound that has stood still for so long is dead. With a heartbeat's distance and its way it is told in
/// less than ten seconds.
pub const STALE_AFTER_MS: u64 = 7_000;
/// An order without an answer for so long was not heard.
pub const ORDER_LAPSES_AFTER_MS: u64 = 8_000;
/// More rooms than this are not shown; the desk says which, and they hear so.
pub const ROOMS_MAX: usize = 64;
/// So many orders wait for one room at most.
const ORDERS_MAX: usize = 16;

/// What is wrong with a room, as the desk sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoomTrouble {
    /// Nothing is heard of it.
    Lost,
    /// Its program stands still.
    StandsStill,
    /// Its screen is not drawing.
    NotDrawing,
    /// Its sound is dead.
    SoundDead,
    /// A part of what it says of itself cannot be read.
    ViewUnreadable,
    /// What it says cannot be read at all.
    NotUnderstood,
}

impl RoomTrouble {
    /// Its name in messages to the page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "room-lost",
            Self::StandsStill => "room-stands-still",
            Self::NotDrawing => "screen-not-drawing",
            Self::SoundDead => "sound-dead",
            Self::ViewUnreadable => "view-unreadable",
            Self::NotUnderstood => "room-not-understood",
        }
    }
}

/// What happened, for whoever shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FleetNews {
    /// Something of this room is to be drawn anew.
    Changed(RoomId),
    /// Other rooms than before are left out.
    LeftOut,
    /// An order was taken; or it was not, and why, in plain words. Without words: the room did not answer in time.
    Answered {
        /// Which order.
        order: Ulid,
        /// What became of it.
        outcome: Result<(), Option<String>>,
    },
}

/// A room as the desk shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomNow<'a> {
    /// Which.
    pub id: &'a RoomId,
    /// What it is called; its id until it has said.
    pub name: &'a str,
    /// What is wrong with it.
    pub troubles: Vec<RoomTrouble>,
    /// Its call, with its ages as they are now.
    pub call: Option<CallState>,
    /// Calls that its program no longer knows of and that nobody cleared: somebody has to look.
    pub left: Vec<Ulid>,
    /// The room as the page draws it, without its call. Its ages are those of `view_age_ms` ago.
    pub view: Option<&'a RoomView>,
    /// How old that is, in milliseconds.
    pub view_age_ms: u64,
}

/// The desk's end.
#[derive(Debug)]
pub struct Fleet {
    desk: u64,
    link: u32,
    linked: bool,
    seq: u64,
    receives: bool,
    beat_at_ms: Option<u64>,
    passed_at_ms: u64,
    rooms: BTreeMap<RoomId, Room>,
    left_out: LeftOut,
    news: VecDeque<FleetNews>,
    unreadable: Rarely,
    too_many: Rarely,
    leaps: Rarely,
    refused: Rarely,
    too_long: Rarely,
}

impl Fleet {
    /// A desk that has just come up at `now_ms`. `desk` names this run of it; `expected` are the rooms that there
    /// should be.
    #[must_use]
    pub fn new(now_ms: u64, desk: u64, expected: impl IntoIterator<Item = RoomId>) -> Self {
        let rooms = expected.into_iter().take(ROOMS_MAX).map(|room| {
            // A room that should be there and says nothing is lost after the same time as one that fell silent.
            (room, Room { heard_at_ms: now_ms, ..Room::default() })
        });
        Self {
            desk,
            link: 0,
            linked: false,
            seq: 0,
            receives: false,
            beat_at_ms: None,
            passed_at_ms: now_ms,
            rooms: rooms.collect(),
            left_out: LeftOut::default(),
            news: VecDeque::new(),
            unreadable: Rarely::default(),
            too_many: Rarely::default(),
            leaps: Rarely::default(),
            refused: Rarely::default(),
            too_long: Rarely::default(),
        }
    }

    /// This desk's name.
    #[must_use]
    pub fn desk(&self) -> u64 {
        self.desk
    }

    /// Whether the broker hears this desk.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.linked
    }

    /// When time was last carried out: a desk whose line stands still vouches for no room.
    #[must_use]
    pub fn passed_at_ms(&self) -> u64 {
        self.passed_at_ms
    }

    /// What this end listens to.
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        vec![all_states()]
    }

    /// A connection is about to be tried: the will that belongs to it.
    pub fn connecting(&mut self) -> Option<Publication> {
        self.link = self.link.saturating_add(1);
        let will = DeskBeat { gone: true, receives: false, ..self.beat() };
        let payload = write(&will)?;
        Some(Publication { topic: desk_beat_topic(self.desk), payload, retain: false, receipt: 0 })
    }

    /// The broker hears this desk: everything is said anew.
    pub fn linked(&mut self, now_ms: u64) {
        self.linked = true;
        self.beat_at_ms = Some(now_ms);
        for room in self.rooms.values_mut().filter(|room| room.received.is_some() || !room.orders.is_empty()) {
            room.stance_at_ms = Some(now_ms);
        }
        self.all_changed();
    }

    /// The broker is gone.
    pub fn unlinked(&mut self) {
        self.linked = false;
        for room in self.rooms.values_mut() {
            room.forget_shared();
        }
        self.all_changed();
    }

    /// No page here shows any more what a room's patient shared: the room hears so, if it has taken it back.
    pub fn cleared(&mut self, now_ms: u64, room: &RoomId) {
        let Some(room) = self.rooms.get_mut(room).filter(|room| room.has_to_clear()) else { return };
        let Some(state) = &room.state else { return };
        room.shared = Shared::Cleared { word: state.head.seq, at_ms: now_ms };
        room.stance_at_ms = Some(now_ms);
    }

    /// Whether this desk or one of its pages may still hold what a room's patient shared, although the room does not say
    /// it any more.
    #[must_use]
    pub fn has_to_clear(&self, room: &RoomId) -> bool {
        self.rooms.get(room).is_some_and(Room::has_to_clear)
    }

    /// Whether one of the pages is visible with its sound unlocked. Without one, nothing counts as received here.
    pub fn able(&mut self, now_ms: u64, receives: bool) {
        if self.receives == receives {
            return;
        }
        self.receives = receives;
        self.beat_at_ms = Some(now_ms);
        for room in self.rooms.values_mut() {
            if !receives && room.received.take().is_some() {
                room.stance_at_ms = Some(now_ms);
            }
        }
    }

    /// A page that is able to has drawn a call.
    ///
    /// # Errors
    /// Plain words, if there is no such call or no such page.
    pub fn received(&mut self, now_ms: u64, room: &RoomId, call: Ulid) -> Result<(), &'static str> {
        if !self.receives {
            return Err("no page here is visible with its sound on");
        }
        let room = self.rooms.get_mut(room).ok_or("there is no such room")?;
        if room.call.as_ref().is_none_or(|(open, _)| open.id != call) {
            return Err("no such call is open");
        }
        if room.received != Some(call) {
            room.received = Some(call);
            room.stance_at_ms = Some(now_ms);
        }
        Ok(())
    }

    /// The only page that had drawn a room's call is gone, while others are there: the room takes its call back, until
    /// one of them has drawn it.
    pub fn withdrawn(&mut self, now_ms: u64, room: &RoomId, call: Ulid) {
        if let Some(room) = self.rooms.get_mut(room).filter(|room| room.received == Some(call)) {
            room.received = None;
            room.withdrawn = true;
            room.stance_at_ms = Some(now_ms);
        }
    }

    /// A person asks something of a room. Its answer comes as [`FleetNews::Answered`].
    ///
    /// # Errors
    /// Plain words, if it cannot even be asked.
    pub fn order(&mut self, now_ms: u64, room: &RoomId, id: Ulid, order: Order) -> Result<(), &'static str> {
        order.event()?;
        let room = self.rooms.get_mut(room).ok_or("there is no such room")?;
        if room.orders.len() >= ORDERS_MAX {
            return Err("the room has not answered what it was asked before");
        }
        room.orders.push_back((NamedOrder { id, order }, now_ms));
        room.stance_at_ms = Some(now_ms);
        Ok(())
    }

    /// A person has looked after a call that its room no longer knew of.
    pub fn looked_after(&mut self, room: &RoomId, call: Ulid) {
        if let Some(seen) = self.rooms.get_mut(room)
            && let Some(place) = seen.left.iter().position(|left| *left == call)
        {
            seen.left.remove(place);
            self.news.push_back(FleetNews::Changed(room.clone()));
        }
    }

    /// A message came. One that cannot be read is passed over; one that was retained tells only that there is such a
    /// room, since it may be of any age.
    pub fn heard(&mut self, now_ms: u64, topic: &str, payload: &[u8], retained: bool) {
        let said = RoomId::of_state_topic(topic).ok_or(NotUnderstood::Unknown).and_then(|id| {
            let said = read::<FromRoom>(payload, |said| said.head().v)?;
            if said.head().room == id { Ok((id, said)) } else { Err(NotUnderstood::Unknown) }
        });
        let (id, said) = match said {
            Ok(said) => said,
            Err(error) => {
                if let Some(times) = self.unreadable.happened(now_ms) {
                    tracing::warn!(times, %error, "something was said on the broker that this desk does not understand");
                }
                // What was retained may be of a version that nobody runs any more.
                if let Some(id) = RoomId::of_state_topic(topic).filter(|_| !retained) {
                    self.misheard(now_ms, id);
                }
                return;
            }
        };
        let is_new = !self.rooms.contains_key(&id);
        if is_new && self.rooms.len() >= ROOMS_MAX {
            if let Some(times) = self.too_many.happened(now_ms) {
                tracing::warn!(times, room = id.as_str(), "more rooms speak on the broker than a desk can show");
            }
            if !retained && self.left_out.heard(now_ms, id, matches!(said, FromRoom::Will(_))) {
                self.news.push_back(FleetNews::LeftOut);
            }
            return;
        }
        let room = self.rooms.entry(id.clone()).or_insert(Room { heard_at_ms: now_ms, ..Room::default() });
        let took = if retained { Took::Nothing } else { room.take(now_ms, said) };
        if took == Took::Leap
            && let Some(times) = self.leaps.happened(now_ms)
        {
            tracing::warn!(times, room = id.as_str(), "a word that is not the room's own was passed over");
        }
        if is_new || took == Took::Anew {
            self.news.push_back(FleetNews::Changed(id));
        }
    }

    /// A room speaks that cannot be understood: whoever stands at the desk has to know that there is one.
    fn misheard(&mut self, now_ms: u64, id: RoomId) {
        if !self.rooms.contains_key(&id) && self.rooms.len() >= ROOMS_MAX {
            return;
        }
        let room = self.rooms.entry(id.clone()).or_insert(Room { heard_at_ms: now_ms, ..Room::default() });
        if !std::mem::replace(&mut room.is_not_understood, true) {
            self.news.push_back(FleetNews::Changed(id));
        }
    }

    /// The rooms that speak and for which there is no place, by their ids.
    #[must_use]
    pub fn left_out(&self) -> impl ExactSizeIterator<Item = &RoomId> {
        self.left_out.rooms()
    }

    /// The broker did not let something through that this desk said.
    pub fn refused(&mut self, now_ms: u64, topic: &str) {
        if let Some(times) = self.refused.happened(now_ms) {
            tracing::error!(times, topic, "the broker does not let this desk speak to a room; see its access list");
        }
    }

    /// Carries out what time alone brings: rooms that have fallen silent, orders that nobody answered.
    pub fn pass(&mut self, now_ms: u64) {
        self.passed_at_ms = now_ms;
        if self.left_out.pass(now_ms) {
            self.news.push_back(FleetNews::LeftOut);
        }
        for (id, room) in &mut self.rooms {
            let lost = room.is_lost(now_ms);
            if lost != room.told_lost {
                room.told_lost = lost;
                if lost {
                    room.forget_shared();
                }
                self.news.push_back(FleetNews::Changed(id.clone()));
            }
            while room.orders.front().is_some_and(|(_, asked)| now_ms >= asked + ORDER_LAPSES_AFTER_MS) {
                if let Some((order, _)) = room.orders.pop_front() {
                    self.news.push_back(FleetNews::Answered { order: order.id, outcome: Err(None) });
                }
            }
        }
    }

    /// What happened.
    pub fn poll_news(&mut self) -> Option<FleetNews> {
        let Self { rooms, news, .. } = self;
        for (id, room) in rooms {
            while let Some((order, refused)) = room.take_answer() {
                let outcome = refused.map_or(Ok(()), |why| Err(Some(why)));
                news.push_back(FleetNews::Answered { order, outcome });
                news.push_back(FleetNews::Changed(id.clone()));
            }
        }
        news.pop_front()
    }

    /// What is to be published next.
    pub fn poll_publication(&mut self, now_ms: u64) -> Option<Publication> {
        if !self.linked {
            return None;
        }
        if self.beat_at_ms.is_some_and(|due| now_ms >= due) {
            self.beat_at_ms = Some(now_ms + BEAT_EVERY_MS);
            self.seq += 1;
            let payload = write(&self.beat())?;
            let topic = desk_beat_topic(self.desk);
            return Some(Publication { topic, payload, retain: false, receipt: self.seq });
        }
        let bare = self.bare_stance();
        let due = self.rooms.iter_mut().find(|(_, room)| room.stance_at_ms.is_some_and(|due| now_ms >= due));
        let Some((id, room)) = due else { return self.tell_left_out() };
        self.seq += 1;
        let withdrawn = std::mem::take(&mut room.withdrawn);
        if withdrawn {
            // The room heard that nobody here receives; the beat that follows says that somebody does.
            self.beat_at_ms = Some(now_ms);
        }
        let stance = DeskStance {
            seq: self.seq,
            receives: self.receives && !withdrawn,
            received: room.received,
            orders: room.orders.iter().map(|(order, _)| order.clone()).collect(),
            cleared: if let Shared::Cleared { word, .. } = room.shared { Some(word) } else { None },
            ..bare
        };
        // Said a few times, since a word can be lost.
        let is_clearing = matches!(room.shared, Shared::Cleared { at_ms, .. } if now_ms < at_ms + SILENT_AFTER_MS);
        let goes_on = room.received.is_some() || !room.orders.is_empty() || is_clearing;
        room.stance_at_ms = goes_on.then_some(now_ms + BEAT_EVERY_MS);
        let Some(payload) = write(&stance) else {
            // Its orders lapse, and are told to have had no answer.
            if let Some(times) = self.too_long.happened(now_ms) {
                tracing::error!(times, "what this desk asks of a room is too long for the broker");
            }
            return None;
        };
        Some(Publication { topic: id.desk_topic(), payload, retain: false, receipt: self.seq })
    }

    /// When [`Fleet::pass`] or [`Fleet::poll_publication`] has something to do, if nothing happens before.
    #[must_use]
    pub fn deadline_ms(&self) -> u64 {
        let rooms = self.rooms.values().flat_map(|room| {
            let silent = (!room.told_lost).then_some(room.heard_at_ms + SILENT_AFTER_MS);
            let lapse = room.orders.front().map(|(_, asked)| asked + ORDER_LAPSES_AFTER_MS);
            let stance = room.stance_at_ms.filter(|_| self.linked);
            [silent, lapse, stance].into_iter().flatten()
        });
        let left_out = self.left_out.deadline_ms(self.linked);
        rooms.chain(left_out).chain(self.beat_at_ms.filter(|_| self.linked)).min().unwrap_or(u64::MAX)
    }

    /// Every room, by its id.
    pub fn rooms(&self, now_ms: u64) -> impl Iterator<Item = RoomNow<'_>> {
        self.rooms.iter().map(move |(id, room)| room.now(id, now_ms))
    }

    /// One room.
    #[must_use]
    pub fn room(&self, now_ms: u64, id: &RoomId) -> Option<RoomNow<'_>> {
        self.rooms.get_key_value(id).map(|(id, room)| room.now(id, now_ms))
    }

    fn beat(&self) -> DeskBeat {
        DeskBeat { v: VERSION, desk: self.desk, link: self.link, seq: self.seq, receives: self.receives, gone: false }
    }

    /// After all that the rooms wait for which are shown: the next that is to hear that it is not.
    fn tell_left_out(&mut self) -> Option<Publication> {
        let room = self.left_out.next_to_tell()?;
        self.seq += 1;
        let payload = write(&DeskStance { shows: false, ..self.bare_stance() })?;
        Some(Publication { topic: room.desk_topic(), payload, retain: false, receipt: self.seq })
    }

    /// What a desk stands for toward a room of which it has nothing.
    fn bare_stance(&self) -> DeskStance {
        DeskStance {
            v: VERSION,
            desk: self.desk,
            link: self.link,
            seq: self.seq,
            receives: false,
            received: None,
            orders: Vec::new(),
            cleared: None,
            shows: true,
        }
    }

    fn all_changed(&mut self) {
        self.news.extend(self.rooms.keys().cloned().map(FleetNews::Changed));
    }
}
