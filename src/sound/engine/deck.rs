//! Owns the playing side of a track: reading frames from the ring buffer that the reading thread fills, and fading
//! them. Runs in the audio callback, so it never allocates, locks or waits. Does not own decoding, or the order of
//! tracks.

use std::f32::consts::FRAC_PI_2;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rtrb::Consumer;

use crate::sound::dsp::ramp::{AudioBlock, BLOCK, Ramp};

/// Stands for a length that is not yet known.
pub const UNKNOWN_FRAMES: u64 = u64::MAX;

/// How long a track is, as far as the reading thread knows.
#[derive(Debug)]
pub struct TrackLength {
    /// Number of frames that the track's files declare; [`UNKNOWN_FRAMES`] if they do not declare it. Fades are planned
    /// with this number, because a long fade begins before the end has been read.
    pub expected_frames: AtomicU64,
    /// Actual number of frames, once the track has been read to its end; [`UNKNOWN_FRAMES`] before that.
    pub exact_frames: AtomicU64,
}

impl TrackLength {
    /// Creates a length of which nothing is known yet.
    pub const fn unknown() -> Self {
        Self { expected_frames: AtomicU64::new(UNKNOWN_FRAMES), exact_frames: AtomicU64::new(UNKNOWN_FRAMES) }
    }
}

/// One track, or one work of joined tracks, as the callback sees it.
#[derive(Debug)]
pub struct Deck {
    /// Number of the deck, counted from 1.
    pub number: u64,
    /// Length of the crossfade from the previous track to this one, in frames.
    pub entry_fade_frames: u32,
    samples: Consumer<f32>,
    length: Arc<TrackLength>,
    played_frames: u64,
    /// Crossfade angle. The gain is its sine, which makes two decks crossfade at equal power.
    fade_angle: Ramp,
    /// Number of frames until the fade-out ends; `None` while the deck is not fading out.
    fade_out_left_frames: Option<u32>,
    /// Gain that falls to zero before the ring buffer runs empty, and rises again once it has been refilled.
    underrun_gain: Ramp,
    is_underrun: bool,
    rate_hz: u32,
}

impl Deck {
    /// Creates a silent deck. `samples` are interleaved stereo.
    pub fn new(
        number: u64,
        samples: Consumer<f32>,
        length: Arc<TrackLength>,
        rate_hz: u32,
        entry_fade_frames: u32,
    ) -> Self {
        Self {
            number,
            entry_fade_frames,
            samples,
            length,
            played_frames: 0,
            fade_angle: Ramp::holding(0.0),
            fade_out_left_frames: None,
            underrun_gain: Ramp::holding(1.0),
            is_underrun: false,
            rate_hz,
        }
    }

    /// Fades in within `fade_frames`.
    pub fn fade_in(&mut self, fade_frames: u32) {
        self.fade_out_left_frames = None;
        self.fade_angle.set_target(FRAC_PI_2, fade_frames);
    }

    /// Fades out within `fade_frames`. If the deck is fading out already, the earlier of the two ends counts.
    pub fn fade_out(&mut self, fade_frames: u32) {
        if self.fade_out_left_frames.is_some_and(|left| left <= fade_frames) {
            return;
        }
        self.fade_out_left_frames = Some(fade_frames);
        // `set_target` would ignore a target of zero if a fade-out is already running, but that fade-out has to be
        // shortened here.
        self.fade_angle.retarget(0.0, fade_frames);
    }

    /// Returns the number of frames until the deck's end; `None` if the length is unknown. The number is zero only if
    /// the end is certain to have been reached.
    pub fn remaining_frames(&self) -> Option<u64> {
        self.exact_remaining_frames().or_else(|| {
            let expected = self.length.expected_frames.load(Ordering::Acquire);
            (expected != UNKNOWN_FRAMES).then(|| expected.saturating_sub(self.played_frames).max(1))
        })
    }

    /// Returns whether nothing more will be heard from the deck.
    pub fn is_finished(&self) -> bool {
        self.exact_remaining_frames() == Some(0) || self.fade_angle.is_silent()
    }

    /// Adds one block to `out`, or fewer frames if the ring buffer does not hold a whole block.
    pub fn render(&mut self, out: &mut AudioBlock) {
        self.update_underrun();
        self.shorten_fade_to_end();
        let gain = self.fade_angle.advance().map(f32::sin).times(self.underrun_gain.advance());
        if self.is_underrun && self.underrun_gain.is_silent() {
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

    fn exact_remaining_frames(&self) -> Option<u64> {
        let exact = self.length.exact_frames.load(Ordering::Acquire);
        (exact != UNKNOWN_FRAMES).then(|| exact.saturating_sub(self.played_frames))
    }

    /// Shortens the fade-out if the file turns out to end before the fade-out does.
    fn shorten_fade_to_end(&mut self) {
        let Some(left) = &mut self.fade_out_left_frames else { return };
        *left = left.saturating_sub(BLOCK as u32);
        let left = *left;
        if let Some(certain) = self.exact_remaining_frames()
            && certain > BLOCK as u64
            && certain + (BLOCK as u64) < u64::from(left)
        {
            self.fade_out(u32::try_from(certain).unwrap_or(u32::MAX));
        }
    }

    fn update_underrun(&mut self) {
        let held_frames = self.samples.slots() / 2;
        let all_here = self.exact_remaining_frames().is_some_and(|left| left <= held_frames as u64);
        let brief = self.rate_hz / 25;
        if self.is_underrun {
            if all_here || held_frames > self.rate_hz as usize / 2 {
                self.is_underrun = false;
                self.underrun_gain.set_target(1.0, brief * 4);
            }
        } else if !all_here && held_frames < brief as usize + 3 * BLOCK {
            self.is_underrun = true;
            self.underrun_gain.set_target(0.0, brief);
        }
    }
}
