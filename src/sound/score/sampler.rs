//! Owns recorded instruments: their notes in memory, and the sound of one note. Does not own the reading of recordings
//! from files (`tracks`), or the choice of notes.
//!
//! Frames are kept at 16 bits, as recorded. A key that was not recorded is played from the nearest recorded key at a
//! different speed, with cubic interpolation. Nothing here allocates or frees memory while a note sounds; an instrument
//! is handed over as one box.

use super::instruments::{Instrument, ScoreNote};
use crate::sound::dsp::ramp::{AudioBlock, BLOCK};
use crate::sound::dsp::{LowPass, Rng};

/// Number of frames that the interpolation reads from a position onwards.
const AHEAD_FRAMES: usize = 3;
/// Maximum random deviation of a note's pitch, in cents. Good players deviate from each other by about as much.
const DETUNED_CENTS: f32 = 3.0;
/// Note level from which a note has the instrument's full brightness; softer notes are darker.
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

    /// Returns the size of the frames in memory, in bytes.
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
    /// MIDI key at which the recording sounds if it is played at its own sample rate.
    pub key: i32,
    /// Sample rate of the recording.
    pub rate_hz: f32,
    /// Frames of the recording. The end of a loop is followed by copies of the loop's first frames, because the
    /// interpolation reads beyond the end.
    pub frames: SampleFrames,
    /// First frame of the loop, and the frame after its last; `None` if the note decays.
    pub loop_frames: Option<[usize; 2]>,
}

/// A recorded instrument, complete in memory.
#[derive(Debug)]
pub struct SampledInstrument {
    instrument: Instrument,
    notes: Vec<SampledNote>,
}

impl SampledInstrument {
    /// Creates an instrument after checking its notes, because the callback relies on them. The error says what is
    /// wrong.
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

    /// Returns which instrument this is a recording of.
    #[must_use]
    pub const fn instrument(&self) -> Instrument {
        self.instrument
    }

    /// Returns the recorded notes, lowest first.
    #[must_use]
    pub fn notes(&self) -> &[SampledNote] {
        &self.notes
    }

    fn nearest(&self, key: i32) -> usize {
        let distances = self.notes.iter().map(|note| (note.key - key).abs());
        distances.enumerate().min_by_key(|(_, distance)| *distance).map_or(0, |(index, _)| index)
    }
}

/// The recorded instruments in memory, with one place for each instrument.
#[derive(Debug)]
pub struct SampleShelf {
    places: [Option<Box<SampledInstrument>>; Instrument::ALL.len()],
}

impl SampleShelf {
    /// Creates an empty shelf.
    pub const fn new() -> Self {
        Self { places: [const { None }; Instrument::ALL.len()] }
    }

    /// Returns the recording of `instrument`; `None` if it is not in memory.
    pub fn get(&self, instrument: Instrument) -> Option<&SampledInstrument> {
        self.places[instrument as usize].as_deref()
    }

    /// Takes an instrument, or returns it if its place is taken.
    pub fn put(&mut self, sampled: Box<SampledInstrument>) -> Option<Box<SampledInstrument>> {
        let place = &mut self.places[sampled.instrument as usize];
        if place.is_some() {
            return Some(sampled);
        }
        *place = Some(sampled);
        None
    }

    /// Removes and returns an instrument for which `is_needed` is false, if there is one.
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
    /// Begins `note` on the instrument `sampled`. `gain` is the gain of its `Recording`.
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

    /// Adds one block to `out`. `sides` are the left and right gains at the end of the block. Returns false once the
    /// recording is over.
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

/// Returns a value between the middle two of four samples, by Catmull–Rom interpolation.
fn cubic(four: [f32; 4], along: f32) -> f32 {
    let [before, here, next, after] = four;
    let first = 0.5 * (next - before);
    let third = 0.5 * (after - before) + 1.5 * (here - next);
    let second = before - here + first - third;
    ((third * along + second) * along + first) * along + here
}
