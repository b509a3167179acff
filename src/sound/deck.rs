//! Owns the playing side of a track: taking frames from the ring that the reading thread fills, and its fades. Runs in
//! the audio callback: no allocation, no lock, no wait. Does not own reading or the order of tracks.

use std::f32::consts::FRAC_PI_2;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rtrb::Consumer;

use super::ramp::{BLOCK, Block, Ramp};

/// A track's length while it is not yet known.
pub const UNKNOWN_FRAMES: u64 = u64::MAX;

/// One track as the callback sees it.
#[derive(Debug)]
pub struct Deck {
    /// Counts up from 1; tells decks apart.
    pub number: u64,
    samples: Consumer<f32>,
    length_frames: Arc<AtomicU64>,
    played_frames: u64,
    /// An angle: its sine is the gain, so that two decks together keep their power.
    angle: Ramp,
    /// Goes to zero before the ring runs dry, and comes back once it is filled.
    flow: Ramp,
    starved: bool,
    rate_hz: u32,
}

impl Deck {
    /// A deck that is still silent; `samples` are interleaved stereo.
    pub fn new(number: u64, samples: Consumer<f32>, length_frames: Arc<AtomicU64>, rate_hz: u32) -> Self {
        Self {
            number,
            samples,
            length_frames,
            played_frames: 0,
            angle: Ramp::resting(0.0),
            flow: Ramp::resting(1.0),
            starved: false,
            rate_hz,
        }
    }

    /// Fades in.
    pub fn come(&mut self, fade_frames: u32) {
        self.angle.aim(FRAC_PI_2, fade_frames);
    }

    /// Fades out.
    pub fn leave(&mut self, fade_frames: u32) {
        self.angle.aim(0.0, fade_frames);
    }

    /// Frames until its end, once that is known.
    pub fn remaining_frames(&self) -> Option<u64> {
        let length = self.length_frames.load(Ordering::Acquire);
        (length != UNKNOWN_FRAMES).then(|| length.saturating_sub(self.played_frames))
    }

    /// Whether there is nothing more to hear of it.
    pub fn is_over(&self) -> bool {
        self.remaining_frames() == Some(0) || self.angle.is_silent()
    }

    /// Adds one block to `out`.
    pub fn render(&mut self, out: &mut Block) {
        self.mind_the_ring();
        let gain = self.angle.advance().map(f32::sin).times(self.flow.advance());
        if self.starved && self.flow.is_silent() {
            return;
        }
        let wanted = (self.samples.slots() / 2).min(BLOCK);
        let Ok(chunk) = self.samples.read_chunk(wanted * 2) else { return };
        let (first, second) = chunk.as_slices();
        for (index, sample) in first.iter().chain(second).enumerate() {
            out[index / 2][index % 2] += sample * gain.at(index / 2);
        }
        chunk.commit_all();
        self.played_frames += wanted as u64;
    }

    fn mind_the_ring(&mut self) {
        let held_frames = self.samples.slots() / 2;
        let all_here = self.remaining_frames().is_some_and(|left| left <= held_frames as u64);
        let brief = self.rate_hz / 25;
        if self.starved {
            if all_here || held_frames > self.rate_hz as usize / 2 {
                self.starved = false;
                self.flow.aim(1.0, brief * 4);
            }
        } else if !all_here && held_frames < brief as usize + 3 * BLOCK {
            self.starved = true;
            self.flow.aim(0.0, brief);
        }
    }
}
