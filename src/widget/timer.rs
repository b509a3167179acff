//! Owns a timer: an invisible widget that publishes a message at a given time. Unlike a subscription, it ends together
//! with the view that contains it. Does not own the effect of the message.

use std::time::Instant;

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Clipboard, Shell, Widget, mouse, renderer};
use iced::{Element, Event, Length, Rectangle, Renderer, Size, Theme, window};

struct Timer<Message> {
    at: Instant,
    message: Message,
}

/// Publishes `message` in the first frame at or after `at`, and again in every later frame. The code that handles the
/// message therefore has to remove the timer from the view.
pub fn timer<'a, Message: Clone + 'a>(at: Instant, message: Message) -> Element<'a, Message> {
    Element::new(Timer { at, message })
}

impl<Message: Clone> Widget<Message, Theme, Renderer> for Timer<Message> {
    fn size(&self) -> Size<Length> {
        // iced's rows and stacks skip a child with a fixed size of zero, but not a child that shrinks to zero.
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
