//! Owns the patient's notes: pages of text and drawings, written and drawn answers about intentions, and a text for the
//! clinician. Does not own how they are sealed or taken home.

use std::fmt;

use super::drawing::{Drawing, NOTE_POINTS_MAX};

/// Text that a patient wrote. `Debug` does not print it, because it must not appear in a log line or panic message.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PatientText(String);

impl PatientText {
    /// Wraps text that a patient wrote.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text. It may reach only the patient's screen, the vault, what the patient takes home, and a desk
    /// with which the patient shared it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether the text is empty or only whitespace.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Length in code points.
    #[must_use]
    pub fn char_count(&self) -> usize {
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

/// One page of a note, which holds either text or a drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotePage {
    /// A page of text.
    Words(PatientText),
    /// A page with a drawing.
    Drawing(Drawing),
}

impl NotePage {
    /// Whether the page is empty.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Words(text) => text.is_blank(),
            Self::Drawing(drawing) => drawing.is_blank(),
        }
    }

    /// The text; `None` for a page with a drawing.
    #[must_use]
    pub const fn words(&self) -> Option<&PatientText> {
        match self {
            Self::Words(text) => Some(text),
            Self::Drawing(_) => None,
        }
    }

    /// The drawing; `None` for a page of text.
    #[must_use]
    pub const fn drawing(&self) -> Option<&Drawing> {
        match self {
            Self::Words(_) => None,
            Self::Drawing(drawing) => Some(drawing),
        }
    }
}

impl Default for NotePage {
    fn default() -> Self {
        Self::Words(PatientText::default())
    }
}

/// The answer to a question about intentions. A patient may write, draw, do both, or leave it blank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What was written.
    pub text: PatientText,
    /// What was drawn.
    pub drawing: Drawing,
}

impl Answer {
    /// Whether nothing was written or drawn.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.is_blank() && self.drawing.is_blank()
    }
}

impl From<PatientText> for Answer {
    fn from(text: PatientText) -> Self {
        Self { text, drawing: Drawing::default() }
    }
}

/// Number of questions about intentions.
pub const INTENTIONS: usize = 3;

/// Everything a patient wrote and drew in one visit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The pages of the note, in order.
    pub pages: Vec<NotePage>,
    /// Answers to the questions asked in Arrive. A skipped question has a blank answer.
    pub intentions: [Answer; INTENTIONS],
    /// The patient's text under "Something I want my clinician to know".
    pub for_clinician: PatientText,
    /// Whether the patient shared [`Notes::for_clinician`] with the desk.
    pub shared: bool,
    /// Increases with every change, so the larger of two versions is the newer one.
    pub version: u64,
}

impl Notes {
    /// Number of pages that are not blank.
    #[must_use]
    pub fn written_pages(&self) -> usize {
        self.pages.iter().filter(|page| !page.is_blank()).count()
    }

    /// The drawings that are not blank, in the order in which they are taken home: those on the pages, then those that
    /// answer questions.
    pub fn drawings(&self) -> impl Iterator<Item = &Drawing> {
        let pages = self.pages.iter().filter_map(NotePage::drawing);
        pages.chain(self.intentions.iter().map(|answer| &answer.drawing)).filter(|drawing| !drawing.is_blank())
    }

    /// Whether anything was drawn.
    #[must_use]
    pub fn has_drawings(&self) -> bool {
        self.drawings().next().is_some()
    }

    /// Whether nothing was written or drawn.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.written_pages() == 0 && self.for_clinician.is_blank() && self.intentions.iter().all(Answer::is_blank)
    }

    /// Merges what the vault restored with what was written in the meantime. Restored pages come first. New answers,
    /// written or drawn, and a new text for the clinician replace the restored ones.
    pub(super) fn merge_restored(&mut self, restored: Self) {
        let newer = std::mem::replace(self, restored);
        self.pages.extend(newer.pages);
        for (answer, newer) in self.intentions.iter_mut().zip(newer.intentions) {
            if !newer.text.is_blank() {
                answer.text = newer.text;
            }
            if !newer.drawing.is_blank() {
                answer.drawing = newer.drawing;
            }
        }
        if !newer.for_clinician.is_blank() {
            self.for_clinician = newer.for_clinician;
            self.shared = newer.shared;
        }
        self.version = self.version.max(newer.version) + 1;
    }

    pub(super) fn append_text(&mut self, text: &str, limits: NoteLimits) -> Result<(), NoteFull> {
        let fits = |page: &PatientText| page.char_count() + text.chars().count() <= limits.page_chars_max;
        let fits_new_page = self.pages.len() < limits.pages_max && fits(&PatientText::default());
        if let Some(NotePage::Words(words)) = self.pages.last_mut()
            && fits(words)
        {
            words.push(text);
        } else if fits_new_page {
            // If the last page is full or a drawing, or there is no page yet, the text goes on a new page.
            self.pages.push(NotePage::Words(PatientText::new(text)));
        } else {
            return Err(NoteFull);
        }
        self.version += 1;
        Ok(())
    }

    pub(super) fn write_page(&mut self, page: usize, text: PatientText, limits: NoteLimits) -> Result<(), NoteFull> {
        if text.char_count() > limits.page_chars_max {
            return Err(NoteFull);
        }
        self.set_page(page, NotePage::Words(text), limits)
    }

    pub(super) fn draw_page(&mut self, page: usize, drawing: Drawing, limits: NoteLimits) -> Result<(), NoteFull> {
        let others = self.pages.iter().enumerate().filter(|(index, _)| *index != page);
        let points: usize = others.filter_map(|(_, page)| page.drawing()).map(Drawing::point_count).sum();
        if !drawing.fits_a_page() || points + drawing.point_count() > NOTE_POINTS_MAX {
            return Err(NoteFull);
        }
        self.set_page(page, NotePage::Drawing(drawing), limits)
    }

    pub(super) fn write_intention(
        &mut self,
        question: usize,
        text: PatientText,
        limits: NoteLimits,
    ) -> Result<(), NoteFull> {
        if text.char_count() > limits.page_chars_max {
            return Err(NoteFull);
        }
        self.intentions[question].text = text;
        self.version += 1;
        Ok(())
    }

    pub(super) fn draw_intention(&mut self, question: usize, drawing: Drawing) -> Result<(), NoteFull> {
        if !drawing.fits_a_page() {
            return Err(NoteFull);
        }
        self.intentions[question].drawing = drawing;
        self.version += 1;
        Ok(())
    }

    pub(super) fn write_for_clinician(&mut self, text: PatientText, limits: NoteLimits) -> Result<(), NoteFull> {
        if text.char_count() > limits.page_chars_max {
            return Err(NoteFull);
        }
        // The patient agreed to share the old text, so a new text is not shared.
        self.shared &= self.for_clinician == text;
        self.for_clinician = text;
        self.version += 1;
        Ok(())
    }

    pub(super) fn share_for_clinician(&mut self, on: bool) {
        self.shared = on && !self.for_clinician.is_blank();
        self.version += 1;
    }

    fn set_page(&mut self, page: usize, content: NotePage, limits: NoteLimits) -> Result<(), NoteFull> {
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
    /// Maximum number of pages.
    pub pages_max: usize,
    /// Maximum length of the text on one page, in code points. Answers and the text for the clinician have the same
    /// limit.
    pub page_chars_max: usize,
}

impl Default for NoteLimits {
    fn default() -> Self {
        Self { pages_max: 20, page_chars_max: 2_000 }
    }
}

/// The note, or a page of it, cannot hold any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteFull;
