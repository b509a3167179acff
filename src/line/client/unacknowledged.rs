//! Owns what the broker has not acknowledged yet, and when that takes too long.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::ACKNOWLEDGE_TIMEOUT;

/// The receipts of unacknowledged messages, each with the time it was sent.
#[derive(Default)]
pub(super) struct Unacknowledged(VecDeque<(u64, Instant)>);

impl Unacknowledged {
    pub(super) fn sent(&mut self, receipt: u64) {
        self.0.push_back((receipt, Instant::now()));
    }

    pub(super) fn acknowledged(&mut self, receipt: u64) {
        self.0.retain(|(known, _)| *known != receipt);
    }

    /// When the oldest one times out; far in the future if there is none.
    pub(super) fn timeout_at(&self) -> Instant {
        let oldest = self.0.front().map(|(_, sent_at)| *sent_at + ACKNOWLEDGE_TIMEOUT);
        oldest.unwrap_or_else(|| Instant::now() + Duration::from_hours(1))
    }
}
