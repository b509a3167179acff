//! Owns the last step: no peak leaves above −1 dBFS. Does not own levels.

use super::ramp::Block;

/// −1 dBFS, which no sample passes.
pub const CEILING: f32 = 0.891_25;
/// −5 dBFS: below it nothing is touched.
const THRESHOLD: f32 = 0.562_34;

/// A soft limiter without look-ahead: a gain that follows peaks in 2 ms and lets go in 400 ms, then a smooth bend that
/// takes what the gain was too late for.
#[derive(Clone, Debug)]
pub struct Limiter {
    envelope: f32,
    attack: f32,
    release: f32,
}

impl Limiter {
    /// For a stream of `rate_hz`.
    pub fn new(rate_hz: f32) -> Self {
        let coefficient = |seconds: f32| 1.0 - (-1.0 / (seconds * rate_hz)).exp();
        Self { envelope: 0.0, attack: coefficient(0.002), release: coefficient(0.4) }
    }

    /// Both channels share one gain, so that the picture does not tilt. What is not a number becomes silence.
    pub fn run(&mut self, block: &mut Block) {
        for frame in block {
            for sample in frame.iter_mut() {
                if !sample.is_finite() {
                    *sample = 0.0;
                }
            }
            let peak = frame[0].abs().max(frame[1].abs()).min(16.0);
            let coefficient = if peak > self.envelope { self.attack } else { self.release };
            self.envelope += coefficient * (peak - self.envelope) + 1e-20;
            let gain = if self.envelope > THRESHOLD { THRESHOLD / self.envelope } else { 1.0 };
            for sample in frame.iter_mut() {
                *sample = bend(*sample * gain);
            }
        }
    }
}

fn bend(sample: f32) -> f32 {
    let size = sample.abs();
    if size <= THRESHOLD {
        return sample;
    }
    let room = CEILING - THRESHOLD;
    (THRESHOLD + room * ((size - THRESHOLD) / room).tanh()).copysign(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_peak_passes_the_ceiling_and_quiet_sound_is_untouched() {
        let mut limiter = Limiter::new(48_000.0);
        let mut loud = [[9.0, -9.0]; 64];
        loud[7] = [f32::NAN, f32::INFINITY];
        limiter.run(&mut loud);
        assert!(loud.iter().flatten().all(|sample| sample.is_finite() && sample.abs() <= CEILING));
        let mut quiet = [[0.25, -0.5]; 64];
        Limiter::new(48_000.0).run(&mut quiet);
        assert!(quiet.iter().all(|frame| (frame[0] - 0.25).abs() < 1e-6 && (frame[1] + 0.5).abs() < 1e-6));
    }
}
