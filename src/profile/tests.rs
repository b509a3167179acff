//! Owns the tests of profiles: that every problem is reported with its line, that the shipped profiles have no problem,
//! and that a part has the value of the whole arc for every key that it lacks.

// When expect-test updates a raw string, it always writes the `#` characters.
#![allow(clippy::needless_raw_string_hashes)]

use std::fmt::Write;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};

use super::*;
use crate::vocabulary::Named;
use crate::vocabulary::place::{Place, TimeOfDay};
use crate::vocabulary::sound::{Bed, Character, Family, SoundChoice};

/// A valid profile with little more than the keys that every profile needs.
const LEAST: &str = "title.en-US = \"A\"\ntitle.es-US = \"A\"\nplace.name = \"beach\"\n";

fn lines(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |mut lines, finding| {
        let _ = writeln!(lines, "{finding}");
        lines
    })
}

/// Compares the findings in `text` with `expected`. Lists of places, beds and sounds in the findings are each replaced
/// with a phrase first, so that the expected text stays the same when a place, a bed or a sound is added.
fn check(text: &str, expected: &Expect) {
    let found = lines(&read(Path::new("profiles/x.toml"), text).findings);
    let found = found.replace(&SoundChoice::one_of(), "a choice of sound");
    let found = found.replace(&format!("{}, none", Bed::one_of()), "a bed or none");
    expected.assert_eq(&found.replace(&Place::one_of(), "a place"));
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_shipped_profiles_have_no_findings() {
    let mut names = Vec::new();
    for file in profile_files(&folder("profiles")).unwrap() {
        let reading = read(&file, &std::fs::read_to_string(&file).unwrap());
        assert_eq!(lines(&reading.findings), "");
        names.push(reading.profile.unwrap().name);
    }
    assert_eq!(names, ["forest-morning", "gentle-tide", "long-120", "quiet-piano", "quiet-room", "silence-and-dark"]);
}

#[test]
fn the_shipped_profiles_dim_to_the_peak_and_never_name_words_as_music() {
    for file in profile_files(&folder("profiles")).unwrap() {
        let profile = read(&file, &std::fs::read_to_string(&file).unwrap()).profile.unwrap();
        let bright = |part| profile.light.get(part).brightness;
        assert!(bright(Part::Settle) > bright(Part::Onset), "{}", profile.name);
        assert!(bright(Part::Onset) > bright(Part::Peak), "{}", profile.name);
        assert!(bright(Part::Peak) < bright(Part::Return), "{}", profile.name);
        assert!(bright(Part::Return) < bright(Part::Landing), "{}", profile.name);
        assert!(!profile.breath.parts.peak, "{}", profile.name);
        assert_eq!(profile.is_silent(), profile.name == "silence-and-dark");
        assert!(profile.tracks().iter().all(|track| track.starts_with("music")));
    }
}

#[test]
fn the_least_profile_has_quiet_defaults() {
    let profile = read(Path::new("profiles/least.toml"), LEAST).profile.unwrap();
    assert_eq!(profile.name, "least");
    assert_eq!((profile.place, profile.time), (Place::Beach, TimeOfDay::Dusk));
    assert_eq!(profile.places_allowed, [Place::Beach, Place::Dark]);
    assert_eq!(profile.sounds_allowed, [SoundChoice::Music, SoundChoice::Silence]);
    assert!(profile.is_silent());
    assert_eq!((profile.infusion_minutes, profile.volume_db), (None, None));
    assert_eq!(profile.breath, Breathing::default());
    assert_eq!(*profile.light.get(Part::Peak), PartLight::default_of(Part::Peak));
}

#[test]
fn a_part_may_have_composed_music_two_beds_and_joined_tracks() {
    let text = format!(
        "{LEAST}[sound]\ncrossfade_s = 20\ntracks = [\"a.flac\", \"b.flac\"]\njoined = [\"b.flac\"]\n[sound.peak]\n\
         tracks = []\njoined = []\nscore = \"bells\"\nscore_db = -6\nintensity = -0.5\nbed = \"rain\"\nsecond_bed = \"fire\"\n"
    );
    let profile = read(Path::new("x.toml"), &text).profile.unwrap();
    assert_eq!(profile.sound.get(Part::Onset).joined, [PathBuf::from("b.flac")]);
    let peak = profile.sound.get(Part::Peak);
    assert_eq!((peak.score, peak.second_bed, peak.joined.len()), (Some(Character::Bells), Some(Bed::Fire), 0));
    assert!((peak.intensity + 0.5).abs() < 1e-6 && (profile.crossfade_s - 20.0).abs() < 1e-6);
    assert!(profile.is_scored() && !profile.is_silent());
    check(
        &format!("{LEAST}[sound]\ncrossfade_s = 61\ntracks = [\"a.flac\"]\njoined = [\"a.flac\"]\nscore = \"drums\"\n"),
        &expect![[r#"
            profiles/x.toml:5: sound.crossfade_s: found 61, allowed a number from 0 to 60
            profiles/x.toml:7: sound.joined: found "a.flac", allowed a file listed in tracks after another one
            profiles/x.toml:8: sound.score: found "drums", allowed one of tidal, glass, strings, bells, piano-strings, bare-piano, low-strings, cello-drone, harp-flute, choir-bells, piano-works, none
        "#]],
    );
}

#[test]
fn a_family_is_the_librarys_music_and_a_part_can_leave_it() {
    let media = tempfile::tempdir().unwrap();
    let music = media.path().join("music");
    std::fs::create_dir(&music).unwrap();
    let track = |name: &str, entry: &str| {
        std::fs::write(music.join(name), "").unwrap();
        std::fs::write(music.join(format!("{name}.toml")), format!("licence = \"own\"\n{entry}")).unwrap();
    };
    track("a.ogg", "family = \"strings\"\nvoices = false\n");
    track("b.ogg", "family = \"strings\"\n");
    track("song.ogg", "family = \"strings\"\nvoices = true\n");
    track("hymn.ogg", "family = \"classical\"\nvoices = true\n");
    let file = media.path().join("own.toml");
    let load = |sound: &str| {
        std::fs::write(&file, format!("{LEAST}{sound}")).unwrap();
        let (profile, findings) = load(&file, media.path());
        (profile, lines(&findings).replace(&*media.path().to_string_lossy(), "MEDIA"))
    };
    let whole = "[sound]\nfamily = \"strings\"\n[sound.onset]\ntracks = [\"music/b.ogg\"]\n[sound.peak]\nfamily = \"none\"\n\
                 score = \"tidal\"\n[sound.landing]\nfamily = \"classical\"\n";
    let (profile, findings) = load(whole);
    assert_eq!(findings, "");
    let profile = profile.unwrap();
    let heard = |part| {
        let sound = profile.sound.get(part);
        (sound.family, sound.tracks.iter().map(|track| track.to_str().unwrap()).collect::<Vec<_>>())
    };
    assert_eq!(heard(Part::Settle), (Some(Family::Strings), vec!["music/a.ogg", "music/b.ogg"]));
    assert_eq!(heard(Part::Onset), (None, vec!["music/b.ogg"]));
    assert_eq!(heard(Part::Peak), (None, vec![]));
    assert_eq!(heard(Part::Landing), (Some(Family::Classical), vec!["music/hymn.ogg"]));
    assert_eq!(profile.tracks().len(), 3);
    let (_, findings) = load(
        "[sound]\nfamily = \"strings\"\n[sound.peak]\nfamily = \"classical\"\n[sound.return]\nfamily = \"ambient\"\n",
    );
    expect![[r#"
        MEDIA/own.toml:7: sound.peak.family: found "classical", allowed a family with music without voices in MEDIA/music: add some with `stillroom media add FILE --family classical --voices no`
        MEDIA/own.toml:9: sound.return.family: found "ambient", allowed a family with music without voices in MEDIA/music: add some with `stillroom media add FILE --family ambient --voices no`
    "#]].assert_eq(&findings);
    check(
        &format!(
            "{LEAST}[sound]\nfamily = \"string\"\n[sound.peak]\ntracks = []\nfamily = \"strings\"\njoined = [\"a.ogg\"]\n"
        ),
        &expect![[r#"
            profiles/x.toml:5: sound.family: found "string", allowed one of classical, strings, overtone, ambient, none; did you mean strings?
            profiles/x.toml:8: sound.peak.family: found both tracks and family, allowed one of them in each table
            profiles/x.toml:9: sound.peak.joined: found "a.ogg", allowed a file listed in tracks after another one
        "#]],
    );
    let read = read(Path::new("x.toml"), &format!("{LEAST}sound.family = \"ambient\"\n"));
    assert!(!read.profile.unwrap().is_silent(), "a family is music before the library is read");
}

#[test]
fn voices_before_the_landing_are_a_finding_of_a_check_only() {
    let media = tempfile::tempdir().unwrap();
    std::fs::create_dir(media.path().join("music")).unwrap();
    for name in ["song.ogg", "tune.ogg"] {
        std::fs::write(media.path().join("music").join(name), "").unwrap();
    }
    std::fs::write(media.path().join("music/song.ogg.toml"), "licence = \"own\"\nvoices = true\n").unwrap();
    let file = media.path().join("own.toml");
    let library = MusicLibrary::read(media.path());
    let found = |sound: &str| {
        std::fs::write(&file, format!("{LEAST}{sound}")).unwrap();
        assert!(load(&file, media.path()).0.is_some(), "the room plays it all the same");
        let found = voices_before_landing(&file, &library);
        found.iter().map(|finding| format!("{} {}", finding.line.unwrap(), finding.key)).collect::<Vec<_>>()
    };
    let both = "tracks = [\"music/tune.ogg\", \"music/song.ogg\"]\n";
    assert_eq!(found(&format!("[sound]\n{both}")), ["5 sound.tracks"]);
    assert_eq!(found(&format!("[sound]\n[sound.peak]\n{both}[sound.landing]\n{both}")), ["6 sound.peak.tracks"]);
    assert_eq!(found(&format!("[sound.landing]\n{both}")), [""; 0]);
    let others: String =
        ["settle", "onset", "peak", "return"].map(|part| format!("[sound.{part}]\ntracks = []\n")).concat();
    assert_eq!(found(&format!("[sound]\n{both}{others}")), [""; 0], "only the landing plays it");
}

#[test]
fn a_part_changes_only_what_it_names() {
    let text = format!(
        "{LEAST}[sound]\ntracks = [\"a.ogg\"]\nbed = \"sea\"\nbed_db = -6\n[sound.peak]\ntracks = []\nmusic_db = -3\n\
         [light]\nwarmth = 0.5\n[light.peak]\nbrightness = 0\n"
    );
    let profile = read(Path::new("x.toml"), &text).profile.unwrap();
    let onset = profile.sound.get(Part::Onset);
    assert_eq!((onset.tracks.as_slice(), onset.bed), ([PathBuf::from("a.ogg")].as_slice(), Some(Bed::Sea)));
    let peak = profile.sound.get(Part::Peak);
    assert_eq!(*peak, PartSound { music_db: -3.0, bed: Some(Bed::Sea), bed_db: -6.0, ..PartSound::default() });
    let light = profile.light.get(Part::Peak);
    assert_eq!(*light, PartLight { brightness: 0.0, warmth: 0.5, ..PartLight::default_of(Part::Peak) });
    assert_eq!(profile.tracks(), [Path::new("a.ogg")]);
}

#[test]
fn every_problem_is_named_with_its_line() {
    check(
        r#"
[title]
en-US = ""
fr-FR = "Marée"

[session]
infusion_minutes = 400

[sound]
tracks = ["music/a.ogg", "../b.ogg", "/c.ogg", "d.txt", "music/a.ogg", 5]
volume_db = -10
bed = "ocean"
allowed = ["music", "see"]

[sound.peek]
bed_db = -50

[place]
name = "shore"
time = "noon"

[breath]
pattern = "4-4-4-4"
parts = ["settle", "peak"]
guide = "sceen"

[words]
every_minutes = 1

[light]
warmth = -2
[light.peak]
brightness = "low"
"#,
        &expect![[r#"
            profiles/x.toml:3: title.en-US: found "", allowed a text of 1 to 40 characters
            profiles/x.toml:7: session.infusion_minutes: found 400, allowed a whole number from 20 to 240
            profiles/x.toml:10: sound.tracks: found "../b.ogg", allowed a path within the media folder that ends in one of flac, mp3, ogg, m4a, aac, wav
            profiles/x.toml:10: sound.tracks: found "/c.ogg", allowed a path within the media folder that ends in one of flac, mp3, ogg, m4a, aac, wav
            profiles/x.toml:10: sound.tracks: found "d.txt", allowed a path within the media folder that ends in one of flac, mp3, ogg, m4a, aac, wav
            profiles/x.toml:10: sound.tracks: found "music/a.ogg" twice, allowed each once
            profiles/x.toml:10: sound.tracks: found 5, allowed a text in quotes
            profiles/x.toml:11: sound.volume_db: found -10, allowed a number within [limits], -60 to -12
            profiles/x.toml:12: sound.bed: found "ocean", allowed a bed or none
            profiles/x.toml:13: sound.allowed: found "see", allowed a choice of sound; did you mean sea?
            profiles/x.toml:15: sound.peek: found an unknown key, allowed volume_db, allowed, crossfade_s, tracks, family, joined, music_db, score, score_db, intensity, bed, bed_db, second_bed, second_bed_db, settle, onset, peak, return, landing; did you mean peak?
            profiles/x.toml:19: place.name: found "shore", allowed a place
            profiles/x.toml:20: place.time: found "noon", allowed one of dawn, day, dusk, night
            profiles/x.toml:24: breath.parts: found a part of the infusion, allowed settle and landing, since 4-4-4-4 holds the breath
            profiles/x.toml:25: breath.guide: found "sceen", allowed one of scene, ring, orb; did you mean scene?
            profiles/x.toml:28: words.every_minutes: found 1, allowed a whole number from 2 to 60
            profiles/x.toml:31: light.warmth: found -2, allowed a number from -1 to 1
            profiles/x.toml:33: light.peak.brightness: found "low", allowed a number from 0 to 1
        "#]],
    );
}

#[test]
fn an_empty_profile_lacks_its_title_and_place() {
    check(
        "",
        &expect![[r#"
            profiles/x.toml:1: title: found nothing, allowed a text of 1 to 40 characters in at least one language
            profiles/x.toml:1: place.name: found nothing, allowed a place
        "#]],
    );
    check(
        "[title]\nen-US = \"A\"\n\n[place]\ntime = \"day\"\n",
        &expect![[r#"
            profiles/x.toml:4: place.name: found nothing, allowed a place
        "#]],
    );
}

#[test]
fn syntax_errors_are_reported_with_their_lines() {
    check(
        "[title]\nen-US = \"A\nes-US = \"B\"\n",
        &expect![[r#"
        profiles/x.toml:2: syntax: found broken TOML (invalid basic string), allowed `"`
    "#]],
    );
}

#[test]
fn limits_apply_to_the_level() {
    check(
        &format!("{LEAST}[limits]\nvolume_min_db = -10\nvolume_max_db = -20\n"),
        &expect![[r#"
        profiles/x.toml:5: limits.volume_min_db: found -10, allowed at most volume_max_db, which is -20
    "#]],
    );
    check(
        &format!("{LEAST}sound.volume_db = -10\n"),
        &expect![[r#"
        profiles/x.toml:4: sound.volume_db: found -10, allowed a number within [limits], -60 to -12
    "#]],
    );
}

#[test]
fn every_range_includes_its_ends_and_nothing_beyond() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("session.infusion_minutes", &["20", "240"], &["19", "241", "40.0", "'40'"]),
        ("sound.volume_db", &["-60", "-12"], &["-61", "-11.9", "nan"]),
        ("sound.music_db", &["-40", "0"], &["-40.5", "0.5"]),
        ("sound.landing.bed_db", &["-40", "0"], &["-41", "1"]),
        ("limits.volume_max_db", &["-60", "0"], &["0.1", "inf"]),
        ("words.every_minutes", &["2", "60"], &["1", "61"]),
        ("light.brightness", &["0", "1", "0.5"], &["-0.1", "1.1"]),
        ("light.onset.warmth", &["-1", "1"], &["-1.1", "1.1"]),
        ("light.return.saturation", &["0", "1"], &["-1", "2"]),
        ("light.settle.movement", &["0", "1"], &["-1", "2"]),
        ("breath.pattern", &["'4-6'", "'3-7'", "'5-5'", "'4-4-4-4'"], &["'6-4'", "46"]),
        (
            "breath.parts",
            &["[]", "['settle', 'onset', 'peak', 'return', 'landing']"],
            &["['all']", "'peak'", "['peak', 'peak']"],
        ),
        ("place.time", &["'dawn'", "'night'"], &["'Dawn'"]),
        ("place.allowed", &["[]", "['pictures', 'drifting-colour']"], &["['void']"]),
        ("sound.bed", &["'none'", "'brown'"], &["'silence'"]),
        ("sound.family", &["'none'", "'overtone'"], &["'Strings'", "['strings']"]),
        ("sound.tracks", &["[]", "['A.FLAC', 'x/y.m4a']"], &["['']", "['./a.ogg']", "'a.ogg'", "['x/']"]),
    ];
    for (key, right, wrong) in cases {
        for value in *right {
            let reading = read(Path::new("x.toml"), &format!("{LEAST}{key} = {value}\n"));
            assert_eq!(lines(&reading.findings), "", "{key} = {value}");
        }
        for value in *wrong {
            let reading = read(Path::new("x.toml"), &format!("{LEAST}{key} = {value}\n"));
            let at: Vec<_> = reading.findings.iter().map(|finding| (finding.line, finding.key.as_str())).collect();
            assert_eq!(at, [(Some(4), *key)], "{key} = {value}");
            assert_eq!(reading.profile, None);
        }
    }
}

#[test]
fn a_folder_gives_the_valid_profiles_and_reports_the_others() {
    let room = tempfile::tempdir().unwrap();
    let dir = room.path().join("profiles");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::create_dir_all(room.path().join("media")).unwrap();
    std::fs::write(room.path().join("media/here.ogg"), "").unwrap();
    let write = |name: &str, text: String| std::fs::write(dir.join(name), text).unwrap();
    write("right.toml", format!("{LEAST}sound.tracks = [\"here.ogg\"]\n"));
    write("gone.toml", format!("{LEAST}sound.tracks = [\n  \"here.ogg\",\n  \"gone.ogg\",\n]\n"));
    write("Loud Name.toml", LEAST.into());
    write("not-a-profile.txt", String::new());
    let (profiles, findings) = load_profiles(&dir, &room.path().join("media"));
    assert_eq!(profiles.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>(), ["right"]);
    expect![[r#"
        ROOM/profiles/Loud Name.toml: file: found the name "Loud Name", allowed a name of 1 to 40 lower-case letters, digits and hyphens
        ROOM/profiles/gone.toml:6: sound.tracks: found "gone.ogg", allowed a file that exists in ROOM/media
    "#]].assert_eq(&lines(&findings).replace(&*room.path().to_string_lossy(), "ROOM"));
    let (profiles, findings) = load_profiles(&room.path().join("none"), room.path());
    assert_eq!((profiles.len(), findings.len()), (0, 1));
}

#[test]
fn long_and_multiline_values_are_reported_on_one_line() {
    let text = format!("{LEAST}place.time = \"\"\"\nday\n{}\"\"\"\n\"a\\nb\" = 1\n", "x".repeat(200));
    let findings = read(Path::new("x.toml"), &text).findings;
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().all(|finding| finding.to_string().lines().count() == 1), "{}", lines(&findings));
    assert!(findings.iter().all(|finding| finding.found.chars().count() <= 61));
}

#[test]
fn the_bare_profile_needs_nothing() {
    assert!(Profile::bare().is_silent());
    assert!(Profile::bare().tracks().is_empty());
}

#[test]
fn a_profile_is_called_by_the_nearest_title_it_has() {
    let language = |tag| Language::from_name(tag).unwrap();
    let read = |titles: &str| {
        let reading = read(Path::new("tide.toml"), &format!("{titles}place.name = \"beach\"\n"));
        reading.profile.unwrap_or_else(|| panic!("{:?}", reading.findings))
    };
    let (german, spanish) = (language("de-DE"), language("es-US"));
    let both = read("title.en-US = \"Tide\"\ntitle.es-US = \"Marea\"\ndescription.es-US = \"Agua\"\n");
    assert_eq!(both.title_in(&[spanish, Language::FALLBACK]), "Marea");
    assert_eq!(both.title_in(&[german, Language::FALLBACK]), "Tide");
    assert_eq!(both.title_in(&[german, spanish, Language::FALLBACK]), "Marea");
    assert_eq!(both.description_in(&[spanish]), "Agua");
    assert_eq!(both.description_in(&[german, Language::FALLBACK]), "");
    assert_eq!(read("title.de-DE = \"Flut\"\n").title_in(&[spanish, Language::FALLBACK]), "Flut");
}
