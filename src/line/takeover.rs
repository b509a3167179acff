//! Owns the detector for clients that keep taking over this client's MQTT session. That happens if two clients have the
//! same client id, because a broker keeps only the newer connection. The detector performs no I/O. Does not own
//! connections.
//!
//! Some brokers give the reason (`SessionTakenOver`); others only close the connection. If a broker closes an accepted
//! connection without this reason and accepts the very next attempt, that also counts as a takeover. A broker that
//! merely restarts is unlikely to be back that quickly several times in a row.

use std::collections::VecDeque;

/// Number of takeovers within [`QUIET_AFTER_MS`] that make the session contested.
const TAKEOVERS_MIN: usize = 3;
/// Time within which takeovers are counted, in milliseconds. A contest ends after the same time without a takeover.
const QUIET_AFTER_MS: u64 = 60_000;

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DisconnectCause {
    /// The broker gave the reason `SessionTakenOver`.
    TakenOver,
    /// The connection ended with a different reason or none, presumably because the broker closed it.
    ClosedByBroker,
    /// This client closed the connection, for example because nothing was acknowledged.
    GivenUp,
}

/// Counts takeovers and decides whether the session is contested.
#[derive(Debug, Default)]
pub(super) struct TakeoverDetector {
    /// The times of the newest takeovers, at most [`TAKEOVERS_MIN`], oldest first.
    takeovers: VecDeque<u64>,
    /// Whether the last connection ended with [`DisconnectCause::ClosedByBroker`]. If the next attempt succeeds, that
    /// counts as a takeover.
    was_closed: bool,
    is_contested: bool,
    was_reported: bool,
}

impl TakeoverDetector {
    /// Records the end of a connection that the broker had accepted.
    pub(super) fn disconnected(&mut self, now_ms: u64, cause: DisconnectCause) {
        self.was_closed = cause == DisconnectCause::ClosedByBroker;
        if cause == DisconnectCause::TakenOver {
            self.record(now_ms);
        }
    }

    /// Records a failed connection attempt. It shows that the broker itself was unreachable, so the last connection was
    /// not taken over.
    pub(super) fn connect_failed(&mut self) {
        self.was_closed = false;
    }

    /// Records that the broker accepted a connection.
    pub(super) fn connected(&mut self, now_ms: u64) {
        if std::mem::take(&mut self.was_closed) {
            self.record(now_ms);
        }
    }

    /// Returns whether another client keeps taking the session over.
    pub(super) const fn is_contested(&self) -> bool {
        self.is_contested
    }

    /// Recomputes whether the session is contested at `now_ms`.
    pub(super) fn handle_timeout(&mut self, now_ms: u64) {
        let is_recent = |takeover: Option<&u64>| takeover.is_some_and(|at_ms| now_ms < at_ms + QUIET_AFTER_MS);
        let is_full = self.takeovers.len() >= TAKEOVERS_MIN && is_recent(self.takeovers.front());
        self.is_contested = is_recent(self.takeovers.back()) && (self.is_contested || is_full);
    }

    /// Returns whether the session is contested, if that has changed since the last report; otherwise `None`.
    pub(super) fn poll_event(&mut self) -> Option<bool> {
        (std::mem::replace(&mut self.was_reported, self.is_contested) != self.is_contested).then_some(self.is_contested)
    }

    /// Returns when the contest ends unless there is another takeover; `None` if the session is not contested.
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
        // A single takeover within a minute is enough to prolong a contest.
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
            // First a broker that is still unreachable at the next attempt, as during a restart; then a network
            // failure.
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
