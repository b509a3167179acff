//! Owns the JSON line in which headless mode reports the state of the room. The line contains nothing that a patient
//! wrote.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::room::call::{Call, CallPhase};
use crate::room::snapshot::{Receipt, Trouble, WipeCheck};
use crate::room::take_home::TakeHomeMethod;
use crate::room::timeline::{MINUTE_MS, Part};
use crate::room::{RoomTime, Snapshot};
use crate::vocabulary::patient::CallReason;

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the contract names each of them as a key of its own")]
struct SnapshotLine<'s> {
    stage: &'static str,
    part: Option<&'static str>,
    call: CallWord,
    call_reason: Option<&'static str>,
    practice: bool,
    line_down_told: bool,
    profile: &'s str,
    place: &'static str,
    session_ms: u64,
    infusion_ms: u64,
    paused: bool,
    landed: bool,
    volume_db: f64,
    breath: bool,
    dark: bool,
    calm: bool,
    desk_connected: bool,
    line: LineWord,
    note_pages: usize,
    ways: Vec<&'static str>,
    taking: BTreeMap<&'static str, &'static str>,
    trouble: Vec<&'static str>,
    receipt: Option<ShownReceipt<'s>>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum CallWord {
    Idle,
    Placed,
    Sent,
    Received,
    OnTheWay,
    Here,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum LineWord {
    Up,
    Down,
}

#[derive(Serialize)]
struct ShownReceipt<'s> {
    number: u64,
    at: &'s str,
    verified: bool,
    checks: Vec<ShownCheck<'s>>,
    chain: &'s str,
}

#[derive(Serialize)]
struct ShownCheck<'s> {
    name: &'s str,
    ok: bool,
}

/// Encodes the state of the room at `now` as one JSON object without line breaks.
#[must_use]
pub fn snapshot_line(snapshot: &Snapshot, now: RoomTime) -> String {
    serde_json::to_string(&SnapshotLine::new(snapshot, now))
        .unwrap_or_else(|_| r#"{"error":"the room cannot be put in a line"}"#.to_owned())
}

impl<'s> SnapshotLine<'s> {
    fn new(snapshot: &'s Snapshot, now: RoomTime) -> Self {
        // Names every field, so that a new field breaks the build until somebody decides whether to show it or leave it
        // out.
        let Snapshot {
            taken_at: _,
            stage,
            visit_began_at: _,
            session,
            call,
            ended_calls: _,
            profile,
            infusion_minutes,
            place,
            place_on_arrival: _,
            language: _,
            hand: _,
            type_size: _,
            volume_db,
            breath,
            dark,
            dark_panel_until: _,
            anchor: _,
            calm,
            sound: _,
            silence: _,
            skips: _,
            brightness_trim: _,
            intensity_nudge: _,
            talk_now: _,
            desks: _,
            notes,
            note_limits: _,
            take_home,
            troubles,
            receipt,
            surface_cleaned: _,
            speaker_tested: _,
            call_tested: _,
            wiping: _,
        } = snapshot;
        let clock_ms = session.and_then(|session| session.clock_ms(now));
        Self {
            stage: stage.name(),
            part: session.map(|session| clock_ms.map_or(Part::Settle, |at_ms| session.timeline.part_at(at_ms)).name()),
            call: call.as_ref().into(),
            call_reason: call.as_ref().and_then(|call| call.reason).map(CallReason::name),
            practice: call.as_ref().is_some_and(|call| call.practice),
            line_down_told: call.as_ref().is_some_and(|call| call.no_desk_told),
            profile,
            place: place.name(),
            session_ms: clock_ms.unwrap_or(0),
            infusion_ms: session
                .map_or(u64::from(*infusion_minutes) * MINUTE_MS, |session| session.timeline.infusion_ms),
            paused: session.is_some_and(|session| session.paused),
            landed: session.is_some_and(|session| clock_ms.is_some_and(|at_ms| at_ms >= session.timeline.end_ms)),
            // Rounded to tenths of a dB, a difference that nobody can hear. Without rounding, the f32 -30.1 would be
            // shown with many more digits as an f64.
            volume_db: (f64::from(*volume_db) * 10.0).round() / 10.0,
            breath: breath.is_some(),
            dark: *dark,
            calm: *calm,
            desk_connected: snapshot.is_line_up(),
            line: if snapshot.is_line_up() { LineWord::Up } else { LineWord::Down },
            note_pages: notes.written_pages(),
            ways: take_home.methods().map(TakeHomeMethod::name).collect(),
            taking: take_home.statuses.iter().map(|(method, status)| (method.name(), status.name())).collect(),
            trouble: troubles.iter().map(|trouble: &Trouble| trouble.name()).collect(),
            receipt: receipt.as_ref().map(ShownReceipt::from),
        }
    }
}

impl From<Option<&Call>> for CallWord {
    fn from(call: Option<&Call>) -> Self {
        match call.map(|call| call.phase) {
            None => Self::Idle,
            Some(CallPhase::Placed) => Self::Placed,
            Some(CallPhase::Sent) => Self::Sent,
            Some(CallPhase::Received) => Self::Received,
            Some(CallPhase::OnTheWay) => Self::OnTheWay,
            Some(CallPhase::Here) => Self::Here,
        }
    }
}

impl<'s> From<&'s Receipt> for ShownReceipt<'s> {
    fn from(receipt: &'s Receipt) -> Self {
        // The name of the room is left out, because every line comes from the same room.
        let Receipt { number, at, room: _, checks, chain } = receipt;
        let checks = checks.iter().map(|WipeCheck { name, ok }| ShownCheck { name, ok: *ok }).collect();
        Self { number: *number, at, verified: receipt.is_verified(), checks, chain }
    }
}
