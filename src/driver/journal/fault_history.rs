//! Owns the history of faults, which counts how many times in a row the room's loop ended at the same record. A record
//! that ended the loop [`FAULTS_IN_A_ROW_MAX`] times in a row is set aside, and the room recovers without it. Does not
//! own the records.
//!
//! The file has one line for each record in the history, with the record's checksum and its number of faults in a row.

use std::io;
use std::path::{Path, PathBuf};

use super::reader::CHECKSUM_DIGITS;
use crate::paths::private;

/// Name of the history's file in the state directory.
pub const FAULTS_FILE: &str = "faults";
/// Number of faults in a row after which a record is set aside.
pub(super) const FAULTS_IN_A_ROW_MAX: u32 = 3;
/// Maximum number of records in the history. The earliest are kept, because they say most about the cause.
const RECORDS_MAX: usize = 64;
const BYTES_MAX: usize = 8_192;

/// The history of faults. A file that cannot be read counts as empty, so every record is tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FaultHistory {
    path: PathBuf,
    known: Vec<(String, u32)>,
}

impl FaultHistory {
    pub(super) fn load(dir: &Path) -> Self {
        let path = dir.join(FAULTS_FILE);
        let bytes = private::read_limited(&path, BYTES_MAX).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let known = text.lines().filter_map(|line| {
            let (checksum, count) = line.split_once(' ')?;
            let is_checksum =
                checksum.len() == CHECKSUM_DIGITS && checksum.bytes().all(|byte| byte.is_ascii_hexdigit());
            Some((checksum.to_owned(), count.parse().ok()?)).filter(|_| is_checksum)
        });
        Self { known: known.take(RECORDS_MAX).collect(), path }
    }

    /// Returns whether the record with this checksum must be skipped.
    pub(super) fn is_set_aside(&self, checksum: &str) -> bool {
        self.known.iter().any(|(known, count)| known == checksum && *count >= FAULTS_IN_A_ROW_MAX)
    }

    /// Adds a fault at the record with this checksum. Forgets every other record that is not set aside, because its
    /// faults are no longer in a row.
    ///
    /// # Errors
    /// The system's error if the file cannot be written.
    pub(super) fn add(&mut self, checksum: &str) -> io::Result<()> {
        self.known.retain(|(known, count)| known == checksum || *count >= FAULTS_IN_A_ROW_MAX);
        if let Some((_, count)) = self.known.iter_mut().find(|(known, _)| known == checksum) {
            *count = count.saturating_add(1);
        } else if self.known.len() < RECORDS_MAX {
            self.known.push((checksum.to_owned(), 1));
        }
        self.write()
    }

    /// Forgets the records that are not set aside. Used when the program ends without a fault, because earlier faults
    /// are then no longer in a row.
    ///
    /// # Errors
    /// The system's error if the file cannot be written.
    pub(super) fn forget_streaks(&mut self) -> io::Result<()> {
        let before = self.known.len();
        self.known.retain(|(_, count)| *count >= FAULTS_IN_A_ROW_MAX);
        if self.known.len() == before { Ok(()) } else { self.write() }
    }

    /// Forgets all records and removes the file. Used when the journal no longer contains any of them.
    ///
    /// # Errors
    /// The system's error if the file cannot be removed.
    pub(super) fn forget_all(&mut self) -> io::Result<()> {
        self.known.clear();
        private::remove(&self.path).map(|_| ())
    }

    fn write(&self) -> io::Result<()> {
        let lines: Vec<String> = self.known.iter().map(|(checksum, count)| format!("{checksum} {count}")).collect();
        let text = lines.join("\n");
        private::write_atomic(&self.path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_faults_in_a_row_set_a_record_aside_and_it_stays_aside() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = ("0123456789abcdef", "fedcba9876543210");
        let next = || FaultHistory::load(dir.path());
        for checksum in [one, one, other, one, one] {
            next().add(checksum).unwrap();
            assert!(!next().is_set_aside(one) && !next().is_set_aside(other), "{checksum}");
        }
        next().forget_streaks().unwrap();
        for _ in 0..2 {
            next().add(one).unwrap();
        }
        assert!(!next().is_set_aside(one));
        next().add(one).unwrap();
        next().add(other).unwrap();
        next().forget_streaks().unwrap();
        assert!(next().is_set_aside(one) && !next().is_set_aside(other));
    }

    #[test]
    fn rubbish_sets_nothing_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FAULTS_FILE);
        for text in ["0123456789abcdef", "0123456789abcdef x", "x 9\n\u{0} 9", "0123456789abcdeg 9"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(FaultHistory::load(dir.path()).known, [], "{text:?}");
        }
        std::fs::write(&path, vec![b'a'; BYTES_MAX + 1]).unwrap();
        assert_eq!(FaultHistory::load(dir.path()).known, []);
    }
}
