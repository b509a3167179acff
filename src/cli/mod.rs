//! Owns the command line: its commands, the start of logging, those checks of `stillroom check` that concern sound,
//! typefaces, pictures and printers, and the exit codes.

mod desk;
mod hardening;
mod loudness;
mod media;
mod progress;
mod receipts;
mod render;
mod renderer;
mod run;
mod scene;
mod set_secret;
mod shutdown;
mod stored_settings;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use skrifa::{FontRef, MetadataProvider};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{self, Config};
use crate::findings::{Finding, read_text};
use crate::profile::{self, Profile};
use crate::sound;
use crate::stdio::{self, LogWriter, print, print_error};
use crate::theme;
use crate::vocabulary::place::Place;
use crate::widget::place::still_image::{SlideFolder, check_folder};
use crate::wiring;
use crate::words;

/// The exit code for arguments or an environment that cannot be used.
const UNUSABLE: u8 = 2;
/// The exit code for a check with findings, or for a step that failed.
const FAILED: u8 = 1;
/// Maximum number of letters listed in one finding.
const LETTERS_LISTED_MAX: usize = 20;
/// Time limit for writing pending lines to standard error before the program ends.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(500);

/// The still room for an infusion: music, breath, safe places, and a call that works.
///
/// A comfort system. It is an adjunct to the room's own nurse call and monitoring, and never a substitute for them. It
/// is not a medical device.
#[derive(Debug, Parser)]
#[command(name = "stillroom", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the room in fullscreen, in a window, or without a window
    Run(run::RunArgs),
    /// Check the configuration and everything it refers to, or only the given files; print each finding on a separate
    /// line
    Check {
        /// Configuration file; if not given, `$STILLROOM_CONFIG`, otherwise the first of /etc/stillroom/kiosk.toml and
        /// ./kiosk.toml that exists
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Check only these files, instead of the configuration and everything it refers to
        paths: Vec<PathBuf>,
    },
    /// Render a profile's sound to a file, faster than real time
    Render(render::RenderArgs),
    /// Render a place as PNG pictures, without a window
    Scene(scene::SceneArgs),
    /// Manage the room's own music: add files, and list what is there
    #[command(subcommand)]
    Media(media::MediaCommand),
    /// List the receipts of all wipes and verify that their chain is unbroken
    Receipts,
    /// Manage the staff PIN
    #[command(subcommand)]
    Staff(StaffCommand),
    /// Run the desk of several rooms, which needs a broker; with `set-password`, set the password of this desk or of a
    /// room's own desk
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
    /// Set a new staff PIN; the program asks for it twice
    SetPin,
}

#[derive(Debug, Subcommand)]
enum DeskCommand {
    /// Set a new password for the desk; the program asks for it twice
    SetPassword,
}

/// Runs the command line and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    hardening::install_panic_hook();
    start_logging();
    let code = execute();
    stdio::stderr().flush_within(FLUSH_TIMEOUT);
    code
}

fn execute() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::from(UNUSABLE) } else { ExitCode::SUCCESS };
            // The result is ignored, because a closed pipe, as in `--help | head`, is not an error.
            let _ = error.print();
            return code;
        }
    };
    match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Check { config, paths } => check(config.as_deref(), &paths),
        Command::Render(args) => render::render(&args),
        Command::Scene(args) => scene::scene(&args),
        Command::Media(command) => media::media(&command),
        Command::Receipts => receipts::receipts(),
        Command::Staff(StaffCommand::SetPin) => set_secret::set_pin(),
        Command::Desk { command: Some(DeskCommand::SetPassword), .. } => set_secret::set_password(),
        Command::Desk { command: None, args } => desk::run(&args),
    }
}

/// Starts logging to standard error, in colour on a terminal. No log line may contain a patient's text.
fn start_logging() {
    // Duplicates the file descriptor of standard error. This comes first, because later code may redirect the original.
    let _ = stdio::stderr();
    let asked = std::env::var("STILLROOM_LOG").ok().filter(|directives| !directives.is_empty());
    let (filter, misread) = log_filter(asked.as_deref());
    let wants_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_coloured = std::io::stderr().is_terminal() && !wants_none;
    let lines = tracing_subscriber::fmt::layer().with_ansi(is_coloured).with_writer(|| LogWriter);
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    if let Some(why) = misread {
        tracing::warn!("STILLROOM_LOG is ignored: {why}. It takes levels such as `debug` or `warn,stillroom=debug`.");
    }
}

/// Returns the filter for log lines: the default filter if `asked` is `None` or cannot be parsed. If it cannot be
/// parsed, also returns the reason.
fn log_filter(asked: Option<&str>) -> (Targets, Option<ParseError>) {
    let shipped = Targets::new().with_default(LevelFilter::WARN).with_target("stillroom", LevelFilter::INFO);
    match asked.map(str::parse) {
        None => (shipped, None),
        Some(Ok(filter)) => (filter, None),
        Some(Err(why)) => (shipped, Some(why)),
    }
}

/// Returns a finding for each track that the checked profiles name and that exists but cannot be played.
fn unplayable_tracks(config: &Config, paths: &[PathBuf]) -> Vec<Finding> {
    let media = &config.media.dir;
    let profiles = if paths.is_empty() {
        profile::load_profiles(&config.profiles.dir, media).0
    } else {
        paths.iter().filter_map(|path| profile::load(path, media).0).collect()
    };
    let tracks: BTreeSet<PathBuf> = profiles.iter().flat_map(Profile::tracks).map(|track| media.join(track)).collect();
    let tracks: Vec<PathBuf> = tracks.into_iter().collect();
    let left_out = loudness::scan(&loudness::library(), &tracks).into_iter();
    left_out
        .map(|(track, why)| Finding::of_file(&track, why, "FLAC, MP3, Ogg Vorbis, AAC/M4A or WAV that plays"))
        .collect()
}

/// Returns a finding for each checked language file with letters that the typefaces for paper lack. The window can fall
/// back to a different typeface, but a PDF cannot.
fn missing_letters(config: &Config, paths: &[PathBuf]) -> Vec<Finding> {
    let mut folders: Vec<PathBuf> =
        paths.iter().filter_map(|path| words::folder_of_language(path)).map(std::path::Path::to_path_buf).collect();
    if let Some(folder) = config.room.locales.as_ref().filter(|_| paths.is_empty()) {
        folders.extend(config.locales.languages().iter().map(|language| folder.join(language.name())));
    }
    let paper = [theme::LITERATA_MEDIUM, theme::LITERATA_REGULAR];
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

/// Returns a finding for each configured output that does not exist, and for each spoken clip and each recorded
/// instrument that cannot be played.
fn missing_sound(file: Option<&std::path::Path>, config: &Config) -> Vec<Finding> {
    let file = file.unwrap_or(std::path::Path::new("kiosk.toml"));
    let named = [("sound.device", &config.sound.device), ("sound.chime_device", &config.sound.chime_device)];
    let outputs = named.into_iter().filter_map(|(key, name)| {
        let why = sound::output_missing(name.as_deref()?)?;
        Some(Finding { key: key.to_owned(), ..Finding::of_file(file, why, "an output of this machine") })
    });
    let clips = sound::check_clips(&config.media.dir).into_iter();
    let clips = clips.map(|clip| Finding::of_file(&clip.path, clip.why, "a spoken clip that plays"));
    let instruments = sound::check_instruments(&config.media.dir).into_iter();
    let instruments =
        instruments.map(|wrong| Finding::of_file(&wrong.path, wrong.why, "a recorded instrument that plays"));
    outputs.chain(clips).chain(instruments).collect()
}

/// Returns a finding if a printer is configured by name but cannot be used, for example because the print server does
/// not know it.
fn missing_printer(file: Option<&std::path::Path>, config: &Config) -> Option<Finding> {
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

/// Returns findings for the clinic's own pictures. A folder without pictures is a finding only if a profile offers the
/// place `pictures`.
fn wrong_pictures(config: &Config) -> Vec<Finding> {
    let profiles = profile::load_profiles(&config.profiles.dir, &config.media.dir).0;
    let are_wanted = profiles.iter().any(|profile| profile.places_allowed.contains(&Place::Pictures));
    let mut shown = progress::Progress::new("looking at pictures", SlideFolder::open(&config.media.pictures).len());
    check_folder(&config.media.pictures, are_wanted, &mut |done, file| shown.set(done, &name_of(file)))
}

/// Returns the file name of a path, for the progress display.
fn name_of(file: &std::path::Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn check(config: Option<&std::path::Path>, paths: &[PathBuf]) -> ExitCode {
    let source = config::find(config, |name| std::env::var_os(name), std::path::Path::exists);
    let mut findings = config::check_files(source.path(), paths);
    if paths.is_empty() && source.path().is_some_and(is_desks) {
        return print_findings(&findings);
    }
    let config = source.load().config;
    findings.extend(unplayable_tracks(&config, paths));
    findings.extend(missing_letters(&config, paths));
    if paths.is_empty() {
        findings.extend(missing_sound(source.path(), &config));
        findings.extend(missing_printer(source.path(), &config));
        findings.extend(wrong_pictures(&config));
        let flashes = scene::flash_test(&config.media.pictures);
        findings.extend(flashes.findings);
        for note in flashes.notes {
            print_error(&note);
        }
    }
    print_findings(&findings)
}

/// Whether the file configures a desk of several rooms. Such a desk has neither sound nor pictures to check.
fn is_desks(file: &std::path::Path) -> bool {
    read_text(file).is_ok_and(|text| config::is_desks(file, &text))
}

fn print_findings(findings: &[Finding]) -> ExitCode {
    for finding in findings {
        print(finding);
    }
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}
