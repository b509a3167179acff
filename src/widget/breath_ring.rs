//! Owns the plain pacer: a soft ring that widens with the breath. It redraws itself and nothing else.

use std::time::{Duration, Instant};

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::border::Border;
use iced::{Background, Color, Element, Event, Length, Rectangle, Renderer, Shadow, Size, Theme, window};

use crate::driver::clock::RoomClock;
use crate::room::snapshot::BreathView;
use crate::theme;

/// A breath needs no more than this many pictures a second to look unbroken on a soft ring.
const FRAME: Duration = Duration::from_millis(80);
/// The ring at its smallest, as a part of its largest.
const SMALLEST: f32 = 0.46;
/// Rings laid over each other make its soft edge.
const LAYERS: usize = 6;

struct BreathRing {
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    still: bool,
}

/// A breathing ring of that largest diameter; `still` keeps its size and lets only its light move.
#[must_use]
pub fn breath_ring<'a, Message: 'a>(
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    still: bool,
) -> Element<'a, Message> {
    Element::new(BreathRing { breath, clock, diameter_px, still })
}

impl<Message> Widget<Message, Theme, Renderer> for BreathRing {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fixed(self.diameter_px), Length::Fixed(self.diameter_px))
    }

    fn layout(&mut self, _tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::atomic(limits, self.diameter_px, self.diameter_px)
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
            shell.request_redraw_at(*now + FRAME);
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
        let level = self.breath.at(self.clock.at(Instant::now())).level as f32;
        let centre = layout.bounds().center();
        let spread = if self.still { 1.0 } else { SMALLEST + (1.0 - SMALLEST) * level };
        let diameter = self.diameter_px * spread;
        for layer in 0..LAYERS {
            let inset = layer as f32 / LAYERS as f32;
            let size = diameter * (1.0 - 0.16 * inset);
            let bounds = Rectangle { x: centre.x - size / 2.0, y: centre.y - size / 2.0, width: size, height: size };
            let strength = (0.05 + 0.07 * level) * (0.4 + inset);
            let border = Border {
                color: theme::faded(theme::SAND, if layer == LAYERS - 1 { 0.55 + 0.3 * level } else { strength }),
                width: if layer == LAYERS - 1 { 2.5 } else { self.diameter_px * 0.012 },
                radius: (size / 2.0).into(),
            };
            let ground = if layer == LAYERS - 1 {
                theme::faded(theme::LAMPLIGHT, 0.04 + 0.12 * level)
            } else {
                Color::TRANSPARENT
            };
            let quad = renderer::Quad { bounds, border, shadow: Shadow::default(), snap: false };
            renderer.fill_quad(quad, Background::Color(ground));
        }
    }
}
