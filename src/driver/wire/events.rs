//! Owns the names and keys of every event that travels.

use std::sync::Arc;

use serde_json::{Value, json};
use ulid::Ulid;

use super::WireError;
use super::fields::Fields;
use crate::room::Event;
use crate::room::call::{CallId, DeskId};
use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH, Stroke, StrokePoint, Tint};
use crate::room::notes::{INTENTIONS, PatientText};
use crate::room::snapshot::Receipt;
use crate::vault;
use crate::vocabulary::language::Language;

/// How wide a line is that was told, in units of the page.
const STROKE_WIDTH: u8 = 60;
const MINUTES: &str = "a whole number of minutes";
const DB: &str = "a number of dB below full scale, such as -30";
const QUESTIONS: &str = "1, 2 or 3";
const PAGE: &str = "the page's number, from 1";
const STROKES: &str = "lists of points, each [x, y] with x from 0 to 12000 and y from 0 to 6250";
const TRIM: &str = "a number from -0.5 to 0.5";
const NUDGE: &str = "a number from -1 to 1";

pub(super) fn from_headless(fields: &Fields, new_call: impl FnOnce() -> CallId) -> Result<Event, WireError> {
    if let Some(event) = said_by_people(fields)? {
        return Ok(event);
    }
    let text = || fields.text("text").map(PatientText::new);
    Ok(match fields.event()? {
        "call_pressed" => {
            fields.only("practice")?;
            Event::CallPressed { practice: fields.flag_or_no("practice")?, id: new_call() }
        }
        "call_here" => {
            fields.only("")?;
            Event::CallHere { id: None }
        }
        "note_typed" => {
            fields.only("text")?;
            Event::NoteTyped { text: text()? }
        }
        "note_drawn" => {
            fields.only("page, strokes")?;
            let page = fields.required("page", PAGE, |page| usize::try_from(page.as_u64()?).ok()?.checked_sub(1))?;
            Event::NoteDrawn { page, drawing: fields.required("strokes", STROKES, drawing)? }
        }
        "intention" => {
            fields.only("question, text")?;
            Event::IntentionWritten { question: fields.required("question", QUESTIONS, question)?, text: text()? }
        }
        "for_clinician" => {
            fields.only("text")?;
            Event::ForClinicianWritten { text: text()? }
        }
        "share" => {
            fields.only("on")?;
            Event::ForClinicianShared { on: fields.flag("on")? }
        }
        "take_home_ways" => {
            fields.only("")?;
            Event::TakeHomeMethodsRequested
        }
        "take_home" => {
            fields.only("way")?;
            Event::TakeHomeChosen { method: fields.named("way")? }
        }
        "talk_now" => {
            fields.only("on")?;
            Event::TalkNow { on: fields.flag("on")? }
        }
        "staff_touched" => {
            fields.only("")?;
            Event::StaffTouched
        }
        _ => return Err(WireError::UnknownEvent),
    })
}

pub(super) fn from_journal(fields: &Fields) -> Result<Event, WireError> {
    if let Some(event) = said_by_people(fields)? {
        return Ok(event);
    }
    let call = || fields.call("id");
    Ok(match fields.event()? {
        "call_pressed" => Event::CallPressed { id: call()?, practice: fields.flag("practice")? },
        "call_sent" => Event::CallSent { id: call()? },
        "call_received" => Event::CallReceived { id: call()?, desk: DeskId(fields.long("desk")?) },
        "call_coming" => Event::CallComing { id: call()?, name: fields.text("name")? },
        "call_here" => Event::CallHere { id: fields.optional_call("id")? },
        "notes_lost" => Event::NotesLost,
        "notes_damaged" => Event::NotesDamaged,
        "brightness" => Event::Brightness { trim: fields.number("trim", TRIM)? },
        "intensity" => Event::Intensity { nudge: fields.number("nudge", NUDGE)? },
        "wipe_verified" => Event::WipeVerified(receipt(fields)?),
        "wipe_failed" => Event::WipeFailed(receipt(fields)?),
        "speaker_heard" => Event::TestToneHeard,
        "surface_cleaned" => Event::SurfaceCleaned,
        "time_marked" => Event::TimeMarked,
        "resumed" => Event::Restarted,
        _ => return Err(WireError::UnknownEvent),
    })
}

/// Events that people cause and that both the journal and the headless face know in the same form.
fn said_by_people(fields: &Fields) -> Result<Option<Event>, WireError> {
    let on = || fields.only("on").and_then(|()| fields.flag("on"));
    let alone = |event: Event| fields.only("").map(|()| event);
    Ok(Some(match fields.event()? {
        "visit_begins" => alone(Event::VisitBegins)?,
        "infusion_starts" => alone(Event::InfusionStarts)?,
        "pause" => alone(Event::Pause)?,
        "resume" => alone(Event::Resume)?,
        "after_begins" => alone(Event::AfterBegins)?,
        "farewell" => alone(Event::Farewell)?,
        "call_cleared" => alone(Event::CallCleared)?,
        "skip" => alone(Event::SkipPiece)?,
        "staff_reset" => alone(Event::StaffReset)?,
        "turnover_done" => alone(Event::TurnoverDone)?,
        "breath" => Event::Breath { on: on()? },
        "dark" => Event::Dark { on: on()? },
        "anchor" => Event::Anchor { on: on()? },
        "silence" => Event::Silence { on: on()? },
        "language" => {
            fields.only("name")?;
            Event::LanguageChosen(fields.one_of("name", Language::TAG, Language::from_name)?)
        }
        "sound" => {
            fields.only("name")?;
            Event::SoundChosen(fields.named("name")?)
        }
        "place" => {
            fields.only("name")?;
            Event::PlaceChosen(fields.named("name")?)
        }
        "breath_pattern" => {
            fields.only("name")?;
            Event::BreathPatternChosen(fields.named("name")?)
        }
        "profile" => {
            fields.only("name")?;
            Event::ProfileChosen { name: fields.name("name")? }
        }
        "session_begins" => {
            fields.only("profile, infusion_minutes, settle")?;
            Event::SessionBegins {
                profile: fields.optional_name("profile")?,
                infusion_minutes: fields.optional_whole("infusion_minutes", MINUTES)?,
                settle: fields.flag_or_no("settle")?,
            }
        }
        "extend" => {
            fields.only("minutes")?;
            Event::Extend { minutes: fields.whole("minutes", MINUTES)? }
        }
        "end" => {
            fields.only("landing_minutes")?;
            Event::End { landing_minutes: fields.optional_whole("landing_minutes", MINUTES)? }
        }
        "volume" => {
            fields.only("db")?;
            Event::Volume { db: fields.number("db", DB)? }
        }
        _ => return Ok(None),
    }))
}

/// The event as the journal keeps it; `None` for what never goes to disk.
pub(super) fn to_value(event: &Event) -> Option<Value> {
    if !event.is_journaled() {
        return None;
    }
    Some(match event {
        Event::VisitBegins => json!({ "event": "visit_begins" }),
        Event::LanguageChosen(language) => json!({ "event": "language", "name": language.name() }),
        Event::ProfileChosen { name } => json!({ "event": "profile", "name": name }),
        Event::SessionBegins { profile, infusion_minutes, settle } => json!({
            "event": "session_begins",
            "profile": profile,
            "infusion_minutes": infusion_minutes,
            "settle": settle,
        }),
        Event::InfusionStarts => json!({ "event": "infusion_starts" }),
        Event::Pause => json!({ "event": "pause" }),
        Event::Resume => json!({ "event": "resume" }),
        Event::Extend { minutes } => json!({ "event": "extend", "minutes": minutes }),
        Event::End { landing_minutes } => json!({ "event": "end", "landing_minutes": landing_minutes }),
        Event::AfterBegins => json!({ "event": "after_begins" }),
        Event::Farewell => json!({ "event": "farewell" }),
        Event::CallPressed { id, practice } => {
            json!({ "event": "call_pressed", "id": call_name(*id), "practice": practice })
        }
        Event::CallSent { id } => json!({ "event": "call_sent", "id": call_name(*id) }),
        Event::CallReceived { id, desk } => json!({ "event": "call_received", "id": call_name(*id), "desk": desk.0 }),
        Event::CallComing { id, name } => json!({ "event": "call_coming", "id": call_name(*id), "name": name }),
        Event::CallHere { id } => json!({ "event": "call_here", "id": id.map(call_name) }),
        Event::CallCleared => json!({ "event": "call_cleared" }),
        Event::NotesLost => json!({ "event": "notes_lost" }),
        Event::NotesDamaged => json!({ "event": "notes_damaged" }),
        Event::Volume { db } => json!({ "event": "volume", "db": finite(*db)? }),
        Event::PlaceChosen(place) => json!({ "event": "place", "name": place.name() }),
        Event::Breath { on } => json!({ "event": "breath", "on": on }),
        Event::BreathPatternChosen(pattern) => json!({ "event": "breath_pattern", "name": pattern.name() }),
        Event::Dark { on } => json!({ "event": "dark", "on": on }),
        Event::Anchor { on } => json!({ "event": "anchor", "on": on }),
        Event::SoundChosen(choice) => json!({ "event": "sound", "name": choice.name() }),
        Event::Silence { on } => json!({ "event": "silence", "on": on }),
        Event::SkipPiece => json!({ "event": "skip" }),
        Event::Brightness { trim } => json!({ "event": "brightness", "trim": finite(*trim)? }),
        Event::Intensity { nudge } => json!({ "event": "intensity", "nudge": finite(*nudge)? }),
        Event::StaffReset => json!({ "event": "staff_reset" }),
        Event::WipeVerified(receipt) => json!({ "event": "wipe_verified", "receipt": vault::receipt_to_json(receipt) }),
        Event::WipeFailed(receipt) => json!({ "event": "wipe_failed", "receipt": vault::receipt_to_json(receipt) }),
        Event::TurnoverDone => json!({ "event": "turnover_done" }),
        Event::TestToneHeard => json!({ "event": "speaker_heard" }),
        Event::SurfaceCleaned => json!({ "event": "surface_cleaned" }),
        Event::TimeMarked => json!({ "event": "time_marked" }),
        Event::Restarted => json!({ "event": "resumed" }),
        // Named one by one, so that a new event cannot be forgotten here.
        Event::CallJournaled { .. }
        | Event::StaffTouched
        | Event::OutputAccepted
        | Event::TestToneRequested
        | Event::DeskConnected { .. }
        | Event::DeskDisconnected { .. }
        | Event::NoteTyped { .. }
        | Event::NoteWritten { .. }
        | Event::NoteDrawn { .. }
        | Event::IntentionWritten { .. }
        | Event::ForClinicianWritten { .. }
        | Event::ForClinicianShared { .. }
        | Event::NotesSealed { .. }
        | Event::NotesRestored(_)
        | Event::TakeHomeMethodsRequested
        | Event::TakeHomeMethodsFound { .. }
        | Event::TakeHomeChosen { .. }
        | Event::TakeHomeFinished { .. }
        | Event::DarkTouched
        | Event::TalkNow { .. }
        | Event::TroubleChanged { .. } => return None,
    })
}

fn call_name(id: CallId) -> String {
    Ulid(id.0).to_string()
}

fn finite(number: f32) -> Option<f32> {
    number.is_finite().then_some(number)
}

fn question(value: &Value) -> Option<usize> {
    let number = usize::try_from(value.as_u64()?).ok()?;
    (1..=INTENTIONS).contains(&number).then(|| number - 1)
}

/// Lines of one colour and width: what matters to whoever speaks in lines is that something is drawn.
fn drawing(strokes: &Value) -> Option<Drawing> {
    let within = |value: &Value, most: u16| u16::try_from(value.as_u64()?).ok().filter(|at| *at <= most);
    let point = |point: &Value| match point.as_array()?.as_slice() {
        [x, y] => Some(StrokePoint { x: within(x, PAGE_WIDTH)?, y: within(y, PAGE_HEIGHT)?, width: STROKE_WIDTH }),
        _ => None,
    };
    let stroke = |points: &Value| {
        let points = points.as_array()?.iter().map(point).collect::<Option<Vec<_>>>()?;
        Stroke::new(Tint::default(), points).map(Arc::new)
    };
    strokes.as_array()?.iter().map(stroke).collect::<Option<Vec<_>>>().map(Drawing::new)
}

fn receipt(fields: &Fields) -> Result<Receipt, WireError> {
    fields.required("receipt", "a receipt", vault::receipt_from_json)
}
