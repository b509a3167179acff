//! Owns what all compositions share: the rules for when a note may begin and which pitch fits, and the players, who
//! follow these rules. Does not own the roles that a composition gives to its players.

use super::harmony::Harmony;
use super::instruments::{Instrument, PARTIALS, ScoreNote};
use super::roughness::{FAINT, Partial, ROUGHNESS_LIMIT, between_notes};
use super::sampler::SampledInstrument;
use super::synth::{POLYPHONY, Synth};
use super::{Onsets, ScoreShape};
use crate::sound::dsp::Rng;
use crate::sound::dsp::ramp::{AudioBlock, BLOCK};

/// Minimum time between unrelated onsets, in seconds. It is too long for two onsets to be heard as one event, and
/// longer than the time between the pulses of any alarm burst in IEC 60601-1-8 (0.50 s at most).
const ONSET_GAP_S: f32 = 0.55;
/// Number of notes per second at the lowest and at the highest density, before the composition's pace is applied.
const NOTES_PER_S: [f32; 2] = [0.24, 0.48];
/// Maximum number of notes that the players may catch up on after a rest.
const CREDIT_MAX: f32 = 3.0;
/// Maximum amplitude of a note with a quick attack on a synthesised instrument, as a multiple of the level of
/// everything that sounds.
const STRUCK_STANDS_OUT: f32 = 0.75;
/// Maximum amplitude of a note with a quick attack on a recorded instrument, as a multiple of the level of everything
/// that sounds. It is higher than [`STRUCK_STANDS_OUT`], because such an instrument plays the melody, which must be
/// heard above held notes.
pub const RECORDED_STANDS_OUT: f32 = 1.25;
/// Attack time below which an attack counts as quick, in seconds.
const QUICK_ATTACK_S: f32 = 0.6;
/// Maximum amplitude of a note without a quick attack, as a multiple of the level of everything that sounds. It is the
/// highest of the three limits, because such a note fades in slowly.
const HELD_STANDS_OUT: f32 = 2.5;
/// Minimum of the level with which the amplitude of a new note is compared. It lets a note begin in silence.
const SOFTEST: f32 = 0.06;
/// Integration time of the level with which new notes are compared, in seconds.
const LEVEL_WINDOW_S: f32 = 2.0;
/// Fraction of the roughness limit that players may use. The rest is a margin for later changes in the sound.
const ROUGHNESS_MARGIN: f32 = 0.70;
/// Factor applied to the roughness of two or three notes that may be left once the others have decayed. It is below 1,
/// because such a group may be alone only briefly.
const PASSING_FACTOR: f32 = 0.92;
/// Minimum time that a chord must still last for its root to be played, in seconds.
const ROOT_MIN_S: f32 = 4.0;
/// Maximum time for which a player waits for a pitch from its role's [`PitchPool`], in seconds. After that, it accepts
/// any pitch that fits. By then, the notes that clash with the pool have usually decayed.
const WAITS_FOR_POOL_S: f32 = 9.0;
/// Cost ([`PitchPool::cost`]) from which a pitch counts as outside the pool.
const OUTSIDE_POOL_COST: f32 = 5.0;
/// Time for which a note is still heard in the reverb after its end, in seconds.
const REVERB_S: f32 = 4.0;
/// Number of voices that [`Ensemble::make_room`] keeps free.
const VOICES_KEPT_FREE: usize = 20;
/// Length of the release of a note whose voice is needed for another note, in seconds.
const STOLEN_RELEASE_S: f32 = 0.35;
/// Number of pitches that a player remembers.
const RECENT: usize = 4;

/// The pitches that a player prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PitchPool {
    /// The chord's root, or its fifth.
    Root,
    /// Notes of the chord.
    Chord,
    /// Any note of the mode, preferably of the chord.
    Mode,
}

impl PitchPool {
    /// Returns the cost of a pitch that lies `above_root` semitones above the chord's root. The cost is high outside
    /// the pool but never rules a pitch out, because shortly before a change of mode there may be no other.
    const fn cost(self, is_of_chord: bool, above_root: i32) -> f32 {
        match (self, above_root) {
            (Self::Root, 0) => 0.0,
            (Self::Root, 7) => 1.0,
            (Self::Root, _) => 7.0,
            _ if is_of_chord => 0.0,
            (Self::Chord, _) => 5.0,
            (Self::Mode, _) => 0.6,
        }
    }
}

/// What one player plays.
#[derive(Debug)]
pub struct Role {
    /// Instrument that the player plays.
    pub instrument: Instrument,
    /// Lowest and highest MIDI key at a [`ScoreShape::register`] of 0.5.
    pub keys: [i32; 2],
    /// Range of note lengths until release, in seconds.
    pub held_s: [f32; 2],
    /// Range of pauses between a release and the next note, in seconds. With a negative pause, the notes overlap.
    pub pause_s: [f32; 2],
    /// Amplitude of a note, 0 to 1, before it is limited so that the note does not stand out.
    pub level: f32,
    /// Range of pan positions, −1 to 1.
    pub pan_position: [f32; 2],
    /// Intensity of the [`ScoreShape`] from which the player takes part, 0 to 1.
    pub enters_at: f32,
    /// The pitches that the player prefers.
    pub pool: PitchPool,
}

/// A player, who plays one note after another.
#[derive(Clone, Copy, Debug)]
pub struct Player {
    role: &'static Role,
    wait_s: f32,
    /// Time spent waiting for a pitch from the pool, in seconds.
    waited_s: f32,
    /// The most recent keys, latest first; 0 for none.
    recent: [i32; RECENT],
}

impl Player {
    /// Creates a player whose first note comes after `wait_s`.
    pub const fn new(role: &'static Role, wait_s: f32) -> Self {
        Self { role, wait_s, waited_s: 0.0, recent: [0; RECENT] }
    }

    /// Advances by `seconds`. Returns whether a note began.
    pub fn play(&mut self, ensemble: &mut Ensemble, seconds: f32) -> bool {
        self.wait_s -= seconds;
        if self.wait_s > 0.0 {
            return false;
        }
        let role = self.role;
        if ensemble.shape.intensity < role.enters_at {
            self.wait_s = ensemble.rng.between(2.0, 5.0);
            return false;
        }
        if !ensemble.may_begin() {
            return false;
        }
        let mut note = ensemble.note_of(role);
        let left_s = ensemble.harmony.chord_left_s();
        if role.pool == PitchPool::Root && left_s < ROOT_MIN_S {
            self.wait_s = left_s + ensemble.rng.between(0.0, 1.5);
            return false;
        }
        let Some((key, is_from_pool)) = ensemble.choose_key(&note, role, &self.recent) else {
            // No pitch fits the sounding notes, so the player rests.
            self.wait_s = ensemble.rng.between(1.0, 2.5);
            return false;
        };
        if !is_from_pool && self.waited_s < WAITS_FOR_POOL_S {
            // The player waits for a pitch from the pool. Otherwise, the sounding notes of the previous chord would
            // lead to further notes of that chord, and the current chord might never be heard.
            self.wait_s = ensemble.rng.between(0.8, 1.6);
            self.waited_s += self.wait_s;
            return false;
        }
        self.waited_s = 0.0;
        if role.pool == PitchPool::Root {
            // A root ends about when its chord does; other notes are held across the change of chord.
            let until_s = left_s + ensemble.rng.between(-1.0, 1.5);
            note.held_s = note.held_s.min(until_s).max(note.attack_s + 0.5);
        }
        ensemble.begin(ScoreNote { key, ..note });
        self.recent.rotate_right(1);
        self.recent[0] = key;
        let pause_s = ensemble.rng.between(role.pause_s[0], role.pause_s[1]);
        let pause_factor = 1.35 - 0.7 * ensemble.shape.density;
        self.wait_s = (note.held_s + if pause_s > 0.0 { pause_s * pause_factor } else { pause_s }).max(1.0);
        true
    }

    /// Waits for at least `seconds` before the next note.
    pub fn rest(&mut self, seconds: f32) {
        self.wait_s = self.wait_s.max(seconds);
    }
}

/// What a composition plays on: the harmony, the synthesiser, and the rules for when notes may begin.
#[derive(Debug)]
pub struct Ensemble {
    /// Random numbers of this performance.
    pub rng: Rng,
    /// The current harmony.
    pub harmony: Harmony,
    /// The present shape, which smoothly follows the shape in the `ScoreAim`.
    pub shape: ScoreShape,
    /// Amount that the composition adds to the brightness of the shape; negative values make the music darker.
    pub tint: f32,
    /// Factor by which the length of chords is multiplied.
    pub chord_stretch: f32,
    /// Factor by which the number of notes per second is multiplied.
    pub pace: f32,
    /// Maximum amplitude of a note with a quick attack on a recorded instrument, as a multiple of the level of everything
    /// that sounds; usually [`RECORDED_STANDS_OUT`].
    pub stands_out: f32,
    /// Time until the melody's next note, if one is planned. No other note begins shortly before it.
    reserved_s: Option<f32>,
    /// Remaining time in which no note begins, because the recordings are still being read.
    waits_s: f32,
    synth: Synth,
    since_s: f32,
    credit: f32,
    onsets: Onsets,
    /// RMS amplitude over the last two seconds, before the reverb.
    level: f32,
    level_coefficient: f32,
}

impl Ensemble {
    /// Creates a silent ensemble.
    pub fn new(seed: u64, rate_hz: f32) -> Self {
        Self {
            rng: Rng::new(seed),
            harmony: Harmony::new(seed),
            shape: ScoreShape::default(),
            tint: 0.0,
            chord_stretch: 1.0,
            pace: 1.0,
            stands_out: RECORDED_STANDS_OUT,
            reserved_s: None,
            waits_s: 0.0,
            synth: Synth::new(rate_hz),
            since_s: ONSET_GAP_S,
            credit: CREDIT_MAX,
            onsets: Onsets::default(),
            level: 0.0,
            level_coefficient: BLOCK as f32 / (LEVEL_WINDOW_S * rate_hz),
        }
    }

    /// Starts a new performance. Cuts off every note, so it must be called only while nothing is heard.
    pub fn clear(&mut self, seed: u64, shape: ScoreShape) {
        self.rng = Rng::new(seed);
        self.harmony = Harmony::new(seed);
        self.shape = shape;
        self.begin_composition();
        self.synth.clear();
        self.since_s = ONSET_GAP_S;
        self.credit = CREDIT_MAX;
        self.level = 0.0;
    }

    /// Resets what the previous composition has left: the pace and the reserved time, because not every composition sets
    /// them, and a credit that was overdrawn.
    pub fn begin_composition(&mut self) {
        self.pace = 1.0;
        self.stands_out = RECORDED_STANDS_OUT;
        self.reserved_s = None;
        // The notes of a work are not held back by the credit, and use up far more than there is.
        if self.credit < 0.0 {
            self.credit = CREDIT_MAX;
        }
    }

    /// Lets no note begin for `seconds`, or until [`stop_waiting`](Self::stop_waiting) is called.
    pub fn wait(&mut self, seconds: f32) {
        self.waits_s = seconds;
    }

    /// Lets notes begin again before the time given to [`wait`](Self::wait) is over.
    pub fn stop_waiting(&mut self) {
        self.waits_s = 0.0;
    }

    /// Returns whether no note may begin yet because of [`wait`](Self::wait).
    pub fn is_waiting(&self) -> bool {
        self.waits_s > 0.0
    }

    /// See [`Synth::put`].
    pub fn put(&mut self, sampled: Box<SampledInstrument>) -> Option<Box<SampledInstrument>> {
        self.synth.put(sampled)
    }

    /// See [`Synth::take_unneeded`].
    pub fn take_unneeded(&mut self, is_needed: impl Fn(Instrument) -> bool) -> Option<Box<SampledInstrument>> {
        self.synth.take_unneeded(is_needed)
    }

    /// See [`Synth::has_recording`].
    pub fn has_recording(&self, instrument: Instrument) -> bool {
        self.synth.has_recording(instrument)
    }

    /// Releases every held note, so that it is silent after `within_s` seconds.
    pub fn release_all(&mut self, within_s: f32) {
        self.synth.release_all(within_s);
    }

    /// Advances the harmony, and the counters that decide when notes may begin, by `seconds`.
    pub fn advance(&mut self, seconds: f32) {
        self.harmony.advance(seconds, self.shape.movement, self.chord_stretch);
        self.since_s += seconds;
        self.waits_s -= seconds;
        let rate = NOTES_PER_S[0] + (NOTES_PER_S[1] - NOTES_PER_S[0]) * self.shape.density;
        self.credit = (self.credit + seconds * rate * self.pace).min(CREDIT_MAX);
    }

    /// Renders one block, overwriting `out`.
    pub fn render(&mut self, out: &mut AudioBlock) {
        let brightness = (self.shape.brightness + self.tint).clamp(0.0, 1.0);
        self.synth.render(out, brightness, self.shape.movement);
        let power = out.as_flattened().iter().map(|sample| sample * sample).sum::<f32>() / BLOCK as f32;
        self.level = (self.level.powi(2) + (power - self.level.powi(2)) * self.level_coefficient).sqrt();
    }

    /// Returns the notes begun since the last call.
    pub fn take_onsets(&mut self) -> Onsets {
        std::mem::take(&mut self.onsets)
    }

    /// Returns whether an unplanned note may begin now. Only the notes after the first one of a melody's phrase are
    /// planned in advance; see [`may_sing`](Self::may_sing).
    pub fn may_begin(&self) -> bool {
        let has_room_before = self.reserved_s.is_none_or(|until_s| until_s >= ONSET_GAP_S);
        self.may_sing() && self.credit >= 1.0 && has_room_before
    }

    /// Returns whether the next note of a melody's phrase may begin now. It was planned in advance, so the limit on
    /// notes per second does not delay it. The first note of a phrase needs [`may_begin`](Self::may_begin), too.
    pub fn may_sing(&self) -> bool {
        self.since_s >= ONSET_GAP_S && self.waits_s <= 0.0 && self.synth.has_room()
    }

    /// Keeps other notes from beginning shortly before the melody's next note, which begins after `until_s` seconds;
    /// `None` means that no note is planned.
    pub fn reserve(&mut self, until_s: Option<f32>) {
        self.reserved_s = until_s;
    }

    /// Returns whether `note` is in the mode until it has decayed, and uses at most the fraction `share` of the
    /// roughness limit.
    pub fn fits(&self, note: &ScoreNote, share: f32) -> bool {
        self.harmony.tones_for(note.length_s() + REVERB_S).has(note.key)
            && SoundingContext::of(&self.synth, note.attack_s).roughness_with(note) <= ROUGHNESS_LIMIT * share
    }

    /// Returns the lowest and the highest key of `role` in the current register.
    pub fn keys_of(&self, role: &Role) -> [i32; 2] {
        let shift = (8.0 * (self.shape.register - 0.5)).round() as i32;
        role.keys.map(|key| key + shift)
    }

    /// Begins a note, if a voice is free. The caller checks [`may_begin`](Self::may_begin) or
    /// [`may_sing`](Self::may_sing); notes of one chord may begin together.
    pub fn begin(&mut self, note: ScoreNote) {
        if self.synth.begin(note, &mut self.rng) {
            self.onsets.push(note);
            self.since_s = 0.0;
            self.credit -= 1.0;
        }
    }

    /// Releases the oldest notes if few voices are free, for a composition whose notes cannot wait.
    pub fn make_room(&mut self) {
        self.synth.release_oldest(VOICES_KEPT_FREE, STOLEN_RELEASE_S);
    }

    /// Returns a note for `role` with random details. The caller must set its key.
    pub fn note_of(&mut self, role: &Role) -> ScoreNote {
        let timbre = role.instrument.timbre();
        let rng = &mut self.rng;
        let attack_s = rng.between(timbre.attack_s[0], timbre.attack_s[1]);
        // No note may stand out, so bells are soft after a rest, for example.
        let is_quick = role.instrument.is_struck() || timbre.attack_s[0] < QUICK_ATTACK_S;
        let stands_out = match (is_quick, timbre.recording.is_some()) {
            (true, true) => self.stands_out,
            (true, false) => STRUCK_STANDS_OUT,
            (false, _) => HELD_STANDS_OUT,
        };
        let loudest = stands_out * self.level.max(SOFTEST);
        ScoreNote {
            instrument: role.instrument,
            key: 0,
            level: (role.level * rng.between(0.8, 1.0)).min(loudest),
            pan_position: rng.between(role.pan_position[0], role.pan_position[1]),
            attack_s,
            held_s: rng.between(role.held_s[0], role.held_s[1]).max(attack_s + 0.5),
            release_s: timbre.release_s * rng.between(0.9, 1.2),
            is_melody: false,
        }
    }

    /// Returns the best key for `note`, and whether the key is from the role's pool; `None` if no key fits. A key fits
    /// if it stays in the mode until the note has decayed, and is not rough against what sounds. The best key is close
    /// to the previous one and doubles no other note.
    pub fn choose_key(&mut self, note: &ScoreNote, role: &Role, recent: &[i32; RECENT]) -> Option<(i32, bool)> {
        let tones = self.harmony.tones_for(note.length_s() + REVERB_S);
        let chord = self.harmony.chord();
        let root = i32::from(self.harmony.root());
        let around = SoundingContext::of(&self.synth, note.attack_s);
        let [low, high] = self.keys_of(role);
        let mut best: Option<(f32, i32, bool)> = None;
        for key in low..=high {
            if !tones.has(key) {
                continue;
            }
            let rough = around.roughness_with(&ScoreNote { key, ..*note });
            if rough > ROUGHNESS_LIMIT * ROUGHNESS_MARGIN {
                continue;
            }
            let pool_cost = role.pool.cost(chord.has(key), (key - root).rem_euclid(12));
            let cost = 0.4 * rough / ROUGHNESS_LIMIT
                + melodic_cost(key, recent)
                + pool_cost
                + around.doubling_cost(key)
                + self.rng.between(0.0, 1.8);
            if best.is_none_or(|(least, ..)| cost < least) {
                best = Some((cost, key, pool_cost < OUTSIDE_POOL_COST));
            }
        }
        best.map(|(_, key, is_from_pool)| (key, is_from_pool))
    }
}

/// Returns a cost that is low for steps and small leaps, and high for recent keys.
fn melodic_cost(key: i32, recent: &[i32; RECENT]) -> f32 {
    const STALE: [f32; RECENT] = [3.2, 1.8, 1.0, 0.5];
    let stale: f32 = recent.iter().zip(STALE).filter(|(old, _)| **old == key).map(|(_, cost)| cost).sum();
    let leap = match (recent[0], (key - recent[0]).abs()) {
        (0, _) => 0.0,
        (_, apart @ 0..=7) => 0.10 * apart as f32,
        (_, apart) => 0.28 * apart as f32 - 1.26,
    };
    stale + leap
}

/// A sounding note, and how it will sound while a new note begins and afterwards.
#[derive(Clone, Copy, Default)]
struct SoundingNote {
    key: i32,
    /// Partials of the note at each of [`LOOKS`].
    partials: [[Partial; PARTIALS]; MOMENTS],
    /// Partials of the note once the upper ones have decayed.
    later: [Partial; PARTIALS],
    /// Whether the note is still held when the new note has reached its full level.
    stays: bool,
}

/// Moments at which a new note is compared with the sounding ones. Each is a fraction of the new note's attack, plus a
/// time in seconds.
const LOOKS: [(f32, f32); 8] =
    [(0.12, 0.0), (0.25, 0.0), (0.5, 0.0), (0.75, 0.0), (1.0, 0.0), (1.0, 1.2), (1.0, 2.5), (1.0, 5.0)];
const MOMENTS: usize = LOOKS.len();

fn moments(attack_s: f32) -> [f32; MOMENTS] {
    LOOKS.map(|(part, more_s)| part * attack_s + more_s)
}

fn level_of(partials: &[Partial]) -> f32 {
    partials.iter().map(|partial| partial.level).sum()
}

/// Everything that sounds during the attack of a new note.
struct SoundingContext {
    notes: [SoundingNote; POLYPHONY],
    count: usize,
    /// Roughness between each pair of notes that stay ([`SoundingNote::stays`]).
    among: [[f32; POLYPHONY]; POLYPHONY],
    /// Roughness and level of all notes at each of [`LOOKS`].
    rising: [(f32, f32); MOMENTS],
    /// Roughness and level of the notes that stay, once their upper partials have decayed.
    later: (f32, f32),
}

impl SoundingContext {
    /// Collects what will sound while a new note with this attack time begins.
    #[expect(clippy::large_stack_arrays, reason = "about 20 KB in the audio callback, where nothing allocates")]
    fn of(synth: &Synth, attack_s: f32) -> Self {
        let mut around = Self {
            notes: [SoundingNote::default(); POLYPHONY],
            count: 0,
            among: [[0.0; POLYPHONY]; POLYPHONY],
            rising: [(0.0, 0.0); MOMENTS],
            later: (0.0, 0.0),
        };
        for (note, age_s) in synth.sounding().take(POLYPHONY) {
            let heard = SoundingNote {
                key: note.key,
                partials: moments(attack_s).map(|after_s| note.partials_at(age_s + after_s)),
                later: note.partials_later(age_s),
                stays: age_s + attack_s < note.held_s,
            };
            for moment in 0..MOMENTS {
                around.rising[moment].0 += around.rough_rising(&heard.partials[moment], moment);
                around.rising[moment].1 += level_of(&heard.partials[moment]);
            }
            if heard.stays {
                around.later.0 += around.rough_later(&heard.later);
                around.later.1 += level_of(&heard.later);
                for index in 0..around.count {
                    around.among[around.count][index] = between_notes(&heard.later, &around.notes[index].later);
                }
            }
            around.notes[around.count] = heard;
            around.count += 1;
        }
        around
    }

    fn heard(&self) -> &[SoundingNote] {
        &self.notes[..self.count]
    }

    fn staying(&self) -> impl Iterator<Item = (usize, &SoundingNote)> {
        self.heard().iter().enumerate().filter(|(_, other)| other.stays)
    }

    fn rough_rising(&self, partials: &[Partial], moment: usize) -> f32 {
        self.heard().iter().map(|other| between_notes(partials, &other.partials[moment])).sum()
    }

    fn rough_later(&self, partials: &[Partial]) -> f32 {
        self.staying().map(|(_, other)| between_notes(partials, &other.later)).sum()
    }

    /// Returns the maximum roughness of the present and later sonorities if `note` is added.
    fn roughness_with(&self, note: &ScoreNote) -> f32 {
        let later = note.partials_later(0.0);
        let level = level_of(&later);
        let of_held = (self.later.0 + self.rough_later(&later)) / (self.later.1 + level).max(FAINT);
        let rising = moments(note.attack_s).into_iter().enumerate().map(|(moment, after_s)| {
            let mine = note.partials_at(after_s);
            let (rough, others) = self.rising[moment];
            (rough + self.rough_rising(&mine, moment)) / (others + level_of(&mine)).max(FAINT)
        });
        // Notes may decay until only the new note and one other are left, and these have the same level at some moment.
        // Notes that are released before the new one reaches its full level are left out, because they only get
        // fainter.
        let of_pairs = self.staying().map(|(_, other)| {
            let share = level / level_of(&other.later).max(1e-6);
            let theirs = other.later.map(|partial| Partial { level: partial.level * share, ..partial });
            between_notes(&later, &theirs) / (level + level_of(&theirs)).max(FAINT)
        });
        let in_passing = of_pairs.fold(self.roughest_three_with(&later), f32::max);
        rising.fold(of_held, f32::max).max(in_passing * PASSING_FACTOR)
    }

    /// Returns the maximum roughness of a group of three: the new note and any two of the notes that stay. Such a group
    /// may be all that is left when the other notes have decayed.
    fn roughest_three_with(&self, mine: &[Partial]) -> f32 {
        let level = level_of(mine);
        let mut roughest: f32 = 0.0;
        for (index, one) in self.staying() {
            let (rough, level) = (between_notes(mine, &one.later), level + level_of(&one.later));
            for (before, other) in self.staying().take_while(|(before, _)| *before < index) {
                let all = rough + between_notes(mine, &other.later) + self.among[index][before];
                roughest = roughest.max(all / (level + level_of(&other.later)).max(FAINT));
            }
        }
        roughest
    }

    fn doubling_cost(&self, key: i32) -> f32 {
        let doubling = |other: &SoundingNote| match key - other.key {
            0 => 5.0,
            apart if apart % 12 == 0 => 1.1,
            _ => 0.0,
        };
        self.heard().iter().map(doubling).sum()
    }
}
