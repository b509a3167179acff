use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;

use super::*;

/// Starts an HTTP server that answers successive requests with `statuses`, one status each, and then stops. Returns its
/// URL and a channel that yields each request's headers and body.
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

/// An escalation list together with the results of its requests.
struct TestEscalation {
    list: Escalation,
    results: mpsc::Receiver<EscalationResult>,
    _folder: tempfile::TempDir,
}

impl TestEscalation {
    fn open(urls: &[&str], secret: &str, spawn: Spawn) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret_file = folder.path().join("secret");
        std::fs::write(&secret_file, secret).unwrap();
        let step = |url: &&str| WebhookStep { url: (*url).to_owned(), secret_file: secret_file.clone(), ca_file: None };
        let (sender, results) = mpsc::channel();
        let list =
            Escalation::with_spawn(urls.iter().map(step).collect(), spawn, move |result| sender.send(result).unwrap());
        Self { list, results, _folder: folder }
    }

    fn send(&self, round: u32, step: usize) {
        let id = RequestId { call: CallId(7), round, step };
        self.list.send(EscalationNotice { id, room: "Room 2".into(), placed_ago_ms: 60_000, received: true });
    }

    fn next(&self) -> EscalationResult {
        self.results.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

fn escalation(url: &str, secret: &str) -> TestEscalation {
    TestEscalation::open(&[url], secret, spawn_thread)
}

#[test]
fn a_request_is_signed_and_retried_with_the_same_key_until_it_is_accepted() {
    let (url, requests) = receiver(vec![503, 409, 204]);
    let list = escalation(&url, "a secret of the clinic\n");
    list.send(2, 0);
    let id = RequestId { call: CallId(7), round: 2, step: 0 };
    assert_eq!(list.next(), EscalationResult { id, result: Ok(()), is_list_broken: false });
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
fn a_request_that_is_rejected_for_good_or_cancelled_is_not_retried() {
    let (url, requests) = receiver(vec![403]);
    let list = escalation(&url, "a secret of the clinic");
    list.send(0, 0);
    assert!(list.next().result.unwrap_err().contains("403"));
    assert_eq!(requests.iter().count(), 1);
    let (url, requests) = receiver(vec![500, 204]);
    let list = escalation(&url, "a secret of the clinic");
    list.send(0, 0);
    requests.recv_timeout(Duration::from_secs(10)).unwrap();
    list.list.cancel(CallId(7));
    assert!(list.next().result.unwrap_err().contains("500"));
    // Cancelling does not affect later requests for the same call.
    list.send(1, 0);
    assert_eq!(list.next().result, Ok(()));
}

#[test]
fn a_broken_step_is_reported_until_a_request_of_that_step_is_accepted() {
    let (first, _first_asked) = receiver(vec![403, 403, 204]);
    let (second, _second_asked) = receiver(vec![204, 403, 204]);
    let list = TestEscalation::open(&[&first, &second], "a secret of the clinic", spawn_thread);
    let next = |round, step| {
        list.send(round, step);
        let result = list.next();
        (result.result.is_ok(), result.is_list_broken)
    };
    assert_eq!(next(0, 0), (false, true));
    assert_eq!(next(0, 1), (true, true), "another step does not mend it");
    list.list.cancel(CallId(7));
    assert_eq!(next(1, 0), (false, true));
    assert_eq!(next(1, 1), (false, true));
    assert_eq!(next(2, 0), (true, true), "the other is broken now");
    assert_eq!(next(2, 1), (true, false));
}

#[test]
fn a_request_that_cannot_be_sent_says_why() {
    let list = escalation("http://127.0.0.1:1/", "short");
    list.send(0, 4);
    assert!(list.next().result.unwrap_err().contains("no such step"));
    list.list.cancel(CallId(7));
    assert!(secret(Path::new("/nowhere")).is_err());
}

#[test]
fn a_thread_that_cannot_start_or_panics_is_reported_as_a_failed_request() {
    let no_thread: Spawn = |_| Err(std::io::ErrorKind::WouldBlock.into());
    let panicking: Spawn = |run| {
        // Dropping the closure has the same effect as a panic, which drops everything the thread owned.
        drop(run);
        Ok(())
    };
    for spawn in [no_thread, panicking] {
        let list = TestEscalation::open(&["http://127.0.0.1:1/"], "a secret of the clinic", spawn);
        for round in 0..40 {
            list.send(round, 0);
            let result = list.next();
            assert!(result.is_list_broken && result.result.unwrap_err().contains("log"), "round {round}");
        }
    }
}

#[test]
fn the_signature_is_that_of_openssl() {
    // Computed by `printf '1.x' | openssl dgst -sha256 -hmac key`.
    let expected = "sha256=fc4913c41a7bf793267e2a384f3261c9436ec2cd097bd745e7b0d99113f510ec";
    assert_eq!(signature(b"key", "1", "x"), expected);
}
