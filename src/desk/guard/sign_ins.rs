//! Owns the sign-ins at a desk. They survive a restart of the program, because every reset of the room restarts the
//! program, and a desk that was thereby signed out could not receive calls. No function waits for a write to the disk,
//! unless its documentation says so. Does not own the password.

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
use super::background_file::{BackgroundFile, WriteId};
use crate::paths::private;

/// Lifetime of a sign-in after the page was last open, in seconds.
pub(super) const SIGN_IN_SECONDS: u64 = 7 * 24 * 60 * 60;
/// Minimum time by which a sign-in's expiry is extended, in seconds. Smaller extensions are skipped, to spare the disk.
const RENEWAL_STEP_SECONDS: u64 = 60 * 60;
/// Maximum number of sign-ins. One more ends the sign-in that would expire first.
const SIGN_INS_MAX: usize = 64;
/// Maximum size of the file, in bytes. It is several times the space that [`SIGN_INS_MAX`] hashes and times take.
const FILE_BYTES_MAX: usize = 64 * 1024;
const TOKEN_BYTES: usize = 32;

/// The sign-ins of a desk.
#[derive(Debug)]
pub(super) struct SignIns {
    table: Mutex<SignInTable>,
    file: BackgroundFile,
    /// Notifies streams that at least one sign-in has ended.
    any_ended: watch::Sender<()>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct SignInTable {
    /// Hash of the password's hash. Sign-ins made with a different password are void.
    password: String,
    /// The expiry of each sign-in, in seconds since 1970, keyed by the hash of its token.
    until: BTreeMap<String, u64>,
}

impl SignIns {
    /// Restores the sign-ins that were stored in this folder for this password.
    pub(super) fn open(folder: &Path, password_hash: &str) -> Self {
        let path = folder.join("sessions.json");
        let stored = private::read_limited(&path, FILE_BYTES_MAX).ok().flatten();
        Self::stored_by(move |bytes| private::write_atomic(&path, bytes), stored.as_deref(), password_hash)
    }

    fn stored_by(
        write: impl Fn(&[u8]) -> io::Result<()> + Send + 'static,
        stored: Option<&[u8]>,
        password_hash: &str,
    ) -> Self {
        let password = digest(password_hash.as_bytes());
        // A file that cannot be parsed signs everybody out, which is safe.
        let table: Option<SignInTable> = stored.and_then(|bytes| serde_json::from_slice(bytes).ok());
        let mut table = table.filter(|table| table.password == password).unwrap_or_default();
        table.password = password;
        let now_s = epoch_seconds();
        table.until.retain(|_, until| *until > now_s);
        let file = BackgroundFile::new("the sign-ins at the desk", write);
        Self { table: Mutex::new(table), file, any_ended: watch::Sender::new(()) }
    }

    /// Adds a sign-in. Returns the browser's token and the id of the write that stores the sign-in.
    pub(super) fn sign_in(&self) -> Result<(String, WriteId), DeskError> {
        let mut bytes = [0_u8; TOKEN_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| DeskError::Randomness(error.to_string()))?;
        let token = hexadecimal(&bytes);
        let mut table = self.table();
        while table.until.len() >= SIGN_INS_MAX {
            let Some(oldest) = table.until.iter().min_by_key(|(_, until)| **until).map(|(token, _)| token.clone())
            else {
                break;
            };
            table.until.remove(&oldest);
            self.any_ended.send_replace(());
        }
        table.until.insert(digest(token.as_bytes()), epoch_seconds() + SIGN_IN_SECONDS);
        Ok((token, self.save(&table)))
    }

    /// Returns whether this token is signed in. If so, its lifetime starts again from now, unless that would extend it
    /// by less than [`RENEWAL_STEP_SECONDS`].
    pub(super) fn is_signed_in(&self, token: Option<&str>) -> bool {
        let Some(token) = token else { return false };
        let key = digest(token.as_bytes());
        let now_s = epoch_seconds();
        let mut table = self.table();
        let Some(until) = table.until.get(&key).copied() else { return false };
        if until <= now_s {
            table.until.remove(&key);
            self.save(&table);
            self.any_ended.send_replace(());
            return false;
        }
        if until + RENEWAL_STEP_SECONDS < now_s + SIGN_IN_SECONDS {
            table.until.insert(key, now_s + SIGN_IN_SECONDS);
            self.save(&table);
        }
        true
    }

    /// Ends a sign-in. Returns the id of the write that stores the change, or `None` if the token was not signed in.
    pub(super) fn sign_out(&self, token: Option<&str>) -> Option<WriteId> {
        let mut table = self.table();
        table.until.remove(&digest(token?.as_bytes()))?;
        self.any_ended.send_replace(());
        Some(self.save(&table))
    }

    /// Signs everybody out, because the desk has a new password, whose hash is `password_hash`.
    pub(super) fn end_all(&self, password_hash: &str) {
        let mut table = self.table();
        *table = SignInTable { password: digest(password_hash.as_bytes()), until: BTreeMap::new() };
        self.save(&table);
        self.any_ended.send_replace(());
    }

    /// Waits up to `limit` for this write to reach the disk, and logs a warning if it has not.
    pub(super) async fn written(&self, write: WriteId, limit: Duration) {
        if !self.file.written(write, limit).await {
            tracing::warn!(
                "who is signed in at the desk is not on disk yet; a restart now would restore an older state"
            );
        }
    }

    /// Waits up to `limit` for the newest write so far to reach the disk.
    pub(super) async fn all_written(&self, limit: Duration) {
        self.file.all_written(limit).await;
    }

    /// Waits until this token is no longer signed in.
    pub(super) async fn ended(&self, token: Option<&str>) {
        let mut any_ended = self.any_ended.subscribe();
        while self.is_signed_in(token) {
            if any_ended.changed().await.is_err() {
                return;
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, SignInTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, table: &SignInTable) -> WriteId {
        // A map of strings and numbers always serialises.
        self.file.write(serde_json::to_vec(table).unwrap_or_default())
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

/// Returns the wall-clock time in seconds since 1970.
pub(super) fn epoch_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_sign_in_survives_a_restart_but_not_a_new_password() {
        let folder = tempfile::tempdir().unwrap();
        let open = |hash: &str| SignIns::open(folder.path(), hash);
        let sign_ins = open("one");
        let (token, number) = sign_ins.sign_in().unwrap();
        sign_ins.written(number, LIMIT).await;
        assert!(open("one").is_signed_in(Some(&token)));
        assert!(!open("one").is_signed_in(Some("other")));
        assert!(!open("one").is_signed_in(None));
        let file = fs::read_to_string(folder.path().join("sessions.json")).unwrap();
        assert!(!file.contains(&token), "the token itself is never on disk");
        assert!(!open("two").is_signed_in(Some(&token)));
        let sign_ins = open("one");
        let number = sign_ins.sign_out(Some(&token)).unwrap();
        assert!(!sign_ins.is_signed_in(Some(&token)));
        sign_ins.written(number, LIMIT).await;
        assert!(!open("one").is_signed_in(Some(&token)), "a restart does not bring it back");
    }

    #[tokio::test]
    async fn a_disk_that_hangs_delays_no_sign_in() {
        let (disk, hangs) = std::sync::mpsc::channel::<()>();
        let sign_ins = SignIns::stored_by(move |_| hangs.recv().map_err(io::Error::other), None, "hash");
        let tokens: Vec<String> = (0..3).map(|_| sign_ins.sign_in().unwrap().0).collect();
        assert!(tokens.iter().all(|token| sign_ins.is_signed_in(Some(token))));
        let number = sign_ins.sign_out(Some(&tokens[0])).unwrap();
        // This returns at its time limit, although the write never completes.
        sign_ins.written(number, Duration::from_millis(20)).await;
        assert!(!sign_ins.is_signed_in(Some(&tokens[0])) && sign_ins.is_signed_in(Some(&tokens[1])));
        drop(disk);
    }

    #[tokio::test]
    async fn the_end_of_a_sign_in_is_noticed_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let sign_ins = SignIns::open(folder.path(), "hash");
        sign_ins.ended(None).await;
        let (first, _) = sign_ins.sign_in().unwrap();
        let oldest_ended = sign_ins.ended(Some(&first));
        tokio::pin!(oldest_ended);
        assert!(tokio::time::timeout(Duration::from_millis(20), oldest_ended.as_mut()).await.is_err());
        sign_ins.table().until.insert(digest(first.as_bytes()), epoch_seconds() + 1_000);
        let tokens: Vec<String> = (0..SIGN_INS_MAX).map(|_| sign_ins.sign_in().unwrap().0).collect();
        tokio::time::timeout(LIMIT, oldest_ended).await.expect("one sign-in too many ends the oldest");
        let signs_out = sign_ins.ended(Some(&tokens[0]));
        tokio::pin!(signs_out);
        assert!(tokio::time::timeout(Duration::from_millis(20), signs_out.as_mut()).await.is_err());
        sign_ins.sign_out(Some(&tokens[0]));
        tokio::time::timeout(LIMIT, signs_out).await.expect("a sign-out ends it");
    }
}
