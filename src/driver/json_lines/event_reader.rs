//! Owns the deserialiser that reads a JSON object as an enum. The `event` key names the variant, and the other keys are
//! the variant's fields. Errors name the key and the allowed values, and never quote the value found. Does not own the
//! events.

use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, Expected, IntoDeserializer, MapAccess, VariantAccess, Visitor,
};
use serde::{Deserializer, forward_to_deserialize_any};
use serde_json::{Map, Value};

use super::JsonLineError;

const EVENT: &str = "event";
const EVENT_NAME: &str = "the event's name";
const NO_KEYS: &str = "none but `event`";

/// Reads a line as `T`, an enum whose variants have named fields or none. Each field is a newtype or an `Option` of a
/// newtype, and the error for a wrong value quotes what that newtype expects.
pub(super) fn read<T: DeserializeOwned>(line: &str) -> Result<T, JsonLineError> {
    match serde_json::from_str(line) {
        Ok(Value::Object(keys)) => T::deserialize(EventObject { keys: &keys }),
        Ok(_) | Err(_) => Err(JsonLineError::NotAnObject),
    }
}

/// The only error that serde itself raises here is for an unknown variant. Its message is dropped, because it quotes
/// the name from the line.
impl serde::de::Error for JsonLineError {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self::UnknownEvent
    }
}

struct EventObject<'de> {
    keys: &'de Map<String, Value>,
}

impl EventObject<'_> {
    /// Refuses keys that the event does not know, because a misspelt key must not be ignored silently.
    fn reject_keys_except(&self, known: &[&str]) -> Result<(), JsonLineError> {
        if self.keys.keys().all(|key| key == EVENT || known.contains(&key.as_str())) {
            return Ok(());
        }
        let known = if known.is_empty() { NO_KEYS.to_owned() } else { known.join(", ") };
        Err(JsonLineError::UnknownKey { known })
    }
}

impl<'de> Deserializer<'de> for EventObject<'de> {
    type Error = JsonLineError;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonLineError> {
        visitor.visit_enum(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, JsonLineError> {
        Err(JsonLineError::UnknownEvent)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for EventObject<'de> {
    type Error = JsonLineError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), JsonLineError> {
        let allowed = || EVENT_NAME.to_owned();
        let value = self.keys.get(EVENT).ok_or_else(|| JsonLineError::Missing { key: EVENT, allowed: allowed() })?;
        let name = value.as_str().ok_or_else(|| JsonLineError::Wrong { key: EVENT, allowed: allowed() })?;
        let name: serde::de::value::StrDeserializer<'_, JsonLineError> = name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for EventObject<'de> {
    type Error = JsonLineError;

    fn unit_variant(self) -> Result<(), JsonLineError> {
        self.reject_keys_except(&[])
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonLineError> {
        self.reject_keys_except(fields)?;
        visitor.visit_map(EventFields { keys: self.keys, left: fields.iter(), current: EVENT })
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, JsonLineError> {
        Err(JsonLineError::UnknownEvent)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, JsonLineError> {
        Err(JsonLineError::UnknownEvent)
    }
}

/// Iterates over every field of a variant. A field that is missing from the line is read as null, so that its type can
/// say in the error which values it accepts.
struct EventFields<'de> {
    keys: &'de Map<String, Value>,
    left: std::slice::Iter<'static, &'static str>,
    current: &'static str,
}

impl<'de> MapAccess<'de> for EventFields<'de> {
    type Error = JsonLineError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, JsonLineError> {
        let Some(key) = self.left.next() else { return Ok(None) };
        self.current = key;
        let key: serde::de::value::StrDeserializer<'_, JsonLineError> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, JsonLineError> {
        let (key, value) = (self.current, self.keys.get(self.current).unwrap_or(&Value::Null));
        seed.deserialize(FieldValue(value)).map_err(|NotAllowed { allowed }| {
            if value.is_null() {
                JsonLineError::Missing { key, allowed }
            } else {
                JsonLineError::Wrong { key, allowed }
            }
        })
    }
}

/// The error for a value that a field does not accept. It holds the words for the accepted values and, unlike
/// `serde_json`'s errors, cannot quote the value found.
#[derive(Debug, Default)]
struct NotAllowed {
    allowed: String,
}

impl std::fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.allowed)
    }
}

impl std::error::Error for NotAllowed {}

impl serde::de::Error for NotAllowed {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self::default()
    }
}

struct FieldValue<'de>(&'de Value);

impl<'de> Deserializer<'de> for FieldValue<'de> {
    type Error = NotAllowed;

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotAllowed> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, NotAllowed> {
        let allowed = (&visitor as &dyn Expected).to_string();
        visitor.visit_newtype_struct(self.0).map_err(|_| NotAllowed { allowed })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, NotAllowed> {
        Err(NotAllowed::default())
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
