use std::time::Duration;

use super::*;
use print::PrintTimeouts;
use print_server::PrintServer;

pub(super) const TYPEFACE: Typeface = Typeface {
    regular: include_bytes!("../../media/fonts/Literata_400Regular.ttf"),
    medium: include_bytes!("../../media/fonts/Literata_500Medium.ttf"),
};

fn take_away(state: &Path, folder: Option<&Path>) -> TakeAway {
    // There is no socket at this path, so the print server never responds.
    let server = PrintServer::Socket(state.join("no-socket"));
    let printer = Printer::new(server, Some("desk".to_owned()), "stillroom-test".to_owned(), PrintTimeouts::default());
    let key = age::x25519::Identity::generate().to_public().to_string();
    let sealer = folder.map(|folder| Sealer::new(&key, Some(folder.to_owned())).unwrap());
    TakeAway::new(Some(printer), sealer, PaperSize::Letter, TYPEFACE, state.to_owned())
}

pub(super) fn with_note<T>(take: impl FnOnce(&PreparedNote<'_>) -> T) -> T {
    let blocks = [Block::Words("k4n4ry".to_owned())];
    let date = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    take(&PreparedNote { blocks: &blocks, language: "en-US", sheet_number: &|at, of| format!("{at}/{of}"), date })
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_missing_print_server_is_reported() {
    let state = tempfile::tempdir().unwrap();
    let take_away = take_away(state.path(), None);
    assert!(!take_away.can_print());
    assert_eq!(with_note(|note| take_away.print(note)), Err(TakeHomeError::PrinterAway));
    assert!(take_away.is_clear());
}

#[test]
fn a_wipe_fails_if_the_print_server_may_still_have_a_job() {
    let state = tempfile::tempdir().unwrap();
    let take_away = take_away(state.path(), None);
    std::fs::write(state.path().join(PRINTING), b"").unwrap();
    let began = std::time::Instant::now();
    assert!(take_away.purge().is_err());
    assert!(began.elapsed() < Duration::from_secs(2) && !is_clear(state.path()));
}

#[test]
fn a_wipe_asks_no_server_if_nothing_was_taken_home() {
    let state = tempfile::tempdir().unwrap();
    let take_away = take_away(state.path(), None);
    take_away.purge().unwrap();
    assert!(take_away.is_clear());
}

#[test]
fn a_sealed_note_is_one_file_at_its_destination_and_none_in_the_room() {
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let take_away = take_away(state.path(), Some(folder.path()));
    assert!(take_away.can_seal());
    with_note(|note| take_away.seal(note)).unwrap();
    assert_eq!((entries(state.path()), entries(folder.path())), (0, 1));
    std::fs::write(state.path().join(SEALING), b"").unwrap();
    std::fs::write(folder.path().join(".stillroom-unfinished-x"), b"half").unwrap();
    take_away.purge().unwrap();
    assert_eq!((entries(state.path()), entries(folder.path())), (0, 1));
}

#[test]
fn a_wipe_fails_while_an_unfinished_file_cannot_be_removed() {
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let take_away = take_away(state.path(), Some(folder.path()));
    let stuck = folder.path().join(".stillroom-unfinished-x");
    std::fs::create_dir(&stuck).unwrap();
    std::fs::write(state.path().join(SEALING), b"").unwrap();
    // The marker file stays even if another note is sealed before the wipe.
    with_note(|note| take_away.seal(note)).unwrap();
    let failed = take_away.purge().unwrap_err().to_string();
    assert!(failed.contains("an unfinished file at") && failed.contains("make the folder writable"), "{failed}");
    assert!(!take_away.is_clear());
    std::fs::remove_dir(&stuck).unwrap();
    take_away.purge().unwrap();
    assert!(take_away.is_clear());
}

#[test]
fn nothing_leaves_the_room_without_a_marker_file() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = take_away(Path::new("/proc/self/no-state"), Some(folder.path()));
    assert_eq!(with_note(|note| nowhere.seal(note)), Err(TakeHomeError::NotMade));
    assert_eq!(entries(folder.path()), 0);
}
