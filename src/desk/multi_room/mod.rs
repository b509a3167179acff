//! Owns the desk of several rooms: every room on a broker, on one page. Does not own the line to the broker
//! ([`crate::line`]), who gets in (`desk::guard`), nor what every desk's page has in common (`desk::page`).

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

/// What the desk of several rooms shows.
#[derive(Clone, Debug)]
pub struct MultiRoomOptions {
    /// The clinic's choices for the page.
    pub page: PageOptions,
    /// The page's heading, such as the clinic's name; empty for the product's own.
    pub name: String,
    /// The broker that the rooms use.
    pub broker: Broker,
    /// The expected rooms: one that never sends anything is reported as lost.
    pub rooms: Vec<RoomId>,
}

/// Why the desk of several rooms stopped, or never started.
#[derive(Debug, thiserror::Error)]
pub enum MultiRoomError {
    /// An error that can also occur at the desk of one room.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The operating system cannot start a thread for the line.
    #[error(
        "the system could not start a thread for the line to the broker: {0}; close other programs and start again"
    )]
    Line(io::Error),
}

/// Connects to the broker and serves the desk until `shutdown` completes. A broker that cannot be reached is no error: the
/// page says so, and connecting is retried forever.
///
/// # Errors
/// Every [`MultiRoomError`].
pub async fn serve(
    bound: BoundDesk,
    options: MultiRoomOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), MultiRoomError> {
    let (desk, line_events) = state::MultiRoomDesk::open(options, bound.guard())?;
    let desk = Arc::new(desk);
    Ok(page::server::serve(bound, &desk, router::routes(), desk.follow_line(line_events), shutdown).await?)
}
