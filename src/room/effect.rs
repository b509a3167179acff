//! Owns the outputs of the room: what it wants done in the outside world. Does not own how that is done.

use std::sync::Arc;

use super::ids::CallId;
use super::notes::Notes;
use super::take_home::TakeHomeMethod;
use crate::vocabulary::language::Language;
use crate::vocabulary::signal::Signal;

/// An instruction for the driver to execute. If it has an outcome, that comes back as an [`Event`](super::Event).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Offer a call on every line.
    SendCall {
        /// Which call.
        id: CallId,
        /// Whether it is a practice call.
        practice: bool,
        /// [`Call::presses`](super::call::Call::presses): a desk rings again whenever it has grown.
        presses: u32,
    },
    /// A call has ended: stop offering it.
    EndCall {
        /// Which call.
        id: CallId,
    },
    /// Send a call to a step of the escalation list.
    Escalate {
        /// Which call.
        id: CallId,
        /// How many times the list has started over for this call, from 0. It lets a recipient tell a new alarm from a
        /// retry.
        round: u32,
        /// Index of the step, from 0.
        step: usize,
    },
    /// Play a sound once.
    Signal(Signal),
    /// Allow sound to come from the present output.
    AcceptOutput,
    /// A visit begins: create its key.
    OpenVault,
    /// The program restarted during a visit: decrypt its sealed notes.
    ReopenVault,
    /// Seal everything written so far.
    SealNotes(Arc<Notes>),
    /// Find out by which methods a note can be taken home now.
    FindTakeHomeMethods,
    /// Deliver everything written so far.
    TakeHome {
        /// By which method.
        method: TakeHomeMethod,
        /// What to deliver.
        notes: Arc<Notes>,
        /// The language of the headings on the sheets.
        language: Language,
    },
    /// Destroy the key, then everything else of the visit, then execute the program again in a fresh process.
    Wipe,
    /// In the fresh process: finish the wipe if it was interrupted, check its result, and write the receipt.
    VerifyWipe,
}
