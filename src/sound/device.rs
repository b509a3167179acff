//! Owns the thread that keeps an output open: it opens one, notices its loss, opens one again, and passes orders on.
//! Does not own what is played (`engine`) or read (`tracks`).
//!
//! While there is no output, or none that the room is calibrated for, musical time goes on in silence: tracks, score and
//! beds are drawn and thrown away at their own pace, so that they fade in again where the session is by then.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::sync::{Arc, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rtrb::Producer;
use tracing::{info, warn};

use super::corridor::Corridor;
use super::engine::{Engine, Order};
use super::hush::Hush;
use super::loudness::Loudness;
use super::outputs::{Found, Running, is_served};
use super::playlist::Wanted;
use super::ports::{Calibrated, Place, Watch};
use super::ramp::gain_of_db;
use super::signals::Signal;
use super::stream::{Lender, WISHED_RATE_HZ};
use super::tracks::{DeckPort, Reader};
use super::voice::{Voice, WrongClip, read_apart};
use super::{Mix, News, Options, levels_of};

pub use super::shared::Shared;

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
/// While no stream draws, this much is drawn in silence at one time.
const SILENT_STEP: Duration = Duration::from_millis(200);
/// What an output holds beyond two periods, in milliseconds.
const HELD_BEYOND_MS: u64 = 100;
/// No fade is shorter.
const SHORTEST_FADE: Duration = Duration::from_millis(40);
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
    /// What the reading thread has to tell.
    OfTracks(News),
    /// A clip was left out by the thread that reads those.
    ClipWrong(WrongClip),
    /// Fade out, close, and say so.
    Stop {
        /// At most this long.
        within: Duration,
        /// Told when the output is closed.
        done: SyncSender<()>,
    },
}

/// What the reading thread is told.
enum ReaderOrder {
    Connect(Box<DeckPort>),
    Want(Wanted),
}

/// Starts the device thread and the reading thread. They end when every handle is gone or after a stop.
pub fn spawn(
    options: Options,
    (shared, voice): (Arc<Shared>, Arc<Voice>),
    orders: Receiver<Command>,
    commands: &SyncSender<Command>,
    handles: Weak<()>,
    news: Box<dyn Fn(News) + Send>,
) {
    read_apart(&voice, options.voice_dir.clone(), commands.clone());
    let (reader, reader_orders) = channel();
    let (loudness, told) = (options.loudness.clone(), commands.clone());
    let reading =
        thread::Builder::new().name("sound-reading".to_owned()).spawn(move || read_on(loudness, &reader_orders, &told));
    let commands = commands.clone();
    let keeping = thread::Builder::new().name("sound-device".to_owned()).spawn(move || {
        let (home_in, home) = channel();
        let named = options.device.clone();
        let calibrated = match options.calibrated.clone() {
            // A reading without names was made on the output that is named for the music.
            Calibrated { output: None, port } => Calibrated { output: named.filter(|_| port.is_some()), port },
            said => said,
        };
        let corridor = options.chime_device.clone();
        let corridor = corridor.map(|device| Corridor::new(device, options.chime_db.unwrap_or(-6.0), commands.clone()));
        let keeper = Keeper {
            watch: Arc::new(Watch::new(calibrated)),
            voice,
            corridor,
            place: None,
            drawn_until: None,
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

fn read_on(loudness: Loudness, orders: &Receiver<ReaderOrder>, told: &SyncSender<Command>) {
    let mut reader = Reader::new(loudness);
    let mut tell = |news: News| {
        let _ = told.try_send(Command::OfTracks(news));
    };
    loop {
        let nap = reader.work(&mut tell);
        let order = if reader.is_idle() {
            orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            orders.recv_timeout(nap)
        };
        match order {
            Ok(ReaderOrder::Connect(port)) => reader.connect(*port),
            Ok(ReaderOrder::Want(wanted)) => reader.want(wanted),
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
    stream: Option<Running>,
    /// Where sound may come out.
    watch: Arc<Watch>,
    voice: Arc<Voice>,
    corridor: Option<Corridor>,
    /// Where the present stream's sound comes out, and whether it may.
    place: Option<(Place, bool)>,
    /// Up to when musical time has been drawn in silence.
    drawn_until: Option<Instant>,
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
            if Instant::now() >= next_try {
                next_try = Instant::now() + RETRY;
                match &self.stream {
                    None => self.try_to_open(),
                    Some(_) => self.look_for_better(),
                }
            }
            self.keep_time();
            let wait = match self.stream {
                Some(_) => LOOK,
                None => next_try.saturating_duration_since(Instant::now()).min(SILENT_STEP),
            };
            match orders.recv_timeout(wait) {
                Ok(Command::Signal(signal)) => self.sound(signal),
                Ok(Command::StreamFailed { stream, why }) if stream == self.streams => self.lose(&why),
                Ok(Command::PlaceSeen { stream, place, allowed }) if stream == self.streams => {
                    self.see_place(place, allowed);
                }
                Ok(Command::AcceptOutput) => self.accept_output(),
                Ok(Command::ChimeOutput { missing }) => (self.news)(match missing {
                    Some(why) => News::ChimeLost { why },
                    None => News::ChimeBack,
                }),
                Ok(Command::OfTracks(news)) => (self.news)(news),
                Ok(Command::ClipWrong(clip)) => (self.news)(News::ClipSkipped { path: clip.path, why: clip.why }),
                Ok(Command::Stop { within, done }) => {
                    self.close(within);
                    let _ = done.try_send(());
                    return;
                }
                Ok(Command::MixChanged | Command::StreamFailed { .. } | Command::PlaceSeen { .. })
                | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.close(LOOK),
            }
            if self.handles.strong_count() == 0 {
                return self.close(LOOK);
            }
            self.take_mix();
            self.look_after();
            if let Some(corridor) = &mut self.corridor {
                corridor.look();
            }
        }
    }

    /// Without a stream, draws what would be heard by now and throws it away.
    fn keep_time(&mut self) {
        let now = Instant::now();
        if self.stream.is_some() {
            self.drawn_until = None;
            return;
        }
        if self.spare.is_none() {
            self.spare =
                self.home.try_iter().last().or_else(|| self.link.is_none().then(|| self.engine_for(WISHED_RATE_HZ)));
        }
        let from = *self.drawn_until.get_or_insert(now);
        let (Some(engine), Some((_, _, rate_hz))) = (&mut self.spare, &self.link) else { return };
        // A machine that slept does not make up for it.
        let due = now.duration_since(from).min(SILENT_STEP * 5).as_secs_f64() * f64::from(*rate_hz);
        engine.set_clock(self.shared.now_s());
        for _ in 0..due as u64 {
            engine.next_frame();
        }
        self.drawn_until = Some(now);
    }

    fn see_place(&mut self, place: Place, allowed: bool) {
        let before = self.place.replace((place.clone(), allowed));
        let was_allowed = before.as_ref().is_none_or(|(_, allowed)| *allowed);
        if !allowed && before.as_ref() != self.place.as_ref() {
            warn!(%place, "the room is not calibrated for this output; it is silent");
            (self.news)(News::OutputNotCalibrated { output: place.output, port: place.port });
        } else if allowed && !was_allowed {
            info!(%place, "the room is calibrated for this output again");
            (self.news)(News::OutputCalibrated);
        }
        self.say_back();
    }

    fn accept_output(&mut self) {
        if let Some((place, _)) = &self.place {
            self.watch.accept(place);
        }
    }

    fn take_mix(&mut self) {
        let fresh = self.shared.mix.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mix) = fresh {
            let wanted = Wanted::of(&mix);
            if wanted != Wanted::of(&self.mix) {
                let _ = self.reader.send(ReaderOrder::Want(wanted));
            }
            self.unsent |= mix != self.mix;
            self.mix = mix;
        }
        if self.unsent
            && let Some((orders, ..)) = &mut self.link
        {
            let levels = levels_of(&self.mix, self.shared.epoch, &self.options);
            self.unsent = orders.push(Order::Levels(levels)).is_err();
        }
    }

    fn sound(&mut self, signal: Signal) {
        // The newest mix may say how loud it is to be.
        self.take_mix();
        if let Some(corridor) = self.corridor.as_ref().filter(|_| signal.carries()) {
            corridor.ring();
        }
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
            self.say_back();
        }
    }

    /// An output that the room is not calibrated for is none.
    fn say_back(&mut self) {
        let is_heard = self.place.as_ref().is_none_or(|(_, allowed)| *allowed);
        if self.proven && is_heard && self.told != Told::Back {
            info!("the sound has an output");
            self.told = Told::Back;
            (self.news)(News::DeviceBack);
        }
    }

    fn lose(&mut self, why: &str) {
        let Some(stream) = self.stream.take() else { return };
        self.part_from(stream);
        self.say_lost(why);
    }

    fn say_lost(&mut self, why: &str) {
        if self.place.take().is_some_and(|(_, allowed)| !allowed) {
            (self.news)(News::OutputCalibrated);
        }
        if self.told != Told::Lost {
            self.told = Told::Lost;
            warn!(why, "the sound has no output; it is tried again every second");
            (self.news)(News::DeviceLost { why: why.to_owned() });
        }
    }

    /// Drops a stream without waiting for it: a broken one may hang.
    fn part_from(&mut self, stream: Running) {
        let parting = thread::Builder::new().name("sound-parting".to_owned()).spawn(move || drop(stream));
        if parting.is_ok() {
            self.spare = self.home.recv_timeout(PATIENCE).ok().or_else(|| self.spare.take());
        }
    }

    fn try_to_open(&mut self) {
        // The system's sound library writes a page to standard error on each failure; the first one is told by the
        // news, and the tries after it are made in silence.
        let hush = (self.told == Told::Lost).then(Hush::begin);
        let period_ms = self.options.period_ms;
        let opened = self.find().and_then(|output| self.open(output, Some(period_ms))).or_else(|why| {
            // Some outputs take no other period than their own.
            match self.find()? {
                plain @ Found::Plain(_) => self.open(plain, None),
                Found::Served(_) => Err(why),
            }
        });
        drop(hush);
        match opened {
            Ok(()) => self.unsent = true,
            Err(why) => self.say_lost(&why),
        }
    }

    /// The output that is named; without a name the one that the room is calibrated for; without that, or while it is
    /// away, the system's choice, which then stays silent.
    fn find(&self) -> Result<Found, String> {
        if let Some(named) = &self.options.device {
            return Found::find(Some(named));
        }
        match self.watch.known_output() {
            Some(known) => Found::find(Some(&known)).or_else(|_| Found::find(None)),
            None => Found::find(None),
        }
    }

    /// Looks whether there is a better output than the present one: the right one, while the sound is silent on one that
    /// the room is not calibrated for; a sound server that came up late, since it tells of ports.
    fn look_for_better(&mut self) {
        let is_better = match (&self.stream, &self.place) {
            (Some(Running::Plain(_)), _) => is_served(),
            (_, Some((place, false))) => {
                let known = self.watch.known_output().filter(|known| *known != place.output);
                known.is_some_and(|known| Found::find(Some(&known)).is_ok())
            }
            _ => false,
        };
        if is_better {
            if let Some(stream) = self.stream.take() {
                self.part_from(stream);
            }
            self.try_to_open();
        }
    }

    fn open(&mut self, output: Found, period_ms: Option<u32>) -> Result<(), String> {
        if !output.may_open(&self.watch) {
            return Err("the sound server is gone, and the room is calibrated for its output only".to_owned());
        }
        let rate_hz = output.rate_hz();
        let mut engine = self.engine_for(rate_hz);
        engine.reopen();
        self.opened_at = Instant::now();
        self.streams += 1;
        self.proven = false;
        let lender =
            Lender { home: &self.home_in, shared: &self.shared, commands: &self.commands, stream: self.streams };
        match output.open(engine, &lender, &self.watch, period_ms) {
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
        let (mut engine, link) = Engine::new(rate_hz, self.options.seed);
        self.serial += 1;
        engine.serial = self.serial;
        engine.speak(Arc::clone(&self.voice), gain_of_db(self.options.reading_db));
        self.link = Some((link.orders, self.serial, rate_hz));
        let _ = self.reader.send(ReaderOrder::Connect(Box::new(link.decks)));
        Box::new(engine)
    }

    fn close(&mut self, within: Duration) {
        if self.stream.is_some()
            && let Some((orders, _, rate_hz)) = &mut self.link
        {
            // When the fade is computed, the output still holds what it plays before it.
            let held = Duration::from_millis(u64::from(self.options.period_ms) * 2 + HELD_BEYOND_MS);
            let may_take = within.mul_f32(0.9);
            let fade = may_take.saturating_sub(held).clamp(SHORTEST_FADE, Duration::from_secs(2));
            let _ = orders.push(Order::Close((fade.as_secs_f32() * *rate_hz as f32) as u32));
            thread::sleep((fade + held).min(may_take));
        }
        if let Some(stream) = self.stream.take() {
            self.part_from(stream);
        }
    }
}
