//! Owns the folder of sealed pieces in the state directory. Each piece is a file that is named after the piece's
//! number. A piece is never overwritten: a new version of a slot becomes a piece with a new number, and the old piece
//! is removed once the manifest names the new one. Does not own the format of a piece.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::seal::{self, Key, Manifest, OpenPiece, PIECE_BYTES_MAX};
use super::{VaultError, failed, read};
use crate::paths::private;
use crate::room::notes::Notes;

/// Maximum number of files to read. The program itself writes fewer, but anybody could have put more files there.
const FILES_MAX: usize = 4 * seal::PIECES_MAX;

/// The folder that contains the sealed pieces of one visit.
pub struct SealedFolder {
    path: PathBuf,
}

/// The result of opening the pieces in the folder.
pub struct OpenedNotes {
    /// The content of the pieces that could be opened.
    pub notes: Notes,
    /// Number of pieces that could be opened.
    pub pieces: usize,
    /// Whether every piece of the latest version could be opened. `false` without a manifest, because the latest
    /// version is then not known.
    pub is_whole: bool,
}

impl SealedFolder {
    /// Returns the folder at this path, which need not exist yet.
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Returns the path of the piece with this number.
    pub fn file(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number}.sealed"))
    }

    /// Writes a sealed piece atomically.
    pub fn write(&self, number: u64, bytes: &[u8]) -> Result<(), VaultError> {
        if !self.path.is_dir() {
            private::make_dir(&self.path)
                .and_then(|()| private::sync_parent(&self.path))
                .map_err(failed("creating it", &self.path))?;
        }
        let file = self.file(number);
        private::write_atomic(&file, bytes).map_err(failed("sealing the notes", &file))
    }

    /// Opens the pieces that the manifest names. Without a manifest, opens the newest piece of each slot.
    pub fn open(&self, key: &Key, manifest: Option<&Manifest>) -> Result<OpenedNotes, VaultError> {
        let mut pieces = Vec::new();
        for number in self.numbers()? {
            let file = self.file(number);
            let piece = read(&file, PIECE_BYTES_MAX)?.and_then(|bytes| seal::open_piece(key, bytes));
            // A piece whose own number differs from the number in its file's name was moved, so it is ignored.
            pieces.extend(piece.filter(|piece| piece.id.number == number));
        }
        let wanted: Vec<Option<&OpenPiece>> = if let Some(manifest) = manifest {
            let named = manifest.pieces.iter().enumerate();
            named.map(|(slot, named)| pieces.iter().find(|piece| piece.id == *named && piece.slot == slot)).collect()
        } else {
            let slots = pieces.iter().map(|piece| piece.slot + 1).max().unwrap_or(0);
            let newest = |slot| pieces.iter().filter(move |piece| piece.slot == slot).max_by_key(|p| p.id.number);
            (0..slots.min(seal::PIECES_MAX)).map(newest).collect()
        };
        let mut notes = Notes { version: manifest.map_or(1, |manifest| manifest.version), ..Notes::default() };
        let opened = wanted.iter().flatten().filter(|piece| piece.put_into(&mut notes)).count();
        Ok(OpenedNotes { notes, pieces: opened, is_whole: manifest.is_some() && opened == wanted.len() })
    }

    /// Removes every file except the pieces that the manifest names.
    pub fn keep_only(&self, manifest: &Manifest) -> Result<(), VaultError> {
        for path in self.files()? {
            if !manifest.pieces.iter().any(|piece| self.file(piece.number) == path) {
                private::remove(&path).map_err(failed("removing it", &path))?;
            }
        }
        Ok(())
    }

    /// Returns the highest piece number in the folder, or 0 if it contains no piece.
    pub fn highest_number(&self) -> Result<u64, VaultError> {
        Ok(self.numbers()?.into_iter().max().unwrap_or(0))
    }

    /// Returns whether the folder contains anything. Also true if the folder cannot be read.
    pub fn has_files(&self) -> bool {
        self.files().map_or(true, |files| !files.is_empty())
    }

    /// Removes the folder with everything in it, or whatever else is at its path.
    pub fn destroy(&self) -> Result<(), VaultError> {
        let removed = match fs::symlink_metadata(&self.path) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(problem) => Err(problem),
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&self.path),
            Ok(_) => fs::remove_file(&self.path),
        };
        removed.and_then(|()| private::sync_parent(&self.path)).map_err(failed("removing it", &self.path))
    }

    fn numbers(&self) -> Result<Vec<u64>, VaultError> {
        let number_of = |path: &Path| path.file_name()?.to_str()?.strip_suffix(".sealed")?.parse().ok();
        Ok(self.files()?.iter().filter_map(|path| number_of(path)).collect())
    }

    fn files(&self) -> Result<Vec<PathBuf>, VaultError> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            // A file at the folder's path is treated as the folder's content, because it must be removed too.
            Err(problem) if problem.kind() == io::ErrorKind::NotADirectory => return Ok(vec![self.path.clone()]),
            Err(problem) => return Err(failed("reading it", &self.path)(problem)),
        };
        let paths: io::Result<Vec<PathBuf>> = entries.take(FILES_MAX).map(|entry| Ok(entry?.path())).collect();
        paths.map_err(failed("reading it", &self.path))
    }
}
