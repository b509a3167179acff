//! Owns what a patient wrote while it rests on disk: the visit's key, the sealed notes, their destruction, and the
//! proof of it. Does not own the notes themselves, nor how they go home.
//!
//! The key lives in memory only. Next to it lies a mark that names what was sealed last, so that an older ciphertext
//! put back in place is refused. Each page is sealed by itself: damage to one costs no other. Everything here blocks:
//! call it from a thread of its own.

mod folder;
mod harden;
mod look;
mod receipts;
mod seal;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, SecondsFormat};
use thiserror::Error;

pub use crate::paths::KeyHome;
use crate::paths::private;
use crate::room::notes::Notes;
use crate::room::snapshot::{Check, Receipt};
use folder::Folder;
pub use harden::{Hardened, MemoryLock, harden};
pub use receipts::{ChainBroken, RECEIPTS_FILE, ReceiptLine, from_value, is_or_precedes, to_value};
use seal::{Key, Mark};

/// The key's file in the runtime directory.
pub const KEY_FILE: &str = "visit.key";
/// The file beside the key that names what was sealed last.
pub const MARK_FILE: &str = "visit.mark";
/// The folder of sealed notes in the state directory.
pub const SEALED_FOLDER: &str = "notes.sealed";

/// What opening found. Whatever it says, the vault has a key afterwards and can seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Nothing was sealed yet.
    Fresh,
    /// The notes as last sealed.
    Restored(Notes),
    /// Some of it is not what was sealed last, and has been removed; this is the rest.
    Partly(Notes),
    /// Notes were there, but their key is gone with the power; they have been removed.
    Lost,
    /// Nothing of the notes could be opened; they have been removed.
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
    /// What others looked at, by name, and whether it was as it should be.
    pub more: &'a [(&'a str, bool)],
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
    mark: Mark,
    /// The notes as the mark names them: what reads the same is not sealed again.
    sealed: Arc<Notes>,
    next_number: u64,
}

impl std::fmt::Debug for OpenVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenVault(version {})", self.mark.version)
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
        let mark = seal::read_mark(&runtime.join(MARK_FILE), &key)?;
        let folder = self.folder();
        let found = folder.open(&key, mark.as_ref())?;
        if found.opened == 0 && !found.is_whole {
            self.begin()?;
            return Ok(Opened::Damaged);
        }
        let next_number = folder.highest()? + 1;
        if found.is_whole {
            let (mark, sealed) = (mark.unwrap_or_default(), Arc::new(found.notes));
            let opened = if mark.pieces.is_empty() { Opened::Fresh } else { Opened::Restored(Notes::clone(&sealed)) };
            self.open = Some(OpenVault { key, mark, sealed, next_number });
            return Ok(opened);
        }
        // What could be opened is sealed anew, so that the damage is told once and no more.
        let mark = Mark { version: found.notes.version, pieces: Vec::new() };
        self.open = Some(OpenVault { key, mark, sealed: Arc::default(), next_number });
        let rest = Arc::new(found.notes);
        self.seal(&rest)?;
        Ok(Opened::Partly(Notes::clone(&rest)))
    }

    /// Seals the notes as they are. With keys in process memory only, nothing goes to disk: a ciphertext that no
    /// later process could open protects nothing.
    ///
    /// # Errors
    /// If the vault is not open, the notes are older than what is sealed, or a file cannot be written. What was
    /// sealed before stays as it was then.
    pub fn seal(&mut self, notes: &Arc<Notes>) -> Result<(), VaultError> {
        let folder = self.folder();
        let open = self.open.as_mut().ok_or(VaultError::NotOpen)?;
        if notes.version < open.mark.version {
            return Err(VaultError::Older { given: notes.version, highest: open.mark.version });
        }
        let mut mark = Mark { version: notes.version, pieces: Vec::new() };
        if let KeyHome::Runtime(runtime) = &self.home {
            let (key_file, mark_file) = (runtime.join(KEY_FILE), runtime.join(MARK_FILE));
            if !key_file.exists() {
                // Runtime directories are sometimes swept; a seal without its key on file would be a loss in waiting.
                private::make_dir(runtime).map_err(failed("making it anew", runtime))?;
                seal::write_mark(&mark_file, &open.key, &open.mark)?;
                seal::write_key(&key_file, &open.key)?;
            }
            for slot in 0..seal::slots(notes) {
                let piece = match open.mark.pieces.get(slot) {
                    Some(piece) if seal::is_same(slot, notes, &open.sealed) && folder.file(piece.number).exists() => {
                        *piece
                    }
                    _ => {
                        let (bytes, piece) = seal::seal_slot(&open.key, open.next_number, slot, notes)?;
                        open.next_number += 1;
                        folder.write(piece.number, &bytes)?;
                        piece
                    }
                };
                mark.pieces.push(piece);
            }
            // The mark is the one step that counts: stopped before it, all is as it was sealed last, and after it all
            // is as it is now.
            seal::write_mark(&mark_file, &open.key, &mark)?;
        }
        open.mark = mark;
        open.sealed = Arc::clone(notes);
        if matches!(self.home, KeyHome::Runtime(_))
            && let Err(problem) = folder.keep_only(&open.mark)
        {
            // The next seal tries again, and a wipe takes all of it.
            tracing::warn!(%problem, "sealed pages that are no longer needed are still there");
        }
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
        if let Err(problem) = self.folder().destroy() {
            first_problem.get_or_insert(problem);
        }
        first_problem.map_or(Ok(()), Err)
    }

    /// Looks whether anything of a visit is left, and keeps a receipt of what it saw, chained to the one before.
    /// A receipt that could not be kept says so, and is not verified.
    #[must_use]
    pub fn look(&self, look: &Look<'_>) -> Receipt {
        let expected: Vec<&str> = look.expected.iter().copied().chain([RECEIPTS_FILE]).collect();
        let seen = match look::through(&self.state, &expected) {
            Ok(seen) => Some(seen),
            Err(problem) => {
                tracing::warn!("{}: cannot be looked through: {problem}", self.state.display());
                None
            }
        };
        if let Some(unexpected) = seen.as_ref().map(|seen| seen.unexpected).filter(|unexpected| *unexpected > 0) {
            tracing::warn!("{}: {unexpected} entries are none of the room's; remove them", self.state.display());
        }
        let all_looked_through = seen.as_ref().is_some_and(|seen| seen.not_looked_at == 0);
        if seen.is_some() && !all_looked_through {
            tracing::warn!(
                "{}: there is more in it than can be looked through; remove what is none of the room's, or all of its \
                 cache",
                self.state.display()
            );
        }
        let checks = [
            ("no-visit-key", self.open.is_none() && self.no_key_is_left()),
            (
                "no-sealed-notes",
                is_absent(&self.state.join(SEALED_FOLDER))
                    && all_looked_through
                    && seen.as_ref().is_some_and(|seen| seen.with_ciphertext == 0),
            ),
            ("all-looked-through", all_looked_through),
            ("only-expected-files", seen.as_ref().is_some_and(|seen| seen.unexpected == 0)),
            ("journal-compacted", look.journal_compacted),
            ("fresh-process", look.fresh_process),
        ];
        let checks = checks.into_iter().chain(look.more.iter().copied());
        let checks = checks.map(|(name, ok)| Check { name: name.to_owned(), ok }).collect();
        let at = look.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        receipts::keep(&self.receipts_file(), look.room, at, checks)
    }

    /// The newest receipt that can be read.
    #[must_use]
    pub fn last_receipt(&self) -> Option<Receipt> {
        receipts::last(&self.receipts_file())
    }

    /// Goes through all receipts and answers how many there are. `known` is the newest that the room remembers: a list
    /// cut short at its end is whole in itself.
    ///
    /// # Errors
    /// Which line does not follow from the one before it, or which is missing.
    pub fn verify_chain(&self, known: Option<&Receipt>) -> Result<u64, ChainBroken> {
        let count = receipts::verify(&self.receipts_file())?;
        match known {
            Some(known) if !self.last_receipt().is_some_and(|last| is_or_precedes(known, &last)) => {
                Err(ChainBroken::Missing { number: known.number })
            }
            _ => Ok(count),
        }
    }

    fn open_without_key(&mut self) -> Result<Opened, VaultError> {
        let was_sealed = self.folder().holds_something();
        self.begin()?;
        Ok(if was_sealed { Opened::Lost } else { Opened::Fresh })
    }

    fn make_key(&mut self) -> Result<(), VaultError> {
        let key = seal::new_key()?;
        let mark = Mark::default();
        if let KeyHome::Runtime(runtime) = &self.home {
            // The mark first: where there is a key there is a mark, so a missing one is never innocent.
            seal::write_mark(&runtime.join(MARK_FILE), &key, &mark)?;
            seal::write_key(&runtime.join(KEY_FILE), &key)?;
        }
        self.open = Some(OpenVault { key, mark, sealed: Arc::default(), next_number: 1 });
        Ok(())
    }

    fn folder(&self) -> Folder {
        Folder::at(self.state.join(SEALED_FOLDER))
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

    /// The runtime directory is for keys alone: whatever lies there may be one, under whatever name.
    fn no_key_is_left(&self) -> bool {
        let KeyHome::Runtime(runtime) = &self.home else { return true };
        match look::entries_in(runtime) {
            Ok(0) => true,
            Ok(left) => {
                tracing::warn!("{}: {left} entries are left, any of which may be a key", runtime.display());
                false
            }
            Err(problem) => {
                tracing::warn!("{}: cannot be looked through: {problem}", runtime.display());
                false
            }
        }
    }
}

/// Every receipt in a state directory, in order; none if none was written yet.
///
/// # Errors
/// If the list cannot be read.
pub fn read_receipts(state: &Path) -> Result<Vec<ReceiptLine>, ChainBroken> {
    receipts::read(&state.join(RECEIPTS_FILE))
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
