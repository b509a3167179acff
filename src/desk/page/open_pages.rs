//! Owns which opened pages can receive a call: alive, visible, with their sound unlocked. Pure; the time comes in.
//! Does not own the streams to them, nor what the room makes of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::room::call::{CallId, DeskId};

/// A page that has been silent for so long cannot receive.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(10);
/// More open pages than this are turned away.
pub(super) const PAGES_MAX: usize = 32;

/// What the room is to be told of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageChange {
    /// It can receive now.
    Seen(DeskId),
    /// It cannot receive any more.
    Gone(DeskId),
}

/// The opened pages.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: BTreeMap<DeskId, Page>,
}

#[derive(Debug)]
struct Page {
    receives: bool,
    last_beat: Instant,
    sent: Option<CallId>,
}

/// The page is not known: its stream has ended, and it must open another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnknownPage;

impl Pages {
    /// A page opened its stream. `false` if there are too many.
    pub(super) fn open(&mut self, desk: DeskId, now: Instant) -> bool {
        if self.pages.len() >= PAGES_MAX || self.pages.contains_key(&desk) {
            return false;
        }
        self.pages.insert(desk, Page { receives: false, last_beat: now, sent: None });
        true
    }

    /// The page said that it is there.
    pub(super) fn beat(&mut self, desk: DeskId, able: bool, now: Instant) -> Result<Option<PageChange>, UnknownPage> {
        let page = self.pages.get_mut(&desk).ok_or(UnknownPage)?;
        page.last_beat = now;
        if page.receives == able {
            return Ok(None);
        }
        page.receives = able;
        Ok(Some(if able { PageChange::Seen(desk) } else { PageChange::Gone(desk) }))
    }

    /// The room would not take it; the next beat offers it again.
    pub(super) fn refused(&mut self, desk: DeskId) {
        if let Some(page) = self.pages.get_mut(&desk) {
            page.receives = false;
        }
    }

    /// The page's stream has ended.
    pub(super) fn close(&mut self, desk: DeskId) -> Option<PageChange> {
        let page = self.pages.remove(&desk)?;
        page.receives.then_some(PageChange::Gone(desk))
    }

    /// Every page that has fallen silent by `now`.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<PageChange> {
        let mut gone = Vec::new();
        for (desk, page) in &mut self.pages {
            if page.receives && now.saturating_duration_since(page.last_beat) >= SILENT_AFTER {
                page.receives = false;
                gone.push(PageChange::Gone(*desk));
            }
        }
        gone
    }

    /// Every page is closed.
    pub(super) fn close_all(&mut self) -> Vec<PageChange> {
        let receiving = self.pages.iter().filter(|(_, page)| page.receives);
        let gone = receiving.map(|(desk, _)| PageChange::Gone(*desk)).collect();
        self.pages.clear();
        gone
    }

    /// Whether a page can receive a call now.
    pub(super) fn receives(&self, desk: DeskId) -> bool {
        self.pages.get(&desk).is_some_and(|page| page.receives)
    }

    /// Whether any page can receive a call now.
    pub(super) fn any_receives(&self) -> bool {
        self.pages.values().any(|page| page.receives)
    }

    /// Whether writing this call to this page is news: `true` once for each call.
    pub(super) fn take_sent(&mut self, desk: DeskId, call: CallId) -> bool {
        match self.pages.get_mut(&desk) {
            Some(page) if page.receives && page.sent != Some(call) => {
                page.sent = Some(call);
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
    fn a_page_receives_only_while_it_is_able_and_not_silent() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pages = Pages::default();
        assert_eq!(pages.beat(DESK, true, start), Err(UnknownPage));
        assert!(pages.open(DESK, start));
        assert!(!pages.open(DESK, start));
        assert_eq!(pages.beat(DESK, false, at(1)), Ok(None));
        assert!(!pages.take_sent(DESK, CallId(1)));
        assert_eq!(pages.beat(DESK, true, at(2)), Ok(Some(PageChange::Seen(DESK))));
        assert_eq!(pages.beat(DESK, true, at(4)), Ok(None));
        assert!(pages.take_sent(DESK, CallId(1)));
        assert!(!pages.take_sent(DESK, CallId(1)));
        assert_eq!(pages.beat(DESK, false, at(6)), Ok(Some(PageChange::Gone(DESK))));
        assert_eq!(pages.beat(DESK, true, at(7)), Ok(Some(PageChange::Seen(DESK))));
        assert_eq!(pages.sweep(at(16)), []);
        assert_eq!(pages.sweep(at(17)), [PageChange::Gone(DESK)]);
        assert_eq!(pages.sweep(at(18)), []);
        assert_eq!(pages.beat(DESK, true, at(19)), Ok(Some(PageChange::Seen(DESK))));
        assert_eq!(pages.close(DESK), Some(PageChange::Gone(DESK)));
        assert_eq!(pages.close(DESK), None);
        assert_eq!(pages.beat(DESK, true, at(20)), Err(UnknownPage));
    }

    #[test]
    fn a_refused_page_is_offered_again_and_too_many_are_turned_away() {
        let start = Instant::now();
        let mut pages = Pages::default();
        for desk in 0..PAGES_MAX as u64 {
            assert!(pages.open(DeskId(desk), start));
        }
        assert!(!pages.open(DeskId(1_000), start));
        assert_eq!(pages.beat(DESK, true, start), Ok(Some(PageChange::Seen(DESK))));
        pages.refused(DESK);
        assert_eq!(pages.beat(DESK, true, start), Ok(Some(PageChange::Seen(DESK))));
        assert_eq!(pages.close_all(), [PageChange::Gone(DESK)]);
    }
}
