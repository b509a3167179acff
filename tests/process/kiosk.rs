//! Owns a room under test, which runs in headless mode: its folders, its process, and what that process has written.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Time limit for each wait, long enough for a machine that is busy with other tests.
pub const LIMIT: Duration = Duration::from_secs(15);
/// Size of the file `visit.mark` before any page is sealed, in bytes.
const MARK_OF_NOTHING_BYTES: usize = 68;
/// Interval between two checks of a file or a process.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The folders, the port and the configuration of one room. Several processes can run in it, one after another.
pub struct Home {
    dir: TempDir,
    memory: TempDir,
    /// The desk's port on loopback.
    pub port: u16,
    /// The value of `STATE_DIRECTORY`.
    pub state: PathBuf,
    /// The value of `RUNTIME_DIRECTORY`.
    pub runtime: PathBuf,
    /// The value of `STILLROOM_LOG`.
    pub log: &'static str,
}

impl Home {
    /// Creates a room that has everything it needs, except a sound output.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let memory = tempfile::tempdir_in("/dev/shm").unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let (state, runtime) = (dir.path().join("state"), memory.path().join("keys"));
        let home = Self { dir, memory, port, state, runtime, log: "warn" };
        home.configure("");
        fs::write(home.folder().join("no-sound.conf"), "pcm.!default { type hw card 99 }\n").unwrap();
        home
    }

    /// Writes `kiosk.toml` with the settings that every room under test needs, followed by `more`.
    pub fn configure(&self, more: &str) {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        // The tests may be built outside the repository. In that case, `STILLROOM_REPOSITORY` names it.
        let repository = std::env::var_os("STILLROOM_REPOSITORY").map_or(repository.to_owned(), PathBuf::from);
        let text = format!(
            "[profiles]\ndir = \"{}\"\n[media]\ndir = \"{}\"\n[desk]\nlisten = \"127.0.0.1:{}\"\n{more}",
            repository.join("profiles").display(),
            repository.join("media").display(),
            self.port
        );
        fs::write(self.config(), text).unwrap();
    }

    /// The path of `kiosk.toml`.
    pub fn config(&self) -> PathBuf {
        self.dir.path().join("kiosk.toml")
    }

    /// A folder for further files of a test.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// The path of the socket at which the room expects a print server.
    pub fn print_server(&self) -> PathBuf {
        self.dir.path().join("print-server")
    }

    /// A folder in memory for further files of a test.
    pub fn folder_in_memory(&self) -> &Path {
        self.memory.path()
    }

    /// A command that runs the program with these arguments. The program inherits only `PATH` from this machine's
    /// environment.
    pub fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.dir.path())
            .env("STATE_DIRECTORY", &self.state)
            .env("RUNTIME_DIRECTORY", &self.runtime)
            .env("STILLROOM_LOG", self.log)
            // This print server exists only if a test starts it, so that no test prints on a real printer.
            .env("CUPS_SERVER", self.print_server())
            // Neither sound output exists, so that no test plays on a real one.
            .env("PULSE_SERVER", format!("unix:{}", self.dir.path().join("no-sound-server").display()))
            .env("ALSA_CONFIG_PATH", self.dir.path().join("no-sound.conf"));
        command
    }

    /// Runs the program with these arguments and `input` on its standard input, and waits until it exits.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(&program(), arguments);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        // Writing fails if the program exits before it has read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Starts the room in headless mode with its `kiosk.toml`. Its session clock runs `speed` times as fast as real
    /// time.
    pub fn start(&self, speed: u32) -> Kiosk {
        let config = self.config();
        self.start_with(&program(), &["--speed", &speed.to_string(), "--config", config.to_str().unwrap()])
    }

    /// Starts the room in headless mode with further arguments.
    pub fn start_with(&self, program: &Path, arguments: &[&str]) -> Kiosk {
        let arguments: Vec<&str> = ["run", "--headless"].iter().chain(arguments).copied().collect();
        Kiosk::spawn(self.command(program, &arguments))
    }

    /// Starts the room in headless mode, and never reads its output.
    pub fn start_unread(&self) -> Kiosk {
        let config = self.config();
        let arguments = ["run", "--headless", "--config", config.to_str().unwrap()];
        Kiosk::spawn_with(self.command(&program(), &arguments), false)
    }

    /// The folder of the sealed notes.
    pub fn sealed(&self) -> PathBuf {
        self.state.join("notes.sealed")
    }

    /// The content of the file `visit.mark` beside the visit's key. It changes each time a seal has been completely
    /// written to disk.
    pub fn mark(&self) -> Vec<u8> {
        fs::read(self.runtime.join("visit.mark")).unwrap_or_default()
    }

    /// Whether anything was sealed with the visit's key. The first seal makes `visit.mark` longer.
    pub fn is_sealed(&self) -> bool {
        self.mark().len() > MARK_OF_NOTHING_BYTES
    }

    /// The current content of the journal.
    pub fn journal(&self) -> String {
        fs::read_to_string(self.state.join("journal")).unwrap_or_default()
    }

    /// Every file in the state directory and the runtime directory, and in their subfolders.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.state.clone(), self.runtime.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files
    }
}

/// The path of the program under test.
pub fn program() -> PathBuf {
    option_env!("CARGO_BIN_EXE_stillroom").map(PathBuf::from).unwrap_or_else(|| {
        let path = std::env::var_os("STILLROOM_BIN");
        path.expect("outside its own package, name the program in STILLROOM_BIN").into()
    })
}

/// A running process of a room.
pub struct Kiosk {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<(Instant, String)>,
    said: Arc<Mutex<Vec<u8>>>,
    complained: Arc<Mutex<Vec<u8>>>,
    last: Value,
    /// When the most recently read line arrived.
    pub last_at: Instant,
}

impl Kiosk {
    fn spawn(command: Command) -> Self {
        Self::spawn_with(command, true)
    }

    fn spawn_with(mut command: Command, is_read: bool) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        let (said, complained) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::<Mutex<Vec<u8>>>::default());
        let (tell, lines) = mpsc::channel();
        if is_read {
            let (output, kept) = (child.stdout.take().unwrap(), Arc::clone(&said));
            std::thread::spawn(move || read_lines(output, &kept, &tell));
        }
        let (mut errors, kept) = (child.stderr.take().unwrap(), Arc::clone(&complained));
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = errors.read(&mut piece) {
                kept.lock().unwrap().extend_from_slice(&piece[..read]);
            }
        });
        let input = child.stdin.take();
        Self { child, input, lines, said, complained, last: Value::Null, last_at: Instant::now() }
    }

    /// Starts a room whose standard error goes where `command` sends it, and is not recorded here.
    pub fn spawn_with_errors_elsewhere(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // The command holds a copy of the pipe's writing end, which would keep the pipe open after the room has exited.
        drop(command);
        let (said, complained) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::<Mutex<Vec<u8>>>::default());
        let (tell, lines) = mpsc::channel();
        let (output, kept) = (child.stdout.take().unwrap(), Arc::clone(&said));
        std::thread::spawn(move || read_lines(output, &kept, &tell));
        let input = child.stdin.take();
        Self { child, input, lines, said, complained, last: Value::Null, last_at: Instant::now() }
    }

    /// The room's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The snapshot that was read last. Null before the first.
    pub fn last(&self) -> &Value {
        &self.last
    }

    /// Writes text unchanged to the room's standard input.
    pub fn write(&mut self, text: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(text.as_bytes()).and_then(|()| input.flush()).unwrap();
    }

    /// Sends an event that has a name and no fields.
    pub fn tell(&mut self, event: &str) {
        self.send(&json!({ "event": event }));
    }

    /// Sends an event as a line of JSON.
    pub fn send(&mut self, event: &Value) {
        self.write(&format!("{event}\n"));
    }

    /// Closes the room's standard input.
    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// Waits for the first line that the room writes, and returns it. Panics if a snapshot has already been read.
    pub fn first(&mut self) -> Value {
        assert!(self.last.is_null(), "the first line has been taken already");
        self.wait("the first line", |_| true)
    }

    /// Reads snapshots until `holds` is true of one, and returns it. Panics after [`LIMIT`], and on an error line.
    pub fn wait(&mut self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        self.wait_within(what, LIMIT, holds)
    }

    /// Waits like [`Kiosk::wait`], with a different time limit.
    pub fn wait_within(&mut self, what: &str, limit: Duration, holds: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + limit;
        loop {
            let line = self.line(until, what);
            assert!(line.get("error").is_none(), "waiting for {what}: {line}");
            self.last = line;
            if holds(&self.last) {
                return self.last.clone();
            }
        }
    }

    /// Like [`Kiosk::wait`], but begins with the snapshot that was read last.
    pub fn reach(&mut self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        if !self.last.is_null() && holds(&self.last) {
            return self.last.clone();
        }
        self.wait(what, holds)
    }

    /// Waits for the next error line, and returns its text. Snapshots before it are skipped.
    pub fn error(&mut self) -> String {
        let until = Instant::now() + LIMIT;
        loop {
            let line = self.line(until, "an error");
            match line.get("error") {
                Some(error) => return error.as_str().unwrap().to_owned(),
                None => self.last = line,
            }
        }
    }

    /// Waits until the process has closed its output, and returns all remaining lines.
    pub fn rest(&mut self) -> Vec<Value> {
        let until = Instant::now() + LIMIT;
        let mut rest = Vec::new();
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok((_, line)) => rest.push(serde_json::from_str(&line).unwrap()),
                Err(RecvTimeoutError::Disconnected) => return rest,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; last {rest:?}"),
            }
        }
    }

    /// Sends a line. Asserts that the room answers with an error that contains `words`, and that the snapshot stays the
    /// same.
    pub fn refused(&mut self, line: &str, words: &str) {
        let before = without_troubles(&self.last);
        self.write(&format!("{line}\n"));
        let error = self.error();
        assert!(error.contains(words), "{line} was answered with {error:?}");
        assert_eq!(before, without_troubles(&self.last), "{line} changed something");
    }

    fn line(&mut self, until: Instant, what: &str) -> Value {
        match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok((at, line)) => {
                self.last_at = at;
                let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line:?}"));
                assert!(line.get("error").is_some() || line.get("stage").is_some(), "neither of the two lines: {line}");
                line
            }
            Err(RecvTimeoutError::Timeout) => panic!("no {what}; last {}\n{}", self.last, self.complaints()),
            Err(RecvTimeoutError::Disconnected) => {
                panic!("ended before {what}; last {}\n{}", self.last, self.complaints())
            }
        }
    }

    /// Everything that the room has written to its standard output so far.
    pub fn said(&self) -> Vec<u8> {
        self.said.lock().unwrap().clone()
    }

    /// Everything that the room has written to its standard error so far, without the sound library's lines.
    pub fn complaints(&self) -> String {
        let bytes = self.complained.lock().unwrap().clone();
        let text = String::from_utf8_lossy(&bytes);
        text.lines().filter(|line| !line.starts_with("ALSA lib")).flat_map(|line| [line, "\n"]).collect()
    }

    /// The program's own messages on its standard error so far.
    pub fn complaints_of_its_own(&self) -> Vec<String> {
        own_lines(&self.complaints())
    }

    /// Waits until a message on standard error satisfies `is_wanted`. Standard error is read by a separate thread, so
    /// the message may arrive after a line on standard output that has the same cause.
    pub fn wait_for_complaint(&self, what: &str, is_wanted: impl Fn(&str) -> bool) {
        let limit = Instant::now() + LIMIT;
        while !self.complaints_of_its_own().iter().any(|line| is_wanted(line)) {
            assert!(Instant::now() < limit, "no {what} on standard error: {}", self.complaints());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills the process with SIGKILL, so that, as in a power cut, it cannot finish anything.
    pub fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM to the process, as a service manager does, and waits until it has exited.
    pub fn terminate(&mut self) -> ExitStatus {
        let asked = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.pid())]).status().unwrap();
        assert!(asked.success());
        self.ended()
    }

    /// Waits until the process has exited on its own.
    pub fn ended(&mut self) -> ExitStatus {
        let mut ended = None;
        eventually("the end of the process", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}

impl Drop for Kiosk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(output: ChildStdout, kept: &Mutex<Vec<u8>>, tell: &Sender<(Instant, String)>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        if output.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return;
        }
        kept.lock().unwrap().extend_from_slice(&line);
        let _ = tell.send((Instant::now(), String::from_utf8(line).unwrap()));
    }
}

/// The program's own messages in `errors`, the text of its standard error.
pub fn own_lines(errors: &str) -> Vec<String> {
    // A message may follow output of the sound library on the same line.
    errors.lines().filter_map(|line| Some(line[line.find("stillroom: ")?..].to_owned())).collect()
}

/// Waits until `is_so` returns true. Panics with `what` after [`LIMIT`].
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < until, "no {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Whether a snapshot names a trouble.
pub fn has_trouble(line: &Value, trouble: &str) -> bool {
    line["trouble"].as_array().is_some_and(|troubles| troubles.iter().any(|found| found == trouble))
}

/// The snapshot without the troubles and the session clock, which change without an event.
fn without_troubles(line: &Value) -> Value {
    let mut line = line.clone();
    if let Some(line) = line.as_object_mut() {
        line.remove("trouble");
        line.remove("session_ms");
    }
    line
}
