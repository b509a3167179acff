//! Owns how a note stands on paper: which words come on which line of which sheet. Does not own the file that a printer
//! takes (`pdf`), nor what is printed.

use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, GlyphId, MetadataProvider as _};
use unicode_segmentation::UnicodeSegmentation;

use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH};

const MARGIN_PT: f32 = 74.0;
const FOOT_PT: f32 = 38.0;
const HEADING_KEEPS_LINES: f32 = 3.0;
/// Kerning may make a line a little longer than its letters are one by one.
const WIDTH_SLACK: f32 = 0.985;
/// What stands for a sign that the typeface does not have, the first that it has.
const STAND_INS: [char; 3] = ['\u{25a1}', '\u{25ca}', '?'];

/// The sheet that the clinic's printer holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaperSize {
    /// 8.5 × 11 inches.
    #[default]
    Letter,
    /// 210 × 297 mm.
    A4,
}

impl PaperSize {
    /// Width and height in points.
    #[must_use]
    pub const fn points(self) -> (f32, f32) {
        match self {
            Self::Letter => (612.0, 792.0),
            Self::A4 => (595.28, 841.89),
        }
    }

    /// Its name for the printer.
    #[must_use]
    pub const fn media(self) -> &'static str {
        match self {
            Self::Letter => "Letter",
            Self::A4 => "A4",
        }
    }
}

/// What is put on paper, from top to bottom. It holds words of a patient and cannot be printed in a log.
pub enum Block {
    /// What it is.
    Title(String),
    /// When it was.
    Date(String),
    /// Small and quiet, such as a question that was asked.
    Quiet(String),
    /// A new matter.
    Heading(String),
    /// Running words; line breaks are kept.
    Words(String),
    /// A drawing, as wide as the words.
    Drawing(Drawing),
    /// Space between two pages of the note.
    Rest,
}

/// Which cut of the typeface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Running words.
    Regular,
    /// Titles.
    Light,
}

/// How a line is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Which cut.
    pub cut: Cut,
    /// Size in points.
    pub size_pt: f32,
    /// From one baseline to the next, in points.
    pub leading_pt: f32,
    /// Whether it is grey.
    pub quiet: bool,
}

const TITLE: Style = Style { cut: Cut::Light, size_pt: 25.0, leading_pt: 31.0, quiet: false };
const HEADING: Style = Style { cut: Cut::Light, size_pt: 16.0, leading_pt: 22.0, quiet: false };
const WORDS: Style = Style { cut: Cut::Regular, size_pt: 12.0, leading_pt: 18.5, quiet: false };
const QUIET: Style = Style { cut: Cut::Regular, size_pt: 10.0, leading_pt: 15.0, quiet: true };

/// Something at its place on a sheet, in points from the upper left corner.
pub enum Item {
    /// A line of words.
    Line {
        /// Left end.
        x: f32,
        /// Baseline.
        y: f32,
        /// How it is set.
        style: Style,
        /// The words.
        text: String,
    },
    /// A drawing.
    Drawing {
        /// Left edge.
        x: f32,
        /// Upper edge.
        y: f32,
        /// Width; the height follows from it.
        width: f32,
        /// The drawing.
        drawing: Drawing,
    },
    /// A fine line across.
    Rule {
        /// Left end.
        x: f32,
        /// Where.
        y: f32,
        /// Length.
        width: f32,
    },
}

/// One sheet.
#[derive(Default)]
pub struct Sheet {
    /// What stands on it.
    pub items: Vec<Item>,
}

/// The typeface, so far as lines are measured by it.
pub struct Measure<'a> {
    regular: Face<'a>,
    light: Face<'a>,
}

/// One cut of it.
struct Face<'a> {
    letters: Charmap<'a>,
    /// At one point.
    widths: GlyphMetrics<'a>,
}

impl<'a> Face<'a> {
    fn of(font: &'a [u8]) -> Option<Self> {
        let font = FontRef::new(font).ok()?;
        let widths = font.glyph_metrics(Size::new(1.0), LocationRef::default());
        Some(Self { letters: font.charmap(), widths })
    }

    fn glyph(&self, letter: char) -> Option<GlyphId> {
        self.letters.map(letter).filter(|glyph| *glyph != GlyphId::NOTDEF)
    }
}

impl<'a> Measure<'a> {
    /// From the two font files; `None` if one is no font.
    #[must_use]
    pub fn new(regular: &'a [u8], light: &'a [u8]) -> Option<Self> {
        Some(Self { regular: Face::of(regular)?, light: Face::of(light)? })
    }

    const fn face(&self, cut: Cut) -> &Face<'a> {
        match cut {
            Cut::Regular => &self.regular,
            Cut::Light => &self.light,
        }
    }

    /// How wide words are, in points.
    #[must_use]
    pub fn width_pt(&self, text: &str, style: Style) -> f32 {
        let face = self.face(style.cut);
        let advance = |c: char| face.glyph(c).and_then(|glyph| face.widths.advance_width(glyph)).unwrap_or(0.0);
        text.chars().map(advance).sum::<f32>() * style.size_pt
    }

    /// The words with only what the typeface has; a sign that it lacks, such as a little picture, is one mark.
    #[must_use]
    pub fn printable(&self, text: &str, cut: Cut) -> String {
        let face = self.face(cut);
        let has = |c: char| face.glyph(c).is_some();
        let stand_in = STAND_INS.into_iter().find(|c| has(*c)).unwrap_or('?');
        let mut kept = String::with_capacity(text.len());
        for sign in text.graphemes(true) {
            match sign {
                "\n" | "\r\n" | "\r" => kept.push('\n'),
                "\t" => kept.push(' '),
                _ if sign.chars().all(is_unseen) => {}
                _ if sign.chars().all(has) => kept.push_str(sign),
                "\u{202f}" => kept.push('\u{a0}'),
                _ if sign.chars().all(char::is_whitespace) => kept.push(' '),
                // An accent that this typeface cannot set above its letter is left out rather than the letter.
                _ if sign.chars().next().is_some_and(|c| c.is_alphabetic() && has(c)) => {
                    kept.extend(sign.chars().filter(|c| has(*c)));
                }
                _ => kept.push(stand_in),
            }
        }
        kept
    }

    /// The lines that words fall into at that width.
    fn lines(&self, text: &str, style: Style, width_pt: f32) -> Vec<String> {
        let width_pt = width_pt * WIDTH_SLACK;
        let mut lines = Vec::new();
        for paragraph in self.printable(text, style.cut).split('\n') {
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

    /// Pushes all but the last piece of a word that is wider than a line; gives that last piece.
    fn break_word(&self, word: &str, style: Style, width_pt: f32, lines: &mut Vec<String>) -> String {
        let mut piece = String::new();
        for sign in word.graphemes(true) {
            if !piece.is_empty() && self.width_pt(&format!("{piece}{sign}"), style) > width_pt {
                lines.push(std::mem::take(&mut piece));
            }
            piece.push_str(sign);
        }
        piece
    }
}

/// Whether a line may end at it: at any space but one that holds two signs together, as French does before "?".
fn may_break_at(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}')
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c), 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff)
}

/// Puts everything on sheets. `number` says what stands at the foot of a sheet, such as "2 of 3".
#[must_use]
pub fn typeset(
    blocks: &[Block],
    size: PaperSize,
    measure: &Measure<'_>,
    number: impl Fn(usize, usize) -> String,
) -> Vec<Sheet> {
    let (width_pt, height_pt) = size.points();
    let mut press = Press {
        measure,
        column_pt: width_pt - 2.0 * MARGIN_PT,
        bottom_pt: height_pt - MARGIN_PT,
        sheets: vec![Sheet::default()],
        y_pt: MARGIN_PT,
    };
    for block in blocks {
        press.set(block);
    }
    let of = press.sheets.len();
    for (at, sheet) in press.sheets.iter_mut().enumerate() {
        let text = number(at + 1, of);
        let x = (width_pt - measure.width_pt(&text, QUIET)) / 2.0;
        sheet.items.push(Item::Line { x, y: height_pt - FOOT_PT, style: QUIET, text });
    }
    press.sheets
}

struct Press<'a> {
    measure: &'a Measure<'a>,
    column_pt: f32,
    bottom_pt: f32,
    sheets: Vec<Sheet>,
    y_pt: f32,
}

impl Press<'_> {
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
            Block::Rest => self.rest(),
        }
    }

    fn words(&mut self, text: &str, style: Style) {
        for text in self.measure.lines(text, style, self.column_pt) {
            if text.is_empty() {
                self.y_pt += style.leading_pt / 2.0;
                continue;
            }
            self.keep_together(style.leading_pt);
            self.y_pt += style.leading_pt;
            let y = self.y_pt - (style.leading_pt - style.size_pt) / 2.0;
            self.put(Item::Line { x: MARGIN_PT, y, style, text });
        }
    }

    fn drawing(&mut self, drawing: &Drawing) {
        let height_pt = drawing_height(self.column_pt);
        self.keep_together(height_pt);
        self.put(Item::Drawing { x: MARGIN_PT, y: self.y_pt, width: self.column_pt, drawing: drawing.clone() });
        self.y_pt += height_pt + 14.0;
    }

    fn rest(&mut self) {
        self.keep_together(24.0 + WORDS.leading_pt);
        // Nothing stands above it on a new sheet.
        if self.y_pt > MARGIN_PT {
            self.y_pt += 10.0;
            let width = 36.0;
            self.put(Item::Rule { x: MARGIN_PT + (self.column_pt - width) / 2.0, y: self.y_pt, width });
            self.y_pt += 14.0;
        }
    }

    /// A new sheet, unless so much still fits on this one.
    fn keep_together(&mut self, height_pt: f32) {
        if self.y_pt + height_pt > self.bottom_pt && self.y_pt > MARGIN_PT {
            self.sheets.push(Sheet::default());
            self.y_pt = MARGIN_PT;
        }
    }

    fn put(&mut self, item: Item) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.items.push(item);
        }
    }
}

/// How high a drawing of that width is.
#[must_use]
pub fn drawing_height(width: f32) -> f32 {
    width * f32::from(PAGE_HEIGHT) / f32::from(PAGE_WIDTH)
}

#[cfg(test)]
mod tests;
