//! Owns the journal: every event that must outlive the program, one per line, reported as written only once it is on disk.
//! Does not own what the events mean.
//!
//! A line holds 16 hexadecimal digits (the start of the SHA-256 of the rest), the room's time in ms, and the event as JSON
//! ([`record`]).

mod fault_history;
mod open_call;
mod queue;
mod reader;
mod record;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use thiserror::Error;

use crate::room::call::CallId;
use crate::room::snapshot::Receipt;
use crate::room::{Event, RoomTime};
pub use fault_history::FAULTS_FILE;
use fault_history::FaultHistory;
use open_call::OpenCall;
pub use open_call::{OPEN_CALL_FILE, OpenCallCopy};
use queue::{JournalQueue, QueuedRecord, RecordClass, Replacement};
#[cfg(test)]
pub(super) use record::encode;
use writer::{HealthCallback, JournalWriter};

/// The journal's file in the state directory.
pub const JOURNAL_FILE: &str = "journal";
/// Name of the copy of a damaged journal, followed by a number from 1 to [`DAMAGED_KEPT_MAX`].
pub const DAMAGED_PREFIX: &str = "journal.damaged-";
/// Maximum number of damaged journals kept.
pub const DAMAGED_KEPT_MAX: usize = 4;
/// Maximum size, in bytes: about 600,000 records. Appending fails beyond it until the journal is compacted.
pub const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Part of [`JOURNAL_BYTES_MAX`] that is reserved for calls.
const CALLS_RESERVE_BYTES: u64 = 4 * 1024 * 1024;
/// How long a blocking request waits for the disk.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a record is not on disk.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JournalError {
    /// Writing to disk failed. The record is kept and tried again.
    #[error("{}: {why}; free space or make the disk writable, the room goes on trying", path.display())]
    Disk {
        /// Path of the journal.
        path: PathBuf,
        /// The system's error.
        why: String,
    },
    /// The journal has reached [`JOURNAL_BYTES_MAX`].
    #[error("{}: full; a reset empties it", path.display())]
    Full {
        /// Path of the journal.
        path: PathBuf,
    },
    /// Events of this kind never go to disk.
    #[error("an event of this kind does not belong in the journal")]
    NotForJournal,
    /// Too many records are waiting for the disk; this one was dropped.
    #[error("the disk does not answer; {} records are waiting for it", queue::WAITING_MAX)]
    Busy,
    /// The disk has not answered in time; the record may still be written.
    #[error("the disk has not answered within {} s", ANSWER_TIMEOUT.as_secs())]
    Slow,
    /// The writing thread could not be started or has ended.
    #[error("the journal's thread is not running; restart the program")]
    Stopped,
}

/// What opening the journal revealed, besides its whole records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalHealth {
    /// Size of a last record that was cut short by a stop of the program or of the power; it is removed.
    pub torn_bytes: u64,
    /// Whether the middle was damaged. Everything before it is used, and of what follows only calls.
    pub is_damaged: bool,
    /// Where the damaged journal is kept, if it could be kept.
    pub damaged_copy: Option<PathBuf>,
    /// Number of whole records of a kind this program does not know; they are skipped.
    pub unknown_records: usize,
    /// Why the journal cannot be written now, if it cannot.
    pub problem: Option<JournalError>,
    /// Number of records that were skipped because the room's loop ended at each of them three times in a row.
    pub set_aside_records: usize,
    /// What the copy of the open call beside the journal says.
    pub open_call_copy: OpenCallCopy,
}

impl JournalHealth {
    /// Whether an open call may be lost: the journal is damaged, and the copy of the open call is not intact.
    #[must_use]
    pub fn call_may_be_lost(&self) -> bool {
        self.is_damaged && !matches!(self.open_call_copy, OpenCallCopy::Intact(_))
    }
}

/// The checksum of a record, by which it is identified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordChecksum(String);

/// The open journal. After a drop its thread still writes what was appended, but nothing waits for it.
pub struct Journal {
    queue: Arc<JournalQueue>,
    thread: Option<JoinHandle<()>>,
    size_bytes: Arc<AtomicU64>,
    on_health: HealthCallback,
    faults: Mutex<FaultHistory>,
    /// The checksum of the last record that the room handled, except marks of time.
    last_checksum: Mutex<Option<String>>,
}

impl Journal {
    /// Opens the journal in a state directory, repairs it, and returns all its whole records in order. It never fails:
    /// where the disk cannot be written, [`JournalHealth::problem`] says why, and every append tries again.
    #[must_use]
    pub fn open(dir: &Path) -> (Self, Vec<(RoomTime, Event)>, JournalHealth) {
        let faults = FaultHistory::load(dir);
        let opened = reader::open(dir, |sum| faults.is_set_aside(sum));
        let (size_bytes, queue) = (Arc::<AtomicU64>::default(), Arc::<JournalQueue>::default());
        let on_health = HealthCallback::default();
        let mut writer =
            JournalWriter::new(dir, opened.base, Arc::clone(&queue), Arc::clone(&size_bytes), Arc::clone(&on_health));
        let mut health = opened.health;
        health.open_call_copy = open_call::read(&open_call::path_in(dir));
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
            on_health,
            faults: Mutex::new(faults),
            last_checksum: Mutex::new(opened.last_checksum),
        };
        (journal, opened.records, health)
    }

    /// A journal on a disk that never answers.
    #[cfg(test)]
    pub(crate) fn on_a_disk_that_hangs() -> Self {
        Self {
            queue: Arc::default(),
            thread: None,
            size_bytes: Arc::default(),
            on_health: HealthCallback::default(),
            faults: Mutex::default(),
            last_checksum: Mutex::default(),
        }
    }

    /// Sets the callback for when the journal begins to fail (`true`), and when everything that belongs on disk is there
    /// again (`false`). It runs on the writing thread. Only the first callback is used.
    pub fn on_health_change(&self, callback: impl Fn(bool) + Send + Sync + 'static) {
        let _ = self.on_health.set(Box::new(callback));
    }

    /// Hands a record to the writing thread and returns at once. `done` is called with the outcome of the first attempt, and
    /// again if a later one succeeds. It runs on the writing thread (or on this one, if that thread accepts nothing more),
    /// and must be quick. A call overtakes every other record.
    pub fn append(
        &self,
        now: RoomTime,
        event: &Event,
        mut done: impl FnMut(Result<(), JournalError>) + Send + 'static,
    ) {
        let Some(json) = record::encode(event) else { return done(Err(JournalError::NotForJournal)) };
        let line = reader::encode_line(now, &json);
        if !matches!(event, Event::TimeMarked) {
            *self.last_checksum.lock().unwrap_or_else(PoisonError::into_inner) = reader::line_checksum(&line);
        }
        self.queue.append(QueuedRecord {
            line,
            class: RecordClass::of(event),
            done: Box::new(done),
            has_failed: false,
        });
    }

    /// Stores which call is open in a second place. It is written right after the records of that call.
    pub fn store_open_call(&self, call: Option<CallId>) {
        self.queue.store_open_call(OpenCall(call));
    }

    /// Appends and waits for the disk, for up to 10 s. For the reset, which must not continue earlier.
    ///
    /// # Errors
    /// Why the record is not on disk.
    pub fn append_and_wait(&self, now: RoomTime, event: &Event) -> Result<(), JournalError> {
        let (tell, answer) = mpsc::sync_channel(1);
        self.append(now, event, move |outcome| drop(tell.try_send(outcome)));
        answer.recv_timeout(ANSWER_TIMEOUT).unwrap_or(Err(JournalError::Slow))
    }

    /// Atomically replaces the whole journal by these records at `now`, and removes the kept copies of damaged journals.
    /// Waits for the disk, for up to 10 s.
    ///
    /// # Errors
    /// Why the journal was not replaced.
    pub fn compact(&self, now: RoomTime, events: &[Event]) -> Result<(), JournalError> {
        let mut content = Vec::new();
        for event in events {
            let json = record::encode(event).ok_or(JournalError::NotForJournal)?;
            content.extend(reader::encode_line(now, &json));
        }
        let (tell, answer) = mpsc::sync_channel(1);
        self.queue.replace(Replacement { content, done: Box::new(move |outcome| drop(tell.try_send(outcome))) });
        answer.recv_timeout(ANSWER_TIMEOUT).unwrap_or(Err(JournalError::Slow))
    }

    /// The last record that the room handled, except marks of time.
    #[must_use]
    pub fn last_record(&self) -> Option<RecordChecksum> {
        self.last_checksum.lock().unwrap_or_else(PoisonError::into_inner).clone().map(RecordChecksum)
    }

    /// Remembers that a fault ended the room's loop at this record. Waits for the disk.
    pub fn record_fault(&self, RecordChecksum(checksum): &RecordChecksum) {
        if let Err(problem) = self.faults.lock().unwrap_or_else(PoisonError::into_inner).add(checksum) {
            tracing::warn!(%problem, "the fault could not be recorded");
        }
    }

    /// Records that the program ended without a fault, which ends every row of faults.
    pub fn record_clean_exit(&self) {
        if let Err(problem) = self.faults.lock().unwrap_or_else(PoisonError::into_inner).forget_streaks() {
            tracing::warn!(%problem, "the history of faults could not be updated");
        }
    }

    /// Size of the journal on disk, in bytes. Compact it long before [`JOURNAL_BYTES_MAX`].
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes.load(Ordering::Relaxed)
    }

    /// Waits until every appended record is on disk, for up to `limit`, and returns whether it is. For the end of the
    /// program, which would otherwise lose what the writing thread has not written yet.
    #[must_use]
    pub fn wait_until_written(&self, limit: Duration) -> bool {
        self.queue.wait_until_written(limit)
    }

    /// Closes the journal and waits until every appended record has been written or has failed.
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

/// Whether the journal on disk in a state directory holds nothing of a visit.
#[must_use]
pub fn is_compacted(dir: &Path) -> bool {
    reader::is_compacted(dir)
}

/// The newest receipt in the journal of a state directory. Nothing is repaired or written.
#[must_use]
pub fn newest_receipt(dir: &Path) -> Option<Receipt> {
    reader::newest_receipt(dir)
}

/// The newest receipt among these records.
#[must_use]
pub fn newest_receipt_in(records: &[(RoomTime, Event)]) -> Option<&Receipt> {
    records.iter().rev().find_map(|(_, event)| {
        let (Event::WipeVerified(receipt) | Event::WipeFailed(receipt)) = event else { return None };
        Some(receipt)
    })
}

#[cfg(test)]
mod tests;
