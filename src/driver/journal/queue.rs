//! Owns what waits for the disk: a call ahead of all else, comfort only in its latest form, and a bound on the rest. Does
//! not own how it is written.

use std::collections::VecDeque;
use std::mem::Discriminant;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::JournalError;
use super::open_call::ToKeep;
use crate::room::Event;

/// Records of one kind, calls or the rest, that wait at most; later ones are refused, so that what is kept tells a
/// whole story.
pub(super) const WAITING_MAX: usize = 4_096;
/// Records that share one wait for the disk.
pub(super) const BATCH_MAX: usize = 64;

/// Told how a record fared: at the first attempt, and once more if it comes to be on disk later.
pub(super) type Done = Box<dyn FnMut(Result<(), JournalError>) + Send>;

/// What a record is to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It goes first.
    Call,
    /// A later one of the same kind says all that it says.
    Latest(Discriminant<Event>),
    /// It is kept in its order.
    Lasting,
}

impl Kind {
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

pub(super) struct Record {
    pub line: Vec<u8>,
    pub kind: Kind,
    pub done: Done,
    /// Whether it was tried, and said to have failed.
    pub has_failed: bool,
}

impl Record {
    pub(super) fn is_call(&self) -> bool {
        self.kind == Kind::Call
    }
}

/// The whole journal anew.
pub(super) struct Replace {
    pub content: Vec<u8>,
    pub done: Box<dyn FnOnce(Result<(), JournalError>) + Send>,
}

/// The next thing to be done.
pub(super) enum Work {
    Append(Vec<Record>),
    KeepCall(ToKeep),
    /// Before it, the call that is to be kept, where that changed.
    Replace(Replace, Option<ToKeep>),
    /// Nothing came in the meantime, but something waits that could not be written.
    Retry,
    /// Nobody hands in anything any more, and nothing waits.
    End,
}

#[derive(Default)]
struct Lanes {
    calls: VecDeque<Record>,
    others: VecDeque<Record>,
}

impl Lanes {
    fn push(&mut self, mut record: Record) -> Result<(), Record> {
        let lane = if record.is_call() { &mut self.calls } else { &mut self.others };
        if let Kind::Latest(_) = record.kind
            && let Some(outdated) = lane.iter().rposition(|waiting| waiting.kind == record.kind)
            && let Some(mut outdated) = lane.remove(outdated)
        {
            (outdated.done)(Ok(()));
            record.has_failed = outdated.has_failed;
        }
        if lane.len() >= WAITING_MAX {
            return Err(record);
        }
        lane.push_back(record);
        Ok(())
    }

    fn batch(&mut self) -> Vec<Record> {
        let calls = self.calls.len().min(BATCH_MAX);
        let mut batch: Vec<Record> = self.calls.drain(..calls).collect();
        let others = self.others.len().min(BATCH_MAX - calls);
        batch.extend(self.others.drain(..others));
        batch
    }

    fn give_back(&mut self, batch: Vec<Record>) {
        for record in batch.into_iter().rev() {
            let lane = if record.is_call() { &mut self.calls } else { &mut self.others };
            lane.push_front(record);
        }
    }

    fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.others.is_empty()
    }
}

#[derive(Default)]
struct State {
    lanes: Lanes,
    replace: Option<Replace>,
    /// Handed in after `replace`.
    behind: Lanes,
    call_to_keep: Option<ToKeep>,
    /// Whether the writing thread is busy with what it took.
    is_writing: bool,
    /// Whether anything was handed in since the last attempt.
    is_fresh: bool,
    /// Whether a record was refused, so that the journal does not tell the whole story.
    has_lost: bool,
    end: End,
}

/// Whether records still come, and are still written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    NotYet,
    /// Nothing more is handed in.
    Closed,
    /// Nobody writes any more.
    Stopped,
}

/// What waits. Shared by whoever hands in and the one that writes.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    handed_in: Condvar,
    /// The writing thread has come to the end of what it took.
    written: Condvar,
}

impl Queue {
    pub(super) fn append(&self, record: Record) {
        let mut state = self.lock();
        if state.end == End::Stopped {
            drop(state);
            return refuse(record, JournalError::Stopped);
        }
        let behind = state.replace.is_some();
        let lanes = if behind { &mut state.behind } else { &mut state.lanes };
        let refused = lanes.push(record).err();
        state.has_lost |= refused.is_some();
        self.wake(state);
        if let Some(record) = refused {
            refuse(record, JournalError::Busy);
        }
    }

    /// The latest word counts.
    pub(super) fn keep_call(&self, call: ToKeep) {
        let mut state = self.lock();
        state.call_to_keep = Some(call);
        self.wake(state);
    }

    pub(super) fn replace(&self, replace: Replace) {
        let mut state = self.lock();
        if state.end == End::Stopped {
            drop(state);
            return (replace.done)(Err(JournalError::Stopped));
        }
        let outdated = state.replace.replace(replace);
        let behind = std::mem::take(&mut state.behind);
        if outdated.is_some() {
            // What came between the two is outdated by the second, but for calls.
            for record in behind.calls.into_iter().chain(behind.others) {
                let _ = state.behind.push(record);
            }
        }
        self.wake(state);
        if let Some(outdated) = outdated {
            (outdated.done)(Err(JournalError::Slow));
        }
    }

    /// Nothing more is handed in.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.end = End::Closed;
        self.wake(state);
    }

    /// Nobody writes any more: what waits and whatever comes is answered so.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        let State { lanes, behind, replace, .. } = std::mem::take(&mut *state);
        state.end = End::Stopped;
        drop(state);
        self.written.notify_all();
        let records = [lanes, behind].into_iter().flat_map(|lanes| lanes.calls.into_iter().chain(lanes.others));
        records.for_each(|record| refuse(record, JournalError::Stopped));
        if let Some(replace) = replace {
            (replace.done)(Err(JournalError::Stopped));
        }
    }

    /// Waits for the next thing to do. After a failure, until something new is handed in or `retry_after` has passed.
    pub(super) fn next(&self, retry_after: Option<Duration>) -> Work {
        let mut state = self.lock();
        let mut is_retry = false;
        state.is_writing = false;
        self.written.notify_all();
        if let Some(pause) = retry_after {
            let waited =
                self.handed_in.wait_timeout_while(state, pause, |state| !state.is_fresh && state.end == End::NotYet);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            is_retry = timeout.timed_out();
        } else {
            let waited = self.handed_in.wait_while(state, |state| state.is_idle() && state.end == End::NotYet);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.is_fresh = false;
        state.is_writing = true;
        state.next(is_retry)
    }

    /// Waits until everything handed in has been written, `limit` at most. Returns whether it has.
    pub(super) fn wait_until_written(&self, limit: Duration) -> bool {
        let is_busy = |state: &mut State| state.is_writing || !state.is_idle();
        let waited = self.written.wait_timeout_while(self.lock(), limit, is_busy);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        !timeout.timed_out() && state.end != End::Stopped
    }

    /// What could not be written goes back to where it was, to be tried again. After a close nobody would try again.
    pub(super) fn give_back(&self, batch: Vec<Record>) {
        let mut state = self.lock();
        if state.end == End::NotYet {
            state.lanes.give_back(batch);
        }
    }

    /// The call that is to be kept could not be, and nobody has said otherwise since.
    pub(super) fn give_back_call(&self, call: ToKeep) {
        let mut state = self.lock();
        if state.end == End::NotYet {
            state.call_to_keep.get_or_insert(call);
        }
    }

    pub(super) fn has_lost(&self) -> bool {
        self.lock().has_lost
    }

    pub(super) fn note_lost(&self) {
        self.lock().has_lost = true;
    }

    /// The journal was made anew: nothing of what was lost belongs to it any more.
    pub(super) fn was_replaced(&self) {
        self.lock().has_lost = false;
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_idle()
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        state.is_fresh = true;
        drop(state);
        self.handed_in.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that died while it held this left whole records behind, or none.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.lanes.is_empty() && self.replace.is_none() && self.call_to_keep.is_none()
    }

    fn next(&mut self, is_retry: bool) -> Work {
        if let Some(replace) = self.replace.take() {
            // It says all that lies before it, but for calls.
            let Lanes { calls, others } = std::mem::replace(&mut self.lanes, std::mem::take(&mut self.behind));
            self.lanes.give_back(calls.into());
            for mut record in others {
                (record.done)(Ok(()));
            }
            return Work::Replace(replace, self.call_to_keep.take());
        }
        if self.lanes.calls.is_empty()
            && let Some(call) = self.call_to_keep.take()
        {
            return Work::KeepCall(call);
        }
        if !self.lanes.is_empty() {
            return Work::Append(self.lanes.batch());
        }
        match self.call_to_keep.take() {
            Some(call) => Work::KeepCall(call),
            None if self.end != End::NotYet => Work::End,
            None if is_retry => Work::Retry,
            None => Work::Append(Vec::new()),
        }
    }
}

fn refuse(mut record: Record, why: JournalError) {
    if !record.has_failed {
        (record.done)(Err(why));
    }
}
