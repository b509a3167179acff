//! A PulseAudio of our own, seen from outside (starting it) and from inside (its outputs, what they play).

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use stillroom::sound::{Mix, News, Options, Signal, Sound};

const FOLDER: &str = "STILLROOM_TEST_SOUND_FOLDER";

/// A child that does not outlive the test.
pub struct Kept(pub Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The server as a test uses it.
pub struct Server {
    process: Option<Kept>,
    sinks: &'static [&'static str],
}

/// Runs `body` with a server that has these outputs. `test` is the test's whole name.
pub fn with_server(test: &str, sinks: &'static [&'static str], body: fn(&mut Server)) {
    if std::env::var_os(FOLDER).is_some() {
        let mut server = Server { process: None, sinks };
        server.start();
        return body(&mut server);
    }
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    std::fs::create_dir(&run).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--include-ignored"])
        .env(FOLDER, folder.path())
        .env("HOME", folder.path())
        .env("XDG_RUNTIME_DIR", &run)
        .env("PULSE_SERVER", format!("unix:{}", run.join("native").display()))
        .env_remove("PULSE_SINK")
        .status()
        .unwrap();
    assert!(status.success(), "the test failed on its own sound server");
}

impl Server {
    pub fn start(&mut self) {
        let folder = std::env::var(FOLDER).unwrap();
        let socket = Path::new(&folder).join("run/native");
        let mut command = Command::new("pulseaudio");
        command.args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"]);
        for sink in self.sinks {
            command.arg(format!("--load=module-null-sink sink_name={sink} rate=48000"));
        }
        command.arg(format!("--load=module-native-protocol-unix socket={} auth-anonymous=1", socket.display()));
        let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process =
            started.expect("these tests need pulseaudio and pactl: apt-get install pulseaudio pulseaudio-utils");
        self.process = Some(Kept(process));
        wait_for("the sound server", Duration::from_secs(20), || pactl(&["info"]).is_ok());
    }

    pub fn kill(&mut self) {
        self.process = None;
    }
}

/// What `pactl` says, or that it cannot.
pub fn pactl(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("pactl").args(arguments).output().expect("these tests need pactl");
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

/// Listens to an output.
pub struct Ear {
    _recorder: Kept,
    peaks: Receiver<(Instant, f32)>,
}

impl Ear {
    pub fn at(sink: &str) -> Self {
        let mut recorder = Command::new("parec")
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

    /// The loudest within the next `span`.
    pub fn loudest_for(&self, span: Duration) -> f32 {
        while self.peaks.try_recv().is_ok() {}
        let until = Instant::now() + span;
        let mut loudest = 0.0_f32;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            loudest = self.peaks.recv_timeout(left).map_or(loudest, |(_, peak)| loudest.max(peak));
        }
        loudest
    }

    /// When something louder than `peak` is heard.
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

    /// Forgets what was heard so far.
    pub fn attend(&self) {
        while self.peaks.try_recv().is_ok() {}
    }
}

/// A room's sound and what it tells.
pub struct Room {
    pub sound: Sound,
    news: Receiver<(Instant, News)>,
}

impl Room {
    pub fn open(options: Options) -> Self {
        let (tell, news) = channel();
        let sound = Sound::start(options, move |news| drop(tell.send((Instant::now(), news))));
        let bed = (stillroom::sound::Bed::ALL[0], 0.0);
        sound.set_mix(Mix { beds: [Some(bed), None], volume_db: -3.0, ..Mix::default() });
        Self { sound, news }
    }

    /// The next news that `is_it`, and when it was told.
    pub fn news_within(&self, within: Duration, is_it: impl Fn(&News) -> bool) -> (Instant, News) {
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

    pub fn is_playing(&self) {
        self.news_within(Duration::from_secs(15), |news| *news == News::DeviceBack);
    }

    pub fn signal(&self, signal: Signal) {
        self.sound.signal(signal);
    }
}
