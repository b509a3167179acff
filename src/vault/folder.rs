//! Owns the folder of sealed pieces in the state directory: one file a piece, named by its number. A piece is written
//! once and never changed; what is written anew gets a number of its own, and the old one goes once the mark names the
//! new. Does not own the pieces' form.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::seal::{self, Key, Mark, OpenPiece, PIECE_BYTES_MAX};
use super::{VaultError, failed, read};
use crate::paths::private;
use crate::room::notes::Notes;

/// More files than this are not read: they are not ours.
const FILES_MAX: usize = 4 * seal::PIECES_MAX;

/// What lies in the folder.
pub struct Folder {
    path: PathBuf,
}

/// What of the notes could be opened.
pub struct Found {
    /// The notes, as far as they could be opened.
    pub notes: Notes,
    /// Pieces that could be opened.
    pub opened: usize,
    /// Whether every piece is there and is what was sealed last.
    pub is_whole: bool,
}

impl Folder {
    /// The folder at that path; it need not be there.
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where a piece lies.
    pub fn file(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number}.sealed"))
    }

    /// Writes a sealed piece, whole or not at all.
    pub fn write(&self, number: u64, bytes: &[u8]) -> Result<(), VaultError> {
        if !self.path.is_dir() {
            private::make_dir(&self.path)
                .and_then(|()| private::sync_dir_of(&self.path))
                .map_err(failed("making it", &self.path))?;
        }
        let file = self.file(number);
        private::write_whole(&file, bytes).map_err(failed("sealing the notes", &file))
    }

    /// Opens what the mark names. Without a mark, the newest piece of each slot that opens.
    pub fn open(&self, key: &Key, mark: Option<&Mark>) -> Result<Found, VaultError> {
        let mut pieces = Vec::new();
        for number in self.numbers()? {
            let file = self.file(number);
            let piece = read(&file, PIECE_BYTES_MAX)?.and_then(|bytes| seal::open_piece(key, bytes));
            // A piece under another's name is not what that name was given to.
            pieces.extend(piece.filter(|piece| piece.piece.number == number));
        }
        let wanted: Vec<Option<&OpenPiece>> = if let Some(mark) = mark {
            let named = mark.pieces.iter().enumerate();
            named.map(|(slot, named)| pieces.iter().find(|found| found.piece == *named && found.slot == slot)).collect()
        } else {
            let slots = pieces.iter().map(|piece| piece.slot + 1).max().unwrap_or(0);
            let newest = |slot| pieces.iter().filter(move |piece| piece.slot == slot).max_by_key(|p| p.piece.number);
            (0..slots.min(seal::PIECES_MAX)).map(newest).collect()
        };
        let mut notes = Notes { version: mark.map_or(1, |mark| mark.version), ..Notes::default() };
        let opened = wanted.iter().flatten().filter(|piece| piece.put_into(&mut notes)).count();
        Ok(Found { notes, opened, is_whole: mark.is_some() && opened == wanted.len() })
    }

    /// Removes every file but these pieces.
    pub fn keep_only(&self, mark: &Mark) -> Result<(), VaultError> {
        for path in self.files()? {
            if !mark.pieces.iter().any(|piece| self.file(piece.number) == path) {
                private::remove(&path).map_err(failed("removing it", &path))?;
            }
        }
        Ok(())
    }

    /// The highest number in use; 0 if there is none.
    pub fn highest(&self) -> Result<u64, VaultError> {
        Ok(self.numbers()?.into_iter().max().unwrap_or(0))
    }

    /// Whether anything is there.
    pub fn holds_something(&self) -> bool {
        self.files().map_or(true, |files| !files.is_empty())
    }

    /// Removes the folder and all in it, whatever it is.
    pub fn destroy(&self) -> Result<(), VaultError> {
        let removed = match fs::symlink_metadata(&self.path) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(problem) => Err(problem),
            Ok(found) if found.is_dir() => fs::remove_dir_all(&self.path),
            Ok(_) => fs::remove_file(&self.path),
        };
        removed.and_then(|()| private::sync_dir_of(&self.path)).map_err(failed("removing it", &self.path))
    }

    fn numbers(&self) -> Result<Vec<u64>, VaultError> {
        let number_of = |path: &Path| path.file_name()?.to_str()?.strip_suffix(".sealed")?.parse().ok();
        Ok(self.files()?.iter().filter_map(|path| number_of(path)).collect())
    }

    fn files(&self) -> Result<Vec<PathBuf>, VaultError> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            // What was one file once, or is none of ours: a wipe removes it.
            Err(problem) if problem.kind() == io::ErrorKind::NotADirectory => return Ok(vec![self.path.clone()]),
            Err(problem) => return Err(failed("reading it", &self.path)(problem)),
        };
        let paths: io::Result<Vec<PathBuf>> = entries.take(FILES_MAX).map(|entry| Ok(entry?.path())).collect();
        paths.map_err(failed("reading it", &self.path))
    }
}
