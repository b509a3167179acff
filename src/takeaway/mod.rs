//! Owns the methods of taking a note home, and the removal of everything that they leave behind. Does not own the
//! content of the note.

pub mod paper;
pub mod pdf;
pub mod print;
pub mod print_server;
pub mod qr;
pub mod seal;
pub mod sticks;

use std::io;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use thiserror::Error;

use crate::paths::private;
use crate::room::take_home::TakeHomeError;
use paper::{Block, PaperSize};
use pdf::Typeface;
use print::{PrintError, PrintJobEnd, Printer};
use seal::{SealError, Sealer};

/// Name of the marker file that exists in the state directory while the print server may have one of this program's
/// jobs.
const PRINTING: &str = "take-home.printing";
/// Name of the marker file that exists in the state directory while a sealed note is being written.
const SEALING: &str = "take-home.sealing";

/// A note that is ready for paper. It contains the patient's words.
pub struct PreparedNote<'a> {
    /// The content, from top to bottom.
    pub blocks: &'a [Block],
    /// The tag of the note's language, such as `en-US`.
    pub language: &'a str,
    /// Returns the text at the bottom of a sheet, given the sheet's number, counted from 1, and the number of sheets.
    pub sheet_number: &'a dyn Fn(usize, usize) -> String,
    /// The date of the visit.
    pub date: NaiveDate,
}

/// Why a part of a note may be left on the print server, or at the destination of sealed notes, after a wipe.
#[derive(Debug, Error)]
pub enum PurgeError {
    /// The print server does not respond, or still has a job.
    #[error(transparent)]
    Print(#[from] PrintError),
    /// An unfinished file cannot be removed from its destination.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A marker file cannot be removed.
    #[error("a marker file cannot be removed: {0}")]
    Marker(#[from] io::Error),
}

/// Prints and seals notes, and removes what printing and sealing may leave behind.
pub struct TakeAway {
    printer: Option<Printer>,
    sealer: Option<Sealer>,
    paper: PaperSize,
    typeface: Typeface,
    state: PathBuf,
}

impl TakeAway {
    /// Without a `printer`, notes cannot be printed; without a `sealer`, they cannot be sealed.
    #[must_use]
    pub const fn new(
        printer: Option<Printer>,
        sealer: Option<Sealer>,
        paper: PaperSize,
        typeface: Typeface,
        state: PathBuf,
    ) -> Self {
        Self { printer, sealer, paper, typeface, state }
    }

    /// Asks the print server whether the printer exists and accepts jobs.
    #[must_use]
    pub fn can_print(&self) -> bool {
        self.printer.as_ref().is_some_and(|printer| match printer.find() {
            Ok(_) => true,
            Err(error) => {
                tracing::info!(%error, "printing is not offered");
                false
            }
        })
    }

    /// Returns whether a therapist's key is configured.
    #[must_use]
    pub const fn can_seal(&self) -> bool {
        self.sealer.is_some()
    }

    /// Prints a note and returns once printing has succeeded or failed. If the print server may still have the job
    /// afterwards, a marker file remains, so that the next wipe removes the job.
    ///
    /// # Errors
    /// Why the note was not printed.
    pub fn print(&self, note: &PreparedNote<'_>) -> Result<(), TakeHomeError> {
        let printer = self.printer.as_ref().ok_or(TakeHomeError::PrinterAway)?;
        let name = printer.find().map_err(|error| fault_of(&error))?;
        let pdf = self.pdf(note)?;
        let is_first = self.mark(PRINTING)?;
        let PrintJobEnd { printed, may_remain } = printer.print(&name, &pdf, self.paper);
        if is_first && !may_remain {
            self.unmark(PRINTING);
        }
        printed.map_err(|error| fault_of(&error))
    }

    /// Seals a note and writes it to its destination. Returns the code in the file's name.
    ///
    /// # Errors
    /// Why the note was not sealed or written.
    pub fn seal(&self, note: &PreparedNote<'_>) -> Result<String, TakeHomeError> {
        let sealer = self.sealer.as_ref().ok_or(TakeHomeError::NotMade)?;
        let pdf = self.pdf(note)?;
        let is_first = self.mark(SEALING)?;
        let outcome = sealer.seal(&pdf, note.date);
        if is_first && !matches!(outcome, Err(SealError::Left { .. })) {
            self.unmark(SEALING);
        }
        outcome.map_err(|error| {
            tracing::warn!(%error, "a note was not sealed");
            match error {
                SealError::NoStick => TakeHomeError::StickMissing,
                SealError::Full { .. } => TakeHomeError::PlaceFull,
                SealError::Unwritable { .. } | SealError::Left { .. } => TakeHomeError::PlaceUnwritable,
                SealError::Recipient | SealError::Sealing => TakeHomeError::NotMade,
            }
        })
    }

    /// Removes print jobs, including one in progress, with their documents and history, and removes unfinished files.
    /// Returns at once if there is no marker file. Otherwise, each request to the print server may take as long as
    /// `print::WIPE_RESPONSE_TIMEOUT` allows. Can be repeated at any time.
    ///
    /// # Errors
    /// The first error, if a job or an unfinished file may be left, or if a marker file cannot be removed. In that
    /// case, the marker file remains. What comes after the error is removed all the same, as far as possible.
    pub fn purge(&self) -> Result<(), PurgeError> {
        let sealing = self.purge_sealing();
        let printing = self.purge_printing();
        sealing.and(printing)
    }

    fn purge_sealing(&self) -> Result<(), PurgeError> {
        if self.is_marked(SEALING) {
            if let Some(sealer) = &self.sealer {
                sealer.remove_unfinished()?;
            }
            private::remove(&self.state.join(SEALING))?;
        }
        Ok(())
    }

    fn purge_printing(&self) -> Result<(), PurgeError> {
        if self.is_marked(PRINTING) {
            if let Some(printer) = &self.printer {
                printer.purge()?;
            }
            private::remove(&self.state.join(PRINTING))?;
        }
        Ok(())
    }

    /// Returns whether nothing is being printed or sealed, and nothing can have been left behind by earlier printing or
    /// sealing.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        is_clear(&self.state)
    }

    fn pdf(&self, note: &PreparedNote<'_>) -> Result<zeroize::Zeroizing<Vec<u8>>, TakeHomeError> {
        let made = pdf::pdf(note.blocks, self.paper, self.typeface, note.language, note.sheet_number);
        made.map_err(|error| {
            tracing::error!(%error, "a note could not be typeset");
            TakeHomeError::NotMade
        })
    }

    /// Writes a marker file. This happens before anything leaves the room, so that the marker file exists even if the
    /// power fails during printing or sealing. Returns whether there was none before. A marker file that was there
    /// before stands for what an earlier printing or sealing may have left, so only a wipe removes it.
    fn mark(&self, name: &str) -> Result<bool, TakeHomeError> {
        let is_first = !self.is_marked(name);
        private::write_atomic(&self.state.join(name), &[]).map_err(|error| {
            tracing::error!(%error, "a marker file could not be written, so nothing leaves the room");
            TakeHomeError::NotMade
        })?;
        Ok(is_first)
    }

    fn unmark(&self, name: &str) {
        if let Err(error) = private::remove(&self.state.join(name)) {
            tracing::warn!(%error, "a marker file stays until the next wipe");
        }
    }

    fn is_marked(&self, name: &str) -> bool {
        self.state.join(name).exists()
    }
}

fn fault_of(error: &PrintError) -> TakeHomeError {
    tracing::warn!(%error, "a note was not printed");
    match error {
        PrintError::NeedsHelp { .. } | PrintError::Wiped | PrintError::Left(_) => TakeHomeError::PrinterStopped,
        PrintError::Server(_) | PrintError::NoPrinter(_) | PrintError::Closed => TakeHomeError::PrinterAway,
    }
}

/// Returns whether the state directory contains no marker file.
#[must_use]
pub fn is_clear(state: &Path) -> bool {
    ![PRINTING, SEALING].iter().any(|name| state.join(name).exists())
}

#[cfg(test)]
mod tests;
