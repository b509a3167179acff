//! Owns the plain pacers: a soft ring and an orb of light that grow with the breath. They request their own frames, without
//! messages that would rebuild the view. Does not own the breath.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use iced::advanced::image::{Image, Renderer as _};
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::border::Border;
use iced::widget::image::{FilterMethod, Handle};
use iced::{Background, Color, Element, Event, Length, Point, Rectangle, Renderer, Shadow, Size, Theme, window};

use super::easing::smoothstep;
use crate::driver::clock::RoomClock;
use crate::room::snapshot::BreathView;
use crate::theme;

/// Time between two frames: a soft edge looks continuous at ten frames a second.
const FRAME: Duration = Duration::from_millis(100);
/// Smallest diameter, as a fraction of the largest.
const DIAMETER_MIN: f32 = 0.46;
/// Number of translucent rings that make the soft edge.
const EDGE_RINGS: usize = 14;
/// Widths of the ring's line and of the dark line beneath it, which keeps it visible on a bright sea, as fractions of the
/// largest diameter.
const LINE_WIDTH: f32 = 0.02;
const BACKING_WIDTH: f32 = 0.036;
/// Size of the orb's image, in pixels. It is drawn once and scaled.
const ORB_PX: u32 = 192;

struct Pacer {
    shape: PacerShape,
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    is_still: bool,
    /// Number of breaths after which it has faded out; `None` if it stays.
    breaths: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PacerShape {
    Ring,
    Orb,
}

/// A ring that breathes, with its largest diameter in logical pixels. If `is_still`, only its light changes.
#[must_use]
pub fn breath_ring<'a, Message: 'a>(
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    is_still: bool,
) -> Element<'a, Message> {
    Element::new(Pacer { shape: PacerShape::Ring, breath, clock, diameter_px, is_still, breaths: None })
}

/// A ring that shows the rhythm for this many breaths, and fades out over the last of them.
#[must_use]
pub fn passing_ring<'a, Message: 'a>(
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    breaths: u32,
) -> Element<'a, Message> {
    Element::new(Pacer { shape: PacerShape::Ring, breath, clock, diameter_px, is_still: false, breaths: Some(breaths) })
}

/// An orb that breathes, with its largest diameter in logical pixels. If `is_still`, only its light changes.
#[must_use]
pub fn breath_orb<'a, Message: 'a>(
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    is_still: bool,
) -> Element<'a, Message> {
    Element::new(Pacer { shape: PacerShape::Orb, breath, clock, diameter_px, is_still, breaths: None })
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
        if let Event::Window(window::Event::RedrawRequested(now)) = event
            && self.strength(*now) > 0.0
        {
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
        let now = Instant::now();
        let strength = self.strength(now);
        if strength <= 0.0 {
            return;
        }
        let level = self.breath.at(self.clock.at(now)).level as f32;
        let spread = if self.is_still { 1.0 } else { DIAMETER_MIN + (1.0 - DIAMETER_MIN) * level };
        let (centre, diameter) = (layout.bounds().center(), self.diameter_px * spread);
        match self.shape {
            PacerShape::Ring => self.draw_ring(renderer, centre, diameter, level, strength),
            PacerShape::Orb => draw_orb(renderer, centre, diameter, level),
        }
    }
}

impl Pacer {
    /// Opacity, 0 to 1.
    fn strength(&self, now: Instant) -> f32 {
        let Some(breaths) = self.breaths else { return 1.0 };
        let cycle = self.breath.pattern.cycle().as_secs_f32().max(1.0);
        let gone = self.clock.at(now).since(self.breath.started).as_secs_f32() / cycle;
        smoothstep((breaths as f32 - gone).clamp(0.0, 1.0))
    }

    fn draw_ring(&self, renderer: &mut Renderer, centre: Point, diameter: f32, level: f32, opacity: f32) {
        let mut round = |part: f32, color: Color, width: f32, ground: Color| {
            let bounds = square(centre, diameter * part);
            let border = Border { color, width, radius: (bounds.width / 2.0).into() };
            let quad = renderer::Quad { bounds, border, shadow: Shadow::default(), snap: false };
            renderer.fill_quad(quad, Background::Color(ground));
        };
        // From transparent at the outside to strongest at the line.
        for ring in 0..EDGE_RINGS {
            let inward = (ring + 1) as f32 / EDGE_RINGS as f32;
            let strength = (0.03 + 0.05 * level) * inward * inward;
            round(1.0 - 0.14 * inward, Color::TRANSPARENT, 0.0, theme::faded(theme::LAMPLIGHT, strength * opacity));
        }
        let line_px = (self.diameter_px * LINE_WIDTH).max(3.0);
        let backing_px = (self.diameter_px * BACKING_WIDTH).max(5.0);
        let outer = 0.86 + (backing_px - line_px) / diameter.max(1.0);
        round(outer, theme::faded(theme::INK, 0.55 * opacity), backing_px, Color::TRANSPARENT);
        round(0.86, theme::faded(theme::SAND, (0.80 + 0.2 * level) * opacity), line_px, Color::TRANSPARENT);
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

/// Lamplight that is brightest a little above the centre and fades out towards its edge, as rows of RGBA.
fn orb_pixels() -> Vec<u8> {
    let pixel = |index: u32| {
        let at = |along: u32| (along as f32 + 0.5) / (ORB_PX as f32 / 2.0) - 1.0;
        let (x, y) = (at(index % ORB_PX), at(index / ORB_PX));
        let out = x.hypot(y);
        let body = 1.0 - smoothstep((out - 0.50) / 0.50);
        let light = (-(x * x + (y + 0.18) * (y + 0.18)) * 2.2).exp();
        let shade = |dark: f32, lit: f32| (255.0 * (dark + (lit - dark) * light)) as u8;
        [shade(0.72, 0.99), shade(0.48, 0.90), shade(0.36, 0.74), (255.0 * body * (0.55 + 0.45 * light)) as u8]
    };
    (0..ORB_PX * ORB_PX).flat_map(pixel).collect()
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
