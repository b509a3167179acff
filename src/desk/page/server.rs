//! Owns the handling of open pages, shared by the desk of one room and the desk of several rooms. A page is tracked
//! from the opening of its stream until the stream ends. Does not own the content of a page.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::{Mutex, watch};
use tokio_stream::StreamExt;

use super::open_pages::{OpenPages, PageChange};
use super::place_pictures::PlacePictures;
use super::requests::{Beat, page_id};
use super::stream::{self, PageStream};
use super::{PageOptions, private_files, public_files};
use crate::desk::DeskError;
use crate::desk::guard::{BoundDesk, Connection, Guard, JsonBody, problem};
use crate::room::call::DeskId;

/// Interval at which the desk looks for silent pages.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// A desk's pages, and everything needed to serve them.
pub(in crate::desk) struct PageHub {
    pub(in crate::desk) options: PageOptions,
    pub(in crate::desk) guard: Arc<Guard>,
    pub(in crate::desk) pictures: Arc<PlacePictures>,
    /// Stays locked while a page's change is being reported to the room, so that the changes of one page arrive in
    /// order.
    pub(in crate::desk) pages: Mutex<OpenPages>,
    closing: watch::Sender<()>,
}

impl PageHub {
    pub(in crate::desk) fn new(options: PageOptions, guard: Arc<Guard>) -> Self {
        let pictures = Arc::new(PlacePictures::new(&options.stills));
        Self { options, guard, pictures, pages: Mutex::default(), closing: watch::Sender::new(()) }
    }

    /// Returns a receiver that is notified when the desk closes.
    pub(in crate::desk) fn closing(&self) -> watch::Receiver<()> {
        self.closing.subscribe()
    }
}

/// What the desk of one room and the desk of several rooms each provide for their pages.
pub(in crate::desk) trait PageServer: Send + Sync + 'static {
    fn hub(&self) -> &PageHub;

    /// Sends a page its messages, until the page is gone or the desk closes.
    fn feed(&self, page: DeskId, stream: &PageStream) -> impl Future<Output = ()> + Send;

    /// Reports to the room, or to every room, that a page can now receive calls or no longer can. Returns `false` if
    /// the report was refused.
    fn page_changed(&self, pages: &mut OpenPages, change: PageChange) -> impl Future<Output = bool> + Send;

    /// Handles the end of a page's stream. The page may still show what a patient shared.
    fn page_lost(&self, page: DeskId, now: Instant);
}

/// Serves a desk's page and its own `routes` until `shutdown` or `follows` completes. `follows` runs alongside, and
/// keeps the desk up to date with its rooms. At the end, every stream is closed, and no page can receive a call any
/// longer.
pub(in crate::desk) async fn serve<S: PageServer>(
    bound: BoundDesk,
    server: &Arc<S>,
    routes: Router<Arc<S>>,
    follows: impl Future<Output = ()>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), DeskError> {
    let hub = server.hub();
    let routes = routes.route("/events", get(events)).route("/api/beat", post(beat)).with_state(Arc::clone(server));
    let public = public_files(&hub.guard, &hub.options);
    let private = private_files(&hub.guard, &hub.pictures).merge(routes);
    let ends = async {
        tokio::select! {
            () = follows => {}
            () = sweep(&**server) => {}
            () = shutdown => {}
        }
    };
    let result = bound.serve(public, private, ends).await;
    hub.closing.send_replace(());
    let mut pages = hub.pages.lock().await;
    for change in pages.close_all() {
        server.page_changed(&mut pages, change).await;
    }
    result
}

/// `GET /events`: a page's stream.
async fn events<S: PageServer>(
    State(server): State<Arc<S>>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
) -> Response {
    let Ok(id) = getrandom::u64() else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "the system provides no random numbers");
    };
    let page = DeskId(id);
    let hub = server.hub();
    if !hub.pages.lock().await.open(page, Instant::now()) {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "too many desk pages are open; close some");
    }
    let (sender, messages) = stream::channel();
    let token = hub.guard.token(&headers);
    connection.became_stream();
    let (guard, shown_token) = (Arc::clone(&hub.guard), token.clone());
    tokio::spawn(async move {
        let hub = server.hub();
        tokio::select! {
            () = server.feed(page, &sender) => {}
            () = hub.guard.signed_out(token.as_deref()) => {}
        }
        server.page_lost(page, Instant::now());
        let mut pages = hub.pages.lock().await;
        if let Some(change) = pages.close(page) {
            server.page_changed(&mut pages, change).await;
        }
    });
    // Messages that are still queued when somebody signs out are dropped.
    stream::response(messages.take_while(move |_| guard.admits(shown_token.as_deref())))
}

/// `POST /api/beat`: a page's heartbeat, which says whether the page can receive a call.
async fn beat<S: PageServer>(State(server): State<Arc<S>>, JsonBody(beat): JsonBody<Beat>) -> Response {
    let page = match page_id(&beat.desk) {
        Ok(page) => page,
        Err(why) => return problem(StatusCode::BAD_REQUEST, why),
    };
    let mut pages = server.hub().pages.lock().await;
    match pages.beat(page, beat.visible && beat.sound, Instant::now()) {
        Err(_) => problem(StatusCode::GONE, "this page's stream has ended; open another"),
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Ok(Some(change)) => {
            if server.page_changed(&mut pages, change).await {
                StatusCode::NO_CONTENT.into_response()
            } else {
                problem(StatusCode::CONFLICT, "the room did not accept this page as its desk")
            }
        }
    }
}

async fn sweep<S: PageServer>(server: &S) {
    let mut interval = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        interval.tick().await;
        let mut pages = server.hub().pages.lock().await;
        for change in pages.handle_timeout(Instant::now()) {
            server.page_changed(&mut pages, change).await;
        }
    }
}
