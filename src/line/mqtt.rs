//! Owns the two lines over a broker, each as it is opened: a room's and a desk's. Does not own what they say
//! ([`super::room_end`], [`super::fleet`]) nor how it travels ([`super::link`]).

use ulid::Ulid;

use super::Publication;
use super::broker::Broker;
use super::fleet::{Fleet, FleetNews};
use super::link::{End, Line, News};
use super::message::RoomId;
use super::room_end::{Keeping, RoomEnd, Tell, Told};
use crate::room::call::CallId;

/// Says how the room stands at this moment. Called on the line's thread; it must not block, nor move the line.
pub type Source = Box<dyn FnMut() -> Told + Send>;

/// What a room's line says.
#[derive(Debug)]
pub enum RoomNews {
    /// The room is to be told; [`RoomLine::took`] says that it was. If it came from an order, the room's answer goes back
    /// with [`RoomLine::answered`].
    Tell(Tell),
    /// Another room goes by this room's id, or does no more.
    Namesake(bool),
    /// A desk has no place for this room, or none has said so any more.
    Hidden(bool),
    /// What became of what the patient shared.
    Keeping(Keeping),
}

/// So much may be on its way to the room; the rest waits at the line, which then hears no desk.
const ON_THEIR_WAY_MAX: usize = 64;

/// A room's line to a broker. None of its verbs waits for the broker.
pub struct RoomLine(Line<RoomSide>);

/// The room's end and what it speaks of.
pub struct RoomSide {
    end: RoomEnd,
    source: Source,
    is_private: bool,
    namesake_told: bool,
    hidden_told: bool,
    on_their_way: usize,
}

impl RoomLine {
    /// Opens the line. `run` names this run of the program, and sorts after every run before it; `ended` are the calls
    /// that the journal knows to have been cleared last.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn open(
        room: RoomId,
        broker: Broker,
        run: Ulid,
        ended: impl IntoIterator<Item = CallId>,
        source: Source,
        on_news: impl FnMut(News<RoomNews>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let is_private = broker.url.is_private();
        let end = RoomEnd::new(room, run, ended);
        let side = RoomSide { end, source, is_private, namesake_told: false, hidden_told: false, on_their_way: 0 };
        Line::open(side, broker, on_news).map(Self)
    }

    /// A call goes out, or rings anew; at once, whether the room shows it yet or not.
    pub fn offer(&self, id: CallId, practice: bool, presses: u32) {
        self.0.with(|side, now_ms| side.end.offer(now_ms, id, practice, presses));
    }

    /// A call was cleared.
    pub fn end(&self, id: CallId) {
        self.0.with(|side, _| side.end.end(id));
    }

    /// Something of the room changed; `urgent` where a call did.
    pub fn changed(&self, urgent: bool) {
        self.0.with(|side, _| side.end.changed(urgent));
    }

    /// The room has taken in one [`RoomNews::Tell`], or refused it; each has to be said, or the line stops telling.
    pub fn took(&self) {
        self.0.with(|side, _| side.on_their_way = side.on_their_way.saturating_sub(1));
    }

    /// What the room made of an order.
    pub fn answered(&self, order: Ulid, refused: Option<String>) {
        self.0.with(|side, _| side.end.answered(order, refused));
    }
}

impl End for RoomSide {
    type News = RoomNews;

    fn topics(&self) -> Vec<String> {
        self.end.topics()
    }

    fn connecting(&mut self) -> Option<Publication> {
        self.end.connecting()
    }

    fn linked(&mut self, _now_ms: u64) {
        self.end.linked();
    }

    fn unlinked(&mut self) {
        self.end.unlinked();
    }

    fn heard(&mut self, now_ms: u64, topic: &str, payload: &[u8], retained: bool) {
        if !retained {
            self.end.heard(now_ms, topic, payload);
        }
    }

    fn acknowledged(&mut self, receipt: u64, heard: bool) {
        self.end.acknowledged(receipt, heard);
    }

    /// A room that may not say how it stands has no line.
    fn refused(&mut self, _now_ms: u64, receipt: u64, _topic: &str) -> bool {
        self.end.acknowledged(receipt, false);
        true
    }

    fn pass(&mut self, now_ms: u64) {
        self.end.pass(now_ms);
    }

    fn poll_publication(&mut self, now_ms: u64) -> Option<Publication> {
        let Self { end, source, is_private, .. } = self;
        end.poll_publication(now_ms, || {
            let mut told = source();
            // What a patient shared is for the desk alone: it does not travel where others can read along.
            told.view.shared = told.view.shared.filter(|_| *is_private);
            told
        })
    }

    fn poll_news(&mut self) -> Option<RoomNews> {
        let namesake = self.end.has_namesake();
        if namesake != self.namesake_told {
            self.namesake_told = namesake;
            return Some(RoomNews::Namesake(namesake));
        }
        let hidden = self.end.is_hidden();
        if hidden != self.hidden_told {
            self.hidden_told = hidden;
            return Some(RoomNews::Hidden(hidden));
        }
        if let Some(keeping) = self.end.poll_keeping() {
            return Some(RoomNews::Keeping(keeping));
        }
        if self.on_their_way >= ON_THEIR_WAY_MAX {
            return None;
        }
        let tell = self.end.poll_tell()?;
        self.on_their_way += 1;
        Some(RoomNews::Tell(tell))
    }

    fn deadline_ms(&self) -> u64 {
        self.end.deadline_ms()
    }
}

/// A desk's line to a broker.
pub type DeskLine = Line<Fleet>;

impl End for Fleet {
    type News = FleetNews;

    fn topics(&self) -> Vec<String> {
        Fleet::topics(self)
    }

    fn connecting(&mut self) -> Option<Publication> {
        Fleet::connecting(self)
    }

    fn linked(&mut self, now_ms: u64) {
        Fleet::linked(self, now_ms);
    }

    fn unlinked(&mut self) {
        Fleet::unlinked(self);
    }

    fn heard(&mut self, now_ms: u64, topic: &str, payload: &[u8], retained: bool) {
        Fleet::heard(self, now_ms, topic, payload, retained);
    }

    fn acknowledged(&mut self, _receipt: u64, _heard: bool) {}

    /// A desk that may not speak to one room may still speak to the others.
    fn refused(&mut self, now_ms: u64, _receipt: u64, topic: &str) -> bool {
        Fleet::refused(self, now_ms, topic);
        false
    }

    fn pass(&mut self, now_ms: u64) {
        Fleet::pass(self, now_ms);
    }

    fn poll_publication(&mut self, now_ms: u64) -> Option<Publication> {
        Fleet::poll_publication(self, now_ms)
    }

    fn poll_news(&mut self) -> Option<FleetNews> {
        Fleet::poll_news(self)
    }

    fn deadline_ms(&self) -> u64 {
        Fleet::deadline_ms(self)
    }
}
