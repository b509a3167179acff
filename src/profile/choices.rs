//! Owns the names in files of times, beds, scores and guides; those of places and sounds are the room's. Does not own what
//! is drawn or heard for them.

use crate::findings::Named;
use crate::room::arc::Part;
use crate::room::breath::Pattern;
use crate::room::snapshot::{Place, SoundChoice};

/// Defines an enum whose variants have names in files.
macro_rules! named {
    ($(#[$about:meta])* $kind:ident { $($(#[$says:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind { $($(#[$says])* $variant),+ }

        impl $kind {
            /// Every variant, in the order in which findings list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in files and messages.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The variant of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        impl $crate::findings::Named for $kind {
            const EVERY: &'static [Self] = Self::ALL;

            fn word(self) -> &'static str {
                self.name()
            }
        }

        impl ::std::fmt::Display for $kind {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                out.write_str(self.name())
            }
        }
    };
}
pub(crate) use named;

named! {
    /// The time of day in a place.
    TimeOfDay {
        /// First light.
        Dawn = "dawn",
        /// Daylight.
        Day = "day",
        /// Last light.
        Dusk = "dusk",
        /// Night.
        Night = "night",
    }
}

named! {
    /// A sound of nature beneath the music.
    Bed {
        /// Waves.
        Sea = "sea",
        /// Rain.
        Rain = "rain",
        /// Wind in leaves.
        Wind = "wind",
        /// A stream.
        Stream = "stream",
        /// A fire.
        Fire = "fire",
        /// Brown noise.
        Brown = "brown",
        /// No bed.
        Silent = "none",
    }
}

named! {
    /// A style of music composed live.
    Score {
        /// Tidal drones and slow bowed pads.
        Tidal = "tidal",
        /// Glass and breath.
        Glass = "glass",
        /// Warm low strings.
        Strings = "strings",
        /// Bare bells, far apart.
        Bells = "bells",
        /// No composed music.
        Silent = "none",
    }
}

named! {
    /// What paces the breath on the screen.
    Guide {
        /// The place itself breathes.
        Scene = "scene",
        /// A plain ring.
        Ring = "ring",
        /// A plain orb.
        Orb = "orb",
    }
}

/// The bed that replaces the profile's own sound by the patient's choice; `None` for the profile's own sound.
#[must_use]
pub const fn bed_alone(choice: SoundChoice) -> Option<Bed> {
    match choice {
        SoundChoice::Music => None,
        SoundChoice::Sea => Some(Bed::Sea),
        SoundChoice::Rain => Some(Bed::Rain),
        SoundChoice::Wind => Some(Bed::Wind),
        SoundChoice::Stream => Some(Bed::Stream),
        SoundChoice::Fire => Some(Bed::Fire),
        SoundChoice::Brown => Some(Bed::Brown),
        SoundChoice::Silence => Some(Bed::Silent),
    }
}

impl Named for Place {
    const EVERY: &'static [Self] = Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

impl Named for SoundChoice {
    const EVERY: &'static [Self] = Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

impl Named for Part {
    const EVERY: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

impl Named for Pattern {
    const EVERY: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

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
