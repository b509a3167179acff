//! Owns the corridor's chime: a stream, on an output of its own, that is open only while the chime sounds. Does not own
//! the timing of the chime (`keeper`), or the same signal on the patient's output (`engine`).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::calibration::{CalibratedOutput, CalibrationWatch};
use super::command::OutputCommand;
use super::lease::StreamContext;
use super::selection::{OutputChoice, SelectedOutput, output_missing};
use super::state::SoundState;
use crate::sound::dsp::ramp::db_to_gain;
use crate::sound::engine::length_of;
use crate::sound::engine::{Engine, EngineCommand, Levels};
use crate::vocabulary::signal::Signal;

/// Interval at which the output's presence is checked while the chime is silent.
const CHECK_INTERVAL: Duration = Duration::from_secs(20);
/// Period of the stream, in milliseconds.
const PERIOD_MS: u32 = 64;
/// Time for which the stream stays open after the chime has decayed.
const LINGER: Duration = Duration::from_millis(600);
/// Time without a request for audio after which the output is considered gone.
const SILENT: Duration = Duration::from_secs(2);
/// Pause between attempts to play the chime. No attempt begins later than the length of one chime plus this pause after
/// [`CorridorChime::ring`] was called.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Reports to the output thread whether the chime's output is available. All clones know what was reported last, also
/// after a panic of the output thread, which creates a new [`CorridorChime`].
#[derive(Clone)]
pub struct ChimeReporter {
    notices: SyncSender<OutputCommand>,
    /// Whether the output thread currently takes the output to be available; `None` before the first check.
    announced: Arc<Mutex<Option<bool>>>,
}

impl ChimeReporter {
    pub fn new(notices: SyncSender<OutputCommand>) -> Self {
        Self { notices, announced: Arc::default() }
    }

    /// Reports whether the chime's output is available, if that has changed.
    fn report(&self, missing: Option<&String>) {
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        let is_there = missing.is_none();
        if *announced != Some(is_there) {
            // An output that is found on the first check is not reported. A report that does not fit into the queue is
            // repeated after the next check.
            let is_news = !(is_there && announced.is_none());
            if !is_news || self.notices.try_send(OutputCommand::ChimeOutput { missing: missing.cloned() }).is_ok() {
                *announced = Some(is_there);
            }
        }
    }
}

/// The corridor's output.
pub struct CorridorChime {
    device: String,
    level_db: f32,
    reporter: ChimeReporter,
    sounding: Arc<AtomicBool>,
    looked: Option<Instant>,
}

impl CorridorChime {
    /// Creates a chime at `level_db` relative to full scale on the output `device`.
    pub fn new(device: String, level_db: f32, reporter: ChimeReporter) -> Self {
        let sounding = Arc::new(AtomicBool::new(false));
        Self { device, level_db, reporter, sounding, looked: None }
    }

    /// Plays the chime once, unless it is still sounding. It plays on a separate thread, because an output that hangs
    /// must not hold up the room.
    pub fn ring(&self) {
        if self.sounding.swap(true, Ordering::AcqRel) {
            return;
        }
        let (device, level_db, reporter) = (self.device.clone(), self.level_db, self.reporter.clone());
        // Allows the next chime when dropped, even if the thread cannot be started.
        let over = RingingGuard(Arc::clone(&self.sounding));
        let started = thread::Builder::new().name("sound-corridor".to_owned()).spawn(move || {
            let until = Instant::now() + length_of(Signal::NoDesk);
            let mut outcome = ring_once(&device, level_db);
            while outcome.is_err() && Instant::now() < until {
                reporter.report(outcome.as_ref().err());
                thread::sleep(RETRY_PAUSE);
                outcome = ring_once(&device, level_db);
            }
            reporter.report(outcome.as_ref().err());
            drop(over);
        });
        if let Err(error) = started {
            self.reporter.report(Some(&format!("the system could not start a thread: {error}")));
        }
    }

    /// Checks whether the output is available, at most once in each `CHECK_INTERVAL`, so that staff learn of a missing
    /// output before it is needed.
    pub fn check(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < CHECK_INTERVAL) || self.sounding.load(Ordering::Acquire)
        {
            return;
        }
        self.looked = Some(Instant::now());
        let (device, reporter) = (self.device.clone(), self.reporter.clone());
        let looking = thread::Builder::new().name("sound-corridor".to_owned()).spawn(move || {
            reporter.report(output_missing(&device).as_ref());
        });
        if let Err(error) = looking {
            self.reporter.report(Some(&format!("the system could not start a thread: {error}")));
        }
    }
}

/// Marks the end of a chime when dropped.
struct RingingGuard(Arc<AtomicBool>);

impl Drop for RingingGuard {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn ring_once(device: &str, level_db: f32) -> Result<(), String> {
    let output = SelectedOutput::find(OutputChoice::Named(device))?;
    let (engine, mut link) = Engine::new(output.rate_hz(), 1);
    let gain = db_to_gain(level_db);
    // The clinic configures this level, and it does not depend on the patient's volume.
    let levels = Levels { signal: gain, chime: gain, ..Levels::default() };
    // The queue is new and empty, so both commands fit into it.
    let _ = link.commands.push(EngineCommand::Levels(levels));
    let _ = link.commands.push(EngineCommand::Signal(Signal::NoDesk));
    let (home_sender, home) = channel();
    let (commands, failures) = sync_channel(4);
    let shared = Arc::new(SoundState::new());
    let context = StreamContext { home: &home_sender, shared: &shared, commands: &commands, stream: 1 };
    let watch = Arc::new(CalibrationWatch::new(CalibratedOutput::default()));
    let stream = output.open(Box::new(engine), &context, &watch, Some(PERIOD_MS))?;
    let opened = Instant::now();
    let until = opened + length_of(Signal::NoDesk) + LINGER;
    let mut outcome = Ok(());
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        match failures.recv_timeout(left.min(Duration::from_millis(500))) {
            Ok(OutputCommand::StreamFailed { why, .. }) => {
                outcome = Err(why);
                break;
            }
            // The output requests no audio, so the chime is not heard.
            Err(_) if shared.last_buffer_age().unwrap_or_else(|| opened.elapsed()) > SILENT => {
                outcome = Err("the output stopped asking for sound".to_owned());
                break;
            }
            _ => {}
        }
    }
    drop(stream);
    // Waits briefly for the stream to release the engine, because the next chime opens another stream.
    let _ = home.recv_timeout(Duration::from_millis(400));
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chime_that_replaces_one_after_a_panic_reports_that_the_output_is_back() {
        let (notices, reports) = sync_channel(4);
        let reporter = ChimeReporter::new(notices);
        let chime = || CorridorChime::new("corridor".to_owned(), -6.0, reporter.clone());
        chime().reporter.report(None);
        assert!(reports.try_recv().is_err(), "an output that was never missing is no news");
        chime().reporter.report(Some(&"unplugged".to_owned()));
        assert!(matches!(reports.try_recv(), Ok(OutputCommand::ChimeOutput { missing: Some(_) })));
        chime().reporter.report(None);
        assert!(matches!(reports.try_recv(), Ok(OutputCommand::ChimeOutput { missing: None })));
    }
}
