//! Owns how often a password may be tried: a wait that grows with each wrong one, for each address and each browser by
//! itself, and what all strangers together may try. It outlives a restart, which would otherwise be a way around it.
//! Pure; the time comes in. Does not own the password.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::device::Device;

/// So many wrong passwords are free.
const FREE_TRIES: u32 = 3;
/// The first wait; it doubles with each further wrong password …
const FIRST_WAIT_MS: u64 = 5_000;
/// … up to this.
const LONGEST_WAIT_MS: u64 = 5 * 60_000;
/// A day without a try is forgiven.
const FORGIVEN_AFTER_MS: u64 = 24 * 60 * 60_000;
/// A browser that was known and from which so many wrong ones came is a stranger again.
const KNOWN_NO_MORE: u32 = 10;
/// Addresses and browsers that are remembered for wrong passwords.
const REMEMBERED_MAX: usize = 1_024;
/// All strangers together may be wrong so often at once …
const BUDGET: u64 = 20;
/// … and once more after each of these, which is twenty times a minute.
const ONE_MORE_AFTER_MS: u64 = 3_000;
/// Of these, so many are for those who were never wrong: a new browser gets in while others guess.
const FOR_THE_FIRST_TIME: u64 = 8;

/// Who tries a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// A browser on which somebody has signed in before.
    Known(Device),
    /// This machine itself.
    Here,
    /// Anybody else, by where they come from.
    Stranger(IpAddr),
}

impl Who {
    /// Whoever comes from there, with or without a mark.
    pub(super) fn from(address: IpAddr, device: Option<Device>) -> Self {
        match (device, address.to_canonical()) {
            (Some(device), _) => Self::Known(device),
            (None, IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST)) => Self::Here,
            // One machine can have any address of its network of 64 bits; they count as one.
            (None, IpAddr::V6(address)) => Self::Stranger(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
            (None, address) => Self::Stranger(address),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Known(device) => format!("browser {:016x}", device.0),
            Self::Here => "here".to_owned(),
            Self::Stranger(address) => address.to_string(),
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        if name == "here" {
            return Some(Self::Here);
        }
        match name.strip_prefix("browser ") {
            Some(device) => u64::from_str_radix(device, 16).ok().map(|device| Self::Known(Device(device))),
            None => name.parse().ok().map(Self::Stranger),
        }
    }
}

/// What was tried so far.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    tries: BTreeMap<Who, Tries>,
    /// How much of the strangers' budget is used up, in milliseconds of its filling, as it was at `used_at_ms`.
    used_ms: u64,
    used_at_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tries {
    wrong: u32,
    last_ms: u64,
}

/// How it stands in its file.
#[derive(Serialize, Deserialize)]
struct Kept {
    used_ms: u64,
    used_at_ms: u64,
    tries: BTreeMap<String, Tries>,
}

impl Guesses {
    /// What a file says that was kept. One that cannot be read opens no door: strangers begin with nothing left.
    pub(super) fn read(file: &[u8], now_ms: u64) -> Self {
        let Ok(kept) = serde_json::from_slice::<Kept>(file) else {
            tracing::warn!("the file of wrong desk passwords is damaged; strangers wait before they may try");
            return Self { tries: BTreeMap::new(), used_ms: BUDGET * ONE_MORE_AFTER_MS, used_at_ms: now_ms };
        };
        // A clock that was set back must not lock anybody out for as long as it was set back.
        let tries = kept.tries.into_iter().filter_map(|(name, tries)| {
            Some((Who::of_name(&name)?, Tries { last_ms: tries.last_ms.min(now_ms), ..tries }))
        });
        Self {
            tries: tries.take(REMEMBERED_MAX).collect(),
            used_ms: kept.used_ms.min(BUDGET * ONE_MORE_AFTER_MS),
            used_at_ms: kept.used_at_ms.min(now_ms),
        }
    }

    /// As it is kept in a file.
    pub(super) fn write(&self) -> Vec<u8> {
        let tries = self.tries.iter().map(|(who, tries)| (who.name(), *tries)).collect();
        serde_json::to_vec(&Kept { used_ms: self.used_ms, used_at_ms: self.used_at_ms, tries }).unwrap_or_default()
    }

    /// Whether a password of theirs is looked at now. It counts as wrong until [`Guesses::right`] is said, so that many
    /// at once are no more than one after another.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn begin(&mut self, who: Who, now_ms: u64) -> Result<(), Duration> {
        let before = self.before(who, now_ms);
        let wrong = before.map_or(0, |tries| tries.wrong);
        if let Some(tries) = before {
            let waited_ms = now_ms.saturating_sub(tries.last_ms);
            let left_ms = wait_after_ms(wrong).saturating_sub(waited_ms);
            if left_ms > 0 {
                return Err(Duration::from_millis(left_ms));
            }
        }
        if let Who::Stranger(_) = who {
            let kept_back = if wrong == 0 { 0 } else { FOR_THE_FIRST_TIME };
            self.fill(now_ms);
            let after_ms = self.used_ms + ONE_MORE_AFTER_MS;
            let over_ms = after_ms.saturating_sub((BUDGET - kept_back) * ONE_MORE_AFTER_MS);
            if over_ms > 0 {
                return Err(Duration::from_millis(over_ms));
            }
            self.used_ms = after_ms;
        }
        if before.is_none() && self.tries.len() >= REMEMBERED_MAX {
            let least = self.tries.iter().min_by_key(|(_, tries)| (tries.wrong, tries.last_ms)).map(|(who, _)| *who);
            least.and_then(|who| self.tries.remove(&who));
        }
        self.tries.insert(who, Tries { wrong: wrong.saturating_add(1), last_ms: now_ms });
        Ok(())
    }

    /// It was the right one.
    pub(super) fn right(&mut self, who: Who) {
        self.tries.remove(&who);
        if let Who::Stranger(_) = who {
            self.used_ms = self.used_ms.saturating_sub(ONE_MORE_AFTER_MS);
        }
    }

    /// Whether too many wrong ones came from a browser for it to be still known.
    pub(super) fn is_known(&self, device: Device) -> bool {
        self.tries.get(&Who::Known(device)).is_none_or(|tries| tries.wrong < KNOWN_NO_MORE)
    }

    fn fill(&mut self, now_ms: u64) {
        // A clock that was set back fills nothing, and goes on from where it is.
        self.used_ms = self.used_ms.saturating_sub(now_ms.saturating_sub(self.used_at_ms));
        self.used_at_ms = now_ms;
    }

    fn before(&mut self, who: Who, now_ms: u64) -> Option<Tries> {
        let tries = self.tries.get_mut(&who)?;
        tries.last_ms = tries.last_ms.min(now_ms);
        let tries = *tries;
        if now_ms - tries.last_ms >= FORGIVEN_AFTER_MS {
            self.tries.remove(&who);
            return None;
        }
        Some(tries)
    }
}

fn wait_after_ms(wrong: u32) -> u64 {
    match wrong.checked_sub(FREE_TRIES) {
        None => 0,
        Some(more) => FIRST_WAIT_MS.saturating_mul(1 << more.min(10)).min(LONGEST_WAIT_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_MS: u64 = 1_700_000_000_000;

    fn stranger(number: u32) -> Who {
        Who::from(Ipv4Addr::from_bits(0x0a00_0000 + number).into(), None)
    }

    #[test]
    fn wrong_passwords_wait_longer_and_longer_for_their_own_address_only() {
        let mut guesses = Guesses::default();
        let mut now_ms = START_MS;
        let waits: Vec<u64> = (0..12)
            .map(|_| {
                let Err(wait) = guesses.begin(stranger(1), now_ms) else { return 0 };
                now_ms += u64::try_from(wait.as_millis()).unwrap();
                assert_eq!(guesses.begin(stranger(1), now_ms), Ok(()), "waited for long enough");
                wait.as_secs()
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(guesses.begin(stranger(2), now_ms), Ok(()));
        guesses.right(stranger(1));
        assert_eq!(guesses.begin(stranger(1), now_ms), Ok(()));
        let neighbours = ["2001:db8::1", "2001:db8::ffff"].map(|address| Who::from(address.parse().unwrap(), None));
        assert_eq!(neighbours[0], neighbours[1]);
        assert_eq!(Who::from("::ffff:127.0.0.1".parse().unwrap(), None), Who::Here);
    }

    #[test]
    fn tries_that_come_at_once_are_counted_before_they_are_looked_at() {
        let mut guesses = Guesses::default();
        let taken = (0..100).filter(|_| guesses.begin(stranger(1), START_MS).is_ok()).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn strangers_share_a_budget_and_keep_nobody_out_who_is_known_or_here() {
        let mut guesses = Guesses::default();
        // Two hours of four hundred addresses, each of which tries eight times a second.
        let mut taken = 0;
        for second in 0..7_200_u64 {
            for address in 0..400 {
                taken += u32::from(guesses.begin(stranger(address), START_MS + second * 1_000).is_ok());
            }
        }
        assert!(taken <= 20 + 120 * 20, "{taken} passwords were looked at in two hours");
        let now_ms = START_MS + 7_200_000;
        for who in [Who::Known(Device(3)), Who::Here] {
            assert_eq!(guesses.begin(who, now_ms), Ok(()), "{who:?}");
            guesses.right(who);
        }
        // Who was never wrong finds some left for the first time, now that the others have been wrong.
        assert_eq!(guesses.begin(stranger(9_999), now_ms), Ok(()));
    }

    #[test]
    fn a_restart_is_no_way_around() {
        let mut guesses = Guesses::default();
        for _ in 0..3 {
            guesses.begin(stranger(1), START_MS).unwrap();
            guesses.begin(Who::Here, START_MS).unwrap();
            guesses.begin(Who::Known(Device(3)), START_MS).unwrap();
        }
        while (2..99).any(|address| guesses.begin(stranger(address), START_MS).is_ok()) {}
        let mut again = Guesses::read(&guesses.write(), START_MS + 1_000);
        for who in [stranger(1), Who::Here, Who::Known(Device(3))] {
            assert_eq!(again.begin(who, START_MS + 1_000), Err(Duration::from_secs(4)), "{who:?}");
        }
        assert_eq!(again.begin(stranger(500), START_MS + 1_000), Err(Duration::from_secs(2)));
        // Nor is a file that was broken, nor a clock that was set back.
        assert!(Guesses::read(b"rubbish", START_MS).begin(stranger(1), START_MS).is_err());
        let mut back = Guesses::read(&guesses.write(), START_MS - 86_400_000);
        assert_eq!(back.begin(stranger(1), START_MS - 86_400_000), Err(Duration::from_secs(5)));
    }

    #[test]
    fn a_browser_that_guesses_is_known_no_more_and_the_memory_has_an_end() {
        let mut guesses = Guesses::default();
        let device = Device(3);
        for turn in 0..10 {
            assert!(guesses.is_known(device));
            guesses.begin(Who::Known(device), START_MS + turn * LONGEST_WAIT_MS).unwrap();
        }
        assert!(!guesses.is_known(device));
        for number in 0..5_000 {
            guesses.begin(Who::Known(Device(100 + number)), START_MS + 10 * LONGEST_WAIT_MS).unwrap();
        }
        assert_eq!(guesses.tries.len(), REMEMBERED_MAX);
        assert!(!guesses.is_known(device), "who was wrong most often is remembered longest");
        assert!(guesses.write().len() < 100 * REMEMBERED_MAX);
    }
}
