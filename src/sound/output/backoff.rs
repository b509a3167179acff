//! Owns when an output is tried for again while there is none, and how often that is said. A try costs, and the system's
//! sound library and its plug-ins do not give back all that they take for one: so each further try waits longer, unless
//! something has changed that can be seen from outside. Pure. Does not own what is seen (`outlook`).

use std::time::{Duration, Instant};

/// The first pause; a change is seen within it.
pub const FIRST: Duration = Duration::from_secs(1);
/// The longest: what nobody can see from outside is found within it.
const LONGEST: Duration = Duration::from_secs(30);
/// What is lost sooner than this was never right, and is not tried for at once.
const STEADY: Duration = Duration::from_secs(10);
/// A loss that lasts is said again after this long, then after twice as long each time.
const SAY_FIRST: Duration = Duration::from_mins(1);
/// … and at least this often.
const SAY_LONGEST: Duration = Duration::from_hours(1);

/// When to try.
#[derive(Debug)]
pub struct Retry<T> {
    seen: Option<T>,
    pause: Duration,
    due: Instant,
}

impl<T: PartialEq> Retry<T> {
    /// At once.
    pub const fn new(now: Instant) -> Self {
        Self { seen: None, pause: FIRST, due: now }
    }

    /// Whether a try is due now that the outputs look like `seen`.
    pub fn is_due(&mut self, now: Instant, seen: T) -> bool {
        let changed = self.seen.as_ref() != Some(&seen);
        self.seen = Some(seen);
        if changed {
            self.pause = FIRST;
        }
        changed || now >= self.due
    }

    /// A try has failed.
    pub fn failed(&mut self, now: Instant) {
        self.due = now + self.pause;
        self.pause = (self.pause * 2).min(LONGEST);
    }

    /// What was opened `lived` so long.
    pub fn lost(&mut self, now: Instant, lived: Duration) {
        if lived < STEADY {
            self.failed(now);
        } else {
            (self.pause, self.due) = (FIRST, now);
        }
    }
}

/// When a loss that lasts is said again.
#[derive(Debug)]
pub struct Reminder {
    began: Instant,
    pause: Duration,
    due: Instant,
}

impl Reminder {
    /// The loss was said now.
    pub fn new(now: Instant) -> Self {
        Self { began: now, pause: SAY_FIRST, due: now + SAY_FIRST }
    }

    /// For how long it has lasted, where that is to be said now.
    pub fn due(&mut self, now: Instant) -> Option<Duration> {
        if now < self.due {
            return None;
        }
        self.pause = (self.pause * 2).min(SAY_LONGEST);
        self.due = now + self.pause;
        Some(now.duration_since(self.began))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often something that is looked at each second is done in `seconds`.
    fn count(seconds: u32, mut is_done: impl FnMut(Instant, u32) -> bool) -> usize {
        let began = Instant::now();
        (0..seconds).filter(|second| is_done(began + Duration::from_secs(u64::from(*second)), *second)).count()
    }

    #[test]
    fn a_day_without_an_output_takes_a_try_in_half_a_minute_and_a_word_an_hour() {
        let mut retry = Retry::new(Instant::now());
        let try_in_vain = |now, _| {
            let due = retry.is_due(now, 1);
            if due {
                retry.failed(now);
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
    fn a_change_is_tried_at_once_however_long_it_took() {
        let mut retry = Retry::new(Instant::now());
        let mut changed = Vec::new();
        count(600, |now, second| {
            let due = retry.is_due(now, second / 300);
            if due {
                retry.failed(now);
                changed.push(second);
            }
            due
        });
        assert_eq!(changed[..5], [0, 1, 3, 7, 15]);
        assert!(changed.contains(&300) && changed.contains(&301), "{changed:?}");
    }

    #[test]
    fn what_dies_at_once_is_not_opened_each_second() {
        let mut retry = Retry::new(Instant::now());
        let opened = count(600, |now, _| {
            let due = retry.is_due(now, 0);
            if due {
                retry.lost(now, Duration::from_secs(1));
            }
            due
        });
        assert!(opened < 30, "{opened}");
        let now = Instant::now();
        retry.lost(now, STEADY);
        assert!(retry.is_due(now, 0), "what was steady is tried for at once");
    }
}
