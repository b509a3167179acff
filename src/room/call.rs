//! Owns the state of a call, all its timers, and the rules for what the patient may be shown and when. Does not own how
//! a call is transported, how it sounds or how it looks.

use std::collections::VecDeque;
use std::time::Duration;

use super::DESKS_MAX;
use super::effect::Effect;
pub use super::ids::{CallId, DeskId};
use super::time::RoomTime;
use crate::vocabulary::patient::CallReason;
use crate::vocabulary::signal::Signal;

/// Maximum time from the press until the tablet shows *Calling* and the room's own desk sees the call, even if the
/// journal has not answered.
pub const SHOWN_AFTER: Duration = Duration::from_millis(300);
/// If no desk has received the call after this time, the room says that no desk can be reached.
pub const NO_DESK_AFTER: Duration = Duration::from_secs(5);
/// If nobody has acknowledged a received call after this time, the desk's tone rises, that is, becomes more urgent.
pub const RISES_AFTER: Duration = Duration::from_secs(30);
/// Default delay of the first step of the escalation list. It counts from the press and not from *Received*, because a
/// call that no desk receives needs the list most. If a responder does not come in time or their presence lapses, the
/// delay counts from that moment instead.
pub const ESCALATES_AFTER: Duration = Duration::from_mins(1);
/// Maximum number of steps in the escalation list.
pub const ESCALATION_STEPS_MAX: usize = 8;
/// If *On the way* is not followed by *Here* within this time, the call rings again.
pub const RINGS_AGAIN_AFTER: Duration = Duration::from_mins(2);
/// If staff do not touch the tablet for this long after *Here*, nobody counts as present any more, and the call rings
/// again.
pub const PRESENCE_LAPSES_AFTER: Duration = Duration::from_mins(3);

/// The phases of a call, in order of progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallPhase {
    /// The call button was pressed. The call is shown once the journal has written it or failed to, or after
    /// [`SHOWN_AFTER`].
    Placed,
    /// A transport accepted the call.
    Sent,
    /// A desk confirmed that one of its pages has drawn the call.
    Received,
    /// A named person pressed *I'm coming*.
    OnTheWay,
    /// Someone is in the room.
    Here,
}

impl CallPhase {
    /// Whether a desk has received the call.
    #[must_use]
    pub fn is_received(self) -> bool {
        self >= Self::Received
    }
}

/// An open call.
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Identifies the call to desks and in the journal.
    pub id: CallId,
    /// Whether it is a practice call, which is marked as such everywhere.
    pub practice: bool,
    /// How far the call has come.
    pub phase: CallPhase,
    /// When the call entered this phase or, in [`CallPhase::Here`], when staff last touched the tablet.
    pub phase_since: RoomTime,
    /// When the call button was first pressed for this call.
    pub placed_at: RoomTime,
    /// The name of the person who is coming or here, if it is known.
    pub responder: Option<String>,
    /// The reason that the patient chose, if any. The call proceeds in the same way with or without a reason.
    pub reason: Option<CallReason>,
    /// Number of presses and renewed alarms. Whenever the number grows, the desk rings again.
    pub presses: u32,
    /// Whether the room has told the patient that no desk can be reached. In messages, this field is `line_down_told`.
    pub no_desk_told: bool,
    /// Whether the desk's tone has risen; see [`RISES_AFTER`].
    pub tone_raised: bool,
    /// Number of escalation steps taken since the call was last left unacknowledged.
    pub escalation_steps: usize,
    /// How many times the escalation list has started over, because a responder did not come or their presence lapsed.
    pub escalation_round: u32,
    /// Whether the call may be shown on the tablet and at the room's own desk. Until then, the snapshot does not
    /// contain the call.
    pub shown: bool,
    /// Whether the call is in the journal on disk.
    pub journaled: bool,
    unreceived_since: RoomTime,
    /// When the call was last left unacknowledged. `None` while somebody has answered, until that person is overdue or
    /// presence lapses.
    unacknowledged_since: Option<RoomTime>,
    desks: Vec<DeskId>,
}

impl Call {
    /// Places a call at `now`. A signal sounds, and the call is sent immediately, to the broker and to the nurse-call
    /// contact. The screen and the room's own desk show it only when `shown` is set.
    pub(super) fn place(now: RoomTime, id: CallId, practice: bool, effects: &mut VecDeque<Effect>) -> Self {
        let call = Self {
            id,
            practice,
            phase: CallPhase::Placed,
            phase_since: now,
            placed_at: now,
            responder: None,
            reason: None,
            presses: 1,
            no_desk_told: false,
            tone_raised: false,
            escalation_steps: 0,
            escalation_round: 0,
            shown: false,
            journaled: false,
            unreceived_since: now,
            unacknowledged_since: Some(now),
            desks: Vec::new(),
        };
        effects.extend([call.send(), Effect::Signal(Signal::CallPlaced)]);
        call
    }

    /// Handles another press of the call button while the call is open. The signal sounds and the call is sent again,
    /// so that the desk rings again; nothing else changes.
    pub(super) fn press_again(&mut self, effects: &mut VecDeque<Effect>) {
        self.presses = self.presses.saturating_add(1);
        effects.extend([self.send(), Effect::Signal(Signal::CallPlaced)]);
    }

    /// Handles the journal's answer. The call is shown even if it could not be written.
    pub(super) fn on_journaled(&mut self, ok: bool) {
        self.shown = true;
        self.journaled = ok;
    }

    /// Handles the report that a transport accepted the call.
    pub(super) fn on_sent(&mut self, now: RoomTime) {
        if self.phase == CallPhase::Placed {
            self.enter(CallPhase::Sent, now);
        }
    }

    /// Handles a desk's confirmation that it has received the call.
    pub(super) fn on_received(&mut self, now: RoomTime, desk: DeskId, effects: &mut VecDeque<Effect>) {
        if !self.desks.contains(&desk) && self.desks.len() < DESKS_MAX {
            self.desks.push(desk);
        }
        if !self.phase.is_received() {
            self.no_desk_told = false;
            self.enter(CallPhase::Received, now);
            effects.push_back(Effect::Signal(Signal::DeskHasIt));
        }
    }

    /// Handles *I'm coming* from a person, whose name may be unknown. Changes nothing once someone is here.
    pub(super) fn on_coming(&mut self, now: RoomTime, responder: Option<String>, effects: &mut VecDeque<Effect>) {
        // A transport may deliver a message twice. The repeat must neither cause another signal nor give the responder
        // more time.
        let is_repeat = self.phase == CallPhase::OnTheWay && !self.tone_raised && self.responder == responder;
        if is_repeat || self.phase == CallPhase::Here {
            return;
        }
        self.responder = responder;
        self.acknowledge();
        self.enter(CallPhase::OnTheWay, now);
        effects.push_back(Effect::Signal(Signal::SomeoneComing));
    }

    /// Handles the arrival of someone in the room.
    pub(super) fn on_here(&mut self, now: RoomTime) {
        self.acknowledge();
        self.enter(CallPhase::Here, now);
    }

    /// Stores the reason that the patient chose. A later reason replaces an earlier one.
    pub(super) fn on_reason(&mut self, reason: CallReason) {
        self.reason = Some(reason);
    }

    /// Handles a touch by staff, which extends their presence.
    pub(super) fn on_staff_touch(&mut self, now: RoomTime) {
        if self.phase == CallPhase::Here {
            self.phase_since = now;
        }
    }

    /// Handles the loss of a desk. If no other desk has the call and nobody has answered it, the call no longer counts
    /// as received.
    pub(super) fn on_desk_disconnected(&mut self, now: RoomTime, desk: DeskId) {
        self.desks.retain(|known| *known != desk);
        if self.desks.is_empty() && self.phase == CallPhase::Received {
            self.fall_back_to_sent(now);
        }
    }

    /// Handles a restart of the program. No desk is known to have the call any more, so the call is sent again.
    pub(super) fn on_restart(&mut self, now: RoomTime, effects: &mut VecDeque<Effect>) {
        // The call was replayed from the journal, so it is on disk and may be shown.
        self.shown = true;
        self.journaled = true;
        self.desks.clear();
        if self.phase <= CallPhase::Received {
            self.fall_back_to_sent(now);
        }
        effects.push_back(self.send());
        // The program may have been killed while sending a step, so all steps of the round are sent again. Recipients
        // recognise a repeat by its round and step.
        effects.extend((0..self.escalation_steps).map(|step| self.escalate(step)));
    }

    /// Handles every timer that has expired by `now`. `escalation` holds the delays of the list's steps, in order.
    pub(super) fn handle_timeout(&mut self, now: RoomTime, escalation: &[Duration], effects: &mut VecDeque<Effect>) {
        if !self.shown && now >= self.placed_at + SHOWN_AFTER {
            self.shown = true;
        }
        match self.phase {
            CallPhase::Placed | CallPhase::Sent => {
                if !self.no_desk_told && now >= self.unreceived_since + NO_DESK_AFTER {
                    self.no_desk_told = true;
                    let signal = if self.practice { Signal::PracticeNoDesk } else { Signal::NoDesk };
                    effects.extend([Effect::Signal(signal), self.send()]);
                }
            }
            CallPhase::Received => {
                self.tone_raised |= now >= self.phase_since + RISES_AFTER;
            }
            CallPhase::OnTheWay => {
                if !self.tone_raised && now >= self.phase_since + RINGS_AGAIN_AFTER {
                    self.tone_raised = true;
                    self.restart_escalation(now);
                    self.ring_again(now, effects);
                }
            }
            CallPhase::Here => {
                if now >= self.phase_since + PRESENCE_LAPSES_AFTER {
                    self.responder = None;
                    self.tone_raised = true;
                    self.restart_escalation(now);
                    self.enter(CallPhase::Received, now);
                    self.ring_again(now, effects);
                }
            }
        }
        while let Some(due) = self.next_escalation(escalation)
            && now >= due
        {
            effects.push_back(self.escalate(self.escalation_steps));
            self.escalation_steps += 1;
        }
    }

    /// Returns when the next timer expires, or `None` if none is running.
    pub(super) fn poll_timeout(&self, escalation: &[Duration]) -> Option<RoomTime> {
        let shown = (!self.shown).then_some(self.placed_at + SHOWN_AFTER);
        let phase = match self.phase {
            CallPhase::Placed | CallPhase::Sent => {
                (!self.no_desk_told).then_some(self.unreceived_since + NO_DESK_AFTER)
            }
            CallPhase::Received => (!self.tone_raised).then_some(self.phase_since + RISES_AFTER),
            CallPhase::OnTheWay => (!self.tone_raised).then_some(self.phase_since + RINGS_AGAIN_AFTER),
            CallPhase::Here => Some(self.phase_since + PRESENCE_LAPSES_AFTER),
        };
        shown.into_iter().chain(phase).chain(self.next_escalation(escalation)).min()
    }

    /// Returns when the next step of the escalation list is due. `None` if no step is left, someone has answered, or
    /// the call is a practice call, which is never escalated.
    fn next_escalation(&self, escalation: &[Duration]) -> Option<RoomTime> {
        let since = self.unacknowledged_since.filter(|_| !self.practice)?;
        escalation.get(self.escalation_steps).map(|delay| since + *delay)
    }

    fn send(&self) -> Effect {
        Effect::SendCall { id: self.id, practice: self.practice, presses: self.presses }
    }

    fn escalate(&self, step: usize) -> Effect {
        Effect::Escalate { id: self.id, round: self.escalation_round, step }
    }

    fn acknowledge(&mut self) {
        self.no_desk_told = false;
        self.tone_raised = false;
        self.unacknowledged_since = None;
        self.escalation_steps = 0;
    }

    /// Starts the escalation list over, because the responder did not come or their presence lapsed. The new round
    /// number shows recipients that the alarm is not a repeat.
    fn restart_escalation(&mut self, now: RoomTime) {
        self.unacknowledged_since = Some(now);
        self.escalation_round = self.escalation_round.saturating_add(1);
    }

    fn ring_again(&mut self, now: RoomTime, effects: &mut VecDeque<Effect>) {
        self.presses = self.presses.saturating_add(1);
        if self.desks.is_empty() {
            self.fall_back_to_sent(now);
        }
        effects.push_back(self.send());
    }

    /// Returns to *Sent*, because no desk has the call any more. A call that is still *Placed* remains so.
    fn fall_back_to_sent(&mut self, now: RoomTime) {
        self.unreceived_since = now;
        self.no_desk_told = false;
        self.tone_raised = false;
        self.responder = None;
        if self.phase > CallPhase::Placed {
            self.enter(CallPhase::Sent, now);
        }
    }

    fn enter(&mut self, phase: CallPhase, now: RoomTime) {
        self.phase = phase;
        self.phase_since = now;
    }
}
