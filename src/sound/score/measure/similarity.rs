//! Owns the proof that the score does not loop: a measurement of how similar passages of 20 s are to each other. Does
//! not own other metrics.
//!
//! Two things are compared. *Sound* means the samples, resampled to 2 kHz. A passage begins every 20 s, and is
//! correlated with the performance at every position that does not overlap it; a loop would give 1. *Movement* means
//! the levels of 24 frequency bands, four times a second. Here, a passage begins every 10 s, and is correlated in the
//! same way. The level of a band is taken relative to the band's mean in the passage, so changes are compared rather
//! than the timbre of the instruments, which is the same in every passage.
//!
//! Any stretch of 40 s that is heard twice contains at least one of the passages completely.

use realfft::RealFftPlanner;

use super::audio::{Bin, hann};

/// Sample rate at which sound is compared, in hertz. Nearly all of the score's power lies below half of this rate.
const COARSE_HZ: usize = 2_000;
/// Length of a passage, in seconds.
const PASSAGE_S: usize = 20;
/// Number of levels of each band per second.
const LEVELS_HZ: usize = 4;
/// Number of frequency bands.
const BANDS: usize = 24;
/// Exponent that turns power into perceived loudness (Stevens 1955, *The measurement of loudness*). With it, a faint
/// band next to a strong one counts in proportion to how loud it sounds.
const LOUDNESS_POWER: f32 = 0.3;
/// Lower edge of the lowest band and upper edge of the highest, in hertz.
const EDGES_HZ: [f32; 2] = [60.0, 960.0];

/// Similarity metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SimilarityMetrics {
    /// Maximum correlation of a passage's samples with the samples at another position, 0 to 1.
    pub sound: f32,
    /// Maximum correlation of a passage's movement with the movement at another position, 0 to 1.
    pub movement: f32,
}

impl SimilarityMetrics {
    /// Returns a description of every limit that is exceeded.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for (what, value) in [("sound", self.sound), ("movement", self.movement)] {
            if value > 0.9 {
                violations.push(format!("two passages whose {what} correlates by {value:.3}"));
            }
        }
        violations
    }
}

/// Collects the audio at a reduced sample rate, for the comparison.
pub struct SimilarityMeter {
    step: usize,
    taps: Vec<f32>,
    recent: Vec<f32>,
    coarse: Vec<f32>,
}

impl SimilarityMeter {
    /// Creates a meter for frames at `rate_hz`, which must be a multiple of 2 kHz.
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        let step = (rate_hz as usize / COARSE_HZ).max(1);
        let length = step * 16;
        let sinc = |at: usize| {
            let x = (at as f32 - length as f32 / 2.0) / step as f32 * 0.9 * std::f32::consts::PI;
            if x.abs() < 1e-6 { 1.0 } else { x.sin() / x }
        };
        let taps = hann(length).iter().enumerate().map(|(at, gain)| gain * sinc(at) / step as f32).collect();
        Self { step, taps, recent: Vec::new(), coarse: Vec::new() }
    }

    /// Adds frames.
    pub fn add(&mut self, frames: &[[f32; 2]]) {
        self.recent.extend(frames.iter().map(|frame| frame[0] + frame[1]));
        let mut from = 0;
        while from + self.taps.len() <= self.recent.len() {
            let window = &self.recent[from..from + self.taps.len()];
            self.coarse.push(window.iter().zip(&self.taps).map(|(sample, tap)| sample * tap).sum());
            from += self.step;
        }
        self.recent.drain(..from);
    }

    /// Compares every passage with every position that does not overlap it.
    #[must_use]
    pub fn metrics(&self) -> SimilarityMetrics {
        SimilarityMetrics { sound: likest_sound(&self.coarse), movement: likest_movement(&levels(&self.coarse)) }
    }
}

fn likest_sound(samples: &[f32]) -> f32 {
    let passage = PASSAGE_S * COARSE_HZ;
    if samples.len() < 2 * passage {
        return 0.0;
    }
    // The signal is split into stretches that overlap by one passage and fit the processor's caches.
    let stretch = (4 * passage).next_power_of_two();
    let places = stretch - passage;
    let mut planner = RealFftPlanner::<f32>::new();
    let (there, back) = (planner.plan_fft_forward(stretch), planner.plan_fft_inverse(stretch));
    let spectrum_of = |part: &[f32]| -> Vec<Bin> {
        let mut padded = vec![0.0; stretch];
        padded[..part.len()].copy_from_slice(part);
        let mut spectrum = there.make_output_vec();
        // This cannot fail, because the buffers have the lengths that the plan requires.
        let _ = there.process(&mut padded, &mut spectrum);
        spectrum
    };
    let starts = || (0..=samples.len() - passage).step_by(places);
    let stretches: Vec<Vec<Bin>> =
        starts().map(|start| spectrum_of(&samples[start..samples.len().min(start + stretch)])).collect();
    let scales = one_over_length(samples, passage);
    let mut likest: f32 = 0.0;
    let mut laid_over = vec![0.0; stretch];
    for from in (0..=samples.len() - passage).step_by(passage) {
        let spectrum = spectrum_of(&samples[from..from + passage]);
        let scale = scales[from] / stretch as f32;
        for (start, whole) in starts().zip(&stretches) {
            let mut product: Vec<Bin> = spectrum.iter().zip(whole).map(|(one, all)| one.conj() * all).collect();
            let _ = back.process(&mut product, &mut laid_over);
            for (at, value) in laid_over[..places.min(scales.len() - start)].iter().enumerate() {
                if (start + at).abs_diff(from) >= passage {
                    likest = likest.max(value.abs() * scales[start + at] * scale);
                }
            }
        }
    }
    likest
}

/// Returns the reciprocal norm of the passage that begins at each position; 0 where the passage is nearly silent.
fn one_over_length(samples: &[f32], passage: usize) -> Vec<f32> {
    let mut summed = vec![0.0_f64];
    for sample in samples {
        summed.push(summed[summed.len() - 1] + f64::from(*sample).powi(2));
    }
    let faint = summed[samples.len()] / samples.len() as f64 * passage as f64 * 1e-3;
    (0..=samples.len() - passage)
        .map(|from| summed[from + passage] - summed[from])
        .map(|energy| if energy < faint { 0.0 } else { energy.sqrt().recip() as f32 })
        .collect()
}

/// Returns the levels of the bands, [`LEVELS_HZ`] times a second.
fn levels(samples: &[f32]) -> Vec<[f32; BANDS]> {
    let length = COARSE_HZ / LEVELS_HZ;
    let window = hann(2 * length);
    let transform = RealFftPlanner::<f32>::new().plan_fft_forward(2 * length);
    let mut spectrum = transform.make_output_vec();
    let bin_hz = COARSE_HZ as f32 / (2 * length) as f32;
    let octaves = (EDGES_HZ[1] / EDGES_HZ[0]).log2();
    samples
        .windows(2 * length)
        .step_by(length)
        .map(|part| {
            let mut part: Vec<f32> = part.iter().zip(&window).map(|(sample, gain)| sample * gain).collect();
            let _ = transform.process(&mut part, &mut spectrum);
            let mut power = [0.0_f32; BANDS];
            for (index, value) in spectrum.iter().enumerate().skip(1) {
                let along = (index as f32 * bin_hz / EDGES_HZ[0]).log2() / octaves;
                if (0.0..1.0).contains(&along) {
                    power[(along * BANDS as f32) as usize] += value.norm_sqr();
                }
            }
            power.map(|power| power.powf(LOUDNESS_POWER))
        })
        .collect()
}

fn likest_movement(levels: &[[f32; BANDS]]) -> f32 {
    let passage = PASSAGE_S * LEVELS_HZ;
    if levels.len() < 2 * passage {
        return 0.0;
    }
    let places: Vec<Vec<f32>> = levels.windows(passage).map(about_its_mean).collect();
    let mut likest: f32 = 0.0;
    for from in (0..places.len()).step_by(passage / 2) {
        for (at, other) in places.iter().enumerate() {
            if at.abs_diff(from) >= passage {
                likest = likest.max(in_common(&places[from], other));
            }
        }
    }
    likest
}

/// Returns the dot product of two passages. A separate sum for each band lets the compiler vectorise the loop.
fn in_common(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0_f32; BANDS];
    for (one, other) in one.chunks_exact(BANDS).zip(other.chunks_exact(BANDS)) {
        for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
            *sum += one * other;
        }
    }
    sums.iter().sum()
}

/// Subtracts from each band its mean over the passage, and normalises the resulting vector to length 1.
fn about_its_mean(passage: &[[f32; BANDS]]) -> Vec<f32> {
    let mut mean = [0.0_f32; BANDS];
    for level in passage {
        for (sum, value) in mean.iter_mut().zip(level) {
            *sum += value / passage.len() as f32;
        }
    }
    let mut flat: Vec<f32> =
        passage.iter().flat_map(|level| level.iter().zip(&mean).map(|(value, mean)| value - mean)).collect();
    let length = flat.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-9);
    for value in &mut flat {
        *value /= length;
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::dsp::Rng;

    #[test]
    fn loops_are_found_and_noise_is_not() {
        let mut rng = Rng::new(3);
        let once: Vec<[f32; 2]> = (0..45 * 4_000).map(|_| [rng.white(); 2]).collect();
        let mut noise = SimilarityMeter::new(4_000);
        noise.add(&once);
        let metrics = noise.metrics();
        assert!(metrics.sound < 0.3 && metrics.movement < 0.5, "{metrics:?}");
        let mut looped = SimilarityMeter::new(4_000);
        looped.add(&once);
        looped.add(&once);
        let metrics = looped.metrics();
        assert!(metrics.sound > 0.99 && metrics.movement > 0.95 && metrics.violations().len() == 2, "{metrics:?}");
    }
}
