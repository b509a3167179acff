//! Owns the ids of calls and of desks. Does not own how they are generated.

use std::fmt;

/// Identifies a call. It is a ULID that is generated where the call button is pressed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u128);

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {:032x}", self.0)
    }
}

/// Identifies a desk that can receive calls, for as long as it is connected. Each page of the room's own desk has its
/// own id. A desk for several rooms has one id for each run of its program, whatever the number of its pages; it also
/// uses this type for its own pages, but no room ever sees those ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeskId(pub u64);
