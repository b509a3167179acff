//! Owns the view of a room, as it travels to a desk and is drawn there: one definition for the room that writes it and
//! for the desk that reads it. Nothing of it is longer than its bound, and what cannot be read is left out and told,
//! since a broker may bring anything. Does not own the call, which is read apart from it, nor what the page makes of it.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::room::names::turns_text;

/// The longest word by which a room names something, in characters.
pub const NAME_CHARS_MAX: usize = 120;
/// The longest words that a person reads, in characters, but for what a patient shared.
pub const WORDS_CHARS_MAX: usize = 320;
/// What a patient shared is longer only where a clinic allows it, and is cut then: a message has an end.
pub const SHARED_CHARS_MAX: usize = 8_000;
/// So many profiles are offered at a desk, and no list of a view is longer.
pub const LIST_MAX: usize = 64;

/// Text of at most so many characters; a longer one is cut, and ends with `…`. What cannot be seen, or turns the text
/// around it, is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Text<const CHARS_MAX: usize>(String);

/// A word by which a room names something.
pub type Name = Text<NAME_CHARS_MAX>;
/// Words that a person reads.
pub type Words = Text<WORDS_CHARS_MAX>;

impl<const CHARS_MAX: usize> From<&str> for Text<CHARS_MAX> {
    fn from(text: &str) -> Self {
        let mut seen = text.chars().filter(|char| *char == '\n' || !(char.is_control() || turns_or_hides(*char)));
        let mut kept: String = seen.by_ref().take(CHARS_MAX).collect();
        if seen.next().is_some() {
            kept.pop();
            kept.push('…');
        }
        Self(kept)
    }
}

impl<const CHARS_MAX: usize> From<String> for Text<CHARS_MAX> {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl<const CHARS_MAX: usize> From<Text<CHARS_MAX>> for String {
    fn from(text: Text<CHARS_MAX>) -> Self {
        text.0
    }
}

impl<const CHARS_MAX: usize> Deref for Text<CHARS_MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Marks of direction, and marks that take no room: a name of them cannot be told from another.
const fn turns_or_hides(char: char) -> bool {
    turns_text(char) || matches!(char, '\u{200B}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// What the patient shared. Its `Debug` does not print it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shared(Text<SHARED_CHARS_MAX>);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(…)")
    }
}

impl From<&str> for Shared {
    fn from(text: &str) -> Self {
        Self(Text::from(text))
    }
}

/// A list of at most [`LIST_MAX`]; what comes after is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<T>")]
pub struct Few<T>(Vec<T>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut things: Vec<T>) -> Self {
        things.truncate(LIST_MAX);
        Self(things)
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(things: I) -> Self {
        Self(things.into_iter().take(LIST_MAX).collect())
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

/// The room as a desk draws it, but for its call. An empty name or a `None` is something that the room did not say.
/// Times are ages in milliseconds at the moment of writing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "a message, not a state machine")]
pub struct RoomView {
    /// What the room is called.
    pub room: Name,
    /// Its stage.
    pub stage: Name,
    /// Whether a person is in it for a visit.
    pub in_visit: bool,
    /// The part of its session.
    pub part: Option<Name>,
    /// Its session.
    pub session: Option<ClockView>,
    /// The profile that is chosen.
    pub profile: Name,
    /// The infusion's length, chosen or running.
    pub infusion_minutes: Option<u32>,
    /// The patient's place.
    pub place: Name,
    /// The patient's language.
    pub language: Name,
    /// The patient's volume, in dB below full scale.
    pub volume_db: Option<f32>,
    /// The pattern of the pacer; none where it does not run.
    pub breath: Option<Name>,
    /// Whether the screen is dark.
    pub dark: bool,
    /// Whether the patient asked for the anchor.
    pub anchor: bool,
    /// Whether the patient chose silence.
    pub silence: bool,
    /// Added to the arc's brightness.
    pub brightness_trim: Option<f32>,
    /// Added to the composed music's fullness.
    pub intensity_nudge: Option<f32>,
    /// Whether the patient wants to be talked to.
    pub talk_now: bool,
    /// So many desks can receive a call of it.
    pub desks: u32,
    /// Whether any can: `up` or `down`.
    pub line: Name,
    /// Only what the patient pressed *share* on.
    pub shared: Option<Shared>,
    /// What staff must know about it.
    pub troubles: Few<Name>,
    /// The proof of its last wipe.
    pub receipt: Option<ReceiptView>,
    /// Whether a wipe is running.
    pub wiping: bool,
    /// Whether staff heard the test tone in this turnover.
    pub speaker_tested: bool,
    /// What can be chosen in it; none where the desk knows by itself.
    pub offers: Option<Offers>,
}

/// A session's clock and the borders of its parts, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "a message, not a state machine")]
pub struct ClockView {
    /// The clock; none while it waits for the pump.
    pub clock_ms: Option<u64>,
    /// Whether it moves.
    pub running: bool,
    /// Whether the clinician stopped it.
    pub paused: bool,
    /// Whether the whole arc lies behind.
    pub landed: bool,
    /// How often a second passes in a second: more than 1 in a rehearsal.
    pub speed: u32,
    /// The infusion's length.
    pub infusion_ms: u64,
    /// From when on it is the peak.
    pub peak_from_ms: u64,
    /// From when on it is the return.
    pub return_from_ms: u64,
    /// From when on it is the landing.
    pub landing_from_ms: u64,
    /// When it has landed.
    pub end_ms: u64,
    /// Whether it was ended early.
    pub ended: bool,
}

/// The proof of a wipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// Counts up.
    pub number: u64,
    /// Wall-clock time, RFC 3339.
    pub at: Name,
    /// Whether every check held.
    pub verified: bool,
    /// What was looked at.
    pub checks: Few<CheckView>,
    /// Hash of this receipt and the one before.
    pub chain: Name,
}

/// One thing that a wipe looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// What.
    pub name: Name,
    /// Whether it was as it should be.
    pub ok: bool,
}

/// What can be chosen in a room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Offers {
    /// The profiles.
    pub profiles: Few<Profile>,
    /// No volume goes above, in dB below full scale.
    pub cap_db: f32,
}

/// A profile as a desk offers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// By which it is asked for.
    pub name: Name,
    /// What staff read.
    pub title: Name,
    /// One or two sentences about it.
    pub description: Words,
    /// Whether it has composed music, which a desk can make fuller or barer.
    pub scored: bool,
}

/// A view as it came: what of it could be read. What this version does not know is passed over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaidView {
    /// What was read; what could not be is as if it had not been said.
    pub read: RoomView,
    /// Whether that is all of it, and enough to draw a room.
    pub is_whole: bool,
}

impl From<RoomView> for SaidView {
    fn from(view: RoomView) -> Self {
        Self { is_whole: true, read: view }
    }
}

impl From<Value> for SaidView {
    fn from(said: Value) -> Self {
        let Value::Object(fields) = said else { return Self::default() };
        let mut is_whole = true;
        let mut known = Map::new();
        for (name, value) in fields {
            // A view of nothing else: a field that is wrong takes no other with it.
            let alone = Value::Object(Map::from_iter([(name, value)]));
            match (RoomView::deserialize(&alone), alone) {
                (Ok(_), Value::Object(field)) => known.extend(field),
                _ => is_whole = false,
            }
        }
        match RoomView::deserialize(Value::Object(known)) {
            Ok(read) => Self { is_whole: is_whole && !read.stage.is_empty(), read },
            Err(_) => Self::default(),
        }
    }
}

impl Serialize for SaidView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.read.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SaidView {
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
            "dark": false, "anchor": false, "silence": false, "brightness_trim": 0.0, "intensity_nudge": 0.5,
            "talk_now": false, "desks": 1, "line": "up", "shared": "a white horse", "troubles": ["sound-lost"],
            "receipt": { "number": 4, "at": "2026-11-28T10:00:00Z", "verified": true, "chain": "ab",
                         "checks": [{ "name": "no-visit-key", "ok": true }] },
            "wiping": false, "speaker_tested": true,
            "offers": { "profiles": [{ "name": "gentle-tide", "title": "Gentle tide", "description": "", "scored": true }],
                        "cap_db": -20.0 },
        })
    }

    #[test]
    fn what_a_room_writes_is_read_again_word_for_word() {
        let said = SaidView::from(whole());
        assert!(said.is_whole);
        assert_eq!(serde_json::to_value(&said).unwrap(), whole());
        assert_eq!(serde_json::from_value::<SaidView>(whole()).unwrap(), said);
        assert!(!format!("{said:?}").contains("horse"), "what a patient shared is not printed");
    }

    #[test]
    fn a_field_that_is_wrong_is_left_out_and_told_and_takes_no_other_with_it() {
        let wrong = [json!({}), json!([]), json!(["a", 1]), json!(-1.5), json!("words"), json!(true), json!(u64::MAX)];
        for name in whole().as_object().unwrap().keys() {
            let mut told = 0;
            for value in &wrong {
                let mut view = whole();
                view[name] = value.clone();
                let said = SaidView::from(view);
                let mut expected = whole();
                expected[name] = serde_json::to_value(&said).unwrap()[name].clone();
                assert_eq!(serde_json::to_value(&said).unwrap(), expected, "{name}: {value}");
                let is_taken = expected[name] == *value;
                assert!(said.is_whole || !is_taken || name == "stage", "{name}: {value}");
                told += usize::from(!said.is_whole);
            }
            assert!(told >= 4, "{name}: only {told} of {} were told", wrong.len());
        }
    }

    #[test]
    fn what_is_no_view_at_all_is_told() {
        for said in [json!("a text"), json!(7), json!(null), json!([whole()]), json!({}), json!({ "stage": null })] {
            let said = SaidView::from(said);
            assert!(!said.is_whole && said.read == RoomView::default(), "{said:?}");
        }
    }

    #[test]
    fn what_a_newer_room_says_beside_it_does_no_harm() {
        let mut view = whole();
        view["mood_lamp"] = json!({ "hue": [1, 2] });
        view["session"]["breaths"] = json!("many");
        view["stage"] = json!("a stage of next year");
        let said = SaidView::from(view);
        assert!(said.is_whole && said.read.session.is_some() && &*said.read.stage == "a stage of next year");
    }

    #[test]
    fn nothing_is_longer_than_its_bound_nor_hides_or_turns_what_stands_beside_it() {
        let mut view = whole();
        view["room"] = json!("x".repeat(50_000));
        view["profile"] = json!("\u{202E}evil\u{200B}\u{0} na\u{2066}me");
        view["troubles"] = json!(vec!["sound-lost"; 5_000]);
        let said = SaidView::from(view);
        assert_eq!(said.read.room.chars().count(), NAME_CHARS_MAX);
        assert!(said.read.room.ends_with("x…") && said.is_whole);
        assert_eq!(&*said.read.profile, "evil name");
        assert_eq!(said.read.troubles.len(), LIST_MAX);
        assert_eq!(Text::<4>::from("four"), Text::<4>::from("four\u{200B}".to_owned()));
    }
}
