//! Owns the bounded queue of records that wait for the disk. Records about calls come first, and a record that a later
//! record supersedes is dropped. Does not own the writer ([`super::writer`]).

use std::collections::VecDeque;
use std::mem::Discriminant;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::JournalError;
use super::open_call::OpenCall;
use crate::room::Event;

/// Capacity of each lane, in records. A full lane refuses new records instead of dropping waiting ones, so that the
/// records before the refusal have no gaps between them.
pub(super) const LANE_RECORDS_MAX: usize = 4_096;
/// Maximum number of records written before the disk is synced.
pub(super) const BATCH_MAX: usize = 64;

/// Receives the outcome of the first attempt to write a record, and a second outcome if that attempt failed and a later
/// one succeeds. If a later record replaces one that failed, only the later one receives further outcomes.
pub(super) type RecordCallback = Box<dyn FnMut(Result<(), JournalError>) + Send>;

/// How the queue orders and replaces a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordClass {
    /// The record is about a call. It overtakes all records that are not about calls.
    Call,
    /// While the record waits, a later record of the same kind can replace it.
    Latest(Discriminant<Event>),
    /// The record is written in order, and no later record replaces it.
    Lasting,
}

impl RecordClass {
    pub(super) fn of(event: &Event) -> Self {
        if event.is_about_call() {
            Self::Call
        } else if event.is_superseded_by_next() {
            Self::Latest(std::mem::discriminant(event))
        } else {
            Self::Lasting
        }
    }
}

pub(super) struct QueuedRecord {
    pub line: Vec<u8>,
    pub class: RecordClass,
    pub done: RecordCallback,
    /// Whether an attempt to write this record has failed and been reported. Further failures are not reported.
    pub has_failed: bool,
}

impl QueuedRecord {
    pub(super) fn is_call(&self) -> bool {
        self.class == RecordClass::Call
    }
}

/// New content for the whole journal.
pub(super) struct Replacement {
    pub content: Vec<u8>,
    pub done: Box<dyn FnOnce(Result<(), JournalError>) + Send>,
}

/// The next task for the writing thread.
pub(super) enum WriterTask {
    Append(Vec<QueuedRecord>),
    StoreOpenCall(OpenCall),
    /// Replaces the journal. If a copy of the open call is waiting, it is stored first.
    Replace(Replacement, Option<OpenCall>),
    /// Nothing is waiting, but the last attempt failed, so the writing thread tests the disk again.
    Retry,
    /// The queue is closed and empty.
    Stop,
}

#[derive(Default)]
struct QueueLanes {
    calls: VecDeque<QueuedRecord>,
    others: VecDeque<QueuedRecord>,
}

impl QueueLanes {
    fn push(&mut self, record: QueuedRecord) -> Result<(), QueuedRecord> {
        let lane = if record.is_call() { &mut self.calls } else { &mut self.others };
        if let RecordClass::Latest(_) = record.class
            && let Some(outdated) = lane.iter().rposition(|waiting| waiting.class == record.class)
            && let Some(mut outdated) = lane.remove(outdated)
        {
            // A failure that was reported is not mended by a record that is not on disk yet either.
            if !outdated.has_failed {
                (outdated.done)(Ok(()));
            }
        }
        if lane.len() >= LANE_RECORDS_MAX {
            return Err(record);
        }
        lane.push_back(record);
        Ok(())
    }

    fn batch(&mut self) -> Vec<QueuedRecord> {
        let calls = self.calls.len().min(BATCH_MAX);
        let mut batch: Vec<QueuedRecord> = self.calls.drain(..calls).collect();
        let others = self.others.len().min(BATCH_MAX - calls);
        batch.extend(self.others.drain(..others));
        batch
    }

    fn requeue(&mut self, batch: Vec<QueuedRecord>) {
        for record in batch.into_iter().rev() {
            let lane = if record.is_call() { &mut self.calls } else { &mut self.others };
            lane.push_front(record);
        }
    }

    fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.others.is_empty()
    }
}

/// An open call whose copy is waiting to be stored.
struct WaitingOpenCall {
    call: OpenCall,
    /// Whether an attempt to store the copy has failed. The next attempt then comes after the next batch of records.
    has_failed: bool,
}

#[derive(Default)]
struct QueueState {
    lanes: QueueLanes,
    replace: Option<Replacement>,
    /// Records that were appended after `replace`, and must be written after it.
    behind: QueueLanes,
    open_call: Option<WaitingOpenCall>,
    /// Whether the writing thread is busy.
    is_writing: bool,
    /// Whether anything has been enqueued since the last attempt.
    is_fresh: bool,
    /// Whether a record has been refused, which leaves a gap in the journal.
    has_lost_records: bool,
    phase: QueuePhase,
}

/// Whether records are still accepted and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum QueuePhase {
    #[default]
    Open,
    /// The journal is being closed, so no further record is expected. Waiting records are still written.
    Closed,
    /// The writing thread has ended.
    Stopped,
}

/// All records, replacements and copies of the open call that wait for the disk. Shared between the threads that append
/// and the thread that writes.
#[derive(Default)]
pub(super) struct JournalQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
    /// Notified when the writing thread has finished a task.
    written: Condvar,
}

impl JournalQueue {
    pub(super) fn append(&self, record: QueuedRecord) {
        let mut state = self.lock();
        if state.phase == QueuePhase::Stopped {
            drop(state);
            return refuse(record, JournalError::Stopped);
        }
        let behind = state.replace.is_some();
        let lanes = if behind { &mut state.behind } else { &mut state.lanes };
        let refused = lanes.push(record).err();
        state.has_lost_records |= refused.is_some();
        self.wake(state);
        if let Some(record) = refused {
            refuse(record, JournalError::Busy);
        }
    }

    /// Enqueues the copy of the open call. It replaces a copy that is still waiting.
    pub(super) fn store_open_call(&self, call: OpenCall) {
        let mut state = self.lock();
        state.open_call = Some(WaitingOpenCall { call, has_failed: false });
        self.wake(state);
    }

    pub(super) fn replace(&self, replace: Replacement) {
        let mut state = self.lock();
        if state.phase == QueuePhase::Stopped {
            drop(state);
            return (replace.done)(Err(JournalError::Stopped));
        }
        let outdated = state.replace.replace(replace);
        let behind = std::mem::take(&mut state.behind);
        if outdated.is_some() {
            // Records that came between the two replacements are written after the second replacement.
            for record in behind.calls.into_iter().chain(behind.others) {
                let _ = state.behind.push(record);
            }
        }
        self.wake(state);
        if let Some(outdated) = outdated {
            (outdated.done)(Err(JournalError::Slow));
        }
    }

    /// Closes the queue: the owner will append nothing more. Records that are still waiting are written.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.phase = QueuePhase::Closed;
        self.wake(state);
    }

    /// Marks the queue as stopped, because the writing thread has ended. Records that are waiting or appended later are
    /// answered with [`JournalError::Stopped`].
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        let QueueState { lanes, behind, replace, .. } = std::mem::take(&mut *state);
        state.phase = QueuePhase::Stopped;
        drop(state);
        self.written.notify_all();
        let records = [lanes, behind].into_iter().flat_map(|lanes| lanes.calls.into_iter().chain(lanes.others));
        records.for_each(|record| refuse(record, JournalError::Stopped));
        if let Some(replace) = replace {
            (replace.done)(Err(JournalError::Stopped));
        }
    }

    /// Waits for the next task and returns it. After a failure, the caller passes `retry_after`, and the wait ends when
    /// something is enqueued or this time has passed.
    pub(super) fn next_task(&self, retry_after: Option<Duration>) -> WriterTask {
        let mut state = self.lock();
        let mut is_retry = false;
        state.is_writing = false;
        self.written.notify_all();
        if let Some(pause) = retry_after {
            let waited = self
                .changed
                .wait_timeout_while(state, pause, |state| !state.is_fresh && state.phase == QueuePhase::Open);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            is_retry = timeout.timed_out();
        } else {
            let waited = self.changed.wait_while(state, |state| state.is_idle() && state.phase == QueuePhase::Open);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.is_fresh = false;
        state.is_writing = true;
        state.next_task(is_retry)
    }

    /// Waits up to `limit` for everything enqueued to be written, and returns whether it has been.
    pub(super) fn wait_until_written(&self, limit: Duration) -> bool {
        let is_busy = |state: &mut QueueState| state.is_writing || !state.is_idle();
        let waited = self.written.wait_timeout_while(self.lock(), limit, is_busy);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        !timeout.timed_out() && state.phase != QueuePhase::Stopped
    }

    /// Requeues a batch that could not be written, ahead of the records that are waiting. If the queue is closed, drops
    /// the batch instead.
    pub(super) fn requeue(&self, batch: Vec<QueuedRecord>) {
        let mut state = self.lock();
        if state.phase == QueuePhase::Open {
            state.lanes.requeue(batch);
        }
    }

    /// Enqueues the copy of the open call again, unless a newer copy is waiting or the queue is closed.
    pub(super) fn requeue_open_call(&self, call: OpenCall) {
        let mut state = self.lock();
        if state.phase == QueuePhase::Open {
            state.open_call.get_or_insert(WaitingOpenCall { call, has_failed: true });
        }
    }

    pub(super) fn has_lost_records(&self) -> bool {
        self.lock().has_lost_records
    }

    pub(super) fn mark_lost(&self) {
        self.lock().has_lost_records = true;
    }

    /// Forgets that records were lost, because the journal was replaced. Of the lost records, the new journal would
    /// contain only those about calls.
    pub(super) fn clear_lost(&self) {
        self.lock().has_lost_records = false;
    }

    /// Returns whether nothing is waiting.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_idle()
    }

    fn wake(&self, mut state: MutexGuard<'_, QueueState>) {
        state.is_fresh = true;
        drop(state);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // Nothing that runs under the lock can leave the queue inconsistent, so a poisoned lock is safe to use.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QueueState {
    fn is_idle(&self) -> bool {
        self.lanes.is_empty() && self.replace.is_none() && self.open_call.is_none()
    }

    fn next_task(&mut self, is_retry: bool) -> WriterTask {
        if let Some(replace) = self.replace.take() {
            // The replacement makes all earlier records redundant, except those about calls.
            let QueueLanes { calls, others } = std::mem::replace(&mut self.lanes, std::mem::take(&mut self.behind));
            self.lanes.requeue(calls.into());
            for mut record in others {
                (record.done)(Ok(()));
            }
            return WriterTask::Replace(replace, self.open_call.take().map(|waiting| waiting.call));
        }
        if self.lanes.calls.is_empty()
            && let Some(WaitingOpenCall { call, .. }) = self.open_call.take_if(|waiting| !waiting.has_failed)
        {
            return WriterTask::StoreOpenCall(call);
        }
        if !self.lanes.is_empty() {
            // If storing the copy failed, one batch of records is written before the next attempt, so that a copy that
            // keeps failing does not hold up the records.
            if let Some(waiting) = &mut self.open_call {
                waiting.has_failed = false;
            }
            return WriterTask::Append(self.lanes.batch());
        }
        match self.open_call.take() {
            Some(WaitingOpenCall { call, .. }) => WriterTask::StoreOpenCall(call),
            None if self.phase != QueuePhase::Open => WriterTask::Stop,
            None if is_retry => WriterTask::Retry,
            None => WriterTask::Append(Vec::new()),
        }
    }
}

fn refuse(mut record: QueuedRecord, why: JournalError) {
    if !record.has_failed {
        (record.done)(Err(why));
    }
}
