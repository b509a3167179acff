//! Owns the messages to the output thread, from the handle and from every other thread of the sound. Does not own their
//! handling (`keeper`).

use std::sync::mpsc::SyncSender;
use std::time::Duration;

use super::calibration::OutputRoute;
use crate::sound::SoundEvent;
use crate::vocabulary::signal::Signal;

/// A message to the output thread.
pub enum OutputCommand {
    /// There is a new mix in [`SoundState`](super::SoundState).
    MixChanged,
    /// Play this signal once.
    Signal(Signal),
    /// A stream has failed.
    StreamFailed {
        /// Number of the stream. A report that arrives after the next stream has been opened is ignored.
        stream: u64,
        /// What the system reported.
        why: String,
    },
    /// A stream on the sound server has learned its route, that is, where its sound comes out.
    RouteSeen {
        /// Number of the stream.
        stream: u64,
        /// The output and port in use.
        route: OutputRoute,
        /// Whether sound may come out there; if not, the stream is silent.
        allowed: bool,
    },
    /// Staff accepted the current output.
    AcceptOutput,
    /// The corridor's output is missing or available again.
    ChimeOutput {
        /// Why the chime cannot sound; `None` if it can.
        missing: Option<String>,
    },
    /// An event from a thread that reads tracks or clips.
    Event(SoundEvent),
    /// The reading thread with this number ended in a panic.
    ReadingEnded(u64),
    /// Makes the output thread or the reading thread panic.
    #[cfg(test)]
    Panic {
        /// Whether the reading thread panics; otherwise the output thread does.
        of_reading: bool,
    },
    /// Fade out, close and confirm.
    Stop {
        /// Time limit for fading out and closing.
        within: Duration,
        /// Signalled when the output is closed.
        done: SyncSender<()>,
    },
}
