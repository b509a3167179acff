//! Owns the generative score: music composed in real time, from a seed, along the arc; and the shape of each part of
//! the arc. Does not own the choice of when the score plays and with what aim (`driver::mix`).
//!
//! ```text
//! ScoreAim ─▶ Score ─▶ composition (tidal, glass, strings, bells, arrangements: who plays when)
//!                         └─▶ ensemble (when a note may begin, which pitch fits) ◀─ harmony (mode, chord), roughness
//!                               └─▶ synth (sums of sines, or sampler) ─▶ reverb ─▶ automatic gain ─▶ out
//! ```
//!
//! The score runs in the audio callback, so all its memory is allocated when it is created; recordings are handed to it
//! whole. The same seed and the same aims give the same samples. The score never loops: only the motif of a melody
//! returns, and each note is chosen to fit what sounds at that moment.

mod arrangements;
mod auto_gain;
mod bells;
mod ensemble;
mod glass;
mod harmony;
mod instruments;
pub mod measure;
mod phrases;
mod reverb;
mod roughness;
mod sampler;
mod strings;
mod synth;
#[cfg(test)]
mod tests;
mod tidal;
mod works;

use crate::room::timeline::SessionTimeline;

use crate::sound::dsp::Smoother;
use crate::sound::dsp::ramp::{AudioBlock, BLOCK, SILENCE};
use crate::vocabulary::sound::Character;
use arrangements::{
    Arranged, Arrangement, BARE_PIANO, CELLO_DRONE, CHOIR_BELLS, HARP_FLUTE, LOW_STRINGS, PIANO_STRINGS,
};
use auto_gain::AutoGain;
use bells::Bells;
use ensemble::Ensemble;
use glass::Glass;
use reverb::Reverb;
use strings::Strings;
use tidal::Tidal;
use works::Recital;

pub use harmony::{Mode, PitchClasses};
pub use instruments::{Instrument, ScoreNote};
pub use roughness::{Partial, ROUGHNESS_LIMIT, ROUGHNESS_MEAN_LIMIT};
pub use sampler::{SampleFrames, SampledInstrument, SampledNote};
pub use works::{Work, works};

/// Returns the gain that brings a character near [`ScoreShape::loudness_lufs`]; the automatic gain does the rest.
const fn trim_of(character: Character) -> f32 {
    match character {
        Character::Tidal => 0.32,
        Character::Glass | Character::LowStrings => 0.40,
        Character::Strings => 0.36,
        Character::Bells | Character::PianoStrings | Character::CelloDrone => 0.45,
        Character::BarePiano => 1.3,
        Character::HarpFlute => 0.70,
        Character::ChoirBells => 0.75,
        Character::PianoWorks => 0.80,
    }
}

/// Returns the arrangement of a character that is played on recorded instruments; `None` for a synthesised character.
const fn arrangement_of(character: Character) -> Option<&'static Arrangement> {
    match character {
        Character::PianoStrings => Some(&PIANO_STRINGS),
        Character::BarePiano => Some(&BARE_PIANO),
        Character::LowStrings => Some(&LOW_STRINGS),
        Character::CelloDrone => Some(&CELLO_DRONE),
        Character::HarpFlute => Some(&HARP_FLUTE),
        Character::ChoirBells => Some(&CHOIR_BELLS),
        Character::Tidal | Character::Glass | Character::Strings | Character::Bells | Character::PianoWorks => None,
    }
}

/// Returns the recorded instruments that a character is played on, some of them more than once; nothing for a
/// synthesised character.
pub fn recordings_of(character: Character) -> impl Iterator<Item = Instrument> + Clone {
    let pianist = (character == Character::PianoWorks).then_some(Instrument::Piano);
    let players = arrangement_of(character).map(arrangements::instruments_of).into_iter().flatten();
    players.filter(|instrument| instrument.timbre().recording.is_some()).chain(pianist)
}

/// Returns the maximum number of notes per second on average. It is higher for an arranged character, because the notes
/// of its melody follow each other more quickly than single tones.
#[must_use]
pub const fn notes_per_s_max(character: Character) -> f64 {
    match character {
        Character::PianoStrings | Character::HarpFlute => 0.75,
        Character::BarePiano | Character::LowStrings | Character::CelloDrone | Character::ChoirBells => 0.6,
        Character::PianoWorks => f64::INFINITY,
        Character::Tidal | Character::Glass | Character::Strings | Character::Bells => 0.5,
    }
}

/// What the arc asks of the music. Each value lies between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreShape {
    /// How full and loud the music is. It decides which players take part.
    pub intensity: f32,
    /// How many notes begin per second, from the fewest (0) to the most (1).
    pub density: f32,
    /// How high the music is. At 0.5 it is in the character's usual register, and the extremes are four semitones away.
    pub register: f32,
    /// How bright the timbre is.
    pub brightness: f32,
    /// How soon chords change, how quickly melodies move, and how much the loudness of each note varies.
    pub movement: f32,
}

/// Shapes of the arc's parts, in the order of [`crate::room::timeline::Part::ALL`].
const ALONG_THE_ARC: [ScoreShape; 5] = [
    ScoreShape { intensity: 0.35, density: 0.40, register: 0.50, brightness: 0.45, movement: 0.35 },
    ScoreShape { intensity: 0.55, density: 0.50, register: 0.55, brightness: 0.50, movement: 0.50 },
    ScoreShape { intensity: 0.75, density: 0.60, register: 0.45, brightness: 0.45, movement: 0.65 },
    ScoreShape { intensity: 0.45, density: 0.45, register: 0.55, brightness: 0.55, movement: 0.45 },
    ScoreShape { intensity: 0.25, density: 0.30, register: 0.50, brightness: 0.40, movement: 0.25 },
];

impl Default for ScoreShape {
    /// Returns the shape in the middle of every range.
    fn default() -> Self {
        Self { intensity: 0.5, density: 0.5, register: 0.5, brightness: 0.5, movement: 0.5 }
    }
}

impl ScoreShape {
    /// Returns the shape at `clock_ms` on the session clock. `clock_ms` is `None` while the patient settles.
    #[must_use]
    pub fn along(arc: &SessionTimeline, clock_ms: Option<u64>) -> Self {
        let follow = |value: fn(&Self) -> f32| arc.interpolate(&ALONG_THE_ARC.each_ref().map(value), clock_ms);
        Self {
            intensity: follow(|shape| shape.intensity),
            density: follow(|shape| shape.density),
            register: follow(|shape| shape.register),
            brightness: follow(|shape| shape.brightness),
            movement: follow(|shape| shape.movement),
        }
    }

    /// Returns a shape that is more intense (`nudge` up to 1) or less intense (down to −1), as the profile and the desk
    /// request.
    #[must_use]
    pub fn nudged(self, nudge: f32) -> Self {
        let nudge = if nudge.is_finite() { nudge.clamp(-1.0, 1.0) } else { 0.0 };
        Self {
            intensity: self.intensity + 0.35 * nudge,
            density: self.density + 0.25 * nudge,
            register: self.register,
            brightness: self.brightness + 0.15 * nudge,
            movement: self.movement + 0.15 * nudge,
        }
        .within_bounds()
    }

    /// Returns the loudness at a level of 0 dB, in LUFS: −24 at an intensity of 0.5, and 3 LU more or less at the
    /// extremes.
    #[must_use]
    pub fn loudness_lufs(self) -> f32 {
        -24.0 + 6.0 * (self.intensity - 0.5)
    }

    fn within_bounds(self) -> Self {
        let bound = |value: f32| if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.5 };
        Self {
            intensity: bound(self.intensity),
            density: bound(self.density),
            register: bound(self.register),
            brightness: bound(self.brightness),
            movement: bound(self.movement),
        }
    }

    fn follow(self, wanted: Self, seconds: f32) -> Self {
        let follow = |from: f32, to: f32| Smoother::holding(from).run(to, seconds, FOLLOWS_S);
        Self {
            intensity: follow(self.intensity, wanted.intensity),
            density: follow(self.density, wanted.density),
            register: follow(self.register, wanted.register),
            brightness: follow(self.brightness, wanted.brightness),
            movement: follow(self.movement, wanted.movement),
        }
    }
}

/// What the score should play now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreAim {
    /// Character of the music. When it changes, the score crossfades to the new character.
    pub character: Character,
    /// Seed of the music. The same seed gives the same music.
    pub seed: u64,
    /// Level in dB, at most 0.
    pub level_db: f32,
    /// Shape that the arc asks for. The score follows it with a time constant of nine seconds.
    pub shape: ScoreShape,
}

/// Time constant with which the score follows a new shape, in seconds.
const FOLLOWS_S: f32 = 9.0;
/// Length of the crossfade from one character to another, in seconds.
const CHANGE_S: f32 = 14.0;
/// Number of blocks per control tick (11 ms at 48 kHz). Notes are chosen once per tick.
const CONTROL_BLOCKS: u32 = 8;
/// Maximum time for which the music waits for its recordings before it begins without them, in seconds.
const WAITS_FOR_RECORDINGS_S: f32 = 0.9;
/// Time after which a recording that is no longer needed is given back to the reading thread, in seconds.
const KEEPS_RECORDINGS_S: f32 = 20.0;

/// Notes that have begun, in order, at most eight; further ones are dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Onsets {
    notes: [Option<ScoreNote>; 8],
}

impl Onsets {
    fn push(&mut self, note: ScoreNote) {
        if let Some(slot) = self.notes.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(note);
        }
    }

    /// Returns the notes in the order in which they began.
    pub fn notes(self) -> impl Iterator<Item = ScoreNote> {
        self.notes.into_iter().flatten()
    }
}

// The largest variant is stored inline, too, because a composition is created in the audio callback, where nothing may
// be allocated.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum Composition {
    Tidal(Tidal),
    Glass(Glass),
    Strings(Strings),
    Bells(Bells),
    Arranged(Arranged),
    Works(Recital),
}

impl Composition {
    const fn new(character: Character) -> Self {
        match character {
            Character::Tidal => Self::Tidal(Tidal::new()),
            Character::Glass => Self::Glass(Glass::new()),
            Character::Strings => Self::Strings(Strings::new()),
            Character::Bells => Self::Bells(Bells::new()),
            Character::PianoStrings => Self::Arranged(Arranged::new(&PIANO_STRINGS)),
            Character::BarePiano => Self::Arranged(Arranged::new(&BARE_PIANO)),
            Character::LowStrings => Self::Arranged(Arranged::new(&LOW_STRINGS)),
            Character::CelloDrone => Self::Arranged(Arranged::new(&CELLO_DRONE)),
            Character::HarpFlute => Self::Arranged(Arranged::new(&HARP_FLUTE)),
            Character::ChoirBells => Self::Arranged(Arranged::new(&CHOIR_BELLS)),
            Character::PianoWorks => Self::Works(Recital::new()),
        }
    }

    fn play(&mut self, ensemble: &mut Ensemble, seconds: f32) {
        match self {
            Self::Tidal(piece) => piece.play(ensemble, seconds),
            Self::Glass(piece) => piece.play(ensemble, seconds),
            Self::Strings(piece) => piece.play(ensemble, seconds),
            Self::Bells(piece) => piece.play(ensemble, seconds),
            Self::Arranged(piece) => piece.play(ensemble, seconds),
            Self::Works(recital) => recital.play(ensemble, seconds),
        }
    }
}

/// The score being played.
#[derive(Debug)]
pub struct Score {
    rate_hz: f32,
    aim: Option<ScoreAim>,
    ensemble: Ensemble,
    composition: Composition,
    reverb: Reverb,
    auto_gain: AutoGain,
    trim: Smoother,
    block: u32,
    starts: u64,
    /// Time for which the same recordings have been needed, in seconds.
    settled_s: f32,
}

impl Score {
    /// Creates a silent score, and allocates all the memory that it will use, apart from that of recordings.
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        // The works are read here, because the callback must not allocate.
        let _ = works();
        let rate_hz = rate_hz as f32;
        Self {
            rate_hz,
            aim: None,
            ensemble: Ensemble::new(0, rate_hz),
            composition: Composition::new(Character::Tidal),
            reverb: Reverb::new(rate_hz),
            auto_gain: AutoGain::new(rate_hz),
            trim: Smoother::default(),
            block: 0,
            starts: 0,
            settled_s: 0.0,
        }
    }

    /// Takes a recorded instrument, or returns it if the score has it already. Until the score has a recorded
    /// instrument, its notes are synthesised.
    pub fn put(&mut self, sampled: Box<SampledInstrument>) -> Option<Box<SampledInstrument>> {
        let refused = self.ensemble.put(sampled);
        if self.ensemble.is_waiting() && !self.lacks_recordings() {
            self.ensemble.stop_waiting();
        }
        refused
    }

    /// Returns a recorded instrument that has not been needed for 20 s, if there is one. Must be called once per block,
    /// even while the score rests, because each call counts as the time of one block.
    pub fn take_unneeded(&mut self) -> Option<Box<SampledInstrument>> {
        self.settled_s += BLOCK as f32 / self.rate_hz;
        if self.settled_s < KEEPS_RECORDINGS_S {
            return None;
        }
        let character = self.aim.map(|aim| aim.character);
        self.ensemble.take_unneeded(|instrument| {
            character.is_some_and(|character| recordings_of(character).any(|needed| needed == instrument))
        })
    }

    fn lacks_recordings(&self) -> bool {
        self.aim
            .is_some_and(|aim| recordings_of(aim.character).any(|instrument| !self.ensemble.has_recording(instrument)))
    }

    /// Moves to `aim`, except for its level, which the engine applies. The first aim after [`rest`](Self::rest) starts
    /// the music over.
    pub fn set_aim(&mut self, aim: ScoreAim) {
        let aim = ScoreAim { shape: aim.shape.within_bounds(), ..aim };
        match self.aim {
            None => {
                // A second start in one session must not repeat the first one.
                self.ensemble.clear(aim.seed ^ self.starts.wrapping_mul(0x9E37_79B9_7F4A_7C15), aim.shape);
                self.starts += 1;
                self.composition = Composition::new(aim.character);
                self.reverb.clear();
                self.auto_gain.clear(aim.shape.loudness_lufs());
                self.trim = Smoother::holding(trim_of(aim.character));
                self.block = 0;
            }
            Some(present) if present.character != aim.character || present.seed != aim.seed => {
                // The mode is kept, so that the new notes are in tune with those that are still decaying.
                self.ensemble.release_all(CHANGE_S);
                self.ensemble.begin_composition();
                self.ensemble.rng = crate::sound::dsp::Rng::new(aim.seed ^ u64::from(self.block));
                self.composition = Composition::new(aim.character);
            }
            Some(_) => {}
        }
        let is_other = self.aim.is_none_or(|present| present.character != aim.character);
        self.aim = Some(aim);
        if is_other {
            self.settled_s = 0.0;
            if self.lacks_recordings() {
                self.ensemble.wait(WAITS_FOR_RECORDINGS_S);
            }
        }
    }

    /// Stops the score. Must be called only while nothing is heard. The next aim starts the music over.
    pub fn rest(&mut self) {
        self.aim = None;
        self.settled_s = 0.0;
    }

    /// Returns whether the score has no aim and is silent.
    #[must_use]
    pub const fn is_resting(&self) -> bool {
        self.aim.is_none()
    }

    /// Returns the current mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.ensemble.harmony.mode()
    }

    /// Returns the notes begun since the last call, at most eight. None is missed if this is called after every block.
    pub fn take_onsets(&mut self) -> Onsets {
        self.ensemble.take_onsets()
    }

    /// Renders one block, overwriting `out`.
    pub fn render(&mut self, out: &mut AudioBlock) {
        let Some(aim) = self.aim else {
            *out = SILENCE;
            return;
        };
        let block_s = BLOCK as f32 / self.rate_hz;
        if self.block.is_multiple_of(CONTROL_BLOCKS) {
            let seconds = block_s * CONTROL_BLOCKS as f32;
            self.ensemble.shape = self.ensemble.shape.follow(aim.shape, seconds);
            self.ensemble.advance(seconds);
            self.composition.play(&mut self.ensemble, seconds);
            self.auto_gain.update_gain(self.ensemble.shape.loudness_lufs(), seconds);
        }
        self.block = self.block.wrapping_add(1);
        self.ensemble.render(out);
        let trim = self.trim.run(trim_of(aim.character), block_s, CHANGE_S / 3.0);
        for frame in out.iter_mut() {
            *frame = frame.map(|sample| sample * trim);
        }
        self.reverb.run(out);
        self.auto_gain.run(out, block_s);
    }
}
