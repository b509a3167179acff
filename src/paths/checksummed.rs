//! Owns the storage of small, important files, such as the setup and the hash of the PIN. Each file begins with a
//! checksum of its content and is stored twice, so that damage to one of the two is recognised and the other is used
//! instead. Does not own the content of the files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::private;

/// The suffix of the name of a file's copy.
pub const COPY_SUFFIX: &str = ".copy";
/// The start of the line with the checksum. In a TOML file, this line is a comment.
const CHECKSUM_PREFIX: &str = "# stillroom sum ";
/// Number of hexadecimal digits of a SHA-256 checksum.
const CHECKSUM_DIGITS: usize = 64;

/// The result of reading a file and its copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadOutcome<T> {
    /// Neither the file nor a copy exists.
    Missing,
    /// The file is intact.
    Intact(T),
    /// The file is missing or damaged, and its copy was read instead.
    Restored {
        /// The copy's content.
        value: T,
        /// What is wrong with the file.
        why: String,
    },
    /// Neither the file nor its copy can be used.
    Damaged {
        /// What is wrong with the file.
        why: String,
    },
}

/// A small file with a checksum and a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChecksummedFile {
    path: PathBuf,
    bytes_max: usize,
}

/// The result of reading either the file or its copy.
enum OneFile<T> {
    Missing,
    Valid(ValidFile<T>),
    Invalid(String),
}

struct ValidFile<T> {
    value: T,
    body: Vec<u8>,
    has_checksum: bool,
}

impl ChecksummedFile {
    /// Describes a file of at most `bytes_max` bytes, not counting its checksum. Nothing is read yet.
    #[must_use]
    pub const fn at(path: PathBuf, bytes_max: usize) -> Self {
        Self { path, bytes_max }
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of the file's copy.
    #[must_use]
    pub fn copy_path(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(COPY_SUFFIX);
        self.path.with_file_name(name)
    }

    /// Reads the file, or its copy if the file is missing or damaged. Content that `parse` rejects counts as damaged
    /// even if its checksum is right. A file with neither a checksum nor a copy was written by an earlier version and
    /// counts as intact.
    pub fn read<T>(&self, parse: impl Fn(&[u8]) -> Result<T, String>) -> ReadOutcome<T> {
        self.read_both(parse).0
    }

    /// Reads the file as [`Self::read`] does. If one of the file and its copy is usable, but the other is missing,
    /// damaged, different or without a checksum, rewrites both, so that a good copy exists if damage occurs again. Also
    /// removes what an interrupted write left behind.
    pub fn read_and_repair<T>(&self, parse: impl Fn(&[u8]) -> Result<T, String>) -> ReadOutcome<T> {
        for path in [&self.path, &self.copy_path()] {
            if let Err(error) = private::remove(&private::temporary_path(path)) {
                tracing::warn!(%error, file = %path.display(), "the rest of an interrupted write cannot be removed");
            }
        }
        let (outcome, body) = self.read_both(parse);
        if let Some(Err(error)) = body.map(|body| self.write(&body)) {
            tracing::warn!(%error, file = %self.path.display(), "the file and its copy cannot be repaired; free space");
        }
        outcome
    }

    /// Writes `body` to the copy, then to the file, each atomically.
    ///
    /// # Errors
    /// The operating system's error. If only the last sync of the directory failed, the file already has its new
    /// content; otherwise it has its old content. The copy gets its old content back, or is removed if its old content
    /// was not readable. If this fails as well, the copy may keep the new content.
    pub fn write(&self, body: &[u8]) -> io::Result<()> {
        let (copy, bytes) = (self.copy_path(), with_checksum(body));
        let copy_before = private::read_limited(&copy, self.file_bytes_max()).ok().flatten();
        for path in [&copy, &self.path] {
            // A file cannot replace a folder, so an empty folder is removed. If the folder has content, nothing is
            // removed and the write fails.
            if path.is_dir() {
                fs::remove_dir(path)?;
            }
        }
        let written = private::write_atomic(&copy, &bytes).and_then(|()| private::write_atomic(&self.path, &bytes));
        if written.is_err() {
            // The copy may already have the new content. If the copy kept that content, later damage to the file would
            // bring the content into use, although the write was reported as failed.
            match copy_before {
                Some(before) => private::write_atomic(&copy, &before)?,
                None => drop(private::remove(&copy)?),
            }
        }
        written
    }

    /// Returns the outcome and, if the file or its copy needs repair, the body that both should have.
    fn read_both<T>(&self, parse: impl Fn(&[u8]) -> Result<T, String>) -> (ReadOutcome<T>, Option<Vec<u8>>) {
        let file = self.read_one(&self.path, &parse);
        let copy = self.read_one(&self.copy_path(), &parse);
        match (file, copy) {
            (OneFile::Missing, OneFile::Missing) => (ReadOutcome::Missing, None),
            (OneFile::Valid(file), copy) if file.has_checksum => {
                let is_twice = matches!(&copy, OneFile::Valid(copy) if copy.has_checksum && copy.body == file.body);
                (ReadOutcome::Intact(file.value), (!is_twice).then_some(file.body))
            }
            (OneFile::Valid(file), OneFile::Missing) => (ReadOutcome::Intact(file.value), Some(file.body)),
            (file, copy) => {
                let why = match file {
                    OneFile::Missing => "it is missing".to_owned(),
                    OneFile::Valid(_) => "it has lost its checksum".to_owned(),
                    OneFile::Invalid(why) => why,
                };
                match copy {
                    OneFile::Valid(copy) if copy.has_checksum => {
                        (ReadOutcome::Restored { value: copy.value, why }, Some(copy.body))
                    }
                    OneFile::Missing | OneFile::Valid(_) | OneFile::Invalid(_) => (ReadOutcome::Damaged { why }, None),
                }
            }
        }
    }

    fn read_one<T>(&self, path: &Path, parse: &impl Fn(&[u8]) -> Result<T, String>) -> OneFile<T> {
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return OneFile::Missing,
            Err(error) => return OneFile::Invalid(error.to_string()),
            // Only regular files are opened, because opening a named pipe would block until somebody writes to it.
            Ok(metadata) if !metadata.is_file() => return OneFile::Invalid("it is not a file".to_owned()),
            Ok(_) => {}
        }
        let bytes = match private::read_limited(path, self.file_bytes_max()) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return OneFile::Missing,
            Err(error) => return OneFile::Invalid(error.to_string()),
        };
        let (body, has_checksum) = match strip_checksum(&bytes) {
            Some(Ok(body)) => (body, true),
            Some(Err(())) => return OneFile::Invalid("its checksum is wrong".to_owned()),
            None => (&bytes[..], false),
        };
        match parse(body) {
            Ok(value) => OneFile::Valid(ValidFile { value, body: body.to_vec(), has_checksum }),
            Err(why) => OneFile::Invalid(why),
        }
    }

    const fn file_bytes_max(&self) -> usize {
        self.bytes_max + CHECKSUM_PREFIX.len() + CHECKSUM_DIGITS + 1
    }
}

/// Returns `body`, preceded by a line with its checksum.
#[must_use]
pub fn with_checksum(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{CHECKSUM_PREFIX}{}\n", checksum(body)).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Returns the body after the line with its checksum. Returns an error if the checksum is wrong, and `None` if there is
/// no such line.
#[must_use]
#[allow(clippy::result_unit_err)] // a checksum is wrong in one way only
pub fn strip_checksum(bytes: &[u8]) -> Option<Result<&[u8], ()>> {
    let rest = bytes.strip_prefix(CHECKSUM_PREFIX.as_bytes())?;
    let Some((digits, rest)) = rest.split_at_checked(CHECKSUM_DIGITS) else { return Some(Err(())) };
    let Some(body) = rest.strip_prefix(b"\n") else { return Some(Err(())) };
    Some(if checksum(body).as_bytes() == digits { Ok(body) } else { Err(()) })
}

fn checksum(body: &[u8]) -> String {
    let digits = Sha256::digest(body).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts any text that begins with `number = `.
    fn parse(body: &[u8]) -> Result<String, String> {
        let text = std::str::from_utf8(body).map_err(|_| "no text".to_owned())?;
        if text.starts_with("number = ") { Ok(text.to_owned()) } else { Err("no number".to_owned()) }
    }

    fn file_in(folder: &Path) -> ChecksummedFile {
        ChecksummedFile::at(folder.join("thing"), 100)
    }

    const BODY: &str = "number = -40\n";

    /// Every truncation of a file's content, and the content with each single bit flipped.
    fn damages(whole: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        let cuts = (0..whole.len()).map(|length| whole[..length].to_vec());
        let flips = (0..whole.len() * 8).map(|bit| {
            let mut bytes = whole.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        });
        cuts.chain(flips)
    }

    #[test]
    fn no_truncation_and_no_flipped_bit_of_either_changes_what_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = file_in(dir.path());
        assert_eq!(file.read(parse), ReadOutcome::Missing);
        file.write(BODY.as_bytes()).unwrap();
        let whole = fs::read(file.path()).unwrap();
        for damaged in damages(&whole) {
            fs::write(file.path(), &damaged).unwrap();
            assert!(matches!(file.read(parse), ReadOutcome::Restored { value, .. } if value == BODY), "{damaged:?}");
            fs::write(file.copy_path(), &damaged).unwrap();
            assert!(matches!(file.read(parse), ReadOutcome::Damaged { .. }), "{damaged:?}");
            fs::write(file.path(), &whole).unwrap();
            assert_eq!(file.read(parse), ReadOutcome::Intact(BODY.to_owned()));
            assert_eq!(file.read_and_repair(parse), ReadOutcome::Intact(BODY.to_owned()));
            assert_eq!(fs::read(file.copy_path()).unwrap(), whole);
        }
    }

    #[test]
    fn a_file_restored_from_its_copy_is_intact_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let file = file_in(dir.path());
        for damage in [&b"rubbish"[..], b"", BODY.as_bytes()] {
            file.write(BODY.as_bytes()).unwrap();
            fs::write(file.path(), damage).unwrap();
            assert!(
                matches!(file.read_and_repair(parse), ReadOutcome::Restored { value, .. } if value == BODY),
                "{damage:?}"
            );
            assert_eq!(file.read(parse), ReadOutcome::Intact(BODY.to_owned()), "{damage:?}");
        }
        fs::remove_file(file.path()).unwrap();
        assert!(
            matches!(file.read_and_repair(parse), ReadOutcome::Restored { .. }),
            "a file with a copy has been there"
        );
        fs::write(private::temporary_path(file.path()), "half").unwrap();
        assert_eq!(file.read_and_repair(parse), ReadOutcome::Intact(BODY.to_owned()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_of_an_earlier_version_is_read_and_gets_a_checksum() {
        let dir = tempfile::tempdir().unwrap();
        let file = file_in(dir.path());
        fs::write(file.path(), BODY).unwrap();
        assert_eq!(file.read(parse), ReadOutcome::Intact(BODY.to_owned()));
        assert_eq!(fs::read(file.path()).unwrap(), BODY.as_bytes());
        assert_eq!(file.read_and_repair(parse), ReadOutcome::Intact(BODY.to_owned()));
        assert!(matches!(strip_checksum(&fs::read(file.path()).unwrap()), Some(Ok(body)) if body == BODY.as_bytes()));
        assert_eq!(fs::read(file.path()).unwrap(), fs::read(file.copy_path()).unwrap());
    }

    #[test]
    fn a_folder_in_the_way_is_damage_and_an_empty_one_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let file = file_in(dir.path());
        fs::create_dir(file.path()).unwrap();
        assert!(matches!(file.read_and_repair(parse), ReadOutcome::Damaged { .. }));
        file.write(BODY.as_bytes()).unwrap();
        assert_eq!(file.read(parse), ReadOutcome::Intact(BODY.to_owned()));
        fs::remove_file(file.path()).unwrap();
        fs::create_dir(file.path()).unwrap();
        assert!(matches!(file.read(parse), ReadOutcome::Restored { .. }));
        fs::write(file.path().join("something"), "x").unwrap();
        assert!(file.write(b"number = 7\n").is_err(), "a folder with something in it is left alone");
        assert!(matches!(file.read(parse), ReadOutcome::Restored { value, .. } if value == BODY));
    }

    #[test]
    fn a_failed_write_leaves_file_and_copy_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        let file = file_in(dir.path());
        file.write(BODY.as_bytes()).unwrap();
        for path in [file.path().to_owned(), file.copy_path()] {
            let in_the_way = private::temporary_path(&path);
            fs::create_dir(&in_the_way).unwrap();
            assert!(file.write(b"number = 7\n").is_err());
            for path in [file.path(), &file.copy_path()] {
                assert_eq!(fs::read(path).unwrap(), with_checksum(BODY.as_bytes()), "{}", path.display());
            }
            fs::remove_dir(&in_the_way).unwrap();
        }
    }
}
