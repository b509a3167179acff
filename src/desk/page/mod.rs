//! Owns the parts that the pages of one room and of several rooms share: the files and pictures, the event stream, the
//! requests that a page may send, the recent calls, whether a page can receive a call, and which pages may show what a
//! patient shared. Does not own the effect of an order, or the content of a stream.

pub(super) mod open_pages;
pub(super) mod place_pictures;
pub(super) mod recent_calls;
pub(super) mod requests;
pub(super) mod server;
pub(super) mod shared_words;
pub(super) mod stream;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get};

use super::guard::{Guard, problem};
use place_pictures::{PlacePictures, PlaceStill};

/// The clinic's choices for the page.
#[derive(Clone, Debug)]
pub struct PageOptions {
    /// Names that can be chosen for *I'm coming*.
    pub clinicians: Vec<String>,
    /// The tag of the page's language. A language that the page lacks falls back to English.
    pub locale: String,
    /// The staff's regular typeface as a TrueType file; `None` for a typeface of the browser.
    pub font: Option<&'static [u8]>,
    /// The staff's bold typeface as a TrueType file; `None` for a typeface of the browser.
    pub font_bold: Option<&'static [u8]>,
    /// The pictures of the places, as the tablet shows them. A place that is missing here is shown without a picture.
    pub stills: Vec<PlaceStill>,
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const HTML: &str = "text/html; charset=utf-8";
const JPEG: &str = "image/jpeg";
/// `Cache-Control` value for a file whose name changes with its content.
const FOREVER: &str = "private, max-age=31536000, immutable";

/// Returns the routes of the files that the sign-in page needs. They contain nothing about a room.
fn public_files(guard: &Arc<Guard>, options: &PageOptions) -> Router {
    let PageOptions { font, font_bold, .. } = *options;
    Router::new()
        .route("/login", get(login_page).with_state(Arc::clone(guard)))
        .route("/login.js", file(JS, include_str!("login.js")))
        .route("/parts.js", file(JS, include_str!("parts.js")))
        .route("/words.js", file(JS, include_str!("words.js")))
        .route("/desk.css", file(CSS, include_str!("desk.css")))
        .route("/icon.svg", file(SVG, include_str!("icon.svg")))
        .route("/font.ttf", get(async move || typeface(font)))
        .route("/font-bold.ttf", get(async move || typeface(font_bold)))
}

/// Returns the routes of the files that only a signed-in browser gets.
fn private_files(guard: &Arc<Guard>, pictures: &Arc<PlacePictures>) -> Router {
    Router::new()
        .route("/", get(desk_page).with_state(Arc::clone(guard)))
        .route("/desk.js", file(JS, include_str!("desk.js")))
        .route("/board.js", file(JS, include_str!("board.js")))
        .route("/call.js", file(JS, include_str!("call.js")))
        .route("/controls.js", file(JS, include_str!("controls.js")))
        .route("/link.js", file(JS, include_str!("link.js")))
        .route("/pictures.js", file(JS, include_str!("pictures.js")))
        .route("/places/{name}", get(place_picture).with_state(Arc::clone(pictures)))
        .route("/rooms.js", file(JS, include_str!("rooms.js")))
        .route("/sound.js", file(JS, include_str!("sound.js")))
        .route("/troubles.js", file(JS, include_str!("troubles.js")))
}

fn file(kind: &'static str, text: &'static str) -> MethodRouter {
    get(async move || ([(CONTENT_TYPE, kind)], text))
}

fn typeface(font: Option<&'static [u8]>) -> Response {
    match font {
        Some(font) => ([(CONTENT_TYPE, "font/ttf")], font).into_response(),
        None => problem(StatusCode::NOT_FOUND, "this desk has no typeface of its own"),
    }
}

async fn place_picture(State(pictures): State<Arc<PlacePictures>>, Path(name): Path<String>) -> Response {
    match pictures.get(&name).await {
        Some(picture) => ([(CONTENT_TYPE, JPEG), (CACHE_CONTROL, FOREVER)], picture).into_response(),
        None => problem(StatusCode::NOT_FOUND, "there is no such picture"),
    }
}

async fn desk_page(State(guard): State<Arc<Guard>>, headers: HeaderMap) -> Response {
    let mut response = ([(CONTENT_TYPE, HTML)], include_str!("desk.html")).into_response();
    if let Some(cookie) = guard.renewed_cookie(&headers) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

async fn login_page(State(guard): State<Arc<Guard>>, headers: HeaderMap) -> Response {
    if guard.admits(guard.token(&headers).as_deref()) {
        return Redirect::to("/").into_response();
    }
    ([(CONTENT_TYPE, HTML)], include_str!("login.html")).into_response()
}
