//! Owns one stream on the sound server. Its thread answers each request for audio with frames from the engine, tracks
//! the server's clock, and mutes the stream as soon as the room is not calibrated for the output. Does not own the
//! opening and reopening of streams over time (`keeper`).

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

use super::clock::PlaybackClock;
use super::connection::{PulseConnection, ServerMessage, is_null_output};
use crate::sound::engine::Engine;
use crate::sound::output::calibration::{CalibrationWatch, Gate, OutputRoute};
use crate::sound::output::command::OutputCommand;
use crate::sound::output::lease::{EngineLease, PREFERRED_RATE_HZ, StreamContext};
use crate::sound::output::state::SoundState;

/// Bytes per stereo frame.
const FRAME_BYTES: u32 = 8;
/// Interval between timing queries once the clock has settled. Until then, queries are five times as frequent.
const CLOCK_INTERVAL: Duration = Duration::from_secs(1);
/// Length of the server's buffer beyond two periods, in milliseconds, as slack for a machine under load.
const SLACK_MS: u32 = 100;

/// An output on the sound server that can be opened.
pub struct PulseOutput {
    server: PulseConnection,
    sink: SinkInfo,
}

impl PulseOutput {
    /// Creates an output for `sink` on `server`.
    pub const fn new(server: PulseConnection, sink: SinkInfo) -> Self {
        Self { server, sink }
    }

    /// Returns 44.1 kHz if that is the output's own rate, which saves the server from resampling; 48 kHz otherwise.
    pub fn rate_hz(&self) -> u32 {
        if self.sink.sample_spec.sample_rate == 44_100 { 44_100 } else { PREFERRED_RATE_HZ }
    }

    /// Opens the output with a period of `period_ms`. The engine returns through the context's `home` when the stream
    /// ends or cannot be opened.
    pub fn open(
        mut self,
        engine: Box<Engine>,
        context: &StreamContext<'_>,
        watch: &Arc<CalibrationWatch>,
        period_ms: u32,
    ) -> Result<PulseStream, String> {
        let rate_hz = self.rate_hz();
        let lease = EngineLease::new(engine, context);
        let params = stream_params(&self.sink, rate_hz, period_ms.clamp(10, 200));
        let created: CreatePlaybackStreamReply = self.server.request(&Command::CreatePlaybackStream(params))?;
        let socket = self.server.handle().ok_or("the connection to the sound server could not be duplicated")?;
        let ending = Arc::new(AtomicBool::new(false));
        let frames_max = (rate_hz as usize * 4).max((created.requested_bytes / FRAME_BYTES) as usize);
        let playing = StreamThread {
            server: self.server,
            lease,
            shared: Arc::clone(context.shared),
            notices: context.commands.clone(),
            number: context.stream,
            watch: Arc::clone(watch),
            watch_changes: watch.changes(),
            channel: created.channel,
            stream_index: created.stream_index,
            sink_index: created.sink_index,
            frames: Vec::with_capacity(frames_max),
            due_frames: created.requested_bytes / FRAME_BYTES,
            written_frames: 0,
            clock: PlaybackClock::new(rate_hz),
            begun: Instant::now(),
            clock_asked: None,
            clock_due: Instant::now(),
            sink_asked: None,
            route: None,
            unreported_route: None,
            gate: Gate::shut(rate_hz),
            ending: Arc::clone(&ending),
        };
        thread::Builder::new()
            .name("sound-served".to_owned())
            .spawn(move || playing.run())
            .map_err(|error| format!("the system could not start a thread for the output: {error}"))?;
        Ok(PulseStream { socket, ending })
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
            target_length: bytes(period_ms * 2 + SLACK_MS),
            minimum_request_length: bytes(period_ms),
            ..BufferAttr::default()
        },
        // The room sets its own levels, and a volume that the server remembers from an earlier stream must not change
        // them.
        cvolume: Some(ChannelVolume::norm(2)),
        props,
        flags: StreamFlags {
            // If its output disappears, the stream must end rather than move to another one.
            no_move: true,
            start_muted: Some(false),
            adjust_latency: true,
            ..StreamFlags::default()
        },
        ..PlaybackStreamParams::default()
    }
}

/// An open stream. Dropping it ends it immediately.
pub struct PulseStream {
    socket: UnixStream,
    ending: Arc<AtomicBool>,
}

impl Drop for PulseStream {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        // A failure means that the stream has ended already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// State of the stream's thread. Once the stream plays, the thread allocates memory only to query and report its route.
struct StreamThread {
    server: PulseConnection,
    lease: EngineLease,
    shared: Arc<SoundState>,
    notices: SyncSender<OutputCommand>,
    /// Number of the stream.
    number: u64,
    watch: Arc<CalibrationWatch>,
    watch_changes: u32,
    channel: u32,
    stream_index: u32,
    sink_index: u32,
    frames: Vec<[f32; 2]>,
    due_frames: u32,
    written_frames: u64,
    clock: PlaybackClock,
    begun: Instant,
    /// The pending timing query, and when it was sent.
    clock_asked: Option<(u32, Instant)>,
    clock_due: Instant,
    sink_asked: Option<u32>,
    route: Option<OutputRoute>,
    /// The latest route, and whether sound may come out there. `None` once it has been reported.
    unreported_route: Option<(OutputRoute, bool)>,
    gate: Gate,
    ending: Arc<AtomicBool>,
}

impl StreamThread {
    fn run(mut self) {
        let ended = self.play();
        if let Err(why) = ended
            && !self.ending.load(Ordering::Acquire)
        {
            // The engine is returned before the failure is reported, because the keeper may need it immediately.
            self.lease.end();
            let _ = self.notices.send(OutputCommand::StreamFailed { stream: self.number, why });
        }
    }

    fn play(&mut self) -> Result<(), String> {
        let subscribed =
            self.server.send(&Command::Subscribe(SubscriptionMask::SINK | SubscriptionMask::SINK_INPUT))?;
        self.query_route()?;
        self.write_due()?;
        loop {
            match self.server.next()? {
                ServerMessage::Notification(command) => self.on_notification(command)?,
                ServerMessage::Reply(number) => self.on_reply(number)?,
                ServerMessage::Error(number, _) if self.sink_asked == Some(number) => {
                    return Err("the output is gone".to_owned());
                }
                ServerMessage::Error(number, why) if subscribed == number => {
                    return Err(format!("the sound server does not report when a plug is pulled: {why}"));
                }
                // Other errors are harmless: if the server refuses to mute the stream, the gate silences it, and timing
                // is optional.
                ServerMessage::Error(..) | ServerMessage::Idle => {}
            }
            self.report_route();
            if self.ending.load(Ordering::Acquire) {
                return Ok(());
            }
            if self.watch_changes != self.watch.changes() {
                self.watch_changes = self.watch.changes();
                self.apply_calibration()?;
            }
            self.write_due()?;
            self.query_clock()?;
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the protocol has many commands, and the others do not matter here"
    )]
    fn on_notification(&mut self, command: Command) -> Result<(), String> {
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
                // A server may move the stream despite `no_move`. The stream is muted first, then its new route is
                // queried.
                self.shut_gate()?;
                self.sink_index = moved.device_index;
                self.query_route()?;
            }
            Command::Underflow(underflow) if underflow.channel == self.channel => {
                self.shared.count_underrun();
                self.clock.reset();
                self.clock_due = Instant::now();
            }
            Command::SubscribeEvent(event)
                if event.event_facility == SubscriptionEventFacility::Sink && event.index == Some(self.sink_index) =>
            {
                self.query_route()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn on_reply(&mut self, number: u32) -> Result<(), String> {
        if self.sink_asked == Some(number) {
            self.sink_asked = None;
            let sink: SinkInfo = self.server.reply().map_err(|error| format!("the sound server: {error}"))?;
            if is_null_output(&sink.name) {
                return Err("the sound server has no output".to_owned());
            }
            self.route = Some(route_of(&sink));
            self.apply_calibration()?;
        } else if let Some((_, asked)) = self.clock_asked.filter(|(asked, _)| *asked == number) {
            self.clock_asked = None;
            if let Ok(timing) = self.server.reply::<PlaybackLatency>() {
                self.update_clock(asked, &timing);
            }
        }
        Ok(())
    }

    fn query_route(&mut self) -> Result<(), String> {
        let question = GetSinkInfo { index: Some(self.sink_index), name: None };
        self.sink_asked = Some(self.server.send(&Command::GetSinkInfo(question))?);
        Ok(())
    }

    /// Opens or closes the gate for the current route.
    fn apply_calibration(&mut self) -> Result<(), String> {
        let Some(route) = self.route.clone() else { return Ok(()) };
        let allowed = self.watch.allows(&route);
        if allowed && !self.gate.is_open() {
            self.gate.set(true, self.written_frames == 0);
            let unmute = SetStreamMuteParams { index: self.stream_index, mute: false };
            self.server.send(&Command::SetSinkInputMute(unmute))?;
        } else if !allowed {
            self.shut_gate()?;
        }
        self.unreported_route = Some((route, allowed));
        self.report_route();
        Ok(())
    }

    /// Reports the route. If the queue is full, reports it later, because this thread never waits.
    fn report_route(&mut self) {
        if let Some((route, allowed)) = self.unreported_route.take() {
            let notice = OutputCommand::RouteSeen { stream: self.number, route, allowed };
            if let Err(TrySendError::Full(OutputCommand::RouteSeen { route, allowed, .. })) =
                self.notices.try_send(notice)
            {
                self.unreported_route = Some((route, allowed));
            }
        }
    }

    /// Mutes immediately, also on the server, because the audio in the server's buffer would otherwise still be heard.
    fn shut_gate(&mut self) -> Result<(), String> {
        if self.gate.is_open() || self.written_frames == 0 {
            self.gate.set(false, false);
            let mute = SetStreamMuteParams { index: self.stream_index, mute: true };
            self.server.send(&Command::SetSinkInputMute(mute))?;
        }
        Ok(())
    }

    fn write_due(&mut self) -> Result<(), String> {
        // While the route is unknown, nothing is played and musical time does not advance.
        if self.route.is_none() {
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

    fn query_clock(&mut self) -> Result<(), String> {
        let now = Instant::now();
        if self.clock_asked.is_some_and(|(_, asked)| now.duration_since(asked) < 2 * CLOCK_INTERVAL)
            || now < self.clock_due
        {
            return Ok(());
        }
        let params = LatencyParams { channel: self.channel, now: SystemTime::now() };
        let number = self.server.send(&Command::GetPlaybackLatency(params))?;
        self.clock_asked = Some((number, now));
        self.clock_due = now + if self.clock.is_settled() { CLOCK_INTERVAL } else { CLOCK_INTERVAL / 5 };
        Ok(())
    }

    fn update_clock(&mut self, asked: Instant, timing: &PlaybackLatency) {
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

/// Returns the route to `sink`: its name and, if it has ports, the active one.
fn route_of(sink: &SinkInfo) -> OutputRoute {
    let text = |text: &CString| text.to_string_lossy().into_owned();
    OutputRoute { output: text(&sink.name), port: sink.ports.get(sink.active_port).map(|port| text(&port.name)) }
}
