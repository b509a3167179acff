//! Owns the tests of malicious clients that take over a room's session at the broker, forge messages from a room or a
//! desk, or send garbage. Also owns the tests of two rooms that sign in as one user, and of a client that panics.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stillroom::line::Publication;
use stillroom::line::client::{BrokerClient, ClientEvent};
use stillroom::line::endpoint::Endpoint;
use stillroom::room::call::CallPhase;
use ulid::Ulid;

use crate::broker::Mosquitto;
use crate::ends::{self, TestDesk, TestRoom, wait_until};
use crate::kiosk::{Home, Kiosk, has_trouble};
use crate::stranger::{Stranger, Thief};

const SOON: Duration = Duration::from_secs(5);

fn home_at(at: &Mosquitto, user: Option<&str>) -> Home {
    let home = Home::new();
    let user = user.map_or_else(String::new, |user| {
        format!("username = \"{user}\"\npassword_file = \"{}\"\n", at.file(user).display())
    });
    home.configure(&format!("[line.mqtt]\nurl = \"{}\"\nroom = \"room-2\"\n{user}", at.url()));
    home
}

/// Places `times` calls, one after another. Each must reach the desk within [`SOON`], the time after which the room
/// reports that no desk is reachable. Returns the longest time that a call took.
fn calls_get_through(kiosk: &mut Kiosk, times: usize) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..times {
        let pressed = Instant::now();
        kiosk.tell("call_pressed");
        kiosk.wait_within("the call at the desk", SOON, |line| line["call"] == "received");
        slowest = slowest.max(pressed.elapsed());
        kiosk.tell("call_here");
        kiosk.tell("call_cleared");
        kiosk.wait("no call", |line| line["call"] == "idle");
    }
    slowest
}

#[test]
fn a_guessed_client_id_takes_no_session_over_and_a_learned_one_is_abandoned() {
    let at = Mosquitto::that_logs();
    let home = home_at(&at, None);
    let _desk = TestDesk::open(ends::broker(&at, "desk"));
    let mut kiosk = home.start(1);
    kiosk.wait("a desk", |line| line["line"] == "up" && !has_trouble(line, "line-down"));
    let guesses = Thief::of(&at, "stillroom-room-room-2", None);
    wait_until(SOON, "the guess", || guesses.signed_in() > 0);
    let slowest = calls_get_through(&mut kiosk, 6);
    let names = at.signed_in("stillroom-room-room-2-");
    assert_eq!(names.len(), 1, "its session was never taken over: {names:?}");
    println!("a guessed name: 6 of 6 calls, slowest {} ms", slowest.as_millis());
    drop(guesses);
    let knows = Thief::of(&at, &names[0], None);
    wait_until(SOON, "the room under another name", || at.signed_in("stillroom-room-room-2-").len() > 2);
    let slowest = calls_get_through(&mut kiosk, 6);
    println!("a name that was learned: 6 of 6 calls, slowest {} ms, {} thefts", slowest.as_millis(), knows.signed_in());
    assert!(!has_trouble(kiosk.last(), "line-fought-over"), "the stranger holds an abandoned session");
}

const AS_ITS_USER: &str = "use_username_as_clientid true\n";
const ANYTHING: &str = "pattern readwrite stillroom/#\n";

#[test]
fn two_tablets_with_one_user_report_it_and_the_later_one_gets_its_calls_through() {
    let at = Mosquitto::with_access(AS_ITS_USER, ANYTHING, &["room-2", "desk"]);
    let desk = TestDesk::open(ends::broker_as(&at, "desk", "desk"));
    wait_until(SOON, "the desk", || desk.is_up());
    let homes = [home_at(&at, Some("room-2")), home_at(&at, Some("room-2"))];
    let mut earlier = homes[0].start(1);
    earlier.wait("its line", |line| line["line"] == "up");
    let mut later = homes[1].start(1);
    for kiosk in [&mut earlier, &mut later] {
        kiosk.wait("a fight", |line| has_trouble(line, "line-fought-over"));
    }
    // The desk cannot tell the two rooms apart, and follows the room that started later.
    let pressed = Instant::now();
    later.tell("call_pressed");
    later.wait("the call at the desk", |line| line["call"] == "received");
    println!("two tablets of one user: a call at the desk after {} ms", pressed.elapsed().as_millis());
    assert!(!desk.shown().is_empty() && !desk.is_fought_over());
}

#[test]
#[ignore = "a minute of quiet; make soak"]
fn soak_a_contest_does_not_spin_and_is_over_after_a_quiet_minute() {
    let at = Mosquitto::with_access(AS_ITS_USER, ANYTHING, &["room-2", "desk"]);
    let named = |user: &str| ends::broker_as(&at, user, user);
    let (room, desk) = (TestRoom::open(named("room-2")), TestDesk::open(named("desk")));
    wait_until(SOON, "the room hears its desk", || room.desks() == 1);
    let thief = Thief::of(&at, "any", Some("room-2"));
    wait_until(SOON, "the fight is told", || room.is_fought_over());
    let (before, began) = (thief.signed_in(), Instant::now());
    std::thread::sleep(Duration::from_secs(10));
    let thefts = thief.signed_in() - before;
    println!("{thefts} thefts in {:?}", began.elapsed());
    assert!(thefts < 40, "the room comes back with pauses");
    let call = room.press();
    drop(thief);
    wait_until(SOON, "the desk shows the call", || desk.shown() == [call]);
    let quiet = wait_until(Duration::from_secs(70), "the fight is over", || !room.is_fought_over());
    assert!(quiet > Duration::from_secs(50) && room.is_up());
}

#[test]
fn a_room_that_may_not_publish_reports_its_line_as_down() {
    let at = Mosquitto::with_access("", "pattern read stillroom/#\n", &["room-2"]);
    let room = TestRoom::open(ends::broker_as(&at, "room-2", "room"));
    wait_until(SOON, "why it is down", || room.downs().iter().any(|why| why.contains("access list")));
    room.press();
    wait_until(Duration::from_secs(8), "that no desk is reached", || room.says_line_down());
    assert_eq!(room.phase(), Some(CallPhase::Placed), "a discarded message does not count as sent");
}

/// A function that sends one forged message.
type Lie = fn(&Stranger);

fn in_the_rooms_name(stranger: &Stranger, change: impl FnOnce(&mut Value)) {
    let (topic, mut said) = stranger.last("stillroom/room-2/state");
    change(&mut said);
    stranger.say(&topic, &said);
}

fn in_the_desks_name(stranger: &Stranger, begins: &str, change: impl FnOnce(&mut Value)) {
    let (topic, mut said) = stranger.last(begins);
    change(&mut said);
    stranger.say(&topic, &said);
}

const LIES: [(&str, Lie); 10] = [
    ("the room, last number", |liar| in_the_rooms_name(liar, |said| said["seq"] = json!(u64::MAX))),
    ("the room, a number that could be", |liar| {
        in_the_rooms_name(liar, |said| said["seq"] = json!(said["seq"].as_u64().unwrap() + 200));
    }),
    ("the room, last run", |liar| in_the_rooms_name(liar, |said| said["boot"] = json!(Ulid(u128::MAX)))),
    ("the room, last connection", |liar| {
        in_the_rooms_name(liar, |said| {
            said["link"] = json!(u32::MAX);
            said["seq"] = json!(said["seq"].as_u64().unwrap() + 1);
        });
    }),
    ("the room's will", |liar| {
        in_the_rooms_name(liar, |said| {
            *said =
                json!({ "kind": "will", "v": 1, "room": "room-2", "boot": said["boot"], "link": u32::MAX, "seq": 1 });
        });
    }),
    ("the room's will, and its last run", |liar| {
        in_the_rooms_name(liar, |said| {
            let mut later = said.clone();
            later["boot"] = json!(Ulid(u128::MAX));
            *said =
                json!({ "kind": "will", "v": 1, "room": "room-2", "boot": said["boot"], "link": u32::MAX, "seq": 1 });
            liar.say("stillroom/room-2/state", said);
            *said = later;
        });
    }),
    ("the desk's beat, last number", |liar| {
        in_the_desks_name(liar, "stillroom/desks/", |said| {
            (said["seq"], said["receives"]) = (json!(u64::MAX), json!(false));
        });
    }),
    ("the desk's beat, a number that could be", |liar| {
        in_the_desks_name(liar, "stillroom/desks/", |said| said["seq"] = json!(said["seq"].as_u64().unwrap() + 200));
    }),
    ("the desk is gone", |liar| {
        in_the_desks_name(liar, "stillroom/desks/", |said| {
            (said["gone"], said["link"]) = (json!(true), json!(u32::MAX));
        });
    }),
    ("the desk's word to the room, last number", |liar| {
        let (topic, said) = liar.last("stillroom/desks/");
        let desk = topic.rsplit('/').next().unwrap();
        let stance = json!({ "v": 1, "desk": desk, "link": said["link"], "seq": u64::MAX, "receives": true,
            "received": null, "orders": [], "cleared": u64::MAX });
        liar.say("stillroom/room-2/desk", &stance);
    }),
];

#[test]
fn no_single_forged_message_silences_a_room_or_a_desk() {
    let at = Mosquitto::open();
    let home = home_at(&at, None);
    let desk = TestDesk::open(ends::broker(&at, "desk"));
    let stranger = Stranger::join(&at);
    let mut kiosk = home.start(1);
    kiosk.wait("a desk", |line| line["line"] == "up");
    for (what, lie) in LIES {
        lie(&stranger);
        let lied = Instant::now();
        kiosk.tell("call_pressed");
        // A forged sequence number that the true sender could have used has the longest effect. The receiver follows
        // the true sender again only when its numbers continue and the forged ones do not.
        kiosk.wait_within(what, Duration::from_secs(9), |line| line["call"] == "received");
        wait_until(SOON, what, || desk.open_call().is_some());
        println!("{what}: the call at the desk after {} ms", lied.elapsed().as_millis());
        kiosk.tell("call_here");
        kiosk.tell("call_cleared");
        kiosk.wait("no call", |line| line["call"] == "idle");
        wait_until(Duration::from_secs(9), "the desk clears it", || desk.open_call().is_none());
    }
    // A forged message says that an open call was cleared. The desk must soon show the call again.
    kiosk.tell("call_pressed");
    kiosk.wait("the call at the desk", |line| line["call"] == "received");
    let (call, _) = desk.open_call().unwrap();
    in_the_rooms_name(&stranger, |said| {
        (said["seq"], said["call"]) = (json!(said["seq"].as_u64().unwrap() + 100), Value::Null);
        said["ended"] = json!([call]);
    });
    wait_until(SOON, "what was said in its name", || desk.open_call().is_none());
    wait_until(Duration::from_secs(9), "the call again", || desk.open_call().map(|(open, _)| open) == Some(call));
    // If the room really disappears, the desk must report it soon, whatever was forged about the room's connections.
    kiosk.kill_9();
    wait_until(SOON, "the desk loses the room", || desk.troubles() == ["room-lost"]);
}

#[test]
fn a_room_notices_that_somebody_publishes_under_its_id() {
    let at = Mosquitto::open();
    let room = TestRoom::open(ends::broker(&at, "room"));
    let stranger = Stranger::join(&at);
    in_the_rooms_name(&stranger, |said| said["seq"] = json!(u64::MAX));
    wait_until(SOON, "it knows", || room.has_duplicate_id());
}

#[test]
fn a_flood_of_garbage_delays_no_call_and_is_logged_once() {
    let at = Mosquitto::open();
    let home = home_at(&at, None);
    let desk = TestDesk::open(ends::broker(&at, "desk"));
    let mut kiosk = home.start(1);
    kiosk.wait("a desk", |line| line["line"] == "up");
    let topics = ["room-2/state", "room-2/desk", "desks/7", "room-9/state", "Room 2/state", "desks/a/b"];
    let topics: Vec<String> = topics.iter().map(|topic| format!("stillroom/{topic}")).collect();
    let beat = br#"{"v":1,"desk":"7","link":4294967296,"seq":-1,"receives":1,"gone":"no"}"#;
    let payloads: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"{".to_vec(),
        beat.to_vec(),
        vec![0xff; 300],
        [b"[".repeat(2_000), b"1".to_vec()].concat(),
        vec![b' '; 60_000],
        vec![b'9'; 70_000],
    ];
    let flood = Stranger::flood(&at, topics, payloads);
    wait_until(Duration::from_secs(20), "a flood", || flood.said() > 2_000);
    let slowest = calls_get_through(&mut kiosk, 20);
    println!("{} words of rubbish: 20 of 20 calls, slowest {} ms", flood.said(), slowest.as_millis());
    assert_eq!(desk.shown().len(), 20);
    drop(flood);
    let told = kiosk.complaints().lines().filter(|line| line.contains("ignored messages on the broker")).count();
    assert!((1..=2).contains(&told), "{}", kiosk.complaints());
    assert!(!has_trouble(kiosk.last(), "line-down") && !has_trouble(kiosk.last(), "line-fought-over"));
}

#[test]
fn a_flood_of_valid_desk_messages_delays_no_call_either() {
    let at = Mosquitto::open();
    let home = home_at(&at, None);
    let _desk = TestDesk::open(ends::broker(&at, "desk"));
    let mut kiosk = home.start(1);
    kiosk.wait("a desk", |line| line["line"] == "up");
    // Every message differs from all others, so the room has to handle each of them.
    let payloads = (0..5_000_u64).map(|seq| {
        let order = json!({ "id": Ulid(seq.into()), "order": "pause" });
        let said = json!({ "v": 1, "desk": (seq % 50).to_string(), "link": 1, "seq": seq + 1, "receives": seq % 2 == 0,
            "received": Ulid(7), "orders": [order], "cleared": null });
        serde_json::to_vec(&said).unwrap()
    });
    let flood = Stranger::flood(&at, vec!["stillroom/room-2/desk".to_owned()], payloads.collect());
    wait_until(SOON, "a flood", || flood.said() > 100);
    kiosk.tell("call_pressed");
    let pressed = Instant::now();
    kiosk.wait("the call", |line| line["call"] != "idle");
    println!("{} orders: a press shown after {} ms", flood.said(), pressed.elapsed().as_millis());
    drop(flood);
    kiosk.reach("the call at the desk", |line| line["call"] == "received");
    kiosk.send(&json!({ "event": "call_here" }));
    kiosk.reach("somebody there", |line| line["call"] == "here");
}

/// An endpoint that panics after each of the first `panics` connections.
struct PanickingEndpoint {
    panics: u32,
    is_connected: bool,
}

impl Endpoint for PanickingEndpoint {
    type Event = ();

    fn topics(&self) -> Vec<String> {
        vec!["stillroom/desks/#".to_owned()]
    }
    fn connecting(&mut self) -> Option<Publication> {
        None
    }
    fn connected(&mut self, _now_ms: u64) {
        self.is_connected = true;
    }
    fn disconnected(&mut self) {
        self.is_connected = false;
    }
    fn on_message(&mut self, _now_ms: u64, _topic: &str, _payload: &[u8], _is_retained: bool) {}
    fn on_acknowledged(&mut self, _receipt: u64, _has_subscribers: bool) {}
    fn on_rejected(&mut self, _now_ms: u64, _receipt: u64, _topic: &str) -> bool {
        false
    }
    fn handle_timeout(&mut self, _now_ms: u64) {
        if self.is_connected && self.panics > 0 {
            self.panics -= 1;
            panic!("a planted panic");
        }
    }
    fn poll_transmit(&mut self, _now_ms: u64) -> Option<Publication> {
        None
    }
    fn poll_event(&mut self) -> Option<()> {
        None
    }
    fn poll_timeout(&self) -> Option<u64> {
        None
    }
}

#[test]
fn a_client_that_panics_connects_again() {
    let at = Mosquitto::open();
    let (sender, events) = std::sync::mpsc::channel();
    let endpoint = PanickingEndpoint { panics: 2, is_connected: false };
    let broker = ends::broker(&at, "panicking");
    let _client = BrokerClient::open(endpoint, broker, move |event| drop(sender.send(event))).unwrap();
    let events = std::iter::from_fn(|| events.recv_timeout(Duration::from_secs(8)).ok()).take(5);
    let events: Vec<&str> = events
        .map(|event| match event {
            ClientEvent::Up => "up",
            ClientEvent::Down(_) => "down",
            ClientEvent::Contested(_) => "contested",
            ClientEvent::Endpoint(()) => "event",
        })
        .collect();
    assert_eq!(events, ["up", "down", "up", "down", "up"]);
}
