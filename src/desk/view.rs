//! Owns what the page is told of the room, as JSON. The room's own types are never serialised, so that nothing of a
//! patient can slip out with a new field. Does not own when it is told.

use serde::Serialize;
use ulid::Ulid;

use crate::line::message::CallState;
use crate::room::snapshot::{Receipt, SessionView};
use crate::room::{Place, RoomTime, Snapshot, Stage};

use super::calls::{CallLog, PastCall};
use super::{DeskOptions, ProfileCard};

/// The first message on a stream: what does not change while the page is open.
#[derive(Debug, Serialize)]
pub(super) struct Hello<'a> {
    /// The page's own name, a decimal number as text: JavaScript's numbers cannot hold it.
    pub desk: String,
    pub version: &'static str,
    pub locale: &'a str,
    pub clinicians: &'a [String],
    pub profiles: Vec<Profile<'a>>,
    pub places: Vec<&'static str>,
    pub cap_db: f32,
    pub signed_in: bool,
    pub previews: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Profile<'a> {
    name: &'a str,
    title: &'a str,
    description: &'a str,
    scored: bool,
}

impl<'a> Hello<'a> {
    pub(super) fn new(options: &'a DeskOptions, desk: u64, signed_in: bool) -> Self {
        Self {
            desk: desk.to_string(),
            version: env!("CARGO_PKG_VERSION"),
            locale: &options.locale,
            clinicians: &options.clinicians,
            profiles: options.profiles.iter().map(Profile::of).collect(),
            places: Place::ALL.iter().map(|place| place.name()).collect(),
            cap_db: options.cap_db,
            signed_in,
            previews: options.previews.is_some(),
        }
    }
}

impl<'a> Profile<'a> {
    fn of(card: &'a ProfileCard) -> Self {
        Self { name: &card.name, title: &card.title, description: &card.description, scored: card.scored }
    }
}

/// What can be chosen in a room, for a desk that hears of it over a line: beside [`room_view`], as its `offers`.
#[must_use]
pub fn offers(profiles: &[ProfileCard], cap_db: f32) -> serde_json::Value {
    let profiles: Vec<Profile<'_>> = profiles.iter().map(Profile::of).collect();
    serde_json::json!({ "profiles": profiles, "cap_db": cap_db })
}

/// The room as it stands. Times are ages in milliseconds at the moment of writing.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "a message, not a state machine")]
pub(super) struct RoomView<'a> {
    room: &'a str,
    stage: &'static str,
    in_visit: bool,
    part: Option<&'static str>,
    session: Option<ClockView>,
    call: Option<CallState>,
    profile: &'a str,
    infusion_minutes: u32,
    place: &'static str,
    language: &'static str,
    volume_db: f32,
    breath: Option<&'static str>,
    dark: bool,
    anchor: bool,
    silence: bool,
    brightness_trim: f32,
    intensity_nudge: f32,
    talk_now: bool,
    desks: usize,
    line: &'static str,
    /// Only what the patient pressed *share* on.
    shared: Option<&'a str>,
    troubles: Vec<&'static str>,
    receipt: Option<ReceiptView<'a>>,
    wiping: bool,
    speaker_tested: bool,
    recent: Vec<PastCallView<'a>>,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "a message, not a state machine")]
struct ClockView {
    clock_ms: Option<u64>,
    running: bool,
    paused: bool,
    landed: bool,
    speed: u32,
    infusion_ms: u64,
    peak_from_ms: u64,
    return_from_ms: u64,
    landing_from_ms: u64,
    end_ms: u64,
    ended: bool,
}

#[derive(Debug, Serialize)]
struct ReceiptView<'a> {
    number: u64,
    at: &'a str,
    verified: bool,
    checks: Vec<CheckView<'a>>,
    chain: &'a str,
}

#[derive(Debug, Serialize)]
struct CheckView<'a> {
    name: &'a str,
    ok: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct PastCallView<'a> {
    id: Ulid,
    practice: bool,
    at: &'a str,
    name: Option<&'a str>,
    received_ms: Option<u64>,
    coming_ms: Option<u64>,
    here_ms: Option<u64>,
    cleared_ms: Option<u64>,
}

impl<'a> RoomView<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, now: RoomTime, room: &'a str, log: &'a CallLog) -> Self {
        let shares = matches!(snapshot.stage, Stage::Arrive | Stage::Session | Stage::After) && snapshot.notes.shared;
        Self {
            room,
            stage: snapshot.stage.name(),
            in_visit: snapshot.in_visit(),
            part: snapshot.session.map(|session| part_at(&session, now)),
            session: snapshot.session.map(|session| clock_view(&session, now)),
            call: snapshot.call.as_ref().map(|call| CallState::of(call, now)),
            profile: &snapshot.profile,
            infusion_minutes: snapshot.infusion_minutes,
            place: snapshot.place.name(),
            language: snapshot.language.name(),
            volume_db: snapshot.volume_db,
            breath: snapshot.breath.map(|breath| breath.running_at(now).0.name()),
            dark: snapshot.dark,
            anchor: snapshot.anchor,
            silence: snapshot.silence,
            brightness_trim: snapshot.brightness_trim,
            intensity_nudge: snapshot.intensity_nudge,
            talk_now: snapshot.talk_now,
            desks: snapshot.desks,
            line: if snapshot.line_is_up() { "up" } else { "down" },
            shared: shares.then(|| snapshot.notes.for_clinician.reveal()),
            troubles: snapshot.troubles.iter().map(|trouble| trouble.name()).collect(),
            receipt: snapshot.receipt.as_ref().map(receipt_view),
            wiping: snapshot.wiping,
            speaker_tested: snapshot.speaker_tested,
            recent: log.newest_first().map(past_call_view).collect(),
        }
    }
}

/// The room as the page draws it, but for its call, for a desk that hears of it over a line.
#[must_use]
pub fn room_view(snapshot: &Snapshot, now: RoomTime, room: &str) -> serde_json::Value {
    let log = CallLog::default();
    let view = RoomView { call: None, ..RoomView::new(snapshot, now, room, &log) };
    serde_json::to_value(view).unwrap_or_default()
}

impl RoomView<'_> {
    /// Whether it holds what the patient shared.
    pub(super) const fn shares(&self) -> bool {
        self.shared.is_some()
    }
}

fn part_at(session: &SessionView, now: RoomTime) -> &'static str {
    session.clock_ms(now).map_or(session.part, |clock_ms| session.arc.part_at(clock_ms)).name()
}

fn clock_view(session: &SessionView, now: RoomTime) -> ClockView {
    let arc = session.arc;
    ClockView {
        clock_ms: session.clock_ms(now),
        running: session.running,
        paused: session.paused,
        landed: session.landed,
        speed: session.speed,
        infusion_ms: arc.infusion_ms,
        peak_from_ms: arc.peak_from_ms,
        return_from_ms: arc.return_from_ms,
        landing_from_ms: arc.landing_from_ms,
        end_ms: arc.end_ms,
        ended: arc.ended,
    }
}

fn receipt_view(receipt: &Receipt) -> ReceiptView<'_> {
    ReceiptView {
        number: receipt.number,
        at: &receipt.at,
        verified: receipt.is_verified(),
        checks: receipt.checks.iter().map(|check| CheckView { name: &check.name, ok: check.ok }).collect(),
        chain: &receipt.chain,
    }
}

pub(super) fn past_call_view(past: &PastCall) -> PastCallView<'_> {
    PastCallView {
        id: past.id,
        practice: past.practice,
        at: &past.at,
        name: past.name.as_deref(),
        received_ms: past.received_ms(),
        coming_ms: past.coming_ms(),
        here_ms: past.here_ms(),
        cleared_ms: past.cleared_ms(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::call::CallId;
    use crate::room::notes::PatientText;
    use crate::room::{Event, Room, Rules};

    fn json(room: &Room, now: u64) -> serde_json::Value {
        let now = RoomTime(now);
        serde_json::to_value(RoomView::new(&room.snapshot(now), now, "Room 2", &CallLog::default())).unwrap()
    }

    #[test]
    fn only_what_the_patient_shares_reaches_the_page_and_only_during_the_visit() {
        let mut room = Room::new(Rules::default());
        let tell = |room: &mut Room, event| room.handle(RoomTime(1), event).unwrap();
        tell(&mut room, Event::VisitBegins);
        tell(&mut room, Event::NoteTyped { text: PatientText::new("a white horse") });
        tell(&mut room, Event::IntentionWritten { question: 0, text: PatientText::new("a red boat") });
        tell(&mut room, Event::ForClinicianWritten { text: PatientText::new("needles frighten me") });
        let unshared = json(&room, 2).to_string();
        for words in ["horse", "boat", "needles"] {
            assert!(!unshared.contains(words), "{words}");
        }
        tell(&mut room, Event::ForClinicianShared { on: true });
        assert_eq!(json(&room, 2)["shared"], "needles frighten me");
        assert!(!json(&room, 2).to_string().contains("horse"));
        tell(&mut room, Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
        assert_eq!(json(&room, 2)["shared"], "needles frighten me");
        tell(&mut room, Event::Farewell);
        assert_eq!(json(&room, 2)["shared"], serde_json::Value::Null);
    }

    #[test]
    fn calls_travel_as_text_and_times_as_ages() {
        let mut room = Room::new(Rules::default());
        let id = CallId(u128::MAX / 3);
        room.handle(RoomTime(1_000), Event::CallPressed { id, practice: true }).unwrap();
        room.handle(RoomTime(1_500), Event::CallSent { id }).unwrap();
        let call = &json(&room, 4_000)["call"];
        let text = call["id"].as_str().unwrap();
        assert_eq!(text.len(), 26);
        assert_eq!(Ulid::from_string(text).map(|ulid| ulid.0), Ok(id.0));
        assert_eq!((&call["placed_ago_ms"], &call["phase_ago_ms"]), (&3_000.into(), &2_500.into()));
        assert_eq!((&call["phase"], &call["practice"]), (&"sent".into(), &true.into()));
    }
}
