//! Owns what is played from files: the order of tracks, reading and resampling them ahead of the engine, their loudness,
//! and the clips that a clinic has spoken. Does not own fades and mixing (`engine`) or where sound comes out (`output`).

pub mod clips;
pub mod decode;
mod file;
mod loudness;
mod piece;
mod playlist;
mod reader;
mod resample;
#[cfg(test)]
mod tests;
pub mod thread;

pub use file::try_track;
pub use loudness::{Loudness, Measured, ScanProgress, TARGET_LUFS};
pub use playlist::{Track, Wanted};
pub use reader::Reader;
pub use resample::resampling_noise_db;
