//! Owns the inspection of a directory after a wipe. It counts unexpected entries, and files that contain
//! [`PIECE_MAGIC`], with which every sealed piece begins. Does not own the receipt.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::seal::PIECE_MAGIC;

/// Limits on the number of entries, the depth of folders, and the number of bytes to read. Anything beyond a limit is
/// counted as not inspected, never as clean.
#[derive(Clone, Copy, Debug)]
struct InspectionLimits {
    entries: usize,
    depth: usize,
    read_bytes: u64,
}

/// Limits for a state directory. A slow tablet reads `read_bytes` in half a minute. The journal, the receipts and the
/// caches of places and loudness take less than a tenth of `read_bytes`.
const LIMITS: InspectionLimits = InspectionLimits { entries: 20_000, depth: 8, read_bytes: 4 << 30 };
/// Size of the buffer that files are read into, in bytes.
const READ_BYTES: usize = 256 * 1024;

/// What an inspection found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Number of entries that are not expected.
    pub unexpected: usize,
    /// Number of files that contain a sealed piece.
    pub with_ciphertext: usize,
    /// Number of files and directories that were not inspected completely because of a limit. The first entry beyond
    /// the limit on entries counts as one, and ends the inspection.
    pub not_inspected: usize,
}

/// Inspects a directory. `expected` contains `name` for a file and `name/` for a directory with any content.
///
/// # Errors
/// The operating system's error, if an entry cannot be read.
pub fn inspect(directory: &Path, expected: &[&str]) -> io::Result<Inspection> {
    inspect_within(directory, expected, LIMITS)
}

fn inspect_within(directory: &Path, expected: &[&str], limits: InspectionLimits) -> io::Result<Inspection> {
    let mut inspector = Inspector { found: Inspection::default(), left: limits };
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_directory = entry.file_type()?.is_dir();
        let name = entry.file_name();
        let is_expected = expected.iter().any(|known| match known.strip_suffix('/') {
            Some(known) => is_directory && name == *known,
            None => !is_directory && name == *known,
        });
        let before = inspector.found.unexpected;
        if !inspector.inspect_entry(&entry, limits.depth)? {
            break;
        }
        if !is_expected && inspector.found.unexpected == before {
            inspector.found.unexpected += 1;
        }
    }
    Ok(inspector.found)
}

/// Counts the entries in a directory. Returns 0 if it does not exist.
///
/// # Errors
/// If the directory cannot be read.
pub fn count_entries(directory: &Path) -> io::Result<usize> {
    match fs::read_dir(directory) {
        Ok(entries) => Ok(entries.count()),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(problem) => Err(problem),
    }
}

/// An inspection in progress.
struct Inspector {
    found: Inspection,
    /// What is left of the limits. `depth` stays as it is, because [`Inspector::inspect_entry`] counts it down along
    /// each path.
    left: InspectionLimits,
}

/// The result of reading one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileContent {
    Clean,
    Ciphertext,
    TooLong,
}

impl Inspector {
    /// Inspects a file, or a directory and everything in it. Counts anything else as unexpected, because a link could
    /// lead anywhere. Returns false once no more entries may be inspected.
    fn inspect_entry(&mut self, entry: &fs::DirEntry, depth_left: usize) -> io::Result<bool> {
        let Some(left) = self.left.entries.checked_sub(1) else {
            self.found.not_inspected += 1;
            return Ok(false);
        };
        self.left.entries = left;
        let kind = entry.file_type()?;
        if kind.is_file() {
            match self.inspect_file(&entry.path())? {
                FileContent::Clean => {}
                FileContent::Ciphertext => self.found.with_ciphertext += 1,
                FileContent::TooLong => self.found.not_inspected += 1,
            }
        } else if !kind.is_dir() {
            self.found.unexpected += 1;
        } else if depth_left == 0 {
            self.found.not_inspected += 1;
        } else {
            for below in fs::read_dir(entry.path())? {
                if !self.inspect_entry(&below?, depth_left - 1)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn inspect_file(&mut self, path: &Path) -> io::Result<FileContent> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            // A cache may have removed this file since the folder was listed.
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(FileContent::Clean),
            Err(problem) => return Err(problem),
        };
        let mut buffer = vec![0; READ_BYTES];
        let mut kept = 0;
        loop {
            let read = match file.read(&mut buffer[kept..]) {
                Ok(0) => return Ok(FileContent::Clean),
                Ok(read) => read,
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => continue,
                Err(problem) => return Err(problem),
            };
            let filled = kept + read;
            if contains_magic(&buffer[..filled]) {
                return Ok(FileContent::Ciphertext);
            }
            let Some(left) = self.left.read_bytes.checked_sub(read as u64) else {
                self.left.read_bytes = 0;
                return Ok(FileContent::TooLong);
            };
            self.left.read_bytes = left;
            // Keeps the end of the buffer, because the magic bytes may span two reads.
            kept = filled.min(PIECE_MAGIC.len() - 1);
            buffer.copy_within(filled - kept..filled, 0);
        }
    }
}

fn contains_magic(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == PIECE_MAGIC[0]) {
        if rest[at..].starts_with(&PIECE_MAGIC) {
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
            let mut bytes = vec![PIECE_MAGIC[0]; before];
            bytes.extend_from_slice(&PIECE_MAGIC);
            bytes.push(9);
            fs::write(&path, &bytes).unwrap();
            let found = inspect(dir.path(), &["cache/"]).unwrap();
            assert_eq!((found.unexpected, found.with_ciphertext), (0, 1), "{before}");
            bytes[before + 3] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(inspect(dir.path(), &["cache/"]).unwrap().with_ciphertext, 0, "{before}");
        }
        assert_eq!(inspect(dir.path(), &[]).unwrap().unexpected, 1);
    }

    #[test]
    fn ciphertext_is_found_at_the_end_of_a_file_larger_than_any_cache() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cache");
        // The file is sparse: it takes no space on disk and reads as zeros.
        fs::File::create(&path).unwrap().set_len(640 << 20).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        io::Write::write_all(&mut file, &PIECE_MAGIC).unwrap();
        let found = inspect(dir.path(), &["cache"]).unwrap();
        assert_eq!(found, Inspection { with_ciphertext: 1, ..Inspection::default() });
    }

    #[test]
    fn nothing_beyond_a_limit_counts_as_clean() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("cache/a/b/c")).unwrap();
        for name in ["cache/1", "cache/a/2", "cache/a/b/c/3"] {
            fs::write(dir.path().join(name), [0; 1_000]).unwrap();
        }
        let inspect = |limits| inspect_within(dir.path(), &["cache/"], limits).unwrap();
        let clean = InspectionLimits { entries: 7, depth: 4, read_bytes: 3_000 };
        assert_eq!(inspect(clean), Inspection::default());
        for less in [
            InspectionLimits { entries: 6, ..clean },
            InspectionLimits { depth: 3, ..clean },
            InspectionLimits { read_bytes: 2_999, ..clean },
        ] {
            assert_eq!(inspect(less), Inspection { not_inspected: 1, ..Inspection::default() }, "{less:?}");
        }
        assert!(inspect(InspectionLimits { read_bytes: 0, ..clean }).not_inspected == 3);
    }
}
