//! Owns easing: the curve along which things on the screen change, and a value that approaches its target along this
//! curve. Does not own what changes.

use std::time::{Duration, Instant};

/// Clamps `progress` to the range 0 to 1, and maps it to a point on a curve from 0 to 1. The curve has a slope of zero
/// at both ends, so nothing that follows it starts or stops abruptly.
#[must_use]
pub fn smoothstep(progress: f32) -> f32 {
    let progress = progress.clamp(0.0, 1.0);
    progress * progress * (3.0 - 2.0 * progress)
}

/// A value that eases towards its target instead of jumping to it.
#[derive(Clone, Copy, Debug)]
pub struct EasedValue {
    transition: Option<Transition>,
    duration: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Transition {
    from: f32,
    to: f32,
    since: Instant,
}

impl EasedValue {
    /// Creates a value that takes `duration` to reach each new target.
    #[must_use]
    pub const fn new(duration: Duration) -> Self {
        Self { transition: None, duration }
    }

    /// Sets the target and returns the value at `now`. The first target is reached at once. If the target changes
    /// during a transition, a new transition starts from the current value.
    pub fn towards(&mut self, target: f32, now: Instant) -> f32 {
        let transition = self.transition.get_or_insert(Transition { from: target, to: target, since: now });
        let value = transition.value_at(now, self.duration);
        if (transition.to - target).abs() > 1e-4 {
            *transition = Transition { from: value, to: target, since: now };
        }
        value
    }

    /// Whether the value has reached its target.
    #[must_use]
    pub fn is_settled(&self, now: Instant) -> bool {
        self.transition.is_none_or(|transition| {
            (transition.to - transition.from).abs() < 1e-4 || now >= transition.since + self.duration
        })
    }
}

impl Transition {
    fn value_at(&self, now: Instant, duration: Duration) -> f32 {
        let progress = now.saturating_duration_since(self.since).as_secs_f32() / duration.as_secs_f32();
        self.from + (self.to - self.from) * smoothstep(progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_target_starts_from_the_present_value() {
        let mut eased = EasedValue::new(Duration::from_millis(1_400));
        let start = Instant::now();
        assert!((eased.towards(0.9, start) - 0.9).abs() < 1e-6 && eased.is_settled(start));
        let mut before = eased.towards(0.4, start);
        for ms in (0..1_400).step_by(50) {
            let now = start + Duration::from_millis(ms);
            let target = if ms < 700 { 0.4 } else { 0.8 };
            let value = eased.towards(target, now);
            assert!((value - before).abs() < 0.04 && !eased.is_settled(now), "{ms}: {before} to {value}");
            before = value;
        }
        let end = start + Duration::from_secs(4);
        assert!((eased.towards(0.8, end) - 0.8).abs() < 1e-6 && eased.is_settled(end));
    }
}
