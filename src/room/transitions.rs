//! Owns what each event changes in the room: the way of a visit through its stages, the call, comfort, the note and its
//! way home. Does not own the timers of the room (`mod`) or of a call ([`super::call`]).

use std::sync::Arc as Shared;

use super::arc::{INFUSION_MINUTES_MAX, INFUSION_MINUTES_MIN, MINUTE_MS};
use super::breath::Pattern;
use super::call::{Call, CallId, CallPhase};
use super::names::person;
use super::notes::{INTENTIONS, PatientText};
use super::session::Session;
use super::snapshot::{BreathView, Receipt};
use super::take_home::{Going, TakeHome, Way};
use super::time::millis;
use super::{DARK_PANEL_FOR, DESKS_MAX, Effect, Event, LEFT_AFTER, Refusal, Room, RoomTime, Stage, Trouble, Unsealed};
use crate::vocabulary::language::Language;
use crate::vocabulary::place::Place;
use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::SoundChoice;

/// The longest extension at one press, in minutes.
pub(super) const EXTEND_MINUTES_MAX: u32 = 120;
/// The longest landing after *end now*, in minutes.
const LANDING_MINUTES_MAX: u32 = 20;
/// So many calls that have ended are remembered, so that a desk that was away hears that they were cleared.
const ENDED_MAX: usize = 16;
/// The most a desk can trim brightness by.
const BRIGHTNESS_TRIM_MAX: f32 = 0.5;

impl Room {
    pub(super) fn take(&mut self, now: RoomTime, event: Event) -> Result<(), Refusal> {
        match event {
            Event::VisitBegins => self.begin_visit(now),
            Event::LanguageChosen(language) => self.choose_language(language),
            Event::ProfileChosen { name } => self.choose_profile(&name),
            Event::SessionBegins { profile, infusion_minutes, settle } => {
                self.begin_session(now, profile.as_deref(), infusion_minutes, settle)
            }
            Event::InfusionStarts => self.start_infusion(now),
            Event::Pause => self.pause(now),
            Event::Resume => self.resume(now),
            Event::Extend { minutes } => self.extend(now, minutes),
            Event::End { landing_minutes } => self.end(now, landing_minutes),
            Event::AfterBegins => self.begin_after(now),
            Event::Farewell => self.farewell(now),
            Event::CallPressed { .. }
            | Event::CallJournaled { .. }
            | Event::CallSent { .. }
            | Event::CallReceived { .. }
            | Event::CallComing { .. }
            | Event::CallHere { .. }
            | Event::CallCleared
            | Event::StaffTouched
            | Event::DeskSeen { .. }
            | Event::DeskGone { .. } => self.take_call(now, event),
            Event::NoteTyped { .. }
            | Event::NoteWritten { .. }
            | Event::NoteDrawn { .. }
            | Event::IntentionWritten { .. }
            | Event::ForClinicianWritten { .. }
            | Event::ForClinicianShared { .. }
            | Event::NotesSealed { .. }
            | Event::NotesRestored(_)
            | Event::NotesLost
            | Event::NotesDamaged => self.take_note(now, event),
            Event::TakeHomeLooked
            | Event::TakeHomeOffered { .. }
            | Event::TakeHomeChosen { .. }
            | Event::TakeHomeWent { .. } => self.take_home(event),
            Event::Volume { .. }
            | Event::PlaceChosen(_)
            | Event::BreathWished { .. }
            | Event::BreathPattern(_)
            | Event::Dark { .. }
            | Event::DarkTouched
            | Event::Anchor { .. }
            | Event::SoundChosen(_)
            | Event::Silence { .. }
            | Event::SkipPiece
            | Event::Brightness { .. }
            | Event::Intensity { .. }
            | Event::TalkNow { .. } => self.take_comfort(now, &event),
            Event::OutputAccepted => {
                self.effects.push_back(Effect::AcceptOutput);
                Ok(())
            }
            Event::StaffReset => self.reset(),
            Event::WipeVerified(receipt) => self.wipe_verified(receipt),
            Event::WipeFailed(receipt) => self.wipe_failed(receipt),
            Event::TurnoverDone => self.turnover_done(),
            Event::SpeakerTested => self.test_speaker(),
            Event::SpeakerHeard => self.hear_speaker(),
            Event::SurfaceCleaned => self.clean_surface(),
            Event::TroubleChanged { trouble, on } => {
                if on {
                    self.troubles.insert(trouble);
                } else {
                    self.troubles.remove(&trouble);
                }
                Ok(())
            }
            Event::TimeMarked => Ok(()),
            Event::Resumed => {
                self.come_back(now);
                Ok(())
            }
        }
    }

    fn choose_language(&mut self, language: Language) -> Result<(), Refusal> {
        self.in_visit_or_ready()?;
        if !self.rules.languages.contains(&language) {
            return Err(Refusal::UnknownLanguage { known: self.rules.languages.clone() });
        }
        self.language = language;
        Ok(())
    }

    fn in_stages(&self, allowed: &'static [Stage]) -> Result<(), Refusal> {
        if allowed.contains(&self.stage) { Ok(()) } else { Err(Refusal::WrongStage { stage: self.stage, allowed }) }
    }

    fn in_visit(&self) -> Result<(), Refusal> {
        self.in_stages(Stage::VISIT)
    }

    fn in_visit_or_ready(&self) -> Result<(), Refusal> {
        self.in_stages(Stage::READY_OR_VISIT)
    }

    fn running_session(&mut self) -> Result<&mut Session, Refusal> {
        let stage = self.stage;
        self.session.as_mut().ok_or(Refusal::WrongStage { stage, allowed: &[Stage::Session] })
    }

    pub(super) fn begin_visit(&mut self, now: RoomTime) -> Result<(), Refusal> {
        self.in_stages(&[Stage::Ready])?;
        self.open_visit(now, Stage::Arrive);
        Ok(())
    }

    fn open_visit(&mut self, now: RoomTime, stage: Stage) {
        self.stage = stage;
        self.visit = now;
        self.receipt = None;
        self.effects.push_back(Effect::OpenVault);
    }

    pub(super) fn choose_profile(&mut self, name: &str) -> Result<(), Refusal> {
        self.in_stages(Stage::BEFORE_SESSION)?;
        let index = self.rules.profile_index(name).ok_or(Refusal::UnknownProfile)?;
        self.take_profile(index);
        Ok(())
    }

    pub(super) fn take_profile(&mut self, index: usize) {
        let profile = self.rules.profile(index);
        self.profile = index;
        self.infusion_minutes = profile.infusion_minutes;
        self.place = profile.place;
        self.pattern = profile.pattern;
        self.volume_db = self.within_limits(profile.volume_db);
    }

    pub(super) fn begin_session(
        &mut self,
        now: RoomTime,
        profile: Option<&str>,
        infusion_minutes: Option<u32>,
        settle: bool,
    ) -> Result<(), Refusal> {
        self.in_stages(Stage::BEFORE_SESSION)?;
        let index = match profile {
            Some(name) => Some(self.rules.profile_index(name).ok_or(Refusal::UnknownProfile)?),
            None => None,
        };
        let minutes = infusion_minutes
            .unwrap_or_else(|| index.map_or(self.infusion_minutes, |index| self.rules.profile(index).infusion_minutes));
        in_range("infusion_minutes", minutes, INFUSION_MINUTES_MIN, INFUSION_MINUTES_MAX)?;
        if let Some(index) = index
            && index != self.profile
        {
            self.take_profile(index);
        }
        if self.pattern == Pattern::Box4 {
            self.change_pattern(now, Pattern::default());
        }
        self.end_practice();
        if self.stage == Stage::Ready {
            self.open_visit(now, Stage::Session);
        }
        self.stage = Stage::Session;
        self.infusion_minutes = minutes;
        self.breath_wished = None;
        self.dark = self.place == Place::Dark || self.rules.profile(self.profile).dark;
        self.dark_panel_until = None;
        let mut session = Session::settling(minutes, self.rules.speed);
        if !settle {
            session.begin(now);
        }
        self.session = Some(session);
        Ok(())
    }

    pub(super) fn start_infusion(&mut self, now: RoomTime) -> Result<(), Refusal> {
        let session = self.running_session()?;
        if !session.is_settling() {
            return Err(Refusal::SessionClock { needs: "waiting in settle" });
        }
        session.begin(now);
        Ok(())
    }

    pub(super) fn pause(&mut self, now: RoomTime) -> Result<(), Refusal> {
        let session = self.running_session()?;
        if !session.is_running(now) {
            return Err(Refusal::SessionClock { needs: "running" });
        }
        session.pause(now);
        Ok(())
    }

    pub(super) fn resume(&mut self, now: RoomTime) -> Result<(), Refusal> {
        let session = self.running_session()?;
        if !session.is_paused() {
            return Err(Refusal::SessionClock { needs: "paused" });
        }
        session.resume(now);
        Ok(())
    }

    pub(super) fn extend(&mut self, now: RoomTime, minutes: u32) -> Result<(), Refusal> {
        in_range("minutes", minutes, 1, EXTEND_MINUTES_MAX)?;
        let longest_ms = u64::from(INFUSION_MINUTES_MAX) * MINUTE_MS;
        let session = self.running_session()?;
        if session.arc.infusion_ms + u64::from(minutes) * MINUTE_MS > longest_ms {
            return Err(Refusal::OutOfRange {
                what: "infusion_minutes with the extension",
                min: i64::from(INFUSION_MINUTES_MIN),
                max: i64::from(INFUSION_MINUTES_MAX),
            });
        }
        session.extend(now, minutes);
        self.infusion_minutes += minutes;
        Ok(())
    }

    pub(super) fn end(&mut self, now: RoomTime, landing_minutes: Option<u32>) -> Result<(), Refusal> {
        let minutes = landing_minutes.unwrap_or(self.rules.landing_minutes_after_end);
        in_range("landing_minutes", minutes, 0, LANDING_MINUTES_MAX)?;
        self.running_session()?.end_now(now, minutes);
        Ok(())
    }

    pub(super) fn begin_after(&mut self, now: RoomTime) -> Result<(), Refusal> {
        self.in_stages(&[Stage::Session])?;
        self.leave_session(Stage::After);
        self.saw_the_patient(now);
        Ok(())
    }

    pub(super) fn farewell(&mut self, now: RoomTime) -> Result<(), Refusal> {
        self.in_stages(&[Stage::Session, Stage::After])?;
        self.leave_session(Stage::Farewell);
        self.saw_the_patient(now);
        Ok(())
    }

    /// The patient is there: whoever is still writing has not been left.
    pub(super) fn saw_the_patient(&mut self, now: RoomTime) {
        if self.stage.is_after_session() {
            self.last_sign = Some(now);
            self.troubles.remove(&Trouble::RoomLeft);
        }
    }

    /// When the room counts as left, unless it has been told already.
    pub(super) fn left_due(&self) -> Option<RoomTime> {
        self.last_sign.map(|since| since + LEFT_AFTER).filter(|_| !self.troubles.contains(&Trouble::RoomLeft))
    }

    fn leave_session(&mut self, stage: Stage) {
        self.stage = stage;
        self.session = None;
        self.dark = false;
        self.dark_panel_until = None;
        self.anchor = false;
        self.breath = None;
        self.breath_wished = None;
        self.part_seen = None;
    }

    /// A wipe begins: nothing of the person stays in this machine, and the effects see to the rest.
    pub(super) fn reset(&mut self) -> Result<(), Refusal> {
        self.end_practice();
        if self.call.is_some() {
            return Err(Refusal::CallOpen);
        }
        self.leave_session(Stage::Turnover);
        self.forget_the_person();
        self.receipt = None;
        self.wiping = true;
        self.effects.push_back(Effect::Wipe);
        Ok(())
    }

    fn forget_the_person(&mut self) {
        self.notes = Shared::default();
        self.unsealed = None;
        self.ended.clear();
        self.take_home = TakeHome::default();
        self.language = self.rules.language;
        self.sound = SoundChoice::Music;
        self.silence = false;
        self.skips = 0;
        self.brightness_trim = 0.0;
        self.intensity_nudge = 0.0;
        self.talk_now = false;
        self.surface_cleaned = false;
        self.speaker_tested = false;
        self.call_tested = false;
        self.last_sign = None;
        self.troubles.remove(&Trouble::RoomLeft);
        self.troubles.remove(&Trouble::JournalDamaged);
        self.troubles.remove(&Trouble::RecordSetAside);
        self.troubles.remove(&Trouble::NotesLost);
        self.troubles.remove(&Trouble::NotesDamaged);
        self.troubles.remove(&Trouble::NotesNotSealed);
        self.take_profile(self.rules.default_profile_index());
    }

    pub(super) fn wipe_verified(&mut self, receipt: Receipt) -> Result<(), Refusal> {
        if !receipt.is_verified() {
            return self.wipe_failed(receipt);
        }
        self.in_stages(&[Stage::Turnover])?;
        self.stage = Stage::Turnover;
        self.wiping = false;
        self.receipt = Some(receipt);
        self.troubles.remove(&Trouble::WipeUnverified);
        Ok(())
    }

    pub(super) fn wipe_failed(&mut self, receipt: Receipt) -> Result<(), Refusal> {
        self.in_stages(Stage::TURNOVER)?;
        self.stage = Stage::Blocked;
        self.wiping = false;
        self.receipt = Some(receipt);
        self.troubles.insert(Trouble::WipeUnverified);
        Ok(())
    }

    pub(super) fn turnover_done(&mut self) -> Result<(), Refusal> {
        self.in_stages(&[Stage::Turnover])?;
        if self.wiping || !self.receipt.as_ref().is_some_and(Receipt::is_verified) {
            return Err(Refusal::NotVerified);
        }
        self.end_practice();
        self.stage = Stage::Ready;
        Ok(())
    }

    pub(super) fn test_speaker(&mut self) -> Result<(), Refusal> {
        self.in_stages(Stage::PREPARING)?;
        self.effects.push_back(Effect::Signal(Signal::TestTone));
        Ok(())
    }

    pub(super) fn hear_speaker(&mut self) -> Result<(), Refusal> {
        self.in_stages(Stage::PREPARING)?;
        self.speaker_tested = true;
        Ok(())
    }

    pub(super) fn clean_surface(&mut self) -> Result<(), Refusal> {
        self.in_stages(Stage::PREPARING)?;
        self.surface_cleaned = true;
        Ok(())
    }

    /// After a stop: a wipe that was begun is finished first; a call goes out again.
    pub(super) fn come_back(&mut self, now: RoomTime) {
        // What the patient did just before is not in the journal.
        self.saw_the_patient(now);
        if self.wiping {
            self.effects.push_back(Effect::VerifyWipe);
        } else if self.stage.is_in_visit() {
            self.effects.push_back(Effect::ReopenVault);
        }
        self.talk_now = false;
        if let Some(call) = &mut self.call {
            let mut effects = Vec::new();
            call.resumed(now, &mut effects);
            self.effects.extend(effects);
        }
    }
}

impl Room {
    pub(super) fn take_call(&mut self, now: RoomTime, event: Event) -> Result<(), Refusal> {
        let mut effects = Vec::new();
        match event {
            Event::CallPressed { id, practice } => match &mut self.call {
                // A real press during a practice call is a real call.
                Some(open) if open.practice && !practice => {
                    let practice = open.id;
                    self.ended(practice);
                    self.call = Some(Call::placed(now, id, false, &mut effects));
                }
                Some(open) => open.pressed_again(&mut effects),
                None => self.call = Some(Call::placed(now, id, practice, &mut effects)),
            },
            Event::CallJournaled { id, ok } => self.named_call(id)?.journaled(ok),
            Event::CallSent { id } => self.named_call(id)?.sent(now),
            Event::CallReceived { id, desk } => {
                if !self.desks.contains(&desk) {
                    return Err(Refusal::NoSuchCall);
                }
                self.named_call(id)?.received(now, desk, &mut effects);
            }
            Event::CallComing { id, name } => {
                let name = person(&name).map_err(Refusal::Name)?;
                let call = self.named_call(id)?;
                if call.phase == CallPhase::Here {
                    return Ok(());
                }
                call.coming(now, name, &mut effects);
            }
            Event::CallHere { id } => {
                let call = self.call.as_mut().filter(|call| id.is_none_or(|id| id == call.id));
                call.ok_or(Refusal::NoSuchCall)?.here(now);
            }
            Event::CallCleared => {
                let call = self.call.take().ok_or(Refusal::NoSuchCall)?;
                self.ended(call.id);
            }
            Event::StaffTouched => {
                if let Some(call) = &mut self.call {
                    call.staff_touched(now);
                }
            }
            Event::DeskSeen { desk } => {
                if self.desks.len() >= DESKS_MAX && !self.desks.contains(&desk) {
                    return Err(Refusal::TooManyDesks);
                }
                self.desks.insert(desk);
            }
            Event::DeskGone { desk } => {
                self.desks.remove(&desk);
                if let Some(call) = &mut self.call {
                    call.desk_gone(now, desk);
                }
            }
            _ => {}
        }
        self.effects.extend(effects);
        // The line of an empty room is proved once a desk shows the practice call.
        let is_answered = |call: &Call| call.practice && call.phase >= CallPhase::Received;
        if matches!(self.stage, Stage::Turnover | Stage::Ready) && self.call.as_ref().is_some_and(is_answered) {
            self.call_tested = true;
        }
        Ok(())
    }

    /// A practice call never stands in the way of what comes next.
    pub(super) fn end_practice(&mut self) {
        if let Some(call) = self.call.take_if(|call| call.practice) {
            self.ended(call.id);
        }
    }

    fn ended(&mut self, id: CallId) {
        self.effects.push_back(Effect::EndCall { id });
        if self.ended.len() >= ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(id);
    }

    fn named_call(&mut self, id: CallId) -> Result<&mut Call, Refusal> {
        self.call.as_mut().filter(|call| call.id == id).ok_or(Refusal::NoSuchCall)
    }
}

impl Room {
    pub(super) fn take_comfort(&mut self, now: RoomTime, event: &Event) -> Result<(), Refusal> {
        if !matches!(event, Event::TalkNow { .. }) {
            self.in_visit()?;
        }
        match *event {
            Event::Volume { db } => {
                if !db.is_finite() {
                    return Err(Refusal::OutOfRange { what: "db", min: -60, max: 0 });
                }
                self.volume_db = self.within_limits(db);
            }
            Event::PlaceChosen(place) => {
                self.place = place;
                if self.stage == Stage::Session {
                    self.dark = place == Place::Dark;
                    if !self.dark {
                        self.dark_panel_until = None;
                    }
                }
            }
            Event::BreathWished { on } => {
                self.breath_wished = Some(on);
                self.set_breath(now, on);
            }
            // Holds are off in the infusion.
            Event::BreathPattern(Pattern::Box4) if self.stage == Stage::Session => {
                return Err(Refusal::WrongStage { stage: self.stage, allowed: Stage::VISIT_BUT_SESSION });
            }
            Event::BreathPattern(pattern) => self.change_pattern(now, pattern),
            Event::Dark { on } => {
                self.dark = on;
                self.dark_panel_until = None;
            }
            Event::DarkTouched if self.dark => {
                self.dark_panel_until = Some(now + DARK_PANEL_FOR);
                self.effects.push_back(Effect::Signal(Signal::DarkPanel));
            }
            Event::Anchor { on } => {
                self.anchor = on;
                if on {
                    self.set_breath(now, true);
                } else {
                    if self.session.is_none() || self.breath_wished.is_some() {
                        self.set_breath(now, self.breath_wished.unwrap_or(false));
                    }
                    self.breathe_as_the_part_asks(now);
                }
            }
            Event::SoundChosen(SoundChoice::Silence) => self.silence = true,
            Event::SoundChosen(choice) => {
                self.sound = choice;
                self.silence = false;
            }
            Event::Silence { on } => self.silence = on,
            Event::SkipPiece => self.skips = self.skips.saturating_add(1),
            Event::Brightness { trim } => {
                if !trim.is_finite() {
                    return Err(Refusal::OutOfRange { what: "brightness in percent", min: -50, max: 50 });
                }
                self.brightness_trim = trim.clamp(-BRIGHTNESS_TRIM_MAX, BRIGHTNESS_TRIM_MAX);
            }
            Event::Intensity { nudge } => {
                if !nudge.is_finite() {
                    return Err(Refusal::OutOfRange { what: "intensity in percent", min: -100, max: 100 });
                }
                self.intensity_nudge = nudge.clamp(-1.0, 1.0);
            }
            Event::TalkNow { on } => {
                if on && !self.talk_now {
                    self.effects.push_back(Effect::Signal(Signal::TalkNow));
                }
                self.talk_now = on;
            }
            _ => {}
        }
        Ok(())
    }

    /// The pacer follows the part, unless the patient has said what they wish or holds on to it.
    pub(super) fn breathe_as_the_part_asks(&mut self, now: RoomTime) {
        let Some(part) = self.session.map(|session| session.part(now)) else { return };
        if self.anchor || self.breath_wished.is_some() {
            return;
        }
        let on = self.rules.profile(self.profile).breath_parts.contains(&part);
        self.set_breath(now, on);
    }

    pub(super) fn within_limits(&self, db: f32) -> f32 {
        let profile = self.rules.profile(self.profile);
        let most = profile.volume_max_db.min(self.rules.cap_db);
        db.clamp(profile.volume_min_db.min(most), most)
    }

    fn set_breath(&mut self, now: RoomTime, on: bool) {
        match (on, self.breath) {
            (true, None) => self.breath = Some(BreathView { pattern: self.pattern, started: now, next: None }),
            (false, Some(_)) => self.breath = None,
            _ => {}
        }
    }

    pub(super) fn change_pattern(&mut self, now: RoomTime, pattern: Pattern) {
        self.pattern = pattern;
        let Some(breath) = &mut self.breath else { return };
        let (running, started) = breath.running_at(now);
        let cycle_ms = millis(running.cycle());
        let whole = millis(now.since(started)) / cycle_ms + 1;
        *breath =
            BreathView { pattern: running, started, next: Some((pattern, RoomTime(started.0 + whole * cycle_ms))) };
    }
}

impl Room {
    pub(super) fn take_note(&mut self, now: RoomTime, event: Event) -> Result<(), Refusal> {
        if let Event::NotesSealed { version: _, ok } = event {
            if ok {
                self.troubles.remove(&Trouble::NotesNotSealed);
            } else {
                self.troubles.insert(Trouble::NotesNotSealed);
            }
            return Ok(());
        }
        self.in_visit()?;
        let limits = self.rules.note_limits;
        match event {
            Event::NotesRestored(restored) if self.notes.version == 0 => {
                self.notes = Shared::new(restored);
                return Ok(());
            }
            // Something was typed before the vault had answered: it follows what was there.
            Event::NotesRestored(restored) => Shared::make_mut(&mut self.notes).follow(restored),
            Event::NotesLost => {
                self.troubles.insert(Trouble::NotesLost);
                return Ok(());
            }
            Event::NotesDamaged => {
                self.troubles.insert(Trouble::NotesDamaged);
                return Ok(());
            }
            Event::NoteTyped { text } => {
                Shared::make_mut(&mut self.notes).type_at_end(text.reveal(), limits).map_err(|_| Refusal::NoteFull)?;
            }
            Event::NoteWritten { page, text } => {
                Shared::make_mut(&mut self.notes).write_page(page, text, limits).map_err(|_| Refusal::NoteFull)?;
            }
            Event::NoteDrawn { page, drawing } => {
                Shared::make_mut(&mut self.notes).draw_page(page, drawing, limits).map_err(|_| Refusal::NoteFull)?;
            }
            Event::IntentionWritten { question, text } => {
                if question >= INTENTIONS {
                    return Err(Refusal::NoSuchPage);
                }
                self.check_length(&text)?;
                let notes = Shared::make_mut(&mut self.notes);
                notes.intentions[question] = text;
                notes.version += 1;
            }
            Event::ForClinicianWritten { text } => {
                self.check_length(&text)?;
                let notes = Shared::make_mut(&mut self.notes);
                // Share was pressed on other words.
                notes.shared &= notes.for_clinician == text;
                notes.for_clinician = text;
                notes.version += 1;
            }
            Event::ForClinicianShared { on } => {
                let notes = Shared::make_mut(&mut self.notes);
                notes.shared = on && !notes.for_clinician.is_blank();
                notes.version += 1;
            }
            _ => return Ok(()),
        }
        let since = self.unsealed.map_or(now, |unsealed| unsealed.since);
        self.unsealed = Some(Unsealed { since, last_change: now });
        Ok(())
    }

    fn check_length(&self, text: &PatientText) -> Result<(), Refusal> {
        if text.chars() > self.rules.note_limits.page_chars_max { Err(Refusal::NoteFull) } else { Ok(()) }
    }
}

impl Room {
    pub(super) fn take_home(&mut self, event: Event) -> Result<(), Refusal> {
        match event {
            Event::TakeHomeLooked => {
                self.in_visit()?;
                self.effects.push_back(Effect::LookForWays);
            }
            Event::TakeHomeOffered { paper, sealed } => {
                self.take_home.paper = paper;
                self.take_home.sealed = sealed;
            }
            Event::TakeHomeChosen { way } => self.choose_way(way)?,
            // One that a reset or a restart has overtaken is nobody's any more.
            Event::TakeHomeWent { way, version, outcome } if self.take_home.going(way) == Some(&Going::UnderWay) => {
                let going = match outcome {
                    Ok(code) => {
                        self.take_home.taken = Some(version);
                        Going::Done { code }
                    }
                    Err(fault) => Going::Failed(fault),
                };
                self.take_home.going.insert(way, going);
            }
            _ => {}
        }
        Ok(())
    }

    fn choose_way(&mut self, way: Way) -> Result<(), Refusal> {
        self.in_stages(Stage::AFTER_SESSION)?;
        if self.notes.is_blank() {
            return Err(Refusal::TakeHome { why: "nothing is written" });
        }
        if !self.take_home.offers(way) {
            return Err(Refusal::TakeHome { why: "this way is not open" });
        }
        if self.take_home.is_under_way() {
            return Err(Refusal::TakeHome { why: "it is on its way already" });
        }
        if way == Way::Phone {
            // Codes hold words only: who drew is asked before leaving.
            if !self.notes.has_drawings() {
                self.take_home.taken = Some(self.notes.version);
            }
            self.take_home.going.insert(way, Going::Done { code: None });
            return Ok(());
        }
        self.take_home.going.insert(way, Going::UnderWay);
        let (notes, language) = (Shared::clone(&self.notes), self.language);
        self.effects.push_back(Effect::TakeHome { way, notes, language });
        Ok(())
    }
}

fn in_range(what: &'static str, value: u32, min: u32, max: u32) -> Result<(), Refusal> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(Refusal::OutOfRange { what, min: i64::from(min), max: i64::from(max) })
    }
}
