//! Owns the desk that a room serves by itself. Does not own who gets in (`desk::guard`), nor what every desk's page has
//! in common (`desk::page`).

mod previews;
mod router;
mod state;
mod stream;
mod view;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use super::page::{self, PageOptions};
use super::{BoundDesk, DeskError, SharedWords};
use crate::line::view::Offers;
use crate::room::{Event, RoomTime, Snapshot};

pub use previews::Previews;
pub use view::room_view;

/// The room's answer. An error holds plain words for staff, never a patient's words.
pub type RoomAnswer = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The desk's access to the room.
pub trait RoomClient: Send + Sync + 'static {
    /// The current snapshot, and each new one.
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>>;

    /// The current time of the room.
    fn now(&self) -> RoomTime;

    /// Sends the room an event, and waits until it has accepted or refused it.
    fn tell(&self, event: Event) -> RoomAnswer;

    /// Answers once the room's loop has handled it. A page's stream has heartbeats only while this answers, so that a
    /// page never shows a room that hangs as working. A room without its own loop always answers.
    fn ping(&self) -> RoomAnswer {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What the desk of one room shows.
#[derive(Clone, Debug)]
pub struct SingleRoomOptions {
    /// The clinic's choices for the page.
    pub page: PageOptions,
    /// The room's name.
    pub room_name: watch::Receiver<String>,
    /// What can be chosen in the room.
    pub offers: Offers,
    /// Renders previews of profiles; `None` offers none.
    pub previews: Option<Previews>,
    /// The pages that still show what the patient shared. A reset waits for them.
    pub shared: SharedWords,
}

/// Serves the desk until `shutdown` completes, then tells the room that no page can receive calls any more.
///
/// # Errors
/// [`DeskError::Served`], and the errors of a certificate.
pub async fn serve(
    bound: BoundDesk,
    options: SingleRoomOptions,
    client: Arc<dyn RoomClient>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), DeskError> {
    let desk = Arc::new(state::SingleRoomDesk::new(options, bound.guard(), client));
    page::server::serve(bound, &desk, router::routes(), desk.follow_room(), shutdown).await
}
