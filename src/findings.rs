//! Owns findings, and a reader of TOML files. Each finding describes one problem in a file, on a single line; the
//! reader reports all problems at once. Does not own the keys that a file may have (`config`, `profile` and `words`).

use std::cell::RefCell;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::path::{Component, Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::vocabulary::Named;

/// The word with which a file says that an optional value is absent.
const NONE: &str = "none";

/// Maximum size of a file that is read, in bytes. Any real file is far smaller, and the tablet can easily read one of
/// this size.
pub const FILE_BYTES_MAX: u64 = 1 << 18;

/// Maximum number of characters that a finding quotes from a wrong value.
const FOUND_CHARS_MAX: usize = 60;

/// One problem in one file, with its position, what was found there, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file's path, as the user gave it.
    pub file: PathBuf,
    /// The line, counted from 1; `None` if the problem concerns the whole file.
    pub line: Option<usize>,
    /// The key, preceded by the names of its tables, such as `session.infusion_minutes`; `file` or `syntax` if the
    /// problem does not concern a single key.
    pub key: String,
    /// What the file has there, such as a quoted value, in words for the user.
    pub found: String,
    /// What is allowed there, such as a range or a list of words, in words for the user.
    pub allowed: String,
}

impl Finding {
    /// Creates a finding about the file as a whole.
    pub fn of_file(file: &Path, found: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, key: "file".into(), found: found.into(), allowed: allowed.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        write!(out, ": {}: found {}, allowed {}", self.key, self.found, self.allowed)
    }
}

/// A reference in a file to something outside it, such as a music file. The reader keeps it for later checks, which
/// report a wrong reference with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The name, as written.
    pub name: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The key, preceded by the names of its tables.
    pub key: String,
}

impl Mention {
    /// Creates a finding that the name is wrong. `allowed` says what is allowed instead.
    pub fn finding(&self, file: &Path, allowed: impl Into<String>) -> Finding {
        Finding {
            file: file.into(),
            line: Some(self.line),
            key: self.key.clone(),
            found: shortened(&format!("{:?}", self.name)),
            allowed: allowed.into(),
        }
    }
}

/// Reads a whole text file.
///
/// # Errors
/// A finding if the file cannot be read, for example because it is missing or not UTF-8, or if it is longer than
/// [`FILE_BYTES_MAX`].
pub fn read_text(file: &Path) -> Result<String, Finding> {
    let refused = |error: &std::io::Error| Finding::of_file(file, io_reason(error), "a text file that can be read");
    let length_bytes = std::fs::metadata(file).map_err(|error| refused(&error))?.len();
    if length_bytes > FILE_BYTES_MAX {
        return Err(Finding::of_file(file, format!("{length_bytes} bytes"), format!("at most {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read_to_string(file).map_err(|error| refused(&error))
}

/// Describes an I/O error in words that can follow "found" in a finding.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "most kinds of I/O errors are reported alike")]
pub fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "nothing there".into(),
        std::io::ErrorKind::PermissionDenied => "something that this user may not read".into(),
        std::io::ErrorKind::InvalidData => "bytes that are not UTF-8".into(),
        _ => error.to_string(),
    }
}

/// A TOML file that is being read: its text, its tables and the findings so far.
pub struct Document<'t> {
    file: &'t Path,
    text: &'t str,
    root: Spanned<DeTable<'t>>,
    findings: RefCell<Vec<Finding>>,
}

impl<'t> Document<'t> {
    /// Parses the text of `file`. Nothing is read from disk.
    ///
    /// # Errors
    /// A finding for every syntax error. Nothing else is reported for such a file, because the meaning of a broken line
    /// can only be guessed, and a wrong guess would blame keys that are right.
    pub fn parse(file: &'t Path, text: &'t str) -> Result<Self, Vec<Finding>> {
        let (root, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            return Ok(Self { file, text, root, findings: RefCell::default() });
        }
        let findings = errors.iter().map(|error| {
            let (what, allowed) = error.message().split_once(", expected ").unwrap_or((error.message(), "valid TOML"));
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            let found = format!("broken TOML ({what})");
            Finding { file: file.into(), line: Some(line), key: "syntax".into(), found, allowed: allowed.into() }
        });
        let mut findings: Vec<Finding> = findings.collect();
        findings.sort_by_key(|finding| finding.line);
        Err(findings)
    }

    /// The top-level table of the file.
    pub fn root(&self) -> Section<'_> {
        Section::new(self, String::new(), Some(self.root.get_ref()), 1)
    }

    /// All findings, in the order of their lines.
    pub fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.findings.into_inner();
        findings.sort_by_key(|finding| finding.line);
        findings
    }

    fn source(&self, span: Range<usize>) -> &'t str {
        self.text.get(span).unwrap_or_default()
    }
}

/// One table of a [`Document`]. Every key that is read counts as known. [`Section::finish`] then reports all other
/// keys.
///
/// A wrong value adds a finding and reads as absent, so that the rest of the file is still checked.
pub struct Section<'d> {
    document: &'d Document<'d>,
    path: String,
    table: Option<&'d DeTable<'d>>,
    line: usize,
    known: RefCell<Vec<&'d str>>,
}

impl<'d> Section<'d> {
    fn new(document: &'d Document<'d>, path: String, table: Option<&'d DeTable<'d>>, line: usize) -> Self {
        Self { document, path, table, line, known: RefCell::default() }
    }

    /// All keys of the table, known or not.
    pub fn keys(&self) -> Vec<&'d str> {
        self.table.into_iter().flatten().map(|(name, _)| name.get_ref().as_ref()).collect()
    }

    /// Whether the file has this table. An absent table has no keys.
    pub const fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// The line of `key`, or the line of the table if `key` is absent.
    pub fn line_of(&self, key: &str) -> usize {
        self.table
            .and_then(|table| table.iter().find(|(name, _)| name.get_ref() == key))
            .map_or(self.line, |(name, _)| line_of(self.document.text, name.span().start))
    }

    /// Adds a finding about `key`.
    pub fn report(&self, key: &str, found: impl Into<String>, allowed: impl Into<String>) {
        self.push(self.line_of(key), self.key_path(key), found.into(), allowed.into());
    }

    /// Adds a finding that `key` is missing, unless the table has it, whatever its value.
    pub fn require(&self, key: &str, allowed: impl Into<String>) {
        if !self.has(key) {
            self.report(key, "nothing", allowed);
        }
    }

    /// Whether the table has `key`, with a valid value or not.
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.iter().any(|(name, _)| name.get_ref() == key))
    }

    /// Reads the table `key`. An absent table reads as an empty one.
    #[must_use]
    pub fn section(&self, key: &'d str) -> Section<'d> {
        let table = self.read(key, "a table", |value| value.as_table());
        Section::new(self.document, self.key_path(key), table, self.line_of(key))
    }

    /// Reads `key` as a list of at most `max` tables.
    pub fn sections(&self, key: &'d str, max: usize) -> Vec<Section<'d>> {
        let allowed = format!("a list of at most {max} tables");
        let items = self.items(key, max, &allowed).unwrap_or_default();
        let mut sections = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let line = line_of(self.document.text, item.span().start);
            let path = format!("{}[{index}]", self.key_path(key));
            match item.get_ref().as_table() {
                Some(table) => sections.push(Section::new(self.document, path, Some(table), line)),
                None => self.push(line, path, self.found(item), "a table".into()),
            }
        }
        sections
    }

    /// Reads `key` as a whole number in `range`.
    pub fn integer<T>(&self, key: &'d str, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + fmt::Display,
    {
        let allowed = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(key, &allowed, |value| {
            let integer = value.as_integer()?;
            let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok()?;
            T::try_from(number).ok().filter(|number| range.contains(number))
        })
    }

    /// Reads `key` as a number in `range`, whole or not.
    pub fn number(&self, key: &'d str, range: RangeInclusive<f32>) -> Option<f32> {
        let allowed = format!("a number from {} to {}", range.start(), range.end());
        self.read(key, &allowed, |value| {
            let number = match value {
                DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse::<f32>(),
                DeValue::Float(float) => float.as_str().parse::<f32>(),
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_)
                | DeValue::Table(_) => return None,
            };
            number.ok().filter(|number| range.contains(number))
        })
    }

    /// Reads `key` as `true` or `false`.
    pub fn boolean(&self, key: &'d str) -> Option<bool> {
        self.read(key, "true or false", DeValue::as_bool)
    }

    /// Reads `key` as a text that, once trimmed, has `chars` characters and no control characters.
    pub fn text(&self, key: &'d str, chars: RangeInclusive<usize>) -> Option<String> {
        let allowed = format!("a text of {} to {} characters", chars.start(), chars.end());
        self.text_where(key, &allowed, |text| tidy(text, &chars))
    }

    /// Reads `key` as a path of 1 to 1000 characters, and adds it to `mentions`.
    pub fn path(&self, key: &'d str, mentions: &mut Vec<Mention>) -> Option<PathBuf> {
        let path = self.text(key, 1..=1000).map(PathBuf::from);
        mentions.extend(path.as_ref().and_then(|_| self.mentions(key).pop()));
        path
    }

    /// Reads `key` as a text that `accept` can parse. `allowed` describes such a text.
    pub fn text_where<T>(&self, key: &'d str, allowed: &str, accept: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.read(key, allowed, |value| value.as_str().and_then(accept))
    }

    /// Reads `key` as a text that `accept` can parse. The error from `accept` says what is allowed. A value that is not
    /// a text is passed to `accept` as an empty text.
    pub fn text_or<T>(&self, key: &'d str, accept: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        self.read_or(key, |value| accept(value.as_str().unwrap_or_default()))
    }

    /// Reads `key` as the name of a variant of `T`.
    pub fn choice<T: Named>(&self, key: &'d str) -> Option<T> {
        self.read_or(key, |value| match value.as_str() {
            Some(word) => choice(word),
            None => Err(one_of_all::<T>(None)),
        })
    }

    /// Reads `key` as the name of a variant of `T`, or as the word `none`. The inner `None` means `none`, and the outer
    /// one means absent or wrong.
    pub fn choice_or_none<T: Named>(&self, key: &'d str) -> Option<Option<T>> {
        let words: Vec<&str> = T::ALL.iter().map(|choice| choice.name()).chain([NONE]).collect();
        self.read_or(key, |value| match value.as_str() {
            Some(NONE) => Ok(None),
            word => word.and_then(T::from_name).map(Some).ok_or_else(|| one_of(&words, word)),
        })
    }

    /// Reads `key` as a list of names of variants of `T`, each at most once.
    pub fn choices<T: Named>(&self, key: &'d str) -> Option<Vec<T>> {
        self.list(key, T::ALL.len(), "words", |word| choice(word))
    }

    /// Reads `key` as a list of at most `max` distinct texts that `accept` can parse. The error from `accept` says what
    /// is allowed. Findings refer to the texts by the plural noun `what`. A wrong or repeated text is reported and left
    /// out.
    pub fn list<T: PartialEq>(
        &self,
        key: &'d str,
        max: usize,
        what: &str,
        accept: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let allowed = format!("a list of at most {max} {what}, each in quotes");
        let items = self.items(key, max, &allowed)?;
        let mut list = Vec::new();
        for item in items {
            let line = line_of(self.document.text, item.span().start);
            let taken = item.get_ref().as_str().ok_or_else(|| "a text in quotes".to_owned()).and_then(&accept);
            match taken {
                Ok(taken) if list.contains(&taken) => {
                    self.push(line, self.key_path(key), format!("{} twice", self.found(item)), "each once".into());
                }
                Ok(taken) => list.push(taken),
                Err(allowed) => self.push(line, self.key_path(key), self.found(item), allowed),
            }
        }
        // A list whose items are all wrong reads as absent. A list that is empty in the file is valid.
        (!list.is_empty() || items.is_empty()).then_some(list)
    }

    /// Reads `key` as a list of at most `max` texts of 1 to 1000 characters. The same text may occur more than once.
    pub fn texts(&self, key: &'d str, max: usize) -> Option<Vec<String>> {
        let allowed = format!("a list of at most {max} texts, each in quotes");
        let items = self.items(key, max, &allowed)?;
        let words = items.iter().map(|item| item.get_ref().as_str().and_then(|text| tidy(text, &(1..=1000))));
        let words: Option<Vec<String>> = words.collect();
        if words.is_none() {
            self.report(key, "something else in the list", allowed);
        }
        words
    }

    /// Returns a mention of each text in `key`, which may be a list or a single text.
    pub fn mentions(&self, key: &str) -> Vec<Mention> {
        let value = self.table.and_then(|table| table.iter().find(|(name, _)| name.get_ref() == key));
        let Some((_, value)) = value else { return Vec::new() };
        let items = value.get_ref().as_array().map_or(std::slice::from_ref(value), |items| items);
        let texts = items.iter().filter_map(|item| Some((item.get_ref().as_str()?, item.span().start)));
        texts
            .map(|(name, start)| Mention {
                name: name.into(),
                line: line_of(self.document.text, start),
                key: self.key_path(key),
            })
            .collect()
    }

    /// Returns a mention of `key` itself, for keys that refer to something outside the file, such as language tags.
    pub fn mention_of(&self, key: &str) -> Mention {
        Mention { name: key.into(), line: self.line_of(key), key: self.key_path(key) }
    }

    /// Adds a finding for every key of the table that was not read.
    pub fn finish(&self) {
        let known = self.known.borrow();
        for (name, _) in self.table.into_iter().flatten() {
            let name = name.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let mut allowed = known.join(", ");
            if let Some(meant) = nearest(name, &known) {
                allowed = format!("{allowed}; did you mean {meant}?");
            }
            self.report(name, "an unknown key", allowed);
        }
    }

    fn items(&self, key: &'d str, max: usize, allowed: &str) -> Option<&'d [Spanned<DeValue<'d>>]> {
        self.read(key, allowed, |value| value.as_array().map(|items| &items[..]).filter(|items| items.len() <= max))
    }

    fn read<T>(&self, key: &'d str, allowed: &str, accept: impl FnOnce(&'d DeValue<'d>) -> Option<T>) -> Option<T> {
        self.read_or(key, |value| accept(value).ok_or_else(|| allowed.to_owned()))
    }

    fn read_or<T>(&self, key: &'d str, accept: impl FnOnce(&'d DeValue<'d>) -> Result<T, String>) -> Option<T> {
        self.mark_known(key);
        let (_, value) = self.table?.iter().find(|(name, _)| name.get_ref() == key)?;
        match accept(value.get_ref()) {
            Ok(taken) => Some(taken),
            Err(allowed) => {
                self.report(key, self.found(value), allowed);
                None
            }
        }
    }

    fn mark_known(&self, key: &'d str) {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
    }

    fn found(&self, value: &Spanned<DeValue<'_>>) -> String {
        match value.get_ref() {
            DeValue::Array(items) => format!("a list of {}", items.len()),
            DeValue::Table(_) => "a table".into(),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => shortened(self.document.source(value.span())),
        }
    }

    fn key_path(&self, key: &str) -> String {
        // A key that is not a bare key of TOML is quoted, as it must be in the file.
        let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let key = if plain { key.to_owned() } else { shortened(&format!("{key:?}")) };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }

    fn push(&self, line: usize, key: String, found: String, allowed: String) {
        let finding = Finding { file: self.document.file.into(), line: Some(line), key, found, allowed };
        self.document.findings.borrow_mut().push(finding);
    }
}

/// Returns `text` without whitespace around it, or `None` if the number of its characters is not in `chars` or it
/// contains a control character.
pub fn tidy(text: &str, chars: &RangeInclusive<usize>) -> Option<String> {
    let text = text.trim();
    (chars.contains(&text.chars().count()) && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// Whether a path stays inside the folder that it is joined to, that is, whether it is relative, not empty, and never
/// leads up.
#[must_use]
pub fn stays_inside(path: &Path) -> bool {
    path.components().next().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// Returns the variant of `T` whose name is `word`.
///
/// # Errors
/// If no variant has this name. The error lists all names and, if one of them is similar to `word`, suggests it.
pub fn choice<T: Named>(word: &str) -> Result<T, String> {
    T::ALL.iter().copied().find(|choice| choice.name() == word).ok_or_else(|| one_of_all::<T>(Some(word)))
}

fn one_of_all<T: Named>(word: Option<&str>) -> String {
    one_of(&T::ALL.iter().map(|choice| choice.name()).collect::<Vec<_>>(), word)
}

/// Returns a text for [`Finding::allowed`] that lists `words` and, if one of them is similar to `found`, suggests it.
#[must_use]
pub fn one_of(words: &[&str], found: Option<&str>) -> String {
    let meant = found.and_then(|found| nearest(found, words));
    meant.map_or_else(
        || format!("one of {}", words.join(", ")),
        |meant| format!("one of {}; did you mean {meant}?", words.join(", ")),
    )
}

fn shortened(text: &str) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if one_line.chars().count() <= FOUND_CHARS_MAX {
        return one_line;
    }
    one_line.chars().take(FOUND_CHARS_MAX).chain(['…']).collect()
}

/// The number of the line that contains the byte at `offset`. Lines are counted from 1.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Returns the known word that `word` was probably meant to be: the closest one by edit distance. `None` if even the
/// closest is further away than one edit, plus one for every four characters of `word`.
#[must_use]
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let reach = 1 + word.chars().count() / 4;
    let measured = known.iter().map(|candidate| (edit_distance(word, candidate), *candidate));
    measured.filter(|(distance, _)| *distance <= reach).min().map(|(_, candidate)| candidate)
}

/// The Levenshtein distance between two words, ignoring case.
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut costs: Vec<usize> = (0..=to.len()).collect();
    for (row, left) in from.to_lowercase().chars().enumerate() {
        let mut diagonal = row;
        let mut beside = row + 1;
        for (right, cost) in to.iter().zip(costs.iter_mut().skip(1)) {
            let changed = diagonal + usize::from(left != *right);
            diagonal = *cost;
            beside = changed.min(diagonal + 1).min(beside + 1);
            *cost = beside;
        }
        if let Some(first) = costs.first_mut() {
            *first = row + 1;
        }
    }
    costs.last().copied().unwrap_or_default()
}
