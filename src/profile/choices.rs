//! Owns the type that holds one value for each part of the arc. Profiles use it for sound, light and breath.

use crate::room::timeline::Part;

/// A value for each part of the arc.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerPart<T> {
    /// The value for the time before the infusion starts.
    pub settle: T,
    /// The value for the first minutes of the infusion.
    pub onset: T,
    /// The value for the deepest part of the infusion.
    pub peak: T,
    /// The value for the time in which the patient comes back. In a profile, the key of this part is `return`. The
    /// field has another name, because `return` is a keyword in Rust.
    pub returning: T,
    /// The value for the calm at the end.
    pub landing: T,
}

impl<T> PerPart<T> {
    /// Calls `make` for each part to create its value.
    pub fn from_fn(mut make: impl FnMut(Part) -> T) -> Self {
        Self {
            settle: make(Part::Settle),
            onset: make(Part::Onset),
            peak: make(Part::Peak),
            returning: make(Part::Return),
            landing: make(Part::Landing),
        }
    }

    /// Returns the value for `part`.
    pub const fn get(&self, part: Part) -> &T {
        match part {
            Part::Settle => &self.settle,
            Part::Onset => &self.onset,
            Part::Peak => &self.peak,
            Part::Return => &self.returning,
            Part::Landing => &self.landing,
        }
    }

    /// Returns each part with its value, in the order of the arc.
    pub fn iter(&self) -> impl Iterator<Item = (Part, &T)> {
        Part::ALL.into_iter().map(|part| (part, self.get(part)))
    }
}
