//! Owns the tests of taking a note home with the whole program, either on paper, through the system's print server, or
//! as a file that only a therapist can open. They also check that a reset leaves nothing of the note behind.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use serde_json::json;

use crate::kiosk::{Home, Kiosk, eventually};

const WORDS: &str = "the heron stood in the shallow water";

fn write_and_come_back(kiosk: &mut Kiosk) {
    kiosk.first();
    kiosk.tell("visit_begins");
    kiosk.send(&json!({"event": "note_typed", "text": WORDS}));
    kiosk.tell("session_begins");
    kiosk.tell("after_begins");
    kiosk.wait("after", |line| line["stage"] == "after" && line["note_pages"] == 1);
}

fn write_and_print(kiosk: &mut Kiosk) {
    write_and_come_back(kiosk);
    kiosk.tell("take_home_ways");
    kiosk.reach("a printer", |line| line["ways"] == json!(["phone", "paper"]));
    kiosk.send(&json!({"event": "take_home", "way": "paper"}));
    kiosk.reach("printed", |line| line["taking"]["paper"] == "done");
}

fn reset(kiosk: &mut Kiosk) {
    kiosk.tell("staff_reset");
    kiosk.reach("ready again", |line| line["stage"] == "ready" && line["receipt"]["verified"] == true);
}

/// What the print server of a test prints to.
#[derive(Clone, Copy, Debug)]
enum Printer {
    /// A device that receives the data unchanged.
    Paper,
    /// PDF files written by CUPS-PDF. Jobs pass through all the filters that a real printer needs.
    Files,
}

const PDF_PRINTER: &str = "/usr/share/ppd/cups-pdf/CUPS-PDF_opt.ppd";
/// The folder in which CUPS-PDF stores what unknown users print.
const PDF_FOLDER: &str = "/var/spool/cups-pdf/ANONYMOUS";

/// A print server for one test.
struct Cups {
    server: Child,
    spool: std::path::PathBuf,
    paper: Option<JoinHandle<Vec<u8>>>,
}

impl Drop for Cups {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Cups {
    /// Starts a print server. Returns `None` if CUPS is not installed, or if this user is not root.
    fn start(home: &Home, printer: Printer) -> Option<Self> {
        let is_root = fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t0");
        if !is_root || !Path::new("/usr/sbin/cupsd").exists() {
            eprintln!("cups is not installed, or this is not root: printing is not tried");
            return None;
        }
        let (at, socket) = (home.folder().join("cups"), home.print_server());
        for folder in ["root/ppd", "run", "spool/tmp", "cache", "log"] {
            fs::create_dir_all(at.join(folder)).unwrap();
        }
        let policy = "<Policy default>\n<Limit Cancel-Job>\nRequire user @OWNER @SYSTEM\nOrder deny,allow\n</Limit>\n\
                      <Limit All>\nOrder deny,allow\n</Limit>\n</Policy>\n";
        let conf = format!("Listen {}\nBrowsing No\nWebInterface No\n{policy}", socket.display());
        let folders = [
            ("ServerRoot", "root"),
            ("StateDir", "run"),
            ("RequestRoot", "spool"),
            ("TempDir", "spool/tmp"),
            ("CacheDir", "cache"),
            ("ErrorLog", "log/error"),
            ("AccessLog", "log/access"),
            ("PageLog", "log/page"),
        ];
        let folders = folders.map(|(key, folder)| format!("{key} {}\n", at.join(folder).display()));
        let files = format!("SystemGroup root\n{}", folders.concat());
        fs::write(at.join("cupsd.conf"), conf).unwrap();
        fs::write(at.join("files.conf"), files).unwrap();
        let mut command = Command::new("/usr/sbin/cupsd");
        command.arg("-f").arg("-c").arg(at.join("cupsd.conf")).arg("-s").arg(at.join("files.conf"));
        let server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut cups = Self { server, spool: at.join("spool"), paper: None };
        let admin = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).env("CUPS_SERVER", &socket).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        eventually("a print server", || socket.exists() && admin("lpstat", &["-r"]));
        let added = match printer {
            Printer::Paper => {
                let paper = TcpListener::bind("127.0.0.1:0").unwrap();
                let device = format!("socket://{}", paper.local_addr().unwrap());
                cups.paper = Some(std::thread::spawn(move || {
                    let mut all = Vec::new();
                    paper.accept().unwrap().0.read_to_end(&mut all).unwrap();
                    all
                }));
                admin("lpadmin", &["-p", "desk", "-E", "-v", &device, "-m", "raw"])
            }
            Printer::Files => admin("lpadmin", &["-p", "desk", "-E", "-v", "cups-pdf:/", "-P", PDF_PRINTER]),
        };
        assert!(added && admin("lpadmin", &["-d", "desk"]), "{printer:?}");
        Some(cups)
    }

    fn spooled(&self) -> usize {
        let entries = fs::read_dir(&self.spool).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().path().is_file()).count()
    }
}

#[test]
fn a_note_is_printed_and_the_print_server_keeps_nothing_of_it() {
    let home = Home::new();
    home.configure("");
    let Some(mut cups) = Cups::start(&home, Printer::Paper) else { return };
    let mut kiosk = home.start(1);
    write_and_print(&mut kiosk);
    let paper = cups.paper.take().unwrap().join().unwrap();
    assert!(paper.starts_with(b"%PDF-"));
    assert_eq!(cups.spooled(), 0);
    assert!(!home.files().iter().any(|file| file.to_string_lossy().contains("take-home")));
    reset(&mut kiosk);
    let complaints = kiosk.complaints();
    assert!(!complaints.contains("heron"), "{complaints}");
}

#[test]
#[ignore = "needs printer-driver-cups-pdf: make soak"]
fn soak_a_note_comes_whole_out_of_a_printer_that_writes_files() {
    assert!(Path::new(PDF_PRINTER).exists(), "apt-get install printer-driver-cups-pdf");
    let home = Home::new();
    home.configure("");
    // The folder may contain files from earlier jobs, which the test must not touch.
    let files = || fs::read_dir(PDF_FOLDER).unwrap().map(|file| file.unwrap().path());
    let before: Vec<_> = files().collect();
    let printed = || files().find(|file| !before.contains(file));
    let cups = Cups::start(&home, Printer::Files).expect("cups, and to be root");
    let mut kiosk = home.start(1);
    write_and_print(&mut kiosk);
    eventually("a printed file", || printed().is_some());
    let printed = printed().unwrap();
    // The filters turn letters into shapes, so the test cannot read the words. It checks that there is one page, which
    // is neither blank nor too dark.
    let drawn = Command::new("pdftoppm").args(["-gray", "-r", "40"]).arg(&printed).output();
    fs::remove_file(&printed).unwrap();
    let drawn = drawn.expect("pdftoppm of cups-filters").stdout;
    assert_eq!(drawn.windows(3).filter(|bytes| *bytes == b"P5\n").count(), 1, "one page");
    let dark = drawn.iter().filter(|gray| **gray < 128).count() as f64 / drawn.len() as f64;
    assert!((0.001..0.05).contains(&dark), "{dark:.4} of the page is dark");
    // CUPS-PDF names the file after the job. The job's name also appears in the print server's logs and on the
    // printer's display.
    assert!(!printed.to_string_lossy().contains("heron"), "the job's name contains the patient's words");
    assert_eq!(cups.spooled(), 0);
    reset(&mut kiosk);
}

#[test]
fn a_room_that_cannot_cancel_its_print_job_is_not_ready_until_it_can() {
    let home = Home::new();
    home.configure("");
    let mut kiosk = home.start(1);
    write_and_come_back(&mut kiosk);
    // The marker file is what a power cut during printing leaves behind. The print server is not running.
    let mark = home.state.join("take-home.printing");
    fs::write(&mark, b"").unwrap();
    kiosk.tell("staff_reset");
    kiosk.reach("blocked", |line| line["stage"] == "blocked");
    assert!(mark.exists());
    let Some(_cups) = Cups::start(&home, Printer::Paper) else { return };
    reset(&mut kiosk);
    assert!(!mark.exists());
}

#[test]
fn a_sealed_note_opens_with_the_therapists_key() {
    let home = Home::new();
    let therapist = age::x25519::Identity::generate();
    let place = home.folder().join("for-the-therapist");
    fs::create_dir(&place).unwrap();
    let key = therapist.to_public();
    home.configure(&format!(
        "[take_home]\nprinter = \"none\"\nrecipient = \"{key}\"\nfolder = \"for-the-therapist\"\n"
    ));
    let mut kiosk = home.start(1);
    write_and_come_back(&mut kiosk);
    kiosk.tell("take_home_ways");
    kiosk.reach("a key", |line| line["ways"] == json!(["phone", "sealed"]));
    kiosk.refused(r#"{"event":"take_home","way":"paper"}"#, "this way is not open");
    kiosk.send(&json!({"event": "take_home", "way": "sealed"}));
    kiosk.reach("sealed", |line| line["taking"]["sealed"] == "done");
    let files: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let sealed = fs::read(file).unwrap();
    assert!(age::decrypt(&therapist, &sealed).unwrap().starts_with(b"%PDF-"));
    reset(&mut kiosk);
    assert!(!kiosk.complaints().contains("heron"));
}

#[test]
fn a_missing_folder_is_reported_and_sealing_can_be_tried_again() {
    let home = Home::new();
    let key = age::x25519::Identity::generate().to_public();
    home.configure(&format!("[take_home]\nprinter = \"none\"\nrecipient = \"{key}\"\nfolder = \"later\"\n"));
    let mut kiosk = home.start(1);
    write_and_come_back(&mut kiosk);
    kiosk.tell("take_home_ways");
    kiosk.reach("a key", |line| line["ways"] == json!(["phone", "sealed"]));
    kiosk.send(&json!({"event": "take_home", "way": "sealed"}));
    kiosk.reach("not written", |line| line["taking"]["sealed"] == "place-unwritable");
    fs::create_dir(home.folder().join("later")).unwrap();
    kiosk.send(&json!({"event": "take_home", "way": "sealed"}));
    kiosk.reach("sealed", |line| line["taking"]["sealed"] == "done");
}
