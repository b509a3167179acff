//! Owns the tests of damaged state files. The program uses the last good copy. Without a good copy of the setup, the
//! sound stays at its quietest; without one of the desk's password, nobody can sign in. The damage is always reported.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::kiosk::{Home, Kiosk, LIMIT, eventually, has_trouble};

/// A `setup.toml` without a checksum, as earlier versions wrote it.
const SETUP: &str = "room_name = \"Room 4\"\ndiagonal_inches = 10.1\ncap_db = -40.0\n";
const PASSWORD: &str = "wide water";

/// A kind of damage: its name, and a function that does this damage to a file's bytes.
type Damage = (&'static str, fn(Vec<u8>) -> Vec<u8>);
const DAMAGES: [Damage; 6] = [
    ("cut short", |whole| whole[..whole.len() / 2].to_vec()),
    ("cut to the word", |whole| whole[..whole.len() - 4].to_vec()),
    ("one bit wrong", |mut whole| {
        let last = whole.len() - 6;
        whole[last] ^= 1;
        whole
    }),
    ("not a number", |whole| String::from_utf8(whole).unwrap().replace("-40.0", "nan").into_bytes()),
    ("rubbish", |_| vec![0xff; 40]),
    ("empty", |_| Vec::new()),
];

fn both(home: &Home, name: &str) -> [PathBuf; 2] {
    [home.state.join(name), home.state.join(format!("{name}.copy"))]
}

/// Asks for the loudest volume, and returns the volume that the room sets instead, in dB.
fn loudest(kiosk: &mut Kiosk) -> Value {
    // If a reset was interrupted, the room has to finish the turnover first.
    kiosk.reach("ready, or a visit", |line| line["stage"] == "ready" || line["stage"] == "arrive");
    if kiosk.last()["stage"] == "ready" {
        kiosk.tell("visit_begins");
    }
    kiosk.reach("arrive", |line| line["stage"] == "arrive");
    kiosk.send(&json!({"event": "volume", "db": 0}));
    // Events are handled in order, so the volume has been set once the screen has become dark or bright.
    let dark = kiosk.last()["dark"] != true;
    kiosk.send(&json!({"event": "dark", "on": dark}));
    kiosk.wait("the dark, or its end", |line| line["dark"] == dark)["volume_db"].clone()
}

#[test]
fn a_damaged_setup_never_raises_the_cap() {
    let home = Home::new();
    fs::create_dir_all(&home.state).unwrap();
    let [file, copy] = both(&home, "setup.toml");
    fs::write(&file, SETUP).unwrap();
    let mut kiosk = home.start(1);
    kiosk.first();
    assert_eq!(loudest(&mut kiosk), json!(-40.0), "the cap of an earlier version is not applied");
    kiosk.kill_9();
    let whole = fs::read(&file).unwrap();
    assert!(whole != SETUP.as_bytes() && fs::read(&copy).unwrap() == whole, "no checksum, or no copy");

    for (what, damage) in DAMAGES {
        fs::write(&file, damage(whole.clone())).unwrap();
        let mut kiosk = home.start(1);
        kiosk.first();
        kiosk.reach("the trouble", |line| has_trouble(line, "state-restored"));
        assert_eq!(loudest(&mut kiosk), json!(-40.0), "{what}");
        let told = |line: &str| line.contains("setup.toml: ") && line.contains("last good copy");
        kiosk.wait_for_complaint(what, told);
        kiosk.kill_9();
        assert_eq!((fs::read(&file).unwrap(), fs::read(&copy).unwrap()), (whole.clone(), whole.clone()), "{what}");
        let mut kiosk = home.start(1);
        assert!(!has_trouble(&kiosk.first(), "state-restored"), "{what}: it was repaired");
        kiosk.kill_9();

        for path in [&file, &copy] {
            fs::write(path, damage(whole.clone())).unwrap();
        }
        let mut kiosk = home.start(1);
        kiosk.first();
        kiosk.reach("the trouble", |line| has_trouble(line, "setup-lost"));
        assert_eq!(loudest(&mut kiosk), json!(-60.0), "{what}: the cap is unknown");
        let told = |line: &str| line.contains("setup.toml: ") && line.contains("remove both");
        kiosk.wait_for_complaint(what, told);
        // A wipe must succeed although both files are damaged.
        kiosk.tell("staff_reset");
        let ready = kiosk.wait("ready", |line| line["stage"] == "ready");
        assert_eq!(ready["receipt"]["verified"], true, "{what}: {ready}");
        kiosk.kill_9();
        for path in [&file, &copy] {
            fs::write(path, &whole).unwrap();
        }
    }
}

/// Sends the desk a request as its page would. Returns the HTTP status and the body of the answer.
fn asked(home: &Home, method: &str, path: &str, body: &Value) -> (u16, String) {
    let host = format!("127.0.0.1:{}", home.port);
    let body = if method == "GET" { String::new() } else { body.to_string() };
    let mut answer = String::new();
    eventually("an answer of the desk", || {
        answer.clear();
        let Ok(mut way) = TcpStream::connect(&host) else { return false };
        way.set_read_timeout(Some(LIMIT)).unwrap();
        let asked = write!(
            way,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\ncontent-type: application/json\r\nx-stillroom: 1\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        asked.is_ok() && way.read_to_string(&mut answer).is_ok()
    });
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

fn order(home: &Home) -> u16 {
    asked(home, "POST", "/api/session/pause", &json!({})).0
}

fn sign_in(home: &Home) -> (u16, String) {
    asked(home, "POST", "/login", &json!({ "password": PASSWORD }))
}

#[test]
fn a_damaged_desk_password_lets_nobody_in() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    assert_eq!(order(&home), 409, "without a password an order gets through on loopback, and the room refuses it");
    kiosk.kill_9();
    let words = format!("{PASSWORD}\n{PASSWORD}\n");
    assert!(home.run(&["desk", "set-password"], &words).status.success());
    let paths = both(&home, "desk-password");
    let whole = fs::read(&paths[0]).unwrap();

    for (what, damage) in DAMAGES.into_iter().filter(|(what, _)| *what != "not a number") {
        fs::write(&paths[0], damage(whole.clone())).unwrap();
        let mut kiosk = home.start(1);
        kiosk.first();
        kiosk.reach("the trouble", |line| has_trouble(line, "state-restored"));
        assert_eq!((order(&home), sign_in(&home).0), (401, 204), "{what}");
        kiosk.kill_9();

        for path in &paths {
            fs::write(path, damage(whole.clone())).unwrap();
        }
        shut(&home, what);
        assert!(home.run(&["desk", "set-password"], &words).status.success(), "{what}");
        let mut kiosk = home.start(1);
        assert!(!has_trouble(&kiosk.first(), "desk-password-lost"), "{what}");
        assert_eq!((order(&home), sign_in(&home).0), (401, 204), "{what}");
        kiosk.kill_9();
        for path in &paths {
            fs::write(path, &whole).unwrap();
        }
    }
    for path in &paths {
        fs::remove_file(path).unwrap();
    }
    fs::create_dir(&paths[0]).unwrap();
    shut(&home, "a folder");
    assert!(home.run(&["desk", "set-password"], &words).status.success(), "an empty folder is replaced");
    let mut kiosk = home.start(1);
    kiosk.first();
    assert_eq!((order(&home), sign_in(&home).0), (401, 204));
}

fn shut(home: &Home, what: &str) {
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.reach("the trouble", |line| has_trouble(line, "desk-password-lost"));
    assert_eq!(order(home), 401, "{what}: an order got through");
    let (status, words) = sign_in(home);
    assert!(status == 503 && words.contains("stillroom desk set-password"), "{what}: {status} {words}");
    let told = |line: &str| line.contains("desk-password: ") && line.contains("stillroom desk set-password");
    kiosk.wait_for_complaint(what, told);
    kiosk.tell("call_pressed");
    kiosk.wait("a call all the same", |line| line["call"] == "placed");
    kiosk.kill_9();
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.reach("the call", |line| line["call"] == "placed");
    kiosk.tell("call_cleared");
    kiosk.wait("no call", |line| line["call"] == "idle");
    kiosk.terminate();
    // The desk for several rooms does not start at all, because there is no tablet on which it could report why nobody
    // can sign in.
    fs::write(home.folder().join("desk.toml"), "[line.mqtt]\nurl = \"mqtt://127.0.0.1:1\"\n").unwrap();
    let desk = home.run(&["desk", "--config", "desk.toml"], "");
    let words = String::from_utf8_lossy(&desk.stderr).into_owned();
    assert!(desk.status.code() == Some(2) && words.contains("stillroom desk set-password"), "{what}: {words}");
}

#[test]
fn a_damaged_pin_is_reported_until_one_is_set() {
    let home = Home::new();
    assert!(home.run(&["staff", "set-pin"], "4711\n4711\n").status.success());
    let paths = both(&home, "staff-pin");
    for path in &paths {
        fs::write(path, "{}").unwrap();
    }
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.reach("the trouble", |line| has_trouble(line, "staff-pin-lost"));
    let told = |line: &str| line.contains("staff-pin: ") && line.contains("stillroom staff set-pin");
    kiosk.wait_for_complaint("the damaged PIN", told);
    kiosk.kill_9();
    assert!(home.run(&["staff", "set-pin"], "4711\n4711\n").status.success());
    assert!(!has_trouble(&home.start(1).first(), "staff-pin-lost"));
}

#[test]
fn without_readable_state_nobody_is_let_in_and_the_sound_stays_at_its_quietest() {
    let mut home = Home::new();
    fs::write(home.folder().join("file"), "").unwrap();
    home.state = home.folder().join("file/state");
    let mut kiosk = home.start(1);
    kiosk.first();
    assert_eq!(order(&home), 401, "there may have been a password");
    assert_eq!(loudest(&mut kiosk), json!(-60.0));
}
