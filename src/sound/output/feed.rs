//! Owns the interface through which the output thread controls the thread that reads tracks. The sound's handle
//! supplies the implementation, so `output` and `tracks` do not depend on each other. Does not own the reading
//! (`tracks`).

use std::time::Instant;

use crate::sound::Mix;
use crate::sound::engine::DeckPort;

/// Reads tracks ahead and hands them, as decks, to the engine that plays.
pub trait DeckFeed {
    /// Starts the reading thread if that is due: at first, and after the pause that follows a panic. Returns whether
    /// the engine must be replaced, because its queues of decks were lost with the old thread.
    fn restart_if_due(&mut self, now: Instant) -> bool;
    /// Feeds the engine at the other end of `decks` from now on.
    fn connect(&mut self, decks: DeckPort);
    /// Reads the tracks of `mix` from now on.
    fn follow(&mut self, mix: &Mix);
    /// Handles a panic that ended the reading thread with this number.
    fn on_ended(&mut self, number: u64);
    /// Makes the reading thread panic.
    #[cfg(test)]
    fn panic(&mut self);
}

/// Creates a feed. The argument says whether it replaces a feed that was lost to a panic.
pub type NewFeed = Box<dyn Fn(bool) -> Box<dyn DeckFeed> + Send>;
