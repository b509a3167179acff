//! Owns what the handle, the callback and the device thread share: one clock, the wanted mix, and how the output does.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::sound::Mix;

/// Eye and ear are apart when the reckoning of the output's clock is off by more than this.
const CLOCK_MISS_S: f64 = 0.02;

/// What the handle, the callback and the device thread share.
#[derive(Debug)]
pub struct Shared {
    /// When its clock began.
    pub epoch: Instant,
    /// The latest mix, and how often one has been set.
    pub mix: Mutex<(u64, Mix)>,
    /// Microseconds after `epoch` of the last callback; 0 before the first.
    last_buffer_us: AtomicU64,
    underruns: AtomicU64,
    /// The largest difference between what was reckoned and what the output said of its clock, in microseconds.
    clock_error_us: AtomicU64,
    clock_notes: AtomicU64,
    clock_misses: AtomicU64,
    /// What a frame that is drawn waits until it is heard, in microseconds.
    latency_us: AtomicU64,
}

/// How an output has been doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// How often the output ran out of sound.
    pub underruns: u64,
    /// The largest error of the reckoning when a frame is heard, against the output's own clock, in microseconds.
    pub clock_error_us: u64,
    /// How often that was measured.
    pub clock_notes: u64,
    /// How often the error was more than 20 ms.
    pub clock_misses: u64,
    /// What the last frame that was drawn waits until it is heard, by the output's own clock, in microseconds.
    pub latency_us: u64,
}

impl Shared {
    /// Its clock starts now.
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

    /// Seconds since its clock began.
    pub fn now_s(&self) -> f64 {
        self.epoch.elapsed().as_secs_f64()
    }

    /// The output ran out of sound.
    pub fn count_underrun(&self) {
        self.underruns.fetch_add(1, Ordering::Relaxed);
    }

    /// By how much the reckoning of the output's clock was wrong, if it was settled.
    pub fn note_clock_error(&self, error_s: Option<f64>) {
        if let Some(error_s) = error_s {
            self.clock_error_us.fetch_max((error_s.abs() * 1e6) as u64, Ordering::Relaxed);
            self.clock_notes.fetch_add(1, Ordering::Relaxed);
            if error_s.abs() > CLOCK_MISS_S {
                self.clock_misses.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// What a frame that is drawn now waits until it is heard, in seconds.
    pub fn note_latency(&self, wait_s: f64) {
        self.latency_us.store((wait_s * 1e6) as u64, Ordering::Relaxed);
    }

    /// How the output has been doing.
    pub fn health(&self) -> Health {
        Health {
            underruns: self.underruns.load(Ordering::Relaxed),
            clock_error_us: self.clock_error_us.load(Ordering::Relaxed),
            clock_notes: self.clock_notes.load(Ordering::Relaxed),
            clock_misses: self.clock_misses.load(Ordering::Relaxed),
            latency_us: self.latency_us.load(Ordering::Relaxed),
        }
    }

    /// Notes that the output asked for sound, and gives the seconds since the epoch.
    pub fn mark_buffer(&self) -> f64 {
        let age = self.epoch.elapsed();
        self.last_buffer_us.store(u64::try_from(age.as_micros()).unwrap_or(u64::MAX).max(1), Ordering::Release);
        age.as_secs_f64()
    }

    /// How long ago the output last asked for sound.
    pub fn last_buffer_age(&self) -> Option<Duration> {
        match self.last_buffer_us.load(Ordering::Acquire) {
            0 => None,
            at_us => Some(self.epoch.elapsed().saturating_sub(Duration::from_micros(at_us))),
        }
    }
}
