//! Owns the escalation list: HTTPS requests that say that a call has been unacknowledged for so long. Each step goes by
//! a thread of its own, signed, with a key by which the receiver takes it once, and is tried again for a while. Does not
//! own when a step is due: the room's own timers say so. Nothing of a patient is in it.
//!
//! A request carries these headers, so that its receiver can tell that it is ours, new, and not a second time the same:
//!
//! | header | holds |
//! |---|---|
//! | `X-Stillroom-Timestamp` | seconds since 1970, at this try |
//! | `X-Stillroom-Signature` | `sha256=` and the HMAC-SHA256 of timestamp, a dot and the body, in hexadecimal |
//! | `Idempotency-Key` | the call's name, the round and the step, with hyphens between: the same at every try and after a restart of the program |
//!
//! The round and the step count from 0. A new round begins where a call rings anew because nobody came after all: that is
//! news, and a receiver that keeps to the keys must not take it for a second try.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::tls::{TlsError, authorities};
use crate::room::call::CallId;

/// One try takes no longer.
const TRY_WITHIN: Duration = Duration::from_secs(5);
/// The first pause before another try; each further one is twice as long …
const PAUSE_LEAST: Duration = Duration::from_millis(500);
/// … up to this.
const PAUSE_MOST: Duration = Duration::from_secs(30);
/// So many tries, about five minutes; then staff at the desk are told.
const TRIES_MAX: u32 = 14;
/// So many requests at once; more are refused, since something is then badly wrong.
const AT_ONCE_MAX: usize = 16;
/// A secret is no longer, in bytes …
const SECRET_BYTES_MAX: u64 = 1_024;
/// … and no shorter, so that nobody guesses it.
const SECRET_BYTES_MIN: usize = 16;

/// One step of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where to: `https://`, or `http://` on this machine only.
    pub url: String,
    /// The file whose first line is the secret that signs, 16 characters at least.
    pub secret_file: PathBuf,
    /// The authority to trust, in PEM; the system's own without it.
    pub ca_file: Option<PathBuf>,
}

/// What a request is known by, however often it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// Which call.
    pub call: CallId,
    /// How often the list has started anew for this call, from 0.
    pub round: u32,
    /// Which step, from 0.
    pub step: usize,
}

impl RequestId {
    fn key(self) -> String {
        format!("{}-{}-{}", ulid::Ulid(self.call.0), self.round, self.step)
    }
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalated {
    /// By which name.
    pub id: RequestId,
    /// What the room is called.
    pub room: String,
    /// How long ago the call was pressed, in milliseconds.
    pub placed_ago_ms: u64,
    /// Whether a desk's screen shows it.
    pub received: bool,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Of which request.
    pub id: RequestId,
    /// Whether its receiver took it; if not, why, in plain words for staff.
    pub result: Result<(), String>,
    /// Whether some step of the list is broken: the last request that was made of it reached nobody. Only a later one of
    /// that same step that is taken mends it. Neither another step nor the end of the call does: who was not reached
    /// this time is not reached the next time either, until somebody has looked.
    pub is_list_broken: bool,
}

/// Why a step could not be said.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is no such step.
    #[error("the escalation list has no such step")]
    NoSuchStep,
    /// Its secret cannot be used.
    #[error("{path}: {why}; secret_file must hold a secret of {SECRET_BYTES_MIN} characters at least", path = path.display())]
    Secret {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Too many at once.
    #[error("{AT_ONCE_MAX} requests of the escalation list are still under way")]
    TooMany,
    /// The receiver did not take it.
    #[error("the receiver answered {0}")]
    Answered(u16),
    /// Its thread never began, or ended on a fault.
    #[error("the program itself failed at it; its log says more")]
    Dropped,
    /// The receiver was not reached.
    #[error("{0}")]
    Unreached(String),
}

/// The escalation list.
#[derive(Clone)]
pub struct Escalation(Arc<List>);

struct List {
    steps: Vec<Step>,
    start: Start,
    under_way: Mutex<Requests>,
    /// Something that is under way is over.
    over: Condvar,
    told: Mutex<Told>,
}

/// Runs something on a thread of its own.
type Start = fn(Box<dyn FnOnce() + Send>) -> std::io::Result<()>;

#[derive(Default)]
struct Requests {
    made: u64,
    /// Each by its number, with whether its call has ended or been acknowledged: then it is not tried again.
    under_way: BTreeMap<u64, (CallId, bool)>,
}

/// What has been told of each step: the number of the newest request of which the outcome is known, and whether it failed.
struct Told {
    steps: BTreeMap<usize, (u64, bool)>,
    on_outcome: Box<dyn FnMut(Outcome) + Send>,
}

impl Escalation {
    /// The list. `on_outcome` is called once for each request, on any thread, and must not block.
    pub fn new(steps: Vec<Step>, on_outcome: impl FnMut(Outcome) + Send + 'static) -> Self {
        Self::with(steps, on_a_thread, on_outcome)
    }

    fn with(steps: Vec<Step>, start: Start, on_outcome: impl FnMut(Outcome) + Send + 'static) -> Self {
        let told = Mutex::new(Told { steps: BTreeMap::new(), on_outcome: Box::new(on_outcome) });
        Self(Arc::new(List { steps, start, under_way: Mutex::default(), over: Condvar::new(), told }))
    }

    /// Says a step, on a thread of its own; returns at once.
    pub fn say(&self, what: Escalated) {
        let mut request = self.request(what.id);
        let Some(step) = self.0.steps.get(what.id.step).cloned() else {
            return request.tell(Err(WebhookError::NoSuchStep));
        };
        if self.requests().under_way.len() > AT_ONCE_MAX {
            return request.tell(Err(WebhookError::TooMany));
        }
        let started = (self.0.start)(Box::new(move || {
            let result = request.try_until_taken(&step, &what);
            request.tell(result);
        }));
        if let Err(error) = started {
            // The request went with the thread that there is none of, and has told that it failed.
            tracing::error!(%error, "the system gives no thread for a step of the escalation list");
        }
    }

    /// A call was acknowledged or has ended: what is under way for it is not tried again.
    pub fn over(&self, call: CallId) {
        for (_, is_over) in self.requests().under_way.values_mut().filter(|(of, _)| *of == call) {
            *is_over = true;
        }
        self.0.over.notify_all();
    }

    fn request(&self, id: RequestId) -> Request {
        let mut requests = self.requests();
        requests.made += 1;
        let number = requests.made;
        requests.under_way.insert(number, (id.call, false));
        drop(requests);
        Request { list: self.clone(), number, id, is_told: false }
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn on_a_thread(run: Box<dyn FnOnce() + Send>) -> std::io::Result<()> {
    // Nobody waits for it: a request tells what became of it, even where its thread ends on a fault.
    std::thread::Builder::new().name("line-webhook".to_owned()).spawn(run).map(drop)
}

/// A request under way. Its outcome is always told: one that is dropped before has failed.
struct Request {
    list: Escalation,
    number: u64,
    id: RequestId,
    is_told: bool,
}

impl Request {
    fn tell(&mut self, result: Result<(), WebhookError>) {
        self.is_told = true;
        self.list.requests().under_way.remove(&self.number);
        let result = result.map_err(|error| error.to_string());
        let mut told = self.list.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = told.steps.entry(self.id.step).or_default();
        // What became of an older request of the same step is no longer news.
        if self.number > newest.0 {
            *newest = (self.number, result.is_err());
        }
        let is_list_broken = told.steps.values().any(|(_, failed)| *failed);
        // Told under the lock, so that the last word is the newest.
        (told.on_outcome)(Outcome { id: self.id, result, is_list_broken });
    }

    fn try_until_taken(&self, step: &Step, what: &Escalated) -> Result<(), WebhookError> {
        let began = std::time::Instant::now();
        let mut pause = PAUSE_LEAST;
        let mut tries = 0;
        loop {
            tries += 1;
            let since_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let now = Escalated { placed_ago_ms: what.placed_ago_ms.saturating_add(since_ms), ..what.clone() };
            let error = match post(step, &now) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // A conflict is what a receiver answers that is still busy with the try before.
            let is_final = matches!(error, WebhookError::Answered(status) if (400..500).contains(&status)
                && ![408, 409, 429].contains(&status));
            if is_final || tries >= TRIES_MAX || self.is_over_within(pause) {
                return Err(error);
            }
            tracing::warn!(step = what.id.step + 1, %error, "an escalation was not taken and is tried again");
            pause = (pause * 2).min(PAUSE_MOST);
        }
    }

    /// Waits for the next try. True if the call is over, and there is to be none.
    fn is_over_within(&self, pause: Duration) -> bool {
        let is_over = |requests: &Requests| requests.under_way.get(&self.number).is_none_or(|(_, is_over)| *is_over);
        let waited = self.list.0.over.wait_timeout_while(self.list.requests(), pause, |requests| !is_over(requests));
        is_over(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if !self.is_told {
            self.tell(Err(WebhookError::Dropped));
        }
    }
}

fn post(step: &Step, what: &Escalated) -> Result<(), WebhookError> {
    let secret = secret(&step.secret_file)?;
    let body = body(what);
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
    let agent = agent(step)?;
    let answer = agent
        .post(&step.url)
        .header("content-type", "application/json")
        .header("idempotency-key", &what.id.key())
        .header("x-stillroom-timestamp", &timestamp)
        .header("x-stillroom-signature", &signature(secret.as_bytes(), &timestamp, &body))
        .send(body.as_bytes())
        .map_err(|error| WebhookError::Unreached(error.to_string()))?;
    let status = answer.status().as_u16();
    if (200..300).contains(&status) { Ok(()) } else { Err(WebhookError::Answered(status)) }
}

fn agent(step: &Step) -> Result<Agent, WebhookError> {
    let mut tls =
        TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    if step.url.starts_with("https://") {
        let roots = authorities(step.ca_file.as_deref())?;
        let roots = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        tls = tls.root_certs(RootCerts::Specific(Arc::new(roots)));
    }
    let config = Agent::config_builder()
        .timeout_global(Some(TRY_WITHIN))
        .http_status_as_error(false)
        // A request that is signed for one receiver goes to no other.
        .max_redirects(0)
        .proxy(None)
        .user_agent(concat!("stillroom/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls.build());
    Ok(config.build().new_agent())
}

fn body(what: &Escalated) -> String {
    serde_json::json!({
        "v": 1,
        "event": "call_unacknowledged",
        "call": ulid::Ulid(what.id.call.0).to_string(),
        "round": what.id.round,
        "step": what.id.step,
        "room": what.room,
        "placed_ago_ms": what.placed_ago_ms,
        "received": what.received,
    })
    .to_string()
}

/// The signature of a body sent at `timestamp`.
#[must_use]
pub fn signature(secret: &[u8], timestamp: &str, body: &str) -> String {
    let mut text = "sha256=".to_owned();
    // A key of any length will do for HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return text };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    for byte in mac.finalize().into_bytes() {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn secret(path: &Path) -> Result<String, WebhookError> {
    let wrong = |why: String| WebhookError::Secret { path: path.to_owned(), why };
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text));
    if read.map_err(|error| wrong(error.to_string()))? as u64 > SECRET_BYTES_MAX {
        return Err(wrong(format!("the file is longer than {SECRET_BYTES_MAX} bytes")));
    }
    let secret = text.lines().next().unwrap_or_default().trim().to_owned();
    if secret.len() < SECRET_BYTES_MIN { Err(wrong("the secret is too short".to_owned())) } else { Ok(secret) }
}

#[cfg(test)]
mod tests;
