//! Owns the arrangement for a piano that sings in phrases, and a string section. Does not own how it is played
//! (`arrangements`).

use super::Arrangement;
use crate::sound::score::ensemble::{PitchPool, RECORDED_STANDS_OUT, Role};
use crate::sound::score::instruments::Instrument;
use crate::sound::score::phrases::Song;

/// Piano and strings.
pub static PIANO_STRINGS: Arrangement = Arrangement {
    players: [&PIANO_BASS, &PIANO_HAND, &LOW_SECTION, &MIDDLE_SECTION, &HIGH_SECTION],
    waits_s: [0.0, 3.2, 1.6, 8.0, 14.0],
    song: &PIANO_SONG,
    answer: &SECTION_SONG,
    tint: 0.0,
    chord_stretch: 0.55,
    pace: 1.65,
    stands_out: RECORDED_STANDS_OUT,
};

pub(super) static PIANO_BASS: Role = Role {
    instrument: Instrument::Piano,
    keys: [34, 48],
    held_s: [7.0, 10.0],
    pause_s: [-0.5, 2.0],
    level: 0.24,
    pan_position: [-0.25, -0.05],
    enters_at: 0.0,
    pool: PitchPool::Root,
};

static PIANO_HAND: Role = Role {
    keys: [50, 64],
    held_s: [4.5, 6.5],
    pause_s: [-2.0, 1.5],
    level: 0.17,
    pan_position: [-0.15, 0.1],
    pool: PitchPool::Chord,
    ..PIANO_BASS
};

pub(super) static LOW_SECTION: Role = Role {
    instrument: Instrument::Section,
    keys: [40, 53],
    held_s: [9.0, 14.0],
    pause_s: [-2.0, 0.5],
    level: 0.15,
    pan_position: [0.1, 0.4],
    enters_at: 0.0,
    pool: PitchPool::Chord,
};

static MIDDLE_SECTION: Role =
    Role { keys: [52, 66], level: 0.13, pan_position: [-0.3, 0.1], enters_at: 0.22, ..LOW_SECTION };

static HIGH_SECTION: Role = Role {
    keys: [62, 76],
    held_s: [7.0, 11.0],
    pause_s: [0.5, 4.0],
    level: 0.10,
    pan_position: [-0.45, -0.1],
    enters_at: 0.5,
    ..LOW_SECTION
};

pub(super) static PIANO_SONG: Song = Song {
    role: Role {
        keys: [64, 84],
        pause_s: [4.0, 10.0],
        level: 0.23,
        pan_position: [0.0, 0.2],
        pool: PitchPool::Mode,
        ..PIANO_BASS
    },
    beat_s: [1.15, 1.7],
};

static SECTION_SONG: Song = Song {
    role: Role {
        keys: [60, 79],
        pause_s: [6.0, 12.0],
        level: 0.17,
        pan_position: [-0.4, -0.2],
        enters_at: 0.55,
        pool: PitchPool::Mode,
        ..LOW_SECTION
    },
    beat_s: [1.5, 2.1],
};
