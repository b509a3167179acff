//! Owns the bed of a forest at night: insects near and far, leaves that stir, and an owl a long way off. Does not own how
//! a cricket chirps (`crickets`), or the bed's level in the mix.

use std::f32::consts::TAU;

use super::crickets::Cricket;
use crate::sound::dsp::ramp::{AudioBlock, BLOCK, block_s};
use crate::sound::dsp::{
    BrownNoise, FilterCoefficients, PinkNoise, RandomLfo, Rng, Smoother, StateVariableFilter, pan, smoothstep,
};

/// Number of crickets near enough to be heard individually.
const NEAR: usize = 3;
/// The notes of an owl's call: when each begins and how long it lasts, in seconds.
const HOOTS_S: [(f32, f32); 4] = [(0.0, 0.55), (1.5, 0.22), (1.85, 0.22), (2.2, 0.95)];
/// Tones of the far choruses of insects, in Hz.
const CHORUS_HZ: [f32; 2] = [3_000.0, 4_600.0];

/// An owl, whose voice has come through the whole wood.
#[derive(Clone, Copy, Debug)]
struct Owl {
    age_s: f32,
    wait_s: f32,
    pitch_hz: f32,
    phase: f32,
    sides: [f32; 2],
    level: f32,
}

impl Owl {
    /// Returns the next sample, before it is panned.
    fn run(&mut self, frame_s: f32) -> f32 {
        self.age_s += frame_s;
        let hoot = |(from_s, length_s): &(f32, f32)| {
            let along = (self.age_s - from_s) / length_s;
            smoothstep(along * 3.0) * smoothstep((1.0 - along) * 2.0)
        };
        let loud: f32 = HOOTS_S.iter().map(hoot).sum();
        if loud <= 0.0 {
            return 0.0;
        }
        // Each note rises into its tone and sinks at its end.
        self.phase = (self.phase + self.pitch_hz * (0.94 + 0.06 * loud) * frame_s).fract();
        ((TAU * self.phase).sin() + 0.06 * (2.0 * TAU * self.phase).sin()) * loud * loud * self.level
    }
}

/// A forest at night.
#[derive(Debug)]
pub struct NightForestBed {
    rate_hz: f32,
    rng: Rng,
    near: [Cricket; NEAR],
    singing: [(RandomLfo, Smoother); NEAR],
    chorus: [[(PinkNoise, StateVariableFilter); 2]; 2],
    chorus_level: [[RandomLfo; 2]; 2],
    air: [BrownNoise; 2],
    leaves: [(PinkNoise, StateVariableFilter); 2],
    breeze: RandomLfo,
    rustle: [RandomLfo; 2],
    owl: Owl,
}

impl NightForestBed {
    /// Creates a forest that sounds different for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        let near = std::array::from_fn(|index| {
            let position = 0.8 * (index as f32 - 1.0) + rng.between(-0.15, 0.15);
            Cricket::new(&mut rng, position)
        });
        let singing = std::array::from_fn(|_| (RandomLfo::new(&mut rng, 8.0, 20.0), Smoother::default()));
        let chorus_level = std::array::from_fn(|_| std::array::from_fn(|_| RandomLfo::new(&mut rng, 0.12, 0.5)));
        let breeze = RandomLfo::new(&mut rng, 4.0, 12.0);
        let rustle = [RandomLfo::new(&mut rng, 0.2, 0.9), RandomLfo::new(&mut rng, 0.2, 0.9)];
        let owl = Owl {
            age_s: 60.0,
            wait_s: rng.between(6.0, 20.0),
            pitch_hz: 400.0,
            phase: 0.0,
            sides: [0.0; 2],
            level: 0.0,
        };
        Self {
            rate_hz,
            rng,
            near,
            singing,
            chorus: Default::default(),
            chorus_level,
            air: Default::default(),
            leaves: Default::default(),
            breeze,
            rustle,
            owl,
        }
    }

    /// Renders one block, overwriting `out`.
    pub fn render(&mut self, out: &mut AudioBlock) {
        let block_s = block_s(self.rate_hz);
        let frame_s = 1.0 / self.rate_hz;
        self.owl.wait_s -= block_s;
        if self.owl.wait_s <= 0.0 {
            self.owl = Owl {
                age_s: 0.0,
                wait_s: self.rng.between(22.0, 60.0),
                pitch_hz: self.rng.between(360.0, 420.0),
                phase: 0.0,
                sides: pan(self.rng.between(-0.8, 0.8)),
                level: self.rng.between(0.018, 0.030),
            };
        }
        let breeze = self.breeze.run(&mut self.rng, block_s);
        let rustle = [0, 1].map(|side| breeze * (0.3 + 0.7 * self.rustle[side].run(&mut self.rng, block_s)));
        let chorus_level =
            [0, 1].map(|tone| [0, 1].map(|side| 0.6 + 0.4 * self.chorus_level[tone][side].run(&mut self.rng, block_s)));
        let tones = CHORUS_HZ.map(|hz| FilterCoefficients::new(hz, 8.0, self.rate_hz));
        let leaves = FilterCoefficients::new(1_500.0, 0.5, self.rate_hz);
        let spans: [(f32, f32); NEAR] = std::array::from_fn(|index| {
            let (lfo, level) = &mut self.singing[index];
            let wanted = lfo.run(&mut self.rng, block_s);
            (level.value(), level.run(wanted, block_s, 0.9))
        });
        for (step, frame) in out.iter_mut().enumerate() {
            let along = step as f32 / BLOCK as f32;
            let hoot = self.owl.run(frame_s);
            for (side, sample) in frame.iter_mut().enumerate() {
                let (pink, filter) = &mut self.leaves[side];
                let (_, leaf, _) = filter.run(pink.run(self.rng.white()), leaves);
                *sample = self.air[side].run(self.rng.white()) * (0.055 + 0.050 * breeze)
                    + leaf * (0.010 + 0.055 * rustle[side])
                    + hoot * self.owl.sides[side];
                for (tone, tuning) in tones.into_iter().enumerate() {
                    let (pink, filter) = &mut self.chorus[tone][side];
                    let (_, far, _) = filter.run(pink.run(self.rng.white()), tuning);
                    *sample += far * [0.20, 0.15][tone] * chorus_level[tone][side];
                }
            }
            for (cricket, (before, after)) in self.near.iter_mut().zip(&spans) {
                let sample = cricket.run(&mut self.rng, frame_s) * (before + (after - before) * along) * 0.7;
                frame[0] += sample * cricket.sides[0];
                frame[1] += sample * cricket.sides[1];
            }
        }
    }
}
