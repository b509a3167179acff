//! Owns looking through a directory after a wipe: that it holds what belongs there and nothing else, and that nowhere
//! in it, byte by byte, a sealed piece begins. Does not own what becomes of what it saw.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::seal::SEALED_FORM;

/// More entries than this are not looked through, and not verified.
const ENTRIES_MAX: usize = 20_000;
/// Directories deeper than this are not looked through, and not verified.
const DEPTH_MAX: usize = 8;
/// Files are read in pieces of so many bytes.
const READ_BYTES: usize = 256 * 1024;
/// More than this is not read byte by byte: pictures of places and the loudness of music, which no patient wrote.
const READ_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Entries that do not belong there.
    pub unexpected: usize,
    /// Files in which a sealed piece begins.
    pub with_ciphertext: usize,
    entries: usize,
    read_bytes: u64,
}

/// Looks through a directory. `expected`: `name` for a file, `name/` for a directory and all in it.
///
/// # Errors
/// What the system said of an entry that cannot be looked at.
pub fn through(directory: &Path, expected: &[&str]) -> io::Result<Seen> {
    let mut seen = Seen::default();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_directory = entry.file_type()?.is_dir();
        let name = entry.file_name();
        let belongs = expected.iter().any(|known| match known.strip_suffix('/') {
            Some(known) => is_directory && name == *known,
            None => !is_directory && name == *known,
        });
        let before = seen.unexpected;
        seen.entry(&entry, DEPTH_MAX)?;
        if !belongs && seen.unexpected == before {
            seen.unexpected += 1;
        }
    }
    Ok(seen)
}

/// How many entries a directory has; one that is not there has none.
///
/// # Errors
/// What the system said.
pub fn entries_in(directory: &Path) -> io::Result<usize> {
    match fs::read_dir(directory) {
        Ok(entries) => Ok(entries.count()),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(problem) => Err(problem),
    }
}

impl Seen {
    /// Nothing but directories and plain files, within limits; a link could lead anywhere.
    fn entry(&mut self, entry: &fs::DirEntry, depth_left: usize) -> io::Result<()> {
        self.entries += 1;
        let kind = entry.file_type()?;
        if self.entries > ENTRIES_MAX || !(kind.is_file() || kind.is_dir() && depth_left > 0) {
            self.unexpected += 1;
        } else if kind.is_file() {
            self.with_ciphertext += usize::from(self.holds_ciphertext(&entry.path())?);
        } else {
            for below in fs::read_dir(entry.path())? {
                self.entry(&below?, depth_left - 1)?;
            }
        }
        Ok(())
    }

    fn holds_ciphertext(&mut self, path: &Path) -> io::Result<bool> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            // Caches come and go beside the wipe.
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(problem) => return Err(problem),
        };
        let mut buffer = vec![0; READ_BYTES];
        let mut kept = 0;
        while self.read_bytes < READ_BYTES_MAX {
            let read = match file.read(&mut buffer[kept..]) {
                Ok(0) => break,
                Ok(read) => read,
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => continue,
                Err(problem) => return Err(problem),
            };
            self.read_bytes += read as u64;
            let filled = kept + read;
            if holds_form(&buffer[..filled]) {
                return Ok(true);
            }
            // The form may lie across two readings.
            kept = filled.min(SEALED_FORM.len() - 1);
            buffer.copy_within(filled - kept..filled, 0);
        }
        Ok(false)
    }
}

fn holds_form(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == SEALED_FORM[0]) {
        if rest[at..].starts_with(&SEALED_FORM) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphertext_is_found_wherever_it_begins() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("cache")).unwrap();
        let path = dir.path().join("cache/picture");
        for before in [0, 1, READ_BYTES - 20, READ_BYTES - 16, READ_BYTES - 1, READ_BYTES, 2 * READ_BYTES + 7] {
            let mut bytes = vec![SEALED_FORM[0]; before];
            bytes.extend_from_slice(&SEALED_FORM);
            bytes.push(9);
            fs::write(&path, &bytes).unwrap();
            let seen = through(dir.path(), &["cache/"]).unwrap();
            assert_eq!((seen.unexpected, seen.with_ciphertext), (0, 1), "{before}");
            bytes[before + 3] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(through(dir.path(), &["cache/"]).unwrap().with_ciphertext, 0, "{before}");
        }
        assert_eq!(through(dir.path(), &[]).unwrap().unexpected, 1);
    }
}
