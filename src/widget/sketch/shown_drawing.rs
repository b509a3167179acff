//! Owns the widget that shows a drawing without letting anybody change it. Does not own the page on which it was drawn.

use iced::advanced::graphics::geometry::Renderer as _;
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Tree, tree};
use iced::advanced::{Renderer as _, Widget, mouse, renderer};
use iced::{Color, Element, Length, Rectangle, Renderer, Size, Theme, Vector};

use super::stroke_cache::StrokeCache;
use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH, Tint};

struct ShownDrawing {
    drawing: Drawing,
    color: fn(Tint) -> Color,
}

/// Shows a drawing, as large as the space allows at its aspect ratio. `color` returns the colour of each tint.
pub fn shown_drawing<'a, Message: 'a>(drawing: Drawing, color: fn(Tint) -> Color) -> Element<'a, Message> {
    Element::new(ShownDrawing { drawing, color })
}

impl<Message> Widget<Message, Theme, Renderer> for ShownDrawing {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<StrokeCache>()
    }

    fn state(&self) -> tree::State {
        let mut strokes = StrokeCache::default();
        strokes.update(self.drawing.strokes());
        tree::State::new(strokes)
    }

    fn diff(&self, tree: &mut Tree) {
        tree.state.downcast_mut::<StrokeCache>().update(self.drawing.strokes());
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Shrink, Length::Shrink)
    }

    fn layout(&mut self, _tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        let room = limits.max();
        let ratio = f32::from(PAGE_WIDTH) / f32::from(PAGE_HEIGHT);
        let width = room.width.min(room.height * ratio);
        layout::Node::new(Size::new(width, width / ratio))
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        _theme: &Theme,
        _style: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _viewport: &Rectangle,
    ) {
        let bounds = layout.bounds();
        let strokes = tree.state.downcast_ref::<StrokeCache>();
        renderer.with_layer(bounds, |renderer| {
            renderer.with_translation(Vector::new(bounds.x, bounds.y), |renderer| {
                let mut geometries = Vec::new();
                strokes.draw(renderer, bounds.size(), self.color, |geometry| geometries.push(geometry));
                for geometry in geometries {
                    renderer.draw_geometry(geometry);
                }
            });
        });
    }
}
