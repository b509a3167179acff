//! Owns the last rounding, to samples of 16 bits or fewer: with the noise that keeps it from being heard as a
//! distortion. Does not own which form of sample is written.

/// Rounds to a coarse form with triangular noise of two steps' width (TPDF), which leaves the error without any trace of
/// the signal.
#[derive(Clone, Debug)]
pub struct Dither {
    /// Steps from silence to full scale.
    steps: f32,
    state: u32,
}

impl Dither {
    /// For samples of `bits`, 2 to 16. The noise is the same each time.
    pub fn new(bits: u32) -> Self {
        Self { steps: (1_u32 << (bits.clamp(2, 16) - 1)) as f32, state: 0x9E37_79B9 }
    }

    /// The nearest whole step to `sample` with its noise, between −`steps` and `steps` − 1.
    pub fn step(&mut self, sample: f32) -> f32 {
        let noise = self.chance() - self.chance();
        (sample * self.steps + noise).round().clamp(-self.steps, self.steps - 1.0)
    }

    /// The same as an amplitude, which every conversion that follows leaves as it is.
    pub fn round(&mut self, sample: f32) -> f32 {
        self.step(sample) / self.steps
    }

    /// Evenly from 0 to 1.
    fn chance(&mut self) -> f32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        (self.state >> 8) as f32 / (1_u32 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_below_one_step_is_still_there_and_leaves_no_distortion() {
        let mut dither = Dither::new(16);
        let wave = |at: usize, harmonic: f64| (std::f64::consts::TAU * 100.0 * harmonic * at as f64 / 48_000.0).sin();
        // 0.4 of a step: rounded without noise, nothing would be left of it.
        let rounded: Vec<f64> =
            (0..960_000).map(|at| f64::from(dither.step(wave(at, 1.0) as f32 * 0.4 / 32_768.0))).collect();
        let size = |harmonic: f64| {
            let sum: f64 = rounded.iter().enumerate().map(|(at, step)| step * wave(at, harmonic)).sum();
            2.0 * sum / rounded.len() as f64
        };
        assert!((size(1.0) - 0.4).abs() < 0.01, "{}", size(1.0));
        for harmonic in [2.0, 3.0, 5.0] {
            assert!(size(harmonic).abs() < 0.004, "{harmonic}: {}", size(harmonic));
        }
        let power: f64 = rounded.iter().map(|step| step * step).sum::<f64>() / rounded.len() as f64;
        // Noise of a quarter of a step squared, and the tone's own 0.08.
        assert!((power - 0.33).abs() < 0.02, "{power}");
    }

    #[test]
    fn full_scale_stays_within_the_form() {
        let mut dither = Dither::new(8);
        for _ in 0..1_000 {
            assert!((-128.0..=127.0).contains(&dither.step(1.0)) && (-128.0..=127.0).contains(&dither.step(-1.0)));
        }
    }
}
