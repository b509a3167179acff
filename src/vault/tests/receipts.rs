//! Owns the tests of the receipts file: its chain, an incomplete last line, and the format of a line.

use super::*;

#[test]
fn receipts_are_chained_and_a_broken_chain_is_noticed() {
    let directories = directories();
    let vault = directories.vault();
    assert_eq!(vault.last_receipt(), None);
    assert_eq!(vault.verify_chain(None).unwrap(), 0);
    let receipts: Vec<Receipt> = (0..3).map(|_| verify_wipe(&vault)).collect();
    assert_eq!(receipts.iter().map(|receipt| receipt.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(receipts.iter().all(|receipt| receipt.chain.len() == 64 && receipt.at == "2026-03-04T05:06:07+01:00"));
    assert_eq!(vault.last_receipt().as_ref(), receipts.last());
    assert_eq!(vault.verify_chain(receipts.last()).unwrap(), 3);
    assert_eq!(vault.verify_chain(receipts.first()).unwrap(), 3);
    let path = directories.state.join(RECEIPTS_FILE);
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let broken = |text: String| {
        fs::write(&path, text).unwrap();
        match vault.verify_chain(None) {
            Err(ChainBroken::Line { line }) => line,
            other => panic!("{other:?}"),
        }
    };
    fs::write(&path, format!("{}\n{}\n", lines[0], lines[1])).unwrap();
    assert_eq!(vault.verify_chain(None).unwrap(), 2);
    assert!(matches!(vault.verify_chain(receipts.last()), Err(ChainBroken::Missing { number: 3 })));
    assert_eq!(broken(whole.replacen("true", "false", 1)), 1);
    assert_eq!(broken(format!("{}\n{}\n", lines[0], lines[2])), 2);
    assert_eq!(broken(format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2])), 1);
    assert_eq!(broken(format!("{}\n\n{}\n", lines[0], lines[1])), 2);
    assert_eq!(broken(format!("{}\n{}\n{}\n", lines[0], lines[1], lines[2].replace("Room 2", "Room 3"))), 3);
    let breaks = read_receipts(&directories.state).unwrap().into_iter().map(|line| line.follows).collect::<Vec<_>>();
    assert_eq!(breaks, [true, true, false]);
    // This receipt is valid, but belongs to the chain of a different room.
    fs::remove_file(&path).unwrap();
    let elsewhere = vault.verify_wipe(&WipeContext { room: "Room 9", journal_compacted: false, ..usual_context() });
    assert_eq!((elsewhere.number, vault.verify_chain(None).unwrap()), (1, 1));
    let exchanged = fs::read_to_string(&path).unwrap();
    assert_eq!(broken(format!("{exchanged}{}\n{}\n", lines[1], lines[2])), 2);
    for at in 0..lines[0].len() {
        let mut bytes = whole.clone().into_bytes();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(vault.verify_chain(None).is_err(), "byte {at}");
    }
}

#[test]
fn an_incomplete_last_line_is_replaced_and_the_chain_continues() {
    let directories = directories();
    let vault = directories.vault();
    verify_wipe(&vault);
    let path = directories.state.join(RECEIPTS_FILE);
    let first = fs::read(&path).unwrap();
    verify_wipe(&vault);
    let both = fs::read(&path).unwrap();
    for end in first.len()..both.len() {
        fs::write(&path, &both[..end]).unwrap();
        assert_eq!(vault.verify_chain(None).unwrap(), 1, "cut at {end}");
        assert_eq!(verify_wipe(&vault).number, 2);
        assert_eq!(vault.verify_chain(None).unwrap(), 2, "cut at {end}");
    }
}

#[test]
fn a_receipt_that_cannot_be_written_is_not_verified() {
    let directories = directories();
    fs::create_dir(directories.state.join(RECEIPTS_FILE)).unwrap();
    let receipt = verify_wipe(&directories.vault());
    assert!(!receipt.is_verified());
    assert!(failed_checks(&receipt).contains(&"receipt-kept"));
}

#[test]
fn ciphertext_and_keys_are_found_under_any_name() {
    let directories = directories_with_notes();
    fs::create_dir(directories.state.join("cache")).unwrap();
    fs::copy(&directories.pieces()[1], directories.state.join("cache/picture")).unwrap();
    fs::copy(directories.runtime.join(KEY_FILE), directories.runtime.join("copy")).unwrap();
    let vault = directories.vault();
    directories.vault().wipe().unwrap();
    assert_eq!(failed_checks(&verify_wipe(&vault)), ["no-visit-key", "no-sealed-notes"]);
    fs::remove_file(directories.runtime.join("copy")).unwrap();
    fs::remove_file(directories.state.join("cache/picture")).unwrap();
    assert!(verify_wipe(&vault).is_verified());
}

#[test]
fn more_than_can_be_inspected_is_not_verified() {
    let directories = directories();
    let deep = directories.state.join("cache/1/2/3/4/5/6/7/8");
    fs::create_dir_all(&deep).unwrap();
    let vault = directories.vault();
    assert_eq!(failed_checks(&verify_wipe(&vault)), ["no-sealed-notes", "all-looked-through"]);
    fs::remove_dir(&deep).unwrap();
    assert!(verify_wipe(&vault).is_verified());
}

#[test]
fn further_checks_are_part_of_the_receipt() {
    let directories = directories();
    let receipt = directories.vault().verify_wipe(&WipeContext { more: &[("desk-forgot", false)], ..usual_context() });
    assert_eq!(failed_checks(&receipt), ["desk-forgot"]);
}

#[test]
fn the_format_of_a_receipt_does_not_change() {
    let directories = directories();
    let receipt = verify_wipe(&directories.vault());
    assert_eq!(directories.vault().last_receipt(), Some(receipt.clone()));
    let line = fs::read_to_string(directories.state.join(RECEIPTS_FILE)).unwrap();
    let expected = concat!(
        r#"{"number":1,"at":"2026-03-04T05:06:07+01:00","room":"Room 2","checks":["#,
        r#"{"name":"no-visit-key","ok":true},{"name":"no-sealed-notes","ok":true},"#,
        r#"{"name":"all-looked-through","ok":true},{"name":"only-expected-files","ok":true},"#,
        r#"{"name":"journal-compacted","ok":true},{"name":"fresh-process","ok":true},"#,
        r#"{"name":"receipt-kept","ok":true}],"chain":""#,
    );
    assert_eq!(line, format!("{expected}{}\"}}\n", receipt.chain));
}
