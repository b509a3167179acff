//! Owns the interface between one end of the broker connection and the client that drives it. An end performs no I/O.
//! Does not own sockets, threads or clocks.

use super::Publication;

/// One end of the exchange over a broker: a room's end or a desk's end. All times are in milliseconds of the same
/// monotonic clock, which starts at 0.
///
/// After calling any other method, call [`Endpoint::poll_transmit`] and [`Endpoint::poll_event`] until they return
/// `None`, and call [`Endpoint::handle_timeout`] at the time that [`Endpoint::poll_timeout`] returns.
pub trait Endpoint: Send + 'static {
    /// An event that the client reports to its owner.
    type Event: Send;

    /// Returns the topics to subscribe to.
    fn topics(&self) -> Vec<String>;

    /// Begins a connection attempt. Returns the will, which is the message that the broker publishes when the
    /// connection is lost; `None` to connect without a will.
    fn connecting(&mut self) -> Option<Publication>;

    /// Records that the broker has accepted the connection and the subscriptions.
    fn connected(&mut self, now_ms: u64);

    /// Records that the connection is lost. Also called before the first attempt and after each failed attempt.
    fn disconnected(&mut self);

    /// Handles a received message. `is_retained` says whether the broker had stored the message before this client
    /// subscribed.
    fn on_message(&mut self, now_ms: u64, topic: &str, payload: &[u8], is_retained: bool);

    /// Records that the broker acknowledged a publication. `has_subscribers` says whether any client subscribes to the
    /// topic of the publication.
    fn on_acknowledged(&mut self, receipt: u64, has_subscribers: bool);

    /// Records that the broker rejected a publication, usually because of its access list. Returns whether the
    /// connection should be closed because it is useless without the publication.
    fn on_rejected(&mut self, now_ms: u64, receipt: u64, topic: &str) -> bool;

    /// Handles everything that has become due by `now_ms`, such as timeouts.
    fn handle_timeout(&mut self, now_ms: u64);

    /// Returns the next message to publish; `None` if nothing is due.
    fn poll_transmit(&mut self, now_ms: u64) -> Option<Publication>;

    /// Returns the next event; `None` if there is none.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// Returns the time at which [`Endpoint::handle_timeout`] has to run, unless another method is called first; `None`
    /// if nothing is scheduled.
    fn poll_timeout(&self) -> Option<u64>;
}
