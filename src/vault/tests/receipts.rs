//! The list of receipts: its chain, a torn end, and the form of a line.

use super::*;

#[test]
fn receipts_are_chained_and_a_broken_chain_is_noticed() {
    let place = place();
    let vault = place.vault();
    assert_eq!(vault.last_receipt(), None);
    assert_eq!(vault.verify_chain(None).unwrap(), 0);
    let receipts: Vec<Receipt> = (0..3).map(|_| look(&vault)).collect();
    assert_eq!(receipts.iter().map(|receipt| receipt.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(receipts.iter().all(|receipt| receipt.chain.len() == 64 && receipt.at == "2026-03-04T05:06:07+01:00"));
    assert_eq!(vault.last_receipt().as_ref(), receipts.last());
    assert_eq!(vault.verify_chain(receipts.last()).unwrap(), 3);
    assert_eq!(vault.verify_chain(receipts.first()).unwrap(), 3);
    let path = place.state.join(RECEIPTS_FILE);
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
    let breaks = read_receipts(&place.state).unwrap().into_iter().map(|line| line.follows).collect::<Vec<_>>();
    assert_eq!(breaks, [true, true, false]);
    // A receipt that is whole in itself, but of another room's history.
    fs::remove_file(&path).unwrap();
    let elsewhere = vault.look(&Look { room: "Room 9", journal_compacted: false, ..usual_look() });
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
fn a_receipt_torn_at_any_byte_is_cut_off_and_the_chain_goes_on() {
    let place = place();
    let vault = place.vault();
    look(&vault);
    let path = place.state.join(RECEIPTS_FILE);
    let first = fs::read(&path).unwrap();
    look(&vault);
    let both = fs::read(&path).unwrap();
    for end in first.len()..both.len() {
        fs::write(&path, &both[..end]).unwrap();
        assert_eq!(vault.verify_chain(None).unwrap(), 1, "torn at {end}");
        assert_eq!(look(&vault).number, 2);
        assert_eq!(vault.verify_chain(None).unwrap(), 2, "torn at {end}");
    }
}

#[test]
fn a_receipt_that_cannot_be_kept_is_not_verified() {
    let place = place();
    fs::create_dir(place.state.join(RECEIPTS_FILE)).unwrap();
    let receipt = look(&place.vault());
    assert!(!receipt.is_verified());
    assert!(failed_checks(&receipt).contains(&"receipt-kept"));
}

#[test]
fn ciphertext_under_another_name_and_keys_under_another_name_are_seen() {
    let place = place_with_notes();
    fs::create_dir(place.state.join("cache")).unwrap();
    fs::copy(&place.pieces()[1], place.state.join("cache/picture")).unwrap();
    fs::copy(place.runtime.join(KEY_FILE), place.runtime.join("copy")).unwrap();
    let vault = place.vault();
    place.vault().wipe().unwrap();
    assert_eq!(failed_checks(&look(&vault)), ["no-visit-key", "no-sealed-notes"]);
    fs::remove_file(place.runtime.join("copy")).unwrap();
    fs::remove_file(place.state.join("cache/picture")).unwrap();
    assert!(look(&vault).is_verified());
}

#[test]
fn more_than_can_be_looked_through_is_not_verified() {
    let place = place();
    let deep = place.state.join("cache/1/2/3/4/5/6/7/8");
    fs::create_dir_all(&deep).unwrap();
    let vault = place.vault();
    assert_eq!(failed_checks(&look(&vault)), ["no-sealed-notes", "all-looked-through"]);
    fs::remove_dir(&deep).unwrap();
    assert!(look(&vault).is_verified());
}

#[test]
fn what_others_looked_at_is_part_of_the_receipt() {
    let place = place();
    let receipt = place.vault().look(&Look { more: &[("desk-forgot", false)], ..usual_look() });
    assert_eq!(failed_checks(&receipt), ["desk-forgot"]);
}

#[test]
fn a_receipt_keeps_its_form() {
    let place = place();
    let receipt = look(&place.vault());
    assert_eq!(from_value(&to_value(&receipt)), Some(receipt.clone()));
    let line = fs::read_to_string(place.state.join(RECEIPTS_FILE)).unwrap();
    let expected = concat!(
        r#"{"number":1,"at":"2026-03-04T05:06:07+01:00","room":"Room 2","checks":["#,
        r#"{"name":"no-visit-key","ok":true},{"name":"no-sealed-notes","ok":true},"#,
        r#"{"name":"all-looked-through","ok":true},{"name":"only-expected-files","ok":true},"#,
        r#"{"name":"journal-compacted","ok":true},{"name":"fresh-process","ok":true},"#,
        r#"{"name":"receipt-kept","ok":true}],"chain":""#,
    );
    assert_eq!(line, format!("{expected}{}\"}}\n", receipt.chain));
}
