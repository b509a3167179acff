//! Owns a desk's connections from accepting to closing: TLS, and the time limits of a connection. Does not own the
//! responses, or the choice of a connection to evict ([`super::connections`]).

use std::convert::Infallible;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::DeskError;
use super::connections::{Connection, ConnectionLimits, Connections};

/// Time limit for the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Time limit for the headers of a request to arrive, and for an idle connection. A page sends a request every two
/// seconds, so this limit does not close its connection.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit for the peer to acknowledge what was sent (`TCP_USER_TIMEOUT`).
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum size of a request's first line and headers, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Maximum number of connections that are being closed and may still hold their file descriptors.
const CLOSING_MAX: usize = 16;
/// Pause after a connection could not be accepted, before the desk tries to accept another.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// Minimum time between two warnings about evicted connections.
const WARN_INTERVAL: Duration = Duration::from_mins(1);
/// Time limit for open requests when the desk closes. Without it, a page's stream would keep the desk open for ever.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(300);

/// The TLS configuration, which changes when the certificate is renewed; `None` on loopback.
pub(super) type TlsConfigs = Option<watch::Receiver<Arc<ServerConfig>>>;

/// Serves `app` until `shutdown` completes.
pub(super) async fn serve(
    listener: TcpListener,
    tls_configs: TlsConfigs,
    app: Router,
    shutdown: impl Future<Output = ()>,
) -> Result<(), DeskError> {
    let listener = tokio::net::TcpListener::from_std(listener).map_err(DeskError::Served)?;
    let limits = ConnectionLimits::within(open_files_max());
    let connections = Connections::new(limits);
    let permits = Arc::new(Semaphore::new(limits.total + CLOSING_MAX));
    let (close, closing) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut warning = EvictionWarning::default();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        while tasks.try_join_next().is_some() {}
        warning.warn(&connections);
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Evicting the least useful connection frees a file descriptor, in case none was left. Any other error
                // is temporary.
                tracing::debug!(%error, "a connection to the desk could not be accepted");
                connections.evict_one();
                sleep(ACCEPT_RETRY_INTERVAL).await;
                continue;
            }
        };
        let Some(connection) = connections.open(peer.ip()) else { continue };
        let task = ConnectionTask { stream, peer, connection, closing: closing.clone(), app: app.clone() };
        tasks.spawn(task.run(tls_configs.clone(), permit));
    }
    drop(listener);
    close.send_replace(true);
    let all_closed = async { while tasks.join_next().await.is_some() {} };
    // Dropping the set aborts the tasks that are still running.
    let _ = timeout(CLOSE_TIMEOUT, all_closed).await;
    Ok(())
}

async fn accept(
    listener: &tokio::net::TcpListener,
    permits: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // The permit is acquired first, because a connection that waits in the kernel's backlog takes no file descriptor.
    let permit = Arc::clone(permits).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

/// Returns the maximum number of open files of this process (`RLIMIT_NOFILE`).
fn open_files_max() -> u64 {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Logs evictions at a limited rate, since strangers can cause any number of them.
#[derive(Default)]
struct EvictionWarning {
    warned_at: Option<Instant>,
}

impl EvictionWarning {
    fn warn(&mut self, connections: &Connections) {
        if self.warned_at.is_some_and(|warned_at| warned_at.elapsed() < WARN_INTERVAL) {
            return;
        }
        let evicted = connections.take_evicted_count();
        if evicted > 0 {
            self.warned_at = Some(Instant::now());
            tracing::warn!(evicted, "too many connections to the desk; the idle ones were closed");
        }
    }
}

struct ConnectionTask {
    stream: TcpStream,
    peer: SocketAddr,
    connection: Connection,
    closing: watch::Receiver<bool>,
    app: Router,
}

impl ConnectionTask {
    /// Serves the connection until it ends or is evicted, or until the desk closes.
    async fn run(self, tls_configs: TlsConfigs, _permit: OwnedSemaphorePermit) {
        let Self { stream, peer, connection, closing, app } = self;
        // If an option cannot be set, the connection is only slower, or stays open longer after its browser is gone.
        let _ = stream.set_nodelay(true);
        let timeout_ms = u32::try_from(ACKNOWLEDGE_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
        let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, timeout_ms);
        let handle = connection.clone();
        let serving = async {
            match tls_configs {
                None => serve_http(stream, peer, connection, closing, app).await,
                Some(configs) => {
                    let acceptor = TlsAcceptor::from(configs.borrow().clone());
                    if let Ok(Ok(stream)) = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                        serve_http(stream, peer, connection, closing, app).await;
                    }
                }
            }
        };
        tokio::select! {
            () = handle.evicted() => {}
            () = serving => {}
        }
    }
}

async fn serve_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    peer: SocketAddr,
    connection: Connection,
    mut closing: watch::Receiver<bool>,
    app: Router,
) {
    let app = TowerToHyperService::new(app);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let in_progress = connection.begin_request();
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(connection.clone());
        let response = app.call(request);
        async move {
            let response: Result<Response, Infallible> = response.await;
            drop(in_progress);
            response
        }
    });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(http);
    // A browser may drop a connection at any time, so errors are ignored here.
    tokio::select! {
        _ = http.as_mut() => return,
        () = async { drop(closing.wait_for(|closing| *closing).await) } => http.as_mut().graceful_shutdown(),
    }
    let _ = http.await;
}
