//! Owns the plain pacers: a soft ring and an orb of light that widen with the breath. They redraw themselves and nothing
//! else.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use iced::advanced::image::{Image, Renderer as _};
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::border::Border;
use iced::widget::image::{FilterMethod, Handle};
use iced::{Background, Color, Element, Event, Length, Point, Rectangle, Renderer, Shadow, Size, Theme, window};

use crate::driver::clock::RoomClock;
use crate::room::snapshot::BreathView;
use crate::theme;

/// A breath needs no more than this many pictures a second to look unbroken on a soft edge.
const FRAME: Duration = Duration::from_millis(100);
/// A pacer at its smallest, as a part of its largest.
const SMALLEST: f32 = 0.46;
/// Rings laid over each other make its soft edge.
const LAYERS: usize = 14;
/// The ring's line, as a part of its largest diameter, and the dark beneath it that makes it seen on a lit sea.
const LINE: f32 = 0.02;
const BENEATH: f32 = 0.036;
/// The orb is painted once, so many pixels across.
const ORB_PX: u32 = 192;

struct Pacer {
    shape: Shape,
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    still: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Ring,
    Orb,
}

/// A breathing ring of that largest diameter; `still` keeps its size and lets only its light move.
#[must_use]
pub fn breath_ring<'a, Message: 'a>(
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    still: bool,
) -> Element<'a, Message> {
    Element::new(Pacer { shape: Shape::Ring, breath, clock, diameter_px, still })
}

/// A breathing orb of that largest diameter; `still` keeps its size and lets only its light move.
#[must_use]
pub fn breath_orb<'a, Message: 'a>(
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    still: bool,
) -> Element<'a, Message> {
    Element::new(Pacer { shape: Shape::Orb, breath, clock, diameter_px, still })
}

impl<Message> Widget<Message, Theme, Renderer> for Pacer {
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
        let spread = if self.still { 1.0 } else { SMALLEST + (1.0 - SMALLEST) * level };
        let (centre, diameter) = (layout.bounds().center(), self.diameter_px * spread);
        match self.shape {
            Shape::Ring => self.draw_ring(renderer, centre, diameter, level),
            Shape::Orb => draw_orb(renderer, centre, diameter, level),
        }
    }
}

impl Pacer {
    fn draw_ring(&self, renderer: &mut Renderer, centre: Point, diameter: f32, level: f32) {
        let mut round = |part: f32, color: Color, width: f32, ground: Color| {
            let bounds = square(centre, diameter * part);
            let border = Border { color, width, radius: (bounds.width / 2.0).into() };
            let quad = renderer::Quad { bounds, border, shadow: Shadow::default(), snap: false };
            renderer.fill_quad(quad, Background::Color(ground));
        };
        // From nothing at the outside to the most at the line.
        for layer in 0..LAYERS {
            let inward = (layer + 1) as f32 / LAYERS as f32;
            let strength = (0.03 + 0.05 * level) * inward * inward;
            round(1.0 - 0.14 * inward, Color::TRANSPARENT, 0.0, theme::faded(theme::LAMPLIGHT, strength));
        }
        let line_px = (self.diameter_px * LINE).max(3.0);
        let beneath_px = (self.diameter_px * BENEATH).max(5.0);
        let outer = 0.86 + (beneath_px - line_px) / diameter.max(1.0);
        round(outer, theme::faded(theme::INK, 0.55), beneath_px, Color::TRANSPARENT);
        round(0.86, theme::faded(theme::SAND, 0.80 + 0.2 * level), line_px, Color::TRANSPARENT);
    }
}

fn draw_orb(renderer: &mut Renderer, centre: Point, diameter: f32, level: f32) {
    static ORB: OnceLock<Handle> = OnceLock::new();
    let orb = ORB.get_or_init(|| Handle::from_rgba(ORB_PX, ORB_PX, orb_pixels()));
    let image = Image::new(orb.clone()).opacity(0.50 + 0.40 * level).filter_method(FilterMethod::Linear);
    let bounds = square(centre, diameter);
    renderer.draw_image(image, bounds, bounds);
}

fn square(centre: Point, side: f32) -> Rectangle {
    Rectangle { x: centre.x - side / 2.0, y: centre.y - side / 2.0, width: side, height: side }
}

/// Lamplight that is fullest a little above the middle and has no edge.
fn orb_pixels() -> Vec<u8> {
    let pixel = |index: u32| {
        let at = |along: u32| (along as f32 + 0.5) / (ORB_PX as f32 / 2.0) - 1.0;
        let (x, y) = (at(index % ORB_PX), at(index / ORB_PX));
        let out = x.hypot(y);
        let body = 1.0 - smooth((out - 0.50) / 0.50);
        let light = (-(x * x + (y + 0.18) * (y + 0.18)) * 2.2).exp();
        let shade = |dark: f32, lit: f32| (255.0 * (dark + (lit - dark) * light)) as u8;
        [shade(0.72, 0.99), shade(0.48, 0.90), shade(0.36, 0.74), (255.0 * body * (0.55 + 0.45 * light)) as u8]
    };
    (0..ORB_PX * ORB_PX).flat_map(pixel).collect()
}

fn smooth(part: f32) -> f32 {
    let part = part.clamp(0.0, 1.0);
    part * part * (3.0 - 2.0 * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orb_has_no_edge_and_no_step() {
        let pixels = orb_pixels();
        assert_eq!(pixels.len(), (ORB_PX * ORB_PX * 4) as usize);
        let alpha = |x: u32, y: u32| i32::from(pixels[((y * ORB_PX + x) * 4 + 3) as usize]);
        let middle = ORB_PX / 2;
        assert!(alpha(0, middle) < 3 && alpha(middle, 0) < 3 && alpha(middle, middle) > 180);
        assert!((1..ORB_PX).all(|x| (alpha(x, middle) - alpha(x - 1, middle)).abs() < 12));
    }
}
