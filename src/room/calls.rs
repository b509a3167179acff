//! Owns how the room takes what happens to a call and to the desks. The call's own states are in [`super::call`].

use super::names::person;
use super::{Call, CallId, CallPhase, DESKS_MAX, ENDED_MAX, Effect, Event, Refusal, Room, RoomTime, Stage};

impl Room {
    pub(super) fn take_call(&mut self, now: RoomTime, event: Event) -> Result<(), Refusal> {
        let mut effects = Vec::new();
        match event {
            Event::CallPressed { id, practice } => match &mut self.call {
                // A real press during a practice call is a real call.
                Some(open) if open.practice && !practice => {
                    let practice = open.id;
                    self.ended(practice);
                    self.call = Some(Call::placed(now, id, false, &mut effects));
                }
                Some(open) => open.pressed_again(&mut effects),
                None => self.call = Some(Call::placed(now, id, practice, &mut effects)),
            },
            Event::CallJournaled { id, ok } => self.named_call(id)?.journaled(ok),
            Event::CallSent { id } => self.named_call(id)?.sent(now),
            Event::CallReceived { id, desk } => {
                if !self.desks.contains(&desk) {
                    return Err(Refusal::NoSuchCall);
                }
                self.named_call(id)?.received(now, desk, &mut effects);
            }
            Event::CallComing { id, name } => {
                let name = person(&name).map_err(Refusal::Name)?;
                let call = self.named_call(id)?;
                if call.phase == CallPhase::Here {
                    return Ok(());
                }
                call.coming(now, name, &mut effects);
            }
            Event::CallHere { id } => {
                let call = self.call.as_mut().filter(|call| id.is_none_or(|id| id == call.id));
                call.ok_or(Refusal::NoSuchCall)?.here(now);
            }
            Event::CallCleared => {
                let call = self.call.take().ok_or(Refusal::NoSuchCall)?;
                self.ended(call.id);
            }
            Event::StaffTouched => {
                if let Some(call) = &mut self.call {
                    call.staff_touched(now);
                }
            }
            Event::DeskSeen { desk } => {
                if self.desks.len() >= DESKS_MAX && !self.desks.contains(&desk) {
                    return Err(Refusal::TooManyDesks);
                }
                self.desks.insert(desk);
            }
            Event::DeskGone { desk } => {
                self.desks.remove(&desk);
                if let Some(call) = &mut self.call {
                    call.desk_gone(now, desk);
                }
            }
            _ => {}
        }
        self.effects.extend(effects);
        // The line of an empty room is proved once a desk shows the practice call.
        let is_answered = |call: &Call| call.practice && call.phase >= CallPhase::Received;
        if matches!(self.stage, Stage::Turnover | Stage::Ready) && self.call.as_ref().is_some_and(is_answered) {
            self.call_tested = true;
        }
        Ok(())
    }

    /// A practice call never stands in the way of what comes next.
    pub(super) fn end_practice(&mut self) {
        if let Some(call) = self.call.take_if(|call| call.practice) {
            self.ended(call.id);
        }
    }

    fn ended(&mut self, id: CallId) {
        self.effects.push_back(Effect::EndCall { id });
        if self.ended.len() >= ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(id);
    }

    fn named_call(&mut self, id: CallId) -> Result<&mut Call, Refusal> {
        self.call.as_mut().filter(|call| call.id == id).ok_or(Refusal::NoSuchCall)
    }
}
