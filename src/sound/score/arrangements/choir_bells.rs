//! Owns the arrangement for a choir without words, and bells far apart. Does not own how it is played
//! (`arrangements`).

use super::Arrangement;
use super::cello_drone::{DRONE, DRONE_CHOIR};
use crate::sound::score::ensemble::{PitchPool, RECORDED_STANDS_OUT, Role};
use crate::sound::score::instruments::Instrument;
use crate::sound::score::phrases::Song;

/// Choir, with bells far apart.
pub static CHOIR_BELLS: Arrangement = Arrangement {
    players: [&CHOIR_FIFTH, &CHOIR_MIDDLE, &LOW_BELL, &HIGH_BELL, &CHOIR_PAD],
    waits_s: [2.0, 4.5, 7.0, 13.0, 0.0],
    song: &UPPER_SONG,
    answer: &BELL_ANSWER,
    tint: 0.0,
    chord_stretch: 1.0,
    pace: 1.5,
    stands_out: RECORDED_STANDS_OUT,
};

static CHOIR_FIFTH: Role =
    Role { keys: [45, 57], level: 0.22, pan_position: [-0.4, 0.4], pool: PitchPool::Chord, ..DRONE };

static CHOIR_MIDDLE: Role =
    Role { keys: [52, 65], level: 0.14, enters_at: 0.2, pan_position: [-0.1, 0.4], ..DRONE_CHOIR };

static LOW_BELL: Role = Role {
    instrument: Instrument::LowBell,
    keys: [50, 64],
    held_s: [5.0, 7.0],
    pause_s: [3.0, 10.0],
    level: 0.20,
    pan_position: [-0.3, 0.3],
    enters_at: 0.0,
    pool: PitchPool::Root,
};

static HIGH_BELL: Role = Role {
    instrument: Instrument::Celesta,
    keys: [67, 84],
    held_s: [2.5, 4.0],
    pause_s: [2.0, 8.0],
    level: 0.13,
    pan_position: [-0.6, 0.6],
    enters_at: 0.2,
    pool: PitchPool::Chord,
};

static CHOIR_PAD: Role = Role { keys: [40, 52], level: 0.30, pause_s: [-6.0, -3.0], pool: PitchPool::Chord, ..DRONE };

static UPPER_SONG: Song = Song {
    role: Role {
        keys: [59, 76],
        pause_s: [4.0, 9.0],
        level: 0.19,
        pan_position: [-0.3, 0.0],
        enters_at: 0.0,
        pool: PitchPool::Mode,
        ..DRONE_CHOIR
    },
    beat_s: [1.8, 2.5],
};

static BELL_ANSWER: Song = Song {
    role: Role {
        keys: [67, 84],
        pause_s: [6.0, 12.0],
        level: 0.15,
        enters_at: 0.5,
        pool: PitchPool::Mode,
        ..HIGH_BELL
    },
    beat_s: [1.4, 2.0],
};
