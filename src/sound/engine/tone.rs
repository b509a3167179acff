//! Owns the tone control, from warmer to clearer, for people who hear high tones badly or find them sharp. Runs in the
//! audio callback, so it never allocates, locks or waits. Does not own the choice of the tone.
//!
//! A tone tilts the spectrum around 1.5 kHz with a first-order filter, by 3 dB per step. It only ever lowers a part of the
//! spectrum, so that no sound, whatever its spectrum, exceeds the room's cap.

use crate::sound::dsp::LowPass;
use crate::sound::dsp::ramp::{AudioBlock, Ramp, Span};
use crate::vocabulary::sound::{TONE_MAX, TONE_MIN};

/// Frequency around which the spectrum tilts, in hertz: the middle of the range that carries speech and melody.
const CENTRE_HZ: f32 = 1_500.0;
/// Gains of low and high frequencies for each tone, from [`TONE_MIN`] to [`TONE_MAX`], in dB.
const GAINS_DB: [[f32; 2]; 5] = [[0.0, -6.0], [0.0, -3.0], [0.0, 0.0], [-3.0, 0.0], [-6.0, 0.0]];

const _: () = assert!(GAINS_DB.len() == (TONE_MAX - TONE_MIN + 1) as usize, "each tone has its gains");

/// The tone control.
#[derive(Clone, Debug)]
pub struct ToneControl {
    low_gain: Ramp,
    high_gain: Ramp,
    low: [LowPass; 2],
    coefficient: f32,
}

impl ToneControl {
    /// Creates a tone control that changes nothing, for a stream of `rate_hz`.
    pub fn new(rate_hz: f32) -> Self {
        Self {
            low_gain: Ramp::holding(1.0),
            high_gain: Ramp::holding(1.0),
            low: Default::default(),
            coefficient: LowPass::coefficient(CENTRE_HZ, rate_hz),
        }
    }

    /// Moves to `tone` within `fade_frames`. A tone beyond the range counts as the nearest one.
    pub fn set(&mut self, tone: i8, fade_frames: u32) {
        let index = tone.clamp(TONE_MIN, TONE_MAX).abs_diff(TONE_MIN);
        let [low, high] = GAINS_DB[usize::from(index)].map(|gain_db| 10.0_f32.powf(gain_db / 20.0));
        self.low_gain.set_target(low, fade_frames);
        self.high_gain.set_target(high, fade_frames);
    }

    /// Applies the tone to one block. At a tone of 0, the block does not change by a bit.
    pub fn run(&mut self, block: &mut AudioBlock) {
        let (low_gain, high_gain) = (self.low_gain.advance(), self.high_gain.advance());
        if low_gain == Span::constant(1.0) && high_gain == Span::constant(1.0) {
            self.low = Default::default();
            return;
        }
        for (index, frame) in block.iter_mut().enumerate() {
            let (low_gain, high_gain) = (low_gain.at(index), high_gain.at(index));
            for (sample, filter) in frame.iter_mut().zip(&mut self.low) {
                let low = filter.run(*sample, self.coefficient);
                *sample = high_gain * (*sample - low) + low_gain * low;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ebur128::{EbuR128, Mode};

    use super::super::super::dsp::{PinkNoise, Rng};
    use super::*;
    use crate::sound::dsp::ramp::{BLOCK, SILENCE};
    use crate::sound::score::measure::third_octaves_db;

    const RATE_HZ: u32 = 48_000;

    fn pink_noise(seconds: usize) -> Vec<[f32; 2]> {
        let (mut rng, mut pink) = (Rng::new(7), [PinkNoise::default(); 2]);
        let blocks = seconds * RATE_HZ as usize / BLOCK;
        (0..blocks * BLOCK).map(|_| pink.each_mut().map(|pink| 0.2 * pink.run(rng.white()))).collect()
    }

    fn toned(frames: &[[f32; 2]], tone: i8) -> Vec<[f32; 2]> {
        let mut control = ToneControl::new(RATE_HZ as f32);
        control.set(tone, 1);
        control.run(&mut { SILENCE });
        let mut out = frames.to_vec();
        for block in out.as_chunks_mut::<BLOCK>().0 {
            control.run(block);
        }
        out
    }

    fn loudness_lufs(frames: &[[f32; 2]]) -> f64 {
        let mut meter = EbuR128::new(2, RATE_HZ, Mode::I).unwrap();
        meter.add_frames_f32(frames.as_flattened()).unwrap();
        meter.loudness_global().unwrap()
    }

    #[test]
    fn a_tone_of_zero_changes_nothing_and_no_tone_makes_pink_noise_much_softer() {
        let frames = pink_noise(20);
        assert!(toned(&frames, 0) == frames);
        let plain_lufs = loudness_lufs(&frames);
        for tone in TONE_MIN..=TONE_MAX {
            let louder_lu = loudness_lufs(&toned(&frames, tone)) - plain_lufs;
            println!("tone {tone}: {louder_lu:.2} LU");
            assert!((-5.0..=0.0).contains(&louder_lu), "tone {tone}: {louder_lu:.2} LU");
        }
    }

    #[test]
    fn each_step_is_clearer_than_the_one_before_and_no_frequency_becomes_louder() {
        let frames = pink_noise(20);
        let left = |frames: &[[f32; 2]]| frames.iter().map(|frame| frame[0]).collect::<Vec<f32>>();
        let plain = third_octaves_db(&left(&frames), RATE_HZ as f32);
        let tilts: Vec<f32> = (TONE_MIN..=TONE_MAX)
            .map(|tone| {
                let bands = third_octaves_db(&left(&toned(&frames, tone)), RATE_HZ as f32);
                let gains: Vec<f32> =
                    bands.iter().zip(&plain).map(|((_, after), (_, before))| after - before).collect();
                assert!(gains.iter().all(|gain_db| *gain_db < 0.05), "tone {tone} is louder: {gains:?}");
                gains[gains.len() - 1] - gains[0]
            })
            .collect();
        println!("from the lowest to the highest third of an octave: {tilts:.1?} dB");
        assert!(tilts.windows(2).all(|pair| (2.0..4.0).contains(&(pair[1] - pair[0]))), "{tilts:?}");
    }
}
