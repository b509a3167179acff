//! Owns one connection to the sound server, PulseAudio or PipeWire in its manner of speaking: opening it, asking, and
//! reading what the server says. Does not own what is played over it (`stream`) or which output is meant (`selection`).
//!
//! The system's sound library can open the server's own choice of output only, and it hides ports and clocks. This
//! connection names its output, hears at once of a pulled plug, and costs one wake for each period.

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

/// How long an answer may take while a connection is set up.
const ANSWER: Duration = Duration::from_millis(1_500);
/// A read that brings nothing comes back after this long.
const PAUSE: Duration = Duration::from_millis(250);
/// The largest message that is read; a list of many outputs is far smaller.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// The output that a server makes up when it has none: what is played there is heard by nobody.
const NO_OUTPUT: &[u8] = b"auto_null";
/// The length of a cookie. A server takes no other, whatever a cookie holds, and knows its own user without one.
const COOKIE_BYTES: usize = 256;

/// Why there is no connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreached {
    /// No sound server listens.
    Nobody,
    /// One listens and cannot be used, and why. The outputs are its own: there is no way round it.
    Useless(String),
}

/// What the server said.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it lives for one turn of a loop that must not allocate")]
pub enum Arrival {
    /// Something of its own accord.
    Told(Command),
    /// The answer to the question of this number; [`Server::answer`] reads it.
    Answer(u32),
    /// No to the question of this number.
    Refusal(u32, String),
    /// Nothing for a while.
    Nothing,
}

/// A connection.
pub struct Server {
    socket: UnixStream,
    version: u16,
    inbox: Vec<u8>,
    /// Bytes of `inbox` that have been read; those of the last message are kept until the next.
    done: usize,
    /// Where the body of the last answer begins.
    body: usize,
    outbox: Vec<u8>,
    last_question: u32,
}

impl Server {
    /// Connects to the server that the environment names, or to the one that runs for this user or for the system.
    pub fn connect() -> Result<Self, Unreached> {
        Self::connect_by(|name| std::env::var(name).ok())
    }

    fn connect_by(environment: impl Fn(&str) -> Option<String>) -> Result<Self, Unreached> {
        let mut unreached = Unreached::Nobody;
        for path in socket_paths(&environment) {
            match UnixStream::connect(&path) {
                Ok(socket) => return Self::greet(socket).map_err(Unreached::Useless),
                // What a server leaves behind that was killed is a socket on which nobody listens.
                Err(error) if is_nobody(&error) => {}
                Err(error) => {
                    unreached = Unreached::Useless(format!("the sound server at {}: {error}", path.display()));
                }
            }
        }
        if unreached == Unreached::Nobody && pipewire_paths(&environment).iter().any(|path| listens(path)) {
            let why = "PipeWire runs without pipewire-pulse, by which the room speaks to it; install pipewire-pulse";
            return Err(Unreached::Useless(why.to_owned()));
        }
        Err(unreached)
    }

    /// Says who is there, over a socket that leads to a server.
    pub fn greet(socket: UnixStream) -> Result<Self, String> {
        socket
            .set_read_timeout(Some(PAUSE))
            .and_then(|()| socket.set_write_timeout(Some(ANSWER)))
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
        let reply: AuthReply = server.ask(&Command::Auth(auth))?;
        server.version = MAX_VERSION.min(reply.version);
        let mut props = Props::new();
        props.set(Prop::ApplicationName, c"Stillroom");
        if let Ok(process) = CString::new(std::process::id().to_string()) {
            props.set(Prop::ApplicationProcessId, process);
        }
        let _: SetClientNameReply = server.ask(&Command::SetClientName(props))?;
        Ok(server)
    }

    /// A second handle of the same socket, by which another thread can end it.
    pub fn handle(&self) -> Option<UnixStream> {
        self.socket.try_clone().ok()
    }

    /// Sends `question` and gives its number.
    pub fn send(&mut self, question: &Command) -> Result<u32, String> {
        self.last_question = self.last_question.wrapping_add(1);
        self.outbox.clear();
        encode_command_message(&mut self.outbox, self.last_question, question, self.version)
            .map_err(|error| lost(&error))?;
        self.socket.write_all(&self.outbox).map_err(|error| lost(&error))?;
        Ok(self.last_question)
    }

    /// Sends frames to the stream `channel`, without any allocation once the first period has been sent.
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
        self.socket.write_all(&self.outbox).map_err(|error| lost(&error))
    }

    /// The next thing the server says. Comes back with nothing after a quarter of a second.
    pub fn next(&mut self) -> Result<Arrival, String> {
        loop {
            if let Some(arrival) = self.take_message()? {
                return Ok(arrival);
            }
            if self.inbox.len() > MESSAGE_BYTES_MAX {
                return Err("the sound server: a message without end".to_owned());
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
                    return Ok(Arrival::Nothing);
                }
                Err(error) => return Err(lost(&error)),
            }
        }
    }

    /// A whole message from the inbox, if there is one that is understood.
    fn take_message(&mut self) -> Result<Option<Arrival>, String> {
        self.inbox.drain(..self.done);
        self.done = 0;
        while let Some(head) = self.inbox.get(self.done..self.done + DESCRIPTOR_SIZE) {
            let descriptor = read_descriptor(&mut Cursor::new(head)).map_err(|error| lost(&error))?;
            let start = self.done + DESCRIPTOR_SIZE;
            let Some(message) = self.inbox.get(start..start + descriptor.length as usize) else { break };
            self.done = start + message.len();
            if descriptor.channel != u32::MAX {
                continue;
            }
            let mut cursor = Cursor::new(message);
            // A server may be newer than what is understood here; what is not understood is not for us.
            let Ok((number, command)) = Command::read_tag_prefixed(&mut cursor, self.version) else { continue };
            self.body = start + usize::try_from(cursor.position()).unwrap_or(0);
            return Ok(Some(match command {
                Command::Reply => Arrival::Answer(number),
                Command::Error(error) => Arrival::Refusal(number, error.to_string()),
                told => Arrival::Told(told),
            }));
        }
        self.inbox.drain(..self.done);
        self.done = 0;
        Ok(None)
    }

    /// What the last [`Arrival::Answer`] holds.
    pub fn answer<R: CommandReply>(&self) -> Result<R, ProtocolError> {
        let mut cursor = Cursor::new(self.inbox.get(self.body..self.done).unwrap_or_default());
        TagStructReader::new(&mut cursor, self.version).read()
    }

    /// Asks and waits for the answer. What the server tells meanwhile is passed over.
    pub fn ask<R: CommandReply>(&mut self, question: &Command) -> Result<R, String> {
        let number = self.send(question)?;
        let until = Instant::now() + ANSWER;
        loop {
            match self.next()? {
                Arrival::Answer(to) if to == number => return self.answer().map_err(|error| lost(&error)),
                Arrival::Refusal(to, why) if to == number => return Err(format!("the sound server: {why}")),
                _ if Instant::now() > until => return Err("the sound server does not answer".to_owned()),
                _ => {}
            }
        }
    }

    /// Every output that is one.
    pub fn sinks(&mut self) -> Result<Vec<SinkInfo>, String> {
        let mut sinks: Vec<SinkInfo> = self.ask(&Command::GetSinkInfoList)?;
        sinks.retain(|sink| !is_made_up(&sink.name));
        Ok(sinks)
    }

    /// The name of the output that the server chooses when nobody names one.
    pub fn default_sink(&mut self) -> Result<Option<CString>, String> {
        let info: ServerInfo = self.ask(&Command::GetServerInfo)?;
        Ok(info.default_sink_name)
    }
}

/// Whether the output of this name is the one that a server makes up when it has none. A second such is numbered.
pub fn is_made_up(name: &CStr) -> bool {
    name.to_bytes().strip_prefix(NO_OUTPUT).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
}

/// What was read as a cookie, in the one length that is taken. Where there is none it is of zeros: an empty one is
/// refused, by PipeWire and PulseAudio alike.
fn cookie_of(mut read: Vec<u8>) -> Vec<u8> {
    read.resize(COOKIE_BYTES, 0);
    read
}

/// Whether nobody listens there.
fn is_nobody(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::NotADirectory)
}

fn listens(path: &Path) -> bool {
    !UnixStream::connect(path).is_err_and(|error| is_nobody(&error))
}

fn lost(error: &impl std::fmt::Display) -> String {
    format!("the sound server: {error}")
}

/// Where PipeWire's own socket may be; none where another server is named.
fn pipewire_paths(environment: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    if environment("PULSE_SERVER").is_some_and(|named| !named.is_empty()) {
        return Vec::new();
    }
    let system = PathBuf::from("/run/pipewire");
    let folders =
        [environment("PIPEWIRE_RUNTIME_DIR").map(PathBuf::from), Some(user_folder(&environment)), Some(system)];
    folders.into_iter().flatten().map(|folder| folder.join("pipewire-0")).collect()
}

/// Where the server may be found, in the order of its own library.
fn socket_paths(environment: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    if let Some(named) = environment("PULSE_SERVER").filter(|named| !named.is_empty()) {
        // A server on another machine is reached through the system's sound library.
        let local = named.strip_prefix("unix:").or_else(|| named.starts_with('/').then_some(named.as_str()));
        return local.map(PathBuf::from).into_iter().collect();
    }
    let folders = [
        environment("PULSE_RUNTIME_PATH").map(PathBuf::from),
        Some(user_folder(&environment).join("pulse")),
        Some(PathBuf::from("/run/pulse")),
    ];
    folders.into_iter().flatten().map(|folder| folder.join("native")).collect()
}

/// Where sockets of this user lie.
fn user_folder(environment: impl Fn(&str) -> Option<String>) -> PathBuf {
    let usual = || PathBuf::from(format!("/run/user/{}", rustix::process::getuid().as_raw()));
    environment("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()).map_or_else(usual, PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_named_is_the_only_one() {
        let named = |name: &str| (name == "PULSE_SERVER").then(|| "unix:/somewhere/native".to_owned());
        assert_eq!(socket_paths(named), [PathBuf::from("/somewhere/native")]);
        let far = |name: &str| (name == "PULSE_SERVER").then(|| "tcp:clinic".to_owned());
        assert!(socket_paths(far).is_empty());
        let session = |name: &str| (name == "XDG_RUNTIME_DIR").then(|| "/run/here".to_owned());
        assert_eq!(socket_paths(session)[0], PathBuf::from("/run/here/pulse/native"));
    }

    /// Where this test's own user would have its sockets.
    fn connect_in(folder: &Path) -> Result<Server, Unreached> {
        let folder = folder.to_str().unwrap().to_owned();
        Server::connect_by(move |name| (name == "XDG_RUNTIME_DIR").then(|| folder.clone()))
    }

    #[test]
    fn a_server_that_listens_and_cannot_be_used_is_not_the_same_as_none() {
        let run = tempfile::tempdir().unwrap();
        std::fs::create_dir(run.path().join("pulse")).unwrap();
        assert_eq!(connect_in(run.path()).err(), Some(Unreached::Nobody));
        let socket = run.path().join("pulse/native");
        let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let ending = std::thread::spawn(move || drop(listener.accept()));
        assert!(matches!(connect_in(run.path()).err(), Some(Unreached::Useless(_))), "it took us and hung up");
        ending.join().unwrap();
        assert!(socket.exists());
        assert_eq!(connect_in(run.path()).err(), Some(Unreached::Nobody), "what a killed server leaves behind");
    }

    #[test]
    fn pipewire_without_its_pulse_part_is_told_with_the_way_out() {
        let run = tempfile::tempdir().unwrap();
        let _pipewire = std::os::unix::net::UnixListener::bind(run.path().join("pipewire-0")).unwrap();
        let told = connect_in(run.path()).err();
        assert!(matches!(&told, Some(Unreached::Useless(why)) if why.contains("install pipewire-pulse")), "{told:?}");
    }

    #[test]
    fn a_cookie_has_the_one_length_that_is_taken() {
        assert_eq!(cookie_of(Vec::new()), [0; COOKIE_BYTES]);
        assert_eq!(cookie_of(vec![7; 300]), [7; COOKIE_BYTES]);
        assert_eq!(cookie_of(vec![7; 3])[..4], [7, 7, 7, 0]);
    }

    #[test]
    fn what_a_server_makes_up_is_no_output() {
        assert!(is_made_up(c"auto_null") && is_made_up(c"auto_null.2"));
        assert!(!is_made_up(c"room") && !is_made_up(c"auto_nullity"));
    }

    #[test]
    fn nonsense_from_the_other_end_is_an_error_and_no_panic() {
        let (here, mut there) = UnixStream::pair().unwrap();
        there.write_all(&[0xFF; 64]).unwrap();
        drop(there);
        assert!(Server::greet(here).is_err());
        let (here, mut there) = UnixStream::pair().unwrap();
        // a message of four bytes that is no command, then the end
        let mut message = [0; DESCRIPTOR_SIZE + 4];
        message[3] = 4;
        message[4..8].fill(0xFF);
        there.write_all(&message).unwrap();
        drop(there);
        assert!(Server::greet(here).is_err());
    }
}
