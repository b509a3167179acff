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
//! | `Idempotency-Key` | the call's name, a hyphen and the step's number from 0: the same at every try |

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
const AT_ONCE_MAX: u64 = 16;
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

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalated {
    /// Which call.
    pub call: CallId,
    /// Which step, from 0.
    pub step: usize,
    /// What the room is called.
    pub room: String,
    /// How long ago the call was pressed, in milliseconds.
    pub placed_ago_ms: u64,
    /// Whether a desk's screen shows it.
    pub received: bool,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its receiver took it.
    Taken {
        /// Which call.
        call: CallId,
        /// Which step.
        step: usize,
    },
    /// It was tried in vain, or is not tried again. Plain words for staff.
    Failed {
        /// Which call.
        call: CallId,
        /// Which step.
        step: usize,
        /// Why.
        why: String,
    },
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
    /// The system gives no thread.
    #[error("the system gives no thread: {0}")]
    Thread(std::io::Error),
    /// The receiver did not take it.
    #[error("the receiver answered {0}")]
    Answered(u16),
    /// The receiver was not reached.
    #[error("{0}")]
    Unreached(String),
}

/// The escalation list.
#[derive(Clone)]
pub struct Escalation {
    steps: Arc<Vec<Step>>,
    under_way: Arc<AtomicU64>,
    /// Calls that have ended or been acknowledged: what is under way for them is not tried again.
    over: Arc<Mutex<Vec<CallId>>>,
}

impl Escalation {
    /// The list.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Self {
        Self { steps: Arc::new(steps), under_way: Arc::default(), over: Arc::default() }
    }

    /// Says a step, on a thread of its own; returns at once. `on_outcome` is called once, on that thread.
    pub fn say(&self, what: Escalated, on_outcome: impl FnOnce(Outcome) + Send + 'static) {
        let (call, step) = (what.call, what.step);
        let failed = move |error: &WebhookError| Outcome::Failed { call, step, why: error.to_string() };
        let Some(wanted) = self.steps.get(step).cloned() else {
            return on_outcome(failed(&WebhookError::NoSuchStep));
        };
        if self.under_way.fetch_add(1, Ordering::Relaxed) >= AT_ONCE_MAX {
            self.under_way.fetch_sub(1, Ordering::Relaxed);
            return on_outcome(failed(&WebhookError::TooMany));
        }
        self.lock().retain(|over| *over != call);
        let list = self.clone();
        let started = std::thread::Builder::new().name("line-webhook".to_owned()).spawn(move || {
            let outcome = list.try_until_taken(&wanted, &what);
            list.under_way.fetch_sub(1, Ordering::Relaxed);
            on_outcome(outcome.map_or_else(|error| failed(&error), |()| Outcome::Taken { call, step }));
        });
        if let Err(error) = started {
            self.under_way.fetch_sub(1, Ordering::Relaxed);
            tracing::error!(error = %WebhookError::Thread(error), "an escalation was not sent");
        }
    }

    /// A call was acknowledged or has ended: what is under way for it is not tried again.
    pub fn over(&self, call: CallId) {
        let mut over = self.lock();
        over.retain(|known| *known != call);
        let many = over.len().saturating_sub(usize::try_from(AT_ONCE_MAX).unwrap_or(usize::MAX));
        over.drain(..many);
        over.push(call);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<CallId>> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
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
            let is_final = matches!(error, WebhookError::Answered(status) if (400..500).contains(&status)
                && status != 408 && status != 429);
            if is_final || tries >= TRIES_MAX || self.lock().contains(&what.call) {
                return Err(error);
            }
            tracing::warn!(step = what.step, %error, "an escalation was not taken and is tried again");
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSE_MOST);
        }
    }
}

fn post(step: &Step, what: &Escalated) -> Result<(), WebhookError> {
    let secret = secret(&step.secret_file)?;
    let body = body(what);
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
    let agent = agent(step)?;
    let key = format!("{}-{}", ulid::Ulid(what.call.0), what.step);
    let answer = agent
        .post(&step.url)
        .header("content-type", "application/json")
        .header("idempotency-key", &key)
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
        "call": ulid::Ulid(what.call.0).to_string(),
        "step": what.step,
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
mod tests {
    use std::io::{BufRead, BufReader, Write as _};
    use std::net::TcpListener;
    use std::sync::mpsc;

    use super::*;

    /// Answers each request with the next status, and hands on what was asked.
    fn receiver(statuses: Vec<u16>) -> (String, mpsc::Receiver<(Vec<String>, String)>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/call", listener.local_addr().unwrap());
        let (asked, requests) = mpsc::channel();
        std::thread::spawn(move || {
            for status in statuses {
                let mut stream = BufReader::new(listener.accept().unwrap().0);
                let (mut headers, mut length) = (Vec::new(), 0);
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).unwrap();
                    let line = line.trim_end().to_owned();
                    if let Some(number) = line.to_lowercase().strip_prefix("content-length: ") {
                        length = number.parse().unwrap();
                    }
                    if line.is_empty() {
                        break;
                    }
                    headers.push(line);
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
                asked.send((headers, String::from_utf8(body).unwrap())).unwrap();
            }
        });
        (url, requests)
    }

    fn escalation(url: &str, secret: &str) -> (Escalation, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let secret_file = folder.path().join("secret");
        std::fs::write(&secret_file, secret).unwrap();
        (Escalation::new(vec![Step { url: url.to_owned(), secret_file, ca_file: None }]), folder)
    }

    fn what(step: usize) -> Escalated {
        Escalated { call: CallId(7), step, room: "Room 2".into(), placed_ago_ms: 60_000, received: true }
    }

    fn say(list: &Escalation, step: usize) -> Outcome {
        let (told, outcome) = mpsc::channel();
        list.say(what(step), move |outcome| told.send(outcome).unwrap());
        outcome.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    #[test]
    fn a_step_is_signed_and_tried_again_with_the_same_key_until_it_is_taken() {
        let (url, requests) = receiver(vec![503, 204]);
        let (list, _folder) = escalation(&url, "a secret of the clinic\n");
        assert_eq!(say(&list, 0), Outcome::Taken { call: CallId(7), step: 0 });
        let requests: Vec<_> = requests.iter().take(2).collect();
        for (headers, body) in &requests {
            let header = |name: &str| {
                headers.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned)).unwrap()
            };
            assert_eq!(header("idempotency-key"), "00000000000000000000000007-0");
            let expected = signature(b"a secret of the clinic", &header("x-stillroom-timestamp"), body);
            assert_eq!(header("x-stillroom-signature"), expected);
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!((&body["room"], &body["event"]), (&"Room 2".into(), &"call_unacknowledged".into()));
        }
    }

    #[test]
    fn a_step_that_is_refused_for_good_or_over_is_not_tried_again() {
        let (url, requests) = receiver(vec![403]);
        let (list, _folder) = escalation(&url, "a secret of the clinic");
        assert!(matches!(say(&list, 0), Outcome::Failed { why, .. } if why.contains("403")));
        assert_eq!(requests.iter().count(), 1);
        let (url, _requests) = receiver(vec![500]);
        let (list, _folder) = escalation(&url, "a secret of the clinic");
        let (told, outcome) = mpsc::channel();
        list.say(what(0), move |outcome| told.send(outcome).unwrap());
        list.over(CallId(7));
        assert!(matches!(outcome.recv_timeout(Duration::from_secs(5)).unwrap(), Outcome::Failed { .. }));
    }

    #[test]
    fn what_cannot_be_said_says_why() {
        let (list, _folder) = escalation("http://127.0.0.1:1/", "short");
        assert!(matches!(say(&list, 4), Outcome::Failed { why, .. } if why.contains("no such step")));
        list.over(CallId(7));
        assert!(secret(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn the_signature_is_the_known_one() {
        // Reckoned with `printf '1.x' | openssl dgst -sha256 -hmac key`.
        let expected = "sha256=fc4913c41a7bf793267e2a384f3261c9436ec2cd097bd745e7b0d99113f510ec";
        assert_eq!(signature(b"key", "1", "x"), expected);
    }
}
