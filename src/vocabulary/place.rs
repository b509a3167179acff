//! Owns the safe places, the times of day in them, and what paces the breath on the screen. Does not own how they are drawn.

use super::named;

named! {
    /// A safe place that the screen shows.
    Place {
        /// A shore whose waves breathe.
        Beach = "beach",
        /// Mist, trunks and light.
        Forest = "forest",
        /// A lamp, a hearth, a window.
        QuietRoom = "quiet-room",
        /// Stars.
        NightSky = "night-sky",
        /// Slow colour and nothing else.
        DriftingColour = "drifting-colour",
        /// The clinic's own pictures.
        Pictures = "pictures",
        /// Nothing to look at.
        Dark = "dark",
    }
}

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
