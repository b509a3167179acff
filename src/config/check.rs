//! Owns the checks of files that `stillroom check` makes: those of the given files or, if none is given, of the
//! settings file and everything it names. Does not own the checks of sound, typefaces, pictures and printers (`cli`),
//! the printed form of findings, or the exit code.

use std::path::{Path, PathBuf};

use super::{Config, ParsedConfig, USUAL_SHAPE, find_languages, is_desks, load, load_desks, read};
use crate::findings::{Document, Finding, Mention, read_text};
use crate::library::{self, MusicLibrary};
use crate::profile::{self, load_profiles, profile_files};
use crate::vocabulary::access::CertificateSource;
use crate::words;

/// Tables that a `kiosk.toml` may have, but a profile may not. A test compares this list and [`PROFILE_TABLES`] with
/// the tables that the readers know.
const CONFIG_TABLES: [&str; 12] = [
    "room",
    "screen",
    "profiles",
    "media",
    "desk",
    "call",
    "line",
    "escalation",
    "contact",
    "after",
    "notes",
    "take_home",
];
/// Tables that a profile may have, but a `kiosk.toml` may not.
const PROFILE_TABLES: [&str; 7] = ["title", "description", "place", "breath", "words", "light", "limits"];

/// Checks `config` and everything it names. If `files` is not empty, checks only those files; for a folder, checks the
/// profiles or the language in it, and for a file of a language, the whole language. Without `config` and `files`,
/// checks the defaults, with their paths relative to the current folder. The result is empty if all is well.
#[must_use]
pub fn check_files(config: Option<&Path>, files: &[PathBuf]) -> Vec<Finding> {
    if files.is_empty() {
        return config.map_or_else(check_defaults, |file| check_desks(file).unwrap_or_else(|| check_config(file)));
    }
    let media_dir = config.map_or_else(Config::default, |file| load(file).config).media.dir;
    files.iter().flat_map(|file| check_named(file, &media_dir)).collect()
}

fn check_named(file: &Path, media_dir: &Path) -> Vec<Finding> {
    if let Some(folder) = words::folder_of_language(file) {
        return words::check_folder(folder);
    }
    if file.is_dir() && is_same(file, &media_dir.join(library::FOLDER)) {
        return MusicLibrary::read(media_dir).all_findings();
    }
    if library::is_entry(file) {
        return library::check_entry(file);
    }
    if file.is_dir() {
        let voices = voices_in(file, &MusicLibrary::read(media_dir));
        return load_profiles(file, media_dir).1.into_iter().chain(voices).collect();
    }
    if file.extension().is_none_or(|ending| ending != "toml") {
        return vec![Finding::of_file(
            file,
            "another kind of file",
            "a kiosk.toml, a desk.toml, a profile or an entry of the music library, ending in .toml, or the folder of a \
             language or of the music",
        )];
    }
    match read_text(file) {
        Ok(text) if is_desks(file, &text) => load_desks(file).findings,
        Ok(text) if is_config(file, &text) => check_settings(file).1,
        Ok(_) => {
            let voices = profile::voices_before_landing(file, &MusicLibrary::read(media_dir));
            profile::load(file, media_dir).1.into_iter().chain(voices).collect()
        }
        Err(finding) => vec![finding],
    }
}

/// Whether two paths lead to the same folder.
fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// Returns a finding for each track with voices that a profile in `dir` plays before the landing.
fn voices_in(dir: &Path, library: &MusicLibrary) -> Vec<Finding> {
    let files = profile_files(dir).unwrap_or_default();
    files.iter().flat_map(|file| profile::voices_before_landing(file, library)).collect()
}

/// Returns the findings of a `desk.toml`; `None` if `file` is not a `desk.toml` or cannot be read.
fn check_desks(file: &Path) -> Option<Vec<Finding>> {
    let text = read_text(file).ok()?;
    is_desks(file, &text).then(|| load_desks(file).findings)
}

/// Whether a file is a `kiosk.toml`, judging by its tables and, if these could also belong to a profile, by its name.
fn is_config(file: &Path, text: &str) -> bool {
    let Ok(document) = Document::parse(file, text) else { return is_called_kiosk(file) };
    let root = document.root();
    let count = |tables: &[&str]| tables.iter().filter(|table| root.has(table)).count();
    match count(&CONFIG_TABLES).cmp(&count(&PROFILE_TABLES)) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => is_called_kiosk(file),
    }
}

fn is_called_kiosk(file: &Path) -> bool {
    file.file_stem().is_some_and(|stem| stem.to_string_lossy().contains("kiosk"))
}

/// Returns the settings of a `kiosk.toml`, and its findings, including those about missing files that it names. The
/// settings are `None` if the file cannot be read.
fn check_settings(file: &Path) -> (Option<Config>, Vec<Finding>) {
    let text = match read_text(file) {
        Ok(text) => text,
        Err(finding) => return (None, vec![finding]),
    };
    let mut reading = read(file, &text);
    find_languages(file, &mut reading);
    let ParsedConfig { config, mut findings, mentions } = reading;
    let mut missing = |key: &str, exists: bool, what: &str| {
        let mention = mentions.iter().find(|mention| mention.key == key && !exists);
        findings.extend(mention.map(|mention| mention.finding(file, what)));
    };
    if let CertificateSource::Files { cert, key } = &config.desk.tls {
        missing("desk.tls_cert", cert.is_file(), "a file that exists");
        missing("desk.tls_key", key.is_file(), "a file that exists");
    }
    if let Some(mqtt) = &config.lines.mqtt {
        let is_file = |file: &Option<PathBuf>| file.as_ref().is_none_or(|file| file.is_file());
        missing("line.mqtt.password_file", is_file(&mqtt.broker.password_file), "a file that exists");
        missing("line.mqtt.ca_file", is_file(&mqtt.broker.ca_file), "a file that exists");
    }
    if let Some(program) = config.lines.contact.first() {
        missing("contact.command", Path::new(program).is_file(), "a program that exists");
    }
    for (index, step) in config.lines.escalation.iter().enumerate() {
        let is_file = step.ca_file.as_ref().is_none_or(|file| file.is_file());
        missing(&format!("escalation[{index}].secret_file"), step.secret_file.is_file(), "a file that exists");
        missing(&format!("escalation[{index}].ca_file"), is_file, "a file that exists");
    }
    if let Some(folder) = &config.take_home.folder {
        let writable = folder.is_dir() && rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok();
        missing("take_home.folder", writable, "a folder that exists and that the room may write");
    }
    missing("media.dir", config.media.dir.is_dir(), "a folder that exists");
    let folder_exists = config.profiles.dir.is_dir();
    missing("profiles.dir", folder_exists, "a folder that exists");
    let default_exists = config.profiles.default_file().is_file() || !folder_exists;
    missing("profiles.default", default_exists, &default_allowed(&config));
    if !default_exists && !mentions.iter().any(|mention| mention.key == "profiles.default") {
        findings.push(default_missing(file, &config));
    }
    findings.extend(too_small_screen(file, &config, &mentions));
    findings.sort_by_key(|finding| (finding.file != file, finding.file.clone(), finding.line));
    (Some(config), findings)
}

/// Returns a finding if the screen size in the file is too small for all controls.
fn too_small_screen(file: &Path, config: &Config, mentions: &[Mention]) -> Option<Finding> {
    let mention = mentions.iter().find(|mention| mention.key == "screen.diagonal_inches")?;
    let least_inches = config.screen.needed_inches()?;
    let (width, height) = USUAL_SHAPE;
    Some(Finding {
        file: file.into(),
        line: Some(mention.line),
        key: mention.key.clone(),
        found: config.screen.diagonal_inches.to_string(),
        allowed: format!(
            "at least {least_inches} for a screen of {width}:{height}, since a smaller one has no room for all controls: \
             correct the size, or use a larger screen"
        ),
    })
}

fn check_config(file: &Path) -> Vec<Finding> {
    let (config, mut findings) = check_settings(file);
    let Some(config) = config else { return findings };
    // A missing folder has already been reported, so the profiles in it are not checked.
    let named = findings.iter().any(|finding| finding.key == "profiles.dir");
    if !named {
        findings.extend(load_profiles(&config.profiles.dir, &config.media.dir).1);
        let files = profile_files(&config.profiles.dir).unwrap_or_default();
        let languages = config.locales.languages();
        findings.extend(files.iter().flat_map(|file| profile::unknown_languages(file, &languages)));
    }
    let library = MusicLibrary::read(&config.media.dir);
    findings.extend(voices_in(&config.profiles.dir, &library));
    findings.extend(library.all_findings());
    findings
}

fn check_defaults() -> Vec<Finding> {
    let config = Config::default();
    let mut findings = load_profiles(&config.profiles.dir, &config.media.dir).1;
    if config.profiles.dir.is_dir() && !config.profiles.default_file().is_file() {
        findings.insert(0, default_missing(Path::new("kiosk.toml"), &config));
    }
    let library = MusicLibrary::read(&config.media.dir);
    findings.extend(voices_in(&config.profiles.dir, &library));
    findings.extend(library.all_findings());
    findings
}

fn default_missing(file: &Path, config: &Config) -> Finding {
    Finding::of_file(file, format!("the profile {:?}", config.profiles.default), default_allowed(config))
}

fn default_allowed(config: &Config) -> String {
    format!("a profile that exists in {}", config.profiles.dir.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the tables that a reader knows, which it lists in its finding about an unknown table.
    fn known(findings: &[Finding]) -> Vec<String> {
        let unknown = findings.iter().find(|finding| finding.key == "no-such-table").unwrap();
        let listed = unknown.allowed.split(';').next().unwrap_or_default();
        listed.split(", ").map(str::to_owned).collect()
    }

    #[test]
    fn the_tables_that_tell_settings_from_a_profile_are_all_that_only_one_of_them_has() {
        let (file, text) = (Path::new("x.toml"), "[no-such-table]\n");
        let settings = known(&read(file, text).findings);
        let profile = known(&profile::read(file, text).findings);
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|table| !those.contains(table)).cloned().collect()
        };
        let sorted = |mut tables: Vec<String>| {
            tables.sort();
            tables
        };
        let listed = |tables: &[&str]| sorted(tables.iter().map(|table| (*table).to_owned()).collect());
        assert_eq!(sorted(only(&settings, &profile)), listed(&CONFIG_TABLES));
        assert_eq!(sorted(only(&profile, &settings)), listed(&PROFILE_TABLES));
    }
}
