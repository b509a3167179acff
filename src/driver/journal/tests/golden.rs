//! Owns the golden files of the journal. One contains a record of every kind, and the other the state of the room after
//! each record. `UPDATE_EXPECT=1` rewrites both. Use it only after adding a kind of record, because journals of rooms
//! in use contain the existing kinds.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use expect_test::expect_file;

use super::records::every_event;
use super::*;
use crate::driver::{RecoveryInput, json_lines, recovery};
use crate::room::breath::BreathPattern;
use crate::room::call::DeskId;
use crate::room::snapshot::WipeCheck;
use crate::room::{Rules, Snapshot};
use crate::vocabulary::language::Language;
use crate::vocabulary::patient::{Hand, TypeSize};
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;

fn receipt(number: u64, ok: bool) -> Receipt {
    Receipt {
        number,
        at: "2026-03-04T05:06:07+01:00".to_owned(),
        room: "Room \"2\" é".to_owned(),
        checks: vec![
            WipeCheck { name: "no-visit-key".to_owned(), ok: true },
            WipeCheck { name: "fresh-process".to_owned(), ok },
        ],
        chain: "ab".repeat(32),
    }
}

/// Returns the records of one visit up to its receipt, and of the next visit up to an open call.
fn visits() -> Vec<(RoomTime, Event)> {
    let (practice, call, last) = (CallId(7), CallId(0x0190_0000_0000_0000_0000_0000_0000_0001), CallId(u128::MAX));
    let visits = [
        (0, Event::VisitBegins),
        (10, Event::LanguageChosen(Language::FALLBACK)),
        (12, Event::HandChosen(Hand::Left)),
        (14, Event::TypeSizeChosen(TypeSize::Larger)),
        (20, Event::ProfileChosen { name: "silence".to_owned() }),
        (30, Event::SoundChosen(SoundChoice::ALL[2])),
        (40, Event::Silence { on: true }),
        (50, Event::PlaceChosen(Place::Forest)),
        (60, Event::Breath { on: true }),
        (70, Event::BreathPatternChosen(BreathPattern::ALL[1])),
        (80, Event::Volume { db: -30.1 }),
        (90, Event::CallPressed { id: practice, practice: true }),
        (100, Event::CallHere { id: Some(practice) }),
        (110, Event::CallCleared),
        (120, Event::PracticeEnds),
        (200, Event::SessionBegins { profile: None, infusion_minutes: Some(60), settle: true }),
        (300, Event::InfusionStarts),
        (60_300, Event::SkipPiece),
        (60_400, Event::Dark { on: true }),
        (60_500, Event::Anchor { on: true }),
        (60_550, Event::Calm { on: true }),
        (60_600, Event::Brightness { trim: -0.3 }),
        (60_700, Event::Intensity { nudge: 0.4 }),
        (120_300, Event::Pause),
        (180_300, Event::Resume),
        (180_400, Event::Extend { minutes: 5 }),
        (240_300, Event::TimeMarked),
        (240_400, Event::CallPressed { id: call, practice: false }),
        (240_500, Event::CallSent { id: call }),
        (240_600, Event::CallReceived { id: call, desk: DeskId(u64::MAX) }),
        (240_700, Event::CallComing { id: call, name: "Åsa 🌊".to_owned() }),
        (240_800, Event::CallHere { id: None }),
        (240_900, Event::CallCleared),
        (300_300, Event::End { landing_minutes: None }),
        (300_400, Event::End { landing_minutes: Some(0) }),
        (300_500, Event::AfterBegins),
        (300_600, Event::NotesLost),
        (300_700, Event::NotesDamaged),
        (300_800, Event::Farewell),
        (300_900, Event::StaffReset),
        (301_000, Event::WipeFailed(receipt(41, false))),
        (301_100, Event::StaffReset),
        (301_200, Event::WipeVerified(receipt(42, true))),
        (301_300, Event::TestToneHeard),
        (301_400, Event::SurfaceCleaned),
        (301_500, Event::TurnoverDone),
        (301_600, Event::SessionBegins { profile: Some("silence".to_owned()), infusion_minutes: None, settle: false }),
        (301_700, Event::Volume { db: f32::MIN_POSITIVE }),
        (301_800, Event::CallPressed { id: last, practice: false }),
        (901_800, Event::Restarted),
    ];
    visits.into_iter().map(|(ms, event)| (at(ms), event)).collect()
}

fn golden_journal() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/driver/journal/tests/golden.journal")
}

/// Describes what the snapshot line of headless mode leaves out.
fn hidden_state(snapshot: &Snapshot) -> String {
    let Snapshot { sound, silence, anchor, skips, brightness_trim, intensity_nudge, language, call, .. } = snapshot;
    let coming = call.as_ref().and_then(|call| call.responder.as_deref());
    let turnover = (snapshot.surface_cleaned, snapshot.speaker_tested, snapshot.wiping);
    format!(
        "{} {silence} {anchor} {skips} {brightness_trim} {intensity_nudge} {language} {coming:?} {turnover:?} {}",
        sound.name(),
        snapshot.ended_calls.len()
    )
}

fn room_after(records: &[(RoomTime, Event)]) -> Snapshot {
    let past = RecoveryInput { records: records.to_vec(), ..RecoveryInput::default() };
    let recovered = recovery::recover(&Rules::default(), past);
    recovered.room.snapshot(recovered.last)
}

#[test]
fn two_visits_are_written_exactly_as_the_golden_journal_holds_them() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, ..) = Journal::open(dir.path());
    for (time, event) in visits() {
        journal.append_and_wait(time, &event).unwrap();
    }
    journal.finish();
    let written = fs::read_to_string(dir.path().join(JOURNAL_FILE)).unwrap();
    expect_file![golden_journal()].assert_eq(&written);
}

#[test]
fn the_golden_journal_holds_every_kind_of_record() {
    let name_of = |json: &str| {
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        value["event"].as_str().unwrap().to_owned()
    };
    let held = fs::read_to_string(golden_journal()).unwrap();
    let held: BTreeSet<String> = held.lines().map(|line| name_of(line.splitn(3, ' ').nth(2).unwrap())).collect();
    let every: BTreeSet<String> = every_event().iter().filter_map(record::encode).map(|json| name_of(&json)).collect();
    assert_eq!(held, every);
}

#[test]
fn the_golden_journal_replays_to_the_same_room_record_by_record() {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(golden_journal(), dir.path().join(JOURNAL_FILE)).unwrap();
    let (_journal, records, health) = Journal::open(dir.path());
    assert_eq!((&records, health), (&visits(), JournalHealth::default()));
    let mut rooms = String::new();
    for end in 0..=records.len() {
        let snapshot = room_after(&records[..end]);
        assert_eq!(snapshot, room_after(&visits()[..end]));
        writeln!(rooms, "{}\n{}", json_lines::snapshot_line(&snapshot, snapshot.taken_at), hidden_state(&snapshot))
            .unwrap();
    }
    expect_file!["golden-rooms.txt"].assert_eq(&rooms);
}
