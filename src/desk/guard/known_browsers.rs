//! Owns the desk's own secret and what is made with it: the names of its cookies, so that two desks on one host never
//! take each other's, and the mark of a browser on which somebody has signed in before. Does not own who is signed in.

use std::path::Path;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::DeskError;
use super::sessions::hexadecimal;
use crate::paths::private;

const KEY_FILE: &str = "door-key";
const KEY_BYTES: usize = 32;
/// A mark holds so long after somebody signed in, in seconds.
pub(super) const DEVICE_SECONDS: u64 = 180 * 24 * 60 * 60;
/// The bytes of a name that tells desks apart.
const NAME_BYTES: usize = 4;
/// The bytes of what vouches for a mark.
const VOUCHER_BYTES: usize = 16;

/// The secret of a desk.
pub(super) struct DoorKey([u8; KEY_BYTES]);

impl std::fmt::Debug for DoorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DoorKey")
    }
}

/// A browser on which somebody has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Device(pub u64);

impl DoorKey {
    /// Reads it from the desk's folder, or makes it. One that cannot be kept holds until the next restart, after which
    /// every browser has to sign in anew.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, DeskError> {
        let path = folder.join(KEY_FILE);
        if let Some(key) = private::read_limited(&path, KEY_BYTES).ok().flatten()
            && let Ok(key) = key.try_into()
        {
            return Ok(Self(key));
        }
        let key = Self::new()?;
        if let Err(error) = private::write_whole(&path, &key.0) {
            tracing::warn!(%error, "the desk's key cannot be kept; browsers will have to sign in after a restart");
        }
        Ok(key)
    }

    /// One that is kept nowhere.
    pub(super) fn new() -> Result<Self, DeskError> {
        let mut key = [0_u8; KEY_BYTES];
        getrandom::fill(&mut key).map_err(|error| DeskError::Randomness(error.to_string()))?;
        Ok(Self(key))
    }

    /// What tells this desk from others on the same host.
    pub(super) fn desk_name(&self) -> String {
        hexadecimal(&self.mac(b"desk")[..NAME_BYTES])
    }

    /// A fresh mark for a browser on which somebody has signed in at `now_s` of the epoch.
    pub(super) fn mark(&self, device: Device, now_s: u64) -> String {
        let said = format!("{:016x}.{now_s}", device.0);
        let voucher = self.voucher(&said);
        format!("{said}.{voucher}")
    }

    /// Whose mark this is, if it is one of ours and not too old.
    pub(super) fn device(&self, mark: &str, now_s: u64) -> Option<Device> {
        let (said, voucher) = mark.rsplit_once('.')?;
        let (device, since_s) = said.split_once('.')?;
        // What was not made here must not be told apart by how long it takes to see so.
        let differs = self
            .voucher(said)
            .bytes()
            .zip(voucher.bytes())
            .fold(0, |differs, (ours, theirs)| differs | (ours ^ theirs));
        let is_ours = differs == 0 && voucher.len() == 2 * VOUCHER_BYTES;
        let since_s: u64 = since_s.parse().ok()?;
        let device = Device(u64::from_str_radix(device, 16).ok()?);
        (is_ours && now_s < since_s.saturating_add(DEVICE_SECONDS)).then_some(device)
    }

    fn voucher(&self, said: &str) -> String {
        hexadecimal(&self.mac(format!("device {said}").as_bytes())[..VOUCHER_BYTES])
    }

    fn mac(&self, of: &[u8]) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] };
        mac.update(of);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_known_by_its_own_desk_alone_and_for_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let key = DoorKey::in_folder(folder.path()).unwrap();
        let mark = key.mark(Device(7), 1_000);
        let again = DoorKey::in_folder(folder.path()).unwrap();
        assert_eq!(again.device(&mark, 1_000), Some(Device(7)), "a restart changes nothing");
        assert_eq!(again.desk_name(), key.desk_name());
        assert_eq!(key.device(&mark, 999 + DEVICE_SECONDS), Some(Device(7)));
        assert_eq!(key.device(&mark, 1_000 + DEVICE_SECONDS), None);
        let other = DoorKey::new().unwrap();
        assert_eq!(other.device(&mark, 1_000), None);
        assert_ne!(other.desk_name(), key.desk_name());
        let later = mark.replace(".1000.", ".9000.");
        for wrong in
            ["", ".", "..", "7", "0000000000000007.1000.", &mark[..mark.len() - 1], &later, &format!("{mark}0")]
        {
            assert_eq!(key.device(wrong, 1_000), None, "{wrong}");
        }
    }
}
