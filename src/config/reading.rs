//! Owns the keys that `kiosk.toml` may have, and their allowed values, except those of `lines` and `take_home`. Does
//! not own the meaning of the keys, which is documented on the types in `config`.

use std::net::SocketAddr;
use std::path::Path;

use super::lines::lines;
use super::{
    AfterConfig, CallConfig, Card, Config, DeskConfig, MediaConfig, NotesConfig, ProfilesConfig, RoomConfig,
    ScreenConfig, SessionConfig, SoundConfig,
};
use super::{CAP_DBA, Calibration, DIAGONAL_INCHES, READING_DBA, TEST_TONE_DB, folder_of, take_home};
use crate::findings::{Document, Finding, Mention, Section, tidy};
use crate::profile::{INFUSION_MINUTES, LEVEL_DB, PROFILE_NAME, is_profile_name, per_language};
use crate::room::names::{self, NameError};
use crate::room::timeline::LANDING_MINUTES_MAX;
use crate::vocabulary::access::CertificateSource;
use crate::vocabulary::language::Language;
use crate::vocabulary::sound::{TONE_MAX, TONE_MIN};
use crate::words::Locales;

const CARDS_MAX: usize = 12;
const CLINICIANS_MAX: usize = 24;
const KEYS_MAX: usize = 8;

/// The result of parsing a `kiosk.toml`.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedConfig {
    /// The settings. A key with a finding has its default, except that a list keeps its valid entries and a start
    /// volume above the cap is lowered to the cap.
    pub config: Config,
    /// Every problem, sorted by line.
    pub findings: Vec<Finding>,
    /// Every value that refers to something outside the file, such as a path, a profile, a language or the size of the
    /// screen. Whether these values are right is checked later.
    pub mentions: Vec<Mention>,
}

/// Parses a `kiosk.toml` without reading anything from disk. Relative paths are joined to the folder of `file`.
#[must_use]
pub fn read(file: &Path, text: &str) -> ParsedConfig {
    let folder = folder_of(file);
    let document = match Document::parse(file, text) {
        Ok(document) => document,
        Err(findings) => return ParsedConfig { config: Config::defaults_in(folder), findings, mentions: Vec::new() },
    };
    let mut mentions = Vec::new();
    let root = document.root();
    let config = Config {
        room: room(&root.section("room"), folder, &mut mentions),
        screen: screen(&root.section("screen"), &mut mentions),
        sound: sound(&root.section("sound")),
        profiles: profiles(&root.section("profiles"), folder, &mut mentions),
        media: media(&root.section("media"), folder, &mut mentions),
        session: session(&root.section("session")),
        desk: desk(&root.section("desk"), folder, &mut mentions),
        call: call(&root.section("call")),
        lines: lines(&root, folder, &mut mentions),
        after: after(&root.section("after"), &mut mentions),
        notes: notes(&root.section("notes")),
        take_home: take_home::read(&root.section("take_home"), folder, &mut mentions),
        locales: Locales::shipped(),
    };
    root.finish();
    ParsedConfig { config, findings: document.into_findings(), mentions }
}

fn room(section: &Section<'_>, folder: &Path, mentions: &mut Vec<Mention>) -> RoomConfig {
    let default = RoomConfig::default();
    let name = section.text("name", 0..=40);
    let locale = section.text_where("locale", Language::TAG, Language::from_name);
    mentions.extend(locale.and_then(|_| section.mentions("locale").pop()));
    let room = RoomConfig {
        name: name.unwrap_or(default.name),
        locale: locale.unwrap_or(default.locale),
        locales: section.path("locales", mentions).map(|path| folder.join(path)),
    };
    section.finish();
    room
}

fn screen(section: &Section<'_>, mentions: &mut Vec<Mention>) -> ScreenConfig {
    let default = ScreenConfig::default();
    // Whether the screen is large enough is checked later, since the first-run setup may set a different size.
    mentions.extend(section.has("diagonal_inches").then(|| section.mention_of("diagonal_inches")));
    let screen = ScreenConfig {
        diagonal_inches: section.number("diagonal_inches", DIAGONAL_INCHES).unwrap_or(default.diagonal_inches),
        fullscreen: section.boolean("fullscreen").unwrap_or(default.fullscreen),
        frames_per_second: section.integer("frames_per_second", 10..=60).unwrap_or(default.frames_per_second),
        renderer: section.choice("renderer").unwrap_or(default.renderer),
        reduce_motion: section.boolean("reduce_motion").unwrap_or(default.reduce_motion),
    };
    section.finish();
    screen
}

fn sound(section: &Section<'_>) -> SoundConfig {
    let default = SoundConfig::default();
    let calibration = calibration(&section.section("calibration"));
    let cap_dba = section.number("cap_dba", CAP_DBA);
    let cap_db = match (section.number("cap_db", LEVEL_DB), cap_dba, &calibration) {
        (None, Some(cap_dba), Some(calibration)) => calibration.volume_of_dba(cap_dba).max(*LEVEL_DB.start()),
        (cap_db, Some(cap_dba), calibration) => {
            let allowed = match calibration {
                Some(_) => "one cap: cap_db or cap_dba",
                None => "cap_db, since cap_dba needs a reading in [sound.calibration]",
            };
            section.report("cap_dba", cap_dba.to_string(), allowed.to_owned());
            cap_db.unwrap_or(default.cap_db)
        }
        (cap_db, None, _) => cap_db.unwrap_or(default.cap_db),
    };
    let start_volume_db = section.number("start_volume_db", LEVEL_DB);
    if let Some(start_volume_db) = start_volume_db.filter(|start_volume_db| *start_volume_db > cap_db) {
        section.report("start_volume_db", start_volume_db.to_string(), format!("at most cap_db, which is {cap_db}"));
    }
    let sound = SoundConfig {
        cap_db,
        start_volume_db: start_volume_db.unwrap_or(default.start_volume_db).min(cap_db),
        device: section.text("device", 1..=200),
        chime_device: section.text("chime_device", 1..=200),
        crossfeed: section.boolean("crossfeed").unwrap_or(default.crossfeed),
        tone: section.integer("tone", TONE_MIN..=TONE_MAX).unwrap_or(default.tone),
        calibration,
    };
    section.finish();
    sound
}

/// Reads the calibration. Returns `None` unless both the level of the tone and the reading are given.
fn calibration(section: &Section<'_>) -> Option<Calibration> {
    let (output, port) = (section.text("output", 1..=200), section.text("port", 1..=200));
    let test_tone_db = section.number("test_tone_db", TEST_TONE_DB);
    let reading_dba = section.number("reading_dba", READING_DBA);
    let is_there = section.has("test_tone_db") || section.has("reading_dba") || output.is_some() || port.is_some();
    if is_there {
        section.require("test_tone_db", "the level of the test tone in dB".to_owned());
        section.require("reading_dba", "what the sound meter read in dB(A)".to_owned());
    }
    section.finish();
    Some(Calibration { test_tone_db: test_tone_db?, reading_dba: reading_dba?, output, port })
}

fn profiles(section: &Section<'_>, folder: &Path, mentions: &mut Vec<Mention>) -> ProfilesConfig {
    let default = ProfilesConfig::default();
    let name = section.text_where("default", PROFILE_NAME, |name| is_profile_name(name).then(|| name.to_owned()));
    mentions.extend(name.as_ref().and_then(|_| section.mentions("default").pop()));
    let profiles = ProfilesConfig {
        dir: folder.join(section.path("dir", mentions).unwrap_or(default.dir)),
        default: name.unwrap_or(default.default),
    };
    section.finish();
    profiles
}

fn media(section: &Section<'_>, folder: &Path, mentions: &mut Vec<Mention>) -> MediaConfig {
    let dir = folder.join(section.path("dir", mentions).unwrap_or(MediaConfig::default().dir));
    let pictures = section.path("pictures", mentions).map_or_else(|| dir.join("pictures"), |path| folder.join(path));
    let media = MediaConfig { dir, pictures };
    section.finish();
    media
}

fn session(section: &Section<'_>) -> SessionConfig {
    let default = SessionConfig::default();
    let landing_minutes = section.integer("landing_minutes_after_end", 0..=LANDING_MINUTES_MAX);
    let session = SessionConfig {
        infusion_minutes: section.integer("infusion_minutes", INFUSION_MINUTES).unwrap_or(default.infusion_minutes),
        landing_minutes_after_end: landing_minutes.unwrap_or(default.landing_minutes_after_end),
    };
    section.finish();
    session
}

fn desk(section: &Section<'_>, folder: &Path, mentions: &mut Vec<Mention>) -> DeskConfig {
    let desk = desk_keys(section, folder, mentions, DeskConfig::default());
    section.finish();
    desk
}

/// Reads the keys that the desk of one room and the desk of several rooms have in common.
pub(super) fn desk_keys(
    section: &Section<'_>,
    folder: &Path,
    mentions: &mut Vec<Mention>,
    default: DeskConfig,
) -> DeskConfig {
    let address = "an address and a port such as \"127.0.0.1:8737\"";
    let listen = section.text_where("listen", address, |text| text.parse::<SocketAddr>().ok());
    let own_files = section.text_where("tls", "one of auto, files", |word| match word {
        "auto" => Some(false),
        "files" => Some(true),
        _ => None,
    });
    let own_files = own_files.unwrap_or(false);
    let cert = section.path("tls_cert", mentions);
    let key = section.path("tls_key", mentions);
    for key in ["tls_cert", "tls_key"] {
        if own_files {
            section.require(key, "the path of a PEM file, since tls is \"files\"");
        } else if section.has(key) {
            section.report(key, "a path", "no such key unless tls is \"files\"");
        }
    }
    let tls = match (own_files, cert, key) {
        (true, Some(cert), Some(key)) => CertificateSource::Files { cert: folder.join(cert), key: folder.join(key) },
        _ => CertificateSource::Auto,
    };
    let clinicians = section.list("clinicians", CLINICIANS_MAX, "names", |name| {
        names::parse_name(name, &(1..=40)).map_err(|problem| {
            let without = match problem {
                NameError::Length => "",
                NameError::Invisible => ", all of them visible",
                NameError::BidiControl => ", none of which changes the direction of the text",
            };
            format!("a name of 1 to 40 characters{without}")
        })
    });
    DeskConfig { listen: listen.unwrap_or(default.listen), tls, clinicians: clinicians.unwrap_or(default.clinicians) }
}

/// Keys besides F1 to F24 that a hardware call button may send, each given as its `key` value in W3C UI Events. None of
/// them types anything.
const CALL_KEYS: [&str; 24] = [
    "AudioVolumeDown",
    "AudioVolumeMute",
    "AudioVolumeUp",
    "BrowserBack",
    "BrowserForward",
    "BrowserHome",
    "BrowserSearch",
    "ContextMenu",
    "Help",
    "Insert",
    "LaunchApplication1",
    "LaunchApplication2",
    "LaunchMail",
    "LaunchMediaPlayer",
    "MediaPlay",
    "MediaPlayPause",
    "MediaStop",
    "MediaTrackNext",
    "MediaTrackPrevious",
    "PageDown",
    "PageUp",
    "Pause",
    "PrintScreen",
    "ScrollLock",
];

fn call_key(name: &str) -> Result<String, String> {
    let function_key = name.strip_prefix('F').and_then(|number| number.parse::<u8>().ok());
    let canonical = function_key.filter(|number| (1..=24).contains(number)).map(|number| format!("F{number}"));
    if canonical.as_deref() == Some(name) || CALL_KEYS.contains(&name) {
        return Ok(name.to_owned());
    }
    Err(format!("a key that types nothing: F1 to F24, {}", CALL_KEYS.join(", ")))
}

fn call(section: &Section<'_>) -> CallConfig {
    let default = CallConfig::default();
    let call = CallConfig {
        keys: section.list("keys", KEYS_MAX, "names of keys", call_key).unwrap_or(default.keys),
        chime_db: section.number("chime_db", LEVEL_DB).unwrap_or(default.chime_db),
    };
    section.finish();
    call
}

fn after(section: &Section<'_>, mentions: &mut Vec<Mention>) -> AfterConfig {
    let cards = section.section("cards");
    let after = AfterConfig { cards: per_language(&cards, mentions, |tag| self::cards(&cards, tag)) };
    section.finish();
    after
}

/// Reads the cards of one language and returns the valid ones; `None` if none is valid.
fn cards<'d>(section: &Section<'d>, tag: &'d str) -> Option<Vec<Card>> {
    let cards = section.sections(tag, CARDS_MAX).into_iter().filter_map(|card| {
        card.require("title", "a text of 1 to 60 characters");
        card.require("text", "a text of 1 to 400 characters");
        let title = card.text("title", 1..=60);
        let text = card.text("text", 1..=400);
        let link =
            card.text_where("link", "an address that starts with https://, tel: or mailto:, or a phone number", link);
        card.finish();
        Some(Card { title: title?, text: text?, link })
    });
    let cards: Vec<Card> = cards.collect();
    (!cards.is_empty()).then_some(cards)
}

fn link(text: &str) -> Option<String> {
    let text = tidy(text, &(1..=300))?;
    if is_phone_number(&text) {
        return Some(format!("tel:{text}"));
    }
    if text.strip_prefix("tel:").is_some_and(|number| is_phone_number(number.trim())) {
        return Some(text);
    }
    let rest = ["https://", "tel:", "mailto:"].iter().find_map(|start| text.strip_prefix(start))?;
    let is_address = !rest.is_empty() && !rest.contains(char::is_whitespace);
    is_address.then_some(text)
}

/// Whether a text is a phone number as people write it: 3 to 15 digits, separated in any way by spaces, hyphens, full
/// stops and parentheses, and an optional `+` at the start.
fn is_phone_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    (3..=15).contains(&digits) && rest.chars().all(|c| c.is_ascii_digit() || " -.()".contains(c))
}

fn notes(section: &Section<'_>) -> NotesConfig {
    let default = NotesConfig::default();
    let notes = NotesConfig {
        pages_max: section.integer("pages_max", 1..=200).unwrap_or(default.pages_max),
        page_chars_max: section.integer("page_chars_max", 100..=20_000).unwrap_or(default.page_chars_max),
    };
    section.finish();
    notes
}
