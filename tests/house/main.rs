//! Keeps the direction of the house: which room of the source may name which, what the ground may not know, and how
//! large a file may grow.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics is a test that fails

mod siblings;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From bottom to top. Each room names only rooms on floors below its own.
const FLOORS: [(&str, &[&str]); 16] = [
    ("vocabulary", &["vocabulary"]),
    ("ground", &["room"]),
    ("files", &["paths", "findings", "output"]),
    ("pure", &["profile", "words"]),
    ("pure, of profiles", &["config"]),
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

/// The words of all floors, which every room may name.
const VOCABULARY: &str = "vocabulary";

/// Who may name less than the floors below: the desk and the window know nothing of each other, and what is pure knows
/// no other room than it needs.
const NAMES_ONLY: [(&str, &[&str]); 12] = [
    ("room", &[]),
    ("paths", &[]),
    ("findings", &[]),
    ("output", &[]),
    ("words", &["findings", "room"]),
    ("line", &["room", "config"]),
    ("sound", &["room", "paths"]),
    ("vault", &["room", "paths"]),
    ("secret", &["paths"]),
    ("takeaway", &["room", "paths"]),
    ("desk", &["room", "words", "line", "paths"]),
    ("headless", &["room", "driver", "output"]),
];

/// What goes against the direction all the same: who, whom, and why. Take a line away when it is no longer needed; the
/// test fails on those, too.
const EXCEPTIONS: [(&str, &str, &str); 6] = [
    ("screen", "takeaway", "a code is drawn from words alone, and nothing leaves the room by it"),
    (
        "desk",
        "line",
        "an order and a call have one form, on a page as on a line; the desk of several rooms is a line's end",
    ),
    ("app", "secret", "a PIN is verified before the room is told that staff are there"),
    ("desk", "secret", "a password is verified before a browser reaches the room"),
    ("app", "setup", "what the first run decides is no event of a visit"),
    ("app", "sound", "the loudest level is set by ear in the first run, before there is a visit"),
];

/// What the ground may not name: whoever drives the room has clocks, files, threads and chance.
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

/// A file that is longer is asking to be two.
const LINES_MAX: usize = 800;
/// Longer files, each with its reason.
const LONG_FILES: [(&str, &str); 0] = [];

struct Source {
    /// From the top of the repository.
    path: String,
    /// The top-level module it belongs to.
    room: String,
    /// How many modules deep it lies below the crate.
    depth: usize,
    text: String,
}

impl Source {
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("tests.rs")
    }

    /// The module that it is, from the top of the crate; empty for the crate itself and for the program.
    fn module(&self) -> Vec<String> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        if ["lib", "main"].contains(&path) { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
    }

    /// Without comments, since prose may speak of anything.
    fn code(&self) -> String {
        self.text.lines().filter_map(|line| line.split("//").next()).flat_map(|line| [line, "\n"]).collect()
    }

    /// Without the tests at its end, either.
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
        Source { room: modules[0].to_owned(), depth, text: fs::read_to_string(&file).unwrap(), path }
    });
    sources.collect()
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, rooms)| rooms.contains(&room))
}

fn identifier(text: &str) -> &str {
    let end = text.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(text.len());
    &text[..end]
}

/// The first names of what follows a path's beginning: one, or those of a group in braces.
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

/// Every other room that a file names.
fn rooms_named_in(source: &Source) -> BTreeSet<String> {
    let code = source.code();
    let mut named: BTreeSet<String> = BTreeSet::new();
    for beginning in ["crate::", "stillroom::"] {
        for (at, _) in code.match_indices(beginning).filter(|(at, _)| begins_a_word(&code, *at)) {
            named.extend(first_names(&code[at + beginning.len()..]));
        }
    }
    // As many steps up as the file lies deep lead to the top as well.
    let code = source.code_in_use();
    let up = "super::".repeat(source.depth);
    for (at, _) in code.match_indices(&up).filter(|(at, _)| begins_a_word(&code, *at)) {
        named.extend(first_names(&code[at + up.len()..]).into_iter().filter(|name| name != "super"));
    }
    named.retain(|name| *name != source.room && (floor_of(name).is_some() || !name.is_empty()));
    named
}

#[test]
fn every_room_stands_on_a_floor() {
    let library = fs::read_to_string(repository().join("src/lib.rs")).unwrap();
    let declared = library.lines().filter_map(|line| line.strip_prefix("pub mod ").or(line.strip_prefix("mod ")));
    let declared: BTreeSet<&str> = declared.map(|line| line.trim_end_matches(';')).collect();
    let planned = FLOORS.iter().flat_map(|(_, rooms)| rooms.iter().copied());
    let planned: BTreeSet<&str> = planned.filter(|room| !["lib", "main"].contains(room)).collect();
    assert_eq!(declared, planned, "src/lib.rs and the floors of this test name different rooms");
}

#[test]
fn each_room_names_only_what_lies_below() {
    let mut wrong = BTreeMap::new();
    let mut needed = BTreeSet::new();
    for source in sources().iter().filter(|source| source.room != "lib") {
        let own_floor = floor_of(&source.room);
        for named in rooms_named_in(source) {
            if let Some(exception) = EXCEPTIONS.iter().position(|(who, whom, _)| *who == source.room && *whom == named)
            {
                needed.insert(exception);
                continue;
            }
            let only = NAMES_ONLY.iter().find(|(who, _)| *who == source.room);
            let why = if floor_of(&named) >= own_floor {
                "does not lie below"
            } else if named != VOCABULARY && only.is_some_and(|(_, only)| !only.contains(&named.as_str())) {
                "is more than it may name"
            } else if FACES.contains(&source.room.as_str()) && PORTS.contains(&named.as_str()) {
                "is a port, and faces see the room only"
            } else {
                continue;
            };
            wrong.insert((source.path.clone(), named), why);
        }
    }
    assert!(wrong.is_empty(), "against the direction of the house: {wrong:#?}");
    let stale: Vec<_> = (0..EXCEPTIONS.len()).filter(|index| !needed.contains(index)).map(|i| EXCEPTIONS[i]).collect();
    assert!(stale.is_empty(), "no longer needed, take these away: {stale:#?}");
}

#[test]
fn the_ground_knows_nothing_of_the_world() {
    for source in sources().iter().filter(|source| source.room == "room" && !source.is_test()) {
        let code = source.code_in_use();
        for (number, line) in code.lines().enumerate() {
            let words = line.split(|char: char| !char.is_alphanumeric() && char != '_');
            let wrong: Vec<&str> = words.filter(|word| NOT_ON_THE_GROUND.contains(word)).collect();
            assert!(wrong.is_empty(), "{}:{}: {wrong:?}", source.path, number + 1);
        }
        for (at, _) in code.match_indices("use ").filter(|(at, _)| begins_a_word(&code, *at)) {
            let from = identifier(&code[at + 4..]);
            let is_known = ["std", "core", "super", "self", "crate"].contains(&from);
            // What a file has declared itself may be named without more, such as `pub use effect::Effect`.
            let is_own = code.contains(&format!("mod {from};")) || code.contains(&format!("macro_rules! {from} "));
            assert!(is_known || is_own, "{}: names {from}", source.path);
        }
    }
}

#[test]
fn only_the_program_ends_the_program() {
    for source in sources() {
        let may = ["cli", "main"].contains(&source.room.as_str());
        assert!(may || !source.code_in_use().contains("process::exit"), "{} ends the process", source.path);
        assert!(!source.code().lines().any(|line| line.contains("unsafe ")), "{} has unsafe code", source.path);
    }
}

#[test]
fn no_file_has_grown_out_of_its_purpose() {
    let mut long = Vec::new();
    let repository = repository();
    let folders = ["src", "tests", "benches", "examples"].map(|folder| repository.join(folder));
    for file in folders.iter().filter(|folder| folder.is_dir()).flat_map(|folder| files_below(folder)) {
        let text = fs::read_to_string(&file).unwrap();
        let path = file.strip_prefix(&repository).unwrap().to_str().unwrap().to_owned();
        // A file of tests beside what it tests owns nothing but those.
        let is_beside = path.starts_with("src/") && (path.ends_with("tests.rs") || path.contains("/tests/"));
        assert!(is_beside || text.starts_with("//!"), "{path} does not open with what it owns");
        let lines = text.lines().count();
        let is_listed = LONG_FILES.iter().any(|(listed, _)| *listed == path);
        if (lines > LINES_MAX) != is_listed {
            long.push(format!("{path}: {lines} lines"));
        }
    }
    assert!(long.is_empty(), "over {LINES_MAX} lines and not listed, or listed and no longer so: {long:#?}");
}

#[test]
fn names_are_read_from_every_form_of_a_path() {
    let source = |depth, text: &str| Source { path: "src/a/b.rs".into(), room: "a".into(), depth, text: text.into() };
    let named = |depth, text: &str| rooms_named_in(&source(depth, text)).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(named(2, "use crate::room::{Event, Room};\nfn f(x: crate::paths::Directories) {}"), "paths room");
    assert_eq!(named(2, "use crate::{room::{Event, self}, words, a::c};"), "room words");
    assert_eq!(named(2, "use super::super::vault;\nuse super::c;"), "vault");
    assert_eq!(named(1, "use super::{setup, room::Event};"), "room setup");
    assert_eq!(named(2, "// crate::desk is another matter\nlet x = subcrate::y;"), "");
}
