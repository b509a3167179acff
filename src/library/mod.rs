//! Owns the clinic's music library: the music files in the folder `music` of the media folder, and beside each an
//! entry, a small TOML file that says what the music is. Does not own how files get there (`storing`), how they are
//! decoded and measured (`sound`), or what a session plays (`profile`).

pub mod storing;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::findings::{Document, Finding, io_reason, read_text};
use crate::vocabulary::sound::{Family, TRACK_ENDINGS};

/// The library's folder in the media folder.
pub const FOLDER: &str = "music";
/// Maximum number of tracks in the library.
pub const TRACKS_MAX: usize = 1_000;
/// Maximum length of the name of a music file, in bytes. It leaves room for the endings of the files beside it.
pub const NAME_BYTES_MAX: usize = 200;
/// Number of characters of a title and of a composer.
pub const NAME_CHARS: RangeInclusive<usize> = 1..=120;
/// Number of characters of a licence.
pub const LICENCE_CHARS: RangeInclusive<usize> = 1..=200;
/// The extension of an entry, which follows the whole name of its file.
const ENTRY_ENDING: &str = "toml";

/// What an entry says about its file. `None` is a key that the entry lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackTags {
    /// The title, 1 to 120 characters.
    pub title: Option<String>,
    /// The composer or, if that says more, the artist, 1 to 120 characters.
    pub composer: Option<String>,
    /// The family that the music belongs to.
    pub family: Option<Family>,
    /// Whether words are sung or spoken in it that the clinic's patients may understand.
    pub voices: Option<bool>,
    /// The licence under which the clinic may play it, 1 to 200 characters.
    pub licence: Option<String>,
}

impl TrackTags {
    /// Returns these tags, and those of `otherwise` where these lack a value.
    #[must_use]
    pub fn or(self, otherwise: Self) -> Self {
        Self {
            title: self.title.or(otherwise.title),
            composer: self.composer.or(otherwise.composer),
            family: self.family.or(otherwise.family),
            voices: self.voices.or(otherwise.voices),
            licence: self.licence.or(otherwise.licence),
        }
    }

    /// The keys without a value that every entry should have.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let keys = [
            ("title", self.title.is_none()),
            ("family", self.family.is_none()),
            ("voices", self.voices.is_none()),
            ("licence", self.licence.is_none()),
        ];
        keys.into_iter().filter(|(_, is_missing)| *is_missing).map(|(key, _)| key).collect()
    }

    /// Returns the text of an entry with these tags.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let text = |text: &Option<String>| text.as_ref().map(|text| toml::Value::String(text.clone()).to_string());
        let lines = [
            ("title", text(&self.title)),
            ("composer", text(&self.composer)),
            ("family", self.family.map(|family| format!("\"{family}\""))),
            ("voices", self.voices.map(|voices| voices.to_string())),
            ("licence", text(&self.licence)),
        ];
        lines.into_iter().filter_map(|(key, value)| Some(format!("{key} = {}\n", value?))).collect()
    }
}

/// One music file of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryTrack {
    /// The file, relative to the media folder, as a profile names it.
    pub file: PathBuf,
    /// What its entry says; empty if it has no entry.
    pub tags: TrackTags,
    /// What is wrong with its entry.
    pub findings: Vec<Finding>,
}

/// The clinic's music library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MusicLibrary {
    /// The tracks, sorted by file name.
    pub tracks: Vec<LibraryTrack>,
    /// What is wrong with the folder, and entries without a file.
    pub findings: Vec<Finding>,
}

impl MusicLibrary {
    /// Reads the entries in the media folder `media_dir`. No music file is opened. A missing folder is an empty
    /// library.
    #[must_use]
    pub fn read(media_dir: &Path) -> Self {
        let folder = media_dir.join(FOLDER);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Self::default(),
            Err(error) => {
                let finding = Finding::of_file(&folder, io_reason(&error), "a folder of music that can be read");
                return Self { tracks: Vec::new(), findings: vec![finding] };
            }
        };
        let mut findings = Vec::new();
        let mut names = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => names.push(entry.file_name()),
                Err(error) => {
                    findings.push(Finding::of_file(&folder, io_reason(&error), "a folder that can be read to its end"));
                    break;
                }
            }
        }
        // Names that begin with a dot belong to files that are still being added.
        let paths =
            names.into_iter().filter(|name| !name.as_encoded_bytes().starts_with(b".")).map(|name| folder.join(name));
        let mut tracks = BTreeMap::new();
        let mut entries = Vec::new();
        for path in paths.filter(|path| path.is_file()) {
            if is_music(&path) {
                tracks.insert(path, false);
            } else if path.extension() == Some(OsStr::new(ENTRY_ENDING)) {
                entries.push(path);
            }
        }
        entries.sort();
        for entry in entries {
            match tracks.get_mut(&entry.with_extension("")) {
                Some(has_entry) => *has_entry = true,
                None => findings.push(entry_without_file(&entry)),
            }
        }
        if tracks.len() > TRACKS_MAX {
            let found = format!("{} music files", tracks.len());
            let allowed = format!("at most {TRACKS_MAX}, of which the first are used: move the others elsewhere");
            findings.push(Finding::of_file(&folder, found, allowed));
        }
        let tracks =
            tracks.into_iter().take(TRACKS_MAX).map(|(path, has_entry)| read_track(&path, has_entry)).collect();
        Self { tracks, findings }
    }

    /// Returns every finding: those of the folder, and those of each track.
    #[must_use]
    pub fn all_findings(&self) -> Vec<Finding> {
        let of_tracks = self.tracks.iter().flat_map(|track| &track.findings);
        self.findings.iter().chain(of_tracks).cloned().collect()
    }

    /// Returns the files of `family`, relative to the media folder and sorted by name. Those with voices are included
    /// only if `with_voices` is true.
    #[must_use]
    pub fn of_family(&self, family: Family, with_voices: bool) -> Vec<PathBuf> {
        let tracks = self.tracks.iter().filter(|track| track.tags.family == Some(family));
        let tracks = tracks.filter(|track| with_voices || track.tags.voices != Some(true));
        tracks.map(|track| track.file.clone()).collect()
    }

    /// Whether `file`, relative to the media folder, is a track with voices.
    #[must_use]
    pub fn has_voices(&self, file: &Path) -> bool {
        self.tracks.iter().any(|track| track.file == file && track.tags.voices == Some(true))
    }
}

/// Whether a file has the extension of music that can be played.
#[must_use]
pub fn is_music(file: &Path) -> bool {
    let ending = file.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    TRACK_ENDINGS.contains(&ending.as_str())
}

/// The path of the entry of a music file: `canopy.ogg.toml` beside `canopy.ogg`. The whole name is kept, because
/// `canopy.flac` may lie beside them.
#[must_use]
pub fn entry_path(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".");
    name.push(ENTRY_ENDING);
    name.into()
}

/// Whether a path is that of an entry, judging by its name.
#[must_use]
pub fn is_entry(path: &Path) -> bool {
    path.extension() == Some(OsStr::new(ENTRY_ENDING)) && is_music(&path.with_extension(""))
}

/// Reads the text of an entry. Nothing is read from disk. A wrong value is a finding, and reads as absent.
#[must_use]
pub fn read_entry(file: &Path, text: &str) -> (TrackTags, Vec<Finding>) {
    let document = match Document::parse(file, text) {
        Ok(document) => document,
        Err(findings) => return (TrackTags::default(), findings),
    };
    let root = document.root();
    let tags = TrackTags {
        title: root.text("title", NAME_CHARS),
        composer: root.text("composer", NAME_CHARS),
        family: root.choice("family"),
        voices: root.boolean("voices"),
        licence: root.text("licence", LICENCE_CHARS),
    };
    root.require("licence", "the licence under which you may play the music, such as \"CC0 1.0\"");
    root.finish();
    (tags, document.into_findings())
}

/// Checks one entry by itself: its text, and that its file exists.
#[must_use]
pub fn check_entry(entry: &Path) -> Vec<Finding> {
    if !entry.with_extension("").is_file() {
        return vec![entry_without_file(entry)];
    }
    read_text(entry).map_or_else(|finding| vec![finding], |text| read_entry(entry, &text).1)
}

fn entry_without_file(entry: &Path) -> Finding {
    let file = entry.with_extension("");
    let found = format!("no music file {:?} beside it", file.file_name().unwrap_or_default().to_string_lossy());
    Finding::of_file(
        entry,
        found,
        "an entry named after its file, as in song.flac.toml: delete it, or bring the file back",
    )
}

fn read_track(path: &Path, has_entry: bool) -> LibraryTrack {
    let file = Path::new(FOLDER).join(path.file_name().unwrap_or_default());
    if !has_entry {
        let allowed = "music with an entry that names its licence: add one with `stillroom media add`";
        return LibraryTrack {
            file,
            tags: TrackTags::default(),
            findings: vec![Finding::of_file(path, "no entry for this file", allowed)],
        };
    }
    let entry = entry_path(path);
    let (tags, findings) = match read_text(&entry) {
        Ok(text) => read_entry(&entry, &text),
        Err(finding) => (TrackTags::default(), vec![finding]),
    };
    LibraryTrack { file, tags, findings }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(findings: &[Finding], folder: &Path) -> String {
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        lines.join("\n").replace(&*folder.to_string_lossy(), "MEDIA")
    }

    fn media(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(FOLDER)).unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(FOLDER).join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let tags = TrackTags {
            title: Some("A \"quoted\" title \\ with 'both'".to_owned()),
            composer: Some("Ása Öz".to_owned()),
            family: Some(Family::Overtone),
            voices: Some(false),
            licence: Some("CC0 1.0".to_owned()),
        };
        let (read, findings) = read_entry(Path::new("a.flac.toml"), &tags.to_toml());
        assert_eq!((read, findings), (tags.clone(), Vec::new()), "{}", tags.to_toml());
        assert_eq!(tags.missing(), [""; 0]);
        let bare = TrackTags { licence: Some("bought".to_owned()), ..TrackTags::default() };
        assert_eq!(read_entry(Path::new("a.flac.toml"), &bare.to_toml()), (bare.clone(), Vec::new()));
        assert_eq!(bare.missing(), ["title", "family", "voices"]);
        assert_eq!(bare.or(tags.clone()), TrackTags { licence: Some("bought".to_owned()), ..tags });
    }

    #[test]
    fn every_mistake_in_the_library_is_a_finding_about_its_file() {
        let folder = media(&[
            ("a.flac", ""),
            ("a.flac.toml", "title = \"A\"\nfamily = \"string\"\nlicence = \"CC0 1.0\"\nvoice = true\n"),
            ("b.ogg", ""),
            ("b.ogg.toml", "title = \"B\"\n"),
            ("c.WAV", ""),
            ("d.mp3.toml", "licence = \"CC0 1.0\"\n"),
            ("song.toml", ""),
            (".adding-e.flac", ""),
            ("README.md", ""),
        ]);
        let library = MusicLibrary::read(folder.path());
        assert_eq!(
            library.tracks.iter().map(|track| track.file.to_str().unwrap()).collect::<Vec<_>>(),
            ["music/a.flac", "music/b.ogg", "music/c.WAV"]
        );
        expect_test::expect![[r#"
            MEDIA/music/d.mp3.toml: file: found no music file "d.mp3" beside it, allowed an entry named after its file, as in song.flac.toml: delete it, or bring the file back
            MEDIA/music/song.toml: file: found no music file "song" beside it, allowed an entry named after its file, as in song.flac.toml: delete it, or bring the file back
            MEDIA/music/a.flac.toml:2: family: found "string", allowed one of classical, strings, overtone, ambient; did you mean strings?
            MEDIA/music/a.flac.toml:4: voice: found an unknown key, allowed title, composer, family, voices, licence; did you mean voices?
            MEDIA/music/b.ogg.toml:1: licence: found nothing, allowed the licence under which you may play the music, such as "CC0 1.0"
            MEDIA/music/c.WAV: file: found no entry for this file, allowed music with an entry that names its licence: add one with `stillroom media add`"#]]
        .assert_eq(&lines(&library.all_findings(), folder.path()));
        assert_eq!(library.tracks[0].tags.title.as_deref(), Some("A"), "what is right in a wrong entry counts");
        let entry = |name: &str| folder.path().join(FOLDER).join(name);
        let checked = ["a.flac.toml", "b.ogg.toml", "d.mp3.toml"].map(|name| check_entry(&entry(name)).len());
        assert_eq!(checked, [2, 1, 1]);
        assert_eq!(MusicLibrary::read(&folder.path().join("none")), MusicLibrary::default());
    }

    #[test]
    fn a_family_leaves_out_voices_unless_they_are_wanted() {
        let strings = |voices: &str| format!("family = \"strings\"\nlicence = \"own\"\n{voices}");
        let folder = media(&[
            ("sung.ogg", ""),
            ("sung.ogg.toml", &strings("voices = true\n")),
            ("played.ogg", ""),
            ("played.ogg.toml", &strings("voices = false\n")),
            ("unclear.ogg", ""),
            ("unclear.ogg.toml", &strings("")),
            ("other.ogg", ""),
            ("other.ogg.toml", "family = \"ambient\"\nlicence = \"own\"\n"),
        ]);
        let library = MusicLibrary::read(folder.path());
        assert_eq!(library.all_findings(), []);
        let of = |with_voices| library.of_family(Family::Strings, with_voices);
        assert_eq!(of(false), ["music/played.ogg", "music/unclear.ogg"].map(PathBuf::from));
        assert_eq!(of(true), ["music/played.ogg", "music/sung.ogg", "music/unclear.ogg"].map(PathBuf::from));
        assert!(library.of_family(Family::Classical, true).is_empty());
        let sung = ["sung.ogg", "played.ogg"].map(|name| library.has_voices(&Path::new(FOLDER).join(name)));
        assert_eq!(sung, [true, false]);
    }

    #[test]
    fn the_shipped_music_has_entries_without_findings() {
        let library = MusicLibrary::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("media"));
        assert_eq!(library.all_findings(), []);
        assert!(library.tracks.len() >= 4, "{library:?}");
        for track in &library.tracks {
            assert_eq!(track.tags.missing(), [""; 0], "{}", track.file.display());
            assert_eq!(track.tags.voices, Some(false), "{}", track.file.display());
        }
    }
}
