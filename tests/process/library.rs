//! Owns the tests of the clinic's own music: adding files with `stillroom media add`, what it refuses and why, a full
//! or read-only disk, a command that is killed, and the room that then plays what was added.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kiosk::{Home, LIMIT, program};

/// The sample rate of every file in these tests, low enough to be measured in no time.
const RATE_HZ: u32 = 8_000;

/// A WAV file with `seconds` of a mono tone of 16 bits and this amplitude, with `title` as its tag if there is one.
fn wav(seconds: u32, amplitude: f32, title: Option<&str>) -> Vec<u8> {
    let chunk = |id: &[u8; 4], data: &[u8]| {
        let size = u32::try_from(data.len()).unwrap().to_le_bytes();
        [&id[..], &size, data, &vec![0; data.len() % 2]].concat()
    };
    let wave = |at: u32| (std::f32::consts::TAU * 440.0 * at as f32 / RATE_HZ as f32).sin() * amplitude * 32_767.0;
    let samples: Vec<u8> = (0..seconds * RATE_HZ).flat_map(|at| (wave(at) as i16).to_le_bytes()).collect();
    let form = [&[1, 0, 1, 0][..], &RATE_HZ.to_le_bytes(), &(2 * RATE_HZ).to_le_bytes(), &[2, 0, 16, 0]].concat();
    let info = title.map(|title| chunk(b"LIST", &[b"INFO", &chunk(b"INAM", title.as_bytes())[..]].concat()));
    let chunks = [chunk(b"fmt ", &form), info.unwrap_or_default(), chunk(b"data", &samples)].concat();
    chunk(b"RIFF", &[b"WAVE", &chunks[..]].concat())
}

/// A room with an empty media folder of its own, and a stick with music.
struct Clinic {
    home: Home,
    stick: PathBuf,
    music: PathBuf,
}

impl Clinic {
    fn new() -> Self {
        let home = Home::new();
        let [stick, media, profiles] = ["stick", "media", "profiles"].map(|name| home.folder().join(name));
        for folder in [&stick, &media, &profiles] {
            fs::create_dir(folder).unwrap();
        }
        let config = format!(
            "[profiles]\ndir = \"profiles\"\ndefault = \"own\"\n[media]\ndir = \"media\"\n[desk]\nlisten = \"127.0.0.1:{}\"\n",
            home.port
        );
        fs::write(home.config(), config).unwrap();
        Self { home, stick, music: media.join("music") }
    }

    /// Puts a file on the stick, and returns its path.
    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.stick.join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn arguments<'a>(command: &[&'a str], config: &'a str) -> Vec<&'a str> {
        command.iter().copied().chain(["--config", config]).collect()
    }

    fn run(&self, command: &[&str]) -> Output {
        let config = self.home.config();
        self.home.run(&Self::arguments(command, config.to_str().unwrap()), "")
    }

    /// Adds a file. Returns the exit code, standard output and standard error.
    fn add(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.run(&[&["media", "add"], arguments].concat());
        let [said, told] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        (output.status.code().unwrap(), said, told)
    }

    /// The names of all files in the library's folder, hidden ones included.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.music).into_iter().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The findings of the profiles and the library, without the slow checks of the places.
    fn check(&self) -> String {
        String::from_utf8(self.run(&["check", "profiles", "media/music"]).stdout).unwrap()
    }

    fn list(&self) -> Vec<Value> {
        let output = self.run(&["media", "list", "--json"]);
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn added_music_is_listed_and_a_family_of_a_profile_plays_it() {
    let clinic = Clinic::new();
    let (lake, river) = (
        clinic.file("Lake (live).wav", &wav(21, 0.1, Some("The lake"))),
        clinic.file("river.wav", &wav(22, 0.2, None)),
    );
    let (code, said, told) =
        clinic.add(&[&lake, &river, "--family", "strings", "--voices", "no", "--composer", "A. Nonym"]);
    assert_eq!((code, told.as_str()), (0, ""), "{said}");
    assert!(said.contains("music/Lake (live).wav: added: The lake by A. Nonym, strings, 0:21, -2"), "{said}");
    let hint = "music/river.wav' --title".replace('\'', "");
    assert!(said.contains("no title, no licence yet: stillroom media add ") && said.contains(&hint), "{said}");
    assert_eq!(clinic.names(), ["Lake (live).wav", "Lake (live).wav.toml", "river.wav", "river.wav.toml"]);
    let profile = "title.en-US = \"Own\"\nplace.name = \"beach\"\nsound.family = \"strings\"\n";
    fs::write(clinic.home.folder().join("profiles/own.toml"), profile).unwrap();
    let found = clinic.check();
    assert_eq!(found.lines().filter(|line| line.contains(": licence: found nothing, ")).count(), 2, "{found}");
    assert_eq!(clinic.run(&["media", "list"]).status.code(), Some(1));

    // What is missing is added to what is there, and the file is not copied again.
    let music = [clinic.music.join("Lake (live).wav"), clinic.music.join("river.wav")];
    let [added_lake, added_river] = music.each_ref().map(|path| path.to_str().unwrap());
    let modified = fs::metadata(&music[0]).unwrap().modified().unwrap();
    let (code, said, _) = clinic.add(&[added_lake, &river, "--licence", "CC0 \"1.0\""]);
    assert!(code == 0 && said.contains("river.wav: in the library: "), "{said}");
    assert_eq!(clinic.add(&[added_river, "--title", "River"]).0, 0);
    assert_eq!(fs::metadata(&music[0]).unwrap().modified().unwrap(), modified);
    assert_eq!(clinic.check(), "");
    let list = clinic.list();
    assert_eq!(list.len(), 2);
    let told = |index: usize, key: &str| list[index][key].as_str().unwrap_or_default().to_owned();
    assert_eq!((told(0, "title"), told(1, "title")), ("The lake".to_owned(), "River".to_owned()));
    assert_eq!((told(1, "licence"), told(1, "family")), ("CC0 \"1.0\"".to_owned(), "strings".to_owned()));
    assert!((list[1]["seconds"].as_f64().unwrap() - 22.0).abs() < 0.1, "{list:?}");
    let loudness = |index: usize| list[index]["loudness_lufs"].as_f64().unwrap();
    assert!((loudness(1) - loudness(0) - 6.0).abs() < 0.2, "{list:?}");
    let output = clinic.run(&["media", "list"]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && table.contains("2 tracks, 0:43 of music."), "{table}");

    // The room plays the family: it neither misses its files nor complains about its profile.
    let rendered = clinic.home.folder().join("own-sound.wav");
    let output = clinic.run(&["render", "--profile", "own", "--seconds", "30", "--out", rendered.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let sound = fs::read(rendered).unwrap();
    assert!(sound[44..].chunks(3).any(|sample| sample != [0, 0, 0]), "the family is silent");
}

#[test]
fn what_cannot_be_played_is_refused_with_its_reason_and_the_rest_is_added() {
    let clinic = Clinic::new();
    let whole = wav(21, 0.1, None);
    let files = [
        ("words.flac", b"These are words, no music.".to_vec(), "it cannot be decoded"),
        ("nothing.wav", Vec::new(), "it is empty (0 bytes)"),
        ("silent.wav", wav(21, 0.0, None), "it is silent"),
        ("short.wav", wav(3, 0.1, None), "it lasts 3.0 s"),
        ("half.wav", whole[..whole.len() / 2].to_vec(), "cut short"),
        ("song.opus", whole.clone(), "convert it"),
        ("-dash.wav", whole.clone(), "rename it"),
        ("new\nline.wav", whole.clone(), "invisible characters"),
    ];
    let mut paths: Vec<String> = files.iter().map(|(name, content, _)| clinic.file(name, content)).collect();
    paths.push(clinic.stick.to_str().unwrap().to_owned());
    paths.push(clinic.stick.join("none.wav").to_str().unwrap().to_owned());
    paths.push(clinic.file("right.wav", &whole));
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let (code, said, told) = clinic.add(&paths);
    assert_eq!(code, 1);
    for (name, _, why) in &files {
        let name = name.replace('\n', "?");
        assert!(
            told.lines().any(|line| line.contains(&format!("{name}: not added: ")) && line.contains(why)),
            "{name}: {told}"
        );
    }
    assert!(told.contains("stick: not added: it is a folder; name the files in it"), "{told}");
    assert!(told.contains("none.wav: not added: it cannot be opened"), "{told}");
    assert!(said.starts_with("music/right.wav: added: ") && !told.contains("right.wav"), "{said}{told}");
    assert_eq!(clinic.names(), ["right.wav", "right.wav.toml"]);
    let two = clinic.add(&[paths[0], paths[1], "--title", "Both"]);
    assert!(two.0 == 2 && two.2.contains("--title is the title of a single file"), "{two:?}");
}

#[test]
fn another_file_of_the_same_name_is_replaced_only_on_request() {
    let clinic = Clinic::new();
    let (one, other) = (wav(21, 0.1, Some("One")), wav(22, 0.1, Some("Other")));
    let file = clinic.file("a.wav", &one);
    fs::create_dir(clinic.stick.join("more")).unwrap();
    let twin = clinic.file("more/a.wav", &other);
    let (code, _, told) = clinic.add(&[&file, &twin, "--licence", "bought"]);
    assert!(code == 1 && told.contains("has the same name; add one of them under another name"), "{told}");
    let (code, _, told) = clinic.add(&[&twin]);
    assert!(code == 1 && told.contains("replace that file with --replace"), "{told}");
    assert_eq!(fs::read(clinic.music.join("a.wav")).unwrap(), one);
    assert_eq!(clinic.list()[0]["licence"], "bought");
    let (code, said, told) = clinic.add(&[&twin, "--replace"]);
    assert!(code == 0 && said.contains("a.wav: replaced: Other"), "{said}{told}");
    assert_eq!(fs::read(clinic.music.join("a.wav")).unwrap(), other);
    assert_eq!(
        clinic.list()[0]["licence"],
        Value::Null,
        "the licence of another recording says nothing about this one"
    );
}

#[test]
fn a_place_that_cannot_be_written_is_named_with_the_way_out() {
    let clinic = Clinic::new();
    let file = clinic.file("a.wav", &wav(21, 0.1, None));
    // A limit on the size of a file stands in for a full disk.
    let script = format!("#!/bin/sh\ntrap '' XFSZ\nulimit -f 4\nexec '{}' \"$@\"\n", program().display());
    let wrapper = clinic.home.folder().join("on-a-small-disk");
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o700)).unwrap();
    let config = clinic.home.config();
    let arguments = Clinic::arguments(&["media", "add", &file, &file], config.to_str().unwrap());
    let output = clinic.home.command(&wrapper, &arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("media/music: no room for 1 MiB more; free space there") && told.contains("1 of them"),
        "{told}"
    );
    assert_eq!(clinic.names(), [""; 0], "nothing half is left");
    // A file where the folder should be has the same effect for every user, root included.
    fs::remove_dir(&clinic.music).unwrap();
    fs::remove_dir(clinic.music.parent().unwrap()).unwrap();
    let (code, _, told) = clinic.add(&[&file]);
    assert!(code == 1 && told.contains("media: there is no such folder; create it"), "{told}");
}

#[test]
fn a_killed_command_leaves_nothing_half_and_the_next_one_finishes() {
    let clinic = Clinic::new();
    let content = wav(1_200, 0.1, None);
    let file = clinic.file("long.wav", &content);
    let config = clinic.home.config();
    let arguments = Clinic::arguments(&["media", "add", &file], config.to_str().unwrap());
    let began = Instant::now();
    let mut cut = 0;
    // Each attempt lives a little longer, so that the command is stopped before, while and after it copies.
    for step in 0..12 {
        let mut command = clinic.home.command(&program(), &arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(4 * step));
        child.kill().unwrap();
        child.wait().unwrap();
        cut += usize::from(clinic.names().iter().any(|name| name.starts_with(".adding-")));
        if let Ok(there) = fs::read(clinic.music.join("long.wav")) {
            assert!(there == content, "half a file has its name");
        }
        assert!(clinic.list().iter().all(|track| track["file"] == "music/long.wav"), "the room sees half a file");
    }
    assert!(began.elapsed() < 4 * LIMIT, "too slow to tell anything");
    let (code, _, told) = clinic.add(&[&file, "--licence", "own"]);
    assert_eq!((code, clinic.names()), (0, vec!["long.wav".to_owned(), "long.wav.toml".to_owned()]), "{told}");
    println!("{cut} of 12 kills left a temporary file, which the next command removed");
}

#[test]
fn a_check_reports_lost_files_and_voices_before_the_landing() {
    let clinic = Clinic::new();
    let file = clinic.file("song.wav", &wav(21, 0.1, Some("Song")));
    assert_eq!(clinic.add(&[&file, "--family", "classical", "--voices", "yes", "--licence", "own"]).0, 0);
    let profile = |sound: &str| {
        let text = format!("title.en-US = \"Own\"\nplace.name = \"beach\"\n{sound}");
        fs::write(clinic.home.folder().join("profiles/own.toml"), text).unwrap();
    };
    profile("sound.tracks = [\"music/song.wav\"]\n");
    let found = clinic.check();
    assert!(
        found.contains("own.toml:3: sound.tracks: found \"music/song.wav\", allowed music without voices before"),
        "{found}"
    );
    profile("sound.family = \"classical\"\n");
    let found = clinic.check();
    assert!(
        found.contains("own.toml:3: sound.family: found \"classical\", allowed a family with music without voices"),
        "{found}"
    );
    profile("sound.landing.family = \"classical\"\n");
    assert_eq!(clinic.check(), "");
    fs::remove_file(clinic.music.join("song.wav")).unwrap();
    let found = clinic.check();
    assert!(
        found.contains("own.toml:3: sound.landing.family: ")
            && found.contains("song.wav.toml: file: found no music file"),
        "{found}"
    );
    let entry = clinic.music.join("song.wav.toml");
    let alone = clinic.run(&["check", entry.to_str().unwrap()]);
    assert_eq!(String::from_utf8(alone.stdout).unwrap().lines().count(), 1);
    assert!(Path::new(&file).exists(), "the stick keeps its file");
}
