//! Owns the stream of messages to one page: the first one, one for each change of the room, and the beat between.
//! Does not own what a message holds.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event as Message, Sse};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use super::door::problem;
use super::router::Desk;
use super::seats::Seat;
use super::view::{Hello, Shown};
use crate::room::call::DeskId;
use crate::room::{Event, Snapshot};

/// A page that hears nothing for longer than a few of these says that it cannot hear the room.
const BEAT_EVERY: Duration = Duration::from_secs(3);

type Messages = mpsc::Sender<Result<Message, Infallible>>;

/// `GET /events`.
pub(super) async fn events(
    State(desk): State<Arc<Desk>>,
    Extension(seat): Extension<Seat>,
    headers: HeaderMap,
) -> Response {
    let Ok(name) = getrandom::u64() else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "the system gives no random numbers");
    };
    let id = DeskId(name);
    if !desk.pages.lock().await.open(id, Instant::now()) {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "too many desk pages are open; close some");
    }
    // One message may wait: a page that reads slowly gets the newest state next, not a backlog of old ones.
    let (sender, receiver) = mpsc::channel(1);
    let token = desk.door.token(&headers);
    seat.streams();
    let (door, shows) = (Arc::clone(&desk.door), token.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = feed(&desk, id, &sender) => {}
            () = desk.door.end_of(token.as_deref()) => {}
        }
        desk.close_page(id).await;
    });
    // What is still on its way when somebody signs out goes nowhere.
    Sse::new(ReceiverStream::new(receiver).take_while(move |_| door.is_open_to(shows.as_deref()))).into_response()
}

/// Feeds one page until it is gone or the desk closes.
async fn feed(desk: &Desk, id: DeskId, messages: &Messages) {
    let mut shown = desk.shown.subscribe();
    let mut name = desk.options.room_name.clone();
    let mut name_may_change = true;
    let mut closing = desk.closing.subscribe();
    let mut room = desk.client.snapshots();
    let mut beat = tokio::time::interval(BEAT_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let hello = Hello::new(&desk.options, id.0, desk.door.lock.is_some());
    if !send(messages, "hello", &hello).await || !send_room(desk, id, messages).await {
        return;
    }
    loop {
        tokio::select! {
            () = messages.closed() => return,
            _ = closing.changed() => return,
            () = end_of_the_room(&mut room) => {
                // The process ends within a second; until then the page shows a room that nobody drives.
                let _ = send(messages, "gone", &()).await;
                return;
            }
            changed = shown.changed() => {
                if changed.is_err() || !send_room(desk, id, messages).await {
                    return;
                }
            }
            changed = name.changed(), if name_may_change => {
                name_may_change = changed.is_ok();
                if name_may_change && !send_room(desk, id, messages).await {
                    return;
                }
            }
            _ = beat.tick() => {
                // No beat for a room that does not turn: the page is to say that it cannot hear it.
                if desk.hears_the_room().await && !send(messages, "beat", &()).await {
                    return;
                }
            }
        }
    }
}

/// The room's loop has ended.
async fn end_of_the_room(room: &mut watch::Receiver<Arc<Snapshot>>) {
    while room.changed().await.is_ok() {}
}

async fn send_room(desk: &Desk, id: DeskId, messages: &Messages) -> bool {
    let shown = desk.shown.borrow().clone();
    let room = desk.options.room_name.borrow().clone();
    let view = Shown::new(&shown.snapshot, desk.client.now(), &room, &shown.log);
    if view.shares() {
        desk.options.shared.were_sent_to(id);
    }
    let sent = send(messages, "room", &view).await;
    if let (true, Some(call)) = (sent, shown.snapshot.call.as_ref())
        && desk.pages.lock().await.take_sent(id, call.id)
        && let Err(error) = desk.tell(Event::CallSent { id: call.id }).await
    {
        // The call was cleared in this very moment, or the room stands still and says so elsewhere.
        tracing::debug!(%error, "a call was sent that is open no more");
    }
    sent
}

async fn send(messages: &Messages, kind: &'static str, body: &impl Serialize) -> bool {
    match serde_json::to_string(body) {
        Ok(json) => messages.send(Ok(Message::default().event(kind).data(json))).await.is_ok(),
        Err(error) => {
            tracing::error!(%error, kind, "a message to the desk could not be written");
            false
        }
    }
}
