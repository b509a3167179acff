//! Owns how a line tells that its place at the broker is fought over: somebody else signs in as the same client, and a
//! broker keeps only the newer of two. Pure. Does not own connections.
//!
//! Some brokers say so when they give a place to another; others only close. A connection that the broker let in, that it
//! ended, and that it let in again at the first try was taken: a broker that went away is not back that soon, time and
//! again.

use std::collections::VecDeque;

/// So many takings …
const TAKINGS_MIN: usize = 3;
/// … within this tell a fight; and it is over once there was none for so long.
const QUIET_AFTER_MS: u64 = 60_000;

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The broker says that the place went to another.
    Taken,
    /// The broker ended it, and nobody knows why.
    Closed,
    /// This end gave it up, or it broke.
    GivenUp,
}

/// What is known of takings.
#[derive(Debug, Default)]
pub(super) struct Fight {
    /// When this place was taken, the newest last; no more than tell a fight.
    takings: VecDeque<u64>,
    /// A connection was closed, and the next try will tell whether it was taken.
    closed: bool,
    is_told: bool,
}

impl Fight {
    /// A connection that the broker had let in has ended.
    pub(super) fn lost(&mut self, now_ms: u64, how: Loss) {
        self.closed = how == Loss::Closed;
        if how == Loss::Taken {
            self.taken(now_ms);
        }
    }

    /// A try was not let in: whoever closed the connection before was not there any more.
    pub(super) fn failed(&mut self) {
        self.closed = false;
    }

    /// The broker lets a connection in.
    pub(super) fn let_in(&mut self, now_ms: u64) {
        if std::mem::take(&mut self.closed) {
            self.taken(now_ms);
        }
    }

    /// Whether this place is fought over.
    pub(super) fn is_on(&self, now_ms: u64) -> bool {
        let within = |past: Option<&u64>| past.is_some_and(|past| now_ms < past + QUIET_AFTER_MS);
        let newest_is_new = within(self.takings.back());
        newest_is_new && (self.is_told || self.takings.len() >= TAKINGS_MIN && within(self.takings.front()))
    }

    /// That a fight has begun or is over, once.
    pub(super) fn poll(&mut self, now_ms: u64) -> Option<bool> {
        let is_on = self.is_on(now_ms);
        (std::mem::replace(&mut self.is_told, is_on) != is_on).then_some(is_on)
    }

    /// When [`Fight::poll`] may have something to say, if nothing happens before.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.takings.back().filter(|_| self.is_told).map(|newest| newest + QUIET_AFTER_MS)
    }

    fn taken(&mut self, now_ms: u64) {
        if self.takings.len() >= TAKINGS_MIN {
            self.takings.pop_front();
        }
        self.takings.push_back(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_taken_again_and_again_is_told_until_it_is_quiet() {
        let mut fight = Fight::default();
        for taking in 0..TAKINGS_MIN as u64 {
            assert_eq!(fight.poll(taking * 1_000), None);
            fight.lost(taking * 1_000, Loss::Taken);
            fight.let_in(taking * 1_000 + 200);
        }
        assert_eq!(fight.poll(2_300), Some(true));
        assert_eq!(fight.poll(2_400), None);
        // One taking in a minute keeps it on.
        fight.lost(50_000, Loss::Taken);
        assert_eq!((fight.deadline_ms(), fight.poll(109_999)), (Some(110_000), None));
        assert_eq!((fight.poll(110_000), fight.deadline_ms()), (Some(false), None));
    }

    #[test]
    fn a_broker_that_only_closes_is_seen_through_and_one_that_goes_away_is_no_fight() {
        let mut fight = Fight::default();
        for at_ms in [0, 1_000, 2_000] {
            fight.lost(at_ms, Loss::Closed);
            assert_eq!(fight.poll(at_ms), None);
            fight.let_in(at_ms + 200);
        }
        assert_eq!(fight.poll(2_300), Some(true));
        let mut fight = Fight::default();
        for at_ms in [0, 1_000, 2_000, 3_000] {
            // It was started anew, was not there at first, or nothing came through.
            fight.lost(at_ms, Loss::Closed);
            fight.failed();
            fight.let_in(at_ms + 200);
            fight.lost(at_ms + 500, Loss::GivenUp);
            fight.let_in(at_ms + 700);
        }
        assert_eq!(fight.poll(4_000), None);
    }

    #[test]
    fn a_taking_now_and_then_is_no_fight() {
        let mut fight = Fight::default();
        for taking in 0..100 {
            fight.lost(taking * 31_000, Loss::Taken);
            assert_eq!(fight.poll(taking * 31_000), None);
        }
    }
}
