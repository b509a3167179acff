//! Owns the line in which the headless face tells how the room stands. It holds nothing a patient wrote.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::room::call::{Call, CallPhase};
use crate::room::snapshot::{Receipt, Trouble, WipeCheck};
use crate::room::take_home::TakeHomeMethod;
use crate::room::timeline::{MINUTE_MS, Part};
use crate::room::{RoomTime, Snapshot};

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the contract names each of them as a key of its own")]
struct RoomTold<'a> {
    stage: &'static str,
    part: Option<&'static str>,
    call: &'static str,
    practice: bool,
    line_down_told: bool,
    profile: &'a str,
    place: &'static str,
    session_ms: u64,
    infusion_ms: u64,
    paused: bool,
    landed: bool,
    volume_db: f64,
    breath: bool,
    dark: bool,
    desk_connected: bool,
    line: &'static str,
    note_pages: usize,
    ways: Vec<&'static str>,
    taking: BTreeMap<&'static str, &'static str>,
    trouble: Vec<&'static str>,
    receipt: Option<ReceiptTold<'a>>,
}

#[derive(Serialize)]
struct ReceiptTold<'a> {
    number: u64,
    at: &'a str,
    verified: bool,
    checks: Vec<CheckTold<'a>>,
    chain: &'a str,
}

#[derive(Serialize)]
struct CheckTold<'a> {
    name: &'a str,
    ok: bool,
}

/// The room at `now` as one JSON object without a line break.
#[must_use]
pub fn snapshot_line(snapshot: &Snapshot, now: RoomTime) -> String {
    let clock_ms = snapshot.session.and_then(|session| session.clock_ms(now));
    let told = RoomTold {
        stage: snapshot.stage.name(),
        part: snapshot
            .session
            .map(|session| clock_ms.map_or(Part::Settle, |clock_ms| session.timeline.part_at(clock_ms)).name()),
        call: call_word(snapshot.call.as_ref()),
        practice: snapshot.call.as_ref().is_some_and(|call| call.practice),
        line_down_told: snapshot.call.as_ref().is_some_and(|call| call.line_down_told),
        profile: &snapshot.profile,
        place: snapshot.place.name(),
        session_ms: clock_ms.unwrap_or(0),
        infusion_ms: snapshot
            .session
            .map_or(u64::from(snapshot.infusion_minutes) * MINUTE_MS, |session| session.timeline.infusion_ms),
        paused: snapshot.session.is_some_and(|session| session.paused),
        landed: snapshot
            .session
            .is_some_and(|session| clock_ms.is_some_and(|clock_ms| clock_ms >= session.timeline.end_ms)),
        // A tenth of a dB is as fine as anyone hears or sets, and reads as it was set.
        volume_db: (f64::from(snapshot.volume_db) * 10.0).round() / 10.0,
        breath: snapshot.breath.is_some(),
        dark: snapshot.dark,
        desk_connected: snapshot.is_line_up(),
        line: if snapshot.is_line_up() { "up" } else { "down" },
        note_pages: snapshot.notes.written_pages(),
        ways: snapshot.take_home.methods().map(TakeHomeMethod::name).collect(),
        taking: snapshot.take_home.statuses.iter().map(|(way, going)| (way.name(), going.name())).collect(),
        trouble: snapshot.troubles.iter().map(|trouble: &Trouble| trouble.name()).collect(),
        receipt: snapshot.receipt.as_ref().map(receipt_line),
    };
    serde_json::to_string(&told).unwrap_or_else(|_| r#"{"error":"the room cannot be put in a line"}"#.to_owned())
}

const fn call_word(call: Option<&Call>) -> &'static str {
    match call {
        None => "idle",
        Some(call) => match call.phase {
            CallPhase::Placed => "placed",
            CallPhase::Sent => "sent",
            CallPhase::Received => "received",
            CallPhase::OnTheWay => "on_the_way",
            CallPhase::Here => "here",
        },
    }
}

fn receipt_line(receipt: &Receipt) -> ReceiptTold<'_> {
    ReceiptTold {
        number: receipt.number,
        at: &receipt.at,
        verified: receipt.is_verified(),
        checks: receipt.checks.iter().map(|WipeCheck { name, ok }| CheckTold { name, ok: *ok }).collect(),
        chain: &receipt.chain,
    }
}
