//! Owns a value for each part of the arc, as profiles give them.

use crate::room::timeline::Part;

/// A value for each part of the arc.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerPart<T> {
    /// Until the pump starts.
    pub settle: T,
    /// The first minutes of the infusion.
    pub onset: T,
    /// The deepest part.
    pub peak: T,
    /// Coming back.
    pub returning: T,
    /// Back, and calm.
    pub landing: T,
}

impl<T> PerPart<T> {
    /// The value that `make` gives for each part.
    pub fn from_fn(mut make: impl FnMut(Part) -> T) -> Self {
        Self {
            settle: make(Part::Settle),
            onset: make(Part::Onset),
            peak: make(Part::Peak),
            returning: make(Part::Return),
            landing: make(Part::Landing),
        }
    }

    /// The value for that part.
    pub const fn get(&self, part: Part) -> &T {
        match part {
            Part::Settle => &self.settle,
            Part::Onset => &self.onset,
            Part::Peak => &self.peak,
            Part::Return => &self.returning,
            Part::Landing => &self.landing,
        }
    }

    /// Each part with its value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Part, &T)> {
        Part::ALL.into_iter().map(|part| (part, self.get(part)))
    }
}
