//! Owns the room's only loop. The loop takes events from the inbox, passes them to the room, journals those that must
//! survive a restart, executes the room's effects, publishes each change, and sleeps until the next deadline. It runs
//! on a separate thread, and a callback reports when it has ended. Does not own the room's rules.

pub mod clock;
mod handle;
mod inbox;
pub mod journal;
pub mod json_lines;
pub mod liveness;
pub mod mix;
mod recovery;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::room::call::CallId;
use crate::room::{Effect, Event, Refusal, Room, RoomTime, Rules, Snapshot, Trouble};
use clock::RoomClock;
pub use handle::RoomHandle;
use handle::WeakHandle;
use inbox::{Inbox, InboxMessage, ReplySender};
use journal::{Journal, OpenCallCopy, RecordChecksum};
use recovery::RecoveredRoom;
pub use recovery::RecoveryInput;

/// Interval between two [`Event::TimeMarked`] records of a running session, in milliseconds of session time.
const MARK_INTERVAL_SESSION_MS: u64 = 10_000;
/// Minimum interval between two [`Event::TimeMarked`] records, in real time. It limits the number of records while the
/// session clock runs faster than real time.
const MARK_INTERVAL_MIN: Duration = Duration::from_millis(500);
/// Maximum time that a cleared call stays open while the record of the clearing is being written to disk. A new call
/// waits for the disk for at most the same time before *Calling* is shown.
const CLEAR_TIMEOUT: Duration = crate::room::call::SHOWN_AFTER;

/// Executes the room's effects. No method may block. Slow work goes to a separate thread, which reports its outcome
/// through the [`RoomHandle`].
pub trait EffectHandler: Send {
    /// Executes an effect that the room requested. `now` is the room's time, and `room` is for reporting the outcome.
    fn execute(&mut self, effect: Effect, now: RoomTime, room: &RoomHandle);
    /// Called once when the loop starts, and then after each change of the room, before the snapshot is published.
    fn changed(&mut self, snapshot: &Snapshot);
}

/// A call that staff have cleared. It stays open until the first of these events: the journal reports whether it has
/// written the record of the clearing, `due` is reached, the call button is pressed again, or staff reset the room.
struct PendingClear {
    id: CallId,
    due: Instant,
    reply: Option<ReplySender>,
}

/// What must be saved once the room's loop has ended: the journal's pending records, and which record the room handled
/// last, because that record may have caused the fault.
pub struct LoopFault {
    journal: Arc<Journal>,
    record: Option<RecordChecksum>,
}

impl LoopFault {
    /// Waits up to `limit` for the journal's pending records to be written to disk, and then saves at which record the
    /// loop ended. A record at which the loop ends too many times in a row is skipped at the next start.
    pub fn save(&self, limit: Duration) {
        if !self.journal.wait_until_written(limit) {
            tracing::error!("the disk does not respond; the last records may be lost");
        }
        if let Some(record) = &self.record {
            self.journal.record_fault(record);
        }
    }
}

/// The room, with the clock, the journal and the inbox that drive it. [`Driver::start`] starts the loop.
pub struct Driver {
    room: Room,
    clock: RoomClock,
    journal: Arc<Journal>,
    inbox: Inbox,
    handle: WeakHandle,
    published: watch::Sender<Arc<Snapshot>>,
    marked_at: Instant,
    clearing: Option<PendingClear>,
    /// The open call as last stored in the file beside the journal; `None` if no call is open.
    open_call_copy: Option<CallId>,
    /// The call that the room placed by itself because an earlier call may have been lost; `None` if there is none, or
    /// once it is cleared.
    precautionary_call: Option<CallId>,
    /// The call that is being placed, kept here so that it is not lost if the room's rules panic.
    press_in_progress: Option<Event>,
}

impl Driver {
    /// Recovers the room by replaying its journal. The effects of the replayed records are not executed again, and the
    /// room's time continues from the last record. `detected` holds the events that the program detected while it
    /// started; the first snapshot already includes them.
    #[must_use]
    pub fn recover(
        rules: &Rules,
        journal: Arc<Journal>,
        past: RecoveryInput,
        detected: Vec<Event>,
    ) -> (Self, RoomHandle) {
        let open_call_copy = match past.health.open_call_copy {
            OpenCallCopy::Intact(call) => call,
            OpenCallCopy::Absent | OpenCallCopy::Damaged => None,
        };
        let is_kept = matches!(past.health.open_call_copy, OpenCallCopy::Intact(_));
        let RecoveredRoom { mut room, last, resumes, detected: on_recovery, precautionary_call } =
            recovery::recover(rules, past);
        let clock = RoomClock::resuming_from(last);
        if resumes && room.handle_input(clock.now(), Event::Restarted).is_err() {
            tracing::warn!("the room could not resume where it was");
        }
        for event in on_recovery.into_iter().chain(detected) {
            if event.is_journaled() {
                journal.append(clock.now(), &event, |_| {});
            }
            if room.handle_input(clock.now(), event).is_err() {
                tracing::warn!("the room refused what the start of the program detected");
            }
        }
        let (published, snapshots) = watch::channel(Arc::new(room.snapshot(clock.now())));
        let (handle, inbox) = RoomHandle::new(snapshots, clock);
        let reports = handle.downgrade();
        journal.on_health_change(move |fails| reports.report(journal_trouble(fails)));
        if !is_kept {
            journal.store_open_call(room.real_call());
        }
        let driver = Self {
            open_call_copy: if is_kept { open_call_copy } else { room.real_call() },
            room,
            clock,
            journal,
            inbox,
            handle: handle.downgrade(),
            published,
            marked_at: Instant::now(),
            clearing: None,
            precautionary_call,
            press_in_progress: None,
        };
        (driver, handle)
    }

    /// Returns the open call, even if no screen shows it yet.
    #[must_use]
    pub fn open_call(&self) -> Option<CallId> {
        self.room.open_call()
    }

    /// Drives the room on a separate thread with its own runtime. `on_end` runs on that thread once the loop has ended,
    /// which happens only after a fault or when every handle is gone. By then every event that was still waiting has
    /// been answered with [`Refusal::Gone`], and every press among these events, unless it was for practice, is in the
    /// journal's queue.
    ///
    /// # Errors
    /// The system's error if it cannot provide a thread or a runtime.
    pub fn start(
        mut self,
        mut handler: impl EffectHandler + 'static,
        on_end: impl FnOnce(&LoopFault) + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new().name("room".to_owned()).spawn(move || {
            let ran = catch_unwind(AssertUnwindSafe(|| runtime.block_on(self.run(&mut handler))));
            tracing::error!(by_a_fault = ran.is_err(), "the room's loop has ended");
            let fault = self.save_presses();
            // Closes every channel, which tells the window, the desks and all other holders of a handle that the loop
            // has ended.
            drop(self);
            on_end(&fault);
        })
    }

    /// Drives the room until every handle to it is gone.
    async fn run(&mut self, handler: &mut impl EffectHandler) {
        self.flush(handler, true);
        loop {
            let deadline = self.next_deadline();
            let input = tokio::select! {
                biased;
                input = self.inbox.next() => match input {
                    Some(input) => Some(input),
                    None => return,
                },
                () = sleep_until(deadline) => None,
            };
            match input {
                Some(InboxMessage::Event(Event::CallCleared, reply)) => self.start_clearing(reply, handler),
                Some(InboxMessage::Event(event, reply)) => {
                    let outcome = self.handle_event(event, handler);
                    send_reply(reply, outcome);
                }
                Some(InboxMessage::Ping(reply)) => send_reply(Some(reply), Ok(())),
                Some(InboxMessage::ClearWritten(id)) if self.is_clearing(id) => self.finish_clearing(handler),
                Some(InboxMessage::Fail) => fail_on_purpose(),
                Some(InboxMessage::ClearWritten(_)) | None => {}
            }
            // Checked here because a steady stream of messages would keep the deadline's branch from being chosen.
            if self.clearing.as_ref().is_some_and(|clearing| Instant::now() >= clearing.due) {
                self.finish_clearing(handler);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.handle_timeout(handler);
            }
        }
    }

    fn handle_event(&mut self, event: Event, handler: &mut impl EffectHandler) -> Result<(), Refusal> {
        if matches!(event, Event::CallPressed { .. } | Event::StaffReset) {
            // If staff have just cleared a call, ends that call now: a press must become a new call, and a call that is
            // over must not block a reset.
            self.finish_clearing(handler);
        }
        let now = self.clock.now();
        let journaled = event.is_journaled().then(|| event.clone());
        let call = if let Event::CallPressed { id, .. } = event { Some(id) } else { None };
        self.press_in_progress = call.and(journaled.clone());
        let outcome = self.room.handle_input(now, event);
        if outcome.is_ok()
            && let Some(event) = journaled
        {
            let handle = self.handle.clone();
            // A press during an open call does not start a new call, so nothing waits for its record.
            let id = call.filter(|id| self.room.open_call() == Some(*id));
            self.journal.append(now, &event, move |written| {
                if let Some(id) = id {
                    handle.report(Event::CallJournaled { id, ok: written.is_ok() });
                }
            });
        }
        self.press_in_progress = None;
        self.flush(handler, false);
        outcome
    }

    /// Journals that staff have cleared the call. The call stays open until the journal has tried to write this record,
    /// but no longer than [`CLEAR_TIMEOUT`]. A call that ended before the record was on disk could come back if the
    /// program was killed.
    fn start_clearing(&mut self, reply: Option<ReplySender>, handler: &mut impl EffectHandler) {
        let Some(id) = self.room.open_call().filter(|_| self.clearing.is_none()) else {
            return send_reply(reply, Err(Refusal::NoSuchCall));
        };
        self.clearing = Some(PendingClear { id, due: Instant::now() + CLEAR_TIMEOUT, reply });
        let handle = self.handle.clone();
        self.journal.append(self.clock.now(), &Event::CallCleared, move |_| {
            if let Some(handle) = handle.upgrade() {
                handle.report_clear_written(id);
            }
        });
        self.flush(handler, false);
    }

    fn is_clearing(&self, id: CallId) -> bool {
        self.clearing.as_ref().is_some_and(|clearing| clearing.id == id)
    }

    fn finish_clearing(&mut self, handler: &mut impl EffectHandler) {
        let Some(PendingClear { reply, .. }) = self.clearing.take() else { return };
        let outcome = self.room.handle_input(self.clock.now(), Event::CallCleared);
        self.flush(handler, false);
        send_reply(reply, outcome);
    }

    fn handle_timeout(&mut self, handler: &mut impl EffectHandler) {
        let now = self.clock.now();
        self.room.handle_timeout(now);
        if self.next_mark().is_some_and(|due| Instant::now() >= due) {
            self.marked_at = Instant::now();
            self.journal.append(now, &Event::TimeMarked, |_| {});
        }
        self.flush(handler, false);
    }

    fn flush(&mut self, handler: &mut impl EffectHandler, first: bool) {
        self.sync_open_call();
        if let Some(handle) = self.handle.upgrade() {
            while let Some(effect) = self.room.poll_effect() {
                handler.execute(effect, self.clock.now(), &handle);
            }
        }
        let snapshot = self.room.snapshot(self.clock.now());
        if first || !is_unchanged(&snapshot, &self.published.borrow()) {
            handler.changed(&snapshot);
            self.published.send_replace(Arc::new(snapshot));
        }
    }

    /// Updates the copy of the open call, and ends [`Trouble::CallMayBeLost`] once the precautionary call is cleared.
    fn sync_open_call(&mut self) {
        let open = self.room.real_call();
        if open != self.open_call_copy {
            self.open_call_copy = open;
            self.journal.store_open_call(open);
        }
        if self.precautionary_call.is_some() && open != self.precautionary_call {
            self.precautionary_call = None;
            // Staff have cleared the call, so somebody has been in the room and the trouble is over.
            self.handle.report(Event::TroubleChanged { trouble: Trouble::CallMayBeLost, on: false });
        }
    }

    /// Journals the press in progress and the presses that were still waiting in the inbox, because the next start must
    /// replay them. Returns what must be saved, including the record at which the loop ended.
    fn save_presses(&mut self) -> LoopFault {
        let now = self.clock.now();
        let waiting = self.inbox.close_and_drain().into_iter().filter_map(|input| {
            let InboxMessage::Event(event @ Event::CallPressed { practice: false, .. }, _) = input else { return None };
            Some(event)
        });
        let waiting: Vec<Event> = waiting.collect();
        if let Some(press) = self.press_in_progress.take() {
            self.journal.append(now, &press, |_| {});
        }
        let record = self.journal.last_record();
        for press in waiting {
            self.journal.append(now, &press, |_| {});
        }
        LoopFault { journal: Arc::clone(&self.journal), record }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let room = self.room.poll_timeout(self.clock.now()).map(|time| self.clock.instant_of(time));
        let clearing = self.clearing.as_ref().map(|clearing| clearing.due);
        room.into_iter().chain(self.next_mark()).chain(clearing).min()
    }

    fn next_mark(&self) -> Option<Instant> {
        let session = self.published.borrow().session?;
        if !session.running {
            return None;
        }
        let real_ms = MARK_INTERVAL_SESSION_MS / u64::from(session.speed.max(1));
        Some(self.marked_at + Duration::from_millis(real_ms).max(MARK_INTERVAL_MIN))
    }
}

fn send_reply(reply: Option<ReplySender>, outcome: Result<(), Refusal>) {
    if let Some(reply) = reply {
        // This fails if the sender no longer waits for the answer, which does not matter to the room.
        let _ = reply.send(outcome);
    }
}

/// Panics, to test what happens after a fault.
#[expect(clippy::panic, reason = "so that what follows a fault can be tried")]
fn fail_on_purpose() {
    panic!("the loop was told to fail");
}

/// Returns the event that reports whether the journal is failing.
#[must_use]
pub fn journal_trouble(is_failing: bool) -> Event {
    Event::TroubleChanged { trouble: Trouble::JournalFailing, on: is_failing }
}

/// Returns whether two snapshots differ at most in the time that has passed. Screens and desks compute that time from
/// their own clocks, so a snapshot that differs in nothing else is not published.
fn is_unchanged(new: &Snapshot, old: &Snapshot) -> bool {
    let mut aligned = new.clone();
    aligned.taken_at = old.taken_at;
    if let (Some(session), Some(before)) = (&mut aligned.session, &old.session)
        && before.clock_ms(new.taken_at) == session.clock_at_snapshot_ms
    {
        session.clock_at_snapshot_ms = before.clock_at_snapshot_ms;
        session.taken_at = before.taken_at;
    }
    aligned == *old
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
