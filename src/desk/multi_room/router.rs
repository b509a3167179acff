//! Owns the routes of the desk of several rooms. Does not own the orders themselves.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use ulid::Ulid;

use super::state::MultiRoomDesk;
use crate::desk::guard::{JsonBody, problem};
use crate::desk::page::requests::{OrderBody, ReceivedCall, SharedForgotten, order_routes, page_id};
use crate::line::fleet::OrderError;
use crate::line::message::RoomId;

pub(super) fn routes() -> Router<Arc<MultiRoomDesk>> {
    let orders = order_routes("/api/rooms/{room}", |name| {
        post(
            async move |State(desk): State<Arc<MultiRoomDesk>>,
                        Path(room): Path<RoomId>,
                        JsonBody(body): JsonBody<OrderBody>| {
                let order = match body.into_order(name).and_then(|order| order.event().map(|_| order)) {
                    Ok(order) => order,
                    Err(why) => return problem(StatusCode::BAD_REQUEST, why),
                };
                match desk.order(&room, order).await {
                    Ok(()) => StatusCode::NO_CONTENT.into_response(),
                    Err(OrderError::Refused(why)) => problem(StatusCode::CONFLICT, &why),
                    // The error has no text, because the page says in its own language that the room did not answer.
                    Err(OrderError::Unanswered) => problem(StatusCode::GATEWAY_TIMEOUT, ""),
                }
            },
        )
    });
    orders
        .route("/api/rooms/{room}/call/received", post(call_received))
        .route("/api/rooms/{room}/forgotten", post(shared_forgotten))
        .route("/api/rooms/{room}/looked", post(call_looked_after))
}

async fn call_received(
    State(desk): State<Arc<MultiRoomDesk>>,
    Path(room): Path<RoomId>,
    JsonBody(body): JsonBody<ReceivedCall>,
) -> Response {
    let page = match page_id(&body.desk) {
        Ok(page) => page,
        Err(why) => return problem(StatusCode::BAD_REQUEST, why),
    };
    // The lock is held until this function returns, so that if the page is hidden meanwhile, the call is withdrawn
    // after it has been recorded here, not before.
    let pages = desk.hub.pages.lock().await;
    if !pages.can_receive(page) {
        return problem(StatusCode::CONFLICT, "this page cannot receive: it must be visible with its sound on");
    }
    match desk.call_received(page, &room, body.call) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => problem(StatusCode::CONFLICT, why),
    }
}

async fn shared_forgotten(
    State(desk): State<Arc<MultiRoomDesk>>,
    Path(room): Path<RoomId>,
    JsonBody(body): JsonBody<SharedForgotten>,
) -> Response {
    if !desk.knows(&room) {
        return problem(StatusCode::NOT_FOUND, "there is no such room");
    }
    match page_id(&body.desk) {
        Ok(page) => {
            desk.shared_of(&room).forgotten_by(page);
            desk.report_if_cleared(&room);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(why) => problem(StatusCode::BAD_REQUEST, why),
    }
}

/// A call that its room lost in a restart, and that somebody has looked after.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeftCall {
    call: Ulid,
}

async fn call_looked_after(
    State(desk): State<Arc<MultiRoomDesk>>,
    Path(room): Path<RoomId>,
    JsonBody(LeftCall { call }): JsonBody<LeftCall>,
) -> Response {
    if !desk.knows(&room) {
        return problem(StatusCode::NOT_FOUND, "there is no such room");
    }
    desk.line.with(|fleet, _| fleet.call_looked_after(&room, call));
    StatusCode::NO_CONTENT.into_response()
}
