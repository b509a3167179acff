//! Owns the proof that the click detector works: it finds clicks planted in real output of the engine, and finds none
//! where none was planted. Does not own the detector (`clicks`).

use super::super::dsp::Rng;
use super::super::{Mix, ScoreAim, ScoreShape};
use super::clicks::ClickDetector;
use super::{CLICK_RATIO, CLICK_RATIO_OF_DROPS, Pieces, Proof};
use crate::vocabulary::sound::{Bed, Character};

/// Approximate number of frames between planted clicks, enough for each click to fall into a separate window.
const APART: usize = 6_000;

fn score(character: Character) -> Mix {
    let shape = ScoreShape::default();
    Mix { score: Some(ScoreAim { character, seed: 3, level_db: 0.0, shape }), volume_db: -6.0, ..Mix::default() }
}

fn bed(bed: Bed) -> Mix {
    Mix { beds: [Some((bed, 0.0)), None], volume_db: -6.0, ..Mix::default() }
}

/// Returns `seconds` of `mix`, after it has faded in.
fn heard(mix: Mix, seconds: f64) -> Vec<[f32; 2]> {
    let mut proof = Proof::new(48_000);
    proof.is_judging = false;
    proof.set(mix);
    proof.draw(9.0);
    proof.kept = Some(Vec::new());
    proof.draw(seconds);
    proof.kept.take().unwrap_or_default()
}

/// Returns the frames of the clicks whose ratio exceeds `limit`, and the largest ratio of all.
fn listen(frames: &[[f32; 2]], limit: f64) -> (Vec<u64>, f64) {
    let (mut found, mut largest) = (Vec::new(), 0.0_f64);
    ClickDetector::new().hear(frames, |click| {
        largest = largest.max(click.ratio);
        if click.ratio > limit {
            found.push(click.frame);
        }
    });
    (found, largest)
}

/// Returns the index of the loudest frame in the 20 ms after `from`. A click is planted there, because it would be
/// inaudible where the signal is near zero.
fn loudest(frames: &[[f32; 2]], from: usize) -> usize {
    (from..from + 960).max_by(|a, b| frames[*a][0].abs().total_cmp(&frames[*b][0].abs())).unwrap_or(from)
}

/// Returns the fraction of the planted clicks that is found, for each kind of click: 10 ms muted, 200 frames cut out,
/// and 50 ms halved in amplitude.
fn found_of_planted(frames: &[[f32; 2]], limit: f64) -> [f64; 3] {
    let mut rng = Rng::new(9);
    let wholes: Vec<usize> = (1..frames.len() / APART - 1).map(|at| at * APART + rng.below(2_000)).collect();
    let places: Vec<usize> = wholes.into_iter().map(|from| loudest(frames, from)).collect();
    let share = |planted: &[[f32; 2]], places: &[usize]| {
        let (found, _) = listen(planted, limit);
        let hit = |at: &&usize| found.iter().any(|frame| frame.abs_diff(**at as u64) < 600);
        places.iter().filter(hit).count() as f64 / places.len() as f64
    };
    let mut muted = frames.to_vec();
    let mut stepped = frames.to_vec();
    let mut cut = frames.to_vec();
    for at in &places {
        muted[*at..*at + 480].fill([0.0; 2]);
        stepped[*at..*at + 2_400].iter_mut().flatten().for_each(|sample| *sample *= 0.5);
    }
    for at in places.iter().rev() {
        cut.drain(*at..*at + 200);
    }
    let cut_places: Vec<usize> = places.iter().enumerate().map(|(index, at)| at - 200 * index).collect();
    [share(&muted, &places), share(&cut, &cut_places), share(&stepped, &places)]
}

#[test]
fn only_planted_clicks_are_found() {
    let pieces = Pieces::new(30.0);
    let tracks = Mix { tracks: vec![pieces.paths[0].clone().into()], volume_db: -6.0, ..Mix::default() };
    let cases = [
        ("tracks", tracks, CLICK_RATIO, 0.99),
        ("tidal", score(Character::Tidal), CLICK_RATIO, 0.99),
        ("bells", score(Character::Bells), CLICK_RATIO, 0.99),
        ("brown", bed(Bed::Brown), CLICK_RATIO, 0.2),
        ("wind", bed(Bed::Wind), CLICK_RATIO, 0.9),
        ("stream", bed(Bed::Stream), CLICK_RATIO, 0.5),
        ("crickets", bed(Bed::Crickets), CLICK_RATIO, 0.5),
        ("night-forest", bed(Bed::NightForest), CLICK_RATIO, 0.3),
        // Knocks, drops and the hiss of foam mask clicks for the ear as well, so detection is not required in these.
        ("sea", bed(Bed::Sea), CLICK_RATIO, 0.0),
        ("fire", bed(Bed::Fire), CLICK_RATIO_OF_DROPS, 0.0),
        ("rain", bed(Bed::Rain), CLICK_RATIO_OF_DROPS, 0.0),
        ("rain-thunder", bed(Bed::RainThunder), CLICK_RATIO_OF_DROPS, 0.0),
        ("snow", bed(Bed::Snow), CLICK_RATIO_OF_DROPS, 0.0),
    ];
    let mut missed = Vec::new();
    for (name, mix, limit, least) in cases {
        let frames = heard(mix, 7.0);
        let (found, largest) = listen(&frames, limit);
        let planted = found_of_planted(&frames, limit);
        println!(
            "{name}: largest remainder {largest:.1} medians; of planted mutes, cuts and steps found {planted:.2?}"
        );
        if !found.is_empty() || planted.iter().any(|share| *share < least) {
            missed.push(name);
        }
    }
    assert_eq!(missed, [""; 0]);
}
