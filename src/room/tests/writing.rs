//! Owns the tests of the note: its limits, when it is sealed, what a restore may touch, and that words stay unsaid.

use std::fmt::Write as _;

use super::drawing::{Drawing, NOTE_POINTS_MAX, POINTS_MAX, STROKES_MAX, Stroke, StrokePoint, Tint};
use super::notes::NoteLimits;
use super::*;

const CANARY: &str = "the canary sings";

/// A visit with a note of two pages of ten characters.
fn small_note() -> Play {
    let mut play = Play::with(Rules { note_limits: NoteLimits { pages_max: 2, page_chars_max: 10 }, ..rules() });
    play.ok(0, Event::VisitBegins);
    play.effects();
    play
}

fn written(page: usize, text: &str) -> Event {
    Event::NoteWritten { page, text: PatientText::new(text) }
}

/// A page with strokes of so many points each.
pub(super) fn drawn(page: usize, strokes: &[usize]) -> Event {
    let point = StrokePoint { x: 7_351, y: 7_351, width: 73 };
    let strokes = strokes.iter().filter_map(|points| Stroke::new(Tint::Sea, vec![point; *points])).map(Shared::new);
    Event::NoteDrawn { page, drawing: Drawing::of(strokes.collect()) }
}

fn intention(question: usize, text: &str) -> Event {
    Event::IntentionWritten { question, text: PatientText::new(text) }
}

fn for_clinician(text: &str) -> Event {
    Event::ForClinicianWritten { text: PatientText::new(text) }
}

fn pages(play: &Play) -> Vec<String> {
    play.room.notes().pages.iter().map(|page| page.words().map_or("(drawn)", PatientText::reveal).to_owned()).collect()
}

/// When the note was sealed on the way to `until_ms`.
fn seals_until(play: &mut Play, until_ms: u64) -> Vec<u64> {
    let mut seals = Vec::new();
    while let Some(due) = play.room.poll_timeout(play.now).filter(|due| due.0 <= until_ms) {
        play.run_to(due.0);
        let sealed = play.effects().iter().filter(|effect| matches!(effect, Effect::SealNotes(_))).count();
        seals.extend(std::iter::repeat_n(due.0, sealed));
    }
    play.run_to(until_ms);
    seals
}

#[test]
fn typing_goes_on_to_the_next_page_and_stops_where_the_note_is_full() {
    let mut play = small_note();
    play.ok(0, typed("ééééé"));
    play.ok(0, typed("ééééé"));
    play.ok(0, typed("b"));
    assert_eq!(pages(&play), ["éééééééééé", "b"]);
    assert_eq!(play.refused(0, typed("0123456789")), Refusal::NoteFull);
    play.ok(0, typed("012345678"));
    assert_eq!(play.refused(0, typed("c")), Refusal::NoteFull);
    assert_eq!(pages(&play), ["éééééééééé", "b012345678"]);
}

#[test]
fn words_longer_than_a_page_are_refused_and_leave_no_empty_page() {
    let mut play = small_note();
    assert_eq!(play.refused(0, typed("01234567890")), Refusal::NoteFull);
    assert_eq!(pages(&play), Vec::<String>::new());
}

#[test]
fn a_page_is_written_anew_or_added_but_never_skipped() {
    let mut play = small_note();
    play.refused(0, written(1, "a"));
    play.ok(0, written(0, "a"));
    play.ok(0, written(0, "b"));
    play.ok(0, written(1, "c"));
    assert_eq!(pages(&play), ["b", "c"]);
    play.refused(0, written(2, "d"));
    play.refused(0, written(usize::MAX, "d"));
    play.refused(0, written(0, "01234567890"));
    assert_eq!(play.room.notes().version, 3);
}

#[test]
fn pages_of_words_and_of_drawing_mix() {
    let mut play = Play::with(Rules { note_limits: NoteLimits { pages_max: 4, page_chars_max: 10 }, ..rules() });
    play.ok(0, Event::VisitBegins);
    play.ok(0, drawn(0, &[3]));
    play.ok(0, typed("a"));
    play.ok(0, typed("b"));
    play.ok(0, drawn(2, &[1, 1]));
    play.ok(0, typed("c"));
    assert_eq!(pages(&play), ["(drawn)", "ab", "(drawn)", "c"]);
    play.ok(0, drawn(1, &[1]));
    play.ok(0, written(0, "d"));
    assert_eq!(pages(&play), ["d", "(drawn)", "(drawn)", "c"]);
    assert_eq!(play.refused(0, drawn(4, &[1])), Refusal::NoteFull);
    play.ok(0, drawn(1, &[]));
    assert_eq!(play.room.notes().written_pages(), 3, "a page drawn empty again is not a written one");
}

#[test]
fn a_drawing_has_its_limits_on_the_page_and_in_the_note() {
    let pages_max = NOTE_POINTS_MAX / POINTS_MAX + 2;
    let mut play = Play::with(Rules { note_limits: NoteLimits { pages_max, page_chars_max: 10 }, ..rules() });
    play.ok(0, Event::VisitBegins);
    assert_eq!(play.refused(0, drawn(0, &[POINTS_MAX, 1])), Refusal::NoteFull);
    assert_eq!(play.refused(0, drawn(0, &vec![1; STROKES_MAX + 1])), Refusal::NoteFull);
    for page in 0..NOTE_POINTS_MAX / POINTS_MAX {
        play.ok(0, drawn(page, &[POINTS_MAX]));
        play.ok(0, drawn(page, &[POINTS_MAX]));
    }
    let last = play.room.notes().pages.len();
    assert_eq!(play.refused(0, drawn(last, &[1])), Refusal::NoteFull);
    play.ok(0, drawn(last, &[]));
    play.ok(0, written(last, "words"));
}

#[test]
fn intentions_and_words_for_the_clinician_have_their_limits() {
    let mut play = small_note();
    for question in 0..INTENTIONS {
        play.ok(0, intention(question, "0123456789"));
    }
    assert_eq!(play.refused(0, intention(INTENTIONS, "a")), Refusal::NoSuchPage);
    assert_eq!(play.refused(0, intention(0, "01234567890")), Refusal::NoteFull);
    assert_eq!(play.refused(0, for_clinician("01234567890")), Refusal::NoteFull);
}

#[test]
fn only_what_was_shared_is_shared() {
    let mut play = small_note();
    play.ok(0, Event::ForClinicianShared { on: true });
    assert!(!play.room.notes().shared, "nothing is written yet");
    play.ok(0, for_clinician("a"));
    assert!(!play.room.notes().shared);
    play.ok(0, Event::ForClinicianShared { on: true });
    assert!(play.room.notes().shared);
    play.ok(0, Event::ForClinicianShared { on: false });
    assert!(!play.room.notes().shared);
}

/// The patient pressed share on other words.
#[test]
fn words_changed_after_sharing_wait_for_another_share() {
    let mut play = small_note();
    play.ok(0, for_clinician("a"));
    play.ok(0, Event::ForClinicianShared { on: true });
    play.ok(0, for_clinician("a"));
    assert!(play.room.notes().shared, "the same words are still the shared ones");
    play.ok(0, for_clinician("ab"));
    assert!(!play.room.notes().shared);
}

#[test]
fn a_pause_of_300_ms_seals() {
    let mut play = small_note();
    play.ok(1_000, typed("a"));
    play.ok(1_299, typed("b"));
    assert_eq!(play.room.poll_timeout(play.now), Some(RoomTime(1_599)));
    assert_eq!(seals_until(&mut play, MINUTE), [1_599]);
    assert_eq!(play.room.poll_timeout(play.now), None);
}

#[test]
fn typing_without_a_pause_is_sealed_every_two_seconds() {
    let mut play = Play::in_stage(Stage::After);
    let mut seals = Vec::new();
    for step in 0..50 {
        let at_ms = 10_000 + step * 100;
        seals.extend(seals_until(&mut play, at_ms));
        play.ok(at_ms, typed("a"));
    }
    seals.extend(seals_until(&mut play, MINUTE));
    assert_eq!(seals, [12_000, 14_000, 15_200]);
}

proptest::proptest! {
    /// However a person types or draws: nothing waits longer than two seconds for its seal, nor longer than 300 ms once
    /// the hand rests, and the last seal holds everything.
    #[test]
    fn nothing_written_waits_long_for_its_seal(pauses in proptest::collection::vec(0_u64..700, 1..80)) {
        let mut play = Play::in_stage(Stage::After);
        let (mut at_ms, mut first_unsealed, mut sealed) = (10_000, None::<u64>, 0);
        let mut changes = Vec::new();
        for pause_ms in pauses.iter().chain([&5_000]) {
            let until_ms = at_ms + pause_ms;
            while let Some(due) = play.room.poll_timeout(play.now).filter(|due| due.0 <= until_ms) {
                play.run_to(due.0);
                for effect in play.effects() {
                    let Effect::SealNotes(notes) = effect else { continue };
                    let rested = changes.last().is_some_and(|last: &u64| due.0 == last + 300);
                    let long = first_unsealed.is_some_and(|first| due.0 == first + 2_000);
                    proptest::prop_assert!(rested || long, "sealed at {due:?} for no reason");
                    sealed = notes.version;
                    first_unsealed = None;
                }
            }
            play.run_to(until_ms);
            proptest::prop_assert!(first_unsealed.is_none_or(|first| until_ms < first + 2_000));
            proptest::prop_assert!(first_unsealed.is_none() || changes.last().is_none_or(|last| until_ms < last + 300));
            at_ms = until_ms;
            if *pause_ms < 5_000 {
                let event = if changes.len() % 3 == 2 { drawn(1, &[3]) } else { written(0, "words") };
                play.ok(at_ms, event);
                changes.push(at_ms);
                first_unsealed.get_or_insert(at_ms);
            }
        }
        proptest::prop_assert_eq!(sealed, play.room.notes().version);
    }
}

#[test]
fn every_kind_of_writing_is_sealed_with_all_that_is_written() {
    let mut play = small_note();
    let events = [
        typed("a"),
        written(0, "b"),
        drawn(1, &[2]),
        intention(1, "c"),
        for_clinician("d"),
        Event::ForClinicianShared { on: true },
    ];
    for (index, event) in events.into_iter().enumerate() {
        let at_ms = (index as u64 + 1) * MINUTE;
        play.ok(at_ms, event);
        play.run_to(at_ms + 300);
        let effects = play.effects();
        let [Effect::SealNotes(sealed)] = &effects[..] else { panic!("not sealed: {effects:?}") };
        assert_eq!(sealed.as_ref(), play.room.notes());
        assert_eq!(sealed.version, index as u64 + 1);
    }
}

#[test]
fn a_failed_seal_is_a_trouble_until_one_holds() {
    let mut play = small_note();
    play.ok(0, typed("a"));
    play.ok(400, Event::NotesSealed { version: 1, ok: false });
    assert_eq!(play.snapshot().troubles, [Trouble::NotesNotSealed]);
    play.ok(500, Event::NotesSealed { version: 1, ok: true });
    assert_eq!(play.snapshot().troubles, []);
}

#[test]
fn what_comes_back_from_the_vault_fills_an_empty_note_only() {
    let mut vault = small_note();
    vault.ok(0, written(0, "old"));
    let old = vault.room.notes().clone();

    let mut play = small_note();
    play.ok(0, Event::NotesRestored(old.clone()));
    assert_eq!(play.room.notes(), &old);
    assert_eq!(play.room.poll_timeout(play.now), None, "what the vault holds needs no seal");

    let mut play = small_note();
    play.ok(0, typed("new"));
    play.ok(10, Event::NotesRestored(old));
    assert!(pages(&play).contains(&"new".to_owned()), "newer typing stays");
}

#[test]
fn a_lost_note_is_told_and_a_reset_ends_the_telling() {
    let mut play = small_note();
    play.ok(0, Event::NotesLost);
    assert_eq!(play.snapshot().troubles, [Trouble::NotesLost]);
    play.ok(0, Event::StaffReset);
    assert_eq!(play.snapshot().troubles, []);
}

#[test]
fn a_reset_forgets_what_was_written_and_seals_nothing_more() {
    let mut play = small_note();
    play.ok(0, typed("a"));
    play.ok(100, Event::StaffReset);
    assert_eq!(play.effects(), [Effect::Wipe]);
    play.run_to(MINUTE);
    assert_eq!(play.effects(), []);
    assert_eq!(play.room.notes(), &Notes::default());
}

#[test]
fn words_never_appear_in_debug() {
    let mut play = Play::new();
    play.ok(0, Event::VisitBegins);
    let mut said = String::new();
    let events = [
        typed(CANARY),
        written(0, CANARY),
        drawn(1, &[3]),
        intention(2, CANARY),
        for_clinician(CANARY),
        Event::ForClinicianShared { on: true },
    ];
    for event in events {
        write!(said, "{event:?} {event:#?}").expect("a string takes it");
        play.ok(play.now.0 + 1_000, event);
        play.run_to(play.now.0 + 500);
        write!(said, "{:?} {:#?}", play.room, play.snapshot()).expect("a string takes it");
        write!(said, "{:?}", play.effects()).expect("a string takes it");
    }
    let notes = play.room.notes().clone();
    write!(said, "{notes:?} {:?}", Event::NotesRestored(notes.clone())).expect("a string takes it");
    assert!(!said.contains("canary"), "a debug text holds what the patient wrote");
    assert!(!said.contains("7351"), "a debug text holds what the patient drew");
    assert!(notes.pages[0].words().is_some_and(|text| text.reveal().contains("canary")));
}
