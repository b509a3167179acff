//! Owns the journal's thread: records go to disk in order, and those that cannot are kept and tried again. Does not
//! own what is in them.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::reading::Base;
use super::{DAMAGED_KEPT_MAX, DAMAGED_PREFIX, JOURNAL_BYTES_MAX, JOURNAL_FILE, JournalError};
use crate::paths::private;

/// While records wait for a disk that failed, it is tried again this often.
const RETRY_EVERY: Duration = Duration::from_secs(5);
/// Records that wait for a disk that failed; later ones are dropped, so that what is kept tells a whole story.
const WAITING_MAX: usize = 4096;
/// Records that share one wait for the disk.
const BATCH_MAX: usize = 64;

type Done = Box<dyn FnOnce(Result<(), JournalError>) + Send>;

pub(super) enum Order {
    Append { record: Vec<u8>, kept_if_failing: bool, done: Done },
    Replace { content: Vec<u8>, done: Done },
}

impl Order {
    pub(super) fn answer(self, outcome: Result<(), JournalError>) {
        match self {
            Self::Append { done, .. } | Self::Replace { done, .. } => done(outcome),
        }
    }
}

pub(super) struct Writer {
    path: PathBuf,
    file: Option<File>,
    base: Base,
    waiting: VecDeque<Vec<u8>>,
    size_bytes: Arc<AtomicU64>,
}

struct Append {
    record: Vec<u8>,
    kept_if_failing: bool,
    done: Done,
}

impl Writer {
    pub(super) fn new(dir: &Path, base: Base, size_bytes: Arc<AtomicU64>) -> Self {
        Self { path: dir.join(JOURNAL_FILE), file: None, base, waiting: VecDeque::new(), size_bytes }
    }

    /// Tries the disk before anyone depends on it.
    pub(super) fn prepare(&mut self) -> Result<(), JournalError> {
        self.write(&[])
    }

    pub(super) fn run(mut self, inbox: &Receiver<Order>) {
        loop {
            let next = if self.waiting.is_empty() {
                inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                inbox.recv_timeout(RETRY_EVERY)
            };
            match next {
                Ok(order) => self.take(order, inbox),
                Err(RecvTimeoutError::Timeout) => drop(self.write(&[])),
                Err(RecvTimeoutError::Disconnected) => {
                    if !self.waiting.is_empty() {
                        let _ = self.write(&[]);
                    }
                    return;
                }
            }
        }
    }

    /// Takes an order and all that wait behind it, so that they share one wait for the disk.
    fn take(&mut self, first: Order, inbox: &Receiver<Order>) {
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(order) = next.take() {
            match order {
                Order::Append { record, kept_if_failing, done } => {
                    batch.push(Append { record, kept_if_failing, done });
                    if batch.len() < BATCH_MAX {
                        next = inbox.try_recv().ok();
                    }
                }
                Order::Replace { content, done } => {
                    self.append(std::mem::take(&mut batch));
                    done(self.replace(&content));
                }
            }
        }
        self.append(batch);
    }

    fn append(&mut self, batch: Vec<Append>) {
        if batch.is_empty() {
            return;
        }
        let records: Vec<&[u8]> = batch.iter().map(|append| append.record.as_slice()).collect();
        let outcome = self.write(&records);
        for Append { record, kept_if_failing, done } in batch {
            if outcome.is_err() && kept_if_failing && self.waiting.len() < WAITING_MAX {
                self.waiting.push_back(record);
            }
            done(outcome.clone());
        }
    }

    /// What waits, then these, then one wait for the disk.
    fn write(&mut self, records: &[&[u8]]) -> Result<(), JournalError> {
        let outcome = self.try_write(records);
        if outcome.is_err() {
            // What the kernel holds of this file is unknown now; the next attempt starts from the last whole record.
            if let (Some(file), Base::Whole(whole_bytes)) = (self.file.take(), &self.base) {
                let _ = file.set_len(*whole_bytes);
            }
        }
        outcome
    }

    fn try_write(&mut self, records: &[&[u8]]) -> Result<(), JournalError> {
        if let Base::Replace(content) = &self.base {
            let content = content.clone();
            self.put_in_place(&content).map_err(|problem| self.disk(&problem))?;
        }
        let Base::Whole(whole_bytes) = self.base else { return Err(self.disk(&io::Error::other("not in place"))) };
        let waiting = self.waiting.iter().map(Vec::as_slice);
        let bytes = waiting.chain(records.iter().copied()).collect::<Vec<_>>().concat();
        let size_bytes = whole_bytes + bytes.len() as u64;
        if size_bytes > JOURNAL_BYTES_MAX {
            return Err(JournalError::Full { path: self.path.clone() });
        }
        let written = self.file_at(whole_bytes).and_then(|file| {
            file.write_all(&bytes)?;
            file.sync_data()
        });
        written.map_err(|problem| self.disk(&problem))?;
        self.waiting.clear();
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
        private::sync_dir_of(&self.path)?;
        Ok(file)
    }

    /// Somebody else changed it. That is said once; then the room goes on behind what is there.
    fn take_file_as_it_is(&mut self) {
        self.base = Base::Whole(std::fs::metadata(&self.path).map_or(0, |found| found.len()));
    }

    fn replace(&mut self, content: &[u8]) -> Result<(), JournalError> {
        self.put_in_place(content).map_err(|problem| self.disk(&problem))?;
        self.waiting.clear();
        for number in 1..=DAMAGED_KEPT_MAX {
            let copy = self.path.with_file_name(format!("{DAMAGED_PREFIX}{number}"));
            private::remove(&copy).map_err(|problem| self.disk(&problem))?;
        }
        Ok(())
    }

    fn put_in_place(&mut self, content: &[u8]) -> io::Result<()> {
        private::write_whole(&self.path, content)?;
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
