//! Owns the log lines about the steps of a turnover. They name the step and, after a wipe, the number of the receipt.
//! They contain nothing about a person.

use crate::room::{Snapshot, Stage};

/// Logs each step of a turnover once. The first snapshot logs nothing, because its steps were done before the program
/// started.
#[derive(Debug, Default)]
pub struct TurnoverLog {
    /// The steps in the last snapshot; `None` before the first.
    known: Option<TurnoverSteps>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct TurnoverSteps {
    stage: Stage,
    receipt: Option<u64>,
    surface: bool,
    speaker: bool,
    call: bool,
}

/// A log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TurnoverNews {
    Wiped { receipt: u64, is_verified: bool },
    Step(&'static str),
    Ready { surface: bool, speaker: bool, call: bool },
}

impl TurnoverLog {
    /// Logs the steps that are new in this snapshot.
    pub fn update(&mut self, snapshot: &Snapshot) {
        for news in self.news(snapshot) {
            match news {
                TurnoverNews::Wiped { receipt, is_verified: true } => {
                    tracing::info!(receipt, "turnover: wiped and verified");
                }
                TurnoverNews::Wiped { receipt, is_verified: false } => {
                    tracing::warn!(receipt, "turnover: the wipe is not verified; the room takes no patient");
                }
                TurnoverNews::Step(step) => tracing::info!("turnover: {step}"),
                TurnoverNews::Ready { surface, speaker, call } => {
                    tracing::info!(surface, speaker, call, "turnover: the room is ready");
                }
            }
        }
    }

    fn news(&mut self, snapshot: &Snapshot) -> Vec<TurnoverNews> {
        let now = TurnoverSteps {
            stage: snapshot.stage,
            receipt: snapshot.receipt.as_ref().map(|receipt| receipt.number),
            surface: snapshot.surface_cleaned,
            speaker: snapshot.speaker_tested,
            call: snapshot.call_tested,
        };
        let Some(before) = self.known.replace(now.clone()) else { return Vec::new() };
        let mut news = Vec::new();
        if let Some(receipt) = snapshot.receipt.as_ref().filter(|_| now.receipt != before.receipt) {
            news.push(TurnoverNews::Wiped { receipt: receipt.number, is_verified: receipt.is_verified() });
        }
        for (step, is_done, was_done) in [
            ("the surface is cleaned", now.surface, before.surface),
            ("the test tone was heard", now.speaker, before.speaker),
            ("a desk received the test call", now.call, before.call),
        ] {
            if is_done && !was_done {
                news.push(TurnoverNews::Step(step));
            }
        }
        if now.stage != before.stage && now.stage == Stage::Ready {
            let TurnoverSteps { surface, speaker, call, .. } = now;
            news.push(TurnoverNews::Ready { surface, speaker, call });
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::snapshot::Receipt;
    use crate::room::{Room, RoomTime, Rules};

    fn receipt(number: u64) -> Receipt {
        Receipt { number, at: String::new(), room: String::new(), checks: Vec::new(), chain: String::new() }
    }

    #[test]
    fn only_what_has_changed_since_the_start_of_the_program_is_logged() {
        let mut snapshot = Room::new(Rules::default()).snapshot(RoomTime(0));
        (snapshot.stage, snapshot.receipt, snapshot.surface_cleaned) = (Stage::Turnover, Some(receipt(6)), true);
        let mut log = TurnoverLog::default();
        assert_eq!(log.news(&snapshot), [], "the receipt and the cleaned surface are those of before");
        assert_eq!(log.news(&snapshot), []);
        snapshot.receipt = Some(receipt(7));
        let is_verified = receipt(7).is_verified();
        assert_eq!(log.news(&snapshot), [TurnoverNews::Wiped { receipt: 7, is_verified }]);
        snapshot.speaker_tested = true;
        assert_eq!(log.news(&snapshot), [TurnoverNews::Step("the test tone was heard")]);
        snapshot.stage = Stage::Ready;
        let ready = TurnoverNews::Ready { surface: true, speaker: true, call: false };
        assert_eq!(log.news(&snapshot), [ready]);
        assert_eq!(TurnoverLog::default().news(&snapshot), [], "it was ready when the program started");
    }
}
