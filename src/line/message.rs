//! Owns the format of the messages that rooms and desks exchange over a broker: topics, JSON, version and limits. Does
//! not own the times at which messages are sent ([`super::room_end`], [`super::fleet`]) or their transport
//! ([`super::client`]).
//!
//! A room publishes its birth, its state and its will on a single topic, because MQTT preserves order only within a
//! topic. Each state is complete and doubles as a heartbeat, so a lost or duplicate message does no harm. Likewise, a
//! desk sends its complete state toward a room in one message. The only patient data is the text that the patient
//! shared. It is part of `view` and is sent only over a connection that uses TLS or stays on this machine. A broker
//! never stores it, because only births and wills are retained messages.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::order::DeskOrder;
use super::view::{Label, ParsedRoomView, Sentence};
use crate::config::{ROOM_ID_CHARS_MAX, is_room_id};
use crate::room::RoomTime;
use crate::room::call::{Call, CallPhase};

/// The version of the message format. Messages with any other version are ignored.
pub const VERSION: u32 = 1;
/// Maximum size of a message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

const ROOT: &str = "stillroom";

/// A room's id, which is part of its topics. It has 1 to [`ROOM_ID_CHARS_MAX`] lower-case letters, digits and hyphens,
/// and is not `desks`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomId(String);

/// The error for text that cannot be a [`RoomId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a room's id has 1 to {ROOM_ID_CHARS_MAX} lower-case letters, digits and hyphens, and is not \"desks\"")]
pub struct InvalidRoomId;

impl RoomId {
    /// Returns `name` as a room's id.
    ///
    /// # Errors
    /// [`InvalidRoomId`] if `name` breaks the rules for a [`RoomId`].
    pub fn new(name: &str) -> Result<Self, InvalidRoomId> {
        if is_room_id(name) { Ok(Self(name.to_owned())) } else { Err(InvalidRoomId) }
    }

    /// Returns the id as it appears in topics.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the topic on which the room publishes.
    #[must_use]
    pub fn state_topic(&self) -> String {
        format!("{ROOT}/{}/state", self.0)
    }

    /// Returns the topic on which desks publish to the room.
    #[must_use]
    pub fn desk_topic(&self) -> String {
        format!("{ROOT}/{}/desk", self.0)
    }

    /// Returns the id of the room that publishes on `topic`; `None` if `topic` is not a room's state topic.
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

/// Returns the topic filter that matches every room's messages.
#[must_use]
pub fn all_rooms_filter() -> String {
    format!("{ROOT}/+/state")
}

/// Returns the topic filter that matches every desk's heartbeats.
#[must_use]
pub fn all_desks_filter() -> String {
    format!("{ROOT}/desks/+")
}

/// Returns the topic on which `desk` publishes its heartbeats.
#[must_use]
pub fn desk_beat_topic(desk: u64) -> String {
    format!("{ROOT}/desks/{desk}")
}

/// Returns whether `topic` carries a desk's heartbeats.
#[must_use]
pub fn is_desk_beat_topic(topic: &str) -> bool {
    topic.strip_prefix(ROOT).is_some_and(|rest| rest.starts_with("/desks/"))
}

/// The fields that every message of a room has. They identify the sender and the message's position among the sender's
/// messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageHead {
    /// The sender's [`VERSION`].
    pub v: u32,
    /// The room that sent the message, or for which the broker published it.
    pub room: RoomId,
    /// Identifies one run of the room's program. Each run has a greater id than the one before, even if the clock was
    /// set back.
    #[serde(rename = "boot")]
    pub run_id: Ulid,
    /// The number of this run's connection attempts so far. It shows which connection a will belongs to.
    #[serde(rename = "link")]
    pub connection: u32,
    /// The number of this run's messages so far, including this one. A will is not counted: it has the number of the
    /// last message before the connection attempt.
    pub seq: u64,
}

/// A message on a room's state topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromRoom {
    /// The room has connected. Retained, so that desks that connect later can find the room.
    Birth(MessageHead),
    /// The room's complete state. It doubles as a heartbeat and contains the answers to orders.
    State(Box<RoomState>),
    /// The room's connection was lost. Published by the broker, and retained.
    Will(MessageHead),
}

/// The complete state of a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomState {
    /// Identifies the sender and the message.
    #[serde(flatten)]
    pub head: MessageHead,
    /// The name that a desk shows for the room.
    pub name: Label,
    /// How long ago the room's event loop, window and sound last gave a sign of life.
    #[serde(flatten)]
    pub vitals: VitalAges,
    /// The room's open call, if there is one.
    pub call: Option<CallState>,
    /// The calls that were cleared most recently, newest last. A call that is missing from [`RoomState::call`] is over
    /// only if it is listed here.
    pub ended: Vec<Ulid>,
    /// The room's answers to the newest orders, newest last.
    pub answers: Vec<OrderAnswer>,
    /// Everything else that a desk page shows.
    pub view: ParsedRoomView,
}

/// How long ago the parts of a room last gave a sign of life, in milliseconds. An age is `None` if the room does not
/// have that part, for example no window in headless mode, or if the part has not given a sign of life yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VitalAges {
    /// Time since the room's event loop last answered a ping.
    pub loop_age_ms: Option<u64>,
    /// Time since the window last drew a frame or since a desk connected, whichever was later, because a window may
    /// draw no frames while no desk is connected. `None` if no desk is connected.
    pub frame_age_ms: Option<u64>,
    /// Time since the audio device last requested a buffer.
    pub audio_age_ms: Option<u64>,
}

/// An open call, as a room sends it to a desk and as desk pages receive it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // a message, not a state machine
pub struct CallState {
    /// The call's id, which stays the same until the call is cleared.
    pub id: Ulid,
    /// Whether this is a practice call.
    pub practice: bool,
    /// The call's current phase. A call can return to an earlier phase, for example if the only desk that shows it is
    /// lost.
    pub phase: WirePhase,
    /// Time from the press of the call button to the writing of this message, in milliseconds.
    pub placed_ago_ms: u64,
    /// Time from the start of the phase to the writing of this message, in milliseconds.
    pub phase_ago_ms: u64,
    /// The name of the person who is on the way or in the room.
    pub name: Option<Label>,
    /// The name of the [`CallReason`](crate::vocabulary::patient::CallReason) that the patient chose, if any.
    #[serde(default)]
    pub reason: Option<Label>,
    /// The number of times that the patient has pressed the call button, plus the number of times that the call has
    /// begun to ring again by itself. When the sum increases, the desk restarts its tone.
    pub presses: u32,
    /// Whether the patient has been told that no desk can be reached.
    pub line_down_told: bool,
    /// Whether the desk's tone is louder because nobody has acknowledged the call.
    pub risen: bool,
    /// Whether a step of the escalation list has begun and nobody has acknowledged the call since.
    pub escalated: bool,
    /// Whether the call is stored on disk in the room's journal.
    pub journaled: bool,
}

impl CallState {
    /// Returns the state of `call`, with its ages as of `now`.
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
            line_down_told: call.no_desk_told,
            risen: call.tone_raised,
            escalated: call.escalation_steps > 0,
            journaled: call.journaled,
        }
    }
}

/// The phases of a call, in the order in which a call normally goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WirePhase {
    /// The patient has pressed the call button.
    Placed,
    /// A transport has accepted the call.
    Sent,
    /// A desk page shows the call.
    Received,
    /// A named person has acknowledged the call.
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

/// A room's answer to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAnswer {
    /// The id from [`OrderRequest::id`].
    pub order: Ulid,
    /// The reason for a refusal, in plain words; `None` if the room accepted the order.
    pub refused: Option<Sentence>,
}

/// A desk's heartbeat, sent to every room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskBeat {
    /// The sender's [`VERSION`].
    pub v: u32,
    /// Identifies one run of the desk's program.
    #[serde(with = "desk_as_text")]
    pub desk: u64,
    /// The number of this run's connection attempts so far. It shows which connection a will belongs to.
    #[serde(rename = "link")]
    pub connection: u32,
    /// The number of this run's messages so far, on all topics, including this one.
    pub seq: u64,
    /// Whether at least one of the desk's pages is visible and has its sound unlocked.
    #[serde(rename = "receives")]
    pub can_receive: bool,
    /// `true` only in the will, which the broker publishes when the connection is lost.
    #[serde(rename = "gone")]
    pub is_gone: bool,
}

/// The complete state of a desk toward one room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeskState {
    /// The sender's [`VERSION`].
    pub v: u32,
    /// Identifies one run of the desk's program.
    #[serde(with = "desk_as_text")]
    pub desk: u64,
    /// The number of this run's connection attempts so far.
    #[serde(rename = "link")]
    pub connection: u32,
    /// The number of this run's messages so far, on all topics, including this one.
    pub seq: u64,
    /// Whether at least one of the desk's pages is visible and has its sound unlocked.
    #[serde(rename = "receives")]
    pub can_receive: bool,
    /// The room's call, if a page of this desk that can receive calls shows it.
    #[serde(rename = "received")]
    pub received_call: Option<Ulid>,
    /// The orders that the room has not answered yet, oldest first.
    pub orders: Vec<OrderRequest>,
    /// The `seq` of the room's newest state at the time when this desk and its pages had dropped everything that the
    /// patient shared; `None` while they still hold some of it, or if nothing was ever shared.
    #[serde(default, rename = "cleared")]
    pub shared_cleared_at: Option<u64>,
    /// Whether this desk shows the room. A desk that already shows its maximum number of rooms does not show the room,
    /// and stores nothing from it.
    #[serde(rename = "shows", default = "is_shown_by_default", skip_serializing_if = "is_true")]
    pub is_shown: bool,
}

/// Returns the value of [`DeskState::is_shown`] for a message without the field. The field is left out when it is
/// `true`.
const fn is_shown_by_default() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
const fn is_true(value: &bool) -> bool {
    *value
}

/// An order with its id. If an order arrives again, the room recognises it by its id and does not execute it twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// The order's id, which the desk chooses and the room repeats in [`OrderAnswer::order`].
    pub id: Ulid,
    /// The action that the room is asked to take.
    #[serde(flatten)]
    pub order: DeskOrder,
}

/// Serialises a desk's id as text, because numbers in JavaScript cannot hold 64 bits.
mod desk_as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
    pub fn serialize<S: Serializer>(desk: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(desk)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("a desk's id is a number"))
    }
}

/// The reason why a message is ignored. It never quotes the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The message is longer than [`MESSAGE_BYTES_MAX`].
    #[error("a message is longer than {MESSAGE_BYTES_MAX} bytes")]
    TooLong,
    /// The message is on a topic where it does not belong, such as one that names another room.
    #[error("a message is on a topic where it does not belong; see which other program publishes there")]
    Misplaced,
    /// The message is not valid JSON of the expected kind, or has a version other than [`VERSION`].
    #[error("a message is not of version {VERSION} of the protocol; run the same version of Stillroom everywhere")]
    Unknown,
}

/// Parses a message. Rejects a message that is longer than [`MESSAGE_BYTES_MAX`], is not the JSON of a `T`, or has a
/// version other than [`VERSION`].
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

/// Serialises a message. Returns `None` if it is longer than [`MESSAGE_BYTES_MAX`].
pub(super) fn serialise(message: &impl Serialize) -> Option<Vec<u8>> {
    // Serialisation itself cannot fail, because every message can be expressed in JSON.
    serde_json::to_vec(message).ok().filter(|bytes| bytes.len() <= MESSAGE_BYTES_MAX)
}

impl FromRoom {
    /// Returns the head, which every message has.
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
            received_call: Some(Ulid(9)),
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
