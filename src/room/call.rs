//! Owns the state of a call: what must have happened for each word the patient reads, and every timer.
//! Does not own how a call travels, sounds or looks.

use std::time::Duration;

use super::DESKS_MAX;
use super::effect::Effect;
pub use super::ids::{CallId, DeskId};
use super::time::RoomTime;
use crate::vocabulary::signal::Signal;

/// *Calling* is shown by then, whether the journal has answered or not.
pub const SHOWN_AFTER: Duration = Duration::from_millis(300);
/// Without a desk's *Received* by then, the room says so.
pub const LINE_DOWN_AFTER: Duration = Duration::from_secs(5);
/// Unacknowledged for so long, the desk's tone rises.
pub const RISES_AFTER: Duration = Duration::from_secs(30);
/// Unacknowledged for so long, the call goes to the first step of the escalation list, where a clinic names no times.
/// It is counted from the press, since a call that no desk receives needs it most.
pub const ESCALATES_AFTER: Duration = Duration::from_mins(1);
/// The most steps an escalation list has.
pub const ESCALATION_STEPS_MAX: usize = 8;
/// *On the way* without *Here* for so long rings again.
pub const RINGS_AGAIN_AFTER: Duration = Duration::from_mins(2);
/// Presence lapses so long after the last staff touch.
pub const PRESENCE_LAPSES_AFTER: Duration = Duration::from_mins(3);

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallPhase {
    /// Pressed; the journal has it, or has had its time.
    Placed,
    /// A transport took it.
    Sent,
    /// A desk screen has shown it and said so.
    Received,
    /// A named person pressed *I'm coming*.
    OnTheWay,
    /// Someone is in the room.
    Here,
}

/// An open call.
// Each is a plain fact of its own, true or not at the same time as any other.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub id: CallId,
    /// Whether it is a practice call, marked so everywhere.
    pub practice: bool,
    /// How far it has come.
    pub phase: CallPhase,
    /// Since when it is in this phase.
    pub phase_since: RoomTime,
    /// When it was pressed.
    pub placed_at: RoomTime,
    /// Who is coming or here.
    pub name: Option<String>,
    /// How often it was pressed; each press rings the desk anew.
    pub presses: u32,
    /// Whether the room has said that it cannot reach the desk.
    pub line_down_told: bool,
    /// Whether the desk's tone has risen.
    pub risen: bool,
    /// How many steps of the escalation list it has gone since it was last acknowledged.
    pub escalated: usize,
    /// How often the list has started anew, because who was on the way or here is there no more.
    pub round: u32,
    /// Whether *Calling* may be shown.
    pub shown: bool,
    /// Whether the journal has it on disk.
    pub journaled: bool,
    unreceived_since: RoomTime,
    /// Since when nobody has acknowledged it; none while somebody is on the way or here.
    unacknowledged_since: Option<RoomTime>,
    desks: Vec<DeskId>,
}

impl Call {
    /// A call pressed at `now`. The sound starts and the sending starts; showing waits for the journal.
    pub(super) fn placed(now: RoomTime, id: CallId, practice: bool, effects: &mut Vec<Effect>) -> Self {
        effects.push(Effect::SendCall { id, practice, presses: 1 });
        effects.push(Effect::Signal(Signal::CallPlaced));
        Self {
            id,
            practice,
            phase: CallPhase::Placed,
            phase_since: now,
            placed_at: now,
            name: None,
            presses: 1,
            line_down_told: false,
            risen: false,
            escalated: 0,
            round: 0,
            shown: false,
            journaled: false,
            unreceived_since: now,
            unacknowledged_since: Some(now),
            desks: Vec::new(),
        }
    }

    /// Pressed again while open: nothing changes but that the desk rings anew.
    pub(super) fn pressed_again(&mut self, effects: &mut Vec<Effect>) {
        self.presses = self.presses.saturating_add(1);
        effects.push(Effect::SendCall { id: self.id, practice: self.practice, presses: self.presses });
        effects.push(Effect::Signal(Signal::CallPlaced));
    }

    /// The journal answered.
    pub(super) fn journaled(&mut self, ok: bool) {
        self.shown = true;
        self.journaled = ok;
    }

    /// A transport took it.
    pub(super) fn sent(&mut self, now: RoomTime) {
        if self.phase == CallPhase::Placed {
            self.enter(CallPhase::Sent, now);
        }
    }

    /// A desk screen has rendered it.
    pub(super) fn received(&mut self, now: RoomTime, desk: DeskId, effects: &mut Vec<Effect>) {
        if !self.desks.contains(&desk) && self.desks.len() < DESKS_MAX {
            self.desks.push(desk);
        }
        if self.phase < CallPhase::Received {
            self.line_down_told = false;
            self.enter(CallPhase::Received, now);
            effects.push(Effect::Signal(Signal::DeskHasIt));
        }
    }

    /// A named person is coming.
    pub(super) fn coming(&mut self, now: RoomTime, name: String, effects: &mut Vec<Effect>) {
        // Lines may deliver twice: the same person is told once, and their time is not lengthened.
        if self.phase == CallPhase::OnTheWay && !self.risen && self.name.as_ref() == Some(&name) {
            return;
        }
        self.line_down_told = false;
        self.risen = false;
        self.name = Some(name);
        self.acknowledged();
        self.enter(CallPhase::OnTheWay, now);
        effects.push(Effect::Signal(Signal::SomeoneComing));
    }

    /// Someone is in the room.
    pub(super) fn here(&mut self, now: RoomTime) {
        self.line_down_told = false;
        self.risen = false;
        self.acknowledged();
        self.enter(CallPhase::Here, now);
    }

    /// Staff touched something; presence lasts on.
    pub(super) fn staff_touched(&mut self, now: RoomTime) {
        if self.phase == CallPhase::Here {
            self.phase_since = now;
        }
    }

    /// A desk is gone. If it was the last that had this call, nobody has it.
    pub(super) fn desk_gone(&mut self, now: RoomTime, desk: DeskId) {
        self.desks.retain(|known| *known != desk);
        if self.desks.is_empty() && self.phase == CallPhase::Received {
            self.lost_by_desks(now);
        }
    }

    /// The program came back after a stop: no desk is known to have it any more, and it goes out again.
    pub(super) fn resumed(&mut self, now: RoomTime, effects: &mut Vec<Effect>) {
        // It came out of the journal, so it is in the journal.
        self.shown = true;
        self.journaled = true;
        self.desks.clear();
        if self.phase <= CallPhase::Received {
            self.lost_by_desks(now);
        }
        effects.push(Effect::SendCall { id: self.id, practice: self.practice, presses: self.presses });
        // A step may have been on its way when the program stopped. Whoever took it knows its name and passes it over.
        effects.extend((0..self.escalated).map(|step| self.escalation_step(step)));
    }

    /// Carries out every timer that has run out by `now`. `escalation` holds the times of the list's steps, in order.
    pub(super) fn handle_timeout(&mut self, now: RoomTime, escalation: &[Duration], effects: &mut Vec<Effect>) {
        if !self.shown && now >= self.placed_at + SHOWN_AFTER {
            self.shown = true;
        }
        match self.phase {
            CallPhase::Placed | CallPhase::Sent => {
                if !self.line_down_told && now >= self.unreceived_since + LINE_DOWN_AFTER {
                    self.line_down_told = true;
                    effects.push(Effect::Signal(if self.practice {
                        Signal::PracticeLineDown
                    } else {
                        Signal::LineDown
                    }));
                    effects.push(Effect::SendCall { id: self.id, practice: self.practice, presses: self.presses });
                }
            }
            CallPhase::Received => {
                self.risen |= now >= self.phase_since + RISES_AFTER;
            }
            CallPhase::OnTheWay => {
                if !self.risen && now >= self.phase_since + RINGS_AGAIN_AFTER {
                    self.risen = true;
                    self.list_starts_anew(now);
                    self.ring_again(now, effects);
                }
            }
            CallPhase::Here => {
                if now >= self.phase_since + PRESENCE_LAPSES_AFTER {
                    self.name = None;
                    self.risen = true;
                    self.list_starts_anew(now);
                    self.enter(CallPhase::Received, now);
                    self.ring_again(now, effects);
                }
            }
        }
        while let Some(due) = self.escalates_at(escalation)
            && now >= due
        {
            effects.push(self.escalation_step(self.escalated));
            self.escalated += 1;
        }
    }

    /// When the next step of the list is due. A practice call troubles nobody beyond the desk.
    fn escalates_at(&self, escalation: &[Duration]) -> Option<RoomTime> {
        let since = self.unacknowledged_since.filter(|_| !self.practice)?;
        escalation.get(self.escalated).map(|after| since + *after)
    }

    fn escalation_step(&self, step: usize) -> Effect {
        Effect::Escalate { id: self.id, round: self.round, step }
    }

    fn acknowledged(&mut self) {
        self.unacknowledged_since = None;
        self.escalated = 0;
    }

    /// Nobody came after all. The round follows from what the journal holds, so that a replay gives the same one.
    fn list_starts_anew(&mut self, now: RoomTime) {
        self.unacknowledged_since = Some(now);
        self.round = self.round.saturating_add(1);
    }

    /// When the next timer runs out.
    pub(super) fn poll_timeout(&self, escalation: &[Duration]) -> Option<RoomTime> {
        let shown = (!self.shown).then_some(self.placed_at + SHOWN_AFTER);
        let phase = match self.phase {
            CallPhase::Placed | CallPhase::Sent => {
                (!self.line_down_told).then_some(self.unreceived_since + LINE_DOWN_AFTER)
            }
            CallPhase::Received => (!self.risen).then_some(self.phase_since + RISES_AFTER),
            CallPhase::OnTheWay => (!self.risen).then_some(self.phase_since + RINGS_AGAIN_AFTER),
            CallPhase::Here => Some(self.phase_since + PRESENCE_LAPSES_AFTER),
        };
        shown.into_iter().chain(phase).chain(self.escalates_at(escalation)).min()
    }

    fn ring_again(&mut self, now: RoomTime, effects: &mut Vec<Effect>) {
        self.presses = self.presses.saturating_add(1);
        if self.desks.is_empty() {
            self.lost_by_desks(now);
        }
        effects.push(Effect::SendCall { id: self.id, practice: self.practice, presses: self.presses });
    }

    fn lost_by_desks(&mut self, now: RoomTime) {
        self.unreceived_since = now;
        self.line_down_told = false;
        self.risen = false;
        self.name = None;
        if self.phase > CallPhase::Placed {
            self.enter(CallPhase::Sent, now);
        }
    }

    fn enter(&mut self, phase: CallPhase, now: RoomTime) {
        self.phase = phase;
        self.phase_since = now;
    }
}
