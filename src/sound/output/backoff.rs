//! Owns the schedules of attempts to open an output and of repeated reports that there is none. Each attempt leaks some
//! memory in ALSA and its plug-ins, so the pause between attempts doubles after every failure, up to 30 seconds, until
//! the probe of the outputs shows a change. Does not own the probe (`probe`) or a clock; callers pass the time in.

use std::time::{Duration, Instant};

/// First pause between attempts, and interval of the probe: a change that the probe shows is noticed within this time.
pub const FIRST: Duration = Duration::from_secs(1);
/// Longest pause between attempts. A change that the probe does not show is noticed within this time.
const LONGEST: Duration = Duration::from_secs(30);
/// Minimum time for which an output must have been open to be reopened immediately after its loss. An output that is
/// lost sooner never worked properly.
const STEADY: Duration = Duration::from_secs(10);
/// Time from the first report of a lasting loss to the second. It doubles after each report, up to [`REMIND_LONGEST`].
const REMIND_FIRST: Duration = Duration::from_mins(1);
/// Longest time between two reports of a lasting loss.
const REMIND_LONGEST: Duration = Duration::from_hours(1);

/// The schedule of attempts to open an output. `T` is the state of the outputs that the probe shows.
#[derive(Debug)]
pub struct Backoff<T> {
    seen: Option<T>,
    pause: Duration,
    due: Instant,
}

impl<T: PartialEq> Backoff<T> {
    /// Creates a schedule whose first attempt is due immediately.
    pub const fn new(now: Instant) -> Self {
        Self { seen: None, pause: FIRST, due: now }
    }

    /// Returns whether an attempt is due: the pause is over, or `seen`, the current state of the outputs, has changed.
    pub fn is_due(&mut self, now: Instant, seen: T) -> bool {
        let changed = self.seen.as_ref() != Some(&seen);
        self.seen = Some(seen);
        if changed {
            self.pause = FIRST;
        }
        changed || now >= self.due
    }

    /// Schedules the attempt that follows a failed one, and doubles the pause after that.
    pub fn failed(&mut self, now: Instant) {
        self.due = now + self.pause;
        self.pause = (self.pause * 2).min(LONGEST);
    }

    /// Schedules the next attempt after the loss of an output that had been open for `lived`.
    pub fn lost(&mut self, now: Instant, lived: Duration) {
        if lived < STEADY {
            self.failed(now);
        } else {
            (self.pause, self.due) = (FIRST, now);
        }
    }
}

/// The schedule for reporting a lasting loss again.
#[derive(Debug)]
pub struct Reminder {
    began: Instant,
    pause: Duration,
    due: Instant,
}

impl Reminder {
    /// Creates the schedule for a loss that was first reported at `now`.
    pub fn new(now: Instant) -> Self {
        Self { began: now, pause: REMIND_FIRST, due: now + REMIND_FIRST }
    }

    /// Returns how long the loss has lasted, if a report is due now.
    pub fn due(&mut self, now: Instant) -> Option<Duration> {
        if now < self.due {
            return None;
        }
        self.pause = (self.pause * 2).min(REMIND_LONGEST);
        self.due = now + self.pause;
        Some(now.duration_since(self.began))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `is_done` for each of `seconds` simulated seconds, and returns how often it was true.
    fn count(seconds: u32, mut is_done: impl FnMut(Instant, u32) -> bool) -> usize {
        let began = Instant::now();
        (0..seconds).filter(|second| is_done(began + Duration::from_secs(u64::from(*second)), *second)).count()
    }

    #[test]
    fn without_an_output_retries_settle_at_30_seconds_and_reports_at_an_hour() {
        let mut backoff = Backoff::new(Instant::now());
        let try_in_vain = |now, _| {
            let due = backoff.is_due(now, 1);
            if due {
                backoff.failed(now);
            }
            due
        };
        let tries = count(86_400, try_in_vain);
        assert!((2_880..2_890).contains(&tries), "{tries}");
        let mut reminder = Reminder::new(Instant::now());
        let said = count(86_400, |now, _| reminder.due(now).is_some());
        assert!((24..32).contains(&said), "{said}");
    }

    #[test]
    fn a_visible_change_is_retried_at_once() {
        let mut backoff = Backoff::new(Instant::now());
        let mut changed = Vec::new();
        count(600, |now, second| {
            let due = backoff.is_due(now, second / 300);
            if due {
                backoff.failed(now);
                changed.push(second);
            }
            due
        });
        assert_eq!(changed[..5], [0, 1, 3, 7, 15]);
        assert!(changed.contains(&300) && changed.contains(&301), "{changed:?}");
    }

    #[test]
    fn an_output_that_fails_quickly_is_not_reopened_every_second() {
        let mut backoff = Backoff::new(Instant::now());
        let opened = count(600, |now, _| {
            let due = backoff.is_due(now, 0);
            if due {
                backoff.lost(now, Duration::from_secs(1));
            }
            due
        });
        assert!(opened < 30, "{opened}");
        let now = Instant::now();
        backoff.lost(now, STEADY);
        assert!(backoff.is_due(now, 0), "what was steady is tried for at once");
    }
}
