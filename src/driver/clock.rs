//! Owns the tie between the machine's monotonic clock and the room's own time.

use std::time::{Duration, Instant};

use crate::room::RoomTime;

/// The room's time as this process counts it: what the journal ended with, and all that has passed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomClock {
    origin: Instant,
    base: RoomTime,
}

impl RoomClock {
    /// A clock that goes on from `base` now.
    #[must_use]
    pub fn going_on_from(base: RoomTime) -> Self {
        Self { origin: Instant::now(), base }
    }

    /// The room's time now.
    #[must_use]
    pub fn now(&self) -> RoomTime {
        self.at(Instant::now())
    }

    /// The room's time at a moment of the monotonic clock.
    #[must_use]
    pub fn at(&self, instant: Instant) -> RoomTime {
        self.base + instant.saturating_duration_since(self.origin)
    }

    /// The moment of the monotonic clock at which the room's time is `time`. Times before this process began give
    /// the earliest moment it can name.
    #[must_use]
    pub fn instant_of(&self, time: RoomTime) -> Instant {
        if time >= self.base {
            self.origin + time.since(self.base)
        } else {
            self.origin.checked_sub(self.base.since(time)).unwrap_or(self.origin)
        }
    }

    /// How long to sleep until `time`.
    #[must_use]
    pub fn until(&self, time: RoomTime) -> Duration {
        self.instant_of(time).saturating_duration_since(Instant::now())
    }
}
