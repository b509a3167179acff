//! Owns a session's timeline, which clinicians call the arc: when each part begins, and the interpolation of values
//! such as light and intensity. Does not own the session clock (`session`).

use crate::vocabulary::Named;

/// A part of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The patient is settling in, and the infusion has not started.
    Settle,
    /// The first minutes of the infusion.
    Onset,
    /// The deepest part of the experience.
    Peak,
    /// The patient is coming back.
    Return,
    /// The patient is back and calm.
    Landing,
}

impl Part {
    /// Every part, in order.
    pub const ALL: [Self; 5] = [Self::Settle, Self::Onset, Self::Peak, Self::Return, Self::Landing];

    /// The part's name in files and messages.
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

    /// Returns the part with this name, or `None` if no part has it.
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

/// Milliseconds in a minute.
pub const MINUTE_MS: u64 = 60_000;

/// How long the music continues after the infusion, in milliseconds.
const MUSIC_AFTER_INFUSION_MS: u64 = 15 * MINUTE_MS;
/// Length of return and landing together, in milliseconds.
const RETURN_AND_LANDING_MS: u64 = 20 * MINUTE_MS;
const LANDING_MS: u64 = 10 * MINUTE_MS;
const ONSET_MIN_MS: u64 = 8 * MINUTE_MS;
const ONSET_MAX_MS: u64 = 15 * MINUTE_MS;
/// Maximum time from *End now* to the start of the landing, in milliseconds. It is also the duration of each transition
/// that begins at or after *End now*.
const END_NOW_TRANSITION_MS: u64 = MINUTE_MS;
/// Duration of the transition from the value of one part to the value of the next, in milliseconds. It is long enough
/// that no change startles the patient.
const PART_TRANSITION_MS: u64 = 5 * MINUTE_MS;

/// Minimum length of an infusion, in minutes. A shorter one leaves too little time for the parts.
pub const INFUSION_MINUTES_MIN: u32 = 20;
/// Maximum length of an infusion, in minutes, extensions included.
pub const INFUSION_MINUTES_MAX: u32 = 240;
/// Maximum time from *End now* until the session has landed, in minutes.
pub const LANDING_MINUTES_MAX: u32 = 20;

/// When the parts of one session begin, in milliseconds of the session clock, which starts with the infusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimeline {
    /// Length of the infusion, extensions included.
    pub infusion_ms: u64,
    /// When onset ends and peak begins.
    pub peak_from_ms: u64,
    /// When peak ends and return begins.
    pub return_from_ms: u64,
    /// When return ends and landing begins.
    pub landing_from_ms: u64,
    /// When the landing ends, and the session counts as landed.
    pub end_ms: u64,
    /// When *End now* was first pressed. Transitions that begin at that time or later are faster.
    ended_at_ms: Option<u64>,
}

impl SessionTimeline {
    /// Creates the timeline of a session whose infusion takes `infusion_minutes`.
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
            ended_at_ms: None,
        }
    }

    /// Whether the session was ended early, by *End now*.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        self.ended_at_ms.is_some()
    }

    /// The part at `clock_ms`.
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

    /// Returns the first boundary after `clock_ms`: the beginning of a part, or the end of the session. `None` once the
    /// session has landed.
    #[must_use]
    pub fn next_boundary(&self, clock_ms: u64) -> Option<u64> {
        self.boundaries().into_iter().find(|boundary| *boundary > clock_ms)
    }

    /// Extends the infusion by `minutes` at `clock_ms`. Parts that have already begun keep their start times, and the
    /// current part remains the current one.
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

    /// Ends the session early, at `clock_ms`. The session reaches the landing within a minute and has landed after at
    /// most `landing_minutes`. No boundary moves to a later time.
    pub fn end_now(&mut self, clock_ms: u64, landing_minutes: u32) {
        let lands_in_ms = u64::from(landing_minutes) * MINUTE_MS;
        self.ended_at_ms = Some(self.ended_at_ms.map_or(clock_ms, |earlier_ms| earlier_ms.min(clock_ms)));
        self.peak_from_ms = self.peak_from_ms.min(clock_ms);
        self.return_from_ms = self.return_from_ms.min(clock_ms);
        self.landing_from_ms = self.landing_from_ms.min(clock_ms + END_NOW_TRANSITION_MS.min(lands_in_ms));
        self.end_ms = self.end_ms.min(clock_ms + lands_in_ms).max(clock_ms);
    }

    /// Interpolates between `keyframes`, one for each part in the order of [`Part::ALL`], without a jump. `clock_ms` is
    /// `None` while settling.
    #[must_use]
    pub fn interpolate(&self, keyframes: &[f32; 5], clock_ms: Option<u64>) -> f32 {
        let Some(clock_ms) = clock_ms else { return keyframes[0] };
        let starts = [0, self.peak_from_ms, self.return_from_ms, self.landing_from_ms];
        let mut value = keyframes[0];
        for (index, start) in starts.into_iter().enumerate() {
            if clock_ms < start {
                break;
            }
            let until = starts.get(index + 1).copied().unwrap_or(u64::MAX).min(clock_ms);
            // A transition that had begun before the session was ended keeps its duration.
            let is_hurried = self.ended_at_ms.is_some_and(|ended_at_ms| start >= ended_at_ms);
            let transition_ms = if is_hurried { END_NOW_TRANSITION_MS } else { PART_TRANSITION_MS };
            let progress = (until.saturating_sub(start)) as f32 / transition_ms as f32;
            value += (keyframes[index + 1] - value) * smoothstep(progress);
        }
        value
    }

    fn boundaries(&self) -> [u64; 4] {
        [self.peak_from_ms, self.return_from_ms, self.landing_from_ms, self.end_ms]
    }
}

fn onset_length_ms(infusion_ms: u64) -> u64 {
    (infusion_ms * 3 / 10).clamp(ONSET_MIN_MS, ONSET_MAX_MS)
}

fn smoothstep(x: f32) -> f32 {
    let x = x.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boundaries_in_minutes(infusion_minutes: u32) -> [u64; 4] {
        SessionTimeline::new(infusion_minutes).boundaries().map(|boundary_ms| boundary_ms / MINUTE_MS)
    }

    #[test]
    fn parts_begin_where_the_contract_says() {
        assert_eq!(boundaries_in_minutes(40), [12, 35, 45, 55]);
        assert_eq!(boundaries_in_minutes(60), [15, 55, 65, 75]);
        assert_eq!(boundaries_in_minutes(120), [15, 115, 125, 135]);
        assert_eq!(boundaries_in_minutes(20), [8, 15, 25, 35]);
    }

    #[test]
    fn extending_never_moves_back_a_part_and_always_adds_the_time() {
        for infusion in [20, 40, 60, 120, 240] {
            let plain = SessionTimeline::new(infusion);
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
    fn end_now_reaches_the_landing_within_a_minute_and_lands_on_time() {
        for minutes in 0..=20 {
            for second in (0..55 * 60).step_by(7) {
                let now = second * 1000;
                let mut timeline = SessionTimeline::new(40);
                let before = timeline.part_at(now);
                timeline.end_now(now, minutes);
                assert!(timeline.part_at(now) >= before);
                assert_eq!(timeline.part_at(now + END_NOW_TRANSITION_MS), Part::Landing);
                assert!(timeline.end_ms <= now + u64::from(minutes) * MINUTE_MS);
                assert!(timeline.end_ms >= now);
            }
        }
    }

    #[test]
    fn interpolated_values_never_jump() {
        let keyframes = [0.9, 0.6, 0.2, 0.5, 0.8];
        let timeline = SessionTimeline::new(40);
        let mut before = timeline.interpolate(&keyframes, None);
        for second in 0..=timeline.end_ms / 1000 {
            let now = timeline.interpolate(&keyframes, Some(second * 1000));
            assert!((now - before).abs() < 0.006, "a step of {} at {second} s", now - before);
            before = now;
        }
        assert!((timeline.interpolate(&keyframes, Some(30 * MINUTE_MS)) - 0.2).abs() < 1e-4);
    }
}
