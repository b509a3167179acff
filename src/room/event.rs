//! Owns the inputs of the room: everything that can happen to it. Windows, desks, ports and lines all report in these
//! events. Does not own what an event changes (`transitions`), nor its name in a file or a message (`driver::wire`).

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

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A patient arrives in a ready room.
    VisitBegins,
    /// The patient chose a language.
    LanguageChosen(Language),
    /// The patient said which hand is free.
    HandChosen(Hand),
    /// The patient chose the size of words.
    TypeSizeChosen(TypeSize),
    /// A profile was chosen for the session.
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
        /// Whether to wait for the pump.
        settle: bool,
    },
    /// The pump was started.
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
    /// The clinician pressed *End now*: the session goes to its landing.
    End {
        /// Minutes until the session has landed; `None` takes [`super::Rules::landing_minutes_after_end`].
        landing_minutes: Option<u32>,
    },
    /// The session gives way to After, where the patient may write.
    AfterBegins,
    /// The patient is about to leave.
    Farewell,

    /// The call was pressed.
    CallPressed {
        /// The id of the call, if this press opens one.
        id: CallId,
        /// Whether it is a practice call.
        practice: bool,
    },
    /// The journal finished writing a call, or failed to.
    CallJournaled {
        /// Which call.
        id: CallId,
        /// Whether it is on disk.
        ok: bool,
    },
    /// A transport accepted a call.
    CallSent {
        /// Which call.
        id: CallId,
    },
    /// A desk page has rendered a call while visible and with its sound unlocked.
    CallReceived {
        /// Which call.
        id: CallId,
        /// Which desk page.
        desk: DeskId,
    },
    /// A named person pressed *I'm coming*.
    CallComing {
        /// Which call.
        id: CallId,
        /// The person's name, as typed.
        name: String,
    },
    /// Someone has come into the room.
    CallHere {
        /// Which call; `None` means the open one.
        id: Option<CallId>,
    },
    /// Staff cleared the call, in the room.
    CallCleared,
    /// The patient touched why they called. A later reason replaces an earlier one.
    CallReasonChosen(CallReason),
    /// Staff touched the tablet.
    StaffTouched,
    /// A desk page is connected, visible and able to sound.
    DeskConnected {
        /// Which desk page.
        desk: DeskId,
    },
    /// A desk page closed, was hidden, or stopped answering.
    DeskDisconnected {
        /// Which desk page.
        desk: DeskId,
    },

    /// Text was typed at the end of the note.
    NoteTyped {
        /// The new text.
        text: PatientText,
    },
    /// A page of the note was written.
    NoteWritten {
        /// Page index from 0; the number of pages appends a new one.
        page: usize,
        /// The whole page as it now reads.
        text: PatientText,
    },
    /// A page of the note was drawn.
    NoteDrawn {
        /// Page index from 0; the number of pages appends a new one.
        page: usize,
        /// The whole page as it now looks.
        drawing: Drawing,
    },
    /// An intention was written.
    IntentionWritten {
        /// Index of the question, from 0.
        question: usize,
        /// The whole answer as it now reads.
        text: PatientText,
    },
    /// "Something I want my clinician to know" was written.
    ForClinicianWritten {
        /// The whole text as it now reads.
        text: PatientText,
    },
    /// The patient shared that text with the desk, or withdrew it.
    ForClinicianShared {
        /// Whether it is shared now.
        on: bool,
    },
    /// The vault finished sealing a version of the notes, or failed to.
    NotesSealed {
        /// [`Notes::version`] of what was sealed.
        version: u64,
        /// Whether it is on disk.
        ok: bool,
    },
    /// The vault restored the notes after a restart.
    NotesRestored(Notes),
    /// The vault found sealed notes whose key is gone.
    NotesLost,
    /// Some or all of the sealed notes failed authentication; the rest was restored.
    NotesDamaged,

    /// The patient opened the choice of ways to take the note home.
    TakeHomeMethodsRequested,
    /// The methods that are available now.
    TakeHomeMethodsFound {
        /// Whether a printer accepts jobs.
        paper: bool,
        /// Whether a therapist's key is configured.
        sealed: bool,
    },
    /// The patient chose a method.
    TakeHomeChosen {
        /// Which method.
        method: TakeHomeMethod,
    },
    /// The note was delivered, or could not be.
    TakeHomeFinished {
        /// By which method.
        method: TakeHomeMethod,
        /// [`Notes::version`] of what was delivered.
        version: u64,
        /// The code in the sealed file's name, if there is one, or the reason for the failure.
        outcome: Result<Option<String>, TakeHomeError>,
    },

    /// The patient's volume was changed.
    Volume {
        /// Level in dB relative to full scale. The room clamps it to the limits of the profile and of the room.
        db: f32,
    },
    /// The patient chose a place.
    PlaceChosen(Place),
    /// The pacer was switched on or off by hand.
    Breath {
        /// Whether it is on.
        on: bool,
    },
    /// The pattern of the pacer was changed. A running breath is finished first.
    BreathPatternChosen(BreathPattern),
    /// The screen was darkened or lit again.
    Dark {
        /// Whether it is dark.
        on: bool,
    },
    /// The dark screen was touched: the dim call panel appears.
    DarkTouched,
    /// *Too much* was pressed or released: only the breath and one steady line remain.
    Anchor {
        /// Whether the anchor is on.
        on: bool,
    },
    /// The patient chose what to listen to.
    SoundChosen(SoundChoice),
    /// The patient switched the sound off or on.
    Silence {
        /// Whether it is silent.
        on: bool,
    },
    /// The patient skipped a piece.
    SkipPiece,
    /// Staff calmed the room, or undid that: the music pauses, what is left is softer, and the anchor is on.
    Calm {
        /// Whether the room is calmed.
        on: bool,
    },
    /// The desk trimmed the brightness.
    Brightness {
        /// Added to the brightness of the arc, −0.5 to 0.5.
        trim: f32,
    },
    /// The desk nudged the intensity of the score.
    Intensity {
        /// Added to the intensity of the arc, −1 to 1.
        nudge: f32,
    },
    /// Staff confirmed that sound may come from the present output.
    OutputAccepted,
    /// Staff began or stopped talking to the patient; while they talk, everything ducks.
    TalkNow {
        /// Whether they are talking.
        on: bool,
    },

    /// Staff started the reset, which erases the visit.
    StaffReset,
    /// The wipe was verified.
    WipeVerified(Receipt),
    /// The wipe could not be verified.
    WipeFailed(Receipt),
    /// Staff finished the turnover list.
    TurnoverDone,
    /// Staff asked for the test tone.
    TestToneRequested,
    /// Staff confirmed that they heard the test tone.
    TestToneHeard,
    /// Staff cleaned the surface of the tablet.
    SurfaceCleaned,

    /// A trouble appeared or was resolved.
    TroubleChanged {
        /// Which trouble.
        trouble: Trouble,
        /// Whether it is present.
        on: bool,
    },
    /// A checkpoint of the room's time, journaled so that a restart finds the minute the room was in.
    TimeMarked,
    /// The program has restarted and replayed its journal.
    Restarted,
}

impl Event {
    /// Whether it shows that the patient is still in the room.
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

    /// Whether it concerns a call or a desk page that a call can reach. Such events overtake all others.
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

    /// Whether it only serves comfort. A room under load may refuse such events.
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

    /// Whether the next event of the same variant makes this one redundant. Skips add up, so they do not qualify.
    #[must_use]
    pub const fn is_superseded_by_next(&self) -> bool {
        matches!(
            self,
            Self::Dark { .. }
                | Self::Anchor { .. }
                | Self::Calm { .. }
                | Self::CallReasonChosen(_)
                | Self::LanguageChosen(_)
                | Self::HandChosen(_)
                | Self::TypeSizeChosen(_)
                | Self::TimeMarked
        ) || self.is_comfort() && !matches!(self, Self::SkipPiece)
    }

    /// Whether it belongs in the journal: it must survive a restart and holds nothing personal.
    #[must_use]
    pub const fn is_journaled(&self) -> bool {
        !matches!(
            self,
            Self::NoteTyped { .. }
                | Self::NoteWritten { .. }
                | Self::NoteDrawn { .. }
                | Self::IntentionWritten { .. }
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
