//! Owns the settings of a room in `kiosk.toml` and of a desk in `desk.toml`, and the search for those files. Does not
//! own profiles (`profile`), or PINs and passwords, which are kept as hashes in the state directory.

mod calibration;
mod check;
mod desks;
mod lines;
mod reading;
mod screen_size;
mod take_home;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::findings::{Finding, Mention, read_text};
use crate::vocabulary::access::CertificateSource;
use crate::vocabulary::language::{Language, PerLanguage};
use crate::vocabulary::named;
use crate::words::Locales;

pub use calibration::{CAP_DBA, Calibration, LoudnessStep, READING_DBA, READING_TONE_DB, TEST_TONE_DB};
pub use check::check_files;
pub use desks::{DESKS_PLACES, DesksConfig, ROOMS_MAX, find_desks, is_desks, load_desks, read_desks};
pub use lines::{EscalationStep, LinesConfig, ROOM_ID, ROOM_ID_CHARS_MAX, RoomAtBroker, is_room_id};
pub use reading::{ParsedConfig, read};
pub use screen_size::{DIAGONAL_INCHES, MM_PER_INCH, USUAL_SHAPE, diagonal_inches_of, smallest_diagonal_inches};
pub use take_home::{Paper, PrinterChoice, TakeHomeConfig};

/// The settings of one room. Relative paths are already joined to the folder of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The room's name and languages.
    pub room: RoomConfig,
    /// The tablet's screen, and how the window is drawn on it.
    pub screen: ScreenConfig,
    /// Sound levels and sound devices.
    pub sound: SoundConfig,
    /// The folder of profiles, and the default profile.
    pub profiles: ProfilesConfig,
    /// The folders of music and pictures.
    pub media: MediaConfig,
    /// The lengths of the infusion and of an early landing.
    pub session: SessionConfig,
    /// The desk page's address and certificate, and the clinicians it lists.
    pub desk: DeskConfig,
    /// The keys that place a call, and the corridor chime.
    pub call: CallConfig,
    /// Transports that carry calls in addition to the built-in desk.
    pub lines: LinesConfig,
    /// The cards that the patient reads after the session.
    pub after: AfterConfig,
    /// Limits for the patient's notes.
    pub notes: NotesConfig,
    /// Ways to take a note home in addition to the patient's phone.
    pub take_home: TakeHomeConfig,
    /// All available languages: the built-in ones and those that were found in [`RoomConfig::locales`] at start.
    pub locales: Locales,
}

/// The room's name and languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomConfig {
    /// The room's name at the desk, up to 40 characters. The first-run setup asks for the name and suggests this one.
    pub name: String,
    /// The language of staff, of the desk page, and of a patient who has not chosen one.
    pub locale: Language,
    /// The folder of the clinic's own languages; `None` if only the built-in ones are available.
    pub locales: Option<PathBuf>,
}

named! {
    /// The backend that draws the window.
    Renderer {
        /// wgpu if there is a hardware graphics adapter, otherwise tiny-skia.
        Auto = "auto",
        /// wgpu on any adapter, even if the adapter is emulated in software.
        Wgpu = "wgpu",
        /// tiny-skia, which shows still pictures; only the breath moves.
        TinySkia = "tiny-skia",
    }
}

/// The tablet's screen, and how the window is drawn on it.
#[derive(Clone, Debug, PartialEq)]
pub struct ScreenConfig {
    /// The screen's diagonal in inches, within [`DIAGONAL_INCHES`]. The program needs it to size controls in
    /// millimetres.
    pub diagonal_inches: f32,
    /// Whether the window fills the screen.
    pub fullscreen: bool,
    /// Maximum frame rate, 10 to 60 frames per second.
    pub frames_per_second: u32,
    /// The backend that draws the window.
    pub renderer: Renderer,
    /// Whether places are shown without motion.
    pub reduce_motion: bool,
}

impl ScreenConfig {
    /// Returns the minimum diagonal in inches if the configured diagonal is smaller. Assumes [`USUAL_SHAPE`], because
    /// only the window knows the real shape; the first-run setup checks against the real one.
    #[must_use]
    pub fn needed_inches(&self) -> Option<f32> {
        let least_inches = smallest_diagonal_inches(USUAL_SHAPE);
        (self.diagonal_inches < least_inches).then_some(least_inches)
    }
}

impl Default for ScreenConfig {
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

/// Sound levels and sound devices.
#[derive(Clone, Debug, PartialEq)]
pub struct SoundConfig {
    /// The cap on the patient's volume, −60 to 0 dB relative to full scale, whatever a profile allows. Only signals may
    /// be louder.
    pub cap_db: f32,
    /// The volume at which a visit starts, −60 dB to `cap_db`, for profiles that set none.
    pub start_volume_db: f32,
    /// The output device; `None` for the system's default. If the device is missing, the room is silent.
    pub device: Option<String>,
    /// The output device of the corridor chime. If it is `None`, the chime plays softly on the patient's output.
    pub chime_device: Option<String>,
    /// Whether the sound is crossfed for headphones.
    pub crossfeed: bool,
    /// The tone of the sound, from [`TONE_MIN`](crate::vocabulary::sound::TONE_MIN), warmest, to
    /// [`TONE_MAX`](crate::vocabulary::sound::TONE_MAX), clearest; 0 leaves it as it is.
    pub tone: i8,
    /// A sound meter's reading at the pillow; `None` if the room is not calibrated.
    pub calibration: Option<Calibration>,
}

impl SoundConfig {
    /// Returns a calibration with a new reading. It keeps the tone's level, the output and the port of the previous
    /// calibration, if there is one; otherwise the level is [`READING_TONE_DB`].
    #[must_use]
    pub fn calibrated_by(&self, reading_dba: f32) -> Calibration {
        let before = self.calibration.clone();
        let before =
            before.unwrap_or(Calibration { test_tone_db: READING_TONE_DB, reading_dba, output: None, port: None });
        Calibration { reading_dba, ..before }
    }

    /// Returns how loud `volume_db` is, both as the step that is shown to people and in dB(A). The level in dB(A) is
    /// `None` if the room is not calibrated.
    #[must_use]
    pub fn loudness(&self, volume_db: f32) -> (LoudnessStep, Option<f32>) {
        let dba = self.calibration.as_ref().map(|calibration| calibration.dba_of_volume(volume_db));
        (LoudnessStep::of(volume_db, self.cap_db), dba)
    }
}

impl Default for SoundConfig {
    fn default() -> Self {
        Self {
            cap_db: -12.0,
            start_volume_db: -30.0,
            device: None,
            chime_device: None,
            crossfeed: false,
            tone: 0,
            calibration: None,
        }
    }
}

/// The folder of profiles, and the default profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfilesConfig {
    /// The folder of profile files.
    pub dir: PathBuf,
    /// The name of the profile that is chosen when a visit starts.
    pub default: String,
}

impl Default for ProfilesConfig {
    fn default() -> Self {
        Self { dir: "profiles".into(), default: "gentle-tide".into() }
    }
}

impl ProfilesConfig {
    /// Returns the path of the default profile's file.
    #[must_use]
    pub fn default_file(&self) -> PathBuf {
        self.dir.join(format!("{}.toml", self.default))
    }
}

/// The folders of music and pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaConfig {
    /// The folder to which paths in profiles are relative.
    pub dir: PathBuf,
    /// The folder of the clinic's own pictures, shown as the place `pictures`.
    pub pictures: PathBuf,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self { dir: "media".into(), pictures: "media/pictures".into() }
    }
}

/// The lengths of the infusion and of an early landing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// Length of the infusion, 20 to 240 minutes, for profiles that set none.
    pub infusion_minutes: u32,
    /// Minutes from *End now* until the session has landed, 0 to 20.
    pub landing_minutes_after_end: u32,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self { infusion_minutes: 40, landing_minutes_after_end: 5 }
    }
}

/// The desk page's address and certificate, and the clinicians it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskConfig {
    /// The address on which the desk page listens. On an address other than loopback, the page opens only if a password
    /// is set, and only over TLS.
    pub listen: SocketAddr,
    /// The certificate that the desk page uses on an address other than loopback.
    pub tls: CertificateSource,
    /// The names of the clinicians who can press *I'm coming*, up to 24, each with up to 40 characters. If there are
    /// none, the desk offers the answer without a name.
    pub clinicians: Vec<String>,
}

impl Default for DeskConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8737)),
            tls: CertificateSource::Auto,
            clinicians: Vec::new(),
        }
    }
}

/// The keys that place a call, and the corridor chime.
#[derive(Clone, Debug, PartialEq)]
pub struct CallConfig {
    /// Up to 8 keys that place a call, each given as its `key` value in W3C UI Events. Only keys that type nothing are
    /// allowed.
    pub keys: Vec<String>,
    /// Level of the corridor chime on its own device, −60 to 0 dBFS.
    pub chime_db: f32,
}

impl Default for CallConfig {
    fn default() -> Self {
        Self { keys: vec!["F12".into()], chime_db: -6.0 }
    }
}

/// The cards that the patient reads after the session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AfterConfig {
    /// The clinic's cards, up to 12 for each language. For a language without any, the cards in the language's messages
    /// are shown.
    pub cards: PerLanguage<Vec<Card>>,
}

/// One card with a text from the clinic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The card's heading, up to 60 characters.
    pub title: String,
    /// The card's text, up to 400 characters.
    pub text: String,
    /// A web page, phone number or mail address, shown as a QR code for the patient's phone; `None` for no code.
    pub link: Option<String>,
}

/// Limits for the patient's notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotesConfig {
    /// Maximum number of pages in one visit, 1 to 200.
    pub pages_max: u32,
    /// Maximum number of characters on one page, 100 to 20 000.
    pub page_chars_max: u32,
}

impl Default for NotesConfig {
    fn default() -> Self {
        Self { pages_max: 24, page_chars_max: 4000 }
    }
}

impl Config {
    /// Returns the defaults for a room whose `kiosk.toml` would be in `folder`.
    #[must_use]
    pub fn defaults_in(folder: &Path) -> Self {
        let mut config = Self::default();
        config.profiles.dir = folder.join(&config.profiles.dir);
        config.media.dir = folder.join(&config.media.dir);
        config.media.pictures = folder.join(&config.media.pictures);
        config
    }
}

/// The result of reading a `kiosk.toml` from disk.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedConfig {
    /// The settings. A key with a finding has its default, except that a list keeps its valid entries and a start
    /// volume above the cap is lowered to the cap. The room therefore starts and can place calls, whatever is wrong
    /// with the file.
    pub config: Config,
    /// Every problem: those in this file, sorted by line, then those in the language files.
    pub findings: Vec<Finding>,
    /// Whether the file exists. If it does not, every setting has its default.
    pub exists: bool,
}

/// Reads a `kiosk.toml` from disk, and the languages in the folder that it names.
#[must_use]
pub fn load(file: &Path) -> LoadedConfig {
    if !file.exists() {
        return LoadedConfig { config: Config::defaults_in(folder_of(file)), findings: Vec::new(), exists: false };
    }
    match read_text(file) {
        Ok(text) => {
            let mut reading = read(file, &text);
            find_languages(file, &mut reading);
            LoadedConfig { config: reading.config, findings: reading.findings, exists: true }
        }
        Err(finding) => {
            LoadedConfig { config: Config::defaults_in(folder_of(file)), findings: vec![finding], exists: true }
        }
    }
}

/// Loads the languages in the folder that `room.locales` names, and reports every nonexistent language that `file`
/// names.
fn find_languages(file: &Path, reading: &mut ParsedConfig) {
    let ParsedConfig { config, findings, mentions } = reading;
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
    // Puts the findings about `file` first, sorted by line, and the findings about the files of languages after them.
    findings.sort_by_key(|finding| (finding.file != file, finding.file.clone(), finding.line));
}

/// Returns the folder to which a file's relative paths are joined.
fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// The environment variable that holds the path of `kiosk.toml`.
pub const CONFIG_VARIABLE: &str = "STILLROOM_CONFIG";

/// The paths at which the program looks for `kiosk.toml`, in this order, if no path is given.
pub const CONFIG_PLACES: [&str; 2] = ["/etc/stillroom/kiosk.toml", "./kiosk.toml"];

/// The location of `kiosk.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// Given by its path, on the command line or in [`CONFIG_VARIABLE`]. A file that does not exist is reported as a
    /// finding.
    Named(PathBuf),
    /// Found in one of [`CONFIG_PLACES`].
    Found(PathBuf),
    /// Not found. Every setting has its default.
    Nowhere,
}

impl ConfigFile {
    /// Returns the path; `None` if no file was found.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Named(path) | Self::Found(path) => Some(path),
            Self::Nowhere => None,
        }
    }

    /// Reads the file. Reports a finding if the given path does not exist. If no file was found, every setting has its
    /// default.
    #[must_use]
    pub fn load(&self) -> LoadedConfig {
        let Some(path) = self.path() else {
            return LoadedConfig { config: Config::defaults_in(Path::new("")), findings: Vec::new(), exists: false };
        };
        let mut loaded = load(path);
        if !loaded.exists {
            loaded.findings.push(Finding::of_file(path, "no such file", "a kiosk.toml that exists, or none named"));
        }
        loaded
    }
}

/// Finds `kiosk.toml`. Uses the path `flag` from `--config` if it is given, otherwise the path in [`CONFIG_VARIABLE`],
/// otherwise the first of [`CONFIG_PLACES`] that exists. An empty variable counts as not set.
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
    let found = CONFIG_PLACES.into_iter().map(Path::new).find(|path| exists(path));
    found.map_or(ConfigFile::Nowhere, |path| ConfigFile::Found(path.into()))
}
