//! Owns the uniform of a place's shader: sixteen numbers that depend only on the scenery, the time and the size of the
//! frame. A frame can therefore be rendered for any time, without the frame before it. Does not own the light or the
//! breath that the numbers describe.

use std::time::Duration;

use super::{Scenery, hour_index};
use crate::room::RoomTime;
use crate::room::breath::BreathPattern;
use crate::vocabulary::place::TimeOfDay;

/// Size of the uniform in bytes: sixteen floats.
pub const SCENE_BYTES: usize = 64;
/// Period of the shader's clock, in milliseconds. Every motion in a shader has to repeat after this time. If the clock
/// did not wrap, a float of seconds would within a day become too coarse for smooth motion.
pub const WRAP_MS: u64 = 3_600_000;
/// Time that sand takes to dry after the wave has left it.
const DRYING: Duration = Duration::from_secs(9);
/// Interval at which past levels of the wave are sampled to compute how far the sand has dried.
const DRYING_STEP: Duration = Duration::from_millis(250);
/// Level of the breath, 0 to 1, for a place that does not follow a breath.
const RESTING_LEVEL: f32 = 0.35;

/// The uniform of a place's shader at one time, apart from the size of the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SceneUniforms {
    /// Seconds on the shader's clock, 0 to 3600.
    pub time_s: f32,
    /// Level of the breath, from 0 (out) to 1 (in).
    pub breath: f32,
    /// How far up the sand is wet, from 0 to 1: the highest recent level of the breath, less what has dried since then.
    pub breath_wet: f32,
    /// Time of day: 0 dawn, 1 day, 2 dusk, 3 night.
    pub hour: f32,
    /// Brightness, 0 to 1.
    pub light: f32,
    /// Colour temperature of the light, −1 (moonlight) to 1 (lamplight).
    pub warmth: f32,
    /// Saturation, 0 (grey) to 1 (as painted).
    pub saturation: f32,
    /// Strength of the place's own motion, 0 (still) to 1.
    pub movement: f32,
    /// Weather, 0 to 1. Each place decides what it means.
    pub mood: f32,
}

impl SceneUniforms {
    /// Returns the uniform of a place at `now`. If `is_still`, nothing moves, and the place does not follow the breath.
    #[must_use]
    pub fn at(scenery: &Scenery, now: RoomTime, is_still: bool) -> Self {
        let level = |at: RoomTime| {
            let breath = scenery.breath?;
            (at >= breath.started).then(|| breath.at(at).level)
        };
        let (breath, breath_wet) = match level(now) {
            Some(breath) if !is_still => (breath as f32, wet_level(breath, |ago| level(now - ago))),
            Some(_) | None => (RESTING_LEVEL, RESTING_LEVEL),
        };
        Self {
            time_s: wrapped_s(now.0.saturating_sub(scenery.lag_ms)),
            breath,
            breath_wet,
            hour: hour_index(scenery.hour) as f32,
            light: scenery.brightness_at(now),
            warmth: scenery.follow(&scenery.light.warmth, now),
            saturation: scenery.follow(&scenery.light.saturation, now),
            movement: if is_still { 0.0 } else { scenery.follow(&scenery.light.movement, now) },
            mood: scenery.mood.clamp(0.0, 1.0),
        }
    }

    /// Returns a uniform with full light and no tint, for a place without a session. The shader's clock has run for
    /// `since`. The place breathes with `pattern`, or not at all if that is `None`.
    #[must_use]
    pub fn neutral(hour: TimeOfDay, mood: f32, since: Duration, pattern: Option<BreathPattern>) -> Self {
        let level = |ago: Duration| Some(pattern?.at(since.checked_sub(ago)?).level);
        let (breath, breath_wet) = match level(Duration::ZERO) {
            Some(breath) => (breath as f32, wet_level(breath, level)),
            None => (RESTING_LEVEL, RESTING_LEVEL),
        };
        Self {
            time_s: wrapped_s(since.as_millis().try_into().unwrap_or(u64::MAX)),
            breath,
            breath_wet,
            hour: hour_index(hour) as f32,
            light: 1.0,
            warmth: 0.0,
            saturation: 1.0,
            movement: 1.0,
            mood: mood.clamp(0.0, 1.0),
        }
    }

    /// Returns the bytes that the shader reads, for a frame of `width` × `height` pixels, rendered at the fraction
    /// `scale` of each side of the screen.
    #[must_use]
    pub fn to_bytes(self, width: u32, height: u32, scale: f32) -> [u8; SCENE_BYTES] {
        let floats = [
            width as f32,
            height as f32,
            self.time_s,
            self.breath,
            self.breath_wet,
            self.hour,
            self.light,
            self.warmth,
            self.saturation,
            self.movement,
            self.mood,
            scale,
        ];
        let mut bytes = [0; SCENE_BYTES];
        for (slot, float) in bytes.chunks_exact_mut(4).zip(floats) {
            slot.copy_from_slice(&float.to_le_bytes());
        }
        bytes
    }
}

/// Returns the seconds on the shader's clock. The milliseconds are wrapped before the conversion to a float, because a
/// large float would be imprecise.
fn wrapped_s(ms: u64) -> f32 {
    ((ms % WRAP_MS) as f64 / 1000.0) as f32
}

/// Returns how far up the sand is wet, from 0 to 1: the highest recent level of the breath, less what has dried since
/// then. `level_ago` returns the level at a time before now, or `None` before the first breath.
fn wet_level(level_now: f64, level_ago: impl Fn(Duration) -> Option<f64>) -> f32 {
    let steps = (DRYING.as_millis() / DRYING_STEP.as_millis()) as u32;
    let mut wet = level_now;
    for ago in (1..steps).map(|step| DRYING_STEP * step) {
        let Some(level) = level_ago(ago) else { break };
        wet = wet.max(level * (1.0 - ago.as_secs_f64() / DRYING.as_secs_f64()));
    }
    wet as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(since: Duration) -> SceneUniforms {
        SceneUniforms::neutral(TimeOfDay::Day, 0.0, since, Some(BreathPattern::FourSix))
    }

    #[test]
    fn every_value_is_bit_identical_a_day_later() {
        // A day is a multiple of the clock's hour and of the breath's ten seconds.
        for ms in [0, 1, 33, 1_234, 3_599_999, 3_600_000, 5_000_001] {
            // All times are after the first breaths, because the sand is dry before them.
            let since = Duration::from_secs(20) + Duration::from_millis(ms);
            assert_eq!(at(since), at(since + Duration::from_hours(24)), "{ms}");
            assert_eq!(at(since).to_bytes(10, 10, 1.0), at(since + Duration::from_hours(24)).to_bytes(10, 10, 1.0));
        }
        assert!((wrapped_s(WRAP_MS - 1) - 3599.999).abs() < 0.001);
        assert!(wrapped_s(WRAP_MS) < f32::EPSILON);
    }

    #[test]
    fn wet_sand_is_never_below_the_wave_and_dries_smoothly() {
        let mut before = at(Duration::from_secs(20)).breath_wet;
        for ms in (20_000..60_000).step_by(33) {
            let now = at(Duration::from_millis(ms));
            assert!(now.breath_wet >= now.breath - 1e-6 && now.breath_wet <= 1.0);
            assert!((now.breath_wet - before).abs() < 0.03, "{ms}: {before} to {}", now.breath_wet);
            before = now.breath_wet;
        }
    }

    #[test]
    fn the_bytes_match_the_layout_of_the_shaders() {
        let values = SceneUniforms { mood: 0.5, ..at(Duration::from_secs(2)) };
        let bytes = values.to_bytes(320, 200, 0.5);
        let float = |index: usize| f32::from_le_bytes(bytes[index * 4..index * 4 + 4].try_into().unwrap());
        let head: Vec<f32> = (0..12).map(float).collect();
        assert_eq!(head[..3], [320.0, 200.0, 2.0]);
        assert_eq!(head[5..12], [1.0, 1.0, 0.0, 1.0, 1.0, 0.5, 0.5]);
        assert!((12..16).all(|index| float(index) == 0.0));
    }
}
