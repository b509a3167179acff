//! Owns the veil over a still: ink that thickens and thins as the light of the arc sinks and rises.

use std::time::{Duration, Instant};

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::{Background, Element, Event, Length, Rectangle, Renderer, Size, Theme, window};

use super::Scenery;
use crate::theme;

/// The arc's light moves over minutes; a step this often cannot be seen.
const STEP: Duration = Duration::from_secs(3);

/// The veil at no brightness at all: the place stays a shade, never a hole.
const DARKEST: f32 = 0.92;

/// The eye takes the first thin veil for more than it is.
const THICKENS: f32 = 1.4;

/// A veil of ink would turn the sun grey; this one leaves it warm.
const WARM_DARK: iced::Color = iced::Color::from_rgb8(0x0A, 0x06, 0x08);

struct Veil(Scenery);

pub(super) fn veil<'a, Message: 'a>(scenery: Scenery) -> Element<'a, Message> {
    Element::new(Veil(scenery))
}

impl<Message> Widget<Message, Theme, Renderer> for Veil {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn layout(&mut self, _tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::atomic(limits, Length::Fill, Length::Fill)
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
        if let Event::Window(window::Event::RedrawRequested(now)) = event
            && self.0.light_moves()
        {
            shell.request_redraw_at(*now + STEP);
        }
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
        let brightness = self.0.brightness_at(self.0.clock.at(Instant::now()));
        let quad = renderer::Quad { bounds: layout.bounds(), ..renderer::Quad::default() };
        renderer
            .fill_quad(quad, Background::Color(theme::faded(WARM_DARK, DARKEST * (1.0 - brightness).powf(THICKENS))));
    }
}
