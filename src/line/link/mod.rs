//! Owns the way to a broker: connecting, with a will, over TLS and with credentials; connecting anew with a jittered
//! pause; giving up a connection on which nothing is acknowledged. One thread for each line. Does not own what is said:
//! an [`End`] does.
//!
//! Every connection is a fresh client with a clean session: nothing that was queued for a connection that is gone is
//! ever sent late, since the end says anew how things stand. So nothing depends on the name by which the broker knows
//! it. Its random part stays as long as only this end gives a connection up, so that the broker lets go of the one before
//! at once; whoever learned the name and took the place finds it left.

mod error;
mod options;
mod waiting;

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
use super::fight::{Fight, Loss};
use super::{Publication, SILENT_AFTER_MS};
pub use error::LinkError;
use options::options;
use waiting::Waiting;

/// The first pause before connecting anew; each further one is twice as long …
const PAUSE_LEAST: Duration = Duration::from_millis(200);
/// … up to this. With a connection's own time it stays below the three seconds within which a broker is found again.
const PAUSE_MOST: Duration = Duration::from_secs(1);
/// A connection that was lost before it was as old as this did not hold, and the pause goes on growing.
const HOLDS_AFTER: Duration = Duration::from_secs(5);
/// A connection that is not made within this is tried anew.
const CONNECTS_WITHIN: Duration = Duration::from_millis(1_800);
/// A broker that acknowledges nothing for so long is frozen or cut off.
const ACKNOWLEDGES_WITHIN: Duration = Duration::from_secs(3);
/// The broker hears of a client that vanished after one and a half of these, in seconds.
const KEEP_ALIVE_S: u16 = 5;
/// Words between this end and the client at most; beyond, they wait.
const QUEUE_MAX: usize = 256;

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
    /// The broker did not let a publication through. True if the line is of no use without it.
    fn refused(&mut self, now_ms: u64, receipt: u64, topic: &str) -> bool;
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
    /// Whether somebody else takes this one's place at the broker again and again.
    FoughtOver(bool),
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
        let mut teller = Teller { on_news, fight: Fight::default(), up: None };
        std::thread::Builder::new().name("line-mqtt".to_owned()).spawn(move || {
            let mut kept = || {
                runtime.block_on(async {
                    tokio::select! {
                        () = line.closed.notified() => {}
                        never = keep(&line, &broker, &mut teller) => match never {},
                    }
                });
            };
            // A fault in what is said must not end the line: it would stand there as if it were up.
            while catch_unwind(AssertUnwindSafe(&mut kept)).is_err() {
                tracing::error!("the line to the broker ended on a fault of the program, and is opened anew");
                std::thread::sleep(PAUSE_MOST);
            }
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

/// What whoever opened the line has been told of it.
struct Teller<F> {
    on_news: F,
    fight: Fight,
    up: Option<bool>,
}

impl<F> Teller<F> {
    fn up<N>(&mut self)
    where
        F: FnMut(News<N>),
    {
        if self.up != Some(true) {
            self.up = Some(true);
            (self.on_news)(News::Up);
        }
    }

    fn down<N>(&mut self, broker: &Broker, why: &LinkError)
    where
        F: FnMut(News<N>),
    {
        if self.up != Some(false) {
            self.up = Some(false);
            tracing::warn!(broker = %broker.url, %why, "the line to the broker is down; it is tried anew");
            (self.on_news)(News::Down(why.to_string()));
        }
    }

    /// When there may be something of the fight to tell.
    fn due<E: End>(&self, line: &Shared<E>) -> Option<tokio::time::Instant> {
        self.fight.deadline_ms().map(|due_ms| (line.began + Duration::from_millis(due_ms)).into())
    }

    /// Tells all that there is to tell.
    fn tell<E: End>(&mut self, line: &Shared<E>)
    where
        F: FnMut(News<E::News>),
    {
        if let Some(is_on) = self.fight.poll(line.now_ms()) {
            if is_on {
                tracing::error!("this line's place at the broker is taken again and again by another client");
            } else {
                tracing::info!("this line's place at the broker is no longer taken by another client");
            }
            (self.on_news)(News::FoughtOver(is_on));
        }
        line.tell(&mut self.on_news);
    }
}

/// Keeps the line for ever.
async fn keep<E: End>(
    line: &Shared<E>,
    broker: &Broker,
    teller: &mut Teller<impl FnMut(News<E::News>)>,
) -> std::convert::Infallible {
    let mut pause = PAUSE_LEAST;
    let mut name = None;
    // After a fault of its own it may not know yet that it is down.
    line.end().unlinked();
    if teller.up == Some(true) {
        teller.down(broker, &LinkError::Fault);
    }
    loop {
        let mut met = Met::default();
        let ended = connection(line, broker, &mut name, teller, &mut met).await;
        line.end().unlinked();
        if met.is_let_in {
            teller.fight.lost(line.now_ms(), ended.loss());
        } else {
            teller.fight.failed();
        }
        if ended.loss() != Loss::GivenUp {
            name = None;
        }
        teller.down(broker, &ended);
        let held = met.up_since.is_some_and(|since: Instant| since.elapsed() >= HOLDS_AFTER);
        pause = if held { PAUSE_LEAST } else { (pause * 2).min(PAUSE_MOST) };
        let until = tokio::time::Instant::now() + jittered(pause);
        loop {
            // Whether time ran out or something woke us, the end is looked at: time goes on for it without a broker, too.
            let _ = tokio::time::timeout_at(line.due().min(until), line.wake.notified()).await;
            line.end().pass(line.now_ms());
            teller.tell(line);
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

/// How far a connection has come.
#[derive(Default)]
struct Met {
    /// Whether the broker has let it in. In a fight it may come no further.
    is_let_in: bool,
    /// Since when it is heard and hears.
    up_since: Option<Instant>,
}

enum Word {
    LetIn,
    Heard { topic: String, payload: Vec<u8>, retained: bool },
    Acknowledged { receipt: u64, heard: bool },
    Refused { receipt: u64, topic: String, reason: PubAckReason },
    Ended(Box<ConnectionError>),
}

/// One connection, from its beginning to its end. `name` is that of the one before, if it is to go on.
async fn connection<E: End, F: FnMut(News<E::News>)>(
    line: &Shared<E>,
    broker: &Broker,
    name: &mut Option<String>,
    teller: &mut Teller<F>,
    met: &mut Met,
) -> LinkError {
    let will = line.end().connecting();
    let options = match options(broker, name, will) {
        Ok(options) => options,
        Err(error) => return error,
    };
    let (client, events) = AsyncClient::builder(options).capacity(QUEUE_MAX).build();
    let (words, mut inbox) = mpsc::channel(QUEUE_MAX);
    let mut pump = Pump(tokio::spawn(pump(events, words.clone())));
    if let Err(error) = listen(line, &client, &mut inbox, teller, met).await {
        return error;
    }
    let now = Instant::now();
    met.up_since = Some(now);
    line.end().linked(line.now_ms());
    // A place that is fought over is lost again at once: the line is told to be up only once it holds.
    let holds_after = if teller.fight.is_on(line.now_ms()) { HOLDS_AFTER } else { Duration::ZERO };
    let mut told_up_at = Some(tokio::time::Instant::from_std(now + holds_after));
    let mut waiting = Waiting::default();
    loop {
        if told_up_at.take_if(|at| tokio::time::Instant::now() >= *at).is_some() {
            tracing::info!(broker = %broker.url, "the line to the broker is up");
            teller.up();
        }
        line.end().pass(line.now_ms());
        teller.tell(line);
        loop {
            let next = line.end().poll_publication(line.now_ms());
            let Some(publication) = next else { break };
            waiting.said(publication.receipt);
            if publish(&client, publication, &words).await.is_err() {
                return LinkError::Ended;
            }
        }
        let silent_at = waiting.silent_at();
        if tokio::time::Instant::now() >= silent_at {
            return LinkError::Silent;
        }
        let due = line.due().min(silent_at).min(teller.due(line).unwrap_or(silent_at));
        tokio::select! {
            word = inbox.recv() => {
                if let Err(error) = take(line, &mut waiting, word) {
                    return error;
                }
            }
            // It says why before it ends; one that ended on a fault has said nothing.
            _ = &mut pump.0 => loop {
                let word = inbox.try_recv().ok();
                if let Err(error) = take(line, &mut waiting, word) {
                    return error;
                }
            },
            () = line.wake.notified() => {}
            () = tokio::time::sleep_until(told_up_at.map_or(due, |at| at.min(due))) => {}
        }
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
            Ok(Event::Incoming(Incoming::ConnAck(_))) => Word::LetIn,
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
async fn listen<E: End, F: FnMut(News<E::News>)>(
    line: &Shared<E>,
    client: &AsyncClient,
    inbox: &mut mpsc::Receiver<Word>,
    teller: &mut Teller<F>,
    met: &mut Met,
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
    let mut nothing_said = Waiting::default();
    loop {
        tokio::select! {
            // The words first: they say why a connection failed, where the other only knows that it did.
            biased;
            word = inbox.recv() => match word {
                Some(Word::LetIn) => {
                    met.is_let_in = true;
                    teller.fight.let_in(line.now_ms());
                }
                word => take(line, &mut nothing_said, word)?,
            },
            listens = &mut listening => match listens {
                Ok(_) => return Ok(()),
                Err(error) => {
                    let word = tokio::time::timeout(Duration::from_millis(50), inbox.recv()).await;
                    return Err(match word {
                        Ok(Some(Word::Ended(why))) => LinkError::from(*why),
                        _ => error,
                    });
                }
            },
            () = tokio::time::sleep_until(line.due().min(until)) => {
                line.end().pass(line.now_ms());
                teller.tell(line);
                if tokio::time::Instant::now() >= until {
                    return Err(LinkError::Silent);
                }
            }
        }
    }
}

/// Takes in what came; an error if the connection is over by it.
fn take<E: End>(line: &Shared<E>, waiting: &mut Waiting, word: Option<Word>) -> Result<(), LinkError> {
    match word {
        Some(Word::LetIn) => Ok(()),
        Some(Word::Heard { topic, payload, retained }) => {
            line.end().heard(line.now_ms(), &topic, &payload, retained);
            Ok(())
        }
        Some(Word::Acknowledged { receipt, heard }) => {
            waiting.acknowledged(receipt);
            line.end().acknowledged(receipt, heard);
            Ok(())
        }
        Some(Word::Refused { receipt, topic, reason }) => {
            waiting.acknowledged(receipt);
            let is_useless = line.end().refused(line.now_ms(), receipt, &topic);
            if is_useless { Err(LinkError::NotAllowedToSpeak { topic, reason }) } else { Ok(()) }
        }
        Some(Word::Ended(error)) => Err(LinkError::from(*error)),
        None => Err(LinkError::Ended),
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
    let sent = client.publish_tracked(topic.clone(), payload, how).await.map_err(|_| LinkError::Ended)?;
    let words = words.clone();
    // Nobody waits for it: a publication whose acknowledgement does not come ends the connection.
    tokio::spawn(async move {
        let Ok(PublishResult::Qos1(answer)) = sent.wait_async().await else { return };
        let word = match answer.reason {
            PubAckReason::Success => Word::Acknowledged { receipt, heard: true },
            PubAckReason::NoMatchingSubscribers => Word::Acknowledged { receipt, heard: false },
            // A broker acknowledges what it throws away as well: only its reason tells.
            reason => Word::Refused { receipt, topic, reason },
        };
        // The connection may have ended in the meantime; then nobody wants to know.
        let _ = words.send(word).await;
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_never_longer_than_said_nor_shorter_than_half() {
        for _ in 0..100 {
            let pause = jittered(PAUSE_MOST);
            assert!(pause <= PAUSE_MOST && pause >= PAUSE_MOST / 2, "{pause:?}");
        }
    }
}
