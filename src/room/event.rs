//! Owns what can happen to a room. Every face, port and line speaks to the room in these words only.

use super::breath::Pattern;
use super::call::{CallId, DeskId};
use super::drawing::Drawing;
use super::notes::{Notes, PatientText};
use super::snapshot::{Receipt, Trouble};
use super::take_home::{Fault, Way};
use crate::vocabulary::language::Language;
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A person arrives in a ready room.
    VisitBegins,
    /// The patient's language.
    LanguageChosen(Language),
    /// A profile was picked for this room.
    ProfileChosen {
        /// Its name: the file's stem.
        name: String,
    },
    /// The session begins; with `settle`, its clock waits for [`Event::InfusionStarts`].
    SessionBegins {
        /// The profile, if another than the chosen one.
        profile: Option<String>,
        /// The infusion's length, if another than the profile's.
        infusion_minutes: Option<u32>,
        /// Whether to wait for the pump.
        settle: bool,
    },
    /// The pump runs.
    InfusionStarts,
    /// The clinician stops the session clock.
    Pause,
    /// The session clock goes on.
    Resume,
    /// The infusion takes longer.
    Extend {
        /// By how much, in minutes.
        minutes: u32,
    },
    /// The session ends now and lands softly.
    End {
        /// Minutes until it has landed; the room's own default if not said.
        landing_minutes: Option<u32>,
    },
    /// The patient is back and may write.
    AfterBegins,
    /// The patient leaves.
    Farewell,

    /// The call was pressed.
    CallPressed {
        /// Its name, if it becomes a new call.
        id: CallId,
        /// Whether it is a practice call.
        practice: bool,
    },
    /// The journal answered for a call.
    CallJournaled {
        /// Which call.
        id: CallId,
        /// Whether it is on disk.
        ok: bool,
    },
    /// A transport took a call.
    CallSent {
        /// Which call.
        id: CallId,
    },
    /// A desk screen has drawn a call, visible and with its sound unlocked.
    CallReceived {
        /// Which call.
        id: CallId,
        /// Which desk.
        desk: DeskId,
    },
    /// A person pressed *I'm coming*.
    CallComing {
        /// Which call.
        id: CallId,
        /// Who.
        name: String,
    },
    /// Someone is in the room.
    CallHere {
        /// Which call; the open one if not said.
        id: Option<CallId>,
    },
    /// Staff clears the call, in the room.
    CallCleared,
    /// Staff touched the tablet.
    StaffTouched,
    /// A desk page is alive, visible and can sound.
    DeskSeen {
        /// Which desk.
        desk: DeskId,
    },
    /// A desk page has gone or fallen silent.
    DeskGone {
        /// Which desk.
        desk: DeskId,
    },

    /// Words typed at the end of the note.
    NoteTyped {
        /// What was typed.
        text: PatientText,
    },
    /// A page of the note as it now reads.
    NoteWritten {
        /// Which page, from 0; one past the last begins a new one.
        page: usize,
        /// The whole page.
        text: PatientText,
    },
    /// A page of the note as it is now drawn.
    NoteDrawn {
        /// Which page, from 0; one past the last begins a new one.
        page: usize,
        /// The whole page.
        drawing: Drawing,
    },
    /// An intention as it now reads.
    IntentionWritten {
        /// Which question, from 0.
        question: usize,
        /// The whole answer.
        text: PatientText,
    },
    /// "Something I want my clinician to know" as it now reads.
    ForClinicianWritten {
        /// The whole text.
        text: PatientText,
    },
    /// The patient shares those words with the desk, or takes them back.
    ForClinicianShared {
        /// Whether they are shared.
        on: bool,
    },
    /// The vault sealed a version of the notes.
    NotesSealed {
        /// Which version.
        version: u64,
        /// Whether it is on disk.
        ok: bool,
    },
    /// The vault opened the notes after a restart.
    NotesRestored(Notes),
    /// The vault found notes whose key is gone.
    NotesLost,
    /// The vault found that some of the notes, or all, are not what was sealed; the rest was restored.
    NotesDamaged,

    /// The patient asks in which ways the note can be taken home.
    TakeHomeLooked,
    /// Those ways, as they are now.
    TakeHomeOffered {
        /// Whether there is a printer that takes jobs.
        paper: bool,
        /// Whether there is a key to seal to.
        sealed: bool,
    },
    /// The patient chose one.
    TakeHomeChosen {
        /// Which.
        way: Way,
    },
    /// How it went.
    TakeHomeWent {
        /// On which way.
        way: Way,
        /// Which version of the notes.
        version: u64,
        /// The code of a sealed note's file, or why it did not go.
        outcome: Result<Option<String>, Fault>,
    },

    /// The patient's volume, in dB below full scale.
    Volume {
        /// The level; kept within the profile's and the room's limits.
        db: f32,
    },
    /// The patient's place.
    PlaceChosen(Place),
    /// The pacer on or off, by wish.
    BreathWished {
        /// On or off.
        on: bool,
    },
    /// Another pattern, from the end of the running breath.
    BreathPattern(Pattern),
    /// The screen dark or not.
    Dark {
        /// On or off.
        on: bool,
    },
    /// The first touch in the dark: the dim call panel appears.
    DarkTouched,
    /// When it is too much: breath and one steady line, nothing else.
    Anchor {
        /// On or off.
        on: bool,
    },
    /// What the patient would like to hear.
    SoundChosen(SoundChoice),
    /// The patient chooses silence, or the sound back.
    Silence {
        /// On or off.
        on: bool,
    },
    /// The patient skips a piece.
    SkipPiece,
    /// Brightness from the desk, added to the arc's, −0.5 to 0.5.
    Brightness {
        /// The trim.
        trim: f32,
    },
    /// How full the composed music is, from the desk: added to what the arc asks for, −1 to 1.
    Intensity {
        /// Less below 0, more above.
        nudge: f32,
    },
    /// Staff looked: sound may come out where it now would.
    OutputAccepted,
    /// Staff speaks now; everything ducks.
    TalkNow {
        /// On or off.
        on: bool,
    },

    /// Staff removes the last person from the room.
    StaffReset,
    /// The wipe was looked at and is whole.
    WipeVerified(Receipt),
    /// The wipe could not be shown to be whole.
    WipeFailed(Receipt),
    /// The turnover list is done.
    TurnoverDone,
    /// The test tone is to be played.
    SpeakerTested,
    /// Staff heard the test tone.
    SpeakerHeard,
    /// The surface was cleaned.
    SurfaceCleaned,

    /// A trouble begins or ends.
    TroubleChanged {
        /// Which.
        trouble: Trouble,
        /// Whether it is there.
        on: bool,
    },
    /// Time has passed; journaled so that the room comes back at the minute it was in.
    TimeMarked,
    /// The program came back after a stop.
    Resumed,
}

impl Event {
    /// Whether it shows that the patient is still there.
    pub(super) const fn is_sign_of_the_patient(&self) -> bool {
        matches!(
            self,
            Self::LanguageChosen(_)
                | Self::CallPressed { .. }
                | Self::NoteTyped { .. }
                | Self::NoteWritten { .. }
                | Self::NoteDrawn { .. }
                | Self::IntentionWritten { .. }
                | Self::ForClinicianWritten { .. }
                | Self::ForClinicianShared { .. }
                | Self::Volume { .. }
                | Self::PlaceChosen(_)
                | Self::BreathWished { .. }
                | Self::BreathPattern(_)
                | Self::Dark { .. }
                | Self::DarkTouched
                | Self::Anchor { .. }
                | Self::SoundChosen(_)
                | Self::Silence { .. }
                | Self::SkipPiece
        )
    }

    /// Whether it belongs to a call, or to the desks that a call is to reach: it goes ahead of whatever else waits.
    #[must_use]
    pub const fn concerns_a_call(&self) -> bool {
        matches!(
            self,
            Self::CallPressed { .. }
                | Self::CallJournaled { .. }
                | Self::CallSent { .. }
                | Self::CallReceived { .. }
                | Self::CallComing { .. }
                | Self::CallHere { .. }
                | Self::CallCleared
                | Self::DeskSeen { .. }
                | Self::DeskGone { .. }
        )
    }

    /// Whether it is a wish for comfort, which a room with too much to do may refuse.
    #[must_use]
    pub const fn is_comfort(&self) -> bool {
        matches!(
            self,
            Self::Volume { .. }
                | Self::PlaceChosen(_)
                | Self::BreathWished { .. }
                | Self::BreathPattern(_)
                | Self::SoundChosen(_)
                | Self::Silence { .. }
                | Self::SkipPiece
                | Self::Brightness { .. }
                | Self::Intensity { .. }
        )
    }

    /// Whether a later one of the same kind says all that this one says.
    #[must_use]
    pub const fn is_outdated_by_its_like(&self) -> bool {
        match self {
            Self::SkipPiece => false,
            Self::Dark { .. } | Self::Anchor { .. } | Self::LanguageChosen(_) | Self::TimeMarked => true,
            other => other.is_comfort(),
        }
    }

    /// Whether it belongs in the journal: what must outlive the program and holds nothing personal.
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
                | Self::TakeHomeLooked
                | Self::TakeHomeOffered { .. }
                | Self::TakeHomeChosen { .. }
                | Self::TakeHomeWent { .. }
                | Self::DeskSeen { .. }
                | Self::DeskGone { .. }
                | Self::CallJournaled { .. }
                | Self::StaffTouched
                | Self::DarkTouched
                | Self::TalkNow { .. }
                | Self::OutputAccepted
                | Self::SpeakerTested
                | Self::TroubleChanged { .. }
        )
    }
}
