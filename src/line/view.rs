//! Owns the format of a room's view, which the room writes and the desk parses and shows. A broker may deliver
//! anything, so every text and list has a maximum length, and a field that cannot be parsed is dropped and reported
//! without affecting the others. Does not own the call, which is parsed separately, or the page's layout.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::room::names::is_bidi_control;

/// Maximum length of a [`Label`], in characters.
pub const LABEL_CHARS_MAX: usize = 120;
/// Maximum length of a [`Sentence`], in characters.
pub const SENTENCE_CHARS_MAX: usize = 320;
/// Maximum length of the text that a patient shares, in characters. If a clinic allows longer texts, they are truncated
/// to this length, because they might take more than [`super::message::MESSAGE_BYTES_MAX`].
pub const SHARED_CHARS_MAX: usize = 8_000;
/// Maximum number of elements in a [`BoundedList`].
pub const LIST_MAX: usize = 64;

/// Text of at most `CHARS_MAX` characters. Longer text is truncated and ends with `…`. Line breaks are kept. Other
/// control characters, bidirectional controls, and certain invisible characters (`is_deceptive`) are removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct BoundedText<const CHARS_MAX: usize>(String);

/// Text for names and keywords.
pub type Label = BoundedText<LABEL_CHARS_MAX>;
/// Text for one or two sentences addressed to staff.
pub type Sentence = BoundedText<SENTENCE_CHARS_MAX>;

impl<const CHARS_MAX: usize> From<&str> for BoundedText<CHARS_MAX> {
    fn from(text: &str) -> Self {
        let mut visible = text.chars().filter(|char| *char == '\n' || !(char.is_control() || is_deceptive(*char)));
        let mut kept: String = visible.by_ref().take(CHARS_MAX).collect();
        if visible.next().is_some() {
            kept.pop();
            kept.push('…');
        }
        Self(kept)
    }
}

impl<const CHARS_MAX: usize> From<String> for BoundedText<CHARS_MAX> {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl<const CHARS_MAX: usize> From<BoundedText<CHARS_MAX>> for String {
    fn from(text: BoundedText<CHARS_MAX>) -> Self {
        text.0
    }
}

impl<const CHARS_MAX: usize> Deref for BoundedText<CHARS_MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Returns whether `char` is a bidirectional control or one of the invisible characters U+200B, U+2060 to U+206F and
/// U+FEFF. Names that differ only in such characters look alike.
const fn is_deceptive(char: char) -> bool {
    is_bidi_control(char) || matches!(char, '\u{200B}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// Text that the patient shared. `Debug` does not print it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SharedText(BoundedText<SHARED_CHARS_MAX>);

impl fmt::Debug for SharedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedText(…)")
    }
}

impl From<&str> for SharedText {
    fn from(text: &str) -> Self {
        Self(BoundedText::from(text))
    }
}

/// A list of at most [`LIST_MAX`] elements. Any further elements are dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<T>")]
pub struct BoundedList<T>(Vec<T>);

impl<T> Default for BoundedList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for BoundedList<T> {
    fn from(mut list: Vec<T>) -> Self {
        list.truncate(LIST_MAX);
        Self(list)
    }
}

impl<T> FromIterator<T> for BoundedList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().take(LIST_MAX).collect())
    }
}

impl<T> Deref for BoundedList<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

/// Everything a desk page shows of a room except its call. Unless a field says otherwise, an empty label or `None`
/// means that the room did not send it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "a message, not a state machine")]
pub struct RoomView {
    /// The room's name as staff know it.
    pub room: Label,
    /// The name of the room's stage, for example `session`.
    pub stage: Label,
    /// Whether a visit is in progress.
    pub in_visit: bool,
    /// The name of the session's current part; `None` if there is no session.
    pub part: Option<Label>,
    /// The session's clock and parts; `None` if there is no session.
    pub session: Option<ClockView>,
    /// The stem of the chosen profile's file name.
    pub profile: Label,
    /// The infusion's length in minutes, as chosen for the next session or used in the current one.
    pub infusion_minutes: Option<u32>,
    /// The name of the place that the patient sees.
    pub place: Label,
    /// The tag of the patient's language, for example `en-US`.
    pub language: Label,
    /// The volume of the patient's sound, in dB relative to full scale.
    pub volume_db: Option<f32>,
    /// The pacer's breathing pattern, for example `4-6`; `None` while the pacer is off.
    pub breath: Option<Label>,
    /// Whether the patient's screen is dark.
    pub dark: bool,
    /// Whether the anchor is on. The patient's screen then shows only the breath and one line of words. The patient
    /// turns the anchor on with *Too much*, and staff with *Calm now*.
    pub anchor: bool,
    /// Whether staff have calmed the room, which pauses the music and turns on the anchor.
    pub calm: bool,
    /// Whether the patient's sound is off, as chosen by the patient or staff.
    pub silence: bool,
    /// The offset that is added to the arc's brightness, −0.5 to 0.5.
    pub brightness_trim: Option<f32>,
    /// The offset that is added to the arc's music intensity, −1 to 1. It affects composed music only.
    pub intensity_nudge: Option<f32>,
    /// Whether staff are talking to the patient, which makes the sound quieter.
    pub talk_now: bool,
    /// The number of desks that can receive the room's calls. Each page of the room's own desk counts as one, and so
    /// does each desk that serves several rooms.
    pub desks: u32,
    /// `up` if [`RoomView::desks`] is at least 1, otherwise `down`.
    pub line: Label,
    /// The text that the patient shares with staff; `None` if the patient shares nothing.
    pub shared: Option<SharedText>,
    /// The names of the room's current troubles.
    pub troubles: BoundedList<Label>,
    /// The receipt of the newest wipe.
    pub receipt: Option<ReceiptView>,
    /// Whether a wipe is in progress.
    pub wiping: bool,
    /// Whether staff have heard the test tone since the last reset.
    pub speaker_tested: bool,
    /// The choices that staff have in this room; `None` if the desk already knows them.
    pub offers: Option<Offers>,
}

/// A session's clock and the start of each part, in milliseconds of that clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "a message, not a state machine")]
pub struct ClockView {
    /// The time on the clock; `None` until the infusion starts.
    pub clock_ms: Option<u64>,
    /// Whether the clock is advancing.
    pub running: bool,
    /// Whether a clinician paused the clock.
    pub paused: bool,
    /// Whether the landing is over.
    pub landed: bool,
    /// Seconds that the clock advances per second of real time. The value is greater than 1 only in demonstrations.
    pub speed: u32,
    /// The infusion's length.
    pub infusion_ms: u64,
    /// Start of the peak.
    pub peak_from_ms: u64,
    /// Start of the return.
    pub return_from_ms: u64,
    /// Start of the landing.
    pub landing_from_ms: u64,
    /// End of the landing.
    pub end_ms: u64,
    /// Whether staff ended the session early.
    pub ended: bool,
}

/// The receipt of a wipe, as a desk shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// The receipt's number, which increases with each wipe of the room.
    pub number: u64,
    /// The wall-clock time at which the wipe was checked, in RFC 3339 format.
    pub at: Label,
    /// Whether every check passed.
    pub verified: bool,
    /// One entry for each check.
    pub checks: BoundedList<CheckView>,
    /// A hash over this receipt and the previous receipt's hash.
    pub chain: Label,
}

/// The result of one check after a wipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// The check's keyword, for example `no-visit-key`.
    pub name: Label,
    /// Whether the check passed.
    pub ok: bool,
}

/// The choices that staff have in a room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Offers {
    /// The profiles that the room can run.
    pub profiles: BoundedList<ProfileOffer>,
    /// The loudest volume that can be set in the room, in dB relative to full scale.
    pub cap_db: f32,
}

/// A profile that staff can choose at a desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileOffer {
    /// The stem of the profile's file name.
    pub name: Label,
    /// The title that staff read.
    pub title: Label,
    /// One or two sentences for staff.
    pub description: Sentence,
    /// Whether any part of the profile has a score. A desk can adjust the intensity of the score, but not of tracks or
    /// beds.
    pub scored: bool,
    /// The name of the place at which a session begins; empty if the room did not send it.
    #[serde(default)]
    pub place: Label,
    /// The name of the time of day at that place; empty if the room did not send it.
    #[serde(default)]
    pub time: Label,
}

/// A room's view as received. Fields that this version does not know are ignored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParsedRoomView {
    /// The fields that could be parsed. Every other field has its default value.
    pub view: RoomView,
    /// Whether every known field could be parsed and the stage is present. A page cannot show a room without its stage.
    pub is_complete: bool,
}

impl From<RoomView> for ParsedRoomView {
    fn from(view: RoomView) -> Self {
        Self { is_complete: true, view }
    }
}

impl From<Value> for ParsedRoomView {
    fn from(said: Value) -> Self {
        let Value::Object(fields) = said else { return Self::default() };
        let mut is_complete = true;
        let mut known = Map::new();
        for (name, value) in fields {
            // Each field is parsed separately, so that an invalid field does not affect the others.
            let alone = Value::Object(Map::from_iter([(name, value)]));
            match (RoomView::deserialize(&alone), alone) {
                (Ok(_), Value::Object(field)) => known.extend(field),
                _ => is_complete = false,
            }
        }
        match RoomView::deserialize(Value::Object(known)) {
            Ok(view) => Self { is_complete: is_complete && !view.stage.is_empty(), view },
            Err(_) => Self::default(),
        }
    }
}

impl Serialize for ParsedRoomView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.view.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ParsedRoomView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn whole() -> Value {
        json!({
            "room": "Room 2", "stage": "session", "in_visit": true, "part": "onset", "profile": "gentle-tide",
            "session": { "clock_ms": 5, "running": true, "paused": false, "landed": false, "speed": 1, "infusion_ms": 9,
                         "peak_from_ms": 2, "return_from_ms": 6, "landing_from_ms": 7, "end_ms": 10, "ended": false },
            "infusion_minutes": 40, "place": "beach", "language": "en-US", "volume_db": -30.0, "breath": "4-6",
            "dark": false, "anchor": false, "calm": true, "silence": false, "brightness_trim": 0.0, "intensity_nudge": 0.5,
            "talk_now": false, "desks": 1, "line": "up", "shared": "a white horse", "troubles": ["sound-lost"],
            "receipt": { "number": 4, "at": "2026-11-28T10:00:00Z", "verified": true, "chain": "ab",
                         "checks": [{ "name": "no-visit-key", "ok": true }] },
            "wiping": false, "speaker_tested": true,
            "offers": { "profiles": [{ "name": "gentle-tide", "title": "Gentle tide", "description": "", "place": "beach", "scored": true,
                                        "time": "dusk" }],
                        "cap_db": -20.0 },
        })
    }

    #[test]
    fn a_view_survives_a_round_trip_unchanged() {
        let said = ParsedRoomView::from(whole());
        assert!(said.is_complete);
        assert_eq!(serde_json::to_value(&said).unwrap(), whole());
        assert_eq!(serde_json::from_value::<ParsedRoomView>(whole()).unwrap(), said);
        assert!(!format!("{said:?}").contains("horse"), "what a patient shared is not printed");
    }

    #[test]
    fn a_wrong_field_is_dropped_and_reported_and_takes_no_other_with_it() {
        let wrong = [json!({}), json!([]), json!(["a", 1]), json!(-1.5), json!("words"), json!(true), json!(u64::MAX)];
        for name in whole().as_object().unwrap().keys() {
            let mut told = 0;
            for value in &wrong {
                let mut view = whole();
                view[name] = value.clone();
                let said = ParsedRoomView::from(view);
                let mut expected = whole();
                expected[name] = serde_json::to_value(&said).unwrap()[name].clone();
                assert_eq!(serde_json::to_value(&said).unwrap(), expected, "{name}: {value}");
                let is_taken = expected[name] == *value;
                assert!(said.is_complete || !is_taken || name == "stage", "{name}: {value}");
                told += usize::from(!said.is_complete);
            }
            assert!(told >= 4, "{name}: only {told} of {} were reported", wrong.len());
        }
    }

    #[test]
    fn anything_but_a_view_is_reported() {
        for said in [json!("a text"), json!(7), json!(null), json!([whole()]), json!({}), json!({ "stage": null })] {
            let said = ParsedRoomView::from(said);
            assert!(!said.is_complete && said.view == RoomView::default(), "{said:?}");
        }
    }

    #[test]
    fn fields_of_a_newer_version_are_ignored() {
        let mut view = whole();
        view["mood_lamp"] = json!({ "hue": [1, 2] });
        view["session"]["breaths"] = json!("many");
        view["stage"] = json!("a stage of next year");
        let said = ParsedRoomView::from(view);
        assert!(said.is_complete && said.view.session.is_some() && &*said.view.stage == "a stage of next year");
    }

    #[test]
    fn text_is_truncated_and_stripped_of_deceptive_characters() {
        let mut view = whole();
        view["room"] = json!("x".repeat(50_000));
        view["profile"] = json!("\u{202E}evil\u{200B}\u{0} na\u{2066}me");
        view["troubles"] = json!(vec!["sound-lost"; 5_000]);
        let said = ParsedRoomView::from(view);
        assert_eq!(said.view.room.chars().count(), LABEL_CHARS_MAX);
        assert!(said.view.room.ends_with("x…") && said.is_complete);
        assert_eq!(&*said.view.profile, "evil name");
        assert_eq!(said.view.troubles.len(), LIST_MAX);
        assert_eq!(BoundedText::<4>::from("four"), BoundedText::<4>::from("four\u{200B}".to_owned()));
    }
}
