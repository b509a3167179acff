//! Owns the slowing of a place while the room is calm: the place's own clock runs at half the speed of the room's
//! clock, and falls behind it without a jump. Does not own what moves.

use std::time::{Duration, Instant};

use crate::widget::easing::EasedValue;

/// Speed of the place's clock while the room is calm, relative to the room's clock.
const CALM_SPEED: f32 = 0.5;
/// Duration of a change of speed.
const CHANGE: Duration = Duration::from_secs(4);
/// Maximum length of a step in which the speed is treated as constant while it is changing.
const STEP: Duration = Duration::from_millis(100);

/// The place's clock, described by how far it is behind the room's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlowedClock {
    speed: EasedValue,
    lag_ms: f64,
    at: Option<Instant>,
}

impl Default for SlowedClock {
    fn default() -> Self {
        Self { speed: EasedValue::new(CHANGE), lag_ms: 0.0, at: None }
    }
}

impl SlowedClock {
    /// Returns how far the place's clock is behind at `now`, in milliseconds. The clock never catches up.
    pub(super) fn lag_ms_at(&mut self, is_calm: bool, now: Instant) -> u64 {
        let target = if is_calm { CALM_SPEED } else { 1.0 };
        let from = self.at.unwrap_or(now);
        let mut at = from;
        // Frames may be far apart. After `CHANGE`, the speed is constant, so the rest of the time needs no steps.
        while at < now && at < from + CHANGE {
            let next = (at + STEP).min(now);
            let speed = self.speed.towards(target, at);
            self.add(next.saturating_duration_since(at), speed);
            at = next;
        }
        let speed = self.speed.towards(target, now);
        self.add(now.saturating_duration_since(at), speed);
        self.at = Some(now.max(from));
        self.lag_ms as u64
    }

    fn add(&mut self, time: Duration, speed: f32) {
        self.lag_ms += time.as_secs_f64() * 1000.0 * f64::from(1.0 - speed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_halves_its_speed_without_a_jump_and_never_runs_backwards() {
        let start = Instant::now();
        let mut clock = SlowedClock::default();
        let mut place_ms = 0.0;
        for ms in (0_u64..40_000).step_by(33) {
            let is_calm = (10_000..25_000).contains(&ms);
            let lag_ms = clock.lag_ms_at(is_calm, start + Duration::from_millis(ms));
            let now_ms = (ms - lag_ms) as f64;
            let step_ms = now_ms - place_ms;
            assert!(ms == 0 || (15.0..=34.5).contains(&step_ms), "{ms}: {step_ms}");
            if (15_000..24_900).contains(&ms) {
                assert!(step_ms <= 18.0, "half the speed at {ms}: {step_ms}");
            }
            place_ms = now_ms;
        }
        let lag_ms = clock.lag_ms_at(false, start + Duration::from_secs(40));
        assert!((6_000..9_000).contains(&lag_ms), "{lag_ms}");
        assert_eq!(clock.lag_ms_at(false, start + Duration::from_mins(1)), lag_ms, "it stays behind");
    }

    #[test]
    fn frames_that_are_far_apart_do_not_matter() {
        let start = Instant::now();
        let (mut often, mut seldom) = (SlowedClock::default(), SlowedClock::default());
        for ms in (0_u64..=20_000).step_by(50) {
            often.lag_ms_at(ms >= 50, start + Duration::from_millis(ms));
        }
        seldom.lag_ms_at(false, start);
        seldom.lag_ms_at(true, start + Duration::from_millis(50));
        let at = start + Duration::from_secs(20);
        let (often, seldom) = (often.lag_ms_at(true, at), seldom.lag_ms_at(true, at));
        assert!(often.abs_diff(seldom) < 60, "{often} and {seldom}");
    }
}
