//! Owns the bed of rain with thunder far off: the rain bed, under which thunder rolls now and then. Does not own the rain
//! (`water`), or the bed's level in the mix.
//!
//! There is no lightning: what is heard has rolled over many kilometres. It swells over seconds and dies away over many
//! more, so that nobody starts.

use super::water::RainBed;
use crate::sound::dsp::ramp::{AudioBlock, BLOCK, block_s};
use crate::sound::dsp::{BrownNoise, LowPass, RandomLfo, Rng, Smoother, pan, smoothstep};

/// One roll of thunder.
#[derive(Clone, Copy, Debug, Default)]
struct Roll {
    age_s: f32,
    swell_s: f32,
    fade_s: f32,
    level: f32,
    /// Where it begins and ends, −1 to 1.
    sides: [f32; 2],
    corner_hz: f32,
}

impl Roll {
    fn new(rng: &mut Rng) -> Self {
        let near = rng.unit();
        Self {
            age_s: 0.0,
            swell_s: rng.between(2.2, 4.0),
            fade_s: rng.between(7.0, 13.0),
            level: 0.45 + 0.55 * near,
            sides: [rng.between(-0.6, 0.6), rng.between(-0.6, 0.6)],
            corner_hz: 85.0 + 85.0 * near,
        }
    }

    /// Returns its level, 0 to 1.
    fn shape(&self) -> f32 {
        let swell = smoothstep(self.age_s / self.swell_s);
        let fade = 1.0 - smoothstep((self.age_s - self.swell_s) / self.fade_s);
        swell * fade * fade * self.level
    }
}

/// Rain, and thunder far off.
#[derive(Debug)]
pub struct RainThunderBed {
    rate_hz: f32,
    rng: Rng,
    rain: RainBed,
    roll: Roll,
    wait_s: f32,
    /// The unevenness of a roll: slow surges, and a quicker tremble on each side.
    surges: [RandomLfo; 3],
    noise: [BrownNoise; 2],
    filters: [[LowPass; 2]; 2],
    gains: [Smoother; 2],
}

impl RainThunderBed {
    /// Creates a bed of rain and thunder that sounds different for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        let rain = RainBed::new(seed.wrapping_add(1), rate_hz);
        let surges = [(0.7, 2.0), (0.12, 0.5), (0.12, 0.5)].map(|(from, to)| RandomLfo::new(&mut rng, from, to));
        let wait_s = rng.between(3.0, 12.0);
        Self {
            rate_hz,
            rng,
            rain,
            roll: Roll { age_s: 60.0, swell_s: 1.0, fade_s: 1.0, corner_hz: 85.0, ..Roll::default() },
            wait_s,
            surges,
            noise: Default::default(),
            filters: Default::default(),
            gains: Default::default(),
        }
    }

    /// Renders one block, overwriting `out`.
    pub fn render(&mut self, out: &mut AudioBlock) {
        self.rain.render(out);
        let block_s = block_s(self.rate_hz);
        self.roll.age_s += block_s;
        self.wait_s -= block_s;
        if self.wait_s <= 0.0 {
            self.roll = Roll::new(&mut self.rng);
            self.wait_s = self.roll.swell_s + self.roll.fade_s + self.rng.between(4.0, 24.0);
        }
        let [whole, left, right] = std::array::from_fn(|index| self.surges[index].run(&mut self.rng, block_s));
        let along = smoothstep(self.roll.age_s / (self.roll.swell_s + self.roll.fade_s));
        let sides = pan(self.roll.sides[0] + (self.roll.sides[1] - self.roll.sides[0]) * along);
        let corner = LowPass::coefficient(self.roll.corner_hz, self.rate_hz);
        let shape = self.roll.shape();
        for (side, tremble) in [left, right].into_iter().enumerate() {
            let before = self.gains[side].value();
            let wanted = shape * sides[side] * (0.55 + 0.9 * whole) * (0.75 + 0.5 * tremble);
            let after = self.gains[side].run(wanted, block_s, 0.12);
            for (step, frame) in out.iter_mut().enumerate() {
                let once = self.filters[side][0].run(self.noise[side].run(self.rng.white()), corner);
                let rumble = self.filters[side][1].run(once, corner);
                let gain = before + (after - before) * (step as f32 / BLOCK as f32);
                frame[side] += rumble * gain * 0.54;
            }
        }
    }
}
