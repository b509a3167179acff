//! Owns the last step: no true peak leaves above −1 dBTP, whatever the mix. Runs in the audio callback: no allocation,
//! no lock, no wait. Does not own levels.
//!
//! Peaks are looked for between the samples too, on a signal of four times the rate (ITU-R BS.1770-4, annex 2). The gain
//! that a peak needs is known [`LATENCY_FRAMES`] before the peak leaves, so it goes down along a slope, not a step, is
//! down when the peak comes, and comes up again slowly. What needs nothing leaves bit for bit as it came.

use std::f64::consts::PI;

use crate::sound::dsp::ramp::{BLOCK, Block, SILENCE};

/// −1 dB: the ceiling for true peaks, and so for samples.
pub const CEILING: f32 = 0.891_25;
/// How late every sample leaves, in frames of the stream: 4 ms at 48 kHz.
pub const LATENCY_FRAMES: usize = DELAY_BLOCKS * BLOCK;

/// What peaks are held to: under the ceiling by what the moving gain and a better meter may add.
const TARGET: f32 = CEILING * 0.977;
const DELAY_BLOCKS: usize = 3;
/// Samples that one point between two samples is reckoned from.
const TAPS: usize = 12;
/// Points looked at for each sample, itself among them.
const PHASES: usize = 4;
/// More than the largest gain of [`Peaks`] from the largest sample to a point between samples.
const MOST_OVERSHOOT: f32 = 2.2;
/// A gain is reached in two moving averages of this many frames one after the other …
const AVERAGE: usize = 90;
/// … which end this long before the peak, so that the gain rests while all that makes the peak passes.
const SLOPE: usize = 2 * AVERAGE - 1;
/// Frames for which a peak holds the gain down: its way through the delay, and the width of the peak on either side.
const HOLD: usize = LATENCY_FRAMES + TAPS;
/// Seconds in which about two thirds of a reduction are given back.
const RELEASE_S: f64 = 0.35;
/// No mix is meant to come near this; it keeps what is broken finite.
const LOUDEST: f32 = 1_000.0;

const _: () = assert!(LATENCY_FRAMES >= SLOPE + TAPS, "a gain is down before the peak that needs it leaves");

/// Keeps true peaks under [`CEILING`]. Both channels share one gain, so that the picture does not tilt.
#[derive(Clone, Debug)]
pub struct Limiter {
    delayed: [Block; DELAY_BLOCKS],
    oldest: usize,
    peaks: Peaks,
    hold: LeastOf,
    /// In f64: the last steps up are smaller than an f32 can tell from none.
    released: f64,
    release: f64,
    first: Average,
    second: Average,
    /// Frames for which no gain has been needed, up to what it takes for everything here to be at rest.
    at_rest_frames: usize,
}

impl Limiter {
    /// For a stream of `rate_hz`.
    pub fn new(rate_hz: f32) -> Self {
        Self {
            delayed: [SILENCE; DELAY_BLOCKS],
            oldest: 0,
            peaks: Peaks::new(),
            hold: LeastOf::new(),
            released: 1.0,
            release: 1.0 - (-1.0 / (RELEASE_S * f64::from(rate_hz))).exp(),
            first: Average::new(),
            second: Average::new(),
            at_rest_frames: HOLD + SLOPE,
        }
    }

    /// Forgets what it holds, for a new stream that should not begin with the end of the last.
    pub fn clear(&mut self) {
        self.delayed = [SILENCE; DELAY_BLOCKS];
        self.peaks = Peaks::new();
    }

    /// Takes one block and puts the one of [`LATENCY_FRAMES`] ago in its place. What is not a number becomes silence.
    pub fn run(&mut self, block: &mut Block) {
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

    /// Finds the gains for the block that leaves, and lets `block` in.
    fn limit(&mut self, block: &Block, largest: f32) {
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
            self.first = Average::new();
            self.second = Average::new();
        }
    }
}

/// The points between the samples.
#[derive(Clone, Debug)]
struct Peaks {
    taps: [[f32; PHASES]; TAPS],
    /// The last samples of the block before, then those of the present block; one row for each channel.
    history: [[f32; TAPS - 1 + BLOCK]; 2],
    /// The largest sample of the block before.
    largest_so_far: f32,
}

impl Peaks {
    /// A sinc under a Hann window of 49 points, four for each sample.
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

    /// Takes a block that is too soft to be looked into.
    fn pass(&mut self, block: &Block, largest: f32) {
        for (channel, row) in self.history.iter_mut().enumerate() {
            row.copy_within(BLOCK.., 0);
            for (sample, frame) in row[TAPS - 1..].iter_mut().zip(block) {
                *sample = frame[channel];
            }
        }
        self.largest_so_far = largest;
    }

    /// The largest point of either channel about each frame, half a filter late.
    fn find(&mut self, block: &Block, largest: f32, points: &mut [f32; BLOCK]) {
        self.pass(block, largest);
        for row in &self.history {
            for (at, point) in points.iter_mut().enumerate() {
                let mut sums = [0.0_f32; PHASES];
                // The newest sample meets the first tap.
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

/// The least of the last [`HOLD`] values.
#[derive(Clone, Debug)]
struct LeastOf {
    /// Values that may still become the least, rising, each with the frame it came in.
    waiting: [(u64, f32); HOLD],
    head: usize,
    count: usize,
    frame: u64,
}

impl LeastOf {
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
struct Average {
    values: [f32; AVERAGE],
    next: usize,
    /// In f64, so that a day of sums is still right in its sixth place.
    sum: f64,
}

impl Average {
    const fn new() -> Self {
        Self { values: [1.0; AVERAGE], next: 0, sum: AVERAGE as f64 }
    }

    fn push(&mut self, value: f32) -> f32 {
        let place = &mut self.values[self.next];
        self.sum += f64::from(value) - f64::from(*place);
        *place = value;
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

    /// A second meter that is not made like the limiter: 16 points for each sample from 64 samples.
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

    /// One hostile second: kind, pitch as a share of the rate, gain in dB, frames between steps of the gain.
    fn hostile(kind: u8, pitch: f32, gain_db: f32, every: usize, seed: u32) -> Vec<[f32; 2]> {
        let mut chance = noise(seed);
        let mut level = 10.0_f32.powf(gain_db / 20.0);
        (0..24_000)
            .map(|at| {
                if at % every == every - 1 {
                    level = 10.0_f32.powf((gain_db + if chance() > 0.0 { 0.0 } else { -40.0 }) / 20.0);
                }
                let angle = std::f32::consts::TAU * pitch * at as f32 + std::f32::consts::FRAC_PI_4;
                let sample = match kind {
                    0 => angle.sin(),
                    1 => angle.sin().signum(),
                    2 => chance(),
                    3 => (chance() * 20.0).clamp(-1.0, 1.0),
                    4 => (angle.sin() * 50.0).clamp(-1.0, 1.0) * chance().signum(),
                    _ => f32::from(u8::from(at % every < 2)) * chance().signum(),
                };
                [sample * level, sample * level * chance()]
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
    fn a_finer_meter_finds_hardly_more() {
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
        fn no_hostile_signal_passes_the_ceiling(
            kind in 0_u8..6, pitch in 0.000_5_f32..0.499, gain_db in -20.0_f32..46.0, every in 2_usize..9_000, seed in 1_u32..1_000_000,
        ) {
            let out = limited(&hostile(kind, pitch, gain_db, every, seed));
            let peak_db = true_peak_db(&out);
            prop_assert!(peak_db <= -1.0, "{peak_db:.3} dBTP");
            prop_assert!(out.iter().flatten().all(|sample| sample.is_finite() && sample.abs() <= CEILING));
        }
    }

    #[test]
    fn what_is_quiet_enough_leaves_bit_for_bit_and_late_by_what_is_said() {
        let mut chance = noise(3);
        let frames: Vec<[f32; 2]> = (0..4_800).map(|_| [chance() * 0.4, chance() * 0.4]).collect();
        let out = limited(&frames);
        let late = &out[LATENCY_FRAMES..LATENCY_FRAMES + frames.len()];
        let apart = late.as_flattened().iter().zip(frames.as_flattened()).position(|(a, b)| a.to_bits() != b.to_bits());
        assert_eq!(apart, None);
        // After a peak it comes back to that.
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
    fn a_sine_is_made_softer_not_bent() {
        // Ten decibels over the ceiling.
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
    fn what_is_no_number_becomes_silence() {
        let mut frames = vec![[0.2, 0.2]; 640];
        frames[100] = [f32::NAN, f32::INFINITY];
        frames[300] = [f32::NEG_INFINITY, f32::NAN];
        let out = limited(&frames);
        assert!(out.iter().flatten().all(|sample| sample.is_finite() && sample.abs() <= CEILING));
    }
}
