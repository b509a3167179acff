//! Owns the sound server, PulseAudio or PipeWire in its manner of speaking: the connection to it, a stream on it, and the
//! reckoning of its clock.

mod clock;
mod connection;
mod stream;
#[cfg(test)]
mod tests;

pub use connection::{Server, Unreached};
pub use stream::{ServedOutput, ServedStream};
