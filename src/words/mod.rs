//! Owns every word that is shown: finds it by its key in the language asked for. Does not own which words a screen
//! shows, nor the texts a clinic sets in its own files.

use std::borrow::Cow;
use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::room::snapshot::Language;

const ENGLISH_FILES: [(&str, &str); 2] = [
    ("en-US/patient.ftl", include_str!("../../locales/en-US/patient.ftl")),
    ("en-US/staff.ftl", include_str!("../../locales/en-US/staff.ftl")),
];
const SPANISH_FILES: [(&str, &str); 2] = [
    ("es-US/patient.ftl", include_str!("../../locales/es-US/patient.ftl")),
    ("es-US/staff.ftl", include_str!("../../locales/es-US/staff.ftl")),
];

/// What a message is told, to put in its place.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Put in as it stands.
    Text(Cow<'a, str>),
    /// Put in with at most two decimals and a true minus sign; also chooses between singular and plural.
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
            #[allow(clippy::cast_lossless, reason = "one rule for every kind of number")]
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
            // adding zero turns −0 into 0
            Value::Number(number) => FluentValue::from((number * 100.0).round() / 100.0 + 0.0),
        }
    }
}

/// The words of one language, with English behind them.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    fallback: Option<FluentBundle<FluentResource>>,
}

impl fmt::Debug for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Words").field("language", &self.language).finish_non_exhaustive()
    }
}

impl Words {
    /// The words of `language`. They are part of the program, so nothing can be missing on a disk.
    #[must_use]
    pub fn new(language: Language) -> Self {
        let fallback = (language != Language::English).then(|| bundle_of(Language::English));
        Self { language, bundle: bundle_of(language), fallback }
    }

    /// The language they are in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The message of that key. One that is missing is said in English; one that is missing there too is its key.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// The message of that key with `values` in it. Missing messages as in [`Words::say`]; a missing value shows its
    /// name.
    #[must_use]
    pub fn say_with(&self, key: &str, values: &[(&str, Value<'_>)]) -> String {
        if let Some(said) = format_from(&self.bundle, key, values) {
            return said;
        }
        tracing::warn!(key, language = self.language.name(), "a message is missing; add it to the locale's files");
        self.fallback.as_ref().and_then(|fallback| format_from(fallback, key, values)).unwrap_or_else(|| key.to_owned())
    }

    /// Every key of `language`, in the order of its files.
    #[must_use]
    pub fn keys(language: Language) -> Vec<&'static str> {
        files_of(language).into_iter().flat_map(|(_, source)| keys_in(source)).collect()
    }
}

fn files_of(language: Language) -> [(&'static str, &'static str); 2] {
    match language {
        Language::English => ENGLISH_FILES,
        Language::Spanish => SPANISH_FILES,
    }
}

fn resource_of(place: &str, source: &str) -> FluentResource {
    FluentResource::try_new(source.to_owned()).unwrap_or_else(|(readable, errors)| {
        tracing::warn!(place, errors = errors.len(), "some messages cannot be read; mend the file and build anew");
        readable
    })
}

fn bundle_of(language: Language) -> FluentBundle<FluentResource> {
    // the two names are well formed, as a test proves; the default would only cost the plural rules
    let locale: LanguageIdentifier = language.name().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    // isolating marks are drawn as boxes by fonts that lack them, and both languages run left to right
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(number) => Some(with_true_minus(number)),
        _ => None,
    }));
    for (place, source) in files_of(language) {
        if let Err(errors) = bundle.add_resource(resource_of(place, source)) {
            tracing::warn!(place, errors = errors.len(), "a key is given twice; the first one is used");
        }
    }
    bundle
}

fn with_true_minus(number: &FluentNumber) -> String {
    number.as_string().replace('-', "\u{2212}")
}

fn format_from(bundle: &FluentBundle<FluentResource>, key: &str, values: &[(&str, Value<'_>)]) -> Option<String> {
    let pattern = bundle.get_message(key)?.value()?;
    let arguments: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, FluentValue::from(value))).collect();
    let mut errors = Vec::new();
    let said = bundle.format_pattern(pattern, Some(&arguments), &mut errors).into_owned();
    if !errors.is_empty() {
        // the errors name variables, never what was put in them, but the key says enough
        tracing::warn!(key, "a message lacks a value that it names");
    }
    Some(said)
}

/// The keys of a file: only a message begins at the start of a line with a letter.
fn keys_in(source: &'static str) -> impl Iterator<Item = &'static str> {
    source
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()))
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key.trim_end())
}

#[cfg(test)]
mod said;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const LANGUAGES: [Language; 2] = [Language::English, Language::Spanish];

    fn file(language: Language, name: &str) -> &'static str {
        files_of(language).into_iter().find(|(place, _)| place.ends_with(name)).expect(name).1
    }

    /// Every key of a file with the source of its message.
    fn messages(source: &'static str) -> Vec<(&'static str, String)> {
        let mut found: Vec<(&str, String)> = Vec::new();
        for line in source.lines() {
            if let Some(key) = keys_in(line).next() {
                found.push((key, line[key.len()..].trim_start_matches([' ', '=']).to_owned()));
            } else if let (false, Some((_, message))) = (line.starts_with('#'), found.last_mut()) {
                message.push_str(line);
            }
        }
        found
    }

    fn variables(message: &str) -> BTreeSet<&str> {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        message.split('$').skip(1).map(|rest| rest.split(|letter| !is_name(letter)).next().unwrap_or("")).collect()
    }

    fn has_word(message: &str, unwanted: &str) -> bool {
        let plain: Vec<&str> = message.split(|letter: char| !letter.is_alphanumeric()).collect();
        plain.windows(unwanted.split(' ').count()).any(|window| window.join(" ").eq_ignore_ascii_case(unwanted))
    }

    #[test]
    fn files_are_read_whole() {
        for language in LANGUAGES {
            let mut bundle = FluentBundle::new_concurrent(vec![language.name().parse().unwrap()]);
            let mut spoken = 0;
            for (place, source) in files_of(language) {
                let resource = FluentResource::try_new(source.to_owned()).map_err(|(_, errors)| errors);
                bundle.add_resource(resource.expect(place)).expect(place);
                spoken += messages(source).iter().filter(|(key, _)| bundle.has_message(key)).count();
            }
            assert_eq!(spoken, Words::keys(language).len());
        }
    }

    #[test]
    fn both_languages_say_the_same_things() {
        for name in ["patient.ftl", "staff.ftl"] {
            let shape = |language| -> Vec<(&str, BTreeSet<String>)> {
                messages(file(language, name))
                    .into_iter()
                    .map(|(key, message)| (key, variables(&message).into_iter().map(str::to_owned).collect()))
                    .collect()
            };
            assert_eq!(shape(Language::English), shape(Language::Spanish), "{name}");
        }
    }

    #[test]
    fn words_travel_between_threads() {
        fn travels<T: Send + Sync>() {}
        travels::<Words>();
    }

    #[test]
    fn values_take_their_place() {
        let (english, spanish) = (Words::new(Language::English), Words::new(Language::Spanish));
        assert_eq!(english.say("call-line-down"), "I can’t reach the desk. Press the wall button or call out.");
        assert_eq!(
            english.say_with("call-on-the-way-named", &[("name", "Ana".into())]),
            "Someone is coming to you: Ana."
        );
        assert_eq!(spanish.say_with("call-on-the-way-named", &[("name", "Ana".into())]), "Alguien viene a verle: Ana.");
        assert_eq!(english.say_with("staff-volume", &[("db", (-30.0_f32).into())]), "Volume −30 dB");
        assert_eq!(english.say_with("staff-volume", &[("db", (-0.001).into())]), "Volume 0 dB");
        assert_eq!(
            english.say_with("first-run-screen-help", &[("inches", 10.1_f32.into())])[..19],
            *"Set to 10.1 inches,"
        );
        assert_eq!(english.say_with("staff-line-up", &[("desks", 1_usize.into())]), "1 desk is listening");
        assert_eq!(english.say_with("staff-line-up", &[("desks", 3_usize.into())]), "3 desks are listening");
        assert_eq!(spanish.say_with("staff-line-up", &[("desks", 1_usize.into())]), "1 estación conectada");
    }

    #[test]
    fn a_missing_key_or_value_never_panics() {
        let unknown = "no-such-message";
        for language in LANGUAGES {
            assert_eq!(Words::new(language).say(unknown), unknown);
            assert_eq!(Words::new(language).say(""), "");
            assert!(Words::new(language).say("staff-minutes").contains("min"));
        }
        let mut words = Words::new(Language::Spanish);
        words.bundle = FluentBundle::new_concurrent(Vec::new());
        assert_eq!(words.say("next"), "Next");
    }

    #[test]
    fn patients_read_nothing_loud_or_brusque() {
        let unwanted = ["just", "simply", "please wait", "ok", "okay", "error", "failed", "user"];
        for language in LANGUAGES {
            for (key, message) in messages(file(language, "patient.ftl")) {
                assert!(!message.contains(['!', '¡', '\'', '"']), "{key}: {message}");
                for word in unwanted {
                    assert!(!has_word(&message, word), "{key} says {word:?}: {message}");
                }
            }
        }
        assert!(has_word("It is OK.", "ok") && has_word("Now please wait.", "please wait"));
        assert!(!has_word("Adjust it. Justice.", "just"));
    }

    #[test]
    fn spanish_questions_open_and_close() {
        for name in ["patient.ftl", "staff.ftl"] {
            for (key, message) in messages(file(Language::Spanish, name)) {
                assert!(!message.contains(['!', '¡']), "{key}: {message}");
                let mut open = false;
                for letter in message.chars().filter(|letter| matches!(letter, '¿' | '?')) {
                    assert_ne!(open, letter == '¿', "{key}: {message}");
                    open = letter == '¿';
                }
                assert!(!open, "{key}: {message}");
            }
        }
    }

    #[test]
    fn patients_read_with_ease() {
        for (key, message) in messages(file(Language::English, "patient.ftl")) {
            // A date chooses among the months; nobody reads them all.
            if words_in(&message).count() >= 8 && !message.contains("->") {
                let grade = reading_grade(&message);
                assert!(grade <= 6.0, "{key} reads at grade {grade:.1}: {message}");
            }
        }
    }

    #[test]
    fn reading_grade_tells_plain_from_learned() {
        assert!(reading_grade("The cat sat on the mat. It was warm in the sun.") < 2.0);
        assert!(reading_grade("Dissociative anaesthesia necessitates continuous physiological observation.") > 14.0);
        let counted = ["breathe", "medicine", "table", "loosen", "wiped", "needed", "places", "idea"].map(syllables);
        assert_eq!(counted, [1, 3, 2, 2, 1, 2, 2, 2]);
    }

    fn words_in(message: &str) -> impl Iterator<Item = &str> {
        message
            .split(|letter: char| !letter.is_alphanumeric() && letter != '’')
            .filter(|word| word.starts_with(char::is_alphabetic))
    }

    /// School years it takes to read it: 0.39 words a sentence + 11.8 syllables a word − 15.59 (Flesch and Kincaid 1975).
    fn reading_grade(message: &str) -> f64 {
        let words = words_in(message).count().max(1) as f64;
        let sentences = message.split(['.', '?', ':']).filter(|part| words_in(part).count() > 0).count().max(1) as f64;
        let syllables: usize = words_in(message).map(syllables).sum();
        0.39 * words / sentences + 11.8 * syllables as f64 / words - 15.59
    }

    /// Syllables of an English word, near enough: its groups of vowels without a silent end.
    fn syllables(word: &str) -> usize {
        let word = word.to_lowercase();
        let is_vowel = |letter: char| "aeiouy".contains(letter);
        let letters: Vec<char> = word.chars().filter(|letter| letter.is_alphabetic()).collect();
        let groups = letters.split(|letter| !is_vowel(*letter)).filter(|group| !group.is_empty()).count();
        let ends_in = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
        let is_last_e_silent = (ends_in(&["e"]) && !ends_in(&["le", "ee"]))
            || (ends_in(&["ed"]) && !ends_in(&["ted", "ded"]))
            || (ends_in(&["es"]) && !ends_in(&["ces", "ses", "zes", "ges", "hes", "xes", "les"]));
        groups.saturating_sub(usize::from(is_last_e_silent)).max(1)
    }
}
