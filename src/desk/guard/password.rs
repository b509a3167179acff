//! Owns verifying a password against its argon2id hash. Does not own where the hash is stored.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordVerifier};

use super::DeskError;

/// The longest password that can be set, in characters; a longer one is wrong without hashing it.
const PASSWORD_CHARS_MAX: usize = 128;

/// Whether a stored hash can be parsed.
pub(super) fn check_hash(hash: &str) -> Result<(), DeskError> {
    match PasswordHash::new(hash) {
        Ok(hash) if hash.algorithm == argon2::ARGON2ID_IDENT && hash.hash.is_some() => Ok(()),
        _ => Err(DeskError::BadPasswordHash),
    }
}

/// Whether a password is the one of this hash. Takes tens of milliseconds of one core and 19 MiB, so never call it on an
/// async thread.
pub(super) fn verify(hash: &str, password: &str) -> bool {
    if password.chars().count() > PASSWORD_CHARS_MAX {
        return false;
    }
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `stillroom desk set-password` stored it for "wide water".
    const HASH: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$NR6EjMM1QPPcXcZQdJ+wrQ$6lIZHo+1W3h8R2AQdZLrpGxwDkt9V48afFZIm3sMa6M";

    #[test]
    fn only_the_password_that_staff_set_is_right() {
        assert!(check_hash(HASH).is_ok());
        assert!(verify(HASH, "wide water"));
        for wrong in ["wide water ", "", &"wide water".repeat(20)] {
            assert!(!verify(HASH, wrong), "{wrong}");
        }
        assert!(!verify("rubbish", "wide water"));
        assert!(matches!(
            check_hash("$argon2i$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA"),
            Err(DeskError::BadPasswordHash)
        ));
    }
}
