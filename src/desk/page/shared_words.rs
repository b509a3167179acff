//! Owns the list of pages, and of desks of several rooms, that still show or may show what the patient shared. A reset
//! waits until the list is empty, but not beyond a time limit. An entry is removed when the page or desk reports that
//! it no longer shows the words, or has been cut off for long enough to have removed them by itself. Does not own the
//! words themselves.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::open_pages::SILENT_AFTER;
use crate::room::call::DeskId;

/// Time after which a page that is cut off counts as showing nothing. Such a page removes the shared words on its own
/// after [`SILENT_AFTER`] without a message, which is earlier.
const SELF_CLEAR_TIMEOUT: Duration = SILENT_AFTER.saturating_add(Duration::from_secs(2));

/// The pages, and desks of several rooms, that may show what the patient shared. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct SharedWords(Arc<SharedWordsInner>);

#[derive(Debug, Default)]
struct SharedWordsInner {
    /// Each page or desk that may show the words. The time is when it was cut off; `None` while it is connected.
    holders: Mutex<BTreeMap<DeskId, Option<Instant>>>,
    fewer: Condvar,
}

impl SharedWords {
    /// Blocks until no page shows the words, but at most for `limit`. Returns whether no page shows them.
    #[must_use]
    pub fn wait_forgotten(&self, limit: Duration) -> bool {
        let began = Instant::now();
        let mut holders = self.holders();
        loop {
            remove_self_cleared(&mut holders, Instant::now());
            let Some(left) = limit.checked_sub(began.elapsed()).filter(|_| !holders.is_empty()) else {
                return holders.is_empty();
            };
            holders = self.0.fewer.wait_timeout(holders, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Records that the words are being sent to a page, or to a desk of several rooms.
    pub fn sent_to(&self, desk: DeskId) {
        self.holders().insert(desk, None);
    }

    /// Records that the page, or every page of the desk, no longer shows the words.
    pub fn forgotten_by(&self, desk: DeskId) {
        self.holders().remove(&desk);
        self.0.fewer.notify_all();
    }

    /// Records that the page or desk was cut off. It counts as showing nothing after `SELF_CLEAR_TIMEOUT`.
    pub fn lost(&self, desk: DeskId, now: Instant) {
        let mut holders = self.holders();
        remove_self_cleared(&mut holders, now);
        if let Some(lost) = holders.get_mut(&desk) {
            *lost = Some(now);
        }
    }

    fn holders(&self) -> MutexGuard<'_, BTreeMap<DeskId, Option<Instant>>> {
        self.0.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove_self_cleared(holders: &mut BTreeMap<DeskId, Option<Instant>>, now: Instant) {
    holders.retain(|_, lost| lost.is_none_or(|lost| now.saturating_duration_since(lost) < SELF_CLEAR_TIMEOUT));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_waits_until_no_page_shows_them_and_no_longer() {
        let words = SharedWords::default();
        assert!(words.wait_forgotten(Duration::ZERO));
        words.sent_to(DeskId(1));
        words.sent_to(DeskId(2));
        words.forgotten_by(DeskId(1));
        assert!(!words.wait_forgotten(Duration::from_millis(20)));
        let page = words.clone();
        let said = std::thread::spawn(move || page.forgotten_by(DeskId(2)));
        assert!(words.wait_forgotten(Duration::from_secs(20)));
        said.join().unwrap();
    }

    #[test]
    fn a_page_that_was_cut_off_counts_until_it_has_cleared_itself() {
        let words = SharedWords::default();
        let now = Instant::now();
        words.sent_to(DeskId(1));
        words.lost(DeskId(1), now);
        words.lost(DeskId(9), now);
        assert!(!words.wait_forgotten(Duration::ZERO));
        words.lost(DeskId(9), now + SELF_CLEAR_TIMEOUT);
        assert!(words.wait_forgotten(Duration::ZERO));
    }
}
