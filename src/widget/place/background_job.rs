//! Owns work beside the window: one thing made at a time, on a thread of its own that ends with it.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Where things of one kind are made.
#[derive(Debug)]
pub(super) struct Bench<K, V>(Arc<Mutex<Slots<K, V>>>);

#[derive(Debug)]
struct Slots<K, V> {
    is_working: bool,
    ready: Option<(K, V)>,
    failed: Option<K>,
}

impl<K, V> Clone for Bench<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Bench<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Slots { is_working: false, ready: None, failed: None })))
    }
}

/// What became of a wish.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Made<V> {
    /// Here it is.
    Ready(V),
    /// It is being made, or waits for what is.
    NotYet,
    /// It cannot be made.
    Never,
}

impl<K: PartialEq + Clone + Send + 'static, V: Send + 'static> Bench<K, V> {
    /// The thing of that name, which is handed out once; `make` begins to make it if nobody does yet.
    pub(super) fn take(&self, key: &K, make: impl FnOnce() -> Option<V> + Send + 'static) -> Made<V> {
        if let Some((_, value)) = self.lock(|slots| slots.ready.take_if(|(name, _)| name == key)) {
            return Made::Ready(value);
        }
        self.begin(key, make)
    }

    /// Begins to make the thing of that name, unless it is there, being made or impossible.
    pub(super) fn begin(&self, key: &K, make: impl FnOnce() -> Option<V> + Send + 'static) -> Made<V> {
        let may_begin = self.lock(|slots| {
            if slots.failed.as_ref() == Some(key) {
                return Err(Made::Never);
            }
            let is_there = slots.ready.as_ref().is_some_and(|(name, _)| name == key);
            if slots.is_working || is_there {
                return Err(Made::NotYet);
            }
            slots.is_working = true;
            Ok(())
        });
        if let Err(answer) = may_begin {
            return answer;
        }
        let (bench, name) = (self.clone(), key.clone());
        let started = thread::Builder::new().name("places".to_owned()).spawn(move || {
            let outcome = make();
            bench.lock(|slots| {
                slots.is_working = false;
                match outcome {
                    Some(value) => slots.ready = Some((name, value)),
                    None => slots.failed = Some(name),
                }
            });
        });
        if started.is_err() {
            // A system without threads to spare is asked again with the next picture.
            self.lock(|slots| slots.is_working = false);
        }
        Made::NotYet
    }

    /// Whether the thing of that name proved impossible.
    pub(super) fn has_failed(&self, key: &K) -> bool {
        self.lock(|slots| slots.failed.as_ref() == Some(key))
    }

    fn lock<R>(&self, act: impl FnOnce(&mut Slots<K, V>) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn until_made(bench: &Bench<u32, u32>, key: u32) -> Made<u32> {
        loop {
            match bench.take(&key, move || key.checked_mul(2).filter(|_| key != 13)) {
                Made::NotYet => thread::yield_now(),
                made => return made,
            }
        }
    }

    #[test]
    fn a_thing_is_made_once_and_handed_out_once_and_failure_is_remembered() {
        let bench = Bench::default();
        assert_eq!(until_made(&bench, 4), Made::Ready(8));
        assert_eq!(until_made(&bench, 13), Made::Never);
        assert_eq!(until_made(&bench, 5), Made::Ready(10));
        assert_eq!(bench.take(&13, || Some(1)), Made::Never);
    }

    #[test]
    fn one_thing_at_a_time() {
        let bench: Bench<u32, u32> = Bench::default();
        let (go, wait) = mpsc::channel::<()>();
        assert_eq!(bench.take(&1, move || wait.recv().ok().map(|()| 1)), Made::NotYet);
        assert_eq!(bench.take(&2, || Some(2)), Made::NotYet);
        go.send(()).unwrap();
        assert_eq!(until_made(&bench, 2), Made::Ready(4));
    }
}
