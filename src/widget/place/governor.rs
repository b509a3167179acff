//! Owns how large the place is drawn, so that the pace is held: a part of each side of the screen, moved in fine steps.
//! It is told what pictures cost; it measures nothing itself.

use std::time::Duration;

/// The least part of each side that is drawn; below it the place could no longer be recognised.
pub const SCALE_MIN: f32 = 1.0 / 3.0;
/// The largest part of each side: all of it.
pub const SCALE_MAX: f32 = 1.0;
/// One step: so small that the eye does not see it on a soft picture.
pub const STEP: f32 = 1.0 / 60.0;
/// A picture that takes more of the time it has makes the place smaller.
const TOO_MUCH: f32 = 0.80;
/// A picture that would still take less than this after the next step lets the place grow.
const ROOM_LEFT: f32 = 0.68;
/// So many costs are looked at together; the middle one counts, so that one hiccup changes nothing.
const WINDOW: usize = 5;
/// The place shrinks by at most so many steps at once, unless it stutters.
const STEPS_DOWN_MAX: f32 = 6.0;
/// A picture that takes so many times the time it has is a stutter, and that is worse than a visible step.
const STUTTER: f32 = 1.6;
/// A picture that comes after so many times the time it should is late.
const LATE: f32 = 1.2;
/// After it had to shrink, it does not grow again for so many windows; twice as many each time it happens again soon.
const PATIENCE_MIN: u32 = 6;
/// Nor does it wait for more than so many.
const PATIENCE_MAX: u32 = 600;
/// So many windows of peace, and the patience is short again.
const PEACE: u32 = 1_800;

/// What the system says about its own strength.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strain {
    /// It runs on its battery.
    pub on_battery: bool,
    /// It is close to too hot.
    pub is_hot: bool,
}

impl Strain {
    /// How much of the usual time a picture may take.
    fn share(self) -> f32 {
        let battery = if self.on_battery { 0.7 } else { 1.0 };
        if self.is_hot { battery * 0.5 } else { battery }
    }

    /// How large the place may be drawn at most.
    fn scale_max(self) -> f32 {
        match (self.on_battery, self.is_hot) {
            (_, true) => 0.5,
            (true, false) => 0.75,
            (false, false) => SCALE_MAX,
        }
    }
}

/// Holds the pace of one window.
#[derive(Clone, Debug)]
pub struct Governor {
    scale: f32,
    interval: Duration,
    strain: Strain,
    costs_s: Vec<f32>,
    patience: u32,
    waits: u32,
    peace: u32,
    ceiling: f32,
    was_too_much: bool,
}

impl Governor {
    /// Pictures are wanted so far apart; `scale` is the first guess.
    #[must_use]
    pub fn new(interval: Duration, scale: f32) -> Self {
        Self {
            scale: on_a_step(scale),
            interval,
            strain: Strain::default(),
            costs_s: Vec::with_capacity(WINDOW),
            patience: PATIENCE_MIN,
            waits: 0,
            peace: 0,
            ceiling: SCALE_MAX,
            was_too_much: false,
        }
    }

    /// The part of each side that is to be drawn, [`SCALE_MIN`] to [`SCALE_MAX`].
    #[must_use]
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// What the system says about itself.
    pub fn set_strain(&mut self, strain: Strain) {
        self.strain = strain;
    }

    /// A picture took so long at the scale of now, from its beginning until the device was done, and began so long after
    /// the one before. One that comes late although it was cheap was held up by what is not measured.
    pub fn was_drawn(&mut self, cost: Duration, after: Option<Duration>) {
        let late = after.filter(|after| *after > self.interval.mul_f32(LATE)).unwrap_or_default();
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
        let time_s = self.interval.as_secs_f32() * self.strain.share();
        let used = cost_s / time_s.max(1e-4);
        let ceiling = self.strain.scale_max();
        if self.scale > ceiling + STEP / 2.0 {
            self.shrink_to(self.scale - STEP);
            return;
        }
        self.peace = self.peace.saturating_add(1);
        if self.peace > PEACE {
            (self.patience, self.ceiling) = (PATIENCE_MIN, SCALE_MAX);
        }
        let too_much = used > TOO_MUCH;
        // One slow handful may be somebody else's doing; two in a row are not.
        let again = std::mem::replace(&mut self.was_too_much, too_much);
        if too_much && !again && used < 2.0 * STUTTER {
            return;
        }
        if too_much && self.scale > SCALE_MIN {
            // What a picture costs grows with its area at most.
            let fits = self.scale * (TOO_MUCH / used).sqrt();
            self.ceiling = self.scale - STEP;
            let least = if used > STUTTER { SCALE_MIN } else { self.scale - STEPS_DOWN_MAX * STEP };
            self.shrink_to(fits.max(least).min(self.scale - STEP));
            self.waits = self.patience;
            self.patience = (self.patience * 2).min(PATIENCE_MAX);
            self.peace = 0;
            return;
        }
        if self.waits > 0 && used > ROOM_LEFT / 2.0 {
            self.waits -= 1;
            return;
        }
        let grown = self.scale + STEP;
        // What proved too much is not tried again, unless pictures have become far cheaper since.
        if used * (self.ceiling / self.scale).powi(2) < ROOM_LEFT / 2.0 {
            self.ceiling = SCALE_MAX;
        }
        let allowed = grown <= ceiling.min(self.ceiling) + STEP / 4.0;
        if allowed && used * (grown / self.scale).powi(2) < ROOM_LEFT {
            // Far from the limit the way is short: three steps at once are as invisible as one.
            let far = used < ROOM_LEFT / 3.0;
            self.scale = on_a_step(if far { grown + 2.0 * STEP } else { grown }.min(ceiling.min(self.ceiling)));
        }
    }

    fn shrink_to(&mut self, scale: f32) {
        self.scale = on_a_step(scale);
    }
}

/// Whole steps below the largest, rounded down: the same scale is met again on the way back.
fn on_a_step(scale: f32) -> f32 {
    let steps = ((SCALE_MAX - scale) / STEP - 1e-3).ceil().max(0.0);
    (SCALE_MAX - steps * STEP).clamp(SCALE_MIN, SCALE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_micros(33_333);

    /// A machine that takes `full_ms` for the whole picture and `fixed_ms` for the rest, give or take some noise.
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

    /// Every scale in turn, one for each second of pictures at 30 a second or slower.
    fn run(governor: &mut Governor, machine: &mut Machine, seconds: f32) -> Vec<f32> {
        let (mut time_s, mut scales) = (0.0, Vec::new());
        while time_s < seconds {
            let cost = machine.cost(governor.scale());
            governor.was_drawn(cost, Some(cost.max(INTERVAL)));
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
    fn it_settles_within_three_seconds_and_then_swings_by_no_more_than_a_step() {
        for (index, full_ms) in [8.0_f32, 25.0, 36.0, 60.0, 115.0, 150.0].into_iter().enumerate() {
            for fixed_ms in [0.0, 4.0, 9.0] {
                for start in [SCALE_MIN, 0.75, 1.0] {
                    let mut machine = Machine { full_ms, fixed_ms, noise: 0.15, seed: index as u32 + 1 };
                    let mut governor = Governor::new(INTERVAL, start);
                    run(&mut governor, &mut machine, 3.0);
                    let cost = fixed_ms + full_ms * governor.scale().powi(2);
                    let case = format!("{full_ms} + {fixed_ms} ms from {start}: {}", governor.scale());
                    assert!(cost <= 33.4 || governor.scale() <= SCALE_MIN, "{case} takes {cost} ms");
                    let scales = run(&mut governor, &mut machine, 20.0);
                    // Growing goes on for a while on a strong machine; from then on it holds still.
                    let later = run(&mut governor, &mut machine, 60.0);
                    assert!(swing(&later) <= STEP * 1.01, "{case}: swings {} after {:?}", swing(&later), scales.last());
                }
            }
        }
    }

    #[test]
    fn a_strong_machine_draws_all_of_it_within_three_seconds_and_a_weak_one_no_less_than_a_third() {
        let mut governor = Governor::new(INTERVAL, SCALE_MIN);
        run(&mut governor, &mut Machine { full_ms: 3.0, fixed_ms: 1.0, noise: 0.2, seed: 3 }, 3.0);
        assert!((governor.scale() - SCALE_MAX).abs() < 1e-6);
        run(&mut governor, &mut Machine { full_ms: 900.0, fixed_ms: 30.0, noise: 0.2, seed: 4 }, 12.0);
        assert!((governor.scale() - SCALE_MIN).abs() < 1e-6);
    }

    #[test]
    fn a_load_that_comes_and_goes_is_followed_down_at_once_and_up_slowly() {
        let mut governor = Governor::new(INTERVAL, 0.75);
        let mut calm = Machine { full_ms: 20.0, fixed_ms: 3.0, noise: 0.1, seed: 9 };
        run(&mut governor, &mut calm, 10.0);
        let before = governor.scale();
        run(&mut governor, &mut Machine { full_ms: 70.0, fixed_ms: 6.0, noise: 0.1, seed: 5 }, 3.0);
        assert!(governor.scale() < before - 5.0 * STEP);
        // What the load cost is still in the first few.
        run(&mut governor, &mut calm, 0.5);
        let scales = run(&mut governor, &mut calm, 60.0);
        let leaps = scales.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(leaps <= 3.0 * STEP + 1e-4, "{leaps}");
    }

    #[test]
    fn it_backs_off_on_battery_and_in_heat_and_comes_back() {
        let mut machine = Machine { full_ms: 10.0, fixed_ms: 1.0, noise: 0.1, seed: 2 };
        let mut governor = Governor::new(INTERVAL, 1.0);
        governor.set_strain(Strain { on_battery: true, is_hot: false });
        run(&mut governor, &mut machine, 20.0);
        assert!(governor.scale() <= 0.76);
        governor.set_strain(Strain { on_battery: true, is_hot: true });
        run(&mut governor, &mut machine, 20.0);
        assert!(governor.scale() <= 0.51);
        governor.set_strain(Strain::default());
        run(&mut governor, &mut machine, 30.0);
        assert!((governor.scale() - SCALE_MAX).abs() < 1e-6);
    }

    #[test]
    fn every_scale_lies_on_a_step() {
        for scale in [0.0, 0.333, 0.34, 0.5, 0.7501, 0.99, 1.0, 7.0] {
            let stepped = on_a_step(scale);
            assert!((SCALE_MIN..=SCALE_MAX).contains(&stepped));
            assert!((on_a_step(stepped) - stepped).abs() < 1e-6, "{scale}");
        }
    }
}
