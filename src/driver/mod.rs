//! Owns the only loop: it takes in events, moves the room, journals what must outlive the program, has the effects
//! carried out, publishes each change, and sleeps until the next deadline. It runs on a thread of its own, and whoever
//! started it hears of its end. Does not own any rule of the room.

pub mod clock;
pub mod hearing;
mod inbox;
pub mod journal;
mod recovery;
pub mod vitals;
pub mod wire;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::room::call::CallId;
use crate::room::{Effect, Event, Refusal, Room, RoomTime, Rules, Snapshot, Trouble};
use clock::RoomClock;
pub use inbox::RoomHandle;
use inbox::{Inbox, Input, Reply, WeakHandle};
use journal::{Journal, KeptCall, RecordName};
pub use recovery::Past;
use recovery::Recovered;

/// While a session runs, its minute is journaled so often in session time …
const MARK_EVERY_SESSION_MS: u64 = 10_000;
/// … but never more often than this in real time.
const MARK_AT_MOST_EVERY: Duration = Duration::from_millis(500);
/// That a call is over is shown once the disk has it, or after so long whatever happens: as with *Calling*.
const CLEARED_WITHIN: Duration = crate::room::call::SHOWN_AFTER;

/// Whoever carries out effects at the handler. Nothing here may block: slow work goes to a thread of its own, and its
/// outcome comes back through the [`RoomHandle`].
pub trait EffectHandler: Send {
    /// Carries out one effect.
    fn execute(&mut self, effect: Effect, now: RoomTime, room: &RoomHandle);
    /// The room has changed.
    fn changed(&mut self, snapshot: &Snapshot);
}

/// A call that staff have cleared, while the disk has not answered.
struct Clearing {
    id: CallId,
    due: Instant,
    reply: Option<Reply>,
}

/// How the room's loop ended.
pub struct Fault {
    journal: Arc<Journal>,
    record: Option<RecordName>,
}

impl Fault {
    /// Saves what the next start needs: the presses that nobody took, and which record the loop ended on, since one that
    /// ends it three times in a row is set aside. Waits for the disk, `limit` at most for the presses.
    pub fn save(&self, limit: Duration) {
        if !self.journal.wait_until_written(limit) {
            tracing::error!("the disk does not answer; what was handed to the journal last may be lost");
        }
        if let Some(record) = &self.record {
            self.journal.note_fault(record);
        }
    }
}

/// A room about to be driven.
pub struct Driver {
    room: Room,
    clock: RoomClock,
    journal: Arc<Journal>,
    inbox: Inbox,
    handle: WeakHandle,
    published: watch::Sender<Arc<Snapshot>>,
    marked: Instant,
    clearing: Option<Clearing>,
    /// The open call as its second copy has it.
    kept_call: Option<CallId>,
    /// A call that the room placed by itself, since one may be lost.
    unsure_call: Option<CallId>,
    /// The press that is being taken: a fault in the middle of it must not lose it.
    press_in_hand: Option<Event>,
}

impl Driver {
    /// Brings the room up as the journal left it: every record is taken again, effects of the past are let go, and the
    /// room's time goes on from the last record. `found` is what the start itself found out, and is part of the first
    /// snapshot.
    #[must_use]
    pub fn recover(rules: &Rules, journal: Arc<Journal>, past: Past, found: Vec<Event>) -> (Self, RoomHandle) {
        let kept_call = match past.health.kept_call {
            KeptCall::Whole(call) => call,
            KeptCall::Absent | KeptCall::Damaged => None,
        };
        let is_kept = matches!(past.health.kept_call, KeptCall::Whole(_));
        let Recovered { mut room, last, resumes, found: of_the_past, unsure_call } = recovery::recover(rules, past);
        let clock = RoomClock::going_on_from(last);
        if resumes && room.handle_input(clock.now(), Event::Restarted).is_err() {
            tracing::warn!("the room could not take up where it was");
        }
        for event in of_the_past.into_iter().chain(found) {
            if event.is_journaled() {
                journal.append(clock.now(), &event, |_| {});
            }
            if room.handle_input(clock.now(), event).is_err() {
                tracing::warn!("the room did not take what its start found");
            }
        }
        let (published, snapshots) = watch::channel(Arc::new(room.snapshot(clock.now())));
        let (handle, inbox) = RoomHandle::new(snapshots, clock);
        let reports = handle.downgrade();
        journal.on_health(move |fails| reports.report(journal_trouble(fails)));
        if !is_kept {
            journal.keep_open_call(room.real_call());
        }
        let driver = Self {
            kept_call: if is_kept { kept_call } else { room.real_call() },
            room,
            clock,
            journal,
            inbox,
            handle: handle.downgrade(),
            published,
            marked: Instant::now(),
            clearing: None,
            unsure_call,
            press_in_hand: None,
        };
        (driver, handle)
    }

    /// The open call's name, shown or not yet.
    #[must_use]
    pub fn open_call(&self) -> Option<CallId> {
        self.room.open_call()
    }

    /// Drives the room on a thread and a runtime of its own. `ended` is called on that thread once the loop has ended,
    /// which it does only by a fault; by then nobody is answered any more, and calls that were on their way are handed
    /// to the journal.
    ///
    /// # Errors
    /// If the system gives no thread or no runtime.
    pub fn start(
        mut self,
        mut handler: impl EffectHandler + 'static,
        ended: impl FnOnce(&Fault) + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new().name("room".to_owned()).spawn(move || {
            let ran = catch_unwind(AssertUnwindSafe(|| runtime.block_on(self.run(&mut handler))));
            tracing::error!(by_a_fault = ran.is_err(), "the room's loop has ended");
            let fault = self.save_presses();
            // From here on every face sees that nobody drives the room.
            drop(self);
            ended(&fault);
        })
    }

    /// Drives the room until nobody can tell it anything any more.
    async fn run(&mut self, handler: &mut impl EffectHandler) {
        self.settle(handler, true);
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
                Some(Input::Event(Event::CallCleared, reply)) => self.clear(reply, handler),
                Some(Input::Event(event, reply)) => {
                    let outcome = self.take(event, handler);
                    answer(reply, outcome);
                }
                Some(Input::Ping(reply)) => answer(Some(reply), Ok(())),
                Some(Input::ClearedOnDisk(id)) if self.is_clearing(id) => self.finish_clearing(handler),
                Some(Input::Fail) => fail(),
                Some(Input::ClearedOnDisk(_)) | None => {}
            }
            // Also where inputs leave no pause between them.
            if self.clearing.as_ref().is_some_and(|clearing| Instant::now() >= clearing.due) {
                self.finish_clearing(handler);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.pass_time(handler);
            }
        }
    }

    fn take(&mut self, event: Event, handler: &mut impl EffectHandler) -> Result<(), Refusal> {
        if matches!(event, Event::CallPressed { .. } | Event::StaffReset) {
            // A new call is not the one that is over, and no reset waits for one that is.
            self.finish_clearing(handler);
        }
        let now = self.clock.now();
        let journaled = event.is_journaled().then(|| event.clone());
        let call = if let Event::CallPressed { id, .. } = event { Some(id) } else { None };
        self.press_in_hand = call.and(journaled.clone());
        let outcome = self.room.handle_input(now, event);
        if outcome.is_ok()
            && let Some(event) = journaled
        {
            let handle = self.handle.clone();
            // A repeated press is the same call: only the open one waits for its record.
            let id = call.filter(|id| self.room.open_call() == Some(*id));
            self.journal.append(now, &event, move |written| {
                if let Some(id) = id {
                    handle.report(Event::CallJournaled { id, ok: written.is_ok() });
                }
            });
        }
        self.press_in_hand = None;
        self.settle(handler, false);
        outcome
    }

    /// A call that staff have cleared is over once the disk has that, so that it does not come back after a kill.
    fn clear(&mut self, reply: Option<Reply>, handler: &mut impl EffectHandler) {
        let Some(id) = self.room.open_call().filter(|_| self.clearing.is_none()) else {
            return answer(reply, Err(Refusal::NoSuchCall));
        };
        self.clearing = Some(Clearing { id, due: Instant::now() + CLEARED_WITHIN, reply });
        let handle = self.handle.clone();
        self.journal.append(self.clock.now(), &Event::CallCleared, move |_| {
            if let Some(handle) = handle.upgrade() {
                handle.was_cleared_on_disk(id);
            }
        });
        self.settle(handler, false);
    }

    fn is_clearing(&self, id: CallId) -> bool {
        self.clearing.as_ref().is_some_and(|clearing| clearing.id == id)
    }

    fn finish_clearing(&mut self, handler: &mut impl EffectHandler) {
        let Some(Clearing { reply, .. }) = self.clearing.take() else { return };
        let outcome = self.room.handle_input(self.clock.now(), Event::CallCleared);
        self.settle(handler, false);
        answer(reply, outcome);
    }

    fn pass_time(&mut self, handler: &mut impl EffectHandler) {
        let now = self.clock.now();
        self.room.handle_timeout(now);
        if self.mark_due().is_some_and(|due| Instant::now() >= due) {
            self.marked = Instant::now();
            self.journal.append(now, &Event::TimeMarked, |_| {});
        }
        self.settle(handler, false);
    }

    fn settle(&mut self, handler: &mut impl EffectHandler, first: bool) {
        self.keep_call();
        if let Some(handle) = self.handle.upgrade() {
            while let Some(effect) = self.room.poll_effect() {
                handler.execute(effect, self.clock.now(), &handle);
            }
        }
        let snapshot = self.room.snapshot(self.clock.now());
        if first || !is_same(&snapshot, &self.published.borrow()) {
            handler.changed(&snapshot);
            self.published.send_replace(Arc::new(snapshot));
        }
    }

    /// Follows the open call with its second copy, and with what is told of one that the room placed by itself.
    fn keep_call(&mut self) {
        let open = self.room.real_call();
        if open != self.kept_call {
            self.kept_call = open;
            self.journal.keep_open_call(open);
        }
        if self.unsure_call.is_some() && open != self.unsure_call {
            self.unsure_call = None;
            // Somebody has looked.
            self.handle.report(Event::TroubleChanged { trouble: Trouble::CallMayBeLost, on: false });
        }
    }

    /// The loop has ended: presses that nobody took any more are on disk when the room comes up again, and which record
    /// it had to do with can be remembered.
    fn save_presses(&mut self) -> Fault {
        let now = self.clock.now();
        let waiting = self.inbox.close_and_drain().into_iter().filter_map(|input| {
            let Input::Event(event @ Event::CallPressed { practice: false, .. }, _) = input else { return None };
            Some(event)
        });
        let waiting: Vec<Event> = waiting.collect();
        if let Some(press) = self.press_in_hand.take() {
            self.journal.append(now, &press, |_| {});
        }
        let record = self.journal.last_record();
        for press in waiting {
            self.journal.append(now, &press, |_| {});
        }
        Fault { journal: Arc::clone(&self.journal), record }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let room = self.room.poll_timeout(self.clock.now()).map(|time| self.clock.instant_of(time));
        let clearing = self.clearing.as_ref().map(|clearing| clearing.due);
        room.into_iter().chain(self.mark_due()).chain(clearing).min()
    }

    fn mark_due(&self) -> Option<Instant> {
        let session = self.published.borrow().session?;
        if !session.running {
            return None;
        }
        let real_ms = MARK_EVERY_SESSION_MS / u64::from(session.speed.max(1));
        Some(self.marked + Duration::from_millis(real_ms).max(MARK_AT_MOST_EVERY))
    }
}

fn answer(reply: Option<Reply>, outcome: Result<(), Refusal>) {
    if let Some(reply) = reply {
        // Whoever asked may have gone; the room has moved all the same.
        let _ = reply.send(outcome);
    }
}

/// A fault on purpose.
#[expect(clippy::panic, reason = "asked for, so that what follows a fault can be tried")]
fn fail() {
    panic!("the loop was told to fail");
}

/// Trouble with the journal, begun or ended.
#[must_use]
pub fn journal_trouble(on: bool) -> Event {
    Event::TroubleChanged { trouble: Trouble::JournalFailing, on }
}

/// Whether two snapshots say the same; the passing of time alone is no change, since faces follow the clock themselves.
fn is_same(new: &Snapshot, old: &Snapshot) -> bool {
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
