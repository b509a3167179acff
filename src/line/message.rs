//! Owns the messages that rooms and desks exchange over a broker: topics, JSON, version and limits. Does not own when
//! anything is sent ([`super::room_end`], [`super::fleet`]) nor how it travels ([`super::client`]).
//!
//! A room publishes everything on one topic, since MQTT guarantees order within a topic only: its birth, its whole state
//! (which is also its heartbeat) and its will. A state is always complete, so that a duplicate or a lost one does no harm.
//! A desk likewise sends its whole state toward a room in one message. The only patient data is what was shared, in `view`
//! and only over a private connection; a broker stores none of it, since only births and wills are retained.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::order::DeskOrder;
use super::view::{Label, ParsedRoomView, Sentence};
use crate::config::{ROOM_ID_CHARS_MAX, is_room_id};
use crate::room::RoomTime;
use crate::room::call::{Call, CallPhase};

/// Version of the messages; those of another version are ignored.
pub const VERSION: u32 = 1;
/// Maximum size of a message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

const ROOT: &str = "stillroom";

/// A room's id within topics: 1 to [`ROOM_ID_CHARS_MAX`] lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomId(String);

/// The text is not a room's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a room's id has 1 to {ROOM_ID_CHARS_MAX} lower-case letters, digits and hyphens, and is not \"desks\"")]
pub struct InvalidRoomId;

impl RoomId {
    /// Checks an id.
    ///
    /// # Errors
    /// [`InvalidRoomId`]
    pub fn new(name: &str) -> Result<Self, InvalidRoomId> {
        if is_room_id(name) { Ok(Self(name.to_owned())) } else { Err(InvalidRoomId) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The topic on which the room publishes.
    #[must_use]
    pub fn state_topic(&self) -> String {
        format!("{ROOT}/{}/state", self.0)
    }

    /// The topic on which desks publish to the room.
    #[must_use]
    pub fn desk_topic(&self) -> String {
        format!("{ROOT}/{}/desk", self.0)
    }

    /// The room that publishes on a topic.
    #[must_use]
    pub fn from_state_topic(topic: &str) -> Option<Self> {
        let name = topic.strip_prefix(ROOT)?.strip_prefix('/')?.strip_suffix("/state")?;
        Self::new(name).ok()
    }
}

impl TryFrom<String> for RoomId {
    type Error = InvalidRoomId;

    fn try_from(name: String) -> Result<Self, InvalidRoomId> {
        Self::new(&name)
    }
}

impl From<RoomId> for String {
    fn from(room: RoomId) -> Self {
        room.0
    }
}

/// The topic filter for every room.
#[must_use]
pub fn all_rooms_filter() -> String {
    format!("{ROOT}/+/state")
}

/// The topic filter for every desk's heartbeat.
#[must_use]
pub fn all_desks_filter() -> String {
    format!("{ROOT}/desks/+")
}

/// The topic of one desk's heartbeat.
#[must_use]
pub fn desk_beat_topic(desk: u64) -> String {
    format!("{ROOT}/desks/{desk}")
}

/// Whether a topic is one of a desk's heartbeat.
#[must_use]
pub fn is_desk_beat_topic(topic: &str) -> bool {
    topic.strip_prefix(ROOT).is_some_and(|rest| rest.starts_with("/desks/"))
}

/// The sender of a message and its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageHead {
    /// [`VERSION`].
    pub v: u32,
    /// The room.
    pub room: RoomId,
    /// The run of its program. A later run has a greater id, even if the clock was set back.
    #[serde(rename = "boot")]
    pub run_id: Ulid,
    /// The number of the connection within this run; a will belongs to one connection.
    #[serde(rename = "link")]
    pub connection: u32,
    /// Counts up within a run. A will has the number of the last message before its connection.
    pub seq: u64,
}

/// A room's message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromRoom {
    /// It has connected. Retained, so that a desk that joins later learns which rooms there are.
    Birth(MessageHead),
    /// Its state, which is also its heartbeat and its answer to orders.
    State(Box<RoomState>),
    /// It was cut off, as published by the broker. Retained.
    Will(MessageHead),
}

/// The state of a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomState {
    /// The sender.
    #[serde(flatten)]
    pub head: MessageHead,
    /// The room's name at the desk.
    pub name: Label,
    /// Its signs of life.
    #[serde(flatten)]
    pub vitals: VitalAges,
    /// The open call.
    pub call: Option<CallState>,
    /// The last calls that were cleared, newest last. A call that is missing from a state has ended only if it is here.
    pub ended: Vec<Ulid>,
    /// The answers to the last orders, newest last.
    pub answers: Vec<OrderAnswer>,
    /// The room as a page draws it, without its call.
    pub view: ParsedRoomView,
}

/// A room's signs of life, as ages in milliseconds. `None` where there is no such thing, such as frames in a room without a
/// window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VitalAges {
    /// Since the room's loop last turned.
    pub loop_age_ms: Option<u64>,
    /// Since a frame was last drawn, or was last seen not to be due.
    pub frame_age_ms: Option<u64>,
    /// Since the audio device last requested a buffer.
    pub audio_age_ms: Option<u64>,
}

/// An open call. A page gets the same JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // a message, not a state machine
pub struct CallState {
    /// Its id.
    pub id: Ulid,
    /// Whether it is a practice call.
    pub practice: bool,
    /// How far it has come.
    pub phase: WirePhase,
    /// Milliseconds since the press, at the moment of writing.
    pub placed_ago_ms: u64,
    /// Milliseconds since this phase began, at the moment of writing.
    pub phase_ago_ms: u64,
    /// The person who is coming or here.
    pub name: Option<Label>,
    /// Why the patient called, if they said; a [`CallReason`](crate::vocabulary::patient::CallReason)'s name.
    #[serde(default)]
    pub reason: Option<Label>,
    /// Number of times it was pressed or rang. A desk rings again when this grows.
    pub presses: u32,
    /// Whether the patient was told that no desk has it.
    pub line_down_told: bool,
    /// Whether the desk's tone is raised.
    pub risen: bool,
    /// Whether it was escalated.
    pub escalated: bool,
    /// Whether the room's journal has it on disk.
    pub journaled: bool,
}

impl CallState {
    /// The state of a call at `now`.
    #[must_use]
    pub fn of(call: &Call, now: RoomTime) -> Self {
        let ago_ms = |since: RoomTime| now.0.saturating_sub(since.0);
        Self {
            id: Ulid(call.id.0),
            practice: call.practice,
            phase: WirePhase::of(call.phase),
            placed_ago_ms: ago_ms(call.placed_at),
            phase_ago_ms: ago_ms(call.phase_since),
            name: call.responder.as_deref().map(Label::from),
            reason: call.reason.map(|reason| reason.name().into()),
            presses: call.presses,
            line_down_told: call.line_down_told,
            risen: call.tone_raised,
            escalated: call.escalation_steps > 0,
            journaled: call.journaled,
        }
    }
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WirePhase {
    /// It was pressed.
    Placed,
    /// A transport has accepted it.
    Sent,
    /// A desk's screen shows it.
    Received,
    /// A named person said that they are coming.
    OnTheWay,
    /// Someone is in the room.
    Here,
}

impl WirePhase {
    fn of(phase: CallPhase) -> Self {
        match phase {
            CallPhase::Placed => Self::Placed,
            CallPhase::Sent => Self::Sent,
            CallPhase::Received => Self::Received,
            CallPhase::OnTheWay => Self::OnTheWay,
            CallPhase::Here => Self::Here,
        }
    }
}

/// The answer to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAnswer {
    /// The order's id.
    pub order: Ulid,
    /// Why it was refused, in plain words; `None` if it was taken.
    pub refused: Option<Sentence>,
}

/// A desk's heartbeat to every room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskBeat {
    /// [`VERSION`].
    pub v: u32,
    /// The desk. Every run of its program has a new id.
    #[serde(with = "desk_as_text")]
    pub desk: u64,
    /// The number of the connection within this run; a will belongs to one connection.
    #[serde(rename = "link")]
    pub connection: u32,
    /// Counts up over all messages of this desk.
    pub seq: u64,
    /// Whether it can receive calls: one of its pages is visible with its sound unlocked.
    #[serde(rename = "receives")]
    pub can_receive: bool,
    /// Whether it was cut off, as published by the broker.
    #[serde(rename = "gone")]
    pub is_gone: bool,
}

/// The state of a desk toward one room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeskState {
    /// [`VERSION`].
    pub v: u32,
    /// The desk.
    #[serde(with = "desk_as_text")]
    pub desk: u64,
    /// The number of the connection within this run; a will belongs to one connection.
    #[serde(rename = "link")]
    pub connection: u32,
    /// Counts up over all messages of this desk.
    pub seq: u64,
    /// Whether it can receive calls: one of its pages is visible with its sound unlocked.
    #[serde(rename = "receives")]
    pub can_receive: bool,
    /// The call that such a page has drawn.
    #[serde(rename = "received")]
    pub drawn_call: Option<Ulid>,
    /// The orders that the room has not answered yet.
    pub orders: Vec<OrderRequest>,
    /// The `seq` of the room's state as of which nothing that the patient shared is left at this desk or on its pages;
    /// `None` while something is, or if nothing ever was.
    #[serde(default, rename = "cleared")]
    pub shared_cleared_at: Option<u64>,
    /// Whether this desk shows the room. One that already shows its maximum does not, and stores nothing of it.
    #[serde(rename = "shows", default = "is_shown_by_default", skip_serializing_if = "is_true")]
    pub is_shown: bool,
}

/// Desks that leave the field out show the room.
const fn is_shown_by_default() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
const fn is_true(value: &bool) -> bool {
    *value
}

/// An order with an id, so that it is executed once even if it arrives several times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// Its id.
    pub id: Ulid,
    /// The order.
    #[serde(flatten)]
    pub order: DeskOrder,
}

/// A desk's id as text, since JavaScript's numbers cannot hold 64 bits.
mod desk_as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
    pub fn serialize<S: Serializer>(desk: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(desk)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("a desk is named by a number"))
    }
}

/// Why a message is ignored. Its content is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It is longer than [`MESSAGE_BYTES_MAX`].
    #[error("a message is longer than {MESSAGE_BYTES_MAX} bytes")]
    TooLong,
    /// It is of another version or another kind.
    #[error("a message is not of version {VERSION} of the protocol; run the same version of Stillroom everywhere")]
    Unknown,
}

/// Parses a message.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(
    payload: &[u8],
    version: impl Fn(&T) -> u32,
) -> Result<T, MessageError> {
    if payload.len() > MESSAGE_BYTES_MAX {
        return Err(MessageError::TooLong);
    }
    let message = serde_json::from_slice(payload).map_err(|_| MessageError::Unknown)?;
    if version(&message) == VERSION { Ok(message) } else { Err(MessageError::Unknown) }
}

/// Serialises a message; `None` if it is longer than [`MESSAGE_BYTES_MAX`].
pub(super) fn serialise(message: &impl Serialize) -> Option<Vec<u8>> {
    // None of the messages holds anything that JSON cannot express.
    serde_json::to_vec(message).ok().filter(|bytes| bytes.len() <= MESSAGE_BYTES_MAX)
}

impl FromRoom {
    /// The sender.
    #[must_use]
    pub fn head(&self) -> &MessageHead {
        match self {
            Self::Birth(head) | Self::Will(head) => head,
            Self::State(state) => &state.head,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::RoomView;
    use super::*;

    fn head() -> MessageHead {
        MessageHead { v: VERSION, room: RoomId::new("room-2").unwrap(), run_id: Ulid(7), connection: 3, seq: 41 }
    }

    #[test]
    fn a_room_id_is_restricted_and_makes_the_topics() {
        let room = RoomId::new("room-2").unwrap();
        assert_eq!(
            (room.state_topic(), room.desk_topic()),
            ("stillroom/room-2/state".into(), "stillroom/room-2/desk".into())
        );
        assert_eq!(RoomId::from_state_topic("stillroom/room-2/state"), Some(room));
        for wrong in ["", "Room 2", "a/b", "+", "#", "desks", "ä", &"x".repeat(41)] {
            assert_eq!(RoomId::new(wrong), Err(InvalidRoomId), "{wrong}");
        }
        for wrong in ["stillroom/a/b/state", "stillroom/room-2/desk", "other/room-2/state", "stillroom/desks/state"] {
            assert_eq!(RoomId::from_state_topic(wrong), None, "{wrong}");
        }
        assert!(is_desk_beat_topic(&desk_beat_topic(5)) && !is_desk_beat_topic("stillroom/desks"));
    }

    #[test]
    fn messages_survive_a_round_trip_and_their_json_is_stable() {
        let state = RoomState {
            head: head(),
            name: "Room 2".into(),
            vitals: VitalAges { loop_age_ms: Some(3), frame_age_ms: None, audio_age_ms: Some(90) },
            call: Some(CallState {
                id: Ulid(9),
                practice: false,
                phase: WirePhase::OnTheWay,
                placed_ago_ms: 10,
                phase_ago_ms: 5,
                name: Some("Maria".into()),
                reason: Some("sick".into()),
                presses: 2,
                line_down_told: false,
                risen: true,
                escalated: false,
                journaled: true,
            }),
            ended: vec![Ulid(8)],
            answers: vec![OrderAnswer { order: Ulid(1), refused: Some("no".into()) }],
            view: RoomView { stage: "session".into(), ..RoomView::default() }.into(),
        };
        for said in [FromRoom::Birth(head()), FromRoom::State(Box::new(state)), FromRoom::Will(head())] {
            let bytes = serialise(&said).unwrap();
            assert_eq!(parse::<FromRoom>(&bytes, |said| said.head().v).unwrap(), said);
        }
        let state = DeskState {
            v: VERSION,
            desk: u64::MAX,
            connection: 1,
            seq: 4,
            can_receive: true,
            drawn_call: Some(Ulid(9)),
            orders: vec![OrderRequest {
                id: Ulid(2),
                order: DeskOrder::Coming { call: Ulid(9), name: "Maria".into() },
            }],
            shared_cleared_at: Some(4),
            is_shown: true,
        };
        let text = String::from_utf8(serialise(&state).unwrap()).unwrap();
        let expected = concat!(
            r#"{"v":1,"desk":"18446744073709551615","link":1,"seq":4,"receives":true,"received":"00000000000000000000000009","#,
            r#""orders":[{"id":"00000000000000000000000002","order":"coming","call":"00000000000000000000000009","#,
            r#""name":"Maria"}],"cleared":4}"#
        );
        assert_eq!(text, expected);
        assert_eq!(parse::<DeskState>(text.as_bytes(), |state| state.v).unwrap(), state);
        let hides = DeskState { is_shown: false, ..state };
        assert_eq!(parse::<DeskState>(&serialise(&hides).unwrap(), |state| state.v).unwrap(), hides);
    }

    #[test]
    fn another_version_and_an_overlong_message_are_ignored() {
        let other = DeskBeat { v: 2, desk: 1, connection: 1, seq: 1, can_receive: true, is_gone: false };
        let bytes = serde_json::to_vec(&other).unwrap();
        assert_eq!(parse::<DeskBeat>(&bytes, |beat| beat.v), Err(MessageError::Unknown));
        assert_eq!(parse::<DeskBeat>(b"{", |beat| beat.v), Err(MessageError::Unknown));
        assert_eq!(parse::<DeskBeat>(&vec![b' '; MESSAGE_BYTES_MAX + 1], |beat| beat.v), Err(MessageError::TooLong));
        assert_eq!(serialise(&"x".repeat(MESSAGE_BYTES_MAX)), None);
    }
}
