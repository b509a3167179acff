//! Owns the guard between browsers and a desk: the port, TLS, connection limits, checks on requests, and the sign-in.
//! The desk of one room and the desk of several rooms share it. Does not own the pages and orders behind the guard.

mod authentication;
mod background_file;
mod bound;
mod connections;
mod error;
mod json;
mod known_browsers;
mod login_throttle;
mod requests;
mod server;
mod sign_ins;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use authentication::{Authenticator, SignInResult};
pub use bound::{BoundDesk, DeskPassword, ServerOptions, bind, bind_rules};
pub(in crate::desk) use connections::Connection;
pub use error::DeskError;
pub(in crate::desk) use json::{JsonBody, problem};

/// Maximum size of a request's body, in bytes.
const BODY_BYTES_MAX: usize = 4 * 1024;

/// Decides who reaches a desk's pages.
#[derive(Debug)]
pub(in crate::desk) struct Guard {
    address: SocketAddr,
    host_names: Vec<String>,
    /// `None` if no password is set, which is allowed only on loopback.
    authenticator: Option<Authenticator>,
}

impl Guard {
    /// Returns whether a browser must sign in before it is shown a page.
    pub(in crate::desk) const fn needs_sign_in(&self) -> bool {
        self.authenticator.is_some()
    }

    /// Returns the sign-in token in a request's cookies.
    pub(in crate::desk) fn token(&self, headers: &HeaderMap) -> Option<String> {
        self.authenticator.as_ref().and_then(|authenticator| authenticator.token(headers))
    }

    /// Returns whether a browser with this token may see the desk, because it is signed in or nobody has to sign in.
    pub(in crate::desk) fn admits(&self, token: Option<&str>) -> bool {
        self.authenticator.as_ref().is_none_or(|authenticator| authenticator.sign_ins.is_signed_in(token))
    }

    /// Waits until this token is no longer signed in. Never returns if nobody has to sign in.
    pub(in crate::desk) async fn signed_out(&self, token: Option<&str>) {
        match &self.authenticator {
            Some(authenticator) => authenticator.sign_ins.ended(token).await,
            None => std::future::pending().await,
        }
    }

    /// Returns the `Set-Cookie` value that prolongs a browser's sign-in. It is sent with each page, because a desk in
    /// daily use must never be signed out.
    pub(in crate::desk) fn renewed_cookie(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let authenticator = self.authenticator.as_ref()?;
        authenticator.sign_in_cookie(&authenticator.token(headers)?).parse().ok()
    }

    /// Combines two routers: `public` is open to every request that passes the checks; `private` also needs a sign-in.
    fn protect(self: &Arc<Self>, public: Router, private: Router) -> Router {
        let private = private
            .route("/logout", post(sign_out).with_state(Arc::clone(self)))
            .route("/api/signed_in", get(async || StatusCode::NO_CONTENT))
            .fallback(async || problem(StatusCode::NOT_FOUND, "there is nothing here"))
            .layer(middleware::from_fn_with_state(Arc::clone(self), requests::require_sign_in));
        public
            .route("/login", post(sign_in).with_state(Arc::clone(self)))
            .merge(private)
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .layer(middleware::from_fn_with_state(Arc::clone(self), requests::check))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    password: String,
}

async fn sign_in(State(guard): State<Arc<Guard>>, request: Request) -> Response {
    let (from, headers) = (requests::peer_address(&request), request.headers().clone());
    let Some(authenticator) = &guard.authenticator else { return StatusCode::NO_CONTENT.into_response() };
    if let Some(error) = authenticator.damage() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
    }
    let JsonBody(Credentials { password }) = match JsonBody::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) => return rejection,
    };
    match authenticator.sign_in(from, &headers, password).await {
        Ok(SignInResult::Accepted { session_cookie, browser_cookie }) => {
            let cookies = AppendHeaders([(SET_COOKIE, session_cookie), (SET_COOKIE, browser_cookie)]);
            (StatusCode::NO_CONTENT, cookies).into_response()
        }
        Ok(SignInResult::WrongPassword) => problem(StatusCode::FORBIDDEN, "this is not the desk's password"),
        Ok(SignInResult::Throttled(wait)) => {
            let seconds = wait.as_secs() + 1;
            let why = Json(json!({ "error": "too many wrong passwords", "wait_seconds": seconds }));
            let mut response = (StatusCode::TOO_MANY_REQUESTS, why).into_response();
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            response
        }
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn sign_out(State(guard): State<Arc<Guard>>, headers: HeaderMap) -> Response {
    match &guard.authenticator {
        Some(authenticator) => {
            (StatusCode::NO_CONTENT, [(SET_COOKIE, authenticator.sign_out(&headers).await)]).into_response()
        }
        None => StatusCode::NO_CONTENT.into_response(),
    }
}
