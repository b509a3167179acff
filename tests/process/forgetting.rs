//! Owns the tests that run one visit after another with unique words and kill the program at random moments. No note
//! may be lost before its reset. Afterwards, no piece of it may be left in any encoding: not in a file, on an output,
//! or in the process's memory.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::chance::Chance;
use crate::kiosk::{Home, Kiosk, eventually, has_trouble};
use crate::memory::{Pieces, is_in_process};

/// Number of visits in the short test, which runs by default.
const VISITS: usize = 3;
/// Number of visits in the long test, unless `STILLROOM_VISITS` is set.
const VISITS_SOAKED: usize = 1_000;
/// Number of recent visits whose words are searched for after each visit.
const VISITS_BACK: usize = 3;
/// Interval, in visits, at which the words of all earlier visits are searched for.
const ALL_EVERY: usize = 50;
/// Maximum time from a reset to the receipt that verifies it.
const VERIFIED_WITHIN: Duration = Duration::from_secs(3);
/// Maximum time from a reset until the room reacts to input again.
const INPUT_DEAD_FOR: Duration = Duration::from_millis(1_500);
/// Maximum time until typed words are sealed, so that they survive a kill.
const SEALED_WITHIN: Duration = Duration::from_secs(2);
/// Maximum time from typing to the kill.
const KILLED_WITHIN: Duration = Duration::from_millis(450);

#[derive(Default)]
struct Tally {
    visits: usize,
    kills: usize,
    kills_in_a_reset: usize,
    resets_undone: usize,
    notes_back: usize,
    in_memory_before: usize,
    read_memory: bool,
    sealed_in: Vec<Duration>,
    verified_in: Vec<Duration>,
    dead_for: Vec<Duration>,
}

#[test]
fn nothing_of_a_visit_is_left_and_no_note_is_lost_before() {
    visits(VISITS);
}

#[test]
#[ignore = "half an hour and more: make soak"]
fn soak_a_thousand_visits_leave_nothing_and_lose_no_note() {
    visits(std::env::var("STILLROOM_VISITS").map_or(VISITS_SOAKED, |visits| visits.parse().unwrap()));
}

fn visits(count: usize) {
    let mut chance = Chance::new();
    let mut home = Home::new();
    home.log = "trace";
    let mut tally = Tally::default();
    let mut words_of_all: Vec<String> = Vec::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    for visit in 1..=count {
        kiosk = one_visit(&home, kiosk, &mut chance, &mut tally, &mut words_of_all);
        let back = words_of_all.len().saturating_sub(4 * VISITS_BACK);
        let of = if visit % ALL_EVERY == 0 || visit == count { &words_of_all[..] } else { &words_of_all[back..] };
        nothing_is_left(&home, &kiosk, &Pieces::of_all(of), &mut tally);
        tally.visits = visit;
        if visit % ALL_EVERY == 0 || visit == count {
            println!("{}", told(&mut tally));
        }
    }
    for (what, spans, limit) in [
        ("sealed", &tally.sealed_in, SEALED_WITHIN),
        ("verified", &tally.verified_in, VERIFIED_WITHIN),
        ("input dead", &tally.dead_for, INPUT_DEAD_FOR),
    ] {
        let worst = spans.iter().max().copied().unwrap_or_default();
        assert!(worst <= limit, "{what}: {worst:?} at worst; the limit is {limit:?}");
    }
}

fn one_visit(home: &Home, mut kiosk: Kiosk, chance: &mut Chance, tally: &mut Tally, all: &mut Vec<String>) -> Kiosk {
    kiosk.tell("visit_begins");
    kiosk.reach("arrive", |line| line["stage"] == "arrive");
    let words: Vec<String> = (0..4).map(|_| chance.words(40)).collect();
    all.extend(words.iter().cloned());
    // After a kill, every letter of this text must come back.
    type_and_wait_for_the_seal(home, &mut kiosk, &words[0], tally);
    draw(home, &mut kiosk, chance);
    kiosk.send(&json!({"event": "intention", "question": 1, "text": words[1]}));
    kiosk.send(&json!({"event": "intention_drawn", "question": 2, "strokes": [[[1, 2], [3, 4]]]}));
    kiosk.send(&json!({"event": "for_clinician", "text": words[2]}));
    kiosk.send(&json!({"event": "share", "on": chance.number().is_multiple_of(2)}));
    for _ in 0..chance.number() % 3 {
        // The words are typed one letter at a time, as people type. The kill comes at a random moment afterwards.
        for letter in words[3].chars() {
            kiosk.send(&json!({"event": "note_typed", "text": letter.to_string()}));
        }
        std::thread::sleep(chance.moment(KILLED_WITHIN));
        kiosk = killed(home, kiosk, all, tally);
        kiosk.reach("the visit again, with its note", |line| {
            line["stage"] == "arrive" && line["note_pages"].as_u64() >= Some(2)
        });
        note_is_back(&kiosk, &words[0], tally);
    }
    tally.in_memory_before += usize::from(is_in_process(kiosk.pid(), words[0].as_bytes()).unwrap_or(false));
    if chance.number().is_multiple_of(2) {
        reset_and_kill(home, kiosk, chance, &words[0], all, tally)
    } else {
        reset(kiosk, tally)
    }
}

/// Draws on the second page and waits until the drawing is sealed, because it must come back after every kill.
fn draw(home: &Home, kiosk: &mut Kiosk, chance: &mut Chance) {
    let before = home.mark();
    let mut point = || json!([chance.number() % 12_000, chance.number() % 6_250]);
    let stroke: Vec<_> = (0..40).map(|_| point()).collect();
    kiosk.send(&json!({"event": "note_drawn", "page": 2, "strokes": [stroke]}));
    kiosk.wait("a drawing", |line| line["note_pages"] == 2);
    eventually("the seal of the drawing", || home.mark() != before);
}

fn type_and_wait_for_the_seal(home: &Home, kiosk: &mut Kiosk, words: &str, tally: &mut Tally) {
    let typed = Instant::now();
    kiosk.send(&json!({"event": "note_typed", "text": words}));
    kiosk.wait("a page", |line| line["note_pages"] == 1);
    eventually("the seal", || home.is_sealed());
    tally.sealed_in.push(typed.elapsed());
}

fn killed(home: &Home, kiosk: Kiosk, all: &[String], tally: &mut Tally) -> Kiosk {
    nothing_is_said(&kiosk, &Pieces::of_all(all));
    kiosk.kill_9();
    tally.kills += 1;
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk
}

/// Asserts that the memory of the new process contains all the sealed words, if this user may read that memory.
fn note_is_back(kiosk: &Kiosk, words: &str, tally: &mut Tally) {
    assert!(
        !has_trouble(kiosk.last(), "notes-lost") && !has_trouble(kiosk.last(), "notes-damaged"),
        "{}",
        kiosk.last()
    );
    if let Ok(is_back) = is_in_process(kiosk.pid(), words.as_bytes()) {
        assert!(is_back, "the note came back without what was sealed");
    }
    tally.notes_back += 1;
}

fn reset(mut kiosk: Kiosk, tally: &mut Tally) -> Kiosk {
    let told = Instant::now();
    kiosk.tell("staff_reset");
    // This press is sent after the reset, so the new process handles it.
    kiosk.send(&json!({"event": "call_pressed", "practice": true}));
    kiosk.wait("input that is heard again", |line| line["call"] == "placed" || line["receipt"].is_object());
    let dead_for = kiosk.last_at.duration_since(told);
    let verified = kiosk.reach("a receipt", |line| line["receipt"].is_object());
    let took = kiosk.last_at.duration_since(told);
    assert_eq!(verified["receipt"]["verified"], true, "{verified}\n{}", kiosk.complaints_of_its_own().join("\n"));
    tally.verified_in.push(took);
    tally.dead_for.push(dead_for);
    kiosk.reach("ready", |line| line["stage"] == "ready" && line["call"] == "idle");
    kiosk
}

fn reset_and_kill(
    home: &Home,
    mut kiosk: Kiosk,
    chance: &mut Chance,
    words: &str,
    all: &[String],
    tally: &mut Tally,
) -> Kiosk {
    let whole = tally.verified_in.last().copied().unwrap_or(Duration::from_secs(1));
    kiosk.tell("staff_reset");
    std::thread::sleep(chance.moment(whole));
    let mut kiosk = killed(home, kiosk, all, tally);
    tally.kills_in_a_reset += 1;
    if kiosk.last()["stage"] == "arrive" {
        // The reset was not on disk at the time of the kill, so the visit continues with its note.
        kiosk.reach("the note", |line| line["note_pages"].as_u64() >= Some(2));
        note_is_back(&kiosk, words, tally);
        tally.resets_undone += 1;
        return reset(kiosk, tally);
    }
    let ready = kiosk.reach("ready", |line| line["stage"] == "ready");
    assert!(ready["receipt"].is_null() || ready["receipt"]["verified"] == true, "{ready}");
    kiosk
}

fn nothing_is_left(home: &Home, kiosk: &Kiosk, pieces: &Pieces, tally: &mut Tally) {
    match pieces.count_in_process(kiosk.pid()) {
        Ok(found) => {
            assert_eq!(found, 0, "in the process's memory");
            tally.read_memory = true;
        }
        Err(error) => println!("left out, the process's memory: this user may not read it ({error})"),
    }
    for file in home.files() {
        assert_eq!(pieces.count_in(&std::fs::read(&file).unwrap()), 0, "in {}", file.display());
    }
    assert!(!home.sealed().exists() && std::fs::read_dir(&home.runtime).unwrap().next().is_none());
    nothing_is_said(kiosk, pieces);
}

fn nothing_is_said(kiosk: &Kiosk, pieces: &Pieces) {
    assert_eq!(pieces.count_in(&kiosk.said()), 0, "on standard output");
    assert_eq!(pieces.count_in(kiosk.complaints().as_bytes()), 0, "on standard error");
}

fn told(tally: &mut Tally) -> String {
    let Tally { visits, kills, kills_in_a_reset, resets_undone, notes_back, in_memory_before, read_memory, .. } = tally;
    format!(
        "{visits} visits, {kills} kills of which {kills_in_a_reset} in a reset ({resets_undone} undone by it): \
         {notes_back} notes back whole of {notes_back}, words in memory before {in_memory_before} resets and after 0 \
         (memory read: {read_memory}); sealed within {}, verified within {}, input dead for {}",
        spread(&mut tally.sealed_in),
        spread(&mut tally.verified_in),
        spread(&mut tally.dead_for),
    )
}

fn spread(spans: &mut [Duration]) -> String {
    spans.sort_unstable();
    match (spans.get(spans.len() / 2), spans.last()) {
        (Some(median), Some(most)) => format!("{} ms (median {} ms)", most.as_millis(), median.as_millis()),
        _ => "–".to_owned(),
    }
}
