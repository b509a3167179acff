//! Owns the thread that reads tracks ahead: it is started, told what to read, and started again after a growing pause if
//! a fault of the program ends it. Does not own what is read (`reader`).

#[cfg(test)]
use std::panic::panic_any;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tracing::warn;

use super::loudness::Loudness;
use super::playlist::Wanted;
use super::reader::Reader;
use crate::sound::engine::DeckPort;
use crate::sound::{Mix, News};

/// The pause before the first restart after a fault; each further one takes twice as long …
const RESTART_FIRST: Duration = Duration::from_secs(1);
/// … up to this.
const RESTART_LONGEST: Duration = Duration::from_mins(1);

/// What the thread is told.
enum ReaderOrder {
    /// Serve a new engine.
    Connect(Box<DeckPort>),
    /// Read this.
    Want(Wanted),
    /// Be the fault that ends it.
    #[cfg(test)]
    Panic,
}

/// Whom the reading of tracks reports to.
#[derive(Clone)]
pub struct Reports {
    /// Takes news at once, on the thread that supervises.
    pub news: Arc<dyn Fn(News) + Send + Sync>,
    /// Takes news from the reading thread, in its turn.
    pub queue_news: Arc<dyn Fn(News) + Send + Sync>,
    /// A fault ended the reading thread of this number.
    pub ended: Arc<dyn Fn(u64) + Send + Sync>,
}

struct RunningReader {
    number: u64,
    orders: Sender<ReaderOrder>,
}

impl RunningReader {
    /// None where the system gives no thread.
    fn start(number: u64, reader: Reader, reports: &Reports) -> Option<Self> {
        let (orders, taken) = channel();
        let reports = reports.clone();
        let reading = thread::Builder::new().name("sound-reading".to_owned()).spawn(move || {
            let last_word = LastWord { number, ended: Arc::clone(&reports.ended) };
            read_on(reader, &taken, &*reports.queue_news);
            drop(last_word);
        });
        reading.is_ok().then_some(Self { number, orders })
    }
}

/// Tells of a reading thread that a fault ends.
struct LastWord {
    number: u64,
    ended: Arc<dyn Fn(u64) + Send + Sync>,
}

impl Drop for LastWord {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.ended)(self.number);
        }
    }
}

fn read_on(mut reader: Reader, orders: &Receiver<ReaderOrder>, tell: &dyn Fn(News)) {
    loop {
        let nap = reader.work(&mut |news| tell(news));
        let order = if reader.is_idle() {
            orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            orders.recv_timeout(nap)
        };
        match order {
            Ok(ReaderOrder::Connect(port)) => reader.connect(*port),
            Ok(ReaderOrder::Want(wanted)) => reader.want(wanted),
            #[cfg(test)]
            Ok(ReaderOrder::Panic) => panic_any("a fault that a test asked for"),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Supervises the thread that reads tracks ahead.
pub struct ReaderThread {
    loudness: Loudness,
    reports: Reports,
    wanted: Wanted,
    running: Option<RunningReader>,
    /// Threads started so far.
    started: u64,
    /// Whether whoever feeds on this was itself started again after a fault.
    after_fault: bool,
    /// When the thread is started (again), and how long the pause before it is the next time.
    restart_at: Option<Instant>,
    restart_pause: Duration,
}

impl ReaderThread {
    /// Starts its thread with the first [`Self::restart_if_due`]. With `after_fault`, whether there is music is told in any
    /// case, since nobody knows what was told before.
    pub fn new(loudness: Loudness, reports: Reports, after_fault: bool) -> Self {
        Self {
            loudness,
            reports,
            wanted: Wanted::of(&Mix::default()),
            running: None,
            started: 0,
            after_fault,
            restart_at: Some(Instant::now()),
            restart_pause: RESTART_FIRST,
        }
    }

    /// Starts a thread where one is due. Answers whether it replaces one that a fault ended: the engine must then be
    /// replaced as well, since the rings of the old one went with the thread.
    pub fn restart_if_due(&mut self, now: Instant) -> bool {
        if self.restart_at.is_none_or(|due| now < due) {
            return false;
        }
        self.restart_at = None;
        self.started += 1;
        let is_restart = self.started > 1;
        let loudness = self.loudness.clone();
        let is_first = !is_restart && !self.after_fault;
        let reader = if is_first { Reader::new(loudness) } else { Reader::after_a_fault(loudness) };
        self.running = RunningReader::start(self.started, reader, &self.reports);
        self.order(ReaderOrder::Want(self.wanted.clone()));
        is_restart
    }

    /// Serves a new engine from now on.
    pub fn connect(&mut self, decks: DeckPort) {
        self.order(ReaderOrder::Connect(Box::new(decks)));
    }

    /// Reads what `wanted` asks for from now on.
    pub fn want(&mut self, wanted: Wanted) {
        if wanted != self.wanted {
            self.wanted = wanted.clone();
            self.order(ReaderOrder::Want(wanted));
        }
    }

    /// A fault ended the thread of this number.
    pub fn on_ended(&mut self, number: u64) {
        if self.running.take_if(|running| running.number == number).is_some() {
            self.restart_later();
        }
    }

    /// Ends the thread by a fault.
    #[cfg(test)]
    pub fn panic(&mut self) {
        self.order(ReaderOrder::Panic);
    }

    fn restart_later(&mut self) {
        warn!("a fault of the program ended the reading of tracks; it is begun again");
        if !self.wanted.tracks.is_empty() {
            (self.reports.news)(News::TracksGone);
        }
        self.restart_at = Some(Instant::now() + self.restart_pause);
        self.restart_pause = (self.restart_pause * 2).min(RESTART_LONGEST);
    }

    fn order(&mut self, order: ReaderOrder) {
        let taken = self.running.as_ref().is_some_and(|running| running.orders.send(order).is_ok());
        // While one is to be started, it will be told of everything.
        if !taken && self.restart_at.is_none() {
            self.running = None;
            self.restart_later();
        }
    }
}
