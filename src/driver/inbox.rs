//! Owns the way in to the room: two lanes of messages, so that a call never waits behind anything else, and wishes for
//! comfort are refused before they hold anything up. Does not own what the loop does with a message.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::clock::RoomClock;
use crate::room::call::CallId;
use crate::room::{Event, Refusal, Snapshot};

/// Capacity of the regular lane, in messages; senders wait once it is full.
const WAITING_MAX: usize = 1_024;
/// Wishes for comfort are refused once the regular lane has room for fewer messages than this.
const COMFORT_CAPACITY_MIN: usize = WAITING_MAX - 256;

pub(super) type ReplySender = oneshot::Sender<Result<(), Refusal>>;

/// What the loop takes in.
pub(super) enum InboxMessage {
    /// Something happened. The sender is absent where nobody waits for the room's answer.
    Event(Event, Option<ReplySender>),
    /// Asks whether the loop still turns.
    Ping(ReplySender),
    /// The journal has answered for the record that ends this call.
    ClearWritten(CallId),
    /// Makes the loop fail, so that what follows a fault can be tried.
    Fail,
}

/// The receiving end, held by the loop.
pub(super) struct Inbox {
    /// Calls, and what the room's own parts report. Unbounded: there are few of each, and none may be lost.
    priority: mpsc::UnboundedReceiver<InboxMessage>,
    regular: mpsc::Receiver<InboxMessage>,
}

impl Inbox {
    /// The next message, from the priority lane first; `None` once every handle is gone.
    pub(super) async fn next(&mut self) -> Option<InboxMessage> {
        tokio::select! {
            biased;
            Some(message) = self.priority.recv() => Some(message),
            Some(message) = self.regular.recv() => Some(message),
            else => None,
        }
    }

    /// Closes both lanes and returns every message that was waiting.
    pub(super) fn close_and_drain(&mut self) -> Vec<InboxMessage> {
        self.priority.close();
        self.regular.close();
        let mut waiting: Vec<InboxMessage> = std::iter::from_fn(|| self.priority.try_recv().ok()).collect();
        waiting.extend(std::iter::from_fn(|| self.regular.try_recv().ok()));
        waiting
    }
}

/// The loop's own handle to itself. It does not keep the loop running once every [`RoomHandle`] is gone.
#[derive(Clone)]
pub(super) struct WeakHandle {
    priority: mpsc::WeakUnboundedSender<InboxMessage>,
    regular: mpsc::WeakSender<InboxMessage>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: RoomClock,
}

impl WeakHandle {
    pub(super) fn upgrade(&self) -> Option<RoomHandle> {
        let (priority, regular) = (self.priority.upgrade()?, self.regular.upgrade()?);
        Some(RoomHandle { priority, regular, snapshots: self.snapshots.clone(), clock: self.clock })
    }

    pub(super) fn report(&self, event: Event) {
        if let Some(handle) = self.upgrade() {
            handle.report(event);
        }
    }
}

/// The room from outside: tell it what happened, see its state. Cheap to clone.
#[derive(Clone)]
pub struct RoomHandle {
    priority: mpsc::UnboundedSender<InboxMessage>,
    regular: mpsc::Sender<InboxMessage>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: RoomClock,
}

impl RoomHandle {
    pub(super) fn new(snapshots: watch::Receiver<Arc<Snapshot>>, clock: RoomClock) -> (Self, Inbox) {
        let (priority, priority_inbox) = mpsc::unbounded_channel();
        let (regular, regular_inbox) = mpsc::channel(WAITING_MAX);
        (Self { priority, regular, snapshots, clock }, Inbox { priority: priority_inbox, regular: regular_inbox })
    }

    /// Tells the room what happened and waits for its answer.
    ///
    /// # Errors
    /// The room's refusal, which leaves it unchanged; [`Refusal::Gone`] if its loop has ended.
    pub async fn tell(&self, event: Event) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        if event.is_about_call() {
            self.priority.send(InboxMessage::Event(event, Some(reply))).map_err(|_| Refusal::Gone)?;
        } else {
            self.admit(&event)?;
            self.regular.send(InboxMessage::Event(event, Some(reply))).await.map_err(|_| Refusal::Gone)?;
        }
        answer.await.unwrap_or(Err(Refusal::Gone))
    }

    /// Answers once the loop has turned.
    ///
    /// # Errors
    /// [`Refusal::Gone`] if the loop has ended.
    pub async fn ping(&self) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.regular.send(InboxMessage::Ping(reply)).await.map_err(|_| Refusal::Gone)?;
        answer.await.unwrap_or(Err(Refusal::Gone))
    }

    /// Enqueues the event before it returns, so that events told one after the other arrive in that order; only a call
    /// overtakes. The future resolves to the room's answer. It may block, so it must not be called on a thread of an
    /// asynchronous runtime.
    ///
    /// # Errors
    /// The room's refusal, which leaves it unchanged; [`Refusal::Gone`] if its loop has ended.
    pub fn tell_in_order(&self, event: Event) -> impl Future<Output = Result<(), Refusal>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let enqueued = self.enqueue(event, reply);
        async move {
            enqueued?;
            answer.await.unwrap_or(Err(Refusal::Gone))
        }
    }

    /// Tells the room without waiting for an answer, and without being refused for lack of space. For the room's own parts
    /// on their own threads.
    pub fn report(&self, event: Event) {
        self.send_priority(InboxMessage::Event(event, None));
    }

    /// Makes the room's loop fail as a fault of the program would, to try what follows.
    pub fn fail(&self) {
        self.send_priority(InboxMessage::Fail);
    }

    /// The room's state and each change of it. The channel closes when the loop ends.
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
        let (priority, regular) = (self.priority.downgrade(), self.regular.downgrade());
        WeakHandle { priority, regular, snapshots: self.snapshots.clone(), clock: self.clock }
    }

    pub(super) fn report_clear_written(&self, id: CallId) {
        self.send_priority(InboxMessage::ClearWritten(id));
    }

    fn send_priority(&self, message: InboxMessage) {
        // It fails only once the loop has ended, and then the program ends.
        let _ = self.priority.send(message);
    }

    fn admit(&self, event: &Event) -> Result<(), Refusal> {
        if event.is_comfort() && self.regular.capacity() < COMFORT_CAPACITY_MIN { Err(Refusal::Busy) } else { Ok(()) }
    }

    fn enqueue(&self, event: Event, reply: ReplySender) -> Result<(), Refusal> {
        if event.is_about_call() {
            return self.priority.send(InboxMessage::Event(event, Some(reply))).map_err(|_| Refusal::Gone);
        }
        self.admit(&event)?;
        match self.regular.try_send(InboxMessage::Event(event, Some(reply))) {
            Ok(()) => Ok(()),
            // The room is far behind. A patient's touch waits for it and is never dropped.
            Err(mpsc::error::TrySendError::Full(message)) => {
                self.regular.blocking_send(message).map_err(|_| Refusal::Gone)
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Refusal::Gone),
        }
    }
}
