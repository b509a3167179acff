//! Owns the schedule of messages to a page of one room, and the reports to the room about the pages. Does not own the
//! form of the messages.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use super::state::SingleRoomDesk;
use super::view::{ShownView, SingleRoomHello};
use crate::desk::page::open_pages::{OpenPages, PageChange};
use crate::desk::page::server::{PageHub, PageServer};
use crate::desk::page::stream::{PageStream, beat_interval};
use crate::room::call::DeskId;
use crate::room::{Event, Snapshot};

impl PageServer for SingleRoomDesk {
    fn hub(&self) -> &PageHub {
        &self.hub
    }

    async fn feed(&self, page: DeskId, stream: &PageStream) {
        feed(self, page, stream).await;
    }

    async fn page_changed(&self, pages: &mut OpenPages, change: PageChange) -> bool {
        let (page, event) = match change {
            PageChange::Able(page) => (page, Event::DeskConnected { desk: page }),
            PageChange::Unable(page) => (page, Event::DeskDisconnected { desk: page }),
        };
        if let Err(error) = self.tell(event).await {
            tracing::warn!(%error, "the room did not accept a change of the desk's pages");
            pages.refused(page);
            return false;
        }
        // A call that was shown before the page could receive it counts as sent from now on.
        let open = self.shown.borrow().snapshot.call.as_ref().map(|call| call.id);
        if let Some(call) = open {
            self.report_call_sent(pages, page, call).await;
        }
        true
    }

    fn page_lost(&self, page: DeskId, now: Instant) {
        self.shared.lost(page, now);
    }
}

/// Sends one page its messages until the page is gone, the room ends or the desk closes.
async fn feed(desk: &SingleRoomDesk, page: DeskId, stream: &PageStream) {
    let mut shown = desk.shown.subscribe();
    let mut name = desk.room_name.clone();
    let mut name_may_change = true;
    let mut closing = desk.hub.closing();
    let mut room = desk.client.snapshots();
    let mut beat = beat_interval();
    if !stream.send("hello", &SingleRoomHello::new(desk, page)).await || !send_room(desk, page, stream).await {
        return;
    }
    loop {
        tokio::select! {
            () = stream.closed() => return,
            _ = closing.changed() => return,
            () = room_ended(&mut room) => {
                // The connection may stay open for up to a second after the room has ended. This message makes the page
                // stop showing the room as running.
                let _ = stream.send("gone", &()).await;
                return;
            }
            changed = shown.changed() => {
                if changed.is_err() || !send_room(desk, page, stream).await {
                    return;
                }
            }
            changed = name.changed(), if name_may_change => {
                name_may_change = changed.is_ok();
                if name_may_change && !send_room(desk, page, stream).await {
                    return;
                }
            }
            _ = beat.tick() => {
                // No heartbeat is sent while the room hangs. The page then says that it is not connected to the room.
                if desk.room_turns().await && !stream.send("beat", &()).await {
                    return;
                }
            }
        }
    }
}

async fn room_ended(room: &mut watch::Receiver<Arc<Snapshot>>) {
    while room.changed().await.is_ok() {}
}

async fn send_room(desk: &SingleRoomDesk, page: DeskId, stream: &PageStream) -> bool {
    let shown = desk.shown.borrow().clone();
    let name = desk.room_name.borrow().clone();
    let view = ShownView::new(&shown.snapshot, desk.client.now(), &name, &shown.recent_calls);
    if view.has_shared_words() {
        desk.shared.sent_to(page);
    }
    let is_sent = stream.send("room", &view).await;
    if is_sent && let Some(call) = &shown.snapshot.call {
        desk.report_call_sent(&mut *desk.hub.pages.lock().await, page, call.id).await;
    }
    is_sent
}
