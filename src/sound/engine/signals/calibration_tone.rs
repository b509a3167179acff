//! Owns the test sound that staff measure with a sound level meter. It is steady and has soft edges. Its power is
//! spread evenly over two octaves around 1 kHz, so room modes affect it little, and dB and dB(A) nearly agree. Does not
//! own its level.

use std::f64::consts::TAU;

use crate::sound::dsp::smoothstep;

/// Duration of the test sound, in seconds.
pub const CALIBRATION_TONE_S: f32 = 20.0;
/// Number of partials between 500 and 2,000 Hz, spaced evenly on a logarithmic scale.
const PARTIALS: u32 = 24;
/// Length of the fade at either end, in seconds.
const EDGE_S: f64 = 1.5;

/// Returns the sample `age_s` seconds after the start. Between the fades, the RMS amplitude is 1.
pub fn calibration_tone(age_s: f64) -> f32 {
    let edge = smoothstep((age_s / EDGE_S).min((f64::from(CALIBRATION_TONE_S) - age_s) / EDGE_S) as f32);
    if edge <= 0.0 {
        return 0.0;
    }
    let sum: f64 = (0..PARTIALS).map(|partial| partial_at(f64::from(partial), age_s)).sum();
    sum as f32 * edge * (2.0 / PARTIALS as f32).sqrt()
}

fn partial_at(partial: f64, age_s: f64) -> f64 {
    let pitch_hz = 500.0 * 4.0_f64.powf((partial + 0.5) / f64::from(PARTIALS));
    // Quadratic (Schroeder) phases keep the crest factor low.
    let phase = partial * partial / (2.0 * f64::from(PARTIALS));
    (TAU * (pitch_hz * age_s + phase).fract()).sin()
}
