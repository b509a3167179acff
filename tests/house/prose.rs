//! Owns the rule that comments and documents are free of phrases translated literally from another language. Each
//! phrase is listed with what a native writer would say. Does not own the words that patients and staff read
//! (`locales/`).

use std::fs;
use std::path::Path;

use crate::repository;

/// Forbidden phrases in lower case. Each has the contexts in which it is correct English, and what to write otherwise.
const HABITS: [(&str, &[&str], &str); 33] = [
    ("so often", &["every so often", "so often that", "so often as"], "name the interval or count"),
    ("so many", &["so many that", "so many as", "in so many words"], "maximum number of …, or name the count"),
    ("so long", &["so long as", "so long that"], "time limit for …, or name the time"),
    ("by so much", &[], "by at least this much"),
    ("only so", &["only so many", "only so long", "only so that"], "only then, or only this way"),
    ("stands still", &[], "stops, hangs or is stuck; a picture is still"),
    ("stand still", &[], "stop, hang or be stuck"),
    ("stood still", &[], "stopped, hung or was stuck"),
    ("anew", &[], "again, or new"),
    ("whoever", &[], "anyone who, the caller, the person who"),
    ("but for", &["not but for"], "except"),
    ("for itself", &[], "on its own, separately, or nothing"),
    ("is none of", &["is none of the above"], "does not belong to"),
    ("are none of", &[], "do not belong to"),
    ("another than", &[], "one other than, or differs from"),
    ("by chance", &[], "at random, randomised"),
    ("the same holds", &[], "likewise, or this also applies to"),
    ("goes its way", &[], "proceeds, goes through"),
    ("since when", &[], "when … began, the time at which"),
    ("until when", &[], "when … ends, the time until which"),
    ("how-manieth", &[], "the number, or which one"),
    ("as the clinic's own", &[], "like the clinic's"),
    ("that there is not", &[], "that does not exist"),
    ("that there are not", &[], "that do not exist"),
    ("which there are", &[], "lists them, those that exist"),
    ("those there are", &[], "those that exist"),
    ("those that there are", &[], "those that exist"),
    ("is told as", &[], "is reported as"),
    ("are told of in", &[], "are described in"),
    ("a word on", &[], "a comment on, an explanation of"),
    ("than this are", &[], "the maximum number of"),
    ("in the same moment", &[], "at the same moment"),
    ("in the moment in which", &[], "at the moment when"),
];

/// The folders to search, including all their subfolders. Files at the top of the repository are also searched.
const FOLDERS: [&str; 8] = ["src", "tests", "docs", "profiles", "deploy", "scripts", "benches", "examples"];
const KINDS: [&str; 12] = ["rs", "js", "ts", "css", "html", "wgsl", "py", "md", "toml", "service", "rules", "sh"];

/// Returns the text of a file as a single line in lower case, and the position in that line at which each original line
/// begins. Comment markers are removed, because a phrase may continue on the next line of a comment. Underscores become
/// spaces, because the name of a test reads like a sentence.
fn as_prose(text: &str) -> (String, Vec<usize>) {
    let (mut prose, mut begins) = (String::new(), Vec::new());
    for line in text.lines() {
        begins.push(prose.len());
        let line =
            line.trim().trim_start_matches(['/', '!', '#', '*', '|', '<', '-', ' ']).trim_end_matches(['\\', ' ']);
        prose.extend(line.chars().map(|char| if char == '_' { ' ' } else { char.to_ascii_lowercase() }));
        prose.push(' ');
    }
    (prose, begins)
}

/// The forbidden phrases in a text, each with the number of its line, counted from 1, and with what to write instead.
fn habits_in(text: &str) -> Vec<(usize, &'static str, &'static str)> {
    let (prose, begins) = as_prose(text);
    let is_inside_word = |char: char| char.is_alphanumeric() || char == '-';
    let mut found = Vec::new();
    for (habit, right, better) in HABITS {
        for (at, _) in prose.match_indices(habit) {
            let is_word =
                !prose[..at].ends_with(is_inside_word) && !prose[at + habit.len()..].starts_with(is_inside_word);
            let is_right = right.iter().any(|phrase| {
                let begins_at = phrase.find(habit).and_then(|before| at.checked_sub(before));
                begins_at.is_some_and(|begins_at| prose[begins_at..].starts_with(phrase))
            });
            if is_word && !is_right {
                found.push((begins.partition_point(|begin| *begin <= at), habit, better));
            }
        }
    }
    found.sort_unstable();
    found
}

fn prose_files(repository: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<_> = FOLDERS.map(|folder| repository.join(folder)).into();
    let is_prose = |path: &Path| match path.extension() {
        Some(kind) => KINDS.iter().any(|known| kind == *known),
        None => path.is_file(),
    };
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if is_prose(&path) {
                found.push(path);
            }
        }
    }
    let top = fs::read_dir(repository).unwrap().map(|entry| entry.unwrap().path());
    found.extend(
        top.filter(|path| {
            path.is_file() && (path.ends_with("Makefile") || is_prose(path) && path.extension().is_some())
        }),
    );
    let relative = found.iter().map(|path| path.strip_prefix(repository).unwrap().to_str().unwrap().to_owned());
    let mut relative: Vec<String> = relative.filter(|path| path != "tests/house/prose.rs").collect();
    relative.sort();
    relative
}

#[test]
fn prose_reads_as_a_native_writer_would_write_it() {
    let repository = repository();
    let mut wrong = Vec::new();
    let files = prose_files(&repository);
    assert!(files.len() > 400, "only {} files are found", files.len());
    for path in files {
        for (line, habit, better) in habits_in(&fs::read_to_string(repository.join(&path)).unwrap()) {
            wrong.push(format!("{path}:{line}: \"{habit}\": {better}"));
        }
    }
    assert!(wrong.is_empty(), "say these as a native writer would: {wrong:#?}");
}

#[test]
fn a_habit_is_found_across_lines_and_in_names_and_right_english_is_not() {
    let lines = |text: &str| habits_in(text).into_iter().map(|(line, habit, _)| (line, habit)).collect::<Vec<_>>();
    assert_eq!(lines("/// It is looked at so\n/// often.\nconst X: u8 = 1;"), [(1, "so often")]);
    assert_eq!(lines("x\nfn it_is_begun_anew() {}"), [(2, "anew")]);
    assert_eq!(lines("\"the loop stands \\\n still\""), [(1, "stands still")]);
    assert_eq!(lines("As so long as it lasts, every so often, a renewal; room-stands-still."), []);
}
