//! Owns the receipts file, which is append-only. It contains one JSON object per line, each with a hash chained to the
//! hash of the previous line. The chain reveals a receipt that was changed, removed or inserted. It cannot reveal a
//! receipt that was removed from the end of the file; for that, the newest receipt is compared with the journal. Does
//! not own the checks of a wipe.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::paths::private;
use crate::room::snapshot::{Receipt, WipeCheck};

/// Name of the receipts file in the state directory.
pub const RECEIPTS_FILE: &str = "receipts.jsonl";
/// The hash to which the first receipt is chained, because no receipt precedes it.
const FIRST_CHAIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Number of bytes at the end of the file that are searched for the newest receipt.
const TAIL_BYTES: u64 = 64 * 1024;
/// Maximum length of a line, in bytes.
const LINE_BYTES_MAX: u64 = 16 * 1024;

/// A receipt as it is written and hashed. The hash depends on the order of the keys.
#[derive(Serialize)]
struct ReceiptLineJson<'a> {
    number: u64,
    at: &'a str,
    room: &'a str,
    checks: Vec<CheckJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<&'a str>,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    name: &'a str,
    ok: bool,
}

/// Why the chain of receipts could not be verified.
#[derive(Debug, Error)]
pub enum ChainBroken {
    /// A line was changed, removed, inserted or moved.
    #[error("line {line} of the receipts does not follow from the line before it; keep the file and ask why")]
    Line {
        /// The number of the line, counted from 1.
        line: u64,
    },
    /// The newest receipt in the journal is missing at the end of the receipts file.
    #[error("receipt {number} is missing at the end of the receipts; keep the file and ask why")]
    Missing {
        /// The number of the missing receipt.
        number: u64,
    },
    /// The file cannot be read.
    #[error("the receipts cannot be read: {0}")]
    File(#[from] io::Error),
}

/// Parses a receipt. Returns `None` if the value is not a receipt.
fn receipt_from_json(value: &Value) -> Option<Receipt> {
    let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
    let check = |value: &Value| {
        Some(WipeCheck { name: value.get("name")?.as_str()?.to_owned(), ok: value.get("ok")?.as_bool()? })
    };
    Some(Receipt {
        number: value.get("number")?.as_u64()?,
        at: text("at")?,
        room: text("room")?,
        checks: value.get("checks")?.as_array()?.iter().map(check).collect::<Option<_>>()?,
        chain: text("chain")?,
    })
}

/// Creates a receipt that is chained to the newest receipt in the file, and appends it. If writing fails, the last
/// check of the returned receipt is marked as failed.
pub(super) fn append(path: &Path, room: &str, at: String, checks: Vec<WipeCheck>) -> Receipt {
    let previous = last(path);
    let previous_chain = previous.as_ref().map_or(FIRST_CHAIN, |receipt| &receipt.chain);
    let number = previous.as_ref().map_or(0, |receipt| receipt.number) + 1;
    let kept_check = |ok| WipeCheck { name: "receipt-kept".to_owned(), ok };
    let mut receipt = Receipt { number, at, room: room.to_owned(), checks, chain: String::new() };
    receipt.checks.push(kept_check(true));
    receipt.chain = chain(previous_chain, &receipt);
    if let Err(problem) = write_line(path, &receipt) {
        tracing::error!("{}: the receipt cannot be written: {problem}", path.display());
        receipt.checks.pop();
        receipt.checks.push(kept_check(false));
        receipt.chain = chain(previous_chain, &receipt);
    }
    receipt
}

/// Returns the newest receipt that can be parsed.
pub(super) fn last(path: &Path) -> Option<Receipt> {
    let tail = tail(path).ok()?;
    tail.split_inclusive(|byte| *byte == b'\n').rev().find_map(parse_line)
}

/// One line of the receipts file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptLine {
    /// The receipt; `None` if the line cannot be parsed.
    pub receipt: Option<Receipt>,
    /// Whether the receipt's number and hash follow from the previous line.
    pub follows: bool,
}

/// Returns whether `newest` is the same receipt as `known`, or a later receipt.
#[must_use]
pub fn is_or_precedes(known: &Receipt, newest: &Receipt) -> bool {
    known.number < newest.number || (known.number == newest.number && known.chain == newest.chain)
}

/// Reads all lines in order. Compares each line with the line before it even after the chain is broken, because every
/// break must be reported.
pub(super) fn read(path: &Path) -> Result<Vec<ReceiptLine>, ChainBroken> {
    let mut lines = Vec::new();
    for_each_line(path, |line| {
        lines.push(line);
        true
    })?;
    Ok(lines)
}

/// Verifies the chain and returns the number of receipts.
pub(super) fn verify(path: &Path) -> Result<u64, ChainBroken> {
    let (mut whole, mut follows) = (0, true);
    for_each_line(path, |line| {
        follows = line.follows;
        whole += u64::from(follows);
        follows
    })?;
    if follows { Ok(whole) } else { Err(ChainBroken::Line { line: whole + 1 }) }
}

fn for_each_line(path: &Path, mut take: impl FnMut(ReceiptLine) -> bool) -> Result<(), ChainBroken> {
    let mut lines = match File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(problem) => return Err(problem.into()),
    };
    let mut previous_chain = FIRST_CHAIN.to_owned();
    let mut number = 0;
    loop {
        let mut line = Vec::new();
        lines.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        // A line without its line break was cut short by a power cut. It is ignored, because its receipt was never
        // shown to anybody.
        let is_torn = !line.ends_with(b"\n") && (line.len() as u64) < LINE_BYTES_MAX;
        if is_torn {
            return Ok(());
        }
        let receipt = parse_line(&line);
        let follows = receipt
            .as_ref()
            .is_some_and(|receipt| receipt.number == number + 1 && receipt.chain == chain(&previous_chain, receipt));
        number = receipt.as_ref().map_or(number + 1, |receipt| receipt.number);
        if let Some(receipt) = &receipt {
            previous_chain.clone_from(&receipt.chain);
        }
        if !take(ReceiptLine { receipt, follows }) {
            return Ok(());
        }
    }
}

/// Returns the SHA-256 hash of the previous hash and of this receipt without its own hash, in lower-case hexadecimal.
fn chain(previous: &str, receipt: &Receipt) -> String {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(to_line(receipt, None));
    hex(&hash.finalize())
}

fn to_line(receipt: &Receipt, chain: Option<&str>) -> String {
    let checks = receipt.checks.iter().map(|WipeCheck { name, ok }| CheckJson { name, ok: *ok }).collect();
    let Receipt { number, at, room, .. } = receipt;
    // Serialising strings and numbers cannot fail.
    serde_json::to_string(&ReceiptLineJson { number: *number, at, room, checks, chain }).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

fn parse_line(line: &[u8]) -> Option<Receipt> {
    receipt_from_json(&serde_json::from_slice(line.strip_suffix(b"\n")?).ok()?)
}

fn tail(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Appends a line. Replaces the last line if a power cut left it incomplete.
fn write_line(path: &Path, receipt: &Receipt) -> io::Result<()> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(private::FILE_MODE).open(path)?;
    let size = file.metadata()?.len();
    let tail = tail(path)?;
    let torn = tail.iter().rev().take_while(|byte| **byte != b'\n').count();
    let whole = size.saturating_sub(torn as u64);
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    let line = format!("{}\n", to_line(receipt, Some(&receipt.chain)));
    let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
    if let Err(problem) = written {
        // Remove what was written, because this receipt is reported as not written.
        let _ = file.set_len(whole);
        return Err(problem);
    }
    private::sync_parent(path)
}
