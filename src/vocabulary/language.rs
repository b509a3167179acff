//! Owns language tags, and values that a file sets per language. Does not own the list of available languages, which is
//! read when the program starts (`words::Locales`).

use std::collections::BTreeMap;
use std::fmt;

/// Maximum length of a tag in bytes, enough for three letters, a hyphen and three digits.
const TAG_BYTES_MAX: usize = 7;

/// A language as it is spoken in a region. Its tag consists of the language and region subtags of BCP 47, such as
/// `en-US`, `haw-US` or `es-419`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language {
    /// The tag in ASCII, padded with zero bytes.
    tag: [u8; TAG_BYTES_MAX],
    length: u8,
}

impl Language {
    /// The language that all others eventually fall back to. Its words are built in and complete.
    pub const FALLBACK: Self = Self { tag: *b"en-US\0\0", length: 5 };

    /// A description of the tags that [`Language::from_name`] accepts, for error messages.
    pub const TAG: &str = "a language tag such as en-US";

    /// Parses a tag of two or three lower-case letters, a hyphen, and two capitals or three digits. Returns `None` for
    /// anything else.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let (language, region) = name.split_once('-')?;
        let is_language = matches!(language.len(), 2 | 3) && language.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_region = match region.len() {
            2 => region.bytes().all(|byte| byte.is_ascii_uppercase()),
            3 => region.bytes().all(|byte| byte.is_ascii_digit()),
            _ => false,
        };
        if !is_language || !is_region {
            return None;
        }
        let mut tag = [0; TAG_BYTES_MAX];
        tag.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        Some(Self { tag, length: u8::try_from(name.len()).ok()? })
    }

    /// The language's tag.
    #[must_use]
    pub fn name(&self) -> &str {
        let tag = self.tag.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(tag).unwrap_or_default()
    }
}

impl Default for Language {
    fn default() -> Self {
        Self::FALLBACK
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl fmt::Display for Language {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Values that a file sets, at most one for each language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerLanguage<T>(BTreeMap<Language, T>);

impl<T> Default for PerLanguage<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> FromIterator<(Language, T)> for PerLanguage<T> {
    fn from_iter<I: IntoIterator<Item = (Language, T)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T> PerLanguage<T> {
    /// Returns the value of the first of `languages` that has one, or `None` if none of them has. The list is a
    /// language followed by the languages to which it falls back.
    #[must_use]
    pub fn first_of(&self, languages: &[Language]) -> Option<&T> {
        languages.iter().find_map(|language| self.0.get(language))
    }

    /// Every value with its language, in the order of the tags.
    pub fn iter(&self) -> impl Iterator<Item = (Language, &T)> {
        self.0.iter().map(|(language, value)| (*language, value))
    }

    /// Whether no language has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_leads_to_a_language_and_back() {
        for tag in ["en-US", "es-US", "haw-US", "es-419", "fil-PH"] {
            assert_eq!(Language::from_name(tag).unwrap().name(), tag);
        }
        assert_eq!(Language::from_name("en-US"), Some(Language::FALLBACK));
        for wrong in ["", "en", "en-us", "EN-US", "en_US", "english", "en-USA", "e-US", "engl-US", "en-41", "en-US-x"] {
            assert_eq!(Language::from_name(wrong), None, "{wrong:?}");
        }
        assert_eq!(Language::from_name("éa-US"), None);
    }

    #[test]
    fn a_value_is_looked_up_in_each_language_in_turn() {
        let language = |tag| Language::from_name(tag).unwrap();
        let values: PerLanguage<u8> = [(language("en-US"), 1), (language("es-US"), 2)].into_iter().collect();
        assert_eq!(values.first_of(&[language("ca-ES"), language("es-US"), Language::FALLBACK]), Some(&2));
        assert_eq!(values.first_of(&[language("fr-FR"), Language::FALLBACK]), Some(&1));
        assert_eq!(values.first_of(&[language("fr-FR")]), None);
        assert!(!values.is_empty() && PerLanguage::<u8>::default().is_empty());
    }
}
