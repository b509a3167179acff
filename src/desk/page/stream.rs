//! Owns the event stream of one page: named JSON messages as server-sent events. Does not own their content.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event as SseEvent, Sse};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;

/// Interval of a stream's heartbeats. A page that misses several of them says that it is not connected to its desk.
const BEAT_INTERVAL: Duration = Duration::from_secs(3);

type SseResult = Result<SseEvent, Infallible>;

/// The sending end of a page's stream.
pub(in crate::desk) struct PageStream(mpsc::Sender<SseResult>);

/// Creates both ends of a stream. At most one message is queued, so that a slow page next receives the newest state
/// instead of a backlog of old states.
pub(super) fn channel() -> (PageStream, impl Stream<Item = SseResult> + Send + 'static) {
    let (sender, receiver) = mpsc::channel(1);
    (PageStream(sender), ReceiverStream::new(receiver))
}

pub(super) fn response(messages: impl Stream<Item = SseResult> + Send + 'static) -> Response {
    Sse::new(messages).into_response()
}

/// Returns an interval that ticks when a heartbeat is due. A tick that was missed is not made up for.
pub(in crate::desk) fn beat_interval() -> Interval {
    let mut interval = tokio::time::interval(BEAT_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

impl PageStream {
    /// Sends a message. Returns `false` once the page is gone, or if the message cannot be serialised.
    pub(in crate::desk) async fn send(&self, kind: &'static str, body: &impl Serialize) -> bool {
        self.send_json(kind, serde_json::to_string(body)).await
    }

    /// Sends a message that had to be serialised under a lock. Returns `false` once the page is gone, or if `json` is
    /// an error.
    pub(in crate::desk) async fn send_json(&self, kind: &'static str, json: serde_json::Result<String>) -> bool {
        match json {
            Ok(json) => self.0.send(Ok(SseEvent::default().event(kind).data(json))).await.is_ok(),
            Err(error) => {
                tracing::error!(%error, kind, "a message to a desk page could not be serialised");
                false
            }
        }
    }

    /// Waits until the page is gone.
    pub(in crate::desk) async fn closed(&self) {
        self.0.closed().await;
    }
}
