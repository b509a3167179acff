//! Owns the automatic gain that keeps the score at the requested loudness, and turns the score down when it rises
//! suddenly. Does not own the request.

use crate::sound::dsp::ramp::{AudioBlock, BLOCK};
use crate::sound::dsp::{FilterCoefficients, Smoother, StateVariableFilter};

/// Cutoff of the meter's high-pass filter, in Hz. Like the weighting of ITU-R BS.1770, the filter discounts the lowest
/// frequencies.
const RUMBLE_HZ: f32 = 38.0;
/// Integration time of the meter, in seconds.
const METER_S: f32 = 8.0;
/// Time constant of the gain, in seconds.
const GAIN_S: f32 = 4.0;
/// Maximum boost and maximum cut, in dB. The limit keeps rests in the music quiet.
const GAIN_MAX_DB: f32 = 8.0;

/// Maximum speed at which the reference level rises in a louder passage, in dB per second. Music that exceeds this slow
/// reference level by more than the character's margin is turned down, because nothing may be sudden.
const RISE_DB_PER_S: f32 = 1.3;
/// Integration time of the momentary level, in seconds.
const MOMENTARY_S: f32 = 0.06;
/// Time constant with which the reference level follows a quieter passage, in seconds.
const REFERENCE_FALL_S: f32 = 2.2;
/// Minimum of the reference level, in dB relative to full scale.
const FLOOR_DB: f32 = -62.0;

/// Automatic gain control.
#[derive(Clone, Debug)]
pub struct AutoGain {
    rumble: [StateVariableFilter; 2],
    tuning: FilterCoefficients,
    power: Smoother,
    gain_db: Smoother,
    momentary: Smoother,
    reference_db: f32,
    gain: f32,
    target_gain: f32,
    reduction: f32,
}

impl AutoGain {
    /// Creates a gain control that silences everything until [`clear`](Self::clear) is called.
    pub fn new(rate_hz: f32) -> Self {
        Self {
            rumble: Default::default(),
            tuning: FilterCoefficients::new(RUMBLE_HZ, 0.5, rate_hz),
            power: Smoother::default(),
            gain_db: Smoother::default(),
            momentary: Smoother::default(),
            reference_db: FLOOR_DB,
            gain: 0.0,
            target_gain: 0.0,
            reduction: 1.0,
        }
    }

    /// Starts over, assuming that the score already has the requested loudness.
    pub fn clear(&mut self, loudness_lufs: f32) {
        self.power = Smoother::holding(power_of(loudness_lufs));
        self.gain_db = Smoother::default();
        self.momentary = Smoother::default();
        self.reference_db = FLOOR_DB + 30.0;
        self.gain = 1.0;
        self.target_gain = 1.0;
        self.reduction = 1.0;
    }

    /// Updates the gain from the meter, so that the score approaches `loudness_lufs`. Called once per control tick,
    /// which lasts `seconds`.
    pub fn update_gain(&mut self, loudness_lufs: f32, seconds: f32) {
        let heard_lufs = -0.691 + 10.0 * self.power.value().max(1e-9).log10();
        let wanted_db = (loudness_lufs - heard_lufs).clamp(-GAIN_MAX_DB, GAIN_MAX_DB);
        self.target_gain = 10.0_f32.powf(self.gain_db.run(wanted_db, seconds, GAIN_S) / 20.0);
    }

    /// Meters one block and applies the gain to it. The level may exceed the reference level by `rise_margin_db`.
    pub fn run(&mut self, block: &mut AudioBlock, rise_margin_db: f32, block_s: f32) {
        // The new gain is approached over about 30 ms.
        let step = (self.target_gain * self.reduction - self.gain) / BLOCK as f32 * (block_s / 0.03).min(1.0);
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
        self.power.run(power * self.reduction * self.reduction, block_s, METER_S);
        self.limit_rise(power, rise_margin_db, block_s);
    }

    fn limit_rise(&mut self, power: f32, margin_db: f32, seconds: f32) {
        let now_db = 10.0 * self.momentary.run(power, seconds, MOMENTARY_S).max(1e-9).log10();
        if now_db > self.reference_db {
            self.reference_db += (now_db - self.reference_db).min(RISE_DB_PER_S * seconds);
        } else {
            self.reference_db += (now_db.max(FLOOR_DB) - self.reference_db) * seconds / REFERENCE_FALL_S;
        }
        let over_db = (now_db - self.reference_db - margin_db).max(0.0);
        self.reduction = 10.0_f32.powf(-over_db / 20.0);
    }
}

/// Returns the power that corresponds to a loudness in LUFS: the mean square over time, summed over both channels.
fn power_of(loudness_lufs: f32) -> f32 {
    10.0_f32.powf((loudness_lufs + 0.691) / 10.0)
}
