//! Owns the rule that sound comes out only where the room is calibrated, and the gate that mutes a stream. Neither a
//! pulled plug nor a lost output may ever move sound to a louder output. Does not own the server's reports about its
//! outputs (`pulse`).

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Name by which a calibration can refer to ALSA's default output, which is used if there is no sound server.
pub const ALSA_DEFAULT: &str = "system";

/// An output and its active port, by the names that the system gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputRoute {
    /// Name of the output, on the sound server or on ALSA.
    pub output: String,
    /// Active port of the output, such as a headphone jack; `None` if the output has no ports.
    pub port: Option<String>,
}

impl fmt::Display for OutputRoute {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.port {
            Some(port) => write!(formatter, "{}, port {port}", self.output),
            None => formatter.write_str(&self.output),
        }
    }
}

/// The output that the room was calibrated for. A field that is not set matches anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalibratedOutput {
    /// Name of the output, on the sound server or on ALSA.
    pub output: Option<String>,
    /// Name of the output's port.
    pub port: Option<String>,
}

impl CalibratedOutput {
    /// Returns whether neither field is set, so that every output matches.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.output.is_none() && self.port.is_none()
    }

    /// Returns whether `route` matches every field that is set.
    #[must_use]
    pub fn holds_for(&self, route: &OutputRoute) -> bool {
        self.output.as_ref().is_none_or(|output| *output == route.output)
            && (self.port.is_none() || self.port == route.port)
    }
}

impl From<&OutputRoute> for CalibratedOutput {
    fn from(route: &OutputRoute) -> Self {
        Self { output: Some(route.output.clone()), port: route.port.clone() }
    }
}

/// Where sound may come out, shared between the stream and the output thread.
#[derive(Debug, Default)]
pub struct CalibrationWatch {
    /// The output in the configuration, at which the room's level was measured.
    measured: CalibratedOutput,
    /// The calibration that applies now: `measured`, the first route seen, or the route that staff accepted last.
    known: Mutex<CalibratedOutput>,
    /// Number of times that staff have accepted a route. When it changes, a stream checks again whether its route is
    /// allowed.
    changes: AtomicU32,
}

impl CalibrationWatch {
    /// Creates a watch from the calibration in the configuration. If that is empty, the first route seen counts as
    /// calibrated.
    pub fn new(known: CalibratedOutput) -> Self {
        Self { measured: known.clone(), known: Mutex::new(known), changes: AtomicU32::new(0) }
    }

    /// Returns whether the room's level was measured at `route`. Without a calibration, every route counts as measured.
    pub fn is_measured(&self, route: &OutputRoute) -> bool {
        self.measured.holds_for(route)
    }

    /// Returns whether staff have allowed a route whose level was not measured.
    pub fn is_limited(&self) -> bool {
        !self.measured.is_open() && *self.known.lock().unwrap_or_else(PoisonError::into_inner) != self.measured
    }

    /// Returns whether sound may come out at `route`. Adopts `route` as the calibrated route if there is none yet.
    pub fn allows(&self, route: &OutputRoute) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_open() {
            *known = CalibratedOutput::from(route);
        }
        // The measured route is always allowed, even if staff have accepted a different route.
        known.holds_for(route) || (!self.measured.is_open() && self.measured.holds_for(route))
    }

    /// Returns whether sound may come out on ALSA, at the output `name` or the system default. Never adopts that route
    /// as the calibrated route, because a sound server may still come up.
    pub fn allows_alsa(&self, name: Option<&str>) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.holds_for(&OutputRoute { output: name.unwrap_or(ALSA_DEFAULT).to_owned(), port: None })
    }

    /// Returns the name of the output for which the room is calibrated, if the name is known.
    pub fn known_output(&self) -> Option<String> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).output.clone()
    }

    /// Allows sound at `route` from now on, because staff accepted it.
    pub fn accept(&self, route: &OutputRoute) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = CalibratedOutput::from(route);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Returns how many times staff have accepted a route so far.
    pub fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }
}

/// The last gain before the sound server. It ramps down within 60 ms, and up within 1.6 s.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    position: f32,
    opening: f32,
    shutting: f32,
    is_open: bool,
}

impl Gate {
    /// Creates a closed gate for a stream of `rate_hz`.
    pub fn shut(rate_hz: u32) -> Self {
        let rate = rate_hz as f32;
        Self { position: 0.0, opening: 1.0 / (1.6 * rate), shutting: -1.0 / (0.06 * rate), is_open: false }
    }

    /// Opens or closes the gate. With `at_once`, it opens without a ramp; this is for the start of a stream, where the
    /// engine itself fades in.
    pub fn set(&mut self, is_open: bool, at_once: bool) {
        self.is_open = is_open;
        if is_open && at_once {
            self.position = 1.0;
        }
    }

    /// Returns whether the gate is open or opening.
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Applies the gain to `frames`.
    pub fn run(&mut self, frames: &mut [[f32; 2]]) {
        if self.is_open && self.position >= 1.0 {
            return;
        }
        let step = if self.is_open { self.opening } else { self.shutting };
        for frame in frames {
            self.position = (self.position + step).clamp(0.0, 1.0);
            let gain = self.position * self.position * (3.0 - 2.0 * self.position);
            frame[0] *= gain;
            frame[1] *= gain;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(output: &str, port: Option<&str>) -> OutputRoute {
        OutputRoute { output: output.to_owned(), port: port.map(str::to_owned) }
    }

    #[test]
    fn without_a_calibration_the_first_route_counts_as_calibrated() {
        let watch = CalibrationWatch::new(CalibratedOutput::default());
        let headphones = route("card", Some("headphones"));
        assert!(watch.allows(&headphones));
        assert!(!watch.allows(&route("card", Some("speaker"))), "a pulled plug");
        assert!(!watch.allows(&route("tv", None)), "another output");
        assert!(watch.allows(&headphones), "and back");
    }

    #[test]
    fn a_calibration_restricts_only_the_fields_it_sets() {
        let by_port = CalibrationWatch::new(CalibratedOutput { output: None, port: Some("speaker".to_owned()) });
        assert!(!by_port.allows(&route("card", Some("headphones"))));
        assert!(by_port.allows(&route("card", Some("speaker"))));
        assert!(!by_port.allows(&route("room", None)));
        let by_output = CalibrationWatch::new(CalibratedOutput { output: Some("room".to_owned()), port: None });
        assert!(by_output.allows(&route("room", Some("any"))) && !by_output.allows(&route("tv", None)));
    }

    #[test]
    fn staff_can_accept_another_route() {
        let watch = CalibrationWatch::new(CalibratedOutput::default());
        assert!(watch.allows(&route("card", Some("headphones"))));
        watch.accept(&route("card", Some("speaker")));
        assert_eq!(watch.changes(), 1);
        assert!(watch.allows(&route("card", Some("speaker"))));
        assert!(!watch.allows(&route("card", Some("headphones"))));
    }

    #[test]
    fn the_volume_is_limited_on_an_unmeasured_route() {
        let watch = CalibrationWatch::new(CalibratedOutput { output: Some("room".to_owned()), port: None });
        let (room, tv) = (route("room", None), route("tv", None));
        assert!(watch.is_measured(&room) && !watch.is_measured(&tv) && !watch.is_limited());
        watch.accept(&tv);
        assert!(watch.allows(&tv) && !watch.is_measured(&tv) && watch.is_limited());
        assert!(watch.allows(&room), "it was measured");
        let unmeasured = CalibrationWatch::new(CalibratedOutput::default());
        assert!(unmeasured.allows(&room) && unmeasured.is_measured(&tv));
        unmeasured.accept(&tv);
        assert!(!unmeasured.is_limited(), "nothing is known of either");
    }

    #[test]
    fn on_alsa_only_a_named_output_can_be_the_calibrated_one() {
        let named = CalibrationWatch::new(CalibratedOutput { output: Some("plughw:CARD=USB".to_owned()), port: None });
        assert!(named.allows_alsa(Some("plughw:CARD=USB")));
        assert!(!named.allows_alsa(None) && !named.allows_alsa(Some("hdmi:CARD=HDMI")));
        assert!(CalibrationWatch::new(CalibratedOutput::default()).allows_alsa(None));
    }

    #[test]
    fn the_gate_never_steps() {
        let mut gate = Gate::shut(48_000);
        let mut last = 0.0;
        for second in 0..6 {
            gate.set(second % 3 == 0, false);
            let mut frames = vec![[1.0, 1.0]; 48_000];
            gate.run(&mut frames);
            for frame in &frames {
                assert!((frame[0] - last).abs() < 0.001);
                last = frame[0];
            }
            if second % 3 == 2 {
                assert!(last.abs() < f32::EPSILON);
            }
        }
    }
}
