//! Owns the signals, which are one-shot sounds made of tones or of a clip recorded by the clinic. Does not own the
//! choice of signals, or their timing.
//!
//! None of them resembles an alarm signal (IEC 60601-1-8): they have no bursts of equal pulses, their onsets are much
//! slower, and their notes overlap and decay like struck wood or glass.

mod calibration_tone;
pub mod clip_bank;

use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

use crate::sound::dsp::ramp::{AudioBlock, BLOCK};
use crate::sound::dsp::smoothstep;

use calibration_tone::{CALIBRATION_TONE_S, calibration_tone};
use clip_bank::{CLIP_RATE_HZ, ClipBank};

use crate::vocabulary::signal::Signal;

/// Returns the duration of the signal's tones, even if a clip replaces them.
#[must_use]
pub fn length_of(signal: Signal) -> Duration {
    let ends = notes_of(signal).iter().map(|note| note.start_s + note.length_s());
    let tones_s = ends.fold(0.0, f32::max);
    Duration::from_secs_f32(if signal == Signal::MeterTone { CALIBRATION_TONE_S } else { tones_s })
}

const fn notes_of(signal: Signal) -> &'static [SignalNote] {
    match signal {
        Signal::CallPlaced => &CALL_PLACED,
        Signal::DeskHasIt => &DESK_HAS_IT,
        Signal::SomeoneComing => &SOMEONE_COMING,
        Signal::NoDesk => &NO_DESK,
        Signal::PracticeNoDesk | Signal::DarkPanel => &DARK_PANEL,
        Signal::TestTone => &TEST_TONE,
        Signal::TalkNow => &TALK_NOW,
        Signal::MeterTone => &[],
    }
}

const CALL_PLACED: [SignalNote; 2] =
    [note(0.0, 392.0, 0.07, 0.55, 0.48, 0.12), note(0.32, 523.25, 0.10, 0.85, 0.48, 0.12)];
const DESK_HAS_IT: [SignalNote; 2] =
    [note(0.0, 523.25, 0.09, 0.80, 0.55, 0.12), note(0.06, 784.0, 0.22, 0.70, 0.22, 0.05)];
const SOMEONE_COMING: [SignalNote; 3] = [
    note(0.0, 261.63, 0.22, 1.70, 0.42, 0.10),
    note(0.10, 392.0, 0.40, 1.60, 0.34, 0.08),
    note(0.25, 659.26, 0.60, 1.40, 0.24, 0.05),
];
/// Two pairs of strokes. The strokes of a pair differ in pitch and length, and the second pair begins 3.6 seconds after
/// the first.
const NO_DESK: [SignalNote; 4] = [
    note(0.0, 659.26, 0.03, 1.30, 0.38, 0.55),
    note(0.75, 523.25, 0.03, 2.20, 0.40, 0.50),
    note(3.60, 659.26, 0.03, 1.30, 0.38, 0.55),
    note(4.35, 523.25, 0.03, 2.60, 0.40, 0.50),
];
const DARK_PANEL: [SignalNote; 1] = [note(0.0, 329.63, 0.12, 0.90, 0.55, 0.06)];
const TEST_TONE: [SignalNote; 3] = [
    note(0.0, 440.0, 0.20, 0.80, 0.70, 0.20).on_side(-1),
    note(1.5, 440.0, 0.20, 0.80, 0.70, 0.20).on_side(1),
    note(3.0, 550.0, 0.20, 1.20, 0.70, 0.20),
];
const TALK_NOW: [SignalNote; 1] = [note(0.0, 440.0, 0.06, 0.35, 0.40, 0.05)];

/// Creates a note on both sides. The arguments have the order of [`SignalNote`]'s fields.
const fn note(start_s: f32, pitch_hz: f32, attack_s: f32, ring_s: f32, level: f32, glass: f32) -> SignalNote {
    SignalNote { start_s, pitch_hz, attack_s, ring_s, level, glass, side: 0 }
}

/// One note. `ring_s` is the time constant of its decay, `glass` is the share of upper partials, and `side` is −1 for
/// left, 0 for both sides and 1 for right.
#[derive(Clone, Copy, Debug)]
struct SignalNote {
    start_s: f32,
    pitch_hz: f32,
    attack_s: f32,
    ring_s: f32,
    level: f32,
    glass: f32,
    side: i8,
}

impl SignalNote {
    const fn on_side(self, side: i8) -> Self {
        Self { side, ..self }
    }

    /// Returns the sample `age_s` seconds after the start of the note. The note has a smooth attack, and then decays to
    /// true silence. The time is an f64, because an f32 becomes too coarse after a few seconds and makes the tone
    /// rough.
    fn at(&self, age_s: f64) -> f32 {
        let partial = |times: f64| (TAU * (times * f64::from(self.pitch_hz) * age_s).fract()).sin() as f32;
        let age_s = age_s as f32;
        if age_s < 0.0 || age_s > self.length_s() {
            return 0.0;
        }
        let rise = smoothstep(age_s / self.attack_s);
        let close = smoothstep((self.length_s() - age_s) / (self.ring_s * 0.8));
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
struct ActiveSignal {
    signal: Signal,
    age_frames: u32,
    gain: f32,
    /// Index of the clip that replaces the signal's tones; `None` if the tones sound.
    clip: Option<u8>,
}

/// The sounding signals. Several may overlap. No signal is ever cut off, and a signal that has just started is not
/// started again.
#[derive(Debug)]
pub struct SignalPlayer {
    rate_hz: f32,
    sounding: [Option<ActiveSignal>; 6],
    clips: Option<Arc<ClipBank>>,
    /// RMS amplitude of [`Signal::MeterTone`].
    calibration_gain: f32,
}

impl SignalPlayer {
    /// Creates a player in which no signal sounds.
    pub const fn new(rate_hz: f32) -> Self {
        Self { rate_hz, sounding: [None; 6], clips: None, calibration_gain: 0.0 }
    }

    /// Sets the clips that replace tones, and the RMS amplitude of [`Signal::MeterTone`]. Must not be called from the
    /// audio callback, because it frees the previous clips.
    pub fn set_clips(&mut self, clips: Arc<ClipBank>, calibration_gain: f32) {
        self.clips = Some(clips);
        self.calibration_gain = calibration_gain;
    }

    /// Starts `signal` at amplitude `gain`. Does nothing if the same signal started less than a second ago, or if six
    /// signals are sounding. [`Signal::MeterTone`] ignores `gain`, because its amplitude is fixed.
    pub fn start(&mut self, signal: Signal, gain: f32) {
        let fresh_frames = self.rate_hz as u32;
        if self.sounding.iter().flatten().any(|other| other.signal == signal && other.age_frames < fresh_frames) {
            return;
        }
        if let Some(slot) = self.sounding.iter_mut().find(|slot| slot.is_none()) {
            let clip = self.clips.as_ref().and_then(|clips| clips.clip_for(signal));
            let gain = if signal == Signal::MeterTone { self.calibration_gain } else { gain };
            *slot = Some(ActiveSignal { signal, age_frames: 0, gain, clip });
        }
    }

    /// Returns whether nothing sounds.
    pub fn is_silent(&self) -> bool {
        self.sounding.iter().all(Option::is_none)
    }

    /// Adds one block to `out`.
    pub fn render(&mut self, out: &mut AudioBlock) {
        for slot in &mut self.sounding {
            let Some(sounding) = slot else { continue };
            let is_over = match (sounding.clip.zip(self.clips.as_ref()), sounding.signal) {
                (Some((clip, clips)), _) => sounding.add_clip(clips.samples(clip), self.rate_hz, out),
                (None, Signal::MeterTone) => sounding.add_calibration_tone(self.rate_hz, out),
                _ => sounding.add_notes(self.rate_hz, out),
            };
            sounding.age_frames += BLOCK as u32;
            if is_over {
                *slot = None;
            }
        }
    }
}

impl ActiveSignal {
    /// Adds one block. Returns whether it was the final block of this signal.
    fn add_notes(&self, rate_hz: f32, out: &mut AudioBlock) -> bool {
        let mut over = true;
        for note in notes_of(self.signal) {
            let since_s = |frame: f64| frame / f64::from(rate_hz) - f64::from(note.start_s);
            let (begins, ends) = (f64::from(self.age_frames), f64::from(self.age_frames) + BLOCK as f64);
            let length_s = f64::from(note.length_s());
            over &= since_s(begins) > length_s;
            if since_s(ends) < 0.0 || since_s(begins) > length_s {
                continue;
            }
            for (index, frame) in out.iter_mut().enumerate() {
                let sample = note.at(since_s(begins + index as f64)) * self.gain;
                if note.side <= 0 {
                    frame[0] += sample;
                }
                if note.side >= 0 {
                    frame[1] += sample;
                }
            }
        }
        over
    }

    fn add_clip(&self, samples: &[f32], rate_hz: f32, out: &mut AudioBlock) -> bool {
        let step = f64::from(CLIP_RATE_HZ) / f64::from(rate_hz);
        let from = f64::from(self.age_frames) * step;
        for (index, frame) in out.iter_mut().enumerate() {
            let sample = interpolate(samples, from + index as f64 * step) * self.gain;
            frame[0] += sample;
            frame[1] += sample;
        }
        from + BLOCK as f64 * step >= samples.len() as f64
    }

    fn add_calibration_tone(&self, rate_hz: f32, out: &mut AudioBlock) -> bool {
        let from_s = f64::from(self.age_frames) / f64::from(rate_hz);
        for (index, frame) in out.iter_mut().enumerate() {
            let sample = calibration_tone(from_s + index as f64 / f64::from(rate_hz)) * self.gain;
            frame[0] += sample;
            frame[1] += sample;
        }
        from_s > f64::from(CALIBRATION_TONE_S)
    }
}

/// Returns the sample at a fractional position, by Catmull–Rom interpolation of its four neighbours. If the output has
/// the clips' sample rate, every position is a whole number, and samples are returned unchanged.
fn interpolate(samples: &[f32], position: f64) -> f32 {
    let whole = position as usize;
    let part = (position - whole as f64) as f32;
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

    fn sound_of(signal: Signal) -> Vec<[f32; 2]> {
        let mut signals = SignalPlayer::new(48_000.0);
        signals.start(signal, 1.0);
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
    fn every_signal_ends_stays_in_bounds_and_never_steps() {
        for signal in Signal::ALL.into_iter().filter(|signal| *signal != Signal::MeterTone) {
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
    fn the_call_tone_starts_quickly_but_softly() {
        let frames = sound_of(Signal::CallPlaced);
        let loudest = |range: std::ops::Range<usize>| frames[range].iter().map(|f| f[0].abs()).fold(0.0, f32::max);
        let whole = loudest(0..frames.len());
        assert!(loudest(0..2_880) > whole * 0.25, "heard within 60 ms of its beginning");
        assert!(loudest(0..480) < whole * 0.1, "and not struck");
    }

    #[test]
    fn repeating_a_signal_at_once_has_no_effect() {
        let mut signals = SignalPlayer::new(48_000.0);
        signals.start(Signal::CallPlaced, 1.0);
        signals.start(Signal::CallPlaced, 1.0);
        assert_eq!(signals.sounding.iter().flatten().count(), 1);
    }

    #[test]
    fn the_calibration_tone_is_steady_and_starts_softly() {
        let mut signals = SignalPlayer::new(48_000.0);
        signals.set_clips(Arc::new(ClipBank::empty()), 0.1);
        signals.start(Signal::MeterTone, 1.0);
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
        assert_eq!(powers.len(), CALIBRATION_TONE_S as usize + 1);
        assert!(powers[0] < powers[2] - 1.0, "it begins softly");
        for power_db in &powers[2..18] {
            assert!((power_db + 20.0).abs() < 0.4, "{powers:?}");
        }
        assert!(block[BLOCK - 1][0].abs() < 1e-3);
    }

    #[test]
    fn interpolation_preserves_a_sine() {
        let wave = |position: f64| (position * 0.06).sin() as f32;
        let samples: Vec<f32> = (0..2_000).map(|index| wave(f64::from(index))).collect();
        for index in 10..1_000 {
            let position = f64::from(index) * 1.088_435;
            assert!((interpolate(&samples, position) - wave(position)).abs() < 1e-4);
        }
        assert!(interpolate(&samples, 5_000.0).abs() < f32::EPSILON);
    }
}
