//! Owns the available languages and the files of each language. The files of a built-in language are in a folder of
//! `locales/` and become part of the program; the files of any other language are in a folder that the clinic provides.
//! Does not own the patient's choice of a language.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentResource, FluentValue};
use unic_langid::{CharacterDirection, LanguageIdentifier};

use super::keyboard::Layout;
use super::messages;
use super::{Words, with_true_minus};
use crate::findings::{Document, Finding, Mention, io_reason, one_of, read_text};
use crate::vocabulary::language::Language;

/// Maximum number of languages in one room, including the built-in ones, because no more fit on the screen on which the
/// patient chooses one.
pub const LANGUAGES_MAX: usize = 8;
/// The file with a language's name, its fallback and its keyboard.
const ABOUT_FILE: &str = "language.toml";
/// The file with the words that patients read.
const PATIENT_FILE: &str = "patient.ftl";
/// The file with the words that staff read. It may be missing; staff then read the fallback language.
const STAFF_FILE: &str = "staff.ftl";
const NAME_CHARS: std::ops::RangeInclusive<usize> = 1..=24;

struct Shipped {
    tag: &'static str,
    about: &'static str,
    patient: &'static str,
    staff: &'static str,
}

macro_rules! shipped {
    ($($tag:literal),+) => {
        &[$(Shipped {
            tag: $tag,
            about: include_str!(concat!("../../locales/", $tag, "/language.toml")),
            patient: include_str!(concat!("../../locales/", $tag, "/patient.ftl")),
            staff: include_str!(concat!("../../locales/", $tag, "/staff.ftl")),
        }),+]
    };
}

/// The built-in languages, in the order in which patients see them; the first is [`Language::FALLBACK`]. To make
/// another folder of `locales/` part of the program, add its name here. No other code names a language.
const SHIPPED: &[Shipped] = shipped!["en-US", "es-US", "fr-FR"];

/// The path and the text of a file.
struct Source {
    file: PathBuf,
    text: String,
}

/// The files of one language.
struct Sources {
    language: Language,
    about: Source,
    patient: Source,
    staff: Option<Source>,
}

/// One language, with its name, its words and its keyboard.
pub(super) struct Locale {
    pub language: Language,
    name: String,
    /// The language that supplies missing messages and, if this language has no keyboard, the keyboard.
    fallback: Language,
    pub layout: Option<Layout>,
    pub bundle: FluentBundle<FluentResource>,
}

/// The languages of one room, both the built-in ones and those in the clinic's folder. Cheap to clone.
#[derive(Clone)]
pub struct Locales(Arc<[Arc<Locale>]>);

impl Default for Locales {
    fn default() -> Self {
        Self::shipped()
    }
}

impl fmt::Debug for Locales {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Locales").field(&self.languages()).finish()
    }
}

/// Compares only which languages there are, not their words.
impl PartialEq for Locales {
    fn eq(&self, other: &Self) -> bool {
        self.languages() == other.languages()
    }
}

impl Locales {
    /// Returns the built-in languages.
    #[must_use]
    pub fn shipped() -> Self {
        static LOCALES: LazyLock<Locales> = LazyLock::new(|| {
            // The findings are dropped, because a test makes sure that the built-in languages have none.
            let locales = SHIPPED.iter().filter_map(shipped_sources);
            Locales(locales.map(|sources| Arc::new(build(&sources, &mut Vec::new()).0)).collect())
        });
        LOCALES.clone()
    }

    /// Returns the built-in languages and those in `folder`, and a finding for each problem. A language is left out if
    /// it cannot be used at all, for example because a required file is missing. For a smaller problem, such as a
    /// missing message, the language's fallback is used.
    #[must_use]
    pub fn with_folder(folder: &Path) -> (Self, Vec<Finding>) {
        let shipped = Self::shipped();
        let folders = match folders_in(folder) {
            Ok(folders) => folders,
            Err(finding) => return (shipped, vec![finding]),
        };
        let (mut findings, mut added) = (Vec::new(), Vec::new());
        for folder in folders {
            let Some(sources) = read_sources(&folder, &mut findings) else { continue };
            if shipped.has(sources.language) {
                let found = format!("the tag {:?}", sources.language.name());
                findings.push(Finding::of_file(&folder, found, "a language that is not part of the program"));
            } else if shipped.0.len() + added.len() == LANGUAGES_MAX {
                let allowed = format!("{LANGUAGES_MAX} in all, {} of them part of the program", shipped.0.len());
                findings.push(Finding::of_file(&folder, "one language too many", allowed));
            } else {
                let (locale, mention) = build(&sources, &mut findings);
                added.push((locale, mention, sources.about.file));
            }
        }
        let languages: Vec<Language> =
            shipped.languages().into_iter().chain(added.iter().map(|(locale, ..)| locale.language)).collect();
        let mut locales = shipped.0.to_vec();
        // Adds a language only once its fallback has been added, so that no language depends on itself through its
        // fallbacks.
        while let Some(at) = added.iter().position(|(locale, ..)| has(&locales, locale.fallback)) {
            locales.push(Arc::new(added.remove(at).0));
        }
        // The fallbacks of each remaining language lead to a missing language or in a circle. The language gets the
        // default fallback instead, and a finding.
        for (locale, mention, file) in added {
            let tags: Vec<&str> =
                languages.iter().filter(|other| **other != locale.language).map(Language::name).collect();
            let allowed = format!("{}, but none that leads back here", one_of(&tags, None));
            findings.extend(mention.map(|mention| mention.finding(&file, allowed)));
            locales.push(Arc::new(Locale { fallback: Language::FALLBACK, ..locale }));
        }
        // The loops above may have changed the order. This restores it: first the built-in languages, and then the
        // clinic's languages, sorted by the names of their folders.
        locales.sort_by_key(|locale| languages.iter().position(|language| *language == locale.language));
        findings.sort_by_key(|finding| (finding.file.clone(), finding.line));
        (Self(locales.into()), findings)
    }

    /// Returns every language, in the order in which patients see them.
    #[must_use]
    pub fn languages(&self) -> Vec<Language> {
        self.0.iter().map(|locale| locale.language).collect()
    }

    /// Whether `language` is available.
    #[must_use]
    pub fn has(&self, language: Language) -> bool {
        has(&self.0, language)
    }

    /// Returns the language's own name, such as `Español`, or its tag if the language is not available.
    #[must_use]
    pub fn own_name(&self, language: Language) -> String {
        let locale = self.0.iter().find(|locale| locale.language == language);
        locale.map_or_else(|| language.name().to_owned(), |locale| locale.name.clone())
    }

    /// Returns the words of `language`. A message that the language lacks comes from its fallbacks. If `language` is
    /// not available, every message comes from [`Language::FALLBACK`].
    #[must_use]
    pub fn words(&self, language: Language) -> Words {
        let mut chain: Vec<Arc<Locale>> = Vec::new();
        let mut next = language;
        while !has(&chain, next) {
            let found = self.0.iter().find(|locale| locale.language == next);
            match found {
                Some(locale) => {
                    chain.push(Arc::clone(locale));
                    next = locale.fallback;
                }
                None if next == Language::FALLBACK => break,
                None => next = Language::FALLBACK,
            }
        }
        Words { language, chain }
    }

    /// Returns the language with this tag.
    ///
    /// # Errors
    /// If no available language has this tag. The error is a text for a finding, which lists the available tags and, if
    /// one of them is similar to `tag`, suggests it.
    pub fn choose(&self, tag: &str) -> Result<Language, String> {
        let languages = self.languages();
        let found = languages.iter().find(|language| language.name() == tag);
        found.copied().ok_or_else(|| one_of(&languages.iter().map(Language::name).collect::<Vec<_>>(), Some(tag)))
    }
}

/// Returns a finding for each problem with the language in `folder`, whether it is built in or not.
#[must_use]
pub fn check_folder(folder: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(sources) = read_sources(folder, &mut findings) {
        let (locale, mention) = build(&sources, &mut findings);
        let beside = folder.parent().unwrap_or(Path::new("")).join(locale.fallback.name());
        let is_there = Locales::shipped().has(locale.fallback) || beside.is_dir();
        let mention = mention.filter(|_| !is_there || locale.fallback == locale.language);
        let allowed = "a language that is part of the program, or one in a folder beside this one";
        findings.extend(mention.map(|mention| mention.finding(&sources.about.file, allowed)));
    }
    findings.sort_by_key(|finding| (finding.file.clone(), finding.line));
    findings
}

/// Returns the path of the file with the patient's words in a language's folder, and the letters in these words, in
/// lower case. There are no letters if the file cannot be read.
#[must_use]
pub fn letters_in(folder: &Path) -> (PathBuf, BTreeSet<char>) {
    let file = folder.join(PATIENT_FILE);
    let letters = read_text(&file).map(|text| messages::letters(&text)).unwrap_or_default();
    (file, letters)
}

/// Returns `path` itself if it is the folder of a language, the folder that contains `path` if it is a file of a
/// language, or `None` if it is neither.
#[must_use]
pub fn folder_of_language(path: &Path) -> Option<&Path> {
    let is_folder = path.is_dir() && (path.join(ABOUT_FILE).is_file() || path.join(PATIENT_FILE).is_file());
    let is_file =
        path.file_name().is_some_and(|name| name == ABOUT_FILE) || path.extension().is_some_and(|end| end == "ftl");
    if is_folder { Some(path) } else { path.parent().filter(|_| is_file) }
}

fn has(locales: &[Arc<Locale>], language: Language) -> bool {
    locales.iter().any(|locale| locale.language == language)
}

fn shipped_sources(shipped: &Shipped) -> Option<Sources> {
    let folder = Path::new("locales").join(shipped.tag);
    let source = |name: &str, text: &str| Source { file: folder.join(name), text: text.to_owned() };
    Some(Sources {
        language: Language::from_name(shipped.tag)?,
        about: source(ABOUT_FILE, shipped.about),
        patient: source(PATIENT_FILE, shipped.patient),
        staff: Some(source(STAFF_FILE, shipped.staff)),
    })
}

/// Returns the folders in `folder` that are not hidden, sorted by name.
fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, Finding> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| Finding::of_file(folder, io_reason(&error), "a folder of languages that can be read"))?;
    let is_hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let mut folders: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && !is_hidden(path))
        .collect();
    folders.sort();
    Ok(folders)
}

/// Reads the files of the language in `folder`, and adds a finding for each problem. Returns `None` if the language
/// cannot be used.
fn read_sources(folder: &Path, findings: &mut Vec<Finding>) -> Option<Sources> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let Some(language) = Language::from_name(&name) else {
        findings.push(Finding::of_file(folder, format!("the name {name:?}"), Language::TAG));
        return None;
    };
    if identifier(language).character_direction() != CharacterDirection::LTR {
        findings.push(Finding::of_file(folder, "a language that is written from right to left", "one that is not"));
        return None;
    }
    let mut read = |name: &str| {
        let file = folder.join(name);
        read_text(&file).map(|text| Source { file, text }).map_err(|finding| findings.push(finding)).ok()
    };
    let (about, patient) = (read(ABOUT_FILE), read(PATIENT_FILE));
    let staff = if folder.join(STAFF_FILE).exists() { read(STAFF_FILE) } else { None };
    Some(Sources { language, about: about?, patient: patient?, staff })
}

/// Builds the language from these files and adds a finding for each problem. Returns the language, and the mention of
/// its fallback, which is `None` if the file names none.
fn build(sources: &Sources, findings: &mut Vec<Finding>) -> (Locale, Option<Mention>) {
    let language = sources.language;
    let mut needed = messages::letters(&sources.patient.text);
    needed.extend('0'..='9');
    let about = read_about(&sources.about, &needed, findings);
    let mut bundle = FluentBundle::new_concurrent(vec![identifier(language)]);
    // Turns off the Unicode marks that isolate the direction of text, because a typeface that lacks these marks shows
    // boxes in their place. The marks are not needed, because every language here is written from left to right.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| {
        let FluentValue::Number(number) = value else { return None };
        Some(with_true_minus(number))
    }));
    let english = SHIPPED.first().map_or(("", ""), |english| (english.patient, english.staff));
    for (source, english) in [(Some(&sources.patient), english.0), (sources.staff.as_ref(), english.1)] {
        let Some(source) = source else { continue };
        findings.extend(messages::compare(&source.file, &source.text, english));
        // If two messages have the same name, the first is used; `compare` has already reported the second.
        let _ = bundle.add_resource(messages::parse(&source.file, &source.text, findings));
    }
    let locale = Locale {
        language,
        name: about.name.unwrap_or_else(|| language.name().to_owned()),
        fallback: about.fallback.unwrap_or(Language::FALLBACK),
        layout: about.layout,
        bundle,
    };
    (locale, about.mention)
}

#[derive(Default)]
struct About {
    name: Option<String>,
    fallback: Option<Language>,
    mention: Option<Mention>,
    layout: Option<Layout>,
}

fn read_about(source: &Source, needed: &BTreeSet<char>, findings: &mut Vec<Finding>) -> About {
    let document = match Document::parse(&source.file, &source.text) {
        Ok(document) => document,
        Err(found) => {
            findings.extend(found);
            return About::default();
        }
    };
    let root = document.root();
    root.require("name", "the language's own name, a text of 1 to 24 characters");
    let about = About {
        name: root.text("name", NAME_CHARS),
        fallback: root.text_where("fallback", Language::TAG, Language::from_name),
        mention: root.mentions("fallback").pop(),
        layout: Layout::read(&root.section("keyboard"), needed),
    };
    root.finish();
    findings.extend(document.into_findings());
    about
}

fn identifier(language: Language) -> LanguageIdentifier {
    // Every [`Language`] has a well-formed tag, so parsing does not fail. If it did, only the language's plural rules
    // would be lost.
    language.name().parse().unwrap_or_default()
}

/// Returns each built-in language with the name and the text of each of its files of messages.
#[cfg(test)]
pub(super) fn shipped_texts() -> Vec<(Language, [(&'static str, &'static str); 2])> {
    let texts = |shipped: &Shipped| [(PATIENT_FILE, shipped.patient), (STAFF_FILE, shipped.staff)];
    SHIPPED.iter().map(|shipped| (Language::from_name(shipped.tag).unwrap(), texts(shipped))).collect()
}
