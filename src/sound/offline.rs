//! Owns rendering the engine to a file faster than real time. The reading of tracks runs between blocks, in the same
//! thread, so that two runs give the same bytes.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::engine::{Engine, Order};
use super::ramp::BLOCK;
use super::signals::Signal;
use super::tracks::Reader;
use super::wav::WavWriter;
use super::{Mix, Options, levels_of};

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
    /// A track could not be read.
    #[error(
        "cannot play {path}: {why}; convert it to FLAC, MP3, Ogg Vorbis, AAC or WAV, or take it out of the profile"
    )]
    Track {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// Renders `seconds` of the engine to a 48 kHz 16-bit stereo WAV at `out`.
///
/// `mix_at` gives the mix at a number of seconds from the beginning; `epoch` is the instant that second 0 stands for,
/// which breath starts in the mix are measured from. `signals` are sounded at their seconds. The same arguments give
/// the same bytes.
pub fn render(
    options: &Options,
    epoch: Instant,
    mut mix_at: impl FnMut(f64) -> Mix,
    signals: &[(f64, Signal)],
    seconds: f64,
    out: &Path,
) -> Result<(), RenderError> {
    let written = |source| RenderError::Write { path: out.to_owned(), source };
    let mut file = WavWriter::create(out, RATE_HZ).map_err(written)?;
    let (mut engine, link) = Engine::new(RATE_HZ, options.seed, options.crossfade_s);
    let mut orders = link.orders;
    let mut reader = Reader::new(options.crossfade_s);
    reader.connect(link.decks);
    engine.reopen();
    engine.set_clock(0.0);
    let mut waiting: Vec<(f64, Signal)> = signals.to_vec();
    waiting.sort_by(|a, b| b.0.total_cmp(&a.0));
    let total_frames = (seconds.max(0.0) * f64::from(RATE_HZ)).round() as u64;
    let mut last: Option<Mix> = None;
    let mut refused: Option<RenderError> = None;
    let mut frames = [[0.0; 2]; BLOCK];
    for block in 0..total_frames.div_ceil(BLOCK as u64) {
        let now_s = (block * BLOCK as u64) as f64 / f64::from(RATE_HZ);
        if block.is_multiple_of(MIX_BLOCKS) {
            let mix = mix_at(now_s);
            if last.as_ref() != Some(&mix) {
                // The ring is drained every block, so there is room.
                let _ = orders.push(Order::Levels(levels_of(&mix, epoch, options)));
                reader.want(&mix.tracks, mix.skips);
                last = Some(mix);
            }
            reader.work(&mut |path, why| {
                refused.get_or_insert(RenderError::Track { path: path.to_owned(), why });
            });
            if let Some(error) = refused.take() {
                return Err(error);
            }
        }
        while let Some((_, signal)) = waiting.pop_if(|(at_s, _)| *at_s <= now_s) {
            let _ = orders.push(Order::Signal(signal));
        }
        frames.fill_with(|| engine.next_frame());
        let left = usize::try_from(total_frames - block * BLOCK as u64).unwrap_or(BLOCK).min(BLOCK);
        file.write(&frames[..left]).map_err(written)?;
    }
    file.finish().map_err(written)
}
