//! Owns the synthesis of the fire bed: its body, the flutter of the flames, hissing sap, crackle and pops. Does not own
//! the bed's level in the mix.

use super::BreathSwell;
use crate::sound::dsp::ramp::{AudioBlock, BLOCK, block_s};
use crate::sound::dsp::{
    BrownNoise, FilterCoefficients, LowPass, PinkNoise, RandomLfo, Rng, Smoother, StateVariableFilter, pan, smoothstep,
};

/// Number of cracks that can sound at once.
const CRACKS: usize = 12;
/// Centres of the bands that colour the cracks, in Hz.
const CRACK_HZ: [f32; 3] = [520.0, 1_900.0, 5_200.0];
/// Level below which a crack is over.
const OVER: f32 = 1e-4;

/// One crack: a short burst of noise. Its weights in the bands give it its colour.
#[derive(Clone, Copy, Debug, Default)]
struct Crack {
    level: f32,
    decay: f32,
    opened: f32,
    attack: f32,
    weights: [f32; 3],
    sides: [f32; 2],
}

/// A wood fire: a low body, flames that flutter, and crackle with pops among it.
#[derive(Debug)]
pub struct FireBed {
    rate_hz: f32,
    rng: Rng,
    brown: [BrownNoise; 2],
    body: [LowPass; 4],
    pink: [PinkNoise; 2],
    flame: [StateVariableFilter; 2],
    sap: [StateVariableFilter; 2],
    /// Flutter of the flames on each side.
    flutter: [RandomLfo; 2],
    hiss: RandomLfo,
    heat: RandomLfo,
    level: Smoother,
    cracks: [Crack; CRACKS],
    colours: [[StateVariableFilter; 3]; 2],
    next_crack: usize,
    wait_s: f32,
    /// Cracks that are still to come in the present cluster.
    cluster: u8,
    /// Side on which the present cluster sounds, −1 to 1.
    side: f32,
}

impl FireBed {
    /// Creates a fire bed that sounds different for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        let flutter = [RandomLfo::new(&mut rng, 0.05, 0.22), RandomLfo::new(&mut rng, 0.05, 0.22)];
        let hiss = RandomLfo::new(&mut rng, 0.4, 2.5);
        let heat = RandomLfo::new(&mut rng, 4.0, 10.0);
        Self {
            rate_hz,
            rng,
            brown: Default::default(),
            body: Default::default(),
            pink: Default::default(),
            flame: Default::default(),
            sap: Default::default(),
            flutter,
            hiss,
            heat,
            level: Smoother::default(),
            cracks: [Crack::default(); CRACKS],
            colours: Default::default(),
            next_crack: 0,
            wait_s: 1.0,
            cluster: 0,
            side: 0.0,
        }
    }

    /// Renders one block, overwriting `out`. `swell` gives the breath, and how closely the flames follow it.
    pub fn render(&mut self, out: &mut AudioBlock, swell: BreathSwell) {
        let block_s = block_s(self.rate_hz);
        let own = self.heat.run(&mut self.rng, block_s);
        let wanted = own + (swell.level.end - own) * swell.share.end;
        let before = self.level.value();
        let after = self.level.run(wanted, block_s, 0.12);
        let flutter = [self.flutter[0].run(&mut self.rng, block_s), self.flutter[1].run(&mut self.rng, block_s)];
        let hiss = self.hiss.run(&mut self.rng, block_s).powi(4);
        let corner = LowPass::coefficient(130.0 + 80.0 * after, self.rate_hz);
        let flame = FilterCoefficients::new(300.0 + 200.0 * after, 0.5, self.rate_hz);
        let sap = FilterCoefficients::new(5_000.0, 0.5, self.rate_hz);
        let colours = CRACK_HZ.map(|hz| FilterCoefficients::new(hz, 0.5, self.rate_hz));
        let frame_s = 1.0 / self.rate_hz;
        for (step, frame) in out.iter_mut().enumerate() {
            let heat = before + (after - before) * (step as f32 / BLOCK as f32);
            self.wait_s -= frame_s;
            if self.wait_s <= 0.0 {
                self.crackle(heat);
            }
            let mut bursts = [[0.0; 3]; 2];
            for crack in &mut self.cracks {
                if crack.level < OVER {
                    continue;
                }
                crack.opened = (crack.opened + crack.attack).min(1.0);
                let burst = self.rng.white() * crack.level * smoothstep(crack.opened);
                crack.level *= crack.decay;
                for (side, gain) in crack.sides.iter().enumerate() {
                    for (sum, weight) in bursts[side].iter_mut().zip(&crack.weights) {
                        *sum += burst * weight * gain;
                    }
                }
            }
            for (side, sample) in frame.iter_mut().enumerate() {
                let white = self.rng.white();
                let once = self.body[side].run(self.brown[side].run(white), corner);
                let body = self.body[side + 2].run(once, corner);
                let pink = self.pink[side].run(white);
                let (_, flame, _) = self.flame[side].run(pink, flame);
                let (_, sap, _) = self.sap[side].run(white, sap);
                let flutter = 0.55 + 0.9 * flutter[side];
                *sample = body * (0.27 + 0.15 * heat) * (0.6 + 0.4 * flutter) + sap * (0.0037 + 0.009 * hiss)
                    - flame * (0.015 + 0.020 * heat) * flutter;
                for (band, filter) in self.colours[side].iter_mut().enumerate() {
                    *sample += filter.run(bursts[side][band], colours[band]).1;
                }
            }
        }
    }

    /// Starts a crack and sets the time until the next one. Cracks come in clusters with pauses between them, as when a
    /// log gives way.
    fn crackle(&mut self, heat: f32) {
        if self.cluster == 0 {
            self.cluster = 1 + self.rng.below(7) as u8;
            self.side = self.rng.between(-0.6, 0.6);
            self.wait_s = 0.02 + self.rng.wait_s(2.2 + 1.2 * heat);
        } else {
            self.cluster -= 1;
            self.wait_s = 0.006 + self.rng.wait_s(26.0);
        }
        let near = self.rng.unit();
        let is_pop = self.rng.unit() < 0.05;
        let (length_s, level, weights) = if is_pop {
            (self.rng.between(0.010, 0.024), 0.21 + 0.19 * near, [1.0, 0.4, 0.15])
        } else {
            let bright = self.rng.unit();
            let weights = [0.7 - 0.4 * bright, 0.9 - 0.4 * bright, 0.45 + 0.65 * bright];
            (self.rng.between(0.0015, 0.010), 0.016 + 0.31 * near.powi(4), weights)
        };
        self.cracks[self.next_crack] = Crack {
            level,
            decay: (-1.0 / (length_s * self.rate_hz)).exp(),
            opened: 0.0,
            attack: 1.0 / (0.0013 * self.rate_hz),
            weights,
            sides: pan((self.side + self.rng.between(-0.15, 0.15)).clamp(-1.0, 1.0)),
        };
        self.next_crack = (self.next_crack + 1) % CRACKS;
    }
}
