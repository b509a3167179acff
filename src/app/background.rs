//! Owns how the window runs blocking work, such as checking a PIN, on a thread of its own, and how it saves the setup.
//! Does not own what the window does with the results.

use std::path::Path;

use thiserror::Error;

use crate::screen::first_run::SetupChoices;
use crate::secret::Secret;
use crate::setup::Setup;

/// Why there is no result of work on a thread of its own.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WorkError {
    /// No thread could be started, or the work panicked. The same work may succeed later.
    #[error("the system could not start a thread; close other programs and try again")]
    NotRun,
    /// The work failed.
    #[error("{0}")]
    Failed(String),
}

/// Runs blocking work on a thread of its own. The runtime has few threads, and they also deliver the room's snapshots:
/// if a hanging disk blocked them, a call might not appear on the screen.
///
/// # Errors
/// If the work fails or panics, or if no thread can be started.
pub(super) async fn run_on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, WorkError> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    // Sending fails only if nobody awaits the result any more, so the failure can be ignored.
    let thread = std::thread::Builder::new().name("staff".to_owned()).spawn(move || drop(sender.send(work())));
    if thread.is_err() {
        return Err(WorkError::NotRun);
    }
    receiver.await.map_err(|_| WorkError::NotRun)?.map_err(WorkError::Failed)
}

/// Saves what staff chose in the first-run setup: the setup itself in the state directory, and the staff PIN.
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
        assert_eq!(run_on_thread(|| -> Result<(), String> { panic!("as expected") }).await, Err(WorkError::NotRun));
        assert_eq!(
            run_on_thread(|| -> Result<(), String> { Err("no".to_owned()) }).await,
            Err(WorkError::Failed("no".to_owned()))
        );
    }
}
