//! Owns the synthesis of the sea bed: waves that build, break, run up the sand and hiss away. Does not own the bed's
//! level in the mix.
//!
//! All waves share five bands of noise per channel. What makes a wave is how it passes through the bands: the low bands
//! swell first, the middle ones when it breaks, the high ones as it runs up, and the foam is last to fade.

use super::BreathSwell;
use crate::sound::dsp::ramp::{AudioBlock, BLOCK, block_s};
use crate::sound::dsp::{
    FilterCoefficients, LowPass, PinkNoise, RandomLfo, Rng, Smoother, StateVariableFilter, pan, smoothstep,
};

/// Number of bands of noise per channel.
const BANDS: usize = 5;
/// Number of waves that can sound at once.
const WAVES: usize = 3;
/// Levels of the bands in the sound of a wave at its height, from rumble to foam.
const WAVE_GAINS: [f32; BANDS] = [0.07, 0.22, 0.27, 0.24, 0.17];
/// Levels of the bands in the surf far out, which never ceases.
const FAR_GAINS: [f32; BANDS] = [0.014, 0.031, 0.035, 0.032, 0.019];

/// Level from which a wave builds up, as a fraction of its height.
const BUILD_FROM: f32 = 0.11;

/// One wave. Every wave has its own height, timing, side and brightness.
#[derive(Clone, Copy, Debug, Default)]
struct Wave {
    age_s: f32,
    /// Seconds in which it builds up, until it breaks.
    build_s: f32,
    /// Seconds in which it runs up the sand.
    run_s: f32,
    /// Seconds in which it draws back.
    back_s: f32,
    /// Seconds from its start to the start of the next wave.
    next_s: f32,
    height: f32,
    brightness: f32,
    /// Seconds in which it breaks: from its built-up height to the height of the crash.
    break_s: f32,
    /// How much louder it is as it breaks; 0 for a wave that only runs up.
    crash: f32,
    /// Side on which it breaks, and on which its foam fades; −1 to 1.
    sides: [f32; 2],
}

impl Wave {
    fn new(rng: &mut Rng) -> Self {
        let build_s = rng.between(5.6, 7.4);
        let run_s = rng.between(1.2, 2.4);
        let height = rng.between(0.6, 1.0);
        Self {
            age_s: 0.0,
            build_s,
            run_s,
            back_s: rng.between(2.5, 5.0),
            next_s: build_s + run_s + rng.between(0.2, 2.2),
            height,
            break_s: rng.between(0.45, 0.9),
            crash: rng.between(0.0, 0.35),
            brightness: rng.between(0.7, 1.15) * (0.75 + 0.25 * height),
            sides: [rng.between(-0.6, 0.6), rng.between(-0.8, 0.8)],
        }
    }

    /// Returns how strongly the wave sounds in each band, 0 to about 1.
    fn shape(&self) -> [f32; BANDS] {
        let Self { build_s, run_s, back_s, .. } = *self;
        let over_s = build_s + run_s;
        // For each band: when it begins, when it is at its height, and when it has faded.
        let times_s = [
            (0.0, 0.85 * build_s, over_s + 0.3 * back_s),
            (0.1 * build_s, build_s, over_s + 0.55 * back_s),
            (0.2 * build_s, build_s + 0.15 * run_s, over_s + 0.7 * back_s),
            (0.3 * build_s, build_s + 0.35 * run_s, over_s + 0.85 * back_s),
            (0.4 * build_s, build_s + 0.6 * run_s, over_s + back_s),
        ];
        let mut shape = [0.0; BANDS];
        for (band, (level, (from_s, peak_s, end_s))) in shape.iter_mut().zip(times_s).enumerate() {
            *level = if self.age_s < peak_s {
                // Rises by the same number of decibels in every second, so that no wave is sudden.
                let along = ((self.age_s - from_s) / (peak_s - from_s)).max(0.0);
                BUILD_FROM.powf(1.0 - along) * smoothstep(4.0 * along)
            } else {
                (1.0 - smoothstep((self.age_s - peak_s) / (end_s - peak_s))).powf(1.6)
            };
            // The crash travels up through the bands.
            let since_s = self.age_s - build_s - 0.12 * band as f32;
            let crash = if since_s < self.break_s {
                smoothstep(since_s / self.break_s)
            } else {
                1.0 - smoothstep((since_s - self.break_s) / (1.2 * run_s))
            };
            *level *= 1.0 + self.crash * crash;
            *level *= self.height * if band >= 3 { self.brightness } else { 1.0 };
        }
        shape
    }

    fn is_over(&self) -> bool {
        self.age_s >= self.build_s + self.run_s + self.back_s
    }

    /// Returns the side on which it is heard at present: it wanders from where it broke to where its foam fades.
    fn side(&self) -> f32 {
        let along = smoothstep(self.age_s / (self.build_s + self.run_s + self.back_s));
        self.sides[0] + (self.sides[1] - self.sides[0]) * along
    }
}

/// The noise of one channel, split into bands.
#[derive(Clone, Copy, Debug, Default)]
struct Noise {
    pink: PinkNoise,
    rumble: [LowPass; 2],
    bands: [StateVariableFilter; 3],
    foam: StateVariableFilter,
}

/// Waves that build, break, run up and hiss away, over the surf far out.
#[derive(Debug)]
pub struct SeaBed {
    rate_hz: f32,
    rng: Rng,
    waves: [Wave; WAVES],
    /// Index of the latest wave.
    latest: usize,
    noise: [Noise; 2],
    far: [RandomLfo; BANDS],
    /// Surges within the waves, first those of the whole wave and then the quicker ones on each side.
    surges: [RandomLfo; 3],
    gains: [[Smoother; BANDS]; 2],
    turn: Smoother,
    last_swell: f32,
}

impl SeaBed {
    /// Creates a sea bed that sounds different for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        let mut waves = [(); WAVES].map(|()| Wave::new(&mut rng));
        // The first wave is already on its way, and the other two have long faded.
        waves[0].age_s = rng.between(0.0, waves[0].build_s);
        waves[1].age_s = 60.0;
        waves[2].age_s = 60.0;
        let far = std::array::from_fn(|_| RandomLfo::new(&mut rng, 3.0, 9.0));
        let surges = [(0.7, 2.2), (0.12, 0.45), (0.12, 0.45)].map(|(from, to)| RandomLfo::new(&mut rng, from, to));
        Self {
            rate_hz,
            rng,
            waves,
            latest: 0,
            noise: Default::default(),
            far,
            surges,
            gains: Default::default(),
            turn: Smoother::default(),
            last_swell: 0.0,
        }
    }

    /// Renders one block, overwriting `out`. `swell` gives the breath, and how closely the nearest wave follows it.
    pub fn render(&mut self, out: &mut AudioBlock, swell: BreathSwell) {
        let block_s = block_s(self.rate_hz);
        let wanted = self.levels(block_s, swell);
        let before = self.gains.map(|side| side.map(Smoother::value));
        let mut slopes = [[0.0; BANDS]; 2];
        for side in 0..2 {
            for band in 0..BANDS {
                let after = self.gains[side][band].run(wanted[side][band], block_s, 0.06);
                slopes[side][band] = (after - before[side][band]) / BLOCK as f32;
            }
        }
        let rumble = LowPass::coefficient(120.0, self.rate_hz);
        let tunings = [220.0, 700.0, 2_000.0].map(|hz| FilterCoefficients::new(hz, 0.6, self.rate_hz));
        let foam = FilterCoefficients::new(4_200.0, 0.5, self.rate_hz);
        for (step, frame) in out.iter_mut().enumerate() {
            for (side, sample) in frame.iter_mut().enumerate() {
                let noise = &mut self.noise[side];
                let white = self.rng.white();
                let pink = noise.pink.run(white);
                let once = noise.rumble[0].run(pink, rumble);
                let low = noise.rumble[1].run(once, rumble);
                let (_, _, hiss) = noise.foam.run(white, foam);
                let [near_low, middle, near_high] =
                    std::array::from_fn(|band| noise.bands[band].run(pink, tunings[band]).1);
                // The foam is inverted, because where it meets the band below, their phases are opposite.
                let parts = [low * 1.6, near_low, middle, near_high, hiss * -0.4];
                *sample = 0.0;
                for (band, part) in parts.iter().enumerate() {
                    *sample += part * (before[side][band] + slopes[side][band] * step as f32);
                }
            }
        }
    }

    /// Moves the waves on by one block, and returns the level that each band should have on each side.
    fn levels(&mut self, block_s: f32, swell: BreathSwell) -> [[f32; BANDS]; 2] {
        let share = swell.share.end;
        let rising = swell.level.end > self.last_swell;
        self.last_swell = swell.level.end;
        let turn = self.turn.run(if rising { 0.0 } else { 1.0 }, block_s, 0.5);
        if self.waves[self.latest].age_s >= self.waves[self.latest].next_s {
            self.latest = (self.latest + 1) % WAVES;
            self.waves[self.latest] = Wave::new(&mut self.rng);
        }
        let [whole, left, right] = std::array::from_fn(|index| self.surges[index].run(&mut self.rng, block_s));
        let surges = [left, right].map(|side| [whole - 0.5, side - 0.5]);
        let mut wanted = [[0.0; BANDS]; 2];
        for band in 0..BANDS {
            let far = FAR_GAINS[band] * (0.7 + 0.6 * self.far[band].run(&mut self.rng, block_s));
            for side in &mut wanted {
                side[band] += far;
            }
        }
        // With the breath, one wave follows it, running up with the in-breath and drawing back with the out-breath. The
        // others become softer, so that its motion stands out.
        let own = 1.0 - 0.75 * share;
        for wave in &mut self.waves {
            wave.age_s += block_s;
            if wave.is_over() {
                continue;
            }
            let heights = wave.shape();
            // Once it has broken, a wave surges more.
            let broken = smoothstep((wave.age_s - wave.build_s) / wave.run_s);
            let depths = [0.4 + 0.8 * broken, 0.4 + 0.4 * broken];
            for (side, gain) in pan(wave.side()).into_iter().enumerate() {
                let [whole, quick] = surges[side];
                let surging = gain * own * (1.0 + depths[0] * whole) * (1.0 + depths[1] * quick);
                for band in 0..BANDS {
                    wanted[side][band] += heights[band] * WAVE_GAINS[band] * surging;
                }
            }
        }
        let full = swell.level.end;
        for band in 0..BANDS {
            let height = band as f32 / (BANDS - 1) as f32;
            let up = full.powf(1.0 + 0.8 * height);
            let back = full.powf(1.8 - 0.9 * height);
            let led = (0.15 + 0.85 * (up + (back - up) * turn)) * share * WAVE_GAINS[band];
            for side in &mut wanted {
                side[band] += led * std::f32::consts::FRAC_1_SQRT_2;
            }
        }
        wanted
    }
}
