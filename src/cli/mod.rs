//! Owns the command line: what can be asked of the program, and its exit codes.

mod desk;
mod ending;
mod guarding;
mod measuring;
mod progress;
mod receipts;
mod render;
mod renderer;
mod run;
mod scene;
mod secrets;
mod standing;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use skrifa::{FontRef, MetadataProvider};

use crate::config::{self, Config};
use crate::findings::{Finding, read_text};
use crate::output::{self, LogPiece, complain, print};
use crate::profile::{self, Profile};
use crate::sound;
use crate::theme;
use crate::vocabulary::place::Place;
use crate::widget::place::still_image::{SlideFolder, check_folder};
use crate::wiring;
use crate::words;

/// Arguments or surroundings that cannot be used.
const UNUSABLE: u8 = 2;
/// Findings, or a step that failed.
const FAILED: u8 = 1;
/// Longest list of letters in one finding.
const LETTERS_LISTED_MAX: usize = 20;
/// What is still to be said is written within so long before the program ends.
const SAID_WITHIN: Duration = Duration::from_millis(500);

/// The still room for an infusion: music, breath, safe places, and a call that works.
///
/// A comfort system: an adjunct to and never a substitute for the room's own nurse call and monitoring. Not a medical
/// device.
#[derive(Debug, Parser)]
#[command(name = "stillroom", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The room: fullscreen, or without a window
    Run(run::RunArgs),
    /// Check the configuration and all it names, or just the named files; every finding on a line of its own
    Check {
        /// The configuration; else `$STILLROOM_CONFIG`, /etc/stillroom/kiosk.toml, ./kiosk.toml
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Files to check instead of the configuration and all it names
        paths: Vec<PathBuf>,
    },
    /// Render the sound of a profile to a file, faster than real time
    Render(render::RenderArgs),
    /// Paint a place as PNG pictures, without a window
    Scene(scene::SceneArgs),
    /// Read the receipts of every wipe, and see whether their chain is whole
    Receipts,
    /// The staff PIN
    #[command(subcommand)]
    Staff(StaffCommand),
    /// The desk of several rooms beside a broker; with `set-password`, any desk's password
    #[command(args_conflicts_with_subcommands = true)]
    Desk {
        #[command(subcommand)]
        command: Option<DeskCommand>,
        #[command(flatten)]
        args: desk::DeskArgs,
    },
}

#[derive(Debug, Subcommand)]
enum StaffCommand {
    /// Set the staff PIN anew: asked for twice here, at the machine's own shell
    SetPin,
}

#[derive(Debug, Subcommand)]
enum DeskCommand {
    /// Set the desk's password anew: asked for twice here, at the machine's own shell
    SetPassword,
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    guarding::keep_faults_quiet();
    start_logging();
    let code = execute();
    output::errors().flush_within(SAID_WITHIN);
    code
}

fn execute() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::from(UNUSABLE) } else { ExitCode::SUCCESS };
            // A closed pipe behind `--help` is nothing to speak of.
            let _ = error.print();
            return code;
        }
    };
    match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Check { config, paths } => check(config.as_deref(), &paths),
        Command::Render(args) => render::render(&args),
        Command::Scene(args) => scene::scene(&args),
        Command::Receipts => receipts::receipts(),
        Command::Staff(StaffCommand::SetPin) => secrets::set_pin(),
        Command::Desk { command: Some(DeskCommand::SetPassword), .. } => secrets::set_password(),
        Command::Desk { command: None, args } => desk::run(&args),
    }
}

/// Logs go to standard error and hold no word of a patient. Colours are for a terminal only.
fn start_logging() {
    // Before anything can silence the descriptor that it duplicates.
    let _ = output::errors();
    let filter = tracing_subscriber::EnvFilter::try_from_env("STILLROOM_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,stillroom=info"));
    let wants_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_coloured = std::io::stderr().is_terminal() && !wants_none;
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(is_coloured).with_writer(|| LogPiece).try_init();
}

/// Tracks that are there but cannot be played, of the profiles that were asked for.
fn tracks_that_do_not_play(config: &Config, paths: &[PathBuf]) -> Vec<Finding> {
    let media = &config.media.dir;
    let profiles = if paths.is_empty() {
        profile::load_profiles(&config.profiles.dir, media).0
    } else {
        paths.iter().filter_map(|path| profile::load(path, media).0).collect()
    };
    let tracks: BTreeSet<PathBuf> = profiles.iter().flat_map(Profile::tracks).map(|track| media.join(track)).collect();
    let tracks: Vec<PathBuf> = tracks.into_iter().collect();
    let left_out = measuring::scan(&measuring::loudness(), &tracks).into_iter();
    left_out
        .map(|(track, why)| Finding::of_file(&track, why, "FLAC, MP3, Ogg Vorbis, AAC/M4A or WAV that plays"))
        .collect()
}

/// Letters of the languages that were asked for which the typefaces of the paper lack. The window would look for another
/// typeface; the paper has none.
fn letters_without_a_typeface(config: &Config, paths: &[PathBuf]) -> Vec<Finding> {
    let mut folders: Vec<PathBuf> =
        paths.iter().filter_map(|path| words::folder_of_language(path)).map(std::path::Path::to_path_buf).collect();
    if let Some(folder) = config.room.locales.as_ref().filter(|_| paths.is_empty()) {
        folders.extend(config.locales.languages().iter().map(|language| folder.join(language.name())));
    }
    let paper = [theme::FONTS[0], theme::FONTS[1]];
    let typefaces: Vec<_> = paper.iter().filter_map(|font| FontRef::new(font).ok()).collect();
    let has = |letter: char| typefaces.iter().all(|typeface| typeface.charmap().map(letter).is_some());
    let mut findings = Vec::new();
    for (file, letters) in folders.iter().map(|folder| words::letters_in(folder)) {
        let lacking = letters.into_iter().filter(|letter| !has(*letter) || !letter.to_uppercase().all(has));
        let lacking: Vec<String> = lacking.take(LETTERS_LISTED_MAX).map(String::from).collect();
        if !lacking.is_empty() {
            let found = format!("letters that the typefaces lack: {}", lacking.join(" "));
            findings.push(Finding::of_file(&file, found, "letters that Literata has"));
        }
    }
    findings
}

/// Outputs that the settings name and that are not there, and spoken clips that cannot be played.
fn sound_that_is_missing(file: Option<&std::path::Path>, config: &Config) -> Vec<Finding> {
    let file = file.unwrap_or(std::path::Path::new("kiosk.toml"));
    let named = [("sound.device", &config.sound.device), ("sound.chime_device", &config.sound.chime_device)];
    let outputs = named.into_iter().filter_map(|(key, name)| {
        let why = sound::output_missing(name.as_deref()?)?;
        Some(Finding { key: key.to_owned(), ..Finding::of_file(file, why, "an output of this machine") })
    });
    let clips = sound::check_clips(&config.media.dir).into_iter();
    let clips = clips.map(|clip| Finding::of_file(&clip.path, clip.why, "a spoken clip that plays"));
    outputs.chain(clips).collect()
}

/// The printer that is named, if the print server does not know it.
fn printer_that_is_missing(file: Option<&std::path::Path>, config: &Config) -> Option<Finding> {
    let config::PrinterChoice::Named(name) = &config.take_home.printer else { return None };
    let printer = wiring::take_home::printer(Some(name.clone()));
    let error = printer.find().err()?;
    let file = file.unwrap_or(std::path::Path::new("kiosk.toml"));
    let known = printer.names().unwrap_or_default();
    let allowed = if known.is_empty() {
        "\"default\", \"none\", or a printer that `lpstat -e` lists; there is none yet".to_owned()
    } else {
        format!("\"default\", \"none\", or one of {}", known.join(", "))
    };
    Some(Finding { key: "take_home.printer".to_owned(), ..Finding::of_file(file, error.to_string(), allowed) })
}

/// The clinic's own pictures, which some profile may ask for.
fn pictures_that_are_wrong(config: &Config) -> Vec<Finding> {
    let profiles = profile::load_profiles(&config.profiles.dir, &config.media.dir).0;
    let are_wanted = profiles.iter().any(|profile| profile.places_allowed.contains(&Place::Pictures));
    let mut shown = progress::Progress::new("looking at pictures", SlideFolder::open(&config.media.pictures).len());
    check_folder(&config.media.pictures, are_wanted, &mut |done, file| shown.at(done, &name_of(file)))
}

/// The last part of a path, for whoever waits.
fn name_of(file: &std::path::Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn check(config: Option<&std::path::Path>, paths: &[PathBuf]) -> ExitCode {
    let found = config::find(config, |name| std::env::var_os(name), std::path::Path::exists);
    let mut findings = config::check_files(found.path(), paths);
    if paths.is_empty() && found.path().is_some_and(is_desks) {
        return tell(&findings);
    }
    let config = found.load().config;
    findings.extend(tracks_that_do_not_play(&config, paths));
    findings.extend(letters_without_a_typeface(&config, paths));
    if paths.is_empty() {
        findings.extend(sound_that_is_missing(found.path(), &config));
        findings.extend(printer_that_is_missing(found.path(), &config));
        findings.extend(pictures_that_are_wrong(&config));
        let flashes = scene::flash_test(&config.media.pictures);
        findings.extend(flashes.findings);
        for note in flashes.notes {
            complain(&note);
        }
    }
    tell(&findings)
}

/// Whether a file is for the desk of several rooms: it names no sound and no picture.
fn is_desks(file: &std::path::Path) -> bool {
    read_text(file).is_ok_and(|text| config::is_desks(file, &text))
}

fn tell(findings: &[Finding]) -> ExitCode {
    for finding in findings {
        print(finding);
    }
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}
