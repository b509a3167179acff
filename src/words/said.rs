//! Owns the tests that compare code and messages. Every message that the code uses must exist, every message must be
//! used, and only the list of built-in languages may name a language.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::room::notes::INTENTIONS;
use crate::room::take_home::{TakeHomeError, TakeHomeMethod};
use crate::room::timeline::Part;
use crate::room::{Stage, Trouble};
use crate::vocabulary::patient::{CallReason, Hand, TypeSize};
use crate::vocabulary::place::Place;
use crate::vocabulary::sound::SoundChoice;

/// How a method call that formats a message begins in the code. Its first argument is the message's key.
const SAYING: [&str; 3] = [".say(", ".say_with(", ".staff("];

const CHECKS: [&str; 9] = [
    "no-visit-key",
    "no-sealed-notes",
    "all-looked-through",
    "only-expected-files",
    "journal-compacted",
    "fresh-process",
    "desk-forgot",
    "nothing-under-way",
    "receipt-kept",
];

/// Returns the families of keys. The keys of a family have the same prefix, and the code chooses the suffix at run
/// time. Each family is given as its prefix and all its suffixes.
fn families() -> Vec<(&'static str, Vec<String>)> {
    fn named(names: impl IntoIterator<Item = &'static str>) -> Vec<String> {
        names.into_iter().map(str::to_owned).collect()
    }
    fn counted(last: usize) -> Vec<String> {
        (1..=last).map(|number| number.to_string()).collect()
    }
    /// Returns the suffixes for each take-home method. The phone needs fewer messages, because its QR codes are shown
    /// at once.
    fn ways() -> Vec<String> {
        let said = |way: &TakeHomeMethod| {
            let with: &[&str] = if *way == TakeHomeMethod::Phone {
                &["", "-hint"]
            } else {
                &["", "-hint", "-title", "-going", "-done"]
            };
            with.iter().map(|with| format!("{}{with}", way.name())).collect::<Vec<_>>()
        };
        TakeHomeMethod::ALL.iter().flat_map(said).collect()
    }
    fn cards(last: usize) -> Vec<String> {
        (1..=last).flat_map(|number| [format!("{number}-title"), format!("{number}-text")]).collect()
    }
    fn questions() -> Vec<String> {
        (1..=INTENTIONS).flat_map(|number| [number.to_string(), format!("{number}-title")]).collect()
    }
    vec![
        ("take-", ways()),
        ("take-fault-", named(TakeHomeError::ALL.iter().map(|fault| fault.name()))),
        ("place-", named(Place::ALL.iter().map(|place| place.name()))),
        ("hear-", named(SoundChoice::ALL.iter().map(|choice| choice.name()))),
        ("part-", named(Part::ALL.iter().map(|part| part.name()))),
        ("stage-", named(Stage::ALL.iter().map(|stage| stage.name()))),
        ("trouble-", named(Trouble::ALL.iter().map(|trouble| trouble.name()))),
        ("check-", named(CHECKS)),
        ("reason-", named(CallReason::ALL.iter().map(|reason| reason.name()))),
        ("hand-", named(Hand::ALL.iter().map(|hand| hand.name()))),
        ("type-", named(TypeSize::ALL.iter().map(|size| size.name()))),
        ("volume-", counted(5)),
        ("session-word-", counted(12)),
        ("arrive-question-", questions()),
        ("feeling-", counted(12)),
        ("arrive-expect-", cards(3)),
        ("anchor-line-", counted(4)),
        ("after-card-", cards(4)),
    ]
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}

/// Returns the program's code as one text, without comments and tests.
fn code() -> String {
    let mut code = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !["tests", "proof"].contains(&name) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !name.ends_with("tests.rs")
                && name != "said.rs"
            {
                code.push_str(&in_use(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    code
}

fn in_use(source: &str) -> String {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    source.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect()
}

/// Returns the keys that the code uses but that are not in `keys`, and the prefixes that it uses but that belong to
/// none of the [`families`].
fn unknown_keys(code: &str, keys: &BTreeSet<&str>) -> Vec<String> {
    let mut unknown = Vec::new();
    for call in SAYING {
        for (at, _) in code.match_indices(call) {
            let argument = code[at + call.len()..].trim_start();
            if let Some(text) = argument.strip_prefix('"') {
                let key = text.split('"').next().unwrap_or("");
                if is_key(key) && !keys.contains(key) {
                    unknown.push(key.to_owned());
                }
            } else if let Some(text) = argument.strip_prefix("&format!(\"") {
                let family = text.split(['{', '"']).next().unwrap_or("");
                if !families().iter().any(|(known, _)| *known == family) {
                    unknown.push(format!("{family}{{}}"));
                }
            }
        }
    }
    unknown
}

/// Returns the keys that the code uses neither as a literal nor as part of a family. The id of a control is often the
/// same text as the key of its label. An id therefore does not count as a use of the key if the code formats a label
/// right after the id.
fn unsaid_keys<'k>(code: &str, keys: &BTreeSet<&'k str>) -> Vec<&'k str> {
    let families = families();
    let said_of_families: BTreeSet<String> = families
        .iter()
        .filter(|(family, _)| code.contains(&format!("format!(\"{family}{{")))
        .flat_map(|(family, members)| members.iter().map(move |member| format!("{family}{member}")))
        .collect();
    let is_said = |key: &str| {
        said_of_families.contains(key)
            || code.match_indices(&format!("\"{key}\"")).any(|(at, text)| {
                let behind = code[at + text.len()..].trim_start_matches([',', ' ', '\n']);
                SAYING.iter().all(|call| !behind.starts_with(&format!("ctx{call}")))
            })
    };
    keys.iter().copied().filter(|key| !is_said(key)).collect()
}

/// Returns the keys of each shipped language.
fn keys() -> Vec<(Language, BTreeSet<&'static str>)> {
    let keys = |(_, text): (&str, &'static str)| super::messages::messages(text).into_iter().map(|message| message.key);
    let shipped = super::locales::shipped_texts().into_iter();
    shipped.map(|(language, files)| (language, files.into_iter().flat_map(keys).collect())).collect()
}

#[test]
fn every_key_in_the_code_is_known_in_every_shipped_language() {
    let code = code();
    for (language, keys) in keys() {
        for (family, members) in families() {
            for member in members {
                assert!(
                    keys.contains(format!("{family}{member}").as_str()),
                    "{language:?}: {family}{member} is missing"
                );
            }
        }
        let unknown = unknown_keys(&code, &keys);
        assert!(unknown.is_empty(), "{language:?}: add these, or their family to this test: {unknown:#?}");
    }
}

#[test]
fn every_message_is_used_by_the_code() {
    let code = code();
    for (language, keys) in keys() {
        let unsaid = unsaid_keys(&code, &keys);
        assert!(unsaid.is_empty(), "{language:?}: nothing uses these; delete them: {unsaid:#?}");
    }
}

#[test]
fn no_code_names_a_language_except_the_list_of_built_in_ones() {
    let code = code();
    for (language, _) in keys() {
        let named = code.matches(&format!("\"{language}\"")).count();
        assert_eq!(named, 1, "{language} is data: only the list in src/words/locales.rs may name it");
    }
}

#[test]
fn unknown_and_unsaid_keys_are_found() {
    let keys = BTreeSet::from(["next", "back", "shut", "open", "place-beach", "trouble-sound-lost"]);
    let code = "words.say(\"next\"); words.say(\n    \"nxt\"); words.say_with(\"page\", &[]); ctx.staff(\"knext\"); \
                words.say(&format!(\"place-{}\", 1)); words.say(&format!(\"plaza-{place}\")); \
                let key = if is_open { \"open\" } else { \"unshut\" }; \
                control(setting, \"back\",\n    ctx.say(key));";
    assert_eq!(unknown_keys(code, &keys), ["nxt", "plaza-{}", "page", "knext"]);
    assert_eq!(unsaid_keys(code, &keys), ["back", "shut", "trouble-sound-lost"]);
    assert!(!in_use("a\n    // words.say(\"b\")\n#[cfg(test)]\nmod tests {\nc").contains(['b', 'c']));
}
