//! Owns the icons, which share one stroke width. They are glyphs of a font made by `scripts/icons.py`, because both
//! renderers draw glyphs sharply at any size. Does not own the use of an icon.

use iced::widget::{Text, text};
use iced::{Color, Pixels};

use crate::theme;

/// An icon. The variants are in the order of the font's code points, which begin at U+E000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[allow(missing_docs, reason = "each is named after what it shows")]
pub enum Icon {
    Bell = 0xE000,
    Breath,
    Place,
    Sound,
    Moon,
    Anchor,
    Softer,
    Louder,
    Silence,
    OtherMusic,
    Pen,
    Brush,
    Tick,
    Back,
    Forward,
    Close,
    Phone,
    Paper,
    Seal,
    Person,
    Undo,
    Clock,
    Sun,
    Water,
    Leaf,
    Warm,
    Bathroom,
    Sick,
    Stay,
    TextSize,
    Hand,
    LeftHand,
    Pain,
    SoundOrLight,
    Heart,
    Camera,
}

impl Icon {
    fn glyph(self) -> char {
        char::from_u32(self as u32).unwrap_or(' ')
    }

    /// Draws the icon in this colour, in a square of this size in logical pixels.
    #[must_use]
    pub fn view<'a>(self, size_px: impl Into<Pixels>, color: Color) -> Text<'a> {
        self.fading(size_px).color(color)
    }

    /// Draws the icon in a square of this size in logical pixels. Its colour is the text colour that it inherits, so it
    /// can fade together with text.
    #[must_use]
    pub fn fading<'a>(self, size_px: impl Into<Pixels>) -> Text<'a> {
        text(self.glyph()).size(size_px).font(theme::ICONS).line_height(1.0)
    }
}

#[cfg(test)]
mod tests {
    use skrifa::{FontRef, MetadataProvider};

    use super::*;

    #[test]
    fn the_font_has_a_glyph_for_every_icon_and_none_more() {
        let font = FontRef::new(theme::ICON_FONT).unwrap();
        let glyphs: Vec<u32> = font.charmap().mappings().map(|(code_point, _)| code_point).collect();
        assert_eq!(glyphs, (Icon::Bell as u32..=Icon::Camera as u32).collect::<Vec<_>>());
    }
}
