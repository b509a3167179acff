//! Owns the composition for glass and breath: rubbed glasses that pass a note to each other, touched glasses in
//! between, air at the pace of a slow breath, and a low pad below them. Does not own the choice of pitches
//! (`ensemble`), or the sound (`synth`).

use super::ensemble::{Ensemble, PitchPool, Player, Role};
use super::instruments::Instrument;

static FLOOR: Role = Role {
    instrument: Instrument::Pad,
    keys: [43, 55],
    held_s: [18.0, 30.0],
    pause_s: [-4.0, 0.0],
    level: 0.17,
    pan_position: [-0.2, 0.2],
    enters_at: 0.0,
    pool: PitchPool::Root,
};

static AIR: Role = Role {
    instrument: Instrument::Breath,
    keys: [53, 70],
    held_s: [4.2, 6.0],
    pause_s: [3.0, 9.0],
    level: 0.20,
    pan_position: [-0.3, 0.3],
    enters_at: 0.0,
    pool: PitchPool::Chord,
};

static LEFT: Role = Role {
    instrument: Instrument::Glass,
    keys: [63, 78],
    held_s: [6.0, 10.0],
    pause_s: [-1.5, 3.5],
    level: 0.20,
    pan_position: [-0.8, -0.2],
    enters_at: 0.0,
    pool: PitchPool::Chord,
};

static RIGHT: Role =
    Role { keys: [59, 75], held_s: [7.0, 11.0], pan_position: [0.2, 0.8], pool: PitchPool::Mode, ..LEFT };

static TOUCHED: Role = Role {
    instrument: Instrument::Chime,
    keys: [66, 83],
    held_s: [5.0, 7.0],
    pause_s: [0.5, 7.0],
    level: 0.15,
    pan_position: [-0.6, 0.6],
    enters_at: 0.25,
    pool: PitchPool::Mode,
};

/// The players of the composition for glass and breath.
#[derive(Debug)]
pub struct Glass {
    floor: Player,
    air: Player,
    rubbed: [Player; 2],
    touched: Player,
}

impl Glass {
    /// Creates the composition at its start, before the first breath.
    pub const fn new() -> Self {
        Self {
            floor: Player::new(&FLOOR, 0.0),
            air: Player::new(&AIR, 3.0),
            rubbed: [Player::new(&LEFT, 1.0), Player::new(&RIGHT, 5.5)],
            touched: Player::new(&TOUCHED, 11.0),
        }
    }

    /// Advances by `seconds`, and begins the notes that are due.
    pub fn play(&mut self, ensemble: &mut Ensemble, seconds: f32) {
        ensemble.tint = 0.1;
        ensemble.chord_stretch = 1.0;
        self.floor.play(ensemble, seconds);
        if self.air.play(ensemble, seconds) {
            // No glass is touched while the breath begins.
            self.touched.rest(2.0);
        }
        for player in &mut self.rubbed {
            player.play(ensemble, seconds);
        }
        self.touched.play(ensemble, seconds);
    }
}
