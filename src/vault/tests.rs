use super::*;
use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH, Stroke, StrokePoint, Tint};
use crate::room::notes::{Page, PatientText};

const CANARY: &str = "the blue door at the end of the garden";
const EXPECTED: [&str; 3] = ["journal", "lock", "cache/"];

struct Place {
    _dir: tempfile::TempDir,
    state: PathBuf,
    runtime: PathBuf,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let (state, runtime) = (dir.path().join("state"), dir.path().join("run"));
    private::make_dir(&state).unwrap();
    private::make_dir(&runtime).unwrap();
    Place { _dir: dir, state, runtime }
}

impl Place {
    fn vault(&self) -> Vault {
        Vault::new(self.state.clone(), KeyHome::Runtime(self.runtime.clone()))
    }

    fn sealed(&self) -> PathBuf {
        self.state.join(SEALED_FILE)
    }
}

/// A stroke of each tint, from a dot to a line across the page.
fn drawing() -> Drawing {
    let strokes = Tint::ALL.into_iter().enumerate().map(|(index, tint)| {
        let points = (0..=index as u16).map(|at| StrokePoint { x: at * (PAGE_WIDTH / 4), y: PAGE_HEIGHT, width: 255 });
        std::sync::Arc::new(Stroke::new(tint, points.collect()).unwrap())
    });
    Drawing::of(strokes.collect())
}

fn notes(version: u64) -> Notes {
    Notes {
        pages: vec![
            Page::Words(PatientText::new(CANARY)),
            Page::Drawing(drawing()),
            Page::Words(PatientText::new(format!("page three, version {version} é 🌊"))),
            Page::Drawing(Drawing::default()),
        ],
        intentions: [PatientText::new("why"), PatientText::default(), PatientText::new("what")],
        for_clinician: PatientText::new("I am afraid of the mask"),
        shared: true,
        version,
    }
}

fn look(vault: &Vault) -> Receipt {
    vault.look(&usual_look())
}

fn usual_look() -> Look<'static> {
    Look {
        room: "Room 2",
        at: DateTime::parse_from_rfc3339("2026-03-04T05:06:07+01:00").unwrap(),
        journal_compacted: true,
        fresh_process: true,
        expected: &EXPECTED,
    }
}

fn failed_checks(receipt: &Receipt) -> Vec<&str> {
    receipt.checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect()
}

#[test]
fn notes_come_back_whole_after_a_kill() {
    let place = place();
    let mut vault = place.vault();
    assert_eq!(vault.open().unwrap(), Opened::Fresh);
    vault.seal(&notes(1)).unwrap();
    vault.seal(&notes(7)).unwrap();
    drop(vault);
    let mut vault = place.vault();
    assert_eq!(vault.open().unwrap(), Opened::Restored(notes(7)));
    vault.seal(&notes(8)).unwrap();
    assert_eq!(place.vault().open().unwrap(), Opened::Restored(notes(8)));
    let blank = Notes { version: 9, ..Notes::default() };
    vault.seal(&blank).unwrap();
    assert_eq!(place.vault().open().unwrap(), Opened::Restored(blank));
}

#[test]
fn no_word_and_no_key_lies_in_the_state_directory() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let mut vault = place.vault();
    vault.open().unwrap();
    vault.seal(&notes(1)).unwrap();
    let key = fs::read(place.runtime.join(KEY_FILE)).unwrap();
    for entry in fs::read_dir(&place.state).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(8).any(|window| CANARY.as_bytes().windows(8).any(|word| word == window)));
        assert!(!bytes.windows(8).any(|window| key.windows(8).any(|part| part == window)));
    }
    for path in [place.sealed(), place.runtime.join(KEY_FILE), place.runtime.join(MARK_FILE)] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(!format!("{vault:?}").contains(CANARY));
}

#[test]
fn an_older_ciphertext_put_back_is_refused() {
    let place = place();
    let mut vault = place.vault();
    vault.open().unwrap();
    vault.seal(&notes(3)).unwrap();
    let older = fs::read(place.sealed()).unwrap();
    vault.seal(&notes(4)).unwrap();
    fs::write(place.sealed(), &older).unwrap();
    assert_eq!(place.vault().open().unwrap(), Opened::Damaged);
    // The vault goes on, with another key and nothing of the old.
    assert!(!place.sealed().exists());
    assert_eq!(place.vault().open().unwrap(), Opened::Fresh);
}

#[test]
fn an_older_version_is_not_sealed_over_a_newer() {
    let place = place();
    let mut vault = place.vault();
    vault.open().unwrap();
    vault.seal(&notes(5)).unwrap();
    assert!(matches!(vault.seal(&notes(4)), Err(VaultError::Older { given: 4, highest: 5 })));
    assert_eq!(place.vault().open().unwrap(), Opened::Restored(notes(5)));
}

#[test]
fn a_single_changed_or_missing_byte_is_noticed_wherever_it_is() {
    let place = place();
    let mut vault = place.vault();
    vault.open().unwrap();
    vault.seal(&notes(2)).unwrap();
    let key = seal::read_key(&place.runtime.join(KEY_FILE)).unwrap().unwrap();
    let sealed = fs::read(place.sealed()).unwrap();
    assert_eq!(seal::unseal(&key, sealed.clone(), 2), Some(notes(2)));
    for at in 0..sealed.len() {
        let mut tampered = sealed.clone();
        tampered[at] ^= 1;
        assert_eq!(seal::unseal(&key, tampered, 0), None, "byte {at}");
        assert_eq!(seal::unseal(&key, sealed[..at].to_vec(), 0), None, "cut at {at}");
    }
    let mark_file = place.runtime.join(MARK_FILE);
    let mark = fs::read(&mark_file).unwrap();
    for at in 0..mark.len() {
        let mut tampered = mark.clone();
        tampered[at] ^= 1;
        fs::write(&mark_file, tampered).unwrap();
        assert_eq!(seal::read_mark(&mark_file, &key).unwrap(), None, "byte {at} of the mark");
    }
}

#[test]
fn damage_of_any_file_opens_as_damage_and_the_vault_goes_on() {
    for (name, in_state) in [(SEALED_FILE, true), (KEY_FILE, false), (MARK_FILE, false)] {
        let place = place();
        let mut vault = place.vault();
        vault.open().unwrap();
        vault.seal(&notes(2)).unwrap();
        let path = if in_state { place.state.join(name) } else { place.runtime.join(name) };
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 0x80;
        fs::write(&path, &bytes).unwrap();
        let mut vault = place.vault();
        assert_eq!(vault.open().unwrap(), Opened::Damaged, "{name}");
        vault.seal(&notes(1)).unwrap();
        assert_eq!(place.vault().open().unwrap(), Opened::Restored(notes(1)), "{name}");
    }
}

#[test]
fn another_visits_key_opens_nothing() {
    let place = place();
    let other = place_with_notes();
    let mut vault = place.vault();
    vault.open().unwrap();
    vault.seal(&notes(1)).unwrap();
    fs::copy(other.runtime.join(KEY_FILE), place.runtime.join(KEY_FILE)).unwrap();
    fs::copy(other.runtime.join(MARK_FILE), place.runtime.join(MARK_FILE)).unwrap();
    assert_eq!(place.vault().open().unwrap(), Opened::Damaged);
}

fn place_with_notes() -> Place {
    let place = place();
    let mut vault = place.vault();
    vault.open().unwrap();
    vault.seal(&notes(1)).unwrap();
    place
}

#[test]
fn a_pulled_plug_loses_the_notes_and_says_so_once() {
    let place = place_with_notes();
    fs::remove_dir_all(&place.runtime).unwrap();
    private::make_dir(&place.runtime).unwrap();
    assert_eq!(place.vault().open().unwrap(), Opened::Lost);
    assert!(!place.sealed().exists());
    assert_eq!(place.vault().open().unwrap(), Opened::Fresh);
}

#[test]
fn a_stop_between_any_two_steps_of_sealing_keeps_the_older_or_the_newer_whole() {
    // After the temporary ciphertext, in part and whole.
    let place = place_with_notes();
    for left_over in [&b""[..], b"SRN1", &fs::read(place.sealed()).unwrap()] {
        fs::write(private::temporary_of(&place.sealed()), left_over).unwrap();
        assert_eq!(place.vault().open().unwrap(), Opened::Restored(notes(1)));
    }
    // After the ciphertext, before the mark.
    let mark_file = place.runtime.join(MARK_FILE);
    let older_mark = fs::read(&mark_file).unwrap();
    let mut vault = place.vault();
    vault.open().unwrap();
    vault.seal(&notes(2)).unwrap();
    fs::write(&mark_file, older_mark).unwrap();
    fs::write(private::temporary_of(&mark_file), b"SRM1").unwrap();
    let mut vault = place.vault();
    assert_eq!(vault.open().unwrap(), Opened::Restored(notes(2)));
    vault.seal(&notes(3)).unwrap();
    assert_eq!(place.vault().open().unwrap(), Opened::Restored(notes(3)));
    // While the first key is made: the mark alone, and half a key.
    let place = self::place();
    fs::write(place.runtime.join(MARK_FILE), b"SRM1").unwrap();
    fs::write(private::temporary_of(&place.runtime.join(KEY_FILE)), [1; 7]).unwrap();
    assert_eq!(place.vault().open().unwrap(), Opened::Fresh);
}

#[test]
fn a_runtime_directory_swept_in_mid_visit_is_made_anew() {
    let place = place_with_notes();
    let mut vault = place.vault();
    vault.open().unwrap();
    fs::remove_dir_all(&place.runtime).unwrap();
    vault.seal(&notes(2)).unwrap();
    assert_eq!(place.vault().open().unwrap(), Opened::Restored(notes(2)));
}

#[test]
fn a_wipe_leaves_nothing_may_be_repeated_and_closes_the_vault() {
    let place = place_with_notes();
    let mut vault = place.vault();
    vault.open().unwrap();
    fs::write(private::temporary_of(&place.sealed()), b"rest").unwrap();
    fs::write(private::temporary_of(&place.runtime.join(KEY_FILE)), [1; 32]).unwrap();
    vault.wipe().unwrap();
    vault.wipe().unwrap();
    place.vault().wipe().unwrap();
    assert_eq!(fs::read_dir(&place.state).unwrap().count(), 0);
    assert_eq!(fs::read_dir(&place.runtime).unwrap().count(), 0);
    // A seal that was on its way when the wipe came must not bring anything back.
    assert!(matches!(vault.seal(&notes(9)), Err(VaultError::NotOpen)));
    assert_eq!(fs::read_dir(&place.state).unwrap().count(), 0);
}

#[test]
fn a_wipe_stopped_after_the_key_is_finished_by_the_next() {
    let place = place_with_notes();
    private::destroy(&place.runtime.join(KEY_FILE)).unwrap();
    assert_eq!(failed_checks(&look(&place.vault())), ["no-visit-key", "no-sealed-notes", "only-expected-files"]);
    place.vault().wipe().unwrap();
    assert!(look(&place.vault()).is_verified());
}

#[test]
fn a_wipe_that_fails_says_what_and_goes_on_with_the_rest() {
    let place = place_with_notes();
    let key = place.runtime.join(KEY_FILE);
    fs::remove_file(&key).unwrap();
    fs::create_dir(&key).unwrap();
    let problem = place.vault().wipe().unwrap_err().to_string();
    assert!(problem.contains(KEY_FILE), "{problem}");
    assert!(!place.sealed().exists());
    assert_eq!(failed_checks(&look(&place.vault())), ["no-visit-key"]);
}

#[test]
fn a_new_visit_never_sees_the_notes_of_the_last() {
    let place = place_with_notes();
    let mut vault = place.vault();
    vault.begin().unwrap();
    assert_eq!(place.vault().open().unwrap(), Opened::Fresh);
}

#[test]
fn in_memory_only_nothing_goes_to_disk() {
    let place = place();
    let mut vault = Vault::new(place.state.clone(), KeyHome::Memory);
    assert_eq!(vault.open().unwrap(), Opened::Fresh);
    vault.seal(&notes(1)).unwrap();
    assert_eq!(fs::read_dir(&place.state).unwrap().count(), 0);
    assert_eq!(failed_checks(&look(&vault)), ["no-visit-key"]);
    vault.wipe().unwrap();
    assert!(look(&vault).is_verified());
}

#[test]
fn unexpected_files_are_seen() {
    let place = place();
    fs::write(place.state.join("journal"), "x").unwrap();
    fs::create_dir_all(place.state.join("cache/a")).unwrap();
    fs::write(place.state.join("cache/a/b"), "x").unwrap();
    assert!(look(&place.vault()).is_verified());
    fs::write(place.state.join("note.txt"), "x").unwrap();
    assert_eq!(failed_checks(&look(&place.vault())), ["only-expected-files"]);
    fs::remove_file(place.state.join("note.txt")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", place.state.join("cache/a/link")).unwrap();
    assert_eq!(failed_checks(&look(&place.vault())), ["only-expected-files"]);
    fs::remove_file(place.state.join("cache/a/link")).unwrap();
    fs::remove_file(place.state.join("journal")).unwrap();
    fs::create_dir(place.state.join("journal")).unwrap();
    assert_eq!(failed_checks(&look(&place.vault())), ["only-expected-files"]);
}

#[test]
fn receipts_are_chained_and_a_broken_chain_is_noticed() {
    let place = place();
    let vault = place.vault();
    assert_eq!(vault.last_receipt(), None);
    assert_eq!(vault.verify_chain().unwrap(), 0);
    let receipts: Vec<Receipt> = (0..3).map(|_| look(&vault)).collect();
    assert_eq!(receipts.iter().map(|receipt| receipt.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(receipts.iter().all(|receipt| receipt.chain.len() == 64 && receipt.at == "2026-03-04T05:06:07+01:00"));
    assert_eq!(vault.last_receipt().as_ref(), receipts.last());
    assert_eq!(vault.verify_chain().unwrap(), 3);
    let path = place.state.join(RECEIPTS_FILE);
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let broken = |text: String| {
        fs::write(&path, text).unwrap();
        match vault.verify_chain() {
            Err(ChainBroken::Line { line }) => line,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(broken(whole.replacen("true", "false", 1)), 1);
    assert_eq!(broken(format!("{}\n{}\n", lines[0], lines[2])), 2);
    assert_eq!(broken(format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2])), 1);
    assert_eq!(broken(format!("{}\n\n{}\n", lines[0], lines[1])), 2);
    assert_eq!(broken(format!("{}\n{}\n{}\n", lines[0], lines[1], lines[2].replace("Room 2", "Room 3"))), 3);
    // A receipt that is whole in itself, but of another room's history.
    fs::remove_file(&path).unwrap();
    let elsewhere = vault.look(&Look { room: "Room 9", journal_compacted: false, ..usual_look() });
    assert_eq!((elsewhere.number, vault.verify_chain().unwrap()), (1, 1));
    let exchanged = fs::read_to_string(&path).unwrap();
    assert_eq!(broken(format!("{exchanged}{}\n{}\n", lines[1], lines[2])), 2);
    for at in 0..lines[0].len() {
        let mut bytes = whole.clone().into_bytes();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(vault.verify_chain().is_err(), "byte {at}");
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
        assert_eq!(vault.verify_chain().unwrap(), 1, "torn at {end}");
        assert_eq!(look(&vault).number, 2);
        assert_eq!(vault.verify_chain().unwrap(), 2, "torn at {end}");
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
fn a_receipt_keeps_its_form() {
    let place = place();
    let receipt = look(&place.vault());
    assert_eq!(from_value(&to_value(&receipt)), Some(receipt.clone()));
    let line = fs::read_to_string(place.state.join(RECEIPTS_FILE)).unwrap();
    let expected = concat!(
        r#"{"number":1,"at":"2026-03-04T05:06:07+01:00","room":"Room 2","checks":["#,
        r#"{"name":"no-visit-key","ok":true},{"name":"no-sealed-notes","ok":true},"#,
        r#"{"name":"only-expected-files","ok":true},{"name":"journal-compacted","ok":true},"#,
        r#"{"name":"fresh-process","ok":true},{"name":"receipt-kept","ok":true}],"chain":""#,
    );
    assert_eq!(line, format!("{expected}{}\"}}\n", receipt.chain));
}
