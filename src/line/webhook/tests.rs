use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;

use super::*;

/// Answers each request with the next status, and hands on what was asked.
fn receiver(statuses: Vec<u16>) -> (String, mpsc::Receiver<(Vec<String>, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/call", listener.local_addr().unwrap());
    let (asked, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for status in statuses {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let (mut headers, mut length) = (Vec::new(), 0);
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                let line = line.trim_end().to_owned();
                if let Some(number) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = number.parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
                headers.push(line);
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            asked.send((headers, String::from_utf8(body).unwrap())).unwrap();
        }
    });
    (url, requests)
}

/// The list, with what became of each request.
struct Told {
    list: Escalation,
    outcomes: mpsc::Receiver<Outcome>,
    _folder: tempfile::TempDir,
}

impl Told {
    fn open(urls: &[&str], secret: &str, start: Start) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret_file = folder.path().join("secret");
        std::fs::write(&secret_file, secret).unwrap();
        let step = |url: &&str| Step { url: (*url).to_owned(), secret_file: secret_file.clone(), ca_file: None };
        let (told, outcomes) = mpsc::channel();
        let list = Escalation::with(urls.iter().map(step).collect(), start, move |said| told.send(said).unwrap());
        Self { list, outcomes, _folder: folder }
    }

    fn say(&self, round: u32, step: usize) {
        let id = RequestId { call: CallId(7), round, step };
        self.list.say(Escalated { id, room: "Room 2".into(), placed_ago_ms: 60_000, received: true });
    }

    fn next(&self) -> Outcome {
        self.outcomes.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

fn escalation(url: &str, secret: &str) -> Told {
    Told::open(&[url], secret, on_a_thread)
}

#[test]
fn a_step_is_signed_and_tried_again_with_the_same_key_until_it_is_taken() {
    let (url, requests) = receiver(vec![503, 409, 204]);
    let told = escalation(&url, "a secret of the clinic\n");
    told.say(2, 0);
    let id = RequestId { call: CallId(7), round: 2, step: 0 };
    assert_eq!(told.next(), Outcome { id, result: Ok(()), is_list_broken: false });
    let requests: Vec<_> = requests.iter().take(3).collect();
    for (headers, body) in &requests {
        let header = |name: &str| {
            headers.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned)).unwrap()
        };
        assert_eq!(header("idempotency-key"), "00000000000000000000000007-2-0");
        let expected = signature(b"a secret of the clinic", &header("x-stillroom-timestamp"), body);
        assert_eq!(header("x-stillroom-signature"), expected);
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["room"], &body["event"]), (&"Room 2".into(), &"call_unacknowledged".into()));
        assert_eq!((&body["round"], &body["step"]), (&2.into(), &0.into()));
    }
}

#[test]
fn a_step_that_is_refused_for_good_or_over_is_not_tried_again() {
    let (url, requests) = receiver(vec![403]);
    let told = escalation(&url, "a secret of the clinic");
    told.say(0, 0);
    assert!(told.next().result.unwrap_err().contains("403"));
    assert_eq!(requests.iter().count(), 1);
    let (url, requests) = receiver(vec![500, 204]);
    let told = escalation(&url, "a secret of the clinic");
    told.say(0, 0);
    requests.recv_timeout(Duration::from_secs(10)).unwrap();
    told.list.over(CallId(7));
    assert!(told.next().result.unwrap_err().contains("500"));
    // What is said of that call later is no part of it.
    told.say(1, 0);
    assert_eq!(told.next().result, Ok(()));
}

#[test]
fn a_broken_step_stays_told_until_that_step_is_taken_again() {
    let (first, _first_asked) = receiver(vec![403, 403, 204]);
    let (second, _second_asked) = receiver(vec![204, 403, 204]);
    let told = Told::open(&[&first, &second], "a secret of the clinic", on_a_thread);
    let next = |round, step| {
        told.say(round, step);
        let outcome = told.next();
        (outcome.result.is_ok(), outcome.is_list_broken)
    };
    assert_eq!(next(0, 0), (false, true));
    assert_eq!(next(0, 1), (true, true), "another step does not mend it");
    told.list.over(CallId(7));
    assert_eq!(next(1, 0), (false, true));
    assert_eq!(next(1, 1), (false, true));
    assert_eq!(next(2, 0), (true, true), "the other is broken now");
    assert_eq!(next(2, 1), (true, false));
}

#[test]
fn what_cannot_be_said_says_why() {
    let told = escalation("http://127.0.0.1:1/", "short");
    told.say(0, 4);
    assert!(told.next().result.unwrap_err().contains("no such step"));
    told.list.over(CallId(7));
    assert!(secret(Path::new("/nowhere")).is_err());
}

#[test]
fn a_thread_that_never_began_or_ended_on_a_fault_is_told_as_a_step_that_failed() {
    let no_thread: Start = |_| Err(std::io::ErrorKind::WouldBlock.into());
    let faulty: Start = |run| {
        // As a thread does that ends on a fault: what it held is dropped.
        drop(run);
        Ok(())
    };
    for start in [no_thread, faulty] {
        let told = Told::open(&["http://127.0.0.1:1/"], "a secret of the clinic", start);
        for round in 0..40 {
            told.say(round, 0);
            let outcome = told.next();
            assert!(outcome.is_list_broken && outcome.result.unwrap_err().contains("log"), "round {round}");
        }
    }
}

#[test]
fn the_signature_is_the_known_one() {
    // Reckoned with `printf '1.x' | openssl dgst -sha256 -hmac key`.
    let expected = "sha256=fc4913c41a7bf793267e2a384f3261c9436ec2cd097bd745e7b0d99113f510ec";
    assert_eq!(signature(b"key", "1", "x"), expected);
}
