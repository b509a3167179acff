//! Owns speaking with the system's print server: one IPP question over its socket, one answer, within a limit. Does not own
//! what is printed, nor what is asked.

use std::ffi::OsString;
use std::io::{self, Cursor, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use ipp::parser::IppParser;
use ipp::prelude::{DelimiterTag, IppAttribute, IppRequestResponse, IppValue, IppVersion, Operation};
use ipp::reader::IppReader;
use thiserror::Error;

/// The variable by which every program of the print system finds its server.
const SERVER_VARIABLE: &str = "CUPS_SERVER";
const SOCKETS: [&str; 2] = ["/run/cups/cups.sock", "/var/run/cups/cups.sock"];
const PORT: u16 = 631;
/// No answer is longer.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Where the print server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrintServer {
    /// A socket of this machine.
    Socket(PathBuf),
    /// Host and port.
    Network(String),
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ServerError {
    /// It does not answer.
    #[error("the print server does not answer: {0}; see that `systemctl status cups` says active")]
    Silent(#[from] io::Error),
    /// It answers something that is none.
    #[error("what answers for the print server is no print server")]
    Garbled,
    /// It refuses.
    #[error("the print server refuses with IPP status {status:#06x}")]
    Refused {
        /// The status, RFC 8011.
        status: u16,
    },
}

impl ServerError {
    /// Whether it says that what was asked for is not there.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: NOT_FOUND })
    }
}

const NOT_FOUND: u16 = 0x0406;

/// A connection that can be read and written within limits.
trait Line: Read + Write {}
impl Line for UnixStream {}
impl Line for TcpStream {}

impl PrintServer {
    /// The system's own: `$CUPS_SERVER`, else its socket, else this machine's port 631.
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

    fn connect(&self, within: Duration) -> io::Result<Box<dyn Line>> {
        match self {
            Self::Socket(path) => {
                let line = UnixStream::connect(path)?;
                line.set_read_timeout(Some(within))?;
                line.set_write_timeout(Some(within))?;
                Ok(Box::new(line))
            }
            Self::Network(host) => {
                let address = host.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
                let line = TcpStream::connect_timeout(&address, within)?;
                line.set_read_timeout(Some(within))?;
                line.set_write_timeout(Some(within))?;
                Ok(Box::new(line))
            }
        }
    }

    /// Asks, with a document behind the question if there is one. `path` is the resource, such as `/jobs/`.
    pub fn ask(
        &self,
        path: &str,
        question: &IppRequestResponse,
        document: &[u8],
        within: Duration,
    ) -> Result<IppRequestResponse, ServerError> {
        let question = question.to_bytes();
        let mut line = self.connect(within)?;
        // The old version, so that the answer ends with the connection and comes in one piece.
        let head = format!(
            "POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: {}\r\n\r\n",
            question.len() + document.len()
        );
        for piece in [head.as_bytes(), &question, document] {
            line.write_all(piece)?;
        }
        line.flush()?;
        let mut answer = Vec::new();
        line.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
        read_answer(&answer)
    }
}

fn read_answer(answer: &[u8]) -> Result<IppRequestResponse, ServerError> {
    const HEAD_END: &[u8] = b"\r\n\r\n";
    let head_end = answer.windows(HEAD_END.len()).position(|bytes| bytes == HEAD_END).ok_or(ServerError::Garbled)?;
    let status = answer.get(9..12).ok_or(ServerError::Garbled)?;
    if !answer.starts_with(b"HTTP/1.") || status != b"200" {
        return Err(ServerError::Garbled);
    }
    let body = answer[head_end + HEAD_END.len()..].to_vec();
    let answer = IppParser::new(IppReader::new(Cursor::new(body))).parse().map_err(|_| ServerError::Garbled)?;
    let status = answer.header().operation_or_status.cast_unsigned();
    if status < 0x0100 { Ok(answer) } else { Err(ServerError::Refused { status }) }
}

/// A question under construction.
pub struct Question(IppRequestResponse);

impl Question {
    /// Asks for that operation, as that user.
    pub fn new(operation: Operation, uri: Option<&str>, user: &str) -> Result<Self, ServerError> {
        let question =
            IppRequestResponse::new(IppVersion::v1_1(), operation, None).map_err(|_| ServerError::Garbled)?;
        let mut question = Self(question);
        if let Some(uri) = uri {
            let name = if uri.contains("/jobs/") { "job-uri" } else { "printer-uri" };
            question = question.with(name, IppValue::new_uri(uri))?;
        }
        question.with("requesting-user-name", IppValue::new_name_without_language(user))
    }

    /// With one more thing said about the operation.
    pub fn with<E>(self, name: &str, value: Result<IppValue, E>) -> Result<Self, ServerError> {
        self.with_in(DelimiterTag::OperationAttributes, name, value)
    }

    /// With one more thing said about the job.
    pub fn with_job<E>(self, name: &str, value: Result<IppValue, E>) -> Result<Self, ServerError> {
        self.with_in(DelimiterTag::JobAttributes, name, value)
    }

    fn with_in<E>(mut self, group: DelimiterTag, name: &str, value: Result<IppValue, E>) -> Result<Self, ServerError> {
        let value = value.map_err(|_| ServerError::Garbled)?;
        let attribute = IppAttribute::with_name(name, value).map_err(|_| ServerError::Garbled)?;
        self.0.attributes_mut().add(group, attribute);
        Ok(self)
    }

    /// The whole question.
    #[must_use]
    pub const fn request(&self) -> &IppRequestResponse {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_found_as_other_programs_find_it() {
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
    fn what_is_no_answer_is_told() {
        for answer in
            [&b""[..], b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.0 403 No\r\n\r\n\x01\x01\0\0\0\0\0\x01\x03", b"x\r\n\r\n"]
        {
            assert!(matches!(read_answer(answer), Err(ServerError::Garbled)));
        }
        let refused = read_answer(b"HTTP/1.0 200 OK\r\n\r\n\x01\x01\x04\x06\0\0\0\x01\x03");
        assert!(refused.is_err_and(|error| error.is_not_found()));
    }
}
