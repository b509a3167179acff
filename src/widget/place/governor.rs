//! Owns dynamic resolution: to hold the frame rate, the place may be rendered at a reduced size. The scale, a fraction
//! of each side of the screen, changes in steps that are too small to see. Does not own the measurement of frames;
//! their cost is passed in.

use std::time::Duration;

/// Minimum scale. At a smaller scale, the place could no longer be recognised.
pub const SCALE_MIN: f32 = 1.0 / 3.0;
/// Maximum scale, at which the place is rendered at the size of the screen.
pub const SCALE_MAX: f32 = 1.0;
/// Step by which the scale changes. On a soft picture, it is too small to see.
pub const SCALE_STEP: f32 = 1.0 / 60.0;
/// Maximum fraction of its interval that a frame may take. If frames take more, the scale falls.
const LOAD_MAX: f32 = 0.80;
/// The scale rises by a step only if a frame at the larger scale is estimated to take less than this fraction of its
/// interval. The gap to [`LOAD_MAX`] keeps the scale from swinging.
const LOAD_TO_GROW: f32 = 0.68;
/// Number of frames in a measuring window. Only the median cost of a window counts, so a single slow frame changes
/// nothing.
const WINDOW: usize = 5;
/// Maximum number of steps by which the scale falls at once, unless frames stutter.
const STEPS_DOWN_MAX: f32 = 6.0;
/// A frame that costs more than this number of intervals is a stutter, which is worse than a visible step of the scale.
const STUTTER_LOAD: f32 = 1.6;
/// A frame is late if it starts more than this number of intervals after the start of the previous frame.
const LATE_INTERVALS: f32 = 1.2;
/// Number of measuring windows for which the scale does not rise after it had to fall, unless frames have become far
/// cheaper. The number doubles each time the scale falls again, up to [`HOLD_WINDOWS_MAX`].
const HOLD_WINDOWS_MIN: u32 = 6;
/// Maximum number of windows for which the scale does not rise.
const HOLD_WINDOWS_MAX: u32 = 600;
/// Number of windows without a fall of the scale after which the doubling starts again at [`HOLD_WINDOWS_MIN`].
const RESET_WINDOWS: u32 = 1_800;

/// What the system reports about its power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PowerState {
    /// Whether the machine runs on battery.
    pub is_on_battery: bool,
    /// Whether the machine is close to throttling.
    pub is_hot: bool,
}

impl PowerState {
    /// Returns the fraction of a frame's interval that counts as available in this power state.
    fn interval_share(self) -> f32 {
        let battery = if self.is_on_battery { 0.7 } else { 1.0 };
        if self.is_hot { battery * 0.5 } else { battery }
    }

    /// Returns the largest scale in this power state.
    fn scale_max(self) -> f32 {
        match (self.is_on_battery, self.is_hot) {
            (_, true) => 0.5,
            (true, false) => 0.75,
            (false, false) => SCALE_MAX,
        }
    }
}

/// Holds the frame rate of an application window by changing the scale at which the place in it is rendered.
#[derive(Clone, Debug)]
pub struct ResolutionGovernor {
    scale: f32,
    interval: Duration,
    power_state: PowerState,
    costs_s: Vec<f32>,
    hold_windows: u32,
    hold_left: u32,
    windows_since_fall: u32,
    ceiling: f32,
    was_overloaded: bool,
}

impl ResolutionGovernor {
    /// Creates a governor for frames that are `interval` apart. It starts at `scale`.
    #[must_use]
    pub fn new(interval: Duration, scale: f32) -> Self {
        Self {
            scale: to_step(scale),
            interval,
            power_state: PowerState::default(),
            costs_s: Vec::with_capacity(WINDOW),
            hold_windows: HOLD_WINDOWS_MIN,
            hold_left: 0,
            windows_since_fall: 0,
            ceiling: SCALE_MAX,
            was_overloaded: false,
        }
    }

    /// Returns the scale for the next frame, [`SCALE_MIN`] to [`SCALE_MAX`].
    #[must_use]
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// Sets the system's power state.
    pub fn set_power_state(&mut self, power_state: PowerState) {
        self.power_state = power_state;
    }

    /// Records a frame at the current scale. `cost` is the time from the frame's start until the GPU had finished it,
    /// and `after` is the time since the start of the previous frame. A frame that was cheap but late was held up by
    /// something that is not measured, so `after` counts as its cost.
    pub fn record_frame(&mut self, cost: Duration, after: Option<Duration>) {
        let late = after.filter(|after| *after > self.interval.mul_f32(LATE_INTERVALS)).unwrap_or_default();
        self.costs_s.push(cost.max(late).as_secs_f32());
        if self.costs_s.len() < WINDOW {
            return;
        }
        self.costs_s.sort_by(f32::total_cmp);
        let cost_s = self.costs_s[WINDOW / 2];
        self.costs_s.clear();
        self.decide(cost_s);
    }

    fn decide(&mut self, cost_s: f32) {
        let time_s = self.interval.as_secs_f32() * self.power_state.interval_share();
        let used = cost_s / time_s.max(1e-4);
        let ceiling = self.power_state.scale_max();
        if self.scale > ceiling + SCALE_STEP / 2.0 {
            self.shrink_to(self.scale - SCALE_STEP);
            return;
        }
        self.windows_since_fall = self.windows_since_fall.saturating_add(1);
        if self.windows_since_fall > RESET_WINDOWS {
            (self.hold_windows, self.ceiling) = (HOLD_WINDOWS_MIN, SCALE_MAX);
        }
        let is_overloaded = used > LOAD_MAX;
        // A single slow window may be caused by another program, so the scale falls only after two in a row, unless
        // frames stutter badly.
        let again = std::mem::replace(&mut self.was_overloaded, is_overloaded);
        if is_overloaded && !again && used < 2.0 * STUTTER_LOAD {
            return;
        }
        if is_overloaded && self.scale > SCALE_MIN {
            // The cost of a frame grows no faster than its area.
            let fits = self.scale * (LOAD_MAX / used).sqrt();
            self.ceiling = self.scale - SCALE_STEP;
            let least = if used > STUTTER_LOAD { SCALE_MIN } else { self.scale - STEPS_DOWN_MAX * SCALE_STEP };
            self.shrink_to(fits.max(least).min(self.scale - SCALE_STEP));
            self.hold_left = self.hold_windows;
            self.hold_windows = (self.hold_windows * 2).min(HOLD_WINDOWS_MAX);
            self.windows_since_fall = 0;
            return;
        }
        if self.hold_left > 0 && used > LOAD_TO_GROW / 2.0 {
            self.hold_left -= 1;
            return;
        }
        let grown = self.scale + SCALE_STEP;
        // A scale that proved too large is not tried again, unless frames have become far cheaper since, or
        // [`RESET_WINDOWS`] have passed.
        if used * (self.ceiling / self.scale).powi(2) < LOAD_TO_GROW / 2.0 {
            self.ceiling = SCALE_MAX;
        }
        let allowed = grown <= ceiling.min(self.ceiling) + SCALE_STEP / 4.0;
        if allowed && used * (grown / self.scale).powi(2) < LOAD_TO_GROW {
            // Far from the limit, the scale rises three steps at once, which are as invisible as one step.
            let far = used < LOAD_TO_GROW / 3.0;
            self.scale = to_step(if far { grown + 2.0 * SCALE_STEP } else { grown }.min(ceiling.min(self.ceiling)));
        }
    }

    fn shrink_to(&mut self, scale: f32) {
        self.scale = to_step(scale);
    }
}

/// Rounds a scale down to a whole number of steps below the maximum, so that the scale rises through the same values
/// through which it fell.
fn to_step(scale: f32) -> f32 {
    let steps = ((SCALE_MAX - scale) / SCALE_STEP - 1e-3).ceil().max(0.0);
    (SCALE_MAX - steps * SCALE_STEP).clamp(SCALE_MIN, SCALE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_micros(33_333);

    /// A simulated machine that takes `full_ms` for the scene at full scale and `fixed_ms` for the rest of a frame.
    /// `noise` varies the cost of the scene, and `seed` is the state of its random numbers.
    struct Machine {
        full_ms: f32,
        fixed_ms: f32,
        noise: f32,
        seed: u32,
    }

    impl Machine {
        fn cost(&mut self, scale: f32) -> Duration {
            self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = 1.0 + self.noise * (2.0 * (self.seed >> 8) as f32 / 16_777_216.0 - 1.0);
            let hiccup = if (self.seed >> 17) % 64 == 7 { 40.0 } else { 0.0 };
            Duration::from_secs_f32((self.fixed_ms + self.full_ms * scale * scale * noise + hiccup) / 1000.0)
        }
    }

    /// Simulates frames at 30 per second or slower, and returns the scale after each frame.
    fn run(governor: &mut ResolutionGovernor, machine: &mut Machine, seconds: f32) -> Vec<f32> {
        let (mut time_s, mut scales) = (0.0, Vec::new());
        while time_s < seconds {
            let cost = machine.cost(governor.scale());
            governor.record_frame(cost, Some(cost.max(INTERVAL)));
            time_s += cost.max(INTERVAL).as_secs_f32();
            assert!(governor.scale() >= SCALE_MIN && governor.scale() <= SCALE_MAX);
            scales.push(governor.scale());
        }
        scales
    }

    fn swing(scales: &[f32]) -> f32 {
        let most = scales.iter().copied().fold(0.0, f32::max);
        most - scales.iter().copied().fold(2.0, f32::min)
    }

    #[test]
    fn it_settles_within_three_seconds_and_then_moves_by_at_most_one_step() {
        for (index, full_ms) in [8.0_f32, 25.0, 36.0, 60.0, 115.0, 150.0].into_iter().enumerate() {
            for fixed_ms in [0.0, 4.0, 9.0] {
                for start in [SCALE_MIN, 0.75, 1.0] {
                    let mut machine = Machine { full_ms, fixed_ms, noise: 0.15, seed: index as u32 + 1 };
                    let mut governor = ResolutionGovernor::new(INTERVAL, start);
                    run(&mut governor, &mut machine, 3.0);
                    let cost = fixed_ms + full_ms * governor.scale().powi(2);
                    let case = format!("{full_ms} + {fixed_ms} ms from {start}: {}", governor.scale());
                    assert!(cost <= 33.4 || governor.scale() <= SCALE_MIN, "{case} takes {cost} ms");
                    let scales = run(&mut governor, &mut machine, 20.0);
                    // On a fast machine, the scale may still rise during these 20 s. During the 60 s after them, it has
                    // to stay.
                    let later = run(&mut governor, &mut machine, 60.0);
                    assert!(
                        swing(&later) <= SCALE_STEP * 1.01,
                        "{case}: swings {} after {:?}",
                        swing(&later),
                        scales.last()
                    );
                }
            }
        }
    }

    #[test]
    fn a_fast_machine_reaches_full_scale_within_three_seconds_and_a_slow_one_no_less_than_a_third() {
        let mut governor = ResolutionGovernor::new(INTERVAL, SCALE_MIN);
        run(&mut governor, &mut Machine { full_ms: 3.0, fixed_ms: 1.0, noise: 0.2, seed: 3 }, 3.0);
        assert!((governor.scale() - SCALE_MAX).abs() < 1e-6);
        run(&mut governor, &mut Machine { full_ms: 900.0, fixed_ms: 30.0, noise: 0.2, seed: 4 }, 12.0);
        assert!((governor.scale() - SCALE_MIN).abs() < 1e-6);
    }

    #[test]
    fn the_scale_follows_a_load_down_at_once_and_up_slowly() {
        let mut governor = ResolutionGovernor::new(INTERVAL, 0.75);
        let mut calm = Machine { full_ms: 20.0, fixed_ms: 3.0, noise: 0.1, seed: 9 };
        run(&mut governor, &mut calm, 10.0);
        let before = governor.scale();
        run(&mut governor, &mut Machine { full_ms: 70.0, fixed_ms: 6.0, noise: 0.1, seed: 5 }, 3.0);
        assert!(governor.scale() < before - 5.0 * SCALE_STEP);
        // The first window still contains frames under load.
        run(&mut governor, &mut calm, 0.5);
        let scales = run(&mut governor, &mut calm, 60.0);
        let jump = scales.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(jump <= 3.0 * SCALE_STEP + 1e-4, "{jump}");
    }

    #[test]
    fn it_backs_off_on_battery_and_in_heat_and_recovers() {
        let mut machine = Machine { full_ms: 10.0, fixed_ms: 1.0, noise: 0.1, seed: 2 };
        let mut governor = ResolutionGovernor::new(INTERVAL, 1.0);
        governor.set_power_state(PowerState { is_on_battery: true, is_hot: false });
        run(&mut governor, &mut machine, 20.0);
        assert!(governor.scale() <= 0.76);
        governor.set_power_state(PowerState { is_on_battery: true, is_hot: true });
        run(&mut governor, &mut machine, 20.0);
        assert!(governor.scale() <= 0.51);
        governor.set_power_state(PowerState::default());
        run(&mut governor, &mut machine, 30.0);
        assert!((governor.scale() - SCALE_MAX).abs() < 1e-6);
    }

    #[test]
    fn every_scale_is_rounded_to_a_step() {
        for scale in [0.0, 0.333, 0.34, 0.5, 0.7501, 0.99, 1.0, 7.0] {
            let stepped = to_step(scale);
            assert!((SCALE_MIN..=SCALE_MAX).contains(&stepped));
            assert!((to_step(stepped) - stepped).abs() < 1e-6, "{scale}");
        }
    }
}
