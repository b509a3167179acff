//! Bare bells far apart: a great bell now and then, middle bells that answer each other, at times two at once, and the
//! rubbed rim of a bowl beneath, so that the silence between them is never empty.

use super::instruments::{Instrument, Note};
use super::stage::{Player, Role, Stage, Taste};

static RIM: Role = Role {
    instrument: Instrument::Bowl,
    keys: [45, 57],
    held_s: [18.0, 28.0],
    pause_s: [-4.0, -3.0],
    level: 0.30,
    place: [-0.3, 0.3],
    enters_at: 0.0,
    taste: Taste::Chord,
};

static FIFTH_RIM: Role = Role { keys: [52, 64], held_s: [14.0, 22.0], level: 0.24, ..RIM };

static HIGH_RIM: Role = Role { keys: [57, 69], held_s: [12.0, 20.0], level: 0.15, place: [-0.5, 0.5], ..FIFTH_RIM };

static GREAT: Role = Role {
    instrument: Instrument::Bell,
    keys: [48, 57],
    held_s: [9.0, 11.0],
    pause_s: [9.0, 20.0],
    level: 0.22,
    place: [-0.2, 0.2],
    enters_at: 0.15,
    taste: Taste::Root,
};

static MIDDLE: Role = Role {
    keys: [58, 74],
    held_s: [6.0, 7.0],
    pause_s: [0.0, 6.0],
    level: 0.17,
    place: [-0.7, -0.1],
    enters_at: 0.0,
    taste: Taste::Chord,
    ..GREAT
};

static ANSWER: Role = Role {
    keys: [62, 79],
    pause_s: [2.0, 11.0],
    level: 0.15,
    place: [0.1, 0.7],
    enters_at: 0.2,
    taste: Taste::Mode,
    ..MIDDLE
};

/// How often a middle bell is struck together with its fifth or octave.
const TOGETHER: f32 = 0.16;

/// Bare bells.
#[derive(Debug)]
pub struct Bells {
    rims: [Player; 3],
    great: Player,
    middle: Player,
    answer: Player,
}

impl Bells {
    /// Before the first bell.
    pub const fn new() -> Self {
        Self {
            rims: [Player::new(&RIM, 0.0), Player::new(&FIFTH_RIM, 2.0), Player::new(&HIGH_RIM, 4.0)],
            great: Player::new(&GREAT, 9.0),
            middle: Player::new(&MIDDLE, 5.0),
            answer: Player::new(&ANSWER, 12.0),
        }
    }

    /// Goes on by `seconds`.
    pub fn play(&mut self, stage: &mut Stage, seconds: f32) {
        stage.tint = 0.0;
        stage.dwells = 1.6;
        for rim in &mut self.rims {
            rim.play(stage, seconds);
        }
        self.great.play(stage, seconds);
        if self.middle.play(stage, seconds) && stage.chance.unit() < TOGETHER {
            strike_with(stage);
        }
        self.answer.play(stage, seconds);
    }
}

/// A second bell in the same moment: one chord, and meant.
fn strike_with(stage: &mut Stage) {
    let note = stage.note_of(&ANSWER);
    let note = Note { level: note.level * 0.7, ..note };
    if let Some((key, _)) = stage.choose_key(&note, &ANSWER, &[0; 4]) {
        stage.begin(Note { key, ..note });
    }
}
