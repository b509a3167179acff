//! Owns how a value moves: every level in the engine is a ramp, and a ramp never steps.
//! Does not own what the value means.

use std::f32::consts::PI;

/// Frames that are computed at one time. Orders take effect on a block's edge, 1.3 ms apart at 48 kHz.
pub const BLOCK: usize = 64;

/// One block of stereo frames.
pub type Block = [[f32; 2]; BLOCK];

/// A block of silence.
pub const SILENCE: Block = [[0.0; 2]; BLOCK];

/// A value on its way to another along half a cosine, so that it leaves and arrives without a corner. Sent elsewhere on
/// its way, it turns without one as well: what speed it has left dies away.
#[derive(Clone, Copy, Debug)]
pub struct Ramp {
    from: f32,
    to: f32,
    position_frames: u32,
    length_frames: u32,
    /// The speed it had when it was sent elsewhere, by frame, and how long that lasts.
    drift: f32,
    drift_frames: f32,
}

impl Ramp {
    /// A value at rest.
    pub const fn resting(value: f32) -> Self {
        Self { from: value, to: value, position_frames: 0, length_frames: 0, drift: 0.0, drift_frames: 0.0 }
    }

    /// Sets out for `to`, to arrive after `length_frames` (at least one block). Aiming where it already goes changes
    /// nothing.
    pub fn aim(&mut self, to: f32, length_frames: u32) {
        if to.to_bits() != self.to.to_bits() {
            self.aim_anew(to, length_frames);
        }
    }

    /// Sets out for `to` from where it is, also if it goes there already.
    pub fn aim_anew(&mut self, to: f32, length_frames: u32) {
        let (value, speed) = (self.value(), self.speed());
        let length_frames = length_frames.max(BLOCK as u32);
        // Its way on, until it stands, is at most 4/27 of speed times length: never beyond where it was going to. One
        // that still drifts the other way drifts as long as it would have.
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

    /// Where it is now.
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

    /// By how much it changes with each frame now.
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

    /// The share of the drift's time that is still to come.
    fn drift_left(&self) -> Option<f32> {
        let position = self.position_frames as f32;
        (position < self.drift_frames).then(|| 1.0 - position / self.drift_frames)
    }

    /// Whether it has arrived.
    pub const fn is_still(&self) -> bool {
        self.position_frames >= self.length_frames
    }

    /// Whether it rests at zero.
    pub fn is_silent(&self) -> bool {
        self.is_still() && self.to.abs() <= f32::EPSILON
    }

    /// Goes on by one block and says from where to where.
    pub fn advance(&mut self) -> Span {
        let start = self.value();
        if !self.is_still() {
            self.position_frames = self.position_frames.saturating_add(BLOCK as u32);
        }
        Span { start, end: self.value() }
    }
}

/// What a value does within one block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// At the block's first frame.
    pub start: f32,
    /// At the first frame of the block after it.
    pub end: f32,
}

impl Span {
    /// A value that does not move.
    pub const fn constant(value: f32) -> Self {
        Self { start: value, end: value }
    }

    /// The same span with both ends sent through `shape`.
    pub fn map(self, shape: impl Fn(f32) -> f32) -> Self {
        Self { start: shape(self.start), end: shape(self.end) }
    }

    /// Two gains one after the other.
    pub fn times(self, other: Self) -> Self {
        Self { start: self.start * other.start, end: self.end * other.end }
    }

    /// The value at frame `index` of the block.
    pub fn at(self, index: usize) -> f32 {
        self.start + (self.end - self.start) * (index as f32 / BLOCK as f32)
    }
}

/// Adds `input` to `output` through a moving gain.
pub fn add_scaled(output: &mut Block, input: &Block, gain: Span) {
    for (index, (out, frame)) in output.iter_mut().zip(input).enumerate() {
        let gain = gain.at(index);
        out[0] += frame[0] * gain;
        out[1] += frame[1] * gain;
    }
}

/// An amplitude for a level in dB. Never above 1; anything that is not a number is silence.
pub fn gain_of_db(level_db: f32) -> f32 {
    if level_db.is_nan() || level_db <= -120.0 {
        return 0.0;
    }
    10.0_f32.powf(level_db.min(0.0) / 20.0)
}

/// Length of one block in seconds.
pub fn block_s(rate_hz: f32) -> f32 {
    BLOCK as f32 / rate_hz
}

/// The same as an f64, for clocks that run for hours.
pub fn block_seconds(rate_hz: u32) -> f64 {
    BLOCK as f64 / f64::from(rate_hz)
}

/// Frames in so many seconds.
pub fn frames(seconds: f32, rate_hz: u32) -> u32 {
    (seconds * rate_hz as f32).round().max(0.0) as u32
}

#[cfg(test)]
mod tests {
    use super::super::Chance;
    use super::*;

    #[test]
    fn a_ramp_arrives_and_never_steps() {
        let mut ramp = Ramp::resting(0.0);
        ramp.aim(1.0, 1_440);
        let mut last = 0.0;
        for _ in 0..40 {
            let span = ramp.advance();
            assert!((span.start - last).abs() < 1e-6);
            assert!((span.end - span.start).abs() < 0.08);
            last = span.end;
        }
        assert!((last - 1.0).abs() < 1e-6 && ramp.is_still());
    }

    #[test]
    fn aiming_anew_on_the_way_starts_where_it_is() {
        let mut ramp = Ramp::resting(0.0);
        ramp.aim(1.0, 4_800);
        for _ in 0..30 {
            ramp.advance();
        }
        let before = ramp.value();
        ramp.aim(0.0, 4_800);
        assert!((ramp.value() - before).abs() < 1e-6);
    }

    /// The largest change of its step, as a share of the steepest step there is, when it is sent elsewhere at any time.
    fn worst_corner(length_frames: u32, mut aim: impl FnMut(&mut Chance) -> f32) -> f32 {
        let mut chance = Chance::new(7);
        let mut ramp = Ramp::resting(0.0);
        let steepest = std::f32::consts::FRAC_PI_2 / length_frames as f32 * BLOCK as f32;
        let (mut last, mut largest) = (ramp.advance(), 0.0_f32);
        for _ in 0..20_000 {
            if chance.unit() < 0.05 {
                let to = aim(&mut chance);
                ramp.aim(to, length_frames);
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
    fn a_ramp_that_turns_has_no_corner() {
        for length_frames in [1_920, 7_680, 19_200, 96_000] {
            let there_and_back = worst_corner(length_frames, |chance| [0.0, 1.0][chance.below(2)]);
            let anywhere = worst_corner(length_frames, Chance::unit);
            println!("{length_frames} frames: {there_and_back:.3} there and back, {anywhere:.3} anywhere");
            assert!(there_and_back < 0.4 && anywhere < 0.7, "{there_and_back} and {anywhere}");
        }
    }

    #[test]
    fn two_angles_keep_the_power_of_a_crossfade() {
        let quarter = std::f32::consts::FRAC_PI_2;
        let (mut leaving, mut coming) = (Ramp::resting(quarter), Ramp::resting(0.0));
        leaving.aim(0.0, 48_000);
        coming.aim(quarter, 48_000);
        for _ in 0..800 {
            let (out, inn) = (leaving.advance().map(f32::sin), coming.advance().map(f32::sin));
            for index in 0..BLOCK {
                let power = out.at(index).powi(2) + inn.at(index).powi(2);
                assert!((10.0 * power.log10()).abs() < 0.1, "{power}");
            }
        }
    }

    #[test]
    fn levels_that_are_no_numbers_are_silence() {
        assert!(gain_of_db(f32::NAN).abs() < f32::EPSILON);
        assert!(gain_of_db(f32::NEG_INFINITY).abs() < f32::EPSILON);
        assert!((gain_of_db(12.0) - 1.0).abs() < f32::EPSILON);
        assert!((gain_of_db(-6.0) - 0.501_187).abs() < 1e-4);
    }
}
