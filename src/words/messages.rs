//! Owns the files of messages: their parsing, the letters and variables in them, and the comparison of a file with its
//! English counterpart, which reports each problem with its line number. Does not own the syntax of messages, which is
//! defined by Fluent (<https://projectfluent.org>).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fluent_bundle::FluentResource;

use crate::findings::{Finding, line_of, nearest};

/// A message of an `.ftl` file.
pub(super) struct FluentMessage<'t> {
    pub key: &'t str,
    /// The line on which the message begins, counted from 1.
    pub line: usize,
    /// Everything after the equals sign, including the lines that continue the message.
    pub text: String,
}

/// Returns every message of a file, in order. Comments and terms are left out.
pub(super) fn messages(source: &str) -> Vec<FluentMessage<'_>> {
    let mut found: Vec<FluentMessage<'_>> = Vec::new();
    let mut is_in_message = false;
    for (at, line) in source.lines().enumerate() {
        let is_key = line.starts_with(|first: char| first.is_ascii_alphabetic());
        match line.split_once('=').filter(|_| is_key) {
            Some((key, text)) => {
                found.push(FluentMessage { key: key.trim_end(), line: at + 1, text: text.trim_start().to_owned() });
                is_in_message = true;
            }
            None if line.starts_with(['#', '-']) => is_in_message = false,
            None => {
                if let Some(message) = found.last_mut().filter(|_| is_in_message) {
                    message.text.push('\n');
                    message.text.push_str(line.trim());
                }
            }
        }
    }
    found
}

/// Returns the names of the variables in a message.
pub(super) fn variables(text: &str) -> BTreeSet<&str> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let names = text.split('$').skip(1).map(|rest| rest.split(|letter| !is_name(letter)).next().unwrap_or_default());
    names.filter(|name| !name.is_empty()).collect()
}

/// Returns the text of a message that can be shown, without the names of variables and the selectors of variants.
pub(super) fn readable(text: &str) -> String {
    let (mut readable, mut depth, mut is_variant) = (String::new(), 0_usize, false);
    for char in text.chars() {
        match char {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '\n' => {
                is_variant = false;
                readable.push(' ');
            }
            ']' if depth > 0 => is_variant = true,
            _ if depth == 0 || (depth == 1 && is_variant) => readable.push(char),
            _ => {}
        }
    }
    readable
}

/// Returns the letters in the readable text of a file, in lower case.
pub(super) fn letters(source: &str) -> BTreeSet<char> {
    let words = messages(source).into_iter().map(|message| readable(&message.text));
    words
        .flat_map(|words| words.to_lowercase().chars().collect::<Vec<_>>())
        .filter(|char| char.is_alphabetic())
        .collect()
}

/// Parses a file. Messages that cannot be parsed are left out and reported in `findings`.
pub(super) fn parse(file: &Path, source: &str, findings: &mut Vec<Finding>) -> FluentResource {
    FluentResource::try_new(source.to_owned()).unwrap_or_else(|(readable, errors)| {
        findings.extend(errors.iter().map(|error| Finding {
            file: file.into(),
            line: Some(line_of(source, error.pos.start)),
            key: "syntax".into(),
            found: format!("a message that cannot be read ({})", error.kind),
            allowed: "a message in the syntax of Fluent".into(),
        }));
        readable
    })
}

/// Compares `source` with `english`, its English counterpart. Reports each message that only one of the two has, that
/// occurs twice in `source`, or whose variables differ between the two.
pub(super) fn compare(file: &Path, source: &str, english: &str) -> Vec<Finding> {
    let (messages, english) = (messages(source), messages(english));
    let known: BTreeMap<&str, &FluentMessage<'_>> = english.iter().map(|message| (message.key, message)).collect();
    let keys: Vec<&str> = known.keys().copied().collect();
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    let mut findings = Vec::new();
    let mut report = |line: usize, key: &str, found: String, allowed: String| {
        findings.push(Finding { file: file.into(), line: Some(line), key: key.into(), found, allowed });
    };
    for message in &messages {
        let first = *lines.entry(message.key).or_insert(message.line);
        if first != message.line {
            report(
                message.line,
                message.key,
                "a second message of this name".into(),
                format!("one; the first is on line {first}"),
            );
        }
        let Some(meant) = known.get(message.key) else {
            let near = nearest(message.key, &keys).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            report(message.line, message.key, "an unknown message".into(), format!("a message that English has{near}"));
            continue;
        };
        let (found, allowed) = (variables(&message.text), variables(&meant.text));
        if found != allowed {
            report(message.line, message.key, listed(&found), listed(&allowed));
        }
    }
    let mut line = 1;
    for meant in &english {
        // A missing message has no line, so it is reported on the line of the nearest message before it in `english`
        // that `source` has.
        if let Some(there) = lines.get(meant.key) {
            line = *there;
        } else {
            let allowed = format!("a message with {}", listed(&variables(&meant.text)));
            report(line, meant.key, "nothing".into(), allowed);
        }
    }
    findings.sort_by_key(|finding| finding.line);
    findings
}

fn listed(variables: &BTreeSet<&str>) -> String {
    let names: Vec<String> = variables.iter().map(|name| format!("${name}")).collect();
    if names.is_empty() { "no variable".into() } else { names.join(", ") }
}
