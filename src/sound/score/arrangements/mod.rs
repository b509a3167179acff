//! Owns the compositions for recorded instruments: a melody in phrases, and the players who accompany it; one module for
//! each arrangement. Does not own the making of a phrase (`phrases`).
//!
//! In each composition, a bass moves with the chords, inner voices fill the chords in, one singer states the motif, and
//! a second singer answers while the music is intense. At the peak of a session everyone therefore plays, and towards
//! its end only a few do.

mod bare_piano;
mod cello_drone;
mod choir_bells;
mod harp_flute;
mod low_strings;
mod piano_strings;

use super::ensemble::{Ensemble, Player, Role};
use super::instruments::Instrument;
use super::phrases::{Motif, Singer, Song};

pub use bare_piano::BARE_PIANO;
pub use cello_drone::CELLO_DRONE;
pub use choir_bells::CHOIR_BELLS;
pub use harp_flute::HARP_FLUTE;
pub use low_strings::LOW_STRINGS;
pub use piano_strings::PIANO_STRINGS;

/// Number of accompanying players.
const PLAYERS: usize = 5;
/// Probability that the second singer answers a phrase, if the music is intense enough for that singer.
const IS_ANSWERED: f32 = 0.6;
/// Shortest and longest rest between a phrase and its answer, in seconds.
const BEFORE_ANSWER_S: [f32; 2] = [2.0, 4.5];

/// The players and singers of a composition, and its settings for the [`Ensemble`].
#[derive(Debug)]
pub struct Arrangement {
    players: [&'static Role; PLAYERS],
    /// Time after which each player first plays, in seconds.
    waits_s: [f32; PLAYERS],
    song: &'static Song,
    answer: &'static Song,
    /// See [`Ensemble::tint`].
    tint: f32,
    /// See [`Ensemble::chord_stretch`].
    chord_stretch: f32,
    /// See [`Ensemble::pace`].
    pace: f32,
    /// See [`Ensemble::stands_out`].
    stands_out: f32,
}

/// A melody in phrases, and its accompaniment.
#[derive(Debug)]
pub struct Arranged {
    arrangement: &'static Arrangement,
    players: [Player; PLAYERS],
    song: Singer,
    answer: Singer,
    motif: Option<Motif>,
}

impl Arranged {
    /// Creates the composition at its start.
    pub const fn new(arrangement: &'static Arrangement) -> Self {
        let Arrangement { players: roles, waits_s, song, answer, .. } = arrangement;
        let mut players = [Player::new(roles[0], waits_s[0]); PLAYERS];
        let mut at = 1;
        while at < PLAYERS {
            players[at] = Player::new(roles[at], waits_s[at]);
            at += 1;
        }
        Self { arrangement, players, song: Singer::new(song, 6.5), answer: Singer::new(answer, 60.0), motif: None }
    }

    /// Advances by `seconds`, and begins the notes that are due.
    pub fn play(&mut self, ensemble: &mut Ensemble, seconds: f32) {
        ensemble.tint = self.arrangement.tint;
        ensemble.chord_stretch = self.arrangement.chord_stretch;
        ensemble.pace = self.arrangement.pace;
        ensemble.stands_out = self.arrangement.stands_out;
        let motif = *self.motif.get_or_insert_with(|| Motif::new(&mut ensemble.rng));
        // The two singers never sing at the same time.
        if self.answer.next_note_s().is_none()
            && self.song.sing(ensemble, motif, seconds)
            && ensemble.rng.unit() < IS_ANSWERED
        {
            let wait_s = ensemble.rng.between(BEFORE_ANSWER_S[0], BEFORE_ANSWER_S[1]);
            self.answer = Singer::new(self.arrangement.answer, wait_s);
        }
        if self.song.next_note_s().is_none() && self.answer.sing(ensemble, motif, seconds) {
            let pause_s = self.arrangement.song.role.pause_s;
            self.song.rest(ensemble.rng.between(pause_s[0], pause_s[1]));
        }
        ensemble.reserve(self.song.next_note_s().or(self.answer.next_note_s()));
        for player in &mut self.players {
            player.play(ensemble, seconds);
        }
    }
}

/// Returns the recorded instruments of an arrangement, some of them more than once.
pub const fn instruments_of(arrangement: &'static Arrangement) -> [Instrument; PLAYERS + 2] {
    let Arrangement { players, song, answer, .. } = arrangement;
    [
        players[0].instrument,
        players[1].instrument,
        players[2].instrument,
        players[3].instrument,
        players[4].instrument,
        song.role.instrument,
        answer.role.instrument,
    ]
}
