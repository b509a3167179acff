//! Owns what reaches the device thread, from the handle and from every other thread of the sound.

use std::sync::mpsc::SyncSender;
use std::time::Duration;

use super::calibration::Place;
use crate::sound::News;
use crate::sound::engine::Signal;

/// What reaches the device thread.
pub enum Command {
    /// The mix in [`Shared`] is new.
    MixChanged,
    /// Sound this once.
    Signal(Signal),
    /// A stream cannot go on.
    StreamFailed {
        /// Which one: a broken stream may be told of after the next was opened.
        stream: u64,
        /// What the system said.
        why: String,
    },
    /// Where a stream's sound comes out was looked at.
    PlaceSeen {
        /// Which stream's.
        stream: u64,
        /// Where.
        place: Place,
        /// Whether the room is calibrated for it; the stream is silent otherwise.
        allowed: bool,
    },
    /// Somebody looked: sound may come out where the output now is.
    AcceptOutput,
    /// The corridor's output is missing, or is there again.
    ChimeOutput {
        /// Why no chime can sound there.
        missing: Option<String>,
    },
    /// What a thread that reads tracks or clips has to tell.
    Tell(News),
    /// A fault of the program ended the reading thread of this number.
    ReadingEnded(u64),
    /// Be a fault, of the device thread or of the reading one.
    #[cfg(test)]
    Panic {
        /// Which.
        of_reading: bool,
    },
    /// Fade out, close, and say so.
    Stop {
        /// At most this long.
        within: Duration,
        /// Told when the output is closed.
        done: SyncSender<()>,
    },
}
