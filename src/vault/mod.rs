//! Owns what a patient wrote while it rests on disk: the visit's key, the sealed notes, their destruction, and the
//! proof of it. Does not own the notes themselves, nor how they go home.
//!
//! The key lives in memory only. Next to it lies a mark of the highest version that was sealed, so that an older
//! ciphertext put back in place is refused. Everything here blocks: call it from a thread of its own.

mod harden;
mod receipts;
mod seal;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset, SecondsFormat};
use thiserror::Error;

pub use crate::paths::KeyHome;
use crate::paths::private;
use crate::room::notes::Notes;
use crate::room::snapshot::{Check, Receipt};
pub use harden::{Hardened, MemoryLock, harden};
pub use receipts::{ChainBroken, RECEIPTS_FILE, from_value, to_value};
use seal::Key;

/// The key's file in the runtime directory.
pub const KEY_FILE: &str = "visit.key";
/// The file beside the key that holds the highest version sealed with it.
pub const MARK_FILE: &str = "visit.mark";
/// The sealed notes' file in the state directory.
pub const SEALED_FILE: &str = "notes.sealed";
/// More entries than this in the state directory are not looked through, and not verified.
const ENTRIES_MAX: usize = 20_000;
/// Directories deeper than this are not looked through, and not verified.
const DEPTH_MAX: usize = 8;

/// What opening found. Whatever it says, the vault has a key afterwards and can seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Nothing was sealed yet.
    Fresh,
    /// The notes as last sealed.
    Restored(Notes),
    /// Notes were there, but their key is gone with the power; they have been removed.
    Lost,
    /// Notes, key or mark are not what was written, or older than it; they have been removed.
    Damaged,
}

/// Why the vault could not do as asked.
#[derive(Debug, Error)]
pub enum VaultError {
    /// A file cannot be read, written or removed.
    #[error("{}: {what}: {source}; free space or make its directory writable", path.display())]
    File {
        /// What was being done.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no key: the vault is not open, or was wiped since.
    #[error("the vault is not open: no visit has begun, or it was wiped")]
    NotOpen,
    /// The notes are older than what is sealed already.
    #[error("version {given} of the notes is older than version {highest}, which is sealed already")]
    Older {
        /// The version given.
        given: u64,
        /// The highest version sealed.
        highest: u64,
    },
    /// The notes are larger than notes can be.
    #[error("the notes are larger than the vault takes")]
    TooLarge,
    /// The system gave no randomness.
    #[error("the system gave no randomness for a key; start the machine anew")]
    Random,
}

/// What a look after a wipe is told.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The room's name.
    pub room: &'a str,
    /// Now, as clocks on the wall show it.
    pub at: DateTime<FixedOffset>,
    /// Whether the journal holds nothing of the visit any more.
    pub journal_compacted: bool,
    /// Whether this process began after the wipe.
    pub fresh_process: bool,
    /// What may lie in the state directory: `name` for a file, `name/` for a directory and all in it.
    pub expected: &'a [&'a str],
}

/// Seals the notes of one visit after another.
#[derive(Debug)]
pub struct Vault {
    state: PathBuf,
    home: KeyHome,
    open: Option<OpenVault>,
}

struct OpenVault {
    key: Key,
    highest: u64,
}

impl std::fmt::Debug for OpenVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenVault(version {})", self.highest)
    }
}

impl Vault {
    /// A vault on directories that stand; nothing is read or written yet.
    #[must_use]
    pub fn new(state: PathBuf, home: KeyHome) -> Self {
        Self { state, home, open: None }
    }

    /// Where its keys live.
    #[must_use]
    pub const fn key_home(&self) -> &KeyHome {
        &self.home
    }

    /// A person arrives: whatever an earlier visit may have left is destroyed, and a new key made.
    ///
    /// # Errors
    /// If something cannot be removed or the key cannot be written. The vault is not open then.
    pub fn begin(&mut self) -> Result<(), VaultError> {
        self.wipe()?;
        self.make_key()
    }

    /// The program came back during a visit: opens what is sealed. Makes a key if there is none.
    ///
    /// # Errors
    /// If a file cannot be read, removed or written. The vault is not open then.
    pub fn open(&mut self) -> Result<Opened, VaultError> {
        self.open = None;
        let KeyHome::Runtime(runtime) = self.home.clone() else { return self.open_without_key() };
        let Some(key) = seal::read_key(&runtime.join(KEY_FILE))? else { return self.open_without_key() };
        let highest = seal::read_mark(&runtime.join(MARK_FILE), &key)?;
        let sealed = read(&self.sealed_file(), seal::SEALED_BYTES_MAX)?;
        let opened = match (highest, sealed) {
            (Some(0), None) => Some((0, Opened::Fresh)),
            (Some(highest), Some(bytes)) => {
                seal::unseal(&key, bytes, highest).map(|notes| (notes.version.max(highest), Opened::Restored(notes)))
            }
            (None, _) | (Some(_), None) => None,
        };
        if let Some((highest, opened)) = opened {
            self.open = Some(OpenVault { key, highest });
            Ok(opened)
        } else {
            self.begin()?;
            Ok(Opened::Damaged)
        }
    }

    /// Seals the notes as they are. With keys in process memory only, nothing goes to disk: a ciphertext that no
    /// later process could open protects nothing.
    ///
    /// # Errors
    /// If the vault is not open, the notes are older than what is sealed, or a file cannot be written. What was
    /// sealed before stays as it was then.
    pub fn seal(&mut self, notes: &Notes) -> Result<(), VaultError> {
        let sealed_file = self.sealed_file();
        let open = self.open.as_mut().ok_or(VaultError::NotOpen)?;
        if notes.version < open.highest {
            return Err(VaultError::Older { given: notes.version, highest: open.highest });
        }
        if let KeyHome::Runtime(runtime) = &self.home {
            let key_file = runtime.join(KEY_FILE);
            if !key_file.exists() {
                // Runtime directories are sometimes swept; a seal without its key on file would be a loss in waiting.
                private::make_dir(runtime).map_err(failed("making it anew", runtime))?;
                seal::write_mark(&runtime.join(MARK_FILE), &open.key, open.highest)?;
                seal::write_key(&key_file, &open.key)?;
            }
            let bytes = seal::seal(&open.key, notes)?;
            // The notes first: stopped between the two, the newer notes are still taken, never an older set.
            private::write_whole(&sealed_file, &bytes).map_err(failed("sealing the notes", &sealed_file))?;
            seal::write_mark(&runtime.join(MARK_FILE), &open.key, notes.version)?;
        }
        open.highest = notes.version;
        Ok(())
    }

    /// Destroys the key, then the ciphertext. May be said again at any time, and finishes what was begun.
    ///
    /// # Errors
    /// The first thing that could not be destroyed; all the rest has been tried all the same.
    pub fn wipe(&mut self) -> Result<(), VaultError> {
        self.open = None;
        let mut first_problem = None;
        for path in self.key_files() {
            if let Err(problem) = private::destroy(&path) {
                first_problem.get_or_insert(failed("destroying it", &path)(problem));
            }
        }
        for path in self.sealed_files() {
            if let Err(problem) = private::remove(&path) {
                first_problem.get_or_insert(failed("removing it", &path)(problem));
            }
        }
        first_problem.map_or(Ok(()), Err)
    }

    /// Looks whether anything of a visit is left, and keeps a receipt of what it saw, chained to the one before.
    /// A receipt that could not be kept says so, and is not verified.
    #[must_use]
    pub fn look(&self, look: &Look<'_>) -> Receipt {
        let checks = [
            ("no-visit-key", self.open.is_none() && self.key_files().iter().all(|path| is_absent(path))),
            ("no-sealed-notes", self.sealed_files().iter().all(|path| is_absent(path))),
            ("only-expected-files", self.only_expected(look.expected)),
            ("journal-compacted", look.journal_compacted),
            ("fresh-process", look.fresh_process),
        ];
        let checks = checks.into_iter().map(|(name, ok)| Check { name: name.to_owned(), ok }).collect();
        let at = look.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        receipts::keep(&self.receipts_file(), look.room, at, checks)
    }

    /// The newest receipt that can be read.
    #[must_use]
    pub fn last_receipt(&self) -> Option<Receipt> {
        receipts::last(&self.receipts_file())
    }

    /// Goes through all receipts and answers how many there are.
    ///
    /// # Errors
    /// Which line does not follow from the one before it.
    pub fn verify_chain(&self) -> Result<u64, ChainBroken> {
        receipts::verify(&self.receipts_file())
    }

    fn open_without_key(&mut self) -> Result<Opened, VaultError> {
        let was_sealed = !is_absent(&self.sealed_file());
        self.begin()?;
        Ok(if was_sealed { Opened::Lost } else { Opened::Fresh })
    }

    fn make_key(&mut self) -> Result<(), VaultError> {
        let key = seal::new_key()?;
        if let KeyHome::Runtime(runtime) = &self.home {
            // The mark first: where there is a key there is a mark, so a missing one is never innocent.
            seal::write_mark(&runtime.join(MARK_FILE), &key, 0)?;
            seal::write_key(&runtime.join(KEY_FILE), &key)?;
        }
        self.open = Some(OpenVault { key, highest: 0 });
        Ok(())
    }

    fn sealed_file(&self) -> PathBuf {
        self.state.join(SEALED_FILE)
    }

    fn receipts_file(&self) -> PathBuf {
        self.state.join(RECEIPTS_FILE)
    }

    /// The key comes first: once it is gone, all else is noise.
    fn key_files(&self) -> Vec<PathBuf> {
        let KeyHome::Runtime(runtime) = &self.home else { return Vec::new() };
        [KEY_FILE, MARK_FILE]
            .into_iter()
            .map(|name| runtime.join(name))
            .flat_map(|path| [private::temporary_of(&path), path])
            .collect()
    }

    fn sealed_files(&self) -> [PathBuf; 2] {
        let path = self.sealed_file();
        [private::temporary_of(&path), path]
    }

    fn only_expected(&self, expected: &[&str]) -> bool {
        match self.unexpected_entries(expected) {
            Ok(0) => true,
            Ok(unexpected) => {
                tracing::warn!("{}: {unexpected} entries are none of the room's; remove them", self.state.display());
                false
            }
            Err(problem) => {
                tracing::warn!("{}: cannot be looked through: {problem}", self.state.display());
                false
            }
        }
    }

    fn unexpected_entries(&self, expected: &[&str]) -> io::Result<usize> {
        let mut unexpected = 0;
        let mut entries_left = ENTRIES_MAX;
        for entry in fs::read_dir(&self.state)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = entry.file_name();
            let is_named = |directory: bool| {
                let mut allowed = expected.iter().copied().chain([RECEIPTS_FILE]);
                allowed.any(|known| match known.strip_suffix('/') {
                    Some(known) => directory && name == *known,
                    None => !directory && name == *known,
                })
            };
            entries_left = entries_left.saturating_sub(1);
            let right = entries_left > 0
                && (kind.is_file() && is_named(false)
                    || kind.is_dir()
                        && is_named(true)
                        && holds_files_only(&entry.path(), DEPTH_MAX, &mut entries_left)?);
            unexpected += usize::from(!right);
        }
        Ok(unexpected)
    }
}

/// Nothing but directories and plain files, within limits; a link could lead anywhere.
fn holds_files_only(path: &Path, depth_left: usize, entries_left: &mut usize) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        *entries_left = entries_left.saturating_sub(1);
        let right = *entries_left > 0
            && (kind.is_file()
                || (kind.is_dir() && depth_left > 0 && holds_files_only(&entry.path(), depth_left - 1, entries_left)?));
        if !right {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What cannot be looked at does not count as absent.
fn is_absent(path: &Path) -> bool {
    matches!(fs::symlink_metadata(path), Err(problem) if problem.kind() == io::ErrorKind::NotFound)
}

fn read(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>, VaultError> {
    match private::read_limited(path, bytes_max) {
        // Larger than we ever write: not ours, and refused as any other damage.
        Err(problem) if problem.kind() == io::ErrorKind::InvalidData => Ok(Some(Vec::new())),
        other => other.map_err(failed("reading it", path)),
    }
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> VaultError {
    let path = path.to_owned();
    move |source| VaultError::File { what, path, source }
}

#[cfg(test)]
mod tests;
