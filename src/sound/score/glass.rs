//! Glass and breath: rubbed glasses that hand a tone to each other, touched ones between, air that comes and goes in the
//! length of a slow breath, and very little below.

use super::instruments::Instrument;
use super::stage::{Player, Role, Stage, Taste};

static FLOOR: Role = Role {
    instrument: Instrument::Pad,
    keys: [43, 55],
    held_s: [18.0, 30.0],
    pause_s: [-4.0, 0.0],
    level: 0.17,
    place: [-0.2, 0.2],
    enters_at: 0.0,
    taste: Taste::Root,
};

static AIR: Role = Role {
    instrument: Instrument::Breath,
    keys: [53, 70],
    held_s: [4.2, 6.0],
    pause_s: [3.0, 9.0],
    level: 0.20,
    place: [-0.3, 0.3],
    enters_at: 0.0,
    taste: Taste::Chord,
};

static LEFT: Role = Role {
    instrument: Instrument::Glass,
    keys: [63, 78],
    held_s: [6.0, 10.0],
    pause_s: [-1.5, 3.5],
    level: 0.20,
    place: [-0.8, -0.2],
    enters_at: 0.0,
    taste: Taste::Chord,
};

static RIGHT: Role = Role { keys: [59, 75], held_s: [7.0, 11.0], place: [0.2, 0.8], taste: Taste::Mode, ..LEFT };

static TOUCHED: Role = Role {
    instrument: Instrument::Chime,
    keys: [66, 83],
    held_s: [5.0, 7.0],
    pause_s: [0.5, 7.0],
    level: 0.15,
    place: [-0.6, 0.6],
    enters_at: 0.25,
    taste: Taste::Mode,
};

/// Glass and breath.
#[derive(Debug)]
pub struct Glass {
    floor: Player,
    air: Player,
    rubbed: [Player; 2],
    touched: Player,
}

impl Glass {
    /// Before the first breath.
    pub const fn new() -> Self {
        Self {
            floor: Player::new(&FLOOR, 0.0),
            air: Player::new(&AIR, 3.0),
            rubbed: [Player::new(&LEFT, 1.0), Player::new(&RIGHT, 5.5)],
            touched: Player::new(&TOUCHED, 11.0),
        }
    }

    /// Goes on by `seconds`.
    pub fn play(&mut self, stage: &mut Stage, seconds: f32) {
        stage.tint = 0.1;
        stage.dwells = 1.0;
        self.floor.play(stage, seconds);
        if self.air.play(stage, seconds) {
            // A breath is given room: nothing is struck while it comes in.
            self.touched.rest(2.0);
        }
        for player in &mut self.rubbed {
            player.play(stage, seconds);
        }
        self.touched.play(stage, seconds);
    }
}
