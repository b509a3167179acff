//! Measures how long a press takes to reach both the disk and, through a real mosquitto broker, the desk's process. For
//! comparison, the same run measures a single message through the same broker and a single fsync. Run it with `cargo
//! bench --bench line`. `STILLROOM_PRESSES=n` sets the number of presses, which is 500 by default.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // a bench that panics has failed

#[path = "../tests/line/broker.rs"]
#[allow(dead_code)]
mod broker;
#[path = "../tests/line/link.rs"]
#[allow(dead_code)] // used by `broker`; this bench never cuts the connection
mod link;

use std::io::Write;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use broker::Mosquitto;
use rumqttc::{AsyncClient, Event, Incoming, MqttOptions, NetworkOptions, PublishOptions, QoS};
use stillroom::line::broker::Broker;
use stillroom::line::client::ClientEvent;
use stillroom::line::fleet::{Fleet, FleetEvent};
use stillroom::line::message::{RoomId, VitalAges};
use stillroom::line::mqtt::{DeskTransport, RoomTransport};
use stillroom::line::room_end::RoomReport;
use stillroom::line::view::RoomView;
use stillroom::room::call::CallId;
use stillroom::vocabulary::access::{BrokerAccess, BrokerUrl};
use ulid::Ulid;

fn main() {
    let presses = std::env::var("STILLROOM_PRESSES").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    let at = Mosquitto::open();
    let (mut room, mut bare, mut disk) = (Ours::open(&at), Bare::open(&at), Disk::open());
    let (mut ours, mut trips, mut fsyncs) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..presses {
        // The three measurements alternate, so that other load on the machine affects them alike.
        ours.push(room.press(number as u128 + 1));
        trips.push(bare.trip());
        fsyncs.push(disk.write());
    }
    println!("{presses} presses; figures in milliseconds: median, p99");
    for (what, spans) in
        [("press to desk process", &ours), ("bare trip through the broker", &trips), ("fsync", &fsyncs)]
    {
        println!("  {what}: {:.2}, {:.2}", quantile(spans, 0.5), quantile(spans, 0.99));
    }
    for (what, part) in [("median", 0.5), ("p99", 0.99)] {
        let limit = quantile(&trips, part) + quantile(&fsyncs, part);
        println!("  {what}: {:.2} of one bare trip and one fsync (2 allowed)", quantile(&ours, part) / limit);
    }
}

fn quantile(spans: &[Duration], part: f64) -> f64 {
    let mut sorted = spans.to_vec();
    sorted.sort();
    let place = ((sorted.len() - 1) as f64 * part).round() as usize;
    sorted[place].as_secs_f64() * 1_000.0
}

/// A room and a desk that are both connected to the broker.
struct Ours {
    desk: DeskTransport,
    line: RoomTransport,
    room: RoomId,
    changes: mpsc::Receiver<Instant>,
    disk: Disk,
}

impl Ours {
    fn open(at: &Mosquitto) -> Self {
        let url = BrokerUrl::parse(&at.url()).unwrap();
        let access = BrokerAccess { url, username: None, password_file: None, ca_file: None };
        let named = |id: &str| Broker { access: access.clone(), client_prefix: id.to_owned() };
        let room = RoomId::new("room-1").unwrap();
        let (saw, changes) = mpsc::channel();
        let fleet = Fleet::new(0, 1, [room.clone()]);
        let desk = DeskTransport::open(fleet, named("desk"), move |event| {
            if let ClientEvent::Endpoint(FleetEvent::RoomChanged(_)) = event {
                let _ = saw.send(Instant::now());
            }
        });
        let desk = desk.unwrap();
        let report = Box::new(|| RoomReport {
            name: "Room 1".into(),
            call: None,
            vitals: VitalAges::default(),
            view: RoomView { stage: "session".into(), ..RoomView::default() },
        });
        let line = RoomTransport::open(room.clone(), named("room"), Ulid::new(), [], report, |_| {}).unwrap();
        let gives_up_at = Instant::now() + Duration::from_secs(5);
        while desk.with(|fleet, now_ms| fleet.room(now_ms, &room).is_none_or(|room| room.view.is_none())) {
            assert!(Instant::now() < gives_up_at, "the two ends do not meet");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { desk, line, room, changes, disk: Disk::open() }
    }

    fn shows(&self) -> Option<Ulid> {
        self.desk.with(|fleet, now_ms| fleet.room(now_ms, &self.room)?.call.map(|call| call.id))
    }

    /// Places a call as the room does: writes the call's record to disk while the call is being sent. Returns the time
    /// until both are done.
    fn press(&mut self, number: u128) -> Duration {
        let id = CallId(number);
        while self.changes.try_recv().is_ok() {}
        let began = Instant::now();
        self.line.call_placed(id, false, 1);
        self.disk.write();
        let written = Instant::now();
        let there = loop {
            let at = self.changes.recv_timeout(Duration::from_secs(5)).unwrap();
            if self.shows() == Some(Ulid(id.0)) {
                break at;
            }
        };
        self.line.call_cleared(id);
        while self.shows().is_some() {
            std::thread::sleep(Duration::from_micros(200));
        }
        // This pause gives the broker's sockets time to acknowledge the last message. In a real room, the last message
        // was acknowledged long before a call.
        std::thread::sleep(Duration::from_millis(60));
        // A press has arrived only when both the desk and the disk have the call, so the later of the two times is
        // used.
        there.max(written).saturating_duration_since(began)
    }
}

/// Two plain MQTT clients, which measure how long a message takes from one to the other.
struct Bare {
    runtime: tokio::runtime::Runtime,
    publisher: AsyncClient,
    _subscriber: AsyncClient,
    seen: tokio::sync::mpsc::Receiver<Instant>,
}

impl Bare {
    fn open(at: &Mosquitto) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let options = |id: &str| {
            let mut options = MqttOptions::new(id, ("127.0.0.1", at.port));
            let mut network = NetworkOptions::new();
            network.set_tcp_nodelay(true);
            options.set_network_options(network);
            options
        };
        let (publisher, mut publishing) = AsyncClient::builder(options("bare-publisher")).capacity(16).build();
        let (subscriber, mut subscribing) = AsyncClient::builder(options("bare-subscriber")).capacity(16).build();
        let (saw, seen) = tokio::sync::mpsc::channel(16);
        runtime.spawn(async move { while publishing.poll().await.is_ok() {} });
        runtime.spawn(async move {
            while let Ok(event) = subscribing.poll().await {
                if let Event::Incoming(Incoming::Publish(_)) = event {
                    let _ = saw.send(Instant::now()).await;
                }
            }
        });
        runtime.block_on(async {
            subscriber.subscribe_tracked("bare", QoS::AtLeastOnce).await.unwrap().wait_async().await.unwrap();
        });
        Self { runtime, publisher, _subscriber: subscriber, seen }
    }

    fn trip(&mut self) -> Duration {
        let Self { runtime, publisher, seen, .. } = self;
        let took = runtime.block_on(async {
            let began = Instant::now();
            publisher.publish("bare", vec![b'x'; 600], PublishOptions::new(QoS::AtLeastOnce)).await.unwrap();
            seen.recv().await.unwrap().saturating_duration_since(began)
        });
        std::thread::sleep(Duration::from_millis(20));
        took
    }
}

/// A temporary file in the current folder. It is synced after each write, as the journal is.
struct Disk(std::fs::File);

impl Disk {
    fn open() -> Self {
        Self(tempfile::tempfile_in(".").unwrap())
    }

    fn write(&mut self) -> Duration {
        let began = Instant::now();
        self.0.write_all(&[0; 128]).unwrap();
        self.0.sync_data().unwrap();
        began.elapsed()
    }
}
