//! Owns what a name of a person may be: it is read by a frightened patient and spoken aloud across a corridor, so all of
//! it can be seen, and it stays where it was put. Does not own whose name it is.

use std::fmt;
use std::ops::RangeInclusive;

/// Why a name cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameProblem {
    /// Nothing of it can be seen, or it is too long.
    Length,
    /// It holds a sign that cannot be seen.
    Unseen,
    /// It holds a sign that turns the text around it.
    Turning,
}

impl NameProblem {
    /// What is wrong, in plain words that repeat nothing of the name.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::Length => "a name has from 1 to 60 characters",
            Self::Unseen => "a name holds no sign that cannot be seen; type it anew, without pasting",
            Self::Turning => "a name holds no sign that turns the text around; type it anew, without pasting",
        }
    }
}

impl fmt::Display for NameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why())
    }
}

/// The longest name of a person, in characters.
const PERSON_CHARS_MAX: usize = 60;

/// The name of a person who comes, of 1 to 60 characters.
///
/// # Errors
/// What is wrong with it.
pub fn person(text: &str) -> Result<String, NameProblem> {
    name(text, &(1..=PERSON_CHARS_MAX))
}

/// A name of so many characters without the blanks around it, if it can be shown: of any script, as long as it can be
/// seen.
///
/// # Errors
/// What is wrong with it.
pub fn name(text: &str, chars: &RangeInclusive<usize>) -> Result<String, NameProblem> {
    let text = text.trim();
    let mut before = None;
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if turns_text(sign) {
            return Err(NameProblem::Turning);
        }
        if !is_seen(sign) && !belongs(before, sign, signs.peek().copied()) {
            return Err(NameProblem::Unseen);
        }
        before = Some(sign);
    }
    if chars.contains(&text.chars().count()) && text.chars().any(|sign| is_seen(sign) && sign.is_alphanumeric()) {
        Ok(text.to_owned())
    } else {
        Err(NameProblem::Length)
    }
}

/// The marks, embeddings, overrides and isolates of the Unicode Bidirectional Algorithm (UAX 9).
#[must_use]
pub const fn turns_text(sign: char) -> bool {
    matches!(sign, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a sign leaves something on the screen, or is one of the blanks with which people part their names. What does
/// not: `Default_Ignorable_Code_Point` of Unicode 16, control and private signs, those for no exchange, and other blanks.
fn is_seen(sign: char) -> bool {
    let is_left_out = matches!(sign,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{10ffff}');
    let is_other_blank = sign.is_whitespace() && !matches!(sign, ' ' | '\u{a0}' | '\u{202f}' | '\u{3000}');
    // The last two code points of each plane are no signs.
    let is_none = u32::from(sign) & 0xfffe == 0xfffe;
    !is_left_out && !is_other_blank && !is_none && !sign.is_control()
}

/// Whether a sign that is not seen by itself is part of how the one before it is written: a joiner between letters of a
/// script that joins them, and the chosen form of an ideograph or of a Mongolian letter.
fn belongs(before: Option<char>, sign: char, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    match sign {
        // Persian and the scripts of South and South-East Asia.
        '\u{200c}' | '\u{200d}' => {
            let joins = |sign: char| matches!(sign, '\u{600}'..='\u{1cff}' | '\u{a800}'..='\u{abff}' | '\u{11000}'..='\u{11fff}');
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
    fn names_of_every_script_stay_as_they_are() {
        for kept in [
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
            assert_eq!(person(kept).as_deref(), Ok(kept), "{kept:?}");
        }
        assert_eq!(person("  Maria \u{a0}").as_deref(), Ok("Maria"));
    }

    #[test]
    fn a_name_that_cannot_be_seen_is_none() {
        for unseen in [
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
            assert_eq!(person(unseen), Err(NameProblem::Unseen), "{unseen:?}");
        }
        for none in ["", "   ", "\u{a0}\u{3000}", "...", "-", &"x".repeat(61)] {
            assert_eq!(person(none), Err(NameProblem::Length), "{none:?}");
        }
    }

    #[test]
    fn a_name_that_turns_the_text_around_is_none() {
        for sign in ['\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}']
            .into_iter()
            .chain(['\u{2069}', '\u{200e}', '\u{200f}', '\u{61c}'])
        {
            assert_eq!(person(&format!("Ma{sign}ria")), Err(NameProblem::Turning), "{sign:?}");
            assert_eq!(person(&format!("دا{sign}نا")), Err(NameProblem::Turning), "{sign:?}");
        }
    }
}
