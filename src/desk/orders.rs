//! Owns what a page may ask of the room: the JSON of each order, its limits, and the event it becomes. Does not own
//! whether the room takes it.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::router::{Desk, problem};
use super::view::call_id_from_text;
use crate::room::call::{CallId, DeskId};
use crate::room::{Event, Place};

/// The longest name, in characters; the room cuts what is longer.
const NAME_CHARS_MAX: usize = 60;

/// Every order that is one event.
pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/api/call/coming", post(order::<Coming>))
        .route("/api/call/here", post(order::<Here>))
        .route("/api/volume", post(order::<Volume>))
        .route("/api/place", post(order::<PlaceName>))
        .route("/api/breath", post(order::<Breath>))
        .route("/api/brightness", post(order::<Brightness>))
        .route("/api/intensity", post(order::<Intensity>))
        .route("/api/profile", post(order::<ProfileName>))
        .route("/api/session/begin", post(order::<Begin>))
        .route("/api/session/infusion_starts", post(order::<InfusionStarts>))
        .route("/api/session/pause", post(order::<Pause>))
        .route("/api/session/resume", post(order::<Resume>))
        .route("/api/session/extend", post(order::<Extend>))
        .route("/api/session/end", post(order::<End>))
        .route("/api/session/after", post(order::<AfterBegins>))
}

async fn order<O: Order>(State(desk): State<Arc<Desk>>, Body(order): Body<O>) -> Response {
    let event = match order.event() {
        Ok(event) => event,
        Err(why) => return problem(StatusCode::BAD_REQUEST, why),
    };
    answer(desk.tell(event).await)
}

/// Taken, or not and why.
pub(super) fn answer(told: Result<(), String>) -> Response {
    match told {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => problem(StatusCode::CONFLICT, &why),
    }
}

/// A JSON body. What was sent is never repeated in the answer.
pub(super) struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::BytesRejection(_)) => Err(problem(StatusCode::PAYLOAD_TOO_LARGE, "too long")),
            Err(_) => Err(problem(StatusCode::BAD_REQUEST, "not an order this desk knows")),
        }
    }
}

trait Order: DeserializeOwned + Send + 'static {
    fn event(self) -> Result<Event, &'static str>;
}

/// The name of a call in an order.
pub(super) fn named_call(text: &str) -> Result<CallId, &'static str> {
    call_id_from_text(text).ok_or("a call is named by 26 letters and digits")
}

/// The name of a page in an order.
pub(super) fn named_desk(text: &str) -> Result<DeskId, &'static str> {
    text.parse().map(DeskId).map_err(|_| "a page is named by a number")
}

macro_rules! orders {
    ($($name:ident { $($field:ident: $kind:ty),* } => |$order:ident| $event:expr;)+) => {$(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name { $($field: $kind),* }

        impl Order for $name {
            fn event(self) -> Result<Event, &'static str> {
                let $order = self;
                $event
            }
        }
    )+};
}

orders! {
    Coming { call: String, name: String } => |order| {
        let name = order.name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err("a name has from 1 to 60 characters");
        }
        Ok(Event::CallComing { id: named_call(&order.call)?, name: name.to_owned() })
    };
    Here { call: String } => |order| Ok(Event::CallHere { id: Some(named_call(&order.call)?) });
    Volume { db: f32 } => |order| match order.db {
        db if (-90.0..=0.0).contains(&db) => Ok(Event::Volume { db }),
        _ => Err("volume is from -90 to 0 dB"),
    };
    PlaceName { name: String } => |order| {
        Place::from_name(&order.name).map(Event::PlaceChosen).ok_or("there is no such place")
    };
    Breath { on: bool } => |order| Ok(Event::BreathWished { on: order.on });
    Brightness { trim: f32 } => |order| match order.trim {
        trim if (-0.5..=0.5).contains(&trim) => Ok(Event::Brightness { trim }),
        _ => Err("brightness is from -0.5 to 0.5"),
    };
    Intensity { nudge: f32 } => |order| match order.nudge {
        nudge if (-1.0..=1.0).contains(&nudge) => Ok(Event::Intensity { nudge }),
        _ => Err("intensity is from -1 to 1"),
    };
    ProfileName { name: String } => |order| Ok(Event::ProfileChosen { name: order.name });
    Begin { infusion_minutes: Option<u32>, settle: bool } => |order| Ok(Event::SessionBegins {
        profile: None,
        infusion_minutes: order.infusion_minutes,
        settle: order.settle,
    });
    InfusionStarts {} => |_order| Ok(Event::InfusionStarts);
    Pause {} => |_order| Ok(Event::Pause);
    Resume {} => |_order| Ok(Event::Resume);
    Extend { minutes: u32 } => |order| Ok(Event::Extend { minutes: order.minutes });
    End { landing_minutes: Option<u32> } => |order| Ok(Event::End { landing_minutes: order.landing_minutes });
    AfterBegins {} => |_order| Ok(Event::AfterBegins);
}
