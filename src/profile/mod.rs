//! Owns what a profile is: the sound, place, breath, words and light that a clinic has put together for a session.
//! Does not own when its parts begin (`room::arc`), nor how any of it is played or drawn.

mod choices;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::findings::{Finding, io_reason, one_of, read_text};
use crate::room::arc::Part;
use crate::room::breath::Pattern;
use crate::vocabulary::language::{Language, PerLanguage};

pub use crate::room::snapshot::{Place, SoundChoice};
pub(crate) use choices::named;
pub use choices::{Bed, Guide, PerPart, Score, TimeOfDay, bed_alone};
pub(crate) use reading::{INFUSION_MINUTES, LEVEL_DB, PROFILE_NAME, is_profile_name, per_language};
pub use reading::{Reading, read};

/// The kinds of music that can be played, by the end of the file's name.
pub const TRACK_ENDINGS: [&str; 6] = ["flac", "mp3", "ogg", "m4a", "aac", "wav"];

/// Seconds from one track to the next where a profile says nothing.
pub const CROSSFADE_S: f32 = 8.0;

/// The most profiles that one folder may hold.
pub const PROFILES_MAX: usize = 64;

/// What a clinic has put together for a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The stem of its file, such as `gentle-tide`; its name everywhere but on screens.
    pub name: String,
    /// What it is called on screens, in one language at least: see [`Profile::title_in`].
    pub title: PerLanguage<String>,
    /// What it is like, in a sentence.
    pub description: PerLanguage<String>,
    /// Length of the infusion in minutes, 20 to 240; none leaves it to `kiosk.toml`.
    pub infusion_minutes: Option<u32>,
    /// What is heard in each part.
    pub sound: PerPart<PartSound>,
    /// Seconds from one track to the next, 0 to 60.
    pub crossfade_s: f32,
    /// What the patient may choose to hear: the profile's own sound and silence, and what the clinic adds.
    pub sounds_allowed: Vec<SoundChoice>,
    /// The level at the start in dBFS, −60 to 0 and within `limits`; none leaves it to `kiosk.toml`.
    pub volume_db: Option<f32>,
    /// Where it takes place.
    pub place: Place,
    /// The time of day there.
    pub time: TimeOfDay,
    /// Its weather, from 0, clear, to 1, the softest haze, rain or mist that it has.
    pub mood: f32,
    /// The places the patient may choose: the profile's own and the dark, and what the clinic adds.
    pub places_allowed: Vec<Place>,
    /// How the breath is paced.
    pub breath: Breathing,
    /// The sparse words on the screen.
    pub words: Words,
    /// The light in each part.
    pub light: PerPart<PartLight>,
    /// Where the patient may move the level.
    pub limits: Limits,
}

/// What is heard in one part of the arc.
#[derive(Clone, Debug, PartialEq)]
pub struct PartSound {
    /// Music under the media folder, played in this order and then from the first again; empty for none.
    pub tracks: Vec<PathBuf>,
    /// Those of them that go on from the one before without a gap: parts of one work.
    pub joined: Vec<PathBuf>,
    /// The music against the level of the session in dB, −40 to 0.
    pub music_db: f32,
    /// The music that is composed live.
    pub score: Score,
    /// The score against the level of the session in dB, −40 to 0.
    pub score_db: f32,
    /// How much fuller or barer than the arc asks the score is, −1 to 1.
    pub intensity: f32,
    /// The sound of nature beneath it.
    pub bed: Bed,
    /// The bed against the level of the session in dB, −40 to 0.
    pub bed_db: f32,
    /// Another sound of nature beside it.
    pub second_bed: Bed,
    /// The other bed against the level of the session in dB, −40 to 0.
    pub second_bed_db: f32,
}

impl Default for PartSound {
    fn default() -> Self {
        Self {
            tracks: Vec::new(),
            joined: Vec::new(),
            music_db: 0.0,
            score: Score::Silent,
            score_db: -3.0,
            intensity: 0.0,
            bed: Bed::Silent,
            bed_db: -9.0,
            second_bed: Bed::Silent,
            second_bed_db: -15.0,
        }
    }
}

impl PartSound {
    /// Whether nothing of it is ever heard.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.tracks.is_empty()
            && self.score == Score::Silent
            && self.bed == Bed::Silent
            && self.second_bed == Bed::Silent
    }
}

/// How the breath is paced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breathing {
    /// The pattern.
    pub pattern: Pattern,
    /// The parts in which it is paced unasked. Nobody has tested it at peak, so it is off there unless a clinic says.
    pub parts: PerPart<bool>,
    /// What shows it.
    pub guide: Guide,
}

impl Default for Breathing {
    fn default() -> Self {
        let parts = PerPart::from_fn(|part| matches!(part, Part::Settle | Part::Landing));
        Self { pattern: Pattern::default(), parts, guide: Guide::Scene }
    }
}

/// The sparse words on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Whether there are any.
    pub on: bool,
    /// Minutes from one line to the next, 2 to 60.
    pub every_minutes: u32,
}

impl Default for Words {
    fn default() -> Self {
        Self { on: true, every_minutes: 6 }
    }
}

/// The light of the place and of the screen in one part of the arc.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartLight {
    /// From 0, as dark as it gets, to 1, as bright as the screen goes.
    pub brightness: f32,
    /// From −1, moonlight, over 0, the place as painted, to 1, lamplight.
    pub warmth: f32,
    /// From 0, grey, to 1, the place as painted.
    pub saturation: f32,
    /// From 0, still, to 1, the place as it moves by itself.
    pub movement: f32,
}

impl PartLight {
    /// The light where a profile says nothing: it dims over the onset, is lowest at peak and comes back by halves,
    /// so that no step of the way back is large.
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

/// Where the patient may move the level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The softest in dBFS, −60 to 0.
    pub volume_min_db: f32,
    /// The loudest in dBFS, −60 to 0; the room's cap still holds above it.
    pub volume_max_db: f32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { volume_min_db: -60.0, volume_max_db: -12.0 }
    }
}

impl Profile {
    /// The profile that needs nothing on disk: the quiet room at dusk, its words, and no sound. For a room whose
    /// profiles cannot be read, since the call must work there too.
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
            words: Words::default(),
            light: PerPart::from_fn(PartLight::default_of),
            limits: Limits::default(),
        }
    }

    /// Its title in the first of `languages` that it has one in, else in any; without a title, its name.
    #[must_use]
    pub fn title_in(&self, languages: &[Language]) -> &str {
        let title = self.title.first_of(languages).or_else(|| self.title.iter().next().map(|(_, title)| title));
        title.map_or(&self.name, |title| title)
    }

    /// Its description in the first of `languages` that it has one in; empty if there is none.
    #[must_use]
    pub fn description_in(&self, languages: &[Language]) -> &str {
        self.description.first_of(languages).map_or("", |description| description)
    }

    /// Every track it plays, each once, relative to the media folder.
    #[must_use]
    pub fn tracks(&self) -> Vec<&Path> {
        let all = Part::ALL.into_iter().flat_map(|part| &self.sound.get(part).tracks);
        all.map(PathBuf::as_path).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether it is never heard: no track, no score and no bed in any part.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.sound.iter().all(|(_, sound)| sound.is_silent())
    }

    /// Whether any part of it has music that is composed live.
    #[must_use]
    pub fn is_scored(&self) -> bool {
        self.sound.iter().any(|(_, sound)| sound.score != Score::Silent)
    }
}

/// Reads one profile and looks for the media it names under `media_dir`.
#[must_use]
pub fn load(file: &Path, media_dir: &Path) -> (Option<Profile>, Vec<Finding>) {
    let text = match read_text(file) {
        Ok(text) => text,
        Err(finding) => return (None, vec![finding]),
    };
    let Reading { profile, mut findings, tracks, .. } = read(file, &text);
    let missing = tracks.iter().filter(|track| !media_dir.join(&track.name).is_file());
    findings.extend(missing.map(|track| track.finding(file, format!("a file that exists in {}", media_dir.display()))));
    findings.sort_by_key(|finding| finding.line);
    (profile.filter(|_| findings.is_empty()), findings)
}

/// Where a profile has a title or a description in a language that is not among `languages`. It can be used all the
/// same: nobody reads that text.
#[must_use]
pub fn unknown_languages(file: &Path, languages: &[Language]) -> Vec<Finding> {
    let Ok(text) = read_text(file) else { return Vec::new() };
    let tags: Vec<&str> = languages.iter().map(Language::name).collect();
    let unknown = read(file, &text).languages.into_iter().filter(|mention| !tags.contains(&mention.name.as_str()));
    unknown.map(|mention| mention.finding(file, one_of(&tags, Some(&mention.name)))).collect()
}

/// Reads every profile in `dir`, in the order of their names. Those that are right are kept; of the others every
/// finding is named.
#[must_use]
pub fn load_profiles(dir: &Path, media_dir: &Path) -> (Vec<Profile>, Vec<Finding>) {
    let mut profiles = Vec::new();
    let mut findings = Vec::new();
    match profile_files(dir) {
        Ok(files) => {
            for file in files {
                let (profile, found) = load(&file, media_dir);
                profiles.extend(profile);
                findings.extend(found);
            }
        }
        Err(finding) => findings.push(finding),
    }
    (profiles, findings)
}

/// The profiles of a folder in the order of their names.
///
/// # Errors
/// A finding if the folder cannot be read, or holds no profile or too many.
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
