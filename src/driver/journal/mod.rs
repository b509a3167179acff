//! Owns the journal, a file with one line for each event that must survive a restart. An event is reported as written
//! only once it is on disk, or once a later record or a compaction makes it redundant. Does not own the meaning of the
//! events.
//!
//! A line consists of a checksum, the room's time in milliseconds, and the event as JSON (`record`), separated by
//! spaces. The checksum is the first 16 hexadecimal digits of the SHA-256 of the text from the time to the end of the
//! line.

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

/// Name of the journal's file in the state directory.
pub const JOURNAL_FILE: &str = "journal";
/// Start of the file name of a damaged journal's copy; a number from 1 to [`DAMAGED_KEPT_MAX`] follows.
pub const DAMAGED_PREFIX: &str = "journal.damaged-";
/// Maximum number of copies of damaged journals.
pub const DAMAGED_KEPT_MAX: usize = 4;
/// Maximum size of the journal in bytes, enough for about 600,000 records. Beyond it, appending fails until the journal
/// is compacted.
pub const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Part of [`JOURNAL_BYTES_MAX`] that is reserved for records about calls, in bytes.
const CALLS_RESERVE_BYTES: u64 = 4 * 1024 * 1024;
/// Maximum time for which [`Journal::append_and_wait`] and [`Journal::compact`] wait for the disk.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The reason why a record is not on disk.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JournalError {
    /// Writing to disk failed. A record is kept, and writing it is tried again; a compaction is not tried again.
    #[error("{}: {why}; free space or make the disk writable, the room goes on trying", path.display())]
    Disk {
        /// Path of the journal.
        path: PathBuf,
        /// The system's error.
        why: String,
    },
    /// The journal has reached [`JOURNAL_BYTES_MAX`]. A record that is not about a call fails earlier, once only the
    /// space that is reserved for calls is left.
    #[error("{}: full; a reset empties it", path.display())]
    Full {
        /// Path of the journal.
        path: PathBuf,
    },
    /// Events of this kind never go to disk.
    #[error("an event of this kind does not belong in the journal")]
    NotForJournal,
    /// Too many records are waiting for the disk, so this record was dropped.
    #[error("the disk does not answer; {} records are waiting for it", queue::LANE_RECORDS_MAX)]
    Busy,
    /// The disk has not answered within `ANSWER_TIMEOUT`. The record may still be written.
    #[error("the disk has not answered within {} s", ANSWER_TIMEOUT.as_secs())]
    Slow,
    /// The writing thread could not be started or has ended.
    #[error("the journal's thread is not running; restart the program")]
    Stopped,
}

/// The state in which the journal was found when it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalHealth {
    /// Size in bytes of an incomplete last record, which a power cut or a killed program leaves behind; 0 if there is
    /// none. Such a record is removed.
    pub torn_bytes: u64,
    /// Whether the file cannot be read, or a line that ends with a line break is damaged. All records before that line
    /// are used; of the records after it, only those about calls.
    pub is_damaged: bool,
    /// Path of the damaged journal's copy; `None` if there is no damage, or if the copy could not be made.
    pub damaged_copy: Option<PathBuf>,
    /// Number of intact records that this version of the program does not know; they are skipped.
    pub unknown_records: usize,
    /// Why the journal could not be read or cannot be written to; `None` if there is no such problem.
    pub problem: Option<JournalError>,
    /// Number of records skipped because each of them ended the room's loop too many times in a row.
    pub set_aside_records: usize,
    /// The copy of the open call beside the journal.
    pub open_call_copy: OpenCallCopy,
}

/// A record's checksum, which identifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordChecksum(String);

/// The open journal. After it is dropped, its thread still writes the records that were appended, but nothing waits for
/// the thread.
pub struct Journal {
    queue: Arc<JournalQueue>,
    thread: Option<JoinHandle<()>>,
    size_bytes: Arc<AtomicU64>,
    on_health: HealthCallback,
    faults: Arc<Mutex<FaultHistory>>,
    /// Checksum of the last record that the room handled, not counting [`Event::TimeMarked`].
    last_checksum: Mutex<Option<String>>,
}

impl Journal {
    /// Opens and repairs the journal in a state directory, and returns its usable records in order. Never fails. If the
    /// disk cannot be written to, [`JournalHealth::problem`] says why, and every append tries again.
    #[must_use]
    pub fn open(dir: &Path) -> (Self, Vec<(RoomTime, Event)>, JournalHealth) {
        let faults = FaultHistory::load(dir);
        let opened = reader::open(dir, |sum| faults.is_set_aside(sum));
        let faults = Arc::new(Mutex::new(faults));
        let (size_bytes, queue) = (Arc::<AtomicU64>::default(), Arc::<JournalQueue>::default());
        let on_health = HealthCallback::default();
        let mut writer = JournalWriter::new(
            dir,
            opened.base,
            Arc::clone(&queue),
            Arc::clone(&size_bytes),
            Arc::clone(&on_health),
            Arc::clone(&faults),
        );
        let mut health = opened.health;
        health.open_call_copy = open_call::read(&open_call::path_in(dir));
        health.problem = health.problem.or(writer.prepare().err());
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || writer.run()).ok();
        if thread.is_none() {
            health.problem = Some(JournalError::Stopped);
            queue.stop();
        }
        let journal =
            Self { queue, thread, size_bytes, on_health, faults, last_checksum: Mutex::new(opened.last_checksum) };
        (journal, opened.records, health)
    }

    /// Returns a journal whose disk never answers.
    #[cfg(test)]
    pub(crate) fn on_a_disk_that_hangs() -> Self {
        Self {
            queue: Arc::default(),
            thread: None,
            size_bytes: Arc::default(),
            on_health: HealthCallback::default(),
            faults: Arc::default(),
            last_checksum: Mutex::default(),
        }
    }

    /// Sets the callback that receives `true` when the journal begins to fail, and `false` once nothing is missing from
    /// the disk any longer. It runs on the writing thread. Only the first callback that is set is used.
    pub fn on_health_change(&self, callback: impl Fn(bool) + Send + Sync + 'static) {
        let _ = self.on_health.set(Box::new(callback));
    }

    /// Hands a record to the writing thread and returns at once. `done` receives the outcome of the first attempt, and
    /// another outcome if a later attempt succeeds. If that attempt failed, and a later record of the same kind replaces
    /// this one before it is tried again, `done` receives nothing more. It must be quick, because it runs on the writing
    /// thread or on a thread that appends, and must not use the journal, whose queue may be locked. Records about calls
    /// overtake all others.
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

    /// Stores the open call in a second file, once the waiting records about calls have been written. `None` means that
    /// no call is open.
    pub fn store_open_call(&self, call: Option<CallId>) {
        self.queue.store_open_call(OpenCall(call));
    }

    /// Appends a record and waits for the disk, up to `ANSWER_TIMEOUT`. A reset uses this, because it must not continue
    /// before the record is written.
    ///
    /// # Errors
    /// Why the record is not on disk.
    pub fn append_and_wait(&self, now: RoomTime, event: &Event) -> Result<(), JournalError> {
        let (tell, answer) = mpsc::sync_channel(1);
        self.append(now, event, move |outcome| drop(tell.try_send(outcome)));
        answer.recv_timeout(ANSWER_TIMEOUT).unwrap_or(Err(JournalError::Slow))
    }

    /// Atomically replaces the whole journal with these events at `now`, and removes the copies of damaged journals and
    /// the history of faults. Waits for the disk, up to `ANSWER_TIMEOUT`.
    ///
    /// # Errors
    /// Why the journal was not replaced, or why one of the other files was not removed. After [`JournalError::Slow`],
    /// the replacement and the removal may still happen.
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

    /// Returns the checksum of the last record that the room handled, not counting [`Event::TimeMarked`]; `None` if
    /// there is none.
    #[must_use]
    pub fn last_record(&self) -> Option<RecordChecksum> {
        self.last_checksum.lock().unwrap_or_else(PoisonError::into_inner).clone().map(RecordChecksum)
    }

    /// Saves on disk that a fault ended the room's loop at this record.
    pub fn record_fault(&self, RecordChecksum(checksum): &RecordChecksum) {
        if let Err(problem) = self.faults.lock().unwrap_or_else(PoisonError::into_inner).add(checksum) {
            tracing::warn!(%problem, "the fault could not be recorded");
        }
    }

    /// Saves on disk that the program ended without a fault. Earlier faults then no longer count towards faults in a
    /// row.
    pub fn record_clean_exit(&self) {
        if let Err(problem) = self.faults.lock().unwrap_or_else(PoisonError::into_inner).forget_streaks() {
            tracing::warn!(%problem, "the history of faults could not be updated");
        }
    }

    /// Returns the size of the journal on disk, in bytes. Compact the journal long before it reaches
    /// [`JOURNAL_BYTES_MAX`].
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes.load(Ordering::Relaxed)
    }

    /// Waits up to `limit` for every appended record to be written, and returns whether all of them are on disk. Must
    /// run before the program ends; otherwise, records that are not written yet are lost.
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

/// Returns whether the journal on disk in a state directory holds nothing from a visit, except records about calls.
#[must_use]
pub fn is_compacted(dir: &Path) -> bool {
    reader::is_compacted(dir)
}

/// Returns the newest receipt in the journal of a state directory; `None` if there is none. Repairs and writes nothing.
#[must_use]
pub fn newest_receipt(dir: &Path) -> Option<Receipt> {
    reader::newest_receipt(dir)
}

/// Returns the newest receipt among these records.
#[must_use]
pub fn newest_receipt_in(records: &[(RoomTime, Event)]) -> Option<&Receipt> {
    records.iter().rev().find_map(|(_, event)| {
        let (Event::WipeVerified(receipt) | Event::WipeFailed(receipt)) = event else { return None };
        Some(receipt)
    })
}

#[cfg(test)]
mod tests;
