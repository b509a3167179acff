//! Owns a single waking: a widget without looks that says one thing at one moment, and sleeps until then.

use std::time::Instant;

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Clipboard, Shell, Widget, mouse, renderer};
use iced::{Element, Event, Length, Rectangle, Renderer, Size, Theme, window};

struct Wake<Message> {
    at: Instant,
    message: Message,
}

/// Says `message` once the screen is drawn at or after `at`. Whoever takes the message drops the widget.
pub fn wake<'a, Message: Clone + 'a>(at: Instant, message: Message) -> Element<'a, Message> {
    Element::new(Wake { at, message })
}

impl<Message: Clone> Widget<Message, Theme, Renderer> for Wake<Message> {
    fn size(&self) -> Size<Length> {
        // A fixed size of nothing is left out by rows and stacks; one that shrinks to nothing stays.
        Size::new(Length::Shrink, Length::Shrink)
    }

    fn layout(&mut self, _tree: &mut Tree, _renderer: &Renderer, _limits: &layout::Limits) -> layout::Node {
        layout::Node::new(Size::ZERO)
    }

    fn draw(
        &self,
        _tree: &Tree,
        _renderer: &mut Renderer,
        _theme: &Theme,
        _style: &renderer::Style,
        _layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _viewport: &Rectangle,
    ) {
    }

    fn update(
        &mut self,
        _tree: &mut Tree,
        event: &Event,
        _layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _renderer: &Renderer,
        _clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        _viewport: &Rectangle,
    ) {
        if let Event::Window(window::Event::RedrawRequested(now)) = event {
            if *now >= self.at {
                shell.publish(self.message.clone());
            } else {
                shell.request_redraw_at(self.at);
            }
        }
    }
}
