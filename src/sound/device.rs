//! Owns the thread that keeps an output open: it opens one, notices its loss, opens one again, and passes orders on.
//! Does not own what is played (`engine`) or read (`tracks`).

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rtrb::Producer;
use tracing::{info, warn};

use super::engine::{Engine, Order};
use super::hush::Hush;
use super::signals::Signal;
use super::stream::{Lender, OpenStream, Output};
use super::tracks::{DeckPort, Reader};
use super::{Mix, News, Options, levels_of};

/// How often an output is tried for while there is none.
const RETRY: Duration = Duration::from_secs(1);
/// How often a running stream is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// A stream that has not asked for sound for this long is taken for lost.
const STALLED: Duration = Duration::from_millis(1_600);
/// The same before a new stream has proved itself: a sound server may first play out what it holds.
const SLOW_START: Duration = Duration::from_millis(2_500);
/// A stream that has lived this long and still asks for sound is told of as an output.
const PROVEN: Duration = Duration::from_millis(400);
/// How long a closing stream may take to give the engine back before a new engine is made.
const PATIENCE: Duration = Duration::from_millis(400);

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
    /// A file was left out by the reading thread.
    Skipped(News),
    /// Fade out, close, and say so.
    Stop {
        /// At most this long.
        within: Duration,
        /// Told when the output is closed.
        done: SyncSender<()>,
    },
}

/// What the handle, the callback and the device thread share.
#[derive(Debug)]
pub struct Shared {
    epoch: Instant,
    /// The latest mix that was set and not yet taken.
    pub mix: Mutex<Option<Mix>>,
    /// Microseconds after `epoch` of the last callback; 0 before the first.
    last_buffer_us: AtomicU64,
}

impl Shared {
    /// Its clock starts now.
    pub fn new() -> Self {
        Self { epoch: Instant::now(), mix: Mutex::new(None), last_buffer_us: AtomicU64::new(0) }
    }

    /// Notes that the output asked for sound, and gives the seconds since the epoch.
    pub fn mark_buffer(&self) -> f64 {
        let age = self.epoch.elapsed();
        self.last_buffer_us.store(u64::try_from(age.as_micros()).unwrap_or(u64::MAX).max(1), Ordering::Release);
        age.as_secs_f64()
    }

    /// How long ago the output last asked for sound.
    pub fn last_buffer_age(&self) -> Option<Duration> {
        match self.last_buffer_us.load(Ordering::Acquire) {
            0 => None,
            at_us => Some(self.epoch.elapsed().saturating_sub(Duration::from_micros(at_us))),
        }
    }
}

/// What the reading thread is told.
enum ReaderOrder {
    Connect(Box<DeckPort>),
    Want { tracks: Vec<std::path::PathBuf>, skips: u32 },
}

/// Starts the device thread and the reading thread. They end when every handle is gone or after a stop.
pub fn spawn(
    options: Options,
    shared: Arc<Shared>,
    orders: Receiver<Command>,
    commands: &SyncSender<Command>,
    handles: Weak<()>,
    news: Box<dyn Fn(News) + Send>,
) {
    let (reader, reader_orders) = channel();
    let (crossfade_s, skipped) = (options.crossfade_s, commands.clone());
    let reading = thread::Builder::new()
        .name("sound-reading".to_owned())
        .spawn(move || read_on(crossfade_s, &reader_orders, &skipped));
    let commands = commands.clone();
    let keeping = thread::Builder::new().name("sound-device".to_owned()).spawn(move || {
        let (home_in, home) = channel();
        let keeper = Keeper {
            options,
            shared,
            commands,
            handles,
            news,
            reader,
            home_in,
            home,
            stream: None,
            link: None,
            serial: 0,
            spare: None,
            mix: Mix::default(),
            unsent: false,
            opened_at: Instant::now(),
            streams: 0,
            proven: false,
            told: Told::Nothing,
        };
        keeper.run(&orders);
    });
    if reading.is_err() || keeping.is_err() {
        warn!("the sound cannot start: the system gives no thread");
    }
}

fn read_on(crossfade_s: f32, orders: &Receiver<ReaderOrder>, skipped: &SyncSender<Command>) {
    let mut reader = Reader::new(crossfade_s);
    let mut report = |path: &Path, why: String| {
        let _ = skipped.try_send(Command::Skipped(News::TrackSkipped { path: path.to_owned(), why }));
    };
    loop {
        let nap = reader.work(&mut report);
        let order = if reader.is_idle() {
            orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            orders.recv_timeout(nap)
        };
        match order {
            Ok(ReaderOrder::Connect(port)) => reader.connect(*port),
            Ok(ReaderOrder::Want { tracks, skips }) => reader.want(&tracks, skips),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// What was last told about the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Lost,
    Back,
}

/// Keeps an output open.
struct Keeper {
    options: Options,
    shared: Arc<Shared>,
    commands: SyncSender<Command>,
    handles: Weak<()>,
    news: Box<dyn Fn(News) + Send>,
    reader: Sender<ReaderOrder>,
    home_in: Sender<Box<Engine>>,
    home: Receiver<Box<Engine>>,
    stream: Option<OpenStream>,
    /// The way to the present engine, and its serial number and rate.
    link: Option<(Producer<Order>, u64, u32)>,
    serial: u64,
    /// The engine while no stream has it.
    spare: Option<Box<Engine>>,
    mix: Mix,
    unsent: bool,
    opened_at: Instant,
    /// Streams opened so far; the present one's number.
    streams: u64,
    /// Whether the present stream has run steadily.
    proven: bool,
    told: Told,
}

impl Keeper {
    fn run(mut self, orders: &Receiver<Command>) {
        let mut next_try = Instant::now();
        loop {
            if self.stream.is_none() && Instant::now() >= next_try {
                next_try = Instant::now() + RETRY;
                self.try_to_open();
            }
            let wait = if self.stream.is_some() { LOOK } else { next_try.saturating_duration_since(Instant::now()) };
            match orders.recv_timeout(wait) {
                Ok(Command::Signal(signal)) => self.sound(signal),
                Ok(Command::StreamFailed { stream, why }) if stream == self.streams => self.lose(&why),
                Ok(Command::Skipped(news)) => (self.news)(news),
                Ok(Command::Stop { within, done }) => {
                    self.close(within);
                    let _ = done.try_send(());
                    return;
                }
                Ok(Command::MixChanged | Command::StreamFailed { .. }) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.close(LOOK),
            }
            if self.handles.strong_count() == 0 {
                return self.close(LOOK);
            }
            self.take_mix();
            self.look_after();
        }
    }

    fn take_mix(&mut self) {
        let fresh = self.shared.mix.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mix) = fresh {
            if mix.tracks != self.mix.tracks || mix.skips != self.mix.skips {
                let _ = self.reader.send(ReaderOrder::Want { tracks: mix.tracks.clone(), skips: mix.skips });
            }
            self.unsent |= mix != self.mix;
            self.mix = mix;
        }
        if self.unsent
            && self.stream.is_some()
            && let Some((orders, ..)) = &mut self.link
        {
            let levels = levels_of(&self.mix, self.shared.epoch, &self.options);
            self.unsent = orders.push(Order::Levels(levels)).is_err();
        }
    }

    fn sound(&mut self, signal: Signal) {
        // The newest mix may say how loud it is to be.
        self.take_mix();
        if self.stream.is_some()
            && let Some((orders, ..)) = &mut self.link
            && orders.push(Order::Signal(signal)).is_err()
        {
            warn!("a signal was not sounded: the output does not take orders");
        }
    }

    fn look_after(&mut self) {
        if self.stream.is_none() {
            return;
        }
        let since_opened = self.opened_at.elapsed();
        let silent_for = self.shared.last_buffer_age().map_or(since_opened, |age| age.min(since_opened));
        let limit = if self.proven { STALLED } else { SLOW_START };
        if silent_for > limit {
            self.lose("the output stopped asking for sound");
        } else if !self.proven && since_opened >= PROVEN && silent_for < PROVEN / 2 {
            self.proven = true;
            if self.told != Told::Back {
                info!("the sound has an output");
                self.told = Told::Back;
                (self.news)(News::DeviceBack);
            }
        }
    }

    fn lose(&mut self, why: &str) {
        let Some(stream) = self.stream.take() else { return };
        self.part_from(stream);
        self.say_lost(why);
    }

    fn say_lost(&mut self, why: &str) {
        if self.told != Told::Lost {
            self.told = Told::Lost;
            warn!(why, "the sound has no output; it is tried again every second");
            (self.news)(News::DeviceLost { why: why.to_owned() });
        }
    }

    /// Drops a stream without waiting for it: a broken one may hang.
    fn part_from(&mut self, stream: OpenStream) {
        let parting = thread::Builder::new().name("sound-parting".to_owned()).spawn(move || drop(stream));
        if parting.is_ok() {
            self.spare = self.home.recv_timeout(PATIENCE).ok().or_else(|| self.spare.take());
        }
    }

    fn try_to_open(&mut self) {
        // The system's sound library writes a page to standard error on each failure; the first one is told by the
        // news, and the tries after it are made in silence.
        let hush = (self.told == Told::Lost).then(Hush::begin);
        let opened = Output::find()
            .and_then(|output| self.open(&output, Some(self.options.period_ms)).or_else(|_| self.open(&output, None)));
        drop(hush);
        match opened {
            Ok(()) => self.unsent = true,
            Err(why) => self.say_lost(&why),
        }
    }

    fn open(&mut self, output: &Output, period_ms: Option<u32>) -> Result<(), String> {
        let rate_hz = output.rate_hz();
        let mut engine = self.engine_for(rate_hz);
        engine.reopen();
        self.opened_at = Instant::now();
        self.streams += 1;
        self.proven = false;
        let lender =
            Lender { home: &self.home_in, shared: &self.shared, commands: &self.commands, stream: self.streams };
        match output.open(engine, &lender, period_ms) {
            Ok(stream) => {
                self.stream = Some(stream);
                Ok(())
            }
            Err(why) => {
                self.spare = self.home.try_recv().ok();
                Err(why)
            }
        }
    }

    /// The engine that went on so far, or a new one when the rate is another or the old one did not come home.
    fn engine_for(&mut self, rate_hz: u32) -> Box<Engine> {
        // One that came home late is out of date when its rings have been replaced.
        let returned = self.spare.take().into_iter().chain(self.home.try_iter());
        if let Some((_, serial, had_hz)) = &self.link
            && let Some(engine) = returned.filter(|engine| engine.serial == *serial).last()
            && *had_hz == rate_hz
        {
            return engine;
        }
        let (mut engine, link) = Engine::new(rate_hz, self.options.seed, self.options.crossfade_s);
        self.serial += 1;
        engine.serial = self.serial;
        self.link = Some((link.orders, self.serial, rate_hz));
        let _ = self.reader.send(ReaderOrder::Connect(Box::new(link.decks)));
        Box::new(engine)
    }

    fn close(&mut self, within: Duration) {
        if self.stream.is_some()
            && let Some((orders, _, rate_hz)) = &mut self.link
        {
            let fade = within.mul_f32(0.5).min(Duration::from_secs(2));
            let _ = orders.push(Order::Close((fade.as_secs_f32() * *rate_hz as f32) as u32));
            // The device still holds up to two periods when the fade is computed.
            let held = Duration::from_millis(u64::from(self.options.period_ms) * 2);
            thread::sleep((fade + held).min(within.mul_f32(0.85)));
        }
        if let Some(stream) = self.stream.take() {
            self.part_from(stream);
        }
    }
}
