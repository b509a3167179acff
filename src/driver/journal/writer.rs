//! Owns the journal's thread, which writes records and the copy of the open call to disk, retries those that fail, and
//! compacts and thins the file. Does not own the content of the records, or their order ([`super::queue`]).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::fault_history::FaultHistory;
use super::open_call::OpenCall;
use super::queue::{JournalQueue, QueuedRecord, Replacement, WriterTask};
use super::reader::{self, JournalBase};
use super::{
    CALLS_RESERVE_BYTES, DAMAGED_KEPT_MAX, DAMAGED_PREFIX, JOURNAL_BYTES_MAX, JOURNAL_FILE, JournalError, open_call,
};
use crate::paths::private;

/// Longest time between two attempts to write to a disk that has failed. Anything that is enqueued causes an earlier
/// attempt.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Size in bytes at which the journal is first thinned, as soon as nothing is waiting. It is thinned again each time
/// its size has doubled.
const THIN_AT_BYTES_MIN: u64 = 1024 * 1024;

/// Receives `true` when the journal begins to fail, and `false` once nothing is missing from the disk any longer.
pub(super) type HealthCallback = Arc<OnceLock<Box<dyn Fn(bool) + Send + Sync>>>;

pub(super) struct JournalWriter {
    path: PathBuf,
    file: Option<File>,
    base: JournalBase,
    queue: Arc<JournalQueue>,
    size_bytes: Arc<AtomicU64>,
    on_health: HealthCallback,
    faults: Arc<Mutex<FaultHistory>>,
    /// Whether the latest task failed. If so, the thread waits at most [`RETRY_INTERVAL`] for the next task.
    has_failed: bool,
    /// Whether the latest attempt to store the copy of the open call failed.
    copy_has_failed: bool,
    /// Whether the journal was last reported as failing, to `on_health` or by [`JournalWriter::prepare`].
    is_failing: bool,
    thin_at_bytes: u64,
}

impl JournalWriter {
    pub(super) fn new(
        dir: &Path,
        base: JournalBase,
        queue: Arc<JournalQueue>,
        size_bytes: Arc<AtomicU64>,
        on_health: HealthCallback,
        faults: Arc<Mutex<FaultHistory>>,
    ) -> Self {
        let path = dir.join(JOURNAL_FILE);
        Self {
            path,
            file: None,
            base,
            queue,
            size_bytes,
            on_health,
            faults,
            has_failed: false,
            copy_has_failed: false,
            is_failing: false,
            thin_at_bytes: THIN_AT_BYTES_MIN,
        }
    }

    /// Repairs the file before any record is appended, which also tests whether the disk can be written to.
    pub(super) fn prepare(&mut self) -> Result<(), JournalError> {
        let outcome = self.write(&[]);
        self.has_failed = outcome.is_err();
        self.is_failing = outcome.is_err();
        outcome
    }

    pub(super) fn run(mut self) {
        let (queue, on_health) = (Arc::clone(&self.queue), Arc::clone(&self.on_health));
        let has_panicked = catch_unwind(AssertUnwindSafe(|| self.work())).is_err();
        queue.stop();
        if has_panicked && let Some(callback) = on_health.get() {
            callback(true);
        }
    }

    fn work(&mut self) {
        loop {
            let written = match self.queue.next_task(self.has_failed.then_some(RETRY_INTERVAL)) {
                WriterTask::Append(batch) => self.append(batch),
                WriterTask::StoreOpenCall(call) => self.store_open_call(call),
                WriterTask::Replace(Replacement { content, done }, call) => {
                    let kept = call.map_or(Ok(()), |call| self.store_open_call(call));
                    let replaced = self.replace(&content);
                    done(replaced.clone());
                    replaced.and(kept)
                }
                WriterTask::Retry => self.write(&[]),
                WriterTask::Stop => return,
            };
            self.has_failed = written.is_err();
            // A record that was written does not end the failure if the copy of the open call could not be stored.
            self.report_health(self.has_failed || self.copy_has_failed || self.queue.has_lost_records());
            if self.queue.is_empty() && self.size_bytes.load(Ordering::Relaxed) >= self.thin_at_bytes {
                self.thin();
            }
        }
    }

    fn report_health(&mut self, is_failing: bool) {
        if std::mem::replace(&mut self.is_failing, is_failing) != is_failing
            && let Some(callback) = self.on_health.get()
        {
            callback(is_failing);
        }
    }

    fn append(&mut self, batch: Vec<QueuedRecord>) -> Result<(), JournalError> {
        if batch.is_empty() && !self.has_failed {
            return Ok(());
        }
        // Records that are not about calls may not use the space that is reserved for calls.
        let limit_bytes = JOURNAL_BYTES_MAX - CALLS_RESERVE_BYTES;
        let batch_bytes: u64 = batch.iter().map(|record| record.line.len() as u64).sum();
        let (batch, refused) = if self.size_bytes.load(Ordering::Relaxed) + batch_bytes > limit_bytes {
            batch.into_iter().partition(QueuedRecord::is_call)
        } else {
            (batch, Vec::new())
        };
        for mut record in refused {
            self.queue.mark_lost();
            (record.done)(Err(JournalError::Full { path: self.path.clone() }));
        }
        let lines: Vec<&[u8]> = batch.iter().map(|record| record.line.as_slice()).collect();
        let outcome = self.write(&lines);
        let batch = batch.into_iter().map(|mut record| {
            if outcome.is_ok() || !record.has_failed {
                (record.done)(outcome.clone());
            }
            record.has_failed = outcome.is_err();
            record
        });
        let batch: Vec<QueuedRecord> = batch.collect();
        if outcome.is_err() {
            self.queue.requeue(batch);
        }
        outcome
    }

    fn store_open_call(&mut self, call: OpenCall) -> Result<(), JournalError> {
        let path = self.path.with_file_name(open_call::OPEN_CALL_FILE);
        let stored = open_call::write(&path, call).map_err(|problem| {
            self.queue.requeue_open_call(call);
            JournalError::Disk { path, why: problem.to_string() }
        });
        self.copy_has_failed = stored.is_err();
        stored
    }

    /// Writes these lines and syncs the disk once.
    fn write(&mut self, lines: &[&[u8]]) -> Result<(), JournalError> {
        let outcome = self.try_write(lines);
        if outcome.is_err() {
            // It is unknown how many of these lines reached the disk, so the next attempt overwrites them, starting
            // after the last intact record.
            if let (Some(file), JournalBase::Intact(whole_bytes)) = (self.file.take(), &self.base) {
                let _ = file.set_len(*whole_bytes);
            }
        }
        outcome
    }

    fn try_write(&mut self, lines: &[&[u8]]) -> Result<(), JournalError> {
        if let JournalBase::Rewrite(content) = &self.base {
            let content = content.clone();
            self.replace_file(&content).map_err(|problem| self.disk_error(&problem))?;
        }
        let JournalBase::Intact(whole_bytes) = self.base else {
            return Err(self.disk_error(&io::Error::other("not in place")));
        };
        let bytes = lines.concat();
        let size_bytes = whole_bytes + bytes.len() as u64;
        if size_bytes > JOURNAL_BYTES_MAX {
            return Err(JournalError::Full { path: self.path.clone() });
        }
        let written = self.file_at(whole_bytes).and_then(|file| {
            file.write_all(&bytes)?;
            file.sync_data()
        });
        written.map_err(|problem| self.disk_error(&problem))?;
        self.base = JournalBase::Intact(size_bytes);
        self.size_bytes.store(size_bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Returns the file, positioned after its last intact record. If the file is not open, opens it and cuts off
    /// everything after that record. Fails if another program has removed the file, or had shortened it before it was
    /// opened.
    fn file_at(&mut self, whole_bytes: u64) -> io::Result<&mut File> {
        if let Some(file) = &self.file
            && file.metadata()?.nlink() == 0
        {
            self.accept_file_as_it_is();
            return Err(io::Error::other("the file was removed while in use"));
        }
        let file = match self.file.take() {
            Some(file) => file,
            None => self.open_file(whole_bytes)?,
        };
        Ok(self.file.insert(file))
    }

    fn open_file(&mut self, whole_bytes: u64) -> io::Result<File> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(private::FILE_MODE)
            .open(&self.path)?;
        let size_bytes = file.metadata()?.len();
        if size_bytes < whole_bytes {
            self.accept_file_as_it_is();
            return Err(io::Error::other("shorter than what was written to it"));
        }
        file.set_len(whole_bytes)?;
        file.seek(SeekFrom::Start(whole_bytes))?;
        file.sync_all()?;
        private::sync_parent(&self.path)?;
        Ok(file)
    }

    /// Continues with a file that another program has changed. The change is reported once. After that, records are
    /// appended to the file as it is.
    fn accept_file_as_it_is(&mut self) {
        self.base = JournalBase::Intact(fs::metadata(&self.path).map_or(0, |found| found.len()));
    }

    fn replace(&mut self, content: &[u8]) -> Result<(), JournalError> {
        self.replace_file(content).map_err(|problem| self.disk_error(&problem))?;
        self.queue.clear_lost();
        self.thin_at_bytes = THIN_AT_BYTES_MIN;
        // Forgotten first, because a fault must not write entries of the earlier records again, even if removing a file
        // fails.
        let forgotten = self.faults.lock().unwrap_or_else(PoisonError::into_inner).forget_all();
        for number in 1..=DAMAGED_KEPT_MAX {
            let copy = self.path.with_file_name(format!("{DAMAGED_PREFIX}{number}"));
            private::remove(&copy).map_err(|problem| self.disk_error(&problem))?;
        }
        forgotten.map_err(|problem| self.disk_error(&problem))
    }

    /// Removes records that later records supersede, because frequent changes, for example of volume or place, would
    /// otherwise fill the journal. If that fails, the journal stays as it is until its size has doubled.
    fn thin(&mut self) {
        let limit = usize::try_from(JOURNAL_BYTES_MAX).unwrap_or(usize::MAX);
        let thinned = private::read_limited(&self.path, limit).ok().flatten().and_then(|bytes| reader::thinned(&bytes));
        if let Some(content) = thinned
            && let Err(problem) = self.replace_file(&content)
        {
            tracing::warn!(%problem, "the journal could not be thinned; it stays as it is");
        }
        self.thin_at_bytes = THIN_AT_BYTES_MIN.max(2 * self.size_bytes.load(Ordering::Relaxed));
    }

    fn replace_file(&mut self, content: &[u8]) -> io::Result<()> {
        private::write_atomic(&self.path, content)?;
        self.file = None;
        let size_bytes = content.len() as u64;
        self.base = JournalBase::Intact(size_bytes);
        self.size_bytes.store(size_bytes, Ordering::Relaxed);
        Ok(())
    }

    fn disk_error(&self, problem: &io::Error) -> JournalError {
        JournalError::Disk { path: self.path.clone(), why: problem.to_string() }
    }
}
