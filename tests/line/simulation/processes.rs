//! Owns what the processes of the simulation do: they start, recover, wake up, send messages, and are killed.

use super::*;

impl World {
    pub(super) fn comes_up(&mut self, client: Client) {
        self.names += 1;
        let way = &mut self.ways[client];
        (way.run, way.is_running, way.began_ms, way.connection) = (way.run + 1, true, self.now_ms, None);
        if client < ROOMS {
            self.recover(client);
        } else {
            let able = self.heals || self.dice.below(4) > 0;
            let mut fleet = Fleet::new(0, self.names * 1_000 + client as u64, (0..ROOMS).map(room_id));
            fleet.set_can_receive(0, able);
            let desk = &mut self.desks[client - ROOMS];
            *desk = DeskProcess { fleet, able, shows: vec![None; ROOMS], appeared: BTreeMap::new() };
        }
        self.try_again(client);
        self.wake(client);
    }

    /// Starts a room as the driver does: replays the journal, and continues the clock from the time of the last record.
    pub(super) fn recover(&mut self, at: usize) {
        // A later run gets a greater id, whatever the clock says. The real program ensures this by keeping the last id
        // in the lock file of the state directory.
        let began_ms = (self.clock_ms[at] + self.now_ms).max(self.rooms[at].run_began_ms + 1);
        self.rooms[at].run_began_ms = began_ms;
        let run_id = Ulid::from_parts(began_ms, u128::from(self.names));
        let mut room = Room::new(Rules::default());
        let (mut last, mut ended) = (RoomTime(0), Vec::new());
        self.rooms[at].journal.retain(|(_, _, is_durable)| *is_durable);
        for (time, event, _) in &self.rooms[at].journal {
            last = last.max(*time);
            let mut now = RoomTime(0);
            while let Some(due) = room.poll_timeout(now).filter(|due| *due > now && *due < last) {
                now = due;
                room.handle_timeout(due);
            }
            let _ = room.handle_input(last, event.clone());
            while let Some(effect) = room.poll_effect() {
                if let Effect::EndCall { id } = effect {
                    ended.push(id);
                }
            }
        }
        if let Some(open) = room.open_call()
            && let Some(truth) = self.calls.get_mut(&open.0)
            && truth.cleared
        {
            // The call was cleared, but the record was not on disk yet. To be safe, the room opens the call again.
            truth.cleared = false;
            truth.reopened += 1;
        }
        let process = &mut self.rooms[at];
        (process.base, process.began_ms, process.held_since_ms) = (last, self.now_ms, None);
        process.said = None;
        process.end = RoomEnd::new(room_id(at), run_id, ended);
        process.room = room;
        if !process.journal.is_empty() {
            let _ = process.room.handle_input(last, Event::Restarted);
        }
    }

    pub(super) fn kill(&mut self, client: Client) {
        if !self.ways[client].is_running {
            return;
        }
        self.kills += 1;
        let way = &mut self.ways[client];
        way.is_running = false;
        if let Some(connection) = way.connection.take() {
            // A killed process closes its sockets. If its network is cut, the broker notices only when the keep-alive
            // time is over.
            let after_ms = if way.is_cut { KEEP_ALIVE_MS } else { 1 };
            self.after(after_ms, Happens::GivenUp { connection });
        }
        let down_ms = if self.dice.one_in(3) { self.dice.below(15 * SECOND) } else { self.dice.below(SECOND) };
        self.after(down_ms + 1, Happens::ComesUp { client });
    }

    pub(super) fn room_time(&self, room: usize) -> RoomTime {
        let process = &self.rooms[room];
        RoomTime(process.base.0 + self.now_ms - process.began_ms)
    }

    /// Lets a process do everything that is due, and checks the invariants afterwards.
    pub(super) fn wake(&mut self, client: Client) {
        if !self.ways[client].is_running {
            return;
        }
        let line_ms = self.line_ms(client);
        let silent = self.ways[client].unacknowledged.values().any(|said| line_ms >= said + ACKNOWLEDGES_WITHIN_MS);
        if silent {
            self.try_again(client);
        }
        if client < ROOMS {
            self.wake_room(client);
        } else {
            self.wake_desk(client);
        }
        let due_ms = if client < ROOMS {
            let room = &self.rooms[client];
            let due = room.room.poll_timeout(self.room_time(client)).map(|due| due.0 - room.base.0);
            room.end.poll_timeout().into_iter().chain(due).min()
        } else {
            self.desks[client - ROOMS].fleet.poll_timeout()
        };
        let silent_ms = self.ways[client].unacknowledged.values().min().map(|said| said + ACKNOWLEDGES_WITHIN_MS);
        let due_ms = due_ms.into_iter().chain(silent_ms).chain([line_ms + 2 * SECOND]).min().unwrap();
        self.ways[client].turn += 1;
        let turn = self.ways[client].turn;
        self.after(due_ms.saturating_sub(line_ms).max(1), Happens::Wakes { client, turn });
    }

    pub(super) fn wake_room(&mut self, at: usize) {
        let (line_ms, now) = (self.line_ms(at), self.room_time(at));
        self.rooms[at].end.handle_timeout(line_ms);
        self.rooms[at].room.handle_timeout(now);
        while let Some(input) = self.rooms[at].end.poll_input() {
            let outcome = self.tell(at, input.event);
            if let Some(order) = input.order {
                self.rooms[at].end.order_answered(order, outcome.err());
            }
        }
        self.execute(at);
        loop {
            let RoomProcess { room, end, .. } = &mut self.rooms[at];
            let publication = end.poll_transmit(line_ms, || RoomReport {
                name: String::new(),
                call: room.snapshot(now).call.map(|call| CallState::of(&call, now)),
                vitals: VitalAges::default(),
                view: RoomView::default(),
            });
            let Some(publication) = publication else { break };
            self.publish(at, publication);
        }
        self.judge_room(at);
    }

    pub(super) fn wake_desk(&mut self, client: Client) {
        let line_ms = self.line_ms(client);
        let at = client - ROOMS;
        self.desks[at].fleet.handle_timeout(line_ms);
        while self.desks[at].fleet.poll_event().is_some() {}
        while let Some(publication) = self.desks[at].fleet.poll_transmit(line_ms) {
            self.publish(client, publication);
        }
        for room in 0..ROOMS {
            let shown = self.desks[at].fleet.room(line_ms, &room_id(room)).and_then(|room| room.call);
            let shown = shown.map(|call| call.id.0);
            if shown == self.desks[at].shows[room] {
                continue;
            }
            self.desks[at].shows[room] = shown;
            let Some(call) = shown else { continue };
            *self.desks[at].appeared.entry(call).or_default() += 1;
            let times = self.desks[at].appeared[&call];
            self.holds(self.lies || times <= 1 + self.calls[&call].reopened, "a call was shown twice");
            let run = self.ways[client].run;
            let (draws_ms, comes_ms) = (5 + self.dice.below(200), 500 + self.dice.below(60 * SECOND));
            self.after(draws_ms, Happens::Draws { desk: at, run, room, call });
            if self.dice.one_in(2) {
                self.after(comes_ms, Happens::SaysComing { desk: at, run, room, call });
            }
        }
    }

    pub(super) fn publish(&mut self, client: Client, publication: Publication) {
        let Some(connection) = self.ways[client].connection else { return };
        let line_ms = self.line_ms(client);
        self.ways[client].unacknowledged.insert(publication.receipt, line_ms);
        if self.ways[client].is_cut || !self.is_broker_up {
            return;
        }
        let publication = said(publication);
        if self.lies {
            self.heard.insert(publication.topic.clone(), publication.clone());
        }
        self.after(1, Happens::AtBroker { client, connection, publication });
    }

    pub(super) fn tell(&mut self, at: usize, event: Event) -> Result<(), String> {
        let now = self.room_time(at);
        let journaled = event.is_journaled().then(|| event.clone());
        self.rooms[at].room.handle_input(now, event).map_err(|why| why.to_string())?;
        if let Some(event) = journaled {
            let (record, run) = (self.rooms[at].journal.len(), self.ways[at].run);
            self.rooms[at].journal.push((now, event, false));
            let slow_ms = if self.dice.one_in(10) { self.dice.below(2 * SECOND) } else { self.dice.below(30) };
            let ok = !self.rooms[at].is_disk_full;
            self.after(slow_ms + 1, Happens::Written { room: at, run, record, ok });
        }
        Ok(())
    }

    /// Handles the disk's report on a record. Records reach the disk in order, so all earlier ones are on disk as well.
    pub(super) fn written(&mut self, at: usize, record: usize, ok: bool) {
        if ok {
            for (_, _, is_durable) in self.rooms[at].journal.iter_mut().take(record + 1) {
                *is_durable = true;
            }
        }
        let pressed = match self.rooms[at].journal.get(record) {
            Some((_, Event::CallPressed { id, .. }, _)) => Some(*id),
            _ => None,
        };
        if let Some(id) = pressed {
            if ok && let Some(truth) = self.calls.get_mut(&id.0) {
                truth.durable = true;
            }
            let _ = self.tell(at, Event::CallJournaled { id, ok });
        }
        self.wake(at);
    }

    pub(super) fn execute(&mut self, at: usize) {
        let line_ms = self.line_ms(at);
        let now = self.room_time(at);
        let RoomProcess { room, end, said, .. } = &mut self.rooms[at];
        while let Some(effect) = room.poll_effect() {
            match effect {
                Effect::SendCall { id, practice, presses } => end.call_placed(line_ms, id, practice, presses),
                Effect::EndCall { id } => end.call_cleared(id),
                _ => end.room_changed(true),
            }
        }
        let call = room.snapshot(now).call;
        if *said != call {
            *said = call;
            end.room_changed(true);
        }
    }
}
