//! Owns the form of a line and the reader of a journal, which checks each line, salvages the records about calls from a
//! damaged file, and keeps a copy of that file. Also owns the removal of superseded records. Does not own the writer
//! ([`super::writer`]).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{DAMAGED_KEPT_MAX, DAMAGED_PREFIX, JOURNAL_BYTES_MAX, JOURNAL_FILE, JournalError, JournalHealth, record};
use crate::paths::private;
use crate::room::snapshot::Receipt;
use crate::room::{Event, RoomTime};

/// Number of hexadecimal digits in a record's checksum.
pub(super) const CHECKSUM_DIGITS: usize = 16;

/// The state of the file when the writer starts.
pub(super) enum JournalBase {
    /// The file is intact up to this size in bytes. The writer removes everything after it.
    Intact(u64),
    /// The writer must first replace the file with this content.
    Rewrite(Vec<u8>),
}

pub(super) struct OpenedJournal {
    pub records: Vec<(RoomTime, Event)>,
    pub base: JournalBase,
    pub health: JournalHealth,
    /// Checksum of the last record of a known kind before any damage, not counting [`Event::TimeMarked`].
    pub last_checksum: Option<String>,
}

/// Encodes a record as one line of the file.
pub(super) fn encode_line(now: RoomTime, json: &str) -> Vec<u8> {
    let body = format!("{} {json}", now.0);
    format!("{} {body}\n", checksum(body.as_bytes())).into_bytes()
}

/// Returns the checksum at the start of a line; `None` if the line is too short or not text.
pub(super) fn line_checksum(line: &[u8]) -> Option<String> {
    line.get(..CHECKSUM_DIGITS).and_then(|sum| String::from_utf8(sum.to_vec()).ok())
}

/// Reads the journal. `is_set_aside` takes a record's checksum and returns whether the record must be skipped.
pub(super) fn open(dir: &Path, is_set_aside: impl Fn(&str) -> bool) -> OpenedJournal {
    let path = dir.join(JOURNAL_FILE);
    // An interrupted compaction leaves its temporary file behind. The journal itself is then still the old one.
    let _ = private::remove(&private::temporary_path(&path));
    let limit = usize::try_from(JOURNAL_BYTES_MAX).unwrap_or(usize::MAX);
    match private::read_limited(&path, limit) {
        Ok(Some(bytes)) => from_bytes(&path, &bytes, is_set_aside),
        Ok(None) => {
            let health = JournalHealth::default();
            OpenedJournal { records: Vec::new(), base: JournalBase::Intact(0), health, last_checksum: None }
        }
        Err(problem) => {
            let health = JournalHealth {
                is_damaged: true,
                damaged_copy: keep_damaged_copy(&path).ok(),
                problem: Some(JournalError::Disk { path, why: problem.to_string() }),
                ..JournalHealth::default()
            };
            OpenedJournal { records: Vec::new(), base: JournalBase::Rewrite(Vec::new()), health, last_checksum: None }
        }
    }
}

/// Returns whether the journal on disk holds nothing from a visit, except records about calls. That is so if it is
/// undamaged, there are no copies of damaged journals, its first record is a reset, and every other record is about a
/// call or is listed in [`concerns_the_room`].
pub(super) fn is_compacted(dir: &Path) -> bool {
    let limit = usize::try_from(JOURNAL_BYTES_MAX).unwrap_or(usize::MAX);
    let Ok(Some(bytes)) = private::read_limited(&dir.join(JOURNAL_FILE), limit) else { return false };
    let found = scan(&bytes);
    let damaged_is_kept = (1..=DAMAGED_KEPT_MAX).any(|number| dir.join(format!("{DAMAGED_PREFIX}{number}")).exists());
    let begins = matches!(found.records.first(), Some((_, Event::StaffReset)));
    begins
        && !damaged_is_kept
        && found.unknown == 0
        && !matches!(found.tail, JournalTail::Damaged { .. })
        && found.records.iter().all(|(_, event)| event.is_about_call() || concerns_the_room(event))
}

/// Returns the newest receipt in the journal on disk; `None` if there is none. Repairs and writes nothing.
pub(super) fn newest_receipt(dir: &Path) -> Option<Receipt> {
    let limit = usize::try_from(JOURNAL_BYTES_MAX).unwrap_or(usize::MAX);
    let bytes = private::read_limited(&dir.join(JOURNAL_FILE), limit).ok()??;
    super::newest_receipt_in(&scan(&bytes).records).cloned()
}

const fn concerns_the_room(event: &Event) -> bool {
    matches!(
        event,
        Event::StaffReset
            | Event::WipeVerified(_)
            | Event::WipeFailed(_)
            | Event::SurfaceCleaned
            | Event::TestToneHeard
            | Event::TimeMarked
            | Event::Restarted
    )
}

/// Returns the journal without the records that later records supersede; `None` if any line is not intact.
pub(super) fn thinned(bytes: &[u8]) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let mut kept = Vec::with_capacity(lines.len());
    let mut seen = Vec::new();
    for line in lines.into_iter().rev() {
        match parse_line(line) {
            JournalLine::Record(_, event) if event.is_superseded_by_next() => {
                let kind = std::mem::discriminant(&event);
                if !seen.contains(&kind) {
                    seen.push(kind);
                    kept.push(line);
                }
            }
            JournalLine::Record(..) | JournalLine::Unknown => kept.push(line),
            JournalLine::Unfinished | JournalLine::Corrupt => return None,
        }
    }
    kept.reverse();
    Some(kept.concat())
}

fn from_bytes(path: &Path, bytes: &[u8], is_set_aside: impl Fn(&str) -> bool) -> OpenedJournal {
    let scan = scan_except(bytes, is_set_aside);
    let mut health = JournalHealth {
        unknown_records: scan.unknown,
        set_aside_records: scan.set_aside_records,
        ..JournalHealth::default()
    };
    let mut records = scan.records;
    let base = match scan.tail {
        JournalTail::Whole => JournalBase::Intact(scan.whole_bytes as u64),
        JournalTail::Torn => {
            health.torn_bytes = (bytes.len() - scan.whole_bytes) as u64;
            JournalBase::Intact(scan.whole_bytes as u64)
        }
        JournalTail::Damaged { calls_behind, calls_bytes } => {
            health.is_damaged = true;
            health.damaged_copy = keep_damaged_copy(path).ok();
            let not_before = records.last().map_or(RoomTime(0), |(time, _)| *time);
            records.extend(calls_behind.into_iter().map(|(time, event)| (time.max(not_before), event)));
            JournalBase::Rewrite([&bytes[..scan.whole_bytes], &calls_bytes].concat())
        }
    };
    OpenedJournal { records, base, health, last_checksum: scan.last_checksum }
}

struct JournalScan {
    records: Vec<(RoomTime, Event)>,
    whole_bytes: usize,
    unknown: usize,
    set_aside_records: usize,
    last_checksum: Option<String>,
    tail: JournalTail,
}

enum JournalTail {
    Whole,
    /// The last line is incomplete.
    Torn,
    /// A line does not match its checksum. The records after that line may not fit those before it, so only the ones
    /// about calls are kept. A call that turns out to be needless does less harm than a lost call.
    Damaged {
        calls_behind: Vec<(RoomTime, Event)>,
        calls_bytes: Vec<u8>,
    },
}

fn scan(bytes: &[u8]) -> JournalScan {
    scan_except(bytes, |_| false)
}

fn scan_except(bytes: &[u8], is_set_aside: impl Fn(&str) -> bool) -> JournalScan {
    let mut scan = JournalScan {
        records: Vec::new(),
        whole_bytes: 0,
        unknown: 0,
        set_aside_records: 0,
        last_checksum: None,
        tail: JournalTail::Whole,
    };
    let mut last = RoomTime(0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match parse_line(line) {
            JournalLine::Record(time, event) => {
                // The room's time never runs backwards, so a line with an earlier time takes the time of the line
                // before it.
                last = last.max(time);
                let sum = line_checksum(line);
                if sum.as_deref().is_some_and(&is_set_aside) {
                    scan.set_aside_records += 1;
                } else {
                    scan.records.push((last, event.clone()));
                }
                if event != Event::TimeMarked {
                    scan.last_checksum = sum;
                }
            }
            JournalLine::Unknown => scan.unknown += 1,
            JournalLine::Unfinished => {
                scan.tail = JournalTail::Torn;
                return scan;
            }
            JournalLine::Corrupt => {
                scan.tail = salvage_calls(&bytes[scan.whole_bytes + line.len()..]);
                return scan;
            }
        }
        scan.whole_bytes += line.len();
    }
    scan
}

fn salvage_calls(bytes: &[u8]) -> JournalTail {
    let mut calls_behind = Vec::new();
    let mut calls_bytes = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let JournalLine::Record(time, event) = parse_line(line)
            && event.is_about_call()
        {
            calls_behind.push((time, event));
            calls_bytes.extend_from_slice(line);
        }
    }
    JournalTail::Damaged { calls_behind, calls_bytes }
}

enum JournalLine {
    Record(RoomTime, Event),
    /// Intact, but known only to a different version of the program.
    Unknown,
    Unfinished,
    Corrupt,
}

fn parse_line(line: &[u8]) -> JournalLine {
    let Some(line) = line.strip_suffix(b"\n") else { return JournalLine::Unfinished };
    let Some((found_checksum, body)) = line.split_at_checked(CHECKSUM_DIGITS) else { return JournalLine::Corrupt };
    let Some(body) = body.strip_prefix(b" ") else { return JournalLine::Corrupt };
    if checksum(body).as_bytes() != found_checksum {
        return JournalLine::Corrupt;
    }
    let Some((time, json)) = std::str::from_utf8(body).ok().and_then(|body| body.split_once(' ')) else {
        return JournalLine::Corrupt;
    };
    match (time.parse().map(RoomTime), record::decode(json)) {
        (Ok(time), Some(event)) => JournalLine::Record(time, event),
        (Ok(_), None) => JournalLine::Unknown,
        (Err(_), _) => JournalLine::Corrupt,
    }
}

pub(super) fn checksum(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|half| char::from_digit(half.into(), 16)).take(CHECKSUM_DIGITS).collect()
}

/// Keeps a copy of the damaged journal, as a hard link if possible, and returns its path. Once there are
/// [`DAMAGED_KEPT_MAX`] copies, the newest is replaced, because the earliest damage says most about the cause.
fn keep_damaged_copy(path: &Path) -> io::Result<PathBuf> {
    let name_of = |number: usize| path.with_file_name(format!("{DAMAGED_PREFIX}{number}"));
    let free = (1..=DAMAGED_KEPT_MAX).map(name_of).find(|copy| !copy.exists());
    let copy = free.unwrap_or_else(|| name_of(DAMAGED_KEPT_MAX));
    private::remove(&copy)?;
    if fs::hard_link(path, &copy).is_err() {
        fs::copy(path, &copy)?;
    }
    private::sync_parent(&copy)?;
    Ok(copy)
}
