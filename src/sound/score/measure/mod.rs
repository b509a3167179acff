//! Owns the metrics that the score must meet, and the measuring of a performance. Does not own the score.
//!
//! Notes (`notes`) and samples (`audio`) are measured separately, and `similarity` checks that nothing repeats. Only
//! tests, tools and benchmarks use this module; nothing in it runs while a patient listens.

mod audio;
mod notes;
mod similarity;

use super::{Mode, Score, ScoreAim, ScoreNote, ScoreShape, notes_per_s_max};
use crate::sound::dsp::ramp::{BLOCK, SILENCE};
use crate::vocabulary::sound::Character;

pub use audio::{AudioMeter, AudioMetrics, CLICK_LIMIT, click_ratio, third_octaves_db};
pub use notes::{NoteMetrics, note_metrics};
pub use similarity::{SimilarityMeter, SimilarityMetrics};

/// Sample rate of measured performances.
pub const RATE_HZ: u32 = 48_000;
/// Time that the music needs to reach its full sound, in seconds. Only after this time is its loudness compared with
/// the request.
pub const OPENING_S: f64 = 45.0;

/// A note and when it began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoteEvent {
    /// Seconds since the start.
    pub start_s: f64,
    /// The note.
    pub note: ScoreNote,
    /// The mode at the onset of the note.
    pub mode: Mode,
}

/// Performs `seconds` on `score`, which may have been given recordings. Passes every block to `heard`, with its time in
/// seconds and its shape. Returns the notes that began.
pub fn perform(
    score: &mut Score,
    character: Character,
    seed: u64,
    seconds: f64,
    mut shape_at: impl FnMut(f64) -> ScoreShape,
    mut heard: impl FnMut(f64, &[[f32; 2]], ScoreShape),
) -> Vec<NoteEvent> {
    let mut written = Vec::new();
    let mut block = SILENCE;
    for index in 0..(seconds * f64::from(RATE_HZ)) as u64 / BLOCK as u64 {
        let now_s = (index * BLOCK as u64) as f64 / f64::from(RATE_HZ);
        let shape = shape_at(now_s);
        score.set_aim(ScoreAim { character, seed, level_db: 0.0, shape });
        score.render(&mut block);
        let mode = score.mode();
        written.extend(score.take_onsets().notes().map(|note| NoteEvent { start_s: now_s, note, mode }));
        heard(now_s, &block, shape);
    }
    written
}

/// All metrics of one performance.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreMetrics {
    /// The character that was performed.
    pub character: Character,
    /// Metrics of the notes.
    pub notes: NoteMetrics,
    /// Metrics of the samples.
    pub audio: AudioMetrics,
    /// How similar passages of the performance are to each other.
    pub similarity: SimilarityMetrics,
}

impl ScoreMetrics {
    /// Performs `seconds` on `score`, and measures the performance.
    pub fn of(
        score: &mut Score,
        character: Character,
        seed: u64,
        seconds: f64,
        shape_at: impl FnMut(f64) -> ScoreShape,
    ) -> Self {
        let mut audio = AudioMeter::new(RATE_HZ, OPENING_S);
        let mut similarity = SimilarityMeter::new(RATE_HZ);
        let notes = perform(score, character, seed, seconds, shape_at, |_, frames, shape| {
            audio.add(frames, Some(shape.loudness_lufs()));
            similarity.add(frames);
        });
        Self {
            character,
            notes: note_metrics(&notes, seconds),
            audio: audio.metrics(),
            similarity: similarity.metrics(),
        }
    }

    /// Returns a description of every limit that is exceeded.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let notes = self.notes.violations(notes_per_s_max(self.character));
        notes.into_iter().chain(self.audio.violations()).chain(self.similarity.violations()).collect()
    }
}
