//! Owns who has signed in at the desk. Sign-ins outlive a restart of the program, since each reset of the room is one,
//! and a desk that was signed out by it could not be called. Nothing here waits for a disk. Does not own the password.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::DeskError;
use super::keeper::Keeper;
use crate::paths::private;

/// A sign-in ends so long after the page was last open, in seconds.
pub(super) const SIGN_IN_SECONDS: u64 = 7 * 24 * 60 * 60;
/// The end of a sign-in is written anew only when it has moved by this much, in seconds.
const PUT_OFF_SECONDS: u64 = 60 * 60;
/// More sign-ins than this push out the oldest.
const SIGN_INS_MAX: usize = 64;
/// The file is never larger: sixty-four names and times, and no more.
const FILE_BYTES_MAX: usize = 64 * 1024;
const TOKEN_BYTES: usize = 32;

/// The sign-ins of a desk.
#[derive(Debug)]
pub(super) struct Sessions {
    kept: Mutex<Kept>,
    keeper: Keeper,
    /// Says that a sign-in has ended.
    ended: watch::Sender<()>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// A new password signs everybody out: this is the hash of the hash under which the sign-ins were made.
    password: String,
    /// The hash of each token, and when it ends, in seconds of the epoch.
    until: BTreeMap<String, u64>,
}

impl Sessions {
    /// Reads the sign-ins that were kept in this folder under this password.
    pub(super) fn open(folder: &Path, password_hash: &str) -> Self {
        let file = folder.join("sessions.json");
        let written = file.clone();
        let write = move |bytes: &[u8]| private::write_whole(&written, bytes);
        let found = private::read_limited(&file, FILE_BYTES_MAX).ok().flatten();
        Self::kept_by(write, found.as_deref(), password_hash)
    }

    fn kept_by(
        write: impl Fn(&[u8]) -> io::Result<()> + Send + 'static,
        found: Option<&[u8]>,
        password_hash: &str,
    ) -> Self {
        let password = digest(password_hash.as_bytes());
        // A file that cannot be read signs everybody out, which is safe.
        let kept: Option<Kept> = found.and_then(|bytes| serde_json::from_slice(bytes).ok());
        let mut kept = kept.filter(|kept| kept.password == password).unwrap_or_default();
        kept.password = password;
        let now_s = epoch_seconds();
        kept.until.retain(|_, until| *until > now_s);
        let keeper = Keeper::new("the sign-ins at the desk", write);
        Self { kept: Mutex::new(kept), keeper, ended: watch::Sender::new(()) }
    }

    /// Signs in: the token for the browser, and the number by which it is kept.
    pub(super) fn sign_in(&self) -> Result<(String, u64), DeskError> {
        let mut bytes = [0_u8; TOKEN_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| DeskError::Randomness(error.to_string()))?;
        let token = hexadecimal(&bytes);
        let mut kept = self.kept();
        while kept.until.len() >= SIGN_INS_MAX {
            let Some(oldest) = kept.until.iter().min_by_key(|(_, until)| **until).map(|(token, _)| token.clone())
            else {
                break;
            };
            kept.until.remove(&oldest);
            self.ended.send_replace(());
        }
        kept.until.insert(digest(token.as_bytes()), epoch_seconds() + SIGN_IN_SECONDS);
        Ok((token, self.keep(&kept)))
    }

    /// Whether this token is signed in; if so, its end is put off.
    pub(super) fn is_signed_in(&self, token: Option<&str>) -> bool {
        let Some(token) = token else { return false };
        let name = digest(token.as_bytes());
        let now_s = epoch_seconds();
        let mut kept = self.kept();
        let Some(until) = kept.until.get(&name).copied() else { return false };
        if until <= now_s {
            kept.until.remove(&name);
            self.keep(&kept);
            self.ended.send_replace(());
            return false;
        }
        if until + PUT_OFF_SECONDS < now_s + SIGN_IN_SECONDS {
            kept.until.insert(name, now_s + SIGN_IN_SECONDS);
            self.keep(&kept);
        }
        true
    }

    /// Signs out, and ends every stream of this sign-in. The number by which it is kept, if there was one.
    pub(super) fn sign_out(&self, token: Option<&str>) -> Option<u64> {
        let mut kept = self.kept();
        kept.until.remove(&digest(token?.as_bytes()))?;
        self.ended.send_replace(());
        Some(self.keep(&kept))
    }

    /// There is a new password: everybody is signed out.
    pub(super) fn end_all(&self, password_hash: &str) {
        let mut kept = self.kept();
        *kept = Kept { password: digest(password_hash.as_bytes()), until: BTreeMap::new() };
        self.keep(&kept);
        self.ended.send_replace(());
    }

    /// Waits until this is on disk, but no longer than `limit`: nobody waits for a disk that hangs.
    pub(super) async fn are_kept_within(&self, number: u64, limit: Duration) {
        if !self.keeper.has_kept_within(number, limit).await {
            tracing::warn!("the disk does not take who has signed in at the desk; a restart would go by what it has");
        }
    }

    /// The same for all of it.
    pub(super) async fn are_all_kept_within(&self, limit: Duration) {
        self.keeper.has_kept_all_within(limit).await;
    }

    /// Waits until this token is no longer signed in.
    pub(super) async fn end_of(&self, token: Option<&str>) {
        let mut ended = self.ended.subscribe();
        while self.is_signed_in(token) {
            if ended.changed().await.is_err() {
                return;
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, kept: &Kept) -> u64 {
        // A map of texts and numbers can always be written as JSON.
        self.keeper.keep(serde_json::to_vec(kept).unwrap_or_default())
    }
}

fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn epoch_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_sign_in_outlives_a_restart_but_not_a_new_password() {
        let folder = tempfile::tempdir().unwrap();
        let open = |hash: &str| Sessions::open(folder.path(), hash);
        let sessions = open("one");
        let (token, number) = sessions.sign_in().unwrap();
        sessions.are_kept_within(number, LIMIT).await;
        assert!(open("one").is_signed_in(Some(&token)));
        assert!(!open("one").is_signed_in(Some("other")));
        assert!(!open("one").is_signed_in(None));
        let file = fs::read_to_string(folder.path().join("sessions.json")).unwrap();
        assert!(!file.contains(&token), "the token itself is never on disk");
        assert!(!open("two").is_signed_in(Some(&token)));
        let sessions = open("one");
        let number = sessions.sign_out(Some(&token)).unwrap();
        assert!(!sessions.is_signed_in(Some(&token)));
        sessions.are_kept_within(number, LIMIT).await;
        assert!(!open("one").is_signed_in(Some(&token)), "nor does a restart bring it back");
    }

    #[tokio::test]
    async fn a_disk_that_hangs_stalls_no_sign_in() {
        let (disk, hangs) = std::sync::mpsc::channel::<()>();
        let sessions = Sessions::kept_by(move |_| hangs.recv().map_err(io::Error::other), None, "hash");
        let tokens: Vec<String> = (0..3).map(|_| sessions.sign_in().unwrap().0).collect();
        assert!(tokens.iter().all(|token| sessions.is_signed_in(Some(token))));
        let number = sessions.sign_out(Some(&tokens[0])).unwrap();
        // Answers that are to be on disk wait for no longer than they say.
        sessions.are_kept_within(number, Duration::from_millis(20)).await;
        assert!(!sessions.is_signed_in(Some(&tokens[0])) && sessions.is_signed_in(Some(&tokens[1])));
        drop(disk);
    }

    #[tokio::test]
    async fn whoever_listens_hears_at_once_that_a_sign_in_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(folder.path(), "hash");
        sessions.end_of(None).await;
        let (first, _) = sessions.sign_in().unwrap();
        let pushed_out = sessions.end_of(Some(&first));
        tokio::pin!(pushed_out);
        assert!(tokio::time::timeout(Duration::from_millis(20), pushed_out.as_mut()).await.is_err());
        sessions.kept().until.insert(digest(first.as_bytes()), epoch_seconds() + 1_000);
        let tokens: Vec<String> = (0..SIGN_INS_MAX).map(|_| sessions.sign_in().unwrap().0).collect();
        tokio::time::timeout(LIMIT, pushed_out).await.expect("more sign-ins than there may be push out the oldest");
        let signs_out = sessions.end_of(Some(&tokens[0]));
        tokio::pin!(signs_out);
        assert!(tokio::time::timeout(Duration::from_millis(20), signs_out.as_mut()).await.is_err());
        sessions.sign_out(Some(&tokens[0]));
        tokio::time::timeout(LIMIT, signs_out).await.expect("a sign-out ends it");
    }
}
