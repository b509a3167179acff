//! Owns the lock on a desk's door: whose password is looked at, when and in what order, and the cookies that a browser
//! shows afterwards. Does not own what lies behind it, how often anybody may try ([`super::guesses`]), nor who is signed
//! in ([`super::sessions`]).

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use tokio::sync::Semaphore;

use super::device::{DEVICE_SECONDS, Device, DoorKey};
use super::guesses::{Guesses, Who};
use super::keeper::Keeper;
use super::sessions::{SIGN_IN_SECONDS, Sessions, epoch_seconds};
use super::{DeskError, password};
use crate::paths::private;

const GUESSES_FILE: &str = "guesses.json";
const GUESSES_BYTES_MAX: usize = 256 * 1024;
/// Who signs in or out is answered once it is on disk, or after so long whatever the disk does.
const KEPT_WITHIN: Duration = Duration::from_millis(300);
/// What is left to be written when the desk closes gets so long.
const CLOSES_WITHIN: Duration = Duration::from_secs(1);

/// The lock of a desk that has a password.
#[derive(Debug)]
pub(super) struct Lock {
    password_hash: Mutex<String>,
    pub sessions: Sessions,
    key: DoorKey,
    guesses: Mutex<Guesses>,
    keeper: Keeper,
    session_cookie: String,
    device_cookie: String,
    is_tls: bool,
    /// A password takes 19 MiB and tens of milliseconds of one core to look at. Strangers stand in one line, whoever is
    /// known or sits at this machine in another, and each line is as short as its guesses are few.
    strangers: Arc<Semaphore>,
    known: Arc<Semaphore>,
}

/// What became of a password.
pub(super) enum Tried {
    /// It was the right one: the `Set-Cookie` values for the browser, the sign-in's own first.
    Right([String; 2]),
    /// It was not.
    Wrong,
    /// It was not looked at, and will not be for so long.
    Waits(Duration),
}

impl Lock {
    /// The lock as it was kept in this folder.
    pub(super) fn open(folder: &Path, password_hash: String, is_tls: bool) -> Result<Self, DeskError> {
        match private::make_dir(folder) {
            Err(source) if password::check_hash(&password_hash).is_ok() => {
                return Err(DeskError::File { path: folder.to_owned(), source });
            }
            // A door that nothing opens has nothing to keep.
            Ok(()) | Err(_) => {}
        }
        let file = folder.join(GUESSES_FILE);
        let guesses = match private::read_limited(&file, GUESSES_BYTES_MAX) {
            Ok(None) => Guesses::default(),
            // One that is there and cannot be read is no better than one that is damaged.
            found => Guesses::read(&found.ok().flatten().unwrap_or_default(), epoch_ms()),
        };
        let key = DoorKey::in_folder(folder)?;
        let name = key.desk_name();
        // With TLS the browser itself guards them against other hosts and plain connections.
        let guard = if is_tls { "__Host-" } else { "" };
        Ok(Self {
            sessions: Sessions::open(folder, &password_hash),
            password_hash: Mutex::new(password_hash),
            key,
            guesses: Mutex::new(guesses),
            keeper: Keeper::new("wrong passwords at the desk", move |bytes| private::write_whole(&file, bytes)),
            session_cookie: format!("{guard}stillroom-desk-{name}"),
            device_cookie: format!("{guard}stillroom-browser-{name}"),
            is_tls,
            strangers: Arc::new(Semaphore::new(1)),
            known: Arc::new(Semaphore::new(1)),
        })
    }

    /// Why no password opens it, where the one that was kept cannot be read.
    pub(super) fn damage(&self) -> Option<DeskError> {
        password::check_hash(&self.password_hash()).err()
    }

    /// Looks at a password that a browser sent.
    pub(super) async fn try_password(
        &self,
        from: IpAddr,
        headers: &HeaderMap,
        password: String,
    ) -> Result<Tried, DeskError> {
        let mark = cookie_of(headers, &self.device_cookie);
        let device = mark.and_then(|mark| self.key.device(&mark, epoch_seconds()));
        let who = {
            let mut guesses = self.guesses();
            let who = Who::from(from, device.filter(|device| guesses.is_known(*device)));
            if let Err(wait) = guesses.begin(who, epoch_ms()) {
                return Ok(Tried::Waits(wait));
            }
            self.keep(&guesses);
            who
        };
        let line = if matches!(who, Who::Stranger(_)) { &self.strangers } else { &self.known };
        let Ok(turn) = Arc::clone(line).acquire_owned().await else { return Ok(Tried::Wrong) };
        let hash = self.password_hash().clone();
        let looked_at = hash.clone();
        let looked = tokio::task::spawn_blocking(move || {
            // The turn ends with the work, even if whoever asked has gone.
            let _turn = turn;
            password::matches(&looked_at, &password)
        });
        // One that was changed meanwhile opens nothing.
        if !looked.await.unwrap_or(false) || *self.password_hash() != hash {
            tracing::warn!(%from, "a wrong desk password");
            return Ok(Tried::Wrong);
        }
        {
            let mut guesses = self.guesses();
            guesses.right(who);
            self.keep(&guesses);
        }
        let (token, number) = self.sessions.sign_in()?;
        self.sessions.are_kept_within(number, KEPT_WITHIN).await;
        let device = match device {
            Some(device) => device,
            None => Device(getrandom::u64().map_err(|error| DeskError::Randomness(error.to_string()))?),
        };
        let mark = self.cookie(&self.device_cookie, &self.key.mark(device, epoch_seconds()), DEVICE_SECONDS);
        Ok(Tried::Right([self.sign_in_cookie(&token), mark]))
    }

    /// The password's hash as it is now. Another than before ends every sign-in.
    pub(super) fn password_is(&self, hash: &str) {
        let mut known = self.password_hash();
        if *known == hash || password::check_hash(hash).is_err() {
            return;
        }
        hash.clone_into(&mut known);
        self.sessions.end_all(hash);
        tracing::info!("the desk has a new password; every browser has to sign in anew");
    }

    /// The sign-in that a browser shows.
    pub(super) fn token(&self, headers: &HeaderMap) -> Option<String> {
        cookie_of(headers, &self.session_cookie)
    }

    /// The cookie of a sign-in, with its end put off.
    pub(super) fn sign_in_cookie(&self, token: &str) -> String {
        self.cookie(&self.session_cookie, token, SIGN_IN_SECONDS)
    }

    /// Signs out: the `Set-Cookie` value.
    pub(super) async fn sign_out(&self, headers: &HeaderMap) -> String {
        if let Some(number) = self.sessions.sign_out(self.token(headers).as_deref()) {
            self.sessions.are_kept_within(number, KEPT_WITHIN).await;
        }
        self.cookie(&self.session_cookie, "", 0)
    }

    /// The desk closes: what is left to be written gets a moment.
    pub(super) async fn close(&self) {
        tokio::join!(self.sessions.are_all_kept_within(CLOSES_WITHIN), self.keeper.has_kept_all_within(CLOSES_WITHIN));
    }

    fn cookie(&self, name: &str, value: &str, seconds: u64) -> String {
        let secure = if self.is_tls { "; Secure" } else { "" };
        format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}")
    }

    fn password_hash(&self) -> MutexGuard<'_, String> {
        self.password_hash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn guesses(&self) -> MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, guesses: &Guesses) {
        self.keeper.keep(guesses.write());
    }
}

fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
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
