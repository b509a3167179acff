//! Owns what is in tune now: the mode, the chord within it, and how one mode gives way to the next. Does not own who
//! plays which note of it.
//!
//! Every mode is a pentatonic collection, which has neither semitone nor tritone, heard from one of its grounds. The
//! next one lies a fifth up or down and shares four of its five tones, or is the same collection on another ground. It
//! is known long before it comes: a note that will still sound then is chosen from the tones that both share, so that
//! what is held across the change stays true.

use crate::sound::dsp::Chance;

/// Semitones of a pentatonic collection above its tonic.
const COLLECTION: [u8; 5] = [0, 2, 4, 7, 9];
/// Grounds, above the tonic, whose fifth is in the collection: bright, suspended, open, dark.
const GROUNDS: [u8; 4] = [0, 2, 7, 9];
/// No mode is shorter than this, nor longer than the second, in seconds.
const MODE_S: [f32; 2] = [252.0, 400.0];
/// How many fifths from home the music may wander.
const FARTHEST_FIFTHS: i8 = 3;

/// A set of pitch classes, one bit for each, C lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PitchClasses(u16);

impl PitchClasses {
    /// Whether a key (60 is middle C) belongs to it.
    #[must_use]
    pub fn has(self, key: i32) -> bool {
        self.0 & (1 << key.rem_euclid(12)) != 0
    }

    /// What both have.
    #[must_use]
    pub const fn shared(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    fn of(classes: impl Iterator<Item = u8>) -> Self {
        Self(classes.fold(0, |all, class| all | 1 << (class % 12)))
    }
}

/// A pentatonic collection and the tone that it is heard from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Pitch class of the collection's tonic, 0 for C to 11.
    pub tonic: u8,
    /// Pitch class of the ground.
    pub ground: u8,
}

impl Mode {
    /// Its tones.
    #[must_use]
    pub fn tones(self) -> PitchClasses {
        PitchClasses::of(COLLECTION.iter().map(|step| self.tonic + step))
    }
}

/// The harmony as it goes on.
#[derive(Clone, Debug)]
pub struct Harmony {
    chance: Chance,
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
    /// A home and a way from it for each seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x0048_4152_4D4F_4E59);
        let tonic = chance.below(12) as u8;
        let mode = Mode { tonic, ground: (tonic + GROUNDS[chance.below(4)]) % 12 };
        let mut harmony = Self {
            chance,
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

    /// The mode that sounds.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Tones of the chord that sounds.
    #[must_use]
    pub const fn chord(&self) -> PitchClasses {
        self.chord
    }

    /// Root of the chord that sounds, as a pitch class.
    #[must_use]
    pub const fn root(&self) -> u8 {
        self.root
    }

    /// Seconds until the chord changes.
    #[must_use]
    pub fn chord_left_s(&self) -> f32 {
        self.chord_left_s.min(self.mode_left_s).max(0.0)
    }

    /// The tones that a note which sounds for `length_s` from now may have.
    #[must_use]
    pub fn tones_for(&self, length_s: f32) -> PitchClasses {
        if length_s < self.mode_left_s { self.mode.tones() } else { self.mode.tones().shared(self.next.tones()) }
    }

    /// Goes on by `seconds`. Chords change faster with more `movement` (0 to 1), and last `dwells` times as long as usual.
    pub fn advance(&mut self, seconds: f32, movement: f32, dwells: f32) {
        self.mode_left_s -= seconds;
        self.chord_left_s -= seconds;
        if self.mode_left_s <= 0.0 {
            self.mode = self.next;
            self.fifths_from_home = self.next_fifths;
            self.plan_next_mode();
            self.turn_to_chord(true, movement, dwells);
        } else if self.chord_left_s <= 0.0 {
            self.turn_to_chord(false, movement, dwells);
        }
    }

    fn plan_next_mode(&mut self) {
        self.mode_left_s = self.chance.between(MODE_S[0], MODE_S[1]);
        let step = match self.chance.below(5) {
            0 => 0,
            1 | 2 => 1,
            _ => -1,
        };
        let fifths = self.fifths_from_home + step;
        let step = if fifths.abs() > FARTHEST_FIFTHS { -step } else { step };
        self.next_fifths = self.fifths_from_home + step;
        let tonic = (i32::from(self.mode.tonic) + 7 * i32::from(step)).rem_euclid(12) as u8;
        let first = self.chance.below(GROUNDS.len());
        let shared = self.mode.tones();
        // The new ground is a tone that was there before, and not the old ground where nothing else would change.
        let ground = (0..GROUNDS.len())
            .map(|turn| (tonic + GROUNDS[(first + turn) % GROUNDS.len()]) % 12)
            .find(|ground| shared.has(i32::from(*ground)) && (step != 0 || *ground != self.mode.ground));
        self.next = Mode { tonic, ground: ground.unwrap_or(tonic) };
    }

    fn turn_to_chord(&mut self, at_home: bool, movement: f32, dwells: f32) {
        self.chord_left_s = self.chance.between(18.0, 32.0) * (1.35 - 0.7 * movement) * dwells;
        let tones = self.mode.tones();
        let first = self.chance.below(GROUNDS.len());
        let roots = (0..GROUNDS.len()).map(|turn| (self.mode.tonic + GROUNDS[(first + turn) % GROUNDS.len()]) % 12);
        let other = roots.into_iter().find(|root| *root != self.root).unwrap_or(self.root);
        let at_home = at_home || (self.root != self.mode.ground && self.chance.unit() < 0.35);
        self.root = if at_home { self.mode.ground } else { other };
        let added = if self.chance.unit() < 0.4 { 2 } else { 7 };
        let chord = PitchClasses::of([0, 3, 4, 7, added].into_iter().map(|step| self.root + step));
        self.chord = chord.shared(tones);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_last_share_their_tones_and_stay_near_home() {
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
