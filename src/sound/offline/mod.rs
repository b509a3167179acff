//! Owns rendering the engine to a file faster than real time. The reading of tracks runs between blocks, in the same
//! thread, so that two runs give the same bytes.

mod composer;
mod wav;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Mix, News, Options, levels_of};
use crate::sound::dsp::ramp::BLOCK;
use crate::sound::engine::{Engine, LATENCY_FRAMES, Order, Signal};
use crate::sound::tracks::{Reader, Wanted};

pub use composer::{COMPOSED_RATE_HZ, Piece, compose};
pub use wav::{Depth, WavWriter};

/// Frames a second of a rendering.
pub const RATE_HZ: u32 = 48_000;
/// How often the mix is asked for, in blocks (53 ms).
const MIX_BLOCKS: u64 = 40;

/// Why a rendering failed.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The file could not be written.
    #[error("cannot write {path}: {source}; choose a folder that can be written to and has room")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What came of a rendering.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Frames of [`RATE_HZ`].
    pub frames: u64,
    /// The same in seconds.
    pub seconds: f64,
    /// How long it took.
    pub wall: Duration,
    /// Files that were left out or cut short, and why: the room, too, would have gone on without them.
    pub left_out: Vec<(PathBuf, String)>,
}

impl Report {
    /// Seconds rendered in each second.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.seconds / self.wall.as_secs_f64().max(1e-9)
    }
}

/// Renders `seconds` of the engine to a stereo WAV of 48 kHz and 24 bits at `out`, written as it goes.
///
/// `mix_at` gives the mix at a number of seconds from the beginning; `epoch` is the instant that second 0 stands for,
/// which breath starts in the mix are measured from. `signals` are sounded at their seconds. The same arguments give
/// the same bytes. 24 bits, since a rendering is there to be measured: the floor of 16 would hide how a fade ends.
pub fn render(
    options: &Options,
    epoch: Instant,
    mix_at: impl FnMut(f64) -> Mix,
    signals: &[(f64, Signal)],
    seconds: f64,
    out: &Path,
) -> Result<Report, RenderError> {
    let written = |source| RenderError::Write { path: out.to_owned(), source };
    let mut file = WavWriter::create_as(out, RATE_HZ, Depth::Bits24).map_err(written)?;
    let report = render_to(options, epoch, mix_at, signals, seconds, |frames| file.write(frames)).map_err(written)?;
    file.finish().map_err(written)?;
    Ok(report)
}

/// The same to `sink`, which takes the frames a few at a time and whose first error ends it.
pub fn render_to(
    options: &Options,
    epoch: Instant,
    mut mix_at: impl FnMut(f64) -> Mix,
    signals: &[(f64, Signal)],
    seconds: f64,
    mut sink: impl FnMut(&[[f32; 2]]) -> io::Result<()>,
) -> io::Result<Report> {
    let began = Instant::now();
    let (mut engine, link) = Engine::new(RATE_HZ, options.seed);
    let mut orders = link.orders;
    let mut reader = Reader::new(options.loudness.clone());
    reader.connect(link.decks);
    engine.reopen();
    // What is drawn first left the limiter's delay before second 0, and is dropped.
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
                // The ring is drained every block, so there is room.
                let _ = orders.push(Order::Levels(levels_of(&mix, epoch, options)));
                reader.want(Wanted::of(&mix));
                last = Some(mix);
            }
            reader.work(&mut |news| {
                if let News::TrackSkipped { path, why } = news {
                    left_out.push((path, why));
                }
            });
        }
        while let Some((_, signal)) = waiting.pop_if(|(at_s, _)| *at_s <= now_s) {
            let _ = orders.push(Order::Signal(signal));
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
    Ok(Report { frames: given_frames, seconds, wall: began.elapsed(), left_out })
}
