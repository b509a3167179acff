//! Owns the journal: every event that must outlive the program, one a line, on disk before anyone is told that it is.
//! Does not own the events' form ([`super::wire`]) nor what they mean.
//!
//! A line: 16 hexadecimal digits (the start of the SHA-256 of the rest), the room's time in ms, the event as JSON.

mod reading;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::Duration;

use thiserror::Error;

use super::wire;
use crate::room::snapshot::Receipt;
use crate::room::{Event, RoomTime};
use writing::{Order, Writer};

/// The journal's file in the state directory.
pub const JOURNAL_FILE: &str = "journal";
/// What a damaged journal is kept as, followed by its number from 1 to [`DAMAGED_KEPT_MAX`].
pub const DAMAGED_PREFIX: &str = "journal.damaged-";
/// So many damaged journals are kept.
pub const DAMAGED_KEPT_MAX: usize = 4;
/// No journal is larger; appending beyond fails until it is compacted. Some 600,000 records.
pub const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// More orders than this do not wait for a disk that answers no more.
const ORDERS_MAX: usize = 1024;
/// A blocking order waits so long for the disk.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Why a record is not on disk.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JournalError {
    /// The disk did not take it. It is kept and tried again.
    #[error("{}: {why}; free space or make the disk writable, the room goes on trying", path.display())]
    Disk {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The journal is as large as it can be.
    #[error("{}: full; a reset empties it", path.display())]
    Full {
        /// The journal.
        path: PathBuf,
    },
    /// Events of this kind never go to disk.
    #[error("an event of this kind does not belong in the journal")]
    NotForJournal,
    /// Too many records wait for the disk; this one is dropped.
    #[error("the disk answers no more; {ORDERS_MAX} records wait for it")]
    Busy,
    /// The disk has not answered in time; the record may come to be there yet.
    #[error("the disk has not answered within {} s", ANSWER_WITHIN.as_secs())]
    Slow,
    /// The writing thread could not be started or has ended.
    #[error("the journal's thread is not running; start the program anew")]
    Stopped,
}

/// What opening found beside whole records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalHealth {
    /// Bytes of a last record that was being written when the program or the power stopped; cut off.
    pub torn_bytes: u64,
    /// Whether the middle was damaged. What came before is used; of what came after, only calls.
    pub is_damaged: bool,
    /// Where the damaged journal is kept, if it could be.
    pub damaged_copy: Option<PathBuf>,
    /// Whole records of a kind this program does not know; left out.
    pub unknown_records: usize,
    /// Why it cannot be written now, if it cannot.
    pub problem: Option<JournalError>,
}

/// The open journal. Dropping it lets its thread write what it has been handed, without waiting for it.
#[derive(Debug)]
pub struct Journal {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
    size_bytes: Arc<AtomicU64>,
}

impl Journal {
    /// Opens the journal in a state directory, mends what can be mended, and answers all its whole records in order.
    /// It never fails: where the disk cannot be written, `health` says why and every append tries again.
    #[must_use]
    pub fn open(dir: &Path) -> (Self, Vec<(RoomTime, Event)>, JournalHealth) {
        let found = reading::open(dir);
        let size_bytes = Arc::new(AtomicU64::new(0));
        let mut writer = Writer::new(dir, found.base, Arc::clone(&size_bytes));
        let mut health = found.health;
        health.problem = health.problem.or(writer.prepare().err());
        let (orders, inbox) = mpsc::sync_channel(ORDERS_MAX);
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || writer.run(&inbox)).ok();
        if thread.is_none() {
            health.problem = Some(JournalError::Stopped);
        }
        (Self { orders: thread.is_some().then_some(orders), thread, size_bytes }, found.records, health)
    }

    /// Hands a record to the writing thread and returns at once. `done` is told once the record is on disk, or that
    /// it is not; it runs on the writing thread (or at once on this one, if that takes no more) and must be quick.
    pub fn append(&self, now: RoomTime, event: &Event, done: impl FnOnce(Result<(), JournalError>) + Send + 'static) {
        let Ok(json) = wire::to_journal(event) else { return done(Err(JournalError::NotForJournal)) };
        let record = reading::line(now, &json);
        // A mark of time is worth nothing once a later one stands.
        let kept_if_failing = !matches!(event, Event::TimeMarked);
        self.order(Order::Append { record, kept_if_failing, done: Box::new(done) });
    }

    /// Appends and waits for the disk, 10 s at most. For the reset, where nothing may go on before.
    ///
    /// # Errors
    /// Why the record is not on disk.
    pub fn append_and_wait(&self, now: RoomTime, event: &Event) -> Result<(), JournalError> {
        let (tell, answer) = mpsc::sync_channel(1);
        self.append(now, event, move |outcome| drop(tell.try_send(outcome)));
        answer.recv_timeout(ANSWER_WITHIN).unwrap_or(Err(JournalError::Slow))
    }

    /// Replaces the whole journal by these records at `now`, atomically, and removes damaged ones that were kept.
    /// Waits for the disk, 10 s at most.
    ///
    /// # Errors
    /// Why the journal still holds what it held.
    pub fn compact(&self, now: RoomTime, events: &[Event]) -> Result<(), JournalError> {
        let mut content = Vec::new();
        for event in events {
            let json = wire::to_journal(event).map_err(|_| JournalError::NotForJournal)?;
            content.extend(reading::line(now, &json));
        }
        let (tell, answer) = mpsc::sync_channel(1);
        self.order(Order::Replace { content, done: Box::new(move |outcome| drop(tell.try_send(outcome))) });
        answer.recv_timeout(ANSWER_WITHIN).unwrap_or(Err(JournalError::Slow))
    }

    /// How large the journal on disk is. Compact it long before [`JOURNAL_BYTES_MAX`].
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes.load(Ordering::Relaxed)
    }

    /// Closes the journal and waits until all that was handed to it has been written or has failed.
    pub fn finish(mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn order(&self, order: Order) {
        let (order, problem) = match &self.orders {
            None => (order, JournalError::Stopped),
            Some(orders) => match orders.try_send(order) {
                Ok(()) => return,
                Err(TrySendError::Full(order)) => (order, JournalError::Busy),
                Err(TrySendError::Disconnected(order)) => (order, JournalError::Stopped),
            },
        };
        order.answer(Err(problem));
    }
}

/// Whether the journal in a state directory, as it lies on disk, tells of no visit.
#[must_use]
pub fn is_compacted(dir: &Path) -> bool {
    reading::is_compacted(dir)
}

/// The newest receipt that the journal in a state directory remembers. Nothing is written.
#[must_use]
pub fn newest_receipt(dir: &Path) -> Option<Receipt> {
    reading::newest_receipt(dir)
}

/// The newest receipt among these records.
#[must_use]
pub fn receipt_in(records: &[(RoomTime, Event)]) -> Option<&Receipt> {
    records.iter().rev().find_map(|(_, event)| match event {
        Event::WipeVerified(receipt) | Event::WipeFailed(receipt) => Some(receipt),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
