//! Owns a pseudo-language that stands in for languages with long words. It is the shipped English with accented
//! letters, and with doubled vowels that make it about 40 % longer. The program's own code does not mention it.

use std::fs;
use std::path::{Path, PathBuf};

/// Letters that are replaced, each with its accented replacement.
const ACCENTED: [(char, char); 21] = [
    ('a', 'å'),
    ('c', 'ć'),
    ('d', 'ď'),
    ('e', 'é'),
    ('g', 'ģ'),
    ('h', 'ħ'),
    ('i', 'ï'),
    ('k', 'ķ'),
    ('l', 'ļ'),
    ('n', 'ñ'),
    ('o', 'ö'),
    ('r', 'ŕ'),
    ('s', 'š'),
    ('t', 'ţ'),
    ('u', 'ū'),
    ('w', 'ŵ'),
    ('y', 'ý'),
    ('z', 'ž'),
    ('A', 'Å'),
    ('E', 'É'),
    ('W', 'Ŵ'),
];

fn repository() -> PathBuf {
    std::env::var_os("STILLROOM_REPOSITORY").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// Writes the pseudo-language to a new folder in `folder`, named `tag`, which must be a language tag.
pub fn write(folder: &Path, tag: &str) {
    let own = folder.join(tag);
    fs::create_dir_all(&own).unwrap();
    for name in ["patient.ftl", "staff.ftl"] {
        let english = fs::read_to_string(repository().join("locales/en-US").join(name)).unwrap();
        fs::write(own.join(name), pseudo(&english)).unwrap();
    }
    let plain = ACCENTED.iter().filter(|(plain, _)| plain.is_ascii_lowercase());
    let accents: Vec<String> = plain.map(|(plain, accented)| format!("\"{plain}{accented}\"")).collect();
    let about = format!(
        "name = \"{}\"\n[keyboard]\nletters = [\"qwertyuiop\", \"asdfghjkl\", \"zxcvbnm\"]\n\
         marks = [\"1234567890\", \"-/:;()&@\", \"?!'\"]\naccents = [{}]\n",
        longer("Pseudo"),
        accents.join(", ")
    );
    fs::write(own.join("language.toml"), about).unwrap();
}

/// Returns a copy of a Fluent file in which every message has longer words, and the syntax is unchanged.
fn pseudo(english: &str) -> String {
    let mut lines = Vec::new();
    for line in english.lines() {
        let is_key = line.starts_with(|first: char| first.is_ascii_alphabetic());
        lines.push(match line.split_once('=').filter(|_| is_key) {
            Some((key, text)) if text.trim().is_empty() || text.contains("->") => format!("{key}={text}"),
            Some((key, text)) => format!("{key}= [{}]", words(text.trim())),
            None if line.starts_with(' ') => match line.split_once(']').filter(|_| line.contains('[')) {
                Some((variant, text)) => format!("{variant}]{}", words(text)),
                None => words(line),
            },
            None => line.to_owned(),
        });
    }
    lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
}

/// Returns the text of a message with longer words. Its placeables, such as `{ $name }`, are unchanged.
fn words(text: &str) -> String {
    let pieces = text.split('{').enumerate().map(|(at, piece)| match piece.split_once('}').filter(|_| at > 0) {
        Some((placeable, rest)) => format!("{{{placeable}}}{}", longer(rest)),
        None => longer(piece),
    });
    pieces.collect()
}

fn longer(words: &str) -> String {
    let mut longer = String::new();
    for letter in words.chars() {
        let accented = ACCENTED.iter().find(|(plain, _)| *plain == letter).map_or(letter, |(_, accented)| *accented);
        longer.push(accented);
        if "aeiou".contains(letter) {
            longer.push(accented);
        }
    }
    longer
}
