//! Owns the schedule of messages to a page of several rooms: first the state of the broker connection, then each room
//! as it changes, rooms with a call first. Does not own the form of the messages.

use std::collections::BTreeMap;
use std::time::Instant;

use super::message::{LeftOutMessage, LineMessage, MultiRoomHello, RoomMessage};
use super::state::MultiRoomDesk;
use crate::desk::page::open_pages::{OpenPages, PageChange};
use crate::desk::page::server::{PageHub, PageServer};
use crate::desk::page::stream::{PageStream, beat_interval};
use crate::line::message::RoomId;
use crate::line::view::Sentence;
use crate::room::call::DeskId;

impl PageServer for MultiRoomDesk {
    fn hub(&self) -> &PageHub {
        &self.hub
    }

    async fn feed(&self, page: DeskId, stream: &PageStream) {
        feed(self, page, stream).await;
    }

    async fn page_changed(&self, pages: &mut OpenPages, change: PageChange) -> bool {
        self.on_page_change(pages, change);
        true
    }

    fn page_lost(&self, page: DeskId, now: Instant) {
        self.on_page_lost(page, now);
    }
}

/// Sends one page its messages until the page is gone or the desk closes.
async fn feed(desk: &MultiRoomDesk, page: DeskId, stream: &PageStream) {
    let mut versions = desk.versions.subscribe();
    let mut closing = desk.hub.closing();
    let mut beat = beat_interval();
    let mut sent = SentVersions::default();
    if !stream.send("hello", &MultiRoomHello::new(desk, page)).await || !sent.catch_up(desk, page, stream).await {
        return;
    }
    loop {
        tokio::select! {
            () = stream.closed() => return,
            _ = closing.changed() => return,
            changed = versions.changed() => {
                if changed.is_err() || !sent.catch_up(desk, page, stream).await {
                    return;
                }
            }
            _ = beat.tick() => {
                // No heartbeat is sent while the broker connection hangs. The page then says that it is not connected
                // to its desk.
                if desk.line_turns() && !stream.send("beat", &()).await {
                    return;
                }
            }
        }
    }
}

/// The versions of the states that a page has been sent.
#[derive(Default)]
struct SentVersions {
    line: u64,
    rooms: BTreeMap<RoomId, u64>,
}

enum NextMessage {
    Line(u64),
    Room(RoomId, u64),
}

impl SentVersions {
    /// Sends everything that has changed. Looks for the most urgent message again after each message, because a call
    /// must never wait behind other rooms. Returns `false` once the page is gone.
    async fn catch_up(&mut self, desk: &MultiRoomDesk, page: DeskId, stream: &PageStream) -> bool {
        while let Some(next) = self.next(desk) {
            let is_sent = match next {
                NextMessage::Line(version) => {
                    self.line = version;
                    send_line(desk, stream).await
                }
                NextMessage::Room(room, version) => {
                    let is_sent = send_room(desk, page, &room, stream).await;
                    self.rooms.insert(room, version);
                    is_sent
                }
            };
            if !is_sent {
                return false;
            }
        }
        true
    }

    fn next(&self, desk: &MultiRoomDesk) -> Option<NextMessage> {
        let versions = desk.versions.borrow();
        if versions.line > self.line {
            return Some(NextMessage::Line(versions.line));
        }
        let is_stale = |(room, version): &(&RoomId, &u64)| self.rooms.get(room).is_none_or(|sent| sent < version);
        let stale: Vec<(RoomId, u64)> =
            versions.rooms.iter().filter(is_stale).map(|(room, version)| (room.clone(), *version)).collect();
        drop(versions);
        let calling = desk.line.with(|fleet, now_ms| {
            let has_call = |room: &RoomId| fleet.room(now_ms, room).is_some_and(|room| room.call.is_some());
            stale.iter().position(|(room, _)| has_call(room))
        });
        stale.into_iter().nth(calling.unwrap_or(0)).map(|(room, version)| NextMessage::Room(room, version))
    }
}

async fn send_line(desk: &MultiRoomDesk, stream: &PageStream) -> bool {
    let history = desk.line_history();
    let message = desk.line.with(|fleet, now_ms| LineMessage {
        linked: fleet.is_connected(),
        was_linked: history.was_connected,
        why: history.why_down.map(Sentence::from),
        fought_over: history.is_contested,
        broker: desk.broker.clone(),
        rooms: fleet.rooms(now_ms).count(),
        left_out: LeftOutMessage::of(fleet),
    });
    stream.send("line", &message).await
}

async fn send_room(desk: &MultiRoomDesk, page: DeskId, room: &RoomId, stream: &PageStream) -> bool {
    let recent_calls = desk.recent_calls_of(room);
    let serialised = desk.line.with(|fleet, now_ms| {
        let room = fleet.room(now_ms, room)?;
        let is_shared = room.view.is_some_and(|view| view.shared.is_some());
        Some((serde_json::to_string(&RoomMessage::new(room, &recent_calls)), is_shared))
    });
    match serialised {
        Some((json, is_shared)) => {
            if is_shared {
                desk.shared_of(room).sent_to(page);
            }
            stream.send_json("room", json).await
        }
        None => true,
    }
}
