//! Owns the words of screens and printed sheets in every language, and each language's keyboard. Does not own the
//! choice of words for a screen, or the texts in a clinic's configuration files.

pub mod keyboard;
mod locales;
mod messages;
#[cfg(test)]
mod said;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentValue};

use crate::vocabulary::language::Language;
use keyboard::Layout;
use locales::Locale;

pub use locales::{LANGUAGES_MAX, Locales, check_folder, folder_of_language, letters_in};

static NO_KEYS: Layout = Layout::EMPTY;

/// A value for a variable in a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Shown unchanged.
    Text(Cow<'a, str>),
    /// Shown with at most two decimals, and with U+2212 as the minus sign. It also selects between singular and plural.
    Number(f64),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

macro_rules! number_values {
    ($($number:ty),+) => {
        $(impl From<$number> for Value<'_> {
            #[allow(clippy::cast_lossless, reason = "one rule for every type of number")]
            fn from(number: $number) -> Self {
                Self::Number(number as f64)
            }
        })+
    };
}

number_values!(u8, u16, i32, u32, i64, u64, usize, f32, f64);

impl<'a> From<&'a Value<'_>> for FluentValue<'a> {
    fn from(value: &'a Value<'_>) -> Self {
        match value {
            Value::Text(text) => FluentValue::String(Cow::Borrowed(text)),
            // Adding zero turns −0 into 0.
            Value::Number(number) => FluentValue::from((number * 100.0).round() / 100.0 + 0.0),
        }
    }
}

/// The words of one language. A message that the language lacks comes from the languages that it falls back to.
pub struct Words {
    language: Language,
    /// The language itself first, if it is available; [`Language::FALLBACK`] last.
    chain: Vec<Arc<Locale>>,
}

impl fmt::Debug for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Words").field("languages", &self.languages()).finish()
    }
}

impl Words {
    /// Returns the language that was asked for, even if its words all come from a fallback.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Returns the language and those that it falls back to, in the order in which a message is looked up. The language
    /// itself is left out if it is not available.
    #[must_use]
    pub fn languages(&self) -> Vec<Language> {
        self.chain.iter().map(|locale| locale.language).collect()
    }

    /// Returns [`Words::languages`] up to and including the first one that has a message for this key, or all of them
    /// if none has. If a clinic's own text may replace the message, look up that text in these languages only, because
    /// a text in a later language must not displace a message in an earlier one.
    #[must_use]
    pub fn languages_up_to(&self, key: &str) -> Vec<Language> {
        let has_none = self.chain.iter().take_while(|locale| !locale.bundle.has_message(key)).count();
        self.chain.iter().take(has_none + 1).map(|locale| locale.language).collect()
    }

    /// Returns the keyboard for this language. If the language has none, returns the keyboard of the first fallback
    /// that has one.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        self.chain.iter().find_map(|locale| locale.layout.as_ref()).unwrap_or(&NO_KEYS)
    }

    /// Returns the message for this key from the first of [`Words::languages`] that has it, or the key itself if none
    /// does.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// Returns the message for this key, with `values` in the place of its variables. A missing message is handled as
    /// in [`Words::say`]. A variable without a value is shown as its name.
    #[must_use]
    pub fn say_with(&self, key: &str, values: &[(&str, Value<'_>)]) -> String {
        self.chain.iter().find_map(|locale| format_from(locale, key, values)).unwrap_or_else(|| {
            tracing::warn!(key, "a message is missing in every language");
            key.to_owned()
        })
    }
}

fn with_true_minus(number: &FluentNumber) -> String {
    number.as_string().replace('-', "\u{2212}")
}

fn format_from(locale: &Locale, key: &str, values: &[(&str, Value<'_>)]) -> Option<String> {
    let pattern = locale.bundle.get_message(key)?.value()?;
    let arguments: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, FluentValue::from(value))).collect();
    let mut errors = Vec::new();
    let said = locale.bundle.format_pattern(pattern, Some(&arguments), &mut errors).into_owned();
    if !errors.is_empty() {
        // The values are not logged, because the key and the language are enough to find the mistake.
        tracing::warn!(key, language = locale.language.name(), "a message lacks the value of a variable");
    }
    Some(said)
}
