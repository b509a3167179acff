//! Owns the sounding notes. If the recording of a note's instrument is in memory, the note is played from it
//! (`sampler`); any other note is a sum of sines, one for each of eight partials. Does not own the choice of notes.
//!
//! Each sine is computed by rotating a vector, which takes four multiplications per frame and no table look-up. The
//! vectors of several partials share a SIMD register. Gains are updated once per block and interpolated linearly within
//! it. Nothing here allocates memory.

use std::f32::consts::{LN_2, TAU};

use super::instruments::{CORNER_HZ, Instrument, PARTIALS, ScoreNote, dimmed};
use super::sampler::{SampleShelf, SampleVoice, SampledInstrument};
use crate::sound::dsp::ramp::{AudioBlock, BLOCK};
use crate::sound::dsp::{Rng, pan};

/// Maximum number of simultaneous notes. A piano with its pedal down needs the most: at a change of pedal, the tones of
/// one harmony still decay while those of the next begin.
pub const POLYPHONY: usize = 48;

type PartialLanes = [f32; PARTIALS];

/// The sum of all notes over one block, still separate for each partial.
type PartialSums = [PartialLanes; BLOCK];

/// Amplitude noise of each partial: white noise through a two-pole low-pass filter, scaled to a standard deviation of
/// about 1.
#[derive(Clone, Copy, Debug)]
struct AmplitudeNoise {
    first: [PartialLanes; 2],
    second: [PartialLanes; 2],
    speed: f32,
    scale: f32,
}

impl AmplitudeNoise {
    fn new(corner_hz: f32, block_hz: f32) -> Self {
        let speed = 1.0 - (-TAU * corner_hz / block_hz).exp();
        let rest = (1.0 - speed) * (1.0 - speed);
        // Variance after the two poles. The white noise itself has a variance of 1/3.
        let variance = speed.powi(4) * (1.0 + rest) / (1.0 - rest).powi(3) / 3.0;
        Self { first: [[0.0; PARTIALS]; 2], second: [[0.0; PARTIALS]; 2], speed, scale: variance.sqrt().recip() }
    }

    /// Returns the next values for each partial, first on the left and then on the right. The two sides have a
    /// correlation of 0.7.
    fn step(&mut self, random: &mut [u32; PARTIALS]) -> [PartialLanes; 2] {
        let mut out = [[0.0; PARTIALS]; 2];
        for lane in 0..PARTIALS {
            let mut bits = random[lane];
            bits ^= bits << 13;
            bits ^= bits >> 17;
            bits ^= bits << 5;
            random[lane] = bits;
            let white = [(bits >> 16) as f32 / 32_768.0 - 1.0, (bits & 0xFFFF) as f32 / 32_768.0 - 1.0];
            for (side, white) in white.into_iter().enumerate() {
                self.first[side][lane] += self.speed * (white - self.first[side][lane]);
                self.second[side][lane] += self.speed * (self.first[side][lane] - self.second[side][lane]);
            }
            let [one, two] = [self.second[0][lane] * self.scale, self.second[1][lane] * self.scale];
            out[0][lane] = one;
            out[1][lane] = 0.7 * one + 0.714 * two;
        }
        out
    }
}

/// The oscillators of one voice of a note. A note has one voice, or two in unison.
#[derive(Clone, Copy, Debug)]
struct OscillatorBank {
    across: PartialLanes,
    up: PartialLanes,
    angle: PartialLanes,
    turn: [PartialLanes; 2],
    level: PartialLanes,
    fall: PartialLanes,
    gains: [PartialLanes; 2],
    amplitude_noise: AmplitudeNoise,
    random: [u32; PARTIALS],
}

impl OscillatorBank {
    fn new(note: &ScoreNote, share: f32, rng: &mut Rng, rate_hz: f32) -> Self {
        let timbre = note.instrument.timbre();
        let block_hz = rate_hz / BLOCK as f32;
        let mut bank = Self {
            across: [0.0; PARTIALS],
            up: [0.0; PARTIALS],
            angle: [0.0; PARTIALS],
            turn: [[0.0; PARTIALS]; 2],
            level: [0.0; PARTIALS],
            fall: [1.0; PARTIALS],
            gains: [[0.0; PARTIALS]; 2],
            amplitude_noise: AmplitudeNoise::new(timbre.amplitude_noise_hz, block_hz),
            random: [1; PARTIALS],
        };
        for (lane, (ratio, level, fall_s)) in timbre.partials.into_iter().enumerate() {
            let pitch_hz = note.pitch_hz() * ratio + timbre.spread_hz * rng.white();
            bank.angle[lane] = TAU * pitch_hz / rate_hz;
            [bank.turn[0][lane], bank.turn[1][lane]] = [bank.angle[lane].cos(), bank.angle[lane].sin()];
            let phase = TAU * rng.unit();
            [bank.across[lane], bank.up[lane]] = [phase.cos(), phase.sin()];
            bank.level[lane] = level * note.level * share;
            bank.fall[lane] = if fall_s > 0.0 { (-1.0 / (fall_s * block_hz)).exp() } else { 1.0 };
            bank.random[lane] = (rng.unit() * 16_777_216.0) as u32 * 256 + 1;
        }
        bank
    }

    /// Adds one block to `sums`. `sides` are the note's left and right gains, and `cents` is its current deviation in
    /// pitch.
    fn render(
        &mut self,
        sums: &mut [PartialSums; 2],
        sides: [f32; 2],
        amplitude_noise: f32,
        corner_hz: f32,
        cents: f32,
        rate_hz: f32,
    ) {
        let drift = self.amplitude_noise.step(&mut self.random);
        let off = cents / 1_200.0 * LN_2;
        let (mut turn, mut step) = (self.turn, [[0.0; PARTIALS]; 2]);
        for lane in 0..PARTIALS {
            // The rotation is changed by a small angle. This also changes the vector's length, which is corrected
            // below.
            let bend = self.angle[lane] * off;
            turn[0][lane] -= self.turn[1][lane] * bend;
            turn[1][lane] += self.turn[0][lane] * bend;
            self.level[lane] *= self.fall[lane];
            let level = self.level[lane] * dimmed(self.angle[lane] * rate_hz / TAU, corner_hz);
            for side in 0..2 {
                let wanted = level * sides[side] * (1.0 - amplitude_noise + amplitude_noise * drift[side][lane]);
                step[side][lane] = (wanted - self.gains[side][lane]) / BLOCK as f32;
            }
            let length = self.across[lane] * self.across[lane] + self.up[lane] * self.up[lane];
            let correction = 1.5 - 0.5 * length;
            self.across[lane] *= correction;
            self.up[lane] *= correction;
        }
        let (left, right) = sums.split_at_mut(1);
        for half in [0, PARTIALS / 2] {
            self.add_half(half, &turn, &step, &mut left[0], &mut right[0]);
        }
    }

    /// Processes four partials at a time, because the state of eight would not fit into the registers.
    fn add_half(
        &mut self,
        first: usize,
        turn: &[PartialLanes; 2],
        step: &[PartialLanes; 2],
        left: &mut PartialSums,
        right: &mut PartialSums,
    ) {
        const HALF: usize = PARTIALS / 2;
        let of = |lanes: &PartialLanes| -> [f32; HALF] { std::array::from_fn(|lane| lanes[first + lane]) };
        let (mut across, mut up) = (of(&self.across), of(&self.up));
        let (turn_across, turn_up) = (of(&turn[0]), of(&turn[1]));
        let (mut gain_left, mut gain_right) = (of(&self.gains[0]), of(&self.gains[1]));
        let (step_left, step_right) = (of(&step[0]), of(&step[1]));
        for (left, right) in left.iter_mut().zip(right) {
            for lane in 0..HALF {
                let new = across[lane] * turn_across[lane] - up[lane] * turn_up[lane];
                up[lane] = across[lane] * turn_up[lane] + up[lane] * turn_across[lane];
                across[lane] = new;
                gain_left[lane] += step_left[lane];
                gain_right[lane] += step_right[lane];
                left[first + lane] += up[lane] * gain_left[lane];
                right[first + lane] += up[lane] * gain_right[lane];
            }
        }
        self.across[first..first + HALF].copy_from_slice(&across);
        self.up[first..first + HALF].copy_from_slice(&up);
        self.gains[0][first..first + HALF].copy_from_slice(&gain_left);
        self.gains[1][first..first + HALF].copy_from_slice(&gain_right);
    }
}

/// A sounding note.
#[derive(Clone, Copy, Debug)]
struct SynthVoice {
    note: ScoreNote,
    age_s: f32,
    /// Set if the note is played from a recording. It has no oscillators then.
    sample: Option<SampleVoice>,
    unison: [Option<OscillatorBank>; 2],
    pitch_offset: [f32; 2],
    wander: [f32; 2],
    random: u32,
}

/// All sounding notes.
#[derive(Debug)]
pub struct Synth {
    all: [Option<SynthVoice>; POLYPHONY],
    sums: [PartialSums; 2],
    shelf: SampleShelf,
    rate_hz: f32,
}

impl Synth {
    /// Creates a synthesiser without notes or recordings.
    pub fn new(rate_hz: f32) -> Self {
        Self {
            all: std::array::from_fn(|_| None),
            sums: [[[0.0; PARTIALS]; BLOCK]; 2],
            shelf: SampleShelf::new(),
            rate_hz,
        }
    }

    /// Takes a recorded instrument, or returns it if it is in memory already.
    pub fn put(&mut self, sampled: Box<SampledInstrument>) -> Option<Box<SampledInstrument>> {
        self.shelf.put(sampled)
    }

    /// Removes and returns a recorded instrument on which no note sounds and for which `is_needed` is false, if there
    /// is one.
    pub fn take_unneeded(&mut self, is_needed: impl Fn(Instrument) -> bool) -> Option<Box<SampledInstrument>> {
        let all = &self.all;
        let sounds = |instrument| all.iter().flatten().any(|voice| voice.note.instrument == instrument);
        self.shelf.take_unneeded(|instrument| is_needed(instrument) || sounds(instrument))
    }

    /// Returns whether the recording of `instrument` is in memory.
    pub fn has_recording(&self, instrument: Instrument) -> bool {
        self.shelf.get(instrument).is_some()
    }

    /// Begins a note. Returns false if every voice is taken.
    pub fn begin(&mut self, note: ScoreNote, rng: &mut Rng) -> bool {
        let Some(slot) = self.all.iter_mut().find(|voice| voice.is_none()) else { return false };
        let timbre = note.instrument.timbre();
        let sample = timbre
            .recording
            .zip(self.shelf.get(note.instrument))
            .map(|(recording, sampled)| SampleVoice::new(sampled, &note, recording.gain, rng, self.rate_hz));
        let second = timbre.unison > 1;
        let share = if second { 0.75 } else { 1.0 };
        let one = sample.is_none().then(|| OscillatorBank::new(&note, share, rng, self.rate_hz));
        let two = (sample.is_none() && second).then(|| OscillatorBank::new(&note, share, rng, self.rate_hz));
        let random = (rng.unit() * 16_777_216.0) as u32 * 256 + 1;
        *slot = Some(SynthVoice {
            note,
            age_s: 0.0,
            sample,
            unison: [one, two],
            pitch_offset: [0.0; 2],
            wander: [0.0; 2],
            random,
        });
        true
    }

    /// Returns the sounding notes, each with the seconds since its beginning.
    pub fn sounding(&self) -> impl Iterator<Item = (&ScoreNote, f32)> + Clone {
        self.all.iter().flatten().map(|voice| (&voice.note, voice.age_s))
    }

    /// Returns whether a voice is free.
    pub fn has_room(&self) -> bool {
        self.all.iter().any(Option::is_none)
    }

    /// Releases every held note, so that it is silent after `within_s` seconds.
    pub fn release_all(&mut self, within_s: f32) {
        for voice in self.all.iter_mut().flatten() {
            if voice.age_s < voice.note.held_s {
                // A note that is already being released is left alone, so that its envelope does not jump.
                voice.note.held_s = voice.age_s;
                voice.note.release_s = within_s;
            }
        }
    }

    /// Releases the oldest held notes, each within `within_s` seconds, until at least `free` voices are free or being
    /// released.
    pub fn release_oldest(&mut self, free: usize, within_s: f32) {
        let is_held = |voice: &SynthVoice| voice.age_s < voice.note.held_s;
        let mut held = self.all.iter().flatten().filter(|voice| is_held(voice)).count();
        while held + free > POLYPHONY {
            let held_voices = self.all.iter_mut().flatten().filter(|voice| is_held(voice));
            let Some(oldest) = held_voices.max_by(|one, other| one.age_s.total_cmp(&other.age_s)) else { return };
            oldest.note.held_s = oldest.age_s;
            oldest.note.release_s = within_s;
            held -= 1;
        }
    }

    /// Cuts off every note, so it must be called only while nothing is heard.
    pub fn clear(&mut self) {
        for voice in &mut self.all {
            *voice = None;
        }
    }

    /// Renders one block, overwriting `out`. `brightness` and `movement` are 0 to 1.
    pub fn render(&mut self, out: &mut AudioBlock, brightness: f32, movement: f32) {
        self.sums = [[[0.0; PARTIALS]; BLOCK]; 2];
        let block_s = BLOCK as f32 / self.rate_hz;
        let corner_hz = CORNER_HZ * (1.0 + 2.2 * brightness);
        for voice in self.all.iter_mut().flatten() {
            voice.age_s += block_s;
            if voice.sample.is_none() {
                voice.render(&mut self.sums, corner_hz, movement, self.rate_hz);
            }
        }
        for (index, frame) in out.iter_mut().enumerate() {
            for (sample, sums) in frame.iter_mut().zip(&self.sums) {
                *sample = sums[index].iter().sum();
            }
        }
        for slot in &mut self.all {
            let Some(voice) = slot else { continue };
            let is_over = !voice.render_sample(&self.shelf, out, corner_hz, self.rate_hz);
            if is_over || voice.age_s >= voice.note.length_s() {
                *slot = None;
            }
        }
    }
}

impl SynthVoice {
    /// Adds one block to `out` if the note is played from a recording. Returns false once the recording is over.
    fn render_sample(&mut self, recordings: &SampleShelf, out: &mut AudioBlock, corner_hz: f32, rate_hz: f32) -> bool {
        let Some(voice) = &mut self.sample else { return true };
        let Some(sampled) = recordings.get(self.note.instrument) else { return false };
        let envelope = self.note.envelope(self.age_s);
        let corner_hz = opened(self.note.instrument, corner_hz, envelope);
        let sides = pan(self.note.pan_position).map(|side| side * envelope);
        voice.render(sampled, out, sides, corner_hz, rate_hz)
    }

    fn render(&mut self, sums: &mut [PartialSums; 2], corner_hz: f32, movement: f32, rate_hz: f32) {
        let timbre = self.note.instrument.timbre();
        let envelope = self.note.envelope(self.age_s);
        let corner_hz = opened(self.note.instrument, corner_hz, envelope);
        // The depth of the noise is fixed for the breath instrument, which consists of noise. For other instruments, it
        // follows `movement`.
        let amplitude_noise = if timbre.amplitude_noise > 0.8 {
            timbre.amplitude_noise
        } else {
            timbre.amplitude_noise * (0.6 + 0.8 * movement)
        };
        let block_s = BLOCK as f32 / rate_hz;
        for (index, bank) in self.unison.iter_mut().enumerate() {
            let Some(bank) = bank else { continue };
            self.random ^= self.random << 13;
            self.random ^= self.random >> 17;
            self.random ^= self.random << 5;
            let white = self.random as f32 / 2_147_483_648.0 - 1.0;
            let off = &mut self.pitch_offset[index];
            // This is a mean-reverting random walk with a standard deviation of about `wander_cents` over a few
            // seconds.
            *off += -*off * block_s / 1.5 + white * timbre.wander_cents * (6.0 * block_s / 1.5).sqrt();
            let wander = &mut self.wander[index];
            *wander += (*off - *wander) * block_s / 0.4;
            let apart = if timbre.unison > 1 { [-0.22, 0.22][index] } else { 0.0 };
            let sides = pan(self.note.pan_position + apart).map(|side| side * envelope);
            bank.render(sums, sides, amplitude_noise, corner_hz, *wander, rate_hz);
        }
    }
}

/// Returns the cutoff of an instrument's low-pass filter when a note's envelope has reached `envelope`.
fn opened(instrument: Instrument, corner_hz: f32, envelope: f32) -> f32 {
    let timbre = instrument.timbre();
    corner_hz * timbre.brightness * (1.0 - timbre.opening * (1.0 - envelope))
}
