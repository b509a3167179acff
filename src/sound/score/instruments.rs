//! Owns the timbres of the instruments, and the description of a note. Does not own the players, or the rendering of
//! notes (`synth`).

use std::f32::consts::PI;

use super::roughness::Partial;

/// Number of partials of every timbre.
pub const PARTIALS: usize = 8;

/// What a note is played on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instrument {
    /// A drone that takes about five seconds to swell.
    Drone,
    /// A bowed pad that opens and closes like a wave.
    Bowed,
    /// A soft, hollow pad.
    Pad,
    /// Two low strings in unison.
    Strings,
    /// A rubbed glass.
    Glass,
    /// A touched glass.
    Chime,
    /// Air through a resonator.
    Breath,
    /// A bell.
    Bell,
    /// A bowed singing bowl.
    Bowl,
    /// A recorded piano.
    Piano,
    /// A recorded string section.
    Section,
    /// A recorded cello.
    Cello,
    /// A recorded choir on one vowel.
    Choir,
    /// A recorded harp.
    Harp,
    /// A recorded flute.
    Flute,
    /// A recorded celesta.
    Celesta,
    /// A recorded bell, lowered until it rings like a bowl.
    LowBell,
    /// A recorded warm pad.
    WarmPad,
}

/// Timbre of an instrument.
#[derive(Debug)]
pub struct Timbre {
    /// Frequency ratio, level, and decay time constant in seconds (0 for no decay) of each partial.
    pub partials: [(f32, f32, f32); PARTIALS],
    /// Number of voices in unison, 1 or 2.
    pub unison: usize,
    /// Shortest and longest attack in seconds.
    pub attack_s: [f32; 2],
    /// Release in seconds.
    pub release_s: f32,
    /// Bandwidth of the amplitude noise in each partial, in hertz. Tens of hertz sound breathy.
    pub amplitude_noise_hz: f32,
    /// Depth of the amplitude noise, 0 to 1.
    pub amplitude_noise: f32,
    /// Random pitch deviation in cents (one standard deviation).
    pub wander_cents: f32,
    /// Maximum detuning of partials, in hertz. Detuned partials beat against each other.
    pub spread_hz: f32,
    /// Factor by which the cutoff of the low-pass filter is multiplied, so that the instrument is brighter or darker
    /// than others.
    pub brightness: f32,
    /// How much brighter a note is at its full level than at its start, 0 to 1.
    pub opening: f32,
    /// The recording that notes are played from; `None` for a synthesised instrument. While the recording is not in
    /// memory, notes are synthesised from `partials`.
    pub recording: Option<Recording>,
}

/// A recorded instrument of `media/instruments`.
#[derive(Clone, Copy, Debug)]
pub struct Recording {
    /// Name of the instrument in the index and in the names of its files.
    pub name: &'static str,
    /// Gain at which the recording is as loud as the synthesised partials.
    pub gain: f32,
}

const fn held(partials: [(f32, f32); PARTIALS]) -> [(f32, f32, f32); PARTIALS] {
    let mut all = [(1.0, 0.0, 0.0); PARTIALS];
    let mut index = 0;
    while index < PARTIALS {
        all[index] = (partials[index].0, partials[index].1, 0.0);
        index += 1;
    }
    all
}

const fn steady(partials: [(f32, f32); PARTIALS]) -> Timbre {
    Timbre {
        partials: held(partials),
        unison: 1,
        attack_s: [3.0, 4.0],
        release_s: 6.0,
        amplitude_noise_hz: 0.16,
        amplitude_noise: 0.3,
        wander_cents: 2.5,
        spread_hz: 0.12,
        brightness: 1.0,
        opening: 0.5,
        recording: None,
    }
}

static DRONE: Timbre = Timbre {
    attack_s: [4.5, 6.5],
    release_s: 8.0,
    amplitude_noise: 0.26,
    ..steady([(1.0, 0.62), (2.0, 0.60), (3.0, 0.30), (4.0, 0.18), (5.0, 0.08), (6.0, 0.06), (8.0, 0.03), (10.0, 0.01)])
};

static BOWED: Timbre = Timbre {
    attack_s: [3.5, 5.5],
    release_s: 7.0,
    amplitude_noise_hz: 0.28,
    amplitude_noise: 0.30,
    wander_cents: 3.5,
    opening: 0.7,
    ..steady([(1.0, 0.90), (2.0, 0.52), (3.0, 0.36), (4.0, 0.22), (5.0, 0.14), (6.0, 0.10), (7.0, 0.05), (8.0, 0.05)])
};

static PAD: Timbre = Timbre {
    attack_s: [2.4, 3.6],
    release_s: 6.0,
    brightness: 0.85,
    ..steady([(1.0, 1.0), (2.0, 0.30), (3.0, 0.26), (4.0, 0.08), (5.0, 0.09), (6.0, 0.03), (7.0, 0.03), (8.0, 0.01)])
};

static STRINGS: Timbre = Timbre {
    unison: 2,
    attack_s: [1.6, 2.6],
    release_s: 3.8,
    amplitude_noise_hz: 2.4,
    amplitude_noise: 0.13,
    wander_cents: 4.5,
    spread_hz: 0.07,
    brightness: 1.1,
    opening: 0.6,
    ..steady([(1.0, 0.85), (2.0, 0.62), (3.0, 0.46), (4.0, 0.30), (5.0, 0.20), (6.0, 0.13), (7.0, 0.08), (8.0, 0.06)])
};

static GLASS: Timbre = Timbre {
    attack_s: [0.9, 1.6],
    release_s: 4.0,
    amplitude_noise_hz: 4.5,
    amplitude_noise: 0.12,
    wander_cents: 1.5,
    brightness: 1.3,
    opening: 0.3,
    ..steady([(1.0, 0.80), (1.0, 0.40), (2.0, 0.13), (2.0, 0.08), (3.0, 0.06), (4.0, 0.03), (5.0, 0.01), (6.0, 0.01)])
};

static CHIME: Timbre = Timbre {
    partials: [
        (1.0, 0.80, 3.6),
        (1.0, 0.40, 4.4),
        (2.0, 0.26, 2.4),
        (2.0, 0.14, 2.9),
        (3.0, 0.12, 1.4),
        (4.01, 0.06, 0.9),
        (5.02, 0.03, 0.6),
        (6.05, 0.01, 0.4),
    ],
    attack_s: [0.15, 0.22],
    release_s: 4.0,
    amplitude_noise: 0.08,
    wander_cents: 0.5,
    spread_hz: 0.22,
    brightness: 1.4,
    opening: 0.0,
    ..steady([(1.0, 0.0); PARTIALS])
};

static BREATH: Timbre = Timbre {
    attack_s: [2.8, 4.2],
    release_s: 5.0,
    amplitude_noise_hz: 16.0,
    amplitude_noise: 0.92,
    wander_cents: 6.0,
    spread_hz: 3.0,
    brightness: 1.2,
    opening: 0.8,
    ..steady([(1.0, 0.75), (1.0, 0.75), (1.0, 0.55), (2.0, 0.40), (2.0, 0.40), (3.0, 0.24), (4.0, 0.16), (5.0, 0.10)])
};

static BELL: Timbre = Timbre {
    partials: [
        (0.5, 0.34, 11.0),
        (1.0, 0.62, 7.5),
        (1.0, 0.40, 9.0),
        (2.0, 0.34, 4.6),
        (2.0, 0.18, 5.4),
        (3.0, 0.17, 2.8),
        (4.02, 0.09, 1.7),
        (5.05, 0.04, 1.0),
    ],
    attack_s: [0.030, 0.045],
    release_s: 6.0,
    amplitude_noise: 0.06,
    wander_cents: 0.3,
    spread_hz: 0.26,
    brightness: 1.2,
    opening: 0.0,
    ..steady([(1.0, 0.0); PARTIALS])
};

static BOWL: Timbre = Timbre {
    attack_s: [3.5, 5.0],
    release_s: 7.0,
    amplitude_noise_hz: 0.35,
    amplitude_noise: 0.22,
    wander_cents: 1.0,
    spread_hz: 0.30,
    brightness: 0.8,
    ..steady([(1.0, 0.95), (1.0, 0.30), (2.0, 0.34), (2.0, 0.12), (3.0, 0.12), (4.0, 0.06), (5.0, 0.03), (6.0, 0.01)])
};

static PIANO: Timbre = Timbre {
    partials: [
        (1.0, 0.86, 1.6),
        (2.0, 0.57, 1.4),
        (3.0, 0.25, 1.2),
        (4.0, 0.18, 1.1),
        (5.0, 0.09, 1.0),
        (6.0, 0.08, 0.9),
        (7.0, 0.07, 0.8),
        (8.0, 0.02, 0.7),
    ],
    // The attack is slower than a hammer's, as on a felted piano, because nothing may be sudden.
    attack_s: [0.028, 0.040],
    release_s: 1.9,
    amplitude_noise: 0.0,
    wander_cents: 0.0,
    spread_hz: 0.05,
    brightness: 2.4,
    opening: 0.0,
    recording: Some(Recording { name: "piano", gain: 13.7 }),
    ..steady([(1.0, 0.0); PARTIALS])
};

static SECTION: Timbre = Timbre {
    attack_s: [1.1, 1.9],
    release_s: 3.4,
    brightness: 2.1,
    opening: 0.5,
    recording: Some(Recording { name: "strings", gain: 16.5 }),
    partials: held([
        (1.0, 0.70),
        (2.0, 0.54),
        (3.0, 0.28),
        (4.0, 0.45),
        (5.0, 0.27),
        (6.0, 0.10),
        (7.0, 0.15),
        (8.0, 0.09),
    ]),
    ..STRINGS
};

static CELLO: Timbre = Timbre {
    unison: 1,
    attack_s: [0.30, 0.50],
    release_s: 1.8,
    brightness: 3.0,
    opening: 0.4,
    recording: Some(Recording { name: "cello", gain: 11.7 }),
    partials: held([
        (1.0, 0.79),
        (2.0, 0.69),
        (3.0, 0.30),
        (4.0, 0.21),
        (5.0, 0.13),
        (6.0, 0.08),
        (7.0, 0.09),
        (8.0, 0.10),
    ]),
    ..STRINGS
};

static CHOIR: Timbre = Timbre {
    attack_s: [1.4, 2.4],
    release_s: 3.6,
    amplitude_noise_hz: 1.4,
    amplitude_noise: 0.18,
    wander_cents: 5.0,
    brightness: 2.2,
    opening: 0.4,
    recording: Some(Recording { name: "choir", gain: 11.3 }),
    ..steady([(1.0, 0.27), (2.0, 0.74), (3.0, 0.44), (4.0, 0.60), (5.0, 0.05), (6.0, 0.17), (7.0, 0.08), (8.0, 0.02)])
};

static HARP: Timbre = Timbre {
    partials: [
        (1.0, 1.19, 1.1),
        (2.0, 0.11, 0.9),
        (3.0, 0.10, 0.6),
        (4.0, 0.01, 0.5),
        (5.0, 0.01, 0.4),
        (6.0, 0.00, 0.3),
        (7.0, 0.00, 0.3),
        (8.0, 0.00, 0.3),
    ],
    brightness: 3.0,
    recording: Some(Recording { name: "harp", gain: 14.2 }),
    ..PIANO
};

static FLUTE: Timbre = Timbre {
    attack_s: [0.22, 0.36],
    release_s: 1.7,
    amplitude_noise_hz: 4.8,
    amplitude_noise: 0.12,
    wander_cents: 3.0,
    brightness: 3.0,
    opening: 0.3,
    recording: Some(Recording { name: "flute", gain: 11.4 }),
    ..steady([(1.0, 0.70), (2.0, 0.64), (3.0, 0.32), (4.0, 0.11), (5.0, 0.16), (6.0, 0.04), (7.0, 0.04), (8.0, 0.04)])
};

static CELESTA: Timbre = Timbre {
    partials: [
        (1.0, 1.20, 0.9),
        (2.0, 0.02, 0.6),
        (3.0, 0.02, 0.5),
        (4.0, 0.02, 0.4),
        (5.0, 0.01, 0.3),
        (6.0, 0.01, 0.3),
        (7.0, 0.00, 0.3),
        (8.0, 0.00, 0.3),
    ],
    attack_s: [0.032, 0.050],
    brightness: 2.2,
    recording: Some(Recording { name: "glass", gain: 13.6 }),
    ..PIANO
};

static LOW_BELL: Timbre = Timbre {
    partials: [
        (1.0, 0.01, 1.6),
        (2.0, 0.31, 2.2),
        (3.0, 0.84, 1.7),
        (4.0, 0.79, 1.3),
        (5.0, 0.01, 0.8),
        (6.0, 0.02, 0.8),
        (7.0, 0.01, 0.8),
        (8.0, 0.07, 0.5),
    ],
    attack_s: [0.060, 0.090],
    release_s: 2.5,
    brightness: 2.0,
    recording: Some(Recording { name: "bowl", gain: 14.9 }),
    ..PIANO
};

static WARM_PAD: Timbre = Timbre {
    brightness: 2.0,
    partials: held([
        (1.0, 1.07),
        (2.0, 0.42),
        (3.0, 0.28),
        (4.0, 0.20),
        (5.0, 0.13),
        (6.0, 0.07),
        (7.0, 0.04),
        (8.0, 0.03),
    ]),
    recording: Some(Recording { name: "pad", gain: 7.4 }),
    ..PAD
};

impl Instrument {
    /// Every instrument.
    pub const ALL: [Self; 18] = [
        Self::Drone,
        Self::Bowed,
        Self::Pad,
        Self::Strings,
        Self::Glass,
        Self::Chime,
        Self::Breath,
        Self::Bell,
        Self::Bowl,
        Self::Piano,
        Self::Section,
        Self::Cello,
        Self::Choir,
        Self::Harp,
        Self::Flute,
        Self::Celesta,
        Self::LowBell,
        Self::WarmPad,
    ];

    /// Returns the timbre of the instrument.
    #[must_use]
    pub fn timbre(self) -> &'static Timbre {
        match self {
            Self::Drone => &DRONE,
            Self::Bowed => &BOWED,
            Self::Pad => &PAD,
            Self::Strings => &STRINGS,
            Self::Glass => &GLASS,
            Self::Chime => &CHIME,
            Self::Breath => &BREATH,
            Self::Bell => &BELL,
            Self::Bowl => &BOWL,
            Self::Piano => &PIANO,
            Self::Section => &SECTION,
            Self::Cello => &CELLO,
            Self::Choir => &CHOIR,
            Self::Harp => &HARP,
            Self::Flute => &FLUTE,
            Self::Celesta => &CELESTA,
            Self::LowBell => &LOW_BELL,
            Self::WarmPad => &WARM_PAD,
        }
    }

    /// Returns whether the notes of the instrument are struck or touched, and then decay.
    #[must_use]
    pub const fn is_struck(self) -> bool {
        matches!(self, Self::Chime) || self.has_quick_attack()
    }

    /// Returns whether the attack may be as short as 15 ms (10 % to 90 %) instead of 80 ms, as for a bell, a
    /// piano or a harp: whatever is struck or plucked begins at once, and soon decays.
    #[must_use]
    pub const fn has_quick_attack(self) -> bool {
        matches!(self, Self::Bell | Self::Piano | Self::Harp | Self::Celesta | Self::LowBell)
    }
}

/// One note. Its length is fixed when it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreNote {
    /// Instrument that the note is played on.
    pub instrument: Instrument,
    /// MIDI key number: 60 is middle C, 69 is 440 Hz.
    pub key: i32,
    /// Amplitude, 0 to 1.
    pub level: f32,
    /// Pan position, −1 (left) to 1 (right).
    pub pan_position: f32,
    /// Length of the attack in seconds. The level rises along half a cosine.
    pub attack_s: f32,
    /// Seconds from the beginning of the note to its release.
    pub held_s: f32,
    /// Length of the release in seconds. The level falls along half a cosine.
    pub release_s: f32,
    /// Whether the note belongs to a melody in phrases.
    pub is_melody: bool,
}

impl ScoreNote {
    /// Returns the frequency of the note in hertz, in equal temperament.
    #[must_use]
    pub fn pitch_hz(&self) -> f32 {
        440.0 * ((self.key - 69) as f32 / 12.0).exp2()
    }

    /// Returns the seconds from the beginning of the note to silence, without reverb.
    #[must_use]
    pub fn length_s(&self) -> f32 {
        self.held_s + self.release_s
    }

    /// Returns the gain of attack and release `age_s` seconds after the beginning, 0 to 1. The decay of the partials is
    /// not included.
    #[must_use]
    pub fn envelope(&self, age_s: f32) -> f32 {
        half_cosine(age_s / self.attack_s) * half_cosine((self.length_s() - age_s) / self.release_s)
    }

    /// Returns the partials of the note `age_s` seconds after its beginning, without attack or release. For a struck
    /// note, they are taken four seconds later, when the upper ones have decayed.
    #[must_use]
    pub fn partials_later(&self, age_s: f32) -> [Partial; PARTIALS] {
        let age_s = if self.instrument.is_struck() { age_s + PURE_AFTER_S } else { age_s };
        self.partials_in_full(age_s, self.level)
    }

    /// Returns the partials `age_s` seconds after the beginning of the note.
    #[must_use]
    pub fn partials_at(&self, age_s: f32) -> [Partial; PARTIALS] {
        self.partials_in_full(age_s, self.level * self.envelope(age_s))
    }

    fn partials_in_full(&self, age_s: f32, level: f32) -> [Partial; PARTIALS] {
        let pitch_hz = self.pitch_hz();
        let timbre = self.instrument.timbre();
        // The upper partials of a recording are weak already, so the filter of a recorded instrument darkens less.
        let corner_hz = CORNER_HZ * 1.5 * if timbre.recording.is_some() { timbre.brightness } else { 1.0 };
        timbre.partials.map(|(ratio, part, fall_s)| {
            let pitch_hz = pitch_hz * ratio;
            let fall = if fall_s > 0.0 { (-age_s / fall_s).exp() } else { 1.0 };
            Partial { pitch_hz, level: level * part * fall * dimmed(pitch_hz, corner_hz) }
        })
    }
}

/// Time in seconds after which little more than the lowest partials is left of a struck note.
const PURE_AFTER_S: f32 = 4.0;

/// Cutoff of the low-pass filter over the partials at a brightness of 0, in hertz.
pub const CORNER_HZ: f32 = 520.0;

/// Returns the gain of a partial at `pitch_hz` in a low-pass filter with 12 dB per octave and a cutoff of `corner_hz`.
pub fn dimmed(pitch_hz: f32, corner_hz: f32) -> f32 {
    let over = pitch_hz / corner_hz;
    1.0 / (1.0 + over * over)
}

/// Returns the value of half a cosine that rises from 0 to 1 while `along` does.
pub fn half_cosine(along: f32) -> f32 {
    if along >= 1.0 {
        return 1.0;
    }
    0.5 - 0.5 * (PI * along.max(0.0)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_instrument_has_a_sharp_attack() {
        for instrument in Instrument::ALL {
            let timbre = instrument.timbre();
            // The rise from 10 % to 90 % takes 0.59 of half a cosine.
            let rise_s = timbre.attack_s[0] * 0.59;
            let shortest_s = if instrument.has_quick_attack() { 0.015 } else { 0.080 };
            assert!(rise_s >= shortest_s, "{instrument:?}: {rise_s} s");
            let least_s = if timbre.recording.is_some() { 1.5 } else { 3.0 };
            assert!(timbre.release_s >= least_s && timbre.attack_s[0] <= timbre.attack_s[1], "{instrument:?}");
        }
    }
}
