//! Owns the door of a desk, whether of one room or of several: who is signed in, the pages' own files, and what stands
//! around every answer. Does not own what a page is told or may ask.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::guard::{address_of, guard};
use super::lock::{Lock, Tried};
use super::orders::Body;

/// No order is longer than this, in bytes.
const BODY_BYTES_MAX: usize = 4 * 1024;

/// A desk's door.
#[derive(Debug)]
pub(super) struct Door {
    pub address: SocketAddr,
    pub host_names: Vec<String>,
    /// None where the door stands open, which it may on loopback alone.
    pub lock: Option<Lock>,
    font: Option<&'static [u8]>,
    font_bold: Option<&'static [u8]>,
}

impl Door {
    pub(super) fn new(
        address: SocketAddr,
        host_names: Vec<String>,
        lock: Option<Lock>,
        fonts: [Option<&'static [u8]>; 2],
    ) -> Self {
        let [font, font_bold] = fonts;
        Self { address, host_names, lock, font, font_bold }
    }

    /// The sign-in that a browser shows.
    pub(super) fn token(&self, headers: &HeaderMap) -> Option<String> {
        self.lock.as_ref().and_then(|lock| lock.token(headers))
    }

    /// Whether whoever shows this has signed in, or need not.
    pub(super) fn is_open_to(&self, token: Option<&str>) -> bool {
        self.lock.as_ref().is_none_or(|lock| lock.sessions.is_signed_in(token))
    }

    /// Waits until whoever shows this is no longer signed in.
    pub(super) async fn end_of(&self, token: Option<&str>) {
        match &self.lock {
            Some(lock) => lock.sessions.end_of(token).await,
            None => std::future::pending().await,
        }
    }
}

/// The door's own addresses, with `inside` behind it.
pub(super) fn router(door: &Arc<Door>, inside: Router) -> Router {
    const CSS: &str = "text/css; charset=utf-8";
    const JS: &str = "text/javascript; charset=utf-8";
    Router::new()
        .route("/", get(page))
        .route("/login", get(login_page).post(sign_in))
        .route("/logout", post(sign_out))
        .route("/api/here", get(async || StatusCode::NO_CONTENT))
        .route("/desk.js", file(JS, include_str!("page/desk.js")))
        .route("/board.js", file(JS, include_str!("page/board.js")))
        .route("/call.js", file(JS, include_str!("page/call.js")))
        .route("/controls.js", file(JS, include_str!("page/controls.js")))
        .route("/link.js", file(JS, include_str!("page/link.js")))
        .route("/parts.js", file(JS, include_str!("page/parts.js")))
        .route("/rooms.js", file(JS, include_str!("page/rooms.js")))
        .route("/sound.js", file(JS, include_str!("page/sound.js")))
        .route("/troubles.js", file(JS, include_str!("page/troubles.js")))
        .route("/words.js", file(JS, include_str!("page/words.js")))
        .route("/login.js", file(JS, include_str!("page/login.js")))
        .route("/desk.css", file(CSS, include_str!("page/desk.css")))
        .route("/icon.svg", file("image/svg+xml", include_str!("page/icon.svg")))
        .route("/font.ttf", get(async |State(door): State<Arc<Door>>| typeface(door.font)))
        .route("/font-bold.ttf", get(async |State(door): State<Arc<Door>>| typeface(door.font_bold)))
        .with_state(Arc::clone(door))
        .merge(inside)
        .fallback(async || problem(StatusCode::NOT_FOUND, "there is nothing here"))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(door), guard))
}

/// An answer that says what is wrong in plain words.
pub(super) fn problem(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

fn file(kind: &'static str, text: &'static str) -> axum::routing::MethodRouter<Arc<Door>> {
    get(async move || ([(CONTENT_TYPE, kind)], text))
}

fn typeface(font: Option<&'static [u8]>) -> Response {
    match font {
        Some(font) => ([(CONTENT_TYPE, "font/ttf")], font).into_response(),
        None => problem(StatusCode::NOT_FOUND, "this desk has no typeface of its own"),
    }
}

async fn page(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    let mut answer = ([(CONTENT_TYPE, "text/html; charset=utf-8")], include_str!("page/desk.html")).into_response();
    if let Some(lock) = &door.lock
        && let Some(cookie) = lock.token(&headers).and_then(|token| lock.sign_in_cookie(&token).parse().ok())
    {
        // The browser's copy ends with ours, so that a desk that is used is never signed out.
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

async fn login_page(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    if door.is_open_to(door.token(&headers).as_deref()) {
        return Redirect::to("/").into_response();
    }
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], include_str!("page/login.html")).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    password: String,
}

async fn sign_in(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (from, headers) = (address_of(&request), request.headers().clone());
    let Some(lock) = &door.lock else { return StatusCode::NO_CONTENT.into_response() };
    if let Some(error) = lock.damage() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
    }
    let Body(SignIn { password }) = match Body::from_request(request, &()).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    match lock.try_password(from, &headers, password).await {
        Ok(Tried::Right([sign_in, browser])) => {
            let cookies = AppendHeaders([(SET_COOKIE, sign_in), (SET_COOKIE, browser)]);
            (StatusCode::NO_CONTENT, cookies).into_response()
        }
        Ok(Tried::Wrong) => problem(StatusCode::FORBIDDEN, "that is not the desk's password"),
        Ok(Tried::Waits(wait)) => {
            let seconds = wait.as_secs() + 1;
            let why = Json(json!({ "error": "too many wrong passwords", "wait_seconds": seconds }));
            let mut answer = (StatusCode::TOO_MANY_REQUESTS, why).into_response();
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
            answer
        }
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn sign_out(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    match &door.lock {
        Some(lock) => (StatusCode::NO_CONTENT, [(SET_COOKIE, lock.sign_out(&headers).await)]).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}
