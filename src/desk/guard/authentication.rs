//! Owns the sign-in with a password: the verification of the password, and the cookies that a browser then receives.
//! Does not own the limits on attempts ([`super::login_throttle`]) or the list of who is signed in
//! ([`super::sign_ins`]).

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use tokio::sync::Semaphore;

use super::DeskError;
use super::background_file::BackgroundFile;
use super::known_browsers::{BROWSER_MARK_SECONDS, BrowserId, DeskKey};
use super::login_throttle::{Client, LoginThrottle};
use super::sign_ins::{SIGN_IN_SECONDS, SignIns, epoch_seconds};
use crate::paths::private;
use crate::secret::hash::SecretHash;

const THROTTLE_FILE: &str = "guesses.json";
const THROTTLE_FILE_BYTES_MAX: usize = 256 * 1024;
/// Maximum time for which the response to a sign-in or sign-out waits for the disk. It is short, because a disk that
/// hangs must not lock the clinic out.
const WRITE_TIMEOUT: Duration = Duration::from_millis(300);
/// Time limit for pending writes when the desk closes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Signs browsers in and out at a desk that has a password.
#[derive(Debug)]
pub(super) struct Authenticator {
    /// The hash of the desk's password; `None` while the stored password cannot be read, in which case nobody can sign
    /// in.
    password_hash: Mutex<Option<SecretHash>>,
    pub(super) sign_ins: SignIns,
    key: DeskKey,
    throttle: Mutex<LoginThrottle>,
    throttle_file: BackgroundFile,
    session_cookie: String,
    browser_cookie: String,
    is_tls: bool,
    /// Lets the passwords of unknown clients be verified only one at a time, because a verification takes 19 MiB and
    /// tens of milliseconds of one core.
    strangers_turn: Arc<Semaphore>,
    /// Does the same for known browsers and this machine. It is separate, so that these never wait behind unknown
    /// clients.
    known_turn: Arc<Semaphore>,
}

/// The outcome of a sign-in with a password.
pub(super) enum SignInResult {
    /// The password was right. The cookies are `Set-Cookie` values.
    Accepted {
        /// Contains the token of the sign-in.
        session_cookie: String,
        /// Contains a signed mark that identifies the browser as one on which somebody has signed in.
        browser_cookie: String,
    },
    /// The password was wrong.
    WrongPassword,
    /// The password was not verified. The client has to wait this long first.
    Throttled(Duration),
}

impl Authenticator {
    /// Restores the sign-ins, the throttle and the key from `folder`.
    pub(super) fn open(folder: &Path, password_hash: Option<SecretHash>, is_tls: bool) -> Result<Self, DeskError> {
        match private::make_dir(folder) {
            Err(source) if password_hash.is_some() => {
                return Err(DeskError::File { path: folder.to_owned(), source });
            }
            // Without a readable password, nobody can sign in. Nothing has to be stored then, so a folder that cannot
            // be created does no harm.
            Ok(()) | Err(_) => {}
        }
        let file = folder.join(THROTTLE_FILE);
        let throttle = match private::read_limited(&file, THROTTLE_FILE_BYTES_MAX) {
            Ok(None) => LoginThrottle::default(),
            // A file that cannot be read counts as damaged. Otherwise, making the file unreadable would reset the
            // throttle.
            found => LoginThrottle::restore(&found.ok().flatten().unwrap_or_default(), epoch_ms()),
        };
        let key = DeskKey::in_folder(folder)?;
        let name = key.desk_name();
        // This prefix makes the browser tie a cookie to this host and to TLS (RFC 6265bis, 4.1.3.2).
        let prefix = if is_tls { "__Host-" } else { "" };
        Ok(Self {
            sign_ins: SignIns::open(folder, password_hash.as_ref().map_or("", SecretHash::as_str)),
            password_hash: Mutex::new(password_hash),
            key,
            throttle: Mutex::new(throttle),
            throttle_file: BackgroundFile::new("wrong passwords at the desk", move |bytes| {
                private::write_atomic(&file, bytes)
            }),
            session_cookie: format!("{prefix}stillroom-desk-{name}"),
            browser_cookie: format!("{prefix}stillroom-browser-{name}"),
            is_tls,
            strangers_turn: Arc::new(Semaphore::new(1)),
            known_turn: Arc::new(Semaphore::new(1)),
        })
    }

    /// Returns an error if the stored password cannot be read, in which case no password is accepted; otherwise `None`.
    pub(super) fn damage(&self) -> Option<DeskError> {
        self.password_hash().is_none().then_some(DeskError::PasswordUnreadable)
    }

    /// Verifies a password and signs the browser in.
    pub(super) async fn sign_in(
        &self,
        address: IpAddr,
        headers: &HeaderMap,
        password: String,
    ) -> Result<SignInResult, DeskError> {
        let mark = cookie(headers, &self.browser_cookie);
        let browser = mark.and_then(|mark| self.key.verify_mark(&mark, epoch_seconds()));
        let client = {
            let mut throttle = self.throttle();
            let client = Client::new(address, browser.filter(|browser| throttle.is_known(*browser)));
            if let Err(wait) = throttle.begin_attempt(client, epoch_ms()) {
                return Ok(SignInResult::Throttled(wait));
            }
            self.save(&throttle);
            client
        };
        let turn = if matches!(client, Client::Stranger(_)) { &self.strangers_turn } else { &self.known_turn };
        let Ok(turn) = Arc::clone(turn).acquire_owned().await else { return Ok(SignInResult::WrongPassword) };
        let hash = self.password_hash().clone().ok_or(DeskError::PasswordUnreadable)?;
        let verified_hash = hash.clone();
        let verified = tokio::task::spawn_blocking(move || {
            // The permit is held until the verification ends, even if the client has disconnected.
            let _turn = turn;
            verified_hash.verify(&password)
        });
        // If the password was changed in the meantime, the old password is wrong.
        if !verified.await.unwrap_or(false) || self.password_hash().as_ref() != Some(&hash) {
            tracing::warn!(from = %address, "a wrong desk password");
            return Ok(SignInResult::WrongPassword);
        }
        {
            let mut throttle = self.throttle();
            throttle.attempt_succeeded(client);
            self.save(&throttle);
        }
        let (token, write) = self.sign_ins.sign_in()?;
        self.sign_ins.written(write, WRITE_TIMEOUT).await;
        let browser = match browser {
            Some(browser) => browser,
            None => BrowserId(getrandom::u64().map_err(|error| DeskError::Randomness(error.to_string()))?),
        };
        let mark = self.key.mark(browser, epoch_seconds());
        Ok(SignInResult::Accepted {
            session_cookie: self.sign_in_cookie(&token),
            browser_cookie: self.set_cookie(&self.browser_cookie, &mark, BROWSER_MARK_SECONDS),
        })
    }

    /// Sets the hash of the current password. If it differs from the previous hash, everybody is signed out.
    pub(super) fn set_password_hash(&self, hash: SecretHash) {
        let mut known = self.password_hash();
        if known.as_ref() == Some(&hash) {
            return;
        }
        self.sign_ins.end_all(hash.as_str());
        *known = Some(hash);
        tracing::info!("the desk has a new password; every browser has to sign in again");
    }

    /// Returns the sign-in token in a request's cookies.
    pub(super) fn token(&self, headers: &HeaderMap) -> Option<String> {
        cookie(headers, &self.session_cookie)
    }

    /// Returns the `Set-Cookie` value of a sign-in, with its full lifetime ([`SIGN_IN_SECONDS`]).
    pub(super) fn sign_in_cookie(&self, token: &str) -> String {
        self.set_cookie(&self.session_cookie, token, SIGN_IN_SECONDS)
    }

    /// Signs the browser out. Returns the `Set-Cookie` value that removes the cookie.
    pub(super) async fn sign_out(&self, headers: &HeaderMap) -> String {
        if let Some(write) = self.sign_ins.sign_out(self.token(headers).as_deref()) {
            self.sign_ins.written(write, WRITE_TIMEOUT).await;
        }
        self.set_cookie(&self.session_cookie, "", 0)
    }

    /// Waits up to [`CLOSE_TIMEOUT`] for pending writes, because the desk is closing.
    pub(super) async fn close(&self) {
        tokio::join!(self.sign_ins.all_written(CLOSE_TIMEOUT), self.throttle_file.all_written(CLOSE_TIMEOUT));
    }

    fn set_cookie(&self, name: &str, value: &str, seconds: u64) -> String {
        let secure = if self.is_tls { "; Secure" } else { "" };
        format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}")
    }

    fn password_hash(&self) -> MutexGuard<'_, Option<SecretHash>> {
        self.password_hash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn throttle(&self) -> MutexGuard<'_, LoginThrottle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, throttle: &LoginThrottle) {
        self.throttle_file.write(throttle.to_json());
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

fn epoch_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
