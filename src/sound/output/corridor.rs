//! Owns the chime in the corridor: a stream of its own on its own output, open only while it sounds. Nothing of it ever
//! reaches the patient's output. Does not own when it is to sound.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::calibration::{Calibrated, Watch};
use super::command::Command;
use super::lease::Lender;
use super::selection::{Found, Wish, output_missing};
use super::shared::Shared;
use crate::sound::dsp::ramp::gain_of_db;
use crate::sound::engine::{Engine, Levels, Order, Signal};

/// How often the chime's output is looked for while nothing sounds.
const LOOK: Duration = Duration::from_secs(20);
/// What a period lasts there.
const PERIOD_MS: u32 = 64;
/// How long the stream stays after the chime has died away.
const LINGER: Duration = Duration::from_millis(600);
/// An output that has asked for nothing for so long is not there.
const SILENT: Duration = Duration::from_secs(2);
/// A chime that could not be sounded is tried again this often, for as long as a chime lasts.
const AGAIN: Duration = Duration::from_secs(1);

/// The corridor's output.
pub struct Corridor {
    device: String,
    level_db: f32,
    notices: SyncSender<Command>,
    sounding: Arc<AtomicBool>,
    looked: Option<Instant>,
    /// What was last told: whether the output is there.
    told: Arc<Mutex<Option<bool>>>,
}

impl Corridor {
    /// A chime at `level_db` below full scale on the output `device`.
    pub fn new(device: String, level_db: f32, notices: SyncSender<Command>) -> Self {
        let sounding = Arc::new(AtomicBool::new(false));
        Self { device, level_db, notices, sounding, looked: None, told: Arc::default() }
    }

    /// Sounds the chime once, in a thread of its own: an output that hangs must not hold up the room.
    pub fn ring(&self) {
        if self.sounding.swap(true, Ordering::AcqRel) {
            return;
        }
        let (device, level_db) = (self.device.clone(), self.level_db);
        let (told, notices) = (Arc::clone(&self.told), self.notices.clone());
        // However it ends, and also if it never begins, the next chime may.
        let over = Over(Arc::clone(&self.sounding));
        let started = thread::Builder::new().name("sound-corridor".to_owned()).spawn(move || {
            let until = Instant::now() + Signal::LineDown.length();
            let mut outcome = ring_once(&device, level_db);
            while outcome.is_err() && Instant::now() < until {
                tell(&told, &notices, outcome.as_ref().err());
                thread::sleep(AGAIN);
                outcome = ring_once(&device, level_db);
            }
            tell(&told, &notices, outcome.as_ref().err());
            drop(over);
        });
        if let Err(error) = started {
            tell(&self.told, &self.notices, Some(&format!("the system gives no thread: {error}")));
        }
    }

    /// Now and then looks whether the output is there, so that its absence is known before it is needed.
    pub fn look(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) || self.sounding.load(Ordering::Acquire) {
            return;
        }
        self.looked = Some(Instant::now());
        let (device, told, notices) = (self.device.clone(), Arc::clone(&self.told), self.notices.clone());
        let looking = thread::Builder::new().name("sound-corridor".to_owned()).spawn(move || {
            tell(&told, &notices, output_missing(&device).as_ref());
        });
        if let Err(error) = looking {
            tell(&self.told, &self.notices, Some(&format!("the system gives no thread: {error}")));
        }
    }
}

/// The end of one chime.
struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Tells of a change only.
fn tell(told: &Mutex<Option<bool>>, notices: &SyncSender<Command>, missing: Option<&String>) {
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    let is_there = missing.is_none();
    if *told != Some(is_there) {
        // The first look that finds it has nothing to tell. What nobody takes is told after the next look.
        let is_news = !(is_there && told.is_none());
        if !is_news || notices.try_send(Command::ChimeOutput { missing: missing.cloned() }).is_ok() {
            *told = Some(is_there);
        }
    }
}

fn ring_once(device: &str, level_db: f32) -> Result<(), String> {
    let output = Found::find(Wish::Named(device))?;
    let (engine, mut link) = Engine::new(output.rate_hz(), 1);
    let gain = gain_of_db(level_db);
    // No patient's volume here: only the chime, at the clinic's level.
    let levels = Levels { signal: gain, chime: gain, ..Levels::default() };
    // The ring is new and empty.
    let _ = link.orders.push(Order::Levels(levels));
    let _ = link.orders.push(Order::Signal(Signal::LineDown));
    let (home_in, home) = channel();
    let (commands, failures) = sync_channel(4);
    let shared = Arc::new(Shared::new());
    let lender = Lender { home: &home_in, shared: &shared, commands: &commands, stream: 1 };
    let watch = Arc::new(Watch::new(Calibrated::default()));
    let stream = output.open(Box::new(engine), &lender, &watch, Some(PERIOD_MS))?;
    let opened = Instant::now();
    let until = opened + Signal::LineDown.length() + LINGER;
    let mut outcome = Ok(());
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        match failures.recv_timeout(left.min(Duration::from_millis(500))) {
            Ok(Command::StreamFailed { why, .. }) => {
                outcome = Err(why);
                break;
            }
            // A place where the chime is not heard, since nothing asks for sound.
            Err(_) if shared.last_buffer_age().unwrap_or_else(|| opened.elapsed()) > SILENT => {
                outcome = Err("the output stopped asking for sound".to_owned());
                break;
            }
            _ => {}
        }
    }
    drop(stream);
    // Nobody needs the engine; it only should not be in a stream any more when the next chime opens one.
    let _ = home.recv_timeout(Duration::from_millis(400));
    outcome
}
