//! Owns the contact to the clinic's own nurse call: a command of the clinic's that closes it while a call is open and
//! opens it again afterwards. The last wish counts; one that fails is tried again; none ever holds anything else up.
//! Does not own what closes the contact: a relay board, a GPIO line (`gpioset`) or a bus, as the clinic has it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// A command that takes longer is ended and counts as failed.
const RUNS_WITHIN: Duration = Duration::from_secs(5);
/// One that was ended is gone within this, or hangs in the system and is left to it.
const GONE_WITHIN: Duration = Duration::from_secs(1);
/// A running command is looked at so often.
const LOOKS_EVERY: Duration = Duration::from_millis(5);
/// A command that failed is tried again after this.
const TRIES_EVERY: Duration = Duration::from_secs(2);

/// The clinic's command. It is run without a shell, with `closed` or `open` as one more argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactCommand {
    /// The program, by its whole path.
    pub program: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<String>,
}

/// What the contact says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactNews {
    /// The command was carried out; the contact is as it should be.
    Works,
    /// It was not, and is tried again. Plain words for staff, said once for each time.
    Fails(String),
}

/// Why a contact is not as it should be.
#[derive(Debug, thiserror::Error)]
enum ContactError {
    #[error("the contact's command cannot be run: {0}; see command under [contact] in kiosk.toml")]
    NotRun(std::io::Error),
    #[error("the contact's command failed ({0})")]
    Failed(ExitStatus),
    #[error("the contact's command took longer than {} seconds and was ended", RUNS_WITHIN.as_secs())]
    TooSlow,
}

/// The contact.
#[derive(Clone, Debug)]
pub struct Contact(Sender<bool>);

impl Contact {
    /// Starts to keep the contact, on a thread of its own; it is open at first, whatever a program before this one left
    /// behind. `on_news` is called there.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(command: ContactCommand, on_news: impl FnMut(ContactNews) + Send + 'static) -> std::io::Result<Self> {
        let (wishes, inbox) = mpsc::channel();
        let mut keeper = Keeper { command, wishes: inbox, on_news, wanted: false, is_so: None, works: None };
        std::thread::Builder::new().name("line-contact".to_owned()).spawn(move || {
            // What is wanted outlives a fault: an open call keeps the contact closed.
            while catch_unwind(AssertUnwindSafe(|| keeper.keep())).is_err() {
                tracing::error!("the contact's thread ended on a fault of the program, and goes on");
                keeper.is_so = None;
                std::thread::sleep(TRIES_EVERY);
            }
        })?;
        Ok(Self(wishes))
    }

    /// Closes the contact while a call is open, and opens it again; returns at once.
    pub fn set(&self, is_closed: bool) {
        // Its thread ends with this sender only.
        if self.0.send(is_closed).is_err() {
            tracing::error!("the contact's thread has ended");
        }
    }
}

struct Keeper<F> {
    command: ContactCommand,
    wishes: Receiver<bool>,
    on_news: F,
    wanted: bool,
    /// How it is, if that is known.
    is_so: Option<bool>,
    /// What was told of it last.
    works: Option<bool>,
}

impl<F: FnMut(ContactNews)> Keeper<F> {
    fn keep(&mut self) {
        loop {
            if self.is_so != Some(self.wanted) {
                let outcome = run(&self.command, self.wanted);
                self.is_so = outcome.is_ok().then_some(self.wanted);
                self.tell(outcome);
            }
            let next = if self.is_so == Some(self.wanted) {
                self.wishes.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.wishes.recv_timeout(TRIES_EVERY)
            };
            match next {
                Ok(wish) => self.wanted = self.wishes.try_iter().last().unwrap_or(wish),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn tell(&mut self, outcome: Result<(), ContactError>) {
        if self.works.replace(outcome.is_ok()) == Some(outcome.is_ok()) {
            return;
        }
        if let Err(error) = &outcome {
            tracing::error!(%error, "the contact to the nurse call");
        }
        (self.on_news)(outcome.map_or_else(|error| ContactNews::Fails(error.to_string()), |()| ContactNews::Works));
    }
}

fn run(command: &ContactCommand, is_closed: bool) -> Result<(), ContactError> {
    let mut child = Command::new(&command.program)
        .args(&command.arguments)
        .arg(if is_closed { "closed" } else { "open" })
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(ContactError::NotRun)?;
    let until = Instant::now() + RUNS_WITHIN;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(ContactError::Failed(status)),
            Ok(None) if Instant::now() < until => std::thread::sleep(LOOKS_EVERY),
            Ok(None) => {
                end(&mut child);
                return Err(ContactError::TooSlow);
            }
            Err(error) => {
                end(&mut child);
                return Err(ContactError::NotRun(error));
            }
        }
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself in this very moment.
    drop(child.kill());
    // One that hangs in the system does not end yet: the contact is told to fail all the same, and is tried again.
    let until = Instant::now() + GONE_WITHIN;
    while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
        std::thread::sleep(LOOKS_EVERY);
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

    fn next(news: &Receiver<ContactNews>) -> ContactNews {
        news.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    #[test]
    fn the_contact_follows_the_call_and_the_last_wish_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (told, news) = mpsc::channel();
        let contact = Contact::start(script(&folder, "echo $2 >> $1"), move |said| told.send(said).unwrap()).unwrap();
        assert_eq!(next(&news), ContactNews::Works);
        let said = || std::fs::read_to_string(folder.path().join("said")).unwrap();
        assert_eq!(said(), "open\n");
        contact.set(true);
        let until = Instant::now() + Duration::from_secs(5);
        while said() != "open\nclosed\n" {
            assert!(Instant::now() < until, "{}", said());
            std::thread::sleep(LOOKS_EVERY);
        }
        contact.set(false);
        while !said().ends_with("closed\nopen\n") {
            assert!(Instant::now() < until, "{}", said());
            std::thread::sleep(LOOKS_EVERY);
        }
    }

    #[test]
    fn a_fault_on_the_way_leaves_the_contact_as_the_call_wants_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut faults = 1;
        let contact = Contact::start(script(&folder, "echo $2 >> $1"), move |_| {
            faults -= 1;
            assert!(faults < 0, "a fault that is planted");
        });
        let contact = contact.unwrap();
        contact.set(true);
        let said = || std::fs::read_to_string(folder.path().join("said")).unwrap_or_default();
        let until = Instant::now() + Duration::from_secs(10);
        while !said().ends_with("closed\n") {
            assert!(Instant::now() < until, "{}", said());
            std::thread::sleep(LOOKS_EVERY);
        }
    }

    #[test]
    fn a_command_that_fails_is_told_once_and_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let (told, news) = mpsc::channel();
        let command = script(&folder, "test -e $1.now");
        let _contact = Contact::start(command, move |said| told.send(said).unwrap()).unwrap();
        assert!(matches!(next(&news), ContactNews::Fails(_)));
        std::fs::write(folder.path().join("said.now"), "").unwrap();
        assert_eq!(next(&news), ContactNews::Works);
        let missing = ContactCommand { program: folder.path().join("nowhere"), arguments: Vec::new() };
        let (told, news) = mpsc::channel();
        let _contact = Contact::start(missing, move |said| told.send(said).unwrap()).unwrap();
        assert!(matches!(next(&news), ContactNews::Fails(why) if why.contains("[contact]")));
    }
}
