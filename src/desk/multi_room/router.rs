//! Owns which address of the desk of several rooms leads where. Does not own the door before it, nor what an order means.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use ulid::Ulid;

use super::super::door::problem;
use super::super::orders::{Asked, Beat, Body, Forgotten, ORDERS, Received, named_desk};
use super::stream;
use super::watch::Rooms;
use crate::line::message::RoomId;

/// What lies behind the door.
pub(super) fn router(desk: &Arc<Rooms>) -> Router {
    let router = Router::new()
        .route("/events", get(stream::events))
        .route("/api/beat", post(beat))
        .route("/api/rooms/{room}/call/received", post(received))
        .route("/api/rooms/{room}/forgotten", post(forgotten))
        .route("/api/rooms/{room}/looked", post(looked));
    let orders = ORDERS.into_iter().fold(router, |router, (address, name)| {
        router.route(
            &format!("/api/rooms/{{room}}/{address}"),
            post(async move |State(desk): State<Arc<Rooms>>, Path(room): Path<RoomId>, Body(body): Body<Asked>| {
                match body.order(name) {
                    Ok(order) => desk.order(&room, order).await,
                    Err(why) => problem(StatusCode::BAD_REQUEST, why),
                }
            }),
        )
    });
    orders.with_state(Arc::clone(desk))
}

async fn beat(State(desk): State<Arc<Rooms>>, Body(beat): Body<Beat>) -> Response {
    let page = match named_desk(&beat.desk) {
        Ok(page) => page,
        Err(why) => return problem(StatusCode::BAD_REQUEST, why),
    };
    let mut pages = desk.pages.lock().await;
    match pages.beat(page, beat.visible && beat.sound, Instant::now()) {
        Err(_) => problem(StatusCode::GONE, "this page's stream has ended; open another"),
        Ok(change) => {
            if let Some(change) = change {
                desk.page_changed(&pages, change);
            }
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

async fn received(
    State(desk): State<Arc<Rooms>>,
    Path(room): Path<RoomId>,
    Body(received): Body<Received>,
) -> Response {
    let page = match named_desk(&received.desk) {
        Ok(page) => page,
        Err(why) => return problem(StatusCode::BAD_REQUEST, why),
    };
    // Held until it is said, so that a page that hides in this very moment takes its word back after it, not before.
    let pages = desk.pages.lock().await;
    if !pages.receives(page) {
        return problem(StatusCode::CONFLICT, "this page cannot receive: it must be visible with its sound on");
    }
    match desk.received(page, &room, received.call) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => problem(StatusCode::CONFLICT, why),
    }
}

/// A page shows no more what a room's patient shared.
async fn forgotten(
    State(desk): State<Arc<Rooms>>,
    Path(room): Path<RoomId>,
    Body(forgotten): Body<Forgotten>,
) -> Response {
    if !desk.knows(&room) {
        return problem(StatusCode::NOT_FOUND, "there is no such room");
    }
    match named_desk(&forgotten.desk) {
        Ok(page) => {
            desk.shared_of(&room).were_forgotten_by(page);
            desk.look_whether_cleared(&room);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(why) => problem(StatusCode::BAD_REQUEST, why),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Looked {
    call: Ulid,
}

async fn looked(State(desk): State<Arc<Rooms>>, Path(room): Path<RoomId>, Body(looked): Body<Looked>) -> Response {
    if !desk.knows(&room) {
        return problem(StatusCode::NOT_FOUND, "there is no such room");
    }
    desk.line.with(|fleet, _| fleet.looked_after(&room, looked.call));
    StatusCode::NO_CONTENT.into_response()
}
