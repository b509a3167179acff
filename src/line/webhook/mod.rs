//! Owns the escalation list, whose webhooks (HTTPS) report a call that nobody has acknowledged. Each request is signed,
//! has an idempotency key, and runs on its own thread, which makes up to `ATTEMPTS_MAX` attempts. No request contains
//! patient data. Does not own the times at which steps are due, which the room's timers decide.
//!
//! These headers let a receiver check that a request is authentic, recent, and not a duplicate:
//!
//! | header | value |
//! |---|---|
//! | `X-Stillroom-Timestamp` | seconds since 1970, at this attempt |
//! | `X-Stillroom-Signature` | `sha256=` followed by the HMAC-SHA256 of the timestamp, a dot and the body, in hexadecimal |
//! | `Idempotency-Key` | the call's id, the round and the step, separated by hyphens; it stays the same in every attempt and after a restart of the program |
//!
//! Rounds and steps are counted from 0. A new round begins if the call rings again because the responder did not come
//! or has left again. Its requests have new keys, because a receiver that ignores duplicates would otherwise ignore
//! them.

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

/// Time limit for one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause before the second attempt. Each further pause is twice as long, up to [`BACKOFF_MAX`].
const BACKOFF_MIN: Duration = Duration::from_millis(500);
/// Longest pause between two attempts.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Maximum number of attempts for one request. Including the pauses, they take four to just over five minutes; then the
/// request fails, and staff are notified.
const ATTEMPTS_MAX: u32 = 14;
/// Maximum number of pending requests. Further requests fail at once, because a longer backlog indicates a fault.
const PENDING_MAX: usize = 16;
/// Maximum length of a secret, in bytes.
const SECRET_BYTES_MAX: u64 = 1_024;
/// Minimum length of a secret, in bytes. A shorter one could be guessed.
const SECRET_BYTES_MIN: usize = 16;

/// One step of the escalation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookStep {
    /// The receiver's address. It begins with `https://`, or with `http://` if the receiver runs on this machine.
    pub url: String,
    /// The file whose first line is the signing secret, at least `SECRET_BYTES_MIN` bytes long.
    pub secret_file: PathBuf,
    /// The PEM file of the certificate authority to trust; `None` to trust the system's authorities.
    pub ca_file: Option<PathBuf>,
}

/// Identifies a request. The id is the same in each attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// The call that nobody has acknowledged.
    pub call: CallId,
    /// The number of times the list has started again for this call.
    pub round: u32,
    /// The index of the step in the list.
    pub step: usize,
}

impl RequestId {
    fn key(self) -> String {
        format!("{}-{}-{}", ulid::Ulid(self.call.0), self.round, self.step)
    }
}

/// The content of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationNotice {
    /// Identifies the request, and becomes its idempotency key.
    pub id: RequestId,
    /// The room's name as staff know it.
    pub room: String,
    /// Milliseconds since the patient pressed the call button.
    pub placed_ago_ms: u64,
    /// Whether a desk page shows the call.
    pub received: bool,
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationResult {
    /// The request's id.
    pub id: RequestId,
    /// `Ok` if the receiver accepted the request, otherwise the reason in plain words for staff.
    pub result: Result<(), String>,
    /// Whether the list has a broken step. A step is broken if its newest finished request has failed. It stays broken
    /// until a later request of the same step is accepted. Neither the success of another step nor the end of the call
    /// changes that, because an unreachable receiver usually stays unreachable until somebody fixes it.
    pub is_list_broken: bool,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The request names a step that the list does not have.
    #[error("the escalation list has no such step")]
    NoSuchStep,
    /// The signing secret cannot be read, or its length is not allowed.
    #[error("{path}: {why}; secret_file must hold a secret of at least {SECRET_BYTES_MIN} characters", path = path.display())]
    Secret {
        /// The configured `secret_file`.
        path: PathBuf,
        /// The reason, in plain words for staff.
        why: String,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// `PENDING_MAX` requests are already pending.
    #[error("{PENDING_MAX} requests of the escalation list are still under way")]
    TooMany,
    /// The receiver answered with this HTTP status, which is not a success.
    #[error("the receiver answered {0}")]
    Answered(u16),
    /// The request's thread could not be started, or it panicked.
    #[error("the program itself failed; its log says more")]
    Dropped,
    /// No answer came from the receiver, for the reason given.
    #[error("{0}")]
    Unreached(String),
}

/// Sends the requests of the escalation list. Clones share its state.
#[derive(Clone)]
pub struct Escalation(Arc<EscalationInner>);

struct EscalationInner {
    steps: Vec<WebhookStep>,
    spawn: Spawn,
    pending: Mutex<PendingRequests>,
    /// Notified when a pending request is cancelled, so that it stops waiting for its next attempt.
    cancelled: Condvar,
    results: Mutex<StepResults>,
}

/// Runs a request on its own thread.
type Spawn = fn(Box<dyn FnOnce() + Send>) -> std::io::Result<()>;

#[derive(Default)]
struct PendingRequests {
    /// The number of the newest request, counted from 1.
    newest: u64,
    /// For each pending request, by number: its call, and whether it is cancelled.
    pending: BTreeMap<u64, (CallId, bool)>,
}

struct StepResults {
    /// For each step: the number of the newest request that has finished, and whether it failed.
    newest: BTreeMap<usize, (u64, bool)>,
    on_result: Box<dyn FnMut(EscalationResult) + Send>,
}

impl Escalation {
    /// Creates the escalation list. `on_result` runs once for each request, on any thread. It must not block, because
    /// the results of other requests wait for it.
    pub fn new(steps: Vec<WebhookStep>, on_result: impl FnMut(EscalationResult) + Send + 'static) -> Self {
        Self::with_spawn(steps, spawn_thread, on_result)
    }

    fn with_spawn(
        steps: Vec<WebhookStep>,
        spawn: Spawn,
        on_result: impl FnMut(EscalationResult) + Send + 'static,
    ) -> Self {
        let results = Mutex::new(StepResults { newest: BTreeMap::new(), on_result: Box::new(on_result) });
        let inner = EscalationInner { steps, spawn, pending: Mutex::default(), cancelled: Condvar::new(), results };
        Self(Arc::new(inner))
    }

    /// Starts a request on its own thread and returns at once.
    pub fn send(&self, notice: EscalationNotice) {
        let mut request = self.begin_request(notice.id);
        let Some(step) = self.0.steps.get(notice.id.step).cloned() else {
            return request.finish(Err(WebhookError::NoSuchStep));
        };
        if self.pending().pending.len() > PENDING_MAX {
            return request.finish(Err(WebhookError::TooMany));
        }
        let spawned = (self.0.spawn)(Box::new(move || {
            let result = request.send_until_accepted(&step, &notice);
            request.finish(result);
        }));
        if let Err(error) = spawned {
            // The closure was dropped, and with it the request, which reports a failure when it is dropped.
            tracing::error!(%error, "the system could not start a thread for a step of the escalation list");
        }
    }

    /// Stops the retries of a call's pending requests, because the call was acknowledged or cleared.
    pub fn cancel(&self, call: CallId) {
        for (_, is_cancelled) in self.pending().pending.values_mut().filter(|(of, _)| *of == call) {
            *is_cancelled = true;
        }
        self.0.cancelled.notify_all();
    }

    fn begin_request(&self, id: RequestId) -> PendingRequest {
        let mut pending = self.pending();
        pending.newest += 1;
        let number = pending.newest;
        pending.pending.insert(number, (id.call, false));
        drop(pending);
        PendingRequest { list: self.clone(), number, id, is_finished: false }
    }

    fn pending(&self) -> MutexGuard<'_, PendingRequests> {
        self.0.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn spawn_thread(run: Box<dyn FnOnce() + Send>) -> std::io::Result<()> {
    // The thread need not be joined, because a request reports its result even if its thread panics.
    std::thread::Builder::new().name("line-webhook".to_owned()).spawn(run).map(drop)
}

/// A request that reports exactly one result. If it is dropped before it has finished, it reports a failure.
struct PendingRequest {
    list: Escalation,
    number: u64,
    id: RequestId,
    is_finished: bool,
}

impl PendingRequest {
    fn finish(&mut self, result: Result<(), WebhookError>) {
        self.is_finished = true;
        self.list.pending().pending.remove(&self.number);
        let result = result.map_err(|error| error.to_string());
        let mut results = self.list.0.results.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = results.newest.entry(self.id.step).or_default();
        // A result is outdated if a newer request of the same step has already finished.
        if self.number > newest.0 {
            *newest = (self.number, result.is_err());
        }
        let is_list_broken = results.newest.values().any(|(_, has_failed)| *has_failed);
        // Reported while the lock is held, so that results arrive in order.
        (results.on_result)(EscalationResult { id: self.id, result, is_list_broken });
    }

    fn send_until_accepted(&self, step: &WebhookStep, notice: &EscalationNotice) -> Result<(), WebhookError> {
        let began = std::time::Instant::now();
        let mut backoff = BACKOFF_MIN;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let placed_ago_ms = notice.placed_ago_ms.saturating_add(elapsed_ms);
            let error = match post(step, &EscalationNotice { placed_ago_ms, ..notice.clone() }) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // 409 is not final, because a receiver may give this answer while it is still handling the previous
            // attempt.
            let is_final = matches!(error, WebhookError::Answered(status) if (400..500).contains(&status)
                && ![408, 409, 429].contains(&status));
            if is_final || attempts >= ATTEMPTS_MAX || self.is_cancelled_within(backoff) {
                return Err(error);
            }
            tracing::warn!(step = notice.id.step + 1, %error, "an escalation was not accepted and is retried");
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    /// Waits for `pause`, or until the request is cancelled. Returns whether it was cancelled.
    fn is_cancelled_within(&self, pause: Duration) -> bool {
        let is_cancelled =
            |requests: &PendingRequests| requests.pending.get(&self.number).is_none_or(|(_, cancelled)| *cancelled);
        let pending = self.list.pending();
        let waited = self.list.0.cancelled.wait_timeout_while(pending, pause, |requests| !is_cancelled(requests));
        is_cancelled(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        if !self.is_finished {
            self.finish(Err(WebhookError::Dropped));
        }
    }
}

fn post(step: &WebhookStep, notice: &EscalationNotice) -> Result<(), WebhookError> {
    let secret = secret(&step.secret_file)?;
    let body = body(notice);
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
    let agent = agent(step)?;
    let answer = agent
        .post(&step.url)
        .header("content-type", "application/json")
        .header("idempotency-key", &notice.id.key())
        .header("x-stillroom-timestamp", &timestamp)
        .header("x-stillroom-signature", &signature(secret.as_bytes(), &timestamp, &body))
        .send(body.as_bytes())
        .map_err(|error| WebhookError::Unreached(error.to_string()))?;
    let status = answer.status().as_u16();
    if (200..300).contains(&status) { Ok(()) } else { Err(WebhookError::Answered(status)) }
}

fn agent(step: &WebhookStep) -> Result<Agent, WebhookError> {
    let mut tls =
        TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    if step.url.starts_with("https://") {
        let roots = authorities(step.ca_file.as_deref())?;
        let roots = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        tls = tls.root_certs(RootCerts::Specific(Arc::new(roots)));
    }
    let config = Agent::config_builder()
        .timeout_global(Some(ATTEMPT_TIMEOUT))
        .http_status_as_error(false)
        // A request signed for one receiver must not be redirected to another.
        .max_redirects(0)
        .proxy(None)
        .user_agent(concat!("stillroom/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls.build());
    Ok(config.build().new_agent())
}

fn body(notice: &EscalationNotice) -> String {
    serde_json::json!({
        "v": 1,
        "event": "call_unacknowledged",
        "call": ulid::Ulid(notice.id.call.0).to_string(),
        "round": notice.id.round,
        "step": notice.id.step,
        "room": notice.room,
        "placed_ago_ms": notice.placed_ago_ms,
        "received": notice.received,
    })
    .to_string()
}

/// Returns the value of the signature header for a body sent at `timestamp`, which is in seconds since 1970.
#[must_use]
pub fn signature(secret: &[u8], timestamp: &str, body: &str) -> String {
    let mut text = "sha256=".to_owned();
    // HMAC accepts keys of any length, so this never fails.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return text };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    for byte in mac.finalize().into_bytes() {
        // Writing to a string cannot fail.
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
