//! Owns the numbers by which a receiver orders the messages of one sender: its connection, and a count over everything it
//! sends. Both ends of a line number alike. Does not own what a receiver makes of them ([`super::sequence`]).

/// The numbers of one end.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// The number of the connection, from 1; a will belongs to one connection.
    connection: u32,
    is_connected: bool,
    seq: u64,
}

impl Numbering {
    /// A connection is about to be tried.
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

    /// The number of the newest message.
    pub(super) const fn seq(&self) -> u64 {
        self.seq
    }
}
