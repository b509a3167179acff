//! Owns the interface between an end of the broker connection, which performs no I/O, and the client that drives it.
//! Not here: sockets, threads and clocks.

use super::Publication;

/// One end of the exchange over a broker. All times are in milliseconds of the same monotonic clock, which starts at 0.
///
/// After using any other method of the endpoint, drain [`Endpoint::poll_transmit`] and [`Endpoint::poll_event`], and
/// run [`Endpoint::handle_timeout`] at the time that [`Endpoint::poll_timeout`] returns.
pub trait Endpoint: Send + 'static {
    /// Reported to the owner of the client.
    type Event: Send;

    /// Returns the topics to subscribe to.
    fn topics(&self) -> Vec<String>;

    /// Begins a connection attempt. Returns the will, which is the message that the broker publishes when the
    /// connection is lost.
    fn connecting(&mut self) -> Option<Publication>;

    /// Records that the broker has accepted the connection and the subscriptions.
    fn connected(&mut self, now_ms: u64);

    /// Records that the connection is lost. Also used before the first connection and after a failed attempt.
    fn disconnected(&mut self);

    /// Handles a received message. `is_retained` says whether the broker had stored it.
    fn on_message(&mut self, now_ms: u64, topic: &str, payload: &[u8], is_retained: bool);

    /// Records that the broker acknowledged a publication. `has_subscribers` says whether any client subscribes to its
    /// topic.
    fn on_acknowledged(&mut self, receipt: u64, has_subscribers: bool);

    /// Records that the broker rejected a publication, usually because of its access list. Returns whether the
    /// connection should be closed because it is useless without the publication.
    fn on_rejected(&mut self, now_ms: u64, receipt: u64, topic: &str) -> bool;

    /// Updates the state to `now_ms`.
    fn handle_timeout(&mut self, now_ms: u64);

    /// Returns the next message to publish; `None` if nothing is due.
    fn poll_transmit(&mut self, now_ms: u64) -> Option<Publication>;

    /// Returns the next event; `None` if there is none.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// Returns when the endpoint has to be driven next, unless something happens before; `None` for never.
    fn poll_timeout(&self) -> Option<u64>;
}
