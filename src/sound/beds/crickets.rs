//! Owns the bed of crickets in a field on a warm night: a few near crickets that are heard individually, a distant
//! chorus, and the sound of the air. Does not own the bed's level in the mix.
//!
//! The bed is modelled on the snowy tree cricket (*Oecanthus fultoni*), whose chirps consist of several short pulses of
//! an almost pure tone at 2 to 3 kHz and are repeated about twice a second. This tone is softer to the ear than the 4
//! to 5 kHz of field crickets.

use std::f32::consts::TAU;

use crate::sound::dsp::ramp::{AudioBlock, BLOCK, block_s};
use crate::sound::dsp::{
    BrownNoise, FilterCoefficients, PinkNoise, RandomLfo, Rng, Smoother, StateVariableFilter, pan, smoothstep,
};

/// Number of crickets near enough to be heard individually.
const NEAR: usize = 7;
/// Seconds from one pulse of a chirp to the next.
const PULSE_EVERY_S: f32 = 0.032;
/// Fraction of [`PULSE_EVERY_S`] for which a pulse sounds.
const PULSE_SHARE: f32 = 0.72;

/// One of the near crickets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cricket {
    pitch_hz: f32,
    /// Position within one cycle of the tone, 0 to 1.
    phase: f32,
    /// Seconds since the latest chirp began. After a chirp's last pulse, the cricket is silent until the next chirp.
    age_s: f32,
    pulses: u8,
    /// Seconds from the start of one chirp to the start of the next.
    chirp_every_s: f32,
    /// Gains for left and right, by its distance and position.
    pub(super) sides: [f32; 2],
}

impl Cricket {
    /// Creates a cricket at a position from −1 (left) to 1 (right).
    pub(super) fn new(rng: &mut Rng, position: f32) -> Self {
        let distance = rng.between(0.4, 1.0);
        Self {
            pitch_hz: rng.between(2_900.0, 3_700.0),
            phase: rng.unit(),
            age_s: rng.between(0.0, 0.6),
            pulses: 5 + rng.below(4) as u8,
            chirp_every_s: rng.between(0.52, 0.72),
            sides: pan(position).map(|side| side * 0.108 * distance),
        }
    }

    /// Returns the next sample, before distance and panning are applied.
    pub(super) fn run(&mut self, rng: &mut Rng, frame_s: f32) -> f32 {
        self.age_s += frame_s;
        if self.age_s >= self.chirp_every_s {
            self.age_s -= self.chirp_every_s;
            self.chirp_every_s = (self.chirp_every_s + rng.between(-0.012, 0.012)).clamp(0.5, 0.75);
        }
        self.phase = (self.phase + self.pitch_hz * frame_s).fract();
        let pulse = self.age_s / PULSE_EVERY_S;
        if pulse >= f32::from(self.pulses) {
            return 0.0;
        }
        let along = pulse.fract() / PULSE_SHARE;
        if along >= 1.0 {
            return 0.0;
        }
        let envelope = smoothstep(1.0 - (2.0 * along - 1.0).abs());
        // A chirp swells from pulse to pulse.
        let swell = ((pulse.floor() + 1.0) / f32::from(self.pulses)).sqrt();
        let turn = TAU * self.phase;
        (turn.sin() + 0.07 * (2.0 * turn).sin()) * envelope * swell
    }
}

/// Crickets on a warm night.
#[derive(Debug)]
pub struct CricketsBed {
    rate_hz: f32,
    rng: Rng,
    near: [Cricket; NEAR],
    /// Level of each near cricket. It changes slowly, so that crickets seem to come and go.
    singing: [(RandomLfo, Smoother); NEAR],
    far: [(PinkNoise, StateVariableFilter); 2],
    far_level: RandomLfo,
    air: [BrownNoise; 2],
    air_level: RandomLfo,
}

impl CricketsBed {
    /// Creates a bed of crickets that sounds different for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        // The crickets are spread evenly from left to right, with some randomness.
        let near = std::array::from_fn(|index| {
            let position = (index as f32 / (NEAR - 1) as f32).mul_add(1.6, -0.8) + rng.between(-0.15, 0.15);
            Cricket::new(&mut rng, position)
        });
        let singing = std::array::from_fn(|_| (RandomLfo::new(&mut rng, 6.0, 18.0), Smoother::default()));
        let far_level = RandomLfo::new(&mut rng, 0.15, 0.6);
        let air_level = RandomLfo::new(&mut rng, 9.0, 20.0);
        Self { rate_hz, rng, near, singing, far: Default::default(), far_level, air: Default::default(), air_level }
    }

    /// Renders one block, overwriting `out`.
    pub fn render(&mut self, out: &mut AudioBlock) {
        let block_s = block_s(self.rate_hz);
        let frame_s = 1.0 / self.rate_hz;
        let far_level = 0.165 + 0.035 * self.far_level.run(&mut self.rng, block_s);
        let air_level = 0.012 + 0.008 * self.air_level.run(&mut self.rng, block_s);
        let far_tone = FilterCoefficients::new(4_100.0, 13.0, self.rate_hz);
        let spans: [(f32, f32); NEAR] = std::array::from_fn(|index| {
            let (lfo, level) = &mut self.singing[index];
            let wanted = lfo.run(&mut self.rng, block_s);
            (level.value(), level.run(wanted, block_s, 0.9))
        });
        for (step, frame) in out.iter_mut().enumerate() {
            let along = step as f32 / BLOCK as f32;
            for (side, sample) in frame.iter_mut().enumerate() {
                let (pink, filter) = &mut self.far[side];
                let (_, far, _) = filter.run(pink.run(self.rng.white()), far_tone);
                *sample = self.air[side].run(self.rng.white()) * air_level + far * far_level;
            }
            for (cricket, (before, after)) in self.near.iter_mut().zip(&spans) {
                let sample = cricket.run(&mut self.rng, frame_s) * (before + (after - before) * along);
                frame[0] += sample * cricket.sides[0];
                frame[1] += sample * cricket.sides[1];
            }
        }
    }
}
