//! Owns detecting that another client keeps taking over this one's MQTT session: a broker keeps only the newer of two
//! connections with the same client id. Pure. Does not own connections.
//!
//! Some brokers give the reason (`SessionTakenOver`), others only close the connection. One that the broker had accepted,
//! then closed, and accepted again at the first attempt counts as taken over: a broker that restarts is not back that
//! quickly several times in a row.

use std::collections::VecDeque;

/// This many takeovers …
const TAKEOVERS_MIN: usize = 3;
/// … within this time, in milliseconds, are a contest. It ends after the same time without one.
const QUIET_AFTER_MS: u64 = 60_000;

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DisconnectCause {
    /// The broker says that another client took the session over.
    TakenOver,
    /// The broker closed it without a reason.
    ClosedByBroker,
    /// This end gave it up, or the network failed.
    GivenUp,
}

/// Watches for takeovers.
#[derive(Debug, Default)]
pub(super) struct TakeoverDetector {
    /// The times of the last takeovers, newest last; at most as many as make a contest.
    takeovers: VecDeque<u64>,
    /// The broker closed the last connection; the next attempt shows whether it was taken over.
    was_closed: bool,
    is_contested: bool,
    was_reported: bool,
}

impl TakeoverDetector {
    /// A connection that the broker had accepted has ended.
    pub(super) fn disconnected(&mut self, now_ms: u64, cause: DisconnectCause) {
        self.was_closed = cause == DisconnectCause::ClosedByBroker;
        if cause == DisconnectCause::TakenOver {
            self.record(now_ms);
        }
    }

    /// An attempt failed, so the broker itself was away.
    pub(super) fn connect_failed(&mut self) {
        self.was_closed = false;
    }

    /// The broker accepted a connection.
    pub(super) fn connected(&mut self, now_ms: u64) {
        if std::mem::take(&mut self.was_closed) {
            self.record(now_ms);
        }
    }

    /// Whether the session is contested.
    pub(super) const fn is_contested(&self) -> bool {
        self.is_contested
    }

    /// Time has passed.
    pub(super) fn handle_timeout(&mut self, now_ms: u64) {
        let is_recent = |takeover: Option<&u64>| takeover.is_some_and(|at_ms| now_ms < at_ms + QUIET_AFTER_MS);
        let is_full = self.takeovers.len() >= TAKEOVERS_MIN && is_recent(self.takeovers.front());
        self.is_contested = is_recent(self.takeovers.back()) && (self.is_contested || is_full);
    }

    /// Whether the session is contested, each time that has changed.
    pub(super) fn poll_event(&mut self) -> Option<bool> {
        (std::mem::replace(&mut self.was_reported, self.is_contested) != self.is_contested).then_some(self.is_contested)
    }

    /// When the contest is over, if there is one.
    pub(super) fn poll_timeout(&self) -> Option<u64> {
        self.takeovers.back().filter(|_| self.is_contested).map(|newest_ms| newest_ms + QUIET_AFTER_MS)
    }

    fn record(&mut self, now_ms: u64) {
        super::push_bounded(&mut self.takeovers, now_ms, TAKEOVERS_MIN);
        self.handle_timeout(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event_at(detector: &mut TakeoverDetector, now_ms: u64) -> Option<bool> {
        detector.handle_timeout(now_ms);
        detector.poll_event()
    }

    #[test]
    fn a_session_that_is_taken_over_repeatedly_is_contested_until_it_is_quiet() {
        let mut detector = TakeoverDetector::default();
        for takeover in 0..TAKEOVERS_MIN as u64 {
            assert_eq!(event_at(&mut detector, takeover * 1_000), None);
            detector.disconnected(takeover * 1_000, DisconnectCause::TakenOver);
            detector.connected(takeover * 1_000 + 200);
        }
        assert_eq!(event_at(&mut detector, 2_300), Some(true));
        assert_eq!(event_at(&mut detector, 2_400), None);
        // One takeover a minute keeps the contest on.
        detector.disconnected(50_000, DisconnectCause::TakenOver);
        assert_eq!((detector.poll_timeout(), event_at(&mut detector, 109_999)), (Some(110_000), None));
        assert_eq!((event_at(&mut detector, 110_000), detector.poll_timeout()), (Some(false), None));
    }

    #[test]
    fn a_broker_that_only_closes_is_recognised_and_one_that_restarts_is_not_a_contest() {
        let mut detector = TakeoverDetector::default();
        for at_ms in [0, 1_000, 2_000] {
            detector.disconnected(at_ms, DisconnectCause::ClosedByBroker);
            assert_eq!(event_at(&mut detector, at_ms), None);
            detector.connected(at_ms + 200);
        }
        assert_eq!(event_at(&mut detector, 2_300), Some(true));
        let mut detector = TakeoverDetector::default();
        for at_ms in [0, 1_000, 2_000, 3_000] {
            // The broker restarted and was away at first, or the network was down.
            detector.disconnected(at_ms, DisconnectCause::ClosedByBroker);
            detector.connect_failed();
            detector.connected(at_ms + 200);
            detector.disconnected(at_ms + 500, DisconnectCause::GivenUp);
            detector.connected(at_ms + 700);
        }
        assert_eq!(event_at(&mut detector, 4_000), None);
    }

    #[test]
    fn an_occasional_takeover_is_not_a_contest() {
        let mut detector = TakeoverDetector::default();
        for takeover in 0..100 {
            detector.disconnected(takeover * 31_000, DisconnectCause::TakenOver);
            assert_eq!(event_at(&mut detector, takeover * 31_000), None);
        }
    }
}
