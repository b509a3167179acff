//! Owns `stillroom media list`: the table of the music library for people, and the same as JSON lines for machines.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{advice, length, missing, unfit};
use crate::cli::{FAILED, loudness};
use crate::config;
use crate::library::{LibraryTrack, MusicLibrary};
use crate::sound::MeasuredLoudness;
use crate::vocabulary::sound::Family;

/// What a cell shows if nothing is known.
const NOTHING: &str = "–";
/// Maximum number of characters of a cell; the rest is left out.
const CELL_CHARS_MAX: usize = 36;
const HEADINGS: [&str; 8] = ["title", "composer", "family", "voices", "length", "loudness", "licence", "file"];

/// The arguments of `stillroom media list`.
#[derive(Args, Debug)]
pub(in crate::cli) struct ListArgs {
    /// Write one line of JSON for each track, instead of a table
    #[arg(long)]
    json: bool,
    /// Configuration file; if not given, `$STILLROOM_CONFIG`, otherwise the first of /etc/stillroom/kiosk.toml and
    /// ./kiosk.toml that exists
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A track as `--json` writes it.
#[derive(Serialize)]
struct TrackLine<'a> {
    file: String,
    title: Option<&'a str>,
    composer: Option<&'a str>,
    family: Option<&'static str>,
    voices: Option<bool>,
    licence: Option<&'a str>,
    seconds: Option<f64>,
    loudness_lufs: Option<f32>,
    true_peak_db: Option<f32>,
    problems: Vec<String>,
}

pub(super) fn list(args: &ListArgs) -> ExitCode {
    let source = config::find(args.config.as_deref(), |name| std::env::var_os(name), Path::exists);
    let media_dir = source.load().config.media.dir;
    let library = MusicLibrary::read(&media_dir);
    let known = loudness::library();
    let files: Vec<PathBuf> = library.tracks.iter().map(|track| media_dir.join(&track.file)).collect();
    // The result is ignored, because each track's measurement says what is wrong with it.
    let _ = loudness::scan(&known, &files);
    let measured: Vec<Option<MeasuredLoudness>> = files.iter().map(|file| known.measured(file)).collect();
    let (text, is_whole) = if args.json { json(&library, &measured) } else { table(&media_dir, &library, &measured) };
    // The result is ignored, because a closed pipe, as in `media list | head`, is not an error.
    let _ = std::io::stdout().write_all(text.as_bytes());
    if is_whole { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

/// What is wrong with a track.
fn problems(track: &LibraryTrack, measured: Option<&MeasuredLoudness>) -> Vec<String> {
    let of_entry = track.findings.iter().map(|finding| format!("{}: found {}", finding.key, finding.found));
    of_entry.chain(measured.and_then(unfit)).collect()
}

/// Returns a line of JSON for each track, and whether nothing is wrong.
fn json(library: &MusicLibrary, measured: &[Option<MeasuredLoudness>]) -> (String, bool) {
    let mut text = String::new();
    let mut is_whole = library.findings.is_empty();
    for (track, measured) in library.tracks.iter().zip(measured) {
        let tenths = |number: f32| (number * 10.0).round() / 10.0;
        let line = TrackLine {
            file: track.file.to_string_lossy().into_owned(),
            title: track.tags.title.as_deref(),
            composer: track.tags.composer.as_deref(),
            family: track.tags.family.map(Family::name),
            voices: track.tags.voices,
            licence: track.tags.licence.as_deref(),
            seconds: measured.as_ref().map(|measured| (measured.seconds * 10.0).round() / 10.0),
            loudness_lufs: measured.as_ref().and_then(|measured| measured.loudness_lufs).map(tenths),
            true_peak_db: measured.as_ref().and_then(|measured| measured.true_peak_db).map(tenths),
            problems: problems(track, measured.as_ref()),
        };
        is_whole &= line.problems.is_empty();
        let _ = writeln!(text, "{}", serde_json::to_string(&line).unwrap_or_default());
    }
    (text, is_whole)
}

/// Returns the table with its notes, and whether nothing is wrong.
fn table(media_dir: &Path, library: &MusicLibrary, measured: &[Option<MeasuredLoudness>]) -> (String, bool) {
    let tracks = || library.tracks.iter().zip(measured.iter().map(Option::as_ref));
    let rows: Vec<[String; 8]> = tracks().map(|(track, measured)| row(track, measured)).collect();
    let mut text = String::new();
    if !rows.is_empty() {
        let widths: Vec<usize> = HEADINGS
            .iter()
            .enumerate()
            .map(|(column, heading)| {
                let cells = rows.iter().map(|row| row[column].chars().count());
                cells.chain([heading.chars().count()]).max().unwrap_or_default()
            })
            .collect();
        let headings = HEADINGS.map(str::to_owned);
        for row in std::iter::once(&headings).chain(&rows) {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  "));
            let _ = writeln!(text, "{}", cells.collect::<String>().trim_end());
        }
        text.push('\n');
    }
    let mut is_whole = library.findings.is_empty();
    for finding in &library.findings {
        let _ = writeln!(text, "{finding}");
    }
    for (track, measured) in tracks() {
        let wrong = problems(track, measured);
        is_whole &= wrong.is_empty();
        let notes = wrong.into_iter().chain(missing(media_dir, track)).chain(measured.and_then(advice));
        for note in notes {
            let _ = writeln!(text, "{}: {note}", track.file.display());
        }
    }
    let seconds: f64 = measured.iter().flatten().map(|measured| measured.seconds).sum();
    let _ = match rows.len() {
        0 => writeln!(text, "No music in {} yet: add some with `stillroom media add`.", media_dir.display()),
        1 => writeln!(text, "1 track, {} of music.", length(seconds)),
        count => writeln!(text, "{count} tracks, {} of music.", length(seconds)),
    };
    (text, is_whole)
}

fn row(track: &LibraryTrack, measured: Option<&MeasuredLoudness>) -> [String; 8] {
    let tags = &track.tags;
    let text = |text: Option<&str>, otherwise: &str| shortened(text.unwrap_or(otherwise));
    let loudness = measured.and_then(|measured| measured.loudness_lufs);
    [
        text(tags.title.as_deref(), NOTHING),
        text(tags.composer.as_deref(), NOTHING),
        text(tags.family.map(Family::name), NOTHING),
        text(tags.voices.map(|voices| if voices { "yes" } else { "no" }), NOTHING),
        measured.map_or_else(|| NOTHING.to_owned(), |measured| length(measured.seconds)),
        loudness.map_or_else(|| NOTHING.to_owned(), |lufs| format!("{lufs:.1} LUFS")),
        text(tags.licence.as_deref(), "licence missing"),
        track.file.to_string_lossy().into_owned(),
    ]
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= CELL_CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Finding;
    use crate::library::TrackTags;

    fn library() -> (MusicLibrary, Vec<Option<MeasuredLoudness>>) {
        let tags = TrackTags {
            title: Some("Hearth".to_owned()),
            composer: Some("A composer whose name is longer than any column".to_owned()),
            family: Some(Family::Strings),
            voices: Some(false),
            licence: Some("CC0 1.0".to_owned()),
        };
        let whole = LibraryTrack { file: "music/hearth.ogg".into(), tags, findings: Vec::new() };
        let finding = Finding::of_file(Path::new("media/music/b.wav"), "no entry for this file", "one");
        let bare = LibraryTrack { file: "music/b.wav".into(), tags: TrackTags::default(), findings: vec![finding] };
        let measured =
            MeasuredLoudness { loudness_lufs: Some(-23.44), true_peak_db: Some(-6.0), seconds: 252.04, trouble: None };
        let silent = MeasuredLoudness { loudness_lufs: None, true_peak_db: None, ..measured.clone() };
        let tracks = vec![whole, bare];
        (MusicLibrary { tracks, findings: Vec::new() }, vec![Some(measured), Some(silent)])
    }

    #[test]
    fn the_table_shows_every_track_and_what_is_wrong_below() {
        let (library, measured) = library();
        let (text, is_whole) = table(Path::new("media"), &library, &measured);
        assert!(!is_whole);
        expect_test::expect![[r#"
            title   composer                              family   voices  length  loudness    licence          file
            Hearth  A composer whose name is longer tha…  strings  no      4:12    -23.4 LUFS  CC0 1.0          music/hearth.ogg
            –       –                                     –        –       4:12    –           licence missing  music/b.wav

            music/b.wav: file: found no entry for this file
            music/b.wav: it is silent; play it elsewhere, to see whether it is the right file
            music/b.wav: no title, no family, no voices, no licence yet: stillroom media add media/music/b.wav --title "…" --family NAME --voices no --licence "…"
            2 tracks, 8:24 of music.
        "#]]
        .assert_eq(&text);
        let (empty, is_whole) = table(Path::new("media"), &MusicLibrary::default(), &[]);
        assert!(is_whole && empty.starts_with("No music in media yet: "), "{empty}");
    }

    #[test]
    fn machines_read_one_line_of_json_for_each_track() {
        let (library, measured) = library();
        let (text, is_whole) = json(&library, &measured);
        assert!(!is_whole);
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0]["family"].as_str(), lines[0]["voices"].as_bool()), (Some("strings"), Some(false)));
        assert_eq!((lines[0]["seconds"].as_f64(), lines[0]["problems"].as_array().unwrap().len()), (Some(252.0), 0));
        assert!((lines[0]["loudness_lufs"].as_f64().unwrap() + 23.4).abs() < 1e-3, "{text}");
        assert!(text.contains("\"loudness_lufs\":-23.4,"), "{text}");
        assert_eq!((lines[1]["licence"].as_str(), lines[1]["problems"].as_array().unwrap().len()), (None, 2));
    }
}
