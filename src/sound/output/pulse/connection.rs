//! Owns a connection to the sound server in PulseAudio's native protocol, which PipeWire speaks as well: connecting,
//! requests and incoming messages. Does not own what is played over the connection (`stream`), or the choice of the
//! output (`selection`).
//!
//! ALSA's PulseAudio plug-in is not sufficient, because it can only open the server's default output, and hides ports
//! and clocks. This connection names its output, is notified at once when a plug is pulled, and wakes up once per
//! period.

use std::ffi::{CStr, CString};
use std::io::{Cursor, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pulseaudio::protocol::{
    AuthParams, AuthReply, Command, CommandReply, DESCRIPTOR_SIZE, Descriptor, DescriptorFlags, MAX_VERSION, Prop,
    Props, ProtocolError, ServerInfo, SetClientNameReply, SinkInfo, TagStructReader, encode_command_message,
    encode_descriptor, read_descriptor,
};

/// Time limit for waiting for a reply, and for writing to the socket.
const REPLY_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Read timeout of the socket, after which [`ServerMessage::Idle`] is returned.
const READ_TIMEOUT: Duration = Duration::from_millis(250);
/// Maximum size of a message from the server, in bytes. Even a list of many outputs is far smaller.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Name of the null output that a server creates when it has no other. Nobody hears it.
const NULL_OUTPUT: &[u8] = b"auto_null";
/// Length of an authentication cookie. Servers accept no other length, but if client and server run as the same user,
/// the content need not match.
const COOKIE_BYTES: usize = 256;

/// The reason why there is no connection.
#[derive(Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// No sound server is running.
    NotRunning,
    /// A sound server is running but unusable, for this reason. It must not be bypassed, because it controls the
    /// outputs.
    Unusable(String),
}

/// A message from the server.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it lives for one turn of a loop that must not allocate")]
pub enum ServerMessage {
    /// An unsolicited command.
    Notification(Command),
    /// The reply to the request with this number. [`PulseConnection::reply`] reads it.
    Reply(u32),
    /// The error in reply to the request with this number, and what the server says about it.
    Error(u32, String),
    /// Nothing has arrived within `READ_TIMEOUT`.
    Idle,
}

/// A connection to the sound server.
pub struct PulseConnection {
    socket: UnixStream,
    version: u16,
    inbox: Vec<u8>,
    /// Number of bytes of `inbox` that have been parsed. They stay there until the next message is taken, because the
    /// body of a reply is read from them.
    done: usize,
    /// Start of the last reply's body.
    body: usize,
    outbox: Vec<u8>,
    last_question: u32,
}

impl PulseConnection {
    /// Connects to the server that the environment names, or to the server that runs for this user or system-wide.
    pub fn connect() -> Result<Self, ConnectError> {
        Self::connect_by(|name| std::env::var(name).ok())
    }

    fn connect_by(environment: impl Fn(&str) -> Option<String>) -> Result<Self, ConnectError> {
        let mut unreached = ConnectError::NotRunning;
        for path in socket_paths(&environment) {
            match UnixStream::connect(&path) {
                Ok(socket) => return Self::authenticate(socket).map_err(ConnectError::Unusable),
                // A server that was killed leaves behind a socket on which nobody listens.
                Err(error) if is_nobody_listening(&error) => {}
                Err(error) => {
                    unreached = ConnectError::Unusable(format!("the sound server at {}: {error}", path.display()));
                }
            }
        }
        if unreached == ConnectError::NotRunning && pipewire_paths(&environment).iter().any(|path| listens(path)) {
            let why = "PipeWire runs without pipewire-pulse, through which the room uses it; install pipewire-pulse";
            return Err(ConnectError::Unusable(why.to_owned()));
        }
        Err(unreached)
    }

    /// Authenticates on a connected socket.
    pub fn authenticate(socket: UnixStream) -> Result<Self, String> {
        socket
            .set_read_timeout(Some(READ_TIMEOUT))
            .and_then(|()| socket.set_write_timeout(Some(REPLY_TIMEOUT)))
            .map_err(|error| format!("the sound server: {error}"))?;
        let mut server = Self {
            socket,
            version: MAX_VERSION,
            inbox: Vec::with_capacity(1 << 16),
            done: 0,
            body: 0,
            outbox: Vec::with_capacity(1 << 16),
            last_question: 0,
        };
        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok());
        let cookie = cookie_of(cookie.unwrap_or_default());
        let auth = AuthParams { version: MAX_VERSION, supports_shm: false, supports_memfd: false, cookie };
        let reply: AuthReply = server.request(&Command::Auth(auth))?;
        server.version = MAX_VERSION.min(reply.version);
        let mut props = Props::new();
        props.set(Prop::ApplicationName, c"Stillroom");
        if let Ok(process) = CString::new(std::process::id().to_string()) {
            props.set(Prop::ApplicationProcessId, process);
        }
        let _: SetClientNameReply = server.request(&Command::SetClientName(props))?;
        Ok(server)
    }

    /// Returns a second handle to the socket, so that another thread can shut the connection down; `None` if the system
    /// refuses to duplicate it.
    pub fn handle(&self) -> Option<UnixStream> {
        self.socket.try_clone().ok()
    }

    /// Sends a request and returns its number.
    pub fn send(&mut self, question: &Command) -> Result<u32, String> {
        self.last_question = self.last_question.wrapping_add(1);
        self.outbox.clear();
        encode_command_message(&mut self.outbox, self.last_question, question, self.version)
            .map_err(|error| protocol_error(&error))?;
        self.socket.write_all(&self.outbox).map_err(|error| protocol_error(&error))?;
        Ok(self.last_question)
    }

    /// Sends frames to the stream `channel`. Allocates nothing after the first period.
    pub fn send_frames(&mut self, channel: u32, frames: &[[f32; 2]]) -> Result<(), String> {
        let length = u32::try_from(frames.len() * 8).unwrap_or(u32::MAX);
        let descriptor = Descriptor { length, channel, offset: 0, flags: DescriptorFlags::empty() };
        let mut head = [0; DESCRIPTOR_SIZE];
        encode_descriptor(&mut head, &descriptor);
        self.outbox.clear();
        self.outbox.extend_from_slice(&head);
        for sample in frames.iter().flatten() {
            self.outbox.extend_from_slice(&sample.to_le_bytes());
        }
        self.socket.write_all(&self.outbox).map_err(|error| protocol_error(&error))
    }

    /// Returns the next message, or [`ServerMessage::Idle`] if none arrives within `READ_TIMEOUT`.
    pub fn next(&mut self) -> Result<ServerMessage, String> {
        loop {
            if let Some(arrival) = self.take_message()? {
                return Ok(arrival);
            }
            if self.inbox.len() > MESSAGE_BYTES_MAX {
                return Err("the sound server sent a message that is too long".to_owned());
            }
            let held = self.inbox.len();
            self.inbox.resize(held + 4_096, 0);
            let read = self.socket.read(&mut self.inbox[held..]);
            self.inbox.truncate(held + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Err("the sound server ended".to_owned()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(ServerMessage::Idle);
                }
                Err(error) => return Err(protocol_error(&error)),
            }
        }
    }

    /// Returns the next complete message in the inbox that this client understands; `None` if more must be read first.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the protocol has many commands, and most are passed on")]
    fn take_message(&mut self) -> Result<Option<ServerMessage>, String> {
        self.inbox.drain(..self.done);
        self.done = 0;
        while let Some(head) = self.inbox.get(self.done..self.done + DESCRIPTOR_SIZE) {
            let descriptor = read_descriptor(&mut Cursor::new(head)).map_err(|error| protocol_error(&error))?;
            let start = self.done + DESCRIPTOR_SIZE;
            let Some(message) = self.inbox.get(start..start + descriptor.length as usize) else { break };
            self.done = start + message.len();
            if descriptor.channel != u32::MAX {
                continue;
            }
            let mut cursor = Cursor::new(message);
            // The server may be newer than this client; unknown messages are ignored.
            let Ok((number, command)) = Command::read_tag_prefixed(&mut cursor, self.version) else { continue };
            self.body = start + usize::try_from(cursor.position()).unwrap_or(0);
            return Ok(Some(match command {
                Command::Reply => ServerMessage::Reply(number),
                Command::Error(error) => ServerMessage::Error(number, error.to_string()),
                other => ServerMessage::Notification(other),
            }));
        }
        self.inbox.drain(..self.done);
        self.done = 0;
        Ok(None)
    }

    /// Parses the content of the latest [`ServerMessage::Reply`].
    pub fn reply<R: CommandReply>(&self) -> Result<R, ProtocolError> {
        let mut cursor = Cursor::new(self.inbox.get(self.body..self.done).unwrap_or_default());
        TagStructReader::new(&mut cursor, self.version).read()
    }

    /// Sends a request and waits for its reply, ignoring any other message. Fails if there is no reply within about
    /// `REPLY_TIMEOUT`.
    pub fn request<R: CommandReply>(&mut self, question: &Command) -> Result<R, String> {
        let number = self.send(question)?;
        let until = Instant::now() + REPLY_TIMEOUT;
        loop {
            match self.next()? {
                ServerMessage::Reply(to) if to == number => {
                    return self.reply().map_err(|error| protocol_error(&error));
                }
                ServerMessage::Error(to, why) if to == number => return Err(format!("the sound server: {why}")),
                ServerMessage::Notification(_)
                | ServerMessage::Reply(_)
                | ServerMessage::Error(..)
                | ServerMessage::Idle => {
                    if Instant::now() > until {
                        return Err("the sound server does not answer".to_owned());
                    }
                }
            }
        }
    }

    /// Queries every output except the null output.
    pub fn sinks(&mut self) -> Result<Vec<SinkInfo>, String> {
        let mut sinks: Vec<SinkInfo> = self.request(&Command::GetSinkInfoList)?;
        sinks.retain(|sink| !is_null_output(&sink.name));
        Ok(sinks)
    }

    /// Queries the name of the server's default output.
    pub fn default_sink(&mut self) -> Result<Option<CString>, String> {
        let info: ServerInfo = self.request(&Command::GetServerInfo)?;
        Ok(info.default_sink_name)
    }
}

/// Returns whether `name` is the name of a null output: [`NULL_OUTPUT`], possibly followed by a dot and a number.
pub fn is_null_output(name: &CStr) -> bool {
    name.to_bytes().strip_prefix(NULL_OUTPUT).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
}

/// Pads a cookie with zeros, or truncates it, to the only length that servers accept. PipeWire and PulseAudio both
/// refuse an empty cookie but accept zeros.
fn cookie_of(mut read: Vec<u8>) -> Vec<u8> {
    read.resize(COOKIE_BYTES, 0);
    read
}

/// Returns whether this error means that no server is listening on the socket.
fn is_nobody_listening(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::NotADirectory)
}

fn listens(path: &Path) -> bool {
    !UnixStream::connect(path).is_err_and(|error| is_nobody_listening(&error))
}

fn protocol_error(error: &impl std::fmt::Display) -> String {
    format!("the sound server: {error}")
}

/// Returns the possible paths of PipeWire's own socket; none if `PULSE_SERVER` is set.
fn pipewire_paths(environment: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    if environment("PULSE_SERVER").is_some_and(|named| !named.is_empty()) {
        return Vec::new();
    }
    let system = PathBuf::from("/run/pipewire");
    let folders =
        [environment("PIPEWIRE_RUNTIME_DIR").map(PathBuf::from), Some(runtime_folder(&environment)), Some(system)];
    folders.into_iter().flatten().map(|folder| folder.join("pipewire-0")).collect()
}

/// Returns the possible paths of the server's socket, in the order in which the PulseAudio client library tries them.
fn socket_paths(environment: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    if let Some(named) = environment("PULSE_SERVER").filter(|named| !named.is_empty()) {
        // A server on another machine is not supported here; it is reached through ALSA instead.
        let local = named.strip_prefix("unix:").or_else(|| named.starts_with('/').then_some(named.as_str()));
        return local.map(PathBuf::from).into_iter().collect();
    }
    let folders = [
        environment("PULSE_RUNTIME_PATH").map(PathBuf::from),
        Some(runtime_folder(&environment).join("pulse")),
        Some(PathBuf::from("/run/pulse")),
    ];
    folders.into_iter().flatten().map(|folder| folder.join("native")).collect()
}

/// Returns the folder of this user's sockets.
fn runtime_folder(environment: impl Fn(&str) -> Option<String>) -> PathBuf {
    let usual = || PathBuf::from(format!("/run/user/{}", rustix::process::getuid().as_raw()));
    environment("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()).map_or_else(usual, PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pulse_server_overrides_every_other_socket() {
        let named = |name: &str| (name == "PULSE_SERVER").then(|| "unix:/somewhere/native".to_owned());
        assert_eq!(socket_paths(named), [PathBuf::from("/somewhere/native")]);
        let far = |name: &str| (name == "PULSE_SERVER").then(|| "tcp:clinic".to_owned());
        assert!(socket_paths(far).is_empty());
        let session = |name: &str| (name == "XDG_RUNTIME_DIR").then(|| "/run/here".to_owned());
        assert_eq!(socket_paths(session)[0], PathBuf::from("/run/here/pulse/native"));
    }

    /// Connects with `folder` as this user's runtime folder.
    fn connect_in(folder: &Path) -> Result<PulseConnection, ConnectError> {
        let folder = folder.to_str().unwrap().to_owned();
        PulseConnection::connect_by(move |name| (name == "XDG_RUNTIME_DIR").then(|| folder.clone()))
    }

    #[test]
    fn an_unusable_server_differs_from_none() {
        let run = tempfile::tempdir().unwrap();
        std::fs::create_dir(run.path().join("pulse")).unwrap();
        assert_eq!(connect_in(run.path()).err(), Some(ConnectError::NotRunning));
        let socket = run.path().join("pulse/native");
        let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let ending = std::thread::spawn(move || drop(listener.accept()));
        assert!(matches!(connect_in(run.path()).err(), Some(ConnectError::Unusable(_))), "it took us and hung up");
        ending.join().unwrap();
        assert!(socket.exists());
        assert_eq!(connect_in(run.path()).err(), Some(ConnectError::NotRunning), "what a killed server leaves behind");
    }

    #[test]
    fn pipewire_without_pipewire_pulse_is_reported_with_the_remedy() {
        let run = tempfile::tempdir().unwrap();
        let _pipewire = std::os::unix::net::UnixListener::bind(run.path().join("pipewire-0")).unwrap();
        let refused = connect_in(run.path()).err();
        assert!(
            matches!(&refused, Some(ConnectError::Unusable(why)) if why.contains("install pipewire-pulse")),
            "{refused:?}"
        );
    }

    #[test]
    fn cookies_are_padded_or_truncated_to_256_bytes() {
        assert_eq!(cookie_of(Vec::new()), [0; COOKIE_BYTES]);
        assert_eq!(cookie_of(vec![7; 300]), [7; COOKIE_BYTES]);
        assert_eq!(cookie_of(vec![7; 3])[..4], [7, 7, 7, 0]);
    }

    #[test]
    fn null_outputs_are_recognised() {
        assert!(is_null_output(c"auto_null") && is_null_output(c"auto_null.2"));
        assert!(!is_null_output(c"room") && !is_null_output(c"auto_nullity"));
    }

    #[test]
    fn garbage_from_the_server_is_an_error_rather_than_a_panic() {
        let (here, mut there) = UnixStream::pair().unwrap();
        there.write_all(&[0xFF; 64]).unwrap();
        drop(there);
        assert!(PulseConnection::authenticate(here).is_err());
        let (here, mut there) = UnixStream::pair().unwrap();
        // A message of four bytes that is not a command, then the end of the stream.
        let mut message = [0; DESCRIPTOR_SIZE + 4];
        message[3] = 4;
        message[4..8].fill(0xFF);
        there.write_all(&message).unwrap();
        drop(there);
        assert!(PulseConnection::authenticate(here).is_err());
    }
}
