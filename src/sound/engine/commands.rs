//! Owns the commands and reports that cross between the audio callback and other threads. The callback must not free
//! memory, so it sends decks and instruments back instead of dropping them. Does not own the execution of commands.

use std::sync::atomic::AtomicU64;

use std::sync::Arc;

use rtrb::{Consumer, Producer};

use crate::room::breath::BreathPattern;

use super::deck::Deck;
use crate::sound::score::{SampledInstrument, ScoreAim};
use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::Bed;

/// A mix, apart from its tracks, in a form for the audio callback: with gains instead of levels in dB, and without heap
/// memory.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that the engine ramps on its own")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Amplitude of the tracks.
    pub music: f32,
    /// Length of the crossfade between score and tracks, in seconds.
    pub crossfade_s: f32,
    /// The score, if any. Its level is ignored in favour of `score_gain`.
    pub score: Option<ScoreAim>,
    /// Amplitude of the score.
    pub score_gain: f32,
    /// The beds, each with its amplitude.
    pub beds: [Option<(Bed, f32)>; 2],
    /// Breathing pattern, its start in seconds on the stream's clock, and the amplitude of its sound.
    pub breath: Option<(BreathPattern, f64, f32)>,
    /// Whether the beds sea, wind and fire follow the breath.
    pub swell: bool,
    /// Amplitude of the programme, which is everything but the signals.
    pub volume: f32,
    /// Gain of the programme while it is ducked for a call, *talk now* or presence; 1 otherwise.
    pub duck: f32,
    /// Gain of the programme while staff have calmed the room; 1 otherwise.
    pub calm: f32,
    /// Whether tracks and score are faded out, so that they do not cover the beds. They keep playing, unheard.
    pub bed_alone: bool,
    /// Whether the programme is to fade to silence and then pause.
    pub held: bool,
    /// Tone of the programme; see [`crate::sound::Options::tone`].
    pub tone: i8,
    /// Whether the programme is crossfed for headphones.
    pub crossfeed: bool,
    /// Amplitude of signals for which [`Signal::carries`] is false.
    pub signal: f32,
    /// Amplitude of signals for which [`Signal::carries`] is true.
    pub chime: f32,
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            music: 1.0,
            crossfade_s: 0.0,
            score: None,
            score_gain: 0.0,
            beds: [None; 2],
            breath: None,
            swell: false,
            volume: 0.0,
            duck: 1.0,
            calm: 1.0,
            bed_alone: false,
            held: false,
            tone: 0,
            crossfeed: false,
            signal: 0.0,
            chime: 0.0,
        }
    }
}

/// A command from the thread that controls the engine.
#[derive(Clone, Copy, Debug)]
pub enum EngineCommand {
    /// Move to these levels.
    Levels(Levels),
    /// Play this signal once.
    Signal(Signal),
    /// Fade everything out within this number of frames, for good.
    Close(u32),
}

/// A command from the thread that reads tracks.
#[derive(Debug)]
pub enum DeckCommand {
    /// Crossfade to this deck now.
    Play {
        /// The new deck.
        deck: Deck,
        /// Length of the crossfade.
        fade_frames: u32,
    },
    /// Crossfade to this deck as the current one nears its end.
    Queue(Deck),
    /// Return the queued deck through [`DeckPort::returned`] without playing it.
    Recall,
    /// Fade the current deck out and play none.
    Silence {
        /// Length of the fade.
        fade_frames: u32,
    },
}

/// What the callback reports to the reading thread through atomics instead of a queue.
#[derive(Debug, Default)]
pub struct DeckProgress {
    /// Number of the deck that was last started; 0 until the first one starts.
    pub playing: AtomicU64,
}

/// The reading thread's ends of the queues that take decks and instruments to an engine and back.
#[derive(Debug)]
pub struct DeckPort {
    /// Commands for the engine.
    pub commands: Producer<DeckCommand>,
    /// Decks that the engine has finished with.
    pub returned: Consumer<Deck>,
    /// Recorded instruments for the score.
    pub instruments: Producer<Box<SampledInstrument>>,
    /// Instruments that the score no longer needs.
    pub unneeded: Consumer<Box<SampledInstrument>>,
    /// The deck that the engine last started.
    pub progress: Arc<DeckProgress>,
    /// The engine's sample rate.
    pub rate_hz: u32,
}

/// The other threads' ends of an engine's queues.
#[derive(Debug)]
pub struct EngineLink {
    /// Commands from the thread that controls the engine.
    pub commands: Producer<EngineCommand>,
    /// The queues of the thread that reads tracks.
    pub decks: DeckPort,
}
