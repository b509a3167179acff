mod backlog;
mod golden;
mod records;

use super::*;
use crate::paths::private;
use crate::room::call::CallId;
use crate::room::notes::PatientText;
use std::fs;
use std::sync::Mutex;

pub(super) fn at(ms: u64) -> RoomTime {
    RoomTime(ms)
}

fn sample_records() -> Vec<(RoomTime, Event)> {
    vec![
        (at(0), Event::VisitBegins),
        (at(5), Event::ProfileChosen { name: "gentle-tide é".to_owned() }),
        (at(5), Event::SessionBegins { profile: None, infusion_minutes: Some(40), settle: false }),
        (at(90_000), Event::CallPressed { id: CallId(12), practice: false }),
        (at(91_000), Event::TimeMarked),
    ]
}

fn write_sample(dir: &Path) -> Vec<u8> {
    let (journal, records, health) = Journal::open(dir);
    assert_eq!((records.len(), health), (0, JournalHealth::default()));
    for (time, event) in sample_records() {
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
fn records_come_back_in_the_order_in_which_they_were_written() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let bytes = write_sample(dir.path());
    assert_eq!(fs::metadata(dir.path().join(JOURNAL_FILE)).unwrap().permissions().mode() & 0o777, 0o600);
    let (journal, records, health) = Journal::open(dir.path());
    assert_eq!((records, health), (sample_records(), JournalHealth::default()));
    journal.finish();
    assert_eq!(fs::read(dir.path().join(JOURNAL_FILE)).unwrap(), bytes);
    let first = String::from_utf8(bytes).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(first, format!("{} 0 {{\"event\":\"visit_begins\"}}", &first[..16]));
}

#[test]
fn a_tail_torn_at_any_byte_is_removed_and_appending_continues() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = write_sample(dir.path());
    for end in 0..bytes.len() {
        fs::write(dir.path().join(JOURNAL_FILE), &bytes[..end]).unwrap();
        let (journal, records, health) = Journal::open(dir.path());
        let whole = lines(&bytes[..end]);
        assert_eq!(records, sample_records()[..whole], "torn at {end}");
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
fn zeros_left_by_a_power_cut_count_as_a_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = write_sample(dir.path());
    bytes.extend([0; 3000]);
    fs::write(dir.path().join(JOURNAL_FILE), &bytes).unwrap();
    let (_journal, records, health) = Journal::open(dir.path());
    assert_eq!((records, health.torn_bytes), (sample_records(), 3000));
}

#[test]
fn a_changed_byte_costs_no_record_before_it_and_no_call() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = write_sample(dir.path());
    for at_byte in 0..bytes.len() {
        for name in names(dir.path()) {
            fs::remove_file(dir.path().join(name)).unwrap();
        }
        let mut changed = bytes.clone();
        changed[at_byte] ^= 1;
        fs::write(dir.path().join(JOURNAL_FILE), &changed).unwrap();
        let (journal, records, health) = Journal::open(dir.path());
        let whole = lines(&bytes[..at_byte]);
        assert_eq!(records[..whole], sample_records()[..whole], "byte {at_byte}");
        let call = sample_records()[3].clone();
        let expected: Vec<_> = if whole < 3 { vec![call] } else { Vec::new() };
        if health.is_damaged {
            // If the changed byte was a line break, two lines are joined, and the second record is lost as well.
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
fn damaged_journals_are_kept_up_to_a_limit_and_removed_by_the_reset() {
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
fn records_of_another_version_are_skipped_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = write_sample(dir.path());
    bytes.extend(reader::encode_line(at(91_500), r#"{"event":"something_of_tomorrow"}"#));
    bytes.extend(reader::encode_line(at(91_000), r#"{"event":"pause","of_tomorrow":1}"#));
    bytes.extend(reader::encode_line(at(1), r#"{"event":"resume"}"#));
    fs::write(dir.path().join(JOURNAL_FILE), bytes).unwrap();
    let (_journal, records, health) = Journal::open(dir.path());
    assert_eq!(health, JournalHealth { unknown_records: 1, ..JournalHealth::default() });
    assert_eq!(records[5..], [(at(91_000), Event::Pause), (at(91_000), Event::Resume)]);
}

#[test]
fn compacting_keeps_only_the_given_records_and_an_interruption_before_the_rename_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = write_sample(dir.path());
    let path = dir.path().join(JOURNAL_FILE);
    for leftover in [&b""[..], &bytes[..30], &bytes] {
        fs::write(private::temporary_path(&path), leftover).unwrap();
        let (journal, records, _) = Journal::open(dir.path());
        assert_eq!((records, names(dir.path())), (sample_records(), vec![JOURNAL_FILE.to_owned()]));
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
fn what_a_patient_wrote_never_reaches_the_disk() {
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
fn many_records_are_all_answered_in_order() {
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
fn a_failing_disk_is_reported_and_what_it_missed_is_written_later_in_order() {
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
fn a_full_disk_is_reported_and_leaves_no_partial_record() {
    // `/dev/full` rejects every write, as a full disk does.
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
fn a_journal_removed_while_in_use_is_reported_once_and_started_again() {
    let dir = tempfile::tempdir().unwrap();
    write_sample(dir.path());
    let (journal, ..) = Journal::open(dir.path());
    fs::remove_file(dir.path().join(JOURNAL_FILE)).unwrap();
    assert!(journal.append_and_wait(at(92_000), &Event::Pause).is_err());
    journal.append_and_wait(at(93_000), &Event::Resume).unwrap();
    journal.finish();
    assert_eq!(Journal::open(dir.path()).1, [(at(92_000), Event::Pause), (at(93_000), Event::Resume)]);
}

#[test]
fn a_damaged_journal_on_a_disk_that_accepts_nothing_is_replaced_once_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(JOURNAL_FILE);
    let bytes = write_sample(dir.path());
    let damaged = [&bytes[..], b"wrong\n"].concat();
    fs::write(&path, &damaged).unwrap();
    // A directory in place of the temporary file makes every replacement fail, even for the superuser.
    fs::create_dir(private::temporary_path(&path)).unwrap();
    let (journal, records, health) = Journal::open(dir.path());
    assert_eq!(records, sample_records());
    assert!(health.is_damaged && health.problem.is_some());
    assert!(journal.append_and_wait(at(92_000), &Event::Pause).is_err());
    assert_eq!(fs::read(&path).unwrap(), damaged);
    fs::remove_dir(private::temporary_path(&path)).unwrap();
    journal.append_and_wait(at(93_000), &Event::Resume).unwrap();
    journal.finish();
    let mut expected = sample_records();
    expected.extend([(at(92_000), Event::Pause), (at(93_000), Event::Resume)]);
    assert_eq!(Journal::open(dir.path()).1, expected);
}

#[test]
fn random_bytes_are_survived() {
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
fn a_journal_that_holds_a_visit_is_told_apart_from_one_that_does_not() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!is_compacted(dir.path()), "no journal proves nothing");
    write_sample(dir.path());
    assert!(!is_compacted(dir.path()));
    let (journal, ..) = Journal::open(dir.path());
    journal.append_and_wait(at(92_000), &Event::StaffReset).unwrap();
    assert!(!is_compacted(dir.path()));
    journal.compact(at(92_000), &[Event::StaffReset]).unwrap();
    assert!(is_compacted(dir.path()));
    // A call may be placed during a reset. The journal still counts as compacted with the record of that call.
    journal.append_and_wait(at(93_000), &Event::CallPressed { id: CallId(12), practice: false }).unwrap();
    assert!(is_compacted(dir.path()));
    fs::write(dir.path().join("journal.damaged-1"), "x").unwrap();
    assert!(!is_compacted(dir.path()));
    fs::remove_file(dir.path().join("journal.damaged-1")).unwrap();
    journal.append_and_wait(at(94_000), &Event::VisitBegins).unwrap();
    assert!(!is_compacted(dir.path()));
}
