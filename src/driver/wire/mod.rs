//! Owns the lines in which events and snapshots travel: the journal's records and the headless face's lines. Does
//! not own where they are read from or written to.
//!
//! Both use the same names. The headless face takes what a person at the tablet or the staff can do, and nothing that
//! only the room's own parts can say; the journal takes what outlives the program, and never a patient's words.

mod events;
mod fields;
mod lines;

use std::borrow::Cow;

use thiserror::Error;

use crate::room::Event;
use crate::room::call::CallId;
use fields::Fields;
pub use lines::snapshot_line;

/// A headless line is never longer.
pub const LINE_BYTES_MAX: usize = 256 * 1024;

/// Why a line cannot be taken. It names keys of ours and never quotes the line, which may hold a patient's words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// Too long.
    #[error("the line is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// Not JSON, or not an object.
    #[error("the line is not one JSON object")]
    NotAnObject,
    /// No event of that name can be sent here.
    #[error("`event` is not one that can be sent here; the headless page of the manual lists them")]
    UnknownEvent,
    /// A key is missing.
    #[error("`{key}` is missing; it must be {allowed}")]
    Missing {
        /// Which.
        key: &'static str,
        /// What it would have to be.
        allowed: Cow<'static, str>,
    },
    /// A key has a value it cannot have.
    #[error("`{key}` must be {allowed}")]
    Wrong {
        /// Which.
        key: &'static str,
        /// What it would have to be.
        allowed: Cow<'static, str>,
    },
    /// A key this event does not know.
    #[error("there is a key that this event does not know; it knows {known}")]
    UnknownKey {
        /// Those it knows.
        known: &'static str,
    },
    /// Such an event never goes to the journal.
    #[error("an event of this kind does not belong in the journal")]
    NotForJournal,
}

/// The event of one line on the headless face. `new_call` names a call if the line presses for one.
///
/// # Errors
/// Why it cannot be taken, without a word of what it held.
pub fn parse_headless(line: &str, new_call: impl FnOnce() -> CallId) -> Result<Event, WireError> {
    if line.len() > LINE_BYTES_MAX {
        return Err(WireError::TooLong);
    }
    events::from_headless(&Fields::read(line, true)?, new_call)
}

/// Whether a line asks the room's loop to fail, so that what follows a fault can be tried.
#[must_use]
pub fn asks_for_a_fault(line: &str) -> bool {
    line.len() <= LINE_BYTES_MAX
        && Fields::read(line, true)
            .is_ok_and(|fields| matches!(fields.event(), Ok("loop_fails")) && fields.only("").is_ok())
}

/// An event as the journal keeps it: one JSON object without a line break.
///
/// # Errors
/// If it is of a kind that never goes to disk.
pub fn to_journal(event: &Event) -> Result<String, WireError> {
    events::to_value(event).map(|value| value.to_string()).ok_or(WireError::NotForJournal)
}

/// The event of a journal's record. Keys it does not know are left alone: a later version may have written them.
///
/// # Errors
/// If it is no event that the journal keeps.
pub fn from_journal(json: &str) -> Result<Event, WireError> {
    events::from_journal(&Fields::read(json, false)?)
}

#[cfg(test)]
pub(super) mod tests;
