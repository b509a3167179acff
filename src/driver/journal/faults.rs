//! Owns the memory of faults of the program itself: with which record the room's loop ended, and how often in a row. A
//! record that ended it too often is set aside, so that the room comes up without it. Does not own the records.
//!
//! One line for each: the record's 16 hexadecimal digits, and a number.

use std::io;
use std::path::{Path, PathBuf};

use super::reading::SUM_DIGITS;
use crate::paths::private;

/// The file in the state directory.
pub const FAULTS_FILE: &str = "faults";
/// A record with which the loop ended so often in a row is set aside.
pub(super) const TIMES_MAX: u32 = 3;
/// More are not remembered: the first ones tell most.
const REMEMBERED_MAX: usize = 64;
const BYTES_MAX: usize = 8_192;

/// What is remembered. A file that cannot be read counts as none: then a record is tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    path: PathBuf,
    known: Vec<(String, u32)>,
}

impl Faults {
    pub(super) fn load(dir: &Path) -> Self {
        let path = dir.join(FAULTS_FILE);
        let bytes = private::read_limited(&path, BYTES_MAX).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let known = text.lines().filter_map(|line| {
            let (sum, times) = line.split_once(' ')?;
            let is_sum = sum.len() == SUM_DIGITS && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
            Some((sum.to_owned(), times.parse().ok()?)).filter(|_| is_sum)
        });
        Self { known: known.take(REMEMBERED_MAX).collect(), path }
    }

    /// Whether the record of that checksum is to be left out.
    pub(super) fn sets_aside(&self, sum: &str) -> bool {
        self.known.iter().any(|(known, times)| known == sum && *times >= TIMES_MAX)
    }

    /// The loop ended; the last record that it took in was this one.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn add(&mut self, sum: &str) -> io::Result<()> {
        self.known.retain(|(known, times)| known == sum || *times >= TIMES_MAX);
        if let Some((_, times)) = self.known.iter_mut().find(|(known, _)| known == sum) {
            *times = times.saturating_add(1);
        } else if self.known.len() < REMEMBERED_MAX {
            self.known.push((sum.to_owned(), 1));
        }
        self.write()
    }

    /// The program ended well: what it may have stumbled over before did not end it this time.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn forgive(&mut self) -> io::Result<()> {
        let before = self.known.len();
        self.known.retain(|(_, times)| *times >= TIMES_MAX);
        if self.known.len() == before { Ok(()) } else { self.write() }
    }

    fn write(&self) -> io::Result<()> {
        let lines: Vec<String> = self.known.iter().map(|(sum, times)| format!("{sum} {times}")).collect();
        let text = lines.join("\n");
        private::write_atomic(&self.path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_in_a_row_set_a_record_aside_and_it_stays_so() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = ("0123456789abcdef", "fedcba9876543210");
        let next = || Faults::load(dir.path());
        for sum in [one, one, other, one, one] {
            next().add(sum).unwrap();
            assert!(!next().sets_aside(one) && !next().sets_aside(other), "{sum}");
        }
        next().forgive().unwrap();
        for _ in 0..2 {
            next().add(one).unwrap();
        }
        assert!(!next().sets_aside(one));
        next().add(one).unwrap();
        next().add(other).unwrap();
        next().forgive().unwrap();
        assert!(next().sets_aside(one) && !next().sets_aside(other));
    }

    #[test]
    fn rubbish_sets_nothing_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FAULTS_FILE);
        for text in ["0123456789abcdef", "0123456789abcdef x", "x 9\n\u{0} 9", "0123456789abcdeg 9"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Faults::load(dir.path()).known, [], "{text:?}");
        }
        std::fs::write(&path, vec![b'a'; BYTES_MAX + 1]).unwrap();
        assert_eq!(Faults::load(dir.path()).known, []);
    }
}
