//! Owns the desk that a room serves by itself. Does not own the sign-in (`desk::guard`), or the parts that all desk
//! pages share (`desk::page`).

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

/// The room's pending answer to a desk: `Ok` if the room accepted the event, otherwise the reason in plain words for
/// staff. The reason never quotes a patient.
pub type RoomAnswer = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The desk's access to the room.
pub trait RoomClient: Send + Sync + 'static {
    /// Returns a receiver of the current snapshot and of each new snapshot.
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>>;

    /// Returns the current time of the room.
    fn now(&self) -> RoomTime;

    /// Sends the room an event, and waits until the room has accepted or refused the event.
    fn tell(&self, event: Event) -> RoomAnswer;

    /// Waits until the room's event loop has answered, which shows that it is running. A page's stream sends heartbeats
    /// only while this succeeds, so a page never shows a hanging room as working. The default, for a room without its
    /// own event loop, succeeds at once.
    fn ping(&self) -> RoomAnswer {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The options for the desk of one room.
#[derive(Clone, Debug)]
pub struct SingleRoomOptions {
    /// The clinic's choices for the page.
    pub page: PageOptions,
    /// The room's name, which may change while the desk is running.
    pub room_name: watch::Receiver<String>,
    /// The choices that staff have in the room.
    pub offers: Offers,
    /// Renders previews of profiles; `None` if there are no previews.
    pub previews: Option<Previews>,
    /// The pages that may show what the patient shared. A reset waits, up to a time limit, until they have removed it.
    pub shared: SharedWords,
}

/// Serves the desk until `shutdown` completes or the room ends, then tells the room that no page can receive calls any
/// more.
///
/// # Errors
/// [`DeskError::Served`] if the server failed, and [`DeskError::File`] or [`DeskError::Certificate`] if the certificate
/// cannot be used.
pub async fn serve(
    bound: BoundDesk,
    options: SingleRoomOptions,
    client: Arc<dyn RoomClient>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), DeskError> {
    let desk = Arc::new(state::SingleRoomDesk::new(options, bound.guard(), client));
    page::server::serve(bound, &desk, router::routes(), desk.follow_room(), shutdown).await
}
