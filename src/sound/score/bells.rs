//! Owns the composition for bells with long pauses: an occasional great bell, middle bells that answer each other and
//! sometimes coincide, and, below them, bowed singing bowls that fill the pauses. Does not own the choice of pitches
//! (`ensemble`), or the sound (`synth`).

use super::ensemble::{Ensemble, PitchPool, Player, Role};
use super::instruments::{Instrument, ScoreNote};

static RIM: Role = Role {
    instrument: Instrument::Bowl,
    keys: [45, 57],
    held_s: [18.0, 28.0],
    pause_s: [-4.0, -3.0],
    level: 0.30,
    pan_position: [-0.3, 0.3],
    enters_at: 0.0,
    pool: PitchPool::Chord,
};

static FIFTH_RIM: Role = Role { keys: [52, 64], held_s: [14.0, 22.0], level: 0.24, ..RIM };

static HIGH_RIM: Role =
    Role { keys: [57, 69], held_s: [12.0, 20.0], level: 0.15, pan_position: [-0.5, 0.5], ..FIFTH_RIM };

static GREAT: Role = Role {
    instrument: Instrument::Bell,
    keys: [48, 57],
    held_s: [9.0, 11.0],
    pause_s: [9.0, 20.0],
    level: 0.22,
    pan_position: [-0.2, 0.2],
    enters_at: 0.15,
    pool: PitchPool::Root,
};

static MIDDLE: Role = Role {
    keys: [58, 74],
    held_s: [6.0, 7.0],
    pause_s: [0.0, 6.0],
    level: 0.17,
    pan_position: [-0.7, -0.1],
    enters_at: 0.0,
    pool: PitchPool::Chord,
    ..GREAT
};

static ANSWER: Role = Role {
    keys: [62, 79],
    pause_s: [2.0, 11.0],
    level: 0.15,
    pan_position: [0.1, 0.7],
    enters_at: 0.2,
    pool: PitchPool::Mode,
    ..MIDDLE
};

/// Probability that a middle bell is struck together with a second one.
const TOGETHER: f32 = 0.16;

/// The players of the composition for bells.
#[derive(Debug)]
pub struct Bells {
    rims: [Player; 3],
    great: Player,
    middle: Player,
    answer: Player,
}

impl Bells {
    /// Creates the composition at its start, before the first bell.
    pub const fn new() -> Self {
        Self {
            rims: [Player::new(&RIM, 0.0), Player::new(&FIFTH_RIM, 2.0), Player::new(&HIGH_RIM, 4.0)],
            great: Player::new(&GREAT, 9.0),
            middle: Player::new(&MIDDLE, 5.0),
            answer: Player::new(&ANSWER, 12.0),
        }
    }

    /// Advances by `seconds`, and begins the notes that are due.
    pub fn play(&mut self, ensemble: &mut Ensemble, seconds: f32) {
        ensemble.tint = 0.0;
        ensemble.chord_stretch = 1.6;
        for rim in &mut self.rims {
            rim.play(ensemble, seconds);
        }
        self.great.play(ensemble, seconds);
        if self.middle.play(ensemble, seconds) && ensemble.rng.unit() < TOGETHER {
            strike_with(ensemble);
        }
        self.answer.play(ensemble, seconds);
    }
}

/// Strikes a second bell at the same moment if a pitch fits, so that the two sound as a chord.
fn strike_with(ensemble: &mut Ensemble) {
    let note = ensemble.note_of(&ANSWER);
    let note = ScoreNote { level: note.level * 0.7, ..note };
    if let Some((key, _)) = ensemble.choose_key(&note, &ANSWER, &[0; 4]) {
        ensemble.begin(ScoreNote { key, ..note });
    }
}
