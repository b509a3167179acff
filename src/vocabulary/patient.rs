//! Owns what a patient can say about themselves by touch: which hand is free, how large words should be, and why they
//! called. Does not own what follows from it.

use super::named;

named! {
    /// The hand that the patient can use during the infusion; the other arm may have the line in it.
    Hand {
        /// The left hand.
        Left = "left",
        /// The right hand.
        Right = "right",
    }
}

named! {
    /// The size of the words on the patient's screens.
    TypeSize {
        /// As designed.
        Normal = "normal",
        /// One step larger.
        Larger = "larger",
    }
}

named! {
    /// Why the patient called. Never required, and never shown to anybody before the call itself.
    CallReason {
        /// To go to the bathroom.
        Bathroom = "bathroom",
        /// Nausea.
        Sick = "sick",
        /// Something hurts.
        Pain = "pain",
        /// Too cold or too warm.
        Temperature = "temperature",
        /// The sound or the light is not right.
        SoundOrLight = "sound-or-light",
        /// Not to be alone.
        Company = "company",
    }
}
