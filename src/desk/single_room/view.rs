//! Owns the messages to a page of one room, as JSON. The room's own types are never serialised, because a new field
//! with a patient's data could then be sent by accident. Does not own [`RoomView`], which pages and the broker
//! connection share.

use serde::Serialize;

use super::state::SingleRoomDesk;
use crate::desk::page::place_pictures::PictureAddresses;
use crate::desk::page::recent_calls::{RecentCallView, RecentCalls};
use crate::line::message::CallState;
use crate::line::view::{CheckView, ClockView, Label, Offers, ReceiptView, RoomView};
use crate::room::call::DeskId;
use crate::room::snapshot::{Receipt, SessionView};
use crate::room::{RoomTime, Snapshot};
use crate::vocabulary::place::Place;

/// The first message of a stream, with everything that does not change while the page is open.
#[derive(Debug, Serialize)]
pub(super) struct SingleRoomHello<'a> {
    /// The page's id, which is a decimal number as text, because numbers in JavaScript cannot hold 64 bits.
    desk: String,
    version: &'static str,
    locale: &'a str,
    clinicians: &'a [String],
    #[serde(flatten)]
    offers: &'a Offers,
    places: Vec<&'static str>,
    pictures: PictureAddresses,
    signed_in: bool,
    previews: bool,
}

impl<'a> SingleRoomHello<'a> {
    pub(super) fn new(desk: &'a SingleRoomDesk, page: DeskId) -> Self {
        let hub = &desk.hub;
        Self {
            desk: page.0.to_string(),
            version: env!("CARGO_PKG_VERSION"),
            locale: &hub.options.locale,
            clinicians: &hub.options.clinicians,
            offers: &desk.offers,
            places: Place::ALL.iter().map(|place| place.name()).collect(),
            pictures: hub.pictures.addresses(),
            signed_in: hub.guard.needs_sign_in(),
            previews: desk.previews.is_some(),
        }
    }
}

/// The room, its call, and the recent calls.
#[derive(Debug, Serialize)]
pub(super) struct ShownView<'a> {
    #[serde(flatten)]
    view: RoomView,
    call: Option<CallState>,
    recent: Vec<RecentCallView<'a>>,
}

impl<'a> ShownView<'a> {
    pub(super) fn new(snapshot: &Snapshot, now: RoomTime, name: &str, recent_calls: &'a RecentCalls) -> Self {
        Self {
            view: room_view(snapshot, now, name),
            call: snapshot.call.as_ref().map(|call| CallState::of(call, now)),
            recent: recent_calls.views(),
        }
    }

    /// Returns whether the message contains what the patient shared.
    pub(super) const fn has_shared_words(&self) -> bool {
        self.view.shared.is_some()
    }
}

/// Returns the room as a page shows it, without its call.
#[must_use]
pub fn room_view(snapshot: &Snapshot, now: RoomTime, name: &str) -> RoomView {
    let is_shared = snapshot.stage.is_sharing() && snapshot.notes.shared;
    RoomView {
        room: name.into(),
        stage: snapshot.stage.name().into(),
        in_visit: snapshot.is_in_visit(),
        part: snapshot.session.map(|session| part_at(&session, now)),
        session: snapshot.session.map(|session| clock_view(&session, now)),
        profile: snapshot.profile.as_str().into(),
        infusion_minutes: Some(snapshot.infusion_minutes),
        place: snapshot.place.name().into(),
        language: snapshot.language.name().into(),
        volume_db: Some(snapshot.volume_db),
        breath: snapshot.breath.map(|breath| breath.running_at(now).0.name().into()),
        dark: snapshot.dark,
        anchor: snapshot.anchor,
        calm: snapshot.calm,
        silence: snapshot.silence,
        brightness_trim: Some(snapshot.brightness_trim),
        intensity_nudge: Some(snapshot.intensity_nudge),
        talk_now: snapshot.talk_now,
        desks: u32::try_from(snapshot.desks).unwrap_or(u32::MAX),
        line: if snapshot.is_line_up() { "up" } else { "down" }.into(),
        shared: is_shared.then(|| snapshot.notes.for_clinician.reveal().into()),
        troubles: snapshot.troubles.iter().map(|trouble| trouble.name().into()).collect(),
        receipt: snapshot.receipt.as_ref().map(receipt_view),
        wiping: snapshot.wiping,
        speaker_tested: snapshot.speaker_tested,
        offers: None,
    }
}

fn part_at(session: &SessionView, now: RoomTime) -> Label {
    session.clock_ms(now).map_or(session.part, |clock_ms| session.timeline.part_at(clock_ms)).name().into()
}

fn clock_view(session: &SessionView, now: RoomTime) -> ClockView {
    let arc = session.timeline;
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
        ended: arc.is_ended(),
    }
}

fn receipt_view(receipt: &Receipt) -> ReceiptView {
    let checks = receipt.checks.iter().map(|check| CheckView { name: check.name.as_str().into(), ok: check.ok });
    ReceiptView {
        number: receipt.number,
        at: receipt.at.as_str().into(),
        verified: receipt.is_verified(),
        checks: checks.collect(),
        chain: receipt.chain.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::room::call::CallId;
    use crate::room::notes::PatientText;
    use crate::room::{Event, Room, Rules};

    fn json(room: &Room, now: u64) -> serde_json::Value {
        let now = RoomTime(now);
        serde_json::to_value(ShownView::new(&room.snapshot(now), now, "Room 2", &RecentCalls::default())).unwrap()
    }

    #[test]
    fn only_what_the_patient_shared_reaches_the_page_and_only_during_the_visit() {
        let mut room = Room::new(Rules::default());
        let tell = |room: &mut Room, event| room.handle_input(RoomTime(1), event).unwrap();
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
        room.handle_input(RoomTime(1_000), Event::CallPressed { id, practice: true }).unwrap();
        room.handle_input(RoomTime(1_500), Event::CallSent { id }).unwrap();
        let call = &json(&room, 4_000)["call"];
        let text = call["id"].as_str().unwrap();
        assert_eq!(text.len(), 26);
        assert_eq!(Ulid::from_string(text).map(|ulid| ulid.0), Ok(id.0));
        assert_eq!((&call["placed_ago_ms"], &call["phase_ago_ms"]), (&3_000.into(), &2_500.into()));
        assert_eq!((&call["phase"], &call["practice"]), (&"sent".into(), &true.into()));
    }
}
