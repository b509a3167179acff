//! Owns a desk's secret key and the two values that are derived from it: the suffix of the cookies' names, which keeps
//! two desks on one host from overwriting each other's cookies, and the mark, a signed cookie that identifies a browser
//! on which somebody has signed in. Does not own the list of who is signed in.

use std::path::Path;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::DeskError;
use super::sign_ins::hexadecimal;
use crate::paths::private;

const KEY_FILE: &str = "door-key";
const KEY_BYTES: usize = 32;
/// Time for which a browser's mark is valid after a sign-in, in seconds.
pub(super) const BROWSER_MARK_SECONDS: u64 = 180 * 24 * 60 * 60;
/// Number of bytes of the MAC that make up a desk's name.
const NAME_BYTES: usize = 4;
/// Number of bytes of the MAC that are part of a mark.
const TAG_BYTES: usize = 16;

/// The secret key of a desk.
pub(super) struct DeskKey([u8; KEY_BYTES]);

impl std::fmt::Debug for DeskKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeskKey")
    }
}

/// Identifies a browser on which somebody has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BrowserId(pub u64);

impl DeskKey {
    /// Reads the key from the desk's folder, or creates it. If a new key cannot be stored, it is used until the next
    /// restart, after which every browser has to sign in again.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, DeskError> {
        let path = folder.join(KEY_FILE);
        if let Some(key) = private::read_limited(&path, KEY_BYTES).ok().flatten()
            && let Ok(key) = key.try_into()
        {
            return Ok(Self(key));
        }
        let key = Self::random()?;
        if let Err(error) = private::write_atomic(&path, &key.0) {
            tracing::warn!(%error, "the desk's key cannot be stored; browsers will have to sign in after a restart");
        }
        Ok(key)
    }

    fn random() -> Result<Self, DeskError> {
        let mut key = [0_u8; KEY_BYTES];
        getrandom::fill(&mut key).map_err(|error| DeskError::Randomness(error.to_string()))?;
        Ok(Self(key))
    }

    /// Returns the name that distinguishes this desk from others on the same host.
    pub(super) fn desk_name(&self) -> String {
        hexadecimal(&self.mac(b"desk")[..NAME_BYTES])
    }

    /// Returns a mark for a browser on which somebody signed in at `now_s`, in seconds since 1970.
    pub(super) fn mark(&self, browser: BrowserId, now_s: u64) -> String {
        let payload = format!("{:016x}.{now_s}", browser.0);
        let tag = self.tag(&payload);
        format!("{payload}.{tag}")
    }

    /// Returns the browser that a mark identifies; `None` if this desk did not make the mark, or the mark has expired.
    pub(super) fn verify_mark(&self, mark: &str, now_s: u64) -> Option<BrowserId> {
        let (payload, tag) = mark.rsplit_once('.')?;
        let (browser, since_s) = payload.split_once('.')?;
        // The comparison takes constant time, because otherwise a forged tag could be guessed byte by byte.
        let difference =
            self.tag(payload).bytes().zip(tag.bytes()).fold(0, |all, (ours, theirs)| all | (ours ^ theirs));
        let is_authentic = difference == 0 && tag.len() == 2 * TAG_BYTES;
        let since_s: u64 = since_s.parse().ok()?;
        let browser = BrowserId(u64::from_str_radix(browser, 16).ok()?);
        (is_authentic && now_s < since_s.saturating_add(BROWSER_MARK_SECONDS)).then_some(browser)
    }

    fn tag(&self, payload: &str) -> String {
        hexadecimal(&self.mac(format!("device {payload}").as_bytes())[..TAG_BYTES])
    }

    fn mac(&self, message: &[u8]) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] };
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_accepted_by_its_own_desk_only_until_it_expires() {
        let folder = tempfile::tempdir().unwrap();
        let key = DeskKey::in_folder(folder.path()).unwrap();
        let mark = key.mark(BrowserId(7), 1_000);
        let restored = DeskKey::in_folder(folder.path()).unwrap();
        assert_eq!(restored.verify_mark(&mark, 1_000), Some(BrowserId(7)), "a restart changes nothing");
        assert_eq!(restored.desk_name(), key.desk_name());
        assert_eq!(key.verify_mark(&mark, 999 + BROWSER_MARK_SECONDS), Some(BrowserId(7)));
        assert_eq!(key.verify_mark(&mark, 1_000 + BROWSER_MARK_SECONDS), None);
        let other = DeskKey::random().unwrap();
        assert_eq!(other.verify_mark(&mark, 1_000), None);
        assert_ne!(other.desk_name(), key.desk_name());
        let later = mark.replace(".1000.", ".9000.");
        for wrong in
            ["", ".", "..", "7", "0000000000000007.1000.", &mark[..mark.len() - 1], &later, &format!("{mark}0")]
        {
            assert_eq!(key.verify_mark(wrong, 1_000), None, "{wrong}");
        }
    }
}
