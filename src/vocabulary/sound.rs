//! Owns the nature sounds, the styles of composed music, the families of the clinic's own music, what a patient can
//! choose to hear, the lengths of crossfades, and the range of tones. Does not own how sounds are made (`sound`).

use super::{Named, named};

/// Length of the crossfade from one track to the next if a profile sets none, in seconds.
pub const CROSSFADE_S: f32 = 8.0;
/// Maximum length of the crossfade from one track to the next, in seconds.
pub const CROSSFADE_MAX_S: f32 = 60.0;
/// The warmest tone. A tone of 0 leaves the sound as it is.
pub const TONE_MIN: i8 = -2;
/// The clearest tone.
pub const TONE_MAX: i8 = 2;

/// Extensions of music files that can be played, in lower case and without the dot.
pub const TRACK_ENDINGS: [&str; 6] = ["flac", "mp3", "ogg", "m4a", "aac", "wav"];

named! {
    /// A bed: an endless sound of nature beneath the music. The program generates it, so it never loops.
    Bed {
        /// Waves that build, break, run up and hiss away.
        Sea = "sea",
        /// Many fine drops and their hiss.
        Rain = "rain",
        /// Rain, and thunder that rolls far off.
        RainThunder = "rain-thunder",
        /// Gusts in leaves.
        Wind = "wind",
        /// A small stream over stones.
        Stream = "stream",
        /// A wood fire that flutters and crackles.
        Fire = "fire",
        /// Crickets in a warm night field.
        Crickets = "crickets",
        /// A forest at night: insects, leaves and an owl far away.
        NightForest = "night-forest",
        /// The hush of falling snow.
        Snow = "snow",
        /// Brown noise.
        Brown = "brown",
    }
}

named! {
    /// The style of the generative score: which instruments play, and how.
    Character {
        /// Tidal drones and slow bowed pads.
        Tidal = "tidal",
        /// Wine glasses rubbed on the rim, and a breathy tone that swells and fades like slow breathing.
        Glass = "glass",
        /// Warm low strings.
        Strings = "strings",
        /// Bare bells, far apart.
        Bells = "bells",
        /// A recorded piano that sings in phrases, over recorded strings.
        PianoStrings = "piano-strings",
        /// A recorded piano alone, with few notes, far apart.
        BarePiano = "bare-piano",
        /// Recorded low strings, with a melody in the middle of them.
        LowStrings = "low-strings",
        /// A recorded cello that sings over drones.
        CelloDrone = "cello-drone",
        /// A recorded flute that sings over a recorded harp.
        HarpFlute = "harp-flute",
        /// A recorded choir, with low bells and a celesta far apart.
        ChoirBells = "choir-bells",
        /// Works for piano that people know, by Satie, Bach, Debussy and others, played on the recorded piano.
        PianoWorks = "piano-works",
    }
}

named! {
    /// A family of the clinic's own music, by which a profile can ask for music without naming files. Clinics and
    /// studies sort their music in this way.
    Family {
        /// Classical music, and piano.
        Classical = "classical",
        /// Bowed strings.
        Strings = "strings",
        /// Bowls, gongs, drones, and other sounds rich in overtones.
        Overtone = "overtone",
        /// Ambient music: slow textures, mostly electronic.
        Ambient = "ambient",
    }
}

/// What a patient chose to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SoundChoice {
    /// The music and the beds that the profile sets.
    Music,
    /// This bed alone.
    Bed(Bed),
    /// Neither music nor a bed.
    Silence,
}

impl SoundChoice {
    /// Every choice: the profile's music, each bed, and silence.
    pub const ALL: &'static [Self] = &{
        let mut all = [Self::Silence; Bed::ALL.len() + 2];
        all[0] = Self::Music;
        let mut at = 0;
        while at < Bed::ALL.len() {
            all[at + 1] = Self::Bed(Bed::ALL[at]);
            at += 1;
        }
        all
    };

    /// The choice's name in files and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Music => "music",
            Self::Bed(bed) => bed.name(),
            Self::Silence => "silence",
        }
    }

    /// Returns the choice with this name, or `None` if no choice has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        <Self as Named>::from_name(name)
    }
}

impl Named for SoundChoice {
    const ALL: &'static [Self] = Self::ALL;

    fn name(self) -> &'static str {
        self.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bed_can_be_chosen_alone_and_no_name_stands_for_two_choices() {
        for bed in Bed::ALL {
            assert_eq!(SoundChoice::from_name(bed.name()), Some(SoundChoice::Bed(*bed)));
        }
        for choice in SoundChoice::ALL {
            assert_eq!(SoundChoice::from_name(choice.name()), Some(*choice));
        }
        let listed = SoundChoice::one_of();
        assert!(listed.starts_with("one of music, sea, ") && listed.ends_with(", silence"), "{listed}");
    }
}
