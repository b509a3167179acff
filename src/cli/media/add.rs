//! Owns `stillroom media add`: which files are accepted, in which order they are checked, copied and measured, and what
//! is reported about each.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{advice, length, missing, unfit};
use crate::cli::progress::Progress;
use crate::cli::{FAILED, UNUSABLE, loudness};
use crate::config;
use crate::findings::{read_text, tidy};
use crate::library::storing::{MusicFolder, StoreError, are_equal, name_in_library};
use crate::library::{FOLDER, LICENCE_CHARS, LibraryTrack, NAME_CHARS, TrackTags, entry_path, read_entry};
use crate::sound::{self, LoudnessLibrary, MeasuredLoudness};
use crate::stdio::{print, print_error};
use crate::vocabulary::Named as _;
use crate::vocabulary::sound::Family;

/// The arguments of `stillroom media add`.
#[derive(Args, Debug)]
pub(in crate::cli) struct AddArgs {
    /// The music: FLAC, MP3, Ogg Vorbis, AAC in .m4a or .aac, or WAV
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The title, for a single file; if not given, the one in the file
    #[arg(long, value_name = "TEXT", value_parser = parse_name)]
    title: Option<String>,
    /// The composer or artist of all files; if not given, the one in each file
    #[arg(long, value_name = "TEXT", value_parser = parse_name)]
    composer: Option<String>,
    /// The licence under which you may play the files in your rooms, such as "CC0 1.0" or "bought from NAME, contract 7"
    #[arg(long, value_name = "TEXT", value_parser = parse_licence)]
    licence: Option<String>,
    /// The family of the files, by which profiles ask for music: classical (and piano), strings, overtone (bowls,
    /// gongs, drones) or ambient
    #[arg(long, value_name = "NAME", value_parser = parse_family)]
    family: Option<Family>,
    /// Whether words are sung or spoken in the files that your patients may understand; such music is for the landing
    #[arg(long, value_name = "yes|no", value_parser = parse_voices)]
    voices: Option<bool>,
    /// Replace another file of the same name in the library, and what was noted about it
    #[arg(long)]
    replace: bool,
    /// Configuration file; if not given, `$STILLROOM_CONFIG`, otherwise the first of /etc/stillroom/kiosk.toml and
    /// ./kiosk.toml that exists
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn parse_name(text: &str) -> Result<String, String> {
    tidy(text, &NAME_CHARS).ok_or_else(|| format!("a text of 1 to {} characters on one line", NAME_CHARS.end()))
}

fn parse_licence(text: &str) -> Result<String, String> {
    tidy(text, &LICENCE_CHARS).ok_or_else(|| format!("a text of 1 to {} characters on one line", LICENCE_CHARS.end()))
}

fn parse_family(name: &str) -> Result<Family, String> {
    Family::from_name(name).ok_or_else(Family::one_of)
}

fn parse_voices(answer: &str) -> Result<bool, String> {
    match answer {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("yes or no".to_owned()),
    }
}

/// Why a file was not added.
#[derive(Debug)]
enum NotAdded {
    /// The file is not fit, with the reason and the remedy.
    Unfit(String),
    /// It could not be stored.
    Store(StoreError),
}

impl From<StoreError> for NotAdded {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<String> for NotAdded {
    fn from(reason: String) -> Self {
        Self::Unfit(reason)
    }
}

/// A file that is in the library now.
struct Added {
    track: LibraryTrack,
    measured: MeasuredLoudness,
    what: &'static str,
}

pub(super) fn add(args: &AddArgs) -> ExitCode {
    if args.title.is_some() && args.files.len() > 1 {
        print_error(&"--title is the title of a single file; add the files one by one, or leave it out");
        return ExitCode::from(UNUSABLE);
    }
    let source = config::find(args.config.as_deref(), |name| std::env::var_os(name), Path::exists);
    let media_dir = source.load().config.media.dir;
    let folder = match MusicFolder::open(&media_dir) {
        Ok(folder) => folder,
        Err(error) => {
            print_error(&error);
            return ExitCode::from(FAILED);
        }
    };
    let known = loudness::library();
    let mut outcomes: Vec<(&Path, Result<Added, NotAdded>)> = Vec::new();
    let mut shown = Progress::new("adding music", args.files.len());
    for (index, file) in args.files.iter().enumerate() {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut tell = |step: &str| shown.set(index, &format!("{name} {step}"));
        let before = args.files[..index].iter().find(|other| other.file_name() == file.file_name());
        let outcome = match before {
            Some(before) => Err(NotAdded::Unfit(format!(
                "{} has the same name; add one of them under another name",
                before.display()
            ))),
            None => add_file(args, file, &folder, &known, &mut tell),
        };
        let is_over = matches!(&outcome, Err(NotAdded::Store(error)) if error.concerns_folder());
        outcomes.push((file, outcome));
        if is_over {
            break;
        }
    }
    // The bar is removed before the results are printed.
    drop(shown);
    let mut is_whole = outcomes.len() == args.files.len();
    for (file, outcome) in &outcomes {
        match outcome {
            Ok(added) => print_added(&media_dir, added),
            Err(refusal) => {
                is_whole = false;
                print_refusal(file, refusal);
            }
        }
    }
    let left = args.files.len() - outcomes.len();
    if left > 0 {
        print_error(&format_args!(
            "the other files, {left} of them, were not tried; the ones before are in the library"
        ));
    }
    if is_whole { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

fn add_file(
    args: &AddArgs,
    file: &Path,
    folder: &MusicFolder,
    known: &LoudnessLibrary,
    tell: &mut dyn FnMut(&str),
) -> Result<Added, NotAdded> {
    if file.is_dir() {
        return Err(format!("it is a folder; name the files in it, as in {}/*.flac", file.display()).into());
    }
    let name = name_in_library(file)?;
    sound::try_track(file).map_err(|why| format!("{why}; {}", remedy(file)))?;
    let target = folder.path_of(name);
    let present = presence(file, &target)?;
    if present == Presence::Other && !args.replace {
        let why = "the library has another file of this name; add it under another name, or replace that file with \
                   --replace";
        return Err(why.to_owned().into());
    }
    let measured = if present == Presence::Same {
        measure(known, &target, tell)?
    } else {
        let staged = folder.stage(file, name, &mut |bytes| tell(&format!("{} MiB copied", bytes >> 20)))?;
        // What is measured is the copy, so that a stick that reads differently each time is noticed.
        let measured = measure(&LoudnessLibrary::kept_in(None), staged.path(), tell)?;
        staged.commit(args.replace)?;
        known.remember(&target, measured.clone());
        measured
    };
    // What was noted about another recording, such as its licence, says nothing about this one.
    let before = if present == Presence::Same { entry_of(&target) } else { None };
    let tags = options(args).or(before.clone().unwrap_or_default()).or(tags_in(&target));
    if before.as_ref() != Some(&tags) {
        folder.write_entry(name, &tags)?;
    }
    let what = match (present, before.is_some()) {
        (Presence::None, _) => "added",
        (Presence::Other, _) => "replaced",
        (Presence::Same, false) => "noted",
        (Presence::Same, true) => "in the library",
    };
    Ok(Added { track: LibraryTrack { file: Path::new(FOLDER).join(name), tags, findings: Vec::new() }, measured, what })
}

/// What the library has under the name of a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    None,
    /// This file itself, or one with the same content.
    Same,
    Other,
}

fn presence(file: &Path, target: &Path) -> Result<Presence, String> {
    let Ok(there) = std::fs::metadata(target) else { return Ok(Presence::None) };
    if !there.is_file() {
        return Err(format!("{} is there, and is not a file; remove it, or rename the music", target.display()));
    }
    let is_itself = std::fs::metadata(file).is_ok_and(|own| (own.dev(), own.ino()) == (there.dev(), there.ino()));
    let is_equal = is_itself
        || are_equal(file, target)
            .map_err(|error| format!("it cannot be compared with {}: {error}", target.display()))?;
    Ok(if is_equal { Presence::Same } else { Presence::Other })
}

/// Measures a file.
///
/// # Errors
/// Why it is not fit for a session.
fn measure(known: &LoudnessLibrary, file: &Path, tell: &mut dyn FnMut(&str)) -> Result<MeasuredLoudness, String> {
    let files = [file.to_owned()];
    known.scan(&files, &mut |at| tell(&format!("{} measured", length(at.seconds))));
    let measured = known.measured(file).ok_or("it cannot be measured; try again")?;
    unfit(&measured).map_or(Ok(measured), Err)
}

/// What to do about a file that no decoder accepts, judging by its extension.
fn remedy(file: &Path) -> String {
    let is_ogg = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("ogg"));
    let codec = if is_ogg { " (Opus in .ogg is not supported, only Vorbis)" } else { "" };
    format!("see whether it plays elsewhere, and convert it, for example with `ffmpeg -i FILE NAME.flac`{codec}")
}

fn options(args: &AddArgs) -> TrackTags {
    TrackTags {
        title: args.title.clone(),
        composer: args.composer.clone(),
        family: args.family,
        voices: args.voices,
        licence: args.licence.clone(),
    }
}

fn tags_in(file: &Path) -> TrackTags {
    let tags = sound::read_tags(file);
    TrackTags { title: tags.title, composer: tags.composer, ..TrackTags::default() }
}

/// Returns what the entry of a file in the library says; `None` if it has none.
fn entry_of(file: &Path) -> Option<TrackTags> {
    let entry = entry_path(file);
    Some(read_entry(&entry, &read_text(&entry).ok()?).0)
}

fn print_added(media_dir: &Path, added: &Added) {
    let Added { track, measured, what } = added;
    let tags = &track.tags;
    let name = tags.title.clone().unwrap_or_else(|| "no title".to_owned());
    let by = tags.composer.as_ref().map(|composer| format!(" by {composer}")).unwrap_or_default();
    let family = tags.family.map(|family| format!(", {family}")).unwrap_or_default();
    let loudness = measured.loudness_lufs.map(|lufs| format!(", {lufs:.1} LUFS")).unwrap_or_default();
    let length = length(measured.seconds);
    print(&format_args!("{}: {what}: {name}{by}{family}, {length}{loudness}", track.file.display()));
    for note in missing(media_dir, track).into_iter().chain(advice(measured)) {
        print(&format_args!("  {note}"));
    }
}

fn print_refusal(file: &Path, refusal: &NotAdded) {
    match refusal {
        // A name may contain what would confuse a terminal.
        NotAdded::Unfit(why) => {
            let name: OsString = file.into();
            let name: String = name.to_string_lossy().chars().map(|c| if c.is_control() { '?' } else { c }).collect();
            print_error(&format_args!("{name}: not added: {why}"));
        }
        NotAdded::Store(error) => print_error(error),
    }
}
