//! Owns the JSON lines of headless mode, in which events come in and snapshots go out. The lines have their own types,
//! because the room's types do not depend on serde. Does not own the input and output streams (`headless`), or the
//! records of the journal ([`super::journal`]).

mod event_line;
mod event_reader;
mod snapshot_line;
pub(super) mod values;

use thiserror::Error;

use crate::room::Event;
use crate::room::call::CallId;
use event_line::EventLine;
pub use snapshot_line::snapshot_line;

/// Maximum length of an incoming line, in bytes.
pub const LINE_BYTES_MAX: usize = 256 * 1024;

/// Why a line is refused. The error names only keys that this program defines and never quotes the line, which may
/// contain what a patient wrote.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonLineError {
    /// The line is longer than [`LINE_BYTES_MAX`].
    #[error("the line is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// The line is not JSON, or not an object.
    #[error("the line is not one JSON object")]
    NotAnObject,
    /// Headless mode has no event with this name.
    #[error("`event` is not one that can be sent here; the headless page of the manual lists them")]
    UnknownEvent,
    /// A key that the event needs is absent or null.
    #[error("`{key}` is missing; it must be {allowed}")]
    Missing {
        /// Name of the key.
        key: &'static str,
        /// A description of the values that the key allows.
        allowed: String,
    },
    /// A key's value has the wrong type or is out of range.
    #[error("`{key}` must be {allowed}")]
    Wrong {
        /// Name of the key.
        key: &'static str,
        /// A description of the values that the key allows.
        allowed: String,
    },
    /// The line has a key that the event does not have.
    #[error("there is a key that this event does not know; it knows {known}")]
    UnknownKey {
        /// The event's keys, separated by commas, or a phrase that says it has none.
        known: String,
    },
}

/// The command that a line gives.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadlessCommand {
    /// Sends this event to the room.
    Tell(Event),
    /// Makes the room's loop panic, to test what happens after a fault.
    FailLoop,
}

/// Parses one incoming line. If it places a call, `new_call` supplies the call's id.
///
/// # Errors
/// Why the line is refused, without quoting it.
pub fn parse_headless(line: &str, new_call: impl FnOnce() -> CallId) -> Result<HeadlessCommand, JsonLineError> {
    if line.len() > LINE_BYTES_MAX {
        return Err(JsonLineError::TooLong);
    }
    Ok(event_reader::read::<EventLine>(line)?.into_command(new_call))
}

/// Fails to compile if one of these types can be serialised, because both implementations of the trait then apply and
/// `_` is ambiguous. What a patient wrote must leave the room only through code that calls `PatientText::reveal`
/// explicitly.
macro_rules! assert_not_serialisable {
    ($($kind:ty),+ $(,)?) => {
        $(const _: fn() = || {
            trait AmbiguousIfSerialisable<A> {
                fn check() {}
            }
            struct Serialisable;
            impl<T: ?Sized> AmbiguousIfSerialisable<()> for T {}
            impl<T: ?Sized + serde::Serialize> AmbiguousIfSerialisable<Serialisable> for T {}
            let _ = <$kind as AmbiguousIfSerialisable<_>>::check;
        };)+
    };
}

assert_not_serialisable!(
    crate::room::notes::PatientText,
    crate::room::notes::NotePage,
    crate::room::notes::Notes,
    crate::room::drawing::Drawing,
    crate::room::drawing::Stroke,
    crate::room::Event,
    crate::room::Snapshot,
    values::PatientWords,
    EventLine,
);

#[cfg(test)]
mod tests;
