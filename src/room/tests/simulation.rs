//! Owns the simulation: hundreds of random runs with restarts, and the invariants that hold at every step.
//! `STILLROOM_SEED=n` runs a single seed, and `STILLROOM_SEEDS=n` runs the seeds 1 to n. Every failure names its seed
//! and step.

use super::drawing::{Drawing, Stroke, StrokePoint, Tint};
use super::*;
use crate::vocabulary::patient::{Hand, TypeSize};

const SEEDS: u64 = 600;
const STEPS: usize = 400;

#[test]
fn invariants_hold_under_random_events_and_restarts() {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let seeds = number("STILLROOM_SEED").map_or(1..=number("STILLROOM_SEEDS").unwrap_or(SEEDS), |seed| seed..=seed);
    for seed in seeds {
        Simulation::new(seed).run();
    }
}

/// Marsaglia's xorshift generator. It makes a seed yield the same events on every machine.
struct XorShift(u64);

impl XorShift {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % sides
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// What the events so far permit the room to say about the open call.
struct Allowed {
    id: CallId,
    since: RoomTime,
    journal_answered: bool,
    coming: bool,
    here: bool,
    /// The current round of the escalation list.
    round: u32,
    next_step: usize,
}

struct Simulation {
    seed: u64,
    step: usize,
    rng: XorShift,
    rules: Rules,
    room: Room,
    now: RoomTime,
    calls_made: u128,
    allowed: Option<Allowed>,
    session_before: Option<(RoomTime, u64, Part)>,
    journal: Vec<(RoomTime, Event)>,
    /// Whether staff touch the tablet in this run, as they do in every second run. Touches are not journaled, so
    /// presence may lapse earlier after a restart.
    touches: bool,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let escalation = [60, 90, 300].into_iter().take((seed % 4) as usize).map(Duration::from_secs).collect();
        let rules = Rules { speed: if seed.is_multiple_of(3) { 60 } else { 1 }, escalation, ..rules() };
        Self {
            seed,
            step: 0,
            rng: XorShift(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            room: Room::new(rules.clone()),
            rules,
            now: RoomTime(0),
            calls_made: 0,
            allowed: None,
            session_before: None,
            journal: Vec::new(),
            touches: seed.is_multiple_of(2),
        }
    }

    fn run(&mut self) {
        for step in 0..STEPS {
            self.step = step;
            let wait_ms = self.wait_ms();
            self.advance(wait_ms);
            if self.rng.below(60) == 0 {
                self.restart();
            } else {
                let event = self.event();
                self.input(event);
            }
        }
        self.restart();
    }

    /// Asserts an invariant. The message names the seed and step that reproduce a failure.
    #[track_caller]
    fn check_that(&self, holds: bool, what: &str) {
        assert!(holds, "seed {} step {} at {:?}: {what}\n{:#?}", self.seed, self.step, self.now, self.room);
    }

    fn wait_ms(&mut self) -> u64 {
        match self.rng.below(8) {
            0 | 1 => 0,
            2 | 3 => self.rng.below(400),
            4 | 5 => self.rng.below(10 * SECOND),
            6 => self.rng.below(4 * MINUTE),
            _ => self.rng.below(20 * MINUTE),
        }
    }

    fn advance(&mut self, wait_ms: u64) {
        let target = RoomTime(self.now.0 + wait_ms);
        while let Some(due) = self.room.poll_timeout(self.now).filter(|due| *due <= target) {
            self.check_that(due > self.now, "a timeout that is not in the future");
            self.now = due;
            self.room.handle_timeout(due);
            self.check();
        }
        self.now = target;
        self.room.handle_timeout(target);
        self.check();
    }

    fn input(&mut self, event: Event) {
        let before = self.room.snapshot(self.now);
        let open_before = self.room.call.clone();
        let taken = self.room.handle_input(self.now, event.clone());
        if let Err(refusal) = &taken {
            self.check_that(
                self.room.snapshot(self.now) == before,
                &format!("{event:?} was refused ({refusal}) but changed something"),
            );
            self.check_that(self.room.call == open_before, "a refusal changed the call");
            self.check_that(self.room.effects.is_empty(), "a refusal had effects");
        } else {
            self.allow(&event, open_before.as_ref());
            if before.stage == Stage::Turnover && self.room.stage == Stage::Ready {
                self.check_that(
                    before.receipt.is_some_and(|receipt| receipt.is_verified()),
                    "ready without a verified wipe",
                );
            }
            if event.is_journaled() {
                self.journal.push((self.now, event));
            }
        }
        self.check();
    }

    /// Records what an accepted event permits the room to say about the open call. If the event ended a call, checks
    /// that an event of this kind may do so.
    fn allow(&mut self, event: &Event, before: Option<&Call>) {
        let open = self.room.open_call();
        if let Some(before) = before
            && open != Some(before.id)
        {
            let ends_practice = matches!(
                event,
                Event::SessionBegins { .. } | Event::StaffReset | Event::TurnoverDone | Event::CallPressed { .. }
            );
            self.check_that(
                matches!(event, Event::CallCleared) || (before.practice && ends_practice),
                &format!("{event:?} ended a call"),
            );
        }
        if self.allowed.as_ref().map(|allowed| allowed.id) != open {
            let since = self.now;
            let new =
                |id| Allowed { id, since, journal_answered: false, coming: false, here: false, round: 0, next_step: 0 };
            self.allowed = open.map(new);
        }
        if let Some(allowed) = &mut self.allowed {
            allowed.journal_answered |= matches!(event, Event::CallJournaled { .. } | Event::Restarted);
            allowed.coming |= matches!(event, Event::CallComing { .. });
            allowed.here |= matches!(event, Event::CallHere { .. });
        }
    }

    /// Checks the invariants that hold at every moment.
    fn check(&mut self) {
        let snapshot = self.room.snapshot(self.now);
        self.check_that(
            self.room.poll_timeout(self.now).is_none_or(|due| due > self.now),
            "a timeout that is not in the future",
        );
        self.check_effects(&snapshot);
        self.check_call(&snapshot);
        self.check_session(&snapshot);
        let profile = self.rules.profiles.iter().find(|profile| profile.name == snapshot.profile);
        let volume_is_within = profile.is_some_and(|profile| {
            (profile.volume_min_db..=profile.volume_max_db.min(self.rules.cap_db)).contains(&snapshot.volume_db)
        });
        self.check_that(volume_is_within, "the volume is out of its limits");
        self.check_that(snapshot.brightness_trim.abs() <= 0.5, "the brightness is out of its limits");
        self.check_that(snapshot.intensity_nudge.abs() <= 1.0, "the intensity is out of its limits");
        self.check_that(
            snapshot.dark || snapshot.dark_panel_until.is_none(),
            "a dark panel although the screen is not dark",
        );
        self.check_that(snapshot.is_in_visit() || *snapshot.notes == Notes::default(), "a note outside a visit");
        self.check_that(
            (snapshot.stage == Stage::Session) == snapshot.session.is_some(),
            "a session outside its stage, or none in it",
        );
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other effects have no invariants")]
    fn check_effects(&mut self, snapshot: &Snapshot) {
        while let Some(effect) = self.room.poll_effect() {
            match effect {
                Effect::Escalate { id, round, step } => {
                    let practice = snapshot.call.as_ref().is_none_or(|call| call.practice);
                    self.check_that(!practice, "a practice call escalated");
                    let is_in_order = self.allowed.as_mut().is_some_and(|allowed| {
                        let next = std::mem::replace(&mut allowed.next_step, step + 1);
                        let before = std::mem::replace(&mut allowed.round, round);
                        let is_next = next == step && before == round;
                        let starts_over = step == 0 && round > before && (allowed.coming || allowed.here);
                        allowed.id == id && (is_next || starts_over)
                    });
                    self.check_that(is_in_order, "an escalation step repeated or out of order");
                }
                Effect::SealNotes(_) => self.check_that(snapshot.is_in_visit(), "a note sealed outside a visit"),
                Effect::SendCall { id, .. } => {
                    self.check_that(self.room.open_call() == Some(id), "a call sent that is not open");
                }
                _ => {}
            }
        }
    }

    fn check_call(&self, snapshot: &Snapshot) {
        let Some(call) = &self.room.call else {
            self.check_that(snapshot.call.is_none(), "a call is shown that is not open");
            return;
        };
        let Some(allowed) = &self.allowed else { return };
        let late = self.now >= allowed.since + call::SHOWN_AFTER;
        self.check_that(!late || snapshot.call.is_some(), "an open call is not shown");
        let answered = late || allowed.journal_answered;
        self.check_that(answered || snapshot.call.is_none(), "a call on screen before it was on disk");
        self.check_that(allowed.coming || call.phase != CallPhase::OnTheWay, "on the way although nobody said so");
        self.check_that(allowed.here || call.phase != CallPhase::Here, "here although nobody said so");
        self.check_that(
            call.phase >= CallPhase::OnTheWay || call.responder.is_none(),
            "a name although nobody is coming",
        );
        self.check_that(
            call.phase < CallPhase::Received || !call.no_desk_told,
            "a desk has the call but counts as unreachable",
        );
    }

    fn check_session(&mut self, snapshot: &Snapshot) {
        let Some(session) = snapshot.session else {
            self.session_before = None;
            return;
        };
        let timeline = session.timeline;
        let in_order =
            [timeline.peak_from_ms, timeline.return_from_ms, timeline.landing_from_ms, timeline.end_ms].is_sorted();
        self.check_that(in_order, "the parts are out of order");
        self.check_that(
            timeline.infusion_ms == u64::from(snapshot.infusion_minutes) * MINUTE,
            "two lengths of one infusion",
        );
        let clock_ms = session.clock_at_snapshot_ms.unwrap_or(0);
        if let Some((then, clock_then_ms, part_then)) = self.session_before {
            let real_ms = time::millis(self.now.since(then));
            self.check_that(clock_ms >= clock_then_ms, "the clock ran backwards");
            let jumped = clock_ms > clock_then_ms + real_ms * u64::from(self.rules.speed);
            self.check_that(!jumped, "the clock jumped");
            self.check_that(session.part >= part_then, "a part went backwards");
        }
        self.session_before = Some((self.now, clock_ms, session.part));
    }

    /// Restarts the program by replaying the journaled events into a new room.
    fn restart(&mut self) {
        let mut replayed = Room::new(self.rules.clone());
        for (at, event) in &self.journal {
            // Connected desks are not journaled, so the room refuses *Received* when the journal is replayed.
            let refused = replayed.handle_input(*at, event.clone()).is_err();
            self.check_that(
                !refused || matches!(event, Event::CallReceived { .. }),
                &format!("{event:?} was not replayed"),
            );
        }
        replayed.handle_timeout(self.now);
        self.compare(&replayed);
        self.room = replayed;
        self.room.effects.clear();
        // The room repeats the steps that it may not have finished sending, in the same round.
        if let (Some(allowed), Some(call)) = (&mut self.allowed, &self.room.call) {
            (allowed.round, allowed.next_step) = (call.escalation_round, 0);
        }
        self.input(Event::Restarted);
    }

    fn compare(&self, replayed: &Room) {
        let (was, is) = (self.room.snapshot(self.now), replayed.snapshot(self.now));
        self.check_that(was.stage == is.stage, &format!("came back in {}", is.stage.name()));
        self.check_that(was.session == is.session, &format!("came back with {:?}", is.session));
        self.check_that(was.profile == is.profile, "came back with another profile");
        self.check_that(was.volume_db.to_bits() == is.volume_db.to_bits(), "came back at another volume");
        self.check_that((was.place, was.dark) == (is.place, is.dark), "came back in another place");
        // A restart may shift the phase of the breath, but must keep its pattern and must not switch the pacer on or
        // off.
        let pacer =
            |snapshot: &Snapshot| snapshot.breath.map(|breath| breath.next.map_or(breath.pattern, |next| next.0));
        self.check_that(pacer(&was) == pacer(&is), "came back with another breath");
        let id = |room: &Room| room.call.as_ref().map(|call| (call.id, call.practice));
        self.check_that(id(&self.room) == id(replayed), "came back with another call");
        if let (Some(was), Some(is)) = (&self.room.call, &replayed.call) {
            // Phases up to *Received* depend on connected desks, which do not survive a restart. Without a connected
            // desk, an overdue *On the way* falls back to *Sent*.
            let same = was.phase.max(CallPhase::Received) == is.phase.max(CallPhase::Received);
            let overdue = was.phase == CallPhase::OnTheWay && was.tone_raised;
            self.check_that(same || overdue || self.touches, &format!("came back with the call {:?}", is.phase));
            self.check_that(
                was.escalation_round == is.escalation_round || self.touches,
                "came back in another round of the escalation list",
            );
        }
    }

    fn call_id(&mut self) -> CallId {
        match self.room.open_call() {
            Some(id) if self.rng.below(8) != 0 => id,
            _ => CallId(self.calls_made.saturating_sub(u128::from(self.rng.below(3)))),
        }
    }

    fn event(&mut self) -> Event {
        match self.rng.below(10) {
            0..=3 => self.call_event(),
            4 | 5 => self.visit_event(),
            6 => self.note_event(),
            7 => self.session_event(),
            _ => self.comfort_event(),
        }
    }

    fn call_event(&mut self) -> Event {
        let id = self.call_id();
        let desk = DeskId(self.rng.below(3));
        match self.rng.below(12) {
            0 => {
                self.calls_made += 1;
                Event::CallPressed { id: CallId(self.calls_made), practice: self.rng.flip() }
            }
            1 => Event::CallJournaled { id, ok: self.rng.below(4) != 0 },
            2 => Event::CallSent { id },
            3 | 4 => Event::CallReceived { id, desk },
            5 => Event::CallComing { id, name: "Ana".to_owned() },
            6 => Event::CallHere { id: self.rng.flip().then_some(id) },
            7 => Event::CallCleared,
            8 | 9 => Event::DeskConnected { desk },
            10 => Event::DeskDisconnected { desk },
            _ if self.touches => Event::StaffTouched,
            _ => Event::TimeMarked,
        }
    }

    fn visit_event(&mut self) -> Event {
        let profile = self.rng.flip().then(|| self.rng.pick(&["quiet", "long", "night", "no-such"]).to_owned());
        match self.rng.below(12) {
            0 | 1 => Event::VisitBegins,
            2 | 3 => {
                let infusion_minutes = self.rng.flip().then_some(self.rng.below(260) as u32);
                Event::SessionBegins { profile, infusion_minutes, settle: self.rng.flip() }
            }
            4 => Event::AfterBegins,
            5 => Event::Farewell,
            6 => Event::StaffReset,
            7 => Event::WipeVerified(receipt(true)),
            8 => Event::WipeFailed(receipt(false)),
            9 => Event::TurnoverDone,
            10 => Event::ProfileChosen { name: profile.unwrap_or_default() },
            _ => Event::LanguageChosen(self.rng.pick(&[Language::FALLBACK, spanish(), unknown_language()])),
        }
    }

    fn session_event(&mut self) -> Event {
        match self.rng.below(6) {
            0 => Event::InfusionStarts,
            1 => Event::Pause,
            2 | 3 => Event::Resume,
            4 => Event::Extend { minutes: self.rng.below(40) as u32 },
            _ => Event::End { landing_minutes: self.rng.flip().then_some(self.rng.below(25) as u32) },
        }
    }

    fn note_event(&mut self) -> Event {
        let text = PatientText::new("w".repeat(self.rng.below(3_000) as usize));
        match self.rng.below(8) {
            0 | 1 => Event::NoteTyped { text },
            2 => Event::NoteWritten { page: self.rng.below(4) as usize, text },
            3 => Event::IntentionWritten { question: self.rng.below(4) as usize, text },
            4 => Event::ForClinicianWritten { text },
            5 => Event::NoteDrawn { page: self.rng.below(4) as usize, drawing: self.drawing() },
            6 => Event::IntentionDrawn { question: self.rng.below(4) as usize, drawing: self.drawing() },
            _ => Event::ForClinicianShared { on: self.rng.flip() },
        }
    }

    fn drawing(&mut self) -> Drawing {
        let point = StrokePoint { x: self.rng.below(20_000) as u16, y: 0, width: 0 };
        let points = self.rng.below(30_000) as usize;
        Drawing::new(Stroke::new(Tint::Moss, vec![point; points]).into_iter().map(Arc::new).collect())
    }

    fn comfort_event(&mut self) -> Event {
        let on = self.rng.flip();
        match self.rng.below(14) {
            0 => Event::Volume { db: self.rng.below(140) as f32 - 100.0 },
            1 => Event::PlaceChosen(self.rng.pick(Place::ALL)),
            2 => Event::Breath { on },
            3 => Event::BreathPatternChosen(self.rng.pick(&BreathPattern::ALL)),
            4 => Event::Dark { on },
            5 => Event::DarkTouched,
            6 => Event::Anchor { on },
            7 => Event::Silence { on },
            8 => Event::SkipPiece,
            9 if self.rng.below(2) == 0 => Event::Intensity { nudge: self.rng.below(300) as f32 / 100.0 - 1.5 },
            9 => Event::Brightness { trim: self.rng.below(300) as f32 / 100.0 - 1.5 },
            10 => Event::Calm { on },
            11 => Event::HandChosen(self.rng.pick(Hand::ALL)),
            12 => Event::TypeSizeChosen(self.rng.pick(TypeSize::ALL)),
            _ => Event::TalkNow { on },
        }
    }
}
