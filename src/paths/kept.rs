//! Owns the small files that decide how loud a room may be and who may do what in it: each begins with a checksum of
//! the rest and lies there twice, so that damage is known for what it is and the last good copy holds. Does not own what
//! is in them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::private;

/// A copy is called like its file, with this behind it.
pub const COPY_ENDING: &str = ".copy";
/// What a file with a checksum begins with: a comment in TOML.
const SUM_MARK: &str = "# stillroom sum ";
const SUM_DIGITS: usize = 64;

/// What was found where a file is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    /// Neither the file nor a copy is there.
    Absent,
    /// It is whole.
    Whole(T),
    /// It is not, and its last good copy holds.
    Copy {
        /// What the copy says.
        value: T,
        /// What is wrong with the file.
        why: String,
    },
    /// It is not, and neither is its copy.
    Lost {
        /// What is wrong with the file.
        why: String,
    },
}

/// A small file with its copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFile {
    path: PathBuf,
    bytes_max: usize,
}

/// One of the two.
enum Found<T> {
    Nothing,
    Good(Good<T>),
    Bad(String),
}

struct Good<T> {
    value: T,
    body: Vec<u8>,
    has_sum: bool,
}

impl KeptFile {
    /// A file of at most `bytes_max`, its checksum not counted. Nothing is read yet.
    #[must_use]
    pub const fn at(path: PathBuf, bytes_max: usize) -> Self {
        Self { path, bytes_max }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its copy lies.
    #[must_use]
    pub fn copy_path(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(COPY_ENDING);
        self.path.with_file_name(name)
    }

    /// Reads what is kept. What `parse` does not take is damage, whatever its checksum says. A file without a checksum
    /// was written by an earlier version, as long as it has no copy.
    pub fn read<T>(&self, parse: impl Fn(&[u8]) -> Result<T, String>) -> Reading<T> {
        self.look(parse).0
    }

    /// Reads it and, so that the next damage finds a good copy as well, writes both anew where one is missing, damaged
    /// or older.
    pub fn read_and_mend<T>(&self, parse: impl Fn(&[u8]) -> Result<T, String>) -> Reading<T> {
        // What a stop in the middle of a write has left is none of ours any more.
        for path in [&self.path, &self.copy_path()] {
            if let Err(error) = private::remove(&private::temporary_of(path)) {
                tracing::warn!(%error, file = %path.display(), "what a stopped write left cannot be removed");
            }
        }
        let (reading, anew) = self.look(parse);
        if let Some(Err(error)) = anew.map(|body| self.write(&body)) {
            tracing::warn!(%error, file = %self.path.display(), "no second copy could be kept; free space");
        }
        reading
    }

    /// Keeps `body`, first as the copy, then as the file.
    ///
    /// # Errors
    /// What the system said; the file and its copy are as they were then.
    pub fn write(&self, body: &[u8]) -> io::Result<()> {
        let (copy, bytes) = (self.copy_path(), with_sum(body));
        let copy_before = private::read_limited(&copy, self.file_bytes_max()).ok().flatten();
        for path in [&copy, &self.path] {
            // A folder in the way cannot be replaced by a file; an empty one holds nothing to lose.
            if path.is_dir() {
                fs::remove_dir(path)?;
            }
        }
        private::write_whole(&copy, &bytes)?;
        let written = private::write_whole(&self.path, &bytes);
        if written.is_err() {
            // Else the copy would tell of what was never kept.
            match copy_before {
                Some(before) => private::write_whole(&copy, &before)?,
                None => drop(private::remove(&copy)?),
            }
        }
        written
    }

    /// What is there and, where the two are not both good and the same, what both should hold.
    fn look<T>(&self, parse: impl Fn(&[u8]) -> Result<T, String>) -> (Reading<T>, Option<Vec<u8>>) {
        let file = self.found(&self.path, &parse);
        let copy = self.found(&self.copy_path(), &parse);
        match (file, copy) {
            (Found::Nothing, Found::Nothing) => (Reading::Absent, None),
            (Found::Good(file), copy) if file.has_sum => {
                let is_twice = matches!(&copy, Found::Good(copy) if copy.has_sum && copy.body == file.body);
                (Reading::Whole(file.value), (!is_twice).then_some(file.body))
            }
            (Found::Good(file), Found::Nothing) => (Reading::Whole(file.value), Some(file.body)),
            (file, copy) => {
                let why = match file {
                    Found::Nothing => "it is gone".to_owned(),
                    Found::Good(_) => "it has lost its checksum".to_owned(),
                    Found::Bad(why) => why,
                };
                match copy {
                    Found::Good(copy) if copy.has_sum => (Reading::Copy { value: copy.value, why }, Some(copy.body)),
                    _ => (Reading::Lost { why }, None),
                }
            }
        }
    }

    fn found<T>(&self, path: &Path, parse: &impl Fn(&[u8]) -> Result<T, String>) -> Found<T> {
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
            Err(error) => return Found::Bad(error.to_string()),
            // Opening a pipe would wait for whoever writes to it.
            Ok(about) if !about.is_file() => return Found::Bad("it is no file".to_owned()),
            Ok(_) => {}
        }
        let bytes = match private::read_limited(path, self.file_bytes_max()) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Found::Nothing,
            Err(error) => return Found::Bad(error.to_string()),
        };
        let (body, has_sum) = match without_sum(&bytes) {
            Some(Ok(body)) => (body, true),
            Some(Err(())) => return Found::Bad("its checksum does not fit".to_owned()),
            None => (&bytes[..], false),
        };
        match parse(body) {
            Ok(value) => Found::Good(Good { value, body: body.to_vec(), has_sum }),
            Err(why) => Found::Bad(why),
        }
    }

    const fn file_bytes_max(&self) -> usize {
        self.bytes_max + SUM_MARK.len() + SUM_DIGITS + 1
    }
}

/// `body` behind a line with its checksum.
#[must_use]
pub fn with_sum(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{SUM_MARK}{}\n", sum(body)).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// What stands behind the checksum, an error if it does not fit, none if there is no checksum.
#[must_use]
#[allow(clippy::result_unit_err)] // there is one way in which a checksum does not fit
pub fn without_sum(bytes: &[u8]) -> Option<Result<&[u8], ()>> {
    let rest = bytes.strip_prefix(SUM_MARK.as_bytes())?;
    let Some((digits, rest)) = rest.split_at_checked(SUM_DIGITS) else { return Some(Err(())) };
    let Some(body) = rest.strip_prefix(b"\n") else { return Some(Err(())) };
    Some(if sum(body).as_bytes() == digits { Ok(body) } else { Err(()) })
}

fn sum(body: &[u8]) -> String {
    let digits = Sha256::digest(body).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any text that names a number.
    fn parse(body: &[u8]) -> Result<String, String> {
        let text = std::str::from_utf8(body).map_err(|_| "no text".to_owned())?;
        if text.starts_with("number = ") { Ok(text.to_owned()) } else { Err("no number".to_owned()) }
    }

    fn kept_in(folder: &Path) -> KeptFile {
        KeptFile::at(folder.join("thing"), 100)
    }

    const TOLD: &str = "number = -40\n";

    /// Each way in which a file can be cut short, and each in which one bit of it can turn.
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
    fn no_cut_and_no_turned_bit_of_either_changes_what_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let kept = kept_in(dir.path());
        assert_eq!(kept.read(parse), Reading::Absent);
        kept.write(TOLD.as_bytes()).unwrap();
        let whole = fs::read(kept.path()).unwrap();
        for damaged in damages(&whole) {
            fs::write(kept.path(), &damaged).unwrap();
            assert!(matches!(kept.read(parse), Reading::Copy { value, .. } if value == TOLD), "{damaged:?}");
            fs::write(kept.copy_path(), &damaged).unwrap();
            assert!(matches!(kept.read(parse), Reading::Lost { .. }), "{damaged:?}");
            fs::write(kept.path(), &whole).unwrap();
            assert_eq!(kept.read(parse), Reading::Whole(TOLD.to_owned()));
            assert_eq!(kept.read_and_mend(parse), Reading::Whole(TOLD.to_owned()));
            assert_eq!(fs::read(kept.copy_path()).unwrap(), whole);
        }
    }

    #[test]
    fn what_is_read_from_the_copy_is_whole_again_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let kept = kept_in(dir.path());
        for damage in [&b"rubbish"[..], b"", TOLD.as_bytes()] {
            kept.write(TOLD.as_bytes()).unwrap();
            fs::write(kept.path(), damage).unwrap();
            assert!(matches!(kept.read_and_mend(parse), Reading::Copy { value, .. } if value == TOLD), "{damage:?}");
            assert_eq!(kept.read(parse), Reading::Whole(TOLD.to_owned()), "{damage:?}");
        }
        fs::remove_file(kept.path()).unwrap();
        assert!(matches!(kept.read_and_mend(parse), Reading::Copy { .. }), "a file that is gone was there");
        fs::write(private::temporary_of(kept.path()), "half").unwrap();
        assert_eq!(kept.read_and_mend(parse), Reading::Whole(TOLD.to_owned()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_of_an_earlier_version_is_read_and_gets_its_checksum() {
        let dir = tempfile::tempdir().unwrap();
        let kept = kept_in(dir.path());
        fs::write(kept.path(), TOLD).unwrap();
        assert_eq!(kept.read(parse), Reading::Whole(TOLD.to_owned()));
        assert_eq!(fs::read(kept.path()).unwrap(), TOLD.as_bytes());
        assert_eq!(kept.read_and_mend(parse), Reading::Whole(TOLD.to_owned()));
        assert!(matches!(without_sum(&fs::read(kept.path()).unwrap()), Some(Ok(body)) if body == TOLD.as_bytes()));
        assert_eq!(fs::read(kept.path()).unwrap(), fs::read(kept.copy_path()).unwrap());
    }

    #[test]
    fn what_is_no_file_is_damage_and_an_empty_folder_gives_way() {
        let dir = tempfile::tempdir().unwrap();
        let kept = kept_in(dir.path());
        fs::create_dir(kept.path()).unwrap();
        assert!(matches!(kept.read_and_mend(parse), Reading::Lost { .. }));
        kept.write(TOLD.as_bytes()).unwrap();
        assert_eq!(kept.read(parse), Reading::Whole(TOLD.to_owned()));
        fs::remove_file(kept.path()).unwrap();
        fs::create_dir(kept.path()).unwrap();
        assert!(matches!(kept.read(parse), Reading::Copy { .. }));
        fs::write(kept.path().join("something"), "x").unwrap();
        assert!(kept.write(b"number = 7\n").is_err(), "what is in a folder is nobody's to remove");
        assert!(matches!(kept.read(parse), Reading::Copy { value, .. } if value == TOLD));
    }

    #[test]
    fn a_write_that_fails_leaves_file_and_copy_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let kept = kept_in(dir.path());
        kept.write(TOLD.as_bytes()).unwrap();
        for path in [kept.path().to_owned(), kept.copy_path()] {
            let in_the_way = private::temporary_of(&path);
            fs::create_dir(&in_the_way).unwrap();
            assert!(kept.write(b"number = 7\n").is_err());
            for path in [kept.path(), &kept.copy_path()] {
                assert_eq!(fs::read(path).unwrap(), with_sum(TOLD.as_bytes()), "{}", path.display());
            }
            fs::remove_dir(&in_the_way).unwrap();
        }
    }
}
