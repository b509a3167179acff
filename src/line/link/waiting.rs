//! Owns what was said to a broker and is not acknowledged yet, and when that is too long.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::ACKNOWLEDGES_WITHIN;

/// What the broker has not acknowledged yet.
#[derive(Default)]
pub(super) struct Waiting(VecDeque<(u64, Instant)>);

impl Waiting {
    pub(super) fn said(&mut self, receipt: u64) {
        self.0.push_back((receipt, Instant::now()));
    }

    pub(super) fn acknowledged(&mut self, receipt: u64) {
        self.0.retain(|(known, _)| *known != receipt);
    }

    pub(super) fn silent_at(&self) -> Instant {
        let oldest = self.0.front().map(|(_, said)| *said + ACKNOWLEDGES_WITHIN);
        oldest.unwrap_or_else(|| Instant::now() + Duration::from_hours(1))
    }
}
