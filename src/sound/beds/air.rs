//! Owns the synthesis of the wind and brown-noise beds. Does not own their level in the mix.

use super::BreathSwell;
use crate::sound::dsp::ramp::{AudioBlock, BLOCK, block_s};
use crate::sound::dsp::{BrownNoise, FilterCoefficients, PinkNoise, RandomLfo, Rng, Smoother, StateVariableFilter};

/// Wind in gusts, with rustling leaves.
#[derive(Debug)]
pub struct WindBed {
    rate_hz: f32,
    rng: Rng,
    pink: [PinkNoise; 2],
    high_pink: [PinkNoise; 2],
    hollow: [StateVariableFilter; 2],
    sigh: [StateVariableFilter; 2],
    leaves: [StateVariableFilter; 2],
    gust: RandomLfo,
    pitch: RandomLfo,
    sides: [RandomLfo; 2],
    rustle: [RandomLfo; 2],
    level: Smoother,
}

impl WindBed {
    /// Creates a wind bed that sounds different for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        let gust = RandomLfo::new(&mut rng, 2.0, 6.0);
        let pitch = RandomLfo::new(&mut rng, 3.0, 8.0);
        let sides = [RandomLfo::new(&mut rng, 0.5, 3.0), RandomLfo::new(&mut rng, 0.5, 3.0)];
        let rustle = [RandomLfo::new(&mut rng, 0.10, 0.45), RandomLfo::new(&mut rng, 0.10, 0.45)];
        Self {
            rate_hz,
            rng,
            pink: Default::default(),
            high_pink: Default::default(),
            hollow: Default::default(),
            sigh: Default::default(),
            leaves: Default::default(),
            gust,
            pitch,
            sides,
            rustle,
            level: Smoother::default(),
        }
    }

    /// Renders one block, overwriting `out`. `swell` gives the breath, and how closely the gusts follow it.
    pub fn render(&mut self, out: &mut AudioBlock, swell: BreathSwell) {
        let block_s = block_s(self.rate_hz);
        // On its own, the wind is steadier than with the breath, which must be easy to hear in it.
        let own = 0.12 + 0.72 * self.gust.run(&mut self.rng, block_s);
        let wanted = own + (swell.level.end - own) * swell.share.end;
        let before = self.level.value();
        let gust = self.level.run(wanted, block_s, 0.12);
        let pitch = self.pitch.run(&mut self.rng, block_s);
        let hollow = FilterCoefficients::new(150.0 + 130.0 * gust + 60.0 * pitch, 0.8, self.rate_hz);
        let sigh = FilterCoefficients::new(230.0 + 240.0 * gust + 80.0 * pitch, 0.6, self.rate_hz);
        let leaves = FilterCoefficients::new(2_100.0 + 900.0 * gust, 0.6, self.rate_hz);
        // The squalls within a gust would hide the breath.
        let squalls = 0.7 * (1.0 - 0.7 * swell.share.end);
        let mut weights = [[0.0; 2]; 2];
        for (side, weight) in weights.iter_mut().enumerate() {
            weight[0] = 1.0 + squalls * (self.sides[side].run(&mut self.rng, block_s) - 0.5);
            weight[1] = 0.4 + 0.7 * self.rustle[side].run(&mut self.rng, block_s);
        }
        for (step, frame) in out.iter_mut().enumerate() {
            let gust = before + (gust - before) * (step as f32 / BLOCK as f32);
            for (side, sample) in frame.iter_mut().enumerate() {
                let white = self.rng.white();
                // `hollow` and `sigh` have separate noise sources. With a shared source, their outputs would cancel at
                // the frequencies between their bands, where their phases are opposite. `leaves` can share the source
                // of `hollow`, because their bands are far apart.
                let (low, _, _) = self.hollow[side].run(self.pink[side].run(white), hollow);
                let (_, band, _) = self.sigh[side].run(self.high_pink[side].run(self.rng.white()), sigh);
                let (_, rustle, _) = self.leaves[side].run(white, leaves);
                let [near, leaf] = weights[side];
                *sample = low * (0.13 + 0.19 * gust) * near
                    + band * (0.065 + 0.205 * gust) * near
                    + rustle * (0.007 + 0.023 * gust) * leaf;
            }
        }
    }
}

/// Wide, steady brown noise.
#[derive(Debug)]
pub struct BrownBed {
    rng: Rng,
    brown: [BrownNoise; 3],
    level: RandomLfo,
    rate_hz: f32,
}

impl BrownBed {
    /// Creates a brown-noise bed whose samples differ for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        let level = RandomLfo::new(&mut rng, 9.0, 20.0);
        Self { rng, brown: Default::default(), level, rate_hz }
    }

    /// Renders one block, overwriting `out`.
    pub fn render(&mut self, out: &mut AudioBlock) {
        let level = 0.235 + 0.025 * self.level.run(&mut self.rng, block_s(self.rate_hz));
        for frame in out {
            let middle = self.brown[2].run(self.rng.white());
            for (side, sample) in frame.iter_mut().enumerate() {
                let both = 0.8 * self.brown[side].run(self.rng.white()) + 0.6 * middle;
                *sample = both * level;
            }
        }
    }
}
