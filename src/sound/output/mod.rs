//! Owns the output of sound: the thread that keeps an output open, streams on PulseAudio and cpal, the selection of
//! outputs, their calibration, and the corridor's chime. Does not own what is played (`engine`) or read (`tracks`).

mod backoff;
mod calibration;
mod command;
mod corridor;
pub mod cpal_stream;
pub mod dither;
mod feed;
mod keeper;
mod lease;
mod probe;
mod pulse;
mod selection;
mod state;
mod stderr;

pub use calibration::CalibratedOutput;
#[cfg(test)]
pub use calibration::Gate;
pub use command::OutputCommand;
pub use feed::DeckFeed;
pub use keeper::{EventSink, spawn};
pub use selection::{OutputName, output_missing, outputs};
pub use state::{OutputHealth, SoundState};
