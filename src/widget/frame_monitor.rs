//! Owns the proof that the window draws: a widget without looks that notes each frame and, while a desk relies on it,
//! asks for one every few seconds. Does not own who is told when none comes.

use std::sync::Arc;
use std::time::Instant;

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Clipboard, Shell, Widget, mouse, renderer};
use iced::{Element, Event, Length, Rectangle, Renderer, Size, Theme, window};

use crate::driver::vitals::{DRAWS_EVERY, Vitals};

struct Pulse {
    vitals: Arc<Vitals>,
    is_relied_on: bool,
}

/// Notes each frame in `vitals`. Where `is_relied_on`, a still screen draws every [`DRAWS_EVERY`] all the same.
pub fn pulse<'a, Message: 'a>(vitals: Arc<Vitals>, is_relied_on: bool) -> Element<'a, Message> {
    Element::new(Pulse { vitals, is_relied_on })
}

impl<Message> Widget<Message, Theme, Renderer> for Pulse {
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
        self.vitals.frame_drawn();
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
        if self.is_relied_on && matches!(event, Event::Window(window::Event::RedrawRequested(_))) {
            shell.request_redraw_at(Instant::now() + DRAWS_EVERY);
        }
    }
}
