//! Owns a minimal browser for tests of the desk. It sends requests over a plain socket, and reads the stream of
//! server-sent events line by line.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Time limit for each message that a test waits for, long enough for a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(20);

/// An HTTP response. `head` contains the status line and the headers.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The value of the first header with this name, ignoring case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The names and values of all cookies that the response sets, as the value of a `Cookie` header.
    pub fn cookies(&self) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let given = lines.filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie"));
        given.filter_map(|(_, cookie)| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
    }

    /// The error message in a JSON body. Empty if there is none.
    pub fn error(&self) -> String {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        json["error"].as_str().unwrap_or_default().to_owned()
    }
}

/// A browser that talks to one desk.
pub struct Browser {
    pub address: SocketAddr,
    pub cookie: Option<String>,
    /// The source address of requests. If `None`, the system chooses it.
    pub from: Option<IpAddr>,
}

impl Browser {
    pub fn at(address: SocketAddr) -> Self {
        Self { address, cookie: None, from: None }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    /// Sends a POST request with the headers that the desk's own page sends.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json"), ("x-stillroom", "1")];
        self.ask("POST", path, &headers, &body.to_string()).await
    }

    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut socket = self.connect().await;
        let request = self.request(method, path, headers, body, "close");
        // Writing fails if the server closes the connection before it has read the whole request. It may still have
        // sent a response.
        let _ = socket.write_all(request.as_bytes()).await;
        let mut bytes = Vec::new();
        let _ = timeout(Duration::from_secs(10), socket.read_to_end(&mut bytes)).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Opens the desk's stream of server-sent events.
    pub async fn stream(&self) -> Stream {
        let mut socket = self.connect().await;
        let request = self.request("GET", "/events", &[("accept", "text/event-stream")], "", "keep-alive");
        socket.write_all(request.as_bytes()).await.unwrap();
        Stream { lines: BufReader::new(socket), event: String::new(), ended: false }
    }

    async fn connect(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(from) = self.from {
            socket.bind(SocketAddr::new(from, 0)).unwrap();
        }
        socket.connect(self.address).await.unwrap()
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str, connection: &str) -> String {
        let mut head = vec![format!("{method} {path} HTTP/1.1"), format!("Connection: {connection}")];
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push(format!("Host: {}", self.address));
        }
        head.extend(self.cookie.as_ref().map(|cookie| format!("Cookie: theme=dark; {cookie}")));
        head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        head.push(format!("Content-Length: {}", body.len()));
        format!("{}\r\n\r\n{body}", head.join("\r\n"))
    }
}

/// A stream of server-sent events.
pub struct Stream {
    lines: BufReader<TcpStream>,
    event: String,
    ended: bool,
}

impl Stream {
    /// The name and data of the next event. `None` if the stream has ended or no event arrives within `wait`.
    pub async fn next_within(&mut self, wait: Duration) -> Option<(String, Value)> {
        timeout(wait, self.read()).await.ok().flatten()
    }

    /// Waits for an event with the name `kind`, and with data of which `holds` is true. Returns the data. Skips all
    /// other events. Panics after [`LIMIT`], or if the stream ends first.
    pub async fn wait_for(&mut self, kind: &str, mut holds: impl FnMut(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let wanted = async {
            loop {
                let (event, value) = self.read().await.unwrap_or_else(|| panic!("the stream ended before {kind}"));
                if event == kind {
                    if holds(&value) {
                        return value;
                    }
                    last = value;
                }
            }
        };
        // The limit is for the whole wait. A limit per event would never be reached, because heartbeats arrive all the
        // time.
        let found = timeout(LIMIT, wanted).await;
        found.unwrap_or_else(|_| panic!("no expected {kind} within {LIMIT:?}; the last one was {last}"))
    }

    /// Skips events until the stream ends, for up to 15 s. Returns whether the desk ended it.
    #[allow(dead_code)] // not every test binary that includes this file uses it
    pub async fn has_ended(&mut self) -> bool {
        timeout(Duration::from_secs(15), async { while self.read().await.is_some() {} }).await.is_ok() && self.ended
    }

    async fn read(&mut self) -> Option<(String, Value)> {
        loop {
            let mut line = String::new();
            // A chunk of length 0 ends the stream, although the connection may stay open for another request.
            if self.ended || self.lines.read_line(&mut line).await.ok()? == 0 || line.trim_end() == "0" {
                self.ended = true;
                return None;
            }
            if let Some(event) = line.strip_prefix("event: ") {
                event.trim().clone_into(&mut self.event);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((std::mem::take(&mut self.event), serde_json::from_str(data.trim()).ok()?));
            }
        }
    }
}
