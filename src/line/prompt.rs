//! Owns a socket that acknowledges at once what comes in. A system likes to wait 40 ms for something to send along with
//! its acknowledgement, and a broker that gathers small words (Nagle's algorithm, the usual setting) holds the next one
//! back until it comes: a call placed just after a heartbeat would be that late. Does not own what is said.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rumqttc::NetworkOptions;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A stream whose peer never waits for an acknowledgement.
#[derive(Debug)]
pub(super) struct Prompt(TcpStream);

impl Prompt {
    /// Connects to `address`, a host and a port.
    ///
    /// # Errors
    /// As the system says.
    pub(super) async fn connect(address: String, network: NetworkOptions) -> io::Result<Self> {
        rumqttc::default_socket_connect(address, network).await.map(Self)
    }
}

impl AsyncRead for Prompt {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.0).poll_read(context, into));
        // It holds for what was just read, not for good. A system that knows nothing of it only takes its time.
        #[cfg(target_os = "linux")]
        let _ = rustix::net::sockopt::set_tcp_quickack(&self.0, true);
        Poll::Ready(read)
    }
}

impl AsyncWrite for Prompt {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
