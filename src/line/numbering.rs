//! Owns the numbers that a sender gives its connections and messages, so that a receiver can tell which of two messages
//! is newer. Rooms and desks use the same numbering. Does not own the receiver's check ([`super::sequence`]).

/// The current numbers of one sender.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// The number of connection attempts so far. It shows which connection a will belongs to.
    connection: u32,
    is_connected: bool,
    seq: u64,
}

impl Numbering {
    /// Begins a connection attempt, which gets the next connection number.
    pub(super) const fn connecting(&mut self) {
        self.connection = self.connection.saturating_add(1);
    }

    pub(super) const fn connected(&mut self) {
        self.is_connected = true;
    }

    pub(super) const fn disconnected(&mut self) {
        self.is_connected = false;
    }

    /// Counts one more message, and returns its number.
    pub(super) const fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    pub(super) const fn is_connected(&self) -> bool {
        self.is_connected
    }

    pub(super) const fn connection(&self) -> u32 {
        self.connection
    }

    /// Returns the number of the newest message.
    pub(super) const fn seq(&self) -> u64 {
        self.seq
    }
}
