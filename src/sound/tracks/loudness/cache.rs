//! Owns the file that keeps loudness between starts: under the state directory, never beside the media. It can be
//! deleted at any time; a broken one is made anew. Does not own how loudness is measured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::Measured;
use crate::paths::{kept, private};

/// Goes up whenever what is measured, or how, changes.
const VERSION: u32 = 1;
/// The file's name in its folder.
const FILE_NAME: &str = "loudness.json";
/// The most files that are known; a clinic has hundreds.
const FILES_MAX: usize = 20_000;
/// The largest that such a file gets, in bytes.
const BYTES_MAX: usize = 16 << 20;

/// What tells one content of a file from another without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    bytes: u64,
    modified_ns: u64,
}

impl Stamp {
    /// Of the file at `path`; none if it cannot be looked at.
    pub fn of(path: &Path) -> Option<Self> {
        let about = std::fs::metadata(path).ok()?;
        let modified = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self { bytes: about.len(), modified_ns: u64::try_from(modified.as_nanos()).ok()? })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    stamp: Stamp,
    loudness_lufs: Option<f32>,
    true_peak_db: Option<f32>,
    seconds: f64,
    trouble: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Content {
    version: u32,
    files: BTreeMap<PathBuf, Entry>,
}

/// The kept figures.
#[derive(Debug)]
pub struct Cache {
    file: Option<PathBuf>,
    content: Content,
    /// Told once, not after each of hundreds of files.
    failed: bool,
}

impl Cache {
    /// Reads what is kept in `folder`; without one, nothing is kept.
    pub fn open(folder: Option<&Path>) -> Self {
        let file = folder.map(|folder| folder.join(FILE_NAME));
        let kept = file.as_ref().and_then(|file| private::read_limited(file, BYTES_MAX).ok().flatten());
        // One wrong digit would play a track far louder than the others.
        let whole = kept.as_deref().and_then(|bytes| kept::without_sum(bytes)?.ok());
        let content = whole.and_then(|bytes| serde_json::from_slice::<Content>(bytes).ok());
        let content = content.filter(|content| content.version == VERSION);
        Self { file, content: content.unwrap_or(Content { version: VERSION, ..Content::default() }), failed: false }
    }

    /// What is known of the file at `path` as long as it has not changed.
    pub fn get(&self, path: &Path, stamp: &Stamp) -> Option<Measured> {
        let entry = self.content.files.get(path).filter(|entry| entry.stamp == *stamp)?;
        Some(Measured {
            loudness_lufs: entry.loudness_lufs,
            true_peak_db: entry.true_peak_db,
            seconds: entry.seconds,
            trouble: entry.trouble.clone(),
        })
    }

    /// Keeps what was found out.
    pub fn put(&mut self, path: &Path, stamp: &Stamp, measured: Measured) {
        // JSON has no way to write a path that is not text.
        if path.to_str().is_none() {
            return;
        }
        if self.content.files.len() >= FILES_MAX {
            self.content.files.retain(|path, _| path.is_file());
        }
        let Measured { loudness_lufs, true_peak_db, seconds, trouble } = measured;
        let entry = Entry { stamp: stamp.clone(), loudness_lufs, true_peak_db, seconds, trouble };
        if self.content.files.len() < FILES_MAX {
            self.content.files.insert(path.to_owned(), entry);
        }
    }

    /// Writes everything. A cache that cannot be written costs time at the next start, nothing else.
    pub fn save(&mut self) {
        let Some(file) = &self.file else { return };
        let written = serde_json::to_vec(&self.content).map_err(std::io::Error::other).and_then(|bytes| {
            if let Some(folder) = file.parent() {
                private::make_dir(folder)?;
            }
            private::write_whole(file, &kept::with_sum(&bytes))
        });
        if let Err(error) = written
            && !std::mem::replace(&mut self.failed, true)
        {
            warn!(%error, file = %file.display(), "the loudness of tracks is not kept; it is measured at each start");
        }
    }
}
