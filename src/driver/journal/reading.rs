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
pub(super) const SUM_DIGITS: usize = 16;

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
    /// The checksum of the last record, but for marks of time.
    pub last_sum: Option<String>,
}

/// A record as it stands in the file.
pub(super) fn line(now: RoomTime, json: &str) -> Vec<u8> {
    let body = format!("{} {json}", now.0);
    format!("{} {body}\n", sum(body.as_bytes())).into_bytes()
}

/// The checksum that a line begins with.
pub(super) fn sum_of_line(line: &[u8]) -> Option<String> {
    line.get(..SUM_DIGITS).and_then(|sum| String::from_utf8(sum.to_vec()).ok())
}

/// Reads the journal; `sets_aside` says of a record's checksum whether it is to be left out.
pub(super) fn open(dir: &Path, sets_aside: impl Fn(&str) -> bool) -> Found {
    let path = dir.join(JOURNAL_FILE);
    // Of a compaction that did not come to its end; the journal itself is whole.
    let _ = private::remove(&private::temporary_path(&path));
    let limit = usize::try_from(JOURNAL_BYTES_MAX).unwrap_or(usize::MAX);
    match private::read_limited(&path, limit) {
        Ok(Some(bytes)) => from_bytes(&path, &bytes, sets_aside),
        Ok(None) => {
            let health = JournalHealth::default();
            Found { records: Vec::new(), base: Base::Whole(0), health, last_sum: None }
        }
        Err(problem) => {
            let health = JournalHealth {
                is_damaged: true,
                damaged_copy: set_aside(&path).ok(),
                problem: Some(JournalError::Disk { path, why: problem.to_string() }),
                ..JournalHealth::default()
            };
            Found { records: Vec::new(), base: Base::Replace(Vec::new()), health, last_sum: None }
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
        && found.records.iter().all(|(_, event)| event.is_about_call() || concerns_the_room(event))
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
            | Event::TestToneHeard
            | Event::TimeMarked
            | Event::Restarted
    )
}

/// A journal without the records that later ones outdate; none if it is not whole.
pub(super) fn thinned(bytes: &[u8]) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let mut kept = Vec::with_capacity(lines.len());
    let mut seen = Vec::new();
    for line in lines.into_iter().rev() {
        match parse(line) {
            Line::Record(_, event) if event.is_superseded_by_next() => {
                let kind = std::mem::discriminant(&event);
                if !seen.contains(&kind) {
                    seen.push(kind);
                    kept.push(line);
                }
            }
            Line::Record(..) | Line::Unknown => kept.push(line),
            Line::Unfinished | Line::Wrong => return None,
        }
    }
    kept.reverse();
    Some(kept.concat())
}

fn from_bytes(path: &Path, bytes: &[u8], sets_aside: impl Fn(&str) -> bool) -> Found {
    let scan = scan_without(bytes, sets_aside);
    let mut health =
        JournalHealth { unknown_records: scan.unknown, set_aside: scan.set_aside, ..JournalHealth::default() };
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
    Found { records, base, health, last_sum: scan.last_sum }
}

struct Scan {
    records: Vec<(RoomTime, Event)>,
    whole_bytes: usize,
    unknown: usize,
    set_aside: usize,
    last_sum: Option<String>,
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
    scan_without(bytes, |_| false)
}

fn scan_without(bytes: &[u8], sets_aside: impl Fn(&str) -> bool) -> Scan {
    let mut scan =
        Scan { records: Vec::new(), whole_bytes: 0, unknown: 0, set_aside: 0, last_sum: None, tail: Tail::Whole };
    let mut last = RoomTime(0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match parse(line) {
            Line::Record(time, event) => {
                // Room time never runs backwards, whatever a line says.
                last = last.max(time);
                let sum = sum_of_line(line);
                if sum.as_deref().is_some_and(&sets_aside) {
                    scan.set_aside += 1;
                } else {
                    scan.records.push((last, event.clone()));
                }
                if event != Event::TimeMarked {
                    scan.last_sum = sum;
                }
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
            && event.is_about_call()
        {
            calls_behind.push((time, event));
            calls_bytes.extend_from_slice(line);
        }
    }
    Tail::Damaged { calls_behind, calls_bytes }
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

pub(super) fn sum(body: &[u8]) -> String {
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
    private::sync_parent(&copy)?;
    Ok(copy)
}
