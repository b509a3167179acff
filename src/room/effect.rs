//! Owns what the room wants done at its handler. Does not own how it is done.

use std::sync::Arc;

use super::ids::CallId;
use super::notes::Notes;
use super::take_home::Way;
use crate::vocabulary::language::Language;
use crate::vocabulary::signal::Signal;

/// Something the driver is to carry out. Each is an instruction; its outcome, if any, comes back as an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Offer the call on every line. `presses` counts up when it is to ring anew.
    SendCall {
        /// Which call.
        id: CallId,
        /// Whether it is a practice call.
        practice: bool,
        /// How often it was pressed or has rung.
        presses: u32,
    },
    /// The call is cleared; lines stop offering it.
    EndCall {
        /// Which call.
        id: CallId,
    },
    /// The next step of the escalation list.
    Escalate {
        /// Which call.
        id: CallId,
        /// How often the list has started anew for this call, from 0: by it a receiver tells a new ringing from a
        /// second try.
        round: u32,
        /// Which step, from 0.
        step: usize,
    },
    /// A sound heard once.
    Signal(Signal),
    /// Sound may come out where it now would.
    AcceptOutput,
    /// A visit begins: make its key.
    OpenVault,
    /// The program came back during a visit: open what was sealed.
    ReopenVault,
    /// Seal everything written so far.
    SealNotes(Arc<Notes>),
    /// Find out in which ways a note can be taken home now.
    LookForWays,
    /// Take everything written so far home.
    TakeHome {
        /// In which way.
        way: Way,
        /// What.
        notes: Arc<Notes>,
        /// In which language the sheets speak.
        language: Language,
    },
    /// Destroy the key, then all the rest of the visit; then start afresh in a new process.
    Wipe,
    /// A new process after a wipe: finish what may be unfinished, then look, and write the receipt.
    VerifyWipe,
}
