//! Owns the building blocks of synthesis: seeded random numbers, filters, noise and slow modulation. Does not own any
//! sound made with them. Nothing here allocates memory.

pub mod ramp;

use std::f32::consts::{PI, TAU};

/// A seeded random number generator (xorshift64*). Equal seeds give equal numbers, and therefore equal sound.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Creates a generator. The seed is mixed with splitmix64, because neighbouring seeds such as 0, 1 and 2 must give
    /// unrelated streams.
    pub const fn new(seed: u64) -> Self {
        let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self((mixed ^ (mixed >> 31)) | 1)
    }

    fn step(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Returns a uniform random number in [0, 1).
    pub fn unit(&mut self) -> f32 {
        (self.step() >> 40) as f32 / 16_777_216.0
    }

    /// Returns a uniform random number in [−1, 1). One number per frame gives white noise.
    pub fn white(&mut self) -> f32 {
        self.unit() * 2.0 - 1.0
    }

    /// Returns a uniform random number in [`low`, `high`).
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Returns a uniform random index below `count`; 0 if `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f32) as usize).min(count.saturating_sub(1))
    }

    /// Returns the seconds until the next event of a Poisson process with `rate` events per second.
    pub fn wait_s(&mut self, rate: f32) -> f32 {
        -(1.0 - self.unit()).max(1e-7).ln() / rate
    }
}

/// A one-pole low-pass filter.
#[derive(Clone, Copy, Debug, Default)]
pub struct LowPass {
    state: f32,
}

impl LowPass {
    /// Returns the coefficient for a cutoff at `corner_hz`.
    pub fn coefficient(corner_hz: f32, rate_hz: f32) -> f32 {
        1.0 - (-TAU * corner_hz / rate_hz).exp()
    }

    /// Filters one sample.
    pub fn run(&mut self, input: f32, coefficient: f32) -> f32 {
        self.state += coefficient * (input - self.state) + 1e-20;
        self.state
    }
}

/// A second-order state-variable filter (topology-preserving transform) that stays stable while its cutoff moves.
#[derive(Clone, Copy, Debug, Default)]
pub struct StateVariableFilter {
    first: f32,
    second: f32,
}

/// Coefficients of a [`StateVariableFilter`].
#[derive(Clone, Copy, Debug)]
pub struct FilterCoefficients {
    g: f32,
    damping: f32,
    scale: f32,
}

impl FilterCoefficients {
    /// Computes the coefficients. `corner_hz` is clamped to the range from 5 Hz to 0.45 of the sample rate, and
    /// `sharpness` (Q) is raised to at least 0.3. A Q of 0.5 has no resonance.
    pub fn new(corner_hz: f32, sharpness: f32, rate_hz: f32) -> Self {
        let g = (PI * (corner_hz.clamp(5.0, rate_hz * 0.45)) / rate_hz).tan();
        let damping = 1.0 / sharpness.max(0.3);
        Self { g, damping, scale: 1.0 / (1.0 + g * (g + damping)) }
    }
}

impl StateVariableFilter {
    /// Filters one sample. Returns the low-pass, band-pass (0 dB at its centre) and high-pass outputs.
    pub fn run(&mut self, input: f32, tuning: FilterCoefficients) -> (f32, f32, f32) {
        let high = (input - (tuning.g + tuning.damping) * self.first - self.second) * tuning.scale;
        let band = tuning.g * high + self.first;
        let low = tuning.g * band + self.second;
        self.first = tuning.g * high + band + 1e-20;
        self.second = tuning.g * band + low + 1e-20;
        (low, band * tuning.damping, high)
    }
}

/// Pink noise: white noise through three poles whose combined response falls by about 3 dB per octave.
#[derive(Clone, Copy, Debug, Default)]
pub struct PinkNoise {
    poles: [f32; 3],
}

impl PinkNoise {
    /// Filters one sample of white noise.
    pub fn run(&mut self, white: f32) -> f32 {
        self.poles[0] = 0.997_65 * self.poles[0] + white * 0.099_046;
        self.poles[1] = 0.963 * self.poles[1] + white * 0.296_516_4;
        self.poles[2] = 0.57 * self.poles[2] + white * 1.052_691_3;
        (self.poles[0] + self.poles[1] + self.poles[2] + white * 0.184_8) * 0.25
    }
}

/// Brown noise: white noise through a leaky integrator, whose response falls by about 6 dB per octave above 20 Hz.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrownNoise {
    sum: f32,
}

impl BrownNoise {
    /// Filters one sample of white noise.
    pub fn run(&mut self, white: f32) -> f32 {
        self.sum = self.sum * 0.997 + white * 0.05;
        self.sum
    }
}

/// A slow random modulator between 0 and 1: it moves from one random value to the next along half a cosine.
#[derive(Clone, Debug)]
pub struct RandomLfo {
    from: f32,
    to: f32,
    along: f32,
    speed: f32,
    shortest_s: f32,
    longest_s: f32,
}

impl RandomLfo {
    /// Creates a modulator whose segments last between `shortest_s` and `longest_s` seconds each.
    pub fn new(rng: &mut Rng, shortest_s: f32, longest_s: f32) -> Self {
        let speed = 1.0 / rng.between(shortest_s, longest_s);
        Self { from: rng.unit(), to: rng.unit(), along: 0.0, speed, shortest_s, longest_s }
    }

    /// Advances by `seconds` and returns the new value.
    pub fn run(&mut self, rng: &mut Rng, seconds: f32) -> f32 {
        self.along += seconds * self.speed;
        if self.along >= 1.0 {
            self.along -= self.along.floor();
            self.from = self.to;
            self.to = rng.unit();
            self.speed = 1.0 / rng.between(self.shortest_s, self.longest_s);
        }
        self.from + (self.to - self.from) * (0.5 - 0.5 * (PI * self.along).cos())
    }
}

/// A value that approaches its target exponentially.
#[derive(Clone, Copy, Debug, Default)]
pub struct Smoother {
    value: f32,
}

impl Smoother {
    /// Creates a smoother that rests at `value`.
    pub const fn holding(value: f32) -> Self {
        Self { value }
    }

    /// Advances by `seconds` towards `target` with the time constant `time_s`, and returns the new value.
    pub fn run(&mut self, target: f32, seconds: f32, time_s: f32) -> f32 {
        self.value += (target - self.value) * (1.0 - (-seconds / time_s).exp());
        self.value
    }

    /// Returns the current value.
    pub const fn value(self) -> f32 {
        self.value
    }
}

/// Returns equal-power gains for left and right; `position` runs from −1 (left) to 1 (right).
pub fn pan(position: f32) -> [f32; 2] {
    let angle = (position.clamp(-1.0, 1.0) + 1.0) * (PI / 4.0);
    [angle.cos(), angle.sin()]
}

/// Returns 3x² − 2x³, a curve that rises from 0 to 1 and is flat at both ends. x is `along`, clamped to the range from
/// 0 to 1.
pub fn smoothstep(along: f32) -> f32 {
    let x = along.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}
