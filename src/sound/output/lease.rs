//! Owns lending an engine to a stream: what the stream needs besides, and that the engine comes home however the stream
//! ends.

use std::sync::Arc;
use std::sync::mpsc::{Sender, SyncSender};

use super::command::Command;
use super::shared::Shared;
use crate::sound::engine::Engine;

/// The rate asked for wherever an output offers it.
pub const WISHED_RATE_HZ: u32 = 48_000;

/// What a stream needs from whoever opens it.
pub struct Lender<'a> {
    /// Where the engine goes when the stream ends.
    pub home: &'a Sender<Box<Engine>>,
    /// The clock and the heartbeat.
    pub shared: &'a Arc<Shared>,
    /// Where a failure is told.
    pub commands: &'a SyncSender<Command>,
    /// The stream's number.
    pub stream: u64,
}

/// An engine lent to a stream: it goes home when this is dropped.
pub struct Lease {
    /// None once it went home.
    pub engine: Option<Box<Engine>>,
    home: Sender<Box<Engine>>,
}

impl Lease {
    /// Lends `engine` until the lease ends.
    pub fn new(engine: Box<Engine>, lender: &Lender<'_>) -> Self {
        Self { engine: Some(engine), home: lender.home.clone() }
    }

    /// Sends the engine home now.
    pub fn end(&mut self) {
        if let Some(engine) = self.engine.take() {
            let _ = self.home.send(engine);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end();
    }
}
