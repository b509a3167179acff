//! Owns what patients say about themselves by touch: the hand that they can use, the size of words, and the reason for
//! a call. Does not own how the room responds.

use super::named;

named! {
    /// The hand that the patient can use during the infusion, since the other arm may have the drip in it.
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
        /// The size that the screens are designed for.
        Normal = "normal",
        /// One step larger.
        Larger = "larger",
    }
}

named! {
    /// Why the patient called. A reason is never required, and is never shown to anybody before the call itself.
    CallReason {
        /// The patient needs the bathroom.
        Bathroom = "bathroom",
        /// The patient feels sick.
        Sick = "sick",
        /// Something hurts.
        Pain = "pain",
        /// The patient is too cold or too warm.
        Temperature = "temperature",
        /// The sound or the light is not right.
        SoundOrLight = "sound-or-light",
        /// The patient does not want to be alone.
        Company = "company",
    }
}
