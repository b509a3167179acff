//! Owns the list of open pages, and the rule for which of them can receive a call: they must be alive and visible, with
//! their sound unlocked. Performs no I/O; the time is passed in. Does not own the pages' streams, or how a room uses
//! the list.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::room::call::{CallId, DeskId};

/// Time without a heartbeat after which a page counts as unable to receive a call.
pub(in crate::desk) const SILENT_AFTER: Duration = Duration::from_secs(10);
/// Maximum number of open pages.
const PAGES_MAX: usize = 32;

/// A change that has to be reported to the rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::desk) enum PageChange {
    /// The page can receive calls now.
    Able(DeskId),
    /// The page can no longer receive calls.
    Unable(DeskId),
}

/// The open pages of a desk.
#[derive(Debug, Default)]
pub(in crate::desk) struct OpenPages {
    pages: BTreeMap<DeskId, OpenPage>,
}

#[derive(Debug)]
struct OpenPage {
    can_receive: bool,
    last_beat: Instant,
    sent_call: Option<CallId>,
}

/// The error for a page that is not in the list, because its stream has ended. The page has to open another stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::desk) struct UnknownPage;

impl OpenPages {
    /// Adds a page that has opened its stream. Returns `false` if there are already [`PAGES_MAX`] pages, or the page is
    /// already open.
    pub(in crate::desk) fn open(&mut self, desk: DeskId, now: Instant) -> bool {
        if self.pages.len() >= PAGES_MAX || self.pages.contains_key(&desk) {
            return false;
        }
        self.pages.insert(desk, OpenPage { can_receive: false, last_beat: now, sent_call: None });
        true
    }

    /// Handles a page's heartbeat. `can_receive` says whether the page is visible with its sound unlocked. Returns a
    /// change if `can_receive` differs from what is recorded for the page.
    ///
    /// # Errors
    /// [`UnknownPage`] if the page is not open.
    pub(in crate::desk) fn beat(
        &mut self,
        desk: DeskId,
        can_receive: bool,
        now: Instant,
    ) -> Result<Option<PageChange>, UnknownPage> {
        let page = self.pages.get_mut(&desk).ok_or(UnknownPage)?;
        page.last_beat = now;
        if page.can_receive == can_receive {
            return Ok(None);
        }
        page.can_receive = can_receive;
        Ok(Some(if can_receive { PageChange::Able(desk) } else { PageChange::Unable(desk) }))
    }

    /// Records that the room refused the report of a page's change. The page then counts as unable to receive calls, so
    /// that its next heartbeat can report it again.
    pub(in crate::desk) fn refused(&mut self, desk: DeskId) {
        if let Some(page) = self.pages.get_mut(&desk) {
            page.can_receive = false;
        }
    }

    /// Removes a page whose stream has ended. Returns a change if the page could receive calls.
    pub(in crate::desk) fn close(&mut self, desk: DeskId) -> Option<PageChange> {
        let page = self.pages.remove(&desk)?;
        page.can_receive.then_some(PageChange::Unable(desk))
    }

    /// Marks the pages that have been silent for [`SILENT_AFTER`] as unable to receive calls, and returns these
    /// changes.
    pub(in crate::desk) fn handle_timeout(&mut self, now: Instant) -> Vec<PageChange> {
        let mut gone = Vec::new();
        for (desk, page) in &mut self.pages {
            if page.can_receive && now.saturating_duration_since(page.last_beat) >= SILENT_AFTER {
                page.can_receive = false;
                gone.push(PageChange::Unable(*desk));
            }
        }
        gone
    }

    /// Removes all pages, because the desk is closing. Returns a change for each page that could receive calls.
    pub(in crate::desk) fn close_all(&mut self) -> Vec<PageChange> {
        let receiving = self.pages.iter().filter(|(_, page)| page.can_receive);
        let gone = receiving.map(|(desk, _)| PageChange::Unable(*desk)).collect();
        self.pages.clear();
        gone
    }

    /// Returns whether this page can receive a call.
    pub(in crate::desk) fn can_receive(&self, desk: DeskId) -> bool {
        self.pages.get(&desk).is_some_and(|page| page.can_receive)
    }

    /// Returns whether any page can receive a call.
    pub(in crate::desk) fn any_can_receive(&self) -> bool {
        self.pages.values().any(|page| page.can_receive)
    }

    /// Marks a call as sent to a page. Returns `true` if the page can receive calls, and the call differs from the one
    /// that was last marked for this page.
    pub(in crate::desk) fn mark_sent(&mut self, desk: DeskId, call: CallId) -> bool {
        match self.pages.get_mut(&desk) {
            Some(page) if page.can_receive && page.sent_call != Some(call) => {
                page.sent_call = Some(call);
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESK: DeskId = DeskId(4);

    #[test]
    fn a_page_receives_only_while_it_is_visible_with_sound_and_beats() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pages = OpenPages::default();
        assert_eq!(pages.beat(DESK, true, start), Err(UnknownPage));
        assert!(pages.open(DESK, start));
        assert!(!pages.open(DESK, start));
        assert_eq!(pages.beat(DESK, false, at(1)), Ok(None));
        assert!(!pages.mark_sent(DESK, CallId(1)));
        assert_eq!(pages.beat(DESK, true, at(2)), Ok(Some(PageChange::Able(DESK))));
        assert_eq!(pages.beat(DESK, true, at(4)), Ok(None));
        assert!(pages.mark_sent(DESK, CallId(1)));
        assert!(!pages.mark_sent(DESK, CallId(1)));
        assert_eq!(pages.beat(DESK, false, at(6)), Ok(Some(PageChange::Unable(DESK))));
        assert_eq!(pages.beat(DESK, true, at(7)), Ok(Some(PageChange::Able(DESK))));
        assert_eq!(pages.handle_timeout(at(16)), []);
        assert_eq!(pages.handle_timeout(at(17)), [PageChange::Unable(DESK)]);
        assert_eq!(pages.handle_timeout(at(18)), []);
        assert_eq!(pages.beat(DESK, true, at(19)), Ok(Some(PageChange::Able(DESK))));
        assert_eq!(pages.close(DESK), Some(PageChange::Unable(DESK)));
        assert_eq!(pages.close(DESK), None);
        assert_eq!(pages.beat(DESK, true, at(20)), Err(UnknownPage));
    }

    #[test]
    fn a_refused_page_is_offered_again_and_the_number_of_pages_is_bounded() {
        let start = Instant::now();
        let mut pages = OpenPages::default();
        for desk in 0..PAGES_MAX as u64 {
            assert!(pages.open(DeskId(desk), start));
        }
        assert!(!pages.open(DeskId(1_000), start));
        assert_eq!(pages.beat(DESK, true, start), Ok(Some(PageChange::Able(DESK))));
        pages.refused(DESK);
        assert_eq!(pages.beat(DESK, true, start), Ok(Some(PageChange::Able(DESK))));
        assert_eq!(pages.close_all(), [PageChange::Unable(DESK)]);
    }
}
