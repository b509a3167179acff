//! Owns `stillroom render`, which writes the sound of a profile, of one kind of composed music (an ensemble) or of one
//! nature bed to a file, faster than real time.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use super::{FAILED, UNUSABLE, loudness};
use crate::config::{self, Config};
use crate::dry_run::DryRun;
use crate::profile;
use crate::room::timeline::SessionTimeline;
use crate::sound::{self, Mix, ScoreAim, ScoreShape};
use crate::stdio::{self, print, print_error};
use crate::vocabulary::Named;
use crate::vocabulary::sound::{Bed, Character};

/// Length in minutes of the infusion whose arc an ensemble follows.
const ENSEMBLE_MINUTES: u32 = 45;
/// Length of the rendering of a bed, in seconds, if none is given.
const BED_S: u32 = 120;
/// Interval at which the shape of the score is updated, in seconds.
const SHAPE_EVERY_S: f64 = 4.0;

/// The arguments of `stillroom render`.
#[derive(Args, Debug)]
pub(super) struct RenderArgs {
    /// The profile, given as the name of its file without ".toml"
    #[arg(long, value_name = "NAME", required_unless_present_any = ["ensemble", "bed"])]
    profile: Option<String>,
    /// One kind of composed music alone, by its name in profiles, along the arc of a 45-minute infusion and at full
    /// level
    #[arg(long, value_name = "NAME", conflicts_with = "profile", value_parser = parse_ensemble)]
    ensemble: Option<Character>,
    /// One nature bed alone, by its name in profiles, moving by itself and at full level
    #[arg(long, value_name = "NAME", conflicts_with_all = ["profile", "ensemble"], value_parser = parse_bed)]
    bed: Option<Bed>,
    /// The WAV file to write, in stereo at 48 kHz
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The length in seconds, from the start of the infusion; if not given, the whole arc, or two minutes of a bed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=6 * 3600))]
    seconds: Option<u32>,
    /// The seed for the score and the beds; the same seed gives the same file
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Configuration file; if not given, `$STILLROOM_CONFIG`, otherwise the first of /etc/stillroom/kiosk.toml and
    /// ./kiosk.toml that exists
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn parse_ensemble(name: &str) -> Result<Character, String> {
    Character::from_name(name).ok_or_else(Character::one_of)
}

fn parse_bed(name: &str) -> Result<Bed, String> {
    Bed::from_name(name).ok_or_else(Bed::one_of)
}

pub(super) fn render(args: &RenderArgs) -> ExitCode {
    let source = config::find(args.config.as_deref(), |name| std::env::var_os(name), std::path::Path::exists);
    let config = source.load().config;
    let loudness = loudness::library();
    let instruments_dir = Some(config.media.dir.join("instruments"));
    let options = sound::Options { seed: args.seed, loudness, instruments_dir, ..sound::Options::default() };
    match (args.ensemble, args.bed, &args.profile) {
        (Some(ensemble), _, _) => render_ensemble(args, ensemble, &options),
        (None, Some(bed), _) => render_bed(args, bed, &options),
        (None, None, Some(profile)) => render_profile(args, profile, &config, &options),
        (None, None, None) => ExitCode::from(UNUSABLE),
    }
}

fn render_profile(args: &RenderArgs, name: &str, config: &Config, options: &sound::Options) -> ExitCode {
    let (profiles, findings) = profile::load_profiles(&config.profiles.dir, &config.media.dir);
    let Some(profile) = profiles.iter().find(|profile| profile.name == name) else {
        for finding in findings.iter().filter(|finding| finding.file.file_stem() == Some(name.as_ref())) {
            stdio::eprint(&finding);
        }
        let names: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
        print_error(&format_args!("there is no valid profile {name:?}; valid are: {}", names.join(", ")));
        return ExitCode::from(UNUSABLE);
    };
    let mut dry_run = match DryRun::begin(config, profile, 1, args.seed) {
        Ok(dry_run) => dry_run,
        Err(refusal) => {
            print_error(&format_args!("the session cannot begin: {refusal}"));
            return ExitCode::from(FAILED);
        }
    };
    let length = args.seconds.map_or_else(|| dry_run.length(), |seconds| Duration::from_secs(seconds.into()));
    let tracks: Vec<PathBuf> = profile.tracks().into_iter().map(|track| config.media.dir.join(track)).collect();
    // The result is ignored, because `report` below names the tracks that are left out.
    let _ = loudness::scan(&options.loudness, &tracks);
    let epoch = dry_run.epoch();
    let mix_at = |seconds| dry_run.mix_at(Duration::from_secs_f64(seconds));
    report(args, &profile.name, sound::render(options, epoch, mix_at, &[], length.as_secs_f64(), &args.out))
}

fn render_ensemble(args: &RenderArgs, character: Character, options: &sound::Options) -> ExitCode {
    let arc = SessionTimeline::new(ENSEMBLE_MINUTES);
    let mix_at = |seconds: f64| {
        // The shape is updated only as often as in a room, so that the file sounds like the room.
        let clock_ms = (seconds / SHAPE_EVERY_S).floor() * SHAPE_EVERY_S * 1_000.0;
        let shape = ScoreShape::along(&arc, Some(clock_ms as u64));
        let aim = ScoreAim { character, seed: args.seed, level_db: 0.0, shape };
        Mix { score: Some(aim), volume_db: 0.0, ..Mix::default() }
    };
    let seconds = args.seconds.map_or(f64::from(60 * ENSEMBLE_MINUTES), f64::from);
    report(args, character.name(), sound::render(options, Instant::now(), mix_at, &[], seconds, &args.out))
}

fn render_bed(args: &RenderArgs, bed: Bed, options: &sound::Options) -> ExitCode {
    let mix_at = |_| Mix { beds: [Some((bed, 0.0)), None], volume_db: 0.0, ..Mix::default() };
    let seconds = f64::from(args.seconds.unwrap_or(BED_S));
    report(args, bed.name(), sound::render(options, Instant::now(), mix_at, &[], seconds, &args.out))
}

fn report(args: &RenderArgs, what: &str, rendered: Result<sound::RenderReport, sound::RenderError>) -> ExitCode {
    match rendered {
        Ok(report) => {
            for (file, why) in &report.left_out {
                print_error(&format_args!("{}: {why}", file.display()));
            }
            print(&format_args!(
                "{}: {:.0} s of {what} in {:.1} s, {:.0} times as fast as it sounds",
                args.out.display(),
                report.seconds,
                report.wall.as_secs_f64(),
                report.speed()
            ));
            ExitCode::SUCCESS
        }
        Err(error) => {
            print_error(&error);
            ExitCode::from(FAILED)
        }
    }
}
