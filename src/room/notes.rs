//! Owns what the patient writes: pages, intentions, and what is meant for the clinician.
//! Does not own how it is sealed or taken home.

use std::fmt;

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

/// How many intentions are asked for.
pub const INTENTIONS: usize = 3;

/// Everything a patient wrote in one visit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The pages of the note.
    pub pages: Vec<PatientText>,
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
        let fits = self.pages.last().is_some_and(|page| page.chars() + text.chars().count() <= limits.page_chars_max);
        if !fits {
            self.add_page(limits)?;
        }
        match self.pages.last_mut() {
            Some(page) if page.chars() + text.chars().count() <= limits.page_chars_max => page.push(text),
            _ => {
                self.pages.pop();
                return Err(NoteFull);
            }
        }
        self.version += 1;
        Ok(())
    }

    pub(super) fn write_page(&mut self, page: usize, text: PatientText, limits: NoteLimits) -> Result<(), NoteFull> {
        if text.chars() > limits.page_chars_max || page > self.pages.len() || page >= limits.pages_max {
            return Err(NoteFull);
        }
        if page == self.pages.len() {
            self.pages.push(text);
        } else {
            self.pages[page] = text;
        }
        self.version += 1;
        Ok(())
    }

    fn add_page(&mut self, limits: NoteLimits) -> Result<(), NoteFull> {
        if self.pages.len() >= limits.pages_max {
            return Err(NoteFull);
        }
        self.pages.push(PatientText::default());
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
