//! Owns the state of one room's desk: the room as it is shown, and the connection to it. Does not own the routes, or
//! the messages to a page.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::previews::Previews;
use super::{RoomClient, SingleRoomOptions};
use crate::desk::SharedWords;
use crate::desk::guard::Guard;
use crate::desk::page::open_pages::OpenPages;
use crate::desk::page::recent_calls::{RecentCalls, wall_clock};
use crate::desk::page::server::PageHub;
use crate::line::message::CallState;
use crate::line::view::Offers;
use crate::room::call::{CallId, DeskId};
use crate::room::{Event, Snapshot};

/// Time limit for the room's answer to an event or a ping.
const ROOM_TIMEOUT: Duration = Duration::from_secs(2);

/// A running desk of one room.
pub(super) struct SingleRoomDesk {
    pub(super) hub: PageHub,
    pub(super) room_name: watch::Receiver<String>,
    pub(super) offers: Offers,
    pub(super) previews: Option<Previews>,
    pub(super) shared: SharedWords,
    pub(super) client: Arc<dyn RoomClient>,
    pub(super) shown: watch::Sender<ShownRoom>,
}

/// What the pages show.
#[derive(Clone)]
pub(super) struct ShownRoom {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) recent_calls: Arc<RecentCalls>,
}

impl ShownRoom {
    fn of(snapshot: Arc<Snapshot>, mut recent_calls: RecentCalls, client: &dyn RoomClient) -> Self {
        let now = client.now();
        let open = snapshot.call.as_ref().map(|call| CallState::of(call, now));
        recent_calls.update(open.as_ref(), now.0, wall_clock);
        Self { snapshot, recent_calls: Arc::new(recent_calls) }
    }
}

impl SingleRoomDesk {
    pub(super) fn new(options: SingleRoomOptions, guard: Arc<Guard>, client: Arc<dyn RoomClient>) -> Self {
        let SingleRoomOptions { page, room_name, offers, previews, shared } = options;
        let snapshot = client.snapshots().borrow().clone();
        let shown = ShownRoom::of(snapshot, RecentCalls::default(), &*client);
        Self {
            hub: PageHub::new(page, guard),
            room_name,
            offers,
            previews,
            shared,
            client,
            shown: watch::Sender::new(shown),
        }
    }

    /// Sends the room an event. It is an error if the room does not answer within [`ROOM_TIMEOUT`].
    pub(super) async fn tell(&self, event: Event) -> Result<(), String> {
        let answer = tokio::time::timeout(ROOM_TIMEOUT, self.client.tell(event)).await;
        answer.unwrap_or_else(|_| Err("the room does not answer".to_owned()))
    }

    /// Returns whether the room's event loop is running, which means that it answers within [`ROOM_TIMEOUT`].
    pub(super) async fn room_turns(&self) -> bool {
        tokio::time::timeout(ROOM_TIMEOUT, self.client.ping()).await.is_ok_and(|answer| answer.is_ok())
    }

    /// Passes each snapshot on to the pages. Ends when the room ends.
    pub(super) async fn follow_room(&self) {
        let mut snapshots = self.client.snapshots();
        snapshots.mark_changed();
        while snapshots.changed().await.is_ok() {
            let snapshot = snapshots.borrow_and_update().clone();
            let recent_calls = (*self.shown.borrow().recent_calls).clone();
            self.shown.send_replace(ShownRoom::of(snapshot, recent_calls, &*self.client));
        }
    }

    /// Reports to the room that a call was sent to a page that can receive it, once for each page and call.
    pub(super) async fn report_call_sent(&self, pages: &mut OpenPages, page: DeskId, call: CallId) {
        if pages.mark_sent(page, call)
            && let Err(error) = self.tell(Event::CallSent { id: call }).await
        {
            // Either the call was cleared at the same moment, or the room hangs, which its pages notice without this
            // report.
            tracing::debug!(%error, "the room did not accept the report that a call was sent");
        }
    }
}
