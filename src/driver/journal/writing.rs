//! Owns the journal's thread: records go to disk, and those that cannot are kept and tried again. Does not own what is
//! in them, nor which waits before which ([`super::queue`]).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::open_call::ToKeep;
use super::queue::{Queue, Record, Replace, Work};
use super::reading::{self, Base};
use super::{
    CALLS_RESERVE_BYTES, DAMAGED_KEPT_MAX, DAMAGED_PREFIX, FAULTS_FILE, JOURNAL_BYTES_MAX, JOURNAL_FILE, JournalError,
    open_call,
};
use crate::paths::private;

/// While records wait for a disk that failed, it is tried again this often.
const RETRY_EVERY: Duration = Duration::from_secs(5);
/// A journal of this size is thinned once nothing waits, and again each time it has doubled.
const THINNED_FROM_BYTES: u64 = 1024 * 1024;

/// Told when the journal begins or ceases to fail: whether something that belongs on disk is not there.
pub(super) type Health = Arc<OnceLock<Box<dyn Fn(bool) + Send + Sync>>>;

pub(super) struct Writer {
    path: PathBuf,
    file: Option<File>,
    base: Base,
    queue: Arc<Queue>,
    size_bytes: Arc<AtomicU64>,
    health: Health,
    /// Whether the last attempt failed.
    has_failed: bool,
    /// Whether something that belongs on disk is not there: as it was told last.
    fails: bool,
    thin_at_bytes: u64,
}

impl Writer {
    pub(super) fn new(dir: &Path, base: Base, queue: Arc<Queue>, size_bytes: Arc<AtomicU64>, health: Health) -> Self {
        let path = dir.join(JOURNAL_FILE);
        Self {
            path,
            file: None,
            base,
            queue,
            size_bytes,
            health,
            has_failed: false,
            fails: false,
            thin_at_bytes: THINNED_FROM_BYTES,
        }
    }

    /// Tries the disk before anyone depends on it.
    pub(super) fn prepare(&mut self) -> Result<(), JournalError> {
        let outcome = self.write(&[]);
        self.has_failed = outcome.is_err();
        self.fails = outcome.is_err();
        outcome
    }

    pub(super) fn run(mut self) {
        let (queue, health) = (Arc::clone(&self.queue), Arc::clone(&self.health));
        let died = catch_unwind(AssertUnwindSafe(|| self.work())).is_err();
        queue.stop();
        if died && let Some(tell) = health.get() {
            tell(true);
        }
    }

    fn work(&mut self) {
        loop {
            let written = match self.queue.next(self.has_failed.then_some(RETRY_EVERY)) {
                Work::Append(batch) => self.append(batch),
                Work::KeepCall(call) => self.keep_call(call),
                Work::Replace(Replace { content, done }, call) => {
                    let kept = call.map_or(Ok(()), |call| self.keep_call(call));
                    let replaced = self.replace(&content);
                    done(replaced.clone());
                    replaced.and(kept)
                }
                Work::Retry => self.write(&[]),
                Work::End => return,
            };
            self.has_failed = written.is_err();
            self.tell_health(self.has_failed || self.queue.has_lost());
            if self.queue.is_empty() && self.size_bytes.load(Ordering::Relaxed) >= self.thin_at_bytes {
                self.thin();
            }
        }
    }

    fn tell_health(&mut self, fails: bool) {
        if std::mem::replace(&mut self.fails, fails) != fails
            && let Some(tell) = self.health.get()
        {
            tell(fails);
        }
    }

    fn append(&mut self, batch: Vec<Record>) -> Result<(), JournalError> {
        if batch.is_empty() && !self.has_failed {
            return Ok(());
        }
        // A flood of other records must not leave a call without room.
        let limit_bytes = JOURNAL_BYTES_MAX - CALLS_RESERVE_BYTES;
        let batch_bytes: u64 = batch.iter().map(|record| record.line.len() as u64).sum();
        let (batch, refused) = if self.size_bytes.load(Ordering::Relaxed) + batch_bytes > limit_bytes {
            batch.into_iter().partition(Record::is_call)
        } else {
            (batch, Vec::new())
        };
        for mut record in refused {
            self.queue.note_lost();
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
        let batch: Vec<Record> = batch.collect();
        if outcome.is_err() {
            self.queue.give_back(batch);
        }
        outcome
    }

    fn keep_call(&self, call: ToKeep) -> Result<(), JournalError> {
        let path = self.path.with_file_name(open_call::OPEN_CALL_FILE);
        open_call::write(&path, call).map_err(|problem| {
            self.queue.give_back_call(call);
            JournalError::Disk { path, why: problem.to_string() }
        })
    }

    /// These, then one wait for the disk.
    fn write(&mut self, lines: &[&[u8]]) -> Result<(), JournalError> {
        let outcome = self.try_write(lines);
        if outcome.is_err() {
            // What the kernel holds of this file is unknown now; the next attempt starts from the last whole record.
            if let (Some(file), Base::Whole(whole_bytes)) = (self.file.take(), &self.base) {
                let _ = file.set_len(*whole_bytes);
            }
        }
        outcome
    }

    fn try_write(&mut self, lines: &[&[u8]]) -> Result<(), JournalError> {
        if let Base::Replace(content) = &self.base {
            let content = content.clone();
            self.put_in_place(&content).map_err(|problem| self.disk(&problem))?;
        }
        let Base::Whole(whole_bytes) = self.base else { return Err(self.disk(&io::Error::other("not in place"))) };
        let bytes = lines.concat();
        let size_bytes = whole_bytes + bytes.len() as u64;
        if size_bytes > JOURNAL_BYTES_MAX {
            return Err(JournalError::Full { path: self.path.clone() });
        }
        let written = self.file_at(whole_bytes).and_then(|file| {
            file.write_all(&bytes)?;
            file.sync_data()
        });
        written.map_err(|problem| self.disk(&problem))?;
        self.base = Base::Whole(size_bytes);
        self.size_bytes.store(size_bytes, Ordering::Relaxed);
        Ok(())
    }

    /// The file, open, with nothing behind its last whole record.
    fn file_at(&mut self, whole_bytes: u64) -> io::Result<&mut File> {
        if let Some(file) = &self.file
            && file.metadata()?.nlink() == 0
        {
            self.take_file_as_it_is();
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
            self.take_file_as_it_is();
            return Err(io::Error::other("shorter than what was written to it"));
        }
        file.set_len(whole_bytes)?;
        file.seek(SeekFrom::Start(whole_bytes))?;
        file.sync_all()?;
        private::sync_parent(&self.path)?;
        Ok(file)
    }

    /// Somebody else changed it. That is said once; then the room goes on behind what is there.
    fn take_file_as_it_is(&mut self) {
        self.base = Base::Whole(fs::metadata(&self.path).map_or(0, |found| found.len()));
    }

    fn replace(&mut self, content: &[u8]) -> Result<(), JournalError> {
        self.put_in_place(content).map_err(|problem| self.disk(&problem))?;
        self.queue.was_replaced();
        self.thin_at_bytes = THINNED_FROM_BYTES;
        let copies = (1..=DAMAGED_KEPT_MAX).map(|number| format!("{DAMAGED_PREFIX}{number}"));
        for name in copies.chain([FAULTS_FILE.to_owned()]) {
            private::remove(&self.path.with_file_name(name)).map_err(|problem| self.disk(&problem))?;
        }
        Ok(())
    }

    /// Leaves out what later records have outdated, so that no number of volumes and places fills the journal. Where
    /// that fails, it stays as it is, and is tried again once it has doubled.
    fn thin(&mut self) {
        let limit = usize::try_from(JOURNAL_BYTES_MAX).unwrap_or(usize::MAX);
        let thinned =
            private::read_limited(&self.path, limit).ok().flatten().and_then(|bytes| reading::thinned(&bytes));
        if let Some(content) = thinned
            && let Err(problem) = self.put_in_place(&content)
        {
            tracing::warn!(%problem, "the journal could not be thinned; it stays as it is");
        }
        self.thin_at_bytes = THINNED_FROM_BYTES.max(2 * self.size_bytes.load(Ordering::Relaxed));
    }

    fn put_in_place(&mut self, content: &[u8]) -> io::Result<()> {
        private::write_atomic(&self.path, content)?;
        self.file = None;
        let size_bytes = content.len() as u64;
        self.base = Base::Whole(size_bytes);
        self.size_bytes.store(size_bytes, Ordering::Relaxed);
        Ok(())
    }

    fn disk(&self, problem: &io::Error) -> JournalError {
        JournalError::Disk { path: self.path.clone(), why: problem.to_string() }
    }
}
