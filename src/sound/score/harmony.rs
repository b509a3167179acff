//! Owns the current mode and chord, and their changes. Does not own the choice of the notes that players play.
//!
//! Every mode is a pentatonic scale, one degree of which is the ground, that is, the tonal centre. Such a scale has
//! neither semitones nor tritones. The scale of the next mode lies a fifth higher or lower and shares four of its five
//! notes with the current scale, or it is the same scale with another ground. The next mode is known well in advance,
//! so that a note that will still sound at the change can be chosen from the notes that both modes have, and stays in
//! tune across the change.

use crate::sound::dsp::Rng;

/// Semitones of a major pentatonic scale above its tonic.
const COLLECTION: [u8; 5] = [0, 2, 4, 7, 9];
/// Possible grounds of a mode, in semitones above the scale's tonic. The fifth above each of them is in the scale.
const GROUNDS: [u8; 4] = [0, 2, 7, 9];
/// Shortest and longest duration of a mode, in seconds.
const MODE_S: [f32; 2] = [252.0, 400.0];
/// Maximum distance of a mode's scale from the first scale of the performance, in fifths.
const FIFTHS_FROM_HOME_MAX: i8 = 3;

/// A set of pitch classes as a bit mask, with C in the lowest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PitchClasses(u16);

impl PitchClasses {
    /// Returns whether the pitch class of `key` (60 is middle C) is in the set.
    #[must_use]
    pub fn has(self, key: i32) -> bool {
        self.0 & (1 << key.rem_euclid(12)) != 0
    }

    /// Returns the pitch classes that are in both sets.
    #[must_use]
    pub const fn shared(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the number of pitch classes in the set.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    fn of(classes: impl Iterator<Item = u8>) -> Self {
        Self(classes.fold(0, |all, class| all | 1 << (class % 12)))
    }
}

/// A pentatonic scale and its ground, which is the degree that serves as the tonal centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Pitch class of the scale's tonic, 0 (C) to 11.
    pub tonic: u8,
    /// Pitch class of the ground.
    pub ground: u8,
}

impl Mode {
    /// Returns the pitch classes of the mode.
    #[must_use]
    pub fn tones(self) -> PitchClasses {
        PitchClasses::of(COLLECTION.iter().map(|step| self.tonic + step))
    }
}

/// The current mode and chord, and the mode that follows.
#[derive(Clone, Debug)]
pub struct Harmony {
    rng: Rng,
    mode: Mode,
    next: Mode,
    fifths_from_home: i8,
    next_fifths: i8,
    mode_left_s: f32,
    chord: PitchClasses,
    root: u8,
    chord_left_s: f32,
}

impl Harmony {
    /// Creates a harmony whose first scale and whose changes depend on the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x0048_4152_4D4F_4E59);
        let tonic = rng.below(12) as u8;
        let mode = Mode { tonic, ground: (tonic + GROUNDS[rng.below(4)]) % 12 };
        let mut harmony = Self {
            rng,
            mode,
            next: mode,
            fifths_from_home: 0,
            next_fifths: 0,
            mode_left_s: 0.0,
            chord: mode.tones(),
            root: mode.ground,
            chord_left_s: 0.0,
        };
        harmony.plan_next_mode();
        harmony.turn_to_chord(true, 0.5, 1.0);
        harmony
    }

    /// Returns the current mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns the pitch classes of the current chord.
    #[must_use]
    pub const fn chord(&self) -> PitchClasses {
        self.chord
    }

    /// Returns the pitch class of the current chord's root.
    #[must_use]
    pub const fn root(&self) -> u8 {
        self.root
    }

    /// Returns the seconds until the chord changes.
    #[must_use]
    pub fn chord_left_s(&self) -> f32 {
        self.chord_left_s.min(self.mode_left_s).max(0.0)
    }

    /// Returns the pitch classes from which a note that sounds for `length_s` from now may be chosen.
    #[must_use]
    pub fn tones_for(&self, length_s: f32) -> PitchClasses {
        if length_s < self.mode_left_s { self.mode.tones() } else { self.mode.tones().shared(self.next.tones()) }
    }

    /// Advances by `seconds`. Chords change sooner with more `movement` (0 to 1), and `chord_stretch` multiplies their
    /// length.
    pub fn advance(&mut self, seconds: f32, movement: f32, chord_stretch: f32) {
        self.mode_left_s -= seconds;
        self.chord_left_s -= seconds;
        if self.mode_left_s <= 0.0 {
            self.mode = self.next;
            self.fifths_from_home = self.next_fifths;
            self.plan_next_mode();
            self.turn_to_chord(true, movement, chord_stretch);
        } else if self.chord_left_s <= 0.0 {
            self.turn_to_chord(false, movement, chord_stretch);
        }
    }

    fn plan_next_mode(&mut self) {
        self.mode_left_s = self.rng.between(MODE_S[0], MODE_S[1]);
        let step = match self.rng.below(5) {
            0 => 0,
            1 | 2 => 1,
            _ => -1,
        };
        let fifths = self.fifths_from_home + step;
        let step = if fifths.abs() > FIFTHS_FROM_HOME_MAX { -step } else { step };
        self.next_fifths = self.fifths_from_home + step;
        let tonic = (i32::from(self.mode.tonic) + 7 * i32::from(step)).rem_euclid(12) as u8;
        let first = self.rng.below(GROUNDS.len());
        let shared = self.mode.tones();
        // The new ground is a note of the old mode, and differs from the old ground if the scale stays the same.
        let ground = (0..GROUNDS.len())
            .map(|turn| (tonic + GROUNDS[(first + turn) % GROUNDS.len()]) % 12)
            .find(|ground| shared.has(i32::from(*ground)) && (step != 0 || *ground != self.mode.ground));
        self.next = Mode { tonic, ground: ground.unwrap_or(tonic) };
    }

    fn turn_to_chord(&mut self, at_home: bool, movement: f32, chord_stretch: f32) {
        self.chord_left_s = self.rng.between(18.0, 32.0) * (1.35 - 0.7 * movement) * chord_stretch;
        let tones = self.mode.tones();
        let first = self.rng.below(GROUNDS.len());
        let roots = (0..GROUNDS.len()).map(|turn| (self.mode.tonic + GROUNDS[(first + turn) % GROUNDS.len()]) % 12);
        let other = roots.into_iter().find(|root| *root != self.root).unwrap_or(self.root);
        let at_home = at_home || (self.root != self.mode.ground && self.rng.unit() < 0.35);
        self.root = if at_home { self.mode.ground } else { other };
        let added = if self.rng.unit() < 0.4 { 2 } else { 7 };
        let chord = PitchClasses::of([0, 3, 4, 7, added].into_iter().map(|step| self.root + step));
        self.chord = chord.shared(tones);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_last_share_notes_and_stay_near_home() {
        for seed in 0..40 {
            let mut harmony = Harmony::new(seed);
            let (mut mode, mut since_s) = (harmony.mode(), 0.0);
            for _ in 0..40_000 {
                harmony.advance(0.25, 0.5, 1.0);
                since_s += 0.25;
                assert!(harmony.chord().count() >= 3 || harmony.chord().count() == 2, "seed {seed}");
                assert!(harmony.tones_for(1e9).count() >= 4, "seed {seed}");
                if harmony.mode() != mode {
                    assert!(since_s >= 240.0, "seed {seed}: a mode of {since_s} s");
                    assert!(mode.tones().shared(harmony.mode().tones()).count() >= 4, "seed {seed}");
                    (mode, since_s) = (harmony.mode(), 0.0);
                }
            }
            assert!(since_s < 401.0, "seed {seed}: it does change");
        }
    }

    #[test]
    fn no_mode_has_a_semitone_or_a_tritone() {
        for tonic in 0..12 {
            let tones = Mode { tonic, ground: tonic }.tones();
            for key in 0..12 {
                assert!(!(tones.has(key) && (tones.has(key + 1) || tones.has(key + 6))));
            }
        }
    }
}
