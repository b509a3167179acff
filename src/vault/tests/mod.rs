use super::*;
use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH, Stroke, StrokePoint, Tint};
use crate::room::notes::{Page, PatientText};

mod receipts;

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
        self.state.join(SEALED_FOLDER)
    }

    /// The files of the sealed pieces, in the order of their numbers: first the words, then each page.
    fn pieces(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.sealed()).unwrap().map(|entry| entry.unwrap().path());
        let numbered = files.filter_map(|path| Some((path.file_stem()?.to_str()?.parse::<u64>().ok()?, path)));
        numbered.collect::<std::collections::BTreeMap<_, _>>().into_values().collect()
    }
}

/// A stroke of each tint, from a dot to a line across the page.
fn drawing() -> Drawing {
    let strokes = Tint::ALL.into_iter().enumerate().map(|(index, tint)| {
        let points = (0..=index as u16).map(|at| StrokePoint { x: at * (PAGE_WIDTH / 4), y: PAGE_HEIGHT, width: 255 });
        Arc::new(Stroke::new(tint, points.collect()).unwrap())
    });
    Drawing::of(strokes.collect())
}

fn notes(version: u64) -> Arc<Notes> {
    Arc::new(Notes {
        pages: vec![
            Page::Words(PatientText::new(CANARY)),
            Page::Drawing(drawing()),
            Page::Drawing(Drawing::default()),
            Page::Words(PatientText::new(format!("the last page, version {version} é 🌊"))),
        ],
        intentions: [PatientText::new("why"), PatientText::default(), PatientText::new("what")],
        for_clinician: PatientText::new("I am afraid of the mask"),
        shared: true,
        version,
    })
}

fn restored(version: u64) -> Opened {
    Opened::Restored(Notes::clone(&notes(version)))
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
        more: &[],
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
    assert_eq!(vault.open().unwrap(), restored(7));
    vault.seal(&notes(8)).unwrap();
    assert_eq!(place.vault().open().unwrap(), restored(8));
    let blank = Notes { version: 9, ..Notes::default() };
    vault.seal(&Arc::new(blank.clone())).unwrap();
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
    for path in place.pieces() {
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(8).any(|window| CANARY.as_bytes().windows(8).any(|word| word == window)));
        assert!(!bytes.windows(8).any(|window| key.windows(8).any(|part| part == window)));
    }
    for path in place.pieces().into_iter().chain([place.runtime.join(KEY_FILE), place.runtime.join(MARK_FILE)]) {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(!format!("{vault:?}").contains(CANARY));
}

#[test]
fn an_older_page_put_back_is_refused_under_any_name_and_the_rest_opens() {
    let place = place();
    let mut vault = place.vault();
    vault.open().unwrap();
    vault.seal(&notes(3)).unwrap();
    let older = place.pieces();
    let older_page = fs::read(&older[4]).unwrap();
    vault.seal(&notes(4)).unwrap();
    assert!(!older[4].exists() && older[1].exists(), "only what changed is sealed anew");
    let newest = place.pieces().pop().unwrap();
    for name in [newest.clone(), older[4].clone(), place.sealed().join("77.sealed")] {
        let place = place_with_notes();
        let mut vault = place.vault();
        vault.open().unwrap();
        vault.seal(&notes(4)).unwrap();
        // Of another key, and of the same.
        fs::write(place.sealed().join(name.file_name().unwrap()), &older_page).unwrap();
        let opened = place.vault().open().unwrap();
        assert!(!matches!(&opened, Opened::Restored(found) if *found != *notes(4)), "{opened:?}");
    }
    fs::remove_file(&newest).unwrap();
    fs::write(&newest, &older_page).unwrap();
    fs::write(&older[4], &older_page).unwrap();
    let mut rest = Notes::clone(&notes(4));
    rest.pages.pop();
    assert_eq!(place.vault().open().unwrap(), Opened::Partly(rest.clone()));
    // It is told once; the vault goes on with the rest.
    assert_eq!(place.vault().open().unwrap(), Opened::Restored(rest));
    assert_eq!(place.pieces().len(), 4);
}

#[test]
fn an_older_version_is_not_sealed_over_a_newer() {
    let place = place();
    let mut vault = place.vault();
    vault.open().unwrap();
    vault.seal(&notes(5)).unwrap();
    assert!(matches!(vault.seal(&notes(4)), Err(VaultError::Older { given: 4, highest: 5 })));
    assert_eq!(place.vault().open().unwrap(), restored(5));
}

#[test]
fn a_single_changed_or_missing_byte_is_noticed_wherever_it_is() {
    let place = place();
    let mut vault = place.vault();
    vault.open().unwrap();
    vault.seal(&notes(2)).unwrap();
    let key = seal::read_key(&place.runtime.join(KEY_FILE)).unwrap().unwrap();
    for file in place.pieces() {
        let sealed = fs::read(file).unwrap();
        assert!(seal::open_piece(&key, sealed.clone()).is_some());
        for at in 0..sealed.len() {
            let mut tampered = sealed.clone();
            tampered[at] ^= 1;
            assert!(seal::open_piece(&key, tampered).is_none(), "byte {at}");
            assert!(seal::open_piece(&key, sealed[..at].to_vec()).is_none(), "cut at {at}");
        }
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
fn damage_of_one_piece_costs_that_piece_and_the_rest_opens() {
    for (slot, truncated) in [(0, false), (1, false), (1, true), (2, true), (4, true)] {
        let place = place_with_notes();
        let file = place.pieces().remove(slot);
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 0x80;
        bytes.truncate(if truncated { bytes.len() / 2 } else { bytes.len() });
        fs::write(&file, &bytes).unwrap();
        let mut rest = Notes::clone(&notes(1));
        match slot.checked_sub(1) {
            Some(page) => drop(rest.pages.remove(page)),
            None => rest = Notes { pages: rest.pages, version: 1, ..Notes::default() },
        }
        let mut vault = place.vault();
        assert_eq!(vault.open().unwrap(), Opened::Partly(rest), "{slot}");
        vault.seal(&notes(2)).unwrap();
        assert_eq!(place.vault().open().unwrap(), restored(2), "{slot}");
    }
}

#[test]
fn a_lost_mark_is_told_and_costs_no_page() {
    for left in [None, Some(&b"\xf7STILLROOM-MARK2"[..])] {
        let place = place_with_notes();
        let mark_file = place.runtime.join(MARK_FILE);
        match left {
            Some(bytes) => fs::write(&mark_file, bytes).unwrap(),
            None => fs::remove_file(&mark_file).unwrap(),
        }
        assert_eq!(place.vault().open().unwrap(), Opened::Partly(Notes::clone(&notes(1))));
        assert_eq!(place.vault().open().unwrap(), restored(1));
    }
}

#[test]
fn a_damaged_key_opens_nothing_and_the_vault_goes_on() {
    let place = place_with_notes();
    let path = place.runtime.join(KEY_FILE);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 0x80;
    fs::write(&path, &bytes).unwrap();
    let mut vault = place.vault();
    assert_eq!(vault.open().unwrap(), Opened::Damaged);
    vault.seal(&notes(1)).unwrap();
    assert_eq!(place.vault().open().unwrap(), restored(1));
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
    let whole = fs::read(&place.pieces()[1]).unwrap();
    for left_over in [&b""[..], b"STILL", &whole] {
        fs::write(private::temporary_of(&place.sealed().join("9.sealed")), left_over).unwrap();
        assert_eq!(place.vault().open().unwrap(), restored(1));
    }
    // After each of the new pieces, before the mark: all of it as it was, none of it told as damage.
    let mark_file = place.runtime.join(MARK_FILE);
    let older_mark = fs::read(&mark_file).unwrap();
    let older_files: Vec<(PathBuf, Vec<u8>)> =
        place.pieces().into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect();
    let mut vault = place.vault();
    vault.open().unwrap();
    vault.seal(&notes(2)).unwrap();
    for (file, bytes) in older_files {
        fs::write(file, bytes).unwrap();
    }
    let newer_mark = fs::read(&mark_file).unwrap();
    fs::write(&mark_file, older_mark).unwrap();
    fs::write(private::temporary_of(&mark_file), b"STILL").unwrap();
    assert_eq!(place.vault().open().unwrap(), restored(1));
    // After the mark, before what is no longer needed has gone.
    fs::write(&mark_file, newer_mark).unwrap();
    let mut vault = place.vault();
    assert_eq!(vault.open().unwrap(), restored(2));
    vault.seal(&notes(3)).unwrap();
    assert_eq!(place.vault().open().unwrap(), restored(3));
    assert_eq!(place.pieces().len(), 5);
    // After the very first piece, before the first mark that names one.
    let place = self::place();
    place.vault().open().unwrap();
    private::make_dir(&place.sealed()).unwrap();
    fs::write(place.sealed().join("1.sealed"), whole).unwrap();
    assert_eq!(place.vault().open().unwrap(), Opened::Fresh);
    // While the first key is made: the mark alone, and half a key.
    let place = self::place();
    fs::write(place.runtime.join(MARK_FILE), b"STILL").unwrap();
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
    assert_eq!(place.vault().open().unwrap(), restored(2));
}

#[test]
fn a_wipe_leaves_nothing_may_be_repeated_and_closes_the_vault() {
    let place = place_with_notes();
    let mut vault = place.vault();
    vault.open().unwrap();
    fs::write(private::temporary_of(&place.sealed().join("1.sealed")), b"rest").unwrap();
    fs::create_dir(place.sealed().join("folder")).unwrap();
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
