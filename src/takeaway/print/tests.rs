use std::io::{BufRead, BufReader, Cursor, Read, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use ipp::parser::IppParser;
use ipp::prelude::{IppVersion, StatusCode};
use ipp::reader::IppReader;

use super::*;
use crate::takeaway::tests::{TYPEFACE, with_note};
use crate::takeaway::{TakeAway, is_clear};

const PDF: &[u8] = b"%PDF-1.7 k4n4ry";
const USER: &str = "stillroom-test";
const QUICK: PrintTimeouts = PrintTimeouts {
    poll_interval: Duration::from_millis(5),
    needs_help_timeout: Duration::from_millis(40),
    job_timeout: Duration::from_millis(400),
};

/// What the fake printer does with a job.
#[derive(Clone, Copy, PartialEq)]
enum Behaviour {
    Prints,
    Aborts,
    HasNoPaper,
    NeverEnds,
    TakesNone,
    IsMissing,
    ForgetsWhatIsDone,
    KeepsWhatIsDone,
}

#[derive(Default)]
struct PrintQueue {
    /// For each job, its number, its owner, its document, and the number of requests for its state.
    jobs: Vec<(i32, String, Vec<u8>, usize)>,
    printed: Vec<Vec<u8>>,
    purges: usize,
}

/// A print server that listens on a Unix socket in a temporary folder.
struct FakePrintServer {
    folder: tempfile::TempDir,
    queue: Arc<Mutex<PrintQueue>>,
}

impl FakePrintServer {
    fn start(behaviour: Behaviour) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        let queue = Arc::new(Mutex::new(PrintQueue::default()));
        let kept = Arc::clone(&queue);
        std::thread::spawn(move || {
            for line in listener.incoming() {
                let Ok(line) = line else { return };
                respond(&line, behaviour, &kept);
            }
        });
        Self { folder, queue }
    }

    fn printer(&self, wanted: Option<&str>) -> Printer {
        let server = PrintServer::Socket(self.folder.path().join("socket"));
        Printer::new(server, wanted.map(str::to_owned), USER.to_owned(), QUICK)
    }
}

fn text(request: &IppRequestResponse, name: &str) -> String {
    value(request, DelimiterTag::OperationAttributes, name).map(ToString::to_string).unwrap_or_default()
}

fn respond(line: &UnixStream, behaviour: Behaviour, queue: &Mutex<PrintQueue>) {
    let mut reader = BufReader::new(line);
    let mut length = 0;
    loop {
        let mut head = String::new();
        reader.read_line(&mut head).unwrap();
        if let Some(said) = head.strip_prefix("Content-Length: ") {
            length = said.trim().parse().unwrap();
        }
        if head.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let request = IppParser::new(IppReader::new(Cursor::new(body))).parse().unwrap();
    let operation = request.header().operation_or_status;
    let mut queue = queue.lock().unwrap();
    let (status, said) = execute(operation, request, behaviour, &mut queue);
    let mut response = IppRequestResponse::new_response(IppVersion::v1_1(), status, 1).unwrap();
    for (group, name, value) in said {
        response.attributes_mut().add(group, IppAttribute::with_name(name, value).unwrap());
    }
    let bytes = response.to_bytes();
    let mut line = line;
    write!(line, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len()).unwrap();
    line.write_all(&bytes).unwrap();
}

type Said = Vec<(DelimiterTag, &'static str, IppValue)>;

fn execute(
    operation: i16,
    request: IppRequestResponse,
    behaviour: Behaviour,
    queue: &mut PrintQueue,
) -> (StatusCode, Said) {
    let keyword = |word: &str| IppValue::new_keyword(word).unwrap();
    let job = text(&request, "job-uri").rsplit('/').next().and_then(|id| id.parse::<i32>().ok());
    let user = text(&request, "requesting-user-name");
    let at = job.and_then(|job| queue.jobs.iter().position(|kept| kept.0 == job && kept.1 == user));
    let is = |known: Operation| operation == known as i16;
    if is(Operation::GetPrinterAttributes) || is(Operation::CupsGetDefault) {
        if behaviour == Behaviour::IsMissing {
            return (StatusCode::ClientErrorNotFound, Vec::new());
        }
        let reason = if behaviour == Behaviour::HasNoPaper { "media-empty-error" } else { "none" };
        let said = vec![
            (DelimiterTag::PrinterAttributes, "printer-name", IppValue::new_name_without_language("desk").unwrap()),
            (
                DelimiterTag::PrinterAttributes,
                "printer-is-accepting-jobs",
                IppValue::new_boolean(behaviour != Behaviour::TakesNone),
            ),
            (DelimiterTag::PrinterAttributes, "printer-state-reasons", keyword(reason)),
        ];
        return (StatusCode::SuccessfulOk, said);
    }
    if is(Operation::PrintJob) {
        let number = i32::try_from(queue.jobs.len()).unwrap() + 7;
        let mut document = Vec::new();
        request.into_payload().read_to_end(&mut document).unwrap();
        queue.jobs.push((number, user, document, 0));
        return (
            StatusCode::SuccessfulOk,
            vec![(DelimiterTag::JobAttributes, "job-id", IppValue::new_integer(number))],
        );
    }
    if is(Operation::GetJobs) {
        let wanted = text(&request, "which-jobs") == "completed";
        let ours = queue.jobs.iter().filter(|kept| kept.1 == user && wanted);
        let said = ours.map(|kept| (DelimiterTag::JobAttributes, "job-id", IppValue::new_integer(kept.0)));
        return (StatusCode::SuccessfulOk, said.collect());
    }
    let Some(at) = at else { return (StatusCode::ClientErrorNotFound, Vec::new()) };
    if is(Operation::CancelJob) {
        assert_eq!(text(&request, "purge-job"), "true");
        if behaviour == Behaviour::KeepsWhatIsDone {
            return (StatusCode::ClientErrorNotAuthorized, Vec::new());
        }
        queue.jobs.remove(at);
        queue.purges += 1;
        return (StatusCode::SuccessfulOk, Vec::new());
    }
    queue.jobs[at].3 += 1;
    let done = queue.jobs[at].3 > 2;
    let state = match behaviour {
        Behaviour::Prints | Behaviour::KeepsWhatIsDone if done => 9,
        Behaviour::Aborts if done => 8,
        Behaviour::ForgetsWhatIsDone if done => {
            let (_, _, document, _) = queue.jobs.remove(at);
            queue.printed.push(document);
            return (StatusCode::ClientErrorNotFound, Vec::new());
        }
        Behaviour::Prints
        | Behaviour::Aborts
        | Behaviour::HasNoPaper
        | Behaviour::NeverEnds
        | Behaviour::TakesNone
        | Behaviour::IsMissing
        | Behaviour::ForgetsWhatIsDone
        | Behaviour::KeepsWhatIsDone => 5,
    };
    if state == 9 {
        let document = queue.jobs[at].2.clone();
        queue.printed.push(document);
    }
    let said = vec![
        (DelimiterTag::JobAttributes, "job-state", IppValue::Enum(state)),
        (DelimiterTag::JobAttributes, "job-state-reasons", keyword("job-printing")),
    ];
    (StatusCode::SuccessfulOk, said)
}

#[test]
fn a_note_is_printed_once_and_the_server_keeps_nothing_of_it() {
    for behaviour in [Behaviour::Prints, Behaviour::ForgetsWhatIsDone] {
        for wanted in [None, Some("desk"), Some("Büro 2")] {
            let server = FakePrintServer::start(behaviour);
            // The limit is long, because this test must also pass on a busy machine.
            let timeouts = PrintTimeouts { job_timeout: Duration::from_secs(20), ..QUICK };
            let socket = PrintServer::Socket(server.folder.path().join("socket"));
            let printer = Printer::new(socket, wanted.map(str::to_owned), USER.to_owned(), timeouts);
            printer.print(wanted.unwrap_or("desk"), PDF, PaperSize::Letter).printed.unwrap();
            let queue = server.queue.lock().unwrap();
            assert!(queue.printed == [PDF] && queue.jobs.is_empty());
        }
    }
}

#[test]
fn a_printer_that_does_not_print_is_reported_and_keeps_nothing_for_the_next_patient() {
    for behaviour in [Behaviour::Aborts, Behaviour::HasNoPaper, Behaviour::NeverEnds] {
        let server = FakePrintServer::start(behaviour);
        let end = server.printer(None).print("desk", PDF, PaperSize::A4);
        assert!(matches!(end.printed, Err(PrintError::NeedsHelp { .. })) && !end.may_remain, "{end:?}");
        let queue = server.queue.lock().unwrap();
        assert!(queue.jobs.is_empty() && queue.purges == 1);
    }
}

#[test]
fn a_note_that_was_printed_but_may_remain_counts_as_printed_and_keeps_its_marker_file() {
    let state = tempfile::tempdir().unwrap();
    let take_away = |server: &FakePrintServer| {
        // The limit is long, because this test must also pass on a busy machine.
        let timeouts = PrintTimeouts { job_timeout: Duration::from_secs(20), ..QUICK };
        let socket = PrintServer::Socket(server.folder.path().join("socket"));
        let printer = Printer::new(socket, Some("desk".to_owned()), USER.to_owned(), timeouts);
        TakeAway::new(Some(printer), None, PaperSize::Letter, TYPEFACE, state.path().to_owned())
    };
    let keeping = FakePrintServer::start(Behaviour::KeepsWhatIsDone);
    assert_eq!(with_note(|note| take_away(&keeping).print(note)), Ok(()));
    assert!(!is_clear(state.path()));
    // A later note, of which nothing remains, does not remove the marker file of the earlier one.
    let forgetting = FakePrintServer::start(Behaviour::ForgetsWhatIsDone);
    assert_eq!(with_note(|note| take_away(&forgetting).print(note)), Ok(()));
    assert!(!is_clear(state.path()));
    take_away(&forgetting).purge().unwrap();
    assert_eq!(with_note(|note| take_away(&forgetting).print(note)), Ok(()));
    assert!(is_clear(state.path()));
}

#[test]
fn a_missing_printer_is_not_offered() {
    let find = |behaviour, wanted| FakePrintServer::start(behaviour).printer(wanted).find();
    assert!(matches!(find(Behaviour::IsMissing, Some("desk")), Err(PrintError::NoPrinter(name)) if name == "desk"));
    assert!(matches!(find(Behaviour::IsMissing, None), Err(PrintError::NoPrinter(_))));
    assert!(matches!(find(Behaviour::TakesNone, None), Err(PrintError::Closed)));
    assert_eq!(find(Behaviour::Prints, None).unwrap(), "desk");
    let nobody = PrintServer::Socket("/nowhere/at/all".into());
    let nobody = Printer::new(nobody, None, USER.to_owned(), QUICK);
    assert!(matches!(nobody.find(), Err(PrintError::Server(ServerError::Silent(_)))));
}

#[test]
fn a_wipe_cancels_a_job_in_progress() {
    let server = FakePrintServer::start(Behaviour::NeverEnds);
    let timeouts = PrintTimeouts { job_timeout: Duration::from_mins(1), ..QUICK };
    let socket = PrintServer::Socket(server.folder.path().join("socket"));
    let printer = Arc::new(Printer::new(socket, None, USER.to_owned(), timeouts));
    let at_work = Arc::clone(&printer);
    let job = std::thread::spawn(move || at_work.print("desk", PDF, PaperSize::Letter));
    while server.queue.lock().unwrap().jobs.first().is_none_or(|job| job.3 == 0) {
        std::thread::sleep(Duration::from_millis(1));
    }
    printer.purge().unwrap();
    assert!(matches!(job.join().unwrap().printed, Err(PrintError::Wiped) | Ok(())));
    assert!(server.queue.lock().unwrap().jobs.is_empty());
}

#[test]
fn jobs_of_other_users_are_left_alone() {
    let server = FakePrintServer::start(Behaviour::NeverEnds);
    server.queue.lock().unwrap().jobs.push((3, "someone".to_owned(), b"theirs".to_vec(), 0));
    let printer = server.printer(None);
    let _ = printer.print("desk", PDF, PaperSize::Letter);
    printer.purge().unwrap();
    assert_eq!(server.queue.lock().unwrap().jobs.len(), 1);
}

#[test]
fn no_error_quotes_the_document() {
    let server = FakePrintServer::start(Behaviour::Aborts);
    let error = server.printer(None).print("desk", PDF, PaperSize::Letter).printed.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("k4n4ry"));
}

/// The installed CUPS server, run in a temporary folder.
struct Cups {
    process: Child,
    folder: tempfile::TempDir,
}

impl Drop for Cups {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Cups {
    /// Starts the server. Returns `None` if CUPS is not installed, or if the tests do not run as root.
    fn start() -> Option<Self> {
        let is_root = rustix::process::geteuid().is_root();
        if !is_root || !Path::new("/usr/sbin/cupsd").exists() {
            return None;
        }
        let folder = tempfile::Builder::new().prefix("cups").tempdir_in("/tmp").unwrap();
        let at = folder.path().to_str().unwrap();
        for sub in ["root/ppd", "run", "spool/tmp", "cache", "log"] {
            std::fs::create_dir_all(folder.path().join(sub)).unwrap();
        }
        let conf = format!(
            "LogLevel debug\nListen {at}/socket\nBrowsing No\nWebInterface No\n<Location />\nAllow all\n</Location>\n\
             <Policy default>\n<Limit Cancel-Job Cancel-My-Jobs Get-Job-Attributes>\nRequire user @OWNER @SYSTEM\n\
             Order deny,allow\n</Limit>\n<Limit All>\nOrder deny,allow\n</Limit>\n</Policy>\n"
        );
        let files = format!(
            "SystemGroup root\nServerRoot {at}/root\nStateDir {at}/run\nRequestRoot {at}/spool\nTempDir {at}/spool/tmp\n\
             CacheDir {at}/cache\nAccessLog {at}/log/access\nErrorLog {at}/log/error\nPageLog {at}/log/page\n\
             FileDevice Yes\n"
        );
        std::fs::write(folder.path().join("cupsd.conf"), conf).unwrap();
        std::fs::write(folder.path().join("files.conf"), files).unwrap();
        let mut command = Command::new("/usr/sbin/cupsd");
        command.args(["-f", "-c", &format!("{at}/cupsd.conf"), "-s", &format!("{at}/files.conf")]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let cups = Self { process, folder };
        let limit = Instant::now() + Duration::from_secs(10);
        while !cups.admin("lpstat", &["-r"]) || UnixStream::connect(cups.folder.path().join("socket")).is_err() {
            assert!(Instant::now() < limit, "cupsd never answered");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(cups)
    }

    fn admin(&self, program: &str, arguments: &[&str]) -> bool {
        let mut command = Command::new(program);
        command.args(arguments).env("CUPS_SERVER", self.folder.path().join("socket"));
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    fn printer(&self, wanted: Option<&str>, timeouts: PrintTimeouts) -> Printer {
        let server = PrintServer::Socket(self.folder.path().join("socket"));
        Printer::new(server, wanted.map(str::to_owned), USER.to_owned(), timeouts)
    }

    fn spooled(&self) -> usize {
        let entries = std::fs::read_dir(self.folder.path().join("spool")).unwrap();
        entries.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_file())).count()
    }
}

#[test]
fn the_installed_print_server_prints_and_keeps_nothing() {
    let Some(cups) = Cups::start() else {
        eprintln!("cups is not installed, or this is not root: not tried");
        return;
    };
    let timeouts = PrintTimeouts { job_timeout: Duration::from_secs(20), ..QUICK };
    assert!(matches!(cups.printer(None, timeouts).find(), Err(PrintError::NoPrinter(_))));
    assert!(matches!(cups.printer(Some("desk"), timeouts).find(), Err(PrintError::NoPrinter(_))));
    // This socket stands in for a network printer that accepts any data.
    let paper = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let device = format!("socket://{}", paper.local_addr().unwrap());
    let on_paper = std::thread::spawn(move || {
        let mut all = Vec::new();
        paper.accept().unwrap().0.read_to_end(&mut all).unwrap();
        all
    });
    assert!(cups.admin("lpadmin", &["-p", "desk", "-E", "-v", &device, "-m", "raw"]));
    assert!(matches!(cups.printer(None, timeouts).find(), Err(PrintError::NoPrinter(_))));
    assert!(cups.admin("lpadmin", &["-d", "desk"]));
    assert_eq!(cups.printer(None, timeouts).names().unwrap(), ["desk"]);
    let printer = cups.printer(None, timeouts);
    assert_eq!(printer.find().unwrap(), "desk");
    printer.print("desk", PDF, PaperSize::Letter).printed.unwrap();
    assert!(on_paper.join().unwrap() == PDF);
    assert_eq!(cups.spooled(), 0, "the server keeps a document or its history");

    // A stopped printer is reported, and the job is removed.
    assert!(cups.admin("cupsdisable", &["desk"]));
    let stopped = cups.printer(Some("desk"), QUICK).print("desk", PDF, PaperSize::A4).printed;
    assert!(matches!(stopped, Err(PrintError::NeedsHelp { .. })), "{stopped:?}");
    assert_eq!(cups.spooled(), 0);

    // If the room stops while a job is waiting, the wipe at its next start removes the job.
    assert!(cups.admin("lp", &["-U", USER, "-d", "desk", cups.folder.path().join("cupsd.conf").to_str().unwrap()]));
    assert!(cups.spooled() > 0);
    cups.printer(None, QUICK).purge().unwrap();
    assert_eq!(cups.spooled(), 0);
    assert!(cups.admin("cupsreject", &["desk"]));
    assert!(matches!(cups.printer(None, QUICK).find(), Err(PrintError::Closed)));
}
