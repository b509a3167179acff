//! Owns a socket that acknowledges incoming data at once (`TCP_QUICKACK`). Without this option, Linux delays an
//! acknowledgement by up to 40 ms. A broker with Nagle's algorithm (RFC 896, usually on) holds back its next small
//! message until the previous one is acknowledged, which would delay a call that is placed just after a heartbeat. Does
//! not own the content of messages.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rumqttc::NetworkOptions;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP stream without delayed acknowledgements.
#[derive(Debug)]
pub(super) struct QuickAckStream(TcpStream);

impl QuickAckStream {
    /// Connects to `address`, which has the form `host:port`.
    ///
    /// # Errors
    /// The operating system's error if the connection fails.
    pub(super) async fn connect(address: String, network: NetworkOptions) -> io::Result<Self> {
        rumqttc::default_socket_connect(address, network).await.map(Self)
    }
}

impl AsyncRead for QuickAckStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.0).poll_read(context, into));
        // Linux resets the option, so it is set again after each read. A failure is ignored, because it only delays
        // acknowledgements.
        #[cfg(target_os = "linux")]
        let _ = rustix::net::sockopt::set_tcp_quickack(&self.0, true);
        Poll::Ready(read)
    }
}

impl AsyncWrite for QuickAckStream {
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
