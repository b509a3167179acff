//! Owns the relay contact of the clinic's own nurse call. A command that the clinic configures closes the contact while
//! a call is open, and opens it afterwards. Only the newest state counts, a failed command is retried, and no other
//! thread waits for the command. Does not own the device that the command controls, for example a relay board, a GPIO
//! line (`gpioset`) or a bus.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// Time limit for the command. A command that exceeds it is killed and counts as failed.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);
/// Time limit for a killed command to end. After this time, the thread stops waiting, because the command may hang in
/// the kernel.
const KILL_TIMEOUT: Duration = Duration::from_secs(1);
/// Interval between two checks of whether a command is still running.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Pause before a failed command is retried, unless a new state arrives earlier. Also the pause after a panic.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// The command that the clinic configures. It runs without a shell, and `closed` or `open` is added as its last
/// argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactCommand {
    /// The absolute path of the program to run.
    pub program: PathBuf,
    /// The arguments before `closed` or `open`.
    pub arguments: Vec<String>,
}

/// A change in whether the command succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactEvent {
    /// The command succeeded, for the first time or after a failure.
    Works,
    /// The command failed and is being retried. The reason is in plain words for staff. Repeated failures are reported
    /// once.
    Fails(String),
}

/// The reason why the command failed.
#[derive(Debug, thiserror::Error)]
enum ContactError {
    #[error("the contact's command cannot be run: {0}; see command under [contact] in kiosk.toml")]
    NotRun(std::io::Error),
    #[error("the contact's command failed ({0})")]
    Failed(ExitStatus),
    #[error("the contact's command took longer than {} seconds and was killed", COMMAND_TIMEOUT.as_secs())]
    TooSlow,
}

/// Controls the relay contact. Clones control the same contact.
#[derive(Clone, Debug)]
pub struct NurseCallContact(Sender<bool>);

impl NurseCallContact {
    /// Starts the thread that runs the command. The thread first opens the contact, because an earlier run of the
    /// program may have left it closed. `on_event` runs on the thread.
    ///
    /// # Errors
    /// The operating system's error if it cannot start the thread.
    pub fn start(
        command: ContactCommand,
        on_event: impl FnMut(ContactEvent) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (states, inbox) = mpsc::channel();
        let mut worker =
            ContactWorker { command, states: inbox, on_event, is_wanted: false, is_closed: None, was_ok: None };
        std::thread::Builder::new().name("line-contact".to_owned()).spawn(move || {
            // `is_wanted` survives a panic, so that the contact stays closed while a call is open.
            while catch_unwind(AssertUnwindSafe(|| worker.run())).is_err() {
                tracing::error!("the contact's thread panicked and continues");
                worker.is_closed = None;
                std::thread::sleep(RETRY_INTERVAL);
            }
        })?;
        Ok(Self(states))
    }

    /// Closes or opens the contact. Returns at once.
    pub fn set(&self, is_closed: bool) {
        // The thread runs until every sender is dropped, so an error is unexpected and is only logged.
        if self.0.send(is_closed).is_err() {
            tracing::error!("the contact's thread has ended");
        }
    }
}

struct ContactWorker<F> {
    command: ContactCommand,
    states: Receiver<bool>,
    on_event: F,
    /// Whether the contact should be closed.
    is_wanted: bool,
    /// Whether the contact is closed; `None` if that is not known: before the first command, after a failed one, and
    /// after a panic.
    is_closed: Option<bool>,
    /// Whether the previous command succeeded. It is kept because only changes are reported.
    was_ok: Option<bool>,
}

impl<F: FnMut(ContactEvent)> ContactWorker<F> {
    fn run(&mut self) {
        loop {
            if self.is_closed != Some(self.is_wanted) {
                let result = run_command(&self.command, self.is_wanted);
                self.is_closed = result.is_ok().then_some(self.is_wanted);
                self.report(result);
            }
            let next = if self.is_closed == Some(self.is_wanted) {
                self.states.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.states.recv_timeout(RETRY_INTERVAL)
            };
            match next {
                Ok(state) => self.is_wanted = self.states.try_iter().last().unwrap_or(state),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn report(&mut self, result: Result<(), ContactError>) {
        if self.was_ok.replace(result.is_ok()) == Some(result.is_ok()) {
            return;
        }
        if let Err(error) = &result {
            tracing::error!(%error, "the nurse-call contact failed");
        }
        (self.on_event)(result.map_or_else(|error| ContactEvent::Fails(error.to_string()), |()| ContactEvent::Works));
    }
}

fn run_command(command: &ContactCommand, is_closed: bool) -> Result<(), ContactError> {
    let mut child = Command::new(&command.program)
        .args(&command.arguments)
        .arg(if is_closed { "closed" } else { "open" })
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(ContactError::NotRun)?;
    let deadline = Instant::now() + COMMAND_TIMEOUT;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(ContactError::Failed(status)),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(POLL_INTERVAL),
            Ok(None) => {
                kill(&mut child);
                return Err(ContactError::TooSlow);
            }
            Err(error) => {
                kill(&mut child);
                return Err(ContactError::NotRun(error));
            }
        }
    }
}

fn kill(child: &mut Child) {
    // Fails if the command has exited in the meantime.
    drop(child.kill());
    // Waiting for the command to end avoids a zombie process. The wait is limited, because the command may hang in the
    // kernel.
    let deadline = Instant::now() + KILL_TIMEOUT;
    while Instant::now() < deadline && matches!(child.try_wait(), Ok(None)) {
        std::thread::sleep(POLL_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn script(folder: &tempfile::TempDir, text: &str) -> ContactCommand {
        let program = folder.path().join("contact");
        std::fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        ContactCommand { program, arguments: vec![folder.path().join("said").display().to_string()] }
    }

    fn next(events: &Receiver<ContactEvent>) -> ContactEvent {
        events.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    #[test]
    fn the_contact_follows_the_call_and_only_the_newest_state_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, events) = mpsc::channel();
        let contact =
            NurseCallContact::start(script(&folder, "echo $2 >> $1"), move |event| sender.send(event).unwrap())
                .unwrap();
        assert_eq!(next(&events), ContactEvent::Works);
        let said = || std::fs::read_to_string(folder.path().join("said")).unwrap();
        assert_eq!(said(), "open\n");
        contact.set(true);
        let until = Instant::now() + Duration::from_secs(5);
        while said() != "open\nclosed\n" {
            assert!(Instant::now() < until, "{}", said());
            std::thread::sleep(POLL_INTERVAL);
        }
        contact.set(false);
        while !said().ends_with("closed\nopen\n") {
            assert!(Instant::now() < until, "{}", said());
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    #[test]
    fn a_panic_leaves_the_contact_as_the_call_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut faults = 1;
        let contact = NurseCallContact::start(script(&folder, "echo $2 >> $1"), move |_| {
            faults -= 1;
            assert!(faults < 0, "a planted panic");
        });
        let contact = contact.unwrap();
        contact.set(true);
        let said = || std::fs::read_to_string(folder.path().join("said")).unwrap_or_default();
        let until = Instant::now() + Duration::from_secs(10);
        while !said().ends_with("closed\n") {
            assert!(Instant::now() < until, "{}", said());
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    #[test]
    fn a_failing_command_is_reported_once_and_retried() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, events) = mpsc::channel();
        let command = script(&folder, "test -e $1.now");
        let _contact = NurseCallContact::start(command, move |event| sender.send(event).unwrap()).unwrap();
        assert!(matches!(next(&events), ContactEvent::Fails(_)));
        std::fs::write(folder.path().join("said.now"), "").unwrap();
        assert_eq!(next(&events), ContactEvent::Works);
        let missing = ContactCommand { program: folder.path().join("nowhere"), arguments: Vec::new() };
        let (sender, events) = mpsc::channel();
        let _contact = NurseCallContact::start(missing, move |event| sender.send(event).unwrap()).unwrap();
        assert!(matches!(next(&events), ContactEvent::Fails(why) if why.contains("[contact]")));
    }
}
