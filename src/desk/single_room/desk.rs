//! Owns the desk of one room while it is open: its pages and the way to the room, and which address leads where. Does
//! not own the door before it, what an order means, nor how a page is fed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::{Mutex, Semaphore, watch};

use super::calls::{CallLog, wall_clock};
use super::door::{Door, problem};
use super::orders::{self, Beat, Body, Forgotten, Received, answer, named_desk};
use super::pages::{PageChange, Pages};
use super::{DeskOptions, ROOM_ANSWERS_WITHIN, RoomClient, preview, stream};
use crate::line::message::CallState;
use crate::room::call::{CallId, DeskId};
use crate::room::{Event, RoomTime, Snapshot};

/// Silent pages are looked for so often.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// The desk while it is open.
pub(super) struct Desk {
    pub options: DeskOptions,
    pub door: Arc<Door>,
    pub client: Arc<dyn RoomClient>,
    /// Held while the room is told of a page, so that it hears of each page in order.
    pub pages: Mutex<Pages>,
    /// What the pages show.
    pub shown: watch::Sender<Shown>,
    /// Says that every stream is to end.
    pub closing: watch::Sender<()>,
    /// One preview is made at a time.
    pub one_preview: Semaphore,
}

/// What the pages show of the room.
#[derive(Clone)]
pub(super) struct Shown {
    pub snapshot: Arc<Snapshot>,
    pub log: Arc<CallLog>,
}

impl Desk {
    pub(super) fn new(options: DeskOptions, door: Arc<Door>, client: Arc<dyn RoomClient>) -> Self {
        let snapshot = client.snapshots().borrow().clone();
        let mut log = CallLog::default();
        follow(&mut log, &snapshot, client.now());
        Self {
            options,
            door,
            client,
            pages: Mutex::default(),
            shown: watch::Sender::new(Shown { snapshot, log: Arc::new(log) }),
            closing: watch::Sender::new(()),
            one_preview: Semaphore::new(1),
        }
    }

    /// Tells the room, and does not wait for a room that stands still.
    pub(super) async fn tell(&self, event: Event) -> Result<(), String> {
        let told = tokio::time::timeout(ROOM_ANSWERS_WITHIN, self.client.tell(event)).await;
        told.unwrap_or_else(|_| Err("the room does not answer".to_owned()))
    }

    /// Whether the room's loop turns.
    pub(super) async fn hears_the_room(&self) -> bool {
        tokio::time::timeout(ROOM_ANSWERS_WITHIN, self.client.ping()).await.is_ok_and(|answer| answer.is_ok())
    }

    /// Follows the room for the pages, and the pages for the room. Ends when the room does.
    pub(super) async fn keep_watch(&self) {
        let mut snapshots = self.client.snapshots();
        snapshots.mark_changed();
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            tokio::select! {
                changed = snapshots.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let snapshot = snapshots.borrow_and_update().clone();
                    let mut log = (*self.shown.borrow().log).clone();
                    follow(&mut log, &snapshot, self.client.now());
                    self.shown.send_replace(Shown { snapshot, log: Arc::new(log) });
                }
                _ = sweep.tick() => {
                    let mut pages = self.pages.lock().await;
                    for change in pages.sweep(Instant::now()) {
                        self.tell_change(&mut pages, change).await;
                    }
                }
            }
        }
    }

    /// A page's stream has ended.
    pub(super) async fn close_page(&self, desk: DeskId) {
        self.options.shared.lost(desk, Instant::now());
        let mut pages = self.pages.lock().await;
        if let Some(change) = pages.close(desk) {
            self.tell_change(&mut pages, change).await;
        }
    }

    /// Every stream ends, and the room hears that no page receives any more.
    pub(super) async fn close(&self) {
        self.closing.send_replace(());
        let mut pages = self.pages.lock().await;
        for change in pages.close_all() {
            self.tell_change(&mut pages, change).await;
        }
    }

    /// A call that was written to a page before it could receive counts as sent from now on.
    async fn send_open_call(&self, desk: DeskId) {
        let open = self.shown.borrow().snapshot.call.as_ref().map(|call| call.id);
        let Some(id) = open else { return };
        if self.pages.lock().await.take_sent(desk, id) {
            // An error means that it was cleared in this very moment.
            let _ = self.tell(Event::CallSent { id }).await;
        }
    }

    async fn tell_change(&self, pages: &mut Pages, change: PageChange) -> bool {
        let (desk, event) = match change {
            PageChange::Seen(desk) => (desk, Event::DeskSeen { desk }),
            PageChange::Gone(desk) => (desk, Event::DeskGone { desk }),
        };
        let told = self.tell(event).await;
        if let Err(error) = &told {
            tracing::warn!(%error, "the room did not take a change of the desk's pages");
            pages.refused(desk);
        }
        told.is_ok()
    }
}

/// What lies behind the door.
pub(super) fn router(desk: &Arc<Desk>) -> Router {
    Router::new()
        .route("/events", get(stream::events))
        .route("/api/preview", get(preview::preview))
        .route("/api/beat", post(beat))
        .route("/api/call/received", post(received))
        .route("/api/forgotten", post(forgotten))
        .merge(orders::routes())
        .with_state(Arc::clone(desk))
}

async fn beat(State(desk): State<Arc<Desk>>, Body(beat): Body<Beat>) -> Response {
    let id = match named_desk(&beat.desk) {
        Ok(id) => id,
        Err(why) => return problem(StatusCode::BAD_REQUEST, why),
    };
    let mut pages = desk.pages.lock().await;
    match pages.beat(id, beat.visible && beat.sound, Instant::now()) {
        Err(_) => problem(StatusCode::GONE, "this page's stream has ended; open another"),
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Ok(Some(change)) => {
            if desk.tell_change(&mut pages, change).await {
                drop(pages);
                desk.send_open_call(id).await;
                StatusCode::NO_CONTENT.into_response()
            } else {
                problem(StatusCode::CONFLICT, "the room did not take this page as its desk")
            }
        }
    }
}

async fn received(State(desk): State<Arc<Desk>>, Body(received): Body<Received>) -> Response {
    let page = match named_desk(&received.desk) {
        Ok(page) => page,
        Err(why) => return problem(StatusCode::BAD_REQUEST, why),
    };
    if !desk.pages.lock().await.receives(page) {
        return problem(StatusCode::CONFLICT, "this page cannot receive: it must be visible with its sound on");
    }
    answer(desk.tell(Event::CallReceived { id: CallId(received.call.0), desk: page }).await)
}

fn follow(log: &mut CallLog, snapshot: &Snapshot, now: RoomTime) {
    log.follow(snapshot.call.as_ref().map(|call| CallState::of(call, now)).as_ref(), now.0, wall_clock);
}

/// A page has taken what the patient shared off its screen.
async fn forgotten(State(desk): State<Arc<Desk>>, Body(forgotten): Body<Forgotten>) -> Response {
    match named_desk(&forgotten.desk) {
        Ok(page) => {
            desk.options.shared.were_forgotten_by(page);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(why) => problem(StatusCode::BAD_REQUEST, why),
    }
}
