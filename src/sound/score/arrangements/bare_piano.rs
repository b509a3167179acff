//! Owns the arrangement for a piano alone, with few notes, far apart. Does not own how it is played (`arrangements`).

use super::Arrangement;
use super::piano_strings::{PIANO_BASS, PIANO_SONG};
use crate::sound::score::ensemble::{PitchPool, Role};
use crate::sound::score::phrases::Song;

/// A piano alone.
pub static BARE_PIANO: Arrangement = Arrangement {
    players: [&BARE_BASS, &BARE_FIFTH, &BARE_HAND, &BARE_HIGH, &BARE_FAR],
    waits_s: [0.0, 9.0, 3.0, 12.0, 20.0],
    song: &BARE_SONG,
    answer: &BARE_ANSWER,
    tint: 0.0,
    chord_stretch: 0.8,
    pace: 1.65,
    // No other instrument keeps the level up between its notes.
    stands_out: 2.5,
};

static BARE_BASS: Role = Role { keys: [34, 46], held_s: [9.0, 12.0], pause_s: [-3.0, -0.5], level: 0.27, ..PIANO_BASS };

static BARE_FIFTH: Role =
    Role { keys: [43, 55], pause_s: [0.0, 4.0], level: 0.18, enters_at: 0.3, pool: PitchPool::Chord, ..BARE_BASS };

static BARE_HAND: Role =
    Role { keys: [50, 64], held_s: [7.0, 9.5], pause_s: [-2.0, 2.0], level: 0.17, pool: PitchPool::Chord, ..BARE_BASS };

static BARE_HIGH: Role = Role { keys: [60, 74], pause_s: [1.0, 6.0], level: 0.13, enters_at: 0.45, ..BARE_HAND };

static BARE_FAR: Role = Role {
    keys: [76, 88],
    held_s: [5.0, 7.0],
    pause_s: [8.0, 18.0],
    level: 0.08,
    enters_at: 0.5,
    pan_position: [0.1, 0.3],
    ..BARE_HAND
};

static BARE_SONG: Song = Song {
    role: Role { keys: [62, 81], pause_s: [5.0, 11.0], level: 0.24, pool: PitchPool::Mode, ..PIANO_SONG.role },
    beat_s: [1.6, 2.3],
};

static BARE_ANSWER: Song = Song {
    role: Role { keys: [48, 67], pause_s: [6.0, 12.0], level: 0.2, enters_at: 0.5, pool: PitchPool::Mode, ..BARE_HAND },
    beat_s: [1.6, 2.3],
};
