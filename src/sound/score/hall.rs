//! Owns the room that the score sounds in: large, dark, and the same for every instrument. Does not own the instruments.

use crate::sound::dsp::LowPass;
use crate::sound::dsp::ramp::{BLOCK, Block};

/// Lengths of the eight delays in frames at 48 kHz, without common factors.
const LENGTHS: [usize; 8] = [2_473, 2_767, 3_217, 3_557, 3_907, 4_127, 4_463, 4_999];
/// Lengths of the two diffusers before them.
const DIFFUSERS: [usize; 2] = [241, 613];
/// How much comes back from each delay: a decay by 60 dB in about 8 s.
const RETURN: f32 = 0.937;
/// High tones die away sooner, as in a room with cloth in it.
const DARK_HZ: f32 = 1_900.0;
const SPREAD: f32 = 0.55;
const DRY: f32 = 0.72;
const WET: f32 = 0.36;
/// How much of each side's answer the other side hears too: of a steady tone the two sides would else have any phase to
/// each other, and a loudspeaker in one place would lose it.
const ACROSS: f32 = 0.42;

/// A delay of fixed length.
#[derive(Debug)]
struct Delay {
    kept: Vec<f32>,
    at: usize,
}

impl Delay {
    fn new(length_at_48_khz: usize, rate_hz: f32) -> Self {
        Self { kept: vec![0.0; ((length_at_48_khz as f32 * rate_hz / 48_000.0) as usize).max(BLOCK)], at: 0 }
    }

    fn oldest(&self) -> f32 {
        self.kept[self.at]
    }

    fn push(&mut self, sample: f32) {
        self.kept[self.at] = sample;
        self.at += 1;
        if self.at == self.kept.len() {
            self.at = 0;
        }
    }
}

/// Eight delays that feed each other.
#[derive(Debug)]
pub struct Hall {
    diffusers: [[Delay; 2]; 2],
    lines: [Delay; 8],
    dark: [LowPass; 8],
    corner: f32,
}

impl Hall {
    /// An empty room. Takes its memory here and never again.
    pub fn new(rate_hz: f32) -> Self {
        let pair = || DIFFUSERS.map(|length| Delay::new(length, rate_hz));
        Self {
            diffusers: [pair(), pair()],
            lines: LENGTHS.map(|length| Delay::new(length, rate_hz)),
            dark: Default::default(),
            corner: LowPass::coefficient(DARK_HZ, rate_hz),
        }
    }

    /// Forgets all that sounded.
    pub fn clear(&mut self) {
        for delay in self.lines.iter_mut().chain(self.diffusers.iter_mut().flatten()) {
            delay.kept.fill(0.0);
        }
        self.dark = Default::default();
    }

    /// Adds the room's answer to one block.
    pub fn run(&mut self, block: &mut Block) {
        for frame in block.iter_mut() {
            let mut sent = *frame;
            for (sample, diffusers) in sent.iter_mut().zip(&mut self.diffusers) {
                for delay in diffusers {
                    let late = delay.oldest();
                    let fed = *sample + SPREAD * late;
                    delay.push(fed);
                    *sample = late - SPREAD * fed;
                }
            }
            let mut out = [0.0_f32; 8];
            for ((value, line), dark) in out.iter_mut().zip(&self.lines).zip(&mut self.dark) {
                *value = dark.run(line.oldest(), self.corner);
            }
            // A Householder reflection mixes all lines without gaining or losing energy.
            let shared = out.iter().sum::<f32>() * 0.25;
            for (index, line) in self.lines.iter_mut().enumerate() {
                line.push((out[index] - shared) * RETURN + sent[index % 2] * 0.22);
            }
            let left = (out[0] + out[2] - out[4] + out[6]) * WET;
            let right = (out[1] - out[3] + out[5] + out[7]) * WET;
            frame[0] = frame[0] * DRY + left + ACROSS * right;
            frame[1] = frame[1] * DRY + right + ACROSS * left;
        }
    }
}
