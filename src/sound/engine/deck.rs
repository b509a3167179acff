//! Owns the playing side of a track: taking frames from the ring that the reading thread fills, and its fades. Runs in
//! the audio callback: no allocation, no lock, no wait. Does not own reading or the order of tracks.

use std::f32::consts::FRAC_PI_2;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rtrb::Consumer;

use crate::sound::dsp::ramp::{BLOCK, Block, Ramp};

/// A track's length while it is not yet known.
pub const UNKNOWN_FRAMES: u64 = u64::MAX;

/// How long a track is, as far as the reading thread knows.
#[derive(Debug)]
pub struct Length {
    /// Frames that its files say they have; [`UNKNOWN_FRAMES`] if they do not say. Fades are planned by it, since a ring
    /// holds less than a long fade.
    pub expected_frames: AtomicU64,
    /// Frames that there were, once it has been read to its end; [`UNKNOWN_FRAMES`] before.
    pub exact_frames: AtomicU64,
}

impl Length {
    /// Of which nothing is known.
    pub const fn unknown() -> Self {
        Self { expected_frames: AtomicU64::new(UNKNOWN_FRAMES), exact_frames: AtomicU64::new(UNKNOWN_FRAMES) }
    }
}

/// One track as the callback sees it.
#[derive(Debug)]
pub struct Deck {
    /// Counts up from 1; tells decks apart.
    pub number: u64,
    /// Length of the crossfade from the track before it, where it follows by itself.
    pub entry_fade_frames: u32,
    samples: Consumer<f32>,
    length: Arc<Length>,
    played_frames: u64,
    /// An angle: its sine is the gain, so that two decks together keep their power.
    angle: Ramp,
    /// Frames until a fade out is done; none while it is not leaving.
    leaving_frames: Option<u32>,
    /// Goes to zero before the ring runs dry, and comes back once it is filled.
    flow: Ramp,
    starved: bool,
    rate_hz: u32,
}

impl Deck {
    /// A deck that is still silent; `samples` are interleaved stereo.
    pub fn new(number: u64, samples: Consumer<f32>, length: Arc<Length>, rate_hz: u32, entry_fade_frames: u32) -> Self {
        Self {
            number,
            entry_fade_frames,
            samples,
            length,
            played_frames: 0,
            angle: Ramp::resting(0.0),
            leaving_frames: None,
            flow: Ramp::resting(1.0),
            starved: false,
            rate_hz,
        }
    }

    /// Fades in.
    pub fn come(&mut self, fade_frames: u32) {
        self.leaving_frames = None;
        self.angle.aim(FRAC_PI_2, fade_frames);
    }

    /// Fades out. If it already does, it is done by then or earlier.
    pub fn leave(&mut self, fade_frames: u32) {
        if self.leaving_frames.is_some_and(|left| left <= fade_frames) {
            return;
        }
        self.leaving_frames = Some(fade_frames);
        // A ramp that goes to the same end already is shortened.
        self.angle.aim_anew(0.0, fade_frames);
    }

    /// Frames until its end, as far as that is known. Zero only when it is certain.
    pub fn remaining_frames(&self) -> Option<u64> {
        self.certain_frames().or_else(|| {
            let expected = self.length.expected_frames.load(Ordering::Acquire);
            (expected != UNKNOWN_FRAMES).then(|| expected.saturating_sub(self.played_frames).max(1))
        })
    }

    /// Whether there is nothing more to hear of it.
    pub fn is_over(&self) -> bool {
        self.certain_frames() == Some(0) || self.angle.is_silent()
    }

    /// Adds one block to `out`.
    pub fn render(&mut self, out: &mut Block) {
        self.mind_the_ring();
        self.mind_the_end();
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

    fn certain_frames(&self) -> Option<u64> {
        let exact = self.length.exact_frames.load(Ordering::Acquire);
        (exact != UNKNOWN_FRAMES).then(|| exact.saturating_sub(self.played_frames))
    }

    /// A file that is cut short ends before its fade was to: the fade is done by then.
    fn mind_the_end(&mut self) {
        let Some(left) = &mut self.leaving_frames else { return };
        *left = left.saturating_sub(BLOCK as u32);
        let left = *left;
        if let Some(certain) = self.certain_frames()
            && certain > BLOCK as u64
            && certain + (BLOCK as u64) < u64::from(left)
        {
            self.leave(u32::try_from(certain).unwrap_or(u32::MAX));
        }
    }

    fn mind_the_ring(&mut self) {
        let held_frames = self.samples.slots() / 2;
        let all_here = self.certain_frames().is_some_and(|left| left <= held_frames as u64);
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
