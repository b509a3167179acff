//! Owns the settings of a desk for several rooms in `desk.toml`, and the search for that file. Does not own passwords,
//! which are kept in separate files or, as hashes, in the state directory.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::lines::broker;
use super::reading::desk_keys;
use super::{DeskConfig, ROOM_ID, folder_of, is_room_id};
use crate::findings::{Document, Finding, Mention, read_text};
use crate::vocabulary::access::{BrokerAccess, CertificateSource};
use crate::vocabulary::language::Language;
use crate::words::Locales;

/// Maximum number of rooms that a desk shows. The desk lists each further room by its id only, and tells the room that
/// it is not shown.
pub const ROOMS_MAX: usize = 64;

/// The paths at which the program looks for `desk.toml`, in this order, if no path is given.
pub const DESKS_PLACES: [&str; 2] = ["/etc/stillroom/desk.toml", "./desk.toml"];

/// The settings of a desk for several rooms. Relative paths are already joined to the folder of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesksConfig {
    /// The heading above the rooms, up to 40 characters. If it is empty, the product's name is shown.
    pub name: String,
    /// The language of the page.
    pub locale: Language,
    /// The desk page's address and certificate, and the clinicians it lists.
    pub desk: DeskConfig,
    /// The broker through which the desk reaches the rooms; `None` if its keys are missing or wrong. Without a broker,
    /// the desk does not start.
    pub broker: Option<BrokerAccess>,
    /// The rooms that the desk expects, by their ids at the broker; at most [`ROOMS_MAX`].
    pub rooms: Vec<String>,
}

impl Default for DesksConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            locale: Language::FALLBACK,
            desk: DeskConfig { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8738)), ..DeskConfig::default() },
            broker: None,
            rooms: Vec::new(),
        }
    }
}

/// The result of parsing a `desk.toml`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParsedDesks {
    /// The settings. A key with a finding has its default, except that a list keeps its valid entries.
    pub desks: DesksConfig,
    /// Every problem, sorted by line.
    pub findings: Vec<Finding>,
    mentions: Vec<Mention>,
}

/// Parses a `desk.toml` without reading anything from disk.
#[must_use]
pub fn read_desks(file: &Path, text: &str) -> ParsedDesks {
    let folder = folder_of(file);
    let document = match Document::parse(file, text) {
        Ok(document) => document,
        Err(findings) => return ParsedDesks { findings, ..ParsedDesks::default() },
    };
    let mut mentions = Vec::new();
    let default = DesksConfig::default();
    let root = document.root();
    let rooms = root.list("rooms", ROOMS_MAX, "rooms", |name| {
        if is_room_id(name) { Ok(name.to_owned()) } else { Err(ROOM_ID.to_owned()) }
    });
    let section = root.section("desk");
    let name = section.text("name", 0..=40).unwrap_or(default.name);
    let locale = section.text_or("locale", |tag| Locales::shipped().choose(tag)).unwrap_or(default.locale);
    let desk = desk_keys(&section, folder, &mut mentions, default.desk);
    section.finish();
    let line = root.section("line");
    let mqtt = line.section("mqtt");
    if !mqtt.is_present() {
        line.report("mqtt", "nothing", "a table with the broker's url, since without one no room is heard");
    }
    let broker = broker(&mqtt, folder, &mut mentions);
    mqtt.finish();
    line.finish();
    root.finish();
    let desks = DesksConfig { name, locale, desk, broker, rooms: rooms.unwrap_or_default() };
    ParsedDesks { desks, findings: document.into_findings(), mentions }
}

/// Returns whether a file is a `desk.toml`, judging by its tables and, if these could also belong to another kind of
/// file, by its name.
#[must_use]
pub fn is_desks(file: &Path, text: &str) -> bool {
    let is_called_so = file.file_stem().is_some_and(|stem| stem.to_string_lossy().contains("desk"));
    let Ok(document) = Document::parse(file, text) else { return is_called_so };
    let root = document.root();
    let is_room = ["room", "screen", "profiles", "sound", "title"].into_iter().any(|table| root.has(table));
    !is_room && (root.has("rooms") || is_called_so)
}

/// Finds `desk.toml`. Returns the path `flag` if it is given, otherwise the first of [`DESKS_PLACES`] that exists;
/// `None` if none exists.
#[must_use]
pub fn find_desks(flag: Option<&Path>, exists: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let found = || DESKS_PLACES.into_iter().map(Path::new).find(|path| exists(path)).map(Path::to_path_buf);
    flag.map(Path::to_path_buf).or_else(found)
}

/// Reads a `desk.toml` from disk, and checks that the files it names exist.
#[must_use]
pub fn load_desks(file: &Path) -> ParsedDesks {
    let text = match read_text(file) {
        Ok(text) => text,
        Err(finding) => return ParsedDesks { findings: vec![finding], ..ParsedDesks::default() },
    };
    let mut reading = read_desks(file, &text);
    let mut missing = |key: &str, path: Option<&Path>| {
        let mention = reading.mentions.iter().find(|mention| mention.key == key);
        if let Some(mention) = mention.filter(|_| path.is_some_and(|path| !path.is_file())) {
            reading.findings.push(mention.finding(file, "a file that exists"));
        }
    };
    if let CertificateSource::Files { cert, key } = &reading.desks.desk.tls {
        missing("desk.tls_cert", Some(cert));
        missing("desk.tls_key", Some(key));
    }
    if let Some(broker) = &reading.desks.broker {
        missing("line.mqtt.password_file", broker.password_file.as_deref());
        missing("line.mqtt.ca_file", broker.ca_file.as_deref());
    }
    reading.findings.sort_by_key(|finding| finding.line);
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        read_desks(Path::new("desk.toml"), text).findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_shipped_file_is_valid_and_shows_every_key() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("desk.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let reading = read_desks(&file, &text);
        assert_eq!(reading.findings, []);
        let uncommented: String = text
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line))
            .flat_map(|line| [line, "\n"])
            .collect();
        let all = read_desks(&file, &uncommented.replace("\"auto\"", "\"files\"").replace("mqtt://", "mqtts://"));
        assert_eq!(all.findings, []);
        let broker = all.desks.broker.unwrap();
        assert!(broker.username.is_some() && broker.password_file.is_some() && broker.ca_file.is_some());
        assert!(matches!(all.desks.desk.tls, CertificateSource::Files { .. }));
        assert!(!all.desks.rooms.is_empty() && all.desks.desk.listen == DesksConfig::default().desk.listen);
    }

    #[test]
    fn each_mistake_is_reported_and_the_rest_applies() {
        let found = findings(
            "rooms = [\"Room 2\"]\n[desk]\nlisten = \"here\"\nclinicians = [\"\"]\n[line.mqtt]\nurl = \"http://a\"\n\
             password_file = \"x\"\nroom = \"a\"\n",
        );
        for (expected, line) in ["rooms", "desk.listen", "desk.clinicians", "line.mqtt.url", "username", "room"]
            .into_iter()
            .zip([1, 3, 4, 6, 5, 8])
        {
            let is_there = |found: &String| found.contains(expected) && found.contains(&format!("desk.toml:{line}:"));
            assert!(found.iter().any(is_there), "{expected} in line {line}: {found:#?}");
        }
        assert!(findings("").iter().any(|found| found.contains("line.mqtt: found nothing")));
        assert!(
            findings("[line.mqtt]\nurl = \"mqtt://a\"\nca_file = \"x\"").iter().any(|found| found.contains("ca_file"))
        );
    }

    #[test]
    fn a_desk_file_is_recognised_by_its_contents() {
        let is = |name: &str, text: &str| is_desks(Path::new(name), text);
        assert!(is("a.toml", "rooms = []") && is("desk.toml", "[desk]") && is("desk.toml", "broken ["));
        assert!(!is("kiosk.toml", "[desk]\n[line.mqtt]") && !is("desk.toml", "[room]") && !is("a.toml", ""));
    }
}
