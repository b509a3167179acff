//! Owns the only loop: it takes in events, moves the room, journals what must outlive the program, has the effects
//! carried out, publishes each change, and sleeps until the next deadline. Does not own any rule of the room.

pub mod clock;
pub mod hearing;
pub mod journal;
pub mod vitals;
pub mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};

use crate::room::{Effect, Event, Refusal, Room, RoomTime, Rules, Snapshot};
use clock::RoomClock;
use journal::Journal;

/// Events waiting for the room at most; senders wait beyond.
const INBOX_MAX: usize = 1_024;
/// While a session runs, its minute is journaled so often in session time …
const MARK_EVERY_SESSION_MS: u64 = 10_000;
/// … but never more often than this in real time.
const MARK_AT_MOST_EVERY: Duration = Duration::from_millis(500);

/// What happened, and who wants to know whether it was taken.
struct Input {
    /// None only asks whether the loop turns.
    event: Option<Event>,
    reply: Option<oneshot::Sender<Result<(), Refusal>>>,
}

/// The room, from outside: tell it what happened, see how it stands. Cheap to clone.
#[derive(Clone)]
pub struct RoomHandle {
    inbox: mpsc::Sender<Input>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: RoomClock,
}

impl RoomHandle {
    /// Tells the room what happened, and waits for its answer.
    ///
    /// # Errors
    /// The room's refusal; nothing has changed then.
    pub async fn tell(&self, event: Event) -> Result<(), Refusal> {
        self.ask(Some(event)).await
    }

    /// Answers once the loop has turned.
    pub async fn ping(&self) {
        // Whoever pings only wants to know that somebody answers.
        let _ = self.ask(None).await;
    }

    async fn ask(&self, event: Option<Event>) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        if self.inbox.send(Input { event, reply: Some(reply) }).await.is_err() {
            return Ok(());
        }
        answer.await.unwrap_or(Ok(()))
    }

    /// Hands the event over before it returns, so that events told one after the other arrive in that order. What it
    /// gives back resolves to the room's answer. Not for use inside an asynchronous runtime.
    ///
    /// # Errors
    /// The room's refusal; nothing has changed then.
    pub fn tell_in_order(&self, event: Event) -> impl Future<Output = Result<(), Refusal>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let input = Input { event: Some(event), reply: Some(reply) };
        if let Err(mpsc::error::TrySendError::Full(input)) = self.inbox.try_send(input) {
            // The room is far behind; a patient's touch waits for it and is never dropped.
            let _ = self.inbox.blocking_send(input);
        }
        async move { answer.await.unwrap_or(Ok(())) }
    }

    /// Tells the room without waiting; for ports on their own threads.
    pub fn report(&self, event: Event) {
        if self.inbox.try_send(Input { event: Some(event), reply: None }).is_err() {
            tracing::warn!("the room's inbox is full or closed; a report was dropped");
        }
    }

    /// The room as it stands, and each change of it.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// The room's clock.
    #[must_use]
    pub fn clock(&self) -> RoomClock {
        self.clock
    }
}

/// Whoever carries out effects at the edges. Nothing here may block: slow work goes to a thread of its own, and its
/// outcome comes back through the [`RoomHandle`].
pub trait Edges: Send {
    /// Carries out one effect.
    fn carry_out(&mut self, effect: Effect, now: RoomTime, room: &RoomHandle);
    /// The room has changed.
    fn changed(&mut self, snapshot: &Snapshot);
}

/// What a room comes up from.
#[derive(Debug, Default)]
pub struct Past {
    /// The journal's records, in order.
    pub records: Vec<(RoomTime, Event)>,
    /// Whether the process before this one began a wipe, whatever the journal says.
    pub wipe_was_begun: bool,
}

/// A room about to be driven.
pub struct Driver {
    room: Room,
    clock: RoomClock,
    journal: Arc<Journal>,
    inbox: mpsc::Receiver<Input>,
    handle: RoomHandle,
    published: watch::Sender<Arc<Snapshot>>,
    marked: Instant,
    journal_fails: Arc<AtomicBool>,
}

impl Driver {
    /// Brings the room up as the journal left it: every record is taken again, effects of the past are let go, and the
    /// room's time goes on from the last record. `found` is what the start itself found out, and is part of the first
    /// snapshot.
    #[must_use]
    pub fn recover(rules: Rules, journal: Arc<Journal>, past: Past, found: Vec<Event>) -> (Self, RoomHandle) {
        let mut room = Room::new(rules.clone());
        let mut last = RoomTime::default();
        let resumes = !past.records.is_empty() || past.wipe_was_begun;
        for (time, event) in past.records {
            last = last.max(time);
            pass_deadlines(&mut room, last);
            // No desk is known yet, so none has the call: it goes out again.
            let expected = matches!(event, Event::CallReceived { .. });
            // A record the rules no longer take, since the clinic's files changed, must not stop the room.
            if room.handle(last, event).is_err() && !expected {
                tracing::warn!("a journal record no longer fits this room's files and was passed over");
            }
        }
        if past.wipe_was_begun && !room.snapshot(last).wiping {
            // The journal could not be told. Nothing it says about the visit counts any more.
            room = Room::new(rules);
            if room.handle(last, Event::StaffReset).is_err() {
                tracing::error!("a fresh room refused to be wiped");
            }
        }
        while room.poll_effect().is_some() {}
        let clock = RoomClock::going_on_from(last);
        if resumes && room.handle(clock.now(), Event::Resumed).is_err() {
            tracing::warn!("the room could not take up where it was");
        }
        for event in found {
            if room.handle(clock.now(), event).is_err() {
                tracing::warn!("the room did not take what its start found");
            }
        }
        let (inbox_sender, inbox) = mpsc::channel(INBOX_MAX);
        let (published, snapshots) = watch::channel(Arc::new(room.snapshot(clock.now())));
        let handle = RoomHandle { inbox: inbox_sender, snapshots, clock };
        let driver = Self {
            room,
            clock,
            journal,
            inbox,
            handle: handle.clone(),
            published,
            marked: Instant::now(),
            journal_fails: Arc::default(),
        };
        (driver, handle)
    }

    /// Drives the room until nobody can tell it anything any more.
    pub async fn run(mut self, mut edges: impl Edges) {
        self.settle(&mut edges, true);
        loop {
            let deadline = self.next_deadline();
            let input = tokio::select! {
                input = self.inbox.recv() => match input {
                    Some(input) => Some(input),
                    None => return,
                },
                () = sleep_until(deadline) => None,
            };
            match input {
                Some(Input { event, reply }) => {
                    let outcome = event.map_or(Ok(()), |event| self.take(event, &mut edges));
                    if let Some(reply) = reply {
                        // Whoever asked may have gone; the room has moved all the same.
                        let _ = reply.send(outcome);
                    }
                }
                None => self.pass_time(&mut edges),
            }
        }
    }

    fn take(&mut self, event: Event, edges: &mut impl Edges) -> Result<(), Refusal> {
        let now = self.clock.now();
        let journaled = event.is_journaled().then(|| event.clone());
        let call = match event {
            Event::CallPressed { id, .. } => Some(id),
            _ => None,
        };
        let outcome = self.room.handle(now, event);
        if outcome.is_ok()
            && let Some(event) = journaled
        {
            let (handle, failed_before) = (self.handle.clone(), Arc::clone(&self.journal_fails));
            // A repeated press is the same call: only the open one waits for its record.
            let id = call.filter(|id| self.room.open_call() == Some(*id));
            self.journal.append(now, &event, move |written| {
                let ok = written.is_ok();
                if let Some(id) = id {
                    handle.report(Event::CallJournaled { id, ok });
                }
                if failed_before.swap(!ok, Ordering::Relaxed) == ok {
                    handle.report(journal_trouble(!ok));
                }
            });
        }
        self.settle(edges, false);
        outcome
    }

    fn pass_time(&mut self, edges: &mut impl Edges) {
        let now = self.clock.now();
        self.room.advance(now);
        if self.mark_due().is_some_and(|due| Instant::now() >= due) {
            self.marked = Instant::now();
            self.journal.append(now, &Event::TimeMarked, |_| {});
        }
        self.settle(edges, false);
    }

    fn settle(&mut self, edges: &mut impl Edges, first: bool) {
        while let Some(effect) = self.room.poll_effect() {
            edges.carry_out(effect, self.clock.now(), &self.handle);
        }
        let snapshot = self.room.snapshot(self.clock.now());
        if first || !is_same(&snapshot, &self.published.borrow()) {
            edges.changed(&snapshot);
            self.published.send_replace(Arc::new(snapshot));
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let room = self.room.deadline(self.clock.now()).map(|time| self.clock.instant_of(time));
        room.into_iter().chain(self.mark_due()).min()
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

/// Timers between two records run out when they did, not when the next record came.
fn pass_deadlines(room: &mut Room, until: RoomTime) {
    let mut now = RoomTime::default();
    while let Some(deadline) = room.deadline(now).filter(|deadline| *deadline > now && *deadline < until) {
        now = deadline;
        room.advance(now);
    }
}

/// Trouble with the journal, begun or ended.
#[must_use]
pub fn journal_trouble(on: bool) -> Event {
    Event::TroubleChanged { trouble: crate::room::Trouble::JournalFailing, on }
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
