//! Tests that every character of the score meets its metrics, and that the score behaves when its aim changes.

use std::collections::BTreeSet;

use super::measure::{AudioMetrics, RATE_HZ, ScoreMetrics, click_ratio, perform};
use super::*;
use crate::room::timeline::SessionTimeline;
use crate::sound::tracks::instruments::read_instrument;

/// Returns a score that has been given the recordings of a character.
fn score_for(character: Character) -> Score {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("media/instruments");
    let mut score = Score::new(RATE_HZ);
    for instrument in recordings_of(character) {
        drop(score.put(Box::new(read_instrument(&folder, instrument).unwrap().unwrap())));
    }
    score
}

fn frames_of(character: Character, seed: u64, seconds: f64) -> Vec<[f32; 2]> {
    let mut all = Vec::new();
    let mut score = score_for(character);
    perform(
        &mut score,
        character,
        seed,
        seconds,
        |_| ScoreShape::default(),
        |_, frames, _| all.extend_from_slice(frames),
    );
    all
}

/// Checks four minutes through nearly the full range of shapes, from the calmest to the fullest.
fn short(character: Character) {
    let swell = |at_s: f64| ScoreShape::default().nudged((at_s / 120.0 - 1.0).clamp(-0.9, 0.9) as f32);
    let metrics = ScoreMetrics::of(&mut score_for(character), character, 5, 240.0, swell);
    assert!(metrics.violations().is_empty(), "{}: {:?}\n{metrics:#?}", character.name(), metrics.violations());
    assert!(metrics.notes.notes > 30, "{metrics:?}");
}

#[test]
fn tidal_meets_its_metrics() {
    short(Character::Tidal);
}

#[test]
fn glass_meets_its_metrics() {
    short(Character::Glass);
}

#[test]
fn strings_meet_their_metrics() {
    short(Character::Strings);
}

#[test]
fn bells_meet_their_metrics() {
    short(Character::Bells);
}

#[test]
fn piano_and_strings_meet_their_metrics() {
    short(Character::PianoStrings);
}

#[test]
fn bare_piano_meets_its_metrics() {
    short(Character::BarePiano);
}

#[test]
fn low_strings_meet_their_metrics() {
    short(Character::LowStrings);
}

#[test]
fn cello_and_drones_meet_their_metrics() {
    short(Character::CelloDrone);
}

#[test]
fn harp_and_flute_meet_their_metrics() {
    short(Character::HarpFlute);
}

#[test]
fn choir_and_bells_meet_their_metrics() {
    short(Character::ChoirBells);
}

/// Checks the first work that is played with this seed, from its first note to its last. Unlike composed music, it may be
/// rough, repeat passages, and rest. Returns the work's title.
fn first_work(seed: u64) -> &'static str {
    let shape = ScoreShape::default();
    let mut frames = Vec::new();
    let mut score = score_for(Character::PianoWorks);
    let add = |_, heard: &[[f32; 2]], _| frames.extend_from_slice(heard);
    let notes = perform(&mut score, Character::PianoWorks, seed, 330.0, |_| shape, add);
    let keys: Vec<i32> = notes.iter().map(|event| event.note.key).collect();
    let is_whole = |work: &&Work| work.keys().eq(keys.iter().copied().take(work.keys().count()));
    let work = works().iter().find(is_whole).expect("a work was played from beginning to end, without a missing note");
    // The silence after the work is not measured.
    let last_s = notes.iter().take(work.keys().count()).map(|event| event.start_s).fold(0.0, f64::max);
    frames.truncate(((last_s + 1.0) * f64::from(RATE_HZ)) as usize);
    let mut audio = measure::AudioMeter::new(RATE_HZ, 20.0);
    for block in frames.chunks(BLOCK) {
        audio.add(block, Some(shape.loudness_lufs()));
    }
    let AudioMetrics { loudness_lufs, above_curve_lu, rise_db, peak, click_ratio, mono_loss_db, .. } = audio.metrics();
    println!(
        "{}: {loudness_lufs:.1} LUFS, {above_curve_lu:.1} LU above the curve, rise {rise_db:.1} dB, peak {peak:.2}, \
         click {click_ratio:.1}, mono {mono_loss_db:.1} dB",
        work.title
    );
    assert!((-27.0..=-21.0).contains(&loudness_lufs) && above_curve_lu <= 4.0, "{}", work.title);
    assert!(rise_db <= 6.0 && peak <= 0.89 && click_ratio <= measure::CLICK_LIMIT, "{}", work.title);
    assert!(mono_loss_db <= 3.0, "{}", work.title);
    &work.title
}

#[test]
fn a_work_is_played_whole_and_without_anything_sudden() {
    first_work(1);
}

#[test]
#[ignore = "whole works take minutes: make soak"]
fn soak_works_are_played_whole_and_without_anything_sudden() {
    // The seed decides which work comes first.
    let heard: BTreeSet<&str> = (1..=32).map(first_work).collect();
    assert_eq!(heard.len(), works().len(), "{heard:?}");
}

/// Checks a whole hour along the arc of a 45-minute infusion, for several seeds.
fn hours(character: Character) {
    let seeds: u64 = std::env::var("STILLROOM_SCORE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3);
    let arc = SessionTimeline::new(45);
    let mut broken = Vec::new();
    for seed in 1..=seeds {
        let shape_at = |at_s: f64| ScoreShape::along(&arc, Some((at_s * 1_000.0) as u64));
        let metrics = ScoreMetrics::of(&mut score_for(character), character, seed, 3_600.0, shape_at);
        println!("{HEADING}\n{}", row(character, seed, &metrics));
        broken.extend(metrics.violations().into_iter().map(|fault| format!("{} {seed}: {fault}", character.name())));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_tidal_meet_their_metrics() {
    hours(Character::Tidal);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_glass_meet_their_metrics() {
    hours(Character::Glass);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_strings_meet_their_metrics() {
    hours(Character::Strings);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_bells_meet_their_metrics() {
    hours(Character::Bells);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_piano_and_strings_meet_their_metrics() {
    hours(Character::PianoStrings);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_bare_piano_meets_its_metrics() {
    hours(Character::BarePiano);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_low_strings_meet_their_metrics() {
    hours(Character::LowStrings);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_cello_and_drones_meet_their_metrics() {
    hours(Character::CelloDrone);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_harp_and_flute_meet_their_metrics() {
    hours(Character::HarpFlute);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_choir_and_bells_meet_their_metrics() {
    hours(Character::ChoirBells);
}

const HEADING: &str = "| score | notes/s | apart ms | attack ms | quick ms | modes, shortest s | shared, held | roughest, mean \
                       | LUFS | from curve LU | centroid Hz | slope dB/oct | L/R | mono dB | rise dB | peak | click | like: sound, movement |";

fn row(character: Character, seed: u64, metrics: &ScoreMetrics) -> String {
    let ScoreMetrics { notes, audio, similarity, .. } = metrics;
    format!(
        "| {} {seed} | {:.2} | {:.0} | {:.0} | {:.0} | {}, {:.0} | {}, {} | {:.3}, {:.3} | {:.1} | {:.1} to {:.1} | {:.0} to {:.0} | {:.1} | {:.2} | {:.1} | {:.1} | {:.2} | {:.1} | {:.2}, {:.2} |",
        character.name(),
        notes.notes_per_s,
        notes.closest_onsets_ms,
        notes.shortest_attack_ms,
        notes.shortest_quick_attack_ms,
        notes.mode_changes,
        notes.shortest_mode_s,
        notes.fewest_shared_tones,
        notes.fewest_held,
        notes.roughest,
        notes.roughness_mean,
        audio.loudness_lufs,
        audio.below_curve_lu,
        audio.above_curve_lu,
        audio.centroid_low_hz,
        audio.centroid_high_hz,
        audio.slope_db,
        audio.correlation_low,
        audio.mono_loss_db,
        audio.rise_db,
        audio.peak,
        audio.click_ratio,
        similarity.sound,
        similarity.movement,
    )
}

/// Returns the level in dB of the first two seconds of a note.
fn level_db(synth: &mut synth::Synth, instrument: Instrument, key: i32) -> f32 {
    let timbre = instrument.timbre();
    let attack_s = timbre.attack_s[0];
    let note = ScoreNote {
        instrument,
        key,
        level: 0.25,
        pan_position: 0.0,
        attack_s,
        held_s: 3.0,
        release_s: timbre.release_s,
        is_melody: false,
    };
    assert!(synth.begin(note, &mut crate::sound::dsp::Rng::new(4)));
    let (mut block, mut power) = (SILENCE, 0.0);
    let blocks = 2 * RATE_HZ as usize / BLOCK;
    for _ in 0..blocks {
        synth.render(&mut block, 0.5, 0.5);
        power += block.as_flattened().iter().map(|sample| sample * sample).sum::<f32>();
    }
    synth.clear();
    10.0 * (power / (blocks * BLOCK) as f32).log10()
}

#[test]
fn a_recording_is_as_loud_as_the_partials_that_stand_in_for_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("media/instruments");
    let mut wrong = Vec::new();
    for instrument in Instrument::ALL {
        let Some(sampled) = read_instrument(&folder, instrument) else { continue };
        let sampled = sampled.unwrap();
        let keys: Vec<i32> = sampled.notes().iter().map(|note| note.key).collect();
        let keys: Vec<i32> = if keys.len() > 1 { keys } else { vec![keys[0] - 7, keys[0], keys[0] + 5] };
        let mut synth = synth::Synth::new(RATE_HZ as f32);
        let stand_in: f32 = keys.iter().map(|key| level_db(&mut synth, instrument, *key)).sum();
        assert!(synth.put(Box::new(sampled)).is_none() && synth.has_recording(instrument));
        let recorded: f32 = keys.iter().map(|key| level_db(&mut synth, instrument, *key)).sum();
        let apart_db = (recorded - stand_in) / keys.len() as f32;
        println!("{instrument:?}: {apart_db:.1} dB");
        if apart_db.abs() > 2.0 {
            wrong.push(format!("{instrument:?}: {apart_db:.1} dB"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Returns the phrases of a performance's melody that have at least three notes. Each note has its length in seconds
/// and its key.
fn phrases(notes: &[measure::NoteEvent]) -> Vec<Vec<(f64, i32)>> {
    let melody: Vec<_> = notes.iter().filter(|event| event.note.is_melody).collect();
    let mut phrases: Vec<Vec<(f64, i32)>> = vec![Vec::new()];
    for (at, event) in melody.iter().enumerate() {
        let until_next_s = melody.get(at + 1).map_or(99.0, |next| next.start_s - event.start_s);
        phrases.last_mut().unwrap().push((f64::from(event.note.held_s), event.note.key));
        if until_next_s > f64::from(event.note.held_s) + 1.5 {
            phrases.push(Vec::new());
        }
    }
    phrases.retain(|phrase| phrase.len() > 2);
    phrases
}

/// Returns the direction from each note to the next: 1 up, −1 down, 0 for the same key.
fn contour(phrase: &[(f64, i32)]) -> Vec<i32> {
    phrase.windows(2).map(|pair| (pair[1].1 - pair[0].1).signum()).collect()
}

/// Returns whether two phrases state the same motif: their notes have the same lengths in beats, and their contours
/// are the same or mirrored, with at most one exception. Only the final notes are compared, as many as the shorter
/// phrase has, because a shortened phrase lacks its first notes.
fn are_alike(one: &[(f64, i32)], other: &[(f64, i32)]) -> bool {
    let length = one.len().min(other.len());
    let (one, other) = (&one[one.len() - length..], &other[other.len() - length..]);
    let shortest_s = |phrase: &[(f64, i32)]| phrase.iter().map(|(held_s, _)| *held_s).fold(f64::MAX, f64::min);
    let beats = |phrase: &[(f64, i32)]| -> Vec<i64> {
        let beat_s = shortest_s(phrase);
        phrase.iter().map(|(held_s, _)| (held_s / beat_s).round() as i64).collect()
    };
    let (up, down) = (contour(one), contour(other));
    let same = up.iter().zip(&down).filter(|(one, other)| one == other).count();
    length >= 3 && beats(one) == beats(other) && (same + 1 >= up.len() || same <= 1)
}

#[test]
fn a_motif_returns_changed_in_every_arranged_character() {
    for character in Character::ALL.iter().copied().filter(|character| arrangement_of(*character).is_some()) {
        let mut motifs = Vec::new();
        for seed in 1..=3 {
            let full = ScoreShape { intensity: 0.75, ..ScoreShape::default() };
            let mut score = score_for(character);
            let notes = perform(&mut score, character, seed, 420.0, |_| full, |_, _, _| ());
            let phrases = phrases(&notes);
            assert!(phrases.len() >= 10, "{}, seed {seed}: {} phrases", character.name(), phrases.len());
            let alike = |motif: &Vec<(f64, i32)>| phrases.iter().filter(|phrase| are_alike(motif, phrase)).count();
            let motif = phrases.iter().max_by_key(|phrase| alike(phrase)).unwrap();
            let share = alike(motif) as f64 / phrases.len() as f64;
            let keys = |phrase: &Vec<(f64, i32)>| phrase.iter().map(|(_, key)| *key).collect::<Vec<_>>();
            let mut distinct: Vec<Vec<i32>> = phrases.iter().map(keys).collect();
            distinct.sort();
            distinct.dedup();
            println!(
                "{} {seed}: {} phrases, {share:.2} of the motif, {} distinct",
                character.name(),
                phrases.len(),
                distinct.len()
            );
            assert!(share >= 0.5, "{}, seed {seed}: only {share:.2} of its phrases are the motif", character.name());
            assert!(distinct.len() * 2 > phrases.len(), "{}, seed {seed}: it returns unchanged", character.name());
            motifs.push(motif.clone());
        }
        let differ = |pair: &[Vec<(f64, i32)>]| !are_alike(&pair[0], &pair[1]);
        assert!(motifs.windows(2).any(differ), "{}: every performance has the same motif", character.name());
    }
}

#[test]
fn without_its_recordings_an_arranged_character_is_synthesised() {
    let mut score = Score::new(RATE_HZ);
    let (mut heard, character) = (0.0_f32, Character::PianoStrings);
    perform(
        &mut score,
        character,
        2,
        12.0,
        |_| ScoreShape::default(),
        |at_s, frames, _| {
            if at_s > 4.0 {
                heard = heard.max(frames.as_flattened().iter().fold(0.0, |peak, sample| peak.max(sample.abs())));
            }
        },
    );
    assert!(heard > 0.01, "{heard}");
}

#[test]
fn samples_depend_on_the_seed_alone() {
    for character in Character::ALL.iter().copied() {
        let first = frames_of(character, 9, 12.0);
        assert!(first == frames_of(character, 9, 12.0), "{}", character.name());
        assert!(first != frames_of(character, 10, 12.0), "{}", character.name());
        assert!(first.as_flattened().iter().any(|sample| sample.abs() > 0.01), "{}", character.name());
    }
}

#[test]
fn changes_of_character_and_seed_have_no_click_or_gap() {
    let mut score = score_for(Character::PianoStrings);
    let (mut frames, mut block) = (Vec::new(), SILENCE);
    let there_and_back = Character::ALL.iter().chain(Character::ALL.iter().rev());
    for (turn, character) in there_and_back.copied().enumerate() {
        for _ in 0..25 * RATE_HZ as usize / BLOCK {
            score.set_aim(ScoreAim { character, seed: turn as u64, level_db: 0.0, shape: ScoreShape::default() });
            score.render(&mut block);
            frames.extend_from_slice(&block);
        }
    }
    assert!(click_ratio(&frames, RATE_HZ) < measure::CLICK_LIMIT, "{}", click_ratio(&frames, RATE_HZ));
    for (second, part) in frames.chunks(RATE_HZ as usize).enumerate().skip(15) {
        let power = part.as_flattened().iter().map(|sample| sample * sample).sum::<f32>() / part.len() as f32;
        // A work may begin very softly, but nothing may be silent.
        assert!(power > 3e-5, "{:.1} dB in second {second}", 10.0 * power.log10());
    }
}

#[test]
fn a_score_restarts_differently_after_a_rest() {
    let mut score = Score::new(RATE_HZ);
    let aim = ScoreAim { character: Character::Glass, seed: 3, level_db: 0.0, shape: ScoreShape::default() };
    let mut opening = || {
        let (mut frames, mut block) = (Vec::new(), SILENCE);
        for _ in 0..6 * RATE_HZ as usize / BLOCK {
            score.set_aim(aim);
            score.render(&mut block);
            frames.extend_from_slice(&block);
        }
        score.rest();
        score.render(&mut block);
        assert!(block == SILENCE && score.is_resting());
        frames
    };
    let first = opening();
    let second = opening();
    assert!(first != second);
    assert!(second[..480].as_flattened().iter().all(|sample| sample.abs() < 1e-3), "nothing of the first is left");
}

#[test]
fn nudges_stay_within_bounds() {
    let fullest = ScoreShape::default().nudged(9.0).nudged(1.0);
    let stillest = ScoreShape::default().nudged(f32::NEG_INFINITY).nudged(-1.0);
    assert!(fullest.intensity <= 1.0 && stillest.intensity >= 0.0 && stillest.intensity < 0.2);
    assert!((ScoreShape::default().nudged(f32::NAN).intensity - 0.5).abs() < 1e-6);
    assert!((ScoreShape::default().loudness_lufs() + 24.0).abs() < 1e-6);
}
