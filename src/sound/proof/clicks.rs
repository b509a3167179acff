//! Owns the detection of clicks in the engine's output. Does not own what is rendered.
//!
//! In music, noise and fades, linear prediction from the preceding samples leaves a residual whose size changes little
//! over a short time. A cut, or a gain that jumps, causes a residual that stands out. The predictor for each window is
//! computed from the window itself (Levinson–Durbin recursion), and a click is a sample whose residual is above a floor
//! and is many times the window's median.

/// Order of the predictor.
const ORDER: usize = 16;
/// Number of frames examined at a time, in the middle half of the window.
const JUDGED: usize = 1_024;
/// Number of frames from which the predictor is computed.
const WINDOW: usize = 2 * JUDGED;
/// Residual below which a click is not audible: −74 dBFS.
const FLOOR: f64 = 2e-4;

/// A sample whose residual stands out.
#[derive(Clone, Copy, Debug)]
pub struct Click {
    /// Number of the frame, counted from the start of the stream.
    pub frame: u64,
    /// Residual as a multiple of the median residual in this window or in the previous one, whichever is larger.
    pub ratio: f64,
    /// Residual as an amplitude; 1 is full scale.
    pub remainder: f64,
}

/// Finds clicks in a stream of frames.
pub struct ClickDetector {
    heard: [Vec<f64>; 2],
    shape: Vec<f64>,
    begun_frame: u64,
    median_before: [f64; 2],
}

impl ClickDetector {
    pub fn new() -> Self {
        let angle = |at: usize| std::f64::consts::TAU * (at as f64 + 0.5) / WINDOW as f64;
        Self {
            heard: [Vec::new(), Vec::new()],
            shape: (0..WINDOW).map(|at| 0.5 - 0.5 * angle(at).cos()).collect(),
            begun_frame: 0,
            median_before: [0.0; 2],
        }
    }

    /// Examines frames, and reports the largest residual in each window and channel if it is above [`FLOOR`].
    pub fn hear(&mut self, frames: &[[f32; 2]], mut tell: impl FnMut(Click)) {
        for frame in frames {
            self.heard[0].push(f64::from(frame[0]));
            self.heard[1].push(f64::from(frame[1]));
            if self.heard[0].len() < WINDOW {
                continue;
            }
            for (heard, before) in self.heard.iter_mut().zip(&mut self.median_before) {
                if let Some((at, remainder, median)) = largest_remainder(heard, &self.shape) {
                    if remainder > FLOOR {
                        let ratio = remainder / median.max(*before).max(1e-12);
                        tell(Click { frame: self.begun_frame + at as u64, ratio, remainder });
                    }
                    *before = median;
                }
                heard.drain(..JUDGED);
            }
            self.begun_frame += JUDGED as u64;
        }
    }
}

/// Returns the frame and size of the largest residual in the middle half of `window`, and the median size there; `None`
/// if [`prediction`] finds no predictor for the window.
fn largest_remainder(window: &[f64], shape: &[f64]) -> Option<(usize, f64, f64)> {
    let weighed: Vec<f64> = window.iter().zip(shape).map(|(sample, weight)| sample * weight).collect();
    let weights = prediction(&weighed)?;
    let first = (WINDOW - JUDGED) / 2;
    let mut sizes = Vec::with_capacity(JUDGED);
    let mut largest = (first, 0.0);
    for at in first..first + JUDGED {
        let past = &window[at - ORDER..at];
        let foretold: f64 = past.iter().zip(&weights).map(|(sample, weight)| sample * weight).sum();
        let remainder = (window[at] - foretold).abs();
        if remainder > largest.1 {
            largest = (at, remainder);
        }
        sizes.push(remainder);
    }
    let (_, median, _) = sizes.select_nth_unstable_by(JUDGED / 2, f64::total_cmp);
    Some((largest.0, largest.1, *median))
}

/// Returns the predictor coefficients, oldest sample first; `None` if the window is nearly silent or exactly
/// predictable.
fn prediction(weighed: &[f64]) -> Option<[f64; ORDER]> {
    let alike = |lag: usize| {
        let mut sums = [0.0; 8];
        for (one, other) in weighed[lag..].chunks_exact(8).zip(weighed.chunks_exact(8)) {
            for (sum, (a, b)) in sums.iter_mut().zip(one.iter().zip(other)) {
                *sum += a * b;
            }
        }
        sums.iter().sum::<f64>()
    };
    let products: Vec<f64> = (0..=ORDER).map(alike).collect();
    if products[0] < 1e-9 {
        return None;
    }
    let mut weights = [0.0; ORDER];
    let mut error = products[0] * (1.0 + 1e-9);
    for step in 0..ORDER {
        let told: f64 = (0..step).map(|index| weights[index] * products[step - index]).sum();
        let reflection = (products[step + 1] - told) / error;
        let before = weights;
        weights[step] = reflection;
        for (index, weight) in weights.iter_mut().enumerate().take(step) {
            *weight = before[index] - reflection * before[step - 1 - index];
        }
        error *= 1.0 - reflection * reflection;
        if error <= 0.0 {
            return None;
        }
    }
    weights.reverse();
    Some(weights)
}
