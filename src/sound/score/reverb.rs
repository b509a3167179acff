//! Owns the score's reverb: a feedback delay network that sounds like a large, dark room and is shared by all
//! instruments. Does not own the instruments.

use crate::sound::dsp::LowPass;
use crate::sound::dsp::ramp::{AudioBlock, BLOCK};

/// Lengths of the eight delay lines in frames at 48 kHz. They have no common factors, so that echoes do not coincide.
const LENGTHS: [usize; 8] = [2_473, 2_767, 3_217, 3_557, 3_907, 4_127, 4_463, 4_999];
/// Lengths of the two all-pass diffusers in front of the delay lines, in frames at 48 kHz.
const DIFFUSERS: [usize; 2] = [241, 613];
/// Feedback gain of each delay line, for a decay time (RT60) of about 8 s.
const FEEDBACK: f32 = 0.937;
/// Cutoff of the low-pass filter in the feedback path, in hertz. High frequencies decay sooner, as in a room with
/// curtains.
const DAMPING_HZ: f32 = 1_900.0;
const DIFFUSION: f32 = 0.55;
const DRY: f32 = 0.72;
const WET: f32 = 0.36;
/// Gain with which the reverb of each channel is added to the other channel. Without it, a steady tone might have
/// opposite phases in the two channels, and cancel on a mono loudspeaker.
const CROSSTALK: f32 = 0.42;

/// A delay line of fixed length.
#[derive(Debug)]
struct DelayLine {
    kept: Vec<f32>,
    at: usize,
}

impl DelayLine {
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

/// Eight delay lines that feed each other.
#[derive(Debug)]
pub struct Reverb {
    diffusers: [[DelayLine; 2]; 2],
    lines: [DelayLine; 8],
    damping: [LowPass; 8],
    corner: f32,
}

impl Reverb {
    /// Creates a silent reverb, and allocates all its memory.
    pub fn new(rate_hz: f32) -> Self {
        let pair = || DIFFUSERS.map(|length| DelayLine::new(length, rate_hz));
        Self {
            diffusers: [pair(), pair()],
            lines: LENGTHS.map(|length| DelayLine::new(length, rate_hz)),
            damping: Default::default(),
            corner: LowPass::coefficient(DAMPING_HZ, rate_hz),
        }
    }

    /// Clears the delay lines.
    pub fn clear(&mut self) {
        for delay in self.lines.iter_mut().chain(self.diffusers.iter_mut().flatten()) {
            delay.kept.fill(0.0);
        }
        self.damping = Default::default();
    }

    /// Adds reverb to one block.
    pub fn run(&mut self, block: &mut AudioBlock) {
        for frame in block.iter_mut() {
            let mut sent = *frame;
            for (sample, diffusers) in sent.iter_mut().zip(&mut self.diffusers) {
                for delay in diffusers {
                    let late = delay.oldest();
                    let fed = *sample + DIFFUSION * late;
                    delay.push(fed);
                    *sample = late - DIFFUSION * fed;
                }
            }
            let mut out = [0.0_f32; 8];
            for ((value, line), damping) in out.iter_mut().zip(&self.lines).zip(&mut self.damping) {
                *value = damping.run(line.oldest(), self.corner);
            }
            // A Householder matrix mixes the lines without gaining or losing energy.
            let shared = out.iter().sum::<f32>() * 0.25;
            for (index, line) in self.lines.iter_mut().enumerate() {
                line.push((out[index] - shared) * FEEDBACK + sent[index % 2] * 0.22);
            }
            let left = (out[0] + out[2] - out[4] + out[6]) * WET;
            let right = (out[1] - out[3] + out[5] + out[7]) * WET;
            frame[0] = frame[0] * DRY + left + CROSSTALK * right;
            frame[1] = frame[1] * DRY + right + CROSSTALK * left;
        }
    }
}
