//! Owns the tidal composition: two deep drones, three bowed pads that open and close over them like slow water, and an
//! occasional glimmer on top. Does not own the choice of pitches (`ensemble`), or the sound (`synth`).

use std::f32::consts::TAU;

use super::ensemble::{Ensemble, PitchPool, Player, Role};
use super::instruments::Instrument;

static GROUND: Role = Role {
    instrument: Instrument::Drone,
    keys: [36, 47],
    held_s: [24.0, 38.0],
    pause_s: [-4.0, 1.0],
    level: 0.30,
    pan_position: [-0.2, 0.2],
    enters_at: 0.0,
    pool: PitchPool::Root,
};

static FIFTH: Role = Role { keys: [45, 55], held_s: [20.0, 34.0], level: 0.20, enters_at: 0.1, ..GROUND };

static DEEP: Role = Role {
    instrument: Instrument::Bowed,
    keys: [48, 59],
    held_s: [12.0, 20.0],
    pause_s: [-3.0, 2.0],
    level: 0.24,
    pan_position: [-0.7, -0.1],
    enters_at: 0.0,
    pool: PitchPool::Chord,
};

static MIDDLE: Role = Role { keys: [55, 67], held_s: [10.0, 17.0], level: 0.20, pan_position: [0.1, 0.7], ..DEEP };

static HIGH: Role = Role {
    keys: [62, 74],
    held_s: [9.0, 15.0],
    pause_s: [1.0, 7.0],
    level: 0.14,
    pan_position: [-0.4, 0.4],
    enters_at: 0.3,
    pool: PitchPool::Mode,
    ..DEEP
};

static LIGHT: Role = Role {
    instrument: Instrument::Glass,
    keys: [69, 81],
    held_s: [3.5, 6.0],
    pause_s: [6.0, 16.0],
    level: 0.075,
    pan_position: [-0.6, 0.6],
    enters_at: 0.4,
    pool: PitchPool::Mode,
};

/// The players of the tidal composition.
#[derive(Debug)]
pub struct Tidal {
    grounds: [Player; 2],
    bowed: [Player; 3],
    light: Player,
    tide: f32,
}

impl Tidal {
    /// Creates the composition at its start, before the first wave.
    pub const fn new() -> Self {
        Self {
            grounds: [Player::new(&GROUND, 0.0), Player::new(&FIFTH, 5.0)],
            bowed: [Player::new(&DEEP, 1.5), Player::new(&MIDDLE, 6.5), Player::new(&HIGH, 12.0)],
            light: Player::new(&LIGHT, 24.0),
            tide: 0.0,
        }
    }

    /// Advances by `seconds`, and begins the notes that are due.
    pub fn play(&mut self, ensemble: &mut Ensemble, seconds: f32) {
        // One tide takes 50 to 90 s. The music is brighter in the first half of a tide, and darker in the second.
        self.tide = (self.tide + seconds / (90.0 - 40.0 * ensemble.shape.movement)).fract();
        ensemble.tint = 0.16 * (TAU * self.tide).sin();
        ensemble.chord_stretch = 2.2;
        for player in self.grounds.iter_mut().chain(&mut self.bowed) {
            player.play(ensemble, seconds);
        }
        self.light.play(ensemble, seconds);
    }
}
