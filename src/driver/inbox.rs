//! Owns the receiving end of the room's inbox. Messages in the priority lane overtake all others, because a call must
//! never wait. Does not own the choice of a lane (`handle`), or the loop that handles the messages.

use tokio::sync::{mpsc, oneshot};

use crate::room::call::CallId;
use crate::room::{Event, Refusal};

pub(super) type ReplySender = oneshot::Sender<Result<(), Refusal>>;

/// A message to the loop.
pub(super) enum InboxMessage {
    /// An event, and the channel for the room's answer if somebody waits for it.
    Event(Event, Option<ReplySender>),
    /// A ping. The loop's answer shows that it is running.
    Ping(ReplySender),
    /// The journal has written, or failed to write, the record that ends this call.
    ClearWritten(CallId),
    /// Makes the loop panic, to test what happens after a fault.
    Fail,
}

/// The receiving end, held by the loop.
pub(super) struct Inbox {
    /// Events about calls, everything sent with `RoomHandle::report`, [`InboxMessage::ClearWritten`] and
    /// [`InboxMessage::Fail`]. Unbounded, because there are few of these messages and none may be lost.
    pub(super) priority: mpsc::UnboundedReceiver<InboxMessage>,
    /// All other events, and pings. Bounded, so a flood of events slows its senders down.
    pub(super) regular: mpsc::Receiver<InboxMessage>,
}

impl Inbox {
    /// Waits for the next message, and takes it from the priority lane if both lanes have one. Returns `None` once
    /// every handle is gone.
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
