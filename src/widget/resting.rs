//! Owns resting controls: how a control that nobody touches fades to a dim icon, and back when it wakes. Does not own
//! the times at which controls rest and wake.

use std::time::{Duration, Instant};

use iced::advanced::{Renderer as _, renderer};
use iced::border::Border;
use iced::{Background, Color, Element, Rectangle, Renderer, Shadow};

use super::easing::smoothstep;
use super::fade::FADE;
use super::painted::{Paint, painted};
use super::redraw;
use crate::theme;

/// Duration of waking. It is short, because waking is the response to a touch.
const WAKING: Duration = Duration::from_millis(400);
/// Time between two frames while a control fades.
const FRAME: Duration = Duration::from_millis(66);

/// How awake controls are, as a function of time: the latest transition to rest or to being awake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wakefulness {
    from: f32,
    to: f32,
    since: Instant,
    duration: Duration,
}

impl Wakefulness {
    /// Creates the wakefulness of controls that are fully awake.
    #[must_use]
    pub fn awake(now: Instant) -> Self {
        Self { from: 1.0, to: 1.0, since: now, duration: WAKING }
    }

    /// Starts to fade to rest, over [`FADE`], which is slow enough to startle nobody.
    pub fn rest(&mut self, now: Instant) {
        *self = Self { from: self.level(now), to: 0.0, since: now, duration: FADE };
    }

    /// Starts to wake, unless controls are already waking or awake.
    pub fn wake(&mut self, now: Instant) {
        if self.to < 1.0 {
            *self = Self { from: self.level(now), to: 1.0, since: now, duration: WAKING };
        }
    }

    /// Whether controls are at rest or fading to rest.
    #[must_use]
    pub fn is_resting(&self) -> bool {
        self.to < 1.0
    }

    /// Returns how awake controls are at `now`, from 0 (at rest) to 1 (awake).
    #[must_use]
    pub fn level(&self, now: Instant) -> f32 {
        let progress = now.saturating_duration_since(self.since).as_secs_f32() / self.duration.as_secs_f32();
        self.from + (self.to - self.from) * smoothstep(progress)
    }

    fn is_settled(&self, now: Instant) -> bool {
        now >= self.since + self.duration
    }
}

/// Opacities of the layers of a part of a control, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Opacity of the ground, which is the background of the content.
    pub ground: f32,
    /// Opacity of the ground's border.
    pub border: f32,
    /// Opacity of words and icons.
    pub ink: f32,
}

/// A part of a control that has one look while the control is awake and another while it rests.
pub struct Resting<'a, Message> {
    content: Element<'a, Message>,
    paint: RestingPaint,
}

struct RestingPaint {
    wakefulness: Wakefulness,
    awake: Look,
    at_rest: Look,
    color: Color,
    ground: Color,
    border_px: f32,
    radius_px: f32,
    /// Distance by which the ground extends beyond the content, in logical pixels.
    margin_px: f32,
}

/// Makes `content` a part of a control that rests. Text in `content` must not set a colour, because a fade changes the
/// text colour that `content` inherits.
pub fn resting<'a, Message: 'a>(
    content: impl Into<Element<'a, Message>>,
    wakefulness: Wakefulness,
    awake: Look,
    at_rest: Look,
) -> Resting<'a, Message> {
    let paint = RestingPaint {
        wakefulness,
        awake,
        at_rest,
        color: theme::SAND,
        ground: theme::INK,
        border_px: 0.0,
        radius_px: 0.0,
        margin_px: 0.0,
    };
    Resting { content: content.into(), paint }
}

impl<Message> Resting<'_, Message> {
    /// Sets the colour of words and icons; [`theme::SAND`] by default.
    #[must_use]
    pub const fn color(mut self, color: Color) -> Self {
        self.paint.color = color;
        self
    }

    /// Sets the ground's colour and, in logical pixels, the width of its border, its corner radius, and the distance by
    /// which it extends beyond the content.
    #[must_use]
    pub const fn ground(mut self, color: Color, border_px: f32, radius_px: f32, margin_px: f32) -> Self {
        self.paint.ground = color;
        self.paint.border_px = border_px;
        self.paint.radius_px = radius_px;
        self.paint.margin_px = margin_px;
        self
    }
}

impl RestingPaint {
    fn look(&self, now: Instant) -> Look {
        let level = self.wakefulness.level(now);
        let between = |at_rest: f32, awake: f32| at_rest + (awake - at_rest) * level;
        Look {
            ground: between(self.at_rest.ground, self.awake.ground),
            border: between(self.at_rest.border, self.awake.border),
            ink: between(self.at_rest.ink, self.awake.ink),
        }
    }
}

impl Paint for RestingPaint {
    fn paint_below(&self, renderer: &mut Renderer, bounds: Rectangle, now: Instant) {
        let look = self.look(now);
        if look.ground > 0.0 || look.border > 0.0 {
            let quad = renderer::Quad {
                bounds: bounds.expand(self.margin_px),
                border: Border {
                    color: theme::faded(theme::LAMPLIGHT, look.border),
                    width: self.border_px,
                    radius: self.radius_px.into(),
                },
                shadow: Shadow::default(),
                snap: true,
            };
            renderer.fill_quad(quad, Background::Color(theme::faded(self.ground, look.ground)));
        }
        redraw::fading(renderer, bounds, look.ink);
    }

    // The content is drawn even while it is invisible, for the reason that `fade.rs` gives.
    fn text_color(&self, now: Instant) -> Option<Color> {
        Some(theme::faded(self.color, self.look(now).ink))
    }

    fn next_frame(&self, now: Instant) -> Option<Instant> {
        (!self.wakefulness.is_settled(now)).then(|| now + FRAME)
    }
}

impl<'a, Message: 'a> From<Resting<'a, Message>> for Element<'a, Message> {
    fn from(resting: Resting<'a, Message>) -> Self {
        painted(resting.content, resting.paint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_rest_slowly_wake_quickly_and_never_jump() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut wakefulness = Wakefulness::awake(start);
        assert!((wakefulness.level(start) - 1.0).abs() < 1e-6 && !wakefulness.is_resting());
        wakefulness.rest(at(0));
        assert!(wakefulness.is_resting() && wakefulness.level(at(300)) > 0.9);
        assert!(wakefulness.level(at(2_400)) < 1e-6 && wakefulness.is_settled(at(2_400)));
        wakefulness.rest(at(3_000));
        wakefulness.wake(at(4_200));
        let (before, after) = (wakefulness.level(at(4_200)), wakefulness.level(at(4_600)));
        assert!(before < 1e-6 && (after - 1.0).abs() < 1e-6, "{before} to {after}");
        // Controls that are woken half-way to rest start from their current level.
        wakefulness.rest(at(5_000));
        let half_way = wakefulness.level(at(6_200));
        wakefulness.wake(at(6_200));
        assert!((wakefulness.level(at(6_200)) - half_way).abs() < 1e-6 && half_way > 0.1 && half_way < 0.9);
    }
}
