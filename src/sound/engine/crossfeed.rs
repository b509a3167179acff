//! Owns the crossfeed for headphones: each ear also hears the other channel, softer, darker and a little later, as it
//! hears the farther of two loudspeakers. Runs in the audio callback, so it never allocates, locks or waits. Does not
//! own the choice of whether it is on.
//!
//! The principle is that of Bauer (1961), *Stereophonic earphones and binaural loudspeakers*, J. Audio Eng. Soc. 9(2).
//! What one channel gains is taken from the other, so the sum of both channels does not change at any frequency, and
//! what is in the middle sounds as before.

use crate::sound::dsp::LowPass;
use crate::sound::dsp::ramp::{AudioBlock, Ramp, Span};

/// Part of the difference between the channels that crosses over. At low frequencies, the other channel is then 6 dB
/// softer than the ear's own. Common crossfeeds use 4.5 dB (the preset of *bs2b*), 6 dB (Moy) or 9.5 dB (Meier).
const SHARE: f32 = 0.334;
/// Cutoff of the low-pass filter, in hertz, which also delays. With [`SHARE`], low frequencies reach the farther ear
/// 260 µs later: as in Woodworth's formula for a loudspeaker 30° to the side, and a head with a radius of 8.75 cm.
const CUTOFF_HZ: f32 = 860.0;

/// The crossfeed.
#[derive(Clone, Debug)]
pub struct Crossfeed {
    /// From 0, off, to 1, on.
    amount: Ramp,
    difference: LowPass,
    coefficient: f32,
}

impl Crossfeed {
    /// Creates a crossfeed that is off, for a stream of `rate_hz`.
    pub fn new(rate_hz: f32) -> Self {
        Self {
            amount: Ramp::holding(0.0),
            difference: LowPass::default(),
            coefficient: LowPass::coefficient(CUTOFF_HZ, rate_hz),
        }
    }

    /// Turns the crossfeed on or off within `fade_frames`.
    pub fn set(&mut self, is_on: bool, fade_frames: u32) {
        self.amount.set_target(if is_on { 1.0 } else { 0.0 }, fade_frames);
    }

    /// Applies the crossfeed to one block. While it is off, the block does not change by a bit.
    pub fn run(&mut self, block: &mut AudioBlock) {
        let amount = self.amount.advance();
        if amount == Span::constant(0.0) {
            self.difference = LowPass::default();
            return;
        }
        for (index, frame) in block.iter_mut().enumerate() {
            let across = self.difference.run(frame[1] - frame[0], self.coefficient) * SHARE * amount.at(index);
            frame[0] += across;
            frame[1] -= across;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::dsp::Rng;
    use super::*;
    use crate::sound::dsp::ramp::{BLOCK, SILENCE};
    use crate::sound::score::measure::third_octaves_db;

    const RATE_HZ: f32 = 48_000.0;

    /// Returns a crossfeed that has been on for a while.
    fn settled() -> Crossfeed {
        let mut crossfeed = Crossfeed::new(RATE_HZ);
        crossfeed.set(true, 1);
        crossfeed.run(&mut { SILENCE });
        crossfeed
    }

    fn through(crossfeed: &mut Crossfeed, frames: &[[f32; 2]]) -> Vec<[f32; 2]> {
        let mut out = frames.to_vec();
        for block in out.as_chunks_mut::<BLOCK>().0 {
            crossfeed.run(block);
        }
        out
    }

    #[test]
    fn off_changes_nothing_and_on_keeps_the_sum_of_the_channels() {
        let mut rng = Rng::new(5);
        let frames: Vec<[f32; 2]> = (0..BLOCK * 4_000).map(|_| [0.3 * rng.white(), 0.3 * rng.white()]).collect();
        assert!(through(&mut Crossfeed::new(RATE_HZ), &frames) == frames);
        let fed = through(&mut settled(), &frames);
        assert!(fed != frames);
        let mono = |frames: &[[f32; 2]]| frames.iter().map(|frame| frame[0] + frame[1]).collect::<Vec<f32>>();
        let (before, after) = (third_octaves_db(&mono(&frames), RATE_HZ), third_octaves_db(&mono(&fed), RATE_HZ));
        for ((centre_hz, before_db), (_, after_db)) in before.into_iter().zip(after) {
            assert!((after_db - before_db).abs() < 0.1, "{:.2} dB at {centre_hz:.0} Hz", after_db - before_db);
        }
    }

    /// Returns how much softer a tone in the left channel is in the right ear than in the left, in dB, and how much later
    /// it is there, in seconds.
    fn farther_ear(pitch_hz: f32) -> (f64, f64) {
        let angle = |at: usize| f64::from(pitch_hz) * std::f64::consts::TAU * at as f64 / f64::from(RATE_HZ);
        let frames: Vec<[f32; 2]> = (0..BLOCK * 1_500).map(|at| [angle(at).sin() as f32, 0.0]).collect();
        let fed = through(&mut settled(), &frames);
        let [left, right] = [0, 1].map(|ear| {
            let of = |wave: fn(f64) -> f64| {
                let settled = fed.iter().enumerate().skip(BLOCK * 750);
                settled.map(|(at, frame)| f64::from(frame[ear]) * wave(angle(at))).sum::<f64>()
            };
            let (sine, cosine) = (of(f64::sin), of(f64::cos));
            (sine.hypot(cosine), cosine.atan2(sine))
        });
        let later_s = (left.1 - right.1) / (std::f64::consts::TAU * f64::from(pitch_hz));
        (20.0 * (left.0 / right.0).log10(), later_s)
    }

    #[test]
    fn the_farther_ear_hears_low_tones_softer_and_later_and_high_tones_hardly() {
        let (softer_db, later_s) = farther_ear(150.0);
        println!("150 Hz: {softer_db:.1} dB softer, {:.0} µs later", later_s * 1e6);
        assert!((softer_db - 6.0).abs() < 0.5 && (later_s - 260e-6).abs() < 15e-6, "{softer_db} dB, {later_s} s");
        let (high_db, _) = farther_ear(6_000.0);
        assert!(high_db > 20.0, "{high_db}");
    }
}
