//! Owns the arrangement for a flute that sings over a harp. Does not own how it is played (`arrangements`).

use super::Arrangement;
use super::cello_drone::DRONE;
use super::piano_strings::LOW_SECTION;
use crate::sound::score::ensemble::{PitchPool, RECORDED_STANDS_OUT, Role};
use crate::sound::score::instruments::Instrument;
use crate::sound::score::phrases::Song;

/// Flute over a harp.
pub static HARP_FLUTE: Arrangement = Arrangement {
    players: [&HARP_BASS, &HARP_HAND, &HARP_HIGH, &HARP_PAD, &HARP_SECTION],
    waits_s: [0.6, 2.8, 9.0, 0.0, 12.0],
    song: &FLUTE_SONG,
    answer: &HARP_ANSWER,
    tint: 0.05,
    chord_stretch: 0.6,
    pace: 1.65,
    stands_out: RECORDED_STANDS_OUT,
};

static HARP_BASS: Role = Role {
    instrument: Instrument::Harp,
    keys: [38, 52],
    held_s: [4.5, 6.0],
    pause_s: [0.0, 3.0],
    level: 0.21,
    pan_position: [-0.35, -0.1],
    enters_at: 0.0,
    pool: PitchPool::Root,
};

static HARP_HAND: Role = Role {
    keys: [52, 67],
    held_s: [3.0, 4.5],
    pause_s: [-1.5, 1.2],
    level: 0.19,
    pan_position: [-0.3, 0.0],
    pool: PitchPool::Chord,
    ..HARP_BASS
};

static HARP_HIGH: Role = Role { keys: [64, 79], pause_s: [1.0, 6.0], level: 0.13, enters_at: 0.3, ..HARP_HAND };

static HARP_PAD: Role = Role { keys: [43, 57], pause_s: [-5.0, -2.0], level: 0.28, pool: PitchPool::Chord, ..DRONE };

static HARP_SECTION: Role = Role { keys: [52, 67], level: 0.11, enters_at: 0.45, ..LOW_SECTION };

static FLUTE_SONG: Song = Song {
    role: Role {
        instrument: Instrument::Flute,
        keys: [62, 79],
        held_s: [2.0, 4.0],
        pause_s: [4.0, 10.0],
        level: 0.20,
        pan_position: [0.1, 0.3],
        enters_at: 0.0,
        pool: PitchPool::Mode,
    },
    beat_s: [1.2, 1.8],
};

static HARP_ANSWER: Song = Song {
    role: Role {
        keys: [60, 76],
        pause_s: [5.0, 10.0],
        level: 0.19,
        enters_at: 0.5,
        pool: PitchPool::Mode,
        ..HARP_HAND
    },
    beat_s: [1.2, 1.8],
};
