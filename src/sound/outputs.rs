//! Owns which output is meant by a name, and which there are: those of the sound server and, where there is none, those
//! of the system's sound library. Does not own when one is opened (`device`).

use std::sync::Arc;

use pulseaudio::protocol::SinkInfo;
use rodio::cpal::traits::{DeviceTrait, HostTrait};
use rodio::cpal::{self, Device};

use super::engine::Engine;
use super::hush::Hush;
use super::ports::Watch;
use super::served::{ServedOutput, ServedStream};
use super::server::Server;
use super::stream::{Lender, OpenStream, Output};

/// The most names that an error lists.
const LISTED_MAX: usize = 12;
/// A period where nobody says.
const PERIOD_MS: u32 = 48;

/// An output as `kiosk.toml` may name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputName {
    /// What to write for `device`, `chime_device` or a calibration's `output`.
    pub name: String,
    /// What the system calls it.
    pub description: String,
    /// The ports that it has, for a calibration's `port`, the present one first; none where nobody tells.
    pub ports: Vec<String>,
    /// Whether sound goes there when nobody names an output.
    pub is_default: bool,
}

/// Every output there is, in the system's order.
#[must_use]
pub fn outputs() -> Vec<OutputName> {
    let served = Server::connect().and_then(|mut server| {
        let default = server.default_sink();
        Ok((server.sinks()?, default))
    });
    if let Ok((sinks, default)) = served {
        let named = sinks.iter().map(|sink| name_of(sink, default.as_deref() == Some(sink.name.as_c_str())));
        return named.collect();
    }
    let listed = plain_devices().into_iter().map(|(name, description, _)| OutputName {
        is_default: name == "default",
        name,
        description,
        ports: Vec::new(),
    });
    listed.collect()
}

/// Why no sound can go to the output `name`, if it cannot.
#[must_use]
pub fn output_missing(name: &str) -> Option<String> {
    Found::find(Some(name)).err()
}

fn name_of(sink: &SinkInfo, is_default: bool) -> OutputName {
    let mut ports: Vec<String> = sink.ports.iter().map(|port| port.name.to_string_lossy().into_owned()).collect();
    if sink.active_port < ports.len() {
        ports.swap(0, sink.active_port);
    }
    let description = sink.description.as_ref().map(|text| text.to_string_lossy().into_owned());
    OutputName {
        name: sink.name.to_string_lossy().into_owned(),
        description: description.unwrap_or_default(),
        ports,
        is_default,
    }
}

/// The outputs of the system's sound library: name, description, device.
fn plain_devices() -> Vec<(String, String, Device)> {
    // The library writes a page to standard error on each thing that it looks for in vain.
    let _hush = Hush::begin();
    let Ok(devices) = cpal::default_host().devices() else { return Vec::new() };
    let outputs = devices.filter(DeviceTrait::supports_output).filter_map(|device| {
        let name = device.id().ok()?.id().to_owned();
        let description = device.description().map(|text| text.name().to_owned()).unwrap_or_default();
        (name != "null").then_some((name, description, device))
    });
    outputs.collect()
}

/// Which of these outputs, each a name and a description, somebody means who writes `wanted`: the one of this name, or
/// the only one of this description.
fn meant(wanted: &str, known: &[(String, String)]) -> Option<usize> {
    let wanted = wanted.trim();
    let described = |at: &usize| known[*at].1.eq_ignore_ascii_case(wanted);
    known.iter().position(|(name, _)| name == wanted).or_else(|| {
        let mut alike = (0..known.len()).filter(described);
        alike.next().filter(|_| alike.next().is_none())
    })
}

/// An output that can be opened.
pub enum Found {
    /// One of the sound server's.
    Served(Box<ServedOutput>),
    /// One of the system's sound library.
    Plain(Output),
}

/// Whether a sound server answers.
pub fn is_served() -> bool {
    Server::connect().is_ok_and(|mut server| server.sinks().is_ok_and(|sinks| !sinks.is_empty()))
}

/// An open stream. Dropping it stops it.
pub enum Running {
    /// On the sound server.
    Served(#[expect(dead_code, reason = "held for its end")] ServedStream),
    /// On the system's sound library.
    Plain(#[expect(dead_code, reason = "held for its end")] OpenStream),
}

impl Found {
    /// The output `name`, or the one that is the system's choice. A name that is missing is an error that says which
    /// there are; no other output takes its place.
    pub fn find(name: Option<&str>) -> Result<Self, String> {
        let connected = Server::connect().and_then(|mut server| Ok((server.sinks()?, server)));
        if let Ok((sinks, server)) = connected {
            return find_served(name, sinks, server);
        }
        let Some(name) = name else {
            let device = cpal::default_host().default_output_device().ok_or("the system names no output")?;
            return Output::of(device).map(Self::Plain);
        };
        let (known, mut devices): (Vec<_>, Vec<_>) =
            plain_devices().into_iter().map(|(known, description, device)| ((known, description), device)).unzip();
        match meant(name, &known) {
            Some(at) => Output::of(devices.swap_remove(at)).map(Self::Plain),
            None => Err(not_found(name, &known)),
        }
    }

    /// Its rate.
    pub fn rate_hz(&self) -> u32 {
        match self {
            Self::Served(output) => output.rate_hz(),
            Self::Plain(output) => output.rate_hz(),
        }
    }

    /// Whether sound may come out there as far as is known before it is opened. The sound library knows no ports, so a
    /// room that is calibrated for an output of the server's does not go over to it.
    pub fn may_open(&self, watch: &Watch) -> bool {
        matches!(self, Self::Served(_)) || watch.allows_plain()
    }

    /// Opens it with a period of `period_ms`, or with its own if there is none. The engine comes back through the lender's home when the stream ends, however it ends.
    pub fn open(
        self,
        engine: Box<Engine>,
        lender: &Lender<'_>,
        watch: &Arc<Watch>,
        period_ms: Option<u32>,
    ) -> Result<Running, String> {
        match self {
            Self::Served(output) => {
                output.open(engine, lender, watch, period_ms.unwrap_or(PERIOD_MS)).map(Running::Served)
            }
            Self::Plain(output) => output.open(engine, lender, period_ms).map(Running::Plain),
        }
    }
}

fn find_served(name: Option<&str>, mut sinks: Vec<SinkInfo>, mut server: Server) -> Result<Found, String> {
    let by_environment = std::env::var("PULSE_SINK").ok().filter(|sink| !sink.is_empty());
    let wanted = match (name, by_environment) {
        (Some(name), _) => name.to_owned(),
        (None, Some(sink)) => sink,
        (None, None) => match server.default_sink() {
            Some(default) => default.to_string_lossy().into_owned(),
            None => return Err("the sound server names no output".to_owned()),
        },
    };
    let names = sinks.iter().map(|sink| name_of(sink, false));
    let known: Vec<(String, String)> = names.map(|output| (output.name, output.description)).collect();
    match meant(&wanted, &known) {
        Some(at) => Ok(Found::Served(Box::new(ServedOutput::new(server, sinks.swap_remove(at))))),
        None if sinks.is_empty() => Err("the sound server has no output".to_owned()),
        None => Err(not_found(&wanted, &known)),
    }
}

fn not_found(name: &str, known: &[(String, String)]) -> String {
    let listed: Vec<String> = known.iter().take(LISTED_MAX).map(|(name, _)| format!("{name:?}")).collect();
    let more = match known.len().saturating_sub(LISTED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match known.len() {
        0 => format!("no output is named {name:?}; there are none"),
        1 => format!("no output is named {name:?}; there is {}", listed.join("")),
        _ => format!("no output is named {name:?}; there are {}{more}", listed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(names: &[(&str, &str)]) -> Vec<(String, String)> {
        names.iter().map(|(name, description)| ((*name).to_owned(), (*description).to_owned())).collect()
    }

    #[test]
    fn an_output_is_meant_by_its_name_or_a_description_of_its_own() {
        let outputs = known(&[("room", "Null Output"), ("hall", "Null Output"), ("tv", "Screen on the Wall")]);
        assert_eq!(meant("hall", &outputs), Some(1));
        assert_eq!(meant("screen on the wall", &outputs), Some(2));
        assert_eq!(meant("Null Output", &outputs), None, "two are described alike");
        assert_eq!(meant("Hall", &outputs), None, "names are exact");
        assert_eq!(meant("roo", &outputs), None);
    }

    #[test]
    fn a_missing_output_is_told_with_those_there_are() {
        let told = |names: &[(&str, &str)]| not_found("hall", &known(names));
        assert_eq!(told(&[("room", ""), ("tv", "")]), "no output is named \"hall\"; there are \"room\", \"tv\"");
        assert_eq!(told(&[]), "no output is named \"hall\"; there are none");
        assert!(told(&[("a", ""); 20]).ends_with("and 8 more"));
    }
}
