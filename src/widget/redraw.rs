//! Owns marks that make the software renderer redraw an area. That renderer redraws only what differs from the frame
//! before. Where text has changed, it redraws only the box that was measured for the text. Glyphs reach beyond this
//! box, for example with the hook of an f or the tail of a j, so specks of old words would stay on the screen. Does not
//! own the decision when an area changes.

use std::time::Instant;

use iced::advanced::text::{Alignment, LineHeight, Renderer as _, Shaping, Text, Wrapping};
use iced::alignment::Vertical;
use iced::widget::Space;
use iced::{Color, Element, Font, Length, Rectangle, Renderer};

use super::painted::{Paint, painted};

/// Distance by which glyphs may reach beyond the measured box of text, as a fraction of the height of the box. A box is
/// at least one line high.
const OVERHANG: f32 = 0.3;

struct WindowMark {
    key: u32,
}

/// Makes the software renderer redraw the whole window in the first frame with this key. As each frame is compared with
/// what the buffer showed before, this works however many buffers the window system uses.
#[must_use]
pub fn window<'a, Message: 'a>(key: u32) -> Element<'a, Message> {
    painted(Space::new().width(Length::Fill).height(Length::Fill), WindowMark { key })
}

/// Makes the software renderer redraw the fading text in the box `bounds`, with the parts of glyphs that reach beyond
/// the box, in each frame in which the opacity of the text differs from that in the frame before.
pub fn fading(renderer: &mut Renderer, bounds: Rectangle, opacity: f32) {
    mark(renderer, bounds.expand(bounds.height * OVERHANG), opacity.to_bits());
}

/// Draws nothing, but marks `area` with `key`: if either has changed since the frame before, the area is redrawn.
fn mark(renderer: &mut Renderer, area: Rectangle, key: u32) {
    // The other renderer, wgpu, redraws the whole window in every frame.
    let Renderer::Secondary(renderer) = renderer else { return };
    // The mark is an empty text with the key as its colour. A transparent quad would be compared in the same way, but
    // the renderer would also fill it in every frame.
    let text = Text {
        content: String::new(),
        bounds: area.size(),
        size: 1.0.into(),
        line_height: LineHeight::default(),
        font: Font::DEFAULT,
        align_x: Alignment::Left,
        align_y: Vertical::Top,
        shaping: Shaping::Basic,
        wrapping: Wrapping::None,
    };
    let [red, green, blue, alpha] = key.to_be_bytes();
    let color = Color::from_rgba8(red, green, blue, f32::from(alpha) / 255.0);
    renderer.fill_text(text, area.position(), color, area);
}

impl Paint for WindowMark {
    fn paint_below(&self, renderer: &mut Renderer, bounds: Rectangle, _now: Instant) {
        mark(renderer, bounds, self.key);
    }

    fn next_frame(&self, _now: Instant) -> Option<Instant> {
        None
    }
}
