//! Owns the types of the values in a line, each with a text for error messages that says which values are allowed. Does
//! not own the keys.
//!
//! A value from the vocabulary is read and written as its name ([`NameOf`]).

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH, Stroke, StrokePoint, Tint};
use crate::room::notes::INTENTIONS;
use crate::vocabulary::Named;
use crate::vocabulary::language::Language;

/// Maximum length of a profile's name, in characters.
const NAME_CHARS_MAX: usize = 120;
/// Width given to every stroke that is read from a JSON line, in page units.
const STROKE_WIDTH: u16 = 60;

/// The value has the right type but is out of range. The type's `expecting` text says what is in range.
#[derive(Debug)]
pub(in crate::driver) struct OutOfRange;

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of range")
    }
}

#[derive(Deserialize)]
#[serde(expecting = "true or false")]
pub(super) struct Flag(pub bool);

/// What a patient wrote, before it becomes a [`crate::room::notes::PatientText`]. This type can be deserialised but
/// never serialised.
#[derive(Deserialize)]
#[serde(expecting = "text")]
pub(super) struct PatientWords(pub String);

#[derive(Deserialize)]
#[serde(expecting = "a whole number of minutes")]
pub(super) struct Minutes(pub u32);

#[derive(Deserialize)]
#[serde(expecting = "a number of dB below full scale, such as -30")]
pub(super) struct Decibels(pub Finite);

#[derive(Deserialize)]
#[serde(expecting = "a name of 1 to 120 characters")]
pub(super) struct ProfileField(pub ProfileName);

#[derive(Deserialize)]
#[serde(expecting = "1, 2 or 3")]
pub(super) struct QuestionNumber(pub QuestionIndex);

#[derive(Deserialize)]
#[serde(expecting = "the page's number, from 1")]
pub(super) struct PageNumber(pub NonZeroUsize);

#[derive(Deserialize)]
#[serde(expecting = "lists of points, each [x, y] with x from 0 to 12000 and y from 0 to 6250")]
pub(super) struct Strokes(Vec<StrokeLine>);

impl From<Strokes> for Drawing {
    fn from(Strokes(strokes): Strokes) -> Self {
        Self::new(strokes.into_iter().map(|StrokeLine(stroke)| stroke).collect())
    }
}

/// A stroke in the default colour and with [`STROKE_WIDTH`]. A JSON line cannot choose colour or width, because a
/// program that drives headless mode only needs something on the page.
#[derive(Deserialize)]
#[serde(try_from = "Vec<(u16, u16)>")]
struct StrokeLine(Arc<Stroke>);

impl TryFrom<Vec<(u16, u16)>> for StrokeLine {
    type Error = OutOfRange;

    fn try_from(points: Vec<(u16, u16)>) -> Result<Self, OutOfRange> {
        if points.iter().any(|(x, y)| *x > PAGE_WIDTH || *y > PAGE_HEIGHT) {
            return Err(OutOfRange);
        }
        let points = points.into_iter().map(|(x, y)| StrokePoint { x, y, width: STROKE_WIDTH });
        Stroke::new(Tint::default(), points.collect()).map(|stroke| Self(Arc::new(stroke))).ok_or(OutOfRange)
    }
}

/// A question's index, counted from 0. It is read from the question's number, which is counted from 1 in a JSON line.
#[derive(Deserialize)]
#[serde(try_from = "usize")]
pub(super) struct QuestionIndex(pub usize);

impl TryFrom<usize> for QuestionIndex {
    type Error = OutOfRange;

    fn try_from(number: usize) -> Result<Self, OutOfRange> {
        if (1..=INTENTIONS).contains(&number) { Ok(Self(number - 1)) } else { Err(OutOfRange) }
    }
}

/// A number that JSON can represent, so it is neither infinite nor NaN.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(try_from = "f64")]
pub(in crate::driver) struct Finite(f32);

impl Finite {
    pub(in crate::driver) fn new(number: f32) -> Option<Self> {
        number.is_finite().then_some(Self(number))
    }

    pub(in crate::driver) const fn get(self) -> f32 {
        self.0
    }
}

impl TryFrom<f64> for Finite {
    type Error = OutOfRange;

    fn try_from(number: f64) -> Result<Self, OutOfRange> {
        Self::new(number as f32).ok_or(OutOfRange)
    }
}

/// A profile's name. Reading one fails unless it has 1 to [`NAME_CHARS_MAX`] characters.
#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub(in crate::driver) struct ProfileName(pub String);

impl TryFrom<String> for ProfileName {
    type Error = OutOfRange;

    fn try_from(name: String) -> Result<Self, OutOfRange> {
        if (1..=NAME_CHARS_MAX).contains(&name.chars().count()) { Ok(Self(name)) } else { Err(OutOfRange) }
    }
}

/// A type whose values each have a name.
pub(in crate::driver) trait KnownByName: Sized {
    /// Returns the value with this name; `None` if there is none.
    fn parse_name(name: &str) -> Option<Self>;
    /// Returns the value's name.
    fn as_name(&self) -> &str;
    /// Returns the allowed names in words, for error messages.
    fn allowed_names() -> String;
}

impl<T: Named> KnownByName for T {
    fn parse_name(name: &str) -> Option<Self> {
        T::from_name(name)
    }

    fn as_name(&self) -> &str {
        self.name()
    }

    fn allowed_names() -> String {
        T::one_of()
    }
}

impl KnownByName for Language {
    fn parse_name(name: &str) -> Option<Self> {
        Self::from_name(name)
    }

    fn as_name(&self) -> &str {
        self.name()
    }

    fn allowed_names() -> String {
        Self::TAG.to_owned()
    }
}

/// A vocabulary value that is serialised as its name. This wrapper exists because the vocabulary does not depend on
/// serde.
pub(in crate::driver) struct NameOf<T>(pub T);

impl<T: KnownByName> Serialize for NameOf<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_name())
    }
}

impl<'de, T: KnownByName> Deserialize<'de> for NameOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct("NameOf", NameVisitor(PhantomData))
    }
}

struct NameVisitor<T>(PhantomData<T>);

impl<'de, T: KnownByName> serde::de::Visitor<'de> for NameVisitor<T> {
    type Value = NameOf<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&T::allowed_names())
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<NameOf<T>, D::Error> {
        let name = String::deserialize(deserializer)?;
        T::parse_name(&name).map(NameOf).ok_or_else(|| D::Error::custom(OutOfRange))
    }
}
