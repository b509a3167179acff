//! Owns what a clinic may set for one room in `kiosk.toml`, and where that file is looked for.
//! Does not own profiles (`profile`), nor PINs and passwords, which live in the state directory as hashes.

mod calibration;
mod check;
mod desks;
mod lines;
mod reading;
mod take_home;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::findings::{Finding, Mention, read_text};
use crate::profile::named;
use crate::vocabulary::language::{Language, PerLanguage};
use crate::words::Locales;

pub use calibration::{CAP_DBA, Calibration, Loudness, READING_DBA, READING_TONE_DB, TEST_TONE_DB};
pub use check::check_files;
pub use desks::{DESKS_PLACES, Desks, find_desks, is_desks, load_desks, read_desks};
pub use lines::{BrokerAccess, BrokerUrl, EscalationStep, Lines, ROOM_ID, ROOM_ID_CHARS_MAX, RoomAtBroker, is_room_id};
pub use reading::{Reading, read};
pub use take_home::{Paper, Printer, TakeHome};

/// Everything a clinic may set for one room. Paths are already joined to the folder of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The room itself.
    pub room: Room,
    /// The tablet's screen.
    pub screen: Screen,
    /// Levels and devices of sound.
    pub sound: Sound,
    /// Where profiles are.
    pub profiles: Profiles,
    /// Where music and pictures are.
    pub media: Media,
    /// Lengths of a session.
    pub session: Session,
    /// The page for the clinic's browser.
    pub desk: Desk,
    /// The call beyond the touch.
    pub call: Call,
    /// The lines beside the desk that is built in.
    pub lines: Lines,
    /// What the patient reads afterwards.
    pub after: After,
    /// The patient's notes.
    pub notes: Notes,
    /// Ways home for a note, beside the patient's own phone.
    pub take_home: TakeHome,
    /// Every language there is, found at start: those of the program and those of [`Room::locales`].
    pub locales: Locales,
}

/// The room itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// What the room is called at the desk, up to 40 characters; empty means that the first run asks.
    pub name: String,
    /// The language until a patient chooses one, and that of staff and of the desk's page.
    pub locale: Language,
    /// The folder of further languages; `None` for those of the program alone.
    pub locales: Option<PathBuf>,
}

named! {
    /// What draws the window.
    Renderer {
        /// wgpu on a real graphics adapter, tiny-skia otherwise.
        Auto = "auto",
        /// wgpu, whatever the adapter.
        Wgpu = "wgpu",
        /// tiny-skia: still pictures with a breath over them.
        TinySkia = "tiny-skia",
    }
}

/// Diagonals that a screen may have, in inches.
pub const DIAGONAL_INCHES: std::ops::RangeInclusive<f32> = 5.0..=32.0;

/// The tablet's screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Screen {
    /// Its diagonal in inches, 5 to 32: everything that is touched is sized in millimetres from it.
    pub diagonal_inches: f32,
    /// Whether the window fills it.
    pub fullscreen: bool,
    /// The most frames drawn in a second, 10 to 60.
    pub frames_per_second: u32,
    /// What draws the window.
    pub renderer: Renderer,
    /// Whether places stand still.
    pub reduce_motion: bool,
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            diagonal_inches: 10.1,
            fullscreen: true,
            frames_per_second: 30,
            renderer: Renderer::Auto,
            reduce_motion: false,
        }
    }
}

/// Levels and devices of sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// The loudest the room ever plays in dBFS, −60 to 0.
    pub cap_db: f32,
    /// The level a session starts with in dBFS, −60 to `cap_db`.
    pub start_volume_db: f32,
    /// The output device; none for the system's own choice. No other takes its place.
    pub device: Option<String>,
    /// The output for the corridor chime; without one it keeps to the level of the soft signals, on the patient's own.
    pub chime_device: Option<String>,
    /// What a sound meter read at the pillow.
    pub calibration: Option<Calibration>,
}

impl Sound {
    /// A new reading of the tone that this room plays for it, on the output that was read before, if any was.
    #[must_use]
    pub fn calibrated_by(&self, reading_dba: f32) -> Calibration {
        let before = self.calibration.clone();
        let before =
            before.unwrap_or(Calibration { test_tone_db: READING_TONE_DB, reading_dba, output: None, port: None });
        Calibration { reading_dba, ..before }
    }

    /// How loud the patient's volume is, for people: a word, and in dB(A) where a meter was read.
    #[must_use]
    pub fn loudness(&self, volume_db: f32) -> (Loudness, Option<f32>) {
        let dba = self.calibration.as_ref().map(|calibration| calibration.dba_of_volume(volume_db));
        (Loudness::of(volume_db, self.cap_db), dba)
    }
}

impl Default for Sound {
    fn default() -> Self {
        Self { cap_db: -12.0, start_volume_db: -30.0, device: None, chime_device: None, calibration: None }
    }
}

/// Where profiles are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profiles {
    /// The folder of profile files.
    pub dir: PathBuf,
    /// The name of the profile that a visit starts with.
    pub default: String,
}

impl Default for Profiles {
    fn default() -> Self {
        Self { dir: "profiles".into(), default: "gentle-tide".into() }
    }
}

impl Profiles {
    /// The file of the profile that a visit starts with.
    #[must_use]
    pub fn default_file(&self) -> PathBuf {
        self.dir.join(format!("{}.toml", self.default))
    }
}

/// Where music and pictures are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The folder that profiles name media in.
    pub dir: PathBuf,
    /// The folder of the clinic's own pictures, shown as the place `pictures`.
    pub pictures: PathBuf,
}

impl Default for Media {
    fn default() -> Self {
        Self { dir: "media".into(), pictures: "media/pictures".into() }
    }
}

/// Lengths of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Length of the infusion in minutes, 20 to 240, where the profile says nothing.
    pub infusion_minutes: u32,
    /// Minutes of landing after *end now*, 0 to 20.
    pub landing_minutes_after_end: u32,
}

impl Default for Session {
    fn default() -> Self {
        Self { infusion_minutes: 40, landing_minutes_after_end: 5 }
    }
}

/// The page for the clinic's browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// Where it listens. Beyond loopback it opens only once a password is set, and over TLS.
    pub listen: SocketAddr,
    /// Which certificate it shows beyond loopback.
    pub tls: Tls,
    /// Who can say *I'm coming*: 1 to 24 names of up to 40 characters.
    pub clinicians: Vec<String>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8737)),
            tls: Tls::Auto,
            clinicians: vec!["Clinician on duty".into()],
        }
    }
}

/// Which certificate the desk shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// One that the room makes itself.
    #[default]
    Auto,
    /// The clinic's own, both in PEM.
    Files {
        /// The certificate and its chain.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
}

/// The call beyond the touch.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The keys that call, by the names of the W3C's UI Events; up to 8, none that types anything.
    pub keys: Vec<String>,
    /// Level of the corridor chime on its own device in dBFS, −60 to 0.
    pub chime_db: f32,
}

impl Default for Call {
    fn default() -> Self {
        Self { keys: vec!["F12".into()], chime_db: -6.0 }
    }
}

/// What the patient reads afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// The clinic's cards, up to 12 for each language. A language without them shows those of its own words.
    pub cards: PerLanguage<Vec<Card>>,
}

/// One card of the clinic's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its heading, up to 60 characters.
    pub title: String,
    /// Its text, up to 400 characters.
    pub text: String,
    /// A web page, phone number or mail address that it leads to, for the patient's own phone.
    pub link: Option<String>,
}

/// The patient's notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notes {
    /// The most pages of one visit, 1 to 200.
    pub pages_max: u32,
    /// The most characters on one page, 100 to 20 000.
    pub page_chars_max: u32,
}

impl Default for Notes {
    fn default() -> Self {
        Self { pages_max: 24, page_chars_max: 4000 }
    }
}

impl Config {
    /// The defaults for a room whose `kiosk.toml` would lie in `folder`.
    #[must_use]
    pub fn defaults_in(folder: &Path) -> Self {
        let mut config = Self::default();
        config.profiles.dir = folder.join(&config.profiles.dir);
        config.media.dir = folder.join(&config.media.dir);
        config.media.pictures = folder.join(&config.media.pictures);
        config
    }
}

/// A `kiosk.toml` from disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The settings. A key with a finding has its default, so that the room and its call come up all the same.
    pub config: Config,
    /// Every problem, in the order of the lines.
    pub findings: Vec<Finding>,
    /// Whether the file exists; without it everything is the default and nothing is found.
    pub exists: bool,
}

/// Reads a `kiosk.toml`.
#[must_use]
pub fn load(file: &Path) -> Loaded {
    if !file.exists() {
        return Loaded { config: Config::defaults_in(folder_of(file)), findings: Vec::new(), exists: false };
    }
    match read_text(file) {
        Ok(text) => {
            let mut reading = read(file, &text);
            find_languages(file, &mut reading);
            Loaded { config: reading.config, findings: reading.findings, exists: true }
        }
        Err(finding) => Loaded { config: Config::defaults_in(folder_of(file)), findings: vec![finding], exists: true },
    }
}

/// Finds the languages that `file` names a folder of, and what it says of languages that are not there.
fn find_languages(file: &Path, reading: &mut Reading) {
    let Reading { config, findings, mentions } = reading;
    if let Some(folder) = &config.room.locales {
        if folder.is_dir() {
            let (locales, found) = Locales::with_folder(folder);
            config.locales = locales;
            findings.extend(found);
        } else {
            let mention = mentions.iter().find(|mention| mention.key == "room.locales");
            findings.extend(mention.map(|mention| mention.finding(file, "a folder that exists")));
        }
    }
    let names_language = |mention: &&Mention| mention.key == "room.locale" || mention.key.starts_with("after.cards.");
    for mention in mentions.iter().filter(names_language) {
        if let Err(allowed) = config.locales.choose(&mention.name) {
            findings.push(mention.finding(file, allowed));
        }
    }
    if !config.locales.has(config.room.locale) {
        config.room.locale = Language::FALLBACK;
    }
    // Those of the file itself in the order of its lines, then those of the languages.
    findings.sort_by_key(|finding| (finding.file != file, finding.file.clone(), finding.line));
}

/// The folder that a file's own paths start from.
fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// The variable that names the file.
pub const CONFIG_VARIABLE: &str = "STILLROOM_CONFIG";

/// Where the file is looked for when nobody names it, in this order.
pub const CONFIG_PLACES: [&str; 2] = ["/etc/stillroom/kiosk.toml", "./kiosk.toml"];

/// Where `kiosk.toml` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// Somebody named it; if it is missing, that is an error.
    Named(PathBuf),
    /// It was found where it is looked for.
    Found(PathBuf),
    /// It is nowhere; everything is the default.
    Nowhere,
}

impl ConfigFile {
    /// The file, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Named(path) | Self::Found(path) => Some(path),
            Self::Nowhere => None,
        }
    }

    /// Reads it. One that somebody named and that is missing is a finding; without any, everything is the default.
    #[must_use]
    pub fn load(&self) -> Loaded {
        let Some(path) = self.path() else {
            return Loaded { config: Config::defaults_in(Path::new("")), findings: Vec::new(), exists: false };
        };
        let mut loaded = load(path);
        if !loaded.exists {
            loaded.findings.push(Finding::of_file(path, "no such file", "a kiosk.toml that exists, or none named"));
        }
        loaded
    }
}

/// Where `kiosk.toml` is: `--config`, then `$STILLROOM_CONFIG`, then the first of [`CONFIG_PLACES`] that exists.
/// A variable that is empty counts as not set.
#[must_use]
pub fn find(
    flag: Option<&Path>,
    environment: impl Fn(&str) -> Option<OsString>,
    exists: impl Fn(&Path) -> bool,
) -> ConfigFile {
    let variable = environment(CONFIG_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(named) = flag.map(Path::to_path_buf).or(variable) {
        return ConfigFile::Named(named);
    }
    let found = CONFIG_PLACES.into_iter().map(Path::new).find(|place| exists(place));
    found.map_or(ConfigFile::Nowhere, |place| ConfigFile::Found(place.into()))
}
