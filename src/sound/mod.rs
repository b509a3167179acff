//! Owns the mix, the sound's options and events, the handle through which the room's driver controls the sound, and the
//! conversion of a mix to the engine's levels. Does not own the choice of what is heard at a given time, which is a
//! pure function of the snapshot, the profile and the time (`driver::mix`).
//!
//! ```text
//! set_mix, signal ─▶ output thread ─queue─▶ engine (one source, in the audio callback) ─▶ output
//!                          └─▶ reading thread ─ring buffers of decoded frames─▶ decks in the engine
//! ```

mod beds;
mod dsp;
mod engine;
mod offline;
mod output;
#[cfg(test)]
mod proof;
pub mod score;
#[cfg(test)]
mod tests;
mod tracks;

use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::warn;

use crate::room::breath::BreathPattern;

pub use offline::{
    COMPOSED_RATE_HZ, ComposedPiece, Depth, RATE_HZ as RENDERED_RATE_HZ, RenderError, RenderReport, WavWriter, compose,
    render, render_to,
};
pub use output::{CalibratedOutput, OutputHealth, OutputName, output_missing, outputs};
pub use score::{ScoreAim, ScoreShape};
pub use tracks::clips::{WrongClip, check_clips};
pub use tracks::decode::decodes_here;
pub use tracks::instruments::{WrongInstrument, check_instruments};
pub use tracks::{
    FileTags, LoudnessLibrary, MeasuredLoudness, ScanProgress, TARGET_LUFS, Track, read_tags, resampling_noise_db,
    try_track,
};

use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::{Bed, CROSSFADE_MAX_S, CROSSFADE_S};
use dsp::ramp::db_to_gain;
use engine::{ClipBank, DeckPort};
use output::{DeckFeed, OutputCommand, SoundState};
use tracks::TrackRequest;
use tracks::clips::spawn_clip_reader;
use tracks::thread::{ReaderEvents, ReaderThread};

/// Gain of everything but the signals while staff have calmed the room, in dB.
pub const CALM_DB: f32 = -9.0;

/// What should be heard now. The engine moves to it in ramps; setting the same mix again has no effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// The playlist of the current part, repeated endlessly; empty if no track should play. When the list changes, a
    /// playing track that is also in the new list keeps playing. Tracks already heard in this session come last.
    pub tracks: Vec<Track>,
    /// Number that identifies the session. When it changes, every track except the one playing counts as not yet heard.
    pub session: u64,
    /// Length of the crossfade from one track to the next and between tracks and score, 0 to [`CROSSFADE_MAX_S`]
    /// seconds.
    pub crossfade_s: f32,
    /// Total number of skips requested so far. When it increases by *n*, the music crossfades to the *n*th piece that
    /// would have followed, where a piece is a track or several joined tracks.
    pub skips: u32,
    /// Level of the tracks in dB, at most 0.
    pub music_db: f32,
    /// The generative score, if it plays. It crossfades with the tracks when it starts or stops.
    pub score: Option<ScoreAim>,
    /// Up to two nature beds, each with its level in dB, at most 0.
    pub beds: [Option<(Bed, f32)>; 2],
    /// The audible breathing pacer. At a level of minus infinity it is silent, but the beds can still follow it.
    pub breath: Option<BreathSound>,
    /// Whether the beds sea, wind and fire follow `breath` instead of moving by themselves.
    pub swell_bed: bool,
    /// The patient's volume in dB relative to full scale, already limited by the room's cap.
    pub volume_db: f32,
    /// Whether silence was asked for. Everything but the signals then fades out and pauses.
    pub held: bool,
    /// Gain in dB, at most 0, by which everything but the signals is ducked for a call, *talk now* or presence.
    pub ducked_db: f32,
    /// Whether staff have calmed the room. Within four seconds, everything but the signals then drops by [`CALM_DB`],
    /// and if a bed plays, tracks and score fade out so that they do not cover it.
    pub calmed: bool,
}

impl Default for Mix {
    /// Returns a silent mix.
    fn default() -> Self {
        Self {
            tracks: Vec::new(),
            session: 0,
            crossfade_s: CROSSFADE_S,
            skips: 0,
            music_db: 0.0,
            score: None,
            beds: [None; 2],
            breath: None,
            swell_bed: false,
            volume_db: -30.0,
            held: false,
            ducked_db: 0.0,
            calmed: false,
        }
    }
}

/// The audible breathing pacer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreathSound {
    /// The breathing pattern.
    pub pattern: BreathPattern,
    /// Start of the first in-breath; the screen animates from the same instant.
    pub started: Instant,
    /// Level in dB, at most 0.
    pub level_db: f32,
}

/// Settings of the sound that do not change while it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Seed of the beds and of the breath's noise. The same seed gives the same samples.
    pub seed: u64,
    /// Measured loudness of the tracks, used to match their levels.
    pub loudness: LoudnessLibrary,
    /// Period of the output in milliseconds, 10 to 200. At 48 ms, a call tone is heard within 300 ms, and the audio
    /// thread wakes up 21 times per second.
    pub period_ms: u32,
    /// Lower limit of the signals' level in dB relative to full scale. Signals follow the patient's volume down to this
    /// level and no further, because the answer to a call must be heard.
    pub signal_floor_db: f32,
    /// Output for everything but the corridor's chime, by a name from [`outputs`]. No other output ever takes its
    /// place. With `None`, sound comes out of the output that the room is calibrated for or, in a room without a
    /// calibration, of the system default.
    pub device: Option<String>,
    /// Output for the chime of [`Signal::NoDesk`] in the corridor. With `None`, the chime sounds on the patient's
    /// output only, at the level of the other signals.
    pub chime_device: Option<String>,
    /// Level of the chime on `chime_device`, in dB relative to full scale; `None` means −6 dB. The level never applies
    /// to the patient's output.
    pub chime_db: Option<f32>,
    /// The output that the room was calibrated for. If neither of its fields is set, the first of the sound server's
    /// outputs to be used counts as calibrated.
    pub calibrated: CalibratedOutput,
    /// Folder of the clinic's recorded clips, `media/voice`, with a subfolder per language. Without it, every signal
    /// plays its tones.
    pub voice_dir: Option<PathBuf>,
    /// Folder of the recorded instruments, `media/instruments`. Without it, the score is synthesised.
    pub instruments_dir: Option<PathBuf>,
    /// RMS level of [`Signal::MeterTone`] in dB relative to full scale.
    pub reading_db: f32,
    /// Maximum patient volume in dB relative to full scale while staff allow an output other than the one in
    /// `calibrated`.
    pub unmeasured_volume_db: f32,
    /// Tone of everything but the signals, from [`TONE_MIN`](crate::vocabulary::sound::TONE_MIN), warmest, to
    /// [`TONE_MAX`](crate::vocabulary::sound::TONE_MAX), clearest. At 0, the sound is as it was recorded.
    pub tone: i8,
    /// Whether everything but the signals is crossfed, for rooms in which patients wear headphones.
    pub crossfeed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            loudness: LoudnessLibrary::off(),
            period_ms: 48,
            signal_floor_db: -26.0,
            device: None,
            chime_device: None,
            chime_db: None,
            calibrated: CalibratedOutput::default(),
            voice_dir: None,
            instruments_dir: None,
            reading_db: -30.0,
            unmeasured_volume_db: -40.0,
            tone: 0,
            crossfeed: false,
        }
    }
}

/// An event that the sound reports to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoundEvent {
    /// There is no usable output, the output was lost, or a fault in the program interrupted the sound. While there is
    /// no output, the sound checks every second whether the outputs have changed.
    DeviceLost {
        /// What went wrong.
        why: String,
    },
    /// An output on which sound is allowed is available, for the first time or again.
    DeviceBack,
    /// Sound would come out of an output or port that the room is not calibrated for, for example because a plug was
    /// pulled. Everything on this output is muted, signals too, until the calibrated output is back or
    /// [`SoundHandle::accept_output`] is called.
    OutputNotCalibrated {
        /// The output, by its name in [`outputs`].
        output: String,
        /// The active port of the output; `None` if the output has no ports.
        port: Option<String>,
    },
    /// [`SoundEvent::OutputNotCalibrated`] no longer applies: sound fades in again on an output where it is allowed, or
    /// the output was lost altogether, so that [`SoundEvent::DeviceLost`] applies.
    OutputCalibrated,
    /// Staff allowed an output other than the one in [`Options::calibrated`]. Nobody has measured its level, so the
    /// patient's volume is limited to [`Options::unmeasured_volume_db`] there.
    OutputUnmeasured {
        /// The output, by its name in [`outputs`].
        output: String,
    },
    /// Sound no longer comes out of an unmeasured output.
    OutputMeasured,
    /// The corridor's chime has no output. The sound looks for one every 20 seconds and whenever the chime should
    /// sound.
    ChimeLost {
        /// What went wrong.
        why: String,
    },
    /// The corridor's chime has an output again.
    ChimeBack,
    /// A clip could not be used; the signal's tones replace it.
    ClipSkipped {
        /// The file, or the folder if the clips in it could not be read.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A recorded instrument could not be used; synthesised tones replace it.
    InstrumentSkipped {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A track was skipped or ended early. The music continues with the next track.
    TrackSkipped {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No track of the current list can be played, or a fault in the program interrupted the reading of tracks. The
    /// rest of the mix continues. Unplayable tracks are tried again every 30 seconds; after a fault, the reading
    /// restarts.
    TracksGone,
    /// A track can be played again.
    TracksBack,
}

/// Handle of the sound. All clones control the same sound. When the last of them is dropped, the sound fades out and
/// its output closes.
#[derive(Clone)]
pub struct SoundHandle {
    shared: Arc<SoundState>,
    clips: Arc<ClipBank>,
    commands: SyncSender<OutputCommand>,
    /// The output thread holds a weak reference, and closes the output when the last handle is dropped.
    _alive: Arc<()>,
}

/// Capacity of the command queue. Mixes are not queued, since only the latest one counts.
const COMMANDS: usize = 64;

impl SoundHandle {
    /// Starts the sound. Never fails: without an output it reports [`SoundEvent::DeviceLost`], and checks every second
    /// whether the outputs have changed. `on_event` is called on the sound's own thread and should return quickly.
    /// If the system cannot start that thread, `on_event` is called once, on the caller's thread, and there is no sound.
    pub fn start(options: Options, on_event: impl Fn(SoundEvent) + Send + Sync + 'static) -> Self {
        let shared = Arc::new(SoundState::new());
        let (commands, inbox) = sync_channel(COMMANDS);
        let alive = Arc::new(());
        let clips = Arc::new(ClipBank::empty());
        let on_event: output::EventSink = Arc::new(on_event);
        let tell = queue_event(&commands);
        spawn_clip_reader(&clips, options.voice_dir.clone(), move |WrongClip { path, why }| {
            tell(SoundEvent::ClipSkipped { path, why });
        });
        let reports = ReaderEvents {
            supervisor: Arc::clone(&on_event),
            reader: Arc::new(queue_event(&commands)),
            ended: Arc::new({
                let commands = commands.clone();
                // Fails only once the output thread has ended, and then nothing has to be read.
                move |number| drop(commands.send(OutputCommand::ReadingEnded(number)))
            }),
        };
        let (loudness, instruments_dir) = (options.loudness.clone(), options.instruments_dir.clone());
        let new_feed = move |after_fault| -> Box<dyn DeckFeed> {
            Box::new(ReaderThread::new(loudness.clone(), instruments_dir.clone(), reports.clone(), after_fault))
        };
        let ours = (Arc::clone(&shared), Arc::clone(&clips));
        output::spawn(options, ours, Box::new(new_feed), inbox, &commands, Arc::downgrade(&alive), on_event);
        Self { shared, clips, commands, _alive: alive }
    }

    /// Creates a sound without threads or output, for tests of screens.
    #[must_use]
    pub fn silent() -> Self {
        let (commands, _) = sync_channel(1);
        let (shared, clips) = (Arc::new(SoundState::new()), Arc::new(ClipBank::empty()));
        Self { shared, clips, commands, _alive: Arc::new(()) }
    }

    /// Sets the mix that should be heard from now on. Returns without waiting.
    pub fn set_mix(&self, mix: Mix) {
        {
            let mut set = self.shared.mix.lock().unwrap_or_else(PoisonError::into_inner);
            *set = (set.0 + 1, mix);
        }
        // If the queue is full, the output thread is about to look for a new mix anyway.
        let _ = self.commands.try_send(OutputCommand::MixChanged);
    }

    /// Plays `signal` once, unaffected by ducking and holding. Without an output it is dropped, not delayed. On the
    /// corridor's own output, however, a chime that failed is tried again for as long as one chime lasts.
    pub fn signal(&self, signal: Signal) {
        self.send(OutputCommand::Signal(signal));
    }

    /// Sends a command, or logs a warning if the queue is full. A closed queue causes no warning: it means that the
    /// sound has been stopped, or was silent from the start.
    fn send(&self, command: OutputCommand) {
        if let Err(TrySendError::Full(_)) = self.commands.try_send(command) {
            warn!("a command to the sound was lost, because the sound's thread accepts none");
        }
    }

    /// Selects the language of spoken signals, by the name of its folder in `media/voice`. The clip for
    /// [`Signal::SomeoneComing`] names `clinician` if the clinic has recorded that name. Signals without a clip play
    /// tones. Returns without waiting.
    pub fn select_voice(&self, language: &str, clinician: Option<&str>) {
        self.clips.select(language, clinician);
    }

    /// Allows sound on the current output from now on, after staff have checked that output.
    pub fn accept_output(&self) {
        self.send(OutputCommand::AcceptOutput);
    }

    /// Returns statistics about the output: counts and the largest clock error since the start, and the latest
    /// measured latency.
    #[must_use]
    pub fn health(&self) -> OutputHealth {
        self.shared.health()
    }

    /// Returns the time since the output last requested audio; `None` if it never did.
    #[must_use]
    pub fn last_buffer_age(&self) -> Option<Duration> {
        self.shared.last_buffer_age()
    }

    /// Fades out and closes the output within `limit`, before the process re-executes or exits.
    pub fn stop_within(&self, limit: Duration) {
        let until = Instant::now() + limit;
        let (done, closed) = sync_channel(1);
        let mut stop = OutputCommand::Stop { within: limit, done };
        // The output thread may hang in a driver. The process exits regardless, and the output closes with it.
        loop {
            match self.commands.try_send(stop) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) if Instant::now() < until => stop = back,
                Err(_) => return,
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = closed.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

/// Returns a function that queues an event for the output thread and waits while the queue is full. This cannot
/// deadlock, because the output thread never waits for the threads that report events. Once the output thread has
/// ended, events are dropped.
fn queue_event(commands: &SyncSender<OutputCommand>) -> impl Fn(SoundEvent) + Send + Sync + 'static {
    let commands = commands.clone();
    move |event| drop(commands.send(OutputCommand::Event(event)))
}

/// Lets the output thread control the thread that reads tracks.
impl DeckFeed for ReaderThread {
    fn restart_if_due(&mut self, now: Instant) -> bool {
        Self::restart_if_due(self, now)
    }

    fn connect(&mut self, decks: DeckPort) {
        Self::connect(self, decks);
    }

    fn follow(&mut self, mix: &Mix) {
        self.set_request(TrackRequest::of(mix));
    }

    fn on_ended(&mut self, number: u64) {
        Self::on_ended(self, number);
    }

    #[cfg(test)]
    fn panic(&mut self) {
        Self::panic(self);
    }
}

/// Returns the amplitude of the signals. It follows the patient's volume between two limits, because a signal must
/// always be heard and never startle.
fn signal_gain(volume_db: f32, options: &Options) -> f32 {
    db_to_gain((volume_db + 3.0).clamp(options.signal_floor_db.min(-12.0), -12.0))
}

/// Converts the levels of a mix from dB to gains, and its instants to seconds since `epoch`.
fn levels_of(mix: &Mix, epoch: Instant, options: &Options) -> engine::Levels {
    levels_within(mix, 0.0, epoch, options)
}

/// Converts a mix as [`levels_of`] does, but limits the patient's volume to `most_db`.
fn levels_within(mix: &Mix, most_db: f32, epoch: Instant, options: &Options) -> engine::Levels {
    let volume_db = mix.volume_db.min(most_db);
    engine::Levels {
        music: db_to_gain(mix.music_db),
        crossfade_s: mix.crossfade_s.clamp(0.0, CROSSFADE_MAX_S),
        score: mix.score,
        score_gain: mix.score.map_or(0.0, |aim| db_to_gain(aim.level_db)),
        beds: mix.beds.map(|bed| bed.map(|(bed, level_db)| (bed, db_to_gain(level_db)))),
        breath: mix.breath.map(|breath| {
            let origin_s = match breath.started.checked_duration_since(epoch) {
                Some(later) => later.as_secs_f64(),
                None => -epoch.duration_since(breath.started).as_secs_f64(),
            };
            (breath.pattern, origin_s, db_to_gain(breath.level_db))
        }),
        swell: mix.swell_bed,
        volume: db_to_gain(volume_db),
        duck: db_to_gain(mix.ducked_db),
        calm: if mix.calmed { db_to_gain(CALM_DB) } else { 1.0 },
        bed_alone: mix.calmed && mix.beds.iter().any(Option::is_some),
        held: mix.held,
        tone: options.tone,
        crossfeed: options.crossfeed,
        signal: signal_gain(volume_db, options),
        // The chime is loud on the corridor's output only. On the patient's output it is as soft as the other signals.
        chime: signal_gain(volume_db, options),
    }
}
