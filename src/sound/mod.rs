//! Owns the sound: what a mix is, and the handle through which the room's driver moves it. Does not own when anything
//! should be heard; that is a pure function of the snapshot and the profile, made elsewhere.
//!
//! ```text
//! set_mix, signal ─▶ device thread ─ring─▶ engine (one source, in the audio callback) ─▶ output
//!                          └─▶ reading thread ─rings of decoded frames─▶ decks in the engine
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

use crate::room::breath::Pattern;

pub use beds::Bed;
pub use engine::Signal;
pub use offline::{
    COMPOSED_RATE_HZ, Depth, Piece, RATE_HZ as RENDERED_RATE_HZ, RenderError, Report, WavWriter, compose, render,
    render_to,
};
pub use output::{Calibrated, Health, OutputName, output_missing, outputs};
pub use score::{Character, ScoreAim, Shape};
pub use tracks::clips::{WrongClip, check_clips};
pub use tracks::decode::decodes_here;
pub use tracks::{Loudness, Measured, ScanProgress, TARGET_LUFS, Track, resampling_noise_db, try_track};

use dsp::ramp::gain_of_db;
use engine::{ClipBank, DeckPort};
use output::{Command, DeckFeed, Shared};
use tracks::Wanted;
use tracks::clips::read_apart;
use tracks::thread::{ReaderThread, Reports};

/// The crossfade between pieces where a profile says nothing, in seconds.
pub const CROSSFADE_S: f32 = 8.0;
/// The longest crossfade, in seconds.
pub const CROSSFADE_MAX_S: f32 = 60.0;

/// What should be heard now. The engine moves towards it in ramps; setting the same mix again changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// The playlist of the present part, played around and around; empty for no tracks. A track that is in both the
    /// old and the new list goes on playing, and one heard in this session waits until the others have been.
    pub tracks: Vec<Track>,
    /// Tells one person's session from the next, so that what the last one heard does not count for the next.
    pub session: u64,
    /// Length of the crossfade from one piece to the next, 0 to [`CROSSFADE_MAX_S`] seconds.
    pub crossfade_s: f32,
    /// How many skips have been asked for so far; a larger number crossfades to the next track.
    pub skips: u32,
    /// Level of the tracks, 0 or below.
    pub music_db: f32,
    /// The generative score, if it plays. Going in or out, it crossfades with the tracks.
    pub score: Option<ScoreAim>,
    /// Up to two nature beds, each with its level, 0 or below.
    pub beds: [Option<(Bed, f32)>; 2],
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
    /// How loud each track is, so that all of them sound alike.
    pub loudness: Loudness,
    /// What a period of the device should last, 10 to 200 ms. At 48 ms a call tone is heard within 300 ms, and the room
    /// wakes 21 times a second for it.
    pub period_ms: u32,
    /// The lowest level of the soft signals in dB below full scale: they follow the patient's volume no further down,
    /// since an answer to a call must be heard.
    pub signal_floor_db: f32,
    /// The output for all but the corridor's chime, by a name of [`outputs`]; none for the system's own choice. No other
    /// output takes its place.
    pub device: Option<String>,
    /// The output of [`Signal::LineDown`]'s chime that carries. Without it the chime sounds on the patient's output
    /// only, at the level of the soft signals.
    pub chime_device: Option<String>,
    /// Level of that chime in dB below full scale; -6 without one. It never sounds on the patient's output.
    pub chime_db: Option<f32>,
    /// What the room was calibrated for; if that says nothing, the first output that is found is taken as known.
    pub calibrated: Calibrated,
    /// Where the clinic's own words lie, a folder for each language: `media/voice`.
    pub voice_dir: Option<PathBuf>,
    /// Effective level of [`Signal::Reading`] in dB below full scale.
    pub reading_db: f32,
    /// Where `calibrated` says something and staff allow another output all the same, the patient's volume stays at or
    /// below this, in dB below full scale.
    pub unmeasured_volume_db: f32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            loudness: Loudness::off(),
            period_ms: 48,
            signal_floor_db: -26.0,
            device: None,
            chime_device: None,
            chime_db: None,
            calibrated: Calibrated::default(),
            voice_dir: None,
            reading_db: -30.0,
            unmeasured_volume_db: -40.0,
        }
    }
}

/// What the sound has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// There is no output, or it was lost. It is looked for every second.
    DeviceLost {
        /// What the system said.
        why: String,
    },
    /// An output that the room is calibrated for is there, for the first time or again.
    DeviceBack,
    /// Sound would come out where the room is not calibrated for it, as after a pulled plug. All of it is silent, signals
    /// too, until the calibrated output is back or [`Sound::accept_output`] is called.
    OutputNotCalibrated {
        /// The output, as [`outputs`] names it.
        output: String,
        /// Its port, if it has any.
        port: Option<String>,
    },
    /// That is over: sound comes out where the room is calibrated for it again and fades in, or there is no output at
    /// all, which [`News::DeviceLost`] tells.
    OutputCalibrated,
    /// Staff let the sound come out where nobody measured it. The patient's volume goes no higher there than
    /// [`Options::unmeasured_volume_db`].
    OutputUnmeasured {
        /// The output, as [`outputs`] names it.
        output: String,
    },
    /// That is over.
    OutputMeasured,
    /// The corridor's chime has no output. It is looked for every 20 seconds and whenever it should sound.
    ChimeLost {
        /// What the system said.
        why: String,
    },
    /// The corridor's chime has its output again.
    ChimeBack,
    /// A clip of the clinic's was left out; its tone sounds.
    ClipSkipped {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file was left out, or ended before it should have. The music goes on with what follows.
    TrackSkipped {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No track of the present list can be played: what else is in the mix goes on alone. They are tried again every
    /// half minute.
    TracksGone,
    /// A track can be played again.
    TracksBack,
}

/// The handle of the sound. Clones lead to the same sound; when the last is gone, it fades out and closes.
#[derive(Clone)]
pub struct Sound {
    shared: Arc<Shared>,
    clips: Arc<ClipBank>,
    commands: SyncSender<Command>,
    /// The device thread holds its weak end: when the last handle goes, it closes.
    _alive: Arc<()>,
}

/// Commands that may wait for the device thread. Mixes do not queue: only the latest counts.
const COMMANDS: usize = 64;

impl Sound {
    /// Starts the sound. It never fails: without an output it says so by `news` and goes on looking every second.
    /// `news` is called from the sound's own thread and should return soon.
    pub fn start(options: Options, news: impl Fn(News) + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared::new());
        let (commands, orders) = sync_channel(COMMANDS);
        let alive = Arc::new(());
        let clips = Arc::new(ClipBank::empty());
        let news: output::Tell = Arc::new(news);
        let tell = queue_news(&commands);
        read_apart(&clips, options.voice_dir.clone(), move |WrongClip { path, why }| {
            tell(News::ClipSkipped { path, why });
        });
        let reports = Reports {
            news: Arc::clone(&news),
            queue_news: Arc::new(queue_news(&commands)),
            ended: Arc::new({
                let commands = commands.clone();
                // Nobody hears it only where the device thread has ended, and with it the need to read.
                move |number| drop(commands.send(Command::ReadingEnded(number)))
            }),
        };
        let loudness = options.loudness.clone();
        let new_feed = move |after_fault| -> Box<dyn DeckFeed> {
            Box::new(ReaderThread::new(loudness.clone(), reports.clone(), after_fault))
        };
        let ours = (Arc::clone(&shared), Arc::clone(&clips));
        output::spawn(options, ours, Box::new(new_feed), orders, &commands, Arc::downgrade(&alive), news);
        Self { shared, clips, commands, _alive: alive }
    }

    /// A sound that nobody hears: no thread, no output. For screens under test.
    #[must_use]
    pub fn silent() -> Self {
        let (commands, _) = sync_channel(1);
        let (shared, clips) = (Arc::new(Shared::new()), Arc::new(ClipBank::empty()));
        Self { shared, clips, commands, _alive: Arc::new(()) }
    }

    /// Moves towards `mix`. Returns at once.
    pub fn set_mix(&self, mix: Mix) {
        {
            let mut set = self.shared.mix.lock().unwrap_or_else(PoisonError::into_inner);
            *set = (set.0 + 1, mix);
        }
        // A full queue means that the device thread is about to look anyway.
        let _ = self.commands.try_send(Command::MixChanged);
    }

    /// Sounds `signal` once, through duck and hold. Without an output it is not made up for later.
    pub fn signal(&self, signal: Signal) {
        self.order(Command::Signal(signal));
    }

    /// Only a sound that was stopped, or that nobody was ever to hear, has nobody left who takes orders.
    fn order(&self, command: Command) {
        if let Err(TrySendError::Full(_)) = self.commands.try_send(command) {
            warn!("an order to the sound was lost: its thread does not take any");
        }
    }

    /// From now on signals speak `language` (as in `media/voice/<language>`), and [`Signal::SomeoneComing`] names
    /// `clinician`, where the clinic has recorded it; a tone sounds otherwise. Returns at once.
    pub fn speak(&self, language: &str, clinician: Option<&str>) {
        self.clips.want(language, clinician);
    }

    /// Staff looked: from now on sound may come out where the output now is.
    pub fn accept_output(&self) {
        self.order(Command::AcceptOutput);
    }

    /// How the output has been doing since the start.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// How long ago the output last asked for sound; none if it never did.
    #[must_use]
    pub fn last_buffer_age(&self) -> Option<Duration> {
        self.shared.last_buffer_age()
    }

    /// Fades out and closes the output within `limit`, before the process re-executes or ends.
    pub fn stop_within(&self, limit: Duration) {
        let until = Instant::now() + limit;
        let (done, closed) = sync_channel(1);
        let mut stop = Command::Stop { within: limit, done };
        // Its thread may hang in an output; the process ends all the same, and with it the output.
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

/// Tells news in its turn. It waits for that: the device thread never waits for a reading one. Once the device thread is
/// gone, nothing is to be told.
fn queue_news(commands: &SyncSender<Command>) -> impl Fn(News) + Send + Sync + 'static {
    let commands = commands.clone();
    move |news| drop(commands.send(Command::Tell(news)))
}

/// Plugs the reading of tracks into the output.
impl DeckFeed for ReaderThread {
    fn restart_if_due(&mut self, now: Instant) -> bool {
        Self::restart_if_due(self, now)
    }

    fn connect(&mut self, decks: DeckPort) {
        Self::connect(self, decks);
    }

    fn follow(&mut self, mix: &Mix) {
        self.want(Wanted::of(mix));
    }

    fn on_ended(&mut self, number: u64) {
        Self::on_ended(self, number);
    }

    #[cfg(test)]
    fn panic(&mut self) {
        Self::panic(self);
    }
}

/// What the soft signals sound at: with the patient's volume, but never below the floor nor startlingly loud.
fn signal_gain(volume_db: f32, options: &Options) -> f32 {
    gain_of_db((volume_db + 3.0).clamp(options.signal_floor_db.min(-12.0), -12.0))
}

/// A mix as gains, with instants on the clock that began at `epoch`.
fn levels_of(mix: &Mix, epoch: Instant, options: &Options) -> engine::Levels {
    levels_within(mix, 0.0, epoch, options)
}

/// The same where the patient's volume may go no higher than `most_db`.
fn levels_within(mix: &Mix, most_db: f32, epoch: Instant, options: &Options) -> engine::Levels {
    let volume_db = mix.volume_db.min(most_db);
    engine::Levels {
        music: gain_of_db(mix.music_db),
        crossfade_s: mix.crossfade_s.clamp(0.0, CROSSFADE_MAX_S),
        score: mix.score,
        score_gain: mix.score.map_or(0.0, |aim| gain_of_db(aim.level_db)),
        beds: mix.beds.map(|bed| bed.map(|(bed, level_db)| (bed, gain_of_db(level_db)))),
        breath: mix.breath.map(|breath| {
            let origin_s = match breath.started.checked_duration_since(epoch) {
                Some(later) => later.as_secs_f64(),
                None => -epoch.duration_since(breath.started).as_secs_f64(),
            };
            (breath.pattern, origin_s, gain_of_db(breath.level_db))
        }),
        swell: mix.swell_bed,
        volume: gain_of_db(volume_db),
        duck: gain_of_db(mix.ducked_db),
        held: mix.held,
        signal: signal_gain(volume_db, options),
        // The chime that carries has an output of its own; here it is as soft as the rest.
        chime: signal_gain(volume_db, options),
    }
}
