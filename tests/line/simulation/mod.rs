//! Owns the simulated world, in which a broker connects rooms and desks, and people use both. The network, the disks
//! and the processes fail at random. The rooms and the two ends of the broker connection are the program's own code,
//! and the invariants are checked at every step and at the end.
//!
//! `STILLROOM_SEED=n` simulates the world with seed n, and `STILLROOM_SEEDS=n` the worlds with seeds 1 to n. Every
//! failure names its seed.

mod lies;
mod network;
mod people;
mod processes;
mod truth;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use stillroom::line::endpoint::Endpoint;
use stillroom::line::fleet::Fleet;
use stillroom::line::message::{CallState, RoomId, VitalAges};
use stillroom::line::order::DeskOrder;
use stillroom::line::room_end::{RoomEnd, RoomReport};
use stillroom::line::view::RoomView;
use stillroom::line::{Publication, SILENT_AFTER_MS};
use stillroom::room::call::{Call, CallId, CallPhase};
use stillroom::room::{Effect, Event, Room, RoomTime, Rules};
use ulid::Ulid;

const SEEDS: u64 = 2_500;
const ROOMS: usize = 2;
const DESKS: usize = 2;
const SECOND: u64 = 1_000;
/// Length of the first period, in simulated milliseconds. Faults happen in this period.
const FAULTS_MS: u64 = 150 * SECOND;
/// Length of the second period, in simulated milliseconds. It has no faults, so everything must recover.
const HEALS_MS: u64 = 40 * SECOND;
/// Time after which a client closes its connection if a message is still not acknowledged.
const ACKNOWLEDGES_WITHIN_MS: u64 = 3 * SECOND;
/// Time after which the broker drops a client that sends nothing.
const KEEP_ALIVE_MS: u64 = 7_500;

#[test]
fn simulation_of_rooms_desks_and_a_broker_under_faults() {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let seeds = number("STILLROOM_SEED").map_or(1..=number("STILLROOM_SEEDS").unwrap_or(SEEDS), |seed| seed..=seed);
    let (mut presses, mut drawn, mut kills, mut played) = (0, 0, 0, 0);
    for seed in seeds {
        let world = World::new(seed).play();
        presses += world.calls.len();
        drawn += world.calls.values().filter(|call| call.drawn).count();
        kills += world.kills;
        played += 1;
    }
    println!("{played} seeds: {presses} presses, {drawn} drawn at a desk, {kills} kills, 0 lost, 0 shown twice");
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }
}

/// The index of a process. The rooms have the first [`ROOMS`] indices, and the desks follow.
type Client = usize;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    /// A timer of a process is due.
    Wakes { client: Client, turn: u64 },
    /// A client tries to connect.
    Connects { client: Client, run: u32, try_: u32 },
    /// A message reaches the broker.
    AtBroker { client: Client, connection: u64, publication: Said },
    /// A message reaches a client.
    AtClient { client: Client, connection: u64, topic: String, payload: Vec<u8>, retained: bool },
    /// An acknowledgement from the broker reaches a client.
    Acknowledged { client: Client, connection: u64, receipt: u64, heard: bool },
    /// The broker drops a connection.
    GivenUp { connection: u64 },
    /// The disk reports whether it has stored a record.
    Written { room: usize, run: u32, record: usize, ok: bool },
    /// A desk page shows a call.
    Draws { desk: usize, run: u32, room: usize, call: u128 },
    /// A person at a desk presses *I'm coming*.
    SaysComing { desk: usize, run: u32, room: usize, call: u128 },
    /// Something random happens: a press, a visit by staff, or a fault.
    Chance,
    /// A process that was killed starts again.
    ComesUp { client: Client },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    topic: String,
    payload: Vec<u8>,
    retain: bool,
    receipt: u64,
}

/// What happened to a call, regardless of what rooms and desks know about it.
#[allow(clippy::struct_excessive_bools)]
#[derive(Default)]
struct CallTruth {
    room: usize,
    durable: bool,
    drawn: bool,
    coming: bool,
    here: bool,
    cleared: bool,
    reopened: u32,
}

/// A process and its connection to the broker.
struct Way {
    run: u32,
    is_running: bool,
    turn: u64,
    began_ms: u64,
    try_: u32,
    connection: Option<u64>,
    unacknowledged: BTreeMap<u64, u64>,
    is_cut: bool,
    will: Option<Said>,
}

struct RoomProcess {
    room: Room,
    end: RoomEnd,
    base: RoomTime,
    began_ms: u64,
    /// The time at which the latest run began, by the room's clock. The real program stores it in the lock file, as the
    /// run's id.
    run_began_ms: u64,
    /// The records, each with its time and whether it is on disk.
    journal: Vec<(RoomTime, Event, bool)>,
    is_disk_full: bool,
    held_since_ms: Option<u64>,
    /// The call as last reported to desks.
    said: Option<Call>,
}

struct DeskProcess {
    fleet: Fleet,
    able: bool,
    /// The call that the desk shows, for each room.
    shows: Vec<Option<u128>>,
    appeared: BTreeMap<u128, u32>,
}

#[allow(clippy::struct_excessive_bools)]
struct World {
    seed: u64,
    dice: Dice,
    now_ms: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Happens)>>,
    ties: u64,
    ways: Vec<Way>,
    rooms: Vec<RoomProcess>,
    desks: Vec<DeskProcess>,
    is_broker_up: bool,
    is_broker_frozen: bool,
    /// The connections that the broker regards as open, by number, each with the client and the client's will.
    connections: BTreeMap<u64, (Client, Option<Said>)>,
    held: Vec<Happens>,
    names: u64,
    /// The offset of each room's clock from the simulated time.
    clock_ms: Vec<u64>,
    calls: BTreeMap<u128, CallTruth>,
    reorders: bool,
    heals: bool,
    /// Whether some messages are forged.
    lies: bool,
    heard: BTreeMap<String, Said>,
    kills: usize,
}

fn room_id(room: usize) -> RoomId {
    RoomId::new(&format!("room-{room}")).unwrap()
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            seed,
            dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            now_ms: 0,
            queue: BinaryHeap::new(),
            ties: 0,
            ways: Vec::new(),
            rooms: Vec::new(),
            desks: Vec::new(),
            is_broker_up: true,
            is_broker_frozen: false,
            connections: BTreeMap::new(),
            held: Vec::new(),
            names: 0,
            clock_ms: vec![1_000_000_000; ROOMS],
            calls: BTreeMap::new(),
            reorders: seed.is_multiple_of(3),
            heals: false,
            lies: seed % 5 == 4,
            heard: BTreeMap::new(),
            kills: 0,
        };
        for client in 0..ROOMS + DESKS {
            world.ways.push(Way {
                run: 0,
                is_running: false,
                turn: 0,
                began_ms: 0,
                try_: 0,
                connection: None,
                unacknowledged: BTreeMap::new(),
                is_cut: false,
                will: None,
            });
            if client < ROOMS {
                let end = RoomEnd::new(room_id(client), Ulid(1), []);
                let room = Room::new(Rules::default());
                world.rooms.push(RoomProcess {
                    room,
                    end,
                    base: RoomTime(0),
                    began_ms: 0,
                    run_began_ms: 0,
                    journal: Vec::new(),
                    is_disk_full: false,
                    held_since_ms: None,
                    said: None,
                });
            } else {
                let fleet = Fleet::new(0, 1, []);
                world.desks.push(DeskProcess {
                    fleet,
                    able: false,
                    shows: vec![None; ROOMS],
                    appeared: BTreeMap::new(),
                });
            }
            world.comes_up(client);
        }
        world.after(100, Happens::Chance);
        world
    }

    fn play(mut self) -> Self {
        while let Some(Reverse((at_ms, _, what))) = self.queue.pop() {
            if at_ms > FAULTS_MS + HEALS_MS {
                break;
            }
            // The time is set before the recovery, which schedules events relative to it.
            self.now_ms = at_ms;
            if at_ms > FAULTS_MS && !self.heals {
                self.heal();
            }
            self.happen(what);
        }
        self.judge_the_end();
        self
    }

    #[track_caller]
    fn holds(&self, truth: bool, what: &str) {
        assert!(truth, "seed {} at {} ms: {what}", self.seed, self.now_ms);
    }

    fn after(&mut self, ms: u64, what: Happens) {
        self.ties += 1;
        self.queue.push(Reverse((self.now_ms + ms, self.ties, what)));
    }

    fn happen(&mut self, what: Happens) {
        match what {
            Happens::Wakes { client, turn } => {
                // A timer is ignored if the process has set a newer one.
                if self.ways[client].is_running && self.ways[client].turn == turn {
                    self.wake(client);
                }
            }
            Happens::Connects { client, run, try_ } => {
                if self.is_of(client, run) && self.ways[client].try_ == try_ {
                    self.connect(client);
                }
            }
            Happens::ComesUp { client } => self.comes_up(client),
            Happens::Chance => self.chance(),
            Happens::Written { room, run, record, ok } => {
                if self.is_of(room, run) {
                    self.written(room, record, ok);
                }
            }
            Happens::Draws { desk, run, room, call } => {
                if self.is_of(ROOMS + desk, run) {
                    self.draws(desk, room, call);
                }
            }
            Happens::SaysComing { desk, run, room, call } => {
                if self.is_of(ROOMS + desk, run) {
                    self.says_coming(desk, room, call);
                }
            }
            over_the_broker => self.broker(over_the_broker),
        }
    }

    fn is_of(&self, client: Client, run: u32) -> bool {
        self.ways[client].is_running && self.ways[client].run == run
    }

    fn line_ms(&self, client: Client) -> u64 {
        self.now_ms - self.ways[client].began_ms
    }
}

fn said(publication: Publication) -> Said {
    let Publication { topic, payload, retain, receipt } = publication;
    Said { topic, payload, retain, receipt }
}
