//! Owns a patient's notes at rest: the visit's key, the sealed notes, their destruction, and the receipt that proves it.
//! Does not own the notes themselves, nor how they are taken home.
//!
//! The key is never on a disk. A manifest beside it names what was sealed last, so that an older ciphertext that is put back
//! is recognised. Each page is sealed by itself, so that damage to one loses no other. All functions block: call them on a
//! thread of their own.

mod inspection;
mod process_memory;
mod receipts;
mod seal;
mod sealed_folder;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, SecondsFormat};
use thiserror::Error;

pub use crate::paths::KeyStorage;
use crate::paths::private;
use crate::room::notes::Notes;
use crate::room::snapshot::{Receipt, WipeCheck};
pub use process_memory::{MemoryLock, MemoryProtection, protect_memory};
pub use receipts::{ChainBroken, RECEIPTS_FILE, ReceiptLine, is_or_precedes};
use seal::{Key, Manifest};
use sealed_folder::SealedFolder;

/// The file of the key in the runtime directory.
pub const KEY_FILE: &str = "visit.key";
/// The file of the manifest in the runtime directory.
pub const MANIFEST_FILE: &str = "visit.mark";
/// The folder of sealed notes in the state directory.
pub const SEALED_FOLDER: &str = "notes.sealed";

/// The result of opening the vault. In every case it has a key afterwards and can seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Nothing was sealed before.
    Fresh,
    /// The notes as they were sealed last.
    Restored(Notes),
    /// Some of the notes are damaged or older, and have been removed; these are the rest.
    Partly(Notes),
    /// A power cut destroyed the key of the notes; they have been removed.
    Lost,
    /// None of the notes could be opened; they have been removed.
    Damaged,
}

/// Why an operation of the vault failed.
#[derive(Debug, Error)]
pub enum VaultError {
    /// A file cannot be read, written or removed.
    #[error("{}: {what}: {source}; free space or make its directory writable", path.display())]
    File {
        /// The operation that failed.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// There is no key, since no visit has begun or the vault was wiped.
    #[error("the vault is not open: no visit has begun, or it was wiped")]
    NotOpen,
    /// A newer version of the notes is sealed already.
    #[error("version {given} of the notes is older than version {highest}, which is sealed already")]
    Older {
        /// The version given.
        given: u64,
        /// The highest version sealed.
        highest: u64,
    },
    /// The notes exceed the maximum size.
    #[error("the notes are larger than the vault accepts")]
    TooLarge,
    /// The system provides no randomness.
    #[error("the system provides no randomness for a key; restart the machine")]
    Random,
}

/// What the verification of a wipe needs to know.
#[derive(Clone, Copy, Debug)]
pub struct WipeContext<'a> {
    /// The room's name.
    pub room: &'a str,
    /// The time of the verification.
    pub at: DateTime<FixedOffset>,
    /// Whether the journal contains nothing of the visit.
    pub journal_compacted: bool,
    /// Whether this process began after the wipe.
    pub fresh_process: bool,
    /// What may be in the state directory: `name` for a file, `name/` for a directory with any content.
    pub expected: &'a [&'a str],
    /// Further checks by name, and whether they passed.
    pub more: &'a [(&'a str, bool)],
}

/// Seals the notes of one visit after another.
#[derive(Debug)]
pub struct Vault {
    state: PathBuf,
    keys: KeyStorage,
    open: Option<OpenVault>,
}

struct OpenVault {
    key: Key,
    manifest: Manifest,
    /// The notes that the manifest describes; a slot that has not changed is not sealed again.
    sealed: Arc<Notes>,
    next_number: u64,
}

impl std::fmt::Debug for OpenVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenVault(version {})", self.manifest.version)
    }
}

impl Vault {
    /// A vault in directories that exist. Nothing is read or written yet.
    #[must_use]
    pub fn new(state: PathBuf, keys: KeyStorage) -> Self {
        Self { state, keys, open: None }
    }

    /// Where its keys are stored.
    #[must_use]
    pub const fn key_storage(&self) -> &KeyStorage {
        &self.keys
    }

    /// Begins a visit: destroys whatever an earlier one may have left, and makes a new key.
    ///
    /// # Errors
    /// If a file cannot be removed or the key cannot be written. The vault is not open then.
    pub fn begin(&mut self) -> Result<(), VaultError> {
        self.wipe()?;
        self.make_key()
    }

    /// Opens the sealed notes after a restart during a visit. Makes a key if there is none.
    ///
    /// # Errors
    /// If a file cannot be read, removed or written. The vault is not open then.
    pub fn open(&mut self) -> Result<Opened, VaultError> {
        self.open = None;
        let KeyStorage::Runtime(runtime) = self.keys.clone() else { return self.open_without_key() };
        let Some(key) = seal::read_key(&runtime.join(KEY_FILE))? else { return self.open_without_key() };
        let manifest = seal::read_manifest(&runtime.join(MANIFEST_FILE), &key)?;
        let folder = self.folder();
        let opened = folder.open(&key, manifest.as_ref())?;
        if opened.pieces == 0 && !opened.is_whole {
            self.begin()?;
            return Ok(Opened::Damaged);
        }
        let next_number = folder.highest_number()? + 1;
        if opened.is_whole {
            let (manifest, sealed) = (manifest.unwrap_or_default(), Arc::new(opened.notes));
            let is_fresh = manifest.pieces.is_empty();
            let outcome = if is_fresh { Opened::Fresh } else { Opened::Restored(Notes::clone(&sealed)) };
            self.open = Some(OpenVault { key, manifest, sealed, next_number });
            return Ok(outcome);
        }
        // Seal the rest again, so that the damage is reported only once.
        let manifest = Manifest { version: opened.notes.version, pieces: Vec::new() };
        self.open = Some(OpenVault { key, manifest, sealed: Arc::default(), next_number });
        let rest = Arc::new(opened.notes);
        self.seal(&rest)?;
        Ok(Opened::Partly(Notes::clone(&rest)))
    }

    /// Seals the notes. With keys in process memory only, nothing is written to disk, since no later process could open it.
    ///
    /// # Errors
    /// If the vault is not open, a newer version is sealed already, or a file cannot be written. The version that was
    /// sealed before stays intact then.
    pub fn seal(&mut self, notes: &Arc<Notes>) -> Result<(), VaultError> {
        let folder = self.folder();
        let open = self.open.as_mut().ok_or(VaultError::NotOpen)?;
        if notes.version < open.manifest.version {
            return Err(VaultError::Older { given: notes.version, highest: open.manifest.version });
        }
        let mut manifest = Manifest { version: notes.version, pieces: Vec::new() };
        if let KeyStorage::Runtime(runtime) = &self.keys {
            let (key_file, manifest_file) = (runtime.join(KEY_FILE), runtime.join(MANIFEST_FILE));
            if !key_file.exists() {
                // Some systems clean up runtime directories. Without its key on file, the next restart would lose the notes.
                private::make_dir(runtime).map_err(failed("creating it again", runtime))?;
                seal::write_manifest(&manifest_file, &open.key, &open.manifest)?;
                seal::write_key(&key_file, &open.key)?;
            }
            for slot in 0..seal::slots(notes) {
                let piece = match open.manifest.pieces.get(slot) {
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
                manifest.pieces.push(piece);
            }
            // The manifest is the commit: before it is written the previous version holds, and afterwards this one.
            seal::write_manifest(&manifest_file, &open.key, &manifest)?;
        }
        open.manifest = manifest;
        open.sealed = Arc::clone(notes);
        if matches!(self.keys, KeyStorage::Runtime(_))
            && let Err(problem) = folder.keep_only(&open.manifest)
        {
            // The next seal tries again, and a wipe removes all of them.
            tracing::warn!(%problem, "sealed pages that are no longer needed could not be removed");
        }
        Ok(())
    }

    /// Destroys the key, then the ciphertext. May be repeated at any time, and completes a wipe that was interrupted.
    ///
    /// # Errors
    /// The first file that could not be destroyed. All others have been tried nevertheless.
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

    /// Checks whether anything of a visit is left, and writes a receipt of the result, chained to the one before. A receipt
    /// that could not be written has a failed check.
    #[must_use]
    pub fn verify_wipe(&self, context: &WipeContext<'_>) -> Receipt {
        let expected: Vec<&str> = context.expected.iter().copied().chain([RECEIPTS_FILE]).collect();
        let found = match inspection::inspect(&self.state, &expected) {
            Ok(found) => Some(found),
            Err(problem) => {
                tracing::warn!("{}: cannot be inspected: {problem}", self.state.display());
                None
            }
        };
        if let Some(unexpected) = found.as_ref().map(|found| found.unexpected).filter(|unexpected| *unexpected > 0) {
            tracing::warn!("{}: {unexpected} entries do not belong to the room; remove them", self.state.display());
        }
        let is_complete = found.as_ref().is_some_and(|found| found.not_inspected == 0);
        if found.is_some() && !is_complete {
            tracing::warn!(
                "{}: it contains more than can be inspected; remove what does not belong to the room, or the whole cache",
                self.state.display()
            );
        }
        let checks = [
            ("no-visit-key", self.open.is_none() && self.no_key_is_left()),
            (
                "no-sealed-notes",
                is_absent(&self.state.join(SEALED_FOLDER))
                    && is_complete
                    && found.as_ref().is_some_and(|found| found.with_ciphertext == 0),
            ),
            ("all-looked-through", is_complete),
            ("only-expected-files", found.as_ref().is_some_and(|found| found.unexpected == 0)),
            ("journal-compacted", context.journal_compacted),
            ("fresh-process", context.fresh_process),
        ];
        let checks = checks.into_iter().chain(context.more.iter().copied());
        let checks = checks.map(|(name, ok)| WipeCheck { name: name.to_owned(), ok }).collect();
        let at = context.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        receipts::append(&self.receipts_file(), context.room, at, checks)
    }

    /// The newest receipt that can be parsed.
    #[must_use]
    pub fn last_receipt(&self) -> Option<Receipt> {
        receipts::last(&self.receipts_file())
    }

    /// Verifies the chain of receipts and returns their number. `known` is the newest receipt in the journal, without which
    /// a receipt removed at the end of the file would not be noticed.
    ///
    /// # Errors
    /// Where the chain is broken.
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
        let was_sealed = self.folder().has_files();
        self.begin()?;
        Ok(if was_sealed { Opened::Lost } else { Opened::Fresh })
    }

    fn make_key(&mut self) -> Result<(), VaultError> {
        let key = seal::new_key()?;
        let manifest = Manifest::default();
        if let KeyStorage::Runtime(runtime) = &self.keys {
            // The manifest first: a key without a manifest is then always a sign of damage.
            seal::write_manifest(&runtime.join(MANIFEST_FILE), &key, &manifest)?;
            seal::write_key(&runtime.join(KEY_FILE), &key)?;
        }
        self.open = Some(OpenVault { key, manifest, sealed: Arc::default(), next_number: 1 });
        Ok(())
    }

    fn folder(&self) -> SealedFolder {
        SealedFolder::at(self.state.join(SEALED_FOLDER))
    }

    fn receipts_file(&self) -> PathBuf {
        self.state.join(RECEIPTS_FILE)
    }

    /// The key comes first: without it the ciphertext cannot be opened.
    fn key_files(&self) -> Vec<PathBuf> {
        let KeyStorage::Runtime(runtime) = &self.keys else { return Vec::new() };
        [KEY_FILE, MANIFEST_FILE]
            .into_iter()
            .map(|name| runtime.join(name))
            .flat_map(|path| [private::temporary_path(&path), path])
            .collect()
    }

    /// The runtime directory is for keys only, so any entry may be one.
    fn no_key_is_left(&self) -> bool {
        let KeyStorage::Runtime(runtime) = &self.keys else { return true };
        match inspection::count_entries(runtime) {
            Ok(0) => true,
            Ok(left) => {
                tracing::warn!("{}: {left} entries are left, any of which may be a key", runtime.display());
                false
            }
            Err(problem) => {
                tracing::warn!("{}: cannot be inspected: {problem}", runtime.display());
                false
            }
        }
    }
}

/// All receipts in a state directory, in order.
///
/// # Errors
/// If the file cannot be read.
pub fn read_receipts(state: &Path) -> Result<Vec<ReceiptLine>, ChainBroken> {
    receipts::read(&state.join(RECEIPTS_FILE))
}

/// A path that cannot be read does not count as absent.
fn is_absent(path: &Path) -> bool {
    matches!(fs::symlink_metadata(path), Err(problem) if problem.kind() == io::ErrorKind::NotFound)
}

fn read(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>, VaultError> {
    match private::read_limited(path, bytes_max) {
        // Larger than any file that is written: damaged.
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
