//! Owns the two ends of a broker connection for tests: a real room driven by a small loop, and a desk that confirms
//! every call at once, as if a page showed it. Both record what happens.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use stillroom::line::broker::Broker;
use stillroom::line::client::ClientEvent;
use stillroom::line::fleet::{Fleet, FleetEvent, OrderError};
use stillroom::line::message::{CallState, RoomId, VitalAges, WirePhase};
use stillroom::line::mqtt::{DeskTransport, RoomTransport, RoomTransportEvent};
use stillroom::line::order::DeskOrder;
use stillroom::line::room_end::RoomReport;
use stillroom::line::view::RoomView;
use stillroom::room::call::{CallId, CallPhase};
use stillroom::room::{Effect, Event, Refusal, Room, RoomTime, Rules};
use stillroom::vocabulary::access::{BrokerAccess, BrokerUrl};
use ulid::Ulid;

use crate::broker::Mosquitto;

pub fn broker(at: &Mosquitto, client_prefix: &str) -> Broker {
    let url = BrokerUrl::parse(&at.url()).unwrap();
    let tls = url.tls;
    let access = BrokerAccess {
        url,
        username: tls.then(|| "room".to_owned()),
        password_file: tls.then(|| at.file("password")),
        ca_file: tls.then(|| at.file("ca.pem")),
    };
    Broker { access, client_prefix: client_prefix.to_owned() }
}

/// Returns the settings for signing in as `user`, whose password is in a file with the same name.
pub fn broker_as(at: &Mosquitto, user: &str, client_prefix: &str) -> Broker {
    let mut broker = broker(at, client_prefix);
    broker.access.username = Some(user.to_owned());
    broker.access.password_file = Some(at.file(user));
    broker
}

pub fn room_id() -> RoomId {
    RoomId::new("room-2").unwrap()
}

/// Waits until `is_so` returns true, and returns how long that took. Panics with `what` after `limit`.
#[track_caller]
pub fn wait_until(limit: Duration, what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
    start.elapsed()
}

/// An event for the room: whether it came over the broker, the id of the order, if any, that caused it, and the event.
type Input = (bool, Option<Ulid>, Event);

/// A room with its transport. Dropping it looks to the broker as if the room's process had been killed.
pub struct TestRoom {
    core: Arc<Mutex<Core>>,
    line: Arc<RoomTransport>,
    events: Sender<Input>,
}

struct Core {
    room: Room,
    began: Instant,
    vitals: VitalAges,
    is_up: bool,
    downs: Vec<String>,
    duplicate_id: bool,
    fought_over: bool,
}

impl Core {
    fn now(&self) -> RoomTime {
        RoomTime(self.began.elapsed().as_millis() as u64)
    }
}

impl TestRoom {
    pub fn open(broker: Broker) -> Self {
        let room = Room::new(Rules::default());
        let (began, vitals) = (Instant::now(), VitalAges { loop_age_ms: Some(0), ..VitalAges::default() });
        let core =
            Core { room, began, vitals, is_up: false, downs: Vec::new(), duplicate_id: false, fought_over: false };
        let core = Arc::new(Mutex::new(core));
        let (events, inbox) = mpsc::channel();
        let (told, heard, spoken) = (Arc::clone(&core), Arc::clone(&core), events.clone());
        let report = Box::new(move || {
            let core = told.lock().unwrap();
            let snapshot = core.room.snapshot(core.now());
            RoomReport {
                name: "Room 2".to_owned(),
                call: snapshot.call.as_ref().map(|call| CallState::of(call, core.now())),
                vitals: core.vitals,
                view: RoomView {
                    stage: snapshot.stage.name().into(),
                    shared: Some("a white horse".into()),
                    ..RoomView::default()
                },
            }
        });
        let on_event = move |event: ClientEvent<RoomTransportEvent>| match event {
            ClientEvent::Up => heard.lock().unwrap().is_up = true,
            ClientEvent::Down(why) => {
                let mut core = heard.lock().unwrap();
                core.is_up = false;
                core.downs.push(why);
            }
            ClientEvent::Endpoint(RoomTransportEvent::Input(input)) => {
                drop(spoken.send((true, input.order, input.event)));
            }
            // These changes are ignored here, because the tests observe them at the desk.
            ClientEvent::Endpoint(RoomTransportEvent::SharedWords(_) | RoomTransportEvent::Hidden(_)) => {}
            ClientEvent::Contested(is_so) => heard.lock().unwrap().fought_over = is_so,
            ClientEvent::Endpoint(RoomTransportEvent::DuplicateId(is_so)) => heard.lock().unwrap().duplicate_id = is_so,
        };
        let line = Arc::new(RoomTransport::open(room_id(), broker, Ulid::new(), [], report, on_event).unwrap());
        let (looped, line_of_loop) = (Arc::clone(&core), Arc::downgrade(&line));
        std::thread::spawn(move || drive(&inbox, &looped, &line_of_loop));
        Self { core, line, events }
    }

    pub fn tell(&self, event: Event) {
        self.events.send((false, None, event)).unwrap();
    }

    pub fn press(&self) -> Ulid {
        let call = Ulid::new();
        self.tell(Event::CallPressed { id: CallId(call.0), practice: false });
        call
    }

    pub fn phase(&self) -> Option<CallPhase> {
        let core = self.core.lock().unwrap();
        core.room.snapshot(core.now()).call.map(|call| call.phase)
    }

    pub fn desks(&self) -> usize {
        let core = self.core.lock().unwrap();
        core.room.snapshot(core.now()).desks
    }

    pub fn says_line_down(&self) -> bool {
        let core = self.core.lock().unwrap();
        core.room.snapshot(core.now()).call.is_some_and(|call| call.no_desk_told)
    }

    pub fn is_up(&self) -> bool {
        self.core.lock().unwrap().is_up
    }

    pub fn downs(&self) -> Vec<String> {
        self.core.lock().unwrap().downs.clone()
    }

    pub fn has_duplicate_id(&self) -> bool {
        self.core.lock().unwrap().duplicate_id
    }

    pub fn is_fought_over(&self) -> bool {
        self.core.lock().unwrap().fought_over
    }

    pub fn set_vitals(&self, vitals: VitalAges) {
        self.core.lock().unwrap().vitals = vitals;
        self.line.room_changed(false);
    }
}

fn drive(inbox: &Receiver<Input>, core: &Mutex<Core>, line: &std::sync::Weak<RoomTransport>) {
    loop {
        let input = inbox.recv_timeout(Duration::from_millis(5));
        let Some(line) = line.upgrade() else { return };
        let mut core = core.lock().unwrap();
        let now = core.now();
        let (mut answer, mut was_told) = (None, false);
        match input {
            Ok((is_told, order, event)) => {
                was_told = is_told;
                let pressed = match event {
                    Event::CallPressed { id, .. } => Some(id),
                    _ => None,
                };
                let outcome = core.room.handle_input(now, event);
                if let Some(id) = pressed {
                    let _ = core.room.handle_input(now, Event::CallJournaled { id, ok: true });
                }
                answer = order.map(|order| (order, outcome.err().map(|why: Refusal| why.to_string())));
            }
            Err(RecvTimeoutError::Timeout) => core.room.handle_timeout(now),
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let effects: Vec<Effect> = std::iter::from_fn(|| core.room.poll_effect()).collect();
        drop(core);
        if was_told {
            line.input_handled();
        }
        if let Some((order, refused)) = answer {
            line.order_answered(order, refused);
        }
        for effect in effects {
            match effect {
                Effect::SendCall { id, practice, presses } => line.call_placed(id, practice, presses),
                Effect::EndCall { id } => line.call_cleared(id),
                _ => line.room_changed(false),
            }
        }
    }
}

/// A desk that confirms every call at once, as if a page showed it.
pub struct TestDesk {
    pub line: Arc<DeskTransport>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// The calls in the order in which they appeared. A call that appears again is listed again.
    shown: Vec<(Ulid, Instant)>,
    answers: Vec<(Ulid, Result<(), OrderError>)>,
    is_up: bool,
    fought_over: bool,
}

impl TestDesk {
    pub fn open(broker: Broker) -> Self {
        let (news, inbox) = mpsc::channel();
        let fleet = Fleet::new(0, u64::from(getrandom::u32().unwrap()), [room_id()]);
        let line = Arc::new(DeskTransport::open(fleet, broker, move |said| drop(news.send(said))).unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (kept, weak) = (Arc::clone(&seen), Arc::downgrade(&line));
        std::thread::spawn(move || {
            let mut last = None;
            while let Ok(said) = inbox.recv() {
                let Some(line) = weak.upgrade() else { return };
                let mut kept = kept.lock().unwrap();
                match said {
                    ClientEvent::Up => kept.is_up = true,
                    ClientEvent::Down(_) => kept.is_up = false,
                    ClientEvent::Contested(is_so) => kept.fought_over = is_so,
                    ClientEvent::Endpoint(FleetEvent::OrderAnswered { order, result }) => {
                        kept.answers.push((order, result));
                    }
                    ClientEvent::Endpoint(FleetEvent::LeftOutChanged) => {}
                    ClientEvent::Endpoint(FleetEvent::RoomChanged(room)) => {
                        let open = line.with(|fleet, now_ms| {
                            let open = fleet.room(now_ms, &room)?.call?.id;
                            let _ = fleet.call_received(now_ms, &room, open);
                            Some(open)
                        });
                        if open != last {
                            last = open;
                            kept.shown.extend(open.map(|call| (call, Instant::now())));
                        }
                    }
                }
            }
        });
        line.with(|fleet, now_ms| fleet.set_can_receive(now_ms, true));
        Self { line, seen }
    }

    pub fn shown(&self) -> Vec<Ulid> {
        self.seen.lock().unwrap().shown.iter().map(|(call, _)| *call).collect()
    }

    pub fn is_up(&self) -> bool {
        self.seen.lock().unwrap().is_up
    }

    pub fn is_fought_over(&self) -> bool {
        self.seen.lock().unwrap().fought_over
    }

    pub fn open_call(&self) -> Option<(Ulid, WirePhase)> {
        self.line.with(|fleet, now_ms| fleet.room(now_ms, &room_id())?.call.map(|call| (call.id, call.phase)))
    }

    pub fn troubles(&self) -> Vec<&'static str> {
        self.line.with(|fleet, now_ms| {
            let room = fleet.room(now_ms, &room_id());
            room.map(|room| room.troubles.iter().map(|trouble| trouble.name()).collect()).unwrap_or_default()
        })
    }

    pub fn view(&self) -> Option<RoomView> {
        self.line.with(|fleet, now_ms| fleet.room(now_ms, &room_id())?.view.cloned())
    }

    pub fn order(&self, order: DeskOrder) -> Ulid {
        let id = Ulid::new();
        self.line.with(|fleet, now_ms| fleet.send_order(now_ms, &room_id(), id, order)).unwrap();
        id
    }

    pub fn answer(&self, order: Ulid) -> Option<Result<(), OrderError>> {
        let seen = self.seen.lock().unwrap();
        seen.answers.iter().find(|(answered, _)| *answered == order).map(|(_, result)| result.clone())
    }
}
