//! Owns the events that headless mode accepts: their names, their keys, and the room's event that each of them becomes.
//! Does not own the reader of a line ([`super::event_reader`]).

use serde::Deserialize;

use super::HeadlessCommand;
use super::values::{
    Decibels, Finite, Flag, Minutes, NameOf, PageNumber, PatientWords, ProfileField, ProfileName, QuestionIndex,
    QuestionNumber, Strokes,
};
use crate::room::Event;
use crate::room::breath::BreathPattern;
use crate::room::call::CallId;
use crate::room::notes::PatientText;
use crate::room::take_home::TakeHomeMethod;
use crate::vocabulary::language::Language;
use crate::vocabulary::patient::{CallReason, Hand, TypeSize};
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;

/// The events that headless mode accepts: most of what a patient and the staff can do at the tablet, and
/// [`EventLine::LoopFails`] for tests. Events with which the program reports its own work are not accepted.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventLine {
    VisitBegins,
    Language { name: NameOf<Language> },
    Hand { name: NameOf<Hand> },
    TypeSize { name: NameOf<TypeSize> },
    Profile { name: ProfileField },
    SessionBegins { profile: Option<ProfileField>, infusion_minutes: Option<Minutes>, settle: Option<Flag> },
    InfusionStarts,
    Pause,
    Resume,
    Extend { minutes: Minutes },
    End { landing_minutes: Option<Minutes> },
    AfterBegins,
    Farewell,
    StaffReset,
    TurnoverDone,
    CallPressed { practice: Option<Flag> },
    CallHere,
    CallCleared,
    CallReason { name: NameOf<CallReason> },
    StaffTouched,
    NoteTyped { text: PatientWords },
    NoteDrawn { page: PageNumber, strokes: Strokes },
    Intention { question: QuestionNumber, text: PatientWords },
    IntentionDrawn { question: QuestionNumber, strokes: Strokes },
    ForClinician { text: PatientWords },
    Share { on: Flag },
    TakeHomeWays,
    TakeHome { way: NameOf<TakeHomeMethod> },
    Volume { db: Decibels },
    Sound { name: NameOf<SoundChoice> },
    Silence { on: Flag },
    Skip,
    Place { name: NameOf<Place> },
    Breath { on: Flag },
    BreathPattern { name: NameOf<BreathPattern> },
    Dark { on: Flag },
    Anchor { on: Flag },
    Calm { on: Flag },
    TalkNow { on: Flag },
    LoopFails,
}

impl EventLine {
    /// Converts the line to a command. If it places a call, `new_call` supplies the call's id.
    pub(super) fn into_command(self, new_call: impl FnOnce() -> CallId) -> HeadlessCommand {
        HeadlessCommand::Tell(match self {
            Self::LoopFails => return HeadlessCommand::FailLoop,
            Self::VisitBegins => Event::VisitBegins,
            Self::Language { name: NameOf(language) } => Event::LanguageChosen(language),
            Self::Hand { name: NameOf(hand) } => Event::HandChosen(hand),
            Self::TypeSize { name: NameOf(size) } => Event::TypeSizeChosen(size),
            Self::Profile { name } => Event::ProfileChosen { name: profile_name(name) },
            Self::SessionBegins { profile, infusion_minutes, settle } => Event::SessionBegins {
                profile: profile.map(profile_name),
                infusion_minutes: infusion_minutes.map(|Minutes(minutes)| minutes),
                settle: is_on(settle),
            },
            Self::InfusionStarts => Event::InfusionStarts,
            Self::Pause => Event::Pause,
            Self::Resume => Event::Resume,
            Self::Extend { minutes: Minutes(minutes) } => Event::Extend { minutes },
            Self::End { landing_minutes } => {
                Event::End { landing_minutes: landing_minutes.map(|Minutes(minutes)| minutes) }
            }
            Self::AfterBegins => Event::AfterBegins,
            Self::Farewell => Event::Farewell,
            Self::StaffReset => Event::StaffReset,
            Self::TurnoverDone => Event::TurnoverDone,
            Self::CallPressed { practice } => Event::CallPressed { practice: is_on(practice), id: new_call() },
            Self::CallHere => Event::CallHere { id: None },
            Self::CallCleared => Event::CallCleared,
            Self::CallReason { name: NameOf(reason) } => Event::CallReasonChosen(reason),
            Self::StaffTouched => Event::StaffTouched,
            Self::NoteTyped { text } => Event::NoteTyped { text: patient_text(text) },
            Self::NoteDrawn { page: PageNumber(page), strokes } => {
                Event::NoteDrawn { page: page.get() - 1, drawing: strokes.into() }
            }
            Self::Intention { question: QuestionNumber(QuestionIndex(question)), text } => {
                Event::IntentionWritten { question, text: patient_text(text) }
            }
            Self::IntentionDrawn { question: QuestionNumber(QuestionIndex(question)), strokes } => {
                Event::IntentionDrawn { question, drawing: strokes.into() }
            }
            Self::ForClinician { text } => Event::ForClinicianWritten { text: patient_text(text) },
            Self::Share { on: Flag(on) } => Event::ForClinicianShared { on },
            Self::TakeHomeWays => Event::TakeHomeMethodsRequested,
            Self::TakeHome { way: NameOf(way) } => Event::TakeHomeChosen { method: way },
            Self::Volume { db: Decibels(db) } => Event::Volume { db: Finite::get(db) },
            Self::Sound { name: NameOf(choice) } => Event::SoundChosen(choice),
            Self::Silence { on: Flag(on) } => Event::Silence { on },
            Self::Skip => Event::SkipPiece,
            Self::Place { name: NameOf(place) } => Event::PlaceChosen(place),
            Self::Breath { on: Flag(on) } => Event::Breath { on },
            Self::BreathPattern { name: NameOf(pattern) } => Event::BreathPatternChosen(pattern),
            Self::Dark { on: Flag(on) } => Event::Dark { on },
            Self::Anchor { on: Flag(on) } => Event::Anchor { on },
            Self::Calm { on: Flag(on) } => Event::Calm { on },
            Self::TalkNow { on: Flag(on) } => Event::TalkNow { on },
        })
    }
}

fn is_on(flag: Option<Flag>) -> bool {
    flag.is_some_and(|Flag(on)| on)
}

fn patient_text(PatientWords(text): PatientWords) -> PatientText {
    PatientText::new(text)
}

fn profile_name(ProfileField(ProfileName(name)): ProfileField) -> String {
    name
}
