//! Owns the quantisation to 16 bits or fewer, with dither. Does not own the choice of the sample format.

/// Quantises with triangular dither (TPDF) two steps wide, which makes the error independent of the signal's level.
#[derive(Clone, Debug)]
pub struct Dither {
    /// Number of steps from zero to full scale.
    steps: f32,
    state: u32,
}

impl Dither {
    /// Creates a quantiser for samples with `bits` bits, 2 to 16. The sequence of the dither noise is always the same,
    /// so files are reproducible.
    pub fn new(bits: u32) -> Self {
        Self { steps: (1_u32 << (bits.clamp(2, 16) - 1)) as f32, state: 0x9E37_79B9 }
    }

    /// Quantises `sample` to a whole number from −`steps` to `steps` − 1.
    pub fn step(&mut self, sample: f32) -> f32 {
        let noise = self.unit() - self.unit();
        (sample * self.steps + noise).round().clamp(-self.steps, self.steps - 1.0)
    }

    /// Quantises `sample` and returns it as an amplitude, which later conversions to the same format keep exactly.
    pub fn round(&mut self, sample: f32) -> f32 {
        self.step(sample) / self.steps
    }

    /// Returns a uniform random number in [0, 1).
    fn unit(&mut self) -> f32 {
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
    fn dither_preserves_a_tone_below_one_step_without_distortion() {
        let mut dither = Dither::new(16);
        let wave = |at: usize, harmonic: f64| (std::f64::consts::TAU * 100.0 * harmonic * at as f64 / 48_000.0).sin();
        // The tone has an amplitude of 0.4 of a step. Without dither, it would be rounded away.
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
        // In squared steps, dither and rounding together contribute 0.25 to the power, and the tone 0.08.
        assert!((power - 0.33).abs() < 0.02, "{power}");
    }

    #[test]
    fn full_scale_stays_in_range() {
        let mut dither = Dither::new(8);
        for _ in 0..1_000 {
            assert!((-128.0..=127.0).contains(&dither.step(1.0)) && (-128.0..=127.0).contains(&dither.step(-1.0)));
        }
    }
}
