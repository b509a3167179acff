//! Owns the tests of `stillroom check` on media that a clinic adds. Each problem is reported as a finding about its
//! file, and a long check shows its progress.

use std::fs;
use std::io::{BufRead, BufReader, Cursor};
use std::path::PathBuf;
use std::process::Stdio;

use image::{DynamicImage, ImageFormat, RgbImage};

use crate::kiosk::{Home, program};

fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let pixels = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x / 7 % 256) as u8, (y / 5 % 256) as u8, 90]));
    DynamicImage::ImageRgb8(pixels).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// A WAV file whose header claims these values, however little sense they make. It has 192,000 bytes of silence, enough
/// for one second of 16-bit stereo at 48 kHz.
fn wav(channels: u16, rate_hz: u32) -> Vec<u8> {
    let mut bytes = b"RIFF\x24\xee\x02\x00WAVEfmt \x10\x00\x00\x00\x01\x00".to_vec();
    bytes.extend(channels.to_le_bytes().into_iter().chain(rate_hz.to_le_bytes()).chain(192_000_u32.to_le_bytes()));
    bytes.extend(*b"\x04\x00\x10\x00data\x00\xee\x02\x00");
    bytes.resize(bytes.len() + 192_000, 0);
    bytes
}

/// Creates a room with its own media folder. Its single profile shows the place `pictures` and plays `tracks` from that
/// folder. Returns the room and the folder.
fn home_with(tracks: &str) -> (Home, PathBuf) {
    let home = Home::new();
    let media = home.folder().join("media");
    for folder in ["media/pictures", "profiles"] {
        fs::create_dir_all(home.folder().join(folder)).unwrap();
    }
    let profile = format!(
        "[title]\nen-US = \"Own\"\nes-US = \"Propio\"\n[place]\nname = \"pictures\"\n[sound]\ntracks = [{tracks}]\n"
    );
    fs::write(home.folder().join("profiles/own.toml"), profile).unwrap();
    let config = "[profiles]\ndir = \"profiles\"\ndefault = \"own\"\n[media]\ndir = \"media\"\n";
    fs::write(home.config(), config).unwrap();
    (home, media)
}

#[test]
fn a_bad_picture_or_track_is_a_finding_about_that_file() {
    let (home, media) = home_with("\"whole.wav\", \"no-rate.wav\", \"no-channel.wav\"");
    let whole = picture(1_600, 1_000);
    fs::write(media.join("pictures/whole.jpg"), &whole).unwrap();
    fs::write(media.join("pictures/half.jpg"), &whole[..whole.len() / 2]).unwrap();
    for (name, channels, rate_hz) in [("whole", 2, 48_000), ("no-rate", 2, 0), ("no-channel", 0, 48_000)] {
        fs::write(media.join(format!("{name}.wav")), wav(channels, rate_hz)).unwrap();
    }
    let output = home.run(&["check", "--config", home.config().to_str().unwrap()], "");
    let [said, told] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert_eq!(output.status.code(), Some(1));
    for (name, words) in
        [("half.jpg", "cut short"), ("no-rate.wav", "sample rate of 0 Hz"), ("no-channel.wav", "0 channels")]
    {
        assert!(said.lines().any(|line| line.contains(name) && line.contains(words)), "{name}: {said}");
    }
    assert!(!said.contains("whole."), "{said}");
    assert!(!told.contains("a fault in the program"), "{told}");
}

#[test]
fn a_long_check_shows_its_progress_apart_from_its_results() {
    let (home, media) = home_with("\"track.wav\"");
    fs::write(media.join("track.wav"), wav(2, 48_000)).unwrap();
    let first = media.join("pictures/000.jpg");
    fs::write(&first, picture(5_000, 4_000)).unwrap();
    // The same large picture has 400 names, because no machine decodes 400 large pictures before the second line of
    // progress.
    for number in 1..400 {
        fs::hard_link(&first, media.join(format!("pictures/{number:03}.jpg"))).unwrap();
    }
    let mut command = home.command(&program(), &["check", "--config", home.config().to_str().unwrap()]);
    let mut check = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let told = BufReader::new(check.stderr.take().unwrap()).lines().map(Result::unwrap);
    let lines: Vec<String> = told.filter(|line| line.contains("looking at pictures: ")).take(2).collect();
    check.kill().unwrap();
    let output = check.wait_with_output().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let done = |line: &String| {
        line.split_once(": ")
            .unwrap()
            .1
            .split_once(": ")
            .unwrap()
            .1
            .split(' ')
            .next()
            .unwrap()
            .parse::<usize>()
            .unwrap()
    };
    assert!(done(&lines[0]) < done(&lines[1]) && lines.iter().all(|line| line.contains(" of 400, now ")), "{lines:?}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
}
