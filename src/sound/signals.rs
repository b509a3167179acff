//! Owns the one-shot sounds: what each is made of. Does not own when they sound.
//!
//! None of them is an alarm sound: no bursts of equal pulses, onsets far slower than an alarm's, notes that overlap and
//! die away like struck wood or glass.

use std::f32::consts::TAU;

use super::dsp::smooth;
use super::ramp::{BLOCK, Block};

/// A one-shot sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// The call was taken: two soft notes, rising.
    CallPlaced,
    /// A desk screen shows the call: one note and its fifth.
    DeskHasIt,
    /// A person said that they are coming: a chord that opens slowly.
    SomeoneComing,
    /// No desk can be reached: a chime that carries.
    LineDown,
    /// The dim call panel is there, for covered eyes: one low, soft note.
    DarkPanel,
    /// Three long, quiet notes: left, right, both.
    TestTone,
    /// A member of staff is about to speak: one short, soft note.
    TalkNow,
}

impl Signal {
    /// Whether it is meant to carry, instead of keeping to the patient's level.
    #[must_use]
    pub const fn carries(self) -> bool {
        matches!(self, Self::LineDown)
    }

    const fn notes(self) -> &'static [Note] {
        match self {
            Self::CallPlaced => &CALL_PLACED,
            Self::DeskHasIt => &DESK_HAS_IT,
            Self::SomeoneComing => &SOMEONE_COMING,
            Self::LineDown => &LINE_DOWN,
            Self::DarkPanel => &DARK_PANEL,
            Self::TestTone => &TEST_TONE,
            Self::TalkNow => &TALK_NOW,
        }
    }
}

const CALL_PLACED: [Note; 2] = [note(0.0, 392.0, 0.07, 0.55, 0.48, 0.12), note(0.32, 523.25, 0.10, 0.85, 0.48, 0.12)];
const DESK_HAS_IT: [Note; 2] = [note(0.0, 523.25, 0.09, 0.80, 0.55, 0.12), note(0.06, 784.0, 0.22, 0.70, 0.22, 0.05)];
const SOMEONE_COMING: [Note; 3] = [
    note(0.0, 261.63, 0.22, 1.70, 0.42, 0.10),
    note(0.10, 392.0, 0.40, 1.60, 0.34, 0.08),
    note(0.25, 659.26, 0.60, 1.40, 0.24, 0.05),
];
/// Two strokes, unlike in pitch and length, then the same once more after a long rest.
const LINE_DOWN: [Note; 4] = [
    note(0.0, 659.26, 0.03, 1.30, 0.38, 0.55),
    note(0.75, 523.25, 0.03, 2.20, 0.40, 0.50),
    note(3.60, 659.26, 0.03, 1.30, 0.38, 0.55),
    note(4.35, 523.25, 0.03, 2.60, 0.40, 0.50),
];
const DARK_PANEL: [Note; 1] = [note(0.0, 329.63, 0.12, 0.90, 0.55, 0.06)];
const TEST_TONE: [Note; 3] = [
    note(0.0, 440.0, 0.20, 0.80, 0.70, 0.20).on_side(-1),
    note(1.5, 440.0, 0.20, 0.80, 0.70, 0.20).on_side(1),
    note(3.0, 550.0, 0.20, 1.20, 0.70, 0.20),
];
const TALK_NOW: [Note; 1] = [note(0.0, 440.0, 0.06, 0.35, 0.40, 0.05)];

/// A note on both sides, in the order of [`Note`]'s fields.
const fn note(start_s: f32, pitch_hz: f32, attack_s: f32, ring_s: f32, level: f32, glass: f32) -> Note {
    Note { start_s, pitch_hz, attack_s, ring_s, level, glass, place: 0 }
}

/// One note. `glass` is how much of the upper partials it has; `place` is −1 left, 0 both, 1 right.
#[derive(Clone, Copy, Debug)]
struct Note {
    start_s: f32,
    pitch_hz: f32,
    attack_s: f32,
    ring_s: f32,
    level: f32,
    glass: f32,
    place: i8,
}

impl Note {
    const fn on_side(self, place: i8) -> Self {
        Self { place, ..self }
    }

    /// The note at `age_s` after its start: a smooth rise, then a fall that reaches true silence.
    fn at(&self, age_s: f32) -> f32 {
        if age_s < 0.0 || age_s > self.length_s() {
            return 0.0;
        }
        let rise = smooth(age_s / self.attack_s);
        let close = smooth((self.length_s() - age_s) / (self.ring_s * 0.8));
        let fall = (-(age_s - self.attack_s).max(0.0) / self.ring_s).exp();
        let quicker = fall * fall;
        let turn = TAU * self.pitch_hz * age_s;
        let tone = turn.sin() * fall
            + (2.0 * turn).sin() * quicker * self.glass * 0.6
            + (3.0 * turn).sin() * quicker * self.glass * 0.4
            + (4.16 * turn).sin() * quicker * quicker * self.glass * 0.2;
        tone * rise * close * self.level
    }

    fn length_s(&self) -> f32 {
        self.attack_s + self.ring_s * 3.0
    }
}

#[derive(Clone, Copy, Debug)]
struct Sounding {
    signal: Signal,
    age_frames: u32,
    gain: f32,
}

/// The signals that sound. A few may overlap; the oldest is never cut, a further one of the same kind is one sound.
#[derive(Debug)]
pub struct Signals {
    rate_hz: f32,
    sounding: [Option<Sounding>; 6],
}

impl Signals {
    /// None sounds.
    pub const fn new(rate_hz: f32) -> Self {
        Self { rate_hz, sounding: [None; 6] }
    }

    /// Begins `signal` at amplitude `gain`. The same signal within its first second is not begun again.
    pub fn begin(&mut self, signal: Signal, gain: f32) {
        let fresh_frames = self.rate_hz as u32;
        if self.sounding.iter().flatten().any(|other| other.signal == signal && other.age_frames < fresh_frames) {
            return;
        }
        if let Some(place) = self.sounding.iter_mut().find(|place| place.is_none()) {
            *place = Some(Sounding { signal, age_frames: 0, gain });
        }
    }

    /// Whether nothing sounds.
    pub fn is_silent(&self) -> bool {
        self.sounding.iter().all(Option::is_none)
    }

    /// Adds one block to `out`.
    pub fn render(&mut self, out: &mut Block) {
        for place in &mut self.sounding {
            let Some(sounding) = place else { continue };
            let mut over = true;
            for note in sounding.signal.notes() {
                let begun_s = sounding.age_frames as f32 / self.rate_hz - note.start_s;
                over &= begun_s > note.length_s();
                if begun_s < -(BLOCK as f32) / self.rate_hz || begun_s > note.length_s() {
                    continue;
                }
                for (index, frame) in out.iter_mut().enumerate() {
                    let sample = note.at(begun_s + index as f32 / self.rate_hz) * sounding.gain;
                    if note.place <= 0 {
                        frame[0] += sample;
                    }
                    if note.place >= 0 {
                        frame[1] += sample;
                    }
                }
            }
            sounding.age_frames += BLOCK as u32;
            if over {
                *place = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::ramp::SILENCE;

    const EVERY: [Signal; 7] = [
        Signal::CallPlaced,
        Signal::DeskHasIt,
        Signal::SomeoneComing,
        Signal::LineDown,
        Signal::DarkPanel,
        Signal::TestTone,
        Signal::TalkNow,
    ];

    fn sound_of(signal: Signal) -> Vec<[f32; 2]> {
        let mut signals = Signals::new(48_000.0);
        signals.begin(signal, 1.0);
        let mut frames = Vec::new();
        while !signals.is_silent() {
            let mut block = SILENCE;
            signals.render(&mut block);
            frames.extend_from_slice(&block);
            assert!(frames.len() < 48_000 * 30);
        }
        frames
    }

    #[test]
    fn every_signal_ends_stays_in_bounds_and_has_no_edge() {
        for signal in EVERY {
            let frames = sound_of(signal);
            let mut last = [0.0_f32; 2];
            for frame in &frames {
                for side in 0..2 {
                    assert!(frame[side].abs() <= 0.9, "{signal:?}");
                    assert!((frame[side] - last[side]).abs() < 0.16, "{signal:?}");
                }
                last = *frame;
            }
            assert!(last[0].abs() < 1e-3, "{signal:?} ends in an edge");
        }
    }

    #[test]
    fn the_call_tone_is_heard_soon_and_is_no_alarm_pulse() {
        let frames = sound_of(Signal::CallPlaced);
        let loudest = |range: std::ops::Range<usize>| frames[range].iter().map(|f| f[0].abs()).fold(0.0, f32::max);
        let whole = loudest(0..frames.len());
        assert!(loudest(0..2_880) > whole * 0.25, "heard within 60 ms of its beginning");
        assert!(loudest(0..480) < whole * 0.1, "and not struck");
    }

    #[test]
    fn the_same_signal_twice_at_once_is_one() {
        let mut signals = Signals::new(48_000.0);
        signals.begin(Signal::CallPlaced, 1.0);
        signals.begin(Signal::CallPlaced, 1.0);
        assert_eq!(signals.sounding.iter().flatten().count(), 1);
    }
}
