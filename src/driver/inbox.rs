//! Owns the way in to the room: what it is told waits here in two lanes, so that a call never waits behind anything else,
//! and comfort is refused before anything is held up. Does not own what is done about it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::clock::RoomClock;
use crate::room::call::CallId;
use crate::room::{Event, Refusal, Snapshot};

/// Events waiting for the room at most, beside calls and what its own parts report; senders wait beyond.
const WAITING_MAX: usize = 1_024;
/// With so little room left, wishes for comfort are refused.
const LEFT_FOR_THE_REST: usize = WAITING_MAX - 256;

pub(super) type Reply = oneshot::Sender<Result<(), Refusal>>;

/// What the loop takes in.
pub(super) enum Input {
    /// Something happened, and who wants to know whether it was taken.
    Event(Event, Option<Reply>),
    /// Somebody asks whether the loop turns.
    Ping(Reply),
    /// The disk has answered for the end of a call.
    ClearedOnDisk(CallId),
    /// The loop is to fail, so that what follows can be tried.
    Fail,
}

/// The loop's own end.
pub(super) struct Inbox {
    /// Calls, and what the room's own parts report: each is one of few, and none may be lost.
    first: mpsc::UnboundedReceiver<Input>,
    then: mpsc::Receiver<Input>,
}

impl Inbox {
    /// The next thing, the first lane before the other.
    pub(super) async fn next(&mut self) -> Option<Input> {
        tokio::select! {
            biased;
            Some(input) = self.first.recv() => Some(input),
            Some(input) = self.then.recv() => Some(input),
            else => None,
        }
    }

    /// Whatever waits at this moment; nothing more comes in.
    pub(super) fn close_and_drain(&mut self) -> Vec<Input> {
        self.first.close();
        self.then.close();
        let first = std::iter::from_fn(|| self.first.try_recv().ok());
        let first: Vec<Input> = first.collect();
        first.into_iter().chain(std::iter::from_fn(|| self.then.try_recv().ok())).collect()
    }
}

/// The loop's own way to hand itself on. It does not keep the loop running once nobody else can tell it anything.
#[derive(Clone)]
pub(super) struct WeakHandle {
    first: mpsc::WeakUnboundedSender<Input>,
    then: mpsc::WeakSender<Input>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: RoomClock,
}

impl WeakHandle {
    pub(super) fn upgrade(&self) -> Option<RoomHandle> {
        let (first, then) = (self.first.upgrade()?, self.then.upgrade()?);
        Some(RoomHandle { first, then, snapshots: self.snapshots.clone(), clock: self.clock })
    }

    pub(super) fn report(&self, event: Event) {
        if let Some(handle) = self.upgrade() {
            handle.report(event);
        }
    }
}

/// The room, from outside: tell it what happened, see how it stands. Cheap to clone.
#[derive(Clone)]
pub struct RoomHandle {
    first: mpsc::UnboundedSender<Input>,
    then: mpsc::Sender<Input>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: RoomClock,
}

impl RoomHandle {
    pub(super) fn new(snapshots: watch::Receiver<Arc<Snapshot>>, clock: RoomClock) -> (Self, Inbox) {
        let (first, first_inbox) = mpsc::unbounded_channel();
        let (then, then_inbox) = mpsc::channel(WAITING_MAX);
        (Self { first, then, snapshots, clock }, Inbox { first: first_inbox, then: then_inbox })
    }

    /// Tells the room what happened, and waits for its answer.
    ///
    /// # Errors
    /// The room's refusal; nothing has changed then. [`Refusal::Gone`] if its loop has ended.
    pub async fn tell(&self, event: Event) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        if event.is_about_call() {
            self.first.send(Input::Event(event, Some(reply))).map_err(|_| Refusal::Gone)?;
        } else {
            self.has_time_for(&event)?;
            self.then.send(Input::Event(event, Some(reply))).await.map_err(|_| Refusal::Gone)?;
        }
        answer.await.unwrap_or(Err(Refusal::Gone))
    }

    /// Answers once the loop has turned.
    ///
    /// # Errors
    /// [`Refusal::Gone`] if the loop has ended.
    pub async fn ping(&self) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.then.send(Input::Ping(reply)).await.map_err(|_| Refusal::Gone)?;
        answer.await.unwrap_or(Err(Refusal::Gone))
    }

    /// Hands the event over before it returns, so that events told one after the other arrive in that order; only a call
    /// goes ahead. What it gives back resolves to the room's answer. Not for use inside an asynchronous runtime.
    ///
    /// # Errors
    /// The room's refusal; nothing has changed then. [`Refusal::Gone`] if its loop has ended.
    pub fn tell_in_order(&self, event: Event) -> impl Future<Output = Result<(), Refusal>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let handed_over = self.hand_over(event, reply);
        async move {
            handed_over?;
            answer.await.unwrap_or(Err(Refusal::Gone))
        }
    }

    /// Tells the room without waiting, and without being refused a place; for the room's own parts on their own threads.
    pub fn report(&self, event: Event) {
        self.put_first(Input::Event(event, None));
    }

    /// Makes the room's loop fail, as a fault of the program would: for trying what follows.
    pub fn fail(&self) {
        self.put_first(Input::Fail);
    }

    /// The room as it stands, and each change of it. It ends when the loop does.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// The room's clock.
    #[must_use]
    pub fn clock(&self) -> RoomClock {
        self.clock
    }

    pub(super) fn downgrade(&self) -> WeakHandle {
        let (first, then) = (self.first.downgrade(), self.then.downgrade());
        WeakHandle { first, then, snapshots: self.snapshots.clone(), clock: self.clock }
    }

    pub(super) fn was_cleared_on_disk(&self, id: CallId) {
        self.put_first(Input::ClearedOnDisk(id));
    }

    fn put_first(&self, input: Input) {
        // The loop has ended, which ends the program: nobody is left to take it.
        let _ = self.first.send(input);
    }

    fn has_time_for(&self, event: &Event) -> Result<(), Refusal> {
        if event.is_comfort() && self.then.capacity() < LEFT_FOR_THE_REST { Err(Refusal::Busy) } else { Ok(()) }
    }

    fn hand_over(&self, event: Event, reply: Reply) -> Result<(), Refusal> {
        if event.is_about_call() {
            return self.first.send(Input::Event(event, Some(reply))).map_err(|_| Refusal::Gone);
        }
        self.has_time_for(&event)?;
        match self.then.try_send(Input::Event(event, Some(reply))) {
            Ok(()) => Ok(()),
            // The room is far behind; a patient's touch waits for it and is never dropped.
            Err(mpsc::error::TrySendError::Full(input)) => self.then.blocking_send(input).map_err(|_| Refusal::Gone),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Refusal::Gone),
        }
    }
}
