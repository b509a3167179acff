//! Owns the people and the random events of the simulation: patients who press, pages that show calls, staff who come,
//! and faults of every kind.

use super::*;

impl World {
    pub(super) fn draws(&mut self, at: usize, room: usize, call: u128) {
        let line_ms = self.line_ms(ROOMS + at);
        if self.desks[at].fleet.call_received(line_ms, &room_id(room), Ulid(call)).is_ok() {
            self.calls.get_mut(&call).unwrap().drawn = true;
            self.wake(ROOMS + at);
        } else if self.desks[at].shows[room] == Some(call) {
            // The page shows the call although the desk cannot receive calls now. The page tries again later to confirm
            // the call.
            let run = self.ways[ROOMS + at].run;
            self.after(500, Happens::Draws { desk: at, run, room, call });
        }
    }

    pub(super) fn says_coming(&mut self, at: usize, room: usize, call: u128) {
        if self.desks[at].shows[room] != Some(call) {
            return;
        }
        self.names += 1;
        let (line_ms, id) = (self.line_ms(ROOMS + at), Ulid(u128::from(self.names) << 64));
        let order = DeskOrder::Coming { call: Ulid(call), name: "Maria".to_owned() };
        if self.desks[at].fleet.send_order(line_ms, &room_id(room), id, order).is_ok() {
            self.calls.get_mut(&call).unwrap().coming = true;
            self.wake(ROOMS + at);
        }
    }

    pub(super) fn press(&mut self, at: usize) {
        self.names += 1;
        let id = CallId(u128::from(self.names));
        let is_new = self.rooms[at].room.open_call().is_none();
        if self.tell(at, Event::CallPressed { id, practice: false }).is_ok() && is_new {
            self.calls.insert(id.0, CallTruth { room: at, ..CallTruth::default() });
        }
        self.execute(at);
        self.wake(at);
    }

    pub(super) fn staff_comes(&mut self, at: usize) {
        let Some(open) = self.rooms[at].room.open_call() else { return };
        let Some(truth) = self.calls.get_mut(&open.0) else { return };
        truth.here = true;
        let _ = self.tell(at, Event::CallHere { id: None });
        if self.dice.below(3) > 0 && self.tell(at, Event::CallCleared).is_ok() {
            self.calls.get_mut(&open.0).unwrap().cleared = true;
        }
        self.wake(at);
    }

    pub(super) fn chance(&mut self) {
        if self.heals {
            return;
        }
        let (room, desk) = (self.dice.below(ROOMS as u64) as usize, self.dice.below(DESKS as u64) as usize);
        let client = self.dice.below((ROOMS + DESKS) as u64) as usize;
        match self.dice.below(40) {
            0..=11 if self.ways[room].is_running => self.press(room),
            12..=16 if self.ways[room].is_running => self.staff_comes(room),
            17..=18 => self.kill_room(room),
            19 => self.kill(ROOMS + desk),
            20..=22 => self.ways[client].is_cut = !self.ways[client].is_cut,
            23 => {
                self.is_broker_up = false;
                // The broker loses its memory and publishes no will. Clients notice only that their sockets are closed.
                self.connections.clear();
                self.held.clear();
                for client in 0..ROOMS + DESKS {
                    if self.ways[client].is_running && self.ways[client].connection.is_some() {
                        self.try_again(client);
                    }
                }
            }
            24..=26 => self.is_broker_up = true,
            27 => self.is_broker_frozen = true,
            28..=30 => self.thaw(),
            31 => self.rooms[room].is_disk_full = !self.rooms[room].is_disk_full,
            32 => self.clock_ms[room] = 500_000_000 + self.dice.below(1_000_000_000),
            33..=34 if self.ways[ROOMS + desk].is_running => {
                let line_ms = self.line_ms(ROOMS + desk);
                let able = !self.desks[desk].able;
                self.desks[desk].able = able;
                self.desks[desk].fleet.set_can_receive(line_ms, able);
                self.redraws(desk);
                self.wake(ROOMS + desk);
            }
            35..=38 if self.lies => self.lie(),
            _ => {}
        }
        let wait_ms = self.dice.below(2 * SECOND);
        self.after(wait_ms + 1, Happens::Chance);
    }

    /// Schedules another confirmation of each call that the desk shows, in case the desk can receive calls again.
    pub(super) fn redraws(&mut self, desk: usize) {
        let run = self.ways[ROOMS + desk].run;
        for room in 0..ROOMS {
            if let Some(call) = self.desks[desk].shows[room] {
                self.after(10, Happens::Draws { desk, run, room, call });
            }
        }
    }

    /// Kills a room. A press that is neither on disk nor at a desk may be lost with the process, because either the
    /// patient has not read "Calling" yet, or the disk is full and staff have been notified.
    pub(super) fn kill_room(&mut self, room: usize) {
        self.kill(room);
        let lost = self.calls.iter().filter(|(_, call)| call.room == room && !call.durable && !call.drawn);
        let lost: Vec<u128> = lost.map(|(id, _)| *id).collect();
        let on_disk: BTreeSet<u128> = self.rooms[room]
            .journal
            .iter()
            .filter_map(|(_, event, is_durable)| match event {
                Event::CallPressed { id, .. } if *is_durable => Some(id.0),
                _ => None,
            })
            .collect();
        for id in lost {
            if !on_disk.contains(&id) {
                self.calls.get_mut(&id).unwrap().cleared = true;
            }
        }
    }

    pub(super) fn thaw(&mut self) {
        self.is_broker_frozen = false;
        for what in std::mem::take(&mut self.held) {
            self.after(1, what);
        }
    }

    pub(super) fn heal(&mut self) {
        self.heals = true;
        self.is_broker_up = true;
        self.thaw();
        for way in &mut self.ways {
            way.is_cut = false;
        }
        for room in &mut self.rooms {
            room.is_disk_full = false;
        }
        for desk in 0..DESKS {
            let line_ms = self.line_ms(ROOMS + desk);
            self.desks[desk].able = true;
            self.desks[desk].fleet.set_can_receive(line_ms, true);
            self.redraws(desk);
        }
    }
}
