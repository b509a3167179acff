//! Owns the arrangement for low strings, with a melody in the violas. Does not own how it is played (`arrangements`).

use super::Arrangement;
use super::piano_strings::LOW_SECTION;
use crate::sound::score::ensemble::{PitchPool, RECORDED_STANDS_OUT, Role};
use crate::sound::score::instruments::Instrument;
use crate::sound::score::phrases::Song;

/// Low strings.
pub static LOW_STRINGS: Arrangement = Arrangement {
    players: [&LOW_BASS, &LOW_CELLO, &LOW_TENOR, &LOW_VIOLA, &LOW_SECOND],
    waits_s: [0.0, 2.0, 5.0, 9.0, 14.0],
    song: &LOW_SONG,
    answer: &LOW_ANSWER,
    tint: -0.1,
    chord_stretch: 0.8,
    pace: 1.3,
    stands_out: RECORDED_STANDS_OUT,
};

static LOW_BASS: Role = Role {
    // The lowest string is synthesised: the recordings have little in common between left and right.
    instrument: Instrument::Strings,
    keys: [34, 46],
    held_s: [9.0, 13.0],
    level: 0.23,
    pan_position: [0.1, 0.35],
    pool: PitchPool::Root,
    ..LOW_SECTION
};

static LOW_CELLO: Role =
    Role { keys: [43, 55], held_s: [7.0, 11.0], level: 0.14, pan_position: [0.25, 0.55], ..LOW_SECTION };

static LOW_TENOR: Role = Role {
    keys: [48, 60],
    held_s: [6.0, 10.0],
    level: 0.14,
    pan_position: [-0.1, 0.2],
    enters_at: 0.25,
    ..LOW_SECTION
};

static LOW_VIOLA: Role =
    Role { keys: [52, 64], level: 0.08, pan_position: [-0.5, -0.2], enters_at: 0.45, ..LOW_SECTION };

static LOW_SECOND: Role =
    Role { keys: [40, 52], level: 0.10, enters_at: 0.6, instrument: Instrument::Strings, ..LOW_CELLO };

static LOW_SONG: Song = Song {
    role: Role {
        instrument: Instrument::Cello,
        keys: [50, 69],
        pause_s: [3.0, 7.0],
        level: 0.24,
        pan_position: [-0.2, 0.1],
        pool: PitchPool::Mode,
        ..LOW_SECTION
    },
    beat_s: [1.5, 2.2],
};

static LOW_ANSWER: Song = Song {
    role: Role {
        keys: [57, 74],
        pause_s: [6.0, 12.0],
        level: 0.17,
        enters_at: 0.55,
        pool: PitchPool::Mode,
        ..LOW_SECTION
    },
    beat_s: [1.9, 2.6],
};
