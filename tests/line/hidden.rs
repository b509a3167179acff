//! Owns the tests of a desk that has more rooms than it can show. Both ends run in one process, on a clock that the
//! test sets. A room that the desk does not show must be told so, must not regard the desk as able to receive its
//! calls, and must not wait for the desk during a wipe.

use stillroom::line::endpoint::Endpoint;
use stillroom::line::fleet::{Fleet, FleetEvent, ROOMS_MAX};
use stillroom::line::message::{RoomId, VitalAges};
use stillroom::line::room_end::{RoomEnd, RoomReport, SharedWordsChange};
use stillroom::line::view::RoomView;
use stillroom::line::{BEAT_INTERVAL_MS, SILENT_AFTER_MS};
use stillroom::room::Event;
use stillroom::room::call::DeskId;
use ulid::Ulid;

const DESK: DeskId = DeskId(7);

struct World {
    now_ms: u64,
    fleet: Fleet,
    ends: Vec<RoomEnd>,
    /// The events that each room received, by the room's number.
    told: Vec<Vec<Event>>,
    shared_changes: Vec<Vec<SharedWordsChange>>,
    events: Vec<FleetEvent>,
    shares: bool,
    silent: usize,
}

fn room(number: usize) -> RoomId {
    RoomId::new(&format!("room-{number:02}")).unwrap()
}

impl World {
    fn of(rooms: usize) -> Self {
        let mut fleet = Fleet::new(0, DESK.0, []);
        fleet.set_can_receive(0, true);
        fleet.connected(0);
        let ends = (0..rooms).map(|number| {
            let mut end = RoomEnd::new(room(number), Ulid(1), []);
            end.connected();
            end
        });
        Self {
            now_ms: 0,
            fleet,
            ends: ends.collect(),
            told: vec![Vec::new(); rooms],
            shared_changes: vec![Vec::new(); rooms],
            events: Vec::new(),
            shares: false,
            silent: usize::MAX,
        }
    }

    /// Advances the clock in small steps. Every message is delivered in the step in which it is sent.
    fn pass(&mut self, ms: u64) {
        let until_ms = self.now_ms + ms;
        while self.now_ms < until_ms {
            self.now_ms += BEAT_INTERVAL_MS / 4;
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.fleet.handle_timeout(self.now_ms);
        for (number, end) in self.ends.iter_mut().enumerate().filter(|(number, _)| *number != self.silent) {
            end.handle_timeout(self.now_ms);
            let view = RoomView {
                stage: "session".into(),
                shared: self.shares.then(|| "a grey heron".into()),
                ..RoomView::default()
            };
            let report = || RoomReport { name: String::new(), call: None, vitals: VitalAges::default(), view };
            let mut report = Some(report);
            while let Some(said) = end.poll_transmit(self.now_ms, || report.take().unwrap()()) {
                end.on_acknowledged(said.receipt, true);
                self.fleet.on_message(self.now_ms, &said.topic, &said.payload, false);
            }
            self.told[number].extend(std::iter::from_fn(|| end.poll_input()).map(|input| input.event));
            self.shared_changes[number].extend(std::iter::from_fn(|| end.poll_shared_words_change()));
        }
        while let Some(said) = self.fleet.poll_transmit(self.now_ms) {
            for end in &mut self.ends {
                if end.topics().contains(&said.topic) || said.topic.starts_with("stillroom/desks/") {
                    end.on_message(self.now_ms, &said.topic, &said.payload);
                }
            }
        }
        self.events.extend(std::iter::from_fn(|| self.fleet.poll_event()));
    }

    fn counts(&self, number: usize) -> bool {
        let last = self.told[number]
            .iter()
            .rfind(|event| matches!(event, Event::DeskConnected { .. } | Event::DeskDisconnected { .. }));
        matches!(last, Some(Event::DeskConnected { desk: DESK }))
    }
}

#[test]
fn a_room_beyond_the_maximum_knows_that_no_desk_shows_it() {
    let mut world = World::of(ROOMS_MAX + 1);
    world.pass(3 * BEAT_INTERVAL_MS);
    let last = ROOMS_MAX;
    assert_eq!(world.fleet.left_out().collect::<Vec<_>>(), [&room(last)]);
    assert_eq!(world.events.iter().filter(|event| **event == FleetEvent::LeftOutChanged).count(), 1);
    assert!(world.ends[last].is_hidden() && !world.counts(last), "{:?}", world.told[last]);
    for number in 0..ROOMS_MAX {
        assert!(world.counts(number) && !world.ends[number].is_hidden(), "{number}");
    }
    // The desk's heartbeats reach every room. They must not make the room that is not shown count the desk again.
    world.pass(60_000);
    assert!(world.ends[last].is_hidden() && !world.counts(last), "{:?}", world.told[last]);
    assert!(world.told[last].len() <= 2, "{:?}", world.told[last]);
}

#[test]
fn a_wipe_does_not_wait_for_a_desk_that_does_not_show_the_room() {
    let mut world = World::of(ROOMS_MAX + 1);
    world.shares = true;
    world.pass(4 * BEAT_INTERVAL_MS);
    let last = world.shared_changes[ROOMS_MAX].last();
    assert!(matches!(last, None | Some(SharedWordsChange::ForgottenBy(DESK))), "{last:?}");
    assert_eq!(world.shared_changes[0], [SharedWordsChange::SentTo(DESK)]);
}

#[test]
fn a_room_that_falls_silent_is_no_longer_left_out() {
    let mut world = World::of(ROOMS_MAX + 1);
    world.pass(2 * BEAT_INTERVAL_MS);
    world.silent = ROOMS_MAX;
    world.pass(SILENT_AFTER_MS + BEAT_INTERVAL_MS);
    assert_eq!(world.fleet.left_out().len(), 0, "a silent room is not on this broker any longer");
    assert_eq!(world.events.iter().filter(|event| **event == FleetEvent::LeftOutChanged).count(), 2);
    let now_ms = world.now_ms;
    world.ends[ROOMS_MAX].handle_timeout(now_ms);
    assert!(!world.ends[ROOMS_MAX].is_hidden(), "no desk has said so recently");
}
