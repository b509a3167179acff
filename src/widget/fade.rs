//! Owns text that fades in and out slowly enough to startle nobody. Does not own the words of the text.

use std::time::{Duration, Instant};

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Operation, Tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::border::Border;
use iced::{Background, Element, Event, Length, Rectangle, Renderer, Shadow, Size, Theme, window};

use super::easing::smoothstep;
use super::redraw;
use crate::theme;

/// Duration of a fade-in, and of a fade-out. Anything shorter than 1.2 s would be too abrupt for the patient.
pub const FADE: Duration = Duration::from_millis(2_400);
/// Time between two frames during a fade.
const FRAME: Duration = Duration::from_millis(66);
/// Opacity of the ink behind fully visible text, 0 to 1. The text has a contrast of at least 7 on it, even over the
/// brightest place.
const SCRIM_ALPHA: f32 = 0.80;

struct Fade<'a, Message> {
    content: Element<'a, Message>,
    from: Instant,
    until: Option<Instant>,
    radius_px: f32,
    scrim_alpha: f32,
}

/// Shows content on ink with this corner radius. It starts to fade in at `from`, and has faded out at `until` or stays
/// if that is `None`. Text in it must not set a colour, because iced has no opacity for a subtree: the fade changes the
/// text colour that the content inherits.
pub fn fade<'a, Message: 'a>(
    content: impl Into<Element<'a, Message>>,
    from: Instant,
    until: Option<Instant>,
    radius_px: f32,
) -> Element<'a, Message> {
    Element::new(Fade { content: content.into(), from, until, radius_px, scrim_alpha: SCRIM_ALPHA })
}

/// Like [`fade`], but without a scrim of its own, for content that already has a dark background.
pub fn fade_on_veil<'a, Message: 'a>(
    content: impl Into<Element<'a, Message>>,
    from: Instant,
    until: Option<Instant>,
) -> Element<'a, Message> {
    Element::new(Fade { content: content.into(), from, until, radius_px: 0.0, scrim_alpha: 0.0 })
}

impl<Message> Fade<'_, Message> {
    fn alpha(&self, now: Instant) -> f32 {
        let progress = |since: Duration| (since.as_secs_f32() / FADE.as_secs_f32()).clamp(0.0, 1.0);
        let fade_in = progress(now.saturating_duration_since(self.from));
        let fade_out = self.until.map_or(1.0, |until| progress(until.saturating_duration_since(now)));
        smoothstep(fade_in.min(fade_out))
    }

    /// Returns when the content will next look different, or `None` if it stays as it is.
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

impl<Message> Widget<Message, Theme, Renderer> for Fade<'_, Message> {
    fn children(&self) -> Vec<Tree> {
        vec![Tree::new(&self.content)]
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(std::slice::from_ref(&self.content));
    }

    fn size(&self) -> Size<Length> {
        self.content.as_widget().size()
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        let child = self.content.as_widget_mut().layout(&mut tree.children[0], renderer, limits);
        layout::Node::with_children(child.size(), vec![child])
    }

    fn operate(&mut self, tree: &mut Tree, layout: Layout<'_>, renderer: &Renderer, operation: &mut dyn Operation) {
        operation.traverse(&mut |operation| {
            if let Some(child) = layout.children().next() {
                self.content.as_widget_mut().operate(&mut tree.children[0], child, renderer, operation);
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
            && let Some(next) = self.next_frame(*now)
        {
            shell.request_redraw_at(next);
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
        let alpha = self.alpha(Instant::now());
        let quad = renderer::Quad {
            bounds: layout.bounds(),
            border: Border::default().rounded(self.radius_px),
            shadow: Shadow::default(),
            snap: true,
        };
        if self.scrim_alpha * alpha > 0.0 {
            renderer.fill_quad(quad, Background::Color(theme::faded(theme::INK, self.scrim_alpha * alpha)));
        }
        redraw::fading(renderer, layout.bounds(), alpha);
        // The text is drawn even while it is invisible. The software renderer compares texts by their number in the
        // frame, so one that comes and goes would make it redraw all that follow.
        let style = renderer::Style { text_color: theme::faded(theme::SAND, alpha) };
        if let Some(child) = layout.children().next() {
            self.content.as_widget().draw(&tree.children[0], renderer, theme, &style, child, cursor, viewport);
        }
    }
}
