//! Owns the synthesis of the wind, fire and brown-noise beds. Does not own their level in the mix.

use super::BreathSwell;
use crate::sound::dsp::ramp::{AudioBlock, BLOCK, block_s};
use crate::sound::dsp::{
    BrownNoise, FilterCoefficients, LowPass, PinkNoise, RandomLfo, Rng, Smoother, StateVariableFilter, pan, smoothstep,
};

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
        let gust = RandomLfo::new(&mut rng, 3.5, 9.0);
        let pitch = RandomLfo::new(&mut rng, 3.0, 8.0);
        let sides = [RandomLfo::new(&mut rng, 2.0, 6.0), RandomLfo::new(&mut rng, 2.0, 6.0)];
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
        let own = self.gust.run(&mut self.rng, block_s);
        let wanted = own + (swell.level.end - own) * swell.share.end;
        let before = self.level.value();
        let gust = self.level.run(wanted, block_s, 0.12);
        let pitch = self.pitch.run(&mut self.rng, block_s);
        let hollow = FilterCoefficients::new(150.0 + 130.0 * gust + 60.0 * pitch, 0.8, self.rate_hz);
        let sigh = FilterCoefficients::new(340.0 + 420.0 * gust + 120.0 * pitch, 1.3, self.rate_hz);
        let leaves = FilterCoefficients::new(2_100.0 + 900.0 * gust, 0.6, self.rate_hz);
        let mut weights = [[0.0; 2]; 2];
        for (side, weight) in weights.iter_mut().enumerate() {
            weight[0] = 0.75 + 0.5 * self.sides[side].run(&mut self.rng, block_s);
            weight[1] = 0.25 + 0.75 * self.rustle[side].run(&mut self.rng, block_s);
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
                *sample = low * (0.12 + 0.18 * gust) * near
                    + band * (0.06 + 0.30 * gust * gust) * near
                    + rustle * (0.010 + 0.070 * gust * gust) * leaf;
            }
        }
    }
}

/// One soft crack: a short noise burst through a band-pass filter.
#[derive(Clone, Copy, Debug, Default)]
struct Crack {
    level: f32,
    decay: f32,
    opened: f32,
    attack: f32,
    tone: Option<FilterCoefficients>,
    filter: StateVariableFilter,
    sides: [f32; 2],
}

/// A low fire: roar, flame noise and a sparse, soft crackle.
#[derive(Debug)]
pub struct FireBed {
    rate_hz: f32,
    rng: Rng,
    brown: [BrownNoise; 2],
    roar: [LowPass; 4],
    pink: [PinkNoise; 2],
    flame: [StateVariableFilter; 2],
    flicker: [RandomLfo; 2],
    heat: RandomLfo,
    level: Smoother,
    cracks: [Crack; 6],
    next_crack: usize,
    wait_s: f32,
    cluster: u8,
}

impl FireBed {
    /// Creates a fire bed that sounds different for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        let flicker = [RandomLfo::new(&mut rng, 0.12, 0.5), RandomLfo::new(&mut rng, 0.12, 0.5)];
        let heat = RandomLfo::new(&mut rng, 4.0, 10.0);
        Self {
            rate_hz,
            rng,
            brown: Default::default(),
            roar: Default::default(),
            pink: Default::default(),
            flame: Default::default(),
            flicker,
            heat,
            level: Smoother::default(),
            cracks: [Crack::default(); 6],
            next_crack: 0,
            wait_s: 1.0,
            cluster: 0,
        }
    }

    /// Renders one block, overwriting `out`. `swell` gives the breath, and how closely the flames follow it.
    pub fn render(&mut self, out: &mut AudioBlock, swell: BreathSwell) {
        let block_s = block_s(self.rate_hz);
        let own = self.heat.run(&mut self.rng, block_s);
        let wanted = own + (swell.level.end - own) * swell.share.end;
        let before = self.level.value();
        let after = self.level.run(wanted, block_s, 0.12);
        let flicker = [self.flicker[0].run(&mut self.rng, block_s), self.flicker[1].run(&mut self.rng, block_s)];
        let corner = LowPass::coefficient(110.0 + 90.0 * after, self.rate_hz);
        let flame = FilterCoefficients::new(300.0 + 260.0 * after, 0.6, self.rate_hz);
        let frame_s = 1.0 / self.rate_hz;
        for (step, frame) in out.iter_mut().enumerate() {
            let heat = before + (after - before) * (step as f32 / BLOCK as f32);
            self.wait_s -= frame_s;
            if self.wait_s <= 0.0 {
                self.crackle(heat);
            }
            for (side, sample) in frame.iter_mut().enumerate() {
                let brown = self.brown[side].run(self.rng.white());
                let once = self.roar[side].run(brown, corner);
                let roar = self.roar[side + 2].run(once, corner);
                let pink = self.pink[side].run(self.rng.white());
                let (_, band, _) = self.flame[side].run(pink, flame);
                *sample = roar * (0.20 + 0.25 * heat) * (0.7 + 0.5 * flicker[side])
                    + band * (0.10 + 0.28 * heat) * (0.35 + 0.75 * flicker[1 - side]);
            }
            for crack in &mut self.cracks {
                if crack.level < 1e-5 {
                    continue;
                }
                let Some(tone) = crack.tone else { continue };
                crack.opened = (crack.opened + crack.attack).min(1.0);
                let (_, band, _) = crack.filter.run(self.rng.white(), tone);
                let sample = band * crack.level * smoothstep(crack.opened);
                crack.level *= crack.decay;
                frame[0] += sample * crack.sides[0];
                frame[1] += sample * crack.sides[1];
            }
        }
    }

    /// Starts a crack and sets the time until the next one. Cracks come in small clusters with long pauses between
    /// them, as when a log gives way.
    fn crackle(&mut self, heat: f32) {
        if self.cluster == 0 {
            self.cluster = 1 + self.rng.below(5) as u8;
            self.wait_s = 0.3 + self.rng.wait_s(0.8 + 0.6 * heat);
        } else {
            self.cluster -= 1;
            self.wait_s = 0.015 + self.rng.wait_s(11.0);
        }
        let near = self.rng.unit();
        let length_s = self.rng.between(0.003, 0.014);
        self.cracks[self.next_crack] = Crack {
            level: 0.035 + 0.16 * near * near * near,
            decay: (-1.0 / (length_s * self.rate_hz)).exp(),
            opened: 0.0,
            attack: 1.0 / (0.0015 * self.rate_hz),
            tone: Some(FilterCoefficients::new(self.rng.between(700.0, 2_600.0), 1.2, self.rate_hz)),
            filter: StateVariableFilter::default(),
            sides: pan(self.rng.between(-0.5, 0.5)),
        };
        self.next_crack = (self.next_crack + 1) % self.cracks.len();
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
