//! Owns the checks of every request (its host name, whether it comes from the desk's own page, whether its browser is
//! signed in) and the security headers of every response. Does not own the list of who is signed in.

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

use super::connections::Connection;
use super::{Guard, problem};

const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
                              img-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'none'; \
                              base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A header that only the desk's own page sends. A different site would need a CORS preflight to send it, which a desk
/// never grants.
const OWN_HEADER: &str = "x-stillroom";

/// At a loopback address, rejects requests for a foreign host name. At any address, rejects requests from other sites,
/// except that `/` and `/login` may be opened from them, for example through a link. A POST must come from the desk's
/// own page. Adds the security headers to every response.
pub(super) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let response = match rejection(&guard, &request) {
        Some(rejection) => rejection,
        None => next.run(request).await,
    };
    with_security_headers(response)
}

/// Lets a request through if its browser is signed in, or nobody has to sign in. Otherwise, redirects `/` to the
/// sign-in page, and rejects every other path with 401.
pub(super) async fn require_sign_in(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    if guard.admits(guard.token(request.headers()).as_deref()) {
        if let Some(connection) = request.extensions().get::<Connection>() {
            connection.signed_in();
        }
        return next.run(request).await;
    }
    if request.uri().path() == "/" {
        return Redirect::to("/login").into_response();
    }
    problem(StatusCode::UNAUTHORIZED, "sign in first")
}

fn rejection(guard: &Guard, request: &Request) -> Option<Response> {
    let headers = request.headers();
    if !is_own_host(guard, headers) {
        return Some(problem(StatusCode::MISDIRECTED_REQUEST, "this desk is not known by that name"));
    }
    let is_navigation = matches!(request.uri().path(), "/" | "/login");
    let is_allowed =
        (is_navigation || is_same_site(headers)) && (request.method() != Method::POST || is_from_own_page(headers));
    (!is_allowed).then(|| problem(StatusCode::FORBIDDEN, "only the desk's own page may send this request"))
}

/// Returns the address from which a request comes; loopback if the server did not record the address.
pub(super) fn peer_address(request: &Request) -> IpAddr {
    let info = request.extensions().get::<ConnectInfo<SocketAddr>>();
    info.map_or(IpAddr::from([127, 0, 0, 1]), |info| info.0.ip())
}

/// Checks the host name against DNS rebinding. A desk on a loopback address may be open without a password, so a
/// request must not pass if its host name is a foreign name that resolves to that address. On any other address, every
/// name is accepted, because the certificate protects against DNS rebinding.
fn is_own_host(guard: &Guard, headers: &HeaderMap) -> bool {
    if !guard.address.ip().is_loopback() {
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
        || guard.host_names.iter().any(|known| known.eq_ignore_ascii_case(&name))
}

fn is_same_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

/// Checks that a request comes from the desk's own page, as a protection against cross-site request forgery.
fn is_from_own_page(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_json = text(CONTENT_TYPE).is_some_and(|kind| kind.split(';').next() == Some("application/json"));
    let has_own_header = headers.get(OWN_HEADER).is_some_and(|value| value == "1");
    let is_own_origin = match (text(ORIGIN), text(HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, origin)| origin == host),
        (Some(_), None) => false,
    };
    is_json && has_own_header && is_own_origin
}

fn with_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 6] = [
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
