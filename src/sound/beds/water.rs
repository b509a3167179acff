//! Owns the synthesis of the sea, rain and stream beds. Does not own their level in the mix.

use super::BreathSwell;
use crate::sound::dsp::ramp::{AudioBlock, BLOCK, block_s};
use crate::sound::dsp::{
    FilterCoefficients, LowPass, PinkNoise, RandomLfo, Rng, Smoother, StateVariableFilter, pan, smoothstep,
};

/// One wave: it builds up far out, runs up the sand and draws back.
#[derive(Debug)]
struct Wave {
    age_s: f32,
    rise_s: f32,
    fall_s: f32,
    height: f32,
    pan: f32,
    body: [StateVariableFilter; 2],
    foam: [StateVariableFilter; 2],
    pink: [PinkNoise; 2],
}

impl Wave {
    fn new(rng: &mut Rng, age_s: f32) -> Self {
        let mut wave = Self {
            age_s: 0.0,
            rise_s: 1.0,
            fall_s: 1.0,
            height: 0.0,
            pan: 0.0,
            body: Default::default(),
            foam: Default::default(),
            pink: Default::default(),
        };
        wave.begin(rng);
        wave.age_s = age_s;
        wave
    }

    fn begin(&mut self, rng: &mut Rng) {
        self.age_s = 0.0;
        self.rise_s = rng.between(3.2, 5.0);
        self.fall_s = rng.between(5.0, 8.0);
        self.height = rng.between(0.55, 1.0);
        self.pan = rng.between(-0.6, 0.6);
    }

    /// Returns the height of the wave and the amount of receding foam, each 0 to 1.
    fn shape(&self) -> (f32, f32) {
        if self.age_s < self.rise_s {
            let up = smoothstep(self.age_s / self.rise_s);
            return (up * up, 0.25 * up);
        }
        let back = (self.age_s - self.rise_s) / self.fall_s;
        let down = 1.0 - smoothstep(back);
        (down * down, (1.0 - back).max(0.0) * smoothstep(back * 5.0 + 0.25))
    }
}

/// Waves that run up and draw back, over wash and a distant rumble.
#[derive(Debug)]
pub struct SeaBed {
    rate_hz: f32,
    rng: Rng,
    waves: [Wave; 3],
    far: [PinkNoise; 2],
    far_low: [LowPass; 2],
    rumble: [LowPass; 4],
    wash_drift: RandomLfo,
    rumble_drift: RandomLfo,
    levels: [[Smoother; 2]; 3],
    turn: Smoother,
    last_swell: f32,
}

impl SeaBed {
    /// Creates a sea bed that sounds different for each seed.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        let mut rng = Rng::new(seed);
        let waves = [Wave::new(&mut rng, 0.0), Wave::new(&mut rng, 4.0), Wave::new(&mut rng, 8.0)];
        let wash_drift = RandomLfo::new(&mut rng, 4.0, 11.0);
        let rumble_drift = RandomLfo::new(&mut rng, 6.0, 15.0);
        Self {
            rate_hz,
            rng,
            waves,
            far: Default::default(),
            far_low: Default::default(),
            rumble: Default::default(),
            wash_drift,
            rumble_drift,
            levels: Default::default(),
            turn: Smoother::default(),
            last_swell: 0.0,
        }
    }

    /// Renders one block, overwriting `out`. `swell` gives the breath, and how closely the nearest wave follows it.
    pub fn render(&mut self, out: &mut AudioBlock, swell: BreathSwell) {
        let block_s = block_s(self.rate_hz);
        self.render_distance(out, block_s);
        let share = swell.share.end;
        let rising = swell.level.end > self.last_swell;
        self.last_swell = swell.level.end;
        let turn = self.turn.run(if rising { 0.0 } else { 1.0 }, block_s, 0.5);
        for (index, wave) in self.waves.iter_mut().enumerate() {
            wave.age_s += block_s;
            if wave.age_s > wave.rise_s + wave.fall_s {
                wave.begin(&mut self.rng);
            }
            let (mut height, mut foam) = wave.shape();
            height *= wave.height;
            foam *= wave.height;
            // Only the nearest wave follows the breath. The others become softer, so that the motion of the nearest
            // wave stands out.
            if index == 0 {
                let led = swell.level.end.powf(1.4);
                height += (led - height) * share;
                foam += (led * (0.25 + 0.55 * turn) - foam) * share;
            } else {
                height *= 1.0 - 0.75 * share;
                foam *= 1.0 - 0.75 * share;
            }
            let before = [self.levels[index][0].value(), self.levels[index][1].value()];
            let after =
                [self.levels[index][0].run(height, block_s, 0.06), self.levels[index][1].run(foam, block_s, 0.08)];
            let body = FilterCoefficients::new(320.0 + 1_900.0 * after[0], 0.55, self.rate_hz);
            let fizz = FilterCoefficients::new(2_000.0 + 2_200.0 * after[0], 0.45, self.rate_hz);
            let sides = pan(wave.pan * (1.0 - share));
            for (step, frame) in out.iter_mut().enumerate() {
                let along = step as f32 / BLOCK as f32;
                let height = before[0] + (after[0] - before[0]) * along;
                let foam = before[1] + (after[1] - before[1]) * along;
                for (side, sample) in frame.iter_mut().enumerate() {
                    let white = self.rng.white();
                    let pink = wave.pink[side].run(white);
                    let (low, _, _) = wave.body[side].run(pink, body);
                    let (_, band, _) = wave.foam[side].run(white, fizz);
                    *sample += sides[side] * (low * height * 0.34 + band * foam * 0.085);
                }
            }
        }
    }

    fn render_distance(&mut self, out: &mut AudioBlock, block_s: f32) {
        let wash = 0.05 + 0.05 * self.wash_drift.run(&mut self.rng, block_s);
        let rumble = 1.1 + 0.9 * self.rumble_drift.run(&mut self.rng, block_s);
        let far_corner = LowPass::coefficient(900.0, self.rate_hz);
        let rumble_corner = LowPass::coefficient(75.0, self.rate_hz);
        for frame in out.iter_mut() {
            for (side, sample) in frame.iter_mut().enumerate() {
                let white = self.rng.white();
                let pink = self.far[side].run(white);
                let far = self.far_low[side].run(pink, far_corner);
                let once = self.rumble[side].run(pink, rumble_corner);
                let twice = self.rumble[side + 2].run(once, rumble_corner);
                *sample = far * wash * 1.5 + twice * rumble * 0.19;
            }
        }
    }
}

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
        if self.level < 1e-5 {
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
        let flutter = [RandomLfo::new(&mut rng, 0.12, 0.5), RandomLfo::new(&mut rng, 0.12, 0.5)];
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
        let murmur = FilterCoefficients::new(330.0 + 260.0 * flow, 0.8, self.rate_hz);
        let spray = FilterCoefficients::new(1_500.0 + 700.0 * splash, 0.7, self.rate_hz);
        let frame_s = 1.0 / self.rate_hz;
        for frame in out.iter_mut() {
            self.wait_s -= frame_s;
            if self.wait_s <= 0.0 {
                self.wait_s = self.rng.wait_s(26.0 + 22.0 * flow);
                self.bubble();
            }
            for (side, sample) in frame.iter_mut().enumerate() {
                let white = self.rng.white();
                let pink = self.murmur[side].run(white);
                let (_, band, _) = self.murmur_band[side].run(pink, murmur);
                let (_, bright, _) = self.splash_band[side].run(pink, spray);
                *sample = band * (0.14 + 0.11 * flutter[side]) + bright * (0.07 + 0.07 * splash * flutter[1 - side]);
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
        let pitch_hz = 340.0 * (1.0 / (0.18 + 0.82 * size)).powf(0.95);
        let near = self.rng.unit();
        let params = PingParams {
            pitch_hz,
            length_s: self.rng.between(0.010, 0.034),
            attack_s: 0.005,
            level: 0.062 * (0.10 + near * near) * (500.0 / pitch_hz).sqrt().min(1.0),
            pan: self.rng.between(-0.7, 0.7),
            rise_per_s: self.rng.between(0.5, 7.0),
        };
        self.pings[self.next_ping] = ping(&params, self.rate_hz);
        self.next_ping = (self.next_ping + 1) % self.pings.len();
    }
}
