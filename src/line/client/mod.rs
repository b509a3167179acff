//! Owns the connection to a broker: connecting with a will, TLS and credentials, reconnecting with a jittered backoff,
//! and closing a connection on which the broker acknowledges nothing. Each client has its own thread. Does not own the
//! messages, which an [`Endpoint`] creates and handles.
//!
//! Each connection starts a clean session with a new MQTT client. Messages that are queued for a lost connection are
//! discarded, because the endpoint sends its whole state again on the next one. For the same reason, the client id may
//! change at any time. If this client closed the last connection, it reuses its random id, so that the broker drops the
//! old connection at once. If the broker ended the connection, the client chooses a new id. A foreign client that had
//! taken over the session is then left with an id that is no longer used.

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

/// Pause before reconnecting after a stable connection. It doubles with each attempt that fails or ends in an unstable
/// connection, up to [`BACKOFF_MAX`], and is shortened at random.
const BACKOFF_MIN: Duration = Duration::from_millis(200);
/// Longest pause before reconnecting. Together with [`CONNECT_TIMEOUT`], it must stay below three seconds, the time
/// within which a client has to reconnect to a broker that is back.
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// Time after which a connection counts as stable. A stable connection resets the backoff.
const STABLE_AFTER: Duration = Duration::from_secs(5);
/// Time limit for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_800);
/// Time limit for an acknowledgement. A broker that exceeds it counts as frozen or unreachable.
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(3);
/// MQTT keep-alive interval, in seconds. The broker drops a client that has sent nothing for one and a half times this
/// interval.
const KEEP_ALIVE_S: u16 = 5;
/// Maximum number of queued messages in each direction.
const QUEUE_MAX: usize = 256;

/// An event that a [`BrokerClient`] reports to its owner.
#[derive(Debug)]
pub enum ClientEvent<E> {
    /// The client is connected to the broker.
    Up,
    /// The client is not connected, for this reason in plain words. Reported once for each outage.
    Down(String),
    /// Whether another client keeps taking over this client's session.
    Contested(bool),
    /// An event from the endpoint.
    Endpoint(E),
}

/// A client that reconnects by itself. Dropping it closes the connection, and the broker then publishes the will.
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
    /// Starts a client on its own thread. `on_event` runs on that thread and must not block.
    ///
    /// # Errors
    /// The operating system's error if it cannot start the thread.
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
            // A panic must not end this thread, because the broker would then be reported as connected for ever.
            while catch_unwind(AssertUnwindSafe(&mut run)).is_err() {
                tracing::error!("the broker client panicked and starts again");
                std::thread::sleep(BACKOFF_MAX);
            }
        })?;
        Ok(Self { shared })
    }

    /// Runs `act` with the endpoint and the current time of the client's clock, in milliseconds. Then wakes the
    /// client's thread, which drives the endpoint. Never waits for the broker.
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

    /// Returns when the endpoint has to be driven next. It is driven at least every [`SILENT_AFTER_MS`], because its
    /// owner recognises a hung thread by an endpoint that is not driven.
    fn timeout_at(&self) -> tokio::time::Instant {
        let latest_ms = self.now_ms() + SILENT_AFTER_MS;
        self.instant(self.endpoint().poll_timeout().map_or(latest_ms, |due_ms| due_ms.min(latest_ms)))
    }
}

/// Reports each change of the connection once, and each event of the endpoint, to the client's owner.
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

    /// Returns when a contest for the session may end; `None` if there is none.
    fn timeout_at<E: Endpoint>(&self, shared: &SharedEndpoint<E>) -> Option<tokio::time::Instant> {
        self.takeovers.poll_timeout().map(|due_ms| shared.instant(due_ms))
    }

    /// Updates the endpoint and the takeover detector to the current time, and reports the events of both.
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
            // The lock is released before the event is reported, because the owner may use the endpoint in response.
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
    // After a panic, the endpoint and the owner may still regard the connection as established.
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
            // The endpoint is also driven while there is no connection.
            let _ = tokio::time::timeout_at(shared.timeout_at().min(retry_at), shared.wake.notified()).await;
            reporter.drive(shared);
            if tokio::time::Instant::now() >= retry_at {
                break;
            }
        }
    }
}

/// Returns a random duration between half of `pause` and `pause`, so that rooms do not all reconnect at the same
/// instant.
fn jittered(pause: Duration) -> Duration {
    let random = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
    pause.mul_f64(0.5 + random / 2.0)
}

/// How far a connection attempt has come.
#[derive(Default)]
struct ConnectionProgress {
    /// Whether the broker accepted the connection. The attempt can still fail before the broker confirms the
    /// subscriptions, for example if another client takes over the session.
    is_accepted: bool,
    /// When the broker confirmed the subscriptions.
    up_since: Option<Instant>,
}

enum BrokerEvent {
    Accepted,
    Message { topic: String, payload: Vec<u8>, is_retained: bool },
    Acknowledged { receipt: u64, has_subscribers: bool },
    Rejected { receipt: u64, topic: String, reason: PubAckReason },
    Ended(Box<ConnectionError>),
}

/// Connects, and exchanges messages until the connection ends. Returns the reason why it ended.
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
    // While the session is contested, a new connection is usually lost at once, so a connection is reported only after
    // it has lasted for a while.
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
            // Before it ends, the task sends the reason for its end. If it panicked, the channel is empty, which also
            // ends the connection.
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

/// The task that runs [`pump`]. It is aborted when this value is dropped, which happens when the connection ends.
struct PumpTask(JoinHandle<()>);

impl Drop for PumpTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Polls the MQTT library's event loop, and forwards its events.
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
                // The receiver may be gone already. The connection is over either way.
                let _ = events.send(BrokerEvent::Ended(Box::new(error))).await;
                return;
            }
        };
        if events.send(event).await.is_err() {
            return;
        }
    }
}

/// Waits until the broker has accepted the connection, and subscribes.
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
            // Events are handled first, because they contain the reason for a failure; the result of `subscribed` does
            // not.
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

/// Passes an event to the endpoint. Returns an error if the connection must end.
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
        // A message that arrives late is outdated, and must not be mistaken for a current one.
        let expiry_s = u32::try_from(SILENT_AFTER_MS / 1_000).ok();
        let properties = PublishProperties { message_expiry_interval: expiry_s, ..PublishProperties::default() };
        options = options.properties(properties);
    }
    let sent = client.publish_tracked(topic.clone(), payload, options).await.map_err(|_| BrokerError::Ended)?;
    let events = events.clone();
    // Nothing waits for this task. If the acknowledgement never arrives, `Unacknowledged` times out and the connection
    // ends.
    tokio::spawn(async move {
        let Ok(PublishResult::Qos1(answer)) = sent.wait_async().await else { return };
        let event = match answer.reason {
            PubAckReason::Success => BrokerEvent::Acknowledged { receipt, has_subscribers: true },
            PubAckReason::NoMatchingSubscribers => BrokerEvent::Acknowledged { receipt, has_subscribers: false },
            // A broker also acknowledges a message that it discards. Only the reason code shows the difference.
            reason => BrokerEvent::Rejected { receipt, topic, reason },
        };
        // The connection may have ended by now, in which case the receiver is gone.
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
