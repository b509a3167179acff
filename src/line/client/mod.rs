//! Owns the connection to a broker: connecting with a will, TLS and credentials, reconnecting with a jittered backoff, and
//! giving up a connection on which nothing is acknowledged. One thread for each client. Does not own what is exchanged: an
//! [`Endpoint`] does.
//!
//! Every connection starts a clean session of a fresh MQTT client. Nothing that was queued for a lost connection is ever
//! sent late, since the endpoint sends its whole state again, so nothing depends on the client id. Its random part is kept
//! while only this end gives up connections, so that the broker drops the old one at once. It is replaced once the broker
//! ends a connection: a client that learned the id and took the session over is then left with an abandoned one.

mod error;
mod options;
mod unacknowledged;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, Incoming, PubAckReason, PublishOptions, PublishProperties,
    PublishResult, QoS, RetainForwardRule, SubscribeFilter,
};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::broker::Broker;
use super::endpoint::Endpoint;
use super::takeover::{DisconnectCause, TakeoverDetector};
use super::{Publication, SILENT_AFTER_MS};
pub use error::BrokerError;
use options::options;
use unacknowledged::Unacknowledged;

/// The first pause before reconnecting. It doubles with each further attempt …
const BACKOFF_MIN: Duration = Duration::from_millis(200);
/// … up to this. Together with [`CONNECT_TIMEOUT`] it stays below the three seconds within which a restored broker must be
/// found.
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// A connection that lasted this long resets the backoff.
const STABLE_AFTER: Duration = Duration::from_secs(5);
/// Time limit for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_800);
/// Time limit for an acknowledgement; a broker that exceeds it is frozen or cut off.
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(3);
/// MQTT keep-alive, in seconds. The broker drops a client that vanished after one and a half of these.
const KEEP_ALIVE_S: u16 = 5;
/// Maximum number of queued messages in each direction.
const QUEUE_MAX: usize = 256;

/// What a client reports to its owner.
#[derive(Debug)]
pub enum ClientEvent<E> {
    /// The broker is connected.
    Up,
    /// It is not, and why in plain words. Reported once for each outage.
    Down(String),
    /// Whether another client keeps taking this one's session over.
    Contested(bool),
    /// An event of the endpoint.
    Endpoint(E),
}

/// A client that keeps itself connected. Dropping it closes the connection, and the broker publishes the will.
pub struct BrokerClient<E: Endpoint> {
    shared: Arc<SharedEndpoint<E>>,
}

struct SharedEndpoint<E> {
    endpoint: Mutex<E>,
    wake: Notify,
    started: Instant,
    closed: Notify,
}

impl<E: Endpoint> BrokerClient<E> {
    /// Starts a client on a thread of its own. `on_event` is called there and must not block.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn open(
        endpoint: E,
        broker: Broker,
        on_event: impl FnMut(ClientEvent<E::Event>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(SharedEndpoint {
            endpoint: Mutex::new(endpoint),
            wake: Notify::new(),
            started: Instant::now(),
            closed: Notify::new(),
        });
        let client = Arc::clone(&shared);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut reporter = Reporter { on_event, takeovers: TakeoverDetector::default(), is_up: None };
        std::thread::Builder::new().name("line-mqtt".to_owned()).spawn(move || {
            let mut run = || {
                runtime.block_on(async {
                    tokio::select! {
                        () = client.closed.notified() => {}
                        never = stay_connected(&client, &broker, &mut reporter) => match never {},
                    }
                });
            };
            // A panic must not end the client, or the line would appear to be up for ever.
            while catch_unwind(AssertUnwindSafe(&mut run)).is_err() {
                tracing::error!("the broker client panicked and starts again");
                std::thread::sleep(BACKOFF_MAX);
            }
        })?;
        Ok(Self { shared })
    }

    /// Calls the endpoint with the client's time, and drives it afterwards. Never waits for the broker.
    pub fn with<T>(&self, act: impl FnOnce(&mut E, u64) -> T) -> T {
        let now_ms = self.shared.now_ms();
        let result = act(&mut self.shared.endpoint(), now_ms);
        self.shared.wake.notify_one();
        result
    }
}

impl<E: Endpoint> Drop for BrokerClient<E> {
    fn drop(&mut self) {
        self.shared.closed.notify_one();
    }
}

impl<E: Endpoint> SharedEndpoint<E> {
    fn endpoint(&self) -> MutexGuard<'_, E> {
        self.endpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn instant(&self, at_ms: u64) -> tokio::time::Instant {
        (self.started + Duration::from_millis(at_ms)).into()
    }

    /// When the endpoint has to be driven again; at most [`SILENT_AFTER_MS`] from now, so that a hung thread is noticed.
    fn timeout_at(&self) -> tokio::time::Instant {
        let latest_ms = self.now_ms() + SILENT_AFTER_MS;
        self.instant(self.endpoint().poll_timeout().map_or(latest_ms, |due_ms| due_ms.min(latest_ms)))
    }
}

/// Reports to the client's owner, each change once.
struct Reporter<F> {
    on_event: F,
    takeovers: TakeoverDetector,
    is_up: Option<bool>,
}

impl<F> Reporter<F> {
    fn up<N>(&mut self)
    where
        F: FnMut(ClientEvent<N>),
    {
        if self.is_up != Some(true) {
            self.is_up = Some(true);
            (self.on_event)(ClientEvent::Up);
        }
    }

    fn down<N>(&mut self, broker: &Broker, why: &BrokerError)
    where
        F: FnMut(ClientEvent<N>),
    {
        if self.is_up != Some(false) {
            self.is_up = Some(false);
            tracing::warn!(broker = %broker.access.url, %why, "the line to the broker is down; connecting is retried");
            (self.on_event)(ClientEvent::Down(why.to_string()));
        }
    }

    /// When there may be something to report about takeovers.
    fn timeout_at<E: Endpoint>(&self, shared: &SharedEndpoint<E>) -> Option<tokio::time::Instant> {
        self.takeovers.poll_timeout().map(|due_ms| shared.instant(due_ms))
    }

    /// Lets time pass for the endpoint, and reports everything it has to report.
    fn drive<E: Endpoint>(&mut self, shared: &SharedEndpoint<E>)
    where
        F: FnMut(ClientEvent<E::Event>),
    {
        let now_ms = shared.now_ms();
        shared.endpoint().handle_timeout(now_ms);
        self.takeovers.handle_timeout(now_ms);
        if let Some(is_contested) = self.takeovers.poll_event() {
            if is_contested {
                tracing::error!("another client keeps taking over this one's session at the broker");
            } else {
                tracing::info!("no other client takes over this one's session at the broker any longer");
            }
            (self.on_event)(ClientEvent::Contested(is_contested));
        }
        loop {
            // The lock is released before the call, since the owner may call the endpoint.
            let Some(event) = shared.endpoint().poll_event() else { return };
            (self.on_event)(ClientEvent::Endpoint(event));
        }
    }
}

/// Connects and reconnects for ever.
async fn stay_connected<E: Endpoint>(
    shared: &SharedEndpoint<E>,
    broker: &Broker,
    reporter: &mut Reporter<impl FnMut(ClientEvent<E::Event>)>,
) -> std::convert::Infallible {
    let mut backoff = BACKOFF_MIN;
    let mut client_id = None;
    // After a panic the endpoint and the owner may still take the connection for alive.
    shared.endpoint().disconnected();
    if reporter.is_up == Some(true) {
        reporter.down(broker, &BrokerError::Panicked);
    }
    loop {
        let mut progress = ConnectionProgress::default();
        let error = connection(shared, broker, &mut client_id, reporter, &mut progress).await;
        shared.endpoint().disconnected();
        let cause = error.disconnect_cause();
        if progress.is_accepted {
            reporter.takeovers.disconnected(shared.now_ms(), cause);
        } else {
            reporter.takeovers.connect_failed();
        }
        if cause != DisconnectCause::GivenUp {
            client_id = None;
        }
        reporter.down(broker, &error);
        let was_stable = progress.up_since.is_some_and(|since: Instant| since.elapsed() >= STABLE_AFTER);
        backoff = if was_stable { BACKOFF_MIN } else { (backoff * 2).min(BACKOFF_MAX) };
        let retry_at = tokio::time::Instant::now() + jittered(backoff);
        loop {
            // Time also passes for the endpoint while there is no broker.
            let _ = tokio::time::timeout_at(shared.timeout_at().min(retry_at), shared.wake.notified()).await;
            reporter.drive(shared);
            if tokio::time::Instant::now() >= retry_at {
                break;
            }
        }
    }
}

/// Between half of a pause and the whole, at random: many rooms must not reconnect at the same instant.
fn jittered(pause: Duration) -> Duration {
    let random = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
    pause.mul_f64(0.5 + random / 2.0)
}

/// How far a connection has come.
#[derive(Default)]
struct ConnectionProgress {
    /// Whether the broker accepted it. While the session is contested it may come no further.
    is_accepted: bool,
    /// When the subscriptions were in place.
    up_since: Option<Instant>,
}

enum BrokerEvent {
    Accepted,
    Message { topic: String, payload: Vec<u8>, is_retained: bool },
    Acknowledged { receipt: u64, has_subscribers: bool },
    Rejected { receipt: u64, topic: String, reason: PubAckReason },
    Ended(Box<ConnectionError>),
}

/// One connection, from its first attempt to its end.
async fn connection<E: Endpoint, F: FnMut(ClientEvent<E::Event>)>(
    shared: &SharedEndpoint<E>,
    broker: &Broker,
    client_id: &mut Option<String>,
    reporter: &mut Reporter<F>,
    progress: &mut ConnectionProgress,
) -> BrokerError {
    let will = shared.endpoint().connecting();
    let options = match options(broker, client_id, will) {
        Ok(options) => options,
        Err(error) => return error,
    };
    let (client, event_loop) = AsyncClient::builder(options).capacity(QUEUE_MAX).build();
    let (sender, mut events) = mpsc::channel(QUEUE_MAX);
    let mut pump = PumpTask(tokio::spawn(pump(event_loop, sender.clone())));
    if let Err(error) = subscribe(shared, &client, &mut events, reporter, progress).await {
        return error;
    }
    let now = Instant::now();
    progress.up_since = Some(now);
    shared.endpoint().connected(shared.now_ms());
    // A contested session is lost again at once, so it is reported as up only once it lasts.
    reporter.takeovers.handle_timeout(shared.now_ms());
    let lasts_after = if reporter.takeovers.is_contested() { STABLE_AFTER } else { Duration::ZERO };
    let mut report_up_at = Some(tokio::time::Instant::from_std(now + lasts_after));
    let mut unacknowledged = Unacknowledged::default();
    loop {
        if report_up_at.take_if(|at| tokio::time::Instant::now() >= *at).is_some() {
            tracing::info!(broker = %broker.access.url, "the line to the broker is up");
            reporter.up();
        }
        reporter.drive(shared);
        loop {
            let next = shared.endpoint().poll_transmit(shared.now_ms());
            let Some(publication) = next else { break };
            unacknowledged.sent(publication.receipt);
            if publish(&client, publication, &sender).await.is_err() {
                return BrokerError::Ended;
            }
        }
        let silent_at = unacknowledged.timeout_at();
        if tokio::time::Instant::now() >= silent_at {
            return BrokerError::AcknowledgeTimeout;
        }
        let due = shared.timeout_at().min(silent_at).min(reporter.timeout_at(shared).unwrap_or(silent_at));
        tokio::select! {
            event = events.recv() => {
                if let Err(error) = handle_event(shared, &mut unacknowledged, event) {
                    return error;
                }
            }
            // Before it ends, the pump sends why; if it panicked, it has sent nothing.
            _ = &mut pump.0 => loop {
                let event = events.try_recv().ok();
                if let Err(error) = handle_event(shared, &mut unacknowledged, event) {
                    return error;
                }
            },
            () = shared.wake.notified() => {}
            () = tokio::time::sleep_until(report_up_at.map_or(due, |at| at.min(due))) => {}
        }
    }
}

/// Ends with its connection.
struct PumpTask(JoinHandle<()>);

impl Drop for PumpTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Polls the MQTT library's event loop.
async fn pump(mut event_loop: EventLoop, events: mpsc::Sender<BrokerEvent>) {
    loop {
        let event = match event_loop.poll().await {
            Ok(Event::Incoming(Incoming::ConnAck(_))) => BrokerEvent::Accepted,
            Ok(Event::Incoming(Incoming::Publish(publish))) => BrokerEvent::Message {
                topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                payload: publish.payload.to_vec(),
                is_retained: publish.retain,
            },
            Ok(_) => continue,
            Err(error) => {
                // The receiver may be gone; the connection is over either way.
                let _ = events.send(BrokerEvent::Ended(Box::new(error))).await;
                return;
            }
        };
        if events.send(event).await.is_err() {
            return;
        }
    }
}

/// Connects and subscribes.
async fn subscribe<E: Endpoint, F: FnMut(ClientEvent<E::Event>)>(
    shared: &SharedEndpoint<E>,
    client: &AsyncClient,
    events: &mut mpsc::Receiver<BrokerEvent>,
    reporter: &mut Reporter<F>,
    progress: &mut ConnectionProgress,
) -> Result<(), BrokerError> {
    let filters = shared.endpoint().topics().into_iter().map(|topic| SubscribeFilter {
        nolocal: true,
        preserve_retain: false,
        retain_forward_rule: RetainForwardRule::OnEverySubscribe,
        ..SubscribeFilter::new(topic, QoS::AtLeastOnce)
    });
    let subscribed = async {
        let request = client.subscribe_many_tracked(filters).await.map_err(|_| BrokerError::Ended)?;
        request.wait_async().await.map_err(|_| BrokerError::SubscriptionRejected)
    };
    tokio::pin!(subscribed);
    let until = tokio::time::Instant::now() + CONNECT_TIMEOUT + ACKNOWLEDGE_TIMEOUT;
    let mut nothing_sent = Unacknowledged::default();
    loop {
        tokio::select! {
            // Events first: they say why a connection failed, where the other branch only knows that it did.
            biased;
            event = events.recv() => match event {
                Some(BrokerEvent::Accepted) => {
                    progress.is_accepted = true;
                    reporter.takeovers.connected(shared.now_ms());
                }
                event => handle_event(shared, &mut nothing_sent, event)?,
            },
            result = &mut subscribed => match result {
                Ok(_) => return Ok(()),
                Err(error) => {
                    let event = tokio::time::timeout(Duration::from_millis(50), events.recv()).await;
                    return Err(match event {
                        Ok(Some(BrokerEvent::Ended(why))) => BrokerError::from(*why),
                        _ => error,
                    });
                }
            },
            () = tokio::time::sleep_until(shared.timeout_at().min(until)) => {
                reporter.drive(shared);
                if tokio::time::Instant::now() >= until {
                    return Err(BrokerError::AcknowledgeTimeout);
                }
            }
        }
    }
}

/// Passes an event on. An error ends the connection.
fn handle_event<E: Endpoint>(
    shared: &SharedEndpoint<E>,
    unacknowledged: &mut Unacknowledged,
    event: Option<BrokerEvent>,
) -> Result<(), BrokerError> {
    match event {
        Some(BrokerEvent::Accepted) => Ok(()),
        Some(BrokerEvent::Message { topic, payload, is_retained }) => {
            shared.endpoint().on_message(shared.now_ms(), &topic, &payload, is_retained);
            Ok(())
        }
        Some(BrokerEvent::Acknowledged { receipt, has_subscribers }) => {
            unacknowledged.acknowledged(receipt);
            shared.endpoint().on_acknowledged(receipt, has_subscribers);
            Ok(())
        }
        Some(BrokerEvent::Rejected { receipt, topic, reason }) => {
            unacknowledged.acknowledged(receipt);
            let is_useless = shared.endpoint().on_rejected(shared.now_ms(), receipt, &topic);
            if is_useless { Err(BrokerError::PublicationRejected { topic, reason }) } else { Ok(()) }
        }
        Some(BrokerEvent::Ended(error)) => Err(BrokerError::from(*error)),
        None => Err(BrokerError::Ended),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other reason rejects the message")]
async fn publish(
    client: &AsyncClient,
    publication: Publication,
    events: &mpsc::Sender<BrokerEvent>,
) -> Result<(), BrokerError> {
    let Publication { topic, payload, retain, receipt } = publication;
    let mut options = PublishOptions::new(QoS::AtLeastOnce).retain(retain);
    if !retain {
        // A message older than this is outdated, and must not be mistaken for a current one.
        let expiry_s = u32::try_from(SILENT_AFTER_MS / 1_000).ok();
        let properties = PublishProperties { message_expiry_interval: expiry_s, ..PublishProperties::default() };
        options = options.properties(properties);
    }
    let sent = client.publish_tracked(topic.clone(), payload, options).await.map_err(|_| BrokerError::Ended)?;
    let events = events.clone();
    // Nobody waits for this task: a missing acknowledgement ends the connection.
    tokio::spawn(async move {
        let Ok(PublishResult::Qos1(answer)) = sent.wait_async().await else { return };
        let event = match answer.reason {
            PubAckReason::Success => BrokerEvent::Acknowledged { receipt, has_subscribers: true },
            PubAckReason::NoMatchingSubscribers => BrokerEvent::Acknowledged { receipt, has_subscribers: false },
            // A broker also acknowledges what it discards; only the reason tells the difference.
            reason => BrokerEvent::Rejected { receipt, topic, reason },
        };
        // The connection may be over by now, and the receiver gone.
        let _ = events.send(event).await;
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_keeps_a_pause_between_half_and_the_whole() {
        for _ in 0..100 {
            let pause = jittered(BACKOFF_MAX);
            assert!(pause <= BACKOFF_MAX && pause >= BACKOFF_MAX / 2, "{pause:?}");
        }
    }
}
