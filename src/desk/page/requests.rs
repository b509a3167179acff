//! Owns what a page may ask of a room: the address of each order and the JSON of it. Does not own an order's limits, nor
//! whether the room takes it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use ulid::Ulid;

use super::door::problem;
use super::router::Desk;
use crate::line::order::Order;
use crate::room::call::DeskId;

/// All of an order comes within so long.
const COMES_WITHIN: Duration = Duration::from_secs(5);

/// Every order: where a page sends it, and its name among the line's orders.
pub(super) const ORDERS: [(&str, &str); 15] = [
    ("call/coming", "coming"),
    ("call/here", "here"),
    ("volume", "volume"),
    ("place", "place"),
    ("breath", "breath"),
    ("brightness", "brightness"),
    ("intensity", "intensity"),
    ("profile", "profile"),
    ("session/begin", "begin"),
    ("session/infusion_starts", "infusion_starts"),
    ("session/pause", "pause"),
    ("session/resume", "resume"),
    ("session/extend", "extend"),
    ("session/end", "end"),
    ("session/after", "after_begins"),
];

/// Every order of the desk of one room.
pub(super) fn routes() -> Router<Arc<Desk>> {
    ORDERS.into_iter().fold(Router::new(), |router, (address, name)| {
        router.route(
            &format!("/api/{address}"),
            post(async move |State(desk): State<Arc<Desk>>, Body(body): Body<Asked>| {
                match body.order(name).and_then(|order| order.event()) {
                    Ok(event) => answer(desk.tell(event).await),
                    Err(why) => problem(StatusCode::BAD_REQUEST, why),
                }
            }),
        )
    })
}

/// Taken, or not and why.
pub(super) fn answer(told: Result<(), String>) -> Response {
    match told {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => problem(StatusCode::CONFLICT, &why),
    }
}

/// What a page sends as an order.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Asked(Map<String, Value>);

impl Asked {
    /// The order of that name, if this is one and nothing more.
    pub(super) fn order(self, name: &str) -> Result<Order, &'static str> {
        const UNKNOWN: &str = "not an order this desk knows";
        let Self(mut keys) = self;
        let asked: Vec<String> = keys.keys().cloned().collect();
        if keys.insert("order".to_owned(), name.into()).is_some() {
            return Err(UNKNOWN);
        }
        let order: Order = serde_json::from_value(Value::Object(keys)).map_err(|_| UNKNOWN)?;
        // A key that is misspelt must not be passed over as if it had been meant otherwise.
        let known = serde_json::to_value(&order).map_err(|_| UNKNOWN)?;
        if asked.iter().all(|key| known.get(key).is_some()) { Ok(order) } else { Err(UNKNOWN) }
    }
}

/// A page says that it is there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Beat {
    pub desk: String,
    pub visible: bool,
    pub sound: bool,
}

/// A page has drawn a call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Received {
    pub call: Ulid,
    pub desk: String,
}

/// A page has taken what a patient shared off its screen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forgotten {
    pub desk: String,
}

/// A JSON body. What was sent is never repeated in the answer.
pub(super) struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let came = tokio::time::timeout(COMES_WITHIN, axum::Json::<T>::from_request(request, state)).await;
        let Ok(came) = came else { return Err(problem(StatusCode::REQUEST_TIMEOUT, "it did not come whole in time")) };
        match came {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::BytesRejection(_)) => Err(problem(StatusCode::PAYLOAD_TOO_LARGE, "too long")),
            Err(_) => Err(problem(StatusCode::BAD_REQUEST, "not an order this desk knows")),
        }
    }
}

/// The name of a page in what it says.
pub(super) fn named_desk(text: &str) -> Result<DeskId, &'static str> {
    text.parse().map(DeskId).map_err(|_| "a page is named by a number")
}
