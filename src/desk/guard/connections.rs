//! Owns who sits at the desk's sockets: how many connections there may be in all and from one address, and which of them
//! has to go when another comes. Nothing waits here. Does not own the sockets.
//!
//! A connection is never turned away for a silent one: the one that goes is the one that has shown the least.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Open files that the room keeps for itself whatever the desk serves: its journal, its vault, its music and pictures,
/// the sound server, the broker, the escalation list and the print server take some sixty.
const KEPT_FILES: u64 = 256;
/// Thirty-two pages of six connections each, and room for those that knock.
const SEATS_MAX: usize = 256;
/// Even with few files there is one desk.
const SEATS_MIN: usize = 16;
/// Eight browsers behind one address, of six connections each.
const SEATS_OF_ONE_MAX: usize = 48;
/// An address with more connections than this gives one of its own first.
const FEW: usize = 8;
/// So many addresses are remembered from which somebody signed in.
const KNOWN_MAX: usize = 64;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// In all.
    pub in_all: usize,
    /// From one address.
    pub of_one: usize,
}

impl Limits {
    /// What a process that may open so many files can spare: never more than half of what is left to it.
    pub(super) fn within(open_files_max: u64) -> Self {
        let spare = usize::try_from(open_files_max.saturating_sub(KEPT_FILES) / 2).unwrap_or(SEATS_MAX);
        let in_all = spare.clamp(SEATS_MIN, SEATS_MAX);
        Self { in_all, of_one: SEATS_OF_ONE_MAX.min(in_all / 2) }
    }
}

/// Every connection there is. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(super) struct Seats(Arc<Mutex<Book>>);

/// A connection's place; it is given back when its last clone is dropped.
#[derive(Clone, Debug)]
pub(super) struct Seat(Arc<Held>);

#[derive(Debug)]
struct Held {
    seats: Seats,
    number: u64,
    leave: Arc<Notify>,
}

#[derive(Debug)]
struct Book {
    limits: Limits,
    taken: BTreeMap<u64, Taken>,
    /// By when somebody signed in from there last.
    known: BTreeMap<IpAddr, u64>,
    /// Counts all that happens: the order of things is all that matters here.
    count: u64,
    sent_away: u64,
}

#[derive(Debug)]
struct Taken {
    from: IpAddr,
    since: u64,
    has_signed_in: bool,
    answering: u32,
    streams: bool,
    leave: Arc<Notify>,
}

impl Seats {
    /// Nobody is there yet.
    pub(super) fn new(limits: Limits) -> Self {
        Self(Arc::new(Mutex::new(Book {
            limits,
            taken: BTreeMap::new(),
            known: BTreeMap::new(),
            count: 0,
            sent_away: 0,
        })))
    }

    /// A place for one who comes from there. If all are taken, whoever has shown the least has to leave; `None` if
    /// everybody has shown more than one who has only just come.
    pub(super) fn take(&self, from: IpAddr) -> Option<Seat> {
        let mut book = self.book();
        let from = from.to_canonical();
        let of_one = book.taken.values().filter(|other| other.from == from).count();
        let is_known = book.is_known(from);
        let leaves = if of_one >= book.limits.of_one {
            Some(book.least(|other| other.from == from)?)
        } else if book.taken.len() >= book.limits.in_all {
            Some(book.least(|other| is_known || !book.is_known(other.from))?)
        } else {
            None
        };
        if let Some(number) = leaves {
            book.send_away(number);
        }
        book.count += 1;
        let (number, leave) = (book.count, Arc::new(Notify::new()));
        let taken = Taken {
            from,
            since: number,
            has_signed_in: false,
            answering: 0,
            streams: false,
            leave: Arc::clone(&leave),
        };
        book.taken.insert(number, taken);
        drop(book);
        Some(Seat(Arc::new(Held { seats: self.clone(), number, leave })))
    }

    /// Sends away whoever has shown the least, for a want of files that came from elsewhere.
    pub(super) fn free_one(&self) {
        let mut book = self.book();
        if let Some(number) = book.least(|_| true) {
            book.send_away(number);
        }
    }

    /// How many have been sent away since this was asked last.
    pub(super) fn sent_away(&self) -> u64 {
        std::mem::take(&mut self.book().sent_away)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Waits until this connection has to leave.
    pub(super) async fn left(&self) {
        self.0.leave.notified().await;
    }

    /// It asked for something, and is being answered until what this gives is dropped.
    pub(super) fn answers(&self) -> Answering {
        self.change(|taken, _| taken.answering += 1);
        Answering(self.clone())
    }

    /// Whoever sits here has signed in, or need not.
    pub(super) fn has_signed_in(&self) {
        let mut book = self.0.seats.book();
        book.count += 1;
        let count = book.count;
        let Some(taken) = book.taken.get_mut(&self.0.number) else { return };
        (taken.has_signed_in, taken.since) = (true, count);
        let from = taken.from;
        book.known.insert(from, count);
        if book.known.len() > KNOWN_MAX {
            let oldest = book.known.iter().min_by_key(|(_, since)| **since).map(|(from, _)| *from);
            oldest.and_then(|from| book.known.remove(&from));
        }
    }

    /// A page's messages go this way from now on: it stays until the page closes it.
    pub(super) fn streams(&self) {
        self.change(|taken, _| taken.streams = true);
    }

    fn change(&self, change: impl FnOnce(&mut Taken, u64)) {
        let mut book = self.0.seats.book();
        book.count += 1;
        let count = book.count;
        if let Some(taken) = book.taken.get_mut(&self.0.number) {
            change(taken, count);
        }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Answering(Seat);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.change(|taken, count| {
            taken.answering = taken.answering.saturating_sub(1);
            taken.since = count;
        });
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.seats.book().taken.remove(&self.number);
    }
}

impl Book {
    /// Somebody signed in there, or it is this machine: a clinician's browser comes from where it came before.
    fn is_known(&self, from: IpAddr) -> bool {
        from == IpAddr::V4(Ipv4Addr::LOCALHOST)
            || from == IpAddr::V6(Ipv6Addr::LOCALHOST)
            || self.known.contains_key(&from)
    }

    /// Who of them has shown the least: strangers before others, silent ones before those who were answered, the many
    /// of one address before the few of another, and among equals whoever has been silent the longest.
    fn least(&self, may_leave: impl Fn(&Taken) -> bool) -> Option<u64> {
        let mut of_each = BTreeMap::<IpAddr, usize>::new();
        for taken in self.taken.values() {
            *of_each.entry(taken.from).or_default() += 1;
        }
        let leaves = self.taken.iter().filter(|(_, taken)| {
            let works = taken.streams || (taken.has_signed_in && taken.answering > 0);
            !works && may_leave(taken)
        });
        let least = leaves.min_by_key(|(_, taken)| {
            let neighbours = of_each.get(&taken.from).copied().unwrap_or_default().max(FEW);
            (self.is_known(taken.from), taken.has_signed_in, taken.answering > 0, Reverse(neighbours), taken.since)
        });
        least.map(|(number, _)| *number)
    }

    fn send_away(&mut self, number: u64) {
        if let Some(taken) = self.taken.remove(&number) {
            self.sent_away += 1;
            taken.leave.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { in_all: 40, of_one: 20 };

    fn at(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_sent_away(seats: &Seats, seat: &Seat) -> bool {
        !seats.book().taken.contains_key(&seat.0.number)
    }

    #[test]
    fn the_room_keeps_files_for_itself() {
        assert_eq!(Limits::within(1_024), Limits { in_all: 256, of_one: 48 });
        assert_eq!(Limits::within(512), Limits { in_all: 128, of_one: 48 });
        assert_eq!(Limits::within(256), Limits { in_all: 16, of_one: 8 });
        assert_eq!(Limits::within(u64::MAX).in_all, 256);
        for files in 320..4_096_u64 {
            assert!(Limits::within(files).in_all as u64 + KEPT_FILES <= files, "{files}");
        }
    }

    #[test]
    fn one_address_gives_its_own_and_nobody_else_notices() {
        let seats = Seats::new(LIMITS);
        let other = seats.take(at(1)).unwrap();
        let silent: Vec<Seat> = (0..100).map(|_| seats.take(at(2)).unwrap()).collect();
        assert!(!is_sent_away(&seats, &other));
        assert!(silent[..80].iter().all(|seat| is_sent_away(&seats, seat)), "the oldest go first");
        assert!(silent[80..].iter().all(|seat| !is_sent_away(&seats, seat)));
        assert_eq!(seats.sent_away(), 80);
        assert_eq!(seats.sent_away(), 0);
    }

    #[test]
    fn many_strangers_never_cost_a_page_its_stream_nor_one_who_is_known_a_way_in() {
        let seats = Seats::new(LIMITS);
        let page = seats.take(at(250)).unwrap();
        page.has_signed_in();
        page.streams();
        let order = seats.take(at(250)).unwrap();
        order.has_signed_in();
        let answering = order.answers();
        let knocking = seats.take(at(251)).unwrap();
        let signing_in = knocking.answers();
        let silent: Vec<Seat> = (0..200).map(|last| seats.take(at(last)).unwrap()).collect();
        for (who, seat) in [("the stream", &page), ("an order", &order), ("a sign-in", &knocking)] {
            assert!(!is_sent_away(&seats, seat), "{who}");
        }
        drop((answering, signing_in));
        // From where somebody signed in before, and from the machine itself, there is always a way in that stays.
        let known = [seats.take(at(250)).unwrap(), seats.take(IpAddr::from([127, 0, 0, 1])).unwrap()];
        let more: Vec<Seat> = (0..200).map(|last| seats.take(at(last)).unwrap()).collect();
        assert!(known.iter().all(|seat| !is_sent_away(&seats, seat)));
        assert_eq!(seats.book().taken.len(), LIMITS.in_all);
        drop((silent, more));
        assert_eq!(seats.book().taken.len(), 4, "the stream, the order and the two that are known");
    }

    #[test]
    fn the_few_of_one_browser_outlast_the_many_of_another_address() {
        let seats = Seats::new(LIMITS);
        let browser: Vec<Seat> = (0..6).map(|_| seats.take(at(1)).unwrap()).collect();
        let _many: Vec<Seat> = (0..400).map(|try_| seats.take(at(2 + try_ as u8 % 4)).unwrap()).collect();
        assert!(browser.iter().all(|seat| !is_sent_away(&seats, seat)));
    }

    #[test]
    fn where_every_place_works_nobody_more_comes_in() {
        let seats = Seats::new(LIMITS);
        let pages: Vec<Seat> = (0..40).map(|last| seats.take(at(last)).unwrap()).collect();
        pages.iter().for_each(Seat::streams);
        assert!(seats.take(at(99)).is_none());
        drop(pages);
        assert!(seats.take(at(99)).is_some());
    }

    #[test]
    fn what_is_remembered_of_addresses_has_an_end() {
        let seats = Seats::new(LIMITS);
        for last in 0..=255 {
            seats.take(at(last)).unwrap().has_signed_in();
        }
        let book = seats.book();
        assert_eq!((book.known.len(), book.taken.len()), (KNOWN_MAX, 0));
        assert!(book.is_known(at(255)) && !book.is_known(at(0)));
    }
}
