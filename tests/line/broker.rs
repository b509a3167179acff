//! Owns a mosquitto process that serves as the MQTT broker of a test, with its own folder and a free port. Tests can
//! freeze it, kill it, and restart it without its state.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::link::{FAR, Link};

/// A mosquitto process, which is killed when this is dropped.
pub struct Mosquitto {
    folder: tempfile::TempDir,
    pub port: u16,
    process: Option<Child>,
    is_tls: bool,
    link: Option<Link>,
}

impl Mosquitto {
    /// Starts a broker that accepts any client on this machine and stores nothing on disk.
    pub fn open() -> Self {
        Self::start("allow_anonymous true\n", None, None)
    }

    /// Starts a broker like [`Mosquitto::open`], but on a network that the test can cut off, as if by pulling a cable.
    pub fn behind_a_cable() -> Self {
        Self::start("allow_anonymous true\n", None, Some(Link::open()))
    }

    /// Starts a broker like [`Mosquitto::open`] that also logs which clients connect.
    pub fn that_logs() -> Self {
        Self::start("allow_anonymous true\nlog_type notice\nlog_dest file {}/log\n", None, None)
    }

    /// Returns the client ids that start with `begins`, in the order in which the clients connected. Requires
    /// [`Mosquitto::that_logs`].
    pub fn signed_in(&self, begins: &str) -> Vec<String> {
        let log = std::fs::read_to_string(self.file("log")).unwrap();
        let names = log.lines().filter(|line| line.contains("New client connected"));
        let names = names.filter_map(|line| line.split(" as ").nth(1)?.split(' ').next());
        names.filter(|name| name.starts_with(begins)).map(str::to_owned).collect()
    }

    /// Returns the cable of [`Mosquitto::behind_a_cable`].
    pub fn cable(&self) -> &Link {
        self.link.as_ref().expect("a broker without a cable")
    }

    /// Starts a broker that requires TLS, has its own certificate authority, and accepts one user.
    pub fn with_tls(user: &str, password: &str) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca = authority.self_signed(&key).unwrap();
        let issuer = rcgen::Issuer::new(authority, key);
        let own_key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let own = rcgen::CertificateParams::new(names).unwrap().signed_by(&own_key, &issuer).unwrap();
        Self::start(
            "allow_anonymous false\npassword_file {}/passwords\ncafile {}/ca.pem\ncertfile {}/own.pem\nkeyfile {}/own-key.pem\n",
            Some(&|folder: &Path| {
                std::fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
                std::fs::write(folder.join("own.pem"), own.pem()).unwrap();
                std::fs::write(folder.join("own-key.pem"), own_key.serialize_pem()).unwrap();
                std::fs::write(folder.join("password"), format!("{password}\n")).unwrap();
                let passwords = folder.join("passwords");
                let mut made = Command::new("mosquitto_passwd");
                assert!(made_ok(made.args(["-b", "-c"]).arg(&passwords).args([user, password])), "mosquitto_passwd");
            }),
            None,
        )
    }

    /// Starts a broker with these users, the access list `access` and the additional settings `rules`. Each user's
    /// password is the user's name, and is also stored in a file with that name.
    pub fn with_access(rules: &str, access: &str, users: &[&str]) -> Self {
        let mut broker = Self::start(
            &format!("allow_anonymous false\npassword_file {{}}/passwords\nacl_file {{}}/access\n{rules}"),
            Some(&|folder: &Path| {
                std::fs::write(folder.join("access"), access).unwrap();
                for (number, user) in users.iter().enumerate() {
                    std::fs::write(folder.join(user), format!("{user}\n")).unwrap();
                    let mut made = Command::new("mosquitto_passwd");
                    made.arg("-b").args((number == 0).then_some("-c")).arg(folder.join("passwords"));
                    assert!(made_ok(made.args([user, user])), "mosquitto_passwd");
                }
            }),
            None,
        );
        broker.is_tls = false;
        broker
    }

    fn start(rules: &str, prepare: Option<&dyn Fn(&Path)>, link: Option<Link>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = lasting_port();
        if let Some(prepare) = prepare {
            prepare(folder.path());
        }
        let rules = rules.replace("{}", &folder.path().display().to_string());
        let host = if link.is_some() { FAR } else { "127.0.0.1" };
        // By default, mosquitto switches from root to a user who cannot read this folder.
        let user = if Path::new("/proc/self").exists() && is_root() { "user root\n" } else { "" };
        let text = format!("{user}persistence false\nlog_type none\nlistener {port} {host}\n{rules}");
        std::fs::write(folder.path().join("mosquitto.conf"), text).unwrap();
        let mut broker = Self { folder, port, process: None, is_tls: prepare.is_some(), link };
        broker.start_again();
        broker
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn host(&self) -> &'static str {
        if self.link.is_some() { FAR } else { "127.0.0.1" }
    }

    pub fn url(&self) -> String {
        if self.is_tls {
            format!("mqtts://localhost:{}", self.port)
        } else {
            format!("mqtt://{}:{}", self.host(), self.port)
        }
    }

    /// Starts mosquitto without any earlier state, and waits until it accepts connections.
    pub fn start_again(&mut self) {
        let program = ["/usr/sbin/mosquitto", "mosquitto"].into_iter().find(|path| Path::new(path).exists());
        let program = program.unwrap_or("mosquitto");
        let mut command = self.link.as_ref().map_or_else(|| Command::new(program), |link| link.behind(program));
        command.arg("-c").arg(self.file("mosquitto.conf")).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().expect("mosquitto is needed; scripts/packages.sh installs it"));
        let until = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect((self.host(), self.port)).is_err() {
            assert!(Instant::now() < until, "mosquitto does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills mosquitto with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Suspends mosquitto. Its sockets stay open.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets mosquitto continue after [`Mosquitto::freeze`].
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().unwrap().id().to_string();
        assert!(made_ok(Command::new("kill").args([signal, &process])));
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns a free port below the range of ephemeral ports, so that no other process takes it while the broker is down.
fn lasting_port() -> u16 {
    let tries = std::iter::repeat_with(|| 20_000 + (getrandom::u32().unwrap() % 12_000) as u16);
    tries.take(100).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

fn made_ok(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
