//! Owns everything that is played from files: the order of tracks, their reading and resampling ahead of the engine,
//! their loudness and tags, the recorded instruments, and the clinic's recorded clips. Does not own fading and mixing
//! (`engine`), or the output (`output`).

pub mod clips;
pub mod decode;
mod file;
pub mod instruments;
mod loudness;
mod piece;
mod playlist;
mod reader;
mod resample;
mod tags;
#[cfg(test)]
mod tests;
pub mod thread;

#[cfg(test)]
pub use file::TrackFile;
pub use file::try_track;
pub use loudness::{LoudnessLibrary, MeasuredLoudness, ScanProgress, TARGET_LUFS};
pub use playlist::{Track, TrackRequest};
pub use reader::TrackReader;
pub use resample::resampling_noise_db;
pub use tags::{FileTags, read_tags};
