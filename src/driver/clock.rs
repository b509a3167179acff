//! Owns the conversion between the machine's monotonic clock and the room's own time.

use std::time::{Duration, Instant};

use crate::room::RoomTime;

/// The room's time as this process counts it: the time of the last journal record plus the time since this process
/// recovered from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomClock {
    origin: Instant,
    base: RoomTime,
}

impl RoomClock {
    /// A clock that shows `base` now.
    #[must_use]
    pub fn resuming_from(base: RoomTime) -> Self {
        Self { origin: Instant::now(), base }
    }

    /// The room's time now.
    #[must_use]
    pub fn now(&self) -> RoomTime {
        self.at(Instant::now())
    }

    /// The room's time at an instant; `base` for any instant before this clock was made.
    #[must_use]
    pub fn at(&self, instant: Instant) -> RoomTime {
        self.base + instant.saturating_duration_since(self.origin)
    }

    /// The instant at which the room's time is `time`. For a time too early for an `Instant` it is the one at which this
    /// clock was made.
    #[must_use]
    pub fn instant_of(&self, time: RoomTime) -> Instant {
        if time >= self.base {
            self.origin + time.since(self.base)
        } else {
            self.origin.checked_sub(self.base.since(time)).unwrap_or(self.origin)
        }
    }

    /// Time left until `time`; zero once it has passed.
    #[must_use]
    pub fn until(&self, time: RoomTime) -> Duration {
        self.instant_of(time).saturating_duration_since(Instant::now())
    }
}
