//! Owns the check of one sender's sequence numbers. It decides whether a message is the newest, is stale, or has a
//! number further ahead than its sender can have counted. It performs no I/O.
//!
//! Anyone on a broker can forge a number, and a single forged number must not silence the true sender. Therefore a
//! number that does not follow the accepted numbers is only remembered, as an outlier. A number that follows the
//! outlier is accepted only if the accepted sequence has been silent for [`RESYNC_AFTER_MS`].

/// Maximum step from one number to the next, if both messages arrive at the same time. For each [`STEP_INTERVAL_MS`]
/// between their arrivals, the step may be greater by 1.
const STEP_MAX: u64 = 256;
/// Assumed lower limit for the average interval between messages from one sender, in milliseconds. Rooms and desks send
/// far less often.
const STEP_INTERVAL_MS: u64 = 4;
/// Silence of the accepted sequence, in milliseconds, after which a number that follows an outlier is accepted. It is
/// longer than two heartbeat intervals with their delays, and shorter than [`super::SILENT_AFTER_MS`], after which a
/// sender counts as lost.
const RESYNC_AFTER_MS: u64 = 5_000;

/// The result of checking a message's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// The message is the newest so far.
    Newest,
    /// A newer message has already arrived, or the message is a duplicate.
    Stale,
    /// The number is too far ahead to come from the true sender.
    Implausible,
}

/// Tracks the sequence numbers of one sender.
#[derive(Clone, Copy, Debug)]
pub(super) struct SequenceTracker {
    accepted: NumberAt,
    /// The latest number that did not follow the accepted number; `None` if none has arrived since the accepted number.
    outlier: Option<NumberAt>,
}

#[derive(Clone, Copy, Debug)]
struct NumberAt {
    number: u64,
    at_ms: u64,
}

impl SequenceTracker {
    /// Starts with a sender's first number, which is always accepted.
    pub(super) fn new(now_ms: u64, number: u64) -> Self {
        Self { accepted: NumberAt { number, at_ms: now_ms }, outlier: None }
    }

    /// Checks the number of a message, and accepts it if it is the newest.
    pub(super) fn handle_input(&mut self, now_ms: u64, number: u64) -> Freshness {
        let new = NumberAt { number, at_ms: now_ms };
        let continues_outlier = self.outlier.is_some_and(|outlier| new.follows(outlier));
        if new.follows(self.accepted) || continues_outlier && now_ms >= self.accepted.at_ms + RESYNC_AFTER_MS {
            *self = Self { accepted: new, outlier: None };
            return Freshness::Newest;
        }
        self.outlier = Some(new);
        if number > self.accepted.number { Freshness::Implausible } else { Freshness::Stale }
    }
}

impl NumberAt {
    fn follows(self, before: Self) -> bool {
        let step_max = STEP_MAX + self.at_ms.saturating_sub(before.at_ms) / STEP_INTERVAL_MS;
        self.number > before.number && self.number - before.number <= step_max
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_implausible_number_is_not_accepted_and_costs_the_true_sender_nothing() {
        let mut tracker = SequenceTracker::new(0, 7);
        for leap in [u64::MAX, u64::MAX - 1, 1 << 40, 2_000] {
            assert_eq!(tracker.handle_input(100, leap), Freshness::Implausible, "{leap}");
        }
        assert_eq!(tracker.handle_input(2_000, 8), Freshness::Newest);
        assert_eq!(tracker.handle_input(2_000, 8), Freshness::Stale);
        assert_eq!(tracker.handle_input(2_001, 7), Freshness::Stale);
    }

    #[test]
    fn a_sender_that_was_silent_for_a_while_may_have_counted_far() {
        let mut tracker = SequenceTracker::new(0, 7);
        assert_eq!(tracker.handle_input(3_600_000, 7 + 3_600), Freshness::Newest);
        // After an implausible gap, the second number of the new sequence is accepted.
        let mut tracker = SequenceTracker::new(0, 7);
        assert_eq!(
            (tracker.handle_input(10_000, 90_000), tracker.handle_input(12_000, 90_001)),
            (Freshness::Implausible, Freshness::Newest)
        );
    }

    proptest! {
        /// Forged numbers cannot silence the true sender for long: from eight seconds after the last forged number,
        /// every true number is accepted.
        #[test]
        fn no_forged_numbers_silence_a_sender(
            first in 0_u64..1_000_000,
            forged in proptest::collection::vec((0_u64..20_000, any::<u64>()), 0..40),
            near in proptest::collection::vec((0_u64..20_000, 0_u64..600), 0..40),
        ) {
            let mut said: Vec<(u64, u64, bool)> = (0..20).map(|beat| (beat * 2_000, first + beat, true)).collect();
            said.extend(forged.into_iter().map(|(at_ms, number)| (at_ms, number, false)));
            said.extend(near.into_iter().map(|(at_ms, step)| (at_ms, first + step, false)));
            said.sort_by_key(|(at_ms, ..)| *at_ms);
            let mut tracker: Option<SequenceTracker> = None;
            for (at_ms, number, is_true) in said {
                let freshness = match &mut tracker {
                    None => {
                        tracker = Some(SequenceTracker::new(at_ms, number));
                        Freshness::Newest
                    }
                    Some(tracker) => tracker.handle_input(at_ms, number),
                };
                prop_assert!(!is_true || at_ms < 20_000 + 8_000 || freshness == Freshness::Newest, "{number} at {at_ms} ms");
            }
        }
    }
}
