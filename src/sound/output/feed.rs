//! Owns what the output needs of whoever feeds decks to its engine. The reading of tracks is plugged in from above, so
//! that neither knows the other.

use std::time::Instant;

use crate::sound::Mix;
use crate::sound::engine::DeckPort;

/// Reads tracks ahead and hands them, as decks, to whichever engine plays.
pub trait DeckFeed {
    /// Starts reading where that is due: at first, and after the pause that follows a fault. Answers whether the engine must
    /// be replaced, since the rings of the old one went with what the fault ended.
    fn restart_if_due(&mut self, now: Instant) -> bool;
    /// Serves a new engine from now on.
    fn connect(&mut self, decks: DeckPort);
    /// Reads what `mix` plays from now on.
    fn follow(&mut self, mix: &Mix);
    /// A fault ended the reading thread of this number.
    fn on_ended(&mut self, number: u64);
    /// Ends the reading by a fault.
    #[cfg(test)]
    fn panic(&mut self);
}

/// Makes a feed; the argument says whether the output begins again after a fault.
pub type NewFeed = Box<dyn Fn(bool) -> Box<dyn DeckFeed> + Send>;
