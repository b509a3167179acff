//! Owns `stillroom receipts`, which lists the receipts of all wipes for staff and reports whether their chain is
//! unbroken.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use super::{FAILED, UNUSABLE};
use crate::driver::journal;
use crate::paths::Directories;
use crate::room::snapshot::Receipt;
use crate::stdio::print_error;
use crate::vault::{self, ReceiptLine};

/// Prints each receipt, and then whether the chain is unbroken.
pub(super) fn receipts() -> ExitCode {
    let state = match Directories::from_env(|name| std::env::var_os(name)) {
        Ok(directories) => directories.state,
        Err(error) => {
            print_error(&error);
            return ExitCode::from(UNUSABLE);
        }
    };
    let lines = match vault::read_receipts(&state) {
        Ok(lines) => lines,
        Err(error) => {
            print_error(&error);
            return ExitCode::from(FAILED);
        }
    };
    let (text, is_whole) = report(&lines, journal::newest_receipt(&state).as_ref());
    // The result is ignored, because a closed pipe, as in `receipts | head`, is not an error.
    let _ = std::io::stdout().write_all(text.as_bytes());
    if is_whole { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

/// Returns the report on these lines, and whether the chain is unbroken. `known` is the newest receipt in the journal.
fn report(lines: &[ReceiptLine], known: Option<&Receipt>) -> (String, bool) {
    let mut text = String::new();
    let mut broken = 0;
    for (index, line) in lines.iter().enumerate() {
        let line_text = match &line.receipt {
            None => format!("line {} is not a receipt", index + 1),
            Some(receipt) => {
                let gap = if line.follows {
                    ""
                } else {
                    "   ! does not follow from the one before: changed, or one is missing"
                };
                format!("{}{gap}", describe(receipt))
            }
        };
        broken += usize::from(!line.follows);
        let _ = writeln!(text, "{line_text}");
    }
    let last = lines.iter().rev().find_map(|line| line.receipt.as_ref());
    let missing = known.filter(|known| last.is_none_or(|last| !vault::is_or_precedes(known, last)));
    if let Some(known) = missing {
        let _ = writeln!(text, "Missing at the end: receipt {}, {}, which the room remembers.", known.number, known.at);
    }
    let count = lines.len();
    let _ = match (broken, missing) {
        (0, None) if count == 0 => writeln!(text, "No receipt yet: this room has not been reset."),
        (0, None) => writeln!(text, "The chain is whole: {count} receipts, each follows from the one before."),
        _ => writeln!(
            text,
            "The chain is broken in {} places. Keep the file and ask why.",
            broken + usize::from(missing.is_some())
        ),
    };
    (text, broken == 0 && missing.is_none())
}

fn describe(receipt: &Receipt) -> String {
    let failed: Vec<&str> = receipt.checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect();
    let outcome =
        if receipt.is_verified() { "verified".to_owned() } else { format!("NOT verified: {}", failed.join(", ")) };
    let chain = receipt.chain.get(..16).unwrap_or(&receipt.chain);
    format!("{:>6}  {}  {}  {chain}  {outcome}", receipt.number, receipt.at, receipt.room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::snapshot::WipeCheck;

    fn line(number: u64, ok: bool, follows: bool) -> ReceiptLine {
        let check = WipeCheck { name: "no-visit-key".to_owned(), ok };
        let receipt = Receipt {
            number,
            at: "2026-03-04T05:06:07+01:00".to_owned(),
            room: "Room 2".to_owned(),
            checks: vec![check],
            chain: format!("{number:064}"),
        };
        ReceiptLine { receipt: Some(receipt), follows }
    }

    #[test]
    fn every_receipt_is_listed_and_a_missing_one_is_reported() {
        assert_eq!(report(&[], None), ("No receipt yet: this room has not been reset.\n".to_owned(), true));
        let lines = [line(1, true, true), line(2, false, true)];
        let (text, is_whole) = report(&lines, lines[1].receipt.as_ref());
        assert!(is_whole && text.contains("NOT verified: no-visit-key") && text.contains("2 receipts"), "{text}");
        let (text, is_whole) = report(&lines[..1], lines[1].receipt.as_ref());
        assert!(!is_whole && text.contains("Missing at the end: receipt 2"), "{text}");
        let (text, is_whole) = report(&[line(1, true, true), line(3, true, false)], None);
        assert!(!is_whole && text.contains("does not follow"), "{text}");
        assert!(!report(&[ReceiptLine { receipt: None, follows: false }], None).1);
    }
}
