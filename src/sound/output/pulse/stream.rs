//! Owns one output stream of the sound server: its thread answers each request with frames from the engine, follows the
//! server's clock, and shuts the moment the output is not the one the room is calibrated for. Does not own when to
//! open one (`keeper`).

use std::ffi::CString;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    ChannelMap, ChannelVolume, Command, CreatePlaybackStreamReply, GetSinkInfo, LatencyParams, PlaybackLatency,
    PlaybackStreamParams, Prop, Props, SampleFormat, SampleSpec, SetStreamMuteParams, SinkInfo,
    SubscriptionEventFacility, SubscriptionMask,
};

use super::clock::HeardClock;
use super::connection::{Arrival, Server, is_made_up};
use crate::sound::engine::Engine;
use crate::sound::output::calibration::{Gate, Place, Watch};
use crate::sound::output::command::Command as Notice;
use crate::sound::output::lease::{Lease, Lender, WISHED_RATE_HZ};
use crate::sound::output::shared::Shared;

/// Bytes of one stereo frame.
const FRAME_BYTES: u32 = 8;
/// How often the server's clock is asked for, once it is known; at first five times as often.
const CLOCK_EVERY: Duration = Duration::from_secs(1);
/// Milliseconds that the server holds beyond two periods: what a loaded machine may be late by.
const SPARE_MS: u32 = 100;

/// An output of the sound server that can be opened.
pub struct ServedOutput {
    server: Server,
    sink: SinkInfo,
}

impl ServedOutput {
    /// The output `sink` on `server`.
    pub const fn new(server: Server, sink: SinkInfo) -> Self {
        Self { server, sink }
    }

    /// Its own rate if that is usual, so that nobody converts; else 48 kHz.
    pub fn rate_hz(&self) -> u32 {
        if self.sink.sample_spec.sample_rate == 44_100 { 44_100 } else { WISHED_RATE_HZ }
    }

    /// Opens it with a period of `period_ms`. The engine comes back through `home` when the stream ends, however it
    /// ends, also when it never began.
    pub fn open(
        mut self,
        engine: Box<Engine>,
        lender: &Lender<'_>,
        watch: &Arc<Watch>,
        period_ms: u32,
    ) -> Result<ServedStream, String> {
        let rate_hz = self.rate_hz();
        let lease = Lease::new(engine, lender);
        let params = stream_params(&self.sink, rate_hz, period_ms.clamp(10, 200));
        let created: CreatePlaybackStreamReply = self.server.ask(&Command::CreatePlaybackStream(params))?;
        let socket = self.server.handle().ok_or("the sound server: no second handle")?;
        let ending = Arc::new(AtomicBool::new(false));
        let frames_max = (rate_hz as usize * 4).max((created.requested_bytes / FRAME_BYTES) as usize);
        let playing = Playing {
            server: self.server,
            lease,
            shared: Arc::clone(lender.shared),
            notices: lender.commands.clone(),
            number: lender.stream,
            watch: Arc::clone(watch),
            watch_changes: watch.changes(),
            channel: created.channel,
            stream_index: created.stream_index,
            sink_index: created.sink_index,
            frames: Vec::with_capacity(frames_max),
            due_frames: created.requested_bytes / FRAME_BYTES,
            written_frames: 0,
            clock: HeardClock::new(rate_hz),
            begun: Instant::now(),
            clock_asked: None,
            clock_due: Instant::now(),
            sink_asked: None,
            place: None,
            untold: None,
            gate: Gate::shut(rate_hz),
            ending: Arc::clone(&ending),
        };
        thread::Builder::new()
            .name("sound-served".to_owned())
            .spawn(move || playing.run())
            .map_err(|error| format!("no thread for the output: {error}"))?;
        Ok(ServedStream { socket, ending })
    }
}

fn stream_params(sink: &SinkInfo, rate_hz: u32, period_ms: u32) -> PlaybackStreamParams {
    let bytes = |length_ms: u32| rate_hz / 1_000 * length_ms * FRAME_BYTES;
    let mut props = Props::new();
    props.set(Prop::MediaName, c"the room");
    props.set(Prop::MediaRole, c"music");
    PlaybackStreamParams {
        sample_spec: SampleSpec { format: SampleFormat::Float32Le, channels: 2, sample_rate: rate_hz },
        channel_map: ChannelMap::stereo(),
        sink_index: Some(sink.index),
        sink_name: None,
        buffer_attr: BufferAttr {
            target_length: bytes(period_ms * 2 + SPARE_MS),
            minimum_request_length: bytes(period_ms),
            ..BufferAttr::default()
        },
        // Levels are the room's: what the server remembers of an earlier stream's volume must not change them.
        cvolume: Some(ChannelVolume::norm(2)),
        props,
        flags: StreamFlags {
            // A stream whose output goes away ends, rather than sounding somewhere else.
            no_move: true,
            start_muted: Some(false),
            adjust_latency: true,
            ..StreamFlags::default()
        },
        ..PlaybackStreamParams::default()
    }
}

/// An open stream. Dropping it ends it at once.
pub struct ServedStream {
    socket: UnixStream,
    ending: Arc<AtomicBool>,
}

impl Drop for ServedStream {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        // There is nobody left to tell if it has ended already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// What the stream's thread works with. Once it plays it allocates nothing.
struct Playing {
    server: Server,
    lease: Lease,
    shared: Arc<Shared>,
    notices: SyncSender<Notice>,
    /// The stream's number.
    number: u64,
    watch: Arc<Watch>,
    watch_changes: u32,
    channel: u32,
    stream_index: u32,
    sink_index: u32,
    frames: Vec<[f32; 2]>,
    due_frames: u32,
    written_frames: u64,
    clock: HeardClock,
    begun: Instant,
    /// The question for the server's clock that is under way, and when it was asked.
    clock_asked: Option<(u32, Instant)>,
    clock_due: Instant,
    sink_asked: Option<u32>,
    place: Option<Place>,
    /// Where the sound comes out and whether it may, while nobody has taken the word.
    untold: Option<(Place, bool)>,
    gate: Gate,
    ending: Arc<AtomicBool>,
}

impl Playing {
    fn run(mut self) {
        let ended = self.play();
        if let Err(why) = ended
            && !self.ending.load(Ordering::Acquire)
        {
            // The engine goes home before anybody hears that it may.
            self.lease.end();
            let _ = self.notices.send(Notice::StreamFailed { stream: self.number, why });
        }
    }

    fn play(&mut self) -> Result<(), String> {
        let subscribed =
            self.server.send(&Command::Subscribe(SubscriptionMask::SINK | SubscriptionMask::SINK_INPUT))?;
        self.ask_for_place()?;
        self.write_due()?;
        loop {
            match self.server.next()? {
                Arrival::Told(command) => self.told(command)?,
                Arrival::Answer(number) => self.answered(number)?,
                Arrival::Refusal(number, _) if self.sink_asked == Some(number) => {
                    return Err("the output is gone".to_owned());
                }
                Arrival::Refusal(number, why) if subscribed == number => {
                    return Err(format!("the sound server does not tell of pulled plugs: {why}"));
                }
                // A mute that is refused changes nothing: what is sent is silence by then. Its clock it may keep.
                Arrival::Refusal(..) | Arrival::Nothing => {}
            }
            self.tell_place();
            if self.ending.load(Ordering::Acquire) {
                return Ok(());
            }
            if self.watch_changes != self.watch.changes() {
                self.watch_changes = self.watch.changes();
                self.judge()?;
            }
            self.write_due()?;
            self.ask_for_clock()?;
        }
    }

    fn told(&mut self, command: Command) -> Result<(), String> {
        match command {
            Command::Request(request) if request.channel == self.channel => {
                self.due_frames += request.length / FRAME_BYTES;
            }
            Command::PlaybackStreamKilled(channel) if channel == self.channel => {
                return Err("the output is gone".to_owned());
            }
            Command::PlaybackStreamSuspended(state) if state.stream_index == self.channel && state.suspended => {
                return Err("the output was suspended".to_owned());
            }
            Command::PlaybackStreamMoved(moved) if moved.stream_index == self.channel => {
                // Asked not to, a server may do it all the same: shut first, then look.
                self.shut()?;
                self.sink_index = moved.device_index;
                self.ask_for_place()?;
            }
            Command::Underflow(underflow) if underflow.channel == self.channel => {
                self.shared.count_underrun();
                self.clock.doubt();
                self.clock_due = Instant::now();
            }
            Command::SubscribeEvent(event)
                if event.event_facility == SubscriptionEventFacility::Sink && event.index == Some(self.sink_index) =>
            {
                self.ask_for_place()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn answered(&mut self, number: u32) -> Result<(), String> {
        if self.sink_asked == Some(number) {
            self.sink_asked = None;
            let sink: SinkInfo = self.server.answer().map_err(|error| format!("the sound server: {error}"))?;
            if is_made_up(&sink.name) {
                return Err("the sound server has no output".to_owned());
            }
            self.place = Some(place_of(&sink));
            self.judge()?;
        } else if let Some((_, asked)) = self.clock_asked.filter(|(asked, _)| *asked == number) {
            self.clock_asked = None;
            if let Ok(timing) = self.server.answer::<PlaybackLatency>() {
                self.note_clock(asked, &timing);
            }
        }
        Ok(())
    }

    fn ask_for_place(&mut self) -> Result<(), String> {
        let question = GetSinkInfo { index: Some(self.sink_index), name: None };
        self.sink_asked = Some(self.server.send(&Command::GetSinkInfo(question))?);
        Ok(())
    }

    /// Opens or shuts by where the sound comes out now.
    fn judge(&mut self) -> Result<(), String> {
        let Some(place) = self.place.clone() else { return Ok(()) };
        let allowed = self.watch.judge(&place);
        if allowed && !self.gate.is_open() {
            self.gate.set(true, self.written_frames == 0);
            let unmute = SetStreamMuteParams { index: self.stream_index, mute: false };
            self.server.send(&Command::SetSinkInputMute(unmute))?;
        } else if !allowed {
            self.shut()?;
        }
        self.untold = Some((place, allowed));
        self.tell_place();
        Ok(())
    }

    /// Where nobody takes it now it is told a little later: this thread never waits.
    fn tell_place(&mut self) {
        if let Some((place, allowed)) = self.untold.take() {
            let notice = Notice::PlaceSeen { stream: self.number, place, allowed };
            if let Err(TrySendError::Full(Notice::PlaceSeen { place, allowed, .. })) = self.notices.try_send(notice) {
                self.untold = Some((place, allowed));
            }
        }
    }

    /// Silence at once, at the server too: it holds a tenth of a second that must not be heard there.
    fn shut(&mut self) -> Result<(), String> {
        if self.gate.is_open() || self.written_frames == 0 {
            self.gate.set(false, false);
            let mute = SetStreamMuteParams { index: self.stream_index, mute: true };
            self.server.send(&Command::SetSinkInputMute(mute))?;
        }
        Ok(())
    }

    fn write_due(&mut self) -> Result<(), String> {
        // Until it is known where the sound comes out, nothing is played and no musical time is lost.
        if self.place.is_none() {
            return Ok(());
        }
        let due = (self.due_frames as usize).min(self.frames.capacity());
        if due == 0 {
            return Ok(());
        }
        let now_s = self.shared.mark_buffer();
        let since_begun_s = self.begun.elapsed().as_secs_f64();
        let wait_s = self.clock.wait_s(self.written_frames, since_begun_s);
        self.shared.note_latency(wait_s);
        self.frames.clear();
        if let Some(engine) = &mut self.lease.engine {
            engine.set_clock(now_s + wait_s);
            self.frames.extend((0..due).map(|_| engine.next_frame()));
        } else {
            self.frames.resize(due, [0.0; 2]);
        }
        self.gate.run(&mut self.frames);
        self.server.send_frames(self.channel, &self.frames)?;
        self.written_frames += due as u64;
        self.due_frames -= due as u32;
        Ok(())
    }

    fn ask_for_clock(&mut self) -> Result<(), String> {
        let now = Instant::now();
        if self.clock_asked.is_some_and(|(_, asked)| now.duration_since(asked) < 2 * CLOCK_EVERY)
            || now < self.clock_due
        {
            return Ok(());
        }
        let params = LatencyParams { channel: self.channel, now: SystemTime::now() };
        let number = self.server.send(&Command::GetPlaybackLatency(params))?;
        self.clock_asked = Some((number, now));
        self.clock_due = now + if self.clock.is_settled() { CLOCK_EVERY } else { CLOCK_EVERY / 5 };
        Ok(())
    }

    fn note_clock(&mut self, asked: Instant, timing: &PlaybackLatency) {
        let round_trip = asked.elapsed();
        let asked_s = asked.duration_since(self.begun).as_secs_f64();
        let read_frames = timing.read_offset as f64 / f64::from(FRAME_BYTES);
        if timing.playing && round_trip < Duration::from_millis(10) {
            let read_s = asked_s + round_trip.as_secs_f64() / 2.0;
            let heard_s = read_s + timing.sink_usec as f64 / 1e6;
            let error_s = self.clock.note(read_frames, heard_s);
            self.shared.note_clock_error(error_s);
        }
    }
}

/// Where the sound of `sink` comes out.
fn place_of(sink: &SinkInfo) -> Place {
    let text = |text: &CString| text.to_string_lossy().into_owned();
    Place { output: text(&sink.name), port: sink.ports.get(sink.active_port).map(|port| text(&port.name)) }
}
