//! Owns the transitions: what each event changes in the stage, the session, the call and the comfort settings. Does not
//! own the transitions of the note (`note_transitions`), or the timers of the room (`room`) and of a call (`call`).

use std::sync::Arc;

use super::breath::BreathPattern;
use super::call::{Call, CallId, DeskId};
use super::names::parse_responder;
use super::session::Session;
use super::snapshot::{BreathView, Receipt};
use super::take_home::TakeHome;
use super::time::millis;
use super::timeline::{INFUSION_MINUTES_MAX, INFUSION_MINUTES_MIN, LANDING_MINUTES_MAX, MINUTE_MS};
use super::{
    Calm, DARK_PANEL_DURATION, DEFAULT_HAND, DESKS_MAX, Effect, Event, Refusal, Room, RoomTime, Stage, Trouble,
};
use crate::vocabulary::language::Language;
use crate::vocabulary::patient::{CallReason, TypeSize};
use crate::vocabulary::place::Place;
use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::SoundChoice;

/// Maximum length of one extension, in minutes.
pub(super) const EXTEND_MINUTES_MAX: u32 = 120;
/// Maximum number of ended calls that the room remembers. A desk that reconnects learns from them which calls were
/// cleared.
const ENDED_CALLS_MAX: usize = 16;
/// Maximum amount by which staff can raise or lower the brightness, which runs from 0 to 1.
const BRIGHTNESS_TRIM_MAX: f32 = 0.5;

impl Room {
    /// Applies an event. A refusal leaves the room unchanged.
    pub(super) fn apply(&mut self, now: RoomTime, event: Event) -> Result<(), Refusal> {
        match event {
            Event::VisitBegins => self.begin_visit(now)?,
            Event::LanguageChosen(language) => self.choose_language(language)?,
            Event::HandChosen(hand) => {
                self.in_visit()?;
                self.hand = hand;
            }
            Event::TypeSizeChosen(size) => {
                self.in_visit()?;
                self.type_size = size;
            }
            Event::ProfileChosen { name } => self.choose_profile(&name)?,
            Event::SessionBegins { profile, infusion_minutes, settle } => {
                self.begin_session(now, profile.as_deref(), infusion_minutes, settle)?;
            }
            Event::InfusionStarts => self.start_infusion(now)?,
            Event::Pause => self.pause(now)?,
            Event::Resume => self.resume(now)?,
            Event::Extend { minutes } => self.extend(now, minutes)?,
            Event::End { landing_minutes } => self.end_now(now, landing_minutes)?,
            Event::AfterBegins => self.begin_after(now)?,
            Event::Farewell => self.begin_farewell(now)?,

            Event::CallPressed { id, practice } => self.press_call(now, id, practice),
            Event::CallJournaled { id, ok } => find_call(&mut self.call, id)?.on_journaled(ok),
            Event::CallSent { id } => find_call(&mut self.call, id)?.on_sent(now),
            Event::CallReceived { id, desk } => self.receive_call(now, id, desk)?,
            Event::CallComing { id, name } => self.call_coming(now, id, &name)?,
            Event::CallHere { id } => self.call_here(now, id)?,
            Event::CallCleared => self.clear_call()?,
            Event::PracticeEnds => self.end_practice_call(),
            Event::CallReasonChosen(reason) => self.choose_call_reason(reason)?,
            Event::StaffTouched => self.touch_by_staff(now),
            Event::DeskConnected { desk } => self.connect_desk(desk)?,
            Event::DeskDisconnected { desk } => self.disconnect_desk(now, desk),

            Event::NoteTyped { text } => {
                self.change_note(now, |notes, limits| notes.append_text(text.reveal(), limits))?;
            }
            Event::NoteWritten { page, text } => {
                self.change_note(now, |notes, limits| notes.write_page(page, text, limits))?;
            }
            Event::NoteDrawn { page, drawing } => self.draw_note(now, page, drawing)?,
            Event::IntentionWritten { question, text } => self.write_intention(now, question, text)?,
            Event::IntentionDrawn { question, drawing } => self.draw_intention(now, question, drawing)?,
            Event::ForClinicianWritten { text } => self.write_for_clinician(now, text)?,
            Event::ForClinicianShared { on } => self.share_for_clinician(now, on)?,
            Event::NotesSealed { version: _, ok } => self.set_trouble(Trouble::NotesNotSealed, !ok),
            Event::NotesRestored(notes) => self.restore_notes(now, *notes)?,
            Event::NotesLost => self.report_notes_trouble(Trouble::NotesLost)?,
            Event::NotesDamaged => self.report_notes_trouble(Trouble::NotesDamaged)?,

            Event::TakeHomeMethodsRequested => self.find_take_home_methods()?,
            Event::TakeHomeMethodsFound { paper, sealed } => self.offer_take_home_methods(paper, sealed),
            Event::TakeHomeChosen { method } => self.take_home(method)?,
            Event::TakeHomeFinished { method, version, outcome } => self.finish_take_home(method, version, outcome),

            Event::Volume { db } => self.set_volume(db)?,
            Event::PlaceChosen(place) => self.choose_place(place)?,
            Event::Breath { on } => self.switch_breath(now, on)?,
            Event::BreathPatternChosen(pattern) => self.choose_breath_pattern(now, pattern)?,
            Event::Dark { on } => self.switch_dark(on)?,
            Event::DarkTouched => self.touch_dark(now)?,
            Event::Anchor { on } => self.switch_anchor(now, on)?,
            Event::Calm { on } => self.calm(now, on)?,
            Event::SoundChosen(choice) => self.choose_sound(choice)?,
            Event::Silence { on } => self.switch_silence(on)?,
            Event::SkipPiece => self.skip_piece()?,
            Event::Brightness { trim } => self.trim_brightness(trim)?,
            Event::Intensity { nudge } => self.nudge_intensity(nudge)?,
            Event::TalkNow { on } => self.talk_now(on),
            Event::OutputAccepted => self.effects.push_back(Effect::AcceptOutput),

            Event::StaffReset => self.reset()?,
            Event::WipeVerified(receipt) => self.finish_wipe(receipt)?,
            Event::WipeFailed(receipt) => self.block(receipt)?,
            Event::TurnoverDone => self.finish_turnover()?,
            Event::TestToneRequested => self.play_test_tone()?,
            Event::TestToneHeard => {
                self.in_stages(Stage::PREPARING)?;
                self.speaker_tested = true;
            }
            Event::SurfaceCleaned => {
                self.in_stages(Stage::PREPARING)?;
                self.surface_cleaned = true;
            }

            Event::TroubleChanged { trouble, on } => self.set_trouble(trouble, on),
            Event::TimeMarked => {}
            Event::Restarted => self.restart(now),
        }
        Ok(())
    }

    pub(super) fn in_stages(&self, allowed: &'static [Stage]) -> Result<(), Refusal> {
        if allowed.contains(&self.stage) { Ok(()) } else { Err(Refusal::WrongStage { stage: self.stage, allowed }) }
    }

    pub(super) fn in_visit(&self) -> Result<(), Refusal> {
        self.in_stages(Stage::VISIT)
    }

    pub(super) fn set_trouble(&mut self, trouble: Trouble, is_present: bool) {
        if is_present {
            self.troubles.insert(trouble);
        } else {
            self.troubles.remove(&trouble);
        }
    }
}

// The stages of a visit and the session within it.
impl Room {
    fn begin_visit(&mut self, now: RoomTime) -> Result<(), Refusal> {
        self.in_stages(&[Stage::Ready])?;
        self.open_visit(now, Stage::Arrive);
        Ok(())
    }

    fn open_visit(&mut self, now: RoomTime, stage: Stage) {
        self.stage = stage;
        self.visit_began_at = now;
        self.receipt = None;
        self.effects.push_back(Effect::OpenVault);
    }

    fn choose_language(&mut self, language: Language) -> Result<(), Refusal> {
        self.in_stages(Stage::READY_OR_VISIT)?;
        if !self.rules.languages.contains(&language) {
            return Err(Refusal::UnknownLanguage { known: self.rules.languages.clone() });
        }
        self.language = language;
        Ok(())
    }

    fn begin_session(
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
        check_range("infusion_minutes", minutes, INFUSION_MINUTES_MIN, INFUSION_MINUTES_MAX)?;
        // Applying the same profile again would undo the patient's choices on arrival.
        if let Some(index) = index
            && index != self.profile
        {
            self.change_profile(index);
        }
        if self.pattern == BreathPattern::Box4 {
            self.set_breath_pattern(now, BreathPattern::default());
        }
        self.end_practice_call();
        if self.stage == Stage::Ready {
            self.open_visit(now, Stage::Session);
        }
        self.stage = Stage::Session;
        self.infusion_minutes = minutes;
        self.breath_choice = None;
        // A place that was chosen on arrival is shown even if the profile is dark.
        let is_dark_by_profile = self.on_arrival.place.is_none() && self.rules.profile(self.profile).dark;
        self.dark = self.place == Place::Dark || is_dark_by_profile;
        self.dark_panel_until = None;
        let mut session = Session::settling(minutes, self.rules.speed);
        if !settle {
            session.start(now);
        }
        self.session = Some(session);
        Ok(())
    }

    fn session_mut(&mut self) -> Result<&mut Session, Refusal> {
        let stage = self.stage;
        self.session.as_mut().ok_or(Refusal::WrongStage { stage, allowed: &[Stage::Session] })
    }

    fn start_infusion(&mut self, now: RoomTime) -> Result<(), Refusal> {
        let session = self.session_mut()?;
        if !session.is_settling() {
            return Err(Refusal::SessionClock { needs: "waiting in settle" });
        }
        session.start(now);
        Ok(())
    }

    fn pause(&mut self, now: RoomTime) -> Result<(), Refusal> {
        let session = self.session_mut()?;
        if !session.is_running(now) {
            return Err(Refusal::SessionClock { needs: "running" });
        }
        session.pause(now);
        Ok(())
    }

    fn resume(&mut self, now: RoomTime) -> Result<(), Refusal> {
        let session = self.session_mut()?;
        if !session.is_paused() {
            return Err(Refusal::SessionClock { needs: "paused" });
        }
        session.resume(now);
        Ok(())
    }

    fn extend(&mut self, now: RoomTime, minutes: u32) -> Result<(), Refusal> {
        check_range("minutes", minutes, 1, EXTEND_MINUTES_MAX)?;
        let infusion_max_ms = u64::from(INFUSION_MINUTES_MAX) * MINUTE_MS;
        let session = self.session_mut()?;
        if session.timeline.infusion_ms + u64::from(minutes) * MINUTE_MS > infusion_max_ms {
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

    fn end_now(&mut self, now: RoomTime, landing_minutes: Option<u32>) -> Result<(), Refusal> {
        let minutes = landing_minutes.unwrap_or(self.rules.landing_minutes_after_end);
        check_range("landing_minutes", minutes, 0, LANDING_MINUTES_MAX)?;
        self.session_mut()?.end_now(now, minutes);
        Ok(())
    }

    fn begin_after(&mut self, now: RoomTime) -> Result<(), Refusal> {
        self.in_stages(&[Stage::Session])?;
        self.leave_session(Stage::After);
        self.record_activity(now);
        Ok(())
    }

    fn begin_farewell(&mut self, now: RoomTime) -> Result<(), Refusal> {
        self.in_stages(&[Stage::Session, Stage::After])?;
        self.leave_session(Stage::Farewell);
        self.record_activity(now);
        Ok(())
    }

    fn leave_session(&mut self, stage: Stage) {
        self.stage = stage;
        self.session = None;
        self.dark = false;
        self.dark_panel_until = None;
        self.anchor = false;
        self.breath = None;
        self.breath_choice = None;
        self.paced_part = None;
    }

    /// Records that the patient is still here, which resolves [`Trouble::RoomLeft`]. Does nothing outside After and
    /// Farewell.
    pub(super) fn record_activity(&mut self, now: RoomTime) {
        if self.stage.is_after_session() {
            self.last_activity = Some(now);
            self.troubles.remove(&Trouble::RoomLeft);
        }
    }
}

// The turnover, and restarts of the program.
impl Room {
    /// Starts a wipe. The room forgets the patient at once, and [`Effect::Wipe`] erases everything else.
    fn reset(&mut self) -> Result<(), Refusal> {
        self.end_practice_call();
        if self.call.is_some() {
            return Err(Refusal::CallOpen);
        }
        self.leave_session(Stage::Turnover);
        self.forget_patient();
        self.receipt = None;
        self.wiping = true;
        self.effects.push_back(Effect::Wipe);
        Ok(())
    }

    fn forget_patient(&mut self) {
        self.notes = Arc::default();
        self.unsealed = None;
        self.ended_calls.clear();
        self.take_home = TakeHome::default();
        self.language = self.rules.language;
        self.hand = DEFAULT_HAND;
        self.type_size = TypeSize::Normal;
        self.calm = None;
        self.sound = SoundChoice::Music;
        self.silence = false;
        self.skips = 0;
        self.brightness_trim = 0.0;
        self.intensity_nudge = 0.0;
        self.talk_now = false;
        self.surface_cleaned = false;
        self.speaker_tested = false;
        self.call_tested = false;
        self.last_activity = None;
        self.troubles.retain(|trouble| !trouble.ends_with_visit());
        self.apply_profile(self.rules.default_profile_index());
    }

    fn finish_wipe(&mut self, receipt: Receipt) -> Result<(), Refusal> {
        if !receipt.is_verified() {
            return self.block(receipt);
        }
        self.in_stages(&[Stage::Turnover])?;
        self.wiping = false;
        self.receipt = Some(receipt);
        self.set_trouble(Trouble::WipeUnverified, false);
        Ok(())
    }

    fn block(&mut self, receipt: Receipt) -> Result<(), Refusal> {
        self.in_stages(Stage::TURNOVER)?;
        self.stage = Stage::Blocked;
        self.wiping = false;
        self.receipt = Some(receipt);
        self.set_trouble(Trouble::WipeUnverified, true);
        Ok(())
    }

    fn play_test_tone(&mut self) -> Result<(), Refusal> {
        self.in_stages(Stage::PREPARING)?;
        self.effects.push_back(Effect::Signal(Signal::TestTone));
        Ok(())
    }

    fn finish_turnover(&mut self) -> Result<(), Refusal> {
        self.in_stages(&[Stage::Turnover])?;
        if self.wiping || !self.receipt.as_ref().is_some_and(Receipt::is_verified) {
            return Err(Refusal::NotVerified);
        }
        self.end_practice_call();
        self.stage = Stage::Ready;
        Ok(())
    }

    /// Resumes after a restart. Asks for a wipe in progress to be finished and verified, or for the notes of the visit
    /// to be decrypted, and sends an open call again.
    fn restart(&mut self, now: RoomTime) {
        // The patient's latest activity may not be in the journal, so the restart counts as activity.
        self.record_activity(now);
        if self.wiping {
            self.effects.push_back(Effect::VerifyWipe);
        } else if self.stage.is_in_visit() {
            self.effects.push_back(Effect::ReopenVault);
        }
        self.talk_now = false;
        if let Some(call) = &mut self.call {
            call.on_restart(now, &mut self.effects);
        }
    }
}

// The call and the desks. The phases and timers of a single call are in `call`.
impl Room {
    fn press_call(&mut self, now: RoomTime, id: CallId, practice: bool) {
        // A real call replaces a practice call.
        if !practice {
            self.end_practice_call();
        }
        match &mut self.call {
            Some(call) => call.press_again(&mut self.effects),
            None => self.call = Some(Call::place(now, id, practice, &mut self.effects)),
        }
    }

    fn receive_call(&mut self, now: RoomTime, id: CallId, desk: DeskId) -> Result<(), Refusal> {
        if !self.desks.contains(&desk) {
            return Err(Refusal::NoSuchCall);
        }
        find_call(&mut self.call, id)?.on_received(now, desk, &mut self.effects);
        self.record_call_test();
        Ok(())
    }

    fn call_coming(&mut self, now: RoomTime, id: CallId, name: &str) -> Result<(), Refusal> {
        let responder = parse_responder(name).map_err(Refusal::Name)?;
        find_call(&mut self.call, id)?.on_coming(now, responder, &mut self.effects);
        self.record_call_test();
        Ok(())
    }

    fn call_here(&mut self, now: RoomTime, id: Option<CallId>) -> Result<(), Refusal> {
        let id = id.or(self.open_call()).ok_or(Refusal::NoSuchCall)?;
        find_call(&mut self.call, id)?.on_here(now);
        self.record_call_test();
        Ok(())
    }

    /// Records that the call was tested, if a desk has received a practice call while staff are preparing the room.
    fn record_call_test(&mut self) {
        let is_received = self.call.as_ref().is_some_and(|call| call.practice && call.phase.is_received());
        self.call_tested |= is_received && self.stage.is_preparing();
    }

    fn clear_call(&mut self) -> Result<(), Refusal> {
        let call = self.call.take().ok_or(Refusal::NoSuchCall)?;
        self.end_call(call.id);
        Ok(())
    }

    fn choose_call_reason(&mut self, reason: CallReason) -> Result<(), Refusal> {
        let call = self.call.as_mut().ok_or(Refusal::NoSuchCall)?;
        if !call.phase.is_received() {
            return Err(Refusal::CallNotReceived);
        }
        call.on_reason(reason);
        Ok(())
    }

    /// Ends the open call if it is a practice call, so that practice never delays what comes next.
    pub(super) fn end_practice_call(&mut self) {
        if let Some(call) = self.call.take_if(|call| call.practice) {
            self.end_call(call.id);
        }
    }

    fn end_call(&mut self, id: CallId) {
        self.effects.push_back(Effect::EndCall { id });
        if self.ended_calls.len() >= ENDED_CALLS_MAX {
            self.ended_calls.pop_front();
        }
        self.ended_calls.push_back(id);
    }

    fn touch_by_staff(&mut self, now: RoomTime) {
        if let Some(call) = &mut self.call {
            call.on_staff_touch(now);
        }
    }

    fn connect_desk(&mut self, desk: DeskId) -> Result<(), Refusal> {
        if self.desks.len() >= DESKS_MAX && !self.desks.contains(&desk) {
            return Err(Refusal::TooManyDesks);
        }
        self.desks.insert(desk);
        Ok(())
    }

    fn disconnect_desk(&mut self, now: RoomTime, desk: DeskId) {
        self.desks.remove(&desk);
        if let Some(call) = &mut self.call {
            call.on_desk_disconnected(now, desk);
        }
    }
}

// Comfort: what the patient and staff can adjust at any time during a visit.
impl Room {
    fn set_volume(&mut self, db: f32) -> Result<(), Refusal> {
        self.in_visit()?;
        if !db.is_finite() {
            return Err(Refusal::OutOfRange { what: "db", min: -60, max: 0 });
        }
        self.volume_db = self.clamp_volume_db(db);
        if self.stage == Stage::Arrive {
            self.on_arrival.volume_db = Some(self.volume_db);
        }
        Ok(())
    }

    pub(super) fn clamp_volume_db(&self, db: f32) -> f32 {
        let profile = self.rules.profile(self.profile);
        let max_db = profile.volume_max_db.min(self.rules.cap_db);
        db.clamp(profile.volume_min_db.min(max_db), max_db)
    }

    fn choose_place(&mut self, place: Place) -> Result<(), Refusal> {
        self.in_visit()?;
        self.place = place;
        if self.stage == Stage::Arrive {
            self.on_arrival.place = Some(place);
        }
        if self.stage == Stage::Session {
            self.dark = place == Place::Dark;
            if !self.dark {
                self.dark_panel_until = None;
            }
        }
        Ok(())
    }

    fn switch_breath(&mut self, now: RoomTime, on: bool) -> Result<(), Refusal> {
        self.in_visit()?;
        self.breath_choice = Some(on);
        self.set_breath(now, on);
        Ok(())
    }

    fn choose_breath_pattern(&mut self, now: RoomTime, pattern: BreathPattern) -> Result<(), Refusal> {
        self.in_visit()?;
        // Box breathing holds the breath, so it is not allowed during an infusion.
        if pattern == BreathPattern::Box4 {
            self.in_stages(Stage::VISIT_BUT_SESSION)?;
        }
        self.set_breath_pattern(now, pattern);
        Ok(())
    }

    /// Switches the pacer on or off as the profile says for the current part, unless it was switched by hand or the
    /// anchor is on.
    pub(super) fn set_breath_for_part(&mut self, now: RoomTime) {
        let Some(part) = self.session.map(|session| session.part(now)) else { return };
        if !self.anchor && self.breath_choice.is_none() {
            let on = self.rules.profile(self.profile).breath_parts.contains(&part);
            self.set_breath(now, on);
        }
    }

    fn set_breath(&mut self, now: RoomTime, on: bool) {
        let start = || BreathView { pattern: self.pattern, started: now, next: None };
        self.breath = on.then(|| self.breath.unwrap_or_else(start));
    }

    /// Changes the pattern. A breath in progress is finished first, so that neither picture nor sound jumps.
    fn set_breath_pattern(&mut self, now: RoomTime, pattern: BreathPattern) {
        self.pattern = pattern;
        let Some(breath) = &mut self.breath else { return };
        let (running, started) = breath.running_at(now);
        let cycle_ms = millis(running.cycle());
        let breaths = millis(now.since(started)) / cycle_ms + 1;
        let next = Some((pattern, RoomTime(started.0 + breaths * cycle_ms)));
        *breath = BreathView { pattern: running, started, next };
    }

    fn switch_dark(&mut self, on: bool) -> Result<(), Refusal> {
        self.in_visit()?;
        self.dark = on;
        self.dark_panel_until = None;
        Ok(())
    }

    fn touch_dark(&mut self, now: RoomTime) -> Result<(), Refusal> {
        self.in_visit()?;
        if self.dark {
            self.dark_panel_until = Some(now + DARK_PANEL_DURATION);
            self.effects.push_back(Effect::Signal(Signal::DarkPanel));
        }
        Ok(())
    }

    /// Switches the anchor on or off. Switching it on also switches the pacer on. Switching it off returns the pacer to
    /// what was chosen by hand. If nothing was, the pacer follows the profile during a session, and is off outside one.
    fn switch_anchor(&mut self, now: RoomTime, on: bool) -> Result<(), Refusal> {
        self.in_visit()?;
        self.anchor = on;
        if on {
            self.set_breath(now, true);
        } else {
            if self.session.is_none() || self.breath_choice.is_some() {
                self.set_breath(now, self.breath_choice.unwrap_or(false));
            }
            self.set_breath_for_part(now);
        }
        Ok(())
    }

    /// Calms the room, or undoes this. *Calm now* switches the anchor on. Undoing it leaves the anchor on only if the
    /// anchor was already on before.
    fn calm(&mut self, now: RoomTime, on: bool) -> Result<(), Refusal> {
        self.in_visit()?;
        match (on, self.calm) {
            (true, None) => {
                let was_anchored = self.anchor;
                self.switch_anchor(now, true)?;
                self.calm = Some(Calm { was_anchored });
            }
            (false, Some(Calm { was_anchored })) => {
                self.calm = None;
                self.switch_anchor(now, was_anchored)?;
            }
            (true, Some(_)) | (false, None) => {}
        }
        Ok(())
    }

    fn choose_sound(&mut self, choice: SoundChoice) -> Result<(), Refusal> {
        self.in_visit()?;
        self.silence = choice == SoundChoice::Silence;
        if !self.silence {
            self.sound = choice;
        }
        Ok(())
    }

    fn switch_silence(&mut self, on: bool) -> Result<(), Refusal> {
        self.in_visit()?;
        self.silence = on;
        Ok(())
    }

    fn skip_piece(&mut self) -> Result<(), Refusal> {
        self.in_visit()?;
        self.skips = self.skips.saturating_add(1);
        Ok(())
    }

    fn trim_brightness(&mut self, trim: f32) -> Result<(), Refusal> {
        self.in_visit()?;
        if !trim.is_finite() {
            return Err(Refusal::OutOfRange { what: "brightness in percent", min: -50, max: 50 });
        }
        self.brightness_trim = trim.clamp(-BRIGHTNESS_TRIM_MAX, BRIGHTNESS_TRIM_MAX);
        Ok(())
    }

    fn nudge_intensity(&mut self, nudge: f32) -> Result<(), Refusal> {
        self.in_visit()?;
        if !nudge.is_finite() {
            return Err(Refusal::OutOfRange { what: "intensity in percent", min: -100, max: 100 });
        }
        self.intensity_nudge = nudge.clamp(-1.0, 1.0);
        Ok(())
    }

    fn talk_now(&mut self, on: bool) {
        if on && !self.talk_now {
            self.effects.push_back(Effect::Signal(Signal::TalkNow));
        }
        self.talk_now = on;
    }
}

fn find_call(call: &mut Option<Call>, id: CallId) -> Result<&mut Call, Refusal> {
    call.as_mut().filter(|call| call.id == id).ok_or(Refusal::NoSuchCall)
}

fn check_range(what: &'static str, value: u32, min: u32, max: u32) -> Result<(), Refusal> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(Refusal::OutOfRange { what, min: i64::from(min), max: i64::from(max) })
    }
}
