//! Owns the file that keeps loudness measurements between runs. It is in the folder `cache` of the state directory,
//! never next to the media, can be deleted at any time, and is recreated if it is damaged. Does not own the measuring
//! of loudness (`loudness`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::MeasuredLoudness;
use crate::paths::{checksummed, private};

/// Version of the measurements. It must be incremented whenever the measuring changes, so that older results are
/// discarded.
const VERSION: u32 = 1;
/// Name of the file in the cache folder.
const FILE_NAME: &str = "loudness.json";
/// Maximum number of entries. A clinic has hundreds of files.
const FILES_MAX: usize = 20_000;
/// Maximum size of the cache's file, in bytes.
const BYTES_MAX: usize = 16 << 20;

/// Size and time of modification of a file, by which a changed file is recognised without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    bytes: u64,
    modified_ns: u64,
}

impl FileStamp {
    /// Returns the stamp of the file at `path`; `None` if its metadata cannot be read.
    pub fn of(path: &Path) -> Option<Self> {
        let about = std::fs::metadata(path).ok()?;
        let modified = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self { bytes: about.len(), modified_ns: u64::try_from(modified.as_nanos()).ok()? })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct CacheEntry {
    stamp: FileStamp,
    loudness_lufs: Option<f32>,
    true_peak_db: Option<f32>,
    seconds: f64,
    trouble: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct CacheContent {
    version: u32,
    files: BTreeMap<PathBuf, CacheEntry>,
}

/// The stored measurements.
#[derive(Debug)]
pub struct LoudnessCache {
    file: Option<PathBuf>,
    content: CacheContent,
    /// Whether a failure to write the cache has been logged, so that it is not logged for every measured track.
    failed: bool,
}

impl LoudnessCache {
    /// Loads the cache from `folder`; without a folder, nothing is stored.
    pub fn open(folder: Option<&Path>) -> Self {
        let file = folder.map(|folder| folder.join(FILE_NAME));
        let kept = file.as_ref().and_then(|file| private::read_limited(file, BYTES_MAX).ok().flatten());
        // The checksum is verified, because a single wrong digit could make a track far too loud.
        let whole = kept.as_deref().and_then(|bytes| checksummed::strip_checksum(bytes)?.ok());
        let content = whole.and_then(|bytes| serde_json::from_slice::<CacheContent>(bytes).ok());
        let content = content.filter(|content| content.version == VERSION);
        Self {
            file,
            content: content.unwrap_or(CacheContent { version: VERSION, ..CacheContent::default() }),
            failed: false,
        }
    }

    /// Returns the measurement of the file at `path`; `None` if there is none or the file has changed since.
    pub fn get(&self, path: &Path, stamp: &FileStamp) -> Option<MeasuredLoudness> {
        let entry = self.content.files.get(path).filter(|entry| entry.stamp == *stamp)?;
        Some(MeasuredLoudness {
            loudness_lufs: entry.loudness_lufs,
            true_peak_db: entry.true_peak_db,
            seconds: entry.seconds,
            trouble: entry.trouble.clone(),
        })
    }

    /// Adds a measurement in memory; [`save`](Self::save) writes it. Does nothing if the path is not UTF-8, or if the
    /// cache is full of files that still exist.
    pub fn put(&mut self, path: &Path, stamp: &FileStamp, measured: MeasuredLoudness) {
        // JSON cannot represent paths that are not UTF-8.
        if path.to_str().is_none() {
            return;
        }
        if self.content.files.len() >= FILES_MAX {
            self.content.files.retain(|path, _| path.is_file());
        }
        let MeasuredLoudness { loudness_lufs, true_peak_db, seconds, trouble } = measured;
        let entry = CacheEntry { stamp: stamp.clone(), loudness_lufs, true_peak_db, seconds, trouble };
        if self.content.files.len() < FILES_MAX {
            self.content.files.insert(path.to_owned(), entry);
        }
    }

    /// Writes the cache. A failure only costs time at the next start.
    pub fn save(&mut self) {
        let Some(file) = &self.file else { return };
        let written = serde_json::to_vec(&self.content).map_err(std::io::Error::other).and_then(|bytes| {
            if let Some(folder) = file.parent() {
                private::make_dir(folder)?;
            }
            private::write_atomic(file, &checksummed::with_checksum(&bytes))
        });
        if let Err(error) = written
            && !std::mem::replace(&mut self.failed, true)
        {
            warn!(%error, file = %file.display(), "the loudness of tracks could not be stored; it is measured at each start");
        }
    }
}
