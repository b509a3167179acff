//! Owns text that fades in and out slowly enough to startle nobody. Does not own the words of the text.

use std::time::{Duration, Instant};

use iced::advanced::{Renderer as _, renderer};
use iced::border::Border;
use iced::{Background, Color, Element, Rectangle, Renderer, Shadow};

use super::easing::smoothstep;
use super::painted::{Paint, painted};
use super::redraw;
use crate::theme;

/// Duration of a fade-in, and of a fade-out. Anything shorter than 1.2 s would be too abrupt for the patient.
pub const FADE: Duration = Duration::from_millis(2_400);
/// Time between two frames during a fade.
const FRAME: Duration = Duration::from_millis(66);
/// Opacity of the ink behind fully visible text, 0 to 1. The text has a contrast of at least 7 on it, even over the
/// brightest place.
const SCRIM_ALPHA: f32 = 0.80;

struct Fade {
    from: Instant,
    until: Option<Instant>,
    radius_px: f32,
    scrim_alpha: f32,
}

/// Shows content on ink with this corner radius, in logical pixels. Both start to fade in at `from` and have faded out
/// at `until`; if `until` is `None`, they stay. Text in the content must not set a colour, because iced has no opacity
/// for a subtree: the fade changes the text colour that the content inherits.
pub fn fade<'a, Message: 'a>(
    content: impl Into<Element<'a, Message>>,
    from: Instant,
    until: Option<Instant>,
    radius_px: f32,
) -> Element<'a, Message> {
    painted(content, Fade { from, until, radius_px, scrim_alpha: SCRIM_ALPHA })
}

/// Like [`fade`], but without ink of its own, for content that already has a dark background.
pub fn fade_on_veil<'a, Message: 'a>(
    content: impl Into<Element<'a, Message>>,
    from: Instant,
    until: Option<Instant>,
) -> Element<'a, Message> {
    painted(content, Fade { from, until, radius_px: 0.0, scrim_alpha: 0.0 })
}

impl Fade {
    fn alpha(&self, now: Instant) -> f32 {
        let progress = |since: Duration| (since.as_secs_f32() / FADE.as_secs_f32()).clamp(0.0, 1.0);
        let fade_in = progress(now.saturating_duration_since(self.from));
        let fade_out = self.until.map_or(1.0, |until| progress(until.saturating_duration_since(now)));
        smoothstep(fade_in.min(fade_out))
    }
}

impl Paint for Fade {
    fn paint_below(&self, renderer: &mut Renderer, bounds: Rectangle, now: Instant) {
        let alpha = self.alpha(now);
        let quad = renderer::Quad {
            bounds,
            border: Border::default().rounded(self.radius_px),
            shadow: Shadow::default(),
            snap: true,
        };
        if self.scrim_alpha * alpha > 0.0 {
            renderer.fill_quad(quad, Background::Color(theme::faded(theme::INK, self.scrim_alpha * alpha)));
        }
        redraw::fading(renderer, bounds, alpha);
    }

    // The text is drawn even while it is invisible. The software renderer compares each text with the text at the same
    // index in the frame before, so a text that comes and goes would make it redraw all texts after it.
    fn text_color(&self, now: Instant) -> Option<Color> {
        Some(theme::faded(theme::SAND, self.alpha(now)))
    }

    fn next_frame(&self, now: Instant) -> Option<Instant> {
        if now < self.from {
            return Some(self.from);
        }
        if now < self.from + FADE {
            return Some(now + FRAME);
        }
        let until = self.until?;
        let fades_from = until.checked_sub(FADE).unwrap_or(until);
        if now < fades_from {
            Some(fades_from)
        } else if now < until {
            Some(now + FRAME)
        } else {
            None
        }
    }
}
