//! Owns the routes of one room's desk. Does not own the orders themselves.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::previews::PreviewError;
use super::state::SingleRoomDesk;
use crate::desk::guard::{JsonBody, problem};
use crate::desk::page::requests::{OrderBody, ReceivedCall, SharedForgotten, order_routes, page_id, response};
use crate::room::Event;
use crate::room::call::CallId;

pub(super) fn routes() -> Router<Arc<SingleRoomDesk>> {
    let orders = order_routes("/api", |name| {
        post(async move |State(desk): State<Arc<SingleRoomDesk>>, JsonBody(body): JsonBody<OrderBody>| {
            match body.into_order(name).and_then(|order| order.event()) {
                Ok(event) => response(desk.tell(event).await),
                Err(why) => problem(StatusCode::BAD_REQUEST, why),
            }
        })
    });
    orders
        .route("/api/preview", get(preview))
        .route("/api/call/received", post(call_received))
        .route("/api/forgotten", post(shared_forgotten))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviewQuery {
    profile: String,
}

/// Returns a profile's preview as a WAV file.
async fn preview(
    State(desk): State<Arc<SingleRoomDesk>>,
    Query(PreviewQuery { profile }): Query<PreviewQuery>,
) -> Response {
    let Some(previews) = &desk.previews else {
        return problem(StatusCode::NOT_FOUND, "this desk makes no previews");
    };
    if !desk.offers.profiles.iter().any(|offer| *offer.name == *profile) {
        return problem(StatusCode::NOT_FOUND, "there is no such profile");
    }
    match previews.render(profile).await {
        Ok(wav) => ([(CONTENT_TYPE, "audio/wav")], wav).into_response(),
        Err(PreviewError::Busy) => {
            problem(StatusCode::TOO_MANY_REQUESTS, "another preview is being made; try again in a moment")
        }
        Err(PreviewError::Unrenderable(why)) => problem(StatusCode::UNPROCESSABLE_ENTITY, &why),
        Err(PreviewError::Failed) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the preview could not be made"),
    }
}

async fn call_received(State(desk): State<Arc<SingleRoomDesk>>, JsonBody(body): JsonBody<ReceivedCall>) -> Response {
    let page = match page_id(&body.desk) {
        Ok(page) => page,
        Err(why) => return problem(StatusCode::BAD_REQUEST, why),
    };
    if !desk.hub.pages.lock().await.can_receive(page) {
        return problem(StatusCode::CONFLICT, "this page cannot receive: it must be visible with its sound on");
    }
    response(desk.tell(Event::CallReceived { id: CallId(body.call.0), desk: page }).await)
}

async fn shared_forgotten(
    State(desk): State<Arc<SingleRoomDesk>>,
    JsonBody(body): JsonBody<SharedForgotten>,
) -> Response {
    match page_id(&body.desk) {
        Ok(page) => {
            desk.shared.forgotten_by(page);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(why) => problem(StatusCode::BAD_REQUEST, why),
    }
}
