//! Owns the tests of the note: its limits, when it is sealed, what a restore may change, and that `Debug` never prints
//! its content.

use std::fmt::Write as _;

use super::drawing::{Drawing, NOTE_POINTS_MAX, POINTS_MAX, STROKES_MAX, Stroke, StrokePoint, Tint};
use super::notes::NoteLimits;
use super::*;

const CANARY: &str = "the canary sings";

/// A visit whose note can hold two pages of ten characters.
fn small_note() -> Harness {
    let mut harness = Harness::with(Rules { note_limits: NoteLimits { pages_max: 2, page_chars_max: 10 }, ..rules() });
    harness.ok(0, Event::VisitBegins);
    harness.effects();
    harness
}

fn written(page: usize, text: &str) -> Event {
    Event::NoteWritten { page, text: PatientText::new(text) }
}

/// An event that draws a page. `strokes` holds the number of points of each stroke.
pub(super) fn drawn(page: usize, strokes: &[usize]) -> Event {
    Event::NoteDrawn { page, drawing: drawing(strokes) }
}

/// An event that answers a question with a drawing. `strokes` holds the number of points of each stroke.
pub(super) fn intention_drawn(question: usize, strokes: &[usize]) -> Event {
    Event::IntentionDrawn { question, drawing: drawing(strokes) }
}

fn drawing(strokes: &[usize]) -> Drawing {
    let point = StrokePoint { x: 7_351, y: 6_142, width: 73 };
    let strokes = strokes.iter().filter_map(|points| Stroke::new(Tint::Sea, vec![point; *points])).map(Arc::new);
    Drawing::new(strokes.collect())
}

fn intention(question: usize, text: &str) -> Event {
    Event::IntentionWritten { question, text: PatientText::new(text) }
}

fn for_clinician(text: &str) -> Event {
    Event::ForClinicianWritten { text: PatientText::new(text) }
}

fn pages(harness: &Harness) -> Vec<String> {
    harness
        .room
        .notes()
        .pages
        .iter()
        .map(|page| page.words().map_or("(drawn)", PatientText::reveal).to_owned())
        .collect()
}

/// Runs the room to `until_ms` and returns the times at which the note was sealed.
fn seals_until(harness: &mut Harness, until_ms: u64) -> Vec<u64> {
    let mut seals = Vec::new();
    while let Some(due) = harness.room.poll_timeout(harness.now).filter(|due| due.0 <= until_ms) {
        harness.run_to(due.0);
        let sealed = harness.effects().iter().filter(|effect| matches!(effect, Effect::SealNotes(_))).count();
        seals.extend(std::iter::repeat_n(due.0, sealed));
    }
    harness.run_to(until_ms);
    seals
}

#[test]
fn typing_continues_on_the_next_page_until_the_note_is_full() {
    let mut harness = small_note();
    harness.ok(0, typed("ééééé"));
    harness.ok(0, typed("ééééé"));
    harness.ok(0, typed("b"));
    assert_eq!(pages(&harness), ["éééééééééé", "b"]);
    assert_eq!(harness.refused(0, typed("0123456789")), Refusal::NoteFull);
    harness.ok(0, typed("012345678"));
    assert_eq!(harness.refused(0, typed("c")), Refusal::NoteFull);
    assert_eq!(pages(&harness), ["éééééééééé", "b012345678"]);
}

#[test]
fn text_longer_than_a_page_is_refused_and_leaves_no_empty_page() {
    let mut harness = small_note();
    assert_eq!(harness.refused(0, typed("01234567890")), Refusal::NoteFull);
    assert_eq!(pages(&harness), Vec::<String>::new());
}

#[test]
fn pages_can_be_rewritten_or_appended_but_not_skipped() {
    let mut harness = small_note();
    harness.refused(0, written(1, "a"));
    harness.ok(0, written(0, "a"));
    harness.ok(0, written(0, "b"));
    harness.ok(0, written(1, "c"));
    assert_eq!(pages(&harness), ["b", "c"]);
    harness.refused(0, written(2, "d"));
    harness.refused(0, written(usize::MAX, "d"));
    harness.refused(0, written(0, "01234567890"));
    assert_eq!(harness.room.notes().version, 3);
}

#[test]
fn pages_of_text_and_of_drawing_mix() {
    let mut harness = Harness::with(Rules { note_limits: NoteLimits { pages_max: 4, page_chars_max: 10 }, ..rules() });
    harness.ok(0, Event::VisitBegins);
    harness.ok(0, drawn(0, &[3]));
    harness.ok(0, typed("a"));
    harness.ok(0, typed("b"));
    harness.ok(0, drawn(2, &[1, 1]));
    harness.ok(0, typed("c"));
    assert_eq!(pages(&harness), ["(drawn)", "ab", "(drawn)", "c"]);
    harness.ok(0, drawn(1, &[1]));
    harness.ok(0, written(0, "d"));
    assert_eq!(pages(&harness), ["d", "(drawn)", "(drawn)", "c"]);
    assert_eq!(harness.refused(0, drawn(4, &[1])), Refusal::NoteFull);
    harness.ok(0, drawn(1, &[]));
    assert_eq!(harness.room.notes().written_pages(), 3, "a page whose drawing was erased is blank");
}

#[test]
fn drawings_are_limited_per_page_and_per_note() {
    let pages_max = NOTE_POINTS_MAX / POINTS_MAX + 2;
    let mut harness = Harness::with(Rules { note_limits: NoteLimits { pages_max, page_chars_max: 10 }, ..rules() });
    harness.ok(0, Event::VisitBegins);
    assert_eq!(harness.refused(0, drawn(0, &[POINTS_MAX, 1])), Refusal::NoteFull);
    assert_eq!(harness.refused(0, drawn(0, &vec![1; STROKES_MAX + 1])), Refusal::NoteFull);
    for page in 0..NOTE_POINTS_MAX / POINTS_MAX {
        harness.ok(0, drawn(page, &[POINTS_MAX]));
        harness.ok(0, drawn(page, &[POINTS_MAX]));
    }
    let last = harness.room.notes().pages.len();
    assert_eq!(harness.refused(0, drawn(last, &[1])), Refusal::NoteFull);
    harness.ok(0, drawn(last, &[]));
    harness.ok(0, written(last, "words"));
}

#[test]
fn intentions_and_words_for_the_clinician_are_limited() {
    let mut harness = small_note();
    for question in 0..INTENTIONS {
        harness.ok(0, intention(question, "0123456789"));
    }
    assert_eq!(harness.refused(0, intention(INTENTIONS, "a")), Refusal::NoSuchQuestion);
    assert_eq!(harness.refused(0, intention(0, "01234567890")), Refusal::NoteFull);
    harness.ok(0, intention_drawn(0, &[POINTS_MAX]));
    assert_eq!(harness.refused(0, intention_drawn(INTENTIONS, &[1])), Refusal::NoSuchQuestion);
    assert_eq!(harness.refused(0, intention_drawn(0, &[POINTS_MAX, 1])), Refusal::NoteFull);
    assert_eq!(harness.refused(0, for_clinician("01234567890")), Refusal::NoteFull);
}

#[test]
fn an_answer_can_be_both_written_and_drawn() {
    let mut harness = small_note();
    harness.ok(0, intention(1, "why"));
    harness.ok(0, intention_drawn(1, &[2, 3]));
    let answer = &harness.room.notes().intentions[1];
    assert_eq!((answer.text.reveal(), answer.drawing.point_count()), ("why", 5));
    harness.ok(0, intention(1, ""));
    assert!(!harness.room.notes().is_blank() && harness.room.notes().has_drawings(), "the drawing is left");
    harness.ok(0, intention_drawn(1, &[]));
    assert!(harness.room.notes().is_blank() && !harness.room.notes().has_drawings());
}

#[test]
fn words_for_the_clinician_are_shared_only_after_share() {
    let mut harness = small_note();
    harness.ok(0, Event::ForClinicianShared { on: true });
    assert!(!harness.room.notes().shared, "nothing is written yet");
    harness.ok(0, for_clinician("a"));
    assert!(!harness.room.notes().shared);
    harness.ok(0, Event::ForClinicianShared { on: true });
    assert!(harness.room.notes().shared);
    harness.ok(0, Event::ForClinicianShared { on: false });
    assert!(!harness.room.notes().shared);
}

#[test]
fn words_changed_after_sharing_need_another_share() {
    let mut harness = small_note();
    harness.ok(0, for_clinician("a"));
    harness.ok(0, Event::ForClinicianShared { on: true });
    harness.ok(0, for_clinician("a"));
    assert!(harness.room.notes().shared, "the shared words have not changed");
    harness.ok(0, for_clinician("ab"));
    assert!(!harness.room.notes().shared);
}

#[test]
fn a_pause_of_300_ms_seals() {
    let mut harness = small_note();
    harness.ok(1_000, typed("a"));
    harness.ok(1_299, typed("b"));
    assert_eq!(harness.room.poll_timeout(harness.now), Some(RoomTime(1_599)));
    assert_eq!(seals_until(&mut harness, MINUTE), [1_599]);
    assert_eq!(harness.room.poll_timeout(harness.now), None);
}

#[test]
fn typing_without_a_pause_is_sealed_every_two_seconds() {
    let mut harness = Harness::in_stage(Stage::After);
    let mut seals = Vec::new();
    for step in 0..50 {
        let at_ms = 10_000 + step * 100;
        seals.extend(seals_until(&mut harness, at_ms));
        harness.ok(at_ms, typed("a"));
    }
    seals.extend(seals_until(&mut harness, MINUTE));
    assert_eq!(seals, [12_000, 14_000, 15_200]);
}

proptest::proptest! {
    /// However a patient types or draws, no change stays unsealed for more than two seconds, or for more than 300 ms
    /// after the last change. The last seal contains everything.
    #[test]
    fn no_change_waits_long_to_be_sealed(pauses in proptest::collection::vec(0_u64..700, 1..80)) {
        let mut harness = Harness::in_stage(Stage::After);
        let (mut at_ms, mut first_unsealed, mut sealed) = (10_000, None::<u64>, 0);
        let mut changes = Vec::new();
        for pause_ms in pauses.iter().chain([&5_000]) {
            let until_ms = at_ms + pause_ms;
            while let Some(due) = harness.room.poll_timeout(harness.now).filter(|due| due.0 <= until_ms) {
                harness.run_to(due.0);
                for effect in harness.effects() {
                    let Effect::SealNotes(notes) = effect else { continue };
                    let is_after_pause = changes.last().is_some_and(|last: &u64| due.0 == last + 300);
                    let is_at_latest = first_unsealed.is_some_and(|first| due.0 == first + 2_000);
                    proptest::prop_assert!(is_after_pause || is_at_latest, "sealed at {due:?} for no reason");
                    sealed = notes.version;
                    first_unsealed = None;
                }
            }
            harness.run_to(until_ms);
            proptest::prop_assert!(first_unsealed.is_none_or(|first| until_ms < first + 2_000));
            proptest::prop_assert!(first_unsealed.is_none() || changes.last().is_none_or(|last| until_ms < last + 300));
            at_ms = until_ms;
            if *pause_ms < 5_000 {
                let event = if changes.len() % 3 == 2 { drawn(1, &[3]) } else { written(0, "words") };
                harness.ok(at_ms, event);
                changes.push(at_ms);
                first_unsealed.get_or_insert(at_ms);
            }
        }
        proptest::prop_assert_eq!(sealed, harness.room.notes().version);
    }
}

#[test]
fn every_kind_of_change_seals_everything_written() {
    let mut harness = small_note();
    let events = [
        typed("a"),
        written(0, "b"),
        drawn(1, &[2]),
        intention(1, "c"),
        intention_drawn(1, &[2]),
        for_clinician("d"),
        Event::ForClinicianShared { on: true },
    ];
    for (index, event) in events.into_iter().enumerate() {
        let at_ms = (index as u64 + 1) * MINUTE;
        harness.ok(at_ms, event);
        harness.run_to(at_ms + 300);
        let effects = harness.effects();
        let [Effect::SealNotes(sealed)] = &effects[..] else { panic!("not sealed: {effects:?}") };
        assert_eq!(sealed.as_ref(), harness.room.notes());
        assert_eq!(sealed.version, index as u64 + 1);
    }
}

#[test]
fn a_failed_seal_is_a_trouble_until_one_succeeds() {
    let mut harness = small_note();
    harness.ok(0, typed("a"));
    harness.ok(400, Event::NotesSealed { version: 1, ok: false });
    assert_eq!(harness.snapshot().troubles, [Trouble::NotesNotSealed]);
    harness.ok(500, Event::NotesSealed { version: 1, ok: true });
    assert_eq!(harness.snapshot().troubles, []);
}

#[test]
fn restored_notes_replace_only_an_empty_note() {
    let mut vault = small_note();
    vault.ok(0, written(0, "old"));
    let old = vault.room.notes().clone();

    let mut harness = small_note();
    harness.ok(0, Event::NotesRestored(Box::new(old.clone())));
    assert_eq!(harness.room.notes(), &old);
    assert_eq!(harness.room.poll_timeout(harness.now), None, "restored notes are sealed already");

    let mut harness = small_note();
    harness.ok(0, typed("new"));
    harness.ok(10, Event::NotesRestored(Box::new(old)));
    assert!(pages(&harness).contains(&"new".to_owned()), "newer text stays");
}

#[test]
fn a_lost_note_is_a_trouble_until_the_reset() {
    let mut harness = small_note();
    harness.ok(0, Event::NotesLost);
    assert_eq!(harness.snapshot().troubles, [Trouble::NotesLost]);
    harness.ok(0, Event::StaffReset);
    assert_eq!(harness.snapshot().troubles, []);
}

#[test]
fn a_reset_forgets_the_notes_and_seals_nothing_more() {
    let mut harness = small_note();
    harness.ok(0, typed("a"));
    harness.ok(100, Event::StaffReset);
    assert_eq!(harness.effects(), [Effect::Wipe]);
    harness.run_to(MINUTE);
    assert_eq!(harness.effects(), []);
    assert_eq!(harness.room.notes(), &Notes::default());
}

#[test]
fn debug_never_prints_what_a_patient_wrote_or_drew() {
    let mut harness = Harness::new();
    harness.ok(0, Event::VisitBegins);
    let mut debug_output = String::new();
    let events = [
        typed(CANARY),
        written(0, CANARY),
        drawn(1, &[3]),
        intention(2, CANARY),
        intention_drawn(2, &[3]),
        for_clinician(CANARY),
        Event::ForClinicianShared { on: true },
    ];
    for event in events {
        write!(debug_output, "{event:?} {event:#?}").expect("writing to a string cannot fail");
        harness.ok(harness.now.0 + 1_000, event);
        harness.run_to(harness.now.0 + 500);
        write!(debug_output, "{:?} {:#?}", harness.room, harness.snapshot()).expect("writing to a string cannot fail");
        write!(debug_output, "{:?}", harness.effects()).expect("writing to a string cannot fail");
    }
    let notes = harness.room.notes().clone();
    write!(debug_output, "{notes:?} {:?}", Event::NotesRestored(Box::new(notes.clone())))
        .expect("writing to a string cannot fail");
    assert!(!debug_output.contains("canary"), "Debug prints what the patient wrote");
    assert!(!debug_output.contains("7351") && !debug_output.contains("6142"), "Debug prints what the patient drew");
    assert!(notes.pages[0].words().is_some_and(|text| text.reveal().contains("canary")));
}
