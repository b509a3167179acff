//! Owns the words that a room and its desks exchange over a broker: the topics, the JSON, its version and its limits.
//! Does not own when anything is said ([`super::room_end`], [`super::fleet`]) nor how it travels ([`super::link`]).
//!
//! A room says everything on one topic, since a broker keeps the order within a topic only: its birth, its whole state
//! (which is its heartbeat as well) and its will. A state is whole, so that saying it twice, or losing one, does no
//! harm. A desk likewise says all it stands for in one message. Nothing is the patient's but what was shared, and that
//! only within `view`, where the line is private; no broker keeps it, since only births and wills are retained.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::order::Order;
use super::view::{Name, SaidView, Words};
use crate::config::{ROOM_ID_CHARS_MAX, is_room_id};
use crate::room::RoomTime;
use crate::room::call::{Call, CallPhase};

/// The version of what is exchanged; a message of another version is passed over.
pub const VERSION: u32 = 1;
/// No message is longer, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

const ROOT: &str = "stillroom";

/// A room's name within a topic: lower-case letters, digits and hyphens, 1 to [`ROOM_ID_CHARS_MAX`] of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomId(String);

/// It is not a room's name within a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a room's id has 1 to {ROOM_ID_CHARS_MAX} lower-case letters, digits and hyphens, and is not \"desks\"")]
pub struct NotARoomId;

impl RoomId {
    /// A room's name.
    ///
    /// # Errors
    /// [`NotARoomId`]
    pub fn new(name: &str) -> Result<Self, NotARoomId> {
        if is_room_id(name) { Ok(Self(name.to_owned())) } else { Err(NotARoomId) }
    }

    /// It as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the room speaks.
    #[must_use]
    pub fn state_topic(&self) -> String {
        format!("{ROOT}/{}/state", self.0)
    }

    /// Where desks speak to the room.
    #[must_use]
    pub fn desk_topic(&self) -> String {
        format!("{ROOT}/{}/desk", self.0)
    }

    /// The room that speaks on a topic.
    #[must_use]
    pub fn of_state_topic(topic: &str) -> Option<Self> {
        let name = topic.strip_prefix(ROOT)?.strip_prefix('/')?.strip_suffix("/state")?;
        Self::new(name).ok()
    }
}

impl TryFrom<String> for RoomId {
    type Error = NotARoomId;

    fn try_from(name: String) -> Result<Self, NotARoomId> {
        Self::new(&name)
    }
}

impl From<RoomId> for String {
    fn from(room: RoomId) -> Self {
        room.0
    }
}

/// Where every room speaks.
#[must_use]
pub fn all_states() -> String {
    format!("{ROOT}/+/state")
}

/// Where every desk beats.
#[must_use]
pub fn all_desks() -> String {
    format!("{ROOT}/desks/+")
}

/// Where one desk beats.
#[must_use]
pub fn desk_beat_topic(desk: u64) -> String {
    format!("{ROOT}/desks/{desk}")
}

/// Whether desks beat on a topic.
#[must_use]
pub fn is_desk_beat(topic: &str) -> bool {
    topic.strip_prefix(ROOT).is_some_and(|rest| rest.starts_with("/desks/"))
}

/// Who speaks, and the how-manieth word of it this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`VERSION`].
    pub v: u32,
    /// Which room.
    pub room: RoomId,
    /// The run of its program: a later one has a later name, also where the clock was set back.
    pub boot: Ulid,
    /// The how-manieth connection of this run; a will belongs to one.
    pub link: u32,
    /// Counts up within a run; a will has the number that came before its connection.
    pub seq: u64,
}

/// What a room says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromRoom {
    /// It has connected. Retained, so that a desk that joins later knows which rooms there are.
    Birth(Head),
    /// How it stands: its state, its heartbeat, and the acknowledgement of orders.
    State(Box<RoomState>),
    /// It is cut off; the broker says so in its place. Retained.
    Will(Head),
}

/// How a room stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomState {
    /// Who speaks.
    #[serde(flatten)]
    pub head: Head,
    /// What the room is called at the desk.
    pub name: Name,
    /// How lively it is.
    #[serde(flatten)]
    pub vitals: Vitals,
    /// The open call.
    pub call: Option<CallState>,
    /// The calls that were cleared last, newest last: only what is named here has ended.
    pub ended: Vec<Ulid>,
    /// What became of orders, newest last.
    pub answers: Vec<OrderAnswer>,
    /// The room as the desk's page draws it, without its call.
    pub view: SaidView,
}

/// How lively a room is, as ages in milliseconds; none where there is no such thing, such as a screen in a room
/// without a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vitals {
    /// Since the loop that drives the room last turned.
    pub loop_age_ms: Option<u64>,
    /// Since a frame was last drawn, or seen not to be owed.
    pub frame_age_ms: Option<u64>,
    /// Since the audio device last took a buffer.
    pub audio_age_ms: Option<u64>,
}

/// An open call. Its keys are those that the desk's page knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // a message, not a state machine
pub struct CallState {
    /// Its name.
    pub id: Ulid,
    /// Whether it is a rehearsal.
    pub practice: bool,
    /// How far it has come.
    pub phase: Phase,
    /// Milliseconds since the press, at the moment of writing.
    pub placed_ago_ms: u64,
    /// Milliseconds in this phase, at the moment of writing.
    pub phase_ago_ms: u64,
    /// Who is coming or here.
    pub name: Option<Name>,
    /// How often it was pressed or rang; one more rings anew.
    pub presses: u32,
    /// Whether the room has said that it reaches no desk.
    pub line_down_told: bool,
    /// Whether the desk's tone has risen.
    pub risen: bool,
    /// Whether it was escalated.
    pub escalated: bool,
    /// Whether the room's journal has it on disk.
    pub journaled: bool,
}

impl CallState {
    /// A call as it stands at `now`.
    #[must_use]
    pub fn of(call: &Call, now: RoomTime) -> Self {
        let ago_ms = |since: RoomTime| now.0.saturating_sub(since.0);
        Self {
            id: Ulid(call.id.0),
            practice: call.practice,
            phase: Phase::of(call.phase),
            placed_ago_ms: ago_ms(call.placed_at),
            phase_ago_ms: ago_ms(call.phase_since),
            name: call.name.as_deref().map(Name::from),
            presses: call.presses,
            line_down_told: call.line_down_told,
            risen: call.risen,
            escalated: call.escalated > 0,
            journaled: call.journaled,
        }
    }
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Pressed.
    Placed,
    /// A transport took it.
    Sent,
    /// A desk's screen shows it.
    Received,
    /// A named person said so.
    OnTheWay,
    /// Someone is in the room.
    Here,
}

impl Phase {
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

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAnswer {
    /// Which order.
    pub order: Ulid,
    /// Why it was not taken, in plain words; none if it was.
    pub refused: Option<Words>,
}

/// A desk's heartbeat, for every room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskBeat {
    /// [`VERSION`].
    pub v: u32,
    /// Which desk; every run of its program has another name.
    #[serde(with = "desk_as_text")]
    pub desk: u64,
    /// The how-manieth connection of this run; a will belongs to one.
    pub link: u32,
    /// Counts up over all that this desk says.
    pub seq: u64,
    /// Whether one of its pages is visible with its sound unlocked.
    pub receives: bool,
    /// Whether it is cut off; the broker says so in its place.
    pub gone: bool,
}

/// All that a desk stands for toward one room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeskStance {
    /// [`VERSION`].
    pub v: u32,
    /// Which desk.
    #[serde(with = "desk_as_text")]
    pub desk: u64,
    /// The how-manieth connection of this run; a will belongs to one.
    pub link: u32,
    /// Counts up over all that this desk says.
    pub seq: u64,
    /// Whether one of its pages is visible with its sound unlocked.
    pub receives: bool,
    /// The call that such a page has drawn.
    pub received: Option<Ulid>,
    /// Orders that the room has not answered yet.
    pub orders: Vec<NamedOrder>,
    /// The number of the room's word since which nothing that the patient shared is left at this desk, neither here nor
    /// on a page; none as long as something is, or nothing ever was.
    #[serde(default)]
    pub cleared: Option<u64>,
    /// Whether this desk shows the room at all. One that has no place for it says so, and holds nothing of it.
    #[serde(default = "shows", skip_serializing_if = "is_so")]
    pub shows: bool,
}

/// A desk that does not say otherwise shows the room.
const fn shows() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // so serde calls it
const fn is_so(fact: &bool) -> bool {
    *fact
}

/// An order with a name, so that it is taken once however often it comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedOrder {
    /// Its name.
    pub id: Ulid,
    /// What is asked.
    #[serde(flatten)]
    pub order: Order,
}

/// A desk's name is too long a number for JavaScript, so it travels as text.
mod desk_as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref)] // so serde calls it
    pub fn serialize<S: Serializer>(desk: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(desk)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("a desk is named by a number"))
    }
}

/// A message that is passed over. What it held is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUnderstood {
    /// Longer than a message can be.
    #[error("a message is longer than {MESSAGE_BYTES_MAX} bytes")]
    TooLong,
    /// Not of this version, or not of this kind.
    #[error("a message is not of version {VERSION} of what rooms and desks say; run the same version on both")]
    Unknown,
}

/// Reads a message.
pub(super) fn read<T: for<'de> Deserialize<'de>>(
    payload: &[u8],
    version: impl Fn(&T) -> u32,
) -> Result<T, NotUnderstood> {
    if payload.len() > MESSAGE_BYTES_MAX {
        return Err(NotUnderstood::TooLong);
    }
    let message = serde_json::from_slice(payload).map_err(|_| NotUnderstood::Unknown)?;
    if version(&message) == VERSION { Ok(message) } else { Err(NotUnderstood::Unknown) }
}

/// Writes a message; none if it is longer than a message can be.
pub(super) fn write(message: &impl Serialize) -> Option<Vec<u8>> {
    // What cannot be written at all would have to hold something that JSON does not know, and none of them does.
    serde_json::to_vec(message).ok().filter(|bytes| bytes.len() <= MESSAGE_BYTES_MAX)
}

impl FromRoom {
    /// Who speaks.
    #[must_use]
    pub fn head(&self) -> &Head {
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

    fn head() -> Head {
        Head { v: VERSION, room: RoomId::new("room-2").unwrap(), boot: Ulid(7), link: 3, seq: 41 }
    }

    #[test]
    fn a_room_id_is_plain_and_makes_the_topics() {
        let room = RoomId::new("room-2").unwrap();
        assert_eq!(
            (room.state_topic(), room.desk_topic()),
            ("stillroom/room-2/state".into(), "stillroom/room-2/desk".into())
        );
        assert_eq!(RoomId::of_state_topic("stillroom/room-2/state"), Some(room));
        for wrong in ["", "Room 2", "a/b", "+", "#", "desks", "ä", &"x".repeat(41)] {
            assert_eq!(RoomId::new(wrong), Err(NotARoomId), "{wrong}");
        }
        for wrong in ["stillroom/a/b/state", "stillroom/room-2/desk", "other/room-2/state", "stillroom/desks/state"] {
            assert_eq!(RoomId::of_state_topic(wrong), None, "{wrong}");
        }
        assert!(is_desk_beat(&desk_beat_topic(5)) && !is_desk_beat("stillroom/desks"));
    }

    #[test]
    fn what_is_said_is_read_again_and_the_names_stay() {
        let state = RoomState {
            head: head(),
            name: "Room 2".into(),
            vitals: Vitals { loop_age_ms: Some(3), frame_age_ms: None, audio_age_ms: Some(90) },
            call: Some(CallState {
                id: Ulid(9),
                practice: false,
                phase: Phase::OnTheWay,
                placed_ago_ms: 10,
                phase_ago_ms: 5,
                name: Some("Maria".into()),
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
            let bytes = write(&said).unwrap();
            assert_eq!(read::<FromRoom>(&bytes, |said| said.head().v).unwrap(), said);
        }
        let stance = DeskStance {
            v: VERSION,
            desk: u64::MAX,
            link: 1,
            seq: 4,
            receives: true,
            received: Some(Ulid(9)),
            orders: vec![NamedOrder { id: Ulid(2), order: Order::Coming { call: Ulid(9), name: "Maria".into() } }],
            cleared: Some(4),
            shows: true,
        };
        let text = String::from_utf8(write(&stance).unwrap()).unwrap();
        let expected = concat!(
            r#"{"v":1,"desk":"18446744073709551615","link":1,"seq":4,"receives":true,"received":"00000000000000000000000009","#,
            r#""orders":[{"id":"00000000000000000000000002","order":"coming","call":"00000000000000000000000009","#,
            r#""name":"Maria"}],"cleared":4}"#
        );
        assert_eq!(text, expected);
        assert_eq!(read::<DeskStance>(text.as_bytes(), |stance| stance.v).unwrap(), stance);
        let hides = DeskStance { shows: false, ..stance };
        assert_eq!(read::<DeskStance>(&write(&hides).unwrap(), |stance| stance.v).unwrap(), hides);
    }

    #[test]
    fn another_version_and_what_is_too_long_are_passed_over() {
        let other = DeskBeat { v: 2, desk: 1, link: 1, seq: 1, receives: true, gone: false };
        let bytes = serde_json::to_vec(&other).unwrap();
        assert_eq!(read::<DeskBeat>(&bytes, |beat| beat.v), Err(NotUnderstood::Unknown));
        assert_eq!(read::<DeskBeat>(b"{", |beat| beat.v), Err(NotUnderstood::Unknown));
        assert_eq!(read::<DeskBeat>(&vec![b' '; MESSAGE_BYTES_MAX + 1], |beat| beat.v), Err(NotUnderstood::TooLong));
        assert_eq!(write(&"x".repeat(MESSAGE_BYTES_MAX)), None);
    }
}
