//! Owns the conversion between the machine's monotonic clock and the room's time.

use std::time::{Duration, Instant};

use crate::room::RoomTime;

/// The room's time as this process counts it: the time of the last journal record, plus the time since this process
/// recovered the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomClock {
    origin: Instant,
    base: RoomTime,
}

impl RoomClock {
    /// Creates a clock that shows `base` now.
    #[must_use]
    pub fn resuming_from(base: RoomTime) -> Self {
        Self { origin: Instant::now(), base }
    }

    /// Returns the room's time now.
    #[must_use]
    pub fn now(&self) -> RoomTime {
        self.at(Instant::now())
    }

    /// Returns the room's time at `instant`. For an instant before this clock was created, returns the time that it
    /// showed first.
    #[must_use]
    pub fn at(&self, instant: Instant) -> RoomTime {
        self.base + instant.saturating_duration_since(self.origin)
    }

    /// Returns the instant at which the room's time is `time`. If `time` is too early for an [`Instant`], returns the
    /// instant at which this clock was created.
    #[must_use]
    pub fn instant_of(&self, time: RoomTime) -> Instant {
        if time >= self.base {
            self.origin + time.since(self.base)
        } else {
            self.origin.checked_sub(self.base.since(time)).unwrap_or(self.origin)
        }
    }

    /// Returns the time left until `time`; zero once it has passed.
    #[must_use]
    pub fn until(&self, time: RoomTime) -> Duration {
        self.instant_of(time).saturating_duration_since(Instant::now())
    }
}
