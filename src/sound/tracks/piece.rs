//! Owns the ring buffer of one piece, into which the piece is read ahead, at the engine's sample rate and matched in
//! loudness. A piece is a file, or a work whose parts are joined into one stream. Does not own the order of pieces
//! (`playlist`), or their fades (`engine`).

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rtrb::{Producer, RingBuffer};

use super::file::{TrackError, TrackFile, TrackProblem};
use super::loudness::LoudnessLibrary;
use super::resample::{ResampleError, Resampler};
use crate::sound::dsp::ramp::BLOCK;
use crate::sound::engine::{Deck, TrackLength, UNKNOWN_FRAMES};

/// Length of the ring buffer in seconds. A crossfade may be longer, because it is planned with the declared length of
/// the piece.
pub const RING_S: u32 = 12;
/// Length of the audio that is decoded before a deck is handed to the engine, in seconds.
const HEAD_START_S: u32 = 2;
/// Speed at which the gain moves to a new value while a piece plays, in dB per second.
const GAIN_SPEED_DB: f32 = 2.0;

/// One piece being read.
pub struct PieceReader {
    /// Number of the deck that plays the piece.
    pub deck_number: u64,
    paths: Vec<PathBuf>,
    parts: PartStream,
    samples: Producer<f32>,
    length: Arc<TrackLength>,
    written_frames: u64,
    waiting: Vec<[f32; 2]>,
    waiting_from: usize,
    gain: SlewedGain,
}

/// Parameters of a deck.
#[derive(Clone, Copy, Debug)]
pub struct DeckParams {
    /// Number of the deck.
    pub number: u64,
    /// The engine's sample rate.
    pub rate_hz: u32,
    /// Length of the crossfade from the previous piece.
    pub entry_fade_frames: u32,
}

impl PieceReader {
    /// Opens the piece made of `paths` and reads its beginning. Fails if the first file cannot be read; problems of
    /// later parts are found when they are reached.
    pub fn open(paths: &[PathBuf], plan: DeckParams, loudness: &LoudnessLibrary) -> Result<(Self, Deck), TrackError> {
        let rate_hz = plan.rate_hz;
        let parts = PartStream::open(paths, rate_hz)?;
        let length = Arc::new(TrackLength::unknown());
        length.expected_frames.store(parts.expected_frames().unwrap_or(UNKNOWN_FRAMES), Ordering::Relaxed);
        let (samples, consumer) = RingBuffer::new((RING_S * rate_hz) as usize * 2);
        let deck = Deck::new(plan.number, consumer, Arc::clone(&length), rate_hz, plan.entry_fade_frames);
        let mut reading = Self {
            deck_number: plan.number,
            paths: paths.to_vec(),
            parts,
            samples,
            length,
            written_frames: 0,
            waiting: Vec::new(),
            waiting_from: 0,
            gain: SlewedGain::holding(loudness.gain_db(paths), rate_hz),
        };
        reading.fill_up_to(u64::from(HEAD_START_S * rate_hz));
        if reading.is_fully_read() && reading.written_frames == 0 {
            return Err(TrackError::Silent);
        }
        Ok((reading, deck))
    }

    /// Returns the files of the piece, in order.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Returns the first part that was not reached, because an earlier part ended early or could not be read; `None` if
    /// there is no such part.
    pub fn skipped_part(&self) -> Option<&Path> {
        let left = if self.is_fully_read() { self.parts.left.len() } else { 0 };
        self.paths.get(self.paths.len() - left).map(PathBuf::as_path)
    }

    /// Returns whether at most `frames` remain to be read, as far as is known.
    pub fn is_nearly_read(&self, frames: u64) -> bool {
        let expected = self.length.expected_frames.load(Ordering::Relaxed);
        self.is_fully_read() || (expected != UNKNOWN_FRAMES && expected.saturating_sub(self.written_frames) <= frames)
    }

    /// Decodes until the ring buffer is full or the piece ends. `report` receives any problems.
    pub fn fill(&mut self, loudness: &LoudnessLibrary, report: &mut dyn FnMut(TrackProblem)) {
        self.gain.set_target(loudness.gain_db(&self.paths));
        self.fill_up_to(u64::MAX);
        self.parts.problems.drain(..).for_each(report);
    }

    fn is_fully_read(&self) -> bool {
        self.length.exact_frames.load(Ordering::Relaxed) != UNKNOWN_FRAMES
    }

    fn fill_up_to(&mut self, most_frames: u64) {
        let mut room_frames = ((self.samples.slots() / 2) as u64).min(most_frames);
        while room_frames > 0 {
            if self.waiting_from >= self.waiting.len() {
                self.waiting.clear();
                self.waiting_from = 0;
                if self.is_fully_read() || !self.parts.read(&mut self.waiting) {
                    self.length.exact_frames.store(self.written_frames, Ordering::Release);
                    return;
                }
            }
            let rest = &mut self.waiting[self.waiting_from..];
            let count = rest.len().min(usize::try_from(room_frames).unwrap_or(usize::MAX));
            let Ok(chunk) = self.samples.write_chunk_uninit(count * 2) else { return };
            self.gain.apply(&mut rest[..count]);
            chunk.fill_from_iter(rest[..count].as_flattened().iter().copied());
            self.waiting_from += count;
            self.written_frames += count as u64;
            room_frames -= count as u64;
        }
    }
}

/// The files of a piece in sequence, as one stream at one sample rate.
struct PartStream {
    present: Option<TrackFile>,
    present_path: PathBuf,
    left: VecDeque<PathBuf>,
    to_hz: u32,
    /// The resampler is kept across parts with the same sample rate, so that its filter runs through the join. `None`
    /// if no resampling is needed.
    resampler: Option<Resampler>,
    scratch: Vec<[f32; 2]>,
    problems: Vec<TrackProblem>,
    expected_frames: Option<u64>,
}

impl PartStream {
    fn open(paths: &[PathBuf], to_hz: u32) -> Result<Self, TrackError> {
        let mut left: VecDeque<PathBuf> = paths.iter().cloned().collect();
        let present_path = left.pop_front().unwrap_or_default();
        let present = TrackFile::open(&present_path)?;
        let at_engine_rate = |file: &TrackFile| {
            let exact = u128::from(file.expected_frames()?) * u128::from(to_hz) / u128::from(file.rate_hz());
            u64::try_from(exact).ok()
        };
        let mut expected_frames = at_engine_rate(&present);
        for path in &left {
            let part = TrackFile::open(path).ok().and_then(|file| at_engine_rate(&file));
            expected_frames = expected_frames.zip(part).map(|(sum, part)| sum + part);
        }
        let (resampler, scratch, problems) = (None, Vec::new(), Vec::new());
        Ok(Self { present: Some(present), present_path, left, to_hz, resampler, scratch, problems, expected_frames })
    }

    const fn expected_frames(&self) -> Option<u64> {
        self.expected_frames
    }

    /// Appends the next frames to `out`. Returns false at the end of the piece.
    fn read(&mut self, out: &mut Vec<[f32; 2]>) -> bool {
        while out.is_empty() {
            let Some(file) = &mut self.present else { return false };
            let rate_hz = file.rate_hz();
            self.scratch.clear();
            let more = file.read(&mut self.scratch);
            let problem = if more { None } else { file.problem() };
            let cut_short = problem.is_some();
            if let Some(problem) = problem {
                self.problems.push((self.present_path.clone(), problem.to_string()));
            }
            if let Err(error) = self.resample(rate_hz, out) {
                self.problems.push((self.present_path.clone(), error.to_string()));
                self.present = None;
            } else if !more {
                self.present = self.next_part(cut_short);
                if self.present.is_none() {
                    self.drain_resampler(out);
                }
            }
        }
        true
    }

    /// Opens the next part, which then follows seamlessly. Returns `None` if there is none, if the current part was cut
    /// short, or if the next part cannot be opened. In the last two cases, the rest of the work becomes a separate
    /// piece, with a fade at the gap.
    fn next_part(&mut self, cut_short: bool) -> Option<TrackFile> {
        if cut_short {
            return None;
        }
        let path = self.left.front()?;
        match TrackFile::open(path) {
            Ok(file) => {
                self.present_path = self.left.pop_front()?;
                Some(file)
            }
            Err(error) => {
                self.problems.push((path.clone(), error.to_string()));
                self.left.pop_front();
                None
            }
        }
    }

    fn resample(&mut self, rate_hz: u32, out: &mut Vec<[f32; 2]>) -> Result<(), ResampleError> {
        if self.resampler.as_ref().map_or(self.to_hz, Resampler::takes_hz) != rate_hz {
            self.drain_resampler(out);
            self.resampler = if rate_hz == self.to_hz { None } else { Some(Resampler::new(rate_hz, self.to_hz)?) };
        }
        if let Some(resampler) = &mut self.resampler {
            return resampler.run(&self.scratch, out);
        }
        out.extend_from_slice(&self.scratch);
        Ok(())
    }

    fn drain_resampler(&mut self, out: &mut Vec<[f32; 2]>) {
        if let Some(mut resampler) = self.resampler.take() {
            // A failure is unlikely, because the resampler has run before. It would lose only the audio still in the
            // resampler.
            let _ = resampler.finish(out);
        }
    }
}

/// A gain that changes slowly.
struct SlewedGain {
    now_db: f32,
    aim_db: f32,
    /// Maximum change per block, in dB.
    step: f32,
}

impl SlewedGain {
    fn holding(level_db: f32, rate_hz: u32) -> Self {
        Self { now_db: level_db, aim_db: level_db, step: GAIN_SPEED_DB * BLOCK as f32 / rate_hz as f32 }
    }

    fn set_target(&mut self, level_db: f32) {
        self.aim_db = level_db;
    }

    fn apply(&mut self, frames: &mut [[f32; 2]]) {
        for piece in frames.chunks_mut(BLOCK) {
            let start = amplitude(self.now_db);
            let most_db = self.step * piece.len() as f32 / BLOCK as f32;
            self.now_db += (self.aim_db - self.now_db).clamp(-most_db, most_db);
            let step = (amplitude(self.now_db) - start) / piece.len() as f32;
            for (index, frame) in piece.iter_mut().enumerate() {
                let gain = start + step * index as f32;
                frame[0] *= gain;
                frame[1] *= gain;
            }
        }
    }
}

/// Returns the amplitude for a gain in dB. Unlike the levels of a mix, the gain may exceed 0 dB.
fn amplitude(level_db: f32) -> f32 {
    if level_db.abs() < f32::EPSILON { 1.0 } else { 10.0_f32.powf(level_db / 20.0) }
}
