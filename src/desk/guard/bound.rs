//! Owns how a desk opens, whether of one room or of several: its rules, its port, its certificates, and serving until it
//! is to close. Does not own what it serves.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::ServerConfig;
use tokio::sync::watch;

use super::door::Door;
use super::lock::Lock;
use super::serving::{self, Speaks};
use super::tls::{self, Certificate, Tls};
use super::{DeskError, bind_rules};

/// A certificate is looked at again so often, so that a desk that runs for months never serves one that ran out.
const CERTIFICATE_CHECK_EVERY: Duration = Duration::from_hours(12);
/// A new password holds after so long, without a restart.
const PASSWORD_CHECK_EVERY: Duration = Duration::from_secs(2);

/// Where and how a desk opens.
pub(super) struct Opening<'a> {
    pub listen: SocketAddr,
    pub tls: &'a Tls,
    pub folder: &'a Path,
    pub password_hash: Option<&'a str>,
    pub host_names: &'a [String],
    pub fonts: [Option<&'static [u8]>; 2],
}

/// A desk whose port is open; nobody is answered yet.
#[derive(Debug)]
pub(super) struct Opened {
    pub door: Arc<Door>,
    listener: TcpListener,
    certificate: Option<Certificate>,
    password: Option<PasswordNow>,
}

/// How the password's hash stands on disk now; `None` where it cannot be read.
#[derive(Clone)]
struct PasswordNow(Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl fmt::Debug for PasswordNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordNow")
    }
}

/// Checks the rules, makes or reads the certificates and opens the port.
pub(super) fn open(opening: &Opening<'_>) -> Result<Opened, DeskError> {
    let Opening { listen, tls, folder, password_hash, host_names, fonts } = *opening;
    bind_rules(listen, password_hash)?;
    let certificate = if listen.ip().is_loopback() {
        None
    } else {
        Some(Certificate::ready(tls, folder, &tls::names_of(listen, host_names))?)
    };
    let lock = password_hash.map(|hash| Lock::open(folder, hash.to_owned(), certificate.is_some())).transpose()?;
    let listener = TcpListener::bind(listen).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => DeskError::PortInUse { listen },
        _ => DeskError::Listen { listen, source },
    })?;
    listener.set_nonblocking(true).map_err(|source| DeskError::Listen { listen, source })?;
    let address = listener.local_addr().map_err(|source| DeskError::Listen { listen, source })?;
    let door = Arc::new(Door::new(address, host_names.to_vec(), lock, fonts));
    Ok(Opened { door, listener, certificate, password: None })
}

impl Opened {
    /// What to type into the clinic's browser.
    pub(super) fn url(&self) -> String {
        let address = self.door.address;
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        let ip = if address.ip().is_unspecified() { tls::own_address() } else { Some(address.ip()) };
        let host = ip.map_or_else(|| "localhost".to_owned(), bracketed);
        format!("{scheme}://{host}:{}/", address.port())
    }

    /// The certificate of the desk's own authority.
    pub(super) fn ca_file(&self) -> Option<&Path> {
        self.certificate.as_ref().and_then(Certificate::ca_file)
    }

    /// Asks for the password's hash now and then, on a thread that may block.
    pub(super) fn follow_password(&mut self, look: impl Fn() -> Option<String> + Send + Sync + 'static) {
        self.password = Some(PasswordNow(Arc::new(look)));
    }

    /// Serves `app` until `shutdown` is there or `watch` ends.
    pub(super) async fn serve(
        self,
        app: Router,
        watch: impl Future<Output = ()>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), DeskError> {
        let url = self.url();
        let ca_file: Option<PathBuf> = self.ca_file().map(Path::to_owned);
        let Self { door, listener, certificate, password } = self;
        tracing::info!(%url, ?ca_file, "the desk is open");
        let (speaks, renews): (Speaks, _) = match certificate {
            None => (None, None),
            Some(certificate) => {
                let (tell, speaks) = watch::channel(certificate.server_config()?);
                (Some(speaks), Some((Arc::new(certificate), tell)))
            }
        };
        let ends = async {
            tokio::select! {
                () = watch => {}
                () = shutdown => {}
            }
        };
        let result = tokio::select! {
            result = serving::serve(listener, speaks, app, ends) => result,
            never = keep_certificate_fresh(renews) => match never {},
            never = follow_password(&door, password) => match never {},
        };
        if let Some(lock) = &door.lock {
            lock.close().await;
        }
        result
    }
}

async fn keep_certificate_fresh(
    renews: Option<(Arc<Certificate>, watch::Sender<Arc<ServerConfig>>)>,
) -> std::convert::Infallible {
    let Some((certificate, speaks)) = renews else { return std::future::pending().await };
    loop {
        tokio::time::sleep(CERTIFICATE_CHECK_EVERY).await;
        let looked = Arc::clone(&certificate);
        // Files are read and keys are made: nothing for a thread on which others wait.
        match tokio::task::spawn_blocking(move || looked.renewed()).await {
            Ok(Ok(Some(config))) => drop(speaks.send_replace(config)),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the desk's certificate could not be renewed"),
            Err(error) => tracing::error!(%error, "the desk's certificate could not be looked at"),
        }
    }
}

async fn follow_password(door: &Door, password: Option<PasswordNow>) -> std::convert::Infallible {
    let (Some(lock), Some(PasswordNow(reads))) = (&door.lock, password) else { return std::future::pending().await };
    loop {
        tokio::time::sleep(PASSWORD_CHECK_EVERY).await;
        let reads = Arc::clone(&reads);
        if let Ok(Some(hash)) = tokio::task::spawn_blocking(move || reads()).await {
            lock.password_is(&hash);
        }
    }
}

pub(super) fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
