//! Measures the performance of the sound without a device, and prints each figure with its limit. Run it with
//! `cargo bench --bench sound`.
//!
//! Processor time is relative to the duration of the audio. Only the processor time of this thread counts, because this
//! thread decodes, mixes and limits everything. Other load on the machine therefore has no effect.
#![allow(clippy::print_stdout, clippy::print_stderr)] // prints its results

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use stillroom::sound::{
    LoudnessLibrary, Mix, Options, RENDERED_RATE_HZ, ScoreAim, ScoreShape, Track, WavWriter, render_to,
    resampling_noise_db,
};
use stillroom::vocabulary::sound::{Bed, Character};

/// Duration of the audio that is rendered for each figure, in seconds.
const RENDERED_S: f64 = 120.0;

fn main() -> Result<(), Box<dyn Error>> {
    println!("| figure | is | held to |");
    println!("|---|---|---|");
    for pitch_hz in [1_000.0, 5_000.0, 10_000.0, 15_000.0] {
        let noise_db = resampling_noise_db(44_100, 48_000, pitch_hz).ok_or("the rates cannot be changed")?;
        row(&format!("THD+N of 44.1 to 48 kHz at {:.0} kHz", pitch_hz / 1_000.0), noise_db, "dB", "≤ -110 dB");
    }
    let folder = std::env::temp_dir().join(format!("sound-figures-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = mixes(&folder).and_then(|mixes| {
        for (name, mix, held_to) in mixes {
            let share = 100.0 * cost(&mix)?;
            row(&name, share, "% of a core", held_to);
            row(&format!("{name}: offline"), 100.0 / share, "× real time", "≥ 25 × real time");
        }
        Ok(())
    });
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn row(name: &str, value: f64, unit: &str, held_to: &str) {
    println!("| {name} | {value:.2} {unit} | {held_to} |");
}

type Case = (String, Mix, &'static str);

fn mixes(folder: &Path) -> Result<Vec<Case>, Box<dyn Error>> {
    let slow = track(folder, "48.wav", 48_000, 110.0)?;
    let other = track(folder, "44.wav", 44_100, 97.0)?;
    let quiet = Mix { volume_db: -20.0, ..Mix::default() };
    let one = Mix { tracks: vec![slow.clone()], ..quiet.clone() };
    let changed = Mix { tracks: vec![other.clone()], ..quiet.clone() };
    let all = Mix {
        tracks: vec![slow, other],
        crossfade_s: 60.0,
        score: Some(ScoreAim { character: Character::Tidal, seed: 1, level_db: -6.0, shape: ScoreShape::default() }),
        beds: [Some((Bed::Sea, -9.0)), Some((Bed::Rain, -12.0))],
        ..quiet.clone()
    };
    Ok(vec![
        ("nothing but the limiter at rest".to_owned(), quiet, "≤ 0.3 % of a core"),
        ("one track of 48 kHz".to_owned(), one, "-"),
        ("one track of 44.1 kHz".to_owned(), changed, "-"),
        ("two tracks in crossfade, score, two beds".to_owned(), all.clone(), "≤ 4 % of a core"),
        ("the same into the limiter".to_owned(), Mix { volume_db: 0.0, music_db: 0.0, ..all }, "-"),
    ])
}

/// Writes a track of 70 s, so that a crossfade of 60 s is nearly always active.
fn track(folder: &Path, name: &str, rate_hz: u32, pitch_hz: f64) -> Result<Track, Box<dyn Error>> {
    let path: PathBuf = folder.join(name);
    let mut file = WavWriter::create(&path, rate_hz)?;
    for second in 0..70 {
        let at =
            |frame: u32| f64::from(second * rate_hz + frame) / f64::from(rate_hz) * std::f64::consts::TAU * pitch_hz;
        let frames: Vec<[f32; 2]> = (0..rate_hz).map(|frame| [at(frame).sin() as f32 * 0.9; 2]).collect();
        file.write(&frames)?;
    }
    file.finish()?;
    Ok(path.into())
}

/// Renders a mix. Returns the processor time per second of audio, in seconds.
fn cost(mix: &Mix) -> Result<f64, Box<dyn Error>> {
    let options = Options { loudness: LoudnessLibrary::off(), ..Options::default() };
    let before_s = thread_seconds()?;
    let report = render_to(&options, Instant::now(), |_| mix.clone(), &[], RENDERED_S, |_| Ok(()))?;
    debug_assert_eq!(report.frames, (RENDERED_S * f64::from(RENDERED_RATE_HZ)) as u64);
    Ok((thread_seconds()? - before_s) / report.seconds)
}

/// Returns the processor time that this thread has used so far, in seconds.
fn thread_seconds() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split_whitespace().next().ok_or("no figure in schedstat")?.parse()?;
    Ok(nanoseconds / 1e9)
}
