//! Owns the effects, through which the room asks for things to be done in the outside world. Not here: how they are
//! done.

use std::sync::Arc;

use super::ids::CallId;
use super::notes::Notes;
use super::take_home::TakeHomeMethod;
use crate::vocabulary::language::Language;
use crate::vocabulary::signal::Signal;

/// An instruction for the driver to execute. If it has an outcome, the driver reports that as an
/// [`Event`](super::Event).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a call over every transport that has to be told, which are the broker and the nurse-call contact. The room's
    /// own desk needs no effect, because it sees the call in the snapshot. [`Effect::Escalate`] is the escalation list's.
    SendCall {
        /// The call to send.
        id: CallId,
        /// Whether it is a practice call.
        practice: bool,
        /// [`Call::presses`](super::call::Call::presses). A desk rings again whenever this number has grown.
        presses: u32,
    },
    /// Stop sending a call over every transport, the escalation list included, because it has ended.
    EndCall {
        /// The ended call.
        id: CallId,
    },
    /// Send a call to a step of the escalation list.
    Escalate {
        /// The call to escalate.
        id: CallId,
        /// How many times the list has started over for this call, from 0. It lets a recipient tell a new alarm from a
        /// retry.
        round: u32,
        /// Index of the step, from 0.
        step: usize,
    },
    /// Play a sound once.
    Signal(Signal),
    /// Allow sound to come from the current output.
    AcceptOutput,
    /// Create the key of a visit that begins.
    OpenVault,
    /// Decrypt the sealed notes of the visit during which the program restarted.
    ReopenVault,
    /// Seal everything written so far.
    SealNotes(Arc<Notes>),
    /// Find out by which methods a note can be taken home now.
    FindTakeHomeMethods,
    /// Deliver everything written so far.
    TakeHome {
        /// The chosen method.
        method: TakeHomeMethod,
        /// The notes to deliver.
        notes: Arc<Notes>,
        /// The language of the headings on the sheets.
        language: Language,
    },
    /// Destroy the key, then everything else of the visit, then execute the program again in a fresh process.
    Wipe,
    /// In the fresh process, finish an interrupted wipe, check the result, and write the receipt.
    VerifyWipe,
}
