//! Owns where sound comes out: the thread that keeps an output open, the sound server's streams and the sound library's,
//! which output is meant, whether the room is calibrated for it, and the corridor's chime. Does not own what is played
//! (`engine`) or read (`tracks`).

mod backoff;
mod calibration;
mod command;
mod corridor;
pub mod cpal_stream;
pub mod dither;
mod feed;
mod hush;
mod keeper;
mod lease;
mod outlook;
mod pulse;
mod selection;
mod shared;

pub use calibration::Calibrated;
#[cfg(test)]
pub use calibration::Gate;
pub use command::Command;
pub use feed::DeckFeed;
pub use keeper::{Tell, spawn};
pub use selection::{OutputName, output_missing, outputs};
pub use shared::{Health, Shared};
