//! Owns the checks that the documentation is complete and true. Every event, key, trouble and command is on the page
//! that documents it, and no page names one that does not exist.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics is a test that fails
#![expect(clippy::wildcard_enum_match_arm, reason = "a test picks out the effects that it describes")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use stillroom::findings::Finding;
use stillroom::room::breath::BreathPattern;
use stillroom::room::{Stage, Trouble};
use stillroom::sound::score::works;
use stillroom::vocabulary::Named;
use stillroom::vocabulary::language::Language;
use stillroom::vocabulary::place::Place;
use stillroom::vocabulary::sound::{Family, SoundChoice};

#[path = "docs/call.rs"]
mod call;

const FAULTS: &str = "docs/faults.md";
const HEADLESS: &str = "docs/headless.md";
const LANGUAGES: &str = "docs/languages.md";
const MUSIC: &str = "docs/music.md";
const PROFILES: &str = "docs/profiles.md";
const README: &str = "README.md";

fn repository() -> PathBuf {
    std::env::var_os("STILLROOM_REPOSITORY").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

fn text(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn program() -> PathBuf {
    let path = option_env!("CARGO_BIN_EXE_stillroom").map(PathBuf::from);
    path.or_else(|| std::env::var_os("STILLROOM_BIN").map(PathBuf::from)).unwrap()
}

/// Returns the text between the first `from` in a source file and the next `to`.
fn between<'a>(source: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = source.split_once(from).unwrap_or_else(|| panic!("{from:?} is no longer in the source"));
    rest.split_once(to).unwrap_or_else(|| panic!("{to:?} no longer follows {from:?} in the source")).0
}

/// The names of the events that headless mode accepts, taken from its source.
fn events() -> Vec<String> {
    let source = text("src/driver/json_lines/event_line.rs");
    let (_, rest) = source.split_once("enum EventLine {\n").unwrap();
    let (variants, _) = rest.split_once("\n}").unwrap();
    let names = variants.lines().filter_map(|line| line.trim_start().split([',', ' ', '{']).next());
    let events: Vec<String> = names.filter(|name| !name.is_empty()).map(snake_case).collect();
    for expected in ["visit_begins", "session_begins", "call_pressed", "note_typed", "staff_reset"] {
        assert!(events.iter().any(|event| event == expected), "{expected} is no longer found: {events:?}");
    }
    events
}

/// Converts `CallPressed` to `call_pressed`.
fn snake_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// The keys of the JSON lines that headless mode writes, taken from its source.
fn keys() -> Vec<String> {
    let source = text("src/driver/json_lines/snapshot_line.rs");
    let structs = source.split("#[derive(Serialize)]").skip(1).filter_map(|rest| rest.split_once("\n}"));
    let fields = structs.flat_map(|(fields, _)| fields.lines());
    let fields = fields.filter_map(|line| line.strip_prefix("    ")?.split_once(':'));
    let keys: Vec<String> = fields.map(|(key, _)| key.trim_start_matches("pub ").to_owned()).collect();
    for expected in ["stage", "session_ms", "trouble", "receipt", "verified", "ok"] {
        assert!(keys.iter().any(|key| key == expected), "{expected} is no longer found: {keys:?}");
    }
    keys
}

/// The names of all values of an enum.
fn names<T: Named>() -> Vec<String> {
    T::ALL.iter().map(|value| value.name().to_owned()).collect()
}

/// Returns the words that the page contains neither in backticks nor in double quotes.
fn missing(page: &str, words: &[String]) -> Vec<String> {
    let page = text(page);
    let is_named = |word: &str| page.contains(&format!("`{word}`")) || page.contains(&format!("\"{word}\""));
    words.iter().filter(|word| !is_named(word)).cloned().collect()
}

#[test]
fn every_event_is_in_the_headless_page() {
    let missing = missing(HEADLESS, &events());
    assert!(missing.is_empty(), "{HEADLESS} does not name these events: {missing:?}");
}

#[test]
fn every_key_is_in_the_headless_page() {
    let missing = missing(HEADLESS, &keys());
    assert!(missing.is_empty(), "{HEADLESS} does not name these keys: {missing:?}");
}

#[test]
fn every_value_of_a_key_is_in_the_headless_page() {
    let names =
        [names::<Stage>(), names::<Place>(), names::<SoundChoice>(), names::<BreathPattern>(), names::<Trouble>()];
    let missing = missing(HEADLESS, &names.concat());
    assert!(missing.is_empty(), "{HEADLESS} does not name these: {missing:?}");
}

/// The name of a table in a TOML file, and a key in that table.
type TableKey = (String, String);

/// Every key that `read`, a reader of a TOML file, knows. When a table has an unknown key, the finding lists the keys
/// that the table may have. A name that never yields such a list is a key, not a table. Of keys that exist once per
/// language, only the English one is returned.
fn keys_known_to(read: impl Fn(&str) -> Vec<Finding>) -> BTreeSet<TableKey> {
    let listed_in = |table: &str| {
        let header =
            if table.is_empty() { vec![String::new()] } else { vec![format!("[{table}]"), format!("[[{table}]]")] };
        header.into_iter().find_map(|header| {
            let findings = read(&format!("{header}\nno-such-key = 1\n"));
            let unknown = findings.into_iter().find(|finding| {
                finding.found == "an unknown key" && finding.key.replace("[0]", "").ends_with("no-such-key")
            })?;
            let listed = if unknown.allowed == Language::TAG { Language::FALLBACK.name() } else { &unknown.allowed };
            Some(listed.split(';').next()?.split(", ").map(str::to_owned).collect::<Vec<_>>())
        })
    };
    let mut keys = BTreeSet::new();
    let mut tables = vec![String::new()];
    while let Some(table) = tables.pop() {
        for key in listed_in(&table).unwrap_or_default() {
            let path = if table.is_empty() { key.clone() } else { format!("{table}.{key}") };
            if listed_in(&path).is_some() {
                tables.push(path);
            } else {
                keys.insert((table.clone(), key));
            }
        }
    }
    keys
}

/// The keys on the page about profiles. Each heading names one or more TOML tables, and each key in the rows below it
/// belongs to all of them. The exception is a key that is written with its table, as in `table.key`, or whose row says
/// *only in*: it belongs to that table alone.
fn keys_in_page_of_profiles() -> BTreeSet<TableKey> {
    let page = text(PROFILES);
    let mut keys = BTreeSet::new();
    for section in page.split("\n## ").skip(1) {
        let (heading, rows) = section.split_once('\n').unwrap();
        let tables: Vec<&str> =
            heading.split('`').skip(1).step_by(2).map(|table| table.trim_matches(['[', ']'])).collect();
        assert!(!tables.is_empty(), "{PROFILES} has a section without a table: {heading}");
        for row in rows.lines().filter(|row| row.starts_with("| `")) {
            let only = row.split_once("only in `[").and_then(|(_, rest)| rest.split_once("]`")).map(|(only, _)| only);
            for key in row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2) {
                match key.split_once('.') {
                    Some((table, key)) => drop(keys.insert((table.to_owned(), key.to_owned()))),
                    None => keys.extend(
                        tables
                            .iter()
                            .filter(|table| only.is_none_or(|only| only == **table))
                            .map(|table| ((*table).to_owned(), key.to_owned())),
                    ),
                }
            }
        }
    }
    keys
}

#[test]
fn the_page_of_profiles_has_every_key_under_its_table_and_no_others() {
    let read = |text: &str| stillroom::profile::read(std::path::Path::new("x.toml"), text).findings;
    let (known, told) = (keys_known_to(read), keys_in_page_of_profiles());
    for (table, key) in
        [("title", "en-US"), ("session", "infusion_minutes"), ("sound.return", "bed"), ("limits", "volume_max_db")]
    {
        assert!(known.contains(&(table.to_owned(), key.to_owned())), "{table}.{key} is no longer found: {known:?}");
    }
    let missing: Vec<&TableKey> = known.difference(&told).collect();
    assert!(missing.is_empty(), "{PROFILES} does not name these, by their tables: {missing:?}");
    let unknown: Vec<&TableKey> = told.difference(&known).collect();
    assert!(unknown.is_empty(), "{PROFILES} names these, but a profile does not have them: {unknown:?}");
}

#[test]
fn the_headless_page_names_no_unknown_event() {
    let page = text(HEADLESS);
    let (events, keys) = (events(), "\"event\"");
    for line in page.lines().filter(|line| line.contains(keys)) {
        for told in line.split(keys).skip(1) {
            let Some(name) =
                told.trim_start_matches([':', ' ']).strip_prefix('"').and_then(|name| name.split('"').next())
            else {
                continue;
            };
            let is_name = name.chars().all(|char| char.is_ascii_lowercase() || char == '_');
            assert!(!is_name || events.iter().any(|event| event == name), "{HEADLESS} names {name}: {line}");
        }
    }
}

fn help(arguments: &[&str]) -> String {
    let output = Command::new(program()).args(arguments).arg("--help").env_clear().output().unwrap();
    assert!(output.status.success(), "{arguments:?} --help");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that a help page lists.
fn commands(help: &str) -> Vec<String> {
    let Some((_, rest)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = rest.lines().take_while(|line| !line.is_empty());
    let named = lines.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let commands = named.filter_map(|line| line.split_whitespace().next()).filter(|command| *command != "help");
    commands.map(str::to_owned).collect()
}

#[test]
fn every_command_and_option_is_in_the_readme_or_the_headless_page() {
    let pages = [text(README), text(HEADLESS)].concat();
    let mut missing = Vec::new();
    for command in commands(&help(&[])) {
        let page = help(&[&command]);
        let below = commands(&page);
        let whole = if below.is_empty() { vec![command.clone()] } else { below };
        let whole = whole.into_iter().map(|last| if last == command { last } else { format!("{command} {last}") });
        missing.extend(whole.map(|command| format!("stillroom {command}")).filter(|command| !pages.contains(command)));
        let options = page.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
        let options = options.map(|word| word.trim_matches(|char: char| !char.is_alphanumeric() && char != '-'));
        missing.extend(options.filter(|word| *word != "--help" && !pages.contains(word)).map(str::to_owned));
    }
    assert!(missing.is_empty(), "neither {README} nor {HEADLESS} names these: {missing:?}");
}

#[test]
fn the_page_of_music_has_every_family_option_and_key() {
    let families = missing(MUSIC, &names::<Family>());
    assert!(families.is_empty(), "{MUSIC} does not name these families: {families:?}");
    let page = text(MUSIC);
    let help = help(&["media", "add"]);
    let options = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
    let untold: Vec<&str> =
        options.filter(|option| !["--help", "--config"].contains(option) && !page.contains(option)).collect();
    assert!(help.contains("--voices") && untold.is_empty(), "{MUSIC} does not name these options: {untold:?}");
    let example = between(&page, "```toml\n", "```");
    let (tags, findings) = stillroom::library::read_entry(std::path::Path::new("hearth.ogg.toml"), example);
    assert!(findings.is_empty() && tags.missing().is_empty(), "{MUSIC} has a wrong example: {findings:?} {tags:?}");
    assert!(tags.composer.is_some() && tags.to_toml() == example, "the example is what the program writes: {example}");
    let shipped = text("media/music/hearth.ogg.toml");
    assert_eq!(shipped, example, "{MUSIC} shows the entry of a shipped track");
}

#[test]
fn every_work_is_in_the_page_of_profiles() {
    let page = text(PROFILES);
    for work in works() {
        let line = page.lines().find(|line| line.starts_with(&format!("- {}:", work.composer)));
        assert!(line.is_some_and(|line| line.contains(&work.title)), "{}: {}", work.composer, work.title);
    }
}

#[test]
fn every_profile_is_in_the_readme() {
    let entries = fs::read_dir(repository().join("profiles")).unwrap().map(|entry| entry.unwrap().path());
    let names = entries.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    let missing: Vec<String> = names.filter(|name| !text(README).contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{README} does not name these profiles: {missing:?}");
}

/// Environment variables that the program sets for another process. Nobody else sets them, so no page has to name them.
const VARIABLES_OF_ITS_OWN: [&str; 3] = [
    // Passed from one process of the program to its successor.
    "STILLROOM_WIPING",
    "STILLROOM_RENDERER",
    // Read by the C library of the successor.
    "MALLOC_MMAP_THRESHOLD_",
];

/// Every string in the program's code, outside its tests, that could be the name of an environment variable.
fn variables() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![repository().join("src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                // Tests may read variables that no page names.
                folders.extend((!["tests", "proof"].contains(&name)).then_some(path));
            } else if path.extension().is_some_and(|ending| ending == "rs") && !name.ends_with("tests.rs") {
                let source = fs::read_to_string(&path).unwrap();
                let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                found.extend(code.split('"').filter(|text| is_variable(text)).map(str::to_owned));
            }
        }
    }
    // Variables with this prefix are read when the program is built, not when it runs.
    found.retain(|name| !name.starts_with("CARGO_"));
    found
}

fn is_variable(text: &str) -> bool {
    let is_plain = ["HOME", "PATH", "DISPLAY", "LANG", "USER", "SHELL", "TERM"].contains(&text);
    let letters = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
    is_plain || (text.len() > 4 && text.contains('_') && text.chars().all(letters) && !text.starts_with('_'))
}

#[test]
fn every_environment_variable_the_program_reads_is_documented() {
    let pages = [text(README), text(HEADLESS)].concat();
    let variables = variables();
    for expected in ["STILLROOM_CONFIG", "STILLROOM_LOG", "STATE_DIRECTORY", "PULSE_SINK", "CUPS_SERVER", "HOME"] {
        assert!(variables.contains(expected), "{expected} is no longer found: {variables:?}");
    }
    let is_documented = |name: &str| VARIABLES_OF_ITS_OWN.contains(&name) || pages.contains(name);
    let missing: Vec<&String> = variables.iter().filter(|name| !is_documented(name)).collect();
    assert!(missing.is_empty(), "neither {README} nor {HEADLESS} names these: {missing:?}");
    let page = text(HEADLESS);
    let table = between(&page, "| variable | names |\n|---|---|\n", "\n\n");
    let named = table.lines().flat_map(|row| row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2));
    let unread: Vec<&str> = named.filter(|name| !variables.contains(*name)).collect();
    assert!(unread.is_empty(), "{HEADLESS} names these, but nothing reads them: {unread:?}");
    let stale: Vec<&&str> = VARIABLES_OF_ITS_OWN.iter().filter(|name| !variables.contains(**name)).collect();
    assert!(stale.is_empty(), "remove these: {stale:?}");
}

/// The names in the first column of a table on the page about headless mode. `head` is the table's header row.
fn first_column(head: &str) -> Vec<String> {
    let page = text(HEADLESS);
    let table = between(&page, head, "\n\n");
    let cells = table.lines().skip(1).filter_map(|row| row.split('`').nth(1));
    cells.map(str::to_owned).collect()
}

#[test]
fn the_headless_page_names_no_unknown_trouble_or_check() {
    let told: BTreeSet<String> = first_column("| trouble | means |\n").into_iter().collect();
    assert_eq!(told, names::<Trouble>().into_iter().collect(), "the troubles of {HEADLESS}, and those of the program");
    let source = text("src/words/said.rs");
    let checks = between(&source, "const CHECKS:", "];").split('"').skip(1).step_by(2).map(str::to_owned);
    let told: BTreeSet<String> = first_column("| check | holds if |\n").into_iter().collect();
    assert_eq!(told, checks.collect(), "the checks of {HEADLESS}, and those of the program");
    let vault = [text("src/vault/mod.rs"), text("src/vault/receipts.rs"), text("src/wiring/vault_worker.rs")].concat();
    let unmade: Vec<&String> = told.iter().filter(|check| !vault.contains(&format!("\"{check}\""))).collect();
    assert!(unmade.is_empty(), "no wipe makes these checks: {unmade:?}");
}

#[test]
fn the_headless_page_names_no_unknown_option() {
    let mut known = String::new();
    for command in commands(&help(&[])) {
        let page = help(&[&command]);
        known.extend(commands(&page).iter().map(|last| help(&[&command, last])));
        known.push_str(&page);
    }
    let page = text(HEADLESS);
    for line in page.lines().filter(|line| line.contains("stillroom ") || line.starts_with("| `--")) {
        let options = line.split([' ', '`', '[', ']', ';', ',', '.', '(', ')']).filter(|word| word.starts_with("--"));
        for option in options.filter(|option| option.len() > 2) {
            assert!(known.contains(option), "{HEADLESS} names {option}: {line}");
        }
    }
}

/// The keys in the shipped `kiosk.toml`, whether they are in use or commented out.
fn keys_in_shipped_settings() -> BTreeSet<TableKey> {
    let file = text("kiosk.toml");
    let is_bare = |key: &str| key.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    let (mut keys, mut table) = (BTreeSet::new(), String::new());
    for line in file.lines().map(|line| line.trim_start_matches(['#', ' '])) {
        if let Some(header) = line.strip_prefix('[').filter(|_| line.ends_with(']')) {
            header.trim_matches(['[', ']']).clone_into(&mut table);
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| is_bare(key)) {
            keys.insert((table.clone(), key.to_owned()));
        }
    }
    // The file has the same tables of cards for every language. Only those for English are kept.
    keys.retain(|(table, _)| !table.starts_with("after.cards.") || table.ends_with(Language::FALLBACK.name()));
    keys
}

#[test]
fn the_shipped_settings_show_every_key_under_its_table_and_no_others() {
    let read = |text: &str| stillroom::config::read(std::path::Path::new("kiosk.toml"), text).findings;
    let (known, shown) = (keys_known_to(read), keys_in_shipped_settings());
    for (table, key) in
        [("sound.calibration", "port"), ("line.mqtt", "room"), ("escalation", "after_s"), ("after.cards.en-US", "link")]
    {
        assert!(known.contains(&(table.to_owned(), key.to_owned())), "{table}.{key} is no longer found: {known:?}");
    }
    let missing: Vec<&TableKey> = known.difference(&shown).collect();
    assert!(missing.is_empty(), "kiosk.toml does not show these, by their tables: {missing:?}");
    let unknown: Vec<&TableKey> = shown.difference(&known).collect();
    assert!(unknown.is_empty(), "kiosk.toml shows these, but nothing reads them: {unknown:?}");
}

/// The keys that `language.toml` may have, taken from the reader's findings about unknown keys.
fn language_keys(folder: &std::path::Path) -> Vec<String> {
    let about = "name = \"X\"\nno-such-key = 1\n[keyboard]\nno-such-key = 1\n";
    fs::write(folder.join("language.toml"), about).unwrap();
    let english = repository().join("locales/en-US/patient.ftl");
    fs::copy(english, folder.join("patient.ftl")).unwrap();
    let findings = stillroom::words::check_folder(folder);
    let unknown = findings.iter().filter(|finding| finding.found == "an unknown key");
    let keys = unknown.flat_map(|finding| finding.allowed.split(", ").map(str::to_owned)).collect();
    fs::remove_file(folder.join("language.toml")).unwrap();
    keys
}

#[test]
fn every_file_and_key_of_a_language_is_in_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("xx-XX");
    fs::create_dir(&folder).unwrap();
    let keys = language_keys(&folder);
    assert_eq!(keys.len(), 6, "{keys:?}");
    let files = fs::read_dir(repository().join("locales/en-US")).unwrap();
    let files: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let missing = missing(LANGUAGES, &[keys, files].concat());
    assert!(missing.is_empty(), "{LANGUAGES} does not name {missing:?}");
    let page = text(LANGUAGES);
    assert!(page.contains(&format!("Up to {} languages", stillroom::words::LANGUAGES_MAX)));
    // The page's example of a `language.toml` must agree with a shipped one.
    let spanish = text("locales/es-US/language.toml");
    for line in between(&page, "```toml\nname", "```").lines().filter(|line| !line.starts_with(" =")) {
        assert!(spanish.lines().any(|known| known == line), "locales/es-US/language.toml has no line {line:?}");
    }
    assert!(text("src/words/locales.rs").contains("const SHIPPED:"), "{LANGUAGES} names that list");
}

#[test]
fn the_page_of_languages_quotes_findings_exactly() {
    let source = ["messages", "keyboard", "locales"].map(|name| text(&format!("src/words/{name}.rs"))).concat();
    for said in [
        "an unknown message",
        "a second message of this name",
        "a message that cannot be read",
        "no key for",
        "the name",
    ] {
        assert!(text(LANGUAGES).contains(&format!("found {said}")), "{LANGUAGES} does not mention {said:?}");
        assert!(source.contains(&format!("\"{said}")), "no check reports {said:?}");
    }
}

/// The names of all functions and folders in `src` and `tests`, and of all source files there, without their
/// extensions.
fn functions_and_files() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = ["src", "tests"].map(|folder| repository().join(folder)).to_vec();
    while let Some(folder) = folders.pop() {
        found.insert(folder.file_name().unwrap().to_str().unwrap().to_owned());
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "py") {
                found.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
                let source = fs::read_to_string(&path).unwrap();
                let names = source.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
                found.extend(names.map(str::to_owned));
            }
        }
    }
    found
}

#[test]
fn every_test_in_the_list_of_faults_exists() {
    let known = functions_and_files();
    let page = text(FAULTS);
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what was tried"));
    let cells: Vec<&str> = rows.filter_map(|row| row.trim_end_matches(" |").rsplit('|').next()).collect();
    assert!(cells.len() > 40, "only {} rows are found", cells.len());
    let named = cells.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2));
    // The text in backticks is the name of a test, a module or a script. If it ends in `…`, it is the beginning of such
    // a name.
    let exists = |name: &str| {
        let name = name.rsplit_once(": ").map_or(name, |(_, name)| name);
        let stem = name.trim_start_matches("tests/demo/").trim_end_matches(".py");
        match stem.strip_suffix('…') {
            Some(beginning) => known.iter().any(|known| known.starts_with(beginning)),
            None => known.contains(stem),
        }
    };
    let missing: Vec<&str> = named.filter(|name| !name.starts_with("make ") && !exists(name)).collect();
    assert!(missing.is_empty(), "{FAULTS} names tests that do not exist: {missing:?}");
}

/// The keys of one table in the desk's `words.js`, such as the table of a language.
fn desk_words(table: &str) -> Vec<String> {
    let source = text("src/desk/page/words.js");
    let table = between(&source, &format!("  \"{table}\": {{"), "\n  },");
    let keys = table.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": \""));
    keys.map(|(key, _)| key.trim_matches('"').to_owned()).collect()
}

#[test]
fn the_desk_has_words_in_every_shipped_language_for_every_stage_place_and_trouble() {
    let english = desk_words("en-US");
    assert!(english.len() > 100, "{}", english.len());
    for language in stillroom::words::Locales::shipped().languages() {
        assert_eq!(english, desk_words(language.name()), "{language}");
    }
    let shown = [(names::<Stage>(), "stage_"), (names::<Place>(), "place_"), (names::<Trouble>(), "trouble_")];
    for (names, prefix) in shown {
        for name in names {
            assert!(english.contains(&format!("{prefix}{name}")), "the desk has no word for {prefix}{name}");
        }
    }
}

#[test]
fn the_desk_page_uses_no_text_that_does_not_exist() {
    let words = desk_words("en-US");
    let of_rooms = text("src/line/fleet/mod.rs");
    let of_rooms = between(&of_rooms, "pub const fn name(self)", "\n    }\n}");
    for name in of_rooms.split('"').skip(1).step_by(2) {
        assert!(words.contains(&format!("trouble_{name}")), "the desk has no word for the trouble {name}");
    }
    let mut said = 0;
    for file in fs::read_dir(repository().join("src/desk/page")).unwrap() {
        let path = file.unwrap().path();
        if !path.extension().is_some_and(|ending| ending == "js" || ending == "html") {
            continue;
        }
        let page = fs::read_to_string(&path).unwrap();
        for beginning in [" say(\"", "(say(\"", "{say(\"", "data-say=\"", "data-say-label=\""] {
            for key in page.split(beginning).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(words.iter().any(|word| word == key), "{}: there are no words for {key}", path.display());
                said += 1;
            }
        }
    }
    assert!(said > 120, "{said}");
}
