//! Owns the shape of a session: where each part begins and how light and intensity follow.
//! Does not own the clock that runs through it.

use crate::vocabulary::Named;

/// A part of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// From sitting down until the pump starts.
    Settle,
    /// The first minutes of the infusion.
    Onset,
    /// The deepest part.
    Peak,
    /// Coming back.
    Return,
    /// Back, and calm.
    Landing,
}

impl Part {
    /// Every part in order.
    pub const ALL: [Self; 5] = [Self::Settle, Self::Onset, Self::Peak, Self::Return, Self::Landing];

    /// Its name in files and lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settle => "settle",
            Self::Onset => "onset",
            Self::Peak => "peak",
            Self::Return => "return",
            Self::Landing => "landing",
        }
    }

    /// The part of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        <Self as Named>::from_name(name)
    }
}

impl Named for Part {
    const ALL: &'static [Self] = &Self::ALL;

    fn name(self) -> &'static str {
        self.name()
    }
}

/// One minute in milliseconds.
pub const MINUTE_MS: u64 = 60_000;

/// How long after the infusion the music goes on.
const MUSIC_AFTER_INFUSION_MS: u64 = 15 * MINUTE_MS;
/// The calm at the end: return and landing together.
const RETURN_AND_LANDING_MS: u64 = 20 * MINUTE_MS;
const LANDING_MS: u64 = 10 * MINUTE_MS;
const ONSET_SHORTEST_MS: u64 = 8 * MINUTE_MS;
const ONSET_LONGEST_MS: u64 = 15 * MINUTE_MS;
/// *End now* glides into landing over this long.
const END_NOW_GLIDE_MS: u64 = MINUTE_MS;
/// Light and colour move from one part to the next over this long, so that nothing startles.
const BLEND_MS: u64 = 5 * MINUTE_MS;

/// The shortest infusion the arc can hold, in minutes.
pub const INFUSION_MINUTES_MIN: u32 = 20;
/// The longest infusion the arc can hold, in minutes.
pub const INFUSION_MINUTES_MAX: u32 = 240;

/// The parts of one session, in milliseconds of the session clock from the start of the pump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arc {
    /// The infusion's length.
    pub infusion_ms: u64,
    /// Where onset gives way to peak.
    pub peak_from_ms: u64,
    /// Where peak gives way to return.
    pub return_from_ms: u64,
    /// Where return gives way to landing.
    pub landing_from_ms: u64,
    /// Where the session has landed.
    pub end_ms: u64,
    /// Whether it was ended early.
    pub ended: bool,
    /// From here on light and colour glide faster, because it was ended early; never, if it was not.
    pub hurried_from_ms: u64,
}

impl Arc {
    /// The arc of an infusion of so many minutes.
    #[must_use]
    pub fn new(infusion_minutes: u32) -> Self {
        let infusion_ms = u64::from(infusion_minutes) * MINUTE_MS;
        let end_ms = infusion_ms + MUSIC_AFTER_INFUSION_MS;
        let return_from_ms = end_ms.saturating_sub(RETURN_AND_LANDING_MS);
        Self {
            infusion_ms,
            peak_from_ms: onset_length_ms(infusion_ms).min(return_from_ms),
            return_from_ms,
            landing_from_ms: end_ms.saturating_sub(LANDING_MS),
            end_ms,
            ended: false,
            hurried_from_ms: u64::MAX,
        }
    }

    /// The part at that moment of the session clock.
    #[must_use]
    pub fn part_at(&self, clock_ms: u64) -> Part {
        if clock_ms < self.peak_from_ms {
            Part::Onset
        } else if clock_ms < self.return_from_ms {
            Part::Peak
        } else if clock_ms < self.landing_from_ms {
            Part::Return
        } else {
            Part::Landing
        }
    }

    /// The next border after that moment, if there is one.
    #[must_use]
    pub fn border_after(&self, clock_ms: u64) -> Option<u64> {
        self.borders().into_iter().find(|border| *border > clock_ms)
    }

    /// A longer infusion, asked for at `clock_ms`. What is past stays; all that is still ahead moves; the part that
    /// is running never goes back to an earlier one.
    pub fn extend(&mut self, clock_ms: u64, minutes: u32) {
        let more_ms = u64::from(minutes) * MINUTE_MS;
        let part = self.part_at(clock_ms);
        self.infusion_ms += more_ms;
        self.end_ms += more_ms;
        if part < Part::Landing {
            self.landing_from_ms += more_ms;
        }
        if part < Part::Return {
            self.return_from_ms += more_ms;
        }
        if part == Part::Onset {
            self.peak_from_ms = onset_length_ms(self.infusion_ms).min(self.return_from_ms);
        }
    }

    /// The session ends early, asked for at `clock_ms`: it glides to landing over a minute and has landed after
    /// `landing_minutes`.
    pub fn end_now(&mut self, clock_ms: u64, landing_minutes: u32) {
        let lands_in_ms = u64::from(landing_minutes) * MINUTE_MS;
        self.ended = true;
        self.hurried_from_ms = self.hurried_from_ms.min(clock_ms);
        self.peak_from_ms = self.peak_from_ms.min(clock_ms);
        self.return_from_ms = self.return_from_ms.min(clock_ms);
        self.landing_from_ms = self.landing_from_ms.min(clock_ms + END_NOW_GLIDE_MS.min(lands_in_ms));
        self.end_ms = self.end_ms.min(clock_ms + lands_in_ms).max(clock_ms);
    }

    /// A value that each part names for itself (`values` in the order of [`Part::ALL`]), followed through the session
    /// without a jump. `clock_ms` is `None` while settling.
    #[must_use]
    pub fn follow(&self, values: &[f32; 5], clock_ms: Option<u64>) -> f32 {
        let Some(clock_ms) = clock_ms else { return values[0] };
        let starts = [0, self.peak_from_ms, self.return_from_ms, self.landing_from_ms];
        let mut value = values[0];
        for (index, start) in starts.into_iter().enumerate() {
            if clock_ms < start {
                break;
            }
            let until = starts.get(index + 1).copied().unwrap_or(u64::MAX).min(clock_ms);
            // Only what begins with the early end is hurried; what was on its way keeps its pace.
            let blend_ms = if start >= self.hurried_from_ms { END_NOW_GLIDE_MS } else { BLEND_MS };
            let progress = (until.saturating_sub(start)) as f32 / blend_ms as f32;
            value += (values[index + 1] - value) * smooth(progress);
        }
        value
    }

    fn borders(&self) -> [u64; 4] {
        [self.peak_from_ms, self.return_from_ms, self.landing_from_ms, self.end_ms]
    }
}

fn onset_length_ms(infusion_ms: u64) -> u64 {
    (infusion_ms * 3 / 10).clamp(ONSET_SHORTEST_MS, ONSET_LONGEST_MS)
}

fn smooth(x: f32) -> f32 {
    let x = x.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn borders_in_minutes(infusion_minutes: u32) -> [u64; 4] {
        Arc::new(infusion_minutes).borders().map(|border| border / MINUTE_MS)
    }

    #[test]
    fn parts_fall_where_the_contract_says() {
        assert_eq!(borders_in_minutes(40), [12, 35, 45, 55]);
        assert_eq!(borders_in_minutes(60), [15, 55, 65, 75]);
        assert_eq!(borders_in_minutes(120), [15, 115, 125, 135]);
        assert_eq!(borders_in_minutes(20), [8, 15, 25, 35]);
    }

    #[test]
    fn extending_never_sends_a_part_backwards_and_always_adds_the_time() {
        for infusion in [20, 40, 60, 120, 240] {
            let plain = Arc::new(infusion);
            for second in 0..plain.end_ms / 1000 {
                let now = second * 1000;
                let mut longer = plain;
                longer.extend(now, 5);
                assert!(longer.part_at(now) == plain.part_at(now), "at {now} of {infusion}");
                assert_eq!(longer.end_ms, plain.end_ms + 5 * MINUTE_MS);
            }
        }
    }

    #[test]
    fn ending_reaches_landing_within_a_minute_and_lands_on_time() {
        for minutes in 0..=20 {
            for second in (0..55 * 60).step_by(7) {
                let now = second * 1000;
                let mut arc = Arc::new(40);
                let before = arc.part_at(now);
                arc.end_now(now, minutes);
                assert!(arc.part_at(now) >= before);
                assert_eq!(arc.part_at(now + END_NOW_GLIDE_MS), Part::Landing);
                assert!(arc.end_ms <= now + u64::from(minutes) * MINUTE_MS);
                assert!(arc.end_ms >= now);
            }
        }
    }

    #[test]
    fn what_follows_the_arc_never_jumps() {
        let values = [0.9, 0.6, 0.2, 0.5, 0.8];
        let arc = Arc::new(40);
        let mut before = arc.follow(&values, None);
        for second in 0..=arc.end_ms / 1000 {
            let now = arc.follow(&values, Some(second * 1000));
            assert!((now - before).abs() < 0.006, "a step of {} at {second} s", now - before);
            before = now;
        }
        assert!((arc.follow(&values, Some(30 * MINUTE_MS)) - 0.2).abs() < 1e-4);
    }
}
