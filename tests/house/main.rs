//! Owns the rules for the source tree, such as which top-level module may use which, which names the room must not use,
//! and how long a file may be. The tests read the files as text, so they run without building the program.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics is a test that fails

mod names;
mod prose;
mod siblings;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The architecture as floors, from bottom to top, each with its top-level modules. A module may use only modules on
/// lower floors.
const FLOORS: [(&str, &[&str]); 17] = [
    ("vocabulary", &["vocabulary"]),
    ("ground", &["room"]),
    ("files", &["paths", "findings", "stdio"]),
    ("the clinic's music", &["library"]),
    ("the clinic's files", &["profile", "words"]),
    ("the clinic's settings", &["config"]),
    ("ports", &PORTS),
    ("driver", &["driver"]),
    ("face: sizes and colours", &["theme"]),
    ("face: parts", &["widget"]),
    ("face: screens", &["screen"]),
    ("faces", &["app", "desk", "headless"]),
    ("wiring", &["wiring"]),
    ("above the wiring", &["dry_run"]),
    ("command line", &["cli"]),
    ("library", &["lib"]),
    ("program", &["main"]),
];
const PORTS: [&str; 6] = ["line", "sound", "vault", "takeaway", "secret", "setup"];
const FACES: [&str; 6] = ["theme", "widget", "screen", "app", "desk", "headless"];

/// The module with the shared sets of values. Every module may use it.
const VOCABULARY: &str = "vocabulary";

/// Modules with a narrower rule, so that each depends only on what it needs. Of the modules on lower floors, they may
/// use only those listed, and [`VOCABULARY`].
const USES_ONLY: [(&str, &[&str]); 13] = [
    ("room", &[]),
    ("paths", &[]),
    ("findings", &[]),
    ("stdio", &[]),
    ("library", &["findings", "paths"]),
    ("words", &["findings", "room"]),
    ("line", &["room", "config"]),
    ("sound", &["room", "paths"]),
    ("vault", &["room", "paths"]),
    ("secret", &["paths"]),
    ("takeaway", &["room", "paths"]),
    ("desk", &["room", "words", "line", "paths"]),
    ("headless", &["room", "driver", "stdio"]),
];

/// Uses that are allowed despite the rules. Each entry holds the module, the module that it uses, and the reason.
/// Remove an entry once it is no longer needed; the test rejects needless entries.
const EXCEPTIONS: [(&str, &str, &str); 6] = [
    ("screen", "takeaway", "a code is drawn from words alone, and sends nothing out of the room"),
    (
        "desk",
        "line",
        "an order and a call have the same form on a page and on a line, and the desk of several rooms is one end of a line",
    ),
    ("app", "secret", "a PIN is verified before the room is told that staff are there"),
    ("desk", "secret", "a password is verified before a browser reaches the room"),
    ("app", "setup", "what the first run sets is not an event of a visit"),
    ("app", "sound", "the first run sets the loudest level by ear, before there is a visit"),
];

/// Names that the room must not use, because clocks, files, threads and randomness belong to the code that drives it.
const NOT_ON_THE_GROUND: [&str; 20] = [
    "iced",
    "tokio",
    "serde",
    "serde_json",
    "rodio",
    "tracing",
    "chrono",
    "ulid",
    "getrandom",
    "Instant",
    "SystemTime",
    "fs",
    "thread",
    "env",
    "net",
    "process",
    "println",
    "eprintln",
    "print",
    "dbg",
];

/// Maximum number of lines in a file. A longer file probably covers two subjects.
const LINES_MAX: usize = 800;
/// Files that may be longer than [`LINES_MAX`], each with the reason.
const LONG_FILES: [(&str, &str); 0] = [];

struct Source {
    /// The path, relative to the repository.
    path: String,
    /// The top-level module that the file belongs to.
    top: String,
    /// Number of modules in the file's path from the root of the crate.
    depth: usize,
    text: String,
}

impl Source {
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("tests.rs")
    }

    /// The path of the file's module from the root of the crate. Empty for `lib.rs` and `main.rs`.
    fn module(&self) -> Vec<String> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        if ["lib", "main"].contains(&path) { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
    }

    /// The file's text without comments, which may mention anything.
    fn code(&self) -> String {
        self.text.lines().filter_map(|line| line.split("//").next()).flat_map(|line| [line, "\n"]).collect()
    }

    /// The file's code without comments and without the module `tests` at its end.
    fn code_in_use(&self) -> String {
        let code = self.code();
        code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
    }
}

fn repository() -> PathBuf {
    std::env::var_os("STILLROOM_REPOSITORY").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let repository = repository();
    let sources = files_below(&repository.join("src")).into_iter().map(|file| {
        let path = file.strip_prefix(&repository).unwrap().to_str().unwrap().to_owned();
        let modules: Vec<&str> = path.trim_start_matches("src/").trim_end_matches(".rs").split('/').collect();
        let depth = modules.len() - usize::from(modules.last() == Some(&"mod"));
        Source { top: modules[0].to_owned(), depth, text: fs::read_to_string(&file).unwrap(), path }
    });
    sources.collect()
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, modules)| modules.contains(&module))
}

fn identifier(text: &str) -> &str {
    let end = text.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(text.len());
    &text[..end]
}

/// Returns the first identifier in `rest`, the part of a path after a prefix such as `crate::`. If `rest` is a group in
/// braces, returns the first identifier of each path in the group.
fn first_names(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else { return vec![identifier(rest).to_owned()] };
    let (mut names, mut depth, mut is_first) = (Vec::new(), 0, true);
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_first = true,
            _ if char.is_whitespace() => {}
            _ if is_first => {
                names.push(identifier(&group[at..]).to_owned());
                is_first = false;
            }
            _ => {}
        }
    }
    names
}

fn begins_a_word(text: &str, at: usize) -> bool {
    !text[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_' || char == ':' || char == '$')
}

/// The top-level modules that a file uses, except the one that it belongs to.
fn uses_of(source: &Source) -> BTreeSet<String> {
    let code = source.code();
    let mut named: BTreeSet<String> = BTreeSet::new();
    for beginning in ["crate::", "stillroom::"] {
        for (at, _) in code.match_indices(beginning).filter(|(at, _)| begins_a_word(&code, *at)) {
            named.extend(first_names(&code[at + beginning.len()..]));
        }
    }
    // A path that begins with `super` once for each level of the file's module also starts at the root of the crate.
    let code = source.code_in_use();
    let up = "super::".repeat(source.depth);
    for (at, _) in code.match_indices(&up).filter(|(at, _)| begins_a_word(&code, *at)) {
        named.extend(first_names(&code[at + up.len()..]).into_iter().filter(|name| name != "super"));
    }
    named.retain(|name| *name != source.top && (floor_of(name).is_some() || !name.is_empty()));
    named
}

#[test]
fn every_module_is_on_a_floor() {
    let library = fs::read_to_string(repository().join("src/lib.rs")).unwrap();
    let declared = library.lines().filter_map(|line| line.strip_prefix("pub mod ").or(line.strip_prefix("mod ")));
    let declared: BTreeSet<&str> = declared.map(|line| line.trim_end_matches(';')).collect();
    let planned = FLOORS.iter().flat_map(|(_, modules)| modules.iter().copied());
    let planned: BTreeSet<&str> = planned.filter(|module| !["lib", "main"].contains(module)).collect();
    assert_eq!(declared, planned, "src/lib.rs and FLOORS list different modules");
}

/// The names in backticks in one column, counted from 1, of the table below a heading in ARCHITECTURE.md.
fn named_in_map(heading: &str, column: usize) -> BTreeSet<String> {
    let map = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let (_, table) = map.split_once(heading).unwrap_or_else(|| panic!("ARCHITECTURE.md has no {heading:?}"));
    let rows = table.lines().skip_while(|line| line.starts_with("|---") || line.is_empty());
    let cells = rows.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(column));
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.map(|name| name.trim_end_matches("/*").to_owned()).collect()
}

#[test]
fn the_map_lists_every_module_and_every_folder_of_tests() {
    let modules = FLOORS.iter().flat_map(|(_, modules)| modules.iter().map(|module| (*module).to_owned()));
    assert_eq!(
        named_in_map("| floor | modules | what they own |", 2),
        modules.collect(),
        "the floors of ARCHITECTURE.md"
    );
    let named = named_in_map("## Tests", 1);
    let folders = fs::read_dir(repository().join("tests")).unwrap().map(|entry| entry.unwrap().path());
    let folders =
        folders.filter(|path| path.is_dir()).map(|path| format!("tests/{}", path.file_name().unwrap().display()));
    // These folders contain only files that other tests use.
    let helpers = ["tests/common", "tests/docs", "tests/media"];
    let missing: Vec<String> =
        folders.filter(|path| !helpers.contains(&path.as_str()) && !named.contains(path)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not say what these test: {missing:?}");
}

#[test]
fn each_module_uses_only_lower_floors() {
    let mut wrong = BTreeMap::new();
    let mut needed = BTreeSet::new();
    for source in sources().iter().filter(|source| source.top != "lib") {
        let own_floor = floor_of(&source.top);
        for named in uses_of(source) {
            if let Some(exception) = EXCEPTIONS.iter().position(|(who, whom, _)| *who == source.top && *whom == named) {
                needed.insert(exception);
                continue;
            }
            let only = USES_ONLY.iter().find(|(who, _)| *who == source.top);
            let why = if floor_of(&named) >= own_floor {
                "is not on a lower floor"
            } else if named != VOCABULARY && only.is_some_and(|(_, only)| !only.contains(&named.as_str())) {
                "is more than USES_ONLY allows"
            } else if FACES.contains(&source.top.as_str()) && PORTS.contains(&named.as_str()) {
                "is a port, and faces use only the room"
            } else {
                continue;
            };
            wrong.insert((source.path.clone(), named), why);
        }
    }
    assert!(wrong.is_empty(), "against the direction of the house: {wrong:#?}");
    let stale: Vec<_> = (0..EXCEPTIONS.len()).filter(|index| !needed.contains(index)).map(|i| EXCEPTIONS[i]).collect();
    assert!(stale.is_empty(), "these exceptions are no longer needed; remove them: {stale:#?}");
}

#[test]
fn the_ground_uses_no_clock_file_thread_or_randomness() {
    for source in sources().iter().filter(|source| source.top == "room" && !source.is_test()) {
        let code = source.code_in_use();
        for (number, line) in code.lines().enumerate() {
            let words = line.split(|char: char| !char.is_alphanumeric() && char != '_');
            let wrong: Vec<&str> = words.filter(|word| NOT_ON_THE_GROUND.contains(word)).collect();
            assert!(wrong.is_empty(), "{}:{}: {wrong:?}", source.path, number + 1);
        }
        for (at, _) in code.match_indices("use ").filter(|(at, _)| begins_a_word(&code, *at)) {
            let from = identifier(&code[at + 4..]);
            let is_known = ["std", "core", "super", "self", "crate"].contains(&from);
            // A file may re-export names from a module that it declares, as in `pub use effect::Effect`, or a macro
            // that it defines.
            let is_own = code.contains(&format!("mod {from};")) || code.contains(&format!("macro_rules! {from} "));
            assert!(is_known || is_own, "{}: uses {from}", source.path);
        }
    }
}

#[test]
fn only_the_command_line_exits_the_process_and_nothing_is_unsafe() {
    for source in sources() {
        let may = ["cli", "main"].contains(&source.top.as_str());
        assert!(may || !source.code_in_use().contains("process::exit"), "{} exits the process", source.path);
        assert!(!source.code().lines().any(|line| line.contains("unsafe ")), "{} has unsafe code", source.path);
    }
}

#[test]
fn no_file_is_too_long_and_each_says_what_it_owns() {
    let mut long = Vec::new();
    let repository = repository();
    let folders = ["src", "tests", "benches", "examples"].map(|folder| repository.join(folder));
    for file in folders.iter().filter(|folder| folder.is_dir()).flat_map(|folder| files_below(folder)) {
        let text = fs::read_to_string(&file).unwrap();
        let path = file.strip_prefix(&repository).unwrap().to_str().unwrap().to_owned();
        // A test file beside the code that it tests needs no header.
        let is_beside = path.starts_with("src/") && (path.ends_with("tests.rs") || path.contains("/tests/"));
        assert!(is_beside || text.starts_with("//!"), "{path} does not begin with what it owns");
        let lines = text.lines().count();
        let is_listed = LONG_FILES.iter().any(|(listed, _)| *listed == path);
        if (lines > LINES_MAX) != is_listed {
            long.push(format!("{path}: {lines} lines"));
        }
    }
    assert!(long.is_empty(), "over {LINES_MAX} lines and not listed, or listed and no longer so: {long:#?}");
}

#[test]
fn uses_are_found_in_every_form_of_a_path() {
    let source = |depth, text: &str| Source { path: "src/a/b.rs".into(), top: "a".into(), depth, text: text.into() };
    let named = |depth, text: &str| uses_of(&source(depth, text)).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(named(2, "use crate::room::{Event, Room};\nfn f(x: crate::paths::Directories) {}"), "paths room");
    assert_eq!(named(2, "use crate::{room::{Event, self}, words, a::c};"), "room words");
    assert_eq!(named(2, "use super::super::vault;\nuse super::c;"), "vault");
    assert_eq!(named(1, "use super::{setup, room::Event};"), "room setup");
    assert_eq!(named(2, "// crate::desk is another matter\nlet x = subcrate::y;"), "");
}
