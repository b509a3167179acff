//! Owns the waiting times after failed attempts at a secret. The code is pure: the caller passes the time, in
//! milliseconds since 1970. Does not own the storage of the attempts, or the question of who made them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The waits after consecutive failed attempts.
#[derive(Debug)]
pub struct BackoffSchedule {
    /// Number of failed attempts that cause no wait, because everybody mistypes.
    pub free_attempts: u32,
    /// The wait after each further failed attempt, in seconds. The last value applies to all later attempts, so that
    /// staff never have to wait longer than that.
    pub waits_s: &'static [u64],
}

impl BackoffSchedule {
    /// Returns the wait after this many consecutive failed attempts.
    #[must_use]
    pub fn wait_after(&self, failed: u32) -> Duration {
        let Some(beyond) = failed.checked_sub(self.free_attempts + 1) else { return Duration::ZERO };
        let step = usize::try_from(beyond).unwrap_or(usize::MAX).min(self.waits_s.len().saturating_sub(1));
        Duration::from_secs(self.waits_s.get(step).copied().unwrap_or_default())
    }
}

/// A number of consecutive failed attempts, and the time of the last of them. Values are ordered by the number and then
/// by the time, so that the greater of two values is the one with the longer wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FailedAttempts {
    /// Number of failed attempts since the last success.
    #[serde(rename = "wrong")]
    pub count: u32,
    /// Time of the last failed attempt, in milliseconds since 1970.
    pub last_ms: u64,
}

impl FailedAttempts {
    /// Returns how much of the wait remains at `now_ms`.
    #[must_use]
    pub fn remaining_wait(self, schedule: &BackoffSchedule, now_ms: u64) -> Duration {
        let since = Duration::from_millis(now_ms.saturating_sub(self.last_ms));
        schedule.wait_after(self.count).saturating_sub(since)
    }

    /// Returns these attempts and one more, made at `now_ms`.
    #[must_use]
    pub const fn plus_one(self, now_ms: u64) -> Self {
        Self { count: self.count.saturating_add(1), last_ms: now_ms }
    }

    /// Returns these attempts, with the time of the last one moved back to `now_ms` if it is later, because a clock
    /// that was set back must not prolong the wait.
    #[must_use]
    pub fn not_after(self, now_ms: u64) -> Self {
        Self { last_ms: self.last_ms.min(now_ms), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: BackoffSchedule = BackoffSchedule { free_attempts: 2, waits_s: &[5, 30] };

    #[test]
    fn the_wait_grows_and_stays_bounded() {
        let waits = [0, 1, 2, 3, 4, 5, u32::MAX].map(|failed| SCHEDULE.wait_after(failed).as_secs());
        assert_eq!(waits, [0, 0, 0, 5, 30, 30, 30]);
        let attempts = FailedAttempts { count: 4, last_ms: 1_000 };
        assert_eq!(attempts.remaining_wait(&SCHEDULE, 1_000).as_secs(), 30);
        assert_eq!(attempts.remaining_wait(&SCHEDULE, 30_999), Duration::from_millis(1));
        assert_eq!(attempts.remaining_wait(&SCHEDULE, 31_000), Duration::ZERO);
    }

    #[test]
    fn a_clock_that_was_set_back_prolongs_no_wait() {
        let attempts = FailedAttempts { count: 3, last_ms: 1_000_000 }.not_after(1_000);
        assert_eq!(attempts.remaining_wait(&SCHEDULE, 6_000), Duration::ZERO);
        assert!(attempts.plus_one(1_000) > attempts && attempts.plus_one(1_000).not_after(0).last_ms == 0);
    }
}
