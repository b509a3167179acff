//! Owns how a password is compared with the desk's. Does not own where that is kept, nor who has signed in.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordVerifier};

use super::DeskError;

/// A password that is longer than any that can be set is none.
const PASSWORD_CHARS_MAX: usize = 128;

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
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `stillroom desk set-password` left it for "wide water".
    const HASH: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$NR6EjMM1QPPcXcZQdJ+wrQ$6lIZHo+1W3h8R2AQdZLrpGxwDkt9V48afFZIm3sMa6M";

    #[test]
    fn the_password_that_staff_set_matches_and_nothing_else() {
        assert!(check_hash(HASH).is_ok());
        assert!(matches(HASH, "wide water"));
        for wrong in ["wide water ", "", &"wide water".repeat(20)] {
            assert!(!matches(HASH, wrong), "{wrong}");
        }
        assert!(!matches("rubbish", "wide water"));
        assert!(matches!(
            check_hash("$argon2i$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA"),
            Err(DeskError::BadPasswordHash)
        ));
    }
}
