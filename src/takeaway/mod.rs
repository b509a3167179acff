//! Owns the ways in which a note goes home with the person who wrote it, and that nothing of it is left on the way. Does
//! not own the note.

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
use crate::room::take_home::Fault;
use paper::{Block, PaperSize};
use pdf::Typeface;
use print::{PrintError, Printer};
use seal::{SealError, Sealer};

/// Lies in the state directory while a print server may hold a job of ours.
const PRINTING: &str = "take-home.printing";
/// Lies there while a sealed note is being written somewhere.
const SEALING: &str = "take-home.sealing";

/// A note made ready for paper. It holds words of a patient.
pub struct Errand<'a> {
    /// What is on it.
    pub blocks: &'a [Block],
    /// The name of its language, such as `en-US`.
    pub language: &'a str,
    /// What stands at the foot of a sheet.
    pub number: &'a dyn Fn(usize, usize) -> String,
    /// The day of the visit.
    pub on: NaiveDate,
}

/// Why something of a note may still be under way after a wipe.
#[derive(Debug, Error)]
pub enum PurgeError {
    /// The print server does not answer, or keeps a job.
    #[error(transparent)]
    Print(#[from] PrintError),
    /// The mark itself cannot be removed.
    #[error("the mark of what was under way cannot be removed: {0}")]
    Mark(#[from] io::Error),
}

/// The ways that go out of the room.
pub struct TakeAway {
    printer: Option<Printer>,
    sealer: Option<Sealer>,
    paper: PaperSize,
    typeface: Typeface,
    state: PathBuf,
}

impl TakeAway {
    /// With a printer and a therapist's key, as far as the clinic has them.
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

    /// Whether there is a printer that takes jobs. Asks the print server.
    #[must_use]
    pub fn has_paper(&self) -> bool {
        self.printer.as_ref().is_some_and(|printer| match printer.find() {
            Ok(_) => true,
            Err(error) => {
                tracing::info!(%error, "printing is not offered");
                false
            }
        })
    }

    /// Whether there is a key to seal to.
    #[must_use]
    pub const fn has_key(&self) -> bool {
        self.sealer.is_some()
    }

    /// Prints it; returns once it is printed, or with why it is not. Nothing is left with the print server either way,
    /// or a mark stays that a wipe sees.
    pub fn print(&self, errand: &Errand<'_>) -> Result<(), Fault> {
        let printer = self.printer.as_ref().ok_or(Fault::PrinterAway)?;
        let name = printer.find().map_err(|error| fault_of(&error))?;
        let pdf = self.pdf(errand)?;
        self.mark(PRINTING)?;
        let outcome = printer.print(&name, &pdf, self.paper);
        match &outcome {
            // It cannot be known what the server has of it: the wipe asks again.
            Err(PrintError::Server(_) | PrintError::Left(_) | PrintError::Wiped) => {}
            Ok(()) | Err(_) => self.unmark(PRINTING),
        }
        outcome.map_err(|error| fault_of(&error))
    }

    /// Seals it and puts it where it is to go. Gives the code in the file's name.
    pub fn seal(&self, errand: &Errand<'_>) -> Result<String, Fault> {
        let sealer = self.sealer.as_ref().ok_or(Fault::NotMade)?;
        let pdf = self.pdf(errand)?;
        self.mark(SEALING)?;
        let outcome = sealer.seal(&pdf, errand.on);
        self.unmark(SEALING);
        outcome.map_err(|error| {
            tracing::warn!(%error, "a note was not sealed");
            match error {
                SealError::NoStick => Fault::StickMissing,
                SealError::Full { .. } => Fault::PlaceFull,
                SealError::Unwritable { .. } => Fault::PlaceUnwritable,
                SealError::Recipient | SealError::Sealing => Fault::NotMade,
            }
        })
    }

    /// Takes back what is under way and removes what is left of it: print jobs with their documents and their history,
    /// and unfinished files. Quick where nothing was under way; otherwise it asks the print server, which has 600 ms for
    /// each answer. Can be called again at any time.
    pub fn purge(&self) -> Result<(), PurgeError> {
        if self.is_marked(SEALING) {
            if let Some(sealer) = &self.sealer {
                sealer.tidy();
            }
            private::remove(&self.state.join(SEALING))?;
        }
        if self.is_marked(PRINTING) {
            if let Some(printer) = &self.printer {
                printer.purge()?;
            }
            private::remove(&self.state.join(PRINTING))?;
        }
        Ok(())
    }

    /// Whether nothing is known to be under way or left.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        is_clear(&self.state)
    }

    fn pdf(&self, errand: &Errand<'_>) -> Result<zeroize::Zeroizing<Vec<u8>>, Fault> {
        let made = pdf::pdf(errand.blocks, self.paper, self.typeface, errand.language, errand.number);
        made.map_err(|error| {
            tracing::error!(%error, "a note could not be put on sheets");
            Fault::NotMade
        })
    }

    /// On disk before anything leaves, so that even a room whose plug was pulled knows what it has to take back.
    fn mark(&self, name: &str) -> Result<(), Fault> {
        private::write_atomic(&self.state.join(name), &[]).map_err(|error| {
            tracing::error!(%error, "what leaves the room could not be noted, so it does not leave");
            Fault::NotMade
        })
    }

    fn unmark(&self, name: &str) {
        if let Err(error) = private::remove(&self.state.join(name)) {
            tracing::warn!(%error, "a mark stays until the next wipe");
        }
    }

    fn is_marked(&self, name: &str) -> bool {
        self.state.join(name).exists()
    }
}

fn fault_of(error: &PrintError) -> Fault {
    tracing::warn!(%error, "a note was not printed");
    match error {
        PrintError::NeedsHelp { .. } | PrintError::Wiped | PrintError::Left(_) => Fault::PrinterStopped,
        PrintError::Server(_) | PrintError::NoPrinter(_) | PrintError::Closed => Fault::PrinterAway,
    }
}

/// Whether the marks in that state directory say that nothing is under way or left.
#[must_use]
pub fn is_clear(state: &Path) -> bool {
    ![PRINTING, SEALING].iter().any(|name| state.join(name).exists())
}

#[cfg(test)]
mod tests;
