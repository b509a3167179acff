//! Owns the sound that is read with a sound meter: steady, soft-edged, and hardly changed by a room's resonances, since
//! its power is spread evenly over two octaves about 1 kHz, where dB and dB(A) are nearly the same.

use std::f64::consts::TAU;

use crate::sound::dsp::smooth;

/// How long it lasts in seconds.
pub const READING_S: f32 = 20.0;
/// Partials between 500 and 2,000 Hz, equally many in each octave.
const PARTIALS: u32 = 24;
/// Seconds of its rise and of its fall.
const EDGE_S: f64 = 1.5;

/// The sample at `age_s`, of effective amplitude 1 between its edges.
pub fn reading_tone(age_s: f64) -> f32 {
    let edge = smooth((age_s / EDGE_S).min((f64::from(READING_S) - age_s) / EDGE_S) as f32);
    if edge <= 0.0 {
        return 0.0;
    }
    let sum: f64 = (0..PARTIALS).map(|partial| partial_at(f64::from(partial), age_s)).sum();
    sum as f32 * edge * (2.0 / PARTIALS as f32).sqrt()
}

fn partial_at(partial: f64, age_s: f64) -> f64 {
    let pitch_hz = 500.0 * 4.0_f64.powf((partial + 0.5) / f64::from(PARTIALS));
    // Phases along a parabola keep the peaks of the sum low.
    let phase = partial * partial / (2.0 * f64::from(PARTIALS));
    (TAU * (pitch_hz * age_s + phase).fract()).sin()
}
