//! Owns the requests that a page may send: the path of each order, and the JSON of every request. Does not own the
//! limits of an order, or whether a room accepts it.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use serde::Deserialize;
use serde_json::{Map, Value};
use ulid::Ulid;

use crate::desk::guard::problem;
use crate::line::order::DeskOrder;
use crate::room::call::DeskId;

/// The path of every order, and its name in [`DeskOrder`].
const ORDERS: [(&str, &str); 18] = [
    ("call/coming", "coming"),
    ("call/here", "here"),
    ("volume", "volume"),
    ("place", "place"),
    ("breath", "breath"),
    ("dark", "dark"),
    ("silence", "silence"),
    ("calm", "calm"),
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

/// Returns a router that has one route below `prefix` for each order. `handler` creates the route from the order's
/// name.
pub(in crate::desk) fn order_routes<S: Clone + Send + Sync + 'static>(
    prefix: &str,
    handler: impl Fn(&'static str) -> MethodRouter<S>,
) -> Router<S> {
    ORDERS
        .into_iter()
        .fold(Router::new(), |router, (path, name)| router.route(&format!("{prefix}/{path}"), handler(name)))
}

/// Returns status 204 for `Ok`, and 409 with the reason for `Err`.
pub(in crate::desk) fn response(result: Result<(), String>) -> Response {
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => problem(StatusCode::CONFLICT, &why),
    }
}

/// The body of an order.
#[derive(Deserialize)]
#[serde(transparent)]
pub(in crate::desk) struct OrderBody(Map<String, Value>);

impl OrderBody {
    /// Returns the order with this name, if the body has the fields of that order and no others.
    ///
    /// # Errors
    /// The reason as a plain sentence that repeats nothing from the body.
    pub(in crate::desk) fn into_order(self, name: &str) -> Result<DeskOrder, &'static str> {
        const UNKNOWN: &str = "not an order this desk knows";
        let Self(mut keys) = self;
        let sent: Vec<String> = keys.keys().cloned().collect();
        if keys.insert("order".to_owned(), name.into()).is_some() {
            return Err(UNKNOWN);
        }
        let order: DeskOrder = serde_json::from_value(Value::Object(keys)).map_err(|_| UNKNOWN)?;
        // `deny_unknown_fields` does not work with a tag, and a misspelt optional key must not be taken for a missing
        // one.
        let known = serde_json::to_value(&order).map_err(|_| UNKNOWN)?;
        if sent.iter().all(|key| known.get(key).is_some()) { Ok(order) } else { Err(UNKNOWN) }
    }
}

/// A page's heartbeat.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Beat {
    pub(super) desk: String,
    /// Whether the page is visible.
    pub(super) visible: bool,
    /// Whether the page's sound is unlocked.
    pub(super) sound: bool,
}

/// The report that a page shows a call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::desk) struct ReceivedCall {
    pub(in crate::desk) call: Ulid,
    pub(in crate::desk) desk: String,
}

/// The report that a page no longer shows what a patient shared.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::desk) struct SharedForgotten {
    pub(in crate::desk) desk: String,
}

/// Parses a page's id, which is a decimal number as text, because JavaScript's numbers cannot hold 64 bits.
///
/// # Errors
/// A plain sentence, if `text` is not a number.
pub(in crate::desk) fn page_id(text: &str) -> Result<DeskId, &'static str> {
    text.parse().map(DeskId).map_err(|_| "a page's id is a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_has_a_path_and_every_path_an_order() {
        let parse = |name: &str| serde_json::from_value::<DeskOrder>(serde_json::json!({ "order": name }));
        // Serde's error for an unknown order lists the names of all orders.
        let known = parse("no such order").unwrap_err().to_string();
        let (_, known) = known.split_once("expected one of ").unwrap();
        let mut known: Vec<&str> = known.split(", ").map(|name| name.trim_matches('`')).collect();
        let mut names: Vec<&str> = ORDERS.iter().map(|(_, name)| *name).collect();
        known.sort_unstable();
        names.sort_unstable();
        assert_eq!(names, known);
    }

    #[test]
    fn an_order_takes_its_own_keys_and_no_others() {
        let body = |json: Value| serde_json::from_value::<OrderBody>(json).unwrap();
        let order = body(serde_json::json!({ "db": -30.0 })).into_order("volume");
        assert_eq!(order, Ok(DeskOrder::Volume { db: -30.0 }));
        for wrong in [
            serde_json::json!({ "db": -30.0, "also": 1 }),
            serde_json::json!({ "db": -30.0, "order": "pause" }),
            serde_json::json!({ "dB": -30.0 }),
        ] {
            assert!(body(wrong.clone()).into_order("volume").is_err(), "{wrong}");
        }
    }
}
