//! Owns the last stage of the mix: a look-ahead limiter that keeps true peaks below −1 dBTP. Runs in the audio
//! callback, so it never allocates, locks or waits. Does not own levels.
//!
//! True peaks are detected at four times the sample rate (ITU-R BS.1770-4, annex 2). Audio is delayed by
//! [`LATENCY_FRAMES`], so the gain for a peak is known in advance: it falls along a slope, reaches its minimum before
//! the peak arrives, and recovers slowly. Audio that needs no limiting passes through bit for bit.

use std::f64::consts::PI;

use crate::sound::dsp::ramp::{AudioBlock, BLOCK, SILENCE};

/// Ceiling for true peaks and samples, as an amplitude: −1 dB relative to full scale.
pub const CEILING: f32 = 0.891_25;
/// Latency in frames: 4 ms at 48 kHz.
pub const LATENCY_FRAMES: usize = DELAY_BLOCKS * BLOCK;

/// Amplitude to which peaks are reduced. It leaves a margin below [`CEILING`] for the changing gain, and for meters
/// with a finer resolution.
const TARGET: f32 = CEILING * 0.977;
const DELAY_BLOCKS: usize = 3;
/// Filter taps per interpolated point.
const TAPS: usize = 12;
/// Oversampling factor.
const PHASES: usize = 4;
/// Upper bound on the ratio between a point that [`TruePeakMeter`] interpolates and the largest sample.
const MOST_OVERSHOOT: f32 = 2.2;
/// Length in frames of each of the two moving averages in series that shape the gain.
const AVERAGE: usize = 90;
/// Length in frames of the slope that both moving averages together produce. It ends before the peak arrives, so the
/// gain is constant while the peak passes.
const SLOPE: usize = 2 * AVERAGE - 1;
/// Number of frames for which a peak holds the gain down. It covers the latency, and the width of the peak on both
/// sides.
const HOLD: usize = LATENCY_FRAMES + TAPS;
/// Time constant of the gain's recovery after a peak, in seconds.
const RELEASE_S: f64 = 0.35;
/// Amplitude to which input samples are clamped, only so that broken input stays finite.
const LOUDEST: f32 = 1_000.0;

const _: () = assert!(LATENCY_FRAMES >= SLOPE + TAPS, "a gain is down before the peak that needs it leaves");

/// Keeps true peaks below [`CEILING`]. Both channels share one gain, because separate gains would shift the stereo
/// image.
#[derive(Clone, Debug)]
pub struct Limiter {
    delayed: [AudioBlock; DELAY_BLOCKS],
    oldest: usize,
    peaks: TruePeakMeter,
    hold: SlidingMinimum,
    /// Gain before the moving averages smooth it. It is an f64, because the last increments of the release are too
    /// small for an f32.
    released: f64,
    release: f64,
    first: MovingAverage,
    second: MovingAverage,
    /// Number of consecutive frames for which the gain has been fully released. Once it reaches [`HOLD`] + [`SLOPE`],
    /// no earlier peak affects the gain any more.
    at_rest_frames: usize,
}

impl Limiter {
    /// Creates a limiter for a stream of `rate_hz`.
    pub fn new(rate_hz: f32) -> Self {
        Self {
            delayed: [SILENCE; DELAY_BLOCKS],
            oldest: 0,
            peaks: TruePeakMeter::new(),
            hold: SlidingMinimum::new(),
            released: 1.0,
            release: 1.0 - (-1.0 / (RELEASE_S * f64::from(rate_hz))).exp(),
            first: MovingAverage::new(),
            second: MovingAverage::new(),
            at_rest_frames: HOLD + SLOPE,
        }
    }

    /// Clears the delay line and the meter, because a new stream must not begin with the end of the previous one.
    pub fn clear(&mut self) {
        self.delayed = [SILENCE; DELAY_BLOCKS];
        self.peaks = TruePeakMeter::new();
    }

    /// Replaces `block` with the limited block from [`LATENCY_FRAMES`] ago. NaN becomes silence.
    pub fn run(&mut self, block: &mut AudioBlock) {
        let mut largest = 0.0_f32;
        for sample in block.as_flattened_mut() {
            let size = sample.abs();
            if size > LOUDEST {
                *sample = LOUDEST.copysign(*sample);
            } else if size.is_nan() {
                *sample = 0.0;
            }
            largest = largest.max(sample.abs());
        }
        let near = self.peaks.largest_so_far.max(largest) * MOST_OVERSHOOT > TARGET;
        if near || self.at_rest_frames < HOLD + SLOPE {
            self.limit(block, largest);
        } else {
            self.peaks.pass(block, largest);
        }
        std::mem::swap(block, &mut self.delayed[self.oldest]);
        self.oldest = (self.oldest + 1) % DELAY_BLOCKS;
    }

    /// Looks for peaks in `block`, which enters the delay line, and applies the gain to the block that leaves it.
    fn limit(&mut self, block: &AudioBlock, largest: f32) {
        let mut points = [0.0; BLOCK];
        self.peaks.find(block, largest, &mut points);
        let leaving = &mut self.delayed[self.oldest];
        for (frame, point) in leaving.iter_mut().zip(points) {
            let needed = if point > TARGET { TARGET / point } else { 1.0 };
            let held = self.hold.push(needed);
            self.released = f64::from(held).min(self.released + (1.0 - self.released) * self.release);
            if self.released > 0.999_999 {
                self.released = 1.0;
                self.at_rest_frames += 1;
            } else {
                self.at_rest_frames = 0;
            }
            let gain = self.second.push(self.first.push(self.released as f32));
            if gain < 1.0 {
                frame[0] *= gain;
                frame[1] *= gain;
            }
        }
        if self.at_rest_frames >= HOLD + SLOPE {
            self.first = MovingAverage::new();
            self.second = MovingAverage::new();
        }
    }
}

/// Interpolates between samples to find true peaks.
#[derive(Clone, Debug)]
struct TruePeakMeter {
    taps: [[f32; PHASES]; TAPS],
    /// The final samples of the previous block, then those of the current block; one row per channel.
    history: [[f32; TAPS - 1 + BLOCK]; 2],
    /// The largest sample of the previous block.
    largest_so_far: f32,
}

impl TruePeakMeter {
    /// Creates a meter whose polyphase filter is a sinc under a 49-point Hann window, with four points per sample.
    fn new() -> Self {
        let mut taps = [[0.0; PHASES]; TAPS];
        for (index, tap) in taps.as_flattened_mut().iter_mut().enumerate() {
            let from_middle = index as f64 - (TAPS * PHASES) as f64 / 2.0;
            let angle = from_middle * PI / PHASES as f64;
            let sinc = if index == TAPS * PHASES / 2 { 1.0 } else { angle.sin() / angle };
            let window = 0.5 - 0.5 * (2.0 * PI * index as f64 / (TAPS * PHASES) as f64).cos();
            *tap = (sinc * window) as f32;
        }
        Self { taps, history: [[0.0; TAPS - 1 + BLOCK]; 2], largest_so_far: 0.0 }
    }

    /// Adds a block to the history without interpolating, which is enough if the block is too quiet to be limited.
    fn pass(&mut self, block: &AudioBlock, largest: f32) {
        for (channel, row) in self.history.iter_mut().enumerate() {
            row.copy_within(BLOCK.., 0);
            for (sample, frame) in row[TAPS - 1..].iter_mut().zip(block) {
                *sample = frame[channel];
            }
        }
        self.largest_so_far = largest;
    }

    /// Adds a block to the history, and writes to `points` the largest interpolated point of either channel around each
    /// frame. The points lag by half the filter's length.
    fn find(&mut self, block: &AudioBlock, largest: f32, points: &mut [f32; BLOCK]) {
        self.pass(block, largest);
        for row in &self.history {
            for (at, point) in points.iter_mut().enumerate() {
                let mut sums = [0.0_f32; PHASES];
                // Convolution: the newest sample is multiplied by the first tap.
                for (sample, taps) in row[at..at + TAPS].iter().rev().zip(&self.taps) {
                    for (sum, tap) in sums.iter_mut().zip(taps) {
                        *sum += sample * tap;
                    }
                }
                *point = sums.iter().fold(*point, |most, sum| most.max(sum.abs()));
            }
        }
    }
}

/// Minimum of the last [`HOLD`] values.
#[derive(Clone, Debug)]
struct SlidingMinimum {
    /// Candidates for the minimum, in increasing order, each with the number of the frame at which it arrived (a
    /// monotonic queue).
    waiting: [(u64, f32); HOLD],
    head: usize,
    count: usize,
    frame: u64,
}

impl SlidingMinimum {
    const fn new() -> Self {
        Self { waiting: [(0, 1.0); HOLD], head: 0, count: 0, frame: 0 }
    }

    fn push(&mut self, value: f32) -> f32 {
        self.frame += 1;
        if self.count > 0 && self.waiting[self.head].0 + HOLD as u64 <= self.frame {
            self.head = (self.head + 1) % HOLD;
            self.count -= 1;
        }
        while self.count > 0 && self.waiting[(self.head + self.count - 1) % HOLD].1 >= value {
            self.count -= 1;
        }
        self.waiting[(self.head + self.count) % HOLD] = (self.frame, value);
        self.count += 1;
        self.waiting[self.head].1
    }
}

/// A moving average of gains.
#[derive(Clone, Debug)]
struct MovingAverage {
    values: [f32; AVERAGE],
    next: usize,
    /// This is an f64, because the rounding errors of a running sum in f32 would add up over a day.
    sum: f64,
}

impl MovingAverage {
    const fn new() -> Self {
        Self { values: [1.0; AVERAGE], next: 0, sum: AVERAGE as f64 }
    }

    fn push(&mut self, value: f32) -> f32 {
        let slot = &mut self.values[self.next];
        self.sum += f64::from(value) - f64::from(*slot);
        *slot = value;
        self.next = (self.next + 1) % AVERAGE;
        (self.sum / AVERAGE as f64) as f32
    }
}

#[cfg(test)]
mod tests {
    use ebur128::{EbuR128, Mode};
    use proptest::prelude::*;

    use super::*;

    const RATE_HZ: f32 = 48_000.0;

    fn limited(frames: &[[f32; 2]]) -> Vec<[f32; 2]> {
        let mut limiter = Limiter::new(RATE_HZ);
        let mut out = Vec::new();
        for piece in frames.chunks(BLOCK) {
            let mut block = SILENCE;
            block[..piece.len()].copy_from_slice(piece);
            limiter.run(&mut block);
            out.extend(block);
        }
        for _ in 0..DELAY_BLOCKS {
            let mut block = SILENCE;
            limiter.run(&mut block);
            out.extend(block);
        }
        out
    }

    fn true_peak_db(frames: &[[f32; 2]]) -> f64 {
        let mut meter = EbuR128::new(2, RATE_HZ as u32, Mode::TRUE_PEAK).unwrap();
        meter.add_frames_f32(frames.as_flattened()).unwrap();
        let peak = meter.true_peak(0).unwrap().max(meter.true_peak(1).unwrap());
        20.0 * peak.max(1e-9).log10()
    }

    /// Measures the true peak independently of the limiter, at 16 points per sample, each from 64 samples.
    fn fine_peak_db(frames: &[[f32; 2]]) -> f64 {
        let mut most = 0.0_f64;
        for channel in 0..2 {
            for at in 32..frames.len().saturating_sub(32) {
                if frames[at][channel].abs() < 0.4 && frames[at + 1][channel].abs() < 0.4 {
                    continue;
                }
                for step in 0..16 {
                    let offset = f64::from(step) / 16.0;
                    let sum: f64 = (0..64)
                        .map(|tap| {
                            let x = f64::from(tap) - 31.0 - offset;
                            let sinc = if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) };
                            let window = 0.5 + 0.5 * (PI * x / 32.0).cos();
                            f64::from(frames[at + tap as usize - 31][channel]) * sinc * window
                        })
                        .sum();
                    most = most.max(sum.abs());
                }
            }
        }
        20.0 * most.max(1e-9).log10()
    }

    fn noise(seed: u32) -> impl FnMut() -> f32 {
        let mut state = seed.wrapping_mul(747_796_405).max(1);
        move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32 * 2.0 - 1.0
        }
    }

    /// Creates half a second of hostile audio. `kind` selects the waveform, and `pitch` is a fraction of the sample
    /// rate. `every` is the number of frames between steps of the gain and, for the last kind, between pulses.
    fn hostile(kind: u8, pitch: f32, gain_db: f32, every: usize, seed: u32) -> Vec<[f32; 2]> {
        let mut rng = noise(seed);
        let mut level = 10.0_f32.powf(gain_db / 20.0);
        (0..24_000)
            .map(|at| {
                if at % every == every - 1 {
                    level = 10.0_f32.powf((gain_db + if rng() > 0.0 { 0.0 } else { -40.0 }) / 20.0);
                }
                let angle = std::f32::consts::TAU * pitch * at as f32 + std::f32::consts::FRAC_PI_4;
                let sample = match kind {
                    0 => angle.sin(),
                    1 => angle.sin().signum(),
                    2 => rng(),
                    3 => (rng() * 20.0).clamp(-1.0, 1.0),
                    4 => (angle.sin() * 50.0).clamp(-1.0, 1.0) * rng().signum(),
                    _ => f32::from(u8::from(at % every < 2)) * rng().signum(),
                };
                [sample * level, sample * level * rng()]
            })
            .collect()
    }

    #[test]
    fn inter_sample_peaks_stay_below_the_ceiling() {
        for kind in 0..6 {
            for pitch in [0.25, 0.249_7, 0.01, 0.124_9, 0.333, 0.45] {
                let out = limited(&hostile(kind, pitch, 6.0, 5_000, 7));
                let peak_db = true_peak_db(&out);
                assert!(peak_db <= -1.0, "kind {kind} at {pitch} of the rate: {peak_db:.3} dBTP");
            }
        }
    }

    #[test]
    fn a_finer_meter_finds_hardly_higher_peaks() {
        for (kind, pitch) in [(0, 0.25), (0, 0.249_7), (0, 0.124_9), (1, 0.01)] {
            let frames: Vec<[f32; 2]> = hostile(kind, pitch, 6.0, 5_000, 7).iter().map(|frame| [frame[0]; 2]).collect();
            let out = limited(&frames);
            let (peak_db, fine_db) = (true_peak_db(&out), fine_peak_db(&out[..6_000]));
            println!("kind {kind} at {pitch}: {peak_db:.3} dBTP by 4 points a sample, {fine_db:.3} by 16");
            assert!(fine_db < -0.9, "kind {kind} at {pitch}: {fine_db:.3}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_hostile_signal_exceeds_the_ceiling(
            kind in 0_u8..6, pitch in 0.000_5_f32..0.499, gain_db in -20.0_f32..46.0, every in 2_usize..9_000, seed in 1_u32..1_000_000,
        ) {
            let out = limited(&hostile(kind, pitch, gain_db, every, seed));
            let peak_db = true_peak_db(&out);
            prop_assert!(peak_db <= -1.0, "{peak_db:.3} dBTP");
            prop_assert!(out.iter().flatten().all(|sample| sample.is_finite() && sample.abs() <= CEILING));
        }
    }

    #[test]
    fn quiet_audio_is_delayed_by_the_latency_and_otherwise_unchanged() {
        let mut rng = noise(3);
        let frames: Vec<[f32; 2]> = (0..4_800).map(|_| [rng() * 0.4, rng() * 0.4]).collect();
        let out = limited(&frames);
        let late = &out[LATENCY_FRAMES..LATENCY_FRAMES + frames.len()];
        let apart = late.as_flattened().iter().zip(frames.as_flattened()).position(|(a, b)| a.to_bits() != b.to_bits());
        assert_eq!(apart, None);
        // After a peak, the limiter returns to passing audio through bit for bit.
        let mut limiter = Limiter::new(RATE_HZ);
        limiter.run(&mut [[3.0, -3.0]; BLOCK]);
        for _ in 0..6 * 750 {
            limiter.run(&mut [[0.1, 0.1]; BLOCK]);
        }
        let mut block = [[0.1, 0.1]; BLOCK];
        limiter.run(&mut block);
        assert_eq!(block, [[0.1, 0.1]; BLOCK]);
        assert!(limiter.at_rest_frames >= HOLD + SLOPE);
    }

    #[test]
    fn limiting_a_sine_adds_hardly_any_distortion() {
        // The sine's peaks are 10 dB above the ceiling.
        let wave = |at: usize| (std::f32::consts::TAU * 997.0 * at as f32 / RATE_HZ).sin() * 2.818;
        let frames: Vec<[f32; 2]> = (0..96_000).map(|at| [wave(at); 2]).collect();
        let out = limited(&frames);
        let settled = &out[48_000..96_000];
        let (mut along, mut across, mut power) = (0.0, 0.0, 0.0);
        let angle = |at: usize| f64::from(997_u16) * 2.0 * PI * at as f64 / 48_000.0;
        for (at, frame) in settled.iter().enumerate() {
            let sample = f64::from(frame[0]);
            along += sample * angle(at).sin();
            across += sample * angle(at).cos();
            power += sample * sample;
        }
        let sine = (along * along + across * across) / 24_000.0;
        let rest_db = 10.0 * ((power - sine).abs() / power).log10();
        assert!(rest_db < -50.0, "distortion of {rest_db:.1} dB");
    }

    #[test]
    fn nan_and_infinity_stay_finite() {
        let mut frames = vec![[0.2, 0.2]; 640];
        frames[100] = [f32::NAN, f32::INFINITY];
        frames[300] = [f32::NEG_INFINITY, f32::NAN];
        let out = limited(&frames);
        assert!(out.iter().flatten().all(|sample| sample.is_finite() && sample.abs() <= CEILING));
    }
}
