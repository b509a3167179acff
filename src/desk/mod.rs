//! The desk that the room serves by itself: a web page on which a clinician sees the room, takes its calls and adjusts
//! it. Owns what listens, who may look and which pages can receive a call. Does not own the room, the files of the
//! configuration, or what a patient sees.

mod calls;
mod device;
mod door;
mod guard;
mod guesses;
mod keeper;
mod lock;
mod opening;
mod orders;
mod pages;
mod password;
mod preview;
pub mod rooms;
mod router;
mod seats;
mod serving;
mod sessions;
mod shared;
mod stream;
mod tls;
mod view;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::room::{Event, RoomTime, Snapshot};

pub use preview::Previews;
pub use shared::SharedWords;
pub use tls::Tls;
pub use view::{offers, room_view};

/// A room that takes longer than this to answer is not heard.
pub(crate) const ROOM_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// What the room answered: an error holds plain words for the staff, never words of a patient.
pub type Answer = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The room as the desk reaches it.
pub trait RoomClient: Send + Sync + 'static {
    /// The room as it stands, and each change of it.
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>>;

    /// The room's own time now.
    fn now(&self) -> RoomTime;

    /// Tells the room what happened and waits until it has taken or refused it.
    fn tell(&self, event: Event) -> Answer;

    /// Answers once the room's loop has turned. The pages hear the room only while this answers, so that a page never
    /// vouches for a room that stands still. Without one of its own, a room counts as turning.
    fn ping(&self) -> Answer {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A profile as the desk offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileCard {
    /// Its name: the file's stem.
    pub name: String,
    /// What the staff reads.
    pub title: String,
    /// One or two sentences about it.
    pub description: String,
    /// Whether it has composed music, which the desk can make fuller or barer.
    pub scored: bool,
}

/// What the clinic decided for this desk.
#[derive(Clone, Debug)]
pub struct DeskOptions {
    /// Where it listens. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Which certificate it shows beyond loopback.
    pub tls: Tls,
    /// Where the desk keeps its certificates and its sign-ins: a folder of its own in the state directory, made if
    /// it is missing. It holds `ca.pem`, `ca-key.pem`, `ca.json`, `server.pem`, `server-key.pem`, `server.json`,
    /// `sessions.json`, `guesses.json` and `door-key`, and nothing of a patient.
    pub folder: PathBuf,
    /// The password as an argon2id PHC string. Needed beyond loopback. One that cannot be read fits nothing: the desk
    /// opens, and lets nobody in.
    pub password_hash: Option<String>,
    /// Who can press *I'm coming*.
    pub clinicians: Vec<String>,
    /// What the room is called.
    pub room_name: watch::Receiver<String>,
    /// The profiles that can be chosen.
    pub profiles: Vec<ProfileCard>,
    /// No volume goes above, dB below full scale.
    pub cap_db: f32,
    /// The tag of the page's language. A page without words in it speaks English.
    pub locale: String,
    /// More names by which the clinic reaches this room, such as `room2.clinic.lan`.
    pub host_names: Vec<String>,
    /// The staff's typeface as a TrueType file; the browser's own where there is none.
    pub font: Option<&'static [u8]>,
    /// The same, bold.
    pub font_bold: Option<&'static [u8]>,
    /// How profiles are heard before a session; none offers no preview.
    pub previews: Option<Previews>,
    /// Which pages still show what the patient shared: a reset waits for them.
    pub shared: SharedWords,
}

/// Why the desk does not open.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Beyond loopback a desk needs a password.
    #[error(
        "the desk is to listen on {listen}, beyond this tablet, but no desk password is set; run `stillroom desk \
         set-password`, or set listen = \"127.0.0.1:{port}\" under [desk] in kiosk.toml", port = listen.port()
    )]
    NoPassword {
        /// Where it was to listen.
        listen: SocketAddr,
    },
    /// The stored password hash cannot be read.
    #[error("the desk's stored password cannot be read; run `stillroom desk set-password` to set it anew")]
    BadPasswordHash,
    /// Another program has the port.
    #[error(
        "the desk cannot listen on {listen}: another program already does; stop it, or set another port with listen \
         = \"{ip}:{next}\" under [desk] in kiosk.toml", ip = opening::bracketed(listen.ip()), next = listen.port().wrapping_add(1).max(1024)
    )]
    PortInUse {
        /// Where it was to listen.
        listen: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error(
        "the desk cannot listen on {listen}: {source}; set listen under [desk] in kiosk.toml to an address of this tablet"
    )]
    Listen {
        /// Where it was to listen.
        listen: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the desk cannot be read or written.
    #[error("{path}: {source}; the desk needs this file in the state directory, readable and writable by the program", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A certificate cannot be made or used.
    #[error("{what}: {why}; see tls, tls_cert and tls_key under [desk] in kiosk.toml")]
    Certificate {
        /// Which certificate or key.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The system gives no randomness.
    #[error("the system gives no random numbers, without which nobody can sign in safely: {0}")]
    Randomness(String),
    /// The server ended by a fault.
    #[error("the desk stopped serving: {0}; it opens again when the program is started anew")]
    Served(io::Error),
}

/// Whether a desk may open there: on loopback always, beyond it only with a password, and then always over TLS.
///
/// # Errors
/// [`DeskError::NoPassword`].
pub fn bind_rules(listen: SocketAddr, password_hash: Option<&str>) -> Result<(), DeskError> {
    if password_hash.is_some() || listen.ip().is_loopback() { Ok(()) } else { Err(DeskError::NoPassword { listen }) }
}

/// A desk whose port is open; nobody is answered yet.
#[derive(Debug)]
pub struct BoundDesk {
    opened: opening::Opened,
    options: DeskOptions,
}

/// Checks the rules, makes or reads the certificates and opens the port.
///
/// # Errors
/// Every [`DeskError`] but the last.
pub fn bind(options: DeskOptions) -> Result<BoundDesk, DeskError> {
    let opened = opening::open(&opening::Opening {
        listen: options.listen,
        tls: &options.tls,
        folder: &options.folder,
        password_hash: options.password_hash.as_deref(),
        host_names: &options.host_names,
        fonts: [options.font, options.font_bold],
    })?;
    Ok(BoundDesk { opened, options })
}

impl BoundDesk {
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

    /// The certificate of the room's own authority: browsers that trust it trust this desk.
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

    /// Serves the pages until `shutdown` is there, then tells the room that no page can receive any more.
    ///
    /// # Errors
    /// [`DeskError::Served`], and the errors of a certificate.
    pub async fn serve(
        self,
        client: Arc<dyn RoomClient>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), DeskError> {
        let Self { opened, options } = self;
        let desk = Arc::new(router::Desk::new(options, Arc::clone(&opened.door), client));
        let app = door::router(&opened.door, router::router(&desk));
        let result = opened.serve(app, desk.keep_watch(), shutdown).await;
        desk.close().await;
        result
    }
}

/// Opens the desk and serves it until `shutdown` is there.
///
/// # Errors
/// Every [`DeskError`].
pub async fn serve(
    options: DeskOptions,
    client: Arc<dyn RoomClient>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), DeskError> {
    bind(options)?.serve(client, shutdown).await
}
