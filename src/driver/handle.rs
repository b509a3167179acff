//! Owns the handle through which all other modules send events to the room and read its state, and the choice between
//! the inbox's two lanes. Comfort events are refused before they can hold up other messages. Does not own the receiving
//! end (`inbox`).

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::clock::RoomClock;
use super::inbox::{Inbox, InboxMessage, ReplySender};
use crate::room::call::CallId;
use crate::room::{Event, Refusal, Snapshot};

/// Capacity of the regular lane, in messages; senders wait once it is full.
const REGULAR_MESSAGES_MAX: usize = 1_024;
/// Minimum free space in the regular lane, in messages, at which events that only serve comfort ([`Event::is_comfort`])
/// are accepted. If less is free, they are refused.
const COMFORT_CAPACITY_MIN: usize = REGULAR_MESSAGES_MAX - 256;

/// The loop's handle to its own inbox. It does not keep the loop running once every [`RoomHandle`] is gone.
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

/// A handle to send events to the room and to read its state. Cheap to clone.
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
        let (regular, regular_inbox) = mpsc::channel(REGULAR_MESSAGES_MAX);
        (Self { priority, regular, snapshots, clock }, Inbox { priority: priority_inbox, regular: regular_inbox })
    }

    /// Sends an event to the room and waits for the answer. Only an event about a call takes the priority lane.
    ///
    /// # Errors
    /// The refusal, which leaves the room unchanged; [`Refusal::Gone`] if the loop has ended.
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

    /// Returns once the loop has answered, which shows that it is running.
    ///
    /// # Errors
    /// [`Refusal::Gone`] if the loop has ended.
    pub async fn ping(&self) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.regular.send(InboxMessage::Ping(reply)).await.map_err(|_| Refusal::Gone)?;
        answer.await.unwrap_or(Err(Refusal::Gone))
    }

    /// Enqueues the event before returning, so events arrive in the order in which they are passed to this function;
    /// only an event about a call overtakes others. The future resolves to the room's answer. May block, so it must not
    /// run on an asynchronous runtime's thread.
    ///
    /// # Errors
    /// The refusal, which leaves the room unchanged; [`Refusal::Gone`] if the loop has ended.
    pub fn tell_in_order(&self, event: Event) -> impl Future<Output = Result<(), Refusal>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let enqueued = self.enqueue(event, reply);
        async move {
            enqueued?;
            answer.await.unwrap_or(Err(Refusal::Gone))
        }
    }

    /// Sends an event to the room without waiting for an answer. The event always takes the priority lane, which is
    /// never full. Use this only for outcomes and troubles that other threads of the program report, not for the
    /// actions of people.
    pub fn report(&self, event: Event) {
        self.send_priority(InboxMessage::Event(event, None));
    }

    /// Makes the room's loop panic as if the program had a fault, to test what happens next.
    pub fn fail(&self) {
        self.send_priority(InboxMessage::Fail);
    }

    /// Returns a receiver for the room's latest state. A receiver that is slow misses the states in between. The
    /// channel closes when the loop ends.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Returns the room's clock.
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
        // Sending fails only once the loop has ended, and then the program ends too.
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
            // The lane is full, so the room is far behind. Waits here, because a patient's touch must not be dropped.
            Err(mpsc::error::TrySendError::Full(message)) => {
                self.regular.blocking_send(message).map_err(|_| Refusal::Gone)
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Refusal::Gone),
        }
    }
}
