//! Owns the transitions of the note and of taking it home. Does not own the content of a note (`notes`).

use std::sync::Arc;

use super::drawing::Drawing;
use super::notes::{INTENTIONS, NoteFull, NoteLimits, Notes, PatientText};
use super::take_home::{TakeHomeError, TakeHomeMethod, TakeHomeStatus};
use super::{Effect, Refusal, Room, RoomTime, Stage, Trouble, UnsealedChanges};

impl Room {
    /// Applies a change to the notes of a visit and schedules their sealing.
    pub(super) fn change_note(
        &mut self,
        now: RoomTime,
        change: impl FnOnce(&mut Notes, NoteLimits) -> Result<(), NoteFull>,
    ) -> Result<(), Refusal> {
        self.in_visit()?;
        change(Arc::make_mut(&mut self.notes), self.rules.note_limits).map_err(|NoteFull| Refusal::NoteFull)?;
        let since = self.unsealed.map_or(now, |changes| changes.since);
        self.unsealed = Some(UnsealedChanges { since, last: now });
        Ok(())
    }

    pub(super) fn draw_note(&mut self, now: RoomTime, page: usize, drawing: Drawing) -> Result<(), Refusal> {
        self.change_note(now, |notes, limits| notes.draw_page(page, drawing, limits))
    }

    pub(super) fn write_intention(&mut self, now: RoomTime, question: usize, text: PatientText) -> Result<(), Refusal> {
        self.in_visit()?;
        if question >= INTENTIONS {
            return Err(Refusal::NoSuchQuestion);
        }
        self.change_note(now, |notes, limits| notes.write_intention(question, text, limits))
    }

    pub(super) fn draw_intention(&mut self, now: RoomTime, question: usize, drawing: Drawing) -> Result<(), Refusal> {
        self.in_visit()?;
        if question >= INTENTIONS {
            return Err(Refusal::NoSuchQuestion);
        }
        self.change_note(now, |notes, _| notes.draw_intention(question, drawing))
    }

    pub(super) fn write_for_clinician(&mut self, now: RoomTime, text: PatientText) -> Result<(), Refusal> {
        self.change_note(now, |notes, limits| notes.write_for_clinician(text, limits))
    }

    pub(super) fn share_for_clinician(&mut self, now: RoomTime, on: bool) -> Result<(), Refusal> {
        self.change_note(now, |notes, _| {
            notes.share_for_clinician(on);
            Ok(())
        })
    }

    pub(super) fn report_notes_trouble(&mut self, trouble: Trouble) -> Result<(), Refusal> {
        self.in_visit()?;
        self.set_trouble(trouble, true);
        Ok(())
    }

    pub(super) fn restore_notes(&mut self, now: RoomTime, restored: Notes) -> Result<(), Refusal> {
        self.in_visit()?;
        if self.notes.version == 0 {
            self.notes = Arc::new(restored);
            return Ok(());
        }
        // The patient wrote something before the vault answered, so the new notes and the restored notes are merged.
        self.change_note(now, |notes, _| {
            notes.merge_restored(restored);
            Ok(())
        })
    }

    pub(super) fn find_take_home_methods(&mut self) -> Result<(), Refusal> {
        self.in_visit()?;
        self.effects.push_back(Effect::FindTakeHomeMethods);
        Ok(())
    }

    pub(super) fn offer_take_home_methods(&mut self, paper: bool, sealed: bool) {
        self.take_home.paper = paper;
        self.take_home.sealed = sealed;
    }

    pub(super) fn take_home(&mut self, method: TakeHomeMethod) -> Result<(), Refusal> {
        self.in_stages(Stage::AFTER_SESSION)?;
        if self.notes.is_blank() {
            return Err(Refusal::TakeHome { why: "nothing is written" });
        }
        if !self.take_home.is_available(method) {
            return Err(Refusal::TakeHome { why: "this way is not open" });
        }
        if self.take_home.is_in_progress() {
            return Err(Refusal::TakeHome { why: "it is on its way already" });
        }
        if method == TakeHomeMethod::Phone {
            // Codes hold text only, so a note with drawings does not count as taken home by phone.
            if !self.notes.has_drawings() {
                self.take_home.taken = Some(self.notes.version);
            }
            self.take_home.statuses.insert(method, TakeHomeStatus::Done { code: None });
            return Ok(());
        }
        self.take_home.statuses.insert(method, TakeHomeStatus::InProgress);
        self.effects.push_back(Effect::TakeHome { method, notes: Arc::clone(&self.notes), language: self.language });
        Ok(())
    }

    pub(super) fn finish_take_home(
        &mut self,
        method: TakeHomeMethod,
        version: u64,
        outcome: Result<Option<String>, TakeHomeError>,
    ) {
        // After a reset or a restart, nobody is waiting for this delivery any more, so its outcome is ignored.
        if self.take_home.status(method) != Some(&TakeHomeStatus::InProgress) {
            return;
        }
        let status = match outcome {
            Ok(code) => {
                self.take_home.taken = Some(version);
                TakeHomeStatus::Done { code }
            }
            Err(error) => TakeHomeStatus::Failed(error),
        };
        self.take_home.statuses.insert(method, status);
    }
}
