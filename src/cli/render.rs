//! Owns `stillroom render`: the sound of a profile as a file, faster than it can be heard.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::{FAILED, UNUSABLE, measuring};
use crate::config;
use crate::dry_run::DryRun;
use crate::output::{self, complain, print};
use crate::profile;
use crate::sound;

/// What to render.
#[derive(Args, Debug)]
pub(super) struct RenderArgs {
    /// The profile, by the name of its file without ".toml"
    #[arg(long, value_name = "NAME")]
    profile: String,
    /// The WAV file to write: 48 kHz, stereo
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only so many seconds from the start of the pump; else the whole arc
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=6 * 3600))]
    seconds: Option<u32>,
    /// Another seed for score and beds; the same seed gives the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The configuration; else `$STILLROOM_CONFIG`, /etc/stillroom/kiosk.toml, ./kiosk.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn render(args: &RenderArgs) -> ExitCode {
    let found = config::find(args.config.as_deref(), |name| std::env::var_os(name), std::path::Path::exists);
    let config = found.load().config;
    let (profiles, findings) = profile::load_profiles(&config.profiles.dir, &config.media.dir);
    let Some(profile) = profiles.iter().find(|profile| profile.name == args.profile) else {
        for finding in findings.iter().filter(|finding| finding.file.file_stem() == Some(args.profile.as_ref())) {
            output::say(&finding);
        }
        let names: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
        complain(&format_args!("there is no right profile {:?}; there are: {}", args.profile, names.join(", ")));
        return ExitCode::from(UNUSABLE);
    };
    let mut dry_run = match DryRun::begin(&config, profile, 1, args.seed) {
        Ok(dry_run) => dry_run,
        Err(refusal) => {
            complain(&format_args!("the session cannot begin: {refusal}"));
            return ExitCode::from(FAILED);
        }
    };
    let length = args.seconds.map_or_else(|| dry_run.length(), |seconds| Duration::from_secs(seconds.into()));
    let tracks: Vec<PathBuf> = profile.tracks().into_iter().map(|track| config.media.dir.join(track)).collect();
    let loudness = measuring::loudness();
    // What is wrong with a track is told below, as the room itself would leave it out.
    let _ = measuring::scan(&loudness, &tracks);
    let options = sound::Options { seed: args.seed, loudness, ..sound::Options::default() };
    let epoch = dry_run.epoch();
    let mix_at = |seconds| dry_run.mix_at(Duration::from_secs_f64(seconds));
    match sound::render(&options, epoch, mix_at, &[], length.as_secs_f64(), &args.out) {
        Ok(report) => {
            for (track, why) in &report.left_out {
                complain(&format_args!("{}: {why}", track.display()));
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
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}
