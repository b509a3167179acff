//! Warm low strings: basses, two pairs of celli and violas that change their bows in turn, and a song above them in
//! phrases of a few notes with long rests between.

use super::instruments::Instrument;
use super::stage::{Player, Role, Stage, Taste};

static BASS: Role = Role {
    instrument: Instrument::Strings,
    keys: [36, 48],
    held_s: [9.0, 15.0],
    pause_s: [-1.5, 0.5],
    level: 0.27,
    place: [0.1, 0.35],
    enters_at: 0.0,
    taste: Taste::Root,
};

static CELLO: Role =
    Role { keys: [45, 58], held_s: [9.0, 14.0], level: 0.22, place: [0.25, 0.6], taste: Taste::Chord, ..BASS };

static TENOR: Role = Role { keys: [52, 64], held_s: [8.0, 13.0], level: 0.18, place: [-0.1, 0.2], ..CELLO };

static VIOLA: Role =
    Role { keys: [57, 71], held_s: [8.0, 13.0], level: 0.16, place: [-0.6, -0.25], enters_at: 0.25, ..CELLO };

static SONG: Role = Role {
    instrument: Instrument::Strings,
    keys: [60, 76],
    held_s: [3.6, 6.2],
    pause_s: [-0.8, 0.2],
    level: 0.15,
    place: [-0.45, -0.15],
    enters_at: 0.35,
    taste: Taste::Mode,
};

/// Warm low strings.
#[derive(Debug)]
pub struct Strings {
    desks: [Player; 4],
    song: Player,
    left_of_phrase: usize,
}

impl Strings {
    /// Before the first bow.
    pub const fn new() -> Self {
        Self {
            desks: [
                Player::new(&BASS, 0.0),
                Player::new(&CELLO, 2.5),
                Player::new(&TENOR, 5.5),
                Player::new(&VIOLA, 9.0),
            ],
            song: Player::new(&SONG, 26.0),
            left_of_phrase: 3,
        }
    }

    /// Goes on by `seconds`.
    pub fn play(&mut self, stage: &mut Stage, seconds: f32) {
        stage.tint = 0.0;
        stage.dwells = 1.0;
        for desk in &mut self.desks {
            desk.play(stage, seconds);
        }
        if self.song.play(stage, seconds) {
            self.left_of_phrase -= 1;
            if self.left_of_phrase == 0 {
                self.left_of_phrase = 3 + stage.chance.below(3);
                self.song.rest(stage.chance.between(16.0, 30.0) * (1.4 - 0.8 * stage.shape.density));
            }
        }
    }
}
