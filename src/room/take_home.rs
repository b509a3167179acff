//! Owns the state of taking a note home: the available methods, the chosen methods, and the result of each. Does not
//! own the delivery of a note.

use std::collections::BTreeMap;

use crate::vocabulary::named;

named! {
    /// A method of taking a note home.
    TakeHomeMethod {
        /// Codes on the screen, for the patient's own phone.
        Phone = "phone",
        /// Sheets of paper from a printer.
        Paper = "paper",
        /// A file that is encrypted to the therapist's key.
        Sealed = "sealed",
    }
}

named! {
    /// Why a note could not be delivered.
    TakeHomeError {
        /// No printer answers, or the printer accepts no jobs.
        PrinterAway = "printer-away",
        /// The printer stopped, took too long, or needs attention because, for example, it is out of paper. The job was
        /// cancelled.
        PrinterStopped = "printer-stopped",
        /// No memory stick is inserted.
        StickMissing = "stick-missing",
        /// The folder or memory stick for sealed files cannot be written to, or has been removed.
        PlaceUnwritable = "place-unwritable",
        /// The folder or memory stick for sealed files is full.
        PlaceFull = "place-full",
        /// The program could not prepare the note.
        NotMade = "not-made",
    }
}

/// The state of one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeHomeStatus {
    /// The delivery has started, and its outcome is not known yet.
    InProgress,
    /// The note was delivered or, for a phone, the codes were shown.
    Done {
        /// The code in the name of a sealed file, by which patient and therapist can refer to it. `None` if no sealed
        /// file was written.
        code: Option<String>,
    },
    /// The delivery failed. The print job or the unfinished file was removed, unless removing it failed as well.
    Failed(TakeHomeError),
}

impl TakeHomeStatus {
    /// The name of the status in messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InProgress => "under-way",
            Self::Done { .. } => "done",
            Self::Failed(error) => error.name(),
        }
    }
}

/// How a note can be taken home, and the result of each method that was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakeHome {
    /// Whether a printer accepts jobs.
    pub paper: bool,
    /// Whether a therapist's key is configured.
    pub sealed: bool,
    /// The latest status for each method that was chosen.
    pub statuses: BTreeMap<TakeHomeMethod, TakeHomeStatus>,
    /// [`Notes::version`](super::notes::Notes::version) of the note that was delivered last. Later changes were not
    /// delivered.
    pub taken: Option<u64>,
}

impl TakeHome {
    /// The latest status of a method, if it was chosen.
    #[must_use]
    pub fn status(&self, method: TakeHomeMethod) -> Option<&TakeHomeStatus> {
        self.statuses.get(&method)
    }

    /// The methods that are available now, in the order of [`TakeHomeMethod::ALL`].
    pub fn methods(&self) -> impl Iterator<Item = TakeHomeMethod> + '_ {
        TakeHomeMethod::ALL.iter().copied().filter(|method| self.is_available(*method))
    }

    /// Whether a method is available. The phone always is, since it needs nothing but the screen.
    #[must_use]
    pub const fn is_available(&self, method: TakeHomeMethod) -> bool {
        match method {
            TakeHomeMethod::Phone => true,
            TakeHomeMethod::Paper => self.paper,
            TakeHomeMethod::Sealed => self.sealed,
        }
    }

    /// Whether a delivery is in progress.
    #[must_use]
    pub fn is_in_progress(&self) -> bool {
        self.statuses.values().any(|status| *status == TakeHomeStatus::InProgress)
    }
}
