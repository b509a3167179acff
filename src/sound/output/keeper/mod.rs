//! Owns the thread that keeps an output open: it opens a stream, notices its loss, reopens it, and forwards commands to
//! the engine. Does not own what is played (`engine`) or read (`tracks`).
//!
//! Musical time continues without an output. Tracks, score and beds are rendered and discarded in real time, and once
//! there is an output again, they fade in at the point that the session has reached.

mod route;

#[cfg(test)]
use std::panic::panic_any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::sync::{Arc, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rtrb::Producer;
use tracing::{info, warn};

use super::backoff::{self, Backoff, Reminder};
use super::calibration::{CalibratedOutput, CalibrationWatch, OutputRoute};
use super::command::OutputCommand;
use super::corridor::{ChimeReporter, CorridorChime};
use super::feed::{DeckFeed, NewFeed};
use super::lease::{PREFERRED_RATE_HZ, StreamContext};
use super::probe::OutputProbe;
use super::selection::{OutputChoice, RunningStream, SelectedOutput, forget_library};
use super::state::SoundState;
use super::stderr::SilencedStderr;
use crate::sound::dsp::ramp::db_to_gain;
use crate::sound::engine::{ClipBank, Engine, EngineCommand};
use crate::sound::{Mix, Options, SoundEvent, levels_within};
use crate::vocabulary::signal::Signal;

/// Interval at which a running stream is checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// Time without a request for audio after which a running stream is considered lost.
const STALLED: Duration = Duration::from_millis(1_600);
/// Time without a request for audio after which a new stream is considered lost. It is longer than [`STALLED`], because
/// a sound server may play its buffer to the end before the next request.
const SLOW_START: Duration = Duration::from_millis(2_500);
/// Time for which a new stream must have run, and still request audio, before its output is reported as available.
const PROVEN: Duration = Duration::from_millis(400);
/// Interval at which audio is rendered and discarded while there is no stream.
const SILENT_STEP: Duration = Duration::from_millis(200);
/// Length of the audio that an output may buffer beyond two periods, in milliseconds.
const HELD_BEYOND_MS: u64 = 100;
/// Minimum length of the closing fade.
const SHORTEST_FADE: Duration = Duration::from_millis(40);
/// Time limit for a closing stream to return its engine. After that, a new engine is created.
const TIMEOUT: Duration = Duration::from_millis(400);
/// Time after which the engine has certainly reached a new, lower level.
const LEVEL_SETTLED: Duration = Duration::from_secs(2);
/// Pause before the first restart after a panic. It doubles each time, up to [`RESTART_LONGEST`].
const RESTART_FIRST: Duration = Duration::from_secs(1);
/// Longest pause before a restart after a panic.
const RESTART_LONGEST: Duration = Duration::from_mins(1);

/// Receives the sound's events.
pub type EventSink = Arc<dyn Fn(SoundEvent) + Send + Sync>;

/// The state that survives a panic of the output thread.
struct KeeperContext {
    options: Options,
    shared: Arc<SoundState>,
    clips: Arc<ClipBank>,
    new_feed: NewFeed,
    commands: SyncSender<OutputCommand>,
    chime: ChimeReporter,
    handles: Weak<()>,
    on_event: EventSink,
    /// Knows where sound may come out.
    watch: Arc<CalibrationWatch>,
}

/// Starts the output thread. It ends when every handle has been dropped, or when it is stopped.
pub fn spawn(
    options: Options,
    (shared, clips): (Arc<SoundState>, Arc<ClipBank>),
    new_feed: NewFeed,
    inbox: Receiver<OutputCommand>,
    commands: &SyncSender<OutputCommand>,
    handles: Weak<()>,
    on_event: EventSink,
) {
    let named = options.device.clone();
    let calibrated = match options.calibrated.clone() {
        // A calibration that names only a port was made on the output that `device` names.
        CalibratedOutput { output: None, port } => CalibratedOutput { output: named.filter(|_| port.is_some()), port },
        said => said,
    };
    let watch = Arc::new(CalibrationWatch::new(calibrated));
    let report = Arc::clone(&on_event);
    let (commands, chime) = (commands.clone(), ChimeReporter::new(commands.clone()));
    let context = KeeperContext { options, shared, clips, new_feed, commands, chime, handles, on_event, watch };
    let keeping = thread::Builder::new().name("sound-device".to_owned()).spawn(move || keep(&context, &inbox));
    if let Err(error) = keeping {
        report(SoundEvent::DeviceLost { why: format!("the system could not start a thread for the sound: {error}") });
    }
}

/// Runs the keeper and restarts it after a panic, which is reported as a loss of the output.
fn keep(context: &KeeperContext, inbox: &Receiver<OutputCommand>) {
    let (mut announced, mut pause) = (Announced::Nothing, RESTART_FIRST);
    while catch_unwind(AssertUnwindSafe(|| OutputKeeper::new(context, announced).run(inbox))).is_err() {
        let why = "a fault in the program stopped the sound; it is restarted";
        warn!("{why}");
        announced = Announced::Lost;
        // The next keeper reports both again where they apply.
        (context.on_event)(SoundEvent::OutputCalibrated);
        (context.on_event)(SoundEvent::OutputMeasured);
        (context.on_event)(SoundEvent::DeviceLost { why: why.to_owned() });
        thread::sleep(pause);
        pause = (pause * 2).min(RESTART_LONGEST);
    }
}

/// The last event reported about the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Announced {
    Nothing,
    Lost,
    Back,
}

/// State of the output thread.
struct OutputKeeper<'a> {
    context: &'a KeeperContext,
    feed: Box<dyn DeckFeed>,
    home_sender: Sender<Box<Engine>>,
    home: Receiver<Box<Engine>>,
    stream: Option<RunningStream>,
    corridor: Option<CorridorChime>,
    /// The route of the current stream, and whether sound may come out there.
    route: Option<(OutputRoute, bool)>,
    /// Whether the volume is limited because staff allowed an unmeasured output.
    is_limited: bool,
    /// The output for which the volume limit was reported; `None` if no limit was reported.
    limited_at: Option<String>,
    /// A route that staff accepted, and the time from which it is allowed.
    accepting: Option<(OutputRoute, Instant)>,
    /// Time up to which audio has been rendered and discarded; `None` while a stream is open.
    drawn_until: Option<Instant>,
    /// Command queue of the current engine, with its serial number and sample rate.
    link: Option<(Producer<EngineCommand>, u64, u32)>,
    serial: u64,
    /// The engine while no stream has it.
    spare: Option<Box<Engine>>,
    mix: Mix,
    /// Number of the last mix taken from the shared state.
    mix_number: u64,
    is_unsent: bool,
    opened_at: Instant,
    /// Number of attempts to open a stream so far, which is also the number of the current stream.
    streams: u64,
    /// Whether the current stream has run for [`PROVEN`].
    is_proven: bool,
    announced: Announced,
    next_check: Instant,
    backoff: Backoff<OutputProbe>,
    /// Repeats the report of a lasting loss.
    reminder: Option<Reminder>,
}

impl<'a> OutputKeeper<'a> {
    fn new(context: &'a KeeperContext, announced: Announced) -> Self {
        let (home_sender, home) = channel();
        let now = Instant::now();
        let KeeperContext { options, chime, .. } = context;
        let corridor = options.chime_device.clone();
        let corridor =
            corridor.map(|device| CorridorChime::new(device, options.chime_db.unwrap_or(-6.0), chime.clone()));
        Self {
            context,
            feed: (context.new_feed)(announced != Announced::Nothing),
            home_sender,
            home,
            stream: None,
            corridor,
            route: None,
            is_limited: false,
            limited_at: None,
            accepting: None,
            drawn_until: None,
            link: None,
            serial: 0,
            spare: None,
            mix: Mix::default(),
            mix_number: 0,
            is_unsent: false,
            opened_at: now,
            streams: 0,
            is_proven: false,
            announced,
            next_check: now,
            backoff: Backoff::new(now),
            reminder: (announced == Announced::Lost).then(|| Reminder::new(now)),
        }
    }

    fn emit(&self, event: SoundEvent) {
        (self.context.on_event)(event);
    }

    fn run(mut self, inbox: &Receiver<OutputCommand>) {
        loop {
            let now = Instant::now();
            self.restart_feed(now);
            if now >= self.next_check {
                self.next_check = now + backoff::FIRST;
                match &self.stream {
                    None if self.backoff.is_due(now, OutputProbe::now()) => self.try_to_open(),
                    None => self.remind(now),
                    Some(_) => self.look_for_better(),
                }
            }
            self.advance_silently();
            let wait = match self.stream {
                Some(_) => CHECK_INTERVAL,
                None => self.next_check.saturating_duration_since(Instant::now()).min(SILENT_STEP),
            };
            match inbox.recv_timeout(wait) {
                Ok(OutputCommand::Signal(signal)) => self.play_signal(signal),
                Ok(OutputCommand::StreamFailed { stream, why }) if stream == self.streams => self.on_stream_lost(&why),
                Ok(OutputCommand::RouteSeen { stream, route, allowed }) if stream == self.streams => {
                    self.on_route(route, allowed);
                }
                Ok(OutputCommand::AcceptOutput) => self.accept_output(),
                Ok(OutputCommand::ChimeOutput { missing }) => self.emit(match missing {
                    Some(why) => SoundEvent::ChimeLost { why },
                    None => SoundEvent::ChimeBack,
                }),
                Ok(OutputCommand::Event(event)) => self.emit(event),
                Ok(OutputCommand::ReadingEnded(number)) => self.feed.on_ended(number),
                Ok(OutputCommand::Stop { within, done }) => {
                    self.close(within);
                    let _ = done.try_send(());
                    return;
                }
                // Reports about an earlier stream are ignored. A new mix is picked up below in any case.
                Ok(
                    OutputCommand::MixChanged | OutputCommand::StreamFailed { .. } | OutputCommand::RouteSeen { .. },
                )
                | Err(RecvTimeoutError::Timeout) => {}
                #[cfg(test)]
                Ok(OutputCommand::Panic { of_reading: true }) => self.feed.panic(),
                #[cfg(test)]
                Ok(OutputCommand::Panic { of_reading: false }) => panic_any("a fault that a test asked for"),
                Err(RecvTimeoutError::Disconnected) => return self.close(CHECK_INTERVAL),
            }
            if self.context.handles.strong_count() == 0 {
                return self.close(CHECK_INTERVAL);
            }
            self.finish_accepting();
            self.take_mix();
            self.check_stream();
            if let Some(corridor) = &mut self.corridor {
                corridor.check();
            }
        }
    }

    /// Starts the feed's thread if that is due. If this is a restart after a panic, also replaces the engine, because
    /// its queues were lost with the old thread.
    fn restart_feed(&mut self, now: Instant) {
        if self.feed.restart_if_due(now) {
            self.close(CHECK_INTERVAL);
            (self.link, self.spare) = (None, None);
            self.backoff = Backoff::new(now);
        }
    }

    /// If there is no stream, renders and discards the audio that would have been heard since this was last done.
    fn advance_silently(&mut self) {
        let now = Instant::now();
        if self.stream.is_some() {
            self.drawn_until = None;
            return;
        }
        if self.spare.is_none() {
            self.spare =
                self.home.try_iter().last().or_else(|| self.link.is_none().then(|| self.engine_for(PREFERRED_RATE_HZ)));
        }
        let from = *self.drawn_until.get_or_insert(now);
        let (Some(engine), Some((_, _, rate_hz))) = (&mut self.spare, &self.link) else { return };
        // At most a second is rendered. The rest of a longer gap, as after a suspension of the machine, is skipped.
        let due = now.duration_since(from).min(SILENT_STEP * 5).as_secs_f64() * f64::from(*rate_hz);
        engine.set_clock(self.context.shared.now_s());
        for _ in 0..due as u64 {
            engine.next_frame();
        }
        self.drawn_until = Some(now);
    }

    fn take_mix(&mut self) {
        let fresh = {
            let set = self.context.shared.mix.lock().unwrap_or_else(PoisonError::into_inner);
            (set.0 != self.mix_number).then(|| set.clone())
        };
        if let Some((number, mix)) = fresh {
            self.feed.follow(&mix);
            self.is_unsent |= mix != self.mix;
            (self.mix_number, self.mix) = (number, mix);
        }
        if self.is_unsent
            && let Some((commands, ..)) = &mut self.link
        {
            let KeeperContext { options, shared, .. } = self.context;
            let most_db = if self.is_limited { options.unmeasured_volume_db } else { 0.0 };
            let levels = levels_within(&self.mix, most_db, shared.epoch, options);
            self.is_unsent = commands.push(EngineCommand::Levels(levels)).is_err();
        }
    }

    fn play_signal(&mut self, signal: Signal) {
        // The level of the signal depends on the mix, and a newer mix may be waiting.
        self.take_mix();
        if let Some(corridor) = self.corridor.as_ref().filter(|_| signal.carries()) {
            corridor.ring();
        }
        if self.stream.is_some()
            && let Some((commands, ..)) = &mut self.link
            && commands.push(EngineCommand::Signal(signal)).is_err()
        {
            warn!("a signal was not played, because the output accepts no commands");
        }
    }

    fn check_stream(&mut self) {
        if self.stream.is_none() {
            return;
        }
        let since_opened = self.opened_at.elapsed();
        let silent_for = self.context.shared.last_buffer_age().map_or(since_opened, |age| age.min(since_opened));
        let limit = if self.is_proven { STALLED } else { SLOW_START };
        if silent_for > limit {
            self.on_stream_lost("the output stopped asking for sound");
        } else if !self.is_proven && since_opened >= PROVEN && silent_for < PROVEN / 2 {
            self.is_proven = true;
            self.announce_back();
        }
    }

    /// Reports that sound is back, once the stream has run for [`PROVEN`] and sound may come out at its route.
    fn announce_back(&mut self) {
        let is_heard = self.route.as_ref().is_none_or(|(_, allowed)| *allowed);
        if self.is_proven && is_heard && self.announced != Announced::Back {
            info!("the sound has an output");
            (self.announced, self.reminder) = (Announced::Back, None);
            self.emit(SoundEvent::DeviceBack);
        }
    }

    fn on_stream_lost(&mut self, why: &str) {
        let Some(stream) = self.stream.take() else { return };
        let now = Instant::now();
        let lived = if self.is_proven { now.duration_since(self.opened_at) } else { Duration::ZERO };
        if matches!(stream, RunningStream::Cpal(_)) && self.is_proven {
            forget_library();
        }
        self.drop_stream(stream);
        self.backoff.lost(now, lived);
        self.next_check = now;
        self.announce_lost(why);
    }

    fn announce_lost(&mut self, why: &str) {
        self.accepting = None;
        self.announce_limited(false);
        if self.route.take().is_some_and(|(_, allowed)| !allowed) {
            self.emit(SoundEvent::OutputCalibrated);
        }
        if self.announced != Announced::Lost {
            self.announced = Announced::Lost;
            self.reminder = Some(Reminder::new(Instant::now()));
            self.emit(SoundEvent::DeviceLost { why: why.to_owned() });
        }
    }

    fn remind(&mut self, now: Instant) {
        if let Some(lasts) = self.reminder.as_mut().and_then(|reminder| reminder.due(now)) {
            warn!(minutes = lasts.as_secs() / 60, "the sound still has no output; attempts to open one continue");
        }
    }

    /// Drops a stream on a separate thread, because closing a broken stream may hang.
    fn drop_stream(&mut self, stream: RunningStream) {
        let parting = thread::Builder::new().name("sound-parting".to_owned()).spawn(move || drop(stream));
        // If the thread could not be started, the stream has been dropped on this thread.
        drop(parting);
        self.spare = self.home.recv_timeout(TIMEOUT).ok().or_else(|| self.spare.take());
    }

    fn try_to_open(&mut self) {
        // ALSA prints pages to standard error on each failure. Once the loss of the output has been reported, these
        // pages are suppressed.
        let silenced = (self.announced == Announced::Lost).then(SilencedStderr::begin);
        let opened = self.find().and_then(|output| {
            // Some outputs accept only their own period.
            let again = output.again();
            let period_ms = self.context.options.period_ms;
            self.open(output, Some(period_ms)).or_else(|why| again.map_or(Err(why), |again| self.open(again, None)))
        });
        drop(silenced);
        match opened {
            Ok(()) => self.is_unsent = true,
            Err(why) => {
                self.backoff.failed(Instant::now());
                self.announce_lost(&why);
            }
        }
    }

    /// Finds the configured output. If none is configured, finds the output that the room is calibrated for. If that is
    /// unknown or missing, finds the system default. A default that replaces a missing output stays silent until staff
    /// accept it.
    fn find(&self) -> Result<SelectedOutput, String> {
        if let Some(named) = &self.context.options.device {
            return SelectedOutput::find(OutputChoice::Named(named));
        }
        let known = self.context.watch.known_output();
        SelectedOutput::find(known.as_deref().map_or(OutputChoice::Default, OutputChoice::Preferred))
    }

    fn open(&mut self, output: SelectedOutput, period_ms: Option<u32>) -> Result<(), String> {
        if !output.may_open(&self.context.watch) {
            return Err("no sound server runs, and the room is calibrated for an output of one".to_owned());
        }
        let rate_hz = output.rate_hz();
        let mut engine = self.engine_for(rate_hz);
        engine.reopen();
        self.opened_at = Instant::now();
        self.streams += 1;
        self.is_proven = false;
        let context = StreamContext {
            home: &self.home_sender,
            shared: &self.context.shared,
            commands: &self.context.commands,
            stream: self.streams,
        };
        // If staff allowed an unmeasured output before, the volume stays limited until the new stream's route is known.
        self.is_limited |= self.context.watch.is_limited();
        match output.open(engine, &context, &self.context.watch, period_ms) {
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

    /// Returns the previous engine if the last stream has returned it and it has the right sample rate; otherwise
    /// creates a new engine.
    fn engine_for(&mut self, rate_hz: u32) -> Box<Engine> {
        // An engine that returns late cannot be used if its queues have been replaced.
        let returned = self.spare.take().into_iter().chain(self.home.try_iter());
        if let Some((_, serial, had_hz)) = &self.link
            && let Some(engine) = returned.filter(|engine| engine.serial == *serial).last()
            && *had_hz == rate_hz
        {
            return engine;
        }
        let (mut engine, link) = Engine::new(rate_hz, self.context.options.seed);
        self.serial += 1;
        engine.serial = self.serial;
        engine.set_clips(Arc::clone(&self.context.clips), db_to_gain(self.context.options.reading_db));
        self.link = Some((link.commands, self.serial, rate_hz));
        self.feed.connect(link.decks);
        Box::new(engine)
    }

    fn close(&mut self, within: Duration) {
        if self.stream.is_some()
            && let Some((commands, _, rate_hz)) = &mut self.link
        {
            // The output plays the audio that it has buffered before it plays the fade.
            let held = Duration::from_millis(u64::from(self.context.options.period_ms) * 2 + HELD_BEYOND_MS);
            let may_take = within.mul_f32(0.9);
            let fade = may_take.saturating_sub(held).clamp(SHORTEST_FADE, Duration::from_secs(2));
            // If the queue is full, the output is stuck and the fade would not be heard.
            let _ = commands.push(EngineCommand::Close((fade.as_secs_f32() * *rate_hz as f32) as u32));
            thread::sleep((fade + held).min(may_take));
        }
        if let Some(stream) = self.stream.take() {
            self.drop_stream(stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::sound::engine::DeckPort;

    struct NoTracks;

    impl DeckFeed for NoTracks {
        fn restart_if_due(&mut self, _now: Instant) -> bool {
            false
        }
        fn connect(&mut self, _decks: DeckPort) {}
        fn follow(&mut self, _mix: &Mix) {}
        fn on_ended(&mut self, _number: u64) {}
        fn panic(&mut self) {}
    }

    #[test]
    fn a_loss_that_a_panic_has_caused_is_logged_again_while_it_lasts() {
        let (commands, inbox) = sync_channel(4);
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        let alive = Arc::new(());
        let context = KeeperContext {
            options: Options::default(),
            shared: Arc::new(SoundState::new()),
            clips: Arc::new(ClipBank::empty()),
            new_feed: Box::new(|_| Box::new(NoTracks)),
            chime: ChimeReporter::new(commands.clone()),
            commands: commands.clone(),
            handles: Arc::downgrade(&alive),
            on_event: Arc::new(move |event| heard.lock().unwrap().push(event)),
            watch: Arc::new(CalibrationWatch::new(CalibratedOutput::default())),
        };
        assert!(OutputKeeper::new(&context, Announced::Nothing).reminder.is_none());
        let mut restarted = OutputKeeper::new(&context, Announced::Lost);
        let lasts = restarted.reminder.as_mut().unwrap().due(Instant::now() + Duration::from_mins(30));
        assert!(lasts.is_some_and(|lasts| lasts >= Duration::from_mins(30)), "{lasts:?}");
        // After the panic, nothing that the old keeper had reported about its output still holds.
        commands.send(OutputCommand::Panic { of_reading: false }).unwrap();
        let (done, stopped) = sync_channel(1);
        commands.send(OutputCommand::Stop { within: Duration::ZERO, done }).unwrap();
        keep(&context, &inbox);
        stopped.recv_timeout(Duration::from_secs(10)).unwrap();
        let events = events.lock().unwrap();
        for over in [SoundEvent::OutputCalibrated, SoundEvent::OutputMeasured] {
            assert!(events.contains(&over), "{events:?}");
        }
    }
}
