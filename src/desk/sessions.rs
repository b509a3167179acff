//! Owns who has signed in at the desk, and the growing wait after wrong passwords. Sign-ins outlive a restart of the
//! program, since each reset of the room is one, and a desk that was signed out by it could not be called.
//! Does not own the password's hash.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::DeskError;
use super::tls::{make_folder, write_private};

/// A sign-in ends so long after the page was last open, in seconds.
pub(super) const SIGN_IN_SECONDS: u64 = 7 * 24 * 60 * 60;
/// The end of a sign-in is written anew only when it has moved by this much, in seconds.
const PUT_OFF_SECONDS: u64 = 60 * 60;
/// More sign-ins than this push out the oldest.
const SIGN_INS_MAX: usize = 64;
/// So many wrong passwords are free.
const FREE_TRIES: u32 = 3;
/// The first wait; it doubles with each further wrong password …
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// … up to this.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// Addresses that are remembered for wrong passwords.
const ADDRESSES_MAX: usize = 256;
const TOKEN_BYTES: usize = 32;

/// The sign-ins of a desk.
#[derive(Debug)]
pub(super) struct Sessions {
    file: PathBuf,
    password_hash: Option<String>,
    tls: bool,
    kept: Mutex<Kept>,
    tries: Mutex<BTreeMap<IpAddr, Tries>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// A new password signs everybody out: this is the hash of the hash under which the sign-ins were made.
    password: String,
    /// The hash of each token, and when it ends, in seconds of the epoch.
    until: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    last: Instant,
}

impl Sessions {
    /// Reads the sign-ins that were kept.
    pub(super) fn open(folder: &Path, password_hash: Option<String>, tls: bool) -> Result<Self, DeskError> {
        let file = folder.join("sessions.json");
        let mut kept = Kept::default();
        if let Some(hash) = &password_hash {
            make_folder(folder)?;
            let password = digest(hash.as_bytes());
            let found: Option<Kept> = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            // A file that cannot be read signs everybody out, which is safe.
            kept = found.filter(|kept| kept.password == password).unwrap_or_default();
            kept.password = password;
            let now = epoch_seconds();
            kept.until.retain(|_, until| *until > now);
        }
        Ok(Self { file, password_hash, tls, kept: Mutex::new(kept), tries: Mutex::default() })
    }

    /// Whether one must sign in here.
    pub(super) fn needs_password(&self) -> bool {
        self.password_hash.is_some()
    }

    /// The hash to compare a password with.
    pub(super) fn password_hash(&self) -> Option<&str> {
        self.password_hash.as_deref()
    }

    /// The cookie's name. With TLS the browser itself guards it against other hosts and plain connections.
    pub(super) fn cookie_name(&self) -> &'static str {
        if self.tls { "__Host-stillroom-desk" } else { "stillroom-desk" }
    }

    /// Signs in: the whole `Set-Cookie` value.
    pub(super) fn sign_in(&self) -> Result<String, DeskError> {
        let mut bytes = [0_u8; TOKEN_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| DeskError::Randomness(error.to_string()))?;
        let token = hexadecimal(&bytes);
        let mut kept = lock(&self.kept);
        while kept.until.len() >= SIGN_INS_MAX {
            let Some(oldest) = kept.until.iter().min_by_key(|(_, until)| **until).map(|(token, _)| token.clone())
            else {
                break;
            };
            kept.until.remove(&oldest);
        }
        kept.until.insert(digest(token.as_bytes()), epoch_seconds() + SIGN_IN_SECONDS);
        self.keep(&kept);
        Ok(self.cookie(&token, SIGN_IN_SECONDS))
    }

    /// Whether this token is signed in; if so, its end is put off.
    pub(super) fn is_signed_in(&self, token: Option<&str>) -> bool {
        if !self.needs_password() {
            return true;
        }
        let Some(token) = token else { return false };
        let name = digest(token.as_bytes());
        let now = epoch_seconds();
        let mut kept = lock(&self.kept);
        let Some(until) = kept.until.get(&name).copied() else { return false };
        if until <= now {
            kept.until.remove(&name);
            self.keep(&kept);
            return false;
        }
        if until + PUT_OFF_SECONDS < now + SIGN_IN_SECONDS {
            kept.until.insert(name, now + SIGN_IN_SECONDS);
            self.keep(&kept);
        }
        true
    }

    /// The cookie with its end put off, for a page that is opened.
    pub(super) fn cookie(&self, token: &str, seconds: u64) -> String {
        let secure = if self.tls { "; Secure" } else { "" };
        format!("{}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}", self.cookie_name())
    }

    /// Signs out.
    pub(super) fn sign_out(&self, token: Option<&str>) {
        let Some(token) = token else { return };
        let mut kept = lock(&self.kept);
        if kept.until.remove(&digest(token.as_bytes())).is_some() {
            self.keep(&kept);
        }
    }

    /// How long this address must still wait before another password is looked at.
    pub(super) fn wait(&self, from: IpAddr, now: Instant) -> Option<Duration> {
        let tries = lock(&self.tries).get(&neighbours(from)).copied()?;
        let wait = wait_after(tries.wrong);
        let waited = now.saturating_duration_since(tries.last);
        wait.checked_sub(waited).filter(|left| !left.is_zero())
    }

    /// A password was wrong.
    pub(super) fn wrong(&self, from: IpAddr, now: Instant) {
        let mut tries = lock(&self.tries);
        if tries.len() >= ADDRESSES_MAX {
            let oldest = tries.iter().min_by_key(|(_, tries)| tries.last).map(|(address, _)| *address);
            oldest.and_then(|address| tries.remove(&address));
        }
        let entry = tries.entry(neighbours(from)).or_insert(Tries { wrong: 0, last: now });
        // A day without a try is forgiven.
        if now.saturating_duration_since(entry.last) > Duration::from_hours(24) {
            entry.wrong = 0;
        }
        entry.wrong = entry.wrong.saturating_add(1);
        entry.last = now;
    }

    /// A password was right.
    pub(super) fn right(&self, from: IpAddr) {
        lock(&self.tries).remove(&neighbours(from));
    }

    fn keep(&self, kept: &Kept) {
        let written = serde_json::to_vec(kept).map_err(|error| error.to_string());
        let written = written.and_then(|bytes| write_private(&self.file, &bytes).map_err(|error| error.to_string()));
        if let Err(error) = written {
            tracing::warn!(%error, "sign-ins at the desk will not outlive a restart");
        }
    }
}

fn wait_after(wrong: u32) -> Duration {
    match wrong.checked_sub(FREE_TRIES) {
        None => Duration::ZERO,
        Some(more) => FIRST_WAIT.saturating_mul(1 << more.min(10)).min(LONGEST_WAIT),
    }
}

/// One machine can have any address of its IPv6 network of 64 bits; they count as one.
fn neighbours(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let mut octets = ip.octets();
            octets[8..].fill(0);
            IpAddr::V6(octets.into())
        }
        ip @ IpAddr::V4(_) => ip,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn epoch_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(cookie: &str) -> String {
        cookie.split(['=', ';']).nth(1).unwrap().to_owned()
    }

    #[test]
    fn a_sign_in_outlives_a_restart_but_not_a_new_password() {
        let folder = tempfile::tempdir().unwrap();
        let open = |hash: &str| Sessions::open(folder.path(), Some(hash.to_owned()), true).unwrap();
        let cookie = open("one").sign_in().unwrap();
        assert!(cookie.starts_with("__Host-stillroom-desk="));
        assert!(cookie.contains("; HttpOnly; SameSite=Strict; Path=/; ") && cookie.ends_with("; Secure"));
        let token = token_of(&cookie);
        assert!(open("one").is_signed_in(Some(&token)));
        assert!(!open("one").is_signed_in(Some("other")));
        assert!(!open("one").is_signed_in(None));
        let file = fs::read_to_string(folder.path().join("sessions.json")).unwrap();
        assert!(!file.contains(&token), "the token itself is never on disk");
        assert!(!open("two").is_signed_in(Some(&token)));
        let sessions = open("one");
        sessions.sign_out(Some(&token));
        assert!(!sessions.is_signed_in(Some(&token)));
    }

    #[test]
    fn wrong_passwords_wait_longer_and_longer_for_their_own_address_only() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(folder.path(), Some("hash".into()), false).unwrap();
        let start = Instant::now();
        let (here, there): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let waits: Vec<u64> = (0..12)
            .map(|_| {
                sessions.wrong(here, start);
                sessions.wait(here, start).map_or(0, |wait| wait.as_secs())
            })
            .collect();
        assert_eq!(waits, [0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300, 300]);
        assert_eq!(sessions.wait(there, start), None);
        assert_eq!(sessions.wait(here, start + LONGEST_WAIT), None);
        sessions.right(here);
        assert_eq!(sessions.wait(here, start), None);
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(neighbours(one), neighbours("2001:db8::ffff".parse().unwrap()));
    }
}
