//! Owns the interface between the output and the feed of decks to its engine. The handle supplies the reader of tracks,
//! which keeps `output` and `tracks` independent of each other.

use std::time::Instant;

use crate::sound::Mix;
use crate::sound::engine::DeckPort;

/// Reads tracks ahead and hands them, as decks, to the engine that plays.
pub trait DeckFeed {
    /// Starts reading if a start is due, which is the case at first and after the pause that follows a panic. Returns
    /// whether the engine must be replaced, because its deck queues were lost with the old thread.
    fn restart_if_due(&mut self, now: Instant) -> bool;
    /// Feeds a new engine from now on.
    fn connect(&mut self, decks: DeckPort);
    /// Reads the tracks of `mix` from now on.
    fn follow(&mut self, mix: &Mix);
    /// Handles a panic that ended the reading thread with this number.
    fn on_ended(&mut self, number: u64);
    /// Makes the reading thread panic.
    #[cfg(test)]
    fn panic(&mut self);
}

/// Creates a feed. The argument says whether the feed replaces a feed that was lost to a panic.
pub type NewFeed = Box<dyn Fn(bool) -> Box<dyn DeckFeed> + Send>;
