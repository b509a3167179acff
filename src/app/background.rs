//! Owns work of the window that takes its time: files, and the hashing of a PIN. Does not own what comes of it.

use std::path::Path;

use crate::pin::Secret;
use crate::screen::first_run::SetupChoices;
use crate::setup::Setup;

/// Does work that may block on a thread of its own: the window's few threads bring it the room's news, and a disk that
/// hangs must not keep a call from its screen.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let (tell, told) = tokio::sync::oneshot::channel();
    // Whoever waited may have gone.
    let thread = std::thread::Builder::new().name("staff".to_owned()).spawn(move || drop(tell.send(work())));
    let failed = "the system gives no thread; close other programs and try again";
    if thread.is_err() {
        return Err(failed.to_owned());
    }
    told.await.unwrap_or_else(|_| Err(failed.to_owned()))
}

/// Keeps what the first run decided.
pub(super) fn keep_setup(pin: &Secret, state: &Path, chosen: SetupChoices) -> Result<Setup, String> {
    let SetupChoices { room_name, pin: digits, diagonal_inches, cap_db, reading_dba } = chosen;
    let setup = Setup { room_name, diagonal_inches, cap_db, reading_dba };
    setup.save(state).map_err(|error| error.to_string())?;
    pin.set(&digits).map_err(|error| error.to_string())?;
    Ok(setup)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_that_hangs_stalls_nobody_else() {
        let (disk, hangs) = mpsc::channel::<u8>();
        let work = apart(move || hangs.recv().map_err(|error| error.to_string()));
        tokio::pin!(work);
        assert!(tokio::time::timeout(Duration::from_millis(20), work.as_mut()).await.is_err());
        disk.send(7).unwrap();
        assert_eq!(work.await, Ok(7));
        assert!(apart(|| -> Result<(), String> { panic!("said as it stands") }).await.is_err());
    }
}
