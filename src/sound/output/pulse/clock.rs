//! Owns the estimate of when a frame is heard. It is computed from the sound server's occasional replies about timing.
//! Does not own the queries (`stream`).

/// Distance of a measurement from the estimate, in seconds, above which the measurement counts as a jump rather than as
/// jitter.
const JUMP_S: f64 = 0.04;

/// A line fitted to the server's measurements: frame 0 was heard at `origin_s`, and later frames follow at the sample
/// rate.
#[derive(Clone, Copy, Debug)]
pub struct PlaybackClock {
    rate_hz: f64,
    origin_s: f64,
    notes: u32,
    jumps: u32,
    is_known: bool,
}

impl PlaybackClock {
    /// Creates a clock without any measurement.
    pub fn new(rate_hz: u32) -> Self {
        Self { rate_hz: f64::from(rate_hz.max(1)), origin_s: 0.0, notes: 0, jumps: 0, is_known: false }
    }

    /// Returns whether there have been enough measurements, namely eight, for a reliable estimate.
    pub const fn is_settled(&self) -> bool {
        self.notes >= 8
    }

    /// Makes the next measurement replace the estimate. This is needed after an underrun, which delays all later
    /// frames.
    pub const fn reset(&mut self) {
        self.notes = 0;
        self.jumps = 0;
    }

    /// Records the server's report that frame `frame` is heard at `heard_s`. A jump is followed only when three
    /// measurements in succession show it. Returns the error of the estimate in seconds, once the clock has settled.
    pub fn note(&mut self, frame: f64, heard_s: f64) -> Option<f64> {
        let origin_s = heard_s - frame / self.rate_hz;
        let error_s = origin_s - self.origin_s;
        if self.notes == 0 {
            self.origin_s = origin_s;
        } else if error_s.abs() > JUMP_S && self.jumps < 2 {
            self.jumps += 1;
            return self.is_settled().then_some(error_s);
        } else if error_s.abs() > JUMP_S {
            self.origin_s = origin_s;
            self.reset();
        } else {
            // The estimate is the mean of the first sixteen measurements, then an exponential average over about as
            // many. This averages out jitter and follows a device whose clock runs at a different speed.
            self.origin_s += error_s / f64::from(self.notes.min(15) + 1);
        }
        self.is_known = true;
        self.jumps = 0;
        self.notes += 1;
        self.is_settled().then_some(error_s)
    }

    /// Returns the time from `now_s` until frame `frame` is heard, clamped to 0 to 3 seconds; 0 without any
    /// measurement.
    pub fn wait_s(&self, frame: u64, now_s: f64) -> f64 {
        if !self.is_known {
            return 0.0;
        }
        (self.origin_s + frame as f64 / self.rate_hz - now_s).clamp(0.0, 3.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_drift_over_a_day_is_followed() {
        let mut clock = PlaybackClock::new(48_000);
        // The device's clock is 50 ppm fast, with 2 ms of jitter.
        for second in 0..86_400_u32 {
            let frame = f64::from(second) * 48_000.0 * 1.000_05;
            let jitter_s = f64::from(second.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 * 0.004 - 0.002;
            clock.note(frame, f64::from(second) + 0.1 + jitter_s);
            if second > 20 {
                let wait_s = clock.wait_s(frame as u64, f64::from(second));
                assert!((wait_s - 0.1).abs() < 0.0025, "{second} s: {wait_s}");
            }
        }
    }

    #[test]
    fn a_single_outlier_is_ignored_and_a_lasting_jump_is_followed() {
        let mut clock = PlaybackClock::new(48_000);
        for second in 0..20 {
            clock.note(f64::from(second) * 48_000.0, f64::from(second) + 0.1);
        }
        clock.note(20.0 * 48_000.0, 21.0);
        assert!((clock.wait_s(0, 0.0) - 0.1).abs() < 1e-6);
        for second in 21..24 {
            clock.note(f64::from(second) * 48_000.0, f64::from(second) + 0.4);
        }
        assert!((clock.wait_s(0, 0.0) - 0.4).abs() < 1e-6);
    }
}
