//! Owns the way of a visit through its stages, and the turnover after it.

use super::{
    EXTEND_MINUTES_MAX, Effect, Event, INFUSION_MINUTES_MAX, INFUSION_MINUTES_MIN, INTENTIONS, LANDING_MINUTES_MAX,
    LEFT_AFTER, Notes, PatientText, Pattern, Receipt, Refusal, Room, RoomTime, Session, Shared, Stage, TakeHome,
    Trouble, Unsealed,
};
use crate::vocabulary::place::Place;
use crate::vocabulary::signal::Signal;
use crate::vocabulary::sound::SoundChoice;

impl Room {
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
        let longest_ms = u64::from(INFUSION_MINUTES_MAX) * super::arc::MINUTE_MS;
        let session = self.running_session()?;
        if session.arc.infusion_ms + u64::from(minutes) * super::arc::MINUTE_MS > longest_ms {
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

    /// Notes of the running visit.
    #[must_use]
    pub fn notes(&self) -> &Notes {
        &self.notes
    }
}

fn in_range(what: &'static str, value: u32, min: u32, max: u32) -> Result<(), Refusal> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(Refusal::OutOfRange { what, min: i64::from(min), max: i64::from(max) })
    }
}
