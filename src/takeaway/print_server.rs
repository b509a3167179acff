//! Owns the connection to the system's print server, which carries one IPP request and its response within a time
//! limit. Also owns the construction of requests. Does not own the choice of operations and attributes.

use std::ffi::OsString;
use std::io::{self, Cursor, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ipp::parser::IppParser;
use ipp::prelude::{DelimiterTag, IppAttribute, IppRequestResponse, IppValue, IppVersion, Operation};
use ipp::reader::IppReader;
use thiserror::Error;

/// The environment variable that names the print server (cups(1)).
const SERVER_VARIABLE: &str = "CUPS_SERVER";
const SOCKETS: [&str; 2] = ["/run/cups/cups.sock", "/var/run/cups/cups.sock"];
const PORT: u16 = 631;
/// Maximum size of a response, in bytes.
const RESPONSE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Where the print server listens for requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrintServer {
    /// A Unix socket on this machine.
    Socket(PathBuf),
    /// A host and a port, such as `localhost:631`.
    Network(String),
}

/// Why a request to the print server failed.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The connection failed, or the print server did not respond in time.
    #[error("the print server does not respond: {0}; see that `systemctl status cups` says active")]
    Silent(#[from] io::Error),
    /// The response is not valid IPP, or the request could not be expressed in IPP.
    #[error("the response is not that of a print server")]
    Garbled,
    /// The print server refuses the request.
    #[error("the print server refused with IPP status {status:#06x}")]
    Refused {
        /// The IPP status code (RFC 8011, appendix B).
        status: u16,
    },
}

impl ServerError {
    /// Returns whether the print server says that the printer or job does not exist.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: NOT_FOUND })
    }
}

/// The IPP status `client-error-not-found`.
const NOT_FOUND: u16 = 0x0406;

/// A connection with one deadline for all its reads and writes. A timeout for each read would not be enough, because a
/// server that sends one byte at a time would never exceed it.
struct TimedStream {
    stream: Stream,
    deadline: Instant,
}

enum Stream {
    Socket(UnixStream),
    Network(TcpStream),
}

impl TimedStream {
    /// Limits the next read and the next write to the time that is left.
    fn limit_next(&self) -> io::Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match &self.stream {
            Stream::Socket(stream) => {
                stream.set_read_timeout(Some(left)).and_then(|()| stream.set_write_timeout(Some(left)))
            }
            Stream::Network(stream) => {
                stream.set_read_timeout(Some(left)).and_then(|()| stream.set_write_timeout(Some(left)))
            }
        }
    }
}

impl Read for TimedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.limit_next()?;
        match &mut self.stream {
            Stream::Socket(stream) => stream.read(buffer),
            Stream::Network(stream) => stream.read(buffer),
        }
    }
}

impl Write for TimedStream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.limit_next()?;
        match &mut self.stream {
            Stream::Socket(stream) => stream.write(buffer),
            Stream::Network(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Socket(stream) => stream.flush(),
            Stream::Network(stream) => stream.flush(),
        }
    }
}

impl PrintServer {
    /// Returns the system's print server: `$CUPS_SERVER` if it is set, otherwise the first of `SOCKETS` that exists,
    /// otherwise `PORT` on this machine.
    #[must_use]
    pub fn find(environment: impl Fn(&str) -> Option<OsString>, exists: impl Fn(&str) -> bool) -> Self {
        let named = environment(SERVER_VARIABLE).and_then(|name| name.into_string().ok());
        match named.filter(|name| !name.is_empty()) {
            Some(path) if path.starts_with('/') => Self::Socket(path.into()),
            Some(host) if host.contains(':') => Self::Network(host),
            Some(host) => Self::Network(format!("{host}:{PORT}")),
            None => match SOCKETS.into_iter().find(|path| exists(path)) {
                Some(path) => Self::Socket(path.into()),
                None => Self::Network(format!("localhost:{PORT}")),
            },
        }
    }

    /// Connects on a separate thread, because neither the look-up of an address nor the connection to a Unix socket has
    /// a time limit of its own. A thread that is still connecting at the deadline is left to itself.
    fn connect(&self, within: Duration) -> io::Result<TimedStream> {
        let deadline = Instant::now() + within;
        let server = self.clone();
        let (sender, receiver) = mpsc::sync_channel(1);
        thread::Builder::new().name("print-connect".to_owned()).spawn(move || {
            // Sending fails if the deadline has passed. The connection is then closed.
            let _ = sender.send(server.connect_stream(within));
        })?;
        let stream = receiver.recv_timeout(within).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        Ok(TimedStream { stream, deadline })
    }

    /// Connects, which may take longer than `within`.
    fn connect_stream(&self, within: Duration) -> io::Result<Stream> {
        match self {
            Self::Socket(path) => UnixStream::connect(path).map(Stream::Socket),
            Self::Network(host) => {
                let address = host.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
                TcpStream::connect_timeout(&address, within).map(Stream::Network)
            }
        }
    }

    /// Sends a request to the resource at `path`, such as `/jobs/`, followed by a document, which may be empty.
    /// `within` is the time limit for the whole exchange, from the look-up of the host's address to the end of the
    /// response.
    ///
    /// # Errors
    /// If the print server does not respond in time, sends an invalid response, or refuses the request.
    pub fn send(
        &self,
        path: &str,
        request: &IppRequestResponse,
        document: &[u8],
        within: Duration,
    ) -> Result<IppRequestResponse, ServerError> {
        let request = request.to_bytes();
        let mut stream = self.connect(within)?;
        // HTTP/1.0, because its responses are never chunked and end when the connection is closed.
        let head = format!(
            "POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: {}\r\n\r\n",
            request.len() + document.len()
        );
        for piece in [head.as_bytes(), &request, document] {
            stream.write_all(piece)?;
        }
        stream.flush()?;
        let mut response = Vec::new();
        stream.take(RESPONSE_BYTES_MAX).read_to_end(&mut response)?;
        parse_response(&response)
    }
}

fn parse_response(response: &[u8]) -> Result<IppRequestResponse, ServerError> {
    const HEAD_END: &[u8] = b"\r\n\r\n";
    let head_end = response.windows(HEAD_END.len()).position(|bytes| bytes == HEAD_END).ok_or(ServerError::Garbled)?;
    let status = response.get(9..12).ok_or(ServerError::Garbled)?;
    if !response.starts_with(b"HTTP/1.") || status != b"200" {
        return Err(ServerError::Garbled);
    }
    let body = response[head_end + HEAD_END.len()..].to_vec();
    let response = IppParser::new(IppReader::new(Cursor::new(body))).parse().map_err(|_| ServerError::Garbled)?;
    let status = response.header().operation_or_status.cast_unsigned();
    if status < 0x0100 { Ok(response) } else { Err(ServerError::Refused { status }) }
}

/// An IPP request that is being built.
pub struct IppRequest(IppRequestResponse);

impl IppRequest {
    /// Creates a request for an operation on the printer or job at `uri`, or on the print server itself if `uri` is
    /// `None`, in the name of `user`.
    ///
    /// # Errors
    /// If an argument is not valid in IPP.
    pub fn new(operation: Operation, uri: Option<&str>, user: &str) -> Result<Self, ServerError> {
        let request = IppRequestResponse::new(IppVersion::v1_1(), operation, None).map_err(|_| ServerError::Garbled)?;
        let mut request = Self(request);
        if let Some(uri) = uri {
            let name = if uri.contains("/jobs/") { "job-uri" } else { "printer-uri" };
            request = request.with(name, IppValue::new_uri(uri))?;
        }
        request.with("requesting-user-name", IppValue::new_name_without_language(user))
    }

    /// Adds an attribute to the group of operation attributes.
    ///
    /// # Errors
    /// If the value is not valid in IPP.
    pub fn with<E>(self, name: &str, value: Result<IppValue, E>) -> Result<Self, ServerError> {
        self.with_in(DelimiterTag::OperationAttributes, name, value)
    }

    /// Adds an attribute to the group of job attributes.
    ///
    /// # Errors
    /// If the value is not valid in IPP.
    pub fn with_job<E>(self, name: &str, value: Result<IppValue, E>) -> Result<Self, ServerError> {
        self.with_in(DelimiterTag::JobAttributes, name, value)
    }

    fn with_in<E>(mut self, group: DelimiterTag, name: &str, value: Result<IppValue, E>) -> Result<Self, ServerError> {
        let value = value.map_err(|_| ServerError::Garbled)?;
        let attribute = IppAttribute::with_name(name, value).map_err(|_| ServerError::Garbled)?;
        self.0.attributes_mut().add(group, attribute);
        Ok(self)
    }

    /// Returns the request as an IPP message.
    #[must_use]
    pub const fn message(&self) -> &IppRequestResponse {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

    use super::*;

    #[test]
    fn the_server_is_found_as_by_other_programs() {
        let find = |named: Option<&str>, socket: &'static str| {
            PrintServer::find(|_| named.map(OsString::from), move |path| path == socket)
        };
        assert_eq!(find(None, SOCKETS[0]), PrintServer::Socket(SOCKETS[0].into()));
        assert_eq!(find(None, ""), PrintServer::Network("localhost:631".into()));
        assert_eq!(find(Some(""), ""), PrintServer::Network("localhost:631".into()));
        assert_eq!(find(Some("/x/y"), SOCKETS[0]), PrintServer::Socket("/x/y".into()));
        assert_eq!(find(Some("printhost"), ""), PrintServer::Network("printhost:631".into()));
        assert_eq!(find(Some("printhost:8631"), ""), PrintServer::Network("printhost:8631".into()));
    }

    #[test]
    fn a_server_that_responds_one_byte_at_a_time_meets_the_limit() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = PrintServer::Network(listener.local_addr().unwrap().to_string());
        let slow = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            while stream.write_all(b"H").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let began = Instant::now();
        let request = IppRequest::new(Operation::GetJobs, None, "room").unwrap();
        let response = server.send("/", request.message(), b"", Duration::from_millis(200));
        assert!(matches!(response, Err(ServerError::Silent(_))));
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        slow.join().unwrap();
    }

    #[test]
    fn a_server_that_accepts_no_connection_meets_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        // The queue holds one connection, so the next one waits.
        let _waiting = UnixStream::connect(&path).unwrap();
        let began = Instant::now();
        let request = IppRequest::new(Operation::GetJobs, None, "room").unwrap();
        let response = PrintServer::Socket(path).send("/", request.message(), b"", Duration::from_millis(200));
        assert!(matches!(response, Err(ServerError::Silent(_))));
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }

    #[test]
    fn an_invalid_response_is_reported() {
        for response in
            [&b""[..], b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.0 403 No\r\n\r\n\x01\x01\0\0\0\0\0\x01\x03", b"x\r\n\r\n"]
        {
            assert!(matches!(parse_response(response), Err(ServerError::Garbled)));
        }
        let refused = parse_response(b"HTTP/1.0 200 OK\r\n\r\n\x01\x01\x04\x06\0\0\0\x01\x03");
        assert!(refused.is_err_and(|error| error.is_not_found()));
    }
}
