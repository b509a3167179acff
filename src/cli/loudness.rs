//! Owns the loudness measurement of the clinic's music on the command line, and its progress display. Does not own the
//! method of measuring loudness (`sound`).

use std::path::PathBuf;

use super::progress::Progress;
use crate::paths::Directories;
use crate::sound::LoudnessLibrary;

/// Opens the measurements in the room's cache, so that no track is measured twice. Without a state directory,
/// measurements are kept in memory only.
pub(super) fn library() -> LoudnessLibrary {
    let directories = Directories::from_env(|name| std::env::var_os(name)).ok();
    let state = directories.map(|directories| directories.state).filter(|state| state.is_dir());
    LoudnessLibrary::kept_in(state.map(|state| state.join("cache")).as_deref())
}

/// Measures every track that is new or has changed. Returns the tracks that cannot be played to the end, each with the
/// reason.
pub(super) fn scan(library: &LoudnessLibrary, tracks: &[PathBuf]) -> Vec<(PathBuf, String)> {
    let mut shown = Progress::new("measuring music", tracks.len());
    library.scan(tracks, &mut |progress| {
        let name = progress.path.and_then(|path| path.file_name()).unwrap_or_default().to_string_lossy().into_owned();
        shown.set(progress.scanned, &format!("{name} {:.0} s", progress.seconds));
    })
}
