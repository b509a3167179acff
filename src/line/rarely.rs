//! Owns how often a thing is said in the log that whoever speaks on a broker can bring about any number of times: at once,
//! and then no more than once a minute, with how often it was. Does not own what is said.

/// What is said is said again so long after at the soonest.
const SAID_EVERY_MS: u64 = 60_000;

/// One thing of which the log is to hear, but not each time.
#[derive(Debug, Default)]
pub(super) struct Rarely {
    unsaid: u64,
    said_at_ms: Option<u64>,
}

impl Rarely {
    /// It has happened. If it is to be said, how often it has happened since it was said last.
    pub(super) fn happened(&mut self, now_ms: u64) -> Option<u64> {
        self.unsaid += 1;
        let is_due = self.said_at_ms.is_none_or(|said| now_ms >= said + SAID_EVERY_MS);
        is_due.then(|| {
            self.said_at_ms = Some(now_ms);
            std::mem::take(&mut self.unsaid)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_at_once_and_then_once_a_minute_with_how_often_it_was() {
        let mut rarely = Rarely::default();
        let said: Vec<_> = (0..200_000).filter_map(|ms| Some((ms, rarely.happened(ms)?))).collect();
        assert_eq!(said, [(0, 1), (60_000, 60_000), (120_000, 60_000), (180_000, 60_000)]);
    }
}
