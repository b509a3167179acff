//! Owns the lease through which a stream borrows an engine. However the stream ends, the engine is returned. Does not
//! own the streams (`cpal_stream`, `pulse`).

use std::sync::Arc;
use std::sync::mpsc::{Sender, SyncSender};

use super::command::OutputCommand;
use super::state::SoundState;
use crate::sound::engine::Engine;

/// Sample rate of a stream, unless another rate suits the output better.
pub const PREFERRED_RATE_HZ: u32 = 48_000;

/// What every stream needs from the code that opens it.
pub struct StreamContext<'a> {
    /// Channel through which the engine is returned.
    pub home: &'a Sender<Box<Engine>>,
    /// The shared clock and statistics.
    pub shared: &'a Arc<SoundState>,
    /// Channel through which failures and routes are reported.
    pub commands: &'a SyncSender<OutputCommand>,
    /// Number of the stream.
    pub stream: u64,
}

/// An engine lent to a stream; dropping the lease returns it.
pub struct EngineLease {
    /// `None` once the engine has been returned.
    pub engine: Option<Box<Engine>>,
    home: Sender<Box<Engine>>,
}

impl EngineLease {
    /// Lends `engine` until the lease ends.
    pub fn new(engine: Box<Engine>, context: &StreamContext<'_>) -> Self {
        Self { engine: Some(engine), home: context.home.clone() }
    }

    /// Gives the engine back now.
    pub fn end(&mut self) {
        if let Some(engine) = self.engine.take() {
            let _ = self.home.send(engine);
        }
    }
}

impl Drop for EngineLease {
    fn drop(&mut self) {
        self.end();
    }
}
