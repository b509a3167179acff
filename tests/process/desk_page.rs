//! Owns the tests of a reset after a desk page has shown text from the patient. The reset waits until every such page
//! has confirmed that the text is gone.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::kiosk::{Home, Kiosk, LIMIT, eventually};

const WORDS: &str = "needles frighten me";

/// A simulated desk page, which reads the desk's event stream and sends requests as the real page does.
pub struct Page {
    stream: TcpStream,
    host: String,
    heard: Vec<u8>,
}

impl Page {
    pub fn open(home: &Home) -> Self {
        let host = format!("127.0.0.1:{}", home.port);
        let mut stream = None;
        eventually("the desk", || {
            stream = TcpStream::connect(&host).ok();
            stream.is_some()
        });
        let mut stream = stream.unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        write!(stream, "GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        Self { stream, host, heard: Vec::new() }
    }

    /// Reads the stream until these words have arrived. Returns everything up to and including them.
    pub fn hear(&mut self, words: &str) -> String {
        let mut piece = [0; 4096];
        loop {
            let heard = String::from_utf8_lossy(&self.heard).into_owned();
            if let Some(at) = heard.find(words) {
                self.heard.drain(..at + words.len());
                return heard[..at + words.len()].to_owned();
            }
            let read = self.stream.read(&mut piece).unwrap();
            assert!(read > 0, "the stream ended before {words}");
            self.heard.extend_from_slice(&piece[..read]);
        }
    }

    /// Reads the id that the desk gave this page.
    pub fn name(&mut self) -> String {
        let heard = self.hear(r#","version""#);
        heard.split(r#""desk":""#).nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    fn says_that_it_forgot(&self, name: &str) {
        let body = json!({ "desk": name }).to_string();
        let mut way = TcpStream::connect(&self.host).unwrap();
        way.set_read_timeout(Some(LIMIT)).unwrap();
        write!(
            way,
            "POST /api/forgotten HTTP/1.1\r\nHost: {}\r\ncontent-type: application/json\r\nx-stillroom: 1\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.host,
            body.len()
        )
        .unwrap();
        let mut answer = [0; 12];
        way.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 204");
    }
}

fn shared(home: &Home) -> (Kiosk, Page, String) {
    let mut kiosk = home.start(1);
    kiosk.first();
    let mut page = Page::open(home);
    let name = page.name();
    kiosk.tell("visit_begins");
    kiosk.reach("arrive", |line| line["stage"] == "arrive");
    kiosk.send(&json!({"event": "for_clinician", "text": WORDS}));
    kiosk.send(&json!({"event": "share", "on": true}));
    page.hear(WORDS);
    (kiosk, page, name)
}

fn desk_forgot(receipt: &Value) -> Option<bool> {
    receipt["checks"].as_array()?.iter().find(|check| check["name"] == "desk-forgot")?["ok"].as_bool()
}

#[test]
fn a_desk_that_confirms_the_removal_is_in_the_receipt() {
    let home = Home::new();
    let (mut kiosk, mut page, name) = shared(&home);
    kiosk.tell("staff_reset");
    page.hear(r#""shared":null"#);
    page.says_that_it_forgot(&name);
    let ready = kiosk.wait("ready", |line| line["stage"] == "ready");
    assert_eq!((&ready["receipt"]["verified"], desk_forgot(&ready["receipt"])), (&json!(true), Some(true)), "{ready}");
}

#[test]
fn a_desk_that_does_not_confirm_blocks_the_room_until_the_next_reset() {
    let home = Home::new();
    let (mut kiosk, page, _name) = shared(&home);
    kiosk.tell("staff_reset");
    let blocked = kiosk.wait_within("the block", Duration::from_secs(20), |line| line["stage"] == "blocked");
    assert_eq!(desk_forgot(&blocked["receipt"]), Some(false), "{blocked}");
    drop(page);
    kiosk.tell("staff_reset");
    let ready = kiosk.wait("ready", |line| line["stage"] == "ready");
    assert_eq!(ready["receipt"]["verified"], true, "{ready}");
}
