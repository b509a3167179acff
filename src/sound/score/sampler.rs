//! Owns recorded instruments: their notes in memory, and how one note sounds. Does not own reading them from files
//! (`tracks`), or which notes are played.
//!
//! The frames are kept at 16 bits, as recorded. A key between two recorded ones is the nearer one at another speed, by
//! cubic interpolation. Nothing here allocates or frees while a note sounds: instruments come and go as whole boxes.

use super::instruments::{Instrument, ScoreNote};
use crate::sound::dsp::ramp::{AudioBlock, BLOCK};
use crate::sound::dsp::{LowPass, Rng};

/// Frames beyond a position that the interpolation reads.
const AHEAD_FRAMES: usize = 3;
/// Random deviation of a note's pitch in cents, at most: about that of good players from each other.
const DETUNED_CENTS: f32 = 3.0;
/// A note at this level or above has the instrument's full brightness.
const BRIGHT_LEVEL: f32 = 0.25;

/// The frames of a recording.
#[derive(Debug)]
pub enum SampleFrames {
    /// One channel.
    Mono(Box<[i16]>),
    /// Left and right.
    Stereo(Box<[[i16; 2]]>),
}

impl SampleFrames {
    fn count(&self) -> usize {
        match self {
            Self::Mono(frames) => frames.len(),
            Self::Stereo(frames) => frames.len(),
        }
    }

    /// Size in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Mono(frames) => size_of_val::<[i16]>(frames),
            Self::Stereo(frames) => size_of_val::<[[i16; 2]]>(frames),
        }
    }
}

/// One recorded note.
#[derive(Debug)]
pub struct SampledNote {
    /// MIDI key at which it sounds if played at its own rate.
    pub key: i32,
    /// Sample rate.
    pub rate_hz: f32,
    /// Its frames. A loop is followed by the frames that follow its beginning.
    pub frames: SampleFrames,
    /// First frame of the loop and the frame after its last; none if the note decays.
    pub loop_frames: Option<[usize; 2]>,
}

/// A recorded instrument, complete in memory.
#[derive(Debug)]
pub struct SampledInstrument {
    instrument: Instrument,
    notes: Vec<SampledNote>,
}

impl SampledInstrument {
    /// Checks the notes, which the callback then relies on. The error says what is wrong.
    pub fn new(instrument: Instrument, mut notes: Vec<SampledNote>) -> Result<Self, String> {
        notes.sort_by_key(|note| note.key);
        if notes.is_empty() {
            return Err("it has no notes".to_owned());
        }
        for note in &notes {
            let count = note.frames.count();
            if count <= 2 * AHEAD_FRAMES {
                return Err(format!("key {} has no frames", note.key));
            }
            if let Some([start, end]) = note.loop_frames
                && !(start < end && end + AHEAD_FRAMES <= count)
            {
                return Err(format!("key {}: found a loop from {start} to {end}, in {count} frames", note.key));
            }
        }
        if let Some(pair) = notes.windows(2).find(|pair| pair[0].key == pair[1].key) {
            return Err(format!("key {} is there twice", pair[0].key));
        }
        Ok(Self { instrument, notes })
    }

    /// Which one it is.
    #[must_use]
    pub const fn instrument(&self) -> Instrument {
        self.instrument
    }

    /// Its notes, from the lowest.
    #[must_use]
    pub fn notes(&self) -> &[SampledNote] {
        &self.notes
    }

    fn nearest(&self, key: i32) -> usize {
        let distances = self.notes.iter().map(|note| (note.key - key).abs());
        distances.enumerate().min_by_key(|(_, distance)| *distance).map_or(0, |(index, _)| index)
    }
}

/// The instruments in memory, one place for each.
#[derive(Debug)]
pub struct SampleShelf {
    places: [Option<Box<SampledInstrument>>; Instrument::ALL.len()],
}

impl SampleShelf {
    /// Empty.
    pub const fn new() -> Self {
        Self { places: [const { None }; Instrument::ALL.len()] }
    }

    /// The recording of `instrument`, if it is here.
    pub fn get(&self, instrument: Instrument) -> Option<&SampledInstrument> {
        self.places[instrument as usize].as_deref()
    }

    /// Takes an instrument, or gives it back if its place is taken.
    pub fn put(&mut self, sampled: Box<SampledInstrument>) -> Option<Box<SampledInstrument>> {
        let place = &mut self.places[sampled.instrument as usize];
        if place.is_some() {
            return Some(sampled);
        }
        *place = Some(sampled);
        None
    }

    /// Gives away an instrument for which `is_needed` is false.
    pub fn take_unneeded(&mut self, is_needed: impl Fn(Instrument) -> bool) -> Option<Box<SampledInstrument>> {
        let unneeded = |place: &&mut Option<Box<SampledInstrument>>| {
            place.as_ref().is_some_and(|sampled| !is_needed(sampled.instrument))
        };
        self.places.iter_mut().find(unneeded).and_then(Option::take)
    }
}

/// One sounding note of a recorded instrument.
#[derive(Clone, Copy, Debug)]
pub struct SampleVoice {
    /// Index of the recorded note.
    note: usize,
    position: f64,
    step: f64,
    /// Gains at the end of the last block.
    gains: [f32; 2],
    dark: [[LowPass; 2]; 2],
    level: f32,
    velocity: f32,
}

impl SampleVoice {
    /// Begins `note` on `sampled`.
    pub fn new(sampled: &SampledInstrument, note: &ScoreNote, gain: f32, rng: &mut Rng, rate_hz: f32) -> Self {
        let index = sampled.nearest(note.key);
        let recorded = &sampled.notes[index];
        let semitones = (note.key - recorded.key) as f32 + DETUNED_CENTS / 100.0 * rng.white();
        let step = f64::from(recorded.rate_hz / rate_hz) * f64::from(semitones / 12.0).exp2();
        Self {
            note: index,
            position: 1.0,
            step,
            gains: [0.0; 2],
            dark: Default::default(),
            level: note.level * gain,
            velocity: (note.level / BRIGHT_LEVEL).min(1.0),
        }
    }

    /// Adds one block to `out`. `sides` holds the gains to be reached at its end. False once the recording is over.
    pub fn render(
        &mut self,
        sampled: &SampledInstrument,
        out: &mut AudioBlock,
        sides: [f32; 2],
        corner_hz: f32,
        rate_hz: f32,
    ) -> bool {
        let Some(recorded) = sampled.notes.get(self.note) else { return false };
        // A softly played note is darker.
        let corner = LowPass::coefficient(corner_hz * (0.55 + 0.45 * self.velocity), rate_hz);
        match &recorded.frames {
            SampleFrames::Mono(frames) => {
                let read = |at: usize| [f32::from(frames[at]); 2];
                self.run(read, frames.len(), recorded.loop_frames, out, sides, corner)
            }
            SampleFrames::Stereo(frames) => {
                let read = |at: usize| frames[at].map(f32::from);
                self.run(read, frames.len(), recorded.loop_frames, out, sides, corner)
            }
        }
    }

    fn run(
        &mut self,
        read: impl Fn(usize) -> [f32; 2],
        count: usize,
        loop_frames: Option<[usize; 2]>,
        out: &mut AudioBlock,
        sides: [f32; 2],
        corner: f32,
    ) -> bool {
        let scale = self.level / 32_768.0;
        let step = [0, 1].map(|side| (sides[side] * scale - self.gains[side]) / BLOCK as f32);
        for frame in out.iter_mut() {
            let index = self.position as usize;
            if index + AHEAD_FRAMES > count {
                return false;
            }
            let along = (self.position - index as f64) as f32;
            let four = [read(index - 1), read(index), read(index + 1), read(index + 2)];
            for side in 0..2 {
                let sample = cubic(four.map(|near| near[side]), along);
                let [first, second] = &mut self.dark[side];
                self.gains[side] += step[side];
                frame[side] += second.run(first.run(sample, corner), corner) * self.gains[side];
            }
            self.position += self.step;
            if let Some([start, end]) = loop_frames
                && self.position >= end as f64
            {
                self.position -= (end - start) as f64;
            }
        }
        true
    }
}

/// The value between the middle two of four samples (Catmull–Rom).
fn cubic(four: [f32; 4], along: f32) -> f32 {
    let [before, here, next, after] = four;
    let first = 0.5 * (next - before);
    let third = 0.5 * (after - before) + 1.5 * (here - next);
    let second = before - here + first - third;
    ((third * along + second) * along + first) * along + here
}
