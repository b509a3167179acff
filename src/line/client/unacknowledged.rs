//! Owns the list of messages that the broker has not acknowledged yet, and their timeout.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::ACKNOWLEDGE_TIMEOUT;

/// The receipts of unacknowledged messages and the times at which they were sent, oldest first.
#[derive(Default)]
pub(super) struct Unacknowledged(VecDeque<(u64, Instant)>);

impl Unacknowledged {
    pub(super) fn sent(&mut self, receipt: u64) {
        self.0.push_back((receipt, Instant::now()));
    }

    pub(super) fn acknowledged(&mut self, receipt: u64) {
        self.0.retain(|(known, _)| *known != receipt);
    }

    /// Returns when the oldest message times out, or a time far in the future if every message is acknowledged.
    pub(super) fn timeout_at(&self) -> Instant {
        let oldest = self.0.front().map(|(_, sent_at)| *sent_at + ACKNOWLEDGE_TIMEOUT);
        oldest.unwrap_or_else(|| Instant::now() + Duration::from_hours(1))
    }
}
