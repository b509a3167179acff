//! Owns the keys that a profile file may have, and their allowed values. Does not own their meaning, which the types in
//! `profile` describe.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::{Breathing, PartLight, PartSound, PerPart, Profile, SessionWords, VolumeLimits};
use crate::findings::{Document, Finding, Mention, Section, stays_inside};
use crate::library::is_music;
use crate::room::breath::BreathPattern;
use crate::room::timeline::{INFUSION_MINUTES_MAX, INFUSION_MINUTES_MIN, Part};
use crate::vocabulary::language::{Language, PerLanguage};
use crate::vocabulary::place::{Place, TimeOfDay};
use crate::vocabulary::sound::{CROSSFADE_MAX_S, CROSSFADE_S, Family, SoundChoice, TRACK_ENDINGS};

/// Allowed levels of a session, in dBFS.
pub const LEVEL_DB: RangeInclusive<f32> = -60.0..=0.0;
/// Allowed levels of tracks, score and beds relative to the session, in dB.
const UNDER_DB: RangeInclusive<f32> = -40.0..=0.0;
/// Allowed lengths of an infusion, in minutes.
pub const INFUSION_MINUTES: RangeInclusive<u32> = INFUSION_MINUTES_MIN..=INFUSION_MINUTES_MAX;
const TRACKS_MAX: usize = 64;
const TITLE_CHARS: RangeInclusive<usize> = 1..=40;
const DESCRIPTION_CHARS: RangeInclusive<usize> = 0..=160;

/// The result of parsing a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedProfile {
    /// The profile, if it has no findings.
    pub profile: Option<Profile>,
    /// Every problem, sorted by line.
    pub findings: Vec<Finding>,
    /// Each track that the file names, so that a later check can find missing music files.
    pub tracks: Vec<Mention>,
    /// Each family of music that the file names, so that a later check can find empty ones.
    pub families: Vec<Mention>,
    /// Each language tag that the file uses as a key, so that a later check can find unknown languages.
    pub languages: Vec<Mention>,
}

/// Parses a profile without reading anything from disk.
#[must_use]
pub fn read(file: &Path, text: &str) -> ParsedProfile {
    let document = match Document::parse(file, text) {
        Ok(document) => document,
        Err(findings) => {
            let (tracks, families, languages) = Default::default();
            return ParsedProfile { profile: None, findings, tracks, families, languages };
        }
    };
    let (mut music, mut languages) = (MusicMentions::default(), Vec::new());
    let profile = profile(&document.root(), &mut music, &mut languages);
    let mut findings = Vec::new();
    let name = file.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_profile_name(stem));
    if name.is_none() {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        findings.push(Finding::of_file(file, format!("the name {stem:?}"), PROFILE_NAME));
    }
    findings.extend(document.into_findings());
    let profile = match (name, profile) {
        (Some(name), Some(profile)) if findings.is_empty() => Some(Profile { name: name.into(), ..profile }),
        _ => None,
    };
    let MusicMentions { tracks, families } = music;
    ParsedProfile { profile, findings, tracks, families, languages }
}

/// The music that a profile names.
#[derive(Default)]
struct MusicMentions {
    tracks: Vec<Mention>,
    families: Vec<Mention>,
}

/// A description of the names that [`is_profile_name`] accepts, for error messages.
pub const PROFILE_NAME: &str = "a name of 1 to 40 lower-case letters, digits and hyphens";

/// Whether a profile may have this name.
pub fn is_profile_name(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn profile(root: &Section<'_>, music: &mut MusicMentions, languages: &mut Vec<Mention>) -> Option<Profile> {
    let section = root.section("title");
    let title = per_language(&section, languages, |tag| section.text(tag, TITLE_CHARS));
    if section.is_present() == root.has("title") && section.keys().is_empty() {
        root.report("title", "nothing", "a text of 1 to 40 characters in at least one language");
    }
    let section = root.section("description");
    let description = per_language(&section, languages, |tag| section.text(tag, DESCRIPTION_CHARS));
    let session = root.section("session");
    let infusion_minutes = session.integer("infusion_minutes", INFUSION_MINUTES);
    session.finish();
    let limits = limits(&root.section("limits"));
    let sound_section = root.section("sound");
    let volume_db = volume_db(&sound_section, limits);
    let sounds = sound_section.choices("allowed");
    let crossfade_s = sound_section.number("crossfade_s", 0.0..=CROSSFADE_MAX_S).unwrap_or(CROSSFADE_S);
    let sound = sound(&sound_section, music);
    let (place, time, mood, places_allowed) = place(&root.section("place"));
    let breath = breath(&root.section("breath"));
    let words = words(&root.section("words"));
    let light = light(&root.section("light"));
    root.finish();
    let place = place?;
    Some(Profile {
        name: String::new(),
        title,
        description,
        infusion_minutes,
        sound,
        crossfade_s,
        sounds_allowed: with(&[SoundChoice::Music, SoundChoice::Silence], sounds.unwrap_or_default()),
        volume_db,
        place,
        time,
        mood,
        places_allowed: with(&[place, Place::Dark], places_allowed),
        breath,
        words,
        light,
        limits,
    })
}

/// Reads a table whose keys are language tags, and adds each tag to `mentions`. `read` reads the value of a tag.
pub(crate) fn per_language<'d, T>(
    section: &Section<'d>,
    mentions: &mut Vec<Mention>,
    read: impl Fn(&'d str) -> Option<T>,
) -> PerLanguage<T> {
    let mut values = Vec::new();
    for tag in section.keys() {
        if let Some(language) = Language::from_name(tag) {
            mentions.push(section.mention_of(tag));
            values.extend(read(tag).map(|value| (language, value)));
        } else {
            section.report(tag, "an unknown key", Language::TAG);
        }
    }
    values.into_iter().collect()
}

fn limits(section: &Section<'_>) -> VolumeLimits {
    let default = VolumeLimits::default();
    let limits = VolumeLimits {
        volume_min_db: section.number("volume_min_db", LEVEL_DB).unwrap_or(default.volume_min_db),
        volume_max_db: section.number("volume_max_db", LEVEL_DB).unwrap_or(default.volume_max_db),
    };
    if limits.volume_min_db > limits.volume_max_db {
        let allowed = format!("at most volume_max_db, which is {}", limits.volume_max_db);
        section.report("volume_min_db", limits.volume_min_db.to_string(), allowed);
    }
    section.finish();
    limits
}

fn volume_db(section: &Section<'_>, limits: VolumeLimits) -> Option<f32> {
    let volume_db = section.number("volume_db", LEVEL_DB)?;
    if !(limits.volume_min_db..=limits.volume_max_db).contains(&volume_db) {
        let allowed = format!("a number within [limits], {} to {}", limits.volume_min_db, limits.volume_max_db);
        section.report("volume_db", volume_db.to_string(), allowed);
    }
    Some(volume_db)
}

fn sound(section: &Section<'_>, mentions: &mut MusicMentions) -> PerPart<PartSound> {
    let whole_arc = part_sound(section, &PartSound::default(), mentions);
    let sound = PerPart::from_fn(|part: Part| {
        let section = section.section(part.name());
        let sound = part_sound(&section, &whole_arc, mentions);
        section.finish();
        sound
    });
    section.finish();
    sound
}

fn part_sound(section: &Section<'_>, otherwise: &PartSound, mentions: &mut MusicMentions) -> PartSound {
    let tracks = section.list("tracks", TRACKS_MAX, "music files", track);
    mentions.tracks.extend(section.mentions("tracks").into_iter().filter(|mention| track(&mention.name).is_ok()));
    let family = section.choice_or_none::<Family>("family");
    let is_named = |mention: &Mention| Family::from_name(&mention.name).is_some();
    mentions.families.extend(section.mentions("family").into_iter().filter(is_named));
    if section.has("tracks") && section.has("family") {
        section.report("family", "both tracks and family", "one of them in each table");
    }
    let (tracks, family) = match (tracks, family) {
        (_, Some(Some(family))) => (Vec::new(), Some(family)),
        (Some(tracks), _) => (tracks, None),
        (None, Some(None)) => (otherwise.tracks.clone(), None),
        (None, None) => (otherwise.tracks.clone(), otherwise.family),
    };
    let joined = section.list("joined", TRACKS_MAX, "music files that tracks names", |name| {
        let path = PathBuf::from(name);
        // The first track is skipped, because no track precedes it.
        let follows = tracks.iter().skip(1).any(|track| *track == path);
        if follows { Ok(path) } else { Err("a file listed in tracks after another one".to_owned()) }
    });
    // The tracks of a family are played in any order, so none of them follows another.
    let inherited = if family.is_some() { Vec::new() } else { otherwise.joined.clone() };
    PartSound {
        joined: joined.unwrap_or(inherited),
        tracks,
        family,
        music_db: section.number("music_db", UNDER_DB).unwrap_or(otherwise.music_db),
        score: section.choice_or_none("score").unwrap_or(otherwise.score),
        score_db: section.number("score_db", UNDER_DB).unwrap_or(otherwise.score_db),
        intensity: section.number("intensity", -1.0..=1.0).unwrap_or(otherwise.intensity),
        bed: section.choice_or_none("bed").unwrap_or(otherwise.bed),
        bed_db: section.number("bed_db", UNDER_DB).unwrap_or(otherwise.bed_db),
        second_bed: section.choice_or_none("second_bed").unwrap_or(otherwise.second_bed),
        second_bed_db: section.number("second_bed_db", UNDER_DB).unwrap_or(otherwise.second_bed_db),
    }
}

fn track(name: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(name);
    if stays_inside(&path) && is_music(&path) {
        return Ok(path);
    }
    Err(format!("a path within the media folder that ends in one of {}", TRACK_ENDINGS.join(", ")))
}

fn place(section: &Section<'_>) -> (Option<Place>, TimeOfDay, f32, Vec<Place>) {
    let places: Vec<&str> = Place::ALL.iter().map(|place| place.name()).collect();
    section.require("name", format!("one of {}", places.join(", ")));
    let name = section.choice("name");
    let time = section.choice("time").unwrap_or(TimeOfDay::Dusk);
    let mood = section.number("mood", 0.0..=1.0).unwrap_or_default();
    let allowed = section.choices("allowed").unwrap_or_default();
    section.finish();
    (name, time, mood, allowed)
}

fn breath(section: &Section<'_>) -> Breathing {
    let default = Breathing::default();
    let pattern = section.choice("pattern").unwrap_or(default.pattern);
    let parts = section.choices::<Part>("parts");
    let parts = parts.map_or(default.parts, |on| PerPart::from_fn(|part| on.contains(&part)));
    let guide = section.choice("guide").unwrap_or(default.guide);
    section.finish();
    if pattern == BreathPattern::Box4 && (parts.onset || parts.peak || parts.returning) {
        // A patient must not be asked to hold their breath during an infusion.
        section.report("parts", "a part of the infusion", "settle and landing, since 4-4-4-4 holds the breath");
    }
    Breathing { pattern, parts, guide }
}

fn words(section: &Section<'_>) -> SessionWords {
    let default = SessionWords::default();
    let words = SessionWords {
        on: section.boolean("on").unwrap_or(default.on),
        every_minutes: section.integer("every_minutes", 2..=60).unwrap_or(default.every_minutes),
    };
    section.finish();
    words
}

fn light(section: &Section<'_>) -> PerPart<PartLight> {
    let whole_arc = LightKeys::read(section);
    let light = PerPart::from_fn(|part: Part| {
        let section = section.section(part.name());
        let own = LightKeys::read(&section);
        section.finish();
        let default = PartLight::default_of(part);
        PartLight {
            brightness: own.brightness.or(whole_arc.brightness).unwrap_or(default.brightness),
            warmth: own.warmth.or(whole_arc.warmth).unwrap_or(default.warmth),
            saturation: own.saturation.or(whole_arc.saturation).unwrap_or(default.saturation),
            movement: own.movement.or(whole_arc.movement).unwrap_or(default.movement),
        }
    });
    section.finish();
    light
}

struct LightKeys {
    brightness: Option<f32>,
    warmth: Option<f32>,
    saturation: Option<f32>,
    movement: Option<f32>,
}

impl LightKeys {
    fn read(section: &Section<'_>) -> Self {
        Self {
            brightness: section.number("brightness", 0.0..=1.0),
            warmth: section.number("warmth", -1.0..=1.0),
            saturation: section.number("saturation", 0.0..=1.0),
            movement: section.number("movement", 0.0..=1.0),
        }
    }
}

fn with<T: Copy + PartialEq>(always: &[T], chosen: Vec<T>) -> Vec<T> {
    let mut all = Vec::new();
    for one in always.iter().copied().chain(chosen) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}
