//! Owns the tests of records that wait for the disk, of the copy of an open call, and of records that are set aside.

use super::*;

#[test]
fn a_call_goes_to_disk_ahead_of_thousands_of_other_records() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, ..) = Journal::open(dir.path());
    let order = Arc::new(Mutex::new(Vec::new()));
    let noted = |what: &'static str| {
        let order = Arc::clone(&order);
        move |outcome: Result<(), JournalError>| order.lock().unwrap().push((what, outcome.is_ok()))
    };
    for number in 0..3_000 {
        journal.append(at(number), &Event::SkipPiece, noted("skip"));
    }
    let written_already = order.lock().unwrap().len();
    journal.append(at(3_000), &Event::CallPressed { id: CallId(1), practice: false }, noted("call"));
    journal.store_open_call(Some(CallId(1)));
    journal.finish();
    let order = order.lock().unwrap();
    assert_eq!(order.iter().filter(|(_, ok)| *ok).count(), 3_001);
    let before = order.iter().position(|(what, _)| *what == "call").unwrap() - written_already;
    // When the call was appended, one batch may have been on its way to the disk, and another may have been reporting
    // its outcome.
    assert!(before <= 2 * queue::BATCH_MAX, "{before} records went before the call");
    let (_journal, records, health) = Journal::open(dir.path());
    assert_eq!((records.len(), health.open_call_copy), (3_001, OpenCallCopy::Intact(Some(CallId(1)))));
}

#[test]
fn of_waiting_comfort_only_the_latest_is_kept_and_nothing_else_is_lost() {
    let queue = queue::JournalQueue::default();
    let lines = |work| {
        let queue::WriterTask::Append(batch) = work else { panic!("not a batch") };
        batch.into_iter().map(|record| record.line).collect::<Vec<_>>()
    };
    let enqueue = |event: &Event, line: &str| {
        let line = line.as_bytes().to_vec();
        queue.append(QueuedRecord { line, class: RecordClass::of(event), done: Box::new(|_| ()), has_failed: false });
    };
    for number in 0..100_000 {
        enqueue(&Event::Volume { db: -30.0 }, &format!("volume {number}"));
    }
    enqueue(&Event::Pause, "pause");
    enqueue(&Event::Dark { on: true }, "dark");
    enqueue(&Event::Volume { db: -20.0 }, "volume");
    enqueue(&Event::Resume, "resume");
    enqueue(&Event::CallCleared, "call");
    let taken = lines(queue.next_task(None));
    assert_eq!(taken, ["call", "pause", "dark", "volume", "resume"].map(|line| line.as_bytes().to_vec()));
}

#[test]
fn a_record_that_does_not_fit_and_those_that_wait_at_the_end_are_answered() {
    let queue = queue::JournalQueue::default();
    let told = Arc::new(Mutex::new(Vec::new()));
    for number in 0..=queue::LANE_RECORDS_MAX {
        let told = Arc::clone(&told);
        let done = Box::new(move |outcome| told.lock().unwrap().push((number, outcome)));
        queue.append(QueuedRecord {
            line: Vec::new(),
            class: RecordClass::of(&Event::SkipPiece),
            done,
            has_failed: false,
        });
    }
    assert_eq!(*told.lock().unwrap(), [(queue::LANE_RECORDS_MAX, Err(JournalError::Busy))]);
    assert!(queue.has_lost_records());
    queue.stop();
    assert_eq!(told.lock().unwrap().len(), queue::LANE_RECORDS_MAX + 1);
}

#[test]
fn a_failing_disk_is_reported_and_so_is_its_recovery() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("not-there-yet");
    let (journal, _, health) = Journal::open(&state);
    assert!(health.problem.is_some());
    let (tell, told) = std::sync::mpsc::channel();
    journal.on_health_change(move |fails| tell.send(fails).unwrap());
    let (written, answers) = std::sync::mpsc::channel();
    journal.append(at(1), &Event::Pause, move |outcome| written.send(outcome.is_ok()).unwrap());
    assert!(!answers.recv().unwrap());
    fs::create_dir(&state).unwrap();
    // Nothing more is appended, so only the writer's own retry can write the record.
    assert!(answers.recv_timeout(Duration::from_secs(30)).unwrap());
    assert!(!told.recv_timeout(Duration::from_secs(30)).unwrap());
    fs::remove_dir_all(&state).unwrap();
    assert!(journal.append_and_wait(at(2), &Event::Resume).is_err());
    assert!(told.recv_timeout(Duration::from_secs(30)).unwrap());
}

#[test]
fn a_record_that_supersedes_a_failed_one_hears_of_its_own_failure_and_nothing_counts_as_mended_before() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("not-there-yet");
    let (journal, ..) = Journal::open(&state);
    let (told, outcomes) = std::sync::mpsc::channel();
    let append = |number: u32| {
        let told = told.clone();
        journal.append(at(1), &Event::Volume { db: -30.0 - number as f32 }, move |outcome| {
            told.send((number, outcome.is_ok())).unwrap();
        });
    };
    for number in 0..3 {
        append(number);
        assert_eq!(outcomes.recv_timeout(Duration::from_secs(30)), Ok((number, false)));
    }
    let waited = journal.append_and_wait(at(1), &Event::Volume { db: -40.0 });
    assert!(matches!(waited, Err(JournalError::Disk { .. })), "{waited:?}");
    append(4);
    assert_eq!(outcomes.recv_timeout(Duration::from_secs(30)), Ok((4, false)));
    fs::create_dir(&state).unwrap();
    // The outcome of a record that was appended while an earlier one was being put back comes after that one's.
    while outcomes.recv_timeout(Duration::from_secs(30)).unwrap() != (4, true) {}
    journal.finish();
    assert_eq!(outcomes.try_iter().count(), 0);
    assert_eq!(Journal::open(&state).1.last(), Some(&(at(1), Event::Volume { db: -34.0 })));
}

#[test]
fn a_copy_of_the_open_call_that_cannot_be_written_does_not_hold_up_its_records() {
    let dir = tempfile::tempdir().unwrap();
    // Not even the superuser can replace a folder that is not empty, so storing the copy fails.
    fs::create_dir_all(dir.path().join(OPEN_CALL_FILE).join("in-the-way")).unwrap();
    let (journal, ..) = Journal::open(dir.path());
    let (tell, told) = std::sync::mpsc::channel();
    journal.on_health_change(move |fails| tell.send(fails).unwrap());
    journal.store_open_call(Some(CallId(5)));
    assert!(told.recv_timeout(Duration::from_secs(30)).unwrap(), "the failure is reported");
    let call = Event::CallPressed { id: CallId(5), practice: false };
    assert_eq!(journal.append_and_wait(at(1), &call), Ok(()));
    assert_eq!(journal.append_and_wait(at(1), &Event::Pause), Ok(()));
    assert!(told.try_recv().is_err(), "records that are written do not mend the copy");
    fs::remove_dir_all(dir.path().join(OPEN_CALL_FILE)).unwrap();
    assert!(!told.recv_timeout(Duration::from_secs(30)).unwrap());
    journal.finish();
    let (_journal, records, health) = Journal::open(dir.path());
    assert_eq!(
        (records, health.open_call_copy),
        (vec![(at(1), call), (at(1), Event::Pause)], OpenCallCopy::Intact(Some(CallId(5))))
    );
}

#[test]
fn a_flood_of_comfort_does_not_fill_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let lines: Vec<u8> = (0..30_000)
        .flat_map(|number| {
            let event = Event::Volume { db: -30.0 - (number % 20) as f32 };
            reader::encode_line(at(number), &record::encode(&event).unwrap())
        })
        .collect();
    let before = [reader::encode_line(at(0), r#"{"event":"visit_begins"}"#), lines].concat();
    assert!(before.len() > 1024 * 1024);
    fs::write(dir.path().join(JOURNAL_FILE), &before).unwrap();
    let (journal, ..) = Journal::open(dir.path());
    journal.append_and_wait(at(30_000), &Event::Pause).unwrap();
    journal.finish();
    let (_journal, records, health) = Journal::open(dir.path());
    assert_eq!(health, JournalHealth::default());
    let expected = [(at(0), Event::VisitBegins), (at(29_999), Event::Volume { db: -49.0 }), (at(30_000), Event::Pause)];
    assert_eq!(records, expected);
}

#[test]
fn a_full_journal_still_accepts_calls() {
    let dir = tempfile::tempdir().unwrap();
    let line = reader::encode_line(at(1), r#"{"event":"skip"}"#);
    let count = usize::try_from(JOURNAL_BYTES_MAX - CALLS_RESERVE_BYTES).unwrap() / line.len();
    fs::write(dir.path().join(JOURNAL_FILE), line.repeat(count)).unwrap();
    let (journal, ..) = Journal::open(dir.path());
    let full =
        journal.append_and_wait(at(2), &Event::SessionBegins { profile: None, infusion_minutes: None, settle: true });
    assert!(matches!(full, Err(JournalError::Full { .. })), "{full:?}");
    let call = Event::CallPressed { id: CallId(3), practice: false };
    assert_eq!(journal.append_and_wait(at(3), &call), Ok(()));
    journal.finish();
    assert_eq!(Journal::open(dir.path()).1.last(), Some(&(at(3), call)));
}

#[test]
fn a_record_that_ended_the_loop_three_times_in_a_row_is_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = write_sample(dir.path());
    for times in 1..=3 {
        let (journal, records, health) = Journal::open(dir.path());
        assert_eq!((records.len(), health.set_aside_records), (sample_records().len(), 0), "{times}");
        journal.append_and_wait(at(95_000), &Event::TimeMarked).unwrap();
        let blamed = journal.last_record().unwrap();
        journal.record_fault(&blamed);
        journal.finish();
        fs::write(dir.path().join(JOURNAL_FILE), &bytes).unwrap();
    }
    let (journal, records, health) = Journal::open(dir.path());
    // A fault is never attributed to a `TimeMarked` record, so the press before it is skipped.
    let without: Vec<_> =
        sample_records().into_iter().filter(|(_, event)| !matches!(event, Event::CallPressed { .. })).collect();
    assert_eq!((records, health.set_aside_records), (without, 1));
    journal.record_clean_exit();
    journal.finish();
    assert_eq!(Journal::open(dir.path()).2.set_aside_records, 1);
    let (journal, ..) = Journal::open(dir.path());
    let before = journal.last_record().unwrap();
    journal.compact(at(1), &[Event::StaffReset]).unwrap();
    assert_eq!(names(dir.path()), [JOURNAL_FILE]);
    // The entries of before do not come back with the next fault.
    journal.record_fault(&before);
    let faults = fs::read_to_string(dir.path().join(FAULTS_FILE)).unwrap();
    assert_eq!(faults, format!("{} 1", before.0));
}

#[test]
fn a_flipped_bit_or_a_cut_in_one_file_never_loses_an_open_call() {
    let dir = tempfile::tempdir().unwrap();
    let id = CallId(77);
    let (journal, ..) = Journal::open(dir.path());
    for (time, event) in [
        (at(0), Event::VisitBegins),
        (at(1), Event::SessionBegins { profile: None, infusion_minutes: None, settle: false }),
        (at(2), Event::CallPressed { id: CallId(76), practice: false }),
        (at(3), Event::CallHere { id: None }),
        (at(4), Event::CallCleared),
        (at(5), Event::CallPressed { id, practice: false }),
        (at(6), Event::CallSent { id }),
        (at(7), Event::Volume { db: -33.0 }),
    ] {
        journal.append_and_wait(time, &event).unwrap();
    }
    journal.store_open_call(Some(id));
    journal.finish();
    let kept = [JOURNAL_FILE, OPEN_CALL_FILE].map(|name| (name, fs::read(dir.path().join(name)).unwrap()));
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |sides: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % sides
    };
    let mut told = 0;
    for round in 0..1_000 {
        for name in names(dir.path()) {
            fs::remove_file(dir.path().join(name)).unwrap();
        }
        for (name, bytes) in &kept {
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        // Two out of three changes are made to the journal, because it is the larger file.
        let (name, bytes) = &kept[usize::from(below(3) == 0)];
        let mut changed = bytes.clone();
        if below(2) == 0 {
            changed[below(bytes.len())] ^= 1 << below(8);
        } else {
            changed.truncate(below(bytes.len()));
        }
        fs::write(dir.path().join(name), &changed).unwrap();
        let (journal, records, health) = Journal::open(dir.path());
        told += usize::from(health.is_damaged);
        let past = crate::driver::RecoveryInput { records, health, wipe_was_begun: false };
        let journal = std::sync::Arc::new(journal);
        let (driver, room) =
            crate::driver::Driver::recover(&crate::room::Rules::default(), journal.clone(), past, Vec::new());
        assert!(driver.open_call() == Some(id), "round {round}: {name} became {changed:?}");
        drop((driver, room));
        // The journal's thread must have ended before the next round.
        std::sync::Arc::into_inner(journal).unwrap().finish();
    }
    assert!(told > 100, "only {told} damaged journals were noticed");
}
