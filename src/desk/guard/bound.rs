//! Owns a desk from the time its port is opened until it closes: the rules for opening it, and the certificate and the
//! password, which may change while it is open. Does not own the pages that it serves.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::ServerConfig;
use tokio::sync::watch;

use super::authentication::Authenticator;
use super::server::{self, TlsConfigs};
use super::tls::{self, Certificate};
use super::{DeskError, Guard};
use crate::secret::hash::SecretHash;
use crate::vocabulary::access::CertificateSource;

/// Interval at which the certificate is checked. A desk that runs for months must never serve an expired certificate.
const CERTIFICATE_CHECK_INTERVAL: Duration = Duration::from_hours(12);
/// Interval at which the password is read again, so that a new one takes effect without a restart.
const PASSWORD_CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The options for a desk's server: where it listens, and how browsers reach it.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Address to listen on. With port 0, the system chooses a free port.
    pub listen: SocketAddr,
    /// Where the certificate comes from. It is not used if `listen` is a loopback address.
    pub certificate: CertificateSource,
    /// Folder for certificates and sign-ins, created if missing. It holds `ca.pem`, `ca-key.pem`, `ca.json`,
    /// `server.pem`, `server-key.pem`, `server.json`, `sessions.json`, `guesses.json` and `door-key`. None of these
    /// files contains anything about a patient.
    pub folder: PathBuf,
    /// The password for signing in. It is required unless `listen` is a loopback address.
    pub password: DeskPassword,
    /// Additional host names under which the clinic reaches this desk, such as `room2.clinic.lan`.
    pub host_names: Vec<String>,
}

/// The password of a desk, if one is set and can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskPassword {
    /// No password is set, and nobody has to sign in.
    NotSet,
    /// A password with this hash is set.
    Set(SecretHash),
    /// A password was set but cannot be read. The desk opens, and nobody can sign in.
    Unreadable,
}

impl From<Option<SecretHash>> for DeskPassword {
    fn from(hash: Option<SecretHash>) -> Self {
        hash.map_or(Self::NotSet, Self::Set)
    }
}

/// Checks whether a desk may open at this address. On a loopback address, it always may. On any other address, it needs
/// a password; it then also uses TLS.
///
/// # Errors
/// [`DeskError::NoPassword`] if the address is not a loopback address and no password is set.
pub fn bind_rules(listen: SocketAddr, password: &DeskPassword) -> Result<(), DeskError> {
    let is_allowed = *password != DeskPassword::NotSet || listen.ip().is_loopback();
    if is_allowed { Ok(()) } else { Err(DeskError::NoPassword { listen }) }
}

/// A desk whose port is open but which does not answer requests yet.
#[derive(Debug)]
pub struct BoundDesk {
    guard: Arc<Guard>,
    listener: TcpListener,
    certificate: Option<Certificate>,
    password_source: Option<PasswordSource>,
}

/// Reads the password's hash as it is on disk now; `None` if it cannot be read.
#[derive(Clone)]
struct PasswordSource(Arc<dyn Fn() -> Option<SecretHash> + Send + Sync>);

impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordSource")
    }
}

/// Applies [`bind_rules`], issues or reads the certificate, and opens the port.
///
/// # Errors
/// Every [`DeskError`] except [`DeskError::PasswordUnreadable`] and [`DeskError::Served`].
#[expect(clippy::wildcard_enum_match_arm, reason = "most kinds of I/O errors are reported alike")]
pub fn bind(options: ServerOptions) -> Result<BoundDesk, DeskError> {
    let ServerOptions { listen, certificate: source, folder, password, host_names } = options;
    bind_rules(listen, &password)?;
    let certificate = if listen.ip().is_loopback() {
        None
    } else {
        Some(Certificate::ready(&source, &folder, &tls::names_of(listen, &host_names))?)
    };
    let is_tls = certificate.is_some();
    let authenticator = match password {
        DeskPassword::NotSet => None,
        DeskPassword::Set(hash) => Some(Authenticator::open(&folder, Some(hash), is_tls)?),
        DeskPassword::Unreadable => Some(Authenticator::open(&folder, None, is_tls)?),
    };
    let listener = TcpListener::bind(listen).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => DeskError::PortInUse { listen },
        _ => DeskError::Listen { listen, source },
    })?;
    listener.set_nonblocking(true).map_err(|source| DeskError::Listen { listen, source })?;
    let address = listener.local_addr().map_err(|source| DeskError::Listen { listen, source })?;
    let guard = Arc::new(Guard { address, host_names, authenticator });
    Ok(BoundDesk { guard, listener, certificate, password_source: None })
}

impl BoundDesk {
    /// Returns the address on which the desk listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.guard.address
    }

    /// Returns the URL to type into the clinic's browser.
    #[must_use]
    pub fn url(&self) -> String {
        let address = self.guard.address;
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        let ip = if address.ip().is_unspecified() { tls::own_address() } else { Some(address.ip()) };
        match ip {
            Some(ip) => format!("{scheme}://{}/", SocketAddr::new(ip, address.port())),
            None => format!("{scheme}://localhost:{}/", address.port()),
        }
    }

    /// Returns the path to the certificate of the desk's built-in authority; `None` without TLS or with the clinic's
    /// own certificate. A browser that trusts this certificate trusts the desk.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.certificate.as_ref().and_then(Certificate::ca_file)
    }

    /// Makes the desk read the password again at intervals while it is open. A new password signs everybody out. `read`
    /// returns the hash as it is on disk now, or `None` if it cannot be read; it may block. A desk that was opened
    /// without a password never reads one.
    #[must_use]
    pub fn follow_password(mut self, read: impl Fn() -> Option<SecretHash> + Send + Sync + 'static) -> Self {
        self.password_source = Some(PasswordSource(Arc::new(read)));
        self
    }

    pub(in crate::desk) fn guard(&self) -> Arc<Guard> {
        Arc::clone(&self.guard)
    }

    /// Serves `public` to everybody and `private` to signed-in browsers, until `shutdown` completes.
    pub(in crate::desk) async fn serve(
        self,
        public: Router,
        private: Router,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), DeskError> {
        let url = self.url();
        let ca_file: Option<PathBuf> = self.ca_file().map(Path::to_owned);
        let Self { guard, listener, certificate, password_source } = self;
        tracing::info!(%url, ?ca_file, "the desk is open");
        let (configs, renewal): (TlsConfigs, _) = match certificate {
            None => (None, None),
            Some(certificate) => {
                let (renewed, configs) = watch::channel(certificate.server_config()?);
                (Some(configs), Some((Arc::new(certificate), renewed)))
            }
        };
        let result = tokio::select! {
            result = server::serve(listener, configs, guard.protect(public, private), shutdown) => result,
            never = renew_certificate(renewal) => match never {},
            never = follow_password(&guard, password_source) => match never {},
        };
        if let Some(authenticator) = &guard.authenticator {
            authenticator.close().await;
        }
        result
    }
}

async fn renew_certificate(
    renewal: Option<(Arc<Certificate>, watch::Sender<Arc<ServerConfig>>)>,
) -> std::convert::Infallible {
    let Some((certificate, renewed)) = renewal else { return std::future::pending().await };
    loop {
        tokio::time::sleep(CERTIFICATE_CHECK_INTERVAL).await;
        let certificate = Arc::clone(&certificate);
        // Reading files and creating keys would hold up the other tasks of an async thread, so this runs on a separate
        // thread.
        match tokio::task::spawn_blocking(move || certificate.renewed()).await {
            Ok(Ok(Some(config))) => drop(renewed.send_replace(config)),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the desk's certificate could not be renewed"),
            Err(error) => tracing::error!(%error, "the desk's certificate could not be checked"),
        }
    }
}

async fn follow_password(guard: &Guard, source: Option<PasswordSource>) -> std::convert::Infallible {
    let (Some(authenticator), Some(PasswordSource(read))) = (&guard.authenticator, source) else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(PASSWORD_CHECK_INTERVAL).await;
        let read = Arc::clone(&read);
        if let Ok(Some(hash)) = tokio::task::spawn_blocking(move || read()).await {
            authenticator.set_password_hash(hash);
        }
    }
}
