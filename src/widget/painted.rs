//! Owns a wrapper that paints something below or above its content as time passes. It leaves everything else, such as
//! layout and events, to the content. Does not own what is painted.

use std::time::Instant;

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Operation, Tree, tree};
use iced::advanced::{Clipboard, Shell, Widget, mouse, overlay, renderer};
use iced::{Color, Element, Event, Length, Rectangle, Renderer, Size, Theme, Vector, window};

/// Something that is painted below or above content. Each method receives the time of the frame.
pub trait Paint {
    /// Paints below the content, which has these bounds.
    fn paint_below(&self, _renderer: &mut Renderer, _bounds: Rectangle, _now: Instant) {}

    /// Paints above the content, which has these bounds.
    fn paint_above(&self, _renderer: &mut Renderer, _bounds: Rectangle, _now: Instant) {}

    /// Returns the colour for text in the content that sets no colour itself. If `None`, such text has the colour that
    /// the parent sets.
    fn text_color(&self, _now: Instant) -> Option<Color> {
        None
    }

    /// Whether the content is hidden, that is, not drawn. It can be touched all the same.
    fn hides_content(&self, _now: Instant) -> bool {
        false
    }

    /// Returns when the paint will next look different; `None` if it stays as it is.
    fn next_frame(&self, now: Instant) -> Option<Instant>;
}

struct Painted<'a, Message, P> {
    content: Element<'a, Message>,
    paint: P,
}

/// Wraps content in a widget that lets `paint` paint below and above it.
pub fn painted<'a, Message: 'a>(
    content: impl Into<Element<'a, Message>>,
    paint: impl Paint + 'a,
) -> Element<'a, Message> {
    Element::new(Painted { content: content.into(), paint })
}

impl<Message, P: Paint> Widget<Message, Theme, Renderer> for Painted<'_, Message, P> {
    fn tag(&self) -> tree::Tag {
        self.content.as_widget().tag()
    }

    fn state(&self) -> tree::State {
        self.content.as_widget().state()
    }

    fn children(&self) -> Vec<Tree> {
        self.content.as_widget().children()
    }

    fn diff(&self, tree: &mut Tree) {
        self.content.as_widget().diff(tree);
    }

    fn size(&self) -> Size<Length> {
        self.content.as_widget().size()
    }

    fn size_hint(&self) -> Size<Length> {
        self.content.as_widget().size_hint()
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        self.content.as_widget_mut().layout(tree, renderer, limits)
    }

    fn operate(&mut self, tree: &mut Tree, layout: Layout<'_>, renderer: &Renderer, operation: &mut dyn Operation) {
        self.content.as_widget_mut().operate(tree, layout, renderer, operation);
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        renderer: &Renderer,
        clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        viewport: &Rectangle,
    ) {
        let content = self.content.as_widget_mut();
        content.update(tree, event, layout, cursor, renderer, clipboard, shell, viewport);
        if let Event::Window(window::Event::RedrawRequested(now)) = event
            && let Some(next) = self.paint.next_frame(*now)
        {
            shell.request_redraw_at(next);
        }
    }

    fn mouse_interaction(
        &self,
        tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
        renderer: &Renderer,
    ) -> mouse::Interaction {
        self.content.as_widget().mouse_interaction(tree, layout, cursor, viewport, renderer)
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        theme: &Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let now = Instant::now();
        let style = self.paint.text_color(now).map_or(*style, |text_color| renderer::Style { text_color });
        self.paint.paint_below(renderer, layout.bounds(), now);
        if !self.paint.hides_content(now) {
            self.content.as_widget().draw(tree, renderer, theme, &style, layout, cursor, viewport);
        }
        self.paint.paint_above(renderer, layout.bounds(), now);
    }

    fn overlay<'b>(
        &'b mut self,
        tree: &'b mut Tree,
        layout: Layout<'b>,
        renderer: &Renderer,
        viewport: &Rectangle,
        translation: Vector,
    ) -> Option<overlay::Element<'b, Message, Theme, Renderer>> {
        self.content.as_widget_mut().overlay(tree, layout, renderer, viewport, translation)
    }
}
