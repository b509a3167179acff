//! Owns the audible breathing pacer: a swell of air over a warm low tone, brighter and rising on the in-breath, darker
//! and falling on the out-breath. Does not own the pattern (`room::breath`) or the clock.

use std::f32::consts::TAU;
use std::time::Duration;

use crate::room::breath::{BreathPattern, BreathPhase};

use crate::sound::dsp::ramp::{AudioBlock, Ramp, Span, block_s, seconds_to_frames};
use crate::sound::dsp::{FilterCoefficients, PinkNoise, Rng, Smoother, StateVariableFilter, smoothstep};

/// Time in seconds over which the level glides to its new course after a change of the pattern or the start time, or a
/// jump of the clock, because the breath must never jump.
const CATCH_UP_S: f32 = 1.5;

/// The breathing pacer.
#[derive(Debug)]
pub struct BreathSynth {
    rate_hz: u32,
    rng: Rng,
    pattern: Option<(BreathPattern, f64)>,
    level: f32,
    behind: Ramp,
    inward: Smoother,
    pink: [PinkNoise; 2],
    low_pink: [PinkNoise; 2],
    air: [StateVariableFilter; 2],
    sigh: [StateVariableFilter; 2],
    phases: [f32; 3],
}

impl BreathSynth {
    /// Creates a pacer that is silent until [`follow`](Self::follow) gives it a pattern.
    pub fn new(seed: u64, rate_hz: u32) -> Self {
        Self {
            rate_hz,
            rng: Rng::new(seed),
            pattern: None,
            level: 0.0,
            behind: Ramp::holding(0.0),
            inward: Smoother::default(),
            pink: Default::default(),
            low_pink: Default::default(),
            air: Default::default(),
            sigh: Default::default(),
            phases: [0.0; 3],
        }
    }

    /// Follows `pattern`, which started at `origin_s`. `now_s` is the present time. Both are seconds on the stream's
    /// clock.
    pub fn follow(&mut self, pattern: BreathPattern, origin_s: f64, now_s: f64) {
        if self.pattern == Some((pattern, origin_s)) {
            return;
        }
        self.pattern = Some((pattern, origin_s));
        self.resume(now_s);
    }

    /// Glides within `CATCH_UP_S` from the present level to the level of the pattern. Must be called when the stream's
    /// clock has jumped; `now_s` is its new time.
    pub fn resume(&mut self, now_s: f64) {
        let Some((pattern, origin_s)) = self.pattern else { return };
        let wanted = level_at(pattern, origin_s, now_s).0;
        self.behind = Ramp::holding(self.level - wanted);
        self.behind.set_target(0.0, seconds_to_frames(CATCH_UP_S, self.rate_hz));
    }

    /// Advances by one block and returns the level across it, 0 to 1. Must be called exactly once per block.
    pub fn advance(&mut self, now_s: f64) -> Span {
        let Some((pattern, origin_s)) = self.pattern else { return Span::constant(self.level) };
        let block_s = block_s(self.rate_hz as f32);
        let (wanted, phase) = level_at(pattern, origin_s, now_s + f64::from(block_s));
        let start = self.level;
        self.level = (wanted + self.behind.advance().end).clamp(0.0, 1.0);
        let inward = match phase {
            BreathPhase::Inhale => 1.0,
            BreathPhase::HoldFull | BreathPhase::Exhale => 0.0,
            BreathPhase::HoldEmpty => self.inward.value(),
        };
        self.inward.run(inward, block_s, 0.35);
        Span { start, end: self.level }
    }

    /// Renders one block, overwriting `out`. `level` is what [`advance`](Self::advance) returned for this block.
    pub fn render(&mut self, out: &mut AudioBlock, level: Span) {
        let rate = self.rate_hz as f32;
        let inward = self.inward.value();
        // Filter cutoffs are set once per block, for its middle; the gain moves sample by sample.
        let middle = f32::midpoint(level.start, level.end);
        let air = FilterCoefficients::new(420.0 + 900.0 * middle + 260.0 * inward * middle, 0.9, rate);
        let sigh = FilterCoefficients::new(180.0 + 330.0 * middle, 0.7, rate);
        let pitch_hz = 98.0 * 1.5_f32.powf(middle);
        let turns = [pitch_hz / rate, pitch_hz * 2.003 / rate, pitch_hz * 1.5 / rate];
        for (step, frame) in out.iter_mut().enumerate() {
            let level = level.at(step);
            let breath = level * (0.35 + 0.65 * level);
            for (phase, turn) in self.phases.iter_mut().zip(turns) {
                *phase += turn;
                *phase -= phase.floor();
            }
            let [ground, octave, fifth] = self.phases.map(|phase| (phase * TAU).sin());
            let tone = (ground + 0.30 * octave * level + 0.22 * fifth * level) * breath * 0.060;
            for (side, sample) in frame.iter_mut().enumerate() {
                // Each filter has its own noise source. With a shared source, the filters' outputs would cancel at the
                // frequencies between their bands, where their phases are opposite.
                let (_, bright, _) = self.air[side].run(self.pink[side].run(self.rng.white()), air);
                let (dark, _, _) = self.sigh[side].run(self.low_pink[side].run(self.rng.white()), sigh);
                let wind = bright * (0.16 + 0.26 * inward) + dark * (0.34 - 0.16 * inward);
                *sample = tone + wind * breath * 0.62;
            }
        }
    }
}

fn level_at(pattern: BreathPattern, origin_s: f64, now_s: f64) -> (f32, BreathPhase) {
    let since_s = now_s - origin_s;
    if since_s <= 0.0 {
        return (0.0, BreathPhase::HoldEmpty);
    }
    let breath = pattern.at(Duration::try_from_secs_f64(since_s).unwrap_or_default());
    let eased_in = smoothstep(since_s as f32 / 0.5);
    (breath.level as f32 * eased_in, breath.phase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::dsp::ramp::{SILENCE, block_s_f64};

    /// Plays `pattern` and returns the level (RMS) and brightness (RMS of the first difference, divided by RMS) of each
    /// tenth of a second.
    fn listen(pattern: BreathPattern, seconds: usize) -> Vec<(f64, f64)> {
        let mut voice = BreathSynth::new(3, 48_000);
        voice.follow(pattern, 0.0, 0.0);
        let mut heard = Vec::new();
        let mut now_s = 0.0;
        for _ in 0..seconds * 10 {
            let (mut power, mut change, mut last) = (0.0, 0.0, 0.0);
            for _ in 0..75 {
                let level = voice.advance(now_s);
                now_s += block_s_f64(48_000);
                let mut block = SILENCE;
                voice.render(&mut block, level);
                for frame in block {
                    let sample = f64::from(frame[0]);
                    power += sample * sample;
                    change += (sample - last).powi(2);
                    last = sample;
                }
            }
            heard.push(((power / 4_800.0).sqrt(), (change / power.max(1e-12)).sqrt()));
        }
        heard
    }

    #[test]
    fn the_sound_rises_and_falls_with_the_pattern() {
        for pattern in BreathPattern::ALL {
            let heard = listen(pattern, 40);
            let wanted: Vec<f64> = (0..heard.len())
                .map(|tenth| pattern.at(Duration::from_secs_f64(tenth as f64 / 10.0 + 0.05)).level)
                .collect();
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            let levels: Vec<f64> = heard.iter().map(|(level, _)| *level).collect();
            let (a, b) = (mean(&levels), mean(&wanted));
            let together: f64 = levels.iter().zip(&wanted).map(|(x, y)| (x - a) * (y - b)).sum();
            let spread = |values: &[f64], middle: f64| values.iter().map(|v| (v - middle).powi(2)).sum::<f64>().sqrt();
            let correlation = together / spread(&levels, a) / spread(&wanted, b);
            assert!(correlation > 0.9, "{}: {correlation:.3}", pattern.name());
        }
    }

    #[test]
    fn the_in_breath_is_brighter_than_the_out_breath() {
        let heard = listen(BreathPattern::FiveFive, 60);
        let mean = |tenths: &dyn Fn(usize) -> bool| {
            let picked: Vec<f64> =
                heard.iter().enumerate().skip(100).filter(|(i, _)| tenths(i % 100)).map(|(_, h)| h.1).collect();
            picked.iter().sum::<f64>() / picked.len() as f64
        };
        // Seconds 2 to 4 of the in-breath and the mirrored part of the out-breath have the same levels, so only the
        // brightness differs.
        let inward = mean(&|tenth| (20..40).contains(&tenth));
        let outward = mean(&|tenth| (60..80).contains(&tenth));
        assert!(inward > outward * 1.2, "in {inward:.4}, out {outward:.4}");
    }

    #[test]
    fn a_new_start_never_makes_the_level_jump() {
        let mut voice = BreathSynth::new(3, 48_000);
        voice.follow(BreathPattern::FourSix, 0.0, 0.0);
        let mut now_s = 0.0;
        let mut last = 0.0;
        for block in 0..30_000 {
            if block % 2_500 == 2_000 {
                voice.follow(BreathPattern::ALL[block / 2_500 % 4], now_s - 3.3, now_s);
            }
            let level = voice.advance(now_s);
            now_s += block_s_f64(48_000);
            assert!((level.start - last).abs() < 1e-6);
            assert!((level.end - level.start).abs() < 0.004, "block {block}");
            last = level.end;
        }
    }
}
