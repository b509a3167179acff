//! Owns the tests that every text used by the desk's pages exists, and that every existing text is used.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use stillroom::room::timeline::{MINUTE_MS, SessionTimeline};
use stillroom::words::Locales;

fn files_below(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files_below(&path, endings) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ending| endings.contains(&ending.to_str().unwrap())))
        .collect()
}

fn text_of(files: &[PathBuf]) -> String {
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All scripts and HTML of the desk's pages, except `words.js`, which contains the texts.
fn pages() -> String {
    let mut files = files_below(&source().join("desk/page"), &["js", "html"]);
    files.retain(|file| !file.ends_with("words.js"));
    text_of(&files)
}

fn keys(language: &str) -> BTreeSet<String> {
    let words = fs::read_to_string(source().join("desk/page/words.js")).unwrap();
    let (_, table) = words.split_once(&format!("  \"{language}\": {{\n")).unwrap();
    let (table, _) = table.split_once("\n  },").unwrap();
    let keys = table.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": \""));
    keys.map(|(key, _)| key.trim_matches('"').to_owned()).collect()
}

/// The keys that a script or a page names in full.
fn said(pages: &str) -> BTreeSet<String> {
    let mut said = BTreeSet::new();
    for mark in ["say(\"", "data-say=\"", "data-say-label=\""] {
        said.extend(pages.split(mark).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    // The argument of `say` can choose between two keys, as in `say(several ? "unheard_desk" : "unheard")`.
    for rest in pages.split("say(").skip(1) {
        let argument = rest.split(['{', '\n', ';']).next().unwrap_or_default();
        for part in argument.split(" ? \"").skip(1) {
            let mut texts = part.split('"');
            said.extend(texts.next().map(str::to_owned));
            said.extend(texts.nth(1).filter(|_| part.contains("\" : \"")).map(str::to_owned));
        }
    }
    said
}

fn unsaid<'k>(pages: &str, program: &str, keys: &'k BTreeSet<String>) -> Vec<&'k String> {
    let is_text = |word: &str| [format!("\"{word}\""), format!("'{word}'")].iter().any(|text| pages.contains(text));
    // A page may also put a key together, as in `trouble_${name}` with a name that the program defines, or
    // `${key}_room`.
    let is_of_a_family = |key: &str| {
        let begins = key.match_indices('_').any(|(at, _)| {
            let (family, member) = (&key[..=at], &key[at + 1..]);
            let is_known = is_text(member)
                || program.contains(&format!("\"{member}\""))
                || member.chars().all(|char| char.is_ascii_digit());
            let is_named = pages.contains(&format!("named(\"{}\"", &key[..at]));
            (is_named || pages.contains(&format!("`{family}${{"))) && is_known
        });
        let ends =
            key.match_indices('_').any(|(at, _)| pages.contains(&format!("}}{}`", &key[at..])) && is_text(&key[..at]));
        begins || ends
    };
    keys.iter().filter(|key| !is_text(key) && !is_of_a_family(key)).collect()
}

#[test]
fn every_text_in_use_exists_and_every_text_is_in_use() {
    let (pages, program) = (pages(), text_of(&files_below(&source(), &["rs"])));
    for language in Locales::shipped().languages() {
        let keys = keys(language.name());
        assert!(keys.len() > 100, "{language}: {keys:?}");
        let said = said(&pages);
        let missing: Vec<&String> = said.iter().filter(|key| !keys.contains(*key)).collect();
        assert!(said.len() > 100 && missing.is_empty(), "{language}: these are said and not there: {missing:?}");
        let unsaid = unsaid(&pages, &program, &keys);
        assert!(unsaid.is_empty(), "{language}: nothing says these; delete them: {unsaid:?}");
    }
}

#[test]
fn the_page_and_the_room_agree_on_how_long_a_session_takes_in_all() {
    let timeline = SessionTimeline::new(40);
    let minutes = (timeline.end_ms - timeline.infusion_ms) / MINUTE_MS;
    assert!(pages().contains(&format!("const AFTER_INFUSION_MINUTES = {minutes};")));
}

#[test]
fn missing_and_unused_texts_are_found() {
    let pages = "say(\"call\"); say(is ? \"one\" : \"other\", { n }); <p data-say=\"page\"> say(`trouble_${name}`) \
                 const key = \"held\"; say(`${key}_room`)";
    let told = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(said(pages), told(&["call", "one", "other", "page"]));
    let keys = told(&["call", "callers", "trouble_lost", "trouble_found", "held_room", "kept_room"]);
    assert_eq!(unsaid(pages, "Lost = \"lost\"", &keys), ["callers", "kept_room", "trouble_found"]);
}
