//! From the press to the desk's process through a real mosquitto, beside one bare trip through the same broker and one
//! fsync in the same run. `cargo bench --bench line`; `STILLROOM_PRESSES=n` for another number than 500.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a bench that panics has failed

#[path = "../tests/line/broker.rs"]
#[allow(dead_code)]
mod broker;
#[path = "../tests/line/link.rs"]
#[allow(dead_code)] // pulled in by the broker; no cable is pulled here
mod link;

use std::io::Write;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use broker::Mosquitto;
use rumqttc::{AsyncClient, Event, Incoming, MqttOptions, NetworkOptions, PublishOptions, QoS};
use stillroom::line::broker::{Broker, BrokerUrl};
use stillroom::line::fleet::{Fleet, FleetNews};
use stillroom::line::link::News;
use stillroom::line::message::{RoomId, Vitals};
use stillroom::line::mqtt::{DeskLine, RoomLine};
use stillroom::line::room_end::Told;
use stillroom::room::call::CallId;
use ulid::Ulid;

fn main() {
    let presses = std::env::var("STILLROOM_PRESSES").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    let at = Mosquitto::open();
    let ours = ours(&at, presses);
    let bare = bare(&at, presses);
    let fsync = fsyncs(presses);
    println!("{presses} presses; figures in milliseconds: median, p99");
    for (what, spans) in [("press to desk process", &ours), ("bare trip through the broker", &bare), ("fsync", &fsync)]
    {
        println!("  {what}: {:.2}, {:.2}", quantile(spans, 0.5), quantile(spans, 0.99));
    }
    for (what, part) in [("median", 0.5), ("p99", 0.99)] {
        let limit = quantile(&bare, part) + quantile(&fsync, part);
        println!("  {what}: {:.2} of one bare trip and one fsync (2 allowed)", quantile(&ours, part) / limit);
    }
}

fn quantile(spans: &[Duration], part: f64) -> f64 {
    let mut sorted = spans.to_vec();
    sorted.sort();
    let place = ((sorted.len() - 1) as f64 * part).round() as usize;
    sorted[place].as_secs_f64() * 1_000.0
}

/// As the room does it: the record is written and flushed while the call goes out.
fn ours(at: &Mosquitto, presses: usize) -> Vec<Duration> {
    let named = |id: &str| Broker {
        url: BrokerUrl::parse(&at.url()).unwrap(),
        username: None,
        password_file: None,
        ca_file: None,
        client_id: id.to_owned(),
    };
    let room = RoomId::new("room-1").unwrap();
    let (saw, changes) = mpsc::channel();
    let fleet = Fleet::new(0, 1, [room.clone()]);
    let desk = DeskLine::open(fleet, named("desk"), move |news| {
        if let News::Of(FleetNews::Changed(_)) = news {
            let _ = saw.send(Instant::now());
        }
    });
    let desk = desk.unwrap();
    let source = Box::new(|| Told {
        name: "Room 1".into(),
        call: None,
        vitals: Vitals::default(),
        view: serde_json::json!({ "stage": "session" }),
    });
    let line = RoomLine::open(room.clone(), named("room"), Ulid::new(), [], source, |_| {}).unwrap();
    let shows = |desk: &DeskLine| desk.with(|fleet, now_ms| fleet.room(now_ms, &room)?.call.map(|call| call.id));
    let gives_up_at = Instant::now() + Duration::from_secs(5);
    while desk.with(|fleet, now_ms| fleet.room(now_ms, &room).is_none_or(|room| room.view.is_none())) {
        assert!(Instant::now() < gives_up_at, "the two ends do not meet");
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut journal = tempfile::tempfile_in(".").unwrap();
    let mut spans = Vec::new();
    for number in 0..presses {
        let id = CallId(number as u128 + 1);
        let began = Instant::now();
        line.offer(id, false, 1);
        journal.write_all(&[0; 128]).unwrap();
        journal.sync_data().unwrap();
        let written = Instant::now();
        let there = loop {
            let at = changes.recv_timeout(Duration::from_secs(5)).unwrap();
            if shows(&desk) == Some(Ulid(id.0)) {
                break at;
            }
        };
        // The later of the two: it counts once the desk has it and the disk has it.
        spans.push(there.max(written).saturating_duration_since(began));
        line.end(id);
        while shows(&desk).is_some() {
            std::thread::sleep(Duration::from_micros(200));
        }
        // As calls come in life: not on the heels of the last word, which a broker's sockets may still be settling.
        std::thread::sleep(Duration::from_millis(60));
        while changes.try_recv().is_ok() {}
    }
    spans
}

fn bare(at: &Mosquitto, presses: usize) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let options = |id: &str| {
            let mut options = MqttOptions::new(id, ("127.0.0.1", at.port));
            let mut network = NetworkOptions::new();
            network.set_tcp_nodelay(true);
            options.set_network_options(network);
            options
        };
        let (publisher, mut publishing) = AsyncClient::builder(options("bare-publisher")).capacity(16).build();
        let (subscriber, mut subscribing) = AsyncClient::builder(options("bare-subscriber")).capacity(16).build();
        tokio::spawn(async move { while publishing.poll().await.is_ok() {} });
        let (saw, mut seen) = tokio::sync::mpsc::channel(16);
        tokio::spawn(async move {
            while let Ok(event) = subscribing.poll().await {
                if let Event::Incoming(Incoming::Publish(_)) = event {
                    let _ = saw.send(Instant::now()).await;
                }
            }
        });
        subscriber.subscribe_tracked("bare", QoS::AtLeastOnce).await.unwrap().wait_async().await.unwrap();
        let mut spans = Vec::new();
        for _ in 0..presses {
            let began = Instant::now();
            publisher.publish("bare", vec![b'x'; 600], PublishOptions::new(QoS::AtLeastOnce)).await.unwrap();
            spans.push(seen.recv().await.unwrap().saturating_duration_since(began));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        spans
    })
}

fn fsyncs(presses: usize) -> Vec<Duration> {
    let mut file = tempfile::tempfile_in(".").unwrap();
    let mut spans = Vec::new();
    for _ in 0..presses {
        let began = Instant::now();
        file.write_all(&[0; 128]).unwrap();
        file.sync_data().unwrap();
        spans.push(began.elapsed());
    }
    spans
}
