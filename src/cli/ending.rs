//! Owns how a room's process ends or gives its place to a fresh one: what fades, what is still said, and the exit code.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{FAILED, renderer};
use crate::driver::Fault;
use crate::driver::journal::Journal;
use crate::headless;
use crate::output::{self, Output, complain};
use crate::sound::SoundHandle;
use crate::widget::place::Backend;
use crate::wiring::Handover;

/// The sound fades out for so long before the program ends.
pub(super) const FADES_WITHIN: Duration = Duration::from_millis(300);
/// Lines on standard output are written within so long before the program ends or starts afresh.
const FLUSHES_WITHIN: Duration = Duration::from_millis(300);
/// What was handed to the journal is on disk within so long before the program ends.
const SAVES_WITHIN: Duration = Duration::from_millis(400);
/// After a fault, whoever told the room something has this time to hear that nobody took it.
const ANSWERS_WITHIN: Duration = Duration::from_millis(300);
/// After a fault of the room's loop the program has ended within so long, whatever hangs.
const ENDS_WITHIN: Duration = Duration::from_millis(900);
/// Tells a fresh process that the one before it began a wipe.
pub(super) const WIPING: &str = "STILLROOM_WIPING";

/// What is done before the process ends by itself.
#[derive(Clone)]
pub(super) struct End {
    pub sound: SoundHandle,
    pub journal: Arc<Journal>,
    pub out: Output,
    pub is_headless: bool,
}

impl End {
    /// A supervisor or a person asks for the end.
    pub(super) async fn on_signal(self) {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            tracing::warn!("signals cannot be heard; the program ends without fading the sound out");
            return;
        };
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Blocking is right here: this is the last thing the process does.
        self.sound.stop_within(FADES_WITHIN);
        if !self.journal.wait_until_written(SAVES_WITHIN) {
            tracing::error!("the disk does not answer; what was handed to the journal last may be lost");
        }
        self.journal.note_good_end();
        self.leave(0)
    }

    /// The room's loop has ended. Nobody takes a touch any more, so the supervisor is to start the program again: until
    /// then the picture holds still, and the sound fades.
    pub(super) fn by_fault(&self, fault: &Fault) {
        let since = Instant::now();
        let started = std::thread::Builder::new().name("end".to_owned()).spawn(|| {
            std::thread::sleep(ENDS_WITHIN);
            std::process::exit(FAILED.into());
        });
        if started.is_err() {
            std::process::exit(FAILED.into());
        }
        let said = "the room's loop has ended by a fault of the program; the program ends, to be started again";
        complain(&said);
        if self.is_headless {
            headless::say_error(&self.out, &said);
        }
        fault.save(SAVES_WITHIN);
        self.sound.stop_within(FADES_WITHIN);
        // Where there is no sound to fade, the end would come before the answers.
        std::thread::sleep(ANSWERS_WITHIN.saturating_sub(since.elapsed()));
        self.leave(FAILED)
    }

    fn leave(&self, code: u8) -> ! {
        self.out.flush_within(FLUSHES_WITHIN);
        output::errors().flush_within(FLUSHES_WITHIN);
        std::process::exit(code.into());
    }
}

pub(super) fn start_again_with(backend: Backend) -> ExitCode {
    let error = replace_process(&renderer::environment(backend));
    complain(&format!("the program could not start itself anew: {error}; set {}", renderer::ICED_BACKEND));
    ExitCode::from(FAILED)
}

/// A new process in this one's place, which finishes the wipe even if the journal could not be told of it.
pub(super) fn relaunch(out: Output) -> Box<dyn Fn(Handover) -> io::Error + Send> {
    Box::new(move |handover| {
        out.flush_within(FLUSHES_WITHIN);
        replace_process(&[(WIPING, handover.name())])
    })
}

/// Puts a new process of this program in this one's place, with the same arguments. Comes back only with what went
/// wrong.
pub(super) fn replace_process(environment: &[(&str, &str)]) -> io::Error {
    use std::os::unix::process::CommandExt;
    // A program that was replaced on disk while it ran is found by the process itself.
    let program = std::env::current_exe().ok().filter(|path| path.exists());
    let program = program.unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
    let mut arguments = std::env::args_os();
    let mut command = std::process::Command::new(program);
    command.arg0(arguments.next().unwrap_or_default()).args(arguments);
    // Said once and to the next process only: one that starts anew for another reason must not wipe again.
    command.env_remove(WIPING).envs(environment.iter().copied());
    output::errors().flush_within(FLUSHES_WITHIN);
    command.exec()
}
