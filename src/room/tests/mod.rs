//! Owns the tests of the room as a whole, which are written as scripts and tables, and the helpers that they share.
//! Does not own tests of a single type, which are in the file of that type.

#![allow(clippy::expect_used, clippy::panic)]

mod call_rules;
mod call_tables;
mod pacer;
mod practice_and_restart;
mod session_clock;
mod simulation;
mod stages;
mod taking_home;
mod turnover;
mod writing;

use super::call::CallPhase;
use super::notes::{INTENTIONS, PatientText};
use super::snapshot::WipeCheck;
use super::timeline::{INFUSION_MINUTES_MAX, INFUSION_MINUTES_MIN, SessionTimeline};
use super::transitions::EXTEND_MINUTES_MAX;
use super::*;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const DESK: DeskId = DeskId(1);
const OTHER_DESK: DeskId = DeskId(2);
const CALL: CallId = CallId(100);
const OTHER_CALL: CallId = CallId(200);

fn spanish() -> Language {
    Language::from_name("es-US").expect("a valid tag")
}

fn unknown_language() -> Language {
    Language::from_name("fr-FR").expect("a valid tag")
}

/// Rules with three profiles, whose lengths, places and volumes all differ. The default profile is *quiet*.
fn rules() -> Rules {
    let quiet = ProfileRules { name: "quiet".to_owned(), ..ProfileRules::default() };
    let long = ProfileRules {
        name: "long".to_owned(),
        infusion_minutes: 120,
        place: Place::Forest,
        volume_db: -20.0,
        volume_min_db: -40.0,
        volume_max_db: -6.0,
        pattern: BreathPattern::ThreeSeven,
        breath_parts: vec![Part::Landing],
        dark: false,
    };
    let night = ProfileRules {
        name: "night".to_owned(),
        infusion_minutes: 60,
        place: Place::Dark,
        volume_db: -50.0,
        volume_min_db: -55.0,
        volume_max_db: -25.0,
        dark: true,
        ..ProfileRules::default()
    };
    Rules {
        profiles: vec![long, quiet, night],
        default_profile: "quiet".to_owned(),
        languages: vec![Language::FALLBACK, spanish()],
        ..Rules::default()
    }
}

/// Drives a room in simulated time. Like the driver, it handles every timeout that is due before the next event.
struct Harness {
    room: Room,
    now: RoomTime,
}

impl Harness {
    fn new() -> Self {
        Self::with(rules())
    }

    fn with(rules: Rules) -> Self {
        Self { room: Room::new(rules), now: RoomTime(0) }
    }

    /// Creates a room that has reached `stage` through the usual events, all at time zero.
    fn in_stage(stage: Stage) -> Self {
        let mut harness = Self::new();
        let events: Vec<Event> = match stage {
            Stage::Ready => vec![],
            Stage::Arrive => vec![Event::VisitBegins],
            Stage::Session => vec![session(None)],
            Stage::After => vec![session(None), Event::AfterBegins],
            Stage::Farewell => vec![session(None), Event::AfterBegins, Event::Farewell],
            Stage::Turnover => vec![Event::StaffReset],
            Stage::Blocked => vec![Event::StaffReset, Event::WipeFailed(receipt(false))],
        };
        for event in events {
            harness.ok(0, event);
        }
        assert_eq!(harness.room.stage, stage);
        harness.effects();
        harness
    }

    /// Advances to `at_ms` and handles every timeout on the way.
    fn run_to(&mut self, at_ms: u64) {
        let target = RoomTime(at_ms);
        assert!(self.now <= target, "time cannot run backwards: from {:?} to {target:?}", self.now);
        while let Some(due) = self.room.poll_timeout(self.now).filter(|due| *due <= target) {
            assert!(due > self.now, "a timeout that is not in the future: {due:?} at {:?}", self.now);
            self.now = due;
            self.room.handle_timeout(due);
        }
        self.now = target;
        self.room.handle_timeout(target);
    }

    fn input(&mut self, at_ms: u64, event: Event) -> Result<(), Refusal> {
        self.run_to(at_ms);
        self.room.handle_input(self.now, event)
    }

    #[track_caller]
    fn ok(&mut self, at_ms: u64, event: Event) {
        let event_text = format!("{event:?}");
        if let Err(refusal) = self.input(at_ms, event) {
            panic!("{event_text} at {at_ms} ms was refused: {refusal}");
        }
    }

    /// Expects `event` to be refused without changing the snapshot or causing an effect.
    #[track_caller]
    fn refused(&mut self, at_ms: u64, event: Event) -> Refusal {
        self.run_to(at_ms);
        self.effects();
        let before = self.snapshot();
        let event_text = format!("{event:?}");
        let Err(refusal) = self.room.handle_input(self.now, event) else {
            panic!("{event_text} at {at_ms} ms was accepted")
        };
        assert_eq!(self.snapshot(), before, "{event_text} was refused but changed something");
        assert_eq!(self.effects(), vec![], "{event_text} was refused but had effects");
        refusal
    }

    fn effects(&mut self) -> Vec<Effect> {
        std::iter::from_fn(|| self.room.poll_effect()).collect()
    }

    fn snapshot(&self) -> Snapshot {
        self.room.snapshot(self.now)
    }

    /// The open call, shown or not.
    #[track_caller]
    fn call(&self) -> &Call {
        self.room.call.as_ref().expect("a call is open")
    }

    #[track_caller]
    fn part(&self) -> Part {
        self.snapshot().part().expect("a session is in progress")
    }

    #[track_caller]
    fn clock_ms(&self) -> u64 {
        self.snapshot().session.and_then(|session| session.clock_at_snapshot_ms).expect("the clock has started")
    }
}

fn session(infusion_minutes: Option<u32>) -> Event {
    Event::SessionBegins { profile: None, infusion_minutes, settle: false }
}

fn settling() -> Event {
    Event::SessionBegins { profile: None, infusion_minutes: None, settle: true }
}

fn press() -> Event {
    Event::CallPressed { id: CALL, practice: false }
}

fn practice() -> Event {
    Event::CallPressed { id: CALL, practice: true }
}

fn journaled() -> Event {
    Event::CallJournaled { id: CALL, ok: true }
}

fn sent() -> Event {
    Event::CallSent { id: CALL }
}

fn received(desk: DeskId) -> Event {
    Event::CallReceived { id: CALL, desk }
}

fn coming(name: &str) -> Event {
    Event::CallComing { id: CALL, name: name.to_owned() }
}

fn here() -> Event {
    Event::CallHere { id: Some(CALL) }
}

fn typed(text: &str) -> Event {
    Event::NoteTyped { text: PatientText::new(text) }
}

fn receipt(ok: bool) -> Receipt {
    Receipt {
        number: 7,
        at: "2024-01-01T00:00:00Z".to_owned(),
        room: "Room 1".to_owned(),
        checks: vec![
            WipeCheck { name: "key-gone".to_owned(), ok: true },
            WipeCheck { name: "note-gone".to_owned(), ok },
        ],
        chain: "00".to_owned(),
    }
}
