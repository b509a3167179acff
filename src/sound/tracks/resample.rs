//! Owns changing the sample rate of a track, by FFT in fixed blocks. Runs in the reading thread only. Does not own
//! decoding, nor when a track begins or ends.

use std::f64::consts::TAU;

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler as _};

/// Frames that go into one transform, or the next multiple that the two rates allow: long enough for a filter that
/// passes 21 kHz at 44.1 kHz, short enough that a block costs under a millisecond.
const BLOCK_FRAMES: usize = 1_024;
/// Rates in Hz that are taken for sound.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=768_000;

/// Why a rate cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum ResampleError {
    /// A rate that no recording has.
    #[error("its sample rate of {0} Hz is outside {low} to {high} Hz", low = RATES_HZ.start(), high = RATES_HZ.end())]
    Rate(u32),
    /// The filter could not be made or did not run.
    #[error("its sample rate cannot be changed: {0}")]
    Filter(String),
}

/// Turns stereo frames at one rate into frames at another: nothing is delayed, nothing is lost at either end, and
/// `frames in × to ÷ from` come out, rounded.
pub struct Resampler {
    from_hz: u32,
    to_hz: u32,
    fft: Fft<f32>,
    /// Interleaved frames that wait for a whole block.
    waiting: Vec<f32>,
    block_out: Vec<f32>,
    /// Frames still to be dropped, since the filter answers late.
    late_frames: usize,
    taken_frames: u64,
    given_frames: u64,
}

impl Resampler {
    /// From `from_hz` to `to_hz`, both within [`RATES_HZ`].
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, ResampleError> {
        if let Some(wrong) = [from_hz, to_hz].into_iter().find(|rate| !RATES_HZ.contains(rate)) {
            return Err(ResampleError::Rate(wrong));
        }
        // An even number of the smallest blocks: of an odd one the middle, and so the delay, would lie between frames.
        let smallest = 2 * from_hz as usize / greatest_common_divisor(from_hz as usize, to_hz as usize);
        let block_frames = BLOCK_FRAMES.next_multiple_of(smallest);
        let fft = Fft::new(from_hz as usize, to_hz as usize, block_frames, 2, FixedSync::Both)
            .map_err(|error| ResampleError::Filter(error.to_string()))?;
        let block_out = vec![0.0; fft.output_frames_max() * 2];
        let late_frames = fft.output_delay();
        Ok(Self { from_hz, to_hz, fft, waiting: Vec::new(), block_out, late_frames, taken_frames: 0, given_frames: 0 })
    }

    /// The rate that it takes.
    pub const fn takes_hz(&self) -> u32 {
        self.from_hz
    }

    /// Adds `input` and appends what can be computed to `output`.
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

    /// Appends what the filter still holds; nothing may be added afterwards.
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

    /// Transforms one block of `count` frames from `from` on, the rest of it silence.
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

/// All that is not the sine when a sine of `pitch_hz` at half scale goes from one rate to another: noise and distortion
/// together in dB below it (THD+N). None where the rates cannot be changed into each other.
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
    // One second from the middle, which holds whole periods of every whole pitch.
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
    fn the_length_is_exact_and_nothing_is_delayed() {
        for (from_hz, to_hz) in [(44_100, 48_000), (8_000, 48_000), (37_123, 48_000), (192_000, 44_100)] {
            for length in [0_usize, 1, 7, 1_000, 44_101] {
                // A slow wave, so that a delay of half a frame would be seen.
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
    fn the_pieces_it_is_fed_in_make_no_difference() {
        let input: Vec<[f32; 2]> = (0..9_000).map(|at| [(at as f32 * 0.11).sin(), (at as f32 * 0.07).cos()]).collect();
        assert_eq!(resampled(44_100, 48_000, &input, 13), resampled(44_100, 48_000, &input, 9_000));
    }

    #[test]
    fn a_rate_no_recording_has_is_refused() {
        assert!(Resampler::new(1, 48_000).is_err() && Resampler::new(48_000, 0).is_err());
    }
}
