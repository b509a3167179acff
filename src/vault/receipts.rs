//! Owns the list of receipts: one a line, each chained to the one before, so that a changed, missing or inserted one
//! shows. Does not own what is checked. A list cut short at its end shows only against the journal's own receipt.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::paths::private;
use crate::room::snapshot::{Check, Receipt};

/// The file of the receipts in the state directory.
pub const RECEIPTS_FILE: &str = "receipts.jsonl";
/// What the first receipt is chained to.
const FIRST_CHAIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The newest receipt is looked for in so many bytes at the end.
const TAIL_BYTES: u64 = 64 * 1024;
/// No line is longer.
const LINE_BYTES_MAX: u64 = 16 * 1024;

/// A receipt as it is written and hashed: the order of keys is part of the chain.
#[derive(Serialize)]
struct Written<'a> {
    number: u64,
    at: &'a str,
    room: &'a str,
    checks: Vec<WrittenCheck<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<&'a str>,
}

#[derive(Serialize)]
struct WrittenCheck<'a> {
    name: &'a str,
    ok: bool,
}

/// A receipt that does not follow from the one before it.
#[derive(Debug, Error)]
pub enum ChainBroken {
    /// A line that is changed, or out of its place.
    #[error("line {line} of the receipts does not follow from the line before it; keep the file and ask why")]
    Line {
        /// Which line, from 1.
        line: u64,
    },
    /// One that the room remembers is not there any more.
    #[error("receipt {number} is missing at the end of the receipts; keep the file and ask why")]
    Missing {
        /// The number of the newest that the room remembers.
        number: u64,
    },
    /// The file cannot be read.
    #[error("the receipts cannot be read: {0}")]
    File(#[from] io::Error),
}

/// A receipt as JSON: number, at, room, checks, chain.
#[must_use]
pub fn to_value(receipt: &Receipt) -> Value {
    let checks: Vec<Value> = receipt.checks.iter().map(|check| json!({ "name": check.name, "ok": check.ok })).collect();
    json!({
        "number": receipt.number,
        "at": receipt.at,
        "room": receipt.room,
        "checks": checks,
        "chain": receipt.chain,
    })
}

/// The receipt in a JSON value, if it is one.
#[must_use]
pub fn from_value(value: &Value) -> Option<Receipt> {
    let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
    let check =
        |value: &Value| Some(Check { name: value.get("name")?.as_str()?.to_owned(), ok: value.get("ok")?.as_bool()? });
    Some(Receipt {
        number: value.get("number")?.as_u64()?,
        at: text("at")?,
        room: text("room")?,
        checks: value.get("checks")?.as_array()?.iter().map(check).collect::<Option<_>>()?,
        chain: text("chain")?,
    })
}

/// Chains a new receipt to the newest and keeps it. If it cannot be kept, it says so among its checks.
pub(super) fn keep(path: &Path, room: &str, at: String, checks: Vec<Check>) -> Receipt {
    let previous = last(path);
    let previous_chain = previous.as_ref().map_or(FIRST_CHAIN, |receipt| &receipt.chain);
    let number = previous.as_ref().map_or(0, |receipt| receipt.number) + 1;
    let kept_check = |ok| Check { name: "receipt-kept".to_owned(), ok };
    let mut receipt = Receipt { number, at, room: room.to_owned(), checks, chain: String::new() };
    receipt.checks.push(kept_check(true));
    receipt.chain = chain(previous_chain, &receipt);
    if let Err(problem) = append(path, &receipt) {
        tracing::error!("{}: the receipt cannot be kept: {problem}", path.display());
        receipt.checks.pop();
        receipt.checks.push(kept_check(false));
        receipt.chain = chain(previous_chain, &receipt);
    }
    receipt
}

/// The newest receipt that can be read.
pub(super) fn last(path: &Path) -> Option<Receipt> {
    let tail = tail(path).ok()?;
    tail.split_inclusive(|byte| *byte == b'\n').rev().find_map(parse_line)
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptLine {
    /// The receipt, if the line is one.
    pub receipt: Option<Receipt>,
    /// Whether it follows from the line before it.
    pub follows: bool,
}

/// Whether the newest receipt in the list is the known one, or came after it.
#[must_use]
pub fn is_or_precedes(known: &Receipt, newest: &Receipt) -> bool {
    known.number < newest.number || (known.number == newest.number && known.chain == newest.chain)
}

/// All of them, in order. After one that does not follow, the next is held against that one, so that each break shows.
pub(super) fn read(path: &Path) -> Result<Vec<ReceiptLine>, ChainBroken> {
    let mut lines = Vec::new();
    each(path, |line| {
        lines.push(line);
        true
    })?;
    Ok(lines)
}

/// Goes through all of them, up to the first that does not follow.
pub(super) fn verify(path: &Path) -> Result<u64, ChainBroken> {
    let (mut whole, mut follows) = (0, true);
    each(path, |line| {
        follows = line.follows;
        whole += u64::from(follows);
        follows
    })?;
    if follows { Ok(whole) } else { Err(ChainBroken::Line { line: whole + 1 }) }
}

fn each(path: &Path, mut take: impl FnMut(ReceiptLine) -> bool) -> Result<(), ChainBroken> {
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
        // A last line without its end was never reported to anyone: the power went while it was written.
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

/// SHA-256 over the chain before and this receipt without its own chain, in lower-case hexadecimal.
fn chain(previous: &str, receipt: &Receipt) -> String {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(written(receipt, None));
    hex(&hash.finalize())
}

fn written(receipt: &Receipt, chain: Option<&str>) -> String {
    let checks = receipt.checks.iter().map(|Check { name, ok }| WrittenCheck { name, ok: *ok }).collect();
    let Receipt { number, at, room, .. } = receipt;
    // A struct of texts and numbers always has a form in JSON.
    serde_json::to_string(&Written { number: *number, at, room, checks, chain }).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

fn parse_line(line: &[u8]) -> Option<Receipt> {
    from_value(&serde_json::from_slice(line.strip_suffix(b"\n")?).ok()?)
}

fn tail(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn append(path: &Path, receipt: &Receipt) -> io::Result<()> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(private::FILE_MODE).open(path)?;
    let size = file.metadata()?.len();
    let tail = tail(path)?;
    let torn = tail.iter().rev().take_while(|byte| **byte != b'\n').count();
    let whole = size.saturating_sub(torn as u64);
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    let line = format!("{}\n", written(receipt, Some(&receipt.chain)));
    let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
    if let Err(problem) = written {
        // Half a line would be taken for a broken chain.
        let _ = file.set_len(whole);
        return Err(problem);
    }
    private::sync_dir_of(path)
}
