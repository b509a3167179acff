//! Owns the desk's connections from the first packet to the last: who gets in, TLS, and how long anybody may take over
//! anything. Does not own what is answered, nor which connection has to go: [`super::seats`] does.

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
use super::seats::{Limits, Seat, Seats};

/// Greetings of TLS are exchanged within so long.
const GREETS_WITHIN: Duration = Duration::from_secs(5);
/// A whole request's head comes within so long; a connection on which nothing is asked ends as soon. A page asks every
/// two seconds.
const ASKS_WITHIN: Duration = Duration::from_secs(10);
/// What was sent is taken within so long, or nobody is there any more.
const TAKES_WITHIN: Duration = Duration::from_secs(20);
/// A request's head has no more bytes than this.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Connections that have been told to leave and have not closed their files yet.
const LEAVING_MAX: usize = 16;
/// A system that gives no file for a connection is asked again after so long.
const WITHOUT_FILES: Duration = Duration::from_millis(50);
/// What strangers do is told no more often than this.
const TOLD_EVERY: Duration = Duration::from_mins(1);
/// Open requests get so long when the desk closes; a stream would otherwise hold it for ever.
const CLOSES_WITHIN: Duration = Duration::from_millis(300);

/// How TLS is spoken, as it is at each moment; none on loopback.
pub(super) type Speaks = Option<watch::Receiver<Arc<ServerConfig>>>;

/// Serves `app` until `shutdown` is there.
pub(super) async fn serve(
    listener: TcpListener,
    speaks: Speaks,
    app: Router,
    shutdown: impl Future<Output = ()>,
) -> Result<(), DeskError> {
    let listener = tokio::net::TcpListener::from_std(listener).map_err(DeskError::Served)?;
    let limits = Limits::within(open_files_max());
    let seats = Seats::new(limits);
    let places = Arc::new(Semaphore::new(limits.in_all + LEAVING_MAX));
    let (close, closing) = watch::channel(false);
    let mut open = JoinSet::new();
    let mut told = Told::default();
    tokio::pin!(shutdown);
    loop {
        let came = tokio::select! {
            () = &mut shutdown => break,
            came = accept(&listener, &places) => came,
        };
        while open.try_join_next().is_some() {}
        told.tell(&seats);
        let (stream, from, place) = match came {
            Ok(came) => came,
            Err(error) => {
                // A want of files ends with a connection that has shown nothing; anything else ends by itself.
                tracing::debug!(%error, "a connection to the desk could not be taken");
                seats.free_one();
                sleep(WITHOUT_FILES).await;
                continue;
            }
        };
        let Some(seat) = seats.take(from.ip()) else { continue };
        let connection = Connection { stream, from, seat, closing: closing.clone(), app: app.clone() };
        open.spawn(connection.attend(speaks.clone(), place));
    }
    drop(listener);
    close.send_replace(true);
    let all_end = async { while open.join_next().await.is_some() {} };
    // Whoever is still there then is cut off with the set.
    let _ = timeout(CLOSES_WITHIN, all_end).await;
    Ok(())
}

async fn accept(
    listener: &tokio::net::TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // First the place: what waits outside takes no file.
    let place = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, from) = listener.accept().await?;
    Ok((stream, from, place))
}

/// How many files this process may have open.
fn open_files_max() -> u64 {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// What strangers do, told now and then.
#[derive(Default)]
struct Told(Option<Instant>);

impl Told {
    fn tell(&mut self, seats: &Seats) {
        if self.0.is_some_and(|told| told.elapsed() < TOLD_EVERY) {
            return;
        }
        let sent_away = seats.sent_away();
        if sent_away > 0 {
            self.0 = Some(Instant::now());
            tracing::warn!(sent_away, "more connections came to the desk than it has; the silent ones were closed");
        }
    }
}

struct Connection {
    stream: TcpStream,
    from: SocketAddr,
    seat: Seat,
    closing: watch::Receiver<bool>,
    app: Router,
}

impl Connection {
    /// Attends to it until it ends, has to leave, or the desk closes.
    async fn attend(self, speaks: Speaks, _place: OwnedSemaphorePermit) {
        let Self { stream, from, seat, closing, app } = self;
        // Without either it is only slower, and stays longer.
        let _ = stream.set_nodelay(true);
        let takes_within_ms = u32::try_from(TAKES_WITHIN.as_millis()).unwrap_or(u32::MAX);
        let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, takes_within_ms);
        let leaves = seat.clone();
        let serves = async {
            match speaks {
                None => talk(stream, from, seat, closing, app).await,
                Some(speaks) => {
                    let acceptor = TlsAcceptor::from(speaks.borrow().clone());
                    if let Ok(Ok(stream)) = timeout(GREETS_WITHIN, acceptor.accept(stream)).await {
                        talk(stream, from, seat, closing, app).await;
                    }
                }
            }
        };
        tokio::select! {
            () = leaves.left() => {}
            () = serves => {}
        }
    }
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    from: SocketAddr,
    seat: Seat,
    mut closing: watch::Receiver<bool>,
    app: Router,
) {
    let inside = TowerToHyperService::new(app);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let turn = seat.answers();
        request.extensions_mut().insert(ConnectInfo(from));
        request.extensions_mut().insert(seat.clone());
        let answer = inside.call(request);
        async move {
            let answer: Result<Response, Infallible> = answer.await;
            drop(turn);
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(ASKS_WITHIN)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // How a connection ended is nobody's concern: a browser closes as it likes.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = async { drop(closing.wait_for(|closing| *closing).await) } => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
