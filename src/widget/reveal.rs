//! Owns the reveal of a page's words, which emerge from the ink behind them instead of appearing at once. Does not own
//! that ink, or the decision which page is a new one.

use std::time::{Duration, Instant};

use iced::advanced::{Renderer as _, renderer};
use iced::border::Border;
use iced::{Background, Element, Rectangle, Renderer, Shadow};

use super::easing::smoothstep;
use super::painted::{Paint, painted};
use super::redraw;
use crate::theme;

/// Time for which the words of a new page are hidden, while the ink behind them changes.
const HIDDEN: Duration = Duration::from_millis(160);
/// Time in which the words then emerge.
const EMERGING: Duration = Duration::from_millis(320);
/// Time after which the words of a new page are fully visible.
pub const REVEAL: Duration = Duration::from_millis(480);
/// Time between two frames while words emerge.
const FRAME: Duration = Duration::from_millis(33);

struct Reveal {
    since: Instant,
}

/// Shows the words of a page that has been on the screen since `since`. The controls among them can be touched from the
/// beginning, even while they are hidden.
#[must_use]
pub fn reveal<'a, Message: 'a>(content: impl Into<Element<'a, Message>>, since: Instant) -> Element<'a, Message> {
    painted(content, Reveal { since })
}

impl Reveal {
    /// Returns the opacity of the ink that covers the words, 0 to 1. The ink appears gradually while the words are
    /// hidden, so that nobody notices it.
    fn cover(&self, now: Instant) -> f32 {
        let age = now.saturating_duration_since(self.since);
        if age < HIDDEN {
            smoothstep(age.as_secs_f32() / HIDDEN.as_secs_f32())
        } else {
            1.0 - smoothstep(age.saturating_sub(HIDDEN).as_secs_f32() / EMERGING.as_secs_f32())
        }
    }
}

impl Paint for Reveal {
    fn paint_below(&self, renderer: &mut Renderer, bounds: Rectangle, now: Instant) {
        redraw::fading(renderer, bounds, self.cover(now));
    }

    fn hides_content(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) < HIDDEN
    }

    fn paint_above(&self, renderer: &mut Renderer, bounds: Rectangle, now: Instant) {
        let cover = self.cover(now);
        if cover <= 0.0 {
            return;
        }
        let quad = renderer::Quad { bounds, border: Border::default(), shadow: Shadow::default(), snap: true };
        // Without a layer of its own, the ink would be below the words.
        renderer.with_layer(bounds, |renderer| {
            renderer.fill_quad(quad, Background::Color(theme::faded(theme::INK, cover)));
        });
    }

    fn next_frame(&self, now: Instant) -> Option<Instant> {
        (now < self.since + REVEAL).then(|| now + FRAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_emerge_without_a_jump_and_stay() {
        let since = Instant::now();
        let reveal = Reveal { since };
        assert_eq!(HIDDEN + EMERGING, REVEAL);
        let mut before = reveal.cover(since);
        assert!(before.abs() < 1e-6 && reveal.hides_content(since));
        for ms in (0..600).step_by(10) {
            let now = since + Duration::from_millis(ms);
            let cover = reveal.cover(now);
            assert!((cover - before).abs() < 0.11, "{ms} ms: {before} to {cover}");
            before = cover;
        }
        let end = since + REVEAL;
        assert!(before.abs() < 1e-6 && !reveal.hides_content(end) && reveal.next_frame(end).is_none());
    }
}
