//! Owns the typesetting of a note: the position of every line and drawing on every sheet. Does not own the file format
//! (`pdf`), or the content of the note.

use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, GlyphId, MetadataProvider as _};
use unicode_segmentation::UnicodeSegmentation;

use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH};

const MARGIN_PT: f32 = 74.0;
const FOOT_PT: f32 = 38.0;
const HEADING_KEEPS_LINES: f32 = 3.0;
/// Maximum width of a line of text, as a fraction of the column's width. It is less than 1, because kerning may make
/// text wider than the sum of its advances.
const WIDTH_SLACK: f32 = 0.985;
/// Replacements for a character that the typeface lacks, in order of preference.
const STAND_INS: [char; 3] = ['\u{25a1}', '\u{25ca}', '?'];

/// The paper in the clinic's printer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaperSize {
    /// 8.5 × 11 inches.
    #[default]
    Letter,
    /// 210 × 297 mm.
    A4,
}

impl PaperSize {
    /// Returns width and height, in points.
    #[must_use]
    pub const fn points(self) -> (f32, f32) {
        match self {
            Self::Letter => (612.0, 792.0),
            Self::A4 => (595.28, 841.89),
        }
    }

    /// Returns the IPP `media` keyword for this size.
    #[must_use]
    pub const fn media(self) -> &'static str {
        match self {
            Self::Letter => "Letter",
            Self::A4 => "A4",
        }
    }
}

/// A part of a note on paper. It contains the patient's words, so it does not implement `Debug`.
pub enum Block {
    /// The title of the note.
    Title(String),
    /// The date of the visit.
    Date(String),
    /// Small grey text, such as the question that the text below it answers.
    Quiet(String),
    /// The heading of a section.
    Heading(String),
    /// Body text; line breaks are kept.
    Words(String),
    /// A drawing, as wide as the column.
    Drawing(Drawing),
    /// A short rule between two pages of the note.
    Divider,
}

/// The weight of the typeface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FontWeight {
    /// For body text.
    Regular,
    /// For titles and headings.
    Medium,
}

/// The style of a line of text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// Regular for body text, medium for titles and headings.
    pub weight: FontWeight,
    /// Font size in points.
    pub size_pt: f32,
    /// Distance from one baseline to the next, in points.
    pub leading_pt: f32,
    /// Whether the text is grey instead of black.
    pub is_grey: bool,
}

const TITLE: TextStyle = TextStyle { weight: FontWeight::Medium, size_pt: 25.0, leading_pt: 31.0, is_grey: false };
const HEADING: TextStyle = TextStyle { weight: FontWeight::Medium, size_pt: 16.0, leading_pt: 22.0, is_grey: false };
const WORDS: TextStyle = TextStyle { weight: FontWeight::Regular, size_pt: 12.0, leading_pt: 18.5, is_grey: false };
const QUIET: TextStyle = TextStyle { weight: FontWeight::Regular, size_pt: 10.0, leading_pt: 15.0, is_grey: true };

/// An item on a sheet. Positions are in points from the upper left corner of the sheet.
pub enum SheetItem {
    /// One line of text.
    Line {
        /// Left end of the line.
        x: f32,
        /// Position of the baseline.
        y: f32,
        /// Weight, size and colour of the text.
        style: TextStyle,
        /// The text, without line breaks.
        text: String,
    },
    /// A drawing, scaled to `width`.
    Drawing {
        /// Left edge.
        x: f32,
        /// Upper edge.
        y: f32,
        /// Width of the drawing; see [`drawing_height`] for its height.
        width: f32,
        /// The drawing. Its own coordinates are in page units, not in typographic points.
        drawing: Drawing,
    },
    /// A thin horizontal line.
    Rule {
        /// Left end of the rule.
        x: f32,
        /// Distance from the upper edge of the sheet.
        y: f32,
        /// Length of the rule.
        width: f32,
    },
}

/// The content of one printed sheet.
#[derive(Default)]
pub struct Sheet {
    /// The lines, drawings and rules on the sheet, from top to bottom.
    pub items: Vec<SheetItem>,
}

/// Measures text in the typeface.
pub struct TextMeasure<'a> {
    regular: FontFace<'a>,
    medium: FontFace<'a>,
}

/// One weight of the typeface.
struct FontFace<'a> {
    letters: Charmap<'a>,
    /// Advance widths at a font size of one point.
    widths: GlyphMetrics<'a>,
}

impl<'a> FontFace<'a> {
    fn of(font: &'a [u8]) -> Option<Self> {
        let font = FontRef::new(font).ok()?;
        let widths = font.glyph_metrics(Size::new(1.0), LocationRef::default());
        Some(Self { letters: font.charmap(), widths })
    }

    fn glyph(&self, letter: char) -> Option<GlyphId> {
        self.letters.map(letter).filter(|glyph| *glyph != GlyphId::NOTDEF)
    }
}

impl<'a> TextMeasure<'a> {
    /// Parses the two font files. Returns `None` if either of them is not a font.
    #[must_use]
    pub fn new(regular: &'a [u8], medium: &'a [u8]) -> Option<Self> {
        Some(Self { regular: FontFace::of(regular)?, medium: FontFace::of(medium)? })
    }

    const fn face(&self, weight: FontWeight) -> &FontFace<'a> {
        match weight {
            FontWeight::Regular => &self.regular,
            FontWeight::Medium => &self.medium,
        }
    }

    /// Returns the width of a text, in points.
    #[must_use]
    pub fn width_pt(&self, text: &str, style: TextStyle) -> f32 {
        let face = self.face(style.weight);
        let advance = |c: char| face.glyph(c).and_then(|glyph| face.widths.advance_width(glyph)).unwrap_or(0.0);
        text.chars().map(advance).sum::<f32>() * style.size_pt
    }

    /// Returns the text with everything that the typeface lacks replaced: a letter with an accent by the letter alone,
    /// and any other grapheme, such as an emoji, by a single character. Invisible characters are dropped.
    #[must_use]
    pub fn printable(&self, text: &str, weight: FontWeight) -> String {
        let face = self.face(weight);
        let has = |c: char| face.glyph(c).is_some();
        let stand_in = STAND_INS.into_iter().find(|c| has(*c)).unwrap_or('?');
        let mut kept = String::with_capacity(text.len());
        for grapheme in text.graphemes(true) {
            match grapheme {
                "\n" | "\r\n" | "\r" => kept.push('\n'),
                "\t" => kept.push(' '),
                _ if grapheme.chars().all(is_invisible) => {}
                _ if grapheme.chars().all(has) => kept.push_str(grapheme),
                // The typeface may lack the narrow no-break space, but it has the ordinary no-break space.
                "\u{202f}" => kept.push('\u{a0}'),
                _ if grapheme.chars().all(char::is_whitespace) => kept.push(' '),
                // Drop only the accent if the typeface has the letter without it.
                _ if grapheme.chars().next().is_some_and(|c| c.is_alphabetic() && has(c)) => {
                    kept.extend(grapheme.chars().filter(|c| has(*c)));
                }
                _ => kept.push(stand_in),
            }
        }
        kept
    }

    /// Breaks a text into lines that fit into a column of this width.
    fn lines(&self, text: &str, style: TextStyle, width_pt: f32) -> Vec<String> {
        let width_pt = width_pt * WIDTH_SLACK;
        let mut lines = Vec::new();
        for paragraph in self.printable(text, style.weight).split('\n') {
            let mut line = String::new();
            for word in paragraph.split(may_break_at).filter(|word| !word.is_empty()) {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width_pt(&longer, style) <= width_pt {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line = self.break_word(word, style, width_pt, &mut lines);
            }
            lines.push(line);
        }
        lines
    }

    /// Breaks a word into pieces if it is wider than a line. Pushes every piece except the last to `lines`, and returns
    /// the last piece.
    fn break_word(&self, word: &str, style: TextStyle, width_pt: f32, lines: &mut Vec<String>) -> String {
        let mut piece = String::new();
        for grapheme in word.graphemes(true) {
            if !piece.is_empty() && self.width_pt(&format!("{piece}{grapheme}"), style) > width_pt {
                lines.push(std::mem::take(&mut piece));
            }
            piece.push_str(grapheme);
        }
        piece
    }
}

/// Returns whether a line may end at this character. It may end at any white space except a no-break space, which
/// French uses before "?".
fn may_break_at(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}')
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c), 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff)
}

/// Typesets `blocks` on sheets. `sheet_number` returns the text at the bottom of a sheet, such as "2 of 3", given the
/// sheet's number, counted from 1, and the number of sheets.
#[must_use]
pub fn typeset(
    blocks: &[Block],
    size: PaperSize,
    measure: &TextMeasure<'_>,
    sheet_number: impl Fn(usize, usize) -> String,
) -> Vec<Sheet> {
    let (width_pt, height_pt) = size.points();
    let mut typesetter = Typesetter {
        measure,
        column_pt: width_pt - 2.0 * MARGIN_PT,
        bottom_pt: height_pt - MARGIN_PT,
        sheets: vec![Sheet::default()],
        y_pt: MARGIN_PT,
    };
    for block in blocks {
        typesetter.set(block);
    }
    let of = typesetter.sheets.len();
    for (at, sheet) in typesetter.sheets.iter_mut().enumerate() {
        let text = sheet_number(at + 1, of);
        let x = (width_pt - measure.width_pt(&text, QUIET)) / 2.0;
        sheet.items.push(SheetItem::Line { x, y: height_pt - FOOT_PT, style: QUIET, text });
    }
    typesetter.sheets
}

struct Typesetter<'a> {
    measure: &'a TextMeasure<'a>,
    column_pt: f32,
    bottom_pt: f32,
    sheets: Vec<Sheet>,
    y_pt: f32,
}

impl Typesetter<'_> {
    fn set(&mut self, block: &Block) {
        match block {
            Block::Title(text) => {
                self.words(text, TITLE);
                self.y_pt += 4.0;
            }
            Block::Date(text) => {
                self.words(text, QUIET);
                self.y_pt += 16.0;
            }
            Block::Quiet(text) => {
                self.keep_together(QUIET.leading_pt + 2.0 * WORDS.leading_pt);
                self.words(text, QUIET);
                self.y_pt += 3.0;
            }
            Block::Heading(text) => {
                self.y_pt += 22.0;
                self.keep_together(HEADING.leading_pt + HEADING_KEEPS_LINES * WORDS.leading_pt);
                self.words(text, HEADING);
                self.y_pt += 6.0;
            }
            Block::Words(text) => {
                self.words(text.trim_end(), WORDS);
                self.y_pt += 10.0;
            }
            Block::Drawing(drawing) => self.drawing(drawing),
            Block::Divider => self.divider(),
        }
    }

    fn words(&mut self, text: &str, style: TextStyle) {
        for text in self.measure.lines(text, style, self.column_pt) {
            if text.is_empty() {
                self.y_pt += style.leading_pt / 2.0;
                continue;
            }
            self.keep_together(style.leading_pt);
            self.y_pt += style.leading_pt;
            let y = self.y_pt - (style.leading_pt - style.size_pt) / 2.0;
            self.put(SheetItem::Line { x: MARGIN_PT, y, style, text });
        }
    }

    fn drawing(&mut self, drawing: &Drawing) {
        let height_pt = drawing_height(self.column_pt);
        self.keep_together(height_pt);
        self.put(SheetItem::Drawing { x: MARGIN_PT, y: self.y_pt, width: self.column_pt, drawing: drawing.clone() });
        self.y_pt += height_pt + 14.0;
    }

    fn divider(&mut self) {
        self.keep_together(24.0 + WORDS.leading_pt);
        // At the top of a sheet there is nothing above to divide from, so the divider is left out.
        if self.y_pt > MARGIN_PT {
            self.y_pt += 10.0;
            let width = 36.0;
            self.put(SheetItem::Rule { x: MARGIN_PT + (self.column_pt - width) / 2.0, y: self.y_pt, width });
            self.y_pt += 14.0;
        }
    }

    /// Starts a new sheet if less than this height is left on the current sheet, unless the current sheet is still
    /// empty.
    fn keep_together(&mut self, height_pt: f32) {
        if self.y_pt + height_pt > self.bottom_pt && self.y_pt > MARGIN_PT {
            self.sheets.push(Sheet::default());
            self.y_pt = MARGIN_PT;
        }
    }

    fn put(&mut self, item: SheetItem) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.items.push(item);
        }
    }
}

/// Returns the height of a drawing of this width, in the same unit.
#[must_use]
pub fn drawing_height(width: f32) -> f32 {
    width * f32::from(PAGE_HEIGHT) / f32::from(PAGE_WIDTH)
}

#[cfg(test)]
mod tests;
