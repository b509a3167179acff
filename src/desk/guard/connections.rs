//! Owns the table of a desk's connections: their maximum number in total and from one address, and the choice of the
//! connection to evict when another arrives. Only [`Connection::evicted`] waits; everything else is bookkeeping under a
//! lock. Does not own sockets.
//!
//! Turning new connections away at a limit would let strangers lock the clinic out by holding idle connections open.
//! Therefore the new connection is accepted, and the least useful connection is evicted.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Number of file descriptors that are reserved for the room itself. Journal, vault, music, pictures, sound server,
/// broker, escalation list and print server use about sixty.
const RESERVED_FILES: u64 = 256;
/// Maximum number of connections. It is enough for thirty-two pages with six connections each, the most that a browser
/// opens to one host, and for some newcomers.
const TOTAL_MAX: usize = 256;
/// Minimum number of connections if the process may open only a few files. It is enough for one desk page.
const TOTAL_MIN: usize = 16;
/// Maximum number of connections from one address. It is enough for eight browsers behind one address (NAT) with six
/// connections each.
const PER_ADDRESS_MAX: usize = 48;
/// Number of connections up to which all addresses are treated alike. Beyond it, an address with more connections loses
/// one before an address with fewer, if the connections are otherwise equal.
const FEW_CONNECTIONS: usize = 8;
/// Maximum number of remembered addresses from which somebody signed in.
const KNOWN_ADDRESSES_MAX: usize = 64;

/// The maximum numbers of open connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConnectionLimits {
    pub total: usize,
    pub per_address: usize,
}

impl ConnectionLimits {
    /// Returns the limits for a process that may have `open_files_max` files open. The total is half of the files that
    /// remain beyond [`RESERVED_FILES`], but at least [`TOTAL_MIN`] and at most [`TOTAL_MAX`].
    pub(super) fn within(open_files_max: u64) -> Self {
        let spare = usize::try_from(open_files_max.saturating_sub(RESERVED_FILES) / 2).unwrap_or(TOTAL_MAX);
        let total = spare.clamp(TOTAL_MIN, TOTAL_MAX);
        Self { total, per_address: PER_ADDRESS_MAX.min(total / 2) }
    }
}

/// All open connections. Clones share one table.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<Mutex<ConnectionTable>>);

/// A handle to one connection. The connection leaves the table when the last clone of the handle is dropped.
#[derive(Clone, Debug)]
pub(in crate::desk) struct Connection(Arc<ConnectionEntry>);

#[derive(Debug)]
struct ConnectionEntry {
    connections: Connections,
    id: u64,
    evict: Arc<Notify>,
}

#[derive(Debug)]
struct ConnectionTable {
    limits: ConnectionLimits,
    open: BTreeMap<u64, ConnectionRecord>,
    /// The addresses of browsers that have signed in, each with the tick of the newest request.
    known: BTreeMap<IpAddr, u64>,
    /// A logical clock. Only the order of events matters here.
    ticks: u64,
    evicted: u64,
}

#[derive(Debug)]
struct ConnectionRecord {
    address: IpAddr,
    /// The tick of the connection's latest activity.
    active_at: u64,
    is_signed_in: bool,
    requests_in_progress: u32,
    is_stream: bool,
    evict: Arc<Notify>,
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self(Arc::new(Mutex::new(ConnectionTable {
            limits,
            open: BTreeMap::new(),
            known: BTreeMap::new(),
            ticks: 0,
            evicted: 0,
        })))
    }

    /// Adds a connection from `address`. At the limit for one address, evicts the least useful connection from that
    /// address. At the total limit, evicts the least useful of all connections; an unknown address never evicts one
    /// from a known address. Returns `None` if a limit is reached and no connection may be evicted.
    pub(super) fn open(&self, address: IpAddr) -> Option<Connection> {
        let mut table = self.table();
        let address = address.to_canonical();
        let of_address = table.open.values().filter(|other| other.address == address).count();
        let is_known = table.is_known(address);
        let evicted = if of_address >= table.limits.per_address {
            Some(table.least_useful(|other| other.address == address)?)
        } else if table.open.len() >= table.limits.total {
            Some(table.least_useful(|other| is_known || !table.is_known(other.address))?)
        } else {
            None
        };
        if let Some(id) = evicted {
            table.evict(id);
        }
        table.ticks += 1;
        let (id, evict) = (table.ticks, Arc::new(Notify::new()));
        let record = ConnectionRecord {
            address,
            active_at: id,
            is_signed_in: false,
            requests_in_progress: 0,
            is_stream: false,
            evict: Arc::clone(&evict),
        };
        table.open.insert(id, record);
        drop(table);
        Some(Connection(Arc::new(ConnectionEntry { connections: self.clone(), id, evict })))
    }

    /// Evicts the least useful connection, to free a file descriptor.
    pub(super) fn evict_one(&self) {
        let mut table = self.table();
        if let Some(id) = table.least_useful(|_| true) {
            table.evict(id);
        }
    }

    /// Returns how many connections have been evicted since this method was last called.
    pub(super) fn take_evicted_count(&self) -> u64 {
        std::mem::take(&mut self.table().evicted)
    }

    fn table(&self) -> MutexGuard<'_, ConnectionTable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Waits until this connection is evicted.
    pub(super) async fn evicted(&self) {
        self.0.evict.notified().await;
    }

    /// Records that a request has arrived. The request counts as in progress until the returned value is dropped.
    pub(super) fn begin_request(&self) -> RequestInProgress {
        self.update(|record, _| record.requests_in_progress += 1);
        RequestInProgress(self.clone())
    }

    /// Records that the browser has signed in, or does not have to.
    pub(super) fn signed_in(&self) {
        let mut table = self.0.connections.table();
        table.ticks += 1;
        let now = table.ticks;
        let Some(record) = table.open.get_mut(&self.0.id) else { return };
        (record.is_signed_in, record.active_at) = (true, now);
        let address = record.address;
        table.known.insert(address, now);
        if table.known.len() > KNOWN_ADDRESSES_MAX {
            let oldest = table.known.iter().min_by_key(|(_, since)| **since).map(|(address, _)| *address);
            oldest.and_then(|address| table.known.remove(&address));
        }
    }

    /// Records that the connection carries a page's event stream from now on. Such a connection is never evicted.
    pub(in crate::desk) fn became_stream(&self) {
        self.update(|record, _| record.is_stream = true);
    }

    fn update(&self, change: impl FnOnce(&mut ConnectionRecord, u64)) {
        let mut table = self.0.connections.table();
        table.ticks += 1;
        let now = table.ticks;
        if let Some(record) = table.open.get_mut(&self.0.id) {
            change(record, now);
        }
    }
}

/// A request whose response has not been produced yet.
#[derive(Debug)]
pub(super) struct RequestInProgress(Connection);

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        self.0.update(|record, now| {
            record.requests_in_progress = record.requests_in_progress.saturating_sub(1);
            record.active_at = now;
        });
    }
}

impl Drop for ConnectionEntry {
    fn drop(&mut self) {
        self.connections.table().open.remove(&self.id);
    }
}

impl ConnectionTable {
    /// Returns whether somebody has signed in from this address, or whether it is an address of this machine. A
    /// clinician's browser usually returns from the same address.
    fn is_known(&self, address: IpAddr) -> bool {
        address == IpAddr::V4(Ipv4Addr::LOCALHOST)
            || address == IpAddr::V6(Ipv6Addr::LOCALHOST)
            || self.known.contains_key(&address)
    }

    /// Returns the connection to evict; `None` if none may be evicted. Unknown addresses come before known addresses,
    /// browsers that are not signed in before those that are, idle connections before busy ones, and addresses with
    /// many connections before those with few. Among equals, the connection that has been idle longest comes first.
    /// Streams, and connections on which a signed-in browser is waiting for a response, are never evicted.
    fn least_useful(&self, may_evict: impl Fn(&ConnectionRecord) -> bool) -> Option<u64> {
        let mut per_address = BTreeMap::<IpAddr, usize>::new();
        for record in self.open.values() {
            *per_address.entry(record.address).or_default() += 1;
        }
        let candidates = self.open.iter().filter(|(_, record)| {
            let is_in_use = record.is_stream || (record.is_signed_in && record.requests_in_progress > 0);
            !is_in_use && may_evict(record)
        });
        let least = candidates.min_by_key(|(_, record)| {
            let neighbours = per_address.get(&record.address).copied().unwrap_or_default().max(FEW_CONNECTIONS);
            let is_busy = record.requests_in_progress > 0;
            (self.is_known(record.address), record.is_signed_in, is_busy, Reverse(neighbours), record.active_at)
        });
        least.map(|(id, _)| *id)
    }

    fn evict(&mut self, id: u64) {
        if let Some(record) = self.open.remove(&id) {
            self.evicted += 1;
            record.evict.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ConnectionLimits = ConnectionLimits { total: 40, per_address: 20 };

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_evicted(connections: &Connections, connection: &Connection) -> bool {
        !connections.table().open.contains_key(&connection.0.id)
    }

    #[test]
    fn the_limits_leave_files_for_the_room() {
        assert_eq!(ConnectionLimits::within(1_024), ConnectionLimits { total: 256, per_address: 48 });
        assert_eq!(ConnectionLimits::within(512), ConnectionLimits { total: 128, per_address: 48 });
        assert_eq!(ConnectionLimits::within(256), ConnectionLimits { total: 16, per_address: 8 });
        assert_eq!(ConnectionLimits::within(u64::MAX).total, 256);
        for files in 320..4_096_u64 {
            assert!(ConnectionLimits::within(files).total as u64 + RESERVED_FILES <= files, "{files}");
        }
    }

    #[test]
    fn an_address_at_its_limit_evicts_its_own_connections_only() {
        let connections = Connections::new(LIMITS);
        let other = connections.open(address(1)).unwrap();
        let idle: Vec<Connection> = (0..100).map(|_| connections.open(address(2)).unwrap()).collect();
        assert!(!is_evicted(&connections, &other));
        assert!(idle[..80].iter().all(|one| is_evicted(&connections, one)), "the oldest are evicted first");
        assert!(idle[80..].iter().all(|one| !is_evicted(&connections, one)));
        assert_eq!(connections.take_evicted_count(), 80);
        assert_eq!(connections.take_evicted_count(), 0);
    }

    #[test]
    fn many_strangers_evict_no_stream_and_keep_no_known_address_out() {
        let connections = Connections::new(LIMITS);
        let page = connections.open(address(250)).unwrap();
        page.signed_in();
        page.became_stream();
        let order = connections.open(address(250)).unwrap();
        order.signed_in();
        let order_in_progress = order.begin_request();
        let newcomer = connections.open(address(251)).unwrap();
        let sign_in_in_progress = newcomer.begin_request();
        let idle: Vec<Connection> = (0..200).map(|last| connections.open(address(last)).unwrap()).collect();
        for (who, connection) in [("the stream", &page), ("an order", &order), ("a sign-in", &newcomer)] {
            assert!(!is_evicted(&connections, connection), "{who}");
        }
        drop((order_in_progress, sign_in_in_progress));
        // A known address and the machine itself always get a connection that lasts.
        let known = [connections.open(address(250)).unwrap(), connections.open(IpAddr::from([127, 0, 0, 1])).unwrap()];
        let more: Vec<Connection> = (0..200).map(|last| connections.open(address(last)).unwrap()).collect();
        assert!(known.iter().all(|connection| !is_evicted(&connections, connection)));
        assert_eq!(connections.table().open.len(), LIMITS.total);
        drop((idle, more));
        assert_eq!(connections.table().open.len(), 4, "the stream, the order and the two known addresses");
    }

    #[test]
    fn the_few_connections_of_one_browser_outlast_the_many_of_another_address() {
        let connections = Connections::new(LIMITS);
        let browser: Vec<Connection> = (0..6).map(|_| connections.open(address(1)).unwrap()).collect();
        let _many: Vec<Connection> =
            (0..400).map(|try_| connections.open(address(2 + try_ as u8 % 4)).unwrap()).collect();
        assert!(browser.iter().all(|connection| !is_evicted(&connections, connection)));
    }

    #[test]
    fn a_newcomer_is_turned_away_while_every_connection_is_a_stream() {
        let connections = Connections::new(LIMITS);
        let pages: Vec<Connection> = (0..40).map(|last| connections.open(address(last)).unwrap()).collect();
        pages.iter().for_each(Connection::became_stream);
        assert!(connections.open(address(99)).is_none());
        drop(pages);
        assert!(connections.open(address(99)).is_some());
    }

    #[test]
    fn the_number_of_remembered_addresses_is_bounded() {
        let connections = Connections::new(LIMITS);
        for last in 0..=255 {
            connections.open(address(last)).unwrap().signed_in();
        }
        let table = connections.table();
        assert_eq!((table.known.len(), table.open.len()), (KNOWN_ADDRESSES_MAX, 0));
        assert!(table.is_known(address(255)) && !table.is_known(address(0)));
    }
}
