//! Owns the way to a broker: connecting, with a will, over TLS and with credentials; connecting anew with a jittered
//! pause; giving up a connection on which nothing is acknowledged. One thread for each line. Does not own what is said:
//! an [`End`] does.
//!
//! Every connection is a fresh client with a clean session: nothing that was queued for a connection that is gone is
//! ever sent late, since the end says anew how things stand.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, Incoming, LastWill, MqttOptions, NetworkOptions, PubAckReason,
    PublishOptions, PublishProperties, PublishResult, QoS, RetainForwardRule, SubscribeFilter, Transport,
};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::broker::Broker;
use super::message::MESSAGE_BYTES_MAX;
use super::prompt::Prompt;
use super::tls::{self, TlsError};
use super::{Publication, SILENT_AFTER_MS};

/// The first pause before connecting anew; each further one is twice as long …
const PAUSE_LEAST: Duration = Duration::from_millis(200);
/// … up to this. With a connection's own time it stays below the three seconds within which a broker is found again.
const PAUSE_MOST: Duration = Duration::from_secs(1);
/// A connection that is not made within this is tried anew.
const CONNECTS_WITHIN: Duration = Duration::from_millis(1_800);
/// A broker that acknowledges nothing for so long is frozen or cut off.
const ACKNOWLEDGES_WITHIN: Duration = Duration::from_secs(3);
/// The broker hears of a client that vanished after one and a half of these, in seconds.
const KEEP_ALIVE_S: u16 = 5;
/// Words between this end and the client at most; beyond, they wait.
const QUEUE_MAX: usize = 256;
/// A password is no longer, in bytes.
const PASSWORD_BYTES_MAX: u64 = 1_024;

/// Why a broker is not reached.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The password's file cannot be read.
    #[error("{path}: {source}; password_file must be readable by the program", path = path.display())]
    PasswordFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The broker does not answer, or does not want us.
    #[error("{0}")]
    Connection(Box<ConnectionError>),
    /// It does not let us listen.
    #[error("the broker does not let this user listen on stillroom/#; see its access list")]
    NotAllowedToListen,
    /// It acknowledges nothing.
    #[error("the broker acknowledges nothing")]
    Silent,
    /// The client ended.
    #[error("the connection ended")]
    Ended,
}

impl From<ConnectionError> for LinkError {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(Box::new(error))
    }
}

/// One end of what is said over a broker. All times are milliseconds of the line's own clock, which starts at 0.
pub trait End: Send + 'static {
    /// What happened, for whoever opened the line.
    type News: Send;

    /// What it listens to.
    fn topics(&self) -> Vec<String>;
    /// A connection is about to be tried: its will.
    fn connecting(&mut self) -> Option<Publication>;
    /// The broker hears us.
    fn linked(&mut self, now_ms: u64);
    /// The broker is gone.
    fn unlinked(&mut self);
    /// A message came.
    fn heard(&mut self, now_ms: u64, topic: &str, payload: &[u8], retained: bool);
    /// A publication was acknowledged; `heard` says whether anybody listens.
    fn acknowledged(&mut self, receipt: u64, heard: bool);
    /// Time has passed.
    fn pass(&mut self, now_ms: u64);
    /// What is to be published next.
    fn poll_publication(&mut self, now_ms: u64) -> Option<Publication>;
    /// What happened.
    fn poll_news(&mut self) -> Option<Self::News>;
    /// When it has something to do, if nothing happens before.
    fn deadline_ms(&self) -> u64;
}

/// What a line says to whoever opened it.
#[derive(Debug)]
pub enum News<N> {
    /// The broker hears us.
    Up,
    /// It does not; said once for each time, with plain words why.
    Down(String),
    /// Something of the end.
    Of(N),
}

/// An open line. Dropping it ends it, and the broker says our will.
pub struct Line<E: End> {
    shared: Arc<Shared<E>>,
}

struct Shared<E> {
    end: Mutex<E>,
    wake: Notify,
    began: Instant,
    closed: Notify,
}

impl<E: End> Line<E> {
    /// Opens a line on a thread of its own. `on_news` is called there and must not block.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn open(end: E, broker: Broker, on_news: impl FnMut(News<E::News>) + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            end: Mutex::new(end),
            wake: Notify::new(),
            began: Instant::now(),
            closed: Notify::new(),
        });
        let line = Arc::clone(&shared);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("line-mqtt".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = line.closed.notified() => {}
                    never = keep(&line, &broker, on_news) => match never {},
                }
            });
        })?;
        Ok(Self { shared })
    }

    /// Moves the end, with the line's time, and lets what follows be done. Never waits for a broker.
    pub fn with<T>(&self, act: impl FnOnce(&mut E, u64) -> T) -> T {
        let now_ms = self.shared.now_ms();
        let outcome = act(&mut self.shared.end(), now_ms);
        self.shared.wake.notify_one();
        outcome
    }
}

impl<E: End> Drop for Line<E> {
    fn drop(&mut self) {
        self.shared.closed.notify_one();
    }
}

impl<E: End> Shared<E> {
    fn end(&self) -> MutexGuard<'_, E> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn tell(&self, on_news: &mut impl FnMut(News<E::News>)) {
        loop {
            // Not while the end is held: whoever is told may move it.
            let Some(news) = self.end().poll_news() else { return };
            on_news(News::Of(news));
        }
    }

    fn due(&self) -> tokio::time::Instant {
        let due_ms = self.end().deadline_ms().min(self.now_ms() + SILENT_AFTER_MS);
        (self.began + Duration::from_millis(due_ms)).into()
    }
}

/// Keeps the line for ever.
async fn keep<E: End>(
    line: &Shared<E>,
    broker: &Broker,
    mut on_news: impl FnMut(News<E::News>),
) -> std::convert::Infallible {
    let mut pause = PAUSE_LEAST;
    let mut told_down = false;
    loop {
        let mut was_up = false;
        let ended = connection(line, broker, &mut on_news, &mut was_up).await;
        line.end().unlinked();
        if was_up || !told_down {
            told_down = true;
            tracing::warn!(broker = %broker.url, why = %ended, "the line to the broker is down; it is tried anew");
            on_news(News::Down(ended.to_string()));
        }
        pause = if was_up { PAUSE_LEAST } else { (pause * 2).min(PAUSE_MOST) };
        let until = tokio::time::Instant::now() + jittered(pause);
        loop {
            // Either way the end is looked at: time goes on for it without a broker, too.
            let _ = tokio::time::timeout_at(line.due().min(until), line.wake.notified()).await;
            line.end().pass(line.now_ms());
            line.tell(&mut on_news);
            if tokio::time::Instant::now() >= until {
                break;
            }
        }
    }
}

/// From half to the whole of a pause, by chance: many rooms must not come back at the same instant.
fn jittered(pause: Duration) -> Duration {
    let chance = getrandom::u32().map_or(1.0, |chance| f64::from(chance) / f64::from(u32::MAX));
    pause.mul_f64(0.5 + chance / 2.0)
}

enum Word {
    Heard { topic: String, payload: Vec<u8>, retained: bool },
    Acknowledged { receipt: u64, heard: bool },
    Ended(Box<ConnectionError>),
}

/// One connection, from its beginning to its end.
async fn connection<E: End>(
    line: &Shared<E>,
    broker: &Broker,
    on_news: &mut impl FnMut(News<E::News>),
    was_up: &mut bool,
) -> LinkError {
    let will = line.end().connecting();
    let options = match options(broker, will) {
        Ok(options) => options,
        Err(error) => return error,
    };
    let (client, events) = AsyncClient::builder(options).capacity(QUEUE_MAX).build();
    let (words, mut inbox) = mpsc::channel(QUEUE_MAX);
    let pump = Pump(tokio::spawn(pump(events, words.clone())));
    if let Err(error) = listen(line, &client, &mut inbox, on_news).await {
        drop(pump);
        return error;
    }
    *was_up = true;
    line.end().linked(line.now_ms());
    on_news(News::Up);
    tracing::info!(broker = %broker.url, "the line to the broker is up");
    let mut waiting = Waiting::default();
    loop {
        line.end().pass(line.now_ms());
        line.tell(on_news);
        loop {
            let next = line.end().poll_publication(line.now_ms());
            let Some(publication) = next else { break };
            waiting.said(publication.receipt);
            if publish(&client, publication, &words).await.is_err() {
                return LinkError::Ended;
            }
        }
        let silent_at = waiting.silent_at();
        tokio::select! {
            word = inbox.recv() => match word {
                Some(Word::Ended(error)) => return LinkError::Connection(error),
                Some(word) => {
                    if let Word::Acknowledged { receipt, .. } = &word {
                        waiting.acknowledged(*receipt);
                    }
                    take(line, word);
                }
                None => return LinkError::Ended,
            },
            () = line.wake.notified() => {}
            () = tokio::time::sleep_until(line.due().min(silent_at)) => {
                if tokio::time::Instant::now() >= silent_at {
                    return LinkError::Silent;
                }
            }
        }
    }
}

/// What the broker has not acknowledged yet.
#[derive(Default)]
struct Waiting(std::collections::VecDeque<(u64, tokio::time::Instant)>);

impl Waiting {
    fn said(&mut self, receipt: u64) {
        self.0.push_back((receipt, tokio::time::Instant::now()));
    }

    fn acknowledged(&mut self, receipt: u64) {
        self.0.retain(|(known, _)| *known != receipt);
    }

    fn silent_at(&self) -> tokio::time::Instant {
        let oldest = self.0.front().map(|(_, said)| *said + ACKNOWLEDGES_WITHIN);
        oldest.unwrap_or_else(|| tokio::time::Instant::now() + Duration::from_hours(1))
    }
}

/// Ends with the connection that it serves.
struct Pump(JoinHandle<()>);

impl Drop for Pump {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn pump(mut events: EventLoop, words: mpsc::Sender<Word>) {
    loop {
        let word = match events.poll().await {
            Ok(Event::Incoming(Incoming::Publish(publish))) => Word::Heard {
                topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                payload: publish.payload.to_vec(),
                retained: publish.retain,
            },
            Ok(_) => continue,
            Err(error) => {
                // Whoever reads may have gone; the connection is over either way.
                let _ = words.send(Word::Ended(Box::new(error))).await;
                return;
            }
        };
        if words.send(word).await.is_err() {
            return;
        }
    }
}

/// Connects and listens.
async fn listen<E: End>(
    line: &Shared<E>,
    client: &AsyncClient,
    inbox: &mut mpsc::Receiver<Word>,
    on_news: &mut impl FnMut(News<E::News>),
) -> Result<(), LinkError> {
    let filters = line.end().topics().into_iter().map(|topic| SubscribeFilter {
        nolocal: true,
        preserve_retain: false,
        retain_forward_rule: RetainForwardRule::OnEverySubscribe,
        ..SubscribeFilter::new(topic, QoS::AtLeastOnce)
    });
    let listening = async {
        let asked = client.subscribe_many_tracked(filters).await.map_err(|_| LinkError::Ended)?;
        asked.wait_async().await.map_err(|_| LinkError::NotAllowedToListen)
    };
    tokio::pin!(listening);
    let until = tokio::time::Instant::now() + CONNECTS_WITHIN + ACKNOWLEDGES_WITHIN;
    loop {
        tokio::select! {
            // The words first: they say why a connection failed, where the other only knows that it did.
            biased;
            word = inbox.recv() => match word {
                Some(Word::Ended(error)) => return Err(LinkError::Connection(error)),
                Some(word) => take(line, word),
                None => return Err(LinkError::Ended),
            },
            listens = &mut listening => match listens {
                Ok(_) => return Ok(()),
                Err(error) => {
                    let word = tokio::time::timeout(Duration::from_millis(50), inbox.recv()).await;
                    return Err(match word {
                        Ok(Some(Word::Ended(why))) => LinkError::Connection(why),
                        _ => error,
                    });
                }
            },
            () = tokio::time::sleep_until(line.due().min(until)) => {
                line.end().pass(line.now_ms());
                line.tell(on_news);
                if tokio::time::Instant::now() >= until {
                    return Err(LinkError::Silent);
                }
            }
        }
    }
}

fn take<E: End>(line: &Shared<E>, word: Word) {
    match word {
        Word::Heard { topic, payload, retained } => line.end().heard(line.now_ms(), &topic, &payload, retained),
        Word::Acknowledged { receipt, heard } => line.end().acknowledged(receipt, heard),
        Word::Ended(_) => {}
    }
}

async fn publish(client: &AsyncClient, publication: Publication, words: &mpsc::Sender<Word>) -> Result<(), LinkError> {
    let Publication { topic, payload, retain, receipt } = publication;
    let mut how = PublishOptions::new(QoS::AtLeastOnce).retain(retain);
    if !retain {
        // What is older than this is no news to anybody, and must not arrive as if it were.
        let expires = u32::try_from(SILENT_AFTER_MS / 1_000).ok();
        how = how.properties(PublishProperties { message_expiry_interval: expires, ..PublishProperties::default() });
    }
    let sent = client.publish_tracked(topic, payload, how).await.map_err(|_| LinkError::Ended)?;
    let words = words.clone();
    tokio::spawn(async move {
        let Ok(PublishResult::Qos1(answer)) = sent.wait_async().await else { return };
        let heard = answer.reason != PubAckReason::NoMatchingSubscribers;
        // The connection may have ended in the meantime; then nobody wants to know.
        let _ = words.send(Word::Acknowledged { receipt, heard }).await;
    });
    Ok(())
}

fn options(broker: &Broker, will: Option<Publication>) -> Result<MqttOptions, LinkError> {
    let mut options = MqttOptions::new(broker.client_id.clone(), (broker.url.host.clone(), broker.url.port));
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(CONNECTS_WITHIN.as_secs().max(1));
    options.set_network_options(network).set_socket_connector(Prompt::connect);
    options.set_keep_alive(KEEP_ALIVE_S).set_clean_start(true).set_connect_timeout(CONNECTS_WITHIN);
    options.set_max_packet_size(u32::try_from(MESSAGE_BYTES_MAX + 1_024).ok());
    if broker.url.tls {
        let config = tls::client_config(broker.ca_file.as_deref())?;
        options.set_transport(Transport::tls_with_config(rumqttc::TlsConfiguration::Rustls(config)));
    }
    if let Some(username) = &broker.username {
        match &broker.password_file {
            Some(path) => options.set_credentials(username.clone(), password(path)?),
            None => options.set_username(username.clone()),
        };
    }
    if let Some(will) = will {
        options.set_last_will(LastWill::new(will.topic, will.payload, QoS::AtLeastOnce, will.retain, None));
    }
    Ok(options)
}

fn password(path: &PathBuf) -> Result<String, LinkError> {
    use std::io::Read;
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(PASSWORD_BYTES_MAX + 1).read_to_string(&mut text));
    let read = read.and_then(|bytes| match bytes as u64 {
        0..=PASSWORD_BYTES_MAX => Ok(()),
        _ => Err(std::io::Error::other(format!("longer than {PASSWORD_BYTES_MAX} bytes"))),
    });
    read.map_err(|source| LinkError::PasswordFile { path: path.clone(), source })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_that_is_too_long_is_refused_and_not_cut() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let most = usize::try_from(PASSWORD_BYTES_MAX).unwrap();
        std::fs::write(&file, "p".repeat(most)).unwrap();
        assert_eq!(password(&file).unwrap().len(), most);
        std::fs::write(&file, "p".repeat(most + 1)).unwrap();
        assert!(password(&file).unwrap_err().to_string().contains("longer than"));
    }

    #[test]
    fn a_pause_is_never_longer_than_said_nor_shorter_than_half() {
        for _ in 0..100 {
            let pause = jittered(PAUSE_MOST);
            assert!(pause <= PAUSE_MOST && pause >= PAUSE_MOST / 2, "{pause:?}");
        }
    }
}
