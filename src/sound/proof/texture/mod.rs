//! Owns the measure of how like a real sound a bed is: the statistics of a sound texture, and the distance between two
//! textures. Does not own the beds, or which distances they must keep (`nearness`).
//!
//! What people recognise in rain, wind or fire is not its waveform but a set of statistics that the ear takes over time
//! (McDermott and Simoncelli, *Sound texture perception via statistics of the auditory periphery*, Neuron 71, 2011). A sound
//! is split into bands as in the cochlea, and the compressed envelope of each band is described by its moments, by its
//! correlation with the envelopes of other bands, and by the power of its modulation.

mod nearness;
mod recordings;

use std::f64::consts::FRAC_PI_2;

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// Number of bands.
const BANDS: usize = 20;
/// Outer edges of the lowest and the highest band, in Hz. Some recordings hold nothing above the upper one.
const RANGE_HZ: [f64; 2] = [60.0, 7_000.0];
/// Samples per second of a band before its envelope is taken. Twice as many as the widest band needs.
const BAND_RATE_HZ: usize = 4_000;
/// Samples per second of an envelope.
const ENVELOPE_RATE_HZ: usize = 400;
/// Exponent by which an envelope is compressed, as in the cochlea.
const COMPRESSION: f64 = 0.3;
/// Distances, in bands, at which envelopes are correlated.
const OFFSETS: [usize; 4] = [1, 2, 4, 8];
/// Lower edges of the octaves in which modulation is measured, in Hz.
const MODULATIONS_HZ: [f64; 10] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];
/// Every how manieth band has its modulation measured, since neighbours are alike.
const MODULATION_EVERY: usize = 2;
/// Seconds of a sound that are measured, from its middle.
const MEASURED_S: usize = 30;
/// Seconds that a sound must have.
const SHORTEST_S: usize = 9;

/// The statistics of a texture, in five groups that count equally: logarithms of the means of the envelopes; logarithms
/// of their coefficients of variation; their skewness; their correlations; logarithms of their modulation power as a
/// share of their variance.
#[derive(Clone, Debug, PartialEq)]
struct Texture([Vec<f64>; 5]);

impl Texture {
    /// Measures a sound of at least [`SHORTEST_S`], of which both channels are heard as one. Its level does not count.
    fn of(frames: &[[f32; 2]], rate_hz: usize) -> Self {
        let seconds = (frames.len() / rate_hz).min(MEASURED_S);
        assert!(seconds >= SHORTEST_S, "{seconds} s are too short to measure");
        let frames = &frames[(frames.len() - seconds * rate_hz) / 2..][..seconds * rate_hz];
        let mut mono: Vec<f64> = frames.iter().map(|[left, right]| f64::from(left + right)).collect();
        let power = mono.iter().map(|sample| sample * sample).sum::<f64>() / mono.len() as f64;
        let mut planner = RealFftPlanner::<f64>::new();
        let forward = planner.plan_fft_forward(mono.len());
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut mono, &mut spectrum).unwrap();
        // The transform is not scaled by itself.
        let scale = 1.0 / (mono.len() as f64 * power.max(1e-20).sqrt());
        let bands: Vec<Envelope> =
            (0..BANDS).map(|band| Envelope::of(&spectrum, scale, band, seconds, &mut planner)).collect();
        let mut groups: [Vec<f64>; 5] = Default::default();
        for (index, band) in bands.iter().enumerate() {
            let moment = |power: i32| band.around.iter().map(|x| x.powi(power)).sum::<f64>() / band.around.len() as f64;
            let deviation = moment(2).sqrt();
            groups[0].push(band.mean.ln());
            groups[1].push((deviation / band.mean).ln());
            groups[2].push(moment(3) / deviation.powi(3));
            if index % MODULATION_EVERY == 0 {
                groups[4].extend(band.modulation.map(|power| (power / moment(2) + 1e-4).ln()));
            }
        }
        for offset in OFFSETS {
            groups[3].extend(bands.iter().zip(&bands[offset..]).map(|(one, other)| one.correlation(other)));
        }
        Self(groups)
    }

    /// Returns the mean of textures.
    fn mean(textures: &[&Self]) -> Self {
        Self(std::array::from_fn(|group| {
            let mean = |at: usize| textures.iter().map(|it| it.0[group][at]).sum::<f64>() / textures.len() as f64;
            (0..textures[0].0[group].len()).map(mean).collect()
        }))
    }

    /// Returns how much each statistic differs among textures: its standard deviation.
    fn spread(textures: &[&Self]) -> Self {
        let mean = Self::mean(textures);
        Self(std::array::from_fn(|group| {
            let variance = |at: usize| {
                let around = |it: &&Self| (it.0[group][at] - mean.0[group][at]).powi(2);
                textures.iter().map(around).sum::<f64>() / textures.len() as f64
            };
            (0..mean.0[group].len()).map(|at| variance(at).sqrt()).collect()
        }))
    }

    /// Returns the distance between two textures: the root of the mean square difference of their statistics, each as a
    /// multiple of its `spread`.
    fn distance(&self, other: &Self, spread: &Self) -> f64 {
        let group = |index: usize| {
            let pairs = self.0[index].iter().zip(&other.0[index]).zip(&spread.0[index]);
            pairs.map(|((one, other), spread)| ((one - other) / spread).powi(2)).sum::<f64>()
                / self.0[index].len() as f64
        };
        ((0..self.0.len()).map(group).sum::<f64>() / self.0.len() as f64).sqrt()
    }
}

/// The envelope of one band.
struct Envelope {
    mean: f64,
    /// The envelope, less its mean.
    around: Vec<f64>,
    /// Power of the modulation in each octave.
    modulation: [f64; MODULATIONS_HZ.len()],
}

impl Envelope {
    /// Takes the envelope of a band out of the spectrum of `seconds` of sound, whose bins are multiplied by `scale`.
    fn of(
        spectrum: &[Complex<f64>],
        scale: f64,
        band: usize,
        seconds: usize,
        planner: &mut RealFftPlanner<f64>,
    ) -> Self {
        let [low, high] = RANGE_HZ.map(to_erbs);
        let step = (high - low) / (BANDS + 1) as f64;
        let middle = low + step * (band + 1) as f64;
        let bin = |erbs: f64| to_hz(erbs) * seconds as f64;
        let (first, last) = (bin(middle - step).ceil() as usize, bin(middle + step).floor() as usize);
        // Only the bins of the band are transformed back, moved down to 0 Hz, which does not change the envelope. A
        // quarter of a turn later, they give the other half of the analytic signal.
        let length = seconds * BAND_RATE_HZ;
        let inverse = planner.plan_fft_inverse(length);
        let mut compressed = vec![0.0; length];
        for turn in [Complex::new(1.0, 0.0), Complex::new(0.0, 1.0)] {
            let mut bins = inverse.make_input_vec();
            for at in first..=last.min(spectrum.len() - 1) {
                let weight = (FRAC_PI_2 * (to_erbs(at as f64 / seconds as f64) - middle) / step).cos();
                bins[at - first + 1] = spectrum[at] * turn * (scale * weight);
            }
            let mut half = inverse.make_output_vec();
            inverse.process(&mut bins, &mut half).unwrap();
            for (sum, part) in compressed.iter_mut().zip(half) {
                *sum += part * part;
            }
        }
        for power in &mut compressed {
            *power = power.powf(COMPRESSION / 2.0);
        }
        let forward = planner.plan_fft_forward(length);
        let mut slow = forward.make_output_vec();
        forward.process(&mut compressed, &mut slow).unwrap();
        slow.truncate(seconds * ENVELOPE_RATE_HZ / 2 + 1);
        for bin in &mut slow {
            *bin /= length as f64;
        }
        let mean = slow[0].re;
        slow[0] = Complex::default();
        let modulation = MODULATIONS_HZ.map(|from_hz| {
            let inside = |at: &usize| (from_hz..2.0 * from_hz).contains(&(*at as f64 / seconds as f64));
            (0..slow.len()).filter(inside).map(|at| 2.0 * slow[at].norm_sqr()).sum()
        });
        let inverse = planner.plan_fft_inverse(seconds * ENVELOPE_RATE_HZ);
        let mut around = inverse.make_output_vec();
        if let Some(last) = slow.last_mut() {
            last.im = 0.0;
        }
        inverse.process(&mut slow, &mut around).unwrap();
        Self { mean, around, modulation }
    }

    fn correlation(&self, other: &Self) -> f64 {
        let product = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
        let powers = product(&self.around, &self.around) * product(&other.around, &other.around);
        product(&self.around, &other.around) / powers.sqrt()
    }
}

/// Converts a frequency to the scale of the cochlea, in equivalent rectangular bandwidths (Glasberg and Moore, 1990).
fn to_erbs(hz: f64) -> f64 {
    9.265 * (hz / 228.845_5).ln_1p()
}

/// Converts a position on the scale of the cochlea to a frequency in Hz.
fn to_hz(erbs: f64) -> f64 {
    228.845_5 * (erbs / 9.265).exp_m1()
}
