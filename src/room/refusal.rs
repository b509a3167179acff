//! Owns the ways in which an event cannot be taken. Does not own how they are shown.

use std::fmt;

use super::names::NameProblem;
use super::stage::Stage;
use crate::vocabulary::language::Language;

/// Why an event was not taken; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The room is not in a stage where this can happen.
    WrongStage {
        /// Where it is.
        stage: Stage,
        /// Where it would have to be.
        allowed: &'static [Stage],
    },
    /// No such profile.
    UnknownProfile,
    /// No such language.
    UnknownLanguage {
        /// Those there are.
        known: Vec<Language>,
    },
    /// A number outside its limits.
    OutOfRange {
        /// What the number is, with its unit.
        what: &'static str,
        /// The least allowed.
        min: i64,
        /// The most allowed.
        max: i64,
    },
    /// The name of the person who comes cannot be shown.
    Name(NameProblem),
    /// No call is open, or another one.
    NoSuchCall,
    /// A call is open: it comes first.
    CallOpen,
    /// The session clock is not in a state where this makes sense.
    SessionClock {
        /// What would have to hold.
        needs: &'static str,
    },
    /// The note can hold no more.
    NoteFull,
    /// No such question or page.
    NoSuchPage,
    /// Not every box of the turnover list is ticked.
    NotVerified,
    /// Too many desks.
    TooManyDesks,
    /// Too much waits for the room; a wish for comfort is not added to it.
    Busy,
    /// The room's loop has ended by a fault, and the program is about to start anew.
    Gone,
    /// The note cannot go home this way now.
    TakeHome {
        /// Why not.
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
            Self::Name(problem) => f.write_str(problem.why()),
            Self::UnknownProfile => f.write_str("no profile of that name; `stillroom check` lists what is wrong"),
            Self::UnknownLanguage { known } => {
                let names: Vec<&str> = known.iter().map(Language::name).collect();
                write!(f, "no such language here; it must be one of {}", names.join(", "))
            }
            Self::OutOfRange { what, min, max } => write!(f, "{what} must be from {min} to {max}"),
            Self::NoSuchCall => f.write_str("no such call is open"),
            Self::CallOpen => f.write_str("a call is open; it must be cleared in the room first"),
            Self::SessionClock { needs } => write!(f, "the session clock must be {needs}"),
            Self::NoteFull => f.write_str("the note is full"),
            Self::NoSuchPage => f.write_str("no such page or question"),
            Self::NotVerified => f.write_str("the wipe is not verified yet"),
            Self::TakeHome { why } => write!(f, "the note cannot be taken home so: {why}"),
            Self::Busy => f.write_str("the room has too much to do; try again in a moment"),
            Self::Gone => f.write_str("the room has stopped by a fault of the program; it starts anew"),
            Self::TooManyDesks => f.write_str("too many desk pages are open; close some"),
        }
    }
}

impl std::error::Error for Refusal {}
