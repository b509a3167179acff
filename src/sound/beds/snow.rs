//! Owns the bed of snow's hush: the muffled air of a snowy wood, flakes that settle, and now and then a branch that lets
//! its load slip. Does not own the bed's level in the mix.

use crate::sound::dsp::ramp::{AudioBlock, BLOCK, block_s};
use crate::sound::dsp::{
    FilterCoefficients, LowPass, PinkNoise, RandomLfo, Rng, Smoother, StateVariableFilter, pan, smoothstep,
};

/// Snow that slips off a branch.
#[derive(Clone, Copy, Debug, Default)]
struct Slip {
    age_s: f32,
    length_s: f32,
    level: f32,
    sides: [f32; 2],
}

/// The hush of falling snow.
#[derive(Debug)]
pub struct SnowBed {
    rate_hz: f32,
    rng: Rng,
    pink: [PinkNoise; 2],
    /// Snow swallows high tones, so the air has been through two low-pass filters.
    air: [[LowPass; 2]; 2],
    breeze: [StateVariableFilter; 2],
    flakes: [StateVariableFilter; 2],
    drift: RandomLfo,
    sides: [RandomLfo; 2],
    fall: RandomLfo,
    slip: Slip,
    wait_s: f32,
    slipping: Smoother,
}

impl SnowBed {
    /// Creates a bed of snow that sounds different for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        let drift = RandomLfo::new(&mut rng, 5.0, 12.0);
        let sides = [RandomLfo::new(&mut rng, 3.0, 9.0), RandomLfo::new(&mut rng, 3.0, 9.0)];
        let fall = RandomLfo::new(&mut rng, 4.0, 12.0);
        let wait_s = rng.between(10.0, 30.0);
        Self {
            rate_hz,
            rng,
            pink: Default::default(),
            air: Default::default(),
            breeze: Default::default(),
            flakes: Default::default(),
            drift,
            sides,
            fall,
            slip: Slip { age_s: 60.0, length_s: 1.0, ..Slip::default() },
            wait_s,
            slipping: Smoother::default(),
        }
    }

    /// Renders one block, overwriting `out`.
    pub fn render(&mut self, out: &mut AudioBlock) {
        let block_s = block_s(self.rate_hz);
        self.slip.age_s += block_s;
        self.wait_s -= block_s;
        if self.wait_s <= 0.0 {
            self.wait_s = self.rng.between(20.0, 60.0);
            self.slip = Slip {
                age_s: 0.0,
                length_s: self.rng.between(1.4, 2.6),
                level: self.rng.between(0.4, 1.0),
                sides: pan(self.rng.between(-0.8, 0.8)),
            };
        }
        let along = self.slip.age_s / self.slip.length_s;
        let shape = smoothstep(along / 0.35) * (1.0 - smoothstep((along - 0.2) / 0.8)) * self.slip.level;
        let slip_before = self.slipping.value();
        let slip_after = self.slipping.run(shape, block_s, 0.04);
        let drift = self.drift.run(&mut self.rng, block_s);
        let fall = self.fall.run(&mut self.rng, block_s);
        let near = [0, 1].map(|side| 0.8 + 0.4 * self.sides[side].run(&mut self.rng, block_s));
        let corner = LowPass::coefficient(190.0 + 110.0 * drift, self.rate_hz);
        let breeze = FilterCoefficients::new(520.0 + 180.0 * drift, 0.5, self.rate_hz);
        let flakes = FilterCoefficients::new(6_000.0, 0.5, self.rate_hz);
        // A flake is one sample of noise, which the filter turns into the faintest of ticks.
        let chance = (2_200.0 + 2_600.0 * fall) / self.rate_hz;
        for (step, frame) in out.iter_mut().enumerate() {
            let slip = slip_before + (slip_after - slip_before) * (step as f32 / BLOCK as f32);
            for (side, sample) in frame.iter_mut().enumerate() {
                let pink = self.pink[side].run(self.rng.white());
                let once = self.air[side][0].run(pink, corner);
                let air = self.air[side][1].run(once, corner);
                let (_, breeze, _) = self.breeze[side].run(pink, breeze);
                let draw = self.rng.unit();
                let flake = if draw < chance { 2.0 * draw / chance - 1.0 } else { 0.0 };
                let (_, flake, _) = self.flakes[side].run(flake, flakes);
                *sample = air * (0.20 + 0.08 * drift) * near[side]
                    + breeze * (0.010 + 0.012 * drift + 0.05 * slip * self.slip.sides[side]) * near[side]
                    + flake * 0.022;
            }
        }
    }
}
