//! Owns the reasons for which the room refuses an event, and the words that describe them. Does not own where they are
//! shown.

use std::fmt;

use super::names::NameError;
use super::stage::Stage;
use crate::vocabulary::language::Language;

/// Why an event was refused. A refused event changes nothing in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The event is not possible in the current stage.
    WrongStage {
        /// The current stage.
        stage: Stage,
        /// The stages in which the event is possible.
        allowed: &'static [Stage],
    },
    /// No profile has the requested name.
    UnknownProfile,
    /// The room does not offer the requested language.
    UnknownLanguage {
        /// The languages that the room offers.
        known: Vec<Language>,
    },
    /// A number is outside its limits.
    OutOfRange {
        /// What the number is, with its unit if that is not obvious.
        what: &'static str,
        /// Minimum allowed.
        min: i64,
        /// Maximum allowed.
        max: i64,
    },
    /// The name of the person who is coming cannot be displayed.
    Name(NameError),
    /// No call is open, the open call has a different id, or the desk that reports having received it is not connected.
    NoSuchCall,
    /// No desk has received the open call yet, so nobody would see a reason.
    CallNotReceived,
    /// A call is open and has to be cleared first.
    CallOpen,
    /// The session clock is in the wrong state.
    SessionClock {
        /// The state that the clock must be in, as the end of the sentence "the session clock must be …".
        needs: &'static str,
    },
    /// The note can hold no more.
    NoteFull,
    /// The index of the question is out of range.
    NoSuchQuestion,
    /// The wipe has not been verified.
    NotVerified,
    /// The maximum number of desks is already connected. In practice, nearly all of them are pages of the room's own
    /// desk, so closing some of these pages helps.
    TooManyDesks,
    /// Too many events are waiting. Until there are fewer, the room refuses events that only serve comfort.
    Busy,
    /// The driver's loop has failed, and the program is about to restart.
    Gone,
    /// The note cannot be taken home by the chosen method now.
    TakeHome {
        /// The reason, in plain words.
        why: &'static str,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongStage { stage, allowed } => {
                let names: Vec<&str> = allowed.iter().map(|stage| stage.name()).collect();
                write!(f, "not while the room is in {}; allowed in {}", stage.name(), names.join(", "))
            }
            Self::Name(error) => f.write_str(error.reason()),
            Self::UnknownProfile => f.write_str("no profile of that name; `stillroom check` lists what is wrong"),
            Self::UnknownLanguage { known } => {
                let names: Vec<&str> = known.iter().map(Language::name).collect();
                write!(f, "no such language here; it must be one of {}", names.join(", "))
            }
            Self::OutOfRange { what, min, max } => write!(f, "{what} must be from {min} to {max}"),
            Self::NoSuchCall => f.write_str("no such call is open"),
            Self::CallNotReceived => f.write_str("no desk has the call yet"),
            Self::CallOpen => f.write_str("a call is open; it must be cleared in the room first"),
            Self::SessionClock { needs } => write!(f, "the session clock must be {needs}"),
            Self::NoteFull => f.write_str("the note is full"),
            Self::NoSuchQuestion => f.write_str("no such question"),
            Self::NotVerified => f.write_str("the wipe is not verified yet"),
            Self::TakeHome { why } => write!(f, "the note cannot be taken home this way: {why}"),
            Self::Busy => f.write_str("the room has too much to do; try again in a moment"),
            Self::Gone => f.write_str("the room has stopped because of a fault in the program, which is restarting"),
            Self::TooManyDesks => f.write_str("too many desk pages are open; close some"),
        }
    }
}

impl std::error::Error for Refusal {}
