//! Owns hearing a profile at the desk before a session: one minute of the whole arc, made anew each time. Does not own
//! how it is rendered.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::door::problem;
use super::router::Desk;

/// Makes the sound of a profile's arc within a minute, as a WAV file in memory, or says why it cannot.
type Render = dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync;

/// Makes previews.
#[derive(Clone)]
pub struct Previews(Arc<Render>);

impl Previews {
    /// Previews by `render`, which takes the name of a profile and may take seconds.
    pub fn new(render: impl Fn(&str) -> Result<Vec<u8>, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(render))
    }
}

impl fmt::Debug for Previews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Previews")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    profile: String,
}

/// The minute, as a file that the browser plays.
pub(super) async fn preview(State(desk): State<Arc<Desk>>, Query(wanted): Query<Wanted>) -> Response {
    let Some(Previews(render)) = desk.options.previews.clone() else {
        return problem(StatusCode::NOT_FOUND, "this desk makes no previews");
    };
    if !desk.options.profiles.iter().any(|card| card.name == wanted.profile) {
        return problem(StatusCode::NOT_FOUND, "there is no such profile");
    }
    // The tablet has a room to keep: one preview at a time is all it can spare.
    let Ok(_turn) = desk.one_preview.try_acquire() else {
        return problem(StatusCode::TOO_MANY_REQUESTS, "another preview is being made; try again in a moment");
    };
    match tokio::task::spawn_blocking(move || render(&wanted.profile)).await {
        Ok(Ok(wav)) => ([(CONTENT_TYPE, "audio/wav")], wav).into_response(),
        Ok(Err(why)) => problem(StatusCode::UNPROCESSABLE_ENTITY, &why),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the preview could not be made"),
    }
}
