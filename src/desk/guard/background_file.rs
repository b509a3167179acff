//! Owns the writing of a small file on a separate thread, so that a disk that hangs delays neither a response of the
//! desk nor a call. Does not own the content of the file.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// Pause before a failed write is tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// A file that a separate thread writes. Only its newest content counts: content that is replaced before it is written
/// is never written.
#[derive(Debug)]
pub(super) struct BackgroundFile {
    inner: Arc<BackgroundFileInner>,
    written: watch::Receiver<u64>,
}

/// Identifies one [`BackgroundFile::write`]. Ids increase by one with each write.
pub(super) type WriteId = u64;

#[derive(Debug, Default)]
struct BackgroundFileInner {
    pending: Mutex<PendingWrite>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct PendingWrite {
    /// Id of the newest write, pending or not.
    id: WriteId,
    /// Content of the newest write, until the thread takes it.
    bytes: Option<Vec<u8>>,
    is_closed: bool,
}

impl BackgroundFile {
    /// Creates a file that is stored by `write`, which may block. `what` names the file in the log.
    pub(super) fn new(what: &'static str, write: impl Fn(&[u8]) -> io::Result<()> + Send + 'static) -> Self {
        let inner = Arc::<BackgroundFileInner>::default();
        let (on_written, written) = watch::channel(0);
        let shared = Arc::clone(&inner);
        let thread = std::thread::Builder::new().name("desk-keeper".to_owned());
        if let Err(error) = thread.spawn(move || write_loop(&shared, what, &on_written, write)) {
            tracing::warn!(%error, "the system could not start a thread to store {what}, which will not survive a restart");
        }
        Self { inner, written }
    }

    /// Replaces the file's content. Returns at once.
    pub(super) fn write(&self, bytes: Vec<u8>) -> WriteId {
        let mut pending = self.inner.pending();
        pending.id += 1;
        pending.bytes = Some(bytes);
        self.inner.changed.notify_all();
        pending.id
    }

    /// Waits up to `limit` for this or a later write to reach the disk. Returns whether one has.
    pub(super) async fn written(&self, id: WriteId, limit: Duration) -> bool {
        let mut written = self.written.clone();
        let is_written = written.wait_for(|written| *written >= id);
        tokio::time::timeout(limit, is_written).await.is_ok_and(|result| result.is_ok())
    }

    /// Waits up to `limit` for the newest write so far to reach the disk. Returns whether it has.
    pub(super) async fn all_written(&self, limit: Duration) -> bool {
        let newest = self.inner.pending().id;
        self.written(newest, limit).await
    }
}

impl Drop for BackgroundFile {
    fn drop(&mut self) {
        self.inner.pending().is_closed = true;
        self.inner.changed.notify_all();
    }
}

impl BackgroundFileInner {
    fn pending(&self) -> MutexGuard<'_, PendingWrite> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next write and returns it. If `failed` holds a failed write, waits at most [`RETRY_INTERVAL`] and
    /// then returns `failed` again. Returns `None` once the file is closed and no new write is pending.
    fn next_write(&self, failed: Option<(WriteId, Vec<u8>)>) -> Option<(WriteId, Vec<u8>)> {
        let is_idle = |pending: &mut PendingWrite| pending.bytes.is_none() && !pending.is_closed;
        let pending = self.pending();
        let mut pending = if failed.is_some() {
            let waited = self.changed.wait_timeout_while(pending, RETRY_INTERVAL, is_idle);
            waited.unwrap_or_else(PoisonError::into_inner).0
        } else {
            self.changed.wait_while(pending, is_idle).unwrap_or_else(PoisonError::into_inner)
        };
        match pending.bytes.take() {
            Some(bytes) => Some((pending.id, bytes)),
            None if pending.is_closed => None,
            None => failed,
        }
    }
}

fn write_loop(
    inner: &BackgroundFileInner,
    what: &'static str,
    on_written: &watch::Sender<WriteId>,
    write: impl Fn(&[u8]) -> io::Result<()>,
) {
    let mut failed = None;
    let mut has_warned = false;
    while let Some((id, bytes)) = inner.next_write(failed.take()) {
        match write(&bytes) {
            Ok(()) => {
                has_warned = false;
                on_written.send_replace(id);
            }
            Err(error) => {
                if !has_warned {
                    tracing::warn!(%error, "{what} cannot be stored, and until it can be, it will not survive a restart");
                }
                has_warned = true;
                failed = Some((id, bytes));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn only_the_newest_content_is_written_and_a_disk_that_hangs_delays_nobody() {
        let (disk, resumed) = mpsc::channel::<()>();
        let (wrote, writes) = mpsc::channel();
        let file = BackgroundFile::new("a test", move |bytes| {
            wrote.send(bytes.to_vec()).map_err(io::Error::other)?;
            resumed.recv().map_err(io::Error::other)
        });
        let first = file.write(b"one".to_vec());
        assert_eq!(writes.recv_timeout(LIMIT).unwrap(), b"one");
        for more in [b"two", b"six", b"ten"] {
            file.write(more.to_vec());
        }
        assert!(!file.written(first, Duration::from_millis(20)).await, "the disk hangs");
        disk.send(()).unwrap();
        assert!(file.written(first, LIMIT).await);
        assert_eq!(writes.recv_timeout(LIMIT).unwrap(), b"ten", "outdated content is never written");
        disk.send(()).unwrap();
        assert!(file.all_written(LIMIT).await);
        file.write(b"last".to_vec());
        drop(file);
        assert_eq!(writes.recv_timeout(LIMIT).unwrap(), b"last", "closing does not lose a pending write");
        disk.send(()).unwrap();
        assert!(writes.recv_timeout(LIMIT).is_err(), "then the thread ends");
    }
}
