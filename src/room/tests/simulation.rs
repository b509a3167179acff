//! Owns the long runs: thousands of visits by chance, with what must hold at every moment of all of them.
//! `STILLROOM_SEED=n` runs one seed alone, `STILLROOM_SEEDS=n` so many; every failure names its seed and step.

use super::drawing::{Drawing, Stroke, StrokePoint, Tint};
use super::*;

const SEEDS: u64 = 600;
const STEPS: usize = 400;

#[test]
fn whatever_happens_the_room_keeps_its_promises() {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let seeds = number("STILLROOM_SEED").map_or(1..=number("STILLROOM_SEEDS").unwrap_or(SEEDS), |seed| seed..=seed);
    for seed in seeds {
        Run::new(seed).play();
    }
}

/// Marsaglia's xorshift: the same events on every machine from the same seed.
struct Dice(u64);

impl Dice {
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

/// What the events so far allow the room to say of the open call.
#[allow(clippy::struct_excessive_bools)]
struct Allowed {
    id: CallId,
    since: RoomTime,
    journal_answered: bool,
    coming: bool,
    here: bool,
    /// The round of the escalation list, and its next step.
    round: u32,
    next_step: usize,
}

struct Run {
    seed: u64,
    step: usize,
    dice: Dice,
    rules: Rules,
    room: Room,
    now: RoomTime,
    calls_made: u128,
    allowed: Option<Allowed>,
    session_before: Option<(RoomTime, u64, Part)>,
    journal: Vec<(RoomTime, Event)>,
    /// Touches are not journaled, so presence may lapse sooner after a stop: half the seeds do without them.
    touches: bool,
}

impl Run {
    fn new(seed: u64) -> Self {
        let escalation = [60, 90, 300].into_iter().take((seed % 4) as usize).map(Duration::from_secs).collect();
        let rules = Rules { speed: if seed.is_multiple_of(3) { 60 } else { 1 }, escalation, ..rules() };
        Self {
            seed,
            step: 0,
            dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
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

    fn play(&mut self) {
        for step in 0..STEPS {
            self.step = step;
            let wait_ms = self.wait_ms();
            self.pass(wait_ms);
            if self.dice.below(60) == 0 {
                self.restart();
            } else {
                let event = self.event();
                self.take(event);
            }
        }
        self.restart();
    }

    /// Says where it broke, so that the seed brings it back.
    #[track_caller]
    fn holds(&self, truth: bool, what: &str) {
        assert!(truth, "seed {} step {} at {:?}: {what}\n{:#?}", self.seed, self.step, self.now, self.room);
    }

    fn wait_ms(&mut self) -> u64 {
        match self.dice.below(8) {
            0 | 1 => 0,
            2 | 3 => self.dice.below(400),
            4 | 5 => self.dice.below(10 * SECOND),
            6 => self.dice.below(4 * MINUTE),
            _ => self.dice.below(20 * MINUTE),
        }
    }

    fn pass(&mut self, wait_ms: u64) {
        let target = RoomTime(self.now.0 + wait_ms);
        while let Some(due) = self.room.poll_timeout(self.now).filter(|due| *due <= target) {
            self.holds(due > self.now, "a deadline that is not ahead");
            self.now = due;
            self.room.handle_timeout(due);
            self.check();
        }
        self.now = target;
        self.room.handle_timeout(target);
        self.check();
    }

    fn take(&mut self, event: Event) {
        let before = self.room.snapshot(self.now);
        let open_before = self.room.call.clone();
        let taken = self.room.handle_input(self.now, event.clone());
        if let Err(refusal) = &taken {
            self.holds(
                self.room.snapshot(self.now) == before,
                &format!("{event:?} refused ({refusal}) but not in vain"),
            );
            self.holds(self.room.call == open_before, "a refusal touched the call");
            self.holds(self.room.effects.is_empty(), "a refusal had effects");
        } else {
            self.allow(&event, open_before.as_ref());
            if before.stage == Stage::Turnover && self.room.stage == Stage::Ready {
                self.holds(before.receipt.is_some_and(|receipt| receipt.is_verified()), "ready without a proof");
            }
            if event.is_journaled() {
                self.journal.push((self.now, event));
            }
        }
        self.check();
    }

    /// Follows what an accepted event lets the room say of its call, and whether the call may have ended by it.
    fn allow(&mut self, event: &Event, before: Option<&Call>) {
        let open = self.room.open_call();
        if let Some(before) = before
            && open != Some(before.id)
        {
            let ends_practice = matches!(
                event,
                Event::SessionBegins { .. } | Event::StaffReset | Event::TurnoverDone | Event::CallPressed { .. }
            );
            self.holds(
                matches!(event, Event::CallCleared) || (before.practice && ends_practice),
                &format!("{event:?} ended a call"),
            );
        }
        if self.allowed.as_ref().map(|allowed| allowed.id) != open {
            let since = self.now;
            let none_yet =
                |id| Allowed { id, since, journal_answered: false, coming: false, here: false, round: 0, next_step: 0 };
            self.allowed = open.map(none_yet);
        }
        if let Some(allowed) = &mut self.allowed {
            allowed.journal_answered |= matches!(event, Event::CallJournaled { .. } | Event::Resumed);
            allowed.coming |= matches!(event, Event::CallComing { .. });
            allowed.here |= matches!(event, Event::CallHere { .. });
        }
    }

    /// What holds at every moment.
    fn check(&mut self) {
        let snapshot = self.room.snapshot(self.now);
        self.holds(self.room.poll_timeout(self.now).is_none_or(|due| due > self.now), "a deadline that is not ahead");
        self.check_effects(&snapshot);
        self.check_call(&snapshot);
        self.check_session(&snapshot);
        let profile = self.rules.profiles.iter().find(|profile| profile.name == snapshot.profile);
        let volume_is_within = profile.is_some_and(|profile| {
            (profile.volume_min_db..=profile.volume_max_db.min(self.rules.cap_db)).contains(&snapshot.volume_db)
        });
        self.holds(volume_is_within, "the volume is out of its limits");
        self.holds(snapshot.brightness_trim.abs() <= 0.5, "the brightness is out of its limits");
        self.holds(snapshot.intensity_nudge.abs() <= 1.0, "the intensity is out of its limits");
        self.holds(snapshot.dark || snapshot.dark_panel_until.is_none(), "a panel of the dark where it is not dark");
        self.holds(snapshot.in_visit() || *snapshot.notes == Notes::default(), "a note where nobody is");
        self.holds((snapshot.stage == Stage::Session) == snapshot.session.is_some(), "a session out of its stage");
    }

    fn check_effects(&mut self, snapshot: &Snapshot) {
        while let Some(effect) = self.room.poll_effect() {
            match effect {
                Effect::Escalate { id, round, step } => {
                    let practice = snapshot.call.as_ref().is_none_or(|call| call.practice);
                    self.holds(!practice, "a practice call escalated");
                    let in_turn = self.allowed.as_mut().is_some_and(|allowed| {
                        let next = std::mem::replace(&mut allowed.next_step, step + 1);
                        let before = std::mem::replace(&mut allowed.round, round);
                        let goes_on = next == step && before == round;
                        let anew = step == 0 && round > before && (allowed.coming || allowed.here);
                        allowed.id == id && (goes_on || anew)
                    });
                    self.holds(in_turn, "a step of the escalation twice, or out of turn");
                }
                Effect::SealNotes(_) => self.holds(snapshot.in_visit(), "a note sealed where nobody is"),
                Effect::SendCall { id, .. } => self.holds(self.room.open_call() == Some(id), "a call sent, not open"),
                _ => {}
            }
        }
    }

    fn check_call(&self, snapshot: &Snapshot) {
        let Some(call) = &self.room.call else {
            self.holds(snapshot.call.is_none(), "a call shown that is not open");
            return;
        };
        let Some(allowed) = &self.allowed else { return };
        let late = self.now >= allowed.since + call::SHOWN_AFTER;
        self.holds(!late || snapshot.call.is_some(), "an open call not shown");
        let answered = late || allowed.journal_answered;
        self.holds(answered || snapshot.call.is_none(), "a call on screen before it was on disk");
        self.holds(allowed.coming || call.phase != CallPhase::OnTheWay, "on the way, and nobody said so");
        self.holds(allowed.here || call.phase != CallPhase::Here, "here, and nobody said so");
        self.holds(call.phase >= CallPhase::OnTheWay || call.name.is_none(), "a name, and nobody is coming");
        self.holds(call.phase < CallPhase::Received || !call.line_down_told, "a desk has it and yet cannot be reached");
    }

    fn check_session(&mut self, snapshot: &Snapshot) {
        let Some(session) = snapshot.session else {
            self.session_before = None;
            return;
        };
        let arc = session.arc;
        let in_order = [arc.peak_from_ms, arc.return_from_ms, arc.landing_from_ms, arc.end_ms].is_sorted();
        self.holds(in_order, "the parts are out of order");
        self.holds(arc.infusion_ms == u64::from(snapshot.infusion_minutes) * MINUTE, "two lengths of one infusion");
        let clock_ms = session.clock_at_snapshot_ms.unwrap_or(0);
        if let Some((then, clock_then_ms, part_then)) = self.session_before {
            let real_ms = time::millis(self.now.since(then));
            self.holds(clock_ms >= clock_then_ms, "the clock ran backwards");
            let leap = clock_ms > clock_then_ms + real_ms * u64::from(self.rules.speed);
            self.holds(!leap, "the clock leapt");
            self.holds(session.part >= part_then, "a part went backwards");
        }
        self.session_before = Some((self.now, clock_ms, session.part));
    }

    /// The program stops and comes back: what was journaled is played into a fresh room.
    fn restart(&mut self) {
        let mut again = Room::new(self.rules.clone());
        for (at, event) in &self.journal {
            // Desks are not journaled, so what only they said is refused, as it must be.
            let refused = again.handle_input(*at, event.clone()).is_err();
            self.holds(!refused || matches!(event, Event::CallReceived { .. }), &format!("{event:?} not replayed"));
        }
        again.handle_timeout(self.now);
        self.compare(&again);
        self.room = again;
        self.room.effects.clear();
        // What was under way when the program stopped is said again, by the same name.
        if let (Some(allowed), Some(call)) = (&mut self.allowed, &self.room.call) {
            (allowed.round, allowed.next_step) = (call.round, 0);
        }
        self.take(Event::Resumed);
    }

    fn compare(&self, again: &Room) {
        let (was, is) = (self.room.snapshot(self.now), again.snapshot(self.now));
        self.holds(was.stage == is.stage, &format!("came back in {}", is.stage.name()));
        self.holds(was.session == is.session, &format!("came back with {:?}", is.session));
        self.holds(was.profile == is.profile, "came back with another profile");
        self.holds(was.volume_db.to_bits() == is.volume_db.to_bits(), "came back at another volume");
        self.holds((was.place, was.dark) == (is.place, is.dark), "came back in another place");
        // Where in the breath it comes back is not promised; whether it breathes and how it will, is.
        let pacer =
            |snapshot: &Snapshot| snapshot.breath.map(|breath| breath.next.map_or(breath.pattern, |next| next.0));
        self.holds(pacer(&was) == pacer(&is), "came back with another breath");
        let name = |room: &Room| room.call.as_ref().map(|call| (call.id, call.practice));
        self.holds(name(&self.room) == name(again), "came back with another call");
        if let (Some(was), Some(is)) = (&self.room.call, &again.call) {
            // Up to Received it is a matter of desks; and a coming that took too long falls back without them.
            let same = was.phase.max(CallPhase::Received) == is.phase.max(CallPhase::Received);
            let overdue = was.phase == CallPhase::OnTheWay && was.risen;
            self.holds(same || overdue || self.touches, &format!("came back with the call {:?}", is.phase));
            self.holds(was.round == is.round || self.touches, "came back in another round of the escalation list");
        }
    }

    fn call_id(&mut self) -> CallId {
        match self.room.open_call() {
            Some(id) if self.dice.below(8) != 0 => id,
            _ => CallId(self.calls_made.saturating_sub(u128::from(self.dice.below(3)))),
        }
    }

    fn event(&mut self) -> Event {
        match self.dice.below(10) {
            0..=3 => self.call_event(),
            4 | 5 => self.visit_event(),
            6 => self.note_event(),
            7 => self.session_event(),
            _ => self.comfort_event(),
        }
    }

    fn call_event(&mut self) -> Event {
        let id = self.call_id();
        let desk = DeskId(self.dice.below(3));
        match self.dice.below(12) {
            0 => {
                self.calls_made += 1;
                Event::CallPressed { id: CallId(self.calls_made), practice: self.dice.flip() }
            }
            1 => Event::CallJournaled { id, ok: self.dice.below(4) != 0 },
            2 => Event::CallSent { id },
            3 | 4 => Event::CallReceived { id, desk },
            5 => Event::CallComing { id, name: "Ana".to_owned() },
            6 => Event::CallHere { id: self.dice.flip().then_some(id) },
            7 => Event::CallCleared,
            8 | 9 => Event::DeskSeen { desk },
            10 => Event::DeskGone { desk },
            _ if self.touches => Event::StaffTouched,
            _ => Event::TimeMarked,
        }
    }

    fn visit_event(&mut self) -> Event {
        let profile = self.dice.flip().then(|| self.dice.pick(&["quiet", "long", "night", "no-such"]).to_owned());
        match self.dice.below(12) {
            0 | 1 => Event::VisitBegins,
            2 | 3 => {
                let infusion_minutes = self.dice.flip().then_some(self.dice.below(260) as u32);
                Event::SessionBegins { profile, infusion_minutes, settle: self.dice.flip() }
            }
            4 => Event::AfterBegins,
            5 => Event::Farewell,
            6 => Event::StaffReset,
            7 => Event::WipeVerified(receipt(true)),
            8 => Event::WipeFailed(receipt(false)),
            9 => Event::TurnoverDone,
            10 => Event::ProfileChosen { name: profile.unwrap_or_default() },
            _ => Event::LanguageChosen(self.dice.pick(&[Language::FALLBACK, spanish(), unknown_language()])),
        }
    }

    fn session_event(&mut self) -> Event {
        match self.dice.below(6) {
            0 => Event::InfusionStarts,
            1 => Event::Pause,
            2 | 3 => Event::Resume,
            4 => Event::Extend { minutes: self.dice.below(40) as u32 },
            _ => Event::End { landing_minutes: self.dice.flip().then_some(self.dice.below(25) as u32) },
        }
    }

    fn note_event(&mut self) -> Event {
        let text = PatientText::new("w".repeat(self.dice.below(3_000) as usize));
        match self.dice.below(7) {
            0 | 1 => Event::NoteTyped { text },
            2 => Event::NoteWritten { page: self.dice.below(4) as usize, text },
            3 => Event::IntentionWritten { question: self.dice.below(4) as usize, text },
            4 => Event::ForClinicianWritten { text },
            5 => Event::NoteDrawn { page: self.dice.below(4) as usize, drawing: self.drawing() },
            _ => Event::ForClinicianShared { on: self.dice.flip() },
        }
    }

    fn drawing(&mut self) -> Drawing {
        let point = StrokePoint { x: self.dice.below(20_000) as u16, y: 0, width: 0 };
        let points = self.dice.below(30_000) as usize;
        Drawing::of(Stroke::new(Tint::Moss, vec![point; points]).into_iter().map(Shared::new).collect())
    }

    fn comfort_event(&mut self) -> Event {
        let on = self.dice.flip();
        match self.dice.below(11) {
            0 => Event::Volume { db: self.dice.below(140) as f32 - 100.0 },
            1 => Event::PlaceChosen(self.dice.pick(Place::ALL)),
            2 => Event::BreathWished { on },
            3 => Event::BreathPattern(self.dice.pick(&Pattern::ALL)),
            4 => Event::Dark { on },
            5 => Event::DarkTouched,
            6 => Event::Anchor { on },
            7 => Event::Silence { on },
            8 => Event::SkipPiece,
            9 if self.dice.below(2) == 0 => Event::Intensity { nudge: self.dice.below(300) as f32 / 100.0 - 1.5 },
            9 => Event::Brightness { trim: self.dice.below(300) as f32 / 100.0 - 1.5 },
            _ => Event::TalkNow { on },
        }
    }
}
