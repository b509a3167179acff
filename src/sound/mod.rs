//! Owns the sound: what a mix is, and the handle through which the room's driver moves it. Does not own when anything
//! should be heard; that is a pure function of the snapshot and the profile, made elsewhere.
//!
//! ```text
//! set_mix, signal ─▶ device thread ─ring─▶ engine (one source, in the audio callback) ─▶ output
//!                          └─▶ reading thread ─rings of decoded frames─▶ decks in the engine
//! ```

mod bed_air;
mod bed_water;
mod beds;
mod breath_sound;
mod composer;
mod deck;
mod device;
mod dsp;
mod engine;
#[cfg(test)]
mod engine_tests;
mod hush;
mod limiter;
mod offline;
mod ramp;
mod resample;
mod signals;
mod stream;
mod tracks;
mod wav;

use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::room::breath::Pattern;

pub use beds::Bed;
pub use composer::{COMPOSED_RATE_HZ, Piece, compose};
pub use offline::{RenderError, render};
pub use signals::Signal;
pub use tracks::try_track;
pub use wav::WavWriter;

use device::{Command, Shared};

/// What should be heard now. The engine moves towards it in ramps; setting the same mix again changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// The playlist of the present part, played around and around; empty for no tracks. A track that is in both the
    /// old and the new list goes on playing.
    pub tracks: Vec<PathBuf>,
    /// How many skips have been asked for so far; a larger number crossfades to the next track.
    pub skips: u32,
    /// Level of the tracks, 0 or below.
    pub music_db: f32,
    /// The nature bed, if any.
    pub bed: Option<Bed>,
    /// Level of the bed, 0 or below.
    pub bed_db: f32,
    /// The pacer by ear. With a level of minus infinity it only leads `swell_bed`.
    pub breath: Option<BreathSound>,
    /// Sea, wind and fire rise and sink with `breath` instead of by themselves.
    pub swell_bed: bool,
    /// The patient's volume in dB below full scale, already within the room's cap.
    pub volume_db: f32,
    /// Silence, by profile, darkness or choice: all but the signals fades out, and tracks wait where they are.
    pub held: bool,
    /// How much all but the signals steps back for a call, *talk now* or presence, 0 or below.
    pub ducked_db: f32,
}

impl Default for Mix {
    /// Silence.
    fn default() -> Self {
        Self {
            tracks: Vec::new(),
            skips: 0,
            music_db: 0.0,
            bed: None,
            bed_db: 0.0,
            breath: None,
            swell_bed: false,
            volume_db: -30.0,
            held: false,
            ducked_db: 0.0,
        }
    }
}

/// The breath by ear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreathSound {
    /// The way to breathe.
    pub pattern: Pattern,
    /// When its first in-breath began; the screen draws from the same instant.
    pub started: Instant,
    /// Level, 0 or below.
    pub level_db: f32,
}

/// How the engine is set up.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The same seed gives the same beds.
    pub seed: u64,
    /// Length of a crossfade between pieces, 0.1 to 30 seconds.
    pub crossfade_s: f32,
    /// What a period of the device should last. 64 ms lets a call tone be heard within 300 ms.
    pub period_ms: u32,
    /// The lowest level of the soft signals in dB below full scale: they follow the patient's volume no further down,
    /// since an answer to a call must be heard.
    pub signal_floor_db: f32,
    /// Level of [`Signal::LineDown`] in dB below full scale, where the configuration names this output as a loudspeaker
    /// that may carry into the corridor. Without it the output may be headphones, and the chime keeps to the level of
    /// the soft signals.
    pub chime_db: Option<f32>,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, crossfade_s: 8.0, period_ms: 64, signal_floor_db: -26.0, chime_db: None }
    }
}

/// What the sound has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// There is no output, or it was lost. It is tried again every second.
    DeviceLost {
        /// What the system said.
        why: String,
    },
    /// An output is there, for the first time or again.
    DeviceBack,
    /// A file was left out.
    TrackSkipped {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// The handle of the sound. Clones lead to the same sound; when the last is gone, it fades out and closes.
#[derive(Clone)]
pub struct Sound {
    shared: Arc<Shared>,
    commands: SyncSender<Command>,
    /// The device thread holds its weak end: when the last handle goes, it closes.
    _alive: Arc<()>,
}

/// Commands that may wait for the device thread. Mixes do not queue: only the latest counts.
const COMMANDS: usize = 64;

impl Sound {
    /// Starts the sound. It never fails: without an output it says so by `news` and goes on trying every second.
    /// `news` is called from the sound's own thread and should return soon.
    pub fn start(options: Options, news: impl Fn(News) + Send + 'static) -> Self {
        let shared = Arc::new(Shared::new());
        let (commands, orders) = sync_channel(COMMANDS);
        let alive = Arc::new(());
        device::spawn(options, Arc::clone(&shared), orders, &commands, Arc::downgrade(&alive), Box::new(news));
        Self { shared, commands, _alive: alive }
    }

    /// A sound that nobody hears: no thread, no output. For screens under test.
    #[must_use]
    pub fn silent() -> Self {
        let (commands, _) = sync_channel(1);
        Self { shared: Arc::new(Shared::new()), commands, _alive: Arc::new(()) }
    }

    /// Moves towards `mix`. Returns at once.
    pub fn set_mix(&self, mix: Mix) {
        *self.shared.mix.lock().unwrap_or_else(PoisonError::into_inner) = Some(mix);
        // A full queue means that the device thread is about to look anyway.
        let _ = self.commands.try_send(Command::MixChanged);
    }

    /// Sounds `signal` once, through duck and hold. Without an output it is not made up for later.
    pub fn signal(&self, signal: Signal) {
        let _ = self.commands.try_send(Command::Signal(signal));
    }

    /// How long ago the output last asked for sound; none if it never did.
    #[must_use]
    pub fn last_buffer_age(&self) -> Option<Duration> {
        self.shared.last_buffer_age()
    }

    /// Fades out and closes the output within `limit`, before the process re-executes or ends.
    pub fn stop_within(&self, limit: Duration) {
        let (done, closed) = sync_channel(1);
        if self.commands.send(Command::Stop { within: limit, done }).is_ok() {
            let _ = closed.recv_timeout(limit);
        }
    }
}

/// What the soft signals sound at: with the patient's volume, but never below the floor nor startlingly loud.
fn signal_gain(volume_db: f32, options: &Options) -> f32 {
    ramp::gain_of_db((volume_db + 3.0).clamp(options.signal_floor_db.min(-12.0), -12.0))
}

/// A mix as gains, with instants on the clock that began at `epoch`.
fn levels_of(mix: &Mix, epoch: Instant, options: &Options) -> engine::Levels {
    engine::Levels {
        music: ramp::gain_of_db(mix.music_db),
        bed: mix.bed,
        bed_gain: ramp::gain_of_db(mix.bed_db),
        breath: mix.breath.map(|breath| {
            let origin_s = match breath.started.checked_duration_since(epoch) {
                Some(later) => later.as_secs_f64(),
                None => -epoch.duration_since(breath.started).as_secs_f64(),
            };
            (breath.pattern, origin_s, ramp::gain_of_db(breath.level_db))
        }),
        swell: mix.swell_bed,
        volume: ramp::gain_of_db(mix.volume_db),
        duck: ramp::gain_of_db(mix.ducked_db),
        held: mix.held,
        signal: signal_gain(mix.volume_db, options),
        chime: options.chime_db.map_or_else(|| signal_gain(mix.volume_db, options), ramp::gain_of_db),
    }
}
