//! Owns the resampling of tracks and clips by FFT, in blocks of a fixed size. Never runs in the audio callback. Does
//! not own decoding, or the timing of tracks.

use std::f64::consts::TAU;

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler as _};

/// Minimum number of frames per transform; the actual number is rounded up to suit both sample rates. It is long enough
/// for a filter that passes 21 kHz at 44.1 kHz, and short enough for a block to take less than a millisecond.
const BLOCK_FRAMES: usize = 1_024;
/// Accepted sample rates in Hz.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=768_000;

/// Why audio cannot be resampled.
#[derive(Debug, thiserror::Error)]
pub enum ResampleError {
    /// One of the two sample rates is outside [`RATES_HZ`].
    #[error("its sample rate of {0} Hz is outside {low} to {high} Hz", low = RATES_HZ.start(), high = RATES_HZ.end())]
    Rate(u32),
    /// The filter failed, or could not be created.
    #[error("its sample rate cannot be changed: {0}")]
    Filter(String),
}

/// Resamples stereo frames, without delay and without losing any at either end. The number of output frames is the
/// number of input frames × `to_hz` ÷ `from_hz`, rounded.
pub struct Resampler {
    from_hz: u32,
    to_hz: u32,
    fft: Fft<f32>,
    /// Interleaved samples waiting for a complete block.
    waiting: Vec<f32>,
    block_out: Vec<f32>,
    /// Output frames still to be dropped because of the filter's delay.
    late_frames: usize,
    taken_frames: u64,
    given_frames: u64,
}

impl Resampler {
    /// Creates a resampler from `from_hz` to `to_hz`. Fails if one of them is outside [`RATES_HZ`].
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, ResampleError> {
        if let Some(wrong) = [from_hz, to_hz].into_iter().find(|rate| !RATES_HZ.contains(rate)) {
            return Err(ResampleError::Rate(wrong));
        }
        // The shortest possible block has a whole number of frames at both rates. The actual block is a multiple of
        // twice that, because otherwise the delay would not be a whole number of frames.
        let smallest = 2 * from_hz as usize / greatest_common_divisor(from_hz as usize, to_hz as usize);
        let block_frames = BLOCK_FRAMES.next_multiple_of(smallest);
        let fft = Fft::new(from_hz as usize, to_hz as usize, block_frames, 2, FixedSync::Both)
            .map_err(|error| ResampleError::Filter(error.to_string()))?;
        let block_out = vec![0.0; fft.output_frames_max() * 2];
        let late_frames = fft.output_delay();
        Ok(Self { from_hz, to_hz, fft, waiting: Vec::new(), block_out, late_frames, taken_frames: 0, given_frames: 0 })
    }

    /// Returns the sample rate of the input.
    pub const fn takes_hz(&self) -> u32 {
        self.from_hz
    }

    /// Adds `input`, and appends to `output` the frames that are ready.
    pub fn run(&mut self, input: &[[f32; 2]], output: &mut Vec<[f32; 2]>) -> Result<(), ResampleError> {
        self.taken_frames += input.len() as u64;
        self.waiting.extend_from_slice(input.as_flattened());
        let block_frames = self.fft.input_frames_next();
        let mut from = 0;
        while self.waiting.len() - from >= block_frames * 2 {
            self.transform(from, block_frames, output)?;
            from += block_frames * 2;
        }
        self.waiting.drain(..from);
        Ok(())
    }

    /// Appends the remaining frames to `output`; no input may follow.
    pub fn finish(&mut self, output: &mut Vec<[f32; 2]>) -> Result<(), ResampleError> {
        let exact = u128::from(self.taken_frames) * u128::from(self.to_hz);
        let total = (exact + u128::from(self.from_hz / 2)) / u128::from(self.from_hz);
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        let start = output.len();
        let given_before = self.given_frames;
        while self.given_frames < total {
            let rest_frames = self.waiting.len() / 2;
            self.transform(0, rest_frames, output)?;
            self.waiting.clear();
        }
        output.truncate(start + total.saturating_sub(given_before) as usize);
        self.given_frames = total;
        Ok(())
    }

    /// Transforms `count` frames, padded with silence to a whole block. `from` is the index of their first sample in
    /// `waiting`.
    fn transform(&mut self, from: usize, count: usize, output: &mut Vec<[f32; 2]>) -> Result<(), ResampleError> {
        let wrong = |error: String| ResampleError::Filter(error);
        let input = InterleavedSlice::new(&self.waiting[from..from + count * 2], 2, count)
            .map_err(|error| wrong(error.to_string()))?;
        let room = self.block_out.len() / 2;
        let mut out =
            InterleavedSlice::new_mut(&mut self.block_out, 2, room).map_err(|error| wrong(error.to_string()))?;
        let partly = (count < self.fft.input_frames_next()).then(|| Indexing::new().partial_len(count));
        let (_, written) = self
            .fft
            .process_into_buffer(&input, &mut out, partly.as_ref())
            .map_err(|error| wrong(error.to_string()))?;
        let drop_frames = self.late_frames.min(written);
        self.late_frames -= drop_frames;
        let (frames, _) = self.block_out[drop_frames * 2..written * 2].as_chunks::<2>();
        output.extend_from_slice(frames);
        self.given_frames += frames.len() as u64;
        Ok(())
    }
}

const fn greatest_common_divisor(mut a: usize, mut b: usize) -> usize {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 { 1 } else { a }
}

/// Returns the noise and distortion (THD+N) in dB when a half-scale sine of `pitch_hz` is resampled; `None` if the
/// rates are not supported.
#[must_use]
pub fn resampling_noise_db(from_hz: u32, to_hz: u32, pitch_hz: f64) -> Option<f64> {
    let wave = |at: usize| (TAU * pitch_hz * at as f64 / f64::from(from_hz)).sin() as f32 * 0.5;
    let input: Vec<[f32; 2]> = (0..from_hz as usize * 2).map(|at| [wave(at); 2]).collect();
    let mut resampler = Resampler::new(from_hz, to_hz).ok()?;
    let mut output = Vec::new();
    for piece in input.chunks(777) {
        resampler.run(piece, &mut output).ok()?;
    }
    resampler.finish(&mut output).ok()?;
    // One second from the middle holds a whole number of periods if the frequency is a whole number.
    let settled = output.get(to_hz as usize / 2..to_hz as usize * 3 / 2)?;
    let angle = |at: usize| TAU * pitch_hz * at as f64 / f64::from(to_hz);
    let (mut along, mut across, mut power) = (0.0, 0.0, 0.0);
    for (at, frame) in settled.iter().enumerate() {
        let sample = f64::from(frame[0]);
        along += sample * angle(at).sin();
        across += sample * angle(at).cos();
        power += sample * sample;
    }
    let scale = 2.0 / settled.len() as f64;
    let (along, across) = (along * scale, across * scale);
    let rest: f64 = settled
        .iter()
        .enumerate()
        .map(|(at, frame)| (f64::from(frame[0]) - along * angle(at).sin() - across * angle(at).cos()).powi(2))
        .sum();
    Some(10.0 * (rest / power).log10())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_and_distortion_stay_below_110_db() {
        for pitch_hz in [1_000.0, 5_000.0, 10_000.0, 15_000.0] {
            for (from_hz, to_hz) in [(44_100, 48_000), (48_000, 44_100), (96_000, 48_000), (192_000, 48_000)] {
                let noise_db = resampling_noise_db(from_hz, to_hz, pitch_hz).unwrap();
                println!("{from_hz} to {to_hz} Hz, {pitch_hz} Hz: THD+N {noise_db:.1} dB");
                assert!(noise_db < -110.0, "{from_hz} to {to_hz} at {pitch_hz}: {noise_db:.1} dB");
            }
        }
    }

    fn resampled(from_hz: u32, to_hz: u32, input: &[[f32; 2]], piece: usize) -> Vec<[f32; 2]> {
        let mut resampler = Resampler::new(from_hz, to_hz).unwrap();
        let mut output = Vec::new();
        for frames in input.chunks(piece) {
            resampler.run(frames, &mut output).unwrap();
        }
        resampler.finish(&mut output).unwrap();
        output
    }

    #[test]
    fn the_output_has_the_exact_length_and_no_delay() {
        for (from_hz, to_hz) in [(44_100, 48_000), (8_000, 48_000), (37_123, 48_000), (192_000, 44_100)] {
            for length in [0_usize, 1, 7, 1_000, 44_101] {
                // A slow wave, in which even half a frame of delay would show.
                let wave = |at: usize, rate: u32| (TAU * 97.0 * at as f64 / f64::from(rate)).cos() as f32;
                let input: Vec<[f32; 2]> = (0..length).map(|at| [wave(at, from_hz), -wave(at, from_hz)]).collect();
                let output = resampled(from_hz, to_hz, &input, 4_096);
                let exact = (length as f64 * f64::from(to_hz) / f64::from(from_hz)).round() as usize;
                assert_eq!(output.len(), exact, "{length} frames from {from_hz} to {to_hz}");
                let middle = output.len() / 4..output.len() * 3 / 4;
                for at in middle.filter(|_| length > 40_000) {
                    let apart = (output[at][0] - wave(at, to_hz)).abs();
                    assert!(apart < 2e-5, "{apart} at {at} of {}, {from_hz} to {to_hz}", output.len());
                    assert!((output[at][1] + output[at][0]).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn the_chunk_size_makes_no_difference() {
        let input: Vec<[f32; 2]> = (0..9_000).map(|at| [(at as f32 * 0.11).sin(), (at as f32 * 0.07).cos()]).collect();
        assert_eq!(resampled(44_100, 48_000, &input, 13), resampled(44_100, 48_000, &input, 9_000));
    }

    #[test]
    fn unsupported_sample_rates_are_refused() {
        assert!(Resampler::new(1, 48_000).is_err() && Resampler::new(48_000, 0).is_err());
    }
}
