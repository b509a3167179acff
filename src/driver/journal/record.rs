//! Owns the JSON form of a record: the events that are journaled, with their names and keys. Names and keys must never
//! change, because rooms in use have journals in this form. Does not own the line around a record ([`super::reader`]).

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::super::json_lines::values::{Finite, NameOf, ProfileName};
use crate::room::Event;
use crate::room::breath::BreathPattern;
use crate::room::call::{CallId, DeskId};
use crate::room::snapshot::{Receipt, WipeCheck};
use crate::vocabulary::language::Language;
use crate::vocabulary::patient::{Hand, TypeSize};
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;

/// An event that survives a restart. No variant can hold what a patient wrote. Unknown keys are ignored, because a
/// later version may have written them.
#[derive(Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum JournalRecord {
    VisitBegins,
    Language {
        name: NameOf<Language>,
    },
    Hand {
        name: NameOf<Hand>,
    },
    TypeSize {
        name: NameOf<TypeSize>,
    },
    Profile {
        name: ProfileName,
    },
    SessionBegins {
        profile: Option<ProfileName>,
        infusion_minutes: Option<u32>,
        #[serde(default)]
        settle: bool,
    },
    InfusionStarts,
    Pause,
    Resume,
    Extend {
        minutes: u32,
    },
    End {
        landing_minutes: Option<u32>,
    },
    AfterBegins,
    Farewell,
    CallPressed {
        id: Ulid,
        practice: bool,
    },
    CallSent {
        id: Ulid,
    },
    CallReceived {
        id: Ulid,
        desk: u64,
    },
    CallComing {
        id: Ulid,
        name: String,
    },
    CallHere {
        id: Option<Ulid>,
    },
    CallCleared,
    PracticeEnds,
    NotesLost,
    NotesDamaged,
    Volume {
        db: Finite,
    },
    Place {
        name: NameOf<Place>,
    },
    Breath {
        on: bool,
    },
    BreathPattern {
        name: NameOf<BreathPattern>,
    },
    Dark {
        on: bool,
    },
    Anchor {
        on: bool,
    },
    Calm {
        on: bool,
    },
    Sound {
        name: NameOf<SoundChoice>,
    },
    Silence {
        on: bool,
    },
    Skip,
    Brightness {
        trim: Finite,
    },
    Intensity {
        nudge: Finite,
    },
    StaffReset,
    WipeVerified {
        receipt: ReceiptRecord,
    },
    WipeFailed {
        receipt: ReceiptRecord,
    },
    TurnoverDone,
    SpeakerHeard,
    SurfaceCleaned,
    TimeMarked,
    Resumed,
}

#[derive(Deserialize, Serialize)]
pub(super) struct ReceiptRecord {
    number: u64,
    at: String,
    room: String,
    checks: Vec<CheckRecord>,
    chain: String,
}

#[derive(Deserialize, Serialize)]
struct CheckRecord {
    name: String,
    ok: bool,
}

/// Encodes the event as one JSON object without line breaks, with its keys in alphabetical order. Returns `None` if
/// events of this kind never go to disk, or if a number in the event is infinite or NaN.
pub(in crate::driver) fn encode(event: &Event) -> Option<String> {
    // The detour through `Value` sorts the keys and turns f32 into f64.
    serde_json::to_value(JournalRecord::from_event(event)?).ok().map(|value| value.to_string())
}

/// Decodes a record; `None` if this version of the program does not know it.
pub(super) fn decode(json: &str) -> Option<Event> {
    serde_json::from_str::<JournalRecord>(json).ok().map(JournalRecord::into_event)
}

impl JournalRecord {
    fn from_event(event: &Event) -> Option<Self> {
        Some(match event {
            Event::VisitBegins => Self::VisitBegins,
            Event::LanguageChosen(language) => Self::Language { name: NameOf(*language) },
            Event::HandChosen(hand) => Self::Hand { name: NameOf(*hand) },
            Event::TypeSizeChosen(size) => Self::TypeSize { name: NameOf(*size) },
            Event::ProfileChosen { name } => Self::Profile { name: ProfileName(name.clone()) },
            Event::SessionBegins { profile, infusion_minutes, settle } => Self::SessionBegins {
                profile: profile.clone().map(ProfileName),
                infusion_minutes: *infusion_minutes,
                settle: *settle,
            },
            Event::InfusionStarts => Self::InfusionStarts,
            Event::Pause => Self::Pause,
            Event::Resume => Self::Resume,
            Event::Extend { minutes } => Self::Extend { minutes: *minutes },
            Event::End { landing_minutes } => Self::End { landing_minutes: *landing_minutes },
            Event::AfterBegins => Self::AfterBegins,
            Event::Farewell => Self::Farewell,
            Event::CallPressed { id, practice } => Self::CallPressed { id: Ulid(id.0), practice: *practice },
            Event::CallSent { id } => Self::CallSent { id: Ulid(id.0) },
            Event::CallReceived { id, desk } => Self::CallReceived { id: Ulid(id.0), desk: desk.0 },
            Event::CallComing { id, name } => Self::CallComing { id: Ulid(id.0), name: name.clone() },
            Event::CallHere { id } => Self::CallHere { id: id.map(|id| Ulid(id.0)) },
            Event::CallCleared => Self::CallCleared,
            Event::PracticeEnds => Self::PracticeEnds,
            Event::NotesLost => Self::NotesLost,
            Event::NotesDamaged => Self::NotesDamaged,
            Event::Volume { db } => Self::Volume { db: Finite::new(*db)? },
            Event::PlaceChosen(place) => Self::Place { name: NameOf(*place) },
            Event::Breath { on } => Self::Breath { on: *on },
            Event::BreathPatternChosen(pattern) => Self::BreathPattern { name: NameOf(*pattern) },
            Event::Dark { on } => Self::Dark { on: *on },
            Event::Anchor { on } => Self::Anchor { on: *on },
            Event::Calm { on } => Self::Calm { on: *on },
            Event::SoundChosen(choice) => Self::Sound { name: NameOf(*choice) },
            Event::Silence { on } => Self::Silence { on: *on },
            Event::SkipPiece => Self::Skip,
            Event::Brightness { trim } => Self::Brightness { trim: Finite::new(*trim)? },
            Event::Intensity { nudge } => Self::Intensity { nudge: Finite::new(*nudge)? },
            Event::StaffReset => Self::StaffReset,
            Event::WipeVerified(receipt) => Self::WipeVerified { receipt: receipt.into() },
            Event::WipeFailed(receipt) => Self::WipeFailed { receipt: receipt.into() },
            Event::TurnoverDone => Self::TurnoverDone,
            Event::TestToneHeard => Self::SpeakerHeard,
            Event::SurfaceCleaned => Self::SurfaceCleaned,
            Event::TimeMarked => Self::TimeMarked,
            Event::Restarted => Self::Resumed,
            Event::CallJournaled { id: _, ok: _ }
            | Event::CallReasonChosen(_)
            | Event::StaffTouched
            | Event::OutputAccepted
            | Event::TestToneRequested
            | Event::DeskConnected { desk: _ }
            | Event::DeskDisconnected { desk: _ }
            | Event::NoteTyped { text: _ }
            | Event::NoteWritten { page: _, text: _ }
            | Event::NoteDrawn { page: _, drawing: _ }
            | Event::IntentionWritten { question: _, text: _ }
            | Event::IntentionDrawn { question: _, drawing: _ }
            | Event::ForClinicianWritten { text: _ }
            | Event::ForClinicianShared { on: _ }
            | Event::NotesSealed { version: _, ok: _ }
            | Event::NotesRestored(_)
            | Event::TakeHomeMethodsRequested
            | Event::TakeHomeMethodsFound { paper: _, sealed: _ }
            | Event::TakeHomeChosen { method: _ }
            | Event::TakeHomeFinished { method: _, version: _, outcome: _ }
            | Event::DarkTouched
            | Event::TalkNow { on: _ }
            | Event::TroubleChanged { trouble: _, on: _ } => return None,
        })
    }

    fn into_event(self) -> Event {
        match self {
            Self::VisitBegins => Event::VisitBegins,
            Self::Language { name: NameOf(language) } => Event::LanguageChosen(language),
            Self::Hand { name: NameOf(hand) } => Event::HandChosen(hand),
            Self::TypeSize { name: NameOf(size) } => Event::TypeSizeChosen(size),
            Self::Profile { name: ProfileName(name) } => Event::ProfileChosen { name },
            Self::SessionBegins { profile, infusion_minutes, settle } => {
                Event::SessionBegins { profile: profile.map(|ProfileName(name)| name), infusion_minutes, settle }
            }
            Self::InfusionStarts => Event::InfusionStarts,
            Self::Pause => Event::Pause,
            Self::Resume => Event::Resume,
            Self::Extend { minutes } => Event::Extend { minutes },
            Self::End { landing_minutes } => Event::End { landing_minutes },
            Self::AfterBegins => Event::AfterBegins,
            Self::Farewell => Event::Farewell,
            Self::CallPressed { id: Ulid(id), practice } => Event::CallPressed { id: CallId(id), practice },
            Self::CallSent { id: Ulid(id) } => Event::CallSent { id: CallId(id) },
            Self::CallReceived { id: Ulid(id), desk } => Event::CallReceived { id: CallId(id), desk: DeskId(desk) },
            Self::CallComing { id: Ulid(id), name } => Event::CallComing { id: CallId(id), name },
            Self::CallHere { id } => Event::CallHere { id: id.map(|Ulid(id)| CallId(id)) },
            Self::CallCleared => Event::CallCleared,
            Self::PracticeEnds => Event::PracticeEnds,
            Self::NotesLost => Event::NotesLost,
            Self::NotesDamaged => Event::NotesDamaged,
            Self::Volume { db } => Event::Volume { db: db.get() },
            Self::Place { name: NameOf(place) } => Event::PlaceChosen(place),
            Self::Breath { on } => Event::Breath { on },
            Self::BreathPattern { name: NameOf(pattern) } => Event::BreathPatternChosen(pattern),
            Self::Dark { on } => Event::Dark { on },
            Self::Anchor { on } => Event::Anchor { on },
            Self::Calm { on } => Event::Calm { on },
            Self::Sound { name: NameOf(choice) } => Event::SoundChosen(choice),
            Self::Silence { on } => Event::Silence { on },
            Self::Skip => Event::SkipPiece,
            Self::Brightness { trim } => Event::Brightness { trim: trim.get() },
            Self::Intensity { nudge } => Event::Intensity { nudge: nudge.get() },
            Self::StaffReset => Event::StaffReset,
            Self::WipeVerified { receipt } => Event::WipeVerified(receipt.into()),
            Self::WipeFailed { receipt } => Event::WipeFailed(receipt.into()),
            Self::TurnoverDone => Event::TurnoverDone,
            Self::SpeakerHeard => Event::TestToneHeard,
            Self::SurfaceCleaned => Event::SurfaceCleaned,
            Self::TimeMarked => Event::TimeMarked,
            Self::Resumed => Event::Restarted,
        }
    }
}

impl From<&Receipt> for ReceiptRecord {
    fn from(Receipt { number, at, room, checks, chain }: &Receipt) -> Self {
        let checks = checks.iter().map(|WipeCheck { name, ok }| CheckRecord { name: name.clone(), ok: *ok });
        Self { number: *number, at: at.clone(), room: room.clone(), checks: checks.collect(), chain: chain.clone() }
    }
}

impl From<ReceiptRecord> for Receipt {
    fn from(ReceiptRecord { number, at, room, checks, chain }: ReceiptRecord) -> Self {
        let checks = checks.into_iter().map(|CheckRecord { name, ok }| WipeCheck { name, ok }).collect();
        Self { number, at, room, checks, chain }
    }
}
