//! Owns soft light: an image of a glow that rises from the bottom edge of the image. The image is computed once and
//! scaled to any size. Does not own the position of a glow.

use std::sync::OnceLock;

use iced::advanced::image::{Image, Renderer as _};
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Widget, mouse, renderer};
use iced::widget::image::{FilterMethod, Handle};
use iced::{Color, Element, Length, Rectangle, Renderer, Size, Theme};

/// Width and height of the glow's image, in pixels. Few pixels are enough, because soft light has no detail.
const SIDE_PX: u32 = 96;

struct Glow {
    opacity: f32,
}

/// Draws light over the whole of its parent. The light has this opacity, 0 to 1, in the middle of the bottom edge, and
/// fades out from there in all directions.
#[must_use]
pub fn rising<'a, Message: 'a>(opacity: f32) -> Element<'a, Message> {
    Element::new(Glow { opacity })
}

impl<Message> Widget<Message, Theme, Renderer> for Glow {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn layout(&mut self, _tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::atomic(limits, Length::Fill, Length::Fill)
    }

    fn draw(
        &self,
        _tree: &Tree,
        renderer: &mut Renderer,
        _theme: &Theme,
        _style: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _viewport: &Rectangle,
    ) {
        static LIGHT: OnceLock<Handle> = OnceLock::new();
        let light = LIGHT.get_or_init(|| Handle::from_rgba(SIDE_PX, SIDE_PX, light_pixels(crate::theme::AMBER)));
        let bounds = layout.bounds();
        let image = Image::new(light.clone()).opacity(self.opacity).filter_method(FilterMethod::Linear);
        renderer.draw_image(image, bounds, bounds);
    }
}

/// Returns the glow's image as rows of RGBA pixels in this colour: opaque in the middle of the bottom edge, and
/// transparent at the other edges.
fn light_pixels(color: Color) -> Vec<u8> {
    let [r, g, b, _] = color.into_rgba8();
    let pixel = |index: u32| {
        let at = |along: u32| (along as f32 + 0.5) / SIDE_PX as f32;
        let (across, down) = (at(index % SIDE_PX) * 2.0 - 1.0, at(index / SIDE_PX));
        let sides = (1.0 - across * across).max(0.0);
        let rise = (down * down).clamp(0.0, 1.0);
        [r, g, b, (255.0 * sides * sides * rise).round() as u8]
    };
    (0..SIDE_PX * SIDE_PX).flat_map(pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_rises_from_the_middle_of_the_foot() {
        let pixels = light_pixels(crate::theme::AMBER);
        let alpha = |x: u32, y: u32| pixels[((y * SIDE_PX + x) * 4 + 3) as usize];
        let (middle, last) = (SIDE_PX / 2, SIDE_PX - 1);
        assert!(alpha(middle, last) > 245 && alpha(middle, 0) == 0 && alpha(0, last) == 0 && alpha(last, last) == 0);
    }
}
