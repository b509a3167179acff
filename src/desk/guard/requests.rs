//! Owns what stands between a browser and the desk: which host names it answers to, that an order comes from its own
//! page, who is signed in, and the headers of every answer. Does not own what is answered.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::door::{Door, problem};
use super::seats::Seat;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; \
                      connect-src 'self'; media-src 'self'; manifest-src 'none'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The header that only our own page sends: another site's page cannot, without asking first.
pub(super) const OWN_HEADER: &str = "x-stillroom";

/// Whoever comes in: the right host, its own page, and, beyond the sign-in page, a person who has signed in.
pub(super) async fn guard(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let answer = match refusal(&door, &request) {
        Some(refused) => refused,
        None => next.run(request).await,
    };
    with_headers(answer)
}

fn refusal(door: &Door, request: &Request) -> Option<Response> {
    let headers = request.headers();
    if !host_is_ours(door, headers) {
        // A page elsewhere may have pointed a name of its own at this tablet.
        return Some(problem(StatusCode::MISDIRECTED_REQUEST, "this desk is not known by that name"));
    }
    let path = request.uri().path();
    let asks_for_page = path == "/" || path == "/login";
    if !asks_for_page && !site_is_ours(headers) {
        return Some(problem(StatusCode::FORBIDDEN, "only the desk's own page may ask this"));
    }
    if request.method() == Method::POST && !order_is_ours(headers) {
        return Some(problem(StatusCode::FORBIDDEN, "only the desk's own page may ask this"));
    }
    if is_open_to_all(path) {
        return None;
    }
    if door.is_open_to(door.token(headers).as_deref()) {
        if let Some(seat) = request.extensions().get::<Seat>() {
            seat.has_signed_in();
        }
        return None;
    }
    if path == "/" {
        return Some(Redirect::to("/login").into_response());
    }
    Some(problem(StatusCode::UNAUTHORIZED, "sign in first"))
}

/// Nothing here tells anything of the room.
fn is_open_to_all(path: &str) -> bool {
    matches!(path, "/login" | "/login.js" | "/words.js" | "/desk.css" | "/icon.svg" | "/font.ttf" | "/font-bold.ttf")
}

/// Where a request comes from; this tablet, if nobody says.
pub(super) fn address_of(request: &Request) -> IpAddr {
    let info = request.extensions().get::<ConnectInfo<SocketAddr>>();
    info.map_or(IpAddr::from([127, 0, 0, 1]), |info| info.0.ip())
}

/// On loopback a desk may stand open without a password, so a foreign name that resolves to it must not reach it.
/// Beyond loopback the certificate does the same.
fn host_is_ours(door: &Door, headers: &HeaderMap) -> bool {
    if !door.address.ip().is_loopback() {
        return true;
    }
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']').to_lowercase();
    name == "localhost"
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        || door.host_names.iter().any(|known| known.eq_ignore_ascii_case(&name))
}

fn site_is_ours(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

fn order_is_ours(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_json = text(CONTENT_TYPE).is_some_and(|kind| kind.split(';').next() == Some("application/json"));
    let has_own_header = headers.get(OWN_HEADER).is_some_and(|value| value == "1");
    let origin_is_ours = match (text(ORIGIN), text(HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, origin)| origin == host),
        (Some(_), None) => false,
    };
    is_json && has_own_header && origin_is_ours
}

fn with_headers(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    let fixed: [(HeaderName, &'static str); 7] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
