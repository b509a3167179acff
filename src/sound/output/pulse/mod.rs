//! Owns everything specific to the sound server, PulseAudio or PipeWire: the connection, a stream on it, and the
//! estimate of its clock. Does not own the choice of the output (`selection`).

mod clock;
mod connection;
mod stream;
#[cfg(test)]
mod tests;

pub use connection::{ConnectError, PulseConnection};
pub use stream::{PulseOutput, PulseStream};
