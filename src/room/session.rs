//! Owns the session clock and its arc. Does not own the stage around it, nor what follows the arc.

use super::arc::{Arc, Part};
use super::time::RoomTime;

/// A session: a clock that can be paused, and the arc it runs through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The arc as it stands, with every extension and the early end in it.
    pub arc: Arc,
    clock: Clock,
    /// How many session milliseconds pass in one real one; 1 outside a trial.
    speed: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    Settling,
    Running { from_ms: u64, since: RoomTime },
    Paused { at_ms: u64 },
}

impl Session {
    /// A person who is settled but whose pump has not begun.
    #[must_use]
    pub fn settling(infusion_minutes: u32, speed: u32) -> Self {
        Self { arc: Arc::new(infusion_minutes), clock: Clock::Settling, speed: speed.max(1) }
    }

    /// The pump begins.
    pub fn begin(&mut self, now: RoomTime) {
        if self.is_settling() {
            self.clock = Clock::Running { from_ms: 0, since: now };
        }
    }

    /// Whether the pump has yet to begin.
    #[must_use]
    pub fn is_settling(&self) -> bool {
        self.clock == Clock::Settling
    }

    /// Whether the clock stands still at the clinician's wish.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        matches!(self.clock, Clock::Paused { .. })
    }

    /// Whether the session clock moves at `now`.
    #[must_use]
    pub fn is_running(&self, now: RoomTime) -> bool {
        matches!(self.clock, Clock::Running { .. }) && !self.has_landed(now)
    }

    /// Session time since the pump began, `None` while settling. It stops where the session has landed.
    #[must_use]
    pub fn clock_ms(&self, now: RoomTime) -> Option<u64> {
        match self.clock {
            Clock::Settling => None,
            Clock::Paused { at_ms } => Some(at_ms),
            Clock::Running { from_ms, since } => {
                let real_ms = now.0.saturating_sub(since.0);
                Some(from_ms.saturating_add(real_ms.saturating_mul(u64::from(self.speed))).min(self.arc.end_ms))
            }
        }
    }

    /// The part of the session at `now`.
    #[must_use]
    pub fn part(&self, now: RoomTime) -> Part {
        self.clock_ms(now).map_or(Part::Settle, |clock_ms| self.arc.part_at(clock_ms))
    }

    /// Whether the whole arc lies behind.
    #[must_use]
    pub fn has_landed(&self, now: RoomTime) -> bool {
        self.clock_ms(now).is_some_and(|clock_ms| clock_ms >= self.arc.end_ms)
    }

    /// Stops the clock where it is.
    pub fn pause(&mut self, now: RoomTime) {
        if let Some(at_ms) = self.clock_ms(now) {
            self.clock = Clock::Paused { at_ms };
        }
    }

    /// Lets the clock go on from where it stopped.
    pub fn resume(&mut self, now: RoomTime) {
        if let Clock::Paused { at_ms } = self.clock {
            self.clock = Clock::Running { from_ms: at_ms, since: now };
        }
    }

    /// Makes the infusion longer; see [`Arc::extend`].
    pub fn extend(&mut self, now: RoomTime, minutes: u32) {
        let clock_ms = self.clock_ms(now);
        self.arc.extend(clock_ms.unwrap_or(0), minutes);
        self.restart_from(clock_ms, now);
    }

    /// Ends early; see [`Arc::end_now`]. A paused clock goes on, since landing is movement.
    pub fn end_now(&mut self, now: RoomTime, landing_minutes: u32) {
        let clock_ms = self.clock_ms(now).unwrap_or(0);
        self.arc.end_now(clock_ms, landing_minutes);
        self.clock = Clock::Running { from_ms: clock_ms, since: now };
    }

    /// When the running part gives way to the next, or the session lands.
    #[must_use]
    pub fn next_border(&self, now: RoomTime) -> Option<RoomTime> {
        let Clock::Running { from_ms, since } = self.clock else { return None };
        let border_ms = self.arc.border_after(self.clock_ms(now)?)?;
        let real_ms = border_ms.saturating_sub(from_ms).div_ceil(u64::from(self.speed));
        Some(RoomTime(since.0.saturating_add(real_ms)))
    }

    fn restart_from(&mut self, clock_ms: Option<u64>, now: RoomTime) {
        // A clock that had landed stood still; without this it would leap ahead by the time it stood.
        if let (Clock::Running { .. }, Some(from_ms)) = (self.clock, clock_ms) {
            self.clock = Clock::Running { from_ms, since: now };
        }
    }
}
