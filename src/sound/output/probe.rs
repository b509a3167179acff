//! Owns the probe, a cheap check of which outputs exist and are free. It opens no output and does not load ALSA. While
//! its result stays the same, retrying an output that could not be opened is hardly worthwhile. Does not own the
//! retries (`backoff`).

use std::collections::hash_map::DefaultHasher;
use std::ffi::CString;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs};

use pulseaudio::protocol::SinkState;

use super::pulse::{ConnectError, PulseConnection};

/// Result of a probe. A result that differs from the previous one means that an output may have appeared or been
/// released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputProbe {
    /// The sound server's outputs (name, whether suspended, index of the active port) and its default output.
    Pulse(Vec<(CString, bool, usize)>, Option<CString>),
    /// A sound server is running but unusable, for this reason.
    Unusable(String),
    /// No sound server is running.
    Alsa {
        /// Hash of the sound cards and ALSA's configuration.
        settings: u64,
        /// Hash of which card outputs are in use.
        in_use: u64,
    },
}

impl OutputProbe {
    /// Probes the outputs as they are now.
    pub fn now() -> Self {
        match PulseConnection::connect().and_then(|mut server| listed(&mut server).map_err(ConnectError::Unusable)) {
            Ok((sinks, default)) => Self::Pulse(sinks, default),
            Err(ConnectError::Unusable(why)) => Self::Unusable(why),
            Err(ConnectError::NotRunning) => {
                Self::Alsa { settings: settings(), in_use: in_use(Path::new("/proc/asound")) }
            }
        }
    }
}

type Listed = (Vec<(CString, bool, usize)>, Option<CString>);

fn listed(server: &mut PulseConnection) -> Result<Listed, String> {
    let sinks = server.sinks()?.into_iter();
    let sinks = sinks.map(|sink| (sink.name, sink.state == SinkState::Suspended, sink.active_port)).collect();
    Ok((sinks, server.default_sink()?))
}

/// Returns a hash of what decides which outputs ALSA can open: the list of sound cards, and the size and modification
/// time of each of its configuration files and of `/dev/snd`.
pub fn settings() -> u64 {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = variable("HOME");
    let config = variable("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
    let files = [
        variable("ALSA_CONFIG_PATH"),
        Some(PathBuf::from("/usr/share/alsa/alsa.conf")),
        Some(PathBuf::from("/etc/alsa/conf.d")),
        Some(PathBuf::from("/etc/asound.conf")),
        home.map(|home| home.join(".asoundrc")),
        config.map(|config| config.join("alsa/asoundrc")),
        // The folder changes when the program gains access to a card, which may happen after the kernel has listed the
        // card.
        Some(PathBuf::from("/dev/snd")),
    ];
    let mut hash = DefaultHasher::new();
    fs::read("/proc/asound/cards").ok().hash(&mut hash);
    for file in files.into_iter().flatten() {
        stamp(&file).hash(&mut hash);
    }
    hash.finish()
}

fn stamp(file: &Path) -> Option<(u64, Option<SystemTime>)> {
    fs::metadata(file).ok().map(|about| (about.len(), about.modified().ok()))
}

/// Returns a hash of which card outputs are in use by any program. `cards` is `/proc/asound`, except in tests.
fn in_use(cards: &Path) -> u64 {
    let names = |folder: &Path, beginning: &str, ending: &str| {
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
        let is_meant = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with(beginning) && name.ends_with(ending)
        };
        let mut paths: Vec<PathBuf> = entries.filter(is_meant).collect();
        paths.sort();
        paths
    };
    let mut hash = DefaultHasher::new();
    for card in names(cards, "card", "") {
        for output in names(&card, "pcm", "p") {
            for part in names(&output, "sub", "") {
                let status = fs::read_to_string(part.join("status")).unwrap_or_default();
                (part, status.starts_with("closed")).hash(&mut hash);
            }
        }
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_cards_and_released_outputs_are_noticed() {
        let cards = tempfile::tempdir().unwrap();
        let part = cards.path().join("card0/pcm0p/sub0");
        fs::create_dir_all(&part).unwrap();
        fs::create_dir_all(cards.path().join("card0/pcm0c/sub0")).unwrap();
        fs::write(part.join("status"), "state: RUNNING\nowner_pid   : 77\nhw_ptr : 1024\n").unwrap();
        let held = in_use(cards.path());
        fs::write(part.join("status"), "state: RUNNING\nowner_pid   : 77\nhw_ptr : 9024\n").unwrap();
        assert_eq!(in_use(cards.path()), held, "what plays on is nothing new");
        fs::write(part.join("status"), "closed\n").unwrap();
        let free = in_use(cards.path());
        assert_ne!(free, held);
        fs::create_dir_all(cards.path().join("card1/pcm3p/sub0")).unwrap();
        assert_ne!(in_use(cards.path()), free);
    }
}
