//! Owns the block size, the conversion of dB to gains and of seconds to frames, and the ramp along which every level in
//! the engine changes, because a level that jumps is heard as a click. Does not own the meaning of the levels.

use std::f32::consts::PI;

/// Frames per processing block. Commands take effect at block boundaries, 1.3 ms apart at 48 kHz.
pub const BLOCK: usize = 64;

/// One block of stereo frames.
pub type AudioBlock = [[f32; 2]; BLOCK];

/// A block of silence.
pub const SILENCE: AudioBlock = [[0.0; 2]; BLOCK];

/// A value that moves to a target along half a cosine, whose slope is zero at both ends. If the target changes on the
/// way, the old velocity decays during the new ramp, so the slope does not jump there either.
#[derive(Clone, Copy, Debug)]
pub struct Ramp {
    from: f32,
    to: f32,
    position_frames: u32,
    length_frames: u32,
    /// Change per frame at the time when the target last changed.
    drift: f32,
    /// Number of frames over which `drift` decays to zero.
    drift_frames: f32,
}

impl Ramp {
    /// Creates a ramp that rests at `value`.
    pub const fn holding(value: f32) -> Self {
        Self { from: value, to: value, position_frames: 0, length_frames: 0, drift: 0.0, drift_frames: 0.0 }
    }

    /// Starts moving to `to`, which is reached after `length_frames` (at least one block). Does nothing if `to` is
    /// already the target.
    pub fn set_target(&mut self, to: f32, length_frames: u32) {
        if to.to_bits() != self.to.to_bits() {
            self.retarget(to, length_frames);
        }
    }

    /// Starts moving from the current value to `to`, even if `to` is already the target.
    pub fn retarget(&mut self, to: f32, length_frames: u32) {
        let (value, speed) = (self.value(), self.speed());
        let length_frames = length_frames.max(BLOCK as u32);
        // The old velocity decays quadratically, and moves the value by at most 4/27 × velocity × length of the decay.
        // If that length is at most 27/4 (6.75) × distance to the old target ÷ velocity, the value never passes the old
        // target. A velocity that points away from the old target is itself left over from an earlier change of the
        // target, and decays in the time that remained for it.
        let ahead = (self.to - value) / if speed.abs() > f32::EPSILON { speed } else { f32::INFINITY };
        let reach_frames = if ahead >= 0.0 { ahead * 6.75 } else { self.drift_frames - self.position_frames as f32 };
        *self = Self {
            from: value,
            to,
            position_frames: 0,
            length_frames,
            drift: speed,
            drift_frames: reach_frames.min(length_frames as f32),
        };
    }

    /// Returns the current value.
    pub fn value(&self) -> f32 {
        if self.position_frames >= self.length_frames {
            return self.to;
        }
        let along = self.position_frames as f32 / self.length_frames as f32;
        let straight = self.from + (self.to - self.from) * (0.5 - 0.5 * (PI * along).cos());
        match self.drift_left() {
            Some(left) => straight + self.drift * self.position_frames as f32 * left * left,
            None => straight,
        }
    }

    /// Returns the current change per frame.
    fn speed(&self) -> f32 {
        if self.position_frames >= self.length_frames {
            return 0.0;
        }
        let length = self.length_frames as f32;
        let along = self.position_frames as f32 / length;
        let straight = (self.to - self.from) * 0.5 * PI / length * (PI * along).sin();
        match self.drift_left() {
            Some(left) => straight + self.drift * left * (3.0 * left - 2.0),
            None => straight,
        }
    }

    /// Returns the fraction of the old velocity's decay that is still to come; `None` once it has decayed.
    fn drift_left(&self) -> Option<f32> {
        let position = self.position_frames as f32;
        (position < self.drift_frames).then(|| 1.0 - position / self.drift_frames)
    }

    /// Returns whether the ramp has reached its target.
    pub const fn is_settled(&self) -> bool {
        self.position_frames >= self.length_frames
    }

    /// Returns whether the ramp rests at zero.
    pub fn is_silent(&self) -> bool {
        self.is_settled() && self.to.abs() <= f32::EPSILON
    }

    /// Advances by one block and returns the values at its start and end.
    pub fn advance(&mut self) -> Span {
        let start = self.value();
        if !self.is_settled() {
            self.position_frames = self.position_frames.saturating_add(BLOCK as u32);
        }
        Span { start, end: self.value() }
    }
}

/// A value across one block, linearly interpolated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Value at the block's first frame.
    pub start: f32,
    /// Value at the first frame of the next block.
    pub end: f32,
}

impl Span {
    /// Returns a span whose value does not move.
    pub const fn constant(value: f32) -> Self {
        Self { start: value, end: value }
    }

    /// Applies `shape` to both ends.
    pub fn map(self, shape: impl Fn(f32) -> f32) -> Self {
        Self { start: shape(self.start), end: shape(self.end) }
    }

    /// Returns the product of two gains.
    pub fn times(self, other: Self) -> Self {
        Self { start: self.start * other.start, end: self.end * other.end }
    }

    /// Returns the value at frame `index` of the block.
    pub fn at(self, index: usize) -> f32 {
        self.start + (self.end - self.start) * (index as f32 / BLOCK as f32)
    }
}

/// Adds `input` to `output`, multiplied by a gain that changes linearly across the block.
pub fn add_scaled(output: &mut AudioBlock, input: &AudioBlock, gain: Span) {
    for (index, (out, frame)) in output.iter_mut().zip(input).enumerate() {
        let gain = gain.at(index);
        out[0] += frame[0] * gain;
        out[1] += frame[1] * gain;
    }
}

/// Returns the amplitude for a level in dB. Levels above 0 dB count as 0 dB; NaN and levels at or below −120 dB give 0.
pub fn db_to_gain(level_db: f32) -> f32 {
    if level_db.is_nan() || level_db <= -120.0 {
        return 0.0;
    }
    10.0_f32.powf(level_db.min(0.0) / 20.0)
}

/// Returns the length of one block in seconds.
pub fn block_s(rate_hz: f32) -> f32 {
    BLOCK as f32 / rate_hz
}

/// Returns the length of one block in seconds, as an f64 for clocks that run for hours.
pub fn block_s_f64(rate_hz: u32) -> f64 {
    BLOCK as f64 / f64::from(rate_hz)
}

/// Returns the number of frames in `seconds`, rounded.
pub fn seconds_to_frames(seconds: f32, rate_hz: u32) -> u32 {
    (seconds * rate_hz as f32).round().max(0.0) as u32
}

#[cfg(test)]
mod tests {
    use super::super::Rng;
    use super::*;

    #[test]
    fn a_ramp_reaches_its_target_and_never_steps() {
        let mut ramp = Ramp::holding(0.0);
        ramp.set_target(1.0, 1_440);
        let mut last = 0.0;
        for _ in 0..40 {
            let span = ramp.advance();
            assert!((span.start - last).abs() < 1e-6);
            assert!((span.end - span.start).abs() < 0.08);
            last = span.end;
        }
        assert!((last - 1.0).abs() < 1e-6 && ramp.is_settled());
    }

    #[test]
    fn a_new_target_on_the_way_starts_from_the_current_value() {
        let mut ramp = Ramp::holding(0.0);
        ramp.set_target(1.0, 4_800);
        for _ in 0..30 {
            ramp.advance();
        }
        let before = ramp.value();
        ramp.set_target(0.0, 4_800);
        assert!((ramp.value() - before).abs() < 1e-6);
    }

    /// Changes a ramp's target at random times. Returns the largest difference between the steps of two successive
    /// blocks, as a fraction of the steepest step of a ramp from 0 to 1.
    fn worst_corner(length_frames: u32, mut aim: impl FnMut(&mut Rng) -> f32) -> f32 {
        let mut rng = Rng::new(7);
        let mut ramp = Ramp::holding(0.0);
        let steepest = std::f32::consts::FRAC_PI_2 / length_frames as f32 * BLOCK as f32;
        let (mut last, mut largest) = (ramp.advance(), 0.0_f32);
        for _ in 0..20_000 {
            if rng.unit() < 0.05 {
                let to = aim(&mut rng);
                ramp.set_target(to, length_frames);
            }
            let span = ramp.advance();
            assert!((span.start - last.end).abs() < 1e-6, "{last:?} and {span:?}");
            assert!((-0.02..=1.02).contains(&span.end), "{span:?} of {length_frames} frames");
            largest = largest.max(((span.end - span.start) - (last.end - last.start)).abs());
            last = span;
        }
        largest / steepest
    }

    #[test]
    fn a_ramp_that_reverses_has_no_corner() {
        for length_frames in [1_920, 7_680, 19_200, 96_000] {
            let there_and_back = worst_corner(length_frames, |rng| [0.0, 1.0][rng.below(2)]);
            let anywhere = worst_corner(length_frames, Rng::unit);
            println!("{length_frames} frames: {there_and_back:.3} there and back, {anywhere:.3} anywhere");
            assert!(there_and_back < 0.4 && anywhere < 0.7, "{there_and_back} and {anywhere}");
        }
    }

    #[test]
    fn crossfade_angles_keep_constant_power() {
        let quarter = std::f32::consts::FRAC_PI_2;
        let (mut leaving, mut coming) = (Ramp::holding(quarter), Ramp::holding(0.0));
        leaving.set_target(0.0, 48_000);
        coming.set_target(quarter, 48_000);
        for _ in 0..800 {
            let (out, inn) = (leaving.advance().map(f32::sin), coming.advance().map(f32::sin));
            for index in 0..BLOCK {
                let power = out.at(index).powi(2) + inn.at(index).powi(2);
                assert!((10.0 * power.log10()).abs() < 0.1, "{power}");
            }
        }
    }

    #[test]
    fn invalid_levels_are_silence() {
        assert!(db_to_gain(f32::NAN).abs() < f32::EPSILON);
        assert!(db_to_gain(f32::NEG_INFINITY).abs() < f32::EPSILON);
        assert!((db_to_gain(12.0) - 1.0).abs() < f32::EPSILON);
        assert!((db_to_gain(-6.0) - 0.501_187).abs() < 1e-4);
    }
}
