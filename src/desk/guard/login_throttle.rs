//! Owns the limits on password attempts: a wait that grows with each wrong password, for each address and each known
//! browser, and a budget that all strangers share. The limits are stored, because a restart would otherwise lift them.
//! Performs no I/O; the time is passed in. Does not own the password.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::known_browsers::BrowserId;
use crate::secret::backoff::{BackoffSchedule, FailedAttempts};

/// The limits for one client: the number of wrong passwords that cause no wait, and the waits after further ones, in
/// seconds.
const BACKOFF: BackoffSchedule = BackoffSchedule { free_attempts: 2, waits_s: &[5, 10, 20, 40, 80, 160, 300] };
/// Time without an attempt after which a client's wrong passwords are forgotten, in milliseconds.
const FORGET_AFTER_MS: u64 = 24 * 60 * 60_000;
/// Number of wrong passwords after which a known browser counts as a stranger again.
const KNOWN_BROWSER_WRONG_MAX: u32 = 10;
/// Maximum number of remembered clients.
const CLIENTS_MAX: usize = 1_024;
/// Maximum number of wrong passwords that all strangers together may try in a burst.
const BUDGET: u64 = 20;
/// Time after which strangers may try one more wrong password, in milliseconds. This allows twenty passwords a minute.
const REFILL_INTERVAL_MS: u64 = 3_000;
/// Part of [`BUDGET`] that is reserved for strangers who have not tried a wrong password yet. It lets a new browser
/// sign in while others are guessing.
const RESERVED_FOR_FIRST_ATTEMPTS: u64 = 8;

/// A client that tries a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Client {
    /// A browser on which somebody has signed in before.
    KnownBrowser(BrowserId),
    /// This machine itself.
    Localhost,
    /// Any other client, identified by its address.
    Stranger(IpAddr),
}

impl Client {
    /// Returns the client at this address. `browser` is the known browser that the request's cookie identifies; `None`
    /// without a valid cookie.
    pub(super) fn new(address: IpAddr, browser: Option<BrowserId>) -> Self {
        match (browser, address.to_canonical()) {
            (Some(browser), _) => Self::KnownBrowser(browser),
            (None, IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST)) => Self::Localhost,
            // A machine can use any address of its /64 network, so all addresses of such a network count as one client.
            (None, IpAddr::V6(address)) => Self::Stranger(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
            (None, address) => Self::Stranger(address),
        }
    }

    fn key(self) -> String {
        match self {
            Self::KnownBrowser(browser) => format!("browser {:016x}", browser.0),
            Self::Localhost => "here".to_owned(),
            Self::Stranger(address) => address.to_string(),
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        if key == "here" {
            return Some(Self::Localhost);
        }
        match key.strip_prefix("browser ") {
            Some(browser) => u64::from_str_radix(browser, 16).ok().map(|id| Self::KnownBrowser(BrowserId(id))),
            None => key.parse().ok().map(Self::Stranger),
        }
    }
}

/// The attempts so far, keyed by client.
#[derive(Debug, Default)]
pub(super) struct LoginThrottle {
    attempts: BTreeMap<Client, FailedAttempts>,
    /// The used part of the strangers' budget as of `used_at_ms`, expressed as the time that it takes to refill, in
    /// milliseconds.
    used_ms: u64,
    used_at_ms: u64,
}

/// The throttle as it is stored in its file.
#[derive(Serialize, Deserialize)]
struct StoredThrottle {
    used_ms: u64,
    used_at_ms: u64,
    #[serde(rename = "tries")]
    attempts: BTreeMap<String, FailedAttempts>,
}

impl LoginThrottle {
    /// Restores the attempts from a file. If the file cannot be parsed, strangers start with no budget left.
    pub(super) fn restore(file: &[u8], now_ms: u64) -> Self {
        let Ok(stored) = serde_json::from_slice::<StoredThrottle>(file) else {
            tracing::warn!("the file of wrong desk passwords is damaged; strangers wait before they may try");
            return Self { attempts: BTreeMap::new(), used_ms: BUDGET * REFILL_INTERVAL_MS, used_at_ms: now_ms };
        };
        let attempts = stored
            .attempts
            .into_iter()
            .filter_map(|(key, attempts)| Some((Client::from_key(&key)?, attempts.not_after(now_ms))));
        Self {
            attempts: attempts.take(CLIENTS_MAX).collect(),
            used_ms: stored.used_ms.min(BUDGET * REFILL_INTERVAL_MS),
            used_at_ms: stored.used_at_ms.min(now_ms),
        }
    }

    /// Returns the content of the throttle's file.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let attempts = self.attempts.iter().map(|(client, attempts)| (client.key(), *attempts)).collect();
        serde_json::to_vec(&StoredThrottle { used_ms: self.used_ms, used_at_ms: self.used_at_ms, attempts })
            .unwrap_or_default()
    }

    /// Begins an attempt, if this client's password may be verified now. The attempt counts as a wrong password until
    /// [`Self::attempt_succeeded`], because otherwise parallel attempts could exceed the limits.
    ///
    /// # Errors
    /// The time to wait before the next attempt.
    pub(super) fn begin_attempt(&mut self, client: Client, now_ms: u64) -> Result<(), Duration> {
        let before = self.previous_attempts(client, now_ms);
        let failed = before.unwrap_or_default();
        let remaining_wait = failed.remaining_wait(&BACKOFF, now_ms);
        if !remaining_wait.is_zero() {
            return Err(remaining_wait);
        }
        if let Client::Stranger(_) = client {
            let reserved = if failed.count == 0 { 0 } else { RESERVED_FOR_FIRST_ATTEMPTS };
            self.refill(now_ms);
            let used_ms = self.used_ms + REFILL_INTERVAL_MS;
            let over_ms = used_ms.saturating_sub((BUDGET - reserved) * REFILL_INTERVAL_MS);
            if over_ms > 0 {
                return Err(Duration::from_millis(over_ms));
            }
            self.used_ms = used_ms;
        }
        if before.is_none() && self.attempts.len() >= CLIENTS_MAX {
            let least = self.attempts.iter().min_by_key(|(_, attempts)| **attempts);
            let least = least.map(|(client, _)| *client);
            least.and_then(|client| self.attempts.remove(&client));
        }
        self.attempts.insert(client, failed.plus_one(now_ms));
        Ok(())
    }

    /// Records that the client's password was right.
    pub(super) fn attempt_succeeded(&mut self, client: Client) {
        self.attempts.remove(&client);
        if let Client::Stranger(_) = client {
            self.used_ms = self.used_ms.saturating_sub(REFILL_INTERVAL_MS);
        }
    }

    /// Returns whether a browser still counts as known, which it does until [`KNOWN_BROWSER_WRONG_MAX`] wrong passwords
    /// have come from it.
    pub(super) fn is_known(&self, browser: BrowserId) -> bool {
        self.attempts
            .get(&Client::KnownBrowser(browser))
            .is_none_or(|attempts| attempts.count < KNOWN_BROWSER_WRONG_MAX)
    }

    fn refill(&mut self, now_ms: u64) {
        // If the clock was set back, nothing is refilled, and time counts from the new time onwards.
        self.used_ms = self.used_ms.saturating_sub(now_ms.saturating_sub(self.used_at_ms));
        self.used_at_ms = now_ms;
    }

    fn previous_attempts(&mut self, client: Client, now_ms: u64) -> Option<FailedAttempts> {
        let attempts = self.attempts.get_mut(&client)?;
        *attempts = attempts.not_after(now_ms);
        let attempts = *attempts;
        if now_ms - attempts.last_ms >= FORGET_AFTER_MS {
            self.attempts.remove(&client);
            return None;
        }
        Some(attempts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_MS: u64 = 1_700_000_000_000;
    const WAIT_MAX_MS: u64 = 5 * 60_000;

    fn stranger(number: u32) -> Client {
        Client::new(Ipv4Addr::from_bits(0x0a00_0000 + number).into(), None)
    }

    #[test]
    fn each_wrong_password_lengthens_the_wait_of_its_own_address_only() {
        let mut throttle = LoginThrottle::default();
        let mut now_ms = START_MS;
        let waits: Vec<u64> = (0..12)
            .map(|_| {
                let Err(wait) = throttle.begin_attempt(stranger(1), now_ms) else { return 0 };
                now_ms += u64::try_from(wait.as_millis()).unwrap();
                assert_eq!(throttle.begin_attempt(stranger(1), now_ms), Ok(()), "waited for long enough");
                wait.as_secs()
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(throttle.begin_attempt(stranger(2), now_ms), Ok(()));
        throttle.attempt_succeeded(stranger(1));
        assert_eq!(throttle.begin_attempt(stranger(1), now_ms), Ok(()));
        let neighbours = ["2001:db8::1", "2001:db8::ffff"].map(|address| Client::new(address.parse().unwrap(), None));
        assert_eq!(neighbours[0], neighbours[1]);
        assert_eq!(Client::new("::ffff:127.0.0.1".parse().unwrap(), None), Client::Localhost);
    }

    #[test]
    fn parallel_attempts_are_counted_before_they_are_verified() {
        let mut throttle = LoginThrottle::default();
        let taken = (0..100).filter(|_| throttle.begin_attempt(stranger(1), START_MS).is_ok()).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn strangers_share_a_budget_and_keep_no_known_client_out() {
        let mut throttle = LoginThrottle::default();
        // For two hours, four hundred addresses try once a second each.
        let mut taken = 0;
        for second in 0..7_200_u64 {
            for address in 0..400 {
                taken += u32::from(throttle.begin_attempt(stranger(address), START_MS + second * 1_000).is_ok());
            }
        }
        assert!(taken <= 20 + 120 * 20, "{taken} passwords were verified in two hours");
        let now_ms = START_MS + 7_200_000;
        for client in [Client::KnownBrowser(BrowserId(3)), Client::Localhost] {
            assert_eq!(throttle.begin_attempt(client, now_ms), Ok(()), "{client:?}");
            throttle.attempt_succeeded(client);
        }
        // Part of the budget is reserved for a first attempt.
        assert_eq!(throttle.begin_attempt(stranger(9_999), now_ms), Ok(()));
    }

    #[test]
    fn a_restart_does_not_reset_the_throttle() {
        let mut throttle = LoginThrottle::default();
        for _ in 0..3 {
            throttle.begin_attempt(stranger(1), START_MS).unwrap();
            throttle.begin_attempt(Client::Localhost, START_MS).unwrap();
            throttle.begin_attempt(Client::KnownBrowser(BrowserId(3)), START_MS).unwrap();
        }
        while (2..99).any(|address| throttle.begin_attempt(stranger(address), START_MS).is_ok()) {}
        let mut again = LoginThrottle::restore(&throttle.to_json(), START_MS + 1_000);
        for client in [stranger(1), Client::Localhost, Client::KnownBrowser(BrowserId(3))] {
            assert_eq!(again.begin_attempt(client, START_MS + 1_000), Err(Duration::from_secs(4)), "{client:?}");
        }
        assert_eq!(again.begin_attempt(stranger(500), START_MS + 1_000), Err(Duration::from_secs(2)));
        // Neither a damaged file nor a clock that was set back lifts the throttle.
        assert!(LoginThrottle::restore(b"rubbish", START_MS).begin_attempt(stranger(1), START_MS).is_err());
        let mut back = LoginThrottle::restore(&throttle.to_json(), START_MS - 86_400_000);
        assert_eq!(back.begin_attempt(stranger(1), START_MS - 86_400_000), Err(Duration::from_secs(5)));
    }

    #[test]
    fn a_browser_that_guesses_is_no_longer_known_and_the_memory_is_bounded() {
        let mut throttle = LoginThrottle::default();
        let browser = BrowserId(3);
        for turn in 0..10 {
            assert!(throttle.is_known(browser));
            throttle.begin_attempt(Client::KnownBrowser(browser), START_MS + turn * WAIT_MAX_MS).unwrap();
        }
        assert!(!throttle.is_known(browser));
        for number in 0..5_000 {
            throttle.begin_attempt(Client::KnownBrowser(BrowserId(100 + number)), START_MS + 10 * WAIT_MAX_MS).unwrap();
        }
        assert_eq!(throttle.attempts.len(), CLIENTS_MAX);
        assert!(!throttle.is_known(browser), "the client with the most wrong passwords is remembered longest");
        assert!(throttle.to_json().len() < 100 * CLIENTS_MAX);
    }
}
