//! Owns the thread that reads tracks ahead: its start, the requests sent to it, and its restart after a panic, with a
//! growing pause. Does not own the reading itself (`reader`).

#[cfg(test)]
use std::panic::panic_any;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tracing::warn;

use super::loudness::LoudnessLibrary;
use super::playlist::TrackRequest;
use super::reader::TrackReader;
use crate::sound::engine::DeckPort;
use crate::sound::{Mix, SoundEvent};

/// Pause before the first restart after a panic. It doubles each time, up to [`RESTART_LONGEST`].
const RESTART_FIRST: Duration = Duration::from_secs(1);
/// Longest pause before a restart after a panic.
const RESTART_LONGEST: Duration = Duration::from_mins(1);

/// A command to the reading thread.
enum ReaderCommand {
    /// Feed a new engine.
    Connect(Box<DeckPort>),
    /// Read these tracks.
    SetRequest(TrackRequest),
    /// Panic, for a test.
    #[cfg(test)]
    Panic,
}

/// Callbacks for the reports of the reading thread and of its supervisor.
#[derive(Clone)]
pub struct ReaderEvents {
    /// Receives events from the supervising thread.
    pub supervisor: Arc<dyn Fn(SoundEvent) + Send + Sync>,
    /// Receives events from the reading thread. It may block that thread until the event can be passed on.
    pub reader: Arc<dyn Fn(SoundEvent) + Send + Sync>,
    /// Receives the number of a thread that ended in a panic.
    pub ended: Arc<dyn Fn(u64) + Send + Sync>,
}

struct RunningReader {
    number: u64,
    commands: Sender<ReaderCommand>,
}

impl RunningReader {
    /// Starts a thread. Returns `None` if the system could not start one.
    fn start(number: u64, reader: TrackReader, events: &ReaderEvents) -> Option<Self> {
        let (commands, taken) = channel();
        let events = events.clone();
        let reading = thread::Builder::new().name("sound-reading".to_owned()).spawn(move || {
            let last_word = PanicNotifier { number, ended: Arc::clone(&events.ended) };
            read_on(reader, &taken, &*events.reader);
            drop(last_word);
        });
        reading.is_ok().then_some(Self { number, commands })
    }
}

/// Reports a panic of the reading thread if it is dropped while that thread panics.
struct PanicNotifier {
    number: u64,
    ended: Arc<dyn Fn(u64) + Send + Sync>,
}

impl Drop for PanicNotifier {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.ended)(self.number);
        }
    }
}

fn read_on(mut reader: TrackReader, commands: &Receiver<ReaderCommand>, tell: &dyn Fn(SoundEvent)) {
    loop {
        let sleep = reader.run_once(&mut |event| tell(event));
        let command = if reader.is_idle() {
            commands.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            commands.recv_timeout(sleep)
        };
        match command {
            Ok(ReaderCommand::Connect(port)) => reader.connect(*port),
            Ok(ReaderCommand::SetRequest(wanted)) => reader.set_request(wanted),
            #[cfg(test)]
            Ok(ReaderCommand::Panic) => panic_any("a fault that a test asked for"),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Supervises the reading thread.
pub struct ReaderThread {
    loudness: LoudnessLibrary,
    instruments_dir: Option<PathBuf>,
    events: ReaderEvents,
    wanted: TrackRequest,
    running: Option<RunningReader>,
    /// Number of threads started so far.
    started: u64,
    /// Whether this supervisor replaces one that was lost to a panic.
    after_fault: bool,
    /// Time at which the thread is started or restarted; `None` while it runs.
    restart_at: Option<Instant>,
    /// Pause before the next restart.
    restart_pause: Duration,
}

impl ReaderThread {
    /// Creates a supervisor. Calling [`Self::restart_if_due`] for the first time starts the thread. With `after_fault`,
    /// the thread reports in any case whether tracks can be played, because the last report is not known.
    pub fn new(
        loudness: LoudnessLibrary,
        instruments_dir: Option<PathBuf>,
        events: ReaderEvents,
        after_fault: bool,
    ) -> Self {
        Self {
            loudness,
            instruments_dir,
            events,
            wanted: TrackRequest::of(&Mix::default()),
            running: None,
            started: 0,
            after_fault,
            restart_at: Some(Instant::now()),
            restart_pause: RESTART_FIRST,
        }
    }

    /// Starts a thread if that is due. Returns whether it replaces an earlier one. If it does, the engine must be
    /// replaced, too, because its queues of decks were lost with the old thread.
    pub fn restart_if_due(&mut self, now: Instant) -> bool {
        if self.restart_at.is_none_or(|due| now < due) {
            return false;
        }
        self.restart_at = None;
        self.started += 1;
        let is_restart = self.started > 1;
        let (loudness, instruments_dir) = (self.loudness.clone(), self.instruments_dir.clone());
        let is_first = !is_restart && !self.after_fault;
        let begin = if is_first { TrackReader::new } else { TrackReader::after_panic };
        let reader = begin(loudness, instruments_dir);
        self.running = RunningReader::start(self.started, reader, &self.events);
        self.command(ReaderCommand::SetRequest(self.wanted.clone()));
        is_restart
    }

    /// Feeds a new engine from now on.
    pub fn connect(&mut self, decks: DeckPort) {
        self.command(ReaderCommand::Connect(Box::new(decks)));
    }

    /// Reads what `wanted` asks for from now on.
    pub fn set_request(&mut self, wanted: TrackRequest) {
        if wanted != self.wanted {
            self.wanted = wanted.clone();
            self.command(ReaderCommand::SetRequest(wanted));
        }
    }

    /// Schedules a restart if the thread that ended in a panic, `number`, is the current one.
    pub fn on_ended(&mut self, number: u64) {
        if self.running.take_if(|running| running.number == number).is_some() {
            self.restart_later();
        }
    }

    /// Makes the thread panic.
    #[cfg(test)]
    pub fn panic(&mut self) {
        self.command(ReaderCommand::Panic);
    }

    fn restart_later(&mut self) {
        warn!("a fault in the program stopped the reading of tracks; it is restarted");
        if !self.wanted.tracks.is_empty() {
            (self.events.supervisor)(SoundEvent::TracksGone);
        }
        self.restart_at = Some(Instant::now() + self.restart_pause);
        self.restart_pause = (self.restart_pause * 2).min(RESTART_LONGEST);
    }

    fn command(&mut self, command: ReaderCommand) {
        let taken = self.running.as_ref().is_some_and(|running| running.commands.send(command).is_ok());
        // If a thread is about to be started, it will be given the current request and a new engine then.
        if !taken && self.restart_at.is_none() {
            self.running = None;
            self.restart_later();
        }
    }
}
