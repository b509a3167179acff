//! Owns composed pieces: stretches of the generative score with a beginning, a climax and an end, to be played as
//! tracks. Does not own the music itself, or when a piece is played.

use std::f32::consts::PI;

use crate::sound::dsp::ramp::{BLOCK, SILENCE, db_to_gain};
use crate::sound::score::{Score, ScoreAim, ScoreShape};
use crate::vocabulary::sound::Character;

/// Sample rate of composed pieces.
pub const COMPOSED_RATE_HZ: u32 = 48_000;

/// Length of the fade from silence at the start of a piece, in seconds. A piece fades at both ends so that it can be
/// crossfaded with others.
const FADE_IN_S: f32 = 4.0;
/// Length of the fade to silence at the end of a piece, in seconds.
const FADE_OUT_S: f32 = 16.0;
/// Length of the digital silence at the very end of a piece, in seconds.
const REST_S: f32 = 0.5;
/// Time in seconds for which the score plays before the piece begins, so that the piece opens with music already
/// sounding.
const BEFORE_S: f32 = 20.0;
/// Maximum sample peak of a piece, in dB relative to full scale.
const PEAK_DB: f32 = -4.0;

/// A piece to compose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComposedPiece {
    /// File name of the piece without extension.
    pub name: &'static str,
    /// Character of the score.
    pub character: Character,
    /// Seed of the score. A different seed gives different music.
    pub seed: u64,
    /// Length in seconds, at least 40.
    pub seconds: f32,
    /// Shape of the score at the piece's climax, after two thirds of its length. The piece begins and ends slightly
    /// calmer.
    pub shape: ScoreShape,
}

impl ComposedPiece {
    fn shape_at(&self, at_s: f32) -> ScoreShape {
        let crest_s = self.seconds * 0.66;
        let along = if at_s < crest_s { at_s / crest_s } else { (self.seconds - at_s) / (self.seconds - crest_s) };
        self.shape.nudged(0.5 * half_cosine(along) - 0.5)
    }
}

/// Composes a piece at 48 kHz. Equal pieces give equal frames.
#[must_use]
pub fn compose(piece: &ComposedPiece) -> Vec<[f32; 2]> {
    let seconds = piece.seconds.max(40.0);
    let rate = COMPOSED_RATE_HZ as f32;
    let mut score = Score::new(COMPOSED_RATE_HZ);
    let (before, length) = ((BEFORE_S * rate) as usize, (seconds * rate) as usize);
    let mut frames = Vec::with_capacity(before + length + BLOCK);
    let mut block = SILENCE;
    while frames.len() < before + length {
        let shape = piece.shape_at(((frames.len() as f32 - before as f32) / rate).max(0.0));
        score.set_aim(ScoreAim { character: piece.character, seed: piece.seed, level_db: 0.0, shape });
        score.render(&mut block);
        frames.extend_from_slice(&block);
    }
    frames.drain(..before);
    frames.truncate(length);
    finish(&mut frames, seconds);
    frames
}

/// Applies the fades, and turns the piece down if its peak exceeds [`PEAK_DB`].
fn finish(frames: &mut [[f32; 2]], seconds: f32) {
    let peak = frames.as_flattened().iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs())).max(1e-9);
    let level = (db_to_gain(PEAK_DB) / peak).min(1.0);
    for (at, frame) in frames.iter_mut().enumerate() {
        let at_s = at as f32 / COMPOSED_RATE_HZ as f32;
        let left_s = (seconds - REST_S - at_s).max(0.0);
        let gain = level * half_cosine(at_s / FADE_IN_S) * half_cosine(left_s / FADE_OUT_S).powf(1.3);
        *frame = frame.map(|sample| sample * gain);
    }
}

fn half_cosine(along: f32) -> f32 {
    0.5 - 0.5 * (PI * along.clamp(0.0, 1.0)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_begin_and_end_in_silence_and_are_reproducible() {
        for character in Character::ALL.iter().copied() {
            let piece =
                ComposedPiece { name: "piece", character, seed: 5, seconds: 45.0, shape: ScoreShape::default() };
            let frames = compose(&piece);
            assert_eq!(frames.len(), 45 * 48_000, "{}", character.name());
            assert!(frames == compose(&piece), "{}", character.name());
            assert!(frames != compose(&ComposedPiece { seed: 6, ..piece }), "{}", character.name());
            let samples = frames.as_flattened();
            assert!(samples.iter().all(|s| s.is_finite() && s.abs() <= 0.632), "{}", character.name());
            assert!(samples[2 * 10 * 48_000..2 * 20 * 48_000].iter().any(|s| s.abs() > 0.03), "{}", character.name());
            let end = &frames[frames.len() - 20_000..];
            assert!(frames[..20].iter().chain(end).flatten().all(|s| s.abs() < 1e-4), "{}", character.name());
        }
    }
}
