//! Owns the room, a pure state machine that handles one visit after another, with every rule about stages, the session,
//! the call and the note. It has no clock, no input or output, no threads and no randomness.
//!
//! # Driving a state machine
//!
//! This room and the two ends of a transport (`line::room_end`, `line::fleet` and their parts) are state machines
//! without a clock. They follow one contract and use the same method names.
//!
//! - `handle_input(now, …)`, or `handle_…`/`on_…` if there are several inputs, takes in what happened. It never blocks,
//!   and its only failure is a refusal, after which nothing but expired timers has changed the machine.
//! - `poll_…()` (`poll_effect`, `poll_transmit`, `poll_event`) returns the next thing to do, send or know. Poll it
//!   after every input and every timeout until it returns `None`, since whatever is not polled is delayed.
//! - `poll_timeout()` returns when `handle_timeout(now)` is next due if nothing happens before then. Poll it again
//!   after every input, since the previous answer may now be too late. `None` means never.
//! - `handle_timeout(now)` does what is due by `now`. Running it early or twice does no harm. Inputs run it first
//!   wherever the order of timers and inputs matters.
//! - `now` never goes back. Two machines that receive the same inputs at the same times behave identically. Journal
//!   replay and every simulation rely on this.

pub mod breath;
pub mod call;
pub mod drawing;
pub mod effect;
pub mod event;
mod ids;
pub mod names;
mod note_transitions;
pub mod notes;
mod profile_choice;
mod refusal;
mod rules;
pub mod session;
pub mod snapshot;
mod stage;
pub mod take_home;
pub mod time;
pub mod timeline;
mod transitions;

pub use effect::Effect;
pub use event::Event;
pub use refusal::Refusal;
pub use rules::{ProfileRules, Rules};
pub use snapshot::{Snapshot, Trouble};
pub use stage::Stage;
pub use time::RoomTime;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::vocabulary::language::Language;
use crate::vocabulary::patient::{Hand, TypeSize};
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;
use breath::BreathPattern;
use call::{Call, CallId, DeskId};
use notes::Notes;
use profile_choice::ArrivalChoices;
use session::Session;
use snapshot::{BreathView, Receipt, SessionView};
use take_home::TakeHome;
use timeline::Part;

/// Time for which the dim call panel stays on the dark screen after a touch.
pub const DARK_PANEL_DURATION: Duration = Duration::from_secs(20);
/// Length of a pause in writing after which the notes are sealed.
const SEAL_AFTER_PAUSE: Duration = Duration::from_millis(300);
/// Maximum time from the first unsealed change until the notes are sealed, even without a pause.
const SEAL_DELAY_MAX: Duration = Duration::from_secs(2);
/// How long After or Farewell may go without patient activity before desks show that the room is unattended. The room
/// never resets itself.
pub const UNATTENDED_AFTER: Duration = Duration::from_mins(30);
/// Maximum number of connected desks.
const DESKS_MAX: usize = 64;
/// The hand that screens are laid out for until the patient chooses one.
const DEFAULT_HAND: Hand = Hand::Right;

/// The state machine of one room. The module's documentation says how to drive it.
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
#[derive(Debug)]
pub struct Room {
    rules: Rules,
    effects: VecDeque<Effect>,
    stage: Stage,
    visit_began_at: RoomTime,
    session: Option<Session>,
    call: Option<Call>,
    ended_calls: VecDeque<CallId>,
    /// Index into [`Rules::profiles`].
    profile: usize,
    infusion_minutes: u32,
    place: Place,
    on_arrival: ArrivalChoices,
    language: Language,
    hand: Hand,
    type_size: TypeSize,
    volume_db: f32,
    breath: Option<BreathView>,
    /// Whether the pacer was switched on or off by hand; `None` while it follows the part.
    breath_choice: Option<bool>,
    pattern: BreathPattern,
    dark: bool,
    dark_panel_until: Option<RoomTime>,
    anchor: bool,
    calm: Option<Calm>,
    sound: SoundChoice,
    silence: bool,
    skips: u32,
    brightness_trim: f32,
    intensity_nudge: f32,
    talk_now: bool,
    desks: BTreeSet<DeskId>,
    notes: Arc<Notes>,
    unsealed: Option<UnsealedChanges>,
    take_home: TakeHome,
    troubles: BTreeSet<Trouble>,
    receipt: Option<Receipt>,
    surface_cleaned: bool,
    speaker_tested: bool,
    call_tested: bool,
    /// When the patient was last active in After or Farewell. `None` until After or Farewell begins.
    last_activity: Option<RoomTime>,
    wiping: bool,
    /// The part for which the pacer was last set.
    paced_part: Option<Part>,
}

/// What is restored when *Calm now* is undone.
#[derive(Clone, Copy, Debug)]
struct Calm {
    /// Whether the anchor was already on when *Calm now* was pressed.
    was_anchored: bool,
}

/// The times of the first and the latest change that the vault has not been asked to seal yet.
#[derive(Clone, Copy, Debug)]
struct UnsealedChanges {
    since: RoomTime,
    last: RoomTime,
}

impl UnsealedChanges {
    fn seal_due(self) -> RoomTime {
        (self.last + SEAL_AFTER_PAUSE).min(self.since + SEAL_DELAY_MAX)
    }
}

impl Room {
    /// Creates a room in [`Stage::Ready`].
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let profile = rules.default_profile_index();
        let mut room = Self {
            effects: VecDeque::new(),
            stage: Stage::Ready,
            visit_began_at: RoomTime::default(),
            session: None,
            call: None,
            ended_calls: VecDeque::new(),
            profile,
            // The profile sets these two, the place and the pattern below.
            infusion_minutes: 0,
            volume_db: 0.0,
            place: Place::Beach,
            on_arrival: ArrivalChoices::default(),
            language: rules.language,
            hand: DEFAULT_HAND,
            type_size: TypeSize::Normal,
            breath: None,
            breath_choice: None,
            pattern: BreathPattern::default(),
            dark: false,
            dark_panel_until: None,
            anchor: false,
            calm: None,
            sound: SoundChoice::Music,
            silence: false,
            skips: 0,
            brightness_trim: 0.0,
            intensity_nudge: 0.0,
            talk_now: false,
            desks: BTreeSet::new(),
            notes: Arc::default(),
            unsealed: None,
            take_home: TakeHome::default(),
            troubles: BTreeSet::new(),
            receipt: None,
            surface_cleaned: false,
            speaker_tested: false,
            call_tested: false,
            last_activity: None,
            wiping: false,
            paced_part: None,
            rules,
        };
        room.apply_profile(profile);
        room
    }

    /// Handles the timers that have expired by `now`, then the event.
    ///
    /// # Errors
    /// A [`Refusal`] says why the event is not possible. In that case, only expired timers have changed the room.
    pub fn handle_input(&mut self, now: RoomTime, event: Event) -> Result<(), Refusal> {
        self.handle_timeout(now);
        let is_patient_activity = event.is_patient_activity();
        self.apply(now, event)?;
        if is_patient_activity {
            self.record_activity(now);
        }
        self.handle_timeout(now);
        Ok(())
    }

    /// Handles every timer that has expired by `now`.
    pub fn handle_timeout(&mut self, now: RoomTime) {
        if let Some(call) = &mut self.call {
            call.handle_timeout(now, &self.rules.escalation, &mut self.effects);
        }
        if self.unsealed.take_if(|changes| now >= changes.seal_due()).is_some() {
            self.effects.push_back(Effect::SealNotes(Arc::clone(&self.notes)));
        }
        if self.unattended_due().is_some_and(|due| now >= due) {
            self.troubles.insert(Trouble::RoomLeft);
        }
        self.dark_panel_until.take_if(|until| now >= *until);
        if let Some(BreathView { next: Some((pattern, from)), .. }) = self.breath
            && now >= from
        {
            self.breath = Some(BreathView { pattern, started: from, next: None });
        }
        let part = self.session.map(|session| session.part(now));
        if part != self.paced_part {
            self.paced_part = part;
            self.set_breath_for_part(now);
        }
    }

    /// Returns the next effect to execute. Poll it after every input and every timeout until it returns `None`.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Returns when [`Room::handle_timeout`] is next due if nothing happens before then. `None` means never.
    #[must_use]
    pub fn poll_timeout(&self, now: RoomTime) -> Option<RoomTime> {
        [
            self.call.as_ref().and_then(|call| call.poll_timeout(&self.rules.escalation)),
            self.unsealed.map(UnsealedChanges::seal_due),
            self.unattended_due(),
            self.dark_panel_until,
            self.breath.and_then(|breath| breath.next).map(|(_, from)| from),
            self.session.and_then(|session| session.next_boundary(now)),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Returns when the room will count as unattended. `None` if this has been reported already or the session is not
    /// over.
    fn unattended_due(&self) -> Option<RoomTime> {
        let last_activity = self.last_activity.filter(|_| !self.troubles.contains(&Trouble::RoomLeft));
        last_activity.map(|last_activity| last_activity + UNATTENDED_AFTER)
    }

    /// The state of the room at `now`.
    #[must_use]
    pub fn snapshot(&self, now: RoomTime) -> Snapshot {
        Snapshot {
            taken_at: now,
            stage: self.stage,
            visit_began_at: self.visit_began_at,
            session: self.session.map(|session| SessionView {
                timeline: session.timeline,
                part: session.part(now),
                clock_at_snapshot_ms: session.clock_ms(now),
                running: session.is_running(now),
                paused: session.is_paused(),
                landed: session.has_landed(now),
                speed: self.rules.speed,
                taken_at: now,
            }),
            call: self.call.clone().filter(|call| call.shown),
            ended_calls: self.ended_calls.iter().copied().collect(),
            profile: self.rules.profile(self.profile).name.clone(),
            infusion_minutes: self.infusion_minutes,
            place: self.place,
            place_on_arrival: self.on_arrival.place,
            language: self.language,
            hand: self.hand,
            type_size: self.type_size,
            volume_db: self.volume_db,
            breath: self.breath,
            dark: self.dark,
            dark_panel_until: self.dark_panel_until,
            anchor: self.anchor,
            calm: self.calm.is_some(),
            sound: self.sound,
            silence: self.silence,
            skips: self.skips,
            brightness_trim: self.brightness_trim,
            intensity_nudge: self.intensity_nudge,
            talk_now: self.talk_now,
            desks: self.desks.len(),
            notes: Arc::clone(&self.notes),
            take_home: self.take_home.clone(),
            note_limits: self.rules.note_limits,
            troubles: self.troubles.iter().copied().collect(),
            receipt: self.receipt.clone(),
            surface_cleaned: self.surface_cleaned,
            speaker_tested: self.speaker_tested,
            call_tested: self.call_tested,
            wiping: self.wiping,
        }
    }

    /// The id of the open call, whether it is shown yet or not.
    #[must_use]
    pub fn open_call(&self) -> Option<CallId> {
        self.call.as_ref().map(|call| call.id)
    }

    /// The id of the open call, unless it is a practice call.
    #[must_use]
    pub fn real_call(&self) -> Option<CallId> {
        self.call.as_ref().filter(|call| !call.practice).map(|call| call.id)
    }

    /// The notes of the current visit.
    #[must_use]
    pub fn notes(&self) -> &Notes {
        &self.notes
    }
}

#[cfg(test)]
mod tests;
