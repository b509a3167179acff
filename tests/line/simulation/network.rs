//! Owns the simulated broker and the network between the processes. Messages are delayed, duplicated, reordered or
//! lost, and connections are cut.

use super::*;

impl World {
    #[allow(clippy::collapsible_match)] // each arm checks its connection first
    pub(super) fn broker(&mut self, what: Happens) {
        if self.is_broker_frozen && !matches!(what, Happens::AtClient { .. } | Happens::Acknowledged { .. }) {
            self.held.push(what);
            return;
        }
        match what {
            Happens::AtBroker { client, connection, publication } => {
                if self.connections.contains_key(&connection) && !self.ways[client].is_cut {
                    let heard = self.spread(&publication);
                    let receipt = publication.receipt;
                    let delay_ms = self.delay_ms();
                    self.after(delay_ms, Happens::Acknowledged { client, connection, receipt, heard });
                }
            }
            Happens::GivenUp { connection } => {
                if let Some((_, Some(will))) = self.connections.remove(&connection) {
                    self.spread(&will);
                }
            }
            Happens::AtClient { client, connection, topic, payload, retained } => {
                if self.ways[client].connection == Some(connection) && !self.ways[client].is_cut {
                    let now_ms = self.line_ms(client);
                    if client >= ROOMS {
                        self.desks[client - ROOMS].fleet.on_message(now_ms, &topic, &payload, retained);
                    } else if !retained {
                        self.rooms[client].end.on_message(now_ms, &topic, &payload);
                    }
                    self.wake(client);
                }
            }
            Happens::Acknowledged { client, connection, receipt, heard } => {
                if self.ways[client].connection == Some(connection) && !self.ways[client].is_cut {
                    self.ways[client].unacknowledged.remove(&receipt);
                    if client < ROOMS {
                        self.rooms[client].end.on_acknowledged(receipt, heard);
                    }
                    self.wake(client);
                }
            }
            _ => {}
        }
    }

    /// Sends a message to all clients that have subscribed to its topic. Returns whether there are any.
    pub(super) fn spread(&mut self, said: &Said) -> bool {
        let listens = |client: Client| {
            if client >= ROOMS {
                said.topic.ends_with("/state")
            } else {
                said.topic == room_id(client).desk_topic() || said.topic.starts_with("stillroom/desks/")
            }
        };
        let to: Vec<(u64, Client)> = self.connections.iter().map(|(c, (client, _))| (*c, *client)).collect();
        let mut heard = false;
        for (connection, client) in to.into_iter().filter(|(_, client)| listens(*client)) {
            heard = true;
            let copies = if self.dice.one_in(8) { 2 } else { 1 };
            for _ in 0..copies {
                let delay_ms = self.delay_ms();
                let (topic, payload) = (said.topic.clone(), said.payload.clone());
                self.after(delay_ms, Happens::AtClient { client, connection, topic, payload, retained: false });
            }
        }
        heard
    }

    /// Returns the delay of the next message, in milliseconds. In some worlds it varies, so messages overtake each
    /// other.
    pub(super) fn delay_ms(&mut self) -> u64 {
        if self.reorders && !self.heals && self.dice.one_in(4) {
            return self.dice.below(3 * SECOND);
        }
        1
    }

    pub(super) fn connect(&mut self, client: Client) {
        if !self.is_broker_up || self.is_broker_frozen || self.ways[client].is_cut {
            return self.try_again(client);
        }
        // A broker drops a client's older connection when the client opens a new one, and publishes the older will.
        let older: Vec<u64> = self
            .connections
            .iter()
            .filter(|(_, (known, _))| *known == client)
            .map(|(connection, _)| *connection)
            .collect();
        for connection in older {
            if let Some((_, Some(will))) = self.connections.remove(&connection) {
                self.spread(&will);
            }
        }
        self.names += 1;
        let connection = self.names;
        let will = self.ways[client].will.clone();
        self.connections.insert(connection, (client, will));
        self.ways[client].connection = Some(connection);
        self.ways[client].unacknowledged.clear();
        let now_ms = self.line_ms(client);
        if client < ROOMS {
            self.rooms[client].end.connected();
        } else {
            self.desks[client - ROOMS].fleet.connected(now_ms);
        }
        self.wake(client);
    }

    pub(super) fn try_again(&mut self, client: Client) {
        self.ways[client].unacknowledged.clear();
        if let Some(connection) = self.ways[client].connection.take() {
            if client < ROOMS {
                self.rooms[client].end.disconnected();
            } else {
                self.desks[client - ROOMS].fleet.disconnected();
            }
            self.after(KEEP_ALIVE_MS, Happens::GivenUp { connection });
        }
        let will = if client < ROOMS {
            self.rooms[client].end.connecting()
        } else {
            self.desks[client - ROOMS].fleet.connecting()
        };
        self.ways[client].will = will.map(said);
        self.ways[client].try_ += 1;
        let (run, try_) = (self.ways[client].run, self.ways[client].try_);
        let pause_ms = 200 + self.dice.below(800);
        self.after(pause_ms, Happens::Connects { client, run, try_ });
    }
}
