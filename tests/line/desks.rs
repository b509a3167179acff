//! Owns the tests of `stillroom desk` for several rooms, as staff use it. They run rooms in headless mode and a real
//! broker, and send the same requests as a browser.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::broker::Mosquitto;
use crate::browser::{Browser, Stream};
use crate::flood::{knock, open_files, with_files};
use crate::kiosk::{Home, Kiosk, LIMIT, eventually, program};

/// A running process of `stillroom desk` with its own folder.
struct Desk {
    folder: tempfile::TempDir,
    process: Child,
    address: SocketAddr,
}

impl Desk {
    fn open(at: &Mosquitto, rooms: &[&str]) -> Self {
        Self::open_by(at, rooms, |_| program())
    }

    fn open_by(at: &Mosquitto, rooms: &[&str], program: impl Fn(&Path) -> PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        let text = format!(
            "rooms = {rooms:?}\n[desk]\nlisten = \"{address}\"\nclinicians = [\"Maria\"]\n[line.mqtt]\nurl = \"{}\"\n",
            at.url()
        );
        std::fs::write(folder.path().join("desk.toml"), text).unwrap();
        let process = Self::command(&program(folder.path()), folder.path().to_owned()).spawn().unwrap();
        eventually("the desk to listen", || std::net::TcpStream::connect(address).is_ok());
        Self { folder, process, address }
    }

    fn command(program: &Path, folder: PathBuf) -> Command {
        let mut command = Command::new(program);
        command.args(["desk", "--config", "desk.toml"]).env_clear().env("STATE_DIRECTORY", folder.join("state"));
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Opens a page of the desk. Each page has its own event stream, and its own id, which the desk assigns.
    async fn page(&self) -> Page {
        let browser = Browser::at(self.address);
        let mut stream = browser.stream().await;
        let hello = stream.wait_for("hello", |_| true).await;
        assert_eq!((&hello["several"], &hello["clinicians"]), (&json!(true), &json!(["Maria"])));
        let rooms = std::collections::BTreeMap::new();
        Page { browser, stream, rooms, name: hello["desk"].as_str().unwrap().to_owned() }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Page {
    browser: Browser,
    stream: Stream,
    /// The newest state of each room, by the room's id.
    rooms: std::collections::BTreeMap<String, Value>,
    name: String,
}

impl Page {
    async fn able(&self, able: bool) {
        let beat = json!({ "desk": self.name, "visible": able, "sound": true });
        assert_eq!(self.browser.post("/api/beat", &beat).await.status, 204);
    }

    async fn drew(&self, room: &str, call: &Value) -> u16 {
        let body = json!({ "call": call, "desk": self.name });
        self.browser.post(&format!("/api/rooms/{room}/call/received"), &body).await.status
    }

    /// Sends an order to a room. Returns the HTTP status and the error message.
    async fn ask(&self, room: &str, order: &str, body: Value) -> (u16, String) {
        let answer = self.browser.post(&format!("/api/rooms/{room}/{order}"), &body).await;
        (answer.status, answer.error())
    }

    /// Waits until the page shows the room in a state for which `holds` returns true. States of other rooms that arrive
    /// in the meantime are kept, because the order of arrival depends on how busy the machine is.
    async fn room(&mut self, id: &str, holds: impl Fn(&Value) -> bool) -> Value {
        if let Some(room) = self.rooms.get(id)
            && holds(room)
        {
            return room.clone();
        }
        let rooms = &mut self.rooms;
        let keep = |room: &Value| {
            let of = room["id"].as_str().unwrap().to_owned();
            let is_it = of == id && holds(room);
            rooms.insert(of, room.clone());
            is_it
        };
        self.stream.wait_for("room", keep).await
    }
}

fn room_at(at: &Mosquitto, home: &Home, id: &str) -> Kiosk {
    home.configure(&format!("[room]\nname = \"{id} itself\"\n[line.mqtt]\nurl = \"{}\"\nroom = \"{id}\"\n", at.url()));
    let mut room = home.start(1);
    room.first();
    room
}

fn call_is(phase: &'static str) -> impl Fn(&Value) -> bool {
    move |line| line["call"] == phase
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_of_one_of_two_rooms_passes_every_phase_and_survives_the_room() {
    let at = Mosquitto::open();
    let homes = [Home::new(), Home::new()];
    let desk = Desk::open(&at, &["a", "never"]);
    let mut page = desk.page().await;
    let (mut one, mut two) = (room_at(&at, &homes[0], "a"), room_at(&at, &homes[1], "b"));
    assert_eq!(page.room("a", |room| room["view"].is_object()).await["name"], "a itself");
    let view = page.room("b", |room| room["view"].is_object()).await;
    assert!(view["view"]["offers"]["profiles"].as_array().is_some_and(|profiles| profiles.len() > 3), "{view}");
    two.tell("call_pressed");
    let call = page.room("b", |room| room["call"].is_object()).await["call"]["id"].clone();
    two.reach("the broker to have it", call_is("sent"));
    assert_eq!(page.drew("b", &call).await, 409, "a page that was never visible with sound is no desk");
    page.able(true).await;
    assert_eq!(page.drew("a", &call).await, 409, "the call is another room's");
    assert_eq!(page.drew("b", &call).await, 204);
    two.reach("its call at the desk", call_is("received"));
    assert_eq!(one.reach("a desk", |line| line["line"] == "up")["call"], "idle");
    assert_eq!(page.ask("b", "call/coming", json!({ "call": call, "name": "\u{200b}" })).await.0, 400);
    assert_eq!(page.ask("b", "call/coming", json!({ "call": call, "name": "Maria" })).await, (204, String::new()));
    two.reach("someone on the way", call_is("on_the_way"));
    page.room("b", |room| room["call"]["phase"] == "on_the_way" && room["call"]["name"] == "Maria").await;

    two.kill_9();
    let lost = page.room("b", |room| room["lost"] == true).await;
    assert_eq!((&lost["call"]["id"], &lost["troubles"]), (&call, &json!(["room-lost"])), "its last call stays");
    let mut two = room_at(&at, &homes[1], "b");
    let again = page.room("b", |room| room["lost"] == false).await;
    assert_eq!((&again["call"]["id"], &again["left"]), (&call, &json!([])));
    two.tell("call_here");
    two.tell("call_cleared");
    let past = page.room("b", |room| room["call"].is_null()).await["recent"][0].clone();
    assert_eq!((&past["id"], &past["name"]), (&call, &json!("Maria")));
    assert!(past["received_ms"].is_u64() && past["cleared_ms"].is_u64(), "{past}");
    let never = page.room("never", |room| room["lost"] == true).await;
    assert!(never["view"].is_null(), "an expected room is reported missing");
}

fn desk_forgot(line: &Value) -> Option<bool> {
    let checks = line["receipt"]["checks"].as_array()?;
    checks.iter().find(|check| check["name"] == "desk-forgot")?["ok"].as_bool()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_waits_until_the_desk_of_several_rooms_no_longer_shows_what_was_shared() {
    let at = Mosquitto::open();
    let home = Home::new();
    let desk = Desk::open(&at, &["a"]);
    let mut page = desk.page().await;
    page.able(true).await;
    let mut room = room_at(&at, &home, "a");
    let shares = |room: &mut Kiosk| {
        room.reach("a desk", |line| line["desk_connected"] == true);
        room.tell("visit_begins");
        room.send(&json!({ "event": "for_clinician", "text": "a grey heron" }));
        room.send(&json!({ "event": "share", "on": true }));
    };
    // First, the page does not confirm that the text is gone, so the room cannot know what the page shows.
    shares(&mut room);
    page.room("a", |room| room["view"]["shared"] == "a grey heron").await;
    room.tell("staff_reset");
    let blocked = room.reach("the refusal", |line| line["stage"] == "blocked");
    assert_eq!(desk_forgot(&blocked), Some(false), "{blocked}");
    page.room("a", |room| room["view"]["shared"].is_null()).await;
    room.tell("staff_reset");
    room.reach("ready", |line| line["stage"] == "ready");
    // This time the page confirms that the text is gone.
    shares(&mut room);
    page.room("a", |room| room["view"]["shared"] == "a grey heron").await;
    room.tell("staff_reset");
    page.room("a", |room| room["view"]["shared"].is_null()).await;
    let forgotten = json!({ "desk": page.name });
    assert_eq!(page.browser.post("/api/rooms/a/forgotten", &forgotten).await.status, 204);
    let ready = room.reach("ready", |line| line["stage"] == "ready" && line["receipt"]["verified"] == true);
    assert_eq!(desk_forgot(&ready), Some(true), "{ready}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_reported_as_taken_refused_or_unanswered() {
    let at = Mosquitto::open();
    let home = Home::new();
    let desk = Desk::open(&at, &["gone"]);
    let mut page = desk.page().await;
    let mut room = room_at(&at, &home, "a");
    page.room("a", |room| room["view"].is_object()).await;
    let (status, why) = page.ask("a", "volume", json!({ "db": -30 })).await;
    assert!(status == 409 && why.contains("not while the room is in ready"), "{status} {why}");
    room.tell("visit_begins");
    room.reach("a visit", |line| line["stage"] == "arrive");
    assert_eq!(page.ask("a", "place", json!({ "name": "forest" })).await.0, 204);
    room.reach("that place", |line| line["place"] == "forest");
    for (order, body) in [
        ("volume", json!({ "db": 6 })),
        ("volume", json!({ "db": -30, "also": 1 })),
        ("place", json!({ "name": "patient words" })),
        ("call/here", json!({ "call": 12 })),
    ] {
        let (status, why) = page.ask("a", order, body.clone()).await;
        assert!(status == 400 && !why.contains("patient words"), "{order} {body}: {status} {why}");
    }
    assert_eq!(page.ask("a", "call/cleared", json!({})).await.0, 404, "only in the room");
    assert_eq!(page.ask("nobody", "session/pause", json!({})).await.0, 409);
    let asked = Instant::now();
    assert_eq!(page.ask("gone", "session/pause", json!({})).await, (504, String::new()));
    assert!((Duration::from_secs(7)..LIMIT).contains(&asked.elapsed()), "{:?}", asked.elapsed());
    let mut other = desk.page().await;
    let late = other.room("a", |_| true).await;
    assert_eq!(late["view"]["place"], "forest", "a page that joins late gets the state");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_goes_back_when_the_only_page_that_drew_it_hides_although_another_can_receive() {
    let at = Mosquitto::open();
    let home = Home::new();
    let desk = Desk::open(&at, &[]);
    let (mut page, other) = (desk.page().await, desk.page().await);
    let mut room = room_at(&at, &home, "a");
    page.room("a", |room| room["view"].is_object()).await;
    page.able(true).await;
    other.able(true).await;
    room.reach("a desk", |line| line["desk_connected"] == true);
    room.tell("call_pressed");
    let call = page.room("a", |room| room["call"].is_object()).await["call"]["id"].clone();
    assert_eq!(page.drew("a", &call).await, 204);
    room.reach("its call at the desk", call_is("received"));
    page.able(false).await;
    room.reach("that nobody has it", call_is("sent"));
    room.reach("a desk all the same", |line| line["desk_connected"] == true);
    assert_eq!(other.drew("a", &call).await, 204);
    room.reach("its call at the desk", call_is("received"));
    drop(desk);
    room.reach("that no desk is there", |line| line["desk_connected"] == false && line["call"] == "sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_are_told_of_a_broker_that_goes_away_and_comes_back() {
    let mut at = Mosquitto::open();
    let home = Home::new();
    let desk = Desk::open(&at, &[]);
    let mut page = desk.page().await;
    page.stream.wait_for("line", |line| line["linked"] == true).await;
    let _room = room_at(&at, &home, "a");
    page.room("a", |room| room["view"].is_object()).await;
    at.kill();
    let away = page.stream.wait_for("line", |line| line["linked"] == false).await;
    assert!(away["was_linked"] == true && away["why"].is_string() && away["rooms"] == 1, "{away}");
    let back = Instant::now();
    at.start_again();
    page.stream.wait_for("line", |line| line["linked"] == true).await;
    page.stream.wait_for("room", |room| room["id"] == "a" && room["lost"] == false).await;
    assert!(back.elapsed() < Duration::from_secs(3), "{:?}", back.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_idle_connections_keep_out_neither_a_page_nor_the_broker() {
    let mut at = Mosquitto::open();
    let home = Home::new();
    let desk = Desk::open_by(&at, &["a"], |folder| with_files(folder, 1_024, &program()));
    let mut page = desk.page().await;
    let mut room = room_at(&at, &home, "a");
    let addresses: Vec<_> = (2..=200).map(|last| std::net::Ipv4Addr::new(127, 0, 1, last)).collect();
    let silent = [
        knock(desk.address.port(), &addresses, 4),
        knock(desk.address.port(), &[std::net::Ipv4Addr::LOCALHOST], 1_200),
    ];
    assert!(open_files(desk.process.id()) < 512, "{} files are open", open_files(desk.process.id()));
    at.kill();
    page.stream.wait_for("line", |line| line["linked"] == false).await;
    at.start_again();
    page.stream.wait_for("line", |line| line["linked"] == true).await;
    let mut second = desk.page().await;
    second.able(true).await;
    room.tell("call_pressed");
    let call = second.room("a", |room| room["call"].is_object()).await["call"]["id"].clone();
    page.room("a", |room| room["call"]["id"] == call).await;
    assert_eq!(second.drew("a", &call).await, 204);
    room.reach("its call at the desk", call_is("received"));
    drop(silent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_stored_of_unknown_rooms() {
    let at = Mosquitto::open();
    let desk = Desk::open(&at, &["a"]);
    let page = desk.page().await;
    let says = json!({ "desk": page.name });
    assert_eq!(page.ask("a", "forgotten", says.clone()).await.0, 204);
    assert_eq!(page.ask("b", "forgotten", says).await, (404, "there is no such room".to_owned()));
    let call = ulid::Ulid::new().to_string();
    assert_eq!(page.ask("b", "looked", json!({ "call": call })).await.0, 404);
    assert_eq!(page.ask("b", "call/here", json!({ "call": call })).await.0, 409);
}

#[test]
fn a_desk_that_cannot_open_says_why_and_exits() {
    let at = Mosquitto::open();
    let desk = Desk::open(&at, &[]);
    let told = |text: Option<&str>, arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = text {
            std::fs::write(folder.path().join("desk.toml"), text).unwrap();
        }
        let mut command = Command::new(program());
        command.args(arguments).env_clear().env("STATE_DIRECTORY", folder.path().join("state"));
        let output = command.current_dir(folder.path()).output().unwrap();
        let words = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), words)
    };
    let listen = format!("[desk]\nlisten = \"{}\"\n", desk.address);
    let open = "[desk]\nlisten = \"0.0.0.0:0\"\n";
    let line = "[line.mqtt]\nurl = \"mqtt://127.0.0.1\"\n";
    for (text, words) in [
        (None, "there is neither /etc/stillroom/desk.toml nor ./desk.toml"),
        (Some(listen.as_str()), "[line.mqtt] url names no broker"),
        (Some(&*format!("{listen}{line}")), "another program already does"),
        (Some(&*format!("{open}{line}")), "no desk password is set; run `stillroom desk set-password`"),
    ] {
        let (code, told) = told(text, &["desk"]);
        assert!(code == Some(2) && told.contains(words) && !told.contains("kiosk.toml"), "{code:?} {told}");
    }
    let wrong = format!("rooms = [\"Room 2\"]\n{line}");
    let (code, found) = told(Some(&wrong), &["check", "--config", "desk.toml"]);
    assert!(code == Some(1) && found.starts_with("desk.toml:1: rooms: found \"Room 2\""), "{code:?} {found}");
    assert_eq!(told(Some(line), &["check", "--config", "desk.toml"]), (Some(0), String::new()));
}

#[test]
fn a_desk_exits_cleanly_on_sigterm() {
    let at = Mosquitto::open();
    let mut desk = Desk::open(&at, &[]);
    let pid = desk.process.id();
    assert!(Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).status().unwrap().success());
    let until = Instant::now() + LIMIT;
    let ended = loop {
        match desk.process.try_wait().unwrap() {
            Some(ended) => break ended,
            None if Instant::now() > until => panic!("the desk does not exit"),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    assert_eq!(ended.code(), Some(0));
    assert!(!desk.folder.path().join("state/rooms-desk/sessions.json").exists(), "nobody signed in");
}
