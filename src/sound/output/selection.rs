//! Owns which output is meant by a name, and which there are: those of the sound server and, where none listens, those of
//! the system's sound library. While a server listens there is no way round it: only it says where sound comes out. Does
//! not own when one is opened (`keeper`).

use std::sync::{Arc, Mutex, PoisonError};

use pulseaudio::protocol::SinkInfo;
use rodio::cpal::traits::{DeviceTrait, HostTrait};
use rodio::cpal::{self, Device, Host};

use super::calibration::Watch;
use super::cpal_stream::{OpenStream, Output};
use super::hush::Hush;
use super::lease::Lender;
use super::outlook;
use super::pulse::{ServedOutput, ServedStream, Server, Unreached};
use crate::sound::engine::Engine;

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
    match Server::connect() {
        Ok(mut server) => {
            let default = server.default_sink().ok().flatten();
            let is_default = |sink: &SinkInfo| default.as_deref() == Some(sink.name.as_c_str());
            let sinks = server.sinks().unwrap_or_default();
            return sinks.iter().map(|sink| name_of(sink, is_default(sink))).collect();
        }
        Err(Unreached::Useless(_)) => return Vec::new(),
        Err(Unreached::Nobody) => {}
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
    Found::find(Wish::Named(name)).err()
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
    let Ok(devices) = with_library(HostTrait::devices) else { return Vec::new() };
    let outputs = devices.filter(DeviceTrait::supports_output).filter_map(|device| {
        let name = device.id().ok()?.id().to_owned();
        let description = device.description().map(|text| text.name().to_owned()).unwrap_or_default();
        (name != "null").then_some((name, description, device))
    });
    outputs.collect()
}

/// The system's sound library with the settings that it has read, which are named by their [`outlook::settings`].
static LIBRARY: Mutex<Option<(u64, Host)>> = Mutex::new(None);

/// Asks the system's sound library. It is kept from one question to the next, as long as its settings are the same: each
/// time that it reads them anew costs its plug-ins memory, which they never give back.
fn with_library<T>(ask: impl FnOnce(&Host) -> T) -> T {
    let mut library = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    let settings = outlook::settings();
    if library.as_ref().is_some_and(|(read, _)| *read != settings) {
        // It reads anew only when nobody holds the old.
        *library = None;
    }
    ask(&library.get_or_insert_with(|| (settings, cpal::default_host())).1)
}

/// The next question to the system's sound library is asked of one that reads its settings anew: it could not while an
/// output of it was open.
pub fn forget_library() {
    *LIBRARY.lock().unwrap_or_else(PoisonError::into_inner) = None;
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

/// Which output is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish<'a> {
    /// This one, and no other takes its place.
    Named(&'a str),
    /// This one, or while it is away the system's choice.
    Rather(&'a str),
    /// The system's choice.
    Any,
}

/// An output that can be opened.
pub enum Found {
    /// One of the sound server's.
    Served(Box<ServedOutput>),
    /// One of the system's sound library, and its name there if it was asked for by that.
    Plain(Output, Option<String>),
}

/// Whether a sound server listens.
pub fn is_served() -> bool {
    !matches!(Server::connect(), Err(Unreached::Nobody))
}

/// An open stream. Dropping it stops it.
pub enum Running {
    /// On the sound server.
    Served(#[expect(dead_code, reason = "held for its end")] ServedStream),
    /// On the system's sound library.
    Plain(#[expect(dead_code, reason = "held for its end")] OpenStream),
}

impl Found {
    /// What is wished for. A name that is missing is an error that says which there are.
    pub fn find(wish: Wish<'_>) -> Result<Self, String> {
        match Server::connect() {
            Ok(mut server) => {
                let sinks = server.sinks()?;
                find_served(wish, sinks, server)
            }
            Err(Unreached::Useless(why)) => Err(why),
            Err(Unreached::Nobody) => find_plain(wish),
        }
    }

    /// The same output once more, for an opening with its own period; none where that is not worth a try.
    pub fn again(&self) -> Option<Self> {
        match self {
            Self::Served(_) => None,
            Self::Plain(output, name) => Some(Self::Plain(output.clone(), name.clone())),
        }
    }

    /// Its rate.
    pub fn rate_hz(&self) -> u32 {
        match self {
            Self::Served(output) => output.rate_hz(),
            Self::Plain(output, _) => output.rate_hz(),
        }
    }

    /// Whether sound may come out there as far as is known before it is opened. The sound library knows no ports, so a
    /// room that is calibrated for an output of the server's does not go over to it.
    pub fn may_open(&self, watch: &Watch) -> bool {
        match self {
            Self::Served(_) => true,
            Self::Plain(_, name) => watch.allows_plain(name.as_deref()),
        }
    }

    /// Opens it with a period of `period_ms`, or with its own if there is none. The engine comes back through the
    /// lender's home when the stream ends, however it ends.
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
            Self::Plain(output, _) => output.open(engine, lender, period_ms).map(Running::Plain),
        }
    }
}

fn find_served(wish: Wish<'_>, mut sinks: Vec<SinkInfo>, mut server: Server) -> Result<Found, String> {
    let names = sinks.iter().map(|sink| name_of(sink, false));
    let known: Vec<(String, String)> = names.map(|output| (output.name, output.description)).collect();
    let wanted = match wish {
        Wish::Named(name) => name.to_owned(),
        Wish::Rather(name) if meant(name, &known).is_some() => name.to_owned(),
        Wish::Rather(_) | Wish::Any => match std::env::var("PULSE_SINK").ok().filter(|sink| !sink.is_empty()) {
            Some(sink) => sink,
            None => match server.default_sink()? {
                Some(default) => default.to_string_lossy().into_owned(),
                None => return Err("the sound server names no output".to_owned()),
            },
        },
    };
    match meant(&wanted, &known) {
        Some(at) => Ok(Found::Served(Box::new(ServedOutput::new(server, sinks.swap_remove(at))))),
        None if sinks.is_empty() => Err("the sound server has no output".to_owned()),
        None => Err(not_found(&wanted, &known)),
    }
}

fn find_plain(wish: Wish<'_>) -> Result<Found, String> {
    if let Wish::Named(name) | Wish::Rather(name) = wish {
        let (known, mut devices): (Vec<_>, Vec<_>) =
            plain_devices().into_iter().map(|(known, description, device)| ((known, description), device)).unzip();
        match meant(name, &known) {
            Some(at) => {
                let output = Output::of(devices.swap_remove(at))?;
                return Ok(Found::Plain(output, Some(known[at].0.clone())));
            }
            None if matches!(wish, Wish::Named(_)) => return Err(not_found(name, &known)),
            None => {}
        }
    }
    let device = with_library(HostTrait::default_output_device).ok_or("the system names no output")?;
    Ok(Found::Plain(Output::of(device)?, None))
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

    /// What this process holds in memory, in kilobytes.
    fn memory_kb() -> u64 {
        let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Runs itself once more, in a process with an environment of its own.
    #[test]
    fn two_hundred_tries_in_vain_take_no_memory() {
        const INSIDE: &str = "STILLROOM_TEST_TRIES";
        if std::env::var_os(INSIDE).is_none() {
            let folder = tempfile::tempdir().unwrap();
            let settings = folder.path().join("asound.conf");
            // The output of a server that is not there: a plug-in looks for it, in vain.
            std::fs::write(&settings, "pcm.!default { type pulse server \"unix:/nowhere/native\" }\n").unwrap();
            let test = "sound::output::selection::tests::two_hundred_tries_in_vain_take_no_memory";
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
            assert!(Found::find(Wish::Any).is_err());
            assert!(Found::find(Wish::Named("hall")).is_err());
        };
        (0..50).for_each(|_| try_once());
        let before = memory_kb();
        (0..200).for_each(|_| try_once());
        let grown = memory_kb().saturating_sub(before);
        println!("{grown} kB more");
        assert!(grown < 256, "{grown} kB more");
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
