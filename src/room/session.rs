//! Owns a session in progress: its timeline, and a clock that can be paused. Does not own the stage of the room, or the
//! values that are interpolated along the timeline.

use super::time::RoomTime;
use super::timeline::{Part, SessionTimeline};

/// A session in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The timeline, with every extension and an early end applied.
    pub timeline: SessionTimeline,
    clock: ClockState,
    /// Session milliseconds per real millisecond; 1 except in demonstrations.
    speed: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClockState {
    Settling,
    Running { from_ms: u64, since: RoomTime },
    Paused { at_ms: u64 },
}

impl Session {
    /// Creates a session whose infusion has not started. A `speed` of 0 counts as 1.
    #[must_use]
    pub fn settling(infusion_minutes: u32, speed: u32) -> Self {
        Self { timeline: SessionTimeline::new(infusion_minutes), clock: ClockState::Settling, speed: speed.max(1) }
    }

    /// Starts the clock together with the infusion. Does nothing if the clock has already been started.
    pub fn start(&mut self, now: RoomTime) {
        if self.is_settling() {
            self.clock = ClockState::Running { from_ms: 0, since: now };
        }
    }

    /// Whether the infusion has not started yet.
    #[must_use]
    pub fn is_settling(&self) -> bool {
        self.clock == ClockState::Settling
    }

    /// Whether the clinician has paused the clock.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        matches!(self.clock, ClockState::Paused { .. })
    }

    /// Whether the clock advances at `now`.
    #[must_use]
    pub fn is_running(&self, now: RoomTime) -> bool {
        matches!(self.clock, ClockState::Running { .. }) && !self.has_landed(now)
    }

    /// Milliseconds on the session clock, which starts with the infusion and stops once the session has landed; `None`
    /// while settling.
    #[must_use]
    pub fn clock_ms(&self, now: RoomTime) -> Option<u64> {
        match self.clock {
            ClockState::Settling => None,
            ClockState::Paused { at_ms } => Some(at_ms),
            ClockState::Running { from_ms, since } => {
                let real_ms = now.0.saturating_sub(since.0);
                Some(from_ms.saturating_add(real_ms.saturating_mul(u64::from(self.speed))).min(self.timeline.end_ms))
            }
        }
    }

    /// The part at `now`.
    #[must_use]
    pub fn part(&self, now: RoomTime) -> Part {
        self.clock_ms(now).map_or(Part::Settle, |clock_ms| self.timeline.part_at(clock_ms))
    }

    /// Whether the end of the timeline has been reached.
    #[must_use]
    pub fn has_landed(&self, now: RoomTime) -> bool {
        self.clock_ms(now).is_some_and(|clock_ms| clock_ms >= self.timeline.end_ms)
    }

    /// Stops the clock until [`Session::resume`]. Does nothing while settling.
    pub fn pause(&mut self, now: RoomTime) {
        if let Some(at_ms) = self.clock_ms(now) {
            self.clock = ClockState::Paused { at_ms };
        }
    }

    /// Resumes a paused clock.
    pub fn resume(&mut self, now: RoomTime) {
        if let ClockState::Paused { at_ms } = self.clock {
            self.clock = ClockState::Running { from_ms: at_ms, since: now };
        }
    }

    /// Extends the infusion; see [`SessionTimeline::extend`].
    pub fn extend(&mut self, now: RoomTime, minutes: u32) {
        let clock_ms = self.clock_ms(now);
        self.timeline.extend(clock_ms.unwrap_or(0), minutes);
        // The clock of a landed session has stopped at the old end. Unless it is restarted here, it would jump ahead by
        // the time since the landing.
        if let (ClockState::Running { .. }, Some(from_ms)) = (self.clock, clock_ms) {
            self.clock = ClockState::Running { from_ms, since: now };
        }
    }

    /// Ends the session early; see [`SessionTimeline::end_now`]. The clock runs afterwards, even if it was paused or
    /// settling, since a session cannot land on a stopped clock.
    pub fn end_now(&mut self, now: RoomTime, landing_minutes: u32) {
        let clock_ms = self.clock_ms(now).unwrap_or(0);
        self.timeline.end_now(clock_ms, landing_minutes);
        self.clock = ClockState::Running { from_ms: clock_ms, since: now };
    }

    /// Returns when the current part ends, that is, when the next part begins or the session lands. `None` if the clock
    /// is not running.
    #[must_use]
    pub fn next_boundary(&self, now: RoomTime) -> Option<RoomTime> {
        let ClockState::Running { from_ms, since } = self.clock else { return None };
        let boundary_ms = self.timeline.next_boundary(self.clock_ms(now)?)?;
        let real_ms = boundary_ms.saturating_sub(from_ms).div_ceil(u64::from(self.speed));
        Some(RoomTime(since.0.saturating_add(real_ms)))
    }
}
