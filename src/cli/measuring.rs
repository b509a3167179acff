//! Owns measuring how loud the clinic's music is, with a bar for whoever waits at the shell.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use crate::paths::Homes;
use crate::sound::Loudness;

/// The figures of the room's own cache if there is one, so that nothing is measured twice; else in memory.
pub(super) fn loudness() -> Loudness {
    let homes = Homes::from_env(|name| std::env::var_os(name)).ok();
    let cache = homes.map(|homes| homes.state).filter(|state| state.is_dir()).map(|state| state.join("cache"));
    Loudness::kept_in(cache.as_deref())
}

/// Measures what has changed since it was last measured. Returns what cannot be played, or not to its end, and why.
pub(super) fn scan(loudness: &Loudness, tracks: &[PathBuf]) -> Vec<(PathBuf, String)> {
    // Only drawn where there is a terminal.
    let bar = ProgressBar::new(tracks.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("measuring music {pos} of {len} {bar:30} {msg}") {
        bar.set_style(style);
    }
    let left_out = loudness.scan(tracks, &mut |progress| {
        bar.set_position(progress.scanned as u64);
        let name = progress.path.and_then(|path| path.file_name()).unwrap_or_default().to_string_lossy().into_owned();
        bar.set_message(format!("{name} {:.0} s", progress.seconds));
    });
    bar.finish_and_clear();
    left_out
}
