//! Owns the characters that each key of a language's on-screen keyboard types. Does not own the widget that shows the
//! keys (`widget::keyboard`).

use std::collections::BTreeSet;

use crate::findings::Section;

/// Maximum number of keys in each of the three rows of a layer. The third row has space for fewer, because it also
/// contains *shift* and *delete*.
const ROW_KEYS_MAX: [usize; 3] = [10, 10, 7];
const ACCENTS_MAX: usize = 40;
/// Characters that have a key in the last row of every keyboard, so a language must not list them.
const ALWAYS_THERE: [char; 2] = [',', '.'];
/// Maximum number of characters listed in a finding.
const LISTED_MAX: usize = 20;

/// The keys of one layer, row by row.
pub type Rows = [Vec<char>; 3];

/// The keys of one language. Comma, period, space and the keys that type nothing are the same in every language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The layer of letters, in lower case.
    pub letters: Rows,
    /// The layer of digits and punctuation marks.
    pub marks: Rows,
    /// Pairs of a letter and its accented form; empty for a keyboard without an accent key.
    accents: Vec<(char, char)>,
}

impl Layout {
    pub(super) const EMPTY: Self = Self {
        letters: [Vec::new(), Vec::new(), Vec::new()],
        marks: [Vec::new(), Vec::new(), Vec::new()],
        accents: Vec::new(),
    };

    /// Returns the accented form of `letter`, or `letter` itself if it has none.
    #[must_use]
    pub fn accented(&self, letter: char) -> char {
        self.accents.iter().find(|(plain, _)| *plain == letter).map_or(letter, |(_, accented)| *accented)
    }

    /// Returns the label of the accent key, which shows two accented letters as examples; `None` if there is no such
    /// key.
    #[must_use]
    pub fn accent_label(&self) -> Option<String> {
        let examples: Vec<String> = self.accents.iter().take(2).map(|(_, accented)| accented.to_string()).collect();
        (!examples.is_empty()).then(|| examples.join(" "))
    }

    /// Reads the table `keyboard` of a language. `needed` holds the characters that the keyboard must be able to type;
    /// those that it cannot type are reported. Returns `None` if the table is missing or its layers cannot be used.
    pub(super) fn read(section: &Section<'_>, needed: &BTreeSet<char>) -> Option<Self> {
        if !section.is_present() {
            return None;
        }
        let (letters, marks) = (rows(section, "letters"), rows(section, "marks"));
        let accents = section.list("accents", ACCENTS_MAX, "pairs of a letter and what it becomes", |pair| {
            let mut chars = pair.chars();
            match (chars.next(), chars.next(), chars.next()) {
                (Some(plain), Some(accented), None) => Ok((plain, accented)),
                _ => Err("two characters: a letter and what it becomes".to_owned()),
            }
        });
        section.finish();
        let layout = Self { letters: letters?, marks: marks?, accents: accents.unwrap_or_default() };
        layout.report_doubles(section);
        layout.report_gaps(section, needed);
        Some(layout)
    }

    fn report_doubles(&self, section: &Section<'_>) {
        let mut seen = BTreeSet::from(ALWAYS_THERE);
        for (layer, rows) in [("letters", &self.letters), ("marks", &self.marks)] {
            for key in rows.iter().flatten().filter(|key| !seen.insert(**key)) {
                section.report(
                    layer,
                    format!("{:?} twice", key.to_string()),
                    "each key once; comma and period are there",
                );
            }
        }
        let mut accented = BTreeSet::new();
        for (plain, _) in &self.accents {
            if !self.letters.iter().flatten().any(|letter| letter == plain) {
                section.report("accents", format!("{:?}", plain.to_string()), "a letter of the layer letters");
            } else if !accented.insert(plain) {
                section.report("accents", format!("{:?} twice", plain.to_string()), "one pair for each letter");
            }
        }
    }

    fn report_gaps(&self, section: &Section<'_>, needed: &BTreeSet<char>) {
        let mut typed: BTreeSet<char> = self.letters.iter().chain(&self.marks).flatten().copied().collect();
        typed.extend(self.accents.iter().map(|(_, accented)| *accented));
        let missing: Vec<String> = needed.difference(&typed).take(LISTED_MAX).map(char::to_string).collect();
        if !missing.is_empty() {
            let allowed = "a key for each digit and for each letter that the patient's words use";
            section.report("letters", format!("no key for {}", missing.join(" ")), allowed);
        }
    }
}

fn rows(section: &Section<'_>, layer: &'static str) -> Option<Rows> {
    let allowed = "three rows of 1 to 10, 1 to 10 and 1 to 7 keys, each row a text without spaces";
    section.require(layer, allowed);
    let rows = section.texts(layer, ROW_KEYS_MAX.len())?;
    let rows: Vec<Vec<char>> = rows.iter().map(|row| row.chars().collect()).collect();
    let fits = rows.iter().zip(ROW_KEYS_MAX).all(|(row, most)| (1..=most).contains(&row.len()));
    match Rows::try_from(rows) {
        Ok(rows) if fits && !rows.iter().flatten().any(|key| key.is_whitespace()) => Some(rows),
        Ok(rows) => {
            let counts: Vec<String> = rows.iter().map(|row| row.len().to_string()).collect();
            section.report(layer, format!("rows of {} characters", counts.join(", ")), allowed);
            None
        }
        Err(rows) => {
            section.report(layer, format!("{} rows", rows.len()), allowed);
            None
        }
    }
}
