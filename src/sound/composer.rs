//! Owns a small composer: slow, consonant pieces from a seed, without words, percussion or anything sudden. Does not own
//! when they are played.

use std::f32::consts::{PI, TAU};

use super::dsp::{Chance, LowPass, pan};
use super::ramp::gain_of_db;

/// Frames a second of what is composed.
pub const COMPOSED_RATE_HZ: u32 = 48_000;
const RATE: f32 = 48_000.0;

/// Each piece comes up from silence and goes back into it, so that pieces can be joined by a crossfade.
const FADE_IN_S: f32 = 5.0;
const FADE_OUT_S: f32 = 12.0;
/// True silence at the very end.
const REST_S: f32 = 0.5;

/// A piece that can be composed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Wide pads that rise and sink like slow water, over a drone.
    Tide,
    /// Light chords with sparse, soft glass above.
    Canopy,
    /// Low strings, close and warm.
    Hearth,
}

impl Piece {
    /// Every piece.
    pub const ALL: [Self; 3] = [Self::Tide, Self::Canopy, Self::Hearth];

    /// Its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tide => "tide",
            Self::Canopy => "canopy",
            Self::Hearth => "hearth",
        }
    }

    const fn plan(self) -> Plan {
        match self {
            // A: open fifths and added ninths.
            Self::Tide => Plan {
                ground_hz: 110.0,
                chords: &[&[0, 7, 14, 16], &[-3, 4, 12, 19], &[-7, 5, 9, 14], &[-5, 7, 14, 19]],
                chord_s: [17.0, 23.0],
                timbre: Timbre::Pad,
                drone_level: 0.42,
                sway: 0.42,
                upper: Timbre::Glass,
                upper_wait_s: [9.0, 17.0],
                upper_level: 0.20,
                octave: 2.0,
                trim_db: -2.9,
            },
            // C: a pentatonic sky, higher and thinner.
            Self::Canopy => Plan {
                ground_hz: 130.81,
                chords: &[&[0, 7, 16, 21], &[5, 12, 14, 19], &[-3, 9, 16, 19], &[-5, 7, 14, 19]],
                chord_s: [14.0, 19.0],
                timbre: Timbre::Pad,
                drone_level: 0.26,
                sway: 0.22,
                upper: Timbre::Glass,
                upper_wait_s: [4.0, 8.5],
                upper_level: 0.42,
                octave: 2.0,
                trim_db: -3.2,
            },
            // F: close, low and slow.
            Self::Hearth => Plan {
                ground_hz: 87.31,
                chords: &[&[0, 7, 12, 16], &[-3, 4, 12, 16], &[-7, 5, 9, 12], &[-5, 7, 14, 17]],
                chord_s: [15.0, 20.0],
                timbre: Timbre::Strings,
                drone_level: 0.30,
                sway: 0.20,
                upper: Timbre::Strings,
                upper_wait_s: [8.0, 14.0],
                upper_level: 0.34,
                octave: 2.0,
                trim_db: -2.7,
            },
        }
    }
}

struct Plan {
    ground_hz: f32,
    /// Semitones above the ground, lowest first.
    chords: &'static [&'static [i32]],
    chord_s: [f32; 2],
    timbre: Timbre,
    drone_level: f32,
    /// How far each partial rises and sinks by itself, 0 to 0.5.
    sway: f32,
    upper: Timbre,
    upper_wait_s: [f32; 2],
    upper_level: f32,
    octave: f32,
    trim_db: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timbre {
    Drone,
    Pad,
    Strings,
    Glass,
}

impl Timbre {
    /// Partials as ratio and level.
    fn partials(self) -> &'static [(f32, f32)] {
        match self {
            Self::Drone => &[(1.0, 0.70), (2.0, 0.50), (3.0, 0.24), (4.0, 0.12), (5.0, 0.05)],
            Self::Pad => {
                &[(1.0, 1.0), (2.0, 0.55), (3.0, 0.32), (4.0, 0.20), (5.0, 0.12), (6.0, 0.08), (7.0, 0.05), (8.0, 0.03)]
            }
            Self::Strings => &[
                (1.0, 0.85),
                (2.0, 0.62),
                (3.0, 0.46),
                (4.0, 0.32),
                (5.0, 0.22),
                (6.0, 0.14),
                (7.0, 0.08),
                (8.0, 0.05),
            ],
            Self::Glass => &[(1.0, 1.0), (2.0, 0.16), (3.01, 0.05), (4.17, 0.02)],
        }
    }

    /// Attack, and time to fall to a third while held (none: it does not fall), in seconds.
    const fn envelope(self) -> (f32, Option<f32>) {
        match self {
            Self::Drone => (7.0, None),
            Self::Pad => (4.5, None),
            Self::Strings => (2.2, None),
            Self::Glass => (0.14, Some(2.6)),
        }
    }
}

/// One note of a score.
#[derive(Clone, Copy, Debug)]
struct Note {
    start_s: f32,
    held_s: f32,
    release_s: f32,
    pitch_hz: f32,
    level: f32,
    place: f32,
    sway: f32,
    timbre: Timbre,
}

/// Composes `seconds` (at least 40) of `piece` at 48 kHz. The same seed gives the same piece.
#[must_use]
pub fn compose(seed: u64, piece: Piece, seconds: f64) -> Vec<[f32; 2]> {
    let seconds = seconds.max(40.0) as f32;
    let plan = piece.plan();
    let mut chance = Chance::new(seed ^ u64::from(piece as u8).wrapping_mul(0x9E37_79B9));
    let score = write_score(&plan, seconds, &mut chance);
    let mut frames = vec![[0.0_f32; 2]; (seconds * RATE) as usize];
    for note in &score {
        sound(note, &mut frames, &mut chance);
    }
    add_room(&mut frames);
    finish(&mut frames, plan.trim_db);
    frames
}

fn pitch(ground_hz: f32, semitones: i32) -> f32 {
    ground_hz * 2.0_f32.powf(semitones as f32 / 12.0)
}

fn write_score(plan: &Plan, seconds: f32, chance: &mut Chance) -> Vec<Note> {
    let last_s = seconds - FADE_OUT_S * 0.6;
    let mut score = Vec::new();
    let mut at_s = 0.0;
    let mut turn = 0;
    while at_s < last_s - 6.0 {
        let length_s = chance.between(plan.chord_s[0], plan.chord_s[1]).min(last_s - at_s);
        // Home at the beginning and at the end; between, each chord follows the one before or skips one.
        let closing = at_s + length_s >= last_s - plan.chord_s[0];
        let chord = plan.chords[if closing { 0 } else { turn % plan.chords.len() }];
        turn += if chance.unit() < 0.72 { 1 } else { 2 };
        write_chord(plan, chord, at_s, length_s, chance, &mut score);
        write_upper(plan, chord, at_s, length_s, chance, &mut score);
        at_s += length_s;
    }
    write_drone(plan, seconds, &mut score);
    score
}

fn write_chord(plan: &Plan, chord: &[i32], at_s: f32, length_s: f32, chance: &mut Chance, score: &mut Vec<Note>) {
    for (voice, semitones) in chord.iter().enumerate() {
        let start_s = at_s + voice as f32 * chance.between(0.4, 1.1);
        score.push(Note {
            start_s,
            held_s: (length_s - voice as f32 * 0.5).max(3.0),
            release_s: chance.between(5.0, 7.5),
            pitch_hz: pitch(plan.ground_hz, *semitones),
            level: 0.34 / (1.0 + 0.35 * voice as f32) * chance.between(0.85, 1.0),
            place: (voice as f32 / (chord.len() as f32 - 1.0) * 2.0 - 1.0) * 0.55,
            sway: plan.sway,
            timbre: plan.timbre,
        });
    }
}

/// Single notes above the chord, only ever notes of that chord.
fn write_upper(plan: &Plan, chord: &[i32], at_s: f32, length_s: f32, chance: &mut Chance, score: &mut Vec<Note>) {
    let mut start_s = at_s + chance.between(plan.upper_wait_s[0], plan.upper_wait_s[1]) * 0.6;
    let mut last_step = usize::MAX;
    while start_s < at_s + length_s - 2.5 {
        let mut step = chance.below(chord.len());
        if step == last_step {
            step = (step + 1) % chord.len();
        }
        last_step = step;
        let held_s = if plan.upper == Timbre::Glass { 4.5 } else { chance.between(3.5, 6.0) };
        score.push(Note {
            start_s,
            held_s,
            release_s: 4.0,
            pitch_hz: pitch(plan.ground_hz, chord[step]) * plan.octave,
            level: plan.upper_level * chance.between(0.6, 1.0),
            place: chance.between(-0.6, 0.6),
            sway: 0.1,
            timbre: plan.upper,
        });
        start_s += chance.between(plan.upper_wait_s[0], plan.upper_wait_s[1]);
    }
}

fn write_drone(plan: &Plan, seconds: f32, score: &mut Vec<Note>) {
    for (ratio, level, place) in [(1.0, 1.0, -0.15), (1.498, 0.32, 0.2)] {
        score.push(Note {
            start_s: 0.0,
            held_s: seconds - FADE_OUT_S,
            release_s: FADE_OUT_S * 0.8,
            pitch_hz: plan.ground_hz * ratio,
            level: plan.drone_level * level,
            place,
            sway: 0.25,
            timbre: Timbre::Drone,
        });
    }
}

/// Frames between two looks at an envelope; between them gains move in a straight line.
const CONTROL: usize = 32;

/// Adds one note. Each partial is two oscillators a fraction of a hertz apart, so that it lives without a vibrato.
fn sound(note: &Note, frames: &mut [[f32; 2]], chance: &mut Chance) {
    let (attack_s, fall_s) = note.timbre.envelope();
    let sides = pan(note.place);
    let first = (note.start_s * RATE) as usize;
    let length = ((note.held_s + note.release_s) * RATE) as usize;
    for &(ratio, level) in note.timbre.partials() {
        let pitch_hz = note.pitch_hz * ratio;
        // Softer by 6 dB an octave above 1 kHz, so that nothing bites.
        let level = level * note.level / (1.0 + (pitch_hz / 1_000.0).powi(2)).sqrt();
        let spread_hz = if note.timbre == Timbre::Glass { 0.10 } else { chance.between(0.05, 0.19) };
        let mut pair = [Oscillator::new(pitch_hz - spread_hz, chance), Oscillator::new(pitch_hz + spread_hz, chance)];
        let (sway_hz, sway_start) = (chance.between(0.04, 0.13), chance.unit());
        let (mut gain, mut gain_step) = (0.0, 0.0);
        for (step, frame) in frames.iter_mut().skip(first).take(length).enumerate() {
            if step % CONTROL == 0 {
                let age_s = (step + CONTROL) as f32 / RATE;
                let sway = 1.0 - note.sway + note.sway * (TAU * (age_s * sway_hz + sway_start)).sin();
                let wanted = level * sway * envelope(note, attack_s, fall_s, age_s);
                gain_step = (wanted - gain) / CONTROL as f32;
                pair.iter_mut().for_each(Oscillator::settle);
            }
            gain += gain_step;
            let [one, two] = [pair[0].step(), pair[1].step()];
            frame[0] += gain * sides[0] * (0.8 * one + 0.5 * two);
            frame[1] += gain * sides[1] * (0.5 * one + 0.8 * two);
        }
    }
}

fn envelope(note: &Note, attack_s: f32, fall_s: Option<f32>, age_s: f32) -> f32 {
    let half_cosine = |along: f32| 0.5 - 0.5 * (PI * along.clamp(0.0, 1.0)).cos();
    let rise = half_cosine(age_s / attack_s);
    let close = half_cosine((note.held_s + note.release_s - age_s) / note.release_s);
    let fall = fall_s.map_or(1.0, |time_s| (-(age_s - attack_s).max(0.0) / time_s).exp());
    rise * close * fall
}

/// A sine by turning a vector.
struct Oscillator {
    vector: [f32; 2],
    turn: [f32; 2],
}

impl Oscillator {
    fn new(pitch_hz: f32, chance: &mut Chance) -> Self {
        let (angle, step) = (chance.unit() * TAU, TAU * pitch_hz / RATE);
        Self { vector: [angle.cos(), angle.sin()], turn: [step.cos(), step.sin()] }
    }

    fn step(&mut self) -> f32 {
        let [x, y] = self.vector;
        let [c, s] = self.turn;
        self.vector = [x * c - y * s, x * s + y * c];
        y
    }

    /// Keeps rounding from letting it grow or die.
    fn settle(&mut self) {
        let [x, y] = self.vector;
        let correction = 1.5 - 0.5 * (x * x + y * y);
        self.vector = [x * correction, y * correction];
    }
}

/// A large, dark room: eight delays that feed each other.
fn add_room(frames: &mut [[f32; 2]]) {
    const LENGTHS: [usize; 8] = [2_473, 2_767, 3_217, 3_557, 3_907, 4_127, 4_463, 4_999];
    let mut lines: Vec<Vec<f32>> = LENGTHS.iter().map(|length| vec![0.0; *length]).collect();
    let mut dark = [LowPass::default(); 8];
    let corner = LowPass::coefficient(2_200.0, RATE);
    for (at, frame) in frames.iter_mut().enumerate() {
        let mut out = [0.0_f32; 8];
        for (line, value) in out.iter_mut().enumerate() {
            *value = dark[line].run(lines[line][at % LENGTHS[line]], corner);
        }
        // A Householder reflection mixes all lines without gaining or losing energy.
        let shared = out.iter().sum::<f32>() * 0.25;
        for (line, value) in out.iter().enumerate() {
            lines[line][at % LENGTHS[line]] = (value - shared) * 0.93 + frame[line % 2] * 0.22;
        }
        frame[0] = frame[0] * 0.72 + (out[0] + out[2] - out[4] + out[6]) * 0.42;
        frame[1] = frame[1] * 0.72 + (out[1] - out[3] + out[5] + out[7]) * 0.42;
    }
}

/// Fades, level, and no peak above −6 dBFS.
fn finish(frames: &mut [[f32; 2]], trim_db: f32) {
    let total_s = frames.len() as f32 / RATE;
    for (at, frame) in frames.iter_mut().enumerate() {
        let at_s = at as f32 / RATE;
        let from_end_s = (total_s - REST_S - at_s).max(0.0);
        let fade = |along: f32| (0.5 - 0.5 * (PI * along.clamp(0.0, 1.0)).cos()).powf(1.2);
        let gain = fade(at_s / FADE_IN_S) * fade(from_end_s / FADE_OUT_S);
        *frame = frame.map(|sample| sample * gain);
    }
    let power = frames.iter().flatten().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
    let level = (power / (frames.len().max(1) * 2) as f64).sqrt().max(1e-9) as f32;
    let peak = frames.iter().flatten().fold(0.0_f32, |peak, sample| peak.max(sample.abs())).max(1e-9);
    let gain = (gain_of_db(-23.0 + trim_db) / level).min(gain_of_db(-6.0) / peak);
    for frame in frames {
        *frame = frame.map(|sample| sample * gain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_slow_soft_and_repeats_by_seed() {
        for piece in Piece::ALL {
            let seconds = 180.0;
            let score = write_score(&piece.plan(), seconds, &mut Chance::new(5));
            assert!(score.len() as f32 <= seconds / 2.0, "{}: {} onsets", piece.name(), score.len());
            assert!(score.iter().all(|note| note.timbre.envelope().0 >= 0.08), "{}", piece.name());
            assert!(score.iter().all(|note| note.start_s + note.held_s <= seconds), "{}", piece.name());
            let frames = compose(5, piece, 45.0);
            assert_eq!(frames, compose(5, piece, 45.0), "{}", piece.name());
            assert_ne!(frames, compose(6, piece, 45.0), "{}", piece.name());
            assert!(frames.iter().flatten().all(|s| s.is_finite() && s.abs() <= 0.502), "{}", piece.name());
            let end = &frames[frames.len() - 20_000..];
            assert!(frames[..20].iter().chain(end).flatten().all(|s| s.abs() < 1e-4), "{}", piece.name());
        }
    }

    #[test]
    fn notes_that_sound_together_are_consonant() {
        for piece in Piece::ALL {
            for chord in piece.plan().chords {
                // The drone's ground and fifth sound under every chord.
                let together: Vec<i32> = [0, 7].into_iter().chain(chord.iter().copied()).collect();
                for (place, low) in together.iter().enumerate() {
                    for high in &together[place + 1..] {
                        let apart = (high - low).abs() % 12;
                        assert!(![1, 6, 11].contains(&apart), "{}: {low} and {high}", piece.name());
                    }
                }
            }
        }
    }
}
