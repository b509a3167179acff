//! Owns the window's blocking work: files, and hashing a PIN. Not here: what follows from the results.

use std::path::Path;

use crate::screen::first_run::SetupChoices;
use crate::secret::Secret;
use crate::setup::Setup;

/// Runs blocking work on a thread of its own. The runtime's few threads also deliver the room's snapshots, and a disk that
/// hangs must not keep a call off the screen.
pub(super) async fn run_on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    // The receiver may be gone.
    let thread = std::thread::Builder::new().name("staff".to_owned()).spawn(move || drop(sender.send(work())));
    let failed = "the system could not start a thread; close other programs and try again";
    if thread.is_err() {
        return Err(failed.to_owned());
    }
    receiver.await.unwrap_or_else(|_| Err(failed.to_owned()))
}

/// Saves the setup of the first run.
pub(super) fn save_setup(pin: &Secret, state: &Path, choices: SetupChoices) -> Result<Setup, String> {
    let SetupChoices { room_name, pin: digits, diagonal_inches, cap_db, reading_dba } = choices;
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
    async fn work_that_hangs_does_not_block_the_runtime() {
        let (disk, hanging) = mpsc::channel::<u8>();
        let work = run_on_thread(move || hanging.recv().map_err(|error| error.to_string()));
        tokio::pin!(work);
        assert!(tokio::time::timeout(Duration::from_millis(20), work.as_mut()).await.is_err());
        disk.send(7).unwrap();
        assert_eq!(work.await, Ok(7));
        assert!(run_on_thread(|| -> Result<(), String> { panic!("as expected") }).await.is_err());
    }
}
