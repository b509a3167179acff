//! Tests of a stream against a fake sound server, since headphone jacks exist on real hardware only.

use std::ffi::CString;
use std::io::{BufReader, Read};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pulseaudio::protocol::port_info::{PortAvailable, PortDirection, PortInfo, PortType};
use pulseaudio::protocol::{
    AuthReply, Command, CommandReply, CreatePlaybackStreamReply, DESCRIPTOR_SIZE, MAX_VERSION, PulseError, Request,
    SetClientNameReply, SinkInfo, SubscriptionEvent, SubscriptionEventFacility, SubscriptionEventType, read_descriptor,
    write_ack_message, write_command_message, write_error, write_reply_message,
};

use super::{PulseConnection, PulseOutput, PulseStream};
use crate::sound::engine::{Engine, EngineCommand, Levels};
use crate::sound::output::calibration::{CalibratedOutput, CalibrationWatch, OutputRoute};
use crate::sound::output::command::OutputCommand;
use crate::sound::output::lease::StreamContext;
use crate::sound::output::state::SoundState;
use crate::vocabulary::sound::Bed;

const VERSION: u16 = MAX_VERSION;
const CHANNEL: u32 = 7;
const STREAM: u32 = 21;
const PERIOD_BYTES: u32 = 2_304 * 8;
const PATIENCE: Duration = Duration::from_secs(5);

/// What the fake server observed.
#[derive(Debug, PartialEq)]
enum Observed {
    /// Peak of the frames of one period.
    Frames(f32),
    Mute(bool),
}

/// State shared by the fake server's thread and the test.
struct FakeServer {
    wire: Mutex<UnixStream>,
    active_port: Mutex<&'static str>,
}

fn text(text: &str) -> CString {
    CString::new(text).unwrap()
}

fn sink(active_port: &str) -> SinkInfo {
    let port = |name: &str| PortInfo {
        name: text(name),
        port_type: PortType::Unknown,
        description: None,
        dir: PortDirection::Output,
        priority: 1,
        available: PortAvailable::Unknown,
        availability_group: None,
    };
    let ports = vec![port("headphones"), port("speaker")];
    let active_port = ports.iter().position(|port| port.name == text(active_port)).unwrap();
    SinkInfo { name: text("card"), ports, active_port, ..SinkInfo::new_dummy(3) }
}

impl FakeServer {
    fn tell(&self, command: &Command) {
        write_command_message(&mut *self.wire.lock().unwrap(), u32::MAX, command, VERSION).unwrap();
    }

    fn reply<R: CommandReply>(&self, number: u32, reply: &R) {
        write_reply_message(&mut *self.wire.lock().unwrap(), number, reply, VERSION).unwrap();
    }

    /// Simulates the server until the client disconnects.
    fn serve(&self, mut reader: BufReader<UnixStream>, seen: &Sender<Observed>) {
        let mut head = [0; DESCRIPTOR_SIZE];
        while reader.read_exact(&mut head).is_ok() {
            let descriptor = read_descriptor(&mut &head[..]).unwrap();
            let mut body = vec![0; descriptor.length as usize];
            reader.read_exact(&mut body).unwrap();
            if descriptor.channel == u32::MAX {
                let (number, command) = Command::read_tag_prefixed(&mut &body[..], VERSION).unwrap();
                self.respond(number, command, seen);
            } else {
                assert_eq!(descriptor.length % PERIOD_BYTES, 0, "periods are what was asked for");
                for period in body.chunks(PERIOD_BYTES as usize) {
                    let samples = period.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()));
                    let _ = seen.send(Observed::Frames(samples.fold(0.0, |peak, sample| sample.abs().max(peak))));
                }
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the test server supports what the client sends")]
    fn respond(&self, number: u32, command: Command, seen: &Sender<Observed>) {
        match command {
            Command::Auth(_) => self.reply(number, &AuthReply { version: VERSION, use_memfd: false, use_shm: false }),
            Command::SetClientName(_) => self.reply(number, &SetClientNameReply { client_id: 1 }),
            Command::CreatePlaybackStream(params) => {
                assert!(params.flags.no_move && params.flags.start_muted == Some(false));
                let reply = CreatePlaybackStreamReply {
                    channel: CHANNEL,
                    stream_index: STREAM,
                    requested_bytes: PERIOD_BYTES,
                    sample_spec: params.sample_spec,
                    channel_map: params.channel_map,
                    buffer_attr: params.buffer_attr,
                    sink_index: 3,
                    sink_name: Some(text("card")),
                    ..CreatePlaybackStreamReply::default()
                };
                self.reply(number, &reply);
            }
            Command::GetSinkInfo(_) => {
                let port = *self.active_port.lock().unwrap();
                self.reply(number, &sink(port));
            }
            Command::SetSinkInputMute(params) => {
                assert_eq!(params.index, STREAM);
                let _ = seen.send(Observed::Mute(params.mute));
                write_ack_message(&mut *self.wire.lock().unwrap(), number).unwrap();
            }
            Command::Subscribe(_) => write_ack_message(&mut *self.wire.lock().unwrap(), number).unwrap(),
            _ => write_error(&mut *self.wire.lock().unwrap(), number, &PulseError::NotSupported).unwrap(),
        }
    }
}

struct Fixture {
    server: Arc<FakeServer>,
    seen: Receiver<Observed>,
    stream: PulseStream,
    notices: Receiver<OutputCommand>,
    home: Receiver<Box<Engine>>,
    watch: Arc<CalibrationWatch>,
}

fn fixture(calibrated: CalibratedOutput) -> Fixture {
    let (here, there) = UnixStream::pair().unwrap();
    let reader = BufReader::new(here.try_clone().unwrap());
    let server = Arc::new(FakeServer { wire: Mutex::new(here), active_port: Mutex::new("headphones") });
    let (tell, seen) = channel();
    let serving = Arc::clone(&server);
    thread::spawn(move || serving.serve(reader, &tell));
    let (commands, notices) = sync_channel(64);
    let (home_in, home) = channel();
    let watch = Arc::new(CalibrationWatch::new(calibrated));
    let (mut engine, mut link) = Engine::new(48_000, 1);
    engine.reopen();
    let levels = Levels { beds: [Some((Bed::Brown, 1.0)), None], volume: 1.0, ..Levels::default() };
    link.commands.push(EngineCommand::Levels(levels)).unwrap();
    let shared = Arc::new(SoundState::new());
    let context = StreamContext { home: &home_in, shared: &shared, commands: &commands, stream: 1 };
    let output = PulseOutput::new(PulseConnection::authenticate(there).unwrap(), sink("headphones"));
    let stream = output.open(Box::new(engine), &context, &watch, 48).unwrap();
    Fixture { server, seen, stream, notices, home, watch }
}

impl Fixture {
    /// Requests this number of periods and returns their peak.
    fn loudest_of(&self, periods: u32) -> f32 {
        let mut loudest = 0.0_f32;
        for _ in 0..periods {
            self.server.tell(&Command::Request(Request { channel: CHANNEL, length: PERIOD_BYTES }));
            loop {
                if let Observed::Frames(peak) = self.seen.recv_timeout(PATIENCE).unwrap() {
                    loudest = loudest.max(peak);
                    break;
                }
            }
        }
        loudest
    }

    fn plug(&self, port: &'static str) {
        *self.server.active_port.lock().unwrap() = port;
        self.server.tell(&Command::SubscribeEvent(SubscriptionEvent {
            event_facility: SubscriptionEventFacility::Sink,
            event_type: SubscriptionEventType::Changed,
            index: Some(3),
        }));
    }

    fn expect_mute(&self, mute: bool) {
        while self.seen.recv_timeout(PATIENCE).unwrap() != Observed::Mute(mute) {}
    }

    fn expect_route(&self, port: &str, is_allowed: bool) {
        let expected = OutputRoute { output: "card".to_owned(), port: Some(port.to_owned()) };
        loop {
            if let OutputCommand::RouteSeen { route, allowed, .. } = self.notices.recv_timeout(PATIENCE).unwrap()
                && route == expected
            {
                return assert_eq!(allowed, is_allowed);
            }
        }
    }
}

#[test]
fn a_pulled_plug_mutes_at_once_and_replugging_fades_in() {
    let fixture = fixture(CalibratedOutput::default());
    fixture.expect_route("headphones", true);
    assert!(fixture.loudest_of(80) > 0.05, "it sounds");
    fixture.plug("speaker");
    fixture.expect_mute(true);
    fixture.expect_route("speaker", false);
    fixture.loudest_of(2);
    assert!(fixture.loudest_of(40) < 1e-6, "nothing moves to the louder port");
    fixture.plug("headphones");
    fixture.expect_mute(false);
    fixture.expect_route("headphones", true);
    assert!(fixture.loudest_of(1) < 0.02, "it comes back softly");
    assert!(fixture.loudest_of(60) > 0.05, "and comes back");
    fixture.plug("speaker");
    fixture.expect_route("speaker", false);
    fixture.watch.accept(&OutputRoute { output: "card".to_owned(), port: Some("speaker".to_owned()) });
    assert!(fixture.loudest_of(60) > 0.05, "somebody looked");
}

#[test]
fn a_room_calibrated_for_its_speaker_stays_silent_on_headphones() {
    let fixture = fixture(CalibratedOutput { output: None, port: Some("speaker".to_owned()) });
    fixture.expect_mute(true);
    fixture.expect_route("headphones", false);
    assert!(fixture.loudest_of(40) < 1e-6);
    fixture.plug("speaker");
    fixture.expect_mute(false);
    assert!(fixture.loudest_of(60) > 0.05);
}

#[test]
fn a_stream_that_ends_reports_it_and_returns_the_engine() {
    let ended = fixture(CalibratedOutput::default());
    ended.loudest_of(3);
    ended.server.tell(&Command::PlaybackStreamKilled(CHANNEL));
    assert!(ended.home.recv_timeout(PATIENCE).is_ok());
    let failed = |notice: &OutputCommand| matches!(notice, OutputCommand::StreamFailed { stream: 1, .. });
    assert!(ended.notices.iter().any(|notice| failed(&notice)), "it says that the output is gone");

    let closed = fixture(CalibratedOutput::default());
    closed.loudest_of(3);
    drop(closed.stream);
    assert!(closed.home.recv_timeout(PATIENCE).is_ok());
    assert!(!closed.notices.iter().any(|notice| failed(&notice)), "what was closed has not failed");
}
