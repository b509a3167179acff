//! The room: a pure machine of one visit after another. It owns every rule about stages, the session, the call and
//! the note, and nothing else: no clock, no input or output, no threads, no randomness.
//!
//! # How a machine is driven
//!
//! Every machine without a clock in this program keeps one contract: this room, and the ends of a line
//! (`line::room_end`, `line::fleet` and what they are made of). Their names are the same everywhere.
//!
//! - `handle_input(now, …)`, or `handle_…`/`on_…` where there are several inputs, takes in what happened. It never waits,
//!   and never fails but by a refusal that leaves the machine as it was.
//! - `poll_…()` (`poll_effect`, `poll_transmit`, `poll_event`) gives the next thing to do, say or know. After every input and
//!   every timeout, call it until it gives `None`: what is left lying is done late.
//! - `poll_timeout()` says when `handle_timeout(now)` is next needed if nothing happens before. Ask again after every input;
//!   an answer from before may be too late. `None` means never.
//! - `handle_timeout(now)` does what is due by `now`. Calling it early or twice does no harm. Inputs call it first by
//!   themselves where the order of timers and inputs matters.
//! - `now` never goes back. Two machines that are given the same inputs at the same times do the same: this is what a replay
//!   of the journal and every simulation rest on.

pub mod arc;
pub mod breath;
pub mod call;
pub mod drawing;
pub mod effect;
pub mod event;
mod ids;
pub mod names;
pub mod notes;
mod refusal;
mod rules;
pub mod session;
pub mod snapshot;
mod stage;
pub mod take_home;
pub mod time;
mod transitions;

pub use effect::Effect;
pub use event::Event;
pub use refusal::Refusal;
pub use rules::{ProfileRules, Rules};
pub use snapshot::{Snapshot, Trouble};
pub use stage::Stage;
pub use time::RoomTime;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc as Shared;
use std::time::Duration;

use crate::vocabulary::language::Language;
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;
use arc::Part;
use breath::Pattern;
use call::{Call, CallId, DeskId};
use notes::Notes;
use session::Session;
use snapshot::{BreathView, Receipt, SessionView};
use take_home::TakeHome;

/// The dim call panel of Dark stays so long after the first touch.
pub const DARK_PANEL_FOR: Duration = Duration::from_secs(20);
/// A note is sealed after a pause of so long …
const SEAL_AFTER_PAUSE: Duration = Duration::from_millis(300);
/// … and at the latest so long after the first unsealed letter.
const SEAL_AT_LATEST: Duration = Duration::from_secs(2);
/// A room that stands in After or Farewell for so long after the last touch is told to the desk. It never resets itself.
pub const LEFT_AFTER: Duration = Duration::from_mins(30);
/// More desk pages than this are refused.
const DESKS_MAX: usize = 64;

/// The room.
// Each is a plain fact of its own, true or not at the same time as any other.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug)]
pub struct Room {
    rules: Rules,
    effects: VecDeque<Effect>,
    stage: Stage,
    visit: RoomTime,
    session: Option<Session>,
    call: Option<Call>,
    ended: VecDeque<CallId>,
    profile: usize,
    infusion_minutes: u32,
    place: Place,
    language: Language,
    volume_db: f32,
    breath: Option<BreathView>,
    breath_wished: Option<bool>,
    pattern: Pattern,
    dark: bool,
    dark_panel_until: Option<RoomTime>,
    anchor: bool,
    sound: SoundChoice,
    silence: bool,
    skips: u32,
    brightness_trim: f32,
    intensity_nudge: f32,
    talk_now: bool,
    desks: BTreeSet<DeskId>,
    notes: Shared<Notes>,
    unsealed: Option<Unsealed>,
    take_home: TakeHome,
    troubles: BTreeSet<Trouble>,
    receipt: Option<Receipt>,
    surface_cleaned: bool,
    speaker_tested: bool,
    call_tested: bool,
    /// In After and Farewell: when the patient last did something.
    last_sign: Option<RoomTime>,
    wiping: bool,
    part_seen: Option<Part>,
}

#[derive(Clone, Copy, Debug)]
struct Unsealed {
    since: RoomTime,
    last_change: RoomTime,
}

impl Room {
    /// A ready room.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let profile = rules.default_profile_index();
        let mut room = Self {
            effects: VecDeque::new(),
            stage: Stage::Ready,
            visit: RoomTime::default(),
            session: None,
            call: None,
            ended: VecDeque::new(),
            profile,
            infusion_minutes: rules.infusion_minutes,
            place: Place::Beach,
            language: rules.language,
            volume_db: rules.start_volume_db,
            breath: None,
            breath_wished: None,
            pattern: Pattern::default(),
            dark: false,
            dark_panel_until: None,
            anchor: false,
            sound: SoundChoice::Music,
            silence: false,
            skips: 0,
            brightness_trim: 0.0,
            intensity_nudge: 0.0,
            talk_now: false,
            desks: BTreeSet::new(),
            notes: Shared::default(),
            unsealed: None,
            take_home: TakeHome::default(),
            troubles: BTreeSet::new(),
            receipt: None,
            surface_cleaned: false,
            speaker_tested: false,
            call_tested: false,
            last_sign: None,
            wiping: false,
            part_seen: None,
            rules,
        };
        room.take_profile(profile);
        room
    }

    /// Takes in what happened at `now`. Timers that ran out before are carried out first.
    ///
    /// # Errors
    /// A [`Refusal`] says why it cannot be taken; nothing has changed then but what time itself has changed.
    pub fn handle_input(&mut self, now: RoomTime, event: Event) -> Result<(), Refusal> {
        self.handle_timeout(now);
        let is_sign = event.is_sign_of_the_patient();
        self.take(now, event)?;
        if is_sign {
            self.saw_the_patient(now);
        }
        self.handle_timeout(now);
        Ok(())
    }

    /// Carries out every timer that has run out by `now`.
    pub fn handle_timeout(&mut self, now: RoomTime) {
        if let Some(call) = &mut self.call {
            let mut effects = Vec::new();
            call.handle_timeout(now, &self.rules.escalation, &mut effects);
            self.effects.extend(effects);
        }
        if let Some(unsealed) = self.unsealed
            && now >= seal_due(unsealed)
        {
            self.unsealed = None;
            self.effects.push_back(Effect::SealNotes(Shared::clone(&self.notes)));
        }
        if self.left_due().is_some_and(|due| now >= due) {
            self.troubles.insert(Trouble::RoomLeft);
        }
        if self.dark_panel_until.is_some_and(|until| now >= until) {
            self.dark_panel_until = None;
        }
        if let Some(BreathView { next: Some((pattern, from)), .. }) = self.breath
            && now >= from
        {
            self.breath = Some(BreathView { pattern, started: from, next: None });
        }
        let part = self.session.map(|session| session.part(now));
        if part != self.part_seen {
            self.part_seen = part;
            self.breathe_as_the_part_asks(now);
        }
    }

    /// The next effect to execute. Call it until it gives `None` after each input and each timeout.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When [`Room::handle_timeout`] is next needed, if nothing happens before.
    #[must_use]
    pub fn poll_timeout(&self, now: RoomTime) -> Option<RoomTime> {
        [
            self.call.as_ref().and_then(|call| call.poll_timeout(&self.rules.escalation)),
            self.unsealed.map(seal_due),
            self.left_due(),
            self.dark_panel_until,
            self.breath.and_then(|breath| breath.next).map(|(_, from)| from),
            self.session.and_then(|session| session.next_border(now)),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The room as it stands at `now`.
    #[must_use]
    pub fn snapshot(&self, now: RoomTime) -> Snapshot {
        Snapshot {
            taken_at: now,
            stage: self.stage,
            visit: self.visit,
            session: self.session.map(|session| SessionView {
                arc: session.arc,
                part: session.part(now),
                clock_at_snapshot_ms: session.clock_ms(now),
                running: session.is_running(now),
                paused: session.is_paused(),
                landed: session.has_landed(now),
                speed: self.rules.speed,
                taken_at: now,
            }),
            call: self.call.clone().filter(|call| call.shown),
            ended_calls: self.ended.iter().copied().collect(),
            profile: self.rules.profile(self.profile).name.clone(),
            infusion_minutes: self.infusion_minutes,
            place: self.place,
            language: self.language,
            volume_db: self.volume_db,
            breath: self.breath,
            dark: self.dark,
            dark_panel_until: self.dark_panel_until,
            anchor: self.anchor,
            sound: self.sound,
            silence: self.silence,
            skips: self.skips,
            brightness_trim: self.brightness_trim,
            intensity_nudge: self.intensity_nudge,
            talk_now: self.talk_now,
            desks: self.desks.len(),
            notes: Shared::clone(&self.notes),
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

    /// The open call's name, shown or not yet.
    #[must_use]
    pub fn open_call(&self) -> Option<CallId> {
        self.call.as_ref().map(|call| call.id)
    }

    /// The open call's name, if it is no practice call.
    #[must_use]
    pub fn real_call(&self) -> Option<CallId> {
        self.call.as_ref().filter(|call| !call.practice).map(|call| call.id)
    }

    /// Notes of the running visit.
    #[must_use]
    pub fn notes(&self) -> &Notes {
        &self.notes
    }
}

fn seal_due(unsealed: Unsealed) -> RoomTime {
    (unsealed.last_change + SEAL_AFTER_PAUSE).min(unsealed.since + SEAL_AT_LATEST)
}

#[cfg(test)]
mod tests;
