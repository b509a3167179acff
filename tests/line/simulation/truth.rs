//! Owns the invariants of the simulation. Some must hold at every step, the others at the end.

use super::*;

impl World {
    pub(super) fn judge_room(&mut self, at: usize) {
        let now = self.room_time(at);
        let Some(call) = self.rooms[at].room.snapshot(now).call else {
            self.rooms[at].held_since_ms = None;
            return;
        };
        let truth = &self.calls[&call.id.0];
        self.holds(!truth.cleared || truth.reopened > 0, "a call that was cleared is open");
        match call.phase {
            CallPhase::Placed | CallPhase::Sent => {
                let since = call.phase_since.max(self.rooms[at].base);
                let unsaid = now.since(since).as_millis() > 5_100 && !call.no_desk_told;
                let pressed_long_ago = now.since(call.placed_at).as_millis() > 5_100;
                self.holds(!(unsaid && pressed_long_ago), "no desk has it and the room does not report it");
            }
            CallPhase::Received => self.holds(truth.drawn || truth.here, "received, but no desk has drawn it"),
            CallPhase::OnTheWay => self.holds(truth.coming, "on the way, but nobody said so"),
            CallPhase::Here => self.holds(truth.here, "here, but nobody came"),
        }
        let has_it = |desk: usize| {
            let way = &self.ways[ROOMS + desk];
            way.is_running && self.desks[desk].able && self.desks[desk].shows[at] == Some(call.id.0)
        };
        let is_held = call.phase != CallPhase::Received || (0..DESKS).any(has_it);
        let since_ms = *self.rooms[at].held_since_ms.get_or_insert(self.now_ms);
        if is_held {
            self.rooms[at].held_since_ms = Some(self.now_ms);
        } else {
            let unheld_ms = self.now_ms - since_ms;
            // Worlds with forged messages are exempt, because a forged heartbeat can make a lost desk seem present.
            self.holds(
                self.lies || unheld_ms <= SILENT_AFTER_MS + 6 * SECOND,
                "the desk \"has your call\", but none does any more",
            );
        }
    }

    pub(super) fn judge_the_end(&mut self) {
        for room in 0..ROOMS {
            let open = self.rooms[room].room.open_call().map(|id| id.0);
            for desk in 0..DESKS {
                let shown = self.desks[desk].shows[room];
                self.holds(shown == open, &format!("desk {desk} shows {shown:?}, room {room} has {open:?}"));
            }
            if open.is_some() {
                let phase = self.rooms[room].room.snapshot(self.room_time(room)).call.map(|call| call.phase);
                self.holds(phase >= Some(CallPhase::Received), "everything works again, but the call is not received");
            }
        }
        for (id, call) in &self.calls {
            let is_open = self.rooms[call.room].room.open_call().map(|id| id.0) == Some(*id);
            let room = room_id(call.room);
            let is_left = self.desks.iter().any(|desk| {
                let seen = desk.fleet.room(u64::MAX / 2, &room);
                seen.is_some_and(|seen| seen.left.contains(&Ulid(*id)))
            });
            // Calls that never reached the room's disk are exempt, because a restarted desk cannot know of them.
            let knows = is_left || !call.durable;
            self.holds(call.cleared || is_open || knows, &format!("call {id} of room {} is lost", call.room));
        }
    }
}
