//! Owns the log lines about the steps of a turnover. They name the step and, after a wipe, the number of the receipt.
//! They contain nothing about a person.

use crate::room::snapshot::Receipt;
use crate::room::{Snapshot, Stage};

/// Logs each step of a turnover once. A step that is still done when the program starts again is logged again.
#[derive(Debug, Default)]
pub struct TurnoverLog {
    logged: TurnoverSteps,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct TurnoverSteps {
    stage: Option<Stage>,
    receipt: Option<u64>,
    surface: bool,
    speaker: bool,
    call: bool,
}

impl TurnoverLog {
    /// Logs the steps that are new in this snapshot.
    pub fn update(&mut self, snapshot: &Snapshot) {
        let now = TurnoverSteps {
            stage: Some(snapshot.stage),
            receipt: snapshot.receipt.as_ref().map(|receipt| receipt.number),
            surface: snapshot.surface_cleaned,
            speaker: snapshot.speaker_tested,
            call: snapshot.call_tested,
        };
        let before = std::mem::replace(&mut self.logged, now.clone());
        if now == before {
            return;
        }
        if let Some(receipt) = snapshot.receipt.as_ref().filter(|_| now.receipt != before.receipt) {
            let Receipt { number, .. } = receipt;
            if receipt.is_verified() {
                tracing::info!(receipt = number, "turnover: wiped and verified");
            } else {
                tracing::warn!(receipt = number, "turnover: the wipe is not verified; the room takes no patient");
            }
        }
        for (step, is_done, was_done) in [
            ("the surface is cleaned", now.surface, before.surface),
            ("the test tone was heard", now.speaker, before.speaker),
            ("a desk received the test call", now.call, before.call),
        ] {
            if is_done && !was_done {
                tracing::info!("turnover: {step}");
            }
        }
        // A room that is ready when the program starts has not just become ready.
        if before.stage.is_some() && now.stage != before.stage && now.stage == Some(Stage::Ready) {
            let TurnoverSteps { surface, speaker, call, .. } = now;
            tracing::info!(surface, speaker, call, "turnover: the room is ready");
        }
    }
}
