//! Owns the ids of calls and desk pages. Not here: how they are generated.

use std::fmt;

/// Identifies a call by a ULID that is generated where the call is pressed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u128);

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {:032x}", self.0)
    }
}

/// Identifies a desk page that can receive calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeskId(pub u64);
