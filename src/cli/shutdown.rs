//! Owns how a room's process ends (the fade-out of the sound, the flushing of output and the exit code) and how a new
//! process replaces it. Does not own the recovery in the new process (`driver`).

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{FAILED, renderer};
use crate::driver::LoopFault;
use crate::driver::journal::Journal;
use crate::headless;
use crate::sound::SoundHandle;
use crate::stdio::{self, StandardStream, print_error};
use crate::widget::place::Backend;
use crate::wiring::Handover;

/// Duration of the sound's fade-out before the program ends.
pub(super) const SOUND_FADE: Duration = Duration::from_millis(300);
/// Time limit for writing pending lines to the standard streams before the program ends or is replaced.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(300);
/// Time limit for writing pending journal records before the program ends.
const SAVE_TIMEOUT: Duration = Duration::from_millis(400);
/// Minimum time from a fault of the room's loop to the end of the program. It gives refusals time to reach the senders
/// of pending events.
const REFUSAL_TIME: Duration = Duration::from_millis(300);
/// Maximum time from a fault of the room's loop to the end of the program, even if something hangs.
const EXIT_TIMEOUT: Duration = Duration::from_millis(900);
/// The environment variable that tells a new process that the previous process began a wipe.
pub(super) const WIPING: &str = "STILLROOM_WIPING";

/// Everything that has to be shut down before the process ends.
#[derive(Clone)]
pub(super) struct Shutdown {
    pub sound: SoundHandle,
    pub journal: Arc<Journal>,
    pub out: StandardStream,
    pub is_headless: bool,
}

impl Shutdown {
    /// Shuts the program down cleanly once a supervisor or a person sends SIGTERM or SIGINT.
    pub(super) async fn on_signal(self) {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            tracing::warn!("signals cannot be received; the program will end without fading out the sound");
            return;
        };
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Blocking the runtime is harmless here, because the process is about to end.
        self.sound.stop_within(SOUND_FADE);
        if !self.journal.wait_until_written(SAVE_TIMEOUT) {
            tracing::error!("the disk does not respond; the last records of the journal may be lost");
        }
        self.journal.record_clean_exit();
        self.exit(0)
    }

    /// Ends the program after a fault of the room's loop. Without the loop, touches have no effect, so the program ends
    /// and its supervisor restarts it. Until then, the window shows its last frame.
    pub(super) fn on_fault(&self, fault: &LoopFault) {
        let since = Instant::now();
        let started = std::thread::Builder::new().name("end".to_owned()).spawn(|| {
            std::thread::sleep(EXIT_TIMEOUT);
            std::process::exit(FAILED.into());
        });
        if started.is_err() {
            std::process::exit(FAILED.into());
        }
        let message = "the room's loop has ended because of a fault in the program; the program exits, to be restarted";
        print_error(&message);
        if self.is_headless {
            headless::say_error(&self.out, &message);
        }
        fault.save(SAVE_TIMEOUT);
        self.sound.stop_within(SOUND_FADE);
        // If no sound is playing, the fade-out takes no time, and the program would end before the refusals arrive.
        std::thread::sleep(REFUSAL_TIME.saturating_sub(since.elapsed()));
        self.exit(FAILED)
    }

    fn exit(&self, code: u8) -> ! {
        self.out.flush_within(FLUSH_TIMEOUT);
        stdio::stderr().flush_within(FLUSH_TIMEOUT);
        std::process::exit(code.into());
    }
}

/// Replaces this process with a new process whose window draws with this backend. Returns only on failure.
pub(super) fn restart_with(backend: Backend) -> ExitCode {
    let error = replace_process(&renderer::environment(backend));
    print_error(&format!("the program could not restart itself: {error}; set {}", renderer::ICED_BACKEND));
    ExitCode::from(FAILED)
}

/// Returns a function that replaces this process with a new one. The new process finishes the wipe, even if the journal
/// could not record that the wipe has begun.
pub(super) fn relaunch(out: StandardStream) -> Box<dyn Fn(Handover) -> io::Error + Send> {
    Box::new(move |handover| {
        out.flush_within(FLUSH_TIMEOUT);
        replace_process(&[(WIPING, handover.name())])
    })
}

/// Replaces this process with a new process that runs the same program with the same arguments. Returns only on
/// failure.
pub(super) fn replace_process(environment: &[(&str, &str)]) -> io::Error {
    use std::os::unix::process::CommandExt;
    // If the program's file was replaced on disk, for example by an update, the running program is still reachable
    // through /proc.
    let program = std::env::current_exe().ok().filter(|path| path.exists());
    let program = program.unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
    let mut arguments = std::env::args_os();
    let mut command = std::process::Command::new(program);
    command.arg0(arguments.next().unwrap_or_default()).args(arguments);
    // Only the process that finishes the wipe may see this variable. If that process restarts later for a different
    // reason, the restart must not wipe.
    command.env_remove(WIPING).envs(environment.iter().copied());
    stdio::stderr().flush_within(FLUSH_TIMEOUT);
    command.exec()
}
