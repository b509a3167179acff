//! Owns the slow hand that keeps the score at the loudness it is asked for. Does not own what that is.

use crate::sound::dsp::ramp::{BLOCK, Block};
use crate::sound::dsp::{Follow, Tuning, Variable};

/// What is heard of the bass only faintly does not count, as in ITU-R BS.1770.
const RUMBLE_HZ: f32 = 38.0;
/// It listens over this, in seconds,
const LISTENS_S: f32 = 8.0;
/// moves over this,
const MOVES_S: f32 = 4.0;
/// and never further than this, so that a rest stays a rest.
const FARTHEST_DB: f32 = 8.0;

/// Nothing may be sudden: how fast the music may swell before the hand holds it back, in dB a second,
const SWELLS_DB: f32 = 1.3;
/// how far it may stand above that first,
const STANDS_ABOVE_DB: f32 = 0.7;
/// over how long what is heard now is heard,
const NOW_S: f32 = 0.06;
/// and how soon a quieter passage is what the next is held against.
const SINKS_S: f32 = 2.2;
/// Nothing is held against less than this.
const FLOOR_DB: f32 = -62.0;

/// A hand on a fader.
#[derive(Clone, Debug)]
pub struct Fader {
    rumble: [Variable; 2],
    tuning: Tuning,
    power: Follow,
    moved_db: Follow,
    now: Follow,
    running_db: f32,
    gain: f32,
    wanted_gain: f32,
    held_back: f32,
}

impl Fader {
    /// At rest.
    pub fn new(rate_hz: f32) -> Self {
        Self {
            rumble: Default::default(),
            tuning: Tuning::new(RUMBLE_HZ, 0.5, rate_hz),
            power: Follow::default(),
            moved_db: Follow::default(),
            now: Follow::default(),
            running_db: FLOOR_DB,
            gain: 0.0,
            wanted_gain: 0.0,
            held_back: 1.0,
        }
    }

    /// Begins anew, with trust in what comes.
    pub fn clear(&mut self, loudness_lufs: f32) {
        self.power = Follow::resting(power_of(loudness_lufs));
        self.moved_db = Follow::default();
        self.now = Follow::default();
        self.running_db = FLOOR_DB + 30.0;
        self.gain = 1.0;
        self.wanted_gain = 1.0;
        self.held_back = 1.0;
    }

    /// Looks at its meter and decides where to move. Called from time to time.
    pub fn decide(&mut self, loudness_lufs: f32, seconds: f32) {
        let heard_lufs = -0.691 + 10.0 * self.power.value().max(1e-9).log10();
        let wanted_db = (loudness_lufs - heard_lufs).clamp(-FARTHEST_DB, FARTHEST_DB);
        self.wanted_gain = 10.0_f32.powf(self.moved_db.run(wanted_db, seconds, MOVES_S) / 20.0);
    }

    /// One block.
    pub fn run(&mut self, block: &mut Block, block_s: f32) {
        // What is decided for this block is reached over the next tens of milliseconds.
        let step = (self.wanted_gain * self.held_back - self.gain) / BLOCK as f32 * (block_s / 0.03).min(1.0);
        let mut power = 0.0;
        for frame in block.iter_mut() {
            self.gain += step;
            for (sample, rumble) in frame.iter_mut().zip(&mut self.rumble) {
                let (_, _, heard) = rumble.run(*sample, self.tuning);
                power += heard * heard;
                *sample *= self.gain;
            }
        }
        let power = power / BLOCK as f32;
        self.power.run(power * self.held_back * self.held_back, block_s, LISTENS_S);
        self.hold_back(power, block_s);
    }

    fn hold_back(&mut self, power: f32, seconds: f32) {
        let now_db = 10.0 * self.now.run(power, seconds, NOW_S).max(1e-9).log10();
        if now_db > self.running_db {
            self.running_db += (now_db - self.running_db).min(SWELLS_DB * seconds);
        } else {
            self.running_db += (now_db.max(FLOOR_DB) - self.running_db) * seconds / SINKS_S;
        }
        let over_db = (now_db - self.running_db - STANDS_ABOVE_DB).max(0.0);
        self.held_back = 10.0_f32.powf(-over_db / 20.0);
    }
}

/// Power of both sides together at a loudness.
fn power_of(loudness_lufs: f32) -> f32 {
    10.0_f32.powf((loudness_lufs + 0.691) / 10.0)
}
