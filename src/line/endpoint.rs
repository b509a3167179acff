//! Owns the contract between a pure end of a broker's line and the code that drives it. Does not own sockets, threads or a
//! clock.

use super::Publication;

/// One end of what is exchanged over a broker. All times are milliseconds of one monotonic clock that starts at 0.
///
/// After every call, drain [`Endpoint::poll_transmit`] and [`Endpoint::poll_event`], and call
/// [`Endpoint::handle_timeout`] at the time that [`Endpoint::poll_timeout`] returns.
pub trait Endpoint: Send + 'static {
    /// What the end reports to its owner.
    type Event: Send;

    /// The topics to subscribe to.
    fn topics(&self) -> Vec<String>;

    /// A connection is about to be tried. Returns its will: the message that the broker publishes once it is lost.
    fn connecting(&mut self) -> Option<Publication>;

    /// The broker has accepted the connection and the subscriptions.
    fn connected(&mut self, now_ms: u64);

    /// The connection is lost. Also called before the first connection.
    fn disconnected(&mut self);

    /// A message arrived.
    fn on_message(&mut self, now_ms: u64, topic: &str, payload: &[u8], is_retained: bool);

    /// The broker acknowledged a publication. `has_subscribers` says whether anybody subscribes to its topic.
    fn on_acknowledged(&mut self, receipt: u64, has_subscribers: bool);

    /// The broker rejected a publication, usually because of its access list. Returns whether the connection is
    /// useless without it.
    fn on_rejected(&mut self, now_ms: u64, receipt: u64, topic: &str) -> bool;

    /// Time has passed.
    fn handle_timeout(&mut self, now_ms: u64);

    /// The next message to publish.
    fn poll_transmit(&mut self, now_ms: u64) -> Option<Publication>;

    /// The next event.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// When there is something to do if nothing happens before; `None` for never.
    fn poll_timeout(&self) -> Option<u64>;
}
