//! The desk that the room serves by itself: a web page on which a clinician sees the room, takes its calls and adjusts
//! it. Owns what listens, who may look and which pages can receive a call. Does not own the room, the files of the
//! configuration, or what a patient sees.

mod calls;
mod guard;
mod orders;
mod pages;
mod password;
mod preview;
mod router;
mod sessions;
mod stream;
mod tls;
mod view;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::room::{Event, RoomTime, Snapshot};

pub use password::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, hash_password};
pub use preview::Previews;
pub use tls::Tls;
pub use view::room_view;

/// Open requests get so long when the desk closes; a stream would otherwise hold it for ever.
const CLOSES_WITHIN: Duration = Duration::from_millis(300);
/// A certificate is looked at again so often, so that a room that runs for months never serves one that ran out.
const CERTIFICATE_CHECK_EVERY: Duration = Duration::from_hours(12);
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
    /// it is missing. It holds `ca.pem`, `ca-key.pem`, `ca.json`, `server.pem`, `server-key.pem`, `server.json` and
    /// `sessions.json`, and nothing of a patient.
    pub folder: PathBuf,
    /// The password as an argon2id PHC string. Needed beyond loopback.
    pub password_hash: Option<String>,
    /// Who can press *I'm coming*.
    pub clinicians: Vec<String>,
    /// What the room is called.
    pub room_name: watch::Receiver<String>,
    /// The profiles that can be chosen.
    pub profiles: Vec<ProfileCard>,
    /// No volume goes above, dB below full scale.
    pub cap_db: f32,
    /// The language of the page: `en-US` or `es-US`.
    pub locale: String,
    /// More names by which the clinic reaches this room, such as `room2.clinic.lan`.
    pub host_names: Vec<String>,
    /// The staff's typeface as a TrueType file; the browser's own where there is none.
    pub font: Option<&'static [u8]>,
    /// The same, bold.
    pub font_bold: Option<&'static [u8]>,
    /// How profiles are heard before a session; none offers no preview.
    pub previews: Option<Previews>,
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
    /// A new password is too short or too long.
    #[error("a desk password has from {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters")]
    PasswordLength,
    /// Another program has the port.
    #[error(
        "the desk cannot listen on {listen}: another program already does; stop it, or set another port with listen \
         = \"{ip}:{next}\" under [desk] in kiosk.toml", ip = bracketed(listen.ip()), next = listen.port().wrapping_add(1).max(1024)
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
/// [`DeskError::NoPassword`], [`DeskError::BadPasswordHash`].
pub fn bind_rules(listen: SocketAddr, password_hash: Option<&str>) -> Result<(), DeskError> {
    match password_hash {
        Some(hash) => password::check_hash(hash),
        None if listen.ip().is_loopback() => Ok(()),
        None => Err(DeskError::NoPassword { listen }),
    }
}

/// A desk whose port is open; nobody is answered yet.
#[derive(Debug)]
pub struct BoundDesk {
    listener: TcpListener,
    address: SocketAddr,
    certificate: Option<tls::Certificate>,
    options: DeskOptions,
    sessions: sessions::Sessions,
}

/// Checks the rules, makes or reads the certificates and opens the port.
///
/// # Errors
/// Every [`DeskError`] but the last.
pub fn bind(options: DeskOptions) -> Result<BoundDesk, DeskError> {
    bind_rules(options.listen, options.password_hash.as_deref())?;
    let listen = options.listen;
    let certificate = if listen.ip().is_loopback() {
        None
    } else {
        Some(tls::Certificate::ready(&options.tls, &options.folder, &tls::names_of(listen, &options.host_names))?)
    };
    let sessions = sessions::Sessions::open(&options.folder, options.password_hash.clone(), certificate.is_some())?;
    let listener = TcpListener::bind(listen).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => DeskError::PortInUse { listen },
        _ => DeskError::Listen { listen, source },
    })?;
    listener.set_nonblocking(true).map_err(|source| DeskError::Listen { listen, source })?;
    let address = listener.local_addr().map_err(|source| DeskError::Listen { listen, source })?;
    Ok(BoundDesk { listener, address, certificate, options, sessions })
}

impl BoundDesk {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to type into the clinic's browser.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        let ip = if self.address.ip().is_unspecified() { tls::own_address() } else { Some(self.address.ip()) };
        let host = ip.map_or_else(|| "localhost".to_owned(), bracketed);
        format!("{scheme}://{host}:{}/", self.address.port())
    }

    /// The certificate of the room's own authority: browsers that trust it trust this desk.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.certificate.as_ref().and_then(tls::Certificate::ca_file)
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
        let url = self.url();
        let ca_file = self.ca_file().map(Path::to_owned);
        let Self { listener, address, certificate, options, sessions } = self;
        let desk = Arc::new(router::Desk::new(options, address, sessions, client));
        let app = router::router(Arc::clone(&desk)).into_make_service_with_connect_info::<SocketAddr>();
        let handle = axum_server::Handle::new();
        tracing::info!(%url, ?ca_file, "the desk is open");
        let serving = async {
            let Some(certificate) = &certificate else {
                let server = axum_server::from_tcp(listener).map_err(DeskError::Served)?;
                return server.handle(handle.clone()).http1_only().serve(app).await.map_err(DeskError::Served);
            };
            let tls = axum_server::tls_rustls::RustlsConfig::from_config(certificate.server_config()?);
            let server = axum_server::from_tcp_rustls(listener, tls.clone()).map_err(DeskError::Served)?;
            tokio::select! {
                result = server.handle(handle.clone()).http1_only().serve(app) => result.map_err(DeskError::Served),
                never = keep_certificate_fresh(certificate, &tls) => match never {},
            }
        };
        let result = {
            tokio::pin!(serving);
            tokio::pin!(shutdown);
            tokio::select! {
                result = &mut serving => result,
                () = desk.keep_watch() => Ok(()),
                () = &mut shutdown => {
                    handle.graceful_shutdown(Some(CLOSES_WITHIN));
                    serving.await
                }
            }
        };
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

async fn keep_certificate_fresh(
    certificate: &tls::Certificate,
    served: &axum_server::tls_rustls::RustlsConfig,
) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(CERTIFICATE_CHECK_EVERY).await;
        match certificate.renewed() {
            Ok(Some(config)) => served.reload_from_config(config),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "the desk's certificate could not be renewed"),
        }
    }
}

fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
