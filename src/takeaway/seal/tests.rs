use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use age::secrecy::ExposeSecret;

use super::*;

const PDF: &[u8] = b"%PDF-1.7 k4n4ry";

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_sealed_note_opens_with_the_therapists_key_and_with_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let therapist = age::x25519::Identity::generate();
    let sealer = Sealer::new(&therapist.to_public().to_string(), Some(folder.path().to_owned())).unwrap();
    let code = sealer.seal(PDF, day()).unwrap();
    assert_eq!(names(folder.path()), [format!("stillroom-2026-11-22-{code}.pdf.age")]);
    let file = fs::read(folder.path().join(&names(folder.path())[0])).unwrap();
    assert!(!file.windows(6).any(|bytes| bytes == b"k4n4ry"));
    assert!(age::decrypt(&therapist, &file).unwrap() == PDF);
    assert!(age::decrypt(&age::x25519::Identity::generate(), &file).is_err());
}

#[test]
fn the_standard_tool_opens_it() {
    let Ok(made) = Command::new("age-keygen").output() else {
        eprintln!("age is not installed: not tried");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.txt");
    fs::write(&key, &made.stdout).unwrap();
    let text = String::from_utf8(made.stdout).unwrap();
    let public = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let place = tempfile::tempdir().unwrap();
    let code = Sealer::new(public, Some(place.path().to_owned())).unwrap().seal(PDF, day()).unwrap();
    let file = place.path().join(format!("stillroom-2026-11-22-{code}.pdf.age"));
    let opened = Command::new("age").arg("-d").arg("-i").arg(&key).arg(file).output().unwrap();
    assert!(opened.status.success() && opened.stdout == PDF);
}

#[test]
fn codes_are_unique_and_can_be_read_aloud() {
    let codes: std::collections::BTreeSet<String> = (0..500).map(|_| code().unwrap()).collect();
    assert_eq!(codes.len(), 500);
    let readable = |c: char| c.is_ascii_digit() || (c.is_ascii_uppercase() && !"ILOU".contains(c));
    assert!(codes.iter().all(|code| code.len() == 9 && code.replacen('-', "", 1).chars().all(readable)));
}

#[test]
fn a_text_that_is_not_a_key_is_refused_with_a_remedy() {
    let wrong = ["", "age1", "ssh-ed25519 AAAA", "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"];
    for recipient in wrong {
        let refused = Sealer::new(recipient, None).err().unwrap();
        assert!(refused.to_string().contains("age-keygen"));
    }
    let secret = age::x25519::Identity::generate().to_string();
    assert!(Sealer::new(secret.expose_secret(), None).is_err(), "a secret key must not be in a configuration");
}

#[test]
fn a_destination_that_cannot_be_written_is_reported_and_left_unchanged() {
    let public = age::x25519::Identity::generate().to_public().to_string();
    let gone = Sealer::new(&public, Some("/nowhere/at/all".into())).unwrap();
    assert!(matches!(gone.seal(PDF, day()), Err(SealError::Unwritable { .. })));
    let no_space = io::Error::from(rustix::io::Errno::NOSPC);
    assert!(matches!(SealError::at(Path::new("/x"), no_space), SealError::Full { .. }));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("taken"), b"x").unwrap();
    fs::create_dir(folder.path().join("note")).unwrap();
    fs::write(folder.path().join("note/inside"), b"x").unwrap();
    assert!(write(folder.path(), "note", PDF).is_err());
    let mut left = names(folder.path());
    left.sort();
    assert_eq!(left, ["note", "taken"]);
    if !rustix::process::geteuid().is_root() {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
        let closed = Sealer::new(&public, Some(folder.path().to_owned())).unwrap();
        assert!(matches!(closed.seal(PDF, day()), Err(SealError::Unwritable { .. })));
    }
}

#[test]
fn only_unfinished_files_are_removed_after_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let public = age::x25519::Identity::generate().to_public().to_string();
    let sealer = Sealer::new(&public, Some(folder.path().to_owned())).unwrap();
    fs::write(folder.path().join(format!("{UNFINISHED}x")), b"half").unwrap();
    let code = sealer.seal(PDF, day()).unwrap();
    sealer.remove_unfinished().unwrap();
    assert_eq!(names(folder.path()), [format!("stillroom-2026-11-22-{code}.pdf.age")]);
}

#[test]
fn an_unfinished_file_that_cannot_be_removed_is_reported_and_the_others_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let public = age::x25519::Identity::generate().to_public().to_string();
    let sealer = Sealer::new(&public, Some(folder.path().to_owned())).unwrap();
    // Not even the superuser can remove a folder like a file.
    let stuck = format!("{UNFINISHED}b");
    fs::create_dir(folder.path().join(&stuck)).unwrap();
    for name in ["a", "c"] {
        fs::write(folder.path().join(format!("{UNFINISHED}{name}")), b"half").unwrap();
    }
    let left = sealer.remove_unfinished();
    assert!(matches!(&left, Err(SealError::Left { destination, .. }) if destination == folder.path()), "{left:?}");
    assert_eq!(names(folder.path()), [stuck]);
    let gone = Sealer::new(&public, Some(folder.path().join("gone"))).unwrap();
    gone.remove_unfinished().unwrap();
    Sealer::new(&public, None).unwrap().remove_unfinished().unwrap();
}
