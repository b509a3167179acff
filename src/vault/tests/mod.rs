use super::*;
use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH, STROKE_WIDTH_MAX, Stroke, StrokePoint, Tint};
use crate::room::notes::{Answer, NotePage, PatientText};

mod receipts;

const CANARY: &str = "the blue door at the end of the garden";
const EXPECTED: [&str; 3] = ["journal", "lock", "cache/"];

struct TestDirectories {
    _dir: tempfile::TempDir,
    state: PathBuf,
    runtime: PathBuf,
}

fn directories() -> TestDirectories {
    let dir = tempfile::tempdir().unwrap();
    let (state, runtime) = (dir.path().join("state"), dir.path().join("run"));
    private::make_dir(&state).unwrap();
    private::make_dir(&runtime).unwrap();
    TestDirectories { _dir: dir, state, runtime }
}

impl TestDirectories {
    fn vault(&self) -> Vault {
        Vault::new(self.state.clone(), KeyStorage::Runtime(self.runtime.clone()))
    }

    fn sealed(&self) -> PathBuf {
        self.state.join(SEALED_FOLDER)
    }

    /// Returns the files of the sealed pieces, ordered by number: slot 0, then each page.
    fn pieces(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.sealed()).unwrap().map(|entry| entry.unwrap().path());
        let numbered = files.filter_map(|path| Some((path.file_stem()?.to_str()?.parse::<u64>().ok()?, path)));
        numbered.collect::<std::collections::BTreeMap<_, _>>().into_values().collect()
    }
}

/// Returns one stroke of each tint, from a dot to a line across the page.
fn drawing() -> Drawing {
    let strokes = Tint::ALL.into_iter().enumerate().map(|(index, tint)| {
        let points = (0..=index as u16).map(|at| StrokePoint {
            x: at * (PAGE_WIDTH / 4),
            y: PAGE_HEIGHT,
            width: STROKE_WIDTH_MAX,
        });
        Arc::new(Stroke::new(tint, points.collect()).unwrap())
    });
    Drawing::new(strokes.collect())
}

fn notes(version: u64) -> Arc<Notes> {
    Arc::new(Notes {
        pages: vec![
            NotePage::Words(PatientText::new(CANARY)),
            NotePage::Drawing(drawing()),
            NotePage::Drawing(Drawing::default()),
            NotePage::Words(PatientText::new(format!("the last page, version {version} é 🌊"))),
        ],
        intentions: [
            PatientText::new("why").into(),
            Answer { drawing: drawing(), ..Answer::default() },
            Answer { text: PatientText::new("what"), drawing: drawing() },
        ],
        for_clinician: PatientText::new("I am afraid of the mask"),
        shared: true,
        version,
    })
}

fn restored(version: u64) -> Opened {
    Opened::Restored(Notes::clone(&notes(version)))
}

fn verify_wipe(vault: &Vault) -> Receipt {
    vault.verify_wipe(&usual_context())
}

fn usual_context() -> WipeContext<'static> {
    WipeContext {
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
fn notes_are_restored_after_a_kill() {
    let directories = directories();
    let mut vault = directories.vault();
    assert_eq!(vault.open().unwrap(), Opened::Fresh);
    vault.seal(&notes(1)).unwrap();
    vault.seal(&notes(7)).unwrap();
    drop(vault);
    let mut vault = directories.vault();
    assert_eq!(vault.open().unwrap(), restored(7));
    vault.seal(&notes(8)).unwrap();
    assert_eq!(directories.vault().open().unwrap(), restored(8));
    let blank = Notes { version: 9, ..Notes::default() };
    vault.seal(&Arc::new(blank.clone())).unwrap();
    assert_eq!(directories.vault().open().unwrap(), Opened::Restored(blank));
}

#[test]
fn neither_words_nor_the_key_are_readable_in_the_state_directory() {
    use std::os::unix::fs::PermissionsExt;
    let directories = directories();
    let mut vault = directories.vault();
    vault.open().unwrap();
    vault.seal(&notes(1)).unwrap();
    let key = fs::read(directories.runtime.join(KEY_FILE)).unwrap();
    for path in directories.pieces() {
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(8).any(|window| CANARY.as_bytes().windows(8).any(|word| word == window)));
        assert!(!bytes.windows(8).any(|window| key.windows(8).any(|part| part == window)));
    }
    for path in directories
        .pieces()
        .into_iter()
        .chain([directories.runtime.join(KEY_FILE), directories.runtime.join(MANIFEST_FILE)])
    {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(!format!("{vault:?}").contains(CANARY));
}

#[test]
fn an_older_page_that_is_put_back_is_refused_under_any_name_and_the_rest_opens() {
    let directories = directories();
    let mut vault = directories.vault();
    vault.open().unwrap();
    vault.seal(&notes(3)).unwrap();
    let older = directories.pieces();
    let older_page = fs::read(&older[4]).unwrap();
    vault.seal(&notes(4)).unwrap();
    assert!(!older[4].exists() && older[1].exists(), "only what has changed is sealed again");
    let newest = directories.pieces().pop().unwrap();
    for name in [newest.clone(), older[4].clone(), directories.sealed().join("77.sealed")] {
        let directories = directories_with_notes();
        let mut vault = directories.vault();
        vault.open().unwrap();
        vault.seal(&notes(4)).unwrap();
        // Writes a page that was sealed with a different key, in the place of a piece or as an additional file.
        fs::write(directories.sealed().join(name.file_name().unwrap()), &older_page).unwrap();
        let opened = directories.vault().open().unwrap();
        assert!(!matches!(&opened, Opened::Restored(found) if *found != *notes(4)), "{opened:?}");
    }
    // Replaces the newest piece with an older page that was sealed with the same key, and puts that page back under its
    // own name, too.
    fs::remove_file(&newest).unwrap();
    fs::write(&newest, &older_page).unwrap();
    fs::write(&older[4], &older_page).unwrap();
    let mut rest = Notes::clone(&notes(4));
    rest.pages.pop();
    assert_eq!(directories.vault().open().unwrap(), Opened::Partly(rest.clone()));
    // The damage is reported only once: the intact notes now count as complete.
    assert_eq!(directories.vault().open().unwrap(), Opened::Restored(rest));
    assert_eq!(directories.pieces().len(), 4);
}

#[test]
fn an_older_version_never_replaces_a_newer_one() {
    let directories = directories();
    let mut vault = directories.vault();
    vault.open().unwrap();
    vault.seal(&notes(5)).unwrap();
    assert!(matches!(vault.seal(&notes(4)), Err(VaultError::Older { given: 4, highest: 5 })));
    assert_eq!(directories.vault().open().unwrap(), restored(5));
}

#[test]
fn a_single_changed_or_missing_byte_is_noticed_anywhere() {
    let directories = directories();
    let mut vault = directories.vault();
    vault.open().unwrap();
    vault.seal(&notes(2)).unwrap();
    let key = seal::read_key(&directories.runtime.join(KEY_FILE)).unwrap().unwrap();
    for file in directories.pieces() {
        let sealed = fs::read(file).unwrap();
        assert!(seal::open_piece(&key, sealed.clone()).is_some());
        for at in 0..sealed.len() {
            let mut tampered = sealed.clone();
            tampered[at] ^= 1;
            assert!(seal::open_piece(&key, tampered).is_none(), "byte {at}");
            assert!(seal::open_piece(&key, sealed[..at].to_vec()).is_none(), "cut at {at}");
        }
    }
    let manifest_file = directories.runtime.join(MANIFEST_FILE);
    let manifest = fs::read(&manifest_file).unwrap();
    for at in 0..manifest.len() {
        let mut tampered = manifest.clone();
        tampered[at] ^= 1;
        fs::write(&manifest_file, tampered).unwrap();
        assert_eq!(seal::read_manifest(&manifest_file, &key).unwrap(), None, "byte {at} of the manifest");
    }
}

#[test]
fn damage_to_one_piece_loses_only_that_piece() {
    for (slot, truncated) in [(0, false), (1, false), (1, true), (2, true), (4, true)] {
        let directories = directories_with_notes();
        let file = directories.pieces().remove(slot);
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 0x80;
        bytes.truncate(if truncated { bytes.len() / 2 } else { bytes.len() });
        fs::write(&file, &bytes).unwrap();
        let mut rest = Notes::clone(&notes(1));
        match slot.checked_sub(1) {
            Some(page) => drop(rest.pages.remove(page)),
            None => rest = Notes { pages: rest.pages, version: 1, ..Notes::default() },
        }
        let mut vault = directories.vault();
        assert_eq!(vault.open().unwrap(), Opened::Partly(rest), "{slot}");
        vault.seal(&notes(2)).unwrap();
        assert_eq!(directories.vault().open().unwrap(), restored(2), "{slot}");
    }
}

#[test]
fn a_lost_manifest_is_reported_and_loses_no_page() {
    for left in [None, Some(&b"\xf7STILLROOM-MARK3"[..])] {
        let directories = directories_with_notes();
        let manifest_file = directories.runtime.join(MANIFEST_FILE);
        match left {
            Some(bytes) => fs::write(&manifest_file, bytes).unwrap(),
            None => fs::remove_file(&manifest_file).unwrap(),
        }
        assert_eq!(directories.vault().open().unwrap(), Opened::Partly(Notes::clone(&notes(1))));
        assert_eq!(directories.vault().open().unwrap(), restored(1));
    }
}

#[test]
fn notes_that_cannot_be_sealed_again_after_damage_are_not_lost() {
    let directories = directories_with_notes();
    fs::write(directories.pieces().pop().unwrap(), b"damaged").unwrap();
    // Not even the superuser can replace a folder that is not empty, so writing the manifest fails.
    let in_the_way = private::temporary_path(&directories.runtime.join(MANIFEST_FILE));
    fs::create_dir_all(in_the_way.join("x")).unwrap();
    let mut rest = Notes::clone(&notes(1));
    rest.pages.pop();
    let mut vault = directories.vault();
    assert_eq!(vault.open().unwrap(), Opened::PartlyUnsealed(rest.clone()));
    assert!(vault.seal(&Arc::new(rest.clone())).is_err());
    fs::remove_dir_all(&in_the_way).unwrap();
    // The vault is open, and the next start finds the same damage until the notes are sealed again.
    assert_eq!(directories.vault().open().unwrap(), Opened::Partly(rest.clone()));
    vault.seal(&notes(2)).unwrap();
    assert_eq!(directories.vault().open().unwrap(), restored(2));
}

#[test]
fn a_damaged_key_opens_nothing_and_the_vault_goes_on() {
    let directories = directories_with_notes();
    let path = directories.runtime.join(KEY_FILE);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 0x80;
    fs::write(&path, &bytes).unwrap();
    let mut vault = directories.vault();
    assert_eq!(vault.open().unwrap(), Opened::Damaged);
    vault.seal(&notes(1)).unwrap();
    assert_eq!(directories.vault().open().unwrap(), restored(1));
}

#[test]
fn another_visits_key_opens_nothing() {
    let directories = directories();
    let other = directories_with_notes();
    let mut vault = directories.vault();
    vault.open().unwrap();
    vault.seal(&notes(1)).unwrap();
    fs::copy(other.runtime.join(KEY_FILE), directories.runtime.join(KEY_FILE)).unwrap();
    fs::copy(other.runtime.join(MANIFEST_FILE), directories.runtime.join(MANIFEST_FILE)).unwrap();
    assert_eq!(directories.vault().open().unwrap(), Opened::Damaged);
}

fn directories_with_notes() -> TestDirectories {
    let directories = directories();
    let mut vault = directories.vault();
    vault.open().unwrap();
    vault.seal(&notes(1)).unwrap();
    directories
}

#[test]
fn a_power_cut_loses_the_notes_and_is_reported_once() {
    let directories = directories_with_notes();
    fs::remove_dir_all(&directories.runtime).unwrap();
    private::make_dir(&directories.runtime).unwrap();
    assert_eq!(directories.vault().open().unwrap(), Opened::Lost);
    assert!(!directories.sealed().exists());
    assert_eq!(directories.vault().open().unwrap(), Opened::Fresh);
}

#[test]
fn an_interruption_between_any_two_steps_of_sealing_leaves_the_old_version_or_the_new() {
    // The interruption comes while the temporary file of a piece is being written, or just after that.
    let directories = directories_with_notes();
    let whole = fs::read(&directories.pieces()[1]).unwrap();
    for left_over in [&b""[..], b"STILL", &whole] {
        fs::write(private::temporary_path(&directories.sealed().join("9.sealed")), left_over).unwrap();
        assert_eq!(directories.vault().open().unwrap(), restored(1));
    }
    // The interruption comes between writing the new pieces and writing the manifest. The old version is valid, and no
    // damage is reported.
    let manifest_file = directories.runtime.join(MANIFEST_FILE);
    let older_manifest = fs::read(&manifest_file).unwrap();
    let older_files: Vec<(PathBuf, Vec<u8>)> =
        directories.pieces().into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect();
    let mut vault = directories.vault();
    vault.open().unwrap();
    vault.seal(&notes(2)).unwrap();
    for (file, bytes) in older_files {
        fs::write(file, bytes).unwrap();
    }
    let newer_manifest = fs::read(&manifest_file).unwrap();
    fs::write(&manifest_file, older_manifest).unwrap();
    fs::write(private::temporary_path(&manifest_file), b"STILL").unwrap();
    assert_eq!(directories.vault().open().unwrap(), restored(1));
    // The interruption comes between writing the manifest and removing the old pieces.
    fs::write(&manifest_file, newer_manifest).unwrap();
    let mut vault = directories.vault();
    assert_eq!(vault.open().unwrap(), restored(2));
    vault.seal(&notes(3)).unwrap();
    assert_eq!(directories.vault().open().unwrap(), restored(3));
    assert_eq!(directories.pieces().len(), 5);
    // The interruption comes between writing the first piece and writing the first manifest that names a piece.
    let directories = self::directories();
    directories.vault().open().unwrap();
    private::make_dir(&directories.sealed()).unwrap();
    fs::write(directories.sealed().join("1.sealed"), whole).unwrap();
    assert_eq!(directories.vault().open().unwrap(), Opened::Fresh);
    // The interruption comes while the first key is being written, so there are only the manifest and a temporary file
    // with part of the key.
    let directories = self::directories();
    fs::write(directories.runtime.join(MANIFEST_FILE), b"STILL").unwrap();
    fs::write(private::temporary_path(&directories.runtime.join(KEY_FILE)), [1; 7]).unwrap();
    assert_eq!(directories.vault().open().unwrap(), Opened::Fresh);
}

#[test]
fn a_runtime_directory_removed_during_a_visit_is_created_again() {
    let directories = directories_with_notes();
    let mut vault = directories.vault();
    vault.open().unwrap();
    fs::remove_dir_all(&directories.runtime).unwrap();
    vault.seal(&notes(2)).unwrap();
    assert_eq!(directories.vault().open().unwrap(), restored(2));
}

#[test]
fn a_wipe_leaves_nothing_may_be_repeated_and_closes_the_vault() {
    let directories = directories_with_notes();
    let mut vault = directories.vault();
    vault.open().unwrap();
    fs::write(private::temporary_path(&directories.sealed().join("1.sealed")), b"rest").unwrap();
    fs::create_dir(directories.sealed().join("folder")).unwrap();
    fs::write(private::temporary_path(&directories.runtime.join(KEY_FILE)), [1; 32]).unwrap();
    vault.wipe().unwrap();
    vault.wipe().unwrap();
    directories.vault().wipe().unwrap();
    assert_eq!(fs::read_dir(&directories.state).unwrap().count(), 0);
    assert_eq!(fs::read_dir(&directories.runtime).unwrap().count(), 0);
    // A request to seal notes may still be pending during a wipe. It must not bring anything back.
    assert!(matches!(vault.seal(&notes(9)), Err(VaultError::NotOpen)));
    assert_eq!(fs::read_dir(&directories.state).unwrap().count(), 0);
}

#[test]
fn a_wipe_interrupted_after_the_key_is_completed_by_the_next() {
    let directories = directories_with_notes();
    private::destroy(&directories.runtime.join(KEY_FILE)).unwrap();
    assert_eq!(
        failed_checks(&verify_wipe(&directories.vault())),
        ["no-visit-key", "no-sealed-notes", "only-expected-files"]
    );
    directories.vault().wipe().unwrap();
    assert!(verify_wipe(&directories.vault()).is_verified());
}

#[test]
fn a_wipe_that_fails_names_the_file_and_destroys_the_rest() {
    let directories = directories_with_notes();
    let key = directories.runtime.join(KEY_FILE);
    fs::remove_file(&key).unwrap();
    fs::create_dir(&key).unwrap();
    let problem = directories.vault().wipe().unwrap_err().to_string();
    assert!(problem.contains(KEY_FILE), "{problem}");
    assert!(!directories.sealed().exists());
    assert_eq!(failed_checks(&verify_wipe(&directories.vault())), ["no-visit-key"]);
}

#[test]
fn a_new_visit_never_sees_the_notes_of_the_last() {
    let directories = directories_with_notes();
    let mut vault = directories.vault();
    vault.begin().unwrap();
    assert_eq!(directories.vault().open().unwrap(), Opened::Fresh);
}

#[test]
fn with_keys_in_memory_nothing_is_written_to_disk() {
    let directories = directories();
    let mut vault = Vault::new(directories.state.clone(), KeyStorage::Memory);
    assert_eq!(vault.open().unwrap(), Opened::Fresh);
    vault.seal(&notes(1)).unwrap();
    assert_eq!(fs::read_dir(&directories.state).unwrap().count(), 0);
    assert_eq!(failed_checks(&verify_wipe(&vault)), ["no-visit-key"]);
    vault.wipe().unwrap();
    assert!(verify_wipe(&vault).is_verified());
}

#[test]
fn unexpected_files_fail_the_verification() {
    let directories = directories();
    fs::write(directories.state.join("journal"), "x").unwrap();
    fs::create_dir_all(directories.state.join("cache/a")).unwrap();
    fs::write(directories.state.join("cache/a/b"), "x").unwrap();
    assert!(verify_wipe(&directories.vault()).is_verified());
    fs::write(directories.state.join("note.txt"), "x").unwrap();
    assert_eq!(failed_checks(&verify_wipe(&directories.vault())), ["only-expected-files"]);
    fs::remove_file(directories.state.join("note.txt")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", directories.state.join("cache/a/link")).unwrap();
    assert_eq!(failed_checks(&verify_wipe(&directories.vault())), ["only-expected-files"]);
    fs::remove_file(directories.state.join("cache/a/link")).unwrap();
    fs::remove_file(directories.state.join("journal")).unwrap();
    fs::create_dir(directories.state.join("journal")).unwrap();
    assert_eq!(failed_checks(&verify_wipe(&directories.vault())), ["only-expected-files"]);
}
