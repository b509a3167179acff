//! Owns profiles, each of which is a combination of sound, place, breath, words and light that a clinic has made for
//! sessions. Does not own the times at which the parts of a session begin (`room::timeline`), or the code that plays
//! the sound and draws the place.

mod choices;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::findings::{Finding, Mention, io_reason, one_of, read_text};
use crate::library::{FOLDER, MusicLibrary};
use crate::room::breath::BreathPattern;
use crate::room::timeline::Part;
use crate::vocabulary::language::{Language, PerLanguage};
use crate::vocabulary::place::{Guide, Place, TimeOfDay};
use crate::vocabulary::sound::{Bed, CROSSFADE_S, Character, Family, SoundChoice};

pub use choices::PerPart;
pub(crate) use reading::{INFUSION_MINUTES, LEVEL_DB, PROFILE_NAME, is_profile_name, per_language};
pub use reading::{ParsedProfile, read};

/// Maximum number of profiles in one folder.
pub const PROFILES_MAX: usize = 64;

/// A clinic's recipe for a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The stem of the profile's file name, such as `gentle-tide`. Files and messages use this name; patients and staff
    /// see the title.
    pub name: String,
    /// The profile's name on screens, 1 to 40 characters, required in at least one language (see
    /// [`Profile::title_in`]).
    pub title: PerLanguage<String>,
    /// A sentence that describes the profile to staff who choose it, up to 160 characters; none by default.
    pub description: PerLanguage<String>,
    /// Length of the infusion in minutes, 20 to 240; `None`, the default, leaves it to `kiosk.toml`.
    pub infusion_minutes: Option<u32>,
    /// What is heard in each part. If a part's table lacks a key, the part has the value that is set for the whole arc.
    pub sound: PerPart<PartSound>,
    /// Length of the crossfade between tracks, 0 to [`CROSSFADE_MAX_S`](crate::vocabulary::sound::CROSSFADE_MAX_S)
    /// seconds; [`CROSSFADE_S`] by default.
    pub crossfade_s: f32,
    /// The sounds that the patient may choose. They always include the profile's own sounds and silence; the clinic can
    /// add others.
    pub sounds_allowed: Vec<SoundChoice>,
    /// The level in dBFS at which a session starts, −60 to 0 and within `limits`; `None`, the default, leaves it to
    /// `kiosk.toml`.
    pub volume_db: Option<f32>,
    /// The place that is shown; required.
    pub place: Place,
    /// The time of day at that place; dusk by default.
    pub time: TimeOfDay,
    /// The weather at that place, from 0 (clear, the default) to 1 (as much haze, mist or snow as the place can have).
    pub mood: f32,
    /// The places that the patient may choose. They always include the profile's own place and *Dark*, the black
    /// screen; the clinic can add others.
    pub places_allowed: Vec<Place>,
    /// How the breath is paced.
    pub breath: Breathing,
    /// Whether and how often a phrase appears on the screen.
    pub words: SessionWords,
    /// The light in each part.
    pub light: PerPart<PartLight>,
    /// The range in which the patient may set the level of the session.
    pub limits: VolumeLimits,
}

/// What is heard in one part of the arc.
#[derive(Clone, Debug, PartialEq)]
pub struct PartSound {
    /// Up to 64 music files, relative to the media folder, played in this order and repeated; none by default. With a
    /// `family`, those of the library that belong to it, sorted by name; before the landing only those without voices.
    /// [`read`] leaves them out, and [`load`] adds them.
    pub tracks: Vec<PathBuf>,
    /// The family of the library whose tracks are played, in an order that differs from session to session; `None`, the
    /// default, if the profile names its tracks or has none.
    pub family: Option<Family>,
    /// Those of `tracks` that follow the previous track without a gap, like the movements of a work; none by default.
    pub joined: Vec<PathBuf>,
    /// Level of the tracks relative to the session, −40 to 0 dB; 0 by default.
    pub music_db: f32,
    /// The character of the score, which is composed live; `None`, the default, for no score.
    pub score: Option<Character>,
    /// Level of the score relative to the session, −40 to 0 dB; −3 by default.
    pub score_db: f32,
    /// How much sparser (down to −1) or fuller (up to 1) the score is than it would be from the arc alone; 0 by
    /// default.
    pub intensity: f32,
    /// The nature sound beneath the music; none by default.
    pub bed: Option<Bed>,
    /// Level of the bed relative to the session, −40 to 0 dB; −9 by default.
    pub bed_db: f32,
    /// A second nature sound, played with the first; none by default.
    pub second_bed: Option<Bed>,
    /// Level of the second bed relative to the session, −40 to 0 dB; −15 by default.
    pub second_bed_db: f32,
}

impl Default for PartSound {
    fn default() -> Self {
        Self {
            tracks: Vec::new(),
            family: None,
            joined: Vec::new(),
            music_db: 0.0,
            score: None,
            score_db: -3.0,
            intensity: 0.0,
            bed: None,
            bed_db: -9.0,
            second_bed: None,
            second_bed_db: -15.0,
        }
    }
}

impl PartSound {
    /// Whether this part has no sound at all.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        let has_music = !self.tracks.is_empty() || self.family.is_some() || self.score.is_some();
        !has_music && self.bed.is_none() && self.second_bed.is_none()
    }
}

/// How the breath is paced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breathing {
    /// The breathing pattern; by default [`BreathPattern::FourSix`], that is, in for 4 s and out for 6 s.
    pub pattern: BreathPattern,
    /// The parts in which breath pacing starts on its own; settle and landing by default. The peak is not among the
    /// defaults, because pacing has not been studied there.
    pub parts: PerPart<bool>,
    /// What paces the breath on the screen; the place by default.
    pub guide: Guide,
}

impl Default for Breathing {
    fn default() -> Self {
        let parts = PerPart::from_fn(|part| matches!(part, Part::Settle | Part::Landing));
        Self { pattern: BreathPattern::default(), parts, guide: Guide::Scene }
    }
}

/// The occasional phrases on the screen during a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionWords {
    /// Whether the phrases are shown; true by default.
    pub on: bool,
    /// Minutes from one phrase to the next, 2 to 60; 6 by default.
    pub every_minutes: u32,
}

impl Default for SessionWords {
    fn default() -> Self {
        Self { on: true, every_minutes: 6 }
    }
}

/// The light of the place and of the screen in one part of the arc. [`PartLight::default_of`] returns the defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartLight {
    /// Brightness from 0 (as dark as possible) to 1 (as bright as the screen allows).
    pub brightness: f32,
    /// Warmth of the colours from −1 (moonlight) through 0 (as drawn) to 1 (lamplight).
    pub warmth: f32,
    /// Saturation of the colours from 0 (grey) to 1 (as drawn).
    pub saturation: f32,
    /// Amount of movement from 0 (still) to 1 (as the place is designed).
    pub movement: f32,
}

impl PartLight {
    /// Returns the default light of a part. The light dims during the onset, is lowest at the peak, and returns in
    /// small steps.
    #[must_use]
    pub const fn default_of(part: Part) -> Self {
        let (brightness, warmth, saturation, movement) = match part {
            Part::Settle => (0.60, 0.30, 0.90, 0.80),
            Part::Onset => (0.40, 0.25, 0.80, 0.60),
            Part::Peak => (0.15, 0.10, 0.60, 0.35),
            Part::Return => (0.30, 0.25, 0.75, 0.50),
            Part::Landing => (0.45, 0.40, 0.90, 0.60),
        };
        Self { brightness, warmth, saturation, movement }
    }
}

/// The range in which the patient may set the level of the session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolumeLimits {
    /// Lowest level, −60 to 0 dBFS; −60 by default.
    pub volume_min_db: f32,
    /// Highest level, −60 to 0 dBFS; −12 by default. The room's cap applies as well.
    pub volume_max_db: f32,
}

impl Default for VolumeLimits {
    fn default() -> Self {
        Self { volume_min_db: -60.0, volume_max_db: -12.0 }
    }
}

impl Profile {
    /// Returns a profile that needs no files. It has the quiet room at dusk, occasional phrases, and no sound.
    #[must_use]
    pub fn bare() -> Self {
        Self {
            name: "bare".into(),
            title: [(Language::FALLBACK, "Quiet".to_owned())].into_iter().collect(),
            description: PerLanguage::default(),
            infusion_minutes: None,
            sound: PerPart::default(),
            crossfade_s: CROSSFADE_S,
            sounds_allowed: vec![SoundChoice::Music, SoundChoice::Silence],
            volume_db: None,
            place: Place::QuietRoom,
            time: TimeOfDay::Dusk,
            mood: 0.0,
            places_allowed: vec![Place::QuietRoom, Place::Dark],
            breath: Breathing::default(),
            words: SessionWords::default(),
            light: PerPart::from_fn(PartLight::default_of),
            limits: VolumeLimits::default(),
        }
    }

    /// Returns the title in the first of `languages` that has one, otherwise in any language. Returns the name if there
    /// is no title at all.
    #[must_use]
    pub fn title_in(&self, languages: &[Language]) -> &str {
        let title = self.title.first_of(languages).or_else(|| self.title.iter().next().map(|(_, title)| title));
        title.map_or(&self.name, |title| title)
    }

    /// Returns the description in the first of `languages` that has one, or an empty text if none has.
    #[must_use]
    pub fn description_in(&self, languages: &[Language]) -> &str {
        self.description.first_of(languages).map_or("", |description| description)
    }

    /// Returns the tracks of all parts without duplicates, relative to the media folder.
    #[must_use]
    pub fn tracks(&self) -> Vec<&Path> {
        let all = Part::ALL.into_iter().flat_map(|part| &self.sound.get(part).tracks);
        all.map(PathBuf::as_path).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether no part has a track, a score or a bed.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.sound.iter().all(|(_, sound)| sound.is_silent())
    }

    /// Whether any part has a score.
    #[must_use]
    pub fn is_scored(&self) -> bool {
        self.sound.iter().any(|(_, sound)| sound.score.is_some())
    }
}

/// Reads one profile, checks that the tracks it names exist in `media_dir`, and finds those of the families it names. A
/// profile with findings is not returned.
#[must_use]
pub fn load(file: &Path, media_dir: &Path) -> (Option<Profile>, Vec<Finding>) {
    load_with(file, media_dir, &MusicLibrary::read(media_dir))
}

fn load_with(file: &Path, media_dir: &Path, library: &MusicLibrary) -> (Option<Profile>, Vec<Finding>) {
    let text = match read_text(file) {
        Ok(text) => text,
        Err(finding) => return (None, vec![finding]),
    };
    let ParsedProfile { profile, mut findings, tracks, families, .. } = read(file, &text);
    let missing = tracks.iter().filter(|track| !media_dir.join(&track.name).is_file());
    findings.extend(missing.map(|track| track.finding(file, format!("a file that exists in {}", media_dir.display()))));
    findings.extend(families.iter().filter_map(|family| empty_family(file, family, media_dir, library)));
    findings.sort_by_key(|finding| finding.line);
    let profile = profile.filter(|_| findings.is_empty()).map(|profile| {
        let sound = PerPart::from_fn(|part| {
            let sound = profile.sound.get(part).clone();
            let family = sound.family.map(|family| library.of_family(family, part == Part::Landing));
            PartSound { tracks: family.unwrap_or(sound.tracks), ..sound }
        });
        Profile { sound, ..profile }
    });
    (profile, findings)
}

/// Returns a finding if the library has nothing to play for this mention of a family.
fn empty_family(file: &Path, mention: &Mention, media_dir: &Path, library: &MusicLibrary) -> Option<Finding> {
    let family = Family::from_name(&mention.name)?;
    let may_have_voices = mention.key == format!("sound.{}.family", Part::Landing.name());
    if !library.of_family(family, may_have_voices).is_empty() {
        return None;
    }
    let without = if may_have_voices { "" } else { " without voices" };
    let folder = media_dir.join(FOLDER);
    let allowed = format!(
        "a family with music{without} in {}: add some with `stillroom media add FILE --family {family} --voices no`",
        folder.display()
    );
    Some(mention.finding(file, allowed))
}

/// Returns a finding for each track with voices that a profile names for a part before the landing, because words that
/// a patient understands would steer the experience.
#[must_use]
pub fn voices_before_landing(file: &Path, library: &MusicLibrary) -> Vec<Finding> {
    let Ok(text) = read_text(file) else { return Vec::new() };
    let parsed = read(file, &text);
    let parts = parsed.profile.iter().flat_map(|profile| profile.sound.iter());
    let early: BTreeSet<&PathBuf> =
        parts.filter(|(part, _)| *part != Part::Landing).flat_map(|(_, sound)| &sound.tracks).collect();
    let of_landing = format!("sound.{}.tracks", Part::Landing.name());
    let voices = parsed.tracks.iter().filter(|track| {
        let path = PathBuf::from(&track.name);
        track.key != of_landing && early.contains(&path) && library.has_voices(&path)
    });
    let allowed =
        "music without voices before the landing: play it in [sound.landing], or correct `voices` in its entry";
    voices.map(|track| track.finding(file, allowed)).collect()
}

/// Returns a finding for each title or description of a profile in a language that is not among `languages`. Such a
/// text does no harm, but its tag may be misspelt.
#[must_use]
pub fn unknown_languages(file: &Path, languages: &[Language]) -> Vec<Finding> {
    let Ok(text) = read_text(file) else { return Vec::new() };
    let tags: Vec<&str> = languages.iter().map(Language::name).collect();
    let unknown = read(file, &text).languages.into_iter().filter(|mention| !tags.contains(&mention.name.as_str()));
    unknown.map(|mention| mention.finding(file, one_of(&tags, Some(&mention.name)))).collect()
}

/// Reads every profile in `dir`. Returns the profiles without findings, sorted by name, and all findings, including one
/// about `dir` itself if the folder cannot be used.
#[must_use]
pub fn load_profiles(dir: &Path, media_dir: &Path) -> (Vec<Profile>, Vec<Finding>) {
    let mut profiles = Vec::new();
    let mut findings = Vec::new();
    match profile_files(dir) {
        Ok(files) => {
            let library = MusicLibrary::read(media_dir);
            for file in files {
                let (profile, found) = load_with(&file, media_dir, &library);
                profiles.extend(profile);
                findings.extend(found);
            }
        }
        Err(finding) => findings.push(finding),
    }
    (profiles, findings)
}

/// Returns the profile files in a folder, sorted by name.
///
/// # Errors
/// A finding if the folder cannot be read, contains no profile, or contains more than [`PROFILES_MAX`].
pub fn profile_files(dir: &Path) -> Result<Vec<PathBuf>, Finding> {
    let entries = std::fs::read_dir(dir)
        .map_err(|error| Finding::of_file(dir, io_reason(&error), "a folder of profiles that can be read"))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    let range = 1..=PROFILES_MAX;
    if range.contains(&files.len()) {
        return Ok(files);
    }
    let found = format!("{} profiles", files.len());
    Err(Finding::of_file(dir, found, format!("1 to {PROFILES_MAX} files that end in .toml")))
}
