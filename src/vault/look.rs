//! Owns looking through a directory after a wipe: that it holds what belongs there and nothing else, and that nowhere
//! in it, byte by byte, a sealed piece begins. Does not own what becomes of what it saw.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::seal::SEALED_FORM;

/// How much is looked at. What lies beyond is told as not looked at, and never counts as clean.
#[derive(Clone, Copy, Debug)]
struct Limits {
    entries: usize,
    depth: usize,
    read_bytes: u64,
}

/// Far more than a room ever holds: the journal, the receipts, and a cache of places and loudness come to less than a
/// tenth of these bytes. A slow tablet reads as many in half a minute.
const LIMITS: Limits = Limits { entries: 20_000, depth: 8, read_bytes: 4 << 30 };
/// Files are read in pieces of so many bytes.
const READ_BYTES: usize = 256 * 1024;

/// What was seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Entries that do not belong there.
    pub unexpected: usize,
    /// Files in which a sealed piece begins.
    pub with_ciphertext: usize,
    /// Files and directories that were not looked at, or not to their end: there is more than can be looked through.
    pub not_looked_at: usize,
}

/// Looks through a directory. `expected`: `name` for a file, `name/` for a directory and all in it.
///
/// # Errors
/// What the system said of an entry that cannot be looked at.
pub fn through(directory: &Path, expected: &[&str]) -> io::Result<Seen> {
    through_within(directory, expected, LIMITS)
}

fn through_within(directory: &Path, expected: &[&str], limits: Limits) -> io::Result<Seen> {
    let mut look = Looking { seen: Seen::default(), left: limits };
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_directory = entry.file_type()?.is_dir();
        let name = entry.file_name();
        let belongs = expected.iter().any(|known| match known.strip_suffix('/') {
            Some(known) => is_directory && name == *known,
            None => !is_directory && name == *known,
        });
        let before = look.seen.unexpected;
        if !look.entry(&entry, limits.depth)? {
            break;
        }
        if !belongs && look.seen.unexpected == before {
            look.seen.unexpected += 1;
        }
    }
    Ok(look.seen)
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

/// A look on its way, with what it may still look at.
struct Looking {
    seen: Seen,
    left: Limits,
}

/// What reading a file through has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contents {
    Clean,
    Ciphertext,
    NotToItsEnd,
}

impl Looking {
    /// Nothing but directories and plain files, within limits; a link could lead anywhere. False once there are too many
    /// entries to go on.
    fn entry(&mut self, entry: &fs::DirEntry, depth_left: usize) -> io::Result<bool> {
        let Some(left) = self.left.entries.checked_sub(1) else {
            self.seen.not_looked_at += 1;
            return Ok(false);
        };
        self.left.entries = left;
        let kind = entry.file_type()?;
        if kind.is_file() {
            match self.file(&entry.path())? {
                Contents::Clean => {}
                Contents::Ciphertext => self.seen.with_ciphertext += 1,
                Contents::NotToItsEnd => self.seen.not_looked_at += 1,
            }
        } else if !kind.is_dir() {
            self.seen.unexpected += 1;
        } else if depth_left == 0 {
            self.seen.not_looked_at += 1;
        } else {
            for below in fs::read_dir(entry.path())? {
                if !self.entry(&below?, depth_left - 1)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn file(&mut self, path: &Path) -> io::Result<Contents> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            // Caches come and go beside the wipe.
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(Contents::Clean),
            Err(problem) => return Err(problem),
        };
        let mut buffer = vec![0; READ_BYTES];
        let mut kept = 0;
        loop {
            let read = match file.read(&mut buffer[kept..]) {
                Ok(0) => return Ok(Contents::Clean),
                Ok(read) => read,
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => continue,
                Err(problem) => return Err(problem),
            };
            let filled = kept + read;
            if holds_form(&buffer[..filled]) {
                return Ok(Contents::Ciphertext);
            }
            let Some(left) = self.left.read_bytes.checked_sub(read as u64) else {
                self.left.read_bytes = 0;
                return Ok(Contents::NotToItsEnd);
            };
            self.left.read_bytes = left;
            // The form may lie across two readings.
            kept = filled.min(SEALED_FORM.len() - 1);
            buffer.copy_within(filled - kept..filled, 0);
        }
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

    #[test]
    fn ciphertext_is_found_behind_more_than_a_cache_holds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cache");
        // A hole takes no space and reads as zeros.
        fs::File::create(&path).unwrap().set_len(640 << 20).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        io::Write::write_all(&mut file, &SEALED_FORM).unwrap();
        let seen = through(dir.path(), &["cache"]).unwrap();
        assert_eq!(seen, Seen { with_ciphertext: 1, ..Seen::default() });
    }

    #[test]
    fn what_lies_beyond_a_limit_is_never_clean() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("cache/a/b/c")).unwrap();
        for name in ["cache/1", "cache/a/2", "cache/a/b/c/3"] {
            fs::write(dir.path().join(name), [0; 1_000]).unwrap();
        }
        let look = |limits| through_within(dir.path(), &["cache/"], limits).unwrap();
        let clean = Limits { entries: 7, depth: 4, read_bytes: 3_000 };
        assert_eq!(look(clean), Seen::default());
        for less in
            [Limits { entries: 6, ..clean }, Limits { depth: 3, ..clean }, Limits { read_bytes: 2_999, ..clean }]
        {
            assert_eq!(look(less), Seen { not_looked_at: 1, ..Seen::default() }, "{less:?}");
        }
        assert!(look(Limits { read_bytes: 0, ..clean }).not_looked_at == 3);
    }
}
