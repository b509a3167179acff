//! Owns changing the sample rate of a track: an exact polyphase windowed-sinc filter. Runs in the reading thread only.

use std::f64::consts::PI;

/// Taps of the filter for each output frame when the rate goes up.
const TAPS: usize = 64;
/// Phases kept for rates whose ratio is not a small fraction; the nearest one is used.
const MOST_PHASES: usize = 1_024;

/// Turns frames at one rate into frames at another.
pub struct Resampler {
    /// Input frames to go on per output frame: `step_in / step_out`.
    step_in: u64,
    step_out: u64,
    taps: usize,
    phases: usize,
    table: Vec<f32>,
    history: Vec<[f32; 2]>,
    /// Position of the next output frame in input frames after the start of `history`, in units of `1 / step_out`.
    position: u64,
}

impl Resampler {
    /// From `from_hz` to `to_hz`, both above zero.
    pub fn new(from_hz: u32, to_hz: u32) -> Self {
        let (from, to) = (u64::from(from_hz.max(1)), u64::from(to_hz.max(1)));
        let common = greatest_common_divisor(from, to);
        let (step_in, step_out) = (from / common, to / common);
        let narrowing = (to as f64 / from as f64).min(1.0);
        let taps = ((TAPS as f64 / narrowing).ceil() as usize).next_multiple_of(2).min(1_024);
        let phases = usize::try_from(step_out).unwrap_or(MOST_PHASES).min(MOST_PHASES);
        let table = filter_table(taps, phases, narrowing * 0.955);
        // Half a filter of silence before the first frame, so that nothing is delayed.
        Self { step_in, step_out, taps, phases, table, history: vec![[0.0; 2]; taps / 2 - 1], position: 0 }
    }

    /// Adds `input` and appends what can be computed to `output`.
    pub fn run(&mut self, input: &[[f32; 2]], output: &mut Vec<[f32; 2]>) {
        self.history.extend_from_slice(input);
        loop {
            let whole = (self.position / self.step_out) as usize;
            let Some(window) = self.history.get(whole..whole + self.taps) else { break };
            let part = self.position % self.step_out;
            let phase = (part * self.phases as u64 / self.step_out) as usize;
            let row = &self.table[phase * self.taps..(phase + 1) * self.taps];
            let mut sum = [0.0_f32; 2];
            for (frame, tap) in window.iter().zip(row) {
                sum[0] += frame[0] * tap;
                sum[1] += frame[1] * tap;
            }
            output.push(sum);
            self.position += self.step_in;
        }
        let used = ((self.position / self.step_out) as usize).min(self.history.len());
        self.history.drain(..used);
        self.position -= used as u64 * self.step_out;
    }

    /// Appends what the filter still holds.
    pub fn finish(&mut self, output: &mut Vec<[f32; 2]>) {
        let rest = vec![[0.0; 2]; self.taps / 2];
        self.run(&rest, output);
    }
}

fn filter_table(taps: usize, phases: usize, cutoff: f64) -> Vec<f32> {
    let mut table = Vec::with_capacity(taps * phases);
    let middle = taps as f64 / 2.0 - 1.0;
    for phase in 0..phases {
        let offset = phase as f64 / phases as f64;
        let row: Vec<f64> = (0..taps)
            .map(|tap| {
                let x = tap as f64 - middle - offset;
                sinc(x * cutoff) * cutoff * kaiser(x / (taps as f64 / 2.0))
            })
            .collect();
        // Each phase passes a constant unchanged, so that the phases do not hum against each other.
        let sum: f64 = row.iter().sum();
        table.extend(row.iter().map(|tap| (tap / sum) as f32));
    }
    table
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// A Kaiser window for about −90 dB outside the pass band.
fn kaiser(x: f64) -> f64 {
    const BETA: f64 = 9.0;
    if x.abs() > 1.0 {
        return 0.0;
    }
    bessel(BETA * (1.0 - x * x).sqrt()) / bessel(BETA)
}

fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

const fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 { 1 } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise and distortion beside a sine, in dB, after going from one rate to another.
    fn rest_beside_a_sine_db(from_hz: u32, to_hz: u32, pitch_hz: f64) -> f64 {
        let wave = |frame: usize, rate: u32| (2.0 * PI * pitch_hz * frame as f64 / f64::from(rate)).sin() as f32 * 0.5;
        let input: Vec<[f32; 2]> = (0..from_hz as usize).map(|frame| [wave(frame, from_hz); 2]).collect();
        let mut output = Vec::new();
        let mut resampler = Resampler::new(from_hz, to_hz);
        for piece in input.chunks(777) {
            resampler.run(piece, &mut output);
        }
        resampler.finish(&mut output);
        assert!(output.len().abs_diff(to_hz as usize) < 3, "{} frames", output.len());
        let settled = 2_000..output.len() - 2_000;
        let error: f64 =
            settled.clone().map(|frame| f64::from(output[frame][0] - wave(frame, to_hz)).powi(2)).sum::<f64>();
        10.0 * (error / (settled.len() as f64 * 0.125)).log10()
    }

    #[test]
    fn sines_stay_sines_in_place_and_size() {
        for (from_hz, to_hz, pitch_hz) in [
            (44_100, 48_000, 1_000.0),
            (44_100, 48_000, 15_000.0),
            (96_000, 48_000, 9_000.0),
            (22_050, 48_000, 5_000.0),
        ] {
            let rest_db = rest_beside_a_sine_db(from_hz, to_hz, pitch_hz);
            assert!(rest_db < -75.0, "{from_hz} to {to_hz} at {pitch_hz}: {rest_db:.1} dB");
        }
    }
}
