//! Owns a patient's notes at rest: the visit's key, the sealed notes, the destruction of both, and the receipt that
//! proves their destruction. Also owns the protection of the process's memory. Does not own the content of the notes,
//! or the methods of taking them home (`takeaway`).
//!
//! The key is kept only in memory, never on a disk (see [`KeyStorage`]). Each page is sealed separately, as a piece, so
//! damage to one page does not affect the others. The manifest, which is stored beside the key, identifies the latest
//! pieces, so the vault detects an older piece that was put in the place of a newer one. All functions block, so call
//! them on a separate thread.

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

/// Name of the key's file in the runtime directory.
pub const KEY_FILE: &str = "visit.key";
/// Name of the manifest's file in the runtime directory.
pub const MANIFEST_FILE: &str = "visit.mark";
/// Name of the folder of sealed notes in the state directory.
pub const SEALED_FOLDER: &str = "notes.sealed";

/// The result of opening the vault. In each of these cases, the vault has a key afterwards and can seal notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Nothing was sealed before.
    Fresh,
    /// The complete notes, as they were last sealed.
    Restored(Notes),
    /// The notes that could be opened. A piece or the manifest was missing, damaged or out of date; unusable pieces
    /// have been removed.
    Partly(Notes),
    /// The same, but the notes that could be opened could not be sealed again. They stay as they are, so the next start
    /// finds the same damage.
    PartlyUnsealed(Notes),
    /// The key is gone, for example after a power cut, so nobody can open the notes, and they have been removed.
    Lost,
    /// None of the notes could be opened, so they have been removed.
    Damaged,
}

/// Why a vault operation failed.
#[derive(Debug, Error)]
pub enum VaultError {
    /// A file cannot be read, written or removed.
    #[error("{}: {what}: {source}; free space or make its directory writable", path.display())]
    File {
        /// The operation that failed, in words for the message.
        what: &'static str,
        /// The path of the file or directory.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// There is no key, because no visit has begun or the vault was wiped.
    #[error("the vault is not open: no visit has begun, or it was wiped")]
    NotOpen,
    /// A newer version of the notes has already been sealed.
    #[error("version {given} of the notes is older than version {highest}, which is sealed already")]
    Older {
        /// The version that was to be sealed.
        given: u64,
        /// The highest version that has been sealed.
        highest: u64,
    },
    /// A page or the answers are larger than `seal::PIECE_BYTES_MAX`, or there are more pages than `seal::PIECES_MAX`
    /// allows.
    #[error("the notes are larger than the vault accepts")]
    TooLarge,
    /// The system provides no randomness for a key or a nonce.
    #[error("the system provides no randomness for a key; restart the machine")]
    Random,
}

/// What [`Vault::verify_wipe`] needs to know for its checks and for the receipt.
#[derive(Clone, Copy, Debug)]
pub struct WipeContext<'a> {
    /// The room's name, as the receipt shows it.
    pub room: &'a str,
    /// The time of the verification.
    pub at: DateTime<FixedOffset>,
    /// Whether the journal no longer contains any record of the visit.
    pub journal_compacted: bool,
    /// Whether this process was started after the wipe had begun.
    pub fresh_process: bool,
    /// The entries allowed in the state directory: `name` for a file, `name/` for a directory with any content.
    pub expected: &'a [&'a str],
    /// Further checks: the name of each, and whether it passed.
    pub more: &'a [(&'a str, bool)],
}

/// Seals the notes of each visit, one visit at a time.
#[derive(Debug)]
pub struct Vault {
    state: PathBuf,
    keys: KeyStorage,
    open: Option<OpenVault>,
}

struct OpenVault {
    key: Key,
    manifest: Manifest,
    /// The notes that the manifest describes. They are kept for comparison, because only slots that have changed are
    /// sealed again.
    sealed: Arc<Notes>,
    next_number: u64,
}

impl std::fmt::Debug for OpenVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenVault(version {})", self.manifest.version)
    }
}

impl Vault {
    /// Creates a vault in existing directories. Reads and writes nothing yet.
    #[must_use]
    pub fn new(state: PathBuf, keys: KeyStorage) -> Self {
        Self { state, keys, open: None }
    }

    /// Returns where the vault stores its keys.
    #[must_use]
    pub const fn key_storage(&self) -> &KeyStorage {
        &self.keys
    }

    /// Prepares the vault for a new visit: destroys what an earlier visit may have left, and then creates a key.
    ///
    /// # Errors
    /// If a file cannot be removed or the key cannot be written. In that case, the vault is not open.
    pub fn begin(&mut self) -> Result<(), VaultError> {
        self.wipe()?;
        self.make_key()
    }

    /// Opens the sealed notes after a restart during a visit. Creates a key if there is none.
    ///
    /// # Errors
    /// If a file cannot be read, removed or written. In that case, the vault is not open.
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
        // Seals the intact notes again as a complete version, so that the next start does not report the same damage.
        let manifest = Manifest { version: opened.notes.version, pieces: Vec::new() };
        self.open = Some(OpenVault { key, manifest, sealed: Arc::default(), next_number });
        let rest = Arc::new(opened.notes);
        if let Err(error) = self.seal(&rest) {
            tracing::error!(%error, "the notes that could be opened could not be sealed again");
            return Ok(Opened::PartlyUnsealed(Notes::clone(&rest)));
        }
        Ok(Opened::Partly(Notes::clone(&rest)))
    }

    /// Seals the notes. With [`KeyStorage::Memory`], writes nothing to disk, because no later process would have the
    /// key.
    ///
    /// # Errors
    /// If the vault is not open, a newer version has already been sealed, or a file cannot be written. The previously
    /// sealed version then remains intact.
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
                // Some systems clean up runtime directories. Without the key's file, the next restart would lose the
                // notes, so that file is written again.
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
            // Writing the manifest commits the new version. Until then, the previous version is valid.
            seal::write_manifest(&manifest_file, &open.key, &manifest)?;
        }
        open.manifest = manifest;
        open.sealed = Arc::clone(notes);
        if matches!(self.keys, KeyStorage::Runtime(_))
            && let Err(problem) = folder.keep_only(&open.manifest)
        {
            // The next seal tries again, and a wipe removes the whole folder.
            tracing::warn!(%problem, "sealed pages that are no longer needed could not be removed");
        }
        Ok(())
    }

    /// Destroys the key, then the ciphertext. Can be repeated at any time, for example to complete an interrupted wipe.
    ///
    /// # Errors
    /// The error for the first file that could not be destroyed. The remaining files are destroyed all the same, as far
    /// as possible.
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

    /// Checks whether any data of a visit is left, and appends the result as a receipt that is chained to the previous
    /// receipt. If the receipt cannot be written, its last check is marked as failed.
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

    /// Returns the newest receipt that can be parsed, or `None` if there is none.
    #[must_use]
    pub fn last_receipt(&self) -> Option<Receipt> {
        receipts::last(&self.receipts_file())
    }

    /// Verifies the chain of receipts and returns the number of receipts. `known` is the newest receipt in the journal.
    /// It reveals whether a receipt was removed from the end of the receipts file.
    ///
    /// # Errors
    /// If the file cannot be read, or the chain is broken; the error then says where.
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
            // The manifest is written first. A key without a manifest then always indicates damage.
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

    /// Returns the files of the key and the manifest, in the order in which to destroy them. The key comes first,
    /// because without it the ciphertext cannot be opened.
    fn key_files(&self) -> Vec<PathBuf> {
        let KeyStorage::Runtime(runtime) = &self.keys else { return Vec::new() };
        [KEY_FILE, MANIFEST_FILE]
            .into_iter()
            .map(|name| runtime.join(name))
            .flat_map(|path| [private::temporary_path(&path), path])
            .collect()
    }

    /// Returns whether the runtime directory is empty. Nothing but the key and its manifest belongs there, so any entry
    /// might be a key.
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

/// Reads every line of the receipts file in a state directory, in order.
///
/// # Errors
/// If the file cannot be read.
pub fn read_receipts(state: &Path) -> Result<Vec<ReceiptLine>, ChainBroken> {
    receipts::read(&state.join(RECEIPTS_FILE))
}

/// Returns whether nothing exists at a path. A path that cannot be read does not count as absent.
fn is_absent(path: &Path) -> bool {
    matches!(fs::symlink_metadata(path), Err(problem) if problem.kind() == io::ErrorKind::NotFound)
}

fn read(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>, VaultError> {
    match private::read_limited(path, bytes_max) {
        // The file is larger than any file that the vault writes. It is damaged, so it is treated as if it were empty.
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
