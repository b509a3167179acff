//! Owns the ids of calls and of desks. Not here: how they are generated.

use std::fmt;

/// Identifies a call by a ULID that is generated where the call is pressed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u128);

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {:032x}", self.0)
    }
}

/// Identifies whatever can receive calls for as long as it is connected: one page of the room's own desk, or one run of
/// the program that is a desk of several rooms, with all its pages. That program gives each of its pages an id of this
/// type, too, which no room ever learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeskId(pub u64);
