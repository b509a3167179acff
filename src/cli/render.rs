//! Owns `stillroom render`, which writes a profile's sound to a file, faster than real time.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::{FAILED, UNUSABLE, loudness};
use crate::config;
use crate::dry_run::DryRun;
use crate::profile;
use crate::sound;
use crate::stdio::{self, print, print_error};

/// The arguments of `stillroom render`.
#[derive(Args, Debug)]
pub(super) struct RenderArgs {
    /// The profile, given as the name of its file without ".toml"
    #[arg(long, value_name = "NAME")]
    profile: String,
    /// The WAV file to write, in stereo at 48 kHz
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The length in seconds, from the start of the infusion; if not given, the whole arc
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

pub(super) fn render(args: &RenderArgs) -> ExitCode {
    let source = config::find(args.config.as_deref(), |name| std::env::var_os(name), std::path::Path::exists);
    let config = source.load().config;
    let (profiles, findings) = profile::load_profiles(&config.profiles.dir, &config.media.dir);
    let Some(profile) = profiles.iter().find(|profile| profile.name == args.profile) else {
        for finding in findings.iter().filter(|finding| finding.file.file_stem() == Some(args.profile.as_ref())) {
            stdio::eprint(&finding);
        }
        let names: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
        print_error(&format_args!("there is no valid profile {:?}; valid are: {}", args.profile, names.join(", ")));
        return ExitCode::from(UNUSABLE);
    };
    let mut dry_run = match DryRun::begin(&config, profile, 1, args.seed) {
        Ok(dry_run) => dry_run,
        Err(refusal) => {
            print_error(&format_args!("the session cannot begin: {refusal}"));
            return ExitCode::from(FAILED);
        }
    };
    let length = args.seconds.map_or_else(|| dry_run.length(), |seconds| Duration::from_secs(seconds.into()));
    let tracks: Vec<PathBuf> = profile.tracks().into_iter().map(|track| config.media.dir.join(track)).collect();
    let loudness = loudness::library();
    // The report below names the tracks that are left out, which the room would leave out too.
    let _ = loudness::scan(&loudness, &tracks);
    let options = sound::Options { seed: args.seed, loudness, ..sound::Options::default() };
    let epoch = dry_run.epoch();
    let mix_at = |seconds| dry_run.mix_at(Duration::from_secs_f64(seconds));
    match sound::render(&options, epoch, mix_at, &[], length.as_secs_f64(), &args.out) {
        Ok(report) => {
            for (track, why) in &report.left_out {
                print_error(&format_args!("{}: {why}", track.display()));
            }
            print(&format_args!(
                "{}: {:.0} s of {} in {:.1} s, {:.0} times as fast as it sounds",
                args.out.display(),
                report.seconds,
                profile.name,
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
