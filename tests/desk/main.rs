//! Owns the tests of a desk that listens on a port and shows a real room. They cover calls, the orders that a desk
//! sends to the room, and who may see the desk.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::must_use_candidate
)] // a test that panics is a test that fails

mod browser;
mod door;
mod room;
mod words;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use browser::Browser;
use room::TestRoom;
use serde_json::json;
use stillroom::desk::single_room::{self, SingleRoomOptions};
use stillroom::desk::{self, BoundDesk, DeskError, DeskPassword, PageOptions, PlaceStill, ServerOptions, SharedWords};
use stillroom::line::view::{Offers, ProfileOffer};
use stillroom::room::call::{CallId, CallPhase, DeskId};
use stillroom::room::notes::PatientText;
use stillroom::room::{Event, Stage};
use stillroom::secret::hash::SecretHash;
use stillroom::vocabulary::access::CertificateSource;
use stillroom::vocabulary::patient::CallReason;
use stillroom::vocabulary::place::{Place, TimeOfDay};
use tokio::sync::{oneshot, watch};

const BEACH_AT_DUSK: &[u8] = include_bytes!("../../media/places/beach-dusk.jpg");

/// A running desk. It stops when this is dropped.
pub struct OpenDesk {
    /// The address that the desk listens on.
    pub address: SocketAddr,
    /// The room that the desk shows.
    pub room: TestRoom,
    close: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<Result<(), DeskError>>>,
}

impl OpenDesk {
    /// Shuts the desk down, and waits until it has finished.
    pub async fn close(mut self) {
        let _ = self.close.take().unwrap().send(());
        self.served.take().unwrap().await.unwrap().unwrap();
    }
}

/// Options for a desk without a password, on a free port of the loopback interface, with its files in `folder`.
pub fn options(folder: &Path) -> ServerOptions {
    ServerOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        certificate: CertificateSource::Auto,
        folder: folder.join("desk"),
        password: DeskPassword::NotSet,
        host_names: vec![],
    }
}

/// Options for a desk that shows a single room.
fn room_options() -> SingleRoomOptions {
    let profile = ProfileOffer {
        name: "gentle-tide".into(),
        title: "Gentle tide".into(),
        description: "A slow sea.".into(),
        scored: true,
        place: "beach".into(),
        time: "dusk".into(),
    };
    let still = PlaceStill { place: Place::Beach, time: TimeOfDay::Dusk, jpeg: BEACH_AT_DUSK };
    let clinicians = vec!["Maria".into(), "Dr. Okafor".into()];
    SingleRoomOptions {
        page: PageOptions { clinicians, locale: "en-US".into(), font: None, font_bold: None, stills: vec![still] },
        room_name: watch::Sender::new("Room 2".to_owned()).subscribe(),
        offers: Offers { profiles: vec![profile].into(), cap_db: -12.0 },
        previews: None,
        shared: SharedWords::default(),
    }
}

/// Opens a desk with a new room. Requires a tokio runtime.
pub fn open(options: ServerOptions) -> OpenDesk {
    serve(desk::bind(options).unwrap())
}

/// Like [`open`], except that the desk calls `look` from time to time to learn its current password.
pub fn open_following(
    options: ServerOptions,
    look: impl Fn() -> Option<SecretHash> + Send + Sync + 'static,
) -> OpenDesk {
    serve(desk::bind(options).unwrap().follow_password(look))
}

fn serve(bound: BoundDesk) -> OpenDesk {
    let room = TestRoom::new();
    let address = bound.address();
    let (close, closed) = oneshot::channel::<()>();
    let client = Arc::new(room.clone());
    let served = tokio::spawn(single_room::serve(bound, room_options(), client, async {
        let _ = closed.await;
    }));
    OpenDesk { address, room, close: Some(close), served: Some(served) }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..400 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("this did not happen: {what}");
}

#[tokio::test]
async fn a_call_passes_every_phase_and_each_phase_needs_its_own_proof() {
    let folder = tempfile::tempdir().unwrap();
    let desk = open(options(folder.path()));
    let browser = Browser::at(desk.address);
    let mut stream = browser.stream().await;
    let hello = stream.wait_for("hello", |_| true).await;
    assert_eq!(hello["clinicians"], json!(["Maria", "Dr. Okafor"]));
    let page = hello["desk"].as_str().unwrap().to_owned();
    let room = stream.wait_for("room", |_| true).await;
    assert_eq!((&room["room"], &room["stage"], &room["line"]), (&json!("Room 2"), &json!("ready"), &json!("down")));

    let id = CallId(12_345_678_901_234_567_890_123);
    desk.room.happen(Event::CallPressed { id, practice: false }).unwrap();
    let call = stream.wait_for("room", |room| room["call"].is_object()).await["call"].clone();
    assert_eq!(call["phase"], "placed", "a page without sound does not count as a desk");
    let call = call["id"].as_str().unwrap().to_owned();
    let received = json!({ "call": call, "desk": page });
    assert_eq!(browser.post("/api/call/received", &received).await.status, 409);
    let hidden = json!({ "desk": page, "visible": false, "sound": true });
    assert_eq!(browser.post("/api/beat", &hidden).await.status, 204);
    assert!(desk.room.told().is_empty(), "a hidden page does not count as a desk");

    let beat = json!({ "desk": page, "visible": true, "sound": true });
    assert_eq!(browser.post("/api/beat", &beat).await.status, 204);
    assert_eq!(browser.post("/api/beat", &beat).await.status, 204);
    until("sent", || desk.room.snapshot().call.as_ref().unwrap().phase == CallPhase::Sent).await;
    assert_eq!(browser.post("/api/call/received", &received).await.status, 204);
    assert_eq!(browser.post("/api/call/received", &received).await.status, 204);
    stream.wait_for("room", |room| room["call"]["phase"] == "received" && room["line"] == "up").await;

    for unseen in ["\u{200b}", "Maria \u{202e}airaM"] {
        let coming = json!({ "call": call, "name": unseen });
        let answer = browser.post("/api/call/coming", &coming).await;
        assert!(answer.status == 400 && answer.error().starts_with("a name "), "{unseen:?} {answer:?}");
    }
    assert_eq!(desk.room.snapshot().call.as_ref().unwrap().phase, CallPhase::Received);
    let coming = json!({ "call": call, "name": "Maria" });
    assert_eq!(browser.post("/api/call/coming", &coming).await.status, 204);
    stream.wait_for("room", |room| room["call"]["phase"] == "on_the_way" && room["call"]["name"] == "Maria").await;
    assert_eq!(browser.post("/api/call/here", &json!({ "call": call })).await.status, 204);
    stream.wait_for("room", |room| room["call"]["phase"] == "here").await;
    assert_eq!(browser.post("/api/call/cleared", &json!({ "call": call })).await.status, 404, "only in the room");
    desk.room.happen(Event::CallCleared).unwrap();
    let room = stream.wait_for("room", |room| room["call"].is_null()).await;
    let past = &room["recent"][0];
    assert_eq!((&past["id"], &past["name"]), (&json!(call), &json!("Maria")));
    for time in ["received_ms", "coming_ms", "here_ms", "cleared_ms"] {
        assert!(past[time].is_u64(), "{time} of {past}");
    }
    assert_eq!(browser.post("/api/call/here", &json!({ "call": call })).await.status, 409);
    let told = desk.room.told();
    assert_eq!(told.iter().filter(|event| matches!(event, Event::CallSent { .. })).count(), 1);
    assert_eq!(told.iter().filter(|event| matches!(event, Event::DeskConnected { .. })).count(), 1);
    desk.close().await;
}

#[tokio::test]
async fn a_page_that_hides_or_closes_gives_its_call_back() {
    let folder = tempfile::tempdir().unwrap();
    let desk = open(options(folder.path()));
    let browser = Browser::at(desk.address);
    let id = CallId(7);
    let phase = || desk.room.snapshot().call.as_ref().map(|call| call.phase);
    let mut stream = browser.stream().await;
    let page = stream.wait_for("hello", |_| true).await["desk"].as_str().unwrap().to_owned();
    let beat = |visible| json!({ "desk": page, "visible": visible, "sound": true });
    browser.post("/api/beat", &beat(true)).await;
    assert_eq!(desk.room.snapshot().desks, 1);
    desk.room.happen(Event::CallPressed { id, practice: false }).unwrap();
    let call = stream.wait_for("room", |room| room["call"].is_object()).await["call"]["id"].clone();
    until("sent", || phase() == Some(CallPhase::Sent)).await;
    let received = json!({ "call": call, "desk": page });
    assert_eq!(browser.post("/api/call/received", &received).await.status, 204);
    browser.post("/api/beat", &beat(false)).await;
    assert_eq!((phase(), desk.room.snapshot().desks), (Some(CallPhase::Sent), 0));
    browser.post("/api/beat", &beat(true)).await;
    assert_eq!(browser.post("/api/call/received", &received).await.status, 204);
    assert_eq!(phase(), Some(CallPhase::Received));
    drop(stream);
    until("the room has no desk", || desk.room.snapshot().desks == 0).await;
    assert_eq!(phase(), Some(CallPhase::Sent));
    assert_eq!(browser.post("/api/beat", &beat(true)).await.status, 410);
    desk.close().await;
}

#[tokio::test]
async fn no_beat_reaches_a_page_while_the_room_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let desk = open(options(folder.path()));
    let browser = Browser::at(desk.address);
    let mut stream = browser.stream().await;
    stream.wait_for("beat", |_| true).await;
    desk.room.freeze(true);
    assert!(stream.next_within(Duration::from_secs(7)).await.is_none());
    desk.room.freeze(false);
    stream.wait_for("beat", |_| true).await;
    desk.close().await;
}

#[tokio::test]
async fn an_order_reaches_the_room_or_says_why_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let desk = open(options(folder.path()));
    let browser = Browser::at(desk.address);
    let refused = browser.post("/api/volume", &json!({ "db": -30 })).await;
    assert_eq!(refused.status, 409);
    assert!(refused.error().contains("not while the room is in ready"), "{}", refused.body);
    let refused = browser.post("/api/profile", &json!({ "name": "none" })).await;
    assert!(refused.error().contains("no profile of that name"));
    for (path, body) in [
        ("/api/profile", json!({ "name": "long-120" })),
        ("/api/session/begin", json!({ "infusion_minutes": 60, "settle": true })),
        ("/api/session/infusion_starts", json!({})),
        ("/api/session/pause", json!({})),
        ("/api/session/resume", json!({})),
        ("/api/session/extend", json!({ "minutes": 5 })),
        ("/api/volume", json!({ "db": -27.0 })),
        ("/api/place", json!({ "name": "forest" })),
        ("/api/breath", json!({ "on": true })),
        ("/api/brightness", json!({ "trim": 0.2 })),
        ("/api/dark", json!({ "on": true })),
        ("/api/silence", json!({ "on": true })),
        ("/api/calm", json!({ "on": true })),
    ] {
        let answer = browser.post(path, &body).await;
        assert_eq!(answer.status, 204, "{path}: {}", answer.body);
    }
    let room = desk.room.snapshot();
    assert_eq!((room.stage, room.infusion_minutes, room.place), (Stage::Session, 65, Place::Forest));
    assert_eq!((room.volume_db, room.brightness_trim, room.breath.is_some()), (-27.0, 0.2, true));
    assert_eq!((room.dark, room.silence, room.calm), (true, true, true));
    for (path, body) in [
        ("/api/volume", json!({ "db": 6 })),
        ("/api/volume", json!({ "db": "loud" })),
        ("/api/volume", json!({ "db": -30, "also": 1 })),
        ("/api/place", json!({ "name": "dentist" })),
        ("/api/brightness", json!({ "trim": 2 })),
        ("/api/calm", json!({})),
        ("/api/session/begin", json!({ "infusion_minutes": -1, "settle": true })),
        ("/api/call/here", json!({ "call": 12 })),
        ("/api/call/here", json!({ "call": "patient words" })),
    ] {
        let answer = browser.post(path, &body).await;
        assert_eq!(answer.status, 400, "{path} {body}");
        assert!(!answer.body.contains("patient words"));
    }
    assert_eq!(browser.post("/api/session/end", &json!({ "landing_minutes": 0 })).await.status, 204);
    assert_eq!(browser.post("/api/session/after", &json!({})).await.status, 204);
    desk.room.happen(Event::ForClinicianWritten { text: PatientText::new("the needle frightened me") }).unwrap();
    let mut stream = browser.stream().await;
    assert!(stream.wait_for("room", |_| true).await["shared"].is_null());
    desk.room.happen(Event::ForClinicianShared { on: true }).unwrap();
    assert_eq!(stream.wait_for("room", |room| !room["shared"].is_null()).await["shared"], "the needle frightened me");
    desk.close().await;
}

#[tokio::test]
async fn the_reason_for_a_call_is_shown_with_the_call_and_never_in_the_list_of_recent_calls() {
    let folder = tempfile::tempdir().unwrap();
    let desk = open(options(folder.path()));
    let mut stream = Browser::at(desk.address).stream().await;
    stream.wait_for("room", |_| true).await;
    let (id, page) = (CallId(7), DeskId(1));
    desk.room.happen(Event::DeskConnected { desk: page }).unwrap();
    desk.room.happen(Event::CallPressed { id, practice: false }).unwrap();
    desk.room.happen(Event::CallReceived { id, desk: page }).unwrap();
    stream.wait_for("room", |room| room["call"]["phase"] == "received" && room["call"]["reason"].is_null()).await;
    desk.room.happen(Event::CallReasonChosen(CallReason::Sick)).unwrap();
    let room = stream.wait_for("room", |room| room["call"]["reason"] == "sick").await;
    assert!(!room["recent"].to_string().contains("sick"));
    desk.room.happen(Event::CallHere { id: None }).unwrap();
    desk.room.happen(Event::CallCleared).unwrap();
    let room = stream.wait_for("room", |room| room["call"].is_null()).await;
    assert!(room["recent"][0].is_object() && !room.to_string().contains("sick"), "{room}");
    desk.close().await;
}

#[tokio::test]
async fn a_place_has_a_picture_that_a_browser_may_keep() {
    let folder = tempfile::tempdir().unwrap();
    let desk = open(options(folder.path()));
    let browser = Browser::at(desk.address);
    let hello = browser.stream().await.wait_for("hello", |_| true).await;
    assert_eq!(hello["profiles"][0]["time"], "dusk");
    let address = hello["pictures"]["beach"]["dusk"].as_str().unwrap();
    let picture = browser.get(address).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/jpeg")));
    assert_eq!(picture.header("cache-control"), Some("private, max-age=31536000, immutable"));
    assert!(picture.header("content-security-policy").is_some());
    let size: usize = picture.header("content-length").unwrap().parse().unwrap();
    assert!((4_000..80_000).contains(&size), "{size}");
    for other in ["/places/beach-dusk.jpg", "/places/", "/places/..%2f..%2fetc%2fpasswd"] {
        let answer = browser.get(other).await;
        assert_eq!((answer.status, answer.header("cache-control")), (404, Some("no-store")), "{other}");
    }
    desk.close().await;
}
