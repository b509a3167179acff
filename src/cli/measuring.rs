//! Owns measuring how loud the clinic's music is, and shows whoever waits at the shell how far it is.

use std::path::PathBuf;

use super::progress::Progress;
use crate::paths::Homes;
use crate::sound::LoudnessLibrary;

/// The figures of the room's own cache if there is one, so that nothing is measured twice; else in memory.
pub(super) fn loudness() -> LoudnessLibrary {
    let homes = Homes::from_env(|name| std::env::var_os(name)).ok();
    let cache = homes.map(|homes| homes.state).filter(|state| state.is_dir()).map(|state| state.join("cache"));
    LoudnessLibrary::kept_in(cache.as_deref())
}

/// Measures what has changed since it was last measured. Returns what cannot be played, or not to its end, and why.
pub(super) fn scan(loudness: &LoudnessLibrary, tracks: &[PathBuf]) -> Vec<(PathBuf, String)> {
    let mut shown = Progress::new("measuring music", tracks.len());
    loudness.scan(tracks, &mut |progress| {
        let name = progress.path.and_then(|path| path.file_name()).unwrap_or_default().to_string_lossy().into_owned();
        shown.at(progress.scanned, &format!("{name} {:.0} s", progress.seconds));
    })
}
