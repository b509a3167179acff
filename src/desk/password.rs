//! Owns the desk's password: how it is hashed, stored as a string and compared. Does not own who has signed in.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use super::DeskError;

/// The fewest characters of a desk password.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// The most characters of a desk password.
pub const PASSWORD_CHARS_MAX: usize = 128;

const SALT_BYTES: usize = 16;

/// Hashes a new desk password with argon2id (19 MiB, 2 passes) into a PHC string.
///
/// # Errors
/// [`DeskError::PasswordLength`], [`DeskError::Randomness`].
pub fn hash_password(password: &str) -> Result<String, DeskError> {
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&password.chars().count()) {
        return Err(DeskError::PasswordLength);
    }
    let mut salt = [0_u8; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|error| DeskError::Randomness(error.to_string()))?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| DeskError::BadPasswordHash)?;
    let hash = argon2id().hash_password(password.as_bytes(), &salt).map_err(|_| DeskError::BadPasswordHash)?;
    Ok(hash.to_string())
}

/// Whether a stored hash can be read at all.
pub(super) fn check_hash(hash: &str) -> Result<(), DeskError> {
    match PasswordHash::new(hash) {
        Ok(hash) if hash.algorithm == argon2::ARGON2ID_IDENT && hash.hash.is_some() => Ok(()),
        _ => Err(DeskError::BadPasswordHash),
    }
}

/// Compares a password with its hash. Takes tens of milliseconds of one core and 19 MiB, so never on an async thread.
pub(super) fn matches(hash: &str, password: &str) -> bool {
    if password.chars().count() > PASSWORD_CHARS_MAX {
        return false;
    }
    PasswordHash::new(hash).is_ok_and(|hash| argon2id().verify_password(password.as_bytes(), &hash).is_ok())
}

fn argon2id() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_hash_and_nothing_else() {
        let hash = hash_password("the tide comes in").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(check_hash(&hash).is_ok());
        assert!(matches(&hash, "the tide comes in"));
        assert!(!matches(&hash, "the tide comes in "));
        assert!(!matches("rubbish", "the tide comes in"));
        assert!(matches!(hash_password("short"), Err(DeskError::PasswordLength)));
        assert!(matches!(
            check_hash("$argon2i$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA"),
            Err(DeskError::BadPasswordHash)
        ));
    }
}
