//! Owns the creation and verification of the argon2id hash of a secret. Does not own the storage of hashes, or the
//! limits on attempts.

use std::fmt;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Maximum length of any secret, in characters. A longer text is rejected without being hashed.
pub const SECRET_CHARS_MAX: usize = 128;
/// Memory that argon2id uses, in KiB. With [`PASSES`] and [`LANES`], this is the second parameter set that the OWASP
/// Password Storage Cheat Sheet recommends.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Length of the salt in bytes, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;

/// An argon2id hash of a secret, in the form of a PHC string.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretHash(String);

/// The text is not the PHC string of an argon2id hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is not an argon2id hash")]
pub struct InvalidHash;

/// The secret was not hashed, because the system could not provide random bytes for the salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the system provides no randomness for hashing; restart the machine")]
pub struct HashingFailed;

impl SecretHash {
    /// Hashes a secret with a new random salt. This takes tens of milliseconds on one core, and 19 MiB of memory.
    ///
    /// # Errors
    /// If the system provides no random bytes.
    pub fn new(secret: &str) -> Result<Self, HashingFailed> {
        let mut salt = [0_u8; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|_| HashingFailed)?;
        let salt = SaltString::encode_b64(&salt).map_err(|_| HashingFailed)?;
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashingFailed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password(secret.as_bytes(), &salt).map(|hash| Self(hash.to_string())).map_err(|_| HashingFailed)
    }

    /// Whether `secret` is the secret that was hashed. Hashes `secret` with the parameters that are stored in the hash.
    /// This takes as long as [`Self::new`], so never call it on an async thread.
    #[must_use]
    pub fn verify(&self, secret: &str) -> bool {
        secret.chars().count() <= SECRET_CHARS_MAX
            && PasswordHash::new(&self.0)
                .is_ok_and(|hash| Argon2::default().verify_password(secret.as_bytes(), &hash).is_ok())
    }

    /// Returns the hash as a PHC string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SecretHash {
    type Error = InvalidHash;

    fn try_from(phc: String) -> Result<Self, InvalidHash> {
        let is_valid = PasswordHash::new(&phc).is_ok_and(|hash| {
            hash.algorithm == argon2::ARGON2ID_IDENT && hash.hash.is_some() && Params::try_from(&hash).is_ok()
        });
        if is_valid { Ok(Self(phc)) } else { Err(InvalidHash) }
    }
}

impl From<SecretHash> for String {
    fn from(hash: SecretHash) -> Self {
        hash.0
    }
}

// The hash must not appear in logs, because anyone who has it can try out secrets without any wait.
impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash of "wide water", as an earlier version stored it.
    const HASH: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$NR6EjMM1QPPcXcZQdJ+wrQ$6lIZHo+1W3h8R2AQdZLrpGxwDkt9V48afFZIm3sMa6M";

    #[test]
    fn only_the_secret_that_was_hashed_is_right() {
        let hash = SecretHash::try_from(HASH.to_owned()).unwrap();
        assert!(hash.verify("wide water"));
        for wrong in ["wide water ", "", &"wide water".repeat(20)] {
            assert!(!hash.verify(wrong), "{wrong}");
        }
        let again = SecretHash::new("wide water").unwrap();
        assert!(again.verify("wide water") && again != hash, "each hash has a salt of its own");
        assert!(!format!("{again:?}").contains(&again.0[10..20]));
    }

    #[test]
    fn only_an_argon2id_hash_is_accepted() {
        assert_eq!(SecretHash::try_from(HASH.to_owned()).unwrap().as_str(), HASH);
        for wrong in [
            "",
            "rubbish",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
            "$argon2i$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA",
            &HASH.replace("m=19456", "m=1"),
        ] {
            assert_eq!(SecretHash::try_from(wrong.to_owned()), Err(InvalidHash), "{wrong}");
        }
    }
}
