//! Owns the lines of the headless face: events in, snapshots out, both as JSON by types of this module. The room's own
//! types know nothing of serde. Does not own where lines come from and go to (`headless`), nor what the journal keeps
//! ([`super::journal`]).

mod event_line;
mod event_reader;
mod snapshot_line;
pub(super) mod values;

use thiserror::Error;

use crate::room::Event;
use crate::room::call::CallId;
use event_line::EventLine;
pub use snapshot_line::snapshot_line;

/// Maximum length of a line in, in bytes.
pub const LINE_BYTES_MAX: usize = 256 * 1024;

/// Why a line is refused. It names keys of ours and never quotes the line, which may hold what a patient wrote.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// The line is longer than [`LINE_BYTES_MAX`].
    #[error("the line is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// The line is not JSON, or not an object.
    #[error("the line is not one JSON object")]
    NotAnObject,
    /// The headless face has no event of that name.
    #[error("`event` is not one that can be sent here; the headless page of the manual lists them")]
    UnknownEvent,
    /// A key that the event needs is absent or null.
    #[error("`{key}` is missing; it must be {allowed}")]
    Missing {
        /// Which key.
        key: &'static str,
        /// What its value would have to be.
        allowed: String,
    },
    /// A key has a value of the wrong type, or one out of range.
    #[error("`{key}` must be {allowed}")]
    Wrong {
        /// Which key.
        key: &'static str,
        /// What its value would have to be.
        allowed: String,
    },
    /// The event has no key of some name in the line.
    #[error("there is a key that this event does not know; it knows {known}")]
    UnknownKey {
        /// The keys it has.
        known: String,
    },
}

/// What a line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadlessCommand {
    /// To tell the room that something happened.
    Tell(Event),
    /// To make the room's loop fail, so that its supervisor can be tried.
    FailLoop,
}

/// Parses one line of the headless face. `new_call` names a call if the line presses for one.
///
/// # Errors
/// Why the line is refused, without a word of what it held.
pub fn parse_headless(line: &str, new_call: impl FnOnce() -> CallId) -> Result<HeadlessCommand, WireError> {
    if line.len() > LINE_BYTES_MAX {
        return Err(WireError::TooLong);
    }
    Ok(event_reader::read::<EventLine>(line)?.into_command(new_call))
}

/// Fails to compile once one of these types can be serialised: both implementations of the trait then fit, so `_` is
/// ambiguous. Patient text must have no way out of the room other than those that reveal it by name.
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
