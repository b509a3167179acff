//! Owns the figures that the score is held to, and how a performance comes to be measured. Does not own the score.
//!
//! What is written (`written`: every note as it was begun) and what is heard (`heard`: the samples) are measured apart,
//! and `likeness` asks whether anything comes again. For tests, tools and the bench; nothing here runs while a patient
//! listens.

mod heard;
mod likeness;
mod written;

use super::{Character, Mode, Note, Score, ScoreAim, Shape};
use crate::sound::dsp::ramp::{BLOCK, SILENCE};

pub use heard::{CLICK_LIMIT, Heard, HeardFigures, click_ratio};
pub use likeness::{Likeness, LikenessFigures};
pub use written::{WrittenFigures, read_notes};

/// Frames a second of a performance that is measured.
pub const RATE_HZ: u32 = 48_000;
/// The music needs so long to open; figures of loudness begin after it, in seconds.
pub const OPENING_S: f64 = 45.0;

/// A note and when it began, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Written {
    /// Seconds from the beginning.
    pub start_s: f64,
    /// The note.
    pub note: Note,
    /// The mode in which it began.
    pub mode: Mode,
}

/// Plays `seconds` of the score and hands on every block with the shape asked for and the notes begun in it.
pub fn perform(
    character: Character,
    seed: u64,
    seconds: f64,
    mut shape_at: impl FnMut(f64) -> Shape,
    mut heard: impl FnMut(f64, &[[f32; 2]], Shape),
) -> Vec<Written> {
    let mut score = Score::new(RATE_HZ);
    let mut written = Vec::new();
    let mut block = SILENCE;
    for index in 0..(seconds * f64::from(RATE_HZ)) as u64 / BLOCK as u64 {
        let now_s = (index * BLOCK as u64) as f64 / f64::from(RATE_HZ);
        let shape = shape_at(now_s);
        score.want(ScoreAim { character, seed, level_db: 0.0, shape });
        score.render(&mut block);
        let mode = score.mode();
        written.extend(score.take_begun().notes().map(|note| Written { start_s: now_s, note, mode }));
        heard(now_s, &block, shape);
    }
    written
}

/// All figures of one performance.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// From the notes.
    pub written: WrittenFigures,
    /// From the samples.
    pub heard: HeardFigures,
    /// From comparing the samples with themselves.
    pub likeness: LikenessFigures,
}

impl Figures {
    /// Performs and measures.
    pub fn of(character: Character, seed: u64, seconds: f64, shape_at: impl FnMut(f64) -> Shape) -> Self {
        let mut heard = Heard::new(RATE_HZ, OPENING_S);
        let mut likeness = Likeness::new(RATE_HZ);
        let written = perform(character, seed, seconds, shape_at, |_, frames, shape| {
            heard.add(frames, Some(shape.loudness_lufs()));
            likeness.add(frames);
        });
        Self { written: read_notes(&written, seconds), heard: heard.figures(), likeness: likeness.figures() }
    }

    /// Every limit that is not kept, in words.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.written.faults().into_iter().chain(self.heard.faults()).chain(self.likeness.faults()).collect()
    }
}
