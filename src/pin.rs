//! Owns the two secrets of the staff, the PIN of the tablet and the password of the desk: hashed at rest, with a
//! lock-out that grows and outlives a restart. One that is damaged fits nothing. Does not own what they open.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::paths::kept::{KeptFile, Reading};

/// The file of the staff's PIN in the state directory.
pub const STAFF_PIN_FILE: &str = "staff-pin";
/// The file of the desk's password in the state directory.
pub const DESK_PASSWORD_FILE: &str = "desk-password";
/// Digits a PIN has at least.
pub const PIN_DIGITS_MIN: usize = 4;
/// Digits a PIN has at most.
pub const PIN_DIGITS_MAX: usize = 12;
/// Characters a password has at least.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Characters a password has at most.
pub const PASSWORD_CHARS_MAX: usize = 128;
/// Wrong tries that cost nothing: fingers slip.
const FREE_TRIES: u32 = 3;
/// Seconds to wait after the tries that follow; the last holds for all further ones, so that staff always get in.
const WAITS_S: [u64; 5] = [30, 60, 120, 300, 900];
/// Memory in KiB, passes and lanes of argon2id: the second of OWASP's recommended sets.
const HASH_MEMORY_KIB: u32 = 19_456;
const HASH_PASSES: u32 = 2;
const HASH_LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const FILE_BYTES_MAX: usize = 4096;
const NO_HASH: &str = "it holds no hash that can be checked";

/// Which secret it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Pin,
    Password,
}

/// What a try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one.
    Right,
    /// It is not; the next try is looked at after `wait`.
    Wrong {
        /// How long; zero while slips are free.
        wait: Duration,
    },
    /// It was not even looked at; the next try is after `wait`.
    Locked {
        /// How long.
        wait: Duration,
    },
}

/// Why a secret could not be set or looked at.
#[derive(Debug, Error)]
pub enum PinError {
    /// A PIN of another shape.
    #[error("a PIN has {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits and nothing else")]
    PinShape,
    /// A password of another shape.
    #[error("a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters")]
    PasswordShape,
    /// None has been set.
    #[error("{}: nothing is set yet; {way_out}", path.display())]
    NotSet {
        /// Its file.
        path: PathBuf,
        /// The command that sets one.
        way_out: &'static str,
    },
    /// The file is not as it was written, and neither is its copy.
    #[error("{}: {why}, and its copy is no better: nobody gets in by it; {way_out}", path.display())]
    Damaged {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// The command that sets one anew.
        way_out: &'static str,
    },
    /// The file cannot be written.
    #[error("{}: {source}", path.display())]
    File {
        /// Its file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No randomness, or no memory for hashing.
    #[error("the machine gave no randomness or memory for hashing; start it anew")]
    Hashing,
}

/// Wrong tries so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// Wrong ones since the last right one.
    pub wrong: u32,
    /// When the last one was, milliseconds since 1970.
    pub last_ms: u64,
}

impl Tries {
    /// How long the lock-out still lasts at `now_ms`.
    #[must_use]
    pub fn wait(&self, now_ms: u64) -> Duration {
        let since = Duration::from_millis(now_ms.saturating_sub(self.last_ms));
        lock_out(self.wrong).saturating_sub(since)
    }

    /// One more wrong try.
    #[must_use]
    pub fn and_one_wrong(self, now_ms: u64) -> Self {
        Self { wrong: self.wrong.saturating_add(1), last_ms: now_ms }
    }

    /// A clock that was set back must not lock staff out for as long as it was set back.
    #[must_use]
    fn with_clock_not_ahead(self, now_ms: u64) -> Self {
        Self { last_ms: self.last_ms.min(now_ms), ..self }
    }

    /// The stricter of what the disk and this process remember.
    fn stricter(self, other: Self) -> Self {
        if (other.wrong, other.last_ms) > (self.wrong, self.last_ms) { other } else { self }
    }
}

/// How long after the last of so many wrong tries no further one is looked at.
#[must_use]
pub fn lock_out(wrong: u32) -> Duration {
    let Some(beyond) = wrong.checked_sub(FREE_TRIES + 1) else { return Duration::ZERO };
    let step = usize::try_from(beyond).unwrap_or(usize::MAX).min(WAITS_S.len() - 1);
    Duration::from_secs(WAITS_S[step])
}

#[derive(Serialize, Deserialize)]
struct Kept {
    hash: String,
    tries: Tries,
}

/// A secret of the staff. Its functions block for a good part of a second: call them from a thread of their own.
#[derive(Debug)]
pub struct Secret {
    file: KeptFile,
    kind: Kind,
    /// Holds where the disk cannot: a full disk must neither keep staff out nor let guesses go uncounted.
    remembered: Mutex<Tries>,
    copy_was_used: AtomicBool,
}

impl Secret {
    /// The PIN of the tablet.
    #[must_use]
    pub fn staff_pin(state: &Path) -> Self {
        Self::new(state.join(STAFF_PIN_FILE), Kind::Pin)
    }

    /// The password of the desk.
    #[must_use]
    pub fn desk_password(state: &Path) -> Self {
        Self::new(state.join(DESK_PASSWORD_FILE), Kind::Password)
    }

    /// Whether one has been set. A damaged file counts as set: nobody gets in by breaking it.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !matches!(self.read(), Err(PinError::NotSet { .. }))
    }

    /// Sets it, or sets it anew; wrong tries are forgotten.
    ///
    /// # Errors
    /// If its shape is wrong or it cannot be written.
    pub fn set(&self, secret: &str) -> Result<(), PinError> {
        self.check_shape(secret)?;
        let mut salt = [0_u8; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|_| PinError::Hashing)?;
        let salt = SaltString::encode_b64(&salt).map_err(|_| PinError::Hashing)?;
        let hash = hasher()?.hash_password(secret.as_bytes(), &salt).map_err(|_| PinError::Hashing)?.to_string();
        self.write(&Kept { hash, tries: Tries::default() })?;
        *self.remembered() = Tries::default();
        Ok(())
    }

    /// Looks at a try made at `now`. The try is counted before it is looked at, so that stopping the program in
    /// between gains nothing.
    ///
    /// # Errors
    /// If none is set or its file cannot be read.
    pub fn check(&self, secret: &str, now: SystemTime) -> Result<Verdict, PinError> {
        let now_ms = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now_ms = u64::try_from(now_ms).unwrap_or(u64::MAX);
        let mut remembered = self.remembered();
        let mut kept = self.read()?;
        let before = kept.tries.stricter(*remembered).with_clock_not_ahead(now_ms);
        let wait = before.wait(now_ms);
        if !wait.is_zero() {
            if before != kept.tries {
                kept.tries = before;
                self.write_or_remember(&kept);
            }
            *remembered = before;
            return Ok(Verdict::Locked { wait });
        }
        kept.tries = before.and_one_wrong(now_ms);
        *remembered = kept.tries;
        self.write_or_remember(&kept);
        let hash = PasswordHash::new(&kept.hash).map_err(|_| self.damaged(NO_HASH.to_owned()))?;
        match hasher()?.verify_password(secret.as_bytes(), &hash) {
            Ok(()) => {
                kept.tries = Tries::default();
                *remembered = kept.tries;
                self.write_or_remember(&kept);
                Ok(Verdict::Right)
            }
            Err(argon2::password_hash::Error::Password) => Ok(Verdict::Wrong { wait: kept.tries.wait(now_ms) }),
            Err(_) => Err(self.damaged(NO_HASH.to_owned())),
        }
    }

    /// The hash as an argon2id PHC string, if one is set; for whoever checks it on its own. File and copy are both made
    /// whole on the way.
    ///
    /// # Errors
    /// If one was set and cannot be read: then nobody may get in.
    pub fn hash(&self) -> Result<Option<String>, PinError> {
        match self.taken(self.file.read_and_mend(parse)) {
            Ok(kept) => Ok(Some(kept.hash)),
            Err(PinError::NotSet { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether its file was damaged and its last good copy was used since it was opened.
    #[must_use]
    pub fn copy_was_used(&self) -> bool {
        self.copy_was_used.load(Ordering::Relaxed)
    }

    fn new(path: PathBuf, kind: Kind) -> Self {
        let file = KeptFile::at(path, FILE_BYTES_MAX);
        Self { file, kind, remembered: Mutex::default(), copy_was_used: AtomicBool::new(false) }
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Tries> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_shape(&self, secret: &str) -> Result<(), PinError> {
        let chars = secret.chars().count();
        match self.kind {
            Kind::Pin => {
                let right = secret.bytes().all(|byte| byte.is_ascii_digit())
                    && (PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&chars);
                if right { Ok(()) } else { Err(PinError::PinShape) }
            }
            Kind::Password if (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&chars) => Ok(()),
            Kind::Password => Err(PinError::PasswordShape),
        }
    }

    fn read(&self) -> Result<Kept, PinError> {
        self.taken(self.file.read(parse))
    }

    fn taken(&self, reading: Reading<Kept>) -> Result<Kept, PinError> {
        match reading {
            Reading::Whole(kept) => Ok(kept),
            Reading::Copy { value, why } => {
                tracing::error!("{}: {why}; its last good copy is used", self.file.path().display());
                self.copy_was_used.store(true, Ordering::Relaxed);
                Ok(value)
            }
            Reading::Absent => Err(PinError::NotSet { path: self.file.path().to_owned(), way_out: self.way_out() }),
            Reading::Lost { why } => Err(self.damaged(why)),
        }
    }

    fn write(&self, kept: &Kept) -> Result<(), PinError> {
        let bytes = serde_json::to_vec(kept).map_err(|_| PinError::Hashing)?;
        self.file.write(&bytes).map_err(|source| PinError::File { path: self.file.path().to_owned(), source })
    }

    fn write_or_remember(&self, kept: &Kept) {
        if let Err(problem) = self.write(kept) {
            tracing::warn!("tries are counted in memory only: {problem}");
        }
    }

    fn damaged(&self, why: String) -> PinError {
        PinError::Damaged { path: self.file.path().to_owned(), why, way_out: self.way_out() }
    }

    const fn way_out(&self) -> &'static str {
        match self.kind {
            Kind::Pin => "set one with `stillroom staff set-pin`",
            Kind::Password => "set one with `stillroom desk set-password`",
        }
    }
}

fn parse(body: &[u8]) -> Result<Kept, String> {
    let kept: Kept = serde_json::from_slice(body).map_err(|_| "it is not what was written there".to_owned())?;
    match PasswordHash::new(&kept.hash) {
        Ok(hash) if hash.algorithm == argon2::ARGON2ID_IDENT && hash.hash.is_some() => Ok(kept),
        _ => Err(NO_HASH.to_owned()),
    }
}

fn hasher() -> Result<Argon2<'static>, PinError> {
    let params = Params::new(HASH_MEMORY_KIB, HASH_PASSES, HASH_LANES, None).map_err(|_| PinError::Hashing)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::private;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    #[test]
    fn the_lock_out_grows_and_stays_bounded() {
        let waits: Vec<u64> = (0..12).map(|wrong| lock_out(wrong).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 300, 900, 900, 900, 900]);
        assert_eq!(lock_out(u32::MAX).as_secs(), 900);
        let tries = Tries { wrong: 4, last_ms: 1_000 };
        assert_eq!(tries.wait(1_000).as_secs(), 30);
        assert_eq!(tries.wait(30_999), Duration::from_millis(1));
        assert_eq!(tries.wait(31_000), Duration::ZERO);
    }

    #[test]
    fn shapes_are_kept_to() {
        let dir = tempfile::tempdir().unwrap();
        let pin = Secret::staff_pin(dir.path());
        for wrong in ["123", "1234567890123", "12a4", "", "١٢٣٤", " 1234"] {
            assert!(matches!(pin.set(wrong), Err(PinError::PinShape)), "{wrong}");
        }
        assert!(!pin.is_set());
        assert!(matches!(pin.check("1234", at(0)), Err(PinError::NotSet { .. })));
        assert!(matches!(Secret::desk_password(dir.path()).set("nine char"), Err(PinError::PasswordShape)));
    }

    #[test]
    fn right_is_right_and_a_restart_does_not_end_a_lock_out() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let pin = Secret::staff_pin(dir.path());
        pin.set("2468").unwrap();
        let file = dir.path().join(STAFF_PIN_FILE);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!std::fs::read_to_string(&file).unwrap().contains("2468"));
        assert_eq!(pin.check("2468", at(0)).unwrap(), Verdict::Right);
        for _ in 0..3 {
            assert_eq!(pin.check("0000", at(1)).unwrap(), Verdict::Wrong { wait: Duration::ZERO });
        }
        assert_eq!(pin.check("0000", at(1)).unwrap(), Verdict::Wrong { wait: Duration::from_secs(30) });
        let restarted = Secret::staff_pin(dir.path());
        assert_eq!(restarted.check("2468", at(2)).unwrap(), Verdict::Locked { wait: Duration::from_secs(29) });
        assert_eq!(restarted.check("2468", at(31)).unwrap(), Verdict::Right);
        assert_eq!(restarted.check("0000", at(32)).unwrap(), Verdict::Wrong { wait: Duration::ZERO });
    }

    #[test]
    fn a_clock_set_back_locks_for_no_longer_than_the_lock_out() {
        let dir = tempfile::tempdir().unwrap();
        let password = Secret::desk_password(dir.path());
        password.set("correct horse").unwrap();
        for _ in 0..4 {
            password.check("wrong horses", at(1_000_000)).unwrap();
        }
        let wait = Duration::from_secs(30);
        assert_eq!(password.check("correct horse", at(0)).unwrap(), Verdict::Locked { wait });
        let restarted = Secret::desk_password(dir.path());
        assert_eq!(restarted.check("correct horse", at(30)).unwrap(), Verdict::Right);
    }

    #[test]
    fn a_damaged_file_lets_nobody_in_and_says_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(STAFF_PIN_FILE), "{\"hash\":\"\",\"tries\":{\"wrong\":0,\"last_ms\":0}}")
            .unwrap();
        let pin = Secret::staff_pin(dir.path());
        assert!(pin.is_set());
        let problem = pin.check("1234", at(0)).unwrap_err().to_string();
        assert!(problem.contains("stillroom staff set-pin"), "{problem}");
        pin.set("1234").unwrap();
        assert_eq!(pin.check("1234", at(0)).unwrap(), Verdict::Right);
    }

    #[test]
    fn no_cut_and_no_turned_bit_opens_a_door_or_takes_its_lock_away() {
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
            assert_eq!(password.read().map(|kept| kept.hash).ok(), hash, "{damaged:?}");
            std::fs::write(&copy, &damaged).unwrap();
            assert!(matches!(password.read(), Err(PinError::Damaged { .. })), "{damaged:?}");
            std::fs::write(&copy, &whole).unwrap();
        }
        assert!(password.copy_was_used());
        std::fs::write(&copy, "rubbish").unwrap();
        assert!(matches!(password.hash(), Err(PinError::Damaged { .. })), "a lost password is not none");
        password.set("correct horses").unwrap();
        assert_eq!(password.check("correct horses", at(0)).unwrap(), Verdict::Right);
    }

    #[test]
    fn a_secret_of_an_earlier_version_holds_and_gets_its_checksum() {
        let dir = tempfile::tempdir().unwrap();
        let pin = Secret::staff_pin(dir.path());
        pin.set("2468").unwrap();
        let whole = std::fs::read(pin.file.path()).unwrap();
        let plain = crate::paths::kept::without_sum(&whole).unwrap().unwrap();
        std::fs::remove_file(pin.file.copy_path()).unwrap();
        std::fs::write(pin.file.path(), plain).unwrap();
        assert_eq!(pin.check("2468", at(0)).unwrap(), Verdict::Right);
        assert!(crate::paths::kept::without_sum(&std::fs::read(pin.file.path()).unwrap()).is_some());
        assert!(!pin.copy_was_used());
    }

    #[test]
    fn tries_count_even_where_the_disk_takes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let pin = Secret::staff_pin(dir.path());
        pin.set("1357").unwrap();
        // A directory in the way of the temporary file makes every write fail, also for the superuser.
        std::fs::create_dir(private::temporary_of(&dir.path().join(STAFF_PIN_FILE))).unwrap();
        for _ in 0..4 {
            pin.check("0000", at(0)).unwrap();
        }
        assert!(matches!(pin.check("1357", at(1)).unwrap(), Verdict::Locked { .. }));
        assert_eq!(pin.check("1357", at(40)).unwrap(), Verdict::Right);
    }
}
