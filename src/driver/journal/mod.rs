//! Owns the journal: every event that must outlive the program, one a line, on disk before anyone is told that it is.
//! Does not own the events' form ([`super::wire`]) nor what they mean.
//!
//! A line: 16 hexadecimal digits (the start of the SHA-256 of the rest), the room's time in ms, the event as JSON.

mod faults;
mod open_call;
mod queue;
mod reading;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use thiserror::Error;

use super::wire;
use crate::room::call::CallId;
use crate::room::snapshot::Receipt;
use crate::room::{Event, RoomTime};
pub use faults::FAULTS_FILE;
use faults::Faults;
use open_call::ToKeep;
pub use open_call::{KeptCall, OPEN_CALL_FILE};
use queue::{Kind, Queue, Record, Replace};
use writing::{Health, Writer};

/// The journal's file in the state directory.
pub const JOURNAL_FILE: &str = "journal";
/// What a damaged journal is kept as, followed by its number from 1 to [`DAMAGED_KEPT_MAX`].
pub const DAMAGED_PREFIX: &str = "journal.damaged-";
/// So many damaged journals are kept.
pub const DAMAGED_KEPT_MAX: usize = 4;
/// No journal is larger; appending beyond fails until it is compacted. Some 600,000 records.
pub const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// So much of it is for calls alone.
const CALLS_RESERVE_BYTES: u64 = 4 * 1024 * 1024;
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
    #[error("the disk answers no more; {} records wait for it", queue::WAITING_MAX)]
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
    /// Records that were left out, since the room's loop ended with each of them, three times in a row.
    pub set_aside: usize,
    /// What the second copy says of the open call.
    pub kept_call: KeptCall,
}

impl JournalHealth {
    /// Whether an open call may be lost: the journal is damaged, and there is no whole second copy.
    #[must_use]
    pub fn call_may_be_lost(&self) -> bool {
        self.is_damaged && !matches!(self.kept_call, KeptCall::Whole(_))
    }
}

/// Names a record: its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordName(String);

/// The open journal. Dropping it lets its thread write what it has been handed, without waiting for it.
pub struct Journal {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
    size_bytes: Arc<AtomicU64>,
    health: Health,
    faults: Mutex<Faults>,
    /// The checksum of the last record that the room took in, but for marks of time.
    last_sum: Mutex<Option<String>>,
}

impl Journal {
    /// Opens the journal in a state directory, mends what can be mended, and answers all its whole records in order.
    /// It never fails: where the disk cannot be written, `health` says why and every append tries again.
    #[must_use]
    pub fn open(dir: &Path) -> (Self, Vec<(RoomTime, Event)>, JournalHealth) {
        let faults = Faults::load(dir);
        let found = reading::open(dir, |sum| faults.sets_aside(sum));
        let (size_bytes, queue, told) = (Arc::<AtomicU64>::default(), Arc::<Queue>::default(), Health::default());
        let mut writer = Writer::new(dir, found.base, Arc::clone(&queue), Arc::clone(&size_bytes), Arc::clone(&told));
        let mut health = found.health;
        health.kept_call = open_call::read(&open_call::path_in(dir));
        health.problem = health.problem.or(writer.prepare().err());
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || writer.run()).ok();
        if thread.is_none() {
            health.problem = Some(JournalError::Stopped);
            queue.stop();
        }
        let journal = Self {
            queue,
            thread,
            size_bytes,
            health: told,
            faults: Mutex::new(faults),
            last_sum: Mutex::new(found.last_sum),
        };
        (journal, found.records, health)
    }

    /// A journal on a disk that never answers.
    #[cfg(test)]
    pub(crate) fn on_a_disk_that_hangs() -> Self {
        Self {
            queue: Arc::default(),
            thread: None,
            size_bytes: Arc::default(),
            health: Health::default(),
            faults: Mutex::default(),
            last_sum: Mutex::default(),
        }
    }

    /// Whoever is to know when the journal begins to fail, with `true`, and when all that belongs on disk is there
    /// again. Told on the writing thread. The first one counts.
    pub fn on_health(&self, tell: impl Fn(bool) + Send + Sync + 'static) {
        let _ = self.health.set(Box::new(tell));
    }

    /// Hands a record to the writing thread and returns at once. `done` is told once the record is on disk, or that
    /// it is not; and once more if it comes to be there later. It runs on the writing thread (or at once on this one, if
    /// that takes no more) and must be quick. A call goes ahead of whatever else waits.
    pub fn append(
        &self,
        now: RoomTime,
        event: &Event,
        mut done: impl FnMut(Result<(), JournalError>) + Send + 'static,
    ) {
        let Ok(json) = wire::to_journal(event) else { return done(Err(JournalError::NotForJournal)) };
        let line = reading::line(now, &json);
        if !matches!(event, Event::TimeMarked) {
            *self.last_sum.lock().unwrap_or_else(PoisonError::into_inner) = reading::sum_of_line(&line);
        }
        self.queue.append(Record { line, kind: Kind::of(event), done: Box::new(done), has_failed: false });
    }

    /// Keeps in a second place which call is open; it follows the records of that call at once.
    pub fn keep_open_call(&self, call: Option<CallId>) {
        self.queue.keep_call(ToKeep(call));
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
        self.queue.replace(Replace { content, done: Box::new(move |outcome| drop(tell.try_send(outcome))) });
        answer.recv_timeout(ANSWER_WITHIN).unwrap_or(Err(JournalError::Slow))
    }

    /// The last record that the room took in, but for marks of time.
    #[must_use]
    pub fn last_record(&self) -> Option<RecordName> {
        self.last_sum.lock().unwrap_or_else(PoisonError::into_inner).clone().map(RecordName)
    }

    /// Remembers that the room's loop ended by a fault when it had to do with this record. Waits for the disk.
    pub fn note_fault(&self, RecordName(sum): &RecordName) {
        if let Err(problem) = self.faults.lock().unwrap_or_else(PoisonError::into_inner).add(sum) {
            tracing::warn!(%problem, "the fault could not be remembered");
        }
    }

    /// The program ends well: faults before this run were not in a row.
    pub fn note_good_end(&self) {
        if let Err(problem) = self.faults.lock().unwrap_or_else(PoisonError::into_inner).forgive() {
            tracing::warn!(%problem, "what is remembered of faults could not be put right");
        }
    }

    /// How large the journal on disk is. Compact it long before [`JOURNAL_BYTES_MAX`].
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes.load(Ordering::Relaxed)
    }

    /// Waits until everything handed to the journal is on disk, `limit` at most. For the end of the program, which would
    /// otherwise take with it what the writing thread has not come to yet. Returns whether everything is on disk.
    #[must_use]
    pub fn wait_until_written(&self, limit: Duration) -> bool {
        self.queue.wait_until_written(limit)
    }

    /// Closes the journal and waits until all that was handed to it has been written or has failed.
    pub fn finish(mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.queue.close();
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
    records.iter().rev().find_map(|(_, event)| {
        let (Event::WipeVerified(receipt) | Event::WipeFailed(receipt)) = event else { return None };
        Some(receipt)
    })
}

#[cfg(test)]
mod tests;
