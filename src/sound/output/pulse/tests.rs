//! A stream on a sound server that the test plays itself, since a real one has a headphone jack only where there is one.

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

use super::{ServedOutput, ServedStream, Server};
use crate::sound::Bed;
use crate::sound::engine::{Engine, Levels, Order};
use crate::sound::output::calibration::{Calibrated, Place, Watch};
use crate::sound::output::command::Command as Notice;
use crate::sound::output::lease::Lender;
use crate::sound::output::shared::Shared;

const VERSION: u16 = MAX_VERSION;
const CHANNEL: u32 = 7;
const STREAM: u32 = 21;
const PERIOD_BYTES: u32 = 2_304 * 8;
const PATIENCE: Duration = Duration::from_secs(5);

/// What the played server saw of the stream.
#[derive(Debug, PartialEq)]
enum Seen {
    /// The loudest sample of a period.
    Frames(f32),
    Mute(bool),
}

/// What the server's thread and the test share.
struct Desk {
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

impl Desk {
    fn tell(&self, command: &Command) {
        write_command_message(&mut *self.wire.lock().unwrap(), u32::MAX, command, VERSION).unwrap();
    }

    fn reply<R: CommandReply>(&self, number: u32, reply: &R) {
        write_reply_message(&mut *self.wire.lock().unwrap(), number, reply, VERSION).unwrap();
    }

    /// Answers until the other end is gone.
    fn serve(&self, mut reader: BufReader<UnixStream>, seen: &Sender<Seen>) {
        let mut head = [0; DESCRIPTOR_SIZE];
        while reader.read_exact(&mut head).is_ok() {
            let descriptor = read_descriptor(&mut &head[..]).unwrap();
            let mut body = vec![0; descriptor.length as usize];
            reader.read_exact(&mut body).unwrap();
            if descriptor.channel == u32::MAX {
                let (number, command) = Command::read_tag_prefixed(&mut &body[..], VERSION).unwrap();
                self.answer(number, command, seen);
            } else {
                assert_eq!(descriptor.length % PERIOD_BYTES, 0, "periods are what was asked for");
                for period in body.chunks(PERIOD_BYTES as usize) {
                    let samples = period.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()));
                    let _ = seen.send(Seen::Frames(samples.fold(0.0, |peak, sample| sample.abs().max(peak))));
                }
            }
        }
    }

    fn answer(&self, number: u32, command: Command, seen: &Sender<Seen>) {
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
                let _ = seen.send(Seen::Mute(params.mute));
                write_ack_message(&mut *self.wire.lock().unwrap(), number).unwrap();
            }
            Command::Subscribe(_) => write_ack_message(&mut *self.wire.lock().unwrap(), number).unwrap(),
            _ => write_error(&mut *self.wire.lock().unwrap(), number, &PulseError::NotSupported).unwrap(),
        }
    }
}

struct Stage {
    desk: Arc<Desk>,
    seen: Receiver<Seen>,
    stream: ServedStream,
    notices: Receiver<Notice>,
    home: Receiver<Box<Engine>>,
    watch: Arc<Watch>,
}

fn stage(calibrated: Calibrated) -> Stage {
    let (here, there) = UnixStream::pair().unwrap();
    let reader = BufReader::new(here.try_clone().unwrap());
    let desk = Arc::new(Desk { wire: Mutex::new(here), active_port: Mutex::new("headphones") });
    let (tell, seen) = channel();
    let serving = Arc::clone(&desk);
    thread::spawn(move || serving.serve(reader, &tell));
    let (commands, notices) = sync_channel(64);
    let (home_in, home) = channel();
    let watch = Arc::new(Watch::new(calibrated));
    let (mut engine, mut link) = Engine::new(48_000, 1);
    engine.reopen();
    let levels = Levels { beds: [Some((Bed::Brown, 1.0)), None], volume: 1.0, ..Levels::default() };
    link.orders.push(Order::Levels(levels)).unwrap();
    let shared = Arc::new(Shared::new());
    let lender = Lender { home: &home_in, shared: &shared, commands: &commands, stream: 1 };
    let output = ServedOutput::new(Server::greet(there).unwrap(), sink("headphones"));
    let stream = output.open(Box::new(engine), &lender, &watch, 48).unwrap();
    Stage { desk, seen, stream, notices, home, watch }
}

impl Stage {
    /// The loudest sample of the next periods, each asked for.
    fn loudest_of(&self, periods: u32) -> f32 {
        let mut loudest = 0.0_f32;
        for _ in 0..periods {
            self.desk.tell(&Command::Request(Request { channel: CHANNEL, length: PERIOD_BYTES }));
            loop {
                if let Seen::Frames(peak) = self.seen.recv_timeout(PATIENCE).unwrap() {
                    loudest = loudest.max(peak);
                    break;
                }
            }
        }
        loudest
    }

    fn plug(&self, port: &'static str) {
        *self.desk.active_port.lock().unwrap() = port;
        self.desk.tell(&Command::SubscribeEvent(SubscriptionEvent {
            event_facility: SubscriptionEventFacility::Sink,
            event_type: SubscriptionEventType::Changed,
            index: Some(3),
        }));
    }

    fn saw_mute(&self, mute: bool) {
        while self.seen.recv_timeout(PATIENCE).unwrap() != Seen::Mute(mute) {}
    }

    fn saw_place(&self, port: &str, is_allowed: bool) {
        let expected = Place { output: "card".to_owned(), port: Some(port.to_owned()) };
        loop {
            if let Notice::PlaceSeen { place, allowed, .. } = self.notices.recv_timeout(PATIENCE).unwrap()
                && place == expected
            {
                return assert_eq!(allowed, is_allowed);
            }
        }
    }
}

#[test]
fn a_pulled_plug_is_silence_at_once_and_a_plug_put_back_fades_in() {
    let stage = stage(Calibrated::default());
    stage.saw_place("headphones", true);
    assert!(stage.loudest_of(80) > 0.05, "it sounds");
    stage.plug("speaker");
    stage.saw_mute(true);
    stage.saw_place("speaker", false);
    stage.loudest_of(2);
    assert!(stage.loudest_of(40) < 1e-6, "nothing moves to the louder port");
    stage.plug("headphones");
    stage.saw_mute(false);
    stage.saw_place("headphones", true);
    assert!(stage.loudest_of(1) < 0.02, "it comes back softly");
    assert!(stage.loudest_of(60) > 0.05, "and comes back");
    stage.plug("speaker");
    stage.saw_place("speaker", false);
    stage.watch.accept(&Place { output: "card".to_owned(), port: Some("speaker".to_owned()) });
    assert!(stage.loudest_of(60) > 0.05, "somebody looked");
}

#[test]
fn a_room_calibrated_for_its_speaker_is_silent_in_headphones_from_the_start() {
    let stage = stage(Calibrated { output: None, port: Some("speaker".to_owned()) });
    stage.saw_mute(true);
    stage.saw_place("headphones", false);
    assert!(stage.loudest_of(40) < 1e-6);
    stage.plug("speaker");
    stage.saw_mute(false);
    assert!(stage.loudest_of(60) > 0.05);
}

#[test]
fn a_stream_that_ends_says_so_and_gives_the_engine_back() {
    let ended = stage(Calibrated::default());
    ended.loudest_of(3);
    ended.desk.tell(&Command::PlaybackStreamKilled(CHANNEL));
    assert!(ended.home.recv_timeout(PATIENCE).is_ok());
    let failed = |notice: &Notice| matches!(notice, Notice::StreamFailed { stream: 1, .. });
    assert!(ended.notices.iter().any(|notice| failed(&notice)), "it says that the output is gone");

    let closed = stage(Calibrated::default());
    closed.loudest_of(3);
    drop(closed.stream);
    assert!(closed.home.recv_timeout(PATIENCE).is_ok());
    assert!(!closed.notices.iter().any(|notice| failed(&notice)), "what was closed has not failed");
}
