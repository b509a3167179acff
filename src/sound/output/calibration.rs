//! Owns the question whether the room is calibrated for where its sound would come out: a pulled plug or a lost output
//! never moves sound to a louder place. Does not own how the server tells of it (`pulse`).

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// The system's sound library, where there is no sound server: it knows no ports.
pub const PLAIN: &str = "system";

/// An output and the port through which it is heard, as the sound server names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The output.
    pub output: String,
    /// Its port, such as a headphone jack; none for an output without ports.
    pub port: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.port {
            Some(port) => write!(formatter, "{}, port {port}", self.output),
            None => formatter.write_str(&self.output),
        }
    }
}

/// What the room is calibrated for. What is not said matches everything; what is said must be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calibrated {
    /// The output.
    pub output: Option<String>,
    /// The port.
    pub port: Option<String>,
}

impl Calibrated {
    /// Whether nothing is said.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.output.is_none() && self.port.is_none()
    }

    /// Whether sound may come out there.
    #[must_use]
    pub fn holds_for(&self, place: &Place) -> bool {
        self.output.as_ref().is_none_or(|output| *output == place.output)
            && (self.port.is_none() || self.port == place.port)
    }
}

impl From<&Place> for Calibrated {
    fn from(place: &Place) -> Self {
        Self { output: Some(place.output.clone()), port: place.port.clone() }
    }
}

/// Where sound comes out and whether it may, shared between the stream and its keeper.
#[derive(Debug, Default)]
pub struct Watch {
    /// What the configuration says.
    measured: Calibrated,
    known: Mutex<Calibrated>,
    /// Counts changes of `known`, so that a stream looks again.
    changes: AtomicU32,
}

impl Watch {
    /// Starts with what the configuration says. If it says nothing, the first place that is seen is taken as known.
    pub fn new(known: Calibrated) -> Self {
        Self { measured: known.clone(), known: Mutex::new(known), changes: AtomicU32::new(0) }
    }

    /// Whether the room's level was measured at `place`. Where the configuration names none, it holds for every place.
    pub fn is_measured(&self, place: &Place) -> bool {
        self.measured.holds_for(place)
    }

    /// Whether staff have allowed another place than the one that was measured.
    pub fn is_careful(&self) -> bool {
        !self.measured.is_open() && *self.known.lock().unwrap_or_else(PoisonError::into_inner) != self.measured
    }

    /// Whether sound may come out at `place`.
    pub fn judge(&self, place: &Place) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_open() {
            *known = Calibrated::from(place);
        }
        // Where it was measured it may always sound, whatever else staff have allowed.
        known.holds_for(place) || (!self.measured.is_open() && self.measured.holds_for(place))
    }

    /// Whether sound may come out where nobody tells of ports: at the output `name` of the system's sound library, or at
    /// its choice. Such a place is never taken as the known one: a sound server that comes up late is.
    pub fn allows_plain(&self, name: Option<&str>) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.holds_for(&Place { output: name.unwrap_or(PLAIN).to_owned(), port: None })
    }

    /// The output that the room is calibrated for, once that is known by name.
    pub fn known_output(&self) -> Option<String> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).output.clone()
    }

    /// From now on sound may come out at `place`: somebody looked.
    pub fn accept(&self, place: &Place) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Calibrated::from(place);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// How often what is known has changed.
    pub fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }
}

/// The last gain before the server: shut within 60 ms, open again within 1.6 s, never a step.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    position: f32,
    opening: f32,
    shutting: f32,
    is_open: bool,
}

impl Gate {
    /// Shut, for a stream of `rate_hz`.
    pub fn shut(rate_hz: u32) -> Self {
        let rate = rate_hz as f32;
        Self { position: 0.0, opening: 1.0 / (1.6 * rate), shutting: -1.0 / (0.06 * rate), is_open: false }
    }

    /// Opens or shuts it. The first opening of a stream is quick: the engine fades in by itself.
    pub fn set(&mut self, is_open: bool, at_once: bool) {
        self.is_open = is_open;
        if is_open && at_once {
            self.position = 1.0;
        }
    }

    /// Whether it is open or opens.
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Passes `frames` through.
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

    fn place(output: &str, port: Option<&str>) -> Place {
        Place { output: output.to_owned(), port: port.map(str::to_owned) }
    }

    #[test]
    fn without_a_calibration_the_first_place_is_the_known_one() {
        let watch = Watch::new(Calibrated::default());
        let headphones = place("card", Some("headphones"));
        assert!(watch.judge(&headphones));
        assert!(!watch.judge(&place("card", Some("speaker"))), "a pulled plug");
        assert!(!watch.judge(&place("tv", None)), "another output");
        assert!(watch.judge(&headphones), "and back");
    }

    #[test]
    fn a_calibration_holds_for_what_it_names() {
        let by_port = Watch::new(Calibrated { output: None, port: Some("speaker".to_owned()) });
        assert!(!by_port.judge(&place("card", Some("headphones"))));
        assert!(by_port.judge(&place("card", Some("speaker"))));
        assert!(!by_port.judge(&place("room", None)));
        let by_output = Watch::new(Calibrated { output: Some("room".to_owned()), port: None });
        assert!(by_output.judge(&place("room", Some("any"))) && !by_output.judge(&place("tv", None)));
    }

    #[test]
    fn staff_can_accept_another_place() {
        let watch = Watch::new(Calibrated::default());
        assert!(watch.judge(&place("card", Some("headphones"))));
        watch.accept(&place("card", Some("speaker")));
        assert_eq!(watch.changes(), 1);
        assert!(watch.judge(&place("card", Some("speaker"))));
        assert!(!watch.judge(&place("card", Some("headphones"))));
    }

    #[test]
    fn where_staff_allow_it_beside_a_measured_place_the_sound_is_careful() {
        let watch = Watch::new(Calibrated { output: Some("room".to_owned()), port: None });
        let (room, tv) = (place("room", None), place("tv", None));
        assert!(watch.is_measured(&room) && !watch.is_measured(&tv) && !watch.is_careful());
        watch.accept(&tv);
        assert!(watch.judge(&tv) && !watch.is_measured(&tv) && watch.is_careful());
        assert!(watch.judge(&room), "it was measured");
        let unmeasured = Watch::new(Calibrated::default());
        assert!(unmeasured.judge(&room) && unmeasured.is_measured(&tv));
        unmeasured.accept(&tv);
        assert!(!unmeasured.is_careful(), "nothing is known of either");
    }

    #[test]
    fn without_a_sound_server_only_what_is_named_can_be_the_measured_output() {
        let named = Watch::new(Calibrated { output: Some("plughw:CARD=USB".to_owned()), port: None });
        assert!(named.allows_plain(Some("plughw:CARD=USB")));
        assert!(!named.allows_plain(None) && !named.allows_plain(Some("hdmi:CARD=HDMI")));
        assert!(Watch::new(Calibrated::default()).allows_plain(None));
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
