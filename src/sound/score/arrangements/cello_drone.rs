//! Owns the arrangement for a cello that sings over drones. Does not own how it is played (`arrangements`).

use super::Arrangement;
use super::piano_strings::LOW_SECTION;
use crate::sound::score::ensemble::{PitchPool, RECORDED_STANDS_OUT, Role};
use crate::sound::score::instruments::Instrument;
use crate::sound::score::phrases::Song;

/// A cello over drones.
pub static CELLO_DRONE: Arrangement = Arrangement {
    players: [&DRONE, &FIFTH_DRONE, &DRONE_SECTION, &DRONE_CHOIR, &DRONE_HARP],
    waits_s: [0.0, 2.4, 6.0, 12.0, 17.0],
    song: &CELLO_SONG,
    answer: &CHOIR_SONG,
    tint: -0.05,
    chord_stretch: 1.3,
    pace: 1.2,
    stands_out: RECORDED_STANDS_OUT,
};

pub(super) static DRONE: Role = Role {
    instrument: Instrument::WarmPad,
    keys: [38, 50],
    held_s: [16.0, 26.0],
    pause_s: [-3.5, 0.0],
    level: 0.24,
    pan_position: [-0.2, 0.2],
    enters_at: 0.0,
    pool: PitchPool::Root,
};

static FIFTH_DRONE: Role = Role { keys: [45, 57], level: 0.17, pan_position: [-0.4, 0.4], ..DRONE };

static DRONE_SECTION: Role = Role { keys: [43, 57], enters_at: 0.25, level: 0.12, ..LOW_SECTION };

pub(super) static DRONE_CHOIR: Role = Role {
    instrument: Instrument::Choir,
    keys: [55, 69],
    held_s: [7.0, 11.0],
    pause_s: [1.0, 5.0],
    level: 0.10,
    pan_position: [-0.4, 0.1],
    enters_at: 0.5,
    pool: PitchPool::Chord,
};

static DRONE_HARP: Role = Role {
    instrument: Instrument::Harp,
    keys: [57, 76],
    held_s: [3.5, 5.0],
    pause_s: [4.0, 11.0],
    level: 0.12,
    pan_position: [0.3, 0.6],
    enters_at: 0.15,
    pool: PitchPool::Chord,
};

static CELLO_SONG: Song = Song {
    role: Role {
        instrument: Instrument::Cello,
        keys: [48, 67],
        held_s: [2.0, 4.0],
        pause_s: [3.5, 9.0],
        level: 0.26,
        pan_position: [0.05, 0.25],
        enters_at: 0.0,
        pool: PitchPool::Mode,
    },
    beat_s: [1.5, 2.2],
};

static CHOIR_SONG: Song = Song {
    role: Role { keys: [60, 76], pause_s: [6.0, 14.0], level: 0.14, enters_at: 0.6, ..DRONE_CHOIR },
    beat_s: [1.9, 2.6],
};
