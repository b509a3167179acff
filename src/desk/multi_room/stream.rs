//! Owns the stream of messages to one page of several rooms: the line to the broker, then each room as it changes, those
//! with a call before the others. Does not own what a message holds.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event as Message, Sse};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use super::super::door::problem;
use super::super::seats::Seat;
use super::message::{Hello, LeftOut, LineMessage, RoomMessage};
use super::watch::Rooms;
use crate::line::message::RoomId;
use crate::line::view::Words;
use crate::room::call::DeskId;

/// A page that hears nothing for longer than a few of these says that it cannot hear its desk.
const BEAT_EVERY: Duration = Duration::from_secs(3);

type Messages = mpsc::Sender<Result<Message, Infallible>>;

/// `GET /events`.
pub(super) async fn events(
    State(desk): State<Arc<Rooms>>,
    Extension(seat): Extension<Seat>,
    headers: HeaderMap,
) -> Response {
    let Ok(name) = getrandom::u64() else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "the system gives no random numbers");
    };
    let page = DeskId(name);
    if !desk.pages.lock().await.open(page, Instant::now()) {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "too many desk pages are open; close some");
    }
    // One message may wait: a page that reads slowly gets the newest state next, not a backlog of old ones.
    let (sender, receiver) = mpsc::channel(1);
    let token = desk.door.token(&headers);
    seat.streams();
    let (door, shows) = (Arc::clone(&desk.door), token.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = feed(&desk, page, &sender) => {}
            () = desk.door.end_of(token.as_deref()) => {}
        }
        desk.close_page(page).await;
    });
    // What is still on its way when somebody signs out goes nowhere.
    Sse::new(ReceiverStream::new(receiver).take_while(move |_| door.is_open_to(shows.as_deref()))).into_response()
}

/// Feeds one page until it is gone or the desk closes.
async fn feed(desk: &Rooms, page: DeskId, messages: &Messages) {
    let mut shown = desk.shown.subscribe();
    let mut closing = desk.closing.subscribe();
    let mut beat = tokio::time::interval(BEAT_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let hello = Hello::new(&desk.options, page.0, desk.door.lock.is_some());
    let mut told = Told::default();
    if !send(messages, "hello", &hello).await || !told.bring_up(desk, page, messages).await {
        return;
    }
    loop {
        tokio::select! {
            () = messages.closed() => return,
            _ = closing.changed() => return,
            changed = shown.changed() => {
                if changed.is_err() || !told.bring_up(desk, page, messages).await {
                    return;
                }
            }
            _ = beat.tick() => {
                // No beat from a desk whose line stands still: the page is to say that it cannot hear it.
                if desk.line_turns() && !send(messages, "beat", &()).await {
                    return;
                }
            }
        }
    }
}

/// What a page has been told.
#[derive(Default)]
struct Told {
    line: u64,
    rooms: BTreeMap<RoomId, u64>,
}

enum Next {
    Line(u64),
    Room(RoomId, u64),
}

impl Told {
    /// Tells all that is new. Looks anew after each message, so that a call never waits behind other rooms.
    async fn bring_up(&mut self, desk: &Rooms, page: DeskId, messages: &Messages) -> bool {
        while let Some(next) = self.next(desk) {
            let sent = match next {
                Next::Line(count) => {
                    self.line = count;
                    send_line(desk, messages).await
                }
                Next::Room(room, count) => {
                    let sent = send_room(desk, page, &room, messages).await;
                    self.rooms.insert(room, count);
                    sent
                }
            };
            if !sent {
                return false;
            }
        }
        true
    }

    fn next(&self, desk: &Rooms) -> Option<Next> {
        let shown = desk.shown.borrow();
        if shown.line > self.line {
            return Some(Next::Line(shown.line));
        }
        let stale = |(room, count): &(&RoomId, &u64)| self.rooms.get(room).is_none_or(|told| told < count);
        let stale: Vec<(RoomId, u64)> =
            shown.rooms.iter().filter(stale).map(|(room, count)| (room.clone(), *count)).collect();
        drop(shown);
        let calls = desk.line.with(|fleet, now_ms| {
            let calls = |room: &RoomId| fleet.room(now_ms, room).is_some_and(|room| room.call.is_some());
            stale.iter().position(|(room, _)| calls(room))
        });
        stale.into_iter().nth(calls.unwrap_or(0)).map(|(room, count)| Next::Room(room, count))
    }
}

async fn send_line(desk: &Rooms, messages: &Messages) -> bool {
    let (linked, was_linked, why, fought_over) = desk.link();
    let (rooms, left_out) = desk.line.with(|fleet, now_ms| (fleet.rooms(now_ms).count(), LeftOut::of(fleet)));
    let (why, broker) = (why.map(Words::from), desk.options.broker.url.to_string());
    send(messages, "line", &LineMessage { linked, was_linked, why, fought_over, broker, rooms, left_out }).await
}

async fn send_room(desk: &Rooms, page: DeskId, room: &RoomId, messages: &Messages) -> bool {
    let log = desk.log_of(room);
    let written = desk.line.with(|fleet, now_ms| {
        let room = fleet.room(now_ms, room)?;
        let shares = room.view.is_some_and(|view| view.shared.is_some());
        Some((serde_json::to_string(&RoomMessage::new(room, &log)), shares))
    });
    match written {
        Some((written, shares)) => {
            if shares {
                desk.shared_of(room).were_sent_to(page);
            }
            send_written(messages, "room", written).await
        }
        None => true,
    }
}

async fn send(messages: &Messages, kind: &'static str, body: &impl Serialize) -> bool {
    send_written(messages, kind, serde_json::to_string(body)).await
}

async fn send_written(messages: &Messages, kind: &'static str, written: serde_json::Result<String>) -> bool {
    match written {
        Ok(json) => messages.send(Ok(Message::default().event(kind).data(json))).await.is_ok(),
        Err(error) => {
            tracing::error!(%error, kind, "a message to the desk could not be written");
            false
        }
    }
}
