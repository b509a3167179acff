//! Owns the jobs that load and render pictures on threads other than the window's. One job of each kind runs at a time,
//! on a thread that ends with the job. Does not own what a job does.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Maximum number of failed keys that are remembered. Beyond it, the earliest is forgotten, so that its job is tried
/// again.
const FAILED_MAX: usize = 64;

/// Runs jobs of one kind, each of which has a key, and keeps the latest result until it is taken.
#[derive(Debug)]
pub(in crate::widget) struct BackgroundJob<K, V>(Arc<Mutex<JobSlots<K, V>>>);

#[derive(Debug)]
struct JobSlots<K, V> {
    is_running: bool,
    ready: Option<(K, V)>,
    failed: VecDeque<K>,
}

impl<K, V> Clone for BackgroundJob<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for BackgroundJob<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(JobSlots { is_running: false, ready: None, failed: VecDeque::new() })))
    }
}

/// The outcome of a job so far.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::widget) enum JobResult<V> {
    /// The result of the job.
    Ready(V),
    /// The job is running, is waiting for another job to end, or has left a result that has not been taken yet.
    Pending,
    /// The job failed, or panicked. It is not tried again while its key is among the last [`FAILED_MAX`] that failed.
    Failed,
}

impl<K: PartialEq + Clone + Send + 'static, V: Send + 'static> BackgroundJob<K, V> {
    /// Takes the result for `key`. Each result can be taken only once. If there is none, does the same as
    /// [`BackgroundJob::start`].
    pub(in crate::widget) fn take(&self, key: &K, run: impl FnOnce() -> Option<V> + Send + 'static) -> JobResult<V> {
        if let Some((_, value)) = self.lock(|slots| slots.ready.take_if(|(name, _)| name == key)) {
            return JobResult::Ready(value);
        }
        self.start(key, run)
    }

    /// Starts `run` for `key`, unless the result for `key` is available, the job for `key` has failed, or any job is
    /// running. Leaves the result for [`BackgroundJob::take`].
    pub(in crate::widget) fn start(&self, key: &K, run: impl FnOnce() -> Option<V> + Send + 'static) -> JobResult<V> {
        let may_start = self.lock(|slots| {
            if slots.failed.contains(key) {
                return Err(JobResult::Failed);
            }
            let is_ready = slots.ready.as_ref().is_some_and(|(name, _)| name == key);
            if slots.is_running || is_ready {
                return Err(JobResult::Pending);
            }
            slots.is_running = true;
            Ok(())
        });
        if let Err(result) = may_start {
            return result;
        }
        let (job, name) = (self.clone(), key.clone());
        let started = thread::Builder::new().name("places".to_owned()).spawn(move || {
            // The panic itself is logged by the program's panic hook.
            let value = catch_unwind(AssertUnwindSafe(run)).ok().flatten();
            job.lock(|slots| {
                slots.is_running = false;
                if let Some(value) = value {
                    slots.ready = Some((name, value));
                    return;
                }
                slots.failed.push_back(name);
                if slots.failed.len() > FAILED_MAX {
                    slots.failed.pop_front();
                }
            });
        });
        if started.is_err() {
            // The system cannot start a thread now. The caller asks again in the next frame.
            self.lock(|slots| slots.is_running = false);
        }
        JobResult::Pending
    }

    /// Returns whether the job for `key` has failed and is not tried again for now.
    pub(in crate::widget) fn has_failed(&self, key: &K) -> bool {
        self.lock(|slots| slots.failed.contains(key))
    }

    fn lock<R>(&self, act: impl FnOnce(&mut JobSlots<K, V>) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn run_to_end(job: &BackgroundJob<u32, u32>, key: u32) -> JobResult<u32> {
        loop {
            match job.take(&key, move || key.checked_mul(2).filter(|_| !key.is_multiple_of(13))) {
                JobResult::Pending => thread::yield_now(),
                result @ (JobResult::Ready(_) | JobResult::Failed) => return result,
            }
        }
    }

    #[test]
    fn a_job_runs_once_its_result_is_taken_once_and_a_failure_is_remembered() {
        let job = BackgroundJob::default();
        assert_eq!(run_to_end(&job, 4), JobResult::Ready(8));
        assert_eq!(run_to_end(&job, 13), JobResult::Failed);
        assert_eq!(run_to_end(&job, 5), JobResult::Ready(10));
        assert_eq!(run_to_end(&job, 26), JobResult::Failed);
        assert_eq!(job.take(&13, || Some(1)), JobResult::Failed);
        assert!(job.has_failed(&13) && job.has_failed(&26) && !job.has_failed(&5));
        for number in 3..=FAILED_MAX as u32 + 1 {
            assert_eq!(run_to_end(&job, 13 * number), JobResult::Failed);
        }
        assert!(!job.has_failed(&13) && job.has_failed(&26));
    }

    #[test]
    fn a_job_that_panics_has_failed_and_the_next_one_runs() {
        let job: BackgroundJob<u32, u32> = BackgroundJob::default();
        assert_eq!(job.take(&1, || std::panic::panic_any("as expected")), JobResult::Pending);
        assert_eq!(run_to_end(&job, 2), JobResult::Ready(4));
        assert_eq!(job.take(&1, || Some(1)), JobResult::Failed);
    }

    #[test]
    fn only_one_job_runs_at_a_time() {
        let job: BackgroundJob<u32, u32> = BackgroundJob::default();
        let (go, wait) = mpsc::channel::<()>();
        assert_eq!(job.take(&1, move || wait.recv().ok().map(|()| 1)), JobResult::Pending);
        assert_eq!(job.take(&2, || Some(2)), JobResult::Pending);
        go.send(()).unwrap();
        assert_eq!(run_to_end(&job, 2), JobResult::Ready(4));
    }
}
