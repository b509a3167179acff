//! Owns malicious clients that subscribe to everything on the broker, publish anything, and take over the sessions of
//! other clients.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rumqttc::{AsyncClient, Event, Incoming, MqttOptions, PublishOptions, QoS, SubscribeFilter};
use serde_json::Value;

use crate::broker::Mosquitto;
use crate::ends::wait_until;

const SOON: Duration = Duration::from_secs(5);

fn options(at: &Mosquitto, id: &str, user: Option<&str>) -> MqttOptions {
    let mut options = MqttOptions::new(id, ("127.0.0.1", at.port));
    options.set_max_packet_size(Some(1 << 20));
    if let Some(user) = user {
        options.set_credentials(user, user.to_owned());
    }
    options
}

/// A client that subscribes to every topic under `stillroom/`, and can publish on any topic.
pub struct Stranger {
    runtime: tokio::runtime::Runtime,
    client: AsyncClient,
    heard: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl Stranger {
    pub fn join(at: &Mosquitto) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (client, mut events) = AsyncClient::builder(options(at, "stranger", None)).capacity(64).build();
        let heard = Arc::<Mutex<BTreeMap<String, Value>>>::default();
        let kept = Arc::clone(&heard);
        runtime.spawn(async move {
            while let Ok(event) = events.poll().await {
                if let Event::Incoming(Incoming::Publish(said)) = event
                    && let Ok(value) = serde_json::from_slice::<Value>(&said.payload)
                    && !said.retain
                {
                    kept.lock().unwrap().insert(String::from_utf8_lossy(&said.topic).into_owned(), value);
                }
            }
        });
        runtime.block_on(async {
            // With `nolocal`, the broker does not send the client its own messages.
            let all = SubscribeFilter { nolocal: true, ..SubscribeFilter::new("stillroom/#", QoS::AtMostOnce) };
            client.subscribe_many_tracked([all]).await.unwrap().wait_async().await.unwrap();
        });
        Self { runtime, client, heard }
    }

    /// Waits for a message on a topic that starts with `begins`. Returns the topic and the newest message on it.
    pub fn last(&self, begins: &str) -> (String, Value) {
        let found = || {
            let heard = self.heard.lock().unwrap();
            heard.iter().find(|(topic, _)| topic.starts_with(begins)).map(|(topic, said)| (topic.clone(), said.clone()))
        };
        wait_until(SOON, "something is said", || found().is_some());
        found().unwrap()
    }

    /// Publishes a message, and waits until the broker has acknowledged it.
    pub fn say(&self, topic: &str, said: &Value) {
        let payload = serde_json::to_vec(said).unwrap();
        self.runtime.block_on(async {
            let sent = self.client.publish_tracked(topic, payload, PublishOptions::new(QoS::AtLeastOnce)).await;
            sent.unwrap().wait_async().await.unwrap();
        });
    }

    /// Publishes `payloads` on `topics` in turn, as fast as the broker accepts them, until the flood is dropped.
    pub fn flood(at: &Mosquitto, topics: Vec<String>, payloads: Vec<Vec<u8>>) -> Flood {
        let (ends, said) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (ended, counts, options) = (Arc::clone(&ends), Arc::clone(&said), options(at, "flood", None));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (client, mut events) = AsyncClient::builder(options).capacity(64).build();
                let polls = tokio::spawn(async move { while events.poll().await.is_ok() {} });
                for turn in 0.. {
                    let (topic, payload) = (&topics[turn % topics.len()], &payloads[turn % payloads.len()]);
                    let how = PublishOptions::new(QoS::AtMostOnce);
                    if ended.load(Ordering::Relaxed)
                        || client.publish(topic.clone(), payload.clone(), how).await.is_err()
                    {
                        break;
                    }
                    counts.fetch_add(1, Ordering::Relaxed);
                }
                polls.abort();
            });
        });
        Flood { ends, said, thread: Some(thread) }
    }
}

/// A thread that floods the broker with messages until this is dropped.
pub struct Flood {
    ends: Arc<AtomicBool>,
    said: Arc<AtomicUsize>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Flood {
    pub fn said(&self) -> usize {
        self.said.load(Ordering::Relaxed)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
    }
}

/// A client that connects with another client's id again and again, as fast as it can, until this is dropped.
pub struct Thief {
    ends: Arc<AtomicBool>,
    signed_in: Arc<AtomicUsize>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Thief {
    pub fn of(at: &Mosquitto, id: &str, user: Option<&str>) -> Self {
        let (ends, signed_in) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (ended, counts, options) = (Arc::clone(&ends), Arc::clone(&signed_in), options(at, id, user));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                while !ended.load(Ordering::Relaxed) {
                    let (_client, mut events) = AsyncClient::builder(options.clone()).capacity(4).build();
                    // The session is kept until another client takes it over.
                    while !ended.load(Ordering::Relaxed) {
                        match tokio::time::timeout(Duration::from_millis(20), events.poll()).await {
                            Ok(Ok(Event::Incoming(Incoming::ConnAck(_)))) => {
                                counts.fetch_add(1, Ordering::Relaxed);
                            }
                            Ok(Ok(_)) | Err(_) => {}
                            Ok(Err(_)) => break,
                        }
                    }
                }
            });
        });
        Self { ends, signed_in, thread: Some(thread) }
    }

    pub fn signed_in(&self) -> usize {
        self.signed_in.load(Ordering::Relaxed)
    }
}

impl Drop for Thief {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
    }
}
