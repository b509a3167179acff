//! Owns the staff secrets, which are the tablet's PIN and the desk's password. Each is stored as a hash together with
//! its failed attempts, so that a restart does not end a wait. If the file and its copy are damaged, no secret matches.
//! Does not own what the secrets unlock.

pub mod backoff;
pub mod hash;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::paths::checksummed::{ChecksummedFile, ReadOutcome};
use backoff::{BackoffSchedule, FailedAttempts};
use hash::{HashingFailed, SECRET_CHARS_MAX, SecretHash};

/// Name of the staff PIN's file in the state directory.
pub const STAFF_PIN_FILE: &str = "staff-pin";
/// Name of the desk password's file in the state directory.
pub const DESK_PASSWORD_FILE: &str = "desk-password";
/// Minimum number of digits in a PIN.
pub const PIN_DIGITS_MIN: usize = 4;
/// Maximum number of digits in a PIN.
pub const PIN_DIGITS_MAX: usize = 12;
/// Minimum length of a password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// The waits after wrong attempts at the tablet: none after the first three, then from 30 s up to 15 min.
const BACKOFF: BackoffSchedule = BackoffSchedule { free_attempts: 3, waits_s: &[30, 60, 120, 300, 900] };
const FILE_BYTES_MAX: usize = 4096;

/// The kind of a secret, which determines which texts are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SecretKind {
    Pin,
    Password,
}

/// The outcome of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The secret matched. The failed attempts are forgotten.
    Correct,
    /// The secret did not match.
    Wrong {
        /// The wait before another attempt is verified. Zero for the first few failures.
        retry_after: Duration,
    },
    /// The attempt came during a wait, so it was not verified and does not count.
    TooEarly {
        /// How much of the wait remains.
        retry_after: Duration,
    },
}

/// Why a secret could not be set or verified.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The text is not a PIN of [`PIN_DIGITS_MIN`] to [`PIN_DIGITS_MAX`] digits.
    #[error("a PIN has {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits and nothing else")]
    InvalidPin,
    /// The text does not have [`PASSWORD_CHARS_MIN`] to [`SECRET_CHARS_MAX`] characters.
    #[error("a password has {PASSWORD_CHARS_MIN} to {SECRET_CHARS_MAX} characters")]
    InvalidPassword,
    /// No secret has been set.
    #[error("{}: nothing is set yet; {remedy}", path.display())]
    NotSet {
        /// The secret's file.
        path: PathBuf,
        /// What to do about it, in words for staff.
        remedy: &'static str,
    },
    /// The file and its copy are damaged.
    #[error("{}: {why}, and its copy is no better: nobody gets in by it; {remedy}", path.display())]
    Damaged {
        /// The secret's file.
        path: PathBuf,
        /// What is wrong with the file.
        why: String,
        /// What to do about it, in words for staff.
        remedy: &'static str,
    },
    /// The file cannot be written.
    #[error("{}: {source}", path.display())]
    File {
        /// The secret's file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The secret could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingFailed),
}

/// The content of a secret's file.
#[derive(Serialize, Deserialize)]
struct StoredSecret {
    hash: SecretHash,
    #[serde(rename = "tries")]
    failed: FailedAttempts,
}

/// A staff secret. Setting it or verifying an attempt blocks for tens of milliseconds or more, so use a separate
/// thread.
#[derive(Debug)]
pub struct Secret {
    file: ChecksummedFile,
    kind: SecretKind,
    /// The failed attempts, which are counted in memory as well as in the file, because a full disk must neither keep
    /// staff out nor allow unlimited guesses.
    failed: Mutex<FailedAttempts>,
    copy_was_used: AtomicBool,
}

impl Secret {
    /// Returns the tablet's PIN, whose file is in the state directory `state`.
    #[must_use]
    pub fn staff_pin(state: &Path) -> Self {
        Self::new(state.join(STAFF_PIN_FILE), SecretKind::Pin)
    }

    /// Returns the desk's password, whose file is in the state directory `state`.
    #[must_use]
    pub fn desk_password(state: &Path) -> Self {
        Self::new(state.join(DESK_PASSWORD_FILE), SecretKind::Password)
    }

    /// Whether a secret has been set. A damaged file counts as set, because otherwise damage to it would open the room.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !matches!(self.read(), Err(SecretError::NotSet { .. }))
    }

    /// Sets or replaces the secret, and forgets the failed attempts.
    ///
    /// # Errors
    /// If the text is not a valid secret, or cannot be hashed or written.
    pub fn set(&self, secret: &str) -> Result<(), SecretError> {
        self.validate(secret)?;
        self.write(&StoredSecret { hash: SecretHash::new(secret)?, failed: FailedAttempts::default() })?;
        *self.failed() = FailedAttempts::default();
        Ok(())
    }

    /// Verifies an attempt made at `now`. First stores the attempt as failed, so that nobody can avoid a wait by
    /// stopping the program before the verification ends.
    ///
    /// # Errors
    /// If no secret is set, or if its file and the copy are damaged.
    pub fn verify(&self, secret: &str, now: SystemTime) -> Result<Verification, SecretError> {
        let now_ms = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now_ms = u64::try_from(now_ms).unwrap_or(u64::MAX);
        let mut in_memory = self.failed();
        let mut stored = self.read()?;
        let before = stored.failed.max(*in_memory).not_after(now_ms);
        let retry_after = before.remaining_wait(&BACKOFF, now_ms);
        if !retry_after.is_zero() {
            if before != stored.failed {
                stored.failed = before;
                self.write_or_warn(&stored);
            }
            *in_memory = before;
            return Ok(Verification::TooEarly { retry_after });
        }
        stored.failed = before.plus_one(now_ms);
        *in_memory = stored.failed;
        self.write_or_warn(&stored);
        if !stored.hash.verify(secret) {
            return Ok(Verification::Wrong { retry_after: stored.failed.remaining_wait(&BACKOFF, now_ms) });
        }
        stored.failed = FailedAttempts::default();
        *in_memory = stored.failed;
        self.write_or_warn(&stored);
        Ok(Verification::Correct)
    }

    /// Returns the hash, for a caller that verifies attempts and counts failures itself. Returns `None` if no secret is
    /// set. If only the file or only its copy is damaged, repairs it from the other.
    ///
    /// # Errors
    /// If a secret was set but cannot be read. The caller must then reject every attempt.
    pub fn hash(&self) -> Result<Option<SecretHash>, SecretError> {
        match self.intact(self.file.read_and_repair(parse)) {
            Ok(stored) => Ok(Some(stored.hash)),
            Err(SecretError::NotSet { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether, since this value was created, the copy has ever been used because the file was missing or damaged.
    #[must_use]
    pub fn copy_was_used(&self) -> bool {
        self.copy_was_used.load(Ordering::Relaxed)
    }

    fn new(path: PathBuf, kind: SecretKind) -> Self {
        let file = ChecksummedFile::at(path, FILE_BYTES_MAX);
        Self { file, kind, failed: Mutex::default(), copy_was_used: AtomicBool::new(false) }
    }

    fn failed(&self) -> MutexGuard<'_, FailedAttempts> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn validate(&self, secret: &str) -> Result<(), SecretError> {
        let chars = secret.chars().count();
        match self.kind {
            SecretKind::Pin => {
                let is_valid = secret.bytes().all(|byte| byte.is_ascii_digit())
                    && (PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&chars);
                if is_valid { Ok(()) } else { Err(SecretError::InvalidPin) }
            }
            SecretKind::Password if (PASSWORD_CHARS_MIN..=SECRET_CHARS_MAX).contains(&chars) => Ok(()),
            SecretKind::Password => Err(SecretError::InvalidPassword),
        }
    }

    fn read(&self) -> Result<StoredSecret, SecretError> {
        self.intact(self.file.read(parse))
    }

    fn intact(&self, outcome: ReadOutcome<StoredSecret>) -> Result<StoredSecret, SecretError> {
        match outcome {
            ReadOutcome::Intact(stored) => Ok(stored),
            ReadOutcome::Restored { value, why } => {
                tracing::error!("{}: {why}; its last good copy is used", self.file.path().display());
                self.copy_was_used.store(true, Ordering::Relaxed);
                Ok(value)
            }
            ReadOutcome::Missing => {
                Err(SecretError::NotSet { path: self.file.path().to_owned(), remedy: self.remedy() })
            }
            ReadOutcome::Damaged { why } => {
                Err(SecretError::Damaged { path: self.file.path().to_owned(), why, remedy: self.remedy() })
            }
        }
    }

    fn write(&self, stored: &StoredSecret) -> Result<(), SecretError> {
        let written = serde_json::to_vec(stored).map_err(io::Error::from).and_then(|bytes| self.file.write(&bytes));
        written.map_err(|source| SecretError::File { path: self.file.path().to_owned(), source })
    }

    fn write_or_warn(&self, stored: &StoredSecret) {
        if let Err(error) = self.write(stored) {
            tracing::warn!("failed attempts are counted in memory only: {error}");
        }
    }

    const fn remedy(&self) -> &'static str {
        match self.kind {
            SecretKind::Pin => "set one with `stillroom staff set-pin`",
            SecretKind::Password => "set one with `stillroom desk set-password`",
        }
    }
}

fn parse(body: &[u8]) -> Result<StoredSecret, String> {
    serde_json::from_slice(body).map_err(|_| "it holds no hash of a secret".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::private;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    #[test]
    fn the_wait_at_the_tablet_grows_to_fifteen_minutes() {
        let waits: Vec<u64> = (0..12).map(|failed| BACKOFF.wait_after(failed).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 300, 900, 900, 900, 900]);
    }

    #[test]
    fn a_text_that_is_no_pin_or_no_password_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let pin = Secret::staff_pin(dir.path());
        for wrong in ["123", "1234567890123", "12a4", "", "١٢٣٤", " 1234"] {
            assert!(matches!(pin.set(wrong), Err(SecretError::InvalidPin)), "{wrong}");
        }
        assert!(!pin.is_set());
        assert!(matches!(pin.verify("1234", at(0)), Err(SecretError::NotSet { .. })));
        assert!(matches!(Secret::desk_password(dir.path()).set("nine char"), Err(SecretError::InvalidPassword)));
    }

    #[test]
    fn the_right_pin_is_accepted_and_a_restart_does_not_end_a_wait() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let pin = Secret::staff_pin(dir.path());
        pin.set("2468").unwrap();
        let file = dir.path().join(STAFF_PIN_FILE);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!std::fs::read_to_string(&file).unwrap().contains("2468"));
        assert_eq!(pin.verify("2468", at(0)).unwrap(), Verification::Correct);
        for _ in 0..3 {
            assert_eq!(pin.verify("0000", at(1)).unwrap(), Verification::Wrong { retry_after: Duration::ZERO });
        }
        assert_eq!(pin.verify("0000", at(1)).unwrap(), Verification::Wrong { retry_after: Duration::from_secs(30) });
        let restarted = Secret::staff_pin(dir.path());
        assert_eq!(
            restarted.verify("2468", at(2)).unwrap(),
            Verification::TooEarly { retry_after: Duration::from_secs(29) }
        );
        assert_eq!(restarted.verify("2468", at(31)).unwrap(), Verification::Correct);
        assert_eq!(restarted.verify("0000", at(32)).unwrap(), Verification::Wrong { retry_after: Duration::ZERO });
    }

    #[test]
    fn a_clock_set_back_prolongs_no_wait() {
        let dir = tempfile::tempdir().unwrap();
        let password = Secret::desk_password(dir.path());
        password.set("correct horse").unwrap();
        for _ in 0..4 {
            password.verify("wrong horses", at(1_000_000)).unwrap();
        }
        let retry_after = Duration::from_secs(30);
        assert_eq!(password.verify("correct horse", at(0)).unwrap(), Verification::TooEarly { retry_after });
        let restarted = Secret::desk_password(dir.path());
        assert_eq!(restarted.verify("correct horse", at(30)).unwrap(), Verification::Correct);
    }

    #[test]
    fn a_damaged_file_lets_nobody_in_and_names_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(STAFF_PIN_FILE), "{\"hash\":\"\",\"tries\":{\"wrong\":0,\"last_ms\":0}}")
            .unwrap();
        let pin = Secret::staff_pin(dir.path());
        assert!(pin.is_set());
        let problem = pin.verify("1234", at(0)).unwrap_err().to_string();
        assert!(problem.contains("stillroom staff set-pin"), "{problem}");
        pin.set("1234").unwrap();
        assert_eq!(pin.verify("1234", at(0)).unwrap(), Verification::Correct);
    }

    #[test]
    fn no_truncation_and_no_flipped_bit_lets_anybody_in_or_removes_the_password() {
        let dir = tempfile::tempdir().unwrap();
        let password = Secret::desk_password(dir.path());
        password.set("correct horse").unwrap();
        let (file, copy) = (password.file.path().to_owned(), password.file.copy_path());
        let (whole, hash) = (std::fs::read(&file).unwrap(), password.hash().unwrap());
        assert!(hash.is_some());
        let cuts = (0..whole.len()).map(|length| whole[..length].to_vec());
        let flips = (0..whole.len() * 8).map(|bit| {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        });
        for damaged in cuts.chain(flips) {
            std::fs::write(&file, &damaged).unwrap();
            assert_eq!(password.read().map(|stored| stored.hash).ok(), hash, "{damaged:?}");
            std::fs::write(&copy, &damaged).unwrap();
            assert!(matches!(password.read(), Err(SecretError::Damaged { .. })), "{damaged:?}");
            std::fs::write(&copy, &whole).unwrap();
        }
        assert!(password.copy_was_used());
        std::fs::write(&copy, "rubbish").unwrap();
        assert!(matches!(password.hash(), Err(SecretError::Damaged { .. })), "a damaged password is not an absent one");
        password.set("correct horses").unwrap();
        assert_eq!(password.verify("correct horses", at(0)).unwrap(), Verification::Correct);
    }

    #[test]
    fn a_file_of_an_earlier_version_verifies_and_gets_a_checksum() {
        let dir = tempfile::tempdir().unwrap();
        let pin = Secret::staff_pin(dir.path());
        pin.set("2468").unwrap();
        let whole = std::fs::read(pin.file.path()).unwrap();
        let plain = crate::paths::checksummed::strip_checksum(&whole).unwrap().unwrap();
        std::fs::remove_file(pin.file.copy_path()).unwrap();
        std::fs::write(pin.file.path(), plain).unwrap();
        assert_eq!(pin.verify("2468", at(0)).unwrap(), Verification::Correct);
        assert!(crate::paths::checksummed::strip_checksum(&std::fs::read(pin.file.path()).unwrap()).is_some());
        assert!(!pin.copy_was_used());
    }

    #[test]
    fn the_file_keeps_the_form_that_earlier_versions_wrote() {
        let dir = tempfile::tempdir().unwrap();
        let earlier = concat!(
            r#"{"hash":"$argon2id$v=19$m=19456,t=2,p=1$NR6EjMM1QPPcXcZQdJ+wrQ$6lIZHo+1W3h8R2AQdZLrpGxwDkt9V48afFZIm3sMa6M","#,
            r#""tries":{"wrong":2,"last_ms":1700000000000}}"#,
        );
        let password = Secret::desk_password(dir.path());
        std::fs::write(password.file.path(), earlier).unwrap();
        assert!(password.hash().unwrap().unwrap().verify("wide water"));
        let rewritten = std::fs::read(password.file.path()).unwrap();
        assert_eq!(crate::paths::checksummed::strip_checksum(&rewritten), Some(Ok(earlier.as_bytes())));
        assert_eq!(serde_json::to_string(&password.read().unwrap()).unwrap(), earlier);
    }

    #[test]
    fn failed_attempts_count_even_when_the_disk_is_full() {
        let dir = tempfile::tempdir().unwrap();
        let pin = Secret::staff_pin(dir.path());
        pin.set("1357").unwrap();
        // A directory at the path of the temporary file makes every write fail, even for root.
        std::fs::create_dir(private::temporary_path(&dir.path().join(STAFF_PIN_FILE))).unwrap();
        for _ in 0..4 {
            pin.verify("0000", at(0)).unwrap();
        }
        assert!(matches!(pin.verify("1357", at(1)).unwrap(), Verification::TooEarly { .. }));
        assert_eq!(pin.verify("1357", at(40)).unwrap(), Verification::Correct);
    }
}
