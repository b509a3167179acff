//! Tests of the score: every character against its metrics.

use super::measure::{RATE_HZ, ScoreMetrics, click_ratio, perform};
use super::*;
use crate::room::timeline::SessionTimeline;

fn frames_of(character: Character, seed: u64, seconds: f64) -> Vec<[f32; 2]> {
    let mut all = Vec::new();
    perform(character, seed, seconds, |_| ScoreShape::default(), |_, frames, _| all.extend_from_slice(frames));
    all
}

/// Four minutes through the full range of shapes, from the calmest to the fullest.
fn short(character: Character) {
    let swell = |at_s: f64| ScoreShape::default().nudged((at_s / 120.0 - 1.0).clamp(-0.9, 0.9) as f32);
    let metrics = ScoreMetrics::of(character, 5, 240.0, swell);
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

/// A whole hour along the arc of a 45-minute infusion, for several seeds.
fn hours(character: Character) {
    let seeds: u64 = std::env::var("STILLROOM_SCORE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3);
    let arc = SessionTimeline::new(45);
    let mut broken = Vec::new();
    for seed in 1..=seeds {
        let metrics =
            ScoreMetrics::of(character, seed, 3_600.0, |at_s| ScoreShape::along(&arc, Some((at_s * 1_000.0) as u64)));
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

const HEADING: &str = "| score | notes/s | apart ms | attack ms | bell ms | modes, shortest s | shared, held | roughest, mean \
                       | LUFS | from curve LU | centroid Hz | slope dB/oct | L/R | mono dB | rise dB | peak | click | like: sound, movement |";

fn row(character: Character, seed: u64, metrics: &ScoreMetrics) -> String {
    let ScoreMetrics { notes, audio, similarity } = metrics;
    format!(
        "| {} {seed} | {:.2} | {:.0} | {:.0} | {:.0} | {}, {:.0} | {}, {} | {:.3}, {:.3} | {:.1} | {:.1} to {:.1} | {:.0} to {:.0} | {:.1} | {:.2} | {:.1} | {:.1} | {:.2} | {:.1} | {:.2}, {:.2} |",
        character.name(),
        notes.notes_per_s,
        notes.closest_onsets_ms,
        notes.shortest_attack_ms,
        notes.shortest_bell_attack_ms,
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
    let mut score = Score::new(RATE_HZ);
    let (mut frames, mut block) = (Vec::new(), SILENCE);
    for (turn, character) in [0, 2, 3, 1, 1, 0].into_iter().map(|index| Character::ALL[index]).enumerate() {
        for _ in 0..25 * RATE_HZ as usize / BLOCK {
            score.set_aim(ScoreAim { character, seed: turn as u64, level_db: 0.0, shape: ScoreShape::default() });
            score.render(&mut block);
            frames.extend_from_slice(&block);
        }
    }
    assert!(click_ratio(&frames, RATE_HZ) < measure::CLICK_LIMIT, "{}", click_ratio(&frames, RATE_HZ));
    for (second, part) in frames.chunks(RATE_HZ as usize).enumerate().skip(15) {
        let power = part.as_flattened().iter().map(|sample| sample * sample).sum::<f32>() / part.len() as f32;
        assert!(power > 1e-4, "{:.1} dB in second {second}", 10.0 * power.log10());
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
