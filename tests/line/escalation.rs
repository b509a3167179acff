//! Owns the tests of the escalation list. Its requests go to an HTTP receiver, which ignores a request whose
//! idempotency key it has accepted before.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stillroom::driver::journal::Journal;
use stillroom::line::webhook::{Escalation, EscalationNotice, EscalationResult, RequestId, WebhookStep};
use stillroom::room::call::{CallId, RINGS_AGAIN_AFTER};
use stillroom::room::{Effect, Event, Room, RoomTime, Rules};

use crate::ends::wait_until;
use crate::kiosk::{Home, eventually, has_trouble};

const SOON: Duration = Duration::from_secs(5);

/// An HTTP receiver on the loopback interface. It ignores a request whose idempotency key it has accepted before.
pub struct Receiver {
    url: String,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    requests: Vec<String>,
    /// The idempotency keys that were accepted, in order.
    taken: Vec<String>,
    /// The HTTP status of further answers. `None` means 204.
    status: Option<u16>,
}

impl Receiver {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/call", listener.local_addr().unwrap());
        let kept = Arc::<Mutex<Kept>>::default();
        let keeps = Arc::clone(&kept);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, mut read, mut piece) = (stream.unwrap(), String::new(), [0; 4096]);
                while !read.trim_end().ends_with('}') {
                    match stream.read(&mut piece) {
                        Ok(length @ 1..) => read.push_str(&String::from_utf8_lossy(&piece[..length])),
                        _ => break,
                    }
                }
                let status = keeps.lock().unwrap().take(read);
                let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                // Writing fails if the client was killed in the meantime.
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { url, kept }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until there is a request, and returns the newest.
    pub fn next(&self) -> String {
        wait_until(SOON, "a request", || self.requests() > 0);
        self.kept.lock().unwrap().requests.last().unwrap().clone()
    }

    /// Returns the number of requests, including retries.
    pub fn requests(&self) -> usize {
        self.kept.lock().unwrap().requests.len()
    }

    fn taken(&self) -> Vec<String> {
        self.kept.lock().unwrap().taken.clone()
    }

    fn answers(&self, status: Option<u16>) {
        self.kept.lock().unwrap().status = status;
    }
}

impl Kept {
    fn take(&mut self, request: String) -> u16 {
        let lines = request.to_lowercase();
        let key = lines.lines().find_map(|line| line.strip_prefix("idempotency-key: ")).unwrap().trim().to_owned();
        self.requests.push(request);
        let status = self.status.unwrap_or(204);
        if status == 204 && !self.taken.contains(&key) {
            self.taken.push(key);
        }
        status
    }
}

/// A room on a clock that the test controls, and the escalation list that sends its requests.
struct Play {
    room: Room,
    now: RoomTime,
    list: Escalation,
    outcomes: Arc<Mutex<Vec<EscalationResult>>>,
    said: usize,
    _folder: tempfile::TempDir,
}

impl Play {
    fn open(receivers: &[&Receiver]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret_file = folder.path().join("secret");
        fs::write(&secret_file, "a secret of the clinic").unwrap();
        let step =
            |to: &&Receiver| WebhookStep { url: to.url.clone(), secret_file: secret_file.clone(), ca_file: None };
        let outcomes = Arc::<Mutex<Vec<EscalationResult>>>::default();
        let kept = Arc::clone(&outcomes);
        let list = Escalation::new(receivers.iter().map(step).collect(), move |said| kept.lock().unwrap().push(said));
        let escalation = (1..=receivers.len() as u64).map(|step| Duration::from_secs(60 * step)).collect();
        let room = Room::new(Rules { escalation, ..Rules::default() });
        Self { room, now: RoomTime(0), list, outcomes, said: 0, _folder: folder }
    }

    fn at(&mut self, seconds: u64, event: Event) {
        self.now = RoomTime(seconds * 1_000);
        self.room.handle_input(self.now, event).unwrap();
        self.execute();
    }

    /// Runs every timer that falls due in the first `seconds` seconds of the test, and leaves the clock at the last of
    /// them. Then waits for the results of all requests sent so far.
    fn to(&mut self, seconds: u64) {
        let until = RoomTime(seconds * 1_000);
        while let Some(due) = self.room.poll_timeout(self.now).filter(|due| *due > self.now && *due <= until) {
            self.now = due;
            self.room.handle_timeout(due);
            self.execute();
        }
        let (outcomes, said) = (Arc::clone(&self.outcomes), self.said);
        wait_until(SOON, "the outcome of each step", || outcomes.lock().unwrap().len() == said);
    }

    fn execute(&mut self) {
        while let Some(effect) = self.room.poll_effect() {
            match effect {
                Effect::Escalate { id, round, step } => {
                    self.said += 1;
                    let id = RequestId { call: id, round, step };
                    self.list.send(EscalationNotice { id, room: "Room 2".into(), placed_ago_ms: 0, received: false });
                }
                Effect::EndCall { id } => self.list.cancel(id),
                _ => {}
            }
        }
    }

    fn is_broken(&self) -> bool {
        self.outcomes.lock().unwrap().last().unwrap().is_list_broken
    }
}

const CALL: CallId = CallId(7);

fn coming(name: &str) -> Event {
    Event::CallComing { id: CALL, name: name.to_owned() }
}

#[test]
fn a_call_that_rings_again_reaches_a_receiver_that_ignores_duplicates() {
    let receiver = Receiver::open();
    let mut play = Play::open(&[&receiver]);
    play.at(0, Event::CallPressed { id: CALL, practice: false });
    play.to(60);
    assert_eq!(receiver.taken().len(), 1);
    play.at(100, coming("Ana"));
    play.to(280);
    assert_eq!(receiver.taken().len(), 2, "on the way lapsed");
    play.at(300, Event::CallHere { id: None });
    play.to(540);
    assert_eq!(receiver.taken().len(), 3, "here lapsed");
    play.at(550, Event::Restarted);
    play.to(551);
    assert_eq!((receiver.taken().len(), receiver.requests()), (3, 4), "after a restart it is a retry");
    let keys = receiver.taken();
    assert!(keys[0].ends_with("7-0-0") && keys[1].ends_with("7-1-0") && keys[2].ends_with("7-2-0"), "{keys:?}");
}

#[test]
fn a_failed_step_is_reported_until_it_is_accepted() {
    let (first, second) = (Receiver::open(), Receiver::open());
    let mut play = Play::open(&[&first, &second]);
    first.answers(Some(410));
    play.at(0, Event::CallPressed { id: CALL, practice: false });
    play.to(60);
    assert!(play.is_broken());
    play.to(120);
    assert!(second.taken().len() == 1 && play.is_broken(), "another step does not clear the failure");
    first.answers(None);
    play.at(130, coming("Ana"));
    play.to(310);
    assert!(first.taken().len() == 1 && !play.is_broken(), "the same step of the next round does");
}

#[test]
fn a_new_round_gets_a_new_key_and_a_restart_keeps_the_old_one() {
    let (receiver, home) = (Receiver::open(), Home::new());
    fs::write(home.folder().join("secret"), "a secret of the clinic\n").unwrap();
    home.configure(&format!("[[escalation]]\nafter_s = 0\nurl = \"{}\"\nsecret_file = \"secret\"\n", receiver.url()));
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.tell("call_pressed");
    eventually("the first step", || receiver.taken().len() == 1);
    // The record of how far the list has been worked through must be on disk before the kill.
    eventually("the mark", || home.journal().contains("time_marked"));
    kiosk.kill_9();
    let kiosk = home.start(1);
    eventually("a second try", || receiver.requests() == 2);
    assert_eq!(receiver.taken().len(), 1, "it is the same ringing");
    kiosk.kill_9();
    // The journal is changed so that Ana is on the way, and her time to arrive is almost over.
    let (journal, records, _) = Journal::open(&home.state);
    let last = records.last().unwrap().0;
    let call = records.iter().find_map(|(_, event)| match event {
        Event::CallPressed { id, .. } => Some(*id),
        _ => None,
    });
    let coming = Event::CallComing { id: call.unwrap(), name: "Ana".to_owned() };
    journal.append_and_wait(last, &coming).unwrap();
    let nearly = RoomTime(last.0 + RINGS_AGAIN_AFTER.as_millis() as u64 - 500);
    journal.append_and_wait(nearly, &Event::TimeMarked).unwrap();
    journal.finish();
    let mut kiosk = home.start(1);
    kiosk.wait("Ana on the way", |line| line["call"] == "on_the_way");
    eventually("the first step of the next round", || receiver.taken().len() == 2);
    let keys = receiver.taken();
    assert!(keys[0].ends_with("-0-0") && keys[1].ends_with("-1-0"), "{keys:?}");
    assert!(!has_trouble(kiosk.last(), "escalation-failed"));
}
