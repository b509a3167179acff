//! Owns the tests of `kiosk.toml`: how the file is found, that every problem is reported with its line, that nothing
//! else is reported, and what `stillroom check` covers.

// Raw strings in this file have `#` characters that they do not need, because expect-test writes them.
#![allow(clippy::needless_raw_string_hashes)]

use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};

use super::*;
use crate::profile::load_profiles;
use crate::vocabulary::access::CertificateSource;

fn lines(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |mut lines, finding| {
        let _ = writeln!(lines, "{finding}");
        lines
    })
}

fn check(text: &str, expected: &Expect) {
    let file = Path::new("kiosk.toml");
    let mut reading = read(file, text);
    find_languages(file, &mut reading);
    expected.assert_eq(&lines(&reading.findings));
}

#[test]
fn an_empty_file_is_all_defaults() {
    let reading = read(Path::new("/etc/stillroom/kiosk.toml"), "");
    assert_eq!(reading.findings, []);
    assert_eq!(reading.config, Config::defaults_in(Path::new("/etc/stillroom")));
    assert_eq!(reading.config.media.dir, Path::new("/etc/stillroom/media"));
}

#[test]
fn the_shipped_file_shows_the_defaults_and_checks_clean() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("kiosk.toml");
    let loaded = load(&file);
    assert_eq!(lines(&loaded.findings), "");
    assert_eq!(loaded.config, Config::defaults_in(folder_of(&file)));
    assert!(loaded.exists);
}

#[test]
fn the_shipped_files_and_everything_they_name_check_clean() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("kiosk.toml");
    assert_eq!(lines(&check_files(Some(&file), &[])), "");
}

#[test]
fn the_commented_examples_of_the_shipped_file_are_valid() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("kiosk.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let is_example = |line: &str| line.starts_with("# [") || line.starts_with("# ") && line.contains(" = ");
    let text: String = text
        .lines()
        .map(|line| if is_example(line) { &line[2..] } else { line })
        .map(|line| if line.starts_with("tls =") { "tls = \"files\"" } else { line })
        // Leaves out `cap_db`, because a file may set only one of `cap_db` and `cap_dba`.
        .filter(|line| !line.starts_with("cap_db ="))
        .flat_map(|line| [line, "\n"])
        .collect();
    let reading = read(Path::new("/clinic/kiosk.toml"), &text);
    assert_eq!(lines(&reading.findings), "");
    assert_eq!(reading.config.sound.chime_device.as_deref(), Some("alsa_output.pci-speakers"));
    assert_eq!(reading.config.sound.calibration.as_ref().map(|reading| reading.reading_dba), Some(48.0));
    assert!(reading.config.sound.cap_db > -12.0);
    let spanish = Language::from_name("es-US").unwrap();
    assert_eq!(reading.config.after.cards.first_of(&[spanish]).map(Vec::len), Some(2));
    let at_broker = reading.config.lines.mqtt.unwrap();
    assert_eq!(
        (at_broker.room.as_str(), at_broker.broker.url.to_string()),
        ("room-2", "mqtts://broker.clinic.lan:8883".into())
    );
    assert_eq!(at_broker.broker.password_file.as_deref(), Some(Path::new("/clinic/broker-password")));
    assert_eq!(reading.config.lines.escalation[0].after.as_secs(), 60);
    assert_eq!(reading.config.lines.contact, ["/usr/local/bin/nurse-call-relay"]);
    let tls = CertificateSource::Files { cert: "/clinic/desk-cert.pem".into(), key: "/clinic/desk-key.pem".into() };
    assert_eq!(reading.config.desk.tls, tls);
}

#[test]
fn every_problem_is_reported_with_its_line() {
    check(
        r#"
[room]
nmae = "Two"
locale = "en-UK"

[screen]
diagonal_inches = 4
fullscreen = "yes"
frames_per_second = 29.97
renderer = "tinyskia"

[sound]
cap_db = -20
start_volume_db = -10
chime_device = ""

[session]
infusion_minutes = 400
landing_minutes_after_end = -1

[desk]
listen = "localhost"
tls_cert = "a.pem"
clinicians = ["Ana", "Ana", "  ", "Bo\u200B", "\u202EanA"]

[staff]
pin_file = "pins"

[notes]
page_chars_max = 99
"#,
        &expect![[r#"
            kiosk.toml:3: room.nmae: found an unknown key, allowed name, locale, locales; did you mean name?
            kiosk.toml:4: room.locale: found "en-UK", allowed one of en-US, es-US, fr-FR; did you mean en-US?
            kiosk.toml:7: screen.diagonal_inches: found 4, allowed a number from 5 to 32
            kiosk.toml:8: screen.fullscreen: found "yes", allowed true or false
            kiosk.toml:9: screen.frames_per_second: found 29.97, allowed a whole number from 10 to 60
            kiosk.toml:10: screen.renderer: found "tinyskia", allowed one of auto, wgpu, tiny-skia; did you mean tiny-skia?
            kiosk.toml:14: sound.start_volume_db: found -10, allowed at most cap_db, which is -20
            kiosk.toml:15: sound.chime_device: found "", allowed a text of 1 to 200 characters
            kiosk.toml:18: session.infusion_minutes: found 400, allowed a whole number from 20 to 240
            kiosk.toml:19: session.landing_minutes_after_end: found -1, allowed a whole number from 0 to 20
            kiosk.toml:22: desk.listen: found "localhost", allowed an address and a port such as "127.0.0.1:8737"
            kiosk.toml:23: desk.tls_cert: found a path, allowed no such key unless tls is "files"
            kiosk.toml:24: desk.clinicians: found "Ana" twice, allowed each once
            kiosk.toml:24: desk.clinicians: found "  ", allowed a name of 1 to 40 characters
            kiosk.toml:24: desk.clinicians: found "Bo\u200B", allowed a name of 1 to 40 characters, all of them visible
            kiosk.toml:24: desk.clinicians: found "\u202EanA", allowed a name of 1 to 40 characters, none of which changes the direction of the text
            kiosk.toml:26: staff: found an unknown key, allowed room, screen, sound, profiles, media, session, desk, call, line, escalation, contact, after, notes, take_home
            kiosk.toml:30: notes.page_chars_max: found 99, allowed a whole number from 100 to 20000
        "#]],
    );
}

#[test]
fn syntax_errors_are_reported_with_their_lines() {
    check(
        "[room]\nname = \"Two\n[screen\nfullscreen = true\nfullscreen = false\n",
        &expect![[r#"
        kiosk.toml:2: syntax: found broken TOML (invalid basic string), allowed `"`
        kiosk.toml:3: syntax: found broken TOML (unclosed table), allowed `]`
    "#]],
    );
    check(
        "[room]\nlocale = en-US\n",
        &expect![[r#"
        kiosk.toml:2: syntax: found broken TOML (string values must be quoted), allowed literal string
    "#]],
    );
    check(
        "[room]\n[room]\n",
        &expect![[r#"
        kiosk.toml:2: syntax: found broken TOML (duplicate key), allowed valid TOML
    "#]],
    );
    check(
        "= 3\n",
        &expect![[r#"
        kiosk.toml:1: syntax: found broken TOML (unquoted keys cannot be empty), allowed letters, numbers, `-`, `_`
    "#]],
    );
}

#[test]
fn keys_that_type_something_cannot_place_a_call() {
    check(
        "[call]\nkeys = [\"F12\", \"a\", \"Enter\", \"F25\", \"F07\", 7, \"PageUp\"]\n",
        &expect![[r#"
        kiosk.toml:2: call.keys: found "a", allowed a key that types nothing: F1 to F24, AudioVolumeDown, AudioVolumeMute, AudioVolumeUp, BrowserBack, BrowserForward, BrowserHome, BrowserSearch, ContextMenu, Help, Insert, LaunchApplication1, LaunchApplication2, LaunchMail, LaunchMediaPlayer, MediaPlay, MediaPlayPause, MediaStop, MediaTrackNext, MediaTrackPrevious, PageDown, PageUp, Pause, PrintScreen, ScrollLock
        kiosk.toml:2: call.keys: found "Enter", allowed a key that types nothing: F1 to F24, AudioVolumeDown, AudioVolumeMute, AudioVolumeUp, BrowserBack, BrowserForward, BrowserHome, BrowserSearch, ContextMenu, Help, Insert, LaunchApplication1, LaunchApplication2, LaunchMail, LaunchMediaPlayer, MediaPlay, MediaPlayPause, MediaStop, MediaTrackNext, MediaTrackPrevious, PageDown, PageUp, Pause, PrintScreen, ScrollLock
        kiosk.toml:2: call.keys: found "F25", allowed a key that types nothing: F1 to F24, AudioVolumeDown, AudioVolumeMute, AudioVolumeUp, BrowserBack, BrowserForward, BrowserHome, BrowserSearch, ContextMenu, Help, Insert, LaunchApplication1, LaunchApplication2, LaunchMail, LaunchMediaPlayer, MediaPlay, MediaPlayPause, MediaStop, MediaTrackNext, MediaTrackPrevious, PageDown, PageUp, Pause, PrintScreen, ScrollLock
        kiosk.toml:2: call.keys: found "F07", allowed a key that types nothing: F1 to F24, AudioVolumeDown, AudioVolumeMute, AudioVolumeUp, BrowserBack, BrowserForward, BrowserHome, BrowserSearch, ContextMenu, Help, Insert, LaunchApplication1, LaunchApplication2, LaunchMail, LaunchMediaPlayer, MediaPlay, MediaPlayPause, MediaStop, MediaTrackNext, MediaTrackPrevious, PageDown, PageUp, Pause, PrintScreen, ScrollLock
        kiosk.toml:2: call.keys: found 7, allowed a text in quotes
    "#]],
    );
    let keys = |text: &str| read(Path::new("kiosk.toml"), text).config.call.keys;
    assert_eq!(keys("call.keys = [\"F1\", \"b\"]"), ["F1"], "valid keys are kept");
    assert_eq!(keys("call.keys = [\" \"]"), ["F12"], "a list without a valid key must not leave the button dead");
    assert_eq!(keys("call.keys = \"F1\""), ["F12"]);
    assert_eq!(keys("call.keys = []"), [""; 0], "an empty list is a choice");
}

#[test]
fn missing_keys_and_wrong_types_are_reported() {
    check(
        r#"
room = "Two"
after.cards.en-US = [{ title = "Rest" }, "card", { title = "a", text = "b", link = "http://x", colour = "red" }]
after.cards.fr = []

[desk]
tls = "files"
tls_key = "k.pem"
clinicians = [""]

[call]
chime_db = nan
keys = { one = "F1" }

[[media]]
dir = "x"
"#,
        &expect![[r#"
            kiosk.toml:2: room: found "Two", allowed a table
            kiosk.toml:3: after.cards.en-US[1]: found "card", allowed a table
            kiosk.toml:3: after.cards.en-US[0].text: found nothing, allowed a text of 1 to 400 characters
            kiosk.toml:3: after.cards.en-US[2].link: found "http://x", allowed an address that starts with https://, tel: or mailto:, or a phone number
            kiosk.toml:3: after.cards.en-US[2].colour: found an unknown key, allowed title, text, link
            kiosk.toml:4: after.cards.fr: found an unknown key, allowed a language tag such as en-US
            kiosk.toml:6: desk.tls_cert: found nothing, allowed the path of a PEM file, since tls is "files"
            kiosk.toml:9: desk.clinicians: found "", allowed a name of 1 to 40 characters
            kiosk.toml:12: call.chime_db: found nan, allowed a number from -60 to 0
            kiosk.toml:13: call.keys: found a table, allowed a list of at most 8 names of keys, each in quotes
            kiosk.toml:15: media: found a list of 1, allowed a table
        "#]],
    );
}

#[test]
fn problems_of_the_transports_are_reported() {
    let text = r#"[line.mqtt]
url = "http://broker"
room = "Room 2"
password_file = "p"
[[escalation]]
after_s = 90
url = "http://pager.clinic.lan"
[[escalation]]
url = "https://a"
secret_file = "s"
[[escalation]]
after_s = 30
url = "https://b"
secret_file = "s"
[contact]
command = ["relay", 3]
"#;
    check(
        text,
        &expect![[r#"
        kiosk.toml:1: line.mqtt.username: found nothing, allowed the user's name, since there is a password_file
        kiosk.toml:2: line.mqtt.url: found "http://broker", allowed mqtts://host or mqtt://host, with :port if it is not 8883 or 1883
        kiosk.toml:3: line.mqtt.room: found "Room 2", allowed lower-case letters, digits and hyphens, 1 to 40 of them, but not "desks"
        kiosk.toml:5: escalation[0].secret_file: found nothing, allowed the path of a file with a secret of at least 16 characters
        kiosk.toml:7: escalation[0].url: found "http://pager.clinic.lan", allowed https://…, or http:// on this tablet
        kiosk.toml:12: escalation[2].after_s: found 30, allowed at least 60, as in the step above
        kiosk.toml:16: contact.command: found something else in the list, allowed a list of at most 16 texts, each in quotes
    "#]],
    );
    check(
        "[line]\nmqt = {}\n[contact]\ncommand = [\"relay\"]\n[line.mqtt]\nurl = \"mqtt://a\"\nca_file = \"c\"\n",
        &expect![[r#"
            kiosk.toml:2: line.mqt: found an unknown key, allowed mqtt; did you mean mqtt?
            kiosk.toml:4: contact.command: found a program without its folder, allowed its full path, starting with /
            kiosk.toml:5: line.mqtt.room: found nothing, allowed lower-case letters, digits and hyphens, 1 to 40 of them, but not "desks"
            kiosk.toml:7: line.mqtt.ca_file: found a path, allowed no such key unless url is mqtts://
        "#]],
    );
}

#[test]
fn every_range_includes_its_ends_and_nothing_beyond() {
    let cases: &[(&str, &str, &[&str], &[&str])] = &[
        ("screen", "diagonal_inches", &["5", "5.0", "32"], &["4.99", "32.01", "inf", "nan", "0x10", "true"]),
        ("screen", "frames_per_second", &["10", "60", "0x1E"], &["9", "61", "30.0", "-30", "99999999999999999999"]),
        ("sound", "cap_db", &["0", "-60", "-0.0"], &["0.1", "-60.1", "\"-12\"", "[]"]),
        ("sound", "start_volume_db", &["-12", "-60"], &["-11.9", "-61"]),
        ("sound", "tone", &["-2", "2", "+1"], &["-3", "3", "0.5", "\"clearer\""]),
        ("sound", "crossfeed", &["true", "false"], &["1", "\"on\""]),
        ("session", "infusion_minutes", &["20", "240"], &["19", "241", "20.5"]),
        ("session", "landing_minutes_after_end", &["0", "20"], &["-1", "21"]),
        ("call", "chime_db", &["0", "-60"], &["1", "-61"]),
        ("notes", "pages_max", &["1", "200"], &["0", "201"]),
        ("notes", "page_chars_max", &["100", "20000"], &["99", "20001"]),
        (
            "room",
            "name",
            &["''", "' Two '", "'0123456789012345678901234567890123456789'"],
            &["'0123456789012345678901234567890123456789x'", "\"a\\u0007b\"", "2"],
        ),
        ("desk", "listen", &["'[::]:8737'", "'0.0.0.0:1'"], &["'8737'", "'127.0.0.1:70000'", "''"]),
        ("profiles", "default", &["'a'", "'long-120'"], &["''", "'A'", "'../x'", "'a.toml'"]),
    ];
    for (table, key, right, wrong) in cases {
        for value in *right {
            let reading = read(Path::new("kiosk.toml"), &format!("[{table}]\n{key} = {value}\n"));
            assert_eq!(lines(&reading.findings), "", "{table}.{key} = {value}");
        }
        for value in *wrong {
            let reading = read(Path::new("kiosk.toml"), &format!("[{table}]\n{key} = {value}\n"));
            let at: Vec<_> = reading.findings.iter().map(|finding| (finding.line, finding.key.clone())).collect();
            assert_eq!(at, [(Some(2), format!("{table}.{key}"))], "{table}.{key} = {value}");
        }
    }
}

#[test]
fn a_wrong_key_leaves_the_others_unchanged() {
    let text = "[session]\ninfusion_minutes = 0\nlanding_minutes_after_end = 7\n[sound]\ncap_db = -40\n";
    let config = read(Path::new("kiosk.toml"), text).config;
    assert_eq!(config.session, SessionConfig { infusion_minutes: 40, landing_minutes_after_end: 7 });
    assert!((config.sound.start_volume_db - -40.0).abs() < f32::EPSILON, "the start is never above the cap");
}

#[test]
fn the_file_is_looked_for_in_the_documented_order() {
    let set = |name: &str| (name == CONFIG_VARIABLE).then(|| OsString::from("/from/env.toml"));
    let unset = |_: &str| None;
    let empty = |_: &str| Some(OsString::new());
    let all = |_: &Path| true;
    let named = |path: &str| ConfigFile::Named(path.into());
    let found = |path: &str| ConfigFile::Found(path.into());
    assert_eq!(find(Some(Path::new("x.toml")), set, all), named("x.toml"));
    assert_eq!(find(None, set, |_| false), named("/from/env.toml"));
    assert_eq!(find(None, empty, all), found("/etc/stillroom/kiosk.toml"));
    assert_eq!(find(None, unset, |path| path.starts_with(".")), found("./kiosk.toml"));
    assert_eq!(find(None, unset, |_| false), ConfigFile::Nowhere);
}

#[test]
fn a_missing_file_is_all_defaults_and_an_unreadable_one_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kiosk.toml");
    let loaded = load(&file);
    assert_eq!((loaded.exists, loaded.findings.len()), (false, 0));
    assert_eq!(loaded.config.profiles.dir, folder.path().join("profiles"));
    std::fs::write(&file, b"[room]\nname = \"\xff\"\n").unwrap();
    let loaded = load(&file);
    assert_eq!((loaded.exists, loaded.findings.len()), (true, 1));
}

fn room_on_disk(kiosk: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir_all(folder.path().join("profiles")).unwrap();
    std::fs::create_dir_all(folder.path().join("media/music")).unwrap();
    write("kiosk.toml", kiosk);
    write("media/music/here.ogg", "");
    write("media/music/here.ogg.toml", "licence = \"own\"\n");
    let profile =
        "title.en-US = \"A\"\ntitle.es-US = \"A\"\nplace.name = \"beach\"\nsound.tracks = [\"music/here.ogg\"]\n";
    write("profiles/gentle-tide.toml", profile);
    write("profiles/wrong.toml", &profile.replace("here", "gone").replace("beach", "shore"));
    write("notes.txt", "");
    folder
}

fn check_on_disk(folder: &Path, files: &[&str], expected: &Expect) {
    let files: Vec<PathBuf> = files.iter().map(|file| folder.join(file)).collect();
    let findings = check_files(Some(&folder.join("kiosk.toml")), &files);
    expected.assert_eq(&lines(&findings).replace(&*folder.to_string_lossy(), "ROOM"));
}

#[test]
fn a_check_covers_everything_the_config_names() {
    let kiosk =
        "[profiles]\ndefault = \"gentle-tied\"\n[desk]\ntls = \"files\"\ntls_cert = \"c.pem\"\ntls_key = \"k.pem\"\n";
    let folder = room_on_disk(kiosk);
    check_on_disk(
        folder.path(),
        &[],
        &expect![[r#"
        ROOM/kiosk.toml:2: profiles.default: found "gentle-tied", allowed a profile that exists in ROOM/profiles
        ROOM/kiosk.toml:5: desk.tls_cert: found "c.pem", allowed a file that exists
        ROOM/kiosk.toml:6: desk.tls_key: found "k.pem", allowed a file that exists
        ROOM/profiles/wrong.toml:3: place.name: found "shore", allowed one of beach, forest, quiet-room, night-sky, mountain-lake, drifting-colour, pictures, dark
        ROOM/profiles/wrong.toml:4: sound.tracks: found "music/gone.ogg", allowed a file that exists in ROOM/media
    "#]],
    );
    std::fs::write(folder.path().join("kiosk.toml"), "profiles.dir = \"none\"\nmedia.dir = \"none\"\n").unwrap();
    check_on_disk(
        folder.path(),
        &[],
        &expect![[r#"
        ROOM/kiosk.toml:1: profiles.dir: found "none", allowed a folder that exists
        ROOM/kiosk.toml:2: media.dir: found "none", allowed a folder that exists
    "#]],
    );
}

#[test]
fn a_check_refuses_a_screen_that_is_too_small_with_its_line() {
    let folder = room_on_disk("");
    let too_small = |inches: &str| {
        let text = format!("[screen]\nfullscreen = true\ndiagonal_inches = {inches}\n");
        std::fs::write(folder.path().join("kiosk.toml"), &text).unwrap();
        assert_eq!(read(Path::new("kiosk.toml"), &text).findings, [], "the room starts with it, whatever a check says");
        let findings = check_files(None, &[folder.path().join("kiosk.toml")]);
        lines(&findings).replace(&*folder.path().to_string_lossy(), "ROOM")
    };
    let told = ["5", "7", "7.9", "8", "10.1"].map(too_small).concat();
    expect![[r#"
        ROOM/kiosk.toml:3: screen.diagonal_inches: found 5, allowed at least 8 for a screen of 16:10, since a smaller one has no room for all controls: correct the size, or use a larger screen
        ROOM/kiosk.toml:3: screen.diagonal_inches: found 7, allowed at least 8 for a screen of 16:10, since a smaller one has no room for all controls: correct the size, or use a larger screen
        ROOM/kiosk.toml:3: screen.diagonal_inches: found 7.9, allowed at least 8 for a screen of 16:10, since a smaller one has no room for all controls: correct the size, or use a larger screen
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_check_of_given_files_covers_only_those() {
    let folder = room_on_disk("[sound]\ncap_db = 3\n");
    check_on_disk(folder.path(), &["profiles/gentle-tide.toml"], &expect![""]);
    check_on_disk(
        folder.path(),
        &["profiles", "notes.txt", "gone.toml"],
        &expect![[r#"
            ROOM/profiles/wrong.toml:3: place.name: found "shore", allowed one of beach, forest, quiet-room, night-sky, mountain-lake, drifting-colour, pictures, dark
            ROOM/profiles/wrong.toml:4: sound.tracks: found "music/gone.ogg", allowed a file that exists in ROOM/media
            ROOM/notes.txt: file: found another kind of file, allowed a kiosk.toml, a desk.toml, a profile or an entry of the music library, ending in .toml, or the folder of a language or of the music
            ROOM/gone.toml: file: found nothing there, allowed a text file that can be read
        "#]],
    );
    std::fs::write(folder.path().join("other.toml"), "[room]\nname = 3\n").unwrap();
    check_on_disk(
        folder.path(),
        &["other.toml"],
        &expect![[r#"
        ROOM/other.toml:2: room.name: found 3, allowed a text of 0 to 40 characters
    "#]],
    );
}

#[test]
fn the_kind_of_a_file_is_judged_by_its_tables_and_then_by_its_name() {
    let folder = room_on_disk("[sound]\nbed = \"sea\"\n");
    check_on_disk(
        folder.path(),
        &["kiosk.toml"],
        &expect![[r#"
            ROOM/kiosk.toml:2: sound.bed: found an unknown key, allowed calibration, cap_dba, cap_db, start_volume_db, device, chime_device, crossfeed, tone
        "#]],
    );
    std::fs::write(folder.path().join("unclear.toml"), "[sound]\nvolume_db = 3\n").unwrap();
    check_on_disk(
        folder.path(),
        &["unclear.toml"],
        &expect![[r#"
            ROOM/unclear.toml:1: title: found nothing, allowed a text of 1 to 40 characters in at least one language
            ROOM/unclear.toml:1: place.name: found nothing, allowed one of beach, forest, quiet-room, night-sky, mountain-lake, drifting-colour, pictures, dark
            ROOM/unclear.toml:2: sound.volume_db: found 3, allowed a number from -60 to 0
        "#]],
    );
}

#[test]
fn ways_home_are_read_and_an_invalid_key_is_reported() {
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let text =
        format!("[take_home]\nprinter = \"Front desk\"\npaper = \"a4\"\nrecipient = \"{key}\"\nfolder = \"notes\"\n");
    let reading = read(Path::new("/etc/stillroom/kiosk.toml"), &text);
    assert_eq!(lines(&reading.findings), "");
    let expected = TakeHomeConfig {
        printer: PrinterChoice::Named("Front desk".to_owned()),
        paper: Paper::A4,
        recipient: Some(key.to_owned()),
        folder: Some("/etc/stillroom/notes".into()),
    };
    assert_eq!(reading.config.take_home, expected);
    let printer = |word: &str| {
        let text = format!("take_home.printer = \"{word}\"");
        read(Path::new("kiosk.toml"), &text).config.take_home.printer
    };
    assert_eq!((printer("default"), printer("none")), (PrinterChoice::Default, PrinterChoice::None));
    check(
        "[take_home]\npaper = \"a5\"\nrecipient = \"age1qqqq\"\nprinter = \"\"\nstick = true\n",
        &expect![[r#"
            kiosk.toml:2: take_home.paper: found "a5", allowed one of letter, a4; did you mean a4?
            kiosk.toml:3: take_home.recipient: found "age1qqqq", allowed a public key of age, which starts with age1; `age-keygen` makes one
            kiosk.toml:4: take_home.printer: found "", allowed a text of 1 to 127 characters
            kiosk.toml:5: take_home.stick: found an unknown key, allowed printer, recipient, folder, paper
        "#]],
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_reported() {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("kiosk.toml");
    std::fs::create_dir(room.path().join("media")).unwrap();
    std::fs::write(&file, "[take_home]\nfolder = \"notes\"\n").unwrap();
    let told = lines(&check_files(Some(&file), &[]));
    assert!(
        told.contains("take_home.folder: found \"notes\", allowed a folder that exists and that the room may write"),
        "{told}"
    );
    std::fs::create_dir(room.path().join("notes")).unwrap();
    assert!(!lines(&check_files(Some(&file), &[])).contains("take_home"));
}

#[test]
fn a_card_accepts_a_phone_number_as_people_write_it() {
    let link = |link: &str| {
        let text = format!("after.cards.en-US = [{{ title = \"a\", text = \"b\", link = \"{link}\" }}]");
        let reading = read(Path::new("kiosk.toml"), &text);
        reading.config.after.cards.first_of(&[Language::FALLBACK])?.first()?.link.clone()
    };
    assert_eq!(link("+1 (555) 010-0100").as_deref(), Some("tel:+1 (555) 010-0100"));
    assert_eq!(link("tel:+1-555-0100").as_deref(), Some("tel:+1-555-0100"));
    assert_eq!(link("988").as_deref(), Some("tel:988"));
    assert_eq!(link("555 0100 ext 3"), None);
    assert_eq!(link("http://x"), None);
}

#[test]
fn further_languages_are_found_in_the_named_folder() {
    let kiosk =
        "[room]\nlocale = \"de-DE\"\nlocales = \"languages\"\n[[after.cards.it-IT]]\ntitle = \"a\"\ntext = \"b\"\n";
    let folder = room_on_disk(kiosk);
    let (file, own) = (folder.path().join("kiosk.toml"), folder.path().join("languages/de-DE"));
    let missing = load(&file);
    assert_eq!(missing.config.room.locale, Language::FALLBACK, "an unknown language");
    expect![[r#"
        ROOM/kiosk.toml:2: room.locale: found "de-DE", allowed one of en-US, es-US, fr-FR
        ROOM/kiosk.toml:3: room.locales: found "languages", allowed a folder that exists
        ROOM/kiosk.toml:4: after.cards.it-IT: found "it-IT", allowed one of en-US, es-US, fr-FR
    "#]]
    .assert_eq(&lines(&missing.findings).replace(&*folder.path().to_string_lossy(), "ROOM"));
    std::fs::create_dir_all(&own).unwrap();
    for name in ["patient.ftl", "staff.ftl", "language.toml"] {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales/en-US").join(name);
        std::fs::copy(shipped, own.join(name)).unwrap();
    }
    std::fs::write(
        folder.path().join("profiles/wrong.toml"),
        "title.de-DE = \"A\"\ntitle.de-AT = \"A\"\nplace.name = \"beach\"\n",
    )
    .unwrap();
    let loaded = load(&file);
    assert_eq!(loaded.config.room.locale.name(), "de-DE");
    assert_eq!(loaded.config.locales.languages().len(), 4);
    let (profiles, findings) = load_profiles(&loaded.config.profiles.dir, &loaded.config.media.dir);
    assert_eq!((profiles.len(), findings.len()), (2, 0), "a title in an unknown language does not reject a profile");
    check_on_disk(
        folder.path(),
        &[],
        &expect![[r#"
        ROOM/kiosk.toml:4: after.cards.it-IT: found "it-IT", allowed one of en-US, es-US, fr-FR, de-DE
        ROOM/profiles/wrong.toml:2: title.de-AT: found "de-AT", allowed one of en-US, es-US, fr-FR, de-DE; did you mean de-DE?
    "#]],
    );
    std::fs::write(own.join("language.toml"), "").unwrap();
    check_on_disk(
        folder.path(),
        &["languages/de-DE"],
        &expect![[r#"
        ROOM/languages/de-DE/language.toml:1: name: found nothing, allowed the language's own name, a text of 1 to 24 characters
    "#]],
    );
    check_on_disk(
        folder.path(),
        &["languages/de-DE/patient.ftl"],
        &expect![[r#"
        ROOM/languages/de-DE/language.toml:1: name: found nothing, allowed the language's own name, a text of 1 to 24 characters
    "#]],
    );
}
