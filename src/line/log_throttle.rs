//! Owns the rate limit for log lines that anyone on a broker can cause. The first occurrence is logged at once. After
//! that, at most one line per [`INTERVAL_MS`] is logged, with the number of occurrences since the previous line. Does
//! not own the log.

/// Minimum interval between two log lines, in milliseconds.
const INTERVAL_MS: u64 = 60_000;

/// Limits the rate of one kind of log line.
#[derive(Debug, Default)]
pub(super) struct LogThrottle {
    unlogged: u64,
    logged_at_ms: Option<u64>,
}

impl LogThrottle {
    /// Counts one occurrence. If a line is due, returns the number of occurrences since the previous line; otherwise
    /// returns `None`.
    pub(super) fn count(&mut self, now_ms: u64) -> Option<u64> {
        self.unlogged += 1;
        let is_due = self.logged_at_ms.is_none_or(|logged_at_ms| now_ms >= logged_at_ms + INTERVAL_MS);
        is_due.then(|| {
            self.logged_at_ms = Some(now_ms);
            std::mem::take(&mut self.unlogged)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_logged_at_once_and_then_one_line_a_minute_with_the_count() {
        let mut throttle = LogThrottle::default();
        let logged: Vec<_> = (0..200_000).filter_map(|ms| Some((ms, throttle.count(ms)?))).collect();
        assert_eq!(logged, [(0, 1), (60_000, 60_000), (120_000, 60_000), (180_000, 60_000)]);
    }
}
