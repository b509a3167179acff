//! Owns the test of a flood of idle connections to the desk's port. They must leave the room enough file descriptors
//! for its journal, its vault, its music and one more page.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use serde_json::json;

use crate::desk_page::Page;
use crate::flood::{knock, open_files, with_files};
use crate::kiosk::{Home, LIMIT, has_trouble, program};

/// The default limit on open files on most systems.
const FILES: u32 = 1_024;

fn answer_to(port: u16, request: &str) -> String {
    let mut way = TcpStream::connect(("127.0.0.1", port)).unwrap();
    way.set_read_timeout(Some(LIMIT)).unwrap();
    way.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    way.read_to_string(&mut answer).unwrap();
    answer
}

fn post(port: u16, path: &str, body: &serde_json::Value) -> String {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nX-Stillroom: 1\r\n"
    );
    answer_to(port, &format!("{head}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

#[test]
fn a_thousand_silent_connections_cost_the_room_nothing() {
    let home = Home::new();
    let wrapper = with_files(home.folder(), FILES, &program());
    let config = home.config();
    let start = || home.start_with(&wrapper, &["--config", config.to_str().unwrap()]);
    let mut kiosk = start();
    kiosk.first();
    let mut page = Page::open(&home);
    let name = page.name();
    // The connections come from a single address, from many addresses, and from the address of the clinic's browser.
    let one = knock(home.port, &[Ipv4Addr::new(127, 0, 0, 2)], 1_200);
    let many: Vec<Ipv4Addr> = (1..=200).map(|last| Ipv4Addr::new(127, 0, 1, last)).collect();
    let many = knock(home.port, &many, 4);
    let same = knock(home.port, &[Ipv4Addr::LOCALHOST], 1_200);
    let files = open_files(kiosk.pid());
    assert!(files < FILES as usize / 2, "{files} files are open");

    // Another browser can still open the page, read its event stream and send commands.
    let answer =
        answer_to(home.port, &format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", home.port));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut second = Page::open(&home);
    second.name();
    let able = json!({ "desk": name, "visible": true, "sound": true });
    assert!(post(home.port, "/api/beat", &able).starts_with("HTTP/1.1 204"));
    kiosk.tell("visit_begins");
    kiosk.send(&json!({ "event": "session_begins", "infusion_minutes": 40 }));
    kiosk.tell("call_pressed");
    page.hear(r#""call":{"id":""#);
    let call = page.hear("\"").trim_end_matches('"').to_owned();
    second.hear(&call);
    kiosk.wait("sent", |line| line["call"] == "sent");
    let received = json!({ "call": call, "desk": name });
    assert!(post(home.port, "/api/call/received", &received).starts_with("HTTP/1.1 204"));
    kiosk.wait("received", |line| line["call"] == "received");

    // The journal and the vault can still open files.
    kiosk.send(&json!({ "event": "note_typed", "text": "a white horse at the sea" }));
    crate::kiosk::eventually("the note sealed", || home.is_sealed());
    let told = kiosk.last().clone();
    for trouble in ["tracks-gone", "notes-not-sealed", "journal-failing", "state-unwritable", "desk-closed"] {
        assert!(!has_trouble(&told, trouble), "{told}");
    }
    kiosk.kill_9();
    let mut kiosk = start();
    let back = kiosk.wait("the note and the call", |line| line["note_pages"] == 1);
    assert!(back["call"] != "idle" && !has_trouble(&back, "notes-lost"), "{back}");
    drop((one, many, same));
}
