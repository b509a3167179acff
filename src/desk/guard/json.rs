//! Owns JSON over HTTP for all parts of a desk: the body of a request, and an error response with a reason.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

/// Time limit for a request's body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns an error response with its reason in plain words.
pub(in crate::desk) fn problem(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

/// The JSON body of a request. A rejection never repeats the body, because it may contain a password.
pub(in crate::desk) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let body = tokio::time::timeout(BODY_TIMEOUT, Json::<T>::from_request(request, state)).await;
        match body {
            Err(_) => Err(problem(StatusCode::REQUEST_TIMEOUT, "the whole request did not arrive in time")),
            Ok(Ok(Json(body))) => Ok(Self(body)),
            Ok(Err(JsonRejection::BytesRejection(error))) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(problem(StatusCode::PAYLOAD_TOO_LARGE, "too long"))
            }
            Ok(Err(JsonRejection::BytesRejection(_))) => {
                Err(problem(StatusCode::BAD_REQUEST, "the whole request did not arrive"))
            }
            Ok(Err(_)) => Err(problem(StatusCode::BAD_REQUEST, "not an order this desk knows")),
        }
    }
}
