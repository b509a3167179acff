//! Owns the forged messages of the simulation. They are copies, with changed fields, of the newest messages from rooms
//! and desks, and must have no lasting effect.

use serde_json::{Value, json};

use super::*;

impl World {
    /// Publishes a changed copy of the newest message of a room or a desk.
    pub(super) fn lie(&mut self) {
        let topics: Vec<String> = self.heard.keys().cloned().collect();
        if topics.is_empty() {
            return;
        }
        let topic = &topics[self.dice.below(topics.len() as u64) as usize];
        let mut said = self.heard[topic].clone();
        let mut words: Value = serde_json::from_slice(&said.payload).unwrap();
        let seq = words["seq"].as_u64().unwrap();
        words["seq"] = match self.dice.below(5) {
            0 => json!(u64::MAX),
            1 => json!(u64::MAX - 1 - self.dice.below(1_000)),
            2 => json!(seq + self.dice.below(300)),
            3 => json!(self.dice.below(seq + 1)),
            _ => json!(seq + (1 << self.dice.below(60))),
        };
        if self.dice.one_in(3) {
            words["link"] = json!(if self.dice.one_in(2) { u32::MAX } else { 0 });
        }
        if words.get("boot").is_some() {
            match self.dice.below(4) {
                0 => words["boot"] = json!(Ulid(u128::MAX)),
                1 => words["boot"] = json!(Ulid(self.dice.below(1_000).into())),
                _ => {}
            }
            match self.dice.below(4) {
                0 => words["kind"] = json!("will"),
                1 if words["call"].is_object() => {
                    words["ended"] = json!([words["call"]["id"]]);
                    words["call"] = Value::Null;
                }
                2 => words["call"] = Value::Null,
                _ => {}
            }
        } else {
            // A desk's claim that it shows a call may be removed here, but is never forged. Only an access list at the
            // broker could prevent the effect of a forged claim.
            words["receives"] = json!(self.dice.one_in(2));
            if words.get("received").is_some() {
                words["received"] = Value::Null;
                words["orders"] = json!([]);
                words["cleared"] = json!(u64::MAX);
            } else {
                words["gone"] = json!(self.dice.one_in(3));
            }
        }
        said.payload = serde_json::to_vec(&words).unwrap();
        self.spread(&said);
    }
}
