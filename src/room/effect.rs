//! Owns the effects, by which the room asks the driver to act on the outside world. Does not own how the driver does
//! so.

use std::sync::Arc;

use super::ids::CallId;
use super::notes::Notes;
use super::take_home::TakeHomeMethod;
use crate::vocabulary::language::Language;
use crate::vocabulary::signal::Signal;

/// An instruction for the driver to execute. If it has an outcome, the driver reports the outcome as an
/// [`Event`](super::Event).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a call to the broker and to the nurse-call contact. The room's own desk needs no effect, because it sees
    /// the call in the snapshot. The escalation list has an effect of its own, [`Effect::Escalate`].
    SendCall {
        /// The call to send.
        id: CallId,
        /// Whether it is a practice call.
        practice: bool,
        /// [`Call::presses`](super::call::Call::presses). A desk rings again whenever this number has grown.
        presses: u32,
    },
    /// Stop sending a call that has ended, over every transport and to the escalation list.
    EndCall {
        /// The ended call.
        id: CallId,
    },
    /// Send a call to one step of the escalation list.
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
    /// Allow sound to come from the current output, although it is not the calibrated one.
    AcceptOutput,
    /// Create the key of the visit that is beginning.
    OpenVault,
    /// Decrypt the sealed notes of the visit during which the program was restarted.
    ReopenVault,
    /// Seal everything that the patient has written and drawn so far.
    SealNotes(Arc<Notes>),
    /// Find out by which methods a note can be taken home now.
    FindTakeHomeMethods,
    /// Deliver everything that the patient has written and drawn so far.
    TakeHome {
        /// The chosen method.
        method: TakeHomeMethod,
        /// The notes to deliver.
        notes: Arc<Notes>,
        /// The language of the headings on the sheets.
        language: Language,
    },
    /// Destroy the visit's key, then everything else that belongs to the visit, and then replace the process with a
    /// fresh one of the same program.
    Wipe,
    /// Finish the wipe in the fresh process, check the result, and write the receipt.
    VerifyWipe,
}
