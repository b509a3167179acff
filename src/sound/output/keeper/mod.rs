//! Owns the thread that keeps an output open: it opens one, notices its loss, opens one again, and passes orders on.
//! Does not own what is played (`engine`) or read (`tracks`).
//!
//! While there is no output, or none that the room is calibrated for, musical time goes on in silence: tracks, score and
//! beds are drawn and thrown away at their own pace, so that they fade in again where the session is by then.

mod place;

#[cfg(test)]
use std::panic::panic_any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::sync::{Arc, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rtrb::Producer;
use tracing::{info, warn};

use super::backoff::{self, Reminder, Retry};
use super::calibration::{Calibrated, Place, Watch};
use super::command::Command;
use super::corridor::Corridor;
use super::feed::{DeckFeed, NewFeed};
use super::hush::Hush;
use super::lease::{Lender, WISHED_RATE_HZ};
use super::outlook::Outlook;
use super::selection::{Found, Running, Wish, forget_library};
use super::shared::Shared;
use crate::sound::dsp::ramp::gain_of_db;
use crate::sound::engine::{ClipBank, Engine, Order, Signal};
use crate::sound::{Mix, News, Options, levels_within};

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
/// What sounds has come down to a level this long after the engine was told of it.
const LEVELLED: Duration = Duration::from_secs(2);
/// What a fault of the program has ended is begun again after this long, then after twice as long each time …
const AGAIN_FIRST: Duration = Duration::from_secs(1);
/// … and at most this long.
const AGAIN_LONGEST: Duration = Duration::from_mins(1);

/// What tells of the sound.
pub type Tell = Arc<dyn Fn(News) + Send + Sync>;

/// What outlives a fault of the device thread.
struct Lasting {
    options: Options,
    shared: Arc<Shared>,
    clips: Arc<ClipBank>,
    new_feed: NewFeed,
    commands: SyncSender<Command>,
    handles: Weak<()>,
    news: Tell,
    /// Where sound may come out.
    watch: Arc<Watch>,
}

/// Starts the device thread, which ends when every handle is gone or after a stop.
pub fn spawn(
    options: Options,
    (shared, clips): (Arc<Shared>, Arc<ClipBank>),
    new_feed: NewFeed,
    orders: Receiver<Command>,
    commands: &SyncSender<Command>,
    handles: Weak<()>,
    news: Tell,
) {
    let named = options.device.clone();
    let calibrated = match options.calibrated.clone() {
        // A reading without names was made on the output that is named for the music.
        Calibrated { output: None, port } => Calibrated { output: named.filter(|_| port.is_some()), port },
        said => said,
    };
    let watch = Arc::new(Watch::new(calibrated));
    let told = Arc::clone(&news);
    let lasting = Lasting { options, shared, clips, new_feed, commands: commands.clone(), handles, news, watch };
    let keeping = thread::Builder::new().name("sound-device".to_owned()).spawn(move || keep(&lasting, &orders));
    if let Err(error) = keeping {
        told(News::DeviceLost { why: format!("the system gives no thread for the sound: {error}") });
    }
}

/// Keeps an output open. A fault of the program costs the moment until it is begun again, and is told.
fn keep(lasting: &Lasting, orders: &Receiver<Command>) {
    let (mut told, mut pause) = (Told::Nothing, AGAIN_FIRST);
    while catch_unwind(AssertUnwindSafe(|| Keeper::new(lasting, told).run(orders))).is_err() {
        let why = "a fault of the program ended the sound; it is begun again";
        warn!("{why}");
        told = Told::Lost;
        (lasting.news)(News::OutputCalibrated);
        (lasting.news)(News::DeviceLost { why: why.to_owned() });
        thread::sleep(pause);
        pause = (pause * 2).min(AGAIN_LONGEST);
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
struct Keeper<'a> {
    lasting: &'a Lasting,
    feed: Box<dyn DeckFeed>,
    home_in: Sender<Box<Engine>>,
    home: Receiver<Box<Engine>>,
    stream: Option<Running>,
    corridor: Option<Corridor>,
    /// Where the present stream's sound comes out, and whether it may.
    place: Option<(Place, bool)>,
    /// Whether sound comes out where staff allow it and nobody measured, and of which such output that has been told.
    careful: bool,
    careful_at: Option<String>,
    /// A place that staff allow, from when on.
    accepting: Option<(Place, Instant)>,
    /// Up to when musical time has been drawn in silence.
    drawn_until: Option<Instant>,
    /// The way to the present engine, and its serial number and rate.
    link: Option<(Producer<Order>, u64, u32)>,
    serial: u64,
    /// The engine while no stream has it.
    spare: Option<Box<Engine>>,
    mix: Mix,
    /// How often the mix had been set when it was taken.
    mix_number: u64,
    unsent: bool,
    opened_at: Instant,
    /// Streams opened so far; the present one's number.
    streams: u64,
    /// Whether the present stream has run steadily.
    proven: bool,
    told: Told,
    next_look: Instant,
    retry: Retry<Outlook>,
    /// Says a loss that lasts again.
    reminder: Option<Reminder>,
}

impl<'a> Keeper<'a> {
    fn new(lasting: &'a Lasting, told: Told) -> Self {
        let (home_in, home) = channel();
        let now = Instant::now();
        let Lasting { options, commands, .. } = lasting;
        let corridor = options.chime_device.clone();
        let corridor = corridor.map(|device| Corridor::new(device, options.chime_db.unwrap_or(-6.0), commands.clone()));
        Self {
            lasting,
            feed: (lasting.new_feed)(told != Told::Nothing),
            home_in,
            home,
            stream: None,
            corridor,
            place: None,
            careful: false,
            careful_at: None,
            accepting: None,
            drawn_until: None,
            link: None,
            serial: 0,
            spare: None,
            mix: Mix::default(),
            mix_number: 0,
            unsent: false,
            opened_at: now,
            streams: 0,
            proven: false,
            told,
            next_look: now,
            retry: Retry::new(now),
            reminder: None,
        }
    }

    fn tell(&self, news: News) {
        (self.lasting.news)(news);
    }

    fn run(mut self, orders: &Receiver<Command>) {
        loop {
            let now = Instant::now();
            self.keep_fed(now);
            if now >= self.next_look {
                self.next_look = now + backoff::FIRST;
                match &self.stream {
                    None if self.retry.is_due(now, Outlook::now()) => self.try_to_open(),
                    None => self.remind(now),
                    Some(_) => self.look_for_better(),
                }
            }
            self.keep_time();
            let wait = match self.stream {
                Some(_) => LOOK,
                None => self.next_look.saturating_duration_since(Instant::now()).min(SILENT_STEP),
            };
            match orders.recv_timeout(wait) {
                Ok(Command::Signal(signal)) => self.sound(signal),
                Ok(Command::StreamFailed { stream, why }) if stream == self.streams => self.lose(&why),
                Ok(Command::PlaceSeen { stream, place, allowed }) if stream == self.streams => {
                    self.see_place(place, allowed);
                }
                Ok(Command::AcceptOutput) => self.accept_output(),
                Ok(Command::ChimeOutput { missing }) => self.tell(match missing {
                    Some(why) => News::ChimeLost { why },
                    None => News::ChimeBack,
                }),
                Ok(Command::Tell(news)) => self.tell(news),
                Ok(Command::ReadingEnded(number)) => self.feed.on_ended(number),
                Ok(Command::Stop { within, done }) => {
                    self.close(within);
                    let _ = done.try_send(());
                    return;
                }
                // What was told of a stream that is gone is of no use, and a new mix is looked for in any case.
                Ok(Command::MixChanged | Command::StreamFailed { .. } | Command::PlaceSeen { .. })
                | Err(RecvTimeoutError::Timeout) => {}
                #[cfg(test)]
                Ok(Command::Panic { of_reading: true }) => self.feed.panic(),
                #[cfg(test)]
                Ok(Command::Panic { of_reading: false }) => panic_any("a fault that a test asked for"),
                Err(RecvTimeoutError::Disconnected) => return self.close(LOOK),
            }
            if self.lasting.handles.strong_count() == 0 {
                return self.close(LOOK);
            }
            self.finish_accepting();
            self.take_mix();
            self.look_after();
            if let Some(corridor) = &mut self.corridor {
                corridor.look();
            }
        }
    }

    /// Where the feed begins again after a fault, it needs an engine of its own.
    fn keep_fed(&mut self, now: Instant) {
        if self.feed.restart_if_due(now) {
            self.close(LOOK);
            (self.link, self.spare) = (None, None);
            self.retry = Retry::new(now);
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
        engine.set_clock(self.lasting.shared.now_s());
        for _ in 0..due as u64 {
            engine.next_frame();
        }
        self.drawn_until = Some(now);
    }

    fn take_mix(&mut self) {
        let fresh = {
            let set = self.lasting.shared.mix.lock().unwrap_or_else(PoisonError::into_inner);
            (set.0 != self.mix_number).then(|| set.clone())
        };
        if let Some((number, mix)) = fresh {
            self.feed.follow(&mix);
            self.unsent |= mix != self.mix;
            (self.mix_number, self.mix) = (number, mix);
        }
        if self.unsent
            && let Some((orders, ..)) = &mut self.link
        {
            let Lasting { options, shared, .. } = self.lasting;
            let most_db = if self.careful { options.unmeasured_volume_db } else { 0.0 };
            let levels = levels_within(&self.mix, most_db, shared.epoch, options);
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
        let silent_for = self.lasting.shared.last_buffer_age().map_or(since_opened, |age| age.min(since_opened));
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
            (self.told, self.reminder) = (Told::Back, None);
            self.tell(News::DeviceBack);
        }
    }

    fn lose(&mut self, why: &str) {
        let Some(stream) = self.stream.take() else { return };
        let now = Instant::now();
        let lived = if self.proven { now.duration_since(self.opened_at) } else { Duration::ZERO };
        if matches!(stream, Running::Plain(_)) && self.proven {
            forget_library();
        }
        self.part_from(stream);
        self.retry.lost(now, lived);
        self.next_look = now;
        self.say_lost(why);
    }

    fn say_lost(&mut self, why: &str) {
        self.accepting = None;
        self.tell_careful(false);
        if self.place.take().is_some_and(|(_, allowed)| !allowed) {
            self.tell(News::OutputCalibrated);
        }
        if self.told != Told::Lost {
            self.told = Told::Lost;
            self.reminder = Some(Reminder::new(Instant::now()));
            self.tell(News::DeviceLost { why: why.to_owned() });
        }
    }

    fn remind(&mut self, now: Instant) {
        if let Some(lasts) = self.reminder.as_mut().and_then(|reminder| reminder.due(now)) {
            warn!(minutes = lasts.as_secs() / 60, "the sound still has no output; it is looked for every second");
        }
    }

    /// Drops a stream without waiting for it: a broken one may hang.
    fn part_from(&mut self, stream: Running) {
        let parting = thread::Builder::new().name("sound-parting".to_owned()).spawn(move || drop(stream));
        // Without a thread it was dropped here, and the engine is on its way all the same.
        drop(parting);
        self.spare = self.home.recv_timeout(PATIENCE).ok().or_else(|| self.spare.take());
    }

    fn try_to_open(&mut self) {
        // The system's sound library writes a page to standard error on each failure; the first one is told by the
        // news, and the tries after it are made in silence.
        let hush = (self.told == Told::Lost).then(Hush::begin);
        let opened = self.find().and_then(|output| {
            // Some outputs take no other period than their own.
            let again = output.again();
            let period_ms = self.lasting.options.period_ms;
            self.open(output, Some(period_ms)).or_else(|why| again.map_or(Err(why), |again| self.open(again, None)))
        });
        drop(hush);
        match opened {
            Ok(()) => self.unsent = true,
            Err(why) => {
                self.retry.failed(Instant::now());
                self.say_lost(&why);
            }
        }
    }

    /// The output that is named; without a name the one that the room is calibrated for; without that, or while it is
    /// away, the system's choice, which then stays silent.
    fn find(&self) -> Result<Found, String> {
        if let Some(named) = &self.lasting.options.device {
            return Found::find(Wish::Named(named));
        }
        let known = self.lasting.watch.known_output();
        Found::find(known.as_deref().map_or(Wish::Any, Wish::Rather))
    }

    fn open(&mut self, output: Found, period_ms: Option<u32>) -> Result<(), String> {
        if !output.may_open(&self.lasting.watch) {
            return Err("no sound server runs, and the room is calibrated for an output of one".to_owned());
        }
        let rate_hz = output.rate_hz();
        let mut engine = self.engine_for(rate_hz);
        engine.reopen();
        self.opened_at = Instant::now();
        self.streams += 1;
        self.proven = false;
        let lender = Lender {
            home: &self.home_in,
            shared: &self.lasting.shared,
            commands: &self.lasting.commands,
            stream: self.streams,
        };
        // Until it is known where the sound comes out.
        self.careful |= self.lasting.watch.is_careful();
        match output.open(engine, &lender, &self.lasting.watch, period_ms) {
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
        let (mut engine, link) = Engine::new(rate_hz, self.lasting.options.seed);
        self.serial += 1;
        engine.serial = self.serial;
        engine.speak(Arc::clone(&self.lasting.clips), gain_of_db(self.lasting.options.reading_db));
        self.link = Some((link.orders, self.serial, rate_hz));
        self.feed.connect(link.decks);
        Box::new(engine)
    }

    fn close(&mut self, within: Duration) {
        if self.stream.is_some()
            && let Some((orders, _, rate_hz)) = &mut self.link
        {
            // When the fade is computed, the output still holds what it plays before it.
            let held = Duration::from_millis(u64::from(self.lasting.options.period_ms) * 2 + HELD_BEYOND_MS);
            let may_take = within.mul_f32(0.9);
            let fade = may_take.saturating_sub(held).clamp(SHORTEST_FADE, Duration::from_secs(2));
            // Orders that are not taken belong to an output that stands still; nothing is heard of its end.
            let _ = orders.push(Order::Close((fade.as_secs_f32() * *rate_hz as f32) as u32));
            thread::sleep((fade + held).min(may_take));
        }
        if let Some(stream) = self.stream.take() {
            self.part_from(stream);
        }
    }
}
