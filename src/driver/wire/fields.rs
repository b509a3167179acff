//! Owns reading one JSON object key by key, with errors that name the key and never the value.

use serde_json::{Map, Value};
use ulid::Ulid;

use super::WireError;
use crate::room::call::CallId;
use crate::vocabulary::Named;

/// Names are never longer, in characters.
const NAME_CHARS_MAX: usize = 120;
const NAME: &str = "a name of 1 to 120 characters";
const CALL: &str = "a call's name (a ULID)";

/// The keys and values of one line.
pub(super) struct Fields {
    map: Map<String, Value>,
    /// Whether a key nobody asked for is an error.
    is_strict: bool,
}

impl Fields {
    pub(super) fn read(line: &str, is_strict: bool) -> Result<Self, WireError> {
        match serde_json::from_str(line) {
            Ok(Value::Object(map)) => Ok(Self { map, is_strict }),
            Ok(_) | Err(_) => Err(WireError::NotAnObject),
        }
    }

    /// The event's name.
    pub(super) fn event(&self) -> Result<&str, WireError> {
        let allowed = "the event's name";
        let value = self.map.get("event").ok_or(WireError::Missing { key: "event", allowed: allowed.into() })?;
        value.as_str().ok_or(WireError::Wrong { key: "event", allowed: allowed.into() })
    }

    /// No keys but `event` and these, in words separated by a comma and a space.
    pub(super) fn only(&self, known: &'static str) -> Result<(), WireError> {
        let is_known = |key: &String| key == "event" || known.split(", ").any(|known| known == key);
        let told = if known.is_empty() { "none but `event`" } else { known };
        if !self.is_strict || self.map.keys().all(is_known) {
            Ok(())
        } else {
            Err(WireError::UnknownKey { known: told })
        }
    }

    pub(super) fn text(&self, key: &'static str) -> Result<String, WireError> {
        self.required(key, "text", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn name(&self, key: &'static str) -> Result<String, WireError> {
        self.required(key, NAME, name)
    }

    pub(super) fn optional_name(&self, key: &'static str) -> Result<Option<String>, WireError> {
        self.optional(key, NAME, name)
    }

    /// A value of a closed set, by its name.
    pub(super) fn named<T: Named>(&self, key: &'static str) -> Result<T, WireError> {
        match self.map.get(key) {
            None | Some(Value::Null) => Err(WireError::Missing { key, allowed: T::one_of().into() }),
            Some(value) => {
                let named = value.as_str().and_then(T::from_name);
                named.ok_or_else(|| WireError::Wrong { key, allowed: T::one_of().into() })
            }
        }
    }

    /// What `known` makes of a name.
    pub(super) fn one_of<T>(
        &self,
        key: &'static str,
        allowed: &'static str,
        known: impl Fn(&str) -> Option<T>,
    ) -> Result<T, WireError> {
        self.required(key, allowed, |value| value.as_str().and_then(&known))
    }

    pub(super) fn flag(&self, key: &'static str) -> Result<bool, WireError> {
        self.required(key, "true or false", Value::as_bool)
    }

    pub(super) fn flag_or_no(&self, key: &'static str) -> Result<bool, WireError> {
        Ok(self.optional(key, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    pub(super) fn whole(&self, key: &'static str, allowed: &'static str) -> Result<u32, WireError> {
        self.required(key, allowed, whole)
    }

    pub(super) fn optional_whole(&self, key: &'static str, allowed: &'static str) -> Result<Option<u32>, WireError> {
        self.optional(key, allowed, whole)
    }

    pub(super) fn long(&self, key: &'static str) -> Result<u64, WireError> {
        self.required(key, "a whole number", Value::as_u64)
    }

    pub(super) fn number(&self, key: &'static str, allowed: &'static str) -> Result<f32, WireError> {
        self.required(key, allowed, |value| value.as_f64().map(|number| number as f32).filter(|n| n.is_finite()))
    }

    pub(super) fn call(&self, key: &'static str) -> Result<CallId, WireError> {
        self.required(key, CALL, call)
    }

    pub(super) fn optional_call(&self, key: &'static str) -> Result<Option<CallId>, WireError> {
        self.optional(key, CALL, call)
    }

    pub(super) fn required<T>(
        &self,
        key: &'static str,
        allowed: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, WireError> {
        self.optional(key, allowed, read)?.ok_or(WireError::Missing { key, allowed: allowed.into() })
    }

    fn optional<T>(
        &self,
        key: &'static str,
        allowed: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, WireError> {
        match self.map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or(WireError::Wrong { key, allowed: allowed.into() }),
        }
    }
}

fn name(value: &Value) -> Option<String> {
    let name = value.as_str()?;
    (!name.is_empty() && name.chars().count() <= NAME_CHARS_MAX).then(|| name.to_owned())
}

fn whole(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

fn call(value: &Value) -> Option<CallId> {
    Ulid::from_string(value.as_str()?).ok().map(|ulid| CallId(ulid.0))
}
