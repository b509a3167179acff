//! Owns a small file that changes now and then, written on a thread of its own: a disk that hangs stalls no answer of the
//! desk, and no call. Does not own what stands in it.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// A disk that took nothing is tried again after so long.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Keeps the newest of what it was given.
#[derive(Debug)]
pub(super) struct Keeper {
    inner: Arc<Inner>,
    written: watch::Receiver<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    next: Mutex<Next>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Next {
    /// How many there have been.
    number: u64,
    /// The newest, if it has not been taken to be written.
    bytes: Option<Vec<u8>>,
    /// Nothing more comes.
    is_last: bool,
}

impl Keeper {
    /// A keeper that writes with `write`, which may block. `what` is said where it cannot be kept.
    pub(super) fn new(what: &'static str, write: impl Fn(&[u8]) -> io::Result<()> + Send + 'static) -> Self {
        let inner = Arc::<Inner>::default();
        let (tell, written) = watch::channel(0);
        let kept = Arc::clone(&inner);
        let thread = std::thread::Builder::new().name("desk-keeper".to_owned());
        if let Err(error) = thread.spawn(move || keep_on(&kept, what, &tell, write)) {
            tracing::warn!(%error, "no thread for {what}, which will not outlive a restart");
        }
        Self { inner, written }
    }

    /// Takes what is to be kept from now on, in place of all before; the number of it.
    pub(super) fn keep(&self, bytes: Vec<u8>) -> u64 {
        let mut next = self.inner.next();
        next.number += 1;
        next.bytes = Some(bytes);
        self.inner.changed.notify_all();
        next.number
    }

    /// Waits until this one or a later one is on disk, but no longer than `limit`. Whether it is.
    pub(super) async fn has_kept_within(&self, number: u64, limit: Duration) -> bool {
        let mut written = self.written.clone();
        let kept = written.wait_for(|written| *written >= number);
        tokio::time::timeout(limit, kept).await.is_ok_and(|kept| kept.is_ok())
    }

    /// The same for all that was given so far.
    pub(super) async fn has_kept_all_within(&self, limit: Duration) -> bool {
        let number = self.inner.next().number;
        self.has_kept_within(number, limit).await
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.inner.next().is_last = true;
        self.inner.changed.notify_all();
    }
}

impl Inner {
    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next to be written; `failed` comes again if there is nothing newer after a while.
    fn take(&self, failed: Option<(u64, Vec<u8>)>) -> Option<(u64, Vec<u8>)> {
        let waits = |next: &mut Next| next.bytes.is_none() && !next.is_last;
        let next = self.next();
        let mut next = if failed.is_some() {
            let waited = self.changed.wait_timeout_while(next, TRIED_AGAIN_AFTER, waits);
            waited.unwrap_or_else(PoisonError::into_inner).0
        } else {
            self.changed.wait_while(next, waits).unwrap_or_else(PoisonError::into_inner)
        };
        match next.bytes.take() {
            Some(bytes) => Some((next.number, bytes)),
            None if next.is_last => None,
            None => failed,
        }
    }
}

fn keep_on(inner: &Inner, what: &'static str, written: &watch::Sender<u64>, write: impl Fn(&[u8]) -> io::Result<()>) {
    let mut failed = None;
    let mut was_told = false;
    while let Some((number, bytes)) = inner.take(failed.take()) {
        match write(&bytes) {
            Ok(()) => {
                was_told = false;
                written.send_replace(number);
            }
            Err(error) => {
                if !was_told {
                    tracing::warn!(%error, "{what} cannot be written and will not outlive a restart until it can");
                }
                was_told = true;
                failed = Some((number, bytes));
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
    async fn the_newest_is_written_and_a_disk_that_hangs_keeps_nobody_waiting() {
        let (disk, goes_on) = mpsc::channel::<()>();
        let (tell, wrote) = mpsc::channel();
        let keeper = Keeper::new("a test", move |bytes| {
            tell.send(bytes.to_vec()).map_err(io::Error::other)?;
            goes_on.recv().map_err(io::Error::other)
        });
        let first = keeper.keep(b"one".to_vec());
        assert_eq!(wrote.recv_timeout(LIMIT).unwrap(), b"one");
        for more in [b"two", b"six", b"ten"] {
            keeper.keep(more.to_vec());
        }
        assert!(!keeper.has_kept_within(first, Duration::from_millis(20)).await, "the disk hangs");
        disk.send(()).unwrap();
        assert!(keeper.has_kept_within(first, LIMIT).await);
        assert_eq!(wrote.recv_timeout(LIMIT).unwrap(), b"ten", "what is out of date is never written");
        disk.send(()).unwrap();
        assert!(keeper.has_kept_all_within(LIMIT).await);
        keeper.keep(b"last".to_vec());
        drop(keeper);
        assert_eq!(wrote.recv_timeout(LIMIT).unwrap(), b"last", "what was given is written though the desk closes");
        disk.send(()).unwrap();
        assert!(wrote.recv_timeout(LIMIT).is_err(), "then the thread ends");
    }
}
