//! Owns the plain pacers: a soft ring and an orb of light that grow and shrink with the breath, each with a word for
//! the current phase of the breath. They request their own frames, because a message for each frame would rebuild the
//! view. Does not own the rhythm of the breath.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use iced::advanced::image::{Image, Renderer as _};
use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Operation, Tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::border::{self, Border};
use iced::widget::image::{FilterMethod, Handle};
use iced::{Background, Color, Element, Event, Length, Point, Rectangle, Renderer, Shadow, Size, Theme, window};

use super::easing::smoothstep;
use super::redraw;
use crate::driver::clock::RoomClock;
use crate::room::breath::{Breath, BreathPhase};
use crate::room::snapshot::BreathView;
use crate::theme;

/// Time between two frames. At ten frames a second, the movement of a soft edge looks continuous.
const FRAME: Duration = Duration::from_millis(100);
/// Smallest diameter of a pacer, as a fraction of its largest diameter.
const DIAMETER_MIN: f32 = 0.46;
/// Number of translucent circles that overlap to make the soft edge of the ring.
const EDGE_RINGS: usize = 14;
/// Width of the ring's line, as a fraction of the ring's largest diameter.
const LINE_WIDTH: f32 = 0.02;
/// Width of the dark line beneath the ring's line, as a fraction of the ring's largest diameter. The dark line keeps
/// the ring visible on a bright sea.
const BACKING_WIDTH: f32 = 0.036;
/// Width and height of the orb's image, in pixels. The image is computed once, and then scaled to each size of the orb.
const ORB_PX: u32 = 192;

/// Margin of the dark plate around a pacer, as a fraction of the pacer's largest diameter.
const PLATE_MARGIN: f32 = 0.12;
/// Gap between a pacer and its word, as a fraction of the pacer's largest diameter.
const WORD_GAP: f32 = 0.10;
/// Steepness of the fade of a word at the turns of the breath: a word fades while the breath's level, which is 0 to 1,
/// is within 1/12 of a turn.
const WORD_FADE: f32 = 12.0;
/// Opacity of the dark plate behind a pacer, 0 to 1. The pacer's words have a contrast of at least 7 on the plate, even
/// over the brightest place.
const PLATE_ALPHA: f32 = 0.80;

/// A pacer: a shape that grows and shrinks with the breath, and a word for the current phase of the breath.
pub struct Pacer<'a, Message> {
    shape: PacerShape,
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    is_still: bool,
    /// Number of breaths after which the pacer has faded out; `None` if it stays.
    breaths: Option<u32>,
    /// The words for breathing in and for breathing out, or nothing. Their text must not set a colour, because a fade
    /// changes the text colour that they inherit.
    words: Vec<Element<'a, Message>>,
    is_word_below: bool,
    has_plate: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PacerShape {
    Ring,
    Orb,
}

/// Creates a ring that grows to `diameter_px` logical pixels and shrinks again with each breath. If `is_still`, its
/// size stays the same and only its brightness follows the breath.
#[must_use]
pub fn breath_ring<'a, Message: 'a>(
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    is_still: bool,
) -> Pacer<'a, Message> {
    Pacer {
        shape: PacerShape::Ring,
        breath,
        clock,
        diameter_px,
        is_still,
        breaths: None,
        words: Vec::new(),
        is_word_below: false,
        has_plate: false,
    }
}

/// Creates a ring that shows the rhythm for this many breaths, and fades out during the last one.
#[must_use]
pub fn passing_ring<'a, Message: 'a>(
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    breaths: u32,
) -> Pacer<'a, Message> {
    Pacer { breaths: Some(breaths), ..breath_ring(breath, clock, diameter_px, false) }
}

/// Creates an orb that grows to `diameter_px` logical pixels and shrinks again with each breath. If `is_still`, its
/// size stays the same and only its brightness follows the breath.
#[must_use]
pub fn breath_orb<'a, Message: 'a>(
    breath: BreathView,
    clock: RoomClock,
    diameter_px: f32,
    is_still: bool,
) -> Pacer<'a, Message> {
    Pacer { shape: PacerShape::Orb, ..breath_ring(breath, clock, diameter_px, is_still) }
}

impl<'a, Message: 'a> Pacer<'a, Message> {
    /// Sets the words for breathing in and for breathing out, which are shown in turn.
    #[must_use]
    pub fn words(mut self, inhale: impl Into<Element<'a, Message>>, exhale: impl Into<Element<'a, Message>>) -> Self {
        self.words = vec![inhale.into(), exhale.into()];
        self
    }

    /// Sets whether the words are below the shape or, as by default, beside it.
    #[must_use]
    pub fn word_below(mut self, is_word_below: bool) -> Self {
        self.is_word_below = is_word_below;
        self
    }

    /// Puts the pacer on a dark plate, on which the shape and the words are legible over any place.
    #[must_use]
    pub fn on_plate(mut self) -> Self {
        self.has_plate = true;
        self
    }

    fn plate_margin(&self, diameter: f32) -> f32 {
        if self.has_plate { diameter * PLATE_MARGIN } else { 0.0 }
    }
}

impl<Message> Widget<Message, Theme, Renderer> for Pacer<'_, Message> {
    fn children(&self) -> Vec<Tree> {
        self.words.iter().map(Tree::new).collect()
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(&self.words);
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Shrink, Length::Shrink)
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        let most = limits.max();
        // If `diameter_px` does not fit, the pacer is as large as the space allows.
        let mut diameter = self.diameter_px.min(most.height).min(most.width).max(0.0);
        let margin = self.plate_margin(diameter);
        let beside = if self.is_word_below { 0.0 } else { diameter * (1.0 + WORD_GAP) };
        let loose =
            layout::Limits::new(Size::ZERO, Size::new((most.width - beside - 2.0 * margin).max(0.0), most.height));
        let words: Vec<layout::Node> = (self.words.iter_mut().zip(&mut tree.children))
            .map(|(word, tree)| word.as_widget_mut().layout(tree, renderer, &loose))
            .collect();
        let widest = words.iter().map(|word| word.size().width).fold(0.0, f32::max);
        let tallest = words.iter().map(|word| word.size().height).fold(0.0, f32::max);
        let gap = if words.is_empty() { 0.0 } else { diameter * WORD_GAP };
        if self.is_word_below {
            diameter = diameter.min(most.height - tallest - gap - 2.0 * margin).max(0.0);
        }
        let (inner, centre_of_words) = if self.is_word_below {
            let width = diameter.max(widest);
            (Size::new(width, diameter + gap + tallest), Point::new(width / 2.0, diameter + gap + tallest / 2.0))
        } else {
            let height = diameter.max(tallest);
            (Size::new(diameter + gap + widest, height), Point::new(diameter + gap + widest / 2.0, height / 2.0))
        };
        let shape = Point::new(
            margin + if self.is_word_below { (inner.width - diameter) / 2.0 } else { 0.0 },
            margin + if self.is_word_below { 0.0 } else { (inner.height - diameter) / 2.0 },
        );
        let shape = layout::Node::new(Size::new(diameter, diameter)).move_to(shape);
        let placed = words.into_iter().map(|word| {
            let (width, height) = (word.size().width, word.size().height);
            // Beside the shape, both words start at the same point, where the eye expects them.
            let left = if self.is_word_below { centre_of_words.x - width / 2.0 } else { diameter + gap };
            word.move_to(Point::new(margin + left, margin + centre_of_words.y - height / 2.0))
        });
        let children = std::iter::once(shape).chain(placed).collect();
        layout::Node::with_children(inner.expand(Size::new(2.0 * margin, 2.0 * margin)), children)
    }

    fn operate(&mut self, tree: &mut Tree, layout: Layout<'_>, renderer: &Renderer, operation: &mut dyn Operation) {
        operation.traverse(&mut |operation| {
            for ((word, tree), layout) in self.words.iter_mut().zip(&mut tree.children).zip(layout.children().skip(1)) {
                word.as_widget_mut().operate(tree, layout, renderer, operation);
            }
        });
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
        tree: &Tree,
        renderer: &mut Renderer,
        theme: &Theme,
        _style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let now = Instant::now();
        let strength = self.strength(now);
        let mut parts = layout.children();
        let Some(shape) = parts.next() else { return };
        let breath = self.breath.at(self.clock.at(now));
        if strength > 0.0 {
            self.draw_shape(renderer, layout.bounds(), shape.bounds(), breath.level as f32, strength);
        }
        let spoken = word_strengths(breath);
        for (((word, tree), layout), alpha) in self.words.iter().zip(&tree.children).zip(parts).zip(spoken) {
            redraw::fading(renderer, layout.bounds(), alpha * strength);
            // A word is drawn even while it is invisible, for the reason that `fade.rs` gives.
            let style = renderer::Style { text_color: theme::faded(theme::SAND, alpha * strength) };
            word.as_widget().draw(tree, renderer, theme, &style, layout, cursor, viewport);
        }
    }
}

/// Returns the opacities of the words for breathing in and for breathing out. Each fades at the turns of the breath,
/// and both are hidden while the breath is held.
fn word_strengths(breath: Breath) -> [f32; 2] {
    let level = breath.level as f32;
    let strength = smoothstep((level * WORD_FADE).min(1.0)) * smoothstep(((1.0 - level) * WORD_FADE).min(1.0));
    match breath.phase {
        BreathPhase::Inhale => [strength, 0.0],
        BreathPhase::Exhale => [0.0, strength],
        BreathPhase::HoldFull | BreathPhase::HoldEmpty => [0.0, 0.0],
    }
}

impl<Message> Pacer<'_, Message> {
    /// Opacity of the whole pacer, 0 to 1. It falls during the last breath of a pacer that fades out.
    fn strength(&self, now: Instant) -> f32 {
        let Some(breaths) = self.breaths else { return 1.0 };
        let cycle = self.breath.pattern.cycle().as_secs_f32().max(1.0);
        let gone = self.clock.at(now).since(self.breath.started).as_secs_f32() / cycle;
        smoothstep((breaths as f32 - gone).clamp(0.0, 1.0))
    }

    /// Draws the plate, if there is one, on `bounds`, and the ring or the orb within `shape`.
    fn draw_shape(&self, renderer: &mut Renderer, bounds: Rectangle, shape: Rectangle, level: f32, strength: f32) {
        let largest = shape.width;
        if self.has_plate {
            let corner = self.plate_margin(largest) * 2.0;
            // Above a word, the plate is an arch around the shape.
            let top = if self.is_word_below { bounds.width / 2.0 } else { corner };
            let plate = renderer::Quad {
                bounds,
                border: Border::default().rounded(border::top(top).bottom(corner)),
                shadow: Shadow::default(),
                snap: true,
            };
            renderer.fill_quad(plate, Background::Color(theme::faded(theme::INK, PLATE_ALPHA * strength)));
        }
        let spread = if self.is_still { 1.0 } else { DIAMETER_MIN + (1.0 - DIAMETER_MIN) * level };
        let (centre, diameter) = (shape.center(), largest * spread);
        match self.shape {
            PacerShape::Ring => self.draw_ring(renderer, centre, diameter, level, strength),
            PacerShape::Orb => draw_orb(renderer, centre, diameter, level),
        }
    }

    fn draw_ring(&self, renderer: &mut Renderer, centre: Point, diameter: f32, level: f32, opacity: f32) {
        let mut round = |part: f32, color: Color, width: f32, ground: Color| {
            let bounds = square(centre, diameter * part);
            let border = Border { color, width, radius: (bounds.width / 2.0).into() };
            let quad = renderer::Quad { bounds, border, shadow: Shadow::default(), snap: false };
            renderer.fill_quad(quad, Background::Color(ground));
        };
        // Filled circles on top of one another make a soft edge: nearly transparent outside, and most opaque at the
        // line.
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

impl<'a, Message: 'a> From<Pacer<'a, Message>> for Element<'a, Message> {
    fn from(pacer: Pacer<'a, Message>) -> Self {
        Self::new(pacer)
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

/// Returns the orb's image as rows of RGBA pixels: lamplight that is brightest a little above the centre and fades out
/// towards the edge.
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
    use crate::room::breath::BreathPattern;

    #[test]
    fn one_word_at_a_time_says_what_the_breath_does_and_fades_at_its_turns() {
        let pattern = BreathPattern::FourSix;
        let mut before = word_strengths(pattern.at(Duration::ZERO));
        let mut most = [0.0_f32; 2];
        for ms in (0..20_000).step_by(33) {
            let now = word_strengths(pattern.at(Duration::from_millis(ms)));
            assert!(now[0] < 1e-6 || now[1] < 1e-6, "{ms}: {now:?}");
            for word in 0..2 {
                assert!((now[word] - before[word]).abs() < 0.2, "{ms}: {before:?} to {now:?}");
                most[word] = most[word].max(now[word]);
            }
            before = now;
        }
        assert!(most[0] > 0.99 && most[1] > 0.99);
        assert!(word_strengths(pattern.at(Duration::from_secs(2)))[0] > 0.9, "in while the ring grows");
    }

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
