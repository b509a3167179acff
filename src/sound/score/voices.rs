//! Owns how notes are made to sound: sums of sines, eight partials side by side. Does not own which notes there are.
//!
//! A sine is a vector that is turned by a small angle each frame, which costs four multiplications and no look-up; eight
//! of them lie side by side so that the processor turns several at once. Once a block each gain is set anew and then
//! moves in a straight line. Nothing here allocates.

use std::f32::consts::{LN_2, TAU};

use super::instruments::{CORNER_HZ, Note, PARTIALS, dimmed};
use crate::sound::dsp::ramp::{BLOCK, Block};
use crate::sound::dsp::{Chance, pan};

/// Notes that may sound at one time.
pub const VOICES: usize = 22;

type Lanes = [f32; PARTIALS];

/// What has been summed up for one block, still apart by partial.
type Sums = [Lanes; BLOCK];

/// Noise through two poles, for each partial: how it rises and sinks by itself. About one in standard deviation.
#[derive(Clone, Copy, Debug)]
struct Sway {
    first: [Lanes; 2],
    second: [Lanes; 2],
    speed: f32,
    scale: f32,
}

impl Sway {
    fn new(corner_hz: f32, block_hz: f32) -> Self {
        let speed = 1.0 - (-TAU * corner_hz / block_hz).exp();
        let rest = (1.0 - speed) * (1.0 - speed);
        // White noise of variance 1/3 through two such poles keeps this much of it.
        let variance = speed.powi(4) * (1.0 + rest) / (1.0 - rest).powi(3) / 3.0;
        Self { first: [[0.0; PARTIALS]; 2], second: [[0.0; PARTIALS]; 2], speed, scale: variance.sqrt().recip() }
    }

    /// Left and right for each partial; they have about half of it in common.
    fn step(&mut self, random: &mut [u32; PARTIALS]) -> [Lanes; 2] {
        let mut out = [[0.0; PARTIALS]; 2];
        for lane in 0..PARTIALS {
            let mut bits = random[lane];
            bits ^= bits << 13;
            bits ^= bits >> 17;
            bits ^= bits << 5;
            random[lane] = bits;
            let white = [(bits >> 16) as f32 / 32_768.0 - 1.0, (bits & 0xFFFF) as f32 / 32_768.0 - 1.0];
            for (side, white) in white.into_iter().enumerate() {
                self.first[side][lane] += self.speed * (white - self.first[side][lane]);
                self.second[side][lane] += self.speed * (self.first[side][lane] - self.second[side][lane]);
            }
            let [one, two] = [self.second[0][lane] * self.scale, self.second[1][lane] * self.scale];
            out[0][lane] = one;
            out[1][lane] = 0.7 * one + 0.714 * two;
        }
        out
    }
}

/// The partials of one player.
#[derive(Clone, Copy, Debug)]
struct Desk {
    across: Lanes,
    up: Lanes,
    angle: Lanes,
    turn: [Lanes; 2],
    level: Lanes,
    fall: Lanes,
    gains: [Lanes; 2],
    sway: Sway,
    random: [u32; PARTIALS],
}

impl Desk {
    fn new(note: &Note, share: f32, chance: &mut Chance, rate_hz: f32) -> Self {
        let timbre = note.instrument.timbre();
        let block_hz = rate_hz / BLOCK as f32;
        let mut desk = Self {
            across: [0.0; PARTIALS],
            up: [0.0; PARTIALS],
            angle: [0.0; PARTIALS],
            turn: [[0.0; PARTIALS]; 2],
            level: [0.0; PARTIALS],
            fall: [1.0; PARTIALS],
            gains: [[0.0; PARTIALS]; 2],
            sway: Sway::new(timbre.sway_hz, block_hz),
            random: [1; PARTIALS],
        };
        for (lane, (ratio, level, fall_s)) in timbre.partials.into_iter().enumerate() {
            let pitch_hz = note.pitch_hz() * ratio + timbre.spread_hz * chance.white();
            desk.angle[lane] = TAU * pitch_hz / rate_hz;
            [desk.turn[0][lane], desk.turn[1][lane]] = [desk.angle[lane].cos(), desk.angle[lane].sin()];
            let phase = TAU * chance.unit();
            [desk.across[lane], desk.up[lane]] = [phase.cos(), phase.sin()];
            desk.level[lane] = level * note.level * share;
            desk.fall[lane] = if fall_s > 0.0 { (-1.0 / (fall_s * block_hz)).exp() } else { 1.0 };
            desk.random[lane] = (chance.unit() * 16_777_216.0) as u32 * 256 + 1;
        }
        desk
    }

    /// Adds one block. `gain` is that of the whole note, `cents` how far it is off its pitch just now.
    fn render(&mut self, sums: &mut [Sums; 2], sides: [f32; 2], sway: f32, corner_hz: f32, cents: f32, rate_hz: f32) {
        let drift = self.sway.step(&mut self.random);
        let off = cents / 1_200.0 * LN_2;
        let (mut turn, mut step) = (self.turn, [[0.0; PARTIALS]; 2]);
        for lane in 0..PARTIALS {
            // Turning the turn itself by the small angle that it is off; what this adds in length is taken below.
            let bend = self.angle[lane] * off;
            turn[0][lane] -= self.turn[1][lane] * bend;
            turn[1][lane] += self.turn[0][lane] * bend;
            self.level[lane] *= self.fall[lane];
            let level = self.level[lane] * dimmed(self.angle[lane] * rate_hz / TAU, corner_hz);
            for side in 0..2 {
                let wanted = level * sides[side] * (1.0 - sway + sway * drift[side][lane]);
                step[side][lane] = (wanted - self.gains[side][lane]) / BLOCK as f32;
            }
            let length = self.across[lane] * self.across[lane] + self.up[lane] * self.up[lane];
            let correction = 1.5 - 0.5 * length;
            self.across[lane] *= correction;
            self.up[lane] *= correction;
        }
        let (left, right) = sums.split_at_mut(1);
        for half in [0, PARTIALS / 2] {
            self.add_half(half, &turn, &step, &mut left[0], &mut right[0]);
        }
    }

    /// Four partials fill a vector register each for everything that moves; eight would not fit.
    fn add_half(&mut self, first: usize, turn: &[Lanes; 2], step: &[Lanes; 2], left: &mut Sums, right: &mut Sums) {
        const HALF: usize = PARTIALS / 2;
        let of = |lanes: &Lanes| -> [f32; HALF] { std::array::from_fn(|lane| lanes[first + lane]) };
        let (mut across, mut up) = (of(&self.across), of(&self.up));
        let (turn_across, turn_up) = (of(&turn[0]), of(&turn[1]));
        let (mut gain_left, mut gain_right) = (of(&self.gains[0]), of(&self.gains[1]));
        let (step_left, step_right) = (of(&step[0]), of(&step[1]));
        for (left, right) in left.iter_mut().zip(right) {
            for lane in 0..HALF {
                let new = across[lane] * turn_across[lane] - up[lane] * turn_up[lane];
                up[lane] = across[lane] * turn_up[lane] + up[lane] * turn_across[lane];
                across[lane] = new;
                gain_left[lane] += step_left[lane];
                gain_right[lane] += step_right[lane];
                left[first + lane] += up[lane] * gain_left[lane];
                right[first + lane] += up[lane] * gain_right[lane];
            }
        }
        self.across[first..first + HALF].copy_from_slice(&across);
        self.up[first..first + HALF].copy_from_slice(&up);
        self.gains[0][first..first + HALF].copy_from_slice(&gain_left);
        self.gains[1][first..first + HALF].copy_from_slice(&gain_right);
    }
}

/// A note that sounds.
#[derive(Clone, Copy, Debug)]
struct Voice {
    note: Note,
    age_s: f32,
    desks: [Option<Desk>; 2],
    off_pitch: [f32; 2],
    wander: [f32; 2],
    random: u32,
}

/// All notes that sound.
#[derive(Debug)]
pub struct Voices {
    all: [Option<Voice>; VOICES],
    sums: [Sums; 2],
    rate_hz: f32,
}

impl Voices {
    /// Silence.
    pub fn new(rate_hz: f32) -> Self {
        Self { all: std::array::from_fn(|_| None), sums: [[[0.0; PARTIALS]; BLOCK]; 2], rate_hz }
    }

    /// Begins a note; `false` where as many sound as can.
    pub fn begin(&mut self, note: Note, chance: &mut Chance) -> bool {
        let Some(place) = self.all.iter_mut().find(|voice| voice.is_none()) else { return false };
        let second = note.instrument.timbre().desks > 1;
        let share = if second { 0.75 } else { 1.0 };
        let one = Desk::new(&note, share, chance, self.rate_hz);
        let two = second.then(|| Desk::new(&note, share, chance, self.rate_hz));
        let random = (chance.unit() * 16_777_216.0) as u32 * 256 + 1;
        *place =
            Some(Voice { note, age_s: 0.0, desks: [Some(one), two], off_pitch: [0.0; 2], wander: [0.0; 2], random });
        true
    }

    /// The notes that sound, and how old they are in seconds.
    pub fn sounding(&self) -> impl Iterator<Item = (&Note, f32)> + Clone {
        self.all.iter().flatten().map(|voice| (&voice.note, voice.age_s))
    }

    /// Whether a note could begin.
    pub fn has_room(&self) -> bool {
        self.all.iter().any(Option::is_none)
    }

    /// Lets go of every note, to be silent after `within_s`.
    pub fn let_go(&mut self, within_s: f32) {
        for voice in self.all.iter_mut().flatten() {
            if voice.age_s < voice.note.held_s {
                // Only what has not begun to fall anyway, so that no envelope jumps.
                voice.note.held_s = voice.age_s;
                voice.note.release_s = within_s;
            }
        }
    }

    /// Forgets every note, which may only be done while nothing is heard.
    pub fn forget(&mut self) {
        for voice in &mut self.all {
            *voice = None;
        }
    }

    /// One block, replacing what is in `out`. `brightness` and `movement` are 0 to 1.
    pub fn render(&mut self, out: &mut Block, brightness: f32, movement: f32) {
        self.sums = [[[0.0; PARTIALS]; BLOCK]; 2];
        let block_s = BLOCK as f32 / self.rate_hz;
        let corner_hz = CORNER_HZ * (1.0 + 2.2 * brightness);
        for place in &mut self.all {
            let Some(voice) = place else { continue };
            voice.age_s += block_s;
            voice.render(&mut self.sums, corner_hz, movement, self.rate_hz);
            if voice.age_s >= voice.note.length_s() {
                *place = None;
            }
        }
        for (index, frame) in out.iter_mut().enumerate() {
            for (sample, sums) in frame.iter_mut().zip(&self.sums) {
                *sample = sums[index].iter().sum();
            }
        }
    }
}

impl Voice {
    fn render(&mut self, sums: &mut [Sums; 2], corner_hz: f32, movement: f32, rate_hz: f32) {
        let timbre = self.note.instrument.timbre();
        let envelope = self.note.envelope(self.age_s);
        let corner_hz = corner_hz * timbre.brightness * (1.0 - timbre.opening * (1.0 - envelope));
        // Breath is nothing but its sway; elsewhere the arc decides how much it moves.
        let sway = if timbre.sway > 0.8 { timbre.sway } else { timbre.sway * (0.6 + 0.8 * movement) };
        let block_s = BLOCK as f32 / rate_hz;
        for (index, desk) in self.desks.iter_mut().enumerate() {
            let Some(desk) = desk else { continue };
            self.random ^= self.random << 13;
            self.random ^= self.random >> 17;
            self.random ^= self.random << 5;
            let white = self.random as f32 / 2_147_483_648.0 - 1.0;
            let off = &mut self.off_pitch[index];
            // A random walk on a spring: about `wander_cents` in standard deviation, over some seconds.
            *off += -*off * block_s / 1.5 + white * timbre.wander_cents * (6.0 * block_s / 1.5).sqrt();
            let wander = &mut self.wander[index];
            *wander += (*off - *wander) * block_s / 0.4;
            let apart = if timbre.desks > 1 { [-0.22, 0.22][index] } else { 0.0 };
            let sides = pan(self.note.place + apart).map(|side| side * envelope);
            desk.render(sums, sides, sway, corner_hz, *wander, rate_hz);
        }
    }
}
