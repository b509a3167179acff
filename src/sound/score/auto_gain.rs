//! Owns the automatic gain that keeps the score at the requested loudness, and the promise that nothing is sudden: what
//! would rise too far above the running level is turned down. Does not own the request.

use crate::sound::dsp::ramp::{AudioBlock, BLOCK, SILENCE};
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

/// Length of a slot of the running level, in seconds.
const SLOT_S: f32 = 0.1;
/// Number of slots in the running level.
const RUNNING_SLOTS: usize = 30;
/// Number of the latest slots, which are not in the running level yet. A sound is therefore compared with what was heard
/// before it.
const LATEST_SLOTS: usize = 6;
/// Number of the latest running levels of which the lowest counts, so that the beginning of a sound does not make way for
/// what follows it.
const LOWEST_OF: usize = 4;
/// Maximum rise above the running level, in dB. Patients are promised 6 dB; the difference is for the time that the gain
/// needs to fall.
const RISE_MAX_DB: f32 = 4.5;
/// Minimum of the running level, in dB relative to the requested loudness. Without it, nothing could begin after a
/// silence.
const FLOOR_DB: f32 = -29.0;
/// Integration time of the momentary level, in seconds.
const MOMENTARY_S: f32 = 0.02;
/// Time constant with which the gain falls, in seconds.
const FALL_S: f32 = 0.01;
/// Number of blocks by which the sound is delayed (11 ms at 48 kHz), so that the gain begins to fall before a struck
/// note is heard.
const AHEAD_BLOCKS: usize = 8;
/// Time constant with which the gain rises, in seconds.
const RISE_S: f32 = 0.03;

/// Automatic gain control.
#[derive(Clone, Debug)]
pub struct AutoGain {
    rumble: [StateVariableFilter; 2],
    tuning: FilterCoefficients,
    power: Smoother,
    gain_db: Smoother,
    momentary: Smoother,
    /// Powers of the output in the latest slots, in a ring, and the index of the oldest.
    slots: [f32; RUNNING_SLOTS + LATEST_SLOTS],
    oldest: usize,
    /// Sum of the powers in the present slot, one for each block, and their number.
    slot: (f32, u16),
    /// Mean powers of the output in the slots before the latest ones: the present value first, then those of one slot
    /// earlier, and so on.
    running: [f32; LOWEST_OF],
    floor: f32,
    /// The blocks that have been metered but not heard yet, in a ring, and the index of the oldest.
    ahead: [AudioBlock; AHEAD_BLOCKS],
    next: usize,
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
            slots: [0.0; RUNNING_SLOTS + LATEST_SLOTS],
            oldest: 0,
            slot: (0.0, 0),
            running: [0.0; LOWEST_OF],
            floor: 0.0,
            ahead: [SILENCE; AHEAD_BLOCKS],
            next: 0,
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
        self.slots = [0.0; RUNNING_SLOTS + LATEST_SLOTS];
        self.slot = (0.0, 0);
        self.running = [0.0; LOWEST_OF];
        self.ahead = [SILENCE; AHEAD_BLOCKS];
        self.floor = power_of(loudness_lufs + FLOOR_DB);
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
        self.floor = power_of(loudness_lufs + FLOOR_DB);
    }

    /// Meters one block, and replaces it with an earlier one to which the gain is applied.
    pub fn run(&mut self, block: &mut AudioBlock, block_s: f32) {
        let apart = self.target_gain * self.reduction - self.gain;
        let turn_s = if apart < 0.0 { FALL_S } else { RISE_S };
        let step = apart / BLOCK as f32 * (block_s / turn_s).min(1.0);
        let (mut heard_power, mut power, mut out_power) = (0.0, 0.0, 0.0);
        let next = self.next % AHEAD_BLOCKS;
        self.next = next + 1;
        for (frame, ahead) in block.iter_mut().zip(&mut self.ahead[next]) {
            self.gain += step;
            std::mem::swap(frame, ahead);
            for ((sample, ahead), rumble) in frame.iter_mut().zip(ahead).zip(&mut self.rumble) {
                let (_, _, heard) = rumble.run(*ahead, self.tuning);
                heard_power += heard * heard;
                power += *ahead * *ahead;
                *sample *= self.gain;
                out_power += *sample * *sample;
            }
        }
        let mean = |sum: f32| sum / BLOCK as f32;
        self.power.run(mean(heard_power) * self.reduction * self.reduction, block_s, METER_S);
        self.limit_rise(mean(power) * self.target_gain * self.target_gain, block_s);
        self.remember(mean(out_power), block_s);
    }

    /// Sets the reduction so that `power`, which the block has without it, rises by at most [`RISE_MAX_DB`] above the
    /// running level.
    fn limit_rise(&mut self, power: f32, seconds: f32) {
        let now = self.momentary.run(power, seconds, MOMENTARY_S);
        let running = self.running.iter().copied().fold(f32::MAX, f32::min);
        let allowed = running.max(self.floor) * 10.0_f32.powf(RISE_MAX_DB / 10.0);
        self.reduction = (allowed / now.max(1e-9)).sqrt().min(1.0);
    }

    fn remember(&mut self, power: f32, seconds: f32) {
        let (sum, blocks) = self.slot;
        self.slot = (sum + power, blocks + 1);
        if f32::from(self.slot.1) * seconds < SLOT_S {
            return;
        }
        self.slots[self.oldest] = self.slot.0 / f32::from(self.slot.1);
        self.oldest = (self.oldest + 1) % self.slots.len();
        self.slot = (0.0, 0);
        let from_oldest = self.slots.iter().cycle().skip(self.oldest);
        self.running.rotate_right(1);
        self.running[0] = from_oldest.take(RUNNING_SLOTS).sum::<f32>() / RUNNING_SLOTS as f32;
    }
}

/// Returns the power that corresponds to a loudness in LUFS: the mean square over time, summed over both channels.
fn power_of(loudness_lufs: f32) -> f32 {
    10.0_f32.powf((loudness_lufs + 0.691) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::dsp::Rng;

    const BLOCK_S: f32 = BLOCK as f32 / 48_000.0;

    /// Returns the power of each 100 ms of the output, for noise that rises by `rise_db` after 20 s, as quickly
    /// as a struck note.
    fn powers(rise_db: f32) -> Vec<f32> {
        let (mut auto_gain, mut rng) = (AutoGain::new(48_000.0), Rng::new(2));
        auto_gain.clear(-30.0);
        let (mut powers, mut power, mut seconds) = (Vec::new(), 0.0, 0.0);
        for index in 0..(32.0 / BLOCK_S) as usize {
            let risen = ((index as f32 * BLOCK_S - 20.0) / 0.03).clamp(0.0, 1.0);
            let amplitude = 0.02 * (1.0 + (10.0_f32.powf(rise_db / 20.0) - 1.0) * risen);
            let mut block: AudioBlock = std::array::from_fn(|_| [amplitude * rng.white(); 2]);
            if index % 8 == 0 {
                auto_gain.update_gain(-30.0, 8.0 * BLOCK_S);
            }
            auto_gain.run(&mut block, BLOCK_S);
            power += block.as_flattened().iter().map(|sample| sample * sample).sum::<f32>() / BLOCK as f32 * BLOCK_S;
            seconds += BLOCK_S;
            if seconds >= 0.1 {
                powers.push(power / seconds);
                (power, seconds) = (0.0, 0.0);
            }
        }
        powers
    }

    #[test]
    fn nothing_rises_suddenly_however_loud_it_is() {
        for rise_db in [3.0, 12.0, 25.0] {
            let powers = powers(rise_db);
            let rises: Vec<f32> = (195..260)
                .map(|at| {
                    let now = powers[at..at + 4].iter().sum::<f32>() / 4.0;
                    let before = powers[at - 36..at - 6].iter().sum::<f32>() / 30.0;
                    10.0 * (now / before).log10()
                })
                .collect();
            let most = rises.iter().copied().fold(f32::MIN, f32::max);
            let whole = 10.0 * (powers[260] / powers[190]).log10();
            println!("{rise_db} dB: {most:.1} dB within a second, {whole:.1} dB within six");
            assert!(most < 6.0, "{rise_db} dB: {most}");
            assert!(most > rise_db.min(4.0) - 1.0, "a small rise is left alone, and a large one is heard: {most}");
            assert!(whole > 0.6 * rise_db.min(8.0), "what is louder for long becomes louder: {whole}");
        }
    }
}
