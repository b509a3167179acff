//! Owns the cheap look at the outputs from outside: what has to change before an output that could not be opened is
//! worth another try. Opens none of them and leaves the system's sound library alone. Does not own the tries (`backoff`).

use std::collections::hash_map::DefaultHasher;
use std::ffi::CString;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs};

use pulseaudio::protocol::SinkState;

use super::pulse::{Server, Unreached};

/// What is seen. As long as it stays the same, no output has come and none has been set free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// The sound server's outputs: name, whether it sleeps, port; and the one that it chooses.
    Served(Vec<(CString, bool, usize)>, Option<CString>),
    /// A sound server listens and cannot be used, and why.
    Useless(String),
    /// No sound server listens.
    Plain {
        /// The cards, and the settings of the system's sound library.
        settings: u64,
        /// Which outputs of the cards are in use.
        in_use: u64,
    },
}

impl Outlook {
    /// Looks.
    pub fn now() -> Self {
        match Server::connect().and_then(|mut server| listed(&mut server).map_err(Unreached::Useless)) {
            Ok((sinks, default)) => Self::Served(sinks, default),
            Err(Unreached::Useless(why)) => Self::Useless(why),
            Err(Unreached::Nobody) => Self::Plain { settings: settings(), in_use: in_use(Path::new("/proc/asound")) },
        }
    }
}

type Listed = (Vec<(CString, bool, usize)>, Option<CString>);

fn listed(server: &mut Server) -> Result<Listed, String> {
    let sinks = server.sinks()?.into_iter();
    let sinks = sinks.map(|sink| (sink.name, sink.state == SinkState::Suspended, sink.active_port)).collect();
    Ok((sinks, server.default_sink()?))
}

/// What the system's sound library reads before it opens an output: the cards, and its own files.
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
        // A card that is there for the kernel is not at once there for us.
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

/// Which outputs of the cards below `cards` some program holds.
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
    fn a_card_that_is_set_free_and_one_that_comes_are_seen() {
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
