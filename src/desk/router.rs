//! Owns the desk while it is open: its pages, its sign-ins and the way to the room, and which address leads where.
//! Does not own what an order means, nor how a page is fed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{Local, SecondsFormat, TimeDelta};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Mutex, Semaphore, watch};

use super::calls::CallLog;
use super::guard::{address_of, guard, token};
use super::orders::{self, Body, answer, named_call, named_desk};
use super::pages::{PageChange, Pages};
use super::preview;
use super::sessions::{SIGN_IN_SECONDS, Sessions};
use super::{DeskOptions, ROOM_ANSWERS_WITHIN, RoomClient, password, stream};
use crate::room::call::DeskId;
use crate::room::{Event, Snapshot};

/// No order is longer than this, in bytes.
const BODY_BYTES_MAX: usize = 4 * 1024;
/// Silent pages are looked for so often.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// The desk while it is open.
pub(super) struct Desk {
    pub options: DeskOptions,
    pub address: SocketAddr,
    pub sessions: Sessions,
    pub client: Arc<dyn RoomClient>,
    /// Held while the room is told of a page, so that it hears of each page in order.
    pub pages: Mutex<Pages>,
    /// What the pages show.
    pub shown: watch::Sender<Shown>,
    /// Says that every stream is to end.
    pub closing: watch::Sender<()>,
    /// One password is looked at at a time: each takes 19 MiB and tens of milliseconds.
    one_password: Semaphore,
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
    pub(super) fn new(
        options: DeskOptions,
        address: SocketAddr,
        sessions: Sessions,
        client: Arc<dyn RoomClient>,
    ) -> Self {
        let snapshot = client.snapshots().borrow().clone();
        let mut log = CallLog::default();
        log.follow(&snapshot, client.now(), wall_clock);
        Self {
            options,
            address,
            sessions,
            client,
            pages: Mutex::default(),
            shown: watch::Sender::new(Shown { snapshot, log: Arc::new(log) }),
            closing: watch::Sender::new(()),
            one_password: Semaphore::new(1),
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
                    log.follow(&snapshot, self.client.now(), wall_clock);
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

/// Every address of the desk.
pub(super) fn router(desk: Arc<Desk>) -> Router {
    const CSS: &str = "text/css; charset=utf-8";
    const JS: &str = "text/javascript; charset=utf-8";
    Router::new()
        .route("/", get(page))
        .route("/login", get(login_page).post(sign_in))
        .route("/logout", post(sign_out))
        .route("/events", get(stream::events))
        .route("/api/preview", get(preview::preview))
        .route("/api/here", get(async || StatusCode::NO_CONTENT))
        .route("/api/beat", post(beat))
        .route("/api/call/received", post(received))
        .merge(orders::routes())
        .route("/desk.js", file(JS, include_str!("page/desk.js")))
        .route("/board.js", file(JS, include_str!("page/board.js")))
        .route("/call.js", file(JS, include_str!("page/call.js")))
        .route("/controls.js", file(JS, include_str!("page/controls.js")))
        .route("/link.js", file(JS, include_str!("page/link.js")))
        .route("/sound.js", file(JS, include_str!("page/sound.js")))
        .route("/words.js", file(JS, include_str!("page/words.js")))
        .route("/login.js", file(JS, include_str!("page/login.js")))
        .route("/desk.css", file(CSS, include_str!("page/desk.css")))
        .route("/icon.svg", file("image/svg+xml", include_str!("page/icon.svg")))
        .route("/font.ttf", get(async |State(desk): State<Arc<Desk>>| typeface(desk.options.font)))
        .route("/font-bold.ttf", get(async |State(desk): State<Arc<Desk>>| typeface(desk.options.font_bold)))
        .fallback(async || problem(StatusCode::NOT_FOUND, "there is nothing here"))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), guard))
        .with_state(desk)
}

/// An answer that says what is wrong in plain words.
pub(super) fn problem(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

fn file(kind: &'static str, text: &'static str) -> axum::routing::MethodRouter<Arc<Desk>> {
    get(async move || ([(CONTENT_TYPE, kind)], text))
}

fn typeface(font: Option<&'static [u8]>) -> Response {
    match font {
        Some(font) => ([(CONTENT_TYPE, "font/ttf")], font).into_response(),
        None => problem(StatusCode::NOT_FOUND, "this desk has no typeface of its own"),
    }
}

async fn page(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let mut answer = ([(CONTENT_TYPE, "text/html; charset=utf-8")], include_str!("page/desk.html")).into_response();
    if let Some(token) = token(&desk, &headers).filter(|_| desk.sessions.needs_password())
        && let Ok(cookie) = desk.sessions.cookie(&token, SIGN_IN_SECONDS).parse()
    {
        // The browser's copy ends with ours, so that a desk that is used is never signed out.
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

async fn login_page(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    if desk.sessions.is_signed_in(token(&desk, &headers).as_deref()) {
        return Redirect::to("/").into_response();
    }
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], include_str!("page/login.html")).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    password: String,
}

async fn sign_in(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    use axum::extract::FromRequest;
    let from = address_of(&request);
    let Some(hash) = desk.sessions.password_hash().map(str::to_owned) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let Body(SignIn { password }) = match Body::from_request(request, &()).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let Ok(_turn) = desk.one_password.acquire().await else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "the desk closes");
    };
    // Looked at only now: tries that came at once must not all slip in before the first is counted.
    if let Some(wait) = desk.sessions.wait(from, Instant::now()) {
        let seconds = wait.as_secs() + 1;
        let mut answer = (
            StatusCode::TOO_MANY_REQUESTS,
            Json(json!({ "error": "too many wrong passwords", "wait_seconds": seconds })),
        )
            .into_response();
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
        return answer;
    }
    let matches = tokio::task::spawn_blocking(move || password::matches(&hash, &password)).await.unwrap_or(false);
    if !matches {
        desk.sessions.wrong(from, Instant::now());
        tracing::warn!(%from, "a wrong desk password");
        return problem(StatusCode::FORBIDDEN, "that is not the desk's password");
    }
    desk.sessions.right(from);
    match desk.sessions.sign_in() {
        Ok(cookie) => (StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response(),
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn sign_out(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    desk.sessions.sign_out(token(&desk, &headers).as_deref());
    (StatusCode::NO_CONTENT, [(SET_COOKIE, desk.sessions.cookie("", 0))]).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Beat {
    desk: String,
    visible: bool,
    sound: bool,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Received {
    call: String,
    desk: String,
}

async fn received(State(desk): State<Arc<Desk>>, Body(received): Body<Received>) -> Response {
    let (id, page) = match (named_call(&received.call), named_desk(&received.desk)) {
        (Ok(id), Ok(page)) => (id, page),
        (Err(why), _) | (_, Err(why)) => return problem(StatusCode::BAD_REQUEST, why),
    };
    if !desk.pages.lock().await.receives(page) {
        return problem(StatusCode::CONFLICT, "this page cannot receive: it must be visible with its sound on");
    }
    answer(desk.tell(Event::CallReceived { id, desk: page }).await)
}

/// The wall clock so many milliseconds ago.
fn wall_clock(ago_ms: u64) -> String {
    let ago = TimeDelta::milliseconds(i64::try_from(ago_ms).unwrap_or(0));
    let now = Local::now();
    now.checked_sub_signed(ago).unwrap_or(now).to_rfc3339_opts(SecondsFormat::Secs, false)
}
