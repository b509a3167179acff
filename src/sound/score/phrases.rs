//! Owns melodies in phrases: the motif, the changes with which it returns, and the player who sings it. Does not own
//! the accompaniment (`arrangements`).
//!
//! A motif is a few steps of the mode with their lengths in beats, and is composed once for a performance. Each phrase
//! states it, starting on some degree of the mode: unchanged, upside down, shortened, or with one note altered. A note
//! that would be rough against what sounds moves to a neighbouring degree.

use std::f32::consts::PI;

use super::ensemble::{Ensemble, Role};
use super::harmony::PitchClasses;
use super::instruments::ScoreNote;
use crate::sound::dsp::Rng;

/// Maximum number of notes of a motif.
const NOTES_MAX: usize = 6;
/// Number of degrees of a mode per octave.
const DEGREES: i32 = 5;
/// Fraction of the roughness limit that a melody note may use. It is larger than the fraction for other notes, because
/// a melody note ends sooner.
const ROUGHNESS_SHARE: f32 = 0.88;
/// Maximum deviation of a note's length, as a fraction of the length. A steady pulse would resemble an alarm.
const RUBATO: f32 = 0.07;
/// Interval, in phrases, at which a phrase states the motif unchanged and preferably closes on the chord's root. The
/// first phrase is one of these.
const PHRASES_TO_HOME: u32 = 4;
/// Time after which a phrase that could not begin is tried again, in seconds.
const TRIES_AGAIN_S: f32 = 1.2;

/// A motif: a few steps of the mode, with their lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Motif {
    /// Degrees by which each note lies above the first one; negative for a lower note, 0 for the first note itself.
    steps: [i32; NOTES_MAX],
    /// Lengths in beats.
    beats: [u8; NOTES_MAX],
    count: usize,
}

impl Motif {
    /// Creates a motif of four to six notes that changes direction once.
    pub fn new(rng: &mut Rng) -> Self {
        let count = 4 + rng.below(NOTES_MAX - 3);
        let mut motif = Self { steps: [0; NOTES_MAX], beats: [1; NOTES_MAX], count };
        let mut direction = if rng.unit() < 0.6 { 1 } else { -1 };
        let turn = 1 + rng.below(count - 2);
        for at in 1..count {
            // Most intervals are single steps. The first one is often wider, as in most songs.
            let width = if at == 1 && rng.unit() < 0.6 { 2 } else { 1 + i32::from(rng.unit() < 0.15) };
            motif.steps[at] = motif.steps[at - 1] + direction * width;
            if at == turn {
                direction = -direction;
            }
        }
        for beats in &mut motif.beats[..count] {
            *beats = if rng.unit() < 0.55 { 1 } else { 2 };
        }
        motif.beats[count - 1] = 3;
        motif
    }

    /// Returns the motif upside down.
    fn inverted(mut self) -> Self {
        self.steps = self.steps.map(|step| -step);
        self
    }

    /// Returns the motif without its first one or two notes.
    fn shortened(mut self) -> Self {
        let dropped = self.count.saturating_sub(3).min(2);
        self.steps.rotate_left(dropped);
        self.beats.rotate_left(dropped);
        self.count -= dropped;
        let first = self.steps[0];
        self.steps = self.steps.map(|step| step - first);
        self
    }

    /// Returns the motif with one inner note moved by a degree, and held for longer.
    fn altered(mut self, rng: &mut Rng) -> Self {
        let at = 1 + rng.below(self.count - 2);
        self.steps[at] += if rng.unit() < 0.5 { 1 } else { -1 };
        self.beats[at] = (self.beats[at] + 1).min(3);
        self
    }

    /// Returns the motif as a later phrase states it: unchanged, upside down, shortened, or altered.
    fn returning(self, rng: &mut Rng) -> Self {
        match rng.below(10) {
            0..=4 => self,
            5 | 6 => self.inverted(),
            7 => self.shortened(),
            _ => self.altered(rng),
        }
    }

    fn notes(&self) -> &[i32] {
        &self.steps[..self.count]
    }
}

/// Returns the key of a degree of the mode. Degrees are counted upwards from key 0.
fn key_of(tones: PitchClasses, degree: i32) -> i32 {
    let (octave, within) = (degree.div_euclid(DEGREES), degree.rem_euclid(DEGREES));
    let class = (0..12).filter(|class| tones.has(*class)).nth(within as usize).unwrap_or(0);
    12 * octave + class
}

/// What a singer sings with: instrument, range and tempo.
#[derive(Debug)]
pub struct Song {
    /// Instrument, range, level and position. `pause_s` is the range of rests between phrases; `held_s` is not used.
    pub role: Role,
    /// Length of a beat, in seconds, at a `movement` of 1 and of 0.
    pub beat_s: [f32; 2],
}

/// The phrase being sung.
#[derive(Clone, Copy, Debug)]
struct Phrase {
    motif: Motif,
    /// Degree of the first note.
    first: i32,
    next: usize,
    beat_s: f32,
}

/// A player who sings in phrases.
#[derive(Clone, Copy, Debug)]
pub struct Singer {
    song: &'static Song,
    phrase: Option<Phrase>,
    /// Time until the next note, or until the rest is over.
    wait_s: f32,
    phrases: u32,
    last_degree: Option<i32>,
    last_key: i32,
}

impl Singer {
    /// Creates a singer whose first phrase comes after `wait_s`.
    pub const fn new(song: &'static Song, wait_s: f32) -> Self {
        Self { song, phrase: None, wait_s, phrases: 0, last_degree: None, last_key: 0 }
    }

    /// Returns the seconds until the next note of the phrase; `None` between phrases.
    pub fn next_note_s(&self) -> Option<f32> {
        self.phrase.map(|_| self.wait_s)
    }

    /// Waits for at least `seconds` before the next phrase.
    pub fn rest(&mut self, seconds: f32) {
        self.wait_s = self.wait_s.max(seconds);
    }

    /// Advances by `seconds`. Returns whether the last note of a phrase has just begun.
    pub fn sing(&mut self, ensemble: &mut Ensemble, motif: Motif, seconds: f32) -> bool {
        self.wait_s -= seconds;
        if self.wait_s > 0.0 {
            return false;
        }
        if self.phrase.is_none() {
            if ensemble.shape.intensity < self.song.role.enters_at || !ensemble.may_begin() {
                self.wait_s = TRIES_AGAIN_S;
                return false;
            }
            self.phrase = self.begin_phrase(ensemble, motif);
        }
        let Some(phrase) = self.phrase else {
            self.wait_s = TRIES_AGAIN_S;
            return false;
        };
        if !ensemble.may_sing() {
            return false;
        }
        let length_s =
            f32::from(phrase.motif.beats[phrase.next]) * phrase.beat_s * (1.0 + RUBATO * ensemble.rng.white());
        self.sing_note(ensemble, phrase, length_s);
        let next = phrase.next + 1;
        if next < phrase.motif.count {
            self.wait_s = length_s;
            self.phrase = Some(Phrase { next, ..phrase });
            return false;
        }
        let [shortest_s, longest_s] = self.song.role.pause_s;
        let pause_s = ensemble.rng.between(shortest_s, longest_s) * (1.4 - 0.8 * ensemble.shape.density);
        self.wait_s = length_s + pause_s;
        self.phrase = None;
        self.phrases += 1;
        true
    }

    fn begin_phrase(&self, ensemble: &mut Ensemble, motif: Motif) -> Option<Phrase> {
        let goes_home = self.phrases.is_multiple_of(PHRASES_TO_HOME);
        let motif = if goes_home { motif } else { motif.returning(&mut ensemble.rng) };
        let tones = ensemble.harmony.mode().tones();
        let [low, high] = ensemble.keys_of(&self.song.role);
        let lowest = low / 12 * DEGREES - DEGREES;
        let mut best: Option<(f32, i32)> = None;
        for first in lowest..lowest + 8 * DEGREES {
            let keys = motif.notes().iter().map(|step| key_of(tones, first + step));
            if !keys.clone().all(|key| (low..=high).contains(&key)) {
                continue;
            }
            let chord = ensemble.harmony.chord();
            let outside = |key: Option<i32>, cost: f32| if key.is_some_and(|key| chord.has(key)) { 0.0 } else { cost };
            let leap = self.last_degree.map_or(0.0, |last| 0.25 * (first - last).abs() as f32);
            let again = if self.last_degree == Some(first) { 0.8 } else { 0.0 };
            let root = i32::from(ensemble.harmony.root());
            let ends_home = keys.clone().next_back().is_some_and(|key| (key - root).rem_euclid(12) == 0);
            let cost = leap
                + again
                + outside(keys.clone().next(), 1.2)
                + outside(keys.clone().next_back(), 1.8)
                + if goes_home && !ends_home { 1.5 } else { 0.0 }
                + ensemble.rng.between(0.0, 1.0);
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, first));
            }
        }
        let [fast_s, slow_s] = self.song.beat_s;
        let beat_s = slow_s + (fast_s - slow_s) * ensemble.shape.movement;
        best.map(|(_, first)| Phrase { motif, first, next: 0, beat_s })
    }

    /// Sings the phrase's next note, or the nearest neighbouring degree that fits. If none fits, the note becomes a
    /// rest.
    fn sing_note(&mut self, ensemble: &mut Ensemble, phrase: Phrase, length_s: f32) {
        let role = &self.song.role;
        let wanted = phrase.first + phrase.motif.steps[phrase.next];
        let tones = ensemble.harmony.mode().tones();
        let mut note = ensemble.note_of(role);
        // Each phrase swells a little and falls back.
        let along = (phrase.next as f32 + 0.5) / phrase.motif.count as f32;
        note.level *= 0.72 + 0.28 * (PI * along).sin();
        note.held_s = length_s.max(note.attack_s + 0.5);
        note.is_melody = true;
        let [low, high] = ensemble.keys_of(role);
        for shift in [0, 1, -1, 2, -2] {
            let key = key_of(tones, wanted + shift);
            let candidate = ScoreNote { key, ..note };
            let repeats = shift != 0 && key == self.last_key;
            if (low - 2..=high + 2).contains(&key) && !repeats && ensemble.fits(&candidate, ROUGHNESS_SHARE) {
                ensemble.begin(candidate);
                self.last_key = key;
                break;
            }
        }
        self.last_degree = Some(phrase.first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::score::Mode;

    #[test]
    fn degrees_are_the_keys_of_the_mode_in_order() {
        for tonic in 0..12 {
            let tones = Mode { tonic, ground: tonic }.tones();
            let keys: Vec<i32> = (20..45).map(|degree| key_of(tones, degree)).collect();
            assert!(keys.iter().all(|key| tones.has(*key)) && keys.is_sorted_by(|one, other| one < other), "{keys:?}");
            assert_eq!(keys[24] - keys[4], 48);
        }
    }

    #[test]
    fn motifs_turn_back_stay_within_two_octaves_and_differ() {
        let motifs: Vec<Motif> = (0..40).map(|seed| Motif::new(&mut Rng::new(seed))).collect();
        for motif in &motifs {
            let steps = motif.notes();
            let rises = steps.windows(2).filter(|pair| pair[1] > pair[0]).count();
            assert!((1..steps.len() - 1).contains(&rises), "{motif:?}");
            let range = steps.iter().max().unwrap() - steps.iter().min().unwrap();
            assert!((4..=6).contains(&steps.len()) && range <= 2 * DEGREES, "{motif:?}");
            assert!(motif.shortened().count >= 3 && motif.shortened().steps[0] == 0, "{motif:?}");
        }
        let distinct = motifs.iter().enumerate().filter(|(at, motif)| !motifs[..*at].contains(motif)).count();
        assert!(distinct > 30, "{distinct}");
    }
}
