mod golden;
mod records;
mod waiting;

use super::*;
use crate::paths::private;
use crate::room::call::CallId;
use crate::room::notes::PatientText;
use std::fs;
use std::sync::Mutex;

pub(super) fn at(ms: u64) -> RoomTime {
    RoomTime(ms)
}

fn story() -> Vec<(RoomTime, Event)> {
    vec![
        (at(0), Event::VisitBegins),
        (at(5), Event::ProfileChosen { name: "gentle-tide é".to_owned() }),
        (at(5), Event::SessionBegins { profile: None, infusion_minutes: Some(40), settle: false }),
        (at(90_000), Event::CallPressed { id: CallId(12), practice: false }),
        (at(91_000), Event::TimeMarked),
    ]
}

fn written(dir: &Path) -> Vec<u8> {
    let (journal, records, health) = Journal::open(dir);
    assert_eq!((records.len(), health), (0, JournalHealth::default()));
    for (time, event) in story() {
        journal.append_and_wait(time, &event).unwrap();
    }
    let bytes = fs::read(dir.join(JOURNAL_FILE)).unwrap();
    assert_eq!(journal.size_bytes(), bytes.len() as u64);
    journal.finish();
    bytes
}

fn lines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_was_written_comes_back_in_order() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let bytes = written(dir.path());
    assert_eq!(fs::metadata(dir.path().join(JOURNAL_FILE)).unwrap().permissions().mode() & 0o777, 0o600);
    let (journal, records, health) = Journal::open(dir.path());
    assert_eq!((records, health), (story(), JournalHealth::default()));
    journal.finish();
    assert_eq!(fs::read(dir.path().join(JOURNAL_FILE)).unwrap(), bytes);
    let first = String::from_utf8(bytes).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(first, format!("{} 0 {{\"event\":\"visit_begins\"}}", &first[..16]));
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_off_and_appending_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = written(dir.path());
    for end in 0..bytes.len() {
        fs::write(dir.path().join(JOURNAL_FILE), &bytes[..end]).unwrap();
        let (journal, records, health) = Journal::open(dir.path());
        let whole = lines(&bytes[..end]);
        assert_eq!(records, story()[..whole], "torn at {end}");
        let whole_bytes = bytes[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        assert_eq!(health.torn_bytes, (end - whole_bytes) as u64);
        assert!(!health.is_damaged && health.problem.is_none());
        journal.append_and_wait(at(99_000), &Event::Pause).unwrap();
        journal.finish();
        let (_journal, again, health) = Journal::open(dir.path());
        assert_eq!(again.len(), whole + 1, "torn at {end}");
        assert_eq!((again.last(), health), (Some(&(at(99_000), Event::Pause)), JournalHealth::default()));
    }
    assert_eq!(names(dir.path()), [JOURNAL_FILE]);
}

#[test]
fn zeros_that_a_power_cut_left_behind_are_a_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = written(dir.path());
    bytes.extend([0; 3000]);
    fs::write(dir.path().join(JOURNAL_FILE), &bytes).unwrap();
    let (_journal, records, health) = Journal::open(dir.path());
    assert_eq!((records, health.torn_bytes), (story(), 3000));
}

#[test]
fn a_byte_changed_anywhere_keeps_all_before_it_and_every_call() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = written(dir.path());
    for at_byte in 0..bytes.len() {
        for name in names(dir.path()) {
            fs::remove_file(dir.path().join(name)).unwrap();
        }
        let mut changed = bytes.clone();
        changed[at_byte] ^= 1;
        fs::write(dir.path().join(JOURNAL_FILE), &changed).unwrap();
        let (journal, records, health) = Journal::open(dir.path());
        let whole = lines(&bytes[..at_byte]);
        assert_eq!(records[..whole], story()[..whole], "byte {at_byte}");
        let call = story()[3].clone();
        let expected: Vec<_> = if whole < 3 { vec![call] } else { Vec::new() };
        if health.is_damaged {
            // A changed end of line joins two lines, so the one behind it is gone as well.
            let joined = bytes[at_byte] == b'\n';
            assert!(records[whole..] == expected || joined, "byte {at_byte}: {records:?}");
            let copy = health.damaged_copy.unwrap();
            assert_eq!(fs::read(copy).unwrap(), changed);
        } else {
            assert!(health.torn_bytes > 0, "byte {at_byte}");
        }
        journal.append_and_wait(at(99_000), &Event::Pause).unwrap();
        journal.finish();
        let (journal, again, health) = Journal::open(dir.path());
        assert!(!health.is_damaged && health.torn_bytes == 0, "byte {at_byte}");
        assert_eq!(again.len(), records.len() + 1, "byte {at_byte}");
        journal.finish();
    }
}

#[test]
fn damaged_journals_are_kept_up_to_a_bound_and_go_with_the_reset() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=6 {
        fs::write(dir.path().join(JOURNAL_FILE), format!("damage {round}\n")).unwrap();
        let (journal, records, health) = Journal::open(dir.path());
        assert!(records.is_empty() && health.is_damaged);
        journal.finish();
        assert_eq!(names(dir.path()).len(), 1 + round.min(DAMAGED_KEPT_MAX));
    }
    assert_eq!(fs::read_to_string(dir.path().join("journal.damaged-1")).unwrap(), "damage 1\n");
    assert_eq!(fs::read_to_string(dir.path().join("journal.damaged-4")).unwrap(), "damage 6\n");
    let (journal, ..) = Journal::open(dir.path());
    journal.compact(at(1), &[]).unwrap();
    assert_eq!(names(dir.path()), [JOURNAL_FILE]);
}

#[test]
fn records_of_another_version_are_left_out_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = written(dir.path());
    bytes.extend(reading::line(at(91_500), r#"{"event":"something_of_tomorrow"}"#));
    bytes.extend(reading::line(at(91_000), r#"{"event":"pause","of_tomorrow":1}"#));
    bytes.extend(reading::line(at(1), r#"{"event":"resume"}"#));
    fs::write(dir.path().join(JOURNAL_FILE), bytes).unwrap();
    let (_journal, records, health) = Journal::open(dir.path());
    assert_eq!(health, JournalHealth { unknown_records: 1, ..JournalHealth::default() });
    assert_eq!(records[5..], [(at(91_000), Event::Pause), (at(91_000), Event::Resume)]);
}

#[test]
fn compacting_leaves_only_what_is_given_and_a_stop_before_the_rename_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = written(dir.path());
    let path = dir.path().join(JOURNAL_FILE);
    for left_over in [&b""[..], &bytes[..30], &bytes] {
        fs::write(private::temporary_path(&path), left_over).unwrap();
        let (journal, records, _) = Journal::open(dir.path());
        assert_eq!((records, names(dir.path())), (story(), vec![JOURNAL_FILE.to_owned()]));
        journal.finish();
    }
    let (journal, ..) = Journal::open(dir.path());
    journal.append(at(92_000), &Event::Farewell, |_| ());
    journal.compact(at(93_000), &[Event::StaffReset, Event::TimeMarked]).unwrap();
    journal.append_and_wait(at(94_000), &Event::TurnoverDone).unwrap();
    journal.finish();
    let (_journal, records, health) = Journal::open(dir.path());
    assert_eq!(health, JournalHealth::default());
    let expected =
        [(at(93_000), Event::StaffReset), (at(93_000), Event::TimeMarked), (at(94_000), Event::TurnoverDone)];
    assert_eq!(records, expected);
}

#[test]
fn a_patients_words_never_reach_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, ..) = Journal::open(dir.path());
    let text = PatientText::new("the blue door");
    let refused = Err(JournalError::NotForJournal);
    assert_eq!(journal.append_and_wait(at(0), &Event::NoteTyped { text: text.clone() }), refused);
    assert_eq!(journal.compact(at(0), &[Event::ForClinicianWritten { text }]), refused);
    journal.finish();
    assert_eq!(fs::read(dir.path().join(JOURNAL_FILE)).unwrap(), b"");
}

#[test]
fn every_record_of_many_is_answered_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, ..) = Journal::open(dir.path());
    let answers = Arc::new(Mutex::new(Vec::new()));
    for number in 0..500 {
        let answers = Arc::clone(&answers);
        journal.append(at(number), &Event::SkipPiece, move |outcome| answers.lock().unwrap().push((number, outcome)));
    }
    journal.finish();
    let expected: Vec<_> = (0..500).map(|number| (number, Ok(()))).collect();
    assert_eq!(*answers.lock().unwrap(), expected);
    assert_eq!(Journal::open(dir.path()).1.len(), 500);
}

#[test]
fn a_disk_that_fails_is_told_and_what_it_missed_is_made_good_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("not-there-yet");
    let (journal, records, health) = Journal::open(&state);
    assert!(records.is_empty() && matches!(health.problem, Some(JournalError::Disk { .. })));
    let call = Event::CallPressed { id: CallId(1), practice: false };
    assert!(matches!(journal.append_and_wait(at(1), &call), Err(JournalError::Disk { .. })));
    assert!(matches!(journal.append_and_wait(at(2), &Event::TimeMarked), Err(JournalError::Disk { .. })));
    assert!(journal.compact(at(3), &[]).is_err());
    fs::create_dir(&state).unwrap();
    journal.append_and_wait(at(4), &Event::CallCleared).unwrap();
    journal.finish();
    assert_eq!(Journal::open(&state).1, [(at(1), call), (at(4), Event::CallCleared)]);
}

#[test]
fn a_full_disk_is_told_and_leaves_no_half_record() {
    // A device that takes nothing stands in for a full disk.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(JOURNAL_FILE);
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let (journal, _, health) = Journal::open(dir.path());
    assert!(health.problem.is_some());
    assert!(journal.append_and_wait(at(1), &Event::Pause).is_err());
    fs::remove_file(&path).unwrap();
    journal.append_and_wait(at(2), &Event::Resume).unwrap();
    journal.finish();
    assert_eq!(Journal::open(dir.path()).1, [(at(1), Event::Pause), (at(2), Event::Resume)]);
}

#[test]
fn a_journal_removed_while_in_use_is_noticed_once_and_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let (journal, ..) = Journal::open(dir.path());
    fs::remove_file(dir.path().join(JOURNAL_FILE)).unwrap();
    assert!(journal.append_and_wait(at(92_000), &Event::Pause).is_err());
    journal.append_and_wait(at(93_000), &Event::Resume).unwrap();
    journal.finish();
    assert_eq!(Journal::open(dir.path()).1, [(at(92_000), Event::Pause), (at(93_000), Event::Resume)]);
}

#[test]
fn a_damaged_journal_on_a_disk_that_takes_nothing_is_replaced_once_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(JOURNAL_FILE);
    let bytes = written(dir.path());
    let damaged = [&bytes[..], b"wrong\n"].concat();
    fs::write(&path, &damaged).unwrap();
    // A directory in the way of the temporary file makes every replacement fail, also for the superuser.
    fs::create_dir(private::temporary_path(&path)).unwrap();
    let (journal, records, health) = Journal::open(dir.path());
    assert_eq!(records, story());
    assert!(health.is_damaged && health.problem.is_some());
    assert!(journal.append_and_wait(at(92_000), &Event::Pause).is_err());
    assert_eq!(fs::read(&path).unwrap(), damaged);
    fs::remove_dir(private::temporary_path(&path)).unwrap();
    journal.append_and_wait(at(93_000), &Event::Resume).unwrap();
    journal.finish();
    let mut expected = story();
    expected.extend([(at(92_000), Event::Pause), (at(93_000), Event::Resume)]);
    assert_eq!(Journal::open(dir.path()).1, expected);
}

#[test]
fn rubbish_of_any_kind_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..200 {
        let mut bytes = Vec::new();
        for _ in 0..round * 3 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            bytes.push(if seed.is_multiple_of(17) { b'\n' } else { seed.to_le_bytes()[3] });
        }
        fs::write(dir.path().join(JOURNAL_FILE), &bytes).unwrap();
        let (journal, records, _) = Journal::open(dir.path());
        assert!(records.is_empty(), "round {round}");
        journal.append_and_wait(at(1), &Event::Pause).unwrap();
        journal.finish();
        assert_eq!(Journal::open(dir.path()).1.len(), 1, "round {round}");
    }
}

#[test]
fn a_journal_that_tells_of_a_visit_is_told_from_one_that_does_not() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!is_compacted(dir.path()), "no journal proves nothing");
    written(dir.path());
    assert!(!is_compacted(dir.path()));
    let (journal, ..) = Journal::open(dir.path());
    journal.append_and_wait(at(92_000), &Event::StaffReset).unwrap();
    assert!(!is_compacted(dir.path()));
    journal.compact(at(92_000), &[Event::StaffReset]).unwrap();
    assert!(is_compacted(dir.path()));
    // A call in the middle of a reset belongs there, and stays.
    journal.append_and_wait(at(93_000), &Event::CallPressed { id: CallId(12), practice: false }).unwrap();
    assert!(is_compacted(dir.path()));
    fs::write(dir.path().join("journal.damaged-1"), "x").unwrap();
    assert!(!is_compacted(dir.path()));
    fs::remove_file(dir.path().join("journal.damaged-1")).unwrap();
    journal.append_and_wait(at(94_000), &Event::VisitBegins).unwrap();
    assert!(!is_compacted(dir.path()));
}
