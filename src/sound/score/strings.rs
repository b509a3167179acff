//! Owns the composition for warm low strings: basses, cellos and violas that change bow in turn, and a melody above
//! them in phrases of a few notes with long rests in between. Does not own the choice of pitches (`ensemble`), or the
//! sound (`synth`).

use super::ensemble::{Ensemble, PitchPool, Player, Role};
use super::instruments::Instrument;

static BASS: Role = Role {
    instrument: Instrument::Strings,
    keys: [36, 48],
    held_s: [9.0, 15.0],
    pause_s: [-1.5, 0.5],
    level: 0.27,
    pan_position: [0.1, 0.35],
    enters_at: 0.0,
    pool: PitchPool::Root,
};

static CELLO: Role = Role {
    keys: [45, 58],
    held_s: [9.0, 14.0],
    level: 0.22,
    pan_position: [0.25, 0.6],
    pool: PitchPool::Chord,
    ..BASS
};

static TENOR: Role = Role { keys: [52, 64], held_s: [8.0, 13.0], level: 0.18, pan_position: [-0.1, 0.2], ..CELLO };

static VIOLA: Role =
    Role { keys: [57, 71], held_s: [8.0, 13.0], level: 0.16, pan_position: [-0.6, -0.25], enters_at: 0.25, ..CELLO };

static SONG: Role = Role {
    instrument: Instrument::Strings,
    keys: [60, 76],
    held_s: [3.6, 6.2],
    pause_s: [-0.8, 0.2],
    level: 0.15,
    pan_position: [-0.45, -0.15],
    enters_at: 0.35,
    pool: PitchPool::Mode,
};

/// The players of the composition for strings.
#[derive(Debug)]
pub struct Strings {
    unison: [Player; 4],
    song: Player,
    left_of_phrase: usize,
}

impl Strings {
    /// Creates the composition at its start, before the first bow stroke.
    pub const fn new() -> Self {
        Self {
            unison: [
                Player::new(&BASS, 0.0),
                Player::new(&CELLO, 2.5),
                Player::new(&TENOR, 5.5),
                Player::new(&VIOLA, 9.0),
            ],
            song: Player::new(&SONG, 26.0),
            left_of_phrase: 3,
        }
    }

    /// Advances by `seconds`, and begins the notes that are due.
    pub fn play(&mut self, ensemble: &mut Ensemble, seconds: f32) {
        ensemble.tint = 0.0;
        ensemble.chord_stretch = 1.0;
        for bank in &mut self.unison {
            bank.play(ensemble, seconds);
        }
        if self.song.play(ensemble, seconds) {
            self.left_of_phrase -= 1;
            if self.left_of_phrase == 0 {
                self.left_of_phrase = 3 + ensemble.rng.below(3);
                self.song.rest(ensemble.rng.between(16.0, 30.0) * (1.4 - 0.8 * ensemble.shape.density));
            }
        }
    }
}
