//! Owns slow coming and going: words that appear and leave without startling.

use std::time::{Duration, Instant};

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::Tree;
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::border::Border;
use iced::{Background, Element, Event, Length, Rectangle, Renderer, Shadow, Size, Theme, window};

use crate::theme;

/// Coming and going each take so long.
pub const FADE: Duration = Duration::from_millis(2_400);
const FRAME: Duration = Duration::from_millis(66);
const SCRIM_ALPHA: f32 = 0.66;

struct Fade<'a, Message> {
    content: Element<'a, Message>,
    from: Instant,
    until: Option<Instant>,
    radius_px: f32,
}

/// Words that come at `from` and go at `until`. Give them no colour of their own: theirs is what fades.
pub fn fade<'a, Message: 'a>(
    content: impl Into<Element<'a, Message>>,
    from: Instant,
    until: Option<Instant>,
    radius_px: f32,
) -> Element<'a, Message> {
    Element::new(Fade { content: content.into(), from, until, radius_px })
}

impl<Message> Fade<'_, Message> {
    fn alpha(&self, now: Instant) -> f32 {
        let part = |since: Duration| (since.as_secs_f32() / FADE.as_secs_f32()).clamp(0.0, 1.0);
        let coming = part(now.saturating_duration_since(self.from));
        let going = self.until.map_or(1.0, |until| part(until.saturating_duration_since(now)));
        let alpha = coming.min(going);
        alpha * alpha * (3.0 - 2.0 * alpha)
    }

    /// When it next looks different.
    fn next_change(&self, now: Instant) -> Option<Instant> {
        if now < self.from {
            return Some(self.from);
        }
        if now < self.from + FADE {
            return Some(now + FRAME);
        }
        let until = self.until?;
        let going = until.checked_sub(FADE).unwrap_or(until);
        if now < going {
            Some(going)
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
            && let Some(next) = self.next_change(*now)
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
        if alpha <= 0.0 {
            return;
        }
        let quad = renderer::Quad {
            bounds: layout.bounds(),
            border: Border::default().rounded(self.radius_px),
            shadow: Shadow::default(),
            snap: true,
        };
        renderer.fill_quad(quad, Background::Color(theme::faded(theme::INK, SCRIM_ALPHA * alpha)));
        let style = renderer::Style { text_color: theme::faded(theme::SAND, alpha) };
        if let Some(child) = layout.children().next() {
            self.content.as_widget().draw(&tree.children[0], renderer, theme, &style, child, cursor, viewport);
        }
    }
}
