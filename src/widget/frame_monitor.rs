//! Owns the evidence that the window is drawing: an invisible widget that records each frame. iced draws no frames
//! while nothing changes, so the widget requests one every few seconds while a desk relies on the window. Does not own
//! what happens if no frame is drawn.

use std::sync::Arc;
use std::time::Instant;

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Clipboard, Shell, Widget, mouse, renderer};
use iced::{Element, Event, Length, Rectangle, Renderer, Size, Theme, window};

use crate::driver::liveness::{FRAME_INTERVAL_MAX, Liveness};

struct FrameMonitor {
    liveness: Arc<Liveness>,
    is_relied_on: bool,
}

/// Records each frame in `liveness`. If `is_relied_on`, a frame is drawn at least once every [`FRAME_INTERVAL_MAX`],
/// even if nothing on the screen changes.
pub fn frame_monitor<'a, Message: 'a>(liveness: Arc<Liveness>, is_relied_on: bool) -> Element<'a, Message> {
    Element::new(FrameMonitor { liveness, is_relied_on })
}

impl<Message> Widget<Message, Theme, Renderer> for FrameMonitor {
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
        self.liveness.record_frame();
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
            shell.request_redraw_at(Instant::now() + FRAME_INTERVAL_MAX);
        }
    }
}
