//! Owns the rendering of the engine's output to a file or to a given function, faster than real time. Tracks are read
//! between blocks on the same thread, so two runs give the same bytes. Does not own the engine, or the mix that is
//! rendered.

mod composer;
mod wav;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Mix, Options, SoundEvent, levels_of};
use crate::sound::dsp::ramp::BLOCK;
use crate::sound::engine::{Engine, EngineCommand, LATENCY_FRAMES};
use crate::sound::tracks::{TrackReader, TrackRequest};
use crate::vocabulary::signal::Signal;

pub use composer::{COMPOSED_RATE_HZ, ComposedPiece, compose};
pub use wav::{Depth, WavWriter};

/// Sample rate of a rendering.
pub const RATE_HZ: u32 = 48_000;
/// Interval at which the mix is updated, in blocks (53 ms).
const MIX_BLOCKS: u64 = 40;

/// Why a rendering failed.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The file could not be written.
    #[error("cannot write {path}: {source}; choose a folder that can be written to and has room")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system reported.
        source: io::Error,
    },
}

/// Outcome of a rendering.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderReport {
    /// Number of frames, at [`RATE_HZ`].
    pub frames: u64,
    /// Length of the rendering in seconds.
    pub seconds: f64,
    /// Wall-clock time that the rendering took.
    pub wall: Duration,
    /// Files that were skipped or ended early, each with the reason. The rendering continues without them, as the sound
    /// in the room would.
    pub left_out: Vec<(PathBuf, String)>,
}

impl RenderReport {
    /// Returns the seconds of audio rendered per second of wall-clock time.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.seconds / self.wall.as_secs_f64().max(1e-9)
    }
}

/// Renders `seconds` of audio to a stereo WAV file at `out`, with 48 kHz and 24 bits. Each block is written as soon as
/// it has been rendered.
///
/// `mix_at` returns the mix at a time in seconds. `epoch` is the instant of second 0; it is needed because a mix gives
/// the start of the breath as an instant. `signals` are pairs of a time in seconds and a signal. Equal arguments give
/// equal bytes. The file has 24 bits because renderings are measured, and the noise floor of 16 bits would hide how a
/// fade ends. Fails if the file cannot be written.
pub fn render(
    options: &Options,
    epoch: Instant,
    mix_at: impl FnMut(f64) -> Mix,
    signals: &[(f64, Signal)],
    seconds: f64,
    out: &Path,
) -> Result<RenderReport, RenderError> {
    let written = |source| RenderError::Write { path: out.to_owned(), source };
    let mut file = WavWriter::create_as(out, RATE_HZ, Depth::Bits24).map_err(written)?;
    let report = render_to(options, epoch, mix_at, signals, seconds, |frames| file.write(frames)).map_err(written)?;
    file.finish().map_err(written)?;
    Ok(report)
}

/// Renders `seconds` of audio to `sink`, which receives a few frames at a time. The other arguments have the same
/// meaning as in [`render`]. The first error from `sink` ends the rendering.
pub fn render_to(
    options: &Options,
    epoch: Instant,
    mut mix_at: impl FnMut(f64) -> Mix,
    signals: &[(f64, Signal)],
    seconds: f64,
    mut sink: impl FnMut(&[[f32; 2]]) -> io::Result<()>,
) -> io::Result<RenderReport> {
    let began = Instant::now();
    let (mut engine, link) = Engine::new(RATE_HZ, options.seed);
    let mut commands = link.commands;
    let mut reader = TrackReader::new(options.loudness.clone(), options.instruments_dir.clone());
    reader.connect(link.decks);
    engine.reopen();
    // The limiter delays the output, so the first frames belong to the time before second 0 and are dropped.
    engine.set_clock(-(LATENCY_FRAMES as f64) / f64::from(RATE_HZ));
    let mut early_frames = LATENCY_FRAMES;
    let mut waiting: Vec<(f64, Signal)> = signals.to_vec();
    waiting.sort_by(|a, b| b.0.total_cmp(&a.0));
    let total_frames = (seconds.max(0.0) * f64::from(RATE_HZ)).round() as u64;
    let mut given_frames = 0;
    let mut last: Option<Mix> = None;
    let mut left_out = Vec::new();
    let mut frames = [[0.0; 2]; BLOCK];
    for block in 0.. {
        if given_frames >= total_frames {
            break;
        }
        let now_s = (block * BLOCK as u64) as f64 / f64::from(RATE_HZ);
        if block.is_multiple_of(MIX_BLOCKS) {
            let mix = mix_at(now_s);
            if last.as_ref() != Some(&mix) {
                // The queue is drained every block, so there is room.
                let _ = commands.push(EngineCommand::Levels(levels_of(&mix, epoch, options)));
                reader.set_request(TrackRequest::of(&mix));
                last = Some(mix);
            }
            reader.run_once(&mut |news| {
                if let SoundEvent::TrackSkipped { path, why } | SoundEvent::InstrumentSkipped { path, why } = news {
                    left_out.push((path, why));
                }
            });
        }
        while let Some((_, signal)) = waiting.pop_if(|(at_s, _)| *at_s <= now_s) {
            let _ = commands.push(EngineCommand::Signal(signal));
        }
        frames.fill_with(|| engine.next_frame());
        let early = early_frames.min(BLOCK);
        early_frames -= early;
        let left = usize::try_from(total_frames - given_frames).unwrap_or(BLOCK);
        let kept = &frames[early..][..(BLOCK - early).min(left)];
        sink(kept)?;
        given_frames += kept.len() as u64;
    }
    let seconds = given_frames as f64 / f64::from(RATE_HZ);
    Ok(RenderReport { frames: given_frames, seconds, wall: began.elapsed(), left_out })
}
