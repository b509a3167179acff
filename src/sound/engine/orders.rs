//! Owns what is asked of an engine and what it tells: values that cross into the audio callback without anything on the
//! heap that is freed there. Does not own how they are followed.

use std::sync::atomic::AtomicU64;

use std::sync::Arc;

use rtrb::{Consumer, Producer};

use crate::room::breath::Pattern;

use super::deck::Deck;
use super::signals::Signal;
use crate::sound::beds::Bed;
use crate::sound::score::ScoreAim;

/// Where every gain should go: a mix as the callback takes it, without anything on the heap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Amplitude of the tracks.
    pub music: f32,
    /// Seconds in which score and tracks change over.
    pub crossfade_s: f32,
    /// The score, if any; its level is taken from `score_gain`.
    pub score: Option<ScoreAim>,
    /// Amplitude of the score.
    pub score_gain: f32,
    /// The beds, each with its amplitude.
    pub beds: [Option<(Bed, f32)>; 2],
    /// Pattern, start on the stream's clock in seconds, amplitude.
    pub breath: Option<(Pattern, f64, f32)>,
    /// Whether the beds move with the breath.
    pub swell: bool,
    /// Amplitude of all but the signals.
    pub volume: f32,
    /// Amplitude of all but the signals while something else is to be heard.
    pub duck: f32,
    /// Whether all but the signals is silent.
    pub held: bool,
    /// Amplitude of signals that keep to the patient's level.
    pub signal: f32,
    /// Amplitude of signals that are to carry.
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
            held: false,
            signal: 0.0,
            chime: 0.0,
        }
    }
}

/// What the controlling thread asks for.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Move towards these levels.
    Levels(Levels),
    /// Sound this once.
    Signal(Signal),
    /// Fade everything out within so many frames, for good.
    Close(u32),
}

/// What the reading thread asks for.
#[derive(Debug)]
pub enum DeckOrder {
    /// Go over to this deck now.
    Play {
        /// The deck.
        deck: Deck,
        /// Length of the crossfade.
        fade_frames: u32,
    },
    /// Go over to this deck when the present one comes to its end.
    Queue(Deck),
    /// Give back the deck that waits.
    Recall,
    /// No tracks.
    Silence {
        /// Length of the fade.
        fade_frames: u32,
    },
}

/// What the callback tells the others.
#[derive(Debug, Default)]
pub struct Progress {
    /// Number of the deck that plays; 0 before the first.
    pub playing: AtomicU64,
}

/// The ends of the rings by which decks reach an engine and come back from it.
#[derive(Debug)]
pub struct DeckPort {
    /// Decks for the engine.
    pub orders: Producer<DeckOrder>,
    /// Decks that the engine is done with.
    pub returned: Consumer<Deck>,
    /// What the engine is playing.
    pub progress: Arc<Progress>,
    /// The engine's rate.
    pub rate_hz: u32,
}

/// The ends of an engine's rings.
#[derive(Debug)]
pub struct EngineLink {
    /// For the controlling thread.
    pub orders: Producer<Order>,
    /// For the reading thread.
    pub decks: DeckPort,
}
