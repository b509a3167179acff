//! Owns the desk of several rooms: a web page on which a clinician sees every room that speaks on a broker, takes their
//! calls and adjusts them. Does not own the line to the broker, the door that it shares with the desk of one room, nor
//! any room.

mod message;
mod router;
mod stream;
mod watch;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{DeskError, Tls, door, opening};
use crate::line::broker::Broker;
use crate::line::message::RoomId;

/// What the clinic decided for the desk of several rooms.
#[derive(Clone, Debug)]
pub struct RoomsOptions {
    /// Where it listens. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Which certificate it shows beyond loopback.
    pub tls: Tls,
    /// Where it keeps its certificates and its sign-ins; the same files as those of the desk of one room.
    pub folder: PathBuf,
    /// The password as an argon2id PHC string. Needed beyond loopback.
    pub password_hash: Option<String>,
    /// Who can press *I'm coming*.
    pub clinicians: Vec<String>,
    /// What stands above the rooms, such as the clinic's name; empty for the product's own.
    pub name: String,
    /// The tag of the page's language. A page without words in it speaks English.
    pub locale: String,
    /// More names by which the clinic reaches this desk.
    pub host_names: Vec<String>,
    /// The staff's typeface as a TrueType file, plain and bold; the browser's own where there is none.
    pub fonts: [Option<&'static [u8]>; 2],
    /// Where the rooms speak.
    pub broker: Broker,
    /// The rooms that there should be: one of them that was never heard is trouble.
    pub rooms: Vec<RoomId>,
}

/// Why the desk of several rooms does not open.
#[derive(Debug, thiserror::Error)]
pub enum RoomsError {
    /// As any desk.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The line has no thread.
    #[error("the system gives no thread for the line to the broker: {0}; close other programs and start again")]
    Line(io::Error),
}

/// A desk of several rooms whose port is open; nobody is answered yet, and no broker is asked.
#[derive(Debug)]
pub struct BoundRooms {
    opened: opening::Opened,
    options: RoomsOptions,
}

/// Checks the rules, makes or reads the certificates and opens the port.
///
/// # Errors
/// Every [`DeskError`] but the last.
pub fn bind(options: RoomsOptions) -> Result<BoundRooms, DeskError> {
    let opened = opening::open(&opening::Opening {
        listen: options.listen,
        tls: &options.tls,
        folder: &options.folder,
        password_hash: options.password_hash.as_deref(),
        host_names: &options.host_names,
        fonts: options.fonts,
    })?;
    Ok(BoundRooms { opened, options })
}

impl BoundRooms {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.opened.door.address
    }

    /// What to type into the clinic's browser.
    #[must_use]
    pub fn url(&self) -> String {
        self.opened.url()
    }

    /// The certificate of the desk's own authority: browsers that trust it trust this desk.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.opened.ca_file()
    }

    /// Looks for a new password while it serves: one that `look` finds signs everybody out. `look` gives the hash as it
    /// stands on disk, or `None` where it cannot be read; it may block.
    #[must_use]
    pub fn follow_password(mut self, look: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        self.opened.follow_password(look);
        self
    }

    /// Joins the broker and serves the pages until `shutdown` is there. A broker that is not reached is no error: the
    /// pages say so, and it is tried anew for ever.
    ///
    /// # Errors
    /// Every [`RoomsError`].
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), RoomsError> {
        let Self { opened, options } = self;
        let (desk, news) = watch::Rooms::open(options, Arc::clone(&opened.door))?;
        let desk = Arc::new(desk);
        let app = door::router(&opened.door, router::router(&desk));
        let result = opened.serve(app, desk.keep_watch(news), shutdown).await;
        desk.close().await;
        Ok(result?)
    }
}
