//! Owns the small parts that sound is made of: seeded noise, filters, slow wandering.
//! Does not own any sound made with them. Nothing here allocates.

pub mod ramp;

use std::f32::consts::{PI, TAU};

/// A seeded stream of numbers (xorshift64*). The same seed gives the same sound.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Streams of different seeds are unrelated, also for seeds 0, 1, 2.
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

    /// Evenly spread, 0 up to 1.
    pub fn unit(&mut self) -> f32 {
        (self.step() >> 40) as f32 / 16_777_216.0
    }

    /// Evenly spread, −1 to 1: white noise when drawn once a frame.
    pub fn white(&mut self) -> f32 {
        self.unit() * 2.0 - 1.0
    }

    /// Evenly spread between two bounds.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// One of `count`; 0 if there are none.
    pub fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f32) as usize).min(count.saturating_sub(1))
    }

    /// Time to the next of events that come `rate` times a second at random, in seconds.
    pub fn wait_s(&mut self, rate: f32) -> f32 {
        -(1.0 - self.unit()).max(1e-7).ln() / rate
    }
}

/// A one-pole low pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct LowPass {
    state: f32,
}

impl LowPass {
    /// The coefficient for a corner at `corner_hz`.
    pub fn coefficient(corner_hz: f32, rate_hz: f32) -> f32 {
        1.0 - (-TAU * corner_hz / rate_hz).exp()
    }

    /// One frame.
    pub fn run(&mut self, input: f32, coefficient: f32) -> f32 {
        self.state += coefficient * (input - self.state) + 1e-20;
        self.state
    }
}

/// A second-order state-variable filter that may be moved while it sounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Variable {
    first: f32,
    second: f32,
}

/// Where a [`Variable`] filter stands.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    g: f32,
    damping: f32,
    scale: f32,
}

impl Tuning {
    /// `corner_hz` is kept below the Nyquist rate; `sharpness` (Q) is 0.5 for none.
    pub fn new(corner_hz: f32, sharpness: f32, rate_hz: f32) -> Self {
        let g = (PI * (corner_hz.clamp(5.0, rate_hz * 0.45)) / rate_hz).tan();
        let damping = 1.0 / sharpness.max(0.3);
        Self { g, damping, scale: 1.0 / (1.0 + g * (g + damping)) }
    }
}

impl Variable {
    /// One frame: low, band (0 dB at its middle) and high.
    pub fn run(&mut self, input: f32, tuning: Tuning) -> (f32, f32, f32) {
        let high = (input - (tuning.g + tuning.damping) * self.first - self.second) * tuning.scale;
        let band = tuning.g * high + self.first;
        let low = tuning.g * band + self.second;
        self.first = tuning.g * high + band + 1e-20;
        self.second = tuning.g * band + low + 1e-20;
        (low, band * tuning.damping, high)
    }
}

/// Pink noise: white noise through three poles that together fall by about 3 dB an octave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pink {
    poles: [f32; 3],
}

impl Pink {
    /// One frame from one of white.
    pub fn run(&mut self, white: f32) -> f32 {
        self.poles[0] = 0.997_65 * self.poles[0] + white * 0.099_046;
        self.poles[1] = 0.963 * self.poles[1] + white * 0.296_516_4;
        self.poles[2] = 0.57 * self.poles[2] + white * 1.052_691_3;
        (self.poles[0] + self.poles[1] + self.poles[2] + white * 0.184_8) * 0.25
    }
}

/// Brown noise: white noise summed up with a slow leak, about −6 dB an octave above 20 Hz.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brown {
    sum: f32,
}

impl Brown {
    /// One frame from one of white.
    pub fn run(&mut self, white: f32) -> f32 {
        self.sum = self.sum * 0.997 + white * 0.05;
        self.sum
    }
}

/// A value that wanders between 0 and 1, from one random place to the next along half a cosine.
#[derive(Clone, Debug)]
pub struct Drift {
    from: f32,
    to: f32,
    along: f32,
    speed: f32,
    shortest_s: f32,
    longest_s: f32,
}

impl Drift {
    /// Each stretch takes between `shortest_s` and `longest_s` seconds.
    pub fn new(chance: &mut Chance, shortest_s: f32, longest_s: f32) -> Self {
        let speed = 1.0 / chance.between(shortest_s, longest_s);
        Self { from: chance.unit(), to: chance.unit(), along: 0.0, speed, shortest_s, longest_s }
    }

    /// Goes on by `seconds` and gives the value.
    pub fn run(&mut self, chance: &mut Chance, seconds: f32) -> f32 {
        self.along += seconds * self.speed;
        if self.along >= 1.0 {
            self.along -= self.along.floor();
            self.from = self.to;
            self.to = chance.unit();
            self.speed = 1.0 / chance.between(self.shortest_s, self.longest_s);
        }
        self.from + (self.to - self.from) * (0.5 - 0.5 * (PI * self.along).cos())
    }
}

/// A value that follows another with a time constant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Follow {
    value: f32,
}

impl Follow {
    /// Already there.
    pub const fn resting(value: f32) -> Self {
        Self { value }
    }

    /// Goes on by `seconds` towards `target`; `time_s` is the time constant.
    pub fn run(&mut self, target: f32, seconds: f32, time_s: f32) -> f32 {
        self.value += (target - self.value) * (1.0 - (-seconds / time_s).exp());
        self.value
    }

    /// Where it is.
    pub const fn value(self) -> f32 {
        self.value
    }
}

/// Gains for left and right at equal power; `place` is −1 for left to 1 for right.
pub fn pan(place: f32) -> [f32; 2] {
    let angle = (place.clamp(-1.0, 1.0) + 1.0) * (PI / 4.0);
    [angle.cos(), angle.sin()]
}

/// From 0 to 1 and smooth at both ends.
pub fn smooth(along: f32) -> f32 {
    let x = along.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}
