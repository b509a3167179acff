//! Owns the metrics measured from samples: loudness, spectrum, stereo width, sudden rises and clicks. Does not own the
//! metrics of notes (`notes`).

use std::sync::Arc;

use ebur128::{EbuR128, Mode};
use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};

/// Number of frames per spectrum. At 48 kHz, the bins are 5.9 Hz apart.
const SPECTRUM: usize = 8_192;
/// Length of the window for loudness, spectrum and stereo width, in seconds.
const WINDOW_S: f64 = 30.0;
/// Distance between the starts of windows, in seconds.
const STEP_S: f64 = 10.0;
/// Length of the slices whose levels are compared to find sudden rises, in seconds.
const RISE_S: f64 = 0.1;
/// Lower edges of the octaves over which the slope of the spectrum is measured, in Hz. An octave that is more than 75
/// dB below the octave that starts at 500 Hz counts as silent and ends the measurement.
const OCTAVES_HZ: [f64; 5] = [1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0];

/// Metrics of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AudioMetrics {
    /// Integrated loudness (EBU R 128) in LUFS.
    pub loudness_lufs: f64,
    /// Largest deviation of a 30 s window below the requested loudness, in LU (negative).
    pub below_curve_lu: f64,
    /// Largest deviation of a 30 s window above the requested loudness, in LU.
    pub above_curve_lu: f64,
    /// Lowest spectral centroid (power-weighted) of any 30 s window, in hertz.
    pub centroid_low_hz: f64,
    /// Highest spectral centroid of any 30 s window, in hertz.
    pub centroid_high_hz: f64,
    /// Smallest drop in level between two neighbouring octaves above 500 Hz, over the whole performance, in dB.
    pub slope_db: f64,
    /// Lowest correlation of left and right in any 30 s window.
    pub correlation_low: f64,
    /// Largest loss of level in any 30 s window when the channels are mixed to mono, in dB.
    pub mono_loss_db: f64,
    /// Largest rise in level, in dB, from the mean of 3 s to the mean of 400 ms that begin 0.6 s after the end of the
    /// 3 s. Passages in which the 400 ms are more than 20 dB below the overall mean are left out.
    pub rise_db: f64,
    /// Largest sample, as an amplitude.
    pub peak: f32,
    /// See [`click_ratio`].
    pub click_ratio: f32,
}

/// Sums over one step of 10 s.
#[derive(Clone, Copy, Debug, Default)]
struct StepSums {
    left: f64,
    right: f64,
    both: f64,
    power: f64,
    power_by_hz: f64,
}

/// Measures a stream of frames.
pub struct AudioMeter {
    rate_hz: f64,
    opening_s: f64,
    frames: u64,
    meter: Option<EbuR128>,
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    waiting: Vec<f32>,
    power: Vec<f64>,
    sums: StepSums,
    steps: Vec<StepSums>,
    curve: (f64, u32),
    curves: Vec<Option<f64>>,
    loudness: Vec<f64>,
    pieces: Vec<f64>,
    piece: f64,
    peak: f32,
    clicks: Clicks,
}

impl AudioMeter {
    /// Creates a meter for a stream of `rate_hz`. Deviations of loudness are measured from `opening_s` seconds on.
    #[must_use]
    pub fn new(rate_hz: u32, opening_s: f64) -> Self {
        let mut meter = EbuR128::new(2, rate_hz, Mode::I).ok();
        if let Some(meter) = &mut meter {
            let _ = meter.set_max_window((WINDOW_S * 1_000.0) as u32);
        }
        Self {
            rate_hz: f64::from(rate_hz),
            opening_s,
            frames: 0,
            meter,
            transform: RealFftPlanner::new().plan_fft_forward(SPECTRUM),
            window: hann(SPECTRUM),
            waiting: Vec::with_capacity(SPECTRUM),
            power: vec![0.0; SPECTRUM / 2 + 1],
            sums: StepSums::default(),
            steps: Vec::new(),
            curve: (0.0, 0),
            curves: Vec::new(),
            loudness: Vec::new(),
            pieces: Vec::new(),
            piece: 0.0,
            peak: 0.0,
            clicks: Clicks::new(f64::from(rate_hz)),
        }
    }

    /// Adds frames. `curve_lufs` is the loudness requested for them; without it, deviations of loudness are not
    /// measured.
    pub fn add(&mut self, frames: &[[f32; 2]], curve_lufs: Option<f32>) {
        if let Some(meter) = &mut self.meter {
            let _ = meter.add_frames_f32(frames.as_flattened());
        }
        if let Some(lufs) = curve_lufs {
            self.curve = (self.curve.0 + f64::from(lufs), self.curve.1 + 1);
        }
        for frame in frames {
            self.add_frame(*frame);
        }
    }

    fn add_frame(&mut self, frame: [f32; 2]) {
        let [left, right] = frame.map(f64::from);
        self.peak = self.peak.max(frame[0].abs()).max(frame[1].abs());
        self.clicks.add(frame);
        self.sums.left += left * left;
        self.sums.right += right * right;
        self.sums.both += left * right;
        self.piece += left * left + right * right;
        self.waiting.push(frame[0] + frame[1]);
        if self.waiting.len() == SPECTRUM {
            self.take_spectrum();
        }
        self.frames += 1;
        if self.frames.is_multiple_of((RISE_S * self.rate_hz) as u64) {
            self.pieces.push(std::mem::take(&mut self.piece));
        }
        if self.frames.is_multiple_of((STEP_S * self.rate_hz) as u64) {
            self.steps.push(std::mem::take(&mut self.sums));
            let (sum, count) = std::mem::take(&mut self.curve);
            self.curves.push((count > 0).then(|| sum / f64::from(count)));
            let window = self.meter.as_ref().and_then(|meter| meter.loudness_window((WINDOW_S * 1_000.0) as u32).ok());
            self.loudness.push(window.unwrap_or(f64::NAN));
        }
    }

    fn take_spectrum(&mut self) {
        let mut input: Vec<f32> =
            self.waiting.drain(..).zip(&self.window).map(|(sample, gain)| sample * gain).collect();
        let mut spectrum = self.transform.make_output_vec();
        // This cannot fail, because the buffers have the lengths that the plan requires.
        let _ = self.transform.process(&mut input, &mut spectrum);
        for (index, (sum, value)) in self.power.iter_mut().zip(&spectrum).enumerate() {
            let power = f64::from(value.norm_sqr());
            *sum += power;
            self.sums.power += power;
            self.sums.power_by_hz += power * index as f64 * self.rate_hz / SPECTRUM as f64;
        }
    }

    /// Returns the metrics of everything added so far.
    #[must_use]
    pub fn metrics(&self) -> AudioMetrics {
        let mut metrics = AudioMetrics {
            loudness_lufs: self.meter.as_ref().and_then(|meter| meter.loudness_global().ok()).unwrap_or(f64::NAN),
            below_curve_lu: 0.0,
            above_curve_lu: 0.0,
            centroid_low_hz: f64::INFINITY,
            correlation_low: 1.0,
            slope_db: self.slope_db(),
            rise_db: self.rise_db(),
            peak: self.peak,
            click_ratio: self.clicks.worst,
            ..AudioMetrics::default()
        };
        let in_window = (WINDOW_S / STEP_S) as usize;
        for (index, steps) in self.steps.windows(in_window).enumerate() {
            let sum = |value: fn(&StepSums) -> f64| steps.iter().map(value).sum::<f64>();
            let (left, right, both) = (sum(|s| s.left), sum(|s| s.right), sum(|s| s.both));
            let centroid_hz = sum(|s| s.power_by_hz) / sum(|s| s.power).max(1e-30);
            metrics.centroid_low_hz = metrics.centroid_low_hz.min(centroid_hz);
            metrics.centroid_high_hz = metrics.centroid_high_hz.max(centroid_hz);
            metrics.correlation_low = metrics.correlation_low.min(both / (left * right).sqrt().max(1e-30));
            let loss = (left + right + 2.0 * both) / (2.0 * (left + right)).max(1e-30);
            metrics.mono_loss_db = metrics.mono_loss_db.max(-10.0 * loss.max(1e-9).log10());
            if index as f64 * STEP_S < self.opening_s {
                continue;
            }
            let curve: Option<Vec<f64>> = self.curves[index..index + in_window].iter().copied().collect();
            if let Some(curve) = curve {
                let apart = self.loudness[index + in_window - 1] - curve.iter().sum::<f64>() / curve.len() as f64;
                metrics.below_curve_lu = metrics.below_curve_lu.min(apart);
                metrics.above_curve_lu = metrics.above_curve_lu.max(apart);
            }
        }
        metrics
    }

    fn slope_db(&self) -> f64 {
        let bin_hz = self.rate_hz / SPECTRUM as f64;
        let band = |from_hz: f64| -> f64 {
            let (first, last) = ((from_hz / bin_hz) as usize, (2.0 * from_hz / bin_hz) as usize);
            self.power[first.min(self.power.len())..last.min(self.power.len())].iter().sum()
        };
        let below = band(500.0);
        let floor = below * 10.0_f64.powf(-7.5);
        let mut beneath = below;
        let mut slope_db: f64 = f64::INFINITY;
        for from_hz in OCTAVES_HZ {
            let power = band(from_hz);
            if beneath <= floor {
                break;
            }
            slope_db = slope_db.min(10.0 * (beneath / power.max(1e-30)).log10());
            beneath = power;
        }
        slope_db
    }

    fn rise_db(&self) -> f64 {
        let mean = self.pieces.iter().sum::<f64>() / self.pieces.len().max(1) as f64;
        let settled = (self.opening_s.min(30.0) / RISE_S) as usize;
        let mut most: f64 = 0.0;
        for at in settled.max(36)..self.pieces.len().saturating_sub(4) {
            let now = self.pieces[at..at + 4].iter().sum::<f64>() / 4.0;
            let before = self.pieces[at - 36..at - 6].iter().sum::<f64>() / 30.0;
            if now > mean / 100.0 {
                most = most.max(10.0 * (now / before.max(mean * 1e-6)).log10());
            }
        }
        most
    }
}

impl AudioMetrics {
    /// Returns a description of every limit that is exceeded.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let mut hold = |kept: bool, fault: String| {
            if !kept {
                violations.push(fault);
            }
        };
        hold(self.below_curve_lu >= -4.0, format!("{:.1} LU below the curve", self.below_curve_lu));
        hold(self.above_curve_lu <= 4.0, format!("{:.1} LU above the curve", self.above_curve_lu));
        hold(self.centroid_low_hz >= 150.0, format!("a centroid of {:.0} Hz", self.centroid_low_hz));
        hold(self.centroid_high_hz <= 1_500.0, format!("a centroid of {:.0} Hz", self.centroid_high_hz));
        hold(self.slope_db >= 6.0, format!("a slope of {:.1} dB an octave", self.slope_db));
        hold(self.correlation_low >= 0.2, format!("a correlation of {:.2}", self.correlation_low));
        hold(self.mono_loss_db <= 3.0, format!("{:.1} dB lost in mono", self.mono_loss_db));
        hold(self.rise_db <= 6.0, format!("a rise of {:.1} dB within a second", self.rise_db));
        hold(self.peak <= 0.89, format!("a peak of {:.2}", self.peak));
        hold(self.click_ratio <= CLICK_LIMIT, format!("a click of {:.0} times what is round it", self.click_ratio));
        violations
    }
}

/// Maximum [`click_ratio`] of music without clicks.
pub const CLICK_LIMIT: f32 = 8.0;

/// Returns the largest second difference of the samples, relative to its RMS over about 40 ms. Slow tones stay near 4;
/// a click reaches tens or hundreds. Second differences below −96 dBFS are ignored.
#[must_use]
pub fn click_ratio(frames: &[[f32; 2]], rate_hz: u32) -> f32 {
    let mut clicks = Clicks::new(f64::from(rate_hz));
    for frame in frames {
        clicks.add(*frame);
    }
    clicks.worst
}

/// Returns the level of each third of an octave from 50 Hz to 12.5 kHz, in dB, with the frequency of its centre in
/// hertz.
#[must_use]
pub fn third_octaves_db(samples: &[f32], rate_hz: f32) -> Vec<(f32, f32)> {
    let transform = RealFftPlanner::<f32>::new().plan_fft_forward(SPECTRUM);
    let (window, mut spectrum) = (hann(SPECTRUM), transform.make_output_vec());
    let mut power = vec![0.0_f64; spectrum.len()];
    for part in samples.windows(SPECTRUM).step_by(SPECTRUM / 2) {
        let mut part: Vec<f32> = part.iter().zip(&window).map(|(sample, gain)| sample * gain).collect();
        // This cannot fail, because the buffers have the lengths that the plan requires.
        let _ = transform.process(&mut part, &mut spectrum);
        for (sum, value) in power.iter_mut().zip(&spectrum) {
            *sum += f64::from(value.norm_sqr());
        }
    }
    let bin_of = |pitch_hz: f32| ((pitch_hz / rate_hz * SPECTRUM as f32).round() as usize).min(power.len());
    let sixth = 10.0_f32.powf(0.05);
    let centres_hz = (17..=41).map(|band| 10.0_f32.powf(band as f32 / 10.0));
    centres_hz
        .map(|centre_hz| {
            let sum: f64 = power[bin_of(centre_hz / sixth)..bin_of(centre_hz * sixth)].iter().sum();
            (centre_hz, 10.0 * sum.max(1e-30).log10() as f32)
        })
        .collect()
}

struct Clicks {
    before: [[f32; 2]; 2],
    mean: [f32; 2],
    recent: Vec<[f32; 2]>,
    speed: f32,
    worst: f32,
    frames: u64,
}

impl Clicks {
    fn new(rate_hz: f64) -> Self {
        let recent = vec![[0.0; 2]; (0.02 * rate_hz) as usize];
        let speed = (1.0 / (0.04 * rate_hz)) as f32;
        Self { before: [[0.0; 2]; 2], mean: [0.0; 2], recent, speed, worst: 0.0, frames: 0 }
    }

    fn add(&mut self, frame: [f32; 2]) {
        const FAINT: f32 = 1.6e-5;
        let at = (self.frames % self.recent.len() as u64) as usize;
        for (side, sample) in frame.into_iter().enumerate() {
            let late = self.recent[at][side];
            if late > FAINT * FAINT {
                self.worst = self.worst.max((late / self.mean[side].max(FAINT * FAINT)).sqrt());
            }
            let bend = (sample - 2.0 * self.before[0][side] + self.before[1][side]).powi(2);
            self.recent[at][side] = bend;
            self.mean[side] += self.speed * (bend - self.mean[side]);
        }
        self.frames += 1;
        self.before = [frame, self.before[0]];
    }
}

pub(super) fn hann(length: usize) -> Vec<f32> {
    (0..length).map(|at| 0.5 - 0.5 * (std::f32::consts::TAU * at as f32 / length as f32).cos()).collect()
}

/// One bin of a spectrum.
pub(super) type Bin = Complex<f32>;
