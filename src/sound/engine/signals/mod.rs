//! Owns the one-shot sounds: what each is made of, tones or a clip of the clinic's own. Does not own when they sound.
//!
//! None of them is an alarm sound: no bursts of equal pulses, onsets far slower than an alarm's, notes that overlap and
//! die away like struck wood or glass.

pub mod clips;
mod reading_tone;

use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

use crate::sound::dsp::ramp::{BLOCK, Block};
use crate::sound::dsp::smooth;

use clips::{CLIP_RATE_HZ, ClipBank};
use reading_tone::{READING_S, reading_tone};

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
    /// The steady sound for the reading with a sound meter: 20 seconds of soft noise about 1 kHz, of one effective level
    /// whatever the patient's volume.
    Reading,
}

impl Signal {
    /// Whether it is meant to carry, instead of keeping to the patient's level.
    #[must_use]
    pub const fn carries(self) -> bool {
        matches!(self, Self::LineDown)
    }

    /// How long its tones last.
    #[must_use]
    pub fn length(self) -> Duration {
        let ends = self.notes().iter().map(|note| note.start_s + note.length_s());
        let tones_s = ends.fold(0.0, f32::max);
        Duration::from_secs_f32(if self == Self::Reading { READING_S } else { tones_s })
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
            Self::Reading => &[],
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

    /// The note at `age_s` after its start: a smooth rise, then a fall that reaches true silence. Its time is an f64: to
    /// an f32 a wave some seconds old has steps of its own, and they are heard as a roughness.
    fn at(&self, age_s: f64) -> f32 {
        let partial = |times: f64| (TAU * (times * f64::from(self.pitch_hz) * age_s).fract()).sin() as f32;
        let age_s = age_s as f32;
        if age_s < 0.0 || age_s > self.length_s() {
            return 0.0;
        }
        let rise = smooth(age_s / self.attack_s);
        let close = smooth((self.length_s() - age_s) / (self.ring_s * 0.8));
        let fall = (-(age_s - self.attack_s).max(0.0) / self.ring_s).exp();
        let quicker = fall * fall;
        let tone = partial(1.0) * fall
            + partial(2.0) * quicker * self.glass * 0.6
            + partial(3.0) * quicker * self.glass * 0.4
            + partial(4.16) * quicker * quicker * self.glass * 0.2;
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
    /// The clinic's clip that stands for it.
    clip: Option<u8>,
}

/// The signals that sound. A few may overlap; the oldest is never cut, a further one of the same kind is one sound.
#[derive(Debug)]
pub struct Signals {
    rate_hz: f32,
    sounding: [Option<Sounding>; 6],
    clips: Option<Arc<ClipBank>>,
    /// Effective amplitude of [`Signal::Reading`].
    reading: f32,
}

impl Signals {
    /// None sounds.
    pub const fn new(rate_hz: f32) -> Self {
        Self { rate_hz, sounding: [None; 6], clips: None, reading: 0.0 }
    }

    /// From now on speaks with `clips` where there is one, and sounds the reading's tone at the effective amplitude
    /// `reading`. Not for the callback: what was there before is freed.
    pub fn speak(&mut self, clips: Arc<ClipBank>, reading: f32) {
        self.clips = Some(clips);
        self.reading = reading;
    }

    /// Begins `signal` at amplitude `gain`. The same signal within its first second is not begun again.
    pub fn begin(&mut self, signal: Signal, gain: f32) {
        let fresh_frames = self.rate_hz as u32;
        if self.sounding.iter().flatten().any(|other| other.signal == signal && other.age_frames < fresh_frames) {
            return;
        }
        if let Some(place) = self.sounding.iter_mut().find(|place| place.is_none()) {
            let clip = self.clips.as_ref().and_then(|clips| clips.clip_for(signal));
            let gain = if signal == Signal::Reading { self.reading } else { gain };
            *place = Some(Sounding { signal, age_frames: 0, gain, clip });
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
            let is_over = match (sounding.clip.zip(self.clips.as_ref()), sounding.signal) {
                (Some((clip, clips)), _) => sounding.add_clip(clips.samples(clip), self.rate_hz, out),
                (None, Signal::Reading) => sounding.add_reading(self.rate_hz, out),
                _ => sounding.add_notes(self.rate_hz, out),
            };
            sounding.age_frames += BLOCK as u32;
            if is_over {
                *place = None;
            }
        }
    }
}

impl Sounding {
    /// Each way of sounding adds one block and says whether it was the last.
    fn add_notes(&self, rate_hz: f32, out: &mut Block) -> bool {
        let mut over = true;
        for note in self.signal.notes() {
            let since_s = |frame: f64| frame / f64::from(rate_hz) - f64::from(note.start_s);
            let (begins, ends) = (f64::from(self.age_frames), f64::from(self.age_frames) + BLOCK as f64);
            let length_s = f64::from(note.length_s());
            over &= since_s(begins) > length_s;
            if since_s(ends) < 0.0 || since_s(begins) > length_s {
                continue;
            }
            for (index, frame) in out.iter_mut().enumerate() {
                let sample = note.at(since_s(begins + index as f64)) * self.gain;
                if note.place <= 0 {
                    frame[0] += sample;
                }
                if note.place >= 0 {
                    frame[1] += sample;
                }
            }
        }
        over
    }

    fn add_clip(&self, samples: &[f32], rate_hz: f32, out: &mut Block) -> bool {
        let step = f64::from(CLIP_RATE_HZ) / f64::from(rate_hz);
        let from = f64::from(self.age_frames) * step;
        for (index, frame) in out.iter_mut().enumerate() {
            let sample = between(samples, from + index as f64 * step) * self.gain;
            frame[0] += sample;
            frame[1] += sample;
        }
        from + BLOCK as f64 * step >= samples.len() as f64
    }

    fn add_reading(&self, rate_hz: f32, out: &mut Block) -> bool {
        let from_s = f64::from(self.age_frames) / f64::from(rate_hz);
        for (index, frame) in out.iter_mut().enumerate() {
            let sample = reading_tone(from_s + index as f64 / f64::from(rate_hz)) * self.gain;
            frame[0] += sample;
            frame[1] += sample;
        }
        from_s > f64::from(READING_S)
    }
}

/// The sample at a place between samples, along a curve through its four neighbours. On a device that runs at the clips'
/// own rate, every place is a sample itself.
fn between(samples: &[f32], place: f64) -> f32 {
    let whole = place as usize;
    let part = (place - whole as f64) as f32;
    let at = |offset: usize| (whole + offset).checked_sub(1).and_then(|index| samples.get(index)).map_or(0.0, |s| *s);
    let (before, here, next, after) = (at(0), at(1), at(2), at(3));
    if part <= f32::EPSILON {
        return here;
    }
    let slope = (next - before) * 0.5;
    let bend = before - 2.5 * here + 2.0 * next - 0.5 * after;
    let twist = (after - before) * 0.5 + 1.5 * (here - next);
    here + part * (slope + part * (bend + part * twist))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::dsp::ramp::SILENCE;

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

    #[test]
    fn the_reading_is_steady_of_its_level_and_softly_begun() {
        let mut signals = Signals::new(48_000.0);
        signals.speak(Arc::new(ClipBank::empty()), 0.1);
        signals.begin(Signal::Reading, 1.0);
        let mut powers = Vec::new();
        let mut block = SILENCE;
        while !signals.is_silent() {
            let mut power = 0.0;
            for _ in 0..750 {
                block = SILENCE;
                signals.render(&mut block);
                power += block.iter().map(|frame| frame[0] * frame[0]).sum::<f32>();
            }
            powers.push(10.0 * (power / 48_000.0 + 1e-12).log10());
        }
        assert_eq!(powers.len(), READING_S as usize + 1);
        assert!(powers[0] < powers[2] - 1.0, "it begins softly");
        for power_db in &powers[2..18] {
            assert!((power_db + 20.0).abs() < 0.4, "{powers:?}");
        }
        assert!(block[BLOCK - 1][0].abs() < 1e-3);
    }

    #[test]
    fn a_sine_stays_a_sine_at_another_rate() {
        let wave = |place: f64| (place * 0.06).sin() as f32;
        let samples: Vec<f32> = (0..2_000).map(|index| wave(f64::from(index))).collect();
        for index in 10..1_000 {
            let place = f64::from(index) * 1.088_435;
            assert!((between(&samples, place) - wave(place)).abs() < 1e-4);
        }
        assert!(between(&samples, 5_000.0).abs() < f32::EPSILON);
    }
}
