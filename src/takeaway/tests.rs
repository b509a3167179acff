use std::time::Duration;

use super::*;
use print::Patience;
use print_server::PrintServer;

const TYPEFACE: Typeface = Typeface {
    regular: include_bytes!("../../media/fonts/Literata_400Regular.ttf"),
    light: include_bytes!("../../media/fonts/Literata_300Light.ttf"),
};

fn take_away(state: &Path, folder: Option<&Path>) -> TakeAway {
    // A print server that is not there.
    let server = PrintServer::Socket(state.join("no-socket"));
    let printer = Printer::new(server, Some("desk".to_owned()), "stillroom-test".to_owned(), Patience::default());
    let key = age::x25519::Identity::generate().to_public().to_string();
    let sealer = folder.map(|folder| Sealer::new(&key, Some(folder.to_owned())).unwrap());
    TakeAway::new(Some(printer), sealer, PaperSize::Letter, TYPEFACE, state.to_owned())
}

fn with_errand<T>(take: impl FnOnce(&Errand<'_>) -> T) -> T {
    let blocks = [Block::Words("k4n4ry".to_owned())];
    let on = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    take(&Errand { blocks: &blocks, language: "en-US", number: &|at, of| format!("{at}/{of}"), on })
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_print_server_that_is_away_is_told() {
    let state = tempfile::tempdir().unwrap();
    let take_away = take_away(state.path(), None);
    assert!(!take_away.has_paper());
    assert_eq!(with_errand(|errand| take_away.print(errand)), Err(Fault::PrinterAway));
    assert!(take_away.is_clear());
}

#[test]
fn a_wipe_that_cannot_know_what_the_server_has_says_so() {
    let state = tempfile::tempdir().unwrap();
    let take_away = take_away(state.path(), None);
    std::fs::write(state.path().join(PRINTING), b"").unwrap();
    let began = std::time::Instant::now();
    assert!(take_away.purge().is_err());
    assert!(began.elapsed() < Duration::from_secs(2) && !is_clear(state.path()));
}

#[test]
fn a_room_in_which_nothing_was_taken_asks_nobody() {
    let state = tempfile::tempdir().unwrap();
    let take_away = take_away(state.path(), None);
    take_away.purge().unwrap();
    assert!(take_away.is_clear());
}

#[test]
fn a_sealed_note_leaves_one_file_there_and_none_here() {
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let take_away = take_away(state.path(), Some(folder.path()));
    assert!(take_away.has_key());
    with_errand(|errand| take_away.seal(errand)).unwrap();
    assert_eq!((entries(state.path()), entries(folder.path())), (0, 1));
    std::fs::write(state.path().join(SEALING), b"").unwrap();
    std::fs::write(folder.path().join(".stillroom-unfinished-x"), b"half").unwrap();
    take_away.purge().unwrap();
    assert_eq!((entries(state.path()), entries(folder.path())), (0, 1));
}

#[test]
fn nothing_leaves_a_room_that_could_not_take_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = take_away(Path::new("/proc/self/no-state"), Some(folder.path()));
    assert_eq!(with_errand(|errand| nowhere.seal(errand)), Err(Fault::NotMade));
    assert_eq!(entries(folder.path()), 0);
}
