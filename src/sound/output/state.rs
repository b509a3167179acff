//! Owns the state that the handle, the callback and the output thread share: a clock, the latest mix, and statistics
//! about the output. Does not own commands (`command`).

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::sound::Mix;

/// Error in the estimate of the output's clock, in seconds, above which sound and picture visibly diverge.
const CLOCK_MISS_S: f64 = 0.02;

/// State shared by the handle, the callback and the output thread.
#[derive(Debug)]
pub struct SoundState {
    /// Start of the clock.
    pub epoch: Instant,
    /// The latest mix, and the number of mixes set so far.
    pub mix: Mutex<(u64, Mix)>,
    /// Time of the last buffer request in microseconds after `epoch`; 0 before the first.
    last_buffer_us: AtomicU64,
    underruns: AtomicU64,
    /// Largest error in the estimate of the output's clock, in microseconds.
    clock_error_us: AtomicU64,
    clock_notes: AtomicU64,
    clock_misses: AtomicU64,
    /// Time from the rendering of the latest frame until it is heard, in microseconds.
    latency_us: AtomicU64,
}

/// Statistics about the output. Only streams on the sound server contribute to them. Counts and the largest error cover
/// the time since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputHealth {
    /// Number of underruns.
    pub underruns: u64,
    /// Largest difference between the estimated time at which a frame is heard and the time by the output's own clock,
    /// in microseconds.
    pub clock_error_us: u64,
    /// Number of measurements of the clock error.
    pub clock_notes: u64,
    /// Number of measurements with a clock error above 20 ms.
    pub clock_misses: u64,
    /// Time from the rendering of the latest frame until it is heard, by the output's own clock, in microseconds.
    pub latency_us: u64,
}

impl SoundState {
    /// Creates the state, and starts its clock.
    pub fn new() -> Self {
        Self {
            epoch: Instant::now(),
            mix: Mutex::new((0, Mix::default())),
            last_buffer_us: AtomicU64::new(0),
            underruns: AtomicU64::new(0),
            clock_error_us: AtomicU64::new(0),
            clock_notes: AtomicU64::new(0),
            clock_misses: AtomicU64::new(0),
            latency_us: AtomicU64::new(0),
        }
    }

    /// Returns the seconds since the start of the clock.
    pub fn now_s(&self) -> f64 {
        self.epoch.elapsed().as_secs_f64()
    }

    /// Counts an underrun.
    pub fn count_underrun(&self) {
        self.underruns.fetch_add(1, Ordering::Relaxed);
    }

    /// Records the error in the estimate of the output's clock, in seconds; ignores `None`, which means that the
    /// estimate has not settled yet.
    pub fn note_clock_error(&self, error_s: Option<f64>) {
        if let Some(error_s) = error_s {
            self.clock_error_us.fetch_max((error_s.abs() * 1e6) as u64, Ordering::Relaxed);
            self.clock_notes.fetch_add(1, Ordering::Relaxed);
            if error_s.abs() > CLOCK_MISS_S {
                self.clock_misses.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Records the time from the rendering of a frame until it is heard, in seconds.
    pub fn note_latency(&self, wait_s: f64) {
        self.latency_us.store((wait_s * 1e6) as u64, Ordering::Relaxed);
    }

    /// Returns the statistics so far.
    pub fn health(&self) -> OutputHealth {
        OutputHealth {
            underruns: self.underruns.load(Ordering::Relaxed),
            clock_error_us: self.clock_error_us.load(Ordering::Relaxed),
            clock_notes: self.clock_notes.load(Ordering::Relaxed),
            clock_misses: self.clock_misses.load(Ordering::Relaxed),
            latency_us: self.latency_us.load(Ordering::Relaxed),
        }
    }

    /// Records a buffer request and returns the seconds since `epoch`.
    pub fn mark_buffer(&self) -> f64 {
        let age = self.epoch.elapsed();
        self.last_buffer_us.store(u64::try_from(age.as_micros()).unwrap_or(u64::MAX).max(1), Ordering::Release);
        age.as_secs_f64()
    }

    /// Returns the time since the last buffer request; `None` if there has been none.
    pub fn last_buffer_age(&self) -> Option<Duration> {
        match self.last_buffer_us.load(Ordering::Acquire) {
            0 => None,
            at_us => Some(self.epoch.elapsed().saturating_sub(Duration::from_micros(at_us))),
        }
    }
}
