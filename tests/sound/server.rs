//! Owns the sound server of a test, which is PulseAudio or PipeWire. Functions here start it, manage its outputs, and
//! record what they play. The tools for this have their own authentication cookie, so that the room's user has none.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use stillroom::sound::{Mix, Options, SoundEvent, SoundHandle};
use stillroom::vocabulary::signal::Signal;

const FOLDER: &str = "STILLROOM_TEST_SOUND_FOLDER";
/// Socket of a server that the room cannot find, because the socket is not at the usual path.
const ELSEWHERE: &str = "run/elsewhere/native";

/// A child process that is killed when this is dropped.
pub struct Kept(pub Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Which sound server a test runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    PulseAudio,
    PipeWire,
    /// A PulseAudio that can be reached only through ALSA, once [`library`] has been called. The room finds no server,
    /// only an ALSA output that plays like a sound card.
    Library,
}

/// The server under test.
pub struct Server {
    kind: Kind,
    /// The processes of the server, which are killed in reverse order.
    processes: Vec<Kept>,
    sinks: &'static [&'static str],
}

/// Runs `body` with a PulseAudio that has the outputs `sinks`. `test` is the full name of the test that calls this.
pub fn with_server(test: &str, sinks: &'static [&'static str], body: fn(&mut Server)) {
    with(Kind::PulseAudio, test, sinks, body);
}

/// The folder of the current test. Only the subprocess that runs the test's body has one.
pub fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os(FOLDER).unwrap())
}

/// Runs `body` with a server of this kind, as a user who has never used a sound server. ALSA has no output until a test
/// sets one.
pub fn with(kind: Kind, test: &str, sinks: &'static [&'static str], body: fn(&mut Server)) {
    if std::env::var_os(FOLDER).is_some() {
        let mut server = Server { kind, processes: Vec::new(), sinks };
        server.start();
        body(&mut server);
        return server.kill();
    }
    // The folder for sockets and the server's state is in memory, if this machine has `/dev/shm`.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    for name in ["run", "home", "others"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let here = folder.path().to_str().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--include-ignored"])
        .env(FOLDER, here)
        .env("HOME", folder.path().join("home"))
        .env("XDG_RUNTIME_DIR", folder.path().join("run"))
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={here}/run/bus"))
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME")
        .env_remove("PULSE_SERVER")
        .env_remove("PULSE_RUNTIME_PATH")
        .env_remove("PULSE_COOKIE")
        .env_remove("PULSE_SINK")
        .env("ALSA_CONFIG_PATH", folder.path().join("asound.conf"))
        .status()
        .unwrap();
    assert!(status.success(), "the test failed on its own sound server");
}

impl Server {
    pub fn start(&mut self) {
        match self.kind {
            Kind::PulseAudio => self.start_pulseaudio("run/pulse/native"),
            Kind::PipeWire => self.start_pipewire(),
            Kind::Library => self.start_pulseaudio(ELSEWHERE),
        }
    }

    fn start_pulseaudio(&mut self, socket: &str) {
        let socket = folder().join(socket);
        std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
        let mut command = Command::new("pulseaudio");
        command.args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"]);
        for sink in self.sinks {
            command.arg(format!("--load=module-null-sink sink_name={sink} rate=48000"));
        }
        if self.sinks.is_empty() {
            command.arg("--load=module-always-sink");
        }
        command.arg(format!("--load=module-native-protocol-unix socket={} auth-anonymous=1", socket.display()));
        // The server creates a cookie in its home folder. This must not be the home folder of the room's user, who must
        // have no cookie.
        self.spawn(command.env("HOME", folder().join("others")));
        wait_for("the sound server", Duration::from_secs(20), || pactl(&["info"]).is_ok());
    }

    fn start_pipewire(&mut self) {
        let bus = std::env::var("DBUS_SESSION_BUS_ADDRESS").unwrap();
        self.spawn(Command::new("dbus-daemon").args(["--session", "--nofork", "--nopidfile", "--address"]).arg(bus));
        wait_for("the bus", Duration::from_secs(20), || folder().join("run/bus").exists());
        self.spawn(&mut Command::new("pipewire"));
        wait_for("PipeWire", Duration::from_secs(20), || folder().join("run/pipewire-0").exists());
        self.spawn(&mut Command::new("wireplumber"));
        self.spawn(&mut Command::new("pipewire-pulse"));
        // The null output exists once the session manager has started.
        wait_for("its session manager", Duration::from_secs(20), || {
            pactl(&["list", "short", "sinks"]).is_ok_and(|sinks| sinks.contains("auto_null"))
        });
        for sink in self.sinks {
            add_sink(sink);
        }
        let named = |sinks: &str| self.sinks.iter().all(|sink| sinks.contains(sink));
        wait_for("its outputs", Duration::from_secs(20), || {
            let default = pactl(&["get-default-sink"]).is_ok_and(|name| self.sinks.is_empty() || named(name.trim()));
            let listed = pactl(&["list", "short", "sinks"]).is_ok_and(|sinks| named(&sinks));
            listed && (default || self.sinks.len() > 1)
        });
    }

    fn spawn(&mut self, command: &mut Command) {
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let packages = "pulseaudio pulseaudio-utils pipewire wireplumber pipewire-pulse dbus-daemon";
        let process = started.unwrap_or_else(|error| panic!("{error}; these tests need apt-get install {packages}"));
        self.processes.push(Kept(process));
    }

    pub fn kill(&mut self) {
        while self.processes.pop().is_some() {}
        // A killed server leaves its sockets behind, as after a crash. They are removed, because the next start waits
        // until the sockets of the new server exist.
        if self.kind == Kind::PipeWire {
            for name in ["run/bus", "run/pipewire-0"] {
                let _ = std::fs::remove_file(folder().join(name));
            }
        }
    }
}

/// A command that runs one of the server's client tools, with the tools' own cookie.
fn tool(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PULSE_COOKIE", folder().join("others/cookie"));
    if folder().join(ELSEWHERE).exists() {
        command.env("PULSE_SERVER", format!("unix:{}", folder().join(ELSEWHERE).display()));
    }
    command
}

/// Gives ALSA a default output that plays on the server at [`ELSEWHERE`], and looks like a sound card to the room.
pub fn library() {
    let server = folder().join(ELSEWHERE);
    let server = server.display();
    library_with(&format!("pcm.!default {{ type pulse server \"unix:{server}\" }}\n"));
}

/// Sets ALSA's configuration.
pub fn library_with(settings: &str) {
    std::fs::write(std::env::var_os("ALSA_CONFIG_PATH").unwrap(), settings).unwrap();
}

/// Runs `pactl`. Returns its standard output, or its standard error if it fails.
pub fn pactl(arguments: &[&str]) -> Result<String, String> {
    let output = tool("pactl").args(arguments).output().expect("these tests need pactl");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

pub fn add_sink(name: &str) -> String {
    let module = pactl(&["load-module", "module-null-sink", &format!("sink_name={name}"), "rate=48000"]).unwrap();
    module.trim().to_owned()
}

pub fn remove_sink(name: &str) {
    let modules = pactl(&["list", "short", "modules"]).unwrap();
    let line = modules.lines().find(|line| line.contains(&format!("sink_name={name}"))).unwrap();
    pactl(&["unload-module", line.split('\t').next().unwrap()]).unwrap();
}

pub fn wait_for(what: &str, within: Duration, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + within;
    while !is_so() {
        assert!(Instant::now() < until, "{what}: not within {within:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A recorder of one output.
pub struct Ear {
    _recorder: Kept,
    peaks: Receiver<(Instant, f32)>,
}

impl Ear {
    pub fn at(sink: &str) -> Self {
        let mut recorder = tool("parec")
            .args(["--raw", "--format=float32le", "--channels=1", "--rate=48000", "--latency-msec=10"])
            .arg(format!("--device={sink}.monitor"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("these tests need parec");
        let mut heard = recorder.stdout.take().unwrap();
        let (tell, peaks) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = heard.read(&mut bytes) {
                let samples = bytes[..count].chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()));
                let peak = samples.map(f32::abs).filter(|sample| sample.is_finite()).fold(0.0, f32::max);
                if tell.send((Instant::now(), peak)).is_err() {
                    return;
                }
            }
        });
        let ear = Self { _recorder: Kept(recorder), peaks };
        ear.peaks.recv_timeout(Duration::from_secs(10)).expect("nothing can be heard at all");
        ear
    }

    /// The peak amplitude during the next `span`. Full scale is 1.
    pub fn loudest_for(&self, span: Duration) -> f32 {
        while self.peaks.try_recv().is_ok() {}
        let until = Instant::now() + span;
        let mut loudest = 0.0_f32;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            loudest = self.peaks.recv_timeout(left).map_or(loudest, |(_, peak)| loudest.max(peak));
        }
        loudest
    }

    /// Waits for a peak above `peak`, and returns the time at which it was recorded. `None` if no such peak comes
    /// within `within`.
    pub fn wait_for(&self, peak: f32, within: Duration) -> Option<Instant> {
        let until = Instant::now() + within;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if let Ok((at, loudest)) = self.peaks.recv_timeout(left)
                && loudest > peak
            {
                return Some(at);
            }
        }
        None
    }

    /// Discards everything that has been recorded so far.
    pub fn attend(&self) {
        while self.peaks.try_recv().is_ok() {}
    }
}

/// A room's sound and its events.
pub struct Room {
    pub sound: SoundHandle,
    news: Receiver<(Instant, SoundEvent)>,
}

impl Room {
    pub fn open(options: Options) -> Self {
        let (tell, news) = channel();
        let sound = SoundHandle::start(options, move |news| drop(tell.send((Instant::now(), news))));
        let bed = (stillroom::vocabulary::sound::Bed::ALL[0], 0.0);
        sound.set_mix(Mix { beds: [Some(bed), None], volume_db: -3.0, ..Mix::default() });
        Self { sound, news }
    }

    /// Waits for an event for which `is_it` returns true. Returns its time and the event. Panics after `within`.
    pub fn news_within(&self, within: Duration, is_it: impl Fn(&SoundEvent) -> bool) -> (Instant, SoundEvent) {
        let until = Instant::now() + within;
        let mut others = Vec::new();
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match self.news.recv_timeout(left) {
                Ok(told) if is_it(&told.1) => return told,
                Ok((_, other)) => others.push(other),
                Err(_) => break,
            }
        }
        panic!("not told within {within:?}; told were {others:?}");
    }

    /// Waits for `span`. Panics if, during this time, the room reports that sound is back, or that it has been lost
    /// again.
    pub fn is_silent_for(&self, span: Duration) {
        let until = Instant::now() + span;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if let Ok((_, told)) = self.news.recv_timeout(left) {
                assert!(!matches!(told, SoundEvent::DeviceBack | SoundEvent::DeviceLost { .. }), "{told:?}");
            }
        }
    }

    pub fn is_playing(&self) {
        self.news_within(Duration::from_secs(15), |news| *news == SoundEvent::DeviceBack);
    }

    pub fn signal(&self, signal: Signal) {
        self.sound.signal(signal);
    }
}
