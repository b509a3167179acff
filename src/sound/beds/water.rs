//! Owns the synthesis of the rain and stream beds. Does not own their level in the mix.

use crate::sound::dsp::ramp::{AudioBlock, block_s};
use crate::sound::dsp::{FilterCoefficients, LowPass, PinkNoise, RandomLfo, Rng, StateVariableFilter, pan, smoothstep};

/// A short decaying sine, such as a drop on a leaf or a closing bubble. Its pitch can rise while it decays.
#[derive(Clone, Copy, Debug, Default)]
struct Ping {
    phase: f32,
    turn: f32,
    turn_growth: f32,
    level: f32,
    decay: f32,
    attack: f32,
    opened: f32,
    sides: [f32; 2],
}

impl Ping {
    fn run(&mut self) -> [f32; 2] {
        if self.level < 1e-4 {
            return [0.0; 2];
        }
        self.phase += self.turn;
        self.phase -= self.phase.floor();
        self.turn *= self.turn_growth;
        self.opened = (self.opened + self.attack).min(1.0);
        let sample = (self.phase * std::f32::consts::TAU).sin() * self.level * smoothstep(self.opened);
        self.level *= self.decay;
        [sample * self.sides[0], sample * self.sides[1]]
    }
}

/// Parameters of a new [`Ping`].
struct PingParams {
    pitch_hz: f32,
    length_s: f32,
    attack_s: f32,
    level: f32,
    pan: f32,
    rise_per_s: f32,
}

fn ping(params: &PingParams, rate_hz: f32) -> Ping {
    Ping {
        phase: 0.0,
        turn: (params.pitch_hz / rate_hz).min(0.4),
        turn_growth: (params.rise_per_s / rate_hz).exp(),
        level: params.level,
        decay: (-1.0 / (params.length_s * rate_hz)).exp(),
        attack: 1.0 / (params.attack_s * rate_hz).max(1.0),
        opened: 0.0,
        sides: pan(params.pan),
    }
}

/// Many fine drops and a few heavy ones, over a hiss.
#[derive(Debug)]
pub struct RainBed {
    rate_hz: f32,
    rng: Rng,
    pings: [Ping; 20],
    next_ping: usize,
    wait_fine_s: f32,
    wait_heavy_s: f32,
    pink: [PinkNoise; 2],
    hiss: [StateVariableFilter; 2],
    body: [LowPass; 2],
    density: RandomLfo,
    tilt: RandomLfo,
}

impl RainBed {
    /// Creates a rain bed that sounds different for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        let density = RandomLfo::new(&mut rng, 7.0, 18.0);
        let tilt = RandomLfo::new(&mut rng, 5.0, 12.0);
        Self {
            rate_hz,
            rng,
            pings: [Ping::default(); 20],
            next_ping: 0,
            wait_fine_s: 0.0,
            wait_heavy_s: 0.5,
            pink: Default::default(),
            hiss: Default::default(),
            body: Default::default(),
            density,
            tilt,
        }
    }

    /// Renders one block, overwriting `out`.
    pub fn render(&mut self, out: &mut AudioBlock) {
        let block_s = block_s(self.rate_hz);
        let density = self.density.run(&mut self.rng, block_s);
        let tilt = self.tilt.run(&mut self.rng, block_s);
        let tuning = FilterCoefficients::new(1_500.0 + 1_600.0 * tilt, 0.5, self.rate_hz);
        let corner = LowPass::coefficient(260.0, self.rate_hz);
        let level = 0.055 + 0.03 * density;
        let frame_s = 1.0 / self.rate_hz;
        for frame in out.iter_mut() {
            self.wait_fine_s -= frame_s;
            self.wait_heavy_s -= frame_s;
            if self.wait_fine_s <= 0.0 {
                self.wait_fine_s = self.rng.wait_s(110.0 + 90.0 * density);
                self.fall(1_300.0, 4_800.0, [0.0015, 0.006], 0.020);
            }
            if self.wait_heavy_s <= 0.0 {
                self.wait_heavy_s = self.rng.wait_s(5.0 + 4.0 * density);
                self.fall(380.0, 900.0, [0.008, 0.02], 0.026);
            }
            for (side, sample) in frame.iter_mut().enumerate() {
                let white = self.rng.white();
                let pink = self.pink[side].run(white);
                let (_, band, _) = self.hiss[side].run(white, tuning);
                let low = self.body[side].run(pink, corner);
                *sample = band * level * 0.9 + pink * level * 0.65 + low * 0.07;
            }
            for ping in &mut self.pings {
                let [left, right] = ping.run();
                frame[0] += left;
                frame[1] += right;
            }
        }
    }

    fn fall(&mut self, low_hz: f32, high_hz: f32, length_s: [f32; 2], level: f32) {
        let near = self.rng.unit();
        let params = PingParams {
            pitch_hz: self.rng.between(low_hz, high_hz),
            length_s: self.rng.between(length_s[0], length_s[1]),
            attack_s: 0.0012,
            level: level * (0.15 + near * near * near),
            pan: self.rng.between(-0.95, 0.95),
            rise_per_s: 0.0,
        };
        self.pings[self.next_ping] = ping(&params, self.rate_hz);
        self.next_ping = (self.next_ping + 1) % self.pings.len();
    }
}

/// A small stream: bubbles whose pitch rises as they close, over a murmur.
#[derive(Debug)]
pub struct StreamBed {
    rate_hz: f32,
    rng: Rng,
    pings: [Ping; 18],
    next_ping: usize,
    wait_s: f32,
    murmur: [PinkNoise; 2],
    murmur_band: [StateVariableFilter; 2],
    splash_band: [StateVariableFilter; 2],
    flow: RandomLfo,
    flutter: [RandomLfo; 2],
    splash: RandomLfo,
}

impl StreamBed {
    /// Creates a stream bed that sounds different for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        let flow = RandomLfo::new(&mut rng, 3.0, 9.0);
        let flutter = [RandomLfo::new(&mut rng, 0.04, 0.25), RandomLfo::new(&mut rng, 0.04, 0.25)];
        let splash = RandomLfo::new(&mut rng, 0.4, 1.6);
        Self {
            rate_hz,
            rng,
            pings: [Ping::default(); 18],
            next_ping: 0,
            wait_s: 0.0,
            murmur: Default::default(),
            murmur_band: Default::default(),
            splash_band: Default::default(),
            flow,
            flutter,
            splash,
        }
    }

    /// Renders one block, overwriting `out`.
    pub fn render(&mut self, out: &mut AudioBlock) {
        let block_s = block_s(self.rate_hz);
        let flow = self.flow.run(&mut self.rng, block_s);
        let flutter = [self.flutter[0].run(&mut self.rng, block_s), self.flutter[1].run(&mut self.rng, block_s)];
        let splash = self.splash.run(&mut self.rng, block_s);
        let murmur = FilterCoefficients::new(620.0 + 260.0 * flow, 0.7, self.rate_hz);
        let spray = FilterCoefficients::new(1_700.0 + 120.0 * splash, 0.5, self.rate_hz);
        let frame_s = 1.0 / self.rate_hz;
        for frame in out.iter_mut() {
            self.wait_s -= frame_s;
            if self.wait_s <= 0.0 {
                self.wait_s = self.rng.wait_s(110.0 + 30.0 * flow);
                self.bubble();
            }
            for (side, sample) in frame.iter_mut().enumerate() {
                let white = self.rng.white();
                let pink = self.murmur[side].run(white);
                let (_, band, _) = self.murmur_band[side].run(pink, murmur);
                let (_, bright, _) = self.splash_band[side].run(pink, spray);
                *sample = band * (0.065 + 0.095 * flutter[side]) + bright * (0.038 + 0.058 * flutter[1 - side]);
            }
            for ping in &mut self.pings {
                let [left, right] = ping.run();
                frame[0] += left;
                frame[1] += right;
            }
        }
    }

    fn bubble(&mut self) {
        let size = self.rng.unit();
        let pitch_hz = 430.0 * (2.5 * size).exp();
        let near = self.rng.unit();
        let params = PingParams {
            pitch_hz,
            length_s: self.rng.between(5.0, 14.0) / pitch_hz,
            attack_s: 2.0 / pitch_hz,
            level: 0.16 * (0.05 + near.powi(4)) * (900.0 / pitch_hz).powf(0.25).min(1.0),
            pan: self.rng.between(-0.7, 0.7),
            rise_per_s: self.rng.between(0.5, 7.0),
        };
        self.pings[self.next_ping] = ping(&params, self.rate_hz);
        self.next_ping = (self.next_ping + 1) % self.pings.len();
    }
}
