//! Tests of tracks from file to output, through the offline renderer: joins, crossfades, levels and broken files.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::decode::{self, decodes_here};
use super::file::TrackFile;
use super::{LoudnessLibrary, Track, try_track};
use crate::sound::dsp::Rng;
use crate::sound::{Depth, Mix, Options, RenderReport, WavWriter, render_to};
use crate::vocabulary::sound::Bed;

const RATE_HZ: u32 = 48_000;
/// Length of the chirp in `tests/media`, in frames.
const CHIRP_FRAMES: usize = 18_000;
/// Frame at which the chirp is cut into two files.
const CUT: usize = 8_111;

fn media(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media").join(name)
}

fn chirp(at: usize) -> f32 {
    let seconds = at as f64 / f64::from(RATE_HZ);
    (9_000.0 * (TAU * (150.0 * seconds + 500.0 * seconds * seconds)).sin()).round() as f32 / 32_768.0
}

fn wav(folder: &Path, name: &str, rate_hz: u32, frames: &[[f32; 2]]) -> PathBuf {
    let path = folder.join(name);
    let mut file = WavWriter::create_as(&path, rate_hz, Depth::Bits24).unwrap();
    file.write(frames).unwrap();
    file.finish().unwrap();
    path
}

fn noise(seed: u64, seconds: usize, size: f32) -> Vec<[f32; 2]> {
    let mut rng = Rng::new(seed);
    (0..seconds * RATE_HZ as usize).map(|_| [rng.between(-size, size), rng.between(-size, size)]).collect()
}

fn sine(pitch_hz: f64, seconds: usize, size: f64) -> Vec<[f32; 2]> {
    let wave = |at: usize| ((TAU * pitch_hz * at as f64 / f64::from(RATE_HZ)).sin() * size) as f32;
    (0..seconds * RATE_HZ as usize).map(|at| [wave(at); 2]).collect()
}

fn list(paths: &[&Path]) -> Mix {
    Mix { tracks: paths.iter().map(|path| Track::from(*path)).collect(), volume_db: 0.0, ..Mix::default() }
}

fn work(paths: &[&Path]) -> Mix {
    let mut mix = list(paths);
    mix.tracks.iter_mut().skip(1).for_each(|track| track.joins = true);
    mix.crossfade_s = 0.0;
    mix
}

fn rendered(options: &Options, seconds: f64, mix_at: impl FnMut(f64) -> Mix) -> (Vec<[f32; 2]>, RenderReport) {
    let mut frames = Vec::new();
    let report = render_to(options, Instant::now(), mix_at, &[], seconds, |piece| {
        frames.extend_from_slice(piece);
        Ok(())
    });
    (frames, report.unwrap())
}

fn level_db(frames: &[[f32; 2]]) -> f64 {
    let power: f64 = frames.as_flattened().iter().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (power / frames.len() as f64 + 1e-12).log10()
}

fn largest_step(frames: &[[f32; 2]]) -> f32 {
    frames
        .windows(2)
        .map(|pair| (pair[1][0] - pair[0][0]).abs().max((pair[1][1] - pair[0][1]).abs()))
        .fold(0.0, f32::max)
}

/// Plays five seconds of silence, during which the output fades in, then the parts, and then a marker. Returns what is
/// heard between the silence and the marker.
fn joined(parts: &[PathBuf; 2]) -> Vec<[f32; 2]> {
    let folder = tempfile::tempdir().unwrap();
    let lead = wav(folder.path(), "lead.wav", RATE_HZ, &vec![[0.0; 2]; 5 * 48_000]);
    let mark = wav(folder.path(), "mark.wav", RATE_HZ, &vec![[0.75, 0.0]; 48_000]);
    let [a, b] = parts;
    let mix = work(&[&lead, a, b, &mark]);
    let (frames, report) = rendered(&Options::default(), 5.9, |_| mix.clone());
    assert_eq!(report.left_out, []);
    let heard = &frames[5 * 48_000..];
    let end = heard.iter().position(|[left, right]| *left > 0.7 && right.abs() < 1e-6).unwrap();
    heard[..end].to_vec()
}

#[test]
fn lossless_parts_join_without_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let whole: Vec<[f32; 2]> = (0..CHIRP_FRAMES).map(|at| [chirp(at); 2]).collect();
    let a = wav(folder.path(), "a.wav", RATE_HZ, &whole[..CUT]);
    let b = wav(folder.path(), "b.wav", RATE_HZ, &whole[CUT..]);
    for (name, parts) in [("WAV", [a, b]), ("FLAC", [media("a.flac"), media("b.flac")])] {
        let heard = joined(&parts);
        assert_eq!(heard.len(), CHIRP_FRAMES, "{name}");
        let apart = heard.iter().zip(&whole).position(|(heard, frame)| (heard[0] - frame[0]).abs() > 0.0);
        assert_eq!(apart, None, "{name}");
    }
}

#[test]
fn lossy_parts_join_without_a_gap() {
    for end in ["ogg", "mp3"] {
        let heard = joined(&[media(&format!("a.{end}")), media(&format!("b.{end}"))]);
        assert_eq!(heard.len(), CHIRP_FRAMES, "{end}");
        // The chirp is in the right place if its best match with the original is at a lag of 0.
        let error = |lag: i32, range: std::ops::Range<usize>| -> f64 {
            range.map(|at| f64::from(heard[at.saturating_add_signed(lag as isize)][0] - chirp(at)).powi(2)).sum()
        };
        let best = (-40..=40).min_by(|one, two| error(*one, 200..17_800).total_cmp(&error(*two, 200..17_800))).unwrap();
        assert_eq!(best, 0, "{end}");
        let power = 9_000.0_f64.powi(2) / 32_768.0_f64.powi(2) / 2.0;
        let around = error(0, CUT - 64..CUT + 64) / (128.0 * power);
        assert!(around < 0.05, "{end}: {:.1} dB beside the chirp at the join", 10.0 * around.log10());
        println!("{end}: {:.1} dB beside the chirp at the join", 10.0 * around.log10());
    }
}

#[test]
fn aac_parts_join_with_encoder_padding_in_between() {
    let heard = joined(&[media("a.m4a"), media("b.m4a")]);
    let more = heard.len() - CHIRP_FRAMES;
    println!("AAC: {more} frames more than were encoded, in two parts");
    // Each part has 1,024 frames of priming and up to 1,023 of padding.
    assert!((2 * 1_024..=2 * 2_047).contains(&more), "{more}");
}

#[test]
fn resampled_parts_join_without_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let wave = |at: usize| ((TAU * 440.0 * at as f64 / 44_100.0).sin() * 0.3) as f32;
    let whole: Vec<[f32; 2]> = (0..30_011).map(|at| [wave(at), -wave(at)]).collect();
    let parts =
        [wav(folder.path(), "a.wav", 44_100, &whole[..12_345]), wav(folder.path(), "b.wav", 44_100, &whole[12_345..])];
    let heard = joined(&parts);
    // From 44.1 to 48 kHz, this is 30,011 frames × 160 ÷ 147.
    assert_eq!(heard.len(), 32_665);
    for (at, frame) in heard.iter().enumerate().take(32_000).skip(700) {
        let right = (TAU * 440.0 * at as f64 / 48_000.0).sin() * 0.3;
        assert!((f64::from(frame[0]) - right).abs() < 1e-5, "{at}: {} and not {right}", frame[0]);
    }
}

#[test]
fn short_and_long_crossfades_of_noise_keep_constant_power() {
    let folder = tempfile::tempdir().unwrap();
    for (fade_s, length_s) in [(8, 40), (60, 130)] {
        let one = wav(folder.path(), "one.wav", RATE_HZ, &noise(1, length_s, 0.3));
        let two = wav(folder.path(), "two.wav", RATE_HZ, &noise(2, length_s, 0.3));
        let mut mix = list(&[&one, &two]);
        mix.crossfade_s = fade_s as f32;
        let (frames, _) = rendered(&Options::default(), length_s as f64 + 4.0, |_| mix.clone());
        let windows = |from_s: usize, to_s: usize| {
            let frames = frames[from_s * 48_000..to_s * 48_000].chunks(96_000);
            frames.map(level_db).collect::<Vec<f64>>()
        };
        let settled = level_db(&frames[4 * 48_000..(length_s - fade_s) * 48_000]);
        for (index, level) in windows(length_s - fade_s, length_s).iter().enumerate() {
            let apart = level - settled;
            assert!(apart.abs() < 0.1, "fade of {fade_s} s, {} s into it: {apart:+.3} dB", index * 2);
        }
    }
}

#[test]
fn the_crossfade_can_change_while_the_next_piece_is_queued() {
    let folder = tempfile::tempdir().unwrap();
    let left: Vec<[f32; 2]> = sine(500.0, 40, 0.4).iter().map(|frame| [frame[0], 0.0]).collect();
    let right: Vec<[f32; 2]> = sine(500.0, 40, 0.4).iter().map(|frame| [0.0, frame[0]]).collect();
    let (one, two) = (wav(folder.path(), "one.wav", RATE_HZ, &left), wav(folder.path(), "two.wav", RATE_HZ, &right));
    // At 11 s, the next piece is already queued for a crossfade of 25 s that would begin at 15 s.
    let (frames, _) = rendered(&Options::default(), 42.0, |at_s| Mix {
        crossfade_s: if at_s < 11.0 { 25.0 } else { 5.0 },
        ..list(&[&one, &two])
    });
    let right_db = |at_s: usize| {
        level_db(&frames[at_s * 48_000..(at_s + 1) * 48_000].iter().map(|frame| [frame[1]; 2]).collect::<Vec<_>>())
    };
    assert!(right_db(33) < -100.0 && right_db(41) > -9.0, "{} {}", right_db(33), right_db(41));
    assert!(right_db(37) > -20.0);
}

#[test]
fn tracks_of_different_levels_are_matched_in_loudness() {
    let folder = tempfile::tempdir().unwrap();
    let loud = wav(folder.path(), "loud.wav", RATE_HZ, &sine(997.0, 20, 0.8));
    let soft = wav(folder.path(), "soft.wav", RATE_HZ, &sine(997.0, 20, 0.03));
    let loudness = LoudnessLibrary::kept_in(None);
    assert_eq!(loudness.scan(&[loud.clone(), soft.clone()], &mut |_| {}), []);
    let options = Options { loudness, ..Options::default() };
    let mut mix = list(&[&loud, &soft]);
    mix.crossfade_s = 2.0;
    let (frames, _) = rendered(&options, 34.0, |_| mix.clone());
    for at_s in [12, 28] {
        let level = level_db(&frames[at_s * 48_000..(at_s + 2) * 48_000]);
        assert!((level + 24.0).abs() < 0.3, "{level:.2} dB at {at_s} s");
    }
}

#[test]
fn a_late_measurement_changes_the_level_slowly() {
    let folder = tempfile::tempdir().unwrap();
    let track = wav(folder.path(), "a.wav", RATE_HZ, &sine(100.0, 60, 0.05));
    let loudness = LoudnessLibrary::kept_in(None);
    let options = Options { loudness: loudness.clone(), ..Options::default() };
    let mut known = false;
    let (frames, _) = rendered(&options, 40.0, |at_s| {
        if at_s > 5.0 && !known {
            known = true;
            loudness.scan(std::slice::from_ref(&track), &mut |_| {});
        }
        list(&[&track])
    });
    let level = |at_s: usize| level_db(&frames[at_s * 48_000..(at_s + 1) * 48_000]);
    assert!(level(38) - level(4) > 6.0, "{:.1} {:.1}", level(4), level(38));
    for at_s in 4..39 {
        assert!((level(at_s + 1) - level(at_s)).abs() < 2.3, "{at_s}: {:.1} {:.1}", level(at_s), level(at_s + 1));
    }
}

/// Creates every kind of broken file. Returns each with words that its report must contain.
fn broken(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let cut = |name: &str, from: &Path, share: f64| {
        let bytes = std::fs::read(from).unwrap();
        file(name, &bytes[..(bytes.len() as f64 * share) as usize])
    };
    let whole = wav(folder, "whole.wav", RATE_HZ, &sine(200.0, 4, 0.3));
    let huge = file("huge.flac", b"fLaC");
    std::fs::OpenOptions::new().write(true).open(&huge).unwrap().set_len(5 << 30).unwrap();
    let mut many = std::fs::read(&whole).unwrap();
    many[22] = 10;
    many[32] = 30;
    std::fs::create_dir(folder.join("folder.mp3")).unwrap();
    vec![
        (folder.join("missing.mp3"), "cannot be opened"),
        (folder.join("folder.mp3"), "not a file"),
        (file("empty.ogg", b""), "empty"),
        (file("text.mp3", "Once upon a time. ".repeat(400).as_bytes()), "decoded"),
        (file("noise.flac", &[0x5A; 20_000]), "decoded"),
        (huge, "larger than 4 GiB"),
        (file("header.wav", &std::fs::read(&whole).unwrap()[..44]), "no sound"),
        (file("many.wav", &many), "10 channels"),
        (cut("cut.wav", &whole, 0.6), "cut short"),
        (cut("cut.flac", &media("b.flac"), 0.93), "cut short"),
        (cut("cut.mp3", &media("b.mp3"), 0.6), "cut short"),
        (cut("cut.ogg", &media("b.ogg"), 0.9), ""),
        (cut("cut.m4a", &media("b.m4a"), 0.6), ""),
    ]
}

#[test]
fn each_broken_file_is_reported_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    for (path, word) in broken(folder.path()) {
        let found = LoudnessLibrary::kept_in(None).scan(std::slice::from_ref(&path), &mut |_| {});
        println!("{}: {found:?}", path.file_name().unwrap().display());
        assert!(found.len() == 1 && found[0].0 == path && found[0].1.contains(word), "{}: {found:?}", path.display());
        let quick = try_track(&path);
        assert!(found[0].1.contains("cut short") || quick == Err(found[0].1.clone()), "{quick:?} {found:?}");
    }
    for name in ["a.flac", "b.ogg", "b.mp3", "a.m4a"] {
        assert_eq!(try_track(&media(name)), Ok(()));
        assert_eq!(LoudnessLibrary::kept_in(None).scan(&[media(name)], &mut |_| {}), []);
    }
}

#[test]
fn broken_files_never_interrupt_the_sound() {
    let folder = tempfile::tempdir().unwrap();
    let broken = broken(folder.path());
    let good = wav(folder.path(), "good.wav", RATE_HZ, &sine(150.0, 20, 0.3));
    let paths: Vec<&Path> = broken.iter().map(|(path, _)| path.as_path()).chain([good.as_path()]).collect();
    let (frames, report) = rendered(&Options::default(), 40.0, |_| Mix { crossfade_s: 3.0, ..list(&paths) });
    for (path, _) in &broken {
        assert!(report.left_out.iter().any(|(other, _)| other == path), "{} was not told of", path.display());
    }
    for at_s in 4..39 {
        let level = level_db(&frames[at_s * 48_000..(at_s + 1) * 48_000]);
        assert!(level > -30.0, "{level:.1} dB at {at_s} s");
    }
}

#[test]
fn a_truncated_file_fades_into_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let whole = wav(folder.path(), "whole.wav", RATE_HZ, &sine(150.0, 90, 0.3));
    let bytes = std::fs::read(&whole).unwrap();
    // This file declares 90 s and contains 40. In a crossfade of 60 s, it therefore ends during its own fade-out.
    let cut = folder.path().join("cut.wav");
    std::fs::write(&cut, &bytes[..44 + 40 * 48_000 * 6 + 1_234 * 6]).unwrap();
    let next = wav(folder.path(), "next.wav", RATE_HZ, &sine(100.0, 200, 0.3));
    for crossfade_s in [2.0, 8.0, 60.0] {
        let (frames, report) = rendered(&Options::default(), 60.0, |_| Mix { crossfade_s, ..list(&[&cut, &next]) });
        assert!(report.left_out.iter().any(|(path, why)| *path == cut && why.contains("0:40")), "{report:?}");
        let step = largest_step(&frames);
        assert!(step < 0.012, "crossfade of {crossfade_s} s: a step of {step}");
        for at_s in 4..59 {
            let level = level_db(&frames[at_s * 48_000..(at_s + 1) * 48_000]);
            assert!(level > -20.0, "crossfade of {crossfade_s} s: {level:.1} dB at {at_s} s");
        }
    }
}

#[test]
fn a_playlist_of_broken_files_leaves_the_bed_playing() {
    let folder = tempfile::tempdir().unwrap();
    let broken = broken(folder.path());
    let paths: Vec<&Path> = broken.iter().take(6).map(|(path, _)| path.as_path()).collect();
    let mut mix = list(&paths);
    mix.beds = [Some((Bed::Brown, 0.0)), None];
    let (frames, report) = rendered(&Options::default(), 12.0, |_| mix.clone());
    assert_eq!(report.left_out.len(), 6);
    assert!(level_db(&frames[8 * 48_000..]) > -50.0);
}

#[test]
fn invalid_wav_formats_are_reported_as_faults_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(wav(folder.path(), "whole.wav", RATE_HZ, &sine(150.0, 1, 0.3))).unwrap();
    // Whether a file is treated as WAV depends on its content, not on its name.
    for name in ["form.wav", "form.mp3"] {
        let path = folder.path().join(name);
        for (channels, rate_hz, words) in [
            (2_u16, 0_u32, "its sample rate of 0 Hz"),
            (0, 48_000, "it has 0 channels"),
            (0, 0, "it has 0 channels"),
            (9, 48_000, "it has 9 channels"),
            (u16::MAX, u32::MAX, "it has 65535 channels"),
            (2, u32::MAX, "its sample rate of 4294967295 Hz"),
            (2, 1, "its sample rate of 1 Hz"),
        ] {
            let mut bytes = whole.clone();
            bytes[22..24].copy_from_slice(&channels.to_le_bytes());
            bytes[24..28].copy_from_slice(&rate_hz.to_le_bytes());
            std::fs::write(&path, bytes).unwrap();
            let why = try_track(&path).unwrap_err();
            assert!(why.starts_with(words), "{channels} channels at {rate_hz} Hz: {why}");
        }
        std::fs::write(&path, &whole).unwrap();
        try_track(&path).unwrap();
    }
}

#[test]
fn decoder_panics_are_attributed_to_the_file() {
    assert!(!decodes_here());
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    assert_eq!(decode::guarded(|| seen.store(decodes_here(), std::sync::atomic::Ordering::Relaxed)), Some(()));
    assert!(seen.load(std::sync::atomic::Ordering::Relaxed) && !decodes_here());
    assert_eq!(decode::guarded(|| std::panic::resume_unwind(Box::new("broken"))), None::<()>);
    assert!(!decodes_here(), "what comes after a panic is the program's own");
}

#[test]
fn randomly_damaged_files_never_bring_the_reader_down() {
    let folder = tempfile::tempdir().unwrap();
    std::panic::set_hook(Box::new(|_| {}));
    for (number, name) in ["a.flac", "a.ogg", "a.mp3", "a.m4a"].iter().enumerate() {
        let whole = std::fs::read(media(name)).unwrap();
        for seed in 0..60 {
            let mut rng = Rng::new(seed + 1_000 * number as u64);
            let mut bytes = whole.clone();
            for _ in 0..=rng.below(20) {
                let at = rng.below(bytes.len());
                bytes[at] = rng.below(256) as u8;
            }
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let Ok(mut file) = TrackFile::open(&path) else { continue };
            let mut frames = Vec::new();
            while file.read(&mut frames) && frames.len() < 1_000_000 {}
            assert!(frames.iter().flatten().all(|sample| sample.is_finite()));
        }
    }
    let _ = std::panic::take_hook();
}
