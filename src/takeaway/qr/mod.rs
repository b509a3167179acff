//! Owns the encoding of a note as a numbered series of QR codes. Does not own the drawing of the codes.

use std::fmt;

use qrcode::bits::Bits;
use qrcode::{EcLevel, QrCode, Version};
use thiserror::Error;

/// Maximum length of the text in one code, in bytes. On a 10.1-inch tablet, the modules of such a code are at least 1.1
/// mm wide, so a phone in an unsteady hand can read the code at arm's length.
pub const CODE_BYTES_MAX: usize = 320;
/// Maximum number of codes in one series.
pub const CODES_MAX: usize = 99;
/// Width of the quiet zone that every code needs around it, in modules (ISO/IEC 18004).
pub const QUIET_MODULES: usize = 4;
/// The ECI designator of UTF-8, without which some readers guess the encoding wrongly.
const ECI_UTF8: u32 = 26;
/// Maximum distance in bytes by which the cut between two codes may be moved back so that it falls between two words.
const WORD_BYTES_MAX: usize = 60;
/// Maximum distance in characters by which the cut between two codes may be moved back so that it does not split a
/// grapheme.
const JOINED_CHARS_MAX: usize = 16;
const VERSION_MAX: i16 = 40;

/// One code of a series.
#[derive(Clone, PartialEq, Eq)]
pub struct QrPage {
    /// The number of this code, counted from 1.
    pub index: usize,
    /// The number of codes in the series.
    pub of: usize,
    /// The modules without the quiet zone, in rows from top to bottom, each from left to right; true is dark.
    pub modules: Vec<bool>,
    /// Number of modules per row, which is also the number of rows.
    pub width: usize,
}

impl QrPage {
    /// Returns the label beside the code, such as `2/5`, or an empty text if there is only one code.
    #[must_use]
    pub fn number(&self) -> String {
        if self.of > 1 { format!("{}/{}", self.index, self.of) } else { String::new() }
    }

    /// Returns whether the module at this column and row is dark. Everything outside the code is light.
    #[must_use]
    pub fn is_dark(&self, column: usize, row: usize) -> bool {
        column < self.width && row < self.width && self.modules.get(row * self.width + column) == Some(&true)
    }
}

// Leaves the modules out of the output, because they encode the patient's words.
impl fmt::Debug for QrPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QrPage({}/{}, …)", self.index, self.of)
    }
}

/// Why a text could not be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QrError {
    /// The text is empty.
    #[error("there is nothing written to take home")]
    Empty,
    /// The text needs too many codes.
    #[error("the note would take {codes} codes, more than {CODES_MAX}; print it instead")]
    TooLong {
        /// The number of codes that the text needs.
        codes: usize,
    },
    /// The encoder rejected a part of the text. This is a bug.
    #[error("a code could not be made; print the note instead")]
    Refused,
}

/// Encodes a text as a series of codes with error correction level M. The contents of the codes, joined in order, are
/// exactly the text.
///
/// # Errors
/// If the text is empty or too long.
pub fn series(text: &str) -> Result<Vec<QrPage>, QrError> {
    let pieces = split(text);
    if pieces.is_empty() {
        return Err(QrError::Empty);
    }
    if pieces.len() > CODES_MAX {
        return Err(QrError::TooLong { codes: pieces.len() });
    }
    let of = pieces.len();
    pieces.iter().enumerate().map(|(at, piece)| code(piece, at + 1, of)).collect()
}

/// Encodes a short text for a machine, such as an address or a phone number, as one code. An ASCII text gets no ECI
/// designator, because old readers do not understand such designators.
///
/// # Errors
/// If the text is empty or too long for one code.
pub fn link(text: &str) -> Result<QrPage, QrError> {
    match text.len() {
        0 => Err(QrError::Empty),
        length if length > CODE_BYTES_MAX => Err(QrError::TooLong { codes: length.div_ceil(CODE_BYTES_MAX) }),
        _ if !text.is_ascii() => code(text, 1, 1),
        _ => {
            let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| QrError::Refused)?;
            Ok(page(&code, 1, 1))
        }
    }
}

/// Splits a text into pieces of similar length, one for each code, so that all codes of a series have modules of
/// similar size.
fn split(text: &str) -> Vec<&str> {
    let wanted = text.len().div_ceil(CODE_BYTES_MAX).max(1);
    let target = (text.len().div_ceil(wanted) + WORD_BYTES_MAX / 2).min(CODE_BYTES_MAX);
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > target {
        let (piece, after) = rest.split_at(cut(rest, target));
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// Returns the byte at which to cut the text, at or before `at`. Cuts after white space if there is any in the last
/// [`WORD_BYTES_MAX`] bytes before `at`. Never splits a character, and splits a grapheme only if it has more than
/// [`JOINED_CHARS_MAX`] characters.
fn cut(text: &str, at: usize) -> usize {
    let at = text.floor_char_boundary(at);
    let near = text.floor_char_boundary(at.saturating_sub(WORD_BYTES_MAX));
    if let Some((space, blank)) = text[near..at].char_indices().rev().find(|(_, c)| c.is_whitespace()) {
        let after = near + space + blank.len_utf8();
        if after < text.len() && !text[after..].starts_with(is_joined) {
            return after;
        }
    }
    let mut whole = at;
    for _ in 0..JOINED_CHARS_MAX {
        let Some(before) = text[..whole].chars().next_back() else { break };
        let splits_grapheme = text[whole..].starts_with(is_joined) || before == ZERO_WIDTH_JOINER || is_flag(before);
        if !splits_grapheme {
            return whole;
        }
        whole -= before.len_utf8();
    }
    // The grapheme is very long. A cut between two of its characters loses nothing once the pieces are joined again.
    if whole == 0 { at } else { whole }
}

const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Returns whether a character continues a grapheme, as accents, joiners, variation selectors, skin tones and tags do.
fn is_joined(c: char) -> bool {
    matches!(
        u32::from(c),
        0x0300..=0x036f
            | 0x0483..=0x0489
            | 0x0591..=0x05bd
            | 0x064b..=0x065f
            | 0x0900..=0x0903
            | 0x093a..=0x094f
            | 0x1ab0..=0x1aff
            | 0x1dc0..=0x1dff
            | 0x200c..=0x200d
            | 0x20d0..=0x20ff
            | 0x3099..=0x309a
            | 0xfe00..=0xfe0f
            | 0xfe20..=0xfe2f
            | 0x1_f3fb..=0x1_f3ff
            | 0xe_0020..=0xe_007f
            | 0xe_0100..=0xe_01ef
    )
}

/// Returns whether a character is one of the two that make up a flag. The character does not show whether it is the
/// first or the second, so there is no cut after either.
fn is_flag(c: char) -> bool {
    matches!(u32::from(c), 0x1_f1e6..=0x1_f1ff)
}

fn code(piece: &str, index: usize, of: usize) -> Result<QrPage, QrError> {
    let code = (1..=VERSION_MAX).find_map(|version| encode(piece, Version::Normal(version))).ok_or(QrError::Refused)?;
    Ok(page(&code, index, of))
}

fn page(code: &QrCode, index: usize, of: usize) -> QrPage {
    let modules = code.to_colors().into_iter().map(|module| module == qrcode::Color::Dark).collect();
    QrPage { index, of, modules, width: code.width() }
}

fn encode(piece: &str, version: Version) -> Option<QrCode> {
    QrCode::with_bits(bits(piece, version)?, EcLevel::M).ok()
}

fn bits(piece: &str, version: Version) -> Option<Bits> {
    let mut bits = Bits::new(version);
    bits.push_eci_designator(ECI_UTF8).ok()?;
    bits.push_byte_data(piece.as_bytes()).ok()?;
    bits.push_terminator(EcLevel::M).ok()?;
    Some(bits)
}

#[cfg(test)]
mod tests;
