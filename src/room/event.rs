//! Owns the events, which are the room's only inputs. The window, the desks and all devices report through them. Does
//! not own what an event changes (`transitions`), or its name in files and messages (`driver::json_lines`).

use super::breath::BreathPattern;
use super::call::{CallId, DeskId};
use super::drawing::Drawing;
use super::notes::{Notes, PatientText};
use super::snapshot::{Receipt, Trouble};
use super::take_home::{TakeHomeError, TakeHomeMethod};
use crate::vocabulary::language::Language;
use crate::vocabulary::patient::{CallReason, Hand, TypeSize};
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;

/// Something that happened and that the room must know about.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A patient arrives in a ready room.
    VisitBegins,
    /// The patient chose a language.
    LanguageChosen(Language),
    /// The patient said which hand is free.
    HandChosen(Hand),
    /// The patient chose the size of the words.
    TypeSizeChosen(TypeSize),
    /// A profile was chosen for the session. The place and the volume that were chosen by hand on arrival are kept. If
    /// the profile was already the current one, its own place and volume replace them.
    ProfileChosen {
        /// The stem of the profile's file name.
        name: String,
    },
    /// The session begins. With `settle`, its clock waits for [`Event::InfusionStarts`].
    SessionBegins {
        /// A profile to use instead of the chosen one.
        profile: Option<String>,
        /// Length of the infusion in minutes, instead of the profile's.
        infusion_minutes: Option<u32>,
        /// Whether the session clock waits for the infusion to start.
        settle: bool,
    },
    /// The infusion was started.
    InfusionStarts,
    /// The clinician paused the session clock.
    Pause,
    /// The clinician resumed the session clock.
    Resume,
    /// The clinician extended the infusion.
    Extend {
        /// Additional minutes.
        minutes: u32,
    },
    /// The clinician pressed *End now*, which takes the session to its landing.
    End {
        /// Minutes until the session has landed; `None` means [`super::Rules::landing_minutes_after_end`].
        landing_minutes: Option<u32>,
    },
    /// The session ends, and After begins, the stage in which the patient may write.
    AfterBegins,
    /// The patient is about to leave.
    Farewell,

    /// The call button was pressed, or a practice call was requested.
    CallPressed {
        /// The id of the call, if this press opens one.
        id: CallId,
        /// Whether it is a practice call.
        practice: bool,
    },
    /// The journal has written a call, or has failed to.
    CallJournaled {
        /// The call that was to be written.
        id: CallId,
        /// Whether the call is on disk.
        ok: bool,
    },
    /// A transport accepted a call.
    CallSent {
        /// The accepted call.
        id: CallId,
    },
    /// A desk has drawn a call on a page that is visible and has its sound unlocked.
    CallReceived {
        /// The received call.
        id: CallId,
        /// The desk that received it.
        desk: DeskId,
    },
    /// A person pressed *I'm coming*.
    CallComing {
        /// The answered call.
        id: CallId,
        /// The person's name, as typed; blank if the desk has no names.
        name: String,
    },
    /// Someone has come into the room.
    CallHere {
        /// The call that somebody came for; `None` means the open one.
        id: Option<CallId>,
    },
    /// Staff in the room cleared the call.
    CallCleared,
    /// A practice call has been shown for long enough, so it ends. A real call stays open.
    PracticeEnds,
    /// The patient touched a reason for the call. A later reason replaces an earlier one.
    CallReasonChosen(CallReason),
    /// Staff touched the tablet.
    StaffTouched,
    /// A desk can receive calls: one of its pages is connected, visible and able to play sound.
    DeskConnected {
        /// The desk that can receive calls.
        desk: DeskId,
    },
    /// A desk can no longer receive calls: its pages were closed or hidden, or it stopped answering.
    DeskDisconnected {
        /// The desk that can no longer receive calls.
        desk: DeskId,
    },

    /// The patient typed text at the end of the note.
    NoteTyped {
        /// The text to append.
        text: PatientText,
    },
    /// The patient changed a page of text.
    NoteWritten {
        /// Page index from 0. An index equal to the number of pages appends a page.
        page: usize,
        /// The whole page as it now reads.
        text: PatientText,
    },
    /// The patient drew on a page.
    NoteDrawn {
        /// Page index from 0. An index equal to the number of pages appends a page.
        page: usize,
        /// The whole page as it now looks.
        drawing: Drawing,
    },
    /// The patient answered a question about intentions in writing.
    IntentionWritten {
        /// Index of the question, from 0.
        question: usize,
        /// The whole answer as it now reads.
        text: PatientText,
    },
    /// The patient answered a question about intentions with a drawing. A written answer to the same question is kept.
    IntentionDrawn {
        /// Index of the question, from 0.
        question: usize,
        /// The whole drawing as it now looks.
        drawing: Drawing,
    },
    /// The patient changed the text under "Something I want my clinician to know".
    ForClinicianWritten {
        /// The whole text as it now reads.
        text: PatientText,
    },
    /// The patient shared with the desk what was written for the clinician, or withdrew it.
    ForClinicianShared {
        /// Whether the text is shared now.
        on: bool,
    },
    /// The vault has sealed a version of the notes, or has failed to.
    NotesSealed {
        /// [`Notes::version`] of the notes that were to be sealed.
        version: u64,
        /// Whether that version is on disk.
        ok: bool,
    },
    /// The vault restored the notes after a restart.
    NotesRestored(Box<Notes>),
    /// The sealed notes are lost: their key is gone, or the vault could not be opened.
    NotesLost,
    /// Some or all of the sealed notes failed authentication; any others were restored.
    NotesDamaged,

    /// The patient asked how the note can be taken home.
    TakeHomeMethodsRequested,
    /// The methods that are available now were determined.
    TakeHomeMethodsFound {
        /// Whether a printer accepts jobs.
        paper: bool,
        /// Whether a therapist's key is configured.
        sealed: bool,
    },
    /// The patient chose a method.
    TakeHomeChosen {
        /// The chosen method.
        method: TakeHomeMethod,
    },
    /// The note was delivered, or could not be.
    TakeHomeFinished {
        /// The method that was used.
        method: TakeHomeMethod,
        /// [`Notes::version`] of the note that was to be delivered.
        version: u64,
        /// The code in the sealed file's name, if there is one, or the reason for the failure.
        outcome: Result<Option<String>, TakeHomeError>,
    },

    /// The patient's volume was changed, by the patient or by staff.
    Volume {
        /// Level in dB relative to full scale. The room clamps it to the limits of the profile and of the room.
        db: f32,
    },
    /// A place was chosen, by the patient or by staff.
    PlaceChosen(Place),
    /// The pacer was switched on or off by hand.
    Breath {
        /// Whether the pacer is on.
        on: bool,
    },
    /// The pattern of the pacer was changed. A running breath is finished first.
    BreathPatternChosen(BreathPattern),
    /// The screen was darkened or lit again.
    Dark {
        /// Whether the screen is dark.
        on: bool,
    },
    /// The dark screen was touched, which makes the dim call panel appear.
    DarkTouched,
    /// *Too much* was pressed, which switches the anchor on, or the patient left the anchor. While the anchor is on,
    /// the screen shows little more than one calm line at a time, the breath and a way back.
    Anchor {
        /// Whether the anchor is on.
        on: bool,
    },
    /// The patient chose what to listen to.
    SoundChosen(SoundChoice),
    /// The sound was switched off or on, by the patient or by staff.
    Silence {
        /// Whether the sound is off.
        on: bool,
    },
    /// A piece of music was skipped.
    SkipPiece,
    /// Staff pressed *Calm now*, which also switches the anchor on, or undid it. While the room is calmed, all sound
    /// but the signals is softer, and music is silent while a bed is playing.
    Calm {
        /// Whether the room is calmed.
        on: bool,
    },
    /// Staff changed the brightness.
    Brightness {
        /// The amount added to the brightness of the arc, −0.5 to 0.5.
        trim: f32,
    },
    /// Staff changed the intensity of the score.
    Intensity {
        /// The amount added to the intensity of the arc, −1 to 1.
        nudge: f32,
    },
    /// Staff confirmed that sound may come from the current output.
    OutputAccepted,
    /// Staff began or stopped talking to the patient. While they talk, all sound but the signals is lowered.
    TalkNow {
        /// Whether staff are talking.
        on: bool,
    },

    /// Staff started the reset, which erases the visit.
    StaffReset,
    /// The wipe was verified.
    WipeVerified(Receipt),
    /// The wipe could not be verified.
    WipeFailed(Receipt),
    /// Staff finished the turnover.
    TurnoverDone,
    /// Staff asked for the test tone.
    TestToneRequested,
    /// Staff confirmed that they heard the test tone.
    TestToneHeard,
    /// Staff cleaned the surface of the tablet.
    SurfaceCleaned,

    /// A trouble appeared or was resolved.
    TroubleChanged {
        /// The trouble that changed.
        trouble: Trouble,
        /// Whether the trouble is present.
        on: bool,
    },
    /// A checkpoint of the room's time. It is journaled, so that, after a restart, the room resumes at about the same
    /// minute even if nothing else has happened.
    TimeMarked,
    /// The program has restarted and replayed its journal.
    Restarted,
}

impl Event {
    /// Whether the event counts as a sign that the patient is still in the room.
    pub(super) const fn is_patient_activity(&self) -> bool {
        matches!(
            self,
            Self::LanguageChosen(_)
                | Self::HandChosen(_)
                | Self::TypeSizeChosen(_)
                | Self::CallPressed { .. }
                | Self::CallReasonChosen(_)
                | Self::NoteTyped { .. }
                | Self::NoteWritten { .. }
                | Self::NoteDrawn { .. }
                | Self::IntentionWritten { .. }
                | Self::IntentionDrawn { .. }
                | Self::ForClinicianWritten { .. }
                | Self::ForClinicianShared { .. }
                | Self::Volume { .. }
                | Self::PlaceChosen(_)
                | Self::Breath { .. }
                | Self::BreathPatternChosen(_)
                | Self::Dark { .. }
                | Self::DarkTouched
                | Self::Anchor { .. }
                | Self::SoundChosen(_)
                | Self::Silence { .. }
                | Self::SkipPiece
        )
    }

    /// Whether the event is needed to bring a call to somebody, or to answer or clear it. Such events overtake all
    /// others. The reason for a call is not such an event, because it must never delay a call.
    #[must_use]
    pub const fn is_about_call(&self) -> bool {
        matches!(
            self,
            Self::CallPressed { .. }
                | Self::CallJournaled { .. }
                | Self::CallSent { .. }
                | Self::CallReceived { .. }
                | Self::CallComing { .. }
                | Self::CallHere { .. }
                | Self::CallCleared
                | Self::DeskConnected { .. }
                | Self::DeskDisconnected { .. }
        )
    }

    /// Whether the event only serves comfort. A room under load may refuse such events.
    #[must_use]
    pub const fn is_comfort(&self) -> bool {
        matches!(
            self,
            Self::Volume { .. }
                | Self::PlaceChosen(_)
                | Self::Breath { .. }
                | Self::BreathPatternChosen(_)
                | Self::SoundChosen(_)
                | Self::Silence { .. }
                | Self::SkipPiece
                | Self::Brightness { .. }
                | Self::Intensity { .. }
        )
    }

    /// Whether a later event of the same variant makes this one irrelevant. A skip is never superseded, because skips
    /// are counted. Neither are *Calm now* and the anchor, because undoing the first brings back the anchor as it was.
    #[must_use]
    pub const fn is_superseded_by_next(&self) -> bool {
        matches!(
            self,
            Self::Dark { .. }
                | Self::CallReasonChosen(_)
                | Self::LanguageChosen(_)
                | Self::HandChosen(_)
                | Self::TypeSizeChosen(_)
                | Self::TimeMarked
        ) || self.is_comfort() && !matches!(self, Self::SkipPiece)
    }

    /// Whether the event belongs in the journal, because it must survive a restart. Events that contain what the
    /// patient wrote or drew, or why the patient called, are never journaled.
    #[must_use]
    pub const fn is_journaled(&self) -> bool {
        !matches!(
            self,
            Self::NoteTyped { .. }
                | Self::NoteWritten { .. }
                | Self::NoteDrawn { .. }
                | Self::IntentionWritten { .. }
                | Self::IntentionDrawn { .. }
                | Self::ForClinicianWritten { .. }
                | Self::ForClinicianShared { .. }
                | Self::NotesSealed { .. }
                | Self::NotesRestored(_)
                | Self::TakeHomeMethodsRequested
                | Self::TakeHomeMethodsFound { .. }
                | Self::TakeHomeChosen { .. }
                | Self::TakeHomeFinished { .. }
                | Self::DeskConnected { .. }
                | Self::DeskDisconnected { .. }
                | Self::CallJournaled { .. }
                | Self::CallReasonChosen(_)
                | Self::StaffTouched
                | Self::DarkTouched
                | Self::TalkNow { .. }
                | Self::OutputAccepted
                | Self::TestToneRequested
                | Self::TroubleChanged { .. }
        )
    }
}
