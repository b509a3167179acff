//! Owns the desk of several rooms: every room on a broker, on one page. Does not own the connection to the broker
//! ([`crate::line`]), the sign-in (`desk::guard`), or the parts that all desk pages share (`desk::page`).

mod message;
mod router;
mod state;
mod stream;

use std::future::Future;
use std::io;
use std::sync::Arc;

use super::page::{self, PageOptions};
use super::{BoundDesk, DeskError};
use crate::line::broker::Broker;
use crate::line::message::RoomId;

/// The options for the desk of several rooms.
#[derive(Clone, Debug)]
pub struct MultiRoomOptions {
    /// The clinic's choices for the page.
    pub page: PageOptions,
    /// The page's heading, such as the clinic's name; empty for the product's name.
    pub name: String,
    /// The broker that the rooms use.
    pub broker: Broker,
    /// The expected rooms. If an expected room never sends anything, it is reported as lost.
    pub rooms: Vec<RoomId>,
}

/// The reason why the desk of several rooms stopped or did not start.
#[derive(Debug, thiserror::Error)]
pub enum MultiRoomError {
    /// An error that can also occur at the desk of one room.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The operating system provides no random number for the desk's id.
    #[error("the system provides no randomness for the desk's id: {0}; restart the machine")]
    Randomness(String),
    /// The operating system cannot start a thread for the broker connection.
    #[error(
        "the system could not start a thread for the line to the broker: {0}; close other programs and start again"
    )]
    Line(io::Error),
}

/// Connects to the broker and serves the desk until `shutdown` completes or the thread of the broker connection ends.
/// An unreachable broker is not an error: the page says so, and the desk keeps trying to connect.
///
/// # Errors
/// [`MultiRoomError::Randomness`] or [`MultiRoomError::Line`] if the broker connection cannot be opened, and the errors
/// of [`single_room::serve`](super::single_room::serve).
pub async fn serve(
    bound: BoundDesk,
    options: MultiRoomOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), MultiRoomError> {
    let (desk, line_events) = state::MultiRoomDesk::open(options, bound.guard())?;
    let desk = Arc::new(desk);
    Ok(page::server::serve(bound, &desk, router::routes(), desk.follow_line(line_events), shutdown).await?)
}
