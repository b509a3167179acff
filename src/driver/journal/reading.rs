//! Owns reading a journal: which records are whole, and what to do about those that are not. Does not own writing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::super::wire;
use super::{DAMAGED_KEPT_MAX, DAMAGED_PREFIX, JOURNAL_BYTES_MAX, JOURNAL_FILE, JournalError, JournalHealth};
use crate::paths::private;
use crate::room::snapshot::Receipt;
use crate::room::{Event, RoomTime};

/// Hexadecimal digits of a record's checksum.
const SUM_DIGITS: usize = 16;

/// What the writer goes on from.
pub(super) enum Base {
    /// So many bytes of the file are whole; what lies behind is cut off.
    Whole(u64),
    /// The file has to be replaced by this first.
    Replace(Vec<u8>),
}

pub(super) struct Found {
    pub records: Vec<(RoomTime, Event)>,
    pub base: Base,
    pub health: JournalHealth,
}

/// A record as it stands in the file.
pub(super) fn line(now: RoomTime, json: &str) -> Vec<u8> {
    let body = format!("{} {json}", now.0);
    format!("{} {body}\n", sum(body.as_bytes())).into_bytes()
}

pub(super) fn open(dir: &Path) -> Found {
    let path = dir.join(JOURNAL_FILE);
    // Of a compaction that did not come to its end; the journal itself is whole.
    let _ = private::remove(&private::temporary_of(&path));
    let limit = usize::try_from(JOURNAL_BYTES_MAX).unwrap_or(usize::MAX);
    match private::read_limited(&path, limit) {
        Ok(Some(bytes)) => from_bytes(&path, &bytes),
        Ok(None) => Found { records: Vec::new(), base: Base::Whole(0), health: JournalHealth::default() },
        Err(problem) => {
            let health = JournalHealth {
                is_damaged: true,
                damaged_copy: set_aside(&path).ok(),
                problem: Some(JournalError::Disk { path, why: problem.to_string() }),
                ..JournalHealth::default()
            };
            Found { records: Vec::new(), base: Base::Replace(Vec::new()), health }
        }
    }
}

/// Whether the journal on disk tells of no visit: it begins with a reset, and what may have come since is calls, the
/// passing of time and the room's own steps.
pub(super) fn is_compacted(dir: &Path) -> bool {
    let limit = usize::try_from(JOURNAL_BYTES_MAX).unwrap_or(usize::MAX);
    let Ok(Some(bytes)) = private::read_limited(&dir.join(JOURNAL_FILE), limit) else { return false };
    let found = scan(&bytes);
    let damaged_is_kept = (1..=DAMAGED_KEPT_MAX).any(|number| dir.join(format!("{DAMAGED_PREFIX}{number}")).exists());
    let begins = matches!(found.records.first(), Some((_, Event::StaffReset)));
    begins
        && !damaged_is_kept
        && found.unknown == 0
        && !matches!(found.tail, Tail::Damaged { .. })
        && found.records.iter().all(|(_, event)| concerns_a_call(event) || concerns_the_room(event))
}

/// The newest receipt that the journal on disk remembers. Nothing is mended or written.
pub(super) fn newest_receipt(dir: &Path) -> Option<Receipt> {
    let limit = usize::try_from(JOURNAL_BYTES_MAX).unwrap_or(usize::MAX);
    let bytes = private::read_limited(&dir.join(JOURNAL_FILE), limit).ok()??;
    super::receipt_in(&scan(&bytes).records).cloned()
}

const fn concerns_the_room(event: &Event) -> bool {
    matches!(
        event,
        Event::StaffReset
            | Event::WipeVerified(_)
            | Event::WipeFailed(_)
            | Event::SurfaceCleaned
            | Event::SpeakerHeard
            | Event::TimeMarked
            | Event::Resumed
    )
}

fn from_bytes(path: &Path, bytes: &[u8]) -> Found {
    let scan = scan(bytes);
    let mut health = JournalHealth { unknown_records: scan.unknown, ..JournalHealth::default() };
    let mut records = scan.records;
    let base = match scan.tail {
        Tail::Whole => Base::Whole(scan.whole_bytes as u64),
        Tail::Torn => {
            health.torn_bytes = (bytes.len() - scan.whole_bytes) as u64;
            Base::Whole(scan.whole_bytes as u64)
        }
        Tail::Damaged { calls_behind, calls_bytes } => {
            health.is_damaged = true;
            health.damaged_copy = set_aside(path).ok();
            let not_before = records.last().map_or(RoomTime(0), |(time, _)| *time);
            records.extend(calls_behind.into_iter().map(|(time, event)| (time.max(not_before), event)));
            Base::Replace([&bytes[..scan.whole_bytes], &calls_bytes].concat())
        }
    };
    Found { records, base, health }
}

struct Scan {
    records: Vec<(RoomTime, Event)>,
    whole_bytes: usize,
    unknown: usize,
    tail: Tail,
}

enum Tail {
    Whole,
    /// The start of a line without its end.
    Torn,
    /// A line that is not what was written. A hole breaks the story of the visit, but a call behind it must not be
    /// lost: a needless visit costs little.
    Damaged {
        calls_behind: Vec<(RoomTime, Event)>,
        calls_bytes: Vec<u8>,
    },
}

fn scan(bytes: &[u8]) -> Scan {
    let mut scan = Scan { records: Vec::new(), whole_bytes: 0, unknown: 0, tail: Tail::Whole };
    let mut last = RoomTime(0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match parse(line) {
            Line::Record(time, event) => {
                // Room time never runs backwards, whatever a line says.
                last = last.max(time);
                scan.records.push((last, event));
            }
            Line::Unknown => scan.unknown += 1,
            Line::Unfinished => {
                scan.tail = Tail::Torn;
                return scan;
            }
            Line::Wrong => {
                scan.tail = calls_behind(&bytes[scan.whole_bytes + line.len()..]);
                return scan;
            }
        }
        scan.whole_bytes += line.len();
    }
    scan
}

fn calls_behind(bytes: &[u8]) -> Tail {
    let mut calls_behind = Vec::new();
    let mut calls_bytes = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Line::Record(time, event) = parse(line)
            && concerns_a_call(&event)
        {
            calls_behind.push((time, event));
            calls_bytes.extend_from_slice(line);
        }
    }
    Tail::Damaged { calls_behind, calls_bytes }
}

const fn concerns_a_call(event: &Event) -> bool {
    matches!(
        event,
        Event::CallPressed { .. }
            | Event::CallSent { .. }
            | Event::CallReceived { .. }
            | Event::CallComing { .. }
            | Event::CallHere { .. }
            | Event::CallCleared
    )
}

enum Line {
    Record(RoomTime, Event),
    /// Whole, but of a kind that another version of the program wrote.
    Unknown,
    Unfinished,
    Wrong,
}

fn parse(line: &[u8]) -> Line {
    let Some(line) = line.strip_suffix(b"\n") else { return Line::Unfinished };
    let Some((sum_found, body)) = line.split_at_checked(SUM_DIGITS) else { return Line::Wrong };
    let Some(body) = body.strip_prefix(b" ") else { return Line::Wrong };
    if sum(body).as_bytes() != sum_found {
        return Line::Wrong;
    }
    let Some((time, json)) = std::str::from_utf8(body).ok().and_then(|body| body.split_once(' ')) else {
        return Line::Wrong;
    };
    match (time.parse().map(RoomTime), wire::from_journal(json)) {
        (Ok(time), Ok(event)) => Line::Record(time, event),
        (Ok(_), Err(_)) => Line::Unknown,
        (Err(_), _) => Line::Wrong,
    }
}

fn sum(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|half| char::from_digit(half.into(), 16)).take(SUM_DIGITS).collect()
}

/// Gives the journal a second name, which stays when the first is replaced. Once all names are taken, the newest of
/// them goes: the first damage tells most.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name_of = |number: usize| path.with_file_name(format!("{DAMAGED_PREFIX}{number}"));
    let free = (1..=DAMAGED_KEPT_MAX).map(name_of).find(|copy| !copy.exists());
    let copy = free.unwrap_or_else(|| name_of(DAMAGED_KEPT_MAX));
    private::remove(&copy)?;
    if fs::hard_link(path, &copy).is_err() {
        fs::copy(path, &copy)?;
    }
    private::sync_dir_of(&copy)?;
    Ok(copy)
}
