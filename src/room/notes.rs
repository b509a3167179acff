//! Owns what the patient writes: pages of words and of drawing, intentions, and what is meant for the clinician.
//! Does not own how it is sealed or taken home.

use std::fmt;

use super::drawing::{Drawing, NOTE_POINTS_MAX};

/// Words of a patient. They never appear in `Debug`, so that no log or panic can carry them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PatientText(String);

impl PatientText {
    /// Wraps words of a patient.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The words, for the patient's own screen, seal or take-home.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether nothing but blanks is written.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Length in characters.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    fn push(&mut self, more: &str) {
        self.0.push_str(more);
    }
}

impl fmt::Debug for PatientText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientText(…)")
    }
}

/// One page of a note: words, or a drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// It is written.
    Words(PatientText),
    /// It is drawn.
    Drawing(Drawing),
}

impl Page {
    /// Whether nothing is on it.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Words(text) => text.is_blank(),
            Self::Drawing(drawing) => drawing.is_blank(),
        }
    }

    /// Its words, if it is written.
    #[must_use]
    pub const fn words(&self) -> Option<&PatientText> {
        match self {
            Self::Words(text) => Some(text),
            Self::Drawing(_) => None,
        }
    }

    /// Its drawing, if it is drawn.
    #[must_use]
    pub const fn drawing(&self) -> Option<&Drawing> {
        match self {
            Self::Words(_) => None,
            Self::Drawing(drawing) => Some(drawing),
        }
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::Words(PatientText::default())
    }
}

/// How many intentions are asked for.
pub const INTENTIONS: usize = 3;

/// Everything a patient wrote and drew in one visit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The pages of the note.
    pub pages: Vec<Page>,
    /// Answers to the three questions of Arrive; blank where skipped.
    pub intentions: [PatientText; INTENTIONS],
    /// "Something I want my clinician to know".
    pub for_clinician: PatientText,
    /// Whether the patient pressed *share* on it.
    pub shared: bool,
    /// Counts every change, so that an older seal is never taken for a newer one.
    pub version: u64,
}

impl Notes {
    /// Pages that hold something.
    #[must_use]
    pub fn written_pages(&self) -> usize {
        self.pages.iter().filter(|page| !page.is_blank()).count()
    }

    /// Whether any page holds a drawing.
    #[must_use]
    pub fn has_drawings(&self) -> bool {
        self.pages.iter().any(|page| page.drawing().is_some_and(|drawing| !drawing.is_blank()))
    }

    /// Whether nothing at all was written.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.written_pages() == 0 && self.for_clinician.is_blank() && self.intentions.iter().all(PatientText::is_blank)
    }

    /// Puts what was written since behind what was written before.
    pub(super) fn follow(&mut self, before: Self) {
        let since = std::mem::replace(self, before);
        self.pages.extend(since.pages);
        for (kept, newer) in self.intentions.iter_mut().zip(since.intentions) {
            if !newer.is_blank() {
                *kept = newer;
            }
        }
        if !since.for_clinician.is_blank() {
            self.for_clinician = since.for_clinician;
            self.shared = since.shared;
        }
        self.version = self.version.max(since.version) + 1;
    }

    pub(super) fn type_at_end(&mut self, text: &str, limits: NoteLimits) -> Result<(), NoteFull> {
        let takes = |words: &PatientText| words.chars() + text.chars().count() <= limits.page_chars_max;
        let another = self.pages.len() < limits.pages_max && takes(&PatientText::default());
        match self.pages.last_mut() {
            Some(Page::Words(words)) if takes(words) => words.push(text),
            // A full page, or a drawing: words go on behind it.
            _ if another => self.pages.push(Page::Words(PatientText::new(text))),
            _ => return Err(NoteFull),
        }
        self.version += 1;
        Ok(())
    }

    pub(super) fn write_page(&mut self, page: usize, text: PatientText, limits: NoteLimits) -> Result<(), NoteFull> {
        if text.chars() > limits.page_chars_max {
            return Err(NoteFull);
        }
        self.put_page(page, Page::Words(text), limits)
    }

    pub(super) fn draw_page(&mut self, page: usize, drawing: Drawing, limits: NoteLimits) -> Result<(), NoteFull> {
        let elsewhere = self.pages.iter().enumerate().filter(|(index, _)| *index != page);
        let points: usize = elsewhere.filter_map(|(_, page)| page.drawing()).map(Drawing::points).sum();
        if !drawing.fits_a_page() || points + drawing.points() > NOTE_POINTS_MAX {
            return Err(NoteFull);
        }
        self.put_page(page, Page::Drawing(drawing), limits)
    }

    fn put_page(&mut self, page: usize, content: Page, limits: NoteLimits) -> Result<(), NoteFull> {
        if page > self.pages.len() || page >= limits.pages_max {
            return Err(NoteFull);
        }
        if page == self.pages.len() {
            self.pages.push(content);
        } else {
            self.pages[page] = content;
        }
        self.version += 1;
        Ok(())
    }
}

/// How much a note can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteLimits {
    /// Pages at most.
    pub pages_max: usize,
    /// Characters on one page at most.
    pub page_chars_max: usize,
}

impl Default for NoteLimits {
    fn default() -> Self {
        Self { pages_max: 20, page_chars_max: 2_000 }
    }
}

/// The note can hold no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteFull;
