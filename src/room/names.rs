//! Owns the rules for names that can be displayed. A frightened patient may have to read a name, so every character
//! must be visible, and none may reorder the text around it. Does not own the names themselves.

use std::fmt;
use std::ops::RangeInclusive;

/// Why a name cannot be displayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It is too short or too long, or has no letter or digit.
    Length,
    /// It contains an invisible character.
    Invisible,
    /// It contains a bidirectional control character, which reorders the text around it.
    BidiControl,
}

impl NameError {
    /// What is wrong, in plain words that do not quote the name.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Length => "a name has 1 to 60 characters",
            Self::Invisible => "a name cannot contain invisible characters; type it again without pasting",
            Self::BidiControl => {
                "a name cannot contain characters that change the direction of the text; type it again without pasting"
            }
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

/// Maximum length of a person's name, in characters.
const PERSON_CHARS_MAX: usize = 60;

/// Parses a person's name of at most `PERSON_CHARS_MAX` characters; see [`parse_name`].
///
/// # Errors
/// If the name cannot be displayed.
pub fn parse_person_name(text: &str) -> Result<String, NameError> {
    parse_name(text, &(1..=PERSON_CHARS_MAX))
}

/// Parses the name of the person who answered a call, which may be left out; blank text is no name. See
/// [`parse_person_name`].
///
/// # Errors
/// If there is a name and it cannot be displayed.
pub fn parse_responder(text: &str) -> Result<Option<String>, NameError> {
    if text.trim().is_empty() { Ok(None) } else { parse_person_name(text).map(Some) }
}

/// Parses a name in any script and trims the whitespace around it. `chars` is the permitted length in code points.
///
/// # Errors
/// If the name cannot be displayed.
pub fn parse_name(text: &str, chars: &RangeInclusive<usize>) -> Result<String, NameError> {
    let text = text.trim();
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if is_bidi_control(character) {
            return Err(NameError::BidiControl);
        }
        if !is_visible(character) && !belongs_to_neighbours(before, character, characters.peek().copied()) {
            return Err(NameError::Invisible);
        }
        before = Some(character);
    }
    if chars.contains(&text.chars().count()) && text.chars().any(|char| is_visible(char) && char.is_alphanumeric()) {
        Ok(text.to_owned())
    } else {
        Err(NameError::Length)
    }
}

/// Whether a character is a bidirectional control, that is, one of the marks, embeddings, overrides and isolates of UAX
/// #9.
#[must_use]
pub const fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character has a glyph or is one of the spaces that separate the parts of a name. Everything else is
/// invisible: `Default_Ignorable_Code_Point` of Unicode 16, the block Specials, the blank Braille pattern, control,
/// private-use and noncharacter code points, and all other whitespace.
fn is_visible(character: char) -> bool {
    let is_excluded = matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{10ffff}');
    let is_other_space = character.is_whitespace() && !matches!(character, ' ' | '\u{a0}' | '\u{202f}' | '\u{3000}');
    // The last two code points of each plane are noncharacters.
    let is_noncharacter = u32::from(character) & 0xfffe == 0xfffe;
    !is_excluded && !is_other_space && !is_noncharacter && !character.is_control()
}

/// Whether an invisible character is needed to spell the name. This can be a joiner between letters of a script that
/// uses joiners, or the variation selector of an ideograph or of a Mongolian letter.
fn belongs_to_neighbours(before: Option<char>, character: char, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    match character {
        // Joiners, which Persian and the scripts of South and South-East Asia need.
        '\u{200c}' | '\u{200d}' => {
            let joins = |letter: char| matches!(letter, '\u{600}'..='\u{1cff}' | '\u{a800}'..='\u{abff}' | '\u{11000}'..='\u{11fff}');
            joins(before) && after.is_some_and(joins)
        }
        '\u{180b}'..='\u{180d}' | '\u{180f}' => matches!(before, '\u{1820}'..='\u{18aa}'),
        '\u{fe00}'..='\u{fe02}' | '\u{e0100}'..='\u{e01ef}' => {
            matches!(before, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_script_are_kept_unchanged() {
        for name in [
            "Maria",
            "Dr. Okafor",
            "O'Neill-Łukasz",
            "José Ñáñez",
            "Åsa 🌊",
            "Nurse 2",
            "山田\u{3000}太郎",
            "葛\u{e0100}城",
            "김 서연",
            "محمد الأمين",
            "مهشید پاک\u{200c}نژاد",
            "דנה לוי",
            "श्रीमती अनुष्का",
            "ශ\u{dca}\u{200d}ර\u{dd3} නිමල්",
            "மலர்",
            "ᠮᠣᠩ\u{180b}ᠭᠣᠯ",
            "Nguyễn Thị Bình",
            "N\u{303}o",
            "Анна",
            "Ελένη",
        ] {
            assert_eq!(parse_person_name(name).as_deref(), Ok(name), "{name:?}");
        }
        assert_eq!(parse_person_name("  Maria \u{a0}").as_deref(), Ok("Maria"));
    }

    #[test]
    fn names_with_invisible_characters_are_refused() {
        for invisible in [
            "\u{200b}",
            "Ma\u{200b}ria",
            "Ma\u{200d}ria",
            "\u{200d}",
            "\u{3164}",
            "\u{115f}\u{1160}",
            "\u{ffa0}",
            "\u{2800}",
            "Maria\u{ad}",
            "Maria\u{fe0f}",
            "\u{feff}Maria",
            "Maria\u{2060}\u{2060}",
            "Maria\u{e0041}",
            "\u{e000}",
            "M\u{0}aria",
            "Ma\nria",
            "Ma\u{85}ria",
            "Ma\u{2028}ria",
            "Ma\u{2003}ria",
            "Ma\u{1b}[2Jria",
            "Maria\u{1fffe}",
        ] {
            assert_eq!(parse_person_name(invisible), Err(NameError::Invisible), "{invisible:?}");
        }
        for empty_or_long in ["", "   ", "\u{a0}\u{3000}", "...", "-", &"x".repeat(61)] {
            assert_eq!(parse_person_name(empty_or_long), Err(NameError::Length), "{empty_or_long:?}");
        }
    }

    #[test]
    fn names_with_bidirectional_controls_are_refused() {
        for control in ['\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}']
            .into_iter()
            .chain(['\u{2069}', '\u{200e}', '\u{200f}', '\u{61c}'])
        {
            assert_eq!(parse_person_name(&format!("Ma{control}ria")), Err(NameError::BidiControl), "{control:?}");
            assert_eq!(parse_person_name(&format!("دا{control}نا")), Err(NameError::BidiControl), "{control:?}");
        }
    }
}
