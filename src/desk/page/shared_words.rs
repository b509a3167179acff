//! Owns which pages and desks still show what the patient shared, so that a reset can wait until each has taken it off its screen
//! and said so. Does not own the words.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::pages::SILENT_AFTER;
use crate::room::call::DeskId;

/// A page whose stream has ended without a word takes what was shared off its screen by itself, once it has not heard
/// the room for [`SILENT_AFTER`]; a little more than that later it counts as having done so.
const DROPS_BY_ITSELF_AFTER: Duration = SILENT_AFTER.saturating_add(Duration::from_secs(2));

/// The pages that show what the patient shared. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct SharedWords(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// By page; with the moment at which its stream ended, if it has.
    shown: Mutex<BTreeMap<DeskId, Option<Instant>>>,
    fewer: Condvar,
}

impl SharedWords {
    /// Waits until no page shows them any more. Answers whether that is so; blocks for `limit` at most.
    #[must_use]
    pub fn are_forgotten_within(&self, limit: Duration) -> bool {
        let began = Instant::now();
        let mut shown = self.shown();
        loop {
            drop_by_themselves(&mut shown, Instant::now());
            let Some(left) = limit.checked_sub(began.elapsed()).filter(|_| !shown.is_empty()) else {
                return shown.is_empty();
            };
            shown = self.0.fewer.wait_timeout(shown, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// They are on their way to a page, or to a desk of several rooms.
    pub fn were_sent_to(&self, desk: DeskId) {
        self.shown().insert(desk, None);
    }

    /// A page has taken them off its screen; a desk, off all of its.
    pub fn were_forgotten_by(&self, desk: DeskId) {
        self.shown().remove(&desk);
        self.0.fewer.notify_all();
    }

    /// A page's stream has ended; a desk is not heard.
    pub fn lost(&self, desk: DeskId, now: Instant) {
        let mut shown = self.shown();
        drop_by_themselves(&mut shown, now);
        if let Some(lost) = shown.get_mut(&desk) {
            *lost = Some(now);
        }
    }

    fn shown(&self) -> MutexGuard<'_, BTreeMap<DeskId, Option<Instant>>> {
        self.0.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drop_by_themselves(shown: &mut BTreeMap<DeskId, Option<Instant>>, now: Instant) {
    shown.retain(|_, lost| lost.is_none_or(|lost| now.saturating_duration_since(lost) < DROPS_BY_ITSELF_AFTER));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_waits_for_each_page_that_shows_them_and_no_longer_than_it_must() {
        let words = SharedWords::default();
        assert!(words.are_forgotten_within(Duration::ZERO));
        words.were_sent_to(DeskId(1));
        words.were_sent_to(DeskId(2));
        words.were_forgotten_by(DeskId(1));
        assert!(!words.are_forgotten_within(Duration::from_millis(20)));
        let page = words.clone();
        let said = std::thread::spawn(move || page.were_forgotten_by(DeskId(2)));
        assert!(words.are_forgotten_within(Duration::from_secs(20)));
        said.join().unwrap();
    }

    #[test]
    fn a_page_that_has_gone_counts_until_it_has_dropped_them_by_itself() {
        let words = SharedWords::default();
        let now = Instant::now();
        words.were_sent_to(DeskId(1));
        words.lost(DeskId(1), now);
        words.lost(DeskId(9), now);
        assert!(!words.are_forgotten_within(Duration::ZERO));
        words.lost(DeskId(9), now + DROPS_BY_ITSELF_AFTER);
        assert!(words.are_forgotten_within(Duration::ZERO));
    }
}
