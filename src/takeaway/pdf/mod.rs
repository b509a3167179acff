//! Owns the PDF file of a note's sheets, for a printer or the therapist's computer. The PDF embeds the typeface and has
//! no metadata about the author. Does not own the layout of the sheets.

use krilla::Document;
use krilla::color::rgb;
use krilla::error::KrillaError;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, LineJoin, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use thiserror::Error;
use zeroize::Zeroizing;

use super::paper::{Block, FontWeight, PaperSize, Sheet, SheetItem, TextMeasure, drawing_height, typeset};
use crate::room::drawing::{Drawing, PAGE_WIDTH, Tint, stroke_paths};

/// Red, green and blue, each from 0 to 255.
#[derive(Clone, Copy)]
struct Color(u8, u8, u8);

impl Color {
    fn to_rgb(self) -> rgb::Color {
        rgb::Color::new(self.0, self.1, self.2)
    }
}

/// Colour of text: a soft black.
const INK: Color = Color(0x1F, 0x24, 0x2B);
const GREY: Color = Color(0x6B, 0x6B, 0x68);
const FINE: Color = Color(0xC9, 0xC2, 0xB8);
const FRAME_PT: f32 = 0.5;
const DOT_PT: f32 = 0.05;

/// Why no PDF could be written.
#[derive(Debug, Error)]
pub enum PdfError {
    /// The embedded typeface cannot be parsed.
    #[error("the typeface of this program cannot be read; reinstall the program")]
    Typeface,
    /// The PDF could not be written.
    #[error("the sheets could not be written as PDF")]
    Unwritable,
}

impl From<KrillaError> for PdfError {
    // Drops the error, because it may quote the patient's words.
    fn from(_: KrillaError) -> Self {
        Self::Unwritable
    }
}

/// The font files to embed.
#[derive(Clone, Copy)]
pub struct Typeface {
    /// The font for body text.
    pub regular: &'static [u8],
    /// The font for titles and headings.
    pub medium: &'static [u8],
}

/// Typesets `blocks` and returns them as a PDF. `language` is the tag of their language, such as `en-US`. `number` is
/// the `sheet_number` of [`typeset`].
///
/// # Errors
/// If the typeface cannot be parsed or the PDF cannot be written.
pub fn pdf(
    blocks: &[Block],
    size: PaperSize,
    typeface: Typeface,
    language: &str,
    number: impl Fn(usize, usize) -> String,
) -> Result<Zeroizing<Vec<u8>>, PdfError> {
    let measure = TextMeasure::new(typeface.regular, typeface.medium).ok_or(PdfError::Typeface)?;
    let font = |bytes: &'static [u8]| Font::new(bytes.to_vec().into(), 0).ok_or(PdfError::Typeface);
    let fonts = Fonts { regular: font(typeface.regular)?, medium: font(typeface.medium)? };
    let (width, height) = size.points();
    let mut document = Document::new();
    document.set_metadata(Metadata::new().language(language.to_owned()));
    for sheet in typeset(blocks, size, &measure, number) {
        let settings = PageSettings::from_wh(width, height).ok_or(PdfError::Unwritable)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        draw(&mut surface, &sheet, &fonts);
        surface.finish();
        page.finish();
    }
    Ok(Zeroizing::new(document.finish()?))
}

struct Fonts {
    regular: Font,
    medium: Font,
}

fn draw(surface: &mut Surface<'_>, sheet: &Sheet, fonts: &Fonts) {
    for item in &sheet.items {
        match item {
            SheetItem::Line { x, y, style, text } => {
                let font = match style.weight {
                    FontWeight::Regular => &fonts.regular,
                    FontWeight::Medium => &fonts.medium,
                };
                surface.set_stroke(None);
                surface.set_fill(Some(fill(if style.is_grey { GREY } else { INK })));
                let at = Point::from_xy(*x, *y);
                surface.draw_text(at, font.clone(), style.size_pt, text, false, TextDirection::Auto);
            }
            SheetItem::Rule { x, y, width } => {
                stroke_path(surface, FINE, FRAME_PT, line_path((*x, *y), (x + width, *y)));
            }
            SheetItem::Drawing { x, y, width, drawing } => draw_drawing(surface, (*x, *y), *width, drawing),
        }
    }
}

fn draw_drawing(surface: &mut Surface<'_>, (left, top): (f32, f32), width: f32, drawing: &Drawing) {
    let frame = Rect::from_xywh(left, top, width, drawing_height(width));
    let frame = frame.and_then(|rect| {
        let mut path = PathBuilder::new();
        path.push_rect(rect);
        path.finish()
    });
    stroke_path(surface, FINE, FRAME_PT, frame);
    let scale = width / f32::from(PAGE_WIDTH);
    for stroke in drawing.strokes() {
        let color = tint_on_paper(stroke.tint());
        for path_of_stroke in stroke_paths(stroke) {
            let point = |at: (f32, f32)| (left + at.0 * scale, top + at.1 * scale);
            let mut path = PathBuilder::new();
            let (x, y) = point(path_of_stroke.from);
            path.move_to(x, y);
            for curve in &path_of_stroke.curves {
                let ((x1, y1), (x, y)) = (point(curve.control), point(curve.to));
                path.quad_to(x1, y1, x, y);
            }
            if path_of_stroke.curves.iter().all(|curve| curve.to == path_of_stroke.from) {
                // Some printers draw nothing for a line of length zero.
                path.line_to(x + DOT_PT, y);
            }
            stroke_path(surface, color, path_of_stroke.width * scale, path.finish());
        }
    }
}

/// Returns the colour of a tint on paper. It is darker than on the screen, for contrast on white.
const fn tint_on_paper(tint: Tint) -> Color {
    match tint {
        Tint::Sand => INK,
        Tint::Honey => Color(0xB5, 0x7C, 0x1E),
        Tint::Rose => Color(0xA3, 0x4A, 0x4C),
        Tint::Moss => Color(0x52, 0x73, 0x4D),
        Tint::Sea => Color(0x2F, 0x6F, 0x8F),
    }
}

/// Returns red, green and blue, each from 0 to 255, of a tint on white paper.
#[must_use]
pub const fn tint_rgb(tint: Tint) -> [u8; 3] {
    let Color(red, green, blue) = tint_on_paper(tint);
    [red, green, blue]
}

fn line_path((x0, y0): (f32, f32), (x1, y1): (f32, f32)) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(x0, y0);
    path.line_to(x1, y1);
    path.finish()
}

fn stroke_path(surface: &mut Surface<'_>, color: Color, width: f32, path: Option<Path>) {
    let Some(path) = path else { return };
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: color.to_rgb().into(),
        width,
        line_cap: LineCap::Round,
        line_join: LineJoin::Round,
        ..Stroke::default()
    }));
    surface.draw_path(&path);
}

fn fill(color: Color) -> Fill {
    Fill { paint: color.to_rgb().into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}

#[cfg(test)]
mod tests;
