//! Tests of the score: every character against the figures it is held to.

use super::measure::{Figures, RATE_HZ, click_ratio, perform};
use super::*;
use crate::room::arc::Arc;

fn frames_of(character: Character, seed: u64, seconds: f64) -> Vec<[f32; 2]> {
    let mut all = Vec::new();
    perform(character, seed, seconds, |_| Shape::default(), |_, frames, _| all.extend_from_slice(frames));
    all
}

/// Four minutes with all that the arc can ask for, from its quietest to its fullest.
fn short(character: Character) {
    let swell = |at_s: f64| Shape::default().nudged((at_s / 120.0 - 1.0).clamp(-0.9, 0.9) as f32);
    let figures = Figures::of(character, 5, 240.0, swell);
    assert!(figures.faults().is_empty(), "{}: {:?}\n{figures:#?}", character.name(), figures.faults());
    assert!(figures.written.notes > 30, "{figures:?}");
}

#[test]
fn tidal_keeps_its_figures() {
    short(Character::Tidal);
}

#[test]
fn glass_keeps_its_figures() {
    short(Character::Glass);
}

#[test]
fn strings_keep_their_figures() {
    short(Character::Strings);
}

#[test]
fn bells_keep_their_figures() {
    short(Character::Bells);
}

/// A whole hour along the arc of an infusion of 45 minutes, for several seeds.
fn hours(character: Character) {
    let seeds: u64 = std::env::var("STILLROOM_SCORE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3);
    let arc = Arc::new(45);
    let mut broken = Vec::new();
    for seed in 1..=seeds {
        let figures = Figures::of(character, seed, 3_600.0, |at_s| Shape::along(&arc, Some((at_s * 1_000.0) as u64)));
        println!("{HEADING}\n{}", row(character, seed, &figures));
        broken.extend(figures.faults().into_iter().map(|fault| format!("{} {seed}: {fault}", character.name())));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_tidal_keep_their_figures() {
    hours(Character::Tidal);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_glass_keep_their_figures() {
    hours(Character::Glass);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_strings_keep_their_figures() {
    hours(Character::Strings);
}

#[test]
#[ignore = "whole hours take minutes: make soak"]
fn soak_hours_of_bells_keep_their_figures() {
    hours(Character::Bells);
}

const HEADING: &str = "| score | notes/s | apart ms | attack ms | bell ms | modes, shortest s | shared, held | roughest, mean \
                       | LUFS | from curve LU | centroid Hz | slope dB/oct | L/R | mono dB | rise dB | peak | click | like: sound, movement |";

fn row(character: Character, seed: u64, figures: &Figures) -> String {
    let Figures { written, heard, likeness } = figures;
    format!(
        "| {} {seed} | {:.2} | {:.0} | {:.0} | {:.0} | {}, {:.0} | {}, {} | {:.3}, {:.3} | {:.1} | {:.1} to {:.1} | {:.0} to {:.0} | {:.1} | {:.2} | {:.1} | {:.1} | {:.2} | {:.1} | {:.2}, {:.2} |",
        character.name(),
        written.notes_per_s,
        written.closest_onsets_ms,
        written.shortest_attack_ms,
        written.shortest_bell_attack_ms,
        written.mode_changes,
        written.shortest_mode_s,
        written.fewest_shared_tones,
        written.fewest_held,
        written.roughest,
        written.roughness_mean,
        heard.loudness_lufs,
        heard.below_curve_lu,
        heard.above_curve_lu,
        heard.centroid_low_hz,
        heard.centroid_high_hz,
        heard.slope_db,
        heard.correlation_low,
        heard.mono_loss_db,
        heard.rise_db,
        heard.peak,
        heard.click_ratio,
        likeness.sound,
        likeness.movement,
    )
}

#[test]
fn the_same_seed_gives_the_same_samples_and_another_does_not() {
    for character in Character::ALL {
        let first = frames_of(character, 9, 12.0);
        assert!(first == frames_of(character, 9, 12.0), "{}", character.name());
        assert!(first != frames_of(character, 10, 12.0), "{}", character.name());
        assert!(first.as_flattened().iter().any(|sample| sample.abs() > 0.01), "{}", character.name());
    }
}

#[test]
fn characters_and_seeds_give_way_without_a_click_or_a_gap() {
    let mut score = Score::new(RATE_HZ);
    let (mut frames, mut block) = (Vec::new(), SILENCE);
    for (turn, character) in [0, 2, 3, 1, 1, 0].into_iter().map(|index| Character::ALL[index]).enumerate() {
        for _ in 0..25 * RATE_HZ as usize / BLOCK {
            score.want(ScoreAim { character, seed: turn as u64, level_db: 0.0, shape: Shape::default() });
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
fn a_score_that_rests_begins_anew_and_not_the_same_again() {
    let mut score = Score::new(RATE_HZ);
    let aim = ScoreAim { character: Character::Glass, seed: 3, level_db: 0.0, shape: Shape::default() };
    let mut opening = || {
        let (mut frames, mut block) = (Vec::new(), SILENCE);
        for _ in 0..6 * RATE_HZ as usize / BLOCK {
            score.want(aim);
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
fn the_desk_nudges_within_bounds() {
    let fullest = Shape::default().nudged(9.0).nudged(1.0);
    let stillest = Shape::default().nudged(f32::NEG_INFINITY).nudged(-1.0);
    assert!(fullest.intensity <= 1.0 && stillest.intensity >= 0.0 && stillest.intensity < 0.2);
    assert!((Shape::default().nudged(f32::NAN).intensity - 0.5).abs() < 1e-6);
    assert!((Shape::default().loudness_lufs() + 24.0).abs() < 1e-6);
}

#[test]
fn names_lead_back_to_their_characters() {
    for character in Character::ALL {
        assert_eq!(Character::from_name(character.name()), Some(character));
    }
    assert_eq!(Character::from_name("drums"), None);
}
