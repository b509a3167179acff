//! Owns the generative score: music composed while it sounds, from a seed, along the arc. Does not own when it should be
//! heard, nor what the arc asks of it; both come in as a [`ScoreAim`].
//!
//! ```text
//! ScoreAim ─▶ Score ─▶ composition (tidal, glass, strings, bells: who plays when)
//!                         └─▶ stage (when a note may begin, which key suits) ◀─ harmony (mode, chord), roughness
//!                               └─▶ voices (sums of sines) ─▶ hall ─▶ fader ─▶ out
//! ```
//!
//! It runs in the audio callback: all memory is taken when it is made. The same seed and the same aims give the same
//! samples. It never repeats itself: nothing in it is a pattern, and no note is chosen but for what sounds then.

mod bells;
mod fader;
mod glass;
mod hall;
mod harmony;
mod instruments;
pub mod measure;
mod roughness;
mod stage;
mod strings;
#[cfg(test)]
mod tests;
mod tidal;
mod voices;

use crate::room::arc::Arc;

use crate::sound::dsp::Follow;
use crate::sound::dsp::ramp::{BLOCK, Block, SILENCE};
use bells::Bells;
use fader::Fader;
use glass::Glass;
use hall::Hall;
use stage::Stage;
use strings::Strings;
use tidal::Tidal;

pub use harmony::{Mode, PitchClasses};
pub use instruments::{Instrument, Note};
pub use roughness::{Partial, ROUGHNESS_LIMIT, ROUGHNESS_MEAN_LIMIT};

/// What kind of music it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Character {
    /// Tidal drones and slow bowed pads.
    Tidal,
    /// Glass and breath.
    Glass,
    /// Warm low strings.
    Strings,
    /// Bare bells, far apart.
    Bells,
}

impl Character {
    /// Every character.
    pub const ALL: [Self; 4] = [Self::Tidal, Self::Glass, Self::Strings, Self::Bells];

    /// Its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tidal => "tidal",
            Self::Glass => "glass",
            Self::Strings => "strings",
            Self::Bells => "bells",
        }
    }

    /// The character of that name in files.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|character| character.name() == name)
    }

    /// What brings it to the loudness that [`Shape::loudness_lufs`] names, before the fader.
    const fn trim(self) -> f32 {
        match self {
            Self::Tidal => 0.32,
            Self::Glass => 0.40,
            Self::Strings => 0.36,
            Self::Bells => 0.45,
        }
    }
}

/// What the arc asks of the music, each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// How full and how loud: it decides who plays.
    pub intensity: f32,
    /// How many notes.
    pub density: f32,
    /// How high; 0.5 is where each character is at home, an end is four semitones from it.
    pub register: f32,
    /// How bright.
    pub brightness: f32,
    /// How soon the chord changes, and how much each tone lives.
    pub movement: f32,
}

/// What the parts of the arc ask for, in the order of [`crate::room::arc::Part::ALL`].
const ALONG_THE_ARC: [Shape; 5] = [
    Shape { intensity: 0.35, density: 0.40, register: 0.50, brightness: 0.45, movement: 0.35 },
    Shape { intensity: 0.55, density: 0.50, register: 0.55, brightness: 0.50, movement: 0.50 },
    Shape { intensity: 0.75, density: 0.60, register: 0.45, brightness: 0.45, movement: 0.65 },
    Shape { intensity: 0.45, density: 0.45, register: 0.55, brightness: 0.55, movement: 0.45 },
    Shape { intensity: 0.25, density: 0.30, register: 0.50, brightness: 0.40, movement: 0.25 },
];

impl Default for Shape {
    /// The middle of everything.
    fn default() -> Self {
        Self { intensity: 0.5, density: 0.5, register: 0.5, brightness: 0.5, movement: 0.5 }
    }
}

impl Shape {
    /// What the arc asks for at that moment of the session clock; `None` while settling.
    #[must_use]
    pub fn along(arc: &Arc, clock_ms: Option<u64>) -> Self {
        let follow = |value: fn(&Self) -> f32| arc.follow(&ALONG_THE_ARC.each_ref().map(value), clock_ms);
        Self {
            intensity: follow(|shape| shape.intensity),
            density: follow(|shape| shape.density),
            register: follow(|shape| shape.register),
            brightness: follow(|shape| shape.brightness),
            movement: follow(|shape| shape.movement),
        }
    }

    /// The same with more (up to 1) or less (down to −1) intensity, as the desk may wish.
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

    /// How loud the music is then where its level is 0 dB, in LUFS: −24 in the middle, 3 more or less at the ends.
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
        let follow = |from: f32, to: f32| Follow::resting(from).run(to, seconds, FOLLOWS_S);
        Self {
            intensity: follow(self.intensity, wanted.intensity),
            density: follow(self.density, wanted.density),
            register: follow(self.register, wanted.register),
            brightness: follow(self.brightness, wanted.brightness),
            movement: follow(self.movement, wanted.movement),
        }
    }
}

/// What the score should be now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreAim {
    /// What kind of music. Another one is crossfaded into.
    pub character: Character,
    /// The same seed gives the same music.
    pub seed: u64,
    /// Level, 0 or below.
    pub level_db: f32,
    /// What the arc asks for, followed within some ten seconds.
    pub shape: Shape,
}

/// How slowly a new wish is followed: time constant in seconds.
const FOLLOWS_S: f32 = 9.0;
/// How long one character takes to give way to another, in seconds.
const CHANGE_S: f32 = 14.0;
/// Blocks between two looks at what should be played (11 ms at 48 kHz).
const TICK: u32 = 8;

/// The notes that were begun in one tick.
#[derive(Clone, Copy, Debug, Default)]
pub struct Begun {
    notes: [Option<Note>; 4],
}

impl Begun {
    fn push(&mut self, note: Note) {
        if let Some(place) = self.notes.iter_mut().find(|place| place.is_none()) {
            *place = Some(note);
        }
    }

    /// Each of them.
    pub fn notes(self) -> impl Iterator<Item = Note> {
        self.notes.into_iter().flatten()
    }
}

#[derive(Debug)]
enum Composition {
    Tidal(Tidal),
    Glass(Glass),
    Strings(Strings),
    Bells(Bells),
}

impl Composition {
    const fn new(character: Character) -> Self {
        match character {
            Character::Tidal => Self::Tidal(Tidal::new()),
            Character::Glass => Self::Glass(Glass::new()),
            Character::Strings => Self::Strings(Strings::new()),
            Character::Bells => Self::Bells(Bells::new()),
        }
    }

    fn play(&mut self, stage: &mut Stage, seconds: f32) {
        match self {
            Self::Tidal(piece) => piece.play(stage, seconds),
            Self::Glass(piece) => piece.play(stage, seconds),
            Self::Strings(piece) => piece.play(stage, seconds),
            Self::Bells(piece) => piece.play(stage, seconds),
        }
    }
}

/// The score as it is played.
#[derive(Debug)]
pub struct Score {
    rate_hz: f32,
    aim: Option<ScoreAim>,
    stage: Stage,
    composition: Composition,
    hall: Hall,
    fader: Fader,
    trim: Follow,
    block: u32,
    starts: u64,
}

impl Score {
    /// A score that is silent. Takes all its memory here.
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        let rate_hz = rate_hz as f32;
        Self {
            rate_hz,
            aim: None,
            stage: Stage::new(0, rate_hz),
            composition: Composition::new(Character::Tidal),
            hall: Hall::new(rate_hz),
            fader: Fader::new(rate_hz),
            trim: Follow::default(),
            block: 0,
            starts: 0,
        }
    }

    /// Moves towards `aim`. Its level is not applied here. The first one after [`rest`](Self::rest) begins anew.
    pub fn want(&mut self, aim: ScoreAim) {
        let aim = ScoreAim { shape: aim.shape.within_bounds(), ..aim };
        match self.aim {
            None => {
                // A second beginning in one evening is not the first one again.
                self.stage.clear(aim.seed ^ self.starts.wrapping_mul(0x9E37_79B9_7F4A_7C15), aim.shape);
                self.starts += 1;
                self.composition = Composition::new(aim.character);
                self.hall.clear();
                self.fader.clear(aim.shape.loudness_lufs());
                self.trim = Follow::resting(aim.character.trim());
                self.block = 0;
            }
            Some(present) if present.character != aim.character || present.seed != aim.seed => {
                // The mode stays: what dies away and what begins are in tune with each other.
                self.stage.let_go(CHANGE_S);
                self.stage.chance = crate::sound::dsp::Chance::new(aim.seed ^ u64::from(self.block));
                self.composition = Composition::new(aim.character);
            }
            Some(_) => {}
        }
        self.aim = Some(aim);
    }

    /// Nothing is wanted and nothing is heard any more: the next aim begins anew.
    pub fn rest(&mut self) {
        self.aim = None;
    }

    /// Whether it has nothing to play.
    #[must_use]
    pub const fn is_resting(&self) -> bool {
        self.aim.is_none()
    }

    /// The mode that sounds.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.stage.harmony.mode()
    }

    /// The notes begun since it was last asked, at most four. Asked after every block, it misses none.
    pub fn take_begun(&mut self) -> Begun {
        self.stage.take_begun()
    }

    /// One block, replacing what is in `out`.
    pub fn render(&mut self, out: &mut Block) {
        let Some(aim) = self.aim else {
            *out = SILENCE;
            return;
        };
        let block_s = BLOCK as f32 / self.rate_hz;
        if self.block.is_multiple_of(TICK) {
            let seconds = block_s * TICK as f32;
            self.stage.shape = self.stage.shape.follow(aim.shape, seconds);
            self.stage.advance(seconds);
            self.composition.play(&mut self.stage, seconds);
            self.fader.decide(self.stage.shape.loudness_lufs(), seconds);
        }
        self.block = self.block.wrapping_add(1);
        self.stage.render(out);
        let trim = self.trim.run(aim.character.trim(), block_s, CHANGE_S / 3.0);
        for frame in out.iter_mut() {
            *frame = frame.map(|sample| sample * trim);
        }
        self.hall.run(out);
        self.fader.run(out, block_s);
    }
}
