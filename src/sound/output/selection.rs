//! Owns the list of outputs and the choice among them. These are the outputs of the sound server or, if none is
//! running, of ALSA. A running server is never bypassed, because only it reports routes. Does not own the opening and
//! reopening of outputs over time (`keeper`).

use std::sync::{Arc, Mutex, PoisonError};

use pulseaudio::protocol::SinkInfo;
use rodio::cpal::traits::{DeviceTrait, HostTrait};
use rodio::cpal::{self, Device, Host};

use super::calibration::CalibrationWatch;
use super::cpal_stream::{CpalOutput, CpalStream};
use super::lease::StreamContext;
use super::probe;
use super::pulse::{ConnectError, PulseConnection, PulseOutput, PulseStream};
use super::stderr::SilencedStderr;
use crate::sound::engine::Engine;

/// Maximum number of names in an error message.
const LISTED_MAX: usize = 12;
/// Default period, in milliseconds.
const PERIOD_MS: u32 = 48;

/// An output, as `kiosk.toml` may name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputName {
    /// Value for `device`, `chime_device` or a calibration's `output`.
    pub name: String,
    /// Human-readable description.
    pub description: String,
    /// Values for a calibration's `port`, the active port first; empty if ports are not reported.
    pub ports: Vec<String>,
    /// Whether this is the system default.
    pub is_default: bool,
}

/// Returns every output, in the system's order; none if a sound server is running but unusable.
#[must_use]
pub fn outputs() -> Vec<OutputName> {
    match PulseConnection::connect() {
        Ok(mut server) => {
            let default = server.default_sink().ok().flatten();
            let is_default = |sink: &SinkInfo| default.as_deref() == Some(sink.name.as_c_str());
            let sinks = server.sinks().unwrap_or_default();
            return sinks.iter().map(|sink| name_of(sink, is_default(sink))).collect();
        }
        Err(ConnectError::Unusable(_)) => return Vec::new(),
        Err(ConnectError::NotRunning) => {}
    }
    let listed = cpal_devices().into_iter().map(|(name, description, _)| OutputName {
        is_default: name == "default",
        name,
        description,
        ports: Vec::new(),
    });
    listed.collect()
}

/// Returns why the output `name` cannot be used; `None` if it can.
#[must_use]
pub fn output_missing(name: &str) -> Option<String> {
    SelectedOutput::find(OutputChoice::Named(name)).err()
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

/// Returns ALSA's outputs: name, description, device.
fn cpal_devices() -> Vec<(String, String, Device)> {
    // ALSA prints pages to standard error for every device that it cannot find.
    let _hush = SilencedStderr::begin();
    let Ok(devices) = with_library(HostTrait::devices) else { return Vec::new() };
    let outputs = devices.filter(DeviceTrait::supports_output).filter_map(|device| {
        let name = device.id().ok()?.id().to_owned();
        let description = device.description().map(|text| text.name().to_owned()).unwrap_or_default();
        (name != "null").then_some((name, description, device))
    });
    outputs.collect()
}

/// The loaded ALSA host, and the hash ([`probe::settings`]) of the settings with which it was loaded.
static LIBRARY: Mutex<Option<(u64, Host)>> = Mutex::new(None);

/// Queries ALSA. The host is kept while its configuration stays the same, since its plug-ins leak memory on every
/// reload.
fn with_library<T>(ask: impl FnOnce(&Host) -> T) -> T {
    let mut library = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    let settings = probe::settings();
    if library.as_ref().is_some_and(|(read, _)| *read != settings) {
        // ALSA reloads its configuration only when no host uses the old one.
        *library = None;
    }
    ask(&library.get_or_insert_with(|| (settings, cpal::default_host())).1)
}

/// Makes the next query reload ALSA's configuration. Called when a stream on ALSA has been lost, because reloading was
/// impossible while the stream was open.
pub fn forget_library() {
    *LIBRARY.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Returns the index of the output whose name is `wanted` or, if there is none, of the only output whose description is
/// `wanted`, ignoring case. `known` holds the name and the description of each output.
fn index_of(wanted: &str, known: &[(String, String)]) -> Option<usize> {
    let wanted = wanted.trim();
    let described = |at: &usize| known[*at].1.eq_ignore_ascii_case(wanted);
    known.iter().position(|(name, _)| name == wanted).or_else(|| {
        let mut alike = (0..known.len()).filter(described);
        alike.next().filter(|_| alike.next().is_none())
    })
}

/// The choice of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputChoice<'a> {
    /// Only the output with this name or, if none has it, with this description.
    Named(&'a str),
    /// The output with this name, or the system default while it is missing.
    Preferred(&'a str),
    /// The system default.
    Default,
}

/// An output that can be opened.
pub enum SelectedOutput {
    /// An output on the sound server.
    Pulse(Box<PulseOutput>),
    /// An ALSA output, with its name if it was chosen by name.
    Cpal(CpalOutput, Option<String>),
}

/// Returns whether a sound server is running.
pub fn pulse_is_running() -> bool {
    !matches!(PulseConnection::connect(), Err(ConnectError::NotRunning))
}

/// An open stream. Dropping it closes it.
pub enum RunningStream {
    /// A stream on the sound server.
    Pulse(#[expect(dead_code, reason = "held for its end")] PulseStream),
    /// A stream on ALSA.
    Cpal(#[expect(dead_code, reason = "held for its end")] CpalStream),
}

impl SelectedOutput {
    /// Finds an output. If no output has the name, the error lists those that are available.
    pub fn find(choice: OutputChoice<'_>) -> Result<Self, String> {
        match PulseConnection::connect() {
            Ok(mut server) => {
                let sinks = server.sinks()?;
                find_pulse(choice, sinks, server)
            }
            Err(ConnectError::Unusable(why)) => Err(why),
            Err(ConnectError::NotRunning) => find_cpal(choice),
        }
    }

    /// Returns a copy for a second attempt to open the output, with the output's own period; `None` on a sound server,
    /// where a failure is not due to the period.
    pub fn again(&self) -> Option<Self> {
        match self {
            Self::Pulse(_) => None,
            Self::Cpal(output, name) => Some(Self::Cpal(output.clone(), name.clone())),
        }
    }

    /// Returns the sample rate at which the output will be opened.
    pub fn rate_hz(&self) -> u32 {
        match self {
            Self::Pulse(output) => output.rate_hz(),
            Self::Cpal(output, _) => output.rate_hz(),
        }
    }

    /// Returns whether the output may be opened. An output on the sound server may always be opened, because its stream
    /// stays muted if the room is not calibrated for it. ALSA reports no routes, so a room that is calibrated for an
    /// output on the server does not switch to ALSA.
    pub fn may_open(&self, watch: &CalibrationWatch) -> bool {
        match self {
            Self::Pulse(_) => true,
            Self::Cpal(_, name) => watch.allows_alsa(name.as_deref()),
        }
    }

    /// Opens the output with a period of `period_ms`. With `None`, an ALSA output uses its own period, and an output on
    /// the server uses the default of 48 ms. The engine returns through the context's `home` when the stream ends or
    /// cannot be opened.
    pub fn open(
        self,
        engine: Box<Engine>,
        context: &StreamContext<'_>,
        watch: &Arc<CalibrationWatch>,
        period_ms: Option<u32>,
    ) -> Result<RunningStream, String> {
        match self {
            Self::Pulse(output) => {
                output.open(engine, context, watch, period_ms.unwrap_or(PERIOD_MS)).map(RunningStream::Pulse)
            }
            Self::Cpal(output, _) => output.open(engine, context, period_ms).map(RunningStream::Cpal),
        }
    }
}

fn find_pulse(
    choice: OutputChoice<'_>,
    mut sinks: Vec<SinkInfo>,
    mut server: PulseConnection,
) -> Result<SelectedOutput, String> {
    let names = sinks.iter().map(|sink| name_of(sink, false));
    let known: Vec<(String, String)> = names.map(|output| (output.name, output.description)).collect();
    let wanted = match choice {
        OutputChoice::Named(name) => name.to_owned(),
        OutputChoice::Preferred(name) if index_of(name, &known).is_some() => name.to_owned(),
        OutputChoice::Preferred(_) | OutputChoice::Default => {
            match std::env::var("PULSE_SINK").ok().filter(|sink| !sink.is_empty()) {
                Some(sink) => sink,
                None => match server.default_sink()? {
                    Some(default) => default.to_string_lossy().into_owned(),
                    None => return Err("the sound server has no default output".to_owned()),
                },
            }
        }
    };
    match index_of(&wanted, &known) {
        Some(at) => Ok(SelectedOutput::Pulse(Box::new(PulseOutput::new(server, sinks.swap_remove(at))))),
        None if sinks.is_empty() => Err("the sound server has no output".to_owned()),
        None => Err(not_found(&wanted, &known)),
    }
}

fn find_cpal(choice: OutputChoice<'_>) -> Result<SelectedOutput, String> {
    if let OutputChoice::Named(name) | OutputChoice::Preferred(name) = choice {
        let (known, mut devices): (Vec<_>, Vec<_>) =
            cpal_devices().into_iter().map(|(known, description, device)| ((known, description), device)).unzip();
        match index_of(name, &known) {
            Some(at) => {
                let output = CpalOutput::of(devices.swap_remove(at))?;
                return Ok(SelectedOutput::Cpal(output, Some(known[at].0.clone())));
            }
            None if matches!(choice, OutputChoice::Named(_)) => return Err(not_found(name, &known)),
            None => {}
        }
    }
    let device = with_library(HostTrait::default_output_device).ok_or("the system has no default output")?;
    Ok(SelectedOutput::Cpal(CpalOutput::of(device)?, None))
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

    /// Returns the memory used by this process, in kilobytes.
    fn memory_kb() -> u64 {
        let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Runs this test in a subprocess with a separate environment.
    #[test]
    fn two_hundred_failed_attempts_leak_no_memory() {
        const INSIDE: &str = "STILLROOM_TEST_TRIES";
        if std::env::var_os(INSIDE).is_none() {
            let folder = tempfile::tempdir().unwrap();
            let settings = folder.path().join("asound.conf");
            // No server listens at this address.
            std::fs::write(&settings, "pcm.!default { type pulse server \"unix:/nowhere/native\" }\n").unwrap();
            let test = "sound::output::selection::tests::two_hundred_failed_attempts_leak_no_memory";
            let status = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", test, "--nocapture"])
                .env(INSIDE, "1")
                .env("XDG_RUNTIME_DIR", folder.path())
                .env("ALSA_CONFIG_PATH", settings)
                .env_remove("PULSE_SERVER")
                .env_remove("PULSE_RUNTIME_PATH")
                .status();
            return assert!(status.unwrap().success());
        }
        let try_once = || {
            assert!(SelectedOutput::find(OutputChoice::Default).is_err());
            assert!(SelectedOutput::find(OutputChoice::Named("hall")).is_err());
        };
        (0..50).for_each(|_| try_once());
        let before = memory_kb();
        (0..200).for_each(|_| try_once());
        let grown = memory_kb().saturating_sub(before);
        println!("{grown} kB more");
        assert!(grown < 256, "{grown} kB more");
    }

    #[test]
    fn outputs_are_found_by_name_or_unique_description() {
        let outputs = known(&[("room", "Null CpalOutput"), ("hall", "Null CpalOutput"), ("tv", "Screen on the Wall")]);
        assert_eq!(index_of("hall", &outputs), Some(1));
        assert_eq!(index_of("screen on the wall", &outputs), Some(2));
        assert_eq!(index_of("Null CpalOutput", &outputs), None, "two are described alike");
        assert_eq!(index_of("Hall", &outputs), None, "names are exact");
        assert_eq!(index_of("roo", &outputs), None);
    }

    #[test]
    fn the_error_for_a_missing_output_lists_the_others() {
        let message = |names: &[(&str, &str)]| not_found("hall", &known(names));
        assert_eq!(message(&[("room", ""), ("tv", "")]), "no output is named \"hall\"; there are \"room\", \"tv\"");
        assert_eq!(message(&[]), "no output is named \"hall\"; there are none");
        assert!(message(&[("a", ""); 20]).ends_with("and 8 more"));
    }
}
